// The definitions of basic_replica's members: included by replica.cpp for the shipped rules, and by tests that break
// rules. Not for anybody else. Every input ends in advance(), which does whatever has become possible or due.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/types/error.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/replica.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace sett::journal {

namespace replica_detail {
inline constexpr std::size_t entry_overhead = 64; // of an entry in memory, beside its payload
inline void erase_member(std::vector<member>& list, const member& who) {
  list.erase(std::remove(list.begin(), list.end(), who), list.end());
}
} // namespace replica_detail

template <class Rules>
basic_replica<Rules>::basic_replica(const member& self, bool intact, ports::stored_shard stored,
                                    const replica_settings& settings, ports::random rng)
    : self_(self),
      intact_(intact),
      born_(intact ? stored.meta.born : self.incarnation),
      settings_(settings),
      rng_(rng),
      shard_(stored.shard),
      meta_(stored.meta),
      hw_(stored.meta.applied.index),
      released_(stored.meta.applied.index),
      floor_(stored.meta.cut.index),
      written_(stored.meta.cut.index),
      synced_(stored.meta.cut.index),
      stored_(stored.meta.applied.index),
      promise_synced_(stored.meta.promised),
      promise_stored_(stored.meta.promised),
      last_generation_(stored.meta.generation) {
  for (auto& e : stored.log) push(std::make_shared<const ports::journal_entry>(std::move(e)));
  written_ = synced_ = end().index;
  SETT_ASSERT(meta_.applied.index >= meta_.cut.index && meta_.applied.index <= end().index);
}

template <class Rules>
void basic_replica<Rules>::start(steady_time_ns now, replica_output& out) {
  SETT_ASSERT(!started_);
  started_ = true;
  role_ = replica_role::follower;
  if (!intact_ && Rules::not_intact_is_marked()) {
    if (Rules::mark_is_stored()) {
      meta_.born = self_.incarnation;
      meta_dirty_ = true;
      role_ = replica_role::starting;
    }
  } else if (!intact_) {
    born_ = meta_.born;
  }
  advance(now.value, out);
}

// ---------------------------------------------------------------------------------------------- the log

template <class Rules>
void basic_replica<Rules>::push(shared_entry e) {
  log_bytes_ += e->payload.size() + replica_detail::entry_overhead;
  if (!epochs_.empty() && epochs_.back().epoch == e->epoch)
    epochs_.back() = place_of_(*e);
  else
    epochs_.push_back(place_of_(*e));
  log_.push_back(std::move(e));
}

template <class Rules>
void basic_replica<Rules>::truncate(journal_index to) {
  SETT_ASSERT(to >= meta_.cut.index);
  while (!log_.empty() && log_.back()->index > to) {
    log_bytes_ -= log_.back()->payload.size() + replica_detail::entry_overhead;
    log_.pop_back();
  }
  while (!epochs_.empty() && epochs_.back().index > to) epochs_.pop_back();
  if (!log_.empty() && (epochs_.empty() || epochs_.back().index < log_.back()->index))
    epochs_.push_back(place_of_(*log_.back()));
  if (to < written_) {
    truncate_after_ = truncate_after_ ? std::min(*truncate_after_, to) : to;
    written_ = to;
    if (write_) write_->end = std::min(write_->end, to);
    synced_ = std::min(synced_, to);
  }
}

template <class Rules>
ports::journal_place basic_replica<Rules>::place_at(journal_index index) const {
  SETT_ASSERT(index >= meta_.cut.index && index <= end().index);
  if (index == meta_.cut.index) return meta_.cut;
  return place_of_(*log_[static_cast<std::size_t>(index.value - meta_.cut.index.value - 1)]);
}

template <class Rules>
shared_entry basic_replica<Rules>::entry(journal_index index) const {
  if (index <= meta_.cut.index || index > end().index) return nullptr;
  return log_[static_cast<std::size_t>(index.value - meta_.cut.index.value - 1)];
}

template <class Rules>
void basic_replica<Rules>::cut_log(replica_output& out) {
  if (leads()) {
    journal_index lowest = stored_;
    for (const auto& f : followers_)
      if (f.in_isr || (candidate_ && *candidate_ == f.who)) lowest = std::min(lowest, f.stored);
    floor_ = std::max(floor_, std::min(lowest, hw_));
  }
  const bool unsaved = unsaved_bytes_ > settings_.log_bytes_keep / 4 ||
                       released_.value - meta_.applied.index.value > settings_.log_entries_keep / 4;
  if (unsaved) out.state_wanted = true;
  if (log_.size() <= settings_.log_entries_keep && log_bytes_ <= settings_.log_bytes_keep) return;
  if (import_ && import_->switching) return;
  journal_index bound = Rules::cut_bound(floor_, stored_, hw_);
  // Learners that are coming along keep what they need next, within a bound; who is slower starts anew from a later
  // state.
  const auto too_far = [&](journal_index hold) {
    return hold < bound && (bound.value - hold.value > settings_.log_entries_keep * std::uint64_t{4} ||
                            log_bytes_ > settings_.log_bytes_keep * 4);
  };
  if (export_ && too_far(export_->hold)) {
    if (export_->ready) out.export_drops.push_back(export_->manifest.export_id);
    export_.reset();
  }
  journal_index lowest_needed = export_ ? export_->hold : bound;
  for (const auto& f : followers_)
    if (f.phase == follower_phase::streaming && !is_suspected(f.who) && !too_far(f.acked))
      lowest_needed = std::min(lowest_needed, f.acked);
  bound = std::min(bound, lowest_needed);
  while (!log_.empty() && log_.front()->index <= bound &&
         (log_.size() > settings_.log_entries_keep / 2 || log_bytes_ > settings_.log_bytes_keep / 2)) {
    meta_.cut = place_of_(*log_.front());
    log_bytes_ -= log_.front()->payload.size() + replica_detail::entry_overhead;
    log_.pop_front();
    meta_dirty_ = true;
  }
  const auto behind = std::find_if(epochs_.begin(), epochs_.end(),
                                   [&](const ports::journal_place& p) { return p.index > meta_.cut.index; });
  epochs_.erase(epochs_.begin(), behind);
}

/// Where this log and the leader's agree (rule 6). Entries with one (epoch, index) are the same entry, so the highest
/// epoch that both have decides; the chains are compared where both are at hand.
template <class Rules>
journal_index basic_replica<Rules>::common_prefix(const begin_message& m, bool& found, bool& differs) const {
  found = false;
  differs = false;
  const auto own_mark = [&](epoch_number epoch) -> std::optional<ports::journal_place> {
    const auto at = std::lower_bound(epochs_.begin(), epochs_.end(), epoch,
                                     [](const ports::journal_place& p, epoch_number e) { return p.epoch < e; });
    if (at != epochs_.end() && at->epoch == epoch) return *at;
    if (meta_.cut.epoch == epoch) return meta_.cut;
    return std::nullopt;
  };
  const auto compare = [&](const ports::journal_place& theirs) -> std::optional<journal_index> {
    const auto own = own_mark(theirs.epoch);
    if (!own) return std::nullopt;
    // Entries of the leader's own epoch came from this leader, also those after it wrote this message.
    if (theirs.epoch == m.epoch) return own->index;
    const journal_index common = std::min(theirs.index, own->index);
    if (common == theirs.index && common >= meta_.cut.index && place_at(common) != theirs) differs = true;
    return common;
  };
  for (std::size_t i = m.epochs.size(); i-- > 0;)
    if (const auto common = compare(m.epochs[i])) {
      found = true;
      return *common;
    }
  if (m.cut.index.value == 0 && meta_.cut.index.value == 0) {
    found = true;
    return journal_index(0);
  }
  if (m.cut.index.value != 0)
    if (const auto common = compare(m.cut)) {
      found = true;
      return *common;
    }
  return journal_index(0);
}

template <class Rules>
void basic_replica<Rules>::flush(replica_output& out) {
  if (write_ || (import_ && import_->switching)) return;
  const journal_index last = end().index;
  if (!truncate_after_ && written_ >= last && state_.empty() && !meta_dirty_) return;
  write_request w{.id = ++last_write_, .write = {.shard = shard_}};
  w.write.truncate_after = std::exchange(truncate_after_, std::nullopt);
  if (written_ < last) {
    // What a cut in this very write removes needs no writing; the store takes entries that follow its end, so it is
    // written all the same unless nothing of it is left.
    w.write.append.reserve(static_cast<std::size_t>(last.value - written_.value));
    for (auto i = written_.value + 1; i <= last.value; ++i) w.write.append.push_back(*entry(journal_index(i)));
    written_ = last;
  }
  w.write.state = std::exchange(state_, {});
  if (meta_dirty_) {
    w.write.meta = meta_;
    if (!Rules::promise_is_stored()) w.write.meta->promised = promise_stored_;
    meta_dirty_ = false;
  }
  write_ = write_in_flight{.id = w.id, .end = last, .promised = meta_.promised, .applied = meta_.applied.index};
  out.writes.push_back(std::move(w));
}

template <class Rules>
void basic_replica<Rules>::release(replica_output& out) {
  const journal_index bound = std::min(Rules::release_bound(hw_, end().index), end().index);
  while (released_ < bound) {
    released_ = journal_index(released_.value + 1);
    auto e = entry(released_);
    SETT_ASSERT(e != nullptr);
    unsaved_bytes_ += e->payload.size();
    pending_bytes_ -= std::min<std::uint64_t>(pending_bytes_, e->payload.size());
    out.released.push_back(std::move(e));
  }
}

// ---------------------------------------------------------------------------------------------- inputs

template <class Rules>
void basic_replica<Rules>::record(const shard_record& record, std::uint64_t revision, steady_time_ns now,
                                  replica_output& out) {
  check_contact(now.value, out);
  learn_record(record, revision, now.value, out);
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::record_read(std::uint64_t revision, steady_time_ns asked, steady_time_ns now,
                                       replica_output& out) {
  check_contact(now.value, out);
  if (record_ && revision == revision_) {
    record_seen_at_ = std::max(record_seen_at_, asked.value);
    record_seen_ = revision;
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::transaction_done(std::uint64_t id, transaction_result result, std::uint64_t revision,
                                            steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  if (pending_ && id >= pending_->first_id && id <= pending_->id) {
    const bool latest = id == pending_->id;
    if (latest) pending_->in_flight = false;
    const std::int64_t retry =
        now.value + settings_.store_retry_ns / 2 +
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(settings_.store_retry_ns)));
    switch (result) {
    case transaction_result::executed: {
      const shard_record next = pending_->next;
      record_seen_at_ = std::max(record_seen_at_, pending_->sent_at);
      record_seen_ = revision;
      learn_record(next, revision, now.value, out);
      break;
    }
    case transaction_result::failed:
      // The record moved. When a copy of unknown outcome may be what moved it, only the record itself can tell.
      out.read_record = true;
      if (!pending_->unsettled) {
        drop_transaction();
        store_not_before_ = now.value + settings_.store_retry_ns / 10;
      } else if (latest) {
        pending_->retry_at = retry;
      }
      break;
    case transaction_result::not_sent:
      if (!pending_->unsettled) {
        drop_transaction();
        store_not_before_ = retry;
      } else if (latest) {
        pending_->retry_at = retry;
      }
      break;
    case transaction_result::unknown:
      if (Rules::lost_answer_means_failed()) {
        drop_transaction();
        store_not_before_ = retry;
        break;
      }
      pending_->unsettled = true;
      if (latest) pending_->retry_at = retry;
      if (Rules::unchanged_record_settles()) out.read_record = true;
      break;
    }
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::received(const member& from, const replica_message& message, steady_time_ns now,
                                    replica_output& out) {
  if (!started_ || role_ == replica_role::starting || from.node == self_.node) return;
  check_contact(now.value, out);
  std::visit([&](const auto& m) { on(from, m, now.value, out); }, message);
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::reset(const member& peer, steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  if (auto* f = find_follower(peer)) {
    f->asked_at = never;
    f->told = f->knows;
    f->told_at = never;
    f->probe_sent = f->probe_acked;
    if (f->phase == follower_phase::streaming) {
      f->next = journal_index(f->acked.value + 1);
      f->in_flight.clear();
    }
  }
  if (!leads() && leader_ == peer) {
    if (matched_) ack_due_ = true;
    if (import_) import_->asked_at = never;
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::suspected(const member& peer, bool is_suspected_now, steady_time_ns now,
                                     replica_output& out) {
  check_contact(now.value, out);
  replica_detail::erase_member(suspected_, peer);
  if (is_suspected_now) {
    if (suspected_.size() >= 64) suspected_.erase(suspected_.begin()); // past lives of nodes
    suspected_.push_back(peer);
  } else if (auto* f = find_follower(peer)) {
    f->asked_at = never;
    f->slow_since = now.value;
    f->slow_mark = end().index;
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::heard(const member& peer, steady_time_ns now) {
  auto* f = find_follower(peer);
  // After a silence that was too long the next input steps down, whatever has arrived meanwhile.
  if (f != nullptr && !Rules::contact_lost(now.value - f->contact_at, settings_.contact_lost_ns))
    f->contact_at = now.value;
}

template <class Rules>
void basic_replica<Rules>::written(std::uint64_t id, steady_time_ns now, replica_output& out) {
  if (!write_ || write_->id != id) return;
  check_contact(now.value, out);
  const auto done = *write_;
  write_.reset();
  synced_ = std::max(synced_, done.end);
  stored_ = done.applied;
  promise_synced_ = done.promised;
  if (role_ == replica_role::starting) role_ = replica_role::follower;
  ack_due_ = true;
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::store_state(std::vector<ports::state_change> changes, const ports::journal_place& applied,
                                       std::uint64_t state_hash, steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  // A state that was replaced meanwhile is of no use; nor is one older than what is stored.
  if (applied.index > meta_.applied.index && applied.index <= released_ && place_at(applied.index) == applied &&
      !(import_ && import_->switching)) {
    if (state_.empty())
      state_ = std::move(changes);
    else
      state_.insert(state_.end(), std::make_move_iterator(changes.begin()), std::make_move_iterator(changes.end()));
    meta_.applied = applied;
    meta_.state_hash = state_hash;
    meta_dirty_ = true;
    unsaved_bytes_ = 0;
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::wanted_replicas(std::vector<member> wanted, steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  if (wanted.size() > replicas_max) wanted.resize(replicas_max);
  wanted_ = std::move(wanted);
  if (leads()) refresh_followers(now.value);
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::tick(steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  advance(now.value, out);
}

template <class Rules>
std::expected<journal_index, propose_refused> basic_replica<Rules>::propose(std::vector<std::string> payloads,
                                                                            ports::entry_kind kind, steady_time_ns now,
                                                                            replica_output& out) {
  check_contact(now.value, out);
  const auto refuse = [&](refusal why) -> std::expected<journal_index, propose_refused> {
    advance(now.value, out);
    return std::unexpected(propose_refused{.reason = why, .leader = record_ ? record_->leader : member{}});
  };
  SETT_ASSERT(!payloads.empty());
  if (const auto why = may_accept()) return refuse(*why);
  std::uint64_t bytes = 0;
  for (const auto& p : payloads) {
    if (p.size() > payload_bytes_max) return refuse(refusal::too_large);
    bytes += p.size();
  }
  if (end().index.value - hw_.value + payloads.size() > settings_.pending_entries_max ||
      pending_bytes_ + bytes > settings_.pending_bytes_max)
    return refuse(refusal::overloaded);
  pending_bytes_ += bytes;
  const journal_index first(end().index.value + 1);
  for (auto& p : payloads)
    push(std::make_shared<const ports::journal_entry>(make_entry(end(), epoch_, kind, std::move(p))));
  advance(now.value, out);
  return first;
}

template <class Rules>
std::optional<refusal> basic_replica<Rules>::may_accept() const {
  if (!leads()) return refusal::not_leader;
  if (role_ != replica_role::leading) return refusal::not_ready;
  if (hand_over_) return refusal::handing_over;
  if (!Rules::may_release(record_->isr.size(), record_->min_isr)) return refusal::frozen;
  return std::nullopt;
}

template <class Rules>
std::optional<refusal> basic_replica<Rules>::may_propose(std::size_t bytes) const {
  if (const auto why = may_accept()) return why;
  if (bytes > payload_bytes_max) return refusal::too_large;
  const std::uint64_t pending = end().index.value - hw_.value;
  if (pending >= settings_.pending_entries_max - settings_.pending_entries_max / 8 ||
      pending_bytes_ + bytes > settings_.pending_bytes_max - settings_.pending_bytes_max / 8)
    return refusal::overloaded;
  return std::nullopt;
}

template <class Rules>
std::expected<std::uint64_t, propose_refused> basic_replica<Rules>::read_fresh(steady_time_ns now,
                                                                               replica_output& out) {
  check_contact(now.value, out);
  if (role_ != replica_role::leading) {
    advance(now.value, out);
    return std::unexpected(propose_refused{.reason = leads() ? refusal::not_ready : refusal::not_leader,
                                           .leader = record_ ? record_->leader : member{}});
  }
  const std::uint64_t ticket = ++last_probe_;
  advance(now.value, out);
  return ticket;
}

template <class Rules>
bool basic_replica<Rules>::hand_over(const member& to, steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  const auto* f = find_follower(to);
  const bool can = role_ == replica_role::leading && f != nullptr && f->in_isr && !is_suspected(to) && !hand_over_;
  if (can) hand_over_ = hand_over_state{.to = to, .deadline = now.value + settings_.hand_over_ns};
  advance(now.value, out);
  return can;
}

template <class Rules>
result<void> basic_replica<Rules>::recover(bool accept_loss, steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  const auto refuse = [&](std::string why) -> result<void> {
    advance(now.value, out);
    return fail("journal", journal_errc::refused, "recover: " + std::move(why));
  };
  if (!accept_loss) return refuse("what only the lost members held would be gone; say --accept-loss to go ahead");
  if (!record_) return refuse("the shard's record is not known here yet");
  if (leads()) return refuse("this node leads the shard");
  if (holds(record_->isr, self_)) return refuse("this node is an in-sync replica: it takes over by itself");
  for (const auto& m : record_->isr)
    if (m.node != self_.node && !is_suspected(m)) return refuse("in-sync replica " + to_text(m) + " is running");
  loss_accepted_ = true;
  advance(now.value, out);
  return {};
}

// ---------------------------------------------------------------------------------------------- following

template <class Rules>
bool basic_replica<Rules>::enters_epoch(const member& from, epoch_number epoch, replica_output& out) {
  if (!Rules::accepts_epoch(epoch, meta_.promised)) {
    out.sends.push_back({.to = from, .message = refuse_message{.promised = meta_.promised}});
    return false;
  }
  if (leads()) {
    if (epoch <= epoch_) return false; // nobody else begins this one's epoch
    step_down(step_down_reason::superseded, out);
    out.read_record = true;
  }
  if (epoch > meta_.promised) {
    meta_.promised = epoch;
    meta_dirty_ = true;
  }
  return true;
}

/// Whether a message belongs to the leader and epoch that this replica follows; refuses lower epochs.
template <class Rules>
bool basic_replica<Rules>::of_session(const member& from, epoch_number epoch, replica_output& out) {
  if (!Rules::accepts_epoch(epoch, meta_.promised)) {
    out.sends.push_back({.to = from, .message = refuse_message{.promised = meta_.promised}});
    return false;
  }
  return !leads() && epoch == session_epoch_ && from == leader_;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const begin_message& m, std::int64_t /*now*/, replica_output& out) {
  if (!enters_epoch(from, m.epoch, out)) return;
  if (import_ && import_->switching) return; // the log is about to be replaced; the leader asks again
  if (session_epoch_ == m.epoch && leader_ != from) return;
  if (session_epoch_ == m.epoch && (matched_ || import_)) {
    begun_due_ = matched_;
    snapshot_due_ = !matched_; // the leader forgot what it had offered: it offers again
    return;
  }
  session_epoch_ = m.epoch;
  leader_ = from;
  matched_ = begun_due_ = ack_due_ = snapshot_due_ = false;
  probe_due_ = 0;
  import_.reset();
  bool found = false;
  bool differs = false;
  const journal_index common = common_prefix(m, found, differs);
  if (differs) {
    raise(replica_alarm::diverged, out);
    return;
  }
  // What this replica has applied and the leader lacks exists only after an accepted loss: then its state goes as a
  // whole.
  if (!found || common < released_ || common < m.cut.index) {
    snapshot_due_ = true;
    return;
  }
  const journal_index to = std::max(meta_.cut.index, Rules::truncation_point(common, hw_, end().index));
  if (to < end().index) {
    truncate(to);
    released_ = std::min(released_, to); // reached by broken rules only
  }
  matched_ = true;
  begun_due_ = true;
  begun_at_ = end().index;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const append_message& m, std::int64_t /*now*/, replica_output& out) {
  if (!of_session(from, m.epoch, out) || !matched_ || (import_ && import_->switching)) return;
  if (m.probe != 0) {
    probe_due_ = std::max(probe_due_, m.probe);
    ack_due_ = true;
  }
  if (m.previous.index > end().index) return; // an earlier append is missing: it comes again
  if (m.previous.index >= meta_.cut.index && place_at(m.previous.index) != m.previous && Rules::append_must_fit()) {
    raise(replica_alarm::diverged, out);
    return;
  }
  const journal_index before = end().index;
  for (const auto& e : m.entries) {
    if (e->index <= meta_.cut.index) continue;
    if (e->index <= end().index) {
      if (place_at(e->index) != place_of_(*e) && Rules::append_must_fit()) {
        raise(replica_alarm::diverged, out);
        return;
      }
      continue;
    }
    if (Rules::entries_are_checked()) {
      const auto fault = check_entry(end(), *e);
      if (fault == entry_fault::wrong_chain || fault == entry_fault::wrong_epoch) raise(replica_alarm::diverged, out);
      if (fault != entry_fault::none) break;
    }
    push(e);
  }
  if (end().index == before) ack_due_ = true; // a copy, or news of hw: the leader wants to hear
  floor_ = std::max(floor_, m.floor);
  hw_ = std::max(hw_, std::min(m.high_watermark, end().index));
  // Its leader serves: whoever was alone before an accepted loss is over.
  if (record_ && meta_.data_loss != record_->data_loss && record_->epoch == m.epoch && hw_ >= meta_.cut.index &&
      place_at(hw_).epoch == m.epoch) {
    meta_.data_loss = record_->data_loss;
    meta_dirty_ = true;
  }
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const take_over_message& m, std::int64_t /*now*/,
                              replica_output& out) {
  if (!of_session(from, m.epoch, out) || !matched_ || !record_ || record_->epoch != m.epoch) return;
  go_ = m;
  if (revision_ < m.revision) out.read_record = true;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const snapshot_offer_message& m, std::int64_t /*now*/,
                              replica_output& out) {
  if (!of_session(from, m.epoch, out)) return;
  if (m.manifest.shard != shard_ || m.manifest.chunk_bytes == 0) return;
  if (import_ && (import_->switching || import_->manifest.export_id == m.manifest.export_id)) return;
  if (matched_ && m.manifest.at.index <= end().index && Rules::late_snapshot_is_dropped()) return;
  import_ = import_state{
      .manifest = m.manifest,
      .generation = ++last_generation_,
      .chunks = static_cast<std::uint32_t>((m.manifest.bytes + m.manifest.chunk_bytes - 1) / m.manifest.chunk_bytes)};
  matched_ = snapshot_due_ = begun_due_ = false;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const snapshot_chunk_message& m, std::int64_t /*now*/,
                              replica_output& out) {
  if (!of_session(from, m.epoch, out) || !import_ || import_->switching) return;
  if (m.export_id != import_->manifest.export_id || m.chunk != import_->received || m.chunk >= import_->chunks) return;
  ++import_->received;
  out.chunk_imports.push_back({.generation = import_->generation, .chunk = m.chunk, .bytes = m.bytes});
}

template <class Rules>
void basic_replica<Rules>::chunk_imported(std::uint64_t generation, std::uint32_t chunk, steady_time_ns now,
                                          replica_output& out) {
  if (import_ && import_->generation == generation && chunk >= import_->imported && chunk < import_->received) {
    import_->imported = chunk + 1;
    if (import_->imported >= import_->pulled) import_->asked_at = never;
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::import_failed(std::uint64_t generation, steady_time_ns now, replica_output& out) {
  if (import_ && import_->generation == generation) {
    import_.reset();
    snapshot_due_ = session_epoch_ == meta_.promised; // asks for another one
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::import_step(std::int64_t now, replica_output& out) {
  if (!import_ || import_->switching) return;
  auto& i = *import_;
  if (i.imported == i.chunks) {
    if (write_) return; // the switch follows what is being written
    i.switching = true;
    i.promised = meta_.promised;
    switch_request s{.generation = i.generation, .expected_hash = i.manifest.state_hash, .meta = meta_};
    s.meta.cut = s.meta.applied = i.manifest.at;
    s.meta.state_hash = i.manifest.state_hash;
    s.meta.generation = i.generation;
    out.import_switch = std::move(s);
    return;
  }
  if (i.asked_at != never && now - i.asked_at < settings_.resend_ns) return;
  i.asked_at = now;
  const std::uint32_t count = std::min(settings_.snapshot_chunks_in_flight, i.chunks - i.imported);
  i.pulled = i.imported + count;
  out.sends.push_back(
      {.to = leader_,
       .message = snapshot_pull_message{
           .epoch = session_epoch_, .export_id = i.manifest.export_id, .first = i.imported, .count = count}});
}

template <class Rules>
void basic_replica<Rules>::switched(std::uint64_t generation, steady_time_ns now, replica_output& out) {
  if (!import_ || !import_->switching || import_->generation != generation) return;
  const auto done = *import_;
  import_.reset();
  log_.clear();
  epochs_.clear();
  log_bytes_ = unsaved_bytes_ = 0;
  state_.clear();
  truncate_after_.reset();
  meta_.cut = meta_.applied = done.manifest.at;
  meta_.state_hash = done.manifest.state_hash;
  meta_.generation = generation;
  if (meta_.promised != done.promised) meta_dirty_ = true;
  promise_synced_ = done.promised;
  written_ = synced_ = stored_ = hw_ = released_ = done.manifest.at.index;
  floor_ = std::min(floor_, released_);
  out.state_replaced = done.manifest.at;
  if (session_epoch_ == meta_.promised && !leads()) {
    matched_ = true;
    begun_due_ = true;
    begun_at_ = synced_;
  }
  advance(now.value, out);
}

/// What this replica owes its leader, once it is synced.
template <class Rules>
void basic_replica<Rules>::answer(replica_output& out) {
  if (session_epoch_.value == 0 || (promise_synced_ < session_epoch_ && Rules::promise_waits_for_sync())) return;
  const journal_index acknowledged_now = Rules::follower_acknowledges(synced_, end().index);
  if (snapshot_due_) {
    snapshot_due_ = false;
    out.sends.push_back(
        {.to = leader_, .message = begun_message{.epoch = session_epoch_, .matched = {}, .needs_snapshot = true}});
  }
  if (!matched_) return;
  if (begun_due_ && acknowledged_now >= begun_at_) {
    begun_due_ = false;
    out.sends.push_back(
        {.to = leader_, .message = begun_message{.epoch = session_epoch_, .matched = acknowledged_now}});
  }
  if (ack_due_ && !begun_due_) {
    ack_due_ = false;
    out.sends.push_back({.to = leader_,
                         .message = ack_message{.epoch = session_epoch_,
                                                .matched = acknowledged_now,
                                                .incarnation = self_.incarnation,
                                                .stored = stored_,
                                                .high_watermark = hw_,
                                                .probe = std::exchange(probe_due_, 0)}});
  }
}

template <class Rules>
bool basic_replica<Rules>::leader_is_gone() const {
  // A leader that has left the isr, or came back to it as another incarnation, leads no more.
  return record_->leader == self_ || is_suspected(record_->leader) || !holds(record_->isr, record_->leader);
}

/// Rules 2, 3 and 12 for a replica that does not lead.
template <class Rules>
void basic_replica<Rules>::follow_record(std::int64_t now, replica_output& out) {
  if (!record_ || role_ == replica_role::starting || (import_ && import_->switching)) return;
  if (Rules::may_lead(*record_, self_, meta_.promised)) {
    become_leader(now, out);
    return;
  }
  if (pending_ || now < store_not_before_) return;

  const auto own =
      std::find_if(record_->isr.begin(), record_->isr.end(), [&](const member& m) { return m.node == self_.node; });
  if (own != record_->isr.end() && own->incarnation < self_.incarnation) {
    shard_record next = *record_;
    auto& mine = next.isr[static_cast<std::size_t>(own - record_->isr.begin())];
    if (Rules::replaces_itself(own->incarnation, born_)) {
      mine = self_;
      transact(change_kind::replace, std::move(next), now, out);
      return;
    }
    if (own->incarnation < born_ && Rules::may_leave(next.isr.size())) {
      replica_detail::erase_member(next.isr, mine);
      transact(change_kind::leave, std::move(next), now, out);
      return;
    }
    raise(replica_alarm::loss_to_accept, out);
  } else {
    standing_alarms_ &= ~(std::uint64_t{1} << static_cast<unsigned>(replica_alarm::loss_to_accept));
  }

  if (loss_accepted_) {
    loss_accepted_ = false;
    const bool still = !holds(record_->isr, self_) &&
                       std::all_of(record_->isr.begin(), record_->isr.end(),
                                   [&](const member& m) { return m.node == self_.node || is_suspected(m); });
    if (still)
      transact(change_kind::recover,
               shard_record{.epoch = epoch_number(std::max(record_->epoch, meta_.promised).value + 1),
                            .leader = self_,
                            .isr = {self_},
                            .min_isr = record_->min_isr,
                            .data_loss = record_->data_loss + 1},
               now, out);
    return;
  }

  // Taking over. Alone it is worth nothing unless the isr is nobody else's, or there is somebody to bring in.
  const bool may = Rules::may_take_over(*record_, self_);
  const auto useful = [&] {
    if (record_->isr.size() == 1 || record_->min_isr <= 1) return true;
    const auto reachable = [&](const member& m) { return m.node != self_.node && !is_suspected(m); };
    return std::any_of(record_->isr.begin(), record_->isr.end(), reachable) ||
           std::any_of(wanted_.begin(), wanted_.end(), reachable);
  };
  // A go is good on one revision only, and for a log that ends where the leader's did when it closed.
  if (go_ && (record_->epoch != go_->epoch || revision_ > go_->revision || end().index != go_->end)) go_.reset();
  const bool asked = go_ && revision_ == go_->revision;
  if (!may || (!asked && (!leader_is_gone() || !useful()))) {
    take_over_at_ = never;
    return;
  }
  if (!asked) {
    if (take_over_at_ == never) {
      // By rank, so that contenders do not meet; later after recent changes, so that they do not chase each other.
      std::uint64_t rank = 0;
      for (const auto& m : record_->isr) {
        if (m == self_) break;
        if (m != record_->leader && !is_suspected(m)) ++rank;
      }
      const std::uint64_t recent = now - epoch_changed_at_ > contest_ns ? 0 : std::min(recent_epochs_, 7U);
      const auto step = static_cast<std::uint64_t>(settings_.take_over_step_ns);
      const std::uint64_t delay = (rank == 0 && recent == 0) ? 0
                                                             : rank * step + ((std::uint64_t{1} << recent) - 1) * step +
                                                                   rng_.below(step * (std::uint64_t{1} << recent));
      take_over_at_ = now + static_cast<std::int64_t>(delay);
    }
    if (now < take_over_at_) return;
  }
  take_over_at_ = never;
  go_.reset();
  shard_record next = *record_;
  next.epoch = epoch_number(std::max(record_->epoch, meta_.promised).value + 1);
  next.leader = self_;
  next.isr = Rules::isr_after_take_over(record_->isr, self_);
  role_ = replica_role::electing;
  transact(change_kind::take_over, std::move(next), now, out);
}

// ---------------------------------------------------------------------------------------------- leading

template <class Rules>
void basic_replica<Rules>::become_leader(std::int64_t now, replica_output& out) {
  // What was seen of an older record says nothing of this leadership.
  if (record_seen_ != revision_) record_seen_at_ = never;
  look_again_at_ = never;
  // A loss was accepted since this replica last followed or led: who was alone then may still be going on. The mark
  // stays until that is over, also through a crash.
  silent_until_ = meta_.data_loss != record_->data_loss && record_->min_isr <= 1 && Rules::waits_out_who_was_alone()
                      ? now + settings_.alone_ns + settings_.alone_ns / 4
                      : never;
  drop_transaction();
  role_ = replica_role::preparing;
  epoch_ = record_->epoch;
  meta_.promised = epoch_;
  if (silent_until_ == never) meta_.data_loss = record_->data_loss;
  meta_dirty_ = true;
  session_epoch_ = epoch_number(0);
  leader_ = member{};
  matched_ = begun_due_ = ack_due_ = snapshot_due_ = false;
  go_.reset();
  import_.reset();
  loss_accepted_ = false;
  followers_.clear();
  node_acked_.clear();
  candidate_.reset();
  last_probe_ = confirmed_probe_ = missing_probe_ = 0;
  missing_ = 0;
  pending_bytes_ = 0;
  // The own log is the truth from here on; its first entry says so.
  push(std::make_shared<const ports::journal_entry>(make_entry(end(), epoch_, ports::entry_kind::epoch_start, {})));
  epoch_start_ = end().index;
  refresh_followers(now);
  out.state_wanted = false;
}

template <class Rules>
void basic_replica<Rules>::step_down(step_down_reason reason, replica_output& out) {
  SETT_ASSERT(leads());
  if (hand_over_ && reason == step_down_reason::superseded) reason = step_down_reason::handed_over;
  role_ = replica_role::follower;
  drop_transaction();
  followers_.clear();
  candidate_.reset();
  node_acked_.clear();
  hand_over_.reset();
  if (export_ && export_->ready) out.export_drops.push_back(export_->manifest.export_id);
  export_.reset();
  tell_at_ = never;
  take_over_at_ = never;
  standing_alarms_ = 0;
  out.stepped_down = reason;
  out.became_ready = false;
}

template <class Rules>
void basic_replica<Rules>::check_contact(std::int64_t now, replica_output& out) {
  if (!leads()) return;
  for (const auto& f : followers_)
    if ((f.in_isr || (candidate_ && *candidate_ == f.who)) &&
        Rules::contact_lost(now - f.contact_at, settings_.contact_lost_ns)) {
      step_down(step_down_reason::contact_lost, out);
      return;
    }
  if (alone() && record_seen_at_ != never && Rules::contact_lost(now - record_seen_at_, settings_.alone_ns))
    step_down(step_down_reason::contact_lost, out);
}

/// Nobody's acknowledgement is needed (rule 14's second part).
template <class Rules>
bool basic_replica<Rules>::alone() const {
  return leads() && record_->isr.size() == 1 && !candidate_ &&
         Rules::may_release(record_->isr.size(), record_->min_isr) && Rules::alone_needs_the_record();
}

/// Rules 8 and 14: whether what is acknowledged may count.
template <class Rules>
bool basic_replica<Rules>::may_raise(std::int64_t now) const {
  return Rules::may_release(record_->isr.size(), record_->min_isr) && now >= silent_until_ &&
         (!alone() || record_seen_at_ != never);
}

template <class Rules>
auto basic_replica<Rules>::find_follower(const member& who) -> follower* {
  for (auto& f : followers_)
    if (f.who == who) return &f;
  return nullptr;
}

template <class Rules>
auto basic_replica<Rules>::find_follower(const member& who) const -> const follower* {
  for (const auto& f : followers_)
    if (f.who == who) return &f;
  return nullptr;
}

template <class Rules>
void basic_replica<Rules>::refresh_followers(std::int64_t now) {
  std::vector<member> all;
  const auto add = [&](const member& m) {
    if (m.node != self_.node && !holds(all, m)) all.push_back(m);
  };
  for (const auto& m : record_->isr) add(m);
  if (candidate_) add(*candidate_);
  for (const auto& m : wanted_) add(m);
  followers_.erase(
      std::remove_if(followers_.begin(), followers_.end(), [&](const follower& f) { return !holds(all, f.who); }),
      followers_.end());
  for (const auto& m : all) {
    auto* f = find_follower(m);
    if (f == nullptr) {
      followers_.push_back(follower{.who = m});
      f = &followers_.back();
      f->contact_at = f->slow_since = f->snapshot_moved_at = now;
      f->slow_mark = end().index;
    }
    const bool was = f->in_isr;
    f->in_isr = holds(record_->isr, m);
    if (f->in_isr && !was) {
      f->slow_since = now;
      f->slow_mark = end().index;
      f->contact_at = now;
    }
  }
}

template <class Rules>
journal_index basic_replica<Rules>::acknowledged(const member& who) const {
  if (who == self_) return Rules::leader_counts_own(synced_, end().index);
  const auto* f = find_follower(who);
  journal_index acked = f == nullptr ? journal_index(0) : f->acked;
  if (!Rules::old_acknowledgements_are_void())
    if (const auto at = node_acked_.find(who.node); at != node_acked_.end()) acked = std::max(acked, at->second.acked);
  return acked;
}

/// Over the maximal isr (rule 8).
template <class Rules>
journal_index basic_replica<Rules>::lowest_acknowledged() const {
  journal_index lowest = end().index;
  for (const auto& m : record_->isr) {
    if (!Rules::removed_member_waits_for_transaction() && pending_ && pending_->kind == change_kind::shrink &&
        !holds(pending_->next.isr, m))
      continue;
    lowest = std::min(lowest, acknowledged(m));
  }
  if (candidate_ && Rules::candidate_counts()) lowest = std::min(lowest, acknowledged(*candidate_));
  return lowest;
}

template <class Rules>
void basic_replica<Rules>::raise_high_watermark(std::int64_t now) {
  if (!may_raise(now)) return;
  const journal_index lowest = lowest_acknowledged();
  if (lowest <= hw_) return;
  hw_ = lowest;
  if (tell_at_ == never) tell_at_ = now + settings_.tell_high_watermark_ns;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const begun_message& m, std::int64_t now, replica_output& out) {
  auto* f = find_follower(from);
  if (!leads() || m.epoch != epoch_ || f == nullptr) return;
  f->contact_at = now;
  if (f->phase == follower_phase::streaming || (m.needs_snapshot && f->phase == follower_phase::snapshot)) return;
  if (const auto before = node_acked_.find(from.node);
      before != node_acked_.end() && before->second.incarnation < from.incarnation &&
      m.matched < before->second.acked && Rules::regressed_member_is_evicted()) {
    if (!f->regressed) raise(replica_alarm::incarnation_regressed, out);
    f->regressed = true;
  }
  if (m.needs_snapshot) {
    f->phase = follower_phase::snapshot;
    f->asked_at = never;
    f->offered = 0;
    f->snapshot_moved_at = now;
    return;
  }
  if (m.matched > end().index) return; // not of this log
  f->phase = follower_phase::streaming;
  f->acked = std::max(f->acked, m.matched);
  f->next = journal_index(f->acked.value + 1);
  f->in_flight.clear();
  f->asked_at = never;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const ack_message& m, std::int64_t now, replica_output& /*out*/) {
  if (!leads() || m.epoch != epoch_ || m.incarnation != from.incarnation || m.matched > end().index) return;
  auto& node = node_acked_[from.node];
  auto* f = find_follower(from);
  if (f == nullptr) {
    if (node.incarnation.value == 0) node_acked_.erase(from.node);
    return;
  }
  f->contact_at = now;
  if (m.matched > f->acked) {
    f->acked = m.matched;
    f->asked_at = now;
  }
  while (!f->in_flight.empty() && f->in_flight.front() <= f->acked) f->in_flight.pop_front();
  if (f->next <= f->acked) f->next = journal_index(f->acked.value + 1);
  f->stored = std::max(f->stored, m.stored);
  f->knows = std::max(f->knows, m.high_watermark);
  f->probe_acked = std::max(f->probe_acked, m.probe);
  if (from.incarnation >= node.incarnation && f->acked >= node.acked) {
    node = {.incarnation = from.incarnation, .acked = f->acked};
    f->regressed = false;
  }
  if (f->acked >= f->slow_mark) {
    f->slow_mark = end().index;
    f->slow_since = now;
  }
}

template <class Rules>
void basic_replica<Rules>::on(const member& /*from*/, const refuse_message& m, std::int64_t /*now*/,
                              replica_output& out) {
  if (!leads() || m.promised <= epoch_) return;
  step_down(step_down_reason::superseded, out);
  out.read_record = true;
}

template <class Rules>
void basic_replica<Rules>::on(const member& from, const snapshot_pull_message& m, std::int64_t now,
                              replica_output& out) {
  auto* f = find_follower(from);
  if (!leads() || m.epoch != epoch_ || f == nullptr) return;
  f->contact_at = now;
  if (f->phase == follower_phase::streaming) {
    // What it said of the snapshot before came late, and it has taken the offer of a newer one: it waits for chunks and
    // takes no entries. Asked where it stands, it says so.
    f->phase = follower_phase::contacting;
    f->asked_at = never;
    f->in_flight.clear();
  }
  if (f->phase != follower_phase::snapshot) return;
  if (!export_ || !export_->ready || export_->manifest.export_id != m.export_id) return;
  f->snapshot_moved_at = f->asked_at = now;
  for (std::uint32_t i = 0; i < std::min(m.count, settings_.snapshot_chunks_in_flight); ++i)
    out.chunk_reads.push_back({.to = from, .export_id = m.export_id, .chunk = m.first + i});
}

template <class Rules>
void basic_replica<Rules>::chunk_read(const member& to, std::uint64_t export_id, std::uint32_t chunk, std::string bytes,
                                      steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  const auto* f = find_follower(to);
  if (f != nullptr && f->phase == follower_phase::snapshot && export_ && export_->ready &&
      export_->manifest.export_id == export_id)
    out.sends.push_back({.to = to,
                         .message = snapshot_chunk_message{
                             .epoch = epoch_, .export_id = export_id, .chunk = chunk, .bytes = std::move(bytes)}});
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::exported(const ports::snapshot_manifest& manifest, steady_time_ns now, replica_output& out) {
  check_contact(now.value, out);
  if (!leads() || !export_ || export_->ready || manifest.at.index < meta_.cut.index) {
    out.export_drops.push_back(manifest.export_id);
    if (export_ && !export_->ready) export_.reset();
  } else {
    export_->ready = true;
    export_->manifest = manifest;
    export_->hold = manifest.at.index;
  }
  advance(now.value, out);
}

template <class Rules>
void basic_replica<Rules>::serve_snapshot(std::int64_t now, replica_output& out) {
  bool needed = false;
  for (auto& f : followers_) {
    if (f.phase != follower_phase::snapshot || is_suspected(f.who)) continue;
    if (now - f.snapshot_moved_at > settings_.snapshot_idle_ns) {
      f.phase = follower_phase::contacting;
      f.asked_at = never;
      continue;
    }
    needed = true;
    if (!export_ || !export_->ready) continue;
    if (f.offered != export_->manifest.export_id || now - f.asked_at >= settings_.resend_ns) {
      f.offered = export_->manifest.export_id;
      f.asked_at = now;
      out.sends.push_back(
          {.to = f.who, .message = snapshot_offer_message{.epoch = epoch_, .manifest = export_->manifest}});
    }
  }
  if (needed && !export_) {
    export_ = export_state{.manifest = {}, .hold = stored_};
    out.export_wanted = true;
  } else if (!needed && export_ && export_->ready) {
    out.export_drops.push_back(export_->manifest.export_id);
    export_.reset();
  }
}

template <class Rules>
void basic_replica<Rules>::send_append(follower& f, std::int64_t now, replica_output& out) {
  append_message m{.epoch = epoch_,
                   .previous = place_at(journal_index(f.next.value - 1)),
                   .entries = {},
                   .high_watermark = hw_,
                   .floor = floor_,
                   .probe = last_probe_ > f.probe_acked ? last_probe_ : 0};
  std::size_t bytes = 0;
  while (f.next <= end().index && m.entries.size() < settings_.append_entries) {
    auto e = entry(f.next);
    bytes += e->payload.size();
    if (!m.entries.empty() && bytes > settings_.append_bytes) break;
    m.entries.push_back(std::move(e));
    f.next = journal_index(f.next.value + 1);
  }
  if (!m.entries.empty()) {
    if (f.in_flight.empty()) f.asked_at = now;
    f.in_flight.push_back(journal_index(f.next.value - 1));
  }
  f.told = hw_;
  f.told_at = now;
  f.probe_sent = last_probe_;
  out.sends.push_back({.to = f.who, .message = std::move(m)});
}

template <class Rules>
void basic_replica<Rules>::pump(follower& f, std::int64_t now, replica_output& out) {
  if (is_suspected(f.who) || (promise_synced_ < epoch_ && Rules::promise_waits_for_sync())) return;
  if (f.phase == follower_phase::contacting) {
    if (now - f.asked_at < settings_.resend_ns) return;
    f.asked_at = now;
    begin_message m{.epoch = epoch_, .cut = meta_.cut, .epochs = epochs_};
    if (m.epochs.size() > epochs_max) {
      // Too many epochs for one message: as if the log began later.
      const auto first = m.epochs.end() - static_cast<std::ptrdiff_t>(epochs_max);
      m.cut = *(first - 1);
      m.epochs.erase(m.epochs.begin(), first);
    }
    out.sends.push_back({.to = f.who, .message = std::move(m)});
    return;
  }
  if (f.phase != follower_phase::streaming) return;
  if (!f.in_flight.empty() && now - f.asked_at >= settings_.resend_ns) {
    f.next = journal_index(f.acked.value + 1);
    f.in_flight.clear();
  }
  if (f.next <= meta_.cut.index) { // it is too far behind: what it needs next has been cut
    f.phase = follower_phase::snapshot;
    f.asked_at = never;
    f.offered = 0;
    f.snapshot_moved_at = now;
    return;
  }
  if (f.knows < f.told && now - f.told_at >= settings_.resend_ns) f.told = f.knows;
  if (f.probe_acked < f.probe_sent && now - f.told_at >= settings_.resend_ns) f.probe_sent = f.probe_acked;
  while (f.in_flight.size() < settings_.appends_in_flight && f.next <= end().index) send_append(f, now, out);
  if (last_probe_ > f.probe_sent || (f.told < hw_ && now >= tell_at_)) send_append(f, now, out);
}

/// Who is in the isr: evictions, departures, admissions; one transaction at a time (rules 10 and 11).
template <class Rules>
void basic_replica<Rules>::manage_isr(std::int64_t now, replica_output& out) {
  if (pending_ || now < store_not_before_ || (promise_synced_ < epoch_ && Rules::promise_waits_for_sync())) return;
  const auto reached = [&](const member& m) { return acknowledged(m) >= epoch_start_; };
  const auto is_learner = [&](const follower& f) {
    return !f.in_isr && is_wanted(f.who) && !is_suspected(f.who) && f.phase == follower_phase::streaming &&
           !rank_of(*record_, f.who.node) && now >= f.grow_not_before;
  };
  const auto caught_up = [&](const follower& f) { return f.acked >= epoch_start_ && f.acked >= hw_; };
  const bool replacement_waits = std::any_of(followers_.begin(), followers_.end(),
                                             [&](const follower& f) { return is_learner(f) && caught_up(f); });

  // Out: the dead and the regressed, then the slow, then the unwanted. Below min_isr only the regressed go, and the
  // dead when somebody waits to take their place: a smaller isr would release nothing, and only add to what can be
  // lost. So those who stay must be enough, and have answered since somebody was missing: a leader that loses sight of
  // all its followers is cut off itself, and each one it took out would keep the others from going on without it.
  const auto is_slow = [&](const follower& f) {
    return f.acked < f.slow_mark && now - f.slow_since > settings_.slow_ns;
  };
  const auto is_missing = [&](const follower& f) { return f.in_isr && (is_suspected(f.who) || is_slow(f)); };
  const auto missing = std::count_if(followers_.begin(), followers_.end(), is_missing);
  if (missing > missing_) missing_probe_ = ++last_probe_;
  missing_ = missing;
  const auto staying = 1 + std::count_if(followers_.begin(), followers_.end(), [&](const follower& f) {
                         return f.in_isr && !is_missing(f) && f.probe_acked >= missing_probe_;
                       });
  shard_record next = *record_;
  for (auto& f : followers_) {
    if (!f.in_isr) continue;
    const bool enough = next.isr.size() > next.min_isr && staying >= static_cast<std::int64_t>(next.min_isr);
    const bool dead = is_suspected(f.who) && (enough || replacement_waits);
    const bool slow = is_slow(f) && enough;
    if (!f.regressed && !dead && !slow) continue;
    if (slow && !dead) f.grow_not_before = now + 2 * settings_.slow_ns;
    replica_detail::erase_member(next.isr, f.who);
  }
  if (next.isr.size() == record_->isr.size() && !wanted_.empty() &&
      std::all_of(wanted_.begin(), wanted_.end(), [&](const member& m) { return holds(record_->isr, m); })) {
    for (const auto& f : followers_)
      if (f.in_isr && !is_wanted(f.who) && next.isr.size() > next.min_isr)
        replica_detail::erase_member(next.isr, f.who);
  }
  if (next.isr.size() != record_->isr.size()) {
    transact(change_kind::shrink, std::move(next), now, out);
    return;
  }

  // In: a learner that is close is counted first, which holds hw until it has caught up; then the transaction is sent.
  // Until then nothing can have executed, so it may be given up.
  const bool all_reached = std::all_of(record_->isr.begin(), record_->isr.end(), reached);
  if (candidate_) {
    auto* f = find_follower(*candidate_);
    if (f == nullptr || !is_learner(*f) || now - candidate_since_ > settings_.slow_ns) {
      if (f != nullptr) f->grow_not_before = now + 2 * settings_.slow_ns;
      candidate_.reset();
    }
  }
  if (!candidate_ && record_->isr.size() < replicas_max)
    for (auto& f : followers_)
      if (is_learner(f) && (all_reached || !Rules::growth_waits_for_epoch_start()) &&
          (f.acked >= epoch_start_ || !Rules::growth_waits_for_epoch_start()) &&
          hw_.value <= f.acked.value + close_entries) {
        candidate_ = f.who;
        candidate_since_ = now;
        f.contact_at = std::max(f.contact_at, now);
        break;
      }
  if (!candidate_) return;
  if (const auto* f = find_follower(*candidate_);
      f != nullptr && Rules::may_grow(all_reached, acknowledged(f->who), epoch_start_, hw_)) {
    next.isr.push_back(f->who);
    transact(change_kind::grow, std::move(next), now, out);
  }
}

// ---------------------------------------------------------------------------------------------- transactions

template <class Rules>
void basic_replica<Rules>::learn_record(const shard_record& r, std::uint64_t revision, std::int64_t now,
                                        replica_output& out) {
  if (record_ && revision <= revision_) {
    if (Rules::unchanged_record_settles() && revision == revision_ && pending_ && !pending_->in_flight)
      drop_transaction();
    return;
  }
  if (record_ && r.epoch < record_->epoch) {
    raise(replica_alarm::record_invalid, out);
    return;
  }
  if (record_ && r.epoch != record_->epoch) {
    recent_epochs_ = now - epoch_changed_at_ > contest_ns ? 1 : recent_epochs_ + 1;
    epoch_changed_at_ = now;
    take_over_at_ = never;
  }
  record_ = r;
  revision_ = revision;
  if (r.isr.size() == 1 && record_seen_ != revision) { // who is alone from now on looks for itself
    record_seen_at_ = never;
    look_again_at_ = never;
  }
  // No copy of a transaction that compared an older revision can execute any more: what it did is in this record.
  if (pending_ && revision > pending_->compare_revision) drop_transaction();
  if (!leads()) return;
  if (r.epoch != epoch_ || !Rules::leads_record(r.leader, self_))
    step_down(step_down_reason::superseded, out);
  else if (!holds(r.isr, self_))
    step_down(step_down_reason::evicted, out);
  else
    refresh_followers(now);
}

template <class Rules>
void basic_replica<Rules>::transact(change_kind kind, shard_record next, std::int64_t now, replica_output& out) {
  SETT_ASSERT(!pending_);
  pending_ = pending_transaction{.first_id = last_transaction_ + 1,
                                 .id = 0,
                                 .kind = kind,
                                 .compare_revision = revision_,
                                 .next = std::move(next),
                                 .sent_at = now};
  send_transaction(out);
}

template <class Rules>
void basic_replica<Rules>::send_transaction(replica_output& out) {
  pending_->id = ++last_transaction_;
  pending_->in_flight = true;
  out.transactions.push_back({.id = pending_->id,
                              .compare_revision = Rules::compared_revision(pending_->compare_revision, any_revision),
                              .next = pending_->next});
}

template <class Rules>
void basic_replica<Rules>::drop_transaction() {
  if (!pending_) return;
  if (pending_->kind == change_kind::grow) candidate_.reset();
  if (role_ == replica_role::electing) role_ = replica_role::follower;
  pending_.reset();
}

// ---------------------------------------------------------------------------------------------- after every input

template <class Rules>
void basic_replica<Rules>::advance(std::int64_t now, replica_output& out) {
  if (!started_) return;
  if (!leads()) follow_record(now, out);
  if (pending_ && !pending_->in_flight && now >= pending_->retry_at) {
    // The same content on the same revision: if this one succeeds, or fails, the lost one is settled (rule 1). A lost
    // take-over needs no settling: should it execute, the record will show it.
    if (pending_->kind == change_kind::take_over && !leader_is_gone()) {
      drop_transaction();
    } else {
      send_transaction(out);
    }
  }
  if (leads()) {
    if (now >= silent_until_ && meta_.data_loss != record_->data_loss) {
      meta_.data_loss = record_->data_loss;
      meta_dirty_ = true;
    }
    if (alone() && now >= look_again_at_) {
      out.read_record = true;
      look_again_at_ = now + (record_seen_at_ == never ? settings_.store_retry_ns : settings_.alone_ns / 8);
    }
    raise_high_watermark(now);
    release(out);
    if (role_ == replica_role::preparing && Rules::ready(hw_, epoch_start_) &&
        (promise_synced_ >= epoch_ || !Rules::promise_waits_for_sync())) {
      role_ = replica_role::leading;
      out.became_ready = true;
    }
    if (!Rules::may_release(record_->isr.size(), record_->min_isr))
      raise(replica_alarm::below_min_isr, out);
    else
      standing_alarms_ &= ~(std::uint64_t{1} << static_cast<unsigned>(replica_alarm::below_min_isr));
    manage_isr(now, out);
    // A lone member's own rights: what it synced is committed, and its reads need nobody's word.
    std::uint64_t confirmed = last_probe_;
    for (auto& f : followers_) {
      pump(f, now, out);
      if (f.in_isr || (candidate_ && *candidate_ == f.who)) confirmed = std::min(confirmed, f.probe_acked);
    }
    if (confirmed > confirmed_probe_ && may_raise(now)) out.reads_confirmed = confirmed_probe_ = confirmed;
    serve_snapshot(now, out);
    if (tell_at_ != never && now >= tell_at_ &&
        std::none_of(followers_.begin(), followers_.end(), [&](const follower& f) {
          return f.phase == follower_phase::streaming && f.told < hw_ && !is_suspected(f.who);
        }))
      tell_at_ = never;
    if (hand_over_) {
      const auto* f = find_follower(hand_over_->to);
      if (f == nullptr || now >= hand_over_->deadline) {
        // Given up. A go may still be on its way: only when the record has moved is it void, and this leader accepts.
        if (hand_over_->go_revision < revision_)
          hand_over_.reset();
        else if (!pending_ && now >= store_not_before_)
          transact(change_kind::settle, *record_, now, out);
      } else if (f->acked == end().index && hw_ == end().index && now - hand_over_->asked_at >= settings_.resend_ns) {
        hand_over_->asked_at = now;
        hand_over_->go_revision = revision_;
        out.sends.push_back(
            {.to = f->who, .message = take_over_message{.epoch = epoch_, .end = end().index, .revision = revision_}});
      }
    }
  } else {
    release(out);
    import_step(now, out);
  }
  cut_log(out);
  flush(out);
  if (!leads() && role_ != replica_role::starting) answer(out);
  out.wake_at = steady_time_ns(next_wake(now));
}

template <class Rules>
std::int64_t basic_replica<Rules>::next_wake(std::int64_t now) const {
  // What was due has been done, or waits for something else that has its own time.
  std::int64_t at = far;
  const auto earlier = [&](std::int64_t& earliest, std::int64_t candidate) {
    if (candidate > now) earliest = std::min(earliest, candidate);
  };
  if (pending_ && !pending_->in_flight) earlier(at, pending_->retry_at);
  if (!pending_ && store_not_before_ > now) earlier(at, store_not_before_);
  if (leads()) {
    earlier(at, silent_until_);
    if (alone()) {
      earlier(at, look_again_at_);
      earlier(at, record_seen_at_ + settings_.alone_ns + 1);
    }
    if (tell_at_ != never) earlier(at, std::max(tell_at_, now + settings_.tell_high_watermark_ns));
    if (hand_over_)
      earlier(at, std::min(hand_over_->deadline, std::max(hand_over_->asked_at, now) + settings_.resend_ns));
    for (const auto& f : followers_) {
      if (f.in_isr) {
        earlier(at, f.contact_at + settings_.contact_lost_ns + 1);
        if (f.acked < f.slow_mark) earlier(at, f.slow_since + settings_.slow_ns + 1);
      }
      if (is_suspected(f.who)) continue;
      if (f.phase == follower_phase::contacting || f.phase == follower_phase::snapshot || !f.in_flight.empty())
        earlier(at,
                std::max(f.asked_at, never) == never ? now + settings_.resend_ns : f.asked_at + settings_.resend_ns);
      else if (f.knows < f.told || f.probe_acked < f.probe_sent)
        earlier(at, f.told_at + settings_.resend_ns);
      if (f.grow_not_before > now) earlier(at, f.grow_not_before);
    }
    if (candidate_ && !pending_) earlier(at, candidate_since_ + settings_.slow_ns + 1);
    return at;
  }
  if (take_over_at_ != never) earlier(at, take_over_at_);
  if (import_ && !import_->switching) earlier(at, import_->asked_at + settings_.resend_ns);
  return at;
}

template <class Rules>
bool basic_replica<Rules>::is_suspected(const member& who) const {
  return holds(suspected_, who);
}

template <class Rules>
bool basic_replica<Rules>::is_wanted(const member& who) const {
  return holds(wanted_, who);
}

/// Standing conditions are told once until they end.
template <class Rules>
void basic_replica<Rules>::raise(replica_alarm a, replica_output& out) {
  if (a == replica_alarm::below_min_isr || a == replica_alarm::loss_to_accept) {
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(a);
    if ((standing_alarms_ & bit) != 0) return;
    standing_alarms_ |= bit;
  }
  out.alarms.push_back(a);
}

template <class Rules>
replica_status basic_replica<Rules>::status() const {
  replica_status s{.role = role_,
                   .promised = meta_.promised,
                   .record = record_,
                   .revision = revision_,
                   .cut = meta_.cut.index,
                   .applied_stored = stored_,
                   .high_watermark = hw_,
                   .synced = synced_,
                   .end = end().index,
                   .epoch_start = leads() ? epoch_start_ : journal_index(0),
                   .log_bytes = log_bytes_,
                   .frozen = leads() && !Rules::may_release(record_->isr.size(), record_->min_isr),
                   .handing_over = hand_over_.has_value(),
                   .transaction_outstanding = pending_.has_value(),
                   .recovering = leads() && meta_.data_loss != record_->data_loss,
                   .followers = {}};
  for (const auto& f : followers_)
    s.followers.push_back({.who = f.who,
                           .in_isr = f.in_isr,
                           .candidate = candidate_ && *candidate_ == f.who,
                           .suspected = is_suspected(f.who),
                           .begun = f.phase == follower_phase::streaming,
                           .snapshot = f.phase == follower_phase::snapshot,
                           .acked = f.acked,
                           .stored = f.stored});
  return s;
}

} // namespace sett::journal
