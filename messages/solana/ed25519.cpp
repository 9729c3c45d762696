#include "messages/solana/ed25519.hpp"

#include "messages/solana/transaction.hpp"

#include <sodium.h>

#include <array>

namespace sett::solana {

bool verify_signature(const address& signer, std::span<const std::uint8_t> message, const signature& s) {
  return crypto_sign_verify_detached(s.bytes.data(), message.data(), message.size(), signer.bytes.data()) == 0;
}

bool verify_signatures(const transaction_view& transaction) {
  const std::size_t count = transaction.signature_count();
  if (count == 0 || count > transaction.static_key_count()) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (!verify_signature(transaction.key(i), transaction.message, transaction.signature_at(i))) return false;
  return true;
}

bool is_on_curve(const address& a) {
  // Adding the neutral element decompresses both points and nothing else can fail; crypto_core_ed25519_is_valid_point
  // would also demand the prime-order subgroup.
  static constexpr std::array<std::uint8_t, 32> neutral{1};
  std::array<std::uint8_t, 32> sum;
  return crypto_core_ed25519_add(sum.data(), a.bytes.data(), neutral.data()) == 0;
}

} // namespace sett::solana
