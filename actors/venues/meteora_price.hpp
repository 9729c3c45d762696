// Square-root prices of Meteora's DAMM v2 and its bonding curve: sqrt(B per A) * 2^64, liquidity scaled by 2^64, so
// that B = L * (difference of prices) / 2^128 and A = L * difference / (product of prices). Differences beyond the
// types are the programs' MathOverflow. Rounding as named (cp-amm and dynamic-bonding-curve, curve.rs, 2025). Pure.
#pragma once

#include "actors/venues/integer.hpp"

#include <algorithm>

namespace sett::venues::meteora {

[[nodiscard]] inline uint256 divide_wide(const uint256& a, const uint256& b, rounding r) {
  uint256 quotient, rest;
  divide_qr(a, b, quotient, rest);
  if (r == rounding::up && rest != 0) ++quotient;
  return quotient;
}

/// Token A between two prices, in any order; neither is zero.
[[nodiscard]] inline uint256 amount_a(uint128 p, uint128 q, uint128 liquidity, rounding r) {
  const auto low = std::min(p, q), high = std::max(p, q);
  return divide_wide(uint256{uint256{liquidity} * uint256{high - low}}, uint256{uint256{low} * uint256{high}}, r);
}
[[nodiscard]] inline uint256 amount_b(uint128 p, uint128 q, uint128 liquidity, rounding r) {
  const uint256 product = uint256{liquidity} * uint256{std::max(p, q) - std::min(p, q)};
  uint256 whole = product >> 128;
  if (r == rounding::up && static_cast<uint128>(product & uint256{uint128_max}) != 0) ++whole;
  return whole;
}
[[nodiscard]] inline std::optional<std::uint64_t> narrow_64(const uint256& value) {
  if ((value >> 64) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

/// The price after `amount` of A entered, rounded up. nullopt: beyond the types.
[[nodiscard]] inline std::optional<uint128> price_after_a_in(uint128 price, uint128 liquidity, std::uint64_t amount) {
  if (amount == 0) return price;
  const uint256 denominator = uint256{liquidity} + uint256{amount} * uint256{price};
  if (denominator == 0) return std::nullopt;
  return narrow_128(divide_wide(uint256{uint256{liquidity} * uint256{price}}, denominator, rounding::up));
}
/// After `amount` of A left, rounded up.
[[nodiscard]] inline std::optional<uint128> price_after_a_out(uint128 price, uint128 liquidity, std::uint64_t amount) {
  if (amount == 0) return price;
  const uint256 product = uint256{amount} * uint256{price};
  if (product >= uint256{liquidity}) return std::nullopt;
  return narrow_128(
      divide_wide(uint256{uint256{liquidity} * uint256{price}}, uint256{uint256{liquidity} - product}, rounding::up));
}
/// After `amount` of B entered, rounded down.
[[nodiscard]] inline std::optional<uint128> price_after_b_in(uint128 price, uint128 liquidity, std::uint64_t amount) {
  if (liquidity == 0) return std::nullopt;
  const auto step = narrow_128(divide_wide(uint256{uint256{amount} << 128}, uint256{liquidity}, rounding::down));
  return step ? checked_add<uint128>(price, *step) : std::nullopt;
}
/// After `amount` of B left, rounded down.
[[nodiscard]] inline std::optional<uint128> price_after_b_out(uint128 price, uint128 liquidity, std::uint64_t amount) {
  if (liquidity == 0) return std::nullopt;
  const auto step = narrow_128(divide_wide(uint256{uint256{amount} << 128}, uint256{liquidity}, rounding::up));
  return step ? checked_sub<uint128>(price, *step) : std::nullopt;
}

/// base^exponent of a fraction below one in 64.64, truncated at each step (u64x64_math.rs).
[[nodiscard]] inline std::optional<uint128> fraction_power(uint128 base, std::uint32_t exponent) {
  constexpr uint128 one = uint128{1} << 64;
  if (base >= one) return std::nullopt;
  uint128 result = one;
  for (; exponent != 0; exponent >>= 1U) {
    if ((exponent & 1U) != 0) result = result * base >> 64;
    base = base * base >> 64;
  }
  if (result == 0) return std::nullopt;
  return result;
}

inline constexpr std::uint64_t fee_denominator = 1'000'000'000; // fees are billionths

/// The fee of `amount`, rounded up; the numerator is below the denominator.
[[nodiscard]] constexpr std::uint64_t fee_of(std::uint64_t amount, std::uint64_t numerator) {
  return static_cast<std::uint64_t>(divide(uint128{amount} * numerator, fee_denominator, rounding::up));
}
/// The least sum of which `amount` is left after the fee; nullopt: over 64 bits.
[[nodiscard]] constexpr std::optional<std::uint64_t> before_fee(std::uint64_t amount, std::uint64_t numerator) {
  return narrow<std::uint64_t>(divide(uint128{amount} * fee_denominator, fee_denominator - numerator, rounding::up));
}

/// A base fee that falls from `cliff` with each whole period: by a fixed number, or by a share of what is left.
[[nodiscard]] inline std::optional<std::uint64_t> scheduled_fee(std::uint64_t cliff, bool exponential,
                                                                std::uint64_t periods, std::uint64_t period_length,
                                                                std::uint64_t reduction, std::uint64_t elapsed) {
  if (period_length == 0) return cliff;
  const auto passed = std::min(elapsed / period_length, periods);
  if (!exponential) {
    const auto fallen = checked_mul(passed, reduction);
    return fallen ? checked_sub(cliff, *fallen) : std::nullopt;
  }
  if (passed == 0 || reduction == 0) return cliff;
  constexpr auto one = uint128{1} << 64;
  const auto share = (uint128{reduction} << 64) / 10'000;
  if (share > one) return std::nullopt;
  const auto power = fraction_power(one - share, static_cast<std::uint32_t>(passed));
  if (!power) return std::nullopt;
  return static_cast<std::uint64_t>(*power * cliff >> 64); // both below 2^64
}

/// The volatility that both programs add to a fee.
struct dynamic_fee {
  bool enabled{};
  std::uint32_t max_accumulator{}, control{};
  std::uint16_t bin_step{}, filter_period{}, decay_period{}, reduction_bps{};
  uint128 bin_step_wide{};
  std::uint64_t last_update{};
  uint128 price_reference{}, accumulator{}, reference{};
  friend bool operator==(const dynamic_fee&, const dynamic_fee&) = default;

  /// Before a swap. False: the clock is behind the last update.
  [[nodiscard]] bool refresh(uint128 price, std::uint64_t unix_time) {
    if (!enabled) return true;
    if (unix_time < last_update) return false;
    const auto elapsed = unix_time - last_update;
    if (elapsed < filter_period) return true;
    price_reference = price;
    reference = elapsed < decay_period ? accumulator * reduction_bps / 10'000 : 0;
    return true;
  }
  /// Billionths of an amount, from what the last swap left; nullopt: beyond the types.
  [[nodiscard]] std::optional<uint128> numerator() const {
    if (!enabled) return uint128{0};
    const auto moved = checked_mul<uint128>(accumulator, bin_step);
    const auto square = moved ? checked_mul(*moved, *moved) : std::nullopt;
    const auto scaled = square ? checked_mul<uint128>(*square, control) : std::nullopt;
    const auto rounded = scaled ? checked_add<uint128>(*scaled, 99'999'999'999ULL) : std::nullopt;
    if (!rounded) return std::nullopt;
    return *rounded / 100'000'000'000ULL;
  }
  /// After a swap that moved the price from `before` to `after`.
  [[nodiscard]] bool accumulate(uint128 before, uint128 after, std::uint64_t unix_time) {
    if (!enabled) return true;
    const auto from_reference = bins(after, price_reference), moved = bins(before, after);
    if (!from_reference || !moved) return false;
    accumulator = std::min<uint128>(reference + *from_reference * 10'000, max_accumulator);
    if (*moved > 0) last_update = unix_time;
    return true;
  }

private:
  [[nodiscard]] std::optional<uint128> bins(uint128 p, uint128 q) const {
    const auto low = std::min(p, q), high = std::max(p, q);
    if (low == 0 || bin_step_wide == 0) return std::nullopt;
    const auto ratio = narrow_128(uint256{(uint256{high} << 64) / uint256{low}});
    if (!ratio) return std::nullopt;
    const auto count = (*ratio - (uint128{1} << 64)) / bin_step_wide;
    return count >> 100 != 0 ? std::nullopt : std::optional{count * 2};
  }
};

} // namespace sett::venues::meteora
