// How well lanes land, by evidence alone: what was sent by which lanes is remembered until the chain's own blocks say
// that it landed, or that it never can. Which of several lanes brought it nobody can tell, so a lane is credited with
// what landed while it was sent by it, and apart with what landed when it was the only one.
//
// Latency is from a lane's first send to the evidence. Bounded: the oldest attempt is forgotten, and counted. Pure, not
// thread-safe.
#pragma once

#include "actors/resilience/latency_histogram.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace sett::lanes {

struct lane_record {
  std::uint64_t attempts{}; // sent by it at least once
  std::uint64_t landed{}, landed_alone{}, dead{};
  resilience::latency_histogram latency;

  /// Of the attempts whose end is known; 0 without any.
  [[nodiscard]] double landing_rate() const {
    const auto ended = landed + dead;
    return ended == 0 ? 0.0 : static_cast<double>(landed) / static_cast<double>(ended);
  }
};

class landing_statistics {
public:
  /// `lanes` at most 32.
  explicit landing_statistics(std::size_t lanes, std::size_t remembered_max = 8192);

  void sent(const signature& s, std::size_t lane, steady_time_ns now);
  /// Evidence: it is in a block, with or without an error: either way a lane brought it there. What is not remembered
  /// is left out; said twice counts once.
  void landed(const signature& s, steady_time_ns now);
  /// Evidence: it can never land.
  void dead(const signature& s);

  [[nodiscard]] const std::vector<lane_record>& lanes() const { return lanes_; }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
  [[nodiscard]] std::size_t open() const { return open_.size(); }

private:
  struct attempt {
    std::vector<std::pair<std::size_t, steady_time_ns>> by; // lane and first send
    std::uint64_t number{};
  };
  void forget_oldest();

  std::vector<lane_record> lanes_;
  std::size_t remembered_max_;
  std::unordered_map<signature, attempt> open_;
  std::deque<std::pair<std::uint64_t, signature>> order_; // also of ended ones, until they come to the front
  std::uint64_t forgotten_{}, next_{};
};

} // namespace sett::lanes
