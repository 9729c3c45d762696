// From instructions to the bytes that signers sign: which keys a message needs, in which order, and which of them come
// from lookup tables. The chain accepts any order inside the four classes of keys (signing or not, writable or not), so
// the rule is ours to state:
//
//   first_use  payer first, then as the instructions name them, an instruction's program before its accounts
//   by_text    payer first, then by base58 text, letters before case ("a" < "B" < "c", "a" < "A"), digits before
//   letters
//
// Both are what @solana/web3.js 1.x does (TransactionMessage and Transaction), so that our bytes can be compared with
// its bytes. From a lookup table come the keys that neither sign nor run, table by table in the order given, writable
// ones first. Deterministic, pure, never blocks. Legacy and v0 only: v1 is read, not written.
#pragma once

#include "messages/solana/lookup_table.hpp"
#include "messages/solana/transaction.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sett::solana {

struct account_meta {
  address key;
  bool is_signer{};
  bool is_writable{};
};

struct instruction {
  address program;
  std::vector<account_meta> accounts;
  std::vector<std::uint8_t> data;
};

enum class key_order : std::uint8_t { first_use, by_text };

struct message_request {
  transaction_version version{transaction_version::v0}; // legacy or v0
  key_order order{key_order::first_use};
  address payer;                    // signs and is writable, whatever the instructions say
  sett::blockhash recent_blockhash; // or a durable nonce
  std::span<const instruction> instructions;
  std::span<const lookup_table> tables; // only for v0; unused ones leave no trace
};

/// The message's bytes. Errors, of area "transaction": too_many (over 256 keys), too_large (with its signatures over
/// 1232 bytes), bad_version (v1; tables in a legacy message), bad_index (the payer used as a program).
[[nodiscard]] result<std::vector<std::uint8_t>> build_message(const message_request& request);

/// Puts signatures before a legacy or v0 message, in the order of its first keys. Errors: those of parse_message,
/// signature_count, bad_version (v1).
[[nodiscard]] result<std::vector<std::uint8_t>> attach_signatures(std::span<const std::uint8_t> message,
                                                                  std::span<const signature> signatures);

} // namespace sett::solana
