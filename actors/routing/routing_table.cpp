#include "actors/routing/routing_table.hpp"

#include "actors/market/token_state.hpp"
#include "messages/types/error.hpp"

#include <algorithm>
#include <utility>

namespace sett::routing {

namespace {

constexpr std::int64_t recency_ns = 1'000'000'000;
constexpr std::size_t entities_per_step = 64, steps_per_round_max = 500;
constexpr std::size_t recent_first = 4;              // places
constexpr std::int64_t settle_retry_ns = 50'000'000; // an entity that was storing already is asked again
constexpr std::size_t prefetch_ahead = 6; // entities: about the latency of memory at 50 to 100 ns of work each

/// The wallets an event may concern, at most three: signer, sender, receiver.
template <class Visit>
void each_wallet(const event_batch& batch, const chain_event& e, Visit visit) {
  if (const auto* t = std::get_if<event::trade>(&e.payload)) {
    visit(t->trader);
  } else if (const auto* x = std::get_if<event::transfer>(&e.payload)) {
    visit(x->from);
    if (x->to != x->from) visit(x->to);
  } else if (std::holds_alternative<event::failed>(e.payload)) {
    visit(batch.transactions[e.transaction].fee_payer);
  }
}

std::uint64_t bytes_of(const block_update& u) {
  return sizeof(block_update) + u.batch.events.capacity() * sizeof(chain_event) +
         u.batch.transactions.capacity() * sizeof(event_transaction) + u.batch.text.capacity();
}

} // namespace

routing_table::routing_table(routing_limits limits, entity_sink& sink) : limits_(limits), sink_(sink) {
  SETT_ASSERT(limits_.window_slots < market::token_state::window_slots_max &&
              limits_.replay_slots > limits_.window_slots);
}

// --- the stream
// ---------------------------------------------------------------------------------------------------------------

void routing_table::update(const protocol::chain_update& u, steady_time_ns now) {
  const auto& batch = u.update->batch;
  ++counts_.updates;
  counts_.events += batch.events.size();
  newest_ = std::max(newest_, u.update->slot);
  move_sealed();

  held h;
  h.received = u.origin.received_steady;
  h.slot = u.update->slot;
  scratch_.clear();
  const auto concerns = [&](entity_kind kind, const address& key, std::uint32_t position) {
    if (!owns(kind, key)) return;
    const auto id = find_or_create(kind, key, now);
    if (id != no_entity)
      scratch_.push_back(static_cast<std::uint64_t>(id) << 32U | position);
    else
      ++counts_.shed;
  };
  for (std::uint32_t i = 0; i < batch.events.size(); ++i) {
    const auto& e = batch.events[i];
    const auto mints = market::mints_of(e.payload);
    h.swaps += std::holds_alternative<event::swap>(e.payload) ? 1 : 0;
    h.trades += std::holds_alternative<event::trade>(e.payload) ? 1 : 0;
    for (std::size_t m = 0; m < mints.count; ++m) concerns(entity_kind::token, *mints.mints[m], i);
    if (!wallets_.empty())
      each_wallet(batch, e, [&](const address& w) {
        if (follows(w, h.slot)) concerns(entity_kind::wallet, w, i);
      });
  }
  counts_.token_swaps += h.swaps;
  counts_.token_trades += h.trades;
  std::sort(scratch_.begin(), scratch_.end());
  auto shared = std::make_shared<shared_update>();
  shared->update = u.update;
  shared->positions.reserve(scratch_.size());
  h.entities.reserve(scratch_.size());
  const auto id_at = [this](std::size_t i) { return static_cast<entity_id>(scratch_[i] >> 32U); };
  for (std::size_t i = 0; i < scratch_.size();) {
    if (i + prefetch_ahead < scratch_.size()) __builtin_prefetch(&entities_[id_at(i + prefetch_ahead)], 1);
    const auto id = id_at(i);
    const auto begin = i;
    while (i < scratch_.size() && id_at(i) == id) ++i;
    if (entities_[id].now == phase::given_up) {
      counts_.shed += i - begin;
      continue;
    }
    touch(id, now);
    h.entities.push_back(
        {id, static_cast<std::uint32_t>(shared->positions.size()), static_cast<std::uint32_t>(i - begin)});
    for (auto k = begin; k < i; ++k) shared->positions.push_back(static_cast<std::uint32_t>(scratch_[k]));
  }
  h.shared = std::move(shared);
  h.update = block_update_ptr(h.shared, h.shared->update.get());
  h.bytes = bytes_of(*u.update) + h.shared->positions.capacity() * 4 + h.entities.capacity() * sizeof(touched);
  replay_bytes_ += h.bytes;
  const auto sequence = first_sequence_ + replay_.size();
  replay_.push_back(std::move(h));
  const auto& now_held = replay_.back();
  const auto& entities = now_held.entities;
  SETT_ASSERT(entities.size() <= place::at_max && sequence <= place::sequence_max);
  for (std::size_t at = 0; at < entities.size(); ++at) {
    if (at + 2 * prefetch_ahead < entities.size()) sink_.soon(entities[at + 2 * prefetch_ahead].id, false);
    if (at + prefetch_ahead < entities.size()) sink_.soon(entities[at + prefetch_ahead].id, true);
    const auto id = entities[at].id;
    auto& e = entities_[id];
    if (e.recent.size() == e.recent.capacity()) trim(e); // before it grows
    if (e.recent.capacity() == 0) e.recent.reserve(recent_first);
    e.recent.emplace_back(sequence, at);
    mark_dirty(id);
    if (e.now == phase::live && e.next + 1 == e.recent.size() && now_held.slot > sealed_ && sink_.room(id)) {
      const bool replayed = e.next++ < e.replay; // nothing else waits for it: no need to look back
      deliver(id, now_held, at, sealed_, replayed);
    } else {
      pump(id);
    }
  }
  evict();
}

void routing_table::rooted(slot_number slot) {
  rooted_ = std::max(rooted_, slot);
  move_sealed();
}

void routing_table::health(const protocol::stream_health& h) {
  auto& to = complete_to_[h.stream];
  to = std::max(to, h.complete_to);
  // Nothing at or below the stream's beginning was ever promised: a restart need not go back behind it.
  if (cursor_.value == 0) cursor_ = h.complete_from;
  move_sealed();
}

void routing_table::move_sealed() {
  // Streams of one commitment are merged upstream: what the best of them holds, all consumers have.
  auto target = rooted_;
  if (!complete_to_.empty()) {
    slot_number best;
    for (const auto& [stream, to] : complete_to_) best = std::max(best, to);
    target = std::min(target, best);
  }
  if (newest_.value > limits_.window_slots)
    target = std::max(target, slot_number{newest_.value - limits_.window_slots});
  sealed_ = std::max(sealed_, target);
}

void routing_table::undone(slot_number slot) {
  if (slot <= sealed_) return; // final: nothing here can be undone any more
  std::vector<entity_id> told;
  for (auto& h : replay_) {
    if (h.slot != slot || !h.update) continue;
    counts_.token_swaps -= h.swaps;
    counts_.token_trades -= h.trades;
    h.update.reset();
    h.shared.reset();
    for (const auto& t : h.entities) told.push_back(t.id);
  }
  if (told.empty()) return;
  ++counts_.undone_slots;
  std::sort(told.begin(), told.end());
  told.erase(std::unique(told.begin(), told.end()), told.end());
  for (const auto id : told) {
    if (entities_[id].now != phase::live) continue; // what it will be given no longer holds the slot
    if (sink_.room(id))
      sink_.undo(id, slot);
    else
      sink_.restart(id); // there is no place for the message: its state is built anew without the slot
  }
}

void routing_table::evict() {
  while (!replay_.empty() &&
         (replay_bytes_ > limits_.replay_bytes || replay_.front().slot.value + limits_.replay_slots < newest_.value)) {
    auto& h = replay_.front();
    if (h.update)
      for (const auto& t : h.entities) {
        auto& e = entities_[t.id];
        if (e.now != phase::unused && e.created <= first_sequence_ && h.slot > e.saved_sealed)
          e.lost = std::max(e.lost, h.slot);
      }
    replay_bytes_ -= h.bytes;
    replay_.pop_front();
    ++first_sequence_;
  }
}

const routing_table::held* routing_table::at(std::uint64_t sequence) const {
  if (sequence < first_sequence_ || sequence - first_sequence_ >= replay_.size()) return nullptr;
  return &replay_[sequence - first_sequence_];
}

// --- entities
// -----------------------------------------------------------------------------------------------------------------

entity_id routing_table::find_or_create(entity_kind kind, const address& key, steady_time_ns now) {
  const auto id = find(kind, key);
  if (id != no_entity) return id;
  return make_room(now) ? create(kind, key, now) : no_entity;
}

void routing_table::touch(entity_id id, steady_time_ns now) {
  auto& e = entities_[id];
  // Recency to a second is enough and spares busy entities the walk through three list neighbours.
  if (now.value - e.touched_ns < recency_ns) return;
  e.touched_ns = now.value;
  unlink(id);
  link_newest(id);
}

entity_id routing_table::create(entity_kind kind, const address& key, steady_time_ns now) {
  entity_id id;
  if (free_.empty()) {
    id = static_cast<entity_id>(entities_.size());
    entities_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  auto& e = entities_[id];
  e = entity{};
  e.key = key;
  e.kind = kind;
  e.now = phase::starting;
  e.created = first_sequence_ + replay_.size();
  e.touched_ns = now.value;
  if (kind == entity_kind::token)
    tokens_[key] = id;
  else
    wallets_[key] = id;
  link_newest(id);
  ++counts_.activated;
  sink_.start(id);
  return id;
}

std::vector<entity_id> routing_table::own(owned_test owned, const owned_test& gained, steady_time_ns now) {
  owned_ = std::move(owned);
  std::vector<entity_id> gone;
  if (owned_)
    for (auto id = newest_entity_; id != no_entity; id = entities_[id].older)
      if (!owned_(entities_[id].kind, entities_[id].key)) gone.push_back(id);
  for (const auto id : gone) remove(id);
  if (!gained) return gone;
  for (std::size_t i = 0; i < replay_.size(); ++i) take_over(replay_[i], first_sequence_ + i, gained, now);
  for (auto& [wallet, id] : wallets_)
    if (id == no_entity && gained(entity_kind::wallet, wallet) && make_room(now))
      create(entity_kind::wallet, wallet, now);
  return gone;
}

/// The update's events of gained entities, as if it had just come; behind those of the entities it has already.
void routing_table::take_over(held& h, std::uint64_t sequence, const owned_test& gained, steady_time_ns now) {
  if (!h.update) return;
  const auto& batch = h.update->batch;
  scratch_.clear();
  const auto concerns = [&](entity_kind kind, const address& key, std::uint32_t position) {
    if (!gained(kind, key)) return;
    const bool is_new = find(kind, key) == no_entity;
    const auto id = find_or_create(kind, key, now);
    if (id == no_entity) {
      ++counts_.shed;
      return;
    }
    if (is_new) {
      auto& e = entities_[id];
      e.created = first_sequence_;
      // Whoever had it stored it every few seconds; only what left this replay before that is missing.
      if (first_sequence_ > 1 && replay_.front().slot.value > 0) e.lost = slot_number{replay_.front().slot.value - 1};
      e.gained = true;
    }
    scratch_.push_back(static_cast<std::uint64_t>(id) << 32U | position);
  };
  for (std::uint32_t i = 0; i < batch.events.size(); ++i) {
    const auto& e = batch.events[i];
    const auto mints = market::mints_of(e.payload);
    for (std::size_t m = 0; m < mints.count; ++m) concerns(entity_kind::token, *mints.mints[m], i);
    if (!wallets_.empty())
      each_wallet(batch, e, [&](const address& w) {
        if (follows(w, h.slot)) concerns(entity_kind::wallet, w, i);
      });
  }
  if (scratch_.empty()) return;
  std::sort(scratch_.begin(), scratch_.end());
  auto shared = std::make_shared<shared_update>(*h.shared); // messages under way hold the old one
  for (std::size_t i = 0; i < scratch_.size();) {
    const auto id = static_cast<entity_id>(scratch_[i] >> 32U);
    const auto begin = i;
    const auto first = static_cast<std::uint32_t>(shared->positions.size());
    for (; i < scratch_.size() && static_cast<entity_id>(scratch_[i] >> 32U) == id; ++i)
      shared->positions.push_back(static_cast<std::uint32_t>(scratch_[i]));
    h.entities.push_back({id, first, static_cast<std::uint32_t>(i - begin)});
    entities_[id].recent.emplace_back(sequence, h.entities.size() - 1);
    mark_dirty(id);
  }
  h.shared = std::move(shared);
  h.update = block_update_ptr(h.shared, h.shared->update.get());
}

bool routing_table::make_room(steady_time_ns) {
  const auto live = entities_.size() - free_.size();
  if (live < limits_.live_max) return true;
  // Ask the longest idle ones to leave; until they have, newcomers are shed.
  std::size_t looked = 0;
  for (auto id = oldest_; id != no_entity && looked < 16; id = entities_[id].newer, ++looked) {
    auto& e = entities_[id];
    if (e.now != phase::live) continue;
    trim(e);
    if (!e.recent.empty()) continue;
    e.now = phase::passivating;
    sink_.passivate(id, sealed_);
  }
  return false;
}

void routing_table::remove(entity_id id) {
  auto& e = entities_[id];
  unlink(id);
  if (e.kind == entity_kind::token)
    tokens_.erase(e.key);
  else if (const auto i = wallets_.find(e.key); i != wallets_.end())
    i->second = no_entity; // still tracked
  sink_.removed(id);
  const bool dirty = e.dirty;
  e = entity{};
  e.dirty = dirty; // its place in dirty_ stays until the next tick
  if (!dirty) free_.push_back(id);
}

void routing_table::link_newest(entity_id id) {
  auto& e = entities_[id];
  e.older = newest_entity_;
  e.newer = no_entity;
  if (newest_entity_ != no_entity) entities_[newest_entity_].newer = id;
  newest_entity_ = id;
  if (oldest_ == no_entity) oldest_ = id;
}

void routing_table::unlink(entity_id id) {
  auto& e = entities_[id];
  (e.older == no_entity ? oldest_ : entities_[e.older].newer) = e.newer;
  (e.newer == no_entity ? newest_entity_ : entities_[e.newer].older) = e.older;
  e.older = e.newer = no_entity;
}

void routing_table::mark_dirty(entity_id id) {
  auto& e = entities_[id];
  if (e.dirty) return;
  e.dirty = true;
  dirty_.push_back(id);
}

/// Forgets the updates at the front that are stored, undone or gone.
void routing_table::trim(entity& e) const {
  std::size_t n = 0;
  while (n < e.recent.size()) {
    const auto* h = at(e.recent[n].sequence);
    if (h != nullptr && h->update && h->slot > e.saved_sealed) break;
    const bool unsent = n >= e.next && e.now == phase::live;
    if (unsent && h != nullptr && h->update) break;
    if (unsent && h == nullptr) e.missed = true;
    ++n;
  }
  if (n == 0) return;
  e.recent.erase(e.recent.begin(), e.recent.begin() + static_cast<std::ptrdiff_t>(n));
  e.next = e.next > n ? e.next - static_cast<std::uint32_t>(n) : 0;
  e.replay = e.replay > n ? e.replay - static_cast<std::uint32_t>(n) : 0;
  if (e.recent.empty())
    std::vector<place>().swap(e.recent);
  else if (e.recent.capacity() > 4 * std::max(e.recent.size(), recent_first))
    e.recent.shrink_to_fit();
}

void routing_table::pump(entity_id id) {
  auto& e = entities_[id];
  if (e.now != phase::live || e.next >= e.recent.size()) return;
  // Nothing may be sealed past what is still on its way: a replay holds slots that are final by now.
  auto sealed = sealed_;
  for (std::size_t i = e.next; i < e.recent.size(); ++i)
    if (const auto* h = at(e.recent[i].sequence); h != nullptr && h->update && h->slot <= sealed)
      sealed.value = h->slot.value - 1;
  for (; e.next < e.recent.size(); ++e.next) {
    const auto* h = at(e.recent[e.next].sequence);
    if (h == nullptr) e.missed = true;
    if (h == nullptr || !h->update) continue;
    if (!sink_.room(id)) {
      if (!e.lagging) {
        e.lagging = true;
        lagging_.push_back(id);
      }
      return;
    }
    if (std::exchange(e.missed, false)) sink_.gap(id, slot_number{e.saved_sealed.value + 1});
    deliver(id, *h, e.recent[e.next].at, sealed, e.next < e.replay);
  }
}

void routing_table::deliver(entity_id id, const held& h, std::size_t at, slot_number sealed, bool replayed) {
  const auto& t = h.entities[at];
  SETT_ASSERT(t.id == id);
  protocol::entity_events m;
  m.update = h.update;
  m.positions = std::span(h.shared->positions).subspan(t.begin, t.count);
  m.received = h.received;
  m.sealed = sealed;
  m.replayed = replayed;
  ++counts_.routed;
  sink_.events(id, std::move(m));
}

void routing_table::pump_lagging() {
  const auto waiting = std::exchange(lagging_, {});
  for (const auto id : waiting) {
    entities_[id].lagging = false; // an id used anew is pumped once in vain
    pump(id);
  }
}

void routing_table::ready(entity_id id, slot_number snapshot_sealed) {
  auto& e = entities_[id];
  if (e.now != phase::starting) return; // late
  // What was stored once and is not in the snapshot it found is lost, as is what left the replay unsaved.
  // A gained entity without a snapshot is younger than a save interval: the replay has all of it.
  const bool young = e.gained && snapshot_sealed.value == 0;
  if (!young && (e.stored > snapshot_sealed || e.lost > std::max(snapshot_sealed, e.saved_sealed)))
    sink_.gap(id, slot_number{snapshot_sealed.value + 1});
  e.stored = snapshot_sealed;
  e.saved_sealed = std::max(e.saved_sealed, snapshot_sealed);
  e.now = phase::live;
  e.next = 0;
  pump(id);
}

void routing_table::saved(entity_id id, slot_number sealed, slot_number stored) {
  auto& e = entities_[id];
  e.stored = std::max(e.stored, stored);
  e.saved_sealed = std::max(e.saved_sealed, sealed);
  if (e.lost <= e.saved_sealed) e.lost = {};
}

void routing_table::stays(entity_id id) {
  auto& e = entities_[id];
  if (e.now != phase::passivating) return;
  e.now = phase::live;
  pump(id);
}

bool routing_table::ended(entity_id id, bool failed) {
  auto& e = entities_[id];
  if (e.now == phase::passivating && !failed) {
    ++counts_.passivations;
    if (e.recent.empty()) {
      if (e.kind == entity_kind::token) ++counts_.tokens_passivated;
      remove(id);
      return false;
    }
  } else {
    ++counts_.restarts;
  }
  e.replay = std::max(e.replay, e.next);
  e.now = phase::down;
  return true;
}

void routing_table::again(entity_id id) {
  auto& e = entities_[id];
  if (e.now != phase::down) return;
  e.now = phase::starting;
  sink_.start(id);
}

void routing_table::give_up(entity_id id) {
  auto& e = entities_[id];
  e.now = phase::given_up;
  e.lost = newest_;
  e.recent.clear();
  e.next = 0;
  ++counts_.given_up;
}

void routing_table::revive(entity_id id) {
  auto& e = entities_[id];
  if (e.now != phase::given_up) return;
  --counts_.given_up;
  e.lost = std::max(e.lost, newest_); // it was shed events up to here
  e.now = phase::starting;
  sink_.start(id);
}

// --- time
// ---------------------------------------------------------------------------------------------------------------------

bool routing_table::tick(steady_time_ns now) {
  if (!round_.running) round_ = {.running = true, .sealed = sealed_};
  auto left_here = std::max(entities_per_step, dirty_.size() / steps_per_round_max);
  for (; left_here > 0 && round_.at < dirty_.size(); --left_here) {
    const auto id = dirty_[round_.at++];
    auto& e = entities_[id];
    if (e.now == phase::unused) { // removed meanwhile
      e.dirty = false;
      free_.push_back(id);
      continue;
    }
    trim(e);
    pump(id);
    if (e.recent.empty()) {
      e.dirty = false;
      continue;
    }
    dirty_[round_.kept++] = id;
    for (const auto s : e.recent)
      if (const auto* h = at(s.sequence); h != nullptr && h->update && h->slot > e.saved_sealed)
        round_.unsaved = std::min(round_.unsaved, h->slot);
    if (e.now == phase::live && now.value - e.save_asked_ns >= limits_.save_interval_ns &&
        round_.saves < limits_.saves_per_tick && e.next >= e.recent.size() && sink_.room(id)) {
      e.save_asked_ns = now.value;
      ++round_.saves;
      sink_.save(id, sealed_);
    }
  }
  if (round_.at < dirty_.size()) return false;
  dirty_.resize(round_.kept);
  // What came to an entity after the round had passed it is above the sealed slot of the round's beginning.
  cursor_ = std::max(cursor_, std::min(round_.sealed, slot_number{round_.unsaved.value - 1}));
  round_ = {};

  std::uint32_t left = limits_.passivations_per_tick;
  for (auto id = oldest_; id != no_entity && left > 0; --left) {
    auto& e = entities_[id];
    if (now.value - e.touched_ns < limits_.idle_ns) break;
    const auto next = e.newer;
    if (e.now == phase::live && e.recent.empty() && sink_.room(id)) {
      e.now = phase::passivating;
      sink_.passivate(id, sealed_);
    }
    id = next;
  }
  return true;
}

bool routing_table::settle(steady_time_ns now) {
  bool all = true;
  for (const auto id : dirty_) { // amid a round some stand there twice: no harm
    auto& e = entities_[id];
    if (e.now == phase::unused || e.now == phase::given_up) continue;
    trim(e);
    const bool unsaved = std::any_of(e.recent.begin(), e.recent.end(), [&](const place& p) {
      const auto* h = at(p.sequence);
      return h != nullptr && h->update && h->slot > e.saved_sealed && h->slot <= sealed_;
    });
    if (!unsaved) continue;
    all = false;
    pump(id);
    if (e.now != phase::live || e.next < e.recent.size() || !sink_.room(id)) continue;
    if (now.value - e.save_asked_ns < settle_retry_ns) continue;
    e.save_asked_ns = now.value;
    sink_.save(id, sealed_);
  }
  if (!all) return false;
  for (int rounds = 0; rounds < 2; ++rounds) // the one under way began with an older view
    while (!tick(now)) continue;
  return true;
}

// --- wallets and questions
// ----------------------------------------------------------------------------------------------------

bool routing_table::follows(const address& wallet, slot_number slot) const {
  const auto since = since_.find(wallet);
  return since != since_.end() && slot > since->second;
}

bool routing_table::track(const address& wallet, slot_number since, steady_time_ns now) {
  const auto [i, fresh] = wallets_.try_emplace(wallet, no_entity);
  since_.try_emplace(wallet, since);
  if (!owns(entity_kind::wallet, wallet)) return fresh;
  if (i->second == no_entity && (entities_.size() - free_.size() < limits_.live_max))
    create(entity_kind::wallet, wallet, now);
  return fresh;
}

bool routing_table::untrack(const address& wallet) {
  const auto i = wallets_.find(wallet);
  if (i == wallets_.end()) return false;
  const auto id = i->second;
  if (id != no_entity) remove(id);
  wallets_.erase(wallet);
  since_.erase(wallet);
  return true;
}

entity_id routing_table::find(entity_kind kind, const address& key) const {
  if (kind == entity_kind::token) {
    const auto i = tokens_.find(key);
    return i == tokens_.end() ? no_entity : i->second;
  }
  const auto i = wallets_.find(key);
  return i == wallets_.end() ? no_entity : i->second;
}

void routing_table::each(entity_kind kind, const std::function<void(entity_id)>& visit) const {
  for (auto id = newest_entity_; id != no_entity; id = entities_[id].older)
    if (entities_[id].kind == kind) visit(id);
}

protocol::router_status routing_table::status() const {
  auto s = counts_;
  s.tokens_live = tokens_.size();
  s.wallets_tracked = wallets_.size();
  s.wallets_live = static_cast<std::uint64_t>(
      std::count_if(wallets_.begin(), wallets_.end(), [](const auto& w) { return w.second != no_entity; }));
  s.replay_updates = replay_.size();
  s.replay_bytes = replay_bytes_;
  s.replay_from = replay_.empty() ? newest_ : replay_.front().slot;
  s.dirty = dirty_.size() - (round_.at - round_.kept);
  s.newest = newest_;
  s.rooted = rooted_;
  s.sealed = sealed_;
  s.cursor = cursor_;
  return s;
}

} // namespace sett::routing
