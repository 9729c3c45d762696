#include "actors/ingest/ingest_actor.hpp"

#include "actors/ingest/stream_decoder.hpp"
#include "messages/protocol/caf_messages.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace sett::ingest {

struct ingest_tick {};
struct stored_value {
  std::string_view kind; // a constant
  std::optional<std::string> bytes;
};

} // namespace sett::ingest

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::ingest::ingest_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::ingest::stored_value)

namespace sett::ingest {

namespace {
constexpr auto tick_every = std::chrono::milliseconds(100);
constexpr resilience::duration save_every = std::chrono::seconds(2);
constexpr resilience::duration lag_every = std::chrono::seconds(2);
constexpr std::string_view cursor_kind = "cursor";
constexpr char cursor_version = 1;
constexpr std::uint64_t tally_max = 10'000;
} // namespace

ingest_metrics ingest_metrics::make(ports::metrics_registry& r) {
  return {
      &r.counter_of("sett_ingest_updates_received_total", "Updates that endpoints sent."),
      &r.counter_of("sett_ingest_updates_delivered_total", "Updates passed on."),
      &r.counter_of("sett_ingest_transactions_delivered_total", "Transactions with events passed on."),
      &r.counter_of("sett_ingest_updates_duplicate_dropped_total", "Updates another endpoint delivered first."),
      &r.counter_of("sett_ingest_updates_late_dropped_total", "Updates of dead, lost or long passed slots."),
      &r.counter_of("sett_ingest_gaps_found_total", "Slots found missing."),
      &r.counter_of("sett_ingest_fetches_sent_total", "Missing slots asked for."),
      &r.counter_of("sett_ingest_fetches_answered_total", "Of those, answered with the block."),
      &r.counter_of("sett_ingest_fetches_failed_total", "Of those, failed."),
      &r.counter_of("sett_ingest_gaps_given_up_total", "Gaps listed as incomplete."),
      &r.counter_of("sett_ingest_slots_undone_total", "Delivered slots that died, lost or were corrected."),
      &r.counter_of("sett_ingest_disagreements_found_total", "Slots about which endpoints disagreed."),
      &r.counter_of("sett_ingest_slots_corrected_total", "Slots replaced by the copy of more endpoints."),
      &r.counter_of("sett_ingest_sequence_holes_found_total", "Holes in endpoints' numbering: something was shed."),
      &r.gauge_of("sett_ingest_complete_slot", "Everything up to here is delivered or listed as incomplete."),
      &r.gauge_of("sett_ingest_incomplete_slots", "Slots listed as incomplete."),
      &r.gauge_of("sett_ingest_head_slot", "The newest slot seen."),
      &r.gauge_of("sett_ingest_backfilling_slots", "Slots that are missing now."),
      &r.gauge_of("sett_ingest_stream_live", "1 while at least one endpoint's stream is live."),
  };
}

std::string encode_cursor(commitment level, slot_number slot) {
  std::string bytes{cursor_version, static_cast<char>(level)};
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(slot.value >> (8 * i)));
  return bytes;
}

result<slot_number> decode_cursor(std::string_view bytes, commitment level) {
  if (bytes.size() != 10 || bytes[0] != cursor_version)
    return fail("ingest", ingest_errc::bad_cursor, "the stored cursor has another form; the stream starts from now");
  if (bytes[1] != static_cast<char>(level))
    return fail("ingest", ingest_errc::bad_cursor,
                "the stored cursor is of another commitment; the stream starts from now");
  std::uint64_t slot = 0;
  for (int i = 0; i < 8; ++i)
    slot |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[2 + static_cast<std::size_t>(i)])) << (8 * i);
  return slot_number{slot};
}

ingest_actor::ingest_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                           std::shared_ptr<const ingest_setup> setup)
    : bounded_actor(cfg, std::move(cell)),
      setup_(std::move(setup)),
      merger_(setup_->merger),
      pool_(setup_->ejection),
      rng_(setup_->seed) {
  for (const auto e : setup_->endpoints) pool_.add(e);
}

caf::behavior ingest_actor::make_behavior() {
  if (!setup_->store) {
    if (setup_->resume_behind) merger_.resume(*setup_->resume_behind);
    return running();
  }
  // What comes before list and cursor are known waits in the mailbox.
  set_default_handler(caf::skip);
  load(incomplete_kind);
  return {[this](const stored_value& v) {
    if (v.kind == incomplete_kind) {
      if (v.bytes) {
        if (auto ranges = decode_ranges(*v.bytes))
          remembered_ = std::move(*ranges);
        else
          setup_->log.error("incomplete-list-unusable", ranges.error().message, {{"stream", setup_->name}});
      }
      if (!setup_->resume_behind) return load(cursor_kind);
      begin(setup_->resume_behind);
    } else if (!v.bytes) {
      begin({});
    } else if (const auto slot = decode_cursor(*v.bytes, setup_->merger.level)) {
      begin(*slot);
    } else {
      setup_->log.warn("cursor-unusable", slot.error().message, {{"stream", setup_->name}});
      begin({});
    }
  }};
}

void ingest_actor::load(std::string_view kind) {
  setup_->store->load_async(
      {kind, setup_->name}, [to = caf::actor_cast<caf::actor>(this), kind](result<std::optional<std::string>> found) {
        // Not urgent: CAF puts skipped messages back in front only when one of their own
        // queue was taken; behind an urgent one a newer message would overtake them.
        caf::anon_send(to, stored_value{kind, found ? std::move(*found) : std::optional<std::string>()});
      });
}

void ingest_actor::begin(std::optional<slot_number> cursor) {
  if (cursor) merger_.resume(*cursor);
  merger_.remember(remembered_, cursor);
  if (!remembered_.empty()) caf::anon_send(setup_->sink, merger_.health());
  set_default_handler(caf::print_and_drop);
  become(running());
}

caf::behavior ingest_actor::running() {
  delayed_send(this, tick_every, ingest_tick{});
  return {
      [this](const protocol::raw_update& u) {
        merger_.on_update(u.origin, u.update, now(), effects_);
        carry_out();
        if (setup_->tap) setup_->tap->update(u);
      },
      [this](const protocol::raw_slot& s) {
        merger_.on_slot(s.origin, s.update, now(), effects_);
        carry_out();
        if (setup_->tap) setup_->tap->slot(s);
      },
      [this](const protocol::raw_connection& c) {
        merger_.on_connection(c.origin, c.state, effects_);
        carry_out();
        if (setup_->tap) setup_->tap->connection(c);
      },
      [this](const protocol::block_unavailable& u) {
        const auto why = u.why == protocol::fetch_outcome::skipped   ? fetch_failure::skipped
                         : u.why == protocol::fetch_outcome::not_yet ? fetch_failure::not_yet
                                                                     : fetch_failure::failed;
        merger_.on_fetch_failed(u.slot, why, now(), effects_);
        carry_out();
      },
      [this](const protocol::block_list& l) {
        if (l.failed)
          merger_.on_list_failed(l.first, l.last, now(), effects_);
        else
          merger_.on_list(l.first, l.last, l.blocks, now(), effects_);
        carry_out();
      },
      [this](const protocol::endpoint_condition& c) {
        if (auto e = pool_.update(c, now())) say(*e);
      },
      [this](ingest_tick) { tick(); },
      [this](protocol::ingest_status_request) { return status(); },
      [this](const protocol::slot_tally_request& ask) {
        protocol::slot_tally t;
        for (auto s = ask.first.value; s <= ask.last.value && s - ask.first.value < tally_max; ++s) {
          const auto r = merger_.report(slot_number{s});
          t.rows.push_back(
              {slot_number{s}, r.transactions, r.transaction_count, r.deliveries, r.complete, r.dead, r.incomplete});
        }
        return t;
      },
  };
}

void ingest_actor::tick() {
  merger_.tick(now(), effects_);
  carry_out();
  for (const auto& e : pool_.poll(now())) say(e);
  const auto head = merger_.head();
  if (head != told_head_) {
    told_head_ = head;
    for (const auto i : setup_->endpoints)
      if (const auto to = setup_->endpoint(i)) caf::anon_send(to, protocol::stream_head{setup_->merger.stream, head});
  }
  if (resilience::elapsed(lag_at_, now()) >= lag_every) {
    lag_at_ = now();
    for (const auto i : setup_->endpoints) {
      const auto newest = merger_.score(i).newest;
      if (newest.value == 0) continue; // carries no stream
      if (auto e = pool_.lag(i, head.value > newest.value ? head.value - newest.value : 0, now())) say(*e);
    }
  }
  if (resilience::elapsed(saved_at_, now()) >= save_every) save_cursor();
  count();
  delayed_send(this, tick_every, ingest_tick{});
}

void ingest_actor::carry_out() {
  const auto listener = setup_->listener && !effects_.empty() ? setup_->listener() : caf::actor();
  const auto tell = [&](auto message) {
    if (listener) caf::anon_send(listener, message);
    caf::anon_send(setup_->sink, std::move(message));
  };
  for (auto& effect : effects_) {
    if (auto* d = std::get_if<deliver>(&effect)) {
      tell(protocol::chain_update{std::move(d->update), d->origin});
    } else if (auto* u = std::get_if<undo>(&effect)) {
      tell(protocol::slot_undone{u->slot});
    } else if (auto* r = std::get_if<root>(&effect)) {
      tell(protocol::slot_rooted{r->slot});
    } else if (auto* f = std::get_if<fetch>(&effect)) {
      choose_and_fetch(*f);
    } else if (auto* l = std::get_if<list_slots>(&effect)) {
      choose_and_list(*l);
    } else if (auto* x = std::get_if<disagreement>(&effect)) {
      setup_->log.warn(
          "slot-contested", "endpoints say different things about a slot",
          {{"stream", setup_->name}, {"slot", x->slot.value}, {"endpoints", x->voters}, {"outvoted", x->minority}});
      for (const auto i : setup_->endpoints)
        if ((x->minority >> (i.value % stream_merger::endpoints_max) & 1) != 0)
          if (auto e = pool_.disagreement(i, now())) say(*e);
    } else {
      auto health = merger_.health();
      remember(health.incomplete); // stored before the sink's cursor can pass them: the store keeps the order
      tell(std::move(health));
    }
  }
  effects_.clear();
}

void ingest_actor::choose_and_fetch(const fetch& ask) {
  const auto with = pool_.choose(protocol::method_class::block, resilience::lane::entries, ask.avoid, now(), rng_);
  const auto to = with ? setup_->endpoint(*with) : caf::actor();
  if (to)
    caf::anon_send(to, protocol::fetch_block{setup_->merger.stream, ask.slot});
  else
    caf::anon_send(caf::actor_cast<caf::actor>(this),
                   protocol::block_unavailable{setup_->merger.stream, {}, ask.slot, protocol::fetch_outcome::failed});
}

void ingest_actor::choose_and_list(const list_slots& ask) {
  const auto with = pool_.choose(protocol::method_class::query, resilience::lane::entries, 0, now(), rng_);
  const auto to = with ? setup_->endpoint(*with) : caf::actor();
  if (to)
    caf::anon_send(to, protocol::list_blocks{setup_->merger.stream, ask.first, ask.last});
  else
    caf::anon_send(caf::actor_cast<caf::actor>(this),
                   protocol::block_list{setup_->merger.stream, {}, ask.first, ask.last, true, {}});
}

void ingest_actor::say(const resilience::ejection_event& e) {
  using enum resilience::ejection_kind;
  const std::string_view what = e.kind == ejected    ? "an endpoint is left out for a while"
                                : e.kind == returned ? "an endpoint serves again, with little weight at first"
                                                     : "an endpoint should be left out but is needed";
  const std::string_view event = e.kind == ejected    ? "endpoint-ejected"
                                 : e.kind == returned ? "endpoint-returned"
                                                      : "endpoint-spared";
  setup_->log.warn(event, what,
                   {{"stream", setup_->name},
                    {"endpoint", e.endpoint.value},
                    {"cause", resilience::to_string(e.cause)},
                    {"evidence", e.evidence},
                    {"seconds", resilience::seconds(e.out_for)}});
}

void ingest_actor::save_cursor() {
  saved_at_ = now();
  const auto at = merger_.complete_to();
  if (!setup_->store || at == saved_ || at.value == 0) return;
  saved_ = at;
  setup_->store->store_many({{std::string(cursor_kind), setup_->name, encode_cursor(setup_->merger.level, at)}},
                            [](result<void>) {});
}

void ingest_actor::remember(const std::vector<protocol::slot_range>& incomplete) {
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first && a.last == b.last; };
  if (!setup_->store || std::ranges::equal(incomplete, remembered_, same)) return;
  remembered_ = incomplete;
  setup_->store->store_many({{std::string(incomplete_kind), setup_->name, encode_ranges(remembered_)}},
                            [](result<void>) {});
}

bool ingest_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  save_cursor();
  return bounded_actor::cleanup(std::move(reason), host);
}

void ingest_actor::count() {
  const auto& c = merger_.counters();
  if (c.given_up != given_up_logged_) {
    setup_->log.error("stream-incomplete", "slots could not be had; the stream is incomplete there",
                      {{"stream", setup_->name}, {"gaps", c.given_up - given_up_logged_}});
    given_up_logged_ = c.given_up;
  }
  if (!setup_->metrics) return;
  const auto& m = *setup_->metrics;
  auto& was = counted_;
  m.updates->add(c.updates - was.updates);
  m.delivered->add(c.delivered - was.delivered);
  m.transactions->add(c.transactions - was.transactions);
  m.duplicates->add(c.duplicates - was.duplicates);
  m.late->add(c.late_dead + c.too_late + c.before_start - was.late_dead - was.too_late - was.before_start);
  m.gaps->add(c.gaps - was.gaps);
  m.fetches->add(c.fetches - was.fetches);
  m.fetched->add(c.fetched - was.fetched);
  m.fetch_failures->add(c.fetch_failures - was.fetch_failures);
  m.given_up->add(c.given_up - was.given_up);
  m.undone->add(c.undone - was.undone);
  m.disagreements->add(c.disagreements - was.disagreements);
  m.corrected->add(c.corrected - was.corrected);
  m.holes->add(c.sequence_holes - was.sequence_holes);
  was = c;
  const auto h = merger_.health();
  std::uint64_t incomplete = 0;
  for (const auto& r : h.incomplete) incomplete += r.last.value - r.first.value + 1;
  m.complete_to->set(static_cast<double>(h.complete_to.value));
  m.incomplete_slots->set(static_cast<double>(incomplete));
  m.head->set(static_cast<double>(merger_.head().value));
  m.backfilling->set(h.backfilling);
  m.live->set(h.live ? 1 : 0);
}

protocol::ingest_status ingest_actor::status() {
  const auto& c = merger_.counters();
  protocol::ingest_status s;
  s.health = merger_.health();
  s.head = merger_.head();
  s.updates = c.updates;
  s.delivered = c.delivered;
  s.transactions = c.transactions;
  s.duplicates = c.duplicates;
  s.late_dead = c.late_dead;
  s.gaps = c.gaps;
  s.fetches = c.fetches;
  s.fetched = c.fetched;
  s.fetch_failures = c.fetch_failures;
  s.given_up = c.given_up;
  s.undone = c.undone;
  s.disagreements = c.disagreements;
  s.corrected = c.corrected;
  s.sequence_holes = c.sequence_holes;
  s.suspicious_jumps = c.suspicious_jumps;
  for (const auto i : setup_->endpoints) {
    const auto& score = merger_.score(i);
    s.endpoints.push_back({i, score.updates, score.first, score.outvoted, score.behind_ms, score.newest,
                           pool_.ejected(i), pool_.weight(i, now())});
  }
  return s;
}

} // namespace sett::ingest
