// The chain of paper: signed bytes land once, at the pool's price, and never after their time.
#include "actors/execution/account_codec.hpp"
#include "actors/execution/ledger.hpp"
#include "actors/execution/paper_chain.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/types/chain_event.hpp"
#include "nodes/accounts/paper_ports_io.hpp"

#include <gtest/gtest.h>

using namespace sett;
using namespace sett::execution;

namespace {

template <class Id>
Id id_of(std::uint8_t n) {
  Id id;
  id.bytes.fill(n);
  return id;
}

paper_pool curve() {
  paper_pool p;
  p.pool = id_of<address>(7);
  p.mint = id_of<mint_address>(8);
  p.venue = static_cast<std::uint8_t>(program_kind::pump);
  p.reserve_token = 1'000'000'000'000'000;
  p.reserve_quote = 32'190'000'000;
  p.fee_ppm = 12'500;
  return p;
}

class paper_chain_under_test {
public:
  paper_chain_under_test() { ask(paper::fund{signer.wallet(), lamports(10'000'000'000)}); }

  paper_look ask(const paper_command& c) {
    const auto d = decide(state, c);
    refusal = d ? std::string() : d.error().message;
    if (!d) return {};
    for (const auto& e : d->events) {
      const auto back = decode_paper_entry(encode(paper_entry{{e}}));
      EXPECT_TRUE(back) << (back ? "" : back.error().message);
      if (back) apply(state, back->events.at(0));
    }
    const auto again = decode_paper_state(encode(state));
    EXPECT_TRUE(again && *again == state);
    return d->answer.value_or(paper_look{});
  }
  std::string signed_order(const paper_order& o, std::uint8_t recent = 1) {
    const auto message = paper_message(signer.wallet(), id_of<blockhash>(recent), o);
    EXPECT_TRUE(message);
    std::string bytes;
    signer.sign({.wallet = signer.wallet(), .message = *message, .totals = {}}, [&](const ports::sign_answer& a) {
      name = a.signature;
      const auto all = solana::attach_signatures(*message, {&a.signature, 1});
      EXPECT_TRUE(all);
      bytes.assign(all->begin(), all->end());
    });
    return bytes;
  }
  static paper_order buy(std::uint64_t spend, std::uint64_t least = 0) {
    paper_order o;
    o.side = ports::trade_side::buy;
    o.exact_in = true;
    o.mint = curve().mint;
    o.pool = curve().pool;
    o.amount_in = spend;
    o.amount_out = least;
    o.fee = lamports(5'000);
    return o;
  }
  static paper_order sell(std::uint64_t tokens, std::uint64_t least = 0) {
    auto o = buy(tokens, least);
    o.side = ports::trade_side::sell;
    return o;
  }
  /// Sends until one send is not lost, and has it land.
  paper_landed landed(const paper_order& o, std::uint64_t at, const paper_pool& pool = curve()) {
    for (std::uint8_t recent = 1; recent < 100; ++recent) {
      const auto bytes = signed_order(o, recent);
      ask(paper::send{bytes, block_height(at + 100), block_height(at)});
      const auto l = ask(paper::look{name, o.mint, {}});
      if (l.fate != paper_fate::pending) continue;
      if (state.pending.at(0).fails != fails) {
        state.pending.clear();
        continue;
      }
      ask(paper::land{name, l.lands_at, id_of<blockhash>(9), pool});
      return ask(paper::look{name, o.mint, {}}).landed.value_or(paper_landed{});
    }
    ADD_FAILURE() << "every send was lost";
    return {};
  }

  accounts::paper_signer signer{accounts::paper_seed("c", "main")};
  paper_state state;
  signature name;
  std::string refusal;
  bool fails{};
};

} // namespace

TEST(unit_paper_chain, a_buy_moves_what_the_venue_says_and_pays_fee_and_rent) {
  paper_chain_under_test c;
  const auto price = price_of(curve(), ports::trade_side::buy, true, 1'000'000'000);
  ASSERT_TRUE(price);
  const auto l = c.landed(c.buy(1'000'000'000), 100);
  EXPECT_TRUE(l.outcome.ok);
  EXPECT_EQ(l.outcome.tokens_after.value, price->out);
  EXPECT_EQ(l.outcome.lamports_before.value - l.outcome.lamports_after.value, price->in + 5'000 + paper_rent_lamports);
  EXPECT_EQ(l.outcome.rent_after.value, paper_rent_lamports);
  EXPECT_EQ(c.state.balance, l.outcome.lamports_after);
  EXPECT_EQ(c.state.holdings.at(curve().mint).tokens, l.outcome.tokens_after);
}

TEST(unit_paper_chain, the_wallets_own_impact_stays_on_the_pool_until_it_has_sold_all) {
  paper_chain_under_test c;
  const auto bought = c.landed(c.buy(1'000'000'000), 100);
  const auto shadowed = with_shadow(c.state, curve());
  EXPECT_LT(shadowed.reserve_token, curve().reserve_token);
  EXPECT_GT(shadowed.reserve_quote, curve().reserve_quote);
  const auto sold = c.landed(c.sell(bought.outcome.tokens_after.value), 200);
  EXPECT_TRUE(sold.outcome.ok);
  EXPECT_EQ(sold.outcome.tokens_after.value, 0U);
  // There and back costs the fees of both ways and nothing more than a unit or two.
  const auto lost = 10'000'000'000 - c.state.balance.value - 10'000; // the rent came back
  EXPECT_NEAR(static_cast<double>(lost), 1e9 * (1 - (1 / 1.0125) * 0.9875), 10.0);
  EXPECT_TRUE(c.state.shadows.empty());
}

TEST(unit_paper_chain, three_hundred_mints_sold_one_after_the_other_leave_no_rent_and_take_no_place) {
  paper_chain_under_test c;
  const auto of = [](std::uint64_t n) {
    auto p = curve();
    p.mint.bytes[0] = p.pool.bytes[0] = static_cast<std::uint8_t>(n % 256);
    p.mint.bytes[1] = p.pool.bytes[1] = static_cast<std::uint8_t>(n / 256);
    return p;
  };
  for (std::uint64_t n = 0; n < 300; ++n) {
    const auto p = of(n);
    auto b = c.buy(1'000'000);
    b.mint = p.mint;
    b.pool = p.pool;
    const auto bought = c.landed(b, 100 + 10 * n, p);
    ASSERT_TRUE(bought.outcome.ok) << n;
    EXPECT_EQ(c.state.rent().value, paper_rent_lamports);
    auto s = c.sell(bought.outcome.tokens_after.value);
    s.mint = p.mint;
    s.pool = p.pool;
    const auto sold = c.landed(s, 105 + 10 * n, p);
    ASSERT_TRUE(sold.outcome.ok) << n;
    EXPECT_EQ(sold.outcome.rent_before.value, paper_rent_lamports);
    EXPECT_EQ(sold.outcome.rent_after.value, 0U);
    EXPECT_EQ(c.state.rent().value, 0U);
    EXPECT_TRUE(is_balanced(entry_of(p.mint, sold.outcome)));
  }
  EXPECT_TRUE(c.state.holdings.empty());
}

TEST(unit_paper_chain, a_part_sale_keeps_the_rent) {
  paper_chain_under_test c;
  const auto bought = c.landed(c.buy(1'000'000'000), 100);
  const auto sold = c.landed(c.sell(bought.outcome.tokens_after.value - 1), 200);
  ASSERT_TRUE(sold.outcome.ok);
  EXPECT_EQ(sold.outcome.rent_after.value, paper_rent_lamports);
  EXPECT_EQ(c.state.rent().value, paper_rent_lamports);
}

TEST(unit_paper_chain, the_same_bytes_land_once_however_often_they_are_sent) {
  paper_chain_under_test c;
  const auto l = c.landed(c.buy(1'000'000), 100);
  const auto before = c.state;
  const auto bytes = c.signed_order(c.buy(1'000'000), 1);
  if (c.name == l.signature) {
    c.ask(paper::send{bytes, block_height(500), block_height(150)});
    EXPECT_EQ(c.state, before);
  }
  c.ask(paper::land{l.signature, block_height(104), id_of<blockhash>(10), curve()});
  EXPECT_EQ(c.state, before);
}

TEST(unit_paper_chain, nothing_lands_above_its_last_valid_height_nor_after_it_was_told_absent) {
  paper_chain_under_test c;
  const auto bytes = c.signed_order(c.buy(1'000'000));
  c.ask(paper::send{bytes, block_height(100), block_height(100)});
  EXPECT_FALSE(c.refusal.empty());
  EXPECT_TRUE(c.state.pending.empty());
  // Whoever was told that it is not there may rely on it: a late send from elsewhere does not count any more.
  EXPECT_EQ(c.ask(paper::look{c.name, curve().mint, block_height(300)}).fate, paper_fate::unknown);
  c.ask(paper::send{bytes, block_height(290), block_height(200)});
  EXPECT_FALSE(c.refusal.empty());
  EXPECT_TRUE(c.state.pending.empty());
}

TEST(unit_paper_chain, a_limit_that_is_missed_and_a_drawn_failure_cost_the_fee_alone) {
  paper_chain_under_test c;
  const auto price = price_of(curve(), ports::trade_side::buy, true, 1'000'000'000);
  const auto missed = c.landed(c.buy(1'000'000'000, price->out + 1), 100);
  EXPECT_FALSE(missed.outcome.ok);
  EXPECT_EQ(missed.outcome.error_code, 6003U);
  EXPECT_EQ(c.state.balance.value, 10'000'000'000 - 5'000);
  c.fails = true;
  const auto failed = c.landed(c.buy(1'000'000), 300);
  EXPECT_FALSE(failed.outcome.ok);
  EXPECT_EQ(c.state.balance.value, 10'000'000'000 - 10'000);
  EXPECT_TRUE(c.state.holdings.empty());
}

TEST(unit_paper_chain, bytes_of_somebody_else_or_changed_bytes_are_refused) {
  paper_chain_under_test c;
  auto bytes = c.signed_order(c.buy(1'000'000));
  bytes[5] = static_cast<char>(bytes[5] ^ 1); // in the signature
  c.ask(paper::send{bytes, block_height(200), block_height(100)});
  EXPECT_NE(c.refusal.find("not signed"), std::string::npos) << c.refusal;
  c.ask(paper::send{"nonsense", block_height(200), block_height(100)});
  EXPECT_FALSE(c.refusal.empty());
  EXPECT_TRUE(c.state.pending.empty());
}

TEST(unit_paper_chain, a_block_that_lost_is_replaced_by_the_one_that_is_final) {
  paper_chain_under_test c;
  const auto l = c.landed(c.buy(1'000'000), 100);
  c.ask(paper::place{l.signature, l.height, id_of<blockhash>(77)});
  EXPECT_EQ(c.ask(paper::look{l.signature, curve().mint, {}}).landed->block, id_of<blockhash>(77));
}

TEST(unit_paper_chain, a_complete_curve_sells_nothing_and_a_constant_product_keeps_its_invariant) {
  auto p = curve();
  p.complete = true;
  EXPECT_FALSE(price_of(p, ports::trade_side::sell, true, 1'000'000));
  p = curve();
  p.venue = static_cast<std::uint8_t>(program_kind::raydium_cpmm);
  p.fee_ppm = 2'500;
  const auto out = price_of(p, ports::trade_side::buy, true, 1'000'000'000);
  ASSERT_TRUE(out);
  const auto in = price_of(p, ports::trade_side::buy, false, out->out);
  ASSERT_TRUE(in);
  EXPECT_LE(in->in, 1'000'000'000U);
  EXPECT_GE(in->in, 999'999'000U);
  p.venue = static_cast<std::uint8_t>(program_kind::meteora_dlmm);
  EXPECT_FALSE(price_of(p, ports::trade_side::buy, true, 1'000));
}

TEST(unit_paper_chain, the_largest_chain_of_paper_fits_an_entity) {
  paper_state s;
  s.pending.resize(paper_pending_max);
  s.landed.resize(paper_landed_max);
  for (std::size_t i = 0; i < paper_holdings_max; ++i) {
    auto key = id_of<address>(1);
    key.bytes[0] = static_cast<std::uint8_t>(i);
    s.holdings[key];
    s.shadows[key];
  }
  EXPECT_LE(encode(s).size(), account_state_bytes_max);
}
