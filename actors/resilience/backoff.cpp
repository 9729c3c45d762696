#include "actors/resilience/backoff.hpp"

#include <algorithm>

namespace sett::resilience {

duration backoff_bound(const backoff_settings& settings, std::uint32_t attempt) {
  auto bound = settings.base;
  for (std::uint32_t i = 0; i < attempt && bound < settings.cap; ++i)
    bound = bound > settings.cap / 2 ? settings.cap : bound * 2;
  return std::min(bound, settings.cap);
}

duration backoff::next(steady_time_ns now, ports::random& rng) {
  if (healthy_ && elapsed(healthy_since_, now) >= settings_.stable_after) attempt_ = 0;
  healthy_ = false;
  const auto bound = static_cast<double>(backoff_bound(settings_, attempt_).count());
  if (attempt_ < 62) ++attempt_;
  const double share = settings_.floor_ratio + (1.0 - settings_.floor_ratio) * rng.unit();
  return duration{std::max<std::int64_t>(1, static_cast<std::int64_t>(bound * share))};
}

} // namespace sett::resilience
