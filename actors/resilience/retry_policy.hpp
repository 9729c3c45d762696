// Whether and when a failed call is tried again. Only idempotent calls, at most three times, at one layer, before a
// deadline that is carried through, and within a budget: retries are at most a share of the calls of the last ten
// seconds (but always a few), so a failing endpoint is not buried under its own retries (Finagle's and Envoy's retry
// budgets). A 429 waits for its Retry-After. Pure; not thread-safe; does not block.
#pragma once

#include "actors/resilience/backoff.hpp"
#include "actors/resilience/circuit_breaker.hpp"
#include "actors/resilience/time_math.hpp"
#include "messages/ports/random.hpp"

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace sett::resilience {

struct retry_settings {
  std::uint32_t attempts_max = 3; // the first one included
  double budget_ratio = 0.2;      // retries / calls over the last 10 s
  std::uint32_t budget_floor = 3; // retries that are always allowed per 10 s
  backoff_settings wait{.base = std::chrono::milliseconds(100), .cap = std::chrono::seconds(2), .floor_ratio = 0.0};
};

enum class retry_refusal : std::uint8_t { not_idempotent, pointless, attempts, budget, deadline };
[[nodiscard]] std::string_view to_string(retry_refusal refusal);

class retry_policy {
public:
  explicit retry_policy(const retry_settings& settings) : settings_(settings) {}

  /// A first attempt starts: feeds the budget.
  void started(steady_time_ns now) { ++bucket_at(now).calls; }
  /// The wait before the next attempt, or why there is none. `attempt` counts those made so far, >= 1.
  [[nodiscard]] std::expected<duration, retry_refusal> decide(std::uint32_t attempt, bool idempotent,
                                                              call_outcome outcome, std::optional<duration> retry_after,
                                                              steady_time_ns deadline, steady_time_ns now,
                                                              ports::random& rng);
  [[nodiscard]] std::uint32_t retries_in_window(steady_time_ns now) const;
  [[nodiscard]] std::uint32_t budget(steady_time_ns now) const;

private:
  struct bucket {
    std::int64_t second = -1;
    std::uint32_t calls{}, retries{};
  };
  bucket& bucket_at(steady_time_ns now);
  static constexpr std::size_t bucket_count = 10;
  retry_settings settings_;
  std::array<bucket, bucket_count> buckets_{};
};

} // namespace sett::resilience
