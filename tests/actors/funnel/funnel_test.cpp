// Every mint has its reason, and the rows sum to the mints seen.
#include "actors/funnel/funnel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <set>

namespace sett::funnel {
namespace {

using ::testing::HasSubstr;

mint_address mint_of(std::uint8_t n) {
  mint_address m;
  m.bytes.fill(n);
  return m;
}
step passed(stage s) { return {slot_number(5), s, execution::strategy_id(1), std::nullopt}; }
step refused(stage s, reason_code code) {
  return {slot_number(6), s, execution::strategy_id(1), reason{code, 3, 2, slot_number(6)}};
}
std::uint64_t count_of(const funnel& f, std::string_view row) {
  for (const auto& r : f.summary().rows)
    if (to_text(r.key) == row) return r.mints;
  return 0;
}

TEST(unit_funnel, a_mint_that_was_only_seen_waits_for_a_signal) {
  funnel f(10);
  f.note(mint_of(1), passed(stage::seen));
  EXPECT_EQ(count_of(f, "no_strategy"), 1U);
  EXPECT_EQ(f.why(mint_of(1))->verdict(), "nothing has happened that a strategy looks for");
  EXPECT_FALSE(f.why(mint_of(2)));
}

TEST(unit_funnel, the_first_refusal_is_a_mints_row_and_its_verdict) {
  funnel f(10);
  f.note(mint_of(1), passed(stage::seen));
  f.note(mint_of(1), refused(stage::signalled, reason_code::few_holders));
  f.note(mint_of(1), refused(stage::signalled, reason_code::taxed));
  EXPECT_EQ(count_of(f, "few_holders"), 1U);
  EXPECT_EQ(f.summary().rows.size(), 1U);
  EXPECT_EQ(f.why(mint_of(1))->verdict(), "signalled: wallets that hold it: 3, at least 2 (holders_min), at slot 6");
  EXPECT_EQ(f.why(mint_of(1))->steps.size(), 3U);
}

TEST(unit_funnel, a_strategy_that_listens_to_something_else_is_no_refusal) {
  funnel f(10);
  f.note(mint_of(1), refused(stage::seen, reason_code::no_strategy));
  f.note(mint_of(1), refused(stage::seen, reason_code::no_strategy));
  EXPECT_EQ(f.why(mint_of(1))->steps.size(), 1U);
  f.note(mint_of(1), refused(stage::chosen, reason_code::day_loss));
  EXPECT_EQ(count_of(f, "day_loss"), 1U);
}

TEST(unit_funnel, an_entry_takes_a_refused_mint_to_where_it_has_come) {
  funnel f(10);
  f.note(mint_of(1), refused(stage::signalled, reason_code::few_holders));
  f.note(mint_of(1), passed(stage::opened));
  EXPECT_EQ(count_of(f, "opened"), 1U);
  f.note(mint_of(1), refused(stage::opened, reason_code::order_expired));
  EXPECT_EQ(count_of(f, "order_expired"), 1U);
  f.note(mint_of(1), passed(stage::opened));
  f.note(mint_of(1), passed(stage::filled));
  EXPECT_EQ(count_of(f, "filled"), 1U);
  f.note(mint_of(1), refused(stage::signalled, reason_code::position_open));
  EXPECT_EQ(count_of(f, "filled"), 1U) << "what is refused while it is held says nothing";
  f.note(mint_of(1), passed(stage::closed));
  EXPECT_EQ(count_of(f, "closed"), 1U);
  EXPECT_EQ(f.why(mint_of(1))->verdict(), "it is closed");
  const auto s = f.summary();
  EXPECT_EQ(s.reached[static_cast<std::size_t>(stage::allowed)], 1U);
  EXPECT_EQ(s.seen, 1U);
}

TEST(unit_funnel, what_the_account_denies_is_told_in_its_words) {
  funnel f(10);
  f.note(mint_of(1), refused(stage::allowed, risk::account_reason(execution::denial::insufficient_funds)));
  EXPECT_EQ(count_of(f, "account_insufficient_funds"), 1U);
  EXPECT_THAT(f.why(mint_of(1))->verdict(), HasSubstr("insufficient_funds"));
}

TEST(unit_funnel, forgotten_mints_keep_their_row_and_long_trails_their_beginning) {
  funnel f(2);
  for (std::uint8_t i = 1; i <= 4; ++i) f.note(mint_of(i), refused(stage::signalled, reason_code::taxed));
  EXPECT_EQ(f.kept(), 2U);
  EXPECT_EQ(f.forgotten(), 2U);
  EXPECT_FALSE(f.why(mint_of(1)));
  EXPECT_EQ(count_of(f, "taxed"), 4U);
  f.note(mint_of(3), passed(stage::seen)); // now 4 is the oldest
  f.note(mint_of(5), passed(stage::seen));
  EXPECT_TRUE(f.why(mint_of(3)));
  EXPECT_FALSE(f.why(mint_of(4)));
  for (std::uint64_t i = 0; i < 40; ++i) f.note(mint_of(3), passed(stage::signalled));
  const auto story = f.why(mint_of(3));
  EXPECT_EQ(story->steps.size(), funnel::steps_max);
  EXPECT_EQ(story->steps.front().refused->code, reason_code::taxed);
  EXPECT_EQ(story->left_out, 42U - funnel::steps_max);
}

TEST(unit_funnel_properties, reasons_sum_to_the_mints_seen_and_none_is_unknown) {
  const bool ok = rc::check([] {
    const auto in = [](unsigned from, unsigned to) { return *rc::gen::inRange(from, to); };
    funnel f(in(1, 12));
    std::uint64_t notes = 0;
    const auto n = in(0, 120);
    for (unsigned i = 0; i < n; ++i) {
      step s{slot_number(i), static_cast<stage>(in(0, static_cast<unsigned>(stage::count_))), execution::strategy_id(1),
             std::nullopt};
      if (in(0, 2) == 0) {
        reason_code code{};
        do code = static_cast<reason_code>(in(1, 160));
        while (!is_listed(code));
        s.refused = reason{code, 1, 0, slot_number(i)};
      }
      f.note(mint_of(static_cast<std::uint8_t>(in(0, 20))), s);
      ++notes;
      const auto sum = f.summary();
      std::uint64_t rows = 0;
      std::set<row_key> keys;
      for (const auto& r : sum.rows) {
        rows += r.mints;
        RC_ASSERT(r.mints > 0U);
        RC_ASSERT(keys.insert(r.key).second);
        RC_ASSERT(!to_text(r.key).empty());
        RC_ASSERT(r.key.because != reason_code::none || r.key.reached != stage::seen); // none is unknown
      }
      RC_ASSERT(rows == sum.seen);
      RC_ASSERT(sum.seen == f.kept() + f.forgotten());
      RC_ASSERT(sum.seen <= notes);
      for (std::size_t at = 1; at < sum.reached.size(); ++at) RC_ASSERT(sum.reached[at] <= sum.reached[at - 1]);
    }
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::funnel
