#include "nodes/telemetry/log_io.hpp"
#include "nodes/telemetry/log_record.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "nodes/telemetry/redactor.hpp"
#include "nodes/telemetry/repeat_limiter.hpp"
#include "nodes/telemetry/rolling_file_io.hpp"
#include "tests/support/fixed_clock.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

namespace sett::telemetry {
namespace {

using ports::log_level;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t second_ns = 1'000'000'000, day_ns = 86'400 * second_ns;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}
std::vector<std::filesystem::path> log_files(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> out;
  for (const auto& e : std::filesystem::directory_iterator(dir)) out.push_back(e.path());
  std::sort(out.begin(), out.end());
  return out;
}

log_options quiet(const std::string& dir) {
  log_options o;
  o.levels = parse_levels("debug").value();
  o.console = console_form::off;
  o.dir = dir;
  o.repeat_window_ms = 0;
  return o;
}

TEST(unit_log_levels, a_level_for_all_and_levels_per_area) {
  const auto parsed = parse_levels("warn,ingest=debug,api=off");
  ASSERT_TRUE(parsed);
  level_table table(*parsed);
  EXPECT_FALSE(table.enabled("decode", log_level::info));
  EXPECT_TRUE(table.enabled("decode", log_level::warn));
  EXPECT_TRUE(table.enabled("ingest", log_level::debug));
  EXPECT_FALSE(table.enabled("ingest", log_level::trace));
  EXPECT_FALSE(table.enabled("api", log_level::error));
  table.change("decode", log_level::trace);
  EXPECT_TRUE(table.enabled("decode", log_level::trace));
  table.change("*", log_level::error);
  EXPECT_FALSE(table.enabled("market", log_level::warn));
  EXPECT_EQ(levels_text(table.levels()), "error,api=off,decode=trace,ingest=debug");
}

TEST(unit_log_levels, text_that_is_no_level_is_refused) {
  for (const char* bad : {"", "loud", "info,", "info,=debug", "ingest=", "info,,warn", "ingest=debug=trace"})
    EXPECT_FALSE(parse_levels(bad)) << bad;
}

TEST(unit_log_record, a_json_line_is_one_object_with_typed_fields_in_order) {
  const std::string bad = "pump\x1b[31m\xff\n\xc3\xa4";
  const std::vector<ports::log_field> fields{
      {"slot", slot_number{7}}, {"ratio", 0.5}, {"ok", true}, {"name", bad}, {"level", "forged"}};
  const auto record = make_record(wall_time_ns{1'790'000'000'123'456'789}, log_level::warn, "ingest", "slot-gap",
                                  "slots \"are\" missing", fields);
  EXPECT_EQ(json_line(record), "{\"ts\":\"2026-09-21T14:13:20.123456Z\",\"level\":\"warn\",\"area\":\"ingest\","
                               "\"event\":\"slot-gap\",\"message\":\"slots \\\"are\\\" missing\","
                               "\"slot\":7,\"ratio\":5E-1,\"ok\":true,\"name\":\"pump?[31m??\xc3\xa4\"}");
  EXPECT_THAT(
      people_line(record),
      HasSubstr("slot-gap: slots \"are\" missing (slot=7 ratio=0.5 ok=true name=pump?[31m??\xc3\xa4 level=forged)"));
}

TEST(unit_repeat_limiter, lets_the_first_pass_and_sums_up_the_rest_when_the_window_ends) {
  repeat_limiter limiter(10 * second_ns, 2);
  int passed = 0;
  for (int i = 0; i < 5; ++i) passed += limiter.admit("a", "e", steady_time_ns{i});
  EXPECT_EQ(passed, 2);
  EXPECT_TRUE(limiter.admit("a", "other", steady_time_ns{5}));
  EXPECT_TRUE(limiter.expire(steady_time_ns{9 * second_ns}).empty());
  const auto over = limiter.expire(steady_time_ns{11 * second_ns});
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].event, "e");
  EXPECT_EQ(over[0].held_back, 3U);
  EXPECT_TRUE(limiter.admit("a", "e", steady_time_ns{12 * second_ns}));
}

TEST(unit_redactor, finds_keys_in_addresses_also_alone_and_leaves_hosts) {
  const std::vector<std::string> secrets{
      "https://user:passwordlong@rpc.example.com/v2/PATHKEY123/?api-key=QUERYKEY123&x=1", "token-abc"};
  const redactor r(secrets);
  EXPECT_EQ(r.clean("to " + secrets[0] + " failed"), "to [secret] failed");
  EXPECT_EQ(r.clean("GET /v2/PATHKEY123/ 403"), "GET /v2/[secret]/ 403");
  EXPECT_EQ(r.clean("api-key=QUERYKEY123"), "api-key=[secret]");
  EXPECT_EQ(r.clean("passwordlong token-abc"), "[secret] [secret]");
  EXPECT_EQ(r.clean("rpc.example.com"), "rpc.example.com");
  EXPECT_EQ(redactor{}.clean("anything"), "anything");
}

TEST(unit_log, records_reach_the_file_the_tail_and_the_metrics_in_order) {
  test::temporary_folder folder;
  test::fixed_clock clock;
  node_metrics metrics;
  auto logger = node_logger::open(quiet(folder / "log"), clock, metrics);
  ASSERT_TRUE(logger) << logger.error().message;
  const ports::area_log log(**logger, "ingest");
  log.info("one", "first", {{"n", 1}});
  log.debug("two", "second");
  (*logger)->levels().change("ingest", log_level::warn);
  log.info("three", "below the level");
  (*logger)->stop();
  const auto lines = lines_of(folder.path() / "log/sett.log");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(boost::json::parse(lines[0]).at("n"), 1);
  EXPECT_EQ(boost::json::parse(lines[1]).at("event"), "two");
  EXPECT_EQ((*logger)->tail(0).lines, lines);
  EXPECT_EQ((*logger)->tail(0).next, 2U);
  EXPECT_THAT((*logger)->tail(1).lines, ElementsAre(lines[1]));
  EXPECT_TRUE((*logger)->tail(2).lines.empty());
  EXPECT_EQ(metrics.total("sett_log_records_written_total"), 2);
}

/// Holds the writer at its first line until it is let go.
class gate {
public:
  void pass() {
    std::unique_lock lock(mutex_);
    arrived_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_for_arrival() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_; });
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool arrived_{}, open_{};
};

TEST(unit_log, under_overload_the_ring_spills_then_sheds_and_every_record_is_accounted_for) {
  test::temporary_folder folder;
  test::fixed_clock clock;
  node_metrics metrics;
  gate writer;
  auto options = quiet(folder / "log");
  options.ring_records_max = 64;
  options.spill_bytes_max = 64 * 1024;
  options.on_line = [&](std::string_view) { writer.pass(); };
  auto logger = node_logger::open(std::move(options), clock, metrics);
  ASSERT_TRUE(logger);
  (*logger)->write(log_level::info, "test", "first", "holds the writer", {});
  writer.wait_for_arrival();
  constexpr int threads = 4, each = 1000;
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < threads; ++t)
      callers.emplace_back([&, t] {
        const ports::area_log log(**logger, "test");
        for (int i = 0; i < each; ++i) log.info("load", "a record under load", {{"thread", t}, {"i", i}});
      });
  }
  auto counts = (*logger)->counts();
  EXPECT_EQ(counts.taken, 1U + threads * each);
  EXPECT_GT(counts.spilled, 100U);
  EXPECT_GT(counts.shed, 100U);
  writer.open();
  (*logger)->stop();
  counts = (*logger)->counts();
  EXPECT_EQ(counts.taken, counts.written + counts.held_back + counts.shed);
  EXPECT_EQ(lines_of(folder.path() / "log/sett.log").size(), counts.written);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "log/sett.spill.log"))
      << "the writer took the spilled lines over";
  EXPECT_EQ(metrics.total("sett_log_records_shed_total"), static_cast<double>(counts.shed));
}

TEST(unit_log, when_the_spill_file_cannot_be_opened_records_are_shed_and_counted) {
  test::temporary_folder folder;
  test::fixed_clock clock;
  node_metrics metrics;
  gate writer;
  auto options = quiet(folder / "log");
  options.ring_records_max = 16;
  options.on_line = [&](std::string_view) { writer.pass(); };
  std::filesystem::create_directories(folder.path() / "log/sett.spill.log"); // a folder where the file should be
  auto logger = node_logger::open(std::move(options), clock, metrics);
  ASSERT_TRUE(logger);
  for (int i = 0; i < 100; ++i) (*logger)->write(log_level::info, "test", "load", "a record", {});
  writer.wait_for_arrival();
  for (int i = 0; i < 100; ++i) (*logger)->write(log_level::info, "test", "load", "a record", {});
  writer.open();
  (*logger)->stop();
  const auto counts = (*logger)->counts();
  EXPECT_EQ(counts.taken, 200U);
  EXPECT_EQ(counts.spilled, 0U);
  EXPECT_GT(counts.shed, 0U);
  EXPECT_EQ(counts.taken, counts.written + counts.shed);
}

TEST(unit_log, repeats_are_held_back_and_summed_up) {
  test::temporary_folder folder;
  test::fixed_clock clock;
  node_metrics metrics;
  auto options = quiet(folder / "log");
  options.repeat_window_ms = 10'000;
  options.repeats_max = 3;
  auto logger = node_logger::open(std::move(options), clock, metrics);
  ASSERT_TRUE(logger);
  for (int i = 0; i < 50; ++i) (*logger)->write(log_level::warn, "test", "noise", "again", {});
  (*logger)->stop();
  const auto lines = lines_of(folder.path() / "log/sett.log");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(boost::json::parse(lines.back()).at("held_back"), 47);
  EXPECT_EQ((*logger)->counts().held_back, 47U);
}

TEST(unit_log, secrets_known_to_the_logger_reach_neither_file_nor_tail_nor_spill) {
  test::temporary_folder folder;
  test::fixed_clock clock;
  node_metrics metrics;
  gate writer;
  const std::vector<std::string> secrets{"wss://rpc.example.com/?api-key=CANARY-4711"};
  auto options = quiet(folder / "log");
  options.ring_records_max = 16;
  options.secrets = redactor(secrets);
  std::string seen;
  options.on_line = [&](std::string_view line) {
    writer.pass();
    seen += line;
  };
  auto logger = node_logger::open(std::move(options), clock, metrics);
  ASSERT_TRUE(logger);
  for (int i = 0; i < 64; ++i) // beyond the ring: some go to the spill file
    (*logger)->write(log_level::info, "test", "connect", "cannot reach wss://rpc.example.com/?api-key=CANARY-4711",
                     std::vector<ports::log_field>{{"key", "CANARY-4711"}});
  writer.wait_for_arrival();
  for (int i = 0; i < 64; ++i)
    (*logger)->write(log_level::info, "test", "connect", "again wss://rpc.example.com/?api-key=CANARY-4711", {});
  ASSERT_TRUE(std::filesystem::exists(folder.path() / "log/sett.spill.log"));
  for (const auto& line : lines_of(folder.path() / "log/sett.spill.log")) EXPECT_THAT(line, Not(HasSubstr("CANARY")));
  writer.open();
  (*logger)->stop();
  EXPECT_GT((*logger)->counts().spilled, 0U);
  EXPECT_THAT(seen, HasSubstr("[secret]"));
  EXPECT_THAT(seen, Not(HasSubstr("CANARY")));
  for (const auto& line : (*logger)->tail(0).lines) EXPECT_THAT(line, Not(HasSubstr("CANARY")));
}

TEST(unit_log, levels_change_while_others_write) {
  test::temporary_folder folder;
  test::fixed_clock clock;
  node_metrics metrics;
  auto logger = node_logger::open(quiet(folder / "log"), clock, metrics);
  ASSERT_TRUE(logger);
  {
    std::jthread caller([&] {
      const ports::area_log log(**logger, "test");
      for (int i = 0; i < 5000; ++i) log.debug("d", "text");
    });
    for (int i = 0; i < 500; ++i) (*logger)->levels().change("test", i % 2 == 0 ? log_level::debug : log_level::warn);
  }
  (*logger)->stop();
  const auto counts = (*logger)->counts();
  EXPECT_EQ(counts.taken, counts.written + counts.shed);
}

TEST(unit_rolling_file, begins_a_new_file_with_the_day_and_when_it_is_full_and_keeps_the_newest) {
  test::temporary_folder folder;
  test::fixed_clock clock(1'790'000'000 * second_ns); // 2026-09-21
  rolling_file file;
  ASSERT_TRUE(file.open(folder.path().string(), 100, 3, clock.wall_now()));
  const std::string line(39, 'x'); // 40 bytes with its newline: two fit
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(file.write(line, clock.wall_now()));
  EXPECT_THAT(log_files(folder.path()),
              ElementsAre(folder.path() / "sett.2026-09-21.0001.log", folder.path() / "sett.log"));
  clock.advance(day_ns);
  EXPECT_TRUE(file.write(line, clock.wall_now()));
  EXPECT_THAT(log_files(folder.path()),
              ElementsAre(folder.path() / "sett.2026-09-21.0001.log", folder.path() / "sett.2026-09-21.0002.log",
                          folder.path() / "sett.log"));
  EXPECT_EQ(lines_of(folder.path() / "sett.log").size(), 1U);
  clock.advance(day_ns);
  EXPECT_TRUE(file.write(line, clock.wall_now()));
  EXPECT_THAT(log_files(folder.path()),
              ElementsAre(folder.path() / "sett.2026-09-21.0002.log", folder.path() / "sett.2026-09-22.0001.log",
                          folder.path() / "sett.log"));
}

TEST(unit_rolling_file, the_name_of_a_deleted_file_is_not_used_again_so_the_newest_lines_stay) {
  test::temporary_folder folder;
  const test::fixed_clock clock(1'790'000'000 * second_ns); // 2026-09-21
  rolling_file file;
  ASSERT_TRUE(file.open(folder.path().string(), 4, 3, clock.wall_now())); // three characters a file
  for (int i = 100; i < 108; ++i) EXPECT_TRUE(file.write(std::to_string(i), clock.wall_now()));
  std::vector<std::string> kept;
  for (const auto& f : log_files(folder.path()))
    for (const auto& line : lines_of(f)) kept.push_back(line);
  EXPECT_THAT(kept, ElementsAre("105", "106", "107"));
}

TEST(unit_rolling_file, a_folder_that_cannot_be_made_is_an_error_with_what_to_do) {
  rolling_file file;
  const auto opened = file.open("/proc/none/log", 100, 3, wall_time_ns{0});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("/proc/none/log"));
  EXPECT_THAT(opened.error().message, HasSubstr("check the folder and its permissions"));
}

} // namespace
} // namespace sett::telemetry
