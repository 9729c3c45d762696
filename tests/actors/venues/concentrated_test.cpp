#include "actors/venues/sqrt_price.hpp"
#include "tests/actors/venues/concentrated_pools.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <string>

namespace {

using namespace sett;
using namespace sett::test;

constexpr chain_time noon{slot_number{1'000}, unix_seconds{1'700'000'000}, 0};

uint128 parse_128(std::string_view text) {
  uint128 n = 0;
  for (const char c : text) n = n * 10 + static_cast<unsigned>(c - '0');
  return n;
}

// tick math

TEST(unit_tick_math, prices_at_the_bounds_are_those_of_the_programs) {
  EXPECT_TRUE(whirlpool_price_of_tick(tick_min) == whirlpool_prices.lowest);
  EXPECT_TRUE(whirlpool_price_of_tick(tick_max) == whirlpool_prices.highest);
  EXPECT_TRUE(clmm_price_of_tick(tick_min) == clmm_prices.lowest);
  EXPECT_TRUE(clmm_price_of_tick(tick_max) == clmm_prices.highest);
  EXPECT_TRUE(whirlpool_prices.highest == parse_128("79226673515401279992447579055"));
  EXPECT_TRUE(clmm_prices.highest == parse_128("79226673521066979257578248091"));
  EXPECT_TRUE(whirlpool_price_of_tick(0) == uint128{1} << 64);
  EXPECT_TRUE(clmm_price_of_tick(0) == uint128{1} << 64);
}

RC_GTEST_PROP(unit_tick_math, a_price_lies_at_or_above_its_tick_and_below_the_next, ()) {
  const auto tick = *rc::gen::inRange(tick_min, tick_max);
  RC_ASSERT(whirlpool_tick_of_price(whirlpool_price_of_tick(tick)) == tick);
  RC_ASSERT(clmm_tick_of_price(clmm_price_of_tick(tick)) == tick);
  RC_ASSERT(whirlpool_price_of_tick(tick) < whirlpool_price_of_tick(tick + 1));
  if (tick == tick_min) return;
  RC_ASSERT(whirlpool_tick_of_price(whirlpool_price_of_tick(tick) - 1) == tick - 1);
  RC_ASSERT(clmm_tick_of_price(clmm_price_of_tick(tick) - 1) == tick - 1);
}

// amounts between prices, against plain wide integers

RC_GTEST_PROP(unit_sqrt_price, amounts_equal_the_formula_in_wide_integers, ()) {
  const auto p = whirlpool_price_of_tick(*rc::gen::inRange(tick_min, tick_max));
  const auto q = whirlpool_price_of_tick(*rc::gen::inRange(tick_min, tick_max));
  const auto liquidity = uint128{*rc::gen::arbitrary<std::uint64_t>()} << *rc::gen::inRange(0, 60);
  const auto r = *rc::gen::element(rounding::down, rounding::up);
  const uint512 low = std::min(p, q), high = std::max(p, q), l = liquidity;
  const auto expect = [&](const uint512& numerator, const uint512& divisor) -> std::optional<std::uint64_t> {
    const uint512 n = r == rounding::up ? uint512{(numerator + divisor - 1) / divisor} : uint512{numerator / divisor};
    if ((n >> 64) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(n);
  };
  const auto a = amount_a_between(p, q, liquidity, r), b = amount_b_between(p, q, liquidity, r);
  const auto expected_a = expect(uint512{l * (high - low)} << 64, low * high);
  const auto expected_b = expect(l * (high - low), uint512{1} << 64);
  RC_ASSERT(a.has_value() == expected_a.has_value());
  RC_ASSERT(b.has_value() == expected_b.has_value());
  if (a) RC_ASSERT(*a == *expected_a);
  if (b) RC_ASSERT(*b == *expected_b);
}

// swaps of all three venues

template <class State, class In, class Out, class Trade>
void check_trades(State s, In quote_in, Out quote_out, Trade trade) {
  const auto way = *rc::gen::element(direction::a_to_b, direction::b_to_a);
  const token_amount amount{*rc::gen::inRange<std::uint64_t>(1, 3'000'000'000)};
  const State before = s;
  const auto q = quote_in(s, way, amount);
  RC_PRE(q.has_value());
  RC_ASSERT(q->gave == amount);
  RC_ASSERT(q->fees.total() <= std::max(q->amount_in.value, q->amount_out.value));

  // What exact in yields, exact out does not sell dearer.
  if (q->got.value > 0) {
    const auto back = quote_out(s, way, q->got);
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->gave <= q->gave);
    RC_ASSERT(back->got == q->got);
  }
  // More in is never less out.
  if (const auto more = quote_in(s, way, token_amount{amount.value + 1})) RC_ASSERT(more->got >= q->got);

  // There and back again loses.
  RC_ASSERT((trade(s, way, amount) == q));
  if (q->got.value == 0) return;
  const auto home = trade(s, opposite(way), q->got);
  if (home) RC_ASSERT(home->got <= amount);
}

RC_GTEST_PROP(unit_whirlpool, trades_never_favour_the_trader_by_rounding, ()) {
  check_trades(
      whirlpool_pool(8, *rc::gen::inRange<std::uint64_t>(1'000'000, 1'000'000'000'000), *rc::gen::inRange(1, 40)),
      [](auto& s, auto way, auto amount) { return whirlpool::quote_exact_in(s, way, amount, noon); },
      [](auto& s, auto way, auto amount) { return whirlpool::quote_exact_out(s, way, amount, noon); },
      [](auto& s, auto way, auto amount) { return whirlpool::trade(s, way, true, amount, noon); });
}
RC_GTEST_PROP(unit_clmm, trades_never_favour_the_trader_by_rounding, ()) {
  check_trades(
      clmm_pool(10, *rc::gen::inRange<std::uint64_t>(1'000'000, 1'000'000'000'000), *rc::gen::inRange(1, 40)),
      [](auto& s, auto way, auto amount) { return clmm::quote_exact_in(s, way, amount, noon); },
      [](auto& s, auto way, auto amount) { return clmm::quote_exact_out(s, way, amount, noon); },
      [](auto& s, auto way, auto amount) { return clmm::trade(s, way, true, amount, noon); });
}

TEST(unit_whirlpool, a_swap_crosses_ticks_and_ends_where_its_arrays_end) {
  const auto s = whirlpool_pool(8, 1'000'000'000, 2);
  whirlpool::swap_order order{direction::a_to_b, true, 60'000'000, 0};
  std::vector<const whirlpool::tick_array*> arrays;
  for (const auto start : whirlpool::arrays_of_travel(s.head, order.way).start)
    for (const auto& a : s.arrays)
      if (a.start == start) arrays.push_back(&a);
  ASSERT_EQ(arrays.size(), 3U);
  const auto effect = whirlpool::run_swap(s.head, nullptr, arrays, order, noon);
  ASSERT_TRUE(effect.has_value());
  EXPECT_GT(effect->ticks_crossed, 10U);
  EXPECT_EQ(effect->amount_in, order.amount);

  order.amount = 1'000'000'000'000;
  const auto too_much = whirlpool::run_swap(s.head, nullptr, arrays, order, noon);
  ASSERT_FALSE(too_much.has_value());
  EXPECT_EQ(too_much.error(), (refusal{fault::custom, whirlpool::tick_array_sequence_invalid_index}));
}

TEST(unit_whirlpool, the_adaptive_fee_grows_with_the_ticks_crossed_and_decays) {
  auto s = whirlpool_pool(8, 1'000'000'000, 20);
  const auto plain = whirlpool::quote_exact_in(s, direction::a_to_b, token_amount{40'000'000}, noon);
  whirlpool::adaptive_fee fee;
  fee.filter_period_s = 30;
  fee.decay_period_s = 600;
  fee.reduction_bps = 5'000;
  fee.group_ticks = 8;
  fee.major_swap_ticks = 64;
  fee.volatility_max = 350'000;
  s.oracle = fee;
  // Without a control factor the rate is the pool's own.
  EXPECT_EQ(whirlpool::quote_exact_in(s, direction::a_to_b, token_amount{40'000'000}, noon), plain);

  s.oracle->control_factor = 4'000;
  const auto dear = whirlpool::trade(s, direction::a_to_b, true, token_amount{40'000'000}, noon);
  ASSERT_TRUE(dear.has_value());
  EXPECT_GT(dear->fees.total(), plain->fees.total());
  EXPECT_LT(dear->got, plain->got);
  const auto volatility = s.oracle->volatility;
  EXPECT_GT(volatility, 0U);
  EXPECT_EQ(s.oracle->major_swap_at, 1'700'000'000U);

  // After the filter and within the decay period half of it is the new reference, at the new place.
  auto later = noon;
  later.unix_time.value += 100;
  ASSERT_TRUE(whirlpool::trade(s, direction::a_to_b, true, token_amount{1'000}, later).has_value());
  EXPECT_EQ(s.oracle->volatility_reference, volatility / 2);
  EXPECT_EQ(s.oracle->group_reference, floor_divide(s.head.tick, 8));
  // A clock behind the last update is refused.
  EXPECT_EQ(whirlpool::quote_exact_in(s, direction::a_to_b, token_amount{1'000}, noon).error(),
            (refusal{fault::custom, whirlpool::invalid_timestamp}));
}

TEST(unit_whirlpool, both_layouts_of_a_tick_array_read_the_same) {
  auto source = whirlpool_pool(8, 1'000'000'000, 3).arrays[5];
  source.pool.bytes[0] = 7;
  std::vector<std::uint8_t> fixed(9988), dynamic(60);
  const auto kind_fixed = std::uint64_t{0xbb42076ebebd6145}, kind_dynamic = std::uint64_t{0x38dac7e18ef6d811};
  store(fixed, 0, kind_fixed);
  store(dynamic, 0, kind_dynamic);
  store(fixed, 8, source.start);
  store(dynamic, 8, source.start);
  std::copy(source.pool.bytes.begin(), source.pool.bytes.end(), fixed.begin() + 9956);
  std::copy(source.pool.bytes.begin(), source.pool.bytes.end(), dynamic.begin() + 12);
  for (std::size_t i = 0; i < 88; ++i) {
    const bool used = (source.initialised >> i & 1U) != 0;
    const std::size_t at = dynamic.size();
    dynamic.resize(at + (used ? 113 : 1));
    if (!used) continue;
    fixed[12 + 113 * i] = dynamic[at] = 1;
    store(fixed, 12 + 113 * i + 1, source.net[i]);
    store(dynamic, at + 1, source.net[i]);
  }
  EXPECT_TRUE(whirlpool::read_tick_array(fixed) == source);
  EXPECT_TRUE(whirlpool::read_tick_array(dynamic) == source);
  dynamic.pop_back();
  EXPECT_FALSE(whirlpool::read_tick_array(dynamic).has_value());
}

TEST(unit_clmm, arrays_beyond_the_pools_bitmap_are_found_in_the_extension) {
  auto s = clmm_pool(1, 1'000'000'000, 7);
  // The only liquidity on the way down ends 600 arrays below: bit 423 of the extension's first group below.
  s.head.bitmap = {};
  s.head.bitmap[8] = 1;
  s.arrays.clear();
  clmm::tick_array far, here;
  far.start = -601 * 60;
  far.initialised = 1U << 30;
  far.net[30] = 1'000'000'000;
  here.start = 0;
  s.arrays = {far, here};
  s.extension->below[0][423 / 64] = std::uint64_t{1} << (423 % 64);
  const auto found = clmm::quote_exact_in(s, direction::a_to_b, token_amount{1'000'000}, noon);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->amount_in.value, 1'000'000U);
  s.extension.reset();
  EXPECT_EQ(clmm::quote_exact_in(s, direction::a_to_b, token_amount{1'000'000}, noon).error(),
            (refusal{fault::custom, clmm::missing_bitmap_extension_account}));
}

// Vectors that come with the Whirlpool program: one swap each through empty arrays.
TEST(oracle_whirlpool, swap_vectors_of_the_program_agree) {
  const std::string folder = "data/accounts/orca-so__whirlpools/programs/whirlpool/src/tests/";
  SETT_NEEDS_DATA(folder + "swap_test_cases.dev.json");
  const auto code_of = [](std::string_view name) -> std::uint32_t {
    if (name == "ZeroTradableAmount") return whirlpool::zero_tradable_amount;
    if (name == "TokenMaxExceeded") return whirlpool::token_max_exceeded;
    if (name == "MultiplicationShiftRightOverflow") return whirlpool::multiplication_shift_right_overflow;
    if (name == "MultiplicationOverflow") return whirlpool::multiplication_overflow;
    if (name == "AmountCalcOverflow") return whirlpool::amount_calc_overflow;
    return 0;
  };
  simdjson::dom::parser parser;
  std::size_t agreed = 0, total = 0;
  for (const auto* file : {"swap_test_cases.dev.json", "swap_test_cases_splash_pool.dev.json"}) {
    const auto path = (shared_folder() / (folder + file)).string();
    for (const auto c : parser.load(path).get_array()) {
      ++total;
      const auto text = [&](std::string_view key) { return std::string_view(c[key]); };
      whirlpool::pool p;
      p.tick_spacing = static_cast<std::uint16_t>(std::uint64_t(c["tickSpacing"]));
      p.fee_rate_ppm = static_cast<std::uint16_t>(std::uint64_t(c["feeRate"]));
      p.protocol_fee_bps = static_cast<std::uint16_t>(std::uint64_t(c["protocolFeeRate"]));
      p.liquidity = parse_128(text("liquidity"));
      p.tick = static_cast<std::int32_t>(std::int64_t(c["currTickIndex"]));
      p.sqrt_price = whirlpool_price_of_tick(p.tick);
      const bool down = bool(c["aToB"]);
      const std::int32_t width = 88 * p.tick_spacing, start = floor_divide(p.tick, width) * width;
      std::array<whirlpool::tick_array, 3> arrays;
      std::array<const whirlpool::tick_array*, 3> walk{};
      for (std::size_t i = 0; i < 3; ++i) {
        arrays[i].start = start + (down ? -1 : 1) * static_cast<std::int32_t>(i) * width;
        walk[i] = &arrays[i];
      }
      const auto last = std::clamp(down ? start - 2 * width : start + 3 * width - 1, tick_min, tick_max);
      const whirlpool::swap_order order{down ? direction::a_to_b : direction::b_to_a, bool(c["amountIsInput"]),
                                        static_cast<std::uint64_t>(parse_128(text("tradeAmount"))),
                                        whirlpool_price_of_tick(last)};
      const auto effect = whirlpool::run_swap(p, nullptr, walk, order, noon);
      const auto e = c["expectation"];
      const std::string_view exception = e["exception"];
      const auto field = [&](std::string_view key) { return parse_128(std::string_view(e[key])); };
      bool same = false;
      if (!exception.empty()) {
        same = !effect && effect.error() == refusal{fault::custom, code_of(exception)};
      } else if (effect) {
        same = (down ? effect->amount_in : effect->amount_out) == field("amountA") &&
               (down ? effect->amount_out : effect->amount_in) == field("amountB") &&
               effect->after.liquidity == field("nextLiquidity") &&
               effect->after.sqrt_price == field("nextSqrtPrice") &&
               effect->after.tick == std::int64_t(e["nextTickIndex"]) &&
               (down ? effect->after.fee_growth_a : effect->after.fee_growth_b) == field("nextFeeGrowthGlobal") &&
               effect->protocol_fee == field("nextProtocolFee");
      }
      agreed += same ? 1U : 0U;
      if (!same && total - agreed <= 10)
        ADD_FAILURE() << std::string_view(c["description"]) << ": expected " << exception << ", got "
                      << (effect ? 0 : effect.error().code);
    }
  }
  EXPECT_EQ(agreed, total);
  EXPECT_EQ(total, 4'480U);
}

} // namespace
