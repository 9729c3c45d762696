#include "actors/execution/order_log.hpp"

#include "messages/ports/random.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace sett::execution {

std::string_view to_text(story_event e) {
  constexpr std::string_view names[] = {"accepted", "denied",  "signed", "submitted", "in_doubt", "filled",
                                        "reverted", "settled", "failed", "expired",   "canceled", "ended"};
  static_assert(std::size(names) == static_cast<std::size_t>(story_event::count_));
  return names[static_cast<std::size_t>(e)];
}

const order_story* order_log::find(const intent_id& id) const {
  const auto it = std::find_if(stories.rbegin(), stories.rend(), [&](const auto& s) { return s.id == id; });
  return it == stories.rend() ? nullptr : &*it;
}

namespace {

std::uint64_t magnitude(int128 v) {
  const auto u = static_cast<ports::uint128>(v < 0 ? -v : v);
  return u > std::numeric_limits<std::uint64_t>::max() ? std::numeric_limits<std::uint64_t>::max()
                                                       : static_cast<std::uint64_t>(u);
}
std::int64_t clamped(int128 v) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  return v > most ? most : v < -most ? -most : static_cast<std::int64_t>(v);
}
void add(std::uint64_t& to, std::uint64_t v) {
  if (__builtin_add_overflow(to, v, &to)) to = std::numeric_limits<std::uint64_t>::max();
}

void add(std::int64_t& to, std::int64_t v) {
  std::int64_t sum{};
  to = !__builtin_add_overflow(to, v, &sum) ? sum
       : v > 0                              ? std::numeric_limits<std::int64_t>::max()
                                            : std::numeric_limits<std::int64_t>::min();
}

struct moved {
  int128 wallet{}, rent{}, tokens{}, fees{};
};
moved moved_by(const ledger_entry& e) {
  moved m;
  for (const auto& p : e.postings) {
    if (!p.mint.is_zero()) {
      if (p.account == ledger_account::wallet) m.tokens += p.amount;
    } else if (p.account == ledger_account::wallet) {
      m.wallet += p.amount;
    } else if (p.account == ledger_account::rent) {
      m.rent += p.amount;
    } else if (p.account == ledger_account::fees || p.account == ledger_account::tips) {
      m.fees += p.amount;
    }
  }
  return m;
}

struct teller {
  account_record& r;
  wall_time_ns at;
  // Of the books before the event was applied:
  std::uint64_t cost_before{};

  order_story* story(const intent_id& id) {
    auto& all = r.log.stories;
    const auto it = std::find_if(all.rbegin(), all.rend(), [&](const auto& s) { return s.id == id; });
    return it == all.rend() ? nullptr : &*it;
  }
  strategy_tally& tally(strategy_id s) {
    auto& all = r.log.tallies;
    const auto it = all.find(s);
    if (it != all.end()) return it->second;
    return all.size() < tallies_max ? all[s] : all.rbegin()->second;
  }
  order_story& open(const intent_id& id, strategy_id strategy, const mint_address& mint, intent_kind kind,
                    const cause_id& cause) {
    auto& all = r.log.stories;
    if (all.size() >= stories_max) {
      const auto closed =
          std::find_if(all.begin(), all.end(), [&](const auto& s) { return r.state.find(s.id) == nullptr; });
      all.erase(closed == all.end() ? all.begin() : closed);
    }
    auto& s = all.emplace_back();
    s.id = id;
    s.strategy = strategy;
    s.mint = mint;
    s.kind = kind;
    s.cause = cause;
    s.opened = s.updated = at;
    ++tally(strategy).orders;
    return s;
  }
  void line(order_story& s, story_event what, attempt_number n = {}, std::uint64_t a = 0, std::uint64_t b = 0) {
    s.updated = at;
    if (s.lines.size() >= story_lines_max) {
      s.lines.erase(s.lines.begin() + story_lines_max / 2);
      if (s.lines_lost < std::numeric_limits<std::uint16_t>::max()) ++s.lines_lost;
    }
    s.lines.push_back({.at = at, .what = what, .attempt = n, .a = a, .b = b});
  }
  void said(const intent_id& id, story_event what, attempt_number n = {}, std::uint64_t a = 0, std::uint64_t b = 0) {
    auto* s = story(id);
    if (s == nullptr) return;
    line(*s, what, n, a, b);
    if (const auto* i = r.state.find(id)) s->state = state_of(*i);
  }
  void booked(const intent_id& id, const ledger_entry& e, bool ok) {
    auto* s = story(id);
    if (s == nullptr) return;
    const auto m = moved_by(e);
    add(m.wallet >= 0 ? s->lamports_in : s->lamports_out, magnitude(m.wallet));
    add(m.tokens >= 0 ? s->tokens_in : s->tokens_out, magnitude(m.tokens));
    add(s->fees.value, magnitude(m.fees));
    const auto h = r.state.books.holdings.find(s->mint);
    const auto cost_after = h == r.state.books.holdings.end() ? 0 : h->second.cost.value;
    const auto made = clamped(m.wallet + m.rent + static_cast<int128>(cost_after) - static_cast<int128>(cost_before));
    add(s->realised, made);
    auto& t = tally(s->strategy);
    add(t.realised, made);
    add(t.fees, magnitude(m.fees));
    if (!ok) return;
    if (!is_sell(s->kind)) {
      ++t.buys;
    } else {
      ++t.sells;
      ++(made > 0 ? t.wins : t.losses);
    }
  }

  void operator()(const event::accepted& e) {
    auto& s = open(e.intent.id, e.intent.strategy, e.intent.mint, e.intent.kind, e.intent.cause);
    s.state = order_state::accepted;
    s.spend_max = e.intent.spend_max;
    s.amount = e.intent.amount;
    line(s, story_event::accepted, {}, e.intent.reserved.value);
  }
  void operator()(const event::denied& e) {
    auto& s = open(e.id, e.strategy, e.mint, e.kind, e.cause);
    s.state = order_state::denied;
    s.reason = e.reason;
    ++tally(e.strategy).denied;
    line(s, story_event::denied, {}, e.measured, e.threshold);
  }
  void operator()(const event::canceled& e) {
    said(e.id, story_event::canceled);
    if (auto* s = story(e.id)) s->state = order_state::canceled;
  }
  void operator()(const event::attempt_signed& e) {
    said(e.id, story_event::signed_, e.attempt.number, e.attempt.last_valid.value, e.attempt.amount.value);
    if (auto* s = story(e.id)) s->last = e.attempt.signature;
  }
  void operator()(const event::attempt_submitted& e) { said(e.id, story_event::submitted, e.number); }
  void operator()(const event::attempt_doubted& e) { said(e.id, story_event::in_doubt, e.number); }
  void operator()(const event::attempt_filled& e) { said(e.id, story_event::filled, e.number, e.height.value); }
  void operator()(const event::attempt_reverted& e) { said(e.id, story_event::reverted, e.number); }
  void operator()(const event::attempt_settled& e) {
    const auto m = moved_by(e.entry);
    said(e.id, story_event::settled, e.number, magnitude(m.wallet), magnitude(m.tokens));
    booked(e.id, e.entry, true);
  }
  void operator()(const event::attempt_failed& e) {
    said(e.id, story_event::failed, e.number, e.error_code, magnitude(moved_by(e.entry).fees));
    booked(e.id, e.entry, false);
  }
  void operator()(const event::attempt_expired& e) { said(e.id, story_event::expired, e.number); }
  void operator()(const event::intent_ended& e) {
    said(e.id, story_event::ended, {}, static_cast<std::uint64_t>(e.end));
    auto* s = story(e.id);
    if (s == nullptr) return;
    s->state = e.end == intent_state::settled    ? order_state::settled
               : e.end == intent_state::canceled ? order_state::canceled
                                                 : order_state::given_up;
  }
  template <class T>
  void operator()(const T&) {}
};

const mint_address* mint_of(const account_record& r, const account_event& e) {
  const auto of = [&](const intent_id& id) -> const mint_address* {
    const auto* i = r.state.find(id);
    return i == nullptr ? nullptr : &i->mint;
  };
  if (const auto* s = std::get_if<event::attempt_settled>(&e)) return of(s->id);
  if (const auto* f = std::get_if<event::attempt_failed>(&e)) return of(f->id);
  return nullptr;
}

} // namespace

void apply(account_record& r, const account_entry& entry) {
  for (const auto& e : entry.events) {
    teller t{r, entry.ts_init};
    if (const auto* mint = mint_of(r, e)) {
      const auto h = r.state.books.holdings.find(*mint);
      if (h != r.state.books.holdings.end()) t.cost_before = h->second.cost.value;
    }
    apply(r.state, e);
    std::visit(t, e);
  }
}

} // namespace sett::execution
