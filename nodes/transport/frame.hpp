// Frames: what travels between two members, on ZeroMQ as one message, in the simulation as one delivery. A frame is a
// FlatBuffer (messages/schema/envelope.fbs) followed by its CRC-32C; it carries a batch of packets of one lane.
//
// Nothing in a frame is believed before it is checked: checksum, then FlatBuffers' verifier, then the least reader
// version, then our own bounds (lane, names, sizes that add up). A damaged frame is as good as lost: the session sends
// again.
//
// Pure. A writer and a frame keep their memory between uses; one thread each.
#pragma once

#include "messages/ports/network.hpp"
#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sett::transport {

enum class transport_errc : std::uint16_t {
  ok = 0,
  damaged_frame = 1, // checksum, verifier or a bound
  newer_frame = 2,   // its least reader version is above ours
  bad_key = 3,       // a key, or a file of keys, that cannot be read
  key_exists = 4,
  io = 5,
};

inline constexpr std::uint16_t frame_version = 1;
inline constexpr std::size_t frame_bytes_max = ports::body_bytes_max + (64U << 10U); // of any frame on the wire
inline constexpr std::size_t packet_overhead_bytes = 32; // what a packet costs in a frame beside its body

struct frame_header {
  member origin, destination;
  ports::lane lane{ports::lane::control};
  bool opening{};    // the sender does not know yet that the receiver knows its session
  bool resend{};     // the sender misses what follows `ack`
  bool ack_now{};    // the sender waits for an acknowledgement
  bool after_loss{}; // packets accepted before this session were lost
  std::uint64_t session{}, peer_session{};
  std::uint64_t number{};
  std::uint64_t first_sequence{};
  std::uint64_t ack{};
  std::uint64_t seen{};
  std::uint32_t credit_bytes{};
  friend bool operator==(const frame_header&, const frame_header&) = default;
};

/// A packet inside a frame; the body lies in somebody else's memory.
struct frame_packet {
  ports::packet_kind kind;
  bool fleeting{};
  bool expired{}; // holds its place in the sequence; was too late to be sent (again)
  std::uint64_t correlation{};
  epoch_number epoch;
  std::int64_t deadline_ns{};
  std::string_view body;
};

/// A decoded frame. Bodies point into the decoded bytes, or into `aligned` when those did not lie on 8 bytes.
struct frame {
  frame_header header;
  std::vector<frame_packet> packets;
  std::vector<std::uint64_t> aligned;
};

class frame_writer {
public:
  frame_writer();
  ~frame_writer();
  frame_writer(const frame_writer&) = delete;
  frame_writer& operator=(const frame_writer&) = delete;

  /// The body must stay where it is until finish.
  void add(const frame_packet& packet);
  [[nodiscard]] std::size_t packets() const;
  /// Size of what was added, the frame's own fields (below 1 kB) not counted.
  [[nodiscard]] std::size_t bytes() const;
  /// The bytes for the wire, valid until the next call; the writer is empty again.
  [[nodiscard]] std::string_view finish(const frame_header& header);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

/// Fills `out`. Errors: damaged_frame, newer_frame; then `out` is not to be used.
[[nodiscard]] result<void> decode_frame(std::string_view bytes, frame& out);

} // namespace sett::transport
