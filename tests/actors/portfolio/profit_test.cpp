// Profit and loss: each kind of transaction in figures, and sums that agree with the ledger to the lamport.
#include "actors/portfolio/profit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace sett::portfolio {
namespace {

using execution::entry_of;
using execution::external_entry;
using execution::ledger_account;
using ::testing::HasSubstr;

constexpr std::int64_t noon = 20'777 * std::int64_t{86'400} + 43'200; // 2026-11-20

address key(std::uint8_t n) {
  address a;
  a.bytes.fill(n);
  return a;
}
trade_facts facts(trade_kind kind, std::uint8_t mint = 1, std::uint32_t strategy = 1, std::int64_t at = noon) {
  trade_facts f{.kind = kind,
                .wallet = key(200),
                .strategy = strategy_id(strategy),
                .venue = program_kind::pump,
                .mint = key(mint),
                .time = unix_seconds(at),
                .slot = slot_number(77),
                .signature = {},
                .intent = {}};
  return f;
}
/// A transaction that moves `tokens` to what is held after, for `market` lamports (negative: received).
execution::transaction_outcome moved(std::int64_t market, std::uint64_t before, std::uint64_t after,
                                     std::uint64_t fee = 5'000, std::uint64_t tip = 0, std::uint64_t rent_before = 0,
                                     std::uint64_t rent_after = 0) {
  constexpr std::int64_t base = 1'000'000'000'000;
  const auto left = base - market - static_cast<std::int64_t>(fee + tip) + static_cast<std::int64_t>(rent_before) -
                    static_cast<std::int64_t>(rent_after);
  return {.ok = true,
          .error_code = 0,
          .fee = lamports(fee),
          .tip = lamports(tip),
          .lamports_before = lamports(base),
          .lamports_after = lamports(static_cast<std::uint64_t>(left)),
          .rent_before = lamports(rent_before),
          .rent_after = lamports(rent_after),
          .tokens_before = token_amount(before),
          .tokens_after = token_amount(after)};
}
std::optional<lamports> no_quote(const open_position& /*p*/) { return std::nullopt; }

TEST(unit_profit, a_buy_realises_nothing_and_a_sell_what_it_brought_beyond_its_cost) {
  profit_book b;
  auto row = b.book(facts(trade_kind::buy), entry_of(key(1), moved(1'000'000, 0, 500, 5'000, 1'000, 0, 2'039'280)));
  EXPECT_TRUE(row.realised == 0);
  EXPECT_EQ(row.cost, 1'006'000U);
  EXPECT_TRUE(row.rent == 2'039'280);
  EXPECT_TRUE(row.tokens == 500);

  row = b.book(facts(trade_kind::sell), entry_of(key(1), moved(-900'000, 500, 250)));
  EXPECT_TRUE(row.realised == 900'000 - 5'000 - 503'000);
  EXPECT_EQ(row.cost, 503'000U);
  EXPECT_TRUE(row.tokens == -250);

  const auto open = b.open([](const open_position& p) {
    EXPECT_EQ(p.strategy, strategy_id(1));
    EXPECT_EQ(p.tokens, token_amount(250));
    return std::optional(lamports(600'000));
  });
  EXPECT_TRUE(open.profit() == 97'000);
  const auto unquoted = b.open(no_quote);
  EXPECT_EQ(unquoted.unquoted, 1U);
  EXPECT_TRUE(unquoted.profit() == 0);
  EXPECT_TRUE(unquoted.unquoted_cost == 503'000);

  // Closing the account gives its rent back: no profit.
  row = b.book(facts(trade_kind::sell), entry_of(key(1), moved(-100'000, 250, 0, 5'000, 0, 2'039'280, 0)));
  EXPECT_TRUE(row.realised == 100'000 - 5'000 - 503'000);
  EXPECT_TRUE(b.positions().empty());
  EXPECT_EQ(b.total().wins, 1U);
  EXPECT_EQ(b.total().losses, 1U);
  EXPECT_TRUE(b.total().brought == 1'000'000);
}

TEST(unit_profit, a_failed_attempt_costs_its_fee_and_a_seizure_what_was_paid) {
  profit_book b;
  EXPECT_TRUE(b.book(facts(trade_kind::failed), entry_of(key(1), moved(0, 0, 0))).realised == -5'000);
  EXPECT_TRUE(b.positions().empty());
  b.book(facts(trade_kind::buy), entry_of(key(1), moved(1'000'000, 0, 500)));
  EXPECT_TRUE(b.book(facts(trade_kind::external), external_entry(key(1), 0, -500, {})).realised == -1'005'000);
  EXPECT_TRUE(b.book(facts(trade_kind::external), external_entry({}, 7'000'000, 0, {})).realised == 0)
      << "a deposit is no profit";
  EXPECT_TRUE(b.book(facts(trade_kind::external, 9), external_entry(key(9), 0, 1'000, {})).realised == 0)
      << "nor is an airdrop";
  EXPECT_EQ(b.total().failed, 1U);
  EXPECT_EQ(b.total().external, 3U);
}

TEST(unit_profit, groups_are_told_apart_by_strategy_wallet_venue_and_hour) {
  profit_book b;
  b.book(facts(trade_kind::buy, 1, 1, noon), entry_of(key(1), moved(1'000, 0, 10, 0)));
  b.book(facts(trade_kind::sell, 1, 1, noon + 3'599), entry_of(key(1), moved(-1'500, 10, 0, 0)));
  auto other = facts(trade_kind::buy, 2, 2, noon + 3'600);
  other.venue = program_kind::raydium_cpmm;
  other.wallet = key(201);
  b.book(other, entry_of(key(2), moved(2'000, 0, 10, 0)));

  const auto by_strategy = b.by(dimension::strategy, [](const auto&) { return std::optional(lamports(1'900)); });
  ASSERT_EQ(by_strategy.size(), 2U);
  EXPECT_EQ(by_strategy[0].of, group(strategy_id(1)));
  EXPECT_TRUE(by_strategy[0].done.realised == 500);
  EXPECT_EQ(by_strategy[0].open.positions, 0U);
  EXPECT_TRUE(by_strategy[1].open.profit() == -100);
  EXPECT_EQ(b.by(dimension::wallet, no_quote).size(), 2U);
  const auto by_venue = b.by(dimension::venue, no_quote);
  EXPECT_EQ(by_venue[0].of, group(program_kind::pump));
  const auto by_hour = b.by(dimension::hour, no_quote);
  ASSERT_EQ(by_hour.size(), 2U);
  EXPECT_EQ(by_hour[0].of, group(unix_seconds(noon)));
  EXPECT_TRUE(by_hour[0].done.realised == 500);
  EXPECT_EQ(by_hour[1].of, group(unix_seconds(noon + 3'600)));
}

TEST(unit_profit, a_row_of_history_has_a_field_for_each_column) {
  profit_book b;
  auto f = facts(trade_kind::buy);
  f.signature.bytes.fill(1);
  const auto row = b.book(f, entry_of(key(1), moved(1'000'000, 0, 500, 5'000, 1'000, 0, 2'039'280)));
  EXPECT_EQ(csv_header(), "time,slot,kind,wallet,strategy,venue,mint,tokens,market_lamports,fee_lamports,tip_lamports,"
                          "rent_lamports,external_lamports,cost_lamports,realised_lamports,intent,signature\n");
  const auto line = csv_line(row, "launch");
  EXPECT_THAT(line, HasSubstr("2026-11-20T12:00:00Z,77,buy,"));
  EXPECT_THAT(line, HasSubstr(",launch,pump,"));
  EXPECT_THAT(line, HasSubstr(",500,1000000,5000,1000,2039280,0,1006000,0,,"));
  EXPECT_EQ(std::count(line.begin(), line.end(), ','), 16);
}

TEST(unit_profit, a_day_is_summed_up_for_people) {
  profit_book b;
  b.book(facts(trade_kind::buy), entry_of(key(1), moved(1'000'000'000, 0, 500)));
  b.book(facts(trade_kind::sell), entry_of(key(1), moved(-1'250'000'000, 500, 100)));
  b.book(facts(trade_kind::buy, 1, 1, noon + 86'400), entry_of(key(1), moved(5, 100, 200)));
  const auto day = noon / 86'400;
  const auto text = daily_summary(day, b.of_day(day), b.open(no_quote));
  EXPECT_EQ(text,
            "2026-11-20 (UTC): realised 0.449991000 SOL after 0.000010000 SOL of fees and 0.000000000 SOL of tips.\n"
            "1 buy for 1.000000000 SOL, 1 sell for 1.250000000 SOL (1 with a profit, 0 with a loss), 0 attempts "
            "failed, 0 external movements.\n"
            "Open now: 1 position, cost 0.000000000 SOL, sold now they would bring 0.000000000 SOL (0.000000000 "
            "SOL profit).\n"
            "Of these 1 without a quote, cost 0.200006005 SOL.\n");
  EXPECT_EQ(sol_text(-1), "-0.000000001");
  EXPECT_EQ(date_text(-1), "1969-12-31");
}

TEST(unit_profit, hours_beyond_the_bound_become_one_group_and_nothing_is_lost) {
  profit_book b;
  const auto hours = static_cast<std::int64_t>(profit_book::hours_max) + 50;
  for (std::int64_t h = 0; h < hours; ++h)
    b.book(facts(trade_kind::failed, 1, 1, noon + h * 3'600), entry_of(key(1), moved(0, 0, 0, 1)));
  const auto rows = b.by(dimension::hour, no_quote);
  EXPECT_EQ(rows.size(), profit_book::hours_max + 1);
  EXPECT_EQ(rows[0].of, group(unix_seconds(0)));
  EXPECT_EQ(rows[0].done.failed, 50U);
  int128 sum = 0;
  for (const auto& r : rows) sum += r.done.realised;
  EXPECT_TRUE(sum == -hours);
}

TEST(unit_profit_properties, sums_agree_with_the_ledger_to_the_lamport_however_they_are_grouped) {
  const bool ok = rc::check([] {
    const auto in = [](std::int64_t from, std::int64_t to) { return *rc::gen::inRange(from, to); };
    profit_book b;
    std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint64_t> held;
    int128 rows = 0;
    const auto n = in(0, 60);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto wallet = static_cast<std::uint8_t>(200 + in(0, 2)), mint = static_cast<std::uint8_t>(in(1, 4));
      auto f = facts(trade_kind::buy, mint, static_cast<std::uint32_t>(in(0, 3)), noon + in(0, 100'000));
      f.wallet = key(wallet);
      f.venue = in(0, 2) == 0 ? program_kind::pump : program_kind::raydium_cpmm;
      auto& tokens = held[{wallet, mint}];
      execution::ledger_entry e;
      const auto fee = static_cast<std::uint64_t>(in(0, 10'000)), tip = static_cast<std::uint64_t>(in(0, 10'000));
      switch (in(0, 5)) {
      case 0:
      case 1: {
        const auto more = static_cast<std::uint64_t>(in(1, 1'000'000));
        e = entry_of(f.mint, moved(in(0, 1'000'000'000), tokens, tokens + more, fee, tip, 0,
                                   static_cast<std::uint64_t>(in(0, 3'000'000))));
        tokens += more;
        break;
      }
      case 2: {
        f.kind = trade_kind::sell;
        const auto less = static_cast<std::uint64_t>(in(0, static_cast<std::int64_t>(tokens) + 1));
        e = entry_of(f.mint, moved(-in(0, 2'000'000'000), tokens, tokens - less, fee, tip));
        tokens -= less;
        break;
      }
      case 3:
        f.kind = trade_kind::failed;
        e = entry_of(f.mint, moved(0, tokens, tokens, fee, tip));
        break;
      default: {
        f.kind = trade_kind::external;
        const auto after = static_cast<std::uint64_t>(in(0, 2'000'000));
        e = external_entry(f.mint, in(-1'000'000, 1'000'000), static_cast<int128>(after) - static_cast<int128>(tokens),
                           lamports(fee));
        tokens = after;
        break;
      }
      }
      rows += b.book(f, e).realised;
    }
    int128 books = 0;
    for (std::uint8_t w = 200; w < 202; ++w)
      if (const auto* l = b.ledger_of(key(w))) {
        books -= l->lamports_of(ledger_account::market) + l->lamports_of(ledger_account::fees) +
                 l->lamports_of(ledger_account::tips);
        for (const auto& [mint, h] : l->holdings) books += static_cast<int128>(h.cost.value);
      }
    RC_ASSERT(rows == books);
    RC_ASSERT(b.total().realised == books);
    const auto quote = [](const open_position& p) -> std::optional<lamports> {
      if (p.mint == key(3)) return std::nullopt;
      return lamports(p.tokens.value * 3);
    };
    const auto all = b.open(quote);
    for (const auto d : {dimension::strategy, dimension::wallet, dimension::venue, dimension::hour}) {
      figures done;
      int128 value = 0, cost = 0;
      std::uint64_t positions = 0;
      for (const auto& r : b.by(d, quote)) {
        done = plus(done, r.done);
        value += r.open.value;
        cost += r.open.cost + r.open.unquoted_cost;
        positions += r.open.positions;
      }
      RC_ASSERT(done == b.total());
      RC_ASSERT(value == all.value);
      RC_ASSERT(positions == all.positions);
      RC_ASSERT(cost == all.cost + all.unquoted_cost);
    }
    figures days;
    for (auto day = noon / 86'400; day <= noon / 86'400 + 2; ++day) days = plus(days, b.of_day(day));
    RC_ASSERT(days == b.total());
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::portfolio
