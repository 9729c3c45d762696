// Little-endian bytes, one value after the other: how Borsh and native Solana programs lay out their data.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::simnet {

struct byte_writer {
  std::vector<std::uint8_t> bytes;

  template <class T>
  byte_writer& value(T v) {
    const auto at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &v, sizeof(T));
    return *this;
  }
  byte_writer& u8(std::uint8_t v) { return value(v); }
  byte_writer& u16(std::uint16_t v) { return value(v); }
  byte_writer& u32(std::uint32_t v) { return value(v); }
  byte_writer& u64(std::uint64_t v) { return value(v); }
  byte_writer& i64(std::int64_t v) { return value(v); }
  byte_writer& flag(bool v) { return value(static_cast<std::uint8_t>(v ? 1 : 0)); }
  byte_writer& raw(std::span<const std::uint8_t> v) {
    bytes.insert(bytes.end(), v.begin(), v.end());
    return *this;
  }
  template <class Tag, std::size_t N>
  byte_writer& id(const byte_id<Tag, N>& v) {
    return raw(v.bytes);
  }
  /// Length as u32, then the text.
  byte_writer& text(std::string_view v) {
    u32(static_cast<std::uint32_t>(v.size()));
    bytes.insert(bytes.end(), v.begin(), v.end());
    return *this;
  }
  /// Eight bytes of an Anchor discriminator, written as the big-endian number that they are quoted as.
  byte_writer& tag(std::uint64_t big_endian) {
    for (int shift = 56; shift >= 0; shift -= 8) u8(static_cast<std::uint8_t>(big_endian >> shift));
    return *this;
  }
};

} // namespace sett::simnet
