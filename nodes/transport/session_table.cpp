#include "nodes/transport/session_table.hpp"

#include <algorithm>
#include <utility>

namespace sett::transport {

void session_table::set_peers(std::span<const member> peers, std::int64_t now_ns) {
  std::erase_if(peers_, [&](const auto& p) { return std::find(peers.begin(), peers.end(), p.first) == peers.end(); });
  for (const auto& peer : peers) {
    if (peer == self_ || peers_.contains(peer)) continue;
    auto& added = peers_[peer];
    for (std::size_t i = 0; i < ports::lane_count; ++i)
      added[i].emplace(self_, peer, static_cast<ports::lane>(i), options_, numbers_, counters_.lanes[i], now_ns);
  }
}

bool session_table::send(const member& to, ports::packet packet, std::int64_t now_ns) {
  const auto peer = peers_.find(to);
  const auto lane = static_cast<std::size_t>(packet.lane);
  if (peer == peers_.end()) {
    ++counters_.sends_to_stranger;
    return false;
  }
  SETT_ASSERT(lane < ports::lane_count);
  return peer->second[lane]->send(std::move(packet), now_ns);
}

std::optional<member> session_table::receive(ports::lane lane, std::string_view bytes, std::optional<node_id> proven,
                                             std::int64_t now_ns, ports::network_handler& handler) {
  if (const auto ok = decode_frame(bytes, frame_); !ok) {
    ++(ok.error().code == static_cast<std::uint16_t>(transport_errc::newer_frame) ? counters_.refused_newer
                                                                                  : counters_.refused_damaged);
    return std::nullopt;
  }
  const auto& h = frame_.header;
  if (proven && *proven != h.origin.node) {
    ++counters_.refused_impostor;
    return std::nullopt;
  }
  if (h.destination != self_ || h.lane != lane) {
    ++counters_.refused_stray;
    return std::nullopt;
  }
  const auto peer = peers_.find(h.origin);
  if (peer == peers_.end()) {
    ++counters_.refused_stranger;
    return std::nullopt;
  }
  counters_.lanes[static_cast<std::size_t>(lane)].bytes_received += bytes.size();
  auto delivered = std::exchange(delivered_, {}); // a handler may cause another receive
  session::receipt r{.packets = delivered};
  peer->second[static_cast<std::size_t>(lane)]->receive(frame_, now_ns, r);
  const auto from = peer->first; // the handler may change the peers
  if (r.reset) handler.on_reset(from, lane);
  if (!delivered.empty()) handler.on_packets(from, delivered);
  delivered.clear();
  delivered_ = std::move(delivered);
  return from;
}

void session_table::flush_lane(std::size_t lane, std::int64_t now_ns, std::size_t frames_max, wire& out, bool& more) {
  for (auto& [peer, sessions] : peers_) {
    auto& s = *sessions[lane];
    if (s.tick(now_ns)) resets_.emplace_back(peer, static_cast<ports::lane>(lane));
    for (std::size_t frames = 0; s.due(now_ns); ++frames) {
      if (frames == frames_max) {
        more = true;
        break;
      }
      if (!out.writable(peer, static_cast<ports::lane>(lane))) break;
      frame_header header;
      if (!s.next_frame(now_ns, writer_, header)) break;
      const auto bytes = writer_.finish(header);
      counters_.lanes[lane].bytes_sent += bytes.size();
      out.transmit(peer, static_cast<ports::lane>(lane), bytes);
    }
  }
}

bool session_table::flush(std::int64_t now_ns, std::size_t frames_max, wire& out, ports::network_handler& handler) {
  bool more = false;
  for (std::size_t lane = 0; lane < ports::lane_count; ++lane) flush_lane(lane, now_ns, frames_max, out, more);
  for (const auto& [peer, lane] : std::exchange(resets_, {})) handler.on_reset(peer, lane);
  return more;
}

std::int64_t session_table::wake_at_ns(std::int64_t now_ns) const {
  auto at = never_ns;
  for (const auto& [peer, sessions] : peers_)
    for (const auto& s : sessions) at = std::min(at, s->wake_at_ns(now_ns));
  return at;
}

session_table::load session_table::queued(const member& peer, ports::lane lane) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return {};
  const auto& s = *found->second[static_cast<std::size_t>(lane)];
  return {s.queued_bytes(), s.queued_packets()};
}

bool session_table::open(const member& peer, ports::lane lane) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second[static_cast<std::size_t>(lane)]->open();
}

} // namespace sett::transport
