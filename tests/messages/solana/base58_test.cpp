#include "messages/solana/base58.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace sett::solana {
namespace {

using namespace literals;

/// The schoolbook algorithm, one digit at a time: what the fast one must equal.
std::string naive_encode(const std::vector<std::uint8_t>& bytes) {
  static constexpr char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::vector<int> digits;
  for (int b : bytes) {
    int carry = b;
    for (int& d : digits) {
      carry += d * 256;
      d = carry % 58;
      carry /= 58;
    }
    for (; carry > 0; carry /= 58) digits.push_back(carry % 58);
  }
  std::string text;
  for (auto b : bytes) {
    if (b != 0) break;
    text.push_back('1');
  }
  for (auto it = digits.rbegin(); it != digits.rend(); ++it) text.push_back(alphabet[*it]);
  return text;
}

std::vector<std::uint8_t> random_bytes(std::mt19937_64& rng, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(rng());
  // Often with leading zeros or leading ones bits: the lengths of the text vary there.
  const auto head = std::min<std::size_t>(size, rng() % 6);
  if (rng() % 3 == 0) std::fill_n(bytes.begin(), head, std::uint8_t{0});
  if (rng() % 5 == 0) std::fill_n(bytes.begin(), head, std::uint8_t{0xff});
  return bytes;
}

template <class Id>
Id id_of(const std::vector<std::uint8_t>& bytes) {
  Id id;
  std::copy_n(bytes.begin(), Id::size, id.bytes.begin());
  return id;
}

TEST(unit_base58, reads_and_writes_well_known_addresses) {
  EXPECT_TRUE(parse_address("11111111111111111111111111111111")->is_zero());
  const address token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address;
  EXPECT_EQ(token.bytes[0], 0x06);
  EXPECT_EQ(token.bytes[1], 0xdd);
  EXPECT_EQ(token.bytes[31], 0xa9);
  EXPECT_EQ(to_base58(token), "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
}

TEST(unit_base58, agrees_with_the_schoolbook_algorithm_on_random_addresses_and_signatures) {
  std::mt19937_64 rng(58);
  for (int i = 0; i < 5000; ++i) {
    const auto bytes = random_bytes(rng, 64);
    const auto a = id_of<address>(bytes);
    const auto s = id_of<signature>(bytes);
    const std::string a_text = naive_encode({a.bytes.begin(), a.bytes.end()});
    const std::string s_text = naive_encode(bytes);
    ASSERT_EQ(to_base58(a), a_text);
    ASSERT_EQ(to_base58(s), s_text);
    ASSERT_EQ(parse_address(a_text), a);
    ASSERT_EQ(parse_signature(s_text), s);
  }
}

TEST(unit_base58, reads_back_every_length_it_writes) {
  std::mt19937_64 rng(59);
  std::vector<std::uint8_t> out(base58::max_bytes);
  for (std::size_t size = 0; size < 300; ++size) {
    const auto bytes = random_bytes(rng, size);
    const auto text = base58::encode(bytes);
    ASSERT_TRUE(text);
    ASSERT_EQ(*text, naive_encode(bytes));
    const auto back = base58::decode(*text, out);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(std::vector(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*back)), bytes);
    ASSERT_LE(*back, base58::max_decoded_size(text->size()));
  }
}

TEST(unit_base58, the_largest_and_smallest_numbers_of_each_size_survive) {
  for (const std::uint8_t fill : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
    address a;
    a.bytes.fill(fill);
    signature s;
    s.bytes.fill(fill);
    EXPECT_EQ(parse_address(to_base58(a)), a);
    EXPECT_EQ(parse_signature(to_base58(s)), s);
    EXPECT_EQ(to_base58(a), naive_encode({a.bytes.begin(), a.bytes.end()}));
    EXPECT_EQ(to_base58(s), naive_encode({s.bytes.begin(), s.bytes.end()}));
  }
}

TEST(unit_base58, refuses_characters_outside_the_alphabet_and_says_where) {
  for (const char bad : {'0', 'O', 'I', 'l', ' ', '\n', '\0', '\x80', '\xff', '+', '/'}) {
    std::string text = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
    text[17] = bad;
    const auto parsed = parse_address(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, static_cast<std::uint16_t>(base58_errc::bad_character));
    EXPECT_NE(parsed.error().message.find("offset 17"), std::string::npos) << parsed.error().message;
    std::vector<std::uint8_t> out(64);
    const auto generic = base58::decode(text, out);
    ASSERT_FALSE(generic);
    EXPECT_NE(generic.error().message.find("offset 17"), std::string::npos) << generic.error().message;
  }
}

TEST(unit_base58, refuses_text_of_31_or_33_bytes_as_an_address) {
  std::mt19937_64 rng(60);
  for (int i = 0; i < 200; ++i)
    for (const std::size_t size : {0, 1, 31, 33, 40, 64}) {
      const auto parsed = parse_address(naive_encode(random_bytes(rng, size)));
      ASSERT_FALSE(parsed);
      EXPECT_EQ(parsed.error().code, static_cast<std::uint16_t>(base58_errc::wrong_length));
    }
}

TEST(unit_base58, refuses_a_number_just_above_the_largest_address) {
  address a;
  a.bytes.fill(0xff);
  std::string text = to_base58(a);
  ++text.back(); // the text of 2^256
  ASSERT_EQ(text.size(), 44u);
  EXPECT_FALSE(parse_address(text));
  EXPECT_FALSE(parse_address(std::string(44, 'z')));
  EXPECT_FALSE(parse_signature(std::string(88, 'z')));
}

TEST(unit_base58, refuses_a_missing_or_an_extra_leading_one) {
  address a;
  a.bytes[31] = 7; // 31 ones and a digit
  const std::string text = to_base58(a);
  ASSERT_EQ(text.size(), 32u);
  EXPECT_TRUE(parse_address(text));
  EXPECT_FALSE(parse_address("1" + text));
  EXPECT_FALSE(parse_address(text.substr(1)));
  EXPECT_FALSE(parse_address(std::string(31, '1')));
  EXPECT_FALSE(parse_address(std::string(33, '1')));
}

TEST(unit_base58, refuses_what_is_longer_than_its_bound_or_its_buffer) {
  std::vector<std::uint8_t> out(base58::max_bytes);
  EXPECT_EQ(base58::decode(std::string(base58::max_characters + 1, 'z'), out).error().code,
            static_cast<std::uint16_t>(base58_errc::too_long));
  EXPECT_EQ(base58::decode(std::string(base58::max_characters, 'z'), out).error().code,
            static_cast<std::uint16_t>(base58_errc::too_long)); // as many digits, but a larger number
  EXPECT_EQ(base58::decode(std::string(base58::max_bytes + 1, '1'), out).error().code,
            static_cast<std::uint16_t>(base58_errc::too_long));
  EXPECT_EQ(base58::decode("zzzz", std::span(out).first(2)).error().code,
            static_cast<std::uint16_t>(base58_errc::too_long));
  EXPECT_FALSE(base58::encode(std::vector<std::uint8_t>(base58::max_bytes + 1)));
}

TEST(unit_base58, the_longest_byte_string_survives) {
  const std::vector<std::uint8_t> bytes(base58::max_bytes, 0xff);
  const auto text = base58::encode(bytes);
  ASSERT_TRUE(text);
  ASSERT_LE(text->size(), base58::max_characters);
  std::vector<std::uint8_t> out(base58::max_bytes);
  ASSERT_EQ(base58::decode(*text, out), base58::max_bytes);
  EXPECT_EQ(out, bytes);
}

} // namespace
} // namespace sett::solana
