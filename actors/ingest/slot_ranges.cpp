#include "actors/ingest/slot_ranges.hpp"

#include <algorithm>

namespace sett::ingest {

namespace {
auto first_ending_at_or_after(auto& ranges, std::uint64_t slot) {
  return std::ranges::lower_bound(ranges, slot, {}, [](const protocol::slot_range& r) { return r.last.value; });
}
} // namespace

void slot_ranges::insert(std::uint64_t first, std::uint64_t last) {
  if (first > last) return;
  auto at = first_ending_at_or_after(ranges_, first == 0 ? 0 : first - 1); // touching ranges join
  auto end = at;
  while (end != ranges_.end() && end->first.value <= last + 1) {
    first = std::min(first, end->first.value);
    last = std::max(last, end->last.value);
    ++end;
  }
  at = ranges_.erase(at, end);
  ranges_.insert(at, {slot_number{first}, slot_number{last}});
  while (ranges_.size() > ranges_max_) {
    auto closest = ranges_.begin();
    for (auto i = ranges_.begin(); i + 1 != ranges_.end(); ++i)
      if ((i + 1)->first.value - i->last.value < (closest + 1)->first.value - closest->last.value) closest = i;
    closest->last = (closest + 1)->last;
    ranges_.erase(closest + 1);
  }
}

void slot_ranges::erase(std::uint64_t slot) {
  const auto at = first_ending_at_or_after(ranges_, slot);
  if (at == ranges_.end() || at->first.value > slot) return;
  const auto whole = *at;
  const auto place = ranges_.erase(at);
  if (whole.last.value > slot) {
    const auto rest = ranges_.insert(place, {slot_number{slot + 1}, whole.last});
    if (whole.first.value < slot) ranges_.insert(rest, {whole.first, slot_number{slot - 1}});
  } else if (whole.first.value < slot) {
    ranges_.insert(place, {whole.first, slot_number{slot - 1}});
  }
}

bool slot_ranges::contains(std::uint64_t slot) const {
  const auto at = first_ending_at_or_after(ranges_, slot);
  return at != ranges_.end() && at->first.value <= slot;
}

std::uint64_t slot_ranges::end_of(std::uint64_t slot) const {
  const auto at = first_ending_at_or_after(ranges_, slot);
  return at != ranges_.end() && at->first.value <= slot ? at->last.value : slot;
}

std::uint64_t slot_ranges::size() const {
  std::uint64_t n = 0;
  for (const auto& r : ranges_) n += r.last.value - r.first.value + 1;
  return n;
}

} // namespace sett::ingest
