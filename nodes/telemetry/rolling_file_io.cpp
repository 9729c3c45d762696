#include "nodes/telemetry/rolling_file_io.hpp"

#include "nodes/telemetry/log_levels.hpp"

#include <fmt/format.h>
#include <spdlog/common.h>
#include <spdlog/details/file_helper.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <utility>
#include <vector>

namespace sett::telemetry {
namespace fs = std::filesystem;
namespace {

using days = std::chrono::sys_days;

days day_of(wall_time_ns now) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(now.value)));
}
std::string date_text(days day) {
  const std::chrono::year_month_day d(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                     static_cast<unsigned>(d.day()));
}

} // namespace

struct rolling_file::inner {
  std::string stem, extension;
  fs::path dir;
  std::uint64_t bytes_max{};
  std::uint32_t files_max{};
  days day{};
  std::uint64_t bytes{};
  std::unique_ptr<spdlog::details::file_helper> file;

  [[nodiscard]] fs::path current() const { return dir / fmt::format("{}.{}", stem, extension); }

  void start(wall_time_ns now) { // may throw
    fs::create_directories(dir);
    day = day_of(now);
    std::error_code ignored;
    if (fs::exists(current(), ignored)) {
      // A file of an earlier day is set aside first.
      struct stat s{};
      if (::stat(current().c_str(), &s) == 0) {
        const auto written = day_of(wall_time_ns{static_cast<std::int64_t>(s.st_mtim.tv_sec) * 1'000'000'000});
        if (written < day) set_aside(written);
      }
    }
    open_current();
  }

  void open_current() {
    auto next = std::make_unique<spdlog::details::file_helper>();
    next->open(current().string(), false);
    file = std::move(next);
    bytes = file->size();
  }

  /// The current file becomes <stem>.<date>.<n>.<extension> with the n above all that are there (a number that was
  /// deleted is not used again: names are in the order of time); then the oldest are deleted.
  void set_aside(days of) {
    file.reset();
    std::vector<fs::path> old;
    for (const auto& e : fs::directory_iterator(dir)) {
      const auto text = e.path().filename().string();
      if (text.starts_with(stem + ".2") && text.ends_with("." + extension)) old.push_back(e.path());
    }
    std::sort(old.begin(), old.end());
    const auto begin = fmt::format("{}.{}.", stem, date_text(of));
    std::uint32_t n = 1;
    for (const auto& path : old)
      if (const auto text = path.filename().string(); text.starts_with(begin))
        n = std::max(n, static_cast<std::uint32_t>(std::strtoul(text.c_str() + begin.size(), nullptr, 10)) + 1);
    const auto name = dir / fmt::format("{}{:04}.{}", begin, n, extension);
    fs::rename(current(), name);
    old.push_back(name);
    for (std::size_t i = 0; i + files_max <= old.size(); ++i) fs::remove(old[i]); // the current file counts too
  }
};

rolling_file::rolling_file(std::string stem, std::string extension) : inner_(std::make_unique<inner>()) {
  inner_->stem = std::move(stem);
  inner_->extension = std::move(extension);
}
rolling_file::~rolling_file() = default;

result<void> rolling_file::open(const std::string& dir, std::uint64_t bytes_max, std::uint32_t files_max,
                                wall_time_ns now) {
  inner_->dir = dir;
  inner_->bytes_max = bytes_max;
  inner_->files_max = files_max;
  try {
    inner_->start(now);
  } catch (const std::exception& e) {
    return fail("telemetry", telemetry_errc::no_file,
                fmt::format("cannot write {} in {}: {}; check the folder and its permissions",
                            inner_->current().filename().string(), dir, e.what()));
  }
  return {};
}

bool rolling_file::write(std::string_view line, wall_time_ns now) {
  auto& i = *inner_;
  try {
    if (!i.file) i.start(now);
    if (const auto today = day_of(now); today > i.day) {
      i.set_aside(i.day);
      i.day = today;
      i.open_current();
    } else if (i.bytes > 0 && i.bytes + line.size() + 1 > i.bytes_max) {
      i.set_aside(i.day);
      i.open_current();
    }
    spdlog::memory_buf_t buffer;
    buffer.append(line.data(), line.data() + line.size());
    buffer.push_back('\n');
    i.file->write(buffer);
    i.file->flush();
    i.bytes += buffer.size();
    return true;
  } catch (const std::exception&) {
    i.file.reset();
    return false;
  }
}

} // namespace sett::telemetry
