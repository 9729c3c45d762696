// Executable quotes of constant-product pools (x * y = k), in integers, rounded against the taker.
//
// Venues differ in where the fee goes, and a fee rate is only seen through single swaps. So nothing is assumed: a model
// and a rate count as exact when they reproduce the pool's own last swap to the base unit, from the reserves before it.
// Models:
//   kept    the fee is part of what enters the vault and stays there (Raydium AMM v4, CPMM)
//   on_top  the fee is paid beside what enters the vault (pump.fun buys)
//   of_out  the fee is taken from what leaves the vault (pump.fun sells)
// Otherwise the quote comes from the reserves with the rate, or from the mark alone, and says "estimate".
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>

namespace sett::market {

enum class fee_model : std::uint8_t { unknown, kept, on_top, of_out };

/// How one direction of one pool takes its fee, as proved by its last swap.
struct direction_fee {
  fee_model model{fee_model::unknown};
  std::uint32_t ppm{}; // millionths
  friend bool operator==(const direction_fee&, const direction_fee&) = default;
};

/// Finds the model that reproduces a swap; `in` entered and `out` left the vaults, reserves are those after it, `fee`
/// in units of the input (fee_in_input) or of the output. nullopt: none does.
[[nodiscard]] std::optional<direction_fee> explain_swap(std::uint64_t reserve_in_after, std::uint64_t reserve_out_after,
                                                        std::uint64_t in, std::uint64_t out, std::uint64_t fee,
                                                        bool fee_in_input);

/// What the taker gets for `in`, rounded down. Model unknown: the rate is applied as `kept`. Zero reserves give 0.
[[nodiscard]] std::uint64_t constant_product_out(std::uint64_t reserve_in, std::uint64_t reserve_out, std::uint64_t in,
                                                 direction_fee fee);

} // namespace sett::market
