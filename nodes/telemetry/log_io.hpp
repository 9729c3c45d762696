// The node's logger: callers put records into a bounded ring, one thread writes them to the console (spdlog) and to a
// file of JSON lines that changes daily and when it is full. A record that finds the ring full goes to a spill file,
// which the writer takes over as soon as it has caught up; if that is not possible the record is shed and counted:
//
//   taken = written + held back as repeats + shed          (after stop())
//
// enabled() and write() are thread-safe and do not wait for the writer. The destructor writes what is left.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/types/error.hpp"
#include "nodes/telemetry/log_levels.hpp"
#include "nodes/telemetry/redactor.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sett::telemetry {

enum class console_form : std::uint8_t { people, json, off };
enum class colour_mode : std::uint8_t { automatic, always, never };

struct log_options {
  level_map levels;
  console_form console{console_form::people};
  colour_mode colour{colour_mode::automatic};
  std::string dir; // empty: no file, and no spilling
  std::uint64_t file_bytes_max{64U << 20U};
  std::uint32_t files_max{14};
  std::uint32_t ring_records_max{8192};
  std::uint64_t spill_bytes_max{16U << 20U};
  std::uint32_t repeat_window_ms{10'000};
  std::uint32_t repeats_max{20};
  redactor secrets;
  /// Called by the writer thread with every JSON line before it is written; for tests (a writer that is slow) and the
  /// tail.
  std::function<void(std::string_view)> on_line;
};

struct log_counts {
  std::uint64_t taken{}, written{}, spilled{}, held_back{}, shed{};
};

struct log_tail {
  std::uint64_t next{}; // pass as `after` to go on
  std::vector<std::string> lines;
};

class node_logger final : public ports::logger {
public:
  /// Opens the files and starts the writer. Fails when the folder or the file cannot be made.
  [[nodiscard]] static result<std::unique_ptr<node_logger>> open(log_options options, const ports::clock& clock,
                                                                 ports::metrics_registry& metrics);
  ~node_logger() override;

  [[nodiscard]] bool enabled(std::string_view area, ports::log_level level) const noexcept override;
  void write(ports::log_level level, std::string_view area, std::string_view event, std::string_view sentence,
             std::span<const ports::log_field> fields) noexcept override;

  [[nodiscard]] level_table& levels();
  [[nodiscard]] log_counts counts() const;
  /// The last lines as JSON, those with a number above `after`; at most 1000 are kept.
  [[nodiscard]] log_tail tail(std::uint64_t after) const;
  /// Writes everything that was taken and ends the writer; later records are shed. Idempotent.
  void stop();

private:
  struct inner;
  explicit node_logger(std::unique_ptr<inner> i);
  std::unique_ptr<inner> inner_;
};

} // namespace sett::telemetry
