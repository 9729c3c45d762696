#include "messages/ports/random.hpp"
#include "nodes/membership/beater.hpp"
#include "nodes/membership/detector.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace sett;
using membership::condition;
constexpr std::int64_t ms = 1'000'000;

member node(int i, std::uint64_t incarnation = 1) {
  return {*node_id::parse("n" + std::to_string(i)), incarnation_number(incarnation)};
}

/// Some nodes with a detector each, beats that arrive after a millisecond, links that can be cut, nodes that can be
/// stopped, all in steps of a millisecond.
struct cluster {
  explicit cluster(int n, membership::detector_settings s = {}) {
    for (int i = 0; i < n; ++i) {
      std::vector<member> others;
      for (int j = 0; j < n; ++j)
        if (j != i) others.push_back(node(j));
      nodes.emplace_back(membership::detector(s, node(i), steady_time_ns{now}));
      nodes.back().d.set_members(others, steady_time_ns{now});
      nodes.back().next = now + i * 7 * ms; // out of step
    }
  }
  struct one {
    explicit one(membership::detector x) : d(std::move(x)) {}
    membership::detector d;
    std::int64_t next{};
    bool stopped{}, working{true};
    std::vector<std::pair<int, membership::beat>> waiting; // came while it was stopped
  };
  void run(std::int64_t total_ms) {
    for (std::int64_t step = 0; step < total_ms; ++step) {
      now += ms;
      auto arriving = std::exchange(flying, {});
      for (auto& [to, from, b] : arriving) deliver(to, from, b);
      for (int i = 0; i < static_cast<int>(nodes.size()); ++i) {
        auto& x = nodes[static_cast<std::size_t>(i)];
        if (x.stopped) continue;
        for (auto& [from, b] : std::exchange(x.waiting, {})) hear(i, from, b);
        if (now >= x.next) tick(i);
      }
    }
  }
  void tick(int i) {
    auto& x = nodes[static_cast<std::size_t>(i)];
    const auto t = x.d.tick(steady_time_ns{now});
    x.next = t.next_ns;
    if (t.beat_now) send(i);
  }
  void send(int i) {
    auto& x = nodes[static_cast<std::size_t>(i)];
    if (x.working) x.d.on_progress();
    const auto b = x.d.own_beat();
    for (int j = 0; j < static_cast<int>(nodes.size()); ++j)
      if (j != i && !cut.contains({i, j})) flying.emplace_back(j, i, b);
  }
  void deliver(int to, int from, const membership::beat& b) {
    auto& x = nodes[static_cast<std::size_t>(to)];
    if (x.stopped)
      x.waiting.emplace_back(from, b);
    else
      hear(to, from, b);
  }
  void hear(int to, int from, const membership::beat& b) {
    auto& x = nodes[static_cast<std::size_t>(to)];
    static_cast<void>(x.d.on_beat(node(from), b, steady_time_ns{now}));
    const auto t = x.d.tick(steady_time_ns{now});
    x.next = t.next_ns;
    if (t.beat_now) send(to);
  }
  membership::verdict seen(int by, int of) {
    for (const auto& v : nodes[static_cast<std::size_t>(by)].d.verdicts())
      if (v.who == node(of)) return v;
    ADD_FAILURE() << "nobody of that name";
    return {};
  }
  bool anybody_down() {
    for (int i = 0; i < static_cast<int>(nodes.size()); ++i)
      for (const auto& v : nodes[static_cast<std::size_t>(i)].d.verdicts())
        if (v.down && !nodes[static_cast<std::size_t>(i)].stopped) return true;
    return false;
  }
  one& at(int i) { return nodes[static_cast<std::size_t>(i)]; }

  std::int64_t now{1'000 * ms};
  std::vector<one> nodes;
  std::vector<std::tuple<int, int, membership::beat>> flying;
  std::set<std::pair<int, int>> cut; // from, to
};

TEST(unit_detector, a_quiet_cluster_stays_quiet) {
  cluster c(3);
  for (int i = 0; i < 100; ++i) {
    c.run(100);
    ASSERT_FALSE(c.anybody_down()) << i;
  }
}

TEST(unit_detector, a_killed_node_is_down_within_500_ms_of_its_last_beat_for_everybody) {
  for (int offset = 0; offset < 100; offset += 7) {
    cluster c(3);
    c.run(3'000 + offset);
    c.at(0).stopped = true;
    c.run(501); // a step for the way of its last beat
    for (int by : {1, 2}) {
      EXPECT_TRUE(c.seen(by, 0).down) << "offset " << offset << " by n" << by;
      EXPECT_EQ(c.seen(by, 0).state, condition::silent);
      EXPECT_FALSE(c.seen(by, 3 - by).down);
    }
  }
}

TEST(unit_detector, silence_shorter_than_the_suspicion_time_is_nothing) {
  cluster c(3);
  c.run(3'000);
  c.at(0).stopped = true;
  c.run(380);
  EXPECT_FALSE(c.anybody_down());
  c.at(0).stopped = false;
  c.run(3'000);
  EXPECT_FALSE(c.anybody_down());
}

TEST(unit_detector, a_node_that_was_stopped_doubts_itself_and_not_the_others) {
  cluster c(3);
  c.run(3'000);
  c.at(0).stopped = true;
  c.run(5'000);
  c.at(0).waiting.clear(); // even when nothing waits for it
  c.at(0).stopped = false;
  for (int i = 0; i < 50; ++i) {
    c.run(10);
    EXPECT_FALSE(c.seen(0, 1).down) << i;
    EXPECT_FALSE(c.seen(0, 2).down) << i;
  }
  EXPECT_GT(c.at(0).d.score(), 2);
  c.run(3'000);
  EXPECT_EQ(c.at(0).d.score(), 0) << "it recovers";
  EXPECT_FALSE(c.anybody_down()) << "and the others hear it again";
}

TEST(unit_detector, a_starved_node_takes_longer_to_suspect) {
  cluster c(3);
  c.run(3'000);
  // Its own ticks come 400 ms late, again and again.
  for (int i = 0; i < 5; ++i) {
    c.at(2).stopped = true;
    c.run(400);
    c.at(2).stopped = false;
    c.run(1);
  }
  ASSERT_GE(c.at(2).d.score(), 3);
  c.at(0).stopped = true;
  c.at(1).stopped = true;
  for (int i = 0; i < 3; ++i) {
    c.at(2).stopped = true;
    c.run(350);
    c.at(2).stopped = false;
    c.run(1);
  }
  EXPECT_FALSE(c.seen(2, 0).down) << "it is starved: a second of silence is nothing";
  c.run(20'000);
  EXPECT_TRUE(c.seen(2, 0).down) << "in the end it does not wait for ever";
}

TEST(unit_detector, with_one_broken_link_of_three_nobody_is_down) {
  cluster c(3);
  c.run(3'000);
  c.cut = {{0, 1}, {1, 0}};
  c.run(10'000);
  EXPECT_EQ(c.seen(0, 1).state, condition::silent);
  EXPECT_EQ(c.seen(1, 0).state, condition::silent);
  EXPECT_FALSE(c.anybody_down());
}

TEST(unit_detector, a_one_way_partition_of_a_pair_is_seen_from_both_ends_and_nobody_is_down) {
  cluster c(3);
  c.run(3'000);
  c.cut = {{0, 1}}; // n1 does not hear n0
  c.run(10'000);
  EXPECT_EQ(c.seen(1, 0).state, condition::silent);
  EXPECT_EQ(c.seen(0, 1).state, condition::deaf);
  EXPECT_FALSE(c.anybody_down());
}

TEST(unit_detector, a_node_that_hears_nobody_but_is_heard_is_down) {
  cluster c(3);
  c.run(3'000);
  c.cut = {{0, 2}, {1, 2}};
  c.run(2'500);
  EXPECT_EQ(c.seen(0, 2).state, condition::deaf);
  EXPECT_TRUE(c.seen(0, 2).down);
  EXPECT_TRUE(c.seen(1, 2).down);
  EXPECT_FALSE(c.seen(0, 1).down);
}

TEST(unit_detector, a_node_that_is_cut_off_waits_twice_as_long_as_those_who_cut_it_off) {
  cluster c(3);
  c.run(3'000);
  c.cut = {{0, 1}, {0, 2}, {1, 0}, {2, 0}};
  c.run(620);
  EXPECT_TRUE(c.seen(1, 0).down);
  EXPECT_TRUE(c.seen(2, 0).down);
  EXPECT_FALSE(c.seen(0, 1).down);
  c.run(500);
  EXPECT_TRUE(c.seen(0, 1).down);
}

TEST(unit_detector, of_two_nodes_each_judges_the_other_alone) {
  cluster c(2);
  c.run(3'000);
  c.at(0).stopped = true;
  c.run(502);
  EXPECT_TRUE(c.seen(1, 0).down);
}

TEST(unit_detector, a_node_whose_work_stands_still_is_stuck_although_it_beats) {
  cluster c(3);
  c.run(3'000);
  c.at(0).working = false;
  c.run(1'500);
  EXPECT_FALSE(c.anybody_down()) << "busy is not dead";
  c.run(1'000);
  EXPECT_EQ(c.seen(1, 0).state, condition::stuck);
  EXPECT_TRUE(c.seen(1, 0).down);
  c.at(0).working = true;
  c.run(300);
  EXPECT_EQ(c.seen(1, 0).state, condition::alive);
}

TEST(unit_detector, a_node_that_leaves_is_down_at_its_word) {
  cluster c(3);
  c.run(3'000);
  c.at(0).d.leave();
  c.run(110);
  EXPECT_EQ(c.seen(1, 0).state, condition::leaving);
  EXPECT_TRUE(c.seen(1, 0).down);
}

TEST(unit_detector, beats_of_other_incarnations_of_strangers_and_old_ones_are_ignored) {
  membership::detector d({}, node(0), steady_time_ns{0});
  const member others[] = {node(1, 5)};
  d.set_members(others, steady_time_ns{0});
  membership::beat b{7, 0, 0, false, {}};
  EXPECT_FALSE(d.on_beat(node(1, 4), b, steady_time_ns{1}));
  EXPECT_FALSE(d.on_beat(node(1, 6), b, steady_time_ns{1}));
  EXPECT_FALSE(d.on_beat(node(2), b, steady_time_ns{1}));
  EXPECT_TRUE(d.on_beat(node(1, 5), b, steady_time_ns{1}));
  EXPECT_FALSE(d.on_beat(node(1, 5), b, steady_time_ns{2})) << "the same again";
  b.sequence = 6;
  EXPECT_FALSE(d.on_beat(node(1, 5), b, steady_time_ns{2}));
}

TEST(unit_detector, a_member_that_never_was_heard_gets_twice_the_time) {
  cluster c(3);
  c.at(0).stopped = true;
  c.run(700);
  EXPECT_FALSE(c.anybody_down());
  c.run(400);
  EXPECT_TRUE(c.seen(1, 0).down);
}

TEST(unit_beat, survives_its_encoding) {
  membership::beat b{12, 34, 5, true, {{node(1, 3), 70}, {node(2, 9), 500}}};
  const auto back = membership::decode_beat(membership::encode(b));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, b);
}

TEST(unit_beat, bytes_that_are_no_beat_are_refused) {
  EXPECT_FALSE(membership::decode_beat(""));
  EXPECT_FALSE(membership::decode_beat("STMB"));
  membership::beat b{1, 2, 3, false, {{node(2), 1}, {node(1), 1}}};
  EXPECT_FALSE(membership::decode_beat(membership::encode(b))) << "not in order";
  b.hears = {{node(1), 1}};
  const auto good = membership::encode(b);
  ports::random rng(3);
  for (int i = 0; i < 20'000; ++i) {
    auto bad = good.substr(0, rng.below(good.size() + 1));
    for (int k = 0; k < 3 && !bad.empty(); ++k) bad[rng.below(bad.size())] = static_cast<char>(rng.next());
    static_cast<void>(membership::decode_beat(bad)); // must not crash
  }
}

} // namespace
