#include "nodes/store/fault_points_io.hpp"

#include "messages/ports/journal_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace sett::store {

namespace {

std::uint64_t count_in(std::string_view point) {
  const auto colon = point.find(':');
  if (colon == std::string_view::npos) return 1;
  const auto digits = point.substr(colon + 1);
  std::uint64_t n = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return failed == std::errc() && end == digits.data() + digits.size() ? n : 0;
}

std::string line_of(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

} // namespace

result<void> fault_points::check(std::string_view crash_point) {
  if (crash_point.empty() || count_in(crash_point) > 0) return {};
  return fail("journal_store", ports::journal_store_errc::cannot_open,
              fmt::format("crash point \"{}\": after the colon stands a number from 1", crash_point));
}

fault_points::fault_points(std::string_view crash_point, std::string file)
    : point_(crash_point.substr(0, crash_point.find(':'))),
      file_(std::move(file)),
      left_(count_in(crash_point)),
      any_(!point_.empty() || !file_.empty()) {}

void fault_points::pass(std::string_view point) {
  if (!any_) return;
  if (point == point_ && left_.fetch_sub(1) == 1) die();
  if (!file_.empty())
    if (const auto line = line_of(file_); line.starts_with("crash ") && line.substr(6) == point) die();
}

disk_fault fault_points::disk() {
  if (file_.empty()) return disk_fault::none;
  const auto line = line_of(file_);
  if (line == "full") return disk_fault::full;
  if (line == "read-only") return disk_fault::read_only;
  if (line == "write-error") return disk_fault::write_error;
  if (line == "sync-error") return disk_fault::sync_error;
  if (line.starts_with("slow ")) {
    std::uint64_t ms = 0;
    std::from_chars(line.data() + 5, line.data() + line.size(), ms);
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min<std::uint64_t>(ms, 60'000)));
  }
  return disk_fault::none;
}

} // namespace sett::store
