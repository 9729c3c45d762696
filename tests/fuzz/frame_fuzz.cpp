// Frames and key files of any bytes: refused or whole, never a crash, never a body that reaches beyond the input. A
// second try gives the input a right checksum, so that the verifier and our bounds see it too.
#include "messages/types/crc32c.hpp"
#include "nodes/transport/frame.hpp"
#include "nodes/transport/node_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

void check(std::string_view bytes) {
  sett::transport::frame f;
  if (!sett::transport::decode_frame(bytes, f)) return;
  std::size_t sum = 0;
  unsigned char last = 0;
  for (const auto& p : f.packets) {
    sum += p.body.size();
    for (const char c : p.body) last = static_cast<unsigned char>(last ^ static_cast<unsigned char>(c));
  }
  if (sum > bytes.size() || (sum == 0 && last != 0)) __builtin_trap();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  const auto crc = sett::crc32c(bytes);
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(crc >> (8 * i) & 0xffU));
  check(bytes);
  bytes.resize(size);
  if (const auto keys = sett::transport::trusted_keys::parse(bytes); keys) {
    const auto again = sett::transport::trusted_keys::parse(keys->to_file_text());
    if (!again || again->all() != keys->all()) __builtin_trap();
  }
  static_cast<void>(sett::transport::parse_node_key(bytes));
  return 0;
}
