// What risk remembers, and that bounds make it stricter only.
#include "tests/actors/risk/risk_fixture.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace sett::risk {
namespace {

using namespace test;

TEST(unit_risk_book, an_entry_that_bought_nothing_leaves_nothing_behind) {
  book b;
  const auto r = request();
  apply(b, opened(r), unix_seconds(100));
  EXPECT_EQ(in_token(b, r.mint).lamports, 1'001'000U);
  apply(b, event::sold{r.strategy, r.mint, {}, -5'000}, unix_seconds(100)); // the fee of its failed attempt
  apply(b, event::entry_closed{r.strategy, r.mint, opened(r).reserved, {}}, unix_seconds(101));
  EXPECT_TRUE(b.positions.empty());
  EXPECT_EQ(b.day_profit, -5'000);
  EXPECT_EQ(b.losses_in_row, 0U) << "no position was closed";
  EXPECT_TRUE(b.losses.buckets.empty());
  EXPECT_EQ(b.misfits, 0U);
}

TEST(unit_risk_book, fees_of_failed_attempts_count_with_the_position_that_came_of_them) {
  book b;
  const auto r = request();
  apply(b, opened(r), unix_seconds(100));
  apply(b, event::sold{r.strategy, r.mint, {}, -5'000}, unix_seconds(100));
  apply(b, event::entry_closed{r.strategy, r.mint, opened(r).reserved, lamports(1'000)}, unix_seconds(101));
  apply(b, event::sold{r.strategy, r.mint, lamports(1'000), 4'999}, unix_seconds(102));
  apply(b, event::position_closed{r.strategy, r.mint}, unix_seconds(102));
  EXPECT_EQ(b.losses_in_row, 1U);
  EXPECT_EQ(sum_over(b.losses, unix_seconds(102), 60, window_bucket_s), 1U);
}

TEST(unit_risk_book, profit_of_parts_counts_when_the_position_is_closed) {
  book b;
  const auto r = request();
  apply(b, opened(r), unix_seconds(100));
  apply(b, event::entry_closed{r.strategy, r.mint, opened(r).reserved, lamports(1'000)}, unix_seconds(100));
  apply(b, event::sold{r.strategy, r.mint, lamports(400), 50}, unix_seconds(100));
  apply(b, event::sold{r.strategy, r.mint, lamports(600), -40}, unix_seconds(100));
  EXPECT_EQ(in_account(b).lamports, 0U);
  EXPECT_EQ(in_account(b).positions, 1U);
  apply(b, event::position_closed{r.strategy, r.mint}, unix_seconds(100));
  EXPECT_EQ(in_account(b).positions, 0U);
  EXPECT_EQ(b.losses_in_row, 0U);
  EXPECT_TRUE(b.losses.buckets.empty());
  EXPECT_EQ(b.day_profit, 10);
}

TEST(unit_risk_book, events_about_what_is_not_there_are_counted_and_change_no_amount) {
  book b;
  apply(b, event::entry_closed{strategy_id(1), mint_of(1), lamports(1), lamports(1)}, unix_seconds(1));
  apply(b, event::sold{strategy_id(1), mint_of(1), lamports(1), 0}, unix_seconds(1));
  apply(b, event::position_closed{strategy_id(1), mint_of(1)}, unix_seconds(1));
  EXPECT_EQ(b.misfits, 3U);
  EXPECT_TRUE(b.positions.empty());
}

TEST(unit_risk_book, what_is_remembered_is_bounded) {
  book b;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    mint_address m;
    m.bytes[0] = static_cast<std::uint8_t>(i);
    m.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
    apply(b, event::entry_opened{strategy_id(i), m, {}, lamports(1)}, unix_seconds(i));
    apply(b, event::send_failed{}, unix_seconds(static_cast<std::int64_t>(i) * 60));
  }
  EXPECT_LE(b.positions.size(), positions_kept_max);
  EXPECT_LE(b.strategies.size(), strategies_kept_max);
  EXPECT_LE(b.failed_sends.buckets.size(), window_buckets_max);
  EXPECT_GT(b.misfits, 0U);
}

TEST(unit_risk_book, a_window_never_counts_less_than_what_lies_in_it) {
  const bool ok = rc::check([] {
    const auto width = *rc::gen::element<std::int64_t>(1, 7, 60);
    const auto kept = *rc::gen::inRange<std::size_t>(1, 6);
    const auto window = *rc::gen::inRange<std::uint64_t>(1, 200);
    recent_sum sum;
    std::vector<std::pair<std::int64_t, std::uint64_t>> all;
    std::int64_t now = *rc::gen::inRange<std::int64_t>(-500, 500);
    for (int i = 0; i < 30; ++i) {
      now += *rc::gen::inRange<std::int64_t>(0, 40);
      const auto amount = *rc::gen::inRange<std::uint64_t>(0, 100);
      add(sum, unix_seconds(now), amount, width, kept);
      all.emplace_back(now, amount);
      std::uint64_t exact = 0, wide = 0;
      for (const auto& [at, a] : all) {
        if (at > now - static_cast<std::int64_t>(window)) exact += a;
        wide += a;
      }
      const auto told = sum_over(sum, unix_seconds(now), window, width);
      RC_ASSERT(told >= exact);
      RC_ASSERT(told <= wide);
      RC_ASSERT(sum.buckets.size() <= kept);
    }
    // Once the window and a bucket have passed, nothing is left.
    RC_ASSERT(sum_over(sum, unix_seconds(now + static_cast<std::int64_t>(window) + width), window, width) == 0U);
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::risk
