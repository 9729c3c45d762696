// The actor of one stream: drives a stream_merger with what endpoints send, asks endpoints for what is missing, and
// passes the merged stream to a sink (the event router). Its cursor survives: it is written every few seconds and at
// the end, and a restarted actor resumes behind it. Nothing blocks.
//
// In: protocol::raw_update, raw_slot, raw_connection, block_unavailable, block_list, endpoint_condition;
// ingest_status_request and slot_tally_request are answered. Out: chain_update, slot_rooted, slot_undone, stream_health
// to the sink; fetch_block, list_blocks, stream_head to endpoints.
#pragma once

#include "actors/endpoints/endpoint_pool.hpp"
#include "actors/ingest/stream_merger.hpp"
#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/snapshot_store.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sett::ingest {

struct ingest_metrics {
  ports::counter *updates, *delivered, *transactions, *duplicates, *late, *gaps, *fetches, *fetched, *fetch_failures,
      *given_up, *undone, *disagreements, *corrected, *holes;
  ports::gauge *complete_to, *incomplete_slots, *head, *backfilling, *live;
  static ingest_metrics make(ports::metrics_registry& registry);
};

/// Sees what the node's own endpoints send, after it was taken in; on the ingest actor's turn, must not block.
class stream_tap {
public:
  virtual ~stream_tap() = default;
  virtual void update(const protocol::raw_update& u) = 0;
  virtual void slot(const protocol::raw_slot& s) = 0;
  virtual void connection(const protocol::raw_connection& c) = 0;
};

struct ingest_setup {
  std::string name; // of the stream; part of the cursor's key
  merger_settings merger;
  resilience::ejection_settings ejection;
  std::uint64_t seed{};
  caf::actor sink;
  /// Who is told the same as the sink, if anybody; asked before each use. What it does not take is lost for it.
  std::function<caf::actor()> listener;
  /// The endpoints' actors by index as they are now; asked before each use, so restarted ones are found.
  std::function<caf::actor(endpoint_index)> endpoint;
  std::vector<endpoint_index> endpoints;
  std::shared_ptr<ports::snapshot_store> store; // may be null: no cursor, no list of incomplete slots
  std::optional<slot_number> resume_behind;     // known before the start; wins over the stored cursor
  std::shared_ptr<stream_tap> tap;              // may be null
  ports::area_log log;
  std::optional<ingest_metrics> metrics;
};

/// The cursor as it is stored, kind "cursor", id the stream's name: version byte, level byte, slot as 8 bytes little
/// endian.
[[nodiscard]] std::string encode_cursor(commitment level, slot_number slot);
/// Errors: bad_cursor when the length, version or level is another.
[[nodiscard]] result<slot_number> decode_cursor(std::string_view bytes, commitment level);

class ingest_actor : public supervision::bounded_actor {
public:
  ingest_actor(caf::actor_config& cfg, supervision::cell_ptr cell, std::shared_ptr<const ingest_setup> setup);
  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  caf::behavior running();
  void carry_out();
  void tick();
  void choose_and_fetch(const fetch& ask);
  void choose_and_list(const list_slots& ask);
  void say(const resilience::ejection_event& e);
  void save_cursor();
  void load(std::string_view kind);
  void begin(std::optional<slot_number> cursor);
  void remember(const std::vector<protocol::slot_range>& incomplete);
  void count();
  [[nodiscard]] steady_time_ns now() { return steady_time_ns{now_ns()}; }
  [[nodiscard]] protocol::ingest_status status();

  std::shared_ptr<const ingest_setup> setup_;
  stream_merger merger_;
  endpoints::endpoint_pool pool_;
  ports::random rng_;
  merger_effects effects_;
  std::vector<protocol::slot_range> remembered_; // as stored
  merger_counters counted_;
  slot_number saved_, told_head_;
  steady_time_ns saved_at_, lag_at_;
  std::uint64_t given_up_logged_{};
};

} // namespace sett::ingest
