#include "nodes/shards/recovery_budget.hpp"

#include <algorithm>
#include <cmath>

namespace sett::shards {

namespace {

constexpr double second_ns = 1e9;

} // namespace

recovery_budget::recovery_budget(const recovery_settings& settings, steady_time_ns now) : last_(now) {
  buckets_[static_cast<std::size_t>(urgency::money)].per_s = settings.money_per_s;
  buckets_[static_cast<std::size_t>(urgency::rest)].per_s = settings.opens_per_s;
}

void recovery_budget::set_share(std::uint32_t own_shards, std::uint32_t all_shards) {
  share_ = all_shards == 0 ? 1 : static_cast<double>(own_shards) / all_shards;
}

void recovery_budget::add(urgency u, recovery_item item) {
  queues_[static_cast<std::size_t>(u)].push_back(std::move(item));
}

void recovery_budget::drop(shard_id shard) {
  for (auto& q : queues_) std::erase_if(q, [&](const recovery_item& i) { return i.shard == shard; });
}

/// A bucket holds at most a second's worth, so that a pause is not followed by a herd; at least one token fits.
void recovery_budget::refill(steady_time_ns now) {
  const double passed_s = static_cast<double>(std::max<std::int64_t>(now.value - last_.value, 0)) / second_ns;
  last_ = now;
  for (auto& b : buckets_) {
    const double rate = b.per_s * share_;
    b.tokens = std::min(b.tokens + passed_s * rate, std::max(rate, 1.0));
  }
}

std::vector<recovery_item> recovery_budget::take(steady_time_ns now, std::size_t max) {
  refill(now);
  std::vector<recovery_item> out;
  for (std::size_t u = 0; u < urgency_count; ++u)
    while (out.size() < max && !queues_[u].empty() && buckets_[u].tokens >= 1) {
      buckets_[u].tokens -= 1;
      out.push_back(std::move(queues_[u].front()));
      queues_[u].pop_front();
    }
  return out;
}

std::optional<steady_time_ns> recovery_budget::next(steady_time_ns now) const {
  std::optional<steady_time_ns> best;
  for (std::size_t u = 0; u < urgency_count; ++u) {
    if (queues_[u].empty()) continue;
    // A node without a share of its own (its shards' records are not known yet) looks again soon.
    const double rate = std::max(buckets_[u].per_s * share_, 1.0);
    const double missing = std::max(1 - buckets_[u].tokens, 0.0);
    const steady_time_ns at{
        std::max(now.value, last_.value + static_cast<std::int64_t>(std::ceil(missing / rate * second_ns)))};
    if (!best || at < *best) best = at;
  }
  return best;
}

} // namespace sett::shards
