// The base of token and wallet actors: everything between a pure State and the router. It loads the snapshot, says
// ready, applies events one by one, seals, undoes, saves and passivates, and can be killed at any moment: what is not
// stored is replayed.
//
// State needs: State(key), State(key, base), apply(stamp, batch, event), seal, undo, mark_incomplete, count_parked,
// base(), window_empty(). Traits give: kind, state, base, encode(key, base), decode(key, bytes).
//
// The state is allocated when the snapshot has been read; the router sends nothing before that. A message holds one
// update, its events are pieces of work of their own: one that kills the actor twice is skipped and the entity says so.
#pragma once

#include "actors/market/token_state.hpp"
#include "actors/routing/entity_protocol.hpp"
#include "messages/types/error.hpp"

#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sett::routing {

template <class Traits>
class entity_shell : public supervision::bounded_actor {
public:
  using state_type = typename Traits::state;

  entity_shell(caf::actor_config& cfg, cell_ptr place, const sett::address& key,
               std::shared_ptr<const entity_environment> env)
      : supervision::bounded_actor(cfg, std::move(place)), key_(key), env_(std::move(env)) {}

protected:
  /// For make_behavior: asks for the snapshot.
  void load() {
    caf::weak_actor_ptr self(ctrl());
    env_->store->load_async({to_text(Traits::kind), key_view()}, [self](result<std::optional<std::string>> value) {
      if (auto alive = self.lock())
        caf::anon_send<caf::message_priority::high>(caf::actor_cast<caf::actor>(alive),
                                                    snapshot_loaded{std::move(value)});
    });
  }

  void on_loaded(snapshot_loaded& m) {
    if (state_) return;
    slot_number sealed;
    if (!m.value) {
      begin_incomplete();
    } else if (!*m.value) {
      state_ = std::make_unique<state_type>(key_);
    } else if (auto base = Traits::decode(key_, **m.value)) {
      sealed = base->sealed;
      state_ = std::make_unique<state_type>(key_, std::move(*base));
      stored_ = sealed;
    } else {
      begin_incomplete();
    }
    send(env_->router, entity_ready{cell(), cell()->generation(), sealed});
  }

  void on_events(const protocol::entity_events& m) {
    if (!state_) return;
    if (m.sealed > state_->base().sealed) seal(m.sealed);
    const auto& update = *m.update;
    for (const auto position : m.positions) {
      const auto& e = update.batch.events[position];
      if (cell()->suspects() && cell()->parked(work_of(update, e))) {
        state_->count_parked();
        state_->mark_incomplete(protocol::incompleteness::parked, update.slot);
        continue;
      }
      const auto failed = [&](const char* error) { fail_at(work_of(update, e), "one event of a block", error); };
      try {
        event_applied(m, e, state_->apply({update.slot, update.block_time}, update.batch, e));
      } catch (const std::exception& error) {
        failed(error.what());
        return;
      } catch (...) {
        failed("unknown exception");
        return;
      }
    }
    after_events(m);
  }

  void on_undone(const protocol::slot_undone& m) {
    if (state_ && state_->undo(m.slot)) after_undo(m.slot);
  }

  void on_gap(const entity_gap& m) {
    if (!state_) return;
    state_->mark_incomplete(protocol::incompleteness::gap, m.since);
    changed_ = true;
  }

  void on_save(const save_entity& m) {
    if (!state_ || storing_) return;
    seal(m.sealed);
    if (changed_)
      store();
    else
      send(env_->router, entity_saved{cell(), state_->base().sealed, stored_}); // nothing new up to here
  }

  void on_passivate(const passivate_entity& m) {
    if (!state_ || storing_) {
      stay();
      return;
    }
    seal(m.sealed);
    if (!state_->window_empty()) {
      stay();
    } else if (!changed_) {
      quit();
    } else {
      leaving_ = true;
      store();
    }
  }

  void on_stored(const snapshot_stored& m) {
    storing_ = false;
    if (m.outcome) {
      stored_ = m.sealed;
      send(env_->router, entity_saved{cell(), m.sealed, stored_});
    } else {
      changed_ = true; // asked again at the next save
    }
    if (!std::exchange(leaving_, false)) return;
    if (m.outcome)
      quit();
    else
      stay();
  }

  /// Hooks of the concrete actor.
  virtual void event_applied(const protocol::entity_events&, const chain_event&, const market::applied&) {}
  virtual void after_events(const protocol::entity_events&) {}
  virtual void after_undo(slot_number) {}

  [[nodiscard]] state_type* state() { return state_.get(); }
  [[nodiscard]] const sett::address& key() const { return key_; }
  [[nodiscard]] const entity_environment& environment() const { return *env_; }

private:
  [[nodiscard]] std::string_view key_view() const {
    return {reinterpret_cast<const char*>(key_.bytes.data()), key_.bytes.size()};
  }

  static std::uint64_t work_of(const block_update& u, const chain_event& e) {
    const auto& tx = u.batch.transactions[e.transaction];
    return (std::hash<signature>{}(tx.signature) ^
            (static_cast<std::uint64_t>(e.path.outer) << 40 | static_cast<std::uint16_t>(e.path.inner) << 8 |
             e.payload.index())) |
           1U;
  }
  void begin_incomplete() {
    state_ = std::make_unique<state_type>(key_);
    state_->mark_incomplete(protocol::incompleteness::no_snapshot, slot_number{0});
    changed_ = true;
  }
  void seal(slot_number up_to) {
    const bool had_window = !state_->window_empty();
    const auto before = state_->window_begin();
    state_->seal(up_to);
    if (had_window && before <= up_to) changed_ = true;
  }
  void store() {
    storing_ = true;
    changed_ = false;
    const auto sealed = state_->base().sealed;
    caf::weak_actor_ptr self(ctrl());
    std::vector<ports::snapshot_store::entry> entries(1);
    entries[0].kind = to_text(Traits::kind);
    entries[0].id = key_view();
    entries[0].bytes = Traits::encode(key_, state_->base());
    env_->store->store_many(std::move(entries), [self, sealed](result<void> outcome) {
      if (auto alive = self.lock())
        caf::anon_send<caf::message_priority::high>(caf::actor_cast<caf::actor>(alive),
                                                    snapshot_stored{std::move(outcome), sealed});
    });
  }
  void stay() { send(env_->router, entity_stays{cell(), cell()->generation()}); }

  sett::address key_;
  std::shared_ptr<const entity_environment> env_;
  std::unique_ptr<state_type> state_;
  slot_number stored_;
  bool changed_{}; // the base differs from what is stored
  bool storing_{}, leaving_{};
};

} // namespace sett::routing
