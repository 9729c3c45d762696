// The event router: takes what ingest delivers, hands it to one supervised actor per token and per tracked wallet, and
// answers questions about them. Rules: routing_table.hpp (who gets what, replay, saving, passivation) and
// restart_policy.hpp.
//
// It is the supervisor of its entities: lean, O(1) per crash, first restart at once, then with backoff; an entity that
// crashes too often is given up with its evidence in the registry and its events are shed and counted, until somebody
// restarts it.
//
// In:  chain_update, slot_rooted, slot_undone, stream_health; requests of messages/protocol/{token,wallet,router}.hpp,
// among them settle_request before a stop
// Its own mailbox is bounded; ingest asks with its cell's depth before it sends more. Questions about many entities are
// collected by a helper with a deadline, so the router never waits.
#pragma once

#include "actors/market/lp_burns.hpp"
#include "actors/routing/entity_protocol.hpp"
#include "actors/routing/routing_table.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/restart_policy.hpp"

#include <caf/exit_reason.hpp>
#include <caf/response_promise.hpp>
#include <caf/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sett::routing {

struct tracked_wallet {
  address wallet;
  std::string label{};
};

/// Which entities are this node's, by shard; sent whenever that changes. Before the first one none is, when
/// event_router_options::shard_of is set.
struct owned_shards {
  std::shared_ptr<const std::vector<bool>> owned;
};

struct event_router_options {
  routing_limits limits{};
  supervision::restart_settings restart{.max_restarts = 60,
                                        .window_ns = 60'000'000'000,
                                        .backoff_base_ns = 5'000'000,
                                        .backoff_cap_ns = 2'000'000'000,
                                        .stable_ns = 10'000'000'000,
                                        .escalates = false};
  std::uint32_t entity_mailbox{1024};
  std::int64_t tick_ns{250'000'000};
  std::int64_t answer_within_ns{2'000'000'000}; // for lists
  std::string token_directory{"/node/tokens"}, wallet_directory{"/node/wallets"};
  supervision::name_format key_format{}; // base58
  entity_factory make_token{}, make_wallet{};
  std::vector<tracked_wallet> tracked_by_setting{};
  std::vector<protocol::slot_range> missing{}; // incomplete slots of earlier runs, until a stream lists its own
  std::uint32_t tracked_max{10'000};
  std::uint64_t seed{};
  /// The shard of an entity; empty: all entities are this node's.
  std::function<std::uint16_t(entity_kind, const address&)> shard_of{};
  /// What is owned at the router's start, also at one after a crash.
  std::function<std::shared_ptr<const std::vector<bool>>()> owned_now{};
};

/// Where ingest resumes after a restart of the node: the stored cursor, 0 without one. May block on a disk read.
[[nodiscard]] result<slot_number> load_cursor(ports::snapshot_store& store);
/// The slot behind which this node's stream began, ever; 0: not known. May block on a disk read.
[[nodiscard]] result<slot_number> load_origin(ports::snapshot_store& store);

class event_router_actor : public supervision::bounded_actor, private entity_sink {
public:
  event_router_actor(caf::actor_config& cfg, cell_ptr cell, std::shared_ptr<supervision::registry> reg,
                     std::shared_ptr<ports::snapshot_store> store, event_router_options options);

  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  struct member {
    cell_ptr cell;
    caf::actor actor;
    supervision::restart_history history;
    bool asked_to_restart{};
  };
  struct tracked {
    std::string label;
    bool by_setting{};
  };

  // entity_sink
  void start(entity_id id) override;
  [[nodiscard]] bool room(entity_id id) const override;
  void soon(entity_id id, bool near) const override;
  void events(entity_id id, protocol::entity_events message) override;
  void undo(entity_id id, slot_number slot) override;
  void save(entity_id id, slot_number sealed) override;
  void passivate(entity_id id, slot_number sealed) override;
  void gap(entity_id id, slot_number since) override;
  void restart(entity_id id) override;
  void removed(entity_id id) override;

  void own(const owned_shards& m);
  [[nodiscard]] entity_id id_of(const cell_ptr& cell) const;
  void ended(const supervision::child_ended& note);
  void tick();
  void settle();
  [[nodiscard]] block_update_ptr with_burns(const block_update_ptr& update);
  void store_cursor();
  void pump_soon();
  void change_tracking(const sett::address& wallet, std::string label, bool track, caf::response_promise answer);
  void stop_entity(entity_id id, caf::exit_reason why);
  [[nodiscard]] std::vector<caf::actor> live(entity_kind kind) const;

  std::shared_ptr<supervision::registry> registry_;
  event_router_options options_;
  std::shared_ptr<entity_environment> env_;
  supervision::directory_id token_directory_, wallet_directory_;
  ports::random rng_;
  routing_table table_;
  market::lp_burns lp_burns_;
  std::vector<caf::actor>* ending_{}; // while own() runs: the actors of what it removes
  std::shared_ptr<const std::vector<bool>> owned_ = std::make_shared<const std::vector<bool>>();
  std::vector<member> members_; // by entity_id
  std::unordered_map<sett::address, tracked> tracked_;
  bool first_cursor_{}; // this node never stored one
  slot_number stored_cursor_;
  bool pump_set_{};
  std::vector<caf::response_promise> settling_;
};

} // namespace sett::routing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::owned_shards)
