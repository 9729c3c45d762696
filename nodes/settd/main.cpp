// settd: one node. Reads its settings, starts, runs until a signal ends it, stops in order within a bound.
//
// Exit codes: 0 stopped in order, 1 could not start or did not stop in time, 2 wrong arguments or settings.
#include "config/shipped.hpp"
#include "nodes/runtime/signals_io.hpp"
#include "nodes/settd/node.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2;

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (const auto equals = text.find('='); equals != std::string::npos)
      out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

/// Ends the process when the ordered stop takes too long, or when a second signal asks for it at once.
class stop_watch {
public:
  explicit stop_watch(std::chrono::milliseconds grace)
      : thread_([this, grace] {
          const auto end = std::chrono::steady_clock::now() + grace;
          while (std::chrono::steady_clock::now() < end) {
            {
              const std::scoped_lock lock(mutex_);
              if (done_) return;
            }
            if (sett::runtime::wait_for_stop_signal(std::chrono::milliseconds(20)) != 0) {
              std::fputs("settd: a second signal: ending at once; unsaved state is read again from the chain at the "
                         "next start\n",
                         stderr);
              std::_Exit(exit_failed);
            }
          }
          std::fputs("settd: did not stop within node.shutdown_grace_ms: ending now; unsaved state is read again from "
                     "the chain at the next start\n",
                     stderr);
          std::_Exit(exit_failed);
        }) {}
  stop_watch(const stop_watch&) = delete;
  stop_watch& operator=(const stop_watch&) = delete;
  ~stop_watch() {
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
    }
    thread_.join();
  }

private:
  std::mutex mutex_;
  bool done_{};
  std::thread thread_;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"settd: a node of Sett. It reads the chain and keeps tokens and wallets up to date until it gets "
               "SIGTERM or SIGINT."};
  sett::config::sources from;
  bool check = false;
  app.add_option("--config", from.files, "Settings file (TOML); may be given several times, later ones win")
      ->type_name("FILE");
  app.add_option("--environment", from.environment, "paper (default) or mainnet")->envname("SETT_ENVIRONMENT");
  app.add_option("--set", from.arguments, "One setting, stronger than files and variables")->type_name("KEY=VALUE");
  app.add_flag("--check-config", check, "Check the settings, print every fault and end");
  app.set_version_flag("--version", std::string("settd ") + SETT_VERSION);
  app.footer(
      "Examples:\n  settd --config my.toml\n  settd --config my.toml --check-config\n  SETT_LOG=info,ingest=debug "
      "settd --config my.toml --set api.port=0\n\n"
      "Exit codes: 0 stopped in order, 1 could not start or did not stop in time, 2 wrong arguments or settings.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e); // --help, --version
    fmt::print(stderr, "settd: {}\n`settd --help` shows what it takes, with examples.\n", e.what());
    return exit_usage;
  }

  from.variables = process_environment();
  auto settings = sett::config::load(from);
  if (!settings.ok()) {
    for (const auto& fault : settings.faults) fmt::print(stderr, "settd: {}\n", fault.text());
    fmt::print(stderr,
               "settd: {} fault{} in the settings; nothing was started. `sett config explain KEY` tells what a setting "
               "takes.\n",
               settings.faults.size(), settings.faults.size() == 1 ? "" : "s");
    return exit_usage;
  }
  if (check) {
    fmt::print("settings are fine: {} values, cluster checksum {}\n", settings.effective.size(),
               sett::config::cluster_checksum(settings));
    return exit_ok;
  }

  sett::runtime::block_stop_signals();
  const std::chrono::milliseconds grace(settings.value.node.shutdown_grace_ms);
  auto started = sett::settd::node::start(std::move(settings));
  if (!started) {
    fmt::print(stderr, "settd: {}\n", started.error().message);
    return exit_failed;
  }
  while (sett::runtime::wait_for_stop_signal(std::chrono::hours(1)) == 0) {
  }
  const stop_watch bound(grace);
  (*started)->stop();
  return exit_ok;
}
