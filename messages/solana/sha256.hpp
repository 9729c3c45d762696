// SHA-256 over the concatenation of byte strings (libsodium). Thread-safe, never blocks.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace sett::solana {

using sha256_digest = std::array<std::uint8_t, 32>;

[[nodiscard]] sha256_digest sha256(std::span<const std::span<const std::uint8_t>> parts);
[[nodiscard]] inline sha256_digest sha256(std::span<const std::uint8_t> bytes) {
  return sha256(std::span<const std::span<const std::uint8_t>>(&bytes, 1));
}

} // namespace sett::solana
