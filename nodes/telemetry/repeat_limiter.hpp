// Keeps one noisy event from filling the log: of each (area, event) the first n per window are written, the rest is
// counted and summed up in one record when the window is over. Pure; one thread.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::telemetry {

class repeat_limiter {
public:
  struct summary {
    std::string area, event;
    std::uint64_t held_back{};
  };
  /// window_ns = 0: everything passes.
  repeat_limiter(std::int64_t window_ns, std::uint32_t repeats_max)
      : window_ns_(window_ns), repeats_max_(repeats_max) {}

  /// Whether this record may be written.
  [[nodiscard]] bool admit(std::string_view area, std::string_view event, steady_time_ns now) {
    if (window_ns_ == 0) return true;
    auto key = std::pair<std::string, std::string>(area, event);
    auto it = seen_.find(key);
    if (it == seen_.end()) {
      if (seen_.size() >= keys_max)
        return true; // event ids are a closed set; a caller that makes them up is not limited
      it = seen_.emplace(std::move(key), window{now.value, 0, 0}).first;
    }
    auto& w = it->second;
    if (w.count < repeats_max_) {
      ++w.count;
      return true;
    }
    ++w.held_back;
    return false;
  }

  /// Windows that are over: forgets them and says what they held back.
  [[nodiscard]] std::vector<summary> expire(steady_time_ns now) {
    std::vector<summary> out;
    for (auto it = seen_.begin(); it != seen_.end();) {
      if (now.value - it->second.begin_ns < window_ns_) {
        ++it;
        continue;
      }
      if (it->second.held_back != 0) out.push_back({it->first.first, it->first.second, it->second.held_back});
      it = seen_.erase(it);
    }
    return out;
  }

private:
  static constexpr std::size_t keys_max = 1024;
  struct window {
    std::int64_t begin_ns{};
    std::uint32_t count{};
    std::uint64_t held_back{};
  };
  std::int64_t window_ns_;
  std::uint32_t repeats_max_;
  std::map<std::pair<std::string, std::string>, window> seen_;
};

} // namespace sett::telemetry
