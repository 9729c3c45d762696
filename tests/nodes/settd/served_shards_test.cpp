#include "nodes/settd/served_shards.hpp"

#include <gtest/gtest.h>

namespace sett::settd {
namespace {

struct held_timer final : ports::timer {
  ports::timer_id start(std::int64_t, std::function<void()> f) override {
    if (full) return ports::timer_id::none;
    fire = std::move(f);
    return ports::timer_id{++started};
  }
  bool cancel(ports::timer_id) override { return false; }
  bool full{};
  std::uint64_t started{};
  std::function<void()> fire;
};

struct listener {
  std::vector<std::vector<bool>> heard;
  served_shards shards{3, [this](const served_shards::flags& now) { heard.push_back(*now); }};
  held_timer timer;
};

TEST(unit_served_shards, a_burst_of_changes_is_told_once_with_all_of_them) {
  listener l;
  l.shards.set(shard_id{0}, true, l.timer);
  l.shards.set(shard_id{2}, true, l.timer);
  EXPECT_EQ(*l.shards.now(), (std::vector<bool>{true, false, true})) << "whoever asks need not wait";
  EXPECT_TRUE(l.heard.empty());
  EXPECT_EQ(l.timer.started, 1U);
  l.timer.fire();
  EXPECT_EQ(l.heard, (std::vector<std::vector<bool>>{{true, false, true}}));
  l.shards.set(shard_id{0}, false, l.timer);
  l.timer.fire();
  EXPECT_EQ(l.heard.back(), (std::vector<bool>{false, false, true}));
}

TEST(unit_served_shards, a_refused_timer_delays_nothing_and_later_changes_are_told_as_well) {
  listener l;
  l.timer.full = true;
  l.shards.set(shard_id{1}, true, l.timer);
  EXPECT_EQ(l.heard, (std::vector<std::vector<bool>>{{false, true, false}}));
  l.timer.full = false;
  l.shards.set(shard_id{0}, true, l.timer);
  l.timer.fire();
  EXPECT_EQ(l.heard.back(), (std::vector<bool>{true, true, false}));
  EXPECT_EQ(l.heard.size(), 2U);
}

} // namespace
} // namespace sett::settd
