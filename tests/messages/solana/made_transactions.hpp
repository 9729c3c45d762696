// Made-up keys, instructions and views for the tests of transactions.
#pragma once

#include "messages/solana/message_builder.hpp"
#include "messages/solana/transaction.hpp"

#include <cstdint>
#include <vector>

namespace sett::solana::test {

/// Address number n of a family of distinct addresses; 0 is not the zero address.
inline address made_key(std::uint32_t n) {
  address a;
  for (std::size_t i = 0; i < a.bytes.size(); ++i)
    a.bytes[i] = static_cast<std::uint8_t>((n + 1) * 2654435761U >> (8 * (i % 4)) ^ i);
  a.bytes[0] = static_cast<std::uint8_t>(n + 1);
  a.bytes[1] = static_cast<std::uint8_t>((n + 1) >> 8);
  return a;
}

inline signature made_signature(std::uint8_t fill) {
  signature s;
  s.bytes.fill(fill);
  return s;
}

inline sett::blockhash made_blockhash() {
  sett::blockhash h;
  h.bytes.fill(0xb1);
  return h;
}

/// Signature, payer, one other account, one program, one instruction of three data bytes: 64 + 1 + ... bytes of a
/// legacy transaction.
inline std::vector<std::uint8_t> made_legacy_transaction() {
  const std::vector<instruction> instructions{
      {made_key(9), {{made_key(1), false, true}, {made_key(0), true, true}}, {7, 8, 9}}};
  const auto message = build_message({.version = transaction_version::legacy,
                                      .payer = made_key(0),
                                      .recent_blockhash = made_blockhash(),
                                      .instructions = instructions,
                                      .tables = {}});
  return *attach_signatures(*message, std::vector{made_signature(5)});
}

/// The same with a table that holds one read-only and one writable account.
inline std::vector<std::uint8_t> made_v0_transaction() {
  const std::vector<instruction> instructions{
      {made_key(9), {{made_key(1), false, true}, {made_key(2), false, false}, {made_key(0), true, true}}, {7, 8, 9}}};
  const std::vector<lookup_table> tables{{made_key(100), {made_key(2), made_key(3), made_key(1)}}};
  const auto message = build_message({.version = transaction_version::v0,
                                      .payer = made_key(0),
                                      .recent_blockhash = made_blockhash(),
                                      .instructions = instructions,
                                      .tables = tables});
  return *attach_signatures(*message, std::vector{made_signature(5)});
}

/// A v1 transaction of two signers and two instructions that asks for everything a config can ask for.
inline std::vector<std::uint8_t> made_v1_transaction() {
  std::vector<std::uint8_t> keys;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto key = made_key(i);
    keys.insert(keys.end(), key.bytes.begin(), key.bytes.end());
  }
  const std::vector<std::uint8_t> signatures(2 * signature::size, 6), accounts{0, 2, 1}, data(300, 0x44);
  transaction_view view;
  view.version = transaction_version::v1;
  view.header = {.required_signatures = 2, .readonly_signed = 1, .readonly_unsigned = 1};
  view.keys = keys;
  view.signatures = signatures;
  view.recent_blockhash = made_blockhash();
  view.config = {.priority_fee = lamports(123456789012),
                 .compute_unit_limit = 200'000,
                 .loaded_accounts_bytes_max = 65'536,
                 .heap_bytes = 64 * 1024};
  view.instructions = {{3, accounts, data}, {3, {}, {}}};
  return serialise_transaction(view);
}

} // namespace sett::solana::test
