// Address lookup tables: reading the on-chain account, and loading the keys a v0 message asks for.
//
// Account layout (address lookup table program, 2024-01): u32 kind = 1, u64 deactivation slot (all ones: active), u64
// slot of the last extension, u8 index of the first address of that extension, 1 + 32 bytes optional authority, padding
// up to byte 56, then the addresses. Addresses added in a slot can be used from the next slot on. Pure, never blocks.
#pragma once

#include "messages/solana/transaction.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace sett::solana {

enum class lookup_table_errc : std::uint16_t { ok, truncated, not_a_table, bad_authority, bad_size, bad_index };

inline constexpr std::size_t lookup_table_header_bytes = 56;
inline constexpr std::size_t max_lookup_table_addresses = 256; // an index is one byte

/// A table as a transaction uses it.
struct lookup_table {
  address key;
  std::vector<address> addresses;
};

/// A table as its account says.
struct lookup_table_account {
  static constexpr slot_number active{std::numeric_limits<std::uint64_t>::max()};
  slot_number deactivation_slot{active};
  slot_number last_extended_slot;
  std::uint8_t last_extended_start{}; // addresses from here on were added in last_extended_slot
  std::optional<address> authority;   // none: frozen for ever
  std::vector<address> addresses;

  /// How many of the addresses a transaction in slot `now` may use. Says nothing about deactivation: a table being
  /// closed serves for about 513 slots more, so take only tables whose deactivation_slot is `active` for new
  /// transactions.
  [[nodiscard]] std::size_t usable_count(slot_number now) const {
    return now > last_extended_slot ? addresses.size() : std::min<std::size_t>(last_extended_start, addresses.size());
  }
};

/// Errors: truncated, not_a_table (an uninitialised account too), bad_authority, bad_size (not whole addresses, or over
/// 256), bad_index.
[[nodiscard]] result<lookup_table_account> parse_lookup_table(std::span<const std::uint8_t> account);

struct loaded_keys {
  std::vector<address> writable, readonly; // over all lookups, in their order: they follow the static keys like this
};

/// The keys behind a message's lookups. Errors, of area "transaction": missing_table, bad_index.
[[nodiscard]] result<loaded_keys> load_keys(std::span<const lookup_view> lookups, std::span<const lookup_table> tables);

} // namespace sett::solana
