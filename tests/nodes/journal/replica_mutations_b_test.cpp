// The simulation finds each rule that is broken alone: rules 5 to 8.
#include "tests/nodes/journal/replica_mutations.hpp"
#include "tests/nodes/journal/replica_world.hpp"

#include <gtest/gtest.h>

namespace sett::journal::test {
namespace {

TEST(sim_replica_mutation, has_no_fence) { EXPECT_TRUE(is_found<has_no_fence>()); }
TEST(sim_replica_mutation, truncates_to_its_high_watermark) {
  EXPECT_TRUE(is_found<truncates_to_its_high_watermark>());
}
TEST(sim_replica_mutation, does_not_truncate) { EXPECT_TRUE(is_found<does_not_truncate>()); }
TEST(sim_replica_mutation, acknowledges_before_the_sync) { EXPECT_TRUE(is_found<acknowledges_before_the_sync>()); }
TEST(sim_replica_mutation, counts_its_own_write_before_the_sync) {
  EXPECT_TRUE(is_found<counts_its_own_write_before_the_sync>());
}
TEST(sim_replica_mutation, takes_entries_unchecked) { EXPECT_TRUE(is_found<takes_entries_unchecked>()); }
TEST(sim_replica_mutation, does_not_count_the_candidate) { EXPECT_TRUE(is_found<does_not_count_the_candidate>()); }
TEST(sim_replica_mutation, counts_old_acknowledgements) { EXPECT_TRUE(is_found<counts_old_acknowledgements>()); }

} // namespace
} // namespace sett::journal::test
