// How code below the node says something for people: a level, a stable kebab-case event id, a sentence and fields. The
// node's logger (nodes/telemetry) implements it; tests use a vector or nothing.
//
// A call never blocks on a disk or a terminal and never throws. It copies its arguments, so they may be temporary.
// Fields take numbers, booleans and text; a settings secret converts to none of them on purpose. Thread-safe.
//
//   ports::area_log log(logger, "ingest");           // area: one word, static storage
//   log.warn("slot-gap", "slots are missing and are fetched again", {{"first", first.value}, {"count", n}});
//
// info: a change of state a person wants in a diary. warn: it heals itself. error: a human must look.
#pragma once

#include "messages/types/ids.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace sett::ports {

enum class log_level : std::uint8_t { trace, debug, info, warn, error, off };

class log_value {
public:
  using storage = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view>;

  log_value(bool v) : value(v) {}
  log_value(double v) : value(v) {}
  log_value(std::string_view v) : value(v) {}
  log_value(const char* v) : value(std::string_view(v)) {}
  log_value(const std::string& v) : value(std::string_view(v)) {}
  template <std::signed_integral T>
  log_value(T v) : value(static_cast<std::int64_t>(v)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  log_value(T v) : value(static_cast<std::uint64_t>(v)) {}
  template <class Tag, std::integral Rep>
  log_value(strong<Tag, Rep> v) : log_value(v.value) {}

  storage value;
};

struct log_field {
  std::string_view key; // snake_case with its unit: "delay_ms"
  log_value value;
};

class logger {
public:
  virtual ~logger() = default;
  /// Cheap enough for a hot path: one relaxed load.
  [[nodiscard]] virtual bool enabled(std::string_view area, log_level level) const noexcept = 0;
  virtual void write(log_level level, std::string_view area, std::string_view event, std::string_view sentence,
                     std::span<const log_field> fields) noexcept = 0;
};

/// A logger and an area; what actors hold. Copyable; a default one says nothing.
class area_log {
public:
  area_log() = default;
  area_log(logger& to, std::string_view area) : logger_(&to), area_(area) {}

  using fields = std::initializer_list<log_field>;
  void debug(std::string_view event, std::string_view sentence, fields f = {}) const {
    say(log_level::debug, event, sentence, f);
  }
  void info(std::string_view event, std::string_view sentence, fields f = {}) const {
    say(log_level::info, event, sentence, f);
  }
  void warn(std::string_view event, std::string_view sentence, fields f = {}) const {
    say(log_level::warn, event, sentence, f);
  }
  void error(std::string_view event, std::string_view sentence, fields f = {}) const {
    say(log_level::error, event, sentence, f);
  }

private:
  void say(log_level level, std::string_view event, std::string_view sentence, fields f) const {
    if (logger_ != nullptr && logger_->enabled(area_, level))
      logger_->write(level, area_, event, sentence, std::span<const log_field>(f.begin(), f.size()));
  }
  logger* logger_{};
  std::string_view area_;
};

} // namespace sett::ports
