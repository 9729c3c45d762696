// Waits for the signals that end a node. They are blocked in every thread, so block() comes before the first thread is
// started.
#pragma once

#include <chrono>

namespace sett::runtime {

/// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it starts, and ignores SIGPIPE.
void block_stop_signals();
/// The signal that came, or 0 after the time. Blocks.
[[nodiscard]] int wait_for_stop_signal(std::chrono::milliseconds at_most);

} // namespace sett::runtime
