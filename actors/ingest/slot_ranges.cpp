#include "actors/ingest/slot_ranges.hpp"

#include <algorithm>

namespace sett::ingest {

namespace {
constexpr char ranges_version = 1;

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

std::string encode_ranges(const std::vector<protocol::slot_range>& ranges) {
  std::string bytes{ranges_version};
  for (const auto& r : ranges)
    for (const auto n : {r.first.value, r.last.value})
      for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(n >> shift));
  return bytes;
}

result<std::vector<protocol::slot_range>> decode_ranges(std::string_view bytes) {
  const auto bad = [] {
    return fail("ingest", ranges_errc::bad_ranges, "the stored list of incomplete slots has another form");
  };
  if (bytes.size() % 16 != 1 || bytes[0] != ranges_version) return bad();
  std::vector<protocol::slot_range> out;
  for (std::size_t at = 1; at < bytes.size(); at += 16) {
    const auto number = [&](std::size_t from) {
      std::uint64_t n = 0;
      for (std::size_t i = 0; i < 8; ++i)
        n |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[from + i])) << (8 * i);
      return slot_number{n};
    };
    const protocol::slot_range r{number(at), number(at + 8)};
    if (r.first > r.last || (!out.empty() && r.first <= out.back().last)) return bad();
    out.push_back(r);
  }
  return out;
}

} // namespace sett::ingest
