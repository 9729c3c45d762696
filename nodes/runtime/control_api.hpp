// The node's HTTP interface: what each path of messages/protocol/control.hpp does. Reads settings, log and the actor
// registry directly (they are thread-safe) and asks actors through the gateway.
#pragma once

#include "actors/supervision/registry.hpp"
#include "config/resolve.hpp"
#include "nodes/api/request.hpp"
#include "nodes/runtime/gateway_actor.hpp"
#include "nodes/runtime/monitor_actor.hpp"
#include "nodes/runtime/opportunity_log_io.hpp"
#include "nodes/runtime/status.hpp"
#include "nodes/telemetry/log_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sett::runtime {

/// What the interface works with; everything outlives it.
struct control_context {
  const config::resolution& settings;
  std::shared_ptr<supervision::registry> actors;
  asker ask;
  telemetry::node_logger& log;
  telemetry::node_metrics& metrics;
  std::shared_ptr<const opportunity_log> opportunities;
  const ports::clock& clock;
  telemetry::redactor secrets;
  std::string router_path; // of the event router
  /// Everything of the status but the router's part; must not block.
  std::function<node_status()> status;
  std::shared_ptr<const status_board> board;
  std::vector<std::pair<std::string, std::string>> endpoints; // name, path of the actor
  boost::json::array plans;                                   // rows of `sett endpoint plan`
};

/// /metrics, /livez, /readyz: for the loopback port, and for the socket too.
void add_health_routes(api::routes& to, std::shared_ptr<const control_context> c);
/// Everything the command line uses: for the socket only.
void add_control_routes(api::routes& to, std::shared_ptr<const control_context> c);

} // namespace sett::runtime
