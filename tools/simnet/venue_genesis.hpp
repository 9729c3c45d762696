// Accounts of the venues that exist before the first block: pump.fun's and PumpSwap's global settings, the fee
// program's schedules, fee recipients, and a lookup table of what their instructions name most. Rates as they stood on
// mainnet in 2026; recipients from pump.fun's SDK 2.0.0.
#pragma once

#include "tools/simnet/runtime/composer.hpp"
#include "tools/simnet/runtime/validator.hpp"

#include <vector>

namespace sett::simnet {

/// Addresses of the venues' own accounts.
struct venue_keys {
  venue_keys();
  address pump_global, pump_mint_authority, pump_event_authority, pump_volume, pump_fee_config, pump_fee_recipient,
      pump_withdraw_authority;
  address amm_config, amm_event_authority, amm_volume, amm_fee_config, amm_fee_recipient, amm_fee_account;
  std::vector<address> fee_recipients, buyback_recipients;
  lookup_table_content table;
};

void found_venues(validator& chain, const venue_keys& keys);

} // namespace sett::simnet
