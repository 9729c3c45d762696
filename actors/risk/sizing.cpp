#include "actors/risk/sizing.hpp"

#include "actors/risk/checked.hpp"

#include <algorithm>

namespace sett::risk {

std::expected<lamports, reason> size_of(const config::strategy_settings& s, const size_inputs& in) {
  auto spend = s.size_lamports;
  if (s.size_by == "volatility" && in.volatility_bps != 0)
    spend = std::min(spend, share_down(s.volatility_loss_lamports, 10'000, in.volatility_bps));
  spend = std::min({spend, share_down(in.liquidity.value, s.liquidity_share_bps, 10'000), in.headroom.value});
  if (spend < s.size_min_lamports || spend == 0)
    return std::unexpected(
        reason{reason_code::too_small, spend, std::max(s.size_min_lamports, std::uint64_t{1}), in.slot});
  return lamports(spend);
}

} // namespace sett::risk
