// A market from a seed and one trader in it: signals, the whole decision path, the real account's rules and the desk
// that follows them, on bonding curves that other people trade on. The chain is small and unkind: transactions land
// late, fail, vanish, and are undone after they were seen. One slot is 0.4 s; everything is finalized `depth` slots
// later.
//
// After each slot `check` compares the desk, the account, the chain's own balances and the funnel; `run` returns what
// happened, so that a test can also ask that everything it is about did happen.
#pragma once

#include "actors/execution/account.hpp"
#include "actors/exits/mood.hpp"
#include "actors/funnel/funnel.hpp"
#include "actors/portfolio/profit.hpp"
#include "actors/risk/checked.hpp"
#include "actors/strategy/follow.hpp"
#include "actors/venues/pump_curve.hpp"
#include "messages/ports/random.hpp"
#include "tests/actors/strategy/strategy_fixture.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace sett::strategy::test {

namespace curve = venues::pump_curve;

struct path_result {
  std::string fault; // empty: all held
  std::uint64_t launched{}, entries{}, filled{}, closed{}, reverted{}, failed{}, vanished{}, exits{}, parts{},
      migrations{};
  std::map<std::string, std::uint64_t> refusals, sales; // by word
  std::string end_bytes;                                // of the desk
  std::string summary;
};

class path_simulation {
public:
  explicit path_simulation(std::uint64_t seed) : rng_(seed), settings_(paper_settings()) {
    settings_.exits.hold_s_max = 100;
    settings_.exits.take1_bps = 1'500;
    settings_.exits.take2_bps = 3'000;
    settings_.exits.take3_bps = 6'000;
    settings_.exits.stop_bps = 1'500;
    settings_.exits.volatility_stop_bps = 0;
    settings_.risk.failed_sends_max = 30;
    settings_.risk.losses_in_row_max = 12;
    settings_.risk.pause_s = 60;
    execution::account_limits l;
    l.spend_max = lamports(settings_.risk.trade_lamports_max);
    l.exposure_max = lamports(settings_.risk.account_lamports_max);
    l.entries_open_max = 8;
    l.variants_max = 1;
    l.floor = lamports(10'000'000);
    l.lifetime_blocks = 20;
    l.max_age_blocks_max = 10;
    ask(execution::command::set_limits{l});
    wallet_ = deposit;
    ask(execution::command::book_external{
        signature_of(next_signature_++), {}, static_cast<std::int64_t>(deposit), 0, {}});
  }

  path_result run(std::uint64_t slots) {
    for (std::uint64_t i = 0; i < slots && out_.fault.empty(); ++i) one_slot(true);
    // No new signals: everything comes to its end.
    for (std::uint64_t i = 0; i < 900 && out_.fault.empty(); ++i) one_slot(false);
    if (out_.fault.empty()) check_end();
    out_.end_bytes = encode(desk_);
    for (const auto& r : funnel_.summary().rows)
      out_.summary += fmt::format("{} {}\n", funnel::to_text(r.key), r.mints);
    return out_;
  }

private:
  static constexpr std::uint64_t deposit = 5'000'000'000, depth = 6, rent = 2'039'280, fee = 25'000;

  struct token {
    curve::state pool;
    std::uint64_t launched{}, migrates_until{};
    protocol::token_flags flags{};
    address creator;
    bool trap{};
    exchange last_price;
  };
  struct sent {
    execution::intent_id id;
    execution::attempt_number number;
    mint_address mint;
    bool buy{};
    std::uint64_t amount{}, least{}; // in, out
    std::uint64_t last_valid{};
    execution::chain_point anchor;
    enum class fate : std::uint8_t { waits, seen, over } is{fate::waits};
    std::uint64_t lands_at{}, seen_at{}; // lands_at 0: never
    bool reverts{};
    execution::transaction_outcome outcome;
    curve::state pool_before;
  };

  template <class... Args>
  void fault(fmt::format_string<Args...> text, Args&&... args) {
    if (out_.fault.empty())
      out_.fault = fmt::format("slot {}: ", slot_) + fmt::format(text, std::forward<Args>(args)...);
  }
  static mint_address numbered(std::uint64_t n, std::uint8_t kind) {
    mint_address m;
    m.bytes[0] = kind;
    for (std::size_t i = 0; i < 8; ++i) m.bytes[i + 1] = static_cast<std::uint8_t>(n >> (8 * i));
    return m;
  }
  static signature signature_of(std::uint64_t n) {
    signature s;
    for (std::size_t i = 0; i < 8; ++i) s.bytes[i + 1] = static_cast<std::uint8_t>(n >> (8 * i));
    s.bytes[0] = 1;
    return s;
  }
  static blockhash hash_of(std::uint64_t height, bool other = false) {
    blockhash h;
    for (std::size_t i = 0; i < 8; ++i) h.bytes[i] = static_cast<std::uint8_t>(height >> (8 * i));
    h.bytes[31] = other ? 1 : 2;
    return h;
  }
  [[nodiscard]] unix_seconds now() const {
    return unix_seconds(1'800'000'000 + static_cast<std::int64_t>(slot_ * 2 / 5));
  }
  [[nodiscard]] execution::chain_view view() const {
    return {block_height(slot_), block_height(slot_), block_height(slot_ - depth)};
  }
  [[nodiscard]] risk::conditions conditions() const {
    return {.now = now(), .slot = slot_number(slot_), .data_age_ms = stale_ ? 100'000U : 100U};
  }

  /// Through decide, follow and apply; the desk's events through their bytes.
  std::vector<execution::account_effect> ask(const execution::account_command& c) {
    auto d = execution::account::decide(account_, c);
    refused_ = d ? "" : d.error().message;
    denied_.reset();
    if (!d) return {};
    for (const auto& e : d->events) {
      follow_facts facts{.account = me_,
                         .at = now(),
                         .slot = slot_number(slot_),
                         .creator = creator_of_order_,
                         .filled = filled_now_,
                         .liquidity = {},
                         .flags = {}};
      if (const auto* a = std::get_if<execution::event::attempt_filled>(&e)) about(facts, a->id);
      if (const auto* a = std::get_if<execution::event::attempt_settled>(&e)) about(facts, a->id);
      if (const auto* x = std::get_if<execution::event::denied>(&e)) denied_ = x->reason;
      const auto learnt = follow(desk_, account_, e, facts);
      book_profit(e);
      execution::apply(account_, e);
      for (const auto& one : learnt.desk) note(one);
      for (const auto& [mint, step] : learnt.steps) {
        if (step.reached == funnel::stage::filled) ++out_.filled;
        if (step.reached == funnel::stage::closed) ++out_.closed;
        funnel_.note(mint, step);
      }
    }
    return d->effects;
  }
  void about(follow_facts& facts, const execution::intent_id& id) const {
    const auto* i = account_.find(id);
    if (i == nullptr) return;
    const auto& t = tokens_.at(i->mint);
    facts.liquidity = lamports(t.pool.virtual_quote);
    facts.flags = t.flags;
  }
  void note(const desk_event& e) {
    const auto read = decode_desk_event(encode(e));
    if (!read || encode(*read) != encode(e)) return fault("an event of the desk does not come back from its bytes");
    apply(desk_, *read);
    if (desk_.book.misfits == 0 || !out_.fault.empty()) return;
    const auto* risk = std::get_if<risk_noted>(&e);
    const auto* plan = std::get_if<plan_noted>(&e);
    fault("event {} of the {} does not fit the desk", risk != nullptr ? risk->event.index() : plan->event.index(),
          risk != nullptr ? "book" : "plan");
  }
  void book_profit(const execution::account_event& e) {
    portfolio::trade_facts f{.kind = portfolio::trade_kind::external,
                             .wallet = me_,
                             .strategy = {},
                             .venue = program_kind::pump,
                             .mint = {},
                             .time = now(),
                             .slot = slot_number(slot_),
                             .signature = {},
                             .intent = {}};
    const auto of = [&](const execution::intent_id& id) {
      const auto* i = account_.find(id);
      f.strategy = i->strategy;
      f.mint = i->mint;
      f.intent = id;
      f.kind = execution::is_sell(i->kind) ? portfolio::trade_kind::sell : portfolio::trade_kind::buy;
    };
    if (const auto* s = std::get_if<execution::event::attempt_settled>(&e)) {
      of(s->id);
      profit_.book(f, s->entry);
    } else if (const auto* x = std::get_if<execution::event::attempt_failed>(&e)) {
      of(x->id);
      f.kind = portfolio::trade_kind::failed;
      profit_.book(f, x->entry);
    } else if (const auto* b = std::get_if<execution::event::external_booked>(&e)) {
      profit_.book(f, b->entry);
    }
  }

  void one_slot(bool open) {
    ++slot_;
    stale_ = open && (stale_ ? !rng_.chance(0.1) : rng_.chance(0.005));
    std::vector<signal> signals;
    move_market(open, signals);
    land();
    gather_evidence();
    for (const auto& e : ask(execution::command::tick{view()})) act(e);
    decide_trades(signals);
    check();
  }

  void move_market(bool open, std::vector<signal>& signals) {
    if (open && rng_.chance(0.08)) launch(signals);
    for (auto& [mint, t] : tokens_) {
      if (t.migrates_until != 0) {
        if (slot_ < t.migrates_until) continue;
        t.migrates_until = 0;
        ++out_.migrations;
        if (open) signals.push_back(make_signal(signal_kind::migrated, mint, t));
      }
      const auto trades = rng_.below(3);
      for (std::uint64_t i = 0; i < trades; ++i) others_trade(mint, t, open, signals);
      if (rng_.chance(0.0008)) t.flags |= static_cast<protocol::token_flags>(protocol::token_flag::freeze_authority);
      if (rng_.chance(0.0015)) t.migrates_until = slot_ + 20;
    }
  }
  void launch(std::vector<signal>& signals) {
    const auto mint = numbered(++out_.launched, 1);
    token t;
    t.pool = {.virtual_token = 643'800'000'000'000,
              .virtual_quote = 50'000'000'000,
              .real_token = 363'900'000'000'000,
              .real_quote = 20'000'000'000,
              .supply = 1'000'000'000'000'000,
              .complete = false,
              .rounds_fees_up = true,
              .creator = {},
              .fees = {95, 5}};
    t.launched = slot_;
    t.creator = numbered(rng_.below(12), 2);
    t.trap = rng_.chance(0.2);
    t.last_price = {lamports(1'000), token_amount(12'000'000)};
    tokens_.emplace(mint, t);
    funnel_.note(mint, {slot_number(slot_), funnel::stage::seen, {}, std::nullopt});
    auto s = make_signal(signal_kind::launch_created, mint, t);
    s.cause = execution::cause_of(mint);
    signals.push_back(s);
  }
  void others_trade(const mint_address& mint, token& t, bool open, std::vector<signal>& signals) {
    const bool buy = t.pool.real_quote < 3'000'000'000 || rng_.chance(0.5); // somebody can always be sold to
    const auto size = rng_.chance(0.03) ? 2'000'000'000 : 20'000'000 + rng_.below(300'000'000);
    const auto direction = buy ? venues::direction::b_to_a : venues::direction::a_to_b;
    const auto amount =
        buy ? size : risk::share_down(size, t.pool.virtual_token, t.pool.virtual_quote); // tokens of that worth
    const auto q = curve::quote_exact_in(t.pool, direction, token_amount(amount));
    if (!q || q->got.value == 0) return;
    t.pool = curve::apply(t.pool, direction, *q);
    if (!buy) return;
    t.last_price = {lamports(q->gave.value), q->got};
    if (open && rng_.chance(0.02)) signals.push_back(make_signal(signal_kind::wallet_bought, mint, t));
  }
  signal make_signal(signal_kind kind, const mint_address& mint, const token& t) {
    signal s{.kind = kind,
             .mint = mint,
             .cause = execution::cause_of(signature_of(next_signature_++)),
             .slot = slot_number(slot_ - rng_.below(3)),
             .height = block_height(slot_),
             .live = !rng_.chance(0.1)};
    s.height = block_height(s.slot.value);
    s.price = exchange{lamports(t.last_price.paid.value), t.last_price.got};
    if (kind == signal_kind::wallet_bought)
      s.wallet = wallet_record{numbered(9, 3), 15 + rng_.below(40), 5'000 + rng_.below(2'000)};
    return s;
  }

  [[nodiscard]] std::uint64_t tokens_held(const mint_address& mint) const {
    const auto h = held_.find(mint);
    return h == held_.end() ? 0 : h->second;
  }
  [[nodiscard]] std::optional<lamports> worth(const token& t, std::uint64_t amount) const {
    if (amount == 0 || t.migrates_until != 0) return std::nullopt;
    const auto q = curve::quote_exact_in(t.pool, venues::direction::a_to_b, token_amount(amount));
    if (!q) return std::nullopt;
    return lamports(q->got.value);
  }

  token_view view_of(const mint_address& mint, const token& t, const config::strategy_settings& s) {
    auto v = good_token();
    v.mint = mint;
    v.creator = t.creator;
    v.tradable = t.migrates_until == 0;
    v.verdict = t.trap ? screening::trap_class::can_become_unsellable : screening::trap_class::ok;
    v.liquidity = lamports(t.pool.virtual_quote);
    v.volatility_bps = 200 + rng_.below(600);
    v.creator_share_bps = rng_.below(1'200);
    v.incomplete = rng_.chance(0.03);
    if (const auto q = curve::quote_exact_in(t.pool, venues::direction::b_to_a, token_amount(s.size_lamports)))
      v.quote = exchange{lamports(q->gave.value), q->got};
    return v;
  }

  void decide_trades(const std::vector<signal>& signals) {
    struct wanted {
      exits::urgency goes;
      execution::command::open_intent order;
    };
    std::vector<wanted> orders;
    const auto plans = desk_.plans; // evaluated as of the slot's beginning
    for (const auto& [key, plan] : plans) {
      const auto& t = tokens_.at(key.first);
      const auto amount = tokens_held(key.first);
      exits::token_now look{.value = worth(t, amount),
                            .liquidity = lamports(t.pool.virtual_quote),
                            .volatility_bps = 400,
                            .flags = t.flags,
                            .migrating = t.migrates_until != 0,
                            .market = {},
                            .now = now(),
                            .slot = slot_number(slot_)};
      const auto p = exits::adjusted(exits::plan_of(settings_.exits, nullptr), look.market);
      const auto position = held(account_, key.first, token_amount(amount), unsettled_[key.first]);
      const auto e = exits::evaluate(p, plan, position, look);
      for (const auto& one : e.events) {
        note(plan_noted{key, one});
        if (std::holds_alternative<exits::event::part_wanted>(one)) ++out_.parts;
        if (const auto* all = std::get_if<exits::event::all_wanted>(&one)) {
          ++out_.exits;
          ++out_.sales[std::string(risk::to_text(all->why.code))];
        }
      }
      if (!e.order) continue;
      if (look.migrating) fault("an exit while the token migrates");
      if (e.order->amount.value > amount) fault("an exit of more than is held");
      orders.push_back({e.order->goes, exit_command(*e.order, me_, key.second, key.first, token_amount(amount),
                                                    lamports(200'000), view())});
    }
    // Exits go first, the most urgent of them before the others.
    std::sort(orders.begin(), orders.end(), [](const auto& x, const auto& y) {
      return std::tie(x.goes, x.order.mint) < std::tie(y.goes, y.order.mint);
    });
    for (const auto& o : orders)
      for (const auto& e : ask(o.order)) act(e);
    for (const auto& on : signals)
      for (const auto& s : settings_.strategies) enter(on, s);
  }
  /// One entry after the other: each is judged with what the one before it took.
  void enter(const signal& on, const config::strategy_settings& s) {
    const auto& t = tokens_.at(on.mint);
    const auto c = consider({me_, settings_, desk_.book, conditions(), view()}, s, on, view_of(on.mint, t, s));
    if (c.refused.has_value() == c.order.has_value()) fault("neither an order nor a reason, or both");
    funnel_.note(on.mint, {slot_number(slot_), c.reached, strategy_id_of(s.name), c.refused});
    if (c.refused) {
      ++out_.refusals[std::string(risk::to_text(c.refused->code))];
      if (c.refused->code == reason_code::none) fault("a refusal without a reason");
      return;
    }
    const auto& order = *c.order;
    const auto id = execution::intent_id_of(me_, order.strategy, order.mint, order.kind, order.cause);
    if (!causes_.insert(id).second) fault("a cause opened twice");
    if (!order.live) fault("a late event opened an entry");
    ++out_.entries;
    creator_of_order_ = t.creator;
    const auto effects = ask(order);
    if (denied_) {
      const reason why{risk::account_reason(*denied_), 0, 0, slot_number(slot_)};
      ++out_.refusals[std::string(risk::to_text(why.code))];
      funnel_.note(order.mint, {slot_number(slot_), funnel::stage::allowed, order.strategy, why});
    }
    for (const auto& e : effects) act(e);
  }

  void act(const execution::account_effect& e) {
    const auto* sign = std::get_if<execution::effect::ask_signature>(&e);
    if (sign == nullptr) return;
    const auto* i = account_.find(sign->id);
    if (i == nullptr || sign->number.value != i->attempts_made + 1U) return;
    const auto& t = tokens_.at(i->mint);
    const bool buy = i->kind == execution::intent_kind::entry;
    const auto amount = buy                                            ? i->spend_max.value
                        : i->kind == execution::intent_kind::part_exit ? i->amount.value
                                                                       : tokens_held(i->mint);
    if (amount == 0 || (!buy && amount > tokens_held(i->mint))) return;
    const auto q = curve::quote_exact_in(t.pool, buy ? venues::direction::b_to_a : venues::direction::a_to_b,
                                         token_amount(amount));
    if (!q) return;
    execution::command::attach_signed c;
    c.id = i->id;
    c.number = sign->number;
    c.signature = signature_of(next_signature_++);
    c.bytes = "transaction";
    const auto lives = i->kind == execution::intent_kind::full_exit ? 20 : i->max_age_blocks;
    c.blockhash_height = block_height(slot_ + lives - 20);
    c.anchor = {block_height(slot_ - depth), hash_of(slot_ - depth)};
    c.amount = token_amount(buy ? 0 : amount);
    c.tokens_confirmed = token_amount(tokens_held(i->mint));
    c.chain = view();
    sent s{.id = i->id,
           .number = sign->number,
           .mint = i->mint,
           .buy = buy,
           .amount = amount,
           .least = risk::share_down(q->got.value, buy ? 9'500 : 7'000, 10'000),
           .last_valid = c.blockhash_height.value + 20,
           .anchor = c.anchor,
           .is = sent::fate::waits,
           .lands_at = rng_.chance(0.15) ? 0 : slot_ + 1 + rng_.below(4),
           .seen_at = 0,
           .reverts = rng_.chance(0.08),
           .outcome = {},
           .pool_before = {}};
    if (s.lands_at == 0) ++out_.vanished;
    ask(c);
    if (!refused_.empty()) return;
    ask(execution::command::note_send{s.id, s.number});
    sent_.push_back(s);
  }

  void land() {
    for (auto& s : sent_) {
      if (s.is != sent::fate::waits || s.lands_at == 0 || s.lands_at != slot_ || slot_ > s.last_valid) continue;
      auto& t = tokens_.at(s.mint);
      const auto direction = s.buy ? venues::direction::b_to_a : venues::direction::a_to_b;
      const auto q = curve::quote_exact_in(t.pool, direction, token_amount(s.amount));
      auto& o = s.outcome;
      o = {};
      o.fee = lamports(fee);
      o.lamports_before = lamports(wallet_);
      o.rent_before = lamports(rent_);
      o.tokens_before = token_amount(tokens_held(s.mint));
      o.ok = q.has_value() && q->got.value >= s.least && t.migrates_until == 0 &&
             (s.buy || tokens_held(s.mint) >= s.amount);
      wallet_ -= fee;
      s.pool_before = t.pool;
      if (o.ok) {
        t.pool = curve::apply(t.pool, direction, *q);
        if (s.buy) {
          wallet_ -= q->gave.value;
          held_[s.mint] += q->got.value;
          if (rented_.insert(s.mint).second) {
            wallet_ -= rent;
            rent_ += rent;
          }
        } else {
          wallet_ += q->got.value;
          held_[s.mint] -= s.amount;
        }
      } else {
        ++out_.failed;
      }
      o.lamports_after = lamports(wallet_);
      o.rent_after = lamports(rent_);
      o.tokens_after = token_amount(tokens_held(s.mint));
      s.is = sent::fate::seen;
      s.seen_at = slot_;
      // Whatever landed after it would have to be undone too: only the newest of a slot is.
      for (auto& other : sent_)
        if (&other != &s && other.is == sent::fate::seen && other.seen_at + depth >= slot_) other.reverts = false;
    }
  }
  void undo(sent& s) {
    auto& t = tokens_.at(s.mint);
    const auto& o = s.outcome;
    wallet_ = wallet_ + o.lamports_before.value - o.lamports_after.value;
    if (o.rent_after != o.rent_before) {
      rent_ -= rent;
      rented_.erase(s.mint);
    }
    held_[s.mint] = held_[s.mint] + o.tokens_before.value - o.tokens_after.value;
    // What the pool gave and took comes back; the others' trades stay.
    if (o.ok) {
      const auto token_delta = static_cast<std::int64_t>(o.tokens_after.value - o.tokens_before.value);
      t.pool.virtual_token += static_cast<std::uint64_t>(token_delta);
      t.pool.real_token += static_cast<std::uint64_t>(token_delta);
    }
    s.is = sent::fate::waits;
    s.lands_at = rng_.chance(0.5) && slot_ + 1 < s.last_valid ? slot_ + 1 : 0;
    s.reverts = false;
    ++out_.reverted;
  }

  void gather_evidence() {
    for (auto& s : sent_) {
      if (s.is == sent::fate::over) continue;
      execution::command::observe o{s.id, s.number, {}};
      if (s.is == sent::fate::waits && slot_ - depth > s.last_valid) {
        o.evidence = execution::linked_absence{s.anchor, block_height(slot_ - depth)};
        ask(o);
        if (!refused_.empty()) fault("absence was not taken: {}", refused_);
        s.is = sent::fate::over;
      } else if (s.is == sent::fate::seen) {
        const bool final = s.seen_at + depth <= slot_;
        if (s.reverts && s.outcome.ok && s.seen_at + 2 == slot_) {
          unsettle(s);
          const auto seen = s.seen_at;
          undo(s);
          o.evidence = execution::fork_death{{block_height(seen), hash_of(seen, true)}};
          ask(o);
          continue;
        }
        if (!final && s.seen_at != slot_) continue;
        filled_now_ = token_amount(risk::minus(s.outcome.tokens_after.value, s.outcome.tokens_before.value));
        o.evidence = execution::stream_sighting{final ? commitment::finalized : commitment::confirmed,
                                                block_height(s.seen_at), hash_of(s.seen_at), s.outcome};
        if (!final && s.buy && s.outcome.ok) {
          auto& u = unsettled_[s.mint];
          u.tokens.value += filled_now_.value;
          u.paid.value += paid(s);
        }
        if (final) {
          unsettle(s);
          s.is = sent::fate::over;
        }
        ask(o);
      }
    }
    std::erase_if(sent_, [](const auto& s) { return s.is == sent::fate::over; });
  }
  static std::uint64_t paid(const sent& s) {
    return s.outcome.lamports_before.value - s.outcome.lamports_after.value -
           (s.outcome.rent_after.value - s.outcome.rent_before.value);
  }
  void unsettle(const sent& s) {
    if (!s.buy || !s.outcome.ok) return;
    auto& u = unsettled_[s.mint];
    u.tokens.value -= s.outcome.tokens_after.value - s.outcome.tokens_before.value;
    u.paid.value -= paid(s);
  }

  void check() {
    const auto& b = desk_.book;
    if (account_.misfits != 0) fault("{} events did not fit the account", account_.misfits);
    // The desk's book is the account's.
    std::uint64_t reserved = 0, cost = 0, entries = 0;
    for (const auto& [id, i] : account_.open)
      if (i.kind == execution::intent_kind::entry)
        reserved += i.reserved.value, entries += i.reserved.value != 0 ? 1 : 0;
    for (const auto& [mint, h] : account_.books.holdings) cost += h.cost.value;
    std::uint64_t noted_reserved = 0, noted_held = 0, noted_entries = 0;
    for (const auto& [key, c] : b.positions)
      noted_reserved += c.reserved.value, noted_held += c.held.value, noted_entries += c.entries_open;
    if (reserved != noted_reserved || entries != noted_entries)
      fault("reserved {} in {} entries, the book says {} in {}", reserved, entries, noted_reserved, noted_entries);
    if (cost != noted_held) fault("held at cost {}, the book says {}", cost, noted_held);
    // Limits.
    const auto& l = settings_.risk;
    if (reserved + cost > l.account_lamports_max) fault("exposure {} is above its limit", reserved + cost);
    if (b.positions.size() > l.positions_max) fault("{} positions", b.positions.size());
    std::map<address, std::uint64_t> creators;
    std::map<execution::strategy_id, std::uint64_t> strategies;
    for (const auto& [key, c] : b.positions) {
      creators[c.creator] += c.reserved.value + c.held.value;
      ++strategies[key.second];
      if (c.reserved.value + c.held.value > l.token_lamports_max) fault("too much in one token");
    }
    for (const auto& [who, sum] : creators)
      if (sum > l.creator_lamports_max) fault("too much in one creator's tokens");
    for (const auto& [id, n] : strategies)
      if (n > 3) fault("a strategy has {} positions", n);
    // Whatever is held has a plan.
    for (const auto& [mint, h] : account_.books.holdings) {
      const bool planned =
          std::any_of(desk_.plans.begin(), desk_.plans.end(), [&](const auto& p) { return p.first.first == mint; });
      if (!planned) fault("a position without a plan");
    }
    // Profit is the ledger's, in each of its forms.
    using execution::ledger_account;
    const auto& books = account_.books;
    const auto paid_out = books.lamports_of(ledger_account::market) + books.lamports_of(ledger_account::fees) +
                          books.lamports_of(ledger_account::tips);
    const auto realised = static_cast<execution::int128>(cost) - paid_out;
    if (profit_.total().realised != realised) fault("profit differs from the ledger");
    if (execution::int128{b.day_profit} != realised) fault("the day's profit differs from the ledger");
    // Reasons sum to the mints seen.
    if (slot_ % 16 == 0) {
      const auto sum = funnel_.summary();
      std::uint64_t mints = 0;
      for (const auto& r : sum.rows) {
        mints += r.mints;
        if (r.key.because == reason_code::none && r.key.reached < funnel::stage::opened)
          fault("{} mints stand at {} without a reason", r.mints, funnel::to_text(r.key.reached));
      }
      if (mints != sum.seen || sum.seen != out_.launched)
        fault("{} mints have a reason, {} were seen, {} launched", mints, sum.seen, out_.launched);
      const auto read = decode_desk(encode(desk_));
      if (!read || !(*read == desk_)) fault("the desk does not come back from its bytes");
    }
  }
  void check_end() {
    if (!account_.open.empty()) fault("{} intents are still open", account_.open.size());
    if (!account_.books.holdings.empty()) fault("{} positions are still held", account_.books.holdings.size());
    if (!desk_.plans.empty()) fault("{} plans without a position", desk_.plans.size());
    if (!desk_.book.positions.empty()) fault("{} positions in the book", desk_.book.positions.size());
    execution::chain_balances chain{
        .slot = slot_number(slot_), .wallet = lamports(wallet_), .rent = lamports(rent_), .tokens = {}};
    for (const auto& [mint, amount] : held_)
      if (amount != 0) chain.tokens.emplace_back(mint, token_amount(amount));
    if (!execution::reconcile(account_.books, chain).empty()) fault("the books are not the chain's");
    const auto made = static_cast<execution::int128>(wallet_) + static_cast<execution::int128>(rent_) -
                      static_cast<execution::int128>(deposit);
    if (profit_.total().realised != made) fault("realised profit is not what the wallet made");
  }

  ports::random rng_;
  config::settings settings_;
  address me_{numbered(1, 9)};
  std::uint64_t slot_{1'000}, next_signature_{1};
  bool stale_{};
  std::map<mint_address, token> tokens_;
  // The chain's truth, as confirmed.
  std::uint64_t wallet_{}, rent_{};
  std::map<mint_address, std::uint64_t> held_;
  std::set<mint_address> rented_;
  std::vector<sent> sent_;
  std::map<mint_address, unsettled_buys> unsettled_;

  execution::account_state account_;
  desk_state desk_;
  funnel::funnel funnel_{100'000};
  portfolio::profit_book profit_;
  std::set<execution::intent_id> causes_;
  std::string refused_;
  std::optional<execution::denial> denied_;
  address creator_of_order_;
  token_amount filled_now_;
  path_result out_;
};

} // namespace sett::strategy::test
