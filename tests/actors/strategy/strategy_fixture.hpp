// A token that every shipped strategy would buy, and the signals to do so.
#pragma once

#include "actors/strategy/consider.hpp"
#include "config/shipped.hpp"

#include <string_view>

namespace sett::strategy::test {

inline mint_address mint_of(std::uint8_t n) {
  mint_address m;
  m.bytes.fill(n);
  return m;
}

inline config::settings paper_settings() {
  return config::load({.environment = "paper", .files = {}, .arguments = {}, .variables = {}}).value;
}
inline const config::strategy_settings& instance(const config::settings& s, std::string_view name) {
  for (const auto& one : s.strategies)
    if (one.name == name) return one;
  SETT_ASSERT(false);
}

inline token_view good_token(std::uint8_t n = 1) {
  return {.mint = mint_of(n),
          .creator = mint_of(static_cast<std::uint8_t>(n + 100)),
          .pool = mint_of(static_cast<std::uint8_t>(n + 50)),
          .venue = program_kind::pump,
          .tradable = true,
          .blocked = false,
          .verdict = screening::trap_class::ok,
          .tax_bps = 0,
          .liquidity = lamports(30'000'000'000),
          .volatility_bps = 500,
          .creator_share_bps = 100,
          .creator_launches = 1,
          .creator_rugs = 0,
          .bundled_bps = 100,
          .buyers = 50,
          .holders = 50,
          .incomplete = false,
          .quote = exchange{lamports(10'000'000), token_amount(1'000'000)}};
}

inline signal signal_of(signal_kind kind, std::uint8_t n = 1) {
  signal s{.kind = kind,
           .mint = mint_of(n),
           .cause = execution::cause_of(mint_of(n)),
           .slot = slot_number(1'000),
           .height = block_height(900),
           .live = true};
  if (kind != signal_kind::launch_created) s.price = exchange{lamports(100'000'000), token_amount(10'000'000)};
  if (kind == signal_kind::wallet_bought) s.wallet = wallet_record{mint_of(200), 100, 7'000};
  return s;
}

inline signal_kind kind_for(std::string_view name) {
  return name == "launch"       ? signal_kind::launch_created
         : name == "graduation" ? signal_kind::migrated
                                : signal_kind::wallet_bought;
}

inline risk::conditions calm(slot_number slot = slot_number(1'001)) {
  return {.now = unix_seconds(1'800'000'000), .slot = slot};
}

} // namespace sett::strategy::test
