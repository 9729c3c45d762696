// A clock that a test moves by hand. Thread-safe.
#pragma once

#include "messages/ports/clock.hpp"

#include <atomic>
#include <cstdint>

namespace sett::test {

class fixed_clock final : public ports::clock {
public:
  explicit fixed_clock(std::int64_t wall_ns = 1'790'000'000'000'000'000, std::int64_t steady_ns = 0)
      : wall_(wall_ns), steady_(steady_ns) {}
  [[nodiscard]] steady_time_ns steady_now() const override { return steady_time_ns{steady_.load()}; }
  [[nodiscard]] wall_time_ns wall_now() const override { return wall_time_ns{wall_.load()}; }
  void advance(std::int64_t ns) {
    wall_.fetch_add(ns);
    steady_.fetch_add(ns);
  }

private:
  std::atomic<std::int64_t> wall_, steady_;
};

} // namespace sett::test
