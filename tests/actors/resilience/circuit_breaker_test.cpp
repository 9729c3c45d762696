#include "actors/resilience/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <vector>

namespace sett::resilience {
namespace {

using namespace std::chrono_literals;

struct bench {
  breaker_settings settings{};
  circuit_breaker breaker;
  ports::random rng{7};
  steady_time_ns now{1'000'000'000'000};

  explicit bench(breaker_settings s = {}) : settings(s), breaker(s) {}
  std::optional<breaker_transition> call(call_outcome outcome, duration latency = 1ms, bool probe = false) {
    auto leave = breaker.try_acquire(now, probe);
    if (!leave) return std::nullopt;
    return breaker.record(*leave, outcome, latency, now, rng);
  }
  void wait(duration d) { now = after(now, d); }
  breaker_transition trip() {
    for (int i = 0; i < 100; ++i)
      if (auto edge = call(call_outcome::timeout)) return *edge;
    ADD_FAILURE() << "a hundred timeouts did not open the breaker";
    return {};
  }
  void to_half_open() {
    const auto edge = trip();
    wait(edge.open_for);
    const auto half = breaker.poll(now, rng);
    ASSERT_TRUE(half);
    ASSERT_EQ(half->to, breaker_state::half_open);
  }
};

TEST(unit_circuit_breaker, opens_after_consecutive_failures_and_names_the_evidence) {
  bench b;
  const auto edge = b.trip();
  EXPECT_EQ(edge.from, breaker_state::closed);
  EXPECT_EQ(edge.to, breaker_state::open);
  EXPECT_EQ(edge.cause, transition_cause::consecutive_failures);
  EXPECT_EQ(edge.consecutive, b.settings.consecutive_failures);
  EXPECT_EQ(edge.last_outcome, call_outcome::timeout);
  EXPECT_GT(edge.open_for, 0ns);
  EXPECT_LE(edge.open_for, b.settings.open_base);
  EXPECT_FALSE(b.breaker.try_acquire(b.now, false));
}

TEST(unit_circuit_breaker, needs_the_minimum_of_calls_before_a_ratio_counts) {
  breaker_settings s;
  s.consecutive_failures = 1000;
  s.minimum_calls = 10;
  bench b(s);
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(b.call(call_outcome::server_error));
  const auto edge = b.call(call_outcome::server_error);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->cause, transition_cause::failure_ratio);
  EXPECT_EQ(edge->calls, 10u);
}

TEST(unit_circuit_breaker, forgets_failures_older_than_ten_seconds) {
  breaker_settings s;
  s.consecutive_failures = 1000;
  bench b(s);
  for (int i = 0; i < 9; ++i) b.call(call_outcome::timeout);
  b.wait(11s);
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(b.call(call_outcome::timeout));
}

TEST(unit_circuit_breaker, ignores_the_callers_own_errors) {
  bench b;
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(b.call(call_outcome::caller_error));
  EXPECT_EQ(b.breaker.state(), breaker_state::closed);
}

TEST(unit_circuit_breaker, opens_when_most_calls_are_far_slower_than_the_moving_p99) {
  bench b;
  for (int i = 0; i < 200; ++i) b.call(call_outcome::success, 20ms);
  b.wait(15s);
  std::optional<breaker_transition> edge;
  for (int i = 0; i < 10 && !edge; ++i) edge = b.call(call_outcome::success, 3s);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->cause, transition_cause::slow_calls);
}

TEST(unit_circuit_breaker, closes_after_spaced_probes_and_lets_no_other_call_through_meanwhile) {
  bench b;
  b.to_half_open();
  EXPECT_FALSE(b.breaker.try_acquire(b.now, false)) << "only probes may go in half_open";
  std::optional<breaker_transition> edge;
  for (std::uint32_t i = 0; i < b.settings.probes; ++i) {
    auto leave = b.breaker.try_acquire(b.now, true);
    ASSERT_TRUE(leave);
    EXPECT_FALSE(b.breaker.try_acquire(b.now, true)) << "one probe at a time";
    edge = b.breaker.record(*leave, call_outcome::success, 1ms, b.now, b.rng);
    if (!edge) {
      EXPECT_FALSE(b.breaker.try_acquire(b.now, true)) << "probes are spaced";
    }
    b.wait(b.settings.probe_spacing);
  }
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->to, breaker_state::closed);
}

TEST(unit_circuit_breaker, one_failed_probe_reopens_for_longer) {
  bench b;
  b.to_half_open();
  auto leave = b.breaker.try_acquire(b.now, true);
  ASSERT_TRUE(leave);
  const auto edge = b.breaker.record(*leave, call_outcome::transport, 1ms, b.now, b.rng);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->to, breaker_state::open);
  EXPECT_LE(edge->open_for, b.settings.open_base * 2);
}

TEST(unit_circuit_breaker, a_probe_without_an_answer_reopens) {
  bench b;
  b.to_half_open();
  ASSERT_TRUE(b.breaker.try_acquire(b.now, true));
  b.wait(b.settings.probe_timeout);
  const auto edge = b.breaker.poll(b.now, b.rng);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->cause, transition_cause::probe_timed_out);
}

TEST(unit_circuit_breaker, a_late_answer_of_an_older_generation_never_closes) {
  bench b;
  const auto early = b.breaker.try_acquire(b.now, false);
  ASSERT_TRUE(early);
  b.to_half_open();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(b.breaker.record(*early, call_outcome::success, 1ms, b.now, b.rng));
  EXPECT_EQ(b.breaker.state(), breaker_state::half_open);
}

TEST(unit_circuit_breaker, a_force_expires_and_can_be_released) {
  bench b;
  b.breaker.force(breaker_state::forced_open, 10s, b.now);
  EXPECT_FALSE(b.breaker.try_acquire(b.now, true));
  b.wait(10s);
  auto edge = b.breaker.poll(b.now, b.rng);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->cause, transition_cause::force_expired);
  b.breaker.force(breaker_state::disabled, 10s, b.now);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(b.call(call_outcome::timeout)) << "disabled never opens";
  edge = b.breaker.release(b.now);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->to, breaker_state::closed);
}

RC_GTEST_PROP(unit_circuit_breaker, moves_only_along_legal_edges_whatever_happens, (std::uint64_t seed)) {
  breaker_settings s;
  s.open_cap = 8s;
  circuit_breaker breaker(s);
  ports::random rng(seed);
  steady_time_ns now{5'000'000'000};
  std::vector<circuit_breaker::permit> out;
  auto state = breaker.state();
  auto generation = breaker.generation();
  const auto check = [&](const std::optional<breaker_transition>& edge) {
    if (!edge) {
      RC_ASSERT(breaker.state() == state);
      return;
    }
    RC_ASSERT(edge->from == state);
    RC_ASSERT(edge->to == breaker.state());
    RC_ASSERT(circuit_breaker::legal(edge->from, edge->to));
    RC_ASSERT(edge->generation == generation + 1);
    if (edge->to == breaker_state::open) RC_ASSERT(edge->open_for > 0ns && edge->open_for <= s.open_cap);
    state = edge->to;
    generation = edge->generation;
  };
  for (int step = 0; step < 400; ++step) {
    now = after(now, std::chrono::milliseconds(rng.below(700)));
    switch (rng.below(8)) {
    case 0:
    case 1:
    case 2: {
      const bool probe = rng.chance(0.5);
      if (auto leave = breaker.try_acquire(now, probe)) {
        RC_ASSERT(breaker.state() != breaker_state::open && breaker.state() != breaker_state::forced_open);
        RC_ASSERT(breaker.state() != breaker_state::half_open || probe);
        out.push_back(*leave);
      }
      break;
    }
    case 3:
    case 4:
    case 5:
      if (!out.empty()) {
        const auto i = rng.below(out.size());
        const auto leave = out[i];
        if (rng.chance(0.9)) out.erase(out.begin() + static_cast<std::ptrdiff_t>(i)); // else a duplicate answer follows
        const auto before = breaker.generation();
        const auto edge = breaker.record(leave, static_cast<call_outcome>(rng.below(call_outcome_count)),
                                         std::chrono::milliseconds(rng.below(2000)), now, rng);
        RC_ASSERT(!edge || leave.generation == before);
        check(edge);
      }
      break;
    case 6:
      check(breaker.poll(now, rng));
      break;
    default:
      if (rng.chance(0.1))
        check(breaker.force(static_cast<breaker_state>(3 + rng.below(3)), std::chrono::seconds(1 + rng.below(5)), now));
      else if (rng.chance(0.1))
        check(breaker.release(now));
    }
  }
}

} // namespace
} // namespace sett::resilience
