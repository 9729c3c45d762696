#include "nodes/api/http_server_io.hpp"
#include "nodes/api/request.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace sett::api {
namespace {

using test::raw_connection;
using test::raw_get;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(unit_request, a_target_is_split_and_decoded) {
  const auto r = parse_target("GET", "/v1/tokens/a%2Fb?limit=5&text=a%20b&flag&=x");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->path, "/v1/tokens/a/b");
  EXPECT_EQ(r->query_or("text", ""), "a b");
  EXPECT_EQ(r->query_or("none", "other"), "other");
  EXPECT_EQ(r->number("limit", 1, 1, 10), 5U);
  EXPECT_EQ(r->number("limit", 1, 6, 10), std::nullopt);
  EXPECT_EQ(r->number("text", 1, 1, 10), std::nullopt);
  EXPECT_EQ(r->number("none", 7, 1, 10), 7U);
  for (const char* bad : {"", "v1", "/a%2", "/a%zz", "/a?b=%"}) EXPECT_FALSE(parse_target("GET", bad)) << bad;
  EXPECT_EQ(percent_decode(percent_encode("/node/tokens/\xff &=?")), "/node/tokens/\xff &=?");
}

TEST(unit_routes, words_and_places_decide_and_an_unknown_path_differs_from_a_wrong_method) {
  routes table;
  std::string seen;
  table.add("GET", "/v1/tokens", [&](const request&, const reply& done) { done({200, "text/plain", "all"}); });
  table.add("GET", "/v1/tokens/{mint}",
            [&](const request& r, const reply& done) { done({200, "text/plain", r.places.at("mint")}); });
  const auto ask = [&](const char* method, const char* target) {
    response out;
    table.dispatch(parse_target(method, target).value(), [&](response r) { out = std::move(r); });
    return out;
  };
  EXPECT_EQ(ask("GET", "/v1/tokens").body, "all");
  EXPECT_EQ(ask("GET", "/v1/tokens/abc").body, "abc");
  EXPECT_EQ(ask("POST", "/v1/tokens").status, 405U);
  EXPECT_EQ(ask("GET", "/v1/none").status, 404U);
  EXPECT_EQ(ask("GET", "/").status, 404U);
  EXPECT_EQ(error_response(400, "a \"quote\"", "do x").body,
            "{\"error\":{\"what\":\"a \\\"quote\\\"\",\"hint\":\"do x\"}}\n");
}

class it_http_server : public ::testing::Test {
protected:
  void SetUp() override {
    auto table = std::make_shared<routes>();
    table->add("GET", "/ok", [](const request&, const reply& done) { done({200, "text/plain", "fine"}); });
    table->add("POST", "/echo", [](const request& r, const reply& done) { done({200, "text/plain", r.body}); });
    table->add("GET", "/never", [this](const request&, reply done) {
      const std::scoped_lock lock(mutex_);
      unanswered_.push_back(std::move(done));
    });
    table->add("GET", "/later", [this](const request&, reply done) {
      threads_.emplace_back([done = std::move(done)] { done({200, "text/plain", "later"}); });
    });
    table_ = table;
  }
  std::unique_ptr<http_server> tcp(server_options o) {
    auto s = http_server::listen_tcp("127.0.0.1", 0, o, table_, metrics_);
    EXPECT_TRUE(s) << s.error().message;
    return std::move(*s);
  }

  telemetry::node_metrics metrics_;
  std::shared_ptr<const routes> table_;
  std::mutex mutex_;
  std::vector<reply> unanswered_;
  std::vector<std::jthread> threads_;
};

TEST_F(it_http_server, answers_requests_also_from_another_thread_and_on_a_kept_connection) {
  const auto s = tcp({});
  EXPECT_THAT(raw_get(raw_connection::tcp(s->port()), "/ok"), HasSubstr("\r\n\r\nfine"));
  EXPECT_THAT(raw_get(raw_connection::tcp(s->port()), "/later"), HasSubstr("later"));
  auto c = raw_connection::tcp(s->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(c.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"));
    EXPECT_THAT(c.receive("abc"), StartsWith("HTTP/1.1 200 OK"));
  }
  EXPECT_EQ(metrics_.total("sett_api_requests_total"), 5);
}

TEST_F(it_http_server, refuses_what_is_too_large_or_no_http) {
  const auto s = tcp({.connections_max = 8,
                      .request_bytes_max = 10,
                      .request_timeout = std::chrono::seconds(2),
                      .idle_timeout = std::chrono::seconds(2)});
  auto large = raw_connection::tcp(s->port());
  large.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
  EXPECT_THAT(large.receive(), StartsWith("HTTP/1.1 413"));
  auto header = raw_connection::tcp(s->port());
  header.send("GET /ok HTTP/1.1\r\nX: " + std::string(40'000, 'x'));
  EXPECT_THAT(header.receive("431"), HasSubstr("431"));
  auto garbage = raw_connection::tcp(s->port());
  garbage.send("\x16\x03\x01 no http at all\r\n\r\n");
  EXPECT_THAT(garbage.receive(), StartsWith("HTTP/1.1 400"));
  auto target = raw_connection::tcp(s->port());
  EXPECT_THAT(raw_get(std::move(target), "/a%zz"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(raw_get(raw_connection::tcp(s->port()), "/ok"), HasSubstr("fine")) << "and goes on serving";
}

TEST_F(it_http_server, a_handler_that_does_not_answer_gives_504_and_its_late_answer_is_dropped) {
  const auto s = tcp({.connections_max = 8,
                      .request_bytes_max = 1024,
                      .request_timeout = std::chrono::milliseconds(50),
                      .idle_timeout = std::chrono::seconds(2)});
  EXPECT_THAT(raw_get(raw_connection::tcp(s->port()), "/never"), StartsWith("HTTP/1.1 504"));
  ASSERT_EQ(unanswered_.size(), 1U);
  unanswered_[0]({200, "text/plain", "too late"});
  EXPECT_THAT(raw_get(raw_connection::tcp(s->port()), "/ok"), HasSubstr("fine"));
  EXPECT_EQ(metrics_.total("sett_api_requests_timed_out_total"), 1);
}

TEST_F(it_http_server, a_client_that_sends_nothing_or_half_a_request_is_closed) {
  const auto s = tcp({.connections_max = 8,
                      .request_bytes_max = 1024,
                      .request_timeout = std::chrono::milliseconds(50),
                      .idle_timeout = std::chrono::milliseconds(50)});
  auto silent = raw_connection::tcp(s->port());
  EXPECT_EQ(silent.receive(), "");
  auto half = raw_connection::tcp(s->port());
  half.send("GET /ok HTT");
  EXPECT_THAT(half.receive(), Not(HasSubstr("fine")));
}

TEST_F(it_http_server, connections_beyond_the_bound_are_closed_and_counted) {
  const auto s = tcp({.connections_max = 2,
                      .request_bytes_max = 1024,
                      .request_timeout = std::chrono::seconds(5),
                      .idle_timeout = std::chrono::seconds(5)});
  auto a = raw_connection::tcp(s->port());
  auto b = raw_connection::tcp(s->port());
  a.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
  b.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb");
  EXPECT_THAT(a.receive("\r\n\r\na"), HasSubstr("200"));
  EXPECT_THAT(b.receive("\r\n\r\nb"), HasSubstr("200"));
  EXPECT_EQ(raw_get(raw_connection::tcp(s->port()), "/ok"), "");
  EXPECT_EQ(metrics_.total("sett_api_connections_refused_total"), 1);
}

TEST_F(it_http_server, stops_with_requests_under_way_and_survives_their_answers) {
  auto s = tcp({});
  auto c = raw_connection::tcp(s->port());
  c.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  for (;;) {
    const std::scoped_lock lock(mutex_);
    if (!unanswered_.empty()) break;
  }
  s->stop();
  s.reset();
  unanswered_[0]({200, "text/plain", "after the end"});
  EXPECT_EQ(c.receive(), "");
}

TEST_F(it_http_server, winding_down_answers_what_waits_and_closes_each_connection_behind_its_answer) {
  const test::temporary_folder folder;
  const auto path = folder.path() / "sett.sock";
  const auto s = http_server::listen_unix(path, {}, table_, metrics_).value();
  auto waits = raw_connection::local(path);
  auto kept = raw_connection::local(path);
  ASSERT_TRUE(kept.send("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(kept.receive("fine"), Not(HasSubstr("Connection: close")));
  ASSERT_TRUE(waits.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (s->waiting() == 0) std::this_thread::yield();
  s->wind_down();
  EXPECT_FALSE(std::filesystem::exists(path)) << "nobody new finds it";
  ASSERT_TRUE(kept.send("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(kept.receive(), HasSubstr("Connection: close"));
  EXPECT_EQ(s->waiting(), 1U);
  reply done;
  {
    const std::scoped_lock lock(mutex_);
    done = unanswered_.at(0);
  }
  done({200, "text/plain", "after all"});
  EXPECT_THAT(waits.receive(), HasSubstr("after all"));
  while (s->waiting() != 0) std::this_thread::yield();
}

TEST_F(it_http_server, a_unix_socket_is_for_its_owner_only_and_replaces_a_dead_one) {
  test::temporary_folder folder;
  const auto path = folder / "sett.sock";
  auto first = http_server::listen_unix(path, {}, table_, metrics_);
  ASSERT_TRUE(first) << first.error().message;
  struct stat st{};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  EXPECT_THAT(raw_get(raw_connection::local(path), "/ok"), HasSubstr("fine"));
  const auto second = http_server::listen_unix(path, {}, table_, metrics_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, static_cast<std::uint16_t>(api_errc::socket_in_use));
  (*first)->stop();
  EXPECT_NE(::stat(path.c_str(), &st), 0) << "the file goes with the server";
  // A socket whose process was killed: bound, nobody listens.
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::strncpy(a.sun_path, path.c_str(), sizeof a.sun_path - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ::close(dead);
  const auto third = http_server::listen_unix(path, {}, table_, metrics_);
  EXPECT_TRUE(third);
  // A file that is no socket is not touched.
  const auto file = folder / "notes.txt";
  std::ofstream(file) << "mine";
  const auto fourth = http_server::listen_unix(file, {}, table_, metrics_);
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().code, static_cast<std::uint16_t>(api_errc::not_a_socket));
}

TEST_F(it_http_server, a_port_that_is_taken_is_an_error_with_what_to_do) {
  const auto s = tcp({});
  const auto again = http_server::listen_tcp("127.0.0.1", s->port(), {}, table_, metrics_);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("choose another api.port"));
}

} // namespace
} // namespace sett::api
