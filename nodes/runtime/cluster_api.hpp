// The cluster's part of the node's interface: who is a member, who leads which shard, how things move; commands to
// entities; and the way to another node's interface through this one, so that whoever talks to one node can steer all.
//
//   ?node=NAME on any path asks that node, carried between nodes on the control lane, within the deadline
#pragma once

#include "nodes/api/request.hpp"
#include "nodes/runtime/gateway_actor.hpp"
#include "nodes/shards/cluster_node.hpp"
#include "nodes/shards/shard_map.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::runtime {

inline constexpr ports::packet_kind proxy_request_packet{200}, proxy_response_packet{201};

struct cluster_context {
  shards::cluster_node& cluster;
  asker ask;
  ports::network& network;
  ports::timer& timer;
  std::shared_ptr<const shards::shard_map> map;
  std::int64_t proxy_within_ns{10'000'000'000};
};

/// /v1/cluster, /v1/nodes, /v1/shards, /v1/entities: everything but the proxy.
void add_cluster_routes(api::routes& to, std::shared_ptr<const cluster_context> c);

/// Carries requests to other nodes and answers theirs from this node's routes. Thread-safe.
class peer_proxy : public std::enable_shared_from_this<peer_proxy> {
public:
  explicit peer_proxy(std::shared_ptr<const cluster_context> c) : context_(std::move(c)) {}
  /// Before the first request of a peer; what they may ask for.
  void serve(std::shared_ptr<const api::routes> local);
  /// Packets of the two kinds, on the network's thread.
  void on_packet(const member& from, const ports::packet& p);
  /// Takes the requests that name another node, and those that one node alone cannot answer: a token or wallet is asked
  /// for where its shard is led, lists are gathered from all members, tracking is told to all. ?local=yes: only here.
  void intercept(api::routes& of);

private:
  struct open_question {
    api::reply done;
    ports::timer_id timer;
  };
  void ask(const std::string& node, api::request r, const api::reply& done);
  [[nodiscard]] bool spread(const api::request& r, const api::reply& done);
  void gather(const api::request& r, const api::reply& done);
  [[nodiscard]] std::vector<std::string> others() const;
  [[nodiscard]] std::optional<std::string> home_of(std::string_view kind, std::string_view base58) const;
  void finish(std::uint64_t id, api::response r);

  std::shared_ptr<const cluster_context> context_;
  std::mutex mutex_;
  std::shared_ptr<const api::routes> local_;
  std::map<std::uint64_t, open_question> open_;
  std::uint64_t last_{};
};

} // namespace sett::runtime
