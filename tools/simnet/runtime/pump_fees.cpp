#include "tools/simnet/runtime/pump_accounts.hpp"

namespace sett::simnet {

namespace {
// FeeConfig: tag, bump, admin, flat fees (three u64), then the tiers behind their count: threshold (u128), three u64.
constexpr std::size_t flat_at = 8 + 1 + 32, tiers_at = flat_at + 24, tier_size = 16 + 24;

fee_tier tier_from(std::span<const std::uint8_t> config, std::size_t at) {
  return {load<std::uint64_t>(config, at), load<std::uint64_t>(config, at + 8), load<std::uint64_t>(config, at + 16)};
}
} // namespace

fee_tier flat_fees(std::span<const std::uint8_t> config) { return tier_from(config, flat_at); }

fee_tier fee_tier_at(std::span<const std::uint8_t> config, u128 market_cap) {
  const auto count = load<std::uint32_t>(config, tiers_at);
  if (count == 0) return flat_fees(config);
  auto found = tier_from(config, tiers_at + 4 + 16);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = tiers_at + 4 + i * tier_size;
    if (market_cap < load<u128>(config, at)) break;
    found = tier_from(config, at + 16);
  }
  return found;
}

} // namespace sett::simnet
