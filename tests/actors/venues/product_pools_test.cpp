// Properties of the venues that trade on one curve of reserves, over random pools: k never falls, exact-out is the
// inverse of exact-in, all money is accounted for, and what does not fit is refused, never wrapped.
#include "actors/venues/meteora_damm_v2.hpp"
#include "actors/venues/pump_curve.hpp"
#include "actors/venues/pump_swap.hpp"
#include "actors/venues/raydium_amm_v4.hpp"
#include "actors/venues/raydium_cpmm.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace sett::venues {
namespace {

constexpr chain_time now{slot_number{300'000'000}, unix_seconds{1'731'000'000}, 694};

std::uint64_t wide_number() {
  // Every magnitude alike.
  const auto bits = *rc::gen::inRange(0, 65);
  const auto n = *rc::gen::arbitrary<std::uint64_t>();
  return bits == 0 ? 0 : n >> (64 - bits);
}
direction any_direction() { return *rc::gen::arbitrary<bool>() ? direction::a_to_b : direction::b_to_a; }
uint128 product(std::uint64_t a, std::uint64_t b) { return uint128{a} * b; }

raydium_amm_v4::state any_amm_v4() {
  raydium_amm_v4::state s;
  s.phase = raydium_amm_v4::status::swap_only;
  s.fee_numerator = 25;
  s.fee_denominator = 10'000;
  s.vault_a = wide_number();
  s.vault_b = wide_number();
  return s;
}
raydium_cpmm::state any_cpmm() {
  raydium_cpmm::state s;
  s.a.vault = wide_number();
  s.b.vault = wide_number();
  s.rate = {*rc::gen::inRange<std::uint64_t>(0, 400'000), 120'000, 40'000,
            *rc::gen::inRange<std::uint64_t>(0, 100'000)};
  s.pays_creator = *rc::gen::arbitrary<bool>();
  s.creator_side = static_cast<raydium_cpmm::creator_fee_side>(*rc::gen::inRange(0, 3));
  if (*rc::gen::arbitrary<bool>())
    s.a.fees.older = {0, wide_number(), static_cast<std::uint16_t>(*rc::gen::inRange(0, 10'001))};
  s.a.fees.newer = s.a.fees.older;
  return s;
}
pump_swap::state any_pump_swap() {
  pump_swap::state s;
  s.base = wide_number();
  s.quote = wide_number();
  s.virtual_quote = static_cast<int128>(wide_number() >> 2);
  s.coin_creator.bytes[0] = *rc::gen::inRange<std::uint8_t>(0, 2);
  s.fees = {*rc::gen::inRange<std::uint64_t>(0, 100), *rc::gen::inRange<std::uint64_t>(0, 100),
            *rc::gen::inRange<std::uint64_t>(0, 300)};
  return s;
}
pump_curve::state any_pump_curve() {
  pump_curve::state s;
  s.virtual_token = wide_number();
  s.virtual_quote = wide_number();
  s.real_token = std::min(s.virtual_token, wide_number());
  s.real_quote = std::min(s.virtual_quote, wide_number());
  s.rounds_fees_up = *rc::gen::arbitrary<bool>();
  s.creator.bytes[0] = 1;
  s.fees = {95, s.rounds_fees_up ? 30U : 0U};
  return s;
}

RC_GTEST_PROP(unit_product_pools, k_never_falls_in_raydium_amm_v4, ()) {
  const auto s = any_amm_v4();
  const auto d = any_direction();
  const bool in = *rc::gen::arbitrary<bool>();
  const token_amount amount{wide_number()};
  const auto q = in ? quote_exact_in(s, d, amount, now) : quote_exact_out(s, d, amount, now);
  RC_CLASSIFY(q.has_value(), "quoted");
  if (!q) return;
  RC_ASSERT(q->got.value > 0U);
  const auto after = apply(s, d, *q);
  // The vault itself may be full: such a swap fails at the token transfer.
  const auto vault = d == direction::a_to_b ? s.vault_a : s.vault_b;
  if (!checked_add(vault, q->gave.value)) return;
  // An exact-out's half-ceiling may ask for less than k demands only where it asks for nothing, which is refused.
  RC_ASSERT(product(after.vault_a, after.vault_b) >= product(s.vault_a, s.vault_b));
}

RC_GTEST_PROP(unit_product_pools, k_never_falls_in_raydium_cpmm_and_every_unit_is_accounted_for, ()) {
  const auto s = any_cpmm();
  const auto d = any_direction();
  const bool in = *rc::gen::arbitrary<bool>();
  const token_amount amount{wide_number()};
  const auto q = in ? quote_exact_in(s, d, amount, now) : quote_exact_out(s, d, amount, now);
  RC_CLASSIFY(q.has_value(), "quoted");
  if (!q) return;
  RC_ASSERT(q->gave.value == q->amount_in.value + q->withheld_in.value);
  RC_ASSERT(q->amount_out.value == q->got.value + q->withheld_out.value);
  if (in)
    RC_ASSERT(q->gave == amount);
  else
    RC_ASSERT(q->got.value >= amount.value);
  const auto vault = d == direction::a_to_b ? s.a.vault : s.b.vault;
  if (!checked_add(vault, q->gave.value)) return;
  const auto after = apply(s, d, *q);
  const auto reserve = [](const raydium_cpmm::pool_side& p) {
    return p.vault - p.protocol_fee - p.fund_fee - p.creator_fee;
  };
  RC_ASSERT(product(reserve(after.a), reserve(after.b)) >= product(reserve(s.a), reserve(s.b)));
}

RC_GTEST_PROP(unit_product_pools, k_never_falls_in_pump_swap, ()) {
  const auto s = any_pump_swap();
  const auto d = any_direction();
  const bool in = *rc::gen::arbitrary<bool>();
  const token_amount amount{wide_number()};
  const auto q = in ? quote_exact_in(s, d, amount) : quote_exact_out(s, d, amount);
  RC_CLASSIFY(q.has_value(), "quoted");
  if (!q) return;
  if (d == direction::b_to_a && in) RC_ASSERT(q->gave.value <= amount.value);
  if (!in) RC_ASSERT(q->got.value >= amount.value);
  if (d == direction::a_to_b && !checked_add(s.base, q->gave.value)) return;
  const auto after = apply(s, d, *q);
  const auto effective = [](const pump_swap::state& p) {
    return static_cast<uint256>(static_cast<uint128>(static_cast<int128>(p.quote) + p.virtual_quote));
  };
  RC_ASSERT(uint256{after.base} * effective(after) >= uint256{s.base} * effective(s));
}

RC_GTEST_PROP(unit_product_pools, k_never_falls_on_pump_funs_curve, ()) {
  const auto s = any_pump_curve();
  const auto d = any_direction();
  const bool in = *rc::gen::arbitrary<bool>();
  const token_amount amount{wide_number()};
  const auto q = in ? quote_exact_in(s, d, amount) : quote_exact_out(s, d, amount);
  RC_CLASSIFY(q.has_value(), "quoted");
  if (!q) return;
  const auto after = apply(s, d, *q);
  RC_ASSERT(product(after.virtual_token, after.virtual_quote) >= product(s.virtual_token, s.virtual_quote));
  if (d == direction::b_to_a) {
    RC_ASSERT(q->gave.value == q->amount_in.value + q->fees.total());
    if (in) RC_ASSERT(q->gave.value <= amount.value);
  } else {
    RC_ASSERT(q->amount_out.value == q->got.value + q->fees.total());
    if (!in) RC_ASSERT(q->got.value >= amount.value);
  }
}

RC_GTEST_PROP(unit_product_pools, what_an_exact_out_asks_for_and_two_units_buy_at_least_that_in_raydium_cpmm, ()) {
  auto s = any_cpmm();
  s.a.fees = s.b.fees = {};
  const auto d = any_direction();
  const token_amount amount{wide_number()};
  const auto out = quote_exact_out(s, d, amount, now);
  if (!out) return;
  // Exact-in rounds the trade fee and the creator's apart, exact-out their sum: two units of the input apart at most.
  const auto gave = checked_add<std::uint64_t>(out->gave.value, 2);
  if (!gave) return;
  const auto in = quote_exact_in(s, d, token_amount{*gave}, now);
  RC_ASSERT(in.has_value());
  RC_ASSERT(in->got.value >= amount.value);
}

RC_GTEST_PROP(unit_product_pools, what_an_exact_out_asks_for_buys_at_least_that_in_pump_swap, ()) {
  const auto s = any_pump_swap();
  const token_amount amount{wide_number()};
  const auto out = quote_exact_out(s, direction::a_to_b, amount);
  if (!out) return;
  const auto in = quote_exact_in(s, direction::a_to_b, out->gave);
  RC_ASSERT(in.has_value() || amount.value == 0);
  if (in) RC_ASSERT(in->got.value >= amount.value);
}

TEST(unit_product_pools, refuse_swaps_with_the_venues_own_errors) {
  raydium_amm_v4::state v4;
  EXPECT_EQ(quote_exact_in(v4, direction::a_to_b, token_amount{1}, now).error(), (refusal{fault::custom, 22}));
  raydium_cpmm::state cpmm;
  cpmm.open_time = static_cast<std::uint64_t>(now.unix_time.value) + 1;
  EXPECT_EQ(quote_exact_in(cpmm, direction::a_to_b, token_amount{1}, now).error(), (refusal{fault::custom, 6000}));
  pump_curve::state complete;
  complete.complete = true;
  EXPECT_EQ(quote_exact_in(complete, direction::a_to_b, token_amount{1}).error(), (refusal{fault::custom, 6005}));
}

TEST(unit_product_pools, a_fresh_pump_fun_curve_costs_what_its_formula_says) {
  // Virtual reserves of every new curve: 1,073,000,000 tokens of 6 decimals and 30 SOL.
  pump_curve::state s{
      1'073'000'000'000'000, 30'000'000'000, 793'100'000'000'000, 0, 1'000'000'000'000'000, false, false, {}, {100, 0}};
  const auto q = quote_exact_out(s, direction::b_to_a, token_amount{1'000'000'000'000});
  ASSERT_TRUE(q.has_value());
  EXPECT_EQ(q->amount_in.value, 27'985'075U); // floor(30e9 * 1e12 / 1.072e15) + 1
  EXPECT_EQ(q->fees.protocol.value, 279'850U);
  s.rounds_fees_up = true;
  EXPECT_EQ(quote_exact_out(s, direction::b_to_a, token_amount{1'000'000'000'000})->fees.protocol.value, 279'851U);
}

} // namespace
} // namespace sett::venues
