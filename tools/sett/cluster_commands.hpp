// The verbs that look at a cluster and steer it: nodes, shards, rebalancing. Each asks one node over its socket; what
// only one particular node can do (the leader of a shard, the node to be drained) is carried to it by that node.
#pragma once

#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <string>

namespace sett::tools {

/// One line of `sett node ls` in full, with the shards that the node leads and holds.
int node_show_command(const command_context& c, const std::string& node);
/// Asks a node to give away what it holds (or, drain false, to take shards again); waits for the end when told to.
int node_drain_command(const command_context& c, const std::string& node, bool drain, bool wait);

/// A shard as its leader sees it (with --node: as that node does).
int shard_show_command(const command_context& c, std::uint32_t shard);
int shard_move_command(const command_context& c, std::uint32_t shard, const std::string& to);
int shard_recover_command(const command_context& c, std::uint32_t shard, bool accept_loss);

/// Exit code 4 when the cluster is not whole.
int cluster_status_command(const command_context& c);
int cluster_rebalance_command(const command_context& c, const std::string& mode);

} // namespace sett::tools
