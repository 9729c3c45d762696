#include "actors/signer/bip39_words.hpp"
#include "actors/signer/key_derivation.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/sha256.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace {

using namespace sett::signer;
using sett::solana::hex_decode;
using sett::solana::hex_encode;

struct slip10_case {
  const char *seed, *path, *chain, *key;
};
// SLIP-0010, test vectors 1 and 2 for ed25519.
constexpr const char* seed_1 = "000102030405060708090a0b0c0d0e0f";
constexpr const char* seed_2 =
    "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f"
    "6c696663605d5a5754514e4b484542";
constexpr slip10_case slip10_cases[] = {
    {seed_1, "m", "90046a93de5380a72b5e45010748567d5ea02bbf6522f979e05c0d8d8ca9fffb",
     "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7"},
    {seed_1, "m/0'", "8b59aa11380b624e81507a27fedda59fea6d0b779a778918a2fd3590e16e9c69",
     "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3"},
    {seed_1, "m/0'/1'", "a320425f77d1b5c2505a6b1b27382b37368ee640e3557c315416801243552f14",
     "b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2"},
    {seed_1, "m/0'/1'/2'", "2e69929e00b5ab250f49c3fb1c12f252de4fed2c1db88387094a0f8c4c9ccd6c",
     "92a5b23c0b8a99e37d07df3fb9966917f5d06e02ddbd909c7e184371463e9fc9"},
    {seed_1, "m/0'/1'/2'/2'", "8f6d87f93d750e0efccda017d662a1b31a266e4a6f5993b15f5c1f07f74dd5cc",
     "30d1dc7e5fc04c31219ab25a27ae00b50f6fd66622f6e9c913253d6511d1e662"},
    {seed_1, "m/0'/1'/2'/2'/1000000000'", "68789923a0cac2cd5a29172a475fe9e0fb14cd6adb5ad98a3fa70333e7afa230",
     "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793"},
    {seed_2, "m", "ef70a74db9c3a5af931b5fe73ed8e1a53464133654fd55e7a66f8570b8e33c3b",
     "171cb88b1b3c1db25add599712e36245d75bc65a1a5c9e18d76f9f2b1eab4012"},
    {seed_2, "m/0'", "0b78a3226f915c082bf118f83618a618ab6dec793752624cbeb622acb562862d",
     "1559eb2bbec5790b0c65d8693e4d0875b1747f4970ae8b650486ed7470845635"},
    {seed_2, "m/0'/2147483647'", "138f0b2551bcafeca6ff2aa88ba8ed0ed8de070841f0c4ef0165df8181eaad7f",
     "ea4f5bfe8694d8bb74b7b59404632fd5968b774ed545e810de9c32a4fb4192f4"},
    {seed_2, "m/0'/2147483647'/1'/2147483646'/2'", "5d70af781f3a37b829f0d060924d5e960bdc02e85423494afc0b1a41bbe196d4",
     "551d333177df541ad876a60ea71f00447931c0a9da16f227c11ea080d7391b8d"},
};

constexpr std::string_view some_words =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

TEST(unit_key_derivation, follows_the_vectors_of_slip_0010) {
  for (const auto& c : slip10_cases) {
    const auto path = parse_path(c.path);
    ASSERT_TRUE(path) << c.path;
    const auto node = derive(*hex_decode(c.seed), *path);
    ASSERT_TRUE(node);
    EXPECT_EQ(hex_encode(node->bytes().first(32)), c.key) << c.path;
    EXPECT_EQ(hex_encode(node->bytes().subspan(32)), c.chain) << c.path;
  }
}

TEST(unit_key_derivation, gives_the_address_that_wallets_show_for_the_same_words) {
  const auto seed = seed_of(some_words, "");
  ASSERT_TRUE(seed);
  const auto node = derive(seed->bytes(), *parse_path(default_path));
  ASSERT_TRUE(node);
  // As @solana/web3.js with ed25519-hd-key, Phantom and Solflare show it.
  EXPECT_EQ(sett::solana::to_base58(address_of(node->bytes().first<seed_bytes>())),
            "HAgk14JpMQLgt6rVgv7cBQFJWFto5Dqxi472uT3DKpqk");
}

TEST(unit_key_derivation, refuses_paths_that_ed25519_has_not) {
  for (const auto* path : {"", "44'", "m/", "m/44", "m/44'/", "m//0'", "m/-1'", "m/2147483648'", "m/4 4'", "m/x'",
                           "m/0'0'", "m/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'/0'"}) {
    const auto parsed = parse_path(path);
    ASSERT_FALSE(parsed) << path;
    EXPECT_EQ(parsed.error().code, static_cast<int>(signer_errc::bad_path));
  }
}

TEST(unit_key_derivation, refuses_seeds_of_other_lengths) {
  for (const std::size_t size : {0U, 15U, 65U})
    EXPECT_FALSE(derive(std::vector<std::uint8_t>(size), std::vector<std::uint32_t>{}));
}

TEST(unit_bip39, has_the_published_word_list) {
  std::string all;
  for (const auto word : bip39_words()) all.append(word).append("\n");
  EXPECT_TRUE(std::ranges::is_sorted(bip39_words()));
  EXPECT_EQ(hex_encode(sett::solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(all.data()), all.size()))),
            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

TEST(unit_bip39, names_the_place_of_a_wrong_word_and_never_the_word) {
  std::string words(some_words);
  words.replace(words.find("abandon", 8), 7, "canary7");
  const auto wrong = entropy_of(words);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "word 2 is not in BIP-0039's English list");
}

TEST(unit_bip39, refuses_other_numbers_of_words_a_wrong_checksum_and_strange_passphrases) {
  for (const auto* words :
       {"", "abandon",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"})
    EXPECT_FALSE(entropy_of(words)) << words;
  EXPECT_FALSE(seed_of(some_words, "p\xc3\xa4ss"));
  EXPECT_TRUE(seed_of(some_words, "pass"));
}

TEST(unit_bip39, takes_any_white_space_between_words) {
  std::string words = "  ";
  for (const char c : some_words) words += c == ' ' ? "\n \t" : std::string(1, c);
  EXPECT_EQ(hex_encode(seed_of(words + "\n", "")->bytes()), hex_encode(seed_of(some_words, "")->bytes()));
}

TEST(unit_bip39, follows_the_reference_vectors) {
  SETT_NEEDS_DATA("data/vectors/trezor__python-mnemonic/vectors.json");
  simdjson::dom::parser parser;
  const auto vectors =
      parser.load((sett::test::shared_folder() / "data/vectors/trezor__python-mnemonic/vectors.json").string());
  std::size_t n = 0;
  for (const auto row : vectors["english"].get_array()) {
    const auto entropy = *hex_decode(row.at(0).get_string().value());
    const auto words = row.at(1).get_string().value();
    EXPECT_EQ(words_of(entropy)->text(), words);
    const auto back = entropy_of(words);
    ASSERT_TRUE(back) << words;
    EXPECT_TRUE(std::ranges::equal(back->bytes(), entropy));
    EXPECT_EQ(hex_encode(seed_of(words, "TREZOR")->bytes()), row.at(2).get_string().value());
    ++n;
  }
  EXPECT_EQ(n, 24U);
}

} // namespace
