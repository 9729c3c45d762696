#include "actors/market/quote_coins.hpp"
#include "actors/wallets/wallet_state.hpp"
#include "tests/support/market_events.hpp"

#include <gtest/gtest.h>

namespace sett::wallets {
namespace {

using test::make_mint;
using test::make_wallet;

wallet_state in_order(const test::recording& r, std::uint64_t wallet) {
  wallet_state s(make_wallet(wallet));
  for (const auto& b : r.blocks)
    for (const auto& e : b->batch.events) (void)s.apply({b->slot, b->block_time}, b->batch, e);
  return s;
}

TEST(unit_wallet_state, gives_the_same_figures_for_every_order_duplication_undo_and_sealing) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto r = test::make_recording(seed, 60, 3, 5, 3);
    ports::random rng(seed);
    auto expected = in_order(r, 0);
    expected.seal(r.blocks.back()->slot);
    wallet_state s(make_wallet(0));
    for (std::size_t from = 0; from < r.blocks.size(); from += 15) {
      std::vector<std::pair<const block_update*, const chain_event*>> pieces;
      for (std::size_t i = from; i < from + 15; ++i)
        for (const auto& e : r.blocks[i]->batch.events) {
          pieces.emplace_back(r.blocks[i].get(), &e);
          if (rng.chance(0.3)) pieces.push_back(pieces.back());
        }
      for (std::size_t i = pieces.size(); i > 1; --i) std::swap(pieces[i - 1], pieces[rng.below(i)]);
      for (const auto& [u, e] : pieces) {
        (void)s.apply({u->slot, u->block_time}, u->batch, *e);
        if (rng.chance(0.01)) s.undo(r.blocks[from + rng.below(15)]->slot);
      }
      for (std::size_t i = from; i < from + 15; ++i)
        for (const auto& e : r.blocks[i]->batch.events)
          (void)s.apply({r.blocks[i]->slot, r.blocks[i]->block_time}, r.blocks[i]->batch, e);
      s.seal(r.blocks[from + 14]->slot);
      auto back = decode_wallet(make_wallet(0), encode_wallet(make_wallet(0), s.base()));
      ASSERT_TRUE(back) << back.error().message;
      s = wallet_state(make_wallet(0), *back);
    }
    ASSERT_TRUE(same_figures(s.base(), expected.base())) << seed;
  }
}

struct ledger {
  wallet_state s{make_wallet(0)};
  event_batch b;
  std::uint64_t slot{100};
  void trade(const mint_address& in, std::uint64_t amount_in, const mint_address& out, std::uint64_t amount_out) {
    const auto tx = test::add_transaction(b, ++slot, 1, make_wallet(0));
    event::trade t;
    t.trader = make_wallet(0);
    t.mint_in = in;
    t.mint_out = out;
    t.amount_in.value = amount_in;
    t.amount_out.value = amount_out;
    b.events.push_back({tx, {0, -1}, program_kind::jupiter_v6, t});
    ASSERT_EQ(s.apply({slot_number{slot}, unix_seconds{1000}}, b, b.events.back()).what, market::outcome::applied);
  }
};

TEST(unit_wallet_state, counts_a_sell_above_the_average_cost_as_a_win) {
  ledger l;
  l.trade(market::native_mint, 1'000, make_mint(1), 100);
  l.trade(market::native_mint, 3'000, make_mint(1), 100); // average cost 20
  l.trade(make_mint(1), 50, market::native_mint, 1'500);  // 30 each: +500
  l.trade(make_mint(1), 100, market::native_mint, 1'000); // 10 each: -1000
  l.trade(make_mint(1), 100, market::native_mint, 5'000); // only 50 of it were bought here: half the proceeds, +1500
  l.trade(make_mint(2), 5, market::native_mint, 9);       // never bought here: neither
  const auto w = l.s.summary();
  EXPECT_EQ(w.trades, 6u);
  EXPECT_EQ(w.buys, 2u);
  EXPECT_EQ(w.sells, 4u);
  EXPECT_EQ(w.wins, 2u);
  EXPECT_EQ(w.losses, 1u);
  EXPECT_EQ(w.realized_lamports, 500 - 1000 + 1500);
  EXPECT_EQ(w.bought_lamports, 4'000u);
  EXPECT_EQ(w.sold_lamports, 7'509u);
}

TEST(unit_wallet_state, follows_holdings_by_transfers_and_failures_by_their_payer) {
  wallet_state s(make_wallet(0));
  event_batch b;
  std::uint64_t slot = 1;
  const auto put = [&](const event_payload& p, std::uint64_t payer) {
    const auto tx = test::add_transaction(b, ++slot, 1, make_wallet(payer));
    b.events.push_back({tx, {0, 0}, program_kind::spl_token, p});
    return s.apply({slot_number{slot}, unix_seconds{1000}}, b, b.events.back()).what;
  };
  event::transfer t;
  t.mint = make_mint(1);
  t.from = make_wallet(5);
  t.to = make_wallet(0);
  t.amount.value = 100;
  t.withheld.value = 3;
  EXPECT_EQ(put(t, 5), market::outcome::applied);
  std::swap(t.from, t.to);
  t.amount.value = 40;
  EXPECT_EQ(put(t, 5), market::outcome::applied);
  t.from = t.to = make_wallet(0);
  EXPECT_EQ(put(t, 5), market::outcome::ignored);
  EXPECT_EQ(put(event::failed{}, 0), market::outcome::applied);
  EXPECT_EQ(put(event::failed{}, 5), market::outcome::ignored);
  const auto d = s.detail();
  ASSERT_EQ(d.holdings.size(), 1u);
  EXPECT_EQ(d.holdings[0].amount, 57);
  EXPECT_EQ(d.summary.tokens_held, 1u);
  EXPECT_EQ(d.summary.failed, 1u);
  EXPECT_EQ(d.summary.trades, 0u);
}

TEST(unit_wallet_state, stays_within_its_bounds) {
  ledger l;
  for (std::uint64_t i = 0; i < 2000; ++i) l.trade(market::native_mint, 10, make_mint(i), 10);
  const auto all = l.s.folded();
  EXPECT_EQ(all.holdings.size(), wallet_state::holdings_max);
  EXPECT_EQ(all.recent.size(), wallet_state::recent_max);
  EXPECT_EQ(all.forgotten_holdings, 2000 - wallet_state::holdings_max);
  EXPECT_EQ(all.trades, 2000u);
}

TEST(unit_wallet_snapshot, refuses_foreign_damaged_and_other_wallets_bytes) {
  const auto r = test::make_recording(4, 50, 2, 4, 3);
  auto s = in_order(r, 0);
  s.seal(r.blocks.back()->slot);
  const auto good = encode_wallet(make_wallet(0), s.base());
  ASSERT_TRUE(decode_wallet(make_wallet(0), good));
  EXPECT_FALSE(decode_wallet(make_wallet(1), good));
  for (std::size_t n = 0; n < good.size(); n += 7)
    EXPECT_FALSE(decode_wallet(make_wallet(0), std::string_view(good).substr(0, n)));
  ports::random rng(1);
  for (int i = 0; i < 3000; ++i) {
    auto bad = good;
    bad[rng.below(bad.size())] ^= static_cast<char>(1 + rng.below(255));
    (void)decode_wallet(make_wallet(0), bad);
  }
}

} // namespace
} // namespace sett::wallets
