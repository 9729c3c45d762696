#include "messages/ports/random.hpp"
#include "nodes/membership/etcd_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/etcd_process.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace sett;
using namespace std::chrono_literals;
using ports::consensus_errc;
using value = std::optional<ports::consensus_value>;

constexpr auto answer_within = 5s; // far above every deadline of the store

template <class T, class Call>
result<T> wait(Call call) {
  auto promise = std::make_shared<std::promise<result<T>>>();
  auto future = promise->get_future();
  call([promise](result<T> r) { promise->set_value(std::move(r)); });
  if (future.wait_for(answer_within) != std::future_status::ready)
    return fail("test", consensus_errc::unavailable, "no answer");
  return future.get();
}

bool is(const error& e, consensus_errc code) { return e.code == static_cast<std::uint16_t>(code); }

class it_etcd : public testing::Test {
protected:
  void SetUp() override {
    if (!test::etcd_process::installed()) GTEST_SKIP() << "etcd is not installed";
    server.emplace();
    ASSERT_TRUE(server->ready());
    store = open();
    ASSERT_TRUE(test::eventually([&] { return get("/x").has_value(); })) << "etcd elects itself";
  }
  std::unique_ptr<membership::etcd_store> open(std::vector<std::string> endpoints = {}) {
    membership::etcd_options o;
    o.endpoints = endpoints.empty() ? std::vector{server->endpoint()} : std::move(endpoints);
    o.key_prefix = "/sett/test";
    o.in_flight_max = 64;
    return membership::make_etcd_store(o, {}, metrics).value();
  }
  result<value> get(const std::string& key) {
    return wait<value>([&](auto done) { store->get(key, done); });
  }
  result<ports::consensus_outcome> commit(const ports::consensus_transaction& t) {
    return wait<ports::consensus_outcome>([&](auto done) { store->commit(t, done); });
  }
  static ports::consensus_transaction put(std::string key, std::string text, std::uint64_t at) {
    return {{{key, at}}, {{key, std::move(text), 0}}, {}};
  }

  telemetry::node_metrics metrics;
  std::optional<test::etcd_process> server;
  std::unique_ptr<membership::etcd_store> store;
};

TEST_F(it_etcd, a_transaction_executes_only_when_every_comparison_holds) {
  const auto first = commit(put("/a", "1", 0));
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(first->executed);
  const auto twice = commit(put("/a", "2", 0));
  ASSERT_TRUE(twice);
  EXPECT_FALSE(twice->executed);
  const auto mixed = commit({{{"/a", first->revision}, {"/b", 99}}, {{"/a", "3", 0}}, {}});
  ASSERT_TRUE(mixed);
  EXPECT_FALSE(mixed->executed);
  const auto read = get("/a");
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->value, "1");
  EXPECT_EQ((*read)->key, "/a");
  EXPECT_EQ((*read)->revision, first->revision);
  const auto moved = commit({{{"/a", first->revision}}, {{"/b", "4", 0}}, {"/a"}});
  ASSERT_TRUE(moved && moved->executed);
  EXPECT_FALSE(*get("/a"));
  const auto all = wait<ports::consensus_listing>([&](auto done) { store->list("/", done); });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->values.size(), 1U);
  EXPECT_EQ(all->values[0].key, "/b");
}

TEST_F(it_etcd, what_breaks_the_stores_limits_is_a_bad_request) {
  ports::consensus_transaction many;
  for (int i = 0; i < 129; ++i) many.puts.push_back({"/m/" + std::to_string(i), "x", 0});
  const auto r = commit(many);
  ASSERT_FALSE(r);
  EXPECT_TRUE(is(r.error(), consensus_errc::bad_request)) << r.error().message;
  many.puts.pop_back();
  EXPECT_TRUE(commit(many)->executed);
  const auto doubled = commit({{}, {{"/d", "1", 0}, {"/d", "2", 0}}, {}});
  ASSERT_FALSE(doubled);
  EXPECT_TRUE(is(doubled.error(), consensus_errc::bad_request)) << doubled.error().message;
  const auto large = commit({{}, {{"/l", std::string(2'000'000, 'x'), 0}}, {}});
  ASSERT_FALSE(large);
  EXPECT_TRUE(is(large.error(), consensus_errc::bad_request)) << large.error().message;
}

TEST_F(it_etcd, a_key_under_a_lease_goes_with_it) {
  const auto lease = wait<std::uint64_t>([&](auto done) { store->grant(5, done); });
  ASSERT_TRUE(lease);
  ASSERT_TRUE(commit({{}, {{"/n", "x", *lease}}, {}})->executed);
  EXPECT_EQ((*get("/n"))->lease, *lease);
  EXPECT_TRUE((wait<void>([&](auto done) { store->keep_alive(*lease, done); })));
  EXPECT_TRUE((wait<void>([&](auto done) { store->revoke(*lease, done); })));
  EXPECT_FALSE(*get("/n"));
  const auto kept = wait<void>([&](auto done) { store->keep_alive(*lease, done); });
  ASSERT_FALSE(kept);
  EXPECT_TRUE(is(kept.error(), consensus_errc::no_lease)) << kept.error().message;
  const auto late = commit({{}, {{"/n", "x", *lease}}, {}});
  ASSERT_FALSE(late);
  EXPECT_TRUE(is(late.error(), consensus_errc::no_lease)) << late.error().message;
}

struct seen_changes {
  std::mutex mutex;
  std::vector<std::string> changes;
  std::atomic<int> ended{0};
  void operator()(const ports::consensus_changes& c) {
    if (c.ended) ++ended;
    const std::scoped_lock lock(mutex);
    for (const auto& change : c.changes)
      changes.push_back(change.key + (change.value ? "=" + change.value->value : "-"));
  }
  std::size_t count() {
    const std::scoped_lock lock(mutex);
    return changes.size();
  }
};

TEST_F(it_etcd, a_watch_tells_changes_after_its_revision_until_it_is_cancelled) {
  const auto before = commit(put("/w/1", "a", 0));
  const auto seen = std::make_shared<seen_changes>();
  const auto id = store->watch("/w/", before->revision, [seen](const ports::consensus_changes& c) { (*seen)(c); });
  ASSERT_TRUE(commit({{}, {{"/w/1", "b", 0}}, {}}));
  ASSERT_TRUE(commit({{}, {{"/other", "b", 0}}, {}}));
  ASSERT_TRUE(commit({{}, {}, {"/w/1"}}));
  ASSERT_TRUE(test::eventually([&] { return seen->count() >= 2; }));
  EXPECT_EQ(seen->changes, (std::vector<std::string>{"/w/1=b", "/w/1-"}));
  store->cancel(id);
  // A second watch tells when the store has surely sent the change to everybody.
  const auto other = std::make_shared<seen_changes>();
  static_cast<void>(
      store->watch("/w/", before->revision + 3, [other](const ports::consensus_changes& c) { (*other)(c); }));
  ASSERT_TRUE(commit({{}, {{"/w/2", "c", 0}}, {}}));
  ASSERT_TRUE(test::eventually([&] { return other->count() >= 1; }));
  EXPECT_EQ(seen->count(), 2U);
  EXPECT_EQ(seen->ended, 0);
}

TEST_F(it_etcd, a_watch_from_before_a_compaction_ends) {
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) last = commit({{}, {{"/w/1", std::to_string(i), 0}}, {}})->revision;
  ASSERT_EQ(server->control({"compact", std::to_string(last)}).code, 0);
  const auto seen = std::make_shared<seen_changes>();
  static_cast<void>(store->watch("/w/", 1, [seen](const ports::consensus_changes& c) { (*seen)(c); }));
  ASSERT_TRUE(test::eventually([&] { return seen->ended == 1; }));
  EXPECT_EQ(seen->count(), 0U);
  // From behind the compaction it works.
  const auto again = std::make_shared<seen_changes>();
  static_cast<void>(store->watch("/w/", last, [again](const ports::consensus_changes& c) { (*again)(c); }));
  ASSERT_TRUE(commit({{}, {{"/w/1", "new", 0}}, {}}));
  EXPECT_TRUE(test::eventually([&] { return again->count() == 1; }));
}

TEST_F(it_etcd, a_frozen_server_leaves_outcomes_unknown_and_ends_watches_and_all_goes_on_when_it_thaws) {
  const auto first = commit(put("/k", "1", 0));
  ASSERT_TRUE(first);
  const auto seen = std::make_shared<seen_changes>();
  static_cast<void>(store->watch("/k", first->revision, [seen](const ports::consensus_changes& c) { (*seen)(c); }));
  server->freeze();
  const auto began = std::chrono::steady_clock::now();
  const auto lost = commit(put("/k", "2", first->revision));
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_FALSE(lost);
  EXPECT_TRUE(is(lost.error(), consensus_errc::unknown_outcome)) << lost.error().message;
  EXPECT_LT(took, 2s);
  const auto read = get("/k");
  ASSERT_FALSE(read);
  EXPECT_TRUE(is(read.error(), consensus_errc::unavailable)) << read.error().message;
  EXPECT_TRUE(test::eventually([&] { return seen->ended == 1; })) << "no sign of life ends a watch";
  server->thaw();
  ASSERT_TRUE(test::eventually([&] { return get("/k").has_value(); }));
  // The lost transaction and its repetition exclude each other: exactly one change after the first.
  const auto settled = commit(put("/k", "2", first->revision));
  ASSERT_TRUE(settled);
  const auto now = get("/k");
  ASSERT_TRUE(now && *now);
  EXPECT_EQ((*now)->value, "2");
  EXPECT_GT((*now)->revision, first->revision);
}

TEST_F(it_etcd, a_server_that_is_gone_takes_no_transaction_and_comes_back) {
  ASSERT_TRUE(commit(put("/k", "1", 0)));
  server->kill();
  ASSERT_TRUE(test::eventually([&] {
    const auto r = commit(put("/never", "1", 0));
    EXPECT_FALSE(r);
    return !r && is(r.error(), consensus_errc::not_sent);
  })) << "once the connection has failed, transactions are surely not sent";
  server->start();
  ASSERT_TRUE(test::eventually([&] { return get("/k").has_value(); }));
  EXPECT_FALSE(*get("/never"));
  EXPECT_EQ((*get("/k"))->value, "1");
}

TEST_F(it_etcd, a_lost_answer_may_belong_to_a_transaction_that_was_executed) {
  // Frozen after it got the request: thaw it, and the transaction executes though its answer was given up.
  const auto first = commit(put("/k", "1", 0));
  int executed = 0;
  for (int i = 0; i < 50 && executed == 0; ++i) { // what the server does first when it thaws is chance
    const auto now = (*get("/k"))->revision;
    server->freeze();
    const auto lost = commit(put("/k", "late", now));
    EXPECT_FALSE(lost);
    server->thaw();
    ASSERT_TRUE(test::eventually([&] { return get("/k").has_value(); }));
    executed += (*get("/k"))->value == "late";
  }
  EXPECT_EQ(executed, 1);
  EXPECT_GE(metrics.total("sett_consensus_outcomes_unknown_total"), 1);
}

TEST_F(it_etcd, calls_turn_to_the_next_endpoint_when_one_is_dead) {
  store = open({"127.0.0.1:" + std::to_string(test::free_port()), server->endpoint()});
  ASSERT_TRUE(test::eventually([&] { return get("/x").has_value(); }));
  EXPECT_TRUE(commit(put("/k", "1", 0)));
}

TEST_F(it_etcd, more_calls_than_the_bound_are_refused_and_each_is_answered_once) {
  server->freeze();
  std::atomic<int> refused{0}, lost{0}, answered{0};
  constexpr int calls = 200;
  for (int i = 0; i < calls; ++i)
    store->commit(put("/b/" + std::to_string(i), "x", 0), [&](const result<ports::consensus_outcome>& r) {
      if (!r && is(r.error(), consensus_errc::not_sent)) ++refused;
      if (!r && is(r.error(), consensus_errc::unknown_outcome)) ++lost;
      ++answered;
    });
  EXPECT_TRUE(test::eventually([&] { return answered == calls; }));
  EXPECT_GE(refused, calls - 64);
  EXPECT_EQ(refused + lost, calls);
  server->thaw();
}

TEST_F(it_etcd, after_stop_no_callback_comes) {
  server->freeze();
  std::atomic<int> heard{0};
  for (int i = 0; i < 20; ++i) store->get("/k", [&](const result<value>&) { ++heard; });
  static_cast<void>(store->watch("/k", 1, [&](const ports::consensus_changes&) { ++heard; }));
  store->stop();
  const int then = heard;
  server->thaw();
  store->get("/k", [&](const result<value>&) { ++heard; });
  store.reset();
  EXPECT_EQ(heard, then);
}

TEST_F(it_etcd, revisions_of_concurrent_writers_are_a_history_without_a_lost_update) {
  ASSERT_TRUE(commit(put("/c", "0", 0)));
  std::vector<std::thread> writers;
  std::atomic<int> won{0};
  for (int w = 0; w < 3; ++w)
    writers.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto now = get("/c");
        ASSERT_TRUE(now && *now);
        const auto r = commit(put("/c", std::to_string(std::stoi((*now)->value) + 1), (*now)->revision));
        ASSERT_TRUE(r) << r.error().message;
        won += r->executed;
      }
    });
  for (auto& t : writers) t.join();
  EXPECT_EQ((*get("/c"))->value, std::to_string(won.load()));
}

TEST(unit_etcd_options, faults_are_named) {
  telemetry::node_metrics metrics;
  EXPECT_FALSE(membership::make_etcd_store({}, {}, metrics));
  membership::etcd_options o;
  o.endpoints = {"127.0.0.1:1"};
  o.ca_file = "/nowhere/ca.pem";
  const auto r = membership::make_etcd_store(o, {}, metrics);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("/nowhere/ca.pem"), std::string::npos);
}

} // namespace
