// ports::network for every node of a simulated cluster, over one fabric in memory and virtual time. The sessions and
// the frames are the ones of the real network (nodes/transport); only the wire is made up, and it is cruel: from a seed
// it delays, drops, doubles, reorders, corrupts and replays frames, cuts pairs off in one or both directions, clogs and
// unclogs them one by one, and lets a node consume slowly. Corrupted bytes reach the decoder, which must refuse them.
//
// One thread. Nothing happens inside send but queueing; frames leave and arrive in events of the scheduler.
#pragma once

#include "messages/ports/network.hpp"
#include "nodes/transport/session.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sett::sim {

/// Chances are per frame; all 0: a perfect network with the least delay.
struct network_faults {
  std::int64_t delay_ns_min{100'000}, delay_ns_max{300'000};
  double drop{}, duplicate{}, reorder{}, corrupt{};
  double replay{}; // a copy comes again after up to replay_ns_max
  double clog{};   // the link stands still for up to clog_ns_max, then delivers what it held
  double flap{};   // the link is cut for up to flap_ns_max
  std::int64_t reorder_ns_max{20'000'000}, replay_ns_max{180'000'000'000}, clog_ns_max{2'000'000'000},
      flap_ns_max{1'000'000'000};
};

struct network_counts {
  std::uint64_t sent{}, delivered{}, dropped{}, doubled{}, reordered{}, corrupted{}, replayed{}, clogs{}, flaps{},
      cut_off{}, to_nobody{}, held_for_slow{};
  std::uint64_t refused_damaged{}; // by the decoder
  std::array<transport::session_counters, ports::lane_count> sessions{};
};

class simulated_fabric {
public:
  struct scheduler {
    std::function<std::int64_t()> now_ns;
    std::function<void(std::int64_t delay_ns, std::function<void()> fire)> at;
  };
  /// The scheduler outlives the fabric.
  simulated_fabric(std::uint64_t seed, scheduler s, transport::session_options options = {});
  ~simulated_fabric();
  simulated_fabric(const simulated_fabric&) = delete;
  simulated_fabric& operator=(const simulated_fabric&) = delete;

  /// The network of one life of a node. Destroying it (or stop) is a kill: what it had under way may still arrive,
  /// nothing reaches it. May outlive the fabric only unused.
  [[nodiscard]] std::unique_ptr<ports::network> attach();

  void set_faults(const network_faults& faults);
  /// Frames from a to b are lost until heal; both directions: call it twice.
  void cut(node_id from, node_id to);
  void restore(node_id from, node_id to);
  /// Frames from a to b are held until unclog.
  void clog(node_id from, node_id to);
  void unclog(node_id from, node_id to);
  /// The node's handler is busy for so long after each frame; 0: not.
  void set_consumption(node_id node, std::int64_t ns_per_frame);
  /// Frozen: nothing is taken in and no timer of the node's network runs until thawed (SIGSTOP).
  void freeze(node_id node, bool frozen);
  /// No faults, no cuts, no clogs, nobody slow or frozen; what is replayed later still comes.
  void heal();

  [[nodiscard]] network_counts counts() const;

  struct implementation;

private:
  std::shared_ptr<implementation> impl_;
};

} // namespace sett::sim
