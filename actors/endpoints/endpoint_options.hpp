// What one endpoint is and may cost, as plain data; the composition root fills it from the settings. Addresses and
// headers are secrets: an endpoint is shown by its name only.
#pragma once

#include "actors/resilience/backoff.hpp"
#include "actors/resilience/bulkhead.hpp"
#include "actors/resilience/circuit_breaker.hpp"
#include "actors/resilience/rate_limiter.hpp"
#include "actors/resilience/retry_policy.hpp"
#include "config/secret.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sett::endpoints {

using resilience::duration;

/// How a stream reads the chain; see source_plan.hpp for commitment and cost.
enum class plan_kind : std::uint8_t {
  none, // serves calls only
  yellowstone_grpc,
  transaction_subscribe,
  block_subscribe,
  slot_get_block,
  logs_get_transaction
};

struct tls_options {
  std::string ca_file; // PEM; added to the system's certificates. Verification cannot be switched off
};

/// One JSON-RPC method's price in the provider's credits. Methods that are not listed cost `credits_default`.
struct method_cost {
  std::string method;
  double credits{1.0};
};

struct endpoint_options {
  std::string name;     // shown everywhere; [a-z0-9-]{1,32}
  std::string provider; // free text, shown
  endpoint_index index;
  config::secret http_url, ws_url, grpc_url;                   // empty: not offered
  std::vector<std::pair<std::string, config::secret>> headers; // sent with HTTP and WebSocket handshakes
  config::secret grpc_token;                                   // x-token

  plan_kind plan{plan_kind::none};
  commitment level{commitment::confirmed};

  // HTTP
  std::uint32_t connections_max = 4;
  duration connect_timeout = std::chrono::seconds(5);
  duration call_timeout = std::chrono::seconds(10);
  std::uint64_t response_bytes_max = 128ULL << 20;
  std::uint32_t batch_calls_max = 8; // 1: no batching

  // WebSocket
  std::uint64_t frame_bytes_max = 128ULL << 20;
  duration idle_timeout = std::chrono::seconds(20); // a ping goes out at half of it; no byte for this long closes
  bool compression = false;                         // permessage-deflate

  // gRPC
  std::uint64_t message_bytes_max = 128ULL << 20;
  duration grpc_ping = std::chrono::seconds(10);

  tls_options tls;
  double credits_default = 1.0;
  std::vector<method_cost> method_costs;
  double credits_per_month = 0; // 0: unlimited; only shown beside a plan's cost

  resilience::rate_limit_settings rate;
  resilience::breaker_settings breaker;
  resilience::retry_settings retry;
  resilience::bulkhead_settings lanes;
  resilience::backoff_settings reconnect;
};

} // namespace sett::endpoints
