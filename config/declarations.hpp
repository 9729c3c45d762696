// Every setting, declared once: its key, type, default, bounds, an example, whether it may change while the node runs,
// whether all nodes of a cluster must agree on it, and a paragraph for people. Loading, checking, `sett config explain`
// and config/default.toml all read this one table. Pure.
//
// Keys are <area>.<key>; for the arrays of tables [[endpoint]] and [[wallet]] the pattern is endpoint.*.<key>, where *
// stands for the item's name: endpoint.main.ws. The same key is SETT_<AREA>_<KEY> in the environment
// (SETT_ENDPOINT_MAIN_WS).
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::config {

enum class value_kind : std::uint8_t { flag, integer, text, secret };
enum class setting_scope : std::uint8_t { node, cluster };
/// How a change takes effect. The desk's are kept live by actors/strategy/parameters; no node runs a desk yet, so the
/// truth of today is told of them (change_text): most are used by no node, a few are read when a node starts.
enum class setting_change : std::uint8_t { restart, live, desk, desk_start };
[[nodiscard]] constexpr bool is_desk(setting_change c) {
  return c == setting_change::desk || c == setting_change::desk_start;
}
/// For people, after "changes".
[[nodiscard]] constexpr std::string_view change_text(setting_change c) {
  switch (c) {
  case setting_change::live:
    return "at once, in a running node";
  case setting_change::desk:
    return "nothing: no node uses it yet";
  case setting_change::restart:
  case setting_change::desk_start:
    break;
  }
  return "with a restart";
}

using setting_value = std::variant<bool, std::int64_t, std::string>;

struct declaration {
  std::string_view key{};
  value_kind kind{};
  std::string_view default_text{}; // as a person would type it; empty text is allowed for text and secret
  std::int64_t min{};              // integer: its value; text: unused
  std::int64_t max{std::numeric_limits<std::int64_t>::max()};
  std::vector<std::string_view> choices{}; // text: the closed set, empty when free
  std::string_view example{};
  setting_change change{setting_change::restart};
  setting_scope scope{setting_scope::node};
  std::string_view paragraph{};
  /// Further rule for text: what is allowed, when the value is not; nullptr when it is fine. Never repeats the value.
  const char* (*check)(std::string_view value){};
  void (*store)(settings& to, std::string_view item, const setting_value& value){};
  /// What `store` put there; nullptr where nobody asks. The item must be there.
  setting_value (*load)(const settings& from, std::string_view item){};
};

/// All declarations in the order of the documentation: areas together, items last.
[[nodiscard]] std::span<const declaration> declarations();

/// The declaration of a concrete key ("log.levels", "endpoint.main.ws"), or nullptr. `item` receives the item's name,
/// else empty.
[[nodiscard]] const declaration* find_declaration(std::string_view key, std::string* item = nullptr);

/// "ENDPOINT_MAIN_WS" -> "endpoint.main.ws"; empty when no declared key has this name. Item names are lower case with
/// '_' for '-'.
[[nodiscard]] std::string key_of_environment_name(std::string_view name_without_prefix);
/// The variable that sets a key: "SETT_LOG_LEVELS".
[[nodiscard]] std::string environment_name(std::string_view key);

/// The most similar declared key, or empty when nothing is close (edit distance of at most a third of the length).
[[nodiscard]] std::string did_you_mean(std::string_view key);
/// The most similar of some words, by the same rule.
[[nodiscard]] std::string most_similar(std::string_view word, std::span<const std::string> candidates);

/// "0..65535", "one of: people, json, off", "true or false", "text": what a person may write.
[[nodiscard]] std::string allowed_text(const declaration& d);

/// Whether a name may name an item: 1-32 of a-z, 0-9 and '-', beginning with a letter.
[[nodiscard]] bool valid_item_name(std::string_view name);

} // namespace sett::config
