// A file of lines that is closed and set aside when the day (UTC) changes or its size is reached: <stem>.<extension> is
// current (sett.log), the others are <stem>.<date>.<n>.<extension>, of which the newest are kept. Written through
// spdlog's file helper. One thread; writes go to the page cache and may wait for the disk.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sett::telemetry {

class rolling_file {
public:
  explicit rolling_file(std::string stem = "sett", std::string extension = "log");
  ~rolling_file();
  [[nodiscard]] result<void> open(const std::string& dir, std::uint64_t bytes_max, std::uint32_t files_max,
                                  wall_time_ns now);
  /// Appends the line and a newline; false when the disk refuses. Tries to open again on the next write.
  bool write(std::string_view line, wall_time_ns now);

private:
  struct inner;
  std::unique_ptr<inner> inner_;
};

} // namespace sett::telemetry
