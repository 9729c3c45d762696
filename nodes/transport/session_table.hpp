// All conversations of one member: a session for each peer and lane, behind whatever carries the frames. It checks
// where a frame comes from and whom it is for, hands what arrives to the network's handler, and asks the sessions, in
// order of the lanes, for what they have to say.
//
// Pure: time is passed in, bytes go out through `wire`. One thread. Handlers may call send and set_peers.
#pragma once

#include "messages/ports/network.hpp"
#include "nodes/transport/frame.hpp"
#include "nodes/transport/session.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sett::transport {

struct transport_counters {
  std::array<session_counters, ports::lane_count> lanes{};
  std::uint64_t refused_damaged{};   // checksum, verifier, bounds
  std::uint64_t refused_newer{};     // needs a newer reader
  std::uint64_t refused_impostor{};  // its origin is not the node whose key was proven
  std::uint64_t refused_stranger{};  // from a member that is no peer
  std::uint64_t refused_stray{};     // for another member, or on another lane's socket
  std::uint64_t sends_to_stranger{}; // refused
};

class wire {
public:
  virtual ~wire() = default;
  /// False: the frame would be lost or would have to wait; tell the table by a flush when it is.
  [[nodiscard]] virtual bool writable(const member& to, ports::lane lane) = 0;
  /// Right after a writable for the same peer and lane that said true.
  virtual void transmit(const member& to, ports::lane lane, std::string_view frame) = 0;
};

class session_table {
public:
  session_table(const member& self, const session_options& options) : self_(self), options_(options) {}
  session_table(const session_table&) = delete;
  session_table& operator=(const session_table&) = delete;

  /// Sessions of members that stay go on; those of others end without a word.
  void set_peers(std::span<const member> peers, std::int64_t now_ns);
  [[nodiscard]] bool send(const member& to, ports::packet packet, std::int64_t now_ns);
  /// proven: the node whose key the wire has checked; nullopt: the wire can tell no one apart (the simulation). Gives
  /// whom the frame was from; nullopt: it was refused, counted.
  std::optional<member> receive(ports::lane lane, std::string_view bytes, std::optional<node_id> proven,
                                std::int64_t now_ns, ports::network_handler& handler);
  /// Sends at most frames_max frames of each session; true: there is more than that.
  bool flush(std::int64_t now_ns, std::size_t frames_max, wire& out, ports::network_handler& handler);
  /// When flush should be called next though nothing happens until then; never_ns.
  [[nodiscard]] std::int64_t wake_at_ns(std::int64_t now_ns) const;

  [[nodiscard]] const transport_counters& counters() const { return counters_; }
  /// What was accepted for a peer and not acknowledged.
  struct load {
    std::size_t bytes{}, packets{};
  };
  [[nodiscard]] load queued(const member& peer, ports::lane lane) const;
  [[nodiscard]] const session_options& options() const { return options_; }
  [[nodiscard]] bool open(const member& peer, ports::lane lane) const;
  [[nodiscard]] const member& self() const { return self_; }

private:
  using conversation = std::array<std::optional<session>, ports::lane_count>;
  void flush_lane(std::size_t lane, std::int64_t now_ns, std::size_t frames_max, wire& out, bool& more);

  member self_;
  session_options options_;
  std::uint64_t numbers_{};
  std::map<member, conversation> peers_;
  transport_counters counters_;
  frame_writer writer_;
  frame frame_;
  std::vector<ports::packet> delivered_;
  std::vector<std::pair<member, ports::lane>> resets_;
};

} // namespace sett::transport
