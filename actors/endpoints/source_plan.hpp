// How a stream can read the chain, with what each way states and costs. Pure.
//
//   plan                    commitment            per slot                            knows when a slot is whole
//   yellowstone_grpc        processed, confirmed  nothing asked, bytes streamed       yes: block meta with the count
//   transaction_subscribe   processed, confirmed  nothing asked, bytes streamed       by later slots
//   block_subscribe         confirmed             nothing asked, bytes streamed       yes
//   slot_get_block          confirmed             1 getBlock (+ retries)              yes
//   logs_get_transaction    confirmed             1 getTransaction per transaction    by later slots; failed ones not
//   fetched
//
// Credits: what a provider charges differs and changes, so weights are settings; unless set, a call costs 1 credit and
// a streamed byte nothing.
#pragma once

#include "actors/endpoints/endpoint_options.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::endpoints {

[[nodiscard]] std::string_view to_string(plan_kind plan);

struct plan_traits {
  plan_kind plan{};
  bool processed{}, confirmed{}; // commitments it can read at
  bool needs_ws{}, needs_grpc{}, needs_http{};
  std::string_view note; // a sentence for people
};
[[nodiscard]] const plan_traits& traits(plan_kind plan);

struct cost_assumptions {
  double slots_per_second = 2.5;            // 400 ms a slot
  double skipped_ratio = 0.05;              // of the slots have no block: one refused getBlock each
  double early_ratio = 0.1;                 // getBlock asked again because the block was not there yet
  double gap_ratio = 0.01;                  // of the slots are fetched as backfill
  double transactions_per_second = 1200;    // successful, without votes
  double bytes_per_transaction = 3000;      // JSON with meta
  double streamed_credits_per_megabyte = 0; // some providers charge streamed bytes
};

struct plan_cost {
  plan_kind plan{};
  bool possible{}; // the endpoint has the addresses and the plan knows the commitment
  std::string why_not;
  double requests_per_second{}, credits_per_second{}, credits_per_month{}, streamed_megabytes_per_second{};
  bool within_rate{}; // credits per second fit into the endpoint's rate limit
};

/// A month is 30 days.
[[nodiscard]] plan_cost cost_of(plan_kind plan, const endpoint_options& endpoint, const cost_assumptions& assumed = {});
/// All plans, best first: less latency and firmer proof of completeness before fewer credits.
[[nodiscard]] std::vector<plan_cost> plan_costs(const endpoint_options& endpoint, const cost_assumptions& assumed = {});
/// The best possible one; none when the endpoint can only answer calls.
[[nodiscard]] plan_kind best_plan(const endpoint_options& endpoint, const cost_assumptions& assumed = {});
[[nodiscard]] double credits_of(const endpoint_options& endpoint, std::string_view method);

} // namespace sett::endpoints
