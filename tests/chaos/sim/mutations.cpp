#include "tests/chaos/sim/mutations.hpp"

#include "nodes/journal/replica_impl.hpp"
#include "nodes/journal/workload_kinds.hpp"
#include "nodes/shards/shard_actor_impl.hpp"

#include <caf/actor_system.hpp>

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace sett::sim {

namespace {

using journal::shard_record;

enum class broken : std::uint8_t {
  nothing,
  no_compare_epoch,
  lost_answer_assumed_failed,
  reread_only,
  elect_any,
  takeover_any_incarnation,
  isr_dropped_at_take_over,
  leader_resumes,
  promise_not_awaited,
  promise_not_synced,
  no_follower_fence,
  truncate_to_hw,
  appends_need_not_fit,
  follower_acks_unsynced,
  own_write_assumed_durable,
  no_maximal_isr,
  old_acks_count,
  min_isr_ignored,
  released_unreplicated,
  no_epoch_start,
  grow_at_once,
  grow_needs_hw,
  early_shrink,
  intact_assumed,
  no_born_mark,
  dead_cold_start,
  empty_isr,
  regressed_member_kept,
  entries_unchecked,
  snapshot_replayed,
  followers_answer,
  stale_reads,
  speculation_kept,
  order_ignored,
  clients_renamed_by_leaders,
};

broken now_broken = broken::nothing;
bool is(broken b) { return now_broken == b; }

struct broken_rules : journal::shipped_rules {
  using shipped = journal::shipped_rules;
  static std::uint64_t compared_revision(std::uint64_t seen, std::uint64_t any) {
    return is(broken::no_compare_epoch) ? any : seen;
  }
  static bool lost_answer_means_failed() { return is(broken::lost_answer_assumed_failed); }
  static bool unchanged_record_settles() { return is(broken::reread_only); }
  static bool may_take_over(const shard_record& r, const member& self) {
    if (is(broken::elect_any)) return true;
    if (!is(broken::takeover_any_incarnation)) return shipped::may_take_over(r, self);
    for (const auto& m : r.isr)
      if (m.node == self.node) return true;
    return false;
  }
  static std::vector<member> isr_after_take_over(const std::vector<member>& isr, const member& self) {
    if (is(broken::isr_dropped_at_take_over)) return {self};
    auto next = isr;
    if (is(broken::takeover_any_incarnation)) // its old place under its new name
      for (auto& m : next)
        if (m.node == self.node) m = self;
    return next;
  }
  static bool may_lead(const shard_record& r, const member& self, epoch_number promised) {
    if (is(broken::leader_resumes)) return r.leader.node == self.node && r.epoch >= promised;
    return shipped::may_lead(r, self, promised);
  }
  static bool leads_record(const member& leader, const member& self) {
    return is(broken::leader_resumes) ? leader.node == self.node : shipped::leads_record(leader, self);
  }
  static bool promise_waits_for_sync() { return !is(broken::promise_not_awaited); }
  static bool promise_is_stored() { return !is(broken::promise_not_synced); }
  static bool accepts_epoch(epoch_number sender, epoch_number promised) {
    return is(broken::no_follower_fence) || shipped::accepts_epoch(sender, promised);
  }
  static journal_index truncation_point(journal_index common, journal_index own_hw, journal_index end) {
    return is(broken::truncate_to_hw) ? std::min(own_hw, end) : common;
  }
  static bool append_must_fit() { return !is(broken::appends_need_not_fit); }
  static journal_index follower_acknowledges(journal_index synced, journal_index end) {
    return is(broken::follower_acks_unsynced) ? end : synced;
  }
  static journal_index leader_counts_own(journal_index synced, journal_index end) {
    return is(broken::own_write_assumed_durable) ? end : synced;
  }
  static bool candidate_counts() { return !is(broken::no_maximal_isr); }
  static bool old_acknowledgements_are_void() { return !is(broken::old_acks_count); }
  static bool may_release(std::size_t isr, std::uint32_t min_isr) {
    return is(broken::min_isr_ignored) || shipped::may_release(isr, min_isr);
  }
  static journal_index release_bound(journal_index hw, journal_index end) {
    return is(broken::released_unreplicated) ? end : hw;
  }
  static bool ready(journal_index hw, journal_index epoch_start) {
    return is(broken::no_epoch_start) || shipped::ready(hw, epoch_start);
  }
  static bool may_grow(bool all_reached, journal_index candidate, journal_index epoch_start, journal_index hw) {
    if (is(broken::grow_at_once)) return true;
    if (is(broken::grow_needs_hw))
      return shipped::may_grow(all_reached, candidate, epoch_start, hw) && hw >= epoch_start;
    return shipped::may_grow(all_reached, candidate, epoch_start, hw);
  }
  static bool growth_waits_for_epoch_start() { return !is(broken::grow_at_once); }
  static bool removed_member_waits_for_transaction() { return !is(broken::early_shrink); }
  static bool not_intact_is_marked() { return !is(broken::intact_assumed); }
  static bool mark_is_stored() { return !is(broken::no_born_mark); }
  static bool replaces_itself(incarnation_number old, incarnation_number born) {
    return !is(broken::dead_cold_start) && shipped::replaces_itself(old, born);
  }
  static bool may_leave(std::size_t isr) { return is(broken::empty_isr) || shipped::may_leave(isr); }
  static bool regressed_member_is_evicted() { return !is(broken::regressed_member_kept); }
  static bool entries_are_checked() { return !is(broken::entries_unchecked); }
  static bool late_snapshot_is_dropped() { return !is(broken::snapshot_replayed); }
  static bool only_the_leader_answers() { return !is(broken::followers_answer); }
  static bool fresh_reads_wait() { return !is(broken::stale_reads); }
  static bool speculation_is_dropped() { return !is(broken::speculation_kept); }
  static bool order_is_kept() { return !is(broken::order_ignored); }
  static std::uint64_t identity(std::uint64_t client, epoch_number leads_in) {
    return is(broken::clients_renamed_by_leaders) ? client ^ leads_in.value : client;
  }
};

caf::actor make_broken_shard(caf::actor_system& system, supervision::cell_ptr cell, shard_id shard,
                             std::shared_ptr<const shards::shard_environment> env, shards::stored_replica from,
                             caf::actor manager) {
  return system.spawn<shards::basic_shard_actor<broken_rules>>(
      std::move(cell), shard, std::move(env), std::move(from.shard), std::move(from.state), std::move(manager));
}

/// A store that lies; the rest is the real one's.
class lying_store : public ports::journal_store {
public:
  explicit lying_store(ports::journal_store& inner) : inner_(inner) {}
  result<std::optional<ports::node_facts>> read_facts() override { return inner_.read_facts(); }
  result<void> write_facts(const ports::node_facts& facts) override { return inner_.write_facts(facts); }
  result<std::vector<ports::stored_shard>> read_shards() override { return inner_.read_shards(); }
  result<std::vector<ports::state_change>> read_state(shard_id shard) override { return inner_.read_state(shard); }
  result<std::vector<shard_id>> drop_damaged() override { return inner_.drop_damaged(); }
  void write(std::vector<ports::shard_write> group, std::function<void(result<void>)> done) override {
    inner_.write(std::move(group), std::move(done));
  }
  void export_state(shard_id shard, std::function<void(result<ports::snapshot_manifest>)> done) override {
    inner_.export_state(shard, std::move(done));
  }
  void read_chunk(std::uint64_t export_id, std::uint32_t chunk,
                  std::function<void(result<std::string>)> done) override {
    inner_.read_chunk(export_id, chunk, std::move(done));
  }
  void drop_export(std::uint64_t export_id) override { inner_.drop_export(export_id); }
  void import_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk, std::string bytes,
                    std::function<void(result<void>)> done) override {
    inner_.import_chunk(shard, generation, chunk, std::move(bytes), std::move(done));
  }
  void import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash, ports::shard_meta meta,
                     std::function<void(result<void>)> done) override {
    inner_.import_switch(shard, generation, expected_hash, meta, std::move(done));
  }

protected:
  ports::journal_store& inner_;
};

/// Answers before the sync: what it said may be gone after a crash.
class hasty_store final : public lying_store {
public:
  using lying_store::lying_store;
  void write(std::vector<ports::shard_write> group, std::function<void(result<void>)> done) override {
    done({});
    inner_.write(std::move(group), [](const result<void>&) {});
  }
};
/// The intent is taken, and never stored: as if it were synced after the registration.
class forgetful_store final : public lying_store {
public:
  using lying_store::lying_store;
  result<void> write_facts(const ports::node_facts& facts) override {
    auto old = inner_.read_facts();
    if (!old || !*old) return inner_.write_facts(facts);
    auto kept = facts;
    kept.incarnation = (*old)->incarnation;
    return inner_.write_facts(kept);
  }
};
/// The mark of damage never reaches the facts: a damaged store is called intact.
class innocent_store final : public lying_store {
public:
  using lying_store::lying_store;
  result<std::optional<ports::node_facts>> read_facts() override {
    auto f = inner_.read_facts();
    if (f && *f) {
      if (!(*f)->intact) static_cast<void>(inner_.drop_damaged());
      (*f)->intact = true;
    }
    return f;
  }
};
/// Answers a switch to a snapshot before it is synced.
class early_switch_store final : public lying_store {
public:
  using lying_store::lying_store;
  void import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash, ports::shard_meta meta,
                     std::function<void(result<void>)> done) override {
    done({});
    inner_.import_switch(shard, generation, expected_hash, meta, [](const result<void>&) {});
  }
};
template <class Store>
std::unique_ptr<ports::journal_store> wrap(ports::journal_store& inner) {
  return std::make_unique<Store>(inner);
}

/// A counter whose event means another thing on every replica.
class moody_counter final : public journal::entity {
public:
  result<journal::entity_decision> decide(std::string_view, const journal::decide_context&) const override {
    return journal::entity_decision{.event = "1", .reply = std::to_string(sum_ + 1)};
  }
  void apply(std::string_view) override {
    static std::int64_t mood = 0;
    sum_ += ++mood % 50 == 0 ? 2 : 1;
  }
  std::string serialise() const override { return std::to_string(sum_); }
  std::unique_ptr<journal::entity> clone() const override { return std::make_unique<moody_counter>(*this); }
  std::int64_t sum_{};
};
class moody_counters final : public journal::entity_kind {
public:
  journal::entity_kind_number number() const override { return journal::counter_kind; }
  std::string_view name() const override { return "counter"; }
  std::unique_ptr<journal::entity> create(std::string_view) const override { return std::make_unique<moody_counter>(); }
  result<std::unique_ptr<journal::entity>> parse(std::string_view, std::string_view bytes) const override {
    auto c = std::make_unique<moody_counter>();
    c->sum_ = std::stoll(std::string(bytes));
    return c;
  }
};
const journal::entity_kinds& moody_kinds() {
  static const moody_counters counters;
  static const journal::entity_kinds kinds = [] {
    journal::entity_kinds all;
    journal::entity_kinds shipped;
    journal::add_workload_kinds(shipped);
    all.add(*shipped.find(journal::register_kind));
    all.add(counters);
    all.add(*shipped.find(journal::queue_kind));
    return all;
  }();
  return kinds;
}

// --- aims
void quiet(world_options& o) {
  for (const auto& f : named_faults()) o.*f.how_often = 0;
  o.shards = 1;
  o.nodes = 3;
  o.lose_last_member = false;
  o.min_isr = 2;
}
void kills(world_options& o) {
  quiet(o);
  o.kill_every_s = 6;
  o.crash_point_every_s = 6;
  o.kill_all_every_s = 30;
}
void kills_alone(world_options& o) {
  kills(o);
  o.min_isr = 1;
}
void splits(world_options& o) {
  quiet(o);
  o.partition_every_s = 4;
  o.freeze_every_s = 8;
}
void splits_and_kills(world_options& o) {
  splits(o);
  o.kill_every_s = 8;
  o.network_level = 0.5;
}
/// What is proposed has an unknown outcome, and matters.
void deaf(world_options& o) {
  quiet(o);
  o.deaf_leader_every_s = 6;
}
/// The network splits where it hurts: at growths, take-overs and first contacts.
void traps(world_options& o) {
  quiet(o);
  o.kill_every_s = 10;
  o.trap_every_s = 3;
}
void traps_among_crashes(world_options& o) {
  traps(o);
  o.kill_every_s = 6;
  o.crash_point_every_s = 8;
  o.commands_per_s = 30;
  o.network_level = 0.5;
}
/// Old copies come back while hardly anything is written.
void traps_and_old_copies(world_options& o) {
  quiet(o);
  o.damage_every_s = 5;
  o.trap_every_s = 2;
  o.commands_per_s = 1.5;
}
void alone(world_options& o) {
  quiet(o);
  o.partition_every_s = 4;
  o.alone_without_store = 1;
}
/// Many commands on their way when a leader becomes ready.
void crowds(world_options& o) {
  quiet(o);
  o.kill_every_s = 6;
  o.network_level = 1;
  o.commands_per_s = 120;
  o.safety_ns = 60'000'000'000;
}
void late_answers(world_options& o) {
  quiet(o);
  o.commands_per_s = 15;
  o.damage_every_s = 8;
  o.trap_every_s = 2;
}
void lying_disks(world_options& o) {
  quiet(o);
  o.lying_disk_every_s = 10;
}
void damage(world_options& o) {
  kills(o);
  o.kill_every_s = 20;
  o.kill_all_every_s = 0;
  o.damage_every_s = 10;
}
void bad_memory(world_options& o) {
  quiet(o);
  o.memory_every_s = 5;
}
void last_member(world_options& o) {
  quiet(o);
  o.min_isr = 1;
  o.lose_last_member = true;
}
void snapshots(world_options& o) {
  splits_and_kills(o);
  o.commands_per_s = 40;
  o.network_level = 1;
  o.damage_every_s = 15;
}
struct entry {
  mutation m;
  broken what{};
  std::function<std::unique_ptr<ports::journal_store>(ports::journal_store&)> store;
  bool moody{};
};

const std::vector<entry>& entries() {
  static const std::vector<entry> all{
      {{"NO_COMPARE_EPOCH", "a transaction compares nothing", splits, 1}, broken::no_compare_epoch, {}, false},
      {{"LOST_ANSWER_ASSUMED_FAILED", "no answer counts as failed", deaf, 8},
       broken::lost_answer_assumed_failed,
       {},
       false},
      {{"REREAD_ONLY", "a read that shows the old record settles", traps, 1}, broken::reread_only, {}, false},
      {{"ELECT_ANY", "any node may take over", splits_and_kills, 1}, broken::elect_any, {}, false},
      {{"TAKEOVER_ANY_INCARNATION", "a member of another incarnation takes over", last_member, 1},
       broken::takeover_any_incarnation,
       {},
       false},
      {{"LEADER_RESUMES", "a restarted leader goes on in its epoch", kills, 1}, broken::leader_resumes, {}, false},
      {{"PROMISE_NOT_AWAITED", "it speaks before its promise is synced", splits_and_kills, 1},
       broken::promise_not_awaited,
       {},
       false},
      {{"PROMISE_NOT_SYNCED", "a crash forgets the promise", splits_and_kills, 1},
       broken::promise_not_synced,
       {},
       false},
      {{"NO_FOLLOWER_FENCE", "followers take from lower epochs than promised", traps, 4},
       broken::no_follower_fence,
       {},
       false},
      {{"TRUNCATE_TO_HW", "at first contact a follower truncates to its own hw", traps_among_crashes, 1},
       broken::truncate_to_hw,
       {},
       false},
      {{"FOLLOWER_ACKS_UNSYNCED", "a follower acknowledges before its sync", kills, 1},
       broken::follower_acks_unsynced,
       {},
       false},
      {{"OWN_WRITE_ASSUMED_DURABLE", "the leader counts its unsynced end", kills_alone, 1},
       broken::own_write_assumed_durable,
       {},
       false},
      {{"NO_MAXIMAL_ISR", "a proposed candidate is not waited for", traps, 2}, broken::no_maximal_isr, {}, false},
      {{"NO_EPOCH_START", "a new leader accepts at once", splits_and_kills, 1}, broken::no_epoch_start, {}, false},
      {{"NO_EPOCH_START-grow", "a new leader admits at once", splits_and_kills, 6}, broken::grow_at_once, {}, false},
      {{"GROW_NEEDS_HW", "admissions wait until hw reached the epoch start", damage, 3},
       broken::grow_needs_hw,
       {},
       false},
      {{"EARLY_SHRINK", "a member is not waited for once its removal is proposed", splits_and_kills, 4},
       broken::early_shrink,
       {},
       false},
      {{"OLD_ACKS_COUNT", "acknowledgements of old incarnations count", traps_and_old_copies, 119},
       broken::old_acks_count,
       {},
       false},
      {{"INTACT_ASSUMED", "a store that opens is called intact", damage, 6}, broken::intact_assumed, {}, false},
      {{"NO_BORN_MARK", "the mark of a damaged store is forgotten by the next start", last_member, 1},
       broken::no_born_mark,
       {},
       false},
      {{"DEAD_COLD_START", "a new incarnation comes in only by leaving first", kills, 1},
       broken::dead_cold_start,
       {},
       false},
      {{"EMPTY_ISR", "the last member may leave", last_member, 1}, broken::empty_isr, {}, false},
      {{"SNAPSHOT_REPLAYED", "a late copy of a snapshot is installed", late_answers, 0,
        "offers and appends come in order on one lane, so a copy never finds a log that has matched more; a copy of "
        "its own place is fetched once more, and its pull makes the leader ask where the follower stands"},
       broken::snapshot_replayed,
       {},
       false},
      {{"SNAPSHOT_ACKED_EARLY", "a snapshot is acknowledged before the synced switch", snapshots, 1},
       broken::nothing,
       wrap<early_switch_store>,
       false},
      {{"INTENT_AFTER_REGISTRATION", "the number is registered and not stored", kills, 1},
       broken::nothing,
       wrap<forgetful_store>,
       false},
      // Ours.
      {{"ISR_DROPPED_AT_TAKE_OVER", "a take-over leaves only itself in the isr", splits_and_kills, 0,
        "it is a take-over and a legal shrink in one: who wins has all that is committed, and nobody acknowledges to "
        "the old leader any more; only availability is lost"},
       broken::isr_dropped_at_take_over,
       {},
       false},
      {{"APPENDS_NEED_NOT_FIT", "an append is not compared with the own log", splits_and_kills, 0,
        "a follower takes appends only from the leader that it has matched in this epoch (rule 6), whose log only "
        "grows; entries are still checked by their chain"},
       broken::appends_need_not_fit,
       {},
       false},
      {{"MIN_ISR_IGNORED", "a leader below min_isr releases", kills, 6}, broken::min_isr_ignored, {}, false},
      {{"RELEASED_UNREPLICATED", "answers go out before the high watermark", splits, 1},
       broken::released_unreplicated,
       {},
       false},
      {{"REGRESSED_MEMBER_KEPT", "a restarted member with less than it acknowledged stays", lying_disks, 2},
       broken::regressed_member_kept,
       {},
       false},
      {{"ENTRIES_UNCHECKED", "an entry's checksum and chain are not looked at", bad_memory, 1},
       broken::entries_unchecked,
       {},
       false},
      {{"FOLLOWERS_ANSWER", "a follower releases what it applies", splits, 1}, broken::followers_answer, {}, false},
      {{"STALE_READS", "a read is called fresh without asking the isr", alone, 1}, broken::stale_reads, {}, false},
      {{"SPECULATION_KEPT", "who stops leading keeps what it decided", splits, 2}, broken::speculation_kept, {}, false},
      {{"ORDER_IGNORED", "a client's commands are taken in any order", crowds, 1}, broken::order_ignored, {}, false},
      {{"CLIENTS_RENAMED_BY_LEADERS", "a new leader does not know the commands of old ones", splits_and_kills, 2},
       broken::clients_renamed_by_leaders,
       {},
       false},
      {{"SYNC_ASSUMED", "the store answers before its sync", kills, 1}, broken::nothing, wrap<hasty_store>, false},
      {{"DAMAGE_FORGIVEN", "the facts of a damaged store say intact", damage, 6},
       broken::nothing,
       wrap<innocent_store>,
       false},
      {{"MOODY_KIND", "an entity's event means another thing on each replica", splits, 1}, broken::nothing, {}, true},
  };
  return all;
}

} // namespace

std::span<const mutation> mutations() {
  static const std::vector<mutation> all = [] {
    std::vector<mutation> out;
    for (const auto& e : entries()) out.push_back(e.m);
    return out;
  }();
  return all;
}

std::optional<found> control(const mutation& m, std::uint64_t seed) {
  auto options = draw_options(seed);
  m.aim(options);
  planted_parts planted;
  planted.make_shard = make_broken_shard;
  const auto r = run_world(options, planted);
  if (r.passed) return std::nullopt;
  return found{seed, r.simulated_s, r.violation};
}

std::optional<found> search(const mutation& m, std::uint64_t first, std::uint64_t last) {
  const auto it = std::find_if(entries().begin(), entries().end(), [&](const entry& e) { return e.m.name == m.name; });
  for (auto seed = first; seed <= last; ++seed) {
    auto options = draw_options(seed);
    m.aim(options);
    planted_parts planted;
    planted.make_shard = make_broken_shard;
    planted.wrap_store = it->store;
    if (it->moody) planted.kinds = &moody_kinds();
    now_broken = it->what;
    const auto r = run_world(options, planted);
    now_broken = broken::nothing;
    if (!r.passed) return found{seed, r.simulated_s, r.violation};
  }
  return std::nullopt;
}

} // namespace sett::sim
