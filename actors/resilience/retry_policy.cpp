#include "actors/resilience/retry_policy.hpp"

#include <algorithm>

namespace sett::resilience {

namespace {
constexpr std::array<std::string_view, 5> refusal_names{"not_idempotent", "pointless", "attempts", "budget",
                                                        "deadline"};
} // namespace

std::string_view to_string(retry_refusal refusal) { return refusal_names[static_cast<std::size_t>(refusal)]; }

retry_policy::bucket& retry_policy::bucket_at(steady_time_ns now) {
  const auto second = now.value / 1'000'000'000;
  auto& b = buckets_[static_cast<std::size_t>(second) % bucket_count];
  if (b.second != second) b = bucket{.second = second};
  return b;
}

std::uint32_t retry_policy::retries_in_window(steady_time_ns now) const {
  const auto oldest = now.value / 1'000'000'000 - static_cast<std::int64_t>(bucket_count);
  std::uint32_t total = 0;
  for (const auto& b : buckets_)
    if (b.second >= 0 && b.second > oldest) total += b.retries;
  return total;
}

std::uint32_t retry_policy::budget(steady_time_ns now) const {
  const auto oldest = now.value / 1'000'000'000 - static_cast<std::int64_t>(bucket_count);
  std::uint64_t calls = 0;
  for (const auto& b : buckets_)
    if (b.second >= 0 && b.second > oldest) calls += b.calls;
  return std::max(settings_.budget_floor,
                  static_cast<std::uint32_t>(settings_.budget_ratio * static_cast<double>(calls)));
}

std::expected<duration, retry_refusal> retry_policy::decide(std::uint32_t attempt, bool idempotent,
                                                            call_outcome outcome, std::optional<duration> retry_after,
                                                            steady_time_ns deadline, steady_time_ns now,
                                                            ports::random& rng) {
  if (!idempotent) return std::unexpected(retry_refusal::not_idempotent);
  if (outcome == call_outcome::success || outcome == call_outcome::caller_error)
    return std::unexpected(retry_refusal::pointless);
  if (attempt >= settings_.attempts_max) return std::unexpected(retry_refusal::attempts);
  if (retries_in_window(now) >= budget(now)) return std::unexpected(retry_refusal::budget);
  const auto bound = backoff_bound(settings_.wait, attempt - 1);
  const double share = settings_.wait.floor_ratio + (1.0 - settings_.wait.floor_ratio) * rng.unit();
  auto wait = duration{1 + static_cast<std::int64_t>(static_cast<double>(bound.count() - 1) * share)};
  if (retry_after) wait += *retry_after; // jitter on top: the others were told the same moment
  if (after(now, wait) >= deadline) return std::unexpected(retry_refusal::deadline);
  ++bucket_at(now).retries;
  return wait;
}

} // namespace sett::resilience
