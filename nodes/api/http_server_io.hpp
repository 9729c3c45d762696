// A small HTTP/1.1 server on a TCP port or a Unix socket (Beast). One thread runs all of its connections; handlers are
// called there and answer from anywhere. Everything is bounded: connections, header, body, time from the first byte to
// the answer, idle time. A handler that does not answer within the bound gives 504 and its late answer is dropped.
#pragma once

#include "messages/ports/metrics.hpp"
#include "messages/types/error.hpp"
#include "nodes/api/request.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace sett::api {

enum class api_errc : std::uint16_t { ok = 0, cannot_listen = 1, socket_in_use = 2, not_a_socket = 3 };

struct server_options {
  std::uint32_t connections_max{64};
  std::uint32_t request_bytes_max{65536};
  std::chrono::milliseconds request_timeout{2000};
  std::chrono::milliseconds idle_timeout{30'000}; // of a kept connection without a request
};

class http_server {
public:
  /// address: an IP address; port 0: any free one.
  [[nodiscard]] static result<std::unique_ptr<http_server>> listen_tcp(const std::string& address, std::uint16_t port,
                                                                       const server_options& options,
                                                                       std::shared_ptr<const routes> to,
                                                                       ports::metrics_registry& metrics);
  /// The socket has mode 0600 before anybody can connect. A socket file that nobody listens on any more is replaced.
  [[nodiscard]] static result<std::unique_ptr<http_server>> listen_unix(const std::string& path,
                                                                        const server_options& options,
                                                                        std::shared_ptr<const routes> to,
                                                                        ports::metrics_registry& metrics);
  ~http_server();

  [[nodiscard]] std::uint16_t port() const; // 0 for a Unix socket
  /// The first half of an ordered end: the socket file goes, so that nobody new finds a Unix socket, and each
  /// connection closes behind its next answer. What is being answered goes on. Idempotent, never blocks.
  void wind_down();
  /// How many requests have no answer yet. Any thread.
  [[nodiscard]] std::uint32_t waiting() const;
  /// Stops accepting, closes every connection, joins the thread, removes the socket file. Idempotent.
  void stop();

private:
  struct inner;
  explicit http_server(std::unique_ptr<inner> i);
  std::unique_ptr<inner> inner_;
};

} // namespace sett::api
