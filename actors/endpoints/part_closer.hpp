// Closes the slots of a stream that comes in parts and has no block meta: a slot is whole when later slots have come on
// the same unbroken connection and nothing asked for it is outstanding. The first slot of a connection is never closed
// (its beginning may have been missed), nor one of which a part was lost; the merger fetches those. Pure.
#pragma once

#include "messages/types/block_update.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace sett::endpoints {

class part_closer {
public:
  static constexpr std::uint64_t close_after_slots = 3;
  static constexpr std::size_t open_max = 512;

  void reset() {
    open_.clear();
    first_ = newest_ = 0;
  }
  void part(slot_number slot) { (void)at(slot); }
  void asked(slot_number slot) {
    if (auto* s = at(slot)) ++s->pending;
  }
  /// An asked part came, or was lost (the slot is never closed).
  void answered(slot_number slot, bool came) {
    const auto s = open_.find(slot.value);
    if (s == open_.end()) return;
    if (s->second.pending > 0) --s->second.pending;
    s->second.broken |= !came;
  }
  void slot(const slot_update& u) {
    if (auto* s = at(u.slot)) {
      s->parent = u.parent;
      s->announced = true;
    }
  }
  /// Updates that say complete, in order; how many transactions the slots hold is not known (0).
  [[nodiscard]] std::vector<block_update> close(commitment level) {
    std::vector<block_update> done;
    for (auto i = open_.begin(); i != open_.end();) {
      const auto& [number, s] = *i;
      if (number + close_after_slots > newest_) break;
      if (s.pending > 0) {
        ++i;
        continue;
      }
      if (number > first_ && s.announced && !s.broken) {
        block_update u;
        u.slot = slot_number{number};
        u.parent = s.parent;
        u.commitment = level;
        u.complete = true;
        done.push_back(std::move(u));
      }
      i = open_.erase(i);
    }
    return done;
  }

private:
  struct slot_state {
    slot_number parent;
    std::uint32_t pending{};
    bool announced{}, broken{};
  };
  slot_state* at(slot_number slot) {
    if (first_ == 0) first_ = slot.value;
    if (slot.value + open_max < newest_) return nullptr; // long closed
    newest_ = slot.value > newest_ ? slot.value : newest_;
    auto& s = open_[slot.value];
    while (open_.size() > open_max) open_.erase(open_.begin());
    return &s;
  }
  std::map<std::uint64_t, slot_state> open_;
  std::uint64_t first_{}, newest_{};
};

} // namespace sett::endpoints
