// Orca Whirlpool: concentrated liquidity in tick arrays of 88 ticks.
//
// A swap walks from initialised tick to initialised tick through at most three consecutive arrays, with the fee rate of
// the pool, or with the adaptive rate of its oracle account that grows with the ticks crossed. Rules after the program
// whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc (manager/swap_manager.rs, manager/fee_rate_manager.rs,
// util/sparse_swap.rs, 2025-09); older programs differ as program_version says. Checked with executions of three
// program dumps. Amounts are base units; prices Q64.64 roots of B per A.
// Pure, thread-safe; a quote allocates nothing.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/integer.hpp"
#include "actors/venues/quote.hpp"
#include "actors/venues/token.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sett::venues::whirlpool {

inline constexpr std::int32_t ticks_per_array = 88;
inline constexpr std::size_t arrays_per_swap = 3;

/// The program's own error numbers (errors.rs), as far as a swap meets them.
enum error_code : std::uint32_t {
  invalid_tick_spacing = 6004,
  divide_by_zero = 6006,
  sqrt_price_out_of_bounds = 6011,
  liquidity_overflow = 6014,
  liquidity_underflow = 6015,
  token_max_exceeded = 6017,
  token_min_subceeded = 6018,
  invalid_timestamp = 6022,
  invalid_tick_array_sequence = 6023,
  multiplication_shift_right_overflow = 6030,
  multiplication_overflow = 6033,
  invalid_sqrt_price_limit_direction = 6034,
  zero_tradable_amount = 6035,
  amount_out_below_minimum = 6036,
  amount_in_above_maximum = 6037,
  tick_array_sequence_invalid_index = 6038,
  amount_calc_overflow = 6039,
  amount_remaining_overflow = 6040,
  transfer_fee_calculation_error = 6052,
  different_whirlpool_tick_array_account = 6056,
  partial_fill = 6057,
  trade_is_not_enabled = 6064,
};

enum class program_version : std::uint8_t {
  fixed_arrays, // until 2024: the arrays stand in the instruction's order, a price limit of 0 is out of bounds
  sparse_arrays // since late 2024: arrays are found by their start, 0 means no limit
};

struct pool {
  std::uint16_t tick_spacing{};
  std::uint16_t fee_rate_ppm{};
  std::uint16_t protocol_fee_bps{}; // of the fee
  uint128 liquidity{};
  uint128 sqrt_price{};
  std::int32_t tick{};
  std::uint64_t protocol_owed_a{}, protocol_owed_b{};
  uint128 fee_growth_a{}, fee_growth_b{}; // per unit of liquidity, Q64.64, wraps
  std::uint64_t reward_updated_at{};      // unix seconds
  address mint_a, mint_b, vault_a, vault_b;
  friend bool operator==(const pool&, const pool&) = default;
};

/// One array; ticks that are not initialised have no liquidity. An account that does not exist is an array with only
/// `start` set.
struct tick_array {
  address pool;
  std::int32_t start{};
  uint128 initialised{};                     // bit i: tick start + i * spacing
  std::array<int128, ticks_per_array> net{}; // liquidity added when the price rises over the tick
  friend bool operator==(const tick_array&, const tick_array&) = default;
};

/// The oracle account of a pool with adaptive fee.
struct adaptive_fee {
  std::uint64_t enabled_at{}; // unix seconds
  std::uint16_t filter_period_s{}, decay_period_s{}, reduction_bps{}, group_ticks{}, major_swap_ticks{};
  std::uint32_t control_factor{}, volatility_max{};
  // Variables, changed by every swap.
  std::uint64_t reference_updated_at{}, major_swap_at{}; // unix seconds
  std::uint32_t volatility_reference{}, volatility{};
  std::int32_t group_reference{};
  friend bool operator==(const adaptive_fee&, const adaptive_fee&) = default;
};

/// Errors: too_short, wrong_kind (another account's discriminator), bad_field (a tick spacing of zero, a price or tick
/// out of bounds, fees over 100 %).
[[nodiscard]] result<pool> read_pool(const_bytes account);
/// Reads both layouts, fixed and dynamic. Errors as above.
[[nodiscard]] result<tick_array> read_tick_array(const_bytes account);
[[nodiscard]] result<adaptive_fee> read_oracle(const_bytes account);
/// Writes what a swap changes into an account that was read before.
void write_pool(mutable_bytes account, const pool& p);
void write_oracle(mutable_bytes account, const adaptive_fee& fee);

struct swap_order {
  direction way{direction::a_to_b};
  bool exact_in{true};
  std::uint64_t amount{};     // that enters or leaves the pool
  uint128 sqrt_price_limit{}; // 0: none
};

struct swap_effect {
  std::uint64_t amount_in{}, amount_out{}; // of the vaults; the fee is in amount_in
  std::uint64_t fee{}, protocol_fee{};     // the protocol's is part of the fee
  std::uint32_t ticks_crossed{};
  pool after;
  std::optional<adaptive_fee> oracle_after;
};

/// Runs a swap over `arrays` in the order of travel; the first holds the pool's tick. Nothing is changed.
[[nodiscard]] std::expected<swap_effect, refusal> run_swap(const pool& before, const adaptive_fee* oracle,
                                                           std::span<const tick_array* const> arrays,
                                                           const swap_order& order, const chain_time& now,
                                                           program_version version = program_version::sparse_arrays);

/// Starts of the arrays that a swap passes, in order of travel: at most three, fewer at the ends of the price range.
struct array_starts {
  std::array<std::int32_t, arrays_per_swap> start{};
  std::size_t count{};
};
[[nodiscard]] array_starts arrays_of_travel(const pool& p, direction way);

/// A pool and what its quotes need. `arrays` is sorted by start; an array that is not there ends a quote's walk.
struct state {
  pool head;
  std::vector<tick_array> arrays;
  std::optional<adaptive_fee> oracle;
  transfer_fees fees_a, fees_b;
  program_version version{program_version::sparse_arrays};
};

/// `amount` leaves the trader (exact in) or reaches him (exact out).
[[nodiscard]] outcome quote_exact_in(const state& s, direction way, token_amount amount, const chain_time& now,
                                     uint128 sqrt_price_limit = 0);
[[nodiscard]] outcome quote_exact_out(const state& s, direction way, token_amount amount, const chain_time& now,
                                      uint128 sqrt_price_limit = 0);
/// The state after that swap; errors as the quote's.
[[nodiscard]] outcome trade(state& s, direction way, bool exact_in, token_amount amount, const chain_time& now,
                            uint128 sqrt_price_limit = 0);

} // namespace sett::venues::whirlpool
