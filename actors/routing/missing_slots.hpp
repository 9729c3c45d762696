// The slots that the stream could not have (stream_health::incomplete), where the router's entities can see them:
// whoever may have had events there says so in every answer. Computed when somebody asks, so a hundred thousand
// entities cost nothing, and a slot that comes after all heals them. Thread-safe; never blocks for long.
//
// Whom a missing range concerns:
//   token   created, as the stream showed, behind the range: not; all others may have had trades in it
//   wallet  tracked since behind the range: not
#pragma once

#include "messages/protocol/chain_stream.hpp"
#include "messages/protocol/token.hpp"

#include <algorithm>
#include <mutex> // pure-ok: one list, read by entities on other threads; nothing waits under the lock
#include <unordered_map>
#include <utility>
#include <vector>

namespace sett::routing {

class missing_slots {
public:
  /// What one stream lists now.
  void listed(stream_id stream, std::vector<protocol::slot_range> ranges) {
    const std::scoped_lock lock(mutex_);
    earlier_.clear();
    streams_[stream] = std::move(ranges);
  }
  /// What was listed before the node was restarted; counts until a stream speaks.
  void stored(const std::vector<protocol::slot_range>& ranges) {
    const std::scoped_lock lock(mutex_);
    earlier_.insert(earlier_.end(), ranges.begin(), ranges.end());
  }
  void tracked(const address& wallet, slot_number since) {
    const std::scoped_lock lock(mutex_);
    wallets_[wallet] = since;
  }
  /// 0: not tracked, or from the beginning.
  [[nodiscard]] slot_number since(const address& wallet) const {
    const std::scoped_lock lock(mutex_);
    const auto known = wallets_.find(wallet);
    return known == wallets_.end() ? slot_number{} : known->second;
  }
  void untracked(const address& wallet) {
    const std::scoped_lock lock(mutex_);
    wallets_.erase(wallet);
  }

  /// Ascending; empty: nothing is missing.
  [[nodiscard]] std::vector<protocol::slot_range> of(const protocol::token_summary& token) const {
    const std::scoped_lock lock(mutex_);
    return from(has(token.flags, protocol::token_flag::created_seen) ? token.first_slot : slot_number{});
  }
  [[nodiscard]] std::vector<protocol::slot_range> of_wallet(const address& wallet) const {
    const std::scoped_lock lock(mutex_);
    const auto since = wallets_.find(wallet);
    return from(since == wallets_.end() ? slot_number{} : slot_number{since->second.value + 1});
  }

private:
  [[nodiscard]] std::vector<protocol::slot_range> from(slot_number first) const {
    std::vector<protocol::slot_range> out;
    const auto add = [&](const std::vector<protocol::slot_range>& ranges) {
      for (const auto& r : ranges)
        if (r.last >= first) out.push_back(r);
    };
    add(earlier_);
    for (const auto& [stream, ranges] : streams_) add(ranges);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
  }

  mutable std::mutex mutex_;
  std::vector<protocol::slot_range> earlier_;
  std::unordered_map<stream_id, std::vector<protocol::slot_range>> streams_;
  std::unordered_map<address, slot_number> wallets_; // events behind this slot are seen
};

/// Says in a token's or wallet's summary that it may lack what happened in these slots.
template <class Summary>
void say_missing(Summary& summary, const std::vector<protocol::slot_range>& ranges) {
  if (ranges.empty()) return;
  const auto first = ranges.front().first;
  if (summary.incomplete == 0 || first < summary.incomplete_since) summary.incomplete_since = first;
  summary.incomplete |= static_cast<std::uint8_t>(protocol::incompleteness::gap);
}

} // namespace sett::routing
