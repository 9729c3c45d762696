#include "nodes/membership/etcd_io.hpp"

#include <fmt/format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <etcd.pb.h>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sett::membership {
namespace {

using ports::consensus_errc;
using clock = std::chrono::steady_clock;
constexpr std::string_view area = "consensus";
constexpr std::size_t operations_max = 128;        // as the port has it; etcd's --max-txn-ops counts comparisons apart
constexpr std::size_t request_bytes_max = 1500000; // etcd's --max-request-bytes is 1.5 MiB, less what surrounds it
constexpr int answer_bytes_max = 64 << 20;
// etcd closes connections that ping more often than every 5 s.
constexpr int ping_ms = 6'000, ping_timeout_ms = 2'000;
constexpr int connect_timeout_ms = 300, backoff_ms_min = 50, backoff_ms_max = 500;
constexpr auto watch_probe_every = std::chrono::seconds(1);
constexpr auto watch_silence_max = std::chrono::seconds(3);

/// The first key behind all keys with this prefix.
std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0'); // etcd: to the end of all keys
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::string said(const std::string& endpoint, const grpc::Status& status) {
  constexpr std::size_t words_max = 200;
  return fmt::format("etcd {}: {} (gRPC code {})", endpoint, status.error_message().substr(0, words_max),
                     static_cast<int>(status.error_code()));
}

/// What a failed transaction means. Only codes by which etcd refuses before it executes are certain.
consensus_errc meaning_of(grpc::StatusCode code) {
  switch (code) {
  case grpc::StatusCode::NOT_FOUND:
    return consensus_errc::no_lease;
  case grpc::StatusCode::INVALID_ARGUMENT:
    return consensus_errc::bad_request;
  case grpc::StatusCode::RESOURCE_EXHAUSTED:
  case grpc::StatusCode::PERMISSION_DENIED:
  case grpc::StatusCode::UNAUTHENTICATED:
  case grpc::StatusCode::FAILED_PRECONDITION:
  case grpc::StatusCode::UNIMPLEMENTED:
    return consensus_errc::not_sent;
  default:
    return consensus_errc::unknown_outcome;
  }
}

/// What a completion queue gives back.
class tag {
public:
  virtual ~tag() = default;
  virtual void on(bool ok) = 0;

protected:
  /// A queue keeps a void*, so it must be given this very base.
  [[nodiscard]] void* as_tag() { return this; }
};

class etcd final : public etcd_store {
  struct endpoint {
    std::string name;
    std::shared_ptr<grpc::Channel> channel;
  };
  /// Something under way; lives until its last tag came, then ends itself.
  class operation {
  public:
    explicit operation(etcd& owner) : owner_(owner) {}
    virtual ~operation() = default;
    virtual void cancel() = 0; // any thread
  protected:
    etcd& owner_;
  };

  template <class Request, class Response>
  class unary final : public operation, public tag {
  public:
    using done = std::function<void(const grpc::Status&, Response&, std::size_t endpoint)>;
    unary(etcd& owner, const char* method, Request request, bool again, done then)
        : operation(owner), method_(method), request_(std::move(request)), again_(again), then_(std::move(then)) {}
    void start(std::size_t at) {
      at_ = at;
      began_ = clock::now();
      context_ = std::make_shared<grpc::ClientContext>();
      context_->set_deadline(std::chrono::system_clock::now() + owner_.deadline_);
      grpc::TemplatedGenericStub<Request, Response> stub(owner_.endpoints_[at].channel);
      reader_ = stub.PrepareUnaryCall(context_.get(), method_, request_, &owner_.queue_);
      reader_->StartCall();
      reader_->Finish(&response_, &status_, as_tag());
    }
    void cancel() override { context_->TryCancel(); }
    void on(bool) override {
      owner_.figures_.seconds->observe(std::chrono::duration<double>(clock::now() - began_).count());
      owner_.heard(at_, status_);
      if (!status_.ok() && again_ && owner_.is_transient(status_)) {
        again_ = false;
        const std::scoped_lock lock(owner_.mutex_); // cancel() must see the context it cancels
        if (!owner_.stopped_) {
          response_.Clear();
          reader_.reset();
          return start(owner_.choose());
        }
      }
      owner_.finish(this, [&] { then_(status_, response_, at_); });
    }

  private:
    const char* method_;
    Request request_;
    bool again_;
    done then_;
    std::size_t at_{};
    clock::time_point began_;
    std::shared_ptr<grpc::ClientContext> context_;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
    Response response_;
    grpc::Status status_;
  };

  /// A keep-alive is a stream in etcd: one question, one answer, and the stream ends.
  class keep final : public operation, public tag {
  public:
    keep(etcd& owner, std::int64_t lease, std::function<void(result<void>)> then)
        : operation(owner), then_(std::move(then)) {
      request_.set_id(lease);
    }
    void start(std::size_t at) {
      at_ = at;
      context_.set_deadline(std::chrono::system_clock::now() + owner_.deadline_);
      context_.AddMetadata("hasleader", "true");
      grpc::TemplatedGenericStub<etcdserverpb::LeaseKeepAliveRequest, etcdserverpb::LeaseKeepAliveResponse> stub(
          owner_.endpoints_[at].channel);
      stream_ = stub.PrepareCall(&context_, "/etcdserverpb.Lease/LeaseKeepAlive", &owner_.queue_);
      stream_->StartCall(as_tag());
    }
    void cancel() override { context_.TryCancel(); }
    void on(bool ok) override {
      switch (step_) {
      case step::open:
        if (!ok) return end();
        step_ = step::written;
        return stream_->Write(request_, as_tag());
      case step::written:
        if (!ok) return end();
        step_ = step::answered;
        return stream_->Read(&response_, as_tag());
      case step::answered:
        got_ = ok;
        if (got_) context_.TryCancel();
        return end();
      case step::ended:
        if (!got_) owner_.heard(at_, status_);
        owner_.finish(this, [&] {
          if (!got_)
            then_(fail(area, consensus_errc::unavailable, said(owner_.endpoints_[at_].name, status_)));
          else if (response_.ttl() <= 0)
            then_(fail(area, consensus_errc::no_lease, "etcd: the lease is gone"));
          else
            then_({});
        });
        return;
      }
    }

  private:
    enum class step : std::uint8_t { open, written, answered, ended };
    void end() {
      step_ = step::ended;
      stream_->Finish(&status_, as_tag());
    }
    std::function<void(result<void>)> then_;
    etcdserverpb::LeaseKeepAliveRequest request_;
    etcdserverpb::LeaseKeepAliveResponse response_;
    grpc::ClientContext context_;
    std::unique_ptr<
        grpc::ClientAsyncReaderWriter<etcdserverpb::LeaseKeepAliveRequest, etcdserverpb::LeaseKeepAliveResponse>>
        stream_;
    grpc::Status status_;
    step step_{step::open};
    std::size_t at_{};
    bool got_{};
  };

  /// One watch, one stream. It asks for a sign of life every second and ends itself when none comes.
  class watcher final : public operation {
  public:
    watcher(etcd& owner, std::uint64_t id, const std::string& prefix, std::uint64_t after,
            std::function<void(ports::consensus_changes)> then)
        : operation(owner), id_(id), then_(std::move(then)) {
      auto& create = *request_.mutable_create_request();
      create.set_key(prefix);
      create.set_range_end(end_of_prefix(prefix));
      create.set_start_revision(static_cast<std::int64_t>(after) + 1);
    }
    void start(std::size_t at) {
      at_ = at;
      heard_ = clock::now();
      context_.AddMetadata("hasleader", "true"); // a server without a leader ends the stream
      grpc::TemplatedGenericStub<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse> stub(
          owner_.endpoints_[at].channel);
      stream_ = stub.PrepareCall(&context_, "/etcdserverpb.Watch/Watch", &owner_.queue_);
      pending_ = 2;
      alarm_.Set(&owner_.queue_, std::chrono::system_clock::now() + watch_probe_every, on_alarm_.address());
      stream_->StartCall(on_open_.address());
    }
    void cancel() override { // under the owner's mutex, as all use of the alarm
      context_.TryCancel();
      alarm_.Cancel();
    }
    /// No callback begins after this, but one may be running on the store's thread.
    void silence() {
      silent_ = true;
      cancel();
    }
    [[nodiscard]] std::uint64_t id() const { return id_; }

  private:
    template <void (watcher::*Handler)(bool)>
    struct step final : tag {
      explicit step(watcher& w) : self(w) {}
      void on(bool ok) override { (self.*Handler)(ok); }
      [[nodiscard]] void* address() { return as_tag(); }
      watcher& self;
    };

    void opened(bool ok) {
      --pending_;
      if (!ok) return end();
      pending_ += 2;
      writing_ = true;
      stream_->Write(request_, on_write_.address());
      stream_->Read(&response_, on_read_.address());
    }
    void wrote(bool ok) {
      --pending_;
      writing_ = false;
      if (!ok) end();
      settle();
    }
    void rang(bool ok) {
      --pending_;
      if (!ok || ending_ || silent_) return end();
      if (clock::now() - heard_ > watch_silence_max) return end();
      if (!writing_ && created_) {
        probe_.mutable_progress_request();
        writing_ = true;
        ++pending_;
        stream_->Write(probe_, on_write_.address());
      }
      bool again = false;
      {
        const std::scoped_lock lock(owner_.mutex_);
        again = !silent_ && !owner_.stopped_;
        if (again)
          alarm_.Set(&owner_.queue_, std::chrono::system_clock::now() + watch_probe_every, on_alarm_.address());
      }
      if (!again) return end();
      ++pending_;
    }
    void read(bool ok) {
      --pending_;
      if (!ok || ending_) return end();
      heard_ = clock::now();
      created_ = created_ || response_.created();
      if (response_.canceled()) return end();
      if (response_.events_size() > 0 && !silent_) {
        ports::consensus_changes batch;
        for (const auto& e : response_.events()) {
          auto v = owner_.value_of(e.kv());
          ports::consensus_change c{v.key, std::nullopt, v.revision};
          if (e.type() == etcdserverpb::Event::PUT) c.value = std::move(v);
          batch.changes.push_back(std::move(c));
        }
        owner_.call([&] { then_(std::move(batch)); });
      }
      response_.Clear();
      ++pending_;
      stream_->Read(&response_, on_read_.address());
    }
    void end() {
      if (!std::exchange(ending_, true)) {
        const std::scoped_lock lock(owner_.mutex_);
        cancel();
      }
      settle();
    }
    /// When nothing else is under way, asks why, and then it is over.
    void settle() {
      if (!ending_ || pending_ != 0 || std::exchange(finishing_, true)) return;
      stream_->Finish(&status_, on_finish_.address());
    }
    void finished(bool) {
      if (!silent_) owner_.heard(at_, status_);
      owner_.forget(id_);
      owner_.finish(this, [&] {
        if (!silent_) then_({{}, true});
      });
    }

    std::uint64_t id_;
    std::function<void(ports::consensus_changes)> then_;
    etcdserverpb::WatchRequest request_, probe_;
    etcdserverpb::WatchResponse response_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>> stream_;
    grpc::Alarm alarm_;
    grpc::Status status_;
    clock::time_point heard_;
    std::size_t at_{};
    int pending_{};
    std::atomic<bool> silent_{};
    bool writing_{}, created_{}, ending_{}, finishing_{};
    step<&watcher::opened> on_open_{*this};
    step<&watcher::wrote> on_write_{*this};
    step<&watcher::read> on_read_{*this};
    step<&watcher::rang> on_alarm_{*this};
    step<&watcher::finished> on_finish_{*this};
  };

  /// An answer without a call: told on the store's thread all the same.
  class told final : public operation, public tag {
  public:
    told(etcd& owner, std::function<void()> then) : operation(owner), then_(std::move(then)) {}
    void start() { alarm_.Set(&owner_.queue_, std::chrono::system_clock::now(), as_tag()); }
    void cancel() override { alarm_.Cancel(); }
    void on(bool) override { owner_.finish(this, then_); }

  private:
    std::function<void()> then_;
    grpc::Alarm alarm_;
  };

public:
  static std::unique_ptr<etcd_store> connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                             const grpc::ChannelArguments& arguments, const etcd_options& options,
                                             ports::area_log log, ports::metrics_registry& metrics) {
    std::vector<endpoint> endpoints;
    for (const auto& name : options.endpoints)
      endpoints.push_back({name, grpc::CreateCustomChannel(name, credentials, arguments)});
    return std::make_unique<etcd>(std::move(endpoints), options, log, metrics);
  }
  etcd(std::vector<endpoint> endpoints, const etcd_options& options, ports::area_log log,
       ports::metrics_registry& metrics)
      : endpoints_(std::move(endpoints)),
        prefix_(options.key_prefix),
        deadline_(std::chrono::milliseconds(options.deadline_ms)),
        in_flight_max_(options.in_flight_max),
        log_(log),
        figures_{&metrics.histogram_of("sett_consensus_call_duration_seconds", "Calls to the consensus store.",
                                       ports::latency_bounds_s),
                 &metrics.counter_of("sett_consensus_calls_failed_total", "Calls that got no proper answer."),
                 &metrics.counter_of("sett_consensus_calls_refused_total", "Calls over the bound of calls in flight."),
                 &metrics.counter_of("sett_consensus_outcomes_unknown_total",
                                     "Transactions of which nobody knows whether they were executed.")} {
    thread_ = std::thread([this] { serve(); });
  }
  ~etcd() override { stop(); }

  void stop() override {
    std::call_once(once_, [this] {
      {
        std::unique_lock lock(mutex_);
        stopped_ = true;
        for (auto* o : under_way_) o->cancel();
        ended_.wait(lock, [this] { return under_way_.empty(); });
      }
      queue_.Shutdown();
      thread_.join();
    });
  }

  void get(std::string key, std::function<void(result<std::optional<ports::consensus_value>>)> done) override {
    etcdserverpb::RangeRequest request;
    request.set_key(prefix_ + key);
    range(std::move(request), [this, done = std::move(done)](result<etcdserverpb::RangeResponse*> r) {
      if (!r) return done(std::unexpected(r.error()));
      if ((*r)->kvs_size() == 0) return done(std::optional<ports::consensus_value>{});
      done(std::optional<ports::consensus_value>{value_of((*r)->kvs(0))});
    });
  }
  void list(std::string prefix, std::function<void(result<ports::consensus_listing>)> done) override {
    etcdserverpb::RangeRequest request;
    request.set_key(prefix_ + prefix);
    request.set_range_end(end_of_prefix(request.key()));
    range(std::move(request), [this, done = std::move(done)](result<etcdserverpb::RangeResponse*> r) {
      if (!r) return done(std::unexpected(r.error()));
      ports::consensus_listing out{{}, static_cast<std::uint64_t>((*r)->header().revision())};
      for (const auto& kv : (*r)->kvs()) out.values.push_back(value_of(kv));
      done(std::move(out));
    });
  }

  void commit(ports::consensus_transaction t, std::function<void(result<ports::consensus_outcome>)> done) override {
    const auto refuse = [&](consensus_errc code, std::string why) {
      tell([done, e = error{area, static_cast<std::uint16_t>(code), std::move(why)}] { done(std::unexpected(e)); });
    };
    if (t.compares.size() + t.puts.size() + t.erases.size() > operations_max)
      return refuse(consensus_errc::bad_request,
                    fmt::format("a transaction may hold at most {} operations", operations_max));
    etcdserverpb::TxnRequest request;
    for (auto& c : t.compares) {
      auto& to = *request.add_compare();
      to.set_result(etcdserverpb::Compare::EQUAL);
      to.set_target(etcdserverpb::Compare::MOD);
      to.set_key(prefix_ + c.key);
      to.set_mod_revision(static_cast<std::int64_t>(c.revision)); // an absent key's is 0
    }
    for (auto& p : t.puts) {
      auto& to = *request.add_success()->mutable_request_put();
      to.set_key(prefix_ + p.key);
      to.set_value(std::move(p.value));
      to.set_lease(static_cast<std::int64_t>(p.lease));
    }
    for (auto& key : t.erases) request.add_success()->mutable_request_delete_range()->set_key(prefix_ + key);
    if (request.ByteSizeLong() > request_bytes_max)
      return refuse(consensus_errc::bad_request,
                    fmt::format("a transaction of {} bytes; at most {}", request.ByteSizeLong(), request_bytes_max));
    const auto at = choose();
    if (!connectable(at))
      return refuse(consensus_errc::not_sent, fmt::format("no etcd of {} can be reached", endpoints_.size()));
    using call = unary<etcdserverpb::TxnRequest, etcdserverpb::TxnResponse>;
    auto o = std::make_unique<call>(
        *this, "/etcdserverpb.KV/Txn", std::move(request), false,
        [this, done](const grpc::Status& s, etcdserverpb::TxnResponse& r, std::size_t asked) {
          if (s.ok())
            return done(ports::consensus_outcome{r.succeeded(), static_cast<std::uint64_t>(r.header().revision())});
          const auto code = meaning_of(s.error_code());
          if (code == consensus_errc::unknown_outcome) figures_.unknown->add();
          done(fail(area, code, said(endpoints_[asked].name, s)));
        });
    if (!begin(std::move(o), at)) refuse(consensus_errc::not_sent, "too many calls in flight, or stopped");
  }

  void grant(std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) override {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(ttl_s);
    using call = unary<etcdserverpb::LeaseGrantRequest, etcdserverpb::LeaseGrantResponse>;
    const auto at = choose();
    auto o = std::make_unique<call>(
        *this, "/etcdserverpb.Lease/LeaseGrant", std::move(request), false,
        [this, done](const grpc::Status& s, etcdserverpb::LeaseGrantResponse& r, std::size_t asked) {
          if (!s.ok()) return done(fail(area, consensus_errc::unavailable, said(endpoints_[asked].name, s)));
          if (!r.error().empty() || r.id() == 0)
            return done(fail(area, consensus_errc::unavailable, "etcd granted no lease"));
          done(static_cast<std::uint64_t>(r.id()));
        });
    if (!begin(std::move(o), at)) tell([done] { done(over()); });
  }
  void keep_alive(std::uint64_t lease, std::function<void(result<void>)> done) override {
    const auto at = choose();
    if (!begin(std::make_unique<keep>(*this, static_cast<std::int64_t>(lease), done), at))
      tell([done] { done(over()); });
  }
  void revoke(std::uint64_t lease, std::function<void(result<void>)> done) override {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(static_cast<std::int64_t>(lease));
    using call = unary<etcdserverpb::LeaseRevokeRequest, etcdserverpb::LeaseRevokeResponse>;
    const auto at = choose();
    auto o = std::make_unique<call>(
        *this, "/etcdserverpb.Lease/LeaseRevoke", std::move(request), false,
        [this, done](const grpc::Status& s, etcdserverpb::LeaseRevokeResponse&, std::size_t asked) {
          if (s.ok()) return done({});
          const auto code =
              s.error_code() == grpc::StatusCode::NOT_FOUND ? consensus_errc::no_lease : consensus_errc::unavailable;
          done(fail(area, code, said(endpoints_[asked].name, s)));
        });
    if (!begin(std::move(o), at)) tell([done] { done(over()); });
  }

  ports::watch_id watch(std::string prefix, std::uint64_t after_revision,
                        std::function<void(ports::consensus_changes)> on_change) override {
    const auto at = choose();
    const std::scoped_lock lock(mutex_);
    const auto id = ++last_watch_;
    if (stopped_) return ports::watch_id{id};
    if (under_way_.size() >= in_flight_max_) {
      figures_.refused->add();
      start_told([on_change = std::move(on_change)] { on_change({{}, true}); });
      return ports::watch_id{id};
    }
    auto o = std::make_unique<watcher>(*this, id, prefix_ + prefix, after_revision, std::move(on_change));
    auto* raw = o.release(); // ends itself
    under_way_.insert(raw);
    watchers_[id] = raw;
    raw->start(at);
    return ports::watch_id{id};
  }
  void cancel(ports::watch_id id) override {
    const std::scoped_lock lock(mutex_);
    const auto it = watchers_.find(static_cast<std::uint64_t>(id));
    if (it == watchers_.end()) return;
    it->second->silence();
    watchers_.erase(it);
  }

private:
  static std::unexpected<error> over() {
    return fail(area, consensus_errc::unavailable, "too many calls in flight, or stopped");
  }
  static bool is_transient(const grpc::Status& s) {
    const auto code = s.error_code();
    return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::DEADLINE_EXCEEDED ||
           code == grpc::StatusCode::UNKNOWN || code == grpc::StatusCode::INTERNAL;
  }
  [[nodiscard]] ports::consensus_value value_of(const etcdserverpb::KeyValue& kv) const {
    const auto skip = std::min(prefix_.size(), kv.key().size());
    return {kv.key().substr(skip), kv.value(), static_cast<std::uint64_t>(kv.mod_revision()),
            static_cast<std::uint64_t>(kv.lease())};
  }
  [[nodiscard]] bool connectable(std::size_t at) const {
    const auto state = endpoints_[at].channel->GetState(true);
    return state != GRPC_CHANNEL_TRANSIENT_FAILURE && state != GRPC_CHANNEL_SHUTDOWN;
  }
  /// The endpoint in use, or the next one that does not just fail to connect.
  [[nodiscard]] std::size_t choose() const {
    const auto first = current_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      const auto at = (first + i) % endpoints_.size();
      if (connectable(at)) return at;
    }
    return first;
  }
  /// A call to this endpoint ended: after a failure the next calls go to the next one.
  void heard(std::size_t at, const grpc::Status& status) {
    if (status.ok() || !is_transient(status) || stopping()) return;
    figures_.failed->add();
    auto expected = at;
    if (!current_.compare_exchange_strong(expected, (at + 1) % endpoints_.size())) return;
    log_.warn("etcd-call-failed", "a call to etcd failed; the next ones go to the next endpoint",
              {{"endpoint", endpoints_[at].name}, {"code", static_cast<int>(status.error_code())}});
  }
  [[nodiscard]] bool stopping() {
    const std::scoped_lock lock(mutex_);
    return stopped_;
  }

  template <class Operation>
  bool begin(std::unique_ptr<Operation> o, std::size_t at) {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return false;
    if (under_way_.size() >= in_flight_max_) {
      figures_.refused->add();
      return false;
    }
    auto* raw = o.release(); // ends itself
    under_way_.insert(raw);
    raw->start(at);
    return true;
  }
  void tell(std::function<void()> then) {
    const std::scoped_lock lock(mutex_);
    if (!stopped_) start_told(std::move(then));
  }
  void start_told(std::function<void()> then) {
    auto* raw = new told(*this, std::move(then)); // ends itself
    under_way_.insert(raw);
    raw->start();
  }
  /// A callback of the user: on this thread, not after stop, and its exceptions end here.
  template <class Callback>
  void call(Callback&& callback) {
    if (stopping()) return;
    try {
      callback();
    } catch (...) {
      log_.error("etcd-callback-threw", "a callback of the consensus store threw; its work is lost");
    }
  }
  template <class Callback>
  void finish(operation* o, Callback&& callback) {
    call(std::forward<Callback>(callback));
    const std::unique_ptr<operation> last(o);
    const std::scoped_lock lock(mutex_);
    under_way_.erase(o);
    if (under_way_.empty()) ended_.notify_all();
  }
  void forget(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    watchers_.erase(id);
  }

  void range(etcdserverpb::RangeRequest request, std::function<void(result<etcdserverpb::RangeResponse*>)> then) {
    using call = unary<etcdserverpb::RangeRequest, etcdserverpb::RangeResponse>;
    const auto at = choose();
    auto o =
        std::make_unique<call>(*this, "/etcdserverpb.KV/Range", std::move(request), true,
                               [this, then](const grpc::Status& s, etcdserverpb::RangeResponse& r, std::size_t asked) {
                                 if (s.ok()) return then(&r);
                                 then(fail(area, consensus_errc::unavailable, said(endpoints_[asked].name, s)));
                               });
    if (!begin(std::move(o), at)) tell([then] { then(over()); });
  }

  void serve() {
    void* raw = nullptr;
    bool ok = false;
    while (queue_.Next(&raw, &ok)) static_cast<tag*>(raw)->on(ok);
  }

  struct figures {
    ports::histogram* seconds;
    ports::counter *failed, *refused, *unknown;
  };
  std::vector<endpoint> endpoints_;
  std::string prefix_;
  std::chrono::milliseconds deadline_;
  std::size_t in_flight_max_;
  ports::area_log log_;
  figures figures_;
  grpc::CompletionQueue queue_;
  std::atomic<std::size_t> current_{0};
  std::mutex mutex_; // the sets below; held while a call starts, never during a callback
  std::condition_variable ended_;
  std::unordered_set<operation*> under_way_;
  std::unordered_map<std::uint64_t, watcher*> watchers_;
  std::uint64_t last_watch_{};
  bool stopped_{};
  std::once_flag once_;
  std::thread thread_;
};

result<std::string> text_of(const std::string& path, std::string_view what) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return fail(area, etcd_errc::bad_options, fmt::format("etcd: the {} {} cannot be read", what, path));
  return text.str();
}

} // namespace

result<std::unique_ptr<etcd_store>> make_etcd_store(const etcd_options& options, ports::area_log log,
                                                    ports::metrics_registry& metrics) {
  if (options.endpoints.empty()) return fail(area, etcd_errc::bad_options, "etcd: no endpoint is given");
  auto credentials = grpc::InsecureChannelCredentials();
  if (!options.ca_file.empty()) {
    grpc::SslCredentialsOptions tls;
    auto ca = text_of(options.ca_file, "authority's certificate");
    if (!ca) return std::unexpected(ca.error());
    auto certificate = text_of(options.certificate_file, "certificate");
    if (!certificate) return std::unexpected(certificate.error());
    auto key = text_of(options.key_file, "key");
    if (!key) return std::unexpected(key.error());
    tls.pem_root_certs = std::move(*ca);
    tls.pem_cert_chain = std::move(*certificate);
    tls.pem_private_key = std::move(*key);
    credentials = grpc::SslCredentials(tls);
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, backoff_ms_min);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, backoff_ms_max);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, connect_timeout_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, ping_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ping_timeout_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetMaxReceiveMessageSize(answer_bytes_max);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0); // the environment has no say in where our records are
  return etcd::connect(credentials, arguments, options, log, metrics);
}

} // namespace sett::membership
