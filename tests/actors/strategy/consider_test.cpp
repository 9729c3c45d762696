// From a signal to an order, with the stage and the reason of each refusal on the way.
#include "actors/strategy/consider.hpp"
#include "tests/actors/strategy/strategy_fixture.hpp"

#include <gtest/gtest.h>

namespace sett::strategy {
namespace {

using namespace test;
using funnel::stage;

struct consider_fixture : ::testing::Test {
  config::settings settings{paper_settings()};
  risk::book book;
  risk::conditions now{calm()};
  execution::chain_view chain{block_height(901), block_height(900), block_height(870)};

  consideration of(std::string_view name, const signal& on, const token_view& t) {
    return consider({mint_of(250), settings, book, now, chain}, instance(settings, name), on, t);
  }
};

using unit_consider = consider_fixture;

TEST_F(unit_consider, a_wanted_token_becomes_an_order_with_everything_in_it) {
  const auto on = signal_of(signal_kind::launch_created);
  const auto c = of("launch", on, good_token());
  EXPECT_EQ(c.reached, stage::allowed);
  EXPECT_EQ(c.refused, std::nullopt);
  ASSERT_TRUE(c.order);
  EXPECT_EQ(c.order->account, mint_of(250));
  EXPECT_EQ(c.order->strategy, strategy_id_of("launch"));
  EXPECT_EQ(c.order->kind, execution::intent_kind::entry);
  EXPECT_EQ(c.order->cause, on.cause);
  EXPECT_EQ(c.order->event_height, block_height(900));
  EXPECT_EQ(c.order->max_age_blocks, 8U);
  EXPECT_TRUE(c.order->live);
  EXPECT_EQ(c.order->spend_max, lamports(10'000'000));
  EXPECT_EQ(c.order->cost_max, lamports(5'000'000));
  EXPECT_EQ(c.slippage_bps, 1'000U);
  EXPECT_EQ(opened_by(*c.order, {}).reserved, lamports(15'000'000));
}

TEST_F(unit_consider, each_refusal_tells_how_far_it_came) {
  auto c = of("copy", signal_of(signal_kind::launch_created), good_token());
  EXPECT_EQ(c.reached, stage::seen);
  EXPECT_EQ(c.refused->code, reason_code::no_strategy);
  auto t = good_token();
  t.blocked = true;
  c = of("launch", signal_of(signal_kind::launch_created), t);
  EXPECT_EQ(c.reached, stage::signalled);
  EXPECT_EQ(c.refused->code, reason_code::blocked);
  now.slots_behind = 100;
  c = of("launch", signal_of(signal_kind::launch_created), good_token());
  EXPECT_EQ(c.reached, stage::chosen);
  EXPECT_EQ(c.refused->code, reason_code::slots_behind);
  now = calm();
  t = good_token();
  t.liquidity = lamports(1'000'000'000);
  for (auto& one : settings.strategies) one.size_min_lamports = 10'000'000;
  c = of("launch", signal_of(signal_kind::launch_created), t);
  EXPECT_EQ(c.reached, stage::allowed) << "1 % of 1 SOL is the size";
  settings.risk.trade_lamports_max = 9'999'999;
  c = of("launch", signal_of(signal_kind::launch_created), t);
  EXPECT_EQ(c.reached, stage::chosen);
  ASSERT_TRUE(c.refused);
  EXPECT_EQ(c.refused->code, reason_code::too_small);
}

TEST_F(unit_consider, what_is_held_is_bought_again_only_when_that_is_declared_and_by_its_own_strategy) {
  const auto first = of("launch", signal_of(signal_kind::launch_created), good_token());
  risk::apply(book, opened_by(*first.order, good_token().creator), now.now);
  EXPECT_EQ(of("launch", signal_of(signal_kind::launch_created), good_token()).refused->code,
            reason_code::position_open);
  for (auto& one : settings.strategies) one.reentry = true;
  EXPECT_TRUE(of("launch", signal_of(signal_kind::launch_created), good_token()).order);
  const auto other = of("graduation", signal_of(signal_kind::migrated), good_token());
  EXPECT_EQ(other.refused->code, reason_code::position_open);
  EXPECT_EQ(other.reached, stage::signalled);
}

TEST_F(unit_consider, nothing_is_bought_when_the_limits_leave_too_little) {
  settings.risk.account_lamports_max = 6'000'000; // 1,000,000 beside the costs
  const auto c = of("launch", signal_of(signal_kind::launch_created), good_token());
  EXPECT_EQ(c.reached, stage::chosen);
  EXPECT_EQ(*c.refused, (reason{reason_code::too_small, 1'000'000, 2'000'000, slot_number(1'001)}));
  EXPECT_FALSE(c.order);
}

TEST_F(unit_consider, what_was_opened_counts_for_the_next) {
  std::uint8_t n = 1;
  std::optional<reason> refused;
  while (n < 100) {
    const auto c = of("launch", signal_of(signal_kind::launch_created, n), good_token(n));
    if (!c.order) {
      refused = c.refused;
      break;
    }
    risk::apply(book, opened_by(*c.order, good_token(n).creator), now.now);
    ++n;
  }
  EXPECT_EQ(n, 4U);
  EXPECT_EQ(refused->code, reason_code::strategy_positions) << "its own setting says three";
}

TEST_F(unit_consider, exits_become_commands_of_the_account) {
  exits::exit_order order{.all = true, .amount = token_amount(500), .why = {}, .goes = {}, .cause = {}, .step = {}};
  auto c =
      exit_command(order, mint_of(250), strategy_id_of("launch"), mint_of(1), token_amount(510), lamports(7), chain);
  EXPECT_EQ(c.kind, execution::intent_kind::full_exit);
  EXPECT_EQ(c.amount, token_amount(0));
  EXPECT_EQ(c.tokens_seen, token_amount(510));
  order.all = false;
  c = exit_command(order, mint_of(250), strategy_id_of("launch"), mint_of(1), token_amount(510), lamports(7), chain);
  EXPECT_EQ(c.kind, execution::intent_kind::part_exit);
  EXPECT_EQ(c.amount, token_amount(500));
}

} // namespace
} // namespace sett::strategy
