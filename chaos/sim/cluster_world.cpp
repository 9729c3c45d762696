#include "chaos/sim/cluster_world.hpp"

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "chaos/sim/model_store.hpp"
#include "chaos/sim/simulated_consensus.hpp"
#include "chaos/sim/simulated_network.hpp"
#include "chaos/sim/world_ports.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/workload_kinds.hpp"
#include "nodes/shards/placement.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace sett::sim {

namespace {

constexpr std::int64_t ms = 1'000'000, second = 1'000'000'000;

struct violated : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct life_config : caf::actor_system_config {
  life_config() { supervision::configure_deterministic(*this); }
};

/// A node's network, watched: what leaves is checked against what its disk has promised, and nothing leaves the dead.
class watched_network final : public ports::network {
public:
  watched_network(std::unique_ptr<ports::network> inner, std::function<void(const ports::packet&)> check)
      : inner_(std::move(inner)), check_(std::move(check)) {}
  void start(const member& self, ports::network_handler& handler) override {
    if (alive) inner_->start(self, handler);
  }
  void set_peers(std::vector<ports::peer_address> peers) override {
    if (alive) inner_->set_peers(std::move(peers));
  }
  [[nodiscard]] bool send(const member& to, ports::packet p) override {
    if (!alive) return false;
    check_(p);
    return inner_->send(to, std::move(p));
  }
  void stop() override { inner_->stop(); }
  bool alive{true};

private:
  std::unique_ptr<ports::network> inner_;
  std::function<void(const ports::packet&)> check_;
};

class world;

/// One life of a node's process.
struct life {
  life(world& w, std::size_t node, std::uint64_t number);
  ~life();
  life(const life&) = delete;
  life& operator=(const life&) = delete;

  world& in;
  std::size_t node;
  std::string name;
  bool frozen{}, doomed{};
  life_logger log;
  world_clock clock;
  world_timer timer;
  std::unique_ptr<watched_network> network;
  std::unique_ptr<ports::consensus_store> consensus;
  std::unique_ptr<model_store> store;
  std::shared_ptr<supervision::registry> actors = std::make_shared<supervision::registry>();
  life_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler{};
  std::unique_ptr<shards::cluster_node> cluster;
  caf::actor root;
  std::int64_t caf_now_ns{};
  std::map<shard_id, journal_index> applied;

  [[nodiscard]] caf::actor actor_at(std::string_view path) const {
    const auto cell = actors->find(path);
    const auto self = cell ? cell->self() : nullptr;
    return self ? caf::actor_cast<caf::actor>(self) : caf::actor();
  }
  void catch_up(std::int64_t now_ns) {
    if (now_ns <= caf_now_ns) return;
    scheduler->advance_time(std::chrono::nanoseconds(now_ns - caf_now_ns));
    caf_now_ns = now_ns;
  }
  [[nodiscard]] std::int64_t next_ns() const {
    const auto& s = scheduler->clock().schedule();
    return s.empty() ? INT64_MAX : s.begin()->first.time_since_epoch().count();
  }
  [[nodiscard]] bool ready() const { return !frozen && !scheduler->jobs.empty(); }
};

struct place {
  node_id id;
  std::unique_ptr<model_disk> disk;
  std::unique_ptr<life> now;
  std::uint64_t lives{};
  bool cut_from_store{};
};

struct operation {
  std::string kind, id, command;
  std::int64_t asked{}, answered{};
  entities::command_answer answer;
};

class world {
public:
  world(const world_options& o, const shard_factory& make_shard)
      : options(o),
        rng(o.seed),
        chaos(ports::random(o.seed).split("chaos")),
        story(events, o.story),
        fabric(o.seed, {[this] { return events.now_ns(); },
                        [this](std::int64_t d, std::function<void()> f) { events.at(d, std::move(f)); }}),
        consensus([this](std::int64_t d, std::function<void()> f) { events.at(d, std::move(f)); },
                  ports::random(o.seed).split("consensus")),
        make_shard_(make_shard) {
    journal::add_workload_kinds(kinds);
    for (std::uint32_t i = 0; i < o.nodes; ++i) {
      place p;
      p.id = *node_id::parse(fmt::format("n{}", i + 1));
      p.disk = std::make_unique<model_disk>(ports::random(o.seed).split(fmt::format("disk{}", i)));
      places.push_back(std::move(p));
    }
  }
  ~world() {
    for (auto& p : places) p.now.reset();
  }

  world_result run();

  world_options options;
  event_queue events;
  ports::random rng, chaos;
  diary story;
  world_metrics metrics;
  simulated_fabric fabric;
  simulated_consensus consensus;
  journal::entity_kinds kinds;
  std::vector<place> places;

  // --- invariants, as things happen
  void released(std::size_t node, shard_id shard, epoch_number epoch, const ports::journal_entry& e);
  void applied(life& l, shard_id shard, const ports::journal_entry& e);
  void leaving(std::size_t node, const ports::packet& p);
  void leader(shard_id shard, const shards::shard_leader& l);
  void must_end(life& l, const error& e);
  /// The run ends before the next step. Actors catch what is thrown in them, so this is only noted.
  void violate(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }
  [[nodiscard]] const shard_factory& make_shard() const { return make_shard_; }
  void mix(std::uint64_t v) { trace = (trace ^ v) * 0x100000001b3ULL; }

private:
  void start(std::size_t node);
  void kill(std::size_t node, crash_keeps keeps);
  void run_until(std::int64_t ns);
  void collect_doomed();
  void schedule_faults();
  void repeat(double every_s, const char* name, std::function<void()> fault);
  void workload();
  void submit_one();
  void heal();
  void tell_shards();
  void check_end();
  [[nodiscard]] std::optional<std::size_t> some_node(bool running);
  [[nodiscard]] bool all_in_sync() const;
  void took(std::size_t op, const entities::command_answer& a);

  shard_factory make_shard_;
  bool healing_{};
  std::string violation_;
  std::uint64_t trace{0xcbf29ce484222325ULL};
  std::uint64_t steps_{}, commits_{}, acknowledged_{}, expired_{}, leader_changes_{}, excused_{};
  struct truth {
    std::map<std::uint64_t, ports::journal_entry> entries; // by index: what was released or applied
    std::map<std::uint64_t, member> releaser;              // by epoch
    std::map<std::uint64_t, std::uint64_t> last_sequence;  // by client
    epoch_number led;
    std::uint32_t data_loss{};
  };
  std::map<shard_id, truth> truth_;
  std::vector<operation> operations_;
  std::map<std::string, std::int64_t> counter_low_, counter_high_;
  std::set<std::string> popped_;
  std::map<std::string, std::uint64_t> pushed_;
};

life::life(world& w, std::size_t at, std::uint64_t number)
    : in(w),
      node(at),
      name(fmt::format("{}#{}", w.places[at].id.view(), number)),
      log(w.story, name),
      clock(w.events),
      timer(w.events) {
  network =
      std::make_unique<watched_network>(w.fabric.attach(), [this](const ports::packet& p) { in.leaving(node, p); });
  consensus = w.consensus.client(name);
  store = std::make_unique<model_store>(*w.places[at].disk, [&w](std::uint64_t d, std::function<void()> f) {
    w.events.at(static_cast<std::int64_t>(d), std::move(f));
  });
  system = std::make_unique<caf::actor_system>(config);
  scheduler = &dynamic_cast<caf::scheduler::test_coordinator&>(system->scheduler());
  catch_up(w.events.now_ns());
  shards::cluster_settings settings;
  settings.cluster = {.cluster_id = "sim",
                      .shard_count = w.options.shards,
                      .hash_version = shards::hash_version,
                      .min_isr = w.options.min_isr,
                      .replicas = w.options.replicas,
                      .settings_checksum = "0"};
  settings.self.node = w.places[at].id;
  settings.self.host = "sim";
  settings.self.public_key = std::string(40, 'k');
  settings.self.roles.add(membership::role::compute);
  settings.self.version = "sim";
  settings.self.cluster_id = "sim";
  settings.self.settings_checksum = "0";
  settings.self.shard_count = w.options.shards;
  settings.self.hash_version = shards::hash_version;
  settings.replica.log_entries_keep = 64; // small, so that cuts and snapshots happen
  settings.limits.sequences_per_client = 256;
  shards::cluster_ports p;
  p.network = network.get();
  p.consensus = consensus.get();
  p.journal = store.get();
  p.clock = &clock;
  p.beats = &timer;
  p.metrics = &w.metrics;
  p.log = &log;
  p.chance = ports::random(w.options.seed).split(name);
  p.blocking = [](const std::function<void()>& f) { f(); };
  p.actors = actors;
  p.kinds = &w.kinds;
  shards::cluster_hooks hooks;
  hooks.on_fatal = [this](const error& e) { in.must_end(*this, e); };
  hooks.on_leader = [this](shard_id s, const shards::shard_leader& l) { in.leader(s, l); };
  hooks.on_released = [this](shard_id s, epoch_number e, const ports::journal_entry& j) { in.released(node, s, e, j); };
  hooks.on_applied = [this](shard_id s, const ports::journal_entry& j) { in.applied(*this, s, j); };
  hooks.make_shard = w.make_shard();
  cluster = std::make_unique<shards::cluster_node>(settings, p, hooks);
  if (const auto opened = cluster->open(); !opened) {
    w.story.say(name, "cannot-start", opened.error().message);
    doomed = true;
    return;
  }
  const auto directory = actors->directory("/node");
  const auto cell = actors->add(directory, "supervisor", 10'000);
  std::vector<supervision::child_spec> children;
  children.push_back(cluster->child());
  root = system->spawn<supervision::supervisor_actor>(
      cell, actors,
      supervision::supervisor_settings{.directory = "/node", .restart = {.never_give_up = true}, .seed = 1},
      std::move(children));
}

life::~life() {
  network->alive = false;
  network->stop();
  timer.kill();
  in.consensus.set_cut(name, simulated_consensus::cut::requests);
  if (cluster) cluster->stop();
  if (root) supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(root), caf::exit_reason::kill);
  protocol::actor_list_request everybody;
  everybody.limit = 1'000'000;
  for (const auto& row : actors->list(everybody, 0).rows)
    if (const auto a = actor_at(row.path))
      supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
  root = nullptr;
  for (std::uint32_t s = 0; cluster && s < cluster->table()->shard_count(); ++s)
    cluster->table()->set(shard_id{static_cast<std::uint16_t>(s)}, {});
  // I16: nobody lives on without a parent.
  for (int round = 0; round < 100 && (!scheduler->jobs.empty() || scheduler->clock().has_pending_timeout()); ++round) {
    while (scheduler->try_run_once()) {
    }
    scheduler->clock().cancel_all();
  }
  scheduler->clock().cancel_all();
}

void world::start(std::size_t node) {
  auto& p = places[node];
  if (p.now) return;
  ++p.lives;
  story.say(p.id.view(), "process-starts", "");
  p.now = std::make_unique<life>(*this, node, p.lives);
}

void world::kill(std::size_t node, crash_keeps keeps) {
  auto& p = places[node];
  if (!p.now) return;
  const auto kept = p.now->store->crash(keeps);
  story.say(p.now->name, "process-killed", fmt::format("unanswered writes kept: {}", kept));
  fabric.freeze(p.id, false);
  p.now.reset();
  const auto back = static_cast<std::int64_t>(50 * ms + static_cast<std::int64_t>(chaos.below(3000)) * ms);
  events.at(healing_ ? 100 * ms : back, [this, node] { start(node); });
}

void world::must_end(life& l, const error& e) {
  story.say(l.name, "node-must-end", e.message);
  l.doomed = true;
}

void world::collect_doomed() {
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i].now && places[i].now->doomed) {
      ++excused_;
      kill(i, crash_keeps::drawn_prefix);
    }
}

void world::run_until(std::int64_t end) {
  while (true) {
    if (!violation_.empty()) throw violated(violation_);
    // Everybody who has something to do, one message at a time, in an order drawn from the seed.
    while (true) {
      std::array<std::size_t, 16> ready{};
      std::size_t n = 0;
      for (std::size_t i = 0; i < places.size(); ++i)
        if (places[i].now && places[i].now->ready()) ready[n++] = i;
      if (n == 0) break;
      auto& l = *places[ready[n == 1 ? 0 : rng.below(n)]].now;
      auto& jobs = l.scheduler->jobs;
      if (jobs.size() > 1) {
        const auto i = static_cast<std::ptrdiff_t>(rng.below(jobs.size()));
        std::rotate(jobs.begin(), jobs.begin() + i, jobs.begin() + i + 1);
      }
      l.scheduler->try_run_once();
      ++steps_;
      if (!violation_.empty()) throw violated(violation_);
      if (l.doomed) collect_doomed();
    }
    collect_doomed();
    if (events.run_one()) {
      ++steps_;
      continue;
    }
    auto next = std::min(events.next_ns(), end);
    for (const auto& p : places)
      if (p.now && !p.now->frozen) next = std::min(next, std::max(p.now->next_ns(), events.now_ns()));
    if (next >= end && events.now_ns() >= end) return;
    events.now_is(next);
    for (const auto& p : places)
      if (p.now && !p.now->frozen) p.now->catch_up(events.now_ns());
  }
}

// --- invariants

void world::released(std::size_t node, shard_id shard, epoch_number epoch, const ports::journal_entry& e) {
  auto& t = truth_[shard];
  const auto self = places[node].now->cluster->self();
  // I1: one node releases per epoch.
  const auto [it, is_new] = t.releaser.try_emplace(epoch.value, *self);
  if (!is_new && it->second != *self)
    violate(fmt::format("I1: {} and {} both release in epoch {} of shard {}", to_text(it->second), to_text(*self),
                        epoch.value, shard.value));
  // I2 is checked by applied(), which sees every released entry.
  ++commits_;
  mix(e.chain);
  if (e.kind != ports::entry_kind::commands) return;
  if (!journal::decode_batch(e.payload))
    violate(fmt::format("I7: a released entry of shard {} does not decode", shard.value));
}

void world::applied(life& l, shard_id shard, const ports::journal_entry& e) {
  auto& t = truth_[shard];
  // I5: what a replica applies only grows; shard_state itself refuses holes.
  auto& last = l.applied[shard];
  if (e.index <= last)
    violate(
        fmt::format("I5: {} applied entry {} of shard {} after {}", l.name, e.index.value, shard.value, last.value));
  last = e.index;
  const auto known = t.entries.find(e.index.value);
  if (known != t.entries.end()) {
    // I2, I4: one value per index, everywhere.
    if (known->second.chain != e.chain || known->second.epoch != e.epoch)
      violate(fmt::format("I2: shard {} has two entries {}: epochs {} and {}", shard.value, e.index.value,
                          known->second.epoch.value, e.epoch.value));
    return;
  }
  // I3: what is new stands on everything released before.
  if (!t.entries.empty()) {
    const auto& newest = t.entries.rbegin()->second;
    if (e.index.value != newest.index.value + 1)
      violate(fmt::format("I3: {} applied entry {} of shard {}, the newest released one is {}", l.name, e.index.value,
                          shard.value, newest.index.value));
    if (journal::check_entry(journal::place_of(newest), e) != journal::entry_fault::none)
      violate(fmt::format("I3: entry {} of shard {} (epoch {}) does not stand on released entry {} (epoch {})",
                          e.index.value, shard.value, e.epoch.value, newest.index.value, newest.epoch.value));
  }
  t.entries.emplace(e.index.value, e);
  if (e.kind != ports::entry_kind::commands) return;
  const auto batch = journal::decode_batch(e.payload);
  if (!batch) return violate(fmt::format("I7: an entry of shard {} does not decode", shard.value));
  for (const auto& c : *batch) {
    // I13, I14: a client's commands come in order, each once.
    auto& before = t.last_sequence[c.client.value];
    if (c.sequence.value <= before)
      violate(fmt::format("I14: command {} of client {:x} came again or late (after {}) in shard {}", c.sequence.value,
                          c.client.value, before, shard.value));
    before = c.sequence.value;
  }
}

void world::leaving(std::size_t node, const ports::packet& p) {
  if (p.kind.value < journal::packet_kind_first || p.kind.value > journal::packet_kind_last) return;
  const auto message = journal::decode_message(p.kind, p.body);
  if (!message) return violate("a replica sent a message that does not decode");
  // I6: nobody acknowledges below its promise, nor before the promise is on its disk.
  if (const auto* ack = std::get_if<journal::ack_message>(&message->message)) {
    const auto promised = places[node].disk->promised(message->shard);
    if (!promised || *promised != ack->epoch)
      violate(fmt::format("I6: {} acknowledges in epoch {} of shard {}, its disk has promised {}",
                          places[node].id.view(), ack->epoch.value, message->shard.value,
                          promised ? promised->value : 0));
  }
}

void world::leader(shard_id shard, const shards::shard_leader& l) {
  auto& t = truth_[shard];
  if (l.epoch <= t.led) return;
  if (t.led.value != 0) ++leader_changes_;
  t.led = l.epoch;
  mix(l.epoch.value);
}

// --- workload

void world::submit_one() {
  const auto node = some_node(true);
  if (!node || !places[*node].now->cluster->self()) return;
  operation o;
  const auto n = rng.below(4);
  switch (rng.below(3)) {
  case 0:
    o.kind = "register";
    o.id = fmt::format("r{}", n);
    o.command = rng.chance(0.3) ? std::string("get") : fmt::format("set v{}", operations_.size());
    break;
  case 1:
    o.kind = "counter";
    o.id = fmt::format("c{}", n);
    o.command = "add 1";
    break;
  default:
    o.kind = "queue";
    o.id = fmt::format("q{}", n);
    o.command = rng.chance(0.5) ? std::string("pop") : fmt::format("push i{}", operations_.size());
    break;
  }
  o.asked = events.now_ns();
  const auto at = operations_.size();
  operations_.push_back(o);
  places[*node].now->cluster->submit(o.kind, o.id, o.command, 5 * second,
                                     [this, at](const entities::command_answer& a) { took(at, a); });
}

void world::took(std::size_t at, const entities::command_answer& a) {
  auto& o = operations_[at];
  o.answered = events.now_ns();
  o.answer = a;
  mix(at);
  if (a.status == entities::command_status::expired) ++expired_;
  if (a.status != entities::command_status::done) return;
  ++acknowledged_;
  // The workload's own view: no acknowledged effect is doubled, lost or seen out of order.
  if (o.kind == "counter") {
    const auto value = std::stoll(a.payload);
    if (!counter_low_.try_emplace(fmt::format("{}={}", o.id, value), value).second)
      violate(fmt::format("counter {}: two additions were answered with {}", o.id, value));
    for (std::size_t i = at; i-- > 0 && at - i < 64;) {
      const auto& b = operations_[i];
      if (b.kind == "counter" && b.id == o.id && b.answer.status == entities::command_status::done && b.answered != 0 &&
          b.answered < o.asked && std::stoll(b.answer.payload) >= value)
        violate(
            fmt::format("counter {}: {} was answered before an addition that gave {}", o.id, b.answer.payload, value));
    }
  } else if (o.kind == "queue" && o.command == "pop" && a.payload != "empty") {
    if (!popped_.insert(o.id + "/" + a.payload).second)
      violate(fmt::format("queue {}: {} was popped twice", o.id, a.payload));
  }
}

void world::workload() {
  if (healing_) return;
  submit_one();
  events.at(static_cast<std::int64_t>(-std::log(1 - rng.unit()) / options.commands_per_s * 1e9),
            [this] { workload(); });
}

// --- faults

std::optional<std::size_t> world::some_node(bool is_running) {
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < places.size(); ++i)
    if ((places[i].now && !places[i].now->frozen) == is_running) candidates.push_back(i);
  if (candidates.empty()) return std::nullopt;
  return candidates[chaos.below(candidates.size())];
}

/// Every node runs and every shard has all its replicas in sync: one node may lose something without a loss.
bool world::all_in_sync() const {
  for (const auto& p : places)
    if (!p.now || p.now->frozen || !p.now->cluster->self()) return false;
  const auto& t = consensus.truth();
  for (std::uint32_t s = 0; s < options.shards; ++s) {
    const auto it = t.find(journal::shard_key(shard_id{static_cast<std::uint16_t>(s)}));
    if (it == t.end()) return false;
    const auto r = journal::decode_record(it->second.value);
    if (!r || r->isr.size() < std::min(options.replicas, options.nodes)) return false;
    for (const auto& m : r->isr) {
      const auto p = std::find_if(places.begin(), places.end(), [&](const place& x) { return x.id == m.node; });
      if (p == places.end() || p->now->cluster->self() != m) return false;
    }
  }
  return true;
}

void world::repeat(double every_s, const char* name, std::function<void()> fault) {
  if (every_s <= 0) return;
  const auto pause = static_cast<std::int64_t>(-std::log(1 - chaos.unit()) * every_s * 1e9) + ms;
  events.at(pause, [this, every_s, name, fault = std::move(fault)] {
    if (healing_) return;
    fault();
    repeat(every_s, name, fault);
  });
}

void world::schedule_faults() {
  repeat(options.kill_every_s, "kill", [this] {
    if (const auto n = some_node(true)) {
      story.say(places[*n].id.view(), "fault-kill", "");
      kill(*n, static_cast<crash_keeps>(chaos.below(3)));
    }
  });
  repeat(options.kill_all_every_s, "kill-all", [this] {
    story.say("all", "fault-kill-all", "");
    for (std::size_t i = 0; i < places.size(); ++i) kill(i, static_cast<crash_keeps>(chaos.below(3)));
  });
  repeat(options.freeze_every_s, "freeze", [this] {
    const auto n = some_node(true);
    if (!n) return;
    auto& p = places[*n];
    const auto for_ns = static_cast<std::int64_t>(100 * ms + static_cast<std::int64_t>(chaos.below(20'000)) * ms);
    story.say(p.id.view(), "fault-freeze", fmt::format("for {} ms", for_ns / ms));
    p.now->frozen = true;
    p.now->timer.freeze(true);
    fabric.freeze(p.id, true);
    events.at(for_ns, [this, n = *n, number = p.lives] {
      auto& q = places[n];
      if (!q.now || q.lives != number || !q.now->frozen) return;
      story.say(q.id.view(), "thawed", "");
      q.now->frozen = false;
      fabric.freeze(q.id, false);
      q.now->catch_up(events.now_ns());
      q.now->timer.freeze(false);
    });
  });
  repeat(options.partition_every_s, "partition", [this] {
    const auto a = chaos.below(places.size());
    auto b = chaos.below(places.size() - 1);
    if (b >= a) ++b;
    const auto one_way = chaos.chance(0.4), whole = chaos.chance(0.4);
    std::vector<std::pair<node_id, node_id>> links;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (i == a || (!whole && i != b)) continue;
      links.emplace_back(places[a].id, places[i].id);
      if (!one_way) links.emplace_back(places[i].id, places[a].id);
    }
    const auto for_ns = static_cast<std::int64_t>(200 * ms + static_cast<std::int64_t>(chaos.below(15'000)) * ms);
    story.say(places[a].id.view(), whole ? "fault-isolated" : "fault-partition",
              fmt::format("{} for {} ms{}", whole ? "from all" : places[b].id.view(), for_ns / ms,
                          one_way ? ", one way" : ""));
    const bool clog = chaos.chance(0.25);
    for (const auto& [from, to] : links) clog ? fabric.clog(from, to) : fabric.cut(from, to);
    events.at(for_ns, [this, links, clog] {
      for (const auto& [from, to] : links) clog ? fabric.unclog(from, to) : fabric.restore(from, to);
    });
  });
  repeat(options.consensus_every_s, "consensus", [this] {
    switch (chaos.below(4)) {
    case 0:
      story.say("etcd", "fault-leader-change", "");
      consensus.change_leader();
      break;
    case 1: {
      const auto for_ns = static_cast<std::int64_t>(500 * ms + static_cast<std::int64_t>(chaos.below(20'000)) * ms);
      story.say("etcd", "fault-no-quorum", fmt::format("for {} ms", for_ns / ms));
      consensus.lose_quorum(for_ns);
      break;
    }
    case 2:
      story.say("etcd", "fault-compaction", "");
      consensus.compact();
      break;
    default: {
      const auto n = some_node(true);
      if (!n) return;
      const auto name = places[*n].now->name;
      story.say(name, "fault-cut-from-store", "");
      consensus.set_cut(name,
                        chaos.chance(0.5) ? simulated_consensus::cut::requests : simulated_consensus::cut::answers);
      events.at(static_cast<std::int64_t>(chaos.below(20'000)) * ms, [this, name, n = *n] {
        if (places[n].now && places[n].now->name == name) consensus.set_cut(name, simulated_consensus::cut::none);
      });
    }
    }
  });
  repeat(options.disk_every_s, "disk", [this] {
    const auto n = chaos.below(places.size());
    auto& disk = *places[n].disk;
    if (chaos.chance(0.5)) {
      story.say(places[n].id.view(), "fault-slow-disk", "");
      disk.set_slow(chaos.below(300) * static_cast<std::uint64_t>(ms));
      events.at(static_cast<std::int64_t>(chaos.below(10'000)) * ms, [this, n] { places[n].disk->set_slow(0); });
      return;
    }
    constexpr std::array refusals{disk_fault::full, disk_fault::read_only, disk_fault::write_error};
    story.say(places[n].id.view(), "fault-disk-refuses", "");
    disk.set_fault(refusals[chaos.below(refusals.size())]);
    events.at(static_cast<std::int64_t>(chaos.below(5'000)) * ms,
              [this, n] { places[n].disk->set_fault(disk_fault::none); });
  });
  repeat(options.damage_every_s, "damage", [this] {
    if (!all_in_sync()) return;
    const auto n = chaos.below(places.size());
    auto& p = places[n];
    switch (chaos.below(5)) {
    case 0:
      story.say(p.id.view(), "fault-sync-error", "");
      p.disk->set_fault(disk_fault::sync_error);
      events.at(2 * second, [this, n] { places[n].disk->set_fault(disk_fault::none); });
      break;
    case 1:
      kill(n, crash_keeps::nothing);
      p.disk->lose();
      story.say(p.id.view(), "fault-directory-lost", "");
      break;
    case 2: {
      const auto old = p.disk->copy();
      const bool marked = chaos.chance(0.5), database_only = chaos.chance(0.3);
      events.at(static_cast<std::int64_t>(1 + chaos.below(10)) * second,
                [this, n, old, marked, database_only, lives = p.lives] {
                  if (healing_ || !all_in_sync()) return;
                  kill(n, crash_keeps::drawn_prefix);
                  story.say(places[n].id.view(), "fault-old-backup", "");
                  if (database_only)
                    places[n].disk->restore_database(*old);
                  else
                    // A copy of the same life without a mark looks like the truth to everybody: nothing can tell.
                    places[n].disk->restore(*old, marked || places[n].lives == lives);
                });
      break;
    }
    default: {
      const shard_id shard{static_cast<std::uint16_t>(chaos.below(options.shards))};
      kill(n, crash_keeps::drawn_prefix);
      if (p.disk->flip_bit(shard, static_cast<disk_part>(chaos.below(3))))
        story.say(p.id.view(), "fault-bit-flip", fmt::format("shard {}", shard.value));
    }
    }
  });
  repeat(options.drain_every_s, "drain", [this] {
    const auto n = some_node(true);
    if (!n) return;
    const auto path = shards::membership_path;
    const auto a = places[*n].now->actor_at(path);
    if (!a) return;
    story.say(places[*n].id.view(), "drain", "");
    caf::anon_send(a, membership::set_draining{true});
    events.at(10 * second, [this, n = *n, path] {
      if (!places[n].now) return;
      if (const auto b = places[n].now->actor_at(path)) caf::anon_send(b, membership::set_draining{false});
    });
  });
  repeat(options.clock_every_s, "clock", [this] {
    const auto n = some_node(true);
    if (!n) return;
    places[*n].now->clock.wall_offset_ns = (static_cast<std::int64_t>(chaos.below(7'200)) - 3'600) * second;
    story.say(places[*n].id.view(), "fault-clock-jump", "");
  });
}

void world::heal() {
  healing_ = true;
  if (story.story())
    for (const auto& [k, v] : consensus.truth()) story.say("store", k, v.value);
  story.say("all", "healed", "");
  fabric.heal();
  consensus.set_faults({});
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& p = places[i];
    p.disk->set_fault(disk_fault::none);
    p.disk->set_slow(0);
    if (!p.now) {
      start(i);
      continue;
    }
    consensus.set_cut(p.now->name, simulated_consensus::cut::none);
    if (const auto a = p.now->actor_at(shards::membership_path)) caf::anon_send(a, membership::set_draining{false});
    if (!p.now->frozen) continue;
    p.now->frozen = false;
    fabric.freeze(p.id, false);
    p.now->catch_up(events.now_ns());
    p.now->timer.freeze(false);
  }
}

/// What every replica says of itself, into the diary.
void world::tell_shards() {
  for (auto& p : places)
    for (std::uint32_t s = 0; p.now && s < options.shards; ++s) {
      const auto a = p.now->cluster->table()->at(shard_id{static_cast<std::uint16_t>(s)});
      if (!a) continue;
      p.now->system->spawn(
          [this, a, name = p.now->name](caf::event_based_actor* me, int) {
            me->request(a, std::chrono::seconds(5), shards::shard_describe{})
                .then(
                    [this, name](const shards::shard_description& d) {
                      const auto& r = d.replica;
                      std::string followers;
                      for (const auto& f : r.followers)
                        followers += fmt::format(" {}[{}{}{}{}{} acked {} stored {}]", to_text(f.who),
                                                 f.in_isr ? "isr " : "", f.candidate ? "candidate " : "",
                                                 f.suspected ? "suspected " : "", f.begun ? "begun " : "",
                                                 f.snapshot ? "snapshot" : "", f.acked.value, f.stored.value);
                      story.say(name, fmt::format("shard-{}", d.shard.value),
                                fmt::format("{} promised {} record {} hw {} end {} start {} cut {}{}{}{}{}",
                                            journal::to_text(r.role), r.promised.value,
                                            r.record ? journal::encode(*r.record) : "none", r.high_watermark.value,
                                            r.end.value, r.epoch_start.value, r.cut.value, r.frozen ? " frozen" : "",
                                            r.handing_over ? " handing over" : "",
                                            r.transaction_outstanding ? " transaction" : "", followers));
                    },
                    [](const caf::error&) {});
          },
          0);
    }
  run_until(events.now_ns() + 6 * second);
}

void world::check_end() {
  // I21: every shard serves again: a command to each ends well.
  std::map<std::uint32_t, bool> served;
  for (std::uint32_t i = 0; served.size() < options.shards && i < 10'000; ++i) {
    const auto id = fmt::format("end{}", i);
    const auto shard = places[0].now->cluster->shard_of("counter", id).value;
    if (!served.try_emplace(shard, false).second) continue;
    places[i % places.size()].now->cluster->submit(
        "counter", id, "add 1", 20 * second, [&served, shard, this](const entities::command_answer& a) {
          if (a.status == entities::command_status::done && a.payload == "1")
            served[shard] = true;
          else
            story.say("end", "not-served", fmt::format("shard {}: {} {}", shard, to_string(a.status), a.payload));
        });
  }
  run_until(events.now_ns() + 25 * second);
  if (options.story && std::any_of(served.begin(), served.end(), [](const auto& s) { return !s.second; }))
    tell_shards();
  for (const auto& [shard, ok] : served)
    if (!ok)
      violate(fmt::format("I21: shard {} does not serve {} s after everything was healed", shard,
                          options.heal_ns / second + 25));
  // I20: records = what nodes run; I4, I7: all replicas hold the same state, which is the fold of what was released.
  std::map<shard_id, std::map<std::uint64_t, std::uint64_t>> hashes; // applied -> hash
  std::size_t answers = 0, asked = 0;
  for (auto& p : places)
    for (std::uint32_t s = 0; s < options.shards; ++s) {
      const shard_id shard{static_cast<std::uint16_t>(s)};
      const auto a = p.now->cluster->table()->at(shard);
      if (!a) continue;
      ++asked;
      auto text = consensus.truth().find(journal::shard_key(shard));
      const auto record = journal::decode_record(text->second.value);
      const auto self = p.now->cluster->self();
      p.now->system->spawn(
          [&, a, shard, record, self](caf::event_based_actor* me, int) {
            me->request(a, std::chrono::seconds(5), shards::shard_describe{})
                .then(
                    [&, shard, record, self](const shards::shard_description& d) {
                      ++answers;
                      const bool leads = d.replica.role == journal::replica_role::leading;
                      if (leads != (record->leader == *self))
                        violate(fmt::format("I20: the record of shard {} names {} as leader, {} is {}", shard.value,
                                            to_text(record->leader), to_text(*self), journal::to_text(d.replica.role)));
                      if (!journal::holds(record->isr, *self)) return;
                      auto [it, is_new] = hashes[shard].try_emplace(d.applied.value, d.state_hash);
                      if (!is_new && it->second != d.state_hash)
                        violate(fmt::format("I7: replicas of shard {} differ in state at entry {}", shard.value,
                                            d.applied.value));
                    },
                    [](const caf::error&) {});
          },
          0);
    }
  run_until(events.now_ns() + 6 * second);
  if (answers != asked)
    violate(fmt::format("{} of {} shard actors did not describe themselves", asked - answers, asked));
  for (std::uint32_t s = 0; s < options.shards; ++s) {
    const shard_id shard{static_cast<std::uint16_t>(s)};
    const auto record = journal::decode_record(consensus.truth().find(journal::shard_key(shard))->second.value);
    if (record->isr.size() != std::min(options.replicas, options.nodes))
      violate(fmt::format("I20: shard {} has {} in-sync replicas of {} after healing", s, record->isr.size(),
                          std::min(options.replicas, options.nodes)));
    if (record->data_loss != 0) violate(fmt::format("shard {} lost data, nobody accepted that", s));
    journal::shard_state fold(kinds);
    for (const auto& [index, e] : truth_[shard].entries)
      if (auto r = fold.apply(e); !r)
        violate(fmt::format("I7: entry {} of shard {} cannot be applied again: {}", index, s, r.error().message));
    const auto applied = fold.applied().index.value;
    if (const auto it = hashes[shard].find(applied); it != hashes[shard].end() && it->second != fold.hash())
      violate(fmt::format("I7: shard {} is not the fold of its journal at entry {}", s, applied));
  }
  // I17: every mailbox within its bound, and I19: no timers pile up.
  for (auto& p : places) {
    if (p.now->timer.waiting() > 64)
      violate(fmt::format("I19: {} timers wait on {}", p.now->timer.waiting(), p.now->name));
    for (const auto& t : p.now->actors->totals(events.now_ns()))
      if (t.refused != 0) violate(fmt::format("I17: {} messages were refused on {}", t.refused, p.now->name));
  }
  if (events.size() > 10'000) violate(fmt::format("I19: {} events wait after healing", events.size()));
}

world_result world::run() {
  world_result r;
  r.seed = options.seed;
  try {
    for (std::size_t i = 0; i < places.size(); ++i)
      events.at(static_cast<std::int64_t>(rng.below(500)) * ms, [this, i] { start(i); });
    run_until(5 * second); // the cluster forms before anything breaks
    const double n = options.network_level, c = options.consensus_level;
    fabric.set_faults({.delay_ns_max = static_cast<std::int64_t>(300'000 + n * 20e6),
                       .drop = 0.05 * n,
                       .duplicate = 0.05 * n,
                       .reorder = 0.05 * n,
                       .corrupt = 0.01 * n,
                       .replay = 0.002 * n,
                       .clog = 0.0005 * n,
                       .flap = 0.0005 * n});
    consensus.set_faults({.not_sent = 0.05 * c,
                          .lost_never = 0.05 * c,
                          .lost_executed = 0.05 * c,
                          .lost_late = 0.05 * c,
                          .read_failed = 0.05 * c,
                          .slow = 0.1 * c,
                          .watch_gap = 0.05 * c,
                          .watch_duplicate = 0.05 * c,
                          .watch_end = 0.05 * c,
                          .watch_stale = 0.1 * c,
                          .revoked_though_kept = 0.02 * c,
                          .kept_though_revoked = 0.02 * c});
    schedule_faults();
    workload();
    run_until(5 * second + options.safety_ns);
    heal();
    run_until(events.now_ns() + options.heal_ns);
    check_end();
    if (!violation_.empty()) throw violated(violation_);
  } catch (const violated& v) {
    r.passed = false;
    r.violation = v.what();
  }
  r.simulated_s = static_cast<double>(events.now_ns()) * 1e-9;
  r.trace = trace;
  r.commits = commits_;
  r.commands = operations_.size();
  r.acknowledged = acknowledged_;
  r.expired = expired_;
  r.leader_changes = leader_changes_;
  r.steps = steps_;
  r.happened = story.counts();
  const auto f = fabric.counts();
  r.happened["net-dropped"] = f.dropped;
  r.happened["net-doubled"] = f.doubled;
  r.happened["net-corrupted"] = f.corrupted;
  r.happened["net-replayed"] = f.replayed;
  const auto& k = consensus.counts();
  r.happened["store-answer-lost"] = k.lost_executed + k.lost_late + k.lost_never;
  r.happened["store-executed-late"] = k.late_executed;
  r.story.assign(story.lines().begin(), story.lines().end());
  return r;
}

} // namespace

world_options draw_options(std::uint64_t seed) {
  auto r = ports::random(seed).split("options");
  world_options o;
  o.seed = seed;
  o.nodes = r.chance(0.75) ? 3 : r.chance(0.5) ? 4 : 5;
  o.shards = 1 + static_cast<std::uint32_t>(r.below(4));
  const auto sometimes = [&r](double likely, double low, double high) {
    return r.chance(likely) ? low + r.unit() * (high - low) : 0.0;
  };
  o.kill_every_s = sometimes(0.8, 8, 60);
  o.kill_all_every_s = sometimes(0.3, 60, 200);
  o.freeze_every_s = sometimes(0.5, 10, 60);
  o.partition_every_s = sometimes(0.6, 8, 60);
  o.consensus_every_s = sometimes(0.6, 8, 60);
  o.disk_every_s = sometimes(0.4, 15, 90);
  o.damage_every_s = sometimes(0.4, 15, 60);
  o.drain_every_s = sometimes(0.3, 30, 90);
  o.clock_every_s = sometimes(0.3, 20, 90);
  o.network_level = r.chance(0.7) ? r.unit() : 0;
  o.consensus_level = r.chance(0.7) ? r.unit() : 0;
  return o;
}

world_result run_world(const world_options& options, const shard_factory& make_shard) {
  return world(options, make_shard).run();
}

} // namespace sett::sim
