// The whole way with real sockets: simnet in this process, endpoint and ingest actors on CAF's threads, faults from a
// schedule. Ends in a complete stream or an honest list, counted against simnet's own blocks.
#include "actors/endpoints/endpoint_actor.hpp"
#include "actors/endpoints/http_client_io.hpp"
#include "actors/endpoints/rpc_text.hpp"
#include "actors/endpoints/transport_io.hpp"
#include "actors/ingest/ingest_actor.hpp"
#include "actors/ingest/stream_decoder.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/system_config.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/solana/padded_text.hpp"
#include "tools/simnet/simnet_server.hpp"
#include "tools/simnet/synthetic_source.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <cstdio>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

namespace sett::endpoints {
namespace {

using namespace std::chrono_literals;

struct kept {
  std::mutex mutex;
  std::map<std::uint64_t, std::multiset<signature>> slots;
};
class keeper : public caf::event_based_actor {
public:
  keeper(caf::actor_config& cfg, std::shared_ptr<kept> k) : event_based_actor(cfg), kept_(std::move(k)) {}
  caf::behavior make_behavior() override {
    return {[this](const protocol::chain_update& u) {
              const std::scoped_lock lock(kept_->mutex);
              for (const auto& t : u.update->batch.transactions) kept_->slots[t.slot.value].insert(t.signature);
            },
            [this](const protocol::slot_undone& u) {
              const std::scoped_lock lock(kept_->mutex);
              kept_->slots.erase(u.slot.value);
            },
            [](const protocol::slot_rooted&) {}, [](const protocol::stream_health&) {}};
  }

private:
  std::shared_ptr<kept> kept_;
};

struct faulty_run {
  plan_kind plan{};
  commitment level{commitment::confirmed};
  std::string schedule;
};

class it_simnet_read_path : public ::testing::TestWithParam<faulty_run> {};

TEST_P(it_simnet_read_path, ends_complete_or_honestly_incomplete_and_counts_what_simnet_made) {
  simnet::synthetic_options chain;
  chain.transactions_per_slot = 8;
  chain.wallets = 10;
  simnet::server_options server_options;
  server_options.endpoints = 2;
  server_options.slot_ms = 50;
  server_options.schedule_json = GetParam().schedule;
  simnet::simnet_server server(server_options,
                               std::make_unique<simnet::chain_driver>(std::make_unique<simnet::synthetic_source>(chain),
                                                                      simnet::history_limits{.blocks_max = 5000}));
  ASSERT_TRUE(server.start());

  socket_threads threads(2);
  auto sockets = make_transport(threads);
  auto memory = std::make_shared<kept>();
  supervision::registry registry;
  const auto directory = registry.directory("/node");
  caf::actor_system_config config;
  supervision::configure(config, 2);
  auto system = std::make_unique<caf::actor_system>(config);

  auto ingest_cell = registry.add(directory, "ingest", 10'000);
  std::vector<supervision::cell_ptr> cells;
  const auto alive = [](const supervision::cell_ptr& c) {
    const auto s = c->self();
    return s ? caf::actor_cast<caf::actor>(s) : caf::actor();
  };
  auto sink = system->spawn<keeper>(memory);
  auto stream = std::make_shared<ingest::ingest_setup>();
  stream->name = "main";
  stream->merger.level = GetParam().level;
  stream->sink = sink;
  for (std::uint16_t i = 0; i < 2; ++i) {
    stream->endpoints.push_back(endpoint_index{i});
    cells.push_back(registry.add(directory, "endpoint" + std::to_string(i), 10'000));
  }
  stream->endpoint = [&cells, alive](endpoint_index i) { return alive(cells[i.value]); };
  auto merged = system->spawn<ingest::ingest_actor>(ingest_cell, std::shared_ptr<const ingest::ingest_setup>(stream));
  std::vector<caf::actor> all{merged, sink};
  for (std::uint16_t i = 0; i < 2; ++i) {
    auto setup = std::make_shared<endpoint_setup>();
    const auto ports = server.ports()[i];
    auto& o = setup->options;
    o.name = "sim" + std::to_string(i);
    o.index = endpoint_index{i};
    o.http_url = config::secret("http://127.0.0.1:" + std::to_string(ports.http));
    o.ws_url = config::secret("ws://127.0.0.1:" + std::to_string(ports.ws));
    o.grpc_url = config::secret("http://127.0.0.1:" + std::to_string(ports.grpc));
    o.plan = GetParam().plan;
    o.level = GetParam().level;
    o.idle_timeout = 2s;
    o.call_timeout = 1s;
    o.rate.credits_per_second = o.rate.burst_credits = 500;
    o.reconnect.base = 100ms;
    o.reconnect.cap = 1s;
    setup->rules.watchdog.silence_max = 2s;
    setup->rules.block_delay = 150ms;
    setup->sockets = sockets;
    setup->pool = ingest::update_pool::make();
    setup->seed = i;
    setup->ingest = [merged] { return merged; };
    all.push_back(system->spawn<endpoint_actor>(cells[i], std::shared_ptr<const endpoint_setup>(setup)));
    cells[i]->self(caf::actor_cast<caf::weak_actor_ptr>(all.back())); // a supervisor's part
  }

  // Plays for ten seconds with faults, then heals by itself (the schedules end) and must settle.
  protocol::ingest_status status;
  auto self = std::make_unique<caf::scoped_actor>(*system);
  const auto ask = [&] {
    (*self)
        ->request(merged, 5s, protocol::ingest_status_request{})
        .receive([&](const protocol::ingest_status& s) { status = s; },
                 [](const caf::error&) { FAIL() << "no status"; });
  };
  const auto until = std::chrono::steady_clock::now() + 40s;
  std::uint64_t wanted = 0;
  bool settled = false;
  while (std::chrono::steady_clock::now() < until && !settled) {
    std::this_thread::sleep_for(100ms);
    ask();
    if (wanted == 0 && status.health.complete_from.value != 0) wanted = status.health.complete_from.value + 200;
    settled = wanted != 0 && status.health.complete_to.value >= wanted &&
              status.head.value > wanted + 20; // by then simnet has confirmed what is compared
  }
  ASSERT_TRUE(settled) << "complete to " << status.health.complete_to.value << " of " << wanted << ", head "
                       << status.head.value << ", backfilling " << status.health.backfilling;

  // Counted against simnet's own blocks.
  endpoint_options o;
  o.name = "truth"; // a fault that found no victim before may hit it: asked again
  o.http_url = config::secret("http://127.0.0.1:" + std::to_string(server.ports()[0].http));
  auto truth = *make_http_client(threads, o);
  ingest::stream_decoder decoder({}, ingest::update_pool::make());
  const auto listed = [&](std::uint64_t s) {
    for (const auto& r : status.health.incomplete)
      if (s >= r.first.value && s <= r.last.value) return true;
    return false;
  };
  std::size_t compared = 0, transactions = 0;
  for (auto s = status.health.complete_from.value + 1; s <= wanted; ++s) {
    if (listed(s)) continue;
    std::optional<std::set<signature>> found;
    for (int i = 0; i < 10 && !found; ++i) {
      std::promise<std::optional<std::set<signature>>> answer;
      truth->post(get_block(1, slot_number{s}, commitment::confirmed), 5s, [&](http_reply& r) {
        if (r.status != 200) return answer.set_value(std::nullopt);
        std::set<signature> made; // empty for a slot without a block
        ingest::decoded_frame out;
        if (decoder.block_reply({r.body.data, r.body.size, r.body.size + solana::text_padding}, slot_number{s}, out))
          for (const auto& u : out.updates)
            for (const auto& t : u->batch.transactions) made.insert(t.signature);
        answer.set_value(std::move(made));
      });
      found = answer.get_future().get();
    }
    ASSERT_TRUE(found) << s;
    const auto& made = *found;
    const std::scoped_lock lock(memory->mutex);
    const auto& got = memory->slots[s];
    EXPECT_EQ(got.size(), made.size()) << "slot " << s;
    EXPECT_EQ(std::set<signature>(got.begin(), got.end()), made) << "slot " << s;
    ++compared;
    transactions += made.size();
  }
  EXPECT_GT(compared, 150u);
  EXPECT_GT(status.fetched, 0u) << "some faults lose slots on both endpoints";
  EXPECT_TRUE(status.health.incomplete.empty()) << "everything lost could be fetched";
  EXPECT_GT(transactions, 500u);
  std::printf("%zu slots and %zu transactions agree; %llu gaps, %llu fetched, %llu duplicates, %llu undone, %zu ranges "
              "incomplete\n",
              compared, transactions, static_cast<unsigned long long>(status.gaps),
              static_cast<unsigned long long>(status.fetched), static_cast<unsigned long long>(status.duplicates),
              static_cast<unsigned long long>(status.undone), status.health.incomplete.size());

  for (const auto& a : all)
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
  all.clear();
  merged = {};
  sink = {};
  stream.reset();
  self.reset();
  system->await_all_actors_done();
  truth.reset();
  threads.stop();
  server.stop();
}

const char* const ws_faults = R"([
  {"kind":"reset","on":"ws","at_ms":1500,"count":1},
  {"kind":"stall","on":"ws","endpoint":1,"at_ms":2500,"seconds":1},
  {"kind":"garbage","on":"ws","at_ms":4000,"count":2},
  {"kind":"truncate","on":"ws","at_ms":4500,"count":2},
  {"kind":"duplicate","on":"ws","at_ms":5000,"seconds":1},
  {"kind":"missing_slot","slots":3,"at_ms":6000,"count":3},
  {"kind":"status","on":"http","status":429,"retry_after_seconds":1,"at_ms":6500,"count":2},
  {"kind":"lag","endpoint":1,"slots":10,"at_ms":7000,"seconds":1}
])";
const char* const grpc_faults = R"([
  {"kind":"reset","on":"grpc","at_ms":2000,"count":2},
  {"kind":"stall","on":"grpc","endpoint":1,"at_ms":3500,"seconds":1},
  {"kind":"status","on":"http","status":503,"at_ms":4000,"count":3},
  {"kind":"fork","slots":2,"at_ms":5000,"count":1}
])";

INSTANTIATE_TEST_SUITE_P(plans, it_simnet_read_path,
                         ::testing::Values(faulty_run{plan_kind::block_subscribe, commitment::confirmed, ws_faults},
                                           faulty_run{plan_kind::slot_get_block, commitment::confirmed, ws_faults},
                                           faulty_run{plan_kind::yellowstone_grpc, commitment::processed, grpc_faults}),
                         [](const auto& run) {
                           return run.param.plan == plan_kind::block_subscribe  ? "block_subscribe"
                                  : run.param.plan == plan_kind::slot_get_block ? "slot_get_block"
                                                                                : "yellowstone_grpc";
                         });

} // namespace
} // namespace sett::endpoints
