#include "nodes/shards/rebalance.hpp"
#include "nodes/shards/recovery_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace sett::shards {
namespace {

member at(const char* name, std::uint64_t incarnation = 1) {
  return {*node_id::parse(name), incarnation_number{incarnation}};
}

/// A cluster that carries its plan out, step by step.
struct cluster {
  std::vector<plan_member> members;
  std::vector<shard_record_at> records;
  rebalance_mode mode{rebalance_mode::on};
  std::uint32_t moves_max{1000};

  explicit cluster(std::initializer_list<const char*> names, std::uint32_t shards = 64) {
    for (const auto* n : names) members.push_back({.who = at(n)});
    for (auto& r : first_records(shards, members, 3, 2)) records.push_back({std::move(r), 1});
  }
  [[nodiscard]] std::vector<plan_step> steps() const {
    return plan({.records = records, .members = members, .mode = mode, .moves_max = moves_max});
  }
  void carry_out(const plan_step& s) {
    auto& r = records[s.shard.value].record;
    EXPECT_EQ(s.by, r.leader);
    switch (s.kind) {
    case step_kind::hand_over:
      EXPECT_NE(std::find(r.isr.begin(), r.isr.end(), s.target), r.isr.end());
      r.leader = s.target;
      ++r.epoch.value;
      break;
    case step_kind::add_replica:
      r.isr.push_back(s.target);
      break;
    case step_kind::remove_replica:
      EXPECT_NE(s.target, r.leader);
      std::erase(r.isr, s.target);
      EXPECT_GE(r.isr.size(), 3U) << "a copy was taken away before its successor was there";
      break;
    }
  }
  /// Until nothing is left to do; the number of steps.
  std::size_t settle() {
    std::size_t n = 0;
    for (int round = 0; round < 1000; ++round) {
      const auto s = steps();
      if (s.empty()) return n;
      for (const auto& one : s) carry_out(one), ++n;
    }
    ADD_FAILURE() << "the plan never ends";
    return n;
  }
  plan_member& node(const char* name) {
    return *std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.who.node == at(name).node; });
  }
  [[nodiscard]] std::map<std::string, int> leads() const {
    std::map<std::string, int> out;
    for (const auto& r : records) ++out[std::string(r.record.leader.node.view())];
    return out;
  }
};

TEST(unit_rebalance, a_new_cluster_lies_where_placement_wants_it_and_nothing_moves) {
  cluster c{"n1", "n2", "n3", "n4"};
  EXPECT_TRUE(c.steps().empty());
}

TEST(unit_rebalance, a_new_cluster_waits_for_enough_nodes) {
  std::vector<plan_member> one{{.who = at("n1")}};
  EXPECT_TRUE(first_records(4, one, 3, 2).empty());
  EXPECT_EQ(first_records(4, one, 3, 1).size(), 4U);
}

TEST(unit_rebalance, a_node_that_joins_gets_its_part_and_every_shard_ends_with_three_copies) {
  cluster c{"n1", "n2", "n3"};
  c.members.push_back({.who = at("n4")});
  EXPECT_GT(c.settle(), 0U);
  for (const auto& r : c.records) EXPECT_EQ(r.record.isr.size(), 3U);
  EXPECT_GT(c.leads()["n4"], 4);
}

TEST(unit_rebalance, a_draining_node_hands_over_first_and_ends_empty) {
  cluster c{"n1", "n2", "n3", "n4"};
  c.node("n2").draining = true;
  const auto first = c.steps();
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(first.front().kind, step_kind::hand_over);
  c.settle();
  const auto left = progress_of_drain(c.records, at("n2").node);
  EXPECT_EQ(left.leads, 0U);
  EXPECT_EQ(left.holds, 0U);
}

TEST(unit_rebalance, with_three_nodes_a_drain_hands_over_and_keeps_the_copies) {
  cluster c{"n1", "n2", "n3"};
  c.node("n2").draining = true;
  c.settle();
  EXPECT_EQ(progress_of_drain(c.records, at("n2").node).leads, 0U);
  for (const auto& r : c.records) EXPECT_EQ(r.record.isr.size(), 3U);
}

TEST(unit_rebalance, a_node_that_is_down_for_long_is_replaced_and_the_shards_it_led_wait_for_a_take_over) {
  cluster c{"n1", "n2", "n3", "n4"};
  c.node("n3").down = true;
  for (const auto& s : c.steps()) {
    EXPECT_EQ(s.kind, step_kind::add_replica);
    EXPECT_NE(s.by.node, at("n3").node);
    EXPECT_NE(s.target.node, at("n3").node);
  }
}

TEST(unit_rebalance, during_a_rollout_only_drains_hand_over) {
  cluster c{"n1", "n2", "n3"};
  c.members.push_back({.who = at("n4")});
  c.mode = rebalance_mode::rollout;
  EXPECT_TRUE(c.steps().empty());
  c.node("n1").draining = true;
  const auto s = c.steps();
  ASSERT_FALSE(s.empty());
  for (const auto& one : s) EXPECT_EQ(one.kind, step_kind::hand_over);
}

TEST(unit_rebalance, no_more_steps_than_allowed_are_under_way) {
  cluster c{"n1", "n2", "n3"};
  c.members.push_back({.who = at("n4")});
  c.moves_max = 5;
  EXPECT_EQ(c.steps().size(), 5U);
  EXPECT_EQ(plan({.records = c.records, .members = c.members, .moves_max = 5, .moves_under_way = 4}).size(), 1U);
}

recovery_item item(std::uint16_t shard, std::string id) { return {shard_id{shard}, epoch_number{1}, 7, std::move(id)}; }

TEST(unit_recovery_budget, money_comes_first_and_the_rest_at_the_share_of_the_clusters_rate) {
  recovery_budget b({.opens_per_s = 100, .money_per_s = 1000}, steady_time_ns{0});
  b.set_share(1, 2);
  for (int i = 0; i < 100; ++i) b.add(urgency::rest, item(1, "r" + std::to_string(i)));
  b.add(urgency::money, item(1, "m"));
  const auto first = b.take(steady_time_ns{1'000'000'000}, 1000);
  ASSERT_EQ(first.size(), 51U); // one with money, and half of 100 a second
  EXPECT_EQ(first.front().id, "m");
  ASSERT_TRUE(b.next(steady_time_ns{1'000'000'000}));
  EXPECT_EQ(b.next(steady_time_ns{1'000'000'000})->value, 1'020'000'000);
}

TEST(unit_recovery_budget, a_lost_shards_items_go) {
  recovery_budget b({.opens_per_s = 10, .money_per_s = 10}, steady_time_ns{0});
  b.add(urgency::rest, item(1, "a"));
  b.add(urgency::rest, item(2, "b"));
  b.drop(shard_id{1});
  const auto all = b.take(steady_time_ns{1'000'000'000}, 10);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].id, "b");
  EXPECT_FALSE(b.next(steady_time_ns{1'000'000'000}));
}

TEST(unit_recovery_budget, a_node_that_knows_no_share_of_its_own_yet_looks_again_instead_of_waiting_for_ever) {
  recovery_budget b({.opens_per_s = 10, .money_per_s = 10}, steady_time_ns{0});
  b.set_share(0, 4);
  b.add(urgency::money, item(1, "a"));
  EXPECT_TRUE(b.take(steady_time_ns{500'000'000}, 10).empty());
  ASSERT_TRUE(b.next(steady_time_ns{500'000'000}));
  EXPECT_LE(b.next(steady_time_ns{500'000'000})->value, 1'500'000'000);
  b.set_share(1, 4);
  EXPECT_EQ(b.take(steady_time_ns{1'000'000'000}, 10).size(), 1U);
}

} // namespace
} // namespace sett::shards
