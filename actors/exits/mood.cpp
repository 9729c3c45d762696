#include "actors/exits/mood.hpp"

#include "actors/risk/checked.hpp"

#include <algorithm>

namespace sett::exits {

namespace {
constexpr std::uint64_t bps = 10'000;
constexpr std::size_t tokens_needed = 5;
} // namespace

mood mood_of(const plan_settings& p, const market_mood& m) {
  if (m.fall_bps >= p.stress_fall_bps) return mood::stress;
  if (m.fall_bps >= p.falling_bps) return mood::falling;
  return m.volatility_bps >= p.volatile_bps ? mood::volatile_ : mood::calm;
}

std::string_view to_text(mood m) {
  switch (m) {
  case mood::calm:
    return "calm";
  case mood::volatile_:
    return "volatile";
  case mood::falling:
    return "falling";
  case mood::stress:
    break;
  }
  return "stress";
}

plan_settings plan_of(const config::exits_settings& common, const config::strategy_settings* own) {
  auto p = common;
  if (own == nullptr) return p;
  if (own->stop_bps != 0) p.stop_bps = own->stop_bps;
  if (own->trailing_bps != 0) p.trailing_bps = own->trailing_bps;
  if (own->hold_s_max != 0) p.hold_s_max = own->hold_s_max;
  return p;
}

plan_settings adjusted(plan_settings p, const market_mood& m) {
  switch (mood_of(p, m)) {
  case mood::calm:
    break;
  case mood::volatile_:
    if (p.trailing_bps < bps)
      p.trailing_bps = std::min(bps - 1, risk::share_up(p.trailing_bps, bps + p.volatile_widen_bps, bps));
    break;
  case mood::falling:
  case mood::stress:
    // A stop that is off stays off.
    for (auto* distance : {&p.stop_bps, &p.trailing_bps})
      if (*distance < bps) *distance = risk::share_down(*distance, bps - p.falling_tighten_bps, bps);
    p.hold_s_max = std::max<std::uint64_t>(1, risk::share_down(p.hold_s_max, bps - p.falling_tighten_bps, bps));
    break;
  }
  return p;
}

market_mood median_mood(std::span<const token_move> tokens) {
  if (tokens.size() < tokens_needed) return {};
  std::vector<std::int64_t> changes;
  std::vector<std::uint64_t> volatilities;
  for (const auto& t : tokens) {
    changes.push_back(t.change_bps);
    volatilities.push_back(t.volatility_bps);
  }
  const auto middle = static_cast<std::ptrdiff_t>((tokens.size() - 1) / 2);
  std::nth_element(changes.begin(), changes.begin() + middle, changes.end());
  std::nth_element(volatilities.begin(), volatilities.begin() + middle, volatilities.end());
  const auto change = changes[static_cast<std::size_t>(middle)];
  return {change < 0 ? risk::magnitude(change) : 0, volatilities[static_cast<std::size_t>(middle)]};
}

} // namespace sett::exits
