#include "chaos/sim/simulated_consensus.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace sett::sim {

using ports::consensus_errc;

namespace {
constexpr std::string_view area = "consensus";
constexpr std::int64_t deadline_ns = 300'000'000; // after which an answer counts as lost, as the etcd client has it
constexpr std::size_t operations_max = 128;
constexpr std::size_t history_max = 100'000;
} // namespace

struct simulated_consensus::state : std::enable_shared_from_this<simulated_consensus::state> {
  struct change_at {
    std::uint64_t revision;
    std::vector<ports::consensus_change> changes;
  };
  struct lease {
    std::int64_t ttl_s;
    std::uint64_t generation; // a timer of an older one is late
    std::set<std::string> keys;
  };
  struct node {
    std::string name;
    bool open{true};
  };
  struct watcher {
    std::shared_ptr<node> owner;
    std::string prefix;
    std::uint64_t next; // the first revision it has not been told
    std::function<void(ports::consensus_changes)> on_change;
    bool scheduled{};
  };
  using node_ptr = std::shared_ptr<node>;

  state(scheduler later, ports::random chance) : at(std::move(later)), rng(chance) {}

  scheduler at;
  ports::random rng;
  consensus_faults faults;
  consensus_counts counts;
  std::map<std::string, ports::consensus_value> values;
  std::uint64_t revision{1}, compacted{0};
  std::map<std::uint64_t, lease> leases;
  std::uint64_t last_lease{}, last_watch{}, lease_generation{};
  std::deque<change_at> history;
  std::map<std::uint64_t, watcher> watchers; // ordered, so that equal seeds walk them equally
  std::map<std::string, cut> cuts;
  std::map<std::string, std::int64_t> planned; // the client's next transaction
  std::uint64_t leader{1}, quorum_generation{};
  bool quorum{true};
  std::vector<std::function<void()>> parked; // proposals that the lost quorum may still carry out when it is back

  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high) {
    return high <= low ? low : low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low)));
  }
  [[nodiscard]] std::int64_t half_way() { return between(faults.answer_ns_min, faults.answer_ns_max) / 2; }
  /// A fault of this chance strikes. Draws nothing for a chance of 0, so that a fault switched off disturbs no other.
  [[nodiscard]] bool strikes(double chance, std::uint64_t& count) {
    if (chance <= 0 || !rng.chance(chance)) return false;
    ++count;
    return true;
  }
  [[nodiscard]] cut cut_of(const node& n) const {
    const auto it = cuts.find(n.name);
    return it == cuts.end() ? cut::none : it->second;
  }

  // --- the store itself
  void record(std::vector<ports::consensus_change> changes) {
    history.push_back({revision, std::move(changes)});
    if (history.size() > history_max) {
      compacted = history.front().revision;
      history.pop_front();
    }
    for (auto& [id, w] : watchers) wake(id, w);
  }
  void detach(const ports::consensus_value& v) {
    if (const auto it = leases.find(v.lease); it != leases.end()) it->second.keys.erase(v.key);
  }
  [[nodiscard]] bool holds(const ports::consensus_transaction& t) const {
    return std::all_of(t.compares.begin(), t.compares.end(), [&](const ports::consensus_compare& c) {
      const auto it = values.find(c.key);
      // The greatest revision holds always: what broken rules compare, which compare nothing.
      return (it == values.end() ? 0 : it->second.revision) == c.revision || c.revision == ~std::uint64_t{0};
    });
  }
  [[nodiscard]] bool has_leases(const ports::consensus_transaction& t) const {
    return std::all_of(t.puts.begin(), t.puts.end(),
                       [&](const ports::consensus_put& p) { return p.lease == 0 || leases.contains(p.lease); });
  }
  result<ports::consensus_outcome> execute(const ports::consensus_transaction& t) {
    if (!holds(t)) {
      ++counts.refused_by_compare;
      return ports::consensus_outcome{false, revision};
    }
    if (!has_leases(t)) return fail(area, consensus_errc::no_lease, "requested lease not found");
    ++counts.executed;
    std::vector<ports::consensus_change> changes;
    const auto next = revision + 1;
    for (const auto& p : t.puts) {
      auto& v = values[p.key];
      detach(v);
      v = {p.key, p.value, next, p.lease};
      if (p.lease != 0) leases[p.lease].keys.insert(p.key);
      changes.push_back({p.key, v, next});
    }
    for (const auto& key : t.erases) {
      const auto it = values.find(key);
      if (it == values.end()) continue;
      detach(it->second);
      values.erase(it);
      changes.push_back({key, std::nullopt, next});
    }
    if (!changes.empty()) {
      revision = next;
      record(std::move(changes));
    }
    return ports::consensus_outcome{true, revision};
  }
  void end_lease(std::uint64_t id) {
    const auto it = leases.find(id);
    if (it == leases.end()) return;
    const auto keys = std::move(it->second.keys);
    leases.erase(it);
    if (keys.empty()) return;
    ++revision;
    std::vector<ports::consensus_change> changes;
    for (const auto& key : keys) {
      values.erase(key);
      changes.push_back({key, std::nullopt, revision});
    }
    record(std::move(changes));
  }
  /// etcd looks for expired leases twice a second, so a key lives on for up to 500 ms.
  void arm(std::uint64_t id) {
    auto& l = leases.at(id);
    l.generation = ++lease_generation;
    const auto grace = between(0, 500'000'000);
    at(l.ttl_s * 1'000'000'000 + grace, [self = shared_from_this(), id, generation = l.generation] {
      const auto it = self->leases.find(id);
      if (it == self->leases.end() || it->second.generation != generation) return;
      if (!self->quorum) return; // the next leader gives it its whole time again
      ++self->counts.leases_expired;
      self->end_lease(id);
    });
  }

  // --- calls
  template <class T>
  void answer(const node_ptr& n, std::int64_t delay, std::function<void(result<T>)> done, result<T> value) {
    at(delay, [n, done = std::move(done), value = std::move(value)]() mutable {
      if (n->open) done(std::move(value));
    });
  }
  /// The way of every call: the request travels, `run` happens at the store, the answer travels. `run` gives the
  /// answer. `lost` is what the caller hears when something on the way breaks.
  template <class T>
  void call(const node_ptr& n, std::function<void(result<T>)> done, result<T> lost, bool changes,
            std::function<result<T>()> run) {
    ++counts.calls;
    if (cut_of(*n) == cut::requests) return answer<T>(n, deadline_ns, std::move(done), std::move(lost));
    at(half_way(), [self = shared_from_this(), n, done = std::move(done), lost = std::move(lost), changes,
                    run = std::move(run), leader_then = leader]() mutable {
      if (!self->quorum || self->leader != leader_then) {
        // A proposal that nobody could commit is dropped by the next leader, or carried out by it.
        if (changes && self->rng.chance(0.5)) {
          if (self->quorum)
            static_cast<void>(run());
          else
            self->parked.push_back([run = std::move(run)] { static_cast<void>(run()); });
        }
        return self->answer<T>(n, deadline_ns, std::move(done), std::move(lost));
      }
      auto value = run();
      if (self->cut_of(*n) == cut::answers) return self->answer<T>(n, deadline_ns, std::move(done), std::move(lost));
      auto back = self->half_way();
      if (self->strikes(self->faults.slow, self->counts.slow)) back += self->between(0, self->faults.slow_ns_max);
      if (back > deadline_ns) return self->answer<T>(n, deadline_ns, std::move(done), std::move(lost));
      self->answer<T>(n, back, std::move(done), std::move(value));
    });
  }

  static result<ports::consensus_outcome> unknown() {
    return fail(area, consensus_errc::unknown_outcome, "no answer in time");
  }
  template <class T>
  static result<T> unavailable() {
    return fail(area, consensus_errc::unavailable, "no answer in time");
  }

  void commit(const node_ptr& n, ports::consensus_transaction t,
              std::function<void(result<ports::consensus_outcome>)> done) {
    using outcome = ports::consensus_outcome;
    if (t.compares.size() + t.puts.size() + t.erases.size() > operations_max)
      return answer<outcome>(n, 0, std::move(done),
                             fail(area, consensus_errc::bad_request, "more than 128 operations"));
    std::set<std::string> keys;
    for (const auto& p : t.puts)
      if (!keys.insert(p.key).second)
        return answer<outcome>(n, 0, std::move(done), fail(area, consensus_errc::bad_request, "a key is put twice"));
    for (const auto& key : t.erases)
      if (keys.contains(key))
        return answer<outcome>(n, 0, std::move(done),
                               fail(area, consensus_errc::bad_request, "a key is put and erased"));
    if (strikes(faults.not_sent, counts.not_sent))
      return answer<outcome>(n, half_way(), std::move(done), fail(area, consensus_errc::not_sent, "no connection"));
    const auto shared = std::make_shared<ports::consensus_transaction>(std::move(t));
    const auto run = [self = this, shared] { return self->execute(*shared); };
    if (strikes(faults.lost_never, counts.lost_never))
      return answer<outcome>(n, deadline_ns, std::move(done), unknown());
    if (strikes(faults.lost_executed, counts.lost_executed)) {
      at(half_way(), [self = shared_from_this(), run] {
        if (self->quorum) static_cast<void>(run());
      });
      return answer<outcome>(n, deadline_ns, std::move(done), unknown());
    }
    const auto mine = planned.find(n->name);
    if (mine != planned.end() || strikes(faults.lost_late, counts.lost_late)) {
      const auto after = mine != planned.end() ? mine->second : between(deadline_ns, faults.late_ns_max);
      if (mine != planned.end()) planned.erase(mine);
      at(after, [self = shared_from_this(), run] {
        if (!self->quorum) return;
        const auto late = run();
        if (late && late->executed) ++self->counts.late_executed;
      });
      return answer<outcome>(n, deadline_ns, std::move(done), unknown());
    }
    call<outcome>(n, std::move(done), unknown(), true, run);
  }

  template <class T>
  void read(const node_ptr& n, std::function<void(result<T>)> done, std::function<result<T>()> run) {
    if (strikes(faults.read_failed, counts.read_failed))
      return answer<T>(n, half_way(), std::move(done), unavailable<T>());
    call<T>(n, std::move(done), unavailable<T>(), false, std::move(run));
  }

  void grant(const node_ptr& n, std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) {
    call<std::uint64_t>(n, std::move(done), unavailable<std::uint64_t>(), true,
                        [self = this, ttl_s]() -> result<std::uint64_t> {
                          const auto id = ++self->last_lease;
                          self->leases[id] = {std::max<std::int64_t>(ttl_s, 2), 0, {}};
                          self->arm(id);
                          return id;
                        });
  }
  void keep_alive(const node_ptr& n, std::uint64_t id, std::function<void(result<void>)> done) {
    // Not a proposal: a keep-alive without a leader is nothing.
    call<void>(n, std::move(done), unavailable<void>(), false, [self = this, id]() -> result<void> {
      if (!self->leases.contains(id)) {
        if (self->strikes(self->faults.kept_though_revoked, self->counts.kept_though_revoked)) return {};
        return fail(area, consensus_errc::no_lease, "requested lease not found");
      }
      self->arm(id);
      if (self->strikes(self->faults.revoked_though_kept, self->counts.revoked_though_kept))
        self->at(self->between(0, 100'000'000), [again = self->shared_from_this(), id] { again->end_lease(id); });
      return {};
    });
  }
  void revoke(const node_ptr& n, std::uint64_t id, std::function<void(result<void>)> done) {
    call<void>(n, std::move(done), unavailable<void>(), true, [self = this, id]() -> result<void> {
      if (!self->leases.contains(id)) return fail(area, consensus_errc::no_lease, "requested lease not found");
      self->end_lease(id);
      return {};
    });
  }

  // --- watches
  void wake(std::uint64_t id, watcher& w) {
    if (w.scheduled) return;
    w.scheduled = true;
    auto delay = half_way();
    if (strikes(faults.watch_stale, counts.watch_stale)) delay += between(0, faults.slow_ns_max);
    at(delay, [self = shared_from_this(), id] { self->deliver(id); });
  }
  void end_watch(std::uint64_t id) {
    const auto it = watchers.find(id);
    if (it == watchers.end()) return;
    auto told = std::move(it->second.on_change);
    const auto owner = it->second.owner;
    watchers.erase(it);
    if (owner->open) told({{}, true});
  }
  void deliver(std::uint64_t id) {
    const auto it = watchers.find(id);
    if (it == watchers.end()) return;
    auto& w = it->second;
    w.scheduled = false;
    if (!w.owner->open) return;
    if (cut_of(*w.owner) != cut::none || !quorum) { // looked at again until the way is free, as a retransmission would
      w.scheduled = true;
      at(50'000'000, [self = shared_from_this(), id] { self->deliver(id); });
      return;
    }
    if (w.next <= compacted) return end_watch(id);
    if (w.next > revision) return;
    if (strikes(faults.watch_end, counts.watch_end)) return end_watch(id);
    ports::consensus_changes batch;
    auto h =
        std::partition_point(history.begin(), history.end(), [&](const change_at& c) { return c.revision < w.next; });
    for (; h != history.end(); ++h)
      for (const auto& c : h->changes)
        if (c.key.starts_with(w.prefix)) batch.changes.push_back(c);
    const auto before = w.next;
    w.next = revision + 1;
    if (batch.changes.empty() || strikes(faults.watch_gap, counts.watch_gap)) return;
    if (strikes(faults.watch_duplicate, counts.watch_duplicate)) {
      w.next = before;
      wake(id, w);
    }
    const auto told = w.on_change; // the watcher may cancel itself in it
    told(std::move(batch));
  }
};

simulated_consensus::simulated_consensus(scheduler at, ports::random rng)
    : state_(std::make_shared<state>(std::move(at), rng)) {}
simulated_consensus::~simulated_consensus() {
  // What is still scheduled holds the state alive; nobody hears of it any more.
  state_->watchers.clear();
  state_->parked.clear();
}

std::unique_ptr<ports::consensus_store> simulated_consensus::client(std::string name) {
  class way final : public ports::consensus_store {
  public:
    way(std::shared_ptr<state> to, std::string name) : to_(std::move(to)), me_(std::make_shared<state::node>()) {
      me_->name = std::move(name);
    }
    ~way() override {
      me_->open = false;
      std::erase_if(to_->watchers, [&](const auto& w) { return w.second.owner == me_; });
    }
    void get(std::string key, std::function<void(result<std::optional<ports::consensus_value>>)> done) override {
      using value = std::optional<ports::consensus_value>;
      to_->read<value>(me_, std::move(done), [s = to_.get(), key = std::move(key)]() -> result<value> {
        const auto it = s->values.find(key);
        if (it == s->values.end()) return value{};
        return value{it->second};
      });
    }
    void list(std::string prefix, std::function<void(result<ports::consensus_listing>)> done) override {
      using listing = ports::consensus_listing;
      to_->read<listing>(me_, std::move(done), [s = to_.get(), prefix = std::move(prefix)]() -> result<listing> {
        listing out{{}, s->revision};
        for (auto it = s->values.lower_bound(prefix); it != s->values.end() && it->first.starts_with(prefix); ++it)
          out.values.push_back(it->second);
        return out;
      });
    }
    void commit(ports::consensus_transaction t, std::function<void(result<ports::consensus_outcome>)> done) override {
      to_->commit(me_, std::move(t), std::move(done));
    }
    void grant(std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) override {
      to_->grant(me_, ttl_s, std::move(done));
    }
    void keep_alive(std::uint64_t lease, std::function<void(result<void>)> done) override {
      to_->keep_alive(me_, lease, std::move(done));
    }
    void revoke(std::uint64_t lease, std::function<void(result<void>)> done) override {
      to_->revoke(me_, lease, std::move(done));
    }
    ports::watch_id watch(std::string prefix, std::uint64_t after_revision,
                          std::function<void(ports::consensus_changes)> on_change) override {
      const auto id = ++to_->last_watch;
      auto& w = to_->watchers[id];
      w = {me_, std::move(prefix), after_revision + 1, std::move(on_change)};
      to_->wake(id, w);
      return ports::watch_id{id};
    }
    void cancel(ports::watch_id id) override { to_->watchers.erase(static_cast<std::uint64_t>(id)); }

  private:
    std::shared_ptr<state> to_;
    state::node_ptr me_;
  };
  return std::make_unique<way>(state_, std::move(name));
}

void simulated_consensus::set_cut(const std::string& name, cut how) { state_->cuts[name] = how; }
void simulated_consensus::lose_answer(const std::string& name, std::int64_t executes_after_ns) {
  state_->planned[name] = executes_after_ns;
}
void simulated_consensus::set_faults(const consensus_faults& faults) { state_->faults = faults; }

void simulated_consensus::change_leader() {
  auto& s = *state_;
  ++s.leader;
  ++s.counts.leader_changes;
  // A new leader knows no keep-alive of the old one's time: every lease gets its whole time again.
  for (auto& [id, l] : s.leases) s.arm(id);
  // Half of the watches hang on a server that lost its leader for a moment.
  std::vector<std::uint64_t> ended;
  for (const auto& [id, w] : s.watchers)
    if (s.rng.chance(0.5)) ended.push_back(id);
  for (const auto id : ended) s.at(s.half_way(), [self = state_, id] { self->end_watch(id); });
}

void simulated_consensus::lose_quorum(std::int64_t ns) {
  auto& s = *state_;
  ++s.counts.quorum_losses;
  s.quorum = false;
  s.at(ns, [self = state_, generation = ++s.quorum_generation] {
    if (self->quorum_generation != generation) return;
    self->quorum = true;
    ++self->leader;
    for (auto& [id, l] : self->leases) self->arm(id);
    auto parked = std::exchange(self->parked, {});
    for (const auto& p : parked) p();
  });
}

void simulated_consensus::compact() {
  auto& s = *state_;
  ++s.counts.compactions;
  s.compacted = s.revision;
  s.history.clear();
  for (auto& [id, w] : s.watchers)
    if (w.next <= s.compacted) s.wake(id, w);
}

const consensus_counts& simulated_consensus::counts() const { return state_->counts; }
std::uint64_t simulated_consensus::revision() const { return state_->revision; }
const std::map<std::string, ports::consensus_value>& simulated_consensus::truth() const { return state_->values; }

} // namespace sett::sim
