// Made-up limits, books and requests for the tests of risk.
#pragma once

#include "actors/risk/gate.hpp"
#include "config/resolve.hpp"

#include <array>

namespace sett::risk::test {

inline mint_address mint_of(std::uint8_t n) {
  mint_address m;
  m.bytes.fill(n);
  return m;
}
inline address creator_of(std::uint8_t n) {
  address a;
  a.bytes.fill(static_cast<std::uint8_t>(0x80U + n));
  return a;
}

inline limits default_limits() { return config::resolve({}).value.risk; }

/// Every limit that denies what is above it.
inline constexpr std::array bounds{&limits::trade_lamports_max,        &limits::token_lamports_max,
                                   &limits::creator_lamports_max,      &limits::strategy_lamports_max,
                                   &limits::account_lamports_max,      &limits::positions_max,
                                   &limits::strategy_positions_max,    &limits::creator_positions_max,
                                   &limits::day_loss_lamports_max,     &limits::strategy_day_loss_lamports_max,
                                   &limits::drawdown_bps_max,          &limits::orders_per_minute_max,
                                   &limits::losses_in_row_max,         &limits::strategy_orders_per_minute_max,
                                   &limits::slippage_fills_max,        &limits::loss_window_lamports_max,
                                   &limits::failed_sends_max,          &limits::volatility_bps_max,
                                   &limits::data_age_ms_max,           &limits::replicas_missing_max,
                                   &limits::slots_behind_max,          &limits::skip_rate_bps_max,
                                   &limits::fee_p75_micro_lamports_max};

/// Nothing but what cannot be counted is denied under these.
inline limits no_limits() {
  auto l = default_limits();
  for (const auto b : bounds) l.*b = UINT64_MAX;
  l.incomplete_allowed = true;
  return l;
}

inline entry_request request(std::uint8_t mint = 1, std::uint64_t spend = 1'000'000) {
  return {.strategy = strategy_id(1),
          .mint = mint_of(mint),
          .creator = creator_of(mint),
          .spend = lamports(spend),
          .cost_max = lamports(1'000),
          .budget = lamports(UINT64_MAX),
          .strategy_positions_max = UINT64_MAX,
          .volatility_bps = 0,
          .incomplete = false};
}

inline conditions at(std::int64_t second) { return {.now = unix_seconds(second), .slot = slot_number(77)}; }

inline event::entry_opened opened(const entry_request& r) {
  return {.strategy = r.strategy,
          .mint = r.mint,
          .creator = r.creator,
          .reserved = lamports(r.spend.value + r.cost_max.value)};
}

} // namespace sett::risk::test
