// Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS 2015): the n-th wait is
// uniform in (0, min(cap, base * 2^n)], so clients that failed together do not come back together. The exponent falls
// back to 0 after a stable time. Pure: time and chance are arguments. Not thread-safe; does not block.
#pragma once

#include "actors/resilience/time_math.hpp"
#include "messages/ports/random.hpp"

namespace sett::resilience {

struct backoff_settings {
  duration base = std::chrono::milliseconds(250); // > 0
  duration cap = std::chrono::seconds(30);        // >= base
  duration stable_after = std::chrono::seconds(60);
  double floor_ratio = 0.5; // [0, 1]: the wait is never shorter than this share of its bound; 0 is full jitter
};

/// min(cap, base * 2^attempt) without overflow.
[[nodiscard]] duration backoff_bound(const backoff_settings& settings, std::uint32_t attempt);

class backoff {
public:
  explicit backoff(const backoff_settings& settings) : settings_(settings) {}

  /// The wait before the next attempt; counts the failure at `now`.
  [[nodiscard]] duration next(steady_time_ns now, ports::random& rng);
  /// The attempt succeeded; the exponent stays until it has been stable for stable_after.
  void succeeded(steady_time_ns now) {
    if (!healthy_) healthy_since_ = now;
    healthy_ = true;
  }
  [[nodiscard]] std::uint32_t attempt() const { return attempt_; }

private:
  backoff_settings settings_;
  std::uint32_t attempt_{};
  bool healthy_{};
  steady_time_ns healthy_since_;
};

} // namespace sett::resilience
