#include "messages/solana/encoding.hpp"
#include "messages/solana/json_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sett::solana {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view s) { return {s.begin(), s.end()}; }

TEST(unit_encoding, base64_equals_the_examples_of_rfc_4648) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : examples) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), text);
    EXPECT_EQ(base64_decode(text), bytes_of(plain));
  }
}

TEST(unit_encoding, base64_and_hex_read_back_what_they_write) {
  std::mt19937_64 rng(64);
  for (std::size_t size = 0; size < 200; ++size) {
    std::vector<std::uint8_t> bytes(size);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(rng());
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
  }
}

TEST(unit_encoding, base64_refuses_missing_misplaced_and_non_canonical_padding) {
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Z===", "====", "=Zg=", "Zg=g", "Zm8=Zm8=", "Zh==", "Zm9=", "Zm9v\n",
                          "Zm9v Zm9", "Zm-v", "Zm_v"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(unit_encoding, base64_says_where_the_bad_character_is) {
  const auto r = base64_decode("Zm9vZ*9v");
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("offset 5"), std::string::npos) << r.error().message;
}

TEST(unit_encoding, hex_reads_both_cases_and_refuses_odd_lengths_and_other_characters) {
  EXPECT_EQ(hex_decode("00fFAb"), (std::vector<std::uint8_t>{0, 255, 0xab}));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0x"));
  EXPECT_FALSE(hex_decode("g0"));
  EXPECT_FALSE(hex_decode("0 "));
}

TEST(unit_json_text, a_string_is_escaped_and_comes_back_the_same) {
  std::string out = "[";
  const std::string text = "a\"b\\c\n\r\t\x01\x1f/\u00e9";
  append_json_string(out, text);
  EXPECT_EQ(out, "[\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/\u00e9\"");
  EXPECT_EQ(json_unescape(out.substr(2, out.size() - 3)), text);
}

} // namespace
} // namespace sett::solana
