#include "nodes/runtime/opportunity_log_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/fixed_clock.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

namespace sett::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

class unit_opportunity_log : public ::testing::Test {
protected:
  std::shared_ptr<opportunity_log> open(std::uint64_t file_bytes_max = 1 << 20, std::uint32_t files_max = 3) {
    auto opened = opportunity_log::open({folder_.path().string(), file_bytes_max, files_max}, clock_, metrics_);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened : nullptr;
  }
  static void write(opportunity_log& log, std::vector<std::string> lines) {
    std::promise<void> written;
    log.write(std::move(lines), [&] { written.set_value(); });
    written.get_future().wait();
  }
  std::uint64_t shed(std::string_view reason) {
    return metrics_.counter_of("sett_opportunity_records_shed_total", "", {{"reason", reason}}).value();
  }
  std::uint64_t written() { return metrics_.counter_of("sett_opportunity_records_written_total", "", {}).value(); }

  test::temporary_folder folder_;
  test::fixed_clock clock_{1'790'000'000'000'000'000}; // 2026-09-21
  telemetry::node_metrics metrics_;
};

TEST_F(unit_opportunity_log, writes_lines_in_order_and_appends_after_a_restart) {
  write(*open(), {"{\"a\":1}", "{\"a\":2}"});
  write(*open(), {"{\"a\":3}"});
  EXPECT_THAT(lines_of(folder_.path() / "opportunities.ndjson"), ElementsAre("{\"a\":1}", "{\"a\":2}", "{\"a\":3}"));
  EXPECT_EQ(written(), 3U);
}

TEST_F(unit_opportunity_log, sets_a_full_file_aside_and_keeps_the_newest) {
  const auto log = open(100, 2);
  const std::string line(39, 'x'); // 40 bytes with its newline: two fit
  for (int i = 0; i < 7; ++i) write(*log, {line});
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
  for (const auto& e : std::filesystem::directory_iterator(folder_.path())) {
    names.push_back(e.path().filename().string());
    bytes += e.file_size();
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("opportunities.ndjson", "opportunities.2026-09-21.0003.ndjson"));
  EXPECT_LE(bytes, 200U);
}

TEST_F(unit_opportunity_log, the_tail_goes_on_where_the_reader_was_and_says_what_it_missed) {
  const auto log = open(1U << 30);
  EXPECT_TRUE(log->tail(0).lines.empty());
  std::vector<std::string> many;
  for (std::size_t i = 1; i <= opportunity_log::tail_lines_max + 5; ++i) many.push_back(std::to_string(i));
  write(*log, many);
  auto t = log->tail(2); // 3, 4 and 5 are no longer kept
  EXPECT_EQ(t.shed, 3U);
  EXPECT_EQ(t.lines.size(), opportunity_log::answer_lines_max);
  EXPECT_EQ(t.lines.front(), "6");
  EXPECT_EQ(t.next, 5U + opportunity_log::answer_lines_max);
  t = log->tail(t.next);
  EXPECT_EQ(t.shed, 0U);
  EXPECT_EQ(t.lines.front(), std::to_string(6 + opportunity_log::answer_lines_max));
  EXPECT_TRUE(log->tail(many.size()).lines.empty());
  EXPECT_EQ(log->tail(many.size() + 7).lines.front(), "6"); // a number of an earlier process
}

TEST_F(unit_opportunity_log, what_the_writer_cannot_take_is_shed_and_counted) {
  const auto log = open();
  std::promise<void> begun, go_on;
  log->write({"held"}, [&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  for (std::size_t i = 0; i < opportunity_log::batches_max; ++i) log->write({"waits"}, {});
  bool told = false;
  log->write({"shed", "shed"}, [&] { told = true; });
  EXPECT_TRUE(told);
  go_on.set_value();
  log->stop();
  log->write({"after the end"}, {});
  EXPECT_EQ(shed("writer_full"), 3U);
  EXPECT_EQ(written(), 1U + opportunity_log::batches_max);
}

TEST_F(unit_opportunity_log, what_the_disk_refuses_is_counted_and_writing_goes_on_later) {
  const auto log = open(10);
  std::filesystem::remove_all(folder_.path());
  std::ofstream(folder_.path()) << "in the way";
  write(*log, {"the file that is still open takes one line"});
  write(*log, {"the next file cannot be made"});
  EXPECT_EQ(shed("disk"), 1U);
  std::filesystem::remove(folder_.path());
  write(*log, {"it can again"});
  EXPECT_THAT(lines_of(folder_.path() / "opportunities.ndjson"), ElementsAre("it can again"));
}

TEST_F(unit_opportunity_log, a_folder_that_cannot_be_made_is_an_error_with_its_name) {
  const auto opened = opportunity_log::open({.folder = "/proc/none/opportunities"}, clock_, metrics_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("/proc/none/opportunities"));
}

} // namespace
} // namespace sett::runtime
