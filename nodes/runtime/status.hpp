// What `sett status`, /readyz and a person at three in the morning want to know, put together from what the parts say.
// Pure.
#pragma once

#include "messages/protocol/chain_stream.hpp"
#include "messages/protocol/router.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sett::runtime {

struct stream_status {
  std::string name;
  bool live{};
  slot_number complete_from, complete_to;
  std::uint64_t incomplete_slots{}; // given up
  std::uint32_t backfilling{};
  std::uint64_t slots_behind{};
  std::uint64_t transactions{}; // delivered
  std::string reason;           // why it is not live, for people
};

/// The cluster as this node sees it; also a node that is alone is one.
struct cluster_standing {
  std::string id;
  bool alone{};           // by its settings: there is no cluster to speak of
  bool registered{};      // this node stands in the consensus store
  bool store_reachable{}; // the consensus store answered within the last few seconds
  std::uint32_t nodes{}, nodes_down{};
  std::uint32_t shards{}, without_leader{}, under_replicated{}, below_min_isr{}, data_loss{};
};

struct node_status {
  std::string version, node, environment;
  std::int64_t pid{};
  double uptime_s{};
  std::uint16_t http_port{};
  std::string cluster_checksum;
  std::uint32_t endpoints{}; // configured
  std::vector<stream_status> streams;
  std::optional<protocol::router_status> router; // nothing: it did not answer
  double events_per_s{};
  std::uint64_t actors{}, actors_failed{}, actor_restarts{}, poison{}, refused{};
  std::uint64_t log_shed{};
  std::optional<cluster_standing> cluster; // nothing: it has not been read yet
  std::string store_fault;                 // why the store takes no more writes; empty: it does
};

struct degradation {
  std::string what; // "stream main"
  std::string why;  // "lost: connection refused; trying again"
};

/// What is not as it should be; empty when all is well.
[[nodiscard]] std::vector<degradation> degradations(const node_status& s);

/// Ready: the router answers and, when endpoints are configured, at least one stream is live.
[[nodiscard]] bool ready(const node_status& s);

[[nodiscard]] boost::json::object view(const node_status& s);

} // namespace sett::runtime
