// Durations in 64 bytes: 32 half-octave buckets of 16 bits from 250 ns to about 11 ms and above, halved together when
// one is full, so that old samples fade. A quantile is the upper edge of its bucket: at most 42 % too high, never too
// low. One writer (the actor), any number of readers; relaxed atomics, so a reader may see a sample in flight. Never
// blocks.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sett::supervision {

class duration_histogram {
public:
  static constexpr std::size_t bucket_count = 32;
  static constexpr std::int64_t first_edge_ns = 250;

  void add(std::int64_t duration_ns) {
    auto& b = buckets_[bucket_of(duration_ns)];
    const auto v = b.load(std::memory_order_relaxed);
    if (v == UINT16_MAX) {
      for (auto& x : buckets_)
        x.store(static_cast<std::uint16_t>(x.load(std::memory_order_relaxed) / 2), std::memory_order_relaxed);
      b.store(UINT16_MAX / 2 + 1, std::memory_order_relaxed);
      return;
    }
    b.store(static_cast<std::uint16_t>(v + 1), std::memory_order_relaxed);
  }

  /// Upper edge in ns of the bucket that holds the given quantile (0 < q <= 1); 0 without samples.
  [[nodiscard]] std::int64_t quantile_ns(double q) const {
    std::array<std::uint32_t, bucket_count> counts{};
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) total += counts[i] = buckets_[i].load(std::memory_order_relaxed);
    if (total == 0) return 0;
    const double wanted = q * static_cast<double>(total);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) {
      seen += counts[i];
      if (static_cast<double>(seen) >= wanted) return upper_edge_ns(i);
    }
    return upper_edge_ns(bucket_count - 1);
  }

  /// Edges: 250 ns * sqrt(2)^i, with sqrt(2) taken as 181/128.
  [[nodiscard]] static constexpr std::int64_t upper_edge_ns(std::size_t bucket) {
    const std::int64_t octave = first_edge_ns << (bucket / 2);
    return (bucket & 1U) != 0 ? octave * 181 / 128 : octave;
  }

  [[nodiscard]] static constexpr std::size_t bucket_of(std::int64_t ns) {
    if (ns <= first_edge_ns) return 0;
    const auto units = static_cast<std::uint64_t>((ns - 1) / first_edge_ns); // >= 1 octave index from the leading bit
    std::size_t i = units == 0 ? 0 : 2 * static_cast<std::size_t>(std::bit_width(units) - 1);
    while (i < bucket_count - 1 && upper_edge_ns(i) < ns) ++i;
    return i < bucket_count ? i : bucket_count - 1;
  }

private:
  std::array<std::atomic<std::uint16_t>, bucket_count> buckets_{};
};

} // namespace sett::supervision
