// Any text as base58, base64 and hex: refused, or read to bytes that are written to the same text (hex: in lower case).
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace sett::solana;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::uint8_t> out(base58::max_decoded_size(size));
  const auto decoded = base58::decode(text, out);
  if (decoded) SETT_ASSERT(base58::encode(std::span(out).first(*decoded)) == text);

  const auto address = parse_address(text);
  SETT_ASSERT(address.has_value() == (decoded && *decoded == 32));
  if (address) SETT_ASSERT(to_base58(*address) == text && std::ranges::equal(address->bytes, std::span(out).first(32)));
  const auto signature = parse_signature(text);
  SETT_ASSERT(signature.has_value() == (decoded && *decoded == 64));
  if (signature)
    SETT_ASSERT(to_base58(*signature) == text && std::ranges::equal(signature->bytes, std::span(out).first(64)));

  if (const auto bytes = base64_decode(text)) SETT_ASSERT(base64_encode(*bytes) == text);
  if (const auto bytes = hex_decode(text)) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    SETT_ASSERT(hex_encode(*bytes) == lower);
  }
  return 0;
}
