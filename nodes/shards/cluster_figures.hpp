// How a cluster stands, counted from the shard records and from who is up. Pure: every node that has seen the same
// records and members counts the same. `sett status`, /v1/cluster, the gauges and so the alerts all show these.
#pragma once

#include "messages/types/shard_record.hpp"

#include <cstdint>
#include <map>
#include <span>

namespace sett::shards {

struct cluster_figures {
  struct share {
    std::uint32_t leads{}, holds{}; // holds: in-sync replicas, led ones too
  };
  std::uint32_t shards{};
  std::uint32_t without_leader{};   // no record yet, never led, or led by somebody who is not up
  std::uint32_t under_replicated{}; // fewer in-sync replicas than wanted
  std::uint32_t below_min_isr{};    // too few in-sync replicas to commit anything
  std::uint32_t data_loss{};        // where a loss was accepted by hand
  std::map<node_id, share> by_node;
};

/// records by shard number, revision 0: none yet; up: every member that is not taken for down, this node too.
[[nodiscard]] cluster_figures count_figures(std::span<const shard_record_at> records, std::span<const member> up,
                                            std::uint32_t replicas);

} // namespace sett::shards
