// A node's membership: registers it, keeps its lease, follows the list of members, beats, and tells who is there and
// who is down. All time comes from the injected clock and timer, so it runs in virtual time as well.
//
// Two parts. The beater (beater.hpp) runs on the timer's and the network's threads, apart from the node's work, and
// keeps beating while the actors are busy. The actor runs among them and moves the node's progress: when the workers
// are stuck, beats go on, progress does not, and the peers see a stuck node. Give the beater a timer with a thread of
// its own.
//
// Order of a start: read or make /cluster and agree with it; read the own keys; sync the new incarnation's intent;
// grant a lease; register; tell on_registered; beat. From then on: keep the lease alive every third of its time, list
// every list_ms and after each hint of a watch. A lost lease is granted anew under the same incarnation. While the
// consensus store cannot be reached nothing is lost: members that are heard stay members even when their key is gone.
//
// The node must end when on_ended comes: it does not fit the cluster, or another process took its id.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/clock.hpp"
#include "messages/ports/consensus_store.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/network.hpp"
#include "messages/ports/random.hpp"
#include "messages/ports/timer.hpp"
#include "nodes/membership/beater.hpp"
#include "nodes/membership/member_record.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sett::membership {

/// A member other than this node.
struct member_state {
  member_record record;
  verdict seen;
  bool listed{}; // its key stands in the consensus store; else it is only heard
};

/// Who there is, in order of their names; told whenever something in it changed.
struct membership_view {
  std::uint64_t version{}; // grows with each view of this process
  cluster_record cluster;
  member_record self;
  bool registered{};         // our key stands, as far as we know
  bool store_reachable{};    // the consensus store answered within the last few seconds
  std::uint8_t own_health{}; // 0 is well
  std::vector<member_state> others;
};

struct membership_settings {
  detector_settings detection;
  std::int64_t lease_s{5};
  std::int64_t list_ms{2'000};
  std::int64_t retry_ms_min{50}, retry_ms_max{500};
};

struct membership_setup {
  membership_settings settings;
  cluster_record cluster; // as the own settings say
  member_record self;     // without an incarnation
  incarnation_number stored_intent;
  /// Syncs the intent to the own disk, then calls done, on any thread. A start that is not intact (rule 12) is marked
  /// as such in the same synced write: a crash right after it must not look intact next time.
  std::function<void(incarnation_number, bool intact, std::function<void(result<void>)>)> sync_intent;

  ports::consensus_store* store{}; // all of these outlive the actor
  const ports::clock* clock{};
  ports::timer* timer{};
  std::shared_ptr<beater> beats;
  ports::metrics_registry* metrics{};
  ports::area_log log;
  ports::random chance{0};

  // Called on the actor's turn; must not block.
  /// Once: the incarnation stands. `intact` is rule 12's comparison of intent and registration. Start the network here.
  std::function<void(const member& self, bool intact)> on_registered;
  std::function<void(const membership_view&)> on_view;
  /// Once: the node must end, and why.
  std::function<void(const error&)> on_ended;
};

// --- messages
/// Ask for the mode of the cluster record to change; answers nothing, the view tells.
struct set_rebalance_mode {
  rebalance_mode mode;
};
/// Sets or clears the own draining flag in /nodes/<id>.
struct set_draining {
  bool draining;
};
/// Where, and by which key, this node is to be reached from now on; goes into /nodes/<id>.
struct set_address {
  std::array<std::uint16_t, ports::lane_count> port{};
  std::string public_key;
};
/// An ordered stop: tells the peers, revokes the lease, ends.
struct leave_cluster {};

class membership_actor : public supervision::bounded_actor {
public:
  membership_actor(caf::actor_config& cfg, supervision::cell_ptr cell, std::shared_ptr<const membership_setup> setup);
  ~membership_actor() override;
  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  struct work;
  std::shared_ptr<const membership_setup> setup_;
  std::shared_ptr<work> work_;
};

} // namespace sett::membership

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::membership::set_rebalance_mode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::membership::set_draining)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::membership::set_address)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::membership::leave_cluster)
