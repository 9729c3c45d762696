// The real sockets of a node's endpoints: what the composition root hands to every endpoint_actor.
#pragma once

#include "actors/endpoints/socket_threads_io.hpp"
#include "actors/endpoints/transport.hpp"

#include <memory>

namespace sett::endpoints {

/// `threads` must outlive the transport and every client it made.
[[nodiscard]] std::shared_ptr<transport> make_transport(socket_threads& threads);

} // namespace sett::endpoints
