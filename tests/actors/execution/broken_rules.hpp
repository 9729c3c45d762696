// The rules with switches: each experiment of the search turns one of them off. Only the switches that are set differ
// from the shipped rules.
#pragma once

#include "actors/execution/account_rules.hpp"
#include "actors/execution/evidence.hpp"

namespace sett::execution::test {

struct switches {
  bool failed_from_processed = false, failed_from_confirmed = false, settled_at_confirmed = false;
  bool one_provider = false, height_not_needed = false, history_first = false, two_machines = false;
  bool span_from_anywhere = false, gap_ignored = false, content_not_counted = false, at_is_beyond = false;
  bool rejection_ends = false, no_history = false, last_valid_too_low = false, young_blockhash = false;
  bool late_opens = false, stale_signed = false, next_at_once = false, unsent_is_canceled = false, part_again = false;
  bool buy_beside_sell = false, no_exclusion = false, buys_not_counted = false;
  bool signed_after_halt = false, sent_after_halt = false, sent_past_lifetime = false;
  bool not_resumed = false, no_quarantine = false, quarantine_from_journal = false, parts_in_quarantine = false,
       sells_in_quarantine = false, found_sell_ignored = false, found_sell_keeps_exits = false, stale_record = false;
  bool cause_again = false, entries_side_by_side = false, no_reservations = false;
};
inline switches off;

struct broken_rules : shipped_rules, chain_rules {
  using base = shipped_rules;
  static bool settles_at(commitment c) {
    return base::settles_at(c) || (off.settled_at_confirmed && c == commitment::confirmed);
  }
  static bool fails_at(commitment c) {
    return base::fails_at(c) || off.failed_from_processed || (off.failed_from_confirmed && c == commitment::confirmed);
  }
  static bool providers_differ(const testimony& a, const testimony& b) {
    return off.one_provider || base::providers_differ(a, b);
  }
  static bool proves_absence(const testimony& t, block_height last_valid) {
    return off.height_not_needed || base::proves_absence(t, last_valid);
  }
  static bool absence_is_ordered(const testimony& t) { return off.history_first || base::absence_is_ordered(t); }
  static bool one_machine(const testimony& t) { return off.two_machines || base::one_machine(t); }
  static bool begins_at_signing(const linked_absence& l, const attempt& a) {
    return off.span_from_anywhere || base::begins_at_signing(l, a);
  }
  static bool chain_is_beyond(block_height to, block_height last_valid) {
    return off.at_is_beyond ? to >= last_valid : base::chain_is_beyond(to, last_valid);
  }
  static bool gap_restarts() { return !off.gap_ignored; }
  static bool content_is_counted() { return !off.content_not_counted; }
  static bool rejection_ends() { return off.rejection_ends; }
  static bool history_counts() { return !off.no_history; }
  static block_height last_valid(block_height at, std::uint32_t lifetime) {
    return block_height(base::last_valid(at, lifetime).value - (off.last_valid_too_low ? 2 : 0));
  }
  static block_height dies_by(block_height confirmed, std::uint32_t max_age) {
    return block_height(base::dies_by(confirmed, max_age).value + (off.young_blockhash ? 100 : 0));
  }
  static bool late_events_open() { return off.late_opens; }
  static bool is_fresh(block_height tip, block_height event, std::uint32_t max_age) {
    return off.late_opens || off.stale_signed || base::is_fresh(tip, event, max_age);
  }
  static bool next_attempt_waits() { return !off.next_at_once; }
  static bool signed_is_perhaps_sent() { return !off.unsent_is_canceled; }
  static bool part_has_one_attempt() { return !off.part_again; }
  static bool buy_waits_for_sells() { return !off.buy_beside_sell; }
  static bool variants_exclude_each_other() { return !off.no_exclusion; }
  static bool buys_bring_tokens() { return !off.buys_not_counted; }
  static bool halt_stops_signing() { return !off.signed_after_halt; }
  static bool halt_stops_sending() { return !off.sent_after_halt; }
  static bool send_checks_lifetime() { return !off.sent_past_lifetime; }
  static bool resumes() { return !off.not_resumed; }
  static bool quarantine(command::why_now w) { return !off.no_quarantine && base::quarantine(w); }
  static block_height quarantine_until(block_height highest_seen, std::uint32_t lifetime, block_height journal_end) {
    return base::quarantine_until(off.quarantine_from_journal ? journal_end : highest_seen, lifetime, journal_end);
  }
  static bool quarantine_holds_parts() { return !off.parts_in_quarantine; }
  static bool quarantine_holds_full_sells(bool no_buy_lost) {
    return !off.sells_in_quarantine && base::quarantine_holds_full_sells(no_buy_lost);
  }
  static bool found_sell_stops_parts() { return !off.found_sell_ignored; }
  static bool found_sell_ends_exits() { return !off.found_sell_keeps_exits; }
  static bool unreplicated_needs_record() { return !off.stale_record; }
  static bool cause_is_once() { return !off.cause_again; }
  static bool one_entry_per_position() { return !off.entries_side_by_side; }
  static bool reservations_count() { return !off.no_reservations; }
};

} // namespace sett::execution::test
