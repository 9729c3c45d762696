#include "actors/resilience/rate_limiter.hpp"

#include "messages/ports/random.hpp"

#include <algorithm>

namespace sett::resilience {

namespace {
constexpr std::int64_t second_ns = 1'000'000'000;
std::int64_t micro(double credits) { return static_cast<std::int64_t>(credits * 1e6); }
} // namespace

rate_limiter::rate_limiter(const rate_limit_settings& settings, steady_time_ns now)
    : settings_(settings),
      rate_configured_(std::max<std::int64_t>(1, micro(settings.credits_per_second))),
      rate_(rate_configured_),
      burst_(std::max<std::int64_t>(1, micro(settings.burst_credits))),
      tokens_(burst_),
      refilled_at_(now),
      grown_at_(now),
      blocked_until_(now) {}

void rate_limiter::refill(steady_time_ns now) {
  const auto passed = elapsed(refilled_at_, now).count();
  if (passed > 0) {
    // Rounds down and moves the mark only by the time that was paid out, so no fraction is lost or given twice.
    const auto gained =
        static_cast<std::int64_t>(static_cast<ports::uint128>(passed) * static_cast<ports::uint128>(rate_) /
                                  static_cast<ports::uint128>(second_ns));
    if (tokens_ + gained >= burst_) {
      tokens_ = burst_;
      refilled_at_ = now;
    } else if (gained > 0) {
      tokens_ += gained;
      const auto paid = static_cast<ports::uint128>(gained) * static_cast<ports::uint128>(second_ns);
      const auto rate = static_cast<ports::uint128>(rate_);
      refilled_at_.value += static_cast<std::int64_t>((paid + rate - 1) / rate); // rounded up: never early
    }
  }
  if (rate_ < rate_configured_ && elapsed(grown_at_, now) > duration{0}) {
    const auto quiet_end = after(grown_at_, settings_.quiet_before_growth);
    if (now > quiet_end) {
      const double span = seconds(elapsed(quiet_end, now));
      const auto growth =
          static_cast<std::int64_t>(span * settings_.grow_ratio_per_second * static_cast<double>(rate_configured_));
      if (growth > 0) {
        rate_ = std::min(rate_configured_, rate_ + growth);
        grown_at_ = steady_time_ns{now.value - settings_.quiet_before_growth.count()};
      }
    }
  }
}

std::expected<void, duration> rate_limiter::try_take(double credits, steady_time_ns now) {
  refill(now);
  if (now < blocked_until_) return std::unexpected(elapsed(now, blocked_until_));
  const auto cost = micro(credits);
  const auto needed = std::min(cost, burst_);
  if (tokens_ >= needed) {
    tokens_ -= cost;
    return {};
  }
  const auto missing = static_cast<ports::uint128>(needed - tokens_) * static_cast<ports::uint128>(second_ns);
  const auto rate = static_cast<ports::uint128>(rate_);
  const auto until = refilled_at_.value + static_cast<std::int64_t>((missing + rate - 1) / rate);
  return std::unexpected(duration{std::max<std::int64_t>(1, until - now.value)});
}

std::optional<limit_change> rate_limiter::throttled(std::optional<duration> retry_after, steady_time_ns now) {
  refill(now);
  const auto wait =
      std::clamp(retry_after.value_or(settings_.retry_after_default), duration{0}, settings_.retry_after_cap);
  const auto until = after(now, wait);
  const bool counted = now < blocked_until_; // calls that were under way when the first 429 came
  blocked_until_ = std::max(blocked_until_, until);
  tokens_ = std::min<std::int64_t>(tokens_, 0);
  refilled_at_ = std::max(refilled_at_, blocked_until_); // nothing is saved up while blocked: no burst right after it
  grown_at_ = blocked_until_;
  if (counted) return std::nullopt;
  const auto before = rate_;
  const auto floor = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(settings_.floor_ratio * static_cast<double>(rate_configured_)));
  rate_ = std::max(floor, static_cast<std::int64_t>(settings_.shrink_ratio * static_cast<double>(rate_)));
  return limit_change{static_cast<double>(before) * 1e-6, static_cast<double>(rate_) * 1e-6, wait, now};
}

} // namespace sett::resilience
