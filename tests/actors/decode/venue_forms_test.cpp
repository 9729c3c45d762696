// Every instruction of the venues that becomes an event, made by hand from its layout: arguments of the least length,
// accounts in the order of the published interface. Cut anywhere it must be named unknown and yield nothing; with more
// behind it, it must read the same.
#include "actors/decode/decoder.hpp"
#include "tests/support/synthetic_transaction.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sett::decode {
namespace {

using enum program_kind;
using test::byte_writer;
using test::made_up_address;
using test::synthetic_transaction;

enum class outcome { swap, added, removed, locked, created, launched, migrated };

struct form {
  program_kind program;
  std::string_view name; // "swap" for global:swap
  std::size_t argument_bytes, accounts;
  outcome gives;
  // Positions: for swaps vault_in and vault_out as they trade with all arguments zero.
  std::uint8_t pool, trader, vault_in, vault_out;
};

// Whirlpool's zero arguments mean b to a; LaunchLab's and the rest's direction follows the name or the transfers.
constexpr form forms[] = {
    {raydium_cpmm, "swap_base_input", 16, 13, outcome::swap, 3, 0, 6, 7},
    {raydium_cpmm, "swap_base_output", 16, 13, outcome::swap, 3, 0, 6, 7},
    {raydium_cpmm, "initialize", 24, 20, outcome::created, 3, 0, 10, 11},
    {raydium_cpmm, "initialize_with_permission", 24, 21, outcome::created, 4, 1, 11, 12},
    {raydium_cpmm, "deposit", 24, 13, outcome::added, 2, 0, 6, 7},
    {raydium_cpmm, "withdraw", 24, 13, outcome::removed, 2, 0, 6, 7},
    {raydium_clmm, "swap", 33, 10, outcome::swap, 2, 0, 5, 6},
    {raydium_clmm, "swap_v2", 33, 13, outcome::swap, 2, 0, 5, 6},
    {raydium_clmm, "create_pool", 24, 13, outcome::created, 2, 0, 5, 6},
    {raydium_clmm, "open_position", 48, 19, outcome::added, 5, 1, 12, 13},
    {raydium_clmm, "open_position_v2", 48, 22, outcome::added, 5, 1, 12, 13},
    {raydium_clmm, "open_position_with_token22_nft", 48, 20, outcome::added, 4, 1, 11, 12},
    {raydium_clmm, "increase_liquidity", 32, 12, outcome::added, 2, 0, 9, 10},
    {raydium_clmm, "increase_liquidity_v2", 32, 15, outcome::added, 2, 0, 9, 10},
    {raydium_clmm, "decrease_liquidity", 32, 12, outcome::removed, 3, 0, 5, 6},
    {raydium_clmm, "decrease_liquidity_v2", 32, 16, outcome::removed, 3, 0, 5, 6},
    {raydium_launchlab, "buy_exact_in", 24, 15, outcome::swap, 4, 0, 8, 7},
    {raydium_launchlab, "buy_exact_out", 24, 15, outcome::swap, 4, 0, 8, 7},
    {raydium_launchlab, "sell_exact_in", 24, 15, outcome::swap, 4, 0, 7, 8},
    {raydium_launchlab, "sell_exact_out", 24, 15, outcome::swap, 4, 0, 7, 8},
    {raydium_launchlab, "initialize", 55, 18, outcome::launched, 5, 1, 8, 9},
    {raydium_launchlab, "initialize_v2", 55, 18, outcome::launched, 5, 1, 8, 9},
    {raydium_launchlab, "initialize_with_token_2022", 55, 15, outcome::launched, 5, 1, 8, 9},
    {raydium_launchlab, "migrate_to_amm", 17, 32, outcome::migrated, 13, 0, 0, 0},
    {raydium_launchlab, "migrate_to_cpswap", 0, 28, outcome::migrated, 5, 0, 0, 0},
    {orca_whirlpool, "swap", 34, 11, outcome::swap, 2, 1, 6, 4},
    {orca_whirlpool, "swap_v2", 34, 15, outcome::swap, 4, 3, 10, 8},
    {orca_whirlpool, "increase_liquidity", 32, 11, outcome::added, 0, 2, 7, 8},
    {orca_whirlpool, "increase_liquidity_v2", 32, 15, outcome::added, 0, 4, 11, 12},
    {orca_whirlpool, "decrease_liquidity", 32, 11, outcome::removed, 0, 2, 7, 8},
    {orca_whirlpool, "decrease_liquidity_v2", 32, 15, outcome::removed, 0, 4, 11, 12},
    {orca_whirlpool, "initialize_pool", 19, 11, outcome::created, 4, 3, 5, 6},
    {orca_whirlpool, "initialize_pool_v2", 18, 14, outcome::created, 6, 5, 7, 8},
    {orca_whirlpool, "initialize_pool_with_adaptive_fee", 17, 16, outcome::created, 7, 5, 9, 10},
    {orca_whirlpool, "lock_position", 1, 9, outcome::locked, 6, 1, 0, 0},
    {meteora_dlmm, "swap", 16, 15, outcome::swap, 0, 10, 2, 3},
    {meteora_dlmm, "swap_exact_out", 16, 15, outcome::swap, 0, 10, 2, 3},
    {meteora_dlmm, "swap_with_price_impact", 11, 15, outcome::swap, 0, 10, 3, 2},
    {meteora_dlmm, "swap2", 20, 16, outcome::swap, 0, 10, 2, 3},
    {meteora_dlmm, "swap_exact_out2", 20, 16, outcome::swap, 0, 10, 3, 2},
    {meteora_dlmm, "swap_with_price_impact2", 15, 16, outcome::swap, 0, 10, 2, 3},
    {meteora_dlmm, "add_liquidity", 20, 16, outcome::added, 1, 11, 5, 6},
    {meteora_dlmm, "add_liquidity_by_weight", 20, 16, outcome::added, 1, 11, 5, 6},
    {meteora_dlmm, "add_liquidity_by_strategy", 32, 16, outcome::added, 1, 11, 5, 6},
    {meteora_dlmm, "add_liquidity2", 20, 14, outcome::added, 1, 9, 5, 6},
    {meteora_dlmm, "add_liquidity_by_weight2", 20, 14, outcome::added, 1, 9, 5, 6},
    {meteora_dlmm, "add_liquidity_by_strategy2", 32, 14, outcome::added, 1, 9, 5, 6},
    {meteora_dlmm, "remove_liquidity", 4, 16, outcome::removed, 1, 11, 5, 6},
    {meteora_dlmm, "remove_liquidity_by_range", 10, 16, outcome::removed, 1, 11, 5, 6},
    {meteora_dlmm, "remove_all_liquidity", 0, 16, outcome::removed, 1, 11, 5, 6},
    {meteora_dlmm, "remove_liquidity2", 8, 15, outcome::removed, 1, 9, 5, 6},
    {meteora_dlmm, "remove_liquidity_by_range2", 14, 15, outcome::removed, 1, 9, 5, 6},
    {meteora_dlmm, "rebalance_liquidity", 30, 17, outcome::removed, 1, 9, 5, 6},
    {meteora_dlmm, "initialize_lb_pair", 6, 14, outcome::created, 0, 8, 4, 5},
    {meteora_dlmm, "initialize_lb_pair2", 4, 16, outcome::created, 0, 8, 4, 5},
    {meteora_dlmm, "initialize_customizable_permissionless_lb_pair", 4, 14, outcome::created, 0, 8, 4, 5},
    {meteora_dlmm, "initialize_customizable_permissionless_lb_pair2", 4, 17, outcome::created, 0, 8, 4, 5},
    {meteora_dlmm, "initialize_permission_lb_pair", 4, 17, outcome::created, 1, 8, 5, 6},
    {meteora_damm_v2, "swap", 16, 14, outcome::swap, 1, 8, 4, 5},
    {meteora_damm_v2, "swap2", 17, 14, outcome::swap, 1, 8, 5, 4},
    {meteora_damm_v2, "add_liquidity", 32, 14, outcome::added, 0, 9, 4, 5},
    {meteora_damm_v2, "remove_liquidity", 32, 15, outcome::removed, 1, 10, 5, 6},
    {meteora_damm_v2, "remove_all_liquidity", 16, 15, outcome::removed, 1, 10, 5, 6},
    {meteora_damm_v2, "initialize_pool", 33, 20, outcome::created, 6, 0, 10, 11},
    {meteora_damm_v2, "initialize_customizable_pool", 68, 19, outcome::created, 5, 0, 9, 10},
    {meteora_damm_v2, "initialize_pool_with_dynamic_config", 68, 21, outcome::created, 7, 0, 11, 12},
    {meteora_damm_v2, "lock_position", 43, 9, outcome::locked, 0, 4, 0, 0},
    {meteora_damm_v2, "lock_inner_position", 43, 6, outcome::locked, 0, 3, 0, 0},
    {meteora_damm_v2, "permanent_lock_position", 16, 6, outcome::locked, 0, 3, 0, 0},
    {meteora_dbc, "swap", 16, 15, outcome::swap, 2, 9, 5, 6},
    {meteora_dbc, "swap2", 17, 15, outcome::swap, 2, 9, 6, 5},
    {meteora_dbc, "initialize_virtual_pool_with_spl_token", 12, 16, outcome::launched, 5, 2, 6, 7},
    {meteora_dbc, "initialize_virtual_pool_with_token2022", 12, 14, outcome::launched, 5, 2, 6, 7},
    {meteora_dbc, "migrate_meteora_damm", 0, 31, outcome::migrated, 4, 0, 0, 0},
    {meteora_dbc, "migration_damm_v2", 0, 25, outcome::migrated, 4, 0, 0, 0},
    {meteora_dbc, "migrate_meteora_damm_lock_lp_token", 0, 17, outcome::locked, 3, 6, 0, 0},
};

std::uint64_t discriminator_named(program_kind kind, std::string_view name) {
  for (const auto& l : program(kind).layouts)
    if (l.anchor_name.starts_with("global:") && l.anchor_name.substr(7) == name) return l.discriminator;
  ADD_FAILURE() << "no layout " << name;
  return 0;
}

/// The form as a transaction, its arguments and accounts cut or extended.
struct instance {
  instance(const form& f, std::size_t data_bytes, std::size_t account_count) {
    for (std::uint32_t i = 0; i < account_count; ++i) accounts.push_back(made_up_address(i));
    auto data = byte_writer{}.tag(discriminator_named(f.program, f.name)).data;
    // Liquidity 0 would mean that fees are collected: the first number is not zero where it is one.
    if (f.gives == outcome::added || f.gives == outcome::removed) data.push_back(77);
    data.resize(data_bytes);
    const bool two_vaults = f.vault_in != f.vault_out;
    const auto at = [&](std::size_t i) { return made_up_address(static_cast<std::uint32_t>(i)); };
    if (two_vaults) {
      t.token_account(at(f.vault_in), mint_in, 1'000'000);
      t.token_account(at(f.vault_out), mint_out, 1'000'000);
    }
    t.top(program(f.program).address, accounts, data);
    const auto user = [](std::uint32_t n) { return made_up_address(1000 + n); };
    if (two_vaults) {
      const bool in_first = f.gives != outcome::removed;
      if (in_first)
        t.transfer(user(0), at(f.vault_in), 1000);
      else
        t.transfer(at(f.vault_in), user(0), 1000);
      if (f.gives == outcome::swap || f.gives == outcome::removed)
        t.transfer(at(f.vault_out), user(1), 300);
      else
        t.transfer(user(1), at(f.vault_out), 300);
    }
    decode_statistics stats;
    decode_transaction(t.tx, out, stats);
  }
  template <class Payload>
  const Payload* only() const {
    const Payload* found = nullptr;
    for (const auto& e : out.events)
      if (const auto* p = std::get_if<Payload>(&e.payload)) {
        EXPECT_EQ(found, nullptr);
        found = p;
      }
    return found;
  }
  static inline const address mint_in = made_up_address(5000), mint_out = made_up_address(5001);
  std::vector<address> accounts;
  synthetic_transaction t;
  event_batch out;
};

void expect_read(const form& f, const instance& i) {
  EXPECT_TRUE(i.out.unknown.empty());
  const auto pool = made_up_address(f.pool), trader = made_up_address(f.trader);
  switch (f.gives) {
  case outcome::swap: {
    const auto* s = i.only<event::swap>();
    ASSERT_NE(s, nullptr);
    EXPECT_EQ(s->pool, pool);
    EXPECT_EQ(s->trader, trader);
    EXPECT_EQ(s->amount_in.value, 1000U);
    EXPECT_EQ(s->amount_out.value, 300U);
    EXPECT_TRUE(s->balances_agree);
    EXPECT_FALSE(s->fee_known);
    EXPECT_EQ(s->after.kind, pool_state_kind::none);
    const auto* t = i.only<event::trade>();
    ASSERT_NE(t, nullptr);
    EXPECT_EQ(t->amount_in.value, 1000U);
    EXPECT_EQ(t->router, f.program);
    break;
  }
  case outcome::added:
  case outcome::removed: {
    const auto* l = i.only<event::liquidity>();
    ASSERT_NE(l, nullptr);
    EXPECT_EQ(l->change, f.gives == outcome::added ? event::liquidity_change::added : event::liquidity_change::removed);
    EXPECT_EQ(l->pool, pool);
    EXPECT_EQ(l->provider, trader);
    EXPECT_EQ(l->base_amount.value, 1000U);
    EXPECT_EQ(l->quote_amount.value, 300U);
    break;
  }
  case outcome::locked: {
    const auto* l = i.only<event::liquidity>();
    ASSERT_NE(l, nullptr);
    EXPECT_EQ(l->change, event::liquidity_change::locked);
    EXPECT_EQ(l->pool, pool);
    EXPECT_EQ(l->provider, trader);
    break;
  }
  case outcome::launched: {
    const auto* l = i.only<event::launch>();
    ASSERT_NE(l, nullptr);
    EXPECT_EQ(l->phase, event::launch_phase::created);
    EXPECT_EQ(l->curve, pool);
    EXPECT_EQ(l->creator, trader);
    [[fallthrough]];
  }
  case outcome::created: {
    const auto* c = i.only<event::pool_created>();
    ASSERT_NE(c, nullptr);
    EXPECT_EQ(c->pool, pool);
    EXPECT_EQ(c->creator, trader);
    EXPECT_EQ(c->base_amount.value, 1000U);
    EXPECT_EQ(c->quote_amount.value, 300U);
    EXPECT_NE(c->base_mint, c->quote_mint);
    break;
  }
  case outcome::migrated: {
    const auto* l = i.only<event::launch>();
    ASSERT_NE(l, nullptr);
    EXPECT_EQ(l->phase, event::launch_phase::migrated);
    EXPECT_EQ(l->pool, pool);
    EXPECT_FALSE(l->mint.is_zero());
    break;
  }
  }
}

class unit_venue_forms : public testing::TestWithParam<form> {};

TEST_P(unit_venue_forms, is_read_at_its_least_length_and_with_more_behind_it) {
  const auto& f = GetParam();
  for (const std::size_t more : {0U, 1U, 40U}) {
    SCOPED_TRACE(more);
    expect_read(f, instance(f, 8 + f.argument_bytes + more, f.accounts + (more + 7) / 8));
  }
}

TEST_P(unit_venue_forms, is_unknown_and_yields_nothing_when_its_data_is_cut_anywhere) {
  const auto& f = GetParam();
  for (std::size_t length = 0; length < 8 + f.argument_bytes; ++length) {
    const instance i(f, length, f.accounts);
    ASSERT_EQ(i.out.unknown.size(), 1U) << length;
    EXPECT_EQ(i.out.unknown[0].data_length, length);
    for (const auto& e : i.out.events) EXPECT_TRUE(std::holds_alternative<event::transfer>(e.payload)) << length;
  }
}

TEST_P(unit_venue_forms, is_unknown_and_yields_nothing_when_accounts_are_missing) {
  const auto& f = GetParam();
  for (std::size_t count = 0; count < f.accounts; ++count) {
    const instance i(f, 8 + f.argument_bytes, count);
    ASSERT_EQ(i.out.unknown.size(), 1U) << count;
    for (const auto& e : i.out.events) EXPECT_TRUE(std::holds_alternative<event::transfer>(e.payload)) << count;
  }
}

INSTANTIATE_TEST_SUITE_P(of, unit_venue_forms, testing::ValuesIn(forms), [](const auto& form) {
  return std::string(program(form.param.program).name) + "_" + std::string(form.param.name);
});

// --- what is not a matter of form --------------------------------------------------------------------------------

constexpr std::string_view dlmm = "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo";

std::vector<address> made_up(std::size_t count, std::uint32_t from = 0) {
  std::vector<address> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(made_up_address(from + i));
  return all;
}
event_batch decoded(const synthetic_transaction& t) {
  event_batch out;
  decode_statistics stats;
  decode_transaction(t.tx, out, stats);
  return out;
}
template <class Payload>
std::vector<Payload> all_of(const event_batch& batch) {
  std::vector<Payload> found;
  for (const auto& e : batch.events)
    if (const auto* p = std::get_if<Payload>(&e.payload)) found.push_back(*p);
  return found;
}
const test::bytes& dlmm_swap_data() {
  static const auto data = byte_writer{}.tag(0xf8c69e91e17587c8).zeros(16).data;
  return data;
}

TEST(unit_venues, name_an_unknown_discriminator) {
  for (const auto kind : {raydium_cpmm, raydium_clmm, raydium_launchlab, orca_whirlpool, meteora_dlmm, meteora_damm_v2,
                          meteora_dbc, jupiter_v6}) {
    synthetic_transaction t;
    t.top(program(kind).address, made_up(30), byte_writer{}.tag(0x0102030405060708).zeros(100).data);
    const auto out = decoded(t);
    ASSERT_EQ(out.unknown.size(), 1U);
    EXPECT_EQ(out.unknown[0].discriminator, 0x0102030405060708U);
    EXPECT_EQ(out.unknown[0].data_length, 108U);
    EXPECT_TRUE(out.events.empty());
  }
}

TEST(unit_venues, name_an_unknown_event_and_are_silent_about_a_known_one) {
  synthetic_transaction t;
  t.top(dlmm, made_up(3), byte_writer{}.tag(0xbe3d7d57674f9ead).u64(1).data); // increase_oracle_length
  t.event_call(dlmm, byte_writer{}.tag(0x63f91179a69ccfd7).zeros(40).data);   // IncreaseObservation
  t.event_call(dlmm, byte_writer{}.tag(0x1122334455667788).zeros(40).data);
  const auto out = decoded(t);
  ASSERT_EQ(out.unknown.size(), 1U);
  EXPECT_EQ(out.unknown[0].path, (instruction_path{0, 1}));
}

TEST(unit_venues, take_nothing_from_a_failed_transaction) {
  synthetic_transaction t;
  t.token_account(made_up_address(2), made_up_address(900), 5000);
  t.token_account(made_up_address(3), made_up_address(901), 5000);
  t.top(dlmm, made_up(15), dlmm_swap_data());
  t.transfer(made_up_address(800), made_up_address(2), 10);
  t.tx.err.failed = true;
  EXPECT_TRUE(all_of<event::swap>(decoded(t)).empty());
}

TEST(unit_venues, take_a_hidden_transfer_fee_off_what_entered) {
  synthetic_transaction t;
  const address mint = made_up_address(6); // accounts 6 and 7 are the mints
  t.token_account(made_up_address(2), mint, 5000);
  t.token_account(made_up_address(3), made_up_address(7), 5000);
  t.token_account(made_up_address(4), mint, 5000);
  t.top(dlmm, made_up(15), dlmm_swap_data());
  t.transfer(made_up_address(4), made_up_address(2), 1000, synthetic_transaction::token_2022, &mint, 30);
  t.transfer(made_up_address(3), made_up_address(5), 400);
  const auto out = decoded(t);
  const auto swaps = all_of<event::swap>(out);
  ASSERT_EQ(swaps.size(), 1U);
  EXPECT_EQ(swaps[0].amount_in.value, 970U);
  EXPECT_TRUE(swaps[0].balances_agree);
  const auto trades = all_of<event::trade>(out); // the trader gave the fee as well
  ASSERT_EQ(trades.size(), 1U);
  EXPECT_EQ(trades[0].amount_in.value, 1000U);
  EXPECT_EQ(trades[0].amount_out.value, 400U);
}

TEST(unit_venues, do_not_agree_when_the_balances_say_otherwise) {
  synthetic_transaction t;
  t.token_account(made_up_address(2), made_up_address(6), 5000);
  t.token_account(made_up_address(3), made_up_address(7), 5000);
  t.top(dlmm, made_up(15), dlmm_swap_data());
  t.transfer(made_up_address(4), made_up_address(2), 1000);
  t.transfer(made_up_address(3), made_up_address(5), 400);
  ASSERT_TRUE(all_of<event::swap>(decoded(t)).at(0).balances_agree);
  t.tx.post_tokens[1].amount.value += 1;
  EXPECT_FALSE(all_of<event::swap>(decoded(t)).at(0).balances_agree);
}

/// Swap: pair, from, bins, amounts, direction, fee, protocol fee, fee rate, host fee.
test::bytes dlmm_swap_event(const address& pair, std::uint64_t in, std::uint64_t out) {
  return byte_writer{}
      .tag(0x516ce3becdd00ac4)
      .key(pair)
      .zeros(32)
      .i32(-4)
      .i32(-7)
      .u64(in)
      .u64(out)
      .u8(1)
      .u64(11)
      .u64(2)
      .u128(5)
      .u64(0)
      .data;
}
synthetic_transaction dlmm_swap_with_event(const test::bytes& event) {
  synthetic_transaction t;
  t.token_account(made_up_address(2), made_up_address(6), 5000);
  t.token_account(made_up_address(3), made_up_address(7), 5000);
  auto accounts = made_up(15);
  accounts[11] = accounts[12] = test::address_of(synthetic_transaction::spl_token);
  t.top(dlmm, accounts, dlmm_swap_data());
  t.transfer(made_up_address(4), made_up_address(2), 1000);
  t.transfer(made_up_address(3), made_up_address(5), 400);
  t.event_call(dlmm, event);
  return t;
}

TEST(unit_venues, read_the_state_after_and_the_fee_from_the_venues_event) {
  const auto s =
      all_of<event::swap>(decoded(dlmm_swap_with_event(dlmm_swap_event(made_up_address(0), 1000, 400)))).at(0);
  EXPECT_TRUE(s.balances_agree);
  EXPECT_EQ(s.after.kind, pool_state_kind::active_bin);
  EXPECT_EQ(static_cast<std::int64_t>(s.after.a), -7);
  EXPECT_TRUE(s.base_is_mint_in);
  EXPECT_TRUE(s.fee_known);
  EXPECT_EQ(s.fee.value, 11U);
}

TEST(unit_venues, do_not_agree_with_an_event_that_states_other_amounts) {
  for (const auto& [in, out] : {std::pair{1000U, 401U}, {999U, 400U}, {1001U, 400U}}) {
    const auto s =
        all_of<event::swap>(decoded(dlmm_swap_with_event(dlmm_swap_event(made_up_address(0), in, out)))).at(0);
    EXPECT_FALSE(s.balances_agree) << in << " " << out;
    EXPECT_EQ(s.amount_in.value, 1000U);
    EXPECT_EQ(s.amount_out.value, 400U);
  }
}

TEST(unit_venues, ignore_an_event_of_another_pool_and_a_cut_one) {
  for (std::size_t length = 8; length < dlmm_swap_event(made_up_address(0), 1, 1).size(); ++length) {
    auto cut = dlmm_swap_event(made_up_address(0), 1000, 400);
    cut.resize(length);
    const auto s = all_of<event::swap>(decoded(dlmm_swap_with_event(cut))).at(0);
    EXPECT_EQ(s.after.kind, pool_state_kind::none) << length;
    EXPECT_TRUE(s.balances_agree);
  }
  const auto s =
      all_of<event::swap>(decoded(dlmm_swap_with_event(dlmm_swap_event(made_up_address(9), 1000, 400)))).at(0);
  EXPECT_EQ(s.after.kind, pool_state_kind::none);
}

TEST(unit_venues, name_a_swap_unknown_when_nothing_moved) {
  synthetic_transaction t;
  t.top(dlmm, made_up(15), dlmm_swap_data());
  const auto out = decoded(t);
  EXPECT_TRUE(out.events.empty());
  EXPECT_EQ(out.unknown.size(), 1U);
}

TEST(unit_venues, read_both_hops_of_a_two_hop_swap) {
  // whirlpool one and two, owner accounts 4, 6, 8, 10, vaults 5, 7, 9, 11; the first pool sells a, the second b.
  synthetic_transaction t;
  for (const std::uint32_t vault : {5U, 7U, 9U, 11U})
    t.token_account(made_up_address(vault), made_up_address(100 + vault), 9000);
  const auto data = byte_writer{}.tag(0xc360ed6c44a2dbe6).u64(1000).u64(1).u8(1).u8(1).u8(0).u128(0).u128(0).data;
  t.top(program(orca_whirlpool).address, made_up(20), data);
  t.transfer(made_up_address(4), made_up_address(5), 1000);
  t.transfer(made_up_address(7), made_up_address(6), 600);
  t.transfer(made_up_address(10), made_up_address(11), 600);
  t.transfer(made_up_address(9), made_up_address(8), 70);
  const auto out = decoded(t);
  const auto swaps = all_of<event::swap>(out);
  ASSERT_EQ(swaps.size(), 2U);
  EXPECT_EQ(swaps[0].pool, made_up_address(2));
  EXPECT_EQ(swaps[0].amount_in.value, 1000U);
  EXPECT_EQ(swaps[0].amount_out.value, 600U);
  EXPECT_TRUE(swaps[0].base_is_mint_in);
  EXPECT_EQ(swaps[1].pool, made_up_address(3));
  EXPECT_EQ(swaps[1].amount_in.value, 600U);
  EXPECT_EQ(swaps[1].amount_out.value, 70U);
  EXPECT_FALSE(swaps[1].base_is_mint_in);
  for (const auto& s : swaps) EXPECT_TRUE(s.balances_agree);
}

TEST(unit_venues, name_the_side_of_a_one_sided_deposit_from_its_event) {
  const auto deposit = [](std::uint64_t x, std::uint64_t y) {
    synthetic_transaction t;
    t.top(dlmm, made_up(12), byte_writer{}.tag(0x5e9b6797465fdca5).zeros(12).data);
    t.transfer(made_up_address(3), made_up_address(4), x + y);
    t.event_call(dlmm, byte_writer{}.tag(0x1f5e7d5ae3343dba).zeros(96).u64(x).u64(y).i32(0).data);
    return all_of<event::liquidity>(decoded(t)).at(0);
  };
  EXPECT_EQ(deposit(50, 0).base_mint, made_up_address(5));
  EXPECT_EQ(deposit(50, 0).base_amount.value, 50U);
  EXPECT_TRUE(deposit(50, 0).quote_mint.is_zero());
  EXPECT_EQ(deposit(0, 60).quote_mint, made_up_address(5));
  EXPECT_EQ(deposit(0, 60).quote_amount.value, 60U);
}

TEST(unit_venues, collecting_fees_by_removing_no_liquidity_is_no_removal) {
  synthetic_transaction t;
  t.token_account(made_up_address(5), made_up_address(14), 900);
  t.token_account(made_up_address(6), made_up_address(15), 900);
  t.top(program(raydium_clmm).address, made_up(16), byte_writer{}.tag(0x3a7fbc3e4f52c460).zeros(32).data);
  t.transfer(made_up_address(5), made_up_address(9), 40);
  const auto out = decoded(t);
  EXPECT_TRUE(all_of<event::liquidity>(out).empty());
  EXPECT_TRUE(out.unknown.empty());
}

TEST(unit_venues, read_the_price_from_the_first_swap_event_of_damm_v2) {
  constexpr std::string_view damm = "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG";
  const auto swap_with = [&](std::uint64_t output, std::uint64_t referral) {
    synthetic_transaction t;
    t.token_account(made_up_address(4), made_up_address(6), 5000);
    t.token_account(made_up_address(5), made_up_address(7), 5000);
    t.top(damm, made_up(14), byte_writer{}.tag(0xf8c69e91e17587c8).zeros(16).data);
    t.transfer(made_up_address(2), made_up_address(5), 1000);
    t.transfer(made_up_address(4), made_up_address(3), 400);
    byte_writer e;
    e.tag(0x1b3c15d58aaabb93).key(made_up_address(1)).u8(1).u8(0).u64(1000).u64(1);
    e.u64(output).u128(77, 5).u64(2).u64(1).u64(0).u64(referral).u64(1000).u64(1759847757);
    t.event_call(damm, e.data);
    return all_of<event::swap>(decoded(t)).at(0);
  };
  const auto s = swap_with(400, 0);
  EXPECT_EQ(s.after.kind, pool_state_kind::sqrt_price_x64);
  EXPECT_EQ(s.after.a, 77U);
  EXPECT_EQ(s.after.b, 5U);
  EXPECT_FALSE(s.base_is_mint_in);
  EXPECT_FALSE(s.fee_known);
  EXPECT_TRUE(s.balances_agree);
  EXPECT_FALSE(swap_with(399, 0).balances_agree);
  EXPECT_TRUE(swap_with(399, 1).balances_agree); // a referrer's part leaves the vault too: the event is no witness then
}

/// TradeEvent of LaunchLab: curve 1000 base, 3000 quote, both virtual.
test::bytes launchlab_event(std::uint64_t sold, std::uint64_t raised, std::uint8_t status, bool with_creator_fee) {
  byte_writer w;
  w.tag(0xbddb7fd34ee661ee).key(made_up_address(4)).u64(700).u64(1000).u64(3000).u64(0).u64(0).u64(sold).u64(raised);
  w.u64(raised + 10).u64(sold).u64(4).u64(5);
  if (with_creator_fee) w.u64(1);
  w.u64(0).u8(0).u8(status);
  if (with_creator_fee) w.u8(1);
  return w.data;
}
event_batch launchlab_buy(const test::bytes& event) {
  constexpr std::string_view program = "LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj";
  synthetic_transaction t;
  t.token_account(made_up_address(7), made_up_address(9), 900);
  t.token_account(made_up_address(8), made_up_address(10), 900);
  t.top(program, made_up(15), byte_writer{}.tag(0xfaea0d7bd59c13ec).zeros(24).data);
  t.transfer(made_up_address(6), made_up_address(8), 1000);
  t.transfer(made_up_address(6), made_up_address(40), 10); // a fee that goes beside the curve
  t.transfer(made_up_address(7), made_up_address(5), 250);
  t.event_call(program, event);
  return decoded(t);
}

TEST(unit_venues, state_a_launchlab_curve_only_where_it_is_a_constant_product) {
  for (const bool newer : {false, true}) {
    const auto out = launchlab_buy(launchlab_event(250, 1000, 0, newer)); // 1000 * 3000 == 750 * 4000
    const auto s = all_of<event::swap>(out).at(0);
    EXPECT_EQ(s.after.kind, pool_state_kind::reserves);
    EXPECT_EQ(s.after.a, 750U);
    EXPECT_EQ(s.after.b, 4000U);
    EXPECT_EQ(s.fee.value, newer ? 10U : 9U);
    EXPECT_TRUE(s.fee_in_mint_in);
    EXPECT_TRUE(s.balances_agree);
    EXPECT_EQ(s.amount_in.value, 1000U);
    EXPECT_EQ(all_of<event::trade>(out).at(0).amount_in.value, 1010U);
    EXPECT_TRUE(all_of<event::launch>(out).empty());
  }
  EXPECT_EQ(all_of<event::swap>(launchlab_buy(launchlab_event(250, 1100, 0, true))).at(0).after.kind,
            pool_state_kind::none);
}

TEST(unit_venues, complete_a_launch_with_the_trade_that_ends_its_funding) {
  const auto launches = all_of<event::launch>(launchlab_buy(launchlab_event(250, 1000, 1, true)));
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(launches[0].phase, event::launch_phase::completed);
  EXPECT_EQ(launches[0].mint, made_up_address(9));
  EXPECT_EQ(launches[0].curve, made_up_address(4));
}

} // namespace
} // namespace sett::decode
