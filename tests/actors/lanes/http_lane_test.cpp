// A lane against a server that does what its script says.
#include "actors/endpoints/transport_io.hpp"
#include "actors/lanes/http_lane_io.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "nodes/runtime/node_clock_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/actors/endpoints/scripted_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace sett;
using namespace sett::lanes;
using test::inbox;
using test::scripted_server;
namespace http = test::http;

struct scripted_reply {
  unsigned status{200};
  std::string body;
  std::string retry_after;
  bool drop{}, hang{};
};

/// Answers each request by the script; keeps what was asked.
class lane_server {
public:
  explicit lane_server(std::function<scripted_reply(const std::string& body, int number)> script)
      : script_(std::move(script)), server_([this](test::tcp::socket& socket, int) { serve(socket); }) {}
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + server_.port() + "/canary-api-key"; }
  inbox<std::string> asked;

private:
  void serve(test::tcp::socket& socket) {
    test::beast::flat_buffer buffer;
    for (;;) {
      http::request<http::string_body> request;
      http::read(socket, buffer, request);
      const auto r = script_(request.body(), number_++);
      asked.put(request.body());
      if (r.drop) return;
      if (r.hang) {
        test::stall(socket);
        return;
      }
      http::response<http::string_body> response{static_cast<http::status>(r.status), 11};
      if (!r.retry_after.empty()) response.set(http::field::retry_after, r.retry_after);
      response.body() = r.body;
      response.prepare_payload();
      http::write(socket, response);
    }
  }
  std::function<scripted_reply(const std::string&, int)> script_;
  std::atomic<int> number_{0};
  scripted_server server_;
};

std::string id_of(const std::string& body) {
  const auto at = body.find("\"id\":") + 5;
  return body.substr(at, body.find_first_not_of("0123456789", at) - at);
}
scripted_reply result_of(const std::string& body, const std::string& result) {
  return {.status = 200,
          .body = R"({"jsonrpc":"2.0","id":)" + id_of(body) + R"(,"result":)" + result + "}",
          .retry_after = {}};
}
scripted_reply error_of(const std::string& body, int code) {
  return {.status = 200,
          .body = R"({"jsonrpc":"2.0","id":)" + id_of(body) + R"(,"error":{"code":)" + std::to_string(code) +
                  R"(,"message":"canary-api-key"}})",
          .retry_after = {}};
}

class it_http_lane : public ::testing::Test {
protected:
  it_http_lane() : sockets(endpoints::make_transport(threads)) { transaction.signature.bytes.fill(5); }
  ~it_http_lane() override {
    lane.reset();
    threads.stop();
    EXPECT_EQ(metrics.render().find("canary"), std::string::npos);
  }
  void connect(const lane_server& server, lane_kind kind = lane_kind::rpc,
               const std::function<void(http_lane_options&)>& change = {}) {
    http_lane_options o{.kind = kind, .name = "test", .url = config::secret(server.url()), .gate = {}};
    o.gate.rate = {.credits_per_second = 1000, .burst_credits = 1000};
    o.gate.in_flight_max = 4;
    if (change) change(o);
    auto made = http_lane::make(std::move(o), *sockets, clock, metrics);
    ASSERT_TRUE(made);
    lane = std::move(*made);
  }
  ports::lane_reply send() {
    inbox<ports::lane_reply> got;
    lane->send(transaction, [&](ports::lane_reply r) { got.put(std::move(r)); });
    EXPECT_TRUE(got.wait_for(1));
    auto all = got.all();
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].why.find("canary"), std::string::npos);
    return all[0];
  }
  [[nodiscard]] std::string own() const { return "\"" + solana::to_base58(transaction.signature) + "\""; }

  endpoints::socket_threads threads{1};
  std::shared_ptr<endpoints::transport> sockets;
  runtime::node_clock clock;
  telemetry::node_metrics metrics;
  std::unique_ptr<http_lane> lane;
  ports::signed_transaction transaction{
      .signature = {}, .bytes = "wire-bytes", .is_protected = false, .last_valid = {}};
};

TEST_F(it_http_lane, sends_the_same_bytes_as_often_as_it_is_told) {
  lane_server server([this](const std::string& body, int) { return result_of(body, own()); });
  connect(server);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(send().taken);
  const auto asked = server.asked.all();
  ASSERT_EQ(asked.size(), 3U);
  const auto wire =
      "\"" + solana::base64_encode(std::span(reinterpret_cast<const std::uint8_t*>("wire-bytes"), 10)) + "\"";
  for (const auto& body : asked) {
    EXPECT_NE(body.find(R"("method":"sendTransaction")"), std::string::npos);
    EXPECT_NE(body.find(wire), std::string::npos) << body;
    EXPECT_NE(body.find(R"("skipPreflight":true)"), std::string::npos);
  }
  EXPECT_EQ(lane->name(), "test");
  EXPECT_FALSE(lane->is_protected());
}

TEST_F(it_http_lane, tells_every_kind_of_failure_and_asks_nothing_twice_by_itself) {
  lane_server server([this](const std::string& body, int n) -> scripted_reply {
    switch (n) {
    case 0:
      return error_of(body, -32002);
    case 1:
      return {.status = 200, .body = "<html>canary-api-key</html>", .retry_after = {}};
    case 2:
      return result_of(body, "\"" + std::string(88, '1') + "\"");
    case 3:
      return {.status = 403, .body = "canary-api-key", .retry_after = {}};
    default:
      return result_of(body, own());
    }
  });
  connect(server);
  EXPECT_EQ(send().why, "error -32002: the transaction was refused");
  EXPECT_EQ(send().why, "the reply cannot be read");
  EXPECT_EQ(send().why, "the reply names another transaction");
  EXPECT_EQ(send().why, "the lane answers 403");
  EXPECT_TRUE(send().taken);
  EXPECT_EQ(server.asked.all().size(), 5U);
}

TEST_F(it_http_lane, rests_after_a_429_as_long_as_it_says) {
  lane_server server([](const std::string&, int) -> scripted_reply {
    return {.status = 429, .body = "slow down", .retry_after = "60"};
  });
  connect(server);
  EXPECT_EQ(send().why, "the lane answers 429, too many requests");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send().why, "the lane's rate is used up");
  EXPECT_EQ(server.asked.all().size(), 1U);
}

TEST_F(it_http_lane, opens_its_breaker_and_probes_without_money) {
  std::atomic<bool> well{false};
  lane_server server([&](const std::string& body, int) -> scripted_reply {
    if (!well) return {.status = 503, .body = "", .retry_after = {}};
    return body.find("getHealth") != std::string::npos ? result_of(body, "\"ok\"") : result_of(body, own());
  });
  connect(server, lane_kind::rpc, [](http_lane_options& o) {
    o.gate.breaker.open_base = std::chrono::milliseconds(1);
    o.gate.breaker.open_cap = std::chrono::milliseconds(2);
    o.gate.breaker.probe_spacing = std::chrono::milliseconds(1);
  });
  for (int i = 0; i < 1000 && send().why != "the lane failed too often and rests"; ++i) {
  }
  well = true;
  bool taken = false;
  for (int i = 0; i < 100'000 && !taken; ++i) taken = send().taken;
  EXPECT_TRUE(taken);
  const auto asked = server.asked.all();
  EXPECT_TRUE(std::ranges::any_of(asked, [](const auto& b) { return b.find("getHealth") != std::string::npos; }));
}

TEST_F(it_http_lane, stays_shut_while_the_node_says_in_its_body_that_it_is_not_well) {
  constexpr int sick_answers = 12;
  std::atomic<bool> up{false}, early{false};
  std::atomic<int> probes{0};
  lane_server server([&](const std::string& body, int) -> scripted_reply {
    if (!up) return {.status = 503, .body = "", .retry_after = {}};
    if (body.find("getHealth") == std::string::npos) {
      early = early || probes < sick_answers;
      return result_of(body, own());
    }
    if (probes++ >= sick_answers) return result_of(body, "\"ok\"");
    return {.status = 200,
            .body = R"({"jsonrpc":"2.0","id":)" + id_of(body) + R"(,"error":{"code":-32005,"message":"behind"}})",
            .retry_after = {}};
  });
  connect(server, lane_kind::rpc, [](http_lane_options& o) {
    o.gate.breaker.open_base = std::chrono::milliseconds(1);
    o.gate.breaker.open_cap = std::chrono::milliseconds(2);
    o.gate.breaker.probe_spacing = std::chrono::milliseconds(1);
  });
  bool rests = false;
  for (int i = 0; i < 1000 && !rests; ++i) rests = send().why == "the lane failed too often and rests";
  ASSERT_TRUE(rests);
  up = true;
  bool taken = false;
  for (int i = 0; i < 1'000'000 && !taken; ++i) taken = send().taken;
  EXPECT_TRUE(taken);
  EXPECT_FALSE(early);
}

TEST_F(it_http_lane, ends_a_send_that_is_never_answered_or_cut_off) {
  lane_server server([](const std::string&, int n) {
    return scripted_reply{.status = 200, .body = {}, .retry_after = {}, .drop = n > 0, .hang = n == 0};
  });
  connect(server, lane_kind::rpc, [](http_lane_options& o) { o.timeout = std::chrono::milliseconds(200); });
  EXPECT_EQ(send().why, "the lane did not answer in time");
  EXPECT_EQ(send().why, "the lane cannot be reached");
}

TEST_F(it_http_lane, ends_what_is_under_way_once_when_it_goes) {
  lane_server server([](const std::string&, int) {
    return scripted_reply{.status = 200, .body = {}, .retry_after = {}, .drop = false, .hang = true};
  });
  connect(server);
  inbox<ports::lane_reply> got;
  for (int i = 0; i < 6; ++i) lane->send(transaction, [&](ports::lane_reply r) { got.put(std::move(r)); });
  lane.reset();
  EXPECT_TRUE(got.wait_for(6));
  threads.stop();
  EXPECT_EQ(got.all().size(), 6U);
  for (const auto& r : got.all()) EXPECT_FALSE(r.taken);
}

TEST_F(it_http_lane, puts_a_protected_transaction_into_a_bundle_and_into_no_public_lane) {
  lane_server server([](const std::string& body, int) {
    if (body.find("getBundleStatuses") != std::string::npos)
      return result_of(
          body, R"({"value":[{"bundle_id":"b1","slot":7,"confirmation_status":"confirmed","err":{"Ok":null}}]})");
    if (body.find("getTipAccounts") != std::string::npos)
      return result_of(body, R"(["96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"])");
    return result_of(body, "\"b1\"");
  });
  connect(server);
  transaction.is_protected = true;
  EXPECT_EQ(send().why, "the transaction is protected and the lane is public");
  EXPECT_TRUE(server.asked.all().empty());
  connect(server, lane_kind::jito);
  EXPECT_TRUE(lane->is_protected());
  EXPECT_TRUE(send().taken);
  EXPECT_NE(
      server.asked.all().at(0).find(R"("method":"sendBundle","params":[["d2lyZS1ieXRlcw=="],{"encoding":"base64"}])"),
      std::string::npos)
      << server.asked.all().at(0);
  inbox<std::vector<bundle_status>> statuses;
  lane->ask_bundles({"b1"},
                    [&](result<std::vector<bundle_status>> r) { statuses.put(r ? *r : std::vector<bundle_status>{}); });
  ASSERT_TRUE(statuses.wait_for(1));
  ASSERT_EQ(statuses.all()[0].size(), 1U);
  EXPECT_EQ(statuses.all()[0][0].slot, 7U);
  inbox<std::size_t> tips;
  lane->ask_tip_accounts([&](const result<std::vector<address>>& r) { tips.put(r ? r->size() : 0); });
  ASSERT_TRUE(tips.wait_for(1));
  EXPECT_EQ(tips.all()[0], 1U);
}

TEST_F(it_http_lane, needs_an_address_and_does_not_show_it) {
  const auto made = http_lane::make({.name = "test", .url = {}, .gate = {}}, *sockets, clock, metrics);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "lane test has no url; set lane.test.url");
}

} // namespace
