// One log record and its two forms: a JSON object on a line, and a line for people. Pure.
//
// JSON keys: ts (RFC 3339, UTC, microseconds), level, area, event, message, then the fields as they were named. Text
// that is no UTF-8 has '?' for its bad bytes; control characters never reach a terminal, whatever a token calls itself.
#pragma once

#include "messages/ports/log.hpp"
#include "messages/types/ids.hpp"
#include "nodes/telemetry/redactor.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sett::telemetry {

struct log_record {
  using value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;

  wall_time_ns at;
  ports::log_level level{};
  std::string area, event, sentence;
  std::vector<std::pair<std::string, value>> fields;
};

[[nodiscard]] log_record make_record(wall_time_ns at, ports::log_level level, std::string_view area,
                                     std::string_view event, std::string_view sentence,
                                     std::span<const ports::log_field> fields);

/// Replaces secrets in the sentence and in text fields.
void redact(log_record& record, const redactor& by);

/// Without the newline.
[[nodiscard]] std::string json_line(const log_record& record);
/// "ingest slot-gap: slots are missing (first=5 count=3)": time and level are the sink's.
[[nodiscard]] std::string people_line(const log_record& record);
/// "2026-11-20T10:15:30.123456Z"
[[nodiscard]] std::string rfc3339(wall_time_ns at);
/// The text with bad UTF-8 and control characters replaced by '?'.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace sett::telemetry
