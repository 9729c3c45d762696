// Who of the cluster is alive, as this node hears it. Pure: beats and times go in, verdicts come out.
//
// Every node beats to every other one each beat_ms. A beat says how far its work has come, how healthy its sender finds
// itself and whom it hears. What follows from it, for each other member:
//  - silent: nothing heard for the suspicion time. Silence counts only while this node itself was awake: a gap between
//    two of its own ticks counts as two beats at most, since nobody could have been heard in it.
//  - deaf: heard, but it says for twice the suspicion time that it does not hear us (a one-way partition).
//  - stuck: heard, but its work has not moved for stuck_ms. Busy is not dead: a node that works, however slowly, moves.
//  - leaving: it says so itself.
// The suspicion time is suspect_ms x (1 + own score). The score (0..8) grows when this node's own ticks come late and
// falls with each beat that it sends in time: who is starved doubts itself first (Lifeguard: Dadgar, Phillips & Currey,
// "Local Health Awareness for More Accurate Failure Detection", 2018). Who hears none of two or more others waits twice
// as long: more likely it is cut off itself.
//
// `down` is the verdict to act on: leaving or stuck; or silent or deaf, and more than half of the voters agree. Voters
// are this node and those it hears whose own score is low. A voter agrees on silence when it has not heard the member
// for nearly as long (a beat tells how long ago everybody was heard, so agreement needs no further round), and on
// deafness when the member says that it does not hear that voter either. So with three nodes and one broken link nobody
// is down: the third hears both. With two nodes each is the only voter on the other. A wrong verdict is safe anyway
// (taking over is a transaction and fences the old leader); the vote only keeps nodes from fighting.
//
// Times are a monotonic clock's. Not thread-safe; never blocks; nothing allocates but set_members and tick's answer.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sett::membership {

struct detector_settings {
  std::int64_t beat_ms{100};
  std::int64_t suspect_ms{500}; // >= 3 beats
  std::int64_t stuck_ms{2'000};
};

struct heard {
  member who;
  std::uint32_t silence_ms{}; // since it was heard
  friend bool operator==(const heard&, const heard&) = default;
};
/// What one node tells the others.
struct beat {
  std::uint64_t sequence{}; // grows with each beat
  std::uint64_t progress{}; // moves while the sender's work moves
  std::uint8_t health{};    // the sender's score: 0 is well
  bool leaving{};
  std::vector<heard> hears; // in order, each once; at most members_max
  friend bool operator==(const beat&, const beat&) = default;
};
inline constexpr std::size_t members_max = 128;
inline constexpr std::uint8_t health_score_max = 8;

enum class condition : std::uint8_t { alive, silent, deaf, stuck, leaving };

struct verdict {
  member who;
  condition state{condition::alive};
  bool down{};
  std::uint8_t health{};     // its own score, as it last said
  std::int64_t silence_ms{}; // since it was last heard, as far as this node was awake
  std::uint16_t voters{}, doubters{};
  friend bool operator==(const verdict&, const verdict&) = default;
};

class detector {
public:
  detector(const detector_settings& settings, member self, steady_time_ns now);

  /// Everybody but self, at most members_max. A member that is new is given twice the suspicion time to be heard first;
  /// another incarnation is another member.
  void set_members(std::span<const member> others, steady_time_ns now);
  /// False: not from a member (an older or newer incarnation, a stranger), or older than the last one; ignored.
  bool on_beat(const member& from, const beat& b, steady_time_ns now);
  /// Own work moved.
  void on_progress() { ++progress_; }
  void leave() { leaving_ = true; }

  struct ticked {
    bool beat_now{}; // send own_beat() to everybody
    bool changed{};  // some member's condition or `down`, or the own score, is another one than after the last tick
    std::int64_t next_ns{}; // the time of the next tick: the next beat or the next member's deadline
  };
  /// To be called at next_ns, or whenever something came. Calls that come late are evidence against this node.
  ticked tick(steady_time_ns now);

  [[nodiscard]] beat own_beat();
  [[nodiscard]] std::uint8_t score() const { return score_; }
  [[nodiscard]] const member& self() const { return self_; }
  /// In order of the members.
  [[nodiscard]] std::vector<verdict> verdicts() const;

private:
  struct peer {
    member who;
    std::int64_t silent_ns{}; // awake time since it was heard
    std::int64_t deaf_ns{};   // awake time since it last said that it hears us (or was new)
    std::int64_t stuck_ns{};  // awake time since its progress moved
    std::uint64_t sequence{}, progress{};
    std::uint8_t health{};
    bool heard_once{}, leaving{};
    std::vector<heard> hears;
    verdict last;
  };
  [[nodiscard]] std::int64_t suspicion_ns() const;
  [[nodiscard]] std::int64_t patience_ns(const peer& p, std::int64_t base_ns) const;
  void awake(steady_time_ns now);
  [[nodiscard]] verdict judge(const peer& p, bool alone) const;
  [[nodiscard]] bool hears(const peer& p) const;
  [[nodiscard]] bool agrees(const peer& voter, const peer& on, condition about) const;

  detector_settings settings_;
  member self_;
  std::vector<peer> peers_; // ordered by who
  steady_time_ns last_, next_beat_, expected_;
  std::uint64_t sequence_{}, progress_{};
  std::uint8_t score_{}, told_score_{};
  bool leaving_{};
};

} // namespace sett::membership
