#include "config/layer.hpp"

#include "config/declarations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sett::config {

std::string place::text() const { return line == 0 ? source : fmt::format("{}:{}", source, line); }

std::string fault::text() const {
  std::string out = where.text();
  if (!key.empty()) out += ": " + key;
  out += ": found " + found;
  if (!allowed.empty()) out += "; " + allowed;
  return out;
}

namespace {

/// Makes the item of an "endpoint.main.ws" known.
void note_item(layer& to, std::string_view key) {
  std::string item;
  if (find_declaration(key, &item) == nullptr || item.empty()) return;
  auto name = std::string(key.substr(0, key.rfind('.')));
  if (std::find(to.items.begin(), to.items.end(), name) == to.items.end()) to.items.push_back(std::move(name));
}

} // namespace

layer environment_layer(std::span<const std::pair<std::string, std::string>> variables) {
  layer out{.name = "environment", .assignments = {}, .items = {}, .faults = {}};
  std::vector<std::string> areas, names;
  for (const auto& d : declarations()) {
    areas.push_back(environment_name(d.key.substr(0, d.key.find('.'))) + "_");
    names.push_back(environment_name(d.key));
  }
  // Names with another owner: the tools' own variables.
  constexpr std::array<std::string_view, 6> others{"SETT_SOCKET",       "SETT_DATA",         "SETT_LONG",
                                                   "SETT_REQUIRE_DATA", "SETT_REQUIRE_ROOT", "SETT_ENVIRONMENT"};
  for (const auto& [name, value] : variables) {
    if (!name.starts_with("SETT_") || std::find(others.begin(), others.end(), name) != others.end()) continue;
    const place where{.source = "environment variable " + name};
    const auto key =
        name == "SETT_LOG" ? std::string("log.levels") : key_of_environment_name(std::string_view(name).substr(5));
    if (!key.empty()) {
      note_item(out, key);
      out.assignments.push_back({key, untyped_text{value}, where});
      continue;
    }
    const bool known_area = std::any_of(areas.begin(), areas.end(), [&](const auto& a) { return name.starts_with(a); });
    const auto similar = most_similar(name, names);
    if (known_area || !similar.empty())
      out.faults.push_back({where, "", "a variable that sets nothing",
                            similar.empty() ? "unset it" : fmt::format("did you mean {}?", similar)});
  }
  return out;
}

layer arguments_layer(std::span<const std::string> arguments) {
  layer out{.name = "--set", .assignments = {}, .items = {}, .faults = {}};
  for (const auto& argument : arguments) {
    const auto equals = argument.find('=');
    const place where{.source = "--set"};
    if (equals == std::string::npos || equals == 0) {
      // The argument itself may be a secret that lost its key: it is not repeated.
      out.faults.push_back({where, "", "an argument without KEY=", "write --set KEY=VALUE"});
      continue;
    }
    auto key = argument.substr(0, equals);
    note_item(out, key);
    out.assignments.push_back({std::move(key), untyped_text{argument.substr(equals + 1)}, where});
  }
  return out;
}

} // namespace sett::config
