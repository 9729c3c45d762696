// The limits of an order from a quote and the slippage that is allowed. Rounded against the trade: what a limit allows
// is never worse than the slippage named. Pure, thread-safe.
#pragma once

#include "actors/venues/integer.hpp"
#include "messages/types/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace sett::building {

inline constexpr std::uint32_t slippage_bps_all = 10'000;

/// The least to accept of what a quote promises, rounded up; at least one unit. `slippage` over 100 % counts as 100 %.
[[nodiscard]] constexpr token_amount least_out(token_amount quoted, basis_points slippage) {
  const std::uint64_t kept = slippage_bps_all - std::min(slippage.value, slippage_bps_all);
  const auto least = venues::divide(venues::uint128{quoted.value} * kept, slippage_bps_all, venues::rounding::up);
  return token_amount{std::max<std::uint64_t>(static_cast<std::uint64_t>(least), 1)};
}

/// The most to spend for what a quote costs, rounded down; at most what 64 bits hold.
[[nodiscard]] constexpr token_amount most_in(token_amount quoted, basis_points slippage) {
  const auto most = venues::divide(venues::uint128{quoted.value} * (venues::uint128{slippage_bps_all} + slippage.value),
                                   slippage_bps_all, venues::rounding::down);
  return token_amount{
      static_cast<std::uint64_t>(std::min<venues::uint128>(most, std::numeric_limits<std::uint64_t>::max()))};
}

} // namespace sett::building
