// The part of the table of declarations that concerns trading, and the rules between those settings. All of them may
// change while the cluster runs: what is set live is journalled (actors/strategy/parameters.hpp) and wins over the
// files. Pure.
#pragma once

#include "config/declarations.hpp"

#include <string>
#include <vector>

namespace sett::config {

[[nodiscard]] std::vector<declaration> trading_declarations();  // risk.*, exits.*
[[nodiscard]] std::vector<declaration> strategy_declarations(); // strategy.*.*

struct trading_conflict {
  std::string key, found, allowed;
};
/// Values that are each allowed but do not go together.
[[nodiscard]] std::vector<trading_conflict> trading_conflicts(const settings& s);

} // namespace sett::config
