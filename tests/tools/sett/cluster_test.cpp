// A whole cluster by `sett up`: real etcd, real nodes, steered and asked through one socket.
#include "tests/support/etcd_process.hpp"
#include "tests/support/process.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace sett::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

const std::string sett = SETT_BINARY_DIR "/bin/sett";
constexpr auto patience = std::chrono::seconds(90);

class it_cluster : public ::testing::Test {
protected:
  void SetUp() override {
    if (!etcd_process::installed()) GTEST_SKIP() << "etcd is not installed";
  }
  std::string dir() const { return folder_ / "c"; }
  std::string socket(const std::string& node) const { return dir() + "/" + node + "/sett.sock"; }
  std::unique_ptr<process> up(int nodes, std::vector<std::string> more = {}) const {
    std::vector<std::string> words{sett, "up", "--nodes", std::to_string(nodes), "--dir", dir()};
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<process>(words);
  }
  finished ask(const std::string& node, std::vector<std::string> words) const {
    std::vector<std::string> all{sett, "--socket", socket(node), "--timeout-ms", "20000"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }
  json::object object(const std::string& node, std::vector<std::string> words) const {
    words.insert(words.end(), {"-o", "json"});
    boost::system::error_code bad;
    const auto v = json::parse(ask(node, words).out, bad);
    return v.is_object() ? v.as_object() : json::object{};
  }
  bool whole(const std::string& node, std::int64_t nodes) const {
    const auto o = object(node, {"cluster", "status"});
    return !o.empty() && o.at("healthy").as_bool() && o.at("nodes").as_int64() == nodes;
  }
  json::object node_row(const std::string& asked, const std::string& node) const {
    const auto o = object(asked, {"node", "ls"});
    if (o.empty()) return {};
    for (const auto& r : o.at("rows").as_array())
      if (r.at("node").as_string() == node) return r.as_object();
    return {};
  }
  pid_t pid_of(const std::string& node) const {
    const auto o = object(node, {"status"});
    return o.empty() ? 0 : static_cast<pid_t>(o.at("pid").as_int64());
  }

  temporary_folder folder_;
};

TEST_F(it_cluster, three_nodes_come_up_are_steered_lose_one_and_stop) {
  auto cluster = up(3, {"--", "--set", "cluster.shards=8"});
  ASSERT_TRUE(eventually([&] { return whole("n1", 3); }, patience)) << cluster->out() << cluster->err();
  EXPECT_EQ(ask("n1", {"cluster", "status"}).code, 0);
  EXPECT_TRUE(eventually(
      [&] { return ask("n1", {"status"}).out.find("3 nodes; 8 shards, all led") != std::string::npos; }, patience))
      << ask("n1", {"status"}).out;
  EXPECT_THAT(ask("n1", {"node", "ls"}).out, HasSubstr("alive"));

  // Another node through this one.
  EXPECT_EQ(object("n1", {"--node", "n3", "status"}).at("node").as_string(), "n3");
  const auto nobody = ask("n1", {"--node", "n9", "status"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("there is no node n9"));

  // A shard moves to a named node and stays there while rebalancing is off.
  EXPECT_EQ(ask("n1", {"cluster", "rebalance", "off"}).code, 0);
  ASSERT_TRUE(eventually([&] { return object("n1", {"cluster", "status"})["rebalance"] == "off"; }, patience));
  const auto led_by = [&] { return std::string(object("n1", {"shard", "show", "0"})["leader"].as_string()); };
  const std::string to = led_by().starts_with("n2@") ? "n3" : "n2";
  const auto moved = ask("n1", {"shard", "move", "0", "--to", to});
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_TRUE(
      eventually([&] { return ask("n1", {"shard", "ls"}).code == 0 && led_by().starts_with(to + "@"); }, patience));
  EXPECT_THAT(ask("n1", {"shard", "move", "0", "--to", to}).out, HasSubstr("already"));
  EXPECT_EQ(ask("n1", {"shard", "show", "99"}).code, 1);

  // A drained node leads nothing; undrained it gets its part again.
  EXPECT_EQ(ask("n1", {"cluster", "rebalance", "on"}).code, 0);
  const auto drained = ask("n1", {"node", "drain", "n2", "--wait"});
  EXPECT_EQ(drained.code, 0) << drained.out << drained.err;
  EXPECT_THAT(drained.out, HasSubstr("can be stopped"));
  EXPECT_EQ(node_row("n1", "n2").at("leads").as_int64(), 0);
  EXPECT_THAT(ask("n1", {"node", "show", "n2"}).out, HasSubstr("draining"));
  const auto undrained = ask("n1", {"node", "undrain", "n2", "--wait"});
  EXPECT_EQ(undrained.code, 0) << undrained.out << undrained.err;
  EXPECT_TRUE(eventually([&] { return node_row("n1", "n2").at("leads").as_int64() > 0; }, patience));

  // A killed node is started again and the cluster gets whole.
  const auto before = pid_of("n3");
  ASSERT_GT(before, 0);
  ::kill(before, SIGKILL);
  EXPECT_TRUE(eventually([&] { return pid_of("n3") > 0 && pid_of("n3") != before && whole("n1", 3); }, patience));
  EXPECT_THAT(cluster->out(), HasSubstr("n3 was killed by signal 9"));

  // A second one on the same folder is refused; `down` from elsewhere ends it, in order.
  const auto second = run({sett, "up", "--nodes", "3", "--dir", dir()});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("runs in"));
  const auto down = run({sett, "down", "--dir", dir()});
  EXPECT_EQ(down.code, 0) << down.err;
  EXPECT_EQ(cluster->wait(), 0);
  EXPECT_THAT(cluster->out(), Not(HasSubstr("is killed")));
  EXPECT_FALSE(std::filesystem::exists(socket("n1")));

  // It goes on with what is there, and is gone with --wipe.
  EXPECT_EQ(run({sett, "up", "--nodes", "1", "--dir", dir()}).code, 1) << "its shards have three replicas";
  cluster = up(3, {"--", "--set", "cluster.shards=8"});
  EXPECT_TRUE(eventually([&] { return whole("n2", 3); }, patience)) << cluster->out() << cluster->err();
  cluster->signal(SIGINT);
  EXPECT_EQ(cluster->wait(), 0) << cluster->out();
  EXPECT_EQ(run({sett, "down", "--dir", dir(), "--wipe"}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(dir()));
}

TEST_F(it_cluster, a_node_changes_its_key_while_all_run) {
  auto cluster = up(3, {"--", "--set", "cluster.shards=8"});
  ASSERT_TRUE(eventually([&] { return whole("n1", 3); }, patience)) << cluster->out() << cluster->err();
  const auto key = [&](const std::string& node, std::vector<std::string> words) {
    words.insert(words.begin(), {sett, "--set", "node.data_dir=" + dir() + "/" + node, "key", "node"});
    const auto done = run(words);
    EXPECT_EQ(done.code, 0) << done.err;
    return done.out.substr(0, done.out.find('\n'));
  };
  const auto said = [&](const std::string& node, const std::string& event) {
    std::ifstream in(dir() + "/" + node + "/log/sett.log");
    return std::string(std::istreambuf_iterator<char>(in), {}).find(event) != std::string::npos;
  };
  const auto before = pid_of("n2");
  const auto old = std::string(json::parse(key("n2", {"show", "-o", "json"})).at("public_key").as_string());
  const auto next = key("n2", {"rotate"});
  ASSERT_EQ(next.size(), 40U);
  for (const auto* other : {"n1", "n3"}) key(other, {"trust", "n2", next});
  ASSERT_TRUE(
      eventually([&] { return said("n2", "key-change-begun") && said("n1", "trusted-keys-changed"); }, patience));
  EXPECT_FALSE(said("n2", "key-change-done"));
  key("n2", {"rotate", "--finish"});
  ASSERT_TRUE(eventually([&] { return said("n2", "key-change-done"); }, patience));
  for (const auto* other : {"n1", "n3"}) key(other, {"trust", "--remove", "n2", old});

  // All goes on under the new key alone: a shard is led where it was moved to, and nobody ended.
  EXPECT_EQ(ask("n1", {"cluster", "rebalance", "off"}).code, 0);
  ASSERT_TRUE(eventually([&] { return object("n1", {"cluster", "status"})["rebalance"] == "off"; }, patience));
  const auto led_by = [&] { return std::string(object("n1", {"shard", "show", "0"})["leader"].as_string()); };
  const std::string to = led_by().starts_with("n2@") ? "n3" : "n2";
  const auto moved = ask("n1", {"shard", "move", "0", "--to", to});
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_TRUE(eventually([&] { return led_by().starts_with(to + "@"); }, patience));
  EXPECT_TRUE(eventually([&] { return whole("n2", 3); }, patience));
  EXPECT_EQ(pid_of("n2"), before);
  cluster->signal(SIGINT);
  EXPECT_EQ(cluster->wait(), 0) << cluster->out();
}

TEST_F(it_cluster, wiping_leaves_alone_what_up_did_not_make) {
  std::filesystem::create_directories(dir());
  std::ofstream(dir() + "/mine") << "x";
  EXPECT_THAT(run({sett, "down", "--dir", dir(), "--wipe"}).out, HasSubstr("there is no cluster"));
  std::ofstream(dir() + "/lock") << "1\n";
  EXPECT_EQ(run({sett, "down", "--dir", dir(), "--wipe"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(dir() + "/mine"));
}

TEST_F(it_cluster, wrong_words_are_usage_errors_and_faulty_settings_end_it) {
  EXPECT_EQ(run({sett, "--node", "No_Name", "status"}).code, 2);
  EXPECT_EQ(run({sett, "shard", "recover", "1"}).code, 2);
  EXPECT_EQ(run({sett, "shard", "move", "1"}).code, 2);
  EXPECT_EQ(run({sett, "cluster", "rebalance", "sometimes"}).code, 2);
  EXPECT_EQ(run({sett, "node", "drain"}).code, 2);
  EXPECT_EQ(run({sett, "--socket", dir() + "/none", "cluster", "status"}).code, 3);
  const auto faulty = run({sett, "up", "--nodes", "1", "--dir", dir(), "--", "--set", "api.nonsense=1"});
  EXPECT_EQ(faulty.code, 1);
  EXPECT_THAT(faulty.out, HasSubstr("settings have a fault"));
}

TEST_F(it_cluster, doctor_names_what_a_member_lacks) {
  const auto found =
      run({sett, "--set", "node.data_dir=" + dir() + "/n1", "--set", "cluster.etcd=127.0.0.1:1", "doctor"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr("0 of 1 reachable"));
  EXPECT_THAT(found.out, HasSubstr("sett key node new"));
  EXPECT_THAT(found.out, HasSubstr("no other node is trusted"));
}

} // namespace
} // namespace sett::test
