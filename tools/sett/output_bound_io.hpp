// Keeps what a started program writes within a bound. The program holds its file open and appends to it, so it cannot
// be renamed away: its content is copied to NAME.1 (over the copy before), then it is cut to nothing, and the next line
// goes to its new beginning. What is written between the copy and the cut, some microseconds, is lost. Two files of at
// most bytes_max each, and a little more for what comes between two looks.
#pragma once

#include <cstdint>
#include <filesystem>

namespace sett::tools {

inline constexpr std::uintmax_t output_bytes_max = 16U << 20U;

/// True: it was too large and has been cut. A file that cannot be looked at or copied stays as it is.
inline bool bound_output(const std::filesystem::path& file, std::uintmax_t bytes_max = output_bytes_max) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  if (none || size <= bytes_max) return false;
  auto copy = file;
  copy += ".1";
  if (!std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing, none)) return false;
  std::filesystem::resize_file(file, 0, none);
  return !none;
}

} // namespace sett::tools
