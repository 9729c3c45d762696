// ports::network over ZeroMQ with CURVE. One thread of ours runs everything below send: it polls the sockets, answers
// ZAP, and drives the sessions.
//
// Each lane has a ROUTER that listens and, for each peer, a DEALER that connects: a DEALER only sends, the ROUTER only
// receives, so each direction has its own connection, a peer's writability is its own socket's, and no claimed socket
// id routes anything (nameless sockets: a restarted or reconnected peer is accepted at once, and nobody can take
// another's place). Who speaks is settled for each frame: the key that CURVE has proven (ZAP gives it as User-Id) must
// be one that is trusted for the frame's origin.
//
// A key changes without a stop: both keys are trusted everywhere, begin_rotation listens with the new one beside the
// old and connects with it, the peers are told the new address, and when none comes by the old door any more,
// finish_rotation closes it.
//
// Memory: at most session_options' queue and window for each peer and lane. All methods are thread-safe.
#pragma once

#include "messages/ports/network.hpp"
#include "nodes/transport/node_keys.hpp"
#include "nodes/transport/session.hpp"
#include "nodes/transport/session_table.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sett::transport {

struct zmq_network_options {
  std::string cluster; // the ZAP domain: 1 to 255 characters
  node_key key;
  std::string listen_host{"*"};                               // an address of this machine; * for all
  std::array<std::uint16_t, ports::lane_count> listen_port{}; // 0: any free one
  session_options sessions{};
};

struct zmq_network_counters {
  transport_counters sessions;
  std::uint64_t handshakes_accepted{}, handshakes_refused{}; // by ZAP
  std::uint64_t messages_malformed{};                        // not two parts, or without a proven key
};

class zmq_network final : public ports::network {
public:
  using ports_of_lanes = std::array<std::uint16_t, ports::lane_count>;

  /// Binds the listeners. Errors: bad_key, io (a port that is taken, a bad host).
  [[nodiscard]] static result<std::unique_ptr<zmq_network>> open(zmq_network_options options, trusted_keys trusted);
  ~zmq_network() override;

  /// Where it listens with the newest key.
  [[nodiscard]] ports_of_lanes listening() const;

  void start(const member& self, ports::network_handler& handler) override;
  void set_peers(std::vector<ports::peer_address> peers) override;
  [[nodiscard]] bool send(const member& to, ports::packet p) override;
  void stop() override;

  /// Takes effect for the next frame, also on connections that stand.
  void set_trusted(trusted_keys trusted);

  /// After start. Opens a second listener with `next`; all connections are made anew with it, each replacing its
  /// predecessor when it stands. Errors: io, bad_key; a rotation is under way (io).
  [[nodiscard]] result<ports_of_lanes> begin_rotation(node_key next);
  /// Members whose last frame came by the old listener.
  [[nodiscard]] std::vector<member> on_old_key() const;
  void finish_rotation();

  [[nodiscard]] zmq_network_counters counters() const;

private:
  struct implementation;
  explicit zmq_network(std::unique_ptr<implementation> impl);
  std::unique_ptr<implementation> impl_;
};

} // namespace sett::transport
