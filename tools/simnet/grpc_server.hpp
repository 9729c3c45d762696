// An endpoint's gRPC port: transports what yellowstone_session and answer_yellowstone say. Everything of the chain is
// touched on the host's one thread; gRPC's threads only hand bytes over.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain_history.hpp"
#include "tools/simnet/fault_plan.hpp"
#include "tools/simnet/playback.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sett::simnet {

/// What a gRPC port needs from the server it belongs to. post() and post_after() may be called from any thread, the
/// others are called on the host's thread.
class grpc_host {
public:
  virtual ~grpc_host() = default;
  virtual void post(std::function<void()> task) = 0;
  virtual void post_after(std::chrono::milliseconds delay, std::function<void()> task) = 0;
  [[nodiscard]] virtual chain_view view_of(std::size_t endpoint) const = 0;
  [[nodiscard]] virtual std::optional<fault> decide_grpc(std::size_t endpoint, const std::string& method) = 0;
  [[nodiscard]] virtual std::string garbage_bytes(std::size_t size) = 0;
  [[nodiscard]] virtual std::size_t queue_bytes_max() const = 0;
  /// The recording to play instead of the chain, or nullptr.
  [[nodiscard]] virtual const playback* recording() const = 0;
  /// How long after the first frame one that was recorded `at_ns - first_ns` later is due.
  [[nodiscard]] virtual std::chrono::nanoseconds playing_time(std::uint64_t first_ns, std::uint64_t at_ns) const = 0;
  [[nodiscard]] virtual bool recording_loops() const = 0;
};

class grpc_server {
public:
  virtual ~grpc_server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// On the host's thread.
  virtual void deliver(const chain_step& step) = 0;
  /// Ends all streams and waits for gRPC's threads; not on the host's thread.
  virtual void stop() = 0;
};

[[nodiscard]] result<std::unique_ptr<grpc_server>> start_grpc_server(grpc_host& host, std::size_t endpoint,
                                                                     const std::string& address, std::uint16_t port);

} // namespace sett::simnet
