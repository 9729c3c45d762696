#include "nodes/accounts/account_actor.hpp"

#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/sha256.hpp"
#include "messages/types/chain_event.hpp"
#include "nodes/accounts/account_kinds.hpp"
#include "nodes/accounts/account_views.hpp"
#include "nodes/shards/shard_protocol.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace sett::accounts {

using namespace execution;
using api::error_response;
using entities::command_answer;
using entities::command_status;

namespace {

constexpr auto tick_every = std::chrono::milliseconds(50);
constexpr auto read_within = std::chrono::seconds(2);
constexpr std::uint64_t all_bps = 10'000;

std::uint64_t less_bps(std::uint64_t amount, std::uint64_t bps) {
  bps = std::min(bps, all_bps);
  return static_cast<std::uint64_t>(ports::uint128{amount} * (all_bps - bps) / all_bps);
}

/// The deposit with which a paper account begins; the same for every node, so that it is booked once.
signature deposit_of(std::string_view account) {
  std::string text("sett paper deposit\n");
  text += account;
  const auto d = solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  signature s;
  std::copy(d.begin(), d.end(), s.bytes.begin());
  return s;
}

cause_id cause_named(std::string_view key) {
  cause_id c;
  const auto d = solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size()));
  std::copy(d.begin(), d.end(), c.bytes.begin());
  return c;
}

} // namespace

account_metrics account_metrics::make(ports::metrics_registry& r) {
  account_metrics m;
  m.signed_total = &r.counter_of("sett_accounts_attempts_signed_total", "Transactions signed and journalled.");
  m.sends = &r.counter_of("sett_accounts_sends_total", "Signed transactions given to a lane, resends too.");
  m.sends_refused = &r.counter_of("sett_accounts_sends_refused_total",
                                  "Sends that a lane did not take. Evidence of nothing: they are sent again.");
  m.evidence = &r.counter_of("sett_accounts_evidence_taken_total", "Testimonies that changed an attempt's state.");
  m.steps_failed = &r.counter_of("sett_accounts_steps_failed_total", "Steps of the driver that are tried again.");
  m.orders = &r.counter_of("sett_accounts_orders_opened_total", "Orders taken by this node's account actor.");
  m.denied = &r.counter_of("sett_accounts_orders_denied_total", "Orders that the account's own limits denied.");
  m.leads = &r.gauge_of("sett_accounts_led", "Accounts that this node leads.", {});
  m.open_orders = &r.gauge_of("sett_accounts_orders_open", "Open orders of the account led here.", {});
  m.positions = &r.gauge_of("sett_accounts_positions_open", "Mints that the account led here holds.", {});
  m.wallet_lamports = &r.gauge_of("sett_accounts_wallet_lamports", "Lamports of the wallet by its books.", {});
  m.realised_lamports =
      &r.gauge_of("sett_accounts_realised_lamports", "Realised profit and loss of the account led here.", {});
  return m;
}

account_actor::account_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                             std::shared_ptr<const account_setup> setup)
    : bounded_actor(cfg, std::move(cell)), setup_(std::move(setup)) {}

template <class F>
auto account_actor::here(F f) {
  caf::weak_actor_ptr self(ctrl());
  return [self, f = std::move(f)](auto&&... told) {
    auto alive = self.lock();
    if (!alive) return;
    auto run = std::make_shared<const std::function<void(account_actor&)>>(
        [f, ... said = std::decay_t<decltype(told)>(told)](account_actor& a) { f(a, said...); });
    caf::anon_send<caf::message_priority::high>(caf::actor_cast<caf::actor>(alive), account_task{std::move(run)});
  };
}

caf::behavior account_actor::make_behavior() {
  delayed_send(this, tick_every, account_tick{});
  return {
      [this](const protocol::chain_update& m) {
        if (setup_->chain->with([&](chain_tracker& t) { return t.update(*m.update); })) refresh();
      },
      [this](const protocol::slot_rooted& m) { setup_->chain->with([&](chain_tracker& t) { t.rooted(m.slot); }); },
      [this](const protocol::slot_undone& m) { setup_->chain->with([&](chain_tracker& t) { t.undone(m.slot); }); },
      [](const protocol::stream_health&) {},
      [this](const account_leader_changed&) { refresh(); },
      [this](const account_task& t) { (*t.run)(*this); },
      [this](const account_question& q) { answer(q); },
      [this](const account_tick&) {
        if (record_) act();
        if (!record_ && setup_->leading().here) refresh();
        delayed_send(this, tick_every, account_tick{});
      },
  };
}

void account_actor::with_pool(const mint_address& mint, std::function<void(account_actor&)> then) {
  if (setup_->chain->with([&](chain_tracker& t) { return t.pool_of(mint).has_value(); })) return then(*this);
  setup_->pool_elsewhere(mint, here([then = std::move(then)](account_actor& a, const std::optional<paper_pool>& p) {
                           if (p) a.setup_->chain->with([&](chain_tracker& t) { t.know(*p); });
                           then(a);
                         }));
}

void account_actor::refresh() {
  lead_ = setup_->leading();
  setup_->metrics.leads->set(lead_.here ? 1 : 0);
  if (!lead_.here) {
    driver_.reset();
    record_.reset();
    asked_pools_.clear();
    preparing_.reset();
    ticking_.reset();
    quarantine_told_ = false;
    changes_read_ = changes_;
    was_read(false);
    return;
  }
  if (reading_) {
    read_again_ = true;
    return;
  }
  const auto shard = setup_->shard();
  if (!shard) return;
  reading_ = true;
  read_again_ = false;
  changes_being_read_ = changes_;
  request(shard, read_within, shards::shard_read{{account_kind, setup_->name}, false})
      .then(
          [this](const shards::shard_read_answer& a) {
            reading_ = false;
            if (a.status == command_status::done)
              took_state(a.state);
            else
              record_.reset();
            was_read(record_.has_value());
            if (read_again_) refresh();
          },
          [this](const caf::error&) {
            reading_ = false;
            record_.reset();
            was_read(false);
          });
}

void account_actor::after_read(std::function<void(account_actor&)> then) {
  ++changes_;
  waiting_.push_back(std::move(then));
  refresh();
}

void account_actor::was_read(bool ok) {
  if (ok && changes_read_ != changes_) return; // a read that began before the change
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& then : waiting) then(*this);
}

void account_actor::took_state(std::string bytes) {
  if (bytes.empty()) {
    record_.emplace();
  } else if (auto r = decode_record(bytes)) {
    record_ = std::move(*r);
  } else {
    setup_->log.error("account-unreadable", r.error().message);
    record_.reset();
    return;
  }
  changes_read_ = changes_being_read_;
  count();
  for (const auto& [mint, held] : record_->state.books.holdings) {
    const bool wanted = record_->state.books.tokens(mint).value > 0 && asked_pools_.size() < holdings_max;
    if (wanted && asked_pools_.insert(mint).second) with_pool(mint, [](account_actor&) {});
  }
  act();
}

void account_actor::count() {
  const auto& s = record_->state;
  const auto& m = setup_->metrics;
  m.open_orders->set(static_cast<double>(s.open.size()));
  m.positions->set(static_cast<double>(std::count_if(s.books.holdings.begin(), s.books.holdings.end(),
                                                     [&](auto& h) { return s.books.tokens(h.first).value > 0; })));
  m.wallet_lamports->set(static_cast<double>(s.books.lamports_of(ledger_account::wallet)));
  double realised = 0;
  for (const auto& [id, t] : record_->log.tallies) realised += static_cast<double>(t.realised);
  m.realised_lamports->set(realised);
}

void account_actor::submit(account_command c, std::function<void(account_actor&, const command_answer&)> then) {
  submit(std::move(c), setup_->command_within_ns, std::move(then));
}

void account_actor::submit(account_command c, std::int64_t within_ns,
                           std::function<void(account_actor&, const command_answer&)> then) {
  setup_->submit(encode(c), within_ns, here(std::move(then)));
}

/// What has to be so before anything is done; true: it is.
bool account_actor::prepare(const leadership& lead, const chain_view& chain) {
  const auto& s = record_->state;
  const auto prepared = [](std::uint64_t ticket) {
    return [ticket](account_actor& a, const command_answer& said) {
      const bool ok = said.status == command_status::done;
      a.preparing_.done(ticket, ok, a.now());
      if (!ok) {
        a.blocked_ = said.payload.empty() ? "the account's shard does not answer in time" : said.payload;
        a.setup_->log.warn("account-not-prepared", a.blocked_);
      }
      a.refresh();
    };
  };
  if (!setup_->stream_confirmed) {
    blocked_ = "trading needs ingest.commitment = confirmed";
    return false;
  }
  if (chain.finalized.value == 0) {
    blocked_ = "the stream has shown no finalized block yet";
    return false;
  }
  if (s.epoch > lead.epoch) return false; // another leads already
  if (s.epoch < lead.epoch) {
    if (const auto ticket = preparing_.begin(now()))
      submit(command::take_over{.epoch = lead.epoch,
                                .why = command::why_now::failover,
                                .highest_seen = chain.tip,
                                .chain = chain,
                                .data_loss = lead.data_loss},
             prepared(ticket));
    return false;
  }
  if (setup_->opening_balance.value != 0 && s.books.lamports_of(ledger_account::external) == 0) {
    if (const auto ticket = preparing_.begin(now()))
      setup_->fund(here([prepared, ticket](account_actor& a, bool funded) {
        if (!funded) {
          a.preparing_.done(ticket, false, a.now());
          a.blocked_ = "the paper chain does not answer";
          return;
        }
        command::book_external deposit;
        deposit.transaction = deposit_of(a.setup_->name);
        deposit.lamports_delta = static_cast<std::int64_t>(a.setup_->opening_balance.value);
        a.submit(deposit, prepared(ticket));
      }));
    return false;
  }
  if (s.limits != setup_->limits && (s.open.empty() || s.limits.lifetime_blocks == setup_->limits.lifetime_blocks)) {
    if (const auto ticket = preparing_.begin(now())) submit(command::set_limits{setup_->limits}, prepared(ticket));
    return false;
  }
  blocked_.clear();
  if (s.quarantine_until.value == 0) {
    quarantine_told_ = false;
  } else {
    blocked_ = quarantine_text; // what is under way is still looked for
    if (!std::exchange(quarantine_told_, true)) setup_->log.error("account-quarantine", blocked_);
  }
  return true;
}

void account_actor::act() {
  lead_ = setup_->leading();
  if (!lead_.here || !record_) return;
  if (changes_read_ != changes_) return refresh(); // an operator changed what this state does not know
  const auto chain = setup_->chain->with([](chain_tracker& t) { return t.view(); });
  if (!prepare(lead_, chain)) return;
  const auto& s = record_->state;
  if (const auto d = account::decide(s, command::tick{chain}); d && !d->events.empty())
    if (const auto ticket = ticking_.begin(now()))
      submit(command::tick{chain}, [ticket](account_actor& a, const command_answer& said) {
        a.ticking_.done(ticket, said.status == command_status::done, a.now());
        a.refresh();
      });
  for (const auto& e : driver_.due(account::duties(s, chain), now())) begin(e);
}

void account_actor::begin(const account_effect& e) {
  if (const auto* x = std::get_if<effect::ask_signature>(&e)) return sign(*x);
  if (const auto* x = std::get_if<effect::send>(&e)) return send_out(*x);
  if (const auto* x = std::get_if<effect::look_for>(&e)) return look(*x);
  if (const auto* x = std::get_if<effect::halt_signer>(&e))
    return setup_->signer->halt(setup_->wallet, x->number,
                                here([e](account_actor& a, bool stored) { a.end(e, stored, "the signer"); }));
  if (const auto* x = std::get_if<effect::raise>(&e); x != nullptr && x->what == effect::alarm::exit_failing)
    setup_->log.error("exit-failing", "a sell does not get through", {{"order", hex_of(x->id)}});
  end(e, true);
}

void account_actor::end(const account_effect& e, bool ok, std::string_view why) {
  driver_.done(e, ok, now());
  if (ok) return;
  setup_->metrics.steps_failed->add();
  setup_->log.info("account-step-failed", why.empty() ? "it is tried again" : why, {{"step", e.index()}});
}

// --- signing

void account_actor::sign(const effect::ask_signature& e) {
  const auto* i = record_->state.find(e.id);
  if (i == nullptr) return end(e, true);
  if (!is_sell(i->kind)) return with_pool(i->mint, [e](account_actor& a) { a.build(e, {}); });
  setup_->balance(i->mint, here([e, mint = i->mint](account_actor& a, const result<account_setup::balances>& b) {
                    if (!b) return a.end(e, false, b.error().message);
                    a.with_pool(mint, [e, held = b->tokens](account_actor& self) { self.build(e, held); });
                  }));
}

void account_actor::build(const effect::ask_signature& e, token_amount held) {
  if (!record_) return end(e, false, "this node leads no more");
  const auto* i = record_->state.find(e.id);
  if (i == nullptr) return end(e, true);
  const bool buy = !is_sell(i->kind), full = i->kind == intent_kind::full_exit;
  const auto lifetime = record_->state.limits.lifetime_blocks;
  struct seen {
    chain_view view;
    std::optional<paper_pool> pool;
    std::optional<chain_point> anchor, recent;
    std::optional<block_height> oldest;
  };
  const auto c = setup_->chain->with([&](chain_tracker& t) {
    seen out;
    out.view = t.view();
    out.pool = buy ? t.pool_for(i->mint, ports::trade_side::buy, i->spend_max.value)
                   : t.pool_for(i->mint, ports::trade_side::sell, full ? held.value : i->amount.value);
    out.anchor = t.finalized();
    out.oldest = t.oldest();
    // Entries and part exits name an aged blockhash, so that they die in time.
    const auto confirmed = out.view.confirmed.value;
    const auto top =
        full ? confirmed
             : confirmed + i->max_age_blocks - std::min<std::uint64_t>(lifetime, confirmed + i->max_age_blocks);
    for (auto h = std::min(top, confirmed); h + 8 > top && h > 0 && !out.recent; --h)
      if (const auto hash = t.at(block_height(h))) out.recent = chain_point{block_height(h), *hash};
    return out;
  });
  if (!c.pool)
    return end(e, false, "no pool of this token has been seen in the stream of the node that leads the account");
  if (!c.anchor) return end(e, false, "no finalized block is known");
  if (!c.recent)
    return end(e, false,
               fmt::format("no block is known that is old enough: {} blocks back are needed, the stream goes {} back",
                           lifetime - i->max_age_blocks,
                           c.view.confirmed.value - c.oldest.value_or(block_height()).value));
  ports::trade_order o;
  o.side = buy ? ports::trade_side::buy : ports::trade_side::sell;
  o.wallet = setup_->wallet;
  o.mint = i->mint;
  o.exact_in = true;
  command::attach_signed a;
  a.id = e.id;
  a.number = e.number;
  a.blockhash_height = c.recent->height;
  a.anchor = *c.anchor;
  a.chain = c.view;
  if (buy) {
    o.amount_in = token_amount(i->spend_max.value);
    o.amount_out = i->amount;
  } else {
    a.tokens_confirmed = held;
    a.amount = full ? held : i->amount;
    if (held.value == 0 || a.amount > held) return end(e, false, "the wallet does not hold these tokens yet");
    const auto price = price_of(*c.pool, o.side, true, a.amount.value);
    if (!price) return end(e, false, price.error().message);
    o.amount_in = a.amount;
    // Each further attempt gives way more: a sell is never given up while the tokens are there.
    o.amount_out = token_amount(
        less_bps(price->out, std::uint64_t{setup_->slippage_bps} * std::min<std::uint64_t>(e.number.value, 20)));
  }
  ports::venue_snapshot pool;
  pool.venue = static_cast<program_kind>(c.pool->venue);
  pool.pool = c.pool->pool;
  pool.base_mint = i->mint;
  pool.slot = c.pool->slot;
  const auto built = setup_->builder->build(o, pool, c.recent->hash, setup_->fees);
  if (!built) return end(e, false, built.error().message);
  ports::sign_request r;
  r.wallet = setup_->wallet;
  r.message = built->message;
  r.halt_number = record_->state.halts;
  r.halted = record_->state.halted;
  setup_->signer->sign(std::move(r),
                       here([e, a, message = built->message](account_actor& self, const ports::sign_answer& said) {
                         self.attach_bytes(e, message, said, a);
                       }));
}

void account_actor::attach_bytes(const effect::ask_signature& e, const std::vector<std::uint8_t>& message,
                                 const ports::sign_answer& a, command::attach_signed c) {
  if (a.refused != ports::sign_refusal::none)
    return end(e, false, fmt::format("the signer refuses ({}): {}", ports::to_text(a.refused), a.why));
  const auto bytes = solana::attach_signatures(message, {&a.signature, 1});
  if (!bytes) return end(e, false, bytes.error().message);
  c.signature = a.signature;
  c.bytes.assign(bytes->begin(), bytes->end());
  submit(std::move(c), [e](account_actor& self, const command_answer& said) {
    const bool ok = said.status == command_status::done;
    if (ok) self.setup_->metrics.signed_total->add();
    self.end(e, ok, said.payload);
    self.refresh();
  });
}

// --- sending

void account_actor::send_out(const effect::send& e) {
  const auto chain = setup_->chain->with([](chain_tracker& t) { return t.view(); });
  const auto lead = setup_->leading();
  const auto& s = record_->state;
  const auto* a = s.find(e.id, e.number);
  // The bytes are in the state as it was read from the released journal, so they are durable.
  if (!lead.here || lead.epoch != s.epoch || a == nullptr || !account::may_send(s, e.id, e.number, chain))
    return end(e, false, "it may not be sent now");
  const ports::signed_transaction t{
      .signature = a->signature, .bytes = a->bytes, .is_protected = false, .last_valid = a->last_valid};
  if (a->state == attempt_state::signed_)
    submit(command::note_send{e.id, e.number}, [](account_actor& self, const command_answer&) { self.refresh(); });
  for (const auto& lane : setup_->lanes) {
    setup_->metrics.sends->add();
    lane->send(t, here([](account_actor& self, const ports::lane_reply& r) {
                 if (r.taken) return;
                 self.setup_->metrics.sends_refused->add();
                 self.setup_->log.debug("lane-refused", r.why);
               }));
  }
  end(e, true);
}

// --- evidence

void account_actor::look(const effect::look_for& e) {
  const auto& s = record_->state;
  const auto* i = s.find(e.id);
  const auto* a = s.find(e.id, e.number);
  if (i == nullptr || a == nullptr) return end(e, true);
  if (a->state == attempt_state::filled) {
    // Another block may be final where it was seen.
    const auto there = setup_->chain->with([&](chain_tracker& t) -> std::optional<chain_point> {
      const auto hash = t.at(a->seen_at);
      if (!hash || *hash == a->seen_in || a->seen_at > t.view().finalized) return std::nullopt;
      return chain_point{a->seen_at, *hash};
    });
    if (there)
      return submit(command::observe{e.id, e.number, fork_death{*there}},
                    [e](account_actor& self, const command_answer& said) {
                      self.end(e, said.status == command_status::done, said.payload);
                      self.refresh();
                    });
  }
  const ports::signature_query q{.signature = a->signature,
                                 .wallet = setup_->wallet,
                                 .mint = i->mint,
                                 .last_valid = a->last_valid,
                                 .anchor = a->anchor};
  for (const auto& source : setup_->evidence)
    source->look_for(q, here([e](account_actor& self, const std::vector<testimony>& told) { self.found(e, told); }));
}

void account_actor::found(const effect::look_for& e, const std::vector<testimony>& told) {
  if (!record_) return end(e, false, "this node leads no more");
  for (std::size_t i = 0; i < told.size(); ++i)
    for (std::size_t j = i + 1; j < told.size(); ++j) {
      const command::observe c{e.id, e.number, two_testimonies{told[i], told[j]}};
      // Asked here first: what proves nothing, or nothing new, is not worth an entry.
      const auto d = account::decide(record_->state, c);
      if (!d || d->events.empty()) continue;
      return submit(c, [e](account_actor& self, const command_answer& said) {
        if (said.status == command_status::done) self.setup_->metrics.evidence->add();
        self.end(e, said.status == command_status::done, said.payload);
        self.refresh();
      });
    }
  end(e, true);
}

// --- the control API

void account_actor::answer(const account_question& q) {
  const auto& r = q.request;
  const auto tail = std::string_view(r.path).substr(std::min(r.path.size(), protocol::control::account_path.size()));
  if (tail == "/quote") {
    const auto mint = solana::parse_address(std::string(r.query_or("mint", "")));
    if (!mint) return q.reply(error_response(400, mint.error().message, "write the token's mint address in full"));
    return with_pool(*mint, [q](account_actor& a) { q.reply(quote_view(q.request, *a.setup_)); });
  }
  if (!setup_->leading().here)
    return q.reply(error_response(503, "no node leads the account at this moment",
                                  "a failover takes about a second: try again, or see `sett cluster status`"));
  if (!record_) {
    refresh();
    return q.reply(error_response(503, "the account is being taken over", "try again in a moment"));
  }
  const view_context v{*setup_, *record_, lead_, blocked_,
                       setup_->chain->with([](chain_tracker& t) { return t.view(); })};
  if (r.method == "GET") {
    if (tail.empty()) return q.reply(summary_view(v));
    if (tail == "/orders") return q.reply(orders_view(v, r));
    if (tail.starts_with("/orders/")) return q.reply(order_view(v, tail.substr(8)));
    if (tail == "/positions") return q.reply(positions_view(v));
    if (tail.starts_with("/positions/")) return q.reply(position_view(v, tail.substr(11)));
    if (tail == "/pnl") return q.reply(pnl_view(v));
    if (tail == "/balance")
      return setup_->balance({}, here([reply = q.reply](account_actor& a, const result<account_setup::balances>& b) {
                               if (!a.record_) return reply(error_response(503, "the account is led elsewhere now"));
                               const view_context now{*a.setup_, *a.record_, a.lead_, a.blocked_,
                                                      a.setup_->chain->with([](chain_tracker& t) { return t.view(); })};
                               reply(balance_view(now, b));
                             }));
  } else if (r.method == "POST") {
    if (tail == "/orders") return open_order(r, q.reply);
    if (tail == "/halt")
      return change(command::halt{}, "halted: nothing is bought until `sett resume`; sells go on", q.reply);
    if (tail == "/resume") return change(command::resume{}, "resumed", q.reply);
  } else if (r.method == "DELETE" && tail.starts_with("/orders/")) {
    const auto found = find_order(v, tail.substr(8));
    if (!found) return q.reply(error_response(404, found.error().message, "`sett order ls` shows all"));
    return change(command::cancel{*found}, "canceled", q.reply);
  }
  q.reply(error_response(404, "there is no such thing to ask an account"));
}

void account_actor::change(account_command c, std::string said, const api::reply& reply) {
  submit(std::move(c), setup_->ask_within_ns,
         [said = std::move(said), reply](account_actor& a, const command_answer& told) {
           // Without an answer it may have been done all the same.
           a.after_read([said, reply, told](account_actor& read) {
             if (told.status != command_status::done)
               return reply(error_response(told.status == command_status::refused ? 422 : 504,
                                           told.payload.empty()
                                               ? "the account did not answer in time; it may have been "
                                                 "done: say it again"
                                               : told.payload));
             if (!read.record_)
               return reply(error_response(503, said + "; what is in flight cannot be read at this moment",
                                           "`sett order ls --open` shows it"));
             reply(said_view(said, in_flight(*read.record_)));
           });
         });
}

void account_actor::open_order(const api::request& r, const api::reply& reply) {
  const auto mint = solana::parse_address(std::string(r.query_or("mint", "")));
  if (!mint) return reply(error_response(400, mint.error().message, "write the token's mint address in full"));
  if (r.query_or("key", "").empty())
    return reply(error_response(400,
                                "an order needs a key, which names it: asked again with the same key it is the "
                                "same order",
                                "give each new order a new key of your own: key=..."));
  if (!blocked_.empty()) return reply(error_response(503, blocked_));
  const auto side = r.query_or("side", "");
  if (side == "sell") return sell(r, *mint, reply);
  if (side != "buy") return reply(error_response(400, "side is neither buy nor sell"));
  const auto spend = r.number("lamports", 0, 1, std::uint64_t{1} << 48U);
  const auto slippage = r.number("slippage_bps", setup_->slippage_bps, 0, all_bps);
  const auto age = r.number("max_age_blocks", setup_->max_age_blocks, 1, setup_->limits.max_age_blocks_max);
  if (!spend || *spend == 0) return reply(error_response(400, "say how much to spend: lamports, a whole number"));
  if (!slippage) return reply(error_response(400, "slippage_bps is not a number from 0 to 10000"));
  if (!age)
    return reply(error_response(
        400, fmt::format("max_age_blocks is not a number from 1 to {}", setup_->limits.max_age_blocks_max)));
  with_pool(*mint, [mint = *mint, spend = *spend, slippage = *slippage, age = *age,
                    key = std::string(r.query_or("key", "")), reply](account_actor& a) {
    const auto price = priced(*a.setup_, mint, ports::trade_side::buy, spend);
    if (!price) return reply(error_response(404, price.error().message, hint_of(price.error())));
    const auto chain = a.setup_->chain->with([](chain_tracker& t) { return t.view(); });
    a.open({.account = a.setup_->wallet,
            .strategy = strategy_id(0),
            .mint = mint,
            .kind = intent_kind::entry,
            .cause = cause_named(key),
            .event_height = chain.tip,
            .max_age_blocks = static_cast<std::uint32_t>(age),
            .live = true,
            .reentry = true,
            .spend_max = lamports(spend),
            .cost_max = cost_max(*a.setup_, true),
            .amount = token_amount(less_bps(price->price.out, slippage)),
            .tokens_max = {},
            .tokens_seen = {},
            .chain = chain},
           reply);
  });
}

void account_actor::sell(const api::request& r, const mint_address& mint, const api::reply& reply) {
  const auto percent = r.number("percent", 100, 1, 100);
  const auto age = r.number("max_age_blocks", setup_->max_age_blocks, 1, setup_->limits.max_age_blocks_max);
  if (!percent) return reply(error_response(400, "percent is not a number from 1 to 100"));
  if (!age)
    return reply(error_response(
        400, fmt::format("max_age_blocks is not a number from 1 to {}", setup_->limits.max_age_blocks_max)));
  setup_->balance(mint, here([mint, reply, percent = *percent, age = *age, key = std::string(r.query_or("key", ""))](
                                 account_actor& a, const result<account_setup::balances>& b) {
                    if (!b) return reply(error_response(503, b.error().message));
                    const auto chain = a.setup_->chain->with([](chain_tracker& t) { return t.view(); });
                    const bool all = percent == 100;
                    const auto part = static_cast<std::uint64_t>(ports::uint128{b->tokens.value} * percent / 100);
                    a.open({.account = a.setup_->wallet,
                            .strategy = strategy_id(0),
                            .mint = mint,
                            .kind = all ? intent_kind::full_exit : intent_kind::part_exit,
                            .cause = cause_named(key),
                            .event_height = chain.tip,
                            .max_age_blocks = static_cast<std::uint32_t>(age),
                            .live = true,
                            .reentry = true,
                            .spend_max = {},
                            .cost_max = cost_max(*a.setup_, false),
                            .amount = token_amount(all ? 0 : part),
                            .tokens_max = {},
                            .tokens_seen = b->tokens,
                            .chain = chain},
                           reply);
                  }));
}

void account_actor::open(const command::open_intent& c, const api::reply& reply) {
  submit(c, setup_->ask_within_ns, [reply](account_actor& a, const command_answer& said) {
    if (said.status != command_status::done) {
      const bool refused = said.status == command_status::refused;
      reply(error_response(refused ? 422 : 504,
                           said.payload.empty() ? "the account did not answer in time" : said.payload,
                           refused ? ""
                                   : "the order may have been taken: ask again with the same key, or see "
                                     "`sett order ls`"));
      return a.refresh();
    }
    const auto o = read_opened(said.payload);
    if (!o) {
      reply(error_response(500, o.error().message));
    } else {
      (o->accepted || o->known ? a.setup_->metrics.orders : a.setup_->metrics.denied)->add();
      reply(opened_view(*o));
    }
    a.refresh();
  });
}

} // namespace sett::accounts
