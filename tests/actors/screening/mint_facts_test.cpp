#include "tests/actors/screening/made_mint.hpp"

#include <gtest/gtest.h>

namespace sett::screening {
namespace {

TEST(unit_mint_facts, a_plain_mint_has_its_authorities_supply_and_decimals) {
  const auto m = made_mint(false).mint_authority(7).read();
  ASSERT_TRUE(m);
  EXPECT_FALSE(m->token_2022);
  EXPECT_EQ(m->decimals, 6);
  EXPECT_EQ(m->supply, token_amount{1'000'000'000});
  EXPECT_EQ(m->mint_authority, key_of(7));
  EXPECT_FALSE(m->freeze_authority);
  EXPECT_EQ(m->extensions, 0U);
}

TEST(unit_mint_facts, every_extension_that_binds_holders_is_read_and_a_zero_key_is_nobody) {
  const auto m = made_mint()
                     .freeze_authority(9)
                     .transfer_fee(1, {0, 5, 100}, {12, 6, 200})
                     .extension(3, {2})
                     .extension(6, std::initializer_list<std::uint8_t>{}, {2})
                     .extension(9, std::initializer_list<std::uint8_t>{})
                     .extension(12, {3})
                     .extension(14, {0, 4})
                     .extension(26, {5}, {1})
                     .extension(18, {0, 6})
                     .read();
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->freeze_authority, key_of(9));
  EXPECT_EQ(m->fee_authority, key_of(1));
  EXPECT_EQ(m->fees.at(11).rate_bps, 100);
  EXPECT_EQ(m->fees.at(12).rate_bps, 200);
  EXPECT_EQ(m->fees.newer.maximum, 6U);
  EXPECT_EQ(m->close_authority, key_of(2));
  EXPECT_TRUE(m->born_frozen);
  EXPECT_TRUE(m->has(mint_extension::non_transferable));
  EXPECT_EQ(m->permanent_delegate, key_of(3));
  EXPECT_FALSE(m->hook_authority);
  EXPECT_EQ(m->hook_program, key_of(4));
  EXPECT_EQ(m->pause_authority, key_of(5));
  EXPECT_TRUE(m->paused);
  EXPECT_FALSE(m->metadata_pointer_authority);
  EXPECT_EQ(m->unknown_extensions, 0U);
}

TEST(unit_mint_facts, extensions_of_types_that_nobody_knows_are_counted_and_the_ones_behind_them_read) {
  const auto m = made_mint().extension(99, {1}).extension(500, {1}).extension(12, {3}).read();
  ASSERT_TRUE(m);
  EXPECT_EQ(m->unknown_extensions, 2U);
  EXPECT_EQ(m->permanent_delegate, key_of(3));
}

TEST(unit_mint_facts, of_two_extensions_of_one_type_the_first_counts) {
  const auto m = made_mint().extension(12, {3}).extension(12, {0}).read();
  ASSERT_TRUE(m);
  EXPECT_EQ(m->permanent_delegate, key_of(3));
}

TEST(unit_mint_facts, what_stands_behind_a_type_of_zero_is_padding) {
  auto bytes = made_mint().extension(0, {1}).extension(12, {3}).bytes();
  const auto m = read_mint(token_2022_program(), bytes);
  ASSERT_TRUE(m);
  EXPECT_FALSE(m->permanent_delegate);
}

mint_errc code_of(const result<mint_facts>& m) { return m ? mint_errc::ok : static_cast<mint_errc>(m.error().code); }

TEST(unit_mint_facts, what_is_no_mint_is_refused_by_its_reason) {
  const auto plain = made_mint().bytes();
  EXPECT_EQ(code_of(read_mint(key_of(1), plain)), mint_errc::foreign_owner);
  EXPECT_EQ(code_of(read_mint(spl_token_program(), std::vector<std::uint8_t>(83))), mint_errc::bad_size);
  EXPECT_EQ(code_of(read_mint(spl_token_program(), made_mint().extension(12, {3}).bytes())), mint_errc::bad_size);
  EXPECT_EQ(code_of(read_mint(token_2022_program(), {})), mint_errc::bad_size);
  EXPECT_EQ(code_of(read_mint(token_2022_program(), std::vector<std::uint8_t>(165))), mint_errc::wrong_kind);
  EXPECT_EQ(code_of(read_mint(token_2022_program(), std::vector<std::uint8_t>(355))), mint_errc::wrong_kind);
  EXPECT_EQ(code_of(made_mint().uninitialised().read()), mint_errc::not_initialised);
  auto account = made_mint().extension(12, {3}).bytes();
  account[165] = 2;
  EXPECT_EQ(code_of(read_mint(token_2022_program(), account)), mint_errc::wrong_kind);
  auto flag = plain;
  flag[0] = 2;
  EXPECT_EQ(code_of(read_mint(spl_token_program(), flag)), mint_errc::wrong_kind);
}

TEST(unit_mint_facts, an_extension_that_overruns_or_is_too_short_is_refused_with_its_place) {
  auto overrun = made_mint().extension(12, {3}).bytes();
  overrun.pop_back();
  const auto m = read_mint(token_2022_program(), overrun);
  EXPECT_EQ(code_of(m), mint_errc::bad_extension);
  EXPECT_NE(m.error().message.find("byte 170"), std::string::npos) << m.error().message;
  EXPECT_EQ(code_of(made_mint().extension(1, {1, 2}).read()), mint_errc::bad_extension);
  EXPECT_EQ(code_of(made_mint().transfer_fee(0, {}, {0, 0, 10'001}).read()), mint_errc::bad_extension);
}

} // namespace
} // namespace sett::screening
