// The leader's pace: each step once at a time, again after a pause, nothing that is no duty any more.
#include "nodes/accounts/driver.hpp"

#include <gtest/gtest.h>

using namespace sett;
using namespace sett::execution;
using sett::accounts::driver;

namespace {

intent_id id_of(std::uint8_t n) {
  intent_id id;
  id.bytes.fill(n);
  return id;
}
constexpr std::int64_t ms = 1'000'000;
steady_time_ns at(std::int64_t t_ms) { return steady_time_ns(t_ms * ms); }

} // namespace

TEST(unit_lone_step, it_runs_once_and_pauses_after_a_failure) {
  sett::accounts::lone_step s;
  const auto first = s.begin(at(0));
  ASSERT_NE(first, 0U);
  EXPECT_EQ(s.begin(at(1)), 0U);
  s.done(first, false, at(2));
  EXPECT_EQ(s.begin(at(501)), 0U);
  const auto second = s.begin(at(502));
  ASSERT_NE(second, 0U);
  s.done(second, true, at(503));
  EXPECT_NE(s.begin(at(503)), 0U);
}

TEST(unit_lone_step, a_lost_answer_ends_it_after_ten_seconds_and_a_late_one_changes_nothing) {
  sett::accounts::lone_step s;
  const auto lost = s.begin(at(0));
  EXPECT_EQ(s.begin(at(9'999)), 0U);
  const auto next = s.begin(at(10'000));
  ASSERT_NE(next, 0U);
  EXPECT_NE(next, lost);
  s.done(lost, true, at(10'001));
  EXPECT_EQ(s.begin(at(10'002)), 0U); // the next one is still under way
  s.reset();
  s.done(next, false, at(10'003));
  EXPECT_NE(s.begin(at(10'003)), 0U);
}

TEST(unit_driver, a_step_is_under_way_once_and_sends_come_again_after_a_pause) {
  driver d;
  const std::vector<account_effect> duties{effect::send{id_of(1), attempt_number(1)}};
  ASSERT_EQ(d.due(duties, at(0)).size(), 1U);
  EXPECT_TRUE(d.due(duties, at(1)).empty());
  d.done(duties[0], true, at(2));
  EXPECT_TRUE(d.due(duties, at(401)).empty());
  EXPECT_EQ(d.due(duties, at(402)).size(), 1U);
}

TEST(unit_driver, a_failed_step_waits_twice_as_long_each_time_up_to_its_bound) {
  driver d;
  const std::vector<account_effect> duties{effect::ask_signature{id_of(1), attempt_number(1)}};
  std::int64_t now = 0;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(d.due(duties, at(now)).size(), 1U);
    d.done(duties[0], false, at(now));
    const auto failed = now;
    while (d.due(duties, at(now)).empty()) ++now;
    pauses.push_back(now - failed);
    d.done(duties[0], true, at(now));
    d.done(duties[0], true, at(now)); // said twice
    d.reset();
    for (int k = 0; k <= i; ++k) { // fails so many times in a row
      while (d.due(duties, at(now)).empty()) ++now;
      d.done(duties[0], false, at(now));
    }
    while (d.due(duties, at(now)).empty()) ++now;
    d.reset();
  }
  EXPECT_EQ(pauses[0], 100);
  driver e;
  now = 0;
  for (int i = 0; i < 8; ++i) {
    while (e.due(duties, at(now)).empty()) ++now;
    e.done(duties[0], false, at(now));
  }
  const auto failed = now;
  while (e.due(duties, at(now)).empty()) ++now;
  EXPECT_EQ(now - failed, 2'000);
}

TEST(unit_driver, a_step_without_an_answer_is_begun_again_and_its_late_answer_changes_nothing) {
  driver d;
  const std::vector<account_effect> duties{effect::look_for{id_of(1), attempt_number(1)}};
  ASSERT_EQ(d.due(duties, at(0)).size(), 1U);
  EXPECT_TRUE(d.due(duties, at(9'999)).empty());
  EXPECT_EQ(d.due(duties, at(10'000)).size(), 1U);
  d.done(duties[0], true, at(10'001));
  d.done(duties[0], false, at(10'002)); // the late one
  EXPECT_EQ(d.due(duties, at(10'201)).size(), 1U);
}

TEST(unit_driver, what_is_no_duty_any_more_is_forgotten) {
  driver d;
  const std::vector<account_effect> duties{effect::send{id_of(1), attempt_number(1)}};
  ASSERT_EQ(d.due(duties, at(0)).size(), 1U);
  EXPECT_EQ(d.under_way(), 1U);
  EXPECT_TRUE(d.due({}, at(1)).empty());
  EXPECT_EQ(d.under_way(), 0U);
  d.done(duties[0], false, at(2)); // late
  EXPECT_EQ(d.due(duties, at(3)).size(), 1U);
}

TEST(unit_driver, no_more_steps_than_its_bound_are_under_way_and_the_first_duties_come_first) {
  driver d({.under_way_max = 2});
  std::vector<account_effect> duties;
  for (std::uint8_t i = 0; i < 5; ++i) duties.emplace_back(effect::send{id_of(i), attempt_number(1)});
  const auto first = d.due(duties, at(0));
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(std::get<effect::send>(first[0]).id, id_of(0));
  EXPECT_TRUE(d.due(duties, at(1)).empty());
  d.done(first[0], true, at(1));
  ASSERT_EQ(d.due(duties, at(2)).size(), 1U);
}
