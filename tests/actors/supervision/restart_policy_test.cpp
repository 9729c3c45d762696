#include "actors/supervision/duration_histogram.hpp"
#include "actors/supervision/restart_policy.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sett::supervision {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1000 * ms;

restart_decision crash(restart_history& h, const restart_settings& settings, std::int64_t at, ports::random& rng,
                       child_kind kind = child_kind::permanent) {
  return decide_restart(settings, kind, failure_kind::crashed, h, steady_time_ns{at}, rng);
}

TEST(unit_restart_policy, restarts_a_first_crash_at_once_and_later_ones_after_a_growing_delay) {
  restart_settings settings{.max_restarts = 100, .backoff_base_ns = 10 * ms, .backoff_cap_ns = 1 * s};
  ports::random rng(1);
  std::vector<std::int64_t> largest(12);
  for (int run = 0; run < 300; ++run) {
    restart_history h;
    for (std::size_t i = 0; i < largest.size(); ++i) {
      const auto d = crash(h, settings, 1 * s, rng);
      ASSERT_EQ(d.action, directive::restart);
      largest[i] = std::max(largest[i], d.delay_ns);
    }
  }
  EXPECT_EQ(largest[0], 0);
  for (std::size_t i = 1; i < largest.size(); ++i) {
    const auto limit = std::min<std::int64_t>(1 * s, (10 * ms) << (i - 1));
    EXPECT_LE(largest[i], limit) << i;
    EXPECT_GT(largest[i], limit / 2) << i; // full jitter reaches the upper half in 300 draws
  }
}

TEST(unit_restart_policy, escalates_on_one_crash_too_many_within_the_window_and_not_outside_it) {
  restart_settings settings{.max_restarts = 3, .window_ns = 10 * s};
  ports::random rng(2);
  restart_history h;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(crash(h, settings, i * s, rng).action, directive::restart);
  EXPECT_EQ(crash(h, settings, 9 * s, rng).action, directive::escalate);
  EXPECT_EQ(crash(h, settings, 10 * s, rng).action, directive::restart); // the first one left the window
  settings.escalates = false;
  EXPECT_EQ(crash(h, settings, 10 * s, rng).action, directive::stop);
}

TEST(unit_restart_policy, never_exceeds_its_intensity_in_any_window_whatever_the_times) {
  restart_settings settings{.max_restarts = 5, .window_ns = 1 * s};
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    ports::random rng(seed);
    restart_history h;
    std::vector<std::int64_t> restarts;
    std::int64_t now = 0;
    for (int i = 0; i < 500; ++i) {
      now += static_cast<std::int64_t>(rng.below(300 * ms));
      if (crash(h, settings, now, rng).action == directive::restart) restarts.push_back(now);
    }
    ASSERT_GT(restarts.size(), 50u);
    for (std::size_t i = 5; i < restarts.size(); ++i)
      ASSERT_GE(restarts[i] - restarts[i - 5], settings.window_ns) << seed;
  }
}

TEST(unit_restart_policy, forgets_its_backoff_after_a_stable_time) {
  restart_settings settings{.max_restarts = 100, .stable_ns = 60 * s};
  ports::random rng(3);
  restart_history h;
  for (int i = 0; i < 5; ++i) (void)crash(h, settings, i, rng);
  EXPECT_EQ(h.in_a_row(), 5u);
  EXPECT_EQ(crash(h, settings, 61 * s, rng).delay_ns, 0);
  EXPECT_EQ(h.in_a_row(), 1u);
}

TEST(unit_restart_policy, treats_each_kind_of_child_and_failure_by_its_rule) {
  const restart_settings settings;
  ports::random rng(4);
  const auto decide = [&](child_kind kind, failure_kind failure) {
    restart_history h;
    return decide_restart(settings, kind, failure, h, steady_time_ns{1}, rng).action;
  };
  for (auto kind : {child_kind::permanent, child_kind::transient, child_kind::temporary})
    EXPECT_EQ(decide(kind, failure_kind::rejected), directive::resume);
  EXPECT_EQ(decide(child_kind::permanent, failure_kind::normal), directive::restart);
  EXPECT_EQ(decide(child_kind::transient, failure_kind::normal), directive::stop);
  EXPECT_EQ(decide(child_kind::transient, failure_kind::crashed), directive::restart);
  EXPECT_EQ(decide(child_kind::transient, failure_kind::escalated), directive::restart);
  EXPECT_EQ(decide(child_kind::temporary, failure_kind::crashed), directive::stop);
}

TEST(unit_restart_policy, never_gives_up_when_told_so) {
  restart_settings settings{.max_restarts = 1, .backoff_cap_ns = 5 * s, .never_give_up = true};
  ports::random rng(5);
  restart_history h;
  for (int i = 0; i < 1000; ++i) {
    const auto d = crash(h, settings, i, rng);
    ASSERT_EQ(d.action, directive::restart);
    ASSERT_LE(d.delay_ns, 5 * s);
  }
}

TEST(unit_duration_histogram, reports_a_quantile_at_most_one_bucket_above_the_truth) {
  for (std::int64_t truth : {1LL, 250LL, 251LL, 400LL, 1000LL, 12'345LL, 999'999LL, 5'000'000LL}) {
    duration_histogram h;
    for (int i = 0; i < 1000; ++i) h.add(truth);
    const auto q = h.quantile_ns(0.99);
    EXPECT_GE(q, truth);
    EXPECT_LE(static_cast<double>(q), std::max(250.0, static_cast<double>(truth) * 1.42)) << truth;
  }
}

TEST(unit_duration_histogram, lets_old_samples_fade_and_never_overflows) {
  duration_histogram h;
  for (int i = 0; i < 300'000; ++i) h.add(1000);
  EXPECT_LE(h.quantile_ns(0.99), 1420);
  for (int i = 0; i < 300'000; ++i) h.add(1'000'000);
  EXPECT_GE(h.quantile_ns(0.5), 1'000'000);
}

} // namespace
} // namespace sett::supervision
