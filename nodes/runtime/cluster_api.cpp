#include "nodes/runtime/cluster_api.hpp"

#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/entities/command_router.hpp"

#include <boost/json.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace sett::runtime {
namespace json = boost::json;
namespace control = protocol::control;
using api::error_response;
using api::reply;
using api::request;
using api::response;

namespace {

using context_ptr = std::shared_ptr<const cluster_context>;
constexpr std::size_t open_questions_max = 1024;
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

std::string_view text_of(shards::plan_mode m) {
  switch (m) {
  case shards::plan_mode::on:
    return "on";
  case shards::plan_mode::off:
    return "off";
  case shards::plan_mode::rollout:
    return "rollout";
  }
  return "unknown";
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
                           {"rebalance", text_of(d.mode)},
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

std::string encode_request(const request& r) {
  json::object query;
  for (const auto& [k, v] : r.query) query[k] = v;
  return json::serialize(
      json::object{{"method", r.method}, {"path", r.path}, {"query", std::move(query)}, {"body", r.body}});
}

std::optional<request> decode_request(std::string_view text) {
  boost::system::error_code failed;
  const auto v = json::parse(json::string_view(text.data(), text.size()), failed);
  const auto* o = failed ? nullptr : v.if_object();
  if (o == nullptr) return std::nullopt;
  const auto string_at = [&](const char* name) -> const json::string* {
    const auto* f = o->if_contains(name);
    return f == nullptr ? nullptr : f->if_string();
  };
  const auto *method = string_at("method"), *path = string_at("path"), *body = string_at("body");
  const auto* query = o->if_contains("query");
  if (method == nullptr || path == nullptr || body == nullptr || query == nullptr || !query->is_object())
    return std::nullopt;
  request r;
  r.method.assign(method->data(), method->size());
  r.path.assign(path->data(), path->size());
  r.body.assign(body->data(), body->size());
  for (const auto& [k, value] : query->get_object()) {
    if (!value.is_string()) return std::nullopt;
    r.query.emplace(std::string(k), std::string(value.get_string()));
  }
  return r;
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

void peer_proxy::serve(std::shared_ptr<const api::routes> local) {
  const std::scoped_lock lock(mutex_);
  local_ = std::move(local);
}

void peer_proxy::finish(std::uint64_t id, api::response r) {
  open_question q;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = open_.find(id);
    if (it == open_.end()) return;
    q = std::move(it->second);
    open_.erase(it);
  }
  context_->timer.cancel(q.timer);
  q.done(std::move(r));
}

void peer_proxy::intercept(api::routes& of) {
  of.intercept([self = shared_from_this()](const request& r, const reply& done) {
    const auto node = r.query.find("node");
    const auto own = self->context_->cluster.settings().self.node.view();
    if (node == r.query.end()) return self->spread(r, done);
    if (node->second == own) return false;
    request other = r;
    other.query.erase("node");
    self->ask(node->second, std::move(other), done);
    return true;
  });
}

std::vector<std::string> peer_proxy::others() const {
  std::vector<std::string> out;
  if (const auto view = context_->cluster.view())
    for (const auto& o : view->others)
      if (!o.seen.down) out.emplace_back(o.record.node.view());
  return out;
}

std::optional<std::string> peer_proxy::home_of(std::string_view kind, std::string_view base58) const {
  const auto key = solana::parse_address(base58);
  const auto self = context_->cluster.self();
  if (!key || !self) return std::nullopt;
  const std::string_view raw(reinterpret_cast<const char*>(key->bytes.data()), key->bytes.size());
  const auto record = context_->map->at(context_->cluster.shard_of(kind, raw));
  if (!record || record->leader.node == self->node) return std::nullopt;
  return std::string(record->leader.node.view());
}

bool peer_proxy::spread(const request& r, const reply& done) {
  if (r.query_or("local", "") == "yes") return false;
  const bool tokens = r.path == control::tokens_path, wallets = r.path == control::wallets_path;
  if (r.method == "GET" && (tokens || wallets)) {
    if (others().empty()) return false;
    gather(r, done);
    return true;
  }
  const auto one_of = [&](std::string_view path) {
    return r.path.size() > path.size() + 1 && r.path.starts_with(path) && r.path[path.size()] == '/';
  };
  const bool token = one_of(control::tokens_path), wallet = one_of(control::wallets_path);
  if (!token && !wallet) return false;
  request here = r;
  here.query.emplace("local", "yes");
  if (r.method == "GET") {
    const auto at = (token ? control::tokens_path : control::wallets_path).size() + 1;
    const auto home = home_of(token ? "token" : "wallet", std::string_view(r.path).substr(at));
    if (!home) return false;
    ask(*home, std::move(here), done);
    return true;
  }
  // Whoever takes the wallet's shard over must know that it is tracked.
  for (const auto& node : others()) ask(node, here, [](const response&) {});
  return false;
}

void peer_proxy::gather(const request& r, const reply& done) {
  struct state {
    std::mutex mutex;
    std::size_t left{};
    std::vector<json::object> answers;
    std::uint64_t silent{};
    std::string sort_field;
    std::size_t limit{};
  };
  const auto nodes = others();
  auto all = std::make_shared<state>();
  all->left = nodes.size() + 1;
  const auto sort = r.query_or("sort", "activity");
  all->sort_field = r.path == control::wallets_path ? "last_activity"
                    : sort == "volume"              ? "volume_lamports"
                    : sort == "price_change"        ? "change_ratio"
                    : sort == "created"             ? "created"
                    : sort == "liquidity"           ? "liquidity_quote"
                    : sort == "holders"             ? "holders_seen"
                                                    : "last_slot";
  all->limit = r.number("limit", 50, 1, 100'000).value_or(50);
  const auto take = [all, done](const response& a) {
    std::unique_lock lock(all->mutex);
    boost::system::error_code failed;
    auto v = json::parse(a.body, failed);
    if (!failed && a.status == 200 && v.is_object())
      all->answers.push_back(std::move(v.get_object()));
    else
      ++all->silent;
    if (--all->left != 0) return;
    lock.unlock();
    if (all->answers.empty()) return done(error_response(503, "no node answered", "see `sett node ls`"));
    const auto number = [](const json::value* x) {
      if (x == nullptr) return 0.0;
      if (x->is_string()) return std::strtod(x->get_string().c_str(), nullptr);
      boost::system::error_code none;
      const auto n = x->to_number<double>(none);
      return none ? 0.0 : n;
    };
    json::array rows;
    json::object out;
    for (auto& o : all->answers) {
      for (auto& [key, value] : o) {
        if (key == "rows" && value.is_array())
          for (auto& row : value.get_array()) rows.push_back(std::move(row));
        else if (value.is_number())
          out[key] = static_cast<std::uint64_t>(number(out.if_contains(key)) + number(&value));
        else if (value.is_string() && out.if_contains(key) != nullptr)
          out[key] = std::to_string(static_cast<std::uint64_t>(number(out.if_contains(key)) + number(&value)));
        else if (!out.contains(key))
          out[key] = value;
      }
    }
    std::sort(rows.begin(), rows.end(), [&](const json::value& x, const json::value& y) {
      const auto of = [&](const json::value& row) {
        return row.is_object() ? number(row.get_object().if_contains(all->sort_field)) : 0.0;
      };
      return of(x) > of(y);
    });
    if (rows.size() > all->limit) rows.resize(all->limit);
    out["rows"] = std::move(rows);
    out["nodes_unanswered"] = all->silent;
    done(ok(out));
  };
  request one = r;
  one.query.insert_or_assign("local", "yes");
  std::shared_ptr<const api::routes> local;
  {
    const std::scoped_lock lock(mutex_);
    local = local_;
  }
  for (const auto& node : nodes) ask(node, one, take);
  local->dispatch(std::move(one), take);
}

void peer_proxy::ask(const std::string& node, request r, const reply& done) {
  const auto view = context_->cluster.view();
  std::optional<member> to;
  if (const auto id = node_id::parse(node); view && id)
    for (const auto& o : view->others)
      if (o.record.node == *id) to = o.record.who();
  if (!to) return done(error_response(404, fmt::format("there is no node {}", node), "`sett node ls` shows all"));
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (open_.size() >= open_questions_max)
      return done(error_response(503, "too many questions to other nodes are open", "try again"));
    number = ++last_;
    open_.emplace(number, open_question{done, ports::timer_id::none});
  }
  const auto timer = context_->timer.start(context_->proxy_within_ns, [self = shared_from_this(), number, node] {
    self->finish(number, error_response(504, fmt::format("node {} did not answer in time", node),
                                        "see `sett node ls` for its state"));
  });
  {
    const std::scoped_lock lock(mutex_);
    if (const auto it = open_.find(number); it != open_.end()) it->second.timer = timer;
  }
  if (!context_->network.send(*to, {.lane = ports::lane::control,
                                    .kind = proxy_request_packet,
                                    .correlation = number,
                                    .deadline_ns = context_->proxy_within_ns,
                                    .body = encode_request(r)}))
    finish(number, error_response(503, fmt::format("node {} cannot be reached now", node)));
}

void peer_proxy::on_packet(const member& from, const ports::packet& p) {
  if (p.kind == proxy_request_packet) {
    std::shared_ptr<const api::routes> local;
    {
      const std::scoped_lock lock(mutex_);
      local = local_;
    }
    auto r = decode_request(p.body);
    if (!local || !r) return;
    local->dispatch(std::move(*r), [self = shared_from_this(), from, id = p.correlation](response a) {
      if (a.body.size() > ports::body_bytes_max / 2)
        a = error_response(413, "the answer is too large to travel between nodes", "ask that node directly");
      json::object o{{"status", a.status}, {"type", a.content_type}, {"body", a.body}};
      // Refused: the asker's deadline ends it.
      static_cast<void>(self->context_->network.send(from, {.lane = ports::lane::control,
                                                            .kind = proxy_response_packet,
                                                            .correlation = id,
                                                            .body = json::serialize(o)}));
    });
    return;
  }
  boost::system::error_code failed;
  const auto v = json::parse(p.body, failed);
  const auto* o = failed ? nullptr : v.if_object();
  const auto* status = o == nullptr ? nullptr : o->if_contains("status");
  const auto* type = o == nullptr ? nullptr : o->if_contains("type");
  const auto* body = o == nullptr ? nullptr : o->if_contains("body");
  if (status == nullptr || !status->is_int64() || type == nullptr || !type->is_string() || body == nullptr ||
      !body->is_string())
    return finish(p.correlation, error_response(502, "a node's answer could not be read"));
  finish(p.correlation, {static_cast<unsigned>(status->get_int64()), std::string(type->get_string()),
                         std::string(body->get_string())});
}

} // namespace sett::runtime
