// A whole cluster in one thread and virtual time: nodes built from shards::cluster_node, the very class settd builds
// its node from, on simulated ports; a workload of commands; faults drawn from the seed; and the invariants, checked as
// things happen. The same seed gives the same run, whose trace hash says so.
//
// A run has a safety phase (any faults) and a liveness phase (everything healed; the cluster must serve again within
// `heal_ns`). What is checked: I1-I7, I9, I13-I17, I19-I22 of the design, as each check's text says.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "nodes/shards/cluster_node.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sett::sim {

struct world_options {
  std::uint64_t seed{1};
  std::uint32_t nodes{3}, shards{3}, replicas{3}, min_isr{2};
  std::int64_t safety_ns{240'000'000'000}, heal_ns{60'000'000'000};
  double commands_per_s{7};
  // Mean seconds between two faults of a kind; 0: never.
  double kill_every_s{}, kill_all_every_s{}, freeze_every_s{}, partition_every_s{}, consensus_every_s{}, disk_every_s{},
      damage_every_s{}, drain_every_s{}, clock_every_s{};
  double network_level{}; // 0..1: how bad the network is all the time
  double consensus_level{};
  bool story{};
};

/// A swarm: which faults a run has, and how often, is drawn from its seed (Groce et al., "Swarm testing", 2012).
[[nodiscard]] world_options draw_options(std::uint64_t seed);

struct world_result {
  std::uint64_t seed{};
  bool passed{true};
  std::string violation;
  std::uint64_t trace{};
  double simulated_s{};
  std::uint64_t commits{}, commands{}, acknowledged{}, expired{}, leader_changes{}, steps{};
  std::map<std::string, std::uint64_t> happened; // faults and "sometimes", by name
  std::vector<std::string> story;
};

using shard_factory = decltype(shards::shard_manager_setup::make_shard);

/// make_shard: empty for the shipped rules; the tests put in broken ones.
[[nodiscard]] world_result run_world(const world_options& options, const shard_factory& make_shard = {});

} // namespace sett::sim
