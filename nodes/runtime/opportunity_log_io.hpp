// The stream of opportunities as a file: opportunities.ndjson in a folder of the node's, one JSON object a line
// (fields: README.md), a new file every day (UTC) and when one is full, the newest kept. One writer thread, so that no
// actor waits for a disk; the last lines also stay in memory for `sett opportunity tail`.
//
// Bounds: batches_max batches wait, beyond a batch is shed, counted; a line that the disk refuses is shed, counted, and
// stays readable in the tail. Thread-safe.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sett::runtime {

struct opportunity_log_options {
  std::string folder{};
  std::uint64_t file_bytes_max{64U << 20U};
  std::uint32_t files_max{8};
};

struct opportunity_tail {
  std::uint64_t next{}; // pass as `after` to go on
  std::uint64_t shed{}; // of the lines above `after`, those that are no longer kept
  std::vector<std::string> lines;
};

class opportunity_log {
public:
  static constexpr std::size_t batches_max = 4;
  static constexpr std::size_t tail_lines_max = 10'000;  // kept
  static constexpr std::size_t answer_lines_max = 1'000; // given at once

  /// Opens the file and starts the writer. Fails when the folder or the file cannot be made.
  [[nodiscard]] static result<std::shared_ptr<opportunity_log>>
  open(opportunity_log_options options, const ports::clock& clock, ports::metrics_registry& metrics);
  ~opportunity_log();

  /// Takes lines without their newlines; `done` is called on the writer's thread when they are written or shed.
  void write(std::vector<std::string> lines, std::function<void()> done);
  /// The oldest lines with a number above `after`, in order; the first line of the process has number 1.
  [[nodiscard]] opportunity_tail tail(std::uint64_t after) const;
  /// Writes what waits and ends the writer; later batches are shed. Idempotent.
  void stop();

private:
  struct inner;
  explicit opportunity_log(std::unique_ptr<inner> i);
  std::unique_ptr<inner> inner_;
};

} // namespace sett::runtime
