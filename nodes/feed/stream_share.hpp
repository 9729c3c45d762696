// One stream on all nodes: what the endpoints of this node deliver goes to every other member, and what others deliver
// goes to this node's ingest as if from one more endpoint. Ingest keeps the first copy of each transaction, so two
// reading nodes are enough and more do no harm.
//
// Every member gets the whole stream, not only the events of its shards: it holds replicas of other nodes' shards, and
// when it takes one over it must have what came since the last snapshot (rule 21).
//
// A member that joins in the middle of a slot would take the rest of it for the whole: it is sent slots from the next
// one on, and fetches what it missed.
//
// Thread-safe. What cannot be sent to a member shows there as a hole in the sequence and is fetched again.
#pragma once

#include "actors/ingest/ingest_actor.hpp"
#include "messages/ports/clock.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/network.hpp"
#include "messages/types/cluster_ids.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace sett::feed {

class stream_share final : public ingest::stream_tap {
public:
  static constexpr std::uint16_t peers_max = 32;

  /// first_peer: the first endpoint_index that is no endpoint of this node. All references outlive the share.
  stream_share(ports::network& network, const ports::clock& clock, ports::metrics_registry& metrics,
               std::function<caf::actor()> ingest, endpoint_index first_peer, stream_id stream);

  // from this node's ingest
  void update(const protocol::raw_update& u) override;
  void slot(const protocol::raw_slot& s) override;
  void connection(const protocol::raw_connection& c) override;

  // from the cluster
  /// Everybody else who is up.
  void members(const std::vector<member>& others);
  void packets(const member& from, std::span<ports::packet> packets);
  void reset(const member& peer);

private:
  [[nodiscard]] bool own(endpoint_index e) const { return e.value < first_peer_.value; }
  void broadcast(ports::packet_kind kind, const std::string& body);
  void send_to(const member& to, ports::packet_kind kind, const std::string& body);
  void tell_state(const member& to);
  void tell_untold();
  [[nodiscard]] protocol::connection_state own_state() const;
  [[nodiscard]] frame_origin origin_of(const node_id& node, bool backfill);
  void to_ingest(auto message);

  ports::network& network_;
  const ports::clock& clock_;
  std::function<caf::actor()> ingest_;
  endpoint_index first_peer_;
  stream_id stream_;
  ports::counter *sent_, *received_, *malformed_, *refused_;
  std::mutex mutex_;
  std::map<member, slot_number> others_;                        // with the first slot that they get
  std::set<member> untold_;                                     // the network refused to take the state for them
  slot_number newest_;                                          // of this node's own stream
  std::map<endpoint_index, protocol::connection_state> states_; // of this node's endpoints
  std::map<node_id, endpoint_index> peers_;
  std::uint64_t sequence_{1};
};

} // namespace sett::feed
