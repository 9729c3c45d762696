#include "actors/endpoints/websocket_client_io.hpp"

#include "actors/endpoints/asio_stream_io.hpp"
#include "messages/solana/padded_text.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <deque>
#include <utility>

namespace sett::endpoints {

namespace {

using namespace detail;
namespace websocket = beast::websocket;

constexpr std::size_t send_queue_max = 1024;
constexpr auto fault_check = std::chrono::milliseconds(250);
constexpr std::size_t buffer_kept_max = 8U << 20; // a larger buffer is given back after its message

struct shared_options {
  url address;
  std::vector<std::pair<std::string, config::secret>> headers;
  duration connect_timeout, idle_timeout;
  std::uint64_t frame_bytes_max{};
  bool compression{};
  std::shared_ptr<asio::ssl::context> tls;
};

/// One connection's control, whatever its stream.
class session {
public:
  virtual ~session() = default;
  virtual void start() = 0;
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
};

template <class Stream>
class session_of final : public session, public std::enable_shared_from_this<session_of<Stream>> {
public:
  session_of(asio::io_context& context, std::shared_ptr<const shared_options> options, websocket_events events)
      : options_(std::move(options)),
        events_(std::move(events)),
        strand_(asio::make_strand(context)),
        resolver_(strand_),
        fault_timer_(strand_),
        ws_(make(strand_, *options_)) {}

  void start() override {
    asio::dispatch(strand_, [self = this->shared_from_this()] { self->resolve(); });
  }
  void send(std::string text) override {
    asio::post(strand_, [self = this->shared_from_this(), t = std::move(text)]() mutable {
      if (!self->open_ || self->over_) return;
      if (self->outgoing_.size() >= send_queue_max) return self->end("the peer does not read");
      self->outgoing_.push_back(std::move(t));
      if (self->outgoing_.size() == 1) self->write();
    });
  }
  void close() override {
    asio::post(strand_, [self = this->shared_from_this()] {
      self->over_ = true;
      self->events_ = {};
      self->resolver_.cancel();
      if (self->open_)
        self->ws_.async_close(websocket::close_code::normal, [self](const beast::error_code&) { self->drop(); });
      else
        self->drop();
    });
  }

private:
  static websocket::stream<Stream> make(const asio::strand<asio::io_context::executor_type>& strand,
                                        const shared_options& options) {
    if constexpr (std::is_same_v<Stream, tls_stream>)
      return websocket::stream<Stream>(strand, *options.tls);
    else
      return websocket::stream<Stream>(strand);
  }
  auto& socket() { return beast::get_lowest_layer(ws_); }

  void resolve() {
    if (over_) return;
    resolver_.async_resolve(options_->address.host, options_->address.port,
                            [self = this->shared_from_this()](const beast::error_code& ec, const auto& found) {
                              if (ec) return self->end(reason("resolve", ec));
                              self->connect(found);
                            });
  }
  void connect(const tcp::resolver::results_type& found) {
    if (over_) return;
    socket().expires_after(options_->connect_timeout);
    socket().async_connect(found, [self = this->shared_from_this()](const beast::error_code& ec, const auto&) {
      if (ec) return self->end(reason("connect", ec));
      beast::error_code ignored;
      self->socket().socket().set_option(tcp::no_delay(true), ignored);
      if constexpr (std::is_same_v<Stream, tls_stream>)
        self->secure();
      else
        self->handshake();
    });
  }
  void secure()
    requires std::is_same_v<Stream, tls_stream>
  {
    if (over_) return;
    beast::error_code ec;
    if (!expect_host(ws_.next_layer(), options_->address.host, ec)) return end(reason("tls", ec));
    socket().expires_after(options_->connect_timeout);
    ws_.next_layer().async_handshake(asio::ssl::stream_base::client,
                                     [self = this->shared_from_this()](const beast::error_code& hs) {
                                       if (hs) return self->end(reason("tls", hs));
                                       self->handshake();
                                     });
  }
  void handshake() {
    if (over_) return;
    socket().expires_never();
    ws_.set_option(websocket::stream_base::timeout{options_->connect_timeout, options_->idle_timeout, true});
    if (options_->compression) {
      websocket::permessage_deflate deflate;
      deflate.client_enable = true;
      ws_.set_option(deflate);
    }
    ws_.set_option(websocket::stream_base::decorator([options = options_](websocket::request_type& request) {
      for (const auto& [name, value] : options->headers) request.set(name, value.reveal());
    }));
    ws_.read_message_max(options_->frame_bytes_max);
    const auto& a = options_->address;
    const bool usual = a.port == (a.tls ? "443" : "80");
    ws_.async_handshake(usual ? a.host : a.host + ":" + a.port, a.target,
                        [self = this->shared_from_this()](const beast::error_code& ec) {
                          if (ec) return self->end(reason("handshake", ec));
                          if (self->over_) return self->drop();
                          self->open_ = true;
                          if (self->events_.on_open) self->events_.on_open(stamp_now());
                          self->watch_faults();
                          self->read();
                        });
  }
  void read() {
    ws_.async_read(buffer_, [self = this->shared_from_this()](const beast::error_code& ec, std::size_t) {
      const auto received = stamp_now();
      if (ec) return self->end(self->read_reason(ec));
      if (self->over_) return;
      auto& buffer = self->buffer_;
      (void)buffer.prepare(solana::text_padding); // may move the message, so before its address is taken
      const auto bytes = buffer.cdata();
      if (self->events_.on_frame)
        self->events_.on_frame({static_cast<const char*>(bytes.data()), bytes.size(), received});
      buffer.clear();
      if (buffer.capacity() > buffer_kept_max) buffer.shrink_to_fit();
      if (!self->over_) self->read();
    });
  }
  /// After a protocol fault Beast ends its read only when the peer has closed too, which a stalling one never does.
  void watch_faults() {
    fault_timer_.expires_after(fault_check);
    fault_timer_.async_wait([self = this->shared_from_this()](const beast::error_code& ec) {
      if (ec || self->over_) return;
      if (!self->ws_.is_open())
        return self->end("the peer broke the protocol or sent a message over " +
                         std::to_string(self->options_->frame_bytes_max) + " bytes");
      self->watch_faults();
    });
  }
  void write() {
    ws_.text(true);
    ws_.async_write(asio::buffer(outgoing_.front()),
                    [self = this->shared_from_this()](const beast::error_code& ec, std::size_t) {
                      if (self->over_) return;
                      if (ec) return self->end(reason("write", ec));
                      self->outgoing_.pop_front();
                      if (!self->outgoing_.empty()) self->write();
                    });
  }
  std::string read_reason(const beast::error_code& ec) const {
    if (ec == beast::error::timeout) return "no byte and no pong within the idle time";
    if (ec == websocket::error::message_too_big)
      return "a message is larger than " + std::to_string(options_->frame_bytes_max) + " bytes";
    if (ec == websocket::error::closed) return "closed by the peer, code " + std::to_string(ws_.reason().code);
    return reason("read", ec);
  }
  void end(const std::string& why) {
    if (over_) return drop();
    over_ = true;
    drop();
    if (auto closed = std::exchange(events_, {}).on_closed) closed(why);
  }
  void drop() {
    fault_timer_.cancel();
    beast::error_code ignored;
    socket().socket().close(ignored); // what is still being written keeps its text: the session lives until then
  }

  std::shared_ptr<const shared_options> options_;
  websocket_events events_;
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::resolver resolver_;
  asio::steady_timer fault_timer_;
  websocket::stream<Stream> ws_;
  beast::flat_buffer buffer_;
  std::deque<std::string> outgoing_;
  bool open_{}, over_{};
};

class client final : public websocket_client {
public:
  client(asio::io_context& context, std::shared_ptr<const shared_options> options)
      : context_(context), options_(std::move(options)) {}
  ~client() override { close(); }

  void open(websocket_events events) override {
    close();
    if (options_->address.tls)
      session_ = std::make_shared<session_of<tls_stream>>(context_, options_, std::move(events));
    else
      session_ = std::make_shared<session_of<plain_stream>>(context_, options_, std::move(events));
    session_->start();
  }
  void send(std::string text) override {
    if (session_) session_->send(std::move(text));
  }
  void close() override {
    if (session_) session_->close();
    session_.reset();
  }

private:
  asio::io_context& context_;
  std::shared_ptr<const shared_options> options_;
  std::shared_ptr<session> session_; // touched by the owner only; the session itself runs on its strand
};

} // namespace

result<std::unique_ptr<websocket_client>> make_websocket_client(socket_threads& threads,
                                                                const endpoint_options& options) {
  auto address = parse_url(options.ws_url.reveal(), url_kind::websocket);
  if (!address)
    return fail("endpoints", endpoints_errc::bad_url, "endpoint " + options.name + ": ws: " + address.error().message);
  auto shared = std::make_shared<shared_options>();
  shared->address = std::move(*address);
  shared->headers = options.headers;
  shared->connect_timeout = options.connect_timeout;
  shared->idle_timeout = options.idle_timeout;
  shared->frame_bytes_max = options.frame_bytes_max;
  shared->compression = options.compression;
  if (shared->address.tls) {
    auto context = verifying_context(options.tls);
    if (!context) return std::unexpected(context.error());
    shared->tls = *context;
  }
  return std::make_unique<client>(threads.context(), std::move(shared));
}

} // namespace sett::endpoints
