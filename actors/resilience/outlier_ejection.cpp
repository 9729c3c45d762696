#include "actors/resilience/outlier_ejection.hpp"

#include <algorithm>
#include <array>

namespace sett::resilience {

namespace {
constexpr std::array<std::string_view, 3> cause_names{"errors", "lag", "disagreement"};
} // namespace

std::string_view to_string(ejection_cause cause) { return cause_names[static_cast<std::size_t>(cause)]; }

outlier_ejection::member* outlier_ejection::find(endpoint_index endpoint) {
  for (auto& m : members_)
    if (m.endpoint == endpoint) return &m;
  return nullptr;
}
const outlier_ejection::member* outlier_ejection::find(endpoint_index endpoint) const {
  for (const auto& m : members_)
    if (m.endpoint == endpoint) return &m;
  return nullptr;
}

void outlier_ejection::add(endpoint_index endpoint) {
  if (find(endpoint) == nullptr) members_.push_back(member{.endpoint = endpoint});
}
void outlier_ejection::remove(endpoint_index endpoint) {
  std::erase_if(members_, [&](const member& m) { return m.endpoint == endpoint; });
  // The one that is left is the last: it serves, whatever it did.
  if (members_.size() == 1) members_.front().out = false;
}

std::size_t outlier_ejection::out_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(members_, [](const member& m) { return m.out; }));
}

ejection_event outlier_ejection::eject(member& m, ejection_cause cause, std::uint64_t evidence, steady_time_ns now) {
  m.lag_reports = 0;
  m.disagreements = 0;
  const auto size = members_.size();
  const auto allowed =
      size < 2 ? 0
               : std::min(size - 1, std::max<std::size_t>(1, static_cast<std::size_t>(settings_.out_ratio_max *
                                                                                      static_cast<double>(size))));
  if (out_count() >= allowed) return {ejection_kind::spared, m.endpoint, cause, now, duration{0}, evidence};
  if (m.times > 0 && elapsed(m.last_ejected, now) >= settings_.forgive_after) m.times = 0;
  ++m.times;
  const auto out_for = std::min(settings_.time_max, settings_.base_time * std::min<std::uint32_t>(m.times, 1000));
  m.out = true;
  m.ramping = false;
  m.until = after(now, out_for);
  m.last_ejected = now;
  m.cause = cause;
  return {ejection_kind::ejected, m.endpoint, cause, now, out_for, evidence};
}

std::optional<ejection_event> outlier_ejection::errors(endpoint_index endpoint, std::uint64_t failures,
                                                       steady_time_ns now) {
  auto* m = find(endpoint);
  if (m == nullptr || m->out) return std::nullopt;
  return eject(*m, ejection_cause::errors, failures, now);
}

std::optional<ejection_event> outlier_ejection::lag(endpoint_index endpoint, std::uint64_t lag_slots,
                                                    steady_time_ns now) {
  auto* m = find(endpoint);
  if (m == nullptr || m->out) return std::nullopt;
  if (lag_slots <= settings_.lag_slots_max) {
    m->lag_reports = 0;
    return std::nullopt;
  }
  if (++m->lag_reports < settings_.lag_reports) return std::nullopt;
  return eject(*m, ejection_cause::lag, lag_slots, now);
}

std::optional<ejection_event> outlier_ejection::disagreement(endpoint_index endpoint, steady_time_ns now) {
  auto* m = find(endpoint);
  if (m == nullptr || m->out) return std::nullopt;
  if (m->disagreements == 0 || elapsed(m->first_disagreement, now) > settings_.disagreement_window) {
    m->disagreements = 0;
    m->first_disagreement = now;
  }
  if (++m->disagreements < settings_.disagreements) return std::nullopt;
  return eject(*m, ejection_cause::disagreement, m->disagreements, now);
}

std::vector<ejection_event> outlier_ejection::poll(steady_time_ns now) {
  std::vector<ejection_event> events;
  for (auto& m : members_)
    if (m.out && now >= m.until) {
      m.out = false;
      m.ramping = true;
      m.returned = now;
      events.push_back({ejection_kind::returned, m.endpoint, m.cause, now, duration{0}, m.times});
    }
  return events;
}

double outlier_ejection::weight(endpoint_index endpoint, steady_time_ns now) const {
  const auto* m = find(endpoint);
  if (m == nullptr || m->out) return 0.0;
  if (!m->ramping) return 1.0;
  const double share = seconds(elapsed(m->returned, now)) / std::max(1e-9, seconds(settings_.ramp));
  return std::clamp(settings_.ramp_floor + (1.0 - settings_.ramp_floor) * share, settings_.ramp_floor, 1.0);
}

bool outlier_ejection::ejected(endpoint_index endpoint) const {
  const auto* m = find(endpoint);
  return m != nullptr && m->out;
}

} // namespace sett::resilience
