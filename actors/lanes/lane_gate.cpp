#include "actors/lanes/lane_gate.hpp"

#include "messages/types/error.hpp"

namespace sett::lanes {

std::expected<lane_gate::permit, lane_gate::shut> lane_gate::enter(steady_time_ns now) {
  breaker_.poll(now, rng_);
  if (in_flight_ >= in_flight_max_) return std::unexpected(shut::too_many);
  const auto leave = breaker_.try_acquire(now, false);
  if (!leave) return std::unexpected(shut::breaker_open);
  if (!limiter_.try_take(1.0, now)) return std::unexpected(shut::too_fast);
  ++in_flight_;
  return *leave;
}

std::optional<lane_gate::permit> lane_gate::enter_probe(steady_time_ns now) {
  breaker_.poll(now, rng_);
  if (!breaker_.wants_probe(now) || in_flight_ >= in_flight_max_) return std::nullopt;
  const auto leave = breaker_.try_acquire(now, true);
  if (leave) ++in_flight_;
  return leave;
}

void lane_gate::over(const permit& leave, resilience::call_outcome outcome, resilience::duration latency,
                     std::optional<resilience::duration> retry_after, steady_time_ns now) {
  SETT_ASSERT(in_flight_ > 0);
  --in_flight_;
  if (outcome == resilience::call_outcome::throttled) limiter_.throttled(retry_after, now);
  breaker_.record(leave, outcome, latency, now, rng_);
}

std::string_view to_text(lane_gate::shut s) {
  switch (s) {
  case lane_gate::shut::breaker_open:
    return "the lane failed too often and rests";
  case lane_gate::shut::too_fast:
    return "the lane's rate is used up";
  case lane_gate::shut::too_many:
    break;
  }
  return "too many requests wait for the lane";
}

} // namespace sett::lanes
