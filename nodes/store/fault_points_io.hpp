// Where a drill breaks a real node: named points at which the process kills itself (as kill -9 would), and a disk that
// is full, read-only, failing or slow. Chosen by settings only; without them every call is one test of a flag.
//
// A crash point is "name" or "name:n" (the n-th time). The file holds the disk's fault of the moment, in one line, and
// is looked at before every operation, so that a fault comes and goes while the node runs:
//   full | read-only | write-error | sync-error | slow MILLISECONDS | crash NAME
// Thread-safe.
#pragma once

#include "messages/types/error.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace sett::store {

enum class disk_fault : std::uint8_t { none, full, read_only, write_error, sync_error };

class fault_points {
public:
  fault_points() = default;
  /// Empty texts: no such fault. Error: the crash point's count is not a positive number.
  [[nodiscard]] static result<void> check(std::string_view crash_point);
  fault_points(std::string_view crash_point, std::string file);

  /// Kills the process when this is the point. Never returns then.
  void pass(std::string_view point);
  /// The disk's fault now; waits out a slow one.
  [[nodiscard]] disk_fault disk();
  [[nodiscard]] bool any() const { return any_; }

private:
  std::string point_, file_;
  std::atomic<std::uint64_t> left_{0};
  bool any_{};
};

} // namespace sett::store
