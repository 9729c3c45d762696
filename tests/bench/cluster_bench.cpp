// Three nodes as real processes on this machine and disk: CURVE sockets, RocksDB, etcd. How long a replicated commit
// takes at low load beside a synced put with three processes putting at once, how many commands 64 shards commit, how
// long a shard answers nobody during a planned hand-off, and what three idle settd cost.
//
// A command is journalled on its own account (decided, replicated, synced, remembered, answered once); commands that
// wait for the same shard share an entry of its journal. Each figure names its unit.
//
// The program is its own node: `cluster_bench node ...` runs cluster_node over the ports that settd opens, and takes
// orders by lines on its standard input, one answer line each. Processor time is told beside the wall's figures.
#include "actors/supervision/registry.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "nodes/journal/workload_kinds.hpp"
#include "nodes/membership/etcd_io.hpp"
#include "nodes/runtime/node_clock_io.hpp"
#include "nodes/runtime/thread_timer_io.hpp"
#include "nodes/shards/cluster_node.hpp"
#include "nodes/shards/placement.hpp"
#include "nodes/store/journal_store_io.hpp"
#include "nodes/transport/node_keys_io.hpp"
#include "nodes/transport/zmq_network_io.hpp"
#include "tests/support/etcd_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <set>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sett {
namespace {

using steady = std::chrono::steady_clock;
using entities::command_status;

constexpr std::uint32_t shard_count = 64;
constexpr std::uint32_t nodes = 3;
constexpr std::int64_t within_ns = 10'000'000'000;

double ms_since(steady::time_point start) {
  return std::chrono::duration<double, std::milli>(steady::now() - start).count();
}
double quantile(std::vector<double>& sorted, double q) {
  return sorted.empty()
             ? 0
             : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}
void pause_ms(double ms) { std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms)); }

// ------------------------------------------------------------------------------------------------ the node's process

/// Counted as in settd, read by nobody.
class unread_metrics final : public ports::metrics_registry {
public:
  ports::counter& counter_of(std::string_view name, std::string_view, ports::labels) override {
    return counters_[std::string(name)];
  }
  ports::gauge& gauge_of(std::string_view name, std::string_view, ports::labels) override {
    return gauges_[std::string(name)];
  }
  ports::histogram& histogram_of(std::string_view name, std::string_view, std::span<const double> bounds,
                                 ports::labels) override {
    return histograms_.try_emplace(std::string(name), bounds).first->second;
  }
  void before_collect(std::function<void()>) override {}

private:
  std::map<std::string, ports::counter> counters_;
  std::map<std::string, ports::gauge> gauges_;
  std::map<std::string, ports::histogram> histograms_;
};

class errors_only final : public ports::logger {
public:
  [[nodiscard]] bool enabled(std::string_view, ports::log_level level) const noexcept override {
    return level >= ports::log_level::error;
  }
  void write(ports::log_level level, std::string_view area, std::string_view event, std::string_view sentence,
             std::span<const ports::log_field>) noexcept override {
    if (level >= ports::log_level::error) fmt::print(stderr, "{} {}: {}\n", area, event, sentence);
  }
};

struct bench_system_config : caf::actor_system_config {
  bench_system_config() { supervision::configure(*this, 2); } // what settd takes on two processors
};

class bench_node {
public:
  bench_node(const std::string& folder, const std::string& name, const std::string& etcd_endpoint)
      : folder_(folder), timer_(clock_) {
    journal::add_workload_kinds(kinds_);
    const auto id = must(node_id::parse(name), "the node's name");
    store::journal_store_options disk;
    disk.folder = folder + "/journal";
    disk.cluster = "bench";
    disk.node = id;
    journal_ = must(store::rocksdb_journal_store::open(disk));
    membership::etcd_options e;
    e.endpoints = {etcd_endpoint};
    e.key_prefix = "/sett/bench";
    etcd_ = must(membership::make_etcd_store(e, ports::area_log(log_, "etcd"), metrics_));
    const transport::key_folder keys(folder);
    transport::zmq_network_options n;
    n.cluster = "bench";
    n.key = must(keys.load());
    n.listen_host = "127.0.0.1";
    network_ = must(transport::zmq_network::open(n, must(keys.load_trusted())));

    shards::cluster_settings s;
    s.cluster.cluster_id = "bench";
    s.cluster.shard_count = shard_count;
    s.cluster.hash_version = shards::hash_version;
    s.cluster.min_isr = 2;
    s.cluster.replicas = 3;
    s.cluster.settings_checksum = "bench";
    s.self.node = id;
    s.self.host = "127.0.0.1";
    s.self.port = network_->listening();
    s.self.public_key = n.key.public_key;
    s.self.roles = must(membership::parse_roles("ingest,compute,execution,gateway"), "roles");
    s.self.version = "bench";
    s.self.cluster_id = "bench";
    s.self.settings_checksum = "bench";
    s.self.shard_count = shard_count;
    s.self.hash_version = shards::hash_version;

    shards::cluster_ports ports;
    ports.network = network_.get();
    ports.consensus = etcd_.get();
    ports.journal = journal_.get();
    ports.clock = &clock_;
    ports.beats = &timer_;
    ports.metrics = &metrics_;
    ports.log = &log_;
    ports.chance = ports::random(static_cast<std::uint64_t>(steady::now().time_since_epoch().count()));
    ports.blocking = [](std::function<void()> f) {
      std::thread(std::move(f)).detach();
      return true;
    };
    ports.actors = actors_;
    ports.kinds = &kinds_;
    shards::cluster_hooks hooks;
    hooks.on_fatal = [](const error& why) {
      fmt::print(stderr, "the node must end: {}\n", why.message);
      std::_Exit(3);
    };
    hooks.on_serving = [this](shard_id shard, bool serves) {
      const std::scoped_lock lock(mutex_);
      if (serves)
        serving_.insert(shard);
      else
        serving_.erase(shard);
    };
    node_ = std::make_unique<shards::cluster_node>(std::move(s), std::move(ports), std::move(hooks));
    if (const auto ok = node_->open(); !ok) die(ok.error().message);
    system_ = std::make_unique<caf::actor_system>(config_);
    const auto cell = actors_->add(actors_->directory("/node"), "supervisor", 10'000);
    root_ = system_->spawn<supervision::supervisor_actor>(
        cell, actors_,
        supervision::supervisor_settings{.directory = "/node", .restart = {.never_give_up = true}, .seed = 1},
        std::vector<supervision::child_spec>{node_->child()});
    cell->state(supervision::actor_state::running);
    for (std::uint32_t i = 0, found = 0; found < shard_count; ++i) {
      auto id_text = fmt::format("counter-{}", i);
      auto& slot = entity_[node_->shard_of("counter", id_text).value];
      if (!slot.empty()) continue;
      slot = std::move(id_text);
      ++found;
    }
  }

  void run() {
    std::string line;
    while (std::getline(std::cin, line)) {
      std::istringstream in(line);
      std::string order, to;
      double seconds = 0;
      int count = 0;
      in >> order;
      if (order == "serving")
        fmt::print("{}\n", serving().size());
      else if (order == "puts")
        in >> count, synced_puts(count);
      else if (order == "latency")
        in >> count, latency(count);
      else if (order == "load")
        in >> seconds >> count, load(seconds, count);
      else if (order == "move")
        in >> count >> to, move(count, to);
      else
        fmt::print("unknown order\n");
      std::fflush(stdout);
    }
    std::_Exit(0); // what it wrote is of no use to anybody
  }

private:
  [[noreturn]] static void die(const std::string& why) {
    fmt::print(stderr, "cluster_bench: {}\n", why);
    std::_Exit(1);
  }
  template <class T>
  static T must(result<T> r) {
    if (!r) die(r.error().message);
    return std::move(*r);
  }
  template <class T>
  static T must(std::optional<T> r, const char* what) {
    if (!r) die(what);
    return std::move(*r);
  }

  [[nodiscard]] std::set<shard_id> serving() const {
    const std::scoped_lock lock(mutex_);
    return serving_;
  }
  void add_one(shard_id shard, std::function<void(const entities::command_answer&)> done) {
    node_->submit("counter", entity_[shard.value], "add 1", within_ns, std::move(done));
  }

  /// Three processes do this at once: what the disk gives each of them.
  void synced_puts(int count) {
    rocksdb::Options o;
    o.create_if_missing = true;
    o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    rocksdb::DB* opened = nullptr;
    if (!rocksdb::DB::Open(o, folder_ + "/puts", &opened).ok()) die("cannot open a database");
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    std::vector<double> us;
    for (int i = 0; i < count; ++i) {
      const auto start = steady::now();
      if (!db->Put(synced, std::to_string(i), std::string(200, 'x')).ok()) die("cannot put");
      us.push_back(1e3 * ms_since(start));
    }
    std::sort(us.begin(), us.end());
    fmt::print("{} {}\n", quantile(us, 0.5), quantile(us, 0.99));
  }

  /// One command after the other to shards that this node leads: from the sender to its answer.
  void latency(int count) {
    const auto led = serving();
    std::vector<shard_id> shards(led.begin(), led.end());
    std::vector<double> us;
    std::binary_semaphore answered(0);
    for (int i = 0; i < count && !shards.empty(); ++i) {
      bool done = false;
      const auto start = steady::now();
      add_one(shards[static_cast<std::size_t>(i) % shards.size()], [&](const entities::command_answer& a) {
        done = a.status == command_status::done;
        answered.release();
      });
      answered.acquire();
      if (done) us.push_back(1e3 * ms_since(start));
      pause_ms(2);
    }
    std::sort(us.begin(), us.end());
    fmt::print("{} {} {}\n", us.size(), quantile(us, 0.5), quantile(us, 0.99));
  }

  /// A closed loop: so many commands in flight over all shards, wherever they are led, for so long.
  void load(double seconds, int in_flight) {
    struct sender {
      std::atomic<std::uint64_t> done{0}, failed{0};
      std::atomic<int> open{0};
      std::atomic<bool> counting{false}, ending{false};
    };
    const auto state = std::make_shared<sender>();
    // Each in-flight place has a shard of its own choice and begins anew with each answer.
    const auto again = std::make_shared<std::function<void(shard_id)>>();
    *again = [this, state, weak = std::weak_ptr(again)](shard_id shard) {
      add_one(shard, [state, weak, shard](const entities::command_answer& a) {
        if (state->counting.load(std::memory_order_relaxed))
          (a.status == command_status::done ? state->done : state->failed).fetch_add(1, std::memory_order_relaxed);
        if (const auto next = weak.lock(); next && !state->ending.load(std::memory_order_relaxed))
          (*next)(shard);
        else
          state->open.fetch_sub(1);
      });
    };
    state->open = in_flight;
    for (int i = 0; i < in_flight; ++i) (*again)(shard_id{static_cast<std::uint16_t>(i % int{shard_count})});
    pause_ms(500);
    const auto groups = journal_->statistics();
    const auto start = steady::now();
    state->counting = true;
    pause_ms(1e3 * seconds);
    state->counting = false;
    const auto took = ms_since(start) / 1e3;
    const auto after = journal_->statistics();
    state->ending = true;
    const auto end = steady::now() + std::chrono::seconds(15);
    while (state->open.load() > 0 && steady::now() < end) pause_ms(5);
    fmt::print("{} {} {} {}\n", static_cast<double>(state->done.load()) / took, state->failed.load(),
               static_cast<double>(after.entries - groups.entries) / took,
               static_cast<double>(after.groups - groups.groups) / took);
  }

  /// Hands shards that it leads to `to`, one after the other, while a command goes to the shard every millisecond; the
  /// gap is the longest time between two answers beyond that.
  void move(int count, const std::string& to) {
    const auto target = must(node_id::parse(to), "the target's name");
    // Else placement brings back what is moved here.
    if (const auto cell = actors_->find(std::string(shards::membership_path)); cell && cell->self())
      caf::anon_send(caf::actor_cast<caf::actor>(cell->self()),
                     membership::set_rebalance_mode{membership::rebalance_mode::off});
    const auto off = [&] {
      const auto view = node_->view();
      return view && view->cluster.mode == membership::rebalance_mode::off;
    };
    if (!test::eventually(off)) die("the rebalancing does not stop");
    std::vector<double> gaps;
    std::uint64_t failed = 0;
    const auto led = serving();
    for (const auto shard : led) {
      if (static_cast<int>(gaps.size()) >= count) break;
      struct probe {
        std::mutex mutex;
        std::vector<steady::time_point> answered;
        std::uint64_t failed{}, open{};
      };
      const auto seen = std::make_shared<probe>();
      const auto send_for = [&](double ms) {
        const auto until = steady::now() + std::chrono::duration<double, std::milli>(ms);
        while (steady::now() < until) {
          {
            const std::scoped_lock lock(seen->mutex);
            ++seen->open;
          }
          add_one(shard, [seen](const entities::command_answer& a) {
            const std::scoped_lock lock(seen->mutex);
            --seen->open;
            if (a.status == command_status::done)
              seen->answered.push_back(steady::now());
            else
              ++seen->failed;
          });
          pause_ms(1);
        }
      };
      send_for(100);
      const auto cell = actors_->find(std::string(shards::manager_path));
      if (!cell || !cell->self()) die("no manager");
      const auto asked = steady::now();
      caf::anon_send(caf::actor_cast<caf::actor>(cell->self()), shards::manager_move{shard, target});
      send_for(400);
      const auto end = steady::now() + std::chrono::seconds(10);
      for (bool open = true; open && steady::now() < end; pause_ms(1)) {
        const std::scoped_lock lock(seen->mutex);
        open = seen->open > 0;
      }
      if (serving().contains(shard)) continue; // refused: nothing moved
      const std::scoped_lock lock(seen->mutex);
      failed += seen->failed;
      std::sort(seen->answered.begin(), seen->answered.end());
      double gap = 0;
      for (std::size_t i = 1; i < seen->answered.size(); ++i)
        if (seen->answered[i] >= asked)
          gap = std::max(gap,
                         std::chrono::duration<double, std::milli>(seen->answered[i] - seen->answered[i - 1]).count());
      gaps.push_back(gap);
    }
    std::sort(gaps.begin(), gaps.end());
    fmt::print("{} {} {} {}\n", gaps.size(), quantile(gaps, 0.5), gaps.empty() ? 0 : gaps.back(), failed);
  }

  std::string folder_;
  runtime::node_clock clock_;
  runtime::thread_timer timer_;
  unread_metrics metrics_;
  errors_only log_;
  journal::entity_kinds kinds_;
  std::unique_ptr<store::rocksdb_journal_store> journal_;
  std::unique_ptr<membership::etcd_store> etcd_;
  std::unique_ptr<transport::zmq_network> network_;
  std::shared_ptr<supervision::registry> actors_ = std::make_shared<supervision::registry>();
  bench_system_config config_;
  std::unique_ptr<shards::cluster_node> node_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor root_;
  std::array<std::string, shard_count> entity_;
  mutable std::mutex mutex_;
  std::set<shard_id> serving_;
};

// ------------------------------------------------------------------------------------------------- who gives orders

/// A child that takes lines and answers each with one.
class child {
public:
  explicit child(const std::vector<std::string>& command) {
    std::array<int, 2> in{}, out{};
    if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int d : {in[0], in[1], out[0], out[1]}) ::close(d);
      std::vector<char*> arguments;
      for (const auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
      arguments.push_back(nullptr);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = ::fdopen(in[1], "w");
    from_ = ::fdopen(out[0], "r");
    ::setvbuf(to_, nullptr, _IOLBF, 4096);
    ::fcntl(in[1], F_SETFD, FD_CLOEXEC);
    ::fcntl(out[0], F_SETFD, FD_CLOEXEC);
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::fclose(to_);
    std::fclose(from_);
  }
  void order(const std::string& line) const { fmt::print(to_, "{}\n", line); }
  [[nodiscard]] std::vector<double> answer() const {
    std::array<char, 512> line{};
    std::vector<double> out;
    if (std::fgets(line.data(), line.size(), from_) == nullptr) return out;
    std::istringstream in(line.data());
    for (double v = 0; in >> v;) out.push_back(v);
    return out;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  pid_t pid_{};
  std::FILE *to_{}, *from_{};
};

/// Seconds of all threads.
double cpu_s(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string all((std::istreambuf_iterator<char>(in)), {});
  const auto behind_name = all.rfind(')');
  if (behind_name == std::string::npos) return 0;
  std::istringstream rest(all.substr(behind_name + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

struct member_folders {
  test::temporary_folder base;
  std::array<std::string, nodes> name{"n1", "n2", "n3"};
  std::array<std::string, nodes> folder;
  member_folders() {
    transport::trusted_keys trusted;
    for (std::uint32_t i = 0; i < nodes; ++i) {
      folder[i] = base / name[i];
      const auto key = transport::key_folder(folder[i]).create();
      if (!key || !trusted.add(*node_id::parse(name[i]), key->public_key)) std::abort();
    }
    for (const auto& f : folder)
      if (!transport::key_folder(f).store_trusted(trusted)) std::abort();
  }
};

class cluster {
public:
  cluster() {
    if (!etcd_.ready()) return;
    for (std::uint32_t i = 0; i < nodes; ++i)
      nodes_[i] = std::make_unique<child>(
          std::vector<std::string>{"/proc/self/exe", "node", where_.folder[i], where_.name[i], etcd_.endpoint()});
    const auto end = steady::now() + std::chrono::seconds(60);
    while (steady::now() < end) {
      double all = 0;
      for (const auto& a : everywhere("serving")) all += a.empty() ? 0 : a[0];
      if (all == shard_count) {
        pause_ms(3'000); // the first placement settles
        ready_ = true;
        return;
      }
      pause_ms(100);
    }
  }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] std::vector<std::vector<double>> everywhere(const std::string& order) const {
    for (const auto& n : nodes_) n->order(order);
    std::vector<std::vector<double>> out;
    for (const auto& n : nodes_) out.push_back(n->answer());
    return out;
  }
  [[nodiscard]] double cpu() const {
    double all = 0;
    for (const auto& n : nodes_) all += cpu_s(n->pid());
    return all;
  }
  [[nodiscard]] const child& at(std::size_t i) const { return *nodes_[i]; }
  [[nodiscard]] const std::string& name(std::size_t i) const { return where_.name[i]; }

private:
  member_folders where_;
  test::etcd_process etcd_;
  std::array<std::unique_ptr<child>, nodes> nodes_;
  bool ready_{};
};

/// One cluster for all that is measured on it: shards settle once.
cluster& shared_cluster() {
  static cluster c;
  return c;
}

bool usable(benchmark::State& state, const cluster& c) {
  if (c.ready()) return true;
  state.SkipWithError("the cluster did not get ready");
  return false;
}

void replicated_commit(benchmark::State& state) {
  auto& c = shared_cluster();
  if (!usable(state, c)) return;
  for (auto _ : state) {
    double put_p50 = 0, put_p99 = 0;
    const auto puts = [&] {
      for (const auto& a : c.everywhere("puts 400"))
        if (a.size() == 2) put_p50 += a[0] / nodes / 2, put_p99 = std::max(put_p99, a[1]);
    };
    puts();
    c.at(0).order("latency 600");
    const auto commit = c.at(0).answer();
    puts();
    if (commit.size() != 3 || commit[0] < 500 || put_p50 <= 0) return state.SkipWithError("no commits");
    state.counters["p50_us"] = commit[1];
    state.counters["p99_us"] = commit[2];
    state.counters["synced_put_p50_us"] = put_p50;
    state.counters["synced_put_p99_us"] = put_p99;
    state.counters["synced_puts"] = commit[1] / put_p50;
  }
}
BENCHMARK(replicated_commit)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Argument: commands in flight from each node.
void throughput(benchmark::State& state) {
  auto& c = shared_cluster();
  if (!usable(state, c)) return;
  for (auto _ : state) {
    const auto cpu = c.cpu();
    const auto start = steady::now();
    double commands = 0, failed = 0, entries = 0, groups = 0;
    for (const auto& a : c.everywhere(fmt::format("load 4 {}", state.range(0))))
      if (a.size() == 4) commands += a[0], failed += a[1], entries += a[2] / nodes, groups += a[3];
    const auto cores = (c.cpu() - cpu) / (ms_since(start) / 1e3);
    state.counters["commands_per_s"] = commands;
    state.counters["entries_per_s"] = entries; // of all shards' journals, each with one or more commands
    state.counters["synced_groups_per_s"] = groups;
    state.counters["failed"] = failed;
    state.counters["cores"] = cores;
    state.counters["cpu_us_per_command"] = commands > 0 ? 1e6 * cores / commands : 0; // all three nodes
  }
}
BENCHMARK(throughput)->Arg(64)->Arg(1'024)->Arg(4'096)->Iterations(1)->Unit(benchmark::kMillisecond);

void planned_hand_off(benchmark::State& state) {
  auto& c = shared_cluster();
  if (!usable(state, c)) return;
  for (auto _ : state) {
    std::vector<double> worst, median;
    double moved = 0, failed = 0;
    c.at(2).order("load 10 64");
    for (std::size_t i = 0; i < 2; ++i) {
      c.at(i).order(fmt::format("move 8 {}", c.name(1 - i)));
      const auto a = c.at(i).answer();
      if (a.size() != 4 || a[0] == 0) continue;
      moved += a[0], median.push_back(a[1]), worst.push_back(a[2]), failed += a[3];
    }
    static_cast<void>(c.at(2).answer());
    if (moved == 0) return state.SkipWithError("nothing moved");
    state.counters["gap_median_ms"] = *std::max_element(median.begin(), median.end());
    state.counters["gap_worst_ms"] = *std::max_element(worst.begin(), worst.end());
    state.counters["moved"] = moved;
    state.counters["failed"] = failed;
  }
}
BENCHMARK(planned_hand_off)->Iterations(1)->Unit(benchmark::kMillisecond);

/// settd itself, from its defaults: all three together, nothing to do.
void idle_settd(benchmark::State& state) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin" / "settd";
  if (!std::filesystem::exists(program)) return state.SkipWithError("settd is not built beside");
  const member_folders where;
  const test::etcd_process etcd;
  if (!etcd.ready()) return state.SkipWithError("etcd did not start");
  std::vector<std::unique_ptr<test::process>> all;
  for (std::uint32_t i = 0; i < nodes; ++i)
    all.push_back(std::make_unique<test::process>(std::vector<std::string>{program.string()},
                                                  test::process::environment{{"SETT_NODE_NAME", where.name[i]},
                                                                             {"SETT_NODE_DATA_DIR", where.folder[i]},
                                                                             {"SETT_API_PORT", "0"},
                                                                             {"SETT_CLUSTER_ETCD", etcd.endpoint()}}));
  pause_ms(10'000); // they join and share the shards out
  const auto cpu = [&] {
    double sum = 0;
    for (const auto& p : all) sum += cpu_s(p->pid());
    return sum;
  };
  for (auto _ : state) {
    const auto before = cpu();
    const auto start = steady::now();
    pause_ms(15'000);
    state.counters["core_percent"] = 100 * (cpu() - before) / (ms_since(start) / 1e3);
  }
  for (const auto& p : all)
    if (!p->running()) return state.SkipWithError("a settd ended");
}
BENCHMARK(idle_settd)->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace sett

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "node") {
    sett::bench_node(argv[2], argv[3], argv[4]).run();
    return 0;
  }
  ::signal(SIGPIPE, SIG_IGN);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
