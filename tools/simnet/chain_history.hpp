// The blocks that the simulated chain remembers, dead ones included, bounded in count and bytes. Faces look at it
// through a chain_view, which may lag some slots behind. Commitment is a distance from the tip: confirmed and finalized
// follow it by a fixed number of slots, so a fork shorter than the confirmed distance never takes back what was
// confirmed.
//
// Not thread-safe: the owner guards it.
#pragma once

#include "tools/simnet/account_book.hpp"
#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace sett::simnet {

struct history_limits {
  std::size_t blocks_max{512};
  std::size_t bytes_max{512u << 20};
  std::size_t accounts_max{200'000};
  std::uint64_t confirmed_lag_slots{2};
  std::uint64_t finalized_lag_slots{32};
  std::uint64_t account_versions_slots{}; // how far back accounts can be read as they stood; 0: newest state only
};

class chain_history {
public:
  explicit chain_history(history_limits limits)
      : limits_(limits), accounts_(limits.accounts_max, limits.account_versions_slots) {}

  struct place {
    slot_number slot;
    std::uint32_t index{};
  };
  struct entry {
    block_ptr block;
    bool dead{};
  };

  void add(block_ptr block);
  void kill(slot_number slot);

  [[nodiscard]] const entry* find(slot_number slot) const;
  [[nodiscard]] std::optional<place> find(const signature& id) const;
  /// The newest live slot at or below `slot`; nullopt when none is remembered.
  [[nodiscard]] std::optional<slot_number> live_at_or_below(slot_number slot) const;
  [[nodiscard]] slot_number newest() const { return newest_; } // highest slot ever added, dead or not
  [[nodiscard]] slot_number first_available() const;
  [[nodiscard]] const std::map<std::uint64_t, entry>& blocks() const { return blocks_; }
  [[nodiscard]] account_book& accounts() { return accounts_; }
  [[nodiscard]] const account_book& accounts() const { return accounts_; }
  [[nodiscard]] const history_limits& limits() const { return limits_; }
  [[nodiscard]] std::uint64_t transactions_total() const { return transactions_total_; }

private:
  void evict();

  history_limits limits_;
  std::map<std::uint64_t, entry> blocks_;
  std::unordered_map<signature, place> places_;
  account_book accounts_;
  std::size_t bytes_{};
  slot_number newest_;
  std::uint64_t transactions_total_{};
};

/// What one endpoint sees of the history: everything `lag_slots` late.
class chain_view {
public:
  chain_view(const chain_history& history, std::uint64_t lag_slots) : history_(&history), lag_slots_(lag_slots) {}

  [[nodiscard]] const chain_history& history() const { return *history_; }
  /// The newest slot at a commitment; the first remembered slot when the chain is younger than the distance.
  [[nodiscard]] slot_number tip(commitment level) const;
  /// The live block of a slot if it has reached the commitment in this view.
  [[nodiscard]] block_ptr block(slot_number slot, commitment level) const;
  [[nodiscard]] block_ptr tip_block(commitment level) const;
  /// The account as this view shows it; nullptr when there is none.
  [[nodiscard]] const account_write* account(const address& key, commitment level) const;
  [[nodiscard]] commitment level_of(slot_number slot) const;
  [[nodiscard]] bool visible(slot_number slot) const { return slot <= tip(commitment::processed); }

private:
  const chain_history* history_;
  std::uint64_t lag_slots_;
};

} // namespace sett::simnet
