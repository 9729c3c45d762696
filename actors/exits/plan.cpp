#include "actors/exits/plan.hpp"

#include "actors/risk/checked.hpp"

#include <algorithm>
#include <array>

namespace sett::exits {

namespace {

using risk::minus;
using risk::plus;
using risk::share_down;
using flag = protocol::token_flag;

constexpr std::uint64_t bps = 10'000, ppm_per_bps = 100;
constexpr auto sellers_traps =
    static_cast<protocol::token_flags>(flag::mint_authority) |
    static_cast<protocol::token_flags>(flag::freeze_authority) |
    static_cast<protocol::token_flags>(flag::permanent_delegate) |
    static_cast<protocol::token_flags>(flag::transfer_fee) | static_cast<protocol::token_flags>(flag::transfer_hook) |
    static_cast<protocol::token_flags>(flag::default_frozen) | static_cast<protocol::token_flags>(flag::pausable);

struct level {
  std::uint64_t profit_bps{}, share_bps{};
};
constexpr std::size_t levels_of_ladder = 3;
std::array<level, levels_of_ladder> ladder(const plan_settings& p) {
  return {{{p.take1_bps, p.take1_share_bps}, {p.take2_bps, p.take2_share_bps}, {p.take3_bps, p.take3_share_bps}}};
}

struct applier {
  plan_state& s;
  void operator()(const event::bought& e) const {
    if (s.bought.value == 0) {
      s.entry = e.entry;
      s.opened = e.at;
      s.flags_at_open = e.flags;
    }
    const auto replaced = s.newest == e.entry ? s.bought_newest.value : 0; // one fill of an entry is all of it
    s.bought.value = plus(minus(s.bought.value, replaced), e.tokens.value);
    s.newest = e.entry;
    s.bought_newest = e.tokens;
    s.peak_ppm = 0;
    s.liquidity_peak = e.liquidity;
  }
  void operator()(const event::peaked& e) const {
    s.peak_ppm = std::max(s.peak_ppm, e.value_ppm);
    s.liquidity_peak = std::max(s.liquidity_peak, e.liquidity);
  }
  void operator()(const event::part_wanted& e) const {
    s.now = stage::selling_part;
    s.asked = e.amount;
    s.levels_asked = e.levels;
    s.why = e.why;
    ++s.exits_made;
  }
  void operator()(const event::part_ended& e) const {
    s.sold.value = plus(s.sold.value, e.sold.value);
    if (e.sold.value != 0) s.levels_done = std::max(s.levels_done, s.levels_asked);
    if (s.now != stage::selling_part) return; // a full exit has begun meanwhile
    s.now = stage::watching;
    s.asked = {};
    s.why = {};
    s.refused = e.sold.value == 0 ? e.at : slot_number();
  }
  void operator()(const event::all_wanted& e) const {
    if (s.now == stage::selling_all) return;
    s.now = stage::selling_all;
    s.why = e.why;
    s.asked = {};
    s.refused = {};
    s.attempts = 0;
    ++s.exits_made;
  }
  // Its orders keep their numbers: a cause is never used twice.
  void operator()(const event::reverted& e) const {
    if (s.newest != e.entry) return;
    s.bought.value = minus(s.bought.value, s.bought_newest.value);
    s.bought_newest = {};
    s.peak_ppm = 0;
    s.liquidity_peak = {};
  }
  void operator()(const event::refused& e) const {
    if (s.now != stage::selling_all) return;
    ++s.exits_made;
    s.refused = e.at;
  }
  void operator()(const event::attempted& e) const {
    if (s.now != stage::selling_all) return;
    if (s.attempts < UINT32_MAX) ++s.attempts;
    s.attempted = e.at;
  }
  void operator()(const event::migration_began& /*e*/) const { s.migrating = true; }
  void operator()(const event::migration_ended& /*e*/) const {
    s.migrating = false;
    s.attempts = 0;
  }
};

/// The first trigger of a full exit that holds, in their order of priority.
std::optional<reason> trigger(const plan_settings& p, const plan_state& s, const position& held, const token_now& t) {
  const auto why = [&](reason_code code, std::uint64_t measured, std::uint64_t threshold) {
    return reason{code, measured, threshold, t.slot};
  };
  if ((t.flags & ~s.flags_at_open & sellers_traps) != 0) return why(reason_code::authority_taken, t.flags, 0);
  if (s.liquidity_peak.value != 0 && t.liquidity && *t.liquidity < s.liquidity_peak) {
    const auto fall = share_down(s.liquidity_peak.value - t.liquidity->value, bps, s.liquidity_peak.value);
    if (fall >= p.rug_liquidity_bps) return why(reason_code::liquidity_pulled, fall, p.rug_liquidity_bps);
  }
  if (t.market.fall_bps >= p.stress_fall_bps)
    return why(reason_code::market_stress, t.market.fall_bps, p.stress_fall_bps);
  if (const auto value = t.value ? value_ppm(*t.value, held.cost) : std::nullopt) {
    const auto below = [&](reason_code code, std::uint64_t floor) -> std::optional<reason> {
      if (*value > floor) return std::nullopt;
      return why(code, *value / ppm_per_bps, floor / ppm_per_bps);
    };
    if (p.stop_bps < bps)
      if (auto r = below(reason_code::stop, (bps - p.stop_bps) * ppm_per_bps)) return r;
    const auto peak = std::max(s.peak_ppm, *value);
    if (p.trailing_bps < bps && peak >= ppm + p.trailing_arm_bps * ppm_per_bps)
      if (auto r = below(reason_code::trailing_stop, share_down(peak, bps - p.trailing_bps, bps))) return r;
    if (p.volatility_stop_bps != 0 && t.volatility_bps != 0) {
      // Never nearer than a quarter of the trailing stop: the noise of a calm token is no fall.
      const auto distance = std::max(share_down(t.volatility_bps, p.volatility_stop_bps, bps), p.trailing_bps / 4);
      if (distance < bps)
        if (auto r = below(reason_code::volatility_stop, share_down(peak, bps - distance, bps))) return r;
    }
  }
  if (t.now > s.opened) {
    const auto held_s = static_cast<std::uint64_t>(t.now.value - s.opened.value);
    if (held_s > p.hold_s_max) return why(reason_code::held_long, held_s, p.hold_s_max);
  }
  return std::nullopt;
}

/// All levels that the value has reached and that are not done, as one sale.
std::optional<event::part_wanted> profit(const plan_settings& p, const plan_state& s, const position& held,
                                         const token_now& t) {
  const auto value = t.value ? value_ppm(*t.value, held.cost) : std::nullopt;
  if (!value) return std::nullopt;
  std::uint64_t amount = 0;
  std::uint8_t reached = s.levels_done;
  std::uint64_t at = 0;
  const auto levels = ladder(p);
  for (std::size_t i = s.levels_done; i < levels.size(); ++i) {
    if (*value < ppm + levels[i].profit_bps * ppm_per_bps) break;
    amount = plus(amount, share_down(s.bought.value, levels[i].share_bps, bps));
    reached = static_cast<std::uint8_t>(i + 1);
    at = bps + levels[i].profit_bps;
  }
  if (amount == 0) return std::nullopt;
  return event::part_wanted{token_amount(std::min(amount, held.tokens.value)),
                            reached,
                            {reason_code::take_profit, *value / ppm_per_bps, at, t.slot}};
}

} // namespace

void apply(plan_state& s, const plan_event& e) { std::visit(applier{s}, e); }

execution::cause_id cause_of(const plan_state& s) {
  execution::cause_id cause;
  std::copy(s.entry.bytes.begin(), s.entry.bytes.end(), cause.bytes.begin());
  for (unsigned i = 0; i < sizeof(s.exits_made); ++i)
    cause.bytes[execution::intent_id::size + i] = static_cast<std::uint8_t>(s.exits_made >> 8U * i);
  return cause;
}

std::optional<std::uint64_t> value_ppm(lamports value, lamports cost) {
  if (cost.value == 0) return std::nullopt;
  return share_down(value.value, ppm, cost.value);
}

event::all_wanted asked_by_hand(slot_number at) { return {{reason_code::asked, 0, 0, at}}; }

urgency urgency_of(reason_code why) {
  switch (why) {
  case reason_code::authority_taken:
  case reason_code::liquidity_pulled:
  case reason_code::market_stress:
  case reason_code::asked:
    return urgency::emergency;
  case reason_code::stop:
  case reason_code::trailing_stop:
  case reason_code::volatility_stop:
    return urgency::loss;
  case reason_code::take_profit:
  case reason_code::held_long:
    return urgency::profit;
  default:
    return urgency::entry;
  }
}

escalation_step step_of(const plan_settings& p, std::uint32_t number) {
  const auto doubled = [&](std::uint64_t from, std::uint64_t most) {
    const auto times = std::min(number, 63U);
    return from > most >> times ? most : std::min(from << times, most);
  };
  return {.number = number,
          .price_micro_lamports = doubled(p.fee_start_micro_lamports, p.fee_max_micro_lamports),
          .slippage_bps = static_cast<std::uint32_t>(doubled(p.slippage_start_bps, p.slippage_max_bps)),
          .route = number / 3,
          .alarm = number >= p.alarm_attempts};
}

escalation_step step_at(const plan_settings& p, const plan_state& s, slot_number now) {
  if (s.attempts == 0) return step_of(p, 0);
  const bool due = minus(now.value, s.attempted.value) >= p.escalate_slots;
  return step_of(p, due ? s.attempts : s.attempts - 1);
}

evaluation evaluate(const plan_settings& p, const plan_state& before, const position& held, const token_now& t) {
  evaluation out;
  auto s = before;
  const auto happen = [&](const plan_event& e) {
    apply(s, e);
    out.events.push_back(e);
  };
  if (held.tokens.value == 0) return out;
  if (t.migrating && !s.migrating) happen(event::migration_began{});
  if (!t.migrating && s.migrating) happen(event::migration_ended{});

  if (s.now != stage::selling_all)
    if (const auto why = trigger(p, s, held, t)) happen(event::all_wanted{*why});
  const bool pauses = s.refused.value != 0 && minus(t.slot.value, s.refused.value) < p.escalate_slots;
  const bool sells = held.part_open || held.full_open;
  if (s.now == stage::watching && !s.migrating && !pauses && !sells)
    if (const auto part = profit(p, s, held, t)) {
      if (part->amount == held.tokens)
        happen(event::all_wanted{part->why});
      else
        happen(*part);
    }
  if (s.now == stage::watching) {
    const auto value = t.value ? value_ppm(*t.value, held.cost).value_or(0) : 0;
    const auto risen = [&](std::uint64_t now, std::uint64_t peak) {
      return now > plus(peak, share_down(peak, p.peak_step_bps, bps));
    };
    const auto liquidity = t.liquidity.value_or(lamports{});
    if (risen(value, s.peak_ppm) || risen(liquidity.value, s.liquidity_peak.value))
      happen(event::peaked{value, liquidity});
  }
  if (s.now == stage::watching || s.migrating) return out;
  const bool all = s.now == stage::selling_all;
  const auto cause = cause_of(s);
  const auto is_other = [&](const std::optional<execution::cause_id>& open) { return open && *open != cause; };
  // Of these the account would refuse ours: it goes when they have ended.
  if (is_other(held.full_open) || (!all && is_other(held.part_open))) return out;
  if (all && pauses) return out;
  out.order = exit_order{.all = all,
                         .amount = all ? held.tokens : token_amount(std::min(s.asked.value, held.tokens.value)),
                         .why = s.why,
                         .goes = urgency_of(s.why.code),
                         .cause = cause,
                         .step = all ? step_at(p, s, t.slot) : step_of(p, 0)};
  return out;
}

} // namespace sett::exits
