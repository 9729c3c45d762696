// The place of one supervised actor: what stays when the actor crashes and a new one takes its place. Counters that the
// actor and its senders write and anybody may read, the crash record and the handles for control. One small allocation
// per actor.
//
// Concurrency: everything is safe from any thread. Counters are relaxed atomics; names, handles and crash records are
// behind a striped mutex that is only taken on crash, restart and inspection.
//
// Depth is exact between handlers. The age of the head is a lower bound: one waiting message at a time carries a mark
// with its enqueue time, so a stuck actor shows an age that grows, at the cost of one clock read per mark instead of 8
// bytes per message.
#pragma once

#include "actors/supervision/duration_histogram.hpp"
#include "messages/protocol/actor_admin.hpp"

#include <caf/actor_control_block.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sett::supervision {

using protocol::actor_state;
using directory_id = std::uint16_t;

/// A message that killed its actor.
struct crash_record {
  std::uint64_t work{}; // identity of the message or event; 0: unknown
  std::string what;     // the message for people, bounded
  std::string error;    // bounded
  std::uint32_t times{};
};

class actor_cell {
public:
  static constexpr std::size_t name_size_max = 48;
  static constexpr std::size_t crash_records_max = 8;
  static constexpr std::uint32_t deaths_to_park = 2;

  /// `name`: text or raw key bytes, at most name_size_max; longer ones keep their head and a hash.
  /// `bound`: messages that may wait; >= 1.
  actor_cell(directory_id directory, std::string_view name, std::uint32_t bound);

  [[nodiscard]] directory_id directory() const { return directory_; }
  [[nodiscard]] std::string_view name() const { return {name_, name_size_}; }
  [[nodiscard]] std::uint32_t bound() const { return bound_; }

  // --- senders
  // ------------------------------------------------------------------------------------------------------------
  /// Takes a place in the mailbox; false (and counted) when it is full.
  [[nodiscard]] bool admit();
  [[nodiscard]] bool needs_mark() const { return mark_ns_.load(std::memory_order_relaxed) == 0; }
  void mark(std::int64_t now_ns);
  void dead_letter(std::uint32_t n = 1) { dead_letters_.fetch_add(n, std::memory_order_relaxed); }

  // --- the actor
  // ----------------------------------------------------------------------------------------------------------
  /// A counted message left the mailbox.
  void consumed();
  void handled() { handled_.store(handled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void timed(std::int64_t duration_ns) { handling_.add(duration_ns); }
  /// The actor ended: what still waited is dead letters.
  void drained();
  /// Remembers a death. Returns true when this work is parked now: it killed the actor deaths_to_park times. `part`:
  /// the work is one piece of a message, not a whole one.
  bool record_crash(std::uint64_t work, std::string_view what, std::string_view error, bool part = false);
  /// Whether any work is remembered: the fast test before parked().
  [[nodiscard]] bool suspects() const { return suspects_.load(std::memory_order_acquire) != 0; }
  /// Whether a whole message is remembered: only then is it worth computing a message's identity.
  [[nodiscard]] bool suspects_messages() const { return (suspects_.load(std::memory_order_acquire) & 2U) != 0; }
  /// What its supervisor knows the place by; only the supervisor writes and reads it.
  void tag(std::uint32_t tag) { tag_ = tag; }
  [[nodiscard]] std::uint32_t tag() const { return tag_; }
  /// True when the work must be skipped; counted as such.
  [[nodiscard]] bool parked(std::uint64_t work);

  // --- the supervisor
  // -----------------------------------------------------------------------------------------------------
  void state(actor_state s) { state_.store(s, std::memory_order_relaxed); }
  [[nodiscard]] actor_state state() const { return state_.load(std::memory_order_relaxed); }
  /// A new actor takes the place: a new generation.
  std::uint32_t next_generation() { return generation_.fetch_add(1, std::memory_order_acq_rel) + 1; }
  [[nodiscard]] std::uint32_t generation() const { return generation_.load(std::memory_order_acquire); }
  void restarted() { restarts_.fetch_add(1, std::memory_order_relaxed); }
  /// Set before the spawn, so that no end goes unnoticed.
  void supervisor(caf::weak_actor_ptr supervisor);
  void self(caf::weak_actor_ptr self);
  [[nodiscard]] caf::strong_actor_ptr self() const;
  [[nodiscard]] caf::strong_actor_ptr supervisor() const;

  // --- anybody
  // ------------------------------------------------------------------------------------------------------------
  [[nodiscard]] std::uint32_t depth() const {
    const auto n =
        static_cast<std::int32_t>(accepted_.load(std::memory_order_relaxed) - taken_.load(std::memory_order_relaxed));
    // The two are read one after the other, and a refused message is counted for an instant.
    return n < 0 ? 0 : std::min(static_cast<std::uint32_t>(n), bound_);
  }
  [[nodiscard]] std::int64_t head_age_ns(std::int64_t now_ns) const;
  [[nodiscard]] std::uint32_t refused() const { return refused_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t dead_letters() const { return dead_letters_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t restarts() const { return restarts_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t handled_count() const { return handled_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t skipped_poison() const { return skipped_poison_.load(std::memory_order_relaxed); }
  [[nodiscard]] const duration_histogram& handling() const { return handling_; }
  [[nodiscard]] std::vector<crash_record> crashes() const;

private:
  struct crash_log {
    std::vector<crash_record> records;
  };

  char name_[name_size_max];
  std::uint8_t name_size_{};
  std::atomic<actor_state> state_{actor_state::starting};
  directory_id directory_{};
  std::uint32_t bound_{};
  std::uint32_t tag_{};
  std::atomic<std::uint32_t> accepted_{}, taken_{}; // wrap; their difference is the depth
  std::atomic<std::uint32_t> mark_at_{};            // value of accepted_ when the mark was set
  std::atomic<std::int64_t> mark_ns_{};
  std::atomic<std::uint32_t> refused_{}, dead_letters_{}, restarts_{}, generation_{}, skipped_poison_{};
  std::atomic<std::uint32_t> suspects_{}; // bit 0: some work, bit 1: a whole message among it
  std::atomic<std::uint64_t> handled_{};
  duration_histogram handling_;
  std::unique_ptr<crash_log> crashes_;
  caf::weak_actor_ptr self_, supervisor_;
};

using cell_ptr = std::shared_ptr<actor_cell>;

} // namespace sett::supervision
