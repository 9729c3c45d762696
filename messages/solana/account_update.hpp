// An account's state at a slot, as any source tells it: accountNotification, programNotification, getAccountInfo,
// Yellowstone.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace sett::solana {

/// Views point into the source or the reader; valid during the call that hands it over.
struct account_update {
  slot_number slot;
  address key;   // zero where the source does not repeat what was asked for (getAccountInfo, accountNotification)
  bool exists{}; // false: no such account (closed, or never there)
  address owner;
  sett::lamports lamports;
  bool executable{};
  std::uint64_t rent_epoch{};
  std::uint64_t write_version{}; // orders several updates in one slot; 0: the source does not say
  std::uint64_t subscription{};  // WebSocket: which one; accountNotification does not repeat the key
  std::span<const std::uint8_t> data;
  std::string_view parsed; // jsonParsed: the JSON object in place of data; data is then empty
};

} // namespace sett::solana
