// Who owns a shard: the one record in the consensus store, changed only by transactions that compare its revision.
//
// Text form: one line of JSON with exactly these fields in this order, for people's eyes and etcdctl:
//   {"epoch":4,"leader":"n2@9","isr":["n2@9","n1@3"],"min_isr":2,"data_loss":0}
// The order of isr is the rank in which its members try to take over. Pure, thread-safe, never blocks.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"
#include "messages/types/shard_record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::journal {

enum class journal_errc : std::uint16_t {
  bad_record = 1, // a shard record's text
  bad_message,    // bytes of a message between replicas
  bad_payload,    // a journal entry's payload
  bad_state,      // a stored state
  unknown_kind,   // an entity kind that this node does not know
  refused,        // a command: against a bound or the entity's own rules
  forgotten,      // a command older than the dedup window: whether it was executed is not known any more
};

using sett::shard_record;
inline constexpr std::size_t replicas_max = 7;
inline constexpr std::size_t record_bytes_max = 1024;
inline constexpr std::string_view shard_prefix = "/shards/";

/// "/shards/7".
[[nodiscard]] std::string shard_key(shard_id shard);
/// nullopt: not a shard's key in exactly the form of shard_key.
[[nodiscard]] std::optional<shard_id> parse_shard_key(std::string_view key);

/// "n1@7"; nullopt: not in exactly that form.
[[nodiscard]] std::optional<member> parse_member(std::string_view text);

[[nodiscard]] std::string encode(const shard_record& record);
/// Accepts exactly what encode writes; the error says what is wrong and where.
[[nodiscard]] result<shard_record> decode_record(std::string_view text);

/// The position of a node (any incarnation) in isr; nullopt: not in it.
[[nodiscard]] std::optional<std::size_t> rank_of(const shard_record& record, const node_id& node);
[[nodiscard]] bool holds(const std::vector<member>& members, const member& who);

} // namespace sett::journal
