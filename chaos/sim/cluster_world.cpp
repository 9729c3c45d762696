#include "chaos/sim/cluster_world.hpp"

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "chaos/sim/history.hpp"
#include "chaos/sim/model_store.hpp"
#include "chaos/sim/simulated_consensus.hpp"
#include "chaos/sim/simulated_network.hpp"
#include "chaos/sim/world_ports.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/workload_kinds.hpp"
#include "nodes/shards/placement.hpp"

#include <caf/actor_registry.hpp>
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
  watched_network(std::unique_ptr<ports::network> inner, std::function<void(const member&, ports::packet&)> check)
      : inner_(std::move(inner)), check_(std::move(check)) {}
  void start(const member& self, ports::network_handler& handler) override {
    if (alive) inner_->start(self, handler);
  }
  void set_peers(std::vector<ports::peer_address> peers) override {
    if (alive) inner_->set_peers(std::move(peers));
  }
  [[nodiscard]] bool send(const member& to, ports::packet p) override {
    if (!alive) return false;
    check_(to, p);
    if (!alive) return false; // it crashed right before
    return inner_->send(to, std::move(p));
  }
  void stop() override { inner_->stop(); }
  bool alive{true};

private:
  std::unique_ptr<ports::network> inner_;
  std::function<void(const member&, ports::packet&)> check_;
};

/// Where a process crashes when a crash point was set: in the middle of a step, and nothing of it comes after.
enum class crash_point : std::uint8_t {
  none,
  before_acknowledgement,
  before_append,
  after_sync,         // durable, and nobody was told
  before_transaction, // decided on, not sent
  after_transaction,  // sent, no answer heard
  at_release,         // released, and the answer not sent
};

/// Where the network splits when a trap was set: crash_point's counterpart, for who is alive and believes the wrong
/// thing.
enum class trap_point : std::uint8_t {
  none,
  growth,    // a member comes into an isr: it loses its leader, who may never hear that it came in
  take_over, // a leader's first words are on their way: one of its followers hears them late, the others never
  contact,   // a follower has cut its log for a new leader: it hears no more of that one
  answer,    // a follower has matched its leader, or has its snapshot: the leader hears it late
  liar,      // a member whose disk lied has said where its log ends: it hears no more, and its leader dies
};

/// A node's consensus store, watched for crash points and traps.
class watched_consensus final : public ports::consensus_store {
public:
  /// may: false: the process crashed before it sent this. sees: what is about to be sent.
  watched_consensus(std::unique_ptr<ports::consensus_store> inner, std::function<bool(crash_point)> may,
                    std::function<void(const ports::consensus_transaction&)> sees)
      : inner_(std::move(inner)), may_(std::move(may)), sees_(std::move(sees)) {}
  void get(std::string key, std::function<void(result<std::optional<ports::consensus_value>>)> done) override {
    inner_->get(std::move(key), std::move(done));
  }
  void list(std::string prefix, std::function<void(result<ports::consensus_listing>)> done) override {
    inner_->list(std::move(prefix), std::move(done));
  }
  void commit(ports::consensus_transaction t, std::function<void(result<ports::consensus_outcome>)> done) override {
    if (!may_(crash_point::before_transaction)) return;
    sees_(t);
    inner_->commit(std::move(t), std::move(done));
    static_cast<void>(may_(crash_point::after_transaction));
  }
  void grant(std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) override {
    inner_->grant(ttl_s, std::move(done));
  }
  void keep_alive(std::uint64_t lease, std::function<void(result<void>)> done) override {
    inner_->keep_alive(lease, std::move(done));
  }
  void revoke(std::uint64_t lease, std::function<void(result<void>)> done) override {
    inner_->revoke(lease, std::move(done));
  }
  [[nodiscard]] ports::watch_id watch(std::string prefix, std::uint64_t after,
                                      std::function<void(ports::consensus_changes)> on_change) override {
    return inner_->watch(std::move(prefix), after, std::move(on_change));
  }
  void cancel(ports::watch_id id) override { inner_->cancel(id); }

private:
  std::unique_ptr<ports::consensus_store> inner_;
  std::function<bool(crash_point)> may_;
  std::function<void(const ports::consensus_transaction&)> sees_;
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
  std::unique_ptr<ports::journal_store> planted_store;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  crash_point crash_at{};
  bool flip_next_append{};
  std::shared_ptr<supervision::registry> actors = std::make_shared<supervision::registry>();
  life_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler{};
  std::unique_ptr<shards::cluster_node> cluster;
  caf::actor root;
  std::int64_t caf_now_ns{};
  std::map<shard_id, journal_index> applied, high_watermark;
  std::deque<caf::actor> askers;

  /// An actor of the world's own in this system, that asks and ends; the latest ones are ended with the life.
  /// With an argument: CAF forms a reference through a null pointer for a function spawned without any.
  void ask(std::function<void(caf::event_based_actor*)> fn) {
    askers.push_back(system->spawn(
        [](caf::event_based_actor* self, const std::function<void(caf::event_based_actor*)>& f) { f(self); },
        std::move(fn)));
    if (askers.size() > 256) askers.pop_front();
  }

  /// The process has come to this point. False: it crashes here.
  bool reach(crash_point point) {
    if (crash_at != point) return true;
    crash_at = crash_point::none;
    crash_here();
    return false;
  }
  void crash_here();
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
  bool held_down{};
};

struct operation {
  std::string kind, id, command;
  std::size_t node{};
  std::uint64_t life{};
  bool read{};    // of the state, not through the journal
  bool excused{}; // from before an accepted loss
  std::int64_t asked{}, answered{};
  entities::command_answer answer;
};

class world {
public:
  world(const world_options& o, const planted_parts& planted)
      : options(o),
        rng(o.seed),
        chaos(ports::random(o.seed).split("chaos")),
        story(events, o.story),
        fabric(o.seed, {[this] { return events.now_ns(); },
                        [this](std::int64_t d, std::function<void()> f) { events.at(d, std::move(f)); }}),
        consensus([this](std::int64_t d, std::function<void()> f) { events.at(d, std::move(f)); },
                  ports::random(o.seed).split("consensus")),
        planted_(planted) {
    if (planted.kinds != nullptr)
      kinds = *planted.kinds;
    else
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
  void opened(const life& l, shard_id shard, epoch_number epoch, const journal::entity_ref& e);
  void leaving(life& l, const member& to, ports::packet& p);
  void transacting(const life& l, const ports::consensus_transaction& t);
  void ended(const life& l, std::size_t actors_left);
  void leader(shard_id shard, const shards::shard_leader& l);
  void must_end(life& l, const error& e);
  /// The run ends before the next step. Actors catch what is thrown in them, so this is only noted.
  void violate(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }
  [[nodiscard]] const planted_parts& planted() const { return planted_; }
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
  void read_one();
  void heal();
  void deafen_leader();
  void spring_growth(const life& l, const node_id& leads, const node_id& comes);
  void spring_take_over(const life& l);
  void spring_contact(const node_id& leads);
  void spring_answer(const node_id& follows, const node_id& leads);
  void lie();
  void apart(const node_id& a, const node_id& b, std::int64_t for_ns);
  void lose_last_member();
  void check_records();
  void accept_loss(std::size_t at);
  void check_history();
  void tell_shards();
  void check_opened(shard_id shard, epoch_number epoch);
  void check_pace();
  void check_end();
  [[nodiscard]] std::optional<std::size_t> some_node(bool running);
  [[nodiscard]] bool all_in_sync() const;
  void took(std::size_t op, const entities::command_answer& a);

  planted_parts planted_;
  bool healing_{}, loss_accepted_{};
  trap_point trap_{};
  node_id liar_;
  std::string violation_;
  std::uint64_t trace{0xcbf29ce484222325ULL};
  std::uint64_t steps_{}, commits_{}, acknowledged_{}, reads_{}, expired_{}, leader_changes_{};
  struct truth {
    std::map<std::uint64_t, ports::journal_entry> entries; // by index: what was released or applied
    std::map<std::uint64_t, member> releaser;              // by epoch
    std::map<std::uint64_t, std::uint64_t> last_sequence;  // by client
    epoch_number led, recorded;
    std::uint32_t data_loss{};
  };
  std::map<shard_id, truth> truth_;
  std::vector<operation> operations_;
  struct open_entity {
    journal::entity_ref what;
    std::int64_t at_ns{};
  };
  std::map<std::pair<shard_id, epoch_number>, std::vector<open_entity>> opened_; // in order
  std::uint64_t opens_{};
  std::map<std::string, std::uint64_t> effects_; // entity and event: how often the journals have it
};

life::life(world& w, std::size_t at, std::uint64_t number)
    : in(w),
      node(at),
      name(fmt::format("{}#{}", w.places[at].id.view(), number)),
      log(w.story, name),
      clock(w.events),
      timer(w.events) {
  network = std::make_unique<watched_network>(w.fabric.attach(),
                                              [this](const member& to, ports::packet& p) { in.leaving(*this, to, p); });
  consensus = std::make_unique<watched_consensus>(
      w.consensus.client(name), [this](crash_point p) { return reach(p); },
      [this](const ports::consensus_transaction& t) { in.transacting(*this, t); });
  store = std::make_unique<model_store>(*w.places[at].disk, [this](std::uint64_t d, std::function<void()> f) {
    in.events.at(static_cast<std::int64_t>(d), [this, same_life = std::weak_ptr(alive), f = std::move(f)] {
      f();
      if (!same_life.expired()) static_cast<void>(reach(crash_point::after_sync));
    });
  });
  if (w.planted().wrap_store) planted_store = w.planted().wrap_store(*store);
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
  settings.replica.log_entries_keep = 64;  // small, so that cuts and snapshots happen
  settings.replica.alone_ns = 12 * second; // a run has minutes
  settings.limits.sequences_per_client = 256;
  settings.recovery = w.planted().recovery;
  shards::cluster_ports p;
  p.network = network.get();
  p.consensus = consensus.get();
  p.journal = planted_store ? planted_store.get() : store.get();
  p.clock = &clock;
  p.beats = &timer;
  p.metrics = &w.metrics;
  p.log = &log;
  p.chance = ports::random(w.options.seed).split(name);
  p.blocking = [](const std::function<void()>& f) { return f(), true; };
  p.actors = actors;
  p.kinds = &w.kinds;
  shards::cluster_hooks hooks;
  hooks.on_fatal = [this](const error& e) { in.must_end(*this, e); };
  // What a life that is over still does is seen by nobody: its network is dead.
  hooks.on_leader = [this](shard_id s, const shards::shard_leader& l) {
    if (network->alive) in.leader(s, l);
  };
  hooks.on_released = [this](shard_id s, epoch_number e, const ports::journal_entry& j) {
    if (network->alive) in.released(node, s, e, j);
  };
  hooks.on_applied = [this](shard_id s, const ports::journal_entry& j) {
    if (network->alive) in.applied(*this, s, j);
  };
  hooks.on_open = [this](shard_id s, epoch_number e, const journal::entity_ref& r) {
    if (network->alive) in.opened(*this, s, e, r);
  };
  hooks.make_shard = w.planted().make_shard;
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
  const auto drain = [this] {
    for (int round = 0; round < 100 && (!scheduler->jobs.empty() || scheduler->clock().has_pending_timeout());
         ++round) {
      while (scheduler->try_run_once()) {
      }
      scheduler->clock().cancel_all();
    }
  };
  for (const auto& a : askers)
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
  askers.clear();
  // I16: nobody lives on without a parent. Their references, in the table, do not keep them alive.
  root = nullptr;
  drain();
  in.ended(*this, system->registry().running());
  protocol::actor_list_request everybody;
  everybody.limit = 1'000'000;
  for (const auto& row : actors->list(everybody, 0).rows)
    if (const auto a = actor_at(row.path))
      supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
  for (std::uint32_t s = 0; cluster && s < cluster->table()->shard_count(); ++s)
    cluster->table()->set(shard_id{static_cast<std::uint16_t>(s)}, {});
  drain();
  scheduler->clock().cancel_all();
}

void life::crash_here() {
  network->alive = false;
  doomed = true;
  in.story.say(name, "crash-point-reached", "");
}

void world::start(std::size_t node) {
  auto& p = places[node];
  if (p.now || p.held_down) return;
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
  const bool slow = options.slow_start > 0 && chaos.chance(options.slow_start);
  if (slow) story.say(p.id.view(), "fault-slow-start", "");
  const auto back = 50 * ms + static_cast<std::int64_t>(chaos.below(slow ? 20'000 : 3'000)) * ms;
  events.at(healing_ ? 100 * ms : back, [this, node] { start(node); });
}

void world::must_end(life& l, const error& e) {
  story.say(l.name, "node-must-end", e.message);
  l.doomed = true;
  // I15: nothing here may crash, so a supervisor has nothing to restart: an exception in an actor is a bug.
  if (e.message.find("crashed") != std::string::npos) violate(fmt::format("I15: {}: {}", l.name, e.message));
}

void world::collect_doomed() {
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i].now && places[i].now->doomed) kill(i, crash_keeps::drawn_prefix);
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
  // Rules 7 and 8: what is released lies on the disks of min_isr nodes at least, whatever their processes know. Damage
  // comes only while everything is in sync, and takes one disk.
  const auto durable = static_cast<std::size_t>(std::count_if(
      places.begin(), places.end(), [&](const place& p) { return p.disk->holds(shard, journal::place_of(e)); }));
  if (durable < options.min_isr)
    violate(fmt::format("I3: {} releases entry {} of shard {} (epoch {}), which {} disks hold", to_text(*self),
                        e.index.value, shard.value, epoch.value, durable));
  if (!places[node].now->reach(crash_point::at_release)) return;
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
    if (!loss_accepted_)
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
    // What the workload writes is unique.
    if (c.event.empty() || c.event == "-" || c.target.kind == journal::counter_kind) continue;
    if (++effects_[c.target.id + c.event] > 1)
      violate(fmt::format("I14: {} of {} took effect twice in shard {}", c.event, c.target.id, shard.value));
  }
}

/// What is taken over is opened by who serves it, each entity once.
void world::opened(const life& l, shard_id shard, epoch_number epoch, const journal::entity_ref& e) {
  const auto& releasers = truth_[shard].releaser;
  const auto it = releasers.find(epoch.value);
  if (it == releasers.end() || it->second != *l.cluster->self())
    violate(fmt::format("recovery: {} opens {} of shard {}, which it does not lead in epoch {}", l.name, e.id,
                        shard.value, epoch.value));
  auto& all = opened_[{shard, epoch}];
  if (std::any_of(all.begin(), all.end(), [&](const auto& o) { return o.what == e; }))
    violate(fmt::format("recovery: {} of shard {} was opened twice in epoch {}", e.id, shard.value, epoch.value));
  all.push_back({e, events.now_ns()});
  ++opens_;
}

/// Everything that the shard's last leader took over is open, those with money first, and no second saw more than the
/// cluster's budget (a node's bucket holds a second's worth, at least one).
void world::check_opened(shard_id shard, epoch_number epoch) {
  journal::shard_state taken_over(kinds);
  for (const auto& [index, e] : truth_[shard].entries) {
    if (e.epoch > epoch || !taken_over.apply(e)) break;
    if (e.epoch == epoch) break; // its first entry: what follows is the leader's own
  }
  const auto& all = opened_[{shard, epoch}];
  const auto expected = taken_over.to_open();
  if (all.size() != expected.size())
    violate(fmt::format("recovery: {} of {} entities of shard {} are open in epoch {}", all.size(), expected.size(),
                        shard.value, epoch.value));
  bool rest = false;
  for (const auto& o : all) {
    const auto it = std::find_if(expected.begin(), expected.end(), [&](const auto& x) { return x.first == o.what; });
    if (it == expected.end())
      return violate(
          fmt::format("recovery: {} of shard {} was opened, nothing was to be done for it", o.what.id, shard.value));
    if (it->second == journal::opening::rest) rest = true;
    if (it->second == journal::opening::money && rest)
      violate(fmt::format("recovery: {} of shard {} has money and was opened after others", o.what.id, shard.value));
  }
}

void world::check_pace() {
  std::vector<std::int64_t> at;
  for (const auto& [where, all] : opened_)
    for (const auto& o : all)
      if (o.what.kind != journal::counter_kind) at.push_back(o.at_ns); // where entities open, counters have the money
  std::sort(at.begin(), at.end());
  const auto most = std::size_t{2} * planted_.recovery.opens_per_s + places.size();
  for (std::size_t i = 0, first = 0; i < at.size(); ++i) {
    while (at[i] - at[first] > second) ++first;
    if (i - first + 1 > most)
      return violate(fmt::format("recovery: {} entities were opened within a second, the cluster's budget is {}",
                                 i - first + 1, planted_.recovery.opens_per_s));
  }
}

void world::leaving(life& l, const member& to, ports::packet& p) {
  if (p.kind.value < journal::packet_kind_first || p.kind.value > journal::packet_kind_last) return;
  auto message = journal::decode_message(p.kind, p.body);
  if (!message) return violate("a replica sent a message that does not decode");
  const auto shard = message->shard;
  if (const auto* ack = std::get_if<journal::ack_message>(&message->message)) {
    if (!l.reach(crash_point::before_acknowledgement)) return;
    // I6: nobody acknowledges below its promise, nor before the promise is on its disk.
    const auto promised = places[l.node].disk->promised(shard);
    if (!promised || *promised != ack->epoch)
      violate(fmt::format("I6: {} acknowledges in epoch {} of shard {}, its disk has promised {}", l.name,
                          ack->epoch.value, shard.value, promised ? promised->value : 0));
    // I5: hw never falls, but for an accepted loss.
    auto& hw = l.high_watermark[shard];
    if (ack->high_watermark < hw && !loss_accepted_)
      violate(fmt::format("I5: the high watermark of shard {} fell from {} to {} on {}", shard.value, hw.value,
                          ack->high_watermark.value, l.name));
    hw = std::max(hw, ack->high_watermark);
  }
  if (const auto* begun = std::get_if<journal::begun_message>(&message->message)) {
    if (trap_ == trap_point::contact) spring_contact(to.node);
    if (trap_ == trap_point::answer && !begun->needs_snapshot) spring_answer(places[l.node].id, to.node);
    if (trap_ == trap_point::liar && places[l.node].id == liar_ && !begun->needs_snapshot) {
      trap_ = trap_point::none;
      // The leader's answer to this is one transaction, and has its time.
      fabric.clog(to.node, liar_);
      events.at(500 * ms, [this, leads = to.node] {
        for (std::size_t i = 0; i < places.size() && !healing_; ++i)
          if (places[i].id == leads) {
            places[i].held_down = true;
            kill(i, crash_keeps::everything);
            events.at(6 * second, [this, i] {
              places[i].held_down = false;
              start(i);
            });
          }
      });
      events.at(5 * second, [this, leads = to.node, who = liar_] { fabric.unclog(leads, who); });
    }
  }
  if (const auto* append = std::get_if<journal::append_message>(&message->message)) {
    if (!l.reach(crash_point::before_append)) return;
    if (!l.flip_next_append || append->entries.empty()) return;
    // A bit of an entry flips in memory, before the frame's own check is made.
    l.flip_next_append = false;
    auto flipped = *append;
    auto e = *flipped.entries.front();
    if (e.payload.empty()) return;
    e.payload[chaos.below(e.payload.size())] ^= static_cast<char>(1U << chaos.below(8));
    flipped.entries.front() = std::make_shared<const ports::journal_entry>(std::move(e));
    p.body = journal::encode(shard, flipped);
    story.say(l.name, "memory-bit-flipped", fmt::format("shard {}", shard.value));
  }
}

void world::ended(const life& l, std::size_t actors_left) {
  if (actors_left != 0) violate(fmt::format("I16: {} actors of {} outlive their supervisors", actors_left, l.name));
  // I17: mailboxes have bounds, and nothing here may reach them.
  for (const auto& t : l.actors->totals(events.now_ns()))
    if (t.refused != 0) violate(fmt::format("I17: {} messages were refused on {}", t.refused, l.name));
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
  o.node = *node;
  o.life = places[*node].lives;
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

/// Asks any replica of a register's shard for its state; only a leader that is sure of itself may answer.
void world::read_one() {
  const auto node = some_node(true);
  if (!node || !places[*node].now->cluster->self()) return;
  auto& l = *places[*node].now;
  const auto id = fmt::format("r{}", rng.below(4));
  const auto a = l.cluster->table()->at(l.cluster->shard_of("register", id));
  if (!a) return;
  operation o;
  o.node = *node;
  o.life = places[*node].lives;
  o.kind = "register";
  o.id = id;
  o.command = "get";
  o.read = true;
  o.asked = events.now_ns();
  const auto at = operations_.size();
  operations_.push_back(o);
  l.ask([this, a, at, id](caf::event_based_actor* me) {
    me->request(a, std::chrono::seconds(5), shards::shard_read{{kinds.find("register")->number(), id}, false})
        .then(
            [this, at](const shards::shard_read_answer& r) {
              if (r.status == entities::command_status::done) took(at, {r.status, r.state, {}, {}});
            },
            [](const caf::error&) {});
  });
}

void world::took(std::size_t at, const entities::command_answer& a) {
  auto& o = operations_[at];
  if (o.answered != 0) violate(fmt::format("I9: {} {} was answered twice", o.id, o.command));
  o.answered = events.now_ns();
  o.answer = a;
  mix(at);
  if (a.status == entities::command_status::expired) {
    ++expired_;
    // I14: what a client sends again is remembered, or not yet known, for as long as somebody waits for it.
    if (events.now_ns() - o.asked < 5 * second)
      violate(fmt::format("I14: {} {} was forgotten {} ms after it was asked", o.id, o.command,
                          (events.now_ns() - o.asked) / ms));
  }
  if (a.status == entities::command_status::done) ++(o.read ? reads_ : acknowledged_);
}

void world::workload() {
  if (healing_) return;
  submit_one();
  if (rng.chance(0.2)) read_one();
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
    // Who is out of everybody's reach seldom reaches the store; what others write there it does not hear of.
    if (whole && options.alone_without_store > 0 && chaos.chance(options.alone_without_store) && places[a].now) {
      const auto name = places[a].now->name;
      consensus.set_cut(name, simulated_consensus::cut::requests);
      events.at(for_ns, [this, name] { consensus.set_cut(name, simulated_consensus::cut::none); });
    }
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
  repeat(options.crash_loop_every_s, "crash-loop", [this] {
    const auto n = chaos.below(places.size());
    story.say(places[n].id.view(), "fault-crash-loop", "");
    std::int64_t at = 0;
    for (auto i = 2 + chaos.below(8); i-- > 0;) {
      events.at(at, [this, n] {
        if (healing_) return;
        kill(n, static_cast<crash_keeps>(chaos.below(3)));
        start(n);
      });
      at += static_cast<std::int64_t>(1 + chaos.below(600)) * ms;
    }
  });
  repeat(options.crash_point_every_s, "crash-point", [this] {
    const auto n = some_node(true);
    if (!n) return;
    auto& l = *places[*n].now;
    l.crash_at = static_cast<crash_point>(1 + chaos.below(6));
    story.say(l.name, "fault-crash-point", fmt::format("{}", static_cast<int>(l.crash_at)));
  });
  repeat(options.deaf_leader_every_s, "deaf-leader", [this] { deafen_leader(); });
  repeat(options.trap_every_s, "trap", [this] { trap_ = static_cast<trap_point>(1 + chaos.below(4)); });
  repeat(options.lying_disk_every_s, "lying-disk", [this] { lie(); });
  repeat(options.memory_every_s, "memory", [this] {
    if (const auto n = some_node(true)) places[*n].now->flip_next_append = true;
  });
  repeat(options.clock_every_s, "clock", [this] {
    const auto n = some_node(true);
    if (!n) return;
    places[*n].now->clock.wall_offset_ns = (static_cast<std::int64_t>(chaos.below(7'200)) - 3'600) * second;
    story.say(places[*n].id.view(), "fault-clock-jump", "");
  });
}

/// A member dies and comes back; while its leader brings it in, the leader hears nothing from the store, and then the
/// two lose each other: what the leader proposed has an unknown outcome when it matters (rules 1, 8 and 11).
void world::deafen_leader() {
  const auto it =
      consensus.truth().find(journal::shard_key(shard_id{static_cast<std::uint16_t>(chaos.below(options.shards))}));
  if (it == consensus.truth().end()) return;
  const auto record = journal::decode_record(it->second.value);
  const auto at = [&](const node_id& id) {
    return static_cast<std::size_t>(
        std::find_if(places.begin(), places.end(), [&](const place& p) { return p.id == id; }) - places.begin());
  };
  const auto leads = record ? at(record->leader.node) : places.size();
  if (leads == places.size() || !places[leads].now || record->isr.size() < 2) return;
  const auto other = at(record->isr[chaos.below(record->isr.size())].node);
  if (other == leads || other == places.size() || !places[other].now) return;
  story.say(places[leads].id.view(), "fault-deaf-leader", places[other].id.view());
  kill(other, crash_keeps::drawn_prefix);
  start(other);
  const auto name = places[leads].now->name;
  const auto deaf = static_cast<std::int64_t>(chaos.below(2'000)) * ms;
  const auto apart = deaf + static_cast<std::int64_t>(chaos.below(1'500)) * ms;
  const auto until = apart + static_cast<std::int64_t>(2'000 + chaos.below(8'000)) * ms;
  events.at(deaf, [this, name] {
    if (!healing_) consensus.set_cut(name, simulated_consensus::cut::answers);
  });
  events.at(apart, [this, a = places[leads].id, b = places[other].id] {
    if (healing_) return;
    fabric.cut(a, b);
    fabric.cut(b, a);
  });
  events.at(until, [this, name, leads, a = places[leads].id, b = places[other].id] {
    fabric.restore(a, b);
    fabric.restore(b, a);
    if (places[leads].now && places[leads].now->name == name) consensus.set_cut(name, simulated_consensus::cut::none);
  });
}

void world::apart(const node_id& a, const node_id& b, std::int64_t for_ns) {
  fabric.cut(a, b);
  fabric.cut(b, a);
  events.at(for_ns, [this, a, b] {
    fabric.restore(a, b);
    fabric.restore(b, a);
  });
}

/// Whether a change of a record is what the trap waits for.
void world::transacting(const life& l, const ports::consensus_transaction& t) {
  if (trap_ != trap_point::growth && trap_ != trap_point::take_over) return;
  for (const auto& p : t.puts) {
    const auto known = consensus.truth().find(p.key);
    if (!journal::parse_shard_key(p.key) || known == consensus.truth().end()) continue;
    const auto next = journal::decode_record(p.value), was = journal::decode_record(known->second.value);
    if (!next || !was) continue;
    const auto& self = places[l.node].id;
    if (next->epoch > was->epoch) {
      if (trap_ == trap_point::take_over && next->leader.node == self) return spring_take_over(l);
      continue;
    }
    for (const auto& m : next->isr)
      if (trap_ == trap_point::growth && !journal::holds(was->isr, m) && m.node != was->leader.node)
        return spring_growth(l, was->leader.node, m.node);
  }
}

/// The transaction's author hears nothing, or it executes late, or neither; leader and member lose each other before
/// another entry has passed between them (rules 1, 8, 11 and 12).
void world::spring_growth(const life& l, const node_id& leads, const node_id& comes) {
  trap_ = trap_point::none;
  const auto fate = places[l.node].id == leads ? chaos.below(3) : 2;
  const auto for_ns = static_cast<std::int64_t>(2'000 + chaos.below(8'000)) * ms;
  story.say(leads.view(), "fault-trap-growth",
            fmt::format("{} comes in, fate {}, for {} ms", comes.view(), fate, for_ns / ms));
  apart(leads, comes, for_ns);
  if (fate == 0) {
    consensus.set_cut(l.name, simulated_consensus::cut::answers);
    events.at(for_ns, [this, name = l.name] { consensus.set_cut(name, simulated_consensus::cut::none); });
  } else if (fate == 1) {
    consensus.lose_answer(l.name, static_cast<std::int64_t>(300 + chaos.below(2'000)) * ms);
  }
}

/// What a new leader says first reaches one follower only when another one leads (rule 5).
void world::spring_take_over(const life& l) {
  trap_ = trap_point::none;
  const auto late = (l.node + 1 + chaos.below(places.size() - 1)) % places.size();
  const auto for_ns = static_cast<std::int64_t>(1'000 + chaos.below(4'000)) * ms;
  const auto &self = places[l.node].id, &hears = places[late].id;
  story.say(self.view(), "fault-trap-take-over", fmt::format("{} hears it late, for {} ms", hears.view(), for_ns / ms));
  for (const auto& p : places)
    if (p.id != self && p.id != hears) apart(self, p.id, for_ns);
  fabric.clog(self, hears);
  events.at(for_ns, [this, a = self, b = hears] { fabric.unclog(a, b); });
}

/// A new leader is lost right after a follower has cut its log for it (rule 6).
void world::spring_contact(const node_id& leads) {
  trap_ = trap_point::none;
  const auto for_ns = static_cast<std::int64_t>(2'000 + chaos.below(6'000)) * ms;
  story.say(leads.view(), "fault-trap-contact", fmt::format("for {} ms", for_ns / ms));
  for (const auto& p : places)
    if (p.id != leads) apart(leads, p.id, for_ns);
}

/// A leader that does not hear that it was understood says everything again (rule 18).
void world::spring_answer(const node_id& follows, const node_id& leads) {
  trap_ = trap_point::none;
  const auto for_ns = static_cast<std::int64_t>(300 + chaos.below(1'500)) * ms;
  story.say(follows.view(), "fault-trap-answer", fmt::format("for {} ms", for_ns / ms));
  fabric.clog(follows, leads);
  events.at(for_ns, [this, a = follows, b = leads] { fabric.unclog(a, b); });
}

/// A member comes back with less than it acknowledged, and believes itself whole (rule 12).
void world::lie() {
  if (!all_in_sync()) return;
  const shard_id shard{static_cast<std::uint16_t>(chaos.below(options.shards))};
  const auto record = journal::decode_record(consensus.truth().find(journal::shard_key(shard))->second.value);
  const auto n = chaos.below(places.size());
  if (places[n].id == record->leader.node) return;
  kill(n, crash_keeps::everything);
  if (!places[n].disk->forget(shard, 1 + chaos.below(5))) return;
  story.say(places[n].id.view(), "fault-disk-lied", fmt::format("shard {}", shard.value));
  trap_ = trap_point::liar;
  liar_ = places[n].id;
}

void world::heal() {
  healing_ = true;
  for (auto& p : places) p.held_down = false;
  trap_ = trap_point::none;
  if (story.story())
    for (const auto& [k, v] : consensus.truth()) story.say("store", k, v.value);
  story.say("all", "healed", "");
  fabric.heal();
  consensus.set_faults({});
  for (auto& p : places)
    if (p.now) {
      p.now->crash_at = crash_point::none;
      p.now->flip_next_append = false;
    }
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
      p.now->ask([this, a, name = p.now->name](caf::event_based_actor* me) {
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
      });
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
  if (options.story &&
      (std::any_of(served.begin(), served.end(), [](const auto& s) { return !s.second; }) || !all_in_sync()))
    tell_shards();
  for (const auto& [shard, ok] : served)
    if (!ok)
      violate(fmt::format("I21: shard {} does not serve {} s after everything was healed", shard,
                          options.heal_ns / second + 25));
  // I20: what the nodes believe is what the store says.
  for (auto& p : places)
    if (const auto manager = p.now->actor_at(shards::manager_path))
      p.now->ask([this, manager, name = p.now->name, self = *p.now->cluster->self()](caf::event_based_actor* me) {
        me->request(manager, std::chrono::seconds(5), shards::manager_describe{})
            .then(
                [this, name, self](const shards::manager_description& d) {
                  for (const auto& row : d.shards) {
                    const auto it = consensus.truth().find(journal::shard_key(row.shard));
                    if (row.record.revision != it->second.revision)
                      violate(fmt::format("I20: {} knows revision {} of shard {}, the store has {}", name,
                                          row.record.revision, row.shard.value, it->second.revision));
                    const auto r = journal::decode_record(it->second.value);
                    if (journal::holds(r->isr, self) && !row.runs)
                      violate(
                          fmt::format("I20: {} is in sync for shard {} and runs nothing of it", name, row.shard.value));
                  }
                },
                [this, name](const caf::error&) { violate(fmt::format("I20: the shards of {} do not answer", name)); });
      });
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
      p.now->ask([&, a, shard, record, self](caf::event_based_actor* me) {
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
      });
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
    if (record->data_loss != (loss_accepted_ ? 1 : 0))
      violate(fmt::format("rule 12: shard {} counts {} losses, {} accepted one", s, record->data_loss,
                          loss_accepted_ ? "somebody" : "nobody"));
    journal::shard_state fold(kinds);
    for (const auto& [index, e] : truth_[shard].entries)
      if (auto r = fold.apply(e); !r)
        violate(fmt::format("I7: entry {} of shard {} cannot be applied again: {}", index, s, r.error().message));
    const auto applied = fold.applied().index.value;
    if (const auto it = hashes[shard].find(applied); it != hashes[shard].end() && it->second != fold.hash())
      violate(fmt::format("I7: shard {} is not the fold of its journal at entry {}", s, applied));
    check_opened(shard, record->epoch);
  }
  // I19: no actors, timers or writes pile up. I16, I17: each life's end looks.
  for (auto& p : places) {
    const auto wakes = p.now->scheduler->clock().schedule().size();
    if (p.now->timer.waiting() > 16 || wakes > 16 + 4 * options.shards)
      violate(fmt::format("I19: {} timers and {} wake-ups wait on {}", p.now->timer.waiting(), wakes, p.now->name));
    // supervisors, membership, commands, manager; and a shard's actor each
    if (p.now->system->registry().running() > 8 + options.shards)
      violate(fmt::format("I19: {} actors run on {}", p.now->system->registry().running(), p.now->name));
    if (p.now->store->unanswered() > 2 * options.shards)
      violate(fmt::format("I19: {} writes wait on {}", p.now->store->unanswered(), p.now->name));
  }
  check_pace();
  if (events.size() > 1'000) violate(fmt::format("I19: {} events wait after healing", events.size()));
  check_history();
  for (auto& p : places) p.now.reset();
}

/// The records themselves, every second.
void world::check_records() {
  for (std::uint32_t s = 0; s < options.shards; ++s) {
    const shard_id shard{static_cast<std::uint16_t>(s)};
    const auto it = consensus.truth().find(journal::shard_key(shard));
    if (it == consensus.truth().end()) continue;
    const auto r = journal::decode_record(it->second.value);
    auto& epoch = truth_[shard].recorded;
    if (!r)
      violate(fmt::format("I20: the record of shard {} does not decode", s));
    else if (r->isr.empty())
      violate(fmt::format("rule 12: the isr of shard {} is empty", s));
    else if (r->epoch < epoch)
      violate(fmt::format("rule 1: the epoch of shard {} fell from {} to {}", s, epoch.value, r->epoch.value));
    else
      epoch = r->epoch;
  }
  events.at(second, [this] { check_records(); });
}

/// What the clients saw, and what the journals have of it.
void world::check_history() {
  std::map<std::string, std::vector<register_operation>> registers;
  std::map<std::string, std::vector<counter_operation>> counters;
  std::map<std::string, std::int64_t> added, asked, answered;
  std::set<std::string> popped;
  for (const auto& [shard, t] : truth_)
    for (const auto& [index, e] : t.entries) {
      if (e.kind != ports::entry_kind::commands) continue;
      if (const auto batch = journal::decode_batch(e.payload))
        for (const auto& c : *batch)
          if (c.target.kind == journal::counter_kind && !c.event.empty()) ++added[c.target.id];
    }
  for (const auto& o : operations_) {
    const bool done = o.answered != 0 && o.answer.status == entities::command_status::done && !o.excused;
    const bool nothing = o.answered != 0 && (o.answer.status == entities::command_status::refused ||
                                             o.answer.status == entities::command_status::overloaded);
    // I9: what was taken ends, while its sender lives.
    const auto& p = places[o.node];
    if (o.answered == 0 && !o.read && p.now && p.lives == o.life)
      violate(fmt::format("I9: {} {} has no answer {} s after it was asked", o.id, o.command,
                          (events.now_ns() - o.asked) / second));
    const auto effect = [&](const std::string& event) {
      const auto it = effects_.find(o.id + event);
      if (done && (it == effects_.end() || it->second == 0))
        violate(fmt::format("I3: {} {} was answered, and no journal has it", o.id, o.command));
      if (nothing && it != effects_.end() && it->second != 0)
        violate(fmt::format("{} {} was refused and took effect", o.id, o.command));
    };
    if (o.kind == "register" && o.command == "get") {
      if (done) registers[o.id].push_back({false, o.answer.payload, o.asked, o.answered});
    } else if (o.kind == "register") {
      effect("=" + o.command.substr(4));
      if (!nothing) registers[o.id].push_back({true, o.command.substr(4), o.asked, done ? o.answered : no_end});
    } else if (o.kind == "counter") {
      ++asked[o.id];
      if (!done) continue;
      ++answered[o.id];
      counters[o.id].push_back({std::stoll(o.answer.payload), o.asked, o.answered});
    } else if (o.command == "pop") {
      if (done && o.answer.payload != "empty" && !popped.insert(o.id + o.answer.payload).second)
        violate(fmt::format("queue {}: {} was popped twice", o.id, o.answer.payload));
    } else {
      effect("+" + o.command.substr(5));
    }
  }
  for (const auto& [id, history] : registers)
    if (const auto wrong = judge_register(history)) violate(fmt::format("register {}: {}", id, *wrong));
  for (const auto& [id, history] : counters)
    if (const auto wrong = judge_counter(history)) violate(fmt::format("counter {}: {}", id, *wrong));
  for (const auto& [id, n] : asked)
    if (added[id] > n || added[id] < answered[id])
      violate(fmt::format("counter {}: {} additions asked for, {} answered, {} journalled", id, n, answered[id],
                          added[id]));
}

/// Each shard's last in-sync member loses its disk. The shards must stay frozen until an operator accepts the loss.
void world::lose_last_member() {
  const auto last = chaos.below(places.size());
  for (std::size_t i = 0; i < places.size(); ++i)
    if (i != last) {
      places[i].held_down = true;
      kill(i, crash_keeps::drawn_prefix);
    }
  story.say(places[last].id.view(), "fault-last-member-left", "");
  events.at(15 * second, [this, last] {
    for (std::uint32_t s = 0; s < options.shards; ++s) {
      const auto r = journal::decode_record(
          consensus.truth().find(journal::shard_key(shard_id{static_cast<std::uint16_t>(s)}))->second.value);
      if (r->isr.size() != 1 || r->isr.front().node != places[last].id)
        violate(fmt::format("I21: shard {} did not go on with its last member", s));
    }
    places[last].held_down = true;
    kill(last, crash_keeps::nothing);
    places[last].disk->lose();
    story.say(places[last].id.view(), "fault-last-member-lost-its-disk", "");
    for (std::size_t i = 0; i < places.size(); ++i) {
      places[i].held_down = false;
      events.at(static_cast<std::int64_t>(chaos.below(5'000)) * ms, [this, i] { start(i); });
    }
    // It starts once more while it waits: what was lost the first time is still lost.
    if (chaos.chance(0.7)) events.at(12 * second, [this, last] { kill(last, crash_keeps::everything); });
    events.at(8 * second, [this, last, before = commits_] {
      events.at(15 * second, [this, last, before] {
        if (commits_ != before) violate("rule 12: a shard went on without anybody accepting the loss");
        if (violation_.empty()) accept_loss(last);
      });
    });
  });
}

/// As an operator does it: for every shard, on the node with the longest log.
void world::accept_loss(std::size_t lost) {
  loss_accepted_ = true;
  effects_.clear();
  for (auto& o : operations_) o.excused = true;
  for (auto& [shard, t] : truth_) {
    std::size_t best = lost;
    std::size_t held_by_best = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto held =
          static_cast<std::size_t>(std::count_if(t.entries.begin(), t.entries.end(), [&, s = shard](const auto& e) {
            return places[i].disk->holds(s, journal::place_of(e.second));
          }));
      if (i == lost || (best != lost && held <= held_by_best)) continue;
      best = i;
      held_by_best = held;
    }
    std::erase_if(t.entries,
                  [&, s = shard](const auto& e) { return !places[best].disk->holds(s, journal::place_of(e.second)); });
    t.last_sequence.clear();
    for (const auto& [index, e] : t.entries) {
      if (e.kind != ports::entry_kind::commands) continue;
      const auto batch = journal::decode_batch(e.payload);
      for (const auto& c : *batch) {
        t.last_sequence[c.client.value] = c.sequence.value;
        if (!c.event.empty() && c.event != "-" && c.target.kind != journal::counter_kind)
          ++effects_[c.target.id + c.event];
      }
    }
    const auto& l = places[best].now;
    const auto a = l ? l->cluster->table()->at(shard) : caf::actor();
    if (!a) return violate(fmt::format("rule 12: nobody can accept the loss of shard {}", shard.value));
    story.say(l->name, "loss-accepted", fmt::format("shard {}", shard.value));
    l->ask([this, a, s = shard](caf::event_based_actor* me) {
      me->request(a, std::chrono::seconds(5), shards::shard_recover{})
          .then([](const std::string&) {},
                [this, s](const caf::error& e) {
                  violate(fmt::format("rule 12: the loss of shard {} cannot be accepted: {}", s.value, to_string(e)));
                });
    });
  }
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
    if (options.lose_last_member)
      events.at(static_cast<std::int64_t>(5 + chaos.below(40)) * second, [this] { lose_last_member(); });
    schedule_faults();
    check_records();
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
  r.happened["fresh-reads"] = reads_;
  if (opens_ != 0) r.happened["entities-opened"] = opens_;
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
  o.crash_loop_every_s = sometimes(0.2, 40, 120);
  o.crash_point_every_s = sometimes(0.4, 5, 60);
  o.memory_every_s = sometimes(0.2, 20, 100);
  o.slow_start = sometimes(0.3, 0.1, 0.5);
  o.network_level = r.chance(0.7) ? r.unit() : 0;
  o.consensus_level = r.chance(0.7) ? r.unit() : 0;
  o.deaf_leader_every_s = sometimes(0.3, 10, 60);
  o.trap_every_s = sometimes(0.3, 5, 60);
  o.alone_without_store = sometimes(0.3, 0.2, 1);
  if (r.chance(0.03)) {
    // A story of its own: what the other faults would break meanwhile is no loss to accept.
    for (const auto& f : named_faults()) o.*f.how_often = 0;
    o.nodes = 3;
    o.min_isr = 1;
    o.lose_last_member = true;
  }
  return o;
}

std::span<const named_fault> named_faults() {
  using o = world_options;
  static constexpr std::array all{
      named_fault{"kill", &o::kill_every_s},
      named_fault{"kill-all", &o::kill_all_every_s},
      named_fault{"freeze", &o::freeze_every_s},
      named_fault{"partition", &o::partition_every_s},
      named_fault{"consensus", &o::consensus_every_s},
      named_fault{"disk", &o::disk_every_s},
      named_fault{"damage", &o::damage_every_s},
      named_fault{"drain", &o::drain_every_s},
      named_fault{"clock", &o::clock_every_s},
      named_fault{"crash-loop", &o::crash_loop_every_s},
      named_fault{"crash-point", &o::crash_point_every_s},
      named_fault{"memory", &o::memory_every_s},
      named_fault{"deaf-leader", &o::deaf_leader_every_s},
      named_fault{"trap", &o::trap_every_s},
      named_fault{"alone-without-store", &o::alone_without_store},
      named_fault{"lying-disk", &o::lying_disk_every_s},
      named_fault{"slow-start", &o::slow_start},
      named_fault{"network", &o::network_level},
      named_fault{"consensus-level", &o::consensus_level},
  };
  return all;
}

world_result run_world(const world_options& options, const planted_parts& planted) {
  return world(options, planted).run();
}

} // namespace sett::sim
