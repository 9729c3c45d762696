// Three nodes trade on paper on a simulated chain, and whoever leads the account is killed between signing and landing.
// The chain stands still meanwhile, so that the kill is surely in between.
#include "tests/support/process.hpp"
#include "tests/support/raw_http.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <set>
#include <string>

namespace sett::test {
namespace {

namespace json = boost::json;

json::object object_of(const std::string& answer) {
  const auto blank = answer.find("\r\n\r\n");
  boost::system::error_code bad;
  const auto v = json::parse(blank == std::string::npos ? std::string{} : answer.substr(blank + 4), bad);
  return !bad && v.is_object() ? v.as_object() : json::object{};
}
std::string text_in(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v == nullptr ? std::string{} : v->is_string() ? json::value_to<std::string>(*v) : json::serialize(*v);
}

class it_paper_trading : public ::testing::Test {
protected:
  static constexpr int nodes = 3;

  void start() {
    chain_ = std::make_unique<process>(std::vector<std::string>{SETT_BINARY_DIR "/bin/simnet", "--slot-ms", "50"});
    ASSERT_TRUE(eventually([&] { return chain_->out().find("\"ready\":true") != std::string::npos; })) << chain_->err();
    const auto ready = json::parse(chain_->out()).as_object();
    admin_port_ = static_cast<std::uint16_t>(std::stoi(text_in(ready, "admin").substr(17)));
    std::vector<std::string> command{SETT_BINARY_DIR "/bin/sett", "up", "--nodes", std::to_string(nodes), "--dir",
                                     folder_ / "cluster",         "--"};
    for (const auto& s : {"endpoint.sim.http=" + text_in(ready, "http"), "endpoint.sim.ws=" + text_in(ready, "ws"),
                          std::string("endpoint.sim.plan=blocks"), std::string("endpoint.sim.requests_per_s_max=1000"),
                          std::string("endpoint.sim.burst_max=1000"), std::string("cluster.shards=4"),
                          std::string("risk.trade_lamports_max=100000000")}) {
      command.emplace_back("--set");
      command.push_back(s);
    }
    cluster_ = std::make_unique<process>(command);
    // A hundred and eighteen blocks have to be known before the first buy can name an aged blockhash.
    ASSERT_TRUE(eventually(
        [&] {
          if (!cluster_->running()) return true;
          const auto c = ask(1, "/v1/cluster");
          const auto a = ask(1, "/v1/account");
          if (text_in(c, "healthy") != "true" || text_in(c, "nodes") != "3" || !text_in(a, "blocked").empty() ||
              text_in(a, "lamports") != "10000000000")
            return false;
          if (first_tip_ == 0) first_tip_ = std::stoll(text_in(a, "tip"));
          return std::stoll(text_in(a, "tip")) > first_tip_ + 150;
        },
        std::chrono::seconds(120)))
        << json::serialize(ask(1, "/v1/account")) << json::serialize(ask(1, "/v1/cluster")) << cluster_->err();
  }
  void TearDown() override {
    if (!cluster_) return;
    cluster_->signal(SIGTERM); // it ends its nodes and its etcd
    EXPECT_TRUE(cluster_->wait(std::chrono::seconds(60)).has_value());
  }
  [[nodiscard]] json::object ask(int node, const std::string& target, const std::string& method = "GET") const {
    return object_of(
        raw_get(raw_connection::local(folder_ / ("cluster/n" + std::to_string(node) + "/sett.sock")), target, method));
  }
  /// Any node answers for all.
  [[nodiscard]] json::object account(const std::string& tail = {}) const {
    for (int n = 1; n <= nodes; ++n)
      if (auto a = ask(n, "/v1/account" + tail); !a.empty() && !a.contains("error")) return a;
    return {};
  }
  void chain(const std::string& what) const {
    static_cast<void>(raw_get(raw_connection::tcp(admin_port_), "/admin/" + what, "POST"));
  }
  [[nodiscard]] std::string order(const std::string& id) const { return text_in(account("/orders/" + id), "state"); }
  finished run_sett(std::vector<std::string> words) const {
    std::vector<std::string> all{SETT_BINARY_DIR "/bin/sett", "--socket", folder_ / "cluster/n1/sett.sock"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }

  /// Places the order on a chain that stands still, kills the leader once it is signed, and lets the chain go on.
  void killed_in_between(const std::string& target) {
    chain("pause");
    std::string id;
    ASSERT_TRUE(eventually([&] {
      for (int n = 1; n <= nodes && id.empty(); ++n) id = text_in(ask(n, target, "POST"), "order");
      return !id.empty();
    })) << json::serialize(ask(1, target, "POST"));
    ASSERT_TRUE(eventually([&] { return order(id) == "submitted"; }))
        << order(id) << json::serialize(account("/orders/" + id)) << cluster_->err();
    const auto leader = text_in(account(), "led_by");
    ASSERT_EQ(leader.size(), 2U);
    const auto pid = std::stoi(text_in(ask(leader[1] - '0', "/v1/status"), "pid"));
    ASSERT_GT(pid, 1);
    ::kill(pid, SIGKILL);
    chain("resume");
    EXPECT_TRUE(eventually([&] { return order(id) == "settled"; }, std::chrono::seconds(60)))
        << json::serialize(account("/orders/" + id)) << json::serialize(account());
    EXPECT_NE(text_in(account(), "epoch"), "1");
    settled_.insert(id);
  }
  /// Every order has one fill, and the books are what the chain says, whoever is asked.
  void books_agree() {
    EXPECT_TRUE(eventually([&] {
      const auto b = account("/balance");
      return text_in(b, "agrees") == "true" && text_in(account(), "orders_open") == "0";
    })) << json::serialize(account("/balance"));
    for (const auto& id : settled_) {
      int fills = 0;
      const auto o = account("/orders/" + id);
      for (const auto& line : o.at("story").as_array())
        fills += text_in(line.as_object(), "event") == "settled" ? 1 : 0;
      EXPECT_EQ(fills, 1) << id;
    }
    EXPECT_TRUE(eventually(
        [&] {
          std::set<std::string> said;
          for (int n = 1; n <= nodes; ++n) {
            const auto b = ask(n, "/v1/account/balance");
            said.insert(text_in(b, "lamports") + text_in(b, "chain_lamports"));
          }
          for (int shard = 0; shard < 4; ++shard) {
            std::set<std::string> hashes;
            for (int n = 1; n <= nodes; ++n) {
              const auto d = ask(n, "/v1/shards/" + std::to_string(shard));
              hashes.insert(text_in(d, "applied") + " " + text_in(d, "state_hash"));
            }
            if (hashes.size() != 1) return false;
          }
          return said.size() == 1;
        },
        std::chrono::seconds(60)));
  }

  temporary_folder folder_;
  std::unique_ptr<process> chain_, cluster_;
  std::uint16_t admin_port_{};
  long long first_tip_{};
  std::set<std::string> settled_;
};

TEST_F(it_paper_trading,
       a_buy_and_a_sale_end_with_one_fill_each_though_the_leader_is_killed_between_signing_and_landing) {
  start();
  const auto tokens = ask(1, "/v1/tokens?limit=20");
  std::string mint;
  for (const auto& row : tokens.at("rows").as_array()) {
    mint = text_in(row.as_object(), "mint");
    if (!text_in(account("/quote?side=buy&mint=" + mint + "&amount=20000000"), "out").empty()) break;
  }
  ASSERT_FALSE(mint.empty());
  killed_in_between("/v1/account/orders?side=buy&lamports=20000000&slippage_bps=9000&key=first&mint=" + mint);
  books_agree();
  const auto held = text_in(account("/positions/" + mint), "tokens");
  EXPECT_GT(std::stoll(held), 0);

  // Asked again under the same name, nothing new is ordered.
  const auto again = run_sett({"buy", mint, "--sol", "0.02", "--slippage-bps", "9000", "--key", "first"});
  EXPECT_NE(again.out.find("known already"), std::string::npos) << again.out << again.err;

  killed_in_between("/v1/account/orders?side=sell&key=second&mint=" + mint);
  books_agree();
  EXPECT_EQ(text_in(account(), "positions"), "0");
  EXPECT_EQ(text_in(account(), "misfits"), "0");
  const auto status = run_sett({"status"});
  for (const auto* said : {"on paper", "positions", "SOL realised"})
    EXPECT_NE(status.out.find(said), std::string::npos) << status.out;
}

TEST_F(it_paper_trading, refusals_say_why_and_what_to_do) {
  start();
  const auto tokens = ask(1, "/v1/tokens?limit=1");
  const auto mint = text_in(tokens.at("rows").as_array().at(0).as_object(), "mint");
  EXPECT_EQ(run_sett({"halt"}).code, 0);
  const auto halted = run_sett({"buy", mint, "--sol", "0.02"});
  EXPECT_EQ(halted.code, 1);
  EXPECT_NE(halted.err.find("halted"), std::string::npos) << halted.err;
  EXPECT_NE(halted.err.find("sett resume"), std::string::npos) << halted.err;
  EXPECT_EQ(run_sett({"resume"}).code, 0);
  const auto nameless = json::serialize(ask(1, "/v1/account/orders?side=buy&lamports=20000000&mint=" + mint, "POST"));
  EXPECT_NE(nameless.find("needs a key"), std::string::npos) << nameless;
  const auto repeated = [&] { return run_sett({"buy", mint, "--sol", "2", "--key", "too-much"}).err; };
  EXPECT_NE(repeated().find("the account denies it"), std::string::npos);
  EXPECT_NE(repeated().find("denied it when it was asked before"), std::string::npos);
  const auto too_much = run_sett({"buy", mint, "--sol", "2"});
  EXPECT_NE(too_much.err.find("over_spend"), std::string::npos) << too_much.err;
  EXPECT_EQ(run_sett({"buy", mint, "--sol", "0.0000000001"}).code, 2);
  EXPECT_NE(run_sett({"sell", mint}).err.find("nothing_to_sell"), std::string::npos);
  EXPECT_NE(
      run_sett({"buy", "So11111111111111111111111111111111111111112", "--sol", "0.02"}).err.find("no trade of this"),
      std::string::npos);
}

} // namespace
} // namespace sett::test
