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
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::sim {

struct world_options {
  std::uint64_t seed{1};
  std::uint32_t nodes{3}, shards{3}, replicas{3}, min_isr{2};
  std::int64_t safety_ns{260'000'000'000}, heal_ns{60'000'000'000};
  double commands_per_s{9};
  // Mean seconds between two faults of a kind; 0: never.
  double kill_every_s{}, kill_all_every_s{}, freeze_every_s{}, partition_every_s{}, consensus_every_s{}, disk_every_s{},
      damage_every_s{}, drain_every_s{}, clock_every_s{}, crash_loop_every_s{}, crash_point_every_s{}, memory_every_s{},
      deaf_leader_every_s{}, trap_every_s{};
  double alone_without_store{}; // the chance that a node isolated from all others is cut off from the store as well
  /// A disk that lied to a member, whose leader alone can tell. For itself: with another fault it is a true loss.
  double lying_disk_every_s{};
  double slow_start{}; // the chance that a process takes up to 20 s to come back
  // Instead of faults from the list: the last in-sync member of every shard loses its disk, and an operator accepts the
  // loss. Needs min_isr 1.
  bool lose_last_member{};
  double network_level{}; // 0..1: how bad the network is all the time
  double consensus_level{};
  bool story{};
};

/// The faults by name, each with its frequency; 0 switches it off.
struct named_fault {
  std::string_view name;
  double world_options::* how_often;
};
[[nodiscard]] std::span<const named_fault> named_faults();

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

/// What tests put in place of the shipped parts, to see that it is found.
struct planted_parts {
  shard_factory make_shard;
  std::function<std::unique_ptr<ports::journal_store>(ports::journal_store&)> wrap_store;
  const journal::entity_kinds* kinds{};
  shards::recovery_settings recovery{};
};
[[nodiscard]] world_result run_world(const world_options& options, const planted_parts& planted = {});

} // namespace sett::sim
