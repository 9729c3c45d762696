// Who gets which events, and what must be kept so that an entity can come back exactly. Pure; its effects go through
// entity_sink.
//
//   update   events are grouped by mint and tracked wallet; an entity without an actor is started
//   replay   updates are held (bounded by slots and bytes) with the list of entities each one touched; an entity that
//   starts, or
//            whose mailbox was full, gets from there what it lacks, in order: nothing is sent to it by any other way
//   undo     a dead slot's updates are dropped from the replay and every entity they touched is told
//   save     an entity with unsaved events is dirty and asked to store itself every save_interval; what is stored needs
//   no replay passivate an idle entity without unsaved events may end; its next event starts it from its snapshot
//   cursor   everything up to it is in snapshots: where ingest resumes after a restart of the node
//
// `sealed` is the slot up to which nothing can change: min(root, what ingest calls complete), at most window_slots
// behind the newest slot, never falling. Not thread-safe; the event router actor owns it. Cost: O(1) per event and
// touched entity.
#pragma once

#include "actors/routing/entity_kind.hpp"
#include "messages/protocol/chain_stream.hpp"
#include "messages/protocol/router.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace sett::routing {

struct routing_limits {
  std::uint32_t live_max{200'000};
  std::int64_t idle_ns{600'000'000'000};
  std::int64_t save_interval_ns{2'000'000'000};
  std::uint32_t saves_per_tick{5'000};
  std::uint32_t passivations_per_tick{1'000};
  /// At least what ingest fetches back, and what is not final yet: a slot that comes late is not sealed before. Below
  /// token_state::window_slots_max.
  std::uint32_t window_slots{1100};
  std::uint32_t replay_slots{1300}; // more than window_slots
  std::uint64_t replay_bytes{256U << 20U};
};

using entity_id = std::uint32_t;
inline constexpr entity_id no_entity = 0xffffffff;

class entity_sink {
public:
  virtual ~entity_sink() = default;
  /// Start the entity's actor; ready() follows.
  virtual void start(entity_id id) = 0;
  /// Its mailbox has a place.
  [[nodiscard]] virtual bool room(entity_id id) const = 0;
  /// It may get a message in a moment: what that takes may be fetched from memory. near: in some hundred nanoseconds.
  virtual void soon(entity_id /*id*/, bool /*near*/) const {}
  virtual void events(entity_id id, protocol::entity_events message) = 0;
  virtual void undo(entity_id id, slot_number slot) = 0;
  virtual void save(entity_id id, slot_number sealed) = 0;
  virtual void passivate(entity_id id, slot_number sealed) = 0;
  virtual void gap(entity_id id, slot_number since) = 0;
  /// End it at once; ended() follows, then it is started again.
  virtual void restart(entity_id id) = 0;
  /// The entity is gone: its id may be used anew.
  virtual void removed(entity_id id) = 0;
};

class routing_table {
public:
  routing_table(routing_limits limits, entity_sink& sink);

  void update(const protocol::chain_update& u, steady_time_ns now);
  void rooted(slot_number slot);
  void undone(slot_number slot);
  void health(const protocol::stream_health& h);
  /// Saves and passivates what is due, in steps: a round over many entities in one go would hold up the events behind
  /// it. True: the round is over, the next call begins another. False: call again in a few milliseconds.
  [[nodiscard]] bool tick(steady_time_ns now);
  /// Asks every entity with something final that is not stored to store it, without regard to save_interval. True: none
  /// is left, and cursor() says so; false: call again in a few milliseconds.
  [[nodiscard]] bool settle(steady_time_ns now);
  /// Entities whose mailbox was full wait for the rest of their events: call pump_lagging() soon.
  [[nodiscard]] bool lagging() const { return !lagging_.empty(); }
  void pump_lagging();

  void ready(entity_id id, slot_number snapshot_sealed);
  /// Nothing up to `sealed` is missing in the snapshot, whose own place is `stored`.
  void saved(entity_id id, slot_number sealed, slot_number stored);
  void stays(entity_id id);
  /// Its actor ended. True: it must be started again (by calling again()).
  [[nodiscard]] bool ended(entity_id id, bool failed);
  void again(entity_id id);
  /// It failed too often: stays down, its events are shed, until revive().
  void give_up(entity_id id);
  void revive(entity_id id);

  // --- a part of all entities: those whose events go to another node are left alone
  using owned_test = std::function<bool(entity_kind, const address&)>;
  /// From now on only these; those that are not owned any more are removed, and their ids returned for the caller to
  /// end their actors. Empty: all. `gained`: which ones are new; they get from the replay what their snapshot lacks,
  /// with a gap when neither reaches back to the other.
  std::vector<entity_id> own(owned_test owned, const owned_test& gained, steady_time_ns now);
  [[nodiscard]] bool owns(entity_kind kind, const address& key) const { return !owned_ || owned_(kind, key); }

  /// Wallets get events only while tracked, and only of slots behind `since`. track() starts the actor when it is new;
  /// false: tracked already, since then.
  bool track(const address& wallet, slot_number since, steady_time_ns now);
  /// Forgets the wallet; the caller ends its actor. False: not tracked.
  bool untrack(const address& wallet);
  /// The entity, started when it has none (for a wallet that is asked for).
  [[nodiscard]] entity_id find(entity_kind kind, const address& key) const;

  [[nodiscard]] const address& key(entity_id id) const { return entities_[id].key; }
  [[nodiscard]] entity_kind kind(entity_id id) const { return entities_[id].kind; }
  [[nodiscard]] bool is_live(entity_id id) const { return entities_[id].now == phase::live; }
  /// Every entity of a kind that has an actor.
  void each(entity_kind kind, const std::function<void(entity_id)>& visit) const;
  [[nodiscard]] protocol::router_status status() const;
  [[nodiscard]] slot_number cursor() const { return cursor_; }

private:
  enum class phase : std::uint8_t { unused, starting, live, passivating, down, given_up };
  /// An update that touched an entity, and the entity's place in held::entities.
  struct place {
    place(std::uint64_t s, std::size_t a) : sequence(s & sequence_max), at(a & at_max) {}
    static constexpr std::uint64_t sequence_max = (1ULL << 40U) - 1; // seven years of 5,000 updates per second
    static constexpr std::uint64_t at_max = (1ULL << 24U) - 1;
    std::uint64_t sequence : 40;
    std::uint64_t at : 24;
  };
  struct alignas(64) entity { // what each event reads comes first: with 100,000 of them no line is in a cache
    phase now{phase::unused};
    entity_kind kind{entity_kind::token};
    bool dirty{};                                 // listed in dirty_
    bool lagging{};                               // listed in lagging_
    bool gained{};                                // it was another node's before
    bool missed{};                                // an update left the replay before there was room to send it
    std::uint32_t replay{};                       // how many of recent were sent to an earlier actor
    std::uint32_t next{};                         // index into recent of the first update not sent
    entity_id older{no_entity}, newer{no_entity}; // by last event
    std::int64_t touched_ns{};
    std::vector<place> recent; // the updates that touched it and are not stored
    slot_number saved_sealed;
    std::uint64_t created{}; // sequence of the update that made it
    std::int64_t save_asked_ns{};
    slot_number stored, lost; // lost: the newest slot whose update left the replay unsaved
    address key;
  };
  struct touched {
    entity_id id;
    std::uint32_t begin, count;
  };
  /// Shared by the update's messages: one allocation and one count for both.
  struct shared_update {
    block_update_ptr update;
    std::vector<std::uint32_t> positions;
  };
  struct held {
    block_update_ptr update; // lives in `shared`; both empty: undone
    std::shared_ptr<const shared_update> shared;
    steady_time_ns received;
    slot_number slot;
    std::uint64_t bytes{};
    std::uint32_t swaps{}, trades{};
    std::vector<touched> entities; // by id
  };

  entity_id find_or_create(entity_kind kind, const address& key, steady_time_ns now);
  void touch(entity_id id, steady_time_ns now);
  entity_id create(entity_kind kind, const address& key, steady_time_ns now);
  bool make_room(steady_time_ns now);
  void remove(entity_id id);
  void link_newest(entity_id id);
  void unlink(entity_id id);
  void mark_dirty(entity_id id);
  void trim(entity& e) const;
  void pump(entity_id id);
  void deliver(entity_id id, const held& h, std::size_t at, slot_number sealed, bool replayed);
  void evict();
  void take_over(held& h, std::uint64_t sequence, const owned_test& gained, steady_time_ns now);
  void move_sealed();
  [[nodiscard]] bool follows(const address& wallet, slot_number slot) const;
  [[nodiscard]] const held* at(std::uint64_t sequence) const;

  routing_limits limits_;
  owned_test owned_;
  entity_sink& sink_;
  std::vector<entity> entities_;
  std::vector<entity_id> free_;
  boost::unordered_flat_map<address, entity_id, std::hash<address>> tokens_;
  std::unordered_map<address, entity_id> wallets_;
  std::unordered_map<address, slot_number> since_; // of the tracked ones
  entity_id oldest_{no_entity}, newest_entity_{no_entity};
  std::vector<entity_id> dirty_, lagging_;
  /// The round of tick() that is under way: dirty_[0, kept) stay, [kept, at) are done with, the rest is to come.
  struct round {
    bool running{};
    std::size_t at{}, kept{};
    std::uint32_t saves{};
    slot_number sealed, unsaved{UINT64_MAX};
  };
  round round_;
  std::deque<held> replay_;
  std::uint64_t first_sequence_{1}; // of replay_.front()
  std::uint64_t replay_bytes_{};
  std::vector<std::uint64_t> scratch_; // entity << 32 | position
  slot_number newest_, rooted_, sealed_, cursor_;
  std::unordered_map<stream_id, slot_number> complete_to_;
  protocol::router_status counts_;
};

} // namespace sett::routing
