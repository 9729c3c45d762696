// Puts layers on top of each other, checks every value against its declaration and the settings against each other, and
// keeps where each value came from. Every fault is found in one pass; with any fault there are no settings. Pure.
#pragma once

#include "config/declarations.hpp"
#include "config/layer.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::config {

/// One setting as it holds, for people: a secret's value reads "(secret, set)" or "(not set)".
struct effective_setting {
  std::string key;
  std::string shown;
  place from;
  const declaration* declared{};
};

struct resolution {
  settings value;                           // meaningful only without faults
  std::vector<effective_setting> effective; // in the order of the declarations, items by name
  std::vector<fault> faults;                // by file and line

  [[nodiscard]] bool ok() const { return faults.empty(); }
};

/// layers: lowest first. Declared defaults lie below all of them, with the place "default".
[[nodiscard]] resolution resolve(std::span<const layer> layers);

/// A value as a person types it; nothing when it is of the wrong type or not allowed.
[[nodiscard]] std::optional<setting_value> parse_value(const declaration& d, std::string_view text);
/// And back; a secret's value is not told.
[[nodiscard]] std::string value_text(const declaration& d, const setting_value& value);

/// Checksum (FNV-1a, 64 bit, 16 hex digits) over the settings that all nodes of a cluster must share.
[[nodiscard]] std::string cluster_checksum(const resolution& r);

/// A complete documented TOML file with all defaults: what config/default.toml is.
[[nodiscard]] std::string render_defaults();

/// What `sett config explain KEY` prints: paragraph, type, allowed, default, example, when it takes effect.
[[nodiscard]] std::string explain(const declaration& d);

} // namespace sett::config
