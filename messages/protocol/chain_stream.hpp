// What flows from endpoints through ingest to the entities, inside one process. Plain immutable structs, sent as CAF
// messages; between nodes the same content travels as FlatBuffers.
//
//   endpoint socket thread --raw_update/slot_update--> ingest actor --chain_update/slot_undone/stream_health--> event
//   router event router --entity_events--> token and wallet actors
//
// Promises of ingest to the router, per commitment:
//   - each (slot, signature) is delivered once as long as it is inside the dedup window; a consumer still removes
//   duplicates by
//     (slot, transaction index, path), because after a restart or with several reading nodes the window does not
//     protect it;
//   - a slot may come late (backfill): consumers accept any order of slots within their undo window;
//   - slot_undone(s) follows chain_update(s) when s died; nothing of s counts afterwards unless it is delivered again;
//   - stream_health says what is complete: no slot in (complete_from, complete_to] is missing except those listed as
//   incomplete.
#pragma once

#include "messages/types/block_update.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sett::protocol {

/// Endpoint -> ingest: a decoded frame.
struct raw_update {
  frame_origin origin;
  block_update_ptr update;
};
struct raw_slot {
  frame_origin origin;
  slot_update update;
};
/// Endpoint -> ingest: the connection state of one stream of one endpoint.
enum class connection_state : std::uint8_t { connecting, live, silent, lost };
struct raw_connection {
  frame_origin origin;
  connection_state state{};
  std::string reason; // for people, no URL
};

/// Ingest -> router: deduplicated content.
struct chain_update {
  block_update_ptr update;
  frame_origin origin;
};
/// The slot's root status moved: everything at or below `slot` can no longer be undone.
struct slot_rooted {
  slot_number slot;
};
/// The slot died or lost its fork.
struct slot_undone {
  slot_number slot;
};
struct slot_range {
  slot_number first, last; // inclusive
};
struct stream_health {
  stream_id stream;
  commitment level{commitment::processed};
  bool live{};
  slot_number complete_from, complete_to;
  std::vector<slot_range> incomplete; // gaps given up by the bounded backfill; kept for all to see
  std::uint32_t backfilling{};        // slots being fetched now
};

/// Router -> entity: the events of one update that concern it, as positions in the shared batch.
struct entity_events {
  block_update_ptr update;
  std::span<const std::uint32_t> positions; // into update->batch.events, ascending; live as long as `update` is held
  steady_time_ns received;
  slot_number sealed; // everything up to here is final: it can neither be undone nor grow
  bool replayed{};    // sent again after a restart of the entity: it may have acted on it before
};

} // namespace sett::protocol
