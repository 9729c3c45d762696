// simnet inside the test's own process, on ports that the system chooses.
#include "tools/simnet/simnet_server.hpp"
#include "tools/simnet/synthetic_source.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <memory>
#include <netinet/in.h>
#include <set>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace sett::simnet {
namespace {

std::unique_ptr<simnet_server> serve(server_options options) {
  synthetic_options o;
  o.transactions_per_slot = 10;
  o.wallets = 10;
  options.slot_ms = 0;
  return std::make_unique<simnet_server>(
      options, std::make_unique<chain_driver>(std::make_unique<synthetic_source>(o), history_limits{}));
}

class client {
public:
  explicit client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~client() { ::close(socket_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& text) const {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Everything until the server closes.
  [[nodiscard]] std::string read_all() const {
    std::string out;
    char part[4096];
    for (ssize_t n = 0; (n = ::recv(socket_, part, sizeof part, 0)) > 0;) out.append(part, static_cast<std::size_t>(n));
    return out;
  }

private:
  int socket_;
  bool connected_{};
};

std::string post(std::uint16_t port, const std::string& path, const std::string& body) {
  const client c(port);
  EXPECT_TRUE(c.connected());
  c.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body);
  return c.read_all();
}

TEST(it_simnet_server, every_port_is_its_own_and_answers) {
  server_options options;
  options.endpoints = 3;
  auto server = serve(options);
  ASSERT_TRUE(server->start().has_value());
  std::set<std::uint16_t> ports{server->admin_port()};
  for (const auto& p : server->ports()) {
    ports.insert({p.http, p.ws, p.grpc});
    EXPECT_NE(post(p.http, "/", R"({"jsonrpc":"2.0","id":1,"method":"getHealth"})").find("\"result\":\"ok\""),
              std::string::npos);
    EXPECT_TRUE(client(p.grpc).connected());
  }
  EXPECT_EQ(ports.size(), 10u);
}

TEST(it_simnet_server, stops_with_connections_open_and_stalled_and_stop_may_be_repeated) {
  auto server = serve({});
  ASSERT_TRUE(server->start().has_value());
  const auto ports = server->ports().front();
  const client idle(ports.http), half(ports.ws), grpc(ports.grpc);
  half.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_NE(post(server->admin_port(), "/admin/fault", R"({"kind":"stall","on":"http"})").find("\"id\":1"),
            std::string::npos);
  const client stalled(ports.http);
  stalled.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_NE(post(server->admin_port(), "/admin/step?slots=3", "").find("\"slot\""), std::string::npos);
  server->stop();
  server->stop();
  EXPECT_FALSE(client(ports.http).connected());
  EXPECT_NE(server->summary_json(false).find("\"blocks\":4"), std::string::npos);
}

TEST(it_simnet_server, a_server_that_never_started_is_harmless) { static_cast<void>(serve({})); }

TEST(it_simnet_server, a_taken_port_and_a_bad_schedule_refuse_the_start_with_their_reason) {
  auto first = serve({});
  ASSERT_TRUE(first->start().has_value());
  server_options options;
  options.http_port = first->ports().front().http;
  const auto taken = serve(options)->start();
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().message.find("cannot listen"), std::string::npos);
  server_options scheduled;
  scheduled.schedule_json = R"([{"kind":"delay","delay_ms":5},{"kind":"nonsense"}])";
  const auto bad = serve(scheduled)->start();
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().message.find("entry 1"), std::string::npos);
}

TEST(it_simnet_server, oversized_and_malformed_requests_are_refused_and_the_server_lives_on) {
  auto server = serve({});
  ASSERT_TRUE(server->start().has_value());
  const auto port = server->ports().front().http;
  EXPECT_NE(post(port, "/", std::string((1u << 20) + 1, 'x')).find(" 413 "), std::string::npos);
  {
    const client c(port);
    c.send("NONSENSE\r\n\r\n");
    EXPECT_EQ(c.read_all(), "");
  }
  EXPECT_NE(post(port, "/", R"({"jsonrpc":"2.0","id":1,"method":"getHealth"})").find("\"ok\""), std::string::npos);
}

} // namespace
} // namespace sett::simnet
