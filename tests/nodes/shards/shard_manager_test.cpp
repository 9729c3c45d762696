#include "chaos/sim/simulated_consensus.hpp"
#include "nodes/shards/shard_manager_actor.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
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

/// A manager of two shards whose actors only note which views they are told.
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
    setup->shard_count = 2;
    setup->recovery = {.opens_per_s = 20, .money_per_s = 20};
    setup->on_open = [this](shard_id, epoch_number, const journal::entity_ref& e) { opened.push_back(e.id); };
    setup->replicas = 2;
    setup->min_isr = 1;
    setup->actors = std::make_shared<supervision::registry>();
    setup->table = std::make_shared<shard_table>(2);
    setup->view = [this] { return published; };
    setup->make_shard = [this](caf::actor_system& s, const supervision::cell_ptr&, shard_id, const auto&, const auto&,
                               const caf::actor&) -> caf::actor {
      // The second argument is for CAF: with none it binds a reference to nothing.
      return s.spawn(
          [this](caf::event_based_actor*, int) -> caf::behavior {
            return {[this](const shard_members& m) { told = m.view; }, [](const shard_record_seen&) {},
                    [](const shard_wish&) {}, [](const shard_hand_over&) {}};
          },
          0);
    };
    manager_setup = setup;
  }
  /// The shard's record: who leads it.
  void led_by(std::uint16_t shard, const char* node) {
    ports::consensus_transaction t;
    t.puts.push_back({journal::shard_key(shard_id{shard}),
                      journal::encode({.epoch = epoch_number{1},
                                       .leader = record_of(node).who(),
                                       .isr = {record_of("n1").who()},
                                       .min_isr = 1,
                                       .data_loss = 0}),
                      0});
    client->commit(std::move(t), [](const auto& done) { EXPECT_TRUE(done && done->executed); });
    run(100);
  }
  void start() {
    manager = actors.spawn<shard_manager_actor>(
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
  std::vector<std::string> opened;
  std::shared_ptr<const shard_manager_setup> manager_setup;
  test::deterministic_system actors;
  caf::actor manager;
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

TEST(unit_shard_manager, opens_what_it_took_over_with_money_first_at_its_share_and_only_while_it_serves) {
  managed m;
  m.published = view_of(1, {"n2"});
  m.led_by(0, "n1");
  m.led_by(1, "n2");
  m.start();
  m.run(2'000); // half of 20 a second fill the bucket: 10
  std::vector<std::pair<journal::entity_ref, journal::opening>> entities;
  for (int i = 0; i < 40; ++i)
    entities.emplace_back(journal::entity_ref{journal::entity_kind_number{9}, "r" + std::to_string(i)},
                          journal::opening::rest);
  entities.emplace_back(journal::entity_ref{journal::entity_kind_number{9}, "m"}, journal::opening::money);
  caf::anon_send(m.manager, shard_changed{shard_id{0}, journal::replica_role::leading, epoch_number{1}});
  caf::anon_send(m.manager, shard_opens{shard_id{0}, epoch_number{1}, entities});
  m.run(1'000);
  ASSERT_FALSE(m.opened.empty());
  EXPECT_EQ(m.opened.front(), "m");
  EXPECT_NEAR(static_cast<double>(m.opened.size()), 1 + 10 + 10, 2);

  caf::anon_send(m.manager, shard_changed{shard_id{0}, journal::replica_role::follower, epoch_number{2}});
  m.run(100);
  const auto then = m.opened.size();
  m.run(2'000);
  EXPECT_EQ(m.opened.size(), then);
}

} // namespace
