// Bundled launch buys: several wallets that buy in the launch slot and belong together, so that a token that seems to
// have many early holders has one. Two buys belong together when they share a fee payer, a transaction, or the wallet
// that funded the buyers; a buy belongs to the creator when it is the creator's, paid or funded by it, or stands
// directly behind the launch in the block, transaction after transaction (a bundle of at most five lands so).
//
// Bound: buys_max per token; later buys of the slot are not looked at, counted. Pure; not thread-safe; never blocks.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <vector>

namespace sett::screening {

struct launch_buy {
  address buyer, fee_payer;
  address funder; // who sent the buyer its SOL, as seen; zero: unknown
  slot_number slot;
  std::uint32_t transaction{}; // position in its block
  token_amount amount;         // received
};

class launch_buys {
public:
  static constexpr std::size_t buys_max = 64;
  static constexpr std::uint32_t bundle_max = 5; // transactions of a bundle, the launch's included

  /// `transaction`: the launch's position in its block.
  launch_buys(const address& creator, slot_number slot, std::uint32_t transaction)
      : creator_(creator), slot_(slot), transaction_(transaction) {}

  /// Buys of other slots do not count. The same buy twice is the caller's mistake.
  void add(const launch_buy& buy);

  struct bundle {
    token_amount amount;     // of all groups below
    std::uint32_t wallets{}; // in groups of two and more wallets, or of the creator
    std::uint32_t groups{};
  };
  [[nodiscard]] bundle bundled() const;
  /// `bundled` of `supply`, basis points, rounded up; at most 10,000.
  [[nodiscard]] basis_points share(token_amount supply) const;
  [[nodiscard]] std::uint64_t shed() const { return shed_; }

private:
  address creator_;
  slot_number slot_;
  std::uint32_t transaction_;
  std::vector<launch_buy> buys_;
  std::uint64_t shed_{};
};

} // namespace sett::screening
