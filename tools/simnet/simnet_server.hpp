// The simulated network as a thing to start and stop: a driver that grows the chain by the clock, and endpoints that
// show it over HTTP, WebSocket and gRPC with faults of their own. One thread runs the chain and all HTTP and WebSocket
// connections; gRPC adds its own. Loopback by default, ports chosen by the system unless given. Tests link it and run
// it in their own process.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/playback.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sett::simnet {

enum class server_errc : std::uint16_t { ok, cannot_listen, bad_schedule };

struct server_options {
  std::string host{"127.0.0.1"};
  std::size_t endpoints{1};
  std::uint16_t http_port{}, ws_port{}, grpc_port{},
      admin_port{};           // of the first endpoint; the others always choose free ones
  std::uint32_t slot_ms{400}; // 0: slots come by POST /admin/step only
  std::uint64_t seed{1};
  std::string schedule_json; // an array of faults; empty: none
  /// Streams bring these recorded frames instead of the chain's steps; the chain then only answers questions and is
  /// complete at once.
  std::shared_ptr<const playback> recording;
  double recording_speed{1.0};
  bool recording_loop{};
  std::size_t queue_bytes_max{256u << 20}; // per WebSocket connection; beyond it the connection is closed
  std::size_t connections_max{1024};
};

struct endpoint_ports {
  std::uint16_t http{}, ws{}, grpc{};
};

class server_core; // server_io.cpp

class simnet_server {
public:
  simnet_server(server_options options, std::unique_ptr<chain_driver> driver);
  ~simnet_server();
  simnet_server(const simnet_server&) = delete;
  simnet_server& operator=(const simnet_server&) = delete;

  /// Binds all ports and starts the thread. The first slot is produced at once.
  [[nodiscard]] result<void> start();
  /// Closes every connection and joins; idempotent.
  void stop();

  [[nodiscard]] const std::vector<endpoint_ports>& ports() const;
  [[nodiscard]] std::uint16_t admin_port() const;
  /// {"ready":true,"endpoints":[{"name":..,"http":URL,"ws":URL,"grpc":HOST:PORT}],"http":..,"ws":..,"grpc":..,"admin":URL}
  [[nodiscard]] std::string ready_json() const;
  /// Totals of the ledger and of what the servers did. Thread-safe while running and after stop().
  [[nodiscard]] std::string summary_json(bool details) const;
  /// Of a chain that executes: every wallet's and token account's balance at the newest block; else empty. Thread-safe.
  [[nodiscard]] std::string balances_json() const;
  /// The source is exhausted or the wanted number of blocks was made.
  [[nodiscard]] bool finished() const;

private:
  std::unique_ptr<server_core> impl_;
};

} // namespace sett::simnet
