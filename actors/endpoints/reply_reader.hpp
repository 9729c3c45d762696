// What an HTTP reply means for the calls it answers: status and body become outcomes, blocks and transactions become
// updates. Runs on the socket's thread, right behind the client. Pure.
#pragma once

#include "actors/endpoints/endpoint_state.hpp"
#include "actors/endpoints/transport.hpp"
#include "actors/ingest/stream_decoder.hpp"

namespace sett::endpoints {

/// The exchange's result; updates of blocks and transactions are left in `decoded.updates`. Reasons hold no address.
[[nodiscard]] exchange_result read_reply(const post_calls& request, const http_reply& reply,
                                         ingest::stream_decoder& decoder, ingest::decoded_frame& decoded);

} // namespace sett::endpoints
