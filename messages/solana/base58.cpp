#include "messages/solana/base58.hpp"

#include "messages/solana/executed_transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sett::solana {
namespace {

__extension__ typedef unsigned __int128 uint128;

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::uint8_t not_a_digit = 0xff; // the only value of the table with its top bit set
constexpr auto digit_of = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

constexpr std::uint64_t power_of_58(unsigned n) {
  std::uint64_t p = 1;
  while (n-- > 0) p *= 58;
  return p;
}
constexpr unsigned group_digits = 10;
constexpr std::uint64_t group_base = power_of_58(group_digits);

/// The number that `count` <= 10 characters stand for. `seen` collects the digits' bits, so that one test at the end
/// finds a bad one.
inline std::uint64_t group_value(const char* text, std::size_t count, std::uint8_t& seen) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t d = digit_of[static_cast<unsigned char>(text[i])];
    seen |= d;
    v = v * 58 + d;
  }
  return v;
}

/// The same for exactly ten, in pairs, so that the multiplications do not wait for each other.
inline std::uint64_t whole_group_value(const char* text, std::uint8_t& seen) {
  std::array<std::uint64_t, 5> pairs;
#pragma GCC unroll 5
  for (std::size_t i = 0; i < 5; ++i) {
    const std::uint8_t high = digit_of[static_cast<unsigned char>(text[2 * i])];
    const std::uint8_t low = digit_of[static_cast<unsigned char>(text[2 * i + 1])];
    seen |= high | low;
    pairs[i] = high * 58U + low;
  }
  constexpr std::uint64_t square = 58 * 58;
  return ((pairs[0] * square + pairs[1]) * square + pairs[2]) * (square * square) + (pairs[3] * square + pairs[4]);
}

inline std::size_t leading_ones(std::string_view text) {
  const auto first = text.find_first_not_of('1');
  return first == std::string_view::npos ? text.size() : first;
}

inline void store_big_endian(std::uint64_t limb, std::uint8_t* out) {
  static_assert(std::endian::native == std::endian::little);
  limb = std::byteswap(limb);
  std::memcpy(out, &limb, sizeof limb);
}

/// Fixed size: N is a multiple of 8, Characters the longest text of N bytes.
template <std::size_t N, std::size_t Characters>
bool decode_fixed(std::string_view text, std::span<std::uint8_t, N> out) noexcept {
  constexpr std::size_t limb_count = N / 8;
  constexpr std::size_t group_count = (Characters + group_digits - 1) / group_digits;
  if (text.size() < N || text.size() > Characters) return false;

  // Zeros in front make every length the longest one, so that all loops below have fixed bounds.
  std::array<char, group_count * group_digits> padded;
  padded.fill('1');
  std::memcpy(padded.data() + padded.size() - text.size(), text.data(), text.size());

  // All groups first: they do not depend on each other, the limbs below do.
  std::array<std::uint64_t, group_count> groups;
  std::uint8_t seen = 0;
  for (std::size_t g = 0; g < group_count; ++g) groups[g] = whole_group_value(padded.data() + g * group_digits, seen);
  if ((seen & 0x80) != 0) return false;

  std::array<std::uint64_t, limb_count> limbs{}; // least significant first
#pragma GCC unroll 9
  for (std::size_t g = 0; g < group_count; ++g) {
    std::uint64_t carry = groups[g];
    const std::size_t used = std::min(limb_count, g + 1); // g groups fill at most g limbs: 58^10 < 2^64
#pragma GCC unroll 8
    for (std::size_t i = 0; i < used; ++i) {
      const uint128 t = static_cast<uint128>(limbs[i]) * group_base + carry;
      limbs[i] = static_cast<std::uint64_t>(t);
      carry = static_cast<std::uint64_t>(t >> 64);
    }
    if (carry != 0) return false; // more than N bytes
  }
  for (std::size_t i = 0; i < limb_count; ++i) store_big_endian(limbs[limb_count - 1 - i], out.data() + 8 * i);

  std::size_t zeros = 0;
  while (zeros < N && out[zeros] == 0 && text[zeros] == '1') ++zeros;
  // As many leading ones as leading zeros, else the text does not stand for N bytes.
  return zeros == N ? text.size() == N : out[zeros] != 0 && text[zeros] != '1';
}

/// Row i: 2^(32 * (Words - 1 - i)) in base 58^5, most significant digit first.
template <std::size_t Words, std::size_t Chunks>
constexpr auto powers_of_2_32() {
  std::array<std::array<std::uint32_t, Chunks>, Words> table{};
  table[Words - 1][Chunks - 1] = 1;
  for (std::size_t row = Words - 1; row-- > 0;) {
    std::uint64_t carry = 0;
    for (std::size_t c = Chunks; c-- > 0;) {
      const std::uint64_t t = (static_cast<std::uint64_t>(table[row + 1][c]) << 32) + carry;
      table[row][c] = static_cast<std::uint32_t>(t % power_of_58(5));
      carry = t / power_of_58(5);
    }
  }
  return table;
}

template <std::size_t N, std::size_t Characters>
std::size_t encode_fixed(std::span<const std::uint8_t, N> bytes, std::span<char, Characters> out) noexcept {
  constexpr std::size_t words = N / 4;
  constexpr std::size_t chunks = (Characters + 4) / 5;
  constexpr std::uint64_t chunk_base = power_of_58(5);
  static constexpr auto table = powers_of_2_32<words, chunks>();
  // Products that fit into 64 bits together before the carries must be settled.
  constexpr std::size_t at_once = 6;
  static_assert(at_once * 0xffffffffULL <= (~0ULL - 2 * chunk_base - (1ULL << 35)) / chunk_base);

  std::array<std::uint64_t, chunks> sums{};
  for (std::size_t from = 0; from < words; from += at_once) {
    for (std::size_t w = from; w < std::min(from + at_once, words); ++w) {
      const std::uint8_t* p = bytes.data() + 4 * w;
      const std::uint64_t word = static_cast<std::uint64_t>(p[0]) << 24 | static_cast<std::uint64_t>(p[1]) << 16 |
                                 static_cast<std::uint64_t>(p[2]) << 8 | p[3];
      for (std::size_t c = 0; c < chunks; ++c) sums[c] += word * table[w][c];
    }
    for (std::size_t c = chunks - 1; c > 0; --c) {
      sums[c - 1] += sums[c] / chunk_base;
      sums[c] %= chunk_base;
    }
  }

  std::array<std::uint8_t, chunks * 5> digits;
  for (std::size_t c = 0; c < chunks; ++c) {
    std::uint64_t v = sums[c];
    for (std::size_t d = 5; d-- > 0;) {
      digits[5 * c + d] = static_cast<std::uint8_t>(v % 58);
      v /= 58;
    }
  }
  std::size_t zeros = 0;
  while (zeros < N && bytes[zeros] == 0) ++zeros;
  std::size_t first = 0;
  while (first < digits.size() && digits[first] == 0) ++first;
  std::size_t length = 0;
  for (; length < zeros; ++length) out[length] = '1';
  for (; first < digits.size(); ++first) out[length++] = alphabet[digits[first]];
  return length;
}

std::unexpected<error> bad_character(std::string_view text, std::size_t at) {
  return fail("base58", base58_errc::bad_character,
              fmt::format("byte 0x{:02x} at offset {} is not in the base58 alphabet",
                          static_cast<unsigned char>(text[at]), at));
}

template <class Id>
result<Id> parse_fixed(std::string_view text, const char* what,
                       bool (*decode)(std::string_view, std::span<std::uint8_t, Id::size>) noexcept) {
  Id id;
  if (decode(text, std::span(id.bytes))) return id;
  for (std::size_t i = 0; i < std::min(text.size(), base58::max_characters); ++i)
    if (digit_of[static_cast<unsigned char>(text[i])] == not_a_digit) return bad_character(text, i);
  return fail("base58", base58_errc::wrong_length,
              fmt::format("no {}: {} characters of base58 are not its {} bytes", what, text.size(), Id::size));
}

template <std::size_t N, std::size_t Characters>
std::string encode_to_string(std::span<const std::uint8_t, N> bytes,
                             std::size_t (*encode)(std::span<const std::uint8_t, N>,
                                                   std::span<char, Characters>) noexcept) {
  std::array<char, Characters> buffer;
  return std::string(buffer.data(), encode(bytes, std::span(buffer)));
}

} // namespace

namespace base58 {

bool decode_32(std::string_view text, std::span<std::uint8_t, 32> out) noexcept {
  return decode_fixed<32, 44>(text, out);
}
bool decode_64(std::string_view text, std::span<std::uint8_t, 64> out) noexcept {
  return decode_fixed<64, 88>(text, out);
}

std::size_t encode_32(std::span<const std::uint8_t, 32> bytes, std::span<char, 44> out) noexcept {
  return encode_fixed<32, 44>(bytes, out);
}
std::size_t encode_64(std::span<const std::uint8_t, 64> bytes, std::span<char, 88> out) noexcept {
  return encode_fixed<64, 88>(bytes, out);
}

result<std::size_t> decode(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() > max_characters)
    return fail("base58", base58_errc::too_long,
                fmt::format("{} characters of base58, at most {} are read", text.size(), max_characters));
  std::array<std::uint64_t, max_bytes / 8 + 1> limbs; // least significant first; [0, used) is valid
  std::size_t used = 0;
  const std::size_t ones = leading_ones(text);
  std::size_t length = (text.size() - ones) % group_digits;
  if (length == 0) length = group_digits;
  for (std::size_t at = ones; at < text.size(); at += length, length = group_digits) {
    std::uint8_t seen = 0;
    std::uint64_t carry = group_value(text.data() + at, length, seen);
    if ((seen & 0x80) != 0) {
      while (digit_of[static_cast<unsigned char>(text[at])] != not_a_digit) ++at;
      return bad_character(text, at);
    }
    for (std::size_t i = 0; i < used; ++i) {
      const uint128 t = static_cast<uint128>(limbs[i]) * group_base + carry;
      limbs[i] = static_cast<std::uint64_t>(t);
      carry = static_cast<std::uint64_t>(t >> 64);
    }
    if (carry != 0 || used == 0) {
      SETT_ASSERT(used < limbs.size()); // max_characters digits are below 2^(8 * (max_bytes + 8))
      limbs[used++] = carry;
    }
  }
  std::size_t significant = 0;
  if (used > 0) significant = 8 * used - static_cast<std::size_t>(std::countl_zero(limbs[used - 1])) / 8;
  const std::size_t size = ones + significant;
  if (size > std::min(out.size(), max_bytes))
    return fail(
        "base58", base58_errc::too_long,
        fmt::format("the text stands for {} bytes, at most {} are taken", size, std::min(out.size(), max_bytes)));
  std::fill_n(out.begin(), ones, std::uint8_t{0});
  for (std::size_t i = 0; i < significant; ++i)
    out[size - 1 - i] = static_cast<std::uint8_t>(limbs[i / 8] >> (8 * (i % 8)));
  return size;
}

result<std::string> encode(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > max_bytes)
    return fail("base58", base58_errc::too_long,
                fmt::format("{} bytes, at most {} are written", bytes.size(), max_bytes));
  constexpr std::uint64_t chunk_base = power_of_58(5);
  const auto zeros =
      static_cast<std::size_t>(std::find_if(bytes.begin(), bytes.end(), [](auto b) { return b != 0; }) - bytes.begin());
  std::vector<std::uint32_t> chunks; // base 58^5, least significant first
  for (std::size_t at = zeros; at < bytes.size();) {
    // The first step takes what is over a multiple of three bytes: 58^5 * 2^24 fits in 64 bits with room for the carry.
    const std::size_t take = (bytes.size() - at) % 3 == 0 ? 3 : (bytes.size() - at) % 3;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < take; ++i) carry = carry << 8 | bytes[at + i];
    for (auto& chunk : chunks) {
      const std::uint64_t t = (static_cast<std::uint64_t>(chunk) << (8 * take)) + carry;
      chunk = static_cast<std::uint32_t>(t % chunk_base);
      carry = t / chunk_base;
    }
    if (carry != 0) chunks.push_back(static_cast<std::uint32_t>(carry)); // below 2^24, so below 58^5
    at += take;
  }
  std::string text(zeros, '1');
  std::string digits;
  for (auto chunk : chunks)
    for (int d = 0; d < 5; ++d, chunk /= 58) digits.push_back(alphabet[chunk % 58]);
  digits.resize(digits.find_last_not_of('1') + 1);
  text.append(digits.rbegin(), digits.rend());
  return text;
}

} // namespace base58

result<address> parse_address(std::string_view text) {
  return parse_fixed<address>(text, "address", base58::decode_32);
}
result<signature> parse_signature(std::string_view text) {
  return parse_fixed<signature>(text, "signature", base58::decode_64);
}
result<blockhash> parse_blockhash(std::string_view text) {
  return parse_fixed<blockhash>(text, "blockhash", base58::decode_32);
}

std::string to_base58(const address& a) { return encode_to_string<32, 44>(a.bytes, base58::encode_32); }
std::string to_base58(const signature& s) { return encode_to_string<64, 88>(s.bytes, base58::encode_64); }
std::string to_base58(const blockhash& h) { return encode_to_string<32, 44>(h.bytes, base58::encode_32); }

address literals::operator""_address(const char* text, std::size_t size) {
  const auto parsed = parse_address({text, size});
  SETT_ASSERT(parsed.has_value() && "a program id in the code is not valid base58");
  return *parsed;
}

void lazy_address::decode() const {
  if (state_ == state::raw) {
    std::copy_n(raw_, bytes_.bytes.size(), bytes_.bytes.begin());
  } else if (!base58::decode_32(text_, bytes_.bytes)) {
    bytes_ = {};
    invalid_ = true;
  }
  state_ = state::decoded;
}

} // namespace sett::solana
