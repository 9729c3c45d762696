// Rate limiter, retry budget, bulkhead, backoff and ejection: what they hand out never exceeds what they promise.
#include "actors/resilience/backoff.hpp"
#include "actors/resilience/bulkhead.hpp"
#include "actors/resilience/outlier_ejection.hpp"
#include "actors/resilience/rate_limiter.hpp"
#include "actors/resilience/retry_policy.hpp"

#include <gtest/gtest.h>

#include <map>
#include <rapidcheck/gtest.h>
#include <vector>

namespace sett::resilience {
namespace {

using namespace std::chrono_literals;
constexpr steady_time_ns start{3'000'000'000};

RC_GTEST_PROP(unit_rate_limiter, never_hands_out_more_than_burst_plus_rate_times_time, (std::uint64_t seed)) {
  ports::random rng(seed);
  rate_limit_settings s;
  s.credits_per_second = 1.0 + static_cast<double>(rng.below(1000)) / 7.0;
  s.burst_credits = 1.0 + static_cast<double>(rng.below(40));
  rate_limiter limiter(s, start);
  auto now = start;
  struct taken {
    steady_time_ns at;
    double credits;
  };
  std::vector<taken> all;
  for (int i = 0; i < 600; ++i) {
    now = after(now, duration{static_cast<std::int64_t>(rng.below(60'000'000))});
    const double credits = 0.25 * static_cast<double>(1 + rng.below(8));
    if (credits > s.burst_credits) continue;
    const auto got = limiter.try_take(credits, now);
    if (got)
      all.push_back({now, credits});
    else
      RC_ASSERT(got.error() > 0ns);
    if (rng.chance(0.01)) (void)limiter.throttled(rng.chance(0.5) ? std::optional<duration>(200ms) : std::nullopt, now);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    double sum = 0;
    for (std::size_t j = i; j < all.size(); ++j) {
      sum += all[j].credits;
      const double span = seconds(elapsed(all[i].at, all[j].at));
      RC_ASSERT(sum <= s.burst_credits + s.credits_per_second * span + 1e-5);
    }
  }
}

TEST(unit_rate_limiter, the_wait_it_names_is_enough_and_not_far_too_long) {
  rate_limiter limiter({.credits_per_second = 10, .burst_credits = 2}, start);
  ASSERT_TRUE(limiter.try_take(2, start));
  const auto refused = limiter.try_take(1, start);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), 100ms);
  EXPECT_FALSE(limiter.try_take(1, after(start, refused.error() - 1us)));
  EXPECT_TRUE(limiter.try_take(1, after(start, refused.error())));
}

TEST(unit_rate_limiter, a_429_blocks_for_retry_after_shrinks_the_rate_and_quiet_time_restores_it) {
  rate_limiter limiter({.credits_per_second = 100, .burst_credits = 10}, start);
  const auto change = limiter.throttled(2s, start);
  ASSERT_TRUE(change);
  EXPECT_DOUBLE_EQ(change->credits_per_second_before, 100);
  EXPECT_DOUBLE_EQ(change->credits_per_second_after, 50);
  EXPECT_FALSE(limiter.throttled(1s, after(start, 10ms))) << "calls of the same burst count once";
  EXPECT_DOUBLE_EQ(limiter.credits_per_second(), 50);
  EXPECT_FALSE(limiter.try_take(1, after(start, 1999ms)));
  EXPECT_FALSE(limiter.try_take(10, after(start, 2s))) << "no burst was saved up while blocked";
  EXPECT_TRUE(limiter.try_take(1, after(start, 2100ms)));
  EXPECT_TRUE(limiter.try_take(1, after(start, 200s)));
  EXPECT_DOUBLE_EQ(limiter.credits_per_second(), 100);
}

RC_GTEST_PROP(unit_retry_policy, retries_stay_within_the_budget_and_the_deadline, (std::uint64_t seed)) {
  ports::random rng(seed);
  retry_settings s;
  s.budget_ratio = 0.1 + 0.1 * rng.unit();
  retry_policy policy(s);
  auto now = start;
  for (int i = 0; i < 500; ++i) {
    now = after(now, std::chrono::milliseconds(rng.below(50)));
    if (rng.chance(0.6)) policy.started(now);
    const auto deadline = after(now, std::chrono::milliseconds(rng.below(3000)));
    const auto attempt = static_cast<std::uint32_t>(1 + rng.below(4));
    const auto budget = policy.budget(now);
    const auto used = policy.retries_in_window(now);
    const auto wait =
        policy.decide(attempt, rng.chance(0.8), static_cast<call_outcome>(rng.below(call_outcome_count)),
                      rng.chance(0.2) ? std::optional<duration>(300ms) : std::nullopt, deadline, now, rng);
    if (wait) {
      RC_ASSERT(used < budget);
      RC_ASSERT(attempt < s.attempts_max);
      RC_ASSERT(after(now, *wait) < deadline);
    }
    RC_ASSERT(policy.retries_in_window(now) <= std::max(budget, used));
  }
}

TEST(unit_retry_policy, says_why_it_refuses) {
  retry_policy policy({});
  ports::random rng(1);
  const auto late = after(start, 10s);
  EXPECT_EQ(policy.decide(1, false, call_outcome::timeout, {}, late, start, rng).error(),
            retry_refusal::not_idempotent);
  EXPECT_EQ(policy.decide(1, true, call_outcome::caller_error, {}, late, start, rng).error(), retry_refusal::pointless);
  EXPECT_EQ(policy.decide(3, true, call_outcome::timeout, {}, late, start, rng).error(), retry_refusal::attempts);
  EXPECT_EQ(policy.decide(1, true, call_outcome::throttled, 20s, late, start, rng).error(), retry_refusal::deadline);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(policy.decide(1, true, call_outcome::timeout, {}, late, start, rng));
  EXPECT_EQ(policy.decide(1, true, call_outcome::timeout, {}, late, start, rng).error(), retry_refusal::budget);
}

TEST(unit_retry_policy, waits_at_least_the_retry_after) {
  retry_policy policy({});
  ports::random rng(1);
  const auto wait = policy.decide(1, true, call_outcome::throttled, 700ms, after(start, 10s), start, rng);
  ASSERT_TRUE(wait);
  EXPECT_GE(*wait, 700ms);
}

TEST(unit_bulkhead, exits_pass_entries_and_scans_and_find_a_place_kept_free) {
  bulkhead<int> b({.in_flight_max = 4, .reserved = {0, 1, 2}});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(b.submit(lane::scans, 300 + i, start), admission::queued);
  int scans = 0;
  while (auto l = b.next()) {
    EXPECT_EQ(*l, lane::scans);
    (void)b.take(*l);
    ++scans;
  }
  EXPECT_EQ(scans, 2) << "scans leave two places free";
  (void)b.submit(lane::entries, 200, start);
  (void)b.submit(lane::exits, 100, start);
  ASSERT_EQ(b.next(), lane::exits);
  EXPECT_EQ(b.take(lane::exits), 100);
  EXPECT_EQ(b.next(), std::nullopt) << "three in flight: entries leave one place for exits";
  b.finished();
  EXPECT_EQ(b.next(), lane::entries);
}

RC_GTEST_PROP(unit_bulkhead, never_exceeds_its_places_nor_its_queues_and_loses_no_job, (std::uint64_t seed)) {
  ports::random rng(seed);
  bulkhead_settings s{.in_flight_max = static_cast<std::uint32_t>(1 + rng.below(8)), .queue_max = {8, 4, 2}};
  bulkhead<int> b(s);
  auto now = start;
  std::uint64_t submitted = 0, shed = 0, taken = 0, late = 0, finished = 0;
  for (int i = 0; i < 500; ++i) {
    now = after(now, std::chrono::milliseconds(rng.below(400)));
    const auto l = static_cast<lane>(rng.below(3));
    ++submitted;
    if (b.submit(l, int(i), now) == admission::shed) ++shed;
    late += b.expire(now).size();
    if (rng.chance(0.7))
      if (auto n = b.next()) {
        (void)b.take(*n);
        ++taken;
      }
    if (b.in_flight() > 0 && rng.chance(0.5)) {
      b.finished();
      ++finished;
    }
    RC_ASSERT(b.in_flight() <= s.in_flight_max);
    std::uint64_t waiting = 0;
    for (std::size_t k = 0; k < lane_count; ++k) {
      RC_ASSERT(b.depth(static_cast<lane>(k)) <= s.queue_max[k]);
      waiting += b.depth(static_cast<lane>(k));
    }
    RC_ASSERT(submitted == shed + late + taken + waiting);
    RC_ASSERT(taken - finished == b.in_flight());
  }
}

TEST(unit_backoff, grows_within_its_bounds_and_starts_again_after_a_stable_time) {
  backoff_settings s{.base = 100ms, .cap = 3s, .stable_after = 10s, .floor_ratio = 0.5};
  backoff b(s);
  ports::random rng(5);
  auto now = start;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const auto bound = backoff_bound(s, i);
    const auto wait = b.next(now, rng);
    EXPECT_LE(wait, bound);
    EXPECT_GE(wait, bound / 2);
    EXPECT_LE(wait, 3s);
  }
  b.succeeded(now);
  EXPECT_GT(b.next(after(now, 9s), rng), 1s) << "not stable for long enough";
  b.succeeded(now);
  EXPECT_LE(b.next(after(now, 10s), rng), 100ms);
}

RC_GTEST_PROP(unit_outlier_ejection, never_takes_out_the_last_nor_more_than_its_share, (std::uint64_t seed)) {
  ports::random rng(seed);
  ejection_settings s;
  s.out_ratio_max = rng.unit();
  outlier_ejection pool(s);
  const auto size = static_cast<std::uint16_t>(1 + rng.below(7));
  for (std::uint16_t i = 0; i < size; ++i) pool.add(endpoint_index{i});
  auto now = start;
  for (int i = 0; i < 400; ++i) {
    now = after(now, std::chrono::milliseconds(rng.below(3000)));
    const endpoint_index e{static_cast<std::uint16_t>(rng.below(size))};
    switch (rng.below(5)) {
    case 0:
      (void)pool.errors(e, 5, now);
      break;
    case 1:
      (void)pool.lag(e, rng.below(40), now);
      break;
    case 2:
      (void)pool.disagreement(e, now);
      break;
    default:
      for (const auto& ev : pool.poll(now)) RC_ASSERT(pool.weight(ev.endpoint, now) > 0.0);
    }
    RC_ASSERT(pool.out_count() < pool.size());
    RC_ASSERT(pool.out_count() <= std::max<std::size_t>(1, static_cast<std::size_t>(s.out_ratio_max * size)));
  }
}

TEST(unit_outlier_ejection, a_laggard_goes_after_repeated_reports_and_returns_with_a_growing_weight) {
  outlier_ejection pool({});
  for (std::uint16_t i = 0; i < 3; ++i) pool.add(endpoint_index{i});
  EXPECT_FALSE(pool.lag(endpoint_index{1}, 50, start));
  EXPECT_FALSE(pool.lag(endpoint_index{1}, 50, start));
  const auto gone = pool.lag(endpoint_index{1}, 50, start);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->kind, ejection_kind::ejected);
  EXPECT_EQ(gone->evidence, 50u);
  EXPECT_EQ(pool.weight(endpoint_index{1}, start), 0.0);
  const auto back = after(start, gone->out_for);
  ASSERT_EQ(pool.poll(back).size(), 1u);
  EXPECT_NEAR(pool.weight(endpoint_index{1}, back), 0.1, 1e-9);
  EXPECT_NEAR(pool.weight(endpoint_index{1}, after(back, 10s)), 0.55, 1e-9);
  EXPECT_NEAR(pool.weight(endpoint_index{1}, after(back, 20s)), 1.0, 1e-9);
}

TEST(unit_outlier_ejection, says_when_it_spares_one_because_too_many_are_out) {
  outlier_ejection pool({});
  pool.add(endpoint_index{0});
  pool.add(endpoint_index{1});
  ASSERT_EQ(pool.errors(endpoint_index{0}, 5, start)->kind, ejection_kind::ejected);
  EXPECT_EQ(pool.errors(endpoint_index{1}, 9, start)->kind, ejection_kind::spared);
  EXPECT_FALSE(pool.ejected(endpoint_index{1}));
}

} // namespace
} // namespace sett::resilience
