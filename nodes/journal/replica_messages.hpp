// What the replicas of one shard say to each other, and its form on the wire (messages/schema/replication.fbs).
//
// leader -> follower: begin (first contact in an epoch: where the leader's epochs end), append, snapshot_offer,
// snapshot_chunk, take_over. follower -> leader: begun, ack, snapshot_pull. Either: refuse.
// Every message may be lost, doubled, late and out of order; none of them changes anything unless it fits the
// receiver's promise and log.
//
// decode verifies the buffer and every field; what it refuses the caller counts and drops. Pure, thread-safe.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/ports/network.hpp"
#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::journal {

/// Entries are immutable once made and shared between the log, the messages and the host.
using shared_entry = std::shared_ptr<const ports::journal_entry>;

struct begin_message {
  epoch_number epoch;
  ports::journal_place cut;                 // the leader's log begins behind it
  std::vector<ports::journal_place> epochs; // the last entry of each epoch in the leader's log behind cut, ascending
};
struct begun_message {
  epoch_number epoch;
  journal_index matched; // synced and equal to the leader's; also the answer when a snapshot is installed
  bool needs_snapshot{}; // nothing in common that both still have
};
struct append_message {
  epoch_number epoch;
  ports::journal_place previous;
  std::vector<shared_entry> entries; // consecutive, may be none
  journal_index high_watermark;
  journal_index floor;   // what every in-sync replica has stored as state
  std::uint64_t probe{}; // asks for an immediate ack that repeats it; 0: none
};
struct ack_message {
  epoch_number epoch;
  journal_index matched; // synced
  incarnation_number incarnation;
  journal_index stored;         // the synced state is the fold up to here
  journal_index high_watermark; // as the follower knows it
  std::uint64_t probe{};
};
struct refuse_message {
  epoch_number promised;
};
struct take_over_message { // the planned hand-off: the leader asks the receiver to take its place
  epoch_number epoch;
  journal_index end;        // where both their logs end
  std::uint64_t revision{}; // of the record: good on this one only
};
struct snapshot_offer_message {
  epoch_number epoch;
  ports::snapshot_manifest manifest;
};
struct snapshot_pull_message {
  epoch_number epoch;
  std::uint64_t export_id{};
  std::uint32_t first{}; // every chunk below has been imported
  std::uint32_t count{}; // chunks wanted now
};
struct snapshot_chunk_message {
  epoch_number epoch;
  std::uint64_t export_id{};
  std::uint32_t chunk{};
  std::string bytes;
};

using replica_message =
    std::variant<begin_message, begun_message, append_message, ack_message, refuse_message, take_over_message,
                 snapshot_offer_message, snapshot_pull_message, snapshot_chunk_message>;

/// The packet kinds of this area, frozen: one per message, in the order of the variant.
inline constexpr std::uint16_t packet_kind_first = 100;
inline constexpr std::uint16_t packet_kind_last = 108;
[[nodiscard]] inline ports::packet_kind packet_kind_of(const replica_message& m) {
  return ports::packet_kind(static_cast<std::uint16_t>(packet_kind_first + m.index()));
}
[[nodiscard]] std::string_view name_of(const replica_message& m);
/// The epoch a message speaks for (a refusal's: the promised one).
[[nodiscard]] epoch_number epoch_of(const replica_message& m);

inline constexpr std::size_t payload_bytes_max = 512U << 10U; // of one entry: an append must fit a packet
inline constexpr std::size_t append_entries_max = 4096;
inline constexpr std::size_t epochs_max = 1024; // in a begin
inline constexpr std::size_t chunk_bytes_max = 768U << 10U;

struct shard_message {
  shard_id shard;
  replica_message message;
};

/// The body of a packet of kind packet_kind_of(m).
[[nodiscard]] std::string encode(shard_id shard, const replica_message& m);
/// bad_message: not of this kind, not well-formed, or a field against its bounds.
[[nodiscard]] result<shard_message> decode_message(ports::packet_kind kind, std::string_view body);

} // namespace sett::journal
