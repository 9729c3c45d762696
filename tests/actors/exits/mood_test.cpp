// How the market's condition bends a plan.
#include "actors/exits/mood.hpp"
#include "config/resolve.hpp"

#include <gtest/gtest.h>

namespace sett::exits {
namespace {

plan_settings plan() {
  auto p = config::resolve({}).value.exits;
  p.stop_bps = 2'000, p.trailing_bps = 1'500, p.hold_s_max = 100;
  p.falling_bps = 1'000, p.falling_tighten_bps = 4'000, p.stress_fall_bps = 3'000;
  p.volatile_bps = 1'500, p.volatile_widen_bps = 3'333;
  return p;
}

TEST(unit_exit_mood, the_market_is_calm_volatile_falling_or_in_stress) {
  EXPECT_EQ(mood_of(plan(), {999, 1'499}), mood::calm);
  EXPECT_EQ(mood_of(plan(), {999, 1'500}), mood::volatile_);
  EXPECT_EQ(mood_of(plan(), {1'000, 9'999}), mood::falling);
  EXPECT_EQ(mood_of(plan(), {3'000, 0}), mood::stress);
  EXPECT_EQ(to_text(mood::volatile_), "volatile");
}

TEST(unit_exit_mood, a_calm_market_changes_nothing) { EXPECT_EQ(adjusted(plan(), {0, 0}), plan()); }

TEST(unit_exit_mood, a_falling_market_brings_stops_closer_and_shortens_holding) {
  const auto p = adjusted(plan(), {1'000, 0});
  EXPECT_EQ(p.stop_bps, 1'200U);
  EXPECT_EQ(p.trailing_bps, 900U);
  EXPECT_EQ(p.hold_s_max, 60U);
  auto off = plan();
  off.stop_bps = 10'000;
  EXPECT_EQ(adjusted(off, {1'000, 0}).stop_bps, 10'000U) << "a stop that is off stays off";
}

TEST(unit_exit_mood, a_volatile_market_moves_the_trailing_stop_away_rounded_up) {
  const auto p = adjusted(plan(), {0, 2'000});
  EXPECT_EQ(p.trailing_bps, 2'000U); // 1,500 * 1.3333 = 1,999.95
  EXPECT_EQ(p.stop_bps, 2'000U);
  auto wide = plan();
  wide.trailing_bps = 9'000;
  EXPECT_EQ(adjusted(wide, {0, 2'000}).trailing_bps, 9'999U) << "it is not switched off";
}

TEST(unit_exit_mood, a_strategys_own_figures_win_and_zero_is_none) {
  config::strategy_settings own;
  EXPECT_EQ(plan_of(plan(), &own), plan());
  EXPECT_EQ(plan_of(plan(), nullptr), plan());
  own.stop_bps = 1, own.trailing_bps = 2, own.hold_s_max = 3;
  const auto p = plan_of(plan(), &own);
  EXPECT_EQ(p.stop_bps, 1U);
  EXPECT_EQ(p.trailing_bps, 2U);
  EXPECT_EQ(p.hold_s_max, 3U);
}

TEST(unit_exit_mood, the_median_token_speaks_for_the_market) {
  std::vector<token_move> tokens{{-9'000, 10}, {-1'000, 20}, {-900, 30}, {4'000, 40}};
  EXPECT_EQ(median_mood(tokens), market_mood{}) << "four tokens are no market";
  tokens.push_back({50, 50});
  EXPECT_EQ(median_mood(tokens), (market_mood{900, 30}));
  tokens.insert(tokens.end(), 5, {100, 1});
  EXPECT_EQ(median_mood(tokens).fall_bps, 0U) << "a rise is no fall";
}

} // namespace
} // namespace sett::exits
