#include "nodes/accounts/chain_tracker.hpp"

#include <algorithm>

namespace sett::accounts {

namespace {

/// So11111111111111111111111111111111111111112
constexpr mint_address native{{0x06, 0x9b, 0x88, 0x57, 0xfe, 0xab, 0x81, 0x84, 0xfb, 0x68, 0x7f,
                               0x63, 0x46, 0x18, 0xc0, 0x35, 0xda, 0xc4, 0x39, 0xdc, 0x1a, 0xeb,
                               0x3b, 0x55, 0x98, 0xa0, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x01}};

// A new curve's virtual reserves and fee (pump.fun's global account; 0.95 % and 0.30 % to the creator, 2025-09).
constexpr std::uint64_t curve_tokens = 1'073'000'000'000'000, curve_quote = 30'000'000'000;
constexpr std::uint32_t curve_fee_ppm = 12'500;

} // namespace

bool chain_tracker::update(const block_update& u) {
  learn(u);
  newest_ = std::max(newest_, u.slot);
  if (u.slot <= rooted_) return false;
  auto& b = blocks_[u.slot];
  if (u.height != 0) b.point.height = block_height(u.height);
  if (!u.blockhash.is_zero()) b.point.hash = u.blockhash;
  if (!u.parent_blockhash.is_zero()) b.parent = u.parent_blockhash;
  b.complete = b.complete || u.complete;
  if (b.point.height.value == 0 || b.point.hash.is_zero()) return false;
  heights_[b.point.height] = u.slot;
  const bool grew = b.point.height > view_.tip;
  view_.tip = view_.confirmed = std::max(view_.tip, b.point.height);
  return grew;
}

void chain_tracker::undone(slot_number slot) {
  const auto it = blocks_.find(slot);
  if (it == blocks_.end()) return;
  if (const auto h = heights_.find(it->second.point.height); h != heights_.end() && h->second == slot)
    heights_.erase(h);
  blocks_.erase(it);
}

void chain_tracker::rooted(slot_number slot) {
  for (auto it = blocks_.upper_bound(rooted_); it != blocks_.end() && it->first <= slot; ++it) {
    const auto& b = it->second;
    if (b.point.height.value == 0) {
      finalized_.lose();
      continue;
    }
    finalized_.extend({.at = b.point, .parent = b.parent, .transactions = 1, .transactions_seen = b.complete ? 1U : 0U},
                      {});
    view_.finalized = std::max(view_.finalized, b.point.height);
  }
  rooted_ = std::max(rooted_, slot);
  while (blocks_.size() > blocks_max && blocks_.begin()->first < rooted_) undone(blocks_.begin()->first);
}

std::optional<chain_point> chain_tracker::finalized() const {
  if (const auto hash = at(view_.finalized)) return chain_point{view_.finalized, *hash};
  return std::nullopt;
}

std::optional<blockhash> chain_tracker::at(block_height height) const {
  const auto it = heights_.find(height);
  if (it == heights_.end()) return std::nullopt;
  return blocks_.at(it->second).point.hash;
}

std::optional<chain_point> chain_tracker::first_between(block_height from, block_height to) const {
  const auto it = heights_.lower_bound(from);
  if (it == heights_.end() || it->first > to) return std::nullopt;
  return blocks_.at(it->second).point;
}

std::optional<block_height> chain_tracker::oldest() const {
  if (heights_.empty()) return std::nullopt;
  return heights_.begin()->first;
}

std::optional<execution::paper_pool> chain_tracker::pool(const address& pool) const {
  const auto it = pools_.find(pool);
  if (it == pools_.end()) return std::nullopt;
  return it->second.state;
}

std::optional<execution::paper_pool> chain_tracker::pool_of(const mint_address& mint) const {
  const auto it = by_mint_.find(mint);
  return it == by_mint_.end() ? std::nullopt : pool(it->second.back());
}

std::optional<execution::paper_pool> chain_tracker::pool_for(const mint_address& mint, ports::trade_side side,
                                                             std::uint64_t amount) const {
  const auto it = by_mint_.find(mint);
  if (it == by_mint_.end()) return std::nullopt;
  auto best = pool(it->second.back());
  std::uint64_t most = 0;
  for (const auto& one : it->second) {
    const auto p = pool(one);
    const auto price =
        p ? execution::price_of(*p, side, true, amount) : result<execution::paper_price>(execution::paper_price{});
    if (!price || price->out <= most) continue;
    most = price->out;
    best = p;
  }
  return best;
}

void chain_tracker::name(const mint_address& mint, const address& pool) {
  auto& all = by_mint_[mint];
  std::erase(all, pool);
  all.push_back(pool);
  if (all.size() > pools_of_mint_max) all.erase(all.begin());
}

void chain_tracker::know(const execution::paper_pool& pool) {
  const auto it = pools_.find(pool.pool);
  if (it != pools_.end() && it->second.state.slot >= pool.slot) return;
  touch(pool.pool, pool.mint) = pool;
  name(pool.mint, pool.pool);
}

execution::paper_pool& chain_tracker::touch(const address& pool, const mint_address& mint) {
  const auto [it, added] = pools_.try_emplace(pool);
  auto& p = it->second;
  if (added) {
    p.state.pool = pool;
    p.state.mint = mint;
    p.used = used_.insert(used_.end(), pool);
    if (pools_.size() > pools_max) {
      const auto oldest = pools_.find(used_.front());
      if (const auto m = by_mint_.find(oldest->second.state.mint); m != by_mint_.end()) {
        std::erase(m->second, oldest->first);
        if (m->second.empty()) by_mint_.erase(m);
      }
      pools_.erase(oldest);
      used_.pop_front();
    }
  } else {
    used_.splice(used_.end(), used_, p.used);
  }
  return p.state;
}

void chain_tracker::learn(const block_update& u) {
  for (const auto& e : u.batch.events) {
    if (const auto* s = std::get_if<event::swap>(&e.payload)) {
      if (s->after.kind != pool_state_kind::reserves) continue;
      const bool buy = s->mint_in == native;
      if (buy == (s->mint_out == native)) continue;
      const auto& mint = buy ? s->mint_out : s->mint_in;
      auto& p = touch(s->pool, mint);
      if (u.slot < p.slot) continue; // late: what is known is newer
      p.slot = u.slot;
      p.venue = static_cast<std::uint8_t>(e.program);
      // `a` belongs to mint_in when base_is_mint_in; the token is mint_in of a sale.
      const bool a_is_token = s->base_is_mint_in != buy;
      p.reserve_token = a_is_token ? s->after.a : s->after.b;
      p.reserve_quote = a_is_token ? s->after.b : s->after.a;
      const auto quote = buy ? s->amount_in.value : s->amount_out.value;
      if (s->fee_known && quote > 1'000'000 && s->fee_in_mint_in == buy)
        p.fee_ppm = static_cast<std::uint32_t>(std::min<std::uint64_t>(
            static_cast<std::uint64_t>(static_cast<double>(s->fee.value) * 1e6 / static_cast<double>(quote)), 999'999));
      else if (p.fee_ppm == 0)
        p.fee_ppm = e.program == program_kind::pump ? curve_fee_ppm : 2'500;
      name(mint, s->pool);
    } else if (const auto* l = std::get_if<event::launch>(&e.payload)) {
      if (e.program != program_kind::pump || l->curve.is_zero()) continue;
      auto& p = touch(l->curve, l->mint);
      if (l->phase != event::launch_phase::created) {
        p.complete = true;
      } else if (p.reserve_token == 0) {
        p.venue = static_cast<std::uint8_t>(program_kind::pump);
        p.slot = u.slot;
        p.reserve_token = curve_tokens;
        p.reserve_quote = curve_quote;
        p.fee_ppm = curve_fee_ppm;
        name(l->mint, l->curve);
      }
    }
  }
}

} // namespace sett::accounts
