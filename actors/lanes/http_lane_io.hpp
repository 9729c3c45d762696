// A lane over HTTP JSON-RPC: sendTransaction to a node, or Jito's bundles of one transaction each. Implements
// ports::trade_lane: send() never blocks and its callback comes exactly once, at once where the lane is shut (breaker,
// rate, too many under way), else on a socket thread.
//
// One request per send and no second try here: sending again is the caller's, with the same bytes. While the breaker
// waits for a probe, a harmless question (getHealth, getTipAccounts) is sent in place of money. What a lane answers is
// counted and told, never believed. Thread-safe.
#pragma once

#include "actors/endpoints/transport.hpp"
#include "actors/lanes/lane_gate.hpp"
#include "actors/lanes/lane_messages.hpp"
#include "actors/lanes/lane_policy.hpp"
#include "config/secret.hpp"
#include "messages/ports/clock.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/trading.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sett::lanes {

enum class lane_kind : std::uint8_t { rpc, jito };

struct http_lane_options {
  lane_kind kind{lane_kind::rpc};
  std::string name; // [a-z0-9-]{1,32}; a metric's label
  config::secret url;
  gate_options gate;
  resilience::duration timeout{std::chrono::seconds(2)};
  std::uint64_t seed{};
};

class http_lane final : public ports::trade_lane {
public:
  /// Error: bad_options, and those of transport::http. `sockets`, `clock` and `metrics` must outlive the lane.
  [[nodiscard]] static result<std::unique_ptr<http_lane>> make(http_lane_options options, endpoints::transport& sockets,
                                                               const ports::clock& clock,
                                                               ports::metrics_registry& metrics);
  ~http_lane() override; // what is under way ends as not taken

  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] bool is_protected() const override;
  void send(const ports::signed_transaction& t, std::function<void(ports::lane_reply)> done) override;

  /// jito: what became of bundles, for people; and the tip accounts of today. Not evidence either.
  void ask_bundles(const std::vector<std::string>& bundles,
                   std::function<void(result<std::vector<bundle_status>>)> done);
  void ask_tip_accounts(std::function<void(result<std::vector<address>>)> done);

private:
  struct state;
  explicit http_lane(std::shared_ptr<state> s) : state_(std::move(s)) {}
  std::shared_ptr<state> state_; // shared with callbacks under way
};

} // namespace sett::lanes
