// How a snapshot lies in the node's database. Key: shard (16 bits, big endian, so a shard is one range), the kind's
// length and text, then the entity's raw id. Value: magic and version, CRC-32C (Castagnoli; iSCSI, RFC 3720) of the
// payload, payload. RocksDB has its own block checksums; this one also covers the way through our own memory and files
// of another origin. Pure.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::store {

enum class store_errc : std::uint16_t {
  ok,
  cannot_open,
  io,
  not_ours,
  damaged,
  newer_version,
  overloaded,
  stopped,
  bad_key
};

inline constexpr std::size_t kind_size_max = 32;

/// Key prefix of all entities of a kind in a shard. kind: 1 to kind_size_max characters.
[[nodiscard]] std::string key_prefix(std::uint16_t shard, std::string_view kind);
[[nodiscard]] std::string seal(std::string_view payload);
/// Errors: not_ours, newer_version, damaged. The view points into `value`.
[[nodiscard]] result<std::string_view> unseal(std::string_view value);

} // namespace sett::store
