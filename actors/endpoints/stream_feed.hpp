// The way from an endpoint's socket threads to ingest: numbers what one endpoint sends, in the order it is sent, so
// that ingest notices when something was shed on the way. And the figures of the stream that the endpoint's actor
// reads.
//
// Thread-safe: socket threads of one endpoint send through it at the same time; the mutex is held for one enqueue.
#pragma once

#include "messages/protocol/chain_stream.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex> // pure-ok: orders the numbering, no result depends on it
#include <string>
#include <utility>

namespace sett::endpoints {

class stream_feed {
public:
  using sink = std::function<void(protocol::raw_update&&)>;
  explicit stream_feed(sink to) : to_(std::move(to)) {}

  void send(protocol::raw_update&& update) {
    const std::scoped_lock lock(mutex_);
    update.origin.sequence = ++sequence_;
    to_(std::move(update));
  }

  // figures: written by the stream's thread, read by the actor
  void frame(steady_time_ns received, std::size_t size) {
    last_frame_ns_.store(received.value, std::memory_order_relaxed);
    frames_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(size, std::memory_order_relaxed);
  }
  void newest(slot_number slot) {
    auto seen = newest_.load(std::memory_order_relaxed);
    while (slot.value > seen && !newest_.compare_exchange_weak(seen, slot.value, std::memory_order_relaxed)) {
    }
  }
  void malformed(const std::string& what) {
    malformed_.fetch_add(1, std::memory_order_relaxed);
    const std::scoped_lock lock(mutex_);
    last_fault_ = what;
  }
  [[nodiscard]] steady_time_ns last_frame() const {
    return steady_time_ns{last_frame_ns_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] slot_number newest() const { return slot_number{newest_.load(std::memory_order_relaxed)}; }
  [[nodiscard]] std::uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::string last_fault() const {
    const std::scoped_lock lock(mutex_);
    return last_fault_;
  }

private:
  sink to_;
  mutable std::mutex mutex_;
  std::uint64_t sequence_{};
  std::string last_fault_;
  std::atomic<std::int64_t> last_frame_ns_{};
  std::atomic<std::uint64_t> newest_{}, frames_{}, bytes_{}, malformed_{};
};

} // namespace sett::endpoints
