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
constexpr auto spl = synthetic_transaction::spl_token;
constexpr auto t22 = synthetic_transaction::token_2022;
const address someone = made_up_address(77);
} // namespace

TEST(unit_spl_token, tells_a_new_mint_with_its_authorities) {
  const bytes with_freeze = byte_writer{}.u8(20).u8(6).key(someone).u8(1).key(made_up_address(78)).data;
  const auto created = decode_one(spl, 1, with_freeze).only<event::mint_created>();
  EXPECT_EQ(created.mint, made_up_address(0));
  EXPECT_EQ(created.decimals, 6);
  EXPECT_EQ(created.mint_authority, someone);
  EXPECT_TRUE(created.has_freeze_authority);
  EXPECT_EQ(created.freeze_authority, made_up_address(78));
  expect_nothing_when_cut(spl, 1, with_freeze);
  const bytes without = byte_writer{}.u8(0).u8(9).key(someone).u8(0).data;
  EXPECT_FALSE(decode_one(spl, 2, without).only<event::mint_created>().has_freeze_authority);
}

TEST(unit_spl_token, tells_accounts_opened_in_three_ways_and_closed) {
  EXPECT_EQ(decode_one(spl, 4, {1}).only<event::account>().owner, made_up_address(2));
  for (const std::uint8_t tag : {16, 18}) {
    const auto account = decode_one(spl, 3, byte_writer{}.u8(tag).key(someone).data).only<event::account>();
    EXPECT_EQ(account.owner, someone);
    EXPECT_EQ(account.mint, made_up_address(1));
    EXPECT_EQ(account.change, event::account_change::created);
  }
  expect_nothing_when_cut(spl, 2, byte_writer{}.u8(18).key(someone).data);
  EXPECT_EQ(decode_one(spl, 3, {9}).only<event::account>().change, event::account_change::closed);
  EXPECT_TRUE(decode_one(spl, 2, {9}).batch.events.empty());
}

TEST(unit_spl_token, tells_authority_changes) {
  const bytes revoke = byte_writer{}.u8(6).u8(0).u8(0).data;
  const auto revoked = decode_one(spl, 2, revoke).only<event::authority_changed>();
  EXPECT_EQ(revoked.kind, event::authority_kind::mint_tokens);
  EXPECT_FALSE(revoked.has_new);
  EXPECT_EQ(revoked.old_authority, made_up_address(1));
  expect_nothing_when_cut(spl, 2, revoke);
  const bytes give = byte_writer{}.u8(6).u8(2).u8(1).key(someone).data;
  const auto given = decode_one(spl, 2, give).only<event::authority_changed>();
  EXPECT_EQ(given.kind, event::authority_kind::account_owner);
  EXPECT_EQ(given.new_authority, someone);
  expect_nothing_when_cut(spl, 2, give);
}

TEST(unit_spl_token, tells_mints_and_burns_as_transfers_from_and_to_nobody) {
  const auto minted = decode_one(spl, 3, byte_writer{}.u8(7).u64(50).data).only<event::transfer>();
  EXPECT_TRUE(minted.from.is_zero());
  EXPECT_EQ(minted.mint, made_up_address(0));
  EXPECT_EQ(minted.to_account, made_up_address(1));
  EXPECT_EQ(minted.amount.value, 50U);
  const auto burned = decode_one(spl, 3, byte_writer{}.u8(15).u64(51).u8(6).data).only<event::transfer>();
  EXPECT_TRUE(burned.to.is_zero());
  EXPECT_EQ(burned.from_account, made_up_address(0));
  EXPECT_EQ(burned.mint, made_up_address(1));
  expect_nothing_when_cut(spl, 3, byte_writer{}.u8(7).u64(50).data);
  expect_nothing_when_cut(spl, 3, byte_writer{}.u8(8).u64(50).data);
  expect_nothing_when_cut(spl, 4, byte_writer{}.u8(12).u64(50).data);
}

TEST(unit_spl_token, reads_every_instruction_of_a_batch_or_none) {
  const bytes transfer = byte_writer{}.u8(12).u64(5).u8(6).data;
  const bytes opening = byte_writer{}.u8(18).key(someone).data;
  byte_writer whole;
  whole.u8(255).u8(2).u8(static_cast<std::uint8_t>(opening.size())).raw(opening);
  whole.u8(4).u8(static_cast<std::uint8_t>(transfer.size())).raw(transfer);
  const auto d = decode_one(spl, 6, whole.data);
  EXPECT_EQ(d.only<event::account>().owner, someone);
  const auto moved = d.only<event::transfer>();
  EXPECT_EQ(moved.from_account, made_up_address(2));
  EXPECT_EQ(moved.to_account, made_up_address(4));
  EXPECT_EQ(moved.amount.value, 5U);
  const std::size_t first = 3 + opening.size(); // a batch of the first instruction alone is whole, too
  for (std::size_t n = 1; n < whole.data.size(); ++n)
    if (n != first) {
      EXPECT_EQ(decode_one(spl, 6, whole.data, n).batch.events.size(), 0U) << n;
    }
  EXPECT_TRUE(decode_one(spl, 5, whole.data).batch.events.empty());
  const bytes nested = byte_writer{}.u8(255).u8(0).u8(1).u8(255).data;
  EXPECT_EQ(decode_one(spl, 0, nested).batch.unknown.size(), 1U);
}

TEST(unit_spl_token, names_tags_it_does_not_know) {
  for (const int tag : {25, 26, 37, 40, 46, 100, 254})
    EXPECT_EQ(decode_one(spl, 4, {static_cast<std::uint8_t>(tag), 0, 0}).batch.unknown.size(), 1U) << tag;
}

TEST(unit_token_2022, lists_the_extensions_that_were_set_up_with_a_mint) {
  synthetic_transaction t;
  const address mint = made_up_address(5);
  t.top(t22, {mint}, byte_writer{}.u8(26).u8(0).u8(1).key(someone).u8(0).u16(100).u64(5'000).data);
  t.top(t22, {mint}, byte_writer{}.u8(35).key(someone).data);
  t.top(t22, {mint}, byte_writer{}.u8(44).u8(0).key(someone).data);
  t.top(t22, {made_up_address(6)}, byte_writer{}.u8(32).data); // of another mint
  t.top(t22, {mint}, byte_writer{}.u8(20).u8(6).key(someone).u8(0).data);
  t.top(t22, {mint, someone, mint, someone},
        byte_writer{}.tag(0xd2e11ea258b84d8d).u32(1).raw({'N'}).u32(1).raw({'S'}).u32(0).data);
  decoded d(t.tx);
  EXPECT_EQ(d.only<event::mint_created>().extensions, 1U << 1 | 1U << 12 | 1U << 26 | 1U << 19);
  const auto authorities = d.all<event::authority_changed>();
  ASSERT_EQ(authorities.size(), 3U);
  EXPECT_EQ(authorities[0].kind, event::authority_kind::transfer_fee_config);
  EXPECT_EQ(authorities[1].kind, event::authority_kind::permanent_delegate);
  EXPECT_EQ(authorities[2].kind, event::authority_kind::pause);
  const auto metadata = d.only<event::metadata>();
  EXPECT_EQ(d.batch.view(metadata.name), "N");
  EXPECT_EQ(d.batch.view(metadata.symbol), "S");
  EXPECT_TRUE(metadata.created);
  EXPECT_TRUE(d.batch.unknown.empty());
}

TEST(unit_token_2022, knows_the_instructions_of_every_extension) {
  struct extension {
    std::uint8_t tag, sub_tags; // 0: none
  };
  for (const auto& e : {extension{26, 6},
                        {27, 15},
                        {28, 2},
                        {30, 2},
                        {33, 2},
                        {34, 2},
                        {36, 2},
                        {37, 6},
                        {39, 2},
                        {40, 2},
                        {41, 2},
                        {42, 6},
                        {43, 2},
                        {44, 3},
                        {46, 4}}) {
    for (std::uint8_t sub = 0; sub < e.sub_tags; ++sub)
      EXPECT_TRUE(decode_one(t22, 4, byte_writer{}.u8(e.tag).u8(sub).zeros(100).data).batch.unknown.empty())
          << int{e.tag} << "." << int{sub};
    EXPECT_EQ(decode_one(t22, 4, byte_writer{}.u8(e.tag).u8(e.sub_tags).zeros(100).data).batch.unknown.size(), 1U)
        << int{e.tag};
    EXPECT_EQ(decode_one(t22, 4, {e.tag}).batch.unknown.size(), 1U) << int{e.tag};
  }
  for (const std::uint8_t tag : {25, 29, 31, 32, 35, 38, 45})
    EXPECT_TRUE(decode_one(t22, 4, byte_writer{}.u8(tag).zeros(40).data).batch.unknown.empty()) << int{tag};
}

TEST(unit_token_2022, gives_the_first_authority_of_each_extension) {
  struct form {
    std::uint8_t tag, sub_tag;
    event::authority_kind kind;
  };
  using enum event::authority_kind;
  for (const auto& f : {form{27, 0, confidential_transfer},
                        {33, 0, interest_rate},
                        {36, 0, transfer_hook_program},
                        {37, 0, confidential_transfer_fee},
                        {39, 0, metadata_pointer},
                        {40, 0, group_pointer},
                        {41, 0, group_member_pointer},
                        {43, 0, scaled_ui_amount},
                        {44, 0, pause},
                        {46, 0, permissioned_burn}}) {
    const bytes data = byte_writer{}.u8(f.tag).u8(f.sub_tag).key(someone).data;
    const auto changed = decode_one(t22, 1, data).only<event::authority_changed>();
    EXPECT_EQ(changed.kind, f.kind) << int{f.tag};
    EXPECT_EQ(changed.new_authority, someone);
    expect_nothing_when_cut(t22, 1, data);
    EXPECT_TRUE(decode_one(t22, 1, byte_writer{}.u8(f.tag).u8(f.sub_tag).zeros(32).data).batch.events.empty());
  }
  const bytes close = byte_writer{}.u8(25).u8(1).key(someone).data;
  EXPECT_EQ(decode_one(t22, 1, close).only<event::authority_changed>().kind, close_mint);
  expect_nothing_when_cut(t22, 1, close);
}

TEST(unit_token_2022, tells_stated_fees_and_permissioned_burns_as_movements) {
  const bytes with_fee = byte_writer{}.u8(26).u8(1).u64(1'000).u8(6).u64(25).data;
  const auto transfer = decode_one(t22, 4, with_fee).only<event::transfer>();
  EXPECT_EQ(transfer.amount.value, 1'000U);
  EXPECT_EQ(transfer.withheld.value, 25U);
  expect_nothing_when_cut(t22, 4, with_fee);
  const bytes burn = byte_writer{}.u8(46).u8(1).u64(9).data;
  EXPECT_EQ(decode_one(t22, 4, burn).only<event::transfer>().amount.value, 9U);
  expect_nothing_when_cut(t22, 4, burn);
}

TEST(unit_token_2022, reads_the_metadata_interface) {
  const bytes rename = byte_writer{}.tag(0xdde9312db5cadcc8).u8(0).u32(3).raw({'n', 'e', 'w'}).data;
  const auto d = decode_one(t22, 2, rename);
  const auto updated = d.only<event::metadata>();
  EXPECT_FALSE(updated.created);
  EXPECT_EQ(d.batch.view(updated.name), "new");
  EXPECT_EQ(updated.symbol.length, 0U);
  expect_nothing_when_cut(t22, 2, rename);
  const bytes hand_over = byte_writer{}.tag(0xd7e4a6e45464567b).key(someone).data;
  EXPECT_EQ(decode_one(t22, 2, hand_over).only<event::authority_changed>().kind,
            event::authority_kind::metadata_update);
  const bytes freeze = byte_writer{}.tag(0xd7e4a6e45464567b).zeros(32).data;
  EXPECT_FALSE(decode_one(t22, 2, freeze).only<event::authority_changed>().has_new);
  expect_nothing_when_cut(t22, 2, hand_over);
  for (const auto tag : {0xea122038598d25b5U, 0xfaa6b4fa0d0cb846U, 0x79716c2736330004U, 0x6c25ab8ff81e126eU,
                         0xa1695801edddd8cbU, 0x9820deb0dfed7486U})
    EXPECT_TRUE(decode_one(t22, 5, byte_writer{}.tag(tag).data).batch.unknown.empty());
}

} // namespace sett::decode
