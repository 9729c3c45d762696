#include "chaos/sim/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sett::sim {

namespace {

/// All operations of one value. Its first end and its last begin say where it must have been the register's value.
struct cluster {
  bool written{}, read{};
  std::int64_t write_begin{}, first_end{no_end}, last_begin{std::numeric_limits<std::int64_t>::min()};
};
struct zone {
  std::int64_t from, to;
  std::string value;
};

} // namespace

std::optional<std::string> judge_register(const std::vector<register_operation>& history) {
  constexpr auto ever = std::numeric_limits<std::int64_t>::min();
  std::map<std::string, cluster> values;
  values[""] = {.written = true, .read = false, .write_begin = ever, .first_end = ever, .last_begin = ever};
  for (const auto& o : history) {
    auto& c = values[o.value];
    if (o.write) {
      if (c.written) return fmt::format("value {} was written twice", o.value);
      c.written = true;
      c.write_begin = o.begin;
    } else {
      c.read = true;
    }
    c.first_end = std::min(c.first_end, o.end);
    c.last_begin = std::max(c.last_begin, o.begin);
  }
  std::vector<zone> forward, backward;
  for (const auto& o : history) {
    if (o.write) continue;
    const auto& c = values[o.value];
    if (!c.written) return fmt::format("a read saw {}, which nobody wrote", o.value);
    if (o.end < c.write_begin) return fmt::format("a read saw {} before it was written", o.value);
  }
  for (const auto& [value, c] : values) {
    if (c.first_end == no_end) continue; // unknown, and nobody saw it
    if (c.first_end < c.last_begin)
      forward.push_back({c.first_end, c.last_begin, value});
    else
      backward.push_back({c.last_begin, c.first_end, value});
  }
  const auto by_start = [](const zone& a, const zone& b) { return a.from < b.from; };
  std::sort(forward.begin(), forward.end(), by_start);
  for (std::size_t i = 1; i < forward.size(); ++i)
    if (forward[i].from < forward[i - 1].to)
      return fmt::format("{} and {} were both the value, between {} and {} ns", forward[i - 1].value, forward[i].value,
                         forward[i].from, std::min(forward[i].to, forward[i - 1].to));
  for (const auto& b : backward) {
    auto it = std::upper_bound(forward.begin(), forward.end(), b, by_start);
    if (it == forward.begin()) continue;
    --it;
    if (it->from < b.from && b.to < it->to)
      return fmt::format("{} was set between {} and {} ns, while {} stayed the value", b.value, b.from, b.to,
                         it->value);
  }
  return std::nullopt;
}

std::optional<std::string> judge_counter(std::vector<counter_operation> history) {
  std::map<std::int64_t, int> sums;
  for (const auto& o : history)
    if (++sums[o.sum] > 1) return fmt::format("two additions were answered with {}", o.sum);
  auto ended = history;
  std::sort(ended.begin(), ended.end(), [](const auto& a, const auto& b) { return a.end < b.end; });
  std::sort(history.begin(), history.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::int64_t highest = std::numeric_limits<std::int64_t>::min();
  std::size_t i = 0;
  for (const auto& o : history) {
    for (; i < ended.size() && ended[i].end < o.begin; ++i) highest = std::max(highest, ended[i].sum);
    if (o.sum < highest) return fmt::format("{} was answered before an addition began that gave {}", highest, o.sum);
  }
  return std::nullopt;
}

} // namespace sett::sim
