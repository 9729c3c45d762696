// Entities that a node takes over are opened in their turn: the simulation of whole clusters, with kinds of entities
// for which there is something to be done.
#include "chaos/sim/cluster_world.hpp"
#include "nodes/journal/workload_kinds.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace {

using namespace sett;

/// A shipped entity that has to be opened.
class opened_entity final : public journal::entity {
public:
  opened_entity(std::unique_ptr<journal::entity> inner, journal::opening how) : inner_(std::move(inner)), how_(how) {}
  result<journal::entity_decision> decide(std::string_view c, const journal::decide_context& at) const override {
    return inner_->decide(c, at);
  }
  void apply(std::string_view event) override { inner_->apply(event); }
  std::string serialise() const override { return inner_->serialise(); }
  std::unique_ptr<journal::entity> clone() const override {
    return std::make_unique<opened_entity>(inner_->clone(), how_);
  }
  journal::opening opens() const override { return how_; }

private:
  std::unique_ptr<journal::entity> inner_;
  journal::opening how_;
};
class opened_kind final : public journal::entity_kind {
public:
  opened_kind(const journal::entity_kind& inner, journal::opening how) : inner_(inner), how_(how) {}
  journal::entity_kind_number number() const override { return inner_.number(); }
  std::string_view name() const override { return inner_.name(); }
  std::unique_ptr<journal::entity> create(std::string_view id) const override {
    return std::make_unique<opened_entity>(inner_.create(id), how_);
  }
  result<std::unique_ptr<journal::entity>> parse(std::string_view id, std::string_view bytes) const override {
    auto parsed = inner_.parse(id, bytes);
    if (!parsed) return std::unexpected(parsed.error());
    return std::make_unique<opened_entity>(std::move(*parsed), how_);
  }

private:
  const journal::entity_kind& inner_;
  journal::opening how_;
};

TEST(sim_recovery, what_a_node_takes_over_opens_once_those_with_money_first_and_within_the_clusters_budget) {
  journal::entity_kinds shipped;
  journal::add_workload_kinds(shipped);
  const opened_kind registers(*shipped.find(journal::register_kind), journal::opening::rest);
  const opened_kind counters(*shipped.find(journal::counter_kind), journal::opening::money);
  journal::entity_kinds kinds;
  kinds.add(registers);
  kinds.add(counters);
  kinds.add(*shipped.find(journal::queue_kind));
  sim::planted_parts planted;
  planted.kinds = &kinds;
  planted.recovery = {.opens_per_s = 4, .money_per_s = 20};
  std::uint64_t opened = 0, changes = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto r = sim::run_world(sim::draw_options(seed), planted);
    ASSERT_TRUE(r.passed) << "seed " << seed << ": " << r.violation;
    if (const auto it = r.happened.find("entities-opened"); it != r.happened.end()) opened += it->second;
    changes += r.leader_changes;
  }
  EXPECT_GT(changes, 50U);
  EXPECT_GT(opened, 500U);
}

} // namespace
