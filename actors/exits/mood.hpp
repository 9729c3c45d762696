// How the market's condition changes an exit plan. In a falling market stops lie closer and positions are held shorter;
// in a volatile one the trailing stop lies further away, since a swing there says less. Falling goes before volatile;
// stress (exits.stress_fall_bps) is not an adjustment: it sells (plan.hpp). Rounding: distances down when tightened, up
// when widened. Pure.
#pragma once

#include "actors/exits/plan.hpp"

#include <span>

namespace sett::exits {

enum class mood : std::uint8_t { calm, volatile_, falling, stress };
[[nodiscard]] mood mood_of(const plan_settings& p, const market_mood& m);
[[nodiscard]] std::string_view to_text(mood m);

/// exits.* with what the strategy says itself (0: nothing).
[[nodiscard]] plan_settings plan_of(const config::exits_settings& common, const config::strategy_settings* own);
/// The plan as it holds in this market.
[[nodiscard]] plan_settings adjusted(plan_settings p, const market_mood& m);

/// A token's part of the market's mood.
struct token_move {
  std::int64_t change_bps{};      // over five minutes
  std::uint64_t volatility_bps{}; // of one-minute returns
};
/// The medians (lower one of an even number). With fewer than five tokens nothing is said.
[[nodiscard]] market_mood median_mood(std::span<const token_move> tokens);

} // namespace sett::exits
