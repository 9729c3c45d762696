#include "messages/ports/random.hpp"
#include "nodes/shards/directory.hpp"
#include "nodes/shards/placement.hpp"
#include "nodes/shards/rebalance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sett;
using namespace sett::shards;

node_id name(int i) { return *node_id::parse("n" + std::to_string(i)); }
member life(int i, std::uint64_t incarnation = 1) { return {name(i), incarnation_number(incarnation)}; }
std::vector<candidate> cluster(int n) {
  std::vector<candidate> out;
  for (int i = 1; i <= n; ++i) out.push_back({name(i)});
  return out;
}
constexpr std::uint32_t shard_count = 1024;
shard_id shard(std::uint32_t i) { return shard_id(static_cast<std::uint16_t>(i)); }

TEST(unit_shards_placement, an_entitys_shard_never_changes) {
  // Frozen: these stand for every record that was ever written under hash version 1.
  EXPECT_EQ(shard_of("token", "abc", 64), shard_of("token", "abc", 64));
  EXPECT_NE(shard_of("ab", "c", 4096), shard_of("a", "bc", 4096));
  std::map<shard_id, int> hits;
  for (int i = 0; i < 64'000; ++i) ++hits[shard_of("token", "mint" + std::to_string(i), 64)];
  for (const auto& [s, n] : hits) EXPECT_NEAR(n, 1000, 160) << s.value; // five standard deviations
  EXPECT_EQ(hits.size(), 64U);
}

TEST(unit_shards_placement, the_order_of_the_members_does_not_matter) {
  auto nodes = cluster(7);
  for (std::uint32_t s = 0; s < 100; ++s) {
    const auto a = wanted_replicas(shard(s), nodes, 3);
    std::reverse(nodes.begin(), nodes.end());
    EXPECT_EQ(a, wanted_replicas(shard(s), nodes, 3));
  }
}

TEST(unit_shards_placement, a_node_that_goes_leaves_only_what_it_had) {
  const auto before = cluster(5);
  auto after = before;
  after.erase(after.begin() + 2);
  for (std::uint32_t s = 0; s < shard_count; ++s) {
    const auto a = wanted_replicas(shard(s), before, 3), b = wanted_replicas(shard(s), after, 3);
    auto kept = a;
    std::erase(kept, name(3));
    if (kept.size() == 3) {
      EXPECT_EQ(a, b) << s;
    } else {
      EXPECT_EQ((std::vector{b[0], b[1]}), kept) << "those who stay keep their order";
    }
  }
}

TEST(unit_shards_placement, a_node_that_comes_takes_its_share_and_nothing_moves_between_others) {
  const auto before = cluster(4), after = cluster(5);
  int moved = 0;
  for (std::uint32_t s = 0; s < shard_count; ++s) {
    const auto a = wanted_replicas(shard(s), before, 1), b = wanted_replicas(shard(s), after, 1);
    if (a == b) continue;
    EXPECT_EQ(b.front(), name(5));
    ++moved;
  }
  EXPECT_NEAR(moved, shard_count / 5, 60);
}

TEST(unit_shards_placement, shares_follow_the_weights) {
  auto nodes = cluster(3);
  nodes[0].weight = 200;
  std::map<node_id, int> leads;
  for (std::uint32_t s = 0; s < 4096; ++s) ++leads[wanted_replicas(shard(s), nodes, 1).front()];
  EXPECT_NEAR(leads[name(1)], 2048, 160);
  EXPECT_NEAR(leads[name(2)], 1024, 140);
}

TEST(unit_shards_placement, who_is_not_eligible_gets_nothing) {
  auto nodes = cluster(3);
  nodes[1].eligible = false;
  for (std::uint32_t s = 0; s < 50; ++s) {
    const auto w = wanted_replicas(shard(s), nodes, 3);
    EXPECT_EQ(w.size(), 2U);
    EXPECT_EQ(std::count(w.begin(), w.end(), name(2)), 0);
  }
}

TEST(unit_shard_directory, the_newest_revision_wins_in_any_order) {
  ports::random rng(7);
  for (int round = 0; round < 200; ++round) {
    directory d(4);
    std::vector<std::uint64_t> revisions{3, 8, 11, 20};
    for (std::size_t i = revisions.size(); i > 1; --i) std::swap(revisions[i - 1], revisions[rng.below(i)]);
    for (const auto r : revisions) d.update(shard(1), {epoch_number(r), life(1), {life(1)}, 1, 0}, r);
    EXPECT_EQ(d.at(shard(1)).revision, 20U);
    EXPECT_EQ(d.leader_of(shard(1)).epoch, epoch_number(20));
  }
}

TEST(unit_shard_directory, a_listing_removes_what_it_does_not_have_and_late_events_do_not_bring_it_back) {
  directory d(4);
  const shard_record r{epoch_number(1), life(1), {life(1)}, 1, 0};
  d.update(shard(0), r, 5);
  d.update(shard(1), r, 9);
  const std::vector<directory::listed> all{{shard(2), r, 4}};
  EXPECT_EQ(d.replace(all, 7), (std::vector{shard(0), shard(2)}));
  EXPECT_EQ(d.at(shard(0)).revision, 0U);
  EXPECT_EQ(d.at(shard(1)).revision, 9U) << "newer than the listing";
  EXPECT_FALSE(d.update(shard(0), r, 6)) << "late";
  EXPECT_TRUE(d.update(shard(0), r, 8));
}

TEST(unit_shard_directory, moved_is_a_hint_until_the_record_comes) {
  directory d(2);
  d.update(shard(0), {epoch_number(4), life(1), {life(1)}, 1, 0}, 5);
  EXPECT_FALSE(d.moved(shard(0), {epoch_number(4), life(2)}));
  EXPECT_TRUE(d.moved(shard(0), {epoch_number(5), life(2)}));
  EXPECT_EQ(d.leader_of(shard(0)).leader, life(2));
  d.update(shard(0), {epoch_number(6), life(3), {life(3)}, 1, 0}, 6);
  EXPECT_EQ(d.leader_of(shard(0)).leader, life(3));
}

/// Carries out plans until nothing is left to do.
struct rebalancing {
  std::vector<shard_record_at> records;
  std::vector<plan_member> members;
  rebalance_mode mode{rebalance_mode::on};
  std::uint32_t moves_max{4};
  int steps{};

  explicit rebalancing(int nodes, std::uint32_t shards = 64) {
    for (int i = 1; i <= nodes; ++i) members.push_back({life(i)});
    for (auto& r : first_records(shards, members, 3, 2)) records.push_back({std::move(r), 1});
  }
  std::vector<plan_step> next() const { return plan({records, members, 3, mode, moves_max, 0}); }
  void apply(const plan_step& s) {
    auto& r = records[s.shard.value].record;
    ASSERT_EQ(s.by, r.leader);
    const auto there = std::find(r.isr.begin(), r.isr.end(), s.target);
    switch (s.kind) {
    case step_kind::hand_over:
      ASSERT_NE(there, r.isr.end());
      r.leader = s.target;
      r.epoch = epoch_number(r.epoch.value + 1);
      break;
    case step_kind::add_replica:
      ASSERT_EQ(there, r.isr.end());
      r.isr.push_back(s.target);
      std::sort(r.isr.begin(), r.isr.end());
      break;
    case step_kind::remove_replica:
      ASSERT_NE(there, r.isr.end());
      ASSERT_NE(s.target, r.leader);
      r.isr.erase(there);
      ASSERT_GE(r.isr.size(), 3U) << "the number of copies never falls";
      break;
    }
    ++records[s.shard.value].revision;
  }
  bool settle(int rounds_max = 2'000) {
    for (int i = 0; i < rounds_max; ++i) {
      const auto now = next();
      if (now.empty()) return true;
      EXPECT_LE(now.size(), moves_max);
      for (const auto& s : now) {
        apply(s);
        if (testing::Test::HasFatalFailure()) return false;
        ++steps;
      }
    }
    return false;
  }
};

TEST(unit_rebalancing, a_balanced_cluster_needs_no_step) {
  rebalancing r(3);
  EXPECT_TRUE(r.next().empty());
}

TEST(unit_rebalancing, a_new_node_gets_what_placement_wants_and_then_it_is_quiet) {
  rebalancing r(3);
  r.members.push_back({life(4)});
  ASSERT_TRUE(r.settle());
  std::vector<candidate> nodes = cluster(4);
  for (std::uint32_t s = 0; s < r.records.size(); ++s) {
    const auto wanted = wanted_replicas(shard(s), nodes, 3);
    EXPECT_EQ(r.records[s].record.leader.node, wanted.front());
    std::set<node_id> want(wanted.begin(), wanted.end()), have;
    for (const auto& m : r.records[s].record.isr) have.insert(m.node);
    EXPECT_EQ(have, want) << s;
  }
  EXPECT_LT(r.steps, 64 * 3);
}

TEST(unit_rebalancing, a_drained_node_ends_empty_and_its_leaders_go_first) {
  rebalancing r(4);
  r.members[0].draining = true;
  r.moves_max = 1;
  bool replicas_began = false;
  for (int i = 0; i < 2'000; ++i) {
    const auto now = r.next();
    if (now.empty()) break;
    const auto leads = progress_of_drain(r.records, name(1)).leads;
    if (now.front().kind != step_kind::hand_over) replicas_began = true;
    if (replicas_began) {
      EXPECT_EQ(leads, 0U) << "a leader is left while replicas move";
    }
    r.apply(now.front());
  }
  EXPECT_EQ(progress_of_drain(r.records, name(1)).holds, 0U);
  EXPECT_EQ(progress_of_drain(r.records, name(1)).leads, 0U);
}

TEST(unit_rebalancing, with_three_nodes_a_drain_takes_the_leaders_and_the_copies_that_can_go) {
  rebalancing r(3);
  r.members[0].draining = true;
  for (auto& s : r.records) s.record.min_isr = 3;
  for (int i = 0; i < 1'000; ++i) {
    const auto now = r.next();
    if (now.empty()) break;
    for (const auto& s : now) {
      EXPECT_EQ(s.kind, step_kind::hand_over) << "removing a copy would freeze the shard";
      r.apply(s);
    }
  }
  EXPECT_EQ(progress_of_drain(r.records, name(1)).leads, 0U);
}

TEST(unit_rebalancing, a_rollout_moves_only_the_leaders_of_draining_nodes) {
  rebalancing r(3);
  r.members.push_back({life(4)});
  r.mode = rebalance_mode::rollout;
  EXPECT_TRUE(r.next().empty());
  r.members[0].draining = true;
  for (const auto& s : r.next()) EXPECT_EQ(s.kind, step_kind::hand_over);
  ASSERT_TRUE(r.settle());
  EXPECT_EQ(progress_of_drain(r.records, name(1)).leads, 0U);
  EXPECT_GT(progress_of_drain(r.records, name(1)).holds, 0U);
}

TEST(unit_rebalancing, off_replaces_lost_copies_but_moves_nothing_for_balance) {
  rebalancing r(4);
  r.mode = rebalance_mode::off;
  r.members.push_back({life(5)});
  EXPECT_TRUE(r.next().empty());
  r.members[3].down = true;
  for (auto& s : r.records) { // its leaders were taken over, its copies were evicted
    auto& record = s.record;
    std::erase_if(record.isr, [&](const member& m) { return m.node == name(4); });
    if (record.leader.node == name(4)) record.leader = record.isr.front();
  }
  for (int i = 0; i < 1'000; ++i) {
    const auto now = r.next();
    if (now.empty()) break;
    for (const auto& s : now) {
      EXPECT_EQ(s.kind, step_kind::add_replica);
      r.apply(s);
    }
  }
  for (const auto& s : r.records) EXPECT_EQ(s.record.isr.size(), 3U);
}

TEST(unit_rebalancing, shards_whose_leader_is_gone_or_of_another_life_get_no_step) {
  rebalancing r(3);
  r.members[0].who = life(1, 2); // restarted
  r.members[1].draining = true;
  for (const auto& s : r.next()) EXPECT_NE(r.records[s.shard.value].record.leader.node, name(1));
}

TEST(unit_rebalancing, moves_under_way_count) {
  rebalancing r(3);
  r.members[0].draining = true;
  EXPECT_EQ(plan({r.records, r.members, 3, rebalance_mode::on, 4, 0}).size(), 4U);
  EXPECT_EQ(plan({r.records, r.members, 3, rebalance_mode::on, 4, 3}).size(), 1U);
  EXPECT_TRUE(plan({r.records, r.members, 3, rebalance_mode::on, 4, 9}).empty());
}

} // namespace
