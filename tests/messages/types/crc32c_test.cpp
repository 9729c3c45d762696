#include "messages/types/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sett {
namespace {

TEST(unit_crc32c, computes_what_rfc_3720_says_and_goes_on_where_it_stopped) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU); // appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U); // the check value of the CRC catalogues
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(unit_crc32c, the_table_gives_what_the_instruction_gives_for_every_length_and_start) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) bytes.push_back(static_cast<char>(i * 37));
  const std::string_view all(bytes);
  for (std::size_t from = 0; from < 8; ++from)
    for (std::size_t n = 0; from + n <= all.size(); ++n) {
      const auto part = all.substr(from, n);
      EXPECT_EQ(~detail::crc32c_by_table(~0U, part), crc32c(part)) << from << '+' << n;
    }
}

} // namespace
} // namespace sett
