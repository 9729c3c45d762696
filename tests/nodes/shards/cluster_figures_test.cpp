#include "nodes/shards/cluster_figures.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sett::shards {
namespace {

member life(const char* node, std::uint64_t incarnation = 1) {
  return {*node_id::parse(node), incarnation_number{incarnation}};
}
const member a = life("n1"), b = life("n2"), c = life("n3");

shard_record_at record(const member& leader, std::vector<member> isr, std::uint32_t min_isr = 2) {
  return {{.epoch = epoch_number{3}, .leader = leader, .isr = std::move(isr), .min_isr = min_isr, .data_loss = 0}, 9};
}

TEST(unit_cluster_figures, a_whole_cluster_lacks_nothing_and_shares_are_by_node) {
  const std::vector<shard_record_at> records{record(a, {a, b, c}), record(b, {b, a, c}), record(a, {a, c, b})};
  const auto f = count_figures(records, std::vector{a, b, c}, 3);
  EXPECT_EQ(f.shards, 3U);
  EXPECT_EQ(f.without_leader + f.under_replicated + f.below_min_isr + f.data_loss, 0U);
  EXPECT_EQ(f.by_node.at(a.node).leads, 2U);
  EXPECT_EQ(f.by_node.at(b.node).leads, 1U);
  EXPECT_EQ(f.by_node.at(c.node).leads, 0U);
  EXPECT_EQ(f.by_node.at(c.node).holds, 3U);
}

TEST(unit_cluster_figures, a_shard_is_led_only_by_the_very_life_that_is_up) {
  const std::vector<shard_record_at> records{record(a, {a, b, c}), record(b, {b, a, c})};
  EXPECT_EQ(count_figures(records, std::vector{b, c}, 3).without_leader, 1U) << "n1 is down";
  EXPECT_EQ(count_figures(records, std::vector{life("n1", 2), b, c}, 3).without_leader, 1U) << "n1 was started again";
}

TEST(unit_cluster_figures, a_shard_without_record_or_that_was_never_led_has_no_leader) {
  auto never = record(a, {a, b, c});
  never.record.epoch = epoch_number{0};
  const std::vector<shard_record_at> records{{}, never};
  const auto f = count_figures(records, std::vector{a, b, c}, 3);
  EXPECT_EQ(f.without_leader, 2U);
  EXPECT_EQ(f.under_replicated, 0U) << "nothing is known of the replicas of a shard without record";
}

TEST(unit_cluster_figures, missing_replicas_and_too_few_to_commit_are_told_apart) {
  auto lost = record(c, {c, a, b});
  lost.record.data_loss = 2;
  const std::vector<shard_record_at> records{record(a, {a, b}), record(b, {b}), lost};
  const auto f = count_figures(records, std::vector{a, b, c}, 3);
  EXPECT_EQ(f.under_replicated, 2U);
  EXPECT_EQ(f.below_min_isr, 1U);
  EXPECT_EQ(f.data_loss, 1U) << "shards are counted, not losses";
  EXPECT_EQ(count_figures(records, std::vector{a, b, c}, 2).under_replicated, 1U);
}

} // namespace
} // namespace sett::shards
