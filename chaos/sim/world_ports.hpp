// The small ports of a simulated node: time, timers, figures and the diary, all in one thread and virtual time.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/timer.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sett::sim {

/// What happens when: functions by time, those of equal time in the order they were given.
class event_queue {
public:
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }
  void at(std::int64_t delay_ns, std::function<void()> fn) {
    heap_.push({now_ns_ + std::max<std::int64_t>(delay_ns, 0), ++sequence_,
                std::make_shared<std::function<void()>>(std::move(fn))});
  }
  [[nodiscard]] std::int64_t next_ns() const { return heap_.empty() ? INT64_MAX : heap_.top().when; }
  void now_is(std::int64_t ns) { now_ns_ = std::max(now_ns_, ns); }
  /// Runs the first event that is due; false: none is.
  bool run_one() {
    if (heap_.empty() || heap_.top().when > now_ns_) return false;
    const auto fn = heap_.top().fn;
    heap_.pop();
    (*fn)();
    return true;
  }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

private:
  struct item {
    std::int64_t when{};
    std::uint64_t sequence{};
    std::shared_ptr<std::function<void()>> fn;
    bool operator<(const item& o) const { return std::pair(when, sequence) > std::pair(o.when, o.sequence); }
  };
  std::priority_queue<item> heap_;
  std::int64_t now_ns_{};
  std::uint64_t sequence_{};
};

/// Monotonic time is the world's; wall time jumps and drifts as told.
class world_clock final : public ports::clock {
public:
  explicit world_clock(const event_queue& events) : events_(events) {}
  [[nodiscard]] steady_time_ns steady_now() const override { return steady_time_ns{events_.now_ns() + 1}; }
  [[nodiscard]] wall_time_ns wall_now() const override {
    return wall_time_ns{1'700'000'000'000'000'000 + events_.now_ns() + wall_offset_ns};
  }
  std::int64_t wall_offset_ns{};

private:
  const event_queue& events_;
};

/// Timers of one life of a node. Frozen: what is due waits until thaw.
class world_timer final : public ports::timer {
public:
  explicit world_timer(event_queue& events) : events_(events), shared_(std::make_shared<state>()) {}
  ~world_timer() override { kill(); }
  ports::timer_id start(std::int64_t delay_ns, std::function<void()> fire) override {
    if (!shared_->alive) return ports::timer_id::none;
    const auto id = ++shared_->last;
    shared_->waiting.emplace(id, std::move(fire));
    events_.at(delay_ns, [s = shared_, id] {
      if (!s->alive || !s->waiting.contains(id)) return;
      if (s->frozen)
        s->late.push_back(id);
      else
        s->fire(id);
    });
    return ports::timer_id{id};
  }
  bool cancel(ports::timer_id id) override { return shared_->waiting.erase(static_cast<std::uint64_t>(id)) != 0; }
  void freeze(bool frozen) {
    shared_->frozen = frozen;
    while (!frozen && !shared_->late.empty()) {
      const auto id = shared_->late.front();
      shared_->late.pop_front();
      shared_->fire(id);
    }
  }
  void kill() {
    shared_->alive = false;
    shared_->waiting.clear();
  }
  [[nodiscard]] std::size_t waiting() const { return shared_->waiting.size(); }

private:
  struct state {
    bool alive{true}, frozen{};
    std::uint64_t last{};
    std::map<std::uint64_t, std::function<void()>> waiting;
    std::deque<std::uint64_t> late;
    void fire(std::uint64_t id) {
      const auto it = waiting.find(id);
      if (it == waiting.end()) return;
      const auto fn = std::move(it->second);
      waiting.erase(it);
      fn();
    }
  };
  event_queue& events_;
  std::shared_ptr<state> shared_;
};

/// Figures by name; labels are ignored. Shared by all lives of a world.
class world_metrics final : public ports::metrics_registry {
public:
  ports::counter& counter_of(std::string_view name, std::string_view, ports::labels) override {
    return get(counters_, name, [] { return std::make_unique<ports::counter>(); });
  }
  ports::gauge& gauge_of(std::string_view name, std::string_view, ports::labels) override {
    return get(gauges_, name, [] { return std::make_unique<ports::gauge>(); });
  }
  ports::histogram& histogram_of(std::string_view name, std::string_view, std::span<const double> bounds,
                                 ports::labels) override {
    return get(histograms_, name, [&] { return std::make_unique<ports::histogram>(bounds); });
  }
  void before_collect(std::function<void()>) override {}
  [[nodiscard]] std::uint64_t value(std::string_view name) const {
    const auto it = counters_.find(std::string(name));
    return it == counters_.end() ? 0 : it->second->value();
  }

private:
  template <class T, class Make>
  T& get(std::map<std::string, std::unique_ptr<T>>& in, std::string_view name, const Make& make) {
    auto it = in.find(std::string(name));
    if (it == in.end()) it = in.emplace(std::string(name), make()).first;
    return *it->second;
  }
  std::map<std::string, std::unique_ptr<ports::counter>> counters_;
  std::map<std::string, std::unique_ptr<ports::gauge>> gauges_;
  std::map<std::string, std::unique_ptr<ports::histogram>> histograms_;
};

/// The diary of a world: counts each event id; keeps the lines when a story is wanted.
class diary {
public:
  diary(const event_queue& events, bool story) : events_(events), story_(story) {}
  void say(std::string_view who, std::string_view event, std::string_view text) {
    ++counts_[std::string(event)];
    if (!story_) return;
    lines_.push_back(
        fmt::format("{:>10.4f} s  {:8} {:24} {}", static_cast<double>(events_.now_ns()) * 1e-9, who, event, text));
    if (lines_.size() > lines_max) lines_.pop_front();
  }
  [[nodiscard]] bool story() const { return story_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }
  static constexpr std::size_t lines_max = 4000;

private:
  const event_queue& events_;
  bool story_;
  std::map<std::string, std::uint64_t> counts_;
  std::deque<std::string> lines_;
};

/// What one life of a node says, into the diary.
class life_logger final : public ports::logger {
public:
  life_logger(diary& to, std::string who) : to_(to), who_(std::move(who)) {}
  [[nodiscard]] bool enabled(std::string_view, ports::log_level level) const noexcept override {
    return level >= ports::log_level::info;
  }
  void write(ports::log_level, std::string_view area, std::string_view event, std::string_view sentence,
             std::span<const ports::log_field> fields) noexcept override {
    std::string text;
    if (to_.story()) {
      text = fmt::format("{}: {}", area, sentence);
      for (const auto& f : fields)
        text +=
            fmt::format(" {}={}", f.key, std::visit([](const auto& v) { return fmt::format("{}", v); }, f.value.value));
    }
    to_.say(who_, event, text);
  }

private:
  diary& to_;
  std::string who_;
};

} // namespace sett::sim
