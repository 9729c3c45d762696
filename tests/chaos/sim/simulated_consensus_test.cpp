#include "chaos/sim/simulated_consensus.hpp"
#include "tests/support/virtual_time.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sett;
using ports::consensus_errc;
constexpr std::int64_t second = 1'000'000'000;

/// One store, one client, and calls that wait for their answer.
struct world {
  explicit world(std::uint64_t seed = 1)
      : store([this](std::int64_t delay, std::function<void()> fn) { time.at(delay, std::move(fn)); },
              ports::random(seed)),
        n1(store.client("n1")) {}

  template <class T, class Call>
  result<T> wait(Call call) {
    std::optional<result<T>> out;
    call([&](result<T> r) {
      EXPECT_FALSE(out.has_value()) << "a second answer";
      out = std::move(r);
    });
    EXPECT_FALSE(out.has_value()) << "an answer from inside the call";
    for (int i = 0; i < 10'000 && !out; ++i) time.advance(second / 1000);
    if (!out) return fail("test", consensus_errc::unavailable, "no answer at all");
    return std::move(*out);
  }
  result<ports::consensus_outcome> commit(ports::consensus_transaction t) {
    return wait<ports::consensus_outcome>([&](auto done) { n1->commit(t, done); });
  }
  std::optional<ports::consensus_value> get(const std::string& key) {
    return wait<std::optional<ports::consensus_value>>([&](auto done) { n1->get(key, done); }).value();
  }
  std::uint64_t grant(std::int64_t ttl_s) {
    return wait<std::uint64_t>([&](auto done) { n1->grant(ttl_s, done); }).value();
  }
  static ports::consensus_transaction put(std::string key, std::string value, std::uint64_t at = 0) {
    return {{{key, at}}, {{key, std::move(value), 0}}, {}};
  }

  test::virtual_time time;
  sim::simulated_consensus store;
  std::unique_ptr<ports::consensus_store> n1;
};

TEST(unit_simulated_consensus, a_transaction_executes_only_when_every_comparison_holds) {
  world w;
  const auto first = w.commit(world::put("/a", "1"));
  ASSERT_TRUE(first && first->executed);
  const auto again = w.commit(world::put("/a", "2"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->executed);
  const auto half = w.commit({{{"/a", first->revision}, {"/b", 7}}, {{"/a", "3", 0}, {"/b", "3", 0}}, {}});
  ASSERT_TRUE(half);
  EXPECT_FALSE(half->executed);
  EXPECT_EQ(w.get("/a")->value, "1");
  EXPECT_FALSE(w.get("/b"));
  const auto moved = w.commit({{{"/a", first->revision}}, {}, {"/a"}});
  EXPECT_TRUE(moved && moved->executed);
  EXPECT_FALSE(w.get("/a"));
}

TEST(unit_simulated_consensus, a_key_under_a_lease_goes_when_nobody_keeps_it_alive) {
  world w;
  const auto lease = w.grant(2);
  ASSERT_TRUE(w.commit({{}, {{"/n", "x", lease}}, {}})->executed);
  for (int i = 0; i < 10; ++i) {
    w.time.advance(second);
    ASSERT_TRUE((w.wait<void>([&](auto done) { w.n1->keep_alive(lease, done); }))) << i;
  }
  ASSERT_TRUE(w.get("/n"));
  w.time.advance(3 * second);
  EXPECT_FALSE(w.get("/n"));
  const auto kept = w.wait<void>([&](auto done) { w.n1->keep_alive(lease, done); });
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, static_cast<std::uint16_t>(consensus_errc::no_lease));
  const auto late = w.commit({{}, {{"/n", "x", lease}}, {}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, static_cast<std::uint16_t>(consensus_errc::no_lease));
}

TEST(unit_simulated_consensus, a_watch_tells_every_change_once_and_in_order_when_there_are_no_faults) {
  world w;
  std::vector<std::string> seen;
  const auto id = w.n1->watch("/w/", 1, [&](ports::consensus_changes c) {
    EXPECT_FALSE(c.ended);
    for (const auto& change : c.changes) seen.push_back(change.key + (change.value ? "=" + change.value->value : "-"));
  });
  std::vector<std::string> done;
  for (int i = 0; i < 50; ++i) {
    const auto key = "/w/" + std::to_string(i % 5);
    if (i % 7 == 6) {
      if (w.get(key)) done.push_back(key + "-");
      w.commit({{}, {}, {key}}).value();
    } else {
      w.commit({{}, {{key, std::to_string(i), 0}, {"/other", "x", 0}}, {}}).value();
      done.push_back(key + "=" + std::to_string(i));
    }
  }
  w.time.advance(second);
  EXPECT_EQ(seen, done);
  w.n1->cancel(id);
  w.commit({{}, {{"/w/0", "last", 0}}, {}}).value();
  w.time.advance(second);
  EXPECT_EQ(seen, done);
}

TEST(unit_simulated_consensus, a_watch_from_before_a_compaction_ends) {
  world w;
  for (int i = 0; i < 5; ++i) w.commit({{}, {{"/w", std::to_string(i), 0}}, {}}).value();
  w.store.compact();
  int ended = 0;
  static_cast<void>(w.n1->watch("/w", 1, [&](ports::consensus_changes c) { ended += c.ended ? 1 : 100; }));
  w.time.advance(second);
  EXPECT_EQ(ended, 1);
  w.time.advance(second);
  EXPECT_EQ(ended, 1);
}

TEST(unit_simulated_consensus, an_unknown_outcome_is_executed_never_or_late_and_never_twice) {
  int executed = 0, never = 0, late = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    world w(seed);
    sim::consensus_faults f;
    f.lost_never = f.lost_executed = f.lost_late = 0.33;
    w.store.set_faults(f);
    const auto r = w.commit(world::put("/k", "mine"));
    const bool there_now = w.store.truth().contains("/k");
    w.time.advance(5 * second);
    const bool there_later = w.store.truth().contains("/k");
    if (r) continue;
    EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(consensus_errc::unknown_outcome));
    executed += there_now;
    late += !there_now && there_later;
    never += !there_later;
    EXPECT_LE(w.store.revision(), 2U);
  }
  EXPECT_GT(executed, 20);
  EXPECT_GT(late, 20);
  EXPECT_GT(never, 20);
}

TEST(unit_simulated_consensus, a_late_transaction_does_nothing_once_what_it_compared_has_changed) {
  world w;
  sim::consensus_faults f;
  f.lost_late = 1;
  w.store.set_faults(f);
  ASSERT_FALSE(w.commit(world::put("/k", "late")));
  w.store.set_faults({});
  ASSERT_TRUE(w.commit(world::put("/k", "winner"))->executed);
  w.time.advance(10 * second);
  EXPECT_EQ(w.get("/k")->value, "winner");
  EXPECT_EQ(w.store.counts().late_executed, 0U);
}

TEST(unit_simulated_consensus, a_call_that_was_not_sent_never_executes) {
  world w;
  sim::consensus_faults f;
  f.not_sent = 1;
  w.store.set_faults(f);
  const auto r = w.commit(world::put("/k", "x"));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(consensus_errc::not_sent));
  w.time.advance(100 * second);
  EXPECT_TRUE(w.store.truth().empty());
}

TEST(unit_simulated_consensus, without_a_quorum_nothing_answers_and_leases_get_their_time_again) {
  world w;
  const auto lease = w.grant(2);
  ASSERT_TRUE(w.commit({{}, {{"/n", "x", lease}}, {}})->executed);
  w.store.lose_quorum(60 * second);
  EXPECT_FALSE((w.wait<std::optional<ports::consensus_value>>([&](auto done) { w.n1->get("/n", done); })));
  const auto put = w.commit(world::put("/k", "x"));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, static_cast<std::uint16_t>(consensus_errc::unknown_outcome));
  w.time.advance(59 * second + second / 2);
  EXPECT_TRUE(w.get("/n")) << "expiry needs a leader";
  w.time.advance(4 * second);
  EXPECT_FALSE(w.get("/n"));
}

TEST(unit_simulated_consensus, a_node_that_is_cut_off_hears_unknown_while_others_go_on) {
  world w;
  const auto n2 = w.store.client("n2");
  w.store.set_cut("n1", sim::simulated_consensus::cut::answers);
  const auto lost = w.commit(world::put("/k", "x"));
  ASSERT_FALSE(lost);
  EXPECT_TRUE(w.store.truth().contains("/k")) << "only the answer was cut";
  w.store.set_cut("n1", sim::simulated_consensus::cut::requests);
  ASSERT_FALSE(w.commit(world::put("/l", "x")));
  EXPECT_FALSE(w.store.truth().contains("/l"));
  const auto r = w.wait<ports::consensus_outcome>([&](auto done) { n2->commit(world::put("/m", "x"), done); });
  EXPECT_TRUE(r && r->executed);
}

TEST(unit_simulated_consensus, a_dead_node_hears_nothing_but_what_it_sent_may_still_execute) {
  world w;
  auto n2 = w.store.client("n2");
  bool heard = false;
  n2->commit(world::put("/k", "x"), [&](auto) { heard = true; });
  n2.reset();
  w.time.advance(10 * second);
  EXPECT_FALSE(heard);
  EXPECT_TRUE(w.store.truth().contains("/k"));
}

TEST(unit_simulated_consensus, lies_about_leases_come_as_often_as_asked_for) {
  world w;
  sim::consensus_faults f;
  f.revoked_though_kept = 1;
  f.kept_though_revoked = 1;
  w.store.set_faults(f);
  const auto lease = w.grant(5);
  ASSERT_TRUE(w.commit({{}, {{"/n", "x", lease}}, {}})->executed);
  EXPECT_TRUE((w.wait<void>([&](auto done) { w.n1->keep_alive(lease, done); })));
  w.time.advance(second);
  EXPECT_FALSE(w.get("/n")) << "revoked though kept alive";
  EXPECT_TRUE((w.wait<void>([&](auto done) { w.n1->keep_alive(lease, done); }))) << "kept alive though revoked";
}

TEST(unit_simulated_consensus, the_same_seed_gives_the_same_history) {
  const auto run = [](std::uint64_t seed) {
    world w(seed);
    sim::consensus_faults f;
    f.not_sent = f.lost_never = f.lost_executed = f.lost_late = f.read_failed = f.slow = 0.1;
    f.watch_gap = f.watch_duplicate = f.watch_end = f.watch_stale = 0.1;
    w.store.set_faults(f);
    std::string story;
    static_cast<void>(w.n1->watch(
        "/", 1, [&](ports::consensus_changes c) { story += c.ended ? "E" : "W" + std::to_string(c.changes.size()); }));
    for (int i = 0; i < 200; ++i) {
      const auto r = w.commit({{}, {{"/" + std::to_string(i % 9), std::to_string(i), 0}}, {}});
      story += r ? "+" + std::to_string(r->revision) : "-" + std::to_string(r.error().code);
      if (i % 50 == 49) w.store.change_leader();
    }
    return story;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

} // namespace
