// Instants are strong values without arithmetic; these few functions are all that the resilience rules need. Durations
// are std::chrono::nanoseconds, so a setting may be written 250ms or 1s. Pure; does not block.
#pragma once

#include "messages/types/ids.hpp"

#include <chrono>
#include <cstdint>

namespace sett::resilience {

using duration = std::chrono::nanoseconds;

[[nodiscard]] constexpr steady_time_ns after(steady_time_ns start, duration d) {
  return steady_time_ns{start.value + d.count()};
}
/// Time from `earlier` to `later`; never negative, because frames of several threads may be stamped out of order.
[[nodiscard]] constexpr duration elapsed(steady_time_ns earlier, steady_time_ns later) {
  return duration{later.value > earlier.value ? later.value - earlier.value : 0};
}
[[nodiscard]] constexpr double seconds(duration d) { return static_cast<double>(d.count()) * 1e-9; }
[[nodiscard]] constexpr duration from_seconds(double s) { return duration{static_cast<std::int64_t>(s * 1e9)}; }

} // namespace sett::resilience
