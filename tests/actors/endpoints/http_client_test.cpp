#include "actors/endpoints/http_client_io.hpp"
#include "tests/actors/endpoints/scripted_server.hpp"
#include "tests/actors/endpoints/test_certificate.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace sett::endpoints {
namespace {

using test::inbox;
using test::scripted_server;
namespace http = test::http;

struct answer {
  http_outcome outcome{};
  unsigned status{};
  std::string body, reason;
  std::optional<duration> retry_after;
};

struct connected {
  socket_threads threads{1};
  inbox<answer> answers;
  std::unique_ptr<http_client> client;
  explicit connected(const std::string& url, const std::function<void(endpoint_options&)>& change = {}) {
    endpoint_options o;
    o.name = "test";
    o.connections_max = 1;
    o.http_url = config::secret(url);
    if (change) change(o);
    auto made = make_http_client(threads, o);
    if (!made) throw std::runtime_error(made.error().message);
    client = std::move(*made);
  }
  ~connected() {
    client.reset();
    threads.stop();
  }
  void post(duration timeout = std::chrono::seconds(5), const std::string& body = "{}") {
    client->post(body, timeout, [this](http_reply& r) {
      answers.put({r.outcome, r.status, std::string(r.body.data, r.body.size), r.reason, r.retry_after});
    });
  }
  answer once(duration timeout = std::chrono::seconds(5)) {
    const auto n = answers.all().size();
    post(timeout);
    return answers.wait_for(n + 1) ? answers.all().back() : answer{};
  }
};

template <class Stream>
bool serve_one(Stream& s, unsigned status, const std::string& body, const std::string& extra = {}) {
  static thread_local test::beast::flat_buffer buffer;
  buffer.clear();
  http::request<http::string_body> request;
  test::beast::error_code ec;
  http::read(s, buffer, request, ec);
  if (ec) return false;
  test::asio::write(s, test::asio::buffer("HTTP/1.1 " + std::to_string(status) + " X\r\ncontent-length: " +
                                          std::to_string(body.size()) + "\r\n" + extra + "\r\n" + body));
  return true;
}

TEST(it_http_client, many_calls_share_one_kept_connection) {
  scripted_server server([](test::tcp::socket& s, int) {
    while (serve_one(s, 200, R"({"ok":1})")) {
    }
  });
  connected c("http://127.0.0.1:" + server.port() + "/?api-key=CANARY");
  for (int i = 0; i < 50; ++i) c.post();
  ASSERT_TRUE(c.answers.wait_for(50));
  for (const auto& a : c.answers.all()) EXPECT_EQ(a.body, R"({"ok":1})");
  EXPECT_EQ(server.connections(), 1);
}

TEST(it_http_client, a_kept_connection_that_the_peer_closed_is_opened_again_unseen) {
  scripted_server server(
      [](test::tcp::socket& s, int) { serve_one(s, 200, "x"); }); // closes after each answer, unannounced
  connected c("http://127.0.0.1:" + server.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(c.once().body, "x");
  EXPECT_EQ(server.connections(), 5);
}

TEST(it_http_client, status_and_retry_after_are_handed_on) {
  scripted_server server([](test::tcp::socket& s, int) {
    serve_one(s, 429, "slow down", "retry-after: 7\r\n");
    serve_one(s, 503, "");
    serve_one(s, 200, "fine");
  });
  connected c("http://127.0.0.1:" + server.port());
  auto a = c.once();
  EXPECT_EQ(a.status, 429u);
  EXPECT_EQ(a.retry_after, std::chrono::seconds(7));
  EXPECT_EQ(c.once().status, 503u);
  EXPECT_EQ(c.once().body, "fine");
}

TEST(it_http_client, a_stall_ends_at_the_deadline_and_the_late_answer_reaches_nobody) {
  std::atomic<bool> late{};
  scripted_server server([&](test::tcp::socket& s, int n) {
    if (n > 0) {
      serve_one(s, 200, "second");
      return;
    }
    test::beast::flat_buffer b;
    http::request<http::string_body> request;
    http::read(s, b, request);
    test::stall(s); // until the client gives up and closes
    test::beast::error_code ec;
    test::asio::write(s, test::asio::buffer(std::string("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst")), ec);
    late = true;
  });
  connected c("http://127.0.0.1:" + server.port());
  const auto a = c.once(std::chrono::milliseconds(150));
  EXPECT_EQ(a.outcome, http_outcome::timeout);
  EXPECT_EQ(c.once().body, "second");
  EXPECT_EQ(c.answers.all().size(), 2u);
}

TEST(it_http_client, garbage_truncation_reset_and_a_body_over_the_bound_end_with_a_reason_without_address) {
  scripted_server server([](test::tcp::socket& s, int n) {
    test::beast::flat_buffer b;
    http::request<http::string_body> request;
    http::read(s, b, request);
    if (n == 0) test::asio::write(s, test::asio::buffer(std::string("\x16\x03\x01 no http at all\r\n\r\n")));
    if (n == 1)
      test::asio::write(s, test::asio::buffer(std::string("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")));
    if (n == 2) s.set_option(test::asio::socket_base::linger(true, 0)), s.close();
    if (n == 3)
      test::asio::write(s,
                        test::asio::buffer("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + std::string(5000, 'x')));
  });
  connected c("http://127.0.0.1:" + server.port() + "/CANARY",
              [](endpoint_options& o) { o.response_bytes_max = 4096; });
  for (const auto expected :
       {http_outcome::transport, http_outcome::transport, http_outcome::transport, http_outcome::too_large}) {
    const auto a = c.once();
    EXPECT_EQ(a.outcome, expected) << a.reason;
    EXPECT_FALSE(a.reason.empty());
    EXPECT_FALSE(a.reason.contains("CANARY")) << a.reason;
    EXPECT_FALSE(a.reason.contains("127.0.0.1")) << a.reason;
  }
}

TEST(it_http_client, what_does_not_fit_is_shed_and_a_stop_ends_everything_once) {
  scripted_server server([](test::tcp::socket& s, int) { test::stall(s); });
  connected c("http://127.0.0.1:" + server.port());
  for (int i = 0; i < 400; ++i) c.post(std::chrono::seconds(60));
  ASSERT_TRUE(c.answers.wait_for(400 - 1 - 256));
  for (const auto& a : c.answers.all()) EXPECT_EQ(a.outcome, http_outcome::shed);
  c.client->stop();
  ASSERT_TRUE(c.answers.wait_for(400));
  EXPECT_EQ(c.answers.all().back().outcome, http_outcome::stopped);
}

struct tls_server {
  test::asio::ssl::context context{test::asio::ssl::context::tls_server};
  scripted_server server;
  explicit tls_server(const test::certificate& cert)
      : server([this](test::tcp::socket& s, int) {
          test::asio::ssl::stream<test::tcp::socket&> stream(s, context);
          stream.handshake(test::asio::ssl::stream_base::server);
          while (serve_one(stream, 200, "secret")) {
          }
        }) {
    context.use_certificate(test::asio::buffer(cert.pem), test::asio::ssl::context::pem);
    context.use_private_key(test::asio::buffer(cert.key_pem), test::asio::ssl::context::pem);
  }
};

TEST(it_http_client, speaks_tls_only_with_a_certificate_that_is_trusted_and_names_the_host) {
  const auto good = test::self_signed("localhost"), other = test::self_signed("elsewhere.example");
  const auto folder = std::filesystem::temp_directory_path() / ("sett_tls_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto file = [&](const test::certificate& cert, const char* name) {
    std::ofstream(folder / name) << cert.pem;
    return (folder / name).string();
  };
  const auto good_file = file(good, "good.pem"), other_file = file(other, "other.pem");
  tls_server right(good), wrong(other);
  const auto url = [](const tls_server& s) { return "https://localhost:" + s.server.port() + "/CANARY"; };
  {
    connected c(url(right), [&](endpoint_options& o) { o.tls.ca_file = good_file; });
    const auto a = c.once();
    EXPECT_EQ(a.body, "secret") << a.reason;
  }
  {
    connected c(url(right)); // not trusted
    EXPECT_EQ(c.once().outcome, http_outcome::transport);
  }
  {
    connected c(url(wrong), [&](endpoint_options& o) { o.tls.ca_file = other_file; }); // trusted, but another name
    const auto a = c.once();
    EXPECT_EQ(a.outcome, http_outcome::transport);
    EXPECT_TRUE(a.reason.starts_with("tls:")) << a.reason;
    EXPECT_FALSE(a.reason.contains("CANARY"));
  }
  EXPECT_THROW(connected(url(right), [](endpoint_options& o) { o.tls.ca_file = "/nowhere.pem"; }), std::runtime_error);
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace sett::endpoints
