// Keys from a seed (SLIP-0010, Ed25519) and seeds from words (BIP-0039, English words).
//
// Ed25519 knows only hardened steps, so every step of a path says '. Wallets for Solana use m/44'/501'/ACCOUNT'/0'
// (Phantom, Solflare, Solana CLI's derivation paths). Words are checked, their number and their checksum, because a
// mistyped word otherwise gives an empty wallet without any error. BIP-0039 asks for Unicode's NFKD form, which plain
// ASCII already is; a passphrase outside ASCII is refused rather than normalised wrongly.
//
// Pure, deterministic. The 2,048 rounds of seed_of take about 2 ms. Secrets go in and out in secret_memory.
#pragma once

#include "actors/signer/secret_memory.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sett::signer {

inline constexpr std::size_t seed_bytes = 32; // an Ed25519 private key as SLIP-0010, RFC 8032 and Solana see it
inline constexpr std::size_t bip39_seed_bytes = 64;
inline constexpr std::string_view default_path = "m/44'/501'/0'/0'";

/// The entropy of 12, 15, 18, 21 or 24 words, separated by white space. Errors: bad_mnemonic with the place of the
/// word, not the word itself; no_secure_memory.
[[nodiscard]] result<secret_memory> entropy_of(std::string_view words);
/// Words for 16, 20, 24, 28 or 32 bytes, separated by one space. Error: bad_mnemonic (another number of bytes).
[[nodiscard]] result<secret_memory> words_of(std::span<const std::uint8_t> entropy);
/// PBKDF2-HMAC-SHA512 of the words, after they were checked. Errors: those of entropy_of, bad_mnemonic (a passphrase
/// outside ASCII).
[[nodiscard]] result<secret_memory> seed_of(std::string_view words, std::string_view passphrase);

/// "m/44'/501'/0'" as its steps, without the hardening bit: at most 16. Error: bad_path with the place.
[[nodiscard]] result<std::vector<std::uint32_t>> parse_path(std::string_view path);
/// The key at a path below a seed of 16 to 64 bytes: 32 bytes of key, then 32 bytes of chain code. Errors: bad_key (the
/// seed's length), no_secure_memory. Every step is below 2^31 (an assertion).
[[nodiscard]] result<secret_memory> derive(std::span<const std::uint8_t> seed, std::span<const std::uint32_t> path);

/// The address that belongs to a private key.
[[nodiscard]] address address_of(std::span<const std::uint8_t, seed_bytes> seed);

} // namespace sett::signer
