#include "tools/verifier/signing.hpp"

#include <sodium.h>

namespace sett::verifier {
namespace {

struct key_pair {
  address public_key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key;
};

key_pair expand(const signing_seed& seed) {
  key_pair keys;
  crypto_sign_seed_keypair(keys.public_key.bytes.data(), keys.secret_key.data(), seed.data());
  return keys;
}

} // namespace

address public_key_of(const signing_seed& seed) { return expand(seed).public_key; }

signature sign(const signing_seed& seed, std::span<const std::uint8_t> message) {
  signature s;
  crypto_sign_detached(s.bytes.data(), nullptr, message.data(), message.size(), expand(seed).secret_key.data());
  return s;
}

} // namespace sett::verifier
