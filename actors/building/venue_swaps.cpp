#include "actors/building/venue_swaps.hpp"

#include "actors/building/swap_parts.hpp"
#include "messages/solana/base58.hpp"
#include "messages/types/chain_event.hpp"

#include <algorithm>

namespace sett::building {

result<std::span<const std::uint8_t>> bytes_of(const ports::venue_snapshot& pool, const address& key,
                                               const address& owner, std::size_t least_bytes, std::string_view what) {
  const auto* found = pool.find(key);
  if (found == nullptr)
    return refuse(ports::builder_errc::missing_account,
                  fmt::format("the snapshot lacks {} ({})", what, solana::to_base58(key)));
  if (found->owner != owner)
    return refuse(ports::builder_errc::damaged_account,
                  fmt::format("{} ({}) belongs to {}, not to {}", what, solana::to_base58(key),
                              solana::to_base58(found->owner), solana::to_base58(owner)));
  if (found->data.size() < least_bytes)
    return refuse(
        ports::builder_errc::damaged_account,
        fmt::format("{} ({}) has {} bytes, needs {}", what, solana::to_base58(key), found->data.size(), least_bytes));
  return std::span<const std::uint8_t>(found->data);
}

result<std::vector<address>> shared_addresses(const ports::venue_snapshot& pool, derived_addresses& derived) {
  const auto& p = programs();
  std::vector<address> out;
  const auto add = [&](const address& a) {
    if (std::ranges::find(out, a) == out.end()) out.push_back(a);
  };
  // Eight draws show all recipients: each list holds at most eight.
  if (pool.venue == program_kind::pump) {
    for (const auto& a : {p.pump_global, p.pump_event_authority, p.pump_volume, p.pump_fee_config, p.pump_fees}) add(a);
    for (std::uint64_t draw = 0; draw < 8; ++draw) {
      const auto m = read_pump_curve(pool, draw);
      if (!m) return std::unexpected(m.error());
      for (const auto& a : {m->fee_recipient, m->buyback_recipient}) {
        add(a);
        if (!m->quote_mint.is_zero()) add(derived.associated(a, m->quote_mint, m->quote_program));
      }
    }
  } else if (pool.venue == program_kind::pump_amm) {
    for (const auto& a : {p.pump_amm_config, p.pump_amm_event_authority, p.pump_amm_volume, p.pump_amm_fee_config,
                          p.pump_fees, p.associated_token})
      add(a);
    for (std::uint64_t draw = 0; draw < 8; ++draw) {
      const auto m = read_pump_swap(pool, draw);
      if (!m) return std::unexpected(m.error());
      for (const auto& a : {m->fee_recipient, m->buyback_recipient}) {
        add(a);
        add(derived.associated(a, m->quote_mint, m->quote_program));
      }
    }
  }
  return out;
}

} // namespace sett::building
