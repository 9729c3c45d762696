// What makes a process a member of a cluster, put together from its ports: membership, the shards' manager and actors,
// the commands' client and the hub between them and the network. settd and the simulation build their nodes from this
// very class; only the ports differ.
//
// Order: open() reads the journal store and checks whose it is; child() is the supervisor to add to the node's root.
// The membership registers; then the network starts, then the shards. Any end of a part that is not an ordered stop
// ends the node (on_fatal): a member comes back under a new incarnation or not at all.
//
// Not thread-safe but for submit() and the accessors.
#pragma once

#include "actors/supervision/registry.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "messages/ports/timer.hpp"
#include "nodes/journal/entity_kind.hpp"
#include "nodes/membership/membership_actor.hpp"
#include "nodes/shards/command_client_actor.hpp"
#include "nodes/shards/network_hub.hpp"
#include "nodes/shards/shard_manager_actor.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sett::shards {

inline constexpr std::string_view cluster_path = "/node/cluster";
inline constexpr std::string_view membership_path = "/node/cluster/membership";
inline constexpr std::string_view manager_path = "/node/cluster/shards";
inline constexpr std::string_view commands_path = "/node/cluster/commands";

struct cluster_settings {
  membership::cluster_record cluster; // as the settings say
  membership::member_record self;     // without an incarnation
  membership::membership_settings membership;
  journal::replica_settings replica;
  journal::shard_state_limits limits;
  entities::command_limits commands;
  std::uint32_t moves_max{4};
  std::int64_t repair_after_ns{10'000'000'000};
  std::int64_t store_state_ns{2'000'000'000};
  recovery_settings recovery;
};

/// All outlive the node.
struct cluster_ports {
  ports::network* network{};
  ports::consensus_store* consensus{};
  ports::journal_store* journal{};
  const ports::clock* clock{};
  ports::timer* beats{}; // with a thread of its own, apart from the actors
  ports::metrics_registry* metrics{};
  ports::logger* log{};
  ports::random chance{0};
  /// Runs something that may block, off the actors' threads; in the simulation at once. False: too much waits, or it
  /// has stopped; it is not run.
  std::function<bool(std::function<void()>)> blocking;
  std::shared_ptr<supervision::registry> actors;
  const journal::entity_kinds* kinds{};
};

struct cluster_hooks {
  /// The node must end. Any thread, once.
  std::function<void(const error&)> on_fatal;
  /// On the membership's turn.
  std::function<void(const member&)> on_registered;
  std::function<void(const std::shared_ptr<const membership::membership_view>&)> on_view;
  /// On the manager's turn.
  std::function<void(shard_id, const shard_leader&)> on_leader;
  std::function<void(shard_id, const shard_record&)> on_record;
  std::function<void(shard_id, bool serves)> on_serving;
  /// An entity of a shard that this node took over and serves since this epoch may be opened now: in its turn, those
  /// with money first, within the cluster's budget (entity::opens). One that is made later comes through on_released
  /// alone.
  std::function<void(shard_id, epoch_number, const journal::entity_ref&)> on_open;
  std::function<void(shard_id, epoch_number, const ports::journal_entry&)> on_released;
  std::function<void(shard_id, const ports::journal_entry&)> on_applied;
  decltype(shard_manager_setup::make_shard) make_shard;
};

class cluster_node {
public:
  cluster_node(cluster_settings settings, cluster_ports ports, cluster_hooks hooks);
  ~cluster_node();
  cluster_node(const cluster_node&) = delete;
  cluster_node& operator=(const cluster_node&) = delete;

  /// Blocks on the store. Errors: foreign, corrupt, and the store's own.
  [[nodiscard]] result<void> open();
  /// To be added to the node's root supervisor; once.
  [[nodiscard]] supervision::child_spec child();

  /// Sends a command to an entity; `done` is called once, on an actor's thread, and must not block. kind: a name.
  void submit(std::string_view kind, std::string_view id, std::string payload, std::int64_t within_ns,
              std::function<void(const entities::command_answer&)> done);
  [[nodiscard]] shard_id shard_of(std::string_view kind, std::string_view id) const;
  /// nullptr: this node knows no such kind.
  [[nodiscard]] const journal::entity_kind* kind(std::string_view name) const { return ports_.kinds->find(name); }

  /// Tells the other members that this node is reached elsewhere, or by another key, from now on.
  void change_address(const std::array<std::uint16_t, ports::lane_count>& port, const std::string& public_key);

  /// The latest view; nullptr before the node is registered.
  [[nodiscard]] std::shared_ptr<const membership::membership_view> view() const;
  [[nodiscard]] std::optional<member> self() const;
  /// How the cluster stands; nullopt before this node has read the shards' records.
  [[nodiscard]] std::optional<cluster_figures> figures() const;
  [[nodiscard]] const std::shared_ptr<shard_table>& table() const { return table_; }
  [[nodiscard]] network_hub& hub() { return *hub_; }
  [[nodiscard]] const cluster_settings& settings() const { return settings_; }

  /// Before the actors end: the beats stop, so that no callback of theirs comes any more.
  void stop();

private:
  void registered(const member& who, bool intact);
  void seen(const membership::membership_view& view);
  void counted(const cluster_figures& f);
  void fatal(const error& e);
  [[nodiscard]] caf::actor actor_at(std::string_view path) const;
  void add_child(supervision::child_spec spec);
  /// Once: a second start ends the node.
  [[nodiscard]] supervision::child_spec
  once(std::string name, std::uint32_t mailbox,
       std::function<caf::actor(caf::actor_system&, supervision::cell_ptr)> start);

  cluster_settings settings_;
  cluster_ports ports_;
  cluster_hooks hooks_;
  ports::area_log log_;
  std::shared_ptr<shard_table> table_;
  std::shared_ptr<membership::beater> beats_;
  std::unique_ptr<network_hub> hub_;
  ports::node_facts facts_;
  std::map<shard_id, stored_replica> stored_;
  mutable std::mutex mutex_;
  std::shared_ptr<const membership::membership_view> view_;
  std::optional<member> self_;
  std::optional<cluster_figures> figures_;
  std::atomic<bool> ended_{false};
};

} // namespace sett::shards
