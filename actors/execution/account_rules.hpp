// The decisions that README.md prescribes, one function each, so that each can be broken alone: a test derives from
// shipped_rules, hides one function and shows that the search finds a story in which money is lost. Constants and small
// predicates only; nothing here is an option of the shipped program.
#pragma once

#include "actors/execution/account_messages.hpp"

namespace sett::execution {

struct shipped_rules {
  // What is seen, and how sure.
  static constexpr bool settles_at(commitment c) { return c == commitment::finalized; }
  static constexpr bool fails_at(commitment c) { return c == commitment::finalized; }
  static constexpr bool providers_differ(const testimony& a, const testimony& b) { return a.provider != b.provider; }
  // What is dead.
  static constexpr bool proves_absence(const testimony& t, block_height last_valid) {
    return t.finalized_height > last_valid;
  }
  static constexpr bool absence_is_ordered(const testimony& t) { return t.height_read_first; }
  static constexpr bool one_machine(const testimony& t) { return t.height_from == t.history_from; }
  static bool begins_at_signing(const linked_absence& l, const attempt& a) { return l.from == a.anchor; }
  static constexpr bool chain_is_beyond(block_height to, block_height last_valid) { return to > last_valid; }
  static constexpr bool rejection_ends() { return false; }
  static constexpr bool history_counts() { return true; }
  // Signing.
  static constexpr block_height last_valid(block_height blockhash_at, std::uint32_t lifetime) {
    return block_height(blockhash_at.value + lifetime);
  }
  static constexpr block_height dies_by(block_height confirmed, std::uint32_t max_age) {
    return block_height(confirmed.value + max_age);
  }
  static constexpr bool late_events_open() { return false; }
  static constexpr bool is_fresh(block_height tip, block_height event, std::uint32_t max_age) {
    return tip.value <= event.value + max_age;
  }
  static constexpr bool next_attempt_waits() { return true; }     // for the end of the one before
  static constexpr bool signed_is_perhaps_sent() { return true; } // cancel, and a new leader, too
  static constexpr bool part_has_one_attempt() { return true; }
  static constexpr bool buy_waits_for_sells() { return true; }
  static constexpr bool variants_exclude_each_other() { return true; }
  static constexpr bool buys_bring_tokens() { return true; } // unfinished ones count for what a fork can hold
  // Sending.
  static constexpr bool halt_stops_signing() { return true; }
  static constexpr bool halt_stops_sending() { return true; }
  static constexpr bool send_checks_lifetime() { return true; }
  // Taking over.
  static constexpr bool resumes() { return true; }
  static constexpr bool quarantine(command::why_now w) { return w != command::why_now::failover; }
  static constexpr block_height quarantine_until(block_height highest_seen, std::uint32_t lifetime,
                                                 block_height /*journal_end*/) {
    return block_height(highest_seen.value + lifetime);
  }
  static constexpr bool quarantine_holds_parts() { return true; }
  static constexpr bool quarantine_holds_full_sells(bool no_buy_lost) { return !no_buy_lost; }
  static constexpr bool found_sell_stops_parts() { return true; }
  static constexpr bool found_sell_ends_exits() { return true; }
  static constexpr bool unreplicated_needs_record() { return true; }
  static constexpr bool unknown_stops_entries() { return true; }
  // Limits and dedup.
  static constexpr bool cause_is_once() { return true; }
  static constexpr bool one_entry_per_position() { return true; }
  static constexpr bool reservations_count() { return true; }
};

} // namespace sett::execution
