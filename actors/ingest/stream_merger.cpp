#include "actors/ingest/stream_merger.hpp"

#include "messages/types/error.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace sett::ingest {

using resilience::after;
using resilience::elapsed;

namespace {

constexpr std::size_t versions_max = 4;
// Until it is about to be rooted, a slot closed by its parts still takes those that were overtaken.
constexpr std::uint64_t late_parts_slots = 31;
constexpr std::uint64_t child_distance = 256; // a block's child farther away than this is not looked for
constexpr double behind_smoothing = 0.1;

/// The update without the transactions that `known` holds.
std::shared_ptr<block_update> without(const block_update& u, const std::unordered_set<signature>& known) {
  auto rest = std::make_shared<block_update>();
  rest->slot = u.slot;
  rest->parent = u.parent;
  rest->height = u.height;
  rest->blockhash = u.blockhash;
  rest->parent_blockhash = u.parent_blockhash;
  rest->block_time = u.block_time;
  rest->commitment = u.commitment;
  rest->complete = u.complete;
  rest->transaction_count = u.transaction_count;
  rest->vote_count = u.vote_count;
  constexpr std::uint32_t gone = 0xffffffff;
  std::vector<std::uint32_t> place(u.batch.transactions.size(), gone);
  for (std::size_t i = 0; i < place.size(); ++i) {
    if (known.contains(u.batch.transactions[i].signature)) continue;
    place[i] = static_cast<std::uint32_t>(rest->batch.transactions.size());
    rest->batch.transactions.push_back(u.batch.transactions[i]);
  }
  rest->batch.text = u.batch.text; // slices stay valid
  for (const auto& e : u.batch.events) {
    if (place[e.transaction] == gone) continue;
    rest->batch.events.push_back(e);
    rest->batch.events.back().transaction = place[e.transaction];
  }
  for (const auto& x : u.batch.unknown) {
    if (place[x.transaction] == gone) continue;
    rest->batch.unknown.push_back(x);
    rest->batch.unknown.back().transaction = place[x.transaction];
  }
  return rest;
}

} // namespace

stream_merger::stream_merger(const merger_settings& settings)
    : settings_(settings), incomplete_(std::max<std::size_t>(2, settings.incomplete_ranges_max)) {}

void stream_merger::resume(slot_number cursor) {
  SETT_ASSERT(!started_);
  start_at(cursor.value + 1);
}

void stream_merger::remember(const std::vector<protocol::slot_range>& incomplete, std::optional<slot_number> up_to) {
  for (const auto& r : incomplete)
    incomplete_.insert(r.first.value, up_to ? std::min(r.last, *up_to).value : r.last.value);
}

void stream_merger::start_at(slot s) {
  started_ = true;
  from_ = linked_to_ = rooted_ = head_ = pruned_to_ = s == 0 ? 0 : s - 1;
  told_.complete_from = told_.complete_to = slot_number{from_};
}

std::uint64_t stream_merger::fingerprint(const block_update& u) {
  std::uint64_t f = 0x9e3779b97f4a7c15ULL;
  for (const auto& t : u.batch.transactions) f += std::hash<signature>{}(t.signature) * 0xff51afd7ed558ccdULL;
  return f == 0 ? 1 : f;
}

bool stream_merger::same(const version& a, const version& b) {
  const auto agree = [](auto x, auto y) { return x == decltype(x){} || y == decltype(y){} || x == y; };
  return agree(a.hash, b.hash) && agree(a.parent, b.parent) && agree(a.count, b.count) &&
         agree(a.fingerprint, b.fingerprint);
}

/// Whether the update can be true at all, and whether its slot is near enough to what is known.
bool stream_merger::plausible(const frame_origin& origin, const block_update& u) {
  if (u.parent.value >= u.slot.value && u.slot.value != 0) {
    ++counters_.malformed;
    return false;
  }
  if (!started_ || origin.backfill || u.slot.value <= head_ + settings_.jump_slots_max) return true;
  const bool near = u.slot.value >= suspect_ && u.slot.value - suspect_ <= settings_.jump_slots_max;
  suspects_ = near ? suspects_ + 1 : 1;
  suspect_ = u.slot.value;
  if (suspects_ >= settings_.jump_confirmations) {
    suspects_ = 0;
    return true;
  }
  ++counters_.suspicious_jumps;
  return false;
}

void stream_merger::check_sequence(const frame_origin& origin, slot s) {
  if (origin.sequence == 0) return;
  const auto e = origin.endpoint.value % endpoints_max;
  auto& next = next_sequence_[e];
  if (origin.sequence != next && next != 0 && origin.sequence != 1) {
    ++counters_.sequence_holes;
    tainted_to_[e] = std::max(s, scores_[e].newest.value) + 1;
  }
  next = origin.sequence + 1;
}

void stream_merger::on_update(const frame_origin& origin, const block_update_ptr& u, steady_time_ns now,
                              merger_effects& out) {
  ++counters_.updates;
  const slot s = u->slot.value;
  check_sequence(origin, s);
  if (!plausible(origin, *u)) return;
  if (!started_) start_at(s);
  if (s <= from_) {
    ++counters_.before_start;
    return;
  }
  if (s <= pruned_to_ && !incomplete_.contains(s)) {
    ++counters_.too_late;
    return;
  }
  auto& score = scores_[origin.endpoint.value % endpoints_max];
  ++score.updates;
  if (!origin.backfill) score.newest = std::max(score.newest, u->slot);
  if (const auto w = missing_.find(s); w != missing_.end() && origin.backfill && w->second.in_flight) {
    w->second.in_flight = false;
    w->second.next_at = after(now, settings_.retry_after); // in case this copy does not settle it
    ++counters_.fetched;
  }

  if (beside_root(s)) {
    const auto known = records_.find(s);
    if (known == records_.end() || (!known->second.any && !known->second.final)) {
      ++counters_.late_dead;
      return;
    }
  }
  auto& r = records_[s];
  if (r.dead) {
    const bool other = !u->blockhash.is_zero() && u->blockhash != r.dead_hash;
    if (!other) {
      ++counters_.late_dead;
      return;
    }
    r.dead = false;
  }
  if (!r.any) {
    r.any = true;
    r.first_received = origin.received_steady;
    ++score.first;
  } else if (!origin.backfill) {
    const double ms = static_cast<double>(elapsed(r.first_received, origin.received_steady).count()) * 1e-6;
    score.behind_ms += behind_smoothing * (ms - score.behind_ms);
  }
  const auto e = bit(origin.endpoint);
  if (const auto p = records_.find(u->parent.value);
      p != records_.end() && p->second.dead && u->parent.value != 0 && !r.final &&
      (u->parent_blockhash.is_zero() || p->second.dead_hash.is_zero() || u->parent_blockhash == p->second.dead_hash)) {
    ++counters_.late_dead; // builds on a block that died
    undo_tree(s, out);
    settle(out);
    return;
  }
  if (!u->complete)
    take_part(origin, u, r, out);
  else if (((r.parts_by & e) != 0 || u->batch.transactions.empty()) && !origin.backfill)
    close_parts(origin, u, r, now, out);
  else
    take_whole(origin, u, r, now, out);
  head_ = std::max(head_, s);
  // A fetched copy that settled nothing is a failed try, so an endless tie ends.
  if (const auto w = missing_.find(s); w != missing_.end() && origin.backfill) ++w->second.failures;
  settle(out);
}

void stream_merger::take_part(const frame_origin& origin, const block_update_ptr& u, record& r, merger_effects& out) {
  r.parts_by |= bit(origin.endpoint);
  if (r.complete && !r.by_parts) {
    ++counters_.duplicates;
    counters_.duplicate_transactions += u->batch.transactions.size();
    return;
  }
  forward(origin, u, r, out);
}

/// Sends on what is new of an update and remembers it.
void stream_merger::forward(const frame_origin& origin, const block_update_ptr& u, record& r, merger_effects& out) {
  const auto& transactions = u->batch.transactions;
  const auto known =
      static_cast<std::size_t>(r.seen.empty() ? 0 : std::ranges::count_if(transactions, [&](const auto& t) {
        return r.seen.contains(t.signature);
      }));
  counters_.duplicate_transactions += known;
  if (!u->complete && known == transactions.size() && !transactions.empty()) {
    ++counters_.duplicates;
    return;
  }
  auto rest = known == 0 ? u : block_update_ptr(without(*u, r.seen));
  if (!u->complete || (r.parts_by & bit(origin.endpoint)) != 0)
    for (const auto& t : rest->batch.transactions) r.seen.insert(t.signature);
  r.transactions += static_cast<std::uint32_t>(rest->batch.transactions.size());
  counters_.transactions += rest->batch.transactions.size();
  ++counters_.delivered;
  out.emplace_back(deliver{std::move(rest), origin});
}

void stream_merger::close_parts(const frame_origin& origin, const block_update_ptr& u, record& r, steady_time_ns now,
                                merger_effects& out) {
  const slot s = u->slot.value;
  if (tainted_to_[origin.endpoint.value % endpoints_max] >= s) {
    // Something of this slot may have been shed on the way here: what came is kept, the whole is fetched.
    if (!r.complete) {
      if (!u->batch.transactions.empty()) {
        auto part = without(*u, r.seen);
        part->complete = false;
        forward(origin, part, r, out);
      }
      expect(s, true, now);
    }
    return;
  }
  vote(origin, u, r, version{u->blockhash, u->parent.value, u->transaction_count, 0, 0}, now, out);
}

void stream_merger::take_whole(const frame_origin& origin, const block_update_ptr& u, record& r, steady_time_ns now,
                               merger_effects& out) {
  vote(origin, u, r, version{u->blockhash, u->parent.value, u->transaction_count, fingerprint(*u), 0}, now, out);
}

void stream_merger::vote(const frame_origin& origin, const block_update_ptr& u, record& r, const version& story,
                         steady_time_ns now, merger_effects& out) {
  const slot s = u->slot.value;
  const auto e = bit(origin.endpoint);
  auto at = std::ranges::find_if(r.versions, [&](const version& v) { return same(v, story); });
  const bool changed_its_mind =
      std::ranges::any_of(r.versions, [&](const version& v) { return (v.voters & e) != 0 && !same(v, story); });
  if (changed_its_mind) // an endpoint's latest word counts: it may have followed a fork
    for (auto& v : r.versions) v.voters &= ~e;
  if (at == r.versions.end() && r.versions.size() == versions_max) {
    // Full: the story with the fewest voters goes, never the delivered one.
    at = r.versions.begin() + (r.chosen == 0 ? 1 : 0);
    for (auto i = r.versions.begin(); i != r.versions.end(); ++i)
      if (i - r.versions.begin() != static_cast<std::ptrdiff_t>(r.chosen) &&
          std::popcount(i->voters) < std::popcount(at->voters))
        at = i;
    *at = story;
  } else if (at == r.versions.end()) {
    at = r.versions.insert(r.versions.end(), story);
  } else {
    // What one copy left unsaid, another may say.
    if (at->hash.is_zero()) at->hash = story.hash;
    if (at->parent == 0) at->parent = story.parent;
    if (at->count == 0) at->count = story.count;
    if (at->fingerprint == 0) at->fingerprint = story.fingerprint;
  }
  at->voters |= e;
  add_child_votes(s, r);
  const auto mine = static_cast<std::size_t>(at - r.versions.begin());

  if (!r.complete) {
    r.chosen = mine;
    accept(origin, u, r, story.fingerprint == 0, out);
    completed(s, r, now);
    return;
  }
  if (r.versions.size() == 1 && !r.contested) {
    ++counters_.duplicates;
    counters_.duplicate_transactions += u->batch.transactions.size();
    return;
  }
  const auto votes = [&](std::size_t i) { return std::popcount(r.versions[i].voters); };
  if (mine != r.chosen && votes(mine) > votes(r.chosen)) {
    // The majority says otherwise: what was delivered is taken back and the better copy goes on.
    ++counters_.corrected;
    const auto wrong = r.versions[r.chosen].voters;
    for (std::size_t i = 0; i < endpoints_max; ++i)
      if ((wrong >> i & 1) != 0) ++scores_[i].outvoted;
    undo_slot(s, r, out);
    r.chosen = mine;
    accept(origin, u, r, story.fingerprint == 0, out);
    completed(s, r, now);
    out.emplace_back(disagreement{slot_number{s}, wrong | r.versions[mine].voters, wrong});
    r.contested = false;
    missing_.erase(s);
    return;
  }
  std::uint64_t all = 0;
  bool tie = false;
  for (std::size_t i = 0; i < r.versions.size(); ++i) {
    all |= r.versions[i].voters;
    if (i != r.chosen && votes(i) > 0 && votes(i) >= votes(r.chosen)) tie = true;
  }
  tie = tie || denied_by_child(s, r);
  if (mine == r.chosen) ++counters_.duplicates;
  if (tie && !r.contested) {
    r.contested = true;
    ++counters_.disagreements;
    ++scores_[origin.endpoint.value % endpoints_max].disagreements;
    out.emplace_back(disagreement{slot_number{s}, all, 0});
    expect(s, true, now);
  } else if (!tie) {
    const auto outvoted = all & ~r.versions[r.chosen].voters;
    if (outvoted != 0 && mine != r.chosen) {
      ++counters_.disagreements;
      ++scores_[origin.endpoint.value % endpoints_max].outvoted;
      out.emplace_back(disagreement{slot_number{s}, all, outvoted});
    } else if (outvoted != 0 && r.contested) {
      out.emplace_back(disagreement{slot_number{s}, all, outvoted});
    }
    if (r.contested) {
      r.contested = false;
      missing_.erase(s);
      incomplete_.erase(s);
    }
  }
}

/// The slot's content goes on and counts as whole.
void stream_merger::accept(const frame_origin& origin, const block_update_ptr& u, record& r, bool by_parts,
                           merger_effects& out) {
  forward(origin, u, r, out);
  r.complete = true;
  r.by_parts = by_parts;
  r.skipped = false;
  r.transaction_count = u->transaction_count;
  ++r.deliveries;
  if (!by_parts) r.seen = {};
  const auto& story = r.versions[r.chosen];
  if (story.parent != 0 || u->slot.value == 1) {
    r.parent = story.parent;
    r.has_parent = true;
  }
  r.parent_hash = u->parent_blockhash;
}

void stream_merger::completed(slot s, record& r, steady_time_ns now) {
  if (!r.contested) missing_.erase(s);
  incomplete_.erase(s);
  for (auto child = records_.upper_bound(s); child != records_.end() && child->first <= s + child_distance; ++child)
    if (child->second.complete && child->second.has_parent && child->second.parent == s)
      check_link(s, child->second, now);
  if (!r.has_parent) return;
  cut_long_gap(r.parent, now);
  expect(r.parent, true, now);
  check_link(r.parent, r, now);
}

/// A child names its parent's hash: another block than the one delivered makes the parent doubtful, and it is fetched.
void stream_merger::check_link(slot parent, const record& child, steady_time_ns now) {
  const auto p = records_.find(parent);
  if (p == records_.end() || !p->second.complete || child.parent_hash.is_zero()) return;
  auto& r = p->second;
  if (r.contested || !denied_by_child(parent, r)) return;
  r.contested = true;
  ++counters_.disagreements;
  expect(parent, true, now);
}

void stream_merger::add_child_votes(slot s, record& r) {
  for (auto child = records_.upper_bound(s); child != records_.end() && child->first <= s + child_distance; ++child) {
    const auto& c = child->second;
    if (!c.complete || !c.has_parent || c.parent != s || c.parent_hash.is_zero()) continue;
    const auto voters = c.versions[c.chosen].voters;
    for (auto& v : r.versions)
      if (!v.hash.is_zero() && v.hash == c.parent_hash) v.voters |= voters;
  }
}

/// A child names another hash, and at least as many endpoints say so as stand behind the delivered block.
bool stream_merger::denied_by_child(slot s, const record& r) const {
  const auto& chosen = r.versions[r.chosen];
  if (chosen.hash.is_zero()) return false;
  for (auto child = records_.upper_bound(s); child != records_.end() && child->first <= s + child_distance; ++child) {
    const auto& c = child->second;
    if (!c.complete || !c.has_parent || c.parent != s || c.parent_hash.is_zero() || c.parent_hash == chosen.hash)
      continue;
    if (std::popcount(c.versions[c.chosen].voters) >= std::popcount(chosen.voters)) return true;
  }
  return false;
}

/// The rooted chain jumps over the slot: what comes for it now lost long ago.
bool stream_merger::beside_root(slot s) const {
  if (s > rooted_) return false;
  for (auto i = records_.upper_bound(s); i != records_.end() && i->first <= rooted_; ++i)
    if (i->second.complete) return i->second.has_parent && i->second.parent < s;
  return false;
}

void stream_merger::expect(slot s, bool by_link, steady_time_ns now) {
  if (s <= from_ || s <= pruned_to_ || incomplete_.contains(s)) return;
  const auto r = records_.find(s);
  if (r != records_.end() && r->second.dead) return;
  if (r != records_.end() && r->second.complete && !r->second.contested) return;
  auto [w, fresh] =
      missing_.try_emplace(s, want{.noticed = now, .next_at = after(now, settings_.gap_grace), .sent_at = now});
  w->second.by_link |= by_link;
  if (fresh) ++counters_.gaps;
}

/// Of a gap that ends at `below`, what is farther back than the bound is given up at once.
void stream_merger::cut_long_gap(slot below, steady_time_ns) {
  if (below <= linked_to_ || below - linked_to_ <= settings_.backfill_slots_max) return;
  const slot last = below - settings_.backfill_slots_max;
  for (slot s = linked_to_ + 1; s <= last;) {
    const auto next = records_.lower_bound(s);
    const slot end = next == records_.end() ? last : std::min(last, next->first - 1);
    if (s <= end) {
      incomplete_.insert(s, end);
      ++counters_.given_up;
    }
    if (next == records_.end() || next->first > last) break;
    if (!next->second.complete) incomplete_.insert(next->first, next->first);
    s = next->first + 1;
  }
  for (auto w = missing_.begin(); w != missing_.end();)
    w = incomplete_.contains(w->first) ? missing_.erase(w) : std::next(w);
}

/// The slot cannot be had. What lies between it and the next known block below is unknown with it: its parent was never
/// seen.
void stream_merger::give_up(slot s) {
  ++counters_.given_up;
  slot first = s;
  while (first > linked_to_ + 1) {
    const auto r = records_.find(first - 1);
    if (r != records_.end() && (r->second.complete || r->second.dead || r->second.skipped)) break;
    if (missing_.contains(first - 1)) break; // has its own chance
    --first;
  }
  const auto r = records_.find(s);
  if (r != records_.end() && r->second.complete) first = s; // contested: here, but not to be trusted
  incomplete_.insert(first, s);
}

void stream_merger::on_slot(const frame_origin& origin, const slot_update& u, steady_time_ns now, merger_effects& out) {
  const slot s = u.slot.value;
  auto& score = scores_[origin.endpoint.value % endpoints_max];
  if (!origin.backfill && s <= head_ + settings_.jump_slots_max) score.newest = std::max(score.newest, u.slot);
  if (!started_ || s <= from_ || s > head_ + settings_.jump_slots_max) return;
  if (u.status == slot_status::dead) {
    if (settings_.level != commitment::processed) return; // a dead slot never was confirmed
    undo_tree(s, out);
  } else if (u.status == slot_status::finalized) {
    pending_root_ = std::max(pending_root_, s);
    if (s > pruned_to_) {
      auto& r = records_[s];
      r.final = true;
      r.dead = false; // the report of its death was wrong
    }
    if (settings_.level != commitment::finalized || s <= head_) expect(s, false, now);
  } else if (u.status == slot_status::confirmed ||
             (u.status == slot_status::processed && settings_.level == commitment::processed)) {
    const auto r = records_.find(s);
    if (u.status == slot_status::confirmed && r != records_.end() && r->second.dead) {
      r->second.dead = false; // the cluster confirmed another block for it, or the report of its death was wrong
      r->second.dead_hash = {};
    }
    if (settings_.level != commitment::finalized) expect(s, false, now);
  }
  settle(out);
}

void stream_merger::on_connection(const frame_origin& origin, protocol::connection_state state, merger_effects& out) {
  const auto e = bit(origin.endpoint);
  if (state == protocol::connection_state::live)
    live_ |= e;
  else
    live_ &= ~e;
  if (state == protocol::connection_state::lost || state == protocol::connection_state::connecting)
    next_sequence_[origin.endpoint.value % endpoints_max] = 0;
  settle(out);
}

void stream_merger::on_fetch_failed(slot_number which, fetch_failure why, steady_time_ns now, merger_effects& out) {
  const auto w = missing_.find(which.value);
  if (w == missing_.end() || !w->second.in_flight) return; // late
  auto& m = w->second;
  m.in_flight = false;
  if (why == fetch_failure::skipped && !m.by_link) {
    records_[which.value].skipped = true;
    missing_.erase(w);
  } else if (why == fetch_failure::not_yet && which.value > pending_root_ &&
             which.value + settings_.not_yet_slots_max > head_) {
    m.next_at = after(now, settings_.retry_after); // costs no try; age_max bounds it
  } else {
    ++counters_.fetch_failures;
    ++m.failures;
    const auto wait = std::min(settings_.retry_cap, settings_.retry_after * (1U << std::min(m.failures, 10U)));
    m.next_at = after(now, wait);
    if (m.failures >= settings_.attempts_max) {
      missing_.erase(w);
      give_up(which.value);
    }
  }
  settle(out);
}

void stream_merger::on_list(slot_number first, slot_number last, const std::vector<slot_number>& blocks,
                            steady_time_ns now, merger_effects& out) {
  if (!list_out_ || first.value != list_first_ || last.value != list_last_) return; // late
  list_out_ = false;
  slot highest = 0;
  for (const auto b : blocks) {
    if (b < first || b > last) continue;
    highest = std::max(highest, b.value);
    expect(b.value, false, now);
    if (const auto w = missing_.find(b.value); w != missing_.end()) w->second.next_at = now;
  }
  // Only below a block the endpoint knows is its silence about a slot worth something.
  if (highest != 0)
    for (slot s = first.value; s < highest; ++s)
      if (std::ranges::find(blocks, slot_number{s}) == blocks.end() && !missing_.contains(s)) {
        auto& r = records_[s];
        if (!r.complete) r.skipped = true;
      }
  list_next_ = after(now, highest == 0 ? settings_.retry_cap : settings_.retry_after);
  settle(out);
}

void stream_merger::on_list_failed(slot_number first, slot_number last, steady_time_ns now, merger_effects& out) {
  if (!list_out_ || first.value != list_first_ || last.value != list_last_) return;
  list_out_ = false;
  ++counters_.fetch_failures;
  list_next_ = after(now, settings_.retry_cap);
  settle(out);
}

void stream_merger::tick(steady_time_ns now, merger_effects& out) {
  std::uint32_t in_flight = 0;
  for (auto w = missing_.begin(); w != missing_.end();) {
    auto& [s, m] = *w;
    if (m.in_flight && elapsed(m.sent_at, now) >= settings_.fetch_timeout) {
      m.in_flight = false;
      ++m.failures;
      ++counters_.fetch_failures;
      m.next_at = now;
    }
    const auto r = records_.find(s);
    const bool resolved_otherwise =
        r != records_.end() && (r->second.dead || (r->second.complete && !r->second.contested));
    if (resolved_otherwise) {
      w = missing_.erase(w);
      continue;
    }
    if (!m.in_flight && (m.failures >= settings_.attempts_max || elapsed(m.noticed, now) >= settings_.age_max)) {
      const slot lost = s;
      w = missing_.erase(w);
      give_up(lost);
      continue;
    }
    in_flight += m.in_flight ? 1 : 0;
    ++w;
  }
  if (list_out_ && elapsed(list_sent_, now) >= settings_.fetch_timeout) {
    list_out_ = false;
    list_next_ = after(now, settings_.retry_cap);
  }
  const auto above =
      std::ranges::find_if(records_, [&](const auto& i) { return i.first > linked_to_ && i.second.complete; });
  // What proved a slot skipped may have died since, and what was missing beside it been given up: nothing can prove it
  // any more.
  const auto wanted = missing_.upper_bound(linked_to_);
  if (above != records_.end() && above->second.has_parent && above->second.parent > linked_to_ &&
      (wanted == missing_.end() || wanted->first > above->first))
    for (slot s = linked_to_ + 1; s < above->first; ++s)
      if (!resolved(s)) {
        incomplete_.insert(s, s);
        ++counters_.given_up;
      }
  // The gap right above what is linked: long ones are listed, so that their blocks are fetched side by side.
  if (above != records_.end() && !list_out_ && now >= list_next_) {
    const slot top = above->second.has_parent ? above->second.parent : above->first - 1;
    const bool unknown = !above->second.has_parent && above->first - 1 > linked_to_;
    if (top > linked_to_ && (unknown || top - linked_to_ >= settings_.list_gap_min)) {
      list_out_ = true;
      list_first_ = linked_to_ + 1;
      list_last_ = top;
      list_sent_ = now;
      ++counters_.lists;
      out.emplace_back(list_slots{slot_number{list_first_}, slot_number{list_last_}});
    }
  }
  for (auto& [s, m] : missing_) {
    if (in_flight >= settings_.in_flight_max) break;
    if (m.in_flight || now < m.next_at) continue;
    m.in_flight = true;
    m.sent_at = now;
    ++in_flight;
    ++counters_.fetches;
    std::uint64_t avoid = 0;
    if (const auto r = records_.find(s); r != records_.end())
      for (const auto& v : r->second.versions) avoid |= v.voters;
    out.emplace_back(fetch{slot_number{s}, avoid});
  }
  settle(out);
}

void stream_merger::undo_slot(slot s, record& r, merger_effects& out) {
  if (r.deliveries > 0 || r.transactions > 0) {
    out.emplace_back(undo{slot_number{s}});
    ++counters_.undone;
  }
  r.deliveries = 0;
  r.transactions = 0;
  r.seen = {};
  r.complete = r.by_parts = false;
  r.has_parent = false;
}

/// The slot and every delivered block that builds on it.
void stream_merger::undo_tree(slot s, merger_effects& out) {
  std::set<slot> dead{s};
  for (auto i = records_.lower_bound(s); i != records_.end(); ++i) {
    auto& [at, r] = *i;
    if (at != s && !(r.complete && r.has_parent && dead.contains(r.parent))) continue;
    dead.insert(at);
    if (r.complete && r.chosen < r.versions.size()) r.dead_hash = r.versions[r.chosen].hash;
    if (r.complete && r.has_parent) linked_to_ = std::min(linked_to_, std::max(r.parent, from_));
    undo_slot(at, r, out);
    r.dead = true;
    r.contested = false;
    r.versions.clear();
    r.parts_by = 0;
    r.any = false;
    missing_.erase(at);
  }
  if (!records_.contains(s)) {
    records_[s].dead = true; // its late copies stay out
    missing_.erase(s);
  }
}

/// Everything beside the chain that ends in the new root has lost.
void stream_merger::try_root(merger_effects& out) {
  if (pending_root_ <= rooted_) return;
  const auto top = records_.find(pending_root_);
  if (top == records_.end() || !top->second.complete) {
    if (!incomplete_.contains(pending_root_) && pending_root_ > pruned_to_) return; // comes, or is given up in time
  }
  // Down the chain first: it must be known as far as it is not given up.
  std::vector<std::pair<slot, slot>> beside; // (parent, block) links of the rooted chain
  std::vector<slot> unproven;
  bool proven = true;
  for (slot at = pending_root_; at > rooted_;) {
    const auto r = records_.find(at);
    if (r == records_.end() || !r->second.complete || !r->second.has_parent) {
      if (missing_.contains(at)) return;
      if (r != records_.end() && r->second.dead)
        unproven.push_back(at); // rooted though reported dead: its content is gone
      auto lower = records_.lower_bound(at);
      slot next = rooted_;
      while (lower != records_.begin()) {
        --lower;
        if (lower->second.complete) {
          next = lower->first;
          break;
        }
      }
      if (next <= rooted_) break;
      at = next;
      proven = false;
      continue;
    }
    proven = proven || r->second.final;
    if (!proven) unproven.push_back(at);
    if (missing_.contains(r->second.parent)) return;
    beside.emplace_back(r->second.parent, at);
    at = r->second.parent;
  }
  for (const auto& [parent, block] : beside)
    for (auto i = records_.upper_bound(std::max(parent, rooted_)); i != records_.end() && i->first < block; ++i)
      if (i->second.complete || i->second.transactions > 0) {
        if (i->second.chosen < i->second.versions.size())
          i->second.dead_hash = i->second.versions[i->second.chosen].hash;
        undo_slot(i->first, i->second, out);
        i->second.dead = true;
        i->second.versions.clear();
        missing_.erase(i->first);
      }
  for (const auto s : unproven) incomplete_.insert(s, s);
  rooted_ = pending_root_;
  out.emplace_back(root{slot_number{rooted_}});
}

bool stream_merger::resolved(slot s) const {
  if (incomplete_.contains(s)) return true;
  const auto r = records_.find(s);
  return r != records_.end() && (r->second.complete || r->second.skipped || r->second.dead);
}

void stream_merger::advance() {
  for (;;) {
    const slot before = linked_to_;
    while (linked_to_ < head_) {
      const slot next = linked_to_ + 1;
      if (incomplete_.contains(next))
        linked_to_ = std::min(incomplete_.end_of(next), head_);
      else if (resolved(next))
        linked_to_ = next;
      else
        break;
    }
    for (auto i = records_.upper_bound(linked_to_); i != records_.end(); ++i)
      if (i->second.complete && i->second.has_parent && i->second.parent <= linked_to_) {
        linked_to_ = i->first;
        break;
      }
    if (linked_to_ == before) return;
  }
}

slot_number stream_merger::complete_to() const {
  slot to = linked_to_;
  if (!missing_.empty()) to = std::min(to, missing_.begin()->first - 1);
  return slot_number{std::max(to, from_)};
}

void stream_merger::prune() {
  if (head_ > late_parts_slots)
    for (auto i = records_.upper_bound(parts_closed_to_); i != records_.end() && i->first <= head_ - late_parts_slots;
         ++i) {
      parts_closed_to_ = i->first;
      if (!i->second.by_parts) continue;
      i->second.by_parts = false;
      i->second.seen = {};
    }
  if (head_ <= settings_.window_slots) return;
  const slot keep = head_ - settings_.window_slots;
  while (!records_.empty() && records_.begin()->first <= keep) {
    pruned_to_ = std::max(pruned_to_, records_.begin()->first);
    records_.erase(records_.begin());
  }
  pruned_to_ = std::max(pruned_to_, std::min(keep, head_));
  // What fell out of the window unsettled is given up, not forgotten.
  while (!missing_.empty() && missing_.begin()->first <= pruned_to_) {
    incomplete_.insert(missing_.begin()->first, missing_.begin()->first);
    ++counters_.given_up;
    missing_.erase(missing_.begin());
  }
  if (linked_to_ < pruned_to_) {
    incomplete_.insert(linked_to_ + 1, pruned_to_);
    linked_to_ = pruned_to_;
  }
  rooted_ = std::max(rooted_, std::min(pruned_to_, pending_root_));
}

void stream_merger::settle(merger_effects& out) {
  if (!started_) return;
  advance();
  try_root(out);
  advance();
  prune();
  const auto now = health();
  const bool same_ranges = std::ranges::equal(now.incomplete, told_.incomplete,
                                              [](const protocol::slot_range& a, const protocol::slot_range& b) {
                                                return a.first == b.first && a.last == b.last;
                                              });
  if (now.live == told_.live && now.complete_to == told_.complete_to && now.backfilling == told_.backfilling &&
      same_ranges)
    return;
  told_ = now;
  if (out.empty() || !std::holds_alternative<health_changed>(out.back())) out.emplace_back(health_changed{});
}

protocol::stream_health stream_merger::health() const {
  protocol::stream_health h;
  h.stream = settings_.stream;
  h.level = settings_.level;
  h.live = live_ != 0;
  h.complete_from = slot_number{from_};
  h.complete_to = complete_to();
  h.incomplete = incomplete_.ranges();
  h.backfilling = static_cast<std::uint32_t>(missing_.size());
  return h;
}

slot_report stream_merger::report(slot_number which) const {
  slot_report report;
  report.incomplete = incomplete_.contains(which.value);
  const auto r = records_.find(which.value);
  if (r == records_.end()) return report;
  report.known = true;
  report.complete = r->second.complete && !r->second.contested;
  report.dead = r->second.dead;
  report.transactions = r->second.transactions;
  report.transaction_count = r->second.transaction_count;
  report.deliveries = r->second.deliveries;
  return report;
}

} // namespace sett::ingest
