// The whole way from signals to sales over generated markets: limits, conservation, a reason for every mint, and books
// that agree with the chain and with each other after every slot.
#include "tests/actors/strategy/path_simulation.hpp"

#include <gtest/gtest.h>

namespace sett::strategy {
namespace {

TEST(sim_trading_path, limits_books_plans_and_reasons_hold_after_every_slot_of_every_market) {
  test::path_result all;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto r = test::path_simulation(seed).run(2'000);
    ASSERT_EQ(r.fault, "") << "seed " << seed << "\n" << r.summary;
    all.launched += r.launched, all.entries += r.entries, all.filled += r.filled, all.closed += r.closed;
    all.reverted += r.reverted, all.failed += r.failed, all.vanished += r.vanished, all.exits += r.exits;
    all.parts += r.parts, all.migrations += r.migrations;
    for (const auto& [word, n] : r.refusals) all.refusals[word] += n;
    for (const auto& [word, n] : r.sales) all.sales[word] += n;
  }
  std::string told = fmt::format("launched {}, entries {}, filled {}, exits {}, parts {}\n", all.launched, all.entries,
                                 all.filled, all.exits, all.parts);
  for (const auto& [word, n] : all.refusals) told += fmt::format("  {} {}\n", word, n);
  for (const auto& [word, n] : all.sales) told += fmt::format("  sold: {} {}\n", word, n);
  SCOPED_TRACE(told);
  // All that this is about did happen.
  EXPECT_GT(all.closed, 100U);
  EXPECT_GT(all.reverted, 20U);
  EXPECT_GT(all.failed, 20U);
  EXPECT_GT(all.vanished, 50U);
  EXPECT_GT(all.parts, 20U);
  for (const auto* word : {"late_event", "unsafe_token", "position_open", "strategy_positions", "wallet_trades",
                           "no_strategy", "stale_data", "creator_share"})
    EXPECT_GT(all.refusals[word], 0U) << word;
  for (const auto* word : {"stop", "trailing_stop", "held_long", "authority_taken"})
    EXPECT_GT(all.sales[word], 0U) << word;
}

TEST(sim_trading_path, the_same_seed_gives_the_same_desk) {
  const auto one = test::path_simulation(77).run(600), two = test::path_simulation(77).run(600);
  EXPECT_EQ(one.fault, "");
  EXPECT_EQ(one.end_bytes, two.end_bytes);
  EXPECT_EQ(one.summary, two.summary);
}

} // namespace
} // namespace sett::strategy
