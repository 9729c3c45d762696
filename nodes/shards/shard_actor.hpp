// The actor of one shard replica: carries out what nodes/journal's replica decides, holds the shard's state, takes
// commands while it leads and answers them when their entries are released. No rules of its own.
//
// A damaged store, a divergence or a bug ends the node (on_fatal): it comes back as a new incarnation and repairs
// itself from its peers (rules 12 and 13). So a shard actor is never restarted within one life of its node.
//
// Commands of one client are taken in the order of their sequences: one that is ahead of its predecessor is answered
// not_ready, unless the client says that nobody waits for the predecessors any more.
//
// Nothing blocks. Time comes from the injected clock; wake-ups are the actor system's.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/clock.hpp"
#include "messages/ports/consensus_store.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "nodes/journal/shard_state.hpp"
#include "nodes/shards/shard_protocol.hpp"

#include <caf/actor.hpp>
#include <caf/response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace sett::shards {

struct shard_metrics {
  ports::counter *commands, *refused, *redirected, *released, *elections, *step_downs, *messages_malformed, *alarms;
  ports::histogram* commit_seconds;
  static shard_metrics make(ports::metrics_registry& registry);
};

/// What every shard actor of a node shares; all pointers outlive the actors.
struct shard_environment {
  member self;
  bool intact{true};
  journal::replica_settings replica;
  journal::shard_state_limits limits;
  std::int64_t store_state_ns{2'000'000'000}; // state that changed is stored at least so often
  std::uint32_t checkpoint_entries{4096};     // released entries between two checkpoints of a leader
  const journal::entity_kinds* kinds{};
  ports::journal_store* store{};
  ports::consensus_store* consensus{};
  ports::network* network{};
  const ports::clock* clock{};
  ports::random chance{0};
  ports::area_log log;
  shard_metrics metrics{};
  /// Brings answers to a sender, local or remote. Any thread.
  std::function<void(const member& to, entities::answer_batch)> answer;
  /// Ends the node; called at most once a shard.
  std::function<void(shard_id, const error&)> on_fatal;
  /// Entries as they are released on this replica, while it leads; effects hang on it. May be empty.
  std::function<void(shard_id, epoch_number, const ports::journal_entry&)> on_released;
  /// Every entry that this replica applies. May be empty.
  std::function<void(shard_id, const ports::journal_entry&)> on_applied;
};

template <class Rules>
class basic_shard_actor : public supervision::bounded_actor {
public:
  /// manager: told of changes; may be null.
  basic_shard_actor(caf::actor_config& cfg, supervision::cell_ptr cell, shard_id shard,
                    std::shared_ptr<const shard_environment> env, ports::stored_shard stored,
                    std::vector<ports::state_change> state, caf::actor manager);
  caf::behavior make_behavior() override;
  /// Lets go of the manager, which knows this actor too: neither keeps the other alive.
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    manager_ = nullptr;
    reads_.clear();
    return bounded_actor::cleanup(std::move(reason), host);
  }

private:
  struct waiting {
    member from;
    std::uint32_t client{};
    steady_time_ns since;
  };
  struct sender {
    std::uint64_t next{}; // the sequence that may come now
  };
  using waiting_key = std::pair<std::uint64_t, std::uint64_t>; // client id, sequence
  struct fresh_read {
    std::uint64_t ticket{};
    shard_read question;
    caf::response_promise answer;
  };

  [[nodiscard]] steady_time_ns now() const { return env_->clock->steady_now(); }
  void carry_out();
  void released(const std::vector<journal::shared_entry>& entries);
  void take(const shard_commands& m);
  void flush_batch(std::vector<waiting_key>& batch);
  void answer(const member& to, std::uint32_t client, std::uint64_t sequence, entities::command_answer a);
  void send_answers();
  [[nodiscard]] entities::command_answer not_here(journal::refusal why) const;
  void stepped_down(journal::step_down_reason why);
  void store_state();
  void raise(journal::replica_alarm alarm);
  void fatal(const error& e);
  void wake_at(steady_time_ns when);
  [[nodiscard]] shard_read_answer read_now(const shard_read& q) const;
  [[nodiscard]] shard_description describe();
  void see(const membership::membership_view& view);
  shard_id shard_;
  std::shared_ptr<const shard_environment> env_;
  caf::actor manager_;
  journal::shard_state state_;
  std::vector<ports::state_change> loaded_; // until the first message
  journal::basic_replica<Rules> replica_;
  journal::replica_output out_;
  std::map<waiting_key, waiting> waiting_;
  std::unordered_map<std::uint64_t, sender> senders_; // of this leadership
  std::map<std::pair<member, std::uint32_t>, entities::answer_batch> answers_;
  std::deque<fresh_read> reads_;
  std::set<member> suspected_, registered_;
  std::map<journal::replica_alarm, std::uint64_t> alarms_;
  journal::replica_role told_role_{};
  epoch_number told_epoch_;
  std::int64_t wake_at_ns_{INT64_MAX};
  std::int64_t stored_at_ns_{};
  std::uint64_t released_{}, commands_{}, refused_{}, since_checkpoint_{};
  bool serving_{}, ended_{};
};

using shard_actor = basic_shard_actor<journal::shipped_rules>;
extern template class basic_shard_actor<journal::shipped_rules>;

} // namespace sett::shards
