// The common form of every pool's swap: one vault receives, the other pays. Amounts are what the token movements among
// the instruction's children did to the vaults; the balances of the whole transaction are the second witness.
#pragma once

#include "actors/decode/decoder.hpp"

#include <optional>

namespace sett::decode {

/// What moved into and out of one account among an instruction's children. A Token-2022 fee makes `in` less than
/// `sent`, and `arrived` less than `out`.
struct vault_flow {
  std::uint64_t in{}, out{};       // of the account itself
  std::uint64_t sent{}, arrived{}; // at the other ends
};
[[nodiscard]] vault_flow flow_of(const context& ctx, instruction_range inside, std::uint8_t vault_key);

/// Reads the swap between two vaults (key indexes) from the children of instruction `position`: fills mints, amounts
/// and balances_agree; the caller adds pool, trader, fee and state. Nothing when the movements are not one vault
/// gaining and the other losing, or a mint is not known: then the caller names the layout unknown.
[[nodiscard]] std::optional<event::swap> read_vault_swap(const context& ctx, std::size_t position, std::uint8_t vault_a,
                                                         std::uint8_t vault_b);

} // namespace sett::decode
