// Keys and JSON text of shard records in the consensus store. JSON because people read these records with etcdctl when
// something is wrong. Reading is strict: a field that is missing, of the wrong type or out of range is an error that
// names it, and unknown fields are errors too, since a node that drops a field it does not know would erase it by its
// next write. Pure.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/shard_record.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sett::shards {

enum class record_errc : std::uint16_t {
  malformed = 1, // no JSON object
  bad_field,     // missing, wrong type, out of range, unknown
  too_large,
};

inline constexpr std::string_view shards_prefix = "/shards/";
inline constexpr std::size_t isr_members_max = 64;

[[nodiscard]] std::string shard_key(shard_id shard);
/// nullopt: not the key of a shard.
[[nodiscard]] std::optional<shard_id> shard_of_key(std::string_view key);

/// {"epoch":3,"leader":"n1@7","isr":["n1@7","n2@4"],"min_isr":2,"data_loss":0}; equal records give equal text.
[[nodiscard]] std::string encode(const shard_record& record);
[[nodiscard]] result<shard_record> decode_shard_record(std::string_view text);

/// "n1@7"; nullopt: anything else.
[[nodiscard]] std::optional<member> parse_member(std::string_view text);

} // namespace sett::shards
