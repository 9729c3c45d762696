// The whole read path in one process, as a node composes it: a WebSocket server on loopback paces prepared frames (one
// synthetic transaction each, transactionSubscribe) into the endpoint's real client, decoder, ingest, router and token
// actors, with RocksDB behind them. Measured per frame:
//   frame  from the stamp of the socket thread to its events applied in the token's actor
//   wire   from the sender's stamp before its write to the same point
// The baseline beside it is a bare Beast echo of the same frames at the same rate: two crossings of the same loopback.
// Tokens are drawn uniformly, so with many of them the caches are cold. CPU is that of the process without the sender.
#include "actors/buses/bus_actor.hpp"
#include "actors/endpoints/endpoint_actor.hpp"
#include "actors/endpoints/transport_io.hpp"
#include "actors/ingest/ingest_actor.hpp"
#include "actors/market/token_actor.hpp"
#include "actors/routing/event_router_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "nodes/store/rocksdb_store_io.hpp"
#include "tests/support/market_events.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tools/simnet/rpc_handlers.hpp"
#include "tools/simnet/synthetic_source.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <vector>

namespace sett {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using clock_type = std::chrono::steady_clock;

constexpr auto slot_time = std::chrono::milliseconds(400);
/// 1.2 s, and at most 8,000 frames: preparing them takes longer than sending them.
std::size_t frames_of_run(std::int64_t rate) {
  return static_cast<std::size_t>(std::min<std::int64_t>(8'000, rate * 12 / 10));
}
constexpr std::uint32_t first_index = 1'000'000; // transactionIndex of a run's first frame
constexpr std::uint64_t first_slot = 300'000'000, root_behind = 4;
constexpr std::size_t slot_digits = 9;

std::int64_t now_ns() { return clock_type::now().time_since_epoch().count(); }
double cpu_s(clockid_t which) {
  timespec t{};
  ::clock_gettime(which, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// --- frames ---

/// A frame of the synthetic chain in pieces, so that its mint, signature and place can be others: the same bytes in
/// the same layouts, wherever the mint stands in them (keys and balances in base58, instruction data, event logs).
class frame_template {
public:
  frame_template(const simnet::chain_transaction& t, const mint_address& mint) : mint_(mint), id_(t.id) {
    simnet::block_form form;
    form.version_max = 0;
    scan(R"({"jsonrpc":"2.0","method":"transactionNotification","params":{"result":{"transaction":{)" +
             simnet::render_transaction_members(t, form) + "},\"signature\":\"" + t.signature_text + "\",",
         t.signature_text);
  }

  /// `slot_at` becomes the place of the slot's digits.
  [[nodiscard]] std::string frame(const mint_address& mint, std::uint64_t number, std::uint32_t index,
                                  std::size_t& slot_at) const {
    auto id = id_;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    const auto id_text = solana::base58::encode(id.bytes).value();
    const auto mint_text = solana::to_base58(mint);
    std::string out;
    for (const auto& p : pieces_) {
      auto bytes = p.bytes;
      for (auto at = find(bytes); at != bytes.end(); at = find(bytes))
        std::copy(mint.bytes.begin(), mint.bytes.end(), at);
      switch (p.what) {
      case piece::text:
        out += p.literal;
        break;
      case piece::mint:
        out += mint_text;
        break;
      case piece::id:
        out += id_text;
        break;
      case piece::base58:
        out += solana::base58::encode(bytes).value();
        break;
      case piece::base64:
        out += solana::base64_encode(bytes);
        break;
      }
    }
    out += "\"slot\":";
    slot_at = out.size();
    out += fmt::format("{},\"transactionIndex\":{}}},\"subscription\":1}}}}", first_slot, index);
    return out;
  }

private:
  struct piece {
    enum kind { text, mint, id, base58, base64 } what;
    std::string literal;
    std::vector<std::uint8_t> bytes;
  };
  std::vector<std::uint8_t>::iterator find(std::vector<std::uint8_t>& bytes) const {
    return std::search(bytes.begin(), bytes.end(), mint_.bytes.begin(), mint_.bytes.end());
  }
  void literal(std::string_view s) {
    if (pieces_.empty() || pieces_.back().what != piece::text) pieces_.push_back({piece::text, {}, {}});
    pieces_.back().literal += s;
  }
  void scan(std::string_view text, std::string_view id_text) {
    constexpr std::string_view data_key = "\"data\":\"", log_key = "Program data: ";
    const auto mint_text = solana::to_base58(mint_);
    while (!text.empty()) {
      if (text.starts_with(mint_text)) {
        pieces_.push_back({piece::mint, {}, {}});
        text.remove_prefix(mint_text.size());
      } else if (text.starts_with(id_text)) {
        pieces_.push_back({piece::id, {}, {}});
        text.remove_prefix(id_text.size());
      } else if (text.starts_with(data_key) || text.starts_with(log_key)) {
        const auto key = text.starts_with(data_key) ? data_key : log_key;
        literal(key);
        text.remove_prefix(key.size());
        const auto value = text.substr(0, text.find('"'));
        std::vector<std::uint8_t> bytes(value.size() + 4);
        const auto size = key == data_key ? solana::base58::decode(value, bytes) : solana::base64_decode(value, bytes);
        bytes.resize(size.value_or(0));
        if (find(bytes) != bytes.end())
          pieces_.push_back({key == data_key ? piece::base58 : piece::base64, {}, std::move(bytes)});
        else
          literal(value);
        text.remove_prefix(value.size());
      } else {
        literal(text.substr(0, 1));
        text.remove_prefix(1);
      }
    }
  }

  mint_address mint_;
  signature id_;
  std::vector<piece> pieces_;
};

/// Trades of pump.fun, PumpSwap and Raydium v4 as the synthetic chain mixes them.
const std::vector<frame_template>& templates() {
  static const auto made = [] {
    simnet::synthetic_options o;
    o.vote_share = o.transfer_share = o.failed_share = 0;
    o.tokens_alive_max = 40;
    o.pool_chance = 0.05;
    simnet::synthetic_source source(o);
    std::vector<frame_template> out;
    simnet::chain_block place;
    place.slot = source.first_slot();
    place.time = source.first_time();
    for (int i = 0; i < 12; ++i) {
      ++place.slot.value;
      const auto block = source.next(place);
      if (!block || i < 6) continue; // the first ones launch tokens more than they trade
      for (const auto& t : block->transactions)
        if (t->trade && !t->failed) out.emplace_back(*t, t->trade->mint);
    }
    return out;
  }();
  return made;
}

struct prepared {
  std::string text;
  std::size_t slot_at{};
};
std::vector<prepared> prepare(std::size_t count, std::uint64_t tokens, std::uint64_t seed) {
  static std::uint64_t number = 0;
  ports::random rng(seed);
  std::vector<prepared> out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i].text = templates()[rng.below(templates().size())].frame(
        test::make_mint(rng.below(tokens)), ++number, first_index + static_cast<std::uint32_t>(i), out[i].slot_at);
  return out;
}

// --- what is measured ---

/// One run's stamps by frame; 0: not yet.
struct stamps {
  explicit stamps(std::size_t n) : count(n), sent(n), received(n), applied(n) {}
  std::size_t count;
  std::vector<std::atomic<std::int64_t>> sent, received, applied;
  std::atomic<std::size_t> done{0};
};
std::atomic<stamps*> current{nullptr};

class probed_token : public market::token_actor {
public:
  using market::token_actor::token_actor;

protected:
  void after_events(const protocol::entity_events& m) override {
    market::token_actor::after_events(m);
    auto* run = current.load(std::memory_order_acquire);
    if (run == nullptr || m.received.value == 0 || m.positions.empty()) return;
    const auto& batch = m.update->batch;
    const auto frame = batch.transactions[batch.events[m.positions.front()].transaction].index - first_index;
    if (frame >= run->count) return;
    run->received[frame].store(m.received.value, std::memory_order_relaxed);
    if (run->applied[frame].exchange(now_ns(), std::memory_order_relaxed) == 0)
      run->done.fetch_add(1, std::memory_order_release);
  }
};

struct spread {
  double p50{}, p99{}, max{}; // us
};
spread spread_of(std::vector<std::int64_t> ns) {
  if (ns.empty()) return {};
  std::sort(ns.begin(), ns.end());
  const auto us = [&](std::size_t i) { return static_cast<double>(ns[i]) / 1000; };
  return {us(ns.size() / 2), us(ns.size() * 99 / 100), us(ns.size() - 1)};
}
spread between(const std::vector<std::atomic<std::int64_t>>& from, const std::vector<std::atomic<std::int64_t>>& to) {
  std::vector<std::int64_t> ns;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (from[i] != 0 && to[i] != 0) ns.push_back(to[i] - from[i]);
  return spread_of(std::move(ns));
}

/// Sleeps without the kernel's slack of 50 us.
void pace_precisely() { ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

/// The other side of the socket: answers the subscriptions, says a new slot every 400 ms, and plays frames at a rate.
class frame_server {
public:
  frame_server() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    thread_ = std::thread([this] { run(); });
  }
  ~frame_server() {
    stopping_ = true;
    changed_.notify_all();
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return fmt::format("ws://127.0.0.1:{}/", acceptor_.local_endpoint().port()); }
  /// Returns when the last frame is written. `sender_cpu_s`: CPU time of this side for it.
  void play(std::vector<prepared>& frames, std::int64_t rate, stamps& into, double& sender_cpu_s) {
    std::unique_lock lock(mutex_);
    frames_ = &frames;
    rate_ = rate;
    into_ = &into;
    changed_.notify_all();
    changed_.wait(lock, [&] { return frames_ == nullptr; });
    sender_cpu_s = cpu_used_;
  }

private:
  void run() {
    pace_precisely();
    tcp::socket socket(context_);
    acceptor_.accept(socket);
    socket.set_option(tcp::no_delay(true));
    websocket::stream<tcp::socket> ws(std::move(socket));
    ws.accept();
    ws.text(true);
    for (int subscription = 1; subscription <= 2; ++subscription) {
      beast::flat_buffer buffer;
      ws.read(buffer);
      const auto text = beast::buffers_to_string(buffer.data());
      const auto id = text.find("\"id\":") + 5;
      ws.write(asio::buffer(fmt::format(R"({{"jsonrpc":"2.0","result":{},"id":{}}})", subscription,
                                        text.substr(id, text.find_first_not_of("0123456789", id) - id))));
    }
    auto next_slot = clock_type::now();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      changed_.wait_until(lock, next_slot, [&] { return stopping_ || frames_ != nullptr; });
      if (frames_ != nullptr) {
        lock.unlock();
        const auto cpu = cpu_s(CLOCK_THREAD_CPUTIME_ID);
        auto due = clock_type::now();
        for (std::size_t i = 0; i < frames_->size(); ++i) {
          due += std::chrono::nanoseconds(1'000'000'000 / rate_);
          auto now = clock_type::now();
          if (now < due) {
            std::this_thread::sleep_until(due);
            now = clock_type::now();
          }
          if (now >= next_slot) next_slot = new_slot(ws, now);
          auto& f = (*frames_)[i];
          f.text.replace(f.slot_at, slot_digits, std::to_string(slot_));
          into_->sent[i].store(now_ns(), std::memory_order_relaxed);
          write(ws, f.text);
        }
        cpu_used_ = cpu_s(CLOCK_THREAD_CPUTIME_ID) - cpu;
        lock.lock();
        frames_ = nullptr;
        changed_.notify_all();
      } else if (clock_type::now() >= next_slot) {
        next_slot = new_slot(ws, clock_type::now());
      }
    }
    beast::error_code ignored;
    ws.next_layer().close(ignored);
  }
  clock_type::time_point new_slot(websocket::stream<tcp::socket>& ws, clock_type::time_point now) {
    ++slot_;
    write(ws,
          fmt::format(R"({{"jsonrpc":"2.0","method":"slotNotification","params":{{"result":{{"parent":{},"root":{},)"
                      R"("slot":{}}},"subscription":2}}}})",
                      slot_ - 1, slot_ - root_behind, slot_));
    return now + slot_time;
  }
  /// The peer closes first at the end.
  static void write(websocket::stream<tcp::socket>& ws, const std::string& text) {
    beast::error_code ignored;
    ws.write(asio::buffer(text), ignored);
  }

  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopping_{};
  std::vector<prepared>* frames_{};
  std::int64_t rate_{};
  stamps* into_{};
  double cpu_used_{};
  std::uint64_t slot_{first_slot};
  std::thread thread_;
};

// --- the node's read path ---

struct config : caf::actor_system_config {
  config() { supervision::configure(*this, std::max(2U, std::thread::hardware_concurrency())); }
};

class read_path {
public:
  explicit read_path(std::uint64_t tokens)
      : store_(store::rocksdb_store::open({.folder = folder_ / "store"}).value()), sockets_(2), system_(config_) {
    auto outlets = std::make_shared<market::token_outlets>();
    outlets->market = market_;
    outlets->signal = signals_;
    outlets->apply_latency = &latency_;
    routing::event_router_options o;
    o.make_token = [outlets](caf::actor_system& s, supervision::cell_ptr c, const address& key,
                             std::shared_ptr<const routing::entity_environment> env) {
      return caf::actor(s.spawn<probed_token>(std::move(c), key, std::move(env), outlets));
    };
    o.make_wallet = o.make_token;
    const auto node = registry_->directory("/node");
    constexpr std::int64_t bus_interval_ns = 50'000'000;
    buses_.push_back(system_.spawn<buses::bus_actor<protocol::price_update>>(registry_->add(node, "market-bus", 1000),
                                                                             market_, bus_interval_ns));
    buses_.push_back(system_.spawn<buses::bus_actor<protocol::opportunity>>(registry_->add(node, "signal-bus", 1000),
                                                                            signals_, bus_interval_ns));
    router_ = system_.spawn<routing::event_router_actor>(registry_->add(node, "router", 100'000), registry_, store_, o);
    fill(tokens);

    auto in = std::make_shared<ingest::ingest_setup>();
    in->name = "main";
    in->merger.level = commitment::processed;
    in->sink = router_;
    in->endpoint = [this](endpoint_index) { return endpoint_; };
    in->endpoints = {endpoint_index{0}};
    in->store = store_;
    ingest_ = system_.spawn<ingest::ingest_actor>(registry_->add(node, "ingest", 100'000),
                                                  std::shared_ptr<const ingest::ingest_setup>(in));
    auto at = std::make_shared<endpoints::endpoint_setup>();
    at->options.name = "bench";
    at->options.ws_url = ::sett::config::secret(server_.url());
    at->options.plan = endpoints::plan_kind::transaction_subscribe;
    at->options.level = commitment::processed;
    at->options.idle_timeout = std::chrono::minutes(10); // the server writes only
    at->sockets = endpoints::make_transport(sockets_);
    at->pool = ingest::update_pool::make();
    at->ingest = [this] { return ingest_; };
    endpoint_ = system_.spawn<endpoints::endpoint_actor>(registry_->add(node, "endpoint", 10'000),
                                                         std::shared_ptr<const endpoints::endpoint_setup>(at));
  }
  ~read_path() {
    sockets_.stop();
    buses_.insert(buses_.end(), {endpoint_, ingest_, router_});
    endpoint_ = ingest_ = router_ = nullptr;
    for (auto& a : buses_) {
      supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
      a = nullptr;
    }
  }

  /// False when frames did not arrive within ten seconds.
  bool play(std::vector<prepared>& frames, std::int64_t rate, stamps& run, double& sender_cpu_s) {
    current = &run;
    server_.play(frames, rate, run, sender_cpu_s);
    const auto end = clock_type::now() + std::chrono::seconds(10);
    while (run.done.load(std::memory_order_acquire) < run.count && clock_type::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    current = nullptr;
    return run.done == run.count;
  }
  [[nodiscard]] const ports::histogram& latency() const { return latency_; }

private:
  /// Every token lives, has a price and is stored before the measuring begins.
  void fill(std::uint64_t tokens) {
    constexpr std::uint64_t per_update = 10'000;
    for (std::uint64_t from = 0, slot = 1000; from < tokens; from += per_update, ++slot) {
      auto u = std::make_shared<block_update>();
      u->slot.value = slot;
      u->block_time.value = 1'700'000'000;
      for (auto i = from; i < std::min(tokens, from + per_update); ++i) {
        test::market_pool pool{test::make_mint(i), test::make_pool(i)};
        const auto who = test::make_wallet(i);
        const auto tx = test::add_transaction(u->batch, slot, static_cast<std::uint32_t>(i - from), who);
        u->batch.events.push_back({tx, {0, -1}, program_kind::raydium_cpmm, pool.swap(true, 1'000'000, who)});
      }
      caf::anon_send(router_, protocol::chain_update{u, {}});
      caf::anon_send(router_, protocol::slot_rooted{slot_number{slot}});
    }
    caf::scoped_actor self{system_};
    for (bool waiting = true; waiting;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      self->request(router_, std::chrono::seconds(30), protocol::router_status_request{})
          .receive([&](const protocol::router_status& s) { waiting = s.tokens_live < tokens || s.dirty != 0; },
                   [](const caf::error&) {});
    }
  }

  test::temporary_folder folder_;
  std::shared_ptr<store::rocksdb_store> store_;
  std::shared_ptr<buses::market_bus> market_ = std::make_shared<buses::market_bus>();
  std::shared_ptr<buses::signal_bus> signals_ = std::make_shared<buses::signal_bus>();
  ports::histogram latency_{ports::latency_bounds_s};
  std::shared_ptr<supervision::registry> registry_ = std::make_shared<supervision::registry>();
  frame_server server_;
  endpoints::socket_threads sockets_;
  config config_;
  caf::actor_system system_;
  std::vector<caf::actor> buses_;
  caf::actor router_, ingest_, endpoint_;
};

void show(benchmark::State& state, const char* what, const spread& s) {
  const std::string name = what;
  state.counters[name + "_p50_us"] = s.p50;
  state.counters[name + "_p99_us"] = s.p99;
  state.counters[name + "_max_us"] = s.max;
}

/// Kept from run to run while the number of tokens is the same.
std::unique_ptr<read_path> path;
std::uint64_t path_tokens = 0;

void frame_to_applied(benchmark::State& state) {
  const auto tokens = static_cast<std::uint64_t>(state.range(0));
  const auto rate = state.range(1);
  if (path_tokens != tokens) {
    path.reset();
    path = std::make_unique<read_path>(tokens);
    path_tokens = tokens;
    auto warm_up = prepare(500, tokens, 1);
    stamps run(warm_up.size());
    double ignored = 0;
    if (!path->play(warm_up, 1000, run, ignored)) state.SkipWithError("the warm-up did not arrive");
  }
  auto frames = prepare(frames_of_run(rate), tokens, 7);
  for (auto _ : state) {
    stamps run(frames.size());
    double sender_cpu = 0;
    const auto cpu = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    const auto begin = clock_type::now();
    const bool whole = path->play(frames, rate, run, sender_cpu);
    const double used = cpu_s(CLOCK_PROCESS_CPUTIME_ID) - cpu - sender_cpu;
    const double took = std::chrono::duration<double>(clock_type::now() - begin).count();
    show(state, "frame", between(run.received, run.applied));
    show(state, "wire", between(run.sent, run.applied));
    state.counters["cpu_us_per_frame"] = used * 1e6 / static_cast<double>(run.count);
    state.counters["cpu_percent"] = used * 100 / took;
    state.counters["frames"] = static_cast<double>(run.done);
    if (!whole) state.SkipWithError("frames were lost on the way");
  }
}

// --- the baseline ---

/// Beast's own echo server and a client that paces frames; each runs on a thread of its own.
void websocket_echo(benchmark::State& state) {
  const auto rate = state.range(0);
  auto frames = prepare(frames_of_run(rate), 1000, 7);
  for (auto _ : state) {
    asio::io_context there;
    tcp::acceptor acceptor(there, {asio::ip::address_v4::loopback(), 0});
    std::thread server([&] {
      tcp::socket socket(there);
      acceptor.accept(socket);
      socket.set_option(tcp::no_delay(true));
      websocket::stream<tcp::socket> ws(std::move(socket));
      beast::error_code ec;
      ws.accept(ec);
      ws.text(true);
      for (beast::flat_buffer buffer; !ec; buffer.clear()) {
        ws.read(buffer, ec);
        if (!ec) ws.write(buffer.data(), ec);
      }
    });
    asio::io_context here;
    tcp::socket socket(here);
    socket.connect(acceptor.local_endpoint());
    socket.set_option(tcp::no_delay(true));
    websocket::stream<tcp::socket> ws(std::move(socket));
    ws.handshake("127.0.0.1", "/");
    ws.text(true);
    std::vector<std::int64_t> sent(frames.size()), took;
    asio::steady_timer timer(here);
    std::size_t next = 0;
    const auto begin = clock_type::now();
    std::function<void()> write = [&] {
      if (next == frames.size()) return;
      timer.expires_at(begin + std::chrono::nanoseconds(1'000'000'000 / rate) * next);
      timer.async_wait([&](const beast::error_code&) {
        sent[next] = now_ns();
        ws.async_write(asio::buffer(frames[next].text), [&](const beast::error_code&, std::size_t) {
          ++next;
          write();
        });
      });
    };
    beast::flat_buffer buffer;
    std::function<void()> read = [&] {
      ws.async_read(buffer, [&](const beast::error_code& ec, std::size_t) {
        if (ec) return;
        took.push_back(now_ns() - sent[took.size()]);
        buffer.clear();
        if (took.size() < frames.size()) read();
      });
    };
    write();
    read();
    pace_precisely();
    here.run();
    beast::error_code ignored;
    ws.next_layer().close(ignored);
    server.join();
    show(state, "echo", spread_of(std::move(took)));
  }
}

BENCHMARK(websocket_echo)
    ->ArgName("rate")
    ->Arg(1'000)
    ->Arg(5'000)
    ->Arg(20'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(frame_to_applied)
    ->ArgNames({"tokens", "rate"})
    ->Apply([](benchmark::internal::Benchmark* b) { // the rates of one number of tokens in a row: they share a node
      for (const std::int64_t tokens : {100, 1'000, 10'000, 100'000})
        for (const std::int64_t rate : {1'000, 5'000, 20'000}) b->Args({tokens, rate});
    })
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// One line per run: the curve as a table.
class table_reporter : public benchmark::BenchmarkReporter {
public:
  bool ReportContext(const Context&) override {
    std::puts(
        "                                        frame to applied, us        wire to applied, us (echo: round trip)"
        "   CPU\n"
        "run                                     p50      p99       max      p50      p99       max   us/frame   "
        "%");
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& r : runs) {
      auto name = r.benchmark_name();
      name = name.substr(0, name.find("/iterations"));
      if (r.error_occurred) {
        fmt::print("{:<36} {}\n", name, r.error_message);
        continue;
      }
      const auto of = [&](const std::string& counter) {
        const auto found = r.counters.find(counter);
        return found == r.counters.end() ? 0.0 : static_cast<double>(found->second);
      };
      if (r.counters.contains("echo_p50_us"))
        fmt::print("{:<36} {:>7} {:>8} {:>9} {:>8.0f} {:>8.0f} {:>9.0f}\n", name, "", "", "", of("echo_p50_us"),
                   of("echo_p99_us"), of("echo_max_us"));
      else
        fmt::print("{:<36} {:>7.0f} {:>8.0f} {:>9.0f} {:>8.0f} {:>8.0f} {:>9.0f} {:>10.1f} {:>3.0f}\n", name,
                   of("frame_p50_us"), of("frame_p99_us"), of("frame_max_us"), of("wire_p50_us"), of("wire_p99_us"),
                   of("wire_max_us"), of("cpu_us_per_frame"), of("cpu_percent"));
    }
    std::fflush(stdout);
  }
};

} // namespace
} // namespace sett

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  sett::table_reporter table;
  benchmark::RunSpecifiedBenchmarks(&table);
  sett::path.reset();
  return 0;
}
