#include "tests/actors/decode/decoded.hpp"

#include <gtest/gtest.h>

namespace sett::decode {
namespace {
using test::byte_writer;
using test::bytes;
using test::decode_one;
using test::decoded;
using test::expect_nothing_when_cut;
using test::made_up_address;
using test::synthetic_transaction;
constexpr std::string_view system_program = "11111111111111111111111111111111";
constexpr std::string_view budget = "ComputeBudget111111111111111111111111111111";
constexpr std::string_view metaplex = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s";
constexpr std::string_view associated = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
const address someone = made_up_address(77);

byte_writer texts(byte_writer w) { return w.u32(4).raw({'N', 'a', 'm', 0}).u32(2).raw({'S', 'Y'}).u32(1).raw({'u'}); }
} // namespace

TEST(unit_system, tells_transfers_of_every_kind) {
  const bytes plain = byte_writer{}.u32(2).u64(5).data;
  EXPECT_EQ(decode_one(system_program, 2, plain).only<event::transfer>().amount.value, 5U);
  expect_nothing_when_cut(system_program, 2, plain);
  const bytes seeded = byte_writer{}.u32(11).u64(6).u64(1).raw({'s'}).key(someone).data;
  EXPECT_EQ(decode_one(system_program, 3, seeded).only<event::transfer>().to, made_up_address(2));
  const bytes nonce = byte_writer{}.u32(5).u64(7).data;
  EXPECT_EQ(decode_one(system_program, 5, nonce).only<event::transfer>().amount.value, 7U);
  expect_nothing_when_cut(system_program, 5, nonce);
}

TEST(unit_system, tells_new_accounts_but_leaves_token_accounts_to_their_program) {
  const bytes create = byte_writer{}.u32(0).u64(100).u64(10).key(someone).data;
  const auto created = decode_one(system_program, 2, create).only<event::account>();
  EXPECT_EQ(created.account, made_up_address(1));
  EXPECT_EQ(created.owner, made_up_address(0));
  EXPECT_EQ(created.balance.value, 100U);
  expect_nothing_when_cut(system_program, 2, create);
  const bytes seeded = byte_writer{}.u32(3).key(someone).u64(2).raw({'a', 'b'}).u64(9).u64(0).key(someone).data;
  EXPECT_EQ(decode_one(system_program, 2, seeded).only<event::account>().balance.value, 9U);
  expect_nothing_when_cut(system_program, 2, seeded);
  const bytes huge_seed = byte_writer{}.u32(3).key(someone).u64(~std::uint64_t{0}).zeros(60).data;
  EXPECT_EQ(decode_one(system_program, 2, huge_seed).batch.unknown.size(), 1U);
  const bytes prefunded = byte_writer{}.u32(13).u64(3).u64(0).key(someone).data;
  EXPECT_EQ(decode_one(system_program, 2, prefunded).only<event::account>().account, made_up_address(0));
  const bytes token =
      byte_writer{}.u32(0).u64(100).u64(165).key(test::address_of(synthetic_transaction::spl_token)).data;
  EXPECT_TRUE(decode_one(system_program, 2, token).batch.transactions.empty());
}

TEST(unit_system, knows_nonces_and_assignments) {
  const bytes authorize = byte_writer{}.u32(7).key(someone).data;
  EXPECT_EQ(decode_one(system_program, 2, authorize).only<event::authority_changed>().new_authority, someone);
  expect_nothing_when_cut(system_program, 2, authorize);
  for (const std::uint32_t tag : {1, 4, 6, 8, 9, 10, 12})
    EXPECT_TRUE(decode_one(system_program, 3, byte_writer{}.u32(tag).zeros(80).data).batch.transactions.empty()) << tag;
}

TEST(unit_compute_budget, checks_lengths) {
  for (std::uint8_t tag = 0; tag < 5; ++tag) {
    EXPECT_TRUE(decode_one(budget, 0, byte_writer{}.u8(tag).zeros(8).data).batch.unknown.empty());
    EXPECT_EQ(decode_one(budget, 0, byte_writer{}.u8(tag).zeros(3).data).batch.unknown.size(), 1U);
  }
  EXPECT_EQ(decode_one(budget, 0, {5, 0, 0, 0, 0}).batch.unknown.size(), 1U);
}

TEST(unit_associated_token, is_told_by_its_inner_instructions_where_there_are_any) {
  EXPECT_TRUE(decode_one(associated, 6, {}).batch.transactions.empty());
  EXPECT_EQ(decode_one(associated, 6, {9}).batch.unknown.size(), 1U);
  synthetic_transaction t;
  std::vector<address> keys;
  for (std::uint32_t i = 0; i < 6; ++i) keys.push_back(made_up_address(i));
  t.top(associated, keys, {0});
  t.top(associated, keys, {1});
  t.tx.has_inner = false;
  const auto account = decoded(t.tx).only<event::account>(); // an idempotent one may have found it
  EXPECT_EQ(account.account, made_up_address(1));
  EXPECT_EQ(account.owner, made_up_address(2));
  EXPECT_EQ(account.mint, made_up_address(3));
}

TEST(unit_metaplex_metadata, reads_the_three_first_ways_to_create) {
  for (const std::uint8_t tag : {0, 16, 33}) {
    auto w = texts(byte_writer{}.u8(tag)).u16(0).u8(1).u32(1).zeros(34);
    if (tag != 0) w.u8(0).u8(1).zeros(17);
    w.u8(1);
    const auto d = decode_one(metaplex, 7, w.data);
    const auto created = d.only<event::metadata>();
    EXPECT_EQ(created.mint, made_up_address(1));
    EXPECT_EQ(created.account, made_up_address(0));
    EXPECT_EQ(created.update_authority, made_up_address(4));
    EXPECT_TRUE(created.is_mutable);
    EXPECT_TRUE(created.created);
    EXPECT_EQ(d.batch.view(created.name), "Nam"); // padding zeros are not part of the name
    EXPECT_EQ(d.batch.view(created.symbol), "SY");
    EXPECT_EQ(d.batch.view(created.uri), "u");
    for (std::size_t n = 0; n < w.data.size(); ++n)
      EXPECT_TRUE(decode_one(metaplex, 7, w.data, n).batch.events.empty()) << n;
  }
}

TEST(unit_metaplex_metadata, reads_create_and_update) {
  const auto create = texts(byte_writer{}.u8(42).u8(0)).u16(0).u8(0).u8(0).u8(0).data;
  const auto created = decode_one(metaplex, 9, create).only<event::metadata>();
  EXPECT_EQ(created.mint, made_up_address(2));
  EXPECT_FALSE(created.is_mutable);
  expect_nothing_when_cut(metaplex, 6, create);
  const auto update = texts(byte_writer{}.u8(50).u8(0).u8(1).key(someone).u8(1)).u16(0).u8(0).u8(0).u8(1).u8(0).data;
  const auto d = decode_one(metaplex, 9, update);
  const auto updated = d.only<event::metadata>();
  EXPECT_EQ(updated.mint, made_up_address(3));
  EXPECT_FALSE(updated.is_mutable);
  EXPECT_FALSE(updated.created);
  EXPECT_EQ(d.only<event::authority_changed>().new_authority, someone);
  expect_nothing_when_cut(metaplex, 5, update);
  const auto freeze = byte_writer{}.u8(15).u8(0).u8(0).u8(0).u8(1).u8(0).data;
  const auto frozen = decode_one(metaplex, 2, freeze).only<event::metadata>();
  EXPECT_TRUE(frozen.mint.is_zero());
  EXPECT_EQ(frozen.account, made_up_address(0));
  EXPECT_FALSE(frozen.is_mutable);
  expect_nothing_when_cut(metaplex, 2, freeze);
  EXPECT_TRUE(decode_one(metaplex, 2, {17}).batch.unknown.empty());
  EXPECT_EQ(decode_one(metaplex, 2, {58}).batch.unknown.size(), 1U);
}

} // namespace sett::decode
