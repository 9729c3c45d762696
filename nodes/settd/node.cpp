#include "nodes/settd/node.hpp"

#include "actors/buses/bus.hpp"
#include "actors/buses/bus_actor.hpp"
#include "actors/decode/decoder.hpp"
#include "actors/endpoints/endpoint_actor.hpp"
#include "actors/endpoints/source_plan.hpp"
#include "actors/endpoints/transport_io.hpp"
#include "actors/ingest/ingest_actor.hpp"
#include "actors/ingest/slot_ranges.hpp"
#include "actors/market/token_actor.hpp"
#include "actors/routing/event_router_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/restart_request.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "actors/wallets/wallet_actor.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/accounts/account_actor.hpp"
#include "nodes/accounts/account_kinds.hpp"
#include "nodes/accounts/paper_ports_io.hpp"
#include "nodes/api/http_server_io.hpp"
#include "nodes/feed/shared_snapshots.hpp"
#include "nodes/feed/stream_share.hpp"
#include "nodes/feed/update_codec.hpp"
#include "nodes/runtime/account_api.hpp"
#include "nodes/runtime/cluster_api.hpp"
#include "nodes/runtime/control_api.hpp"
#include "nodes/runtime/data_dir_io.hpp"
#include "nodes/runtime/endpoint_mapping.hpp"
#include "nodes/runtime/gateway_actor.hpp"
#include "nodes/runtime/monitor_actor.hpp"
#include "nodes/runtime/node_clock_io.hpp"
#include "nodes/runtime/opportunity_log_io.hpp"
#include "nodes/runtime/opportunity_recorder_actor.hpp"
#include "nodes/runtime/peer_proxy.hpp"
#include "nodes/settd/cluster_parts.hpp"
#include "nodes/settd/served_shards.hpp"
#include "nodes/shards/placement.hpp"
#include "nodes/shards/shard_map.hpp"
#include "nodes/store/rocksdb_store_io.hpp"
#include "nodes/telemetry/log_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sett::settd {
namespace {

constexpr std::string_view gateway_path = "/node/gateway";
constexpr std::string_view router_path = "/node/router";
constexpr std::string_view ingest_path = "/node/ingest";
constexpr std::string_view endpoint_directory = "/node/endpoints";
constexpr std::string_view stream_name = "main";
constexpr std::string_view account_path = "/node/account";
constexpr std::uint32_t account_mailbox = 20'000;
constexpr std::int64_t snapshots_again_ns = 500'000'000;
constexpr std::uint32_t router_mailbox = 100'000;
constexpr std::uint32_t ingest_mailbox = 100'000;
constexpr std::size_t socket_thread_count = 2;       // one can decode a block while the other reads on
constexpr std::int64_t bus_interval_ns = 50'000'000; // readers see a price at most this late

std::vector<std::string> secrets_of(const config::settings& s) {
  std::vector<std::string> out;
  for (const auto& e : s.endpoints)
    for (const auto* secret : {&e.http, &e.ws, &e.grpc, &e.token})
      if (!secret->empty()) out.push_back(secret->reveal());
  return out;
}

telemetry::log_options log_options_of(const config::settings& s) {
  telemetry::log_options o;
  o.levels = telemetry::parse_levels(s.log.levels).value_or(telemetry::level_map{});
  o.console = s.log.console == "json"  ? telemetry::console_form::json
              : s.log.console == "off" ? telemetry::console_form::off
                                       : telemetry::console_form::people;
  o.colour = s.log.colour == "always"  ? telemetry::colour_mode::always
             : s.log.colour == "never" ? telemetry::colour_mode::never
                                       : telemetry::colour_mode::automatic;
  if (s.log.file) o.dir = s.log_dir();
  o.file_bytes_max = s.log.file_bytes_max;
  o.files_max = s.log.files_max;
  o.ring_records_max = s.log.ring_records_max;
  o.spill_bytes_max = s.log.spill_bytes_max;
  o.repeat_window_ms = s.log.repeat_window_ms;
  o.repeats_max = s.log.repeats_max;
  o.secrets = telemetry::redactor(secrets_of(s));
  return o;
}

api::server_options server_options_of(const config::api_settings& s) {
  return {.connections_max = s.connections_max,
          .request_bytes_max = s.request_bytes_max,
          .request_timeout = std::chrono::milliseconds(s.request_timeout_ms),
          .idle_timeout = std::chrono::seconds(30)};
}

std::size_t thread_count(std::uint32_t wanted) {
  return wanted != 0 ? wanted : std::max(2U, std::thread::hardware_concurrency());
}

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr shard_id stream_shard{0xffff}; // places the readers of the stream
constexpr std::size_t readers_wanted = 2;
constexpr std::uint32_t unfinal_slots = 100;   // the newest that may still change; the chain finalizes after about 32
constexpr std::uint64_t take_over_slots = 128; // further back than any snapshot of a live entity

/// Names of entities are 32 raw bytes in the registry and base58 on a screen.
supervision::name_format base58_names() {
  return {.show =
              [](std::string_view name) {
                address a;
                if (name.size() != a.bytes.size()) return std::string(name);
                std::copy(name.begin(), name.end(), a.bytes.begin());
                return solana::to_base58(a);
              },
          .read = [](std::string_view text) -> std::optional<std::string> {
            const auto a = solana::parse_address(text);
            if (!a) return std::nullopt;
            return std::string(a->bytes.begin(), a->bytes.end());
          }};
}

template <class T>
supervision::child_spec bus_child(std::string name, std::shared_ptr<buses::bus<T>> bus) {
  return {.name = std::move(name), .start = [bus](caf::actor_system& s, supervision::cell_ptr cell) {
            return s.spawn<buses::bus_actor<T>>(std::move(cell), bus, bus_interval_ns);
          }};
}

/// Set by one thread, read by others.
template <class T>
class locked_weak {
public:
  void set(const std::shared_ptr<T>& to) {
    const std::scoped_lock lock(mutex_);
    to_ = to;
  }
  [[nodiscard]] std::shared_ptr<T> lock() const {
    const std::scoped_lock lock(mutex_);
    return to_.lock();
  }

private:
  mutable std::mutex mutex_;
  std::weak_ptr<T> to_;
};

class system_config : public caf::actor_system_config {
public:
  explicit system_config(std::size_t threads) { supervision::configure(*this, threads); }
};

} // namespace

/// Declared in the order of their start; destroyed in reverse.
struct node::parts {
  explicit parts(config::resolution r) : settings(std::move(r)) {}

  config::resolution settings;
  runtime::node_clock clock{settings.value.fault.clock_offset_ms};
  telemetry::node_metrics metrics;
  std::optional<runtime::data_dir> data;
  std::unique_ptr<telemetry::node_logger> log;
  std::shared_ptr<store::rocksdb_store> snapshots;
  std::shared_ptr<runtime::opportunity_log> opportunities;
  std::shared_ptr<buses::market_bus> market = std::make_shared<buses::market_bus>();
  std::shared_ptr<buses::signal_bus> signals = std::make_shared<buses::signal_bus>();
  std::shared_ptr<buses::alert_bus> alerts = std::make_shared<buses::alert_bus>();
  std::unique_ptr<endpoints::socket_threads> sockets; // before the actors, which own clients on these threads
  std::shared_ptr<endpoints::transport> transport;
  std::shared_ptr<ingest::update_pool> updates = ingest::update_pool::make();
  std::shared_ptr<runtime::status_board> board = std::make_shared<runtime::status_board>();
  std::vector<endpoints::endpoint_options> endpoint_list;
  std::optional<system_config> actor_settings;
  std::optional<caf::actor_system> system;
  std::shared_ptr<supervision::registry> actors = std::make_shared<supervision::registry>();
  std::shared_ptr<shards::shard_map> map;
  std::shared_ptr<feed::stream_share> share;                // with others only
  std::shared_ptr<feed::shared_snapshots> shared_snapshots; // likewise
  std::optional<served_shards> served; // with others only; before the cluster, whose timer tells the router
  std::atomic<bool> reads_chain{true};
  std::atomic<bool> serves_account{false};
  std::shared_ptr<accounts::shared_chain> chain = std::make_shared<accounts::shared_chain>();
  std::unique_ptr<cluster_parts> cluster; // its actors run in `system`, its stores end after it
  supervision::cell_ptr root_cell;
  caf::actor root;
  std::shared_ptr<runtime::peer_proxy> proxy;
  std::unique_ptr<api::http_server> http, local;
  locked_weak<api::routes> control_routes; // for what this node has to ask the others
  steady_time_ns started;
  bool stopped{};

  [[nodiscard]] const config::settings& values() const { return settings.value; }
  [[nodiscard]] ports::area_log log_of(std::string_view area) const { return {*log, area}; }

  result<void> start() {
    started = clock.steady_now();
    metrics.gauge_of("sett_node_started_time_seconds", "When this process started, in seconds since 1970.", {})
        .set(static_cast<double>(clock.wall_now().value) * 1e-9);
    if (auto opened = runtime::data_dir::open(values().node.data_dir); !opened)
      return std::unexpected(opened.error());
    else
      data.emplace(std::move(*opened));
    telemetry::add_process_metrics(metrics, SETT_VERSION);
    if (auto opened = telemetry::node_logger::open(log_options_of(values()), clock, metrics); !opened)
      return std::unexpected(opened.error());
    else
      log = std::move(*opened);
    log_of("node").info("node-starting", "the node starts",
                        {{"version", SETT_VERSION},
                         {"environment", values().node.environment},
                         {"data_dir", values().node.data_dir},
                         {"cluster_checksum", config::cluster_checksum(settings)}});
    if (const auto faults = decode::check_layouts(); !faults.empty())
      return fail("node", runtime::runtime_errc::cannot_start,
                  fmt::format("decoder layouts contradict their discriminators: {}", fmt::join(faults, "; ")));
    if (auto opened = store::rocksdb_store::open(
            {.folder = values().node.data_dir + "/store", .block_cache_bytes = values().store.cache_bytes});
        !opened)
      return std::unexpected(opened.error());
    else
      snapshots = std::move(*opened);
    if (auto opened =
            runtime::opportunity_log::open({.folder = values().node.data_dir + "/opportunities"}, clock, metrics);
        !opened)
      return std::unexpected(opened.error());
    else
      opportunities = std::move(*opened);
    for (std::size_t i = 0; i < values().endpoints.size(); ++i)
      endpoint_list.push_back(runtime::options_of(values().endpoints[i], values().ingest, i));
    if (auto joined = open_cluster(); !joined) return joined;
    if (auto started_actors = start_actors(); !started_actors) return started_actors;
    return start_api();
  }

  result<std::vector<routing::tracked_wallet>> tracked_wallets() const {
    std::vector<routing::tracked_wallet> out;
    for (const auto& w : values().tracked) {
      const auto parsed = solana::parse_address(w.address);
      if (!parsed)
        return fail("node", runtime::runtime_errc::bad_settings,
                    fmt::format("wallet.{}.address: {}", w.name, parsed.error().message));
      out.push_back({*parsed, w.name});
    }
    return out;
  }

  result<routing::event_router_options> router_options() {
    auto tracked = tracked_wallets();
    if (!tracked) return std::unexpected(tracked.error());
    routing::event_router_options o;
    o.limits.live_max = values().tokens.live_max;
    o.limits.idle_ns = values().tokens.idle_passivate_s * second_ns;
    o.limits.window_slots = values().ingest.backfill_slots_max + unfinal_slots;
    o.limits.replay_slots = o.limits.window_slots + unfinal_slots;
    o.limits.save_interval_ns = values().store.snapshot_interval_ms * (second_ns / 1000);
    o.key_format = base58_names();
    o.make_token = market::token_factory(std::make_shared<const market::token_outlets>(
        market::token_outlets{market, signals, &market::apply_latency_of(metrics)}));
    o.make_wallet = wallets::wallet_factory();
    o.tracked_by_setting = std::move(*tracked);
    if (const auto stored = snapshots->load({ingest::incomplete_kind, stream_name}); stored && *stored)
      if (auto ranges = ingest::decode_ranges(**stored)) o.missing = std::move(*ranges);
    o.tracked_max = values().wallets.tracked_max;
    o.answer_within_ns = values().api.request_timeout_ms * (second_ns / 1000) / 2;
    o.seed = static_cast<std::uint64_t>(clock.wall_now().value);
    if (clustered()) {
      o.shard_of = [this](routing::entity_kind kind, const address& key) {
        return cluster->node()
            .shard_of(routing::to_text(kind), {reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()})
            .value;
      };
      o.owned_now = [this] { return served->now(); };
    }
    return o;
  }

  [[nodiscard]] caf::actor actor_at(const std::string& path) const {
    const auto cell = actors->find(path);
    const auto self = cell ? cell->self() : nullptr;
    return self ? caf::actor_cast<caf::actor>(self) : caf::actor();
  }
  [[nodiscard]] static std::string endpoint_path(const endpoints::endpoint_options& e) {
    return fmt::format("{}/{}", endpoint_directory, e.name);
  }

  supervision::child_spec router_child(const routing::event_router_options& o) {
    return {.name = "router",
            .mailbox_bound = router_mailbox,
            .start = [this, o](caf::actor_system& s, supervision::cell_ptr cell) {
              return s.spawn<routing::event_router_actor>(std::move(cell), actors, entity_snapshots(), o);
            }};
  }

  supervision::child_spec ingest_child() {
    return {.name = "ingest",
            .mailbox_bound = ingest_mailbox,
            .start = [this](caf::actor_system& s, supervision::cell_ptr cell) {
              auto setup = std::make_shared<ingest::ingest_setup>();
              setup->name = stream_name;
              setup->merger.level = endpoint_list.front().level;
              setup->merger.window_slots = std::max(values().ingest.dedup_slots_max, 64U);
              setup->merger.backfill_slots_max = values().ingest.backfill_slots_max;
              setup->merger.in_flight_max = values().ingest.backfill_in_flight_max;
              setup->merger.attempts_max = values().ingest.backfill_tries_max;
              setup->seed = static_cast<std::uint64_t>(clock.wall_now().value);
              setup->sink = actor_at(std::string(router_path));
              setup->endpoint = [this](endpoint_index i) {
                return i.value < endpoint_list.size() ? actor_at(endpoint_path(endpoint_list[i.value])) : caf::actor();
              };
              for (const auto& e : endpoint_list) setup->endpoints.push_back(e.index);
              setup->store = snapshots;
              // What the entities have stored decides, not what ingest has passed on.
              if (const auto cursor = routing::load_cursor(*snapshots); cursor && cursor->value != 0) {
                setup->resume_behind = *cursor;
                if (clustered()) {
                  // A shard that is taken over later needs what came since the last snapshot this node was sent of it.
                  const auto origin = routing::load_origin(*snapshots).value_or(slot_number{});
                  setup->resume_behind->value -=
                      std::min(cursor->value - std::min(origin, *cursor).value, take_over_slots);
                }
              }
              setup->tap = share;
              if (trades()) setup->listener = [this] { return actor_at(std::string(account_path)); };
              setup->log = log_of("ingest");
              setup->metrics = ingest::ingest_metrics::make(metrics);
              return s.spawn<ingest::ingest_actor>(std::move(cell), std::shared_ptr<const ingest::ingest_setup>(setup));
            }};
  }

  supervision::child_spec endpoint_child(const endpoints::endpoint_options& options) {
    auto setup = std::make_shared<endpoints::endpoint_setup>();
    setup->options = options;
    setup->rules.watchdog.silence_max = std::chrono::milliseconds(values().ingest.silence_ms_max);
    setup->seed = static_cast<std::uint64_t>(clock.wall_now().value) + options.index.value;
    setup->sockets = transport;
    setup->pool = updates;
    setup->ingest = [this] { return actor_at(std::string(ingest_path)); };
    setup->log = log_of("endpoint");
    return {.name = options.name, .start = [this, setup](caf::actor_system& s, supervision::cell_ptr cell) {
              auto now = std::make_shared<endpoints::endpoint_setup>(*setup);
              if (!reads_chain) now->options.plan = endpoints::plan_kind::none; // it still fetches what is missing
              return s.spawn<endpoints::endpoint_actor>(
                  std::move(cell), std::shared_ptr<const endpoints::endpoint_setup>(std::move(now)));
            }};
  }

  /// Router, endpoints, ingest: when the router begins anew, what feeds it begins anew behind it.
  supervision::child_spec read_path_child(const routing::event_router_options& o) {
    std::vector<supervision::child_spec> children{router_child(o)};
    if (!endpoint_list.empty()) {
      std::vector<supervision::child_spec> each;
      for (const auto& e : endpoint_list) each.push_back(endpoint_child(e));
      children.push_back({.name = "endpoints", .start = [this, each](caf::actor_system& s, supervision::cell_ptr cell) {
                            return s.spawn<supervision::supervisor_actor>(
                                std::move(cell), actors,
                                supervision::supervisor_settings{.directory = std::string(endpoint_directory),
                                                                 .restart = {.never_give_up = true},
                                                                 .seed = 3},
                                each);
                          }});
      children.push_back(ingest_child());
    }
    return {.name = "read-path",
            .grace_ns = values().node.shutdown_grace_ms * (second_ns / 1000) / 2,
            .start = [this, children](caf::actor_system& s, supervision::cell_ptr cell) {
              return s.spawn<supervision::supervisor_actor>(
                  std::move(cell), actors,
                  supervision::supervisor_settings{.directory = "/node",
                                                   .how = supervision::strategy::rest_for_one,
                                                   .restart = {.never_give_up = true},
                                                   .seed = 2},
                  children);
            }};
  }

  supervision::child_spec opportunity_recorder_child() {
    auto setup = std::make_shared<const runtime::opportunity_recorder_setup>(
        runtime::opportunity_recorder_setup{actors, "/node/signal-bus", signals, opportunities, &metrics});
    return {.name = "opportunity-recorder", .start = [setup](caf::actor_system& s, supervision::cell_ptr cell) {
              return s.spawn<runtime::opportunity_recorder_actor>(std::move(cell), setup);
            }};
  }

  supervision::child_spec monitor_child() {
    auto setup = std::make_shared<runtime::monitor_setup>();
    setup->actors = actors;
    setup->board = board;
    setup->router_path = router_path;
    setup->ingest_path = ingest_path;
    for (const auto& e : endpoint_list) setup->endpoints.emplace_back(e.name, endpoint_path(e));
    setup->metrics = &metrics;
    return {.name = "monitor",
            .start = [setup = std::shared_ptr<const runtime::monitor_setup>(setup)](caf::actor_system& s,
                                                                                    supervision::cell_ptr cell) {
              return s.spawn<runtime::monitor_actor>(std::move(cell), setup);
            }};
  }

  result<void> open_cluster() {
    map = std::make_shared<shards::shard_map>(values().cluster.shards);
    reads_chain = !clustered(); // until the members have agreed on who does
    shards::cluster_hooks hooks;
    hooks.on_fatal = [this](const error& e) { end_process(e); };
    hooks.on_record = [this](shard_id s, const shard_record& r) { record_changed(s, r); };
    if (clustered()) {
      served.emplace(values().cluster.shards, [this](const served_shards::flags& now) {
        if (const auto router = actor_at(std::string(router_path))) caf::anon_send(router, routing::owned_shards{now});
      });
      hooks.on_registered = [this](const member& m) { shared_snapshots->self(m); };
      hooks.on_view = [this](const std::shared_ptr<const membership::membership_view>& v) { members_changed(*v); };
    }
    hooks.on_serving = [this](shard_id s, bool serves) {
      if (served) served->set(s, serves, cluster->timer());
      if (s != account_shard()) return;
      serves_account = serves;
      account_leader_changed();
    };
    auto opened = cluster_parts::open(values(), config::cluster_checksum(settings), clock, metrics, *log, actors,
                                      static_cast<std::uint64_t>(clock.wall_now().value), std::move(hooks));
    if (!opened) return std::unexpected(opened.error());
    cluster = std::move(*opened);
    if (!clustered()) return {};
    share = std::make_shared<feed::stream_share>(
        cluster->network(), clock, metrics, [this] { return actor_at(std::string(ingest_path)); },
        endpoint_index{static_cast<std::uint16_t>(endpoint_list.size())}, stream_id{});
    shared_snapshots = std::make_shared<feed::shared_snapshots>(
        snapshots, cluster->network(), *map,
        [this](std::string_view kind, std::string_view id) { return cluster->node().shard_of(kind, id); }, metrics);
    cluster->node().hub().feed({[this](const member& from, std::span<ports::packet> packets) {
                                  std::size_t first = 0; // snapshots go one way, runs of stream packets the other
                                  for (std::size_t i = 0; i <= packets.size(); ++i) {
                                    if (i < packets.size() && packets[i].kind != feed::snapshots_packet) continue;
                                    if (i > first) share->packets(from, packets.subspan(first, i - first));
                                    if (i < packets.size()) shared_snapshots->packet(from, packets[i]);
                                    first = i + 1;
                                  }
                                },
                                [this](const member& peer) { share->reset(peer); }});
    return {};
  }

  [[nodiscard]] bool trades() const { return values().account.mode != "off" && !endpoint_list.empty(); }
  [[nodiscard]] shard_id account_shard() const {
    return cluster->node().shard_of(accounts::account_kind_name, values().account.name);
  }
  void account_leader_changed() const {
    if (const auto a = actor_at(std::string(account_path))) caf::anon_send(a, accounts::account_leader_changed{});
  }
  [[nodiscard]] accounts::leadership account_leadership() const {
    accounts::leadership l;
    const auto record = map->at(account_shard());
    const auto self = cluster->node().self();
    if (!record || !self) return l;
    l.here = serves_account && record->leader == *self;
    l.epoch = record->epoch;
    l.data_loss = static_cast<std::uint32_t>(record->data_loss);
    return l;
  }

  /// What the account asks its chain of paper.
  [[nodiscard]] accounts::paper_ask paper_ask() const {
    return [this](execution::paper_command c, std::function<void(result<execution::paper_look>)> done) {
      cluster->node().submit(accounts::paper_chain_kind_name, values().account.name, execution::encode(c),
                             paper_within_ns, [done = std::move(done)](const entities::command_answer& a) {
                               if (a.status != entities::command_status::done)
                                 return done(fail("paper", execution::paper_errc::refused,
                                                  a.payload.empty() ? "the paper chain does not answer" : a.payload));
                               done(a.payload.empty() ? result<execution::paper_look>(execution::paper_look{})
                                                      : execution::decode_paper_look(a.payload));
                             });
    };
  }
  static constexpr std::int64_t paper_within_ns = 4 * second_ns;
  [[nodiscard]] accounts::paper_view paper_view() const {
    using accounts::chain_tracker;
    const auto c = chain;
    return {.tip = [c] { return c->with([](chain_tracker& t) { return t.view().tip; }); },
            .finalized = [c] { return c->with([](chain_tracker& t) { return t.view().finalized; }); },
            .how_sure =
                [c](const chain_point& p) {
                  return c->with([&](chain_tracker& t) {
                    const auto hash = t.at(p.height);
                    // What is older than all that is known was final long ago.
                    const bool old = t.oldest() && p.height < *t.oldest();
                    if (!old && (!hash || *hash != p.hash)) return commitment::processed;
                    return p.height <= t.view().finalized ? commitment::finalized : commitment::confirmed;
                  });
                },
            .at = [c](block_height h) { return c->with([&](chain_tracker& t) { return t.at(h); }); },
            .first_between =
                [c](block_height from, block_height to) {
                  return c->with([&](chain_tracker& t) { return t.first_between(from, to); });
                },
            .pool = [c](const address& pool) { return c->with([&](chain_tracker& t) { return t.pool(pool); }); }};
  }

  [[nodiscard]] std::shared_ptr<const accounts::account_setup> account_setup() {
    const auto& v = values();
    auto s = std::make_shared<accounts::account_setup>();
    s->name = v.account.name;
    s->mode = v.account.mode;
    s->node_name = v.node.name;
    auto signer = std::make_shared<accounts::paper_signer>(accounts::paper_seed(v.cluster.id, v.account.name));
    s->wallet = signer->wallet();
    s->signer = std::move(signer);
    s->limits.spend_max = lamports(v.risk.trade_lamports_max);
    s->limits.exposure_max = lamports(v.risk.account_lamports_max);
    s->limits.entries_open_max =
        static_cast<std::uint16_t>(std::min<std::uint64_t>(v.risk.positions_max, execution::open_intents_max));
    s->limits.variants_max = static_cast<std::uint16_t>(v.account.sell_variants_max);
    s->limits.floor = lamports(account_floor_lamports);
    s->limits.max_age_blocks_max = s->limits.lifetime_blocks;
    s->opening_balance = lamports(v.account.paper_balance_lamports);
    s->slippage_bps = v.account.slippage_bps;
    s->max_age_blocks = v.account.max_age_blocks;
    s->fees.price_micro_lamports = v.account.price_micro_lamports;
    // Beside the time of asking the node that leads (half the API's bound) there is room for the answer.
    s->ask_within_ns = static_cast<std::int64_t>(v.api.request_timeout_ms) * (second_ns / 1000) * 2 / 5;
    s->stream_confirmed = v.ingest.commitment == "confirmed";
    s->leading = [this] { return account_leadership(); };
    s->shard = [this] { return actor_at(fmt::format("/node/shards/{}", account_shard().value)); };
    s->submit = [this](std::string bytes, std::int64_t within_ns,
                       std::function<void(const entities::command_answer&)> done) {
      cluster->node().submit(accounts::account_kind_name, values().account.name, std::move(bytes), within_ns,
                             std::move(done));
    };
    s->chain = chain;
    s->builder = accounts::make_paper_builder();
    s->lanes.push_back(accounts::make_paper_lane(paper_ask(), paper_view()));
    s->evidence.push_back(accounts::make_paper_evidence(paper_ask(), paper_view()));
    s->balance = [ask = paper_ask()](const mint_address& mint,
                                     std::function<void(result<accounts::account_setup::balances>)> done) {
      ask(execution::paper::look{.signature = {}, .mint = mint, .finalized = {}},
          [done = std::move(done)](const result<execution::paper_look>& a) {
            if (!a) return done(std::unexpected(a.error()));
            done(accounts::account_setup::balances{.wallet = a->balance, .rent = a->rent, .tokens = a->tokens});
          });
    };
    s->fund = [ask = paper_ask(), wallet = s->wallet,
               amount = s->opening_balance](const std::function<void(bool)>& done) {
      ask(execution::paper::fund{wallet, amount},
          [done](const result<execution::paper_look>& a) { done(a.has_value()); });
    };
    s->pool_elsewhere = [this](const mint_address& mint,
                               std::function<void(std::optional<execution::paper_pool>)> done) {
      const auto routes = control_routes.lock();
      if (!routes) return done(std::nullopt);
      api::request ask;
      ask.method = "GET";
      ask.path = fmt::format("{}/{}", protocol::control::tokens_path, solana::to_base58(mint));
      routes->dispatch(std::move(ask), [mint, done = std::move(done)](const api::response& r) {
        done(r.status == 200 ? runtime::pool_in(r.body, mint) : std::nullopt);
      });
    };
    s->log = log_of("account");
    s->metrics = accounts::account_metrics::make(metrics);
    return s;
  }
  static constexpr std::uint64_t account_floor_lamports = 50'000'000; // stays for exits' fees

  supervision::child_spec account_child() {
    return {.name = "account",
            .mailbox_bound = account_mailbox,
            .start = [setup = account_setup()](caf::actor_system& s, supervision::cell_ptr cell) {
              return s.spawn<accounts::account_actor>(std::move(cell), setup);
            }};
  }

  [[nodiscard]] bool clustered() const { return !values().cluster.etcd.empty(); }
  [[nodiscard]] std::shared_ptr<ports::snapshot_store> entity_snapshots() const {
    if (shared_snapshots) return shared_snapshots;
    return snapshots;
  }

  /// A replica that comes to a shard led here gets what is stored of its entities.
  void record_changed(shard_id shard, const shard_record& record) {
    const auto before = map->at(shard);
    map->set(shard, record);
    if (shard == account_shard()) account_leader_changed();
    const auto self = cluster->node().self();
    if (!clustered() || !self || record.leader != *self) return;
    for (const auto& m : record.isr)
      if (m != *self && (!before || before->leader != *self ||
                         std::find(before->isr.begin(), before->isr.end(), m) == before->isr.end()))
        send_snapshots(shard, m);
  }
  /// To a new member of the isr; again a little later while too much waits for the disk.
  void send_snapshots(shard_id shard, const member& to) {
    const auto record = map->at(shard);
    const auto self = cluster->node().self();
    if (!record || !self || record->leader != *self ||
        std::find(record->isr.begin(), record->isr.end(), to) == record->isr.end())
      return;
    if (cluster->blocking([this, shard, to] { shared_snapshots->send_all(shard, to); })) return;
    const bool later = cluster->timer().start(snapshots_again_ns, [this, shard, to] { send_snapshots(shard, to); }) !=
                       ports::timer_id::none;
    log_of("cluster").warn("snapshots-not-sent", "too much waits for the disk to send a member its soft state",
                           {{"shard", shard.value}, {"to", to_text(to)}, {"again", later}});
  }

  /// Two nodes read the chain; which ones follows from who is up, so all agree without asking.
  void members_changed(const membership::membership_view& v) {
    std::vector<member> up;
    std::vector<shards::candidate> readers;
    const auto candidate = [&](const membership::member_record& r) {
      readers.push_back({r.node, r.weight, r.roles.has(membership::role::ingest)});
    };
    candidate(v.self);
    for (const auto& o : v.others) {
      if (o.seen.down) continue;
      up.push_back(o.record.who());
      candidate(o.record);
    }
    share->members(up);
    const auto chosen = shards::wanted_replicas(stream_shard, readers, readers_wanted);
    const bool reads = std::find(chosen.begin(), chosen.end(), v.self.node) != chosen.end();
    if (reads_chain.exchange(reads) == reads) return;
    log_of("node").info(reads ? "reads-chain" : "reads-no-chain",
                        reads ? "this node reads the chain for the cluster" : "other nodes read the chain");
    for (const auto& e : endpoint_list) static_cast<void>(supervision::request_restart(*actors, endpoint_path(e)));
  }

  /// A member that cannot go on ends at once and comes back as a new incarnation: an ordered stop could still write.
  void end_process(const error& e) {
    log_of("node").error("node-ends", "this process ends; whoever runs it starts it again", {{"why", e.message}});
    log->stop();
    std::_Exit(3);
  }

  result<void> start_actors() {
    const auto router = router_options();
    if (!router) return std::unexpected(router.error());
    sockets = std::make_unique<endpoints::socket_threads>(socket_thread_count);
    transport = endpoints::make_transport(*sockets);
    actor_settings.emplace(thread_count(values().actors.threads_max));
    system.emplace(*actor_settings);
    const auto directory = actors->directory("/node");
    root_cell = actors->add(directory, "supervisor", 10'000);
    std::vector<supervision::child_spec> children;
    children.push_back({.name = "gateway", .start = [](caf::actor_system& s, supervision::cell_ptr cell) {
                          return s.spawn<runtime::gateway_actor>(std::move(cell));
                        }});
    children.push_back(bus_child<protocol::price_update>("market-bus", market));
    children.push_back(bus_child<protocol::opportunity>("signal-bus", signals));
    children.push_back(bus_child<protocol::alert>("alert-bus", alerts));
    children.push_back(opportunity_recorder_child());
    children.push_back(cluster->node().child());
    if (trades()) children.push_back(account_child());
    children.push_back(read_path_child(*router));
    children.push_back(monitor_child());
    root = system->spawn<supervision::supervisor_actor>(
        root_cell, actors,
        supervision::supervisor_settings{.directory = "/node", .restart = {.never_give_up = true}, .seed = 1},
        std::move(children));
    root_cell->state(supervision::actor_state::running); // nobody above it would say so
    return {};
  }

  /// The merged stream; its reason is the endpoints' when none of them is live.
  static runtime::stream_status stream_status_of(const protocol::ingest_status& s,
                                                 const std::map<std::string, protocol::endpoint_status>& from) {
    runtime::stream_status out;
    out.name = stream_name;
    out.live = s.health.live;
    out.complete_from = s.health.complete_from;
    out.complete_to = s.health.complete_to;
    for (const auto& r : s.health.incomplete) out.incomplete_slots += r.last.value - r.first.value + 1;
    out.backfilling = s.health.backfilling;
    out.slots_behind = s.head.value > s.health.complete_to.value ? s.head.value - s.health.complete_to.value : 0;
    out.transactions = s.transactions;
    if (out.live) return out;
    for (const auto& [name, e] : from)
      if (e.has_stream)
        out.reason += fmt::format("{}{}: {}", out.reason.empty() ? "" : "; ", name,
                                  e.connection_reason.empty() ? "not connected" : e.connection_reason);
    return out;
  }

  [[nodiscard]] boost::json::array plan_rows() const {
    boost::json::array rows;
    for (const auto& e : endpoint_list)
      for (const auto& cost : endpoints::plan_costs(e)) {
        const auto& t = endpoints::traits(cost.plan);
        rows.push_back(
            boost::json::object{{"endpoint", e.name},
                                {"plan", endpoints::to_string(cost.plan)},
                                {"commitment", t.processed && t.confirmed ? "processed, confirmed"
                                               : t.processed              ? "processed"
                                                                          : "confirmed"},
                                {"chosen", cost.plan == e.plan},
                                {"possible", cost.possible},
                                {"requests_per_s", cost.requests_per_second},
                                {"credits_per_month", cost.credits_per_month},
                                {"streamed_megabytes_per_s", cost.streamed_megabytes_per_second},
                                {"allowance", e.credits_per_month > 0 ? boost::json::value(e.credits_per_month)
                                                                      : boost::json::value(nullptr)},
                                {"within_rate", cost.within_rate},
                                {"note", cost.possible ? std::string(t.note) : "not possible: " + cost.why_not}});
      }
    return rows;
  }

  [[nodiscard]] std::optional<runtime::cluster_standing> cluster_standing() const {
    const auto view = cluster ? cluster->node().view() : nullptr;
    const auto figures = cluster ? cluster->node().figures() : std::nullopt;
    if (!view || !figures) return std::nullopt;
    const auto down =
        std::count_if(view->others.begin(), view->others.end(), [](const auto& o) { return o.seen.down; });
    return runtime::cluster_standing{.id = view->cluster.cluster_id,
                                     .alone = values().cluster.etcd.empty(),
                                     .registered = view->registered,
                                     .store_reachable = view->store_reachable,
                                     .nodes = static_cast<std::uint32_t>(view->others.size() + 1),
                                     .nodes_down = static_cast<std::uint32_t>(down),
                                     .shards = figures->shards,
                                     .without_leader = figures->without_leader,
                                     .under_replicated = figures->under_replicated,
                                     .below_min_isr = figures->below_min_isr,
                                     .data_loss = figures->data_loss};
  }

  runtime::node_status status() {
    runtime::node_status s;
    s.version = SETT_VERSION;
    s.node = values().node.name;
    s.environment = values().node.environment;
    s.pid = ::getpid();
    s.uptime_s = static_cast<double>(clock.steady_now().value - started.value) * 1e-9;
    s.http_port = http ? http->port() : std::uint16_t{0};
    s.cluster_checksum = config::cluster_checksum(settings);
    s.endpoints = static_cast<std::uint32_t>(values().endpoints.size());
    s.log_shed = log->counts().shed;
    if (const auto failure = snapshots->failure()) s.store_fault = failure->message;
    s.cluster = cluster_standing();
    const auto seen = board->read();
    s.events_per_s = seen.events_per_s;
    if (seen.ingest) s.streams.push_back(stream_status_of(*seen.ingest, seen.endpoints));
    for (const auto& t : actors->totals(clock.steady_now().value)) {
      s.actors += t.actors;
      s.actor_restarts += t.restarts;
      s.refused += t.refused;
      s.poison += t.skipped_poison;
    }
    return s;
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> endpoint_paths() const {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& e : endpoint_list) out.emplace_back(e.name, endpoint_path(e));
    return out;
  }

  result<void> start_api() {
    const auto deadline = std::chrono::milliseconds(values().api.request_timeout_ms * 9 /
                                                    10); // the actor's error comes before the server's 504
    auto context = std::make_shared<const runtime::control_context>(
        runtime::control_context{.settings = settings,
                                 .actors = actors,
                                 .ask = runtime::asker(actors, std::string(gateway_path), deadline),
                                 .log = *log,
                                 .metrics = metrics,
                                 .opportunities = opportunities,
                                 .clock = clock,
                                 .secrets = telemetry::redactor(secrets_of(values())),
                                 .router_path = std::string(router_path),
                                 .status = [this] { return status(); },
                                 .board = board,
                                 .endpoints = endpoint_paths(),
                                 .plans = plan_rows()});
    auto health = std::make_shared<api::routes>();
    runtime::add_health_routes(*health, context);
    auto control = std::make_shared<api::routes>();
    runtime::add_health_routes(*control, context);
    runtime::add_control_routes(*control, context);
    const auto cluster_context = std::make_shared<const runtime::cluster_context>(
        runtime::cluster_context{cluster->node(), runtime::asker(actors, std::string(gateway_path), deadline),
                                 cluster->network(), cluster->timer(), map, values().account.name});
    runtime::add_cluster_routes(*control, cluster_context);
    runtime::add_account_routes(*control, runtime::asker(actors, std::string(gateway_path), deadline),
                                trades() ? std::string(account_path) : std::string());
    proxy = std::make_shared<runtime::peer_proxy>(cluster_context);
    control_routes.set(control);
    proxy->serve(control);
    proxy->intercept(*control);
    cluster->node().hub().steering([p = proxy](const member& from, const ports::packet& k) { p->on_packet(from, k); });
    const auto options = server_options_of(values().api);
    if (auto listening =
            api::http_server::listen_tcp(values().api.address, values().api.port, options, health, metrics);
        !listening)
      return std::unexpected(listening.error());
    else
      http = std::move(*listening);
    if (auto listening = api::http_server::listen_unix(values().socket_path(), options, control, metrics); !listening)
      return std::unexpected(listening.error());
    else
      local = std::move(*listening);
    log_of("node").info("node-started", "the node runs",
                        {{"http_port", http->port()}, {"socket", values().socket_path()}});
    return {};
  }

  /// Hands what this node leads to others, answers whoever still waits for an answer here, says good-bye, and waits for
  /// all three, at most until half of the grace period is over. Whatever is left then is taken over, as after a crash.
  void leave_cluster() {
    const auto view = cluster ? cluster->node().view() : nullptr;
    const auto membership = actor_at(std::string(shards::membership_path));
    const auto manager = actor_at(std::string(shards::manager_path));
    if (!view || view->others.empty() || !membership || !manager) return;
    caf::scoped_actor self(*system);
    const auto end = clock.steady_now().value + values().node.shutdown_grace_ms * (second_ns / 1000) / 2;
    self->send(membership, membership::set_draining{true});
    const auto somebody_stays = [this] {
      const auto now = cluster->node().view();
      return std::any_of(now->others.begin(), now->others.end(),
                         [](const auto& o) { return !o.seen.down && !o.record.draining; });
    };
    bool leading = true;
    while (leading && somebody_stays() && clock.steady_now().value < end) {
      self->request(manager, std::chrono::milliseconds(500), shards::manager_describe{})
          .receive([&](const shards::manager_description& d) { leading = d.own.leads != 0; }, [](const caf::error&) {});
      if (leading) std::this_thread::sleep_for(std::chrono::milliseconds(5)); // each hand-over takes a transaction
    }
    const auto answers_missing = [this] { return (http ? http->waiting() : 0) + (local ? local->waiting() : 0) != 0; };
    while (answers_missing() && clock.steady_now().value < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    self->monitor(membership);
    self->send(membership, membership::leave_cluster{});
    self->receive([](const caf::down_msg&) {}, caf::after(std::chrono::seconds(1)) >> [] {});
    log_of("node").info("node-left", "this node has left its cluster", {{"still_led", leading}});
  }

  /// Has every entity store what is final, and waits for it at most until half of the grace period is over. What is not
  /// stored is read again from the chain after the next start.
  void settle_entities() {
    if (!actors) return;
    caf::scoped_actor self(*system);
    const auto end = clock.steady_now().value + values().node.shutdown_grace_ms * (second_ns / 1000) / 2;
    const auto ask = [&](std::string_view path, const auto& request, auto taken) {
      const auto whom = actor_at(std::string(path));
      if (!whom) return;
      const std::chrono::nanoseconds left(std::max<std::int64_t>(end - clock.steady_now().value, 1));
      self->request(whom, left, request).receive(taken, [](const caf::error&) {});
    };
    // What ingest has taken is with the router when it has answered.
    ask(ingest_path, protocol::ingest_status_request{}, [](const protocol::ingest_status&) {});
    ask(router_path, protocol::settle_request{}, [&](const protocol::settled& s) {
      log_of("node").info("entities-settled", "tokens and wallets have stored what is final",
                          {{"cursor", s.cursor.value}});
    });
  }

  /// Asks the root supervisor to stop its children in reverse order and waits for the end.
  void stop_actors() {
    if (!root) return;
    caf::scoped_actor self(*system);
    self->monitor(root);
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(root), caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {});
    root = nullptr;
  }

  void stop() {
    if (std::exchange(stopped, true)) return;
    if (log) log_of("node").info("node-stopping", "the node stops");
    if (http) http->wind_down();
    if (local) local->wind_down();
    if (sockets) sockets->stop(); // the chain's stream ends; what is on its way still arrives
    if (system) leave_cluster();
    if (http) http->stop();
    if (local) local->stop();
    if (proxy) proxy->serve(nullptr); // the routes know the proxy, which knew them
    if (system) settle_entities();
    if (cluster) cluster->close_doors();
    stop_actors();
    system.reset(); // waits for every actor
    if (cluster) cluster->close_stores();
    if (opportunities) opportunities->stop();
    if (snapshots) snapshots->close();
    if (!log) return;
    log_of("node").info("node-stopped", "the node has stopped");
    log->stop();
  }
};

node::node(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
node::~node() { stop(); }
void node::stop() { parts_->stop(); }
std::uint16_t node::http_port() const { return parts_->http->port(); }

result<std::unique_ptr<node>> node::start(config::resolution settings) {
  auto p = std::make_unique<parts>(std::move(settings));
  auto started = p->start();
  if (!started) {
    if (p->log) p->log_of("node").error("node-cannot-start", started.error().message);
    p->stop();
    return std::unexpected(started.error());
  }
  return std::unique_ptr<node>(new node(std::move(p)));
}

} // namespace sett::settd
