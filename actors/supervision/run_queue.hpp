// The queue of runnable jobs that all scheduler threads share: first in, first out, unbounded (a job is an actor with
// messages, so there are never more of them than actors).
//
// CAF's own (policy::work_sharing) allocates a list node per job and wakes a sleeping thread with every push. Waking
// costs 5 to 10 us on a virtual machine, more than most handlers run, and an allocation that another thread frees costs
// a lock. Here jobs lie in a ring; a thread that finds nothing looks on for some microseconds before it sleeps; and
// push() wakes a sleeper only when there are more jobs than threads already looking.
//
// Concurrency: any thread may push and pop. No job is left lying: at each push either a looking thread is left for it,
// a sleeper is woken, or all threads are busy, and each looks again before it sleeps. push() never waits but for the
// lock, which is held for a few instructions; pop() blocks until there is a job.
#pragma once

#include <atomic>
#include <condition_variable> // pure-ok: a queue between threads is what this is
#include <cstddef>
#include <mutex>  // pure-ok: the same
#include <thread> // pure-ok: only for the number of processors
#include <vector>

namespace sett::supervision {

template <class Job>
class run_queue {
public:
  /// `looks`: how often an idle thread looks before it sleeps; a pause lies between two looks, about 40 ns on today's
  /// processors.
  explicit run_queue(int looks = std::thread::hardware_concurrency() > 1 ? looks_usual : 0)
      : ring_(ring_first), looks_(looks) {}
  run_queue(const run_queue&) = delete;
  run_queue& operator=(const run_queue&) = delete;

  /// `job` is not null; it stays its owner's.
  void push(Job* job) {
    bool wake = false;
    {
      const auto lock = hold();
      auto n = size_.load(std::memory_order_relaxed);
      if (n == ring_.size()) grow();
      ring_[(head_ + n) & (ring_.size() - 1)] = job;
      size_.store(++n, std::memory_order_relaxed);
      if (n > looking_ && sleeping_ > woken_) {
        ++woken_;
        wake = true;
      }
    }
    if (wake) changed_.notify_one();
  }

  /// The oldest job; waits for one.
  [[nodiscard]] Job* pop() {
    auto lock = hold();
    for (;;) {
      if (auto* job = take()) return job;
      ++looking_;
      lock.unlock();
      look();
      lock = hold();
      --looking_;
      if (auto* job = take()) return job;
      ++sleeping_;
      changed_.wait(lock, [this] { return woken_ > 0; });
      --woken_;
      --sleeping_;
    }
  }

  /// The oldest job; null when there is none.
  [[nodiscard]] Job* try_pop() {
    const auto lock = hold();
    return take();
  }

private:
  static constexpr std::size_t ring_first = 1024; // a power of two, always
  static constexpr int looks_usual = 200;         // some 10 us
  static constexpr int tries_max = 50;

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  /// The lock is held so shortly that trying again is cheaper than sleeping.
  std::unique_lock<std::mutex> hold() {
    std::unique_lock lock(mutex_, std::defer_lock);
    for (int i = 0; i < tries_max; ++i) {
      if (lock.try_lock()) return lock;
      pause();
    }
    lock.lock();
    return lock;
  }
  void look() const {
    for (int i = 0; i < looks_ && size_.load(std::memory_order_relaxed) == 0; ++i) pause();
  }
  Job* take() {
    const auto n = size_.load(std::memory_order_relaxed);
    if (n == 0) return nullptr;
    auto* job = ring_[head_];
    head_ = (head_ + 1) & (ring_.size() - 1);
    size_.store(n - 1, std::memory_order_relaxed);
    return job;
  }
  void grow() { // only when full: all places are jobs, from head_ on
    std::vector<Job*> wider(ring_.size() * 2);
    for (std::size_t i = 0; i < ring_.size(); ++i) wider[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    ring_ = std::move(wider);
    head_ = 0;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job*> ring_;
  std::size_t head_{};
  std::atomic<std::size_t> size_{}; // written under the lock, read without it by who looks
  std::size_t looking_{}, sleeping_{}, woken_{};
  int looks_;
};

} // namespace sett::supervision
