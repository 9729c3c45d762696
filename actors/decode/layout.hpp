// Reading fixed layouts: little-endian fields with bounds, Anchor discriminators, and the borsh strings of events. A
// reader that runs off the end returns zeros and stays `not ok`, so a decoder reads all fields and asks once. Nothing
// allocates.
#pragma once

#include "messages/types/ids.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sett::decode {

using byte_span = std::span<const std::uint8_t>;

static_assert(std::endian::native == std::endian::little, "fields are copied, not shifted");

/// A cursor over instruction or event data.
class byte_reader {
public:
  explicit byte_reader(byte_span data) : data_(data) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return data_.size() - at_; }
  /// True when at least n bytes follow; for fields that newer versions appended.
  [[nodiscard]] bool has(std::size_t n) const { return ok_ && remaining() >= n; }

  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int32_t i32() { return number<std::int32_t>(); }
  std::int64_t i64() { return number<std::int64_t>(); }
  bool boolean() { return u8() != 0; }
  /// A 128-bit number's halves, low first.
  struct wide {
    std::uint64_t low{}, high{};
  };
  wide u128() {
    wide w;
    w.low = u64();
    w.high = u64();
    return w;
  }
  sett::address address() {
    sett::address a;
    if (take(a.bytes.size())) std::memcpy(a.bytes.data(), data_.data() + at_ - a.bytes.size(), a.bytes.size());
    return a;
  }
  /// borsh string: u32 length, bytes. Points into the data; may hold anything, also bytes that are not UTF-8.
  std::string_view string() {
    const std::uint32_t n = u32();
    if (!take(n)) return {};
    return {reinterpret_cast<const char*>(data_.data() + at_ - n), n};
  }
  byte_span bytes(std::size_t n) {
    if (!take(n)) return {};
    return data_.subspan(at_ - n, n);
  }
  void skip(std::size_t n) { static_cast<void>(take(n)); }

private:
  bool take(std::size_t n) {
    if (!ok_ || remaining() < n) {
      ok_ = false;
      return false;
    }
    at_ += n;
    return true;
  }
  template <class Number>
  Number number() {
    Number n{};
    if (take(sizeof(Number))) std::memcpy(&n, data_.data() + at_ - sizeof(Number), sizeof(Number));
    return n;
  }

  byte_span data_;
  std::size_t at_{};
  bool ok_{true};
};

/// The first eight bytes as a big-endian number, the way discriminators are written; missing bytes read as zero.
[[nodiscard]] inline std::uint64_t discriminator(byte_span data) {
  std::uint64_t d = 0;
  for (std::size_t i = 0; i < 8; ++i) d = d << 8 | (i < data.size() ? data[i] : 0U);
  return d;
}

/// An Anchor program reports an event to itself with this prefix before the event's own discriminator
/// (anchor-lang, event_cpi::EVENT_IX_TAG_LE).
inline constexpr std::uint64_t event_cpi_prefix = 0xe445a52e51cb9a1d;

} // namespace sett::decode
