// A token bucket with credit weights: each call costs some credits, credits flow in at a rate up to a burst. A 429
// shrinks the rate (multiplicative decrease) and obeys Retry-After; quiet time lets it grow back to the configured rate
// (additive increase, as TCP does, Chiu & Jain 1989). Whole micro-credits, so nothing is gained by rounding: in any
// span of length T at most burst + rate * T credits are handed out. Pure; not thread-safe; does not block.
#pragma once

#include "actors/resilience/time_math.hpp"

#include <cstdint>
#include <expected>
#include <optional>

namespace sett::resilience {

struct rate_limit_settings {
  double credits_per_second = 40.0;    // > 0
  double burst_credits = 40.0;         // >= the dearest call
  double shrink_ratio = 0.5;           // on a 429: rate *= shrink_ratio ...
  double floor_ratio = 0.05;           // ... but not below this share of the configured rate
  double grow_ratio_per_second = 0.02; // of the configured rate, after quiet_before_growth without a 429
  duration quiet_before_growth = std::chrono::seconds(10);
  duration retry_after_default = std::chrono::seconds(1); // a 429 without Retry-After
  duration retry_after_cap = std::chrono::minutes(5);
};

/// The rate changed: for the journal and the metrics.
struct limit_change {
  double credits_per_second_before{}, credits_per_second_after{};
  duration blocked_for{0};
  steady_time_ns at;
};

class rate_limiter {
public:
  rate_limiter(const rate_limit_settings& settings, steady_time_ns now);

  /// Takes `credits` or says how long to wait at least. A call dearer than the burst is let through when the bucket is
  /// full.
  [[nodiscard]] std::expected<void, duration> try_take(double credits, steady_time_ns now);
  /// The endpoint answered 429; several within one blocked span count once.
  std::optional<limit_change> throttled(std::optional<duration> retry_after, steady_time_ns now);

  [[nodiscard]] double credits_per_second() const { return static_cast<double>(rate_) * 1e-6; }
  [[nodiscard]] bool blocked(steady_time_ns now) const { return now < blocked_until_; }

private:
  void refill(steady_time_ns now);
  rate_limit_settings settings_;
  std::int64_t rate_configured_; // micro-credits per second
  std::int64_t rate_;
  std::int64_t burst_;  // micro-credits
  std::int64_t tokens_; // micro-credits; below zero after a call dearer than the burst
  steady_time_ns refilled_at_;
  steady_time_ns grown_at_;
  steady_time_ns blocked_until_;
};

} // namespace sett::resilience
