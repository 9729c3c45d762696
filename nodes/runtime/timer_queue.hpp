// Timers ordered by due time, cancellable in O(log n). Pure: time is an argument. Not thread-safe. Bounded.
#pragma once

#include "messages/ports/timer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace sett::runtime {

class timer_queue {
public:
  explicit timer_queue(std::size_t capacity) : capacity_(capacity) {}

  /// none when the queue is full.
  ports::timer_id add(std::int64_t due_ns, std::function<void()> fire) {
    if (by_due_.size() >= capacity_) return ports::timer_id::none;
    const auto id = ++last_;
    by_due_.emplace(std::pair(due_ns, id), std::move(fire));
    due_.emplace(id, due_ns);
    return ports::timer_id{id};
  }
  bool cancel(ports::timer_id id) {
    const auto i = due_.find(static_cast<std::uint64_t>(id));
    if (i == due_.end()) return false;
    by_due_.erase({i->second, i->first});
    due_.erase(i);
    return true;
  }
  [[nodiscard]] std::optional<std::int64_t> next_due_ns() const {
    return by_due_.empty() ? std::nullopt : std::optional(by_due_.begin()->first.first);
  }
  /// The next one that is due, taken out; earliest first, then in order of starting. Empty: none is.
  [[nodiscard]] std::function<void()> take_due(std::int64_t now_ns) {
    if (by_due_.empty() || by_due_.begin()->first.first > now_ns) return {};
    auto fire = std::move(by_due_.begin()->second);
    due_.erase(by_due_.begin()->first.second);
    by_due_.erase(by_due_.begin());
    return fire;
  }
  [[nodiscard]] std::size_t size() const { return by_due_.size(); }

private:
  std::size_t capacity_;
  std::uint64_t last_{};
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> by_due_;
  std::unordered_map<std::uint64_t, std::int64_t> due_;
};

} // namespace sett::runtime
