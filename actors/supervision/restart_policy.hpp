// When a child fails: resume, restart, stop or escalate. Pure: history + now + a random draw in, a decision out.
//
// The shape is Erlang/OTP's supervisor (strategies one_for_one, one_for_all, rest_for_one; permanent, transient and
// temporary children; at most max_restarts within a window) with exponential backoff and full jitter between restarts
// ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015), which is reset after the child ran for a stable
// time. The first restart after a stable time is immediate: a single crash must not cost a token its next trade.
//
// Times are steady nanoseconds. A history that never failed owns no memory: 100,000 of them cost 24 bytes each.
#pragma once

#include "messages/ports/random.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <vector>

namespace sett::supervision {

enum class directive : std::uint8_t { resume, restart, stop, escalate };
enum class strategy : std::uint8_t { one_for_one, one_for_all, rest_for_one };
/// permanent: always restarted; transient: only after a failure; temporary: never.
enum class child_kind : std::uint8_t { permanent, transient, temporary };
/// normal: it ended as asked. rejected: it refused one message and its state is whole. crashed: an exception or an
/// error. escalated: a supervisor below gave up.
enum class failure_kind : std::uint8_t { normal, rejected, crashed, escalated };

struct restart_settings {
  std::uint32_t max_restarts{5};            // within the window; one more escalates (or stops)
  std::int64_t window_ns{10'000'000'000};   // sliding
  std::int64_t backoff_base_ns{10'000'000}; // before the second restart in a row
  std::int64_t backoff_cap_ns{30'000'000'000};
  std::int64_t stable_ns{60'000'000'000}; // after this long without a failure the backoff starts over
  bool never_give_up{};                   // backoff without a limit (endpoints)
  bool escalates{true};                   // false: a child that fails too often is stopped and reported instead
};

class restart_history {
public:
  [[nodiscard]] std::uint32_t in_a_row() const { return in_a_row_; }

private:
  friend struct restart_decision decide_restart(const restart_settings&, child_kind, failure_kind, restart_history&,
                                                steady_time_ns, ports::random&);
  std::vector<std::int64_t> restarts_; // within the window, oldest first; at most max_restarts
  std::uint32_t in_a_row_{};
  std::int64_t last_failure_ns_{};
};

struct restart_decision {
  directive action{directive::stop};
  std::int64_t delay_ns{}; // before a restart
};

/// Decides and records. Never more than settings.max_restarts restarts within any window, unless never_give_up.
[[nodiscard]] restart_decision decide_restart(const restart_settings& settings, child_kind kind, failure_kind failure,
                                              restart_history& history, steady_time_ns now, ports::random& rng);

} // namespace sett::supervision
