// Bytes of mints and token accounts of SPL Token and Token-2022: the base layouts and the list of extensions behind
// them (spl_token::state, spl_token_2022::extension; 2024 to 2026). Offsets only; rules stand in token_program.cpp.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sett::simnet {

inline constexpr std::size_t mint_size = 82, token_account_size = 165;
inline constexpr std::size_t account_kind_at = 165, extensions_at = 166; // Token-2022, both kinds of account

namespace mint_at {
inline constexpr std::size_t authority = 0, supply = 36, decimals = 44, initialized = 45, freeze_authority = 46;
}
namespace holding_at {
inline constexpr std::size_t mint = 0, owner = 32, amount = 64, delegate = 72, state = 108, native_rent = 109,
                             delegated = 121, close_authority = 129;
}
/// Values of holding_at::state.
enum : std::uint8_t { token_uninitialized = 0, token_initialized = 1, token_frozen = 2 };

namespace extension {
enum : std::uint16_t {
  transfer_fee_config = 1,
  transfer_fee_amount = 2,
  mint_close_authority = 3,
  default_account_state = 6,
  immutable_owner = 7,
  memo_transfer = 8,
  non_transferable = 9,
  permanent_delegate = 12,
  non_transferable_account = 13,
  transfer_hook = 14,
  transfer_hook_account = 15,
  metadata_pointer = 18,
  token_metadata = 19,
  pausable = 26,
  pausable_account = 27,
};
}

struct token_account_view {
  address mint, owner;
  std::uint64_t amount{};
  std::uint8_t state{};
};
/// nullopt when the bytes are no initialised token account.
[[nodiscard]] std::optional<token_account_view> read_token_account(std::span<const std::uint8_t> data);
/// Decimals of an initialised mint.
[[nodiscard]] std::optional<std::uint8_t> read_mint_decimals(std::span<const std::uint8_t> data);

/// Where an extension's value lies, with its length; nullopt when it is not there.
struct extension_place {
  std::size_t at{}, length{};
};
[[nodiscard]] std::optional<extension_place> find_extension(std::span<const std::uint8_t> data, std::uint16_t type);

/// Bytes that a new associated account of this mint needs.
[[nodiscard]] std::uint64_t token_account_size_for(const address& token_program, std::span<const std::uint8_t> mint);
/// Extensions that accounts of this mint carry, immutable owner not counted.
[[nodiscard]] std::vector<std::uint16_t> account_extensions_of(std::span<const std::uint8_t> mint);

} // namespace sett::simnet
