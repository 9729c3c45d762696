// pump.fun, PumpSwap and Raydium's first AMM: every form of instruction and event, made by hand.
#include "actors/decode/well_known.hpp"
#include "tests/actors/decode/decoded.hpp"

#include <gtest/gtest.h>

namespace sett::decode {
namespace {
using test::byte_writer;
using test::bytes;
using test::decoded;
using test::made_up_address;
using test::synthetic_transaction;

constexpr std::string_view pump = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P";
constexpr std::string_view pump_amm = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA";
constexpr std::string_view raydium = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";
constexpr std::string_view system_program = "11111111111111111111111111111111";
constexpr std::uint64_t trade_event = 0xbddb7fd34ee661ee;
const address someone = made_up_address(77);

std::vector<address> keys(std::uint32_t n) {
  std::vector<address> all;
  for (std::uint32_t i = 0; i < n; ++i) all.push_back(made_up_address(i));
  return all;
}

/// A TradeEvent as long as the version that ends at `version`.
enum class version { first, fees, volume, shares, quotes };
byte_writer trade(const address& mint, std::uint64_t sol, std::uint64_t tokens, bool is_buy, version v,
                  const address& quote = {}) {
  byte_writer w;
  const bool in_quote = v == version::quotes && !quote.is_zero();
  w.tag(trade_event).key(mint).u64(in_quote ? 0 : sol).u64(tokens).u8(is_buy ? 1 : 0).key(someone).u64(0);
  w.u64(in_quote ? 0 : 31'000).u64(1'000'000).u64(0).u64(0);
  if (v == version::first) return w;
  w.key(someone).u64(95).u64(10).key(someone).u64(5).u64(3);
  if (v == version::fees) return w;
  w.u8(0).u64(0).u64(0).u64(0).u64(0);
  if (v == version::volume) return w;
  w.u32(3).raw({'b', 'u', 'y'}).u8(0).u64(30).u64(2).u64(5000).u64(5).u32(1).key(someone).u16(9);
  if (v == version::shares) return w;
  return w.key(quote).u64(sol).u64(31'000).u64(0).u64(0).u64(1);
}

struct curve_trade {
  synthetic_transaction t;
  address mint = made_up_address(2), curve = made_up_address(3), vault = made_up_address(4), user = made_up_address(6);

  /// A buy or sale of the first version with `extra` accounts appended.
  curve_trade(bool is_buy, std::uint64_t sol, std::uint64_t tokens, std::uint32_t extra = 0) {
    t.token_account(vault, mint, 1'000'000);
    t.token_account(made_up_address(5), mint, 1'000'000);
    auto accounts = keys(12 + extra);
    t.top(pump, accounts,
          byte_writer{}.tag(is_buy ? 0x66063d1201daebea : 0x33e685a4017f83ad).u64(tokens).u64(sol).data);
    if (is_buy)
      t.transfer(vault, made_up_address(5), tokens);
    else
      t.transfer(made_up_address(5), vault, tokens);
    if (is_buy) t.inner(system_program, {user, curve}, byte_writer{}.u32(2).u64(sol).data);
    t.tx.pre_lamports.assign(t.tx.keys.size() + 8, 1'000'000);
    t.tx.post_lamports = t.tx.pre_lamports;
    t.tx.post_lamports[t.key(curve)] += is_buy ? sol : std::uint64_t{0} - sol;
  }
};
} // namespace

TEST(unit_pump, reads_buys_by_every_length_of_the_event) {
  for (const auto v : {version::first, version::fees, version::volume, version::shares, version::quotes}) {
    curve_trade c(true, 1'000, 50'000, static_cast<std::uint32_t>(v));
    c.t.event_call(pump, trade(c.mint, 1'000, 50'000, true, v).data);
    const auto swap = decoded(c.t.tx).only<event::swap>();
    EXPECT_EQ(swap.pool, c.curve);
    EXPECT_EQ(swap.trader, c.user);
    EXPECT_EQ(swap.mint_in, native_mint());
    EXPECT_EQ(swap.mint_out, c.mint);
    EXPECT_EQ(swap.amount_in.value, 1'000U);
    EXPECT_EQ(swap.amount_out.value, 50'000U);
    EXPECT_TRUE(swap.balances_agree) << static_cast<int>(v);
    EXPECT_EQ(swap.after.kind, pool_state_kind::reserves);
    EXPECT_EQ(swap.after.a, 1'000'000U);
    EXPECT_EQ(swap.after.b, 31'000U);
    EXPECT_EQ(swap.fee_known, v != version::first);
    const std::uint64_t fee = v == version::first ? 0 : v <= version::volume ? 13 : v == version::shares ? 13 : 16;
    if (v == version::first || v == version::fees || v == version::quotes) {
      EXPECT_EQ(swap.fee.value, fee);
      EXPECT_EQ(swap.gave.value, 1'000 + fee);
    }
  }
}

TEST(unit_pump, takes_a_sales_proceeds_from_the_event_and_checks_the_curves_lamports) {
  curve_trade c(false, 2'000, 70'000);
  c.t.event_call(pump, trade(c.mint, 2'000, 70'000, false, version::fees).data);
  const auto swap = decoded(c.t.tx).only<event::swap>();
  EXPECT_EQ(swap.mint_in, c.mint);
  EXPECT_EQ(swap.amount_out.value, 2'000U);
  EXPECT_EQ(swap.got.value, 2'000U - 13U);
  EXPECT_TRUE(swap.balances_agree);
  c.t.tx.post_lamports[c.t.key(c.curve)] += 1;
  EXPECT_FALSE(decoded(c.t.tx).only<event::swap>().balances_agree);
}

TEST(unit_pump, does_not_guess_a_sale_without_its_event) {
  curve_trade c(false, 2'000, 70'000);
  decoded d(c.t.tx);
  EXPECT_TRUE(d.all<event::swap>().empty());
  EXPECT_EQ(d.batch.unknown.size(), 1U);
}

TEST(unit_pump, reads_a_buy_without_its_event_from_the_movements) {
  curve_trade c(true, 1'000, 50'000);
  const auto swap = decoded(c.t.tx).only<event::swap>();
  EXPECT_EQ(swap.amount_in.value, 1'000U);
  EXPECT_TRUE(swap.balances_agree);
  EXPECT_EQ(swap.after.kind, pool_state_kind::none);
}

TEST(unit_pump, disagrees_where_the_event_does) {
  curve_trade c(true, 1'000, 50'000);
  c.t.event_call(pump, trade(c.mint, 1'001, 50'000, true, version::first).data);
  EXPECT_FALSE(decoded(c.t.tx).only<event::swap>().balances_agree);
}

TEST(unit_pump, reads_the_second_version_in_other_quotes) {
  const address mint = made_up_address(1), quote = made_up_address(2);
  for (const bool is_buy : {true, false}) {
    synthetic_transaction t;
    t.token_account(made_up_address(11), mint, 1'000'000);
    t.token_account(made_up_address(12), quote, 1'000'000);
    t.token_account(made_up_address(14), mint, 1'000'000);
    t.token_account(made_up_address(15), quote, 1'000'000);
    t.top(pump, keys(is_buy ? 27 : 26),
          byte_writer{}.tag(is_buy ? 0xb817ee6167c5d33d : 0x5df6823ce7e940b2).u64(500).u64(0).data);
    t.transfer(made_up_address(is_buy ? 11 : 14), made_up_address(is_buy ? 14 : 11), 500);
    t.transfer(made_up_address(is_buy ? 15 : 12), made_up_address(is_buy ? 12 : 15), 40);
    t.event_call(pump, trade(mint, 40, 500, is_buy, version::quotes, quote).data);
    const auto swap = decoded(t.tx).only<event::swap>();
    EXPECT_EQ(swap.pool, made_up_address(10));
    EXPECT_EQ(swap.trader, made_up_address(13));
    EXPECT_EQ(is_buy ? swap.mint_in : swap.mint_out, quote);
    EXPECT_EQ((is_buy ? swap.amount_in : swap.amount_out).value, 40U);
    EXPECT_EQ((is_buy ? swap.amount_out : swap.amount_in).value, 500U);
    EXPECT_EQ(swap.after.b, 31'000U);
    EXPECT_TRUE(swap.balances_agree);
  }
}

TEST(unit_pump, tells_launches_from_creation_to_migration) {
  synthetic_transaction t;
  byte_writer create = byte_writer{}.tag(0x181ec828051c0777).u32(1).raw({'N'}).u32(1).raw({'S'}).u32(1).raw({'u'});
  t.top(pump, keys(14), create.data);
  t.top(pump, keys(14), create.key(someone).data);
  t.top(pump, keys(16), byte_writer{}.tag(0xd6904cec5f8b31b4).zeros(12).key(someone).u8(0).data);
  t.top(pump, keys(25), byte_writer{}.tag(0x9beae792ec9ea21e).data); // already migrated: no event
  t.top(pump, keys(25), byte_writer{}.tag(0x9beae792ec9ea21e).data);
  t.event_call(pump, byte_writer{}.tag(0xbde95db95c94ea94).zeros(160).data);
  const auto launches = decoded(t.tx).all<event::launch>();
  ASSERT_EQ(launches.size(), 4U);
  EXPECT_EQ(launches[0].creator, made_up_address(7)); // before the argument: who signed
  EXPECT_EQ(launches[0].curve, made_up_address(2));
  EXPECT_EQ(launches[1].creator, someone);
  EXPECT_EQ(launches[2].creator, someone);
  EXPECT_EQ(launches[3].phase, event::launch_phase::migrated);
  EXPECT_EQ(launches[3].pool, made_up_address(9));
}

TEST(unit_pump, tells_completion_with_the_buy_that_completes) {
  curve_trade c(true, 1'000, 50'000);
  c.t.event_call(pump, trade(c.mint, 1'000, 50'000, true, version::first).data);
  c.t.event_call(pump, byte_writer{}.tag(0x5f72619cd42e9808).key(c.user).key(c.mint).key(c.curve).u64(0).data);
  decoded d(c.t.tx);
  EXPECT_EQ(d.only<event::launch>().phase, event::launch_phase::completed);
  EXPECT_EQ(d.only<event::launch>().mint, c.mint);
}

TEST(unit_pump, yields_nothing_when_cut) {
  curve_trade whole(true, 1'000, 50'000);
  const auto data = whole.t.tx.instructions[0].data_bytes;
  for (std::size_t n = 0; n < data.size(); ++n) {
    curve_trade c(true, 1'000, 50'000);
    c.t.tx.instructions[0].data_bytes = data.first(n);
    decoded d(c.t.tx);
    EXPECT_TRUE(d.all<event::swap>().empty()) << n;
    EXPECT_EQ(d.batch.unknown.size(), 1U) << n;
  }
  // A cut event is no event: the buy is then read from its movements alone.
  const auto event = trade(whole.mint, 1'000, 50'000, true, version::quotes).data;
  for (std::size_t n = 0; n < event.size(); ++n) {
    curve_trade c(true, 1'000, 50'000);
    c.t.event_call(pump, bytes(event.begin(), event.begin() + static_cast<std::ptrdiff_t>(n)));
    const auto swap = decoded(c.t.tx).only<event::swap>();
    EXPECT_EQ(swap.amount_in.value, 1'000U) << n;
    EXPECT_EQ(swap.amount_out.value, 50'000U) << n;
  }
}

TEST(unit_pump, names_what_it_does_not_know) {
  EXPECT_EQ(test::decode_one(pump, 3, byte_writer{}.tag(0x1234).data).batch.unknown.size(), 1U);
  EXPECT_TRUE(test::decode_one(pump, 3, byte_writer{}.tag(0xea66c2cb96483ee5).data).batch.unknown.empty());
}

namespace {
/// A PumpSwap trade whose event ends after the creator's fee, or is whole.
decoded amm_trade(bool is_buy, std::uint32_t accounts, bool whole_event, std::size_t cut = ~std::size_t{0}) {
  synthetic_transaction t;
  const address base = made_up_address(3), quote = made_up_address(4);
  t.token_account(made_up_address(7), base, 1'000'000);
  t.token_account(made_up_address(8), quote, 2'000'000);
  t.token_account(made_up_address(5), base, 1'000'000);
  t.token_account(made_up_address(6), quote, 1'000'000);
  t.token_account(made_up_address(10), quote, 0);
  t.top(pump_amm, keys(accounts),
        byte_writer{}.tag(is_buy ? 0x66063d1201daebea : 0x33e685a4017f83ad).u64(500).u64(99).data);
  const std::uint64_t vault_quote = 100, user_quote = is_buy ? 105 : 95;
  if (is_buy) {
    t.transfer(made_up_address(7), made_up_address(5), 500);
    t.transfer(made_up_address(6), made_up_address(8), vault_quote);
    t.transfer(made_up_address(6), made_up_address(10), 5);
  } else {
    t.transfer(made_up_address(5), made_up_address(7), 500);
    t.transfer(made_up_address(8), made_up_address(6), 95);
    t.transfer(made_up_address(8), made_up_address(10), 5);
  }
  byte_writer e;
  e.tag(is_buy ? 0x67f4521f2cf57777 : 0x3e2f370aa503dc2a)
      .u64(0)
      .u64(500)
      .u64(99)
      .u64(0)
      .u64(0)
      .u64(1'000'000)
      .u64(2'000'000);
  e.u64(98).u64(20).u64(2).u64(5).u64(4).u64(vault_quote).u64(user_quote);
  for (int k = 0; k < 6; ++k) e.key(someone);
  e.key(someone).u64(5).u64(1);
  if (whole_event) {
    if (is_buy) e.u8(0).u64(0).u64(0).u64(0).u64(0).u64(0).u32(3).raw({'b', 'u', 'y'});
    e.u64(0).u64(0).u64(0).u64(0).u128(7'000).u8(0).u64(0).u64(0).u64(0);
  }
  auto event = e.data;
  if (cut < event.size()) event.resize(cut);
  t.event_call(pump_amm, event);
  return decoded(t.tx);
}
} // namespace

TEST(unit_pump_amm, reads_trades_of_three_interfaces) {
  for (const bool is_buy : {true, false})
    for (const std::uint32_t accounts : {17U, 19U, 21U, 23U, 25U})
      for (const bool whole : {true, false}) {
        const auto swap = amm_trade(is_buy, accounts, whole).only<event::swap>();
        EXPECT_EQ(swap.pool, made_up_address(0));
        EXPECT_EQ(swap.trader, made_up_address(1));
        EXPECT_EQ((is_buy ? swap.amount_in : swap.amount_out).value, 100U);
        EXPECT_EQ((is_buy ? swap.gave : swap.got).value, is_buy ? 105U : 95U);
        EXPECT_EQ(swap.fee.value, 7U);
        EXPECT_TRUE(swap.balances_agree);
        EXPECT_EQ(swap.after.a, is_buy ? 999'500U : 1'000'500U);
        EXPECT_EQ(swap.after.b, (is_buy ? 2'000'100U : 1'999'900U) + (whole ? 7'000U : 0U));
        EXPECT_EQ(swap.base_is_mint_in, !is_buy);
      }
}

TEST(unit_pump_amm, survives_events_cut_anywhere) {
  for (const bool is_buy : {true, false})
    for (std::size_t n = 0; n < 460; ++n) {
      const auto swap = amm_trade(is_buy, 21, true, n).only<event::swap>();
      EXPECT_EQ((is_buy ? swap.amount_in : swap.amount_out).value, 100U) << n;
    }
}

TEST(unit_pump_amm, tells_pools_and_liquidity) {
  synthetic_transaction t;
  t.token_account(made_up_address(9), made_up_address(3), 0);
  t.token_account(made_up_address(10), made_up_address(4), 0);
  t.top(pump_amm, keys(18), byte_writer{}.tag(0xe992d18ecf6840bc).u16(0).u64(1).u64(2).key(someone).data);
  t.transfer(made_up_address(6), made_up_address(9), 100);
  t.transfer(made_up_address(7), made_up_address(10), 50);
  t.top(pump_amm, keys(15), byte_writer{}.tag(0xf223c68952e1f2b6).u64(30).u64(9).u64(9).data);
  t.transfer(made_up_address(6), made_up_address(9), 10);
  t.transfer(made_up_address(7), made_up_address(10), 5);
  t.top(pump_amm, keys(15), byte_writer{}.tag(0xb712469c946da122).u64(31).u64(9).u64(9).data);
  t.transfer(made_up_address(9), made_up_address(6), 11);
  t.transfer(made_up_address(10), made_up_address(7), 6);
  decoded d(t.tx);
  const auto created = d.only<event::pool_created>();
  EXPECT_EQ(created.base_amount.value, 100U);
  EXPECT_EQ(created.quote_amount.value, 50U);
  EXPECT_EQ(created.lp_mint, made_up_address(5));
  const auto changes = d.all<event::liquidity>();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].change, event::liquidity_change::added);
  EXPECT_EQ(changes[0].lp_amount.value, 30U);
  EXPECT_EQ(changes[1].change, event::liquidity_change::removed);
  EXPECT_EQ(changes[1].base_amount.value, 11U);
}

namespace {
struct v4_layout {
  std::uint8_t tag;
  std::uint32_t accounts, coin_vault;
};
decoded v4_swap(const v4_layout& l, std::size_t data_bytes, const char* ray_log = nullptr) {
  synthetic_transaction t;
  const address coin = made_up_address(l.coin_vault), pc = made_up_address(l.coin_vault + 1);
  t.token_account(coin, made_up_address(90), 5'000);
  t.token_account(pc, made_up_address(91), 9'000);
  auto data = byte_writer{}.u8(l.tag).u64(100).u64(1).data;
  data.resize(data_bytes);
  t.top(raydium, keys(l.accounts), data);
  t.transfer(made_up_address(80), coin, 100);
  t.transfer(pc, made_up_address(81), 60);
  if (ray_log != nullptr) {
    t.log("Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 invoke [1]");
    t.log(std::string("Program log: ray_log: ") + ray_log);
  }
  return decoded(t.tx);
}
} // namespace

TEST(unit_raydium_amm_v4, reads_swaps_with_and_without_order_book_accounts) {
  for (const auto& l : {v4_layout{9, 18, 5}, {9, 17, 4}, {11, 18, 5}, {11, 17, 4}, {16, 8, 3}, {17, 8, 3}}) {
    const auto swap = v4_swap(l, 17).only<event::swap>();
    EXPECT_EQ(swap.amount_in.value, 100U);
    EXPECT_EQ(swap.amount_out.value, 60U);
    EXPECT_EQ(swap.trader, made_up_address(l.accounts - 1));
    EXPECT_EQ(swap.pool, made_up_address(1));
    EXPECT_TRUE(swap.base_is_mint_in);
    EXPECT_TRUE(swap.balances_agree);
    for (std::size_t n = 0; n < 17; ++n) {
      const auto d = v4_swap(l, n);
      EXPECT_TRUE(d.all<event::swap>().empty());
      EXPECT_EQ(d.batch.unknown.size(), 1U);
    }
  }
  EXPECT_TRUE(v4_swap({9, 19, 5}, 17).all<event::swap>().empty());
  EXPECT_TRUE(v4_swap({16, 9, 3}, 17).all<event::swap>().empty());
}

TEST(unit_raydium_amm_v4, takes_the_reserves_from_a_ray_log_that_tells_the_same_amounts) {
  // kind 3, in 100, least 1, direction 2, user 0, coin 5000, pc 9000, out 60
  const char* line = "A2QAAAAAAAAAAQAAAAAAAAACAAAAAAAAAAAAAAAAAAAAiBMAAAAAAAAoIwAAAAAAADwAAAAAAAAA";
  const auto swap = v4_swap({9, 18, 5}, 17, line).only<event::swap>();
  EXPECT_EQ(swap.after.kind, pool_state_kind::reserves);
  EXPECT_EQ(swap.after.a, 5'100U);
  EXPECT_EQ(swap.after.b, 8'940U);
  EXPECT_EQ(v4_swap({9, 18, 5}, 17, "A2QAAAAA").only<event::swap>().after.kind, pool_state_kind::none);
  EXPECT_EQ(v4_swap({9, 18, 5}, 17, "not base64").only<event::swap>().after.kind, pool_state_kind::none);
}

TEST(unit_raydium_amm_v4, tells_pools_and_liquidity) {
  synthetic_transaction t;
  t.top(raydium, keys(21), byte_writer{}.u8(1).u8(254).u64(0).u64(1).u64(2).data);
  t.transfer(made_up_address(18), made_up_address(10), 77);
  t.transfer(made_up_address(19), made_up_address(11), 88);
  t.token_account(made_up_address(6), made_up_address(90), 500);
  t.token_account(made_up_address(7), made_up_address(91), 500);
  t.top(raydium, keys(14), byte_writer{}.u8(3).u64(1).u64(2).u64(0).data);
  t.transfer(made_up_address(9), made_up_address(6), 10);
  t.transfer(made_up_address(10), made_up_address(7), 20);
  t.inner(synthetic_transaction::spl_token, {made_up_address(5), made_up_address(11), made_up_address(2)},
          byte_writer{}.u8(7).u64(14).data);
  t.top(raydium, keys(22), byte_writer{}.u8(4).u64(15).data);
  t.transfer(made_up_address(6), made_up_address(16), 11);
  t.transfer(made_up_address(7), made_up_address(17), 21);
  t.inner(synthetic_transaction::spl_token, {made_up_address(15), made_up_address(5), made_up_address(18)},
          byte_writer{}.u8(8).u64(15).data);
  decoded d(t.tx);
  const auto created = d.only<event::pool_created>();
  EXPECT_EQ(created.base_amount.value, 77U);
  EXPECT_EQ(created.quote_amount.value, 88U);
  EXPECT_EQ(created.creator, made_up_address(17));
  const auto changes = d.all<event::liquidity>();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].base_amount.value, 10U);
  EXPECT_EQ(changes[0].lp_amount.value, 14U);
  EXPECT_EQ(changes[0].provider, made_up_address(12));
  EXPECT_EQ(changes[1].quote_amount.value, 21U);
  EXPECT_EQ(changes[1].lp_amount.value, 15U);
  EXPECT_EQ(changes[1].provider, made_up_address(18));
  EXPECT_EQ(test::decode_one(raydium, 20, {18}).batch.unknown.size(), 1U);
}

} // namespace sett::decode
