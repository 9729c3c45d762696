// A bulkhead: one dependency's calls in flight are bounded, and what waits stands in bounded queues by lane, so scans
// can never delay exits (M. Nygard, "Release It!"). Exits may use every place; entries and scans leave some free for
// the lanes above. A job that waited too long is given up, not started late. Pure; not thread-safe; does not block.
#pragma once

#include "actors/resilience/time_math.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::resilience {

/// In order of priority. The read path's own stream repair (backfill) runs as entries: positions depend on it.
enum class lane : std::uint8_t { exits, entries, scans };
inline constexpr std::size_t lane_count = 3;
[[nodiscard]] constexpr std::string_view to_string(lane l) {
  return l == lane::exits ? "exits" : l == lane::entries ? "entries" : "scans";
}

struct bulkhead_settings {
  std::uint32_t in_flight_max = 16;                        // >= 1
  std::array<std::uint32_t, lane_count> reserved{0, 2, 4}; // places a lane leaves free for those above it
  std::array<std::uint32_t, lane_count> queue_max{256, 256, 64};
  std::array<duration, lane_count> wait_max{std::chrono::seconds(2), std::chrono::seconds(5), std::chrono::seconds(10)};
};

enum class admission : std::uint8_t { queued, shed };

template <class Job>
class bulkhead {
public:
  explicit bulkhead(const bulkhead_settings& settings) : settings_(settings) {}

  /// Puts the job at the end of its lane, or sheds it when the lane is full (the job is left untouched then).
  [[nodiscard]] admission submit(lane l, Job&& job, steady_time_ns now) {
    auto& q = queues_[index(l)];
    if (q.size() >= settings_.queue_max[index(l)]) {
      ++shed_[index(l)];
      return admission::shed;
    }
    q.push_back(waiting{std::move(job), now});
    return admission::queued;
  }
  /// The lane whose job goes next if it may go now. Look with front(), then take() it or leave it (no credits).
  [[nodiscard]] std::optional<lane> next() const {
    for (std::size_t i = 0; i < lane_count; ++i) {
      const auto limit =
          settings_.in_flight_max > settings_.reserved[i] ? settings_.in_flight_max - settings_.reserved[i] : 1U;
      if (!queues_[i].empty() && in_flight_ < limit) return static_cast<lane>(i);
    }
    return std::nullopt;
  }
  [[nodiscard]] const Job& front(lane l) const { return queues_[index(l)].front().job; }
  /// Takes the front job into flight; finished() must follow once.
  [[nodiscard]] Job take(lane l) {
    auto job = std::move(queues_[index(l)].front().job);
    queues_[index(l)].pop_front();
    ++in_flight_;
    return job;
  }
  void finished() {
    if (in_flight_ > 0) --in_flight_;
  }
  /// Jobs that waited longer than their lane allows; counted as shed.
  [[nodiscard]] std::vector<Job> expire(steady_time_ns now) {
    std::vector<Job> late;
    for (std::size_t i = 0; i < lane_count; ++i)
      while (!queues_[i].empty() && elapsed(queues_[i].front().since, now) >= settings_.wait_max[i]) {
        late.push_back(std::move(queues_[i].front().job));
        queues_[i].pop_front();
        ++shed_[i];
      }
    return late;
  }
  /// Everything that waits, for a stop.
  [[nodiscard]] std::vector<Job> drain() {
    std::vector<Job> all;
    for (auto& q : queues_) {
      for (auto& w : q) all.push_back(std::move(w.job));
      q.clear();
    }
    return all;
  }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t depth(lane l) const { return queues_[index(l)].size(); }
  [[nodiscard]] std::uint64_t shed(lane l) const { return shed_[index(l)]; }

private:
  struct waiting {
    Job job;
    steady_time_ns since;
  };
  static constexpr std::size_t index(lane l) { return static_cast<std::size_t>(l); }
  bulkhead_settings settings_;
  std::array<std::deque<waiting>, lane_count> queues_;
  std::array<std::uint64_t, lane_count> shed_{};
  std::uint32_t in_flight_{};
};

} // namespace sett::resilience
