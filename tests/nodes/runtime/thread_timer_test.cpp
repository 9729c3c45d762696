#include "nodes/runtime/node_clock_io.hpp"
#include "nodes/runtime/thread_timer_io.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace sett::runtime {
namespace {

constexpr std::int64_t ms = 1'000'000;

/// Fires what is due at `now`.
void fire_due(timer_queue& queue, std::int64_t now) {
  while (const auto fire = queue.take_due(now)) fire();
}

TEST(unit_timer_queue, gives_in_order_of_due_time_then_of_start_and_never_early) {
  timer_queue queue(10);
  std::vector<int> fired;
  for (const auto& [due, mark] : {std::pair{30, 4}, {10, 1}, {20, 2}, {20, 3}})
    (void)queue.add(due, [&fired, m = mark] { fired.push_back(m); });
  EXPECT_EQ(queue.next_due_ns(), 10);
  fire_due(queue, 9);
  EXPECT_TRUE(fired.empty());
  fire_due(queue, 10);
  EXPECT_EQ(fired, std::vector<int>{1});
  fire_due(queue, 40);
  EXPECT_EQ(fired, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(queue.next_due_ns(), std::nullopt);
}

TEST(unit_timer_queue, keeps_back_what_was_cancelled_and_says_when_it_is_too_late) {
  timer_queue queue(10);
  int fired = 0;
  const auto a = queue.add(10, [&] { ++fired; });
  const auto b = queue.add(10, [&] { ++fired; });
  EXPECT_TRUE(queue.cancel(a));
  EXPECT_FALSE(queue.cancel(a));
  fire_due(queue, 20);
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(queue.cancel(b));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(unit_timer_queue, refuses_beyond_its_bound) {
  timer_queue queue(100);
  for (int i = 0; i < 100; ++i) EXPECT_NE(queue.add(10, [] {}), ports::timer_id::none);
  EXPECT_EQ(queue.add(10, [] {}), ports::timer_id::none);
  (void)queue.take_due(10);
  EXPECT_NE(queue.add(10, [] {}), ports::timer_id::none);
}

TEST(it_thread_timer, fires_an_earlier_timer_first_cancels_and_refuses_once_it_is_stopped) {
  const node_clock clock;
  thread_timer timer(clock);
  std::promise<void> both;
  std::vector<int> fired;
  const auto never = timer.start(3600 * 1000 * ms, [&] { fired.push_back(0); });
  (void)timer.start(20 * ms, [&] {
    fired.push_back(2);
    both.set_value();
  });
  (void)timer.start(ms, [&] { fired.push_back(1); });
  both.get_future().wait();
  EXPECT_TRUE(timer.cancel(never));
  timer.stop();
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
  EXPECT_EQ(timer.start(0, [] {}), ports::timer_id::none);
}

} // namespace
} // namespace sett::runtime
