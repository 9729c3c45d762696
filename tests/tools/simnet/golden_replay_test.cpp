#include "tests/support/shared_data.hpp"
#include "tools/simnet/golden_replay.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace sett::simnet {
namespace {

void replays_all(const std::string& name, std::uint64_t steps) {
  const auto path = "data/golden/" + name + ".jsonl.gz";
  SETT_NEEDS_DATA(path);
  const auto file = test::shared_folder() / path;
  const auto report = replay_golden_file(file);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  fmt::print("{}: {} of {} steps agreed, {} of {} that succeeded, {} of {} full states\n", name, report->agreed,
             report->steps, report->succeeded_agreed, report->succeeded, report->states_agreed, report->states);
  for (const auto& d : report->disagreements) ADD_FAILURE() << d;
  EXPECT_EQ(report->steps, steps);
  EXPECT_EQ(report->agreed, report->steps);
  EXPECT_EQ(report->states_agreed, report->states);
}

TEST(oracle_simnet_executor, runs_the_recorded_pump_trades_as_the_program_of_2024_did) {
  replays_all("pump_curve", 553);
}

TEST(oracle_simnet_executor, runs_the_recorded_cpmm_swaps_with_transfer_fees_and_observations) {
  replays_all("raydium_cpmm", 583);
}

TEST(oracle_simnet_executor, runs_the_recorded_whirlpool_swaps_of_three_builds) { replays_all("orca_whirlpool", 540); }

} // namespace
} // namespace sett::simnet
