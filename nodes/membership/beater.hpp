// The thread-safe shell of the detector: beats on a timer, takes the peers' beats from the network, and says when a
// verdict changed. It runs on the timer's and the network's threads and never waits for an actor, so that a busy node
// goes on beating. Nothing blocks but for a short mutex.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/network.hpp"
#include "messages/ports/timer.hpp"
#include "messages/types/error.hpp"
#include "nodes/membership/detector.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::membership {

inline constexpr ports::packet_kind beat_kind{1};

/// FlatBuffers (messages/schema/membership.fbs).
[[nodiscard]] std::string encode(const beat& b);
/// Verified; an error names what is wrong. Any bytes may be given.
[[nodiscard]] result<beat> decode_beat(std::string_view bytes);

class beater : public std::enable_shared_from_this<beater> {
public:
  /// All outlive the beater's stop().
  beater(const detector_settings& settings, ports::network& network, const ports::clock& clock, ports::timer& timer,
         ports::metrics_registry& metrics);

  /// `on_change` is called on the timer's or the network's thread, without a lock held, and must not block.
  void start(const member& self, std::function<void()> on_change);
  void set_members(std::vector<member> others);
  /// A packet of beat_kind. Others are not for the beater.
  void on_packet(const member& from, const ports::packet& p);
  /// Work moved; cheap.
  void progress();
  /// The last beats say that this node leaves; then it beats no more.
  void leave();
  void stop();

  [[nodiscard]] std::vector<verdict> verdicts() const;
  [[nodiscard]] std::uint8_t own_health() const;

private:
  void tick();
  void arm(std::int64_t next_ns, std::int64_t now_ns);
  void send(const std::vector<member>& to, const std::string& body);

  struct figures {
    ports::counter *sent, *refused, *heard, *ignored, *malformed;
    ports::gauge *health, *down;
  };
  detector_settings settings_;
  ports::network& network_;
  const ports::clock& clock_;
  ports::timer& timer_;
  figures figures_;
  mutable std::mutex mutex_;
  std::unique_ptr<detector> detector_;
  std::vector<member> others_;
  std::function<void()> on_change_;
  ports::timer_id timer_id_{ports::timer_id::none};
  std::uint64_t generation_{};
  std::int64_t armed_ns_{};
  bool running_{};
};

} // namespace sett::membership
