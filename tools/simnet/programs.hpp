// Addresses and constants of the programs that the simulated chain runs. The generator writes layouts down by itself
// and shares no decoder or quote with the node: a mistake on one side must not cancel out on the other.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>

namespace sett::simnet {

/// Rent-exempt minimum of a 165-byte token account and of any size: (128 + size) * 3480 * 2 lamports (rent sysvar
/// defaults).
inline constexpr std::uint64_t token_account_rent = 2'039'280;
[[nodiscard]] constexpr std::uint64_t rent_exempt_minimum(std::uint64_t size_bytes) {
  return (128 + size_bytes) * 6960;
}

namespace program_id {
[[nodiscard]] const address& system();
[[nodiscard]] const address& vote();
[[nodiscard]] const address& spl_token();
[[nodiscard]] const address& token_2022();
[[nodiscard]] const address& associated_token();
[[nodiscard]] const address& compute_budget();
[[nodiscard]] const address& metaplex_metadata();
[[nodiscard]] const address& pump();
[[nodiscard]] const address& pump_amm();
[[nodiscard]] const address& pump_fees();
[[nodiscard]] const address& raydium_amm_v4();
[[nodiscard]] const address& openbook();
[[nodiscard]] const address& native_mint();
[[nodiscard]] const address& rent_sysvar();
[[nodiscard]] const address& native_loader();
[[nodiscard]] const address& bpf_loader();
[[nodiscard]] const address& memo();
[[nodiscard]] const address& memo_v1();
[[nodiscard]] const address& lookup_table();
[[nodiscard]] const address& raydium_cpmm();
[[nodiscard]] const address& whirlpool();
[[nodiscard]] const address& incinerator();
} // namespace program_id

} // namespace sett::simnet
