#include "messages/solana/message_builder.hpp"

#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>

namespace sett::solana {
namespace {

struct used_key {
  address key;
  bool is_signer{}, is_writable{}, is_program{}, is_loaded{};
};

std::vector<used_key> collect(const message_request& request) {
  std::vector<used_key> used;
  std::unordered_map<address, std::size_t> position;
  const auto entry = [&](const address& key) -> used_key& {
    const auto [at, inserted] = position.try_emplace(key, used.size());
    if (inserted) used.push_back({.key = key});
    return used[at->second];
  };
  auto& payer = entry(request.payer);
  payer.is_signer = payer.is_writable = true;
  for (const auto& ix : request.instructions) {
    entry(ix.program).is_program = true;
    for (const auto& account : ix.accounts) {
      auto& e = entry(account.key);
      e.is_signer |= account.is_signer;
      e.is_writable |= account.is_writable;
    }
  }
  return used;
}

/// Letters first without case, then lower before upper case; digits before letters.
bool text_less(const std::string& a, const std::string& b) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto letter = [&](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto order = std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                            [&](char x, char y) { return letter(x) <=> letter(y); });
  if (order != 0) return order < 0;
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return !is_upper(x) && is_upper(y); });
}

void sort_by_text(std::vector<used_key>& used) {
  std::vector<std::pair<std::string, used_key>> rest; // without the payer, which stays in front
  for (std::size_t i = 1; i < used.size(); ++i) rest.emplace_back(to_base58(used[i].key), used[i]);
  std::ranges::sort(rest, text_less, &std::pair<std::string, used_key>::first);
  for (std::size_t i = 0; i < rest.size(); ++i) used[i + 1] = rest[i].second;
}

struct chosen_lookup {
  address table;
  std::vector<std::uint8_t> writable, readonly;
};

/// Takes every key that a table holds and that may be looked up; fills `loaded` in the order the chain appends them.
std::vector<chosen_lookup> look_up(std::vector<used_key>& used, std::span<const lookup_table> tables,
                                   loaded_keys& loaded) {
  std::vector<chosen_lookup> lookups;
  for (const auto& table : tables) {
    chosen_lookup lookup{.table = table.key, .writable = {}, .readonly = {}};
    const std::size_t reachable = std::min(table.addresses.size(), max_lookup_table_addresses);
    std::unordered_map<address, std::uint8_t> index_of; // the first of equal addresses
    for (std::size_t i = 0; i < reachable; ++i) index_of.try_emplace(table.addresses[i], static_cast<std::uint8_t>(i));
    for (auto& key : used) {
      if (key.is_signer || key.is_program || key.is_loaded) continue;
      const auto found = index_of.find(key.key);
      if (found == index_of.end()) continue;
      key.is_loaded = true;
      (key.is_writable ? lookup.writable : lookup.readonly).push_back(found->second);
      (key.is_writable ? loaded.writable : loaded.readonly).push_back(key.key);
    }
    if (!lookup.writable.empty() || !lookup.readonly.empty()) lookups.push_back(std::move(lookup));
  }
  return lookups;
}

} // namespace

result<std::vector<std::uint8_t>> build_message(const message_request& request) {
  if (request.version == transaction_version::v1)
    return fail("transaction", transaction_errc::bad_version, "v1 messages are read, not built");
  if (request.version == transaction_version::legacy && !request.tables.empty())
    return fail("transaction", transaction_errc::bad_version, "a legacy message cannot use lookup tables");

  std::vector<used_key> used = collect(request);
  if (used.front().is_program)
    return fail("transaction", transaction_errc::bad_index,
                fmt::format("{} pays the fee and is a program", to_base58(request.payer)));
  if (request.order == key_order::by_text) sort_by_text(used);
  loaded_keys loaded;
  const auto lookups = look_up(used, request.tables, loaded);

  transaction_view view;
  view.version = request.version;
  view.recent_blockhash = request.recent_blockhash;
  std::vector<std::uint8_t> key_bytes;
  std::unordered_map<address, std::size_t> index_of;
  const auto place = [&](bool is_signer, bool is_writable) {
    std::size_t count = 0;
    for (const auto& key : used)
      if (!key.is_loaded && key.is_signer == is_signer && key.is_writable == is_writable) {
        index_of.emplace(key.key, index_of.size());
        key_bytes.insert(key_bytes.end(), key.key.bytes.begin(), key.key.bytes.end());
        ++count;
      }
    return count;
  };
  const std::size_t writable_signers = place(true, true);
  const std::size_t readonly_signers = place(true, false);
  place(false, true);
  const std::size_t readonly_others = place(false, false);
  for (const auto* keys : {&loaded.writable, &loaded.readonly})
    for (const auto& key : *keys) index_of.emplace(key, index_of.size());
  if (used.size() > max_keys || writable_signers + readonly_signers >= 128)
    return fail("transaction", transaction_errc::too_many,
                fmt::format("{} keys, {} of them signing: at most {} fit", used.size(),
                            writable_signers + readonly_signers, max_keys));
  view.header = {.required_signatures = static_cast<std::uint8_t>(writable_signers + readonly_signers),
                 .readonly_signed = static_cast<std::uint8_t>(readonly_signers),
                 .readonly_unsigned = static_cast<std::uint8_t>(readonly_others)};
  view.keys = key_bytes;

  std::vector<std::vector<std::uint8_t>> accounts; // keeps the indexes that the views point to
  accounts.reserve(request.instructions.size());
  std::size_t payload = 0; // lower bound, so that nothing outsized is copied or counted in 16 bits
  for (const auto& ix : request.instructions) payload += 3 + ix.accounts.size() + ix.data.size();
  if (payload > max_transaction_bytes)
    return fail("transaction", transaction_errc::too_large,
                fmt::format("instructions of {} bytes alone are over the {} bytes of a transaction", payload,
                            max_transaction_bytes));
  for (const auto& ix : request.instructions) {
    auto& indexes = accounts.emplace_back();
    for (const auto& account : ix.accounts) indexes.push_back(static_cast<std::uint8_t>(index_of.at(account.key)));
    view.instructions.push_back({static_cast<std::uint8_t>(index_of.at(ix.program)), indexes, ix.data});
  }
  for (const auto& lookup : lookups) view.lookups.push_back({lookup.table, lookup.writable, lookup.readonly});

  auto bytes = serialise_message(view);
  const std::size_t size = 1 + std::size_t{view.header.required_signatures} * signature::size + bytes.size();
  if (size > max_transaction_bytes)
    return fail("transaction", transaction_errc::too_large,
                fmt::format("{} bytes with its signatures, at most {} are allowed", size, max_transaction_bytes));
  return bytes;
}

result<std::vector<std::uint8_t>> attach_signatures(std::span<const std::uint8_t> message,
                                                    std::span<const signature> signatures) {
  transaction_view view;
  if (const auto parsed = parse_message(message, view); !parsed) return std::unexpected(parsed.error());
  if (view.version == transaction_version::v1)
    return fail("transaction", transaction_errc::bad_version, "v1 messages are read, not built");
  if (signatures.size() != view.header.required_signatures)
    return fail("transaction", transaction_errc::signature_count,
                fmt::format("{} signatures for {} signers", signatures.size(), view.header.required_signatures));
  std::vector<std::uint8_t> bytes;
  for (const auto& s : signatures) bytes.insert(bytes.end(), s.bytes.begin(), s.bytes.end());
  view.signatures = bytes;
  return serialise_transaction(view);
}

} // namespace sett::solana
