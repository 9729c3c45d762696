#include "tools/sett/config_commands.hpp"

#include "messages/protocol/control.hpp"
#include "tools/sett/node_commands.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace sett::tools {
namespace json = boost::json;
namespace control = protocol::control;

namespace {

int put_faults(const command_context& c, const config::resolution& r) {
  for (const auto& f : r.faults) c.err << "sett: " << f.text() << "\n";
  c.err << fmt::format("sett: {} fault{} in the settings; `sett config explain KEY` tells what a setting takes\n",
                       r.faults.size(), r.faults.size() == 1 ? "" : "s");
  return exit_failed;
}

bool below(std::string_view key, std::string_view prefix) {
  return prefix.empty() || key == prefix || (key.starts_with(prefix) && key[prefix.size()] == '.');
}

} // namespace

int config_show_command(const command_context& c, const std::string& prefix, bool running) {
  json::array rows;
  if (running) {
    const auto answer = c.client().get(control::config_path);
    if (!answer) return report(c, answer.error());
    if (const auto* o = answer->if_object(); o != nullptr && o->contains("rows") && o->at("rows").is_array())
      for (const auto& row : o->at("rows").as_array())
        if (row.is_object() && row.as_object().contains("key") &&
            below(json::value_to<std::string>(row.at("key")), prefix))
          rows.push_back(row);
  } else {
    const auto r = config::load(c.settings);
    if (!r.ok()) return put_faults(c, r);
    for (const auto& e : r.effective)
      if (below(e.key, prefix))
        rows.push_back(json::object{{"key", e.key}, {"value", e.shown}, {"from", e.from.text()}});
  }
  if (rows.empty())
    return report(c, exit_failed, fmt::format("no setting begins with {}; `sett config show` lists all", prefix));
  c.out << render_rows(rows, control::config_columns, c.table());
  return exit_ok;
}

int config_explain_command(const command_context& c, const std::string& asked) {
  const auto of_variable =
      asked.starts_with("SETT_") ? config::key_of_environment_name(std::string_view(asked).substr(5)) : std::string{};
  const auto& key = of_variable.empty() ? asked : of_variable;
  const auto* d = config::find_declaration(key);
  if (d == nullptr) {
    // An area: all of its settings.
    bool any = false;
    for (const auto& each : config::declarations())
      if (below(each.key, key)) {
        c.out << (any ? "\n" : "") << config::explain(each);
        any = true;
      }
    if (any) return exit_ok;
    const auto similar = config::did_you_mean(key);
    return report(
        c, exit_failed,
        fmt::format("there is no setting {}{}", key,
                    similar.empty() ? "; `sett config show` lists all" : fmt::format("; did you mean {}?", similar)));
  }
  c.out << config::explain(*d);
  return exit_ok;
}

int config_check_command(const command_context& c) {
  const auto r = config::load(c.settings);
  if (!r.ok()) return put_faults(c, r);
  c.out << fmt::format("settings are fine: {} values, cluster checksum {}\n", r.effective.size(),
                       config::cluster_checksum(r));
  return exit_ok;
}

int config_defaults_command(const command_context& c) {
  c.out << config::render_defaults();
  return exit_ok;
}

} // namespace sett::tools
