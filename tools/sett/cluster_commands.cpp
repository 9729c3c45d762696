#include "tools/sett/cluster_commands.hpp"

#include "messages/protocol/control.hpp"
#include "messages/types/cluster_ids.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <ostream>
#include <string_view>
#include <thread>
#include <utility>

namespace sett::tools {
namespace json = boost::json;
namespace control = protocol::control;

namespace {

constexpr auto poll_interval = std::chrono::milliseconds(300);

result<json::object> ask(const node_client& client, std::string_view method, const std::string& target) {
  auto answer = client.ask(method, target);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_object()) return fail("node", client_errc::bad_answer, "the node's answer is no JSON object");
  return std::move(answer->as_object());
}
result<json::object> ask(const command_context& c, std::string_view path) {
  return ask(c.client(), "GET", std::string(path));
}

std::string text(const json::object& o, std::string_view key) {
  return shown(o.if_contains(key), control::form::text, 0);
}
std::uint64_t number(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_int64() && v->as_int64() > 0 ? static_cast<std::uint64_t>(v->as_int64()) : 0;
}
bool is_true(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_bool() && v->as_bool();
}
const json::array& array_of(const json::object& o, std::string_view key) {
  static const json::array none;
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_array() ? v->as_array() : none;
}

/// The node of "n1@7".
std::string node_of(std::string_view member) { return std::string(member.substr(0, member.find('@'))); }

int refused(const command_context& c, const std::string& what) { return report(c, exit_failed, what); }

result<json::object> row_of_node(const command_context& c, const std::string& node) {
  auto all = ask(c, control::nodes_path);
  if (!all) return std::unexpected(all.error());
  for (const auto& row : array_of(*all, "rows"))
    if (row.is_object() && text(row.as_object(), "node") == node) return row.as_object();
  return fail("node", client_errc::refused, fmt::format("there is no node {}; `sett node ls` shows all", node));
}

result<json::object> row_of_shard(const command_context& c, std::uint32_t shard) {
  auto all = ask(c, control::shards_path);
  if (!all) return std::unexpected(all.error());
  const auto& rows = array_of(*all, "rows");
  for (const auto& row : rows)
    if (row.is_object() && number(row.as_object(), "shard") == shard) return row.as_object();
  return fail("node", client_errc::refused,
              fmt::format("there is no shard {}; this cluster has the shards 0 to {}", shard, rows.size() - 1));
}

/// Whom to ask about a shard: --node, or its leader by the records.
result<std::string> keeper_of(const command_context& c, std::uint32_t shard) {
  const auto row = row_of_shard(c, shard);
  if (!row) return std::unexpected(row.error());
  if (!c.node.empty()) return c.node;
  const auto leader = node_of(text(*row, "leader"));
  if (!node_id::parse(leader))
    return fail("node", client_errc::refused, fmt::format("shard {} has never been led; `sett cluster status`", shard));
  return leader;
}

int say(const command_context& c, const result<json::object>& answer) {
  if (!answer) return report(c, answer.error());
  c.out << (c.form == output_form::json ? json::serialize(*answer) : text(*answer, "what")) << "\n";
  return exit_ok;
}

std::string joined(const json::array& shards) {
  std::string out;
  for (const auto& s : shards) out += (out.empty() ? "" : ", ") + shown(&s, control::form::text, 0);
  return out.empty() ? "none" : out;
}

void put_fields(std::ostream& out, const json::object& o) {
  std::size_t width = 0;
  for (const auto& [key, _] : o) width = std::max(width, key.size());
  for (const auto& [key, value] : o)
    out << fmt::format("{:<{}}  {}\n", std::string_view(key.data(), key.size()), width,
                       shown(&value, control::form::text, 0));
}

/// The steps of the plan that the node takes part in.
bool in_plan(const json::object& cluster, const std::string& node) {
  for (const auto& step : array_of(cluster, "plan"))
    if (step.is_object() &&
        (node_of(text(step.as_object(), "by")) == node || node_of(text(step.as_object(), "target")) == node))
      return true;
  return false;
}

/// Until the node is empty, or holds only what nobody else can take; or, undrained, until nothing moves any more.
int wait_for_drain(const command_context& c, const std::string& node, bool drain) {
  std::string said;
  bool seen_once = false; // the flag, the plan and the records reach a node one after the other: look twice
  for (;;) {
    const auto row = row_of_node(c, node);
    if (!row) return report(c, row.error());
    const auto cluster = ask(c, control::cluster_path);
    if (!cluster) return report(c, cluster.error());
    if (text(*row, "state") == "down") return refused(c, fmt::format("{} is down now: nothing to wait for", node));
    const auto leads = number(*row, "leads"), holds = number(*row, "holds");
    const auto line = fmt::format("{} leads {} shards and holds {}", node, leads, holds);
    if (c.form != output_form::json && line != said) c.out << line << "\n" << std::flush;
    said = line;
    const bool settled = is_true(*row, "draining") == drain && !in_plan(*cluster, node) && (!drain || leads == 0);
    if (settled && seen_once) {
      if (c.form == output_form::json)
        c.out << json::serialize(*row) << "\n";
      else if (drain)
        c.out << (holds == 0
                      ? fmt::format("{} is empty: it can be stopped\n", node)
                      : fmt::format("{} leads nothing and can be stopped; no other node can take the {} replicas "
                                    "that it holds\n",
                                    node, holds));
      else
        c.out << fmt::format("{} takes its part again\n", node);
      return exit_ok;
    }
    seen_once = settled;
    std::this_thread::sleep_for(poll_interval);
  }
}

} // namespace

int node_show_command(const command_context& c, const std::string& node) {
  return repeated(c, [&](std::ostream& out) -> int {
    auto row = row_of_node(c, node);
    if (!row) return report(c, row.error());
    const auto shards = ask(c, control::shards_path);
    if (!shards) return report(c, shards.error());
    json::array leads, holds;
    for (const auto& s : array_of(*shards, "rows")) {
      if (!s.is_object()) continue;
      const auto* number_of = s.as_object().if_contains("shard");
      if (number_of == nullptr) continue;
      if (node_of(text(s.as_object(), "leader")) == node) leads.push_back(*number_of);
      for (const auto& m : array_of(s.as_object(), "isr"))
        if (node_of(shown(&m, control::form::text, 0)) == node) holds.push_back(*number_of);
    }
    if (c.form == output_form::table || c.form == output_form::wide) {
      put_fields(out, *row);
      out << fmt::format("\nleads shards  {}\nholds shards  {}\n", joined(leads), joined(holds));
      return exit_ok;
    }
    (*row)["leads_shards"] = std::move(leads);
    (*row)["holds_shards"] = std::move(holds);
    out << (c.form == output_form::json ? json::serialize(*row) + "\n" : render_object_csv(*row));
    return exit_ok;
  });
}

int node_drain_command(const command_context& c, const std::string& node, bool drain, bool wait) {
  const auto row = row_of_node(c, node);
  if (!row) return report(c, row.error());
  const auto done =
      ask(c.client_of(node), "POST", std::string(drain ? control::node_drain_path : control::node_undrain_path));
  if (!done) return report(c, done.error());
  if (wait) return wait_for_drain(c, node, drain);
  return say(c, done);
}

int shard_show_command(const command_context& c, std::uint32_t shard) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto keeper = keeper_of(c, shard);
    if (!keeper) return report(c, keeper.error());
    auto o = ask(c.client_of(*keeper), "GET", fmt::format("{}/{}", control::shards_path, shard));
    if (!o) return report(c, o.error());
    (*o)["asked"] = *keeper;
    if (c.form == output_form::json || c.form == output_form::csv) {
      out << (c.form == output_form::json ? json::serialize(*o) + "\n" : render_object_csv(*o));
      return exit_ok;
    }
    const auto followers = array_of(*o, "followers");
    o->erase("followers");
    put_fields(out, *o);
    constexpr control::column columns[] = {{"member", "FOLLOWER"},
                                           {"in_isr", "IN SYNC", control::form::yes_no},
                                           {"suspected", "SUSPECTED", control::form::yes_no},
                                           {"snapshot", "SNAPSHOT", control::form::yes_no},
                                           {"acknowledged", "ACKNOWLEDGED"},
                                           {"stored", "STORED"}};
    if (!followers.empty()) out << "\n" << render_rows(followers, columns, c.table());
    return exit_ok;
  });
}

int shard_move_command(const command_context& c, std::uint32_t shard, const std::string& to) {
  const auto row = row_of_shard(c, shard);
  if (!row) return report(c, row.error());
  const auto leader = node_of(text(*row, "leader"));
  if (leader == to) {
    c.out << fmt::format("{} leads shard {} already\n", to, shard);
    return exit_ok;
  }
  return say(c, ask(c.client_of(leader), "POST", fmt::format("{}/{}/move?to={}", control::shards_path, shard, to)));
}

int shard_recover_command(const command_context& c, std::uint32_t shard, bool accept_loss) {
  if (!accept_loss)
    return report(
        c, exit_usage,
        "recovering a shard gives up what its other replicas had: look at `sett shard show` first, bring back "
        "every node that holds it, and only then say --accept-loss");
  const auto keeper = keeper_of(c, shard);
  if (!keeper) return report(c, keeper.error());
  return say(
      c, ask(c.client_of(*keeper), "POST", fmt::format("{}/{}/recover?accept_loss=yes", control::shards_path, shard)));
}

int cluster_status_command(const command_context& c) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto o = ask(c, control::cluster_path);
    if (!o) return report(c, o.error());
    const int code = is_true(*o, "healthy") ? exit_ok : exit_degraded;
    if (c.form == output_form::json || c.form == output_form::csv) {
      out << (c.form == output_form::json ? json::serialize(*o) + "\n" : render_object_csv(*o));
      return code;
    }
    const auto coloured = [&](std::string line, bool well) {
      return well ? green(line, c.colours) : red(line, c.colours);
    };
    const auto down = number(*o, "nodes_down");
    out << fmt::format("cluster             {} (seen by {})\n", bold(text(*o, "cluster"), c.colours), text(*o, "self"));
    out << fmt::format(
        "consensus store     {}\n",
        coloured(is_true(*o, "store_reachable") ? "reachable" : "NOT reachable", is_true(*o, "store_reachable")));
    out << fmt::format("nodes               {}\n",
                       coloured(fmt::format("{}, {} down", number(*o, "nodes"), down), down == 0));
    out << fmt::format("shards              {}, of {} replicas, {} of them in sync to commit\n", number(*o, "shards"),
                       number(*o, "replicas"), number(*o, "min_isr"));
    for (const auto& [key, name] :
         {std::pair{"shards_without_leader", "without leader"},
          std::pair{"shards_under_replicated", "under-replicated"}, std::pair{"shards_below_min_isr", "cannot commit"},
          std::pair{"shards_with_data_loss", "lost something"}})
      out << fmt::format("  {:<18}{}\n", name, coloured(std::to_string(number(*o, key)), number(*o, key) == 0));
    out << fmt::format("rebalancing         {}\n", text(*o, "rebalance"));
    if (const auto& plan = array_of(*o, "plan"); !plan.empty())
      out << "\nbeing moved\n" << render_rows(plan, control::plan_step_columns, c.table());
    return code;
  });
}

int cluster_rebalance_command(const command_context& c, const std::string& mode) {
  return say(c, ask(c.client(), "POST", fmt::format("{}?mode={}", control::rebalance_path, mode)));
}

} // namespace sett::tools
