#include "tools/sett/key_commands.hpp"

#include "nodes/transport/node_keys_io.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

namespace sett::tools {

namespace {

namespace json = boost::json;

/// The data folder of the settings; nullopt: said why not.
std::optional<transport::key_folder> folder_of(const command_context& c) {
  const auto r = config::load(c.settings);
  if (!r.ok()) {
    for (const auto& f : r.faults) c.err << "sett: " << f.text() << "\n";
    return std::nullopt;
  }
  return transport::key_folder(r.value.node.data_dir);
}

void put_public(const command_context& c, const std::string& key, std::string_view hint) {
  if (c.form == output_form::json)
    c.out << json::serialize(json::object{{"public_key", key}}) << "\n";
  else
    c.out << key << "\n";
  c.err << hint << "\n";
}

} // namespace

int key_node_new_command(const command_context& c) {
  const auto folder = folder_of(c);
  if (!folder) return exit_failed;
  const auto key = folder->create();
  if (!key) return report(c, key.error());
  put_public(c, key->public_key, "On every other node: sett key node trust NAME_OF_THIS_NODE KEY");
  return exit_ok;
}

int key_node_show_command(const command_context& c) {
  const auto folder = folder_of(c);
  if (!folder) return exit_failed;
  const auto key = folder->load();
  if (!key) return report(c, key.error());
  const auto next = folder->load_next();
  if (!next) return report(c, next.error());
  const auto trusted = folder->load_trusted();
  if (!trusted) return report(c, trusted.error());
  if (c.form == output_form::json) {
    json::array rows;
    for (const auto& [k, node] : trusted->all())
      rows.push_back(json::object{{"node", std::string(node.view())}, {"public_key", k}});
    json::object all{{"public_key", key->public_key}, {"trusted", std::move(rows)}};
    if (*next) all["next_public_key"] = (*next)->public_key;
    c.out << json::serialize(all) << "\n";
    return exit_ok;
  }
  c.out << fmt::format("this node  {}\n", key->public_key);
  if (*next) c.out << fmt::format("to come    {}\n", (*next)->public_key);
  for (const auto& [k, node] : trusted->all()) c.out << fmt::format("trusts     {}  {}\n", k, node.view());
  return exit_ok;
}

int key_node_trust_command(const command_context& c, const std::string& node, const std::string& key, bool remove) {
  const auto folder = folder_of(c);
  if (!folder) return exit_failed;
  const auto name = node_id::parse(node);
  if (!name) return report(c, exit_usage, fmt::format("{} is no node's name: 1 to 15 of a-z, 0-9 and -", node));
  auto trusted = folder->load_trusted();
  if (!trusted) return report(c, trusted.error());
  if (remove) {
    if (trusted->owner(key) != name) return report(c, exit_failed, fmt::format("{} has no such key here", node));
    trusted->remove(key);
  } else if (const auto ok = trusted->add(*name, key); !ok) {
    return report(c, ok.error());
  }
  if (const auto ok = folder->store_trusted(*trusted); !ok) return report(c, ok.error());
  c.out << fmt::format("{} is {} as {}\n", key, remove ? "no longer trusted" : "trusted", node);
  return exit_ok;
}

int key_node_rotate_command(const command_context& c, bool finish) {
  const auto folder = folder_of(c);
  if (!folder) return exit_failed;
  if (finish) {
    if (const auto ok = folder->promote_next(); !ok) return report(c, ok.error());
    c.err << "The new key is in use. On every other node: sett key node trust --remove NAME_OF_THIS_NODE OLD_KEY\n";
    return exit_ok;
  }
  const auto next = folder->create_next();
  if (!next) return report(c, next.error());
  put_public(
      c, next->public_key,
      "On every other node: sett key node trust NAME_OF_THIS_NODE KEY; then here: sett key node rotate --finish");
  return exit_ok;
}

} // namespace sett::tools
