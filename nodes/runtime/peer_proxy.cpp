#include "nodes/runtime/peer_proxy.hpp"

#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/accounts/account_kinds.hpp"
#include "nodes/runtime/merged_list.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <utility>

namespace sett::runtime {
namespace json = boost::json;
namespace control = protocol::control;
using api::error_response;
using api::reply;
using api::request;
using api::response;

namespace {

constexpr ports::packet_kind request_packet{200}, response_packet{201};
constexpr std::size_t open_questions_max = 1024;

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

void peer_proxy::serve(std::shared_ptr<const api::routes> local) {
  const std::scoped_lock lock(mutex_);
  local_ = std::move(local);
}

std::shared_ptr<const api::routes> peer_proxy::local() const {
  const std::scoped_lock lock(mutex_);
  return local_;
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
  if (r.path.starts_with(control::account_path) &&
      (r.path.size() == control::account_path.size() || r.path[control::account_path.size()] == '/')) {
    const auto self = context_->cluster.self();
    const auto record = context_->map->at(context_->cluster.shard_of(accounts::account_kind_name, context_->account));
    if (!self || !record || record->leader.node == self->node || record->leader.node.empty()) return false;
    request there = r;
    there.query.emplace("local", "yes");
    ask(std::string(record->leader.node.view()), std::move(there), done);
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
    std::vector<response> answers;
    std::string_view field;
    std::size_t limit{};
  };
  const auto nodes = others();
  auto all = std::make_shared<state>();
  all->left = nodes.size() + 1;
  all->field = control::wallet_order_field;
  if (r.path == control::tokens_path) {
    const auto word = r.query_or("sort", control::token_orders[0].word);
    for (const auto& o : control::token_orders)
      if (o.word == word) all->field = o.field; // no such word: the nodes refuse it
  }
  all->limit = r.number("limit", control::list_limit, 1, control::list_limit_max).value_or(control::list_limit);
  const auto take = [all, done](response a) {
    {
      const std::scoped_lock lock(all->mutex);
      all->answers.push_back(std::move(a));
      if (--all->left != 0) return;
    }
    done(merged_list(all->answers, all->field, all->limit));
  };
  request one = r;
  one.query.insert_or_assign("local", "yes");
  for (const auto& node : nodes) ask(node, one, take);
  if (const auto own = local())
    own->dispatch(std::move(one), take);
  else
    take(error_response(503, "this node stops"));
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
  if (timer == ports::timer_id::none)
    return finish(number, error_response(503, "this node has no timer left for the question", "try again"));
  {
    const std::scoped_lock lock(mutex_);
    if (const auto it = open_.find(number); it != open_.end()) it->second.timer = timer;
  }
  if (!context_->network.send(*to, {.lane = ports::lane::control,
                                    .kind = request_packet,
                                    .correlation = number,
                                    .deadline_ns = context_->proxy_within_ns,
                                    .body = encode_request(r)}))
    finish(number, error_response(503, fmt::format("node {} cannot be reached now", node)));
}

void peer_proxy::on_packet(const member& from, const ports::packet& p) {
  if (p.kind == request_packet) {
    const auto own = local();
    auto r = decode_request(p.body);
    if (!own || !r) return;
    own->dispatch(std::move(*r), [self = shared_from_this(), from, id = p.correlation](response a) {
      if (a.body.size() > ports::body_bytes_max / 2)
        a = error_response(413, "the answer is too large to travel between nodes", "ask that node directly");
      json::object o{{"status", a.status}, {"type", a.content_type}, {"body", a.body}};
      // Refused: the asker's deadline ends it.
      static_cast<void>(self->context_->network.send(
          from,
          {.lane = ports::lane::control, .kind = response_packet, .correlation = id, .body = json::serialize(o)}));
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
