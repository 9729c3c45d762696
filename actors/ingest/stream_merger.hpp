// Several endpoints' copies of one stream become one: each transaction of a slot goes on once (the first copy wins),
// gaps are noticed and fetched within bounds, and what stays missing is listed as incomplete for all to see. Pure:
// frames, answers and time go in, effects come out; the shell (ingest_actor) sends them, the simulation drives the same
// object.
//
// How it knows that nothing is missing: a complete block names its parent, so the slots between the two hold no block
// on that fork (skipped), and the parent itself must be here too. A missing parent is fetched after a short grace
// (another endpoint may bring it); a long gap is listed first (getBlocks) and fetched in parallel. What cannot be had
// within the bounds on number, tries and age becomes an incomplete range; a block that comes later still takes its slot
// out of the range.
//
// Disagreement: copies of a slot differ in blockhash, parent, count or signatures. The copy of more endpoints wins; if
// that is not the one delivered, the slot is undone and delivered again. A tie is broken by fetching the slot from
// others; one that lasts is listed as incomplete.
//
// Undone: a slot reported dead, and with it its descendants, and blocks beside the rooted chain. A dead block's late
// copies stay out; another block for the slot may come.
//
// The source may be whole blocks, or parts closed by an update that says complete; Yellowstone's block meta has been
// seen to overtake transactions (rpcpool/yellowstone-grpc#767), so a slot closed like that takes unknown parts until it
// is about to be rooted. A hole in an endpoint's numbering (something was shed on the way here) makes its claims of
// completeness for the slots of that moment worthless; they are fetched.
//
// Not thread-safe; does not block. Memory: window_slots records, signatures only for slots that come in parts.
#pragma once

#include "actors/ingest/slot_ranges.hpp"
#include "actors/resilience/time_math.hpp"
#include "messages/protocol/chain_stream.hpp"
#include "messages/types/block_update.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <variant>
#include <vector>

namespace sett::ingest {

using resilience::duration;

struct merger_settings {
  stream_id stream;
  commitment level{commitment::confirmed};
  std::uint32_t window_slots = 4096;                   // records kept behind the head
  duration gap_grace = std::chrono::milliseconds(800); // before a missing slot is fetched
  std::uint32_t backfill_slots_max = 1000;             // a longer gap keeps its newest part
  std::uint32_t in_flight_max = 4;
  std::uint32_t attempts_max = 6;                        // failed fetches per slot
  duration retry_after = std::chrono::milliseconds(500); // doubled for each failure, the first one too ...
  duration retry_cap = std::chrono::seconds(8);          // ... up to this
  duration fetch_timeout = std::chrono::seconds(20);     // a fetch without an answer has failed
  // "Not available yet" this far behind the head, or of a rooted slot, is a failure.
  std::uint32_t not_yet_slots_max = 64;
  duration age_max = std::chrono::minutes(5); // a gap older than this is given up
  std::uint32_t list_gap_min = 4;             // gaps of more slots are listed first
  std::uint64_t jump_slots_max = 20'000; // a slot farther ahead needs jump_confirmations blocks in a row to be believed
  std::uint32_t jump_confirmations = 3;
  std::size_t incomplete_ranges_max = 256;
};

// --- effects
// ---------------------------------------------------------------------------------------------------------------

/// Goes to the router.
struct deliver {
  block_update_ptr update;
  frame_origin origin;
};
struct undo {
  slot_number slot;
};
struct root {
  slot_number slot;
};
/// Ask an endpoint for a block; answered by on_update (backfill) or on_fetch_failed. `avoid`: endpoints that already
/// voted, as bits.
struct fetch {
  slot_number slot;
  std::uint64_t avoid{};
};
/// Ask which slots have blocks; answered by on_list or on_list_failed.
struct list_slots {
  slot_number first, last;
};
/// Two endpoints say different things about a slot; `minority` are those outvoted (none in a tie).
struct disagreement {
  slot_number slot;
  std::uint64_t voters{}, minority{};
};
/// health() changed.
struct health_changed {};

using merger_effect = std::variant<deliver, undo, root, fetch, list_slots, disagreement, health_changed>;
using merger_effects = std::vector<merger_effect>;

enum class fetch_failure : std::uint8_t { skipped, not_yet, failed };

// --- what it tells
// -----------------------------------------------------------------------------------------------------------

struct merger_counters {
  std::uint64_t updates{}, delivered{}, transactions{}, duplicates{}, duplicate_transactions{}, late_dead{},
      before_start{}, too_late{}, malformed{}, suspicious_jumps{}, gaps{}, fetches{}, fetched{}, fetch_failures{},
      lists{}, given_up{}, undone{}, disagreements{}, corrected{}, sequence_holes{};
};

struct endpoint_score {
  std::uint64_t updates{}, first{}, disagreements{}, outvoted{};
  double behind_ms{}; // moving mean of how long after the first copy its copies come
  slot_number newest;
};

/// A slot as it stands: for `status`, drills and tests.
struct slot_report {
  bool known{}, complete{}, dead{}, incomplete{};
  std::uint32_t transactions{};      // delivered ones (with events)
  std::uint32_t transaction_count{}; // of the whole slot as its source counts
  std::uint32_t deliveries{};        // minus undone
};

class stream_merger {
public:
  static constexpr std::size_t endpoints_max = 64;

  explicit stream_merger(const merger_settings& settings);

  /// Resume behind a cursor: slots at or below it are done. Before the first update.
  void resume(slot_number cursor);
  /// What an earlier run listed as incomplete; of it what lies above `up_to` is left out: it is asked for again. Before
  /// the first update.
  void remember(const std::vector<protocol::slot_range>& incomplete, std::optional<slot_number> up_to);

  void on_update(const frame_origin& origin, const block_update_ptr& update, steady_time_ns now, merger_effects& out);
  void on_slot(const frame_origin& origin, const slot_update& update, steady_time_ns now, merger_effects& out);
  void on_connection(const frame_origin& origin, protocol::connection_state state, merger_effects& out);
  void on_fetch_failed(slot_number slot, fetch_failure why, steady_time_ns now, merger_effects& out);
  void on_list(slot_number first, slot_number last, const std::vector<slot_number>& blocks, steady_time_ns now,
               merger_effects& out);
  void on_list_failed(slot_number first, slot_number last, steady_time_ns now, merger_effects& out);
  /// Fetches what is due and gives up what is too old; several times a second.
  void tick(steady_time_ns now, merger_effects& out);

  [[nodiscard]] protocol::stream_health health() const;
  [[nodiscard]] const merger_counters& counters() const { return counters_; }
  [[nodiscard]] const endpoint_score& score(endpoint_index endpoint) const {
    return scores_[endpoint.value % endpoints_max];
  }
  [[nodiscard]] slot_report report(slot_number slot) const;
  [[nodiscard]] slot_number head() const { return slot_number{head_}; }
  /// Everything at or below is complete or listed as incomplete.
  [[nodiscard]] slot_number complete_to() const;

private:
  using slot = std::uint64_t;
  /// One endpoint's story of a slot; 0 and zero hashes are "did not say".
  struct version {
    blockhash hash;
    slot parent{};
    std::uint32_t count{};
    std::uint64_t fingerprint{};
    std::uint64_t voters{};
  };
  struct record {
    std::vector<version> versions;
    std::size_t chosen{};
    std::unordered_set<signature> seen; // delivered, while the slot may still get parts
    std::uint64_t parts_by{};           // endpoints that sent parts
    slot parent{};
    blockhash parent_hash, dead_hash;
    steady_time_ns first_received;
    std::uint32_t transactions{}, transaction_count{}, deliveries{};
    bool complete{}, by_parts{}, dead{}, skipped{}, contested{}, has_parent{}, any{}, final{};
  };
  struct want {
    steady_time_ns noticed, next_at, sent_at;
    std::uint32_t failures{};
    bool by_link{}, in_flight{};
  };

  static std::uint64_t bit(endpoint_index e) { return std::uint64_t{1} << (e.value % endpoints_max); }
  static std::uint64_t fingerprint(const block_update& u);
  static bool same(const version& a, const version& b);

  bool plausible(const frame_origin& origin, const block_update& u);
  void start_at(slot s);
  void take_whole(const frame_origin& origin, const block_update_ptr& u, record& r, steady_time_ns now,
                  merger_effects& out);
  void take_part(const frame_origin& origin, const block_update_ptr& u, record& r, merger_effects& out);
  void close_parts(const frame_origin& origin, const block_update_ptr& u, record& r, steady_time_ns now,
                   merger_effects& out);
  void vote(const frame_origin& origin, const block_update_ptr& u, record& r, const version& story, steady_time_ns now,
            merger_effects& out);
  void accept(const frame_origin& origin, const block_update_ptr& u, record& r, bool by_parts, merger_effects& out);
  void completed(slot s, record& r, steady_time_ns now);
  void check_link(slot parent, const record& child, steady_time_ns now);
  void add_child_votes(slot s, record& r);
  [[nodiscard]] bool denied_by_child(slot s, const record& r) const;
  [[nodiscard]] bool beside_root(slot s) const;
  void forward(const frame_origin& origin, const block_update_ptr& u, record& r, merger_effects& out);
  void expect(slot s, bool by_link, steady_time_ns now);
  void cut_long_gap(slot below, steady_time_ns now);
  void give_up(slot s);
  void undo_slot(slot s, record& r, merger_effects& out);
  void undo_tree(slot s, merger_effects& out);
  void try_root(merger_effects& out);
  void advance();
  [[nodiscard]] bool resolved(slot s) const;
  void prune();
  void settle(merger_effects& out); // after any input: advance, root, prune, health
  void check_sequence(const frame_origin& origin, slot s);

  merger_settings settings_;
  std::map<slot, record> records_;
  std::map<slot, want> missing_;
  slot_ranges incomplete_;
  bool started_{};
  slot from_{}, linked_to_{}, head_{}, rooted_{}, pending_root_{}, pruned_to_{}, parts_closed_to_{};
  bool list_out_{};
  slot list_first_{}, list_last_{};
  steady_time_ns list_sent_, list_next_;
  std::uint64_t live_{}; // endpoints by bit
  slot suspect_{};
  std::uint32_t suspects_{};
  std::array<endpoint_score, endpoints_max> scores_{};
  std::array<std::uint64_t, endpoints_max> next_sequence_{};
  std::array<slot, endpoints_max> tainted_to_{};
  merger_counters counters_;
  protocol::stream_health told_;
};

} // namespace sett::ingest
