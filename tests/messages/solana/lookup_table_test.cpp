#include "messages/solana/lookup_table.hpp"
#include "tests/messages/solana/made_transactions.hpp"

#include <gtest/gtest.h>

namespace sett::solana {
namespace {

using namespace test;
using bytes = std::vector<std::uint8_t>;

bytes made_account(std::uint32_t addresses, bool with_authority = true) {
  bytes account(lookup_table_header_bytes, 0);
  account[0] = 1;
  std::fill_n(account.begin() + 4, 8, std::uint8_t{0xff}); // active
  account[12] = 77;                                        // last extended in slot 77
  account[20] = static_cast<std::uint8_t>(addresses / 2);
  if (with_authority) {
    account[21] = 1;
    std::ranges::copy(made_key(40).bytes, account.begin() + 22);
  }
  for (std::uint32_t i = 0; i < addresses; ++i) {
    const auto key = made_key(i);
    account.insert(account.end(), key.bytes.begin(), key.bytes.end());
  }
  return account;
}

TEST(unit_lookup_table, an_account_reads_field_by_field) {
  const auto table = parse_lookup_table(made_account(5));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->deactivation_slot, lookup_table_account::active);
  EXPECT_EQ(table->last_extended_slot, slot_number(77));
  EXPECT_EQ(table->last_extended_start, 2);
  EXPECT_EQ(table->authority, made_key(40));
  ASSERT_EQ(table->addresses.size(), 5u);
  EXPECT_EQ(table->addresses[4], made_key(4));
  EXPECT_FALSE(parse_lookup_table(made_account(5, false))->authority);
}

TEST(unit_lookup_table, addresses_added_in_a_slot_can_be_used_in_the_next_one) {
  const auto table = *parse_lookup_table(made_account(5));
  EXPECT_EQ(table.usable_count(slot_number(77)), 2u);
  EXPECT_EQ(table.usable_count(slot_number(78)), 5u);
}

TEST(unit_lookup_table, what_is_no_table_is_refused) {
  const auto code = [](bytes account) {
    const auto table = parse_lookup_table(account);
    return table ? lookup_table_errc::ok : static_cast<lookup_table_errc>(table.error().code);
  };
  EXPECT_EQ(code({}), lookup_table_errc::truncated);
  EXPECT_EQ(code(bytes(55, 1)), lookup_table_errc::truncated);
  EXPECT_EQ(code(bytes(56, 0)), lookup_table_errc::not_a_table);
  auto account = made_account(2);
  account.pop_back();
  EXPECT_EQ(code(account), lookup_table_errc::bad_size);
  EXPECT_EQ(code(made_account(257)), lookup_table_errc::bad_size);
  EXPECT_EQ(code(made_account(256)), lookup_table_errc::ok);
  account = made_account(2);
  account[21] = 2;
  EXPECT_EQ(code(account), lookup_table_errc::bad_authority);
  account = made_account(2);
  account[20] = 3;
  EXPECT_EQ(code(account), lookup_table_errc::bad_index);
}

TEST(unit_lookup_table, keys_load_table_by_table_writable_and_read_only_apart) {
  const std::vector<lookup_table> tables{{made_key(50), {made_key(1), made_key(2)}},
                                         {made_key(51), {made_key(3), made_key(4)}}};
  const bytes first{1}, second{0, 1};
  const std::vector<lookup_view> lookups{{made_key(51), first, second}, {made_key(50), second, first}};
  const auto keys = load_keys(lookups, tables);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->writable, (std::vector{made_key(4), made_key(1), made_key(2)}));
  EXPECT_EQ(keys->readonly, (std::vector{made_key(3), made_key(4), made_key(2)}));
}

TEST(unit_lookup_table, a_missing_table_or_address_is_an_error) {
  const std::vector<lookup_table> tables{{made_key(50), {made_key(1), made_key(2)}}};
  const bytes one{1}, two{2};
  EXPECT_EQ(load_keys(std::vector<lookup_view>{{made_key(51), one, {}}}, tables).error().code,
            static_cast<std::uint16_t>(transaction_errc::missing_table));
  EXPECT_EQ(load_keys(std::vector<lookup_view>{{made_key(50), {}, two}}, tables).error().code,
            static_cast<std::uint16_t>(transaction_errc::bad_index));
}

} // namespace
} // namespace sett::solana
