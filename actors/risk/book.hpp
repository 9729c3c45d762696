// What risk remembers of one trading account: what is committed and held at cost, by token, creator and strategy;
// today's profit and loss; how the last fills, losses and sends went. Built from events alone, so every replica has the
// same; limits are not in it: the same book is judged (gate.hpp) by whatever limits hold at the moment.
//
// Time comes with the events and never runs backwards here: an older time counts as the newest one seen. Days are UTC
// days. What happened within a window is kept in buckets; a bucket counts as long as any part of it is in the window,
// and what there is no room for moves into a newer bucket: a bound may make the book stricter, never looser.
//
// All amounts are integers with checked sums (overflow saturates upwards for what is bounded above). Plain values;
// pure.
#pragma once

#include "actors/execution/intent.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <variant>

namespace sett::risk {

using execution::strategy_id;

/// A sum over the last seconds, in buckets of width_s.
struct recent_sum {
  std::map<std::int64_t, std::uint64_t> buckets; // by start / width_s
  friend bool operator==(const recent_sum&, const recent_sum&) = default;
};
inline constexpr std::int64_t minute_bucket_s = 1, window_bucket_s = 60;
inline constexpr std::size_t minute_buckets_max = 64, window_buckets_max = 1'500;

void add(recent_sum& sum, unix_seconds at, std::uint64_t amount, std::int64_t width_s, std::size_t buckets_max);
/// What was added in (now - window_s, now], at least: whole buckets count.
[[nodiscard]] std::uint64_t sum_over(const recent_sum& sum, unix_seconds now, std::uint64_t window_s,
                                     std::int64_t width_s);

struct strategy_tally {
  std::int64_t day_profit{}; // lamports realised today
  recent_sum entries;        // opened, by second
  friend bool operator==(const strategy_tally&, const strategy_tally&) = default;
};

/// What one strategy has in one token.
struct commitment_in_token {
  address creator;   // zero: unknown, then the token counts as its own creator
  lamports reserved; // for entries that are open
  lamports held;     // cost of what is held
  std::uint16_t entries_open{};
  std::int64_t profit{}; // realised on it since it was opened
  friend bool operator==(const commitment_in_token&, const commitment_in_token&) = default;
};
using position_key = std::pair<mint_address, strategy_id>;

struct book {
  unix_seconds now;   // the newest time seen
  std::int64_t day{}; // of `now`, in days since 1970
  std::int64_t day_profit{};
  std::map<strategy_id, strategy_tally> strategies;
  std::map<position_key, commitment_in_token> positions;
  recent_sum entries;      // opened, by second
  recent_sum losses;       // of closed positions that lost, lamports; fees of entries that bought nothing are none
  recent_sum failed_sends; // attempts
  std::uint32_t losses_in_row{};
  unix_seconds last_loss;
  std::uint32_t bad_fills_in_row{};
  unix_seconds last_bad_fill;
  lamports worth, worth_highest;    // of the wallet
  std::uint64_t fall_bps_deepest{}; // of its worth below the highest since `resumed`, rounded up; a recovery keeps it
  bool halted{};
  std::uint64_t misfits{}; // events about something that is not in the book; 0 unless there is a bug
  friend bool operator==(const book&, const book&) = default;
};

inline constexpr std::size_t positions_kept_max = 256, strategies_kept_max = 64;

namespace event {
/// The account accepted an entry.
struct entry_opened {
  strategy_id strategy;
  mint_address mint;
  address creator;
  lamports reserved; // spend and costs
};
/// The entry is over; `cost`: what it brought into the position, 0: nothing was bought.
struct entry_closed {
  strategy_id strategy;
  mint_address mint;
  lamports reserved; // as it was opened
  lamports cost;
};
/// A sell settled: the cost of what was sold, and what came of it beyond that (fees taken off), negative: a loss. Fees
/// of failed attempts come the same way, with cost 0.
struct sold {
  strategy_id strategy;
  mint_address mint;
  lamports cost;
  std::int64_t profit{};
};
/// Nothing is held any more.
struct position_closed {
  strategy_id strategy;
  mint_address mint;
};
/// A fill against its quote: how much worse it was.
struct filled {
  std::uint64_t worse_bps{}, worse_bps_max{}; // the second: as risk.slippage_bps_max was then
};
struct send_failed {}; // an attempt failed on the chain or expired
struct worth_measured {
  lamports worth;
};
struct halted {};
/// Takes today's worth as the highest one, nothing as fallen, and the streaks as over.
struct resumed {};
} // namespace event

using book_event =
    std::variant<event::entry_opened, event::entry_closed, event::sold, event::position_closed, event::filled,
                 event::send_failed, event::worth_measured, event::halted, event::resumed>;

/// Cannot fail.
void apply(book& b, const book_event& e, unix_seconds at);
/// Only time passed: a new day begins with nothing lost.
void pass_time(book& b, unix_seconds at);

/// Sums over the book, at cost, reservations included.
struct committed {
  std::uint64_t lamports{};
  std::uint64_t positions{}; // tokens held or with an entry open, each once per strategy
};
[[nodiscard]] committed in_account(const book& b);
[[nodiscard]] committed in_strategy(const book& b, strategy_id s);
[[nodiscard]] committed in_token(const book& b, const mint_address& mint);
/// The zero creator stands for the mint itself. What is in the mint counts whatever its creator was taken for before.
[[nodiscard]] committed in_creator(const book& b, const address& creator, const mint_address& mint);

} // namespace sett::risk
