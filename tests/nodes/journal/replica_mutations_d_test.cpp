// The simulation finds each rule that is broken alone: rules 12 to 18.
#include "tests/nodes/journal/replica_mutations.hpp"
#include "tests/nodes/journal/replica_world.hpp"

#include <gtest/gtest.h>

namespace sett::journal::test {
namespace {

TEST(sim_replica_mutation, does_not_store_the_mark) { EXPECT_TRUE(is_found<does_not_store_the_mark>()); }
TEST(sim_replica_mutation, replaces_itself_always) { EXPECT_TRUE(is_found<replaces_itself_always>()); }
TEST(sim_replica_mutation, never_replaces_itself) { EXPECT_TRUE(is_found<never_replaces_itself>()); }
TEST(sim_replica_mutation, empties_the_isr) { EXPECT_TRUE(is_found<empties_the_isr>()); }
TEST(sim_replica_mutation, recovers_at_once) { EXPECT_TRUE(is_found<recovers_at_once>()); }
TEST(sim_replica_mutation, never_steps_down) { EXPECT_TRUE(is_found<never_steps_down>()); }
TEST(sim_replica_mutation, cuts_beyond_its_own_state) { EXPECT_TRUE(is_found<cuts_beyond_its_own_state>()); }
TEST(sim_replica_mutation, installs_a_late_snapshot) { EXPECT_TRUE(is_found<installs_a_late_snapshot>()); }
TEST(sim_replica_mutation, keeps_its_incarnation_over_a_start) {
  EXPECT_TRUE(is_found<shipped_rules>(host_mutation::keeps_incarnation));
}

} // namespace
} // namespace sett::journal::test
