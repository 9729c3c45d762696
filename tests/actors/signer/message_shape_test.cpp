#include "actors/signer/message_shape.hpp"
#include "tests/actors/signer/made_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sett;
using namespace sett::test;
using signer::refusal;
using signer::shape;
using signer::venue;

std::expected<signer::order_summary, signer::refused> read(const std::vector<std::uint8_t>& message) {
  const std::vector<address> destinations{cold_wallet}, tips{made_address(30)};
  solana::transaction_view scratch;
  return signer::read_shape(
      message, {.wallet = wallet, .wsol_account = wsol_account, .destinations = destinations, .tip_accounts = tips},
      scratch);
}
std::expected<signer::order_summary, signer::refused> read(const instructions& all) { return read(message_of(all)); }

#define EXPECT_SHAPE(expression, wanted)                                                                               \
  do {                                                                                                                 \
    const auto result_ = (expression);                                                                                 \
    ASSERT_TRUE(result_) << signer::to_text(result_.error().why) << ": " << result_.error().text;                      \
    EXPECT_EQ(signer::to_text(result_->kind), signer::to_text(wanted));                                                \
  } while (false)
#define EXPECT_REFUSED(expression, wanted)                                                                             \
  do {                                                                                                                 \
    const auto result_ = (expression);                                                                                 \
    ASSERT_FALSE(result_) << signer::to_text(result_->kind);                                                           \
    EXPECT_EQ(signer::to_text(result_.error().why), signer::to_text(wanted)) << result_.error().text;                  \
    EXPECT_FALSE(result_.error().text.empty());                                                                        \
  } while (false)

const address temporary = *solana::create_with_seed(wallet, "0123456789abcdef0123456789abcdef", token_program);
const address once = *solana::create_with_seed(wallet, "00000000000000000000000000000001", token_program);

instructions wsol_entry(solana::instruction swap, const address& to = once) {
  return {unit_limit(200'000),
          create_seeded(to, "00000000000000000000000000000001", 2'039'280, 165, token_program),
          initialize_account(to, mint, wallet),
          create_seeded(temporary, "0123456789abcdef0123456789abcdef", 52'039'280, 165, token_program),
          initialize_account(temporary, wsol, wallet),
          std::move(swap),
          close(temporary)};
}
instructions wsol_exit(solana::instruction swap) {
  return {create_ata(wsol_account, wallet, wsol), std::move(swap), close(wsol_account)};
}

TEST(unit_message_shape, reads_a_buy_with_its_worst_cost) {
  const auto got = read(pump_entry(50'000'000, 70'000));
  EXPECT_SHAPE(got, shape::buy);
  EXPECT_EQ(*got->at, venue::pump_fun);
  EXPECT_EQ(*got->mint, mint);
  EXPECT_EQ(got->amount.value, 50'000'000U);
  EXPECT_EQ(got->tip.value, 70'000U);
  EXPECT_EQ(got->fee.value, 5000U + 120'000U); // 120,000 units at one lamport each
  EXPECT_EQ(got->rent.value, signer::token_rent_lamports + signer::account_rent_bound_lamports);
  EXPECT_EQ(cost_of(*got).value, 50'000'000U + 70'000 + 125'000 + 2'039'280 + 5'000'000);
}

TEST(unit_message_shape, takes_a_message_without_a_limit_for_the_largest_and_rounds_the_fee_up) {
  EXPECT_EQ(read({pump_sell(1), unit_price(1)})->fee.value, 5000U + 2); // 1.4 lamports
  EXPECT_EQ(read({pump_sell(1), unit_price(1), unit_limit(UINT32_MAX)})->fee.value, 5000U + 2);
  EXPECT_EQ(read({pump_sell(1), unit_price(UINT64_MAX)})->fee.value > 1'000'000'000'000'000U, true);
}

TEST(unit_message_shape, reads_buys_and_sells_of_every_venue) {
  const auto buy = [](solana::instruction swap, venue at, std::uint64_t amount) {
    const auto got = read(message_of(wsol_entry(std::move(swap)), venue_table()));
    EXPECT_SHAPE(got, shape::buy);
    EXPECT_EQ(*got->at, at);
    EXPECT_EQ(got->amount.value, amount);
    EXPECT_EQ(*got->mint, mint);
    EXPECT_EQ(got->rent.value, 2'039'280 + signer::account_rent_bound_lamports); // the temporary account gives its back
  };
  const auto sell = [](solana::instruction swap, venue at) {
    const auto got = read(wsol_exit(std::move(swap)));
    EXPECT_SHAPE(got, shape::sell);
    EXPECT_EQ(*got->at, at);
    EXPECT_EQ(cost_of(*got).value, 5000U);
  };
  buy(cpmm_swap(temporary, once, wsol, mint, 50), venue::raydium_cpmm, 50);
  sell(cpmm_swap(token_account, wsol_account, mint, wsol, 9), venue::raydium_cpmm);
  buy(raydium_v4_swap(temporary, once, 60), venue::raydium_v4, 60);
  buy(raydium_v4_swap(temporary, once, 60, 17), venue::raydium_v4, 60);
  sell(raydium_v4_swap(token_account, wsol_account, 60), venue::raydium_v4);
  buy(raydium_v4_swap_v2(temporary, once, 60), venue::raydium_v4, 60);
  sell(raydium_v4_swap_v2(token_account, wsol_account, 60), venue::raydium_v4);
  constexpr std::string_view tag_buy = "\x66\x06\x3d\x12\x01\xda\xeb\xea",
                             tag_sell = "\x33\xe6\x85\xa4\x01\x7f\x83\xad";
  buy(pump_swap_trade(tag_buy, once, temporary, mint, wsol, 7, 70), venue::pump_swap, 70);
  sell(pump_swap_trade(tag_sell, token_account, wsol_account, mint, wsol, 7, 70), venue::pump_swap);
  buy(pump_swap_trade(tag_sell, temporary, once, wsol, mint, 7, 70), venue::pump_swap, 7); // the pool's base is wSOL
  buy(whirlpool_swap(temporary, once, 11, 12, true, true), venue::whirlpool, 11);
  buy(whirlpool_swap(once, temporary, 11, 12, false, false), venue::whirlpool, 12);
  sell(whirlpool_swap(token_account, wsol_account, 11, 12, true, true), venue::whirlpool);
  EXPECT_SHAPE(read(pump_exit()), shape::sell);
}

TEST(unit_message_shape, reads_the_shapes_that_are_no_trades) {
  EXPECT_SHAPE(
      read({create_ata(wsol_account, wallet, wsol), transfer(wallet, wsol_account, 5), sync_native(wsol_account)}),
      shape::wrap);
  EXPECT_SHAPE(read({close(wsol_account)}), shape::unwrap);
  EXPECT_SHAPE(read({close(token_account), close(once)}), shape::close_account);
  EXPECT_SHAPE(read({call(token_2022_program, {mint, token_account}, {26, 4}), close(token_account)}),
               shape::close_account);
  EXPECT_SHAPE(read({create_ata(token_account, wallet, mint)}), shape::open_account);
  EXPECT_SHAPE(read({create_seeded(once, "00000000000000000000000000000001", 2'039'280, 165, token_program),
                     initialize_account(once, mint, wallet)}),
               shape::open_account);
  const auto sol = read({transfer(wallet, cold_wallet, 77)});
  EXPECT_SHAPE(sol, shape::withdraw_sol);
  EXPECT_EQ(sol->amount.value, 77U);
  EXPECT_EQ(*sol->destination, cold_wallet);
  const auto theirs = solana::associated_token_address(cold_wallet, mint, token_program).key;
  const auto tokens = read({create_ata(theirs, cold_wallet, mint), transfer_tokens(token_account, mint, theirs, 5)});
  EXPECT_SHAPE(tokens, shape::withdraw_token);
  EXPECT_EQ(*tokens->destination, cold_wallet);
  const auto nonce = *solana::create_with_seed(wallet, "nonce", system_program);
  EXPECT_SHAPE(
      read({create_seeded(nonce, "nonce", 1'447'680, 80, system_program),
            call(system_program, {nonce, made_address(21), made_address(22)}, joined({le(6, 4), of(wallet)}))}),
      shape::nonce_create);
  EXPECT_SHAPE(read({advance_nonce()}), shape::nonce_advance);
  EXPECT_SHAPE(read({call(system_program, {nonce, wallet, made_address(21), made_address(22), wallet},
                          joined({le(5, 4), le(1'447'680, 8)}))}),
               shape::nonce_close);
}

TEST(unit_message_shape, lets_a_trade_grow_an_old_pool_of_pump_swap_at_the_wallets_cost) {
  const auto extend = [](const address& payer) {
    return call(pump_swap_program, {made_address(110), payer, system_program, made_address(111), pump_swap_program},
                of("\xea\x66\xc2\xcb\x96\x48\x3e\xe5"));
  };
  const auto sell = pump_swap_trade("\x33\xe6\x85\xa4\x01\x7f\x83\xad", token_account, wsol_account, mint, wsol, 7, 70);
  const auto got = read({create_ata(wsol_account, wallet, wsol), extend(wallet), sell});
  EXPECT_SHAPE(got, shape::sell);
  EXPECT_EQ(got->rent.value, signer::account_rent_bound_lamports);
  EXPECT_REFUSED(read({create_ata(wsol_account, wallet, wsol), extend(stranger), sell}), refusal::account);
  EXPECT_REFUSED(read({extend(wallet)}), refusal::shape);
  EXPECT_REFUSED(read({extend(wallet), close(token_account)}), refusal::shape);
}

TEST(unit_message_shape, tells_a_durable_nonce_and_takes_it_as_the_first_one_only) {
  auto all = pump_entry(1);
  all.insert(all.begin(), advance_nonce());
  EXPECT_TRUE(read(all)->durable_nonce);
  all = pump_entry(1);
  all.push_back(advance_nonce());
  EXPECT_REFUSED(read(all), refusal::instruction);
  EXPECT_REFUSED(read({advance_nonce(stranger)}), refusal::account);
}

TEST(unit_message_shape, counts_a_tip_wherever_it_stands_and_refuses_other_receivers) {
  EXPECT_EQ(read({pump_sell(1), transfer(wallet, made_address(30), 3), transfer(wallet, jito_tip, 4)})->tip.value, 7U);
  EXPECT_REFUSED(read({pump_sell(1), transfer(wallet, stranger, 3)}), refusal::destination);
  EXPECT_REFUSED(read({transfer(wallet, jito_tip, 4)}), refusal::shape); // a tip alone buys nothing
}

TEST(unit_message_shape, refuses_a_message_of_other_signers) {
  EXPECT_REFUSED(read(message_of(pump_exit(), {}, stranger)), refusal::signers);
  auto all = pump_exit();
  all[2].accounts[0].is_signer = true;
  EXPECT_REFUSED(read(all), refusal::signers);
}

TEST(unit_message_shape, refuses_programs_and_instructions_that_no_shape_has) {
  EXPECT_REFUSED(read({call(stranger, {wallet}, {1})}), refusal::program);
  EXPECT_REFUSED(read({pump_sell(1), call(made_address(66), {}, {})}), refusal::program);
  EXPECT_REFUSED(read({call(system_program, {wallet, stranger}, le(1, 4))}), refusal::instruction); // Assign
  EXPECT_REFUSED(read({call(token_program, {token_account, wallet}, joined({{6}, {2}, {1}, of(stranger)}))}),
                 refusal::instruction); // SetAuthority
  EXPECT_REFUSED(read({call(token_program, {token_account, stranger, wallet}, joined({{4}, le(5, 8)}))}),
                 refusal::instruction); // Approve
  EXPECT_REFUSED(read({call(token_program, {token_account, stranger, wallet}, joined({{3}, le(5, 8)}))}),
                 refusal::instruction); // Transfer
  EXPECT_REFUSED(read({call(pump_program, places(16, {{6, wallet}}), std::vector<std::uint8_t>(24, 9))}),
                 refusal::instruction);
  EXPECT_REFUSED(read({unit_limit(1), unit_limit(2), pump_sell(1)}), refusal::instruction);
}

TEST(unit_message_shape, refuses_a_buy_whose_tokens_come_to_somebody_else) {
  auto all = pump_entry(1);
  all[3] = pump_buy(1, stranger);
  EXPECT_REFUSED(read(all), refusal::account);
  all[2] = create_ata(stranger, stranger, mint);
  EXPECT_REFUSED(read(all), refusal::destination);
  all[2] = create_ata(stranger, cold_wallet, mint); // a listed destination is none of a buy
  EXPECT_REFUSED(read(all), refusal::account);
  EXPECT_REFUSED(read({pump_buy(1)}), refusal::account); // not opened here: nobody says whose it is
}

TEST(unit_message_shape, refuses_a_trade_for_somebody_else) {
  auto all = pump_entry(1);
  all[3] = pump_buy(1, token_account, stranger);
  EXPECT_REFUSED(read(all), refusal::account);
}

TEST(unit_message_shape, judges_the_accounts_that_the_program_reads_not_those_behind_them) {
  // Read from the end this is a sale into the wallet's own wSOL; the program pays the stranger.
  auto decoyed = raydium_v4_swap_v2(token_account, stranger, 9, 11);
  decoyed.accounts[9].key = wsol_account;
  decoyed.accounts[10].key = wallet;
  EXPECT_REFUSED(read(wsol_exit(decoyed)), refusal::account);
  decoyed = raydium_v4_swap(token_account, stranger, 9, 21);
  EXPECT_REFUSED(read(wsol_exit(decoyed)), refusal::instruction);
}

TEST(unit_message_shape, refuses_swaps_that_do_not_pay_or_come_to_the_wallets_own_wsol) {
  EXPECT_REFUSED(read(wsol_exit(cpmm_swap(token_account, stranger, mint, wsol, 9))), refusal::account);
  EXPECT_REFUSED(read(wsol_exit(raydium_v4_swap(token_account, stranger, 9))), refusal::account);
  EXPECT_REFUSED(read(wsol_entry(cpmm_swap(stranger, once, wsol, mint, 9))), refusal::account);
  EXPECT_REFUSED(read(wsol_entry(cpmm_swap(temporary, wsol_account, wsol, wsol, 9))), refusal::account);
  EXPECT_REFUSED(read(wsol_exit(cpmm_swap(token_account, wsol_account, mint, made_address(50), 9))), refusal::mint);
}

TEST(unit_message_shape, refuses_accounts_made_for_or_closed_to_somebody_else) {
  auto all = wsol_entry(cpmm_swap(temporary, once, wsol, mint, 50));
  all[2] = initialize_account(once, mint, stranger);
  EXPECT_REFUSED(read(all), refusal::account);
  all = wsol_entry(cpmm_swap(temporary, once, wsol, mint, 50));
  all[6] = close(temporary, stranger);
  EXPECT_REFUSED(read(all), refusal::account);
  all[6] = close(made_address(70));
  EXPECT_REFUSED(read(all), refusal::shape);
  all = wsol_entry(cpmm_swap(temporary, once, wsol, mint, 50));
  all[1] = create_seeded(once, "00000000000000000000000000000001", 2'039'280, 165, token_program, stranger);
  EXPECT_REFUSED(read(all), refusal::account);
  all[1] = create_seeded(once, "00000000000000000000000000000001", 2'039'280, 165, stranger);
  EXPECT_REFUSED(read(all), refusal::instruction);
}

TEST(unit_message_shape, moves_nothing_to_an_account_that_the_message_has_closed) {
  const auto pump_swap_buy = pump_swap_trade("\x66\x06\x3d\x12\x01\xda\xeb\xea", once, temporary, mint, wsol, 7, 70);
  for (const auto& swap : {cpmm_swap(temporary, once, wsol, mint, 50), pump_swap_buy}) {
    auto all = wsol_entry(swap);
    EXPECT_SHAPE(read(message_of(all, venue_table())), shape::buy);
    all.push_back(transfer(wallet, temporary, 1'000'000'000)); // nobody's account by then
    EXPECT_REFUSED(read(message_of(all, venue_table())), refusal::account);
    all.back() = sync_native(temporary);
    EXPECT_REFUSED(read(message_of(all, venue_table())), refusal::account);
    all.back() = close(temporary);
    EXPECT_REFUSED(read(message_of(all, venue_table())), refusal::shape);
    all = wsol_entry(swap);
    std::swap(all[5], all[6]);
    EXPECT_REFUSED(read(message_of(all, venue_table())), refusal::account);
  }
  EXPECT_REFUSED(read({close(wsol_account), transfer(wallet, wsol_account, 5)}), refusal::account);
  EXPECT_REFUSED(read({close(token_account), pump_sell(1)}), refusal::account);
}

TEST(unit_message_shape, knows_no_second_version_of_pump_funs_swaps) {
  for (const std::string_view tag :
       {"\xb8\x17\xee\x65\x67\xc5\xd3\x3d", "\xc2\xab\x1c\x46\x68\x4d\x5b\x2f", "\x5d\xf6\x82\x3c\xe7\xe9\x40\xb2"})
    EXPECT_REFUSED(read({create_ata(token_account, wallet, mint),
                         call(pump_program, places(27, {{2, wsol}, {13, wallet}, {14, token_account}}),
                              joined({of(tag), le(1, 8), le(1, 8)}))}),
                   refusal::instruction);
}

TEST(unit_message_shape, refuses_what_is_left_half_done) {
  EXPECT_REFUSED(read({create_seeded(once, "00000000000000000000000000000001", 2'039'280, 165, token_program)}),
                 refusal::shape);
  EXPECT_REFUSED(read({create_seeded(made_address(71), "nonce", 1'447'680, 80, system_program)}), refusal::shape);
  EXPECT_REFUSED(read({transfer(wallet, wsol_account, 5)}), refusal::shape);
}

TEST(unit_message_shape, refuses_two_shapes_in_one_message) {
  auto all = pump_entry(1);
  all.push_back(transfer(wallet, cold_wallet, 1));
  EXPECT_REFUSED(read(all), refusal::shape);
  all = pump_entry(1);
  all.push_back(pump_sell(1));
  EXPECT_REFUSED(read(all), refusal::shape);
  all = pump_exit();
  all.push_back(create_ata(token_account, wallet, mint));
  EXPECT_REFUSED(read(all), refusal::shape);
  EXPECT_REFUSED(read({transfer(wallet, cold_wallet, 1), close(token_account)}), refusal::shape);
  EXPECT_REFUSED(read({transfer(wallet, cold_wallet, 1), transfer(wallet, cold_wallet, 1)}), refusal::shape);
  EXPECT_REFUSED(read({unit_limit(1)}), refusal::shape);
}

TEST(unit_message_shape, refuses_tokens_sent_to_accounts_that_no_listed_destination_owns) {
  const auto theirs = solana::associated_token_address(stranger, mint, token_program).key;
  EXPECT_REFUSED(read({transfer_tokens(token_account, mint, theirs, 5)}), refusal::destination);
  EXPECT_REFUSED(read({create_ata(theirs, stranger, mint), transfer_tokens(token_account, mint, theirs, 5)}),
                 refusal::destination);
  EXPECT_REFUSED(read({create_ata(token_account, wallet, mint), transfer_tokens(wsol_account, mint, token_account, 5)}),
                 refusal::destination);
}

TEST(unit_message_shape, judges_no_account_that_comes_from_a_lookup_table) {
  const auto table = [](const address& hidden) {
    return std::vector<solana::lookup_table>{{.key = made_address(80), .addresses = {hidden}}};
  };
  EXPECT_REFUSED(read(message_of(pump_exit(), table(token_account))), refusal::hidden_account);
  EXPECT_REFUSED(read(message_of({transfer(wallet, cold_wallet, 5)}, table(cold_wallet))), refusal::hidden_account);
  EXPECT_SHAPE(read(message_of(pump_exit(), table(made_address(100)))), shape::sell); // the venue's own
}

/// Every swap that is known, with the places of its accounts that are judged.
struct known_swap {
  std::string_view name;
  solana::instruction swap;
  bool buy;
  std::vector<std::size_t> judged; // must stand in the message itself
  std::vector<std::size_t> own; // of those, where nobody else may stand: whoever pays, receives, or what is paid with
};
std::vector<known_swap> known_swaps() {
  constexpr std::string_view tag_buy = "\x66\x06\x3d\x12\x01\xda\xeb\xea",
                             tag_buy_exact_in = "\xc6\x2e\x15\x52\xb4\xd9\xe8\x70",
                             tag_sell = "\x33\xe6\x85\xa4\x01\x7f\x83\xad",
                             tag_pump_exact_in = "\x38\xfc\x74\x08\x9e\xdf\xcd\x5f",
                             tag_cpmm_out = "\x37\xd9\x62\x56\xa3\x4a\xb4\xad";
  const auto tagged = [](solana::instruction ix, std::string_view tag) {
    std::ranges::copy(tag, ix.data.begin());
    return ix;
  };
  const auto v4_buy = raydium_v4_swap(temporary, once, 9), v4_sell = raydium_v4_swap(token_account, wsol_account, 9),
             v4_buy_short = raydium_v4_swap_v2(temporary, once, 9),
             v4_sell_short = raydium_v4_swap_v2(token_account, wsol_account, 9),
             cpmm_buy = cpmm_swap(temporary, once, wsol, mint, 9),
             cpmm_sell = cpmm_swap(token_account, wsol_account, mint, wsol, 9);
  return {
      {"pump buy", pump_buy(5, once), true, {5, 6}, {5, 6}},
      {"pump buy_exact_sol_in", tagged(pump_buy(5, once), tag_pump_exact_in), true, {5, 6}, {5, 6}},
      {"pump sell", pump_sell(5), false, {5, 6}, {6}},
      {"cpmm buy", cpmm_buy, true, {0, 4, 5, 10, 11}, {0, 4, 5, 10}},
      {"cpmm buy out", tagged(cpmm_buy, tag_cpmm_out), true, {0, 4, 5, 10, 11}, {0, 4, 5, 10}},
      {"cpmm sell", cpmm_sell, false, {0, 4, 5, 10, 11}, {0, 5, 11}},
      {"cpmm sell out", tagged(cpmm_sell, tag_cpmm_out), false, {0, 4, 5, 10, 11}, {0, 5, 11}},
      {"v4 9 buy", v4_buy, true, {15, 16, 17}, {15, 16, 17}},
      {"v4 9 buy of 17", raydium_v4_swap(temporary, once, 9, 17), true, {14, 15, 16}, {14, 15, 16}},
      {"v4 9 sell", v4_sell, false, {15, 16, 17}, {16, 17}},
      {"v4 0x0b buy", raydium_v4_tagged(v4_buy, 0x0b), true, {15, 16, 17}, {15, 16, 17}},
      {"v4 0x0b sell", raydium_v4_tagged(v4_sell, 0x0b), false, {15, 16, 17}, {16, 17}},
      {"v4 0x10 buy", v4_buy_short, true, {5, 6, 7}, {5, 6, 7}},
      {"v4 0x10 sell", v4_sell_short, false, {5, 6, 7}, {6, 7}},
      {"v4 0x11 buy", raydium_v4_tagged(v4_buy_short, 0x11), true, {5, 6, 7}, {5, 6, 7}},
      {"v4 0x11 sell", raydium_v4_tagged(v4_sell_short, 0x11), false, {5, 6, 7}, {6, 7}},
      {"pumpswap buy",
       pump_swap_trade(tag_buy, once, temporary, mint, wsol, 7, 70),
       true,
       {1, 3, 4, 5, 6},
       {1, 4, 5, 6}},
      {"pumpswap buy_exact_quote_in",
       pump_swap_trade(tag_buy_exact_in, once, temporary, mint, wsol, 7, 70),
       true,
       {1, 3, 4, 5, 6},
       {1, 4, 5, 6}},
      {"pumpswap sell",
       pump_swap_trade(tag_sell, token_account, wsol_account, mint, wsol, 7, 70),
       false,
       {1, 3, 4, 5, 6},
       {1, 4, 6}},
      {"pumpswap buy where wSOL is the base",
       pump_swap_trade(tag_sell, temporary, once, wsol, mint, 7, 70),
       true,
       {1, 3, 4, 5, 6},
       {1, 3, 5, 6}},
      {"whirlpool buy", whirlpool_swap(temporary, once, 11, 12, true, true), true, {1, 3, 5}, {1, 3, 5}},
      {"whirlpool sell", whirlpool_swap(token_account, wsol_account, 11, 12, true, true), false, {1, 3, 5}, {1, 5}},
      {"whirlpool sell b", whirlpool_swap(wsol_account, token_account, 11, 12, true, false), false, {1, 3, 5}, {1, 3}},
      {"whirlpool v2 buy",
       whirlpool_swap_v2(temporary, once, wsol, mint, 11, true),
       true,
       {3, 5, 6, 7, 9},
       {3, 5, 7, 9}},
      {"whirlpool v2 sell",
       whirlpool_swap_v2(token_account, wsol_account, mint, wsol, 11, true),
       false,
       {3, 5, 6, 7, 9},
       {3, 6, 9}},
      {"whirlpool v2 sell b",
       whirlpool_swap_v2(wsol_account, token_account, wsol, mint, 11, false),
       false,
       {3, 5, 6, 7, 9},
       {3, 5, 7}},
  };
}
instructions around(solana::instruction swap, bool buy) {
  if (!buy) return wsol_exit(std::move(swap));
  if (swap.program != pump_program) return wsol_entry(std::move(swap));
  auto all = wsol_entry(std::move(swap));
  all.erase(all.begin() + 3, all.begin() + 5); // no temporary account
  all.pop_back();
  return all;
}

TEST(unit_message_shape, sends_nothing_to_a_stranger_on_any_venue) {
  for (const auto& known : known_swaps()) {
    EXPECT_SHAPE(read(message_of(around(known.swap, known.buy), venue_table())), known.buy ? shape::buy : shape::sell);
    for (std::size_t place = 0; place < known.swap.accounts.size(); ++place) {
      auto swap = known.swap;
      swap.accounts[place] = {.key = stranger, .is_signer = false, .is_writable = true};
      const bool is_signed = read(message_of(around(swap, known.buy), venue_table())).has_value();
      const bool own = std::ranges::find(known.own, place) != known.own.end();
      EXPECT_EQ(is_signed, !own) << known.name << ", account " << place;
    }
  }
}

TEST(unit_message_shape, refuses_every_judged_account_behind_a_lookup_table) {
  const auto hidden = made_address(90);
  const std::vector<solana::lookup_table> table{{.key = made_address(80), .addresses = {hidden}}};
  const auto check = [&](std::string_view name, const solana::instruction& ix, const std::vector<std::size_t>& judged) {
    for (std::size_t place = 0; place < ix.accounts.size(); ++place) {
      auto changed = ix;
      changed.accounts[place] = {.key = hidden, .is_signer = false, .is_writable = true};
      const auto got = read(message_of({changed}, table));
      const bool refused = !got && got.error().why == refusal::hidden_account;
      EXPECT_EQ(refused, std::ranges::find(judged, place) != judged.end()) << name << ", account " << place;
    }
  };
  for (const auto& known : known_swaps()) check(known.name, known.swap, known.judged);
  const auto theirs = solana::associated_token_address(cold_wallet, mint, token_program).key;
  check("transfer", transfer(wallet, cold_wallet, 5), {0, 1});
  check("create with seed", create_seeded(once, "00000000000000000000000000000001", 1, 165, token_program), {0, 1});
  check("initialize", initialize_account(once, mint, wallet), {0, 1});
  check("open", create_ata(token_account, wallet, mint), {0, 1, 2, 3});
  check("close", close(token_account), {0, 1, 2});
  check("sync", sync_native(wsol_account), {0});
  check("transfer of tokens", transfer_tokens(token_account, mint, theirs, 5), {1, 2, 3});
  check("advance", advance_nonce(), {0, 2});
  check("withdraw nonce",
        call(system_program, {made_address(20), wallet, made_address(21), made_address(22), wallet},
             joined({le(5, 4), le(7, 8)})),
        {1, 4});
  check("make nonce",
        call(system_program, {made_address(20), made_address(21), made_address(22)}, joined({le(6, 4), of(wallet)})),
        {0});
  check("extend", call(pump_swap_program, places(5, {{1, wallet}}), of("\xea\x66\xc2\xcb\x96\x48\x3e\xe5")), {1});
}

TEST(unit_message_shape, refuses_bytes_that_are_no_message) {
  const auto good = message_of(pump_entry(1));
  for (std::size_t i = 0; i < good.size(); i += 7)
    EXPECT_REFUSED(read(std::vector(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i))), refusal::malformed);
}

TEST(unit_message_shape, never_overflows_a_sum) {
  auto all = pump_entry(UINT64_MAX, UINT64_MAX);
  const auto got = read(all);
  EXPECT_SHAPE(got, shape::buy);
  EXPECT_EQ(cost_of(*got).value, UINT64_MAX);
}

} // namespace
