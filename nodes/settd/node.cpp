#include "nodes/settd/node.hpp"

#include "actors/buses/bus.hpp"
#include "actors/buses/bus_actor.hpp"
#include "actors/decode/decoder.hpp"
#include "actors/market/token_actor.hpp"
#include "actors/routing/event_router_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "actors/supervision/system_config.hpp"
#include "actors/wallets/wallet_actor.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/api/http_server_io.hpp"
#include "nodes/runtime/control_api.hpp"
#include "nodes/runtime/data_dir_io.hpp"
#include "nodes/runtime/gateway_actor.hpp"
#include "nodes/runtime/node_clock_io.hpp"
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
#include <chrono>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sett::settd {
namespace {

constexpr std::string_view gateway_path = "/node/gateway";
constexpr std::string_view router_path = "/node/router";
constexpr std::uint32_t router_mailbox = 100'000;
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

class system_config : public caf::actor_system_config {
public:
  explicit system_config(std::size_t threads) { supervision::configure(*this, threads); }
};

} // namespace

/// Declared in the order of their start; destroyed in reverse.
struct node::parts {
  explicit parts(config::resolution r) : settings(std::move(r)) {}

  config::resolution settings;
  runtime::node_clock clock;
  telemetry::node_metrics metrics;
  std::optional<runtime::data_dir> data;
  std::unique_ptr<telemetry::node_logger> log;
  std::shared_ptr<store::rocksdb_store> snapshots;
  std::shared_ptr<buses::market_bus> market = std::make_shared<buses::market_bus>();
  std::shared_ptr<buses::signal_bus> signals = std::make_shared<buses::signal_bus>();
  std::shared_ptr<buses::alert_bus> alerts = std::make_shared<buses::alert_bus>();
  std::optional<system_config> actor_settings;
  std::optional<caf::actor_system> system;
  std::shared_ptr<supervision::registry> actors;
  supervision::cell_ptr root_cell;
  caf::actor root;
  std::unique_ptr<api::http_server> http, local;
  steady_time_ns started;
  bool stopped{};

  [[nodiscard]] const config::settings& values() const { return settings.value; }
  [[nodiscard]] ports::area_log log_of(std::string_view area) const { return {*log, area}; }

  result<void> start() {
    started = clock.steady_now();
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

  result<routing::event_router_options> router_options() const {
    auto tracked = tracked_wallets();
    if (!tracked) return std::unexpected(tracked.error());
    routing::event_router_options o;
    o.limits.live_max = values().tokens.live_max;
    o.limits.idle_ns = values().tokens.idle_passivate_s * second_ns;
    o.limits.save_interval_ns = values().store.snapshot_interval_ms * (second_ns / 1000);
    o.key_format = base58_names();
    o.make_token =
        market::token_factory(std::make_shared<const market::token_outlets>(market::token_outlets{market, signals}));
    o.make_wallet = wallets::wallet_factory();
    o.tracked_by_setting = std::move(*tracked);
    o.tracked_max = values().wallets.tracked_max;
    o.answer_within_ns = values().api.request_timeout_ms * (second_ns / 1000) / 2;
    o.seed = static_cast<std::uint64_t>(clock.wall_now().value);
    return o;
  }

  result<void> start_actors() {
    const auto router = router_options();
    if (!router) return std::unexpected(router.error());
    actor_settings.emplace(thread_count(values().actors.threads_max));
    system.emplace(*actor_settings);
    actors = std::make_shared<supervision::registry>();
    const auto directory = actors->directory("/node");
    root_cell = actors->add(directory, "supervisor", 10'000);
    std::vector<supervision::child_spec> children;
    children.push_back({.name = "gateway", .start = [](caf::actor_system& s, supervision::cell_ptr cell) {
                          return s.spawn<runtime::gateway_actor>(std::move(cell));
                        }});
    children.push_back(bus_child<protocol::price_update>("market-bus", market));
    children.push_back(bus_child<protocol::opportunity>("signal-bus", signals));
    children.push_back(bus_child<protocol::alert>("alert-bus", alerts));
    children.push_back({.name = "router",
                        .mailbox_bound = router_mailbox,
                        .start = [this, o = *router](caf::actor_system& s, supervision::cell_ptr cell) {
                          return s.spawn<routing::event_router_actor>(std::move(cell), actors, snapshots, o);
                        }});
    root = system->spawn<supervision::supervisor_actor>(
        root_cell, actors,
        supervision::supervisor_settings{.directory = "/node", .restart = {.never_give_up = true}, .seed = 1},
        std::move(children));
    root_cell->state(supervision::actor_state::running); // nobody above it would say so
    return {};
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
    for (const auto& t : actors->totals(clock.steady_now().value)) {
      s.actors += t.actors;
      s.actor_restarts += t.restarts;
      s.refused += t.refused;
      s.poison += t.skipped_poison;
    }
    return s;
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
                                 .clock = clock,
                                 .secrets = telemetry::redactor(secrets_of(values())),
                                 .router_path = std::string(router_path),
                                 .status = [this] { return status(); }});
    auto health = std::make_shared<api::routes>();
    runtime::add_health_routes(*health, context);
    auto control = std::make_shared<api::routes>();
    runtime::add_health_routes(*control, context);
    runtime::add_control_routes(*control, context);
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

  /// Waits until every entity has stored what can be stored, at most until half of the grace period is over. What is
  /// not stored is read again from the chain after the next start.
  void settle_entities() {
    const auto cell = actors ? actors->find(router_path) : nullptr;
    const auto router = cell ? cell->self() : nullptr;
    if (!router) return;
    caf::scoped_actor self(*system);
    const auto end = clock.steady_now().value + values().node.shutdown_grace_ms * (second_ns / 1000) / 2;
    bool waiting = true;
    while (waiting && clock.steady_now().value < end) {
      self->request(caf::actor_cast<caf::actor>(router), std::chrono::milliseconds(200),
                    protocol::router_status_request{})
          .receive([&](const protocol::router_status& s) { waiting = s.dirty != 0; }, [](const caf::error&) {});
      if (waiting)
        std::this_thread::sleep_for(std::chrono::milliseconds(20)); // the entities store on their own schedule
    }
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
    if (http) http->stop();
    if (local) local->stop();
    settle_entities();
    stop_actors();
    system.reset(); // waits for every actor
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
