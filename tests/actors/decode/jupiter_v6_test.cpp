// Routes: plans of every kind of swap, the user's trade whatever the legs were, and that a plan which is not understood
// yields none.
#include "actors/decode/decoder.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/synthetic_transaction.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

namespace sett::decode {
namespace {

using test::byte_writer;
using test::bytes;
using test::made_up_address;
using test::synthetic_transaction;

constexpr std::string_view jupiter = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";
constexpr std::string_view other_router = "6m2CDdhRgxpH4WjvdzxAYbGxwdGUz5MziiL5jek2kBma";
constexpr std::string_view somebody = "AB5YqhWip4SagTCQw29U8f8qpZDusBms3GDv3hVHNFkn";
const address mint_in = made_up_address(900), mint_out = made_up_address(901);

std::vector<address> made_up(std::size_t count) {
  std::vector<address> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(made_up_address(i));
  return all;
}
template <class Payload>
std::vector<Payload> all_of(const event_batch& batch) {
  std::vector<Payload> found;
  for (const auto& e : batch.events)
    if (const auto* p = std::get_if<Payload>(&e.payload)) found.push_back(*p);
  return found;
}
event_batch decoded(const synthetic_transaction& t) {
  event_batch out;
  decode_statistics stats;
  decode_transaction(t.tx, out, stats);
  return out;
}

/// Swaps with their arguments, as a plan of the first kind.
bytes plan(const std::vector<bytes>& swaps) {
  byte_writer w;
  w.u32(static_cast<std::uint32_t>(swaps.size()));
  for (std::uint8_t i = 0; i < swaps.size(); ++i) w.raw(swaps[i]).u8(100).u8(i).u8(static_cast<std::uint8_t>(i + 1));
  return w.data;
}
bytes plan_v2(const std::vector<bytes>& swaps) {
  byte_writer w;
  w.u32(static_cast<std::uint32_t>(swaps.size()));
  for (std::uint8_t i = 0; i < swaps.size(); ++i) w.raw(swaps[i]).u16(10000).u8(i).u8(static_cast<std::uint8_t>(i + 1));
  return w.data;
}
bytes route_data(const bytes& route_plan) {
  return byte_writer{}.tag(0xe517cb977ae3ad2a).raw(route_plan).u64(1000).u64(5).u16(50).u8(0).data;
}
/// Accounts of `route`: authority 1, source 2, destination 3, the optional destination 4 absent, mint 5.
std::vector<address> route_accounts() {
  auto accounts = made_up(9);
  accounts[4] = accounts[6] = test::address_of(jupiter);
  accounts[5] = mint_out;
  return accounts;
}
/// The legs: pools that nobody decodes.
void add_legs(synthetic_transaction& t, const address& source, const address& destination) {
  t.transfer(source, made_up_address(50), 1000);
  t.transfer(made_up_address(51), made_up_address(52), 600);
  t.transfer(made_up_address(52), made_up_address(53), 600);
  t.transfer(made_up_address(54), destination, 70);
}
synthetic_transaction route(const bytes& data, const std::vector<address>& accounts = route_accounts()) {
  synthetic_transaction t;
  t.token_account(made_up_address(2), mint_in, 1'000'000);
  t.token_account(made_up_address(3), mint_out, 1'000'000);
  t.top(jupiter, accounts, data);
  add_legs(t, made_up_address(2), made_up_address(3));
  return t;
}
void expect_trade(const event_batch& out, std::uint16_t legs) {
  EXPECT_TRUE(out.unknown.empty());
  const auto trades = all_of<event::trade>(out);
  ASSERT_EQ(trades.size(), 1U);
  EXPECT_EQ(trades[0].mint_in, mint_in);
  EXPECT_EQ(trades[0].mint_out, mint_out);
  EXPECT_EQ(trades[0].amount_in.value, 1000U);
  EXPECT_EQ(trades[0].amount_out.value, 70U);
  EXPECT_EQ(trades[0].leg_count, legs);
  EXPECT_EQ(trades[0].router, program_kind::jupiter_v6);
}

const bytes raydium{7}, whirlpool{17, 1};

TEST(unit_jupiter, gives_the_users_trade_also_when_nobody_decodes_the_legs) {
  expect_trade(decoded(route(route_data(plan({raydium, whirlpool})))), 2);
}

TEST(unit_jupiter, reads_swaps_of_varying_length_within_a_plan) {
  const bytes whirlpool_v2_none{47, 1, 0}, whirlpool_v2_two{47, 0, 1, 2, 0, 0, 0, 3, 1, 4, 1};
  const bytes dlmm_v2{75, 1, 0, 0, 0, 0, 2};
  const bytes dynamic = byte_writer{}.u8(111).u32(2).u8(0).u64(9).u8(1).u8(1).u8(0).data;
  expect_trade(decoded(route(route_data(plan({whirlpool_v2_none, whirlpool_v2_two, dlmm_v2, dynamic, raydium})))), 5);
}

TEST(unit_jupiter, names_a_plan_with_a_swap_of_unknown_kind) {
  const auto out = decoded(route(route_data(plan({raydium, {114}, whirlpool}))));
  EXPECT_EQ(out.unknown.size(), 1U);
  EXPECT_TRUE(all_of<event::trade>(out).empty());
}

TEST(unit_jupiter, yields_no_trade_when_cut_anywhere) {
  const auto whole = route_data(plan({raydium, {47, 0, 1, 1, 0, 0, 0, 3, 1}, whirlpool}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto out = decoded(route(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length))));
    EXPECT_EQ(out.unknown.size(), 1U) << length;
    EXPECT_TRUE(all_of<event::trade>(out).empty()) << length;
  }
  auto longer = whole;
  longer.resize(whole.size() + 9);
  expect_trade(decoded(route(longer)), 3);
}

TEST(unit_jupiter, refuses_a_plan_that_promises_more_steps_than_it_has) {
  for (const std::uint32_t steps : {0U, 3U, 0xffffffffU}) {
    const auto data = byte_writer{}.tag(0xe517cb977ae3ad2a).u32(steps).raw(raydium).zeros(22).data;
    EXPECT_TRUE(all_of<event::trade>(decoded(route(data))).empty()) << steps;
  }
}

TEST(unit_jupiter, follows_the_output_to_another_account) {
  auto accounts = route_accounts();
  accounts[4] = made_up_address(4);
  auto t = route(route_data(plan({raydium, whirlpool})), accounts);
  t.transfer(made_up_address(3), made_up_address(4), 70);
  expect_trade(decoded(t), 2);
}

TEST(unit_jupiter, gives_a_round_trip_through_one_account_gross) {
  auto accounts = route_accounts();
  accounts[3] = accounts[2]; // while accounts[5], the destination mint by name, is another: the program does not mind
  synthetic_transaction t;
  t.token_account(made_up_address(2), mint_in, 1'000'000);
  t.top(jupiter, accounts, route_data(plan({raydium, whirlpool})));
  t.transfer(made_up_address(2), made_up_address(50), 1000);
  t.transfer(made_up_address(54), made_up_address(2), 1003);
  const auto trades = all_of<event::trade>(decoded(t));
  ASSERT_EQ(trades.size(), 1U);
  EXPECT_EQ(trades[0].mint_in, mint_in);
  EXPECT_EQ(trades[0].mint_out, mint_in);
  EXPECT_EQ(trades[0].amount_in.value, 1000U);
  EXPECT_EQ(trades[0].amount_out.value, 1003U);
}

TEST(unit_jupiter, reads_every_instruction_of_the_family) {
  struct member {
    std::uint64_t tag;
    bool id, v2, in_amount;
    std::size_t accounts, source, destination, source_mint, destination_mint, absent;
  };
  constexpr std::size_t none = 99;
  constexpr member members[] = {
      {0xe517cb977ae3ad2a, false, false, true, 9, 2, 3, none, 5, 4},   // route
      {0x96564774a75d0e68, false, false, false, 10, 2, 3, none, 5, 4}, // route_with_token_ledger
      {0xd033ef977b2bed5c, false, false, true, 11, 2, 3, 5, 6, 4},     // exact_out_route
      {0xc1209b3341d69c81, true, false, true, 13, 3, 6, 7, 8, none},   // shared_accounts_route
      {0xb0d169a89a7d453e, true, false, true, 13, 3, 6, 7, 8, none},   // shared_accounts_exact_out_route
      {0xe6798f50779f6aaa, true, false, false, 14, 3, 6, 7, 8, none},  // shared_accounts_route_with_token_ledger
      {0xbb64facc31c4af14, false, true, true, 10, 1, 2, 3, 4, 7},      // route_v2
      {0x9d8ab85215f4f324, false, true, true, 10, 1, 2, 3, 4, 7},      // exact_out_route_v2
      {0xd19853937cfed8e9, true, true, true, 12, 2, 5, 6, 7, none},    // shared_accounts_route_v2
      {0x3560e5cad8bbfa18, true, true, true, 12, 2, 5, 6, 7, none},    // shared_accounts_exact_out_route_v2
  };
  for (const auto& m : members) {
    SCOPED_TRACE(testing::Message() << std::hex << m.tag);
    auto accounts = made_up(m.accounts);
    if (m.absent != none) accounts[m.absent] = test::address_of(jupiter);
    if (m.source_mint != none) accounts[m.source_mint] = mint_in;
    accounts[m.destination_mint] = mint_out;
    byte_writer data;
    data.tag(m.tag);
    if (m.id) data.u8(3);
    if (m.v2)
      data.u64(1000).u64(70).u16(50).u16(0).u16(0).raw(plan_v2({raydium, whirlpool}));
    else
      data.raw(plan({raydium, whirlpool})).zeros(m.in_amount ? 19 : 11);
    synthetic_transaction t;
    t.token_account(accounts[m.source], mint_in, 1'000'000);
    t.top(jupiter, accounts, data.data);
    add_legs(t, accounts[m.source], accounts[m.destination]);
    expect_trade(decoded(t), 2);
  }
}

/// A DLMM swap of 600 for 70 as the second leg, between the first transfers and the last.
synthetic_transaction route_with_decoded_leg(std::string_view top) {
  constexpr std::string_view dlmm = "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo";
  synthetic_transaction t;
  t.token_account(made_up_address(2), mint_in, 1'000'000);
  std::uint8_t height = 2;
  if (top == jupiter) {
    t.top(jupiter, route_accounts(), route_data(plan({raydium, whirlpool})));
  } else {
    t.top(top, made_up(3), {1});
    t.inner(jupiter, route_accounts(), route_data(plan({raydium, whirlpool})), height++);
  }
  t.transfer(made_up_address(2), made_up_address(50), 1000, synthetic_transaction::spl_token, nullptr, 0, height);
  t.transfer(made_up_address(51), made_up_address(52), 600, synthetic_transaction::spl_token, nullptr, 0, height);
  std::vector<address> accounts;
  for (std::uint32_t i = 200; i < 215; ++i) accounts.push_back(made_up_address(i));
  t.inner(dlmm, accounts, byte_writer{}.tag(0xf8c69e91e17587c8).zeros(16).data, height++);
  t.transfer(made_up_address(52), made_up_address(202), 600, synthetic_transaction::spl_token, nullptr, 0, height);
  t.transfer(made_up_address(203), made_up_address(3), 70, synthetic_transaction::spl_token, nullptr, 0, height);
  return t;
}

TEST(unit_jupiter, groups_decoded_legs_into_one_trade) {
  const auto out = decoded(route_with_decoded_leg(jupiter));
  ASSERT_EQ(all_of<event::swap>(out).size(), 1U);
  EXPECT_EQ(all_of<event::swap>(out)[0].amount_in.value, 600U);
  expect_trade(out, 2);
}

TEST(unit_jupiter, called_by_another_program_gives_one_trade_too) {
  expect_trade(decoded(route_with_decoded_leg(somebody)), 2);
  const auto routed = all_of<event::trade>(decoded(route_with_decoded_leg(other_router)));
  ASSERT_EQ(routed.size(), 1U);
  EXPECT_EQ(routed[0].router, program_kind::okx_dex);
  EXPECT_EQ(routed[0].amount_in.value, 1000U);
}

/// Bytes of a field list such as "{ a_to_b: bool, side: Side, }"; optional and listed ones empty.
bytes argument_bytes(std::string_view fields) {
  bytes b;
  for (std::size_t at = fields.find(": "); at != std::string_view::npos; at = fields.find(": ", at + 1)) {
    const auto type = fields.substr(at + 2);
    if (type.starts_with("bool") || type.starts_with("u8") || type.starts_with("Side") || type.starts_with("Option<"))
      b.resize(b.size() + 1);
    else if (type.starts_with("u32") || type.starts_with("Vec<") || type.starts_with("RemainingAccountsInfo"))
      b.resize(b.size() + 4);
    else if (type.starts_with("u64"))
      b.resize(b.size() + 8);
    else
      ADD_FAILURE() << "a type of another kind: " << type;
  }
  return b;
}

TEST(oracle_jupiter, reads_every_kind_of_swap_of_the_published_layout) {
  SETT_NEEDS_DATA("protocol/jupiter/jupiter_v6_2026_layout.json");
  namespace dom = simdjson::dom;
  dom::parser parser;
  const dom::object layout =
      parser.load((test::shared_folder() / "protocol/jupiter/jupiter_v6_2026_layout.json").string());
  std::size_t kinds = 0;
  for (const dom::object type : dom::array(layout["types"])) {
    if (std::string_view(type["name"]) != "Swap") continue;
    for (const dom::object variant : dom::array(type["variants"])) {
      std::string_view fields, name = variant["name"];
      if (variant["fields"].get(fields) != simdjson::SUCCESS) fields = {};
      const auto arguments = argument_bytes(fields);
      bytes swap{static_cast<std::uint8_t>(std::uint64_t(variant["index"]))};
      swap.insert(swap.end(), arguments.begin(), arguments.end());
      SCOPED_TRACE(name);
      // A wrong length shows in the step behind it: a swap of no known kind.
      const bytes marker =
          byte_writer{}.u8(29).u64(0xffffffffffffffff).u64(0xffffffffffffffff).data; // Symmetry: two u64
      expect_trade(decoded(route(route_data(plan({swap, marker, swap, raydium})))), 4);
      ++kinds;
    }
  }
  EXPECT_EQ(kinds, 114U);
}

} // namespace
} // namespace sett::decode
