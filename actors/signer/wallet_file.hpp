// A wallet on disk: who it is in plain lines, and its private key in a box. One file per wallet, so that a wallet can
// be backed up, moved or withdrawn by itself.
//
//   sett-wallet 1
//   name main
//   group trading
//   address BASE58
//   origin new                          or: solana-cli, base58, watch, rotation, words m/44'/501'/0'/0'
//   state active                        or: retired SUCCESSOR (only exits, and withdrawals to the successor)
//   kdf argon2id OPERATIONS MEMORY_BYTES SALT
//   box NONCE BOXED                     absent: a watch-only wallet, nobody signs with it
//
// The box is libsodium's secretbox (XSalsa20-Poly1305) under Argon2id(passphrase, salt). Inside lie the 32 bytes of the
// key and a hash of the lines above, so that nobody can give a key another name, group or state without the passphrase.
// Salt, nonce and box are hexadecimal. Lines beginning with '#' are comments.
//
// Pure: salt and nonce are the caller's, fresh for every sealing. Argon2id takes as long as it is told to (the default:
// about half a second and 256 MiB) and is therefore not for a thread that others wait for.
#pragma once

#include "actors/signer/key_derivation.hpp"
#include "actors/signer/secret_memory.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sett::signer {

using box_salt = std::array<std::uint8_t, 16>;
using box_nonce = std::array<std::uint8_t, 24>;

/// How dear a guess of the passphrase is. The defaults are libsodium's MODERATE (2024).
struct box_cost {
  std::uint32_t operations{3};
  std::uint64_t memory_bytes{256U << 20U};
  friend bool operator==(const box_cost&, const box_cost&) = default;
};
inline constexpr std::uint32_t operations_max = 16;
inline constexpr std::uint64_t memory_bytes_min = 8192, memory_bytes_max = 1U << 30U;
/// Of a key that is to replace another one and lies beside it until then.
inline constexpr std::string_view rotation_origin = "rotation";
inline constexpr std::size_t wallet_file_bytes_max = 8192;
inline constexpr std::size_t passphrase_bytes_min = 8, passphrase_bytes_max = 1024;

struct sealed_key {
  box_cost cost;
  box_salt salt{};
  box_nonce nonce{};
  std::array<std::uint8_t, 80> box{}; // 16 of tag, 32 of key, 32 of hash
  friend bool operator==(const sealed_key&, const sealed_key&) = default;
};

struct wallet_file {
  std::string name, group; // 1 to 32 of a-z, 0-9 and -, beginning with a letter
  sett::address address;
  std::string origin;
  std::optional<sett::address> successor{}; // set: retired
  std::optional<sealed_key> key{};          // absent: watch-only
  friend bool operator==(const wallet_file&, const wallet_file&) = default;
};

[[nodiscard]] bool valid_wallet_name(std::string_view name);

[[nodiscard]] std::string to_file_text(const wallet_file& wallet);
/// Error: bad_key_file with the line.
[[nodiscard]] result<wallet_file> parse_wallet_file(std::string_view text);

/// Puts `seed` into `wallet.key`; name, group, address, origin and state are bound to it. Errors: bad_key (the address
/// is not the seed's), wrong_passphrase (too short or too long), no_secure_memory.
[[nodiscard]] result<void> seal(wallet_file& wallet, std::span<const std::uint8_t, seed_bytes> seed,
                                std::string_view passphrase, const box_cost& cost, const box_salt& salt,
                                const box_nonce& nonce);
/// The key's 32 bytes. Errors: wrong_passphrase (or the file was changed), not_found (watch-only), no_secure_memory.
[[nodiscard]] result<secret_memory> open(const wallet_file& wallet, std::string_view passphrase);

/// The private key in what other programs write: Solana CLI's JSON array of 64 numbers, base58 of 64 bytes (Phantom's
/// export) or of 32. The public half of 64 bytes must belong to the private one. Errors: bad_key, no_secure_memory.
[[nodiscard]] result<secret_memory> import_key(std::string_view text);

} // namespace sett::signer
