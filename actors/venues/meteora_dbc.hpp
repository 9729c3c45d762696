// Meteora's dynamic bonding curve (dbcij3LW...): a launch on up to 20 segments of liquidity, side A the base (the new
// token), side B the quote. It trades until the quote reserve reaches the migration threshold.
//
// Fees in billionths with the same schedule and volatility as DAMM v2; taken on the quote side, or from the output,
// by the configuration. Not quoted: the rate limiter (base fee mode 2). Compared with 156 executions of the program,
// whose pools have neither schedule nor volatility fee.
#pragma once

#include "actors/venues/meteora_price.hpp"
#include "actors/venues/quote.hpp"
#include "actors/venues/token.hpp"

#include <array>

namespace sett::venues::meteora_dbc {

/// The program's errors that a swap meets (dynamic_bonding_curve IDL, 2025).
enum : std::uint32_t {
  math_overflow = 6000,
  exceeded_slippage = 6002,
  amount_is_zero = 6005,
  pool_is_completed = 6013,
  amount_left_is_not_zero = 6047,
};

struct segment {
  uint128 price{}; // its upper end
  uint128 liquidity{};
  friend bool operator==(const segment&, const segment&) = default;
};

struct config {
  std::uint64_t cliff_fee{}; // billionths
  bool exponential{};
  std::uint16_t periods{};
  std::uint64_t period_length{}, reduction{};
  meteora::dynamic_fee dynamic; // without its state
  std::uint8_t protocol_percent{}, referral_percent{}, creator_percent{};
  bool collects_quote_only{};
  bool activates_by_time{};
  std::uint64_t migration_threshold{}; // quote
  uint128 migration_price{};
  std::array<segment, 20> curve{};
  friend bool operator==(const config&, const config&) = default;
};

struct state {
  config rules;
  meteora::dynamic_fee dynamic;
  std::uint64_t base_reserve{}, quote_reserve{};
  struct fees_owed {
    std::uint64_t base{}, quote{};
    friend bool operator==(const fees_owed&, const fees_owed&) = default;
  } protocol, partner, creator;
  uint128 price{};
  std::uint64_t activation_point{};
  friend bool operator==(const state&, const state&) = default;
};

/// Errors: too_short, wrong_kind, bad_field (a fee mode that is not quoted, fees over 100 %).
[[nodiscard]] result<config> read_config(const_bytes account);
[[nodiscard]] result<state> read_pool(const_bytes account, const config& rules);
void write_pool(mutable_bytes account, const state& s);

struct swap {
  quote figures;
  state after;
};
using swap_outcome = std::expected<swap, refusal>;

[[nodiscard]] swap_outcome swap_exact_in(const state& s, direction d, token_amount amount, const chain_time& now,
                                         bool has_referral = false);
/// Stops where the curve is complete.
[[nodiscard]] swap_outcome swap_partial_fill(const state& s, direction d, token_amount amount, const chain_time& now,
                                             bool has_referral = false);
[[nodiscard]] swap_outcome swap_exact_out(const state& s, direction d, token_amount amount, const chain_time& now,
                                          bool has_referral = false);

[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now);
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now);

} // namespace sett::venues::meteora_dbc
