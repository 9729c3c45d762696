// The payloads of journal entries: a batch of decided commands, and a checkpoint (messages/schema/replication.fbs).
// They lie on disk and travel between nodes. decode verifies the buffer and every field. Pure, thread-safe.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"
#include "nodes/journal/entity_kind.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::journal {

/// Who sends commands; chosen by the sender, unique over all that ever write to a shard (a hash of node@incarnation and
/// actor will do). 0 is nobody.
using client_id = strong<struct client_id_tag, std::uint64_t>;
/// Counts one client's commands to one shard, from 1; a repeated command keeps its number.
using command_sequence = strong<struct command_sequence_tag, std::uint64_t>;

struct decided_command {
  client_id client;
  command_sequence sequence;
  entity_ref target;
  std::string event; // may be empty: only the reply is remembered
  std::string reply;
  bool refused{}; // the entity's decide said no; reply is the reason
  friend bool operator==(const decided_command&, const decided_command&) = default;
};

struct command_reply {
  client_id client;
  command_sequence sequence;
  std::string reply;
  bool refused{};
  friend bool operator==(const command_reply&, const command_reply&) = default;
};

[[nodiscard]] std::string encode_batch(const std::vector<decided_command>& batch);
/// bad_payload with what and where.
[[nodiscard]] result<std::vector<decided_command>> decode_batch(std::string_view payload);

/// What the leader's state hashed to when it applied the checkpoint entry before this one; index 0: there was none.
struct checkpoint {
  journal_index index;
  std::uint64_t hash{};
  friend bool operator==(const checkpoint&, const checkpoint&) = default;
};
[[nodiscard]] std::string encode_checkpoint(const checkpoint& c);
[[nodiscard]] result<checkpoint> decode_checkpoint(std::string_view payload);

} // namespace sett::journal
