#include "actors/screening/launch_buys.hpp"
#include "tests/actors/screening/made_mint.hpp"

#include <gtest/gtest.h>

namespace sett::screening {
namespace {

constexpr slot_number launch_slot{100};
constexpr std::uint32_t launch_at = 10;

launch_buys launch() { return {key_of(1), launch_slot, launch_at}; }
/// A buy by a wallet that pays for itself, far behind the launch.
launch_buy alone(std::uint8_t wallet, std::uint32_t transaction, std::uint64_t amount = 100) {
  return {key_of(wallet), key_of(wallet), {}, launch_slot, transaction, token_amount{amount}};
}

TEST(unit_launch_buys, strangers_that_buy_apart_are_no_bundle) {
  auto l = launch();
  l.add(alone(2, 20));
  l.add(alone(3, 21));
  l.add(alone(4, 30));
  EXPECT_EQ(l.bundled().wallets, 0U);
  EXPECT_EQ(l.share(token_amount{1000}), basis_points{0});
}

TEST(unit_launch_buys, wallets_with_one_payer_one_funder_or_one_transaction_are_one_group) {
  auto l = launch();
  auto paid = alone(2, 20), paid_too = alone(3, 25);
  paid.fee_payer = paid_too.fee_payer = key_of(50);
  l.add(paid);
  l.add(paid_too);
  auto funded = alone(4, 30), funded_too = alone(5, 35);
  funded.funder = funded_too.funder = key_of(60);
  l.add(funded);
  l.add(funded_too);
  l.add(alone(6, 40));
  l.add(alone(7, 40));
  auto funds = alone(8, 50), by_it = alone(9, 60);
  by_it.funder = funds.buyer;
  l.add(funds);
  l.add(by_it);
  l.add(alone(10, 70));
  const auto b = l.bundled();
  EXPECT_EQ(b.groups, 4U);
  EXPECT_EQ(b.wallets, 8U);
  EXPECT_EQ(b.amount, token_amount{800});
  EXPECT_EQ(l.share(token_amount{900}), basis_points{8889}); // rounded up
}

TEST(unit_launch_buys, belonging_is_passed_on) {
  auto l = launch();
  auto a = alone(2, 20), b = alone(3, 20), c = alone(4, 30);
  b.funder = c.funder = key_of(60);
  l.add(a);
  l.add(b);
  l.add(c);
  EXPECT_EQ(l.bundled().groups, 1U);
  EXPECT_EQ(l.bundled().wallets, 3U);
}

TEST(unit_launch_buys,
     the_creators_group_counts_from_one_wallet_on_and_takes_in_what_follows_the_launch_without_a_gap) {
  auto l = launch();
  l.add(alone(2, launch_at + 1));
  l.add(alone(3, launch_at + 2));
  l.add(alone(4, launch_at + 4)); // a gap before it
  EXPECT_EQ(l.bundled().wallets, 2U);
  auto own = launch();
  own.add(alone(1, 40));
  EXPECT_EQ(own.bundled().wallets, 1U);
  auto seeded = launch();
  auto buy = alone(5, 40);
  buy.funder = key_of(1);
  seeded.add(buy);
  EXPECT_EQ(seeded.bundled().wallets, 1U);
  auto tail = launch();
  for (std::uint8_t i = 1; i <= 6; ++i) tail.add(alone(static_cast<std::uint8_t>(10 + i), launch_at + i));
  EXPECT_EQ(tail.bundled().wallets, launch_buys::bundle_max - 1);
}

TEST(unit_launch_buys, other_slots_do_not_count_and_what_is_beyond_the_bound_is_counted) {
  auto l = launch();
  auto late = alone(1, 1);
  late.slot = slot_number{101};
  l.add(late);
  EXPECT_EQ(l.bundled().wallets, 0U);
  for (std::size_t i = 0; i < launch_buys::buys_max + 3; ++i) l.add(alone(1, 1, UINT64_MAX));
  EXPECT_EQ(l.shed(), 3U);
  EXPECT_EQ(l.bundled().amount, token_amount{UINT64_MAX});
  EXPECT_EQ(l.share(token_amount{5}), basis_points{10'000});
}

} // namespace
} // namespace sett::screening
