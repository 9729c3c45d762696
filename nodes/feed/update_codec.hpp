// Updates of the stream as FlatBuffers (messages/schema/stream_feed.fbs), for the nodes that do not read the chain
// themselves. A large update becomes several packets, cut between transactions; only the last one is complete.
// Decoding verifies the buffer and every field, and refuses the whole packet otherwise. Pure, thread-safe.
#pragma once

#include "messages/ports/network.hpp"
#include "messages/protocol/chain_stream.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::feed {

inline constexpr ports::packet_kind update_packet{400}, slot_packet{401}, state_packet{402};
inline constexpr std::size_t part_bytes_max = 512U << 10U; // about: a part ends with the transaction that passes it
inline constexpr std::size_t transactions_max = 200'000, events_max = 1'000'000, text_bytes_max = 4U << 20U;

enum class feed_errc : std::uint16_t { damaged = 1, out_of_bounds };

struct fed_update {
  std::uint64_t sequence{}; // of the sender's feed to this receiver; a hole: something was lost
  bool backfill{};
  block_update update;
};
struct fed_slot {
  std::uint64_t sequence{};
  slot_update update;
};
struct fed_state {
  std::uint64_t sequence{};
  protocol::connection_state state{};
};

/// One packet's body for each part, in order; sequences are given from `first_sequence` on.
[[nodiscard]] std::vector<std::string> encode(const block_update& u, bool backfill, std::uint64_t first_sequence);
[[nodiscard]] std::string encode(const fed_slot& s);
[[nodiscard]] std::string encode(const fed_state& s);
[[nodiscard]] result<fed_update> decode_update(std::string_view bytes);
[[nodiscard]] result<fed_slot> decode_slot(std::string_view bytes);
[[nodiscard]] result<fed_state> decode_state(std::string_view bytes);

} // namespace sett::feed
