#include "actors/market/lp_burns.hpp"
#include "actors/market/quote_coins.hpp"
#include "actors/market/token_state.hpp"
#include "messages/solana/base58.hpp"
#include "tests/support/market_events.hpp"

#include <gtest/gtest.h>

namespace sett::market {
namespace {

using event::liquidity_change;

const mint_address lp_mint = test::make_mint(900);

/// Batches of events of one pool, transaction by transaction.
struct chain {
  std::uint32_t begin() { return test::add_transaction(batch, slot, index++, test::make_wallet(1)); }
  void emit(std::uint32_t tx, instruction_path path, event_payload payload,
            program_kind program = program_kind::raydium_amm_v4) {
    batch.events.push_back({tx, path, program, payload});
  }
  void pool_created(std::uint32_t tx, instruction_path path = {0, -1}) {
    emit(tx, path,
         event::pool_created{test::make_pool(1), test::make_mint(1), native_mint, token_amount{1000},
                             token_amount{2000}, test::make_wallet(1), lp_mint});
  }
  void liquidity(std::uint32_t tx, instruction_path path, liquidity_change change, address pool = test::make_pool(1)) {
    event::liquidity l;
    l.change = change;
    l.pool = pool;
    l.base_mint = test::make_mint(1);
    l.quote_mint = native_mint;
    l.lp_mint = lp_mint;
    emit(tx, path, l);
  }
  void moved(std::uint32_t tx, instruction_path path, std::uint64_t amount, const address& to, bool to_account,
             mint_address mint = lp_mint) {
    event::transfer t;
    t.mint = mint;
    t.from = test::make_wallet(1);
    t.from_account = test::make_address(7, 1);
    t.to = to;
    if (to_account) t.to_account = test::make_address(7, 2);
    t.amount.value = amount;
    emit(tx, path, t, program_kind::spl_token);
  }
  void burn(std::uint32_t tx, instruction_path path, std::uint64_t amount) { moved(tx, path, amount, {}, false); }
  std::vector<lp_burns::burn> derive(lp_burns& known) {
    std::vector<lp_burns::burn> burns;
    learned.clear();
    known.derive(batch, slot_number{slot}, burns, learned);
    return burns;
  }
  std::uint64_t slot{100};
  std::uint32_t index{};
  event_batch batch;
  std::vector<lp_burns::learned_mint> learned;
};

TEST(unit_lp_burns, the_incinerator_is_its_base58_address) {
  EXPECT_EQ(incinerator_address(), solana::parse_address("1nc1nerator11111111111111111111111111111111").value());
}

TEST(unit_lp_burns, a_burn_of_a_pools_lp_tokens_long_after_its_creation_is_burned_liquidity) {
  lp_burns known;
  chain first;
  first.pool_created(first.begin());
  EXPECT_TRUE(first.derive(known).empty());
  ASSERT_EQ(first.learned.size(), 1U);
  chain later;
  later.slot = 5000;
  const auto tx = later.begin();
  later.burn(tx, {2, -1}, 777);
  const auto burns = later.derive(known);
  ASSERT_EQ(burns.size(), 1U);
  const auto& b = std::get<event::liquidity>(burns[0].event.payload);
  EXPECT_EQ(b.change, liquidity_change::burned);
  EXPECT_EQ(b.pool, test::make_pool(1));
  EXPECT_EQ(b.base_mint, test::make_mint(1));
  EXPECT_EQ(b.quote_mint, native_mint);
  EXPECT_EQ(b.lp_mint, lp_mint);
  EXPECT_EQ(b.lp_amount.value, 777U);
  EXPECT_EQ(b.provider, test::make_wallet(1));
  EXPECT_EQ(burns[0].event.path, (instruction_path{2, -1}));
  EXPECT_EQ(burns[0].event.program, program_kind::raydium_amm_v4);
}

TEST(unit_lp_burns, tokens_sent_to_the_incinerator_or_the_zero_address_are_burned_and_others_are_not) {
  lp_burns known;
  chain c;
  c.pool_created(c.begin());
  const auto tx = c.begin();
  c.moved(tx, {0, -1}, 1, incinerator_address(), true);
  c.moved(tx, {1, -1}, 2, address{}, true);
  c.moved(tx, {2, -1}, 3, test::make_wallet(2), true);                      // to somebody
  c.moved(tx, {3, -1}, 4, incinerator_address(), true, test::make_mint(1)); // the token, not its LP
  event::transfer minted;
  minted.mint = lp_mint;
  minted.to = address{};
  minted.to_account = test::make_address(7, 2);
  c.emit(tx, {4, -1}, minted, program_kind::spl_token); // made there: nobody burned what he had
  const auto burns = c.derive(known);
  ASSERT_EQ(burns.size(), 2U);
  EXPECT_EQ(std::get<event::liquidity>(burns[0].event.payload).lp_amount.value, 1U);
  EXPECT_EQ(std::get<event::liquidity>(burns[1].event.payload).lp_amount.value, 2U);
}

TEST(unit_lp_burns, a_withdrawals_own_burn_is_none_but_one_beside_it_is) {
  lp_burns known;
  chain c;
  c.pool_created(c.begin());
  const auto tx = c.begin();
  c.liquidity(tx, {0, -1}, liquidity_change::removed);
  c.burn(tx, {0, 2}, 10);
  c.burn(tx, {1, -1}, 20); // another instruction of the same transaction
  const auto other = c.begin();
  c.liquidity(other, {0, -1}, liquidity_change::removed, test::make_pool(2)); // another pool
  c.burn(other, {0, 3}, 30);
  const auto burns = c.derive(known);
  ASSERT_EQ(burns.size(), 2U);
  EXPECT_EQ(std::get<event::liquidity>(burns[0].event.payload).lp_amount.value, 20U);
  EXPECT_EQ(std::get<event::liquidity>(burns[1].event.payload).lp_amount.value, 30U);
}

TEST(unit_lp_burns, a_pool_first_seen_by_a_deposit_is_known_too_and_an_unknown_mint_is_not) {
  lp_burns known;
  chain c;
  c.burn(c.begin(), {0, -1}, 1);
  EXPECT_TRUE(c.derive(known).empty());
  chain deposit;
  deposit.liquidity(deposit.begin(), {0, -1}, liquidity_change::added);
  EXPECT_TRUE(deposit.derive(known).empty());
  EXPECT_EQ(c.derive(known).size(), 1U);
}

TEST(unit_lp_burns, creation_and_burn_in_one_transaction_as_in_a_migration) {
  lp_burns known;
  auto update = std::make_shared<block_update>();
  chain c;
  const auto tx = c.begin();
  c.burn(tx, {0, 9}, 50);
  c.pool_created(tx, {0, 3}); // the event stands behind, its instruction was before
  c.moved(tx, {1, -1}, 5, test::make_wallet(2), true);
  update->slot = slot_number{c.slot};
  update->batch = c.batch;
  std::vector<lp_burns::learned_mint> learned;
  const auto more = with_burns(known, update, learned);
  ASSERT_EQ(more->batch.events.size(), 4U);
  EXPECT_TRUE(std::holds_alternative<event::liquidity>(more->batch.events[1].payload)); // right behind its transfer
  EXPECT_EQ(update->batch.events.size(), 3U);
  auto none = std::make_shared<block_update>();
  EXPECT_EQ(with_burns(known, none, learned), none);
}

TEST(unit_lp_burns, the_oldest_goes_when_there_are_too_many_and_is_named) {
  lp_burns known(2);
  for (std::uint64_t n = 0; n < 3; ++n) {
    chain c;
    const auto tx = c.begin();
    c.emit(
        tx, {0, -1},
        event::pool_created{test::make_pool(n), test::make_mint(n), native_mint, {}, {}, {}, test::make_mint(50 + n)});
    (void)c.derive(known);
    EXPECT_EQ(c.learned.size(), n < 2 ? 1U : 2U);
    if (n == 2) {
      EXPECT_TRUE(c.learned[1].forgotten);
      EXPECT_EQ(c.learned[1].lp_mint, test::make_mint(50));
    }
  }
  EXPECT_EQ(known.size(), 2U);
  EXPECT_EQ(known.forgotten(), 1U);
  EXPECT_EQ(known.find(test::make_mint(50)), nullptr);
}

TEST(unit_lp_burns, a_stored_pool_comes_back_and_foreign_bytes_do_not) {
  const lp_pool p{test::make_pool(1), test::make_mint(1), native_mint, program_kind::pump_amm,
                  slot_number{400'000'000}};
  const auto bytes = encode_lp_pool(p);
  const auto back = decode_lp_pool(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pool, p.pool);
  EXPECT_EQ(back->base_mint, p.base_mint);
  EXPECT_EQ(back->quote_mint, p.quote_mint);
  EXPECT_EQ(back->venue, p.venue);
  EXPECT_EQ(back->learned, p.learned);
  EXPECT_FALSE(decode_lp_pool(""));
  EXPECT_FALSE(decode_lp_pool(bytes + "x"));
  EXPECT_FALSE(decode_lp_pool("\2" + bytes.substr(1)));
  EXPECT_FALSE(decode_lp_pool(bytes.substr(0, 1) + "\xff" + bytes.substr(2)));
}

TEST(unit_lp_burns, the_token_says_that_liquidity_was_burned) {
  lp_burns known;
  chain c;
  c.pool_created(c.begin());
  c.burn(c.begin(), {0, -1}, 60);
  insert_burns(c.batch, c.derive(known));
  token_state token(test::make_mint(1));
  std::optional<protocol::opportunity_kind> last;
  for (const auto& e : c.batch.events)
    if (const auto a = token.apply({slot_number{c.slot}, {}}, c.batch, e); a.opportunity) last = a.opportunity;
  EXPECT_EQ(last, protocol::opportunity_kind::liquidity_burned);
  EXPECT_TRUE(protocol::has(token.summary().flags, protocol::token_flag::liquidity_burned));
  EXPECT_EQ(token.detail().trail.back().what, "liquidity burned: 60 LP units");
  token.undo(slot_number{c.slot});
  EXPECT_FALSE(protocol::has(token.summary().flags, protocol::token_flag::liquidity_burned));
}

} // namespace
} // namespace sett::market
