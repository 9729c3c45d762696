// The shards of this node: follows the records in the consensus store, runs a shard actor for every shard that this
// node holds, should hold or has data of, tells them who is alive, and has the leaders among them work towards the plan
// (rebalance.hpp). Also creates the records of a new cluster.
//
// A watch is a hint: the records are listed again every list_ns and after each end of a watch. Every answer goes
// through the directory, which keeps the newest by revision.
//
// Who else wants to know who leads what (the command clients, the stream router) gets shard_leaders through on_leaders.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "nodes/shards/cluster_figures.hpp"
#include "nodes/shards/directory.hpp"
#include "nodes/shards/rebalance.hpp"
#include "nodes/shards/recovery_budget.hpp"
#include "nodes/shards/shard_actor.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sett::shards {

/// Where the actors of this node's shards are; written by the manager, read by the network's thread.
class shard_table {
public:
  explicit shard_table(std::uint32_t shard_count) : actors_(shard_count) {}
  void set(shard_id shard, caf::actor a) {
    const std::scoped_lock lock(mutex_);
    if (shard.value < actors_.size()) actors_[shard.value] = std::move(a);
  }
  [[nodiscard]] caf::actor at(shard_id shard) const {
    const std::scoped_lock lock(mutex_);
    return shard.value < actors_.size() ? actors_[shard.value] : caf::actor();
  }
  [[nodiscard]] std::uint32_t shard_count() const { return static_cast<std::uint32_t>(actors_.size()); }

private:
  mutable std::mutex mutex_;
  std::vector<caf::actor> actors_;
};

struct stored_replica {
  ports::stored_shard shard;
  std::vector<ports::state_change> state;
};

struct shard_manager_setup {
  std::shared_ptr<const shard_environment> shard;
  std::uint32_t shard_count{};
  std::uint32_t replicas{3}, min_isr{2};
  std::uint32_t moves_max{4};
  std::int64_t list_ns{3'000'000'000};
  std::int64_t members_ns{1'000'000'000};       // the members are told again at least so often: signs of life
  std::int64_t repair_after_ns{10'000'000'000}; // a member that is down for longer is replaced
  recovery_settings recovery;
  std::uint32_t mailbox{100'000};
  std::shared_ptr<supervision::registry> actors;
  std::shared_ptr<shard_table> table;
  /// What the store held at the start.
  std::map<shard_id, stored_replica> stored;
  /// The latest view, for a manager that starts after it; later ones come as shard_members.
  std::function<std::shared_ptr<const membership::membership_view>()> view;
  /// Every replica has marked that this start was not intact (rule 12): the next one may be intact again. Once, only
  /// when shard->intact is false.
  std::function<void()> on_marked;
  /// Makes a shard's actor; the simulation puts in broken rules here. Empty: shard_actor.
  std::function<caf::actor(caf::actor_system&, supervision::cell_ptr, shard_id,
                           std::shared_ptr<const shard_environment>, stored_replica, caf::actor manager)>
      make_shard;
  /// On the manager's turn, when a record changed.
  std::function<void(shard_id, const shard_record&)> on_record;
  /// On the manager's turn, when the leader of a shard changed. epoch 0: nobody.
  std::function<void(shard_id, const shard_leader&)> on_leader;
  /// On the manager's turn: this node serves the shard, or no more.
  std::function<void(shard_id, bool serves)> on_serving;
  /// On the manager's turn: this node serves the shard since this epoch, and it is the turn of this entity that it took
  /// over (recovery_budget.hpp). May be empty.
  std::function<void(shard_id, epoch_number, const journal::entity_ref&)> on_open;
  /// On the manager's turn, a few times a second: how the cluster stands. May be empty.
  std::function<void(const cluster_figures&)> on_figures;
};

// --- messages
struct manager_changes {
  ports::consensus_changes changes;
};
struct manager_listed {
  result<ports::consensus_listing> listing;
};
struct manager_tick {};
struct manager_created {};
struct manager_open {};
struct manager_describe {};
struct shard_row {
  shard_id shard;
  shard_record_at record;
  bool runs{};
  journal::replica_role role{};
};
struct manager_description {
  std::vector<shard_row> shards;
  std::vector<plan_step> plan;
  rebalance_mode mode{};
  cluster_figures figures;
  drain_progress own; // what this node still leads and holds
  std::uint64_t listings{}, watch_ends{}, records_malformed{};
};
/// Hand a shard that this node leads to another member (sett shard move); answered with a sentence.
struct manager_move {
  shard_id shard;
  node_id to;
};

class shard_manager_actor : public supervision::bounded_actor {
public:
  shard_manager_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                      std::shared_ptr<const shard_manager_setup> setup);
  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  struct replica_actor {
    caf::actor actor;
    supervision::cell_ptr cell;
    journal::replica_role role{};
    bool serving{};
    std::vector<member> wish; // as it was told last
  };
  void list();
  void watch(std::uint64_t after);
  void take(const ports::consensus_changes& c);
  void take(const ports::consensus_listing& l);
  void record_changed(shard_id shard);
  void run_missing();
  void start(shard_id shard);
  void create_records();
  void see(std::shared_ptr<const membership::membership_view> view);
  void tell_members();
  void carry_out_plan();
  void look_for_marks();
  void open_next();
  void tick();
  [[nodiscard]] std::vector<plan_member> plan_members() const;
  [[nodiscard]] std::vector<shard_record_at> records() const;
  [[nodiscard]] cluster_figures figures(std::span<const shard_record_at> of) const;
  [[nodiscard]] rebalance_mode mode() const;
  [[nodiscard]] manager_description describe() const;
  [[nodiscard]] std::int64_t now_clock_ns() const { return setup_->shard->clock->steady_now().value; }

  std::shared_ptr<const shard_manager_setup> setup_;
  supervision::directory_id directory_id_;
  directory directory_;
  std::map<shard_id, stored_replica> stored_;
  std::map<shard_id, replica_actor> replicas_;
  std::shared_ptr<const membership::membership_view> view_;
  std::map<node_id, std::int64_t> down_since_;
  std::map<shard_id, std::int64_t> handing_over_; // asked at
  std::vector<plan_step> plan_;
  recovery_budget recovery_;
  bool opening_{}; // a manager_open is under way
  ports::watch_id watch_{ports::watch_id::none};
  std::int64_t listed_at_{}, told_at_{};
  bool listing_{}, listed_once_{}, creating_{}, marked_{};
  std::uint32_t gained_{}, lost_{}; // shards served, since it was last said
  std::uint64_t listings_{}, watch_ends_{}, malformed_{};
};

} // namespace sett::shards

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_changes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_listed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_created)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_open)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_describe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_description)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::manager_move)
