// The programs, sysvars and fixed accounts that our transactions name. Derived once at first use, some 0.3 ms; then
// plain reads. Program ids as in the programs' IDLs and official SDKs (read 2026-11).
#pragma once

#include "messages/types/ids.hpp"

namespace sett::building {

struct program_addresses {
  // Solana's own.
  address system, compute_budget, token, token_2022, associated_token, memo, native_mint;
  address rent_sysvar, recent_blockhashes_sysvar;

  // pump.fun, its fee program and PumpSwap: programs and their only accounts of a kind.
  address pump, pump_fees, pump_global, pump_event_authority, pump_volume, pump_fee_config;
  address pump_amm, pump_amm_config, pump_amm_event_authority, pump_amm_volume, pump_amm_fee_config;

  address raydium_amm_v4, raydium_amm_v4_authority;
  address raydium_cpmm, raydium_cpmm_authority;
  address whirlpool;
};

[[nodiscard]] const program_addresses& programs();

} // namespace sett::building
