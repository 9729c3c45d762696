// What a mint's own bytes say about what its holders may do: authorities, supply, and Token-2022's extensions.
//
// A mint is 82 bytes: mint authority (flag u32, key) 0, supply u64 36, decimals u8 44, initialised u8 45, freeze
// authority (flag, key) 46. With extensions it is padded to 165, then a type byte (1 = mint) and from 166 on type u16,
// length u16, value, until a type of zero (solana-program/token-2022 interface/src/extension, 2026-11). Keys of
// extensions are 32 bytes, zero meaning nobody. Bytes that the program itself would refuse are an error here, and a
// token with such a mint cannot be traded. Pure, thread-safe, never blocks.
#pragma once

#include "actors/venues/token.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace sett::screening {

enum class mint_errc : std::uint16_t {
  ok,
  foreign_owner, // the account belongs to neither token program
  bad_size,      // no mint has this many bytes
  wrong_kind,    // a token account or a multisig
  not_initialised,
  bad_extension, // an extension overruns the account, or is shorter than its fields
};

/// Token-2022's ExtensionType, the ones a mint may have.
enum class mint_extension : std::uint8_t {
  transfer_fee = 1,
  close_authority = 3,
  confidential_transfer = 4,
  default_account_state = 6,
  non_transferable = 9,
  interest_bearing = 10,
  permanent_delegate = 12,
  transfer_hook = 14,
  confidential_transfer_fee = 16,
  metadata_pointer = 18,
  token_metadata = 19,
  group_pointer = 20,
  token_group = 21,
  group_member_pointer = 22,
  token_group_member = 23,
  confidential_mint_burn = 24,
  scaled_ui_amount = 25,
  pausable = 26,
  permissioned_burn = 28,
};

/// Authorities are absent when nobody holds them.
struct mint_facts {
  bool token_2022{};
  std::uint8_t decimals{};
  token_amount supply;
  std::optional<address> mint_authority, freeze_authority;
  std::uint32_t extensions{};         // bit n: extension type n
  std::uint32_t unknown_extensions{}; // how many of types that no rule here knows

  venues::transfer_fees fees; // zero without the extension
  std::optional<address> fee_authority, withheld_authority;
  std::optional<address> close_authority, permanent_delegate, rate_authority, scale_authority;
  bool born_frozen{}; // new accounts start frozen
  std::optional<address> hook_program, hook_authority;
  bool paused{};
  std::optional<address> pause_authority;
  std::optional<address> metadata_pointer_authority, metadata_authority; // the latter of the metadata in the mint

  [[nodiscard]] bool has(mint_extension e) const { return ((extensions >> static_cast<unsigned>(e)) & 1U) != 0; }
};

[[nodiscard]] const address& spl_token_program();
[[nodiscard]] const address& token_2022_program();

/// Reads a mint account. `owner` is the program the account belongs to. Errors, of area "mint": mint_errc, the message
/// naming the byte offset.
[[nodiscard]] result<mint_facts> read_mint(const address& owner, std::span<const std::uint8_t> data);

} // namespace sett::screening
