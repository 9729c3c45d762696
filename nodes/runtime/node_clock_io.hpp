// The process's real clocks behind the port: CLOCK_MONOTONIC and CLOCK_REALTIME. A drill can have the wall clock wrong
// by an offset; the monotonic one never is. Thread-safe.
#pragma once

#include "messages/ports/clock.hpp"

#include <chrono>

namespace sett::runtime {

class node_clock final : public ports::clock {
public:
  explicit node_clock(std::int64_t wall_offset_ms = 0) : wall_offset_ns_(wall_offset_ms * 1'000'000) {}
  [[nodiscard]] steady_time_ns steady_now() const override {
    return steady_time_ns{
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count()};
  }
  [[nodiscard]] wall_time_ns wall_now() const override {
    return wall_time_ns{
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count() +
        wall_offset_ns_};
  }

private:
  std::int64_t wall_offset_ns_;
};

} // namespace sett::runtime
