// Sizes in closed form, and what bounds them.
#include "actors/risk/checked.hpp"
#include "actors/risk/sizing.hpp"
#include "tests/actors/risk/risk_fixture.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace sett::risk {
namespace {

config::strategy_settings sized(const char* by) {
  config::strategy_settings s;
  s.size_by = by;
  s.size_lamports = 10'000;
  s.size_min_lamports = 100;
  s.volatility_loss_lamports = 333;
  s.liquidity_share_bps = 100;
  return s;
}
size_inputs inputs() { return {2'000, lamports(10'000'000), lamports(1'000'000), slot_number(5)}; }

TEST(unit_sizing, fixed_spends_its_size) { EXPECT_EQ(size_of(sized("fixed"), inputs()), lamports(10'000)); }

TEST(unit_sizing, by_volatility_one_deviation_costs_what_was_said_rounded_down) {
  EXPECT_EQ(size_of(sized("volatility"), inputs()), lamports(1'665)); // 333 / 0.2
  auto in = inputs();
  in.volatility_bps = 3'000;
  EXPECT_EQ(size_of(sized("volatility"), in), lamports(1'110)); // 333 / 0.3 = 1,110.0
  in.volatility_bps = 7;
  EXPECT_EQ(size_of(sized("volatility"), in), lamports(10'000)) << "never more than the size";
  in.volatility_bps = 0;
  EXPECT_EQ(size_of(sized("volatility"), in), lamports(10'000)) << "unknown volatility: the size";
}

TEST(unit_sizing, liquidity_and_headroom_bound_it_and_too_little_is_nothing) {
  auto in = inputs();
  in.liquidity = lamports(50'099);
  EXPECT_EQ(size_of(sized("fixed"), in), lamports(500));
  in.headroom = lamports(499);
  EXPECT_EQ(size_of(sized("fixed"), in), lamports(499));
  in.headroom = lamports(99);
  EXPECT_EQ(size_of(sized("fixed"), in).error(), (reason{reason_code::too_small, 99, 100, slot_number(5)}));
  auto s = sized("fixed");
  s.size_min_lamports = 0;
  in.headroom = {};
  EXPECT_EQ(size_of(s, in).error().code, reason_code::too_small) << "nothing is no size";
}

TEST(unit_sizing, more_volatility_never_buys_more_and_bounds_hold) {
  const bool ok = rc::check([] {
    auto s = sized("volatility");
    s.size_min_lamports = 1;
    s.size_lamports = *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX);
    s.volatility_loss_lamports = *rc::gen::inRange<std::uint64_t>(0, UINT64_MAX);
    auto in = inputs();
    in.liquidity = lamports(*rc::gen::arbitrary<std::uint64_t>());
    in.headroom = lamports(*rc::gen::arbitrary<std::uint64_t>());
    in.volatility_bps = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    const auto one = size_of(s, in).value_or(lamports{});
    RC_ASSERT(one.value <= s.size_lamports && one <= in.headroom);
    // one * volatility <= loss: the closed form, rounded towards less
    RC_ASSERT(static_cast<uint128>(one.value) * in.volatility_bps <=
              static_cast<uint128>(s.volatility_loss_lamports) * 10'000);
    in.volatility_bps += *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
    RC_ASSERT(size_of(s, in).value_or(lamports{}) <= one);
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::risk
