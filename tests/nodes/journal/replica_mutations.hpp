// Every rule broken alone: a policy that is the shipped rules but for the one decision that `broken` names. One
// instantiation for all of them, because compiling a replica per rule takes minutes.
#pragma once

#include "nodes/journal/replica_rules.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sett::journal::test {

enum class mutation : std::uint8_t {
  none,
  compares_no_revision,                 // rule 1
  takes_a_lost_answer_for_a_failure,    // rule 1
  settles_by_reading,                   // rule 1
  lets_anybody_take_over,               // rule 2
  lets_any_incarnation_take_over,       // rule 2
  resumes_a_leadership,                 // rules 4 and 12
  speaks_before_its_promise_is_synced,  // rules 4 and 5
  forgets_its_promise,                  // rule 5
  has_no_fence,                         // rule 5
  truncates_to_its_high_watermark,      // rule 6
  does_not_truncate,                    // rule 6
  takes_entries_unchecked,              // rule 7
  acknowledges_before_the_sync,         // rule 7
  counts_its_own_write_before_the_sync, // rule 7
  does_not_count_the_candidate,         // rule 8
  counts_old_acknowledgements,          // rule 8
  releases_below_min_isr,               // rule 8
  releases_above_the_high_watermark,    // rule 9
  is_ready_at_once,                     // rule 10
  grows_before_the_epoch_start,         // rule 10
  grows_by_one_that_lags,               // rules 10 and 11
  grows_only_once_committed,            // rule 10 in its first wording: a dead state
  stops_waiting_before_the_transaction, // rule 11
  takes_every_start_for_intact,         // rule 12
  does_not_store_the_mark,              // rule 12
  replaces_itself_always,               // rule 12
  never_replaces_itself,                // rule 12
  empties_the_isr,                      // rule 12
  never_steps_down,                     // rule 14
  goes_on_alone,                        // rule 14
  recovers_at_once,                     // rules 12 and 14
  cuts_beyond_its_own_state,            // rule 18
  installs_a_late_snapshot,             // rule 18
  count,
};

struct broken_rules : shipped_rules {
  static inline mutation broken = mutation::none;
  static bool is(mutation m) { return broken == m; }

  static std::uint64_t compared_revision(std::uint64_t seen, std::uint64_t any) {
    return is(mutation::compares_no_revision) ? any : seen;
  }
  static bool lost_answer_means_failed() { return is(mutation::takes_a_lost_answer_for_a_failure); }
  static bool unchanged_record_settles() { return is(mutation::settles_by_reading); }
  static bool may_take_over(const shard_record& r, const member& self) {
    if (is(mutation::lets_anybody_take_over)) return true;
    if (is(mutation::lets_any_incarnation_take_over)) return rank_of(r, self.node).has_value();
    return shipped_rules::may_take_over(r, self);
  }
  static std::vector<member> isr_after_take_over(std::vector<member> isr, const member& self) {
    if (!is(mutation::lets_anybody_take_over) && !is(mutation::lets_any_incarnation_take_over)) return isr;
    for (auto& m : isr)
      if (m.node == self.node) {
        m = self;
        return isr;
      }
    isr.push_back(self);
    return isr;
  }
  static bool may_lead(const shard_record& r, const member& self, epoch_number promised) {
    if (is(mutation::resumes_a_leadership))
      return r.leader.node == self.node && r.epoch >= promised && holds(r.isr, self);
    return shipped_rules::may_lead(r, self, promised);
  }
  static bool leads_record(const member& leader, const member& self) {
    return is(mutation::resumes_a_leadership) ? leader.node == self.node : shipped_rules::leads_record(leader, self);
  }
  static bool promise_waits_for_sync() { return !is(mutation::speaks_before_its_promise_is_synced); }
  static bool promise_is_stored() { return !is(mutation::forgets_its_promise); }
  static bool accepts_epoch(epoch_number sender, epoch_number promised) {
    return is(mutation::has_no_fence) || shipped_rules::accepts_epoch(sender, promised);
  }
  static journal_index truncation_point(journal_index common, journal_index own_hw, journal_index end) {
    if (is(mutation::truncates_to_its_high_watermark)) return own_hw < common ? own_hw : common;
    if (is(mutation::does_not_truncate) || is(mutation::takes_entries_unchecked)) return end;
    return common;
  }
  static bool append_must_fit() { return !is(mutation::takes_entries_unchecked); }
  static bool entries_are_checked() { return !is(mutation::takes_entries_unchecked); }
  static journal_index follower_acknowledges(journal_index synced, journal_index end) {
    return is(mutation::acknowledges_before_the_sync) ? end : synced;
  }
  static journal_index leader_counts_own(journal_index synced, journal_index end) {
    return is(mutation::counts_its_own_write_before_the_sync) ? end : synced;
  }
  static bool candidate_counts() {
    return !is(mutation::does_not_count_the_candidate) && !is(mutation::grows_by_one_that_lags);
  }
  static bool old_acknowledgements_are_void() { return !is(mutation::counts_old_acknowledgements); }
  static bool may_release(std::size_t isr, std::uint32_t min_isr) {
    return is(mutation::releases_below_min_isr) || shipped_rules::may_release(isr, min_isr);
  }
  static journal_index release_bound(journal_index hw, journal_index end) {
    return is(mutation::releases_above_the_high_watermark) ? end : hw;
  }
  static bool ready(journal_index hw, journal_index epoch_start) {
    return is(mutation::is_ready_at_once) || shipped_rules::ready(hw, epoch_start);
  }
  static bool growth_waits_for_epoch_start() { return !is(mutation::grows_before_the_epoch_start); }
  static bool may_grow(bool all_reached, journal_index candidate, journal_index epoch_start, journal_index hw) {
    if (is(mutation::grows_before_the_epoch_start)) return true;
    if (is(mutation::grows_by_one_that_lags)) return all_reached && candidate >= epoch_start;
    const bool may = shipped_rules::may_grow(all_reached, candidate, epoch_start, hw);
    return is(mutation::grows_only_once_committed) ? may && hw >= epoch_start : may;
  }
  static bool removed_member_waits_for_transaction() { return !is(mutation::stops_waiting_before_the_transaction); }
  static bool not_intact_is_marked() { return !is(mutation::takes_every_start_for_intact); }
  static bool mark_is_stored() { return !is(mutation::does_not_store_the_mark); }
  static bool replaces_itself(incarnation_number old, incarnation_number born) {
    if (is(mutation::replaces_itself_always)) return true;
    if (is(mutation::never_replaces_itself) || is(mutation::lets_any_incarnation_take_over)) return false;
    return shipped_rules::replaces_itself(old, born);
  }
  static bool may_leave(std::size_t isr) {
    if (is(mutation::lets_any_incarnation_take_over)) return false;
    return is(mutation::empties_the_isr) || shipped_rules::may_leave(isr);
  }
  static bool alone_needs_the_record() { return !is(mutation::goes_on_alone); }
  static bool waits_out_who_was_alone() { return !is(mutation::recovers_at_once); }
  static bool contact_lost(std::int64_t silent_ns, std::int64_t limit_ns) {
    return !is(mutation::never_steps_down) && shipped_rules::contact_lost(silent_ns, limit_ns);
  }
  static journal_index cut_bound(journal_index lowest, journal_index own_stored, journal_index hw) {
    return is(mutation::cuts_beyond_its_own_state) ? hw : shipped_rules::cut_bound(lowest, own_stored, hw);
  }
  static bool late_snapshot_is_dropped() { return !is(mutation::installs_a_late_snapshot); }
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(mutation::count)> mutation_names = {
    "none",
    "compares_no_revision",
    "takes_a_lost_answer_for_a_failure",
    "settles_by_reading",
    "lets_anybody_take_over",
    "lets_any_incarnation_take_over",
    "resumes_a_leadership",
    "speaks_before_its_promise_is_synced",
    "forgets_its_promise",
    "has_no_fence",
    "truncates_to_its_high_watermark",
    "does_not_truncate",
    "takes_entries_unchecked",
    "acknowledges_before_the_sync",
    "counts_its_own_write_before_the_sync",
    "does_not_count_the_candidate",
    "counts_old_acknowledgements",
    "releases_below_min_isr",
    "releases_above_the_high_watermark",
    "is_ready_at_once",
    "grows_before_the_epoch_start",
    "grows_by_one_that_lags",
    "grows_only_once_committed",
    "stops_waiting_before_the_transaction",
    "takes_every_start_for_intact",
    "does_not_store_the_mark",
    "replaces_itself_always",
    "never_replaces_itself",
    "empties_the_isr",
    "never_steps_down",
    "goes_on_alone",
    "recovers_at_once",
    "cuts_beyond_its_own_state",
    "installs_a_late_snapshot",
};

} // namespace sett::journal::test
