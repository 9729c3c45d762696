// What people are told of an account's orders: the story of each of the newest ones, with times and reasons, and what
// each strategy made of them. It is folded from the same entries as the account's state and lies beside it in the
// entity, so that it survives whatever the account survives. No rule reads it. Bounded; pure; apply cannot fail.
#pragma once

#include "actors/execution/account_codec.hpp"
#include "actors/execution/account_state.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <vector>

namespace sett::execution {

inline constexpr std::size_t stories_max = 40;     // the oldest closed one goes
inline constexpr std::size_t story_lines_max = 16; // beyond: one in the middle goes, counted
inline constexpr std::size_t tallies_max = 64;     // strategies; what further ones do is added to the last

enum class story_event : std::uint8_t {
  accepted, // a: reserved lamports
  denied,   // a: measured, b: threshold
  signed_,  // a: last valid height, b: tokens to sell
  submitted,
  in_doubt,
  filled, // a: height
  reverted,
  settled, // a: lamports that moved, b: tokens that moved
  failed,  // a: the program's error, b: fee
  expired,
  canceled,
  ended, // a: intent_state
  count_
};
[[nodiscard]] std::string_view to_text(story_event e);

struct story_line {
  wall_time_ns at;
  story_event what{};
  attempt_number attempt;
  std::uint64_t a{}, b{};
  friend bool operator==(const story_line&, const story_line&) = default;
};

struct order_story {
  intent_id id;
  strategy_id strategy;
  mint_address mint;
  intent_kind kind{};
  order_state state{};
  cause_id cause;
  wall_time_ns opened, updated;
  lamports spend_max;
  token_amount amount;
  denial reason{};
  signature last; // of the newest attempt
  // Of what is settled or failed:
  std::uint64_t lamports_in{}, lamports_out{}; // of the wallet itself, fees included
  std::uint64_t tokens_in{}, tokens_out{};
  lamports fees;
  std::int64_t realised{}; // lamports: what came back beyond the cost of what was sold, less fees
  std::uint16_t lines_lost{};
  std::vector<story_line> lines;
  friend bool operator==(const order_story&, const order_story&) = default;
};

struct strategy_tally {
  std::uint64_t orders{}, denied{}, buys{}, sells{}, wins{}, losses{};
  std::int64_t realised{};
  std::uint64_t fees{};
  friend bool operator==(const strategy_tally&, const strategy_tally&) = default;
};

struct order_log {
  std::deque<order_story> stories; // oldest first
  std::map<strategy_id, strategy_tally> tallies;

  [[nodiscard]] const order_story* find(const intent_id& id) const;
  friend bool operator==(const order_log&, const order_log&) = default;
};

/// The entity: the account and the log of its orders.
struct account_record {
  account_state state;
  order_log log;
  friend bool operator==(const account_record&, const account_record&) = default;
};
/// Applies each event to the state and tells the log what it did.
void apply(account_record& r, const account_entry& e);

[[nodiscard]] std::string encode(const account_record& r);
/// Errors: execution_errc::damaged.
[[nodiscard]] result<account_record> decode_record(std::string_view bytes);

} // namespace sett::execution
