#include "nodes/api/http_server_io.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sett::api {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t header_bytes_max = 16 * 1024;
constexpr auto write_timeout = std::chrono::seconds(10);
constexpr auto accept_pause = std::chrono::milliseconds(50); // after an error such as too many open files

struct server_metrics {
  ports::counter* requests;
  ports::counter* failed;
  ports::counter* timed_out;
  ports::counter* refused;
  ports::gauge* open;

  static server_metrics make(ports::metrics_registry& r, std::string_view server) {
    return {&r.counter_of("sett_api_requests_total", "Requests that were read.", {{"server", server}}),
            &r.counter_of("sett_api_requests_failed_total", "Requests that were answered with a status of 400 or more.",
                          {{"server", server}}),
            &r.counter_of("sett_api_requests_timed_out_total", "Requests whose handler did not answer in time.",
                          {{"server", server}}),
            &r.counter_of("sett_api_connections_refused_total", "Connections closed because the bound was reached.",
                          {{"server", server}}),
            &r.gauge_of("sett_api_connections_open", "Open connections.", {{"server", server}})};
  }
};

/// Through which answers from other threads come in, while the server runs.
struct door {
  std::mutex mutex;
  asio::io_context* io{};
};

/// Shared by all connections of one server; lives on the server's thread.
struct context {
  server_options options;
  std::shared_ptr<const routes> to;
  server_metrics metrics;
  std::shared_ptr<door> answers;
  std::uint32_t open{};
  std::atomic<bool> ending{false};
  std::atomic<std::uint32_t> waiting{0}; // requests without an answer yet
  asio::io_context io{1};                // last: its destruction ends the connections, which use the above
};

template <class Protocol>
class session : public std::enable_shared_from_this<session<Protocol>> {
public:
  session(typename Protocol::socket socket, context& c) : stream_(std::move(socket)), deadline_(c.io), context_(c) {
    ++context_.open;
    context_.metrics.open->set(context_.open);
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() {
    if (waiting_) --context_.waiting;
    --context_.open;
    context_.metrics.open->set(context_.open);
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(header_bytes_max);
    parser_->body_limit(context_.options.request_bytes_max);
    stream_.expires_after(first_ ? context_.options.request_timeout : context_.options.idle_timeout);
    first_ = false;
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](error_code failed, std::size_t) { self->on_read(failed); });
  }

private:
  void on_read(error_code failed) {
    if (failed == http::error::end_of_stream || failed == beast::error::timeout ||
        failed == asio::error::operation_aborted)
      return close();
    context_.metrics.requests->add();
    if (failed == http::error::body_limit) return answer(error_response(413, "the request's body is too large"), false);
    if (failed == http::error::header_limit)
      return answer(error_response(431, "the request's header is too large"), false);
    if (failed)
      return failed.category() == http::make_error_code(http::error::bad_method).category()
                 ? answer(error_response(400, "this is no HTTP request"), false)
                 : close();
    const auto& message = parser_->get();
    const bool keep = message.keep_alive();
    auto request = parse_target(message.method_string(), message.target());
    if (!request) return answer(error_response(400, "the request's path cannot be read"), false);
    request->body = message.body();
    stream_.expires_never();
    const auto turn = ++turn_;
    deadline_.expires_after(context_.options.request_timeout);
    deadline_.async_wait([self = this->shared_from_this(), turn](error_code cancelled) {
      if (cancelled || self->turn_ != turn || !self->waiting_) return;
      self->context_.metrics.timed_out->add();
      self->answer(
          error_response(504, "no answer within the time allowed", "the node may be overloaded: see `sett status`"),
          false);
    });
    waiting_ = true;
    ++context_.waiting;
    // A weak handle: a handler that never answers does not keep the connection, and an answer after the server's end
    // goes nowhere.
    reply to_client = [weak = this->weak_from_this(), answers = context_.answers, turn, keep](response r) {
      const std::scoped_lock lock(answers->mutex);
      if (answers->io == nullptr) return;
      asio::post(*answers->io, [weak, turn, keep, r = std::move(r)]() mutable {
        if (const auto self = weak.lock(); self && self->turn_ == turn && self->waiting_)
          self->answer(std::move(r), keep);
      });
    };
    context_.to->dispatch(std::move(*request), std::move(to_client));
  }

  void answer(response r, bool keep) {
    const auto self = this->shared_from_this();
    if (context_.ending) keep = false;
    deadline_.cancel();
    if (r.status >= 400) context_.metrics.failed->add();
    out_ = {};
    out_.version(11);
    out_.result(r.status);
    out_.set(http::field::server, "sett");
    out_.set(http::field::content_type, r.content_type);
    out_.set(http::field::cache_control, "no-store");
    out_.set("X-Content-Type-Options", "nosniff");
    out_.keep_alive(keep);
    out_.body() = std::move(r.body);
    out_.prepare_payload();
    stream_.expires_after(write_timeout);
    http::async_write(stream_, out_,
                      [self, keep, was_waiting = std::exchange(waiting_, false)](error_code failed, std::size_t) {
                        if (was_waiting) --self->context_.waiting; // it counts until it is written
                        if (failed || !keep) return self->close();
                        self->read();
                      });
  }

  void close() {
    error_code ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
  }

  beast::basic_stream<Protocol> stream_;
  asio::steady_timer deadline_;
  context& context_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> out_;
  std::uint64_t turn_{};
  bool waiting_{}, first_{true};
};

template <class Protocol>
class listener {
public:
  explicit listener(context& c) : acceptor_(c.io), pause_(c.io), context_(c) {}

  typename Protocol::acceptor& acceptor() { return acceptor_; }

  void accept() {
    acceptor_.async_accept([this](error_code failed, typename Protocol::socket socket) {
      if (failed == asio::error::operation_aborted) return;
      if (failed) {
        pause_.expires_after(accept_pause);
        pause_.async_wait([this](error_code cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      if (context_.open >= context_.options.connections_max)
        context_.metrics.refused->add(); // the socket closes here
      else
        std::make_shared<session<Protocol>>(std::move(socket), context_)->read();
      accept();
    });
  }

private:
  typename Protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  context& context_;
};

} // namespace

struct http_server::inner {
  context shared;
  std::unique_ptr<listener<asio::ip::tcp>> tcp;
  std::unique_ptr<listener<asio::local::stream_protocol>> local;
  std::string socket_path;
  std::uint16_t port{};
  std::thread thread;

  inner(const server_options& options, std::shared_ptr<const routes> to, server_metrics metrics)
      : shared{.options = options, .to = std::move(to), .metrics = metrics, .answers = std::make_shared<door>()} {
    shared.answers->io = &shared.io;
  }

  void start() {
    thread = std::thread([this] { shared.io.run(); });
  }
};

http_server::http_server(std::unique_ptr<inner> i) : inner_(std::move(i)) {}
http_server::~http_server() { stop(); }
std::uint16_t http_server::port() const { return inner_->port; }

void http_server::wind_down() {
  if (!inner_->shared.ending.exchange(true) && !inner_->socket_path.empty()) ::unlink(inner_->socket_path.c_str());
}

std::uint32_t http_server::waiting() const { return inner_->shared.waiting; }

void http_server::stop() {
  {
    const std::scoped_lock lock(inner_->shared.answers->mutex);
    inner_->shared.answers->io = nullptr;
  }
  if (!inner_->thread.joinable()) return;
  inner_->shared.io.stop();
  inner_->thread.join();
  wind_down();
}

result<std::unique_ptr<http_server>> http_server::listen_tcp(const std::string& address, std::uint16_t port,
                                                             const server_options& options,
                                                             std::shared_ptr<const routes> to,
                                                             ports::metrics_registry& metrics) {
  auto i = std::make_unique<inner>(options, std::move(to), server_metrics::make(metrics, "tcp"));
  i->tcp = std::make_unique<listener<asio::ip::tcp>>(i->shared);
  auto& acceptor = i->tcp->acceptor();
  error_code failed;
  const auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, failed);
  const asio::ip::tcp::endpoint at(ip, port);
  if (!failed) acceptor.open(at.protocol(), failed);
  if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) acceptor.bind(at, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return fail("api", api_errc::cannot_listen,
                fmt::format("cannot listen on {}:{}: {}; choose another api.port (0 takes any free one)", address, port,
                            failed.message()));
  i->port = acceptor.local_endpoint(failed).port();
  i->tcp->accept();
  i->start();
  return std::unique_ptr<http_server>(new http_server(std::move(i)));
}

result<std::unique_ptr<http_server>> http_server::listen_unix(const std::string& path, const server_options& options,
                                                              std::shared_ptr<const routes> to,
                                                              ports::metrics_registry& metrics) {
  using local = asio::local::stream_protocol;
  auto i = std::make_unique<inner>(options, std::move(to), server_metrics::make(metrics, "unix"));
  i->local = std::make_unique<listener<local>>(i->shared);
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return fail("api", api_errc::not_a_socket,
                  fmt::format("{} is there and is no socket; move it away or set another api.socket", path));
    local::socket probe(i->shared.io);
    error_code refused;
    probe.connect(local::endpoint(path), refused);
    if (!refused)
      return fail("api", api_errc::socket_in_use,
                  fmt::format("another process listens on {}; stop it or set another api.socket", path));
    ::unlink(path.c_str()); // left by a process that was killed
  }
  auto& acceptor = i->local->acceptor();
  error_code failed;
  acceptor.open(local(), failed);
  if (!failed) acceptor.bind(local::endpoint(path), failed);
  // Nobody can connect before listen(), so the mode is in force from the first moment.
  if (!failed && ::chmod(path.c_str(), 0600) != 0) failed = error_code(errno, boost::system::system_category());
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return fail("api", api_errc::cannot_listen,
                fmt::format("cannot listen on {}: {}; check the folder and its permissions", path, failed.message()));
  i->socket_path = path;
  i->local->accept();
  i->start();
  return std::unique_ptr<http_server>(new http_server(std::move(i)));
}

} // namespace sett::api
