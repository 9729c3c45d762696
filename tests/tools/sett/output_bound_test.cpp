#include "tests/support/temporary_folder.hpp"
#include "tools/sett/output_bound_io.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace sett;

std::string content(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(it_output_bound, a_file_that_its_writer_holds_open_is_cut_and_its_writer_goes_on_at_the_beginning) {
  const test::temporary_folder folder;
  const auto file = folder.path() / "n1.log";
  std::ofstream writer(file, std::ios::app | std::ios::binary);
  writer << std::string(100, 'a') << std::flush;
  EXPECT_FALSE(tools::bound_output(file, 100));
  writer << "b" << std::flush;
  EXPECT_TRUE(tools::bound_output(file, 100));
  EXPECT_EQ(content(folder.path() / "n1.log.1"), std::string(100, 'a') + "b");
  writer << "c" << std::flush;
  EXPECT_EQ(content(file), "c");
  writer << std::string(200, 'd') << std::flush;
  EXPECT_TRUE(tools::bound_output(file, 100));
  EXPECT_EQ(content(folder.path() / "n1.log.1"), "c" + std::string(200, 'd')); // the copy before is gone
  EXPECT_FALSE(tools::bound_output(folder.path() / "none", 100));
}

} // namespace
