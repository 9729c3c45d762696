// What an endpoint hands to ingest: one decoded step of a chain stream. Produced on the endpoint's socket thread,
// immutable from then on, shared by pointer inside a process.
#pragma once

#include "messages/types/chain_event.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <memory>

namespace sett {

enum class slot_status : std::uint8_t { first_shred_received, completed, processed, confirmed, finalized, dead };

/// A slot changed its status (slotSubscribe, slotsUpdates, Yellowstone SlotUpdate).
struct slot_update {
  slot_number slot;
  slot_number parent; // 0 when the source does not say
  slot_status status{slot_status::processed};
};

/// Transactions of one slot. A block source delivers one complete update; a transaction stream delivers many partial
/// ones and closes the slot with `complete` (block meta with the transaction count, or the next slot's arrival under
/// its plan).
struct block_update {
  slot_number slot;
  slot_number parent;
  std::uint64_t height{}; // 0 unknown
  sett::blockhash blockhash, parent_blockhash;
  unix_seconds block_time;
  sett::commitment commitment{commitment::processed};
  bool complete{};                   // this update (or the ones before) holds every transaction of the slot
  std::uint32_t transaction_count{}; // of the whole slot when complete
  std::uint32_t vote_count{};        // how many of them were vote transactions
  event_batch batch;
};

/// Where and when a frame was seen.
struct frame_origin {
  endpoint_index endpoint;
  stream_id stream;
  steady_time_ns received_steady; // stamped by the socket thread before parsing
  wall_time_ns received_wall;
  bool backfill{};
  std::uint64_t
      sequence{}; // counts what this endpoint sent into this stream, from 1; a hole: something was shed. 0: not counted
};

using block_update_ptr = std::shared_ptr<const block_update>;

} // namespace sett
