#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/messages/solana/made_transactions.hpp"
#include "tests/support/shared_data.hpp"
#include "tools/verifier/signing.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace sett::solana {
namespace {

using bytes = std::vector<std::uint8_t>;

bool verify_hex(std::string_view key, std::string_view message, std::string_view s) {
  const auto k = hex_decode(key), m = hex_decode(message), sig = hex_decode(s);
  EXPECT_TRUE(k && m) << key << " " << message;
  if (!sig || sig->size() != 64 || k->size() != 32) return false; // the vectors cut and stretch some signatures
  address a;
  signature id;
  std::ranges::copy(*k, a.bytes.begin());
  std::ranges::copy(*sig, id.bytes.begin());
  return verify_signature(a, *m, id);
}

TEST(unit_ed25519, verifies_the_first_examples_of_rfc_8032) {
  EXPECT_TRUE(verify_hex(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
      "4655141438e7a100b"));
  EXPECT_FALSE(verify_hex(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "00",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
      "24655141438e7a100b"));
}

TEST(unit_ed25519, every_flipped_bit_of_key_message_or_signature_is_noticed) {
  verifier::signing_seed seed;
  seed.fill(7);
  const address key = verifier::public_key_of(seed);
  const bytes message{1, 2, 3, 4, 5};
  const signature s = verifier::sign(seed, message);
  ASSERT_TRUE(verify_signature(key, message, s));
  for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
    auto spoiled = s;
    spoiled.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verify_signature(key, message, spoiled)) << bit;
  }
  for (std::size_t bit = 0; bit < 32 * 8; ++bit) {
    auto spoiled = key;
    spoiled.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verify_signature(spoiled, message, s)) << bit;
  }
  EXPECT_FALSE(verify_signature(key, bytes{1, 2, 3, 4}, s));
}

TEST(unit_ed25519, a_transaction_verifies_only_with_all_its_signatures) {
  verifier::signing_seed first, second;
  first.fill(1);
  second.fill(2);
  const std::vector<instruction> instructions{
      {test::made_key(9), {{verifier::public_key_of(second), true, false}}, {1}}};
  const auto message = *build_message({.version = transaction_version::v0,
                                       .payer = verifier::public_key_of(first),
                                       .recent_blockhash = test::made_blockhash(),
                                       .instructions = instructions,
                                       .tables = {}});
  const std::array right{verifier::sign(first, message), verifier::sign(second, message)};
  const std::array swapped{right[1], right[0]};
  transaction_view view;
  const auto wire = *attach_signatures(message, right), wrong = *attach_signatures(message, swapped);
  ASSERT_TRUE(parse_transaction(wire, view));
  EXPECT_TRUE(verify_signatures(view));
  ASSERT_TRUE(parse_transaction(wrong, view));
  EXPECT_FALSE(verify_signatures(view));
  ASSERT_TRUE(parse_message(message, view));
  EXPECT_FALSE(verify_signatures(view)); // no signature is not a valid signature
}

// --- public vectors
// ----------------------------------------------------------------------------------------------------------

class it_ed25519_vectors : public testing::Test {
protected:
  simdjson::dom::element load(const std::string& path) {
    simdjson::dom::element root;
    const auto error = parser_.load((sett::test::shared_folder() / path).string()).get(root);
    EXPECT_EQ(error, simdjson::SUCCESS) << path;
    return root;
  }
  static std::string_view text(simdjson::dom::element e, std::string_view key) { return e[key].get_string().value(); }

  /// `key_field`: where a group keeps its public key.
  void check_wycheproof(const std::string& path, const char* key_field, std::size_t expected_cases) {
    std::size_t cases = 0;
    for (const auto group : load(path)["testGroups"].get_array())
      for (const auto test : group["tests"].get_array()) {
        ++cases;
        EXPECT_EQ(verify_hex(text(group[key_field].value(), "pk"), text(test, "msg"), text(test, "sig")),
                  text(test, "result") == "valid")
            << path << " case " << test["tcId"].get_int64().value() << " " << text(test, "comment");
      }
    EXPECT_GE(cases, expected_cases);
  }

private:
  simdjson::dom::parser parser_;
};

TEST_F(it_ed25519_vectors, all_wycheproof_cases_agree) {
  SETT_NEEDS_DATA("data/vectors");
  check_wycheproof("data/vectors/C2SP__wycheproof/testvectors_v1/ed25519_test.json", "publicKey", 140);
  check_wycheproof("data/vectors/paulmillr__noble-ed25519/test/vectors/ed25519/ed25519_test_OLD.json", "key", 140);
}

TEST_F(it_ed25519_vectors, all_long_vectors_verify_and_are_signed_the_same) {
  const std::string path = "data/vectors/paulmillr__noble-ed25519/test/vectors/ed25519/vectors.txt";
  SETT_NEEDS_DATA(path);
  std::ifstream in(sett::test::shared_folder() / path);
  std::size_t cases = 0;
  for (std::string line; std::getline(in, line);
       ++cases) { // secret || public : public : message : signature || message
    const auto second = line.find(':'), third = line.find(':', second + 1), fourth = line.find(':', third + 1);
    ASSERT_NE(fourth, std::string::npos);
    const std::string key = line.substr(second + 1, third - second - 1),
                      message = line.substr(third + 1, fourth - third - 1);
    const std::string s = line.substr(fourth + 1, 128);
    EXPECT_TRUE(verify_hex(key, message, s)) << "line " << cases + 1;
    verifier::signing_seed seed;
    std::ranges::copy(*hex_decode(line.substr(0, 64)), seed.begin());
    EXPECT_EQ(hex_encode(verifier::sign(seed, *hex_decode(message)).bytes), s) << "line " << cases + 1;
  }
  EXPECT_GE(cases, 1024u);
}

TEST_F(it_ed25519_vectors, keys_and_nonces_of_small_order_are_refused_as_by_verify_strict) {
  const std::string path = "data/vectors/paulmillr__noble-ed25519/test/vectors/ed25519/zip215.json";
  SETT_NEEDS_DATA(path);
  std::size_t cases = 0;
  for (const auto test : load(path).get_array()) { // all of them use small order; the message is "Zcash"
    ++cases;
    EXPECT_FALSE(
        verify_hex(text(test, "vk_bytes"), hex_encode(bytes{'Z', 'c', 'a', 's', 'h'}), text(test, "sig_bytes")))
        << cases;
  }
  EXPECT_EQ(cases, 196u);
}

TEST_F(it_ed25519_vectors, of_the_edge_cases_only_mixed_order_without_cofactor_is_accepted) {
  // Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020), table 5: what "Dalek strict" answers to vectors 0
  // to 11.
  const std::string path = "data/vectors/paulmillr__noble-ed25519/test/vectors/ed25519/edge-cases.json";
  SETT_NEEDS_DATA(path);
  std::size_t index = 0;
  for (const auto test : load(path).get_array()) {
    EXPECT_EQ(verify_hex(text(test, "pub_key"), text(test, "message"), text(test, "signature")), index == 3) << index;
    ++index;
  }
  EXPECT_EQ(index, 12u);
}

} // namespace
} // namespace sett::solana
