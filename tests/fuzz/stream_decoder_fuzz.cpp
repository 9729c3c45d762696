// Any bytes as a PubSub frame, a getBlock reply, getTransaction replies, a plain reply and a Yellowstone message: an
// error or updates, never a crash; and what is kept is consistent.
#include "actors/endpoints/retry_after.hpp"
#include "actors/endpoints/url.hpp"
#include "actors/ingest/stream_decoder.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace sett;

static void check(const ingest::decoded_frame& out) {
  for (const auto& u : out.updates)
    for (const auto& e : u->batch.events) SETT_ASSERT(e.transaction < u->batch.transactions.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto pool = ingest::update_pool::make();
  static ingest::stream_decoder decoder({.frame_bytes_max = 1U << 20}, pool);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const solana::padded_text padded(text);
  ingest::decoded_frame out;
  (void)decoder.pubsub_frame(padded, out);
  check(out);
  out.clear();
  (void)decoder.block_reply(padded, slot_number{1}, out);
  check(out);
  out.clear();
  (void)decoder.transaction_reply(padded, out);
  check(out);
  out.clear();
  (void)decoder.plain_reply(padded, out);
  out.clear();
  (void)decoder.yellowstone_message({data, size}, out);
  check(out);
  (void)endpoints::parse_retry_after(text, wall_time_ns{0});
  (void)endpoints::parse_url(text, endpoints::url_kind::websocket);
  (void)endpoints::parse_url(text, endpoints::url_kind::grpc);
  return 0;
}
