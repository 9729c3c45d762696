#include "actors/supervision/run_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sett::supervision {
namespace {

TEST(unit_run_queue, hands_out_in_order_however_far_it_grows) {
  std::vector<int> jobs(10'000);
  run_queue<int> queue;
  for (std::size_t i = 0; i < 700; ++i) queue.push(&jobs[i]); // the ring's beginning moves before it grows
  for (std::size_t i = 0; i < 600; ++i) ASSERT_EQ(queue.pop(), &jobs[i]);
  for (std::size_t i = 700; i < jobs.size(); ++i) queue.push(&jobs[i]);
  for (std::size_t i = 600; i < jobs.size(); ++i) ASSERT_EQ(queue.pop(), &jobs[i]);
  EXPECT_EQ(queue.try_pop(), nullptr);
}

class it_run_queue : public testing::TestWithParam<int> {};

TEST_P(it_run_queue, loses_and_doubles_nothing_between_many_threads) {
  constexpr std::size_t producers = 3, consumers = 3, each = 20'000;
  run_queue<std::atomic<int>> queue(GetParam());
  std::vector<std::atomic<int>> jobs(producers * each);
  std::atomic<int> end;
  std::atomic<std::size_t> taken{0};
  std::vector<std::jthread> threads;
  for (std::size_t c = 0; c < consumers; ++c)
    threads.emplace_back([&] {
      for (;;) {
        auto* job = queue.pop();
        if (job == &end) return;
        ++*job;
        ++taken;
      }
    });
  {
    std::vector<std::jthread> pushing;
    for (std::size_t p = 0; p < producers; ++p)
      pushing.emplace_back([&, p] {
        for (std::size_t i = 0; i < each; ++i) {
          queue.push(&jobs[p * each + i]);
          // Lets the consumers run dry now and then: only then do they sleep.
          while (i % 64 == 0 && taken.load() + 128 < i) std::this_thread::yield();
        }
      });
  }
  for (std::size_t c = 0; c < consumers; ++c) queue.push(&end);
  threads.clear();
  EXPECT_EQ(taken, jobs.size());
  for (const auto& j : jobs) ASSERT_EQ(j, 1);
}

TEST_P(it_run_queue, wakes_who_sleeps) {
  run_queue<int> there(GetParam()), back(GetParam());
  int job = 0, end = 0;
  std::jthread echo([&] {
    for (int* j = nullptr; (j = there.pop()) != &end;) back.push(j);
  });
  for (int i = 0; i < 5'000; ++i) {
    there.push(&job);
    ASSERT_EQ(back.pop(), &job);
  }
  there.push(&end);
}

INSTANTIATE_TEST_SUITE_P(looks, it_run_queue, testing::Values(0, 200));

} // namespace
} // namespace sett::supervision
