// Ticks and prices: price(tick) = sqrt(1.0001^tick) as Q64.64. Orca and Raydium tabulate the same powers with different
// widths, so their prices differ in the last bits, and a quote must use the venue's own.
// Whirlpool: programs/whirlpool/src/math/tick_math.rs (2025-09); Raydium: programs/amm/src/libraries/tick_math.rs
// (2024-11). Pure, thread-safe, allocates nothing.
#pragma once

#include "actors/venues/integer.hpp"

#include <cstdint>

namespace sett::venues {

inline constexpr std::int32_t tick_min = -443636;
inline constexpr std::int32_t tick_max = 443636;

/// Q64.64 prices at tick_min and tick_max.
struct price_bounds {
  uint128 lowest, highest;
};
/// Orca's and Raydium's are 4295048016 below, and 79226673515401279992447579055 and 79226673521066979257578248091
/// above.
inline constexpr price_bounds whirlpool_prices{4295048016U, (uint128{0xfffec4b1U} << 64) | 0x35bb7f32a81b33afU};
inline constexpr price_bounds clmm_prices{4295048016U, (uint128{0xfffec4b1U} << 64) | 0x845c1aa94e69579bU};

/// The price of a tick in [tick_min, tick_max] (an assertion).
[[nodiscard]] uint128 whirlpool_price_of_tick(std::int32_t tick);
[[nodiscard]] uint128 clmm_price_of_tick(std::int32_t tick);

/// The largest tick whose price is not above `price`, which lies within the venue's bounds (an assertion).
[[nodiscard]] std::int32_t whirlpool_tick_of_price(uint128 price);
[[nodiscard]] std::int32_t clmm_tick_of_price(uint128 price);

/// Whether a pool may have this tick at this price (within bounds): the price's own, or the one below when the price is
/// exactly that of its tick, which a crossing downwards leaves behind.
[[nodiscard]] bool whirlpool_tick_fits(std::int32_t tick, uint128 price);
[[nodiscard]] bool clmm_tick_fits(std::int32_t tick, uint128 price);

/// floor(a / b), b above zero.
[[nodiscard]] constexpr std::int32_t floor_divide(std::int32_t a, std::int32_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

} // namespace sett::venues
