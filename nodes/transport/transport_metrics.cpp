#include "nodes/transport/transport_metrics.hpp"

#include <string_view>

namespace sett::transport {

transport_metrics::transport_metrics(ports::metrics_registry& r)
    : malformed_(&r.counter_of("sett_transport_messages_malformed_total",
                               "Messages that are not two parts, or came without a key that is trusted now.")),
      sends_to_stranger_(&r.counter_of("sett_transport_packets_to_strangers_refused_total",
                                       "Packets for members that are no peers: refused.")),
      accepted_(&r.counter_of("sett_transport_handshakes_accepted_total", "Connections whose key is trusted.")),
      refused_(&r.counter_of("sett_transport_handshakes_refused_total",
                             "Connections refused: their key is not trusted, or they are of another cluster.")) {
  constexpr std::array<std::string_view, ports::lane_count> names{"control", "replication", "command", "event"};
  for (std::size_t i = 0; i < ports::lane_count; ++i) {
    const ports::label lane{"lane", names[i]};
    const auto counter = [&](std::string_view name, std::string_view help) {
      return &r.counter_of(name, help, {lane});
    };
    lanes_[i] = {
        .packets_sent = counter("sett_transport_packets_sent_total", "Packets sent for the first time."),
        .packets_delivered = counter("sett_transport_packets_delivered_total", "Packets handed to their takers."),
        .packets_resent = counter("sett_transport_packets_resent_total", "Packets sent again."),
        .packets_duplicate = counter("sett_transport_packets_duplicate_total", "Packets that had come before."),
        .packets_expired = counter("sett_transport_packets_expired_total", "Packets dropped past their deadline."),
        .packets_lost = counter("sett_transport_packets_lost_total", "Packets given up with their session."),
        .fleeting_lost = counter("sett_transport_packets_fleeting_lost_total", "Fleeting packets dropped as too late."),
        .refused_full = counter("sett_transport_packets_refused_total", "Packets refused: the peer's queue is full."),
        .refused_large = counter("sett_transport_packets_large_refused_total", "Packets refused for their size."),
        .bytes_sent = counter("sett_transport_sent_bytes_total", "Bytes of frames sent."),
        .bytes_received = counter("sett_transport_received_bytes_total", "Bytes of frames received."),
        .gaps = counter("sett_transport_gaps_found_total", "Frames whose predecessor was missing."),
        .frames_old = counter("sett_transport_frames_old_total", "Frames of ended sessions: refused."),
        .resets = counter("sett_transport_sessions_reset_total", "Sessions that ended with loss."),
    };
  }
  const auto frames = [&](std::string_view reason) {
    return &r.counter_of("sett_transport_frames_refused_total", "Frames refused, by reason.", {{"reason", reason}});
  };
  damaged_ = frames("damaged");
  newer_ = frames("newer");
  impostor_ = frames("impostor");
  stranger_ = frames("stranger");
  stray_ = frames("stray");
}

void transport_metrics::show(const zmq_network_counters& now) {
  const auto raise = [](ports::counter* c, std::uint64_t to) { c->add(to - c->value()); };
  for (std::size_t i = 0; i < ports::lane_count; ++i) {
    const auto& from = now.sessions.lanes[i];
    const auto& to = lanes_[i];
    raise(to.packets_sent, from.packets_sent);
    raise(to.packets_delivered, from.packets_delivered);
    raise(to.packets_resent, from.packets_resent);
    raise(to.packets_duplicate, from.packets_duplicate);
    raise(to.packets_expired, from.packets_expired);
    raise(to.packets_lost, from.packets_lost);
    raise(to.fleeting_lost, from.fleeting_lost);
    raise(to.refused_full, from.refused_full);
    raise(to.refused_large, from.refused_large);
    raise(to.bytes_sent, from.bytes_sent);
    raise(to.bytes_received, from.bytes_received);
    raise(to.gaps, from.gaps);
    raise(to.frames_old, from.old_frames);
    raise(to.resets, from.resets);
  }
  raise(damaged_, now.sessions.refused_damaged);
  raise(newer_, now.sessions.refused_newer);
  raise(impostor_, now.sessions.refused_impostor);
  raise(stranger_, now.sessions.refused_stranger);
  raise(stray_, now.sessions.refused_stray);
  raise(malformed_, now.messages_malformed);
  raise(sends_to_stranger_, now.sessions.sends_to_stranger);
  raise(accepted_, now.handshakes_accepted);
  raise(refused_, now.handshakes_refused);
}

} // namespace sett::transport
