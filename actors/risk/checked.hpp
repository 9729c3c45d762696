// Sums and shares of amounts that cannot go wrong: sums stop at the largest value (what is bounded above is then
// denied), shares are taken in 128 bits with the rounding in their name. Pure.
#pragma once

#include <cstdint>
#include <limits>

namespace sett::risk {

__extension__ typedef unsigned __int128 uint128;

[[nodiscard]] constexpr std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum{};
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}
[[nodiscard]] constexpr std::uint64_t minus(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }
[[nodiscard]] constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
  std::int64_t sum{};
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}
[[nodiscard]] constexpr std::uint64_t magnitude(std::int64_t v) {
  return v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v);
}
/// value * part / whole, rounded down; at most the largest value. whole 0: the largest value.
[[nodiscard]] constexpr std::uint64_t share_down(std::uint64_t value, std::uint64_t part, std::uint64_t whole) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  if (whole == 0) return largest;
  const auto out = static_cast<uint128>(value) * part / whole;
  return out > largest ? largest : static_cast<std::uint64_t>(out);
}
/// The same, rounded up.
[[nodiscard]] constexpr std::uint64_t share_up(std::uint64_t value, std::uint64_t part, std::uint64_t whole) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  if (whole == 0) return largest;
  const auto product = static_cast<uint128>(value) * part;
  const auto out = product / whole + (product % whole != 0 ? 1 : 0);
  return out > largest ? largest : static_cast<std::uint64_t>(out);
}

} // namespace sett::risk
