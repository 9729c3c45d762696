#include "nodes/runtime/thread_timer_io.hpp"

#include <chrono>
#include <utility>

namespace sett::runtime {

thread_timer::thread_timer(const ports::clock& clock) : clock_(clock), thread_([this] { run(); }) {}

thread_timer::~thread_timer() { stop(); }

ports::timer_id thread_timer::start(std::int64_t delay_ns, std::function<void()> fire) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return ports::timer_id::none;
  const auto before = queue_.next_due_ns();
  const auto due = clock_.steady_now().value + delay_ns;
  const auto id = queue_.add(due, std::move(fire));
  if (!before || due < *before) changed_.notify_one();
  return id;
}

bool thread_timer::cancel(ports::timer_id id) {
  const std::scoped_lock lock(mutex_);
  return queue_.cancel(id);
}

void thread_timer::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void thread_timer::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const auto now = clock_.steady_now().value;
    if (auto fire = queue_.take_due(now)) {
      lock.unlock();
      fire();
      fire = {};
      lock.lock();
      continue;
    }
    if (const auto next = queue_.next_due_ns())
      changed_.wait_for(lock, std::chrono::nanoseconds(*next - now));
    else
      changed_.wait(lock);
  }
}

} // namespace sett::runtime
