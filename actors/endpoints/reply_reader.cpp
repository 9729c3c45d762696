#include "actors/endpoints/reply_reader.hpp"

#include "messages/solana/padded_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sett::endpoints {

namespace {

call_outcome outcome_of_status(unsigned status) {
  if (status == 200) return call_outcome::success;
  if (status == 429) return call_outcome::throttled;
  if (status == 408 || status == 504) return call_outcome::timeout;
  if (status >= 500) return call_outcome::server_error;
  if (status == 413 || status == 400 || status == 404 || status == 405) return call_outcome::caller_error;
  return call_outcome::server_error; // 401, 403 and redirects: nothing this endpoint gives us
}

} // namespace

exchange_result read_reply(const post_calls& request, const http_reply& reply, ingest::stream_decoder& decoder,
                           ingest::decoded_frame& decoded) {
  exchange_result x;
  x.exchange = request.exchange;
  x.latency = reply.latency;
  x.retry_after = reply.retry_after;
  decoded.clear();
  if (reply.outcome != http_outcome::answered) {
    x.reason = reply.reason;
    x.outcome = reply.outcome == http_outcome::timeout     ? call_outcome::timeout
                : reply.outcome == http_outcome::too_large ? call_outcome::bad_data
                : reply.outcome == http_outcome::transport ? call_outcome::transport
                                                           : call_outcome::caller_error; // shed or stopped here
    return x;
  }
  x.outcome = outcome_of_status(reply.status);
  if (x.outcome != call_outcome::success) {
    x.reason = fmt::format("HTTP status {}", reply.status);
    return x;
  }
  const solana::padded_view body(reply.body.data, reply.body.size, reply.body.size + solana::text_padding);
  const auto& first = request.calls.front();
  const auto read = first.kind == call_kind::block         ? decoder.block_reply(body, first.slot, decoded)
                    : first.kind == call_kind::transaction ? decoder.transaction_reply(body, decoded)
                                                           : decoder.plain_reply(body, decoded);
  if (!read) {
    x.outcome = call_outcome::bad_data;
    x.reason = read.error().message;
    decoded.updates.clear();
    return x;
  }
  for (const auto& a : decoded.answers) {
    call_result r;
    r.id = a.id;
    r.code = a.error_code;
    r.outcome = outcome_of_code(a.error_code);
    r.empty = a.is_null;
    r.slots = a.slots;
    // Agave answers getHealth with "ok" or an error; other texts mean trouble.
    if (first.kind == call_kind::probe && a.error_code == 0 && a.text != "ok") r.outcome = call_outcome::stale_slot;
    x.calls.push_back(std::move(r));
  }
  if (first.kind == call_kind::block && !decoded.updates.empty()) {
    // A block that is not whole (a transaction could not be read) is no answer, though its part is kept.
    const bool whole = std::ranges::all_of(decoded.updates, [](const block_update_ptr& u) { return u->complete; });
    x.calls.push_back({first.id, whole ? call_outcome::success : call_outcome::bad_data, 0, false, {}});
  }
  return x;
}

} // namespace sett::endpoints
