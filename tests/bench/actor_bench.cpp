// What actors cost: events into 100,000 live token actors beside raw CAF sends of the same pattern, memory per actor,
// restarts of 100,000 crashed ones, and the time from a message to its effect. Two scheduler threads.
#include "actors/market/token_actor.hpp"
#include "actors/routing/event_router_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "tests/support/market_events.hpp"
#include "tests/support/memory_snapshot_store.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <malloc.h>
#include <thread>
#include <unistd.h>

/// jemalloc's, when the program is linked with it.
extern "C" int mallctl(const char*, void*, std::size_t*, void*, std::size_t) __attribute__((weak));

namespace sett {
namespace {

using clock_type = std::chrono::steady_clock;

/// What is freed but kept by the allocator is given back first.
std::size_t resident_bytes() {
  if (mallctl != nullptr)
    (void)mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0); // 4096: MALLCTL_ARENAS_ALL
  else
    ::malloc_trim(0);
  std::FILE* f = std::fopen("/proc/self/statm", "r");
  unsigned long total = 0, resident = 0;
  if (f != nullptr) {
    if (std::fscanf(f, "%lu %lu", &total, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// What the allocator has given out and not got back.
std::size_t in_use_bytes() {
  std::size_t in_use = 0, size = sizeof in_use;
  if (mallctl == nullptr) return ::mallinfo2().uordblks;
  std::uint64_t epoch = 1; // refreshes the statistics
  (void)mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
  return mallctl("stats.allocated", &in_use, &size, nullptr, 0) == 0 ? in_use : 0;
}

struct config : caf::actor_system_config {
  config() { supervision::configure(*this, 2); }
};
/// The packaged library as it is, with the settings that suit it best here.
struct raw_config : caf::actor_system_config {
  raw_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-throughput", std::size_t{10});
    set("scheduler.max-threads", std::size_t{2});
  }
};

/// A block with `n` swaps of tokens drawn at random from `tokens`.
block_update_ptr make_block(std::uint64_t slot, std::size_t n, std::uint64_t tokens, ports::random& rng,
                            bool all_in_order = false) {
  auto u = std::make_shared<block_update>();
  u->slot.value = slot;
  u->block_time.value = 1'700'000'000 + static_cast<std::int64_t>(slot * 2 / 5);
  for (std::size_t i = 0; i < n; ++i) {
    const auto token = all_in_order ? i : rng.below(tokens);
    test::market_pool pool{test::make_mint(token), test::make_pool(token)};
    const auto tx = test::add_transaction(u->batch, slot, static_cast<std::uint32_t>(i), test::make_wallet(i % 1000));
    u->batch.events.push_back({tx,
                               {0, -1},
                               program_kind::raydium_cpmm,
                               pool.swap(true, 1'000'000 + rng.below(1000), test::make_wallet(i % 1000))});
  }
  return u;
}

/// Counts what its kind has applied and loaded; may crash once at a given slot.
class counted_token : public market::token_actor {
public:
  using market::token_actor::token_actor;
  static inline std::atomic<std::uint64_t> messages{0};
  static inline std::atomic<bool> crashes{false};

protected:
  void event_applied(const protocol::entity_events& m, const chain_event& e, const market::applied& a) override {
    if (crashes.load(std::memory_order_relaxed) && m.update->slot.value == 2 && !m.replayed)
      throw std::runtime_error("crash");
    market::token_actor::event_applied(m, e, a);
  }
  void after_events(const protocol::entity_events& m) override {
    market::token_actor::after_events(m);
    messages.fetch_add(1, std::memory_order_relaxed);
  }
};
void wait_for(std::uint64_t messages) {
  while (counted_token::messages.load() < messages) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
routing::entity_factory counted_factory() {
  return [outlets = std::make_shared<const market::token_outlets>()](
             caf::actor_system& s, supervision::cell_ptr c, const address& key,
             std::shared_ptr<const routing::entity_environment> env) {
    return caf::actor(s.spawn<counted_token>(std::move(c), key, std::move(env), outlets));
  };
}

struct node {
  explicit node(std::uint64_t tokens) : system(cfg) {
    routing::event_router_options o;
    o.make_token = counted_factory();
    o.make_wallet = o.make_token;
    o.limits.live_max = 1'000'000;
    o.limits.save_interval_ns = INT64_MAX; // the store is in memory too, but is not the actors'
    router = system.spawn<routing::event_router_actor>(reg->add(reg->directory("/node"), "router", 1'000'000), reg,
                                                       store, o);
    counted_token::messages = 0;
    ports::random rng(1);
    for (std::uint64_t from = 0; from < tokens; from += 100'000)
      caf::anon_send(router, protocol::chain_update{
                                 make_block(1, std::min<std::uint64_t>(tokens, 100'000), tokens, rng, true), {}});
    wait_for(tokens);
  }
  ~node() {
    caf::anon_send_exit(router, caf::exit_reason::kill);
    router = nullptr;
  }
  config cfg;
  caf::actor_system system;
  std::shared_ptr<supervision::registry> reg = std::make_shared<supervision::registry>();
  std::shared_ptr<test::memory_snapshot_store> store = std::make_shared<test::memory_snapshot_store>();
  caf::actor router;
};

constexpr std::uint64_t token_count = 100'000;
constexpr std::size_t blocks = 200, per_block = 2'000;

struct tick {
  block_update_ptr update;
};

/// Raw CAF: one actor sends to random ones of 100,000 plain actors, one small message per event.
class raw_sender : public caf::event_based_actor {
public:
  raw_sender(caf::actor_config& c, std::vector<caf::actor> targets)
      : caf::event_based_actor(c), targets_(std::move(targets)) {}
  caf::behavior make_behavior() override {
    return {[this](std::uint64_t seed) {
      ports::random rng(seed);
      for (std::size_t i = 0; i < per_block; ++i) send(targets_[rng.below(targets_.size())], std::uint64_t{1});
    }};
  }

private:
  std::vector<caf::actor> targets_;
};
std::atomic<std::uint64_t> raw_received{0};
class raw_target : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](std::uint64_t n) { raw_received.fetch_add(n, std::memory_order_relaxed); }};
  }
};

/// CPU seconds of this process: what a machine shared with others can compare.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double raw_cpu_ns{};
double raw_rate() {
  raw_config cfg;
  caf::actor_system system(cfg);
  std::vector<caf::actor> targets;
  for (std::uint64_t i = 0; i < token_count; ++i) targets.push_back(system.spawn<raw_target>());
  const auto sender = system.spawn<raw_sender>(targets);
  raw_received = 0;
  const auto cpu = cpu_seconds();
  const auto begin = clock_type::now();
  for (std::size_t b = 0; b < blocks; ++b) caf::anon_send(sender, std::uint64_t{b + 1});
  while (raw_received < blocks * per_block) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
  raw_cpu_ns = (cpu_seconds() - cpu) * 1e9 / (blocks * per_block);
  caf::anon_send_exit(sender, caf::exit_reason::kill);
  for (auto& t : targets) caf::anon_send_exit(t, caf::exit_reason::kill);
  return static_cast<double>(blocks * per_block) / seconds;
}

void events_into_token_actors(benchmark::State& state) {
  std::vector<block_update_ptr> recording;
  ports::random rng(7);
  for (std::size_t b = 0; b < blocks; ++b) recording.push_back(make_block(100 + b, per_block, token_count, rng));
  double ours = 0, raw = 0;
  for (auto _ : state) {
    raw = std::max(raw, raw_rate());
    node n(token_count);
    const auto cpu = cpu_seconds();
    std::uint64_t messages = 0; // two events of one token in a block travel together
    const auto begin = clock_type::now();
    for (const auto& b : recording) caf::anon_send(n.router, protocol::chain_update{b, {}});
    caf::scoped_actor self{n.system};
    self->request(n.router, std::chrono::seconds(60), protocol::router_status_request{})
        .receive([&](protocol::router_status& s) { messages = s.routed - token_count; }, [](caf::error&) {});
    wait_for(token_count + messages);
    const double cpu_ns = (cpu_seconds() - cpu) * 1e9 / (blocks * per_block);
    state.counters["cpu_ns_per_event"] = cpu_ns;
    state.counters["raw_cpu_ns_per_send"] = raw_cpu_ns;
    state.counters["ratio_by_cpu"] = raw_cpu_ns / cpu_ns;
    const double seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
    ours = std::max(ours, static_cast<double>(blocks * per_block) / seconds);
  }
  state.counters["events_per_s"] = ours;
  state.counters["raw_caf_sends_per_s"] = raw;
  state.counters["ratio"] = ours / raw;
}
BENCHMARK(events_into_token_actors)->Iterations(1)->Unit(benchmark::kMillisecond);

class idle_actor : public supervision::bounded_actor {
public:
  using supervision::bounded_actor::bounded_actor;
  caf::behavior make_behavior() override {
    return {[](std::uint64_t) {}};
  }
};

void memory_per_idle_actor(benchmark::State& state) {
  for (auto _ : state) {
    {
      config cfg;
      caf::actor_system system(cfg);
      supervision::registry reg;
      const auto d = reg.directory("/idle");
      std::vector<caf::actor> actors;
      actors.reserve(token_count);
      const auto before = resident_bytes();
      for (std::uint64_t i = 0; i < token_count; ++i)
        actors.push_back(system.spawn<idle_actor>(reg.add(d, "a" + std::to_string(i), 100)));
      for (auto& a : actors) caf::anon_send(a, std::uint64_t{1});
      while (reg.totals(0)[0].handled < token_count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      state.counters["idle_bytes"] = static_cast<double>(resident_bytes() - before) / token_count;
      for (auto& a : actors) caf::anon_send_exit(a, caf::exit_reason::kill);
    }
  }
}
BENCHMARK(memory_per_idle_actor)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Run alone (--benchmark_filter=memory_per_full): memory that an earlier benchmark freed would be taken for nothing.
void memory_per_full_token(benchmark::State& state) {
  for (auto _ : state) {
    {
      // 50,000 tokens with two pools, full candle rings, 12 holders and a full trail, all final but the last slots.
      constexpr std::uint64_t full = 50'000;
      const auto in_use = in_use_bytes();
      const auto before = resident_bytes();
      node n(full);
      ports::random rng(3);
      std::vector<block_update_ptr> keep;
      for (std::uint64_t k = 0; k < 70; ++k) {
        auto u = std::make_shared<block_update>();
        u->slot.value = 1000 + k * 300; // the replay lets go of the earlier ones
        u->block_time.value = 1'700'000'000 + static_cast<std::int64_t>(k < 40 ? k * 700 : 28'000 + k);
        u->batch.events.reserve(full * (k % 4 == 0 ? 3 : 2)); // what the replay holds is subtracted: no slack
        u->batch.transactions.reserve(full);
        for (std::uint64_t t = 0; t < full; ++t) {
          // The pool it had at the start, or a second one.
          test::market_pool pool{test::make_mint(t), test::make_pool(k % 2 * full + t)};
          const auto w = test::make_wallet(rng.below(1'000'000));
          const auto tx = test::add_transaction(u->batch, u->slot.value, static_cast<std::uint32_t>(t), w);
          u->batch.events.push_back(
              {tx, {0, -1}, program_kind::raydium_cpmm, pool.swap(true, 1'000'000 + rng.below(1000), w)});
          event::transfer x;
          x.mint = pool.mint;
          x.to = w;
          x.amount.value = 1 + rng.below(1000);
          u->batch.events.push_back({tx, {0, 1}, program_kind::spl_token, x});
          if (k % 4 == 0) {
            event::launch l;
            l.mint = pool.mint;
            u->batch.events.push_back({tx, {1, -1}, program_kind::pump, l});
          }
        }
        const auto applied = counted_token::messages.load();
        caf::anon_send(n.router, protocol::chain_update{u, {}});
        caf::anon_send(n.router, protocol::slot_rooted{slot_number{u->slot.value}});
        wait_for(applied + full);
      }
      caf::scoped_actor self{n.system};
      self->request(n.router, std::chrono::seconds(10), protocol::token_show_request{test::make_mint(5)})
          .receive(
              [&](protocol::token_detail& d) {
                std::size_t candles = 0;
                for (const auto& s : d.series) candles += s.candles.size();
                state.counters["candles"] = static_cast<double>(candles);
                state.counters["trail"] = static_cast<double>(d.trail.size());
                state.counters["holders"] = static_cast<double>(d.holders.size());
              },
              [](caf::error&) {});
      std::uint64_t held = 0;
      self->request(n.router, std::chrono::seconds(10), protocol::router_status_request{})
          .receive([&](protocol::router_status& s) { held = s.replay_bytes; }, [](caf::error&) {});
      state.counters["full_token_in_use_bytes"] = static_cast<double>(in_use_bytes() - in_use - held) / full;
      state.counters["full_token_bytes"] = static_cast<double>(resident_bytes() - before - held) / full;
    }
  }
}
BENCHMARK(memory_per_full_token)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Every token actor crashes at the same event; time until all have been restarted, have read their snapshot and
/// applied both slots.
void restart_of_100000_crashed_actors(benchmark::State& state) {
  for (auto _ : state) {
    config cfg;
    caf::actor_system system(cfg);
    auto reg = std::make_shared<supervision::registry>();
    auto store = std::make_shared<test::memory_snapshot_store>();
    routing::event_router_options o;
    o.make_token = counted_factory();
    o.make_wallet = o.make_token;
    const auto router = system.spawn<routing::event_router_actor>(
        reg->add(reg->directory("/node"), "router", 1'000'000), reg, store, o);
    ports::random rng(1);
    const auto first = make_block(1, token_count, token_count, rng, true),
               second = make_block(2, token_count, token_count, rng, true);
    counted_token::crashes = true;
    counted_token::messages = 0;
    caf::anon_send(router, protocol::chain_update{first, {}});
    wait_for(token_count);
    const auto begin = clock_type::now();
    caf::anon_send(router, protocol::chain_update{second, {}});
    wait_for(3 * token_count); // each restarted one applies both slots again
    state.counters["seconds"] = std::chrono::duration<double>(clock_type::now() - begin).count();
    for (const auto& t : reg->totals(0))
      if (t.directory == "/node/tokens") state.counters["restarts"] = static_cast<double>(t.restarts);
    counted_token::crashes = false;
    caf::anon_send_exit(router, caf::exit_reason::kill);
  }
}
BENCHMARK(restart_of_100000_crashed_actors)->Iterations(1)->Unit(benchmark::kMillisecond);

/// One swap per message to the router, 5,000 per second, to the state that shows it: 10,000 tokens.
class timed_token : public market::token_actor {
public:
  using market::token_actor::token_actor;
  static inline std::vector<std::int64_t>* samples{};

protected:
  void event_applied(const protocol::entity_events& m, const chain_event& e, const market::applied& a) override {
    market::token_actor::event_applied(m, e, a);
    if (samples != nullptr && m.received.value != 0)
      (*samples)[m.update->slot.value % samples->size()] =
          clock_type::now().time_since_epoch().count() - m.received.value;
  }
};

void message_to_applied(benchmark::State& state) {
  const auto tokens = static_cast<std::uint64_t>(state.range(0));
  const auto rate = state.range(1);
  for (auto _ : state) {
    config cfg;
    caf::actor_system system(cfg);
    auto reg = std::make_shared<supervision::registry>();
    auto store = std::make_shared<test::memory_snapshot_store>();
    routing::event_router_options o;
    o.make_token = [outlets = std::make_shared<const market::token_outlets>()](
                       caf::actor_system& s, supervision::cell_ptr c, const address& key,
                       std::shared_ptr<const routing::entity_environment> env) {
      return caf::actor(s.spawn<timed_token>(std::move(c), key, std::move(env), outlets));
    };
    o.make_wallet = o.make_token;
    const auto router = system.spawn<routing::event_router_actor>(
        reg->add(reg->directory("/node"), "router", 1'000'000), reg, store, o);
    ports::random rng(1);
    timed_token::samples = nullptr;
    caf::anon_send(router, protocol::chain_update{make_block(1, tokens, tokens, rng, true), {}});
    while (reg->totals(0).size() < 2 || reg->find("/node/router")->depth() != 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::vector<std::int64_t> samples(static_cast<std::size_t>(rate) * 2, -1);
    timed_token::samples = &samples;
    std::vector<block_update_ptr> updates;
    for (std::size_t i = 0; i < samples.size(); ++i)
      updates.push_back(make_block(10 * samples.size() + i, 1, tokens, rng));
    auto due = clock_type::now();
    for (const auto& u : updates) {
      due += std::chrono::nanoseconds(1'000'000'000 / rate);
      std::this_thread::sleep_until(due);
      frame_origin origin;
      origin.received_steady.value = clock_type::now().time_since_epoch().count();
      caf::anon_send(router, protocol::chain_update{u, origin});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    timed_token::samples = nullptr;
    std::erase(samples, -1);
    std::sort(samples.begin(), samples.end());
    if (samples.empty()) continue;
    state.counters["p50_us"] = static_cast<double>(samples[samples.size() / 2]) / 1000;
    state.counters["p99_us"] = static_cast<double>(samples[samples.size() * 99 / 100]) / 1000;
    state.counters["applied"] = static_cast<double>(samples.size());
    caf::anon_send_exit(router, caf::exit_reason::kill);
  }
}
BENCHMARK(message_to_applied)
    ->Args({1'000, 5'000})
    ->Args({10'000, 5'000})
    ->Args({100'000, 5'000})
    ->Args({10'000, 20'000})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

} // namespace
} // namespace sett

BENCHMARK_MAIN();
