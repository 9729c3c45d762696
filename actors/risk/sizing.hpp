// How much an entry spends. fixed: size_lamports. volatility: so much that a move of one standard deviation of the
// token's one-minute returns costs volatility_loss_lamports:
//
//   spend = floor(volatility_loss_lamports * 10,000 / volatility_bps), at most size_lamports
//
// Either way at most liquidity_share_bps of the pool's quote side (rounded down) and at most what the limits leave
// (gate.hpp: headroom). Less than size_min_lamports: nothing is bought, since fees would eat it. All roundings are
// downwards: towards a smaller position. Pure.
#pragma once

#include "actors/risk/gate.hpp"
#include "config/settings.hpp"

#include <expected>

namespace sett::risk {

struct size_inputs {
  std::uint64_t volatility_bps{};
  lamports liquidity; // the pool's quote side
  lamports headroom;
  slot_number slot;
};

/// What to spend, or `too_small`.
[[nodiscard]] std::expected<lamports, reason> size_of(const config::strategy_settings& s, const size_inputs& in);

} // namespace sett::risk
