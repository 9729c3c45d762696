// Made-up pools of concentrated liquidity: the same positions on Whirlpool, CLMM and, as bins, on DLMM.
#pragma once

#include "actors/venues/meteora_dlmm.hpp"
#include "actors/venues/orca_whirlpool.hpp"
#include "actors/venues/raydium_clmm.hpp"
#include "actors/venues/tick_math.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

namespace sett::test {

using namespace venues;

/// `arrays` tick arrays on each side of tick 0; every `every` usable ticks a position ends and a smaller one begins.
inline whirlpool::state whirlpool_pool(std::uint16_t spacing, std::uint64_t liquidity, std::int32_t every,
                                       std::uint16_t fee_ppm = 3'000) {
  whirlpool::state s;
  s.head.tick_spacing = spacing;
  s.head.fee_rate_ppm = fee_ppm;
  s.head.protocol_fee_bps = 1'300;
  s.head.liquidity = liquidity;
  s.head.tick = 0;
  s.head.sqrt_price = whirlpool_price_of_tick(0);
  for (std::int32_t n = -4; n < 4; ++n) {
    whirlpool::tick_array array;
    array.start = n * whirlpool::ticks_per_array * spacing;
    for (std::int32_t i = 0; i < whirlpool::ticks_per_array; ++i) {
      const std::int32_t place = n * whirlpool::ticks_per_array + i;
      if (place == 0 || place % every != 0) continue;
      array.initialised |= uint128{1} << i;
      const auto part = static_cast<int128>(liquidity / 1'024);
      array.net[static_cast<std::size_t>(i)] = place < 0 ? part : -part; // thinner away from the middle
    }
    s.arrays.push_back(array);
  }
  return s;
}

inline clmm::state clmm_pool(std::uint16_t spacing, std::uint64_t liquidity, std::int32_t every,
                             std::uint32_t fee_ppm = 3'000) {
  clmm::state s;
  s.head.tick_spacing = spacing;
  s.fees = {fee_ppm, 120'000, 40'000};
  s.head.liquidity = liquidity;
  s.head.sqrt_price = clmm_price_of_tick(0);
  s.extension.emplace();
  for (std::int32_t n = -6; n < 6; ++n) {
    clmm::tick_array array;
    array.start = n * clmm::ticks_per_array * spacing;
    for (std::int32_t i = 0; i < clmm::ticks_per_array; ++i) {
      const std::int32_t place = n * clmm::ticks_per_array + i;
      if (place == 0 || place % every != 0) continue;
      array.initialised |= std::uint64_t{1} << i;
      const auto part = static_cast<int128>(liquidity / 1'024);
      array.net[static_cast<std::size_t>(i)] = place < 0 ? part : -part;
    }
    const auto bit = static_cast<std::size_t>(n + 512);
    if (array.initialised != 0) s.head.bitmap[bit / 64] |= std::uint64_t{1} << (bit % 64);
    s.arrays.push_back(array);
  }
  return s;
}

/// Bins of the same worth around bin 0, `each` base units a bin.
inline dlmm::state dlmm_pool(std::uint16_t bin_step, std::uint64_t each) {
  dlmm::state s;
  auto& p = s.head;
  p.base_factor = 10'000;
  p.filter_period_s = 30;
  p.decay_period_s = 600;
  p.reduction_bps = 5'000;
  p.variable_fee_control = 40'000;
  p.volatility_max = 350'000;
  p.protocol_share_bps = 500;
  p.bin_step = bin_step;
  p.limit_orders = true;
  for (std::int32_t n = -2; n < 2; ++n) {
    dlmm::bin_array array;
    array.index = n;
    for (std::int32_t i = 0; i < dlmm::bins_per_array; ++i) {
      const std::int32_t id = n * dlmm::bins_per_array + i;
      (id <= 0 ? array.bins[static_cast<std::size_t>(i)].amount_y : array.bins[static_cast<std::size_t>(i)].amount_x) =
          each;
    }
    const auto bit = static_cast<std::size_t>(n + 512);
    p.bitmap[bit / 64] |= std::uint64_t{1} << (bit % 64);
    s.arrays.push_back(array);
  }
  return s;
}

} // namespace sett::test
