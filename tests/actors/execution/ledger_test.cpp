// The books: every entry sums to zero, positions are what fills and external movements say, and a wrong chain is
// noticed.
#include "actors/execution/ledger.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>

using namespace sett;
using namespace sett::execution;

namespace {

mint_address mint_of(std::uint8_t n) {
  mint_address m;
  m.bytes.fill(n);
  return m;
}

transaction_outcome buy(std::uint64_t paid, std::uint64_t got) {
  return {.ok = true,
          .error_code = 0,
          .fee = lamports(5'000),
          .tip = lamports(1'000),
          .lamports_before = lamports(1'000'000'000),
          .lamports_after = lamports(1'000'000'000 - paid - 5'000 - 1'000 - 2'039'280),
          .rent_before = lamports(0),
          .rent_after = lamports(2'039'280),
          .tokens_before = token_amount(0),
          .tokens_after = token_amount(got)};
}

} // namespace

TEST(unit_ledger, a_buy_is_split_into_price_fee_tip_and_rent) {
  ledger books;
  const auto e = entry_of(mint_of(1), buy(100'000, 777));
  EXPECT_TRUE(is_balanced(e));
  books.book(e);
  EXPECT_TRUE(books.lamports_of(ledger_account::market) == 100'000);
  EXPECT_TRUE(books.lamports_of(ledger_account::fees) == 5'000);
  EXPECT_TRUE(books.lamports_of(ledger_account::tips) == 1'000);
  EXPECT_TRUE(books.lamports_of(ledger_account::rent) == 2'039'280);
  EXPECT_TRUE(books.lamports_of(ledger_account::wallet) == -(100'000 + 6'000 + 2'039'280));
  EXPECT_EQ(books.tokens(mint_of(1)), token_amount(777));
  EXPECT_EQ(books.holdings.at(mint_of(1)).cost, lamports(106'000)); // rent comes back: it is no cost
}

TEST(unit_ledger, a_part_sold_takes_its_share_of_the_cost) {
  ledger books;
  books.book(entry_of(mint_of(1), buy(100'000, 1'000)));
  books.book(entry_of(mint_of(1), {.ok = true,
                                   .error_code = 0,
                                   .fee = lamports(10),
                                   .tip = {},
                                   .lamports_before = lamports(0),
                                   .lamports_after = lamports(50'000),
                                   .rent_before = {},
                                   .rent_after = {},
                                   .tokens_before = token_amount(1'000),
                                   .tokens_after = token_amount(750)}));
  EXPECT_EQ(books.tokens(mint_of(1)), token_amount(750));
  EXPECT_EQ(books.holdings.at(mint_of(1)).cost, lamports(79'500));
  books.book(external_entry(mint_of(1), 0, -750, {}));
  EXPECT_TRUE(books.holdings.empty());
}

TEST(unit_ledger, a_failed_transaction_costs_its_fee_alone) {
  ledger books;
  books.book(entry_of(mint_of(1), {.ok = false,
                                   .error_code = 6'001,
                                   .fee = lamports(5'000),
                                   .tip = {},
                                   .lamports_before = lamports(9'000),
                                   .lamports_after = lamports(4'000),
                                   .rent_before = {},
                                   .rent_after = {},
                                   .tokens_before = token_amount(3),
                                   .tokens_after = token_amount(3)}));
  EXPECT_TRUE(books.lamports_of(ledger_account::market) == 0);
  EXPECT_TRUE(books.lamports_of(ledger_account::fees) == 5'000);
  EXPECT_TRUE(books.holdings.empty());
}

TEST(unit_ledger, reconciliation_names_every_difference) {
  ledger books;
  books.book(external_entry({}, 1'000'000'000, 0, {}));
  books.book(entry_of(mint_of(1), buy(100'000, 777)));
  chain_balances chain{.slot = slot_number(9),
                       .wallet = lamports(1'000'000'000 - 100'000 - 6'000 - 2'039'280),
                       .rent = lamports(2'039'280),
                       .tokens = {{mint_of(1), token_amount(777)}}};
  EXPECT_TRUE(reconcile(books, chain).empty());
  chain.wallet.value += 1;
  chain.tokens.emplace_back(mint_of(2), token_amount(5));
  chain.tokens[0].second = token_amount(776);
  const auto found = reconcile(books, chain);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[0].mint.is_zero() && found[0].on_chain - found[0].booked == 1);
  EXPECT_TRUE(found[1].mint == mint_of(1) && found[1].booked == 777 && found[1].on_chain == 776);
  EXPECT_TRUE(found[2].mint == mint_of(2) && found[2].booked == 0);
}

TEST(unit_ledger, every_entry_sums_to_zero_and_the_books_follow_the_chain) {
  EXPECT_TRUE(rc::check("any run of transactions", [] {
    ledger books;
    std::uint64_t wallet = 0, rent = 0;
    std::array<std::uint64_t, 3> tokens{};
    for (int i = 0; i < 20; ++i) {
      const auto which = static_cast<std::uint8_t>(*rc::gen::inRange(0, 3));
      const auto after = *rc::gen::arbitrary<std::uint64_t>(), rent_after = *rc::gen::arbitrary<std::uint64_t>(),
                 tokens_after = *rc::gen::arbitrary<std::uint64_t>();
      const auto e = entry_of(mint_of(static_cast<std::uint8_t>(which + 1)),
                              {.ok = true,
                               .error_code = 0,
                               .fee = lamports(*rc::gen::arbitrary<std::uint64_t>()),
                               .tip = lamports(*rc::gen::arbitrary<std::uint64_t>()),
                               .lamports_before = lamports(wallet),
                               .lamports_after = lamports(after),
                               .rent_before = lamports(rent),
                               .rent_after = lamports(rent_after),
                               .tokens_before = token_amount(tokens.at(which)),
                               .tokens_after = token_amount(tokens_after)});
      RC_ASSERT(is_balanced(e));
      books.book(e);
      wallet = after;
      rent = rent_after;
      tokens.at(which) = tokens_after;
    }
    chain_balances chain{.slot = {}, .wallet = lamports(wallet), .rent = lamports(rent), .tokens = {}};
    for (std::uint8_t m = 0; m < 3; ++m)
      chain.tokens.emplace_back(mint_of(static_cast<std::uint8_t>(m + 1)), token_amount(tokens.at(m)));
    RC_ASSERT(reconcile(books, chain).empty());
    int128 sum = 0;
    for (const auto v : books.balances) sum += v;
    RC_ASSERT(sum == 0);
  }));
}
