#include "nodes/runtime/cluster_api.hpp"

#include "nodes/entities/command_router.hpp"

#include <boost/json.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sett::runtime {
namespace json = boost::json;
using api::error_response;
using api::reply;
using api::request;
using api::response;

namespace {

using context_ptr = std::shared_ptr<const cluster_context>;
constexpr std::int64_t command_within_ns = 5'000'000'000;

response ok(const json::value& v) { return {200, "application/json", json::serialize(v) + "\n"}; }

std::string name_of(const member& m) { return m.node.empty() ? std::string() : to_text(m); }

std::string condition_of(const membership::member_state& m) {
  using membership::condition;
  if (m.seen.down) return "down";
  switch (m.seen.state) {
  case condition::alive:
    return m.record.draining ? "draining" : "alive";
  case condition::silent:
    return "silent";
  case condition::deaf:
    return "deaf";
  case condition::stuck:
    return "stuck";
  case condition::leaving:
    return "leaving";
  }
  return "unknown";
}

json::object node_row(const membership::member_record& r, std::string state) {
  json::array ports;
  for (const auto p : r.port) ports.push_back(p);
  return {{"node", r.node.view()},     {"incarnation", std::to_string(r.incarnation.value)},
          {"state", std::move(state)}, {"roles", membership::to_text(r.roles)},
          {"weight", r.weight},        {"draining", r.draining},
          {"address", r.host},         {"ports", std::move(ports)},
          {"version", r.version}};
}

template <class Answer, class Message, class View>
void through(const context_ptr& c, std::string_view path, Message m, reply done, View to_view) {
  c->ask.ask<Answer>(std::string(path), std::move(m), [done = std::move(done), to_view](result<Answer> a) {
    if (!a)
      done(error_response(503, a.error().message, "the node may be joining its cluster: see `sett cluster status`"));
    else
      done(to_view(*a));
  });
}

/// Answers with the manager's description and the view, or says why there is none.
template <class Then>
void with_cluster(const context_ptr& c, const reply& done, Then then) {
  const auto view = c->cluster.view();
  if (!view)
    return done(error_response(503, "this node is not registered in its cluster yet",
                               "it waits for the consensus store: see its log (`sett log tail`)"));
  through<shards::manager_description>(c, shards::manager_path, shards::manager_describe{}, done,
                                       [view, then](const shards::manager_description& d) { return then(d, *view); });
}

void cluster_status(const context_ptr& c, const reply& done) {
  with_cluster(c, done, [](const shards::manager_description& d, const membership::membership_view& v) {
    const auto& h = d.figures;
    json::array plan;
    for (const auto& s : d.plan)
      plan.push_back(json::object{{"shard", s.shard.value},
                                  {"what", shards::to_text(s.kind)},
                                  {"by", name_of(s.by)},
                                  {"target", name_of(s.target)}});
    std::uint32_t down = 0;
    for (const auto& o : v.others) down += o.seen.down ? 1 : 0;
    return ok(json::object{{"cluster", v.cluster.cluster_id},
                           {"self", name_of(v.self.who())},
                           {"registered", v.registered},
                           {"store_reachable", v.store_reachable},
                           {"own_health", v.own_health},
                           {"nodes", v.others.size() + 1},
                           {"nodes_down", down},
                           {"shards", d.shards.size()},
                           {"shards_without_leader", h.without_leader},
                           {"shards_under_replicated", h.under_replicated},
                           {"shards_below_min_isr", h.below_min_isr},
                           {"shards_with_data_loss", h.data_loss},
                           {"replicas", v.cluster.replicas},
                           {"min_isr", v.cluster.min_isr},
                           {"rebalance", membership::to_text(d.mode)},
                           {"plan", std::move(plan)},
                           {"healthy", down == 0 && h.without_leader == 0 && h.under_replicated == 0}});
  });
}

void list_nodes(const context_ptr& c, const reply& done) {
  with_cluster(c, done, [](const shards::manager_description& d, const membership::membership_view& v) {
    const auto& h = d.figures;
    std::map<node_id, json::object> rows;
    rows.emplace(v.self.node, node_row(v.self, v.self.draining ? "draining" : "alive"));
    rows.at(v.self.node)["self"] = true;
    for (const auto& o : v.others) {
      auto row = node_row(o.record, condition_of(o));
      row["silence_ms"] = o.seen.silence_ms;
      row["health"] = o.seen.health;
      row["self"] = false;
      rows.insert_or_assign(o.record.node, std::move(row));
    }
    json::array out;
    for (auto& [node, row] : rows) {
      const auto it = h.by_node.find(node);
      row["leads"] = it == h.by_node.end() ? 0 : it->second.leads;
      row["holds"] = it == h.by_node.end() ? 0 : it->second.holds;
      out.push_back(std::move(row));
    }
    return ok(json::object{{"rows", std::move(out)}});
  });
}

json::object shard_view(const shards::shard_row& row) {
  json::array isr;
  for (const auto& m : row.record.record.isr) isr.push_back(json::value(name_of(m)));
  return {{"shard", row.shard.value},
          {"leader", name_of(row.record.record.leader)},
          {"epoch", std::to_string(row.record.record.epoch.value)},
          {"isr", std::move(isr)},
          {"min_isr", row.record.record.min_isr},
          {"data_loss", row.record.record.data_loss},
          {"here", row.runs ? journal::to_text(row.role) : std::string_view("not held")}};
}

void list_shards(const context_ptr& c, const reply& done) {
  with_cluster(c, done, [](const shards::manager_description& d, const membership::membership_view&) {
    json::array rows;
    for (const auto& row : d.shards) rows.push_back(shard_view(row));
    return ok(json::object{{"rows", std::move(rows)}});
  });
}

std::optional<shard_id> shard_in(const context_ptr& c, const request& r, const reply& done) {
  const auto& text = r.places.find("shard")->second;
  std::uint32_t n = 0;
  const bool digits = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits) n = static_cast<std::uint32_t>(std::stoul(text));
  if (digits && n < c->cluster.settings().cluster.shard_count) return shard_id{static_cast<std::uint16_t>(n)};
  done(error_response(
      404, fmt::format("there is no shard {}", text),
      fmt::format("this cluster has the shards 0 to {}", c->cluster.settings().cluster.shard_count - 1)));
  return std::nullopt;
}

std::string shard_actor_path(shard_id s) { return fmt::format("/node/shards/{}", s.value); }

void show_shard(const context_ptr& c, const request& r, const reply& done) {
  const auto shard = shard_in(c, r, done);
  if (!shard) return;
  through<shards::shard_description>(
      c, shard_actor_path(*shard), shards::shard_describe{}, done, [](const shards::shard_description& d) {
        const auto& s = d.replica;
        json::array followers, alarms, isr;
        for (const auto& f : s.followers)
          followers.push_back(json::object{{"member", name_of(f.who)},
                                           {"in_isr", f.in_isr},
                                           {"suspected", f.suspected},
                                           {"snapshot", f.snapshot},
                                           {"acknowledged", std::to_string(f.acked.value)},
                                           {"stored", std::to_string(f.stored.value)}});
        for (const auto& a : d.alarms) alarms.push_back(json::value(a));
        if (s.record)
          for (const auto& m : s.record->isr) isr.push_back(json::value(name_of(m)));
        return ok(json::object{{"shard", d.shard.value},
                               {"role", journal::to_text(s.role)},
                               {"leader", s.record ? name_of(s.record->leader) : std::string()},
                               {"epoch", std::to_string(s.record ? s.record->epoch.value : 0)},
                               {"promised", std::to_string(s.promised.value)},
                               {"isr", std::move(isr)},
                               {"min_isr", s.record ? s.record->min_isr : 0},
                               {"data_loss", s.record ? s.record->data_loss : 0},
                               {"frozen", s.frozen},
                               {"high_watermark", std::to_string(s.high_watermark.value)},
                               {"end", std::to_string(s.end.value)},
                               {"cut", std::to_string(s.cut.value)},
                               {"stored", std::to_string(s.applied_stored.value)},
                               {"applied", std::to_string(d.applied.value)},
                               {"state_hash", fmt::format("{:016x}", d.state_hash)},
                               {"entities", d.entities},
                               {"clients", d.clients},
                               {"commands", d.commands},
                               {"refused", d.commands_refused},
                               {"waiting", d.waiting_answers},
                               {"followers", std::move(followers)},
                               {"alarms", std::move(alarms)}});
      });
}

void move_shard(const context_ptr& c, const request& r, const reply& done) {
  const auto shard = shard_in(c, r, done);
  if (!shard) return;
  const auto to = node_id::parse(r.query_or("to", ""));
  if (!to) return done(error_response(400, "say where to: ?to=NODE"));
  through<std::string>(c, shards::manager_path, shards::manager_move{*shard, *to}, done,
                       [](const std::string& s) { return ok(json::object{{"what", s}}); });
}

void recover_shard(const context_ptr& c, const request& r, const reply& done) {
  const auto shard = shard_in(c, r, done);
  if (!shard) return;
  if (r.query_or("accept_loss", "") != "yes")
    return done(error_response(400, "recovering a shard whose last replica lost something gives up what is lost",
                               "say so: ?accept_loss=yes"));
  through<std::string>(c, shard_actor_path(*shard), shards::shard_recover{}, done,
                       [](const std::string& s) { return ok(json::object{{"what", s}}); });
}

void tell_membership(const context_ptr& c, const reply& done, auto message, std::string said) {
  const auto a = c->ask.find(std::string(shards::membership_path));
  if (!a) return done(error_response(503, "this node is not registered in its cluster yet"));
  caf::anon_send(caf::actor_cast<caf::actor>(a), message);
  done(ok(json::object{{"what", std::move(said)}}));
}

void set_mode(const context_ptr& c, const request& r, const reply& done) {
  const auto word = r.query_or("mode", "");
  for (const auto mode :
       {membership::rebalance_mode::on, membership::rebalance_mode::off, membership::rebalance_mode::rollout})
    if (word == membership::to_text(mode))
      return tell_membership(c, done, membership::set_rebalance_mode{mode}, fmt::format("rebalancing: {}", word));
  done(error_response(400, "?mode is none of on, off, rollout"));
}

void command(const context_ptr& c, const request& r, const reply& done) {
  const auto within_ms = r.number("within_ms", command_within_ns / 1'000'000, 1, 600'000);
  if (!within_ms) return done(error_response(400, "within_ms is not a number from 1 to 600000"));
  const auto& kind = r.places.find("kind")->second;
  const auto& id = r.places.find("id")->second;
  const auto shard = c->cluster.shard_of(kind, id);
  c->cluster.submit(kind, id, r.body, static_cast<std::int64_t>(*within_ms) * 1'000'000,
                    [done, shard](const entities::command_answer& a) {
                      using entities::command_status;
                      json::object o{{"status", entities::to_string(a.status)}, {"shard", shard.value}};
                      o[a.status == command_status::done ? "answer" : "why"] = a.payload;
                      const unsigned status = a.status == command_status::done      ? 200
                                              : a.status == command_status::refused ? 422
                                              : a.status == command_status::expired ? 504
                                                                                    : 503;
                      done({status, "application/json", json::serialize(o) + "\n"});
                    });
}

void read_entity(const context_ptr& c, const request& r, const reply& done) {
  const auto& kind = r.places.find("kind")->second;
  const auto& id = r.places.find("id")->second;
  const auto* known = c->cluster.kind(kind);
  if (known == nullptr) return done(error_response(404, fmt::format("there is no kind of entity named {}", kind)));
  const auto shard = c->cluster.shard_of(kind, id);
  const bool stale = r.query_or("stale", "") == "yes";
  through<shards::shard_read_answer>(
      c, shard_actor_path(shard), shards::shard_read{{known->number(), id}, stale}, done,
      [shard](const shards::shard_read_answer& a) {
        if (a.status != entities::command_status::done)
          return error_response(503, fmt::format("shard {}: {}", shard.value, a.state),
                                a.leader ? fmt::format("its leader is {}", to_text(*a.leader)) : std::string());
        return ok(json::object{{"shard", shard.value}, {"state", a.state}});
      });
}

} // namespace

void add_cluster_routes(api::routes& to, std::shared_ptr<const cluster_context> c) {
  to.add("GET", "/v1/cluster", [c](const request&, const reply& done) { cluster_status(c, done); });
  to.add("POST", "/v1/cluster/rebalance", [c](const request& r, const reply& done) { set_mode(c, r, done); });
  to.add("GET", "/v1/nodes", [c](const request&, const reply& done) { list_nodes(c, done); });
  to.add("POST", "/v1/node/drain", [c](const request&, const reply& done) {
    tell_membership(c, done, membership::set_draining{true}, "this node is being drained");
  });
  to.add("POST", "/v1/node/undrain", [c](const request&, const reply& done) {
    tell_membership(c, done, membership::set_draining{false}, "this node takes shards again");
  });
  to.add("GET", "/v1/shards", [c](const request&, const reply& done) { list_shards(c, done); });
  to.add("GET", "/v1/shards/{shard}", [c](const request& r, const reply& done) { show_shard(c, r, done); });
  to.add("POST", "/v1/shards/{shard}/move", [c](const request& r, const reply& done) { move_shard(c, r, done); });
  to.add("POST", "/v1/shards/{shard}/recover", [c](const request& r, const reply& done) { recover_shard(c, r, done); });
  to.add("POST", "/v1/entities/{kind}/{id}", [c](const request& r, const reply& done) { command(c, r, done); });
  to.add("GET", "/v1/entities/{kind}/{id}", [c](const request& r, const reply& done) { read_entity(c, r, done); });
}

} // namespace sett::runtime
