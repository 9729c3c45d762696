#include "actors/building/venue_swaps.hpp"

#include "actors/building/swap_parts.hpp"
#include "messages/solana/base58.hpp"

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

} // namespace sett::building
