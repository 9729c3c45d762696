#include "actors/endpoints/grpc_client_io.hpp"

#include "actors/endpoints/url.hpp"

#include <grpcpp/alarm.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>
#include <yellowstone.pb.h>

namespace sett::endpoints {

namespace {

stamp stamp_now() {
  return {steady_time_ns{std::chrono::steady_clock::now().time_since_epoch().count()},
          wall_time_ns{
              std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                  .count()}};
}

grpc::ByteBuffer bytes_of(const google::protobuf::MessageLite& message) {
  const auto text = message.SerializeAsString();
  grpc::Slice slice(text);
  return {&slice, 1};
}

std::string_view code_name(grpc::StatusCode code) {
  switch (code) {
  case grpc::StatusCode::OK:
    return "the server ended the stream";
  case grpc::StatusCode::UNAVAILABLE:
    return "unavailable";
  case grpc::StatusCode::UNAUTHENTICATED:
    return "unauthenticated: the token is missing or wrong";
  case grpc::StatusCode::PERMISSION_DENIED:
    return "permission denied";
  case grpc::StatusCode::RESOURCE_EXHAUSTED:
    return "resource exhausted: a limit of the provider, or a message over the bound";
  case grpc::StatusCode::DEADLINE_EXCEEDED:
    return "deadline exceeded";
  case grpc::StatusCode::INVALID_ARGUMENT:
    return "invalid argument: the server refused the subscription";
  case grpc::StatusCode::UNIMPLEMENTED:
    return "not implemented: no Yellowstone service";
  default:
    return "failed";
  }
}

/// One stream. Owns itself until gRPC is done with it.
class stream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                     public std::enable_shared_from_this<stream> {
public:
  explicit stream(grpc_events events) : events_(std::move(events)) {}

  void start(grpc::GenericStub& stub, const std::string& token, const geyser::SubscribeRequest& request,
             duration ping_every) {
    ping_every_ = ping_every;
    if (!token.empty()) context_.AddMetadata("x-token", token);
    self_ = shared_from_this();
    stub.PrepareBidiStreamingCall(&context_, "/geyser.Geyser/Subscribe", {}, this);
    outgoing_ = bytes_of(request);
    AddHold(); // for pings, which start outside of reactions
    StartWrite(&outgoing_);
    StartRead(&incoming_);
    StartCall();
  }
  /// No callback begins after this returns.
  void silence() {
    {
      const std::scoped_lock lock(mutex_);
      events_ = {};
    }
    context_.TryCancel();
  }

  void OnReadInitialMetadataDone(bool ok) override {
    if (!ok) return;
    const std::scoped_lock lock(mutex_);
    if (events_.on_open) events_.on_open(stamp_now());
    opened_ = true;
  }
  void OnReadDone(bool ok) override {
    const auto received = stamp_now();
    if (!ok) {
      {
        const std::scoped_lock lock(mutex_);
        finished_ = true;
      }
      alarm_.Cancel(); // lets go of the hold, so OnDone comes now and says why
      return;
    }
    {
      const std::scoped_lock lock(mutex_);
      if (!opened_ && events_.on_open) events_.on_open(received);
      opened_ = true;
      grpc::Slice whole;
      if (events_.on_message) {
        if (incoming_.TrySingleSlice(&whole).ok()) {
          events_.on_message({reinterpret_cast<const char*>(whole.begin()), whole.size(), received});
        } else if (incoming_.DumpToSingleSlice(&whole).ok()) {
          events_.on_message({reinterpret_cast<const char*>(whole.begin()), whole.size(), received});
        }
      }
    }
    incoming_.Clear();
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override {
    const std::scoped_lock lock(mutex_);
    if (!ok || finished_) return drop_hold();
    // An alarm keeps its callback after it rang: a shared pointer in it would keep this stream for ever.
    alarm_.Set(std::chrono::system_clock::now() + ping_every_, [this](bool rang) { ping(rang); });
  }
  void OnDone(const grpc::Status& status) override {
    std::function<void(const std::string&)> closed;
    {
      const std::scoped_lock lock(mutex_);
      finished_ = true;
      closed = std::exchange(events_, {}).on_closed;
    }
    // The server's own words may repeat our address; the code is enough.
    if (closed) closed("gRPC: " + std::string(code_name(status.error_code())));
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
      ended_.notify_all();
    }
    self_.reset();
  }
  /// Waits until gRPC let go of a silenced stream, else what it holds is still in use when the process ends.
  void wait_until_done() {
    constexpr auto bound = std::chrono::milliseconds(500); // a cancelled call ends within a few
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, bound, [this] { return done_; });
  }

private:
  void ping(bool rang) {
    const auto self = shared_from_this(); // OnDone may come as soon as the hold is dropped
    const std::scoped_lock lock(mutex_);
    if (!rang || finished_ || !events_.on_message) return drop_hold();
    geyser::SubscribeRequest request;
    request.mutable_ping()->set_id(1);
    outgoing_ = bytes_of(request);
    StartWrite(&outgoing_);
  }
  void drop_hold() {
    if (!std::exchange(held_, false)) return;
    RemoveHold();
  }

  grpc::ClientContext context_;
  grpc::ByteBuffer outgoing_, incoming_;
  grpc::Alarm alarm_;
  duration ping_every_{0};
  std::mutex mutex_;
  grpc_events events_;
  std::condition_variable ended_;
  bool opened_{}, finished_{}, held_{true}, done_{};
  std::shared_ptr<stream> self_;
};

class client final : public grpc_stream_client {
public:
  client(const std::shared_ptr<grpc::Channel>& channel, const endpoint_options& options)
      : stub_(channel), token_(options.grpc_token), level_(options.level), ping_every_(options.grpc_ping) {}
  ~client() override {
    const auto last = stream_;
    close();
    if (last) last->wait_until_done();
  }

  void open(slot_number from_slot, grpc_events events) override {
    close();
    geyser::SubscribeRequest request;
    (*request.mutable_transactions())["all"].set_vote(false);
    (*request.mutable_slots())["all"].set_interslot_updates(true);
    (*request.mutable_blocks_meta())["all"];
    request.set_commitment(level_ == commitment::processed   ? geyser::CommitmentLevel::PROCESSED
                           : level_ == commitment::confirmed ? geyser::CommitmentLevel::CONFIRMED
                                                             : geyser::CommitmentLevel::FINALIZED);
    if (from_slot.value != 0) request.set_from_slot(from_slot.value);
    stream_ = std::make_shared<stream>(std::move(events));
    stream_->start(stub_, token_.reveal(), request, ping_every_);
  }
  void close() override {
    if (stream_) stream_->silence();
    stream_.reset();
  }

private:
  grpc::GenericStub stub_;
  config::secret token_;
  commitment level_;
  duration ping_every_;
  std::shared_ptr<stream> stream_;
};

} // namespace

result<std::unique_ptr<grpc_stream_client>> make_grpc_client(const endpoint_options& options) {
  const auto address = parse_url(options.grpc_url.reveal(), url_kind::grpc);
  if (!address)
    return fail("endpoints", endpoints_errc::bad_url,
                "endpoint " + options.name + ": grpc: " + address.error().message);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (address->tls) {
    grpc::SslCredentialsOptions tls;
    if (!options.tls.ca_file.empty()) {
      std::ifstream file(options.tls.ca_file);
      std::stringstream text;
      text << file.rdbuf();
      if (!file)
        return fail("endpoints", endpoints_errc::bad_options, "tls.ca_file " + options.tls.ca_file + " cannot be read");
      tls.pem_root_certs = text.str();
    }
    credentials = grpc::SslCredentials(tls);
  }
  const auto ms = [](duration d) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
  };
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, ms(options.grpc_ping));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ms(options.grpc_ping));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, ms(options.reconnect.base));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, ms(options.reconnect.base));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, ms(options.reconnect.cap));
  arguments.SetMaxReceiveMessageSize(static_cast<int>(std::min<std::uint64_t>(options.message_bytes_max, INT32_MAX)));
  const bool v6 = address->host.contains(':');
  const auto target = (v6 ? "[" + address->host + "]" : address->host) + ":" + address->port;
  return std::make_unique<client>(grpc::CreateCustomChannel(target, credentials, arguments), options);
}

} // namespace sett::endpoints
