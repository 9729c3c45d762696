#include "tools/simnet/fault_plan.hpp"
#include "tools/simnet/grpc_server.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/pubsub_session.hpp"
#include "tools/simnet/rpc_handlers.hpp"
#include "tools/simnet/simnet_server.hpp"
#include "tools/simnet/transaction_port.hpp"

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace sett::simnet {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace json = boost::json;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using frame_ptr = std::shared_ptr<const std::string>;

namespace {

constexpr std::size_t request_bytes_max = 1u << 20;
constexpr std::size_t stalled_max = 256; // connections held open in silence; beyond it the oldest is dropped

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct server_counters {
  std::atomic<std::uint64_t> http_requests{}, http_answers_failed{}, ws_connections{}, ws_frames{}, ws_closed_slow{},
      faults{};
};

/// What a garbage payload looks like: seeded bytes that are valid UTF-8 but no JSON.
std::string garbage(fault_plan& plan, std::size_t size) {
  std::string out = "\x7f{]";
  while (out.size() < std::clamp<std::size_t>(size, 16, 512))
    out.push_back(static_cast<char>('!' + plan.random() % 90));
  return out;
}

std::string_view notification_method(std::string_view frame) {
  constexpr std::string_view mark = "\"method\":\"";
  const auto at = frame.substr(0, 64).find(mark);
  if (at == std::string_view::npos) return "response";
  const auto rest = frame.substr(at + mark.size(), 64);
  return rest.substr(0, rest.find('"'));
}

/// Closes with a TCP reset instead of a FIN.
void reset_socket(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

} // namespace

class ws_connection;

/// One face of the chain.
struct endpoint {
  std::size_t index{};
  std::vector<std::shared_ptr<ws_connection>> clients;
  struct late_step {
    chain_step step;
    std::uint64_t made_at{}; // newest slot when it happened
  };
  std::deque<late_step> late;
  std::set<std::uint64_t> hidden;      // slots that are not notified
  std::set<std::uint64_t> unavailable; // and not served
};

class server_core final : public grpc_host {
public:
  server_core(server_options o, std::unique_ptr<chain_driver> d)
      : options(std::move(o)), driver(std::move(d)), plan(options.seed), rpc(cache), slot_timer(io) {}

  result<void> start();
  void stop();
  void produce();
  void schedule_slot();
  void deliver(endpoint& face, const chain_step& step);
  void release_late(endpoint& face);
  std::string admin(http::verb verb, std::string_view target, std::string_view body, http::status& status);

  [[nodiscard]] chain_view view(std::size_t index) const {
    return {driver->history(), plan.lag_slots(index, now_ms(), driver->history().newest())};
  }
  void hold(std::shared_ptr<void> connection) {
    stalled.push_back(std::move(connection));
    if (stalled.size() > stalled_max) stalled.pop_front();
  }

  // grpc_host
  void post(std::function<void()> task) override { asio::post(io, std::move(task)); }
  void post_after(std::chrono::milliseconds delay, std::function<void()> task) override {
    auto timer = std::make_shared<asio::steady_timer>(io, delay);
    timer->async_wait([timer, task = std::move(task)](error_code ec) {
      if (!ec) task();
    });
  }
  chain_view view_of(std::size_t index) const override { return view(index); }
  std::optional<fault> decide_grpc(std::size_t index, const std::string& method) override {
    auto found = plan.decide(index, fault_channel::grpc, {method}, now_ms(), driver->history().newest());
    if (found) ++counters.faults;
    return found;
  }
  std::string garbage_bytes(std::size_t size) override { return garbage(plan, size); }
  std::size_t queue_bytes_max() const override { return options.queue_bytes_max; }
  const playback* recording() const override { return options.recording.get(); }
  std::chrono::nanoseconds playing_time(std::uint64_t first_ns, std::uint64_t at_ns) const override {
    return std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(at_ns - std::min(first_ns, at_ns)) / options.recording_speed));
  }
  bool recording_loops() const override { return options.recording_loop; }

  server_options options;
  asio::io_context io{1};
  std::unique_ptr<chain_driver> driver;
  fault_plan plan;
  render_cache cache;
  rpc_service rpc;
  asio::steady_timer slot_timer;
  std::chrono::steady_clock::time_point next_slot;
  std::vector<endpoint> faces;
  std::vector<std::unique_ptr<grpc_server>> grpc_ports;
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors;
  std::vector<endpoint_ports> ports;
  std::uint16_t admin_port{};
  std::deque<std::shared_ptr<void>> stalled;
  server_counters counters;
  std::size_t connections{};
  mutable std::mutex mutex; // guards the driver against summary_json from outside
  bool paused{};
  std::atomic<bool> finished{};
  std::thread thread;
};

/// A WebSocket client. Writes one frame after the other; a frame may have to wait for its time (delay fault).
class ws_connection : public std::enable_shared_from_this<ws_connection> {
public:
  ws_connection(server_core& server, endpoint& face, beast::tcp_stream stream)
      : server_(server),
        face_(face),
        ws_(std::move(stream)),
        timer_(server.io),
        play_timer_(server.io),
        session_(server.cache) {
    if (server_.options.recording) playback_.emplace(*server_.options.recording);
  }
  ~ws_connection() { --server_.connections; }

  template <class Request>
  void accept(Request request) {
    ws_.set_option(websocket::stream_base::timeout{std::chrono::seconds(30), websocket::stream_base::none(), false});
    ws_.read_message_max(request_bytes_max);
    ws_.text(true);
    ws_.auto_fragment(false);
    ws_.async_accept(request, [self = shared_from_this()](error_code ec) {
      if (ec) return;
      ++self->server_.counters.ws_connections;
      self->face_.clients.push_back(self);
      self->read();
    });
  }

  void deliver(const chain_step& step) {
    if (stalled_ || closed_ || playback_) return;
    session_.deliver(step, [this](std::string frame) { send(std::move(frame)); });
  }

  void shut_down() {
    closed_ = true;
    error_code ignored;
    beast::get_lowest_layer(ws_).socket().close(ignored);
    timer_.cancel();
    play_timer_.cancel();
  }

private:
  struct queued {
    frame_ptr text;
    std::chrono::steady_clock::time_point ready;
  };

  void read() {
    ws_.async_read(buffer_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->gone();
      const auto text = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.consume(self->buffer_.size());
      if (self->stalled_) return;
      if (self->playback_) {
        self->send(self->playback_->request(text));
        if (self->playback_->subscribed() && !std::exchange(self->playing_, true)) self->begin_playing();
      } else
        for (auto& frame : self->session_.request(text, self->server_.view(self->face_.index)))
          self->send(std::move(frame));
      if (!self->closed_ && !self->stalled_) self->read();
    });
  }

  /// Applies the faults of this moment to a frame and queues what is left of it.
  void send(std::string frame) {
    if (stalled_ || closed_) return;
    auto ready = std::chrono::steady_clock::now();
    int copies = 1;
    const auto found = server_.plan.decide(face_.index, fault_channel::ws, {std::string(notification_method(frame))},
                                           now_ms(), server_.driver->history().newest());
    if (found) {
      ++server_.counters.faults;
      switch (found->kind) {
      case fault_kind::delay:
        ready += std::chrono::milliseconds(found->delay_ms);
        break;
      case fault_kind::stall:
        return stall();
      case fault_kind::reset:
      case fault_kind::status:
        return reset();
      case fault_kind::garbage:
        frame = garbage(server_.plan, frame.size());
        break;
      case fault_kind::truncate:
        frame.resize(frame.size() / 2);
        break;
      case fault_kind::duplicate:
        copies = 2;
        break;
      default:
        break;
      }
    }
    const auto text = std::make_shared<const std::string>(std::move(frame));
    for (; copies > 0; --copies) {
      // Order is kept: a frame never overtakes a delayed one.
      if (!queue_.empty()) ready = std::max(ready, queue_.back().ready);
      queue_.push_back({text, ready});
      queued_bytes_ += text->size();
    }
    if (queued_bytes_ > server_.options.queue_bytes_max) {
      ++server_.counters.ws_closed_slow;
      return reset();
    }
    write();
  }

  /// A moment for further subscriptions, then the recorded frames at their times.
  void begin_playing() {
    constexpr auto settle = std::chrono::milliseconds(50);
    play_start_ = std::chrono::steady_clock::now() + settle;
    // The first frame is chosen when the client has made all its subscriptions, else frames of the later ones are lost.
    play_timer_.expires_at(play_start_);
    play_timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec && !self->stalled_ && !self->closed_) self->play(self->playback_->next());
    });
  }

  void play(const playback::notification* next) {
    if (next == nullptr) {
      if (!server_.options.recording_loop) return;
      playback_->rewind();
      return begin_playing();
    }
    const auto first = server_.options.recording->notifications.front().at_ns;
    play_timer_.expires_at(play_start_ + server_.playing_time(first, next->at_ns));
    play_timer_.async_wait([self = shared_from_this(), next](error_code ec) {
      if (ec || self->stalled_ || self->closed_) return;
      self->send(next->payload);
      if (!self->stalled_ && !self->closed_) self->play(self->playback_->next());
    });
  }

  void write() {
    if (writing_ || queue_.empty() || stalled_ || closed_) return;
    writing_ = true;
    const auto wait = queue_.front().ready - std::chrono::steady_clock::now();
    if (wait > std::chrono::steady_clock::duration::zero()) {
      timer_.expires_after(wait);
      timer_.async_wait([self = shared_from_this()](error_code) {
        self->writing_ = false;
        self->write();
      });
      return;
    }
    current_ = queue_.front().text;
    queue_.pop_front();
    queued_bytes_ -= current_->size();
    ws_.async_write(asio::buffer(*current_), [self = shared_from_this()](error_code ec, std::size_t) {
      self->writing_ = false;
      if (ec) return self->gone();
      ++self->server_.counters.ws_frames;
      self->write();
    });
  }

  /// From now on neither reads (so that pings stay unanswered) nor writes, but keeps the socket open.
  void stall() {
    stalled_ = true;
    queue_.clear();
    beast::get_lowest_layer(ws_).cancel();
    server_.hold(shared_from_this());
    leave();
  }

  void reset() {
    closed_ = true;
    queue_.clear();
    reset_socket(beast::get_lowest_layer(ws_).socket());
    leave();
  }

  void gone() {
    if (stalled_) return;
    closed_ = true;
    leave();
  }

  /// Not while the endpoint walks over its clients.
  void leave() {
    asio::post(server_.io, [self = shared_from_this()] { std::erase(self->face_.clients, self); });
  }

  server_core& server_;
  endpoint& face_;
  websocket::stream<beast::tcp_stream> ws_;
  beast::flat_buffer buffer_;
  asio::steady_timer timer_, play_timer_;
  std::chrono::steady_clock::time_point play_start_;
  pubsub_session session_;
  std::optional<playback_session> playback_;
  bool playing_{};
  std::deque<queued> queue_;
  std::size_t queued_bytes_{};
  frame_ptr current_;
  bool writing_{}, stalled_{}, closed_{};
};

namespace {

constexpr std::size_t admin_index = ~std::size_t{0};

/// An HTTP client: JSON-RPC, the upgrade to WebSocket, or the administrator.
class http_connection : public std::enable_shared_from_this<http_connection> {
public:
  http_connection(server_core& server, std::size_t index, tcp::socket socket)
      : server_(server), index_(index), stream_(std::move(socket)), timer_(server.io) {
    ++server_.connections;
  }
  ~http_connection() {
    if (!upgraded_) --server_.connections;
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(request_bytes_max);
    stream_.expires_after(std::chrono::seconds(120));
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec == http::error::body_limit)
        return self->respond(http::status::payload_too_large, "request too large", "text/plain");
      if (ec) return;
      self->handle();
    });
  }

private:
  using simnet_impl = server_core;

  void handle() {
    auto& request = parser_->get();
    keep_alive_ = request.keep_alive();
    if (index_ == admin_index) {
      http::status status = http::status::ok;
      auto body = server_.admin(request.method(), std::string_view(request.target()), request.body(), status);
      return respond(status, std::move(body), "application/json");
    }
    if (websocket::is_upgrade(request)) return upgrade();
    if (request.method() == http::verb::get && request.target() == "/health")
      return respond(http::status::ok, "ok", "text/plain");
    if (request.method() == http::verb::options) return respond(http::status::ok, "", "text/plain");
    if (request.method() != http::verb::post)
      return respond(http::status::method_not_allowed, "Used HTTP Method is not allowed. POST or OPTIONS is required",
                     "text/plain");
    ++server_.counters.http_requests;
    std::vector<std::string> methods = rpc_service::methods_of(request.body());
    const auto found =
        server_.plan.decide(index_, fault_channel::http, methods, now_ms(), server_.driver->history().newest());
    if (found) {
      ++server_.counters.faults;
      ++server_.counters.http_answers_failed;
      switch (found->kind) {
      case fault_kind::status:
        return refuse(*found);
      case fault_kind::stall:
        return server_.hold(shared_from_this());
      case fault_kind::reset:
        return reset_socket(stream_.socket());
      case fault_kind::garbage:
        return respond(http::status::ok, garbage(server_.plan, 200), "application/json");
      case fault_kind::truncate:
        return truncate(answer());
      case fault_kind::delay:
        timer_.expires_after(std::chrono::milliseconds(found->delay_ms));
        return timer_.async_wait([self = shared_from_this()](error_code ec) {
          if (!ec) self->respond(http::status::ok, self->answer(), "application/json");
        });
      default:
        break;
      }
    }
    respond(http::status::ok, answer(), "application/json");
  }

  std::string answer() {
    if (server_.options.recording)
      if (auto recorded = recorded_answer(*server_.options.recording, parser_->get().body())) return *recorded;
    const auto& hidden = server_.faces[index_].unavailable;
    return server_.rpc.answer(
        parser_->get().body(), server_.view(index_),
        [&hidden](slot_number slot) { return hidden.contains(slot.value); }, manners());
  }

  endpoint_manners manners() {
    endpoint_manners out;
    out.port = server_.driver->port();
    out.endpoint = index_;
    for (const auto& f : server_.plan.lies(index_, rpc_service::methods_of(parser_->get().body()), now_ms(),
                                           server_.driver->history().newest())) {
      ++server_.counters.faults;
      out.swallows_sends |= f.kind == fault_kind::swallow;
      out.denies_sends |= f.kind == fault_kind::deny;
      out.withholds |= f.kind == fault_kind::withhold;
      out.claims_finalized |= f.kind == fault_kind::claim;
      if (f.kind == fault_kind::overstate) out.height_ahead = f.slots;
    }
    return out;
  }

  void upgrade() {
    const auto found =
        server_.plan.decide(index_, fault_channel::ws, {"connect"}, now_ms(), server_.driver->history().newest());
    if (found && !found->method.empty()) { // faults of frames do not concern the handshake unless it is named
      ++server_.counters.faults;
      if (found->kind == fault_kind::status) return refuse(*found);
      if (found->kind == fault_kind::stall) return server_.hold(shared_from_this());
      if (found->kind == fault_kind::reset) return reset_socket(stream_.socket());
    } else if (found && found->kind == fault_kind::status) {
      return refuse(*found);
    }
    upgraded_ = true;
    stream_.expires_never();
    auto client = std::make_shared<ws_connection>(server_, server_.faces[index_], std::move(stream_));
    client->accept(parser_->release());
  }

  void refuse(const fault& f) {
    const auto message = f.status == 429 ? "Too many requests for a specific RPC call" : "simulated failure";
    respond(static_cast<http::status>(f.status),
            fmt::format("{{\"jsonrpc\":\"2.0\",\"error\":{{\"code\":{},\"message\":\"{}\"}},\"id\":null}}", f.status,
                        message),
            "application/json", f.status == 429 || f.status == 503 ? f.retry_after_seconds : 0);
  }

  void respond(http::status status, std::string body, std::string_view type, std::uint32_t retry_after_seconds = 0) {
    response_ = {};
    response_.version(11);
    response_.result(status);
    response_.set(http::field::content_type, beast::string_view(type.data(), type.size()));
    response_.set(http::field::access_control_allow_origin, "*");
    if (retry_after_seconds != 0) response_.set(http::field::retry_after, std::to_string(retry_after_seconds));
    response_.keep_alive(keep_alive_);
    response_.body() = std::move(body);
    response_.prepare_payload();
    stream_.expires_after(std::chrono::seconds(120));
    http::async_write(stream_, response_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return;
      if (self->keep_alive_) return self->read();
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  /// The headers promise the whole body, half of it comes, then the connection ends.
  void truncate(std::string body) {
    half_ = fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                        body.size(), std::string_view(body).substr(0, body.size() / 2));
    asio::async_write(stream_, asio::buffer(half_), [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    });
  }

  simnet_impl& server_;
  std::size_t index_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  asio::steady_timer timer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::string half_;
  bool keep_alive_{}, upgraded_{};
};

void accept_loop(server_core& server, tcp::acceptor& acceptor, std::size_t index) {
  acceptor.async_accept([&server, &acceptor, index](error_code ec, tcp::socket socket) {
    if (ec == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (!ec && server.connections < server.options.connections_max) {
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      std::make_shared<http_connection>(server, index, std::move(socket))->read();
    }
    accept_loop(server, acceptor, index);
  });
}

} // namespace

result<void> server_core::start() {
  if (!options.schedule_json.empty()) {
    error_code ec;
    const auto schedule = json::parse(options.schedule_json, ec);
    if (ec || !schedule.is_array())
      return fail("simnet", server_errc::bad_schedule, "the schedule must be a JSON array of faults");
    for (std::size_t i = 0; i < schedule.get_array().size(); ++i) {
      const auto* description = schedule.get_array()[i].if_object();
      if (description == nullptr)
        return fail("simnet", server_errc::bad_schedule, fmt::format("schedule entry {} is not an object", i));
      if (auto added = plan.add(*description, now_ms()); !added)
        return fail("simnet", server_errc::bad_schedule,
                    fmt::format("schedule entry {}: {}", i, added.error().message));
    }
  }
  const auto listen = [this](std::uint16_t port, std::size_t index) -> result<std::uint16_t> {
    try {
      auto acceptor = std::make_unique<tcp::acceptor>(io, tcp::endpoint(asio::ip::make_address(options.host), port));
      const auto bound = acceptor->local_endpoint().port();
      accept_loop(*this, *acceptor, index);
      acceptors.push_back(std::move(acceptor));
      return bound;
    } catch (const std::exception& e) {
      return fail("simnet", server_errc::cannot_listen,
                  fmt::format("cannot listen on {}:{}: {}", options.host, port, e.what()));
    }
  };
  faces.resize(options.endpoints);
  for (std::size_t i = 0; i < options.endpoints; ++i) {
    faces[i].index = i;
    const auto http_port = listen(i == 0 ? options.http_port : std::uint16_t{0}, i);
    if (!http_port) return std::unexpected(http_port.error());
    const auto ws_port = listen(i == 0 ? options.ws_port : std::uint16_t{0}, i);
    if (!ws_port) return std::unexpected(ws_port.error());
    auto grpc_port = start_grpc_server(*this, i, options.host, i == 0 ? options.grpc_port : std::uint16_t{0});
    if (!grpc_port) return std::unexpected(grpc_port.error());
    ports.push_back(endpoint_ports{*http_port, *ws_port, (*grpc_port)->port()});
    grpc_ports.push_back(std::move(*grpc_port));
  }
  const auto bound = listen(options.admin_port, admin_index);
  if (!bound) return std::unexpected(bound.error());
  admin_port = *bound;
  next_slot = std::chrono::steady_clock::now();
  if (options.recording) {
    while (!finished) produce();
  } else if (options.slot_ms == 0) {
    produce();
  } else {
    schedule_slot();
  }
  thread = std::thread([this] { io.run(); });
  return {};
}

void server_core::schedule_slot() {
  slot_timer.expires_at(next_slot);
  slot_timer.async_wait([this](error_code ec) {
    if (ec) return;
    if (!paused) produce();
    // A late machine makes slots late, not crowded.
    next_slot = std::max(next_slot + std::chrono::milliseconds(options.slot_ms), std::chrono::steady_clock::now());
    schedule_slot();
  });
}

void server_core::produce() {
  const std::lock_guard lock(mutex);
  std::vector<chain_step> steps;
  for (const auto& f : plan.chain_faults(now_ms(), driver->history().newest())) {
    ++counters.faults;
    if (f.kind == fault_kind::skip_slot) {
      driver->skip(f.slots);
    } else if (auto dead = driver->fork(f.slots)) {
      steps.insert(steps.end(), dead->begin(), dead->end());
    }
  }
  for (auto& step : driver->tick()) steps.push_back(std::move(step));
  finished = driver->finished();
  const auto newest = driver->history().newest().value;
  for (auto& face : faces) {
    for (const auto& step : steps) {
      if (step.status == slot_status::first_shred_received)
        if (const auto hide = plan.hide_slot(face.index, now_ms(), step.slot)) {
          ++counters.faults;
          face.hidden.insert(step.slot.value);
          if (hide->unavailable) face.unavailable.insert(step.slot.value);
          if (face.hidden.size() > 10'000) face.hidden.erase(face.hidden.begin());
          if (face.unavailable.size() > 10'000) face.unavailable.erase(face.unavailable.begin());
        }
      face.late.push_back({step, newest});
    }
    release_late(face);
  }
}

void server_core::release_late(endpoint& face) {
  const auto newest = driver->history().newest();
  const auto lag = plan.lag_slots(face.index, now_ms(), newest);
  while (!face.late.empty() && face.late.front().made_at + lag <= newest.value) {
    const auto step = std::move(face.late.front().step);
    face.late.pop_front();
    deliver(face, step);
  }
}

void server_core::deliver(endpoint& face, const chain_step& step) {
  if (face.hidden.contains(step.slot.value)) return;
  for (const auto& client : face.clients) client->deliver(step);
  grpc_ports[face.index]->deliver(step);
}

std::string server_core::admin(http::verb verb, std::string_view target, std::string_view body, http::status& status) {
  const auto query = target.find('?');
  const auto path = target.substr(0, query);
  const auto refuse = [&status](http::status code, std::string_view message) {
    status = code;
    return fmt::format("{{\"error\":{}}}", json_string(message));
  };
  if (verb == http::verb::get && path == "/admin/ledger") {
    const std::lock_guard lock(mutex);
    constexpr std::string_view through = "through=";
    if (query == std::string_view::npos) return driver->ledger().to_json(true);
    const auto text = target.substr(query + 1);
    std::uint64_t slot = 0;
    const auto* end = text.data() + text.size();
    if (!text.starts_with(through) || std::from_chars(text.data() + through.size(), end, slot).ptr != end)
      return refuse(http::status::bad_request, "write /admin/ledger?through=SLOT");
    return driver->ledger().totals_json(slot_number{slot});
  }
  if (verb == http::verb::get && path == "/admin/balances") {
    const std::lock_guard lock(mutex);
    const auto* port = driver->port();
    if (port == nullptr) return refuse(http::status::not_found, "this chain executes nothing: it has no balances");
    return port->balances_json();
  }
  if (verb == http::verb::get && path == "/admin/status") {
    const auto& h = driver->history();
    const chain_view v(h, 0);
    return fmt::format("{{\"processed\":{},\"confirmed\":{},\"finalized\":{},\"first_available\":{},\"finished\":{},"
                       "\"paused\":{},\"connections\":{}}}",
                       v.tip(commitment::processed).value, v.tip(commitment::confirmed).value,
                       v.tip(commitment::finalized).value, h.first_available().value, driver->finished(), paused,
                       connections);
  }
  if (verb == http::verb::get && path == "/admin/fault") return plan.to_json();
  if (verb == http::verb::post && path == "/admin/fault") {
    error_code ec;
    const auto value = json::parse(json::string_view(body.data(), body.size()), ec);
    if (ec || !value.is_object())
      return refuse(http::status::bad_request, "the body must be a JSON object that describes a fault");
    const auto added = plan.add(value.get_object(), now_ms());
    if (!added) return refuse(http::status::bad_request, added.error().message);
    return fmt::format("{{\"id\":{}}}", *added);
  }
  if (verb == http::verb::delete_ && path == "/admin/fault") {
    plan.clear();
    return "{\"cleared\":true}";
  }
  if (verb == http::verb::delete_ && path.starts_with("/admin/fault/")) {
    const auto text = path.substr(13);
    std::uint64_t id = 0;
    std::from_chars(text.data(), text.data() + text.size(), id);
    if (auto removed = plan.remove(id); !removed) return refuse(http::status::not_found, removed.error().message);
    return "{\"cleared\":true}";
  }
  if (verb == http::verb::post && path == "/admin/step") {
    std::uint64_t slots = 1;
    if (query != std::string_view::npos && target.substr(query).starts_with("?slots=")) {
      const auto text = target.substr(query + 7);
      std::from_chars(text.data(), text.data() + text.size(), slots);
    }
    if (slots == 0 || slots > 10'000) return refuse(http::status::bad_request, "slots must lie between 1 and 10000");
    for (std::uint64_t i = 0; i < slots; ++i) produce();
    return fmt::format("{{\"slot\":{}}}", driver->history().newest().value);
  }
  if (verb == http::verb::post && (path == "/admin/pause" || path == "/admin/resume")) {
    paused = path == "/admin/pause";
    return fmt::format("{{\"paused\":{}}}", paused);
  }
  return refuse(http::status::not_found, "known: GET /admin/ledger, GET /admin/balances, GET /admin/status, "
                                         "GET|POST|DELETE /admin/fault, POST /admin/step?slots=N, "
                                         "POST /admin/pause, POST /admin/resume");
}

void server_core::stop() {
  // gRPC first: its last tasks still need the thread.
  for (auto& port : grpc_ports) port->stop();
  if (!thread.joinable()) return;
  asio::post(io, [this] {
    slot_timer.cancel();
    for (auto& acceptor : acceptors) acceptor->close();
    for (auto& face : faces)
      for (auto& client : face.clients) client->shut_down();
    io.stop();
  });
  thread.join();
  for (auto& face : faces) face.clients.clear();
  stalled.clear();
}

simnet_server::simnet_server(server_options options, std::unique_ptr<chain_driver> driver)
    : impl_(std::make_unique<server_core>(std::move(options), std::move(driver))) {}

simnet_server::~simnet_server() { stop(); }

result<void> simnet_server::start() { return impl_->start(); }

void simnet_server::stop() { impl_->stop(); }

const std::vector<endpoint_ports>& simnet_server::ports() const { return impl_->ports; }

std::uint16_t simnet_server::admin_port() const { return impl_->admin_port; }

std::string simnet_server::balances_json() const {
  const std::lock_guard lock(impl_->mutex);
  const auto* port = impl_->driver->port();
  return port == nullptr ? std::string() : port->balances_json();
}

bool simnet_server::finished() const { return impl_->finished; }

std::string simnet_server::ready_json() const {
  const auto& host = impl_->options.host;
  const auto describe = [&host](const endpoint_ports& p) {
    std::string text = fmt::format("\"http\":\"http://{0}:{1}\",\"ws\":\"ws://{0}:{2}\"", host, p.http, p.ws);
    if (p.grpc != 0) text += fmt::format(",\"grpc\":\"http://{}:{}\"", host, p.grpc);
    return text;
  };
  std::string list;
  for (std::size_t i = 0; i < impl_->ports.size(); ++i)
    list += fmt::format("{}{{\"name\":\"simnet-{}\",{}}}", i == 0 ? "" : ",", i, describe(impl_->ports[i]));
  return fmt::format("{{\"ready\":true,{},\"admin\":\"http://{}:{}\",\"endpoints\":[{}]}}",
                     describe(impl_->ports.front()), host, impl_->admin_port, list);
}

std::string simnet_server::summary_json(bool details) const {
  const std::lock_guard lock(impl_->mutex);
  const auto& c = impl_->counters;
  auto out = impl_->driver->ledger().to_json(details);
  out.pop_back();
  return out + fmt::format(",\"finished\":{},\"http_requests\":{},\"http_answers_failed\":{},\"ws_connections\":{},"
                           "\"ws_frames\":{},\"ws_closed_slow\":{},\"faults\":{}}}",
                           impl_->finished.load(), c.http_requests.load(), c.http_answers_failed.load(),
                           c.ws_connections.load(), c.ws_frames.load(), c.ws_closed_slow.load(), c.faults.load());
}

} // namespace sett::simnet
