// The cluster's part of the node's interface: who is a member, who leads which shard, how things move; and commands to
// entities.
#pragma once

#include "nodes/api/request.hpp"
#include "nodes/runtime/gateway_actor.hpp"
#include "nodes/shards/cluster_node.hpp"
#include "nodes/shards/shard_map.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sett::runtime {

struct cluster_context {
  shards::cluster_node& cluster;
  asker ask;
  ports::network& network;
  ports::timer& timer;
  std::shared_ptr<const shards::shard_map> map;
  std::string account{}; // the trading account's name
  std::int64_t proxy_within_ns{10'000'000'000};
};

/// /v1/cluster, /v1/nodes, /v1/shards, /v1/entities.
void add_cluster_routes(api::routes& to, std::shared_ptr<const cluster_context> c);

} // namespace sett::runtime
