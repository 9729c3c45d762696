// Raydium AMM v4 (the program 675kPX9M..., native, closed layout). Side A is the coin, side B the pc.
//
// x * y = k over the vaults, plus what the pool's OpenOrders account holds in its order book when the pool's status
// lets it trade there, less the profit put aside (need_take_pnl). The fee is taken from the input and stays in the
// vault; the 12 % of the pool's profit that Raydium takes is booked at deposits and withdrawals, not at swaps. Fees and
// an exact-out's input round with SPL's half-ceiling (integer.hpp). Compared with 716 executions of the program.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/quote.hpp"

namespace sett::venues::raydium_amm_v4 {

/// The program's errors that a swap meets (raydium-amm error.rs, 2024).
enum : std::uint32_t {
  invalid_coin_vault = 4,
  invalid_pc_vault = 5,
  invalid_status = 22,
  wrong_accounts_number = 24,
  invalid_input = 29,
  exceeded_slippage = 30,
  checked_sub_overflow = 32,
  checked_add_overflow = 33,
  insufficient_funds = 40,
  invalid_user_token = 42,
};

enum class status : std::uint64_t {
  uninitialized,
  initialized, // swaps, with order book
  disabled,
  withdraw_only,
  liquidity_only,
  order_book_only, // from its time on the first swap makes it `initialized`
  swap_only,
  waiting_trade, // from its time on the first swap makes it `swap_only`
};

struct state {
  status phase{status::uninitialized};
  std::uint64_t fee_numerator{}, fee_denominator{1};
  std::uint64_t owed_a{}, owed_b{};   // need_take_pnl
  std::uint64_t vault_a{}, vault_b{}; // balances of the vaults
  std::uint64_t open_orders_a{}, open_orders_b{};
  std::uint64_t pool_open_time{}, order_book_to_init_time{}; // unix seconds
  friend bool operator==(const state&, const state&) = default;
};

/// AmmInfo without the balances. Errors: too_short, bad_field (a fee of 100 % or more, an unknown status).
[[nodiscard]] result<state> read_amm_info(const_bytes account);
/// True when OpenOrders belongs to the reserves.
[[nodiscard]] bool uses_order_book(const state& s);
/// Native totals of the pool's OpenOrders account into `s`. Errors: too_short, wrong_kind.
[[nodiscard]] result<void> read_open_orders(const_bytes account, state& s);

[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now);
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now);
[[nodiscard]] state apply(const state& s, direction d, const quote& q);

} // namespace sett::venues::raydium_amm_v4
