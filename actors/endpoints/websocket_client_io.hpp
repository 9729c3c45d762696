// A WebSocket client (RFC 6455) on Beast: TLS verified, a ping at half the idle time and a watchdog on any byte coming
// back, a bound on a message, optional permessage-deflate. It connects when told and never by itself: when and how
// often is the endpoint's rule. Callbacks on a socket thread.
#pragma once

#include "actors/endpoints/socket_threads_io.hpp"
#include "actors/endpoints/transport.hpp"

namespace sett::endpoints {

/// `threads` must outlive the client. Errors: bad_url, bad_options.
[[nodiscard]] result<std::unique_ptr<websocket_client>> make_websocket_client(socket_threads& threads,
                                                                              const endpoint_options& options);

} // namespace sett::endpoints
