// Which of an account's duties its leader begins now. What there is to do follows from the state alone
// (execution::account::duties); this adds only pace: each step is under way once, comes again after a pause that
// doubles when it fails, and the same bytes are sent and looked for again and again until the state says that it is
// over. It remembers nothing that a new leader would miss. Bounded by the state's own bounds; pure; time is an
// argument.
#pragma once

#include "actors/execution/account_messages.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace sett::accounts {

struct driver_pace {
  std::int64_t resend_ns{400'000'000};  // about a slot of mainnet
  std::int64_t look_ns{200'000'000};    // for evidence of one attempt
  std::int64_t halt_ns{10'000'000'000}; // the signer is told again
  std::int64_t retry_min_ns{100'000'000}, retry_max_ns{2'000'000'000};
  std::int64_t step_max_ns{10'000'000'000}; // no answer for so long counts as failed
  std::size_t under_way_max{64};
};

/// One thing at a time: after a failure it pauses, and an answer that never comes ends it all the same.
class lone_step {
public:
  static constexpr std::int64_t pause_ns = 500'000'000, lapse_ns = 10'000'000'000;
  /// A ticket (not 0) when it begins now; 0: it is under way, or pauses.
  [[nodiscard]] std::uint64_t begin(steady_time_ns now) {
    if (now.value < (running_ ? at_ns_ + lapse_ns : at_ns_)) return 0;
    running_ = true;
    at_ns_ = now.value;
    return ++ticket_;
  }
  /// An answer that comes after the lapse changes nothing.
  void done(std::uint64_t ticket, bool ok, steady_time_ns now) {
    if (!running_ || ticket != ticket_) return;
    running_ = false;
    at_ns_ = ok ? now.value : now.value + pause_ns;
  }
  /// What is under way does not count any more.
  void reset() {
    running_ = false;
    at_ns_ = 0;
    ++ticket_;
  }

private:
  bool running_{};
  std::int64_t at_ns_{}; // running: begun; else: not before
  std::uint64_t ticket_{};
};

class driver {
public:
  explicit driver(driver_pace pace = {}) : pace_(pace) {}

  /// The steps to begin, in the duties' order (exits first). Each has to be ended by `done`.
  [[nodiscard]] std::vector<execution::account_effect> due(const std::vector<execution::account_effect>& duties,
                                                           steady_time_ns now);
  /// A step that due() gave has ended. ok false: it is tried again after a pause.
  void done(const execution::account_effect& e, bool ok, steady_time_ns now);
  /// Nothing is under way any more: another leads, or this node leads again.
  void reset() { steps_.clear(); }
  [[nodiscard]] std::size_t under_way() const;

private:
  using key = std::tuple<std::size_t, execution::intent_id, std::uint64_t>; // kind, intent, attempt or halt
  struct step {
    bool running{};
    std::int64_t at_ns{}; // running: begun; else: not before
    std::uint32_t failures{};
  };
  [[nodiscard]] static key key_of(const execution::account_effect& e);

  driver_pace pace_;
  std::map<key, step> steps_;
};

} // namespace sett::accounts
