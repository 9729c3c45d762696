// What a node knows of the chain for an account: heights, links, finality, and the pools' last states.
#include "nodes/accounts/chain_tracker.hpp"

#include <gtest/gtest.h>

using namespace sett;
using sett::accounts::chain_tracker;

namespace {

template <class Id>
Id id_of(std::uint64_t n) {
  Id id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  id.bytes[31] = 1;
  return id;
}
block_update block(std::uint64_t slot, std::uint64_t height, std::uint64_t fork = 0) {
  block_update u;
  u.slot = slot_number(slot);
  u.height = height;
  u.blockhash = id_of<blockhash>(height + fork * 1'000'000);
  u.parent_blockhash = id_of<blockhash>(height - 1);
  u.commitment = commitment::confirmed;
  u.complete = true;
  return u;
}
mint_address native() {
  mint_address m{{0x06, 0x9b, 0x88, 0x57, 0xfe, 0xab, 0x81, 0x84, 0xfb, 0x68, 0x7f, 0x63, 0x46, 0x18, 0xc0, 0x35,
                  0xda, 0xc4, 0x39, 0xdc, 0x1a, 0xeb, 0x3b, 0x55, 0x98, 0xa0, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x01}};
  return m;
}
chain_event swap_of(bool buy, std::uint64_t pool, std::uint64_t mint, std::uint64_t token, std::uint64_t quote) {
  event::swap s;
  s.pool = id_of<address>(pool);
  s.mint_in = buy ? native() : id_of<mint_address>(mint);
  s.mint_out = buy ? id_of<mint_address>(mint) : native();
  s.base_is_mint_in = !buy;
  s.amount_in = token_amount(100'000'000);
  s.amount_out = token_amount(100'000'000);
  s.fee = token_amount(1'250'000);
  s.fee_known = true;
  s.fee_in_mint_in = buy;
  s.after = {.kind = pool_state_kind::reserves, .a = token, .b = quote, .c = 0};
  chain_event e;
  e.program = program_kind::pump;
  e.payload = s;
  return e;
}

} // namespace

TEST(unit_chain_tracker, heights_grow_with_blocks_and_finality_with_roots) {
  chain_tracker t;
  EXPECT_EQ(t.view(), execution::chain_view{});
  for (std::uint64_t i = 1; i <= 40; ++i) EXPECT_TRUE(t.update(block(1'000 + i, 500 + i)));
  EXPECT_FALSE(t.update(block(1'040, 540))); // again
  EXPECT_EQ(t.view().tip, block_height(540));
  EXPECT_EQ(t.view().finalized, block_height(0));
  t.rooted(slot_number(1'008));
  EXPECT_EQ(t.view().finalized, block_height(508));
  ASSERT_TRUE(t.finalized());
  EXPECT_EQ(t.finalized()->hash, id_of<blockhash>(508));
  EXPECT_EQ(t.finalized_blocks().blocks().size(), 8U);
  EXPECT_EQ(t.oldest(), block_height(501));
  EXPECT_EQ(t.first_between(block_height(400), block_height(600))->height, block_height(501));
  EXPECT_FALSE(t.first_between(block_height(541), block_height(600)));
}

TEST(unit_chain_tracker, a_block_that_died_is_no_block_of_its_height) {
  chain_tracker t;
  t.update(block(1'001, 501));
  t.update(block(1'002, 502, 1));
  EXPECT_EQ(t.at(block_height(502)), id_of<blockhash>(1'000'502));
  t.undone(slot_number(1'002));
  EXPECT_FALSE(t.at(block_height(502)));
  t.update(block(1'003, 502));
  EXPECT_EQ(t.at(block_height(502)), id_of<blockhash>(502));
}

TEST(unit_chain_tracker, a_hole_or_half_a_block_breaks_the_finalized_chain) {
  chain_tracker t;
  for (const std::uint64_t h : {501U, 502U, 504U, 505U}) t.update(block(500 + h, h));
  t.rooted(slot_number(2'000));
  EXPECT_EQ(t.finalized_blocks().blocks().size(), 2U); // 504 and 505
  auto half = block(2'001, 506);
  half.complete = false;
  t.update(half);
  t.rooted(slot_number(2'001));
  EXPECT_TRUE(t.finalized_blocks().blocks().empty());
}

TEST(unit_chain_tracker, a_source_without_heights_gives_no_view) {
  chain_tracker t;
  EXPECT_FALSE(t.update(block(1'001, 0)));
  t.rooted(slot_number(1'001));
  EXPECT_EQ(t.view(), execution::chain_view{});
}

TEST(unit_chain_tracker, a_pool_is_as_its_last_swap_left_it_from_either_side) {
  chain_tracker t;
  auto u = block(1'001, 501);
  u.batch.events.push_back(swap_of(true, 7, 8, 1'000, 2'000));
  t.update(u);
  auto p = t.pool_of(id_of<mint_address>(8));
  ASSERT_TRUE(p);
  EXPECT_EQ(p->reserve_token, 1'000U);
  EXPECT_EQ(p->reserve_quote, 2'000U);
  EXPECT_EQ(p->fee_ppm, 12'500U);
  u = block(1'002, 502);
  u.batch.events.push_back(swap_of(false, 7, 8, 1'100, 1'900));
  t.update(u);
  EXPECT_EQ(t.pool_of(id_of<mint_address>(8))->reserve_token, 1'100U);
  u = block(1'000, 500); // late: older than what is known
  u.batch.events.push_back(swap_of(true, 7, 8, 1, 1));
  t.update(u);
  EXPECT_EQ(t.pool(id_of<address>(7))->reserve_token, 1'100U);
}

TEST(unit_chain_tracker, of_several_pools_the_one_that_gives_most_is_traded_on) {
  chain_tracker t;
  auto u = block(1'001, 501);
  u.batch.events.push_back(swap_of(true, 7, 8, 1'000'000'000'000'000, 32'000'000'000)); // the curve
  auto tiny = swap_of(false, 9, 8, 1'000'000'000, 1'000'000);
  tiny.program = program_kind::raydium_cpmm;
  u.batch.events.push_back(tiny);
  t.update(u);
  EXPECT_EQ(t.pool_of(id_of<mint_address>(8))->pool, id_of<address>(9));
  for (const auto side : {ports::trade_side::buy, ports::trade_side::sell})
    EXPECT_EQ(t.pool_for(id_of<mint_address>(8), side, 100'000'000'000)->pool, id_of<address>(7));
}

TEST(unit_chain_tracker, a_launch_is_a_pool_before_its_first_swap_and_none_after_its_end) {
  chain_tracker t;
  auto u = block(1'001, 501);
  event::launch l;
  l.mint = id_of<mint_address>(8);
  l.curve = id_of<address>(7);
  chain_event e;
  e.program = program_kind::pump;
  e.payload = l;
  u.batch.events.push_back(e);
  t.update(u);
  ASSERT_TRUE(t.pool_of(l.mint));
  EXPECT_TRUE(execution::price_of(*t.pool_of(l.mint), ports::trade_side::buy, true, 1'000'000'000));
  l.phase = event::launch_phase::completed;
  e.payload = l;
  u = block(1'002, 502);
  u.batch.events.push_back(e);
  t.update(u);
  EXPECT_TRUE(t.pool_of(l.mint)->complete);
}

TEST(unit_chain_tracker, blocks_and_pools_are_bounded) {
  chain_tracker t;
  for (std::uint64_t i = 1; i <= 3'000; ++i) {
    auto u = block(1'000 + i, 500 + i);
    for (std::uint64_t k = 0; k < 10; ++k) u.batch.events.push_back(swap_of(true, i * 10 + k, i * 10 + k, 5, 5));
    t.update(u);
    t.rooted(slot_number(1'000 + i - 1));
  }
  EXPECT_EQ(t.pools(), chain_tracker::pools_max);
  EXPECT_FALSE(t.pool_of(id_of<mint_address>(10)));
  EXPECT_TRUE(t.pool_of(id_of<mint_address>(30'000)));
  EXPECT_LE(t.view().tip.value - t.oldest()->value, chain_tracker::blocks_max + 2);
}
