// The desk's memory as bytes: one form, and nothing damaged is taken.
#include "actors/strategy/desk.hpp"

#include <gtest/gtest.h>

namespace sett::strategy {
namespace {

risk::position_key key() {
  mint_address m;
  m.bytes.fill(3);
  return {m, execution::strategy_id(9)};
}

desk_state some_desk() {
  desk_state s;
  const auto at = unix_seconds(1'800'000'000);
  const auto& [mint, strategy] = key();
  for (const desk_event& e : std::vector<desk_event>{
           risk_noted{risk::event::entry_opened{strategy, mint, mint, lamports(700)}, at},
           risk_noted{risk::event::entry_closed{strategy, mint, lamports(700), lamports(600)}, at},
           plan_noted{key(), exits::event::bought{{}, token_amount(50), lamports(9), 2, at}},
           plan_noted{key(), exits::event::peaked{2'000'000, lamports(10)}},
           plan_noted{key(), exits::event::all_wanted{{risk::reason_code::stop, 1, 2, slot_number(3)}}},
           plan_noted{key(), exits::event::attempted{slot_number(4)}},
           plan_noted{key(), exits::event::refused{slot_number(5)}},
           risk_noted{risk::event::sold{strategy, mint, lamports(100), -30}, at},
           risk_noted{risk::event::worth_measured{lamports(5)}, at}}) {
    const auto read = decode_desk_event(encode(e));
    EXPECT_TRUE(read) << read.error().message;
    EXPECT_EQ(encode(*read), encode(e));
    apply(s, *read);
  }
  return s;
}

TEST(unit_desk, what_it_remembers_comes_back_from_its_bytes) {
  const auto s = some_desk();
  EXPECT_EQ(s.book.misfits, 0U);
  EXPECT_EQ(s.plans.at(key()).now, exits::stage::selling_all);
  const auto read = decode_desk(encode(s));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, s);
  EXPECT_EQ(encode(*read), encode(s));
}

TEST(unit_desk, only_a_fill_begins_a_plan_and_its_end_forgets_it) {
  desk_state s;
  apply(s, plan_noted{key(), exits::event::peaked{1, {}}});
  EXPECT_TRUE(s.plans.empty());
  EXPECT_EQ(s.book.misfits, 1U);
  apply(s, plan_noted{key(), exits::event::bought{{}, token_amount(1), {}, 0, {}}});
  EXPECT_EQ(s.plans.size(), 1U);
  apply(s, plan_ended{key()});
  EXPECT_TRUE(s.plans.empty());
}

TEST(unit_desk, bytes_cut_anywhere_or_changed_are_refused_or_mean_something_else) {
  const auto s = some_desk();
  const auto bytes = encode(s);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_desk(bytes.substr(0, n)));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    auto other = bytes;
    other[n] = static_cast<char>(other[n] ^ 0x55);
    const auto read = decode_desk(other);
    EXPECT_TRUE(!read || encode(*read) == other) << n;
  }
}

TEST(unit_desk, times_beyond_reason_are_refused) {
  EXPECT_FALSE(decode_desk_event(encode(desk_event{risk_noted{risk::event::send_failed{}, unix_seconds(INT64_MAX)}})));
  desk_state s;
  s.book.losses.buckets[INT64_MAX] = 1;
  EXPECT_FALSE(decode_desk(encode(s)));
  s = {};
  s.plans[key()].opened = unix_seconds(INT64_MIN);
  EXPECT_FALSE(decode_desk(encode(s)));
}

TEST(unit_desk, a_full_desk_fits_its_bound) {
  desk_state s;
  for (std::uint32_t i = 0; i < 128; ++i) { // risk.positions_max allows no more
    auto k = key();
    k.first.bytes[0] = static_cast<std::uint8_t>(i);
    apply(s, risk_noted{risk::event::entry_opened{execution::strategy_id(i % 64), k.first, {}, lamports(1)},
                        unix_seconds(1'000 + i)});
    apply(s, plan_noted{k, exits::event::bought{{}, token_amount(1), {}, 0, {}}});
  }
  for (std::int64_t t = 0; t < 2'000; ++t) {
    s.book.losses.buckets[t] = 1;
    risk::add(s.book.losses, unix_seconds(t * 60), 1, risk::window_bucket_s, risk::window_buckets_max);
  }
  EXPECT_LT(encode(s).size(), desk_bytes_max / 2);
}

} // namespace
} // namespace sett::strategy
