// How nodes of a cluster talk: packets between members, on four lanes that do not hold each other up. Two
// implementations behind it: ZeroMQ with CURVE (nodes/transport), and an in-memory network that delays, drops, doubles,
// reorders, corrupts and partitions from a seed (chaos/sim). Both run the same sessions (nodes/transport/session.hpp).
//
// Promise, per pair of members and lane, while both live: packets arrive in the order of sending, each at most once,
// none is skipped; when that cannot be kept (a peer away for too long, a bound reached) the session ends, the handler
// is told by on_reset, and what was on its way is lost. Packets marked `fleeting` may be lost, but are never doubled or
// delivered late behind a newer one. A member of another incarnation is another peer.
//
// Thread-safe; send never blocks. The handler is called on the network's thread (in the simulation: on the one thread)
// and must not block.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sett::ports {

enum class lane : std::uint8_t { control, replication, command, event }; // in order of priority
inline constexpr std::size_t lane_count = 4;

/// What the body is; values are frozen, each area owns a range: 1-99 membership, 100-199 journal, 200-299 shards,
/// 300-399 entities, 400-499 stream feed.
using packet_kind = strong<struct packet_kind_tag, std::uint16_t>;

struct packet {
  ports::lane lane{ports::lane::control};
  packet_kind kind{};
  bool fleeting{};             // old news is no news (heartbeats): never resent
  std::uint64_t correlation{}; // ties an answer to its question; 0: none
  epoch_number epoch{};        // of the shard it speaks for; 0: none
  std::int64_t
      deadline_ns{};  // time left when sent, shrinking on its way; 0: none. Past it the packet is dropped, counted
  std::string body{}; // a verified FlatBuffer of the kind's schema; at most body_bytes_max
};
inline constexpr std::size_t body_bytes_max = 1U << 20U;

struct peer_address {
  member who;
  std::string host; // IPv4, IPv6 or name
  std::array<std::uint16_t, lane_count> port{};
  std::string public_key; // CURVE, Z85, 40 characters
};

class network_handler {
public:
  virtual ~network_handler() = default;
  virtual void on_packets(const member& from, std::span<packet> packets) = 0; // of one lane, in order
  virtual void on_reset(const member& peer, ports::lane lane) = 0;            // packets of this session may be lost
};

class network {
public:
  virtual ~network() = default;
  /// Before the first send; the handler outlives the network or stop().
  virtual void start(const member& self, network_handler& handler) = 0;
  /// Who there is and where: replaces the list; sessions with members not in it end without on_reset.
  virtual void set_peers(std::vector<peer_address> peers) = 0;
  /// false: refused (unknown peer, body too large, the peer's queue is full) and counted; nothing was sent.
  [[nodiscard]] virtual bool send(const member& to, packet p) = 0;
  virtual void stop() = 0;
};

} // namespace sett::ports
