// A scheduler in virtual time: what is given runs in order of its time, equal times in the order they were given.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/timer.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace sett::test {

class virtual_time final : public ports::clock, public ports::timer {
public:
  void at(std::int64_t delay_ns, std::function<void()> fn) {
    events_.emplace(std::pair{now_ + (delay_ns < 0 ? 0 : delay_ns), ++last_}, std::move(fn));
  }
  /// Runs everything that falls due within this time.
  void advance(std::int64_t ns) {
    const auto end = now_ + ns;
    while (!events_.empty() && events_.begin()->first.first <= end) {
      auto node = events_.extract(events_.begin());
      now_ = node.key().first;
      node.mapped()();
    }
    now_ = end;
  }
  /// The clock goes on, but nothing runs: a process that was stopped.
  void freeze(std::int64_t ns) {
    now_ += ns;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> late;
    for (auto& [key, fn] : events_) late.emplace(std::pair{std::max(key.first, now_), key.second}, std::move(fn));
    events_ = std::move(late);
  }
  [[nodiscard]] std::int64_t now_ns() const { return now_; }
  [[nodiscard]] std::size_t waiting() const { return events_.size(); }

  // ports::clock and ports::timer
  [[nodiscard]] steady_time_ns steady_now() const override { return steady_time_ns{now_}; }
  [[nodiscard]] wall_time_ns wall_now() const override { return wall_time_ns{now_}; }
  [[nodiscard]] ports::timer_id start(std::int64_t delay_ns, std::function<void()> fire) override {
    at(delay_ns, std::move(fire));
    return ports::timer_id{last_};
  }
  bool cancel(ports::timer_id id) override {
    for (auto it = events_.begin(); it != events_.end(); ++it)
      if (it->first.second == static_cast<std::uint64_t>(id)) {
        events_.erase(it);
        return true;
      }
    return false;
  }

private:
  std::int64_t now_{1'000'000'000};
  std::uint64_t last_{};
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> events_;
};

} // namespace sett::test
