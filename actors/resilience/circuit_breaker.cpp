#include "actors/resilience/circuit_breaker.hpp"

#include "actors/resilience/backoff.hpp"
#include "messages/types/error.hpp"

#include <algorithm>

namespace sett::resilience {

namespace {

constexpr std::array<std::string_view, 6> state_names{"closed",      "open",     "half_open",
                                                      "forced_open", "disabled", "metrics_only"};
constexpr std::array<std::string_view, call_outcome_count> outcome_names{
    "success", "timeout", "transport", "server_error", "throttled", "bad_data", "stale_slot", "caller_error"};
constexpr std::array<std::string_view, 10> cause_names{
    "failure_ratio", "consecutive_failures", "slow_calls", "open_time_over", "probes_succeeded",
    "probe_failed",  "probe_timed_out",      "forced",     "force_expired",  "force_released"};
constexpr duration latency_half_life = std::chrono::seconds(30);
constexpr std::uint64_t reference_samples = 50; // a p99 of fewer says nothing

} // namespace

std::string_view to_string(breaker_state state) { return state_names[static_cast<std::size_t>(state)]; }
std::string_view to_string(call_outcome outcome) { return outcome_names[static_cast<std::size_t>(outcome)]; }
std::string_view to_string(transition_cause cause) { return cause_names[static_cast<std::size_t>(cause)]; }

bool circuit_breaker::legal(breaker_state from, breaker_state to) {
  using enum breaker_state;
  if (to == forced_open || to == disabled || to == metrics_only) return true;
  switch (from) {
  case closed:
    return to == open;
  case open:
    return to == half_open;
  case half_open:
    return to == closed || to == open;
  default: // a forced state
    return to == closed;
  }
}

circuit_breaker::window_sum circuit_breaker::sum(steady_time_ns now) const {
  const auto second = now.value / 1'000'000'000;
  window_sum total;
  for (const auto& b : buckets_) {
    if (b.second < 0 || b.second <= second - static_cast<std::int64_t>(bucket_count)) continue;
    total.calls += b.calls;
    total.slow += b.slow;
    total.weighted += b.weighted;
  }
  return total;
}

circuit_breaker::bucket& circuit_breaker::bucket_at(steady_time_ns now) {
  const auto second = now.value / 1'000'000'000;
  auto& b = buckets_[static_cast<std::size_t>(second) % bucket_count];
  if (b.second != second) b = bucket{.second = second};
  return b;
}

bool circuit_breaker::is_slow(duration latency) const {
  if (latency <= settings_.slow_floor || p99_reference_ == duration{0}) return false;
  return static_cast<double>(latency.count()) > settings_.slow_factor * static_cast<double>(p99_reference_.count());
}

std::optional<circuit_breaker::permit> circuit_breaker::try_acquire(steady_time_ns now, bool is_probe) {
  switch (state_) {
  case breaker_state::closed:
  case breaker_state::disabled:
  case breaker_state::metrics_only:
    return permit{generation_, false};
  case breaker_state::half_open:
    if (!is_probe || !wants_probe(now)) return std::nullopt;
    probe_out_ = true;
    probe_sent_ = now;
    probe_sent_ever_ = true;
    return permit{generation_, true};
  default:
    return std::nullopt;
  }
}

bool circuit_breaker::wants_probe(steady_time_ns now) const {
  return state_ == breaker_state::half_open && !probe_out_ &&
         (!probe_sent_ever_ || elapsed(probe_sent_, now) >= settings_.probe_spacing);
}

breaker_transition circuit_breaker::move(breaker_state to, transition_cause cause, steady_time_ns now) {
  SETT_ASSERT(legal(state_, to));
  const auto window = sum(now);
  breaker_transition edge{.from = state_,
                          .to = to,
                          .cause = cause,
                          .at = now,
                          .generation = ++generation_,
                          .calls = window.calls,
                          .slow = window.slow,
                          .consecutive = consecutive_,
                          .weighted_failures = window.weighted,
                          .last_outcome = last_outcome_};
  state_ = to;
  probe_successes_ = 0;
  probe_out_ = false;
  probe_sent_ever_ = false;
  if (to == breaker_state::closed) {
    buckets_.fill(bucket{});
    consecutive_ = 0;
    closed_since_ = now;
    ever_closed_again_ = true;
  }
  return edge;
}

breaker_transition circuit_breaker::trip(transition_cause cause, steady_time_ns now, ports::random& rng) {
  const bool stable =
      state_ == breaker_state::closed && (!ever_closed_again_ || elapsed(closed_since_, now) >= settings_.stable_after);
  if (stable) trips_ = 0;
  const auto bound = backoff_bound({.base = settings_.open_base, .cap = settings_.open_cap}, trips_);
  if (trips_ < 62) ++trips_;
  const auto open_for = duration{1 + static_cast<std::int64_t>(static_cast<double>(bound.count() - 1) * rng.unit())};
  auto edge = move(breaker_state::open, cause, now);
  until_ = after(now, open_for);
  edge.open_for = open_for;
  return edge;
}

std::optional<breaker_transition> circuit_breaker::record(const permit& leave, call_outcome outcome, duration latency,
                                                          steady_time_ns now, ports::random& rng) {
  if (leave.generation != generation_) return std::nullopt;
  if (leave.probe) probe_out_ = false;
  if (outcome == call_outcome::caller_error) return std::nullopt;
  last_outcome_ = outcome;
  const double weight = settings_.weights[static_cast<std::size_t>(outcome)];
  const bool slow = is_slow(latency);
  if (outcome == call_outcome::success) {
    const bool first = p99_reference_ == duration{0} && latencies_.count() >= reference_samples;
    if (first || (p99_reference_ > duration{0} && elapsed(decayed_at_, now) >= latency_half_life)) {
      p99_reference_ = latencies_.quantile(0.99);
      latencies_.decay();
      decayed_at_ = now;
    }
    latencies_.record(latency);
  }
  auto& b = bucket_at(now);
  ++b.calls;
  b.weighted += weight;
  if (slow) ++b.slow;
  consecutive_ = weight >= 1.0 ? consecutive_ + 1 : weight == 0.0 ? 0 : consecutive_;

  if (state_ == breaker_state::half_open) {
    if (weight > 0.0) return trip(transition_cause::probe_failed, now, rng);
    if (++probe_successes_ >= settings_.probes)
      return move(breaker_state::closed, transition_cause::probes_succeeded, now);
    return std::nullopt;
  }
  if (state_ != breaker_state::closed) return std::nullopt; // metrics_only and disabled only count
  if (consecutive_ >= settings_.consecutive_failures) return trip(transition_cause::consecutive_failures, now, rng);
  const auto window = sum(now);
  if (window.calls < settings_.minimum_calls) return std::nullopt;
  const auto calls = static_cast<double>(window.calls);
  if (window.weighted >= settings_.failure_ratio * calls) return trip(transition_cause::failure_ratio, now, rng);
  if (window.slow >= settings_.slow_ratio * calls) return trip(transition_cause::slow_calls, now, rng);
  return std::nullopt;
}

std::optional<breaker_transition> circuit_breaker::poll(steady_time_ns now, ports::random& rng) {
  if (state_ == breaker_state::open && now >= until_)
    return move(breaker_state::half_open, transition_cause::open_time_over, now);
  if (state_ == breaker_state::half_open && probe_out_ && elapsed(probe_sent_, now) >= settings_.probe_timeout)
    return trip(transition_cause::probe_timed_out, now, rng);
  if (forced() && now >= until_) return move(breaker_state::closed, transition_cause::force_expired, now);
  return std::nullopt;
}

breaker_transition circuit_breaker::force(breaker_state state, duration hold, steady_time_ns now) {
  SETT_ASSERT(state >= breaker_state::forced_open);
  auto edge = move(state, transition_cause::forced, now);
  until_ = after(now, hold);
  return edge;
}

std::optional<breaker_transition> circuit_breaker::release(steady_time_ns now) {
  if (!forced()) return std::nullopt;
  return move(breaker_state::closed, transition_cause::force_released, now);
}

} // namespace sett::resilience
