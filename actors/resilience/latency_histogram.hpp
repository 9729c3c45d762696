// A small histogram of latencies for moving quantiles: eight buckets per power of two from 1 us to about 70 minutes
// (relative error at most 1/8), as HdrHistogram does it (G. Tene). decay() halves every count, which makes it a moving
// one. Pure; not thread-safe; does not allocate.
#pragma once

#include "actors/resilience/time_math.hpp"

#include <array>
#include <cstdint>

namespace sett::resilience {

class latency_histogram {
public:
  void record(duration latency);
  /// The upper edge of the bucket that holds quantile q in [0, 1]; zero without samples.
  [[nodiscard]] duration quantile(double q) const;
  void decay();
  [[nodiscard]] std::uint64_t count() const { return count_; }

private:
  static constexpr std::size_t sub_buckets = 8;
  static constexpr std::size_t powers = 32;
  [[nodiscard]] static std::size_t position(duration latency);
  [[nodiscard]] static duration upper_edge(std::size_t bucket);
  std::array<std::uint32_t, sub_buckets * powers> buckets_{};
  std::uint64_t count_{};
};

} // namespace sett::resilience
