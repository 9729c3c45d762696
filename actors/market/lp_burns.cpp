#include "actors/market/lp_burns.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace sett::market {

namespace {

constexpr char record_version = 1;
constexpr std::size_t record_size = 2 + 8 + 3 * 32;

/// Where tokens are out of everybody's reach.
bool is_grave(const address& owner) { return owner.is_zero() || owner == incinerator_address(); }

} // namespace

const address& incinerator_address() {
  // 1nc1nerator11111111111111111111111111111111
  static constexpr address incinerator{{0,   51, 144, 114, 141, 52,  17,  96,  121, 189, 201, 17,  191, 255, 0, 219,
                                        212, 77, 46,  205, 204, 247, 156, 166, 225, 0,   56,  225, 0,   0,   0, 0}};
  return incinerator;
}

void lp_burns::learn(const mint_address& lp_mint, const lp_pool& pool, std::vector<learned_mint>& learned) {
  if (lp_mint.is_zero() || pool.pool.is_zero()) return;
  if (!pools_.try_emplace(lp_mint, pool).second) return;
  order_.push_back(lp_mint);
  learned.push_back({lp_mint, false});
  if (pools_.size() <= limit_) return;
  learned.push_back({order_.front(), true});
  pools_.erase(order_.front());
  order_.pop_front();
  ++forgotten_;
}

void lp_burns::restore(const mint_address& lp_mint, const lp_pool& pool) {
  std::vector<learned_mint> ignored;
  learn(lp_mint, pool, ignored);
}

const lp_pool* lp_burns::find(const mint_address& lp_mint) const {
  const auto i = pools_.find(lp_mint);
  return i == pools_.end() ? nullptr : &i->second;
}

void lp_burns::derive(const event_batch& batch, slot_number slot, std::vector<burn>& burns,
                      std::vector<learned_mint>& learned) {
  const auto& events = batch.events;
  for (const auto& e : events) {
    if (const auto* p = std::get_if<event::pool_created>(&e.payload))
      learn(p->lp_mint, {p->pool, p->base_mint, p->quote_mint, e.program, slot}, learned);
    else if (const auto* l = std::get_if<event::liquidity>(&e.payload);
             l != nullptr &&
             (l->change == event::liquidity_change::added || l->change == event::liquidity_change::removed))
      learn(l->lp_mint, {l->pool, l->base_mint, l->quote_mint, e.program, slot}, learned);
  }
  if (pools_.empty()) return;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& e = events[i];
    const auto* t = std::get_if<event::transfer>(&e.payload);
    if (t == nullptr || t->from_account.is_zero() || !is_grave(t->to)) continue;
    const auto* pool = find(t->mint);
    if (pool == nullptr) continue;
    const bool withdrawn = std::any_of(events.begin(), events.end(), [&](const chain_event& other) {
      const auto* l = std::get_if<event::liquidity>(&other.payload);
      return l != nullptr && l->change == event::liquidity_change::removed && l->pool == pool->pool &&
             other.transaction == e.transaction && other.path.outer == e.path.outer;
    });
    if (withdrawn) continue;
    event::liquidity burned;
    burned.change = event::liquidity_change::burned;
    burned.pool = pool->pool;
    burned.base_mint = pool->base_mint;
    burned.quote_mint = pool->quote_mint;
    burned.lp_mint = t->mint;
    burned.lp_amount = t->amount;
    burned.provider = t->from;
    burns.push_back({i, {e.transaction, e.path, pool->venue, burned}});
  }
}

std::string encode_lp_pool(const lp_pool& p) {
  std::string bytes{record_version, static_cast<char>(p.venue)};
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(p.learned.value >> shift & 0xff));
  for (const auto* a : {&p.pool, &p.base_mint, &p.quote_mint})
    bytes.append(reinterpret_cast<const char*>(a->bytes.data()), a->bytes.size());
  return bytes;
}

std::optional<lp_pool> decode_lp_pool(std::string_view bytes) {
  if (bytes.size() != record_size || bytes[0] != record_version ||
      static_cast<std::uint8_t>(bytes[1]) >= static_cast<std::uint8_t>(program_kind::count_))
    return std::nullopt;
  lp_pool p;
  p.venue = static_cast<program_kind>(bytes[1]);
  for (std::size_t i = 0; i < 8; ++i)
    p.learned.value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[2 + i])) << (8 * i);
  std::size_t at = 10;
  for (auto* a : {&p.pool, &p.base_mint, &p.quote_mint}) {
    std::memcpy(a->bytes.data(), bytes.data() + at, a->bytes.size());
    at += a->bytes.size();
  }
  return p;
}

void insert_burns(event_batch& batch, const std::vector<lp_burns::burn>& burns) {
  std::vector<chain_event> all;
  all.reserve(batch.events.size() + burns.size());
  auto next = burns.begin();
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    all.push_back(batch.events[i]);
    for (; next != burns.end() && next->behind == i; ++next) all.push_back(next->event);
  }
  batch.events = std::move(all);
}

block_update_ptr with_burns(lp_burns& known, block_update_ptr update, std::vector<lp_burns::learned_mint>& learned) {
  std::vector<lp_burns::burn> burns;
  known.derive(update->batch, update->slot, burns, learned);
  if (burns.empty()) return update;
  auto more = std::make_shared<block_update>(*update);
  insert_burns(more->batch, burns);
  return more;
}

} // namespace sett::market
