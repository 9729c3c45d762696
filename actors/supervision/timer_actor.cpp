#include "actors/supervision/timer_actor.hpp"

#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sett::supervision {

namespace {

struct timer_wake {};

} // namespace
} // namespace sett::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::supervision::timer_wake)

namespace sett::supervision {

ports::timer_id timer_service::start(std::int64_t delay_ns, std::function<void()> fire) {
  const auto due = now_ns() + std::max<std::int64_t>(0, delay_ns);
  caf::actor wake;
  ports::timer_id id;
  {
    std::scoped_lock lock(mutex_);
    if (!actor_) return ports::timer_id::none;
    id = queue_.add(due, std::move(fire));
    if (id != ports::timer_id::none && due < wake_at_ns_) {
      wake_at_ns_ = due;
      wake = actor_;
    }
  }
  if (wake) caf::anon_send<caf::message_priority::high>(wake, timer_wake{});
  return id;
}

bool timer_service::cancel(ports::timer_id id) {
  std::scoped_lock lock(mutex_);
  return queue_.cancel(id);
}

std::size_t timer_service::waiting() const {
  std::scoped_lock lock(mutex_);
  return queue_.size();
}

caf::behavior timer_actor::make_behavior() {
  {
    std::scoped_lock lock(service_->mutex_);
    service_->actor_ = caf::actor_cast<caf::actor>(this);
  }
  serve();
  return {[this](const timer_wake&) { serve(); }};
}

void timer_actor::serve() {
  for (;;) {
    std::function<void()> fire;
    {
      std::scoped_lock lock(service_->mutex_);
      fire = service_->queue_.take_due(now_ns());
      if (!fire) {
        const auto next = service_->queue_.next_due_ns();
        service_->wake_at_ns_ = next.value_or(INT64_MAX);
        if (next) delayed_send(this, std::chrono::nanoseconds(*next - now_ns()), timer_wake{});
        return;
      }
    }
    fire();
  }
}

bool timer_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  caf::actor self; // released after the lock
  {
    std::scoped_lock lock(service_->mutex_);
    std::swap(self, service_->actor_);
    service_->wake_at_ns_ = INT64_MAX;
  }
  return bounded_actor::cleanup(std::move(reason), host);
}

} // namespace sett::supervision
