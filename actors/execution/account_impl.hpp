// The definitions of basic_account: included by account.cpp for the shipped rules, and by tests that break rules. Not
// for anybody else.
#pragma once

#include "actors/execution/account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace sett::execution {

namespace account_detail {

inline std::unexpected<error> refuse(execution_errc code, std::string why) {
  return fail("execution", code, std::move(why));
}
inline bool is_provisional(attempt_state s) { return s == attempt_state::filled; }
inline bool sum_within(std::uint64_t a, std::uint64_t b, std::uint64_t most) {
  std::uint64_t sum{};
  return !__builtin_add_overflow(a, b, &sum) && sum <= most;
}

template <class Rules>
judgement judge_sighting(commitment c, block_height height, const blockhash& block, const transaction_outcome& o) {
  if (o.ok && Rules::settles_at(c)) return {.found = finding::settled, .outcome = o, .height = height, .block = block};
  if (!o.ok && Rules::fails_at(c)) return {.found = finding::failed, .outcome = o, .height = height, .block = block};
  if (o.ok && c != commitment::processed)
    return {.found = finding::filled, .outcome = o, .height = height, .block = block};
  return {};
}

template <class Rules>
struct judge_of {
  const attempt& a;
  judgement operator()(const stream_sighting& e) const {
    return judge_sighting<Rules>(e.commitment, e.height, e.block, e.outcome);
  }
  judgement operator()(const two_testimonies& e) const {
    if (!Rules::history_counts() || !Rules::providers_differ(e[0], e[1]) || e[0].found != e[1].found) return {};
    if (e[0].found) {
      if (e[0].height != e[1].height || e[0].block != e[1].block || e[0].outcome != e[1].outcome) return {};
      return judge_sighting<Rules>(std::min(e[0].commitment, e[1].commitment), e[0].height, e[0].block, e[0].outcome);
    }
    for (const auto& t : e)
      if (!Rules::proves_absence(t, a.last_valid) || !Rules::absence_is_ordered(t) || !Rules::one_machine(t)) return {};
    return {.found = finding::expired, .outcome = {}, .height = {}, .block = {}};
  }
  judgement operator()(const linked_absence& e) const {
    if (!Rules::begins_at_signing(e, a) || !Rules::chain_is_beyond(e.to, a.last_valid)) return {};
    return {.found = finding::expired, .outcome = {}, .height = {}, .block = {}};
  }
  judgement operator()(const fork_death& e) const {
    if (a.state != attempt_state::filled || e.finalized.height != a.seen_at || e.finalized.hash == a.seen_in) return {};
    return {.found = finding::reverted, .outcome = {}, .height = {}, .block = {}};
  }
};

/// The most tokens of a mint that any fork can hold: what is booked, and what every unfinished buy can bring. nullopt:
/// no bound.
template <class Rules>
std::optional<std::uint64_t> most_tokens(const account_state& s, const mint_address& mint) {
  std::uint64_t most = s.books.tokens(mint).value;
  for (const auto& [id, i] : s.open) {
    if (i.kind != intent_kind::entry || i.mint != mint) continue;
    for (const auto& a : i.attempts) {
      if (is_over(a.state) || !Rules::buys_bring_tokens()) continue;
      if (i.tokens_max.value == 0) return std::nullopt;
      if (__builtin_add_overflow(most, i.tokens_max.value, &most)) return std::nullopt;
    }
  }
  return most;
}
/// Whether a full sell of `amount` excludes every other live one of the mint.
template <class Rules>
bool excludes_all(const account_state& s, const mint_address& mint, token_amount amount) {
  const auto most = most_tokens<Rules>(s, mint);
  for (const auto& [id, i] : s.open) {
    if (i.kind != intent_kind::full_exit || i.mint != mint) continue;
    for (const auto& a : i.attempts) {
      if (is_over(a.state)) continue;
      if (!most || sum_within(a.amount.value, amount.value, *most)) return false;
    }
  }
  return true;
}

inline bool sell_is_alive(const account_state& s, const mint_address& mint) {
  return std::any_of(s.open.begin(), s.open.end(), [&](const auto& o) {
    return is_sell(o.second.kind) && o.second.mint == mint && has_live_attempt(o.second);
  });
}

/// A sell that no intent is known for was found, and may be this exit's: whatever is left is sold for a newer cause. An
/// event seen before the quarantine cannot land again above the height that ended it.
template <class Rules>
bool may_have_sold(const account_state& s, const intent& i) {
  if (s.sell_found.value == 0 || i.event_height > s.sell_found) return false;
  return i.kind == intent_kind::part_exit ? Rules::found_sell_stops_parts()
                                          : i.kind == intent_kind::full_exit && Rules::found_sell_ends_exits();
}

/// nullopt: another attempt may be signed now; else why not.
template <class Rules>
std::optional<std::string> why_not_sign(const account_state& s, const intent& i, const chain_view& chain) {
  const bool live = has_live_attempt(i);
  const bool settled = std::any_of(i.attempts.begin(), i.attempts.end(),
                                   [](const auto& a) { return a.state == attempt_state::settled; });
  if (i.state != intent_state::accepted || settled) return "the intent is over";
  if (i.attempts_made == std::numeric_limits<std::uint16_t>::max()) return "too many attempts";
  if (s.live_attempts() >= live_attempts_max) return "too many attempts are under way";
  switch (i.kind) {
  case intent_kind::entry:
    if (s.halted && Rules::halt_stops_signing()) return "halted";
    if (s.quarantine_until.value != 0) return "in quarantine";
    if (!s.unknown.empty() && Rules::unknown_stops_entries()) return "an unknown transaction waits for its acceptance";
    if (live && Rules::next_attempt_waits()) return "an attempt is under way";
    if (!Rules::is_fresh(chain.tip, i.event_height, i.max_age_blocks)) return "the event is too old";
    if (Rules::buy_waits_for_sells() && sell_is_alive(s, i.mint)) return "a sell of this mint is under way";
    return std::nullopt;
  case intent_kind::part_exit:
    if (s.quarantine_until.value != 0 && Rules::quarantine_holds_parts()) return "in quarantine";
    if (may_have_sold<Rules>(s, i)) return "a sell that no intent is known for was found";
    if (i.attempts_made > 0 && Rules::part_has_one_attempt()) return "a part exit has one attempt";
    return std::nullopt;
  case intent_kind::full_exit:
    if (s.quarantine_until.value != 0 && s.sells_held) return "in quarantine";
    if (may_have_sold<Rules>(s, i)) return "a sell that no intent is known for was found";
    if (static_cast<std::size_t>(std::count_if(i.attempts.begin(), i.attempts.end(), [](const auto& a) {
          return !is_over(a.state);
        })) >= s.limits.variants_max)
      return "as many variants as may live are under way";
    return std::nullopt;
  case intent_kind::count_:
    break;
  }
  return "no such kind";
}

/// How the intent ends if this attempt ends so; nullopt: it goes on. `s` has the attempt still alive.
inline std::optional<intent_state> end_of(const intent& i, attempt_number n, attempt_state so) {
  bool settled = so == attempt_state::settled;
  for (const auto& a : i.attempts) {
    if (a.number == n) continue;
    if (!is_over(a.state)) return std::nullopt; // it may still land: it must not be forgotten
    settled = settled || a.state == attempt_state::settled;
  }
  if (settled) return intent_state::settled;
  if (i.kind == intent_kind::part_exit) return intent_state::given_up;
  return std::nullopt; // entries: until stale; full exits: never while there are tokens
}

template <class Rules>
struct decider {
  const account_state& s;
  account_decision out{};
  using answer = result<account_decision>;

  answer done() { return std::move(out); }
  void say(account_event e) { out.events.push_back(std::move(e)); }
  void ask(account_effect e) { out.effects.push_back(e); }

  answer operator()(const command::set_limits& c) {
    const auto& l = c.limits;
    if (l.lifetime_blocks == 0 || l.lifetime_blocks > 512 || l.max_age_blocks_max == 0 ||
        l.max_age_blocks_max > l.lifetime_blocks || l.variants_max == 0 || l.variants_max > variants_max)
      return refuse(execution_errc::bad_request,
                    "limits out of bounds: 1 <= max age <= lifetime <= 512, 1 to 16 variants");
    if (!s.open.empty() && l.lifetime_blocks != s.limits.lifetime_blocks)
      return refuse(execution_errc::not_now, "the lifetime may not change while intents are open");
    say(event::limits_set{l});
    return done();
  }

  answer operator()(const command::open_intent& c) {
    if (c.kind >= intent_kind::count_ || c.mint.is_zero() || c.cause.is_zero())
      return refuse(execution_errc::bad_request, "an intent needs a kind, a mint and a cause");
    const auto id = intent_id_of(c.account, c.strategy, c.mint, c.kind, c.cause);
    // Asked again: the same answer, nothing new.
    if (Rules::cause_is_once() && (s.find(id) != nullptr || s.find_closed(id) != nullptr)) return done();
    intent i;
    i.id = id;
    i.strategy = c.strategy;
    i.mint = c.mint;
    i.kind = c.kind;
    i.cause = c.cause;
    i.event_height = std::min(c.event_height, c.chain.tip); // never from the future: it would stay fresh for ever
    i.max_age_blocks = c.max_age_blocks;
    i.spend_max = c.spend_max;
    i.cost_max = c.cost_max;
    i.amount = c.amount;
    i.tokens_max = c.tokens_max;
    std::uint64_t each{};
    if (__builtin_add_overflow(c.cost_max.value, c.kind == intent_kind::entry ? c.spend_max.value : 0, &each) ||
        c.max_age_blocks == 0 || c.max_age_blocks > s.limits.max_age_blocks_max || each > (std::uint64_t{1} << 48U))
      return deny(i, denial::bad_request, c.max_age_blocks, s.limits.max_age_blocks_max);
    i.reserved = lamports(each * (c.kind == intent_kind::full_exit ? s.limits.variants_max : 1));
    if (const auto d = c.kind == intent_kind::entry ? why_deny_entry(i, c) : why_deny_exit(i, c);
        d.reason != denial::none)
      return deny(i, d.reason, d.measured, d.threshold);
    i.state = intent_state::accepted;
    say(event::accepted{i});
    if (!why_not_sign<Rules>(s, i, c.chain)) ask(effect::ask_signature{i.id, attempt_number(1)});
    return done();
  }

  struct verdict {
    denial reason{denial::none};
    std::uint64_t measured{}, threshold{};
  };
  answer deny(const intent& i, denial why, std::uint64_t measured, std::uint64_t threshold) {
    say(event::denied{.id = i.id,
                      .strategy = i.strategy,
                      .mint = i.mint,
                      .kind = i.kind,
                      .cause = i.cause,
                      .event_height = i.event_height,
                      .reason = why,
                      .measured = measured,
                      .threshold = threshold});
    return done();
  }
  verdict why_deny_entry(const intent& i, const command::open_intent& c) const {
    if (s.halted) return {denial::halted, s.halts, 0};
    if (s.quarantine_until.value != 0) return {denial::quarantine, c.chain.finalized.value, s.quarantine_until.value};
    if (!s.unknown.empty() && Rules::unknown_stops_entries()) return {denial::unknown_transaction, s.unknown.size(), 0};
    if (!c.live && !Rules::late_events_open()) return {denial::late_event, c.chain.tip.value, i.event_height.value};
    if (!Rules::is_fresh(c.chain.tip, i.event_height, i.max_age_blocks) && !(Rules::late_events_open() && !c.live))
      return {denial::stale_event, c.chain.tip.value - i.event_height.value, i.max_age_blocks};
    if (s.closed.size() >= closed_intents_max &&
        Rules::is_fresh(c.chain.tip, s.closed.front().event_height, s.limits.max_age_blocks_max))
      return {denial::dedup_full, s.closed.size(), closed_intents_max};
    std::size_t entries = 0;
    for (const auto& [id, o] : s.open) {
      if (o.kind != intent_kind::entry) continue;
      ++entries;
      if (Rules::one_entry_per_position() && o.strategy == i.strategy && o.mint == i.mint)
        return {denial::position_open, 1, 0};
    }
    if (Rules::one_entry_per_position() && !c.reentry && s.books.tokens(i.mint).value > 0)
      return {denial::position_open, s.books.tokens(i.mint).value, 0};
    if (Rules::buy_waits_for_sells() && sell_is_alive(s, i.mint)) return {denial::sell_alive, 1, 0};
    // Exits keep a share of the room.
    if (entries >= s.limits.entries_open_max || s.open.size() >= open_intents_max / 2 ||
        s.books.holdings.size() + entries >= holdings_max)
      return {denial::too_many_open, entries, s.limits.entries_open_max};
    if (i.spend_max > s.limits.spend_max) return {denial::over_spend, i.spend_max.value, s.limits.spend_max.value};
    if (Rules::reservations_count()) {
      if (!sum_within(s.exposure().value, i.reserved.value, s.limits.exposure_max.value))
        return {denial::over_exposure, s.exposure().value, s.limits.exposure_max.value};
      const int128 wallet = s.books.lamports_of(ledger_account::wallet);
      const int128 free = wallet - static_cast<int128>(s.reserved().value) - static_cast<int128>(s.limits.floor.value);
      if (free < static_cast<int128>(i.reserved.value))
        return {denial::insufficient_funds, free > 0 ? static_cast<std::uint64_t>(free) : 0, i.reserved.value};
    }
    return {};
  }
  verdict why_deny_exit(const intent& i, const command::open_intent& c) const {
    for (const auto& [id, o] : s.open)
      if (is_sell(o.kind) && o.mint == i.mint && (o.kind == i.kind || o.kind == intent_kind::full_exit))
        return {denial::exit_open, 1, 0};
    if (s.open.size() >= open_intents_max) return {denial::too_many_open, s.open.size(), open_intents_max};
    const auto held = std::max(s.books.tokens(i.mint), c.tokens_seen);
    if (held.value == 0 || (i.kind == intent_kind::part_exit && (i.amount.value == 0 || i.amount >= held)))
      return {denial::nothing_to_sell, held.value, i.amount.value};
    if (may_have_sold<Rules>(s, i)) return {denial::sell_found, i.event_height.value, s.sell_found.value};
    return {};
  }

  answer operator()(const command::attach_signed& c) {
    const auto* i = s.find(c.id);
    if (i == nullptr) return refuse(execution_errc::unknown_intent, "no such open intent");
    if (c.number.value != i->attempts_made + 1U)
      return refuse(execution_errc::unknown_attempt,
                    fmt::format("attempt {} does not follow {}", c.number.value, i->attempts_made));
    if (c.bytes.empty() || c.bytes.size() > transaction_bytes_max || c.signature.is_zero() || s.knows(c.signature))
      return refuse(execution_errc::bad_request, "no signed transaction, or one that is known");
    if (const auto why = why_not_sign<Rules>(s, *i, c.chain)) return refuse(execution_errc::not_now, *why);
    if (c.blockhash_height > c.chain.confirmed || c.anchor.height > c.chain.finalized)
      return refuse(execution_errc::bad_request, "the blockhash must be confirmed and the anchor finalized");
    attempt a;
    a.number = c.number;
    a.signature = c.signature;
    a.bytes = c.bytes;
    a.anchor = c.anchor;
    a.last_valid = Rules::last_valid(c.blockhash_height, s.limits.lifetime_blocks);
    if (i->kind != intent_kind::full_exit && a.last_valid > Rules::dies_by(c.chain.confirmed, i->max_age_blocks))
      return refuse(execution_errc::not_now,
                    fmt::format("the blockhash is too young: the attempt would live to {} blocks above the tip",
                                a.last_valid.value - c.chain.confirmed.value));
    if (is_sell(i->kind)) {
      a.amount = i->kind == intent_kind::part_exit ? i->amount : c.amount;
      const bool full = i->kind == intent_kind::full_exit;
      if (a.amount.value == 0 || (full && a.amount != c.tokens_confirmed) || (!full && a.amount > c.tokens_confirmed))
        return refuse(execution_errc::bad_request, "a full exit sells the confirmed balance, a part exit less");
      if (full && Rules::variants_exclude_each_other() && !excludes_all<Rules>(s, i->mint, a.amount))
        return refuse(execution_errc::not_now, "with another variant it could sell twice");
    }
    if (c.unreplicated) {
      const auto& g = *c.unreplicated;
      if (i->kind != intent_kind::full_exit)
        return refuse(execution_errc::not_now, "only full exits leave without replication");
      if (Rules::unreplicated_needs_record() &&
          (g.record_epoch != s.epoch || !g.isr_is_self || g.read_at <= c.blockhash_height))
        return refuse(execution_errc::not_now,
                      "the shard's record must say, after the blockhash, that this node leads alone");
      a.unreplicated = true;
    }
    say(event::attempt_signed{.id = i->id, .attempt = a});
    ask(effect::send{i->id, a.number});
    return done();
  }

  answer operator()(const command::note_send& c) {
    const auto* a = s.find(c.id, c.number);
    if (a == nullptr) return refuse(execution_errc::unknown_attempt, "no such attempt");
    if (a->state == attempt_state::signed_) say(event::attempt_submitted{c.id, c.number});
    return done();
  }
  answer operator()(const command::note_lane_reply& c) {
    const auto* a = s.find(c.id, c.number);
    if (a == nullptr || is_over(a->state)) return refuse(execution_errc::unknown_attempt, "no such attempt under way");
    if (c.rejected && Rules::rejection_ends()) {
      say(event::attempt_expired{c.id, c.number});
      close_if_over(*s.find(c.id), c.number, attempt_state::expired);
    }
    return done();
  }
  void close_if_over(const intent& i, attempt_number n, attempt_state so) {
    if (const auto end = end_of(i, n, so)) {
      say(event::intent_ended{.id = i.id, .end = *end});
      if (i.kind == intent_kind::entry) ask(effect::reclaim{i.id});
    }
  }

  answer operator()(const command::observe& c) {
    const auto* i = s.find(c.id);
    const auto* a = s.find(c.id, c.number);
    if (a == nullptr || is_over(a->state)) return refuse(execution_errc::unknown_attempt, "no such attempt under way");
    const auto j = judge<Rules>(*a, c.evidence);
    switch (j.found) {
    case finding::nothing:
      return refuse(execution_errc::not_evidence, "this proves nothing of the attempt");
    case finding::filled:
      if (a->state == attempt_state::filled && a->seen_at == j.height && a->seen_in == j.block) return done();
      say(event::attempt_filled{.id = c.id, .number = c.number, .height = j.height, .block = j.block});
      break;
    case finding::reverted:
      say(event::attempt_reverted{c.id, c.number});
      ask(effect::look_for{c.id, c.number});
      break;
    case finding::settled:
      say(event::attempt_settled{.id = c.id, .number = c.number, .entry = entry_of(i->mint, j.outcome)});
      close_if_over(*i, c.number, attempt_state::settled);
      break;
    case finding::failed:
      say(event::attempt_failed{
          .id = c.id, .number = c.number, .error_code = j.outcome.error_code, .entry = entry_of(i->mint, j.outcome)});
      close_if_over(*i, c.number, attempt_state::failed);
      break;
    case finding::expired:
      say(event::attempt_expired{c.id, c.number});
      close_if_over(*i, c.number, attempt_state::expired);
      break;
    }
    return done();
  }

  answer operator()(const command::cancel& c) {
    const auto* i = s.find(c.id);
    if (i == nullptr) return refuse(execution_errc::unknown_intent, "no such open intent");
    const bool sent = std::any_of(i->attempts.begin(), i->attempts.end(), [](const attempt& a) {
      return Rules::signed_is_perhaps_sent() || a.state != attempt_state::signed_;
    });
    if (sent) return refuse(execution_errc::not_now, "something was signed: only evidence ends it");
    say(event::canceled{c.id});
    return done();
  }

  answer operator()(const command::tick& c) {
    for (const auto& [id, i] : s.open) {
      for (const auto& a : i.attempts)
        if ((a.state == attempt_state::submitted || a.state == attempt_state::signed_) &&
            c.chain.confirmed > a.last_valid)
          say(event::attempt_doubted{id, a.number});
      if (has_live_attempt(i)) continue;
      if (i.kind == intent_kind::entry && !Rules::is_fresh(c.chain.tip, i.event_height, i.max_age_blocks)) {
        say(event::intent_ended{.id = id, .end = intent_state::given_up});
        ask(effect::reclaim{id});
      } else if (may_have_sold<Rules>(s, i)) {
        say(event::intent_ended{.id = id, .end = intent_state::given_up});
      } else if (is_sell(i.kind) && s.books.tokens(i.mint).value == 0 && most_tokens<Rules>(s, i.mint) == 0U) {
        say(event::intent_ended{.id = id, .end = intent_state::given_up}); // nothing is left to sell, nothing can come
      }
    }
    out.effects = basic_account<Rules>::duties(s, c.chain);
    return done();
  }

  answer operator()(const command::take_over& c) {
    if (c.epoch <= s.epoch) return refuse(execution_errc::not_now, "an epoch that is not newer");
    if (c.why >= command::why_now::count_) return refuse(execution_errc::bad_request, "no such cause");
    say(event::took_over{.epoch = c.epoch, .data_loss = std::max(c.data_loss, s.data_loss)});
    if (Rules::quarantine(c.data_loss > s.data_loss ? command::why_now::data_loss : c.why)) {
      block_height journal_end{};
      for (const auto& [id, i] : s.open)
        for (const auto& a : i.attempts) journal_end = std::max(journal_end, a.anchor.height);
      const auto until = std::max(s.quarantine_until, Rules::quarantine_until(std::max(c.highest_seen, c.chain.tip),
                                                                              s.limits.lifetime_blocks, journal_end));
      say(event::quarantine_begun{.until = until,
                                  .sells_held = s.sells_held || Rules::quarantine_holds_full_sells(c.no_buy_lost)});
    }
    auto after = s;
    for (const auto& e : out.events) apply(after, e);
    out.effects = basic_account<Rules>::duties(after, c.chain);
    return done();
  }

  answer operator()(const command::end_quarantine& c) {
    if (s.quarantine_until.value == 0) return refuse(execution_errc::not_now, "there is no quarantine");
    if (c.finalized <= s.quarantine_until)
      return refuse(execution_errc::not_now,
                    fmt::format("finalized {} is not beyond {}", c.finalized.value, s.quarantine_until.value));
    for (const auto& h : c.history) {
      if (s.knows(h.transaction)) continue;
      say(event::adopted{
          .transaction = h.transaction,
          .mint = h.mint,
          .sell_found = h.outcome.ok && h.outcome.tokens_after < h.outcome.tokens_before ? c.finalized : block_height{},
          .entry = entry_of(h.mint, h.outcome)});
    }
    if (c.complete) say(event::quarantine_ended{c.finalized});
    return done();
  }

  answer operator()(const command::halt&) {
    // Said again, so that a signer that missed it hears it.
    const auto number = s.halted ? s.halts : s.halts + 1;
    if (!s.halted) say(event::halted{number});
    ask(effect::halt_signer{number});
    return done();
  }
  answer operator()(const command::resume&) {
    if (s.halted) say(event::resumed{s.halts});
    return done();
  }
  answer operator()(const command::book_external& c) {
    if (s.knows(c.transaction)) return done();
    say(event::external_booked{c.transaction, external_entry(c.mint, c.lamports_delta, int128{c.tokens_delta}, c.fee)});
    if (c.tokens_delta < 0 || c.lamports_delta < 0) ask(effect::raise{effect::alarm::external_debit, {}});
    return done();
  }
  answer operator()(const command::report_unknown& c) {
    if (s.knows(c.transaction) || std::find(s.unknown.begin(), s.unknown.end(), c.transaction) != s.unknown.end())
      return done();
    say(event::unknown_found{c.transaction});
    ask(effect::raise{effect::alarm::unknown_transaction, {}});
    return done();
  }
  answer operator()(const command::accept_unknown& c) {
    if (std::find(s.unknown.begin(), s.unknown.end(), c.item.transaction) == s.unknown.end())
      return refuse(execution_errc::unknown_attempt, "no such unknown transaction");
    say(event::unknown_accepted{c.item.transaction, entry_of(c.item.mint, c.item.outcome)});
    return done();
  }
};

} // namespace account_detail

template <class Rules>
judgement judge(const attempt& a, const evidence& e) {
  return std::visit(account_detail::judge_of<Rules>{a}, e);
}

template <class Rules>
result<account_decision> basic_account<Rules>::decide(const account_state& s, const account_command& c) {
  account_detail::decider<Rules> d{s};
  return std::visit(d, c);
}

template <class Rules>
bool basic_account<Rules>::may_send(const account_state& s, const intent_id& id, attempt_number n,
                                    const chain_view& chain) {
  const auto* i = s.find(id);
  const auto* a = s.find(id, n);
  if (a == nullptr || is_over(a->state) || a->bytes.empty()) return false;
  if (i->kind == intent_kind::entry && s.halted && Rules::halt_stops_sending()) return false;
  return !Rules::send_checks_lifetime() || chain.tip < a->last_valid;
}

template <class Rules>
std::vector<account_effect> basic_account<Rules>::duties(const account_state& s, const chain_view& chain) {
  std::vector<account_effect> out;
  // Exits before entries.
  for (const bool sells : {true, false}) {
    for (const auto& [id, i] : s.open) {
      if (is_sell(i.kind) != sells) continue;
      for (const auto& a : i.attempts) {
        if (is_over(a.state) || !Rules::resumes()) continue;
        if (!account_detail::is_provisional(a.state) && may_send(s, id, a.number, chain))
          out.push_back(effect::send{id, a.number});
        out.push_back(effect::look_for{id, a.number});
      }
      if (!account_detail::why_not_sign<Rules>(s, i, chain)) {
        out.push_back(effect::ask_signature{id, attempt_number(static_cast<std::uint16_t>(i.attempts_made + 1))});
        if (sells && i.attempts_made >= 8) out.push_back(effect::raise{effect::alarm::exit_failing, id});
      }
    }
  }
  if (s.halted) out.push_back(effect::halt_signer{s.halts});
  return out;
}

} // namespace sett::execution
