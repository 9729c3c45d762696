// Bytes from a snapshot store: the envelope, then a token's and a wallet's snapshot. What is read must be storable and
// read again.
#include "actors/market/token_snapshot.hpp"
#include "actors/wallets/wallet_state.hpp"
#include "messages/types/error.hpp"
#include "nodes/store/snapshot_envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)store::unseal(bytes);
  // The key is taken from the input, so that a valid snapshot of any entity is read.
  for (std::size_t at = 0; at + 32 <= size && at < 256; at += 4) {
    address key;
    std::memcpy(key.bytes.data(), data + at, 32);
    if (auto base = market::decode_token(key, bytes)) {
      SETT_ASSERT(market::decode_token(key, market::encode_token(key, *base)).has_value());
      (void)market::token_state(key, std::move(*base)).detail();
    }
    if (auto base = wallets::decode_wallet(key, bytes)) {
      SETT_ASSERT(wallets::decode_wallet(key, wallets::encode_wallet(key, *base)).has_value());
      (void)wallets::wallet_state(key, std::move(*base)).detail();
    }
  }
  return 0;
}
