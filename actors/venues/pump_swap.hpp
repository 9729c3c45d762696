// PumpSwap, where pump.fun's tokens trade after the curve. Side A is the base (the token), side B the quote: a buy is
// b_to_a.
//
// x * y = k over the vaults; since July 2026 the quote side also counts `virtual_quote_reserves` of the pool's account.
// All fees are on the quote side, each rounded up: the liquidity providers' stays in the vault, the protocol's and the
// coin creator's go beside it. Their rates come from the fee program by market cap (fee_rates_at). Rules as in
// pump.fun's SDK (pump-swap-sdk 1.20.0) and its IDL; compared with recorded BuyEvents and SellEvents.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/integer.hpp"
#include "actors/venues/quote.hpp"

#include <vector>

namespace sett::venues::pump_swap {

/// The program's errors that a quote meets (pump_amm IDL, 2026).
enum : std::uint32_t {
  zero_base_amount = 6001,
  zero_quote_amount = 6002,
  exceeded_slippage = 6004,
  more_than_pool_reserves = 6016,
  overflow = 6023,
  quote_does_not_cover_fees = 6039,
  insufficient_real_quote = 6063,
};

struct fee_rates {
  std::uint64_t liquidity_bps{}, protocol_bps{}, creator_bps{};
  friend bool operator==(const fee_rates&, const fee_rates&) = default;
};

/// What a pool is quoted in, as the fee program tells quotes apart: SOL in each of its forms, the stable coins it lists
/// (USDC), anything else.
enum class quoted_in : std::uint8_t { sol, stable, other };
[[nodiscard]] quoted_in quote_kind(const address& quote_mint);

/// The fee program's FeeConfig: rates by market cap for pools of pump.fun's own tokens, flat ones for all others.
struct fee_schedule {
  struct tier {
    uint128 market_cap_from{}; // quote base units
    fee_rates rates;
  };
  fee_rates flat;
  std::vector<tier> tiers;        // ascending
  std::vector<tier> stable_tiers; // of stable quotes; empty in accounts of less than 4,073 bytes
  fee_rates other_quotes;         // flat; all zero: not set (and in accounts of less than 4,097 bytes)
};
inline constexpr std::size_t fee_tiers_max = 256;

/// Errors: too_short, wrong_kind, bad_field (more tiers than fee_tiers_max, rates over 100 %).
[[nodiscard]] result<fee_schedule> read_fee_schedule(const_bytes account);
/// Rates of a pool of pump.fun's own tokens: of the last tier not above the market cap, quote * supply / base. `quote`
/// includes the virtual reserves; the supply of a mayhem coin is counted as 10^15.
[[nodiscard]] fee_rates fee_rates_at(const fee_schedule& schedule, std::uint64_t supply, std::uint64_t base,
                                     uint128 quote, quoted_in kind = quoted_in::sol);
/// A coin's own creator rate (of the pool's account) replaces the schedule's while global_config lets coins have one.
/// Errors of `config`: too_short, wrong_kind.
[[nodiscard]] result<bool> coins_have_own_rates(const_bytes config);

struct state {
  std::uint64_t base{}, quote{}; // balances of the vaults
  int128 virtual_quote{};
  address coin_creator; // zero: no creator fee
  fee_rates fees;
  std::uint64_t own_creator_bps{}; // zero: the schedule's; see coins_have_own_rates
  friend bool operator==(const state&, const state&) = default;
};

/// Pool without balances and rates; all three lengths of the account. Errors: too_short, wrong_kind.
[[nodiscard]] result<state> read_pool(const_bytes account);

/// Sells `amount` base (a_to_b), or spends at most `amount` quote including fees (b_to_a).
[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount);
/// Buys exactly `amount` base (b_to_a). For a sale (a_to_b) a base amount that pays out at least `amount`; the program
/// has no such instruction.
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount);
[[nodiscard]] state apply(const state& s, direction d, const quote& q);

} // namespace sett::venues::pump_swap
