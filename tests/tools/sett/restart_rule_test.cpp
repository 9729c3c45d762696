#include "tools/sett/restart_rule.hpp"

#include <gtest/gtest.h>

namespace sett::tools {
namespace {
using std::chrono::milliseconds;

TEST(unit_restart_rule, a_new_life_starts_at_once_when_the_last_one_was_long) {
  restart_rule r;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(r.ended(3, milliseconds(60'000)), milliseconds(0));
}

TEST(unit_restart_rule, ends_in_a_row_wait_twice_as_long_each_time_up_to_a_bound) {
  restart_rule r;
  EXPECT_EQ(r.ended(3, milliseconds(10)), milliseconds(0));
  EXPECT_EQ(r.ended(3, milliseconds(10)), milliseconds(200));
  EXPECT_EQ(r.ended(3, milliseconds(10)), milliseconds(400));
  for (int i = 0; i < 100; ++i) EXPECT_LE(r.ended(3, milliseconds(10)), restart_rule::pause_max);
  EXPECT_EQ(r.ended(1, milliseconds(10)), restart_rule::pause_max);
}

TEST(unit_restart_rule, a_crash_or_a_signal_waits_the_least_pause_and_a_long_life_forgets_what_was) {
  restart_rule r;
  EXPECT_EQ(r.ended(std::nullopt, milliseconds(10)), milliseconds(100));
  EXPECT_EQ(r.ended(1, milliseconds(10)), milliseconds(200));
  EXPECT_EQ(r.ended(std::nullopt, milliseconds(10'000)), milliseconds(100));
}

TEST(unit_restart_rule, a_fault_in_the_settings_is_not_tried_again) {
  restart_rule r;
  EXPECT_EQ(r.ended(2, milliseconds(10)), std::nullopt);
}

} // namespace
} // namespace sett::tools
