// Integers of on-chain money: 128 and 256 bits, checked operations, and division with its rounding named. A venue's
// rules are written with these alone, so an overflow is seen where the program would see it and becomes its own error.
// Pure, thread-safe, never blocks, allocates nothing.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>

namespace sett::venues {

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;
using uint256 = boost::multiprecision::uint256_t; // wraps; products of two uint128 fit
using uint512 = boost::multiprecision::uint512_t; // wraps; products of two uint256 fit

inline constexpr uint128 uint128_max = ~uint128{0};

template <class T>
concept integer = std::integral<T> || std::same_as<T, uint128> || std::same_as<T, int128>;

/// nullopt when the result does not fit (below zero included).
template <integer T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) {
  T out{};
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}
template <integer T>
[[nodiscard]] constexpr std::optional<T> checked_sub(T a, T b) {
  T out{};
  if (__builtin_sub_overflow(a, b, &out)) return std::nullopt;
  return out;
}
template <integer T>
[[nodiscard]] constexpr std::optional<T> checked_mul(T a, T b) {
  T out{};
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// nullopt when the value needs more bits.
template <std::unsigned_integral To>
[[nodiscard]] constexpr std::optional<To> narrow(uint128 value) {
  if (value > std::numeric_limits<To>::max()) return std::nullopt;
  return static_cast<To>(value);
}
[[nodiscard]] inline std::optional<uint128> narrow_128(const uint256& value) {
  if ((value >> 128) != 0) return std::nullopt;
  return static_cast<uint128>(value);
}

enum class rounding : std::uint8_t { down, up };

/// a / b; b is not zero.
[[nodiscard]] constexpr uint128 divide(uint128 a, uint128 b, rounding r) {
  return a / b + (r == rounding::up && a % b != 0 ? 1U : 0U);
}

/// SPL math's checked_ceil_div, kept for its rounding of small quotients: below one it is 1 from a half on, else 0.
/// (spl-math 0.2, also as copied by Raydium.) b is not zero.
[[nodiscard]] constexpr uint128 spl_ceil_divide(uint128 a, uint128 b) {
  if (a >= b) return divide(a, b, rounding::up);
  return a >= b - a ? 1U : 0U;
}

/// a * b / c over a product of 256 bits. nullopt: c is zero, or the result needs more than 128 bits.
[[nodiscard]] inline std::optional<uint128> mul_div(uint128 a, uint128 b, uint128 c, rounding r) {
  if (c == 0) return std::nullopt;
  if (((a | b) >> 64) == 0) return divide(a * b, c, r); // the usual case needs no wide number
  uint256 quotient, rest;
  divide_qr(uint256{uint256{a} * uint256{b}}, uint256{c}, quotient, rest);
  if (r == rounding::up && rest != 0) ++quotient;
  return narrow_128(quotient);
}

} // namespace sett::venues
