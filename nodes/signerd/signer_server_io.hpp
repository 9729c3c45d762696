// The signer's socket: one thread reads requests from a few connections, queues them, serves them one by one and
// answers. Halts are served as they are read and need no place in a queue. Exits go before everything else; both queues
// together are bounded, and what comes beyond is answered as overloaded at once. A connection that sends what is no
// request, or that does not read its answers, is closed. When there are as many connections as may be, a new one takes
// the place of the newest one that waits for nothing, so that a halt gets in.
//
// Serving is signing on the same thread: 30 us a message, and now and then a disk write (see signer's wallet_book), so
// more threads would only wait for each other.
#pragma once

#include "actors/signer/signing_desk.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace sett::signerd {

struct server_options {
  std::string socket;
  std::uint32_t queue_max{256}, connections_max{16};
};

/// What happened, for the log line of an ordered stop.
struct served {
  std::uint64_t signed_{}, refused{}, overloaded{}, broken{}, displaced{};
};

class signer_server {
public:
  explicit signer_server(server_options options) : options_(std::move(options)) {}
  signer_server(const signer_server&) = delete;
  signer_server& operator=(const signer_server&) = delete;
  ~signer_server();

  /// Listens, mode 0600. A socket that is left of a killed signer is replaced, one that still answers is not. Errors:
  /// io, exists (another signer runs).
  [[nodiscard]] result<void> listen();
  /// Serves until `stop_fd` is readable, then answers what is queued and returns.
  served run(signer::signing_desk& desk, const std::function<unix_seconds()>& now, int stop_fd);

private:
  struct connection;
  server_options options_;
  int listener_{-1};
};

} // namespace sett::signerd
