// The decisions that the rules in README.md prescribe, one function each, so that each can be broken alone: a test
// derives from shipped_rules, hides one function and shows that the simulation finds it. Constants and small predicates
// only; nothing here is an option of the shipped program.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "nodes/journal/shard_record.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sett::journal {

/// As a compared revision: whatever the record's revision is. Only broken rules use it.
inline constexpr std::uint64_t any_revision = ~std::uint64_t{0};

struct shipped_rules {
  // Rule 1: what a transaction compares, and what a lost answer means.
  static constexpr std::uint64_t compared_revision(std::uint64_t seen, std::uint64_t /*any_revision*/) { return seen; }
  static constexpr bool lost_answer_means_failed() { return false; }
  static constexpr bool unchanged_record_settles() { return false; } // reading alone settles nothing

  // Rule 2: who may take over.
  static bool may_take_over(const shard_record& r, const member& self) { return holds(r.isr, self); }
  static std::vector<member> isr_after_take_over(const std::vector<member>& isr, const member& /*self*/) { return isr; }
  // Rules 4 and 12: whether the record's naming this node lets it lead.
  static bool may_lead(const shard_record& r, const member& self, epoch_number promised) {
    return r.leader == self && r.epoch > promised;
  }
  static constexpr bool leads_record(const member& leader, const member& self) { return leader == self; }
  // Rules 4 and 5: nothing is said in an epoch before its promise is synced.
  static constexpr bool promise_waits_for_sync() { return true; }
  static constexpr bool promise_is_stored() { return true; }
  // Rule 5.
  static constexpr bool accepts_epoch(epoch_number sender, epoch_number promised) { return sender >= promised; }
  // Rule 6: where a follower cuts, given the common prefix and its own high watermark.
  static constexpr journal_index truncation_point(journal_index common, journal_index /*own_hw*/,
                                                  journal_index /*end*/) {
    return common;
  }
  // Rule 7.
  static constexpr bool append_must_fit() { return true; } // previous epoch, index and chain are compared
  static constexpr journal_index follower_acknowledges(journal_index synced, journal_index /*end*/) { return synced; }
  static constexpr journal_index leader_counts_own(journal_index synced, journal_index /*end*/) { return synced; }
  // Rule 8.
  static constexpr bool candidate_counts() { return true; }
  static constexpr bool old_acknowledgements_are_void() { return true; }
  static constexpr bool may_release(std::size_t isr, std::uint32_t min_isr) { return isr >= min_isr; }
  // Rule 9.
  static constexpr journal_index release_bound(journal_index hw, journal_index /*end*/) { return hw; }
  // Rule 10.
  static constexpr bool ready(journal_index hw, journal_index epoch_start) { return hw >= epoch_start; }
  static constexpr bool growth_waits_for_epoch_start() { return true; } // of the candidate and of the whole isr
  static constexpr bool may_grow(bool all_reached_epoch_start, journal_index candidate, journal_index epoch_start,
                                 journal_index hw) {
    return all_reached_epoch_start && candidate >= epoch_start && candidate >= hw;
  }
  // Rule 11.
  static constexpr bool removed_member_waits_for_transaction() { return true; }
  // Rule 12.
  static constexpr bool not_intact_is_marked() { return true; }
  static constexpr bool mark_is_stored() { return true; }
  static constexpr bool replaces_itself(incarnation_number old, incarnation_number born) { return old >= born; }
  static constexpr bool may_leave(std::size_t isr) { return isr > 1; }
  static constexpr bool regressed_member_is_evicted() { return true; }
  static constexpr bool waits_out_who_was_alone() { return true; }
  // Rule 13.
  static constexpr bool entries_are_checked() { return true; }
  // Rule 14.
  static constexpr bool contact_lost(std::int64_t silent_ns, std::int64_t limit_ns) { return silent_ns > limit_ns; }
  static constexpr bool alone_needs_the_record() { return true; }
  // Rule 18.
  static constexpr journal_index cut_bound(journal_index lowest_stored_of_isr, journal_index own_stored,
                                           journal_index hw) {
    return std::min({lowest_stored_of_isr, own_stored, hw});
  }
  static constexpr bool late_snapshot_is_dropped() { return true; }
  // What hosts a replica: rules 9, 10 and 19, and the order of a client's commands.
  static constexpr bool only_the_leader_answers() { return true; }
  static constexpr bool fresh_reads_wait() { return true; }
  static constexpr bool speculation_is_dropped() { return true; }
  static constexpr bool order_is_kept() { return true; }
  static constexpr std::uint64_t identity(std::uint64_t client, epoch_number /*leads_in*/) { return client; }
};

} // namespace sett::journal
