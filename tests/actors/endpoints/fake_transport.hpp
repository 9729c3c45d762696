// Sockets that a test holds in its hand: it sees what is asked and answers when and how it likes.
#pragma once

#include "actors/endpoints/transport.hpp"
#include "actors/endpoints/url.hpp"
#include "messages/solana/padded_text.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace sett::test {

struct fake_sockets : endpoints::transport {
  struct asked {
    std::string body;
    std::function<void(endpoints::http_reply&)> done;
  };
  std::deque<asked> posts;
  std::vector<std::string> sent;
  endpoints::websocket_events events; // of the newest connection
  int opened{}, closed{};

  void reply(asked a, const std::string& text, unsigned status = 200) {
    const solana::padded_text padded(text);
    endpoints::http_reply r;
    r.outcome = endpoints::http_outcome::answered;
    r.status = status;
    r.body = {padded.view().data(), text.size(), {}};
    r.latency = std::chrono::milliseconds(3);
    a.done(r);
  }
  void lose(asked a, endpoints::http_outcome how) {
    endpoints::http_reply r;
    r.outcome = how;
    r.reason = "lost";
    a.done(r);
  }
  asked next() {
    auto a = std::move(posts.front());
    posts.pop_front();
    return a;
  }
  void frame(const std::string& text) {
    const solana::padded_text padded(text);
    events.on_frame({padded.view().data(), text.size(), {steady_time_ns{++clock}, {}}});
  }
  std::int64_t clock{};

  struct http_fake : endpoints::http_client {
    fake_sockets& to;
    explicit http_fake(fake_sockets& t) : to(t) {}
    void post(std::string body, endpoints::duration, std::function<void(endpoints::http_reply&)> done) override {
      to.posts.push_back({std::move(body), std::move(done)});
    }
    void stop() override {}
  };
  struct websocket_fake : endpoints::websocket_client {
    fake_sockets& to;
    explicit websocket_fake(fake_sockets& t) : to(t) {}
    void open(endpoints::websocket_events e) override {
      ++to.opened;
      to.events = std::move(e);
    }
    void send(std::string text) override { to.sent.push_back(std::move(text)); }
    void close() override { ++to.closed; }
  };
  result<std::unique_ptr<endpoints::http_client>> http(const endpoints::endpoint_options&) override {
    return std::make_unique<http_fake>(*this);
  }
  result<std::unique_ptr<endpoints::websocket_client>> websocket(const endpoints::endpoint_options&) override {
    return std::make_unique<websocket_fake>(*this);
  }
  result<std::unique_ptr<endpoints::grpc_stream_client>> grpc(const endpoints::endpoint_options&) override {
    return fail("test", endpoints::endpoints_errc::bad_options, "no gRPC here");
  }
};

} // namespace sett::test
