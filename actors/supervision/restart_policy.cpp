#include "actors/supervision/restart_policy.hpp"

#include <algorithm>

namespace sett::supervision {

namespace {

/// 0 for the first failure, then uniform in (0, min(cap, base * 2^(n-2))].
std::int64_t backoff(const restart_settings& settings, std::uint32_t in_a_row, ports::random& rng) {
  if (in_a_row <= 1 || settings.backoff_base_ns <= 0) return 0;
  const std::uint32_t doublings = std::min<std::uint32_t>(in_a_row - 2, 30);
  const std::int64_t base = std::min(settings.backoff_base_ns, settings.backoff_cap_ns);
  const std::int64_t limit =
      base > (settings.backoff_cap_ns >> doublings) ? settings.backoff_cap_ns : base << doublings;
  return limit <= 0 ? 0 : 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(limit)));
}

} // namespace

restart_decision decide_restart(const restart_settings& settings, child_kind kind, failure_kind failure,
                                restart_history& history, steady_time_ns now, ports::random& rng) {
  if (failure == failure_kind::rejected) return {directive::resume, 0};
  if (kind == child_kind::temporary) return {directive::stop, 0};
  if (failure == failure_kind::normal && kind == child_kind::transient) return {directive::stop, 0};

  if (history.in_a_row_ != 0 && now.value - history.last_failure_ns_ >= settings.stable_ns) history.in_a_row_ = 0;
  history.last_failure_ns_ = now.value;
  if (history.in_a_row_ != UINT32_MAX) ++history.in_a_row_;

  if (!settings.never_give_up) {
    std::erase_if(history.restarts_, [&](std::int64_t t) { return now.value - t >= settings.window_ns; });
    if (history.restarts_.size() >= settings.max_restarts)
      return {settings.escalates ? directive::escalate : directive::stop, 0};
    history.restarts_.push_back(now.value);
  }
  return {directive::restart, backoff(settings, history.in_a_row_, rng)};
}

} // namespace sett::supervision
