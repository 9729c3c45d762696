#include "nodes/telemetry/log_record.hpp"

#include "nodes/telemetry/log_levels.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <type_traits>

namespace sett::telemetry {
namespace {

constexpr std::size_t text_bytes_max = 4096; // of one value; what is longer is cut

/// Length of the valid UTF-8 sequence at the front, 0 when there is none (RFC 3629: no overlong forms, no surrogates).
std::size_t sequence_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto continued = [&](std::size_t n) {
    if (s.size() < n) return false;
    for (std::size_t i = 1; i < n; ++i)
      if ((byte(i) & 0xc0) != 0x80) return false;
    return true;
  };
  const auto b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return continued(2) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) {
    if (!continued(3) || (b == 0xe0 && byte(1) < 0xa0) || (b == 0xed && byte(1) > 0x9f)) return 0;
    return 3;
  }
  if (b >= 0xf0 && b <= 0xf4) {
    if (!continued(4) || (b == 0xf0 && byte(1) < 0x90) || (b == 0xf4 && byte(1) > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

std::string value_text(const log_record::value& v) {
  return std::visit(
      [](const auto& x) -> std::string {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, std::string>)
          return x.find(' ') == std::string::npos && !x.empty() ? x : fmt::format("\"{}\"", x);
        else
          return fmt::format("{}", x);
      },
      v);
}

} // namespace

std::string printable(std::string_view text) {
  std::string out;
  const bool cut = text.size() > text_bytes_max;
  if (cut) text = text.substr(0, text_bytes_max);
  out.reserve(text.size());
  while (!text.empty()) {
    const auto n = sequence_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    // C1 controls (U+0080..U+009F) start with 0xc2 and steer some terminals too.
    const bool control =
        n == 1 ? c < 0x20 || c == 0x7f : n == 2 && c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (n == 0 || control)
      out += '?';
    else
      out += text.substr(0, n);
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return cut ? out + "..." : out;
}

log_record make_record(wall_time_ns at, ports::log_level level, std::string_view area, std::string_view event,
                       std::string_view sentence, std::span<const ports::log_field> fields) {
  log_record out{at, level, std::string(area), std::string(event), printable(sentence), {}};
  out.fields.reserve(fields.size());
  for (const auto& f : fields)
    out.fields.emplace_back(std::string(f.key),
                            std::visit(
                                [](const auto& x) -> log_record::value {
                                  if constexpr (std::is_same_v<std::decay_t<decltype(x)>, std::string_view>)
                                    return printable(x);
                                  else
                                    return x;
                                },
                                f.value.value));
  return out;
}

void redact(log_record& record, const redactor& by) {
  record.sentence = by.clean(std::move(record.sentence));
  for (auto& [_, value] : record.fields)
    if (auto* text = std::get_if<std::string>(&value)) *text = by.clean(std::move(*text));
}

std::string rfc3339(wall_time_ns at) {
  const auto whole = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(at.value));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(whole);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(whole - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), us);
}

std::string json_line(const log_record& record) {
  boost::json::object o;
  o["ts"] = rfc3339(record.at);
  o["level"] = level_name(record.level);
  o["area"] = record.area;
  o["event"] = record.event;
  o["message"] = record.sentence;
  for (const auto& [key, value] : record.fields) {
    if (o.contains(key)) continue; // the record's own keys win
    std::visit(
        [&](const auto& x) {
          if constexpr (std::is_same_v<std::decay_t<decltype(x)>, double>) {
            if (!std::isfinite(x)) {
              o[key] = nullptr; // JSON has no infinity
              return;
            }
          }
          o[key] = x;
        },
        value);
  }
  return boost::json::serialize(o);
}

std::string people_line(const log_record& record) {
  std::string out = fmt::format("{:<10} {}: {}", record.area, record.event, record.sentence);
  if (record.fields.empty()) return out;
  out += " (";
  bool first = true;
  for (const auto& [key, value] : record.fields) {
    if (!first) out += ' ';
    first = false;
    out += key + "=" + value_text(value);
  }
  return out + ")";
}

} // namespace sett::telemetry
