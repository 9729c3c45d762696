// What the stream has shown about one tracked wallet. Pure; apply() cannot fail. The same two layers as a token's state
// (actors/market/token_state.hpp): a window of records per slot that is not final, folded into the base in order when
// it is, so that order of delivery, duplicates and undone slots change nothing.
//
// Holdings are what transfers moved; cost, wins and losses come from trades against SOL at average cost: a sell above
// the average cost of what was bought here is a win. Rounding: cost shares down, so losses are never shown too small by
// more than a lamport. Bounds: window_slots_max records, holdings_max holdings (the least recently used goes, counted),
// recent_max trades.
#pragma once

#include "actors/market/token_state.hpp"
#include "messages/protocol/wallet.hpp"
#include "messages/types/chain_event.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::wallets {

struct holding {
  mint_address mint;
  std::int64_t amount{};         // by transfers
  std::uint64_t position{};      // bought for SOL and not sold yet, by trades
  std::uint64_t cost_lamports{}; // of the position
  std::uint64_t trades{};
  slot_number last_slot;
  friend bool operator==(const holding&, const holding&) = default;
};

struct wallet_base {
  slot_number sealed;
  std::uint64_t trades{}, failed{}, buys{}, sells{}, wins{}, losses{};
  std::int64_t realized_lamports{};
  std::uint64_t bought_lamports{}, sold_lamports{};
  slot_number last_slot;
  unix_seconds last_activity;
  std::vector<holding> holdings;
  std::vector<protocol::wallet_trade> recent; // oldest first
  std::uint64_t forgotten_holdings{};
  std::uint8_t incomplete{};
  slot_number incomplete_since;
  std::uint64_t duplicates{}, undone{}, too_late{};
};
/// Equality of everything that must not depend on delivery.
[[nodiscard]] bool same_figures(const wallet_base& a, const wallet_base& b);

class wallet_state {
public:
  static constexpr std::size_t window_slots_max = market::token_state::window_slots_max;
  static constexpr std::size_t holdings_max = 64;
  static constexpr std::size_t recent_max = 16;

  explicit wallet_state(address wallet) : wallet_(wallet) {}
  wallet_state(address wallet, wallet_base base) : wallet_(wallet), base_(std::move(base)), restored_(base_.sealed) {}

  [[nodiscard]] market::applied apply(market::slot_stamp stamp, const event_batch& batch, const chain_event& event);
  void seal(slot_number up_to);
  bool undo(slot_number slot);
  void mark_incomplete(protocol::incompleteness why, slot_number since);
  void count_parked() {}

  [[nodiscard]] const wallet_base& base() const { return base_; }
  [[nodiscard]] bool window_empty() const { return window_.empty(); }
  [[nodiscard]] slot_number window_begin() const {
    return window_.empty() ? slot_number{UINT64_MAX} : window_.front().slot;
  }
  [[nodiscard]] wallet_base folded() const;
  [[nodiscard]] protocol::wallet_summary summary() const;
  [[nodiscard]] protocol::wallet_detail detail() const;

private:
  struct moved {
    mint_address mint;
    std::int64_t delta{};
  };
  struct failure {};
  struct happened {
    std::uint64_t position{}; // in the slot
    std::uint64_t identity{};
    signature transaction;
    std::variant<event::trade, moved, failure> what;
  };
  struct slot_record {
    slot_number slot;
    unix_seconds time;
    std::vector<happened> events; // by (position, kind, identity)
  };
  static void fold(wallet_base& base, const slot_record& record);

  address wallet_;
  wallet_base base_;
  slot_number restored_;
  std::vector<slot_record> window_; // ascending by slot
};

enum class snapshot_errc : std::uint16_t { ok, not_a_snapshot, newer_version, wrong_entity, out_of_bounds };
[[nodiscard]] std::string encode_wallet(const address& wallet, const wallet_base& base);
/// Bad or foreign bytes give an error, never a half-filled state. Errors: all of snapshot_errc.
[[nodiscard]] result<wallet_base> decode_wallet(const address& wallet, std::string_view bytes);

} // namespace sett::wallets
