// Lengths as Solana's wire format writes them ("compact-u16"): seven bits a byte, least significant first, the top bit
// says that another byte follows; at most three bytes and 65,535. Strict as the runtime's own reader (solana-short-vec,
// 2024-01): a length has one spelling, so a final zero byte after another byte is refused, and so are a third byte
// above 3 and a fourth one. What was read can therefore be written again to the same bytes. Pure, thread-safe, never
// blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <vector>

namespace sett::solana {

struct short_length {
  std::uint16_t value{};
  std::uint8_t size{}; // bytes it took: 1 to 3
};

enum class short_length_fault : std::uint8_t { truncated, alias, overflow };

/// Reads the length at the front of `bytes`.
[[nodiscard]] constexpr std::expected<short_length, short_length_fault>
read_short_length(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  for (std::uint8_t i = 0; i < 3; ++i) {
    if (i == bytes.size()) return std::unexpected(short_length_fault::truncated);
    const std::uint8_t byte = bytes[i];
    if (byte == 0 && i > 0) return std::unexpected(short_length_fault::alias);
    if (i == 2 && byte > 3) return std::unexpected(short_length_fault::overflow);
    value |= static_cast<std::uint32_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return short_length{static_cast<std::uint16_t>(value), static_cast<std::uint8_t>(i + 1)};
  }
  return std::unexpected(short_length_fault::overflow);
}

constexpr void write_short_length(std::uint16_t value, std::vector<std::uint8_t>& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value = static_cast<std::uint16_t>(value >> 7);
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

} // namespace sett::solana
