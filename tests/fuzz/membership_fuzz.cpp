// Any bytes as a record of the consensus store or a beat of a peer: read or refused, never a crash; and what was read
// says the same when it is written and read again. The first byte chooses the reader.
#include "messages/types/error.hpp"
#include "nodes/membership/beater.hpp"
#include "nodes/membership/member_record.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {
using namespace sett::membership;

template <class Decode>
void round_trip(std::string_view bytes, Decode decode) {
  const auto read = decode(bytes);
  if (!read) {
    SETT_ASSERT(!read.error().message.empty());
    return;
  }
  const auto again = decode(encode(*read));
  SETT_ASSERT(again && *again == *read);
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto node = *sett::node_id::parse("n1");
  switch (data[0] % 4) {
  case 0:
    round_trip(bytes, [&](std::string_view b) { return decode_member_record(node, b); });
    break;
  case 1:
    round_trip(bytes, [](std::string_view b) { return decode_cluster_record(b); });
    break;
  case 2:
    round_trip(bytes, [](std::string_view b) { return decode_start_record(b); });
    break;
  default:
    round_trip(bytes, [](std::string_view b) { return decode_beat(b); });
    break;
  }
  return 0;
}
