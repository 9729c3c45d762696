// The sockets as an endpoint sees them. Adapters (*_io) implement these on their own threads; tests and the simulation
// use fakes.
//
// Concurrency: a client belongs to one owner; its functions return at once. Callbacks run on a socket thread, one at a
// time per connection. A callback may still be under way when close() or stop() returns, so it owns what it needs and
// its owner tells late ones by a generation. Callbacks must not block and must not throw. Reasons are for people and
// hold no address.
#pragma once

#include "actors/endpoints/endpoint_options.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sett::endpoints {

struct stamp {
  steady_time_ns steady;
  wall_time_ns wall;
};

/// A received text or binary message. text_padding more bytes behind it are readable (messages/solana/padded_text.hpp).
struct frame {
  const char* data{};
  std::size_t size{};
  stamp received; // taken before anything looked at the bytes
};

// --- HTTP
// ------------------------------------------------------------------------------------------------------------------

enum class http_outcome : std::uint8_t { answered, timeout, transport, too_large, shed, stopped };

struct http_reply {
  http_outcome outcome{http_outcome::stopped};
  unsigned status{};                   // answered: the HTTP status
  frame body;                          // answered: valid during the callback only
  std::optional<duration> retry_after; // from the header, whole seconds or a date
  duration latency{0};                 // from the call's begin on its connection to the last byte
  stamp received;
  std::string reason; // not answered: why
};

class http_client {
public:
  virtual ~http_client() = default;
  /// POSTs a JSON body. done is called exactly once. Bounded: beyond connections_max under way and a small queue it is
  /// shed.
  virtual void post(std::string body, duration timeout, std::function<void(http_reply&)> done) = 0;
  /// Closes every connection; what is under way ends with `stopped`.
  virtual void stop() = 0;
};

// --- WebSocket
// -------------------------------------------------------------------------------------------------------------

struct websocket_events {
  std::function<void(const stamp&)> on_open;
  std::function<void(const frame&)> on_frame;        // bytes valid during the callback only
  std::function<void(const std::string&)> on_closed; // once per open(), also when it never opened
};

class websocket_client {
public:
  virtual ~websocket_client() = default;
  /// Connects anew; a connection that is still there is dropped without its on_closed.
  virtual void open(websocket_events events) = 0;
  /// Queues a text frame; dropped when not open. Bounded: a queue that is full closes the connection.
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
};

// --- gRPC
// ------------------------------------------------------------------------------------------------------------------

struct grpc_events {
  std::function<void(const stamp&)> on_open;
  std::function<void(const frame&)> on_message; // one serialised SubscribeUpdate
  std::function<void(const std::string&)> on_closed;
};

class grpc_stream_client {
public:
  virtual ~grpc_stream_client() = default;
  /// Opens Geyser.Subscribe for transactions without votes, slots and block meta at the options' commitment.
  /// `from_slot`: replay from there as far as the server still has it; 0: from now on. A stream that is still there is
  /// dropped without its on_closed.
  virtual void open(slot_number from_slot, grpc_events events) = 0;
  virtual void close() = 0;
};

/// Makes the clients of one endpoint. Errors: bad_url, bad_options (named, without secrets). Null where the endpoint
/// has no such address is a caller's bug.
class transport {
public:
  virtual ~transport() = default;
  [[nodiscard]] virtual result<std::unique_ptr<http_client>> http(const endpoint_options& options) = 0;
  [[nodiscard]] virtual result<std::unique_ptr<websocket_client>> websocket(const endpoint_options& options) = 0;
  [[nodiscard]] virtual result<std::unique_ptr<grpc_stream_client>> grpc(const endpoint_options& options) = 0;
};

} // namespace sett::endpoints
