#include "nodes/shards/recovery_budget.hpp"

#include <algorithm>
#include <cmath>

namespace sett::shards {

namespace {

constexpr double second_ns = 1e9;

} // namespace

recovery_budget::recovery_budget(const recovery_settings& settings, steady_time_ns now)
    : settings_(settings), last_(now) {
  money_.per_s = settings.money_per_s;
  others_.per_s = settings.opens_per_s;
}

void recovery_budget::set_share(std::uint32_t own_shards, std::uint32_t all_shards) {
  const double share = all_shards == 0 ? 1 : static_cast<double>(own_shards) / all_shards;
  money_.share = share;
  others_.share = share;
}

bool recovery_budget::add(urgency u, recovery_item item) {
  std::size_t all = 0;
  for (const auto& q : queues_) all += q.size();
  if (all >= settings_.queue_max) return false;
  queues_[static_cast<std::size_t>(u)].push_back(std::move(item));
  return true;
}

bool recovery_budget::raise(const recovery_item& item, urgency u) {
  for (std::size_t from = static_cast<std::size_t>(u) + 1; from < urgency_count; ++from) {
    auto& q = queues_[from];
    const auto it = std::find(q.begin(), q.end(), item);
    if (it == q.end()) continue;
    queues_[static_cast<std::size_t>(u)].push_back(std::move(*it));
    q.erase(it);
    return true;
  }
  return false;
}

void recovery_budget::drop(shard_id shard) {
  for (auto& q : queues_) std::erase_if(q, [&](const recovery_item& i) { return i.shard == shard; });
}

/// A bucket holds at most a second's worth, so that a pause is not followed by a herd; at least one token fits.
void recovery_budget::refill(steady_time_ns now) {
  const double passed_s = static_cast<double>(std::max<std::int64_t>(now.value - last_.value, 0)) / second_ns;
  last_ = now;
  for (auto* b : {&money_, &others_}) {
    const double rate = b->per_s * b->share;
    b->tokens = std::min(b->tokens + passed_s * rate, std::max(rate, 1.0));
  }
}

std::vector<recovery_item> recovery_budget::take(steady_time_ns now, std::size_t max) {
  refill(now);
  std::vector<recovery_item> out;
  const auto from = [&](urgency u, bucket& b) {
    auto& q = queues_[static_cast<std::size_t>(u)];
    while (out.size() < max && !q.empty() && b.tokens >= 1) {
      b.tokens -= 1;
      out.push_back(std::move(q.front()));
      q.pop_front();
    }
  };
  from(urgency::money, money_);
  from(urgency::waiting, others_);
  from(urgency::rest, others_);
  return out;
}

std::optional<steady_time_ns> recovery_budget::next(steady_time_ns now) const {
  const auto when = [&](const bucket& b) {
    const double missing = std::max(1 - b.tokens, 0.0);
    const double rate = b.per_s * b.share;
    if (rate <= 0) return INT64_MAX;
    return std::max(now.value, last_.value + static_cast<std::int64_t>(std::ceil(missing / rate * second_ns)));
  };
  std::int64_t best = INT64_MAX;
  if (waiting(urgency::money) != 0) best = std::min(best, when(money_));
  if (waiting(urgency::waiting) + waiting(urgency::rest) != 0) best = std::min(best, when(others_));
  if (best == INT64_MAX) return std::nullopt;
  return steady_time_ns{best};
}

} // namespace sett::shards
