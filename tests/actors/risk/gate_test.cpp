// What the limits allow: each denial with its figures, and the properties that hold for all of them.
#include "tests/actors/risk/risk_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <set>

namespace sett::risk {
namespace {

using namespace test;
using ::testing::HasSubstr;

constexpr std::int64_t noon = 20'000 * std::int64_t{86'400} + 43'200;

/// The reason, which must be there.
reason denied(const limits& l, const book& b, const conditions& c, const entry_request& r) {
  const auto why = review(l, b, c, r);
  EXPECT_TRUE(why.has_value());
  return why.value_or(reason{});
}

book with_entry(const entry_request& r, std::int64_t second = noon) {
  book b;
  apply(b, opened(r), unix_seconds(second));
  return b;
}
/// A position that was bought for `cost` and sold at a loss.
void lose(book& b, std::uint8_t mint, std::uint64_t loss, std::int64_t second) {
  const auto r = request(mint);
  apply(b, opened(r), unix_seconds(second));
  apply(b, event::entry_closed{r.strategy, r.mint, opened(r).reserved, lamports(loss + 1)}, unix_seconds(second));
  apply(b, event::sold{r.strategy, r.mint, lamports(loss + 1), -static_cast<std::int64_t>(loss)}, unix_seconds(second));
  apply(b, event::position_closed{r.strategy, r.mint}, unix_seconds(second));
}

TEST(unit_risk_gate, an_entry_within_all_limits_is_allowed) {
  EXPECT_EQ(review(default_limits(), {}, at(noon), request()), std::nullopt);
  EXPECT_EQ(standing(default_limits(), {}, at(noon)).state, trading_state::active);
}

TEST(unit_risk_gate, a_denial_says_what_was_measured_the_bound_its_setting_and_the_slot) {
  auto r = request();
  r.spend = lamports(60'000'000);
  const auto why = denied(default_limits(), {}, at(noon), r);
  EXPECT_EQ(why, (reason{reason_code::trade_size, 60'000'000, 50'000'000, slot_number(77)}));
  EXPECT_EQ(sentence(why),
            "the entry would spend 0.060000000 SOL, at most 0.050000000 SOL (risk.trade_lamports_max), at slot 77");
}

TEST(unit_risk_gate, each_bound_on_what_is_committed_counts_reservations_and_what_is_held) {
  auto held = request(1, 10'000);
  held.cost_max = {};
  auto b = with_entry(held);
  apply(b, event::entry_closed{held.strategy, held.mint, lamports(10'000), lamports(9'000)}, unix_seconds(noon));
  auto open = request(2, 20'000);
  open.cost_max = {};
  open.creator = held.creator;
  apply(b, opened(open), unix_seconds(noon));
  EXPECT_EQ(in_account(b).lamports, 29'000U);

  struct row {
    std::uint64_t limits::* bound;
    reason_code code;
    std::uint64_t measured;
  };
  auto next = request(2, 500);
  next.cost_max = lamports(1);
  next.creator = held.creator;
  for (const auto& x : {row{&limits::token_lamports_max, reason_code::token_exposure, 20'501},
                        row{&limits::creator_lamports_max, reason_code::creator_exposure, 29'501},
                        row{&limits::strategy_lamports_max, reason_code::strategy_exposure, 29'501},
                        row{&limits::account_lamports_max, reason_code::account_exposure, 29'501}}) {
    auto l = no_limits();
    l.*x.bound = x.measured;
    EXPECT_EQ(review(l, b, at(noon), next), std::nullopt) << to_text(x.code);
    l.*x.bound = x.measured - 1;
    EXPECT_EQ(denied(l, b, at(noon), next), (reason{x.code, x.measured, x.measured - 1, slot_number(77)}));
  }
  next.budget = lamports(29'500);
  EXPECT_EQ(denied(no_limits(), b, at(noon), next).code, reason_code::strategy_budget);
}

TEST(unit_risk_gate, an_unknown_creator_is_one_of_its_own) {
  auto l = no_limits();
  l.creator_positions_max = 1;
  auto first = request(1), second = request(2);
  first.creator = second.creator = {};
  const auto b = with_entry(first);
  EXPECT_EQ(review(l, b, at(noon), second), std::nullopt);
  second.creator = first.creator = creator_of(9);
  EXPECT_EQ(denied(l, with_entry(first), at(noon), second).code, reason_code::creator_positions);
}

TEST(unit_risk_gate, positions_are_counted_once_and_more_of_one_is_no_further_position) {
  auto l = no_limits();
  l.positions_max = 1;
  const auto b = with_entry(request(1));
  EXPECT_EQ(review(l, b, at(noon), request(1)), std::nullopt);
  EXPECT_EQ(denied(l, b, at(noon), request(2)).code, reason_code::positions);
  l = no_limits();
  l.strategy_positions_max = 1;
  EXPECT_EQ(denied(l, b, at(noon), request(2)).code, reason_code::strategy_positions);
  auto other = request(2);
  other.strategy = strategy_id(2);
  EXPECT_EQ(review(l, b, at(noon), other), std::nullopt);
  other.strategy = strategy_id(1);
  other.strategy_positions_max = 1;
  EXPECT_EQ(denied(no_limits(), b, at(noon), other).code, reason_code::strategy_positions);
}

TEST(unit_risk_gate, orders_of_the_last_minute_count_and_older_ones_do_not) {
  auto l = no_limits();
  l.orders_per_minute_max = 2;
  auto b = with_entry(request(1), noon);
  apply(b, opened(request(2)), unix_seconds(noon + 30));
  EXPECT_EQ(denied(l, b, at(noon + 59), request(3)).measured, 3U);
  EXPECT_EQ(review(l, b, at(noon + 60), request(3)), std::nullopt);
  l = no_limits();
  l.strategy_orders_per_minute_max = 1;
  EXPECT_EQ(denied(l, b, at(noon + 60), request(3)).code, reason_code::strategy_orders_per_minute);
}

TEST(unit_risk_gate, a_days_loss_is_over_at_midnight_utc) {
  auto l = no_limits();
  l.day_loss_lamports_max = 4'999;
  book b;
  lose(b, 1, 5'000, noon);
  const auto midnight = noon - 43'200 + 86'400;
  const auto s = standing(l, b, at(midnight - 1));
  EXPECT_EQ(s.state, trading_state::reducing);
  EXPECT_EQ(s.why->code, reason_code::day_loss);
  EXPECT_EQ(review_account(l, b, at(midnight)), std::nullopt);
  auto told = b;
  pass_time(told, unix_seconds(midnight));
  EXPECT_EQ(told.day_profit, 0);
  pass_time(told, unix_seconds(noon)); // a clock that runs backwards
  EXPECT_EQ(told.now.value, midnight);
  l = no_limits();
  l.strategy_day_loss_lamports_max = 4'999;
  EXPECT_EQ(denied(l, b, at(noon), request()).code, reason_code::strategy_day_loss);
  auto other = request();
  other.strategy = strategy_id(2);
  EXPECT_EQ(review(l, b, at(noon), other), std::nullopt);
}

TEST(unit_risk_gate, losses_in_a_row_pause_buying_for_a_while) {
  auto l = no_limits();
  l.losses_in_row_max = 2;
  l.pause_s = 600;
  book b;
  lose(b, 1, 10, noon);
  lose(b, 2, 10, noon + 1);
  EXPECT_EQ(review_account(l, b, at(noon + 1)), std::nullopt);
  lose(b, 3, 10, noon + 2);
  EXPECT_EQ(review_account(l, b, at(noon + 602))->code, reason_code::losses_in_row);
  EXPECT_EQ(review_account(l, b, at(noon + 603)), std::nullopt);
  const auto r = request(4);
  apply(b, opened(r), unix_seconds(noon + 3));
  apply(b, event::entry_closed{r.strategy, r.mint, opened(r).reserved, lamports(5)}, unix_seconds(noon + 3));
  apply(b, event::sold{r.strategy, r.mint, lamports(5), 1}, unix_seconds(noon + 3));
  apply(b, event::position_closed{r.strategy, r.mint}, unix_seconds(noon + 3));
  EXPECT_EQ(review_account(l, b, at(noon + 4)), std::nullopt) << "a profit ends the streak";
}

TEST(unit_risk_gate, the_sum_of_losses_within_the_window_pauses_buying) {
  auto l = no_limits();
  l.loss_window_s = 3'600;
  l.loss_window_lamports_max = 30;
  book b;
  lose(b, 1, 20, noon);
  lose(b, 2, 11, noon + 3'000);
  EXPECT_EQ(review_account(l, b, at(noon + 3'000)), (reason{reason_code::loss_sum, 31, 30, slot_number(77)}));
  EXPECT_EQ(review_account(l, b, at(noon + 3'600 + 60)), std::nullopt);
}

TEST(unit_risk_gate, fills_worse_than_their_quote_and_failed_attempts_pause_buying) {
  auto l = no_limits();
  l.slippage_fills_max = 1;
  l.pause_s = 60;
  book b;
  apply(b, event::filled{501, 500}, unix_seconds(noon));
  EXPECT_EQ(review_account(l, b, at(noon)), std::nullopt);
  apply(b, event::filled{600, 500}, unix_seconds(noon));
  EXPECT_EQ(review_account(l, b, at(noon))->code, reason_code::bad_fills);
  apply(b, event::filled{500, 500}, unix_seconds(noon));
  EXPECT_EQ(review_account(l, b, at(noon)), std::nullopt);

  l = no_limits();
  l.failed_sends_max = 2;
  l.failed_sends_window_s = 60;
  for (int i = 0; i < 3; ++i) apply(b, event::send_failed{}, unix_seconds(noon));
  EXPECT_EQ(review_account(l, b, at(noon))->code, reason_code::failed_sends);
  EXPECT_EQ(review_account(l, b, at(noon + 120)), std::nullopt);
}

TEST(unit_risk_gate, a_drawdown_halts_until_somebody_resumes) {
  auto l = no_limits();
  l.drawdown_bps_max = 2'000;
  book b;
  apply(b, event::worth_measured{lamports(1'000)}, unix_seconds(noon));
  apply(b, event::worth_measured{lamports(800)}, unix_seconds(noon));
  EXPECT_EQ(standing(l, b, at(noon)).state, trading_state::active);
  apply(b, event::worth_measured{lamports(799)}, unix_seconds(noon));
  EXPECT_EQ(standing(l, b, at(noon + 1'000'000)).state, trading_state::halted);
  for (const std::uint64_t recovered : {900, 1'000, 5'000}) {
    apply(b, event::worth_measured{lamports(recovered)}, unix_seconds(noon));
    const auto s = standing(l, b, at(noon));
    EXPECT_EQ(s.state, trading_state::halted) << recovered;
    ASSERT_TRUE(s.why);
    EXPECT_EQ(*s.why, (reason{reason_code::drawdown, 2'010, 2'000, slot_number(77)}));
  }
  auto wider = l;
  wider.drawdown_bps_max = 2'010;
  EXPECT_EQ(standing(wider, b, at(noon)).state, trading_state::active) << "a changed limit holds at once";
  apply(b, event::worth_measured{lamports(799)}, unix_seconds(noon));
  apply(b, event::resumed{}, unix_seconds(noon));
  EXPECT_EQ(standing(l, b, at(noon)).state, trading_state::active);
  EXPECT_EQ(b.worth_highest, lamports(799));
  apply(b, event::halted{}, unix_seconds(noon));
  EXPECT_EQ(standing(l, b, at(noon)).why->code, reason_code::halted);
}

TEST(unit_risk_gate, the_state_of_data_cluster_chain_and_token_stops_entries) {
  struct row {
    std::uint64_t conditions::* of;
    std::uint64_t limits::* bound;
    reason_code code;
  };
  for (const auto& x :
       {row{&conditions::data_age_ms, &limits::data_age_ms_max, reason_code::stale_data},
        row{&conditions::slots_behind, &limits::slots_behind_max, reason_code::slots_behind},
        row{&conditions::replicas_missing, &limits::replicas_missing_max, reason_code::under_replicated},
        row{&conditions::skip_rate_bps, &limits::skip_rate_bps_max, reason_code::skip_rate},
        row{&conditions::fee_p75_micro_lamports, &limits::fee_p75_micro_lamports_max, reason_code::fee_level}}) {
    auto l = no_limits();
    l.*x.bound = 5;
    auto c = at(noon);
    c.*x.of = 5;
    EXPECT_EQ(review(l, {}, c, request()), std::nullopt);
    c.*x.of = 6;
    EXPECT_EQ(denied(l, {}, c, request()).code, x.code);
    EXPECT_EQ(standing(l, {}, c).state, trading_state::reducing);
  }
  auto l = no_limits();
  l.incomplete_allowed = false;
  auto r = request();
  r.incomplete = true;
  EXPECT_EQ(denied(l, {}, at(noon), r).code, reason_code::incomplete_data);
  l = no_limits();
  l.volatility_bps_max = 100;
  r = request();
  r.volatility_bps = 101;
  EXPECT_EQ(denied(l, {}, at(noon), r).code, reason_code::volatility);
}

TEST(unit_risk_gate, amounts_beyond_counting_are_denied_and_not_wrapped) {
  auto r = request();
  r.spend = lamports(UINT64_MAX - 1);
  r.cost_max = lamports(100);
  EXPECT_EQ(denied(no_limits(), {}, at(noon), r).code, reason_code::overflow);
  book b;
  apply(b, event::entry_opened{strategy_id(1), mint_of(1), {}, lamports(UINT64_MAX)}, unix_seconds(noon));
  apply(b, event::entry_opened{strategy_id(1), mint_of(2), {}, lamports(UINT64_MAX)}, unix_seconds(noon));
  EXPECT_EQ(in_account(b).lamports, UINT64_MAX);
}

TEST(unit_risk_reason, every_reason_has_its_own_word_and_a_sentence) {
  std::set<std::string_view> words;
  std::size_t listed = 0;
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<reason_code>(i);
    if (!is_listed(c)) continue;
    ++listed;
    EXPECT_TRUE(words.insert(to_text(c)).second) << to_text(c);
    EXPECT_GT(sentence({c, 1, 2, slot_number(3)}).size(), 15U) << to_text(c);
    const auto key = setting_key(c);
    if (key.empty()) continue;
    EXPECT_THAT(sentence({c, 1, 2, slot_number(3)}), HasSubstr(std::string(key)));
    const auto full = key.find('.') == std::string_view::npos ? "strategy.x." + std::string(key) : std::string(key);
    EXPECT_NE(config::find_declaration(full), nullptr) << full << " is no setting";
  }
  EXPECT_EQ(listed, own_reasons + account_denials);
  for (auto d = static_cast<unsigned>(execution::denial::none) + 1;
       d < static_cast<unsigned>(execution::denial::count_); ++d) {
    const auto denial = static_cast<execution::denial>(d);
    EXPECT_EQ(to_text(account_reason(denial)), "account_" + std::string(execution::to_text(denial)));
  }
  EXPECT_THAT(sentence({account_reason(execution::denial::over_spend), 5, 4, {}}), HasSubstr("over_spend (5, 4)"));
}

// --- properties

std::uint64_t small(std::uint64_t most) { return *rc::gen::inRange<std::uint64_t>(0, most + 1); }

/// A random walk of an account that obeys the gate. `after` sees each state, `entered` each entry before it.
template <class After, class Entered>
void walk(const limits& l, After after, Entered entered) {
  book b;
  std::int64_t now = noon;
  std::vector<entry_request> open;
  const auto steps = small(60);
  for (std::uint64_t i = 0; i < steps; ++i) {
    now += static_cast<std::int64_t>(small(40));
    const auto t = unix_seconds(now);
    switch (small(5)) {
    case 0:
    case 1:
    case 2: {
      auto r = request(static_cast<std::uint8_t>(small(5)), small(400));
      r.strategy = strategy_id(static_cast<std::uint32_t>(1 + small(1)));
      r.creator = small(3) == 0 ? address{} : creator_of(static_cast<std::uint8_t>(small(2)));
      r.cost_max = lamports(small(20));
      r.budget = lamports(700);
      if (review(l, b, at(now), r)) break;
      apply(b, opened(r), t);
      open.push_back(r);
      entered(r, now);
      break;
    }
    case 3: {
      if (open.empty()) break;
      const auto r = open[small(open.size() - 1)];
      std::erase(open, r);
      // What a fill costs is at most what was reserved for it.
      apply(b, event::entry_closed{r.strategy, r.mint, opened(r).reserved, lamports(small(opened(r).reserved.value))},
            t);
      break;
    }
    case 4: {
      if (b.positions.empty()) break;
      const auto it = std::next(b.positions.begin(), static_cast<std::ptrdiff_t>(small(b.positions.size() - 1)));
      const auto [mint, strategy] = it->first;
      const auto cost = small(it->second.held.value);
      const auto profit = static_cast<std::int64_t>(small(100)) - 50;
      if (it->second.held.value == 0) break;
      const bool all = cost == it->second.held.value;
      apply(b, event::sold{strategy, mint, lamports(cost), profit}, t);
      if (all) apply(b, event::position_closed{strategy, mint}, t);
      break;
    }
    default:
      apply(b, event::filled{small(1'000), l.slippage_bps_max}, t);
      break;
    }
    after(b, now);
  }
}

limits tight() {
  auto l = no_limits();
  l.trade_lamports_max = 300;
  l.token_lamports_max = 400;
  l.creator_lamports_max = 600;
  l.strategy_lamports_max = 800;
  l.account_lamports_max = 1'000;
  l.positions_max = 5;
  l.strategy_positions_max = 4;
  l.creator_positions_max = 2;
  l.orders_per_minute_max = 4;
  l.strategy_orders_per_minute_max = 3;
  return l;
}

TEST(unit_risk_properties, limits_hold_at_every_prefix) {
  const bool ok = rc::check([] {
    const auto l = tight();
    // Kept apart from the book: who opened what, when, and in whose token.
    std::vector<std::pair<std::int64_t, strategy_id>> entries;
    std::map<position_key, address> creator_of_position;
    const auto check = [&](const book& b, std::int64_t now) {
      RC_ASSERT(b.misfits == 0U);
      std::erase_if(creator_of_position, [&](const auto& p) { return !b.positions.contains(p.first); });
      RC_ASSERT(creator_of_position.size() == b.positions.size());
      std::map<address, std::pair<std::uint64_t, std::uint64_t>> creators;
      std::map<mint_address, std::uint64_t> tokens;
      std::map<strategy_id, std::pair<std::uint64_t, std::uint64_t>> strategies;
      std::uint64_t account = 0;
      for (const auto& [key, c] : b.positions) {
        const auto sum = c.reserved.value + c.held.value;
        account += sum;
        tokens[key.first] += sum;
        auto& creator = creators[creator_of_position.at(key)];
        creator.first += sum;
        ++creator.second;
        strategies[key.second].first += sum;
        ++strategies[key.second].second;
      }
      RC_ASSERT(account <= l.account_lamports_max);
      RC_ASSERT(b.positions.size() <= l.positions_max);
      for (const auto& [mint, sum] : tokens) RC_ASSERT(sum <= l.token_lamports_max);
      for (const auto& [id, s] : strategies) {
        RC_ASSERT(s.first <= l.strategy_lamports_max);
        RC_ASSERT(s.first <= 700U);
        RC_ASSERT(s.second <= l.strategy_positions_max);
      }
      for (const auto& [who, sums] : creators) {
        RC_ASSERT(sums.first <= l.creator_lamports_max);
        RC_ASSERT(sums.second <= l.creator_positions_max);
      }
      std::uint64_t minute = 0;
      std::map<strategy_id, std::uint64_t> minutes;
      for (const auto& [second, strategy] : entries)
        if (second > now - 60) ++minute, ++minutes[strategy];
      RC_ASSERT(minute <= l.orders_per_minute_max);
      for (const auto& [id, n] : minutes) RC_ASSERT(n <= l.strategy_orders_per_minute_max);
    };
    walk(l, check, [&](const entry_request& r, std::int64_t now) {
      entries.emplace_back(now, r.strategy);
      // A later entry may tell the creator of a token whose first one did not.
      auto& creator = creator_of_position[{r.mint, r.strategy}];
      if (!r.creator.is_zero())
        creator = r.creator;
      else if (creator.is_zero())
        creator = r.mint;
    });
  });
  EXPECT_TRUE(ok);
}

TEST(unit_risk_properties, a_looser_limit_never_denies_more) {
  const bool ok = rc::check([] {
    auto strict = tight();
    strict.day_loss_lamports_max = small(100);
    strict.strategy_day_loss_lamports_max = small(100);
    strict.losses_in_row_max = small(2);
    strict.loss_window_lamports_max = small(100);
    strict.slippage_fills_max = small(2);
    strict.pause_s = small(600);
    auto c = at(noon + 100 + static_cast<std::int64_t>(small(1'000)));
    c.data_age_ms = small(10);
    strict.data_age_ms_max = small(10);
    c.slots_behind = small(3);
    strict.slots_behind_max = small(3);
    auto loose = strict;
    for (const auto b : bounds)
      if (small(1) == 1) loose.*b += *rc::gen::element<std::uint64_t>(0, 1, 50, 1'000'000);
    for (const auto b : bounds)
      if (loose.*b < strict.*b) loose.*b = UINT64_MAX; // it wrapped
    loose.incomplete_allowed = strict.incomplete_allowed || small(1) == 1;
    walk(
        no_limits(),
        [&](const book& b, std::int64_t /*now*/) {
          auto r = request(static_cast<std::uint8_t>(small(5)), small(400));
          r.budget = lamports(small(2'000));
          r.incomplete = small(3) == 0;
          if (!review(strict, b, c, r)) RC_ASSERT(!review(loose, b, c, r).has_value());
          RC_ASSERT(headroom(loose, b, r) >= headroom(strict, b, r));
          // What the headroom leaves is not denied for its amount.
          auto fitting = r;
          fitting.spend = headroom(strict, b, r);
          auto amounts_only = no_limits();
          for (const auto of : {&limits::trade_lamports_max, &limits::token_lamports_max, &limits::creator_lamports_max,
                                &limits::strategy_lamports_max, &limits::account_lamports_max})
            amounts_only.*of = strict.*of;
          if (fitting.spend.value > 0) RC_ASSERT(!review(amounts_only, b, c, fitting).has_value());
        },
        [](const entry_request& /*r*/, std::int64_t /*now*/) {});
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::risk
