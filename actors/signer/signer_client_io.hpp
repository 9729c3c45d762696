// The node's side of the signer's socket: implements ports::signer. Who asks never waits: the request is written to the
// socket by the asking thread itself (a non-blocking write of some 1,500 bytes; no thread is woken for it) and the
// answer comes by callback on the client's own thread, exactly once, also when the signer is not there.
//
// Connects by itself and again after a loss (every 50 ms while it is asked for). What was asked on a lost connection is
// answered as unreachable: it may have been signed, but these bytes then exist for nobody. Nothing is asked a second
// time. Bounded: requests under way; beyond it they are unreachable at once.
//
// Thread-safe. Callbacks must not block; they must not destroy the client.
#pragma once

#include "actors/signer/signer_frames.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/trading.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace sett::signer {

struct client_options {
  std::string socket;
  std::chrono::milliseconds timeout{500};
  std::uint32_t in_flight_max{256};
};

struct unreachable {
  std::string why;
};
/// unreachable: no answer; else what the signer said.
using client_answer = std::variant<unreachable, signer_answer>;

class signer_client final : public ports::signer {
public:
  signer_client(client_options options, ports::metrics_registry& metrics);
  ~signer_client() override; // what is under way ends as unreachable

  void sign(ports::sign_request request, std::function<void(ports::sign_answer)> done) override;
  void halt(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) override;
  void resume(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) override;
  /// Anything, with the signer's own answer: for the command line.
  void ask(signer_ask ask, std::function<void(client_answer)> done);

private:
  struct state;
  std::shared_ptr<state> state_;
};

/// The port's answer for a client's.
[[nodiscard]] ports::sign_answer port_answer(const client_answer& answer);

} // namespace sett::signer
