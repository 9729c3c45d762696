// Base58 with Bitcoin's alphabet, the text form of every Solana address, signature and blockhash.
//
// Text is read ten digits at a time: 58^10 fits in 64 bits, so a number is built by multiplying its 64-bit limbs by
// 58^10 and adding the next ten digits (Horner's rule): 10 multiplications for an address instead of 44 passes over 32
// bytes. Writing goes the other way by a table of the powers of 2^32 in base 58^5. Measured beside the schoolbook
// algorithm in tests/bench/solana_bench.cpp.
//
// One number has one text: every leading zero byte is exactly one '1'. So 32 bytes are 32 to 44 characters, and 64
// bytes are 64 to
// 88. Nothing is skipped or trimmed: whitespace is an error. Thread-safe, never blocks; only failures and std::string
// allocate.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sett::solana {

enum class base58_errc : std::uint16_t { ok, bad_character, wrong_length, too_long };

namespace base58 {

/// Longest byte string read or written. The longest one on chain is the data of a cross-program instruction: 10 KiB
/// (MAX_INSTRUCTION_DATA_LEN of the Agave runtime, 2024-01).
inline constexpr std::size_t max_bytes = 10 * 1024;
/// log(256) / log(58) = 1.3657, rounded up: no text of `max_bytes` bytes is longer.
inline constexpr std::size_t max_characters = max_bytes * 1366 / 1000 + 1;

/// A buffer that `decode` of text with this many characters cannot overrun: a character is a byte at most ('1').
[[nodiscard]] constexpr std::size_t max_decoded_size(std::size_t characters) {
  return characters < max_bytes ? characters : max_bytes;
}

/// Decode text of exactly 32 or 64 bytes; false (and `out` unspecified) for anything else.
[[nodiscard]] bool decode_32(std::string_view text, std::span<std::uint8_t, 32> out) noexcept;
[[nodiscard]] bool decode_64(std::string_view text, std::span<std::uint8_t, 64> out) noexcept;

/// Write the text, without a terminating zero; returns its length: 32 to 44, 64 to 88.
std::size_t encode_32(std::span<const std::uint8_t, 32> bytes, std::span<char, 44> out) noexcept;
std::size_t encode_64(std::span<const std::uint8_t, 64> bytes, std::span<char, 88> out) noexcept;

/// Any length up to max_bytes: the number of bytes written to the front of `out`. Errors: bad_character (with its
/// offset), too_long (more than max_characters, or more bytes than `out` or max_bytes hold). The time is quadratic in
/// the length: 1 ms at most.
[[nodiscard]] result<std::size_t> decode(std::string_view text, std::span<std::uint8_t> out);

/// Text of up to max_bytes bytes. Error: too_long.
[[nodiscard]] result<std::string> encode(std::span<const std::uint8_t> bytes);

} // namespace base58

/// An address, a signature or a blockhash from its text. Errors: bad_character (with its offset), wrong_length.
[[nodiscard]] result<address> parse_address(std::string_view text);
[[nodiscard]] result<signature> parse_signature(std::string_view text);
[[nodiscard]] result<blockhash> parse_blockhash(std::string_view text);

[[nodiscard]] std::string to_base58(const address& a);
[[nodiscard]] std::string to_base58(const signature& s);
[[nodiscard]] std::string to_base58(const blockhash& h);

} // namespace sett::solana

namespace sett::solana::literals {

/// "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address: for program ids in the code. A mistake stops the program at
/// its first use.
[[nodiscard]] address operator""_address(const char* text, std::size_t size);

} // namespace sett::solana::literals
