#include "tools/sett/endpoint_commands_io.hpp"

#include "actors/endpoints/rpc_text.hpp"
#include "actors/endpoints/source_plan.hpp"
#include "actors/endpoints/transport_io.hpp"
#include "messages/recording/recording.hpp"
#include "nodes/runtime/endpoint_mapping.hpp"
#include "tools/sett/human.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <fstream>
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

volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }

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

/// What the sockets' threads report to the command that waits. Late callbacks hold it too, so it outlives the command.
struct shared_state {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::string> ended; // why, for people
  std::uint64_t frames{}, bytes{};
  std::ostream* out{};
  std::int64_t started_ns{-1};
  bool opened{}, failed{};

  void write(recording::channel where, recording::direction which, std::int64_t at_ns, std::string payload) {
    const std::scoped_lock lock(mutex);
    if (out == nullptr) return;
    if (started_ns < 0) started_ns = at_ns;
    bytes += payload.size();
    ++frames;
    *out << recording::encode(
        recording::frame{static_cast<std::uint64_t>(at_ns - started_ns), where, 1, which, std::move(payload)});
    if (!*out) failed = true;
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
                [s](const endpoints::frame& f) {
                  s->write(recording::channel::ws, recording::direction::received, f.received.steady.value,
                           std::string(f.data, f.size));
                },
            .on_closed = [s](const std::string& why) { s->end(why); }});
  return out;
}

/// Waits for the end of the recording; the reason for people when it is a bad one.
std::optional<std::string> wait_for_end(shared_state& s, const record_options& options) {
  const auto begun = steady_now_ns();
  std::unique_lock lock(s.mutex);
  for (;;) {
    s.changed.wait_for(lock, std::chrono::milliseconds(50));
    if (s.failed) return "the file cannot be written; is the disk full?";
    if (s.ended) return fmt::format("the stream ended: {}", *s.ended);
    if (interrupted != 0 || (options.frames_max != 0 && s.frames >= options.frames_max)) return std::nullopt;
    if (options.seconds > 0 && static_cast<double>(steady_now_ns() - begun) >= options.seconds * 1e9)
      return std::nullopt;
  }
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
    auto stream = open_recorded(*sockets, *e, s);
    if (!stream) return report(c, exit_failed, stream.error().message);
    bad = wait_for_end(*s, options);
    threads.stop(); // no callback runs any more: what the stream holds may go
  }
  const std::scoped_lock lock(s->mutex);
  s->out = nullptr;
  out << recording::encode(recording::end_mark{s->frames}) << std::flush;
  c.err << fmt::format("sett: {} frames, {} bytes of {} by {}\n", s->frames, s->bytes, e->name,
                       endpoints::to_string(e->plan));
  if (!bad && !out) bad = "the file cannot be written; is the disk full?";
  return bad ? report(c, exit_failed, *bad) : exit_ok;
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
