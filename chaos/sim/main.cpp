// sim: runs simulated clusters, one per seed, and prints what happened; `chaos/run sim` calls it.
#include "chaos/sim/cluster_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2;

constexpr std::string_view help =
    R"(usage: sim --seeds A..B [--minutes M] [--story] [--trace] [--without FAULT]... [--safety-s S] [--json]

Runs one simulated cluster for each seed from A to B (or until M minutes are over) and checks every invariant after each
step. The last line is the verdict. Exit codes: 0 all passed, 1 a seed failed, 2 wrong arguments.

  --seeds A..B   the seeds; one number is one seed
  --minutes M    end after so many minutes of real time
  --story        print the diary of every seed (of a failed one it is always printed)
  --trace        print "seed trace-hash" for every seed
  --without F    a fault left out, though the seed would have it; may come again. Which there are: --without help
  --safety-s S   a safety phase of S simulated seconds instead of 260
  --json         the figures as one line of JSON before the verdict
)";

bool number(std::string_view text, std::uint64_t& to) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  to = std::stoull(std::string(text));
  return true;
}

void print_story(const sett::sim::world_result& r) {
  for (const auto& line : r.story) fmt::print("  {}\n", line);
}

} // namespace

int main(int argc, char** argv) {
  std::uint64_t first = 1, last = 100, minutes = 0;
  bool story = false, trace = false, json = false;
  std::uint64_t safety_s = 0;
  std::vector<double sett::sim::world_options::*> without;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--seeds" && more) {
      const std::string_view range = argv[++i];
      const auto dots = range.find("..");
      const bool fits = dots == std::string_view::npos
                            ? number(range, first) && number(range, last)
                            : number(range.substr(0, dots), first) && number(range.substr(dots + 2), last);
      if (!fits || last < first) {
        fmt::print(stderr, "sim: --seeds takes A..B, not '{}'\n", range);
        return exit_usage;
      }
    } else if (word == "--minutes" && more) {
      if (!number(argv[++i], minutes)) {
        fmt::print(stderr, "sim: --minutes takes a number, not '{}'\n", argv[i]);
        return exit_usage;
      }
    } else if (word == "--story") {
      story = true;
    } else if (word == "--trace") {
      trace = true;
    } else if (word == "--json") {
      json = true;
    } else if (word == "--safety-s" && more) {
      if (!number(argv[++i], safety_s) || safety_s < 1 || safety_s > 100'000) {
        fmt::print(stderr, "sim: --safety-s takes 1 to 100000 seconds, not '{}'\n", argv[i]);
        return exit_usage;
      }
    } else if (word == "--without" && more) {
      const std::string_view name = argv[++i];
      const auto faults = sett::sim::named_faults();
      const auto it = std::find_if(faults.begin(), faults.end(), [&](const auto& f) { return f.name == name; });
      if (it == faults.end()) {
        fmt::print(stderr, "sim: no fault '{}'; there are:", name);
        for (const auto& f : faults) fmt::print(stderr, " {}", f.name);
        fmt::print(stderr, "\n");
        return exit_usage;
      }
      without.push_back(it->how_often);
    } else {
      const bool wanted = word == "--help" || word == "-h";
      fmt::print(wanted ? stdout : stderr, "{}{}", wanted ? "" : fmt::format("sim: unknown argument '{}'\n", word),
                 help);
      return wanted ? exit_ok : exit_usage;
    }
  }
  const auto began = std::chrono::steady_clock::now();
  const auto real_s = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  std::map<std::string, std::uint64_t> happened;
  std::uint64_t seeds = 0, commits = 0, acknowledged = 0, expired = 0, changed = 0, small = 0;
  double simulated_s = 0;
  for (auto seed = first; seed <= last; ++seed) {
    if (minutes != 0 && real_s() > static_cast<double>(minutes) * 60) break;
    auto options = sett::sim::draw_options(seed);
    options.story = story;
    for (const auto fault : without) options.*fault = 0;
    if (safety_s != 0) options.safety_ns = static_cast<std::int64_t>(safety_s) * 1'000'000'000;
    auto r = sett::sim::run_world(options);
    ++seeds;
    simulated_s += r.simulated_s;
    commits += r.commits;
    acknowledged += r.acknowledged;
    expired += r.expired;
    changed += r.leader_changes != 0 ? 1 : 0;
    small += r.commits < 1000 ? 1 : 0;
    for (const auto& [name, n] : r.happened) happened[name] += n;
    if (trace) fmt::print("{} {:016x}\n", seed, r.trace);
    if (!r.passed) {
      options.story = true;
      const auto again = sett::sim::run_world(options); // the same run, told
      fmt::print("seed {} failed after {:.3f} simulated s: {}\n", seed, r.simulated_s, r.violation);
      print_story(again);
      if (again.trace != r.trace) fmt::print("I22: the same seed gave another trace\n");
      fmt::print("verdict: FAILED at seed {}: {}\n", seed, r.violation);
      return exit_failed;
    }
    if (story) print_story(r);
    if (isatty(STDOUT_FILENO) != 0 && seeds % 10 == 0) {
      fmt::print("\r{} seeds, {:.1f} seeds/s ", seeds, static_cast<double>(seeds) / real_s());
      std::fflush(stdout);
    }
  }
  if (isatty(STDOUT_FILENO) != 0) fmt::print("\r");
  fmt::print("{:28} {:>12}\n", "what happened", "times");
  for (const auto& [name, n] : happened) fmt::print("{:28} {:>12}\n", name, n);
  fmt::print(
      "{} commits, {} commands acknowledged, {} expired; {} of {} seeds saw a leader change; {} seeds had fewer than "
      "1,000 commits\n",
      commits, acknowledged, expired, changed, seeds, small);
  if (json) {
    fmt::print(
        R"({{"seeds":{},"commits":{},"acknowledged":{},"expired":{},"changed":{},"small":{},"simulated_s":{:.1f},)"
        R"("real_s":{:.3f},"happened":{{)",
        seeds, commits, acknowledged, expired, changed, small, simulated_s, real_s());
    for (const auto& [name, n] : happened)
      fmt::print(R"({}"{}":{})", name == happened.begin()->first ? "" : ",", name, n);
    fmt::print("}}}}\n");
  }
  fmt::print("{:.2f} seeds/s, {:.0f} simulated s per real s\n", static_cast<double>(seeds) / real_s(),
             simulated_s / real_s());
  fmt::print("verdict: passed, {} seeds\n", seeds);
  return exit_ok;
}
