// The client of a Yellowstone gRPC stream: Geyser.Subscribe as bytes, over grpc++'s callback interface. A channel of
// its own with a local subchannel pool, HTTP/2 keep-alive, a ping in the stream (some proxies count only messages as
// life), a bound on a message. It connects when told and never by itself. Callbacks on a gRPC thread.
#pragma once

#include "actors/endpoints/transport.hpp"

#include <memory>

namespace sett::endpoints {

/// Errors: bad_url, bad_options.
[[nodiscard]] result<std::unique_ptr<grpc_stream_client>> make_grpc_client(const endpoint_options& options);

} // namespace sett::endpoints
