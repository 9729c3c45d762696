#include "actors/risk/congestion.hpp"

#include <algorithm>

namespace sett::risk {

void congestion_meter::block(slot_number slot, std::span<const std::uint64_t> prices) {
  if (first_.value == 0) first_ = newest_ = slot;
  if (slot > newest_) {
    const auto ahead = std::min<std::uint64_t>(slot.value - newest_.value, slots_kept);
    for (std::uint64_t i = 0; i < ahead; ++i) had_block_[(slot.value - i) % slots_kept] = false;
    newest_ = slot;
  }
  if (slot >= first_ && newest_.value - slot.value < slots_kept) had_block_[slot.value % slots_kept] = true;
  for (const auto p : prices) {
    if (fees_.size() < fees_kept)
      fees_.push_back(p);
    else
      fees_[next_fee_] = p;
    next_fee_ = (next_fee_ + 1) % fees_kept;
  }
}

std::uint64_t congestion_meter::skip_rate_bps() const {
  if (newest_.value < first_.value + settle_slots) return 0;
  const auto last = newest_.value - settle_slots;
  const auto oldest_kept = newest_.value < slots_kept ? 0 : newest_.value - slots_kept + 1;
  const auto first = std::max(first_.value, oldest_kept);
  std::uint64_t skipped = 0;
  for (auto s = first; s <= last; ++s) skipped += had_block_[s % slots_kept] ? 0 : 1;
  const auto slots = last - first + 1;
  return (skipped * 10'000 + slots - 1) / slots;
}

std::uint64_t congestion_meter::fee_percentile(unsigned percent) const {
  if (fees_.empty()) return 0;
  auto sorted = fees_;
  const auto rank = (fees_.size() * std::min(percent, 100U) + 99) / 100;
  const auto at = rank == 0 ? 0 : rank - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return sorted[at];
}

} // namespace sett::risk
