// Tells a stream that is silent or behind from one that is healthy, by what other endpoints see (gaps and disagreement
// are seen by actors/ingest/stream_merger, which knows the content). A WebSocket may stay open and say nothing for
// hours. Pure.
#pragma once

#include "actors/resilience/time_math.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>

namespace sett::endpoints {

struct watchdog_settings {
  std::uint32_t silent_slots = 10;                             // no message while the others moved by that many slots
  resilience::duration silence_max = std::chrono::seconds(10); // no message at all, whatever the others do
  std::uint32_t lag_slots_max = 20;
};

enum class stream_alarm : std::uint8_t { none, silent, lagging };

struct stream_view {
  steady_time_ns last_frame; // of this connection; its opening counts as one
  slot_number newest;        // this endpoint's
  slot_number head;          // of the merged stream
  slot_number head_at_last_frame;
};

[[nodiscard]] constexpr stream_alarm judge(const stream_view& v, const watchdog_settings& s, steady_time_ns now) {
  const auto quiet = resilience::elapsed(v.last_frame, now);
  if (quiet >= s.silence_max) return stream_alarm::silent;
  constexpr resilience::duration slot_time = std::chrono::milliseconds(400);
  const auto moved = v.head.value > v.head_at_last_frame.value ? v.head.value - v.head_at_last_frame.value : 0;
  if (moved >= s.silent_slots && quiet >= slot_time * s.silent_slots / 2) return stream_alarm::silent;
  if (v.newest.value != 0 && v.head.value > v.newest.value + s.lag_slots_max) return stream_alarm::lagging;
  return stream_alarm::none;
}

} // namespace sett::endpoints
