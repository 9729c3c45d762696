// How an operator restarts one actor: the request goes to whoever supervises it, a supervisor_actor or the event
// router.
#pragma once

#include "actors/supervision/actor_cell.hpp"
#include "actors/supervision/registry.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <string_view>

namespace sett::supervision {

/// To a supervisor: end this child and start it anew, its history kept; answers true when there is such a child.
struct restart_child {
  cell_ptr cell;
};

/// Asks the supervisor of the actor at `path` to restart it. False: no such actor, or nobody supervises it.
[[nodiscard]] bool request_restart(const registry& reg, std::string_view path);

} // namespace sett::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::supervision::restart_child)
