#include "actors/endpoints/source_plan.hpp"

#include <algorithm>
#include <array>

namespace sett::endpoints {

namespace {

constexpr std::array<plan_traits, 6> all_traits{{
    {plan_kind::none, true, true, false, false, true, "answers calls, carries no stream"},
    {plan_kind::yellowstone_grpc, true, true, false, true, true,
     "lowest latency; each slot closes with its count; replays from a slot"},
    {plan_kind::transaction_subscribe, true, true, true, false, true,
     "low latency; a slot counts as whole when later slots came"},
    {plan_kind::block_subscribe, false, true, true, false, true,
     "whole blocks; not offered everywhere and called unstable"},
    {plan_kind::slot_get_block, false, true, true, false, true,
     "works with every provider; one getBlock per slot, about a second later"},
    {plan_kind::logs_get_transaction, false, true, true, false, true,
     "works everywhere; one getTransaction per successful transaction: for a few programs, not for the whole chain"},
}};
constexpr std::array<plan_kind, 5> by_preference{plan_kind::yellowstone_grpc, plan_kind::transaction_subscribe,
                                                 plan_kind::block_subscribe, plan_kind::slot_get_block,
                                                 plan_kind::logs_get_transaction};
constexpr double month_seconds = 30.0 * 24 * 3600;

} // namespace

std::string_view to_string(plan_kind plan) {
  constexpr std::array<std::string_view, 6> names{"none",           "grpc",           "transactionSubscribe",
                                                  "blockSubscribe", "slots+getBlock", "logs+getTransaction"};
  return names[static_cast<std::size_t>(plan)];
}

const plan_traits& traits(plan_kind plan) { return all_traits[static_cast<std::size_t>(plan)]; }

double credits_of(const endpoint_options& endpoint, std::string_view method) {
  const auto found = std::ranges::find(endpoint.method_costs, method, &method_cost::method);
  return found == endpoint.method_costs.end() ? endpoint.credits_default : found->credits;
}

plan_cost cost_of(plan_kind plan, const endpoint_options& endpoint, const cost_assumptions& a) {
  plan_cost c{.plan = plan, .possible = true, .why_not = {}};
  const auto& t = traits(plan);
  const bool level = endpoint.level == commitment::processed ? t.processed : t.confirmed;
  if (!level)
    c.why_not = "knows no processed commitment";
  else if (t.needs_grpc && endpoint.grpc_url.empty())
    c.why_not = "the endpoint has no gRPC address";
  else if (t.needs_ws && endpoint.ws_url.empty())
    c.why_not = "the endpoint has no WebSocket address";
  else if (t.needs_http && endpoint.http_url.empty())
    c.why_not = "the endpoint has no HTTP address to fetch gaps from";
  c.possible = c.why_not.empty();

  const double blocks = a.slots_per_second * (1 - a.skipped_ratio);
  double block_calls = plan == plan_kind::none ? 0 : a.slots_per_second * a.gap_ratio;
  double transaction_calls = 0;
  if (plan == plan_kind::slot_get_block) block_calls += a.slots_per_second + blocks * a.early_ratio;
  if (plan == plan_kind::logs_get_transaction) transaction_calls = a.transactions_per_second;
  if (plan == plan_kind::yellowstone_grpc || plan == plan_kind::transaction_subscribe ||
      plan == plan_kind::block_subscribe)
    c.streamed_megabytes_per_second = a.transactions_per_second * a.bytes_per_transaction * 1e-6;
  c.requests_per_second = block_calls + transaction_calls;
  c.credits_per_second = block_calls * credits_of(endpoint, "getBlock") +
                         transaction_calls * credits_of(endpoint, "getTransaction") +
                         c.streamed_megabytes_per_second * a.streamed_credits_per_megabyte;
  c.credits_per_month = c.credits_per_second * month_seconds;
  c.within_rate = c.credits_per_second <= endpoint.rate.credits_per_second;
  return c;
}

std::vector<plan_cost> plan_costs(const endpoint_options& endpoint, const cost_assumptions& assumed) {
  std::vector<plan_cost> all;
  for (const auto p : by_preference) all.push_back(cost_of(p, endpoint, assumed));
  return all;
}

plan_kind best_plan(const endpoint_options& endpoint, const cost_assumptions& assumed) {
  for (const auto& c : plan_costs(endpoint, assumed)) {
    // Offered by some providers only, and nothing says so before it is tried: those are named in the settings.
    if (c.plan == plan_kind::transaction_subscribe || c.plan == plan_kind::block_subscribe) continue;
    if (c.possible && c.within_rate) return c.plan;
  }
  return plan_kind::none;
}

} // namespace sett::endpoints
