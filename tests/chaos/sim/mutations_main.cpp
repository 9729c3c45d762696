// sim_mutations: searches seeds for each broken rule and prints a table; see `--help`.
#include "tests/chaos/sim/mutations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
  using namespace sett::sim;
  std::uint64_t seeds = 10'000;
  bool from_first = false;
  std::vector<std::string_view> names;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--seeds" && i + 1 < argc) {
      seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--long") {
      from_first = true;
    } else if (word.starts_with("-")) {
      fmt::print(
          "usage: sim_mutations [--long] [--seeds N] [NAME...]\n\nBreaks one rule at a time and searches N seeds "
          "(10000) for a violation, from the seed that the tests use, with --long from seed 1; a seed that finds "
          "one must pass with nothing broken. The last line is the verdict.\n");
      return word == "--help" || word == "-h" ? 0 : 2;
    } else {
      names.push_back(word);
    }
  }
  std::size_t looked = 0, missed = 0;
  for (const auto& m : mutations()) {
    if (!names.empty() && std::find(names.begin(), names.end(), m.name) == names.end()) continue;
    if (!m.why_not.empty() && names.empty()) {
      fmt::print("| {:28} | cannot show: {} |\n", m.name, m.why_not);
      continue;
    }
    ++looked;
    const auto began = std::chrono::steady_clock::now();
    const auto first = from_first || m.seed == 0 ? 1 : m.seed;
    const auto f = search(m, first, first + seeds - 1);
    const auto s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (f)
      fmt::print("| {:28} | {:>5} | {:>6.1f} | {:>5.1f} | {} |\n", m.name, f->seed, f->simulated_s, s, f->violation);
    else
      fmt::print("| {:28} | NOT FOUND in {} seeds, {:.1f} s |\n", m.name, seeds, s);
    const auto sound = f ? control(m, f->seed) : std::nullopt;
    if (sound) fmt::print("| {:28} | with nothing broken, seed {} ends with: {} |\n", "", f->seed, sound->violation);
    std::fflush(stdout);
    missed += f && !sound ? 0 : 1;
  }
  fmt::print("{}: {} of {} mutations found\n", missed == 0 && looked != 0 ? "passed" : "FAILED", looked - missed,
             looked);
  return missed == 0 && looked != 0 ? 0 : 1;
}
