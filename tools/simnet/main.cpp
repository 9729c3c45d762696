// simnet: a simulated Solana on loopback ports.
#include "messages/solana/base58.hpp"
#include "tools/simnet/executing_source.hpp"
#include "tools/simnet/golden_replay.hpp"
#include "tools/simnet/load_io.hpp"
#include "tools/simnet/market.hpp"
#include "tools/simnet/recorded_source.hpp"
#include "tools/simnet/simnet_server.hpp"
#include "tools/simnet/synthetic_source.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

/// Waits for SIGTERM or SIGINT at most until `deadline`; the signals are blocked in every thread.
bool wait_for_signal(const sigset_t& signals, std::chrono::milliseconds longest) {
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(longest.count() / 1000);
  timeout.tv_nsec = static_cast<long>(longest.count() % 1000 * 1'000'000);
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

int complain(const sett::error& e) {
  fmt::print(stderr, "simnet: {}\n", e.message);
  return 1;
}

/// simnet replay FILE...: recorded executions of real programs, again in the executor.
int replay(int argc, char** argv) {
  bool agreed = argc > 0;
  if (argc == 0) fmt::print(stderr, "simnet replay FILE...: golden replay sets (.jsonl or .jsonl.gz)\n");
  for (int i = 0; i < argc; ++i) {
    const auto report = sett::simnet::replay_golden_file(argv[i]);
    if (!report) {
      complain(report.error());
      agreed = false;
      continue;
    }
    fmt::print("{}: {} of {} steps agreed in {} sequences ({} of {} that succeeded), {} of {} full states\n", argv[i],
               report->agreed, report->steps, report->sequences, report->succeeded_agreed, report->succeeded,
               report->states_agreed, report->states);
    for (const auto& text : report->disagreements) fmt::print("  {}\n", text);
    agreed = agreed && report->agreed == report->steps && report->states_agreed == report->states;
  }
  return agreed ? 0 : 1;
}

/// ADDRESS:LAMPORTS
bool read_grant(const std::string& text, sett::address& key, std::uint64_t& lamports) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return false;
  const auto parsed = sett::solana::parse_address(std::string_view(text).substr(0, colon));
  const auto* end = text.data() + text.size();
  if (!parsed || std::from_chars(text.data() + colon + 1, end, lamports).ptr != end || lamports == 0) return false;
  key = *parsed;
  return true;
}

} // namespace

int main(int argc, char** argv) {
  using namespace sett::simnet;
  if (argc > 1 && std::string_view(argv[1]) == "replay") return replay(argc - 2, argv + 2);
  CLI::App app{
      "simnet plays a Solana chain over HTTP (JSON-RPC), WebSocket (PubSub) and gRPC (Yellowstone) on loopback ports.\n"
      "It prints one JSON line with its addresses when it is ready; SIGTERM or Ctrl-C ends it.\n"};
  server_options options;
  history_limits limits;
  synthetic_options synthetic;
  std::vector<std::string> recordings;
  bool loop = false, summary = false;
  double speed = 1.0, seconds = 0.0;
  std::uint64_t blocks_max = 0;
  std::string schedule;
  app.add_option("RECORDING", recordings,
                 "getBlock results (JSON files or folders of them), or one file of `sett record`, to play");
  app.add_option("--tx-per-slot", synthetic.transactions_per_slot, "Transactions of a synthetic slot")
      ->check(CLI::Range(0u, 20'000u))
      ->capture_default_str();
  app.add_option("--vote-share", synthetic.vote_share, "Share of votes in a synthetic slot")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--wallets", synthetic.wallets, "Wallets of the synthetic chain")
      ->check(CLI::Range(4u, 100'000u))
      ->capture_default_str();
  app.add_option("--tokens", synthetic.tokens_alive_max, "Tokens traded at a time on the synthetic chain")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  app.add_option("--launch-chance", synthetic.launch_chance, "Chance that a trading transaction launches a token")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--first-time", synthetic.first_time_unix, "When the synthetic chain begins, in seconds since 1970")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100'000'000'000}))
      ->capture_default_str();
  app.add_flag("--loop", loop, "Begin again at the end, with new slots, hashes and signatures");
  app.add_option("--slot-ms", options.slot_ms, "Time between slots in milliseconds; 0: slots only by POST /admin/step")
      ->check(CLI::Range(0u, 600'000u))
      ->capture_default_str();
  app.add_option("--speed", speed, "Divides the slot time: 10 plays ten times faster")
      ->check(CLI::Range(0.001, 1000.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of faults and of the synthetic chain")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 62))
      ->capture_default_str();
  app.add_option("--blocks", blocks_max, "Stop producing after this many blocks, but keep answering; 0: never")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 62))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "End by itself after this time; 0: never")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  app.add_option("--endpoints", options.endpoints, "Faces of the same chain, each with its own ports and faults")
      ->check(CLI::Range(std::size_t{1}, std::size_t{16}))
      ->capture_default_str();
  app.add_option("--host", options.host, "Address to bind")->capture_default_str();
  app.add_option("--http-port", options.http_port, "Port of the first endpoint; 0: any")->capture_default_str();
  app.add_option("--ws-port", options.ws_port, "As above")->capture_default_str();
  app.add_option("--grpc-port", options.grpc_port, "As above")->capture_default_str();
  app.add_option("--admin-port", options.admin_port, "Port of the administration; 0: any")->capture_default_str();
  app.add_option("--schedule", schedule, "JSON file with an array of faults (README.md explains them)")
      ->check(CLI::ExistingFile);
  app.add_option("--history-blocks", limits.blocks_max, "Blocks kept for questions about the past")
      ->check(CLI::Range(64, 100'000))
      ->capture_default_str();
  std::size_t history_mb = 512;
  app.add_option("--history-mb", history_mb, "Bound of the history's memory in MiB")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  executing_options executing;
  market_options people;
  bool with_market = false, print_balances = false;
  std::vector<std::string> grants;
  app.add_flag("--market", with_market, "A chain that executes what is sent to it, with a population that trades");
  app.add_option("--fund", grants, "With --market: a wallet with lamports at the start, ADDRESS:LAMPORTS");
  app.add_option("--deeds", people.deeds_per_slot, "With --market: trades per slot on average; 0: nobody trades")
      ->check(CLI::Range(0.0, 500.0))
      ->capture_default_str();
  app.add_option("--launches", people.launches_per_slot, "With --market: chance per slot of a launch")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--honeypots", people.honeypot_share, "With --market: share of launches that are traps")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  const auto chance = [&app](const char* name, double& value, const char* what) {
    app.add_option(name, value, what)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  };
  auto& weather = executing.weather;
  chance("--drop", weather.drop_chance, "With --market: chance that a submission reaches no leader");
  chance("--delay", weather.delay_chance, "With --market: chance that it reaches one late");
  app.add_option("--delay-slots", weather.delay_slots_max, "By how many slots at most")
      ->check(CLI::Range(1u, 140u))
      ->capture_default_str();
  chance("--fork", weather.fork_chance, "With --market: chance per slot that the newest blocks die");
  app.add_option("--fork-slots", weather.fork_slots_max, "How many blocks at most")
      ->check(CLI::Range(1u, 31u))
      ->capture_default_str();
  chance("--lost-in-fork", weather.lost_in_fork_chance, "Chance that a transaction of a dead block never comes again");
  chance("--skip", weather.skip_chance, "With --market: chance that a slot stays empty");
  chance("--withhold", weather.withhold_chance, "Chance that an endpoint's answers leave a landed transaction out");
  app.add_flag("--balances", print_balances, "With --market: print every balance as one JSON line at the end");
  app.add_flag("--summary", summary, "Print what was produced as one JSON line at the end");
  app.footer(
      "Examples:\n"
      "  simnet --slot-ms 400                           a synthetic chain at mainnet's pace\n"
      "  simnet slot_285000037.json --loop --slot-ms 50 a recorded block, again and again, eight times faster than "
      "life\n"
      "  simnet --endpoints 3 --schedule faults.json    three endpoints of one chain, each failing in its own way\n"
      "  curl -X POST $ADMIN/admin/fault -d "
      "'{\"kind\":\"status\",\"status\":429,\"retry_after_seconds\":2,\"seconds\":10}'\n"
      "  curl $ADMIN/admin/ledger                       what was produced so far, to count against\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e); // --help
    fmt::print(stderr, "simnet: {}\n`simnet --help` shows what it takes, with examples.\n", e.what());
    return 2;
  }
  limits.bytes_max = history_mb << 20;
  if (sodium_init() < 0) return complain({"simnet", 1, "libsodium cannot start"});

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  if (!schedule.empty()) {
    auto text = read_text_file(schedule);
    if (!text) return complain(text.error());
    options.schedule_json = std::move(*text);
  }
  if (options.slot_ms != 0) options.slot_ms = std::max(1u, static_cast<std::uint32_t>(options.slot_ms / speed));

  std::unique_ptr<chain_source> source;
  if (with_market) {
    if (!recordings.empty()) return complain({"simnet", 1, "--market plays no recordings"});
    executing.seed = options.seed;
    executing.first_time_unix = synthetic.first_time_unix;
    limits.account_versions_slots = limits.finalized_lag_slots + 32;
    if (app.count("--history-blocks") == 0) limits.blocks_max = 20'000;
    people.seed = options.seed;
    auto chain = std::make_unique<executing_source>(executing, std::make_unique<sett::simnet::market>(people));
    for (const auto& text : grants) {
      sett::address key;
      std::uint64_t lamports = 0;
      if (!read_grant(text, key, lamports))
        return complain({"simnet", 1, "--fund wants ADDRESS:LAMPORTS, got " + text});
      chain->chain().accounts().put(key, {lamports, {}, {}, false});
    }
    source = std::move(chain);
  } else if (recordings.empty()) {
    synthetic.seed = options.seed;
    source = std::make_unique<synthetic_source>(synthetic);
  } else if (auto stream = load_recording(recordings); !stream) {
    return complain(stream.error());
  } else if (*stream) {
    options.recording = *stream;
    options.recording_speed = speed;
    options.recording_loop = loop;
    if (!(*stream)->complete) fmt::print(stderr, "simnet: the recording was cut short; what is there is played\n");
    // The chain only answers questions about the recording's blocks, all of which have happened.
    limits.confirmed_lag_slots = limits.finalized_lag_slots = 0;
    limits.blocks_max = 100'000;
    auto blocks = (*stream)->blocks;
    if (blocks.empty()) blocks.emplace_back();
    source = std::make_unique<recorded_source>(std::move(blocks), false);
  } else {
    auto blocks = load_blocks(recordings);
    if (!blocks) return complain(blocks.error());
    source = std::make_unique<recorded_source>(std::move(*blocks), loop);
  }
  auto driver = std::make_unique<chain_driver>(std::move(source), limits);
  driver->limit_blocks(blocks_max);
  if (with_market && options.slot_ms != 0) driver->slot_time(options.slot_ms);

  simnet_server server(options, std::move(driver));
  if (auto started = server.start(); !started) return complain(started.error());
  fmt::print("{}\n", server.ready_json());
  std::fflush(stdout);

  const auto longest =
      seconds > 0 ? std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)) : std::chrono::hours(24 * 365);
  wait_for_signal(signals, std::chrono::duration_cast<std::chrono::milliseconds>(longest));
  server.stop();
  if (print_balances) fmt::print("{}\n", server.balances_json());
  if (summary) fmt::print("{}\n", server.summary_json(false));
  return 0;
}
