// What the venues' files share: errors with the account's name, a recipient chosen from a list in an account, the two
// sides of a pool as an order names them. Pure.
#pragma once

#include "actors/building/programs.hpp"
#include "actors/building/venue_swaps.hpp"
#include "actors/venues/account_bytes.hpp"

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <string>
#include <utility>

namespace sett::building {

[[nodiscard]] inline std::unexpected<error> refuse(ports::builder_errc code, std::string message) {
  return fail("builder", code, std::move(message));
}

/// One of the addresses stored one after the other in `ranges` (offset, count) that are not zero; nullopt: none is.
struct address_range {
  std::size_t offset{}, count{};
};
[[nodiscard]] inline std::optional<address> choose_address(std::span<const std::uint8_t> account,
                                                           std::initializer_list<address_range> ranges,
                                                           std::uint64_t spread) {
  std::array<address, 16> found;
  std::size_t count = 0;
  for (const auto& r : ranges)
    for (std::size_t i = 0; i < r.count && count < found.size(); ++i)
      if (const auto a = venues::load_address(account, r.offset + i * address::size); !a.is_zero()) found[count++] = a;
  if (count == 0) return std::nullopt;
  return found[spread % count];
}

/// SOL as a mint: zero (as pump.fun's curves store it) or the native mint.
[[nodiscard]] inline bool is_sol(const address& mint) { return mint.is_zero() || mint == programs().native_mint; }

} // namespace sett::building
