#include "nodes/settd/cluster_parts.hpp"

#include "nodes/accounts/account_kinds.hpp"
#include "nodes/journal/workload_kinds.hpp"
#include "nodes/membership/etcd_io.hpp"
#include "nodes/runtime/thread_timer_io.hpp"
#include "nodes/shards/placement.hpp"
#include "nodes/store/fault_points_io.hpp"
#include "nodes/store/journal_store_io.hpp"
#include "nodes/store/journal_store_metrics.hpp"
#include "nodes/store/local_consensus_io.hpp"
#include "nodes/transport/key_rotation_io.hpp"
#include "nodes/transport/node_keys_io.hpp"
#include "nodes/transport/transport_metrics.hpp"
#include "nodes/transport/zmq_network_io.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sett::settd {

namespace {

/// The network of a node that is alone: nobody to talk to.
class no_network final : public ports::network {
public:
  void start(const member&, ports::network_handler&) override {}
  void set_peers(std::vector<ports::peer_address>) override {}
  [[nodiscard]] bool send(const member&, ports::packet) override { return false; }
  void stop() override {}
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find(',', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// What may block runs here, one after the other.
class worker {
public:
  explicit worker(ports::metrics_registry& metrics)
      : refused_(&metrics.counter_of("sett_cluster_blocking_tasks_refused_total",
                                     "Work that may block and was refused, because too much of it waited.")),
        depth_(&metrics.gauge_of("sett_cluster_blocking_tasks_waiting", "Work that may block and waits for its turn.")),
        thread_([this] { work(); }) {}
  ~worker() { stop(); }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  /// False: refused, counted; it will not run.
  bool run(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return false;
    if (waiting_.size() >= waiting_max) {
      refused_->add();
      return false;
    }
    waiting_.push_back(std::move(f));
    depth_->set(static_cast<double>(waiting_.size()));
    changed_.notify_one();
    return true;
  }
  /// Waits for what runs; what waits is dropped with the process.
  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

private:
  static constexpr std::size_t waiting_max = 10'000;
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      if (stopped_) return;
      const auto f = std::move(waiting_.front());
      waiting_.pop_front();
      depth_->set(static_cast<double>(waiting_.size()));
      lock.unlock();
      f();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopped_{};
  ports::counter* refused_;
  ports::gauge* depth_;
  std::thread thread_; // last: runs at once
};

/// What refreshes metrics before a collection; a collection after the parts' end finds the door shut.
class collection {
public:
  explicit collection(ports::metrics_registry& metrics) : door_(std::make_shared<door>()) {
    metrics.before_collect([d = door_] {
      const std::scoped_lock lock(d->mutex);
      if (d->refresh) d->refresh();
    });
  }
  void open(std::function<void()> refresh) {
    const std::scoped_lock lock(door_->mutex);
    door_->refresh = std::move(refresh);
  }
  void shut() { open({}); }

private:
  struct door {
    std::mutex mutex;
    std::function<void()> refresh;
  };
  std::shared_ptr<door> door_;
};

} // namespace

struct cluster_parts::implementation {
  explicit implementation(ports::metrics_registry& metrics) : figures(metrics), blocking(metrics) {}

  /// Looks for what `sett key node` wrote, for as long as the timer runs. A look that is refused comes later.
  void watch_keys() {
    static_cast<void>(beats->start(keys_look_ns, [this] {
      static_cast<void>(blocking.run([this] {
        if (node->self()) keys->look(); // before, the network does not run
      }));
      watch_keys();
    }));
  }
  static constexpr std::int64_t keys_look_ns = 1'000'000'000;

  collection figures;
  journal::entity_kinds kinds;
  std::unique_ptr<store::rocksdb_journal_store> journal;
  std::unique_ptr<store::local_consensus> local;
  std::unique_ptr<membership::etcd_store> etcd;
  std::unique_ptr<ports::network> network;
  transport::zmq_network* zmq{};
  std::unique_ptr<transport::key_rotation> keys;
  std::unique_ptr<runtime::thread_timer> beats;
  worker blocking;
  std::unique_ptr<shards::cluster_node> node;
};

cluster_parts::cluster_parts(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}
cluster_parts::~cluster_parts() {
  if (!impl_) return;
  close_doors();
  close_stores();
}

shards::cluster_node& cluster_parts::node() { return *impl_->node; }
ports::network& cluster_parts::network() { return *impl_->network; }
ports::timer& cluster_parts::timer() { return *impl_->beats; }
bool cluster_parts::blocking(std::function<void()> f) { return impl_->blocking.run(std::move(f)); }

void cluster_parts::close_doors() {
  impl_->node->stop();
  impl_->beats->stop();
  impl_->blocking.stop(); // before the network, which it may be waiting for
  impl_->network->stop();
}

void cluster_parts::close_stores() {
  if (impl_->etcd) impl_->etcd->stop();
  if (impl_->local) impl_->local->stop();
  impl_->figures.shut();
  impl_->journal->close();
}

result<std::unique_ptr<cluster_parts>> cluster_parts::open(const config::settings& settings,
                                                           const std::string& checksum, const ports::clock& clock,
                                                           ports::metrics_registry& metrics, ports::logger& log,
                                                           std::shared_ptr<supervision::registry> actors,
                                                           std::uint64_t seed, shards::cluster_hooks hooks) {
  const auto& c = settings.cluster;
  const bool alone = c.etcd.empty();
  const auto id = node_id::parse(settings.node.name);
  const auto roles = membership::parse_roles(c.roles);
  if (!id || !roles)
    return fail("cluster", ports::journal_store_errc::foreign, "node.name or cluster.roles does not fit");
  auto p = std::make_unique<implementation>(metrics);
  journal::add_workload_kinds(p->kinds);
  accounts::add_account_kinds(p->kinds);

  store::journal_store_options disk{.folder = settings.node.data_dir + "/journal", .cluster = c.id, .node = *id};
  if (!settings.fault.crash_point.empty() || !settings.fault.disk_file.empty()) {
    if (const auto ok = store::fault_points::check(settings.fault.crash_point); !ok) return std::unexpected(ok.error());
    disk.faults = std::make_shared<store::fault_points>(settings.fault.crash_point, settings.fault.disk_file);
  }
  auto journal = store::rocksdb_journal_store::open(std::move(disk));
  if (!journal) return std::unexpected(journal.error());
  p->journal = std::move(*journal);

  shards::cluster_settings s;
  s.cluster = {.cluster_id = c.id,
               .shard_count = c.shards,
               .hash_version = shards::hash_version,
               .min_isr = alone ? 1 : c.min_isr,
               .replicas = alone ? 1 : c.replicas,
               .settings_checksum = checksum};
  s.self.node = *id;
  s.self.host = c.address;
  s.self.roles = *roles;
  s.self.weight = c.weight;
  s.self.version = SETT_VERSION;
  s.self.cluster_id = c.id;
  s.self.settings_checksum = checksum;
  s.self.shard_count = c.shards;
  s.self.hash_version = shards::hash_version;
  s.membership.detection.beat_ms = c.beat_ms;
  s.membership.detection.suspect_ms = c.suspect_ms;
  s.moves_max = c.moves_max;
  s.repair_after_ns = static_cast<std::int64_t>(c.repair_after_ms) * 1'000'000;

  ports::consensus_store* consensus = nullptr;
  if (alone) {
    auto local = store::local_consensus::open({.folder = settings.node.data_dir + "/consensus"}, clock);
    if (!local) return std::unexpected(local.error());
    p->local = std::move(*local);
    consensus = p->local.get();
    p->network = std::make_unique<no_network>();
    s.self.public_key = std::string(transport::key_characters, '0');
    s.self.port = {1, 1, 1, 1};
  } else {
    membership::etcd_options etcd_options;
    etcd_options.endpoints = split(c.etcd);
    etcd_options.key_prefix = "/sett/" + c.id;
    auto etcd = membership::make_etcd_store(etcd_options, ports::area_log(log, "etcd"), metrics);
    if (!etcd) return std::unexpected(etcd.error());
    p->etcd = std::move(*etcd);
    consensus = p->etcd.get();
    const transport::key_folder keys(settings.node.data_dir);
    const auto key = keys.load();
    if (!key)
      return fail(
          "cluster", ports::journal_store_errc::foreign,
          fmt::format("{}: make one with `sett key node new`, and have the other nodes trust it", key.error().message));
    const auto trusted = keys.load_trusted();
    if (!trusted) return std::unexpected(trusted.error());
    transport::zmq_network_options n{.cluster = c.id, .key = *key, .listen_host = c.address};
    for (std::size_t i = 0; i < ports::lane_count; ++i)
      n.listen_port[i] = c.port == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(c.port + i);
    s.self.public_key = key->public_key;
    auto network = transport::zmq_network::open(std::move(n), *trusted);
    if (!network) return std::unexpected(network.error());
    s.self.port = (*network)->listening();
    p->zmq = network->get();
    p->network = std::move(*network);
    p->keys = std::make_unique<transport::key_rotation>(
        keys, *trusted, *p->zmq, ports::area_log(log, "transport"),
        [parts = p.get()](const transport::zmq_network::ports_of_lanes& port, const std::string& public_key) {
          parts->node->change_address(port, public_key);
        });
  }
  p->beats = std::make_unique<runtime::thread_timer>(clock);

  shards::cluster_ports ports;
  ports.network = p->network.get();
  ports.consensus = consensus;
  ports.journal = p->journal.get();
  ports.clock = &clock;
  ports.beats = p->beats.get();
  ports.metrics = &metrics;
  ports.log = &log;
  ports.chance = ports::random(seed);
  ports.blocking = [w = &p->blocking](std::function<void()> f) { return w->run(std::move(f)); };
  ports.actors = std::move(actors);
  ports.kinds = &p->kinds;
  p->node = std::make_unique<shards::cluster_node>(std::move(s), std::move(ports), std::move(hooks));
  if (const auto opened = p->node->open(); !opened) return std::unexpected(opened.error());
  const auto stored = std::make_shared<store::journal_store_metrics>(metrics);
  const auto carried = p->zmq == nullptr ? nullptr : std::make_shared<transport::transport_metrics>(metrics);
  p->figures.open([parts = p.get(), stored, carried] {
    stored->show(parts->journal->statistics());
    if (carried) carried->show(parts->zmq->counters());
  });
  if (p->keys) p->watch_keys();
  return std::unique_ptr<cluster_parts>(new cluster_parts(std::move(p)));
}

} // namespace sett::settd
