#include "actors/endpoints/websocket_client_io.hpp"
#include "actors/ingest/stream_decoder.hpp"
#include "messages/solana/padded_text.hpp"
#include "tests/actors/endpoints/scripted_server.hpp"
#include "tests/support/made_up_block.hpp"

#include <gtest/gtest.h>

namespace sett::endpoints {
namespace {

using test::inbox;
using test::scripted_server;
using ws_server = test::websocket::stream<test::tcp::socket&>;

struct watched {
  inbox<std::string> frames, closed;
  inbox<int> opened;
  websocket_events events() {
    return {.on_open = [this](const stamp&) { opened.put(1); },
            .on_frame = [this](const frame& f) { frames.put(std::string(f.data, f.size)); },
            .on_closed = [this](const std::string& why) { closed.put(why); }};
  }
};

struct connected {
  watched seen;
  socket_threads threads{1};
  std::unique_ptr<websocket_client> client;
  explicit connected(const std::string& url, const std::function<void(endpoint_options&)>& change = {}) {
    endpoint_options o;
    o.name = "test";
    o.ws_url = config::secret(url);
    if (change) change(o);
    auto made = make_websocket_client(threads, o);
    if (!made) throw std::runtime_error(made.error().message);
    client = std::move(*made);
  }
  ~connected() {
    client.reset();
    threads.stop();
  }
};

TEST(it_websocket_client, blocks_flow_from_the_socket_through_the_decoder_to_a_sink) {
  scripted_server server([](test::tcp::socket& s, int) {
    ws_server ws(s);
    ws.accept();
    test::beast::flat_buffer request;
    ws.read(request);
    ws.write(test::asio::buffer(std::string(R"({"jsonrpc":"2.0","result":7,"id":1})")));
    for (std::uint64_t slot = 10; slot < 20; ++slot)
      ws.write(test::asio::buffer(test::block_notification(slot, slot - 1, 30)));
    test::stall(s);
  });
  inbox<block_update_ptr> sink;
  auto pool = ingest::update_pool::make();
  ingest::stream_decoder decoder({.level = commitment::confirmed}, pool);
  ingest::decoded_frame out;
  connected c("ws://127.0.0.1:" + server.port() + "/?api-key=CANARY");
  auto* client = c.client.get();
  c.client->open(
      {.on_open = [&](const stamp&) { client->send(R"({"jsonrpc":"2.0","id":1,"method":"blockSubscribe"})"); },
       .on_frame =
           [&](const frame& f) {
             EXPECT_GT(f.received.steady.value, 0);
             out.clear();
             EXPECT_TRUE(decoder.pubsub_frame({f.data, f.size, f.size + solana::text_padding}, out));
             for (auto& u : out.updates) sink.put(u);
           },
       .on_closed = [](const std::string&) {}});
  ASSERT_TRUE(sink.wait_for(10));
  std::uint64_t slot = 10;
  for (const auto& u : sink.all()) {
    EXPECT_EQ(u->slot.value, slot++);
    EXPECT_TRUE(u->complete);
    EXPECT_EQ(u->batch.transactions.size(), 30u);
  }
}

TEST(it_websocket_client, a_peer_that_stalls_without_closing_is_given_up_after_the_idle_time) {
  scripted_server server([](test::tcp::socket& s, int) {
    ws_server ws(s);
    ws.accept();
    ws.write(test::asio::buffer(std::string("hello")));
    std::this_thread::sleep_for(std::chrono::milliseconds(1)); // the thread now stops reading: no pong will come
    test::beast::error_code ec;
    s.wait(test::tcp::socket::wait_error, ec);
  });
  connected c("ws://127.0.0.1:" + server.port(),
              [](endpoint_options& o) { o.idle_timeout = std::chrono::milliseconds(400); });
  c.client->open(c.seen.events());
  ASSERT_TRUE(c.seen.closed.wait_for(1));
  EXPECT_EQ(c.seen.frames.all().size(), 1u);
  EXPECT_EQ(c.seen.closed.all()[0], "no byte and no pong within the idle time");
}

TEST(it_websocket_client, a_silent_peer_that_answers_pings_stays_connected) {
  scripted_server server([](test::tcp::socket& s, int) {
    ws_server ws(s);
    ws.accept();
    int pings = 0;
    ws.control_callback(
        [&](test::websocket::frame_type kind, auto) { pings += kind == test::websocket::frame_type::ping; });
    test::beast::flat_buffer b;
    while (pings < 4) {
      b.clear();
      ws.read_some(b, 1); // answers pings meanwhile
    }
  });
  connected c("ws://127.0.0.1:" + server.port(),
              [](endpoint_options& o) { o.idle_timeout = std::chrono::milliseconds(200); });
  c.client->open(c.seen.events());
  ASSERT_TRUE(c.seen.opened.wait_for(1));
  EXPECT_TRUE(c.seen.closed.all().empty());
}

TEST(it_websocket_client, a_message_over_the_bound_ends_the_connection_with_its_reason) {
  scripted_server server([](test::tcp::socket& s, int) {
    ws_server ws(s);
    ws.accept();
    ws.write(test::asio::buffer(std::string(5000, 'x')));
    test::beast::flat_buffer b;
    ws.read(b); // takes part in the closing handshake
  });
  connected c("ws://127.0.0.1:" + server.port(), [](endpoint_options& o) { o.frame_bytes_max = 4096; });
  c.client->open(c.seen.events());
  ASSERT_TRUE(c.seen.closed.wait_for(1));
  EXPECT_EQ(c.seen.closed.all()[0], "a message is larger than 4096 bytes");
  EXPECT_TRUE(c.seen.frames.all().empty());
}

TEST(it_websocket_client, garbage_truncation_and_a_refused_handshake_end_with_a_reason_that_names_no_address) {
  scripted_server server([](test::tcp::socket& s, int n) {
    if (n == 0) {
      test::asio::write(s, test::asio::buffer(std::string("SSH-2.0-what is this\r\n\r\n")));
    } else if (n == 1) {
      test::beast::flat_buffer b;
      test::http::request<test::http::string_body> request;
      test::http::read(s, b, request);
      test::asio::write(s,
                        test::asio::buffer(std::string("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n")));
    } else if (n == 2) {
      ws_server ws(s);
      ws.accept();
      const unsigned char half[] = {0x81, 0x7e, 0x10, 0x00, 'h', 'a', 'l', 'f'}; // announces 4096 bytes, sends 4
      test::asio::write(s, test::asio::buffer(half));
    } else {
      ws_server ws(s);
      ws.accept();
      const unsigned char bad[] = {0xf3, 0x01, 'x'}; // reserved bits and an opcode that does not exist
      test::asio::write(s, test::asio::buffer(bad));
      test::stall(s);
    }
  });
  connected c("ws://127.0.0.1:" + server.port() + "/v1/CANARY");
  for (std::size_t i = 1; i <= 4; ++i) {
    c.client->open(c.seen.events());
    ASSERT_TRUE(c.seen.closed.wait_for(i)) << i;
  }
  for (const auto& why : c.seen.closed.all()) {
    EXPECT_FALSE(why.contains("CANARY")) << why;
    EXPECT_FALSE(why.contains("127.0.0.1")) << why;
  }
  EXPECT_TRUE(c.seen.frames.all().empty());
}

TEST(it_websocket_client, opening_again_drops_the_old_connection_without_a_word) {
  scripted_server server([](test::tcp::socket& s, int n) {
    ws_server ws(s);
    ws.accept();
    ws.write(test::asio::buffer(std::to_string(n)));
    test::stall(s);
  });
  connected c("ws://127.0.0.1:" + server.port());
  c.client->open(c.seen.events());
  ASSERT_TRUE(c.seen.frames.wait_for(1));
  c.client->open(c.seen.events());
  ASSERT_TRUE(c.seen.frames.wait_for(2));
  EXPECT_TRUE(c.seen.closed.all().empty());
  EXPECT_EQ(server.connections(), 2);
}

TEST(unit_websocket_client, a_bad_address_is_refused_without_repeating_it) {
  socket_threads threads(1);
  endpoint_options o;
  o.name = "helius";
  for (const char* url :
       {"https://x.example/CANARY", "ws://", "ws://h:99999/CANARY", "ws://u:CANARY@h/", "wss://h/CAN ARY"}) {
    o.ws_url = config::secret(url);
    const auto made = make_websocket_client(threads, o);
    ASSERT_FALSE(made) << url;
    EXPECT_TRUE(made.error().message.contains("helius"));
    EXPECT_FALSE(made.error().message.contains("CANARY"));
  }
}

} // namespace
} // namespace sett::endpoints
