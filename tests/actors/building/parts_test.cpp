#include "actors/building/derived_addresses.hpp"
#include "actors/building/slippage.hpp"
#include "actors/building/token_accounts.hpp"
#include "tests/actors/building/pools.hpp"

#include <gtest/gtest.h>

namespace {

using namespace sett;
using namespace sett::building;
using namespace sett::building::pools;

TEST(unit_derived_addresses, equal_what_is_derived_and_stay_bounded) {
  derived_addresses memo(8);
  for (int round = 0; round < 2; ++round)
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto mint = key_of(i);
      EXPECT_EQ(memo.associated(wallet, mint, programs().token),
                solana::associated_token_address(wallet, mint, programs().token).key);
      EXPECT_LE(memo.size(), 8U);
    }
}

TEST(unit_derived_addresses, what_is_asked_for_again_outlives_a_generation) {
  derived_addresses memo(4); // generations of two
  const auto kept = key_of(500);
  for (std::uint64_t i = 0; i < 10; ++i) {
    static_cast<void>(memo.associated(wallet, kept, programs().token));
    static_cast<void>(memo.associated(wallet, key_of(i), programs().token));
    const auto before = memo.size();
    static_cast<void>(memo.associated(wallet, kept, programs().token));
    EXPECT_EQ(memo.size(), before) << i; // it was there
  }
}

TEST(unit_programs, the_fixed_accounts_are_those_that_recorded_transactions_name) {
  const auto& p = programs();
  EXPECT_EQ(p.pump_global, "4wTV1YmiEkRvAtNtsSGPtUrqRYQMe5SKy2uB4Jjaxnjf"_address);
  EXPECT_EQ(p.pump_event_authority, "Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1"_address);
  EXPECT_EQ(p.raydium_amm_v4_authority, "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1"_address);
  EXPECT_EQ(p.raydium_cpmm_authority, "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL"_address);
  EXPECT_TRUE(p.system.is_zero());
}

TEST(unit_token_accounts, carry_what_the_mint_demands) {
  const auto size = [](const std::vector<std::uint8_t>& mint, bool is_2022, token_account_kind kind) {
    return token_account_bytes(mint, is_2022 ? programs().token_2022 : programs().token, kind);
  };
  using enum token_account_kind;
  EXPECT_EQ(*size(mint_bytes(), false, seeded), 165U);
  EXPECT_EQ(*size(mint_bytes(), true, seeded), 165U);
  EXPECT_EQ(*size(mint_bytes(), true, associated), 170U);
  EXPECT_EQ(*size(mint_bytes({{1, 108}}), true, seeded), 178U);           // withheld amount
  EXPECT_EQ(*size(mint_bytes({{1, 108}}), true, associated), 182U);       // and ImmutableOwner
  EXPECT_EQ(*size(mint_bytes({{14, 64}, {1, 108}}), true, seeded), 183U); // and the hook's mark
  EXPECT_EQ(*size(mint_bytes({{9, 0}}), true, seeded), 174U);             // non-transferable, with ImmutableOwner
  EXPECT_EQ(*size(mint_bytes({{9, 0}}), true, associated), 174U);
  EXPECT_EQ(*size(mint_bytes({{26, 33}}), true, seeded), 170U);           // pausable
  EXPECT_EQ(*size(mint_bytes({{18, 64}, {19, 40}}), true, seeded), 165U); // metadata asks nothing of accounts
}

TEST(unit_token_accounts, refuse_what_is_no_mint) {
  EXPECT_FALSE(token_account_bytes(std::vector<std::uint8_t>(81), programs().token, token_account_kind::seeded));
  EXPECT_FALSE(token_account_bytes(std::vector<std::uint8_t>(165), programs().token, token_account_kind::seeded));
  EXPECT_FALSE(token_account_bytes(mint_bytes(), key_of(1), token_account_kind::seeded));
}

TEST(unit_rent, is_the_sysvars_and_refuses_impossible_figures) {
  const auto read = [](std::uint64_t per_year, double years) {
    return read_rent(account_bytes(17, 0).at(0, per_year).at(8, years).take());
  };
  EXPECT_EQ(read(3480, 2.0)->least_balance(165).value, 2'039'280U); // of every token account of these years
  EXPECT_EQ(read(6960, 1.0)->least_balance(0).value, 890'880U);     // the same without the threshold (SIMD-0194)
  EXPECT_FALSE(read(~0ULL, 2.0));
  EXPECT_FALSE(read(3480, -1.0));
  EXPECT_FALSE(read(3480, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(read_rent(std::vector<std::uint8_t>(16)));
}

TEST(unit_slippage, limits_round_against_the_trade) {
  EXPECT_EQ(least_out(token_amount{1001}, basis_points{100}).value, 991U); // 990.99 rounded up
  EXPECT_EQ(most_in(token_amount{1001}, basis_points{100}).value, 1011U);  // 1011.01 rounded down
  EXPECT_EQ(least_out(token_amount{5}, basis_points{10'000}).value, 1U);   // never no bound
  EXPECT_EQ(least_out(token_amount{5}, basis_points{20'000}).value, 1U);
  EXPECT_EQ(least_out(token_amount{5}, basis_points{0}).value, 5U);
  EXPECT_EQ(most_in(token_amount{~0ULL}, basis_points{1}).value, ~0ULL);
}

TEST(unit_tick_arrays, start_below_the_tick_also_where_it_is_negative) {
  EXPECT_EQ(tick_array_starts(0, 64), (std::array<std::int32_t, 5>{0, 5632, 11264, -5632, -11264}));
  EXPECT_EQ(tick_array_starts(-1, 64)[0], -5632);
  EXPECT_EQ(tick_array_starts(-5632, 64)[0], -5632);
  EXPECT_EQ(tick_array_starts(-5633, 64)[0], -11264);
  EXPECT_EQ(tick_array_starts(87, 1)[0], 0);
  EXPECT_EQ(tick_array_starts(88, 1)[0], 88);
}

} // namespace
