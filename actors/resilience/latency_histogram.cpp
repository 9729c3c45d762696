#include "actors/resilience/latency_histogram.hpp"

#include <algorithm>
#include <bit>

namespace sett::resilience {

std::size_t latency_histogram::position(duration latency) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count() / 1000));
  if (us < sub_buckets) return static_cast<std::size_t>(us);
  const auto power = static_cast<std::size_t>(std::bit_width(us)) - 4;  // us >= 8, so bit_width >= 4
  const auto sub = static_cast<std::size_t>(us >> power) - sub_buckets; // the three bits below the leading one
  return std::min(sub_buckets * (power + 1) + sub, sub_buckets * powers - 1);
}

duration latency_histogram::upper_edge(std::size_t bucket) {
  if (bucket < sub_buckets) return std::chrono::microseconds(bucket + 1);
  const auto power = bucket / sub_buckets - 1;
  const auto sub = bucket % sub_buckets;
  return std::chrono::microseconds((sub_buckets + sub + 1) << power);
}

void latency_histogram::record(duration latency) {
  ++buckets_[position(latency)];
  ++count_;
}

duration latency_histogram::quantile(double q) const {
  if (count_ == 0) return duration{0};
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(q * static_cast<double>(count_) + 0.5));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return upper_edge(i);
  }
  return upper_edge(buckets_.size() - 1);
}

void latency_histogram::decay() {
  count_ = 0;
  for (auto& b : buckets_) {
    b /= 2;
    count_ += b;
  }
}

} // namespace sett::resilience
