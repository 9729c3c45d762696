// Raydium CPMM (CPMMoo8L...). Side A is token 0, side B token 1; mints of both token programs, transfer fees included.
//
// x * y = k over the vaults less the fees put aside in them. The trade fee comes out of the input, rounded up; the
// protocol's and the fund's share are floors of it. Since 2025 a pool may also pay its creator, out of the input or the
// output (creator_fee_on). An exact-out's input before fees rounds with SPL's half-ceiling, so that a tiny output asks
// for nothing and fails the program's own check of k. Compared with 583 executions of the program of late 2024; the
// creator's fee follows Raydium's SDK (0.2.73).
#pragma once

#include "actors/venues/quote.hpp"
#include "actors/venues/token.hpp"

namespace sett::venues::raydium_cpmm {

/// The program's errors and Anchor's that a swap meets (raydium-cp-swap error.rs, 2024; Anchor 0.29).
enum : std::uint32_t {
  require_gt_violated = 2505,
  require_gte_violated = 2506,
  not_approved = 6000,
  invalid_input = 6003,
  exceeded_slippage = 6005,
  zero_trading_tokens = 6006,
};

struct rates { // of the pool's AmmConfig, millionths
  std::uint64_t trade{}, protocol{}, fund{}, creator{};
  friend bool operator==(const rates&, const rates&) = default;
};

enum class creator_fee_side : std::uint8_t { both, only_a, only_b }; // both: of the input

struct pool_side {
  std::uint64_t vault{};                                   // balance
  std::uint64_t protocol_fee{}, fund_fee{}, creator_fee{}; // put aside in the vault
  bool is_token_2022{};
  transfer_fees fees; // of the mint
  friend bool operator==(const pool_side&, const pool_side&) = default;
};

struct state {
  pool_side a, b;
  rates rate;
  std::uint8_t disabled{}; // bit 2: swaps
  std::uint64_t open_time{};
  bool pays_creator{};
  creator_fee_side creator_side{creator_fee_side::both};
  friend bool operator==(const state&, const state&) = default;
};

/// PoolState without the balances, rates and mints. Errors: too_short, wrong_kind, bad_field.
[[nodiscard]] result<state> read_pool(const_bytes account);
/// AmmConfig. Errors: too_short, wrong_kind, bad_field (rates of 100 % or more).
[[nodiscard]] result<rates> read_config(const_bytes account);
/// Writes what swaps change into PoolState's bytes (read_pool read them).
void write_pool(mutable_bytes account, const state& s);

[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now);
/// `amount` is what reaches the trader.
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now);
[[nodiscard]] state apply(const state& s, direction d, const quote& q);

} // namespace sett::venues::raydium_cpmm
