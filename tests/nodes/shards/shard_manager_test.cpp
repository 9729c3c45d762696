#include "chaos/sim/simulated_consensus.hpp"
#include "nodes/shards/shard_manager_actor.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace sett;
using namespace sett::shards;
constexpr std::int64_t ms = 1'000'000;

membership::member_record record_of(const char* name) {
  membership::member_record r;
  r.node = *node_id::parse(name);
  r.incarnation = incarnation_number{1};
  r.roles = *membership::parse_roles("compute");
  return r;
}

std::shared_ptr<const membership::membership_view> view_of(std::uint64_t version, std::vector<const char*> others) {
  auto v = std::make_shared<membership::membership_view>();
  v->version = version;
  v->self = record_of("n1");
  v->registered = true;
  for (const auto* name : others) {
    membership::member_state o;
    o.record = record_of(name);
    o.listed = true;
    v->others.push_back(std::move(o));
  }
  return v;
}

/// A manager of one shard whose actor only notes which views it is told.
struct managed {
  managed()
      : store([this](std::int64_t delay, std::function<void()> fn) { time.at(delay, std::move(fn)); },
              ports::random(1)),
        client(store.client("n1")) {
    auto env = std::make_shared<shard_environment>();
    env->self = record_of("n1").who();
    env->consensus = client.get();
    env->clock = &time;
    env->on_fatal = [](shard_id, const error& e) { ADD_FAILURE() << e.message; };
    auto setup = std::make_shared<shard_manager_setup>();
    setup->shard = env;
    setup->shard_count = 1;
    setup->replicas = 2;
    setup->min_isr = 1;
    setup->actors = std::make_shared<supervision::registry>();
    setup->table = std::make_shared<shard_table>(1);
    setup->view = [this] { return published; };
    setup->make_shard = [this](caf::actor_system& s, const supervision::cell_ptr&, shard_id, const auto&, const auto&,
                               const caf::actor&) -> caf::actor {
      return s.spawn([this](caf::event_based_actor*) -> caf::behavior {
        return {[this](const shard_members& m) { told = m.view; }, [](const shard_record_seen&) {},
                [](const shard_wish&) {}, [](const shard_hand_over&) {}};
      });
    };
    manager_setup = setup;
  }
  void start() {
    actors.spawn<shard_manager_actor>(
        std::make_shared<supervision::actor_cell>(supervision::directory_id{0}, "shards", 10'000U),
        std::shared_ptr<const shard_manager_setup>(manager_setup));
  }
  void run(std::int64_t total_ms) {
    for (std::int64_t i = 0; i < total_ms; i += 10) {
      actors.advance(std::chrono::milliseconds(10));
      time.advance(10 * ms);
      actors.run();
    }
  }

  test::virtual_time time;
  sim::simulated_consensus store;
  std::unique_ptr<ports::consensus_store> client;
  std::shared_ptr<const membership::membership_view> published, told;
  std::shared_ptr<const shard_manager_setup> manager_setup;
  test::deterministic_system actors;
};

TEST(unit_shard_manager, takes_up_a_view_that_was_published_while_it_started_and_reached_nobody) {
  managed m;
  m.published = view_of(1, {});
  m.start();
  m.run(500);
  ASSERT_TRUE(m.told);
  EXPECT_EQ(m.told->version, 1U);

  // The membership found no manager in the registry: no message comes, and no later view.
  m.published = view_of(2, {"n2"});
  m.run(500);
  EXPECT_EQ(m.told->version, 2U);
  EXPECT_EQ(m.told->others.size(), 1U);
}

TEST(unit_shard_manager, takes_up_the_first_view_when_it_started_before_there_was_one) {
  managed m;
  m.start();
  m.run(500);
  EXPECT_FALSE(m.told);
  m.published = view_of(1, {"n2"});
  m.run(500);
  ASSERT_TRUE(m.told);
  EXPECT_EQ(m.told->version, 1U);
}

} // namespace
