// The shipped rules hold their invariants in the cruel world, over many seeds.
#include "tests/nodes/journal/replica_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace sett::journal::test {
namespace {

std::uint64_t seeds(std::uint64_t usual) {
  const char* wanted = std::getenv("SETT_JOURNAL_SEEDS"); // more, for a long run
  return wanted == nullptr ? usual : std::stoull(wanted);
}

TEST(sim_replica, keeps_its_invariants_and_converges_over_many_seeds) {
  world_figures all;
  const char* one = std::getenv("SETT_JOURNAL_SEED");
  const std::uint64_t first = one == nullptr ? 1 : std::stoull(one);
  const std::uint64_t last = one == nullptr ? seeds(150) : first;
  std::uint64_t changed_leader = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    world<shipped_rules> w(seed);
    w.print = one != nullptr;
    ASSERT_EQ(w.run(), "") << "seed " << seed;
    const auto& f = w.figures();
    all.events += f.events;
    all.released += f.released;
    all.epochs += f.epochs;
    all.crashes += f.crashes;
    all.not_intact += f.not_intact;
    all.freezes += f.freezes;
    all.partitions += f.partitions;
    all.grown += f.grown;
    all.shrunk += f.shrunk;
    all.replaced += f.replaced;
    all.recovered += f.recovered;
    all.lost_answers += f.lost_answers;
    all.late_executions += f.late_executions;
    all.snapshots += f.snapshots;
    all.truncations += f.truncations;
    all.hand_overs += f.hand_overs;
    all.step_downs += f.step_downs;
    all.reads += f.reads;
    all.isolated += f.isolated;
    all.recovered_beside += f.recovered_beside;
    changed_leader += f.epochs > 0 ? 1 : 0;
  }
  std::printf("seeds %llu, with a change of leader %llu; events %llu, released %llu, epochs %llu, crashes %llu, not "
              "intact %llu, freezes "
              "%llu, partitions %llu, grown %llu, shrunk %llu, replaced %llu, recovered %llu, lost answers %llu, late "
              "executions %llu, exports %llu, truncations %llu, hand-overs %llu, step-downs %llu, fresh reads %llu, "
              "isolated %llu, "
              "recovered beside a leader %llu\n",
              static_cast<unsigned long long>(last - first + 1), static_cast<unsigned long long>(changed_leader),
              static_cast<unsigned long long>(all.events), static_cast<unsigned long long>(all.released),
              static_cast<unsigned long long>(all.epochs), static_cast<unsigned long long>(all.crashes),
              static_cast<unsigned long long>(all.not_intact), static_cast<unsigned long long>(all.freezes),
              static_cast<unsigned long long>(all.partitions), static_cast<unsigned long long>(all.grown),
              static_cast<unsigned long long>(all.shrunk), static_cast<unsigned long long>(all.replaced),
              static_cast<unsigned long long>(all.recovered), static_cast<unsigned long long>(all.lost_answers),
              static_cast<unsigned long long>(all.late_executions), static_cast<unsigned long long>(all.snapshots),
              static_cast<unsigned long long>(all.truncations), static_cast<unsigned long long>(all.hand_overs),
              static_cast<unsigned long long>(all.step_downs), static_cast<unsigned long long>(all.reads),
              static_cast<unsigned long long>(all.isolated), static_cast<unsigned long long>(all.recovered_beside));
  if (one != nullptr) return;
  // A run in which nothing happened proves nothing.
  EXPECT_GT(changed_leader * 10, (last - first + 1) * 8);
  for (const auto sometimes : {all.crashes, all.not_intact, all.freezes, all.partitions, all.grown, all.shrunk,
                               all.replaced, all.recovered, all.lost_answers, all.late_executions, all.snapshots,
                               all.truncations, all.hand_overs, all.step_downs, all.reads})
    EXPECT_GT(sometimes, 0U);
}

TEST(sim_replica, does_the_same_again_for_the_same_seed) {
  world<shipped_rules> a(17);
  world<shipped_rules> b(17);
  EXPECT_EQ(a.run(), "");
  EXPECT_EQ(b.run(), "");
  EXPECT_EQ(a.trace_hash(), b.trace_hash());
}

} // namespace
} // namespace sett::journal::test
