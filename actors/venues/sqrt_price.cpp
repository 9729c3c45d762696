#include "actors/venues/sqrt_price.hpp"

#include "messages/types/error.hpp"

#include <algorithm>

namespace sett::venues {
namespace {

constexpr std::uint64_t low_half(uint128 v) { return static_cast<std::uint64_t>(v); }
constexpr std::uint64_t high_half(uint128 v) { return static_cast<std::uint64_t>(v >> 64); }

price_result<std::uint64_t> fixed_amount(const step_request& s, uint128 to) {
  const rounding r = s.exact_in ? rounding::up : rounding::down;
  return s.a_to_b == s.exact_in ? amount_a_between(s.price, to, s.liquidity, r)
                                : amount_b_between(s.price, to, s.liquidity, r);
}
price_result<std::uint64_t> other_amount(const step_request& s, uint128 to) {
  const rounding r = s.exact_in ? rounding::down : rounding::up;
  return s.a_to_b == s.exact_in ? amount_b_between(s.price, to, s.liquidity, r)
                                : amount_a_between(s.price, to, s.liquidity, r);
}

} // namespace

product_256 full_product(uint128 a, uint128 b) {
  const uint128 low = uint128{low_half(a)} * low_half(b);
  const uint128 cross_a = uint128{high_half(a)} * low_half(b);
  const uint128 cross_b = uint128{low_half(a)} * high_half(b);
  const uint128 middle = (low >> 64) + low_half(cross_a) + low_half(cross_b);
  return {uint128{high_half(a)} * high_half(b) + (cross_a >> 64) + (cross_b >> 64) + (middle >> 64),
          (middle << 64) | low_half(low)};
}

uint128 multiply_shift(uint128 a, uint128 b, unsigned shift) {
  const product_256 p = full_product(a, b);
  return (p.high << (128 - shift)) | (p.low >> shift);
}

price_result<std::uint64_t> amount_a_between(uint128 p, uint128 q, uint128 liquidity, rounding r) {
  const uint128 lower = std::min(p, q), upper = std::max(p, q);
  SETT_ASSERT(lower != 0);
  const product_256 scaled = full_product(liquidity, upper - lower);
  // With the shift by 64 this needs more than 256 bits; divided by at most 2^192 it cannot fit 64.
  if (scaled.high >> 64 != 0) return std::unexpected(price_fault::product_a_overflow);
  const product_256 divisor = full_product(lower, upper);
  const uint256 numerator = (uint256{scaled.high} << 192) | (uint256{scaled.low} << 64);
  uint256 quotient, rest;
  divide_qr(numerator, uint256{(uint256{divisor.high} << 128) | uint256{divisor.low}}, quotient, rest);
  if (r == rounding::up && rest != 0) ++quotient;
  if ((quotient >> 64) != 0) return std::unexpected(price_fault::amount_a_overflow);
  return static_cast<std::uint64_t>(quotient);
}

price_result<std::uint64_t> amount_b_between(uint128 p, uint128 q, uint128 liquidity, rounding r) {
  const uint128 difference = p > q ? p - q : q - p;
  const product_256 product = full_product(liquidity, difference);
  if (product.high != 0) return std::unexpected(price_fault::product_b_overflow);
  const std::uint64_t amount = high_half(product.low);
  if (r == rounding::down || low_half(product.low) == 0) return amount;
  if (amount == std::numeric_limits<std::uint64_t>::max()) return std::unexpected(price_fault::amount_b_overflow);
  return amount + 1;
}

price_result<uint128> price_after_a(uint128 price, uint128 liquidity, std::uint64_t amount, bool adding) {
  if (amount == 0) return price;
  SETT_ASSERT(liquidity != 0);
  const product_256 scaled = full_product(liquidity, price);
  if (scaled.high >> 64 != 0) return std::unexpected(price_fault::product_a_overflow);
  const uint256 numerator = (uint256{scaled.high} << 192) | (uint256{scaled.low} << 64);
  const uint256 reserve = uint256{liquidity} << 64;
  const uint256 change = uint256{price} * uint256{amount};
  if (!adding && reserve <= change) return std::unexpected(price_fault::reserve_exceeded);
  uint256 quotient, rest;
  divide_qr(numerator, uint256{adding ? uint256{reserve + change} : uint256{reserve - change}}, quotient, rest);
  if (rest != 0) ++quotient;
  const auto after = narrow_128(quotient);
  if (!after) return std::unexpected(price_fault::price_out_of_range);
  return *after;
}

price_result<uint128> price_after_b(uint128 price, uint128 liquidity, std::uint64_t amount, bool adding) {
  SETT_ASSERT(liquidity != 0);
  const uint128 change = divide(uint128{amount} << 64, liquidity, adding ? rounding::down : rounding::up);
  const auto after = adding ? checked_add(price, change) : checked_sub(price, change);
  if (!after) return std::unexpected(price_fault::price_out_of_range);
  return *after;
}

price_result<swap_step> compute_step(const step_request& s) {
  const auto to_target = fixed_amount(s, s.target);
  if (!to_target && s.target_must_fit) return std::unexpected(to_target.error());
  const std::uint64_t usable =
      s.exact_in ? low_half(uint128{s.remaining} * (fee_denominator_ppm - s.fee_ppm) / fee_denominator_ppm)
                 : s.remaining;

  swap_step step;
  step.price_after = s.target;
  if (!to_target || *to_target > usable) {
    const auto after = s.a_to_b == s.exact_in ? price_after_a(s.price, s.liquidity, usable, s.exact_in)
                                              : price_after_b(s.price, s.liquidity, usable, s.exact_in);
    if (!after) return std::unexpected(after.error());
    step.price_after = *after;
  }
  const bool reached = step.price_after == s.target;

  const auto other = other_amount(s, step.price_after);
  if (!other) return std::unexpected(other.error());
  auto fixed = to_target;
  if (!reached || !to_target) fixed = fixed_amount(s, step.price_after);
  if (!fixed) return std::unexpected(fixed.error());

  step.amount_in = s.exact_in ? *fixed : *other;
  step.amount_out = s.exact_in ? *other : std::min(*fixed, s.remaining);
  if (s.exact_in && !reached) {
    step.fee = s.remaining - step.amount_in;
  } else {
    const std::uint64_t rest = fee_denominator_ppm - s.fee_ppm;
    const auto fee = narrow<std::uint64_t>(divide(uint128{step.amount_in} * s.fee_ppm, rest, rounding::up));
    if (!fee) return std::unexpected(s.a_to_b ? price_fault::amount_a_overflow : price_fault::amount_b_overflow);
    step.fee = *fee;
  }
  return step;
}

std::uint32_t impact_at_price(uint128 sqrt_price, direction way, std::uint64_t in, std::uint64_t out) {
  if (in == 0 || sqrt_price == 0) return 0;
  // The fair output as Q64.64: in * (p / 2^64)^2, or divided by it.
  const uint256 square = uint256{sqrt_price} * uint256{sqrt_price};
  const uint256 fair = way == direction::a_to_b ? uint256{uint512{square} * in >> 64} : (uint256{in} << 192) / square;
  const uint256 got = uint256{out} << 64;
  if (fair == 0 || fair <= got) return 0;
  const uint256 lost = fair - got;
  const uint512 ppm = uint512{lost} * 1'000'000 / uint512{fair};
  return static_cast<std::uint32_t>(ppm);
}

} // namespace sett::venues
