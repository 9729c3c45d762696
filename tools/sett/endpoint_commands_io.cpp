#include "tools/sett/endpoint_commands_io.hpp"

#include "actors/endpoints/rpc_text.hpp"
#include "actors/endpoints/source_plan.hpp"
#include "actors/endpoints/transport_io.hpp"
#include "actors/resilience/rate_limiter.hpp"
#include "messages/recording/recording.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/rpc_response.hpp"
#include "nodes/runtime/endpoint_mapping.hpp"
#include "tools/sett/human.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace sett::tools {
namespace json = boost::json;
using endpoints::plan_kind;

namespace {

constexpr auto door_timeout = std::chrono::seconds(10);

volatile std::sig_atomic_t interrupted = 0; // how often
void on_interrupt(int) { interrupted = interrupted + 1; }

/// The endpoint of that name, or the only one; a report on err and nothing otherwise.
std::optional<endpoints::endpoint_options> chosen(const command_context& c, const std::string& name) {
  const auto r = config::load(c.settings);
  if (!r.ok()) {
    for (const auto& f : r.faults) c.err << "sett: " << f.text() << "\n";
    return std::nullopt;
  }
  const auto& all = r.value.endpoints;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == name || (name.empty() && all.size() == 1)) return runtime::options_of(all[i], r.value.ingest, i);
  std::string names;
  for (const auto& e : all) names += (names.empty() ? "" : ", ") + e.name;
  if (names.empty())
    report(c, exit_failed, "no endpoint is configured here; give --config FILE, or SETT_ENDPOINT_<NAME>_HTTP and _WS");
  else
    report(c, exit_failed,
           name.empty() ? fmt::format("several endpoints are configured; name one of: {}", names)
                        : fmt::format("there is no endpoint {}; configured: {}", name, names));
  return std::nullopt;
}

/// A block or a transaction that a plan's stream only names: it is asked for over HTTP, as the node would.
struct ask {
  slot_number slot;
  std::optional<signature> transaction; // absent: the slot's block
  std::int64_t due_ns{};
  unsigned tries{};
};
constexpr std::size_t asks_max = 10'000; // wait; beyond, the newest is not asked for, counted
constexpr unsigned tries_max = 50;
constexpr std::int64_t retry_ns = 200'000'000, drain_ns = 5'000'000'000;

/// What a frame of the plan's stream names.
std::optional<ask> named_in(plan_kind plan, std::string_view frame) {
  if (plan != plan_kind::slot_get_block && plan != plan_kind::logs_get_transaction) return std::nullopt;
  boost::system::error_code bad;
  const auto v = json::parse(json::string_view(frame.data(), frame.size()), bad);
  if (bad) return std::nullopt;
  const auto* slot = v.find_pointer("/params/result/slot", bad);
  if (plan == plan_kind::slot_get_block)
    return slot != nullptr && slot->is_number() ? std::optional(ask{slot_number{slot->to_number<std::uint64_t>()}, {}})
                                                : std::nullopt;
  const auto* error = v.find_pointer("/params/result/value/err", bad);
  const auto* which = v.find_pointer("/params/result/value/signature", bad);
  signature s;
  if (which == nullptr || !which->is_string() || error == nullptr || !error->is_null() ||
      !solana::base58::decode_64({which->get_string().data(), which->get_string().size()}, s.bytes))
    return std::nullopt;
  return ask{{}, s};
}

/// What the sockets' threads report to the command that waits. Late callbacks hold it too, so it outlives the command.
struct shared_state {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::string> ended; // why, for people
  std::uint64_t frames{}, bytes{};
  std::ostream* out{};
  std::int64_t started_ns{-1};
  bool opened{}, failed{};
  bool following{true}; // the stream's frames still count
  std::deque<ask> asks;
  std::size_t in_flight{};
  std::uint64_t missing{}; // blocks and transactions that could not be had
  std::optional<resilience::rate_limiter> limiter;

  /// `names`: what the frame names is asked for; a frame that is written never goes without.
  void write(recording::channel where, recording::direction which, std::int64_t at_ns, std::string payload,
             const std::optional<ask>& names = std::nullopt) {
    const std::scoped_lock lock(mutex);
    if (out == nullptr || (!following && where != recording::channel::http)) return;
    if (started_ns < 0) started_ns = at_ns;
    bytes += payload.size();
    ++frames;
    const std::uint32_t connection = where == recording::channel::http ? 2 : 1;
    *out << recording::encode(
        recording::frame{static_cast<std::uint64_t>(std::max<std::int64_t>(at_ns - started_ns, 0)), where, connection,
                         which, std::move(payload)});
    if (!*out) failed = true;
    if (names && asks.size() < asks_max)
      asks.push_back(*names);
    else if (names)
      ++missing;
    changed.notify_all();
  }
  void end(std::string why) {
    const std::scoped_lock lock(mutex);
    ended = std::move(why);
    changed.notify_all();
  }
  void open() {
    const std::scoped_lock lock(mutex);
    opened = true;
    changed.notify_all();
  }
};

std::int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Opens the stream of the endpoint's plan; what comes is written to the state.
struct open_stream {
  std::unique_ptr<endpoints::websocket_client> ws;
  std::unique_ptr<endpoints::grpc_stream_client> grpc;
};

result<open_stream> open_recorded(endpoints::transport& sockets, const endpoints::endpoint_options& e,
                                  const std::shared_ptr<shared_state>& s) {
  open_stream out;
  if (e.plan == plan_kind::yellowstone_grpc) {
    auto client = sockets.grpc(e);
    if (!client) return std::unexpected(client.error());
    out.grpc = std::move(*client);
    out.grpc->open(slot_number{}, {.on_open = [s](const endpoints::stamp&) { s->open(); },
                                   .on_message =
                                       [s](const endpoints::frame& f) {
                                         s->write(recording::channel::grpc, recording::direction::received,
                                                  f.received.steady.value, std::string(f.data, f.size));
                                       },
                                   .on_closed = [s](const std::string& why) { s->end(why); }});
    return out;
  }
  auto client = sockets.websocket(e);
  if (!client) return std::unexpected(client.error());
  out.ws = std::move(*client);
  auto* ws = out.ws.get();
  const auto requests = endpoints::subscriptions(e.plan, e.level, 1);
  ws->open({.on_open =
                [s, ws, requests](const endpoints::stamp& at) {
                  s->open();
                  for (const auto& text : requests) {
                    s->write(recording::channel::ws, recording::direction::sent, at.steady.value, text);
                    ws->send(text);
                  }
                },
            .on_frame =
                [s, plan = e.plan](const endpoints::frame& f) {
                  const auto names = named_in(plan, {f.data, f.size});
                  s->write(recording::channel::ws, recording::direction::received, f.received.steady.value,
                           std::string(f.data, f.size), names);
                },
            .on_closed = [s](const std::string& why) { s->end(why); }});
  return out;
}

/// Whether an answer says to ask again.
bool is_not_yet(std::string_view body) {
  constexpr std::size_t error_bytes_max = 4096; // a block is longer
  if (body.size() > error_bytes_max) return false;
  boost::system::error_code bad;
  const auto v = json::parse(json::string_view(body.data(), body.size()), bad);
  if (bad) return true;
  const auto* code = v.find_pointer("/error/code", bad);
  if (code != nullptr && code->is_int64()) {
    const auto means = solana::rpc::meaning_of(code->get_int64());
    return means == solana::rpc::meaning::not_yet || means == solana::rpc::meaning::rate_limited ||
           means == solana::rpc::meaning::node_unhealthy;
  }
  const auto* result = v.find_pointer("/result", bad);
  return result == nullptr || result->is_null(); // getTransaction's "not there yet"
}

/// Makes the calls that are due, within the endpoint's rate and connections, and records question and answer.
void make_calls(endpoints::http_client& client, const endpoints::endpoint_options& e,
                const std::shared_ptr<shared_state>& s, std::uint64_t& next_id) {
  for (;;) {
    ask a;
    {
      const std::scoped_lock lock(s->mutex);
      const auto now = steady_now_ns();
      const auto due = std::find_if(s->asks.begin(), s->asks.end(), [now](const ask& x) { return x.due_ns <= now; });
      if (due == s->asks.end() || s->in_flight >= e.connections_max) return;
      const auto cost = endpoints::credits_of(e, due->transaction ? "getTransaction" : "getBlock");
      if (!s->limiter->try_take(cost, steady_time_ns{now})) return;
      a = *due;
      s->asks.erase(due);
      ++s->in_flight;
    }
    const auto id = next_id++;
    auto body = a.transaction ? endpoints::get_transaction(id, *a.transaction, e.level)
                              : endpoints::get_block(id, a.slot, e.level);
    s->write(recording::channel::http, recording::direction::sent, steady_now_ns(), body);
    client.post(std::move(body), e.call_timeout, [s, a](endpoints::http_reply& r) mutable {
      const std::string_view text = r.outcome == endpoints::http_outcome::answered && r.status == 200
                                        ? std::string_view(r.body.data, r.body.size)
                                        : std::string_view();
      if (!text.empty())
        s->write(recording::channel::http, recording::direction::received, r.received.steady.value, std::string(text));
      const bool again = text.empty() || is_not_yet(text);
      const std::scoped_lock lock(s->mutex);
      --s->in_flight;
      if (r.status == 429) s->limiter->throttled(r.retry_after, steady_time_ns{steady_now_ns()});
      if (again && ++a.tries < tries_max) {
        a.due_ns = steady_now_ns() + retry_ns;
        s->asks.push_back(a);
      } else if (again) {
        ++s->missing;
      }
      s->changed.notify_all();
    });
  }
}

/// Waits for the end of the recording; the reason for people when it is a bad one. `work` is done in between.
std::optional<std::string> wait_for_end(shared_state& s, const record_options& options,
                                        const std::function<void()>& work) {
  const auto begun = steady_now_ns();
  std::unique_lock lock(s.mutex);
  for (;;) {
    s.changed.wait_for(lock, std::chrono::milliseconds(50));
    lock.unlock();
    work();
    lock.lock();
    if (s.failed) return "the file cannot be written; is the disk full?";
    if (s.ended) return fmt::format("the stream ended: {}", *s.ended);
    if (interrupted != 0 || (options.frames_max != 0 && s.frames >= options.frames_max)) return std::nullopt;
    if (options.seconds > 0 && static_cast<double>(steady_now_ns() - begun) >= options.seconds * 1e9)
      return std::nullopt;
  }
}

/// The stream is over: what it named last is still asked for, for a moment.
void drain(shared_state& s, const std::function<void()>& work) {
  const auto begun = steady_now_ns();
  std::unique_lock lock(s.mutex);
  s.following = false;
  while ((!s.asks.empty() || s.in_flight > 0) && interrupted < 2 && steady_now_ns() - begun < drain_ns) {
    lock.unlock();
    work();
    lock.lock();
    s.changed.wait_for(lock, std::chrono::milliseconds(20));
  }
  s.missing += s.asks.size() + s.in_flight;
}

struct door {
  std::string_view name;
  bool ok{};
  std::string detail;
};

door test_http(endpoints::transport& sockets, const endpoints::endpoint_options& e) {
  struct answer {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<door> found;
  };
  auto client = sockets.http(e);
  if (!client) return {"http", false, client.error().message};
  auto a = std::make_shared<answer>();
  (*client)->post(endpoints::get_health(1), door_timeout, [a](endpoints::http_reply& r) {
    door d{"http", false, r.reason};
    if (r.outcome == endpoints::http_outcome::answered) {
      boost::system::error_code bad;
      const auto v = json::parse(std::string_view(r.body.data, r.body.size), bad);
      d.ok = r.status == 200 && !bad && v.is_object() && v.as_object().contains("result");
      const auto took =
          duration_of_us(static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(r.latency).count()));
      d.detail = d.ok ? fmt::format("healthy, answered in {}", took)
                      : fmt::format("status {}, not healthy, answered in {}", r.status, took);
    }
    const std::scoped_lock lock(a->mutex);
    a->found = std::move(d);
    a->changed.notify_all();
  });
  std::unique_lock lock(a->mutex);
  a->changed.wait_for(lock, door_timeout + std::chrono::seconds(1), [&] { return a->found.has_value(); });
  return a->found.value_or(door{"http", false, "no answer in time"});
}

door test_stream(endpoints::transport& sockets, endpoints::endpoint_options e, std::string_view name) {
  e.plan = name == "grpc" ? plan_kind::yellowstone_grpc : plan_kind::none; // none: a handshake without subscriptions
  auto s = std::make_shared<shared_state>();
  const auto stream = open_recorded(sockets, e, s);
  if (!stream) return {name, false, stream.error().message};
  std::unique_lock lock(s->mutex);
  s->changed.wait_for(lock, door_timeout, [&] { return s->opened || s->ended; });
  if (s->opened) return {name, true, "opened"};
  return {name, false, s->ended.value_or("no answer in time")};
}

} // namespace

int record_command(const command_context& c, const record_options& options) {
  auto e = chosen(c, options.endpoint);
  if (!e) return exit_failed;
  if (e->plan == plan_kind::none)
    return report(c, exit_failed,
                  fmt::format("endpoint {} has no stream; set endpoint.{}.plan and its address", e->name, e->name));
  std::ofstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary | std::ios::trunc);
    if (!file) return report(c, exit_failed, fmt::format("cannot write {}; check the folder", options.file));
  }
  std::ostream& out = options.file == "-" ? c.out : file;
  const auto wall =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  out << recording::encode(recording::header{e->name, wall});
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  auto s = std::make_shared<shared_state>();
  s->out = &out;
  endpoints::socket_threads threads(1);
  const auto sockets = endpoints::make_transport(threads);
  std::optional<std::string> bad;
  {
    std::unique_ptr<endpoints::http_client> http;
    if (e->plan == plan_kind::slot_get_block || e->plan == plan_kind::logs_get_transaction) {
      if (e->http_url.empty())
        return report(c, exit_failed, fmt::format("this plan asks over HTTP; set endpoint.{}.http", e->name));
      auto client = sockets->http(*e);
      if (!client) return report(c, exit_failed, client.error().message);
      http = std::move(*client);
      s->limiter.emplace(e->rate, steady_time_ns{steady_now_ns()});
    }
    std::uint64_t next_id = 1;
    const auto work = [&] {
      if (http) make_calls(*http, *e, s, next_id);
    };
    auto stream = open_recorded(*sockets, *e, s);
    if (!stream) return report(c, exit_failed, stream.error().message);
    bad = wait_for_end(*s, options, work);
    drain(*s, work);
    threads.stop(); // no callback runs any more: what the stream holds may go
  }
  const std::scoped_lock lock(s->mutex);
  s->out = nullptr;
  out << recording::encode(recording::end_mark{s->frames}) << std::flush;
  c.err << fmt::format("sett: {} frames, {} bytes of {} by {}\n", s->frames, s->bytes, e->name,
                       endpoints::to_string(e->plan));
  if (s->missing != 0)
    c.err << fmt::format("sett: {} blocks or transactions that the stream named could not be had\n", s->missing);
  if (!bad && !out) bad = "the file cannot be written; is the disk full?";
  if (bad) return report(c, exit_failed, *bad);
  return s->missing != 0 ? exit_degraded : exit_ok;
}

int endpoint_test_command(const command_context& c, const std::string& name) {
  const auto e = chosen(c, name);
  if (!e) return exit_failed;
  endpoints::socket_threads threads(1);
  const auto sockets = endpoints::make_transport(threads);
  std::vector<door> doors;
  if (!e->http_url.empty()) doors.push_back(test_http(*sockets, *e));
  if (!e->ws_url.empty()) doors.push_back(test_stream(*sockets, *e, "ws"));
  if (!e->grpc_url.empty()) doors.push_back(test_stream(*sockets, *e, "grpc"));
  threads.stop();
  json::array rows;
  bool all = !doors.empty();
  for (const auto& d : doors) {
    all = all && d.ok;
    rows.push_back(json::object{{"endpoint", e->name}, {"door", d.name}, {"ok", d.ok}, {"detail", d.detail}});
  }
  constexpr protocol::control::column columns[] = {
      {"endpoint", "ENDPOINT"}, {"door", "DOOR"}, {"ok", "OK", protocol::control::form::yes_no}, {"detail", "DETAIL"}};
  c.out << render_rows(rows, columns, c.table());
  return all ? exit_ok : exit_failed;
}

} // namespace sett::tools
