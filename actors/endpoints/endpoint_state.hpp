// What one endpoint does, as rules: when it connects, what it subscribes to, which calls go out when and in which
// batches, what a reply means, when the stream counts as silent. Pure: events and time go in, effects come out; the
// shell (endpoint_actor) carries them out with sockets, tests with nothing.
//
// Calls stand in lanes (bulkhead), pass the breaker of their method class, take credits from the limiter and are tried
// again within the retry budget. A reply is known by the number of its exchange: late and repeated ones find nothing
// and are counted. The stream is known by its generation in the same way. An endpoint never gives up: it backs off.
//
// Not thread-safe; does not block. Bounded: lanes, exchanges in flight, slots and signatures waiting to be asked for.
#pragma once

#include "actors/endpoints/endpoint_options.hpp"
#include "actors/endpoints/part_closer.hpp"
#include "actors/endpoints/stream_watchdog.hpp"
#include "actors/ingest/stream_decoder.hpp"
#include "messages/protocol/endpoint.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sett::endpoints {

using protocol::method_class;
using resilience::call_outcome;

enum class call_kind : std::uint8_t { block, transaction, list, probe };

struct call {
  std::uint64_t id{};
  call_kind kind{};
  resilience::lane lane{resilience::lane::scans};
  bool backfill{}; // asked by ingest: its failure is told
  stream_id stream;
  slot_number slot, last;
  sett::signature signature;
  std::uint32_t attempt{1};
  std::uint32_t early{}; // times the block was not there yet
  steady_time_ns deadline;
};

[[nodiscard]] method_class class_of(call_kind kind);
[[nodiscard]] std::string_view method_of(call_kind kind);

// --- effects
// ---------------------------------------------------------------------------------------------------------------

struct open_stream {
  std::uint64_t generation{};
  slot_number from_slot; // gRPC replay; 0: from now on
};
struct close_stream {};
struct send_text {
  std::string text;
};
/// One HTTP request. All calls are of one kind.
struct post_calls {
  std::uint64_t exchange{};
  std::string body;
  duration timeout{0};
  std::vector<call> calls;
};
struct tell_connection {
  protocol::connection_state state{};
  std::string reason;
};
struct tell_unavailable {
  protocol::block_unavailable note;
};
struct tell_list {
  protocol::block_list note;
};
/// Goes to ingest as a raw_update that closes a slot.
struct close_slot {
  block_update update;
};
struct tell_breaker {
  method_class method{};
  resilience::breaker_transition edge;
};
struct tell_limit {
  resilience::limit_change change;
};
using endpoint_effect = std::variant<open_stream, close_stream, send_text, post_calls, tell_connection,
                                     tell_unavailable, tell_list, close_slot, tell_breaker, tell_limit>;
using endpoint_effects = std::vector<endpoint_effect>;

// --- what comes back
// ---------------------------------------------------------------------------------------------------------

/// How one call of an exchange ended. `code`: the node's JSON-RPC error, 0: none.
struct call_result {
  std::uint64_t id{};
  call_outcome outcome{call_outcome::success};
  std::int64_t code{};
  bool empty{}; // result: null
  std::vector<slot_number> slots;
};
/// How an exchange ended; when the transport failed, `calls` is empty and `outcome` holds for all.
struct exchange_result {
  std::uint64_t exchange{};
  call_outcome outcome{call_outcome::success};
  duration latency{0};
  std::optional<duration> retry_after;
  std::vector<call_result> calls;
  std::string reason;
};

/// What a JSON-RPC error code says about the endpoint (codes: Agave, rpc-client-api/src/custom_error.rs, 2024;
/// JSON-RPC 2.0).
[[nodiscard]] call_outcome outcome_of_code(std::int64_t code);

struct endpoint_rules {
  watchdog_settings watchdog;
  duration block_delay = std::chrono::milliseconds(800); // slot_get_block: from the notification to the first question
  duration block_early_wait = std::chrono::milliseconds(400);
  std::uint32_t block_early_max = 40;
  std::uint32_t asks_max = 4096; // slots or signatures waiting to be asked for
};

class endpoint_state {
public:
  endpoint_state(endpoint_options options, endpoint_rules rules, stream_id stream, std::uint64_t seed,
                 steady_time_ns now);

  void start(steady_time_ns now, endpoint_effects& out);
  void stop(endpoint_effects& out);
  void tick(steady_time_ns now, endpoint_effects& out);

  // the stream; `generation` as given by open_stream
  void on_open(std::uint64_t generation, steady_time_ns now, endpoint_effects& out);
  void on_closed(std::uint64_t generation, const std::string& reason, steady_time_ns now, endpoint_effects& out);
  void on_answers(std::uint64_t generation, const std::vector<ingest::rpc_answer>& answers, steady_time_ns now,
                  endpoint_effects& out);
  void on_slots(std::uint64_t generation, const std::vector<slot_update>& slots, steady_time_ns now,
                endpoint_effects& out);
  void on_logs(std::uint64_t generation, const std::vector<ingest::log_hit>& logs, steady_time_ns now,
               endpoint_effects& out);
  void on_parts(std::uint64_t generation, const std::vector<slot_number>& slots, endpoint_effects& out);
  /// Frames were received: the newest time and slot.
  void on_progress(std::uint64_t generation, steady_time_ns last_frame, slot_number newest);
  void on_head(slot_number head) { head_ = std::max(head_, head); }

  // calls
  void fetch_block(const protocol::fetch_block& ask, steady_time_ns now, endpoint_effects& out);
  void list_blocks(const protocol::list_blocks& ask, steady_time_ns now, endpoint_effects& out);
  void on_exchange(const exchange_result& result, steady_time_ns now, endpoint_effects& out);
  bool force(method_class method, std::string_view state, duration hold, steady_time_ns now, endpoint_effects& out);

  [[nodiscard]] protocol::endpoint_status status(steady_time_ns now) const;
  [[nodiscard]] protocol::endpoint_condition condition() const;
  [[nodiscard]] const endpoint_options& options() const { return options_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] stream_id stream() const { return stream_; }

private:
  enum class phase : std::uint8_t { idle, waiting, connecting, subscribing, live };
  struct exchange {
    std::vector<call> calls;
    std::vector<resilience::circuit_breaker::permit> permits;
    method_class method{};
    steady_time_ns sent;
  };
  struct later {
    call what;
    steady_time_ns at;
  };

  void connect(steady_time_ns now, endpoint_effects& out);
  void lose(const std::string& reason, steady_time_ns now, endpoint_effects& out);
  void submit(call c, steady_time_ns now, endpoint_effects& out);
  void dispatch(steady_time_ns now, endpoint_effects& out);
  void send(std::vector<call> calls, std::vector<resilience::circuit_breaker::permit> permits, steady_time_ns now,
            endpoint_effects& out);
  void settle(call c, const call_result& r, const exchange_result& all, steady_time_ns now, endpoint_effects& out);
  void give_up(const call& c, protocol::fetch_outcome why, endpoint_effects& out);
  void again(call c, duration wait, steady_time_ns now);
  void probe(steady_time_ns now, endpoint_effects& out);
  void close_slots(endpoint_effects& out);
  resilience::circuit_breaker& breaker(method_class m) { return breakers_[static_cast<std::size_t>(m)]; }

  endpoint_options options_;
  endpoint_rules rules_;
  stream_id stream_;
  ports::random rng_;
  std::vector<resilience::circuit_breaker> breakers_;
  resilience::rate_limiter limiter_;
  resilience::retry_policy retries_;
  resilience::bulkhead<call> lanes_;
  resilience::backoff reconnect_;
  resilience::latency_histogram latency_;
  part_closer closer_;

  phase phase_{phase::idle};
  bool stopped_{};
  std::uint64_t generation_{}, next_id_{1}, subscribe_id_{}, subscriptions_wanted_{}, subscriptions_done_{};
  steady_time_ns phase_since_, reconnect_at_, last_frame_, decayed_at_;
  slot_number newest_, head_, head_at_last_frame_;
  std::map<std::uint64_t, exchange> exchanges_;
  std::vector<later> later_; // delayed asks and retries, unordered; bounded
  double batch_size_{1};
  protocol::endpoint_status told_;
  double credits_used_{};
  bool silent_{};
};

} // namespace sett::endpoints
