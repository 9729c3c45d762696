// What a signature costs: signing alone, judging the message, and the whole way over the socket to another process and
// back with policy, sums and their disk writes, beside a socket that only echoes. Aim: round trip p50 below 60 us.
#include "actors/signer/signer_client_io.hpp"
#include "actors/signer/wallet_folder_io.hpp"
#include "nodes/signerd/signer_server_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/actors/signer/made_messages.hpp"
#include "tests/support/temporary_folder.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace sett;
using namespace sett::test;

signer::policy wide_policy() {
  auto p = made_policy();
  p.spend_hour_max = p.spend_day_max = p.cost_hour_max = p.cost_day_max = lamports(UINT64_MAX / 4);
  return p;
}
signer::wallet_file wallet_as_file() {
  return {.name = "main", .group = "trading", .address = wallet, .origin = "new"};
}
unix_seconds wall_now() { return unix_seconds(std::time(nullptr)); }

void percentiles(benchmark::State& state, std::vector<double>& us) {
  std::sort(us.begin(), us.end());
  if (us.empty()) return;
  state.counters["p50_us"] = us[us.size() / 2];
  state.counters["p99_us"] = us[us.size() * 99 / 100];
}

void bm_judge(benchmark::State& state) {
  const auto policy = wide_policy();
  const signer::judged_wallet judged{
      .address = wallet, .wsol_account = wsol_account, .policy = &policy, .successor = std::nullopt};
  const signer::wallet_book book;
  const ports::sign_request request{.wallet = wallet, .message = message_of(pump_entry(50'000'000)), .totals = {}};
  solana::transaction_view scratch;
  for (auto _ : state)
    benchmark::DoNotOptimize(signer::judge(request, judged, book, unix_seconds(1'800'000'000), scratch));
}
BENCHMARK(bm_judge);

void bm_judge_and_sign(benchmark::State& state) {
  const auto seed = signer::secret_memory::copy_of(made_seed());
  signer::signing_desk desk({wide_policy()}, [](const address&, const std::string&) { return true; });
  if (!desk.add(wallet_as_file(), &*seed, {})) return state.SkipWithError("no wallet");
  const ports::sign_request request{.wallet = wallet, .message = message_of(pump_entry(50'000'000)), .totals = {}};
  for (auto _ : state) benchmark::DoNotOptimize(desk.sign(request, unix_seconds(1'800'000'000)));
}
BENCHMARK(bm_judge_and_sign);

/// The floor: as many bytes there and back between two processes, no work.
void bm_socket_echo(benchmark::State& state) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) return state.SkipWithError("no sockets");
  const auto child = ::fork();
  std::array<char, 4096> part{};
  if (child == 0) {
    ::close(pair[0]);
    while (::recv(pair[1], part.data(), part.size(), 0) > 0)
      if (::send(pair[1], part.data(), 128, MSG_NOSIGNAL) <= 0) break;
    ::_exit(0);
  }
  ::close(pair[1]);
  std::vector<double> us;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    if (::send(pair[0], part.data(), 700, 0) <= 0 || ::recv(pair[0], part.data(), part.size(), 0) <= 0) break;
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  ::close(pair[0]);
  ::waitpid(child, nullptr, 0);
  percentiles(state, us);
}
BENCHMARK(bm_socket_echo)->UseRealTime();

/// The argument: a buy (0) or an exit (1).
void bm_round_trip(benchmark::State& state) {
  const temporary_folder folder;
  std::array<int, 2> stop{};
  if (::pipe(stop.data()) != 0) return state.SkipWithError("no pipe");
  const auto child = ::fork();
  if (child == 0) {
    const auto seed = signer::secret_memory::copy_of(made_seed());
    signer::signing_desk desk({wide_policy()}, [&](const address&, const std::string& text) {
      return signer::replace_small_file(folder.path().string(), folder / "book", text).has_value();
    });
    signerd::signer_server server({.socket = folder / "socket"});
    if (!desk.add(wallet_as_file(), &*seed, {}) || !server.listen()) ::_exit(1);
    server.run(desk, wall_now, stop[0]);
    ::_exit(0);
  }
  {
    telemetry::node_metrics metrics;
    signer::signer_client client({.socket = folder / "socket", .timeout = std::chrono::seconds(5)}, metrics);
    const ports::sign_request request{
        .wallet = wallet, .message = message_of(state.range(0) == 0 ? pump_entry(1000) : pump_exit()), .totals = {}};
    std::vector<double> us;
    std::atomic<int> answered{0}; // 1 signed, 2 not
    const auto once = [&] {
      answered = 0;
      const auto begin = std::chrono::steady_clock::now();
      client.sign(request, [&](const ports::sign_answer& a) {
        answered = a.refused == ports::sign_refusal::none ? 1 : 2;
        answered.notify_one();
      });
      answered.wait(0);
      return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    };
    for (int i = 0; i < 2000 && answered != 1; ++i) { // until it listens
      once();
      if (answered != 1) ::usleep(5000);
    }
    for (auto _ : state) {
      us.push_back(once());
      if (answered != 1) {
        state.SkipWithError("not signed");
        break;
      }
    }
    percentiles(state, us);
  }
  static_cast<void>(!::write(stop[1], "x", 1));
  ::waitpid(child, nullptr, 0);
  for (const int fd : stop) ::close(fd);
}
BENCHMARK(bm_round_trip)->Arg(0)->Arg(1)->UseRealTime();

} // namespace

BENCHMARK_MAIN();
