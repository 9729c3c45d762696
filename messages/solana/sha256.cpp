#include "messages/solana/sha256.hpp"

#include <sodium.h>

namespace sett::solana {

sha256_digest sha256(std::span<const std::span<const std::uint8_t>> parts) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (const auto& part : parts) crypto_hash_sha256_update(&state, part.data(), part.size());
  sha256_digest digest;
  crypto_hash_sha256_final(&state, digest.data());
  return digest;
}

} // namespace sett::solana
