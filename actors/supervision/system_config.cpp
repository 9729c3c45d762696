#include "actors/supervision/system_config.hpp"

#include "actors/supervision/run_queue.hpp"

#include <caf/atom.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/logger.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <mutex>
#include <unordered_set>
#include <utility>

namespace sett::supervision {

namespace {

constexpr std::size_t max_throughput = 10;

/// CAF's clock without the cost of an actor's end. Every actor that ends asks the clock to cancel its timeouts, through
/// a ring of 64 places that one thread empties: when many actors crash at once they wait for that thread. Here only
/// actors that did set a timeout ask. (The base is CAF's because the coordinator returns that type; its own queue stays
/// empty.)
class quiet_clock final : public caf::detail::thread_safe_actor_clock {
public:
  explicit quiet_clock(caf::detail::thread_safe_actor_clock& real) : real_(real) {}

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override {
    remember(self);
    real_.set_ordinary_timeout(t, self, type, id);
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override {
    remember(self);
    real_.set_multi_timeout(t, self, type, id);
  }
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override {
    remember(self);
    real_.set_request_timeout(t, self, id);
  }
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override {
    real_.cancel_ordinary_timeout(self, type);
  }
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override {
    real_.cancel_request_timeout(self, id);
  }
  void cancel_timeouts(caf::abstract_actor* self) override {
    {
      std::scoped_lock lock(mutex_);
      if (with_timeouts_.erase(self) == 0) return;
    }
    real_.cancel_timeouts(self);
  }
  void schedule_message(time_point t, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) override {
    real_.schedule_message(t, std::move(receiver), std::move(content));
  }
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender, caf::message content) override {
    real_.schedule_message(t, std::move(target), std::move(sender), std::move(content));
  }
  void cancel_all() override { real_.cancel_all(); }

private:
  void remember(const caf::abstract_actor* self) {
    std::scoped_lock lock(mutex_);
    with_timeouts_.insert(self);
  }
  caf::detail::thread_safe_actor_clock& real_;
  std::mutex mutex_;
  std::unordered_set<const caf::abstract_actor*> with_timeouts_; // until they end
};

/// CAF's scheduling policy 'sharing' on a queue of ours: the member functions that CAF's workers call.
class shared_queue : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    run_queue<caf::resumable> queue;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    bool began{};
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).queue.push(job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).queue.push(job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).queue.push(job);
  }
  /// Behind all others: it has had its turn.
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    d(self->parent()).queue.push(job);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    // The packaged library writes no log, but its logger still notes four times per turn which actor the thread runs,
    // each time under a spin lock that all threads share.
    if (!std::exchange(d(self).began, true)) caf::logger::set_current_actor_system(nullptr);
    return d(self->parent()).queue.pop();
  }
  template <class Worker, class Visit>
  void foreach_resumable(Worker*, Visit) {} // workers hold no jobs of their own
  template <class Coordinator, class Visit>
  void foreach_central_resumable(Coordinator* self, Visit visit) {
    while (auto* job = d(self).queue.try_pop()) visit(job);
  }
};

class sharing_coordinator final : public caf::scheduler::coordinator<shared_queue> {
public:
  using coordinator::coordinator;
  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

private:
  quiet_clock clock_{coordinator::clock()};
};

} // namespace

void configure(caf::actor_system_config& config, std::size_t threads) {
  config.set("scheduler.policy", caf::atom("sharing")); // what sharing_coordinator is
  config.module_factories.emplace_back(
      [](caf::actor_system& system) -> caf::actor_system::module* { return new sharing_coordinator(system); });
  config.set("scheduler.max-throughput", max_throughput);
  config.set("scheduler.max-threads", threads);
}

void configure_deterministic(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  config.set("scheduler.max-throughput", max_throughput);
}

} // namespace sett::supervision
