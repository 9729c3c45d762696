#include "nodes/runtime/control_api.hpp"

#include "actors/supervision/restart_request.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/runtime/json_views.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sett::runtime {
namespace json = boost::json;
namespace control = protocol::control;
using api::error_response;
using api::reply;
using api::request;
using api::response;

namespace {

using context_ptr = std::shared_ptr<const control_context>;

response ok(const json::value& v) { return {200, "application/json", json::serialize(v) + "\n"}; }

/// What an actor's refusal is in HTTP. Its sentence may quote anything, so known secrets are replaced.
response refusal(const control_context& c, const error& e) {
  if (e.area == "runtime" && e.code == static_cast<std::uint16_t>(ask_errc::timeout))
    return error_response(504, c.secrets.clean(e.message), "the node may be overloaded: see `sett status`");
  if (e.area == "runtime" && e.code == static_cast<std::uint16_t>(ask_errc::no_actor))
    return error_response(503, c.secrets.clean(e.message),
                          "it is being restarted or the node is starting: try again, or see `sett actor ls`");
  return error_response(404, c.secrets.clean(e.message));
}

/// Asks the router and answers with the view of what it says.
template <class Answer, class Message, class View>
void through_router(const context_ptr& c, Message message, reply done, View to_view) {
  c->ask.ask<Answer>(c->router_path, std::move(message), [c, done = std::move(done), to_view](result<Answer> answer) {
    if (!answer)
      done(refusal(*c, answer.error()));
    else
      done(ok(to_view(*answer)));
  });
}

void with_status(const context_ptr& c, std::function<void(node_status)> done) {
  c->ask.ask<protocol::router_status>(c->router_path, protocol::router_status_request{},
                                      [c, done = std::move(done)](result<protocol::router_status> r) {
                                        auto s = c->status();
                                        if (r) s.router = *r;
                                        done(std::move(s));
                                      });
}

std::optional<address> address_of(const request& r, std::string_view place, const reply& done) {
  const auto parsed = solana::parse_address(r.places.find(place)->second);
  if (parsed) return *parsed;
  done(error_response(400, parsed.error().message, "write the base58 address in full"));
  return std::nullopt;
}

std::optional<std::uint64_t> limit_of(const request& r, const reply& done) {
  const auto n = r.number("limit", control::list_limit, 1, control::list_limit_max);
  if (!n) done(error_response(400, fmt::format("limit is not a number from 1 to {}", control::list_limit_max)));
  return n;
}

/// The position of a word in a closed set, or a 400 that lists it.
template <std::size_t N>
std::optional<std::size_t> choice_of(const request& r, std::string_view name,
                                     const std::array<std::string_view, N>& choices, const reply& done) {
  const auto word = r.query_or(name, choices[0]);
  const auto it = std::find(choices.begin(), choices.end(), word);
  if (it != choices.end()) return static_cast<std::size_t>(it - choices.begin());
  done(error_response(400, fmt::format("{} is none of: {}", name, fmt::join(choices, ", "))));
  return std::nullopt;
}

void list_tokens(const context_ptr& c, const request& r, reply done) {
  std::array<std::string_view, control::token_orders.size()> sorts;
  std::transform(control::token_orders.begin(), control::token_orders.end(), sorts.begin(),
                 [](const auto& o) { return o.word; });
  const auto sort = choice_of(r, "sort", sorts, done);
  if (!sort) return;
  const auto limit = limit_of(r, done);
  if (!limit) return;
  protocol::token_list_request ask;
  ask.sort = static_cast<protocol::token_sort>(*sort);
  ask.limit = static_cast<std::uint32_t>(*limit);
  ask.text = r.query_or("text", "");
  through_router<protocol::token_list>(c, ask, std::move(done), [](const protocol::token_list& l) { return view(l); });
}

void list_actors(const context_ptr& c, const request& r, const reply& done) {
  constexpr std::array<std::string_view, 5> sorts{"path", "depth", "head_age", "restarts", "handled"};
  const auto sort = choice_of(r, "sort", sorts, done);
  if (!sort) return;
  const auto limit = limit_of(r, done);
  if (!limit) return;
  protocol::actor_list_request ask;
  ask.prefix = r.query_or("prefix", "");
  ask.sort = static_cast<protocol::actor_sort>(*sort);
  ask.limit = static_cast<std::size_t>(*limit);
  done(ok(view(c->actors->list(ask, c->clock.steady_now().value))));
}

void show_actor(const context_ptr& c, const request& r, const reply& done) {
  const auto path = r.query_or("path", "");
  const auto info = c->actors->show(path, c->clock.steady_now().value);
  if (!info)
    return done(error_response(404, fmt::format("there is no actor at {}", path), "`sett actor ls` shows all paths"));
  done(ok(view(*info)));
}

void restart_actor(const context_ptr& c, const request& r, const reply& done) {
  const auto path = r.query_or("path", "");
  if (!c->actors->find(path))
    return done(error_response(404, fmt::format("there is no actor at {}", path), "`sett actor ls` shows all paths"));
  if (!supervision::request_restart(*c->actors, path))
    return done(error_response(409, fmt::format("nobody supervises {} in a way that can restart it", path)));
  ports::area_log(c->log, "node").info("restart-asked", "an actor is restarted by request", {{"path", path}});
  done(ok(json::object{{"path", path}, {"restarting", true}}));
}

void change_level(const context_ptr& c, const request& r, const reply& done) {
  const auto area = r.query_or("area", "");
  const auto level = telemetry::level_of(r.query_or("level", ""));
  if (area.empty() || area.size() > 32)
    return done(error_response(400, "name an area (or * for all others) with ?area="));
  if (!level) return done(error_response(400, "there is no such level", "trace, debug, info, warn, error or off"));
  c->log.levels().change(area, *level);
  const ports::area_log log(c->log, "log");
  log.info("level-changed", "a log level was changed", {{"of", area}, {"to", telemetry::level_name(*level)}});
  done(ok(json::object{{"levels", telemetry::levels_text(c->log.levels().levels())}}));
}

void list_endpoints(const context_ptr& c, const reply& done) {
  const auto known = c->board->read().endpoints;
  json::array rows;
  for (const auto& [name, path] : c->endpoints)
    if (const auto it = known.find(name); it != known.end())
      rows.push_back(view(it->second));
    else
      rows.push_back(
          json::object{{"name", name}, {"state", "no answer"}, {"reason", "its actor is starting or does not answer"}});
  done(ok(json::object{{"rows", std::move(rows)}}));
}

void show_endpoint(const context_ptr& c, const request& r, reply done) {
  const auto& name = r.places.find("name")->second;
  for (const auto& [known, path] : c->endpoints)
    if (known == name)
      return c->ask.ask<protocol::endpoint_status>(
          path, protocol::endpoint_status_request{},
          [c, done = std::move(done)](const result<protocol::endpoint_status>& s) {
            done(s ? ok(view(*s)) : refusal(*c, s.error()));
          });
  done(error_response(404, fmt::format("there is no endpoint {}", name), "`sett endpoint ls` shows all"));
}

void log_lines(const context_ptr& c, const request& r, const reply& done) {
  const auto after = r.number("after", 0, 0, UINT64_MAX);
  if (!after) return done(error_response(400, "after is no number"));
  const auto tail = c->log.tail(*after);
  json::array lines;
  for (const auto& line : tail.lines) lines.push_back(json::parse(line));
  done(ok(json::object{{"next", tail.next}, {"rows", std::move(lines)}}));
}

/// The lines are JSON already: they are put together, not read again.
void opportunity_lines(const context_ptr& c, const request& r, const reply& done) {
  const auto after = r.number("after", 0, 0, UINT64_MAX);
  if (!after) return done(error_response(400, "after is no number"));
  const auto tail = c->opportunities->tail(*after);
  done({200, "application/json",
        fmt::format("{{\"next\":{},\"shed\":{},\"rows\":[{}]}}\n", tail.next, tail.shed, fmt::join(tail.lines, ","))});
}

} // namespace

void add_health_routes(api::routes& to, std::shared_ptr<const control_context> c) {
  to.add("GET", "/metrics", [c](const request&, const reply& done) {
    done({200, "text/plain; version=0.0.4; charset=utf-8", c->metrics.render()});
  });
  // Alive: actors get their turn. The gateway answers itself, whatever the rest does.
  to.add("GET", "/livez", [c](const request&, reply done) {
    c->ask.alive([done = std::move(done)] { done({200, "text/plain", "alive\n"}); });
  });
  to.add("GET", "/readyz", [c](const request&, reply done) {
    with_status(c, [done = std::move(done)](const node_status& s) {
      json::array why;
      for (const auto& d : degradations(s)) why.push_back(json::object{{"what", d.what}, {"why", d.why}});
      const bool is_ready = ready(s);
      done({is_ready ? 200U : 503U, "application/json",
            json::serialize(json::object{{"ready", is_ready}, {"degraded", std::move(why)}}) + "\n"});
    });
  });
}

void add_control_routes(api::routes& to, std::shared_ptr<const control_context> c) {
  const auto at = [](std::string_view path, std::string_view rest) { return std::string(path) + std::string(rest); };
  to.add("GET", control::status_path, [c](const request&, reply done) {
    with_status(c, [done = std::move(done)](const node_status& s) { done(ok(view(s))); });
  });
  to.add("GET", control::tokens_path, [c](const request& r, reply done) { list_tokens(c, r, std::move(done)); });
  to.add("GET", at(control::tokens_path, "/{mint}"), [c](const request& r, reply done) {
    if (const auto mint = address_of(r, "mint", done))
      through_router<protocol::token_detail>(c, protocol::token_show_request{*mint}, std::move(done),
                                             [](const protocol::token_detail& t) { return view(t); });
  });
  to.add("GET", control::wallets_path, [c](const request& r, reply done) {
    if (const auto limit = limit_of(r, done))
      through_router<protocol::wallet_list>(c, protocol::wallet_list_request{static_cast<std::uint32_t>(*limit)},
                                            std::move(done), [](const protocol::wallet_list& l) { return view(l); });
  });
  to.add("GET", at(control::wallets_path, "/{wallet}"), [c](const request& r, reply done) {
    if (const auto wallet = address_of(r, "wallet", done))
      through_router<protocol::wallet_detail>(c, protocol::wallet_show_request{*wallet}, std::move(done),
                                              [](const protocol::wallet_detail& w) { return view(w); });
  });
  const auto tracked = [](const protocol::wallet_tracked& w) {
    return json::object{{"wallet", solana::to_base58(w.wallet)}, {"changed", w.changed}, {"tracked", w.tracked}};
  };
  to.add("POST", at(control::wallets_path, "/{wallet}"), [c, tracked](const request& r, reply done) {
    const auto label = std::string(r.query_or("label", ""));
    if (label.size() > 64) return done(error_response(400, "a label has at most 64 bytes"));
    if (const auto wallet = address_of(r, "wallet", done))
      through_router<protocol::wallet_tracked>(c, protocol::wallet_track_request{*wallet, label}, std::move(done),
                                               tracked);
  });
  to.add("DELETE", at(control::wallets_path, "/{wallet}"), [c, tracked](const request& r, reply done) {
    if (const auto wallet = address_of(r, "wallet", done))
      through_router<protocol::wallet_tracked>(c, protocol::wallet_untrack_request{*wallet}, std::move(done), tracked);
  });
  to.add("GET", control::endpoints_path, [c](const request&, const reply& done) { list_endpoints(c, done); });
  to.add("GET", at(control::endpoints_path, "/{name}"),
         [c](const request& r, reply done) { show_endpoint(c, r, std::move(done)); });
  to.add("GET", control::plans_path,
         [c](const request&, const reply& done) { done(ok(json::object{{"rows", c->plans}})); });
  to.add("GET", control::actors_path, [c](const request& r, const reply& done) { list_actors(c, r, done); });
  to.add("GET", control::actor_path, [c](const request& r, const reply& done) { show_actor(c, r, done); });
  to.add("POST", control::actor_restart_path, [c](const request& r, const reply& done) { restart_actor(c, r, done); });
  to.add("GET", control::config_path, [c](const request&, const reply& done) { done(ok(view(c->settings))); });
  to.add("GET", control::opportunities_path,
         [c](const request& r, const reply& done) { opportunity_lines(c, r, done); });
  to.add("GET", control::log_lines_path, [c](const request& r, const reply& done) { log_lines(c, r, done); });
  to.add("GET", control::log_levels_path, [c](const request&, const reply& done) {
    done(ok(json::object{{"levels", telemetry::levels_text(c->log.levels().levels())}}));
  });
  to.add("POST", control::log_levels_path, [c](const request& r, const reply& done) { change_level(c, r, done); });
}

} // namespace sett::runtime
