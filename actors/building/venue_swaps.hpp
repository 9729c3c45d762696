// One swap as an instruction of its venue. First the pool's accounts are read from a snapshot of the stream into a
// `market`, then a market makes as many instructions as are wanted; what the chain derives is derived here.
//
// Accounts, their order and flags, and the data are those of the venues' own SDKs, which append accounts that no IDL
// lists: pump-sdk 2.0.0, pump-swap-sdk 1.20.0, raydium-sdk-v2 0.2.73-alpha, whirlpools 8.0.0 (tests/oracle/venues
// compares every byte). Which accounts a snapshot must hold stands at each `read_*`. Where a venue offers several
// recipients of its fee, `spread` chooses one, so that transactions do not all write the same account.
//
// Pure, thread-safe, never blocks. Errors are of area "builder": missing_account, damaged_account, not_tradable,
// bad_order; each names the account.
#pragma once

#include "actors/building/derived_addresses.hpp"
#include "actors/building/native_instructions.hpp"
#include "messages/ports/trading.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sett::building {

/// What the wallet puts in: itself and its two token accounts. Where the venue moves lamports the quote account is not
/// used.
struct swap_parties {
  address wallet, base_account, quote_account;
};
/// Amounts as in ports::trade_order.
struct swap_terms {
  ports::trade_side side{};
  bool exact_in{}; // of a buy; a sell always is
  std::uint64_t amount_in{}, amount_out{};
};

/// The account's bytes, at least `least_bytes` of them. Errors: missing_account, damaged_account (shorter, or another
/// program's); `what` names it.
[[nodiscard]] result<std::span<const std::uint8_t>> bytes_of(const ports::venue_snapshot& pool, const address& key,
                                                             const address& owner, std::size_t least_bytes,
                                                             std::string_view what);

/// What swaps of pump.fun and PumpSwap name whatever the coin, all recipients of fees included: worth a lookup table of
/// the wallet's own, without which a PumpSwap buy into a once-account does not fit a transaction. At most 64; empty for
/// the other venues, which share next to nothing. Needs and errors as the venue's `read_*`.
[[nodiscard]] result<std::vector<address>> shared_addresses(const ports::venue_snapshot& pool,
                                                            derived_addresses& derived);

// --- pump.fun's bonding curve

struct pump_curve_market {
  address mint, base_program;
  address quote_mint; // zero: SOL, moved as lamports
  address quote_program;
  address curve, creator;
  address fee_recipient, buyback_recipient;
  bool pays_cashback{};
};
/// Needs: the bonding curve (`pool`), the program's global account. Not tradable: complete, waiting for migration.
[[nodiscard]] result<pump_curve_market> read_pump_curve(const ports::venue_snapshot& pool, std::uint64_t spread);
/// SOL: buy, buy_exact_sol_in, sell; any other quote: their v2.
[[nodiscard]] instruction swap_on(const pump_curve_market& m, const swap_terms& t, const swap_parties& p,
                                  derived_addresses& derived);

// --- PumpSwap

struct pump_swap_market {
  address pool, base_mint, quote_mint, base_program, quote_program, base_vault, quote_vault, coin_creator;
  address fee_recipient, buyback_recipient;
  bool pays_cashback{};
  bool needs_extension{}; // an account of before 2025-11: the SDK has it grown before the swap
};
/// Needs: the pool, the program's global_config. Not tradable: buys or sells switched off (both are checked).
[[nodiscard]] result<pump_swap_market> read_pump_swap(const ports::venue_snapshot& pool, std::uint64_t spread);
[[nodiscard]] instruction swap_on(const pump_swap_market& m, const swap_terms& t, const swap_parties& p,
                                  derived_addresses& derived);
/// extend_account; the wallet pays the rent of what is added.
[[nodiscard]] instruction extend_pool(const pump_swap_market& m, const address& wallet);

// --- Raydium AMM v4

/// Of the pool's market on Serum or OpenBook; only where the pool's reserves lie in its order book, too.
struct order_book {
  address open_orders, target_orders, program, market, bids, asks, events, coin_vault, pc_vault, vault_signer;
};
struct raydium_amm_v4_market {
  address pool, coin_mint, pc_mint, coin_vault, pc_vault;
  std::optional<order_book> book;
};
/// Needs: the pool; when its status lets it trade in the order book also the market. Not tradable: by its status.
[[nodiscard]] result<raydium_amm_v4_market> read_raydium_amm_v4(const ports::venue_snapshot& pool);
/// swap_base_in_v2 and swap_base_out_v2 (8 accounts); with an order book their first versions (18 accounts). The
/// program finds the direction by the token accounts' mints.
[[nodiscard]] instruction swap_on(const raydium_amm_v4_market& m, const swap_terms& t, const swap_parties& p);

// --- Raydium CPMM

struct raydium_cpmm_market {
  struct side {
    address mint, program, vault;
  };
  address pool, config, observation;
  side a, b;
};
/// Needs: the pool. Not tradable: swaps switched off.
[[nodiscard]] result<raydium_cpmm_market> read_raydium_cpmm(const ports::venue_snapshot& pool);
[[nodiscard]] instruction swap_on(const raydium_cpmm_market& m, const address& base_mint, const swap_terms& t,
                                  const swap_parties& p);

// --- Orca Whirlpool

struct whirlpool_market {
  address pool, mint_a, mint_b, vault_a, vault_b, program_a, program_b;
  std::int32_t tick{};
  std::uint16_t tick_spacing{};
};
/// Needs: the pool.
[[nodiscard]] result<whirlpool_market> read_whirlpool(const ports::venue_snapshot& pool);
/// Starts of the tick arrays that a swap names: the current one, two above it, then (supplemental) two below.
[[nodiscard]] std::array<std::int32_t, 5> tick_array_starts(std::int32_t tick, std::uint16_t tick_spacing);
/// swap_v2. Mints with a transfer hook would need accounts of the hook's own: not supported, the swap fails on chain.
[[nodiscard]] instruction swap_on(const whirlpool_market& m, const address& base_mint, const swap_terms& t,
                                  const swap_parties& p, derived_addresses& derived);

} // namespace sett::building
