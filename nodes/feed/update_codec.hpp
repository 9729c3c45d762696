// Updates of the stream as FlatBuffers (messages/schema/stream_feed.fbs), for the nodes that do not read the chain
// themselves. A large update becomes several packets, cut between transactions; only the last one is complete.
// Decoding verifies the buffer and every field, and refuses the whole packet otherwise. Pure, thread-safe.
#pragma once

#include "messages/ports/network.hpp"
#include "messages/ports/snapshot_store.hpp"
#include "messages/protocol/chain_stream.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::feed {

inline constexpr ports::packet_kind update_packet{400}, slot_packet{401}, state_packet{402}, snapshots_packet{403};
inline constexpr std::size_t part_bytes_max = 512U << 10U; // about: a part ends with the transaction that passes it
inline constexpr std::size_t transactions_max = 200'000, events_max = 1'000'000, text_bytes_max = 4U << 20U;

enum class feed_errc : std::uint16_t { damaged = 1, out_of_bounds };

struct fed_update {
  std::uint64_t sequence{}; // counts the sender's parts; a hole: something was lost
  bool backfill{};
  block_update update;
};

/// One packet's body for each part, in order; sequences are given from `first_sequence` on.
[[nodiscard]] std::vector<std::string> encode(const block_update& u, bool backfill, std::uint64_t first_sequence);
[[nodiscard]] std::string encode(const slot_update& s);
[[nodiscard]] std::string encode(protocol::connection_state s);
[[nodiscard]] result<fed_update> decode_update(std::string_view bytes);
[[nodiscard]] result<slot_update> decode_slot(std::string_view bytes);
[[nodiscard]] result<protocol::connection_state> decode_state(std::string_view bytes);

/// Snapshots of one shard's entities.
struct fed_snapshots {
  shard_id shard;
  std::vector<ports::snapshot_store::entry> entries;
};
[[nodiscard]] std::string encode(const fed_snapshots& s);
[[nodiscard]] result<fed_snapshots> decode_snapshots(std::string_view bytes);

} // namespace sett::feed
