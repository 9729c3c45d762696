// Why something was not bought, or was sold: one closed list for strategies, risk, exits and the ends of orders, so
// that a funnel can count by it and a metric carry it as a label. A reason keeps what was measured, the bound that it
// broke, the setting that holds the bound and the slot; the sentence for people is made from these when somebody reads
// it, and never stored.
//
// Plain values, integers only; pure, thread-safe.
#pragma once

#include "actors/execution/account_state.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::risk {

/// Append only: numbers are on disk. The word of each is its name.
enum class reason_code : std::uint8_t {
  none,
  // A strategy looks away.
  no_strategy, // nothing of what happened is what a strategy looks for
  strategy_paused,
  late_event,
  stale_event,
  position_open,
  no_venue,
  blocked,
  unscreened,
  unsafe_token,
  taxed,
  low_liquidity,
  creator_share,
  creator_launches,
  creator_rugs,
  bundled,
  few_buyers,
  few_holders,
  price_ran_away,
  no_price,
  wallet_trades,
  wallet_wins,
  wallet_spend,
  too_small,
  // Risk denies.
  halted,
  drawdown,
  day_loss,
  strategy_day_loss,
  trade_size,
  token_exposure,
  creator_exposure,
  strategy_exposure,
  strategy_budget,
  account_exposure,
  positions,
  strategy_positions,
  creator_positions,
  orders_per_minute,
  strategy_orders_per_minute,
  losses_in_row,
  loss_sum,
  bad_fills,
  failed_sends,
  volatility,
  stale_data,
  incomplete_data,
  under_replicated,
  slots_behind,
  skip_rate,
  fee_level,
  overflow,
  // An entry ended without a buy.
  order_expired,
  order_failed,
  order_canceled,
  order_given_up,
  // A position is sold.
  stop,
  trailing_stop,
  volatility_stop,
  take_profit,
  held_long,
  liquidity_pulled,
  authority_taken,
  market_stress,
  asked,
  own_count_,
  // From here the account denied: one for each execution::denial but `none`, in its order.
  account_first_ = 128,
};
inline constexpr std::size_t own_reasons = static_cast<std::size_t>(reason_code::own_count_);
inline constexpr std::size_t account_denials = static_cast<std::size_t>(execution::denial::count_) - 1;

/// Whether it is one of the list.
[[nodiscard]] constexpr bool is_listed(reason_code c) {
  const auto i = static_cast<std::size_t>(c), first = static_cast<std::size_t>(reason_code::account_first_);
  return i < own_reasons || (i >= first && i < first + account_denials);
}

/// d is not `none`.
[[nodiscard]] reason_code account_reason(execution::denial d);
[[nodiscard]] std::string_view to_text(reason_code c);

struct reason {
  reason_code code{};
  std::uint64_t measured{}, threshold{};
  slot_number slot;
  friend bool operator==(const reason&, const reason&) = default;
};

/// The setting that holds the bound; of a strategy's own settings the part behind its name. Empty: no setting.
[[nodiscard]] std::string_view setting_key(reason_code c);
/// One sentence: what was measured, what is allowed, by which setting, at which slot.
[[nodiscard]] std::string sentence(const reason& r);

} // namespace sett::risk
