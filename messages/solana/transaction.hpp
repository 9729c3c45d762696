// Transactions as they travel: legacy, v0 (with address lookup tables) and v1 (SIMD-0385, 4 KiB, compute budget in the
// header). Reading makes a view: spans into the given bytes and two small vectors that keep their capacity, so a reader
// that reuses its view does not allocate. Everything the runtime's sanitiser demands of the bytes alone is checked
// here, so that whoever holds a view may index keys by an instruction's accounts without looking again; whether
// signatures are right is ed25519.hpp's question.
//
//   legacy, v0:  signatures (short length, 64 bytes each) | message
//   message:     [0x80 | version] header (3) | keys (short length, 32 each) | blockhash (32) | instructions | v0:
//   lookups v1:          0x81 header (3) config mask (4) blockhash (32) #instructions (1) #keys (1) keys, config values
//   (4 each),
//                instruction headers (4 each), instruction payloads | signatures; the message is everything before the
//                signatures
//
// Key order: signers writable, signers read-only, others writable, others read-only; v0 appends the looked-up keys, all
// writable ones before all read-only ones. Layouts: solana-message and solana-transaction crates (2024-01), SIMD-0385
// (2026-06). Thread-safe for distinct views, never blocks.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sett::solana {

enum class transaction_errc : std::uint16_t {
  ok,
  too_large,       // more bytes than a packet of this version may have
  truncated,       // the bytes end inside a field
  bad_length,      // a length is not in its one allowed spelling
  bad_version,     // neither legacy nor 0 nor 1
  bad_header,      // the header's counts contradict each other or the number of keys
  bad_index,       // an instruction points beyond the keys, or its program is the fee payer or a looked-up key
  signature_count, // not one signature per required signer
  trailing_bytes,  // bytes after the end
  too_many,        // more keys, instructions or lookups than the version allows
  duplicate_key,   // the same key twice (checked for v1, where it is part of the format)
  bad_config,      // v1: an unknown or half-set config bit, or a heap size out of its range
  missing_table,   // a lookup names a table that was not given
};

/// Largest serialised transaction: IPv6's minimum MTU 1280 less 48 bytes of headers (PACKET_DATA_SIZE); SIMD-0385 for
/// v1.
inline constexpr std::size_t max_transaction_bytes = 1232;
inline constexpr std::size_t max_v1_transaction_bytes = 4096;
inline constexpr std::size_t max_keys = 256; // indexes are one byte
inline constexpr std::size_t max_v1_keys = 64;
inline constexpr std::size_t max_v1_signatures = 12;
inline constexpr std::size_t max_v1_instructions = 64;

enum class transaction_version : std::uint8_t { legacy, v0, v1 };

struct message_header {
  std::uint8_t required_signatures{}; // the first keys, of these
  std::uint8_t readonly_signed{};     // the last ones are read-only
  std::uint8_t readonly_unsigned{};   // of the remaining static keys the last ones are read-only

  friend bool operator==(const message_header&, const message_header&) = default;
};

struct instruction_view {
  std::uint8_t program_index{};           // into the static keys, never 0
  std::span<const std::uint8_t> accounts; // indexes below transaction_view::total_key_count()
  std::span<const std::uint8_t> data;
};

struct lookup_view {
  address table;
  std::span<const std::uint8_t> writable, readonly; // indexes into the table; not both empty
};

/// The budget a v1 transaction asks for. Absent values mean what SIMD-0385 says: no priority fee, zero units, 32 KiB of
/// heap.
struct transaction_config {
  std::optional<lamports> priority_fee; // for the whole transaction, not per compute unit
  std::optional<std::uint32_t> compute_unit_limit;
  std::optional<std::uint32_t> loaded_accounts_bytes_max;
  std::optional<std::uint32_t> heap_bytes;
};

struct transaction_view {
  transaction_version version{};
  message_header header;
  std::span<const std::uint8_t> signatures; // 64 bytes each; empty for a bare message
  std::span<const std::uint8_t> message;    // what the signers signed
  std::span<const std::uint8_t> keys;       // static keys, 32 bytes each
  sett::blockhash recent_blockhash;         // or a durable nonce
  transaction_config config;                // v1 only
  std::vector<instruction_view> instructions;
  std::vector<lookup_view> lookups; // v0 only
  std::size_t loaded_writable_count{}, loaded_readonly_count{};

  [[nodiscard]] std::size_t signature_count() const { return signatures.size() / signature::size; }
  [[nodiscard]] std::size_t static_key_count() const { return keys.size() / address::size; }
  [[nodiscard]] std::size_t total_key_count() const {
    return static_key_count() + loaded_writable_count + loaded_readonly_count;
  }
  /// Copies; i < signature_count(), i < static_key_count().
  [[nodiscard]] signature signature_at(std::size_t i) const {
    signature s;
    std::ranges::copy(signatures.subspan(i * signature::size, signature::size), s.bytes.begin());
    return s;
  }
  [[nodiscard]] address key(std::size_t i) const {
    address a;
    std::ranges::copy(keys.subspan(i * address::size, address::size), a.bytes.begin());
    return a;
  }
  [[nodiscard]] bool is_signer(std::size_t i) const { return i < header.required_signatures; }
  /// What the transaction asks for, i < total_key_count(); the runtime demotes sysvars and programs on top of that.
  [[nodiscard]] bool is_writable(std::size_t i) const {
    if (i < header.required_signatures)
      return i < static_cast<std::size_t>(header.required_signatures - header.readonly_signed);
    if (i < static_key_count()) return i < static_key_count() - header.readonly_unsigned;
    return i < static_key_count() + loaded_writable_count;
  }
};

/// Reads a whole transaction. `out` points into `wire` and is unspecified after an error. Every error names the byte
/// offset.
[[nodiscard]] result<void> parse_transaction(std::span<const std::uint8_t> wire, transaction_view& out);

/// Reads a message without signatures (what signers sign). The size limit leaves room for the signatures it asks for.
[[nodiscard]] result<void> parse_message(std::span<const std::uint8_t> message, transaction_view& out);

/// Writes the fields of a view again, from the fields, not by copying `message`. For every view that was read from
/// bytes the result is those bytes. The caller keeps the counts within their formats' limits (an assertion); nothing
/// else is checked.
[[nodiscard]] std::vector<std::uint8_t> serialise_message(const transaction_view& view);
[[nodiscard]] std::vector<std::uint8_t> serialise_transaction(const transaction_view& view);

} // namespace sett::solana
