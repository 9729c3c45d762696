// pump.fun's bonding curve. Side A is the token, side B its quote (SOL but for a few): a buy is b_to_a.
//
// The price comes from virtual reserves (vt tokens, vq quote): a buy of n tokens costs floor(vq * n / (vt - n)) + 1, a
// sale of n yields floor(vq * n / (vt + n)); what is really there limits both. Fees are on the quote side, on top of a
// buy's cost and out of a sale's proceeds. The program of November 2024 rounds its one fee down; today's takes a
// protocol fee and a creator fee, each rounded up, and lets a buyer name the quote he spends (the IDL of pump.fun's SDK
// 2.0.0, instruction buy_exact_sol_in, has its formulas). The two programs are told apart by the curve's account: 49
// bytes in 2024, 81 and more since creators are paid (May 2025). Compared with 553 executions of the 2024 program and
// with recorded TradeEvents of today's.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/quote.hpp"

namespace sett::venues::pump_curve {

/// The program's errors that a quote meets (pump IDL, SDK 2.0.0).
enum : std::uint32_t {
  not_authorized = 6000,
  too_much_sol_required = 6002,
  too_little_sol_received = 6003,
  curve_complete = 6005,
  zero_buy = 6020,
  not_enough_tokens_to_buy = 6021,
  zero_sale = 6022,
  not_enough_quote_to_cover_fees = 6041,
};

/// Fee rates of the day: of the global account in 2024, since then of the fee program.
struct fee_rates {
  std::uint64_t protocol_bps{}, creator_bps{};
  friend bool operator==(const fee_rates&, const fee_rates&) = default;
};

struct state {
  std::uint64_t virtual_token{}, virtual_quote{}, real_token{}, real_quote{}, supply{};
  bool complete{};
  bool rounds_fees_up{}; // today's program; false: November 2024's
  address creator;       // zero: no creator fee
  fee_rates fees;
  friend bool operator==(const state&, const state&) = default;
};

/// From the account's bytes; `fees` stays zero. Errors: too_short, wrong_kind (another account of the program).
[[nodiscard]] result<state> read_curve(const_bytes account);
/// Rates of the 2024 program from its global account. Errors: too_short, wrong_kind.
[[nodiscard]] result<fee_rates> read_global_fees(const_bytes account);
/// Writes what swaps change into the account's bytes (read_curve read them).
void write_curve(mutable_bytes account, const state& s);

/// Sells `amount` tokens (a_to_b), or spends at most `amount` quote including fees (b_to_a, today's program only).
[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount);
/// Buys exactly `amount` tokens (b_to_a). For a sale (a_to_b) the least tokens whose sale pays out at least `amount`;
/// the program has no such instruction.
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount);

/// The curve after a quoted swap.
[[nodiscard]] state apply(const state& s, direction d, const quote& q);

} // namespace sett::venues::pump_curve
