// The settings files that are built into the programs, so that a binary alone starts: defaults and one file per
// environment.
#pragma once

#include "config/layer.hpp"
#include "config/resolve.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sett::config {

/// The text of config/<name>.toml, for "default", "paper" and "mainnet"; empty for other names.
[[nodiscard]] std::string_view shipped_document(std::string_view name);

/// What the command line and the process say about settings.
struct sources {
  std::string environment;                                    // "paper", "mainnet"; empty: paper
  std::vector<std::string> files;                             // --config, in order
  std::vector<std::string> arguments;                         // --set
  std::vector<std::pair<std::string, std::string>> variables; // the process's environment
};

/// Reads all layers in their order and resolves them.
[[nodiscard]] resolution load(const sources& from);

} // namespace sett::config
