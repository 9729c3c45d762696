// Bytes of pump.fun's accounts and the tags of its instructions and events (IDL of pump.fun's SDK 2.0.0), and what the
// curve shares with PumpSwap: the fee program's schedule.
#pragma once

#include "tools/simnet/runtime/anchor.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace sett::simnet {

namespace pump_at {
inline constexpr std::uint64_t buy_tag = 0x66063d1201daebea, sell_tag = 0x33e685a4017f83ad,
                               buy_exact_sol_in_tag = 0x38fc74089edfcd5f, create_tag = 0x181ec828051c0777,
                               create_v2_tag = 0xd6904cec5f8b31b4, collect_creator_fee_tag = 0x1416567bc61cdb84,
                               migrate_tag = 0x9beae792ec9ea21e;
inline constexpr std::uint64_t global_tag = 0xa7e8e8b1c86c727f, curve_tag = 0x17b7f83760d8ac60,
                               volume_account_tag = 0x56ff700e66359afa; // sha256("account:...")
inline constexpr std::uint64_t trade_event_tag = 0xbddb7fd34ee661ee, complete_event_tag = 0x5f72619cd42e9808,
                               create_event_tag = 0x1b72a94ddeeb6376, migration_event_tag = 0xbde95db95c94ea94;

inline constexpr std::size_t curve_virtual_token = 8, curve_virtual_sol = 16, curve_real_token = 24,
                             curve_real_sol = 32, curve_supply = 40, curve_complete_flag = 48, curve_creator = 49,
                             curve_account_size = 151; // what today's program allocates
inline constexpr std::size_t global_fee_recipient = 41, global_initial_virtual_token = 73,
                             global_initial_virtual_sol = 81, global_initial_real_token = 89, global_supply = 97,
                             global_fee_bps = 105, global_withdraw_authority = 113, global_migration_fee = 146,
                             global_creator_fee_bps = 154, global_fee_recipients = 162;
inline constexpr std::uint64_t volume_account_size = 8 + 32 + 1 + 8 + 8 + 8 + 8 + 1 + 8 + 8 + 8 + 8;
} // namespace pump_at

inline constexpr std::uint64_t pump_total_supply = 1'000'000'000'000'000; // a billion tokens of 6 decimals

struct fee_tier {
  std::uint64_t liquidity_bps{}, protocol_bps{}, creator_bps{};
};
/// FeeConfig of the fee program: the last tier not above the market cap; the first below all of them.
[[nodiscard]] fee_tier fee_tier_at(std::span<const std::uint8_t> config, u128 market_cap);
[[nodiscard]] fee_tier flat_fees(std::span<const std::uint8_t> config);

/// create and create_v2, and the end of a curve: its own file (pump_launch.cpp).
void pump_create(invocation& c, bool token_2022, const std::string& name, const std::string& symbol,
                 const std::string& uri, const address& creator);
void pump_migrate(invocation& c);

} // namespace sett::simnet
