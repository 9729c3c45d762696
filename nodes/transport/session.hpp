// One conversation between two members on one lane, both directions: what ZeroMQ does not promise across reconnects,
// and no datagram does at all. Go-back-N with cumulative acknowledgements, since below it is mostly TCP, where loss
// comes as "everything since the break", not one by one.
//
//  - Sequence numbers count the packets that are not fleeting. The receiver takes them in order, once; a gap is
//    answered at once with `resend`. A fleeting packet is delivered only when everything sent before it has been and no
//    later frame was seen.
//  - A session is a pair of numbers, one drawn by each end, never used twice in the end's life. Content counts only
//    when it names both; so an old frame, replayed after any time, is refused. Whoever gives up draws a new number; the
//    other end sees it, draws a new one too and tells its handler (on_reset), once per lost session on each side.
//  - Memory is bounded at the sender: queue_* covers what was accepted and is not acknowledged, beyond it send refuses;
//    of it only window_* (and what the receiver grants) is under way. The receiver holds nothing.
//  - A frame takes all that waits, up to frame_*. The first frame after a timeout goes alone, so that a peer that
//  stands
//    still is not sent the window again and again.
//  - A deadline runs while the packet waits here: what is too late is not sent; what was sent already keeps its place
//  in
//    the sequence without a body.
//
// Pure: time is passed in, in ns of any monotonic clock. One thread.
#pragma once

#include "messages/ports/network.hpp"
#include "nodes/transport/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace sett::transport {

inline constexpr std::int64_t millisecond_ns = 1'000'000;
inline constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

struct session_options {
  std::size_t queue_bytes_max{8U << 20U};
  std::size_t queue_packets_max{65'536};
  std::size_t window_bytes_max{4U << 20U};
  std::size_t window_packets_max{32'768};
  std::size_t frame_bytes_soft_max{128U << 10U}; // a single larger packet travels alone
  std::size_t frame_packets_max{4'096};
  std::int64_t ack_delay_ns{10 * millisecond_ns};     // how long an acknowledgement waits for a frame to ride on
  std::int64_t resend_after_ns{150 * millisecond_ns}; // doubling up to
  std::int64_t resend_after_ns_max{1'000 * millisecond_ns};
  std::int64_t open_after_ns{50 * millisecond_ns};        // between attempts, doubling up to resend_after_ns_max
  std::int64_t give_up_after_ns{10'000 * millisecond_ns}; // without progress
};

/// Counts of all sessions of a network on one lane; only ever grow.
struct session_counters {
  std::uint64_t packets_sent{}, packets_delivered{}, frames_sent{}, frames_received{}, bytes_sent{}, bytes_received{};
  std::uint64_t packets_resent{}, packets_duplicate{}, packets_expired{}, fleeting_lost{};
  std::uint64_t gaps{};         // a frame came whose predecessor is missing
  std::uint64_t old_frames{};   // of an ended session: refused
  std::uint64_t resets{};       // sessions that ended with loss
  std::uint64_t packets_lost{}; // accepted, then given up with their session
  std::uint64_t refused_full{}, refused_large{};
};

class session {
public:
  /// `numbers` is the node's source of session numbers: shared by all its sessions, it only grows.
  session(member self, member peer, ports::lane lane, const session_options& options, std::uint64_t& numbers,
          session_counters& counters, std::int64_t now_ns);

  /// false: refused, counted.
  [[nodiscard]] bool send(ports::packet packet, std::int64_t now_ns);

  struct receipt {
    bool reset{};                        // told before the packets are
    std::vector<ports::packet>& packets; // delivered, in order; appended
  };
  /// `f` is a decoded frame of this lane from this peer to this member.
  void receive(const frame& f, std::int64_t now_ns, receipt& out);

  /// Gives up what must be; true: the session was reset with loss.
  [[nodiscard]] bool tick(std::int64_t now_ns);
  /// next_frame would give one (or find that what waited has expired).
  [[nodiscard]] bool due(std::int64_t now_ns) const;
  /// Fills `writer` and `header` with the next frame that is due; false: nothing to say now. Whoever takes a frame
  /// sends it.
  [[nodiscard]] bool next_frame(std::int64_t now_ns, frame_writer& writer, frame_header& header);
  /// The next time after now_ns at which something falls due by itself; never_ns. What is due already is the caller's
  /// to fetch, as soon as the wire takes it.
  [[nodiscard]] std::int64_t wake_at_ns(std::int64_t now_ns) const;

  [[nodiscard]] bool open() const { return peer_number_ != 0 && confirmed_; }
  /// Accepted and not acknowledged.
  [[nodiscard]] std::size_t queued_bytes() const { return waiting_bytes_ + window_bytes_; }
  [[nodiscard]] std::size_t queued_packets() const { return waiting_.size() + window_.size(); }

private:
  struct item {
    ports::packet packet;
    std::int64_t accepted_at_ns{};
    std::int64_t deadline_at_ns{never_ns};
    bool expired{};
  };

  void begin(std::int64_t now_ns);
  bool abandon(std::int64_t now_ns);
  bool agree(const frame_header& h, std::int64_t now_ns, bool& reset);
  void acknowledge(const frame_header& h, std::int64_t now_ns);
  void take(const frame& f, std::int64_t now_ns, std::vector<ports::packet>& out);
  void expire(item& i, std::int64_t now_ns);
  void add_sent_again(std::int64_t now_ns, frame_writer& writer);
  void add_waiting(std::int64_t now_ns, frame_writer& writer);
  [[nodiscard]] bool fits(const item& i, const frame_writer& writer) const;
  [[nodiscard]] bool window_takes(const item& i) const;
  [[nodiscard]] bool has_content() const;

  member self_, peer_;
  ports::lane lane_;
  const session_options& options_;
  std::uint64_t& numbers_;
  session_counters& counters_;

  // The pair.
  std::uint64_t own_number_{};
  std::uint64_t peer_number_{};       // 0: unknown
  std::uint64_t peer_number_least_{}; // lower ones have ended
  bool confirmed_{};                  // the peer has named own_number_
  bool after_loss_{};                 // an earlier session with this peer ended with loss
  bool told_{};                       // the handler knows of the last one
  std::int64_t open_at_ns_{};         // next attempt
  std::int64_t open_pause_ns_{};
  bool answer_due_{};

  // Outgoing.
  std::deque<item> waiting_; // not sent yet
  std::deque<item> window_;  // sent, not acknowledged: sequences acked_+1, acked_+2, ...
  std::deque<item> leaving_; // fleeting packets of the frame being written
  std::size_t waiting_bytes_{}, window_bytes_{};
  std::size_t next_{}; // index in window_ of the next packet to send (again)
  std::uint64_t acked_{};
  std::uint64_t frame_number_{};
  std::uint64_t rewound_at_number_{}; // frames from this number on were sent after the last rewind
  std::uint64_t probe_end_{};         // last sequence of the frame that was sent alone
  bool probing_{};
  std::uint32_t credit_bytes_{};
  std::int64_t resend_at_ns_{never_ns}, resend_pause_ns_{}, progress_at_ns_{};

  // Incoming.
  std::uint64_t received_{}; // in order, up to here
  std::uint64_t seen_{};     // highest frame number
  std::size_t unacknowledged_bytes_{};
  bool miss_{};
  std::int64_t ack_at_ns_{never_ns};
};

} // namespace sett::transport
