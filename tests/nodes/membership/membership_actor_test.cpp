#include "chaos/sim/simulated_consensus.hpp"
#include "chaos/sim/simulated_network.hpp"
#include "nodes/membership/membership_actor.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sett;
using namespace sett::membership;
constexpr std::int64_t ms = 1'000'000;

/// One life of a node's membership, its own disk in `disk`.
class life final : public ports::network_handler {
public:
  struct disk {
    incarnation_number intent;
  };
  life(test::deterministic_system& actors, test::virtual_time& time, sim::simulated_consensus& store,
       sim::simulated_fabric& fabric, const std::string& name, disk& own, cluster_record cluster, std::uint64_t seed)
      : all(actors), network(fabric.attach()), client(store.client(name)) {
    beats = std::make_shared<beater>(detector_settings{}, *network, time, time, metrics);
    auto s = std::make_shared<membership_setup>();
    s->cluster = std::move(cluster);
    s->self.node = *node_id::parse(name);
    s->self.host = "127.0.0.1";
    s->self.roles = *parse_roles("compute");
    s->self.cluster_id = s->cluster.cluster_id;
    s->self.shard_count = s->cluster.shard_count;
    s->self.hash_version = s->cluster.hash_version;
    s->stored_intent = own.intent;
    s->sync_intent = [&own](incarnation_number n, bool, std::function<void(result<void>)> done) {
      own.intent = n;
      done({});
    };
    s->store = client.get();
    s->clock = &time;
    s->timer = &time;
    s->beats = beats;
    s->metrics = &metrics;
    s->chance = ports::random(seed).split(name);
    s->on_registered = [this](const member& who, bool whole) {
      self = who;
      intact = whole;
      network->start(who, *this);
    };
    s->on_view = [this](const membership_view& v) {
      EXPECT_GT(v.version, view ? view->version : 0);
      view = v;
      std::vector<ports::peer_address> peers;
      for (const auto& o : v.others) peers.push_back(o.record.address());
      network->set_peers(std::move(peers));
    };
    s->on_ended = [this](const error& e) { ended = e; };
    actor = actors.spawn<membership_actor>(
        std::make_shared<supervision::actor_cell>(supervision::directory_id{0}, "m", 10'000U),
        std::shared_ptr<const membership_setup>(s));
    setup = s;
  }
  ~life() override { // a kill
    beats->stop();
    network->stop();
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(actor), caf::exit_reason::kill);
    all.run();
  }
  void on_packets(const member& from, std::span<ports::packet> packets) override {
    for (const auto& p : packets)
      if (p.kind == beat_kind) beats->on_packet(from, p);
  }
  void on_reset(const member&, ports::lane) override {}

  [[nodiscard]] const member_state* other(const std::string& name) const {
    if (!view) return nullptr;
    for (const auto& o : view->others)
      if (o.record.node.view() == name) return &o;
    return nullptr;
  }

  test::deterministic_system& all;
  telemetry::node_metrics metrics;
  std::unique_ptr<ports::network> network;
  std::unique_ptr<ports::consensus_store> client;
  std::shared_ptr<beater> beats;
  std::shared_ptr<const membership_setup> setup;
  caf::actor actor;
  std::optional<member> self;
  bool intact{};
  std::optional<membership_view> view;
  std::optional<error> ended;
};

struct world {
  explicit world(std::uint64_t seed = 1)
      : seed_(seed),
        store([this](std::int64_t delay, std::function<void()> fn) { time.at(delay, std::move(fn)); },
              ports::random(seed)),
        fabric(seed, {[this] { return time.now_ns(); },
                      [this](std::int64_t delay, std::function<void()> fn) { time.at(delay, std::move(fn)); }}) {}
  ~world() {
    nodes.clear();
    actors.run();
  }
  life& start(const std::string& name, std::optional<cluster_record> cluster = std::nullopt) {
    nodes[name] =
        std::make_unique<life>(actors, time, store, fabric, name, disks[name],
                               cluster.value_or(cluster_record{"c1", 64, 1, 2, 3, "ab", rebalance_mode::on}), ++seed_);
    return *nodes[name];
  }
  void kill(const std::string& name) {
    nodes.erase(name);
    actors.run();
  }
  void run(std::int64_t total_ms) {
    for (std::int64_t i = 0; i < total_ms; ++i) {
      actors.run();
      time.advance(ms);
      actors.run();
    }
  }
  template <class Holds>
  bool within(std::int64_t at_most_ms, Holds holds) {
    for (std::int64_t i = 0; i < at_most_ms; ++i) {
      if (holds()) return true;
      run(1);
    }
    return holds();
  }
  life& at(const std::string& name) { return *nodes.at(name); }
  bool all_see_each_other() {
    for (const auto& [name, n] : nodes) {
      if (!n->view || n->view->others.size() + 1 != nodes.size()) return false;
      for (const auto& o : n->view->others)
        if (o.seen.down || o.seen.state != condition::alive) return false;
    }
    return true;
  }

  std::uint64_t seed_;
  test::virtual_time time;
  test::deterministic_system actors;
  sim::simulated_consensus store;
  sim::simulated_fabric fabric;
  std::map<std::string, life::disk> disks;
  std::map<std::string, std::unique_ptr<life>> nodes;
};

struct three : world {
  explicit three(std::uint64_t seed = 1) : world(seed) {
    for (const auto* name : {"n1", "n2", "n3"}) start(name);
    EXPECT_TRUE(within(5'000, [this] { return all_see_each_other(); }));
    run(500);
  }
};

TEST(unit_membership, nodes_register_and_find_each_other) {
  three w;
  EXPECT_TRUE(w.at("n1").intact);
  EXPECT_EQ(to_text(*w.at("n1").self), "n1@1");
  EXPECT_TRUE(w.at("n2").view->registered);
  EXPECT_TRUE(w.store.truth().contains("/nodes/n3"));
  w.run(60'000);
  EXPECT_TRUE(w.all_see_each_other()) << "a minute later nothing has changed";
}

TEST(unit_membership, a_killed_node_is_told_down_within_half_a_second_and_later_forgotten) {
  three w;
  w.kill("n1");
  const auto down = [&](const char* by) { return w.at(by).other("n1") != nullptr && w.at(by).other("n1")->seen.down; };
  EXPECT_TRUE(w.within(510, [&] { return down("n2") && down("n3"); }));
  EXPECT_TRUE(w.within(10'000, [&] { return w.at("n2").other("n1") == nullptr && w.at("n3").other("n1") == nullptr; }));
}

TEST(unit_membership, a_restarted_node_is_another_member_with_a_higher_incarnation) {
  three w;
  w.kill("n1");
  w.run(700);
  w.start("n1");
  ASSERT_TRUE(w.within(5'000, [&] { return w.all_see_each_other(); }));
  EXPECT_EQ(to_text(*w.at("n1").self), "n1@2");
  EXPECT_TRUE(w.at("n1").intact);
  EXPECT_EQ(to_text(w.at("n2").other("n1")->record.who()), "n1@2");
}

TEST(unit_membership, a_start_with_a_lost_intent_is_not_intact) {
  three w;
  w.kill("n1");
  w.disks["n1"] = {};
  w.start("n1");
  ASSERT_TRUE(w.within(5'000, [&] { return w.at("n1").self.has_value(); }));
  EXPECT_FALSE(w.at("n1").intact);
  EXPECT_EQ(to_text(*w.at("n1").self), "n1@2");
}

TEST(unit_membership, a_node_with_other_settings_is_refused_with_the_difference) {
  three w;
  auto& wrong = w.start("n4", cluster_record{"c1", 128, 1, 2, 3, "ab", rebalance_mode::on});
  ASSERT_TRUE(w.within(5'000, [&] { return wrong.ended.has_value(); }));
  EXPECT_NE(wrong.ended->message.find("shard count: here 128, the cluster has 64"), std::string::npos);
  EXPECT_FALSE(wrong.self);
  EXPECT_FALSE(w.store.truth().contains("/nodes/n4"));
}

TEST(unit_membership, of_two_processes_with_one_id_the_older_ends) {
  three w;
  life::disk copied = w.disks["n1"];
  const auto twin = std::make_unique<life>(w.actors, w.time, w.store, w.fabric, "n1", copied,
                                           cluster_record{"c1", 64, 1, 2, 3, "ab", rebalance_mode::on}, 99);
  ASSERT_TRUE(w.within(10'000, [&] { return w.at("n1").ended.has_value(); }));
  EXPECT_EQ(w.at("n1").ended->code, static_cast<std::uint16_t>(membership_errc::superseded));
  EXPECT_FALSE(twin->ended);
  EXPECT_EQ(to_text(*twin->self), "n1@2");
  w.run(10'000);
  EXPECT_FALSE(twin->ended);
}

TEST(unit_membership, with_the_store_gone_for_a_minute_nobody_disappears) {
  three w;
  w.store.lose_quorum(60'000 * ms);
  for (int i = 0; i < 70; ++i) {
    w.run(1'000);
    ASSERT_TRUE(w.all_see_each_other()) << i;
  }
  w.run(10'000);
  for (const auto* name : {"n1", "n2", "n3"}) {
    EXPECT_TRUE(w.at(name).view->registered);
    EXPECT_EQ(w.at(name).self->incarnation.value, 1U);
    EXPECT_FALSE(w.at(name).ended);
  }
}

TEST(unit_membership, a_node_cut_off_from_the_store_alone_stays_a_member_and_registers_again) {
  three w;
  w.store.set_cut("n1", sim::simulated_consensus::cut::requests);
  w.run(20'000);
  EXPECT_FALSE(w.store.truth().contains("/nodes/n1")) << "its lease is gone";
  EXPECT_TRUE(w.all_see_each_other()) << "but it is heard";
  EXPECT_FALSE(w.at("n1").view->store_reachable);
  w.store.set_cut("n1", sim::simulated_consensus::cut::none);
  w.run(5'000);
  EXPECT_TRUE(w.store.truth().contains("/nodes/n1"));
  EXPECT_EQ(w.at("n1").self->incarnation.value, 1U) << "the same life";
}

TEST(unit_membership, a_lease_that_lies_costs_nothing_but_a_new_registration) {
  three w;
  sim::consensus_faults f;
  f.revoked_though_kept = 0.3;
  f.kept_though_revoked = 0.3;
  w.store.set_faults(f);
  for (int i = 0; i < 60; ++i) {
    w.run(1'000);
    ASSERT_TRUE(w.all_see_each_other()) << i;
  }
  w.store.set_faults({});
  w.run(10'000);
  EXPECT_GT(w.store.counts().revoked_though_kept, 0U);
  for (const auto* name : {"n1", "n2", "n3"}) {
    EXPECT_TRUE(w.store.truth().contains(std::string("/nodes/") + name));
    EXPECT_EQ(w.at(name).self->incarnation.value, 1U);
  }
}

TEST(unit_membership, an_ordered_leave_is_seen_at_once_and_leaves_no_key) {
  three w;
  caf::anon_send(w.at("n1").actor, leave_cluster{});
  EXPECT_TRUE(w.within(100, [&] { return w.at("n2").other("n1") != nullptr && w.at("n2").other("n1")->seen.down; }));
  EXPECT_TRUE(w.within(1'000, [&] { return !w.store.truth().contains("/nodes/n1"); }));
  EXPECT_TRUE(w.within(5'000, [&] { return w.at("n2").other("n1") == nullptr; }));
  EXPECT_FALSE(w.at("n1").ended) << "it was asked to";
}

TEST(unit_membership, the_mode_and_a_drain_reach_everybody) {
  three w;
  caf::anon_send(w.at("n1").actor, set_rebalance_mode{rebalance_mode::rollout});
  caf::anon_send(w.at("n2").actor, set_draining{true});
  EXPECT_TRUE(w.within(5'000, [&] {
    return w.at("n3").view->cluster.mode == rebalance_mode::rollout && w.at("n3").other("n2")->record.draining;
  }));
  caf::anon_send(w.at("n2").actor, set_draining{false});
  EXPECT_TRUE(w.within(5'000, [&] { return !w.at("n3").other("n2")->record.draining; }));
  EXPECT_TRUE(w.at("n3").other("n2")->listed);
}

TEST(unit_membership, a_drain_is_taken_back_although_the_answer_to_it_was_lost) {
  three w;
  sim::consensus_faults f;
  f.lost_executed = 1;
  w.store.set_faults(f);
  caf::anon_send(w.at("n2").actor, set_draining{true});
  EXPECT_TRUE(w.within(5'000, [&] { return w.at("n3").other("n2")->record.draining; }));
  caf::anon_send(w.at("n2").actor, set_draining{false});
  w.store.set_faults({});
  EXPECT_TRUE(w.within(20'000, [&] { return !w.at("n3").other("n2")->record.draining; }));
}

TEST(unit_membership, whatever_the_store_does_a_start_ends_registered_under_one_number_of_its_own) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    world w(seed);
    sim::consensus_faults f;
    f.not_sent = f.lost_never = f.lost_executed = f.lost_late = f.read_failed = f.slow = 0.12;
    f.watch_gap = f.watch_duplicate = f.watch_end = f.watch_stale = 0.1;
    f.revoked_though_kept = f.kept_though_revoked = 0.05;
    w.store.set_faults(f);
    for (const auto* name : {"n1", "n2", "n3"}) w.start(name);
    w.run(20'000);
    w.store.change_leader();
    w.run(5'000);
    w.store.set_faults({});
    ASSERT_TRUE(w.within(20'000, [&] { return w.all_see_each_other(); })) << "seed " << seed;
    w.run(5'000);
    for (const auto& [name, n] : w.nodes) {
      ASSERT_FALSE(n->ended) << "seed " << seed << ": " << n->ended->message;
      ASSERT_TRUE(n->self) << seed;
      const auto start = decode_start_record(w.store.truth().at("/starts/" + name).value);
      EXPECT_EQ(start->incarnation, n->self->incarnation) << "seed " << seed;
      EXPECT_LE(n->self->incarnation, w.disks[name].intent) << "the intent was synced first";
      EXPECT_TRUE(w.store.truth().contains("/nodes/" + name)) << "seed " << seed;
    }
  }
}

} // namespace
