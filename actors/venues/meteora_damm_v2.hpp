// Meteora DAMM v2 (cpamdpZC...): one range of concentrated liquidity with fees in billionths, a base fee that may fall
// with time since activation and a dynamic fee from volatility.
//
// The fee is taken from the output, but from the input when the pool collects in B alone and B is sold. The dynamic fee
// is that of the accumulator the last swap left; references are refreshed before a swap, the accumulator after it.
// Base fee modes that are quoted: fixed and schedulers by time (0, 1). Compared with 312 executions of the program.
#pragma once

#include "actors/venues/meteora_price.hpp"
#include "actors/venues/quote.hpp"
#include "actors/venues/token.hpp"

namespace sett::venues::meteora_damm_v2 {

/// The program's errors that a swap meets (damm_v2 IDL, 2025).
enum : std::uint32_t {
  math_overflow = 6000,
  exceeded_slippage = 6002,
  pool_disabled = 6003,
  amount_is_zero = 6006,
  price_range_violation = 6015,
  fee_inverse_is_incorrect = 6038,
};

enum class base_fee_mode : std::uint8_t { linear, exponential }; // how it falls

struct state {
  std::uint64_t cliff_fee{}; // billionths
  base_fee_mode mode{};
  std::uint16_t periods{};
  std::uint64_t period_length{}, reduction{};
  std::uint8_t protocol_percent{}, referral_percent{};
  meteora::dynamic_fee dynamic;
  uint128 liquidity{}, price_min{}, price_max{}, price{};
  std::uint64_t activation_point{};
  bool activates_by_time{}; // else by slot
  bool disabled{};
  bool collects_b_only{};
  std::uint64_t fee_max{}; // billionths
  std::uint64_t protocol_fee_a{}, protocol_fee_b{};
  transfer_fees fees_a, fees_b; // of the mints
  friend bool operator==(const state&, const state&) = default;
};

/// Errors: too_short, wrong_kind, bad_field (a base fee or collection mode that is not quoted, impossible prices).
[[nodiscard]] result<state> read_pool(const_bytes account);
/// Writes what swaps change into the account's bytes (read_pool read them).
void write_pool(mutable_bytes account, const state& s);

struct swap {
  quote figures;
  state after;
};
using swap_outcome = std::expected<swap, refusal>;

/// The three modes of swap2; a pool's next state comes with the quote because its price follows no formula of it.
[[nodiscard]] swap_outcome swap_exact_in(const state& s, direction d, token_amount amount, const chain_time& now,
                                         bool has_referral = false);
/// Spends at most `amount` and stops at the end of the range.
[[nodiscard]] swap_outcome swap_partial_fill(const state& s, direction d, token_amount amount, const chain_time& now,
                                             bool has_referral = false);
[[nodiscard]] swap_outcome swap_exact_out(const state& s, direction d, token_amount amount, const chain_time& now,
                                          bool has_referral = false);

[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now);
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now);

} // namespace sett::venues::meteora_damm_v2
