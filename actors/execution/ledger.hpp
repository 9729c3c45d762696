// The account's books: double entry in lamports and in each mint's base units. Only finalized facts are booked; what is
// provisional stays with its attempt. Every entry sums to zero in every currency.
//
//   wallet    what lies in the wallet itself          market    what trades took from it (+) or gave (-), mirrored
//   rent      lamports in token accounts of ours      fees      base and priority fees       tips    to block builders
//   external  what others sent (-), or we withdrew or lost (+), mirrored
//
// Signed 128-bit sums of 64-bit amounts: no history of a chain can overflow them. Pure.
#pragma once

#include "actors/execution/intent.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace sett::execution {

__extension__ typedef __int128 int128;

enum class ledger_account : std::uint8_t { wallet, rent, market, fees, tips, external, count_ };
inline constexpr std::size_t ledger_accounts = static_cast<std::size_t>(ledger_account::count_);
inline constexpr std::size_t postings_max = 16;

struct posting {
  ledger_account account{};
  mint_address mint; // zero: lamports
  int128 amount{};
  friend bool operator==(const posting&, const posting&) = default;
};
struct ledger_entry {
  std::vector<posting> postings;
  friend bool operator==(const ledger_entry&, const ledger_entry&) = default;
};
[[nodiscard]] bool is_balanced(const ledger_entry& e);

/// A transaction of ours, whether it succeeded or not.
[[nodiscard]] ledger_entry entry_of(const mint_address& mint, const transaction_outcome& outcome);
/// What came from or went to somebody else, without an intent: a transfer, a withdrawal, a seizure, a burn, an airdrop.
[[nodiscard]] ledger_entry external_entry(const mint_address& mint, std::int64_t lamports_delta, int128 tokens_delta,
                                          lamports fee);

struct holding {
  std::array<int128, ledger_accounts> tokens{};
  lamports cost; // of what is still held, fees included; a part sold takes its share, rounded down
  friend bool operator==(const holding&, const holding&) = default;
};

struct ledger {
  std::array<int128, ledger_accounts> balances{}; // lamports
  std::map<mint_address, holding> holdings;       // of mints that the wallet holds

  [[nodiscard]] int128 lamports_of(ledger_account a) const { return balances.at(static_cast<std::size_t>(a)); }
  /// 0 for a mint that was never held; a negative sum, which only a wrong book can have, counts as 0.
  [[nodiscard]] token_amount tokens(const mint_address& mint) const;
  /// The entry must be balanced.
  void book(const ledger_entry& e);
  friend bool operator==(const ledger&, const ledger&) = default;
};

/// What the chain says at a slot up to which everything finalized is booked.
struct chain_balances {
  slot_number slot;
  lamports wallet;
  lamports rent;
  std::vector<std::pair<mint_address, token_amount>> tokens; // every mint that the wallet holds
};
struct mismatch {
  mint_address mint; // zero: lamports
  bool of_rent{};
  int128 booked{}, on_chain{};
  friend bool operator==(const mismatch&, const mismatch&) = default;
};
/// Position = fills and external movements = tokens on chain, and the same in lamports. Empty: all is right.
[[nodiscard]] std::vector<mismatch> reconcile(const ledger& books, const chain_balances& chain);

} // namespace sett::execution
