// An actor system in one thread with virtual time: nothing runs until the test says so, in FIFO order or in an order
// drawn from a seed. All actors are ended before the system goes.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/system_config.hpp"
#include "messages/ports/random.hpp"

#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace sett::test {

struct deterministic_config : caf::actor_system_config {
  deterministic_config() { supervision::configure_deterministic(*this); }
};

class deterministic_system {
public:
  explicit deterministic_system(std::uint64_t seed = 0)
      : system_(config_),
        scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
        rng_(seed),
        shuffled_(seed != 0) {}
  ~deterministic_system() {
    for (auto& a : owned_)
      supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(a), caf::exit_reason::kill);
    owned_.clear();
    run();
  }
  deterministic_system(const deterministic_system&) = delete;
  deterministic_system& operator=(const deterministic_system&) = delete;

  [[nodiscard]] caf::actor_system& system() { return system_; }
  [[nodiscard]] caf::scheduler::test_coordinator& scheduler() { return scheduler_; }
  [[nodiscard]] std::int64_t now_ns() { return scheduler_.clock().now().time_since_epoch().count(); }

  /// Spawns an actor that ends with this system.
  template <class Actor, class... Ts>
  caf::actor spawn(Ts&&... xs) {
    owned_.push_back(system_.spawn<Actor>(std::forward<Ts>(xs)...));
    return owned_.back();
  }

  /// One message of one ready actor; false when none is ready.
  bool step() {
    if (scheduler_.jobs.empty()) return false;
    if (shuffled_) {
      const auto i = static_cast<std::ptrdiff_t>(rng_.below(scheduler_.jobs.size()));
      std::rotate(scheduler_.jobs.begin(), scheduler_.jobs.begin() + i, scheduler_.jobs.begin() + i + 1);
    }
    return scheduler_.try_run_once();
  }
  /// Until nothing is ready; time stands still.
  std::size_t run() {
    std::size_t n = 0;
    while (step()) ++n;
    return n;
  }
  /// Lets time pass in steps, running all that gets ready.
  void advance(std::chrono::nanoseconds total, std::chrono::nanoseconds step_size = std::chrono::milliseconds(10)) {
    run();
    for (auto left = total; left.count() > 0; left -= step_size) {
      scheduler_.advance_time(std::min(left, step_size));
      run();
    }
  }

private:
  deterministic_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  ports::random rng_;
  bool shuffled_;
  std::vector<caf::actor> owned_;
};

} // namespace sett::test
