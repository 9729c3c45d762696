// The timer service of a node: ports::timer over the actor system's clock, so it follows virtual time in a
// deterministic system. The queue is shared and guarded by a mutex; one actor wakes for the earliest timer and fires
// what is due, outside the lock. A wake-up that is no longer needed is harmless: it finds nothing due.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/timer_queue.hpp"
#include "messages/ports/timer.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <memory>
#include <mutex>

namespace sett::supervision {

class timer_service final : public ports::timer {
public:
  /// capacity: timers that may wait at once.
  explicit timer_service(caf::actor_system& system, std::size_t capacity = 1'000'000)
      : system_(system), queue_(capacity) {}
  [[nodiscard]] ports::timer_id start(std::int64_t delay_ns, std::function<void()> fire) override;
  bool cancel(ports::timer_id id) override;
  [[nodiscard]] std::size_t waiting() const;

private:
  friend class timer_actor;
  [[nodiscard]] std::int64_t now_ns() const { return system_.clock().now().time_since_epoch().count(); }

  caf::actor_system& system_;
  mutable std::mutex mutex_;
  timer_queue queue_;
  std::int64_t wake_at_ns_{INT64_MAX}; // the earliest wake-up under way
  caf::actor actor_;                   // empty: stopped
};

/// Serves `service` from its start to its end; a restarted one takes up what waits.
class timer_actor : public bounded_actor {
public:
  timer_actor(caf::actor_config& cfg, cell_ptr place, std::shared_ptr<timer_service> service)
      : bounded_actor(cfg, std::move(place)), service_(std::move(service)) {}
  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  void serve();
  std::shared_ptr<timer_service> service_;
};

} // namespace sett::supervision
