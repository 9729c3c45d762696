// How a journal lies in the node's database, and how a snapshot travels. Pure.
//
// Keys, big endian so that a shard, its log and a generation of its state are ranges:
//   "n" "facts" | "n" "group"          the node's facts; the number of the last group written
//   "s" shard16 "m"                    meta
//   "s" shard16 "l" index64            a log entry
//   "s" shard16 "g" generation64 key   the state
// Values are little endian; facts and meta end with their CRC-32C. An entry carries its own crc and chain, a state is
// checked by its hash.
//
// A snapshot is a stream of records (key size, value size, key, value) in key order, cut into chunks; a chunk is its
// CRC-32C and its part of the stream. The stream knows nothing of generations, which differ from node to node.
#pragma once

#include "messages/ports/journal_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sett::store {

inline constexpr std::size_t state_key_size_max = 256;
inline constexpr std::size_t state_value_size_max = 16U << 20U;
inline constexpr std::uint32_t chunk_bytes_default = 256U << 10U;

[[nodiscard]] std::string facts_key();
[[nodiscard]] std::string group_key();
[[nodiscard]] std::string shard_prefix(shard_id shard);
[[nodiscard]] std::string meta_key(shard_id shard);
[[nodiscard]] std::string log_prefix(shard_id shard);
[[nodiscard]] std::string log_key(shard_id shard, journal_index index);
[[nodiscard]] std::string states_prefix(shard_id shard); // all generations
[[nodiscard]] std::string state_prefix(shard_id shard, std::uint64_t generation);
/// The smallest key after all keys with the prefix; the prefix's last byte is not 0xff, or carries.
[[nodiscard]] std::string after_prefix(std::string prefix);
/// Of a key under "s"; nullopt: not one.
[[nodiscard]] std::optional<shard_id> shard_of(std::string_view key);
/// The number behind a prefix of log_prefix's or states_prefix's size; nullopt: the key is too short.
[[nodiscard]] std::optional<std::uint64_t> number_after(std::string_view key, std::size_t prefix_size);

[[nodiscard]] std::string encode(std::uint64_t number);
[[nodiscard]] std::string encode(const ports::node_facts& facts);
[[nodiscard]] std::string encode(const ports::shard_meta& meta);
[[nodiscard]] std::string encode(const ports::journal_entry& entry);
/// Error of the decoders: journal_store_errc::corrupt with what is wrong.
[[nodiscard]] result<std::uint64_t> decode_number(std::string_view value);
[[nodiscard]] result<ports::node_facts> decode_facts(std::string_view value);
[[nodiscard]] result<ports::shard_meta> decode_meta(std::string_view value);
/// Neither crc nor chain is checked here.
[[nodiscard]] result<ports::journal_entry> decode_entry(journal_index index, std::string_view value);

/// Appends a record to a snapshot's stream.
void append_record(std::string& stream, std::string_view key, std::string_view value);
[[nodiscard]] std::string seal_chunk(std::string_view part);

/// Turns chunks back into records. Bounded: holds at most one record and one chunk.
class chunk_reader {
public:
  /// corrupt: the chunk's checksum, a size out of bounds, or keys out of order. `record` sees each whole record once;
  /// its error ends the call.
  [[nodiscard]] result<void> feed(std::string_view chunk,
                                  const std::function<result<void>(std::string_view, std::string_view)>& record);
  /// No part of a record is left over.
  [[nodiscard]] bool whole() const { return rest_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
  std::string rest_, last_key_;
  bool any_{};
  std::uint64_t bytes_{};
};

/// Follows a log entry by entry: index without holes, epoch not falling, crc, chain. corrupt: shard, index, expected,
/// found.
class log_checker {
public:
  log_checker(shard_id shard, const ports::journal_place& cut) : shard_(shard), at_(cut) {}
  [[nodiscard]] result<void> next(const ports::journal_entry& entry);
  [[nodiscard]] const ports::journal_place& at() const { return at_; }

private:
  shard_id shard_;
  ports::journal_place at_;
};

/// meta against itself and the log's end: cut <= applied, applied <= end.
[[nodiscard]] result<void> check_meta(shard_id shard, const ports::shard_meta& meta, journal_index end);
[[nodiscard]] result<void> check_state_hash(shard_id shard, const ports::shard_meta& meta, std::uint64_t found);
[[nodiscard]] std::unexpected<error> corrupt(std::string message);

} // namespace sett::store
