// Every rule broken alone: the shipped rules with one decision changed. Each must be found by the simulation.
#pragma once

#include "nodes/journal/replica_rules.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace sett::journal::test {

// Rule 1
struct compares_no_revision : shipped_rules {
  static constexpr std::uint64_t compared_revision(std::uint64_t, std::uint64_t any) { return any; }
};
struct takes_a_lost_answer_for_a_failure : shipped_rules {
  static constexpr bool lost_answer_means_failed() { return true; }
};
struct settles_by_reading : shipped_rules {
  static constexpr bool unchanged_record_settles() { return true; }
};
// Rule 2
struct lets_anybody_take_over : shipped_rules {
  static bool may_take_over(const shard_record&, const member&) { return true; }
  static std::vector<member> isr_after_take_over(std::vector<member> isr, const member& self) {
    for (auto& m : isr)
      if (m.node == self.node) {
        m = self;
        return isr;
      }
    isr.push_back(self);
    return isr;
  }
};
struct lets_any_incarnation_take_over : shipped_rules {
  static bool may_take_over(const shard_record& r, const member& self) { return rank_of(r, self.node).has_value(); }
  static constexpr bool replaces_itself(incarnation_number, incarnation_number) { return false; }
  static constexpr bool may_leave(std::size_t) { return false; }
  static std::vector<member> isr_after_take_over(std::vector<member> isr, const member& self) {
    for (auto& m : isr)
      if (m.node == self.node) m = self;
    return isr;
  }
};
// Rules 4 and 12
struct resumes_a_leadership : shipped_rules {
  static bool may_lead(const shard_record& r, const member& self, epoch_number promised) {
    return r.leader.node == self.node && r.epoch >= promised && holds(r.isr, self);
  }
};
struct speaks_before_its_promise_is_synced : shipped_rules {
  static constexpr bool promise_waits_for_sync() { return false; }
};
struct forgets_its_promise : shipped_rules {
  static constexpr bool promise_is_stored() { return false; }
};
// Rule 5
struct has_no_fence : shipped_rules {
  static constexpr bool accepts_epoch(epoch_number, epoch_number) { return true; }
};
// Rule 6
struct truncates_to_its_high_watermark : shipped_rules {
  static constexpr journal_index truncation_point(journal_index common, journal_index own_hw, journal_index) {
    return own_hw < common ? own_hw : common;
  }
};
struct does_not_truncate : shipped_rules {
  static constexpr journal_index truncation_point(journal_index, journal_index, journal_index end) { return end; }
};
// Rule 7
struct acknowledges_before_the_sync : shipped_rules {
  static constexpr journal_index follower_acknowledges(journal_index, journal_index end) { return end; }
};
struct counts_its_own_write_before_the_sync : shipped_rules {
  static constexpr journal_index leader_counts_own(journal_index, journal_index end) { return end; }
};
struct takes_entries_unchecked : shipped_rules {
  static constexpr journal_index truncation_point(journal_index, journal_index, journal_index end) { return end; }
  static constexpr bool append_must_fit() { return false; }
  static constexpr bool entries_are_checked() { return false; }
};
// Rule 8
struct does_not_count_the_candidate : shipped_rules {
  static constexpr bool candidate_counts() { return false; }
};
struct counts_old_acknowledgements : shipped_rules {
  static constexpr bool old_acknowledgements_are_void() { return false; }
};
struct releases_below_min_isr : shipped_rules {
  static constexpr bool may_release(std::size_t, std::uint32_t) { return true; }
};
// Rule 9
struct releases_above_the_high_watermark : shipped_rules {
  static constexpr journal_index release_bound(journal_index, journal_index end) { return end; }
};
// Rule 10
struct is_ready_at_once : shipped_rules {
  static constexpr bool ready(journal_index, journal_index) { return true; }
};
struct grows_before_the_epoch_start : shipped_rules {
  static constexpr bool growth_waits_for_epoch_start() { return false; }
  static constexpr bool may_grow(bool, journal_index, journal_index, journal_index) { return true; }
};
struct grows_by_one_that_lags : shipped_rules {
  static constexpr bool may_grow(bool all, journal_index candidate, journal_index epoch_start, journal_index) {
    return all && candidate >= epoch_start;
  }
  static constexpr bool candidate_counts() { return false; }
};
struct grows_only_once_committed : shipped_rules {
  static constexpr bool may_grow(bool all, journal_index candidate, journal_index epoch_start, journal_index hw) {
    return all && candidate >= epoch_start && candidate >= hw && hw >= epoch_start;
  }
};
// Rule 11
struct stops_waiting_before_the_transaction : shipped_rules {
  static constexpr bool removed_member_waits_for_transaction() { return false; }
};
// Rule 12
struct takes_every_start_for_intact : shipped_rules {
  static constexpr bool not_intact_is_marked() { return false; }
};
struct does_not_store_the_mark : shipped_rules {
  static constexpr bool mark_is_stored() { return false; }
};
struct replaces_itself_always : shipped_rules {
  static constexpr bool replaces_itself(incarnation_number, incarnation_number) { return true; }
};
struct never_replaces_itself : shipped_rules {
  static constexpr bool replaces_itself(incarnation_number, incarnation_number) { return false; }
};
struct empties_the_isr : shipped_rules {
  static constexpr bool may_leave(std::size_t) { return true; }
};
struct recovers_at_once : shipped_rules {
  static constexpr bool recover_waits() { return false; }
};
// Rule 14
struct never_steps_down : shipped_rules {
  static constexpr bool contact_lost(std::int64_t, std::int64_t) { return false; }
};
// Rule 18
struct cuts_beyond_its_own_state : shipped_rules {
  static constexpr journal_index cut_bound(journal_index, journal_index, journal_index hw) { return hw; }
};
struct installs_a_late_snapshot : shipped_rules {
  static constexpr bool late_snapshot_is_dropped() { return false; }
};

} // namespace sett::journal::test
