#include "actors/supervision/registry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sett::supervision {
namespace {

TEST(unit_registry, finds_an_actor_by_path_and_gives_the_same_place_to_the_same_name) {
  registry r;
  const auto node = r.directory("/node");
  const auto a = r.add(node, "router", 10);
  EXPECT_EQ(r.add(node, "router", 10), a);
  EXPECT_EQ(r.find("/node/router"), a);
  EXPECT_EQ(r.find("/node/other"), nullptr);
  EXPECT_EQ(r.find("/elsewhere/router"), nullptr);
  EXPECT_EQ(r.find("router"), nullptr);
  EXPECT_EQ(r.size(), 1u);
  r.remove(a);
  EXPECT_EQ(r.find("/node/router"), nullptr);
}

TEST(unit_registry, shows_raw_names_through_the_directorys_format) {
  registry r;
  const auto d = r.directory("/node/tokens", {[](std::string_view n) { return "x" + std::string(n); },
                                              [](std::string_view t) -> std::optional<std::string> {
                                                if (!t.starts_with('x')) return std::nullopt;
                                                return std::string(t.substr(1));
                                              }});
  r.add(d, "abc", 1);
  ASSERT_TRUE(r.show("/node/tokens/xabc", 0));
  EXPECT_EQ(r.show("/node/tokens/xabc", 0)->path, "/node/tokens/xabc");
  EXPECT_FALSE(r.show("/node/tokens/abc", 0));
}

TEST(unit_registry, lists_the_first_rows_of_the_order_asked_for_and_the_whole_count) {
  registry r;
  const auto d = r.directory("/t");
  for (int i = 0; i < 100; ++i) {
    const auto c = r.add(d, "a" + std::to_string(100 + i), 1000);
    for (int k = 0; k < i; ++k) EXPECT_TRUE(c->admit());
  }
  r.add(r.directory("/u"), "b", 1);
  const auto deepest = r.list({"/t/", protocol::actor_sort::depth, 3}, 0);
  EXPECT_EQ(deepest.total, 100u);
  ASSERT_EQ(deepest.rows.size(), 3u);
  EXPECT_EQ(deepest.rows[0].path, "/t/a199");
  EXPECT_EQ(deepest.rows[0].depth, 99u);
  EXPECT_EQ(deepest.rows[2].depth, 97u);
  const auto first = r.list({"", protocol::actor_sort::path, 2}, 0);
  EXPECT_EQ(first.total, 101u);
  EXPECT_EQ(first.rows[1].path, "/t/a101");
  EXPECT_EQ(r.totals(0)[0].depth, 4950u);
}

TEST(unit_actor_cell, keeps_its_depth_within_the_bound_under_many_senders) {
  actor_cell c(0, "a", 100);
  std::atomic<int> admitted{0};
  {
    std::vector<std::jthread> senders;
    for (int t = 0; t < 4; ++t)
      senders.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) admitted += c.admit() ? 1 : 0;
      });
  }
  EXPECT_LE(admitted.load(), 100);
  EXPECT_EQ(static_cast<int>(c.depth()), admitted.load());
  EXPECT_EQ(static_cast<int>(c.refused()), 4000 - admitted.load());
}

TEST(unit_actor_cell, refuses_nobody_below_the_bound_when_others_messages_are_taken_meanwhile) {
  actor_cell c(0, "a", 1'000'000);
  std::atomic<std::uint32_t> waiting{0}, senders{4};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200'000; ++i)
        if (c.admit()) waiting.fetch_add(1);
      senders.fetch_sub(1);
    });
  while (senders.load() != 0 || waiting.load() != 0)
    if (waiting.load() != 0) {
      waiting.fetch_sub(1);
      c.consumed();
      ASSERT_LE(c.depth(), 800'000U);
    }
  for (auto& t : threads) t.join();
  EXPECT_EQ(c.refused(), 0U);
  EXPECT_EQ(c.depth(), 0U);
}

TEST(unit_actor_cell, shows_a_growing_age_while_a_message_waits_and_none_after_it) {
  actor_cell c(0, "a", 10);
  ASSERT_TRUE(c.admit());
  c.mark(1000);
  ASSERT_TRUE(c.admit());
  EXPECT_FALSE(c.needs_mark());
  EXPECT_EQ(c.head_age_ns(5000), 4000);
  c.consumed();
  EXPECT_TRUE(c.needs_mark());
  c.consumed();
  EXPECT_EQ(c.head_age_ns(9000), 0);
}

TEST(unit_actor_cell, parks_work_after_two_deaths_and_keeps_parked_work_when_the_log_is_full) {
  actor_cell c(0, "a", 10);
  EXPECT_FALSE(c.parked(7));
  EXPECT_FALSE(c.record_crash(7, "seven", "boom"));
  EXPECT_FALSE(c.parked(7));
  EXPECT_TRUE(c.record_crash(7, "seven", "boom again"));
  EXPECT_TRUE(c.parked(7));
  for (std::uint64_t w = 100; w < 120; ++w) c.record_crash(w, "other", "x");
  EXPECT_EQ(c.crashes().size(), actor_cell::crash_records_max);
  EXPECT_TRUE(c.parked(7));
  EXPECT_EQ(c.crashes().front().error, "boom again");
  EXPECT_EQ(c.skipped_poison(), 2u);
}

TEST(unit_actor_cell, suspects_messages_only_when_a_whole_one_killed_its_actor) {
  actor_cell c(0, "a", 10);
  c.record_crash(7, "one event", "boom", true);
  c.record_crash(0, "a start", "boom");
  EXPECT_TRUE(c.suspects());
  EXPECT_FALSE(c.suspects_messages());
  c.record_crash(8, "a message", "boom");
  EXPECT_TRUE(c.suspects_messages());
}

TEST(unit_actor_cell, keeps_long_names_apart) {
  actor_cell a(0, std::string(100, 'x') + "1", 1), b(0, std::string(100, 'x') + "2", 1);
  EXPECT_EQ(a.name().size(), actor_cell::name_size_max);
  EXPECT_NE(a.name(), b.name());
}

} // namespace
} // namespace sett::supervision
