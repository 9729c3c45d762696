// Raydium CLMM: concentrated liquidity in tick arrays of 60 ticks, with a bitmap of the arrays that hold liquidity:
// 1,024 of them in the pool, the rest in an extension account.
//
// A swap visits the arrays that the bitmaps name, in the order of travel. Rules after the program
// CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK (instructions/swap.rs, swap_v2.rs, libraries/, states/, 2024-11),
// without the limit orders, dynamic fees and output fees of 2026. Amounts are base units; prices Q64.64 roots of token
// 1 per token 0; side A is token 0. Pure, thread-safe; a quote allocates nothing.
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

namespace sett::venues::clmm {

inline constexpr std::int32_t ticks_per_array = 60;
/// Tick arrays that a quote looks at, at most: more do not fit a transaction's accounts.
inline constexpr std::size_t arrays_per_quote_max = 16;

/// The program's own error numbers (error.rs) and Anchor's, as far as a swap meets them.
enum error_code : std::uint32_t {
  require_gt_violated = 2505,
  require_gte_violated = 2506,
  not_approved = 6001,
  invalid_tick_array = 6011,
  sqrt_price_limit_overflow = 6013,
  sqrt_price_x64 = 6014,
  liquidity_sub_value = 6015,
  liquidity_add_value = 6016,
  liquidity_insufficient = 6019,
  too_little_output_received = 6022,
  too_much_input_paid = 6023,
  zero_amount_specified = 6024,
  too_small_input_or_output_amount = 6026,
  not_enough_tick_array_account = 6027,
  invalid_first_tick_array_account = 6028,
  missing_bitmap_extension_account = 6040,
  insufficient_liquidity_for_direction = 6041,
  max_token_overflow = 6042,
  calculate_overflow = 6043,
};

struct fee_config {
  std::uint32_t trade_fee_ppm{}, protocol_ppm{}, fund_ppm{}; // the latter two are parts of the fee
  friend bool operator==(const fee_config&, const fee_config&) = default;
};

struct pool {
  address config, mint_0, mint_1, vault_0, vault_1;
  std::uint16_t tick_spacing{};
  uint128 liquidity{};
  uint128 sqrt_price{};
  std::int32_t tick{};
  uint128 fee_growth_0{}, fee_growth_1{}; // per unit of liquidity, Q64.64
  std::uint64_t protocol_fees_0{}, protocol_fees_1{}, fund_fees_0{}, fund_fees_1{};
  std::uint8_t status{};                  // bit 4: swaps are off
  std::array<std::uint64_t, 16> bitmap{}; // bit 512 + i: array i holds initialised ticks
  friend bool operator==(const pool&, const pool&) = default;
};

/// Bit j of word group b: above, array 512 * (b + 1) + j; below, array -512 * (b + 2) + j.
struct bitmap_extension {
  std::array<std::array<std::uint64_t, 8>, 14> above{}, below{};
  friend bool operator==(const bitmap_extension&, const bitmap_extension&) = default;
};

struct tick_array {
  address pool;
  std::int32_t start{};
  std::uint64_t initialised{};               // bit i: tick start + i * spacing
  std::array<int128, ticks_per_array> net{}; // liquidity added when the price rises over the tick
  friend bool operator==(const tick_array&, const tick_array&) = default;
};

/// Errors: too_short, wrong_kind (another account's discriminator), bad_field (fees of 100 % or more, a tick spacing of
/// zero, a price or tick out of bounds).
[[nodiscard]] result<pool> read_pool(const_bytes account);
[[nodiscard]] result<fee_config> read_config(const_bytes account);
[[nodiscard]] result<tick_array> read_tick_array(const_bytes account);
[[nodiscard]] result<bitmap_extension> read_bitmap_extension(const_bytes account);
/// Writes what a swap changes into an account that was read before.
void write_pool(mutable_bytes account, const pool& p);

struct swap_order {
  direction way{direction::a_to_b};
  bool exact_in{true};
  std::uint64_t amount{};     // that enters or leaves the pool
  uint128 sqrt_price_limit{}; // 0: none
};

struct swap_effect {
  std::uint64_t amount_in{}, amount_out{};         // of the vaults; the fee is in amount_in
  std::uint64_t fee{}, protocol_fee{}, fund_fee{}; // the latter two are parts of the fee
  std::uint32_t ticks_crossed{};
  pool after;
};

/// Runs a swap over `arrays` in the instruction's order. `extension` may be nullptr. Nothing is changed.
[[nodiscard]] std::expected<swap_effect, refusal> run_swap(const pool& before, const fee_config& fees,
                                                           const bitmap_extension* extension,
                                                           std::span<const tick_array* const> arrays,
                                                           const swap_order& order);

/// A pool and what its quotes need. `arrays` is sorted by start.
struct state {
  pool head;
  fee_config fees;
  std::optional<bitmap_extension> extension;
  std::vector<tick_array> arrays;
  transfer_fees fees_0, fees_1;
};

/// `amount` leaves the trader (exact in) or reaches him (exact out).
[[nodiscard]] outcome quote_exact_in(const state& s, direction way, token_amount amount, const chain_time& now,
                                     uint128 sqrt_price_limit = 0);
[[nodiscard]] outcome quote_exact_out(const state& s, direction way, token_amount amount, const chain_time& now,
                                      uint128 sqrt_price_limit = 0);
/// The same, and the state moves on.
[[nodiscard]] outcome trade(state& s, direction way, bool exact_in, token_amount amount, const chain_time& now,
                            uint128 sqrt_price_limit = 0);

} // namespace sett::venues::clmm
