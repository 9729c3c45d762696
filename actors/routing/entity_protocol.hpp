// What the event router and its entities (token and wallet actors) say to each other. All inside one process.
//
//   router -> entity: protocol::entity_events, protocol::slot_undone, save_entity, passivate_entity, entity_gap
//   entity -> router: entity_ready (loaded, wants everything above its cursor), entity_saved, entity_stays (cannot be
//   passivated now);
//                     its end comes as supervision::child_ended
//   router -> entity -> collector: describe_entity, answered by entity_described<Summary>
#pragma once

#include "actors/routing/entity_kind.hpp"
#include "actors/routing/missing_slots.hpp"
#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/snapshot_store.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/types/ids.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sett::routing {

using supervision::cell_ptr;

/// What an entity's actor needs from its node. One per router, shared by all its entities.
struct entity_environment {
  std::shared_ptr<ports::snapshot_store> store;
  caf::actor router;
  std::shared_ptr<missing_slots> missing = std::make_shared<missing_slots>();
};

/// Spawns the actor of a key on its cell.
using entity_factory = std::function<caf::actor(caf::actor_system&, cell_ptr, const address& key,
                                                std::shared_ptr<const entity_environment>)>;

struct entity_ready {
  cell_ptr cell;
  std::uint32_t generation{};
  slot_number sealed; // of its snapshot; 0: none
};
struct entity_saved {
  cell_ptr cell;
  slot_number sealed; // nothing up to here is missing in the stored snapshot
  slot_number stored; // the snapshot's own place: lower when nothing concerned the entity since; 0: none was needed
};
struct entity_stays {
  cell_ptr cell;
  std::uint32_t generation{};
};
/// Seal up to here and store, when there is something new.
struct save_entity {
  slot_number sealed;
};
/// Seal, store, then end. Refused with entity_stays while something is not final, or when the store fails.
struct passivate_entity {
  slot_number sealed;
};
/// The replay buffer no longer held something this entity had not stored.
struct entity_gap {
  slot_number since;
};
/// The snapshot store's answers, brought to the entity's own mailbox.
struct snapshot_loaded {
  result<std::optional<std::string>> value;
};
struct snapshot_stored {
  result<void> outcome;
  slot_number sealed;
};
/// Asks for the entity's summary in a list.
struct describe_entity {
  std::uint64_t request{};
};

} // namespace sett::routing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::entity_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::entity_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::entity_stays)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::save_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::passivate_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::entity_gap)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::snapshot_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::snapshot_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::describe_entity)
