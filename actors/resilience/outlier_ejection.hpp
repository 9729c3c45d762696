// Takes the worst members out of a pool of endpoints for a while: those whose breaker opened, that lag behind the best,
// or that disagree with the others (Envoy's outlier detection, with lag and disagreement added). At most a share of the
// pool is out at a time and never the last member; who comes back starts with a small weight that ramps up. The n-th
// ejection in a row lasts n times the base. Pure; not thread-safe; does not block.
#pragma once

#include "actors/resilience/time_math.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sett::resilience {

struct ejection_settings {
  double out_ratio_max = 0.5;      // of the members; at least one may be out when there are two or more
  std::uint32_t lag_slots_max = 8; // behind the best ...
  std::uint32_t lag_reports = 3;   // ... that many reports in a row
  std::uint32_t disagreements = 2; // within disagreement_window
  duration disagreement_window = std::chrono::seconds(60);
  duration base_time = std::chrono::seconds(10);
  duration time_max = std::chrono::minutes(5);
  duration forgive_after = std::chrono::minutes(5); // without an ejection: the multiplier starts again
  duration ramp = std::chrono::seconds(20);
  double ramp_floor = 0.1; // weight right after the return
};

enum class ejection_cause : std::uint8_t { errors, lag, disagreement };
[[nodiscard]] std::string_view to_string(ejection_cause cause);

enum class ejection_kind : std::uint8_t { ejected, spared, returned };
/// spared: would have been ejected, but too many are out already or it is the last one.
struct ejection_event {
  ejection_kind kind{};
  endpoint_index endpoint;
  ejection_cause cause{};
  steady_time_ns at;
  duration out_for{0};
  std::uint64_t evidence{}; // lag in slots, disagreements, or failures as the cause says
};

class outlier_ejection {
public:
  explicit outlier_ejection(const ejection_settings& settings) : settings_(settings) {}

  void add(endpoint_index endpoint);
  void remove(endpoint_index endpoint);
  std::optional<ejection_event> errors(endpoint_index endpoint, std::uint64_t failures, steady_time_ns now);
  std::optional<ejection_event> lag(endpoint_index endpoint, std::uint64_t lag_slots, steady_time_ns now);
  std::optional<ejection_event> disagreement(endpoint_index endpoint, steady_time_ns now);
  /// Members whose time is over come back.
  [[nodiscard]] std::vector<ejection_event> poll(steady_time_ns now);

  /// 0 while out, 1 in full health, in between while it ramps up. Unknown members weigh 0.
  [[nodiscard]] double weight(endpoint_index endpoint, steady_time_ns now) const;
  [[nodiscard]] bool ejected(endpoint_index endpoint) const;
  [[nodiscard]] std::size_t out_count() const;
  [[nodiscard]] std::size_t size() const { return members_.size(); }

private:
  struct member {
    endpoint_index endpoint;
    bool out{}, ramping{};
    steady_time_ns until{}, returned{}, last_ejected{};
    std::uint32_t times{}, lag_reports{}, disagreements{};
    steady_time_ns first_disagreement{};
    ejection_cause cause{};
  };
  member* find(endpoint_index endpoint);
  [[nodiscard]] const member* find(endpoint_index endpoint) const;
  ejection_event eject(member& m, ejection_cause cause, std::uint64_t evidence, steady_time_ns now);
  ejection_settings settings_;
  std::vector<member> members_;
};

} // namespace sett::resilience
