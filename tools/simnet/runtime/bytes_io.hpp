// Reading and writing little-endian values in account data and instruction data. Reads beyond the end throw the error
// that the reader was made with; writes are to places that were checked.
#pragma once

#include "tools/simnet/runtime/invocation.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

template <class T>
[[nodiscard]] T load(std::span<const std::uint8_t> bytes, std::size_t at) {
  if (bytes.size() < at + sizeof(T)) fail_with("InvalidAccountData");
  T v;
  std::memcpy(&v, bytes.data() + at, sizeof(T));
  return v;
}
[[nodiscard]] inline address load_key(std::span<const std::uint8_t> bytes, std::size_t at) {
  return load<address>(bytes, at);
}
template <class T>
void store(std::vector<std::uint8_t>& bytes, std::size_t at, T v) {
  if (bytes.size() < at + sizeof(T)) fail_with("InvalidAccountData");
  std::memcpy(bytes.data() + at, &v, sizeof(T));
}

/// Instruction data from front to back.
class input_reader {
public:
  explicit input_reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  template <class T>
  T take() {
    if (bytes_.size() - at_ < sizeof(T)) fail_with("InvalidInstructionData");
    T v;
    std::memcpy(&v, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return v;
  }
  address key() { return take<address>(); }
  /// A text behind its length.
  template <class Length>
  std::string text() {
    const auto n = static_cast<std::size_t>(take<Length>());
    if (bytes_.size() - at_ < n) fail_with("InvalidInstructionData");
    std::string out(reinterpret_cast<const char*>(bytes_.data() + at_), n);
    at_ += n;
    return out;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_{};
};

} // namespace sett::simnet
