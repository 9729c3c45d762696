// Mints written field by field, for tests.
#pragma once

#include "actors/screening/mint_facts.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

namespace sett::screening {

inline address key_of(std::uint8_t n) {
  address a;
  a.bytes.fill(n);
  return a;
}

class made_mint {
public:
  explicit made_mint(bool token_2022 = true) : token_2022_(token_2022), bytes_(82) {
    number<std::uint64_t>(36, 1'000'000'000);
    bytes_[44] = 6;
    bytes_[45] = 1;
  }
  made_mint& mint_authority(std::uint8_t n) { return flagged(0, n); }
  made_mint& freeze_authority(std::uint8_t n) { return flagged(46, n); }
  made_mint& uninitialised() {
    bytes_[45] = 0;
    return *this;
  }
  made_mint& extension(std::uint16_t type, const std::vector<std::uint8_t>& value) {
    if (bytes_.size() == 82) {
      bytes_.resize(166);
      bytes_[165] = 1;
    }
    const auto at = bytes_.size();
    bytes_.resize(at + 4 + value.size());
    number<std::uint16_t>(at, type);
    number<std::uint16_t>(at + 2, static_cast<std::uint16_t>(value.size()));
    std::copy(value.begin(), value.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at) + 4);
    return *this;
  }
  /// Keys one after the other (0: nobody), then bytes.
  made_mint& extension(std::uint16_t type, std::initializer_list<std::uint8_t> keys,
                       std::initializer_list<std::uint8_t> tail = {}) {
    std::vector<std::uint8_t> value;
    for (const auto k : keys) value.insert(value.end(), 32, k);
    value.insert(value.end(), tail);
    return extension(type, value);
  }
  struct fee {
    std::uint64_t epoch{}, maximum{UINT64_MAX};
    std::uint16_t bps{};
  };
  made_mint& transfer_fee(std::uint8_t authority, fee older, fee newer) {
    std::vector<std::uint8_t> value(108);
    std::fill_n(value.begin(), 32, authority);
    const auto put = [&](std::size_t at, const fee& f) {
      std::memcpy(value.data() + at, &f.epoch, 8);
      std::memcpy(value.data() + at + 8, &f.maximum, 8);
      std::memcpy(value.data() + at + 16, &f.bps, 2);
    };
    put(72, older);
    put(90, newer);
    return extension(1, value);
  }

  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  [[nodiscard]] result<mint_facts> read() const {
    return read_mint(token_2022_ ? token_2022_program() : spl_token_program(), bytes_);
  }

private:
  template <class Number>
  void number(std::size_t at, Number value) {
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  made_mint& flagged(std::size_t at, std::uint8_t n) {
    number<std::uint32_t>(at, 1);
    std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at) + 4, 32, n);
    return *this;
  }

  bool token_2022_;
  std::vector<std::uint8_t> bytes_;
};

} // namespace sett::screening
