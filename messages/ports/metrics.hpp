// Figures that an area keeps about itself, without knowing who reads them. An area builds a struct of pointers from the
// injected registry once and then counts with one relaxed atomic operation; the node's registry (nodes/telemetry)
// renders Prometheus text.
//
//   struct ingest_metrics {
//     ports::counter* duplicates;
//     static ingest_metrics make(ports::metrics_registry& r) {
//       return {&r.counter_of("sett_ingest_updates_duplicate_dropped_total", "Updates another endpoint delivered
//       first.")};
//     }
//   };
//
// Names: sett_<area>_<subject>_<qualifier>_<action>_<unit>; _total for counters; base units seconds, bytes, lamports,
// ratio. Labels come from closed sets; never a mint, a wallet, a signature, an URL. The same name and labels give the
// same object, so restarted actors go on counting. Objects live as long as the registry. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::ports {

class counter {
public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

class gauge {
public:
  void set(double v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(double v) noexcept { value_.fetch_add(v, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<double> value_{0};
};

/// Counts per upper bound (ascending, +Inf is added). A reader may see a sum that is one observation ahead of its
/// buckets.
class histogram {
public:
  explicit histogram(std::span<const double> bounds)
      : bounds_(bounds.begin(), bounds.end()),
        buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {}

  void observe(double v) noexcept {
    std::size_t i = 0;
    while (i < bounds_.size() && v > bounds_[i]) ++i;
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(v, std::memory_order_relaxed);
  }
  [[nodiscard]] std::span<const double> bounds() const noexcept { return bounds_; }
  /// i = bounds().size() is the +Inf bucket; not cumulative.
  [[nodiscard]] std::uint64_t bucket(std::size_t i) const noexcept {
    return buckets_[i].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

/// Seconds from 10 us to 10 s, for latencies.
inline constexpr double latency_bounds_s[] = {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001,
                                              0.0025,  0.005,    0.01,    0.025,  0.05,    0.1,    0.25,
                                              0.5,     1,        2.5,     5,      10};

using label = std::pair<std::string_view, std::string_view>;
using labels = std::initializer_list<label>;

class metrics_registry {
public:
  virtual ~metrics_registry() = default;
  virtual counter& counter_of(std::string_view name, std::string_view help, labels l = {}) = 0;
  virtual gauge& gauge_of(std::string_view name, std::string_view help, labels l = {}) = 0;
  virtual histogram& histogram_of(std::string_view name, std::string_view help, std::span<const double> bounds,
                                  labels l = {}) = 0;
  /// Called before each rendering, to bring gauges up to date; must not block. Stays registered for the registry's
  /// life.
  virtual void before_collect(std::function<void()> refresh) = 0;
};

} // namespace sett::ports
