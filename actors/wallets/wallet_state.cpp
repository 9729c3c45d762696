#include "actors/wallets/wallet_state.hpp"

#include "actors/market/quote_coins.hpp"

#include <algorithm>
#include <tuple>

namespace sett::wallets {

namespace {

__extension__ typedef unsigned __int128 uint128;

std::int64_t saturating(std::int64_t a, std::int64_t b) {
  std::int64_t r;
  return __builtin_add_overflow(a, b, &r) ? (b > 0 ? INT64_MAX : INT64_MIN) : r;
}
std::int64_t to_signed(std::uint64_t v) { return static_cast<std::int64_t>(std::min<std::uint64_t>(v, INT64_MAX)); }

/// floor(value * part / whole), part <= whole, whole > 0
std::uint64_t share(std::uint64_t value, std::uint64_t part, std::uint64_t whole) {
  return static_cast<std::uint64_t>(static_cast<uint128>(value) * part / whole);
}

holding& holding_of(wallet_base& base, const mint_address& mint) {
  for (auto& h : base.holdings)
    if (h.mint == mint) return h;
  if (base.holdings.size() == wallet_state::holdings_max) {
    ++base.forgotten_holdings;
    base.holdings.erase(std::min_element(base.holdings.begin(), base.holdings.end(), [](const auto& a, const auto& b) {
      return a.last_slot != b.last_slot ? a.last_slot < b.last_slot : a.mint < b.mint;
    }));
  }
  auto& h = base.holdings.emplace_back();
  h.mint = mint;
  return h;
}

} // namespace

bool same_figures(const wallet_base& a, const wallet_base& b) {
  const auto figures = [](const wallet_base& w) {
    return std::tie(w.trades, w.failed, w.buys, w.sells, w.wins, w.losses, w.realized_lamports, w.bought_lamports,
                    w.sold_lamports, w.last_slot, w.last_activity, w.holdings, w.forgotten_holdings, w.incomplete,
                    w.incomplete_since);
  };
  return figures(a) == figures(b) && std::equal(a.recent.begin(), a.recent.end(), b.recent.begin(), b.recent.end(),
                                                [](const auto& x, const auto& y) {
                                                  return x.slot == y.slot && x.transaction == y.transaction &&
                                                         x.amount_in == y.amount_in && x.amount_out == y.amount_out;
                                                });
}

market::applied wallet_state::apply(market::slot_stamp stamp, const event_batch& batch, const chain_event& e) {
  using market::outcome;
  const auto& tx = batch.transactions[e.transaction];
  decltype(happened::what) what;
  if (const auto* t = std::get_if<event::trade>(&e.payload)) {
    if (t->trader != wallet_) return {};
    what = *t;
  } else if (const auto* x = std::get_if<event::transfer>(&e.payload)) {
    if ((x->from != wallet_) == (x->to != wallet_)) return {}; // neither, or to itself
    const auto arrived = x->amount.value - std::min(x->amount.value, x->withheld.value);
    what = moved{x->mint, x->to == wallet_ ? to_signed(arrived) : -to_signed(x->amount.value)};
  } else if (std::holds_alternative<event::failed>(e.payload) && tx.fee_payer == wallet_) {
    what = failure{};
  } else {
    return {};
  }
  if (stamp.slot <= base_.sealed) {
    if (stamp.slot <= restored_) {
      ++base_.duplicates;
      return {outcome::duplicate};
    }
    ++base_.too_late;
    mark_incomplete(protocol::incompleteness::too_late, stamp.slot);
    return {outcome::too_late};
  }
  auto at = std::lower_bound(window_.begin(), window_.end(), stamp.slot,
                             [](const auto& r, slot_number s) { return r.slot < s; });
  if (at == window_.end() || at->slot != stamp.slot) {
    if (window_.size() >= window_slots_max && at != window_.begin()) {
      seal(window_.front().slot);
      return apply(stamp, batch, e);
    }
    at = window_.insert(at, slot_record{stamp.slot, stamp.time, {}});
  }
  if (at->time.value == 0) at->time = stamp.time;
  happened h{static_cast<std::uint64_t>(tx.index) << 32 | static_cast<std::uint64_t>(e.path.outer) << 16 |
                 static_cast<std::uint16_t>(e.path.inner + 1),
             std::hash<signature>{}(tx.signature), tx.signature, what};
  const auto key = [](const happened& x) { return std::tuple(x.position, x.what.index(), x.identity); };
  const auto place = std::lower_bound(at->events.begin(), at->events.end(), h,
                                      [&](const auto& a, const auto& b) { return key(a) < key(b); });
  if (place != at->events.end() && key(*place) == key(h)) {
    ++base_.duplicates;
    return {outcome::duplicate};
  }
  at->events.insert(place, std::move(h));
  return {outcome::applied};
}

void wallet_state::fold(wallet_base& base, const slot_record& r) {
  base.last_slot = std::max(base.last_slot, r.slot);
  base.last_activity = std::max(base.last_activity, r.time);
  for (const auto& h : r.events) {
    if (std::holds_alternative<failure>(h.what)) {
      ++base.failed;
    } else if (const auto* m = std::get_if<moved>(&h.what)) {
      if (m->mint == market::native_mint) continue; // SOL is a balance, no holding
      auto& held = holding_of(base, m->mint);
      held.amount = saturating(held.amount, m->delta);
      held.last_slot = r.slot;
    } else if (const auto* t = std::get_if<event::trade>(&h.what)) {
      ++base.trades;
      const bool from_quote = market::is_quote_coin(t->mint_in), to_quote = market::is_quote_coin(t->mint_out);
      if (!to_quote) {
        auto& held = holding_of(base, t->mint_out);
        ++held.trades;
        held.last_slot = r.slot;
        if (from_quote) ++base.buys;
        if (t->mint_in == market::native_mint) {
          base.bought_lamports += t->amount_in.value;
          held.position += t->amount_out.value;
          held.cost_lamports += t->amount_in.value;
        }
      }
      if (!from_quote) {
        auto& held = holding_of(base, t->mint_in);
        ++held.trades;
        held.last_slot = r.slot;
        if (to_quote) ++base.sells;
        const auto sold = std::min(held.position, t->amount_in.value);
        const auto cost = held.position == 0 ? 0 : share(held.cost_lamports, sold, held.position);
        if (t->mint_out == market::native_mint) {
          base.sold_lamports += t->amount_out.value;
          if (sold != 0) {
            const auto proceeds = share(t->amount_out.value, sold, t->amount_in.value);
            base.realized_lamports = saturating(base.realized_lamports, to_signed(proceeds) - to_signed(cost));
            ++(proceeds > cost ? base.wins : base.losses);
          }
        }
        held.position -= sold;
        held.cost_lamports -= cost;
      }
      if (base.recent.size() == recent_max) base.recent.erase(base.recent.begin());
      base.recent.push_back({r.slot, r.time, h.transaction, t->mint_in, t->mint_out, t->amount_in, t->amount_out});
    }
  }
}

void wallet_state::seal(slot_number up_to) {
  if (up_to <= base_.sealed) return;
  std::size_t n = 0;
  while (n < window_.size() && window_[n].slot <= up_to) fold(base_, window_[n++]);
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(n));
  base_.sealed = up_to;
}

bool wallet_state::undo(slot_number slot) {
  const auto at = std::find_if(window_.begin(), window_.end(), [&](const auto& r) { return r.slot == slot; });
  if (at == window_.end()) return false;
  base_.undone += at->events.size();
  window_.erase(at);
  return true;
}

void wallet_state::mark_incomplete(protocol::incompleteness why, slot_number since) {
  if (base_.incomplete == 0 || since < base_.incomplete_since) base_.incomplete_since = since;
  base_.incomplete |= static_cast<std::uint8_t>(why);
}

wallet_base wallet_state::folded() const {
  auto all = base_;
  for (const auto& r : window_) fold(all, r);
  return all;
}

namespace {

protocol::wallet_summary summarize(const address& wallet, const wallet_base& all) {
  protocol::wallet_summary s;
  s.wallet = wallet;
  s.trades = all.trades;
  s.failed = all.failed;
  s.buys = all.buys;
  s.sells = all.sells;
  s.wins = all.wins;
  s.losses = all.losses;
  s.realized_lamports = all.realized_lamports;
  s.bought_lamports = all.bought_lamports;
  s.sold_lamports = all.sold_lamports;
  s.tokens_held = static_cast<std::uint64_t>(
      std::count_if(all.holdings.begin(), all.holdings.end(), [](const auto& h) { return h.amount > 0; }));
  s.last_slot = all.last_slot;
  s.last_activity = all.last_activity;
  s.incomplete = all.incomplete;
  s.incomplete_since = all.incomplete_since;
  return s;
}

} // namespace

protocol::wallet_summary wallet_state::summary() const { return summarize(wallet_, folded()); }

protocol::wallet_detail wallet_state::detail() const {
  const auto all = folded();
  protocol::wallet_detail d;
  d.summary = summarize(wallet_, all);
  for (const auto& h : all.holdings) d.holdings.push_back({h.mint, h.amount, h.cost_lamports, h.trades, h.last_slot});
  std::sort(d.holdings.begin(), d.holdings.end(), [](const auto& a, const auto& b) {
    return a.last_slot != b.last_slot ? a.last_slot > b.last_slot : a.mint < b.mint;
  });
  d.recent = all.recent;
  d.duplicates = all.duplicates;
  d.undone = all.undone;
  d.too_late = all.too_late;
  d.forgotten_holdings = all.forgotten_holdings;
  d.sealed = all.sealed;
  return d;
}

} // namespace sett::wallets
