#include "actors/routing/event_router_actor.hpp"

#include "actors/market/token_snapshot.hpp"
#include "actors/routing/list_rules.hpp"
#include "actors/supervision/restart_request.hpp"

#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace sett::routing {

namespace {

constexpr std::string_view tracked_kind = "tracked_wallet";
constexpr std::string_view since_kind = "tracked_since"; // a wallet's events behind this slot are seen
constexpr std::string_view cursor_kind = "cursor";
constexpr std::string_view cursor_id = "router", origin_id = "origin";
constexpr std::uint32_t mailbox_reserve = 16; // places left for questions
constexpr std::size_t actor_lines = 4;        // of an actor's object that a message to it touches

struct tick_due {};
struct pump_due {};
struct settle_due {};
constexpr auto pump_delay = std::chrono::milliseconds(2), step_delay = std::chrono::milliseconds(2),
               settle_delay = std::chrono::milliseconds(5);
struct restart_due {
  cell_ptr cell;
  std::uint32_t generation{};
};
struct tracking_stored {
  result<void> outcome;
  address wallet;
  std::string label;
  bool track{};
  slot_number since;
  caf::response_promise answer;
};
struct stored_token {
  result<std::optional<std::string>> value;
  mint_address mint;
  caf::response_promise answer;
};
struct collect_deadline {};

std::string_view view(const address& a) { return {reinterpret_cast<const char*>(a.bytes.data()), a.bytes.size()}; }
std::optional<address> to_address(std::string_view bytes) {
  address a;
  if (bytes.size() != a.bytes.size()) return std::nullopt;
  std::memcpy(a.bytes.data(), bytes.data(), bytes.size());
  return a;
}
std::string to_bytes(slot_number slot) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(slot.value >> shift & 0xff));
  return bytes;
}
/// 0 when it is no slot.
slot_number to_slot(std::string_view bytes) {
  slot_number slot;
  if (bytes.size() == 8)
    for (std::size_t i = 0; i < 8; ++i)
      slot.value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  return slot;
}
caf::error not_found(const char* what) { return caf::make_error(caf::sec::invalid_argument, what); }

/// Asks many entities for their summaries and keeps the best `limit`; answers when all have spoken or the time is over.
template <class Request, class Summary, class List>
class collector : public caf::event_based_actor {
public:
  collector(caf::actor_config& cfg, Request request, List list, std::vector<caf::actor> whom,
            caf::response_promise answer, std::int64_t within_ns)
      : caf::event_based_actor(cfg),
        request_(std::move(request)),
        list_(std::move(list)),
        whom_(std::move(whom)),
        answer_(std::move(answer)),
        within_ns_(within_ns) {}

  caf::behavior make_behavior() override {
    left_ = whom_.size();
    for (const auto& a : whom_) send(a, describe_entity{});
    whom_.clear();
    delayed_send(this, std::chrono::nanoseconds(within_ns_), collect_deadline{});
    if (left_ == 0) finish();
    return {
        [this](const Summary& s) {
          --left_;
          take(s);
          if (left_ == 0) finish();
        },
        [this](const caf::error&) {
          --left_;
          ++list_.unanswered;
          if (left_ == 0) finish();
        },
        [this](const collect_deadline&) {
          list_.unanswered += left_;
          finish();
        },
    };
  }

private:
  void take(const Summary& s) {
    if (!matches(request_, s)) return;
    if constexpr (requires { list_.matching; }) ++list_.matching;
    const auto order = [this](const auto& a, const auto& b) { return before(request_, a, b); };
    if (list_.rows.size() >= request_.limit) {
      if (request_.limit == 0 || !order(s, list_.rows.front())) return;
      std::pop_heap(list_.rows.begin(), list_.rows.end(), order);
      list_.rows.pop_back();
    }
    list_.rows.push_back(s);
    std::push_heap(list_.rows.begin(), list_.rows.end(), order);
  }
  void finish() {
    std::sort_heap(list_.rows.begin(), list_.rows.end(),
                   [this](const auto& a, const auto& b) { return before(request_, a, b); });
    answer_.deliver(std::move(list_));
    quit();
  }

  Request request_;
  List list_;
  std::vector<caf::actor> whom_;
  caf::response_promise answer_;
  std::int64_t within_ns_;
  std::size_t left_{};
};

} // namespace
} // namespace sett::routing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::tick_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::pump_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::settle_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::restart_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::tracking_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::stored_token)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::routing::collect_deadline)

namespace sett::routing {

namespace {

result<slot_number> load_slot(ports::snapshot_store& store, std::string_view id) {
  const auto value = store.load({cursor_kind, id});
  if (!value) return std::unexpected(value.error());
  return *value ? to_slot(**value) : slot_number{};
}

} // namespace

result<slot_number> load_cursor(ports::snapshot_store& store) { return load_slot(store, cursor_id); }
result<slot_number> load_origin(ports::snapshot_store& store) { return load_slot(store, origin_id); }

event_router_actor::event_router_actor(caf::actor_config& cfg, cell_ptr place,
                                       std::shared_ptr<supervision::registry> reg,
                                       std::shared_ptr<ports::snapshot_store> store, event_router_options options)
    : bounded_actor(cfg, std::move(place)),
      registry_(std::move(reg)),
      options_(std::move(options)),
      env_(std::make_shared<entity_environment>(entity_environment{std::move(store), {}})),
      token_directory_(registry_->directory(options_.token_directory, options_.key_format)),
      wallet_directory_(registry_->directory(options_.wallet_directory, options_.key_format)),
      rng_(ports::random(options_.seed).split("event-router")),
      table_(options_.limits, *this) {
  // The tracked set is small and read once, on the thread that spawns.
  for (const auto& t : options_.tracked_by_setting) tracked_[t.wallet] = {t.label, true};
  (void)env_->store->scan(tracked_kind, [this](std::string_view id, std::string_view label) {
    if (const auto wallet = to_address(id)) tracked_.try_emplace(*wallet, tracked{std::string(label), false});
    return tracked_.size() < options_.tracked_max;
  });
  std::vector<std::pair<mint_address, market::lp_pool>> pools;
  (void)env_->store->scan(market::lp_mint_kind, [&](std::string_view id, std::string_view bytes) {
    const auto lp_mint = to_address(id);
    if (const auto pool = market::decode_lp_pool(bytes); pool && lp_mint) pools.emplace_back(*lp_mint, *pool);
    return true;
  });
  std::sort(pools.begin(), pools.end(), [](const auto& a, const auto& b) {
    return a.second.learned != b.second.learned ? a.second.learned < b.second.learned : a.first < b.first;
  });
  for (const auto& [lp_mint, pool] : pools) lp_burns_.restore(lp_mint, pool);
  env_->missing->stored(options_.missing);
  std::unordered_map<sett::address, slot_number> since;
  (void)env_->store->scan(since_kind, [&](std::string_view id, std::string_view bytes) {
    if (const auto wallet = to_address(id)) since[*wallet] = to_slot(bytes);
    return true;
  });
  std::vector<ports::snapshot_store::entry> fresh;
  const auto cursor = load_cursor(*env_->store).value_or(slot_number{});
  first_cursor_ = cursor.value == 0;
  for (const auto& [wallet, how] : tracked_) {
    const auto known = since.find(wallet);
    env_->missing->tracked(wallet, known != since.end() ? known->second : cursor);
    if (known == since.end())
      fresh.push_back({std::string(since_kind), std::string(view(wallet)), to_bytes(cursor), false});
  }
  if (!fresh.empty()) env_->store->store_many(std::move(fresh), nullptr);
}

caf::behavior event_router_actor::make_behavior() {
  env_->router = caf::actor_cast<caf::actor>(this);
  if (options_.shard_of) own({options_.owned_now()});
  for (const auto& [wallet, how] : tracked_)
    table_.track(wallet, env_->missing->since(wallet), steady_time_ns{now_ns()});
  delayed_send(this, std::chrono::nanoseconds(options_.tick_ns), tick_due{});
  return {
      [this](const protocol::chain_update& m) {
        table_.update({with_burns(m.update), m.origin}, steady_time_ns{now_ns()});
        pump_soon();
      },
      [this](const pump_due&) {
        pump_set_ = false;
        table_.pump_lagging();
        pump_soon();
      },
      [this](const protocol::slot_rooted& m) { table_.rooted(m.slot); },
      [this](const protocol::slot_undone& m) { table_.undone(m.slot); },
      [this](const protocol::stream_health& m) {
        env_->missing->listed(m.stream, m.incomplete);
        table_.health(m);
        if (first_cursor_)
          store_cursor(); // a node that is killed soon goes on from its beginning, not from a later one
      },
      [this](const tick_due&) { tick(); },

      [this](const entity_ready& m) {
        const auto id = id_of(m.cell);
        if (id == no_entity || m.generation != m.cell->generation()) return;
        m.cell->state(protocol::actor_state::running);
        table_.ready(id, m.sealed);
        pump_soon();
      },
      [this](const entity_saved& m) {
        if (const auto id = id_of(m.cell); id != no_entity) table_.saved(id, m.sealed, m.stored);
      },
      [this](const entity_stays& m) {
        const auto id = id_of(m.cell);
        if (id != no_entity && m.generation == m.cell->generation()) table_.stays(id);
      },
      [this](const supervision::child_ended& m) { ended(m); },
      [this](const restart_due& m) {
        const auto id = id_of(m.cell);
        if (id != no_entity && m.generation == m.cell->generation()) table_.again(id);
      },

      [this](const protocol::router_status_request&) { return table_.status(); },
      [this](const protocol::settle_request&) {
        auto answer = make_response_promise();
        settling_.push_back(answer);
        if (settling_.size() == 1) settle();
        return answer;
      },
      [this](const settle_due&) { settle(); },
      [this](const supervision::restart_child& m) {
        const auto id = id_of(m.cell);
        if (id == no_entity) return false;
        table_.is_live(id) ? restart(id) : table_.revive(id);
        return true;
      },
      [this](const protocol::token_list_request& m) {
        auto answer = make_response_promise();
        protocol::token_list list;
        const auto status = table_.status();
        list.live = status.tokens_live;
        list.passivated = status.tokens_passivated;
        home_system().spawn<collector<protocol::token_list_request, protocol::token_summary, protocol::token_list>>(
            m, std::move(list), live(entity_kind::token), answer, options_.answer_within_ns);
        return answer;
      },
      [this](const protocol::token_show_request& m) {
        auto answer = make_response_promise();
        if (const auto id = table_.find(entity_kind::token, m.mint); id != no_entity && members_[id].actor) {
          answer.delegate(members_[id].actor, m);
          return answer;
        }
        caf::weak_actor_ptr self(ctrl());
        env_->store->load_async({to_text(entity_kind::token), view(m.mint)},
                                [self, mint = m.mint, answer](result<std::optional<std::string>> value) {
                                  if (auto alive = self.lock())
                                    caf::anon_send(caf::actor_cast<caf::actor>(alive),
                                                   stored_token{std::move(value), mint, answer});
                                });
        return answer;
      },
      [this](stored_token& m) {
        if (!m.value || !*m.value) {
          m.answer.deliver(
              not_found(m.value ? "this token was never seen here" : "the snapshot store cannot read this token"));
        } else if (auto base = market::decode_token(m.mint, **m.value)) {
          auto detail = market::token_state(m.mint, std::move(*base)).detail();
          detail.missing = env_->missing->of(detail.summary);
          say_missing(detail.summary, detail.missing);
          m.answer.deliver(std::move(detail));
        } else {
          m.answer.deliver(not_found("this token's snapshot is damaged"));
        }
      },
      [this](const protocol::token_quote_request& m) {
        auto answer = make_response_promise();
        if (const auto id = table_.find(entity_kind::token, m.mint); id != no_entity && members_[id].actor)
          answer.delegate(members_[id].actor, m);
        else
          answer.deliver(not_found("this token is not live"));
        return answer;
      },
      [this](const protocol::wallet_list_request& m) {
        auto answer = make_response_promise();
        for (const auto& [wallet, how] : tracked_)
          table_.track(wallet, env_->missing->since(wallet), steady_time_ns{now_ns()}); // wakes the passivated ones
        protocol::wallet_list list;
        list.tracked = static_cast<std::uint64_t>(std::count_if(tracked_.begin(), tracked_.end(), [&](const auto& w) {
          return table_.owns(entity_kind::wallet, w.first);
        }));
        home_system().spawn<collector<protocol::wallet_list_request, protocol::wallet_summary, protocol::wallet_list>>(
            m, std::move(list), live(entity_kind::wallet), answer, options_.answer_within_ns);
        return answer;
      },
      [this](const protocol::wallet_show_request& m) {
        auto answer = make_response_promise();
        if (tracked_.contains(m.wallet))
          table_.track(m.wallet, env_->missing->since(m.wallet), steady_time_ns{now_ns()});
        if (const auto id = table_.find(entity_kind::wallet, m.wallet); id != no_entity && members_[id].actor)
          answer.delegate(members_[id].actor, m);
        else
          answer.deliver(not_found("this wallet is not tracked"));
        return answer;
      },
      [this](const protocol::wallet_track_request& m) {
        auto answer = make_response_promise();
        change_tracking(m.wallet, m.label, true, answer);
        return answer;
      },
      [this](const owned_shards& m) { own(m); },
      [this](const protocol::wallet_untrack_request& m) {
        auto answer = make_response_promise();
        change_tracking(m.wallet, {}, false, answer);
        return answer;
      },
      [this](tracking_stored& m) {
        if (!m.outcome) {
          m.answer.deliver(caf::make_error(caf::sec::runtime_error,
                                           "the tracked set could not be stored: " + m.outcome.error().message));
          return;
        }
        protocol::wallet_tracked answer{m.wallet, false, 0};
        if (m.track) {
          answer.changed = tracked_.try_emplace(m.wallet, tracked{m.label, false}).second;
          if (answer.changed) env_->missing->tracked(m.wallet, m.since);
          table_.track(m.wallet, m.since, steady_time_ns{now_ns()});
        } else {
          answer.changed = tracked_.erase(m.wallet) != 0;
          env_->missing->untracked(m.wallet);
          if (const auto id = table_.find(entity_kind::wallet, m.wallet); id != no_entity)
            stop_entity(id, caf::exit_reason::user_shutdown);
          table_.untrack(m.wallet);
        }
        answer.tracked = tracked_.size();
        m.answer.deliver(answer);
      },
  };
}

bool event_router_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  // No entity outlives its router. They need no farewell: what is not stored is replayed.
  for (auto& m : members_)
    if (m.actor) supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(m.actor), caf::exit_reason::kill);
  members_.clear();
  env_->router = nullptr;
  return bounded_actor::cleanup(std::move(reason), host);
}

// --- effects of the table
// -----------------------------------------------------------------------------------------------------

void event_router_actor::start(entity_id id) {
  if (members_.size() <= id) members_.resize(id + 1);
  auto& m = members_[id];
  const auto token = table_.kind(id) == entity_kind::token;
  if (!m.cell)
    m.cell =
        registry_->add(token ? token_directory_ : wallet_directory_, view(table_.key(id)), options_.entity_mailbox);
  m.cell->tag(id);
  m.cell->supervisor(caf::weak_actor_ptr(ctrl()));
  m.asked_to_restart = false;
  m.actor = (token ? options_.make_token : options_.make_wallet)(home_system(), m.cell, table_.key(id), env_);
  m.cell->self(caf::weak_actor_ptr(caf::actor_cast<caf::strong_actor_ptr>(m.actor).get()));
}

bool event_router_actor::room(entity_id id) const {
  const auto& c = members_[id].cell;
  return c->depth() + mailbox_reserve < c->bound();
}

void event_router_actor::soon(entity_id id, bool near) const {
  if (id >= members_.size()) return;
  const auto& m = members_[id];
  if (!near) {
    __builtin_prefetch(&m);
    return;
  }
  if (!m.actor) return;
  // The cell's counters, the actor's reference count and the mailbox behind it.
  const auto* cell = reinterpret_cast<const char*>(m.cell.get());
  __builtin_prefetch(cell + 64, 1);
  const auto* block = reinterpret_cast<const char*>(caf::actor_cast<caf::actor_control_block*>(m.actor));
  for (std::size_t line = 0; line < actor_lines; ++line) __builtin_prefetch(block + line * 64, 1);
}

void event_router_actor::events(entity_id id, protocol::entity_events message) {
  // Without a sender: nobody answers, and its reference count would travel between the threads with every message.
  caf::actor_cast<caf::actor_control_block*>(members_[id].actor)
      ->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(caf::message_priority::normal), {},
                                          std::move(message)),
                context());
}
void event_router_actor::undo(entity_id id, slot_number slot) { send(members_[id].actor, protocol::slot_undone{slot}); }
void event_router_actor::save(entity_id id, slot_number sealed) { send(members_[id].actor, save_entity{sealed}); }
void event_router_actor::gap(entity_id id, slot_number since) { send(members_[id].actor, entity_gap{since}); }

void event_router_actor::passivate(entity_id id, slot_number sealed) {
  members_[id].cell->state(protocol::actor_state::stopping);
  send(members_[id].actor, passivate_entity{sealed});
}

void event_router_actor::restart(entity_id id) {
  members_[id].asked_to_restart = true;
  stop_entity(id, caf::exit_reason::kill);
}

void event_router_actor::stop_entity(entity_id id, caf::exit_reason why) {
  if (members_[id].actor)
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(members_[id].actor), why);
}

void event_router_actor::removed(entity_id id) {
  auto& m = members_[id];
  if (ending_ != nullptr && m.actor) ending_->push_back(m.actor);
  m.cell->state(protocol::actor_state::passivated);
  registry_->remove(m.cell);
  m = {};
}

// --- supervision
// --------------------------------------------------------------------------------------------------------------

void event_router_actor::own(const owned_shards& m) {
  if (!options_.shard_of) return;
  const auto before = std::exchange(owned_, m.owned);
  const auto in = [shard_of = options_.shard_of](const std::vector<bool>& set, entity_kind k, const sett::address& a) {
    const auto s = shard_of(k, a);
    return s < set.size() && set[s];
  };
  // What another node has now is ended without a farewell: the new owner goes on from the last snapshot it was sent.
  std::vector<caf::actor> gone;
  ending_ = &gone;
  table_.own([in, now = owned_](entity_kind k, const sett::address& a) { return in(*now, k, a); },
             [in, now = owned_, before](entity_kind k, const sett::address& a) {
               return in(*now, k, a) && !in(*before, k, a);
             },
             steady_time_ns{now_ns()});
  ending_ = nullptr;
  for (const auto& a : gone)
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
}

entity_id event_router_actor::id_of(const cell_ptr& cell) const {
  const auto id = cell->tag();
  return id < members_.size() && members_[id].cell == cell ? id : no_entity;
}

void event_router_actor::ended(const supervision::child_ended& note) {
  const auto id = id_of(note.cell);
  if (id == no_entity || note.generation != note.cell->generation()) return; // late, or no longer ours
  auto& m = members_[id];
  m.actor = nullptr;
  const bool failed =
      note.reason && note.reason != caf::exit_reason::normal && note.reason != caf::exit_reason::user_shutdown;
  if (!table_.ended(id, failed)) return;
  auto& again = members_[id];
  again.cell->restarted();
  again.cell->state(protocol::actor_state::restarting);
  if (!failed || again.asked_to_restart) {
    table_.again(id);
    return;
  }
  const auto decision =
      supervision::decide_restart(options_.restart, supervision::child_kind::permanent,
                                  supervision::failure_kind::crashed, again.history, steady_time_ns{now_ns()}, rng_);
  if (decision.action != supervision::directive::restart) {
    again.cell->state(protocol::actor_state::failed);
    table_.give_up(id);
  } else if (decision.delay_ns == 0) {
    table_.again(id);
  } else {
    delayed_send(this, std::chrono::nanoseconds(decision.delay_ns), restart_due{again.cell, again.cell->generation()});
  }
}

void event_router_actor::pump_soon() {
  if (pump_set_ || !table_.lagging()) return;
  pump_set_ = true;
  delayed_send(this, pump_delay, pump_due{});
}

void event_router_actor::tick() {
  if (!table_.tick(steady_time_ns{now_ns()})) {
    delayed_send(this, step_delay, tick_due{});
    return;
  }
  store_cursor();
  delayed_send(this, std::chrono::nanoseconds(options_.tick_ns), tick_due{});
}

block_update_ptr event_router_actor::with_burns(const block_update_ptr& update) {
  std::vector<market::lp_burns::learned_mint> learned;
  auto result = market::with_burns(lp_burns_, update, learned);
  if (learned.empty()) return result;
  std::vector<ports::snapshot_store::entry> entries;
  for (const auto& l : learned) {
    const auto* pool = lp_burns_.find(l.lp_mint);
    entries.push_back({std::string(market::lp_mint_kind), std::string(view(l.lp_mint)),
                       pool != nullptr ? market::encode_lp_pool(*pool) : std::string(), pool == nullptr});
  }
  env_->store->store_many(std::move(entries), nullptr);
  return result;
}

void event_router_actor::store_cursor() {
  if (table_.cursor() == stored_cursor_) return;
  stored_cursor_ = table_.cursor();
  std::vector<ports::snapshot_store::entry> entries(1);
  entries[0].kind = cursor_kind;
  entries[0].id = cursor_id;
  entries[0].bytes = to_bytes(stored_cursor_);
  if (std::exchange(first_cursor_, false))
    entries.push_back({std::string(cursor_kind), std::string(origin_id), to_bytes(stored_cursor_), false});
  env_->store->store_many(std::move(entries), nullptr); // an older cursor only means more replay
}

void event_router_actor::settle() {
  if (!table_.settle(steady_time_ns{now_ns()})) {
    delayed_send(this, settle_delay, settle_due{});
    return;
  }
  store_cursor();
  for (auto& answer : settling_) answer.deliver(protocol::settled{stored_cursor_});
  settling_.clear();
}

// --- questions
// ----------------------------------------------------------------------------------------------------------------

void event_router_actor::change_tracking(const sett::address& wallet, std::string label, bool track,
                                         caf::response_promise answer) {
  if (track && !tracked_.contains(wallet) && tracked_.size() >= options_.tracked_max) {
    answer.deliver(caf::make_error(caf::sec::invalid_argument, "as many wallets as allowed are tracked already"));
    return;
  }
  const auto since = table_.status().newest;
  std::vector<ports::snapshot_store::entry> entries;
  entries.push_back({std::string(tracked_kind), std::string(view(wallet)), label, !track});
  if (!track || !tracked_.contains(wallet))
    entries.push_back({std::string(since_kind), std::string(view(wallet)), to_bytes(since), !track});
  caf::weak_actor_ptr self(ctrl());
  env_->store->store_many(std::move(entries), [self, wallet, label, track, since, answer](result<void> outcome) {
    if (auto alive = self.lock())
      caf::anon_send(caf::actor_cast<caf::actor>(alive),
                     tracking_stored{std::move(outcome), wallet, label, track, since, answer});
  });
}

std::vector<caf::actor> event_router_actor::live(entity_kind kind) const {
  std::vector<caf::actor> result;
  table_.each(kind, [&](entity_id id) {
    if (members_[id].actor) result.push_back(members_[id].actor);
  });
  return result;
}

} // namespace sett::routing
