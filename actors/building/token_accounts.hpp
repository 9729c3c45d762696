// How large a token account of a mint is, and what its rent costs.
//
// An account created by hand (not the associated one) needs exactly the extensions that the mint demands of its
// accounts: a transfer fee's withheld amount, the marks of non-transferable, hooked and pausable tokens (Token-2022,
// get_required_init_account_extensions, 2025). The associated account also carries ImmutableOwner. Rent is read from
// the Rent sysvar, never a constant. Pure, thread-safe.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>

namespace sett::building {

enum class token_account_kind : std::uint8_t { seeded, associated };

/// `mint` is the mint account's bytes, `mint_owner` its token program. Errors, of area "builder": damaged_account (no
/// mint's length, another owner).
[[nodiscard]] result<std::uint64_t> token_account_bytes(std::span<const std::uint8_t> mint, const address& mint_owner,
                                                        token_account_kind kind);

/// The Rent sysvar's account.
struct rent_rule {
  std::uint64_t lamports_per_byte_year{};
  double exemption_years{};

  /// The least balance of an account of so many bytes, as the runtime computes it (128 bytes of overhead, a product
  /// with a double cut off). `bytes` at most 10 MiB.
  [[nodiscard]] sett::lamports least_balance(std::uint64_t bytes) const;
};
/// Errors, of area "builder": damaged_account.
[[nodiscard]] result<rent_rule> read_rent(std::span<const std::uint8_t> account);

} // namespace sett::building
