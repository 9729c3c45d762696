// An HTTP/1.1 client for JSON-RPC on Beast: a pool of keep-alive connections, TLS verified, a timeout for each call, a
// bound on the body, Retry-After read. It sends what it is told and never again by itself, with one exception: a kept
// connection that the peer had already closed (no byte of an answer came) is opened once more, as RFC 9112 9.3.1 allows
// for idempotent requests. Callbacks on a socket thread.
#pragma once

#include "actors/endpoints/socket_threads_io.hpp"
#include "actors/endpoints/transport.hpp"

namespace sett::endpoints {

/// `threads` must outlive the client. Errors: bad_url, bad_options.
[[nodiscard]] result<std::unique_ptr<http_client>> make_http_client(socket_threads& threads,
                                                                    const endpoint_options& options);

} // namespace sett::endpoints
