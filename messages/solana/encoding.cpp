#include "messages/solana/encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sett::solana {
namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view hex_alphabet = "0123456789abcdef";
constexpr std::uint8_t not_a_digit = 0xff;

constexpr auto digits_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}
constexpr auto base64_digit = digits_of(base64_alphabet);
constexpr auto hex_digit = [] {
  auto table = digits_of(hex_alphabet);
  for (std::size_t i = 10; i < 16; ++i) table['A' + i - 10] = static_cast<std::uint8_t>(i);
  return table;
}();

std::unexpected<error> bad_character(std::string_view text, std::size_t at, const char* what) {
  return fail("encoding", encoding_errc::bad_character,
              fmt::format("byte 0x{:02x} at offset {} is no {} digit", static_cast<unsigned char>(text[at]), at, what));
}

template <class Table>
std::size_t first_bad(std::string_view text, std::size_t from, const Table& table) {
  while (table[static_cast<unsigned char>(text[from])] != not_a_digit) ++from;
  return from;
}

} // namespace

result<std::size_t> base64_decode(std::string_view text, std::span<std::uint8_t> out) {
  SETT_ASSERT(out.size() >= base64_max_decoded_size(text.size()));
  if (text.size() % 4 != 0)
    return fail("encoding", encoding_errc::bad_length,
                fmt::format("{} characters of base64 are not a multiple of four", text.size()));
  if (text.empty()) return 0;
  const auto digit = [&](std::size_t i) { return base64_digit[static_cast<unsigned char>(text[i])]; };
  std::size_t written = 0;
  const auto put = [&](std::uint32_t group) {
    out[written] = static_cast<std::uint8_t>(group >> 16);
    out[written + 1] = static_cast<std::uint8_t>(group >> 8);
    out[written + 2] = static_cast<std::uint8_t>(group);
    written += 3;
  };
  const std::size_t last = text.size() - 4;
  for (std::size_t i = 0; i < last; i += 4) {
    const std::uint32_t a = digit(i), b = digit(i + 1), c = digit(i + 2), d = digit(i + 3);
    if (((a | b | c | d) & 0x80) != 0) return bad_character(text, first_bad(text, i, base64_digit), "base64");
    put(a << 18 | b << 12 | c << 6 | d);
  }
  const std::size_t padding = text[last + 3] != '=' ? 0 : text[last + 2] != '=' ? 1 : 2;
  std::uint32_t group = 0;
  for (std::size_t i = last; i < text.size() - padding; ++i) {
    if (digit(i) == not_a_digit) return bad_character(text, i, "base64");
    group |= static_cast<std::uint32_t>(digit(i)) << (18 - 6 * (i - last));
  }
  put(group);
  if ((group & ((1U << (8 * padding)) - 1)) != 0)
    return fail("encoding", encoding_errc::bad_padding,
                fmt::format("the base64 digit at offset {} has bits beyond the last byte", text.size() - padding - 1));
  return written - padding;
}

result<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
  std::vector<std::uint8_t> bytes(base64_max_decoded_size(text.size()));
  const auto size = base64_decode(text, std::span(bytes));
  if (!size) return std::unexpected(size.error());
  bytes.resize(*size);
  return bytes;
}

std::string base64_encode(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) text.push_back(k <= have ? base64_alphabet[group >> (18 - 6 * k) & 63] : '=');
  }
  return text;
}

result<std::vector<std::uint8_t>> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0)
    return fail("encoding", encoding_errc::bad_length,
                fmt::format("{} hex digits are no whole number of bytes", text.size()));
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint32_t high = hex_digit[static_cast<unsigned char>(text[i])],
                        low = hex_digit[static_cast<unsigned char>(text[i + 1])];
    if (((high | low) & 0x80) != 0) return bad_character(text, first_bad(text, i, hex_digit), "hex");
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string hex_encode(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t b : bytes) {
    text.push_back(hex_alphabet[b >> 4]);
    text.push_back(hex_alphabet[b & 15]);
  }
  return text;
}

} // namespace sett::solana
