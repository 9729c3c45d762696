// Timers that can be cancelled (CAF's delayed_send cannot, and keeps its receiver alive until it fires). One service
// per node.
#pragma once

#include <cstdint>
#include <functional>

namespace sett::ports {

enum class timer_id : std::uint64_t { none = 0 };

class timer {
public:
  virtual ~timer() = default;
  /// Calls `fire` once, not before delay_ns (>= 0), on the service's thread: it must not block. none: the service is
  /// full or stopped, and `fire` is never called. Thread-safe.
  [[nodiscard]] virtual timer_id start(std::int64_t delay_ns, std::function<void()> fire) = 0;
  /// True: it will not fire. False: it has fired, is firing, or was cancelled. Thread-safe.
  virtual bool cancel(timer_id id) = 0;
};

} // namespace sett::ports
