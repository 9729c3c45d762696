// The simulation finds each rule that is broken alone: rules 1 to 5.
#include "tests/nodes/journal/replica_mutations.hpp"
#include "tests/nodes/journal/replica_world.hpp"

#include <gtest/gtest.h>

namespace sett::journal::test {
namespace {

TEST(sim_replica_mutation, compares_no_revision) { EXPECT_TRUE(is_found<compares_no_revision>()); }
TEST(sim_replica_mutation, takes_a_lost_answer_for_a_failure) {
  EXPECT_TRUE(is_found<takes_a_lost_answer_for_a_failure>());
}
TEST(sim_replica_mutation, settles_by_reading) { EXPECT_TRUE(is_found<settles_by_reading>()); }
TEST(sim_replica_mutation, lets_anybody_take_over) { EXPECT_TRUE(is_found<lets_anybody_take_over>()); }
TEST(sim_replica_mutation, lets_any_incarnation_take_over) { EXPECT_TRUE(is_found<lets_any_incarnation_take_over>()); }
TEST(sim_replica_mutation, resumes_a_leadership) { EXPECT_TRUE(is_found<resumes_a_leadership>()); }
TEST(sim_replica_mutation, speaks_before_its_promise_is_synced) {
  EXPECT_TRUE(is_found<speaks_before_its_promise_is_synced>());
}
TEST(sim_replica_mutation, forgets_its_promise) { EXPECT_TRUE(is_found<forgets_its_promise>()); }

} // namespace
} // namespace sett::journal::test
