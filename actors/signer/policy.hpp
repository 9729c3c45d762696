// What the signer may sign for the wallets of one group, and the rules that judge a message by it: the signer's own
// word, read from its own settings, whatever the node that asks says.
//
// Two kinds of limits. An entry (a buy) is counted whole: its amount, fee, tip and rent, per transaction, hour and day.
// Everything else moves value within the wallet or to listed destinations and is counted by what it costs (fee, tip,
// rent), per hour and day: apart, because exits must not end with the budget for entries, and because fees and tips
// are a way to drain a wallet too. Withdrawals are bounded by their destinations.
//
// Hours and days slide in steps of five minutes, and are rounded up: 65 minutes and 24 hours 5 minutes. A signed
// message counts, whether it lands or not; only time takes it off again. Pure, not thread-safe, does not block.
#pragma once

#include "actors/signer/message_shape.hpp"
#include "messages/ports/trading.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sett::signer {

struct policy {
  std::string group; // whose wallets
  std::vector<venue> venues;
  std::vector<mint_address> mints; // that may be bought; empty: any
  std::vector<address> destinations;
  std::vector<address> tip_accounts; // beside Jito's
  lamports fee_max, tip_max;         // of one transaction
  lamports spend_max, spend_hour_max, spend_day_max;
  lamports cost_hour_max, cost_day_max;
  bool durable_nonce{};
};

/// Sums over a sliding hour and day.
class spend_window {
public:
  static constexpr std::int64_t bucket_seconds = 300;
  static constexpr std::size_t buckets = 289, hour_buckets = 13;
  struct bucket {
    std::int64_t number{-1}; // seconds / bucket_seconds
    std::uint64_t lamports{};
    friend bool operator==(const bucket&, const bucket&) = default;
  };

  /// `now`: seconds since 1970, never before an earlier call's.
  void add(unix_seconds now, lamports amount);
  [[nodiscard]] lamports hour(unix_seconds now) const { return sum(now, hour_buckets); }
  [[nodiscard]] lamports day(unix_seconds now) const { return sum(now, buckets); }
  /// The bucket of `now`, 0 when nothing was added.
  [[nodiscard]] lamports current(unix_seconds now) const;
  [[nodiscard]] std::span<const bucket> all() const { return buckets_; }
  void restore(const bucket& b);

private:
  [[nodiscard]] lamports sum(unix_seconds now, std::size_t last) const;
  std::array<bucket, buckets> buckets_{};
};

/// What the signer remembers of a wallet beside its key.
///
/// The sums have to survive a kill, and a signature must not wait for a disk. So what is stored runs ahead: a sixteenth
/// of the hour's limit is stored as spent before it is, and a disk is needed again only when that is used up or five
/// minutes are over. After a kill the stored sums are taken for true: at most a sixteenth of the hour's limit (per kind
/// and five minutes) is counted too much, and nothing too little. If the file is lost, the sums begin at nothing: at
/// worst one more hour's and day's limit can be spent, less what the request says of the journal's sums.
struct wallet_book {
  spend_window spend, cost;
  std::uint64_t halted{}, resumed{};  // halted: the highest number of a halt; in force when above resumed
  unix_seconds last;                  // the clock's highest reading; time never goes back
  lamports spend_stored, cost_stored; // what the file holds for the current bucket
  std::int64_t stored_bucket{-1};

  [[nodiscard]] bool is_halted() const { return halted > resumed; }
};

/// The file of a wallet's book. `ahead`: added to the current buckets. Text, one line per number.
[[nodiscard]] std::string to_file_text(const address& wallet, const wallet_book& book, lamports spend_ahead,
                                       lamports cost_ahead);
/// Error: bad_state with the line; the wallet must be the one named.
[[nodiscard]] result<wallet_book> parse_wallet_book(const address& wallet, std::string_view text);

/// The sums stand still until the clock reaches `book.last` again, and a clock that was far ahead once would hold them
/// for as long. Error: bad_clock, when that is more than a day off; a smaller step back is waited out.
[[nodiscard]] result<void> check_clock(const wallet_book& book, unix_seconds clock);

/// A wallet as the rules see it.
struct judged_wallet {
  sett::address address;
  sett::address wsol_account;
  const sett::signer::policy* policy{};
  std::optional<sett::address> successor; // retired
};

/// Permission to sign, and what it will have cost.
struct approval {
  order_summary order;
  lamports amount; // counted under spend for a buy, else under cost
  /// The book's file must be stored, with these amounts ahead, before the signature leaves.
  bool store_first{};
  lamports spend_ahead, cost_ahead;
};

/// Judges one request. `now`: wall time; a clock that went back counts as standing. Nothing is changed.
[[nodiscard]] std::expected<approval, refused> judge(const ports::sign_request& request, const judged_wallet& wallet,
                                                     const wallet_book& book, unix_seconds now,
                                                     solana::transaction_view& scratch);
/// Counts an approved message; when it said store_first, call this before the file is written.
void count(wallet_book& book, const approval& a, unix_seconds now);
/// The file was stored as the approval asked.
void stored(wallet_book& book, const approval& a);

/// Numbers that are given count as at most this, so that there is always a next one.
inline constexpr std::uint64_t halt_number_max = std::uint64_t{1} << 62U;
/// Halts; never fails. The number in force: the given one, or the next one above what was resumed already (a journal
/// that was restored from a backup counts from an older number).
std::uint64_t halt(wallet_book& book, std::uint64_t number);
/// True: not halted any more. False: the halt in force has a higher number than the one given.
bool resume(wallet_book& book, std::uint64_t number);

} // namespace sett::signer
