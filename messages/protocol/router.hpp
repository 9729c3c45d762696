// What the event router tells about itself: `sett status`, metrics, readiness. router_status_request -> router_status.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>

namespace sett::protocol {

struct router_status_request {};

struct router_status {
  std::uint64_t updates{}, events{}, routed{}; // blocks (or parts) taken, events in them, entity messages sent
  std::uint64_t token_swaps{}, token_trades{}; // events of these kinds in live slots; undone ones are subtracted
  std::uint64_t tokens_live{}, wallets_live{}, wallets_tracked{};
  std::uint64_t tokens_passivated{}; // since the start; one may have come back since
  std::uint64_t activated{}, passivations{}, restarts{},
      given_up{};       // given up: crashed too often, parked with its evidence
  std::uint64_t shed{}; // events not delivered because the entity limit was reached and nothing could be passivated
  std::uint64_t undone_slots{};
  std::uint64_t replay_updates{}, replay_bytes{}; // held for restarts
  slot_number replay_from;                        // the oldest slot held
  std::uint64_t dirty{};                          // entities with unsaved state
  slot_number newest, rooted, sealed;
  slot_number cursor; // everything up to here is in snapshots: ingest resumes behind it after a restart
};

/// Before a stop: every entity stores what is final now, whatever its schedule. Answered with settled when all have
/// (and the cursor is on its way to the store behind them); the asker sets the deadline.
struct settle_request {};
struct settled {
  slot_number cursor;
};

} // namespace sett::protocol
