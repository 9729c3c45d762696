// The part of the table of declarations that concerns trading, and the rules between those settings. They are the
// desk's: what is set live is journalled (actors/strategy/parameters.hpp) and wins over the files, once a node runs a
// desk; until then setting_change::desk and desk_start say what a node does with them. Pure.
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
