#include "tests/actors/venues/concentrated_pools.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace {

using namespace sett;
using namespace sett::test;

constexpr chain_time noon{slot_number{1'000}, unix_seconds{1'700'000'000}, 0};

TEST(unit_dlmm, prices_rise_by_the_bin_step) {
  EXPECT_TRUE(*dlmm::price_of_bin(0, 10) == uint128{1} << 64);
  // 1.001 and 1 / 1.001 as Q64.64, within the program's rounding.
  const auto up = static_cast<double>(*dlmm::price_of_bin(1, 10)) / 18446744073709551616.0;
  const auto down = static_cast<double>(*dlmm::price_of_bin(-1, 10)) / 18446744073709551616.0;
  EXPECT_NEAR(up, 1.001, 1e-12);
  EXPECT_NEAR(down, 1 / 1.001, 1e-12);
  EXPECT_FALSE(dlmm::price_of_bin(-443'636, 400).has_value()); // below what Q64.64 can say
}

RC_GTEST_PROP(unit_dlmm, trades_never_favour_the_trader_by_rounding, ()) {
  auto s = dlmm_pool(*rc::gen::element<std::uint16_t>(1, 10, 100), *rc::gen::inRange<std::uint64_t>(100, 50'000'000));
  s.head.fee_only_in_y = *rc::gen::arbitrary<bool>();
  const auto way = *rc::gen::element(direction::a_to_b, direction::b_to_a);
  const token_amount amount{*rc::gen::inRange<std::uint64_t>(1, 3'000'000'000)};
  const auto q = dlmm::quote_exact_in(s, way, amount, noon);
  RC_PRE(q.has_value());
  RC_ASSERT(q->gave == amount);
  const auto back = dlmm::quote_exact_out(s, way, q->got, noon);
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->gave <= q->gave);
  RC_ASSERT(back->got >= q->got);
  RC_ASSERT((dlmm::trade(s, way, true, amount, noon) == q));
  const auto home = dlmm::trade(s, opposite(way), true, q->got, noon);
  if (home) RC_ASSERT(home->got <= amount);
}

TEST(unit_dlmm, limit_orders_are_filled_after_the_makers_and_form_a_batch) {
  auto s = dlmm_pool(10, 1'000'000);
  auto& bin = s.arrays[2].bins[1]; // bin 1 sells X
  bin.orders_sell_x = true;
  bin.orders_open = 500'000;
  s.head.active_id = 1;
  s.head.index_reference = 1;
  const auto without = [&] {
    auto t = s;
    t.head.limit_orders = false;
    return dlmm::quote_exact_in(t, direction::b_to_a, token_amount{1'300'000}, noon);
  }();
  const auto q = dlmm::trade(s, direction::b_to_a, true, token_amount{1'300'000}, noon);
  ASSERT_TRUE(q.has_value());
  EXPECT_EQ(s.head.active_id, 1); // the orders were enough
  EXPECT_GT(q->got, without->got);
  const auto taken = q->got.value - 1'000'000;
  EXPECT_EQ(bin.amount_x, 0U);
  EXPECT_EQ(bin.orders_open, 0U);
  EXPECT_EQ(bin.orders_processing, 500'000U);
  EXPECT_EQ(bin.orders_left, 500'000U - taken);
  EXPECT_EQ(bin.fulfilled_x, taken);
  EXPECT_EQ(bin.order_age, 1U);
}

TEST(unit_dlmm, the_fee_grows_with_the_bins_crossed_and_is_capped) {
  auto s = dlmm_pool(100, 1'000'000);
  const auto small = dlmm::quote_exact_in(s, direction::a_to_b, token_amount{100'000}, noon);
  const auto large = dlmm::trade(s, direction::a_to_b, true, token_amount{30'000'000}, noon);
  ASSERT_TRUE(small.has_value() && large.has_value());
  EXPECT_EQ(small->fees.total(), 1'000U); // 100 bps, and no bin crossed
  EXPECT_GT(large->fees.total(), 300U * 1'000U);
  EXPECT_LE(large->fees.total(), 3'000'000U + 100U); // 10 %, rounded up in each bin
  EXPECT_LT(s.head.active_id, -20);
  EXPECT_EQ(s.head.updated_at, 1'700'000'000);
}

TEST(unit_dlmm, a_pool_that_is_not_open_yet_refuses) {
  auto s = dlmm_pool(10, 1'000'000);
  s.head.pair_type = 2;
  s.head.activation_point = 1'001;
  EXPECT_EQ(dlmm::quote_exact_in(s, direction::a_to_b, token_amount{1'000}, noon).error(),
            (refusal{fault::custom, dlmm::pool_disabled}));
  s.head.activation_point = 1'000;
  EXPECT_TRUE(dlmm::quote_exact_in(s, direction::a_to_b, token_amount{1'000}, noon).has_value());
}

} // namespace
