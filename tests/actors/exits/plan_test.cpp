// When a position is sold: each trigger exactly at its bound, whole paths, tokens never lost or made, and a tiny trade
// that moves the last price but not what the pool would pay.
#include "actors/exits/plan.hpp"
#include "actors/risk/checked.hpp"
#include "actors/venues/pump_curve.hpp"
#include "config/resolve.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <set>

namespace sett::exits {
namespace {

plan_settings defaults() { return config::resolve({}).value.exits; }
/// Only what a test switches on.
plan_settings quiet() {
  auto p = defaults();
  p.stop_bps = p.trailing_bps = 10'000;
  p.volatility_stop_bps = 0;
  p.take1_share_bps = p.take2_share_bps = p.take3_share_bps = 0;
  p.hold_s_max = 1'000'000;
  p.peak_step_bps = 1;
  return p;
}

constexpr std::uint64_t cost = 1'000'000;
constexpr position whole{token_amount(10'000), lamports(cost)};

execution::intent_id entry_id() {
  execution::intent_id id;
  id.bytes.fill(7);
  return id;
}

plan_state bought(token_amount tokens = whole.tokens) {
  plan_state s;
  apply(s, event::bought{entry_id(), tokens, lamports(50'000), 0, unix_seconds(1'000)});
  return s;
}
token_now worth(std::uint64_t value, std::int64_t second = 1'000, std::uint64_t slot = 500) {
  token_now t;
  t.value = lamports(value);
  t.liquidity = lamports(50'000);
  t.now = unix_seconds(second);
  t.slot = slot_number(slot);
  return t;
}

/// One look, journalled and applied.
std::optional<exit_order> look(const plan_settings& p, plan_state& s, const position& held, const token_now& t) {
  const auto e = evaluate(p, s, held, t);
  for (const auto& one : e.events) apply(s, one);
  // What was decided holds when it is looked at again: nothing new happens, and the order is the same.
  const auto again = evaluate(p, s, held, t);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(again.order, e.order);
  return e.order;
}

TEST(unit_exit_plan, a_stop_sells_all_at_its_bound_and_not_before) {
  auto p = quiet();
  p.stop_bps = 2'500;
  auto s = bought();
  EXPECT_FALSE(look(p, s, whole, worth(750'001)));
  const auto order = look(p, s, whole, worth(750'000));
  ASSERT_TRUE(order);
  EXPECT_TRUE(order->all);
  EXPECT_EQ(order->amount, whole.tokens);
  EXPECT_EQ(order->why, (reason{reason_code::stop, 7'500, 7'500, slot_number(500)}));
  EXPECT_EQ(order->goes, urgency::loss);
  EXPECT_TRUE(look(p, s, whole, worth(2'000'000))) << "a full exit is never taken back";
  p.stop_bps = 10'000;
  auto never = bought();
  EXPECT_FALSE(look(p, never, whole, worth(0)));
}

TEST(unit_exit_plan, a_trailing_stop_follows_the_highest_value_once_it_is_armed) {
  auto p = quiet();
  p.trailing_bps = 2'000;
  p.trailing_arm_bps = 5'000;
  auto s = bought();
  // value, sold?
  for (const auto& [value, sold] : std::initializer_list<std::pair<std::uint64_t, bool>>{{1'000'000, false},
                                                                                         {1'499'999, false},
                                                                                         {700'000, false}, // not armed
                                                                                         {1'500'000, false},
                                                                                         {1'200'001, false},
                                                                                         {1'800'000, false},
                                                                                         {1'440'001, false},
                                                                                         {1'440'000, true}})
    EXPECT_EQ(look(p, s, whole, worth(value)).has_value(), sold) << value;
  EXPECT_EQ(s.why.code, reason_code::trailing_stop);
}

TEST(unit_exit_plan, the_highest_value_survives_a_take_over_to_within_its_step) {
  auto p = quiet();
  p.trailing_bps = 2'000;
  p.trailing_arm_bps = 0;
  p.peak_step_bps = 100;
  auto s = bought();
  EXPECT_EQ(evaluate(p, s, whole, worth(1'000'000)).events.size(), 1U);
  look(p, s, whole, worth(1'000'000));
  EXPECT_TRUE(evaluate(p, s, whole, worth(1'010'000)).events.empty()) << "not every tick is journalled";
  EXPECT_FALSE(evaluate(p, s, whole, worth(1'010'001)).events.empty());
  EXPECT_FALSE(look(p, s, whole, worth(800'001)));
  EXPECT_TRUE(look(p, s, whole, worth(800'000)));
}

TEST(unit_exit_plan, a_stop_by_volatility_lies_multiples_of_it_below_the_highest_value) {
  auto p = quiet();
  p.volatility_stop_bps = 30'000;
  p.trailing_bps = 2'000;
  p.trailing_arm_bps = 100'000;
  auto s = bought();
  auto t = worth(1'000'000);
  t.volatility_bps = 400; // distance 12 %
  EXPECT_FALSE(look(p, s, whole, t));
  t.value = lamports(880'001);
  EXPECT_FALSE(look(p, s, whole, t));
  t.value = lamports(880'000);
  const auto order = look(p, s, whole, t);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->why.code, reason_code::volatility_stop);
  auto calm = bought();
  look(p, calm, whole, worth(1'000'000));
  t.volatility_bps = 1; // the least distance: a quarter of the trailing stop
  t.value = lamports(950'001);
  EXPECT_FALSE(look(p, calm, whole, t));
  t.value = lamports(950'000);
  EXPECT_TRUE(look(p, calm, whole, t));
}

TEST(unit_exit_plan, the_ladder_sells_its_shares_of_what_was_bought_one_level_after_the_other) {
  auto p = quiet();
  p.take1_bps = 5'000, p.take1_share_bps = 4'000;
  p.take2_bps = 10'000, p.take2_share_bps = 3'000;
  p.take3_bps = 30'000, p.take3_share_bps = 2'000;
  auto s = bought();
  EXPECT_FALSE(look(p, s, whole, worth(1'499'999)));
  auto order = look(p, s, whole, worth(1'500'000));
  ASSERT_TRUE(order);
  EXPECT_FALSE(order->all);
  EXPECT_EQ(order->amount, token_amount(4'000));
  const auto first_cause = order->cause;
  EXPECT_EQ(look(p, s, whole, worth(1'400'000))->cause, first_cause) << "asked for until it ended";

  // It expired: the level stays, with another cause.
  apply(s, event::part_ended{{}});
  EXPECT_FALSE(look(p, s, whole, worth(1'400'000)));
  order = look(p, s, whole, worth(1'500'000));
  ASSERT_TRUE(order);
  EXPECT_NE(order->cause, first_cause);
  apply(s, event::part_ended{token_amount(4'000)});

  const position rest{token_amount(6'000), lamports(600'000)};
  EXPECT_FALSE(look(p, s, rest, worth(900'000))) << "the first level is done";
  // Levels two and three at once.
  order = look(p, s, rest, worth(2'400'000));
  ASSERT_TRUE(order);
  EXPECT_EQ(order->amount, token_amount(5'000));
  apply(s, event::part_ended{token_amount(5'000)});
  EXPECT_EQ(s.levels_done, 3U);
  EXPECT_EQ(s.sold, token_amount(9'000));
  EXPECT_FALSE(look(p, s, {token_amount(1'000), lamports(100'000)}, worth(9'000'000)));
}

TEST(unit_exit_plan, a_level_that_sells_the_rest_is_a_full_exit) {
  auto p = quiet();
  p.take1_share_bps = 10'000;
  auto s = bought();
  const auto order = look(p, s, whole, worth(9'000'000));
  ASSERT_TRUE(order);
  EXPECT_TRUE(order->all);
  EXPECT_EQ(order->goes, urgency::profit);
}

TEST(unit_exit_plan, what_is_held_too_long_is_sold_even_without_a_quote) {
  auto p = quiet();
  p.hold_s_max = 60;
  auto s = bought();
  auto t = worth(1'000'000, 1'060);
  t.value.reset();
  EXPECT_FALSE(look(p, s, whole, t));
  t.now = unix_seconds(1'061);
  EXPECT_EQ(look(p, s, whole, t)->why, (reason{reason_code::held_long, 61, 60, slot_number(500)}));
}

TEST(unit_exit_plan, pulled_liquidity_and_taken_authorities_sell_at_once) {
  auto p = quiet();
  p.rug_liquidity_bps = 3'000;
  auto s = bought();
  auto t = worth(1'000'000);
  t.liquidity = lamports(100'000);
  EXPECT_FALSE(look(p, s, whole, t));
  t.liquidity.reset();
  EXPECT_FALSE(look(p, s, whole, t)) << "unknown is not gone";
  t.liquidity = lamports(70'001);
  EXPECT_FALSE(look(p, s, whole, t));
  t.liquidity = lamports(70'000);
  auto order = look(p, s, whole, t);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->why, (reason{reason_code::liquidity_pulled, 3'000, 3'000, slot_number(500)}));
  EXPECT_EQ(order->goes, urgency::emergency);

  const auto freeze = static_cast<protocol::token_flags>(protocol::token_flag::freeze_authority);
  auto known = bought();
  known.flags_at_open = freeze;
  t = worth(1'000'000);
  t.flags = freeze;
  EXPECT_FALSE(look(p, known, whole, t)) << "it was there when it was bought";
  auto fresh = bought();
  EXPECT_EQ(look(p, fresh, whole, t)->why.code, reason_code::authority_taken);
}

TEST(unit_exit_plan, a_market_in_stress_sells_all) {
  auto p = quiet();
  p.stress_fall_bps = 3'000;
  auto s = bought();
  auto t = worth(1'000'000);
  t.market.fall_bps = 2'999;
  EXPECT_FALSE(look(p, s, whole, t));
  t.market.fall_bps = 3'000;
  EXPECT_EQ(look(p, s, whole, t)->why.code, reason_code::market_stress);
}

TEST(unit_exit_plan, the_most_urgent_of_several_triggers_is_told) {
  auto p = defaults();
  auto s = bought();
  auto t = worth(1, 1'000'000);
  t.market.fall_bps = 9'999;
  t.liquidity = lamports(1);
  EXPECT_EQ(look(p, s, whole, t)->why.code, reason_code::liquidity_pulled);
}

TEST(unit_exit_plan, while_a_token_migrates_the_exit_waits_and_then_begins_at_its_first_step) {
  auto p = quiet();
  p.stop_bps = 2'500;
  p.escalate_slots = 2;
  auto s = bought();
  auto t = worth(1'000'000);
  t.migrating = true;
  t.value.reset();
  EXPECT_FALSE(look(p, s, whole, t));
  EXPECT_TRUE(s.migrating);
  t.value = lamports(700'000);
  EXPECT_FALSE(look(p, s, whole, t)) << "nothing can be sold";
  EXPECT_EQ(s.now, stage::selling_all) << "but it is wanted";
  t.migrating = false;
  t.slot = slot_number(900);
  const auto order = look(p, s, whole, t);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->step.number, 0U);
  EXPECT_EQ(order->why.code, reason_code::stop);
}

TEST(unit_exit_plan, a_full_exit_goes_over_a_part_that_is_out) {
  auto p = quiet();
  p.take1_share_bps = 4'000;
  p.stop_bps = 2'500;
  auto s = bought();
  ASSERT_FALSE(look(p, s, whole, worth(1'500'000))->all);
  const auto order = look(p, s, whole, worth(100'000));
  ASSERT_TRUE(order);
  EXPECT_TRUE(order->all);
  apply(s, event::part_ended{token_amount(4'000)}); // it landed after all
  EXPECT_EQ(s.now, stage::selling_all);
  EXPECT_EQ(look(p, s, {token_amount(6'000), lamports(600'000)}, worth(100'000))->amount, token_amount(6'000));
  const auto before = s.exits_made;
  apply(s, event::refused{});
  EXPECT_EQ(s.exits_made, before + 1) << "the next order has another cause";
}

TEST(unit_exit_plan, a_full_exit_escalates_within_its_bounds_and_calls_a_human) {
  auto p = quiet();
  p.escalate_slots = 2;
  p.fee_start_micro_lamports = 100;
  p.fee_max_micro_lamports = 1'000;
  p.slippage_start_bps = 500;
  p.slippage_max_bps = 3'000;
  p.alarm_attempts = 4;
  const std::vector<escalation_step> all{{0, 100, 500, 0, false},
                                         {1, 200, 1'000, 0, false},
                                         {2, 400, 2'000, 0, false},
                                         {3, 800, 3'000, 1, false},
                                         {4, 1'000, 3'000, 1, true}};
  for (const auto& step : all) EXPECT_EQ(step_of(p, step.number), step);
  EXPECT_EQ(step_of(p, UINT32_MAX).price_micro_lamports, 1'000U);
  p.fee_start_micro_lamports = p.slippage_start_bps = 0;
  EXPECT_EQ(step_of(p, 70).price_micro_lamports, 0U);
}

TEST(unit_exit_plan, a_full_exit_escalates_by_attempts_made_and_not_by_slots_that_passed) {
  auto p = quiet();
  p.stop_bps = 2'500;
  p.escalate_slots = 2;
  p.alarm_attempts = 2;
  auto s = bought();
  const auto step = [&](std::uint64_t slot) { return look(p, s, whole, worth(100'000, 1'000, slot))->step; };
  EXPECT_EQ(step(500), step_of(p, 0));
  EXPECT_EQ(step(50'000), step_of(p, 0)) << "nothing was attempted: no signer, a quarantine, a take-over";
  apply(s, event::attempted{slot_number(50'000)});
  EXPECT_EQ(step(50'000), step_of(p, 0));
  EXPECT_EQ(step(49'000), step_of(p, 0)) << "a node that lags";
  EXPECT_EQ(step(50'001), step_of(p, 0));
  EXPECT_EQ(step(50'002), step_of(p, 1));
  EXPECT_EQ(step(90'000), step_of(p, 1)) << "one attempt, one step";
  EXPECT_FALSE(step(90'000).alarm);
  apply(s, event::attempted{slot_number(90'000)});
  apply(s, event::refused{slot_number(90'001)});
  EXPECT_EQ(step(90'003), step_of(p, 2)) << "another order of the same exit goes on where the last one was";
  EXPECT_TRUE(step(90'003).alarm);
  auto calm = bought();
  apply(calm, event::attempted{slot_number(5)});
  EXPECT_EQ(calm.attempts, 0U) << "a sale that this plan did not ask for";
}

TEST(unit_exit_plan, a_refused_exit_waits_before_it_is_asked_for_again) {
  auto p = quiet();
  p.stop_bps = 2'500;
  p.escalate_slots = 3;
  auto s = bought();
  const auto first = look(p, s, whole, worth(100'000, 1'000, 500));
  ASSERT_TRUE(first);
  apply(s, event::refused{slot_number(500)});
  for (const std::uint64_t slot : {500, 501, 502}) EXPECT_FALSE(look(p, s, whole, worth(100'000, 1'000, slot))) << slot;
  const auto again = look(p, s, whole, worth(100'000, 1'000, 503));
  ASSERT_TRUE(again);
  EXPECT_NE(again->cause, first->cause);

  // The same for a part; a full exit does not wait for a part's refusal.
  p.take1_share_bps = 4'000;
  auto part = bought();
  ASSERT_TRUE(look(p, part, whole, worth(9'000'000, 1'000, 500)));
  apply(part, event::part_ended{{}, slot_number(500)});
  const auto made = part.exits_made;
  EXPECT_FALSE(look(p, part, whole, worth(9'000'000, 1'000, 502)));
  EXPECT_EQ(part.exits_made, made);
  EXPECT_TRUE(look(p, part, whole, worth(9'000'000, 1'000, 503)));
  apply(part, event::part_ended{{}, slot_number(503)});
  EXPECT_TRUE(look(p, part, whole, worth(100'000, 1'000, 504)));
}

TEST(unit_exit_plan, no_order_goes_out_beside_a_sell_that_the_account_would_refuse_it_for) {
  auto p = quiet();
  p.stop_bps = 2'500;
  p.take1_share_bps = 4'000;
  execution::cause_id other;
  other.bytes.fill(0xee);
  auto s = bought();
  auto held = whole;
  held.part_open = other;
  EXPECT_FALSE(look(p, s, held, worth(9'000'000)));
  EXPECT_EQ(s.exits_made, 0U) << "no part is begun that would be refused";
  held = whole;
  const auto part = look(p, s, held, worth(9'000'000));
  ASSERT_TRUE(part);
  held.part_open = part->cause;
  EXPECT_EQ(look(p, s, held, worth(9'000'000)), part) << "it is the plan's own";
  const auto all = look(p, s, held, worth(100'000));
  ASSERT_TRUE(all) << "a full exit goes over a part";
  held.full_open = all->cause;
  EXPECT_EQ(look(p, s, held, worth(100'000)), all);
  held.full_open = other;
  EXPECT_FALSE(look(p, s, held, worth(100'000)));
  EXPECT_EQ(s.now, stage::selling_all) << "it is still wanted";
}

TEST(unit_exit_plan, causes_stay_apart_beyond_65536_orders) {
  auto s = bought();
  apply(s, event::all_wanted{});
  std::set<execution::cause_id> causes;
  for (int i = 0; i < 66'000; ++i) {
    EXPECT_TRUE(causes.insert(cause_of(s)).second);
    apply(s, event::refused{slot_number(1)});
  }
}

TEST(unit_exit_plan, a_further_buy_and_an_undone_one_begin_the_highest_values_anew) {
  auto p = quiet();
  p.trailing_bps = 2'000;
  p.trailing_arm_bps = 5'000;
  p.rug_liquidity_bps = 3'000;
  auto s = bought();
  auto t = worth(2'000'000);
  t.liquidity = lamports(100'000);
  EXPECT_FALSE(look(p, s, whole, t));
  execution::intent_id second;
  second.bytes.fill(8);
  const event::bought further{second, token_amount(10'000), lamports(60'000), 0, unix_seconds(2'000)};
  apply(s, further);
  // Half of it was bought at twice the price: 1.33 of the cost is its highest, not the 2 of before.
  const position more{token_amount(20'000), lamports(3'000'000)};
  t = worth(4'000'000);
  t.liquidity = lamports(60'000);
  EXPECT_FALSE(look(p, s, more, t));
  EXPECT_EQ(s.peak_ppm, 1'333'333U);
  EXPECT_EQ(s.liquidity_peak, lamports(60'000));

  apply(s, event::reverted{second});
  EXPECT_EQ(s.peak_ppm, 0U);
  EXPECT_EQ(s.liquidity_peak, lamports(0));
  EXPECT_EQ(s.bought, whole.tokens);
  apply(s, event::reverted{second});
  EXPECT_EQ(s.bought, whole.tokens) << "it is undone once";
  apply(s, further);
  EXPECT_EQ(s.bought, more.tokens) << "it counts once";
  apply(s, further);
  EXPECT_EQ(s.bought, more.tokens);
  apply(s, event::reverted{entry_id()});
  EXPECT_EQ(s.bought, more.tokens) << "the first one is final";
  EXPECT_EQ(s.entry, entry_id());
  EXPECT_EQ(s.opened, unix_seconds(1'000));
}

TEST(unit_exit_plan, exits_go_before_entries_and_emergencies_before_profits) {
  EXPECT_LT(urgency_of(reason_code::liquidity_pulled), urgency_of(reason_code::stop));
  EXPECT_LT(urgency_of(reason_code::stop), urgency_of(reason_code::take_profit));
  EXPECT_LT(urgency_of(reason_code::take_profit), urgency::entry);
}

TEST(unit_exit_plan, one_tiny_trade_trips_no_stop) {
  // A curve with 20 SOL in it, and a position of 1 SOL.
  namespace curve = venues::pump_curve;
  curve::state pool{.virtual_token = 643'800'000'000'000,
                    .virtual_quote = 50'000'000'000,
                    .real_token = 363'900'000'000'000,
                    .real_quote = 20'000'000'000,
                    .supply = 1'000'000'000'000'000,
                    .complete = false,
                    .rounds_fees_up = true,
                    .creator = {},
                    .fees = {95, 0}};
  const auto buy = curve::quote_exact_in(pool, venues::direction::b_to_a, token_amount(1'000'000'000));
  ASSERT_TRUE(buy);
  pool = curve::apply(pool, venues::direction::b_to_a, *buy);
  const position held{buy->got, lamports(buy->gave.value)};
  const auto value = [&] {
    const auto q = curve::quote_exact_in(pool, venues::direction::a_to_b, held.tokens);
    EXPECT_TRUE(q);
    return q ? q->got.value : 0;
  };

  const auto p = defaults();
  auto s = bought(held.tokens);
  EXPECT_FALSE(look(p, s, held, worth(value())));
  const auto before = value();
  // Somebody sells one base unit, and gets nothing at all for it: a last price of zero.
  const auto dust = curve::quote_exact_in(pool, venues::direction::a_to_b, token_amount(1));
  ASSERT_TRUE(dust);
  EXPECT_EQ(dust->got.value, 0U) << "a last price of zero";
  pool = curve::apply(pool, venues::direction::a_to_b, *dust);
  EXPECT_FALSE(look(p, s, held, worth(value())));
  EXPECT_LE(before - value(), 1U);
  // A whale's sale is another matter.
  const auto whale = curve::quote_exact_in(pool, venues::direction::a_to_b, token_amount(held.tokens.value * 9));
  ASSERT_TRUE(whale);
  pool = curve::apply(pool, venues::direction::a_to_b, *whale);
  EXPECT_TRUE(look(p, s, held, worth(value())));
}

TEST(unit_exit_plan, amounts_at_the_edge_of_64_bits_do_not_wrap) {
  auto s = bought(token_amount(UINT64_MAX));
  const position huge{token_amount(UINT64_MAX), lamports(1)};
  auto p = defaults();
  const auto order = look(p, s, huge, worth(UINT64_MAX));
  ASSERT_TRUE(order);
  EXPECT_LE(order->amount, huge.tokens);
  auto free = bought();
  p = quiet();
  EXPECT_FALSE(look(p, free, {token_amount(5), lamports(0)}, worth(1))) << "without a cost there is nothing to compare";
  EXPECT_FALSE(look(p, free, {token_amount(0), lamports(0)}, worth(1)));
}

TEST(unit_exit_properties, tokens_are_neither_lost_nor_made_on_any_path) {
  const bool ok = rc::check([] {
    const auto in = [](std::uint64_t from, std::uint64_t to) { return *rc::gen::inRange(from, to); };
    auto p = defaults();
    p.take1_share_bps = in(0, 5'001);
    p.take2_share_bps = in(0, 10'001 - p.take1_share_bps);
    p.take3_share_bps = in(0, 10'001 - p.take1_share_bps - p.take2_share_bps);
    const auto total = in(1, 1'000'000);
    std::uint64_t held = total, cost_left = 1'000'000, sold = 0;
    plan_state s;
    apply(s, event::bought{entry_id(), token_amount(total), lamports(1'000), 0, unix_seconds(0)});
    std::set<execution::cause_id> ended;
    std::uint64_t slot = 1;
    for (int i = 0; i < 40 && held != 0; ++i) {
      slot += in(0, 4);
      token_now t;
      t.value = lamports(in(0, 6'000'000) * held / total);
      t.liquidity = lamports(in(400, 1'200));
      t.now = unix_seconds(static_cast<std::int64_t>(slot));
      t.slot = slot_number(slot);
      t.migrating = in(0, 8) == 0;
      const auto e = evaluate(p, s, {token_amount(held), lamports(cost_left)}, t);
      for (const auto& one : e.events) apply(s, one);
      if (!e.order) continue;
      RC_ASSERT(!t.migrating);
      RC_ASSERT(e.order->amount.value > 0U);
      RC_ASSERT(e.order->amount.value <= held);
      RC_ASSERT(!ended.contains(e.order->cause)); // one cause, one order
      if (e.order->all) RC_ASSERT(e.order->amount.value == held);
      switch (in(0, 3)) {
      case 0: // it lands
        ended.insert(e.order->cause);
        cost_left -= cost_left * e.order->amount.value / held;
        held -= e.order->amount.value;
        sold += e.order->amount.value;
        if (!e.order->all) apply(s, event::part_ended{e.order->amount});
        break;
      case 1: // it comes to nothing
        ended.insert(e.order->cause);
        if (e.order->all)
          apply(s, event::refused{t.slot});
        else
          apply(s, event::part_ended{{}, t.slot});
        break;
      default: // nothing is known yet
        break;
      }
      RC_ASSERT(held + sold == total);
      RC_ASSERT(s.sold.value <= sold);
      RC_ASSERT(s.levels_done <= 3U);
    }
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::exits
