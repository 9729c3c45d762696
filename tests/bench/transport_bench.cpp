// One way over loopback between two networks in this process, each with its own ZeroMQ context: packets per second of
// the sessions over CURVE, beside bare CURVE ZeroMQ (DEALER to ROUTER) run right before and after each, so that both
// see the same machine. "ratio" is ours to bare. Unbatched: a frame for each packet. Also what an idle cluster of three
// costs.
#include "nodes/transport/node_keys_io.hpp"
#include "nodes/transport/zmq_network_io.hpp"

#include <benchmark/benchmark.h>
#include <zmq.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sett::transport {
namespace {

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Messages per second of bare CURVE ZeroMQ.
double bare(std::size_t bytes, std::size_t count) {
  const auto key = *make_node_key();
  zmq::context_t in_context, out_context;
  zmq::socket_t in(in_context, zmq::socket_type::router), out(out_context, zmq::socket_type::dealer);
  in.set(zmq::sockopt::curve_server, true);
  in.set(zmq::sockopt::curve_secretkey, key.secret_key);
  in.bind("tcp://127.0.0.1:*");
  out.set(zmq::sockopt::curve_serverkey, key.public_key);
  out.set(zmq::sockopt::curve_publickey, key.public_key);
  out.set(zmq::sockopt::curve_secretkey, key.secret_key);
  out.connect(in.get(zmq::sockopt::last_endpoint));
  const std::string body(bytes, 'x');
  const auto take = [&] {
    zmq::message_t name, message;
    static_cast<void>(in.recv(name));
    static_cast<void>(in.recv(message));
  };
  static_cast<void>(out.send(zmq::buffer(body)));
  take(); // the handshake is over
  const auto start = now_s();
  std::thread sender([&] {
    for (std::size_t i = 0; i < count; ++i) static_cast<void>(out.send(zmq::buffer(body)));
  });
  for (std::size_t i = 0; i < count; ++i) take();
  const auto took = now_s() - start;
  sender.join();
  return static_cast<double>(count) / took;
}

struct counting final : ports::network_handler {
  void on_packets(const member&, std::span<ports::packet> packets) override {
    got.fetch_add(packets.size(), std::memory_order_relaxed);
    got.notify_one();
  }
  void on_reset(const member&, ports::lane) override { std::abort(); }
  void wait(std::size_t count) const {
    for (auto seen = got.load(); seen < count; seen = got.load()) got.wait(seen);
  }
  std::atomic<std::size_t> got{};
};

struct cluster {
  cluster(std::size_t size, const session_options& sessions) {
    trusted_keys trusted;
    for (std::size_t i = 0; i < size; ++i) {
      keys.push_back(*make_node_key());
      members.push_back({*node_id::parse("n" + std::to_string(i + 1)), incarnation_number(1)});
      static_cast<void>(trusted.add(members.back().node, keys.back().public_key));
    }
    std::vector<ports::peer_address> all;
    for (std::size_t i = 0; i < size; ++i) {
      zmq_network_options o;
      o.cluster = "bench";
      o.key = keys[i];
      o.listen_host = "127.0.0.1";
      o.sessions = sessions;
      networks.push_back(std::move(*zmq_network::open(o, trusted)));
      handlers.push_back(std::make_unique<counting>());
      networks.back()->start(members[i], *handlers.back());
      all.push_back({members[i], o.listen_host, networks.back()->listening(), keys[i].public_key});
    }
    for (auto& n : networks) n->set_peers(all);
  }
  ~cluster() {
    for (auto& n : networks) n->stop();
  }
  void send(const std::string& body) {
    for (;;) {
      ports::packet p;
      p.lane = ports::lane::command;
      p.body = body;
      if (networks[0]->send(members[1], std::move(p))) return;
      std::this_thread::yield();
    }
  }
  std::vector<node_key> keys;
  std::vector<member> members;
  std::vector<std::unique_ptr<counting>> handlers;
  std::vector<std::unique_ptr<zmq_network>> networks;
};

double ours(std::size_t bytes, std::size_t count, bool batched) {
  session_options sessions;
  if (!batched) sessions.frame_packets_max = 1;
  cluster c(2, sessions);
  const std::string body(bytes, 'x');
  c.send(body);
  c.handlers[1]->wait(1);
  const auto start = now_s();
  for (std::size_t i = 0; i < count; ++i) c.send(body);
  c.handlers[1]->wait(count + 1);
  return static_cast<double>(count) / (now_s() - start);
}

void compare(benchmark::State& state, bool batched) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::size_t count = bytes > 1'000 ? 20'000 : 300'000;
  double sum_bare = 0, sum_ours = 0, cpu_bare = 0, cpu_ours = 0;
  const auto packets = batched ? 3 * count : count;
  for (auto _ : state) {
    const auto cpu0 = cpu_s();
    const auto before = bare(bytes, count);
    const auto cpu1 = cpu_s();
    const auto own = ours(bytes, packets, batched);
    const auto cpu2 = cpu_s();
    const auto after = bare(bytes, count);
    cpu_bare += (cpu1 - cpu0) / static_cast<double>(count);
    cpu_ours += (cpu2 - cpu1) / static_cast<double>(packets);
    sum_bare += (before + after) / 2;
    sum_ours += own;
    state.SetIterationTime(static_cast<double>(count) / own);
  }
  const auto n = static_cast<double>(state.iterations());
  state.counters["packets_per_s"] = sum_ours / n;
  state.counters["bare_curve_per_s"] = sum_bare / n;
  state.counters["ratio"] = sum_ours / sum_bare;
  // What a machine with nothing to spare is left with: processor time over all threads of both ends.
  state.counters["cpu_us"] = 1e6 * cpu_ours / n;
  state.counters["bare_cpu_us"] = 1e6 * cpu_bare / n;
}

void unbatched(benchmark::State& state) { compare(state, false); }
void batched(benchmark::State& state) { compare(state, true); }
BENCHMARK(unbatched)->Arg(200)->Arg(16'384)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK(batched)->Arg(200)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

/// No packet at all: what connections, heartbeats and our threads cost.
void idle_cluster_of_three(benchmark::State& state) {
  cluster c(3, {});
  std::this_thread::sleep_for(std::chrono::seconds(2)); // all connections stand
  double share = 0;
  for (auto _ : state) {
    const auto cpu = cpu_s(), start = now_s();
    std::this_thread::sleep_for(std::chrono::seconds(5));
    share += (cpu_s() - cpu) / (now_s() - start);
  }
  state.counters["core_percent"] = 100 * share / static_cast<double>(state.iterations());
}
BENCHMARK(idle_cluster_of_three)->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace sett::transport

BENCHMARK_MAIN();
