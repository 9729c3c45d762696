#include "actors/building/swap_builder.hpp"
#include "actors/signer/message_shape.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/actors/building/pools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>

namespace {

using namespace sett;
using namespace sett::building;
using namespace sett::building::pools;
using ports::builder_errc;
using ports::trade_side;

/// A built message with the bytes that its view points to.
struct read_message {
  std::vector<std::uint8_t> bytes;
  solana::transaction_view view;

  explicit read_message(const result<ports::built_transaction>& built) {
    if (!built) throw std::runtime_error(built.error().message); // the case fails with it
    bytes = built->message;
    const auto parsed = solana::parse_message(bytes, view);
    EXPECT_TRUE(parsed) << parsed.error().message;
  }
  [[nodiscard]] std::size_t wire_bytes() const { return 1 + signature::size + bytes.size(); }
  /// What each instruction is, in a word.
  [[nodiscard]] std::vector<std::string> shape() const {
    const auto& p = programs();
    std::vector<std::string> out;
    for (const auto& ix : view.instructions) {
      const auto program = view.key(ix.program_index);
      const auto tag = ix.data.empty() ? 255 : ix.data[0];
      if (program == p.compute_budget)
        out.push_back(tag == 2 ? "limit" : tag == 3 ? "price" : "loaded");
      else if (program == p.system)
        out.push_back(tag == 2 ? "transfer" : tag == 3 ? "create" : tag == 4 ? "nonce" : "?");
      else if (program == p.token || program == p.token_2022)
        out.push_back(tag == 18 ? "initialize" : tag == 9 ? "close" : "?");
      else if (program == p.associated_token)
        out.push_back("associated");
      else
        out.push_back("swap");
    }
    return out;
  }
};

std::uint64_t rent_of(std::uint64_t bytes) { return (128 + bytes) * lamports_per_byte_year * 2; }
template <class Result>
void expect_refused(const Result& built, builder_errc code, std::string_view word) {
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().area, "builder");
  EXPECT_EQ(built.error().code, static_cast<std::uint16_t>(code)) << built.error().message;
  EXPECT_THAT(built.error().message, testing::HasSubstr(std::string(word)));
}

/// A builder with a table of what the pool's venue shares, as its wallet would have.
swap_builder with_table(const ports::venue_snapshot& pool) {
  derived_addresses derived;
  auto shared = shared_addresses(pool, derived);
  if (!shared) throw std::runtime_error(shared.error().message);
  if (shared->empty()) return swap_builder();
  return swap_builder({.tables = {{key_of(80), *std::move(shared)}}});
}

TEST(unit_swap_builder, a_buy_into_a_once_account_has_the_stated_shape) {
  const read_message m(with_table(pump_swap()).build(order(trade_side::buy, once_seed), pump_swap(), recent, fees()));
  EXPECT_THAT(m.shape(), testing::ElementsAre("limit", "price", "loaded", "create", "initialize", "create",
                                              "initialize", "swap", "close", "transfer"));
  EXPECT_EQ(m.view.version, solana::transaction_version::v0);
  EXPECT_EQ(m.view.header.required_signatures, 1);
  EXPECT_EQ(m.view.key(0), wallet);
  EXPECT_EQ(m.view.recent_blockhash, recent);
}

TEST(unit_swap_builder, a_sale_creates_no_token_account_and_closes_its_own_wsol) {
  const swap_builder builder;
  const read_message m(builder.build(order(trade_side::sell), raydium_cpmm(), recent, fees()));
  EXPECT_THAT(m.shape(),
              testing::ElementsAre("limit", "price", "loaded", "create", "initialize", "swap", "close", "transfer"));
}

TEST(unit_swap_builder, a_sale_on_pump_fun_is_the_swap_alone) {
  const swap_builder builder;
  const read_message m(builder.build(order(trade_side::sell), pump_curve(), recent, {}));
  EXPECT_THAT(m.shape(), testing::ElementsAre("limit", "loaded", "swap"));
}

TEST(unit_swap_builder, a_durable_nonce_is_advanced_first) {
  const swap_builder builder;
  const read_message m(
      builder.build_on_nonce(order(trade_side::buy), pump_curve(), key_of(70), blockhash{{9}}, fees()));
  EXPECT_THAT(m.shape(), testing::ElementsAre("nonce", "limit", "price", "loaded", "associated", "swap", "transfer"));
  EXPECT_EQ(m.view.recent_blockhash, blockhash{{9}});
}

TEST(unit_swap_builder, a_round_trip_buys_and_sells_the_same_account) {
  for (const auto& [name, pool] : all()) {
    SCOPED_TRACE(name);
    const round_trip trip{.wallet = wallet,
                          .mint = key_of(1),
                          .spend_max = token_amount{1'000'000},
                          .tokens = token_amount{500},
                          .tokens_back = token_amount{495},
                          .least_back = token_amount{1},
                          .account_seed = {}};
    const read_message m(with_table(pool).build_round_trip(trip, pool, recent, {}));
    EXPECT_EQ(std::ranges::count(m.shape(), "swap"), name == "PumpSwap, to be grown" ? 3 : 2); // it is grown first
    EXPECT_LE(m.wire_bytes(), solana::max_transaction_bytes);
    std::cout << name << ", round trip: " << m.wire_bytes() << " bytes\n";
  }
}

TEST(unit_swap_builder, every_exit_fits_a_packet_without_any_table) {
  const swap_builder builder;
  for (const auto& [name, pool] : all()) {
    SCOPED_TRACE(name);
    const read_message m(builder.build(order(trade_side::sell, once_seed), pool, recent, fees()));
    EXPECT_TRUE(m.view.lookups.empty());
    EXPECT_LE(m.wire_bytes(), solana::max_transaction_bytes);
    std::cout << name << ", sale with tip: " << m.wire_bytes() << " bytes\n";
  }
}

TEST(unit_swap_builder, every_buy_into_a_once_account_fits_with_the_venues_table) {
  for (const auto& [name, pool] : all()) {
    SCOPED_TRACE(name);
    // Of a pool with an order book most accounts are its own: there a once-account or a tip is one too many.
    if (name == "Raydium AMM v4, order book") continue;
    const read_message m(with_table(pool).build(order(trade_side::buy, once_seed), pool, recent, fees()));
    EXPECT_LE(m.wire_bytes(), solana::max_transaction_bytes);
    std::cout << name << ", buy into a once-account with tip: " << m.wire_bytes() << " bytes, " << m.view.lookups.size()
              << " tables\n";
  }
}

TEST(unit_swap_builder, what_does_not_fit_uses_lookup_tables_and_is_refused_without) {
  const auto buy = order(trade_side::buy, once_seed);
  expect_refused(swap_builder().build(buy, pump_swap(), recent, fees()), builder_errc::too_large, "0 lookup tables");
  const read_message m(with_table(pump_swap()).build(buy, pump_swap(), recent, fees()));
  ASSERT_EQ(m.view.lookups.size(), 1U);
  EXPECT_EQ(m.view.lookups[0].table, key_of(80));
  // Where it fits without, a table is left out.
  const read_message small(with_table(pump_curve()).build(buy, pump_curve(), recent, fees()));
  EXPECT_TRUE(small.view.lookups.empty());
}

TEST(unit_swap_builder, a_table_changes_no_account_of_the_transaction) {
  const auto pool = pump_swap();
  const auto trip = order(trade_side::buy); // fits without a table when there is no tip
  const auto keys_of = [](const read_message& m, std::span<const solana::lookup_table> tables) {
    std::vector<address> keys;
    for (std::size_t i = 0; i < m.view.static_key_count(); ++i) keys.push_back(m.view.key(i));
    const auto loaded = solana::load_keys(m.view.lookups, tables);
    EXPECT_TRUE(loaded);
    keys.insert(keys.end(), loaded->writable.begin(), loaded->writable.end());
    keys.insert(keys.end(), loaded->readonly.begin(), loaded->readonly.end());
    std::vector<std::vector<address>> accounts; // of each instruction
    for (const auto& ix : m.view.instructions) {
      auto& named = accounts.emplace_back();
      named.push_back(keys[ix.program_index]);
      for (const auto i : ix.accounts) named.push_back(keys[i]);
    }
    return accounts;
  };
  derived_addresses derived;
  const std::vector<solana::lookup_table> tables{{key_of(80), *shared_addresses(pool, derived)}};
  auto untipped = fees();
  untipped.tip_to = {};
  const read_message plain(swap_builder().build(trip, pool, recent, untipped));
  const read_message shorter(swap_builder({.tables = tables}).build(trip, pool, recent, fees()));
  ASSERT_EQ(shorter.view.lookups.size(), 1U);
  auto with_tip = keys_of(shorter, tables);
  with_tip.pop_back(); // the tip
  EXPECT_EQ(with_tip, keys_of(plain, {}));
}

TEST(unit_swap_builder, the_signer_reads_every_trade_as_what_it_is) {
  for (const auto& [name, pool] : all())
    for (const auto side : {trade_side::buy, trade_side::sell}) {
      // Quotes other than SOL and accounts to be grown are not among the signer's shapes.
      if (name == "pump.fun, another quote" || name == "PumpSwap, to be grown") continue;
      SCOPED_TRACE(name);
      const auto seed = name == "Raydium AMM v4, order book" ? "" : once_seed;
      const auto o = order(side, seed);
      auto chosen = fees();
      const auto built = with_table(pool).build(o, pool, recent, chosen);
      ASSERT_TRUE(built) << built.error().message;
      const auto& p = programs();
      const std::array tips{chosen.tip_to};
      const signer::shape_context context{.wallet = wallet,
                                          .wsol_account =
                                              solana::associated_token_address(wallet, p.native_mint, p.token).key,
                                          .destinations = {},
                                          .tip_accounts = tips};
      solana::transaction_view scratch;
      const auto read = signer::read_shape(built->message, context, scratch);
      ASSERT_TRUE(read) << read.error().text;
      EXPECT_EQ(read->kind, side == trade_side::buy ? signer::shape::buy : signer::shape::sell);
      EXPECT_EQ(read->tip, chosen.tip);
      if (side == trade_side::buy) {
        EXPECT_EQ(read->mint, key_of(1));
        EXPECT_EQ(read->amount.value, o.amount_in.value);
      }
    }
}

TEST(unit_swap_builder, the_once_account_is_the_same_for_every_attempt) {
  const auto builder = with_table(pump_swap(true));
  const auto first = builder.build(order(trade_side::buy, once_seed), pump_swap(true), recent, fees());
  auto dearer = fees();
  dearer.price_micro_lamports *= 3;
  const auto second = builder.build(order(trade_side::buy, once_seed), pump_swap(true), blockhash{{7}}, dearer);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->token_account, second->token_account);
  EXPECT_EQ(first->token_account, *solana::create_with_seed(wallet, once_seed, programs().token_2022));
  const auto sale = builder.build(order(trade_side::sell, once_seed), pump_swap(true), recent, fees());
  ASSERT_TRUE(sale);
  EXPECT_EQ(sale->token_account, first->token_account);
}

TEST(unit_swap_builder, two_variants_of_a_sale_have_wsol_accounts_of_their_own) {
  const swap_builder builder;
  const read_message a(builder.build(order(trade_side::sell), pump_swap(), recent, fees()));
  auto dearer = fees();
  dearer.price_micro_lamports += 1;
  const read_message b(builder.build(order(trade_side::sell), pump_swap(), recent, dearer));
  // The account that is created: the second key of the only create instruction.
  const auto created = [](const read_message& m) {
    for (const auto& ix : m.view.instructions)
      if (m.view.key(ix.program_index) == programs().system && ix.data[0] == 3) return m.view.key(ix.accounts[1]);
    return address{};
  };
  EXPECT_FALSE(created(a).is_zero());
  EXPECT_NE(created(a), created(b));
}

TEST(unit_swap_builder, the_same_order_is_the_same_bytes) {
  const auto build = [] { return swap_builder().build(order(trade_side::buy), whirlpool(), recent, fees())->message; };
  EXPECT_EQ(build(), build());
}

TEST(unit_swap_builder, recipients_of_fees_change_with_the_blockhash) {
  const swap_builder builder;
  std::vector<std::vector<std::uint8_t>> keys;
  for (std::uint8_t i = 0; i < 8; ++i) {
    const read_message m(builder.build(order(trade_side::sell), pump_curve(), blockhash{{i}}, {}));
    keys.emplace_back(m.view.keys.begin(), m.view.keys.end());
  }
  std::ranges::sort(keys);
  EXPECT_EQ(std::ranges::unique(keys).begin(), keys.end());
}

TEST(unit_swap_builder, the_most_it_costs_is_fee_priority_tip_and_rent) {
  const swap_builder builder;
  ports::fee_choice chosen{
      .compute_units = 100'001, .price_micro_lamports = 30'000, .tip = lamports{777}, .tip_to = key_of(1)};
  const std::uint64_t priority = 3'001; // 100,001 * 0.03, rounded up
  // A sale on pump.fun creates nothing.
  EXPECT_EQ(builder.build(order(trade_side::sell), pump_curve(), recent, chosen)->cost_max.value,
            5'000 + priority + 777);
  // A once-account of a Token-2022 mint with a transfer fee (178 bytes) and a wSOL account (165).
  EXPECT_EQ(builder.build(order(trade_side::buy, once_seed), raydium_cpmm(true), recent, chosen)->cost_max.value,
            5'000 + priority + 777 + rent_of(178) + rent_of(165));
  // On pump.fun the first buy also pays for the trader's volume account; who has it does not.
  auto pool = pump_curve();
  const auto first = builder.build(order(trade_side::buy), pool, recent, chosen)->cost_max.value;
  const auto volume = solana::find_program_address(
      std::array{solana::seed("user_volume_accumulator"), solana::seed(wallet)}, programs().pump);
  add(pool, volume->key, programs().pump, {});
  EXPECT_EQ(builder.build(order(trade_side::buy), pool, recent, chosen)->cost_max.value, first - rent_of(256));
}

TEST(unit_swap_builder, a_missing_account_is_named) {
  const swap_builder builder;
  const auto without = [&](ports::venue_snapshot pool, const address& key, const ports::trade_order& o) {
    std::erase_if(pool.accounts, [&](const auto& a) { return a.key == key; });
    return builder.build(o, pool, recent, fees());
  };
  const auto buy = order(trade_side::buy, once_seed);
  expect_refused(without(pump_curve(), programs().pump_global, buy), builder_errc::missing_account, "global account");
  expect_refused(without(pump_curve(), pump_curve().pool, buy), builder_errc::missing_account, "bonding curve");
  expect_refused(without(pump_swap(), programs().pump_amm_config, buy), builder_errc::missing_account, "global_config");
  expect_refused(without(raydium_amm_v4(true), key_of(7), buy), builder_errc::missing_account, "market");
  expect_refused(without(whirlpool(), programs().rent_sysvar, buy), builder_errc::missing_account, "Rent");
  expect_refused(without(whirlpool(true), key_of(1), buy), builder_errc::missing_account, "mint");
  // Nothing of these is needed to sell on pump.fun.
  EXPECT_TRUE(without(pump_curve(true), programs().rent_sysvar, order(trade_side::sell)));
}

TEST(unit_swap_builder, what_cannot_be_traded_is_said) {
  const swap_builder builder;
  const auto changed = [&](ports::venue_snapshot pool, const address& key, std::size_t offset, std::uint8_t value) {
    for (auto& a : pool.accounts)
      if (a.key == key) a.data[offset] = value;
    return builder.build(order(trade_side::sell), pool, recent, fees());
  };
  expect_refused(changed(pump_curve(), pump_curve().pool, 48, 1), builder_errc::not_tradable, "complete");
  expect_refused(changed(pump_swap(), programs().pump_amm_config, 56, 16), builder_errc::not_tradable, "sells");
  expect_refused(changed(raydium_amm_v4(), key_of(2), 0, 2), builder_errc::not_tradable, "status");
  expect_refused(changed(raydium_cpmm(), key_of(2), 329, 4), builder_errc::not_tradable, "swaps");
  expect_refused(changed(whirlpool(), key_of(2), 0, 0), builder_errc::damaged_account, "Whirlpool");
  expect_refused(changed(whirlpool(), key_of(2), 41, 0), builder_errc::damaged_account, "tick spacing");
}

TEST(unit_swap_builder, another_programs_account_is_refused) {
  auto pool = pump_curve();
  for (auto& a : pool.accounts)
    if (a.key == pool.pool) a.owner = key_of(66);
  expect_refused(swap_builder().build(order(trade_side::buy), pool, recent, fees()), builder_errc::damaged_account,
                 "belongs to");
}

TEST(unit_swap_builder, an_order_without_a_bound_is_refused) {
  const swap_builder builder;
  auto o = order(trade_side::sell);
  o.amount_out = {};
  expect_refused(builder.build(o, pump_curve(), recent, fees()), builder_errc::bad_order, "both bounds");
  o = order(trade_side::buy, "short");
  expect_refused(builder.build(o, pump_curve(), recent, fees()), builder_errc::bad_order, "characters");
  o = order(trade_side::buy);
  o.mint = key_of(9);
  expect_refused(builder.build(o, pump_curve(), recent, fees()), builder_errc::bad_order, "the pool's token");
  o = order(trade_side::buy);
  o.amount_in.value = ~0ULL;
  expect_refused(builder.build(o, pump_swap(), recent, fees()), builder_errc::bad_order, "64 bits");
  auto elsewhere = pump_curve();
  elsewhere.venue = program_kind::meteora_dlmm;
  expect_refused(builder.build(order(trade_side::buy), elsewhere, recent, fees()), builder_errc::unknown_venue,
                 "venue");
}

} // namespace
