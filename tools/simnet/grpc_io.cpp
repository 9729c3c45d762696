#include "tools/simnet/grpc_server.hpp"
#include "tools/simnet/simnet_server.hpp"
#include "tools/simnet/yellowstone_session.hpp"

#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sett::simnet {

namespace {

constexpr auto server_ping_period = std::chrono::seconds(10); // Yellowstone pings its clients about as often

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return {};
  std::string out;
  for (const auto& slice : slices) out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return out;
}

grpc::ByteBuffer buffer_of(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

class stream;

/// Keeps the two lifetimes apart: gRPC deletes the reactor when it likes, the host's thread may still hold this.
struct stream_link {
  std::mutex mutex; // guards everything below
  stream* reactor{};
  std::deque<std::string> queue;
  std::size_t queued_bytes{};
  bool writing{}, finish_after_writes{}, finished{};
  grpc::Status ending;
};

/// One call, streaming or unary: both are a bidirectional stream of bytes to the generic service.
class stream final : public grpc::ServerGenericBidiReactor {
public:
  stream(std::function<void(std::string)> on_message, std::function<void()> on_done, std::shared_ptr<stream_link> link)
      : on_message_(std::move(on_message)), on_done_(std::move(on_done)), link_(std::move(link)) {
    link_->reactor = this;
    // Clients wait for the headers before they say what they want.
    StartSendInitialMetadata();
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return; // the client has said everything; a unary call is answered by then, a stream goes on
    on_message_(text_of(incoming_));
    const std::lock_guard lock(link_->mutex);
    if (!link_->finished) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(link_->mutex);
    link_->writing = false;
    if (!ok) return finish_locked(grpc::Status::CANCELLED);
    write_locked();
  }

  void OnCancel() override {
    const std::lock_guard lock(link_->mutex);
    finish_locked(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    {
      const std::lock_guard lock(link_->mutex);
      link_->reactor = nullptr;
      link_->finished = true;
    }
    on_done_();
    delete this;
  }

  // --- with the link's mutex held
  void write_locked() {
    auto& link = *link_;
    if (link.finished || link.writing) return;
    if (link.queue.empty()) {
      if (link.finish_after_writes) finish_locked(link.ending);
      return;
    }
    outgoing_ = buffer_of(link.queue.front());
    link.queued_bytes -= link.queue.front().size();
    link.queue.pop_front();
    link.writing = true;
    StartWrite(&outgoing_);
  }
  void finish_locked(const grpc::Status& status) {
    if (link_->finished) return;
    link_->finished = true;
    link_->queue.clear();
    Finish(status);
  }

private:
  std::function<void(std::string)> on_message_;
  std::function<void()> on_done_;
  std::shared_ptr<stream_link> link_;
  grpc::ByteBuffer incoming_, outgoing_;
};

/// The host's side of a call; lives on the host's thread.
class call : public std::enable_shared_from_this<call> {
public:
  call(grpc_host& host, std::size_t endpoint, std::string method, std::shared_ptr<stream_link> link)
      : host_(host), endpoint_(endpoint), method_(std::move(method)), link_(std::move(link)) {}

  void message(const std::string& bytes) {
    if (stalled_) return;
    if (method_ != "Subscribe") return answer(bytes);
    if (!subscribed_) {
      subscribed_ = true;
      if (refused(host_.decide_grpc(endpoint_, "Subscribe"))) return;
    }
    if (host_.recording() != nullptr &&
        !host_.recording()->updates.empty()) { // what was asked then is played, whatever is asked now
      if (!std::exchange(playing_, true)) play(0, std::chrono::steady_clock::now());
      return;
    }
    const auto taken =
        session_.request(bytes, host_.view_of(endpoint_), [this](std::string update) { send(std::move(update)); });
    if (!taken) finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, taken.error().message));
  }

  void deliver(const chain_step& step) {
    if (!subscribed_ || stalled_ || playing_) return;
    session_.deliver(step, [this](std::string update) { send(std::move(update)); });
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ping_ >= server_ping_period) {
      last_ping_ = now;
      send(yellowstone_session::ping());
    }
  }

  void finish(const grpc::Status& status) {
    const std::lock_guard lock(link_->mutex);
    link_->finish_after_writes = true;
    link_->ending = status;
    if (link_->reactor != nullptr) link_->reactor->write_locked();
  }
  void abort(const grpc::Status& status) {
    const std::lock_guard lock(link_->mutex);
    if (link_->reactor != nullptr) link_->reactor->finish_locked(status);
  }

private:
  static grpc::Status status_of(const fault& f) {
    return f.kind == fault_kind::status && f.status == 429
               ? grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many requests")
               : grpc::Status(grpc::StatusCode::UNAVAILABLE, "simulated failure");
  }

  bool refused(const std::optional<fault>& found) {
    if (!found) return false;
    if (found->kind == fault_kind::status || found->kind == fault_kind::reset) {
      abort(status_of(*found));
      return true;
    }
    if (found->kind == fault_kind::stall) {
      stalled_ = true;
      return true;
    }
    return false;
  }

  /// Sends recorded updates from `at` on, each at its time.
  void play(std::size_t at, std::chrono::steady_clock::time_point start) {
    const auto& updates = host_.recording()->updates;
    while (at < updates.size()) {
      const auto due = start + host_.playing_time(updates.front().at_ns, updates[at].at_ns);
      const auto wait = due - std::chrono::steady_clock::now();
      if (wait > std::chrono::milliseconds(1))
        return host_.post_after(std::chrono::ceil<std::chrono::milliseconds>(wait),
                                [self = shared_from_this(), at, start] { self->play(at, start); });
      {
        const std::lock_guard lock(link_->mutex);
        if (link_->finished) return;
      }
      send(updates[at++].payload);
    }
    if (host_.recording_loops() && !updates.empty())
      host_.post_after(std::chrono::milliseconds(10),
                       [self = shared_from_this()] { self->play(0, std::chrono::steady_clock::now()); });
  }

  void answer(const std::string& bytes) {
    const auto found = host_.decide_grpc(endpoint_, method_);
    if (refused(found)) return;
    auto text = answer_yellowstone(method_, bytes, host_.view_of(endpoint_));
    if (!text) return finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, text.error().message));
    if (found && found->kind == fault_kind::garbage) *text = host_.garbage_bytes(text->size());
    if (found && found->kind == fault_kind::truncate) text->resize(text->size() / 2);
    const auto reply = [self = shared_from_this(), body = std::move(*text)]() mutable {
      self->queue(std::move(body));
      self->finish(grpc::Status::OK);
    };
    if (found && found->kind == fault_kind::delay)
      return host_.post_after(std::chrono::milliseconds(found->delay_ms), reply);
    auto now = reply;
    now();
  }

  void send(std::string update) {
    if (stalled_) return;
    if (const auto found = host_.decide_grpc(endpoint_, "update")) {
      switch (found->kind) {
      case fault_kind::delay:
        return host_.post_after(
            std::chrono::milliseconds(found->delay_ms),
            [self = shared_from_this(), update = std::move(update)]() mutable { self->queue(std::move(update)); });
      case fault_kind::stall:
        stalled_ = true;
        return;
      case fault_kind::reset:
      case fault_kind::status:
        return abort(status_of(*found));
      case fault_kind::garbage:
        update = host_.garbage_bytes(update.size());
        break;
      case fault_kind::truncate:
        update.resize(update.size() / 2);
        break;
      case fault_kind::duplicate:
        queue(update);
        break;
      default:
        break;
      }
    }
    queue(std::move(update));
  }

  void queue(std::string update) {
    const std::lock_guard lock(link_->mutex);
    if (link_->finished || link_->reactor == nullptr) return;
    link_->queued_bytes += update.size();
    link_->queue.push_back(std::move(update));
    if (link_->queued_bytes > host_.queue_bytes_max())
      return link_->reactor->finish_locked(
          grpc::Status(grpc::StatusCode::DATA_LOSS, "lagged to receive geyser messages"));
    link_->reactor->write_locked();
  }

  grpc_host& host_;
  std::size_t endpoint_;
  std::string method_;
  std::shared_ptr<stream_link> link_;
  yellowstone_session session_;
  std::chrono::steady_clock::time_point last_ping_{std::chrono::steady_clock::now()};
  bool subscribed_{}, stalled_{}, playing_{};
};

class server final : public grpc_server, private grpc::CallbackGenericService {
public:
  server(grpc_host& host, std::size_t endpoint) : host_(host), endpoint_(endpoint) {}
  ~server() override { stop(); }

  result<void> start(const std::string& address, std::uint16_t wanted) {
    grpc::ServerBuilder builder;
    int bound = 0;
    builder.AddListeningPort(fmt::format("{}:{}", address, wanted), grpc::InsecureServerCredentials(), &bound);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(1 << 20);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    if (!server_ || bound == 0)
      return fail("simnet", server_errc::cannot_listen,
                  fmt::format("cannot listen for gRPC on {}:{}", address, wanted));
    port_ = static_cast<std::uint16_t>(bound);
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void deliver(const chain_step& step) override {
    for (const auto& c : calls_) c->deliver(step);
  }

  void stop() override {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
    server_->Wait();
    server_.reset();
  }

private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    constexpr std::string_view service = "/geyser.Geyser/";
    std::string method = context->method();
    method = method.starts_with(service) ? method.substr(service.size()) : "";
    auto link = std::make_shared<stream_link>();
    auto one = std::make_shared<call>(host_, endpoint_, method, link);
    host_.post([this, one] { calls_.push_back(one); });
    return new stream(
        [this, one](std::string bytes) { host_.post([one, bytes = std::move(bytes)] { one->message(bytes); }); },
        [this, one] { host_.post([this, one] { std::erase(calls_, one); }); }, std::move(link));
  }

  grpc_host& host_;
  std::size_t endpoint_;
  std::uint16_t port_{};
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::shared_ptr<call>> calls_; // on the host's thread
};

} // namespace

result<std::unique_ptr<grpc_server>> start_grpc_server(grpc_host& host, std::size_t endpoint,
                                                       const std::string& address, std::uint16_t port) {
  auto one = std::make_unique<server>(host, endpoint);
  if (auto started = one->start(address, port); !started) return std::unexpected(started.error());
  return std::unique_ptr<grpc_server>(std::move(one));
}

} // namespace sett::simnet
