// Bytes of the journal: the first one says as what the rest is read. What is accepted is written and read again.
#include "messages/types/error.hpp"
#include "nodes/journal/command_batch.hpp"
#include "nodes/journal/replica_messages.hpp"
#include "nodes/journal/shard_record.hpp"
#include "nodes/journal/shard_state.hpp"
#include "nodes/journal/workload_kinds.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  // FlatBuffers are read in place and want their alignment.
  const std::string bytes(rest);
  const auto what = data[0];
  if (what < 9) {
    const ports::packet_kind kind(static_cast<std::uint16_t>(journal::packet_kind_first + what));
    if (const auto m = journal::decode_message(kind, bytes)) {
      SETT_ASSERT(journal::packet_kind_of(m->message) == kind);
      SETT_ASSERT(journal::decode_message(kind, journal::encode(m->shard, m->message)).has_value());
    }
  } else if (what == 'r') {
    if (const auto r = journal::decode_record(bytes)) SETT_ASSERT(journal::encode(*r) == bytes);
  } else if (what == 'b') {
    if (const auto b = journal::decode_batch(bytes))
      SETT_ASSERT(journal::decode_batch(journal::encode_batch(*b)) == *b);
  } else if (what == 'k') {
    if (const auto c = journal::decode_checkpoint(bytes))
      SETT_ASSERT(journal::decode_checkpoint(journal::encode_checkpoint(*c)) == *c);
  } else if (what == 's') {
    static const journal::entity_kinds kinds = [] {
      journal::entity_kinds k;
      journal::add_workload_kinds(k);
      return k;
    }();
    // key, '=', value; what loads is dumped and loads again to the same hash.
    const auto at = bytes.find('=');
    if (at == std::string::npos) return 0;
    journal::shard_state state(kinds);
    const std::vector<ports::state_change> stored{{.key = bytes.substr(0, at), .value = bytes.substr(at + 1)}};
    if (state.load(stored, {})) SETT_ASSERT(state.load(state.dump(), {}).has_value());
  }
  return 0;
}
