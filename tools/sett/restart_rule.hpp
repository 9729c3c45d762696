// When a process that ended is started again. Pure.
//
// A node that cannot go on as a member ends with code 3 and comes back at once as a new life; whatever else ends, and
// whatever ends again and again without having lived, comes back after a pause that doubles, as systemd's RestartSteps
// do. Code 2 is a fault in the settings: another start would end the same way.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace sett::tools {

class restart_rule {
public:
  static constexpr std::chrono::milliseconds pause_min{100}, pause_max{10'000}, lived_min{5'000};
  static constexpr int exit_settings = 2, exit_new_life = 3;

  /// code: the exit code, or nothing when a signal ended it. The pause until the next start; nothing: never again.
  [[nodiscard]] std::optional<std::chrono::milliseconds> ended(std::optional<int> code,
                                                               std::chrono::milliseconds lived) {
    if (code == exit_settings) return std::nullopt;
    if (lived >= lived_min) quick_ends_ = 0;
    const auto doublings = std::min<std::uint32_t>(quick_ends_, 7);
    const bool first = quick_ends_++ == 0;
    if (first && code == exit_new_life) return std::chrono::milliseconds(0);
    return std::min(pause_max, pause_min * (1U << doublings));
  }

private:
  std::uint32_t quick_ends_{}; // ends in a row without having lived long
};

} // namespace sett::tools
