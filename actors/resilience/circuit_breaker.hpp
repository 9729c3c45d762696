// A circuit breaker for one (endpoint, method class): after too many failures calls are refused at once, and a few
// spaced probes decide when they may go again (M. Nygard, "Release It!"; window and states as in resilience4j,
// full-jitter open time as in resilience4j's exponential policies, the generation is ours: an answer that was asked for
// before the last transition can neither open nor close anything).
//
// Legal edges: closed -> open; open -> half_open; half_open -> closed | open; any -> forced_open | disabled |
// metrics_only by force; a forced state -> closed when it expires or is released. Every edge returns a
// `breaker_transition` with its evidence. Pure: time and chance are arguments. Not thread-safe; does not block or
// allocate.
#pragma once

#include "actors/resilience/latency_histogram.hpp"
#include "actors/resilience/time_math.hpp"
#include "messages/ports/random.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sett::resilience {

enum class breaker_state : std::uint8_t { closed, open, half_open, forced_open, disabled, metrics_only };
[[nodiscard]] std::string_view to_string(breaker_state state);

/// How a call ended. caller_error (a malformed request, an unknown account) says nothing about the endpoint and is
/// ignored.
enum class call_outcome : std::uint8_t {
  success,
  timeout,
  transport,
  server_error,
  throttled,
  bad_data,
  stale_slot,
  caller_error
};
inline constexpr std::size_t call_outcome_count = 8;
[[nodiscard]] std::string_view to_string(call_outcome outcome);

struct breaker_settings {
  std::uint32_t minimum_calls = 10;       // in the window before a ratio counts
  double failure_ratio = 0.5;             // weighted failures / calls
  std::uint32_t consecutive_failures = 5; // of weight 1 or more in a row
  double slow_ratio = 0.8;                // share of slow calls in the window
  double slow_factor = 4.0;               // slow: longer than slow_factor * p99 of the last half minute ...
  duration slow_floor = std::chrono::milliseconds(500); // ... and longer than this
  // success, timeout, transport, server_error, throttled, bad_data, stale_slot, caller_error
  std::array<double, call_outcome_count> weights{0.0, 1.0, 1.0, 1.0, 0.5, 1.0, 0.5, 0.0};
  std::uint32_t probes = 3; // successes in half_open that close it
  duration probe_spacing = std::chrono::milliseconds(500);
  duration probe_timeout = std::chrono::seconds(5); // a probe without an answer counts as failed
  duration open_base = std::chrono::seconds(1);
  duration open_cap = std::chrono::seconds(60);
  duration stable_after = std::chrono::seconds(60); // closed for this long: the open time starts at open_base again
};

enum class transition_cause : std::uint8_t {
  failure_ratio,
  consecutive_failures,
  slow_calls,
  open_time_over,
  probes_succeeded,
  probe_failed,
  probe_timed_out,
  forced,
  force_expired,
  force_released
};
[[nodiscard]] std::string_view to_string(transition_cause cause);

/// One edge with what led to it.
struct breaker_transition {
  breaker_state from{}, to{};
  transition_cause cause{};
  steady_time_ns at{};
  std::uint64_t generation{};                   // after the edge
  std::uint32_t calls{}, slow{}, consecutive{}; // of the window at the edge
  double weighted_failures{};
  call_outcome last_outcome{call_outcome::success};
  duration open_for{0}; // to == open: how long
};

class circuit_breaker {
public:
  /// Leave to make one call; handed back with its outcome.
  struct permit {
    std::uint64_t generation{};
    bool probe{};
  };

  explicit circuit_breaker(const breaker_settings& settings) : settings_(settings) {}

  /// May a call go now? In half_open only a probe may, spaced and one at a time; `is_probe` marks calls that are cheap
  /// and move no money (getHealth, getSlot). Call poll() first where the transition to half_open matters.
  [[nodiscard]] std::optional<permit> try_acquire(steady_time_ns now, bool is_probe);
  /// The call behind a permit ended. Answers of an older generation are ignored.
  std::optional<breaker_transition> record(const permit& leave, call_outcome outcome, duration latency,
                                           steady_time_ns now, ports::random& rng);
  /// Time went by: open -> half_open, probe timeouts, expiry of a force.
  std::optional<breaker_transition> poll(steady_time_ns now, ports::random& rng);
  /// forced_open, disabled or metrics_only until `now + hold`. Other states are a bug of the caller.
  breaker_transition force(breaker_state state, duration hold, steady_time_ns now);
  std::optional<breaker_transition> release(steady_time_ns now);

  [[nodiscard]] breaker_state state() const { return state_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// True when a probe would be let through: the owner should send one.
  [[nodiscard]] bool wants_probe(steady_time_ns now) const;
  /// When calls may go again as far as known now; nothing while closed.
  [[nodiscard]] std::optional<steady_time_ns> retry_at() const {
    return state_ == breaker_state::open || forced() ? std::optional(until_) : std::nullopt;
  }
  [[nodiscard]] const latency_histogram& latencies() const { return latencies_; }
  [[nodiscard]] static bool legal(breaker_state from, breaker_state to);

private:
  struct bucket {
    std::int64_t second = -1;
    std::uint32_t calls{}, slow{};
    double weighted{};
  };
  struct window_sum {
    std::uint32_t calls{}, slow{};
    double weighted{};
  };
  [[nodiscard]] bool forced() const { return state_ >= breaker_state::forced_open; }
  [[nodiscard]] window_sum sum(steady_time_ns now) const;
  bucket& bucket_at(steady_time_ns now);
  [[nodiscard]] bool is_slow(duration latency) const;
  breaker_transition move(breaker_state to, transition_cause cause, steady_time_ns now);
  breaker_transition trip(transition_cause cause, steady_time_ns now, ports::random& rng);

  static constexpr std::size_t bucket_count = 10; // x 1 s
  breaker_settings settings_;
  std::array<bucket, bucket_count> buckets_{};
  latency_histogram latencies_;
  duration p99_reference_{0}; // of the span before, so slow calls are not measured against themselves
  steady_time_ns decayed_at_;
  breaker_state state_{breaker_state::closed};
  std::uint64_t generation_{1};
  std::uint32_t consecutive_{}, trips_{};
  call_outcome last_outcome_{call_outcome::success};
  steady_time_ns until_;        // open: end of the open time; forced: end of the force
  steady_time_ns closed_since_; // closed: since when
  bool ever_closed_again_{};
  std::uint32_t probe_successes_{};
  bool probe_out_{};
  steady_time_ns probe_sent_;
  bool probe_sent_ever_{};
};

} // namespace sett::resilience
