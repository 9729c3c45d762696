// Holders as the stream shows them, in bounded memory: how many distinct wallets received the token (HyperLogLog with
// 128 registers, Flajolet et al. 2007, standard error 1.04/sqrt(128) = 9.2 %, linear counting below 320) and the 16
// wallets with the largest net receipts since they entered the list (a lower bound for one that left and came back).
#pragma once

#include "messages/protocol/token.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sett::market {

class holder_sketch {
public:
  static constexpr std::size_t register_count = 128;
  static constexpr std::size_t top_max = 12;

  /// The wallet's net change over one final slot; 0 counts it as seen only when it received.
  void add(const address& wallet, std::int64_t delta, bool received);
  [[nodiscard]] std::uint64_t distinct() const;
  [[nodiscard]] std::span<const protocol::token_holder> top() const { return top_; }
  [[nodiscard]] std::string_view registers() const {
    return {reinterpret_cast<const char*>(registers_.data()), register_count};
  }
  /// False when the bytes cannot be registers or the list is too long.
  [[nodiscard]] bool restore(std::string_view registers, std::vector<protocol::token_holder> top);
  [[nodiscard]] bool same_as(const holder_sketch& other) const;

private:
  std::array<std::uint8_t, register_count> registers_{};
  std::vector<protocol::token_holder> top_; // in order of entry
};

} // namespace sett::market
