#include "actors/endpoints/endpoint_pool.hpp"

#include <algorithm>

namespace sett::endpoints {

namespace {
constexpr double latency_floor_ms = 5; // below this a difference is noise
} // namespace

void endpoint_pool::add(endpoint_index endpoint) {
  if (std::ranges::any_of(members_, [&](const member& m) { return m.condition.endpoint == endpoint; })) return;
  members_.emplace_back().condition.endpoint = endpoint;
  ejection_.add(endpoint);
}

void endpoint_pool::remove(endpoint_index endpoint) {
  std::erase_if(members_, [&](const member& m) { return m.condition.endpoint == endpoint; });
  ejection_.remove(endpoint);
}

std::optional<resilience::ejection_event> endpoint_pool::update(const protocol::endpoint_condition& condition,
                                                                steady_time_ns now) {
  const auto m = std::ranges::find(members_, condition.endpoint, [](const member& x) { return x.condition.endpoint; });
  if (m == members_.end()) return std::nullopt;
  const bool was_open = std::ranges::any_of(m->condition.open, [](bool o) { return o; });
  const bool is_open = std::ranges::any_of(condition.open, [](bool o) { return o; });
  const auto failures = condition.failures - std::min(condition.failures, m->condition.failures);
  m->condition = condition;
  if (is_open && !was_open && failures > 0) return ejection_.errors(condition.endpoint, failures, now);
  return std::nullopt;
}

std::optional<endpoint_index> endpoint_pool::choose(protocol::method_class method, resilience::lane lane,
                                                    std::uint64_t avoid, steady_time_ns now, ports::random& rng) const {
  if (members_.empty()) return std::nullopt;
  // From strict to loose: the first round that leaves anybody decides.
  for (int round = 0; round < 4; ++round) {
    double total = 0;
    std::vector<double> weights(members_.size());
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const auto& c = members_[i].condition;
      const bool avoided = (avoid >> (c.endpoint.value % 64) & 1) != 0;
      const bool open = c.open[static_cast<std::size_t>(method)];
      const double health = ejection_.weight(c.endpoint, now);
      if ((round < 1 && avoided) || (round < 2 && health == 0) || (round < 3 && open)) continue;
      const double load = 1.0 + 0.1 * c.waiting;
      weights[i] = std::max(health, 0.01) / (std::max(c.latency_ms, latency_floor_ms) * load);
      total += weights[i];
    }
    if (total == 0) continue;
    if (lane == resilience::lane::exits) {
      const auto best = std::ranges::max_element(weights) - weights.begin();
      return members_[static_cast<std::size_t>(best)].condition.endpoint;
    }
    double draw = rng.unit() * total;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      draw -= weights[i];
      if (weights[i] > 0 && draw < 0) return members_[i].condition.endpoint;
    }
    for (std::size_t i = members_.size(); i-- > 0;)
      if (weights[i] > 0) return members_[i].condition.endpoint;
  }
  return members_.front().condition.endpoint;
}

} // namespace sett::endpoints
