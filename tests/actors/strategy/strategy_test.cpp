// What each strategy buys, and why it does not: every check at its bound.
#include "actors/strategy/strategy.hpp"
#include "tests/actors/strategy/strategy_fixture.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <rapidcheck.h>

namespace sett::strategy {
namespace {

using namespace test;

std::optional<reason> word_of(const config::strategy_settings& s, const signal& on, const token_view& t,
                              slot_number at = slot_number(1'001)) {
  if (auto r = common_refusal(s, on, t, at)) return r;
  return strategy_of(s.kind)->refuses(s, on, t);
}

TEST(unit_strategy, each_listens_to_its_own_signals) {
  const auto all = {signal_kind::launch_created, signal_kind::pool_created, signal_kind::migrated,
                    signal_kind::wallet_bought};
  const auto heard = [&](std::string_view kind) {
    std::string out;
    for (const auto k : all)
      if (strategy_of(kind)->listens_to(k)) out += std::string(to_text(k)) + " ";
    return out;
  };
  EXPECT_EQ(heard("launch"), "launch_created ");
  EXPECT_EQ(heard("graduation"), "pool_created migrated ");
  EXPECT_EQ(heard("copy"), "wallet_bought ");
  EXPECT_EQ(strategy_of("astrology"), nullptr);
}

TEST(unit_strategy, a_good_token_is_wanted_by_all_of_the_shipped_ones) {
  const auto s = paper_settings();
  for (const auto* name : {"launch", "graduation", "copy"})
    EXPECT_EQ(word_of(instance(s, name), signal_of(kind_for(name)), good_token()), std::nullopt) << name;
}

TEST(unit_strategy, each_fault_of_a_token_or_signal_has_its_own_reason) {
  auto s = instance(paper_settings(), "copy");
  s.buyers_min = s.holders_min = 40;
  struct row {
    reason_code code;
    std::uint64_t measured, threshold;
    std::function<void(config::strategy_settings&, signal&, token_view&)> spoil;
  };
  const auto slot = slot_number(1'001);
  const std::vector<row> rows{
      {reason_code::strategy_paused, 0, 0, [](auto& p, auto&, auto&) { p.paused = true; }},
      {reason_code::late_event, 0, 0, [](auto&, auto& on, auto&) { on.live = false; }},
      {reason_code::stale_event, 9, 8, [](auto&, auto& on, auto&) { on.slot = slot_number(992); }},
      {reason_code::blocked, 0, 0, [](auto&, auto&, auto& t) { t.blocked = true; }},
      {reason_code::no_venue, 0, 0, [](auto&, auto&, auto& t) { t.tradable = false; }},
      {reason_code::unscreened, 0, 0, [](auto&, auto&, auto& t) { t.verdict.reset(); }},
      {reason_code::unsafe_token, 0, 0,
       [](auto&, auto&, auto& t) { t.verdict = screening::trap_class::can_become_unsellable; }},
      {reason_code::unsafe_token, 0, 0,
       [](auto&, auto&, auto& t) { t.verdict = screening::trap_class::unsellable_now; }},
      {reason_code::taxed, 1, 0,
       [](auto&, auto&, auto& t) { t.verdict = screening::trap_class::taxed, t.tax_bps = 1; }},
      {reason_code::low_liquidity, 999'999'999, 1'000'000'000,
       [](auto&, auto&, auto& t) { t.liquidity = lamports(999'999'999); }},
      {reason_code::low_liquidity, 0, 1'000'000'000, [](auto&, auto&, auto& t) { t.liquidity.reset(); }},
      {reason_code::creator_share, 1'001, 1'000, [](auto&, auto&, auto& t) { t.creator_share_bps = 1'001; }},
      {reason_code::creator_launches, 6, 5, [](auto&, auto&, auto& t) { t.creator_launches = 6; }},
      {reason_code::creator_rugs, 1, 0, [](auto&, auto&, auto& t) { t.creator_rugs = 1; }},
      {reason_code::bundled, 3'001, 3'000, [](auto&, auto&, auto& t) { t.bundled_bps = 3'001; }},
      {reason_code::few_buyers, 39, 40, [](auto&, auto&, auto& t) { t.buyers = 39; }},
      {reason_code::few_holders, 39, 40, [](auto&, auto&, auto& t) { t.holders = 39; }},
      {reason_code::wallet_trades, 19, 20, [](auto&, auto& on, auto&) { on.wallet->trades = 19; }},
      {reason_code::wallet_trades, 0, 20, [](auto&, auto& on, auto&) { on.wallet.reset(); }},
      {reason_code::wallet_wins, 5'499, 5'500, [](auto&, auto& on, auto&) { on.wallet->wins_bps = 5'499; }},
      {reason_code::wallet_spend, 49'999'999, 50'000'000,
       [](auto&, auto& on, auto&) { on.price = exchange{lamports(49'999'999), token_amount(4'999'999)}; }},
      {reason_code::price_ran_away, 1'501, 1'500,
       [](auto&, auto&, auto& t) { t.quote = exchange{lamports(11'501'000), token_amount(1'000'000)}; }},
      {reason_code::no_price, 0, 0, [](auto&, auto&, auto& t) { t.quote.reset(); }},
  };
  for (const auto& x : rows) {
    auto p = s;
    auto on = signal_of(signal_kind::wallet_bought);
    auto t = good_token();
    x.spoil(p, on, t);
    const auto why = word_of(p, on, t, slot);
    ASSERT_TRUE(why) << risk::to_text(x.code);
    EXPECT_EQ(why->code, x.code) << risk::to_text(why->code) << " for " << risk::to_text(x.code);
    EXPECT_EQ(why->measured, x.measured) << risk::to_text(x.code);
    EXPECT_EQ(why->threshold, x.threshold) << risk::to_text(x.code);
  }
}

TEST(unit_strategy, a_tax_within_its_bound_is_borne) {
  auto s = instance(paper_settings(), "launch");
  s.tax_bps_max = 100;
  auto t = good_token();
  t.verdict = screening::trap_class::taxed;
  t.tax_bps = 100;
  EXPECT_EQ(word_of(s, signal_of(signal_kind::launch_created), t), std::nullopt);
}

TEST(unit_strategy, a_rise_is_rounded_up_and_never_wraps) {
  EXPECT_EQ(risen_bps({lamports(100), token_amount(10)}, {lamports(100), token_amount(10)}), 0U);
  EXPECT_EQ(risen_bps({lamports(100), token_amount(10)}, {lamports(99), token_amount(10)}), 0U);
  EXPECT_EQ(risen_bps({lamports(100'000), token_amount(10)}, {lamports(100'001), token_amount(10)}), 1U);
  EXPECT_EQ(risen_bps({lamports(100), token_amount(10)}, {lamports(115), token_amount(10)}), 1'500U);
  EXPECT_EQ(risen_bps({lamports(0), token_amount(10)}, {lamports(115), token_amount(10)}), UINT64_MAX);
  EXPECT_EQ(risen_bps({lamports(1), token_amount(10)}, {lamports(115), token_amount(0)}), UINT64_MAX);
  EXPECT_EQ(risen_bps({lamports(1), token_amount(UINT64_MAX)}, {lamports(UINT64_MAX), token_amount(1)}), UINT64_MAX);
  const bool ok = rc::check([] {
    const auto some = [] { return *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX); };
    const exchange before{lamports(some()), token_amount(some())};
    const exchange now{lamports(some()), token_amount(some())};
    const auto dearer = exchange{lamports(now.paid.value / 2 + 1), now.got};
    RC_ASSERT(risen_bps(before, dearer) <= risen_bps(before, now) + (now.paid.value == 1 ? 1U : 0U));
  });
  EXPECT_TRUE(ok);
}

TEST(unit_strategy, ids_come_from_names_and_are_never_zero) {
  EXPECT_EQ(strategy_id_of("launch"), strategy_id_of("launch"));
  EXPECT_NE(strategy_id_of("launch"), strategy_id_of("copy"));
  EXPECT_NE(strategy_id_of(""), execution::strategy_id(0));
}

} // namespace
} // namespace sett::strategy
