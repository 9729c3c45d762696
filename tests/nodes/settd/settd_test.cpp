// settd and sett as people run them: real processes, real sockets.
#include "tests/support/process.hpp"
#include "tests/support/raw_http.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sys/stat.h>

namespace sett::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

const std::string settd = SETT_BINARY_DIR "/bin/settd";
const std::string sett = SETT_BINARY_DIR "/bin/sett";

class it_settd : public ::testing::Test {
protected:
  std::vector<std::string> command(std::vector<std::string> more = {}) const {
    std::vector<std::string> out{settd, "--set", "node.data_dir=" + data(), "--set", "api.port=0"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  std::string data() const { return folder_ / "data"; }
  std::string socket() const { return data() + "/sett.sock"; }

  /// A running node that answers.
  std::unique_ptr<process> start(const std::vector<std::string>& more = {},
                                 const process::environment& variables = {}) const {
    auto p = std::make_unique<process>(command(more), variables);
    EXPECT_TRUE(eventually([&] {
      return !p->running() || !raw_get(raw_connection::local(socket()), "/livez").empty();
    })) << p->err();
    EXPECT_TRUE(p->running()) << p->err();
    return p;
  }
  finished ask(std::vector<std::string> words) const {
    std::vector<std::string> all{sett, "--socket", socket()};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }
  json::object status() const { return json::parse(ask({"status", "-o", "json"}).out).as_object(); }

  temporary_folder folder_;
};

TEST_F(it_settd, version_and_help_answer_and_wrong_words_are_a_usage_error) {
  EXPECT_THAT(run({settd, "--version"}).out, HasSubstr("settd 0."));
  EXPECT_THAT(run({settd, "--help"}).out, HasSubstr("Examples:"));
  EXPECT_EQ(run({settd, "--nonsense"}).code, 2);
  EXPECT_EQ(run({sett, "--help"}).code, 0);
  const auto wrong = run({sett, "tokn"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean token?"));
}

TEST_F(it_settd, a_fault_in_the_settings_refuses_the_start_and_all_are_listed) {
  const auto file = folder_ / "my.toml";
  std::ofstream(file) << "[api]\nport = 70000\n[[endpoint]]\nname = \"a\"\nhttp = \"nothttp://canary-key@host\"\n";
  for (const bool check : {true, false}) {
    std::vector<std::string> words{settd, "--config", file};
    if (check) words.push_back("--check-config");
    const auto r = run(words, {{"SETT_LOG_LEVEL", "info"}});
    EXPECT_EQ(r.code, 2);
    EXPECT_THAT(r.err, HasSubstr(file + ":2: api.port: found 70000; allowed: 0..65535"));
    EXPECT_THAT(r.err, HasSubstr(file + ":5: endpoint.a.http"));
    EXPECT_THAT(r.err, HasSubstr("did you mean SETT_LOG_LEVELS?"));
    EXPECT_THAT(r.err + r.out, Not(HasSubstr("canary")));
  }
  const auto fine = run({settd, "--check-config"});
  EXPECT_EQ(fine.code, 0);
  EXPECT_THAT(fine.out, HasSubstr("settings are fine"));
}

TEST_F(it_settd, serves_health_and_metrics_on_loopback_and_control_only_on_the_socket) {
  const auto node = start();
  const auto port = static_cast<std::uint16_t>(status().at("http_port").as_int64());
  EXPECT_THAT(raw_get(raw_connection::tcp(port), "/livez"), HasSubstr("200 OK"));
  EXPECT_THAT(raw_get(raw_connection::tcp(port), "/metrics"), HasSubstr("sett_build_info{"));
  EXPECT_THAT(raw_get(raw_connection::tcp(port), "/readyz"), HasSubstr("\"degraded\":"));
  EXPECT_THAT(raw_get(raw_connection::tcp(port), "/v1/status"), HasSubstr("404"));
  EXPECT_THAT(raw_get(raw_connection::local(socket()), "/v1/config"), HasSubstr("node.data_dir"));
  struct stat s{};
  ASSERT_EQ(::stat(socket().c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600U);
}

TEST_F(it_settd, stops_in_order_on_sigterm_and_sigint_and_takes_its_socket_along) {
  for (const int number : {SIGTERM, SIGINT}) {
    const auto node = start();
    node->signal(number);
    EXPECT_EQ(node->wait(), 0) << node->err();
    EXPECT_THAT(node->err(), HasSubstr("node-stopped"));
    EXPECT_FALSE(std::filesystem::exists(socket()));
  }
}

TEST_F(it_settd, a_second_node_on_the_same_folder_refuses_and_names_the_first) {
  const auto node = start();
  const auto second = run(command());
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("in use by process " + std::to_string(node->pid())));
  EXPECT_EQ(ask({"status"}).code, 4) << "the first goes on";
}

TEST_F(it_settd, starts_again_after_kill_9_over_what_was_left) {
  auto node = start();
  node->signal(SIGKILL);
  EXPECT_EQ(node->wait(), 128 + SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(socket()));
  const auto left = ask({"status"});
  EXPECT_EQ(left.code, 3);
  EXPECT_THAT(left.err, HasSubstr("is it running?"));
  node = start();
  EXPECT_NE(ask({"status"}).code, 3);
}

TEST_F(it_settd, a_port_that_is_taken_ends_the_start_with_what_to_do) {
  const auto node = start();
  const auto port = status().at("http_port").as_int64();
  temporary_folder other;
  const auto r =
      run({settd, "--set", "node.data_dir=" + (other / "data"), "--set", "api.port=" + std::to_string(port)});
  EXPECT_EQ(r.code, 1);
  EXPECT_THAT(r.err, HasSubstr("choose another api.port"));
}

TEST_F(it_settd, log_levels_change_live_and_the_file_is_json) {
  const auto node = start();
  EXPECT_EQ(ask({"log", "level", "ingest", "debug"}).code, 0);
  EXPECT_EQ(ask({"log", "level"}).out, "info,ingest=debug\n");
  EXPECT_EQ(ask({"log", "level", "ingest", "loud"}).code, 2);
  EXPECT_THAT(ask({"log", "tail"}).out, HasSubstr("level-changed"));
  node->signal(SIGTERM);
  EXPECT_EQ(node->wait(), 0);
  std::ifstream in(data() + "/log/sett.log");
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines)
    EXPECT_TRUE(json::parse(line).as_object().contains("event")) << line;
  EXPECT_GE(lines, 4);
}

TEST_F(it_settd, an_actor_that_is_restarted_comes_back_and_the_restart_is_counted) {
  const auto node = start();
  EXPECT_EQ(ask({"actor", "restart", "/node/gateway"}).code, 0);
  EXPECT_TRUE(eventually(
      [&] { return json::parse(ask({"actor", "show", "/node/gateway", "-o", "json"}).out).at("restarts") == 1; }));
  EXPECT_TRUE(eventually([&] { return ask({"status"}).code == 4 || ask({"status"}).code == 0; }));
  const auto unknown = ask({"actor", "restart", "/node/nobody"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there is no actor at /node/nobody"));
}

TEST_F(it_settd, settings_show_where_each_value_comes_from_and_never_a_secret) {
  const auto node =
      start({"--set", "endpoint.main.http=http://127.0.0.1:1/canary-http-key", "--set", "endpoint.main.plan=none"},
            {{"SETT_ENDPOINT_MAIN_TOKEN", "canary-token-key"}});
  const auto shown = ask({"config", "show", "--running"});
  EXPECT_THAT(shown.out, HasSubstr("api.port"));
  EXPECT_THAT(shown.out, ::testing::ContainsRegex(
                             "endpoint.main.token +\\(secret, set\\) +environment variable SETT_ENDPOINT_MAIN_TOKEN"));
  std::string everything = shown.out;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"status"},
                                             {"status", "-o", "json"},
                                             {"config", "show", "--running", "-o", "json"},
                                             {"endpoint", "ls", "-o", "json"},
                                             {"endpoint", "show", "main"},
                                             {"endpoint", "plan"},
                                             {"log", "tail", "-o", "json"},
                                             {"doctor"},
                                             {"actor", "ls"}}) {
    const auto r = ask(words);
    everything += r.out + r.err;
  }
  everything += raw_get(raw_connection::local(socket()), "/metrics");
  node->signal(SIGTERM);
  EXPECT_EQ(node->wait(), 0);
  everything += node->out() + node->err() + file_text(data() + "/log/sett.log");
  EXPECT_THAT(everything, Not(HasSubstr("canary")));
}

TEST(it_sett, commands_without_a_node_say_so_and_what_to_do) {
  const auto r = run({sett, "--socket", "/nonexistent/sett.sock", "token", "ls"});
  EXPECT_EQ(r.code, 3);
  EXPECT_THAT(r.err, HasSubstr("no node answers at /nonexistent/sett.sock"));
  EXPECT_THAT(r.err, HasSubstr("settd --config FILE"));
}

TEST(it_sett, explains_settings_and_suggests_what_may_have_been_meant) {
  EXPECT_THAT(run({sett, "config", "explain", "log.levels"}).out, HasSubstr("SETT_LOG_LEVELS"));
  EXPECT_THAT(run({sett, "config", "explain", "endpoint"}).out, HasSubstr("endpoint.*.ws"));
  const auto wrong = run({sett, "config", "explain", "log.levls"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean log.levels?"));
}

TEST(it_sett, completion_is_a_script_that_bash_takes_and_that_knows_the_verbs) {
  temporary_folder folder;
  const auto script = run({sett, "completion", "bash"});
  ASSERT_EQ(script.code, 0);
  std::ofstream(folder / "c.sh")
      << script.out << "COMP_WORDS=(sett -o json wallet tr); COMP_CWORD=4; _sett; echo \"got: ${COMPREPLY[*]}\"\n";
  const auto r = run({"/bin/bash", folder / "c.sh"});
  EXPECT_EQ(r.out, "got: track\n") << r.err;
}

} // namespace
} // namespace sett::test
