// Addresses that follow from others: program-derived, associated token, and with-seed addresses.
//
// A program-derived address is sha256(seeds, bump, program, "ProgramDerivedAddress") for the largest bump from 255 down
// whose digest is no point of the curve, so that only the program can sign for it (solana-pubkey crate, 2024-01).
// Finding one takes two attempts on average, some 20 us: keep what was found. Pure, thread-safe, never blocks.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sett::solana {

enum class derivation_errc : std::uint16_t { ok, too_many_seeds, seed_too_long, on_curve, no_bump, illegal_owner };

inline constexpr std::size_t max_seed_bytes = 32;
inline constexpr std::size_t max_seeds = 16; // the bump counts as one

using seed_bytes = std::span<const std::uint8_t>;

[[nodiscard]] inline seed_bytes seed(const address& a) { return a.bytes; }
[[nodiscard]] inline seed_bytes seed(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct derived_address {
  address key;
  std::uint8_t bump{};

  friend bool operator==(const derived_address&, const derived_address&) = default;
};

/// With a bump already among the seeds. Errors: too_many_seeds, seed_too_long, on_curve (no address for these seeds).
[[nodiscard]] result<address> create_program_address(std::span<const seed_bytes> seeds, const address& program);

/// Finds the bump; at most max_seeds - 1 seeds. Errors: too_many_seeds, seed_too_long, no_bump (never seen).
[[nodiscard]] result<derived_address> find_program_address(std::span<const seed_bytes> seeds, const address& program);

/// The token account that wallets use for `mint` by default; `token_program` is SPL Token or Token-2022. The owner may
/// be any address, on the curve or not.
[[nodiscard]] derived_address associated_token_address(const address& owner, const address& mint,
                                                       const address& token_program);

/// sha256(base, seed, owner): System's CreateAccountWithSeed. Errors: seed_too_long (over 32 bytes), illegal_owner (an
/// owner whose bytes end like a program-derived address's input).
[[nodiscard]] result<address> create_with_seed(const address& base, std::string_view seed, const address& owner);

} // namespace sett::solana
