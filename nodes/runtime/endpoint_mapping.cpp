#include "nodes/runtime/endpoint_mapping.hpp"

#include "actors/endpoints/source_plan.hpp"

#include <chrono>
#include <string>

namespace sett::runtime {
namespace {

endpoints::plan_kind plan_of(const std::string& name, const endpoints::endpoint_options& options) {
  using endpoints::plan_kind;
  if (name == "auto") return endpoints::best_plan(options);
  if (name == "grpc") return plan_kind::yellowstone_grpc;
  if (name == "transactions") return plan_kind::transaction_subscribe;
  if (name == "blocks") return plan_kind::block_subscribe;
  if (name == "slots") return plan_kind::slot_get_block;
  if (name == "logs") return plan_kind::logs_get_transaction;
  return plan_kind::none;
}

} // namespace

endpoints::endpoint_options options_of(const config::endpoint_settings& e, const config::ingest_settings& ingest,
                                       std::size_t index) {
  endpoints::endpoint_options o;
  o.name = e.name;
  o.provider = e.provider;
  o.index = endpoint_index{static_cast<std::uint16_t>(index)};
  o.http_url = e.http;
  o.ws_url = e.ws;
  o.grpc_url = e.grpc;
  o.grpc_token = e.token;
  o.level = ingest.commitment == "processed" ? commitment::processed : commitment::confirmed;
  o.idle_timeout = std::chrono::milliseconds(ingest.silence_ms_max);
  o.credits_per_month = static_cast<double>(e.credits_per_month);
  o.rate.credits_per_second = e.requests_per_s_max;
  o.rate.burst_credits = e.burst_max;
  o.lanes.in_flight_max = e.in_flight_max;
  o.plan = plan_of(e.plan, o);
  return o;
}

} // namespace sett::runtime
