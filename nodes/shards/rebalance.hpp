// What to change next about who holds and leads which shard. Pure: a function of the records, the members and the mode,
// so every node computes the same plan. Each step is carried out by the leader of its shard, which alone may change the
// record; the plan tells it what is wanted.
//
// One shard takes at most one step at a time, and all shards together at most moves_max, so that state transfers do not
// eat the cluster. Order of need:
//   1. a leader on a node that drains hands over to an in-sync replica elsewhere;
//   2. a shard with too few replicas (a member down or gone for repair_after) gets one more, the best by placement;
//   3. a replica on a draining node, then one on a node that placement does not want, is replaced: first the new one is
//      added and caught up, then the old one leaves, so that the number of copies never falls below the wanted one;
//   4. leaders move to where placement wants them.
// mode off: only 2 (a lost replica is replaced) and 1 and 3 for drains, which somebody asked for. mode rollout: only 1;
// nodes that restart come back within minutes, and moving their data would double the work.
#pragma once

#include "messages/types/shard_record.hpp"
#include "nodes/shards/placement.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sett::shards {

enum class rebalance_mode : std::uint8_t { on, off, rollout };

struct plan_member {
  member who;
  std::uint32_t weight{100};
  bool holds_shards{true}; // by its roles
  bool draining{};
  bool down{}; // by the detector, for longer than a restart takes
};

enum class step_kind : std::uint8_t { hand_over, add_replica, remove_replica };
[[nodiscard]] std::string_view to_text(step_kind kind);
struct plan_step {
  step_kind kind{step_kind::hand_over};
  shard_id shard;
  member by;     // the shard's leader, who carries it out
  member target; // who shall lead, join or leave
  friend bool operator==(const plan_step&, const plan_step&) = default;
};

struct plan_input {
  std::span<const shard_record_at> records; // by shard number; revision 0: none yet
  std::span<const plan_member> members;     // everybody who is registered or heard, this node too
  std::uint32_t replicas{3};
  rebalance_mode mode{rebalance_mode::on};
  std::uint32_t moves_max{4};
  std::uint32_t moves_under_way{}; // steps that were planned and are not done
};

/// At most moves_max - moves_under_way steps; shards that are led by nobody who is up get none (take-over comes first).
[[nodiscard]] std::vector<plan_step> plan(const plan_input& in);

/// The first records of a new cluster: each shard's wanted replicas, the best of them leading epoch 1. Only those
/// members that hold shards and neither drain nor are down; empty when there are fewer than min_isr of them.
[[nodiscard]] std::vector<shard_record> first_records(std::uint32_t shard_count, std::span<const plan_member> members,
                                                      std::uint32_t replicas, std::uint32_t min_isr);

/// What keeps a draining node from being empty: shards it leads, and shards it holds a replica of.
struct drain_progress {
  std::uint32_t leads{}, holds{};
};
[[nodiscard]] drain_progress progress_of_drain(std::span<const shard_record_at> records, const node_id& node);

} // namespace sett::shards
