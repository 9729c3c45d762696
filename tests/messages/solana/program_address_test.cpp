#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/solana/sha256.hpp"
#include "tests/messages/solana/made_transactions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sett::solana {
namespace {

using namespace literals;
using test::made_key;

derivation_errc code(const auto& r) { return r ? derivation_errc::ok : static_cast<derivation_errc>(r.error().code); }

TEST(unit_sha256, equals_the_examples_of_fips_180_4) {
  EXPECT_EQ(hex_encode(sha256(seed("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha256(std::array{seed("a"), seed(""), seed("bc")})), hex_encode(sha256(seed("abc"))));
  EXPECT_EQ(hex_encode(sha256(seed(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(unit_program_address, well_known_addresses_follow_from_their_seeds) {
  // The global account of pump.fun and its event authority, as every transaction of it names them.
  const auto pump = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"_address;
  EXPECT_EQ(to_base58(find_program_address(std::array{seed("global")}, pump)->key),
            "4wTV1YmiEkRvAtNtsSGPtUrqRYQMe5SKy2uB4Jjaxnjf");
  EXPECT_EQ(to_base58(find_program_address(std::array{seed("__event_authority")}, pump)->key),
            "Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1");
}

TEST(unit_program_address, the_found_bump_creates_the_same_address_off_the_curve_and_larger_bumps_do_not) {
  for (std::uint32_t i = 0; i < 40; ++i) {
    const auto program = made_key(1000 + i), owner = made_key(i);
    const auto found = find_program_address(std::array{seed("vault"), seed(owner)}, program);
    ASSERT_TRUE(found);
    EXPECT_FALSE(is_on_curve(found->key));
    for (int bump = 255; bump >= found->bump; --bump) {
      const std::array<std::uint8_t, 1> byte{static_cast<std::uint8_t>(bump)};
      const auto created = create_program_address(std::array<seed_bytes, 3>{seed("vault"), seed(owner), byte}, program);
      if (bump == found->bump)
        EXPECT_EQ(created, found->key);
      else
        EXPECT_EQ(code(created), derivation_errc::on_curve);
    }
  }
}

TEST(unit_program_address, too_many_and_too_long_seeds_are_refused) {
  const auto program = made_key(1);
  const std::string long_seed(33, 'x');
  EXPECT_EQ(code(find_program_address(std::vector<seed_bytes>(15), program)), derivation_errc::ok);
  EXPECT_EQ(code(find_program_address(std::vector<seed_bytes>(16), program)), derivation_errc::too_many_seeds);
  EXPECT_NE(code(create_program_address(std::vector<seed_bytes>(16), program)), derivation_errc::too_many_seeds);
  EXPECT_EQ(code(create_program_address(std::vector<seed_bytes>(17), program)), derivation_errc::too_many_seeds);
  EXPECT_EQ(code(find_program_address(std::array{seed(long_seed)}, program)), derivation_errc::seed_too_long);
  EXPECT_EQ(code(create_with_seed(program, long_seed, program)), derivation_errc::seed_too_long);
}

TEST(unit_program_address, an_owner_that_looks_like_the_input_of_a_derivation_is_refused) {
  address owner = made_key(3);
  std::ranges::copy(std::string_view("ProgramDerivedAddress"), owner.bytes.end() - 21);
  EXPECT_EQ(code(create_with_seed(made_key(1), "s", owner)), derivation_errc::illegal_owner);
}

TEST(unit_ed25519, points_of_the_curve_are_told_from_other_bytes) {
  EXPECT_TRUE(is_on_curve(address{}));                                               // y = 0, of order four
  EXPECT_FALSE(is_on_curve("4wTV1YmiEkRvAtNtsSGPtUrqRYQMe5SKy2uB4Jjaxnjf"_address)); // program-derived
  address two;
  two.bytes[0] = 2; // y = 2 has no x
  EXPECT_FALSE(is_on_curve(two));
  address neutral;
  neutral.bytes[0] = 1;
  EXPECT_TRUE(is_on_curve(neutral));
}

} // namespace
} // namespace sett::solana
