#include "actors/decode/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sett::decode {

TEST(unit_decoder_table, finds_every_program_by_text_and_by_bytes) {
  for (const auto& p : programs()) {
    EXPECT_EQ(find_program(p.address), p.kind) << p.name;
    EXPECT_EQ(find_program(solana::lazy_address(p.address).get()), p.kind) << p.name;
  }
}

TEST(unit_decoder_table, has_an_entry_for_every_kind) {
  for (int k = 1; k < static_cast<int>(program_kind::count_); ++k) {
    const auto kind = static_cast<program_kind>(k);
    EXPECT_EQ(program(kind).kind, kind);
  }
}

TEST(unit_decoder_table, knows_nothing_else) {
  EXPECT_EQ(find_program(address{}), program_kind::system); // the system program's address is all zeros
  EXPECT_EQ(find_program(""), program_kind::unknown);
  EXPECT_EQ(find_program("1111111111111111111111111111111"), program_kind::unknown);
  EXPECT_EQ(find_program("AB5YqhWip4SagTCQw29U8f8qpZDusBms3GDv3hVHNFkn"), program_kind::unknown);
  for (const auto& p : programs()) {
    std::string near(p.address);
    near.back() = near.back() == 'z' ? 'y' : 'z';
    EXPECT_EQ(find_program(near), program_kind::unknown) << near;
  }
}

TEST(unit_decoder_table, recomputes_every_anchor_discriminator) {
  EXPECT_THAT(check_layouts(), testing::IsEmpty());
  std::size_t checked = 0;
  for (const auto& p : programs()) checked += p.layouts.size();
  EXPECT_GT(checked, 300U); // the check must have something to check
}

} // namespace sett::decode
