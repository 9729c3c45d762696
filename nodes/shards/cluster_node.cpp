#include "nodes/shards/cluster_node.hpp"

#include "messages/protocol/caf_messages.hpp"
#include "nodes/shards/placement.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <utility>
#include <vector>

namespace sett::shards {

namespace {

constexpr std::uint32_t mailbox = 100'000;
constexpr std::uint32_t local_client = 0;

} // namespace

cluster_node::cluster_node(cluster_settings settings, cluster_ports ports, cluster_hooks hooks)
    : settings_(std::move(settings)),
      ports_(std::move(ports)),
      hooks_(std::move(hooks)),
      log_(*ports_.log, "cluster"),
      table_(std::make_shared<shard_table>(settings_.cluster.shard_count)),
      beats_(std::make_shared<membership::beater>(settings_.membership.detection, *ports_.network, *ports_.clock,
                                                  *ports_.beats, *ports_.metrics)),
      hub_(std::make_unique<network_hub>(*ports_.network, *ports_.clock, table_, beats_, *ports_.metrics)) {}

cluster_node::~cluster_node() { stop(); }

void cluster_node::stop() { beats_->stop(); }

result<void> cluster_node::open() {
  const auto facts = ports_.journal->read_facts();
  if (!facts) return std::unexpected(facts.error());
  const ports::node_facts own{.cluster = settings_.cluster.cluster_id,
                              .node = settings_.self.node,
                              .incarnation = incarnation_number{0},
                              .intact = true,
                              .shard_count = settings_.cluster.shard_count,
                              .hash_version = settings_.cluster.hash_version};
  facts_ = facts->value_or(own);
  if (facts_.cluster != own.cluster || facts_.node != own.node || facts_.shard_count != own.shard_count ||
      facts_.hash_version != own.hash_version)
    return fail(
        "cluster", ports::journal_store_errc::foreign,
        fmt::format("the data folder belongs to node {} of cluster {} ({} shards, hash version {}), the settings "
                    "say node {} of cluster {} ({} shards, hash version {}): give this node its own folder, or "
                    "its old settings",
                    facts_.node.view(), facts_.cluster, facts_.shard_count, facts_.hash_version, own.node.view(),
                    own.cluster, own.shard_count, own.hash_version));
  if (!facts_.intact) {
    const auto dropped = ports_.journal->drop_damaged();
    if (!dropped) return std::unexpected(dropped.error());
    log_.warn("start-not-intact", "an earlier fault may have lost something: what is missing comes from the peers",
              {{"shards_emptied", dropped->size()}});
  }
  auto shards = ports_.journal->read_shards();
  if (!shards) return std::unexpected(shards.error());
  for (auto& s : *shards) {
    auto state = ports_.journal->read_state(s.shard);
    if (!state) return std::unexpected(state.error());
    const auto shard = s.shard;
    stored_.emplace(shard, stored_replica{std::move(s), std::move(*state)});
  }
  return {};
}

void cluster_node::fatal(const error& e) {
  if (ended_.exchange(true)) return;
  log_.error("node-must-end", e.message, {{"area", e.area}});
  hooks_.on_fatal(e);
}

supervision::child_spec cluster_node::once(std::string name, std::uint32_t bound,
                                           std::function<caf::actor(caf::actor_system&, supervision::cell_ptr)> start) {
  auto started = std::make_shared<std::atomic<bool>>(false);
  return {.name = name,
          .kind = supervision::child_kind::transient, // an end that was asked for is an end
          .mailbox_bound = bound,
          .start = [this, name, started, start = std::move(start)](caf::actor_system& s, supervision::cell_ptr cell) {
            if (started->exchange(true))
              fatal({"cluster", 1, fmt::format("{} crashed: the node ends and comes back as a new incarnation", name)});
            return start(s, std::move(cell));
          }};
}

supervision::child_spec cluster_node::child() {
  auto setup = std::make_shared<membership::membership_setup>();
  setup->settings = settings_.membership;
  setup->cluster = settings_.cluster;
  setup->self = settings_.self;
  setup->stored_intent = facts_.incarnation;
  setup->sync_intent = [this](incarnation_number n, bool intact, std::function<void(result<void>)> done) {
    facts_.incarnation = n;
    facts_.intact = facts_.intact && intact;
    if (!ports_.blocking([this, facts = facts_, done] { done(ports_.journal->write_facts(facts)); }))
      done(fail("cluster", ports::journal_store_errc::overloaded, "too much waits for the disk"));
  };
  setup->store = ports_.consensus;
  setup->clock = ports_.clock;
  setup->timer = ports_.beats;
  setup->beats = beats_;
  setup->metrics = ports_.metrics;
  setup->log = ports::area_log(*ports_.log, "membership");
  setup->chance = ports_.chance.split("membership");
  setup->on_registered = [this](const member& who, bool intact) { registered(who, intact); };
  setup->on_view = [this](const membership::membership_view& v) { seen(v); };
  setup->on_ended = [this](const error& e) { fatal(e); };
  std::vector<supervision::child_spec> children;
  children.push_back(once("membership", mailbox, [setup](caf::actor_system& s, supervision::cell_ptr cell) {
    return s.spawn<membership::membership_actor>(std::move(cell),
                                                 std::shared_ptr<const membership::membership_setup>(setup));
  }));
  return once("cluster", 10'000, [this, children](caf::actor_system& s, supervision::cell_ptr cell) {
    return s.spawn<supervision::supervisor_actor>(
        std::move(cell), ports_.actors,
        supervision::supervisor_settings{
            .directory = std::string(cluster_path), .restart = {.never_give_up = true}, .seed = 7},
        children);
  });
}

caf::actor cluster_node::actor_at(std::string_view path) const {
  const auto cell = ports_.actors->find(path);
  const auto self = cell ? cell->self() : nullptr;
  return self ? caf::actor_cast<caf::actor>(self) : caf::actor();
}

void cluster_node::add_child(supervision::child_spec spec) {
  if (const auto cluster = actor_at(cluster_path))
    caf::anon_send(cluster, supervision::add_child{std::make_shared<const supervision::child_spec>(std::move(spec))});
}

void cluster_node::registered(const member& who, bool intact) {
  {
    const std::scoped_lock lock(mutex_);
    self_ = who;
  }
  log_.info("node-registered", "this node is a member of its cluster",
            {{"member", to_text(who)}, {"intact", intact && facts_.intact}});
  hub_->self(who);
  ports_.network->start(who, *hub_);
  auto shard = std::make_shared<shard_environment>();
  shard->self = who;
  shard->intact = intact && facts_.intact;
  shard->replica = settings_.replica;
  shard->limits = settings_.limits;
  shard->store_state_ns = settings_.store_state_ns;
  shard->kinds = ports_.kinds;
  shard->store = ports_.journal;
  shard->consensus = ports_.consensus;
  shard->network = ports_.network;
  shard->clock = ports_.clock;
  shard->chance = ports_.chance.split("shards");
  shard->log = ports::area_log(*ports_.log, "shards");
  shard->metrics = shard_metrics::make(*ports_.metrics);
  shard->answer = [this](const member& to, entities::answer_batch b) { hub_->answer(to, std::move(b)); };
  shard->on_fatal = [this](shard_id, const error& e) { fatal(e); };
  shard->on_released = hooks_.on_released;
  shard->on_applied = hooks_.on_applied;

  auto manager = std::make_shared<shard_manager_setup>();
  manager->shard = shard;
  manager->shard_count = settings_.cluster.shard_count;
  manager->replicas = settings_.cluster.replicas;
  manager->min_isr = settings_.cluster.min_isr;
  manager->moves_max = settings_.moves_max;
  manager->repair_after_ns = settings_.repair_after_ns;
  manager->actors = ports_.actors;
  manager->table = table_;
  manager->stored = std::move(stored_);
  manager->make_shard = hooks_.make_shard;
  manager->view = [this] { return view(); };
  manager->on_marked = [this] {
    facts_.intact = true;
    const bool taken = ports_.blocking([this, facts = facts_] {
      if (const auto ok = ports_.journal->write_facts(facts); !ok) fatal(ok.error());
    });
    if (!taken) log_.warn("mark-not-stored", "too much waits for the disk: the next start is not intact either", {});
  };
  manager->on_leader = [this](shard_id s, const shard_leader& l) {
    if (const auto client = actor_at(commands_path)) caf::anon_send(client, command_leader{s, l});
    if (hooks_.on_leader) hooks_.on_leader(s, l);
  };
  manager->on_record = hooks_.on_record;
  manager->on_serving = hooks_.on_serving;
  manager->on_open = hooks_.on_open;
  manager->recovery = settings_.recovery;
  manager->on_figures = [this](const cluster_figures& f) { counted(f); };

  auto client = std::make_shared<command_client_setup>();
  client->self = who;
  client->number = local_client;
  client->limits = settings_.commands;
  client->network = ports_.network;
  client->hub = hub_.get();
  client->clock = ports_.clock;
  add_child(once("commands", mailbox, [client](caf::actor_system& s, supervision::cell_ptr cell) {
    return s.spawn<command_client_actor>(std::move(cell), std::shared_ptr<const command_client_setup>(client));
  }));
  add_child(once("shards", mailbox, [manager](caf::actor_system& s, supervision::cell_ptr cell) {
    return s.spawn<shard_manager_actor>(std::move(cell), std::shared_ptr<const shard_manager_setup>(manager));
  }));
  if (hooks_.on_registered) hooks_.on_registered(who);
}

void cluster_node::change_address(const std::array<std::uint16_t, ports::lane_count>& port,
                                  const std::string& public_key) {
  if (const auto to = actor_at(membership_path)) caf::anon_send(to, membership::set_address{port, public_key});
}

void cluster_node::seen(const membership::membership_view& v) {
  auto shared = std::make_shared<const membership::membership_view>(v);
  std::vector<ports::peer_address> peers;
  for (const auto& o : v.others) peers.push_back(o.record.address());
  ports_.network->set_peers(std::move(peers));
  {
    const std::scoped_lock lock(mutex_);
    view_ = shared;
  }
  if (const auto manager = actor_at(manager_path)) caf::anon_send(manager, shard_members{shared});
  if (hooks_.on_view) hooks_.on_view(shared);
}

std::shared_ptr<const membership::membership_view> cluster_node::view() const {
  const std::scoped_lock lock(mutex_);
  return view_;
}

std::optional<cluster_figures> cluster_node::figures() const {
  const std::scoped_lock lock(mutex_);
  return figures_;
}

void cluster_node::counted(const cluster_figures& f) {
  const auto set = [this](std::string_view name, std::string_view help, double v) {
    ports_.metrics->gauge_of(name, help).set(v);
  };
  if (const auto seen = view())
    set("sett_cluster_store_reachable", "1 when the consensus store answered within the last few seconds.",
        seen->store_reachable ? 1 : 0);
  set("sett_shards_without_leader", "Shards that nobody who is up leads.", f.without_leader);
  set("sett_shards_under_replicated", "Shards with fewer in-sync replicas than cluster.replicas.", f.under_replicated);
  set("sett_shards_below_min_isr", "Shards with too few in-sync replicas to commit anything.", f.below_min_isr);
  set("sett_shards_with_data_loss", "Shards for which a loss was accepted by hand.", f.data_loss);
  const auto own = f.by_node.find(settings_.self.node);
  set("sett_shards_led", "Shards that this node leads.", own == f.by_node.end() ? 0 : own->second.leads);
  set("sett_shards_held", "Shards of which this node is an in-sync replica.",
      own == f.by_node.end() ? 0 : own->second.holds);
  const std::scoped_lock lock(mutex_);
  figures_ = f;
}

std::optional<member> cluster_node::self() const {
  const std::scoped_lock lock(mutex_);
  return self_;
}

shard_id cluster_node::shard_of(std::string_view kind, std::string_view id) const {
  return shards::shard_of(kind, id, settings_.cluster.shard_count);
}

void cluster_node::submit(std::string_view kind, std::string_view id, std::string payload, std::int64_t within_ns,
                          std::function<void(const entities::command_answer&)> done) {
  const auto* known = ports_.kinds->find(kind);
  const auto client = actor_at(commands_path);
  if (known == nullptr || id.empty() || id.size() > entities::entity_id_bytes_max || !client) {
    done({client ? entities::command_status::refused : entities::command_status::not_ready,
          !client            ? std::string("this node is not registered in its cluster yet")
          : known == nullptr ? fmt::format("there is no kind of entity named {}", kind)
                             : std::string("an entity's id has 1 to 64 bytes"),
          {},
          {}});
    return;
  }
  caf::anon_send(
      client,
      command_request{shard_of(kind, id), known->number().value, std::string(id), std::move(payload), within_ns,
                      std::make_shared<const std::function<void(const entities::command_answer&)>>(std::move(done))});
}

} // namespace sett::shards
