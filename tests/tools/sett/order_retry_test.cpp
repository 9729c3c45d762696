// An order that gets no answer is asked for again under the same key, so that it is one order; what stays in doubt is
// said with the key.
#include "nodes/api/http_server_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tools/sett/account_commands.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace sett::tools {
namespace {

class it_order_retry : public ::testing::Test {
protected:
  /// `answer` is given how often it was asked, from 1.
  void serve(std::function<api::response(std::size_t)> answer) {
    auto table = std::make_shared<api::routes>();
    table->add("POST", "/v1/account/orders",
               [this, answer = std::move(answer)](const api::request& r, const api::reply& done) {
                 std::size_t n = 0;
                 {
                   const std::scoped_lock lock(mutex_);
                   keys_.emplace_back(r.query_or("key", ""));
                   n = keys_.size();
                 }
                 done(answer(n));
               });
    auto s = api::http_server::listen_unix(socket(), {}, table, metrics_);
    ASSERT_TRUE(s) << s.error().message;
    server_ = std::move(*s);
  }
  int buy(const std::string& key, std::uint32_t timeout_ms) {
    command_context c{.out = out_, .err = err_, .settings = {}};
    c.socket = socket();
    c.timeout_ms = timeout_ms;
    order_options o;
    o.mint = "So11111111111111111111111111111111111111112";
    o.sol = "0.05";
    o.key = key;
    return buy_command(c, o);
  }
  [[nodiscard]] std::string socket() const { return folder_ / "s.sock"; }
  static api::response late() { return api::error_response(504, "no answer within the time allowed"); }

  test::temporary_folder folder_;
  telemetry::node_metrics metrics_;
  std::mutex mutex_;
  std::vector<std::string> keys_;
  std::ostringstream out_, err_;
  std::unique_ptr<api::http_server> server_; // last: its end ends the handlers
};

TEST_F(it_order_retry, a_late_answer_is_asked_for_again_with_the_same_key) {
  serve([](std::size_t n) -> api::response {
    if (n == 1) return late();
    if (n == 2) return api::error_response(503, "no node leads the account at this moment");
    return {200, "application/json", R"({"order":"0123456789abcdef","state":"known"})"};
  });
  EXPECT_EQ(buy("", 20'000), exit_ok) << err_.str();
  server_->stop();
  ASSERT_EQ(keys_.size(), 3U);
  EXPECT_FALSE(keys_[0].empty());
  EXPECT_EQ(keys_[0], keys_[1]);
  EXPECT_EQ(keys_[0], keys_[2]);
}

TEST_F(it_order_retry, what_stays_in_doubt_is_said_with_its_key) {
  serve([](std::size_t) { return late(); });
  EXPECT_EQ(buy("mine", 1'000), exit_unreachable);
  EXPECT_NE(err_.str().find("it may have been taken: say it again with --key mine"), std::string::npos) << err_.str();
  EXPECT_EQ(buy("", 1'000), exit_unreachable);
  server_->stop();
  EXPECT_NE(err_.str().find("--key " + keys_.back()), std::string::npos) << err_.str();
  EXPECT_NE(keys_.back(), "mine");
}

TEST_F(it_order_retry, a_plain_refusal_and_a_node_that_is_not_there_are_told_at_once) {
  EXPECT_EQ(buy("", 60'000), exit_unreachable);
  serve([](std::size_t) { return api::error_response(422, "the account denies it"); });
  EXPECT_EQ(buy("", 60'000), exit_failed);
  server_->stop();
  EXPECT_EQ(keys_.size(), 1U);
  EXPECT_EQ(err_.str().find("may have been taken"), std::string::npos) << err_.str();
}

} // namespace
} // namespace sett::tools
