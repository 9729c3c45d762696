// What may end an attempt. A lane's word, an error reply or a silence never does.
//
// Seen: a transaction in our own stream, or told alike by two providers. Dead: the chain of finalized blocks, linked by
// parents without a gap from the block known finalized at signing to beyond the last valid height, complete in content,
// does not hold its signature; or two providers, each from one machine, show a finalized height beyond it before a
// history query that does not find it. A take-over makes a gap, so the second way is the usual one after a crash.
//
// finalized_chain follows the stream's finalized blocks and gives the first kind. Volatile: it begins anew with each
// leader. Pure; one thread.
#pragma once

#include "actors/execution/intent.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace sett::execution {

using sett::machine_id;
using sett::provider_id;
using sett::testimony;

/// Seen in our own stream.
struct stream_sighting {
  sett::commitment commitment{};
  block_height height;
  blockhash block;
  transaction_outcome outcome;
  friend bool operator==(const stream_sighting&, const stream_sighting&) = default;
};
using two_testimonies = std::array<testimony, 2>;
/// Linked finalized blocks that do not hold the signature.
struct linked_absence {
  chain_point from;
  block_height to;
  friend bool operator==(const linked_absence&, const linked_absence&) = default;
};
/// Another block is finalized at the height where the attempt was seen.
struct fork_death {
  chain_point finalized;
  friend bool operator==(const fork_death&, const fork_death&) = default;
};
using evidence = std::variant<stream_sighting, two_testimonies, linked_absence, fork_death>;

enum class finding : std::uint8_t { nothing, filled, settled, failed, expired, reverted };
struct judgement {
  finding found{};
  transaction_outcome outcome; // filled, settled, failed
  block_height height;         // filled: where
  blockhash block;
};

/// A finalized block as the stream told it.
struct finalized_block {
  chain_point at;
  blockhash parent;
  std::uint32_t transactions{};      // that the block has by its own count
  std::uint32_t transactions_seen{}; // that the stream delivered
};

/// What a finalized chain does with a block that does not fit.
struct chain_rules {
  static constexpr bool gap_restarts() { return true; }
  static constexpr bool content_is_counted() { return true; }
};

template <class Rules>
class basic_finalized_chain {
public:
  static constexpr std::size_t blocks_max = 2048;

  /// `ours`: the signatures of ours in it.
  void extend(const finalized_block& b, const std::vector<signature>& ours) {
    const bool linked =
        !blocks_.empty() && blocks_.back().hash == b.parent && blocks_.back().height.value + 1 == b.at.height.value;
    const bool complete = b.transactions_seen >= b.transactions;
    if ((!linked && Rules::gap_restarts()) || (!complete && Rules::content_is_counted())) lose();
    if (!complete && Rules::content_is_counted()) return; // nor can a chain begin with it, not even as its anchor
    blocks_.push_back(b.at);
    for (const auto& s : ours) seen_[s] = b.at.height;
    if (blocks_.size() > blocks_max) {
      std::erase_if(seen_, [&](const auto& s) { return s.second <= blocks_.front().height; });
      blocks_.pop_front();
    }
  }
  void lose() {
    blocks_.clear();
    seen_.clear();
  }
  /// Nothing to say: the anchor is no block of the chain, or the chain holds the signature.
  [[nodiscard]] std::optional<linked_absence> absence(const signature& s, const chain_point& anchor) const {
    if (blocks_.empty() || seen_.contains(s)) return std::nullopt;
    if (std::find(blocks_.begin(), blocks_.end(), anchor) == blocks_.end()) return std::nullopt;
    return linked_absence{.from = anchor, .to = blocks_.back().height};
  }
  [[nodiscard]] const std::deque<chain_point>& blocks() const { return blocks_; }
  [[nodiscard]] const std::map<signature, block_height>& seen() const { return seen_; }

private:
  std::deque<chain_point> blocks_; // linked, ascending
  std::map<signature, block_height> seen_;
};
using finalized_chain = basic_finalized_chain<chain_rules>;

} // namespace sett::execution
