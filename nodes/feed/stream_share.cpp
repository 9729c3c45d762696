#include "nodes/feed/stream_share.hpp"

#include "messages/protocol/caf_messages.hpp"
#include "nodes/feed/update_codec.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace sett::feed {

stream_share::stream_share(ports::network& network, const ports::clock& clock, ports::metrics_registry& metrics,
                           std::function<caf::actor()> ingest, endpoint_index first_peer, stream_id stream)
    : network_(network),
      clock_(clock),
      ingest_(std::move(ingest)),
      first_peer_(first_peer),
      stream_(stream),
      sent_(&metrics.counter_of("sett_feed_packets_sent_total", "Packets of the stream sent to other nodes.")),
      received_(&metrics.counter_of("sett_feed_packets_received_total", "Packets of the stream from other nodes.")),
      malformed_(&metrics.counter_of("sett_feed_packets_malformed_total", "Packets of the stream that do not decode.")),
      refused_(&metrics.counter_of("sett_feed_packets_refused_total",
                                   "Packets of the stream that a node's queue had no place for; it fetches them.")) {}

void stream_share::send_to(const member& to, ports::packet_kind kind, const std::string& body) {
  (network_.send(to, {.lane = ports::lane::event, .kind = kind, .body = body}) ? sent_ : refused_)->add();
}

void stream_share::broadcast(ports::packet_kind kind, const std::string& body) {
  for (const auto& [to, from] : others_) send_to(to, kind, body);
}

void stream_share::update(const protocol::raw_update& u) {
  if (!own(u.origin.endpoint)) return;
  const std::scoped_lock lock(mutex_);
  tell_untold();
  if (!u.origin.backfill) newest_ = std::max(newest_, u.update->slot);
  if (others_.empty()) return;
  const auto parts = encode(*u.update, u.origin.backfill, sequence_);
  sequence_ += parts.size();
  for (const auto& [to, from] : others_)
    if (u.origin.backfill || u.update->slot >= from)
      for (const auto& p : parts) send_to(to, update_packet, p);
}

void stream_share::slot(const protocol::raw_slot& s) {
  if (!own(s.origin.endpoint)) return;
  const std::scoped_lock lock(mutex_);
  tell_untold();
  if (!others_.empty()) broadcast(slot_packet, encode(s.update));
}

protocol::connection_state stream_share::own_state() const {
  auto best = protocol::connection_state::lost;
  for (const auto& [e, s] : states_) {
    if (s == protocol::connection_state::live) return s;
    if (s == protocol::connection_state::silent) best = s;
  }
  return best;
}

void stream_share::connection(const protocol::raw_connection& c) {
  if (!own(c.origin.endpoint)) return;
  const std::scoped_lock lock(mutex_);
  const auto before = own_state();
  states_[c.origin.endpoint] = c.state;
  if (own_state() != before)
    for (const auto& [to, from] : others_) tell_state(to);
}

/// Refused: told again with whatever comes next. Until then its peer judges by what it hears, which is nothing.
void stream_share::tell_state(const member& to) {
  if (network_.send(to, {.lane = ports::lane::event, .kind = state_packet, .body = encode(own_state())}))
    untold_.erase(to);
  else
    untold_.insert(to);
}

void stream_share::tell_untold() {
  const auto again = untold_;
  for (const auto& to : again)
    if (others_.contains(to))
      tell_state(to);
    else
      untold_.erase(to);
}

void stream_share::to_ingest(auto message) {
  if (const auto to = ingest_()) caf::anon_send(to, std::move(message));
}

frame_origin stream_share::origin_of(const node_id& node, bool backfill) {
  auto it = peers_.find(node);
  if (it == peers_.end())
    it = peers_
             .emplace(node, endpoint_index{static_cast<std::uint16_t>(
                                first_peer_.value + std::min<std::size_t>(peers_.size(), peers_max - 1))})
             .first;
  frame_origin o;
  o.endpoint = it->second;
  o.stream = stream_;
  o.received_steady = clock_.steady_now();
  o.received_wall = clock_.wall_now();
  o.backfill = backfill;
  return o;
}

void stream_share::members(const std::vector<member>& others) {
  const std::scoped_lock lock(mutex_);
  std::map<member, slot_number> now;
  for (const auto& m : others) {
    const auto known = others_.find(m);
    now.emplace(m, known != others_.end() ? known->second : slot_number{newest_.value + 1});
  }
  for (const auto& [m, from] : others_)
    if (!now.contains(m))
      to_ingest(
          protocol::raw_connection{origin_of(m.node, false), protocol::connection_state::lost, "the node is down"});
  const auto before = std::exchange(others_, std::move(now));
  for (const auto& [m, from] : others_)
    if (!before.contains(m)) tell_state(m);
}

void stream_share::reset(const member& peer) {
  const std::scoped_lock lock(mutex_);
  to_ingest(protocol::raw_connection{origin_of(peer.node, false), protocol::connection_state::lost,
                                     "the connection to the node was lost"});
  if (const auto to = others_.find(peer); to != others_.end()) {
    to->second = slot_number{newest_.value + 1};
    tell_state(peer);
    // Its state is told anew as well, when its own side notices; until then nothing of it counts as live.
  }
}

void stream_share::packets(const member& from, std::span<ports::packet> packets) {
  {
    const std::scoped_lock lock(mutex_);
    tell_untold();
  }
  for (const auto& p : packets) {
    received_->add();
    if (p.kind == update_packet) {
      auto u = decode_update(p.body);
      if (!u) {
        malformed_->add();
        continue;
      }
      frame_origin o;
      {
        const std::scoped_lock lock(mutex_);
        o = origin_of(from.node, u->backfill);
      }
      o.sequence = u->sequence;
      to_ingest(protocol::raw_update{o, std::make_shared<const block_update>(std::move(u->update))});
    } else if (p.kind == slot_packet) {
      const auto s = decode_slot(p.body);
      if (!s) {
        malformed_->add();
        continue;
      }
      const std::scoped_lock lock(mutex_);
      to_ingest(protocol::raw_slot{origin_of(from.node, false), *s});
    } else if (p.kind == state_packet) {
      const auto s = decode_state(p.body);
      if (!s) {
        malformed_->add();
        continue;
      }
      const std::scoped_lock lock(mutex_);
      to_ingest(protocol::raw_connection{origin_of(from.node, false), *s, "as the reading node says"});
    }
  }
}

} // namespace sett::feed
