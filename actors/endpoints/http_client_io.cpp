#include "actors/endpoints/http_client_io.hpp"

#include "actors/endpoints/asio_stream_io.hpp"
#include "actors/endpoints/retry_after.hpp"
#include "messages/solana/padded_text.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http.hpp>

#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace sett::endpoints {

namespace {

using namespace detail;
namespace http = beast::http;

constexpr std::size_t waiting_max = 256;
constexpr std::size_t buffer_kept_max = 8U << 20;

struct shared_options {
  url address;
  std::vector<std::pair<std::string, config::secret>> headers;
  duration connect_timeout;
  std::uint64_t response_bytes_max{};
  std::uint32_t connections_max{};
  std::shared_ptr<asio::ssl::context> tls;
};

struct request {
  std::string body;
  steady_time_ns deadline;
  std::function<void(http_reply&)> done;
};

void finish(request& r, http_outcome outcome, std::string why) {
  http_reply reply;
  reply.outcome = outcome;
  reply.reason = std::move(why);
  reply.received = stamp_now();
  if (auto done = std::exchange(r.done, nullptr)) done(reply);
}

class connection {
public:
  virtual ~connection() = default;
  virtual void run(request r) = 0; // one at a time
  virtual void close() = 0;
};

/// The pool: hands waiting requests to connections that are free. Its mutex is held for a few instructions only.
class pool : public std::enable_shared_from_this<pool> {
public:
  pool(asio::io_context& context, std::shared_ptr<const shared_options> options)
      : context_(context), options_(std::move(options)) {}

  void post(request r) {
    std::shared_ptr<connection> with;
    {
      const std::scoped_lock lock(mutex_);
      if (!stopped_ && !idle_.empty()) {
        with = std::move(idle_.back());
        idle_.pop_back();
      } else if (!stopped_ && all_.size() < options_->connections_max) {
        with = make();
        all_.push_back(with);
      } else if (!stopped_ && waiting_.size() < waiting_max) {
        waiting_.push_back(std::move(r));
        return;
      }
    }
    if (with) return with->run(std::move(r));
    asio::post(context_, [r = std::move(r), stopped = stopped_]() mutable {
      finish(r, stopped ? http_outcome::stopped : http_outcome::shed, stopped ? "stopped" : "too many calls under way");
    });
  }
  /// A connection ended its request: it gets the next one or rests.
  void free(const std::shared_ptr<connection>& c) {
    request next;
    {
      const std::scoped_lock lock(mutex_);
      if (waiting_.empty()) {
        if (!stopped_) idle_.push_back(c);
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    c->run(std::move(next));
  }
  void stop() {
    std::vector<std::shared_ptr<connection>> all;
    std::deque<request> waiting;
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
      all.swap(all_);
      waiting.swap(waiting_);
      idle_.clear();
    }
    for (auto& c : all) c->close();
    for (auto& r : waiting)
      asio::post(context_, [r = std::move(r)]() mutable { finish(r, http_outcome::stopped, "stopped"); });
  }

private:
  std::shared_ptr<connection> make();
  asio::io_context& context_;
  std::shared_ptr<const shared_options> options_;
  std::mutex mutex_;
  bool stopped_{};
  std::vector<std::shared_ptr<connection>> all_, idle_;
  std::deque<request> waiting_;
};

/// A connected stream with what was read ahead.
template <class Stream>
struct wire {
  template <class... Args>
  explicit wire(Args&&... args) : stream(std::forward<Args>(args)...) {}
  auto& socket() { return beast::get_lowest_layer(stream); }
  void close() {
    beast::error_code ignored;
    socket().socket().close(ignored);
  }
  Stream stream;
  beast::flat_buffer buffer;
};

/// One sending of one request. Handlers hold it, so an abandoned one keeps what its operations still refer to.
template <class Stream>
struct attempt {
  std::shared_ptr<wire<Stream>> line;
  http::request<http::string_body> message;
  http::response_parser<http::basic_dynamic_body<beast::flat_buffer>> parser;
  bool reused{};
};

template <class Stream>
class connection_of final : public connection, public std::enable_shared_from_this<connection_of<Stream>> {
public:
  connection_of(asio::io_context& context, std::shared_ptr<const shared_options> options, std::weak_ptr<pool> owner)
      : options_(std::move(options)),
        owner_(std::move(owner)),
        strand_(asio::make_strand(context)),
        resolver_(strand_),
        deadline_(strand_) {}

  void run(request r) override {
    asio::post(strand_, [self = this->shared_from_this(), r = std::move(r)]() mutable {
      self->request_ = std::move(r);
      self->begin();
    });
  }
  void close() override {
    asio::post(strand_, [self = this->shared_from_this()] {
      self->closed_ = true;
      if (self->busy_) return self->end(http_outcome::stopped, "stopped");
      if (auto kept = std::exchange(self->kept_, nullptr)) kept->close();
    });
  }

private:
  using attempt_ptr = std::shared_ptr<attempt<Stream>>;

  void begin() {
    busy_ = true;
    const auto serial = ++serial_;
    if (closed_) return end(http_outcome::stopped, "stopped");
    started_ = stamp_now().steady;
    if (started_ >= request_.deadline) return end(http_outcome::timeout, "no free connection before the deadline");
    deadline_.expires_after(duration{request_.deadline.value - started_.value});
    deadline_.async_wait([self = this->shared_from_this(), serial](const beast::error_code& ec) {
      if (!ec && self->busy_ && self->serial_ == serial)
        self->end(http_outcome::timeout, "no answer before the deadline");
    });
    current_ = std::make_shared<attempt<Stream>>();
    current_->line = std::exchange(kept_, nullptr);
    current_->reused = current_->line != nullptr;
    if (current_->reused)
      write();
    else
      resolve();
  }
  void resolve() {
    resolver_.async_resolve(options_->address.host, options_->address.port,
                            guarded<tcp::resolver::results_type>(
                                [this](const beast::error_code& ec, const tcp::resolver::results_type& found) {
                                  if (ec) return end(http_outcome::transport, reason("resolve", ec));
                                  connect(found);
                                }));
  }
  void connect(const tcp::resolver::results_type& found) {
    if constexpr (std::is_same_v<Stream, tls_stream>)
      current_->line = std::make_shared<wire<Stream>>(strand_, *options_->tls);
    else
      current_->line = std::make_shared<wire<Stream>>(strand_);
    socket().expires_after(options_->connect_timeout);
    socket().async_connect(found, guarded<tcp::endpoint>([this](const beast::error_code& ec, const tcp::endpoint&) {
                             if (ec) return end(http_outcome::transport, reason("connect", ec));
                             beast::error_code ignored;
                             socket().socket().set_option(tcp::no_delay(true), ignored);
                             secure();
                           }));
  }
  void secure() {
    if constexpr (std::is_same_v<Stream, tls_stream>) {
      auto& stream = current_->line->stream;
      beast::error_code ec;
      if (!expect_host(stream, options_->address.host, ec)) return end(http_outcome::transport, reason("tls", ec));
      stream.async_handshake(asio::ssl::stream_base::client, guarded([this](const beast::error_code& hs) {
                               if (hs) return end(http_outcome::transport, reason("tls", hs));
                               write();
                             }));
    } else {
      write();
    }
  }
  void write() {
    socket().expires_never(); // the deadline's timer rules from here on
    const auto& a = options_->address;
    auto& m = current_->message;
    m = {http::verb::post, a.target, 11};
    m.set(http::field::host, a.port == (a.tls ? "443" : "80") ? a.host : a.host + ":" + a.port);
    m.set(http::field::content_type, "application/json");
    m.set(http::field::accept, "application/json");
    m.set(http::field::user_agent, "sett");
    for (const auto& [name, value] : options_->headers) m.set(name, value.reveal());
    m.body() = request_.body;
    m.prepare_payload();
    current_->parser.body_limit(options_->response_bytes_max);
    current_->parser.header_limit(64U << 10);
    http::async_write(current_->line->stream, m, guarded<std::size_t>([this](const beast::error_code& ec, std::size_t) {
                        if (ec) return lost(reason("write", ec));
                        read();
                      }));
  }
  void read() {
    http::async_read(current_->line->stream, current_->line->buffer, current_->parser,
                     guarded<std::size_t>([this](const beast::error_code& ec, std::size_t) {
                       const auto received = stamp_now();
                       if (ec == http::error::body_limit)
                         return end(http_outcome::too_large, "the answer is larger than " +
                                                                 std::to_string(options_->response_bytes_max) +
                                                                 " bytes");
                       if (ec) return lost(reason("read", ec));
                       answered(received);
                     }));
  }
  /// The connection broke. A kept one that never began to answer was closed by the peer while it rested: once more, on
  /// a new one.
  void lost(const std::string& why) {
    if (!current_->reused || current_->parser.got_some() || closed_) return end(http_outcome::transport, why);
    current_->line->close();
    current_ = std::make_shared<attempt<Stream>>();
    resolve();
  }
  void answered(const stamp& received) {
    const auto turn = std::exchange(current_, nullptr);
    auto message = turn->parser.release();
    auto& body = message.body();
    (void)body.prepare(solana::text_padding); // may move the body, so before its address is taken
    const auto bytes = body.cdata();
    http_reply reply;
    reply.outcome = http_outcome::answered;
    reply.status = message.result_int();
    reply.body = {static_cast<const char*>(bytes.data()), bytes.size(), received};
    reply.received = received;
    reply.latency = duration{received.steady.value - started_.value};
    if (const auto header = message.find(http::field::retry_after); header != message.end())
      reply.retry_after =
          parse_retry_after(std::string_view(header->value().data(), header->value().size()), received.wall);
    if (message.keep_alive() && !closed_) {
      kept_ = turn->line;
      if (kept_->buffer.size() == 0 && kept_->buffer.capacity() > buffer_kept_max) kept_->buffer = {};
    } else {
      turn->line->close();
    }
    auto done = std::exchange(request_.done, nullptr);
    rest();
    if (done) done(reply);
    release();
  }
  void end(http_outcome outcome, const std::string& why) {
    resolver_.cancel();
    if (const auto turn = std::exchange(current_, nullptr); turn && turn->line) turn->line->close();
    rest();
    finish(request_, outcome, why);
    release();
  }
  void rest() {
    busy_ = false;
    ++serial_;
    deadline_.cancel();
  }
  void release() {
    if (auto owner = owner_.lock()) owner->free(this->shared_from_this());
  }
  auto& socket() { return current_->line->socket(); }
  /// A handler that runs only while its attempt is the current one, and keeps attempt and connection alive.
  template <class... Args, class Handler>
  auto guarded(Handler handler) {
    return [self = this->shared_from_this(), turn = current_, h = std::move(handler)](const beast::error_code& ec,
                                                                                      const Args&... args) mutable {
      if (self->current_ == turn) h(ec, args...);
    };
  }

  std::shared_ptr<const shared_options> options_;
  std::weak_ptr<pool> owner_;
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::resolver resolver_;
  asio::steady_timer deadline_;
  std::shared_ptr<wire<Stream>> kept_;
  attempt_ptr current_;
  request request_;
  steady_time_ns started_;
  std::uint64_t serial_{};
  bool busy_{}, closed_{};
};

std::shared_ptr<connection> pool::make() {
  if (options_->address.tls) return std::make_shared<connection_of<tls_stream>>(context_, options_, weak_from_this());
  return std::make_shared<connection_of<plain_stream>>(context_, options_, weak_from_this());
}

class client final : public http_client {
public:
  client(asio::io_context& context, std::shared_ptr<const shared_options> options)
      : pool_(std::make_shared<pool>(context, std::move(options))) {}
  ~client() override { pool_->stop(); }
  void post(std::string body, duration timeout, std::function<void(http_reply&)> done) override {
    pool_->post({std::move(body), resilience::after(stamp_now().steady, timeout), std::move(done)});
  }
  void stop() override { pool_->stop(); }

private:
  std::shared_ptr<pool> pool_;
};

} // namespace

result<std::unique_ptr<http_client>> make_http_client(socket_threads& threads, const endpoint_options& options) {
  auto address = parse_url(options.http_url.reveal(), url_kind::http);
  if (!address)
    return fail("endpoints", endpoints_errc::bad_url,
                "endpoint " + options.name + ": http: " + address.error().message);
  auto shared = std::make_shared<shared_options>();
  shared->address = std::move(*address);
  shared->headers = options.headers;
  shared->connect_timeout = options.connect_timeout;
  shared->response_bytes_max = options.response_bytes_max;
  shared->connections_max = options.connections_max;
  if (shared->address.tls) {
    auto context = verifying_context(options.tls);
    if (!context) return std::unexpected(context.error());
    shared->tls = *context;
  }
  return std::make_unique<client>(threads.context(), std::move(shared));
}

} // namespace sett::endpoints
