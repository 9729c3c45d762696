#include "messages/solana/lookup_table.hpp"

#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sett::solana {
namespace {

constexpr std::uint32_t kind_lookup_table = 1;
constexpr std::size_t at_deactivation = 4, at_last_extended = 12, at_start_index = 20, at_authority = 21;

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

address address_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  address a;
  std::ranges::copy(bytes.subspan(offset, address::size), a.bytes.begin());
  return a;
}

std::unexpected<error> refuse(lookup_table_errc code, std::string message) {
  return fail("lookup_table", code, std::move(message));
}

} // namespace

result<lookup_table_account> parse_lookup_table(std::span<const std::uint8_t> account) {
  if (account.size() < lookup_table_header_bytes)
    return refuse(lookup_table_errc::truncated, fmt::format("{} bytes, a lookup table has {} before its addresses",
                                                            account.size(), lookup_table_header_bytes));
  if (const auto kind = little_endian(account.first(4)); kind != kind_lookup_table)
    return refuse(lookup_table_errc::not_a_table,
                  fmt::format("kind {} at byte offset 0 is not a lookup table's", kind));
  const std::size_t body = account.size() - lookup_table_header_bytes;
  if (body % address::size != 0 || body / address::size > max_lookup_table_addresses)
    return refuse(
        lookup_table_errc::bad_size,
        fmt::format("{} bytes from byte offset {} are not up to 256 whole addresses", body, lookup_table_header_bytes));

  lookup_table_account table;
  table.deactivation_slot = slot_number(little_endian(account.subspan(at_deactivation, 8)));
  table.last_extended_slot = slot_number(little_endian(account.subspan(at_last_extended, 8)));
  table.last_extended_start = account[at_start_index];
  if (account[at_authority] > 1)
    return refuse(lookup_table_errc::bad_authority,
                  fmt::format("tag {} at byte offset {} says neither that there is an authority nor that there is none",
                              account[at_authority], at_authority));
  if (account[at_authority] == 1) table.authority = address_at(account, at_authority + 1);
  table.addresses.reserve(body / address::size);
  for (std::size_t at = lookup_table_header_bytes; at < account.size(); at += address::size)
    table.addresses.push_back(address_at(account, at));
  if (table.last_extended_start > table.addresses.size())
    return refuse(lookup_table_errc::bad_index,
                  fmt::format("the last extension starts at address {} of {}, byte offset {}",
                              table.last_extended_start, table.addresses.size(), at_start_index));
  return table;
}

result<loaded_keys> load_keys(std::span<const lookup_view> lookups, std::span<const lookup_table> tables) {
  loaded_keys keys;
  for (const auto& lookup : lookups) {
    const auto table = std::ranges::find(tables, lookup.table, &lookup_table::key);
    if (table == tables.end())
      return fail("transaction", transaction_errc::missing_table,
                  fmt::format("lookup table {} is not known", to_base58(lookup.table)));
    for (const auto& [indexes, out] :
         {std::pair(lookup.writable, &keys.writable), std::pair(lookup.readonly, &keys.readonly)})
      for (const std::uint8_t index : indexes) {
        if (index >= table->addresses.size())
          return fail("transaction", transaction_errc::bad_index,
                      fmt::format("address {} of lookup table {} does not exist, it has {}", index,
                                  to_base58(lookup.table), table->addresses.size()));
        out->push_back(table->addresses[index]);
      }
  }
  return keys;
}

} // namespace sett::solana
