// Meteora DLMM: liquidity in bins of one price each, 70 to an array, with a bitmap of the arrays in use and a fee that
// grows with the bins crossed.
//
// A bin holds three layers that a swap takes one after the other: the makers' liquidity, limit orders that are partly
// filled, and open limit orders. Rules after the program LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo (dlmm-sdk
// commons/src/quote.rs and extensions/, 2026). Amounts are base units; prices are Y per X as Q64.64; side A is X.
// Activation by a whitelisted address before the pool opens, and host fees, are not modelled.
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

namespace sett::venues::dlmm {

inline constexpr std::int32_t bins_per_array = 70;
inline constexpr std::size_t arrays_per_quote_max = 16;

/// The program's own error numbers (IDL 0.12) and Anchor's, as far as a swap meets them.
enum error_code : std::uint32_t {
  account_not_enough_keys = 3005,
  invalid_input = 6002,
  exceeded_amount_slippage_tolerance = 6003,
  pair_insufficient_liquidity = 6012,
  math_overflow = 6018,
  bitmap_extension_not_provided = 6036,
  cannot_find_bin_array = 6037,
  insufficient_out_amount = 6039,
  pool_disabled = 6042,
  insufficient_in_amount = 6104,
};

struct pool {
  std::uint16_t base_factor{}, filter_period_s{}, decay_period_s{}, reduction_bps{};
  std::uint32_t variable_fee_control{}, volatility_max{};
  std::uint16_t protocol_share_bps{}; // of the fee
  std::uint8_t base_fee_power{};
  bool limit_orders{};  // swaps also fill limit orders
  bool fee_only_in_y{}; // selling X pays its fee from the output
  std::uint32_t volatility{}, volatility_reference{};
  std::int32_t index_reference{};
  std::int64_t updated_at{}; // unix seconds
  std::uint8_t pair_type{}, status{}, activation_type{};
  std::uint64_t activation_point{}; // slot or unix seconds
  std::int32_t active_id{};
  std::uint16_t bin_step{}; // 1/10,000
  address mint_x, mint_y, reserve_x, reserve_y;
  std::uint64_t protocol_fee_x{}, protocol_fee_y{};
  std::array<std::uint64_t, 16> bitmap{}; // bit 512 + i: array i is in use
  friend bool operator==(const pool&, const pool&) = default;
};

struct bin {
  std::uint64_t amount_x{}, amount_y{};
  uint128 price{};                                  // 0: not computed yet
  std::uint64_t orders_open{}, orders_processing{}; // the batch that is being filled, as it began
  std::uint64_t orders_left{};                      // and what is left of it
  std::uint64_t fulfilled_x{}, fulfilled_y{};       // what of limit orders was filled
  std::uint32_t order_age{};                        // batches begun
  bool orders_sell_x{};
  friend bool operator==(const bin&, const bin&) = default;
};

struct bin_array {
  address pool;
  std::int32_t index{};
  std::array<bin, bins_per_array> bins{};
  friend bool operator==(const bin_array&, const bin_array&) = default;
};

/// Group b holds arrays 512 * (b + 1) + bit above, and -512 * (b + 1) - 1 - bit below.
struct bitmap_extension {
  std::array<std::array<std::uint64_t, 8>, 12> above{}, below{};
  friend bool operator==(const bitmap_extension&, const bitmap_extension&) = default;
};

/// Errors: too_short, wrong_kind (another account's discriminator), bad_field (shares over 100 %, a bin or array out of
/// bounds, a bin step of zero).
[[nodiscard]] result<pool> read_pool(const_bytes account);
[[nodiscard]] result<bin_array> read_bin_array(const_bytes account);
[[nodiscard]] result<bitmap_extension> read_bitmap_extension(const_bytes account);
/// Write what a swap changes into accounts that were read before.
void write_pool(mutable_bytes account, const pool& p);
void write_bin(mutable_bytes account, std::size_t offset, const bin& b);

/// (1 + bin_step / 10,000) ^ id as Q64.64; nullopt where the program overflows.
[[nodiscard]] std::optional<uint128> price_of_bin(std::int32_t id, std::uint16_t bin_step);

struct swap_order {
  direction way{direction::a_to_b};
  bool exact_in{true};
  std::uint64_t amount{};                         // that enters or leaves the pool
  std::uint64_t amount_in_max{~std::uint64_t{0}}; // exact out: what may enter the pool
};

struct swap_effect {
  std::uint64_t amount_in{}, amount_out{}; // of the reserves; a fee on the input is in amount_in
  std::uint64_t fee{}, protocol_fee{};     // the protocol's is part of the fee
  bool fee_in_input{true};
  std::uint32_t bins_used{};
  pool after;
};

/// A bin after a swap: of which array of the swap's list, and at which offset.
struct bin_change {
  std::size_t array{}, offset{};
  bin after;
};

/// Runs a swap over `arrays` in the instruction's order. `extension` may be nullptr; `changes`, if not nullptr,
/// receives the bins that changed. Nothing else is changed.
[[nodiscard]] std::expected<swap_effect, refusal> run_swap(const pool& before, const bitmap_extension* extension,
                                                           std::span<const bin_array* const> arrays,
                                                           const swap_order& order, const chain_time& now,
                                                           std::vector<bin_change>* changes = nullptr);

/// A pool and what its quotes need. `arrays` is sorted by index.
struct state {
  pool head;
  std::optional<bitmap_extension> extension;
  std::vector<bin_array> arrays;
  transfer_fees fees_x, fees_y;
};

/// `amount` leaves the trader (exact in) or reaches him (exact out).
[[nodiscard]] outcome quote_exact_in(const state& s, direction way, token_amount amount, const chain_time& now);
[[nodiscard]] outcome quote_exact_out(const state& s, direction way, token_amount amount, const chain_time& now);
/// The same, and the state moves on.
[[nodiscard]] outcome trade(state& s, direction way, bool exact_in, token_amount amount, const chain_time& now);

} // namespace sett::venues::dlmm
