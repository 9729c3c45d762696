// Ed25519 as the chain checks it. Validators use ed25519-dalek's verify_strict: without cofactor, S below the group
// order, and neither the key nor R of small order. libsodium's verification demands the same and also that the
// encodings are canonical; the few non-canonical encodings of points of large order are of no use to anyone, because
// nobody knows their discrete logarithm. Signing lives elsewhere: code that reads the chain holds no keys. Thread-safe,
// never blocks; about 50 us a signature.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>

namespace sett::solana {

struct transaction_view;

/// True when `signer` signed `message`.
[[nodiscard]] bool verify_signature(const address& signer, std::span<const std::uint8_t> message, const signature& s);

/// Every signature of a transaction, over the message, by the keys in their order. At least one, or false.
[[nodiscard]] bool verify_signatures(const transaction_view& transaction);

/// True when the 32 bytes are a point of the curve, so that somebody may hold a private key for them. Like the runtime
/// it only decompresses: small order and non-canonical encodings count as points.
[[nodiscard]] bool is_on_curve(const address& a);

} // namespace sett::solana
