#include "actors/risk/gate.hpp"

#include "actors/risk/checked.hpp"

#include <algorithm>

namespace sett::risk {

namespace {

struct checker {
  slot_number slot;
  std::optional<reason> found{};

  /// Remembers the first that is above.
  checker& above(reason_code code, std::uint64_t measured, std::uint64_t most) {
    if (!found && measured > most) found = reason{code, measured, most, slot};
    return *this;
  }
};

std::uint64_t loss_of(std::int64_t profit) { return profit < 0 ? magnitude(profit) : 0; }

/// A streak counts until pause_s after its last event.
std::uint64_t streak(std::uint32_t count, unix_seconds last, unix_seconds now, std::uint64_t pause_s) {
  const bool over = now > last && static_cast<std::uint64_t>(now.value - last.value) > pause_s;
  return over ? 0 : count;
}

std::uint64_t minute_of(const recent_sum& entries, unix_seconds now) {
  return sum_over(entries, now, 60, minute_bucket_s);
}

/// Today's, when the book has not been told yet that a new day began.
std::uint64_t lost_today(std::int64_t profit, const book& b, unix_seconds now) {
  const auto day = now.value / 86'400;
  return day > b.day ? 0 : loss_of(profit);
}

void check_account(checker& check, const limits& l, const book& b, const conditions& c) {
  const auto now = std::max(c.now, b.now);
  check.above(reason_code::halted, b.halted ? 1 : 0, 0)
      .above(reason_code::drawdown, b.fall_bps_deepest, l.drawdown_bps_max)
      .above(reason_code::stale_data, c.data_age_ms, l.data_age_ms_max)
      .above(reason_code::slots_behind, c.slots_behind, l.slots_behind_max)
      .above(reason_code::under_replicated, c.replicas_missing, l.replicas_missing_max)
      .above(reason_code::skip_rate, c.skip_rate_bps, l.skip_rate_bps_max)
      .above(reason_code::fee_level, c.fee_p75_micro_lamports, l.fee_p75_micro_lamports_max)
      .above(reason_code::day_loss, lost_today(b.day_profit, b, now), l.day_loss_lamports_max)
      .above(reason_code::losses_in_row, streak(b.losses_in_row, b.last_loss, now, l.pause_s), l.losses_in_row_max)
      .above(reason_code::loss_sum, sum_over(b.losses, now, l.loss_window_s, window_bucket_s),
             l.loss_window_lamports_max)
      .above(reason_code::bad_fills, streak(b.bad_fills_in_row, b.last_bad_fill, now, l.pause_s), l.slippage_fills_max)
      .above(reason_code::failed_sends, sum_over(b.failed_sends, now, l.failed_sends_window_s, window_bucket_s),
             l.failed_sends_max);
}

} // namespace

std::string_view to_text(trading_state s) {
  return s == trading_state::active ? "active" : s == trading_state::reducing ? "reducing" : "halted";
}

std::optional<reason> review_account(const limits& l, const book& b, const conditions& c) {
  checker check{c.slot};
  check_account(check, l, b, c);
  return check.found;
}

account_standing standing(const limits& l, const book& b, const conditions& c) {
  const auto why = review_account(l, b, c);
  if (!why) return {};
  const bool by_hand = why->code == reason_code::halted || why->code == reason_code::drawdown;
  return {by_hand ? trading_state::halted : trading_state::reducing, why};
}

std::optional<reason> review(const limits& l, const book& b, const conditions& c, const entry_request& r) {
  checker check{c.slot};
  check_account(check, l, b, c);
  if (check.found) return check.found;

  const auto now = std::max(c.now, b.now);
  const auto s = b.strategies.find(r.strategy);
  const strategy_tally none;
  const auto& tally = s == b.strategies.end() ? none : s->second;
  check.above(reason_code::strategy_day_loss, lost_today(tally.day_profit, b, now), l.strategy_day_loss_lamports_max)
      .above(reason_code::orders_per_minute, plus(minute_of(b.entries, now), std::uint64_t{1}), l.orders_per_minute_max)
      .above(reason_code::strategy_orders_per_minute, plus(minute_of(tally.entries, now), std::uint64_t{1}),
             l.strategy_orders_per_minute_max)
      .above(reason_code::incomplete_data, r.incomplete ? 1 : 0, l.incomplete_allowed ? 1 : 0)
      .above(reason_code::volatility, r.volatility_bps, l.volatility_bps_max);

  const bool is_new = !b.positions.contains({r.mint, r.strategy});
  const auto more = [&](const committed& at, bool adds_position) {
    return committed{plus(at.lamports, plus(r.spend.value, r.cost_max.value)), at.positions + (adds_position ? 1 : 0)};
  };
  const auto account = more(in_account(b), is_new), strategy = more(in_strategy(b, r.strategy), is_new),
             token = more(in_token(b, r.mint), is_new), creator = more(in_creator(b, r.creator, r.mint), is_new);
  check.above(reason_code::positions, account.positions, l.positions_max)
      .above(reason_code::strategy_positions, strategy.positions,
             std::min(l.strategy_positions_max, r.strategy_positions_max))
      .above(reason_code::creator_positions, creator.positions, l.creator_positions_max)
      .above(reason_code::trade_size, r.spend.value, l.trade_lamports_max)
      .above(reason_code::token_exposure, token.lamports, l.token_lamports_max)
      .above(reason_code::creator_exposure, creator.lamports, l.creator_lamports_max)
      .above(reason_code::strategy_budget, strategy.lamports, r.budget.value)
      .above(reason_code::strategy_exposure, strategy.lamports, l.strategy_lamports_max)
      .above(reason_code::account_exposure, account.lamports, l.account_lamports_max)
      // Beyond what can be counted nothing is counted wrongly: it is denied.
      .above(reason_code::overflow, account.lamports == UINT64_MAX ? 1 : 0, 0)
      .above(reason_code::overflow, is_new ? account.positions : 0, positions_kept_max)
      .above(reason_code::overflow, s == b.strategies.end() ? b.strategies.size() + 1 : 0, strategies_kept_max);
  return check.found;
}

lamports headroom(const limits& l, const book& b, const entry_request& r) {
  auto left = l.trade_lamports_max;
  const auto bound = [&](std::uint64_t most, const committed& at) {
    left = std::min(left, minus(most, plus(at.lamports, r.cost_max.value)));
  };
  bound(l.token_lamports_max, in_token(b, r.mint));
  bound(l.creator_lamports_max, in_creator(b, r.creator, r.mint));
  bound(std::min(l.strategy_lamports_max, r.budget.value), in_strategy(b, r.strategy));
  bound(l.account_lamports_max, in_account(b));
  return lamports(left);
}

} // namespace sett::risk
