#include "tools/verifier/record.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"

#include <fmt/format.h>

namespace sett::verifier {
namespace {

template <class T>
T or_complain(const record& r, std::string_view what, std::string_view expected, result<T> decoded) {
  if (decoded) return *std::move(decoded);
  r.complain(what, expected);
  return {};
}

} // namespace

std::vector<std::uint8_t> record::hex(std::string_view key) const {
  return or_complain(*this, key, "hex", solana::hex_decode(text(key)));
}
std::vector<std::uint8_t> record::as_hex() const {
  return or_complain(*this, "element", "hex", solana::hex_decode(as_text()));
}
std::vector<std::uint8_t> record::base64(std::string_view key) const {
  return or_complain(*this, key, "base64", solana::base64_decode(text(key)));
}
address record::key(std::string_view name) const {
  return or_complain(*this, name, "an address", solana::parse_address(text(name)));
}
address record::as_key() const { return or_complain(*this, "element", "an address", solana::parse_address(as_text())); }
blockhash record::hash(std::string_view name) const {
  return or_complain(*this, name, "a blockhash", solana::parse_blockhash(text(name)));
}

void record::complain(std::string_view what, std::string_view expected) const {
  if (fault_->empty()) *fault_ = fmt::format("'{}' is not {}", what, expected);
}

} // namespace sett::verifier
