// ports::timer on a thread of its own, apart from the actors: what must go on while the node is busy (its beats) runs
// here. At most waiting_max timers wait.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/timer.hpp"
#include "nodes/runtime/timer_queue.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace sett::runtime {

class thread_timer final : public ports::timer {
public:
  static constexpr std::size_t waiting_max = 10'000;

  /// The clock outlives the timer.
  explicit thread_timer(const ports::clock& clock);
  /// stop()s.
  ~thread_timer() override;
  [[nodiscard]] ports::timer_id start(std::int64_t delay_ns, std::function<void()> fire) override;
  bool cancel(ports::timer_id id) override;
  /// No timer fires any more; waits for one that is firing. Not from a timer's function.
  void stop();

private:
  void run();

  const ports::clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  timer_queue queue_{waiting_max};
  bool stopped_{};
  std::thread thread_;
};

} // namespace sett::runtime
