// Real sockets on loopback, ports chosen by the system: who gets in, who does not, and what happens when a peer goes,
// comes again, stands still or changes its key.
#include "nodes/telemetry/metrics_io.hpp"
#include "nodes/transport/key_rotation_io.hpp"
#include "nodes/transport/node_keys_io.hpp"
#include "nodes/transport/transport_metrics.hpp"
#include "nodes/transport/zmq_network_io.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/// libzmq is not built with the sanitizer, so its own locking, and how it hands a message's bytes over to the reader,
/// cannot be seen: what it does itself and the reading of those bytes is left out, nothing else.
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libzmq.so\nrace:sett::transport::decode_frame\n";
}
#endif
#endif

namespace sett::transport {
namespace {

node_id name(const char* text) { return *node_id::parse(text); }
member life(const char* text, std::uint64_t n) { return {name(text), incarnation_number(n)}; }

struct inbox final : ports::network_handler {
  void on_packets(const member& from, std::span<ports::packet> packets) override {
    std::unique_lock lock(mutex);
    for (auto& p : packets) got.emplace_back(from, std::move(p));
    arrived.notify_all();
    standing.wait(lock, [this] { return !stand_still; });
  }
  void on_reset(const member& peer, ports::lane) override {
    const std::lock_guard lock(mutex);
    resets.push_back(peer);
    arrived.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, std::chrono::seconds(60), [&] { return got.size() >= count; });
  }
  void set_still(bool still) {
    const std::lock_guard lock(mutex);
    stand_still = still;
    standing.notify_all();
  }
  std::size_t size() {
    const std::lock_guard lock(mutex);
    return got.size();
  }
  std::mutex mutex;
  std::condition_variable arrived, standing;
  bool stand_still{};
  std::vector<std::pair<member, ports::packet>> got;
  std::vector<member> resets;
};

struct node {
  node(const char* who, std::uint64_t incarnation, const node_key& k, const trusted_keys& trusted,
       session_options sessions = {})
      : self(life(who, incarnation)), key(k) {
    zmq_network_options o;
    o.cluster = "test";
    o.key = k;
    o.listen_host = "127.0.0.1";
    o.sessions = sessions;
    auto opened = zmq_network::open(o, trusted);
    if (!opened) throw std::runtime_error(opened.error().message);
    network = std::move(*opened);
    network->start(self, box);
  }
  ~node() {
    box.set_still(false);
    network->stop();
  }
  [[nodiscard]] ports::peer_address address() const {
    return {self, "127.0.0.1", network->listening(), key.public_key};
  }
  bool send(const node& to, std::string body, ports::lane lane = ports::lane::command) {
    ports::packet p;
    p.lane = lane;
    p.kind = ports::packet_kind(301);
    p.correlation = 77;
    p.epoch = epoch_number(5);
    p.body = std::move(body);
    return network->send(to.self, std::move(p));
  }
  member self;
  node_key key;
  inbox box;
  std::unique_ptr<zmq_network> network;
};

struct it_zmq_network : testing::Test {
  void SetUp() override {
    for (auto* k : {&key1, &key2, &key3}) *k = *make_node_key();
    ASSERT_TRUE(both.add(name("n1"), key1.public_key));
    ASSERT_TRUE(both.add(name("n2"), key2.public_key));
  }
  static void introduce(std::initializer_list<node*> nodes) {
    std::vector<ports::peer_address> all;
    for (const auto* n : nodes) all.push_back(n->address());
    for (auto* n : nodes) n->network->set_peers(all);
  }
  node_key key1, key2, key3;
  trusted_keys both;
};

TEST_F(it_zmq_network, carries_packets_both_ways_on_every_lane_whole_and_in_order) {
  node a("n1", 1, key1, both), b("n2", 1, key2, both);
  introduce({&a, &b});
  constexpr int count = 2'000;
  for (int i = 0; i < count; ++i)
    for (std::size_t l = 0; l < ports::lane_count; ++l) {
      ASSERT_TRUE(a.send(b, std::to_string(i), static_cast<ports::lane>(l)));
      ASSERT_TRUE(b.send(a, std::to_string(i), static_cast<ports::lane>(l)));
    }
  for (auto* n : {&a, &b}) {
    ASSERT_TRUE(n->box.wait_for(count * ports::lane_count));
    const std::lock_guard lock(n->box.mutex);
    std::array<int, ports::lane_count> next{};
    for (const auto& [from, p] : n->box.got) {
      EXPECT_EQ(p.body, std::to_string(next[static_cast<std::size_t>(p.lane)]++));
      EXPECT_EQ(from, n == &a ? b.self : a.self);
      EXPECT_EQ(p.kind.value, 301);
      EXPECT_EQ(p.correlation, 77U);
      EXPECT_EQ(p.epoch.value, 5U);
    }
    EXPECT_TRUE(n->box.resets.empty());
  }
}

TEST_F(it_zmq_network, carries_the_largest_body_and_refuses_a_larger_one) {
  node a("n1", 1, key1, both), b("n2", 1, key2, both);
  introduce({&a, &b});
  EXPECT_FALSE(a.send(b, std::string(ports::body_bytes_max + 1, 'x')));
  ASSERT_TRUE(a.send(b, std::string(ports::body_bytes_max, 'x')));
  ASSERT_TRUE(b.box.wait_for(1));
  EXPECT_EQ(b.box.got[0].second.body.size(), ports::body_bytes_max);
  EXPECT_EQ(a.network->counters().sessions.lanes[2].refused_large, 1U);
}

TEST_F(it_zmq_network, a_key_that_is_not_trusted_gets_nowhere_and_is_counted) {
  trusted_keys open_hearted = both;
  ASSERT_TRUE(open_hearted.add(name("n3"), key3.public_key));
  node a("n1", 1, key1, both), stranger("n3", 1, key3, open_hearted);
  introduce({&a, &stranger});
  ASSERT_TRUE(stranger.send(a, "let me in"));
  ASSERT_TRUE(test::eventually([&] { return a.network->counters().handshakes_refused > 0; }));
  EXPECT_EQ(a.box.size(), 0U);
  EXPECT_EQ(a.network->counters().handshakes_accepted, 0U);
}

TEST_F(it_zmq_network, a_trusted_key_that_claims_to_be_another_node_is_dropped_and_counted) {
  trusted_keys three = both;
  ASSERT_TRUE(three.add(name("n3"), key3.public_key));
  // Everybody believes that there is an n2; who runs has n3's key.
  node a("n1", 1, key1, three), impostor("n2", 1, key3, three);
  introduce({&a, &impostor});
  ASSERT_TRUE(impostor.send(a, "I am n2"));
  ASSERT_TRUE(test::eventually([&] { return a.network->counters().sessions.refused_impostor > 0; }));
  EXPECT_EQ(a.box.size(), 0U);
}

TEST_F(it_zmq_network, a_key_is_forgotten_also_by_connections_that_stand) {
  node a("n1", 1, key1, both), b("n2", 1, key2, both);
  introduce({&a, &b});
  ASSERT_TRUE(b.send(a, "before"));
  ASSERT_TRUE(a.box.wait_for(1));
  trusted_keys without = both;
  without.remove(key2.public_key);
  a.network->set_trusted(without);
  ASSERT_TRUE(test::eventually([&] {
    static_cast<void>(b.send(a, "after"));
    return a.network->counters().messages_malformed > 0;
  }));
  const auto then = a.box.size();
  for (int i = 0; i < 10; ++i) static_cast<void>(b.send(a, "after"));
  const auto refused = a.network->counters().messages_malformed;
  ASSERT_TRUE(test::eventually([&] { return a.network->counters().messages_malformed > refused; }));
  EXPECT_EQ(a.box.size(), then);
}

TEST_F(it_zmq_network, a_restarted_peer_is_accepted_at_once_and_its_old_life_is_not) {
  node a("n1", 1, key1, both);
  auto b = std::make_unique<node>("n2", 1, key2, both);
  introduce({&a, b.get()});
  ASSERT_TRUE(b->send(a, "first life"));
  ASSERT_TRUE(a.box.wait_for(1));
  const auto old = b->self;
  b = std::make_unique<node>("n2", 2, key2, both);
  introduce({&a, b.get()});
  ASSERT_TRUE(b->send(a, "second life"));
  ASSERT_TRUE(a.send(*b, "welcome"));
  ASSERT_TRUE(a.box.wait_for(2));
  ASSERT_TRUE(b->box.wait_for(1));
  EXPECT_EQ(a.box.got[1].first, b->self);
  ports::packet p;
  p.body = "too late";
  EXPECT_FALSE(a.network->send(old, std::move(p)));
}

TEST_F(it_zmq_network, a_peer_that_stands_still_costs_bounded_memory_and_gets_all_when_it_goes_on) {
  session_options small;
  small.queue_bytes_max = 1U << 20U;
  small.window_bytes_max = 256U << 10U;
  node a("n1", 1, key1, both, small), b("n2", 1, key2, both, small);
  introduce({&a, &b});
  ASSERT_TRUE(a.send(b, "0"));
  ASSERT_TRUE(b.box.wait_for(1));
  b.box.set_still(true);
  std::size_t accepted = 1;
  ASSERT_TRUE(test::eventually([&] {
    for (int i = 0; i < 1'000; ++i) {
      if (!a.send(b, std::to_string(accepted) + std::string(1'000, '.'))) return true;
      ++accepted;
    }
    return false;
  }));
  EXPECT_LE(accepted * 1'000, small.queue_bytes_max + small.window_bytes_max);
  EXPECT_GT(a.network->counters().sessions.lanes[2].refused_full, 0U);
  b.box.set_still(false);
  ASSERT_TRUE(b.box.wait_for(accepted));
  const std::lock_guard lock(b.box.mutex);
  for (std::size_t i = 0; i < accepted; ++i)
    EXPECT_EQ(b.box.got[i].second.body.substr(0, std::to_string(i).size()), std::to_string(i));
}

TEST_F(it_zmq_network, a_node_changes_its_key_without_a_reset_or_a_lost_packet) {
  const auto next = *make_node_key();
  trusted_keys three = both;
  ASSERT_TRUE(three.add(name("n2"), next.public_key));
  node a("n1", 1, key1, both), b("n2", 1, key2, both);
  introduce({&a, &b});
  constexpr std::size_t phase = 500;
  std::size_t sent = 0;
  const auto talk = [&] {
    for (std::size_t i = 0; i < phase; ++i, ++sent) {
      ASSERT_TRUE(a.send(b, std::to_string(sent)));
      ASSERT_TRUE(b.send(a, std::to_string(sent)));
    }
  };
  talk();
  a.network->set_trusted(three);
  b.network->set_trusted(three);
  const auto listening = b.network->begin_rotation(next);
  ASSERT_TRUE(listening);
  EXPECT_FALSE(b.network->begin_rotation(key3));
  talk();
  b.key = next;
  introduce({&a, &b});
  ASSERT_TRUE(test::eventually([&] {
    talk();
    return b.network->on_old_key().empty();
  }));
  b.network->finish_rotation();
  trusted_keys only_new;
  ASSERT_TRUE(only_new.add(name("n1"), key1.public_key));
  ASSERT_TRUE(only_new.add(name("n2"), next.public_key));
  a.network->set_trusted(only_new);
  talk();
  for (auto* n : {&a, &b}) {
    ASSERT_TRUE(n->box.wait_for(sent));
    const std::lock_guard lock(n->box.mutex);
    for (std::size_t i = 0; i < sent; ++i) ASSERT_EQ(n->box.got[i].second.body, std::to_string(i));
    EXPECT_TRUE(n->box.resets.empty());
  }
}

TEST_F(it_zmq_network, a_peer_that_was_refused_gets_in_once_its_key_is_trusted) {
  trusted_keys first_only;
  ASSERT_TRUE(first_only.add(name("n1"), key1.public_key));
  node a("n1", 1, key1, first_only), b("n2", 1, key2, both);
  introduce({&a, &b});
  ASSERT_TRUE(b.send(a, "let me in"));
  // More than each lane's first attempt: refused connections are made again.
  ASSERT_TRUE(test::eventually([&] { return a.network->counters().handshakes_refused > ports::lane_count; }));
  a.network->set_trusted(both);
  ASSERT_TRUE(a.box.wait_for(1));
  EXPECT_EQ(a.box.got[0].second.body, "let me in");
}

struct event_log final : ports::logger {
  [[nodiscard]] bool enabled(std::string_view, ports::log_level) const noexcept override { return true; }
  void write(ports::log_level, std::string_view, std::string_view event, std::string_view,
             std::span<const ports::log_field>) noexcept override {
    events.emplace_back(event);
  }
  std::vector<std::string> events;
};

TEST_F(it_zmq_network, a_running_node_follows_its_key_folder_through_a_change_of_keys) {
  const test::temporary_folder base;
  const key_folder first(base / "n1"), second(base / "n2");
  key1 = *first.create();
  key2 = *second.create();
  trusted_keys all;
  ASSERT_TRUE(all.add(name("n1"), key1.public_key));
  ASSERT_TRUE(all.add(name("n2"), key2.public_key));
  ASSERT_TRUE(first.store_trusted(all));
  ASSERT_TRUE(second.store_trusted(all));
  node a("n1", 1, key1, all), b("n2", 1, key2, all);
  introduce({&a, &b});
  event_log log;
  int published = 0;
  key_rotation of_a(first, all, *a.network, ports::area_log(log, "transport"),
                    [](const zmq_network::ports_of_lanes&, const std::string&) { ADD_FAILURE() << "no change here"; });
  key_rotation of_b(second, all, *b.network, ports::area_log(log, "transport"),
                    [&](const zmq_network::ports_of_lanes& port, const std::string& public_key) {
                      ++published;
                      EXPECT_EQ(port, b.network->listening());
                      b.key.public_key = public_key;
                      introduce({&a, &b});
                    });
  std::size_t sent = 0;
  const auto talk = [&] {
    for (int i = 0; i < 200; ++i, ++sent) {
      ASSERT_TRUE(a.send(b, std::to_string(sent)));
      ASSERT_TRUE(b.send(a, std::to_string(sent)));
    }
  };
  const auto look = [&] {
    of_a.look();
    of_b.look();
  };
  talk();
  look();
  EXPECT_FALSE(of_b.changing());
  EXPECT_TRUE(log.events.empty());

  const auto next = second.create_next();
  ASSERT_TRUE(next);
  look();
  EXPECT_TRUE(of_b.changing());
  EXPECT_EQ(published, 1);
  EXPECT_EQ(b.key.public_key, next->public_key);
  talk();
  // The other node reaches it by the new door, and still the old key counts: it is the one in use.
  ASSERT_TRUE(test::eventually([&] {
    talk();
    return b.network->on_old_key().empty();
  }));
  look();
  EXPECT_TRUE(of_b.changing());

  ASSERT_TRUE(all.add(name("n2"), next->public_key));
  ASSERT_TRUE(first.store_trusted(all));
  look();
  talk();
  ASSERT_TRUE(second.promote_next());
  ASSERT_TRUE(test::eventually([&] {
    talk();
    look();
    return !of_b.changing();
  }));
  ASSERT_TRUE(all.remove(key2.public_key));
  ASSERT_TRUE(first.store_trusted(all));
  look();
  talk();
  for (auto* n : {&a, &b}) {
    ASSERT_TRUE(n->box.wait_for(sent));
    const std::lock_guard lock(n->box.mutex);
    for (std::size_t i = 0; i < sent; ++i) ASSERT_EQ(n->box.got[i].second.body, std::to_string(i));
    EXPECT_TRUE(n->box.resets.empty());
  }
  EXPECT_EQ(published, 1);
  EXPECT_EQ(log.events, (std::vector<std::string>{"key-change-begun", "trusted-keys-changed", "key-change-done",
                                                  "trusted-keys-changed"}));

  // What cannot be read changes nothing, and is told once.
  log.events.clear();
  std::ofstream(base / "n1" + std::string("/trusted_keys")) << "no such line\n";
  look();
  look();
  EXPECT_EQ(log.events, (std::vector<std::string>{"key-file-refused"}));
  talk();
  ASSERT_TRUE(a.box.wait_for(sent));
  ASSERT_TRUE(b.box.wait_for(sent));
}

TEST(unit_transport_metrics, show_what_was_counted_also_refused_handshakes) {
  telemetry::node_metrics metrics;
  transport_metrics shown(metrics);
  zmq_network_counters counted;
  counted.handshakes_refused = 3;
  counted.sessions.refused_impostor = 2;
  counted.sessions.lanes[2].packets_sent = 7;
  shown.show(counted);
  counted.handshakes_refused = 5;
  shown.show(counted);
  shown.show(counted);
  const auto text = metrics.render();
  for (const char* line : {"\nsett_transport_handshakes_refused_total 5\n",
                           "\nsett_transport_frames_refused_total{reason=\"impostor\"} 2\n",
                           "\nsett_transport_packets_sent_total{lane=\"command\"} 7\n",
                           "\nsett_transport_packets_sent_total{lane=\"control\"} 0\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST_F(it_zmq_network, a_taken_port_is_a_clear_error) {
  const node a("n1", 1, key1, both);
  zmq_network_options o;
  o.cluster = "test";
  o.key = key2;
  o.listen_host = "127.0.0.1";
  o.listen_port = a.network->listening();
  const auto second = zmq_network::open(o, both);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("cannot listen on 127.0.0.1"), std::string::npos);
}

} // namespace
} // namespace sett::transport
