// Chooses the endpoint for a call: by weight (health, latency, what waits there), never one that is ejected or whose
// breaker refuses while another can serve, and never nobody while there is anybody. Pure: chance and time are
// arguments; not thread-safe.
#pragma once

#include "actors/resilience/bulkhead.hpp"
#include "actors/resilience/outlier_ejection.hpp"
#include "messages/ports/random.hpp"
#include "messages/protocol/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sett::endpoints {

class endpoint_pool {
public:
  explicit endpoint_pool(const resilience::ejection_settings& settings) : ejection_(settings) {}

  void add(endpoint_index endpoint);
  void remove(endpoint_index endpoint);
  /// News from the endpoint itself. An open breaker counts as errors and may eject it.
  std::optional<resilience::ejection_event> update(const protocol::endpoint_condition& condition, steady_time_ns now);
  std::optional<resilience::ejection_event> lag(endpoint_index e, std::uint64_t slots, steady_time_ns now) {
    return ejection_.lag(e, slots, now);
  }
  std::optional<resilience::ejection_event> disagreement(endpoint_index e, steady_time_ns now) {
    return ejection_.disagreement(e, now);
  }
  [[nodiscard]] std::vector<resilience::ejection_event> poll(steady_time_ns now) { return ejection_.poll(now); }

  /// `avoid`: endpoints not to be asked as bits by index (mod 64), unless there is no other. Exits go to the best one,
  /// other lanes are spread by weight. None only when the pool is empty.
  [[nodiscard]] std::optional<endpoint_index> choose(protocol::method_class method, resilience::lane lane,
                                                     std::uint64_t avoid, steady_time_ns now, ports::random& rng) const;
  [[nodiscard]] double weight(endpoint_index e, steady_time_ns now) const { return ejection_.weight(e, now); }
  [[nodiscard]] bool ejected(endpoint_index e) const { return ejection_.ejected(e); }
  [[nodiscard]] std::size_t size() const { return members_.size(); }

private:
  struct member {
    protocol::endpoint_condition condition;
  };
  resilience::outlier_ejection ejection_;
  std::vector<member> members_;
};

} // namespace sett::endpoints
