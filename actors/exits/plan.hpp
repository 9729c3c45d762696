// The exit plan of one position: when to sell how much, and why. Two layers: plan_state is journalled with the account
// (a node that takes over continues the same plan with the same highest value), everything else is looked at anew each
// time something about the position changes, at least once a second.
//
// Values are what selling the *whole* position would bring now (the venue's fee, the mint's transfer fee, the impact of
// the sale itself), never the last price: one tiny trade moves a price by anything, but what the pool pays for the
// position hardly at all. They are compared as millionths of the cost of what is held (ppm, rounded down), so that a
// part that was sold changes nothing.
//
// evaluate() gives events to journal and apply, and the order that should be out now. It is level-triggered: as long as
// the plan wants a sale it gives the same order with the same cause, and the account takes it once. A full exit that
// began is never taken back. Orders wait while the token migrates between venues (nothing can be sold), while another
// sell of the mint is open that the account would refuse them for, and for escalate_slots after one was refused.
//
// Integers only. Pure; one thread.
#pragma once

#include "actors/execution/intent.hpp"
#include "actors/risk/reason.hpp"
#include "config/settings.hpp"
#include "messages/protocol/token.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace sett::exits {

using risk::reason;
using risk::reason_code;
using plan_settings = config::exits_settings;

inline constexpr std::uint64_t ppm = 1'000'000;

/// What is held, by the account's books and fills, and the sells of its mint that the account has open: it takes no
/// other one beside a full exit, and no part beside a part.
struct position {
  token_amount tokens;
  lamports cost;                                               // of these tokens
  std::optional<execution::cause_id> part_open{}, full_open{}; // their causes
  friend bool operator==(const position&, const position&) = default;
};

/// The market as a whole: what most tokens do. Figures of the median token.
struct market_mood {
  std::uint64_t fall_bps{};       // over five minutes; 0: it rose
  std::uint64_t volatility_bps{}; // of one-minute returns
  friend bool operator==(const market_mood&, const market_mood&) = default;
};

/// The position's token, as of `slot`.
struct token_now {
  std::optional<lamports> value;     // for the whole position, everything taken off; nothing: no executable quote
  std::optional<lamports> liquidity; // the pool's quote side; nothing: unknown
  std::uint64_t volatility_bps{};
  protocol::token_flags flags{};
  bool migrating{}; // its curve is complete and its pool is not there yet
  market_mood market;
  unix_seconds now;
  slot_number slot;
};

enum class stage : std::uint8_t { watching, selling_part, selling_all, count_ };

struct plan_state {
  execution::intent_id entry; // that opened it; names its exits
  unix_seconds opened;
  token_amount bought;         // by all entries
  execution::intent_id newest; // of them
  token_amount bought_newest;  // by it, of `bought`: its fill may be undone and come again
  token_amount sold;           // by part exits that settled
  std::uint64_t peak_ppm{};
  lamports liquidity_peak;
  protocol::token_flags flags_at_open{};
  std::uint8_t levels_done{};  // of the take-profit ladder
  std::uint8_t levels_asked{}; // by the part exit that is out
  stage now{stage::watching};
  reason why;               // of the exit that is out
  token_amount asked;       // a part exit: how much
  std::uint32_t attempts{}; // of the full exit, signed so far, over all its orders
  slot_number attempted;    // the last of them
  slot_number refused;      // when an order came to nothing: the next one waits a while; 0: none did
  bool migrating{};
  std::uint32_t exits_made{}; // orders given so far; tells their causes apart
  friend bool operator==(const plan_state&, const plan_state&) = default;
};

namespace event {
/// The first fill, or a further one: the cost is another, so the highest values begin anew.
struct bought {
  execution::intent_id entry;
  token_amount tokens;
  lamports liquidity;
  protocol::token_flags flags{};
  unix_seconds at;
};
struct peaked {
  std::uint64_t value_ppm{};
  lamports liquidity;
};
struct part_wanted {
  token_amount amount;
  std::uint8_t levels{}; // how many are done when it is filled
  reason why;
};
/// The fill of this entry is undone; it may come again.
struct reverted {
  execution::intent_id entry;
};
/// The part exit is over; 0: it sold nothing, the level stays and is asked for again a while after `at`.
struct part_ended {
  token_amount sold;
  slot_number at{};
};
struct all_wanted {
  reason why;
};
/// The full exit's order was refused or came to nothing: the next one needs another cause, and waits a while.
struct refused {
  slot_number at;
};
/// An attempt of the full exit was signed.
struct attempted {
  slot_number at;
};
struct migration_began {};
/// The full exit begins at its first step.
struct migration_ended {};
} // namespace event
using plan_event =
    std::variant<event::bought, event::peaked, event::part_wanted, event::part_ended, event::all_wanted, event::refused,
                 event::migration_began, event::migration_ended, event::reverted, event::attempted>;

/// Cannot fail.
void apply(plan_state& s, const plan_event& e);

/// Lower goes first; every exit goes before every entry.
enum class urgency : std::uint8_t { emergency, loss, profit, entry };
[[nodiscard]] urgency urgency_of(reason_code why);

/// How a full exit presses on: what its n-th attempt may cost. Attempts beyond the first are variants that exclude each
/// other by amount (execution).
struct escalation_step {
  std::uint32_t number{}; // from 0
  std::uint64_t price_micro_lamports{};
  std::uint32_t slippage_bps{};
  std::uint32_t route{}; // the n-th best pool: every third step takes the next one
  bool alarm{};          // a human is to be called; it goes on
  friend bool operator==(const escalation_step&, const escalation_step&) = default;
};
[[nodiscard]] escalation_step step_of(const plan_settings& p, std::uint32_t number);
/// The step of the attempt that may be signed at this slot: as many as were made, and escalate_slots after the last
/// one; before that the last one's. Waiting without an attempt (no signer, a quarantine, a take-over) is no step.
[[nodiscard]] escalation_step step_at(const plan_settings& p, const plan_state& s, slot_number now);

struct exit_order {
  bool all{};
  token_amount amount; // all: what is held now
  reason why;
  urgency goes{};
  execution::cause_id cause;
  escalation_step step;
  friend bool operator==(const exit_order&, const exit_order&) = default;
};

struct evaluation {
  std::vector<plan_event> events; // to be journalled, then applied; `order` is already that of the state after them
  std::optional<exit_order> order;
  friend bool operator==(const evaluation&, const evaluation&) = default;
};

/// Of a position that holds tokens. `p`: as adjusted (mood.hpp). Somebody's own wish to sell comes as all_wanted.
[[nodiscard]] evaluation evaluate(const plan_settings& p, const plan_state& s, const position& held,
                                  const token_now& token);

/// The cause of the order that is out: the entry that opened the position, and the order's number.
[[nodiscard]] execution::cause_id cause_of(const plan_state& s);
/// value as millionths of cost, rounded down; nothing for a position without cost.
[[nodiscard]] std::optional<std::uint64_t> value_ppm(lamports value, lamports cost);
/// What somebody asked for by hand.
[[nodiscard]] event::all_wanted asked_by_hand(slot_number at);

} // namespace sett::exits
