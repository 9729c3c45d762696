// Whether a lane may be asked now: its breaker, its rate and its number of requests under way. A refusal costs nothing
// but a look; the bytes go out by the other lanes, and by this one at the next resend. Pure, not thread-safe.
#pragma once

#include "actors/resilience/circuit_breaker.hpp"
#include "actors/resilience/rate_limiter.hpp"
#include "messages/ports/random.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace sett::lanes {

struct gate_options {
  resilience::breaker_settings breaker;
  resilience::rate_limit_settings rate;
  std::uint32_t in_flight_max{16};
};

class lane_gate {
public:
  using permit = resilience::circuit_breaker::permit;
  enum class shut : std::uint8_t { breaker_open, too_fast, too_many };

  lane_gate(const gate_options& options, std::uint64_t seed, steady_time_ns now)
      : breaker_(options.breaker), limiter_(options.rate, now), rng_(seed), in_flight_max_(options.in_flight_max) {}

  /// Leave for one send; hand it back with `over`.
  [[nodiscard]] std::expected<permit, shut> enter(steady_time_ns now);
  /// Leave for a question that moves no money, when the breaker waits for one; else nothing.
  [[nodiscard]] std::optional<permit> enter_probe(steady_time_ns now);
  /// The request ended.
  void over(const permit& leave, resilience::call_outcome outcome, resilience::duration latency,
            std::optional<resilience::duration> retry_after, steady_time_ns now);

  [[nodiscard]] resilience::breaker_state state() const { return breaker_.state(); }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }

private:
  resilience::circuit_breaker breaker_;
  resilience::rate_limiter limiter_;
  ports::random rng_;
  std::uint32_t in_flight_max_, in_flight_{};
};

[[nodiscard]] std::string_view to_text(lane_gate::shut s);

} // namespace sett::lanes
