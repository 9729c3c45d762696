// Fields at fixed offsets of account data, little-endian. A reader checks the length once (at_least) and then reads.
// Pure, thread-safe.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sett::venues {

enum class account_errc : std::uint16_t { ok, too_short, wrong_kind, bad_field };

using const_bytes = std::span<const std::uint8_t>;
using mutable_bytes = std::span<std::uint8_t>;

/// The number at `offset`; the caller has checked the length (an assertion).
template <class Number>
[[nodiscard]] Number load(const_bytes data, std::size_t offset) {
  SETT_ASSERT(offset + sizeof(Number) <= data.size());
  Number out{};
  std::memcpy(&out, data.data() + offset, sizeof(Number));
  return out;
}
template <class Number>
void store(mutable_bytes data, std::size_t offset, Number value) {
  SETT_ASSERT(offset + sizeof(Number) <= data.size());
  std::memcpy(data.data() + offset, &value, sizeof(Number));
}
[[nodiscard]] inline address load_address(const_bytes data, std::size_t offset) {
  SETT_ASSERT(offset + address::size <= data.size());
  address out;
  std::memcpy(out.bytes.data(), data.data() + offset, address::size);
  return out;
}

} // namespace sett::venues
