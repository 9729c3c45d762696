// The simulation finds each rule that is broken alone.
#include "tests/nodes/journal/replica_mutations.hpp"
#include "tests/nodes/journal/replica_world.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace sett::journal::test {
namespace {

/// Whether some seed up to `last` violates an invariant; prints which one.
bool is_found(mutation broken, host_mutation host = host_mutation::none) {
  broken_rules::broken = broken;
  const char* wanted = std::getenv("SETT_JOURNAL_SEEDS");
  const std::uint64_t last = wanted == nullptr ? 10'000 : std::stoull(wanted);
  for (std::uint64_t seed = 1; seed <= last; ++seed) {
    world<broken_rules> w(seed, host);
    // Most broken rules show under faults; some only leave a world that does not heal, which takes longer to see.
    const bool heals = seed % 4 == 0;
    if (const auto failure = heals ? w.run() : w.run(9'000'000'000, 0); !failure.empty()) {
      std::printf("found with seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.substr(0, 200).c_str());
      broken_rules::broken = mutation::none;
      return true;
    }
  }
  broken_rules::broken = mutation::none;
  return false;
}

class sim_replica_mutation : public testing::TestWithParam<std::size_t> {};

/// These need a coincidence that the world seldom makes: hundreds of seeds and more. They run when a number of seeds is
/// asked for.
bool is_rare(mutation m) {
  switch (m) {
  case mutation::settles_by_reading:
  case mutation::does_not_count_the_candidate:
  case mutation::counts_old_acknowledgements:
  case mutation::recovers_at_once:
  case mutation::never_steps_down:
  case mutation::installs_a_late_snapshot:
    return true;
  default:
    return false;
  }
}

TEST_P(sim_replica_mutation, is_found) {
  const auto m = static_cast<mutation>(GetParam());
  if (is_rare(m) && std::getenv("SETT_JOURNAL_SEEDS") == nullptr)
    GTEST_SKIP() << "takes many seeds: set SETT_JOURNAL_SEEDS";
  EXPECT_TRUE(is_found(m));
}

INSTANTIATE_TEST_SUITE_P(each, sim_replica_mutation,
                         testing::Range(std::size_t{1}, static_cast<std::size_t>(mutation::count)),
                         [](const auto& tested) { return std::string(mutation_names[tested.param]); });

TEST(sim_replica_host_mutation, keeping_an_incarnation_over_a_start_is_found) {
  EXPECT_TRUE(is_found(mutation::none, host_mutation::keeps_incarnation));
}

TEST(sim_replica_host_mutation, without_a_mutation_the_same_policy_is_clean) {
  broken_rules::broken = mutation::none;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) EXPECT_EQ(world<broken_rules>(seed).run(), "") << "seed " << seed;
}

} // namespace
} // namespace sett::journal::test
