#include "actors/risk/reason.hpp"

#include "messages/types/error.hpp"

#include <fmt/format.h>

#include <array>

namespace sett::risk {

namespace {

enum class unit : std::uint8_t { none, lamports, bps, count, seconds, slots, milliseconds, micro_lamports };

struct row {
  reason_code code{};
  std::string_view word, key;
  unit in{};
  std::string_view what;  // measured in the sentence; without a unit the whole sentence
  std::string_view bound; // "at most", "at least"
};

using c = reason_code;
constexpr std::string_view most = "at most", least = "at least";
constexpr std::array<row, own_reasons> rows{{
    {c::none, "none", "", unit::none, "nothing speaks against it", ""},
    {c::no_strategy, "no_strategy", "", unit::none, "nothing has happened that a strategy looks for", ""},
    {c::strategy_paused, "strategy_paused", "paused", unit::none, "the strategy is paused", ""},
    {c::late_event, "late_event", "", unit::none,
     "the event came late or was fetched afterwards, such events never open", ""},
    {c::stale_event, "stale_event", "max_age_slots", unit::slots, "the event is old:", most},
    {c::position_open, "position_open", "reentry", unit::none, "it is held, or an entry for it is open", ""},
    {c::no_venue, "no_venue", "", unit::none, "it trades on no pool that can be traded here", ""},
    {c::blocked, "blocked", "", unit::none, "the token or its creator is blocked by hand", ""},
    {c::unscreened, "unscreened", "", unit::none, "the token has not been screened", ""},
    {c::unsafe_token, "unsafe_token", "", unit::none, "screening found that it could not be sold, or be taken away",
     ""},
    {c::taxed, "taxed", "tax_bps_max", unit::bps, "its transfer fee is", most},
    {c::low_liquidity, "low_liquidity", "liquidity_lamports_min", unit::lamports, "the pool's quote side holds", least},
    {c::creator_share, "creator_share", "creator_share_bps_max", unit::bps, "the creator's share of the supply is",
     most},
    {c::creator_launches, "creator_launches", "creator_launches_max", unit::count,
     "the creator's earlier launches:", most},
    {c::creator_rugs, "creator_rugs", "creator_rugs_max", unit::count,
     "the creator's tokens that lost their liquidity:", most},
    {c::bundled, "bundled", "bundled_bps_max", unit::bps, "bought within the launch itself, of the supply:", most},
    {c::few_buyers, "few_buyers", "buyers_min", unit::count, "wallets that bought:", least},
    {c::few_holders, "few_holders", "holders_min", unit::count, "wallets that hold it:", least},
    {c::price_ran_away, "price_ran_away", "chase_bps_max", unit::bps, "since the trigger the price rose by", most},
    {c::no_price, "no_price", "", unit::none, "no executable quote is known", ""},
    {c::wallet_trades, "wallet_trades", "wallet_trades_min", unit::count, "trades of the copied wallet:", least},
    {c::wallet_wins, "wallet_wins", "wallet_wins_bps_min", unit::bps,
     "share of the copied wallet's winning sells:", least},
    {c::wallet_spend, "wallet_spend", "wallet_spend_lamports_min", unit::lamports, "the copied wallet spent", least},
    {c::too_small, "too_small", "size_min_lamports", unit::lamports, "what the limits leave for the entry is", least},
    {c::halted, "halted", "", unit::none, "trading is halted by hand", ""},
    {c::drawdown, "drawdown", "risk.drawdown_bps_max", unit::bps, "below its highest worth the wallet is by", most},
    {c::day_loss, "day_loss", "risk.day_loss_lamports_max", unit::lamports, "lost today:", most},
    {c::strategy_day_loss, "strategy_day_loss", "risk.strategy_day_loss_lamports_max", unit::lamports,
     "lost today by the strategy:", most},
    {c::trade_size, "trade_size", "risk.trade_lamports_max", unit::lamports, "the entry would spend", most},
    {c::token_exposure, "token_exposure", "risk.token_lamports_max", unit::lamports, "in this token there would be",
     most},
    {c::creator_exposure, "creator_exposure", "risk.creator_lamports_max", unit::lamports,
     "in the creator's tokens there would be", most},
    {c::strategy_exposure, "strategy_exposure", "risk.strategy_lamports_max", unit::lamports,
     "the strategy would have committed", most},
    {c::strategy_budget, "strategy_budget", "budget_lamports_max", unit::lamports, "the strategy would have committed",
     most},
    {c::account_exposure, "account_exposure", "risk.account_lamports_max", unit::lamports,
     "the wallet would have committed", most},
    {c::positions, "positions", "risk.positions_max", unit::count, "positions and open entries would be", most},
    {c::strategy_positions, "strategy_positions", "risk.strategy_positions_max", unit::count,
     "the strategy's positions and open entries would be", most},
    {c::creator_positions, "creator_positions", "risk.creator_positions_max", unit::count,
     "positions and open entries in the creator's tokens would be", most},
    {c::orders_per_minute, "orders_per_minute", "risk.orders_per_minute_max", unit::count,
     "entries within a minute would be", most},
    {c::strategy_orders_per_minute, "strategy_orders_per_minute", "risk.strategy_orders_per_minute_max", unit::count,
     "the strategy's entries within a minute would be", most},
    {c::losses_in_row, "losses_in_row", "risk.losses_in_row_max", unit::count,
     "positions closed with a loss in a row:", most},
    {c::loss_sum, "loss_sum", "risk.loss_window_lamports_max", unit::lamports,
     "lost by losing positions lately:", most},
    {c::bad_fills, "bad_fills", "risk.slippage_fills_max", unit::count,
     "fills in a row worse than risk.slippage_bps_max:", most},
    {c::failed_sends, "failed_sends", "risk.failed_sends_max", unit::count,
     "attempts that failed or expired lately:", most},
    {c::volatility, "volatility", "risk.volatility_bps_max", unit::bps, "one-minute volatility is", most},
    {c::stale_data, "stale_data", "risk.data_age_ms_max", unit::milliseconds,
     "the last slot arrived this long ago:", most},
    {c::incomplete_data, "incomplete_data", "risk.incomplete_allowed", unit::none,
     "what is known of the token has holes", ""},
    {c::under_replicated, "under_replicated", "risk.replicas_missing_max", unit::count, "copies out of step:", most},
    {c::slots_behind, "slots_behind", "risk.slots_behind_max", unit::slots, "this node is behind by", most},
    {c::skip_rate, "skip_rate", "risk.skip_rate_bps_max", unit::bps, "slots without a block lately:", most},
    {c::fee_level, "fee_level", "risk.fee_p75_micro_lamports_max", unit::micro_lamports,
     "the upper quartile of what a compute unit costs is", most},
    {c::overflow, "overflow", "", unit::none, "an amount is beyond what can be counted", ""},
    {c::order_expired, "order_expired", "", unit::none, "the order expired without landing", ""},
    {c::order_failed, "order_failed", "", unit::none, "the order failed on the chain", ""},
    {c::order_canceled, "order_canceled", "", unit::none, "the order was canceled before anything was signed", ""},
    {c::order_given_up, "order_given_up", "", unit::none, "the order was given up: its event had become too old", ""},
    {c::stop, "stop", "exits.stop_bps", unit::bps, "of its cost the position would fetch", "stop at"},
    {c::trailing_stop, "trailing_stop", "exits.trailing_bps", unit::bps, "of its cost the position would fetch",
     "trailing stop at"},
    {c::volatility_stop, "volatility_stop", "exits.volatility_stop_bps", unit::bps,
     "of its cost the position would fetch", "stop by volatility at"},
    {c::take_profit, "take_profit", "exits.take1_bps", unit::bps, "of its cost the position would fetch",
     "profit is taken from"},
    {c::held_long, "held_long", "exits.hold_s_max", unit::seconds, "the position was held for", most},
    {c::liquidity_pulled, "liquidity_pulled", "exits.rug_liquidity_bps", unit::bps, "the pool's liquidity fell by",
     "less than"},
    {c::authority_taken, "authority_taken", "", unit::none, "somebody took an authority over the token", ""},
    {c::market_stress, "market_stress", "exits.stress_fall_bps", unit::bps, "the median token fell by", "less than"},
    {c::asked, "asked", "", unit::none, "somebody asked for it", ""},
}};
constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].code) != i || rows[i].word.empty()) return false;
  return true;
}
static_assert(in_order());

constexpr std::array<std::string_view, account_denials> account_words{
    "account_halted",          "account_quarantine",    "account_unknown_transaction", "account_late_event",
    "account_stale_event",     "account_position_open", "account_sell_alive",          "account_exit_open",
    "account_over_spend",      "account_over_exposure", "account_too_many_open",       "account_insufficient_funds",
    "account_nothing_to_sell", "account_sell_found",    "account_dedup_full",          "account_bad_request"};
static_assert(account_words.size() == account_denials);
constexpr auto account_first = static_cast<std::size_t>(reason_code::account_first_);

std::string amount(std::uint64_t v, unit in) {
  switch (in) {
  case unit::lamports:
    return fmt::format("{}.{:09} SOL", v / 1'000'000'000, v % 1'000'000'000);
  case unit::bps:
    return fmt::format("{}.{:02} %", v / 100, v % 100);
  case unit::seconds:
    return fmt::format("{} s", v);
  case unit::slots:
    return fmt::format("{} slots", v);
  case unit::milliseconds:
    return fmt::format("{} ms", v);
  case unit::micro_lamports:
    return fmt::format("{} micro-lamports", v);
  case unit::none:
  case unit::count:
    break;
  }
  return fmt::format("{}", v);
}

} // namespace

reason_code account_reason(execution::denial d) {
  SETT_ASSERT(d != execution::denial::none && d < execution::denial::count_);
  return static_cast<reason_code>(static_cast<std::size_t>(reason_code::account_first_) + static_cast<std::size_t>(d) -
                                  1);
}

std::string_view to_text(reason_code code) {
  SETT_ASSERT(is_listed(code));
  const auto i = static_cast<std::size_t>(code);
  return i < own_reasons ? rows[i].word : account_words[i - account_first];
}

std::string_view setting_key(reason_code code) {
  const auto i = static_cast<std::size_t>(code);
  return i < rows.size() ? rows[i].key : std::string_view();
}

std::string sentence(const reason& r) {
  SETT_ASSERT(is_listed(r.code));
  const auto i = static_cast<std::size_t>(r.code);
  const auto where = r.slot.value == 0 ? std::string() : fmt::format(", at slot {}", r.slot.value);
  if (i >= own_reasons) {
    const auto denied = static_cast<execution::denial>(i - account_first + 1);
    const auto figures =
        r.measured == 0 && r.threshold == 0 ? std::string() : fmt::format(" ({}, {})", r.measured, r.threshold);
    return fmt::format("the account denied it: {}{}{}", execution::to_text(denied), figures, where);
  }
  const auto& row = rows[i];
  if (row.in == unit::none)
    return row.key.empty() ? fmt::format("{}{}", row.what, where) : fmt::format("{} ({}){}", row.what, row.key, where);
  return fmt::format("{} {}, {} {} ({}){}", row.what, amount(r.measured, row.in), row.bound,
                     amount(r.threshold, row.in), row.key, where);
}

} // namespace sett::risk
