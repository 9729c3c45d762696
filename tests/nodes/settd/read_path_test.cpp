// A node on a simulated chain, as real processes: what it counts is what the chain produced, also when it is killed or
// stopped in the middle and started again.
#include "tests/support/process.hpp"
#include "tests/support/raw_http.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>

namespace sett::test {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

std::string body_of(const std::string& answer) {
  const auto blank = answer.find("\r\n\r\n");
  return blank == std::string::npos ? std::string{} : answer.substr(blank + 4);
}
json::object object_of(const std::string& answer) {
  boost::system::error_code bad;
  const auto v = json::parse(body_of(answer), bad);
  return !bad && v.is_object() ? v.as_object() : json::object{};
}
std::int64_t number_in(const json::object& o, std::string_view key) {
  return o.contains(key) ? o.at(key).to_number<std::int64_t>() : -1;
}

class it_read_path : public ::testing::Test {
protected:
  void start_chain(const std::string& slot_ms = "50", const std::string& recording = {}) {
    std::vector<std::string> command{SETT_BINARY_DIR "/bin/simnet", "--slot-ms", slot_ms};
    if (!recording.empty()) command.push_back(recording);
    chain_ = std::make_unique<process>(command);
    ASSERT_TRUE(eventually([&] { return chain_->out().find("\"ready\":true") != std::string::npos; })) << chain_->err();
    const auto ready = json::parse(chain_->out()).as_object();
    http_ = json::value_to<std::string>(ready.at("http"));
    ws_ = json::value_to<std::string>(ready.at("ws"));
    grpc_ = json::value_to<std::string>(ready.at("grpc"));
    admin_port_ = static_cast<std::uint16_t>(std::stoi(json::value_to<std::string>(ready.at("admin")).substr(17)));
  }
  std::unique_ptr<process> start_node(const std::string& plan = "blocks") {
    std::vector<std::string> command{SETT_BINARY_DIR "/bin/settd"};
    for (const auto& s :
         {"node.data_dir=" + (folder_ / "data"), std::string("api.port=0"),
          std::string("store.snapshot_interval_ms=200"), "endpoint.sim.http=" + http_, "endpoint.sim.ws=" + ws_,
          "endpoint.sim.grpc=" + grpc_, "endpoint.sim.plan=" + plan,
          std::string("endpoint.sim.requests_per_s_max=1000"), std::string("endpoint.sim.burst_max=1000")}) {
      command.emplace_back("--set");
      command.push_back(s);
    }
    auto p = std::make_unique<process>(command);
    EXPECT_TRUE(
        eventually([&] { return !p->running() || number_in(status(), "newest_slot") > 0; }, std::chrono::seconds(30)))
        << p->err();
    EXPECT_TRUE(p->running()) << p->err();
    return p;
  }
  json::object node(const std::string& target) const {
    return object_of(raw_get(raw_connection::local(folder_ / "data/sett.sock"), target));
  }
  json::object status() const { return node("/v1/status"); }
  json::object stream() const {
    const auto s = status();
    return s.contains("streams") && !s.at("streams").as_array().empty() ? s.at("streams").as_array()[0].as_object()
                                                                        : json::object{};
  }
  json::object admin(const std::string& target, const std::string& method = "GET") const {
    return object_of(raw_get(raw_connection::tcp(admin_port_), target, method));
  }

  /// Waits until the node has gone some slots on.
  void play(std::int64_t slots) {
    const auto from = number_in(status(), "newest_slot");
    ASSERT_TRUE(
        eventually([&] { return number_in(status(), "newest_slot") >= from + slots; }, std::chrono::seconds(60)))
        << json::serialize(status());
  }
  /// Halts the chain and waits until the node has everything that was confirmed.
  std::int64_t halt() {
    static_cast<void>(admin("/admin/pause", "POST"));
    const auto last = number_in(admin("/admin/status"), "confirmed");
    EXPECT_TRUE(eventually(
        [&] {
          return number_in(stream(), "complete_to") == last && stream().at("complete").as_bool() &&
                 number_in(status(), "newest_slot") == last;
        },
        std::chrono::seconds(60)))
        << json::serialize(status());
    return last;
  }
  /// Swaps of all tokens, as their actors say.
  std::int64_t swaps_of_all_tokens() const {
    std::int64_t sum = 0;
    const auto list = node("/v1/tokens?limit=100000");
    if (!list.contains("rows") || number_in(list, "unanswered") != 0) return -1;
    for (const auto& row : list.at("rows").as_array()) sum += number_in(row.as_object(), "swaps");
    return sum;
  }
  std::int64_t trades_between(std::int64_t behind, std::int64_t through) const {
    return number_in(admin("/admin/ledger?through=" + std::to_string(through)), "trades") -
           number_in(admin("/admin/ledger?through=" + std::to_string(behind)), "trades");
  }

  temporary_folder folder_;
  std::unique_ptr<process> chain_;
  std::string http_, ws_, grpc_;
  std::uint16_t admin_port_{};
};

TEST_F(it_read_path, every_swap_of_the_chain_is_counted_once_over_each_source) {
  for (const std::string plan : {"blocks", "slots", "grpc"}) {
    SCOPED_TRACE(plan);
    folder_.clear();
    start_chain();
    const auto settd = start_node(plan);
    play(20);
    const auto last = halt();
    const auto first = number_in(stream(), "complete_from");
    const auto wanted = trades_between(first, last);
    EXPECT_GT(wanted, 100);
    EXPECT_TRUE(eventually([&] { return swaps_of_all_tokens() == wanted; }))
        << swaps_of_all_tokens() << " instead of " << wanted;
    EXPECT_EQ(number_in(status(), "swaps"), wanted);
    EXPECT_TRUE(eventually([&] {
      return raw_get(raw_connection::tcp(static_cast<std::uint16_t>(number_in(status(), "http_port"))), "/metrics")
                 .find("\nsett_router_swaps_live " + std::to_string(wanted) + "\n") != std::string::npos;
    }));
    settd->signal(SIGTERM);
    EXPECT_EQ(settd->wait(), 0) << settd->err();
  }
}

TEST_F(it_read_path, killed_with_kill_9_under_load_and_started_again_nothing_is_missing_and_nothing_counted_twice) {
  start_chain();
  auto settd = start_node();
  play(30);
  const auto first = number_in(stream(), "complete_from");
  for (int i = 0; i < 3; ++i) {
    settd->signal(SIGKILL);
    EXPECT_EQ(settd->wait(), 128 + SIGKILL);
    settd = start_node();
    play(10);
  }
  const auto last = halt();
  const auto wanted = trades_between(first, last);
  EXPECT_TRUE(eventually([&] { return swaps_of_all_tokens() == wanted; }))
      << swaps_of_all_tokens() << " instead of " << wanted << " after slot " << first << " through " << last << ": "
      << json::serialize(stream());
}

TEST_F(it_read_path, stopped_with_sigterm_under_load_it_ends_in_order_within_its_bound_and_goes_on_where_it_was) {
  start_chain();
  auto settd = start_node();
  play(30);
  const auto first = number_in(stream(), "complete_from");
  settd->signal(SIGTERM);
  EXPECT_EQ(settd->wait(std::chrono::seconds(10)), 0) << settd->err();
  EXPECT_THAT(settd->err(), HasSubstr("node-stopped"));
  settd = start_node();
  play(10);
  const auto last = halt();
  const auto wanted = trades_between(first, last);
  EXPECT_TRUE(eventually([&] { return swaps_of_all_tokens() == wanted; }))
      << swaps_of_all_tokens() << " instead of " << wanted;
}

TEST_F(it_read_path, a_tracked_wallet_is_followed_and_forgotten_on_command) {
  start_chain();
  const auto settd = start_node();
  const auto ledger = admin("/admin/ledger");
  const auto wallet = std::string(ledger.at("wallets").as_object().begin()->key());
  const std::vector<std::string> sett{SETT_BINARY_DIR "/bin/sett", "--socket", folder_ / "data/sett.sock"};
  const auto ask = [&](std::vector<std::string> words) {
    auto all = sett;
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  };
  EXPECT_EQ(ask({"wallet", "track", wallet, "--label", "whale"}).code, 0);
  EXPECT_EQ(ask({"wallet", "track", wallet}).out, "it is tracked already\n");
  EXPECT_THAT(ask({"wallet", "ls"}).out, HasSubstr(wallet));
  EXPECT_TRUE(
      eventually([&] { return number_in(node("/v1/wallets/" + wallet), "trades") > 0; }, std::chrono::seconds(60)));
  EXPECT_EQ(ask({"wallet", "untrack", wallet}).code, 0);
  EXPECT_EQ(ask({"wallet", "show", wallet}).code, 1);
}

TEST_F(it_read_path, opportunities_stream_to_the_terminal_and_to_a_file_line_by_line) {
  start_chain();
  const auto settd = start_node();
  play(20);
  static_cast<void>(halt());
  // What names a line; a double may be printed with another last digit after it was read.
  const auto names_in = [](std::istream& in) {
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
      const auto o = json::parse(line).as_object();
      EXPECT_EQ(o.at("mint"), o.at("market").as_object().at("mint"));
      out.push_back(json::serialize(json::array{o.at("kind"), o.at("mint"), o.at("slot"), o.at("signature")}));
    }
    return out;
  };
  std::vector<std::string> shown, written;
  EXPECT_TRUE(eventually([&] {
    const auto tail =
        run({SETT_BINARY_DIR "/bin/sett", "--socket", folder_ / "data/sett.sock", "opportunity", "tail", "-o", "json"});
    std::istringstream out(tail.out);
    shown = names_in(out);
    std::ifstream file(folder_ / "data/opportunities/opportunities.ndjson");
    written = names_in(file);
    return tail.code == 0 && !written.empty() && shown == written;
  })) << shown.size()
      << " shown, " << written.size() << " in the file";
}

/// What an endpoint said, as a recording has it: the stream's frames in order, the answers by what was asked.
struct said {
  std::vector<std::string> stream;
  std::map<std::string, std::string> answers; // method and parameters -> the last body, without its id
};
said said_in(const std::string& file) {
  said out;
  std::map<std::string, std::string> asked; // id -> method and parameters
  const std::regex id(",?\"id\":[0-9]+,?");
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto o = json::parse(line).as_object();
    if (!o.contains("channel")) continue;
    const bool received = o.at("direction") == "received";
    if (o.at("channel") == "grpc" && received)
      out.stream.push_back(json::serialize(o.at(o.contains("text") ? "text" : "base64")));
    if (o.at("channel") == "grpc") continue;
    const auto text = json::value_to<std::string>(o.at("text"));
    const auto body = json::parse(text).as_object();
    if (o.at("channel") == "ws") {
      if (received && body.contains("method")) out.stream.push_back(text);
    } else if (!received) {
      asked[json::serialize(body.at("id"))] = json::serialize(json::array{body.at("method"), body.at("params")});
    } else if (body.contains("result") && !body.at("result").is_null()) {
      out.answers[asked.at(json::serialize(body.at("id")))] = std::regex_replace(text, id, "");
    }
  }
  return out;
}

TEST_F(it_read_path, what_record_writes_simnet_plays_back_byte_for_byte_over_each_source) {
  for (const std::string plan : {"blocks", "transactions", "slots", "logs", "grpc"}) {
    SCOPED_TRACE(plan);
    const auto record = [&](const std::string& file, const std::string& seconds) {
      const auto r = run({SETT_BINARY_DIR "/bin/sett", "record", file, "--frames", "60", "--seconds", seconds},
                         {{"SETT_ENDPOINT_SIM_HTTP", http_},
                          {"SETT_ENDPOINT_SIM_WS", ws_},
                          {"SETT_ENDPOINT_SIM_GRPC", grpc_},
                          {"SETT_ENDPOINT_SIM_PLAN", plan},
                          {"SETT_ENDPOINT_SIM_REQUESTS_PER_S_MAX", "1000"},
                          {"SETT_ENDPOINT_SIM_BURST_MAX", "1000"}});
      EXPECT_EQ(r.code, 0) << r.err;
      return said_in(file);
    };
    start_chain("20");
    const auto live = record(folder_ / "live.jsonl", "15");
    ASSERT_GT(live.stream.size(), 5U);
    const bool asks = plan == "slots" || plan == "logs";
    EXPECT_EQ(live.answers.empty(), !asks);
    start_chain("20", folder_ / "live.jsonl");
    const auto played = record(folder_ / "played.jsonl", "3"); // its frames are fewer than 60
    ASSERT_GT(played.stream.size(), 5U);
    const auto n = std::min(live.stream.size(), played.stream.size());
    EXPECT_TRUE(
        std::equal(live.stream.begin(), live.stream.begin() + static_cast<std::ptrdiff_t>(n), played.stream.begin()));
    EXPECT_EQ(played.answers.empty(), !asks);
    for (const auto& [question, answer] : played.answers) {
      ASSERT_TRUE(live.answers.contains(question)) << question;
      EXPECT_EQ(answer, live.answers.at(question)) << question;
    }
  }
}

TEST(it_up, shows_tokens_and_ends_by_itself_with_figures_that_agree) {
  const auto preset = std::filesystem::path(SETT_BINARY_DIR).filename().string();
  if (std::filesystem::path(SETT_BINARY_DIR) != std::filesystem::path(SETT_SOURCE_DIR) / "build" / preset)
    GTEST_SKIP() << "tools/up knows the presets' folders only";
  process up({"/bin/bash", SETT_SOURCE_DIR "/tools/up", "--no-build", "--preset", preset, "--seconds", "3"});
  EXPECT_EQ(up.wait(std::chrono::seconds(90)), 0) << up.out() << up.err();
  EXPECT_THAT(up.out(), HasSubstr("Ctrl-C stops it"));
  EXPECT_THAT(up.out(), HasSubstr("all figures agree"));
}

TEST(it_up, wrong_words_are_a_usage_error) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--nonsense"}, {"--seconds"}, {"--seconds", "x"}, {"--rpc", "http://h"}}) {
    std::vector<std::string> command{"/bin/bash", SETT_SOURCE_DIR "/tools/up", "--no-build"};
    command.insert(command.end(), words.begin(), words.end());
    EXPECT_EQ(run(command).code, 2) << words[0];
  }
}

} // namespace
} // namespace sett::test
