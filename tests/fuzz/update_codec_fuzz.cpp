// What a node may send of the chain's stream: refused, or an update that lies within its bounds and is the same after
// another encoding.
#include "messages/types/error.hpp"
#include "nodes/feed/update_codec.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto u = feed::decode_update(bytes)) {
    const auto& batch = u->update.batch;
    bool in_order = true; // as every sender has them; only then the update can be cut
    std::uint32_t last = 0;
    for (const auto& e : batch.events) {
      SETT_ASSERT(e.transaction < batch.transactions.size());
      in_order = in_order && e.transaction >= last;
      last = e.transaction;
      if (const auto* m = std::get_if<event::metadata>(&e.payload))
        SETT_ASSERT(batch.view(m->name).size() + batch.view(m->symbol).size() + batch.view(m->uri).size() <=
                    3 * batch.text.size());
    }
    std::size_t transactions = 0, events = 0;
    if (in_order)
      for (const auto& part : feed::encode(u->update, u->backfill, u->sequence)) {
        const auto again = feed::decode_update(part);
        SETT_ASSERT(again.has_value());
        transactions += again->update.batch.transactions.size();
        events += again->update.batch.events.size();
      }
    SETT_ASSERT(!in_order || (transactions == batch.transactions.size() && events == batch.events.size()));
  }
  if (const auto s = feed::decode_slot(bytes)) SETT_ASSERT(feed::decode_slot(feed::encode(*s)).has_value());
  if (const auto s = feed::decode_snapshots(bytes)) {
    const auto again = feed::decode_snapshots(feed::encode(*s));
    SETT_ASSERT(again && again->shard == s->shard && again->entries.size() == s->entries.size());
  }
  if (const auto s = feed::decode_state(bytes)) SETT_ASSERT(feed::decode_state(feed::encode(*s)).has_value());
  return 0;
}
