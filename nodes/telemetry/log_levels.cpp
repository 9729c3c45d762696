#include "nodes/telemetry/log_levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sett::telemetry {
namespace {
constexpr std::array<std::string_view, 6> names{"trace", "debug", "info", "warn", "error", "off"};
} // namespace

std::string_view level_name(ports::log_level level) { return names[static_cast<std::size_t>(level)]; }

std::optional<ports::log_level> level_of(std::string_view name) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<ports::log_level>(it - names.begin());
}

result<level_map> parse_levels(std::string_view text) {
  level_map out{{"", ports::log_level::info}};
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    auto part = text.substr(begin, end - begin);
    begin = end + 1;
    std::string area;
    if (const auto equals = part.find('='); equals != std::string_view::npos) {
      area = part.substr(0, equals);
      part = part.substr(equals + 1);
      if (area.empty())
        return fail("telemetry", telemetry_errc::bad_area, "a level without its area; write area=level");
    }
    const auto level = level_of(part);
    if (!level)
      return fail("telemetry", telemetry_errc::bad_level,
                  fmt::format("no such level; write one of {}", fmt::join(names, ", ")));
    out.insert_or_assign(std::move(area), *level);
  }
  return out;
}

std::string levels_text(const level_map& levels) {
  std::string out;
  for (const auto& [area, level] : levels) {
    if (!out.empty()) out += ',';
    out += area.empty() ? std::string(level_name(level)) : fmt::format("{}={}", area, level_name(level));
  }
  return out;
}

bool level_table::enabled(std::string_view area, ports::log_level level) const noexcept {
  if (level < least_.load(std::memory_order_relaxed)) return false;
  const std::scoped_lock lock(mutex_);
  auto it = levels_.find(area);
  if (it == levels_.end()) it = levels_.find("");
  return it != levels_.end() && level >= it->second;
}

void level_table::replace(level_map levels) {
  const std::scoped_lock lock(mutex_);
  levels_ = std::move(levels);
  levels_.try_emplace("", ports::log_level::info);
  auto least = ports::log_level::off;
  for (const auto& [_, level] : levels_) least = std::min(least, level);
  least_.store(least, std::memory_order_relaxed);
}

void level_table::change(std::string_view area, ports::log_level level) {
  auto next = levels();
  next.insert_or_assign(area == "*" ? std::string{} : std::string(area), level);
  replace(std::move(next));
}

level_map level_table::levels() const {
  const std::scoped_lock lock(mutex_);
  return levels_;
}

} // namespace sett::telemetry
