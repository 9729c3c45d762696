#include "nodes/runtime/signals_io.hpp"

#include <csignal>
#include <ctime>
#include <pthread.h>

namespace sett::runtime {
namespace {
sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}
} // namespace

void block_stop_signals() {
  const auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int wait_for_stop_signal(std::chrono::milliseconds at_most) {
  const auto set = stop_signals();
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  const timespec limit{static_cast<time_t>(s.count()),
                       static_cast<long>(std::chrono::duration_cast<std::chrono::nanoseconds>(at_most - s).count())};
  const int got = sigtimedwait(&set, nullptr, &limit);
  return got > 0 ? got : 0;
}

} // namespace sett::runtime
