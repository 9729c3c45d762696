// Which level each area writes: "info,ingest=debug". Pure parsing, and a table that callers read while a person changes
// it.
#pragma once

#include "messages/ports/log.hpp"
#include "messages/types/error.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sett::telemetry {

enum class telemetry_errc : std::uint16_t { ok = 0, bad_level = 1, bad_area = 2, no_file = 3 };

[[nodiscard]] std::string_view level_name(ports::log_level level);
[[nodiscard]] std::optional<ports::log_level> level_of(std::string_view name);

/// Parsed levels; the empty area is everything else.
using level_map = std::map<std::string, ports::log_level, std::less<>>;
[[nodiscard]] result<level_map> parse_levels(std::string_view text);
[[nodiscard]] std::string levels_text(const level_map& levels);

/// Thread-safe. enabled() costs one relaxed load for levels nobody listens to, else a short lock.
class level_table {
public:
  explicit level_table(level_map levels) { replace(std::move(levels)); }
  [[nodiscard]] bool enabled(std::string_view area, ports::log_level level) const noexcept;
  void replace(level_map levels);
  /// area "" or "*" sets everything that has no level of its own.
  void change(std::string_view area, ports::log_level level);
  [[nodiscard]] level_map levels() const;

private:
  mutable std::mutex mutex_;
  level_map levels_;
  std::atomic<ports::log_level> least_{ports::log_level::info};
};

} // namespace sett::telemetry
