// base58_vectors: {hex, base58} both ways; {decode, error | hex}; {pubkey, valid_pubkey}.
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/verifier/set_kind.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sett::verifier {
namespace {

result<std::vector<std::uint8_t>> decode(std::string_view text) {
  std::vector<std::uint8_t> bytes(solana::base58::max_decoded_size(text.size()));
  const auto size = solana::base58::decode(text, bytes);
  if (!size) return std::unexpected(size.error());
  bytes.resize(*size);
  return bytes;
}

std::string compare_decoded(std::string_view text, const std::vector<std::uint8_t>& expected) {
  const auto bytes = decode(text);
  if (!bytes) return fmt::format("'{}' is refused: {}", text, bytes.error().message);
  if (*bytes != expected) return fmt::format("'{}' reads as {}", text, solana::hex_encode(*bytes));
  return {};
}

std::string compare(const record& r) {
  if (r.has("pubkey")) {
    const auto text = r.text("pubkey");
    const auto parsed = solana::parse_address(text);
    if (parsed.has_value() != r.flag("valid_pubkey"))
      return fmt::format("address '{}' is {}", text, parsed ? "accepted" : "refused: " + parsed.error().message);
    if (parsed && solana::to_base58(*parsed) != text)
      return fmt::format("address '{}' is written as '{}'", text, solana::to_base58(*parsed));
    if (r.has("decoded_len")) {
      const auto bytes = decode(text);
      if (!bytes || bytes->size() != r.number("decoded_len"))
        return fmt::format("'{}' does not decode to {} bytes", text, r.number("decoded_len"));
    }
    if (parsed && r.has("hex") && !std::ranges::equal(parsed->bytes, r.hex("hex")))
      return fmt::format("address '{}' reads as {}", text, solana::hex_encode(parsed->bytes));
    return {};
  }
  if (r.has("decode")) {
    if (!r.has("error")) return compare_decoded(r.text("decode"), r.hex("hex"));
    return decode(r.text("decode")) ? fmt::format("'{}' is accepted", r.text("decode")) : std::string();
  }
  const auto bytes = r.hex("hex");
  const auto text = r.text("base58");
  const auto written = solana::base58::encode(bytes);
  if (!written || *written != text)
    return fmt::format("{} is written as '{}'", r.text("hex"), written.value_or("an error"));
  if (bytes.size() == 32) {
    const auto parsed = solana::parse_address(text);
    if (!parsed || !std::ranges::equal(parsed->bytes, bytes) || solana::to_base58(*parsed) != text)
      return fmt::format("'{}' is not the same as an address", text);
  }
  if (bytes.size() == 64) {
    const auto parsed = solana::parse_signature(text);
    if (!parsed || !std::ranges::equal(parsed->bytes, bytes) || solana::to_base58(*parsed) != text)
      return fmt::format("'{}' is not the same as a signature", text);
  }
  return compare_decoded(text, bytes);
}

class base58_checker : public set_checker {
public:
  void check(const record& r, tally& t) override { t.count(r.text("id"), compare(r)); }
};

} // namespace

std::unique_ptr<set_checker> make_base58_checker() { return std::make_unique<base58_checker>(); }

} // namespace sett::verifier
