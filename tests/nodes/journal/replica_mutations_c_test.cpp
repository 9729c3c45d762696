// The simulation finds each rule that is broken alone: rules 8 to 12.
#include "tests/nodes/journal/replica_mutations.hpp"
#include "tests/nodes/journal/replica_world.hpp"

#include <gtest/gtest.h>

namespace sett::journal::test {
namespace {

TEST(sim_replica_mutation, releases_below_min_isr) { EXPECT_TRUE(is_found<releases_below_min_isr>()); }
TEST(sim_replica_mutation, releases_above_the_high_watermark) {
  EXPECT_TRUE(is_found<releases_above_the_high_watermark>());
}
TEST(sim_replica_mutation, is_ready_at_once) { EXPECT_TRUE(is_found<is_ready_at_once>()); }
TEST(sim_replica_mutation, grows_before_the_epoch_start) { EXPECT_TRUE(is_found<grows_before_the_epoch_start>()); }
TEST(sim_replica_mutation, grows_by_one_that_lags) { EXPECT_TRUE(is_found<grows_by_one_that_lags>()); }
TEST(sim_replica_mutation, grows_only_once_committed) { EXPECT_TRUE(is_found<grows_only_once_committed>()); }
TEST(sim_replica_mutation, stops_waiting_before_the_transaction) {
  EXPECT_TRUE(is_found<stops_waiting_before_the_transaction>());
}
TEST(sim_replica_mutation, takes_every_start_for_intact) { EXPECT_TRUE(is_found<takes_every_start_for_intact>()); }

} // namespace
} // namespace sett::journal::test
