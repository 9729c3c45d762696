#include "actors/lanes/landing_statistics.hpp"

#include "messages/types/error.hpp"

#include <algorithm>

namespace sett::lanes {

landing_statistics::landing_statistics(std::size_t lanes, std::size_t remembered_max)
    : lanes_(lanes), remembered_max_(remembered_max) {
  SETT_ASSERT(lanes <= 32 && remembered_max > 0);
}

void landing_statistics::sent(const signature& s, std::size_t lane, steady_time_ns now) {
  SETT_ASSERT(lane < lanes_.size());
  auto found = open_.find(s);
  if (found == open_.end()) {
    while (open_.size() >= remembered_max_ || order_.size() >= 2 * remembered_max_) forget_oldest();
    found = open_.emplace(s, attempt{.by = {}, .number = ++next_}).first;
    order_.emplace_back(next_, s);
  }
  auto& by = found->second.by;
  if (std::ranges::any_of(by, [&](const auto& b) { return b.first == lane; })) return; // the first send counts
  by.emplace_back(lane, now);
  ++lanes_[lane].attempts;
}

void landing_statistics::forget_oldest() {
  const auto [number, s] = order_.front();
  order_.pop_front();
  const auto found = open_.find(s);
  if (found == open_.end() || found->second.number != number) return; // ended long ago
  open_.erase(found);
  ++forgotten_;
}

void landing_statistics::landed(const signature& s, steady_time_ns now) {
  const auto found = open_.find(s);
  if (found == open_.end()) return;
  for (const auto& [lane, first] : found->second.by) {
    auto& l = lanes_[lane];
    ++l.landed;
    l.landed_alone += found->second.by.size() == 1;
    l.latency.record(resilience::duration(now.value - first.value));
  }
  open_.erase(found);
}

void landing_statistics::dead(const signature& s) {
  const auto found = open_.find(s);
  if (found == open_.end()) return;
  for (const auto& [lane, first] : found->second.by) ++lanes_[lane].dead;
  open_.erase(found);
}

} // namespace sett::lanes
