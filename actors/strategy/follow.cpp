#include "actors/strategy/follow.hpp"

#include "actors/risk/checked.hpp"

#include <algorithm>

namespace sett::strategy {

namespace {

using execution::account_state;
using execution::int128;
using execution::intent;
using execution::intent_kind;
using execution::ledger_account;
using execution::ledger_entry;
using funnel::stage;
using risk::reason;
using risk::reason_code;

std::int64_t clipped(int128 v) {
  constexpr int128 most = INT64_MAX, least = INT64_MIN;
  return static_cast<std::int64_t>(std::clamp(v, least, most));
}
std::uint64_t cost_of(const execution::ledger& books, const mint_address& mint) {
  const auto h = books.holdings.find(mint);
  return h == books.holdings.end() ? 0 : h->second.cost.value;
}
int128 paid_in(const ledger_entry& e) {
  int128 sum = 0;
  for (const auto& p : e.postings)
    if (p.mint.is_zero() &&
        (p.account == ledger_account::market || p.account == ledger_account::fees || p.account == ledger_account::tips))
      sum += p.amount;
  return sum;
}
/// Into the wallet; negative: out of it.
int128 tokens_in(const ledger_entry& e, const mint_address& mint) {
  int128 sum = 0;
  for (const auto& p : e.postings)
    if (p.account == ledger_account::wallet && p.mint == mint) sum += p.amount;
  return sum;
}
token_amount amount_of(int128 v) {
  return token_amount(v <= 0 ? 0 : static_cast<std::uint64_t>(std::min<int128>(v, UINT64_MAX)));
}

struct follower {
  const desk_state& desk;
  const account_state& before;
  const follow_facts& facts;
  followed out{};

  void note(const risk::book_event& e) { out.desk.emplace_back(risk_noted{e, facts.at}); }
  void plan(const risk::position_key& key, const exits::plan_event& e) { out.desk.emplace_back(plan_noted{key, e}); }
  void step(const intent& i, stage reached, reason_code refused = reason_code::none) {
    std::optional<reason> why;
    if (refused != reason_code::none) why = reason{refused, 0, 0, facts.slot};
    out.steps.emplace_back(i.mint, funnel::step{facts.slot, reached, i.strategy, why});
  }
  static risk::position_key key_of(const intent& i) { return {i.mint, i.strategy}; }
  const exits::plan_state* plan_of(const risk::position_key& key) const {
    const auto p = desk.plans.find(key);
    return p == desk.plans.end() ? nullptr : &p->second;
  }

  void bought(const intent& i, token_amount tokens) {
    plan(key_of(i), exits::event::bought{i.id, tokens, facts.liquidity, facts.flags, facts.at});
    step(i, stage::filled);
  }
  /// A sale, a seizure or a lost fee of a strategy's tokens; the position is closed when nothing is left.
  void realised(execution::strategy_id strategy, const mint_address& mint, const ledger_entry& e) {
    auto books = before.books;
    const auto cost_before = cost_of(books, mint);
    books.book(e);
    const auto cost_after = cost_of(books, mint);
    const auto profit = clipped(int128{cost_after} - int128{cost_before} - paid_in(e));
    const auto cost = lamports(risk::minus(cost_before, cost_after));
    if (cost.value != 0 || profit != 0) note(risk::event::sold{strategy, mint, cost, profit});
    if (before.books.tokens(mint).value == 0 || books.tokens(mint).value != 0) return;
    for (const auto& [key, p] : desk.plans) {
      if (key.first != mint) continue;
      note(risk::event::position_closed{key.second, mint});
      out.desk.emplace_back(plan_ended{key});
      out.steps.emplace_back(mint, funnel::step{facts.slot, stage::closed, key.second, std::nullopt});
    }
  }
  /// An intent that is over without having settled.
  void gone(const intent& i, reason_code why) {
    const auto key = key_of(i);
    const auto* p = plan_of(key);
    switch (i.kind) {
    case intent_kind::entry:
      note(risk::event::entry_closed{i.strategy, i.mint, i.reserved, {}});
      if (p != nullptr && p->entry == i.id && before.books.tokens(i.mint).value == 0)
        out.desk.emplace_back(plan_ended{key});
      step(i, stage::opened, why);
      break;
    case intent_kind::part_exit:
      if (p != nullptr) plan(key, exits::event::part_ended{{}, facts.slot});
      break;
    case intent_kind::full_exit:
      if (p != nullptr) plan(key, exits::event::refused{facts.slot});
      break;
    case intent_kind::count_:
      break;
    }
  }
  /// What nobody here asked for.
  void outside(const ledger_entry& e) {
    const auto token =
        std::find_if(e.postings.begin(), e.postings.end(), [](const auto& p) { return !p.mint.is_zero(); });
    const auto mint = token == e.postings.end() ? mint_address{} : token->mint; // the books' entries have one at most
    const auto owner =
        std::find_if(desk.plans.begin(), desk.plans.end(), [&](const auto& p) { return p.first.first == mint; });
    realised(owner == desk.plans.end() ? execution::strategy_id{} : owner->first.second, mint, e);
  }

  void operator()(const execution::event::accepted& e) {
    if (e.intent.kind != intent_kind::entry) return;
    note(risk::event::entry_opened{e.intent.strategy, e.intent.mint, facts.creator, e.intent.reserved});
    step(e.intent, stage::opened);
  }
  void operator()(const execution::event::denied& e) {
    for (const auto& [key, p] : desk.plans) {
      if (p.now == exits::stage::watching) continue;
      const auto kind = p.now == exits::stage::selling_all ? intent_kind::full_exit : intent_kind::part_exit;
      if (execution::intent_id_of(facts.account, key.second, key.first, kind, exits::cause_of(p)) != e.id) continue;
      if (kind == intent_kind::full_exit)
        plan(key, exits::event::refused{facts.slot});
      else
        plan(key, exits::event::part_ended{{}, facts.slot});
    }
  }
  void operator()(const execution::event::canceled& e) {
    if (const auto* i = before.find(e.id)) gone(*i, reason_code::order_canceled);
  }
  void operator()(const execution::event::attempt_signed& e) {
    const auto* i = before.find(e.id);
    if (i == nullptr || i->kind != intent_kind::full_exit || plan_of(key_of(*i)) == nullptr) return;
    plan(key_of(*i), exits::event::attempted{facts.slot});
  }
  void operator()(const execution::event::attempt_filled& e) {
    const auto* i = before.find(e.id);
    const auto* a = before.find(e.id, e.number);
    if (i == nullptr || a == nullptr || i->kind != intent_kind::entry) return;
    if (a->state != execution::attempt_state::filled) bought(*i, facts.filled);
  }
  void operator()(const execution::event::attempt_reverted& e) {
    const auto* i = before.find(e.id);
    if (i == nullptr || i->kind != intent_kind::entry) return;
    if (plan_of(key_of(*i)) != nullptr) plan(key_of(*i), exits::event::reverted{e.id});
  }
  void operator()(const execution::event::attempt_settled& e) {
    const auto* i = before.find(e.id);
    const auto* a = before.find(e.id, e.number);
    if (i == nullptr || a == nullptr) return;
    if (i->kind == intent_kind::entry) {
      auto books = before.books;
      books.book(e.entry);
      const auto cost = lamports(risk::minus(cost_of(books, i->mint), cost_of(before.books, i->mint)));
      note(risk::event::entry_closed{i->strategy, i->mint, i->reserved, cost});
      if (a->state != execution::attempt_state::filled) bought(*i, amount_of(tokens_in(e.entry, i->mint)));
      return;
    }
    const auto key = key_of(*i);
    if (i->kind == intent_kind::part_exit && plan_of(key) != nullptr)
      plan(key, exits::event::part_ended{amount_of(-tokens_in(e.entry, i->mint)), facts.slot});
    realised(i->strategy, i->mint, e.entry);
  }
  void operator()(const execution::event::attempt_failed& e) {
    note(risk::event::send_failed{});
    if (const auto* i = before.find(e.id)) realised(i->strategy, i->mint, e.entry);
  }
  void operator()(const execution::event::attempt_expired& /*e*/) { note(risk::event::send_failed{}); }
  void operator()(const execution::event::intent_ended& e) {
    const auto* i = before.find(e.id);
    if (i == nullptr || e.end == execution::intent_state::settled) return;
    auto why = reason_code::order_given_up;
    for (const auto& a : i->attempts) {
      if (a.state == execution::attempt_state::failed) why = reason_code::order_failed;
      if (a.state == execution::attempt_state::expired) why = reason_code::order_expired;
    }
    gone(*i, why);
  }
  void operator()(const execution::event::halted& /*e*/) { note(risk::event::halted{}); }
  void operator()(const execution::event::resumed& /*e*/) { note(risk::event::resumed{}); }
  void operator()(const execution::event::adopted& e) { outside(e.entry); }
  void operator()(const execution::event::external_booked& e) { outside(e.entry); }
  void operator()(const execution::event::unknown_accepted& e) { outside(e.entry); }
  // These say nothing of money, orders or positions.
  void operator()(const execution::event::limits_set& /*e*/) {}
  void operator()(const execution::event::attempt_submitted& /*e*/) {}
  void operator()(const execution::event::attempt_doubted& /*e*/) {}
  void operator()(const execution::event::took_over& /*e*/) {}
  void operator()(const execution::event::quarantine_begun& /*e*/) {}
  void operator()(const execution::event::quarantine_ended& /*e*/) {}
  void operator()(const execution::event::unknown_found& /*e*/) {}
};

} // namespace

followed follow(const desk_state& desk, const account_state& before, const execution::account_event& e,
                const follow_facts& facts) {
  follower f{desk, before, facts};
  std::visit(f, e);
  return std::move(f.out);
}

exits::position held(const account_state& s, const mint_address& mint, token_amount tokens_confirmed,
                     const unsettled_buys& buys) {
  const auto cost = risk::plus(cost_of(s.books, mint), buys.paid.value);
  const auto tokens = risk::plus(s.books.tokens(mint).value, buys.tokens.value);
  exits::position out{tokens_confirmed, lamports(cost)};
  if (tokens_confirmed.value < tokens) out.cost = lamports(risk::share_down(cost, tokens_confirmed.value, tokens));
  for (const auto& [id, i] : s.open) {
    if (i.mint != mint) continue;
    if (i.kind == intent_kind::part_exit) out.part_open = i.cause;
    if (i.kind == intent_kind::full_exit) out.full_open = i.cause;
  }
  return out;
}

} // namespace sett::strategy
