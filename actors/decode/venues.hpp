// Which programs trade. Used where the source gives no stack height (an inner instruction of a venue ends the one
// before) and to name a trade's router.
#pragma once

#include "messages/types/chain_event.hpp"

namespace sett::decode {

/// Routes over several venues, itself holding no pool.
[[nodiscard]] constexpr bool is_router(program_kind kind) {
  return kind == program_kind::jupiter_v6 || kind == program_kind::okx_dex;
}

/// A pool, a curve, an order book or a router.
[[nodiscard]] constexpr bool is_venue(program_kind kind) {
  switch (kind) {
  case program_kind::pump:
  case program_kind::pump_amm:
  case program_kind::raydium_amm_v4:
  case program_kind::raydium_cpmm:
  case program_kind::raydium_clmm:
  case program_kind::raydium_launchlab:
  case program_kind::orca_whirlpool:
  case program_kind::meteora_dlmm:
  case program_kind::meteora_damm_v1:
  case program_kind::meteora_damm_v2:
  case program_kind::meteora_dbc:
  case program_kind::openbook_v2:
  case program_kind::serum_v3:
  case program_kind::lifinity_v2:
  case program_kind::phoenix:
  case program_kind::moonshot:
  case program_kind::saber:
  case program_kind::fluxbeam:
    return true;
  default:
    return is_router(kind);
  }
}

} // namespace sett::decode
