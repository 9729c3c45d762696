#include "tools/simnet/chain_history.hpp"

#include <algorithm>

namespace sett::simnet {

void chain_history::add(block_ptr block) {
  newest_ = std::max(newest_, block->slot);
  transactions_total_ += block->transactions.size();
  bytes_ += block->memory_bytes();
  for (std::uint32_t i = 0; i < block->transactions.size(); ++i) {
    places_[block->transactions[i]->id] = place{block->slot, i};
    for (const auto& write : block->transactions[i]->writes) accounts_.write(write, block->slot);
  }
  const auto slot = block->slot.value;
  blocks_[slot] = entry{std::move(block), false};
  evict();
}

void chain_history::kill(slot_number slot) {
  if (const auto it = blocks_.find(slot.value); it != blocks_.end()) {
    it->second.dead = true;
    for (const auto& t : it->second.block->transactions)
      if (const auto p = places_.find(t->id); p != places_.end() && p->second.slot == slot) places_.erase(p);
  }
}

void chain_history::evict() {
  while (blocks_.size() > 1 && (blocks_.size() > limits_.blocks_max || bytes_ > limits_.bytes_max)) {
    const auto oldest = blocks_.begin();
    for (const auto& t : oldest->second.block->transactions)
      if (const auto p = places_.find(t->id); p != places_.end() && p->second.slot.value == oldest->first)
        places_.erase(p);
    bytes_ -= oldest->second.block->memory_bytes();
    blocks_.erase(oldest);
  }
}

const chain_history::entry* chain_history::find(slot_number slot) const {
  const auto it = blocks_.find(slot.value);
  return it == blocks_.end() ? nullptr : &it->second;
}

std::optional<chain_history::place> chain_history::find(const signature& id) const {
  const auto it = places_.find(id);
  if (it == places_.end()) return std::nullopt;
  return it->second;
}

std::optional<slot_number> chain_history::live_at_or_below(slot_number slot) const {
  auto it = blocks_.upper_bound(slot.value);
  while (it != blocks_.begin()) {
    --it;
    if (!it->second.dead) return slot_number{it->first};
  }
  return std::nullopt;
}

slot_number chain_history::first_available() const { return slot_number{blocks_.empty() ? 0 : blocks_.begin()->first}; }

slot_number chain_view::tip(commitment level) const {
  std::uint64_t lag = lag_slots_;
  if (level == commitment::confirmed) lag += history_->limits().confirmed_lag_slots;
  if (level == commitment::finalized) lag += history_->limits().finalized_lag_slots;
  const auto newest = history_->newest().value;
  const slot_number wanted{newest > lag ? newest - lag : 0};
  return history_->live_at_or_below(wanted).value_or(history_->first_available());
}

block_ptr chain_view::block(slot_number slot, commitment level) const {
  if (slot > tip(level)) return nullptr;
  const auto* entry = history_->find(slot);
  return entry == nullptr || entry->dead ? nullptr : entry->block;
}

block_ptr chain_view::tip_block(commitment level) const {
  const auto* entry = history_->find(tip(level));
  return entry == nullptr ? nullptr : entry->block;
}

const account_write* chain_view::account(const address& key, commitment level) const {
  const auto* entry = history_->accounts().find(key);
  return entry == nullptr ? nullptr : entry->seen_at(tip(level));
}

commitment chain_view::level_of(slot_number slot) const {
  if (slot <= tip(commitment::finalized)) return commitment::finalized;
  if (slot <= tip(commitment::confirmed)) return commitment::confirmed;
  return commitment::processed;
}

} // namespace sett::simnet
