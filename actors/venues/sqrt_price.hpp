// Concentrated liquidity: what a constant liquidity holds between two prices, where a price goes when tokens enter or
// leave, and one step of a swap. Prices are square roots of B per A as Q64.64 (sqrt(b/a) * 2^64), the convention of
// Orca's Whirlpool and Raydium's CLMM; both programs round alike, so the rules stand here once and each venue gives the
// faults its own error numbers. The formulas are those of the Uniswap v3 whitepaper, section 6.2.
// Pure, thread-safe, allocates nothing.
#pragma once

#include "actors/venues/integer.hpp"
#include "actors/venues/quote.hpp"

#include <cstdint>
#include <expected>

namespace sett::venues {

/// Fee rates count in parts of this.
inline constexpr std::uint64_t fee_denominator_ppm = 1'000'000;

enum class price_fault : std::uint8_t {
  amount_a_overflow,  // the amount of A needs more than 64 bits
  product_a_overflow, // or the product that it comes from more than 256
  amount_b_overflow,
  product_b_overflow, // more than 128
  reserve_exceeded,   // more is asked for than lies before price zero or infinity
  price_out_of_range, // beyond what 128 bits can say
};

template <class T>
using price_result = std::expected<T, price_fault>;

/// The full product of two 128-bit numbers.
struct product_256 {
  uint128 high{}, low{};
};
[[nodiscard]] product_256 full_product(uint128 a, uint128 b);
/// (a * b) >> shift, shift in [1, 127]; bits beyond 128 are lost.
[[nodiscard]] uint128 multiply_shift(uint128 a, uint128 b, unsigned shift);

/// A's amount between two prices in any order: L * |p - q| * 2^64 / (p * q). Prices are not zero.
[[nodiscard]] price_result<std::uint64_t> amount_a_between(uint128 p, uint128 q, uint128 liquidity, rounding r);
/// B's amount between two prices in any order: L * |p - q| / 2^64.
[[nodiscard]] price_result<std::uint64_t> amount_b_between(uint128 p, uint128 q, uint128 liquidity, rounding r);

/// The price after `amount` of A entered (adding) or left; rounded up, against the taker. Liquidity is not zero.
[[nodiscard]] price_result<uint128> price_after_a(uint128 price, uint128 liquidity, std::uint64_t amount, bool adding);
/// The same for B; rounded down.
[[nodiscard]] price_result<uint128> price_after_b(uint128 price, uint128 liquidity, std::uint64_t amount, bool adding);

struct step_request {
  uint128 price;  // where the step begins
  uint128 target; // and where it ends at the latest; on the side where the swap goes
  uint128 liquidity;
  std::uint64_t remaining; // of the amount that the trader fixed
  std::uint32_t fee_ppm;   // below 1,000,000
  bool exact_in;
  bool a_to_b;
  /// Older programs fail when the amount up to the target needs more than 64 bits; newer ones stop before the target.
  bool target_must_fit{};
};

struct swap_step {
  uint128 price_after{};
  std::uint64_t amount_in{}; // without the fee
  std::uint64_t amount_out{};
  std::uint64_t fee{}; // of the input, on top of amount_in
};

/// One step within constant liquidity.
[[nodiscard]] price_result<swap_step> compute_step(const step_request& request);

/// How much less `out` is than `in` at the price of sqrt_price, in millionths; 0 when not less. Fees are not in `in`.
[[nodiscard]] std::uint32_t impact_at_price(uint128 sqrt_price, direction way, std::uint64_t in, std::uint64_t out);

} // namespace sett::venues
