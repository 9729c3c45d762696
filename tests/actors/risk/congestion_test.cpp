// Figures of a congested chain from the blocks that came.
#include "actors/risk/congestion.hpp"

#include <gtest/gtest.h>

namespace sett::risk {
namespace {

TEST(unit_congestion, skipped_slots_are_those_that_stay_without_a_block) {
  congestion_meter m;
  EXPECT_EQ(m.skip_rate_bps(), 0U);
  for (std::uint64_t s = 1'000; s < 1'108; ++s)
    if (s % 4 != 3) m.block(slot_number(s), {});
  // 1,000 to 1,098 are settled: 98 of them at 1,106, the newest; a quarter of them was skipped
  EXPECT_EQ(m.newest(), slot_number(1'106));
  EXPECT_EQ(m.skip_rate_bps(), (24U * 10'000 + 98) / 99);
  m.block(slot_number(1'003), {}); // it was only late
  EXPECT_EQ(m.skip_rate_bps(), (23U * 10'000 + 98) / 99);
  EXPECT_EQ(m.slots_behind(slot_number(1'110)), 4U);
  EXPECT_EQ(m.slots_behind(slot_number(1'100)), 0U);
}

TEST(unit_congestion, a_jump_beyond_what_is_kept_counts_as_skipped_and_old_blocks_change_nothing) {
  congestion_meter m;
  for (std::uint64_t s = 1; s <= 100; ++s) m.block(slot_number(s), {});
  EXPECT_EQ(m.skip_rate_bps(), 0U);
  m.block(slot_number(100'000), {});
  EXPECT_EQ(m.skip_rate_bps(), 10'000U);
  m.block(slot_number(50), {});
  EXPECT_EQ(m.skip_rate_bps(), 10'000U);
}

TEST(unit_congestion, percentiles_are_those_of_the_latest_fees) {
  congestion_meter m;
  EXPECT_EQ(m.fee_percentile(75), 0U);
  std::vector<std::uint64_t> fees;
  for (std::uint64_t i = 1; i <= 100; ++i) fees.push_back(i * 10);
  m.block(slot_number(1), fees);
  EXPECT_EQ(m.fee_percentile(75), 750U);
  EXPECT_EQ(m.fee_percentile(100), 1'000U);
  EXPECT_EQ(m.fee_percentile(0), 10U);
  const std::vector<std::uint64_t> dear(congestion_meter::fees_kept, 5'000);
  m.block(slot_number(2), dear);
  EXPECT_EQ(m.fee_percentile(1), 5'000U) << "the old ones are forgotten";
}

} // namespace
} // namespace sett::risk
