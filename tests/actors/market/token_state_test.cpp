#include "actors/market/quote_coins.hpp"
#include "actors/market/token_snapshot.hpp"
#include "actors/market/token_state.hpp"
#include "tests/support/market_events.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sett::market {
namespace {

using test::make_mint;

void apply_block(token_state& s, const block_update& u) {
  for (const auto& e : u.batch.events) (void)s.apply({u.slot, u.block_time}, u.batch, e);
}

token_state in_order(const test::recording& r, std::uint64_t mint) {
  token_state s(make_mint(mint));
  for (const auto& b : r.blocks) apply_block(s, *b);
  return s;
}

TEST(unit_token_state, counts_what_the_recording_holds) {
  const auto r = test::make_recording(1, 200, 4, 6);
  for (std::uint64_t m = 0; m < 4; ++m) {
    const auto s = in_order(r, m);
    EXPECT_EQ(s.counts().swaps, r.swaps.at(make_mint(m)));
    EXPECT_EQ(s.counts().trades, r.trades.at(make_mint(m)));
    EXPECT_EQ(s.counts().transfers, r.transfers.at(make_mint(m)));
    EXPECT_EQ(s.counts().volume_lamports, r.volume_lamports.at(make_mint(m)));
    EXPECT_EQ(s.folded().counts, s.counts());
  }
}

TEST(unit_token_state, counts_each_of_several_swaps_in_one_transaction_wherever_they_stand) {
  token_state s(make_mint(0));
  block_update b;
  const auto tx = test::add_transaction(b.batch, 1, 0, test::make_wallet(1));
  test::market_pool pool{make_mint(0), test::make_pool(1)};
  for (const instruction_path path : {instruction_path{2, -1}, {3, -1}, {3, 0}, {3, 1}, {4, 0}})
    b.batch.events.push_back({tx, path, program_kind::raydium_cpmm, pool.swap(true, 1'000, test::make_wallet(1))});
  for (int twice = 0; twice < 2; ++twice)
    for (const auto& e : b.batch.events) (void)s.apply({slot_number{1}, unix_seconds{1000}}, b.batch, e);
  EXPECT_EQ(s.counts().swaps, 5u);
  EXPECT_EQ(s.folded().duplicates, 5u);
}

TEST(unit_token_state, gives_the_same_figures_for_every_order_duplication_undo_and_sealing) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto r = test::make_recording(seed, 80, 2, 5);
    ports::random rng(seed);
    auto expected = in_order(r, 0);
    expected.seal(r.blocks.back()->slot);

    struct piece {
      const block_update* u;
      const chain_event* e;
    };
    token_state s(make_mint(0));
    // Windows of 20 slots, each shuffled, some delivered twice, some slots undone half-way and delivered again, then
    // sealed.
    for (std::size_t from = 0; from < r.blocks.size(); from += 20) {
      std::vector<piece> pieces;
      for (std::size_t i = from; i < from + 20; ++i)
        for (const auto& e : r.blocks[i]->batch.events) {
          pieces.push_back({r.blocks[i].get(), &e});
          if (rng.chance(0.3)) pieces.push_back(pieces.back());
        }
      for (std::size_t i = pieces.size(); i > 1; --i) std::swap(pieces[i - 1], pieces[rng.below(i)]);
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        (void)s.apply({pieces[i].u->slot, pieces[i].u->block_time}, pieces[i].u->batch, *pieces[i].e);
        if (rng.chance(0.01)) s.undo(r.blocks[from + rng.below(20)]->slot);
      }
      for (std::size_t i = from; i < from + 20; ++i) apply_block(s, *r.blocks[i]); // whole again
      s.seal(r.blocks[from + 10 + rng.below(10)]->slot);
      if (rng.chance(0.5)) { // and through a snapshot, with the rest replayed
        auto back = decode_token(s.mint(), encode_token(s.mint(), s.base()));
        ASSERT_TRUE(back) << back.error().message;
        s = token_state(s.mint(), *back);
        for (std::size_t i = from; i < from + 20; ++i) apply_block(s, *r.blocks[i]);
      }
    }
    s.seal(r.blocks.back()->slot);
    ASSERT_TRUE(same_figures(s.base(), expected.base())) << "seed " << seed;
    ASSERT_EQ(s.counts(), expected.counts());
    ASSERT_EQ(s.base().too_late, 0u);
  }
}

TEST(unit_token_state, shows_the_same_figures_whether_sealed_or_not) {
  const auto r = test::make_recording(7, 150, 1, 3);
  auto sealed = in_order(r, 0);
  const auto open = sealed.folded();
  sealed.seal(r.blocks.back()->slot);
  EXPECT_TRUE(same_figures(open, sealed.base()));
}

TEST(unit_token_state, undoes_a_slot_exactly) {
  const auto r = test::make_recording(3, 30, 1, 8);
  for (std::size_t dead = 0; dead < 30; dead += 7) {
    token_state with(make_mint(0)), without(make_mint(0));
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      apply_block(with, *r.blocks[i]);
      if (i != dead) apply_block(without, *r.blocks[i]);
    }
    EXPECT_TRUE(with.undo(r.blocks[dead]->slot));
    EXPECT_FALSE(with.undo(r.blocks[dead]->slot));
    EXPECT_TRUE(same_figures(with.folded(), without.folded()));
    EXPECT_EQ(with.counts(), without.counts());
  }
}

TEST(unit_token_state, builds_candles_that_can_be_recomputed_from_the_raw_swaps) {
  const auto r = test::make_recording(5, 2000, 1, 2);
  const auto s = in_order(r, 0);
  struct raw {
    std::int64_t time;
    double price;
    std::uint64_t quote;
  };
  std::vector<raw> swaps;
  for (const auto& b : r.blocks)
    for (const auto& e : b->batch.events)
      if (const auto* w = std::get_if<event::swap>(&e.payload)) {
        const bool buy = w->mint_out == make_mint(0);
        const auto base = (buy ? w->amount_out : w->amount_in).value,
                   quote = (buy ? w->amount_in : w->amount_out).value;
        swaps.push_back({b->block_time.value, static_cast<double>(quote) / static_cast<double>(base), quote});
      }
  const auto d = s.detail();
  ASSERT_EQ(d.series.size(), timeframes.size());
  for (const auto& series : d.series) {
    ASSERT_FALSE(series.candles.empty());
    for (const auto& c : series.candles) {
      protocol::candle expected;
      expected.start_s = c.start_s;
      for (const auto& w : swaps) {
        if (w.time / series.width_s * series.width_s != c.start_s) continue;
        if (expected.swaps == 0) expected.open = expected.high = expected.low = w.price;
        expected.high = std::max(expected.high, w.price);
        expected.low = std::min(expected.low, w.price);
        expected.close = w.price;
        expected.volume_quote += w.quote;
        ++expected.swaps;
      }
      for (auto* price : {&expected.open, &expected.high, &expected.low, &expected.close})
        *price = static_cast<float>(*price); // as candle_book.hpp promises
      EXPECT_EQ(c, expected) << series.width_s;
    }
  }
}

TEST(unit_token_state, quotes_exactly_what_the_pool_would_pay) {
  test::market_pool pool{make_mint(0), test::make_pool(0)};
  token_state s(make_mint(0));
  event_batch b;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const auto tx = test::add_transaction(b, 10 + i, 1, test::make_wallet(1));
    const bool buy = i % 2 == 0;
    const std::uint64_t in = 123'456'789 + 1'000'003 * i;
    if (i >= 2) {
      const auto q = s.quote(buy, token_amount{in});
      auto copy = pool;
      EXPECT_TRUE(q.exact);
      EXPECT_EQ(q.amount_out, copy.swap(buy, in, test::make_wallet(1)).amount_out) << i;
      EXPECT_EQ(q.pool, pool.pool);
    }
    b.events.push_back({tx, {0, -1}, program_kind::raydium_cpmm, pool.swap(buy, in, test::make_wallet(1))});
    ASSERT_EQ(s.apply({slot_number{10 + i}, unix_seconds{1000}}, b, b.events.back()).what, outcome::applied);
  }
}

TEST(unit_token_state, marks_a_quote_without_reserves_as_an_estimate) {
  token_state s(make_mint(0));
  event_batch b;
  const auto tx = test::add_transaction(b, 10, 1, test::make_wallet(1));
  event::swap w;
  w.pool = test::make_pool(0);
  w.mint_in = native_mint;
  w.mint_out = make_mint(0);
  w.amount_in.value = 1000;
  w.amount_out.value = 4000;
  b.events.push_back({tx, {0, -1}, program_kind::meteora_dlmm, w});
  (void)s.apply({slot_number{10}, unix_seconds{1000}}, b, b.events.back());
  const auto q = s.quote(true, token_amount{500});
  EXPECT_FALSE(q.exact);
  EXPECT_EQ(q.amount_out.value, 2000u);
  EXPECT_TRUE(token_state(make_mint(1)).quote(true, token_amount{500}).pool.is_zero());
}

TEST(unit_token_state, takes_late_slots_inside_the_window_and_names_what_comes_too_late) {
  const auto r = test::make_recording(9, 40, 1, 3);
  token_state s(make_mint(0));
  for (std::size_t i = 10; i < 40; ++i) apply_block(s, *r.blocks[i]);
  for (std::size_t i = 9; i < 10; --i) apply_block(s, *r.blocks[i]); // backfill, newest first
  EXPECT_EQ(s.counts().swaps, r.swaps.at(make_mint(0)));
  EXPECT_EQ(s.summary().incomplete, 0);
  s.seal(r.blocks[20]->slot);
  const auto before = s.counts();
  apply_block(s, *r.blocks[5]);
  EXPECT_EQ(s.counts(), before);
  EXPECT_GT(s.base().too_late, 0u);
  EXPECT_EQ(s.summary().incomplete, static_cast<std::uint8_t>(protocol::incompleteness::too_late));
  EXPECT_EQ(s.summary().incomplete_since, r.blocks[5]->slot);
}

TEST(unit_token_state, takes_what_is_below_its_snapshot_for_a_duplicate) {
  const auto r = test::make_recording(9, 40, 1, 3);
  auto s = in_order(r, 0);
  s.seal(r.blocks[30]->slot);
  token_state again(make_mint(0), *decode_token(s.mint(), encode_token(s.mint(), s.base())));
  for (const auto& b : r.blocks) apply_block(again, *b);
  EXPECT_EQ(again.counts(), s.counts());
  EXPECT_EQ(again.base().incomplete, 0);
  EXPECT_TRUE(same_figures(again.folded(), s.folded()));
}

TEST(unit_token_state, follows_authorities_launches_and_liquidity) {
  token_state s(make_mint(0));
  event_batch b;
  std::uint64_t slot = 100;
  const auto put = [&](const event_payload& p) {
    const auto tx = test::add_transaction(b, ++slot, 0, test::make_wallet(9));
    b.events.push_back({tx, {0, -1}, program_kind::pump, p});
    return s.apply({slot_number{slot}, unix_seconds{1000}}, b, b.events.back());
  };
  event::mint_created m;
  m.mint = make_mint(0);
  m.decimals = 6;
  m.has_mint_authority = m.has_freeze_authority = true;
  m.token_program = program_kind::token_2022;
  m.extensions = 1U << 1 | 1U << 12;
  EXPECT_EQ(put(m).opportunity, protocol::opportunity_kind::token_created);
  event::launch l;
  l.mint = make_mint(0);
  l.creator = test::make_wallet(4);
  (void)put(l);
  event::authority_changed a;
  a.account = make_mint(0);
  a.kind = event::authority_kind::mint_tokens;
  (void)put(a);
  l.phase = event::launch_phase::migrated;
  EXPECT_EQ(put(l).opportunity, protocol::opportunity_kind::migrated);
  event::liquidity q;
  q.change = event::liquidity_change::burned;
  q.base_mint = make_mint(0);
  q.quote_mint = native_mint;
  (void)put(q);
  const auto d = s.detail();
  const auto f = d.summary.flags;
  using protocol::token_flag;
  EXPECT_FALSE(has(f, token_flag::mint_authority));
  EXPECT_TRUE(has(f, token_flag::freeze_authority));
  EXPECT_TRUE(has(f, token_flag::token_2022));
  EXPECT_TRUE(has(f, token_flag::transfer_fee));
  EXPECT_TRUE(has(f, token_flag::permanent_delegate));
  EXPECT_TRUE(has(f, token_flag::migrated));
  EXPECT_TRUE(has(f, token_flag::liquidity_burned));
  EXPECT_EQ(d.creator, test::make_wallet(4));
  ASSERT_EQ(d.trail.size(), 5u);
  EXPECT_EQ(d.trail[2].what, "mint authority given up");
}

TEST(unit_token_state, stays_within_its_bounds_whatever_comes) {
  token_state s(make_mint(0));
  event_batch b;
  ports::random rng(3);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    b.clear();
    const auto tx = test::add_transaction(b, i + 1, 0, test::make_wallet(i));
    test::market_pool pool{make_mint(0), test::make_pool(i)};
    b.events.push_back({tx, {0, -1}, program_kind::raydium_cpmm, pool.swap(true, 1'000'000, test::make_wallet(i))});
    event::launch l;
    l.mint = make_mint(0);
    b.events.push_back({tx, {1, -1}, program_kind::pump, l});
    event::transfer t;
    t.mint = make_mint(0);
    t.to = test::make_wallet(i);
    t.amount.value = 1 + rng.below(1000);
    b.events.push_back({tx, {2, -1}, program_kind::spl_token, t});
    for (const auto& e : b.events)
      (void)s.apply({slot_number{i + 1}, unix_seconds{1000 + static_cast<std::int64_t>(i) * 400}}, b, e);
  }
  const auto all = s.folded();
  EXPECT_EQ(all.pools.size(), token_state::pools_max);
  EXPECT_EQ(all.trail.size(), token_state::trail_max);
  EXPECT_EQ(all.holders.top().size(), holder_sketch::top_max);
  EXPECT_EQ(all.counts.swaps, 3000u);
  EXPECT_EQ(all.sealed_early, 3000u - token_state::window_slots_max);
  EXPECT_NEAR(static_cast<double>(all.holders.distinct()), 3000, 3000 * 0.3);
  for (std::size_t f = 0; f < timeframes.size(); ++f) EXPECT_LE(all.candles[0].ring(f).size(), timeframes[f].capacity);
}

TEST(unit_token_state, gives_a_swap_between_quote_coins_to_sol_and_any_other_to_its_token) {
  const auto names = [](const mint_address& a, const mint_address& b) {
    event::swap s;
    s.mint_in = a;
    s.mint_out = b;
    const event_payload p = s;
    const auto m = mints_of(p);
    std::vector<mint_address> r;
    for (std::size_t i = 0; i < m.count; ++i) r.push_back(*m.mints[i]);
    return r;
  };
  EXPECT_EQ(names(native_mint, make_mint(1)), std::vector{make_mint(1)});
  EXPECT_EQ(names(make_mint(1), usdc_mint), std::vector{make_mint(1)});
  EXPECT_EQ(names(usdc_mint, native_mint), std::vector{native_mint});
  EXPECT_EQ(names(make_mint(1), make_mint(2)), (std::vector{make_mint(1), make_mint(2)}));
}

TEST(unit_token_snapshot, refuses_foreign_damaged_and_other_tokens_bytes) {
  const auto r = test::make_recording(11, 50, 1, 3);
  auto s = in_order(r, 0);
  s.seal(r.blocks.back()->slot);
  const auto good = encode_token(s.mint(), s.base());
  EXPECT_TRUE(decode_token(s.mint(), good));
  EXPECT_EQ(decode_token(make_mint(5), good).error().code, static_cast<std::uint16_t>(snapshot_errc::wrong_entity));
  EXPECT_EQ(decode_token(s.mint(), "").error().code, static_cast<std::uint16_t>(snapshot_errc::not_a_snapshot));
  EXPECT_EQ(decode_token(s.mint(), "hello, this is no snapshot at all").error().code,
            static_cast<std::uint16_t>(snapshot_errc::not_a_snapshot));
  for (std::size_t n = 0; n < good.size(); n += 13)
    EXPECT_FALSE(decode_token(s.mint(), std::string_view(good).substr(0, n))) << n;
  ports::random rng(1);
  for (int i = 0; i < 5000; ++i) { // never undefined behaviour; whether it still reads is for the store's checksum
    auto bad = good;
    bad[rng.below(bad.size())] ^= static_cast<char>(1 + rng.below(255));
    (void)decode_token(s.mint(), bad);
  }
}

TEST(unit_pool_quote, proves_each_fee_model_by_the_swap_itself_and_claims_none_otherwise) {
  // x = 1e9, y = 5e8 before; 1 % fee.
  const auto kept = explain_swap(1'000'000'000 + 1'000'000, 500'000'000 - 494'510, 1'000'000, 494'510, 10'000, true);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->model, fee_model::kept);
  EXPECT_EQ(kept->ppm, 10'000u);
  const auto on_top = explain_swap(1'000'000'000 + 1'000'000, 500'000'000 - 499'500, 1'000'000, 499'500, 10'000, true);
  ASSERT_TRUE(on_top);
  EXPECT_EQ(on_top->model, fee_model::on_top);
  const auto of_out = explain_swap(1'000'000'000 + 1'000'000, 500'000'000 - 499'500, 1'000'000, 499'500, 4'995, false);
  ASSERT_TRUE(of_out);
  EXPECT_EQ(of_out->model, fee_model::of_out);
  EXPECT_EQ(of_out->ppm, 10'000u);
  EXPECT_FALSE(explain_swap(1'001'000'000, 499'000'000, 1'000'000, 480'000, 10'000, true));
  EXPECT_FALSE(explain_swap(5, 5, 10, 1, 0, true));
  EXPECT_EQ(constant_product_out(0, 5, 1, {}), 0u);
  EXPECT_EQ(constant_product_out(UINT64_MAX, UINT64_MAX, UINT64_MAX, {fee_model::of_out, 1'000'000}), 0u);
}

TEST(unit_candle_book, restores_every_ring_in_any_order_and_refuses_what_it_could_not_have_written) {
  candle_book book;
  for (std::int64_t t = 1; t < 40'000; t += 7) {
    const auto price = 1e-9 * static_cast<double>(t);
    book.add({.open = price, .high = 2 * price, .low = price / 2, .close = price, .volume_quote = 5, .swaps = 1}, t);
  }
  candle_book again;
  for (std::size_t f = timeframes.size(); f-- > 0;) {
    ASSERT_EQ(book.ring(f).size(), timeframes[f].capacity);
    ASSERT_TRUE(again.restore(f, book.ring(f)));
  }
  EXPECT_EQ(again, book);
  ASSERT_TRUE(again.restore(1, book.ring(1))); // in place of what is there
  EXPECT_EQ(again, book);

  const protocol::candle good{60, 1, 1, 1, 1, 1, 1};
  const auto refused = [&](auto change) {
    auto c = good;
    change(c);
    return !again.restore(1, std::vector{c}) && again == book;
  };
  EXPECT_TRUE(refused([](auto& c) { c.start_s = 61; }));
  EXPECT_TRUE(refused([](auto& c) { c.high = 1e39; }));
  EXPECT_TRUE(refused([](auto& c) { c.low = -std::numeric_limits<double>::infinity(); }));
  EXPECT_TRUE(refused([](auto& c) { c.close = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_FALSE(again.restore(1, std::vector{good, good}));
  EXPECT_FALSE(again.restore(0, std::vector<protocol::candle>(timeframes[0].capacity + 1)));
  EXPECT_TRUE(again.restore(1, std::vector{good}));
  EXPECT_EQ(again.ring(1), std::vector{good});
  EXPECT_EQ(again.ring(2), book.ring(2));
}

TEST(unit_candle_book, measures_trend_and_volatility_by_the_textbook) {
  std::vector<protocol::candle> c;
  const double closes[] = {100, 110, 99, 99, 120};
  for (int i = 0; i < 5; ++i)
    c.push_back({static_cast<std::uint32_t>(60 * i), 1, closes[i], closes[i], closes[i], closes[i], 1});
  EXPECT_NEAR(change_over(c, 120), 120.0 / 99 - 1, 1e-12);
  EXPECT_NEAR(change_over(c, 3600), 0.2, 1e-12);
  EXPECT_NEAR(change_over(std::vector<protocol::candle>{{0, 1, 80, 130, 70, 100, 1}}, 300), 0.25, 1e-12)
      << "open to close";
  EXPECT_EQ(change_over({}, 300), 0);
  double r[4], mean = 0, var = 0;
  for (int i = 0; i < 4; ++i) mean += (r[i] = std::log(closes[i + 1] / closes[i])) / 4;
  for (double x : r) var += (x - mean) * (x - mean) / 3;
  EXPECT_NEAR(volatility_of(c), std::sqrt(var), 1e-12);
  EXPECT_EQ(volatility_of({}), 0);
}

TEST(unit_holder_sketch, estimates_the_number_of_wallets_within_four_standard_errors) {
  for (std::uint64_t n : {1ULL, 10ULL, 100ULL, 1000ULL, 50'000ULL}) {
    holder_sketch h;
    for (std::uint64_t i = 0; i < n; ++i) h.add(test::make_wallet(i + n * 7), 1, true);
    EXPECT_NEAR(static_cast<double>(h.distinct()), static_cast<double>(n), std::max(1.0, 0.37 * static_cast<double>(n)))
        << n;
  }
}

} // namespace
} // namespace sett::market
