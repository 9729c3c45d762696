// What passes between ingest, endpoints and those who look at them.
//
//   ingest -> endpoint: fetch_block, list_blocks, stream_head
//   endpoint -> ingest: raw_update (backfill) or block_unavailable; block_list; endpoint_condition
//   anybody -> endpoint: endpoint_status_request -> endpoint_status; endpoint_force -> bool
//   anybody -> ingest: ingest_status_request -> ingest_status; slot_tally_request -> slot_tally
#pragma once

#include "messages/protocol/chain_stream.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace sett::protocol {

/// Fetch one block. Answered by raw_update with origin.backfill, or by block_unavailable. May be answered late or
/// never: the asker has a deadline.
struct fetch_block {
  stream_id stream;
  slot_number slot;
};
enum class fetch_outcome : std::uint8_t { skipped, not_yet, failed };
struct block_unavailable {
  stream_id stream;
  endpoint_index endpoint;
  slot_number slot;
  fetch_outcome why{fetch_outcome::failed};
};
/// Which slots of [first, last] have blocks. Answered by block_list.
struct list_blocks {
  stream_id stream;
  slot_number first, last;
};
struct block_list {
  stream_id stream;
  endpoint_index endpoint;
  slot_number first, last;
  bool failed{};
  std::vector<slot_number> blocks;
};
/// Ingest -> endpoints, a few times a second: how far the stream is, so that each can tell whether it is behind or
/// silent.
struct stream_head {
  stream_id stream;
  slot_number head;
};

/// By what a call is for: each class has its own breaker.
enum class method_class : std::uint8_t { block, transaction, query };
inline constexpr std::size_t method_class_count = 3;

/// Endpoint -> ingest, every second: what the choice among endpoints needs.
struct endpoint_condition {
  endpoint_index endpoint;
  std::array<bool, method_class_count> open{}; // the breaker refuses calls
  double latency_ms{};                         // p50 of answered calls
  std::uint32_t waiting{};                     // calls in its queues
  std::uint64_t failures{};                    // since start
};

struct endpoint_status_request {};
struct endpoint_status {
  endpoint_index endpoint;
  std::string name, provider, plan;
  connection_state connection{connection_state::lost};
  std::string connection_reason;
  bool has_stream{};
  std::array<std::string, method_class_count> breakers; // state names
  double credits_per_second{}, credits_used{};
  double latency_ms_p50{}, latency_ms_p99{};
  slot_number newest;
  std::uint64_t lag_slots{};
  std::uint64_t frames{}, bytes{}, malformed{}, connects{}, disconnects{}, calls{}, calls_failed{}, retries{},
      throttled{}, shed{}, late_replies{};
  std::uint32_t in_flight{}, waiting{}, batch_size{};
  std::string last_fault; // for people, without addresses
};
/// Puts a breaker into forced_open ("open"), disabled ("disabled") or metrics_only ("metrics"), or releases it
/// ("release").
struct endpoint_force {
  method_class method{};
  std::string state;
  std::uint32_t hold_seconds{60};
};

struct ingest_status_request {};
struct ingest_status {
  stream_health health;
  slot_number head;
  std::uint64_t updates{}, delivered{}, transactions{}, duplicates{}, late_dead{}, gaps{}, fetches{}, fetched{},
      fetch_failures{}, given_up{}, undone{}, disagreements{}, corrected{}, sequence_holes{}, suspicious_jumps{};
  struct endpoint {
    endpoint_index index;
    std::uint64_t updates{}, first{}, outvoted{};
    double behind_ms{};
    slot_number newest;
    bool ejected{};
    double weight{};
  };
  std::vector<endpoint> endpoints;
};
/// The slots of [first, last] as they stand, at most 10,000.
struct slot_tally_request {
  slot_number first, last;
};
struct slot_tally {
  struct row {
    slot_number slot;
    std::uint32_t transactions{}, transaction_count{}, deliveries{};
    bool complete{}, dead{}, incomplete{};
  };
  std::vector<row> rows;
};

} // namespace sett::protocol
