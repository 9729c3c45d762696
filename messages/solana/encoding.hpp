// Hexadecimal and base64 (RFC 4648, standard alphabet), both strict: no whitespace, padding where it belongs, and one
// text for one byte string (the unused low bits of the last base64 character must be zero, as Solana's RPC requires).
// libsodium's decoders are constant-time for secrets and some ten times slower; what is read here is public.
// Thread-safe, never blocks.
#pragma once

#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::solana {

enum class encoding_errc : std::uint16_t { ok, bad_character, bad_length, bad_padding };

/// Bytes that base64 text of this length stands for, at most.
[[nodiscard]] constexpr std::size_t base64_max_decoded_size(std::size_t characters) { return characters / 4 * 3 + 3; }

/// Decodes into the front of `out` (at least base64_max_decoded_size bytes, an assertion); the number of bytes written.
/// Errors: bad_character (with its offset), bad_length (not a multiple of four), bad_padding.
[[nodiscard]] result<std::size_t> base64_decode(std::string_view text, std::span<std::uint8_t> out);
[[nodiscard]] result<std::vector<std::uint8_t>> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::span<const std::uint8_t> bytes);

/// Lower and upper case digits are read, lower case is written. Errors: bad_character, bad_length (odd).
[[nodiscard]] result<std::vector<std::uint8_t>> hex_decode(std::string_view text);
[[nodiscard]] std::string hex_encode(std::span<const std::uint8_t> bytes);

} // namespace sett::solana
