#include "actors/market/token_state.hpp"

#include "actors/market/quote_coins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sett::market {

using protocol::token_flag;

namespace {

constexpr std::uint32_t bit(token_flag f) { return static_cast<std::uint32_t>(f); }

void set(std::uint32_t& flags, token_flag f, bool on) { flags = on ? flags | bit(f) : flags & ~bit(f); }

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
  h = (h ^ v) * 0xff51afd7ed558ccdULL;
  return h ^ (h >> 33);
}

/// Names one event of one transaction, however often and by whomever it is delivered.
std::uint64_t identity_of(const event_transaction& tx, const chain_event& e) {
  std::uint64_t sub = 0;
  if (const auto* a = std::get_if<event::authority_changed>(&e.payload)) sub = static_cast<std::uint64_t>(a->kind);
  if (const auto* l = std::get_if<event::liquidity>(&e.payload)) sub = static_cast<std::uint64_t>(l->change);
  if (const auto* l = std::get_if<event::launch>(&e.payload)) sub = static_cast<std::uint64_t>(l->phase);
  const std::uint64_t inner = static_cast<std::uint16_t>(e.path.inner); // -1 at the top level: widened without its sign
  const auto place = static_cast<std::uint64_t>(e.path.outer) << 32 | inner << 16 | e.payload.index() << 8 | sub;
  return mix(std::hash<signature>{}(tx.signature), place);
}

/// Position within the slot: transaction, then path.
std::uint64_t position_of(const event_transaction& tx, const chain_event& e) {
  return static_cast<std::uint64_t>(tx.index) << 32 | static_cast<std::uint64_t>(e.path.outer) << 16 |
         static_cast<std::uint16_t>(e.path.inner + 1);
}

void add(protocol::token_counts& to, const protocol::token_counts& from) {
  to.swaps += from.swaps;
  to.trades += from.trades;
  to.buys += from.buys;
  to.sells += from.sells;
  to.transfers += from.transfers;
  to.volume_lamports += from.volume_lamports;
  to.volume_usd_micros += from.volume_usd_micros;
  to.volume_base += from.volume_base;
}

void subtract(protocol::token_counts& to, const protocol::token_counts& from) {
  to.swaps -= from.swaps;
  to.trades -= from.trades;
  to.buys -= from.buys;
  to.sells -= from.sells;
  to.transfers -= from.transfers;
  to.volume_lamports -= from.volume_lamports;
  to.volume_usd_micros -= from.volume_usd_micros;
  to.volume_base -= from.volume_base;
}

std::int64_t saturating(std::int64_t a, std::int64_t b) {
  std::int64_t r;
  return __builtin_add_overflow(a, b, &r) ? (b > 0 ? INT64_MAX : INT64_MIN) : r;
}
std::int64_t to_signed(std::uint64_t v) { return static_cast<std::int64_t>(std::min<std::uint64_t>(v, INT64_MAX)); }

/// Bounded and valid for a terminal: control characters and quotes of a hostile name are shown as dots.
std::string clean(std::string_view text, std::size_t limit) {
  std::string s(text.substr(0, limit));
  while (!s.empty() && s.size() == limit && text.size() > limit &&
         (static_cast<unsigned char>(s.back()) & 0xc0U) == 0x80U)
    s.pop_back();
  while (!s.empty() && s.back() == '\0') s.pop_back();
  for (char& c : s)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '.';
  s.shrink_to_fit();
  return s;
}

/// Mark from the venue's state after a swap, for the token's side; 0 when the state gives none.
double mark_of(const pool_state& state, bool token_is_a) {
  if (state.kind == pool_state_kind::reserves) {
    if (state.a == 0 || state.b == 0) return 0;
    const auto a = static_cast<double>(state.a), b = static_cast<double>(state.b);
    return token_is_a ? b / a : a / b;
  }
  if (state.kind == pool_state_kind::sqrt_price_x64) {
    const double root = (std::ldexp(static_cast<double>(state.b), 64) + static_cast<double>(state.a)) * 0x1p-64;
    if (!(root > 0)) return 0;
    return token_is_a ? root * root : 1 / (root * root);
  }
  return 0;
}

} // namespace

bool operator==(const pool_entry& a, const pool_entry& b) {
  return a.pool == b.pool && a.quote_mint == b.quote_mint && a.venue == b.venue && a.price == b.price &&
         a.state.kind == b.state.kind && a.state.a == b.state.a && a.state.b == b.state.b && a.state.c == b.state.c &&
         a.buy == b.buy && a.sell == b.sell && a.fee_ppm == b.fee_ppm && a.fee_known == b.fee_known &&
         a.swaps == b.swaps && a.volume_quote == b.volume_quote && a.deposited_quote == b.deposited_quote &&
         a.last_slot == b.last_slot && a.last_key == b.last_key;
}

std::string trail_text(const trail_entry& e) {
  const auto authority_name = [](std::uint8_t k) -> std::string_view {
    switch (static_cast<event::authority_kind>(k)) {
    case event::authority_kind::mint_tokens:
      return "mint";
    case event::authority_kind::freeze_account:
      return "freeze";
    case event::authority_kind::metadata_update:
      return "metadata";
    case event::authority_kind::permanent_delegate:
      return "permanent delegate";
    default:
      return "other";
    }
  };
  switch (e.kind) {
  case trail_kind::created:
    return fmt::format("created with {} decimals", e.a);
  case trail_kind::metadata:
    return "metadata set";
  case trail_kind::metadata_updated:
    return "metadata changed";
  case trail_kind::authority:
    return fmt::format("{} authority {}", authority_name(e.detail), e.a != 0 ? "handed over" : "given up");
  case trail_kind::pool_created:
    return fmt::format("pool created with {} token and {} quote units", e.a, e.b);
  case trail_kind::liquidity_added:
    return fmt::format("liquidity added: {} token and {} quote units", e.a, e.b);
  case trail_kind::liquidity_removed:
    return fmt::format("liquidity removed: {} token and {} quote units", e.a, e.b);
  case trail_kind::liquidity_burned:
    return fmt::format("liquidity burned: {} LP units", e.a);
  case trail_kind::liquidity_locked:
    return fmt::format("liquidity locked: {} LP units", e.a);
  case trail_kind::launch_created:
    return "launched";
  case trail_kind::launch_completed:
    return "bonding curve completed";
  case trail_kind::migrated:
    return "migrated to a pool";
  case trail_kind::count_:
    break;
  }
  return "?";
}

bool same_figures(const token_base& a, const token_base& b) {
  return a.first_slot == b.first_slot && a.last_slot == b.last_slot && a.created == b.created &&
         a.updated == b.updated && a.counts == b.counts && a.decimals == b.decimals && a.flags == b.flags &&
         a.creator == b.creator && a.mint_authority == b.mint_authority && a.freeze_authority == b.freeze_authority &&
         a.name == b.name && a.symbol == b.symbol && a.uri == b.uri && a.pools == b.pools && a.candles == b.candles &&
         a.holders.same_as(b.holders) && a.trail == b.trail && a.incomplete == b.incomplete &&
         a.incomplete_since == b.incomplete_since;
}

token_state::token_state(mint_address mint, token_base base)
    : mint_(mint), base_(std::move(base)), restored_(base_.sealed), counts_(base_.counts) {}

token_state::slot_record& token_state::record(slot_stamp stamp) {
  auto at = std::lower_bound(window_.begin(), window_.end(), stamp.slot,
                             [](const auto& w, slot_number s) { return w.slot < s; });
  if (at == window_.end() || at->slot != stamp.slot) {
    if (window_.size() >= window_slots_max && at != window_.begin()) {
      ++base_.sealed_early;
      seal(window_.front().slot);
      return record(stamp);
    }
    if (window_.size() == window_.capacity()) {
      const auto i = at - window_.begin();
      window_.reserve(window_.size() + 1 + window_.size() / 2);
      at = window_.begin() + i;
    }
    at = window_.insert(at, {stamp.slot, std::make_unique<slot_record>()});
    at->record->slot = stamp.slot;
  }
  auto& r = *at->record;
  if (r.time.value == 0) r.time = stamp.time; // parts of a slot may come before its time is known
  return r;
}

applied token_state::apply(slot_stamp stamp, const event_batch& batch, const chain_event& e) {
  const auto concerned = mints_of(e.payload);
  bool ours = false;
  for (std::size_t i = 0; i < concerned.count; ++i) ours = ours || *concerned.mints[i] == mint_;
  if (!ours) return {};
  if (stamp.slot <= base_.sealed) {
    if (stamp.slot <= restored_) {
      ++base_.duplicates;
      return {outcome::duplicate};
    }
    ++base_.too_late;
    mark_incomplete(protocol::incompleteness::too_late, stamp.slot);
    return {outcome::too_late};
  }
  const auto& tx = batch.transactions[e.transaction];
  auto& r = record(stamp);
  const auto id = identity_of(tx, e);
  const auto at = std::lower_bound(r.seen.begin(), r.seen.end(), id);
  if (at != r.seen.end() && *at == id) {
    ++base_.duplicates;
    return {outcome::duplicate};
  }
  r.seen.insert(at, id);

  applied result{outcome::applied};
  const auto key = position_of(tx, e);
  using protocol::opportunity_kind;
  const auto before = r.counts;
  if (const auto* s = std::get_if<event::swap>(&e.payload)) {
    result.price_moved = add_swap(r, key, e.program, *s);
  } else if (std::holds_alternative<event::trade>(e.payload)) {
    ++r.counts.trades;
  } else if (const auto* t = std::get_if<event::transfer>(&e.payload)) {
    add_transfer(r, *t);
  } else if (const auto* m = std::get_if<event::mint_created>(&e.payload)) {
    add_fact(r, key, batch, e, *m);
    result.opportunity = opportunity_kind::token_created;
  } else if (const auto* d = std::get_if<event::metadata>(&e.payload)) {
    add_fact(r, key, batch, e,
             metadata_text{clean(batch.view(d->name), name_max), clean(batch.view(d->symbol), symbol_max),
                           clean(batch.view(d->uri), uri_max), d->is_mutable, d->created});
  } else if (const auto* a = std::get_if<event::authority_changed>(&e.payload)) {
    add_fact(r, key, batch, e, *a);
  } else if (const auto* p = std::get_if<event::pool_created>(&e.payload)) {
    add_fact(r, key, batch, e, *p);
    result.opportunity = opportunity_kind::pool_created;
  } else if (const auto* l = std::get_if<event::liquidity>(&e.payload)) {
    add_fact(r, key, batch, e, *l);
    if (l->change == event::liquidity_change::added) result.opportunity = opportunity_kind::liquidity_added;
    if (l->change == event::liquidity_change::removed) result.opportunity = opportunity_kind::liquidity_removed;
    if (l->change == event::liquidity_change::burned) result.opportunity = opportunity_kind::liquidity_burned;
    if (l->change == event::liquidity_change::locked) result.opportunity = opportunity_kind::liquidity_locked;
  } else if (const auto* n = std::get_if<event::launch>(&e.payload)) {
    add_fact(r, key, batch, e, *n);
    if (n->phase == event::launch_phase::completed) result.opportunity = opportunity_kind::launch_completed;
    if (n->phase == event::launch_phase::migrated) result.opportunity = opportunity_kind::migrated;
  }
  auto delta = r.counts;
  subtract(delta, before);
  add(counts_, delta);
  return result;
}

pool_entry& token_state::pool_of(slot_pools& pools, const address& pool) {
  for (auto& p : pools)
    if (p.pool == pool) return p;
  auto& p = pools.emplace_back();
  p.pool = pool;
  return p;
}

bool token_state::add_swap(slot_record& r, std::uint64_t key, program_kind program, const event::swap& s) {
  const bool buy = s.mint_out == mint_;
  const auto& quote_mint = buy ? s.mint_in : s.mint_out;
  const std::uint64_t base_units = (buy ? s.amount_out : s.amount_in).value;
  const std::uint64_t quote_units = (buy ? s.amount_in : s.amount_out).value;
  const auto quote = quote_class_of(quote_mint);
  auto& c = r.counts;
  ++c.swaps;
  ++(buy ? c.buys : c.sells);
  c.volume_base += base_units;
  if (quote == quote_class::sol) c.volume_lamports += quote_units;
  if (quote == quote_class::usd) c.volume_usd_micros += quote_units;
  const double price = base_units == 0 ? 0 : static_cast<double>(quote_units) / static_cast<double>(base_units);

  auto& p = pool_of(r.pools, s.pool);
  ++p.swaps;
  p.volume_quote += quote_units;
  p.last_slot = r.slot;
  if (!p.swapped || key >= p.last_key) {
    p.swapped = true;
    p.last_key = key;
    p.venue = program;
    p.quote_mint = quote_mint;
    const bool token_is_a = s.base_is_mint_in == !buy; // a is mint_in's side or mint_out's
    p.state = s.after;
    if (p.state.kind == pool_state_kind::reserves && !token_is_a) std::swap(p.state.a, p.state.b);
    const double mark = mark_of(s.after, token_is_a);
    if (mark > 0 || price > 0) p.price = mark > 0 ? mark : price;
    p.fee_known = s.fee_known;
    const auto fee_side = s.fee_in_mint_in ? s.amount_in.value : s.amount_out.value;
    p.fee_ppm = s.fee_known && fee_side != 0
                    ? static_cast<std::uint32_t>(
                          std::min(1e6, static_cast<double>(s.fee.value) * 1e6 / static_cast<double>(fee_side)))
                    : 0;
  }
  if (s.fee_known && s.after.kind == pool_state_kind::reserves) {
    const auto in_side = s.base_is_mint_in ? s.after.a : s.after.b,
               out_side = s.base_is_mint_in ? s.after.b : s.after.a;
    // Only proofs are kept: a swap that fits no model (a donation in between) does not unprove the rate. Of several in
    // one slot the dearest counts, whatever their order.
    if (const auto proof =
            explain_swap(in_side, out_side, s.amount_in.value, s.amount_out.value, s.fee.value, s.fee_in_mint_in)) {
      auto& known = buy ? p.buy : p.sell;
      if (known.model == fee_model::unknown || proof->ppm > known.ppm ||
          (proof->ppm == known.ppm && proof->model > known.model))
        known = *proof;
    }
  }
  if (!(price > 0) || quote == quote_class::other) return false;
  auto bar = std::find_if(r.bars.begin(), r.bars.end(), [&](const auto& b) { return b.quote == quote; });
  if (bar == r.bars.end()) {
    r.bars.push_back({quote, price, price, price, price, key, key, quote_units, 1});
  } else {
    if (key < bar->open_key) {
      bar->open = price;
      bar->open_key = key;
    }
    if (key >= bar->close_key) {
      bar->close = price;
      bar->close_key = key;
    }
    bar->high = std::max(bar->high, price);
    bar->low = std::min(bar->low, price);
    bar->volume_quote += quote_units;
    ++bar->swaps;
  }
  return r.slot == window_.back().slot;
}

void token_state::add_transfer(slot_record& r, const event::transfer& t) {
  ++r.counts.transfers;
  const auto change = [&](const address& wallet, std::int64_t delta, bool received) {
    if (wallet.is_zero()) return;
    for (auto& h : r.holders)
      if (h.wallet == wallet) {
        h.delta = saturating(h.delta, delta);
        h.received = h.received || received;
        return;
      }
    if (r.holders.size() >= holder_changes_max) {
      ++r.holders_shed;
      return;
    }
    if (r.holders.size() == r.holders.capacity()) r.holders.reserve(r.holders.size() + 2);
    r.holders.push_back({wallet, delta, received});
  };
  const std::uint64_t arrived = t.amount.value - std::min(t.amount.value, t.withheld.value);
  change(t.from, -to_signed(t.amount.value), false);
  change(t.to, to_signed(arrived), true);
}

void token_state::add_fact(slot_record& r, std::uint64_t key, const event_batch& batch, const chain_event& e,
                           fact_payload payload) {
  fact f{key, e.program, batch.transactions[e.transaction].fee_payer, std::move(payload)};
  const auto at = std::upper_bound(r.facts.begin(), r.facts.end(), f, [](const fact& a, const fact& b) {
    return a.key != b.key ? a.key < b.key : a.payload.index() < b.payload.index();
  });
  r.facts.insert(at, std::move(f));
}

void token_state::fold_fact(token_base& base, const slot_record& r, const fact& f) {
  const auto line = [&](trail_kind kind, std::uint8_t detail, std::uint64_t a, std::uint64_t b) {
    if (base.trail.size() == trail_max) base.trail.erase(base.trail.begin());
    if (base.trail.size() == base.trail.capacity()) base.trail.reserve(std::min(trail_max, base.trail.size() + 4));
    base.trail.push_back({r.slot.value, static_cast<std::uint32_t>(r.time.value), kind, detail, a, b});
  };
  const auto program = static_cast<std::uint8_t>(f.program);
  if (const auto* m = std::get_if<event::mint_created>(&f.payload)) {
    base.decimals = static_cast<std::int8_t>(std::min<int>(m->decimals, 127));
    base.created = r.time;
    if (base.creator.is_zero()) base.creator = f.signer;
    base.mint_authority = m->has_mint_authority ? m->mint_authority : address{};
    base.freeze_authority = m->has_freeze_authority ? m->freeze_authority : address{};
    set(base.flags, token_flag::created_seen, true);
    set(base.flags, token_flag::mint_authority, m->has_mint_authority);
    set(base.flags, token_flag::freeze_authority, m->has_freeze_authority);
    set(base.flags, token_flag::token_2022, m->token_program == program_kind::token_2022);
    // Extension numbers: ExtensionType of the Token-2022 program (1 TransferFeeConfig, 6 DefaultAccountState,
    // 12 PermanentDelegate, 14 TransferHook, 26 Pausable).
    const auto extension = [&](unsigned n) { return (m->extensions >> n & 1U) != 0; };
    set(base.flags, token_flag::transfer_fee, extension(1));
    set(base.flags, token_flag::default_frozen, extension(6));
    set(base.flags, token_flag::permanent_delegate, extension(12));
    set(base.flags, token_flag::transfer_hook, extension(14));
    set(base.flags, token_flag::pausable, extension(26));
    line(trail_kind::created, program, m->decimals, m->extensions);
  } else if (const auto* d = std::get_if<metadata_text>(&f.payload)) {
    if (!d->name.empty()) base.name = d->name;
    if (!d->symbol.empty()) base.symbol = d->symbol;
    if (!d->uri.empty()) base.uri = d->uri;
    set(base.flags, token_flag::metadata_mutable, d->is_mutable);
    line(d->created ? trail_kind::metadata : trail_kind::metadata_updated, program, 0, 0);
  } else if (const auto* a = std::get_if<event::authority_changed>(&f.payload)) {
    if (a->kind == event::authority_kind::mint_tokens) {
      base.mint_authority = a->has_new ? a->new_authority : address{};
      set(base.flags, token_flag::mint_authority, a->has_new);
    } else if (a->kind == event::authority_kind::freeze_account) {
      base.freeze_authority = a->has_new ? a->new_authority : address{};
      set(base.flags, token_flag::freeze_authority, a->has_new);
    } else if (a->kind == event::authority_kind::permanent_delegate) {
      set(base.flags, token_flag::permanent_delegate, a->has_new);
    }
    line(trail_kind::authority, static_cast<std::uint8_t>(a->kind), a->has_new ? 1 : 0, 0);
  } else if (const auto* p = std::get_if<event::pool_created>(&f.payload)) {
    line(trail_kind::pool_created, program, p->base_amount.value, p->quote_amount.value);
  } else if (const auto* l = std::get_if<event::liquidity>(&f.payload)) {
    switch (l->change) {
    case event::liquidity_change::added:
      line(trail_kind::liquidity_added, program, l->base_amount.value, l->quote_amount.value);
      break;
    case event::liquidity_change::removed:
      set(base.flags, token_flag::liquidity_removed, true);
      line(trail_kind::liquidity_removed, program, l->base_amount.value, l->quote_amount.value);
      break;
    case event::liquidity_change::burned:
      set(base.flags, token_flag::liquidity_burned, true);
      line(trail_kind::liquidity_burned, program, l->lp_amount.value, 0);
      break;
    case event::liquidity_change::locked:
      set(base.flags, token_flag::liquidity_locked, true);
      line(trail_kind::liquidity_locked, program, l->lp_amount.value, 0);
      break;
    }
  } else if (const auto* n = std::get_if<event::launch>(&f.payload)) {
    switch (n->phase) {
    case event::launch_phase::created:
      set(base.flags, token_flag::launch_created, true);
      if (!n->creator.is_zero()) base.creator = n->creator;
      line(trail_kind::launch_created, program, 0, 0);
      break;
    case event::launch_phase::completed:
      set(base.flags, token_flag::launch_completed, true);
      line(trail_kind::launch_completed, program, 0, 0);
      break;
    case event::launch_phase::migrated:
      set(base.flags, token_flag::migrated, true);
      line(trail_kind::migrated, program, 0, 0);
      break;
    }
  }
}

void token_state::fold(token_base& base, slot_record& r) {
  if (base.first_slot.value == 0) base.first_slot = r.slot;
  base.last_slot = std::max(base.last_slot, r.slot);
  if (r.time.value != 0) base.updated = std::max(base.updated, r.time);
  add(base.counts, r.counts);
  base.holder_changes_shed += r.holders_shed;
  for (const auto& f : r.facts) {
    fold_fact(base, r, f);
    // Deposits of a pool: what its own events say.
    const auto* created = std::get_if<event::pool_created>(&f.payload);
    const auto* change = std::get_if<event::liquidity>(&f.payload);
    if (created == nullptr && change == nullptr) continue;
    const auto& pool = created != nullptr ? created->pool : change->pool;
    if (pool.is_zero()) continue;
    auto& p = pool_of(r.pools, pool);
    p.last_slot = r.slot;
    if (p.venue == program_kind::unknown) p.venue = f.program;
    const auto& quote_mint = created != nullptr ? created->quote_mint : change->quote_mint;
    const auto quote_amount = to_signed((created != nullptr ? created->quote_amount : change->quote_amount).value);
    if (p.quote_mint.is_zero()) p.quote_mint = quote_mint;
    if (created != nullptr || change->change == event::liquidity_change::added)
      p.deposited_quote = saturating(p.deposited_quote, quote_amount);
    if (change != nullptr && change->change == event::liquidity_change::removed)
      p.deposited_quote = saturating(p.deposited_quote, -quote_amount);
  }
  std::sort(r.pools.begin(), r.pools.end(), [](const auto& a, const auto& b) { return a.pool < b.pool; });
  for (const auto& d : r.pools) {
    auto at = std::find_if(base.pools.begin(), base.pools.end(), [&](const auto& p) { return p.pool == d.pool; });
    if (at == base.pools.end()) {
      if (base.pools.size() == pools_max)
        base.pools.erase(std::min_element(base.pools.begin(), base.pools.end(), [](const auto& a, const auto& b) {
          return a.last_slot != b.last_slot ? a.last_slot < b.last_slot : a.pool < b.pool;
        }));
      if (base.pools.size() == base.pools.capacity()) base.pools.reserve(base.pools.size() + 1);
      base.pools.push_back(d);
      continue;
    }
    auto merged = d;
    merged.swaps += at->swaps;
    merged.volume_quote += at->volume_quote;
    merged.deposited_quote = saturating(at->deposited_quote, d.deposited_quote);
    if (d.buy.model == fee_model::unknown) merged.buy = at->buy;
    if (d.sell.model == fee_model::unknown) merged.sell = at->sell;
    if (!d.swapped) {
      merged.price = at->price;
      merged.state = at->state;
      merged.fee_ppm = at->fee_ppm;
      merged.fee_known = at->fee_known;
      merged.swapped = at->swapped;
      merged.last_key = at->last_key;
      merged.venue = at->venue;
      merged.quote_mint = at->quote_mint;
    }
    *at = merged;
  }
  if (r.time.value > 0 && r.time.value <= UINT32_MAX)
    for (const auto& bar : r.bars) base.candles[static_cast<std::size_t>(bar.quote)].add(bar, r.time.value);
  std::sort(r.holders.begin(), r.holders.end(), [](const auto& a, const auto& b) { return a.wallet < b.wallet; });
  for (const auto& h : r.holders) {
    const bool is_pool =
        std::any_of(base.pools.begin(), base.pools.end(), [&](const auto& p) { return p.pool == h.wallet; });
    if (!is_pool) base.holders.add(h.wallet, h.delta, h.received);
  }
}

void token_state::seal(slot_number up_to) {
  if (up_to <= base_.sealed) return;
  std::size_t n = 0;
  while (n < window_.size() && window_[n].slot <= up_to) fold(base_, *window_[n++].record);
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(n));
  if (window_.empty()) window_.shrink_to_fit();
  base_.sealed = up_to;
}

bool token_state::undo(slot_number slot) {
  const auto at = std::find_if(window_.begin(), window_.end(), [&](const auto& w) { return w.slot == slot; });
  if (at == window_.end()) return false;
  base_.undone += at->record->seen.size();
  subtract(counts_, at->record->counts);
  window_.erase(at);
  return true;
}

void token_state::forget_from(slot_number slot) {
  while (!window_.empty() && window_.back().slot >= slot) {
    subtract(counts_, window_.back().record->counts);
    window_.pop_back();
  }
}

void token_state::mark_incomplete(protocol::incompleteness why, slot_number since) {
  if (base_.incomplete == 0 || since < base_.incomplete_since) base_.incomplete_since = since;
  base_.incomplete |= static_cast<std::uint8_t>(why);
}

token_base token_state::folded() const {
  token_base all = base_;
  for (const auto& w : window_) {
    auto copy = *w.record;
    fold(all, copy);
  }
  return all;
}

namespace {

quote_class main_quote(const token_base& all) {
  const auto swaps = [&](quote_class q) {
    std::uint64_t n = 0;
    for (const auto& p : all.pools) n += quote_class_of(p.quote_mint) == q ? p.swaps : 0;
    return n;
  };
  const auto sol = swaps(quote_class::sol), usd = swaps(quote_class::usd);
  return sol == 0 && usd != 0 ? quote_class::usd : quote_class::sol;
}

std::uint64_t liquidity_of(const pool_entry& p) {
  if (p.state.kind == pool_state_kind::reserves) return p.state.b;
  return p.deposited_quote > 0 ? static_cast<std::uint64_t>(p.deposited_quote) : 0;
}

protocol::token_summary summarize(const mint_address& mint, const token_base& all) {
  protocol::token_summary s;
  s.mint = mint;
  s.name = all.name;
  s.symbol = all.symbol;
  s.decimals = all.decimals;
  s.quote = main_quote(all);
  const pool_entry* latest = nullptr;
  for (const auto& p : all.pools) {
    if (quote_class_of(p.quote_mint) != s.quote) continue;
    s.liquidity_quote += liquidity_of(p);
    if (p.swapped && (latest == nullptr || p.last_slot > latest->last_slot ||
                      (p.last_slot == latest->last_slot && p.last_key > latest->last_key)))
      latest = &p;
  }
  s.price = latest != nullptr ? latest->price : 0;
  const auto minutes = all.candles[static_cast<std::size_t>(s.quote)].ring(1);
  s.change_ratio = change_over(minutes, 300);
  s.volatility = volatility_of(minutes);
  s.counts = all.counts;
  s.holders_seen = all.holders.distinct();
  s.flags = all.flags;
  s.pools = static_cast<std::uint32_t>(all.pools.size());
  s.first_slot = all.first_slot;
  s.last_slot = all.last_slot;
  s.created = all.created;
  s.updated = all.updated;
  s.incomplete = all.incomplete;
  s.incomplete_since = all.incomplete_since;
  return s;
}

} // namespace

protocol::token_summary token_state::summary() const { return summarize(mint_, folded()); }

protocol::token_detail token_state::detail() const {
  const auto all = folded();
  protocol::token_detail d;
  d.summary = summarize(mint_, all);
  d.uri = all.uri;
  d.creator = all.creator;
  d.mint_authority = all.mint_authority;
  d.freeze_authority = all.freeze_authority;
  for (const auto& p : all.pools)
    d.pools.push_back({p.pool, p.venue, p.quote_mint, p.price, p.state, p.fee_ppm, p.fee_known, p.swaps, p.volume_quote,
                       liquidity_of(p), p.last_slot});
  for (std::size_t q = 0; q < all.candles.size(); ++q)
    for (std::size_t f = 0; f < timeframes.size(); ++f) {
      auto ring = all.candles[q].ring(f);
      if (!ring.empty()) d.series.push_back({static_cast<quote_class>(q), timeframes[f].width_s, std::move(ring)});
    }
  d.holders.assign(all.holders.top().begin(), all.holders.top().end());
  std::sort(d.holders.begin(), d.holders.end(), [](const auto& a, const auto& b) {
    return a.net_base != b.net_base ? a.net_base > b.net_base : a.wallet < b.wallet;
  });
  for (const auto& t : all.trail) d.trail.push_back({slot_number{t.slot}, unix_seconds{t.time_s}, trail_text(t)});
  d.duplicates = all.duplicates;
  d.undone = all.undone;
  d.too_late = all.too_late;
  d.parked = all.parked;
  d.sealed = all.sealed;
  return d;
}

protocol::token_quote token_state::quote(bool buy, token_amount amount_in) const {
  const auto all = folded();
  const auto wanted = main_quote(all);
  protocol::token_quote best;
  for (const auto& p : all.pools) {
    if (!p.swapped || quote_class_of(p.quote_mint) != wanted) continue;
    protocol::token_quote q{p.pool, p.venue, {}, false};
    if (p.state.kind == pool_state_kind::reserves && p.state.a != 0 && p.state.b != 0) {
      const auto in = buy ? p.state.b : p.state.a, out = buy ? p.state.a : p.state.b;
      auto fee = buy ? p.buy : p.sell;
      q.exact = fee.model != fee_model::unknown;
      if (!q.exact) fee.ppm = p.fee_ppm;
      q.amount_out.value = constant_product_out(in, out, amount_in.value, fee);
    } else if (p.price > 0) {
      const double fair = static_cast<double>(amount_in.value) * (buy ? 1 / p.price : p.price) * (1 - p.fee_ppm * 1e-6);
      q.amount_out.value = fair >= 0x1p64 ? UINT64_MAX : static_cast<std::uint64_t>(std::max(0.0, fair));
    }
    // An exact answer beats an estimate: an estimate knows nothing of depth.
    if (best.pool.is_zero() || q.exact > best.exact || (q.exact == best.exact && q.amount_out > best.amount_out))
      best = q;
  }
  return best;
}

protocol::price_update token_state::price() const {
  protocol::price_update u;
  u.mint = mint_;
  u.counts = counts_;
  for (auto r = window_.rbegin(); r != window_.rend(); ++r) {
    const pool_entry* latest = nullptr;
    for (const auto& p : r->record->pools)
      if (p.swapped && p.price > 0 && quote_class_of(p.quote_mint) != quote_class::other &&
          (latest == nullptr || p.last_key > latest->last_key))
        latest = &p;
    if (latest == nullptr) continue;
    u.pool = latest->pool;
    u.quote = quote_class_of(latest->quote_mint);
    u.price = latest->price;
    u.slot = r->slot;
    return u;
  }
  const pool_entry* latest = nullptr;
  for (const auto& p : base_.pools)
    if (p.swapped && p.price > 0 && quote_class_of(p.quote_mint) != quote_class::other &&
        (latest == nullptr || p.last_slot > latest->last_slot ||
         (p.last_slot == latest->last_slot && p.last_key > latest->last_key)))
      latest = &p;
  if (latest != nullptr) {
    u.pool = latest->pool;
    u.quote = quote_class_of(latest->quote_mint);
    u.price = latest->price;
    u.slot = latest->last_slot;
  }
  return u;
}

concerned_mints mints_of(const event_payload& payload) {
  concerned_mints r;
  const auto one = [&](const mint_address& m) {
    if (!m.is_zero()) r.mints[r.count++] = &m;
  };
  const auto pair = [&](const mint_address& a, const mint_address& b) {
    if (a == b) {
      if (!is_quote_coin(a)) one(a);
      return;
    }
    if (!is_quote_coin(a)) one(a);
    if (!is_quote_coin(b)) one(b);
    if (is_quote_coin(a) && is_quote_coin(b))
      one(a == native_mint ? a : b); // SOL against dollars; between dollars the second
  };
  if (const auto* s = std::get_if<event::swap>(&payload)) pair(s->mint_in, s->mint_out);
  if (const auto* t = std::get_if<event::trade>(&payload)) pair(t->mint_in, t->mint_out);
  if (const auto* t = std::get_if<event::transfer>(&payload)) {
    if (!is_quote_coin(t->mint)) one(t->mint);
  }
  if (const auto* m = std::get_if<event::mint_created>(&payload)) one(m->mint);
  if (const auto* d = std::get_if<event::metadata>(&payload)) one(d->mint);
  if (const auto* p = std::get_if<event::pool_created>(&payload)) pair(p->base_mint, p->quote_mint);
  if (const auto* l = std::get_if<event::liquidity>(&payload)) pair(l->base_mint, l->quote_mint);
  if (const auto* n = std::get_if<event::launch>(&payload)) one(n->mint);
  if (const auto* a = std::get_if<event::authority_changed>(&payload)) {
    // Mint authorities name the mint; account authorities name token accounts, which are no tokens.
    using event::authority_kind;
    if (a->kind != authority_kind::account_owner && a->kind != authority_kind::close_account &&
        a->kind != authority_kind::pool_creator && a->kind != authority_kind::other && !is_quote_coin(a->account))
      one(a->account);
  }
  return r;
}

} // namespace sett::market
