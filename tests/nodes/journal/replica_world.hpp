// Replicas of one shard in a cruel small world: a network that delays, drops, doubles, reorders and partitions, nodes
// that crash, freeze, lose what was not synced or come back with an old disk, a consensus store that loses answers and
// executes late. Everything from one seed, in virtual time. After each step the invariants are checked, outside the
// replicas; after the faults the world heals and must converge.
//
// The replicas' rules are a template parameter, so that a broken rule can be shown to be found. The host's duties (rule
// 12's incarnations, the operator) are the world's; host_mutation breaks those.
#pragma once

#include "messages/ports/random.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/replica.hpp"
#include "nodes/journal/replica_impl.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sett::journal::test {

enum class host_mutation : std::uint8_t { none, keeps_incarnation };

/// Where a world's faults go, beyond what its seed draws.
enum class aim : std::uint8_t {
  anywhere,
  quiet_writers,  // hardly anything is written; a follower loses its disk, and when it is back in the isr its leader
                  // dies
  lost_answers,   // the consensus store answers hardly ever, and executes late
  isolated_alone, // one node is left alone, then cut off from everything
};

struct world_figures {
  std::uint64_t events{}, released{}, epochs{}, crashes{}, not_intact{}, freezes{}, partitions{}, grown{}, shrunk{},
      replaced{}, left{}, recovered{}, lost_answers{}, late_executions{}, snapshots{}, truncations{}, hand_overs{},
      step_downs{}, reads{}, isolated{}, recovered_beside{};
};

template <class Rules>
class world {
public:
  explicit world(std::uint64_t seed, host_mutation mutation = host_mutation::none, aim at_what = aim::anywhere)
      : mutation_(mutation), aim_(at_what), rng_(ports::random(seed).split("world")) {
    settings_.resend_ns = 40 * ms;
    settings_.slow_ns = 300 * ms;
    settings_.contact_lost_ns = 1'500 * ms;
    settings_.take_over_step_ns = 20 * ms;
    settings_.store_retry_ns = 60 * ms;
    settings_.hand_over_ns = 300 * ms;
    settings_.snapshot_idle_ns = 800 * ms;
    settings_.pending_entries_max = 300;
    settings_.log_entries_keep = rng_.chance(0.5) ? 24 : 200;
    settings_.append_entries = 6 + static_cast<std::uint32_t>(rng_.below(12));
    settings_.appends_in_flight = 2 + static_cast<std::uint32_t>(rng_.below(4));
    const std::uint64_t count = rng_.chance(0.1) ? 1 : (rng_.chance(0.3) ? 2 : (rng_.chance(0.75) ? 3 : 5));
    wanted_count_ = count == 5 ? 3 : count;
    // A swarm: each seed has some faults and not others.
    loss_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.15;
    doubled_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.1;
    reordered_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.3;
    late_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.05;
    crash_rate_ = rng_.chance(0.25) ? 0.0 : rng_.unit() * 1.5;
    bad_start_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.4;
    partition_rate_ = rng_.chance(0.3) ? 0.0 : rng_.unit() * 1.5;
    freeze_rate_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.8;
    answers_lost_ = rng_.chance(0.4) ? 0.0 : rng_.unit() * 0.8;
    const auto slowness = rng_.below(3);
    store_latency_max_ = slowness == 0 ? 2 * ms : (slowness == 1 ? 30 * ms : 300 * ms);
    store_outage_rate_ = rng_.chance(0.6) ? 0.0 : rng_.unit() * 0.4;
    false_suspicion_ = rng_.chance(0.5) ? 0.0 : rng_.unit() * 0.05;
    hand_over_rate_ = rng_.chance(0.6) ? 0.0 : rng_.unit();
    all_crash_ = rng_.chance(0.3);
    slow_sync_ = rng_.chance(0.7) ? 0.0 : rng_.unit() * 0.02;
    min_isr_ = static_cast<std::uint32_t>(count == 1 || rng_.chance(0.25) ? 1 : 2);
    proposal_gap_ = static_cast<std::int64_t>(2 + rng_.below(20)) * ms;
    settings_.alone_ns = 2'400 * ms;
    switch (aim_) {
    case aim::anywhere:
      break;
    case aim::quiet_writers:
      proposal_gap_ = 1'200 * ms;
      slow_sync_ = 0.4;
      all_crash_ = false;
      crash_rate_ = bad_start_ = freeze_rate_ = partition_rate_ = store_outage_rate_ = answers_lost_ = 0;
      store_latency_max_ = 2 * ms;
      break;
    case aim::lost_answers:
      answers_lost_ = 0.8;
      slow_sync_ = 0.1;
      crash_rate_ = std::max(crash_rate_, 0.6);
      partition_rate_ = std::max(partition_rate_, 0.6);
      bad_start_ = 0;
      break;
    case aim::isolated_alone:
      min_isr_ = 1;
      partition_rate_ = freeze_rate_ = store_outage_rate_ = answers_lost_ = bad_start_ = 0;
      crash_rate_ = 0.1;
      break;
    }
    isolations_ = min_isr_ == 1 && count > 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto n = std::make_unique<node>();
      const std::string name = "n" + std::to_string(i + 1);
      n->id = *node_id::parse(name);
      nodes_.push_back(std::move(n));
    }
    blocked_.assign(count, std::vector<bool>(count, false));
    consensus_record_.epoch = epoch_number(1);
    consensus_record_.min_isr = min_isr_;
    for (std::uint64_t i = 0; i < wanted_count_; ++i)
      consensus_record_.isr.push_back({.node = nodes_[i]->id, .incarnation = incarnation_number(1)});
    consensus_record_.leader = consensus_record_.isr.front();
    consensus_revision_ = 1;
    for (std::size_t i = 0; i < nodes_.size(); ++i) start_node(i, true);
  }

  /// Empty: all invariants held and the healed world converged. healing_ns 0: only the faults.
  std::string run(std::int64_t safety_ns = 6 * second, std::int64_t healing_ns = 25 * second) {
    faults_ = true;
    schedule_faults();
    run_until(safety_ns);
    if (!failure_.empty()) return failure_;
    if (healing_ns == 0) return {};
    heal();
    run_until(safety_ns + healing_ns);
    if (!failure_.empty()) return failure_;
    check_converged();
    return failure_;
  }
  [[nodiscard]] const world_figures& figures() const { return figures_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_; }
  bool print{};
  std::int64_t print_after{};

private:
  static constexpr std::int64_t us = 1'000, ms = 1'000'000, second = 1'000'000'000;

  struct disk {
    ports::shard_meta meta;
    std::vector<ports::journal_entry> log;
    std::uint64_t state{};
  };
  struct operation {
    std::uint64_t write_id{};
    ports::shard_write write;
    bool exports{};
    std::optional<switch_request> change;
  };
  struct node {
    node_id id;
    std::uint64_t incarnation{};
    bool up{};
    bool not_intact{}; // the next start is not
    std::int64_t frozen_until{};
    std::optional<std::int64_t> isolated_at; // from everybody and from the store
    std::uint64_t life{};
    disk durable;
    std::optional<disk> backup;
    std::deque<operation> pending;
    std::int64_t last_done{};
    std::unique_ptr<basic_replica<Rules>> replica;
    replica_output out;
    std::uint64_t fold{};
    journal_index folded;
    bool state_dirty{};
    std::uint64_t import_fold{};
    std::map<std::uint64_t, std::uint64_t> exports; // id -> fold
    std::map<std::size_t, std::int64_t> last_heard;
    std::set<member> suspected;
    std::int64_t wake{};
    journal_index last_hw;
    std::uint32_t last_loss{};
    bool ready{};
    std::int64_t loss_alarm_at{};
    std::map<std::uint64_t, journal_index> reads; // ticket -> what had been released by anybody
    [[nodiscard]] member self() const { return {.node = id, .incarnation = incarnation_number(incarnation)}; }
  };
  struct event {
    std::int64_t at;
    std::uint64_t order;
    std::size_t node; // none: of the world
    std::uint64_t life;
    std::function<void()> act;
    friend bool operator<(const event& a, const event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  static constexpr std::size_t of_world = ~std::size_t{0};

  host_mutation mutation_;
  aim aim_;
  ports::random rng_;
  replica_settings settings_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::vector<std::vector<bool>> blocked_;
  std::vector<event> queue_;
  std::int64_t now_{};
  std::uint64_t order_{};
  bool faults_{}, store_out_{};
  std::string failure_;
  world_figures figures_;
  std::uint64_t trace_{1469598103934665603ULL};

  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> last_arrival_;
  double loss_{}, doubled_{}, reordered_{}, late_{}, crash_rate_{}, bad_start_{}, partition_rate_{}, freeze_rate_{},
      answers_lost_{}, store_outage_rate_{}, false_suspicion_{}, hand_over_rate_{}, slow_sync_{};
  bool all_crash_{}, isolations_{};
  std::uint32_t min_isr_{};
  std::uint64_t wanted_count_{};
  std::int64_t proposal_gap_{}, store_latency_max_{};
  std::uint64_t proposals_{}, exports_{};

  shard_record consensus_record_;
  std::uint64_t consensus_revision_{};

  // ghosts: what was released, by whom, and what the fold of it is
  std::map<std::uint64_t, std::uint64_t> released_;
  std::map<std::uint64_t, std::uint64_t> fold_;
  std::map<std::uint64_t, member> releaser_;
  std::map<std::uint64_t, member> leader_of_;
  std::uint64_t healed_proposal_{}; // proposed after healing: the payload's number
  std::set<std::uint64_t> released_proposals_;
  std::optional<epoch_number> loss_epoch_; // nobody has released in it or a later one

  void fail(std::string what) {
    if (failure_.empty()) failure_ = "at " + std::to_string(now_ / ms) + " ms: " + std::move(what);
  }
  void note(const std::string& what) {
    if (print) std::printf("%8lld us  %s\n", static_cast<long long>(now_ / us), what.c_str());
  }

  void at(std::int64_t when, std::size_t owner, std::function<void()> act) {
    queue_.push_back({.at = std::max(when, now_),
                      .order = ++order_,
                      .node = owner,
                      .life = owner == of_world ? 0 : nodes_[owner]->life,
                      .act = std::move(act)});
    std::push_heap(queue_.begin(), queue_.end());
  }
  void run_until(std::int64_t end) {
    while (!queue_.empty() && queue_.front().at <= end && failure_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end());
      event e = std::move(queue_.back());
      queue_.pop_back();
      now_ = e.at;
      if (e.node != of_world) {
        auto& n = *nodes_[e.node];
        if (!n.up || n.life != e.life) continue;
        if (n.frozen_until > now_) { // comes when it thaws, in the old order
          e.at = n.frozen_until;
          queue_.push_back(std::move(e));
          std::push_heap(queue_.begin(), queue_.end());
          continue;
        }
      }
      ++figures_.events;
      trace_ = (trace_ ^ static_cast<std::uint64_t>(now_) ^ (e.node << 48U)) * 1099511628211ULL;
      e.act();
    }
    now_ = end;
  }

  // ------------------------------------------------------------------------------------------ nodes
  void start_node(std::size_t i, bool first = false) {
    auto& n = *nodes_[i];
    if (n.up) return;
    ++n.life;
    if (first || mutation_ != host_mutation::keeps_incarnation) ++n.incarnation;
    n.up = true;
    n.frozen_until = 0;
    const bool intact = !n.not_intact; // stays so until the mark is synced
    n.fold = n.durable.state;
    n.folded = n.durable.meta.applied.index;
    n.suspected.clear();
    n.last_heard.clear();
    n.exports.clear();
    n.pending.clear();
    n.last_hw = n.folded;
    n.ready = false;
    n.state_dirty = false;
    n.loss_alarm_at = 0;
    n.reads.clear();
    note("start " + to_text(n.self()) + (intact ? "" : " not intact"));
    if (n.durable.meta.applied.index < n.durable.meta.cut.index ||
        (!n.durable.log.empty() && n.durable.log.front().index.value != n.durable.meta.cut.index.value + 1)) {
      fail("I7: " + to_text(n.self()) + " starts with a state older than its log's cut");
      return;
    }
    ports::stored_shard stored{.shard = shard_id(3), .meta = n.durable.meta, .log = n.durable.log};
    n.replica = std::make_unique<basic_replica<Rules>>(
        n.self(), intact, std::move(stored), settings_,
        rng_.split("replica" + std::to_string(i) + "." + std::to_string(n.life)));
    with(i, [&](auto& r, auto& out) { r.start(time(), out); });
    if (n.replica->role() != replica_role::starting) n.not_intact = false;
    poll_record(i);
    beat(i);
    propose(i);
    save_state(i);
  }
  void crash(std::size_t i) {
    auto& n = *nodes_[i];
    if (!n.up) return;
    ++figures_.crashes;
    note("crash " + to_text(n.self()));
    n.up = false;
    ++n.life;
    // What was handed over and not answered may be there, in the order of submission.
    std::uint64_t kept = rng_.below(n.pending.size() + 1);
    for (auto& p : n.pending) {
      if (kept-- == 0) break;
      carry_out(n, p);
    }
    n.pending.clear();
    n.replica.reset();
    n.exports.clear();
    if (faults_ && rng_.chance(bad_start_)) {
      ++figures_.not_intact;
      n.not_intact = true;
      const auto how = rng_.below(3);
      if (how == 0) {
        n.durable = disk{};
      } else if (how == 1 && n.backup) {
        const auto born = n.durable.meta.born;
        n.durable = *n.backup;
        static_cast<void>(born);
      } else if (!n.durable.log.empty() &&
                 n.durable.log.size() > n.durable.meta.applied.index.value - n.durable.meta.cut.index.value) {
        n.durable.log.pop_back();
      }
    }
  }

  template <class Act>
  void with(std::size_t i, Act act) {
    auto& n = *nodes_[i];
    if (!n.up) return;
    n.out.clear();
    act(*n.replica, n.out);
    carry(i);
  }
  [[nodiscard]] steady_time_ns time() const { return steady_time_ns(now_); }

  void carry(std::size_t i) {
    auto& n = *nodes_[i];
    auto out = std::move(n.out);
    n.out = replica_output{};
    auto& r = *n.replica;
    // A snapshot after an accepted loss may be older than what was known; nothing else takes hw back.
    if (out.state_replaced) {
      n.fold = n.durable.state;
      n.folded = out.state_replaced->index;
      n.state_dirty = false;
      n.last_hw = std::min(n.last_hw, r.high_watermark());
      check_fold(n);
    }
    if (r.high_watermark() < n.last_hw) fail("I5: hw of " + to_text(n.self()) + " fell");
    n.last_hw = r.high_watermark();
    if (r.leads()) check_new_leader(i);
    for (const auto& e : out.released) check_released(i, *e);
    for (const auto a : out.alarms) {
      note(to_text(n.self()) + " alarm " + std::string(to_text(a)));
      if (a == replica_alarm::diverged)
        fail("I4: " + to_text(n.self()) + " found that its journal differs from its leader's");
      if (a == replica_alarm::record_invalid) fail("the record's epoch went back");
      if (a == replica_alarm::loss_to_accept) n.loss_alarm_at = now_;
    }
    if (out.stepped_down) {
      ++figures_.step_downs;
      note(to_text(n.self()) + " stepped down: " + std::string(to_text(*out.stepped_down)));
      n.ready = false;
      n.reads.clear();
    }
    if (out.became_ready) {
      note(to_text(n.self()) + " leads epoch " + std::to_string(r.promised().value));
      n.ready = true;
    }
    if (out.reads_confirmed != 0)
      while (!n.reads.empty() && n.reads.begin()->first <= out.reads_confirmed) {
        ++figures_.reads;
        if (n.folded < n.reads.begin()->second)
          fail("a fresh read on " + to_text(n.self()) + " misses what was released before it");
        n.reads.erase(n.reads.begin());
      }
    for (auto& w : out.writes) {
      if (w.write.truncate_after) ++figures_.truncations;
      if (w.write.meta) check_cut(n, *w.write.meta);
      submit(i, {.write_id = w.id, .write = std::move(w.write), .change = {}});
    }
    if (out.export_wanted) submit(i, {.write = {}, .exports = true, .change = {}});
    if (out.import_switch) submit(i, {.write = {}, .change = std::move(out.import_switch)});
    for (const auto id : out.export_drops) n.exports.erase(id);
    for (const auto& c : out.chunk_reads) {
      const auto e = n.exports.find(c.export_id);
      if (e == n.exports.end()) continue;
      // Two chunks of four bytes each.
      std::string bytes(4, '\0');
      for (std::size_t k = 0; k < 4; ++k) bytes[k] = static_cast<char>(e->second >> (8 * (c.chunk * 4 + k)));
      at(now_ + delay(50 * us, 500 * us), i, [this, i, c, bytes] {
        with(i, [&](auto& rep, auto& o) { rep.chunk_read(c.to, c.export_id, c.chunk, bytes, time(), o); });
      });
    }
    for (const auto& c : out.chunk_imports) {
      if (c.chunk == 0) n.import_fold = 0;
      for (std::size_t k = 0; k < c.bytes.size(); ++k)
        n.import_fold |= std::uint64_t{static_cast<unsigned char>(c.bytes[k])} << (8 * (c.chunk * 4 + k));
      at(now_ + delay(50 * us, 500 * us), i, [this, i, g = c.generation, chunk = c.chunk] {
        with(i, [&](auto& rep, auto& o) { rep.chunk_imported(g, chunk, time(), o); });
      });
    }
    for (auto& t : out.transactions) commit(i, std::move(t));
    for (auto& s : out.sends) {
      check_said(n, s);
      send(i, std::move(s));
    }
    if (out.read_record) read_record(i, delay(ms, 5 * ms));
    if (out.state_wanted) at(now_ + delay(us, ms), i, [this, i] { store_state(i); });
    n.wake = out.wake_at.value;
    if (n.wake != std::numeric_limits<std::int64_t>::max())
      at(n.wake, i, [this, i, when = n.wake] {
        if (nodes_[i]->wake == when) with(i, [&](auto& rep, auto& o) { rep.tick(time(), o); });
      });
  }

  // ------------------------------------------------------------------------------------------ disk
  void submit(std::size_t i, operation op) {
    auto& n = *nodes_[i];
    n.pending.push_back(std::move(op));
    const std::int64_t took =
        rng_.chance(faults_ ? slow_sync_ : 0.0) ? delay(100 * ms, 900 * ms) : delay(100 * us, 3 * ms);
    n.last_done = std::max(n.last_done, now_ + took);
    at(n.last_done, i, [this, i] { done(i); });
  }
  void done(std::size_t i) {
    auto& n = *nodes_[i];
    auto op = std::move(n.pending.front());
    n.pending.pop_front();
    carry_out(n, op);
    if (op.exports) {
      ++figures_.snapshots;
      const std::uint64_t id = ++exports_;
      n.exports[id] = n.durable.state;
      ports::snapshot_manifest m{.shard = shard_id(3),
                                 .at = n.durable.meta.applied,
                                 .state_hash = n.durable.meta.state_hash,
                                 .bytes = 8,
                                 .chunk_bytes = 4,
                                 .export_id = id};
      with(i, [&](auto& r, auto& out) { r.exported(m, time(), out); });
    } else if (op.change) {
      if (op.change->expected_hash != n.durable.state) fail("a snapshot's state does not have its hash");
      with(i, [&](auto& r, auto& out) { r.switched(op.change->generation, time(), out); });
    } else {
      n.not_intact = false;
      with(i, [&](auto& r, auto& out) { r.written(op.write_id, time(), out); });
    }
  }
  void carry_out(node& n, operation& op) {
    auto& d = n.durable;
    if (op.exports) return;
    if (op.change) {
      d.meta = op.change->meta;
      d.log.clear();
      d.state = n.import_fold;
      return;
    }
    auto& w = op.write;
    if (w.truncate_after)
      while (!d.log.empty() && d.log.back().index > *w.truncate_after) d.log.pop_back();
    for (auto& e : w.append) {
      const auto end = d.log.empty() ? d.meta.cut : place_of(d.log.back());
      if (check_entry(end, e) != entry_fault::none && failure_.empty())
        fail("the log of " + to_text(n.self()) + " is written with a hole or a wrong entry at " +
             std::to_string(e.index.value));
      d.log.push_back(e);
    }
    for (const auto& s : w.state) d.state = std::stoull(*s.value);
    if (w.meta) {
      d.meta = *w.meta;
      const auto cut = d.meta.cut.index;
      d.log.erase(d.log.begin(),
                  std::find_if(d.log.begin(), d.log.end(), [&](const auto& e) { return e.index > cut; }));
    }
  }
  void store_state(std::size_t i) {
    auto& n = *nodes_[i];
    if (!n.state_dirty) return;
    n.state_dirty = false;
    ports::journal_place place{};
    if (const auto e = n.replica->entry(n.folded)) place = place_of(*e);
    if (place.index.value == 0) return;
    with(i, [&](auto& r, auto& out) {
      r.store_state({{.key = "s", .value = std::to_string(n.fold)}}, place, n.fold, time(), out);
    });
  }
  void save_state(std::size_t i) {
    at(now_ + delay(20 * ms, 300 * ms), i, [this, i] {
      auto& n = *nodes_[i];
      if (faults_ && rng_.chance(0.05)) n.backup = n.durable;
      store_state(i);
      save_state(i);
    });
  }

  // ------------------------------------------------------------------------------------------ network and detection
  [[nodiscard]] std::int64_t delay(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(to - from)));
  }
  [[nodiscard]] std::optional<std::size_t> index_of(const node_id& id) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i]->id == id) return i;
    return std::nullopt;
  }
  void send(std::size_t from, outbound s) {
    const auto to = index_of(s.to.node);
    if (print && now_ > print_after) {
      std::string what = to_text(nodes_[from]->self()) + " -> " + to_text(s.to) + " " + std::string(name_of(s.message));
      if (const auto* a = std::get_if<append_message>(&s.message))
        what += " after " + std::to_string(a->previous.index.value) + " +" + std::to_string(a->entries.size());
      if (const auto* a = std::get_if<ack_message>(&s.message)) what += " " + std::to_string(a->matched.value);
      note(what);
    }
    if (!to || blocked_[from][*to] || nodes_[from]->isolated_at || nodes_[*to]->isolated_at) return;
    if (rng_.chance(faults_ ? loss_ : 0.0)) return;
    const int copies = rng_.chance(faults_ ? doubled_ : 0.0) ? 2 : 1;
    const member sender = nodes_[from]->self();
    for (int c = 0; c < copies; ++c) {
      std::int64_t when = now_ + delay(100 * us, 2 * ms);
      if (rng_.chance(faults_ ? late_ : 0.0))
        when += delay(50 * ms, 4 * second);
      else if (!faults_ || !rng_.chance(reordered_))
        when = last_arrival_[{from, *to}] = std::max(when, last_arrival_[{from, *to}]);
      at(when, of_world, [this, to = *to, target = s.to, sender, m = s.message] { deliver(to, target, sender, m); });
    }
  }
  void deliver(std::size_t to, const member& target, const member& sender, const replica_message& m) {
    auto& n = *nodes_[to];
    if (!n.up || n.self() != target) return; // another incarnation is another peer
    at(std::max(now_, n.frozen_until), to,
       [this, to, sender, m] { with(to, [&](auto& r, auto& out) { r.received(sender, m, time(), out); }); });
  }
  void beat(std::size_t i) {
    at(now_ + 50 * ms, i, [this, i] {
      auto& n = *nodes_[i];
      for (std::size_t j = 0; j < nodes_.size(); ++j) {
        auto& other = *nodes_[j];
        if (j == i || !other.up || other.frozen_until > now_ || blocked_[j][i] || other.isolated_at || n.isolated_at)
          continue;
        n.last_heard[j] = now_;
        with(i, [&](auto& r, auto&) { r.heard(other.self(), time()); });
      }
      std::vector<member> members = consensus_record_.isr;
      members.push_back(consensus_record_.leader);
      for (const auto& other : nodes_) members.push_back(other->self());
      std::vector<member> wanted;
      for (std::size_t k = 0; k < nodes_.size() && wanted.size() < wanted_count_; ++k) {
        const std::size_t j = (k + (faults_ ? figures_.epochs / 3 : 0)) % nodes_.size();
        if (nodes_[j]->up && (j == i || now_ - n.last_heard[j] < 400 * ms)) wanted.push_back(nodes_[j]->self());
      }
      for (const auto& m : members) {
        if (m.node == n.id) {
          if (m != n.self() && n.suspected.insert(m).second)
            with(i, [&](auto& r, auto& out) { r.suspected(m, true, time(), out); });
          continue;
        }
        const auto j = *index_of(m.node);
        const bool gone = nodes_[j]->self() != m || now_ - n.last_heard[j] > 250 * ms ||
                          rng_.chance(faults_ ? false_suspicion_ : 0.0);
        if (gone == n.suspected.contains(m)) continue;
        if (gone)
          n.suspected.insert(m);
        else
          n.suspected.erase(m);
        with(i, [&](auto& r, auto& out) { r.suspected(m, gone, time(), out); });
      }
      with(i, [&](auto& r, auto& out) { r.wanted_replicas(wanted, time(), out); });
      operate(i);
      if (faults_ && rng_.chance(hand_over_rate_ * 0.05) && n.ready) {
        const auto& target = consensus_record_.isr[rng_.below(consensus_record_.isr.size())];
        bool ok = false;
        with(i, [&](auto& r, auto& out) { ok = r.hand_over(target, time(), out); });
        figures_.hand_overs += ok ? 1 : 0;
      }
      beat(i);
    });
  }
  /// An operator: sees that a shard is frozen because its last member lost something, and accepts the loss.
  void operate(std::size_t i) {
    auto& n = *nodes_[i];
    // Who is out of everybody's reach looks down once its lease has ended.
    const bool lone = consensus_record_.isr.size() == 1;
    const auto looks_down = [&](const node& x) { return lone && x.isolated_at && now_ - *x.isolated_at > 300 * ms; };
    const bool stuck = std::all_of(consensus_record_.isr.begin(), consensus_record_.isr.end(), [&](const member& m) {
      const auto& other = *nodes_[*index_of(m.node)];
      return other.self() != m || !other.up || looks_down(other);
    });
    if (!stuck || n.isolated_at || aim_ == aim::quiet_writers || !rng_.chance(0.2)) return;
    const auto place = [](const node& x) { return std::pair(x.replica->end().epoch, x.replica->end().index); };
    for (const auto& m : consensus_record_.isr) {
      const auto& other = *nodes_[*index_of(m.node)];
      // Waits for a member that is down and intact, or that is back and may still come in by itself.
      if (!other.up && !other.not_intact) return;
      if (!other.up || looks_down(other)) continue;
      if (other.self() != m && m.incarnation >= other.replica->meta().born) return;
    }
    for (const auto& other : nodes_)
      if (other->up && !looks_down(*other) && place(*other) > place(n)) return;
    with(i, [&](auto& r, auto& out) { static_cast<void>(r.recover(true, time(), out)); });
  }
  void propose(std::size_t i) {
    at(now_ + delay(proposal_gap_ / 2, proposal_gap_ * 2), i, [this, i] {
      auto& n = *nodes_[i];
      if (n.ready) {
        std::vector<std::string> payloads;
        for (auto count = 1 + rng_.below(3); count > 0; --count) payloads.push_back(std::to_string(++proposals_));
        const auto last = proposals_;
        bool ok = false;
        with(i, [&](auto& r, auto& out) {
          ok = r.propose(std::move(payloads), ports::entry_kind::commands, time(), out).has_value();
        });
        if (ok && !faults_) healed_proposal_ = last;
      }
      if (n.ready && rng_.chance(0.3))
        with(i, [&](auto& r, auto& out) {
          if (const auto ticket = r.read_fresh(time(), out))
            n.reads[*ticket] = journal_index(released_.empty() ? 0 : released_.rbegin()->first);
        });
      propose(i);
    });
  }

  // ------------------------------------------------------------------------------------------ consensus store
  void commit(std::size_t i, transaction_request t) {
    const auto answer = [this, i, id = t.id](std::int64_t when, transaction_result result, std::uint64_t revision) {
      at(when, i, [this, i, id, result, revision] {
        with(i, [&](auto& r, auto& out) { r.transaction_done(id, result, revision, time(), out); });
      });
    };
    if (store_out_ || nodes_[i]->isolated_at) {
      answer(now_ + 30 * ms, rng_.chance(0.5) ? transaction_result::not_sent : transaction_result::unknown, 0);
      return;
    }
    if (rng_.chance(faults_ ? answers_lost_ : 0.0)) {
      ++figures_.lost_answers;
      answer(now_ + 30 * ms, transaction_result::unknown, 0);
      const auto fate = rng_.below(3);
      if (fate == 0) return;
      if (fate == 2) ++figures_.late_executions;
      at(now_ + (fate == 1 ? delay(us, ms) : delay(50 * ms, 2 * second)), of_world,
         [this, t = std::move(t)] { static_cast<void>(execute(t)); });
      return;
    }
    at(now_ + delay(200 * us, faults_ ? store_latency_max_ : 2 * ms), of_world, [this, t = std::move(t), answer] {
      const bool ok = execute(t);
      answer(now_ + delay(200 * us, faults_ ? store_latency_max_ : 2 * ms),
             ok ? transaction_result::executed : transaction_result::failed, ok ? consensus_revision_ : 0);
    });
  }
  bool execute(const transaction_request& t) {
    if (t.compare_revision != consensus_revision_ && t.compare_revision != any_revision) return false;
    const auto before = consensus_record_;
    const auto& next = t.next;
    note("record " + encode(next));
    if (next.isr.empty()) {
      fail("rule 12: the isr was emptied");
      return false;
    }
    if (next.isr.size() > before.isr.size()) {
      ++figures_.grown;
      if (aim_ == aim::quiet_writers && faults_ && rng_.chance(0.7))
        at(now_ + delay(us, 5 * ms), of_world, [this, i = *index_of(next.leader.node)] {
          crash(i);
          at(now_ + delay(400 * ms, 900 * ms), of_world, [this, i] { start_node(i); });
        });
    }
    if (next.isr.size() < before.isr.size()) ++figures_.shrunk;
    if (next.isr.size() == before.isr.size() && next.isr != before.isr) ++figures_.replaced;
    if (next.epoch != before.epoch) ++figures_.epochs;
    consensus_record_ = next;
    ++consensus_revision_;
    if (next.data_loss != before.data_loss) {
      ++figures_.recovered;
      for (const auto& m : before.isr) {
        const auto& other = *nodes_[*index_of(m.node)];
        if (other.up && other.self() == m && other.replica->leads()) ++figures_.recovered_beside;
      }
      loss_epoch_ = next.epoch;
      accept_loss(next.leader);
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i]->up && !nodes_[i]->isolated_at && !rng_.chance(faults_ ? 0.2 : 0.0)) {
        at(now_ + delay(us, 20 * ms), i, [this, i, r = consensus_record_, revision = consensus_revision_] {
          with(i, [&](auto& rep, auto& out) { rep.record(r, revision, time(), out); });
        });
      }
    return true;
  }
  void read_record(std::size_t i, std::int64_t after) {
    at(now_ + after, i, [this, i, asked = time()] {
      if (store_out_ || nodes_[i]->isolated_at) return;
      const auto r = consensus_record_;
      const auto revision = consensus_revision_;
      at(now_ + delay(us, 2 * ms), i, [this, i, r, revision, asked] {
        with(i, [&](auto& rep, auto& out) { rep.record(r, revision, time(), out); });
        with(i, [&](auto& rep, auto& out) { rep.record_read(revision, asked, time(), out); });
      });
    });
  }
  void poll_record(std::size_t i) {
    read_record(i, 0);
    at(now_ + delay(100 * ms, 400 * ms), i, [this, i] { poll_record(i); });
  }
  /// What the new only member does not have is lost, by the operator's word.
  void accept_loss(const member& who) {
    const auto& n = *nodes_[*index_of(who.node)];
    const auto has = [&](std::uint64_t index, std::uint64_t chain) {
      if (n.replica) {
        if (index <= n.replica->meta().cut.index.value) return true;
        const auto e = n.replica->entry(journal_index(index));
        return e != nullptr && e->chain == chain;
      }
      if (index <= n.durable.meta.cut.index.value) return true;
      const std::size_t at_index = index - n.durable.meta.cut.index.value - 1;
      return at_index < n.durable.log.size() && n.durable.log[at_index].chain == chain;
    };
    // A copy from before an earlier loss has another beginning, which its cut hides.
    if (const auto f = fold_.find(n.folded.value); n.folded.value != 0 && f != fold_.end() && f->second != n.fold) {
      released_.clear();
      fold_.clear();
      return;
    }
    auto first = released_.begin();
    while (first != released_.end() && has(first->first, first->second)) ++first;
    if (first == released_.end()) return;
    const auto lost = first->first;
    released_.erase(first, released_.end());
    fold_.erase(fold_.lower_bound(lost), fold_.end());
  }

  // ------------------------------------------------------------------------------------------ faults
  void schedule_faults() {
    at(now_ + 50 * ms, of_world, [this] {
      if (!faults_) return;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        auto& n = *nodes_[i];
        if (n.up && rng_.chance(crash_rate_ * 0.05)) {
          crash(i);
          at(now_ + (rng_.chance(0.5) ? delay(ms, 50 * ms) : delay(50 * ms, 2 * second)), of_world,
             [this, i] { start_node(i); });
        }
        if (n.up && rng_.chance(freeze_rate_ * 0.05)) {
          ++figures_.freezes;
          n.frozen_until = now_ + (rng_.chance(0.5) ? delay(10 * ms, 400 * ms) : delay(400 * ms, 3 * second));
          note("freeze " + to_text(n.self()));
        }
      }
      if (all_crash_ && rng_.chance(0.02))
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
          crash(i);
          at(now_ + delay(ms, 800 * ms), of_world, [this, i] { start_node(i); });
        }
      if (nodes_.size() > 1 && rng_.chance(partition_rate_ * 0.05)) {
        ++figures_.partitions;
        const auto a = rng_.below(nodes_.size());
        const bool one_way = rng_.chance(0.3);
        const bool whole = rng_.chance(0.5);
        for (std::size_t b = 0; b < nodes_.size(); ++b)
          if (b != a && (whole || rng_.chance(0.5))) {
            blocked_[a][b] = true;
            if (!one_way) blocked_[b][a] = true;
          }
        note("partition " + to_text(nodes_[a]->self()));
        at(now_ + delay(50 * ms, 2 * second), of_world, [this] {
          for (auto& row : blocked_) row.assign(row.size(), false);
        });
      }
      const auto leads = index_of(consensus_record_.leader.node);
      if (aim_ == aim::quiet_writers && leads && consensus_record_.isr.size() == wanted_count_ && rng_.chance(0.2)) {
        const auto i = rng_.below(nodes_.size());
        if (i != *leads && nodes_[i]->up) {
          bad_start_ = 1;
          crash(i);
          bad_start_ = 0;
          at(now_ + delay(ms, 50 * ms), of_world, [this, i] { start_node(i); });
        }
      }
      if (aim_ == aim::isolated_alone && leads && nodes_[*leads]->ready && consensus_record_.isr.size() > 1 &&
          rng_.chance(0.1))
        for (std::size_t i = 0; i < nodes_.size(); ++i)
          if (i != *leads && nodes_[i]->up) {
            crash(i);
            at(now_ + delay(500 * ms, 1'500 * ms), of_world, [this, i] { start_node(i); });
          }
      if (isolations_ && consensus_record_.isr.size() == 1 && leads && nodes_[*leads]->ready &&
          !nodes_[*leads]->isolated_at && rng_.chance(0.1)) {
        ++figures_.isolated;
        nodes_[*leads]->isolated_at = now_;
        note("isolate " + to_text(nodes_[*leads]->self()));
        at(now_ + delay(3'000 * ms, 7'000 * ms), of_world, [this, i = *leads] { nodes_[i]->isolated_at.reset(); });
      }
      if (!store_out_ && rng_.chance(store_outage_rate_ * 0.05)) {
        store_out_ = true;
        at(now_ + delay(100 * ms, 3 * second), of_world, [this] { store_out_ = false; });
      }
      schedule_faults();
    });
  }
  void heal() {
    note("heal");
    faults_ = false;
    store_out_ = false;
    for (auto& row : blocked_) row.assign(row.size(), false);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i]->isolated_at.reset();
      nodes_[i]->frozen_until = std::min(nodes_[i]->frozen_until, now_ + 10 * ms);
      start_node(i);
    }
    epochs_at_heal_ = figures_.epochs;
  }
  std::uint64_t epochs_at_heal_{};

  void check_converged() {
    // The last figures: whether the contenders settled.
    std::size_t leaders = 0;
    for (const auto& n : nodes_)
      if (n->ready && n->replica->leads() && n->replica->promised() == consensus_record_.epoch) ++leaders;
    std::string where;
    for (const auto& n : nodes_) {
      const auto s = n->replica->status();
      where += " " + to_text(n->self()) + "=" + std::string(to_text(s.role)) + "/promised " +
               std::to_string(s.promised.value) + "/hw " + std::to_string(s.high_watermark.value) + "/end " +
               std::to_string(s.end.value) + "/folded " + std::to_string(n->folded.value) +
               (s.transaction_outstanding ? "/tx" : "") + (s.recovering ? "/recovering" : "");
      for (const auto& f : s.followers)
        where += " [" + to_text(f.who) + (f.in_isr ? " in" : "") + (f.candidate ? " candidate" : "") +
                 (f.suspected ? " suspected" : "") + (f.begun ? " begun" : "") + (f.snapshot ? " snapshot" : "") +
                 " acked " + std::to_string(f.acked.value) + "]";
    }
    where += " record " + encode(consensus_record_);
    if (leaders != 1) return fail("not alive: " + std::to_string(leaders) + " leaders after healing;" + where);
    if (healed_proposal_ == 0) return fail("not alive: nothing was accepted after healing;" + where);
    if (figures_.epochs - epochs_at_heal_ > 12)
      return fail("not alive: " + std::to_string(figures_.epochs - epochs_at_heal_) +
                  " changes of leader after healing;" + where);
    std::size_t in = 0;
    for (const auto& n : nodes_) in += holds(consensus_record_.isr, n->self()) ? 1U : 0U;
    if (in < std::min<std::size_t>(wanted_count_, nodes_.size()))
      return fail("not alive: only " + std::to_string(in) + " running members in the isr;" + where);
    const auto top = released_.empty() ? 0 : released_.rbegin()->first;
    for (const auto& n : nodes_)
      if (holds(consensus_record_.isr, n->self()) && n->folded.value + 600 < top)
        return fail("not alive: " + to_text(n->self()) + " does not follow;" + where);
    if (released_proposals_.empty() || *released_proposals_.rbegin() + 600 < healed_proposal_)
      return fail("not alive: what is accepted is not released;" + where);
  }

  // ------------------------------------------------------------------------------------------ invariants
  void check_fold(const node& n) {
    if (n.folded.value == 0 || loss_epoch_) return; // what is lost shows when the next leader releases
    const auto [at_index, fresh] = fold_.emplace(n.folded.value, n.fold);
    if (!fresh && at_index->second != n.fold)
      fail("I7: the state of " + to_text(n.self()) + " at " + std::to_string(n.folded.value) +
           " is not the fold of the journal");
  }
  void check_new_leader(std::size_t i) {
    auto& n = *nodes_[i];
    const auto& r = *n.replica;
    const auto epoch = r.promised().value;
    const auto [known, fresh] = leader_of_.emplace(epoch, n.self());
    if (!fresh) {
      if (known->second != n.self()) fail("I1: two leaders of epoch " + std::to_string(epoch));
      return;
    }
    // I3. A leader whose record has been overtaken will release nothing; only the record's leader is judged.
    if (consensus_record_.epoch.value != epoch) return;
    if (loss_epoch_ && loss_epoch_->value <= epoch) accept_loss(n.self()); // who was alone may still have gone on
    for (auto it = released_.upper_bound(r.meta().cut.index.value); it != released_.end(); ++it) {
      const auto e = r.entry(journal_index(it->first));
      if (e == nullptr || e->chain != it->second) {
        fail("I3: the leader of epoch " + std::to_string(epoch) + ", " + to_text(n.self()) + ", lacks released entry " +
             std::to_string(it->first));
        return;
      }
    }
  }
  void check_released(std::size_t i, const ports::journal_entry& e) {
    auto& n = *nodes_[i];
    if (e.index.value != n.folded.value + 1) fail("entries are released out of order on " + to_text(n.self()));
    n.fold = (n.fold ^ e.chain) * 0x9e3779b97f4a7c15ULL + e.index.value;
    n.folded = e.index;
    n.state_dirty = true;
    const bool leads = n.replica->leads();
    if (leads && loss_epoch_ && n.replica->promised() >= *loss_epoch_) {
      accept_loss(n.self());
      loss_epoch_.reset();
    }
    const auto known = released_.find(e.index.value);
    if (known != released_.end() && known->second != e.chain)
      fail("I2: entry " + std::to_string(e.index.value) + " was released with two values, now by " + to_text(n.self()));
    if (leads) {
      ++figures_.released;
      if (e.kind == ports::entry_kind::commands) released_proposals_.insert(std::stoull(e.payload));
      const auto epoch = n.replica->promised().value;
      const auto [who, fresh] = releaser_.emplace(epoch, n.self());
      if (!fresh && who->second != n.self()) fail("I1: two nodes released in epoch " + std::to_string(epoch));
      if (known == released_.end()) {
        // Synced by enough replicas: what min_isr promises.
        std::uint32_t holders = 0;
        for (const auto& other : nodes_) holders += durably_has(*other, e) ? 1U : 0U;
        if (holders < consensus_record_.min_isr && consensus_record_.epoch.value == epoch)
          fail("entry " + std::to_string(e.index.value) + " was released with " + std::to_string(holders) +
               " synced copies, min_isr is " + std::to_string(consensus_record_.min_isr));
        released_.emplace(e.index.value, e.chain);
        while (released_.size() > 4000) released_.erase(released_.begin());
      }
    }
    check_fold(n);
  }
  /// Nodes that lost something since do not count against the leader: they had it when they said so.
  [[nodiscard]] bool durably_has(const node& n, const ports::journal_entry& e) const {
    if (n.not_intact || n.durable.meta.born.value != 0) return true;
    if (e.index <= n.durable.meta.cut.index) return true;
    const std::size_t position = e.index.value - n.durable.meta.cut.index.value - 1;
    return position < n.durable.log.size() && n.durable.log[position].chain == e.chain;
  }
  /// I6, and that an acknowledgement covers only what is on disk.
  void check_said(const node& n, const outbound& s) {
    const auto said = [&](epoch_number epoch, journal_index matched) {
      if (epoch < n.durable.meta.promised) fail("I6: " + to_text(n.self()) + " acknowledges below its promise");
      if (epoch > n.durable.meta.promised && epoch <= n.replica->promised())
        fail("I6: " + to_text(n.self()) + " acknowledges before its promise is synced");
      const auto end = n.durable.log.empty() ? n.durable.meta.cut.index : n.durable.log.back().index;
      if (matched > end) fail("rule 7: " + to_text(n.self()) + " acknowledges what is not synced");
    };
    if (const auto* a = std::get_if<ack_message>(&s.message)) said(a->epoch, a->matched);
    if (const auto* b = std::get_if<begun_message>(&s.message)) said(b->epoch, b->matched);
  }
  void check_cut(const node& n, const ports::shard_meta& meta) {
    if (meta.cut.index <= n.durable.meta.cut.index) return;
    if (meta.cut.index > meta.applied.index) fail("I7: " + to_text(n.self()) + " cuts what its state does not hold");
    for (const auto& m : consensus_record_.isr) {
      const auto& other = *nodes_[*index_of(m.node)];
      if (other.not_intact || other.durable.meta.born.value != 0 || consensus_record_.data_loss != 0) continue;
      const auto end = other.durable.log.empty() ? other.durable.meta.cut.index : other.durable.log.back().index;
      if (end < meta.cut.index) fail("rule 18: " + to_text(n.self()) + " cuts what " + to_text(m) + " does not have");
    }
  }
};

} // namespace sett::journal::test
