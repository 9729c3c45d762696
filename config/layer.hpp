// One source of settings before it is checked: what was written where. Layers are put on top of each other by
// resolve(): the shipped defaults, the environment's file, the user's file, SETT_* variables, --set. Pure; reading
// files is document_io's work.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sett::config {

/// Where something was written: a file with a 1-based line, or "environment" / "--set" with line 0.
struct place {
  std::string source;
  std::uint32_t line{};

  [[nodiscard]] std::string text() const;
  friend bool operator==(const place&, const place&) = default;
};

/// A fault of the settings. Never holds a secret's value.
struct fault {
  place where;
  std::string key;     // may be empty (a file that cannot be read)
  std::string found;   // what stands there
  std::string allowed; // what may stand there, or what to do

  /// "paper.toml:12: api.port: found 70000, allowed 0..65535"
  [[nodiscard]] std::string text() const;
};

/// Something TOML knows and no setting takes (an array, a date, a float), by its name.
struct other_value {
  std::string type;
};
/// Text of a variable or of --set, whose type the declaration decides.
struct untyped_text {
  std::string text;
};

using raw_value = std::variant<bool, std::int64_t, std::string, other_value, untyped_text>;

struct assignment {
  std::string key; // "log.levels", "endpoint.main.ws"
  raw_value value;
  place where;
};

struct layer {
  std::string name; // "config/default.toml", "environment", "--set"
  std::vector<assignment> assignments;
  std::vector<std::string> items; // "endpoint.main" for each item that exists here, also without any key of its own
  std::vector<fault> faults;      // found while reading
};

/// The process's variables that set settings: SETT_<AREA>_<KEY>, and SETT_LOG for log.levels. Variables of an area that
/// name no setting are faults, as are near misses; other SETT_ variables belong to somebody else.
[[nodiscard]] layer environment_layer(std::span<const std::pair<std::string, std::string>> variables);

/// Arguments of --set: "key=value".
[[nodiscard]] layer arguments_layer(std::span<const std::string> arguments);

} // namespace sett::config
