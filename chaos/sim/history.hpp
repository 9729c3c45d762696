// What a workload's clients saw, and whether one copy of the data could have shown it to them: registers and counters
// must be linearizable, each operation taking effect at one moment between its call and its answer (Herlihy & Wing
// 1990). Pure.
//
// Every value is written at most once, so a register is judged by the zones of its values (Gibbons & Korach, "Testing
// shared memories", 1997), in O(n log n) rather than by search.
//
// Times in ns of one clock. An operation whose outcome is unknown has no end: it may take effect at any time or never.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace sett::sim {

inline constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();

struct register_operation {
  bool write{};
  std::string value; // written or read; "" is what a register holds at first
  std::int64_t begin{}, end{no_end};
};
/// Reads without an end are to be left out. The answer: what is wrong, or nothing.
[[nodiscard]] std::optional<std::string> judge_register(const std::vector<register_operation>& history);

/// An addition of 1 that was answered with the sum.
struct counter_operation {
  std::int64_t sum{};
  std::int64_t begin{}, end{};
};
[[nodiscard]] std::optional<std::string> judge_counter(std::vector<counter_operation> history);

} // namespace sett::sim
