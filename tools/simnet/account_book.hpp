// The accounts of the simulated chain as they stand at its newest block and, when versions are kept, as they stood at
// the blocks before: what a commitment or a lagging endpoint shows. Bounded: the longest unwritten are forgotten and
// counted. Without versions every reader sees the newest state (the load generator, recordings).
#pragma once

#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sett::simnet {

class account_book {
public:
  struct version {
    account_write account;
    slot_number slot;
  };
  struct entry {
    account_write account;
    slot_number slot;          // of the last write
    std::deque<version> older; // newest last
    /// As it stood behind `at`; nullptr when it did not exist.
    [[nodiscard]] const account_write* seen_at(slot_number at) const;
  };

  /// `versions_kept_slots`: how far back versions reach; 0 keeps none.
  explicit account_book(std::size_t accounts_max, std::uint64_t versions_kept_slots = 0)
      : accounts_max_(accounts_max), versions_kept_slots_(versions_kept_slots) {}

  void write(const account_write& account, slot_number slot);
  /// Takes back what was written to these accounts behind `slot`; only where versions are kept.
  void revert(const std::vector<account_write>& accounts, slot_number slot);
  [[nodiscard]] const entry* find(const address& key) const;
  [[nodiscard]] const std::unordered_map<address, entry>& all() const { return accounts_; }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

private:
  std::size_t accounts_max_;
  std::uint64_t versions_kept_slots_;
  std::unordered_map<address, entry> accounts_;
  std::deque<std::pair<address, slot_number>>
      order_; // oldest write first; entries overtaken by a later write are skipped
  std::uint64_t forgotten_{};
};

} // namespace sett::simnet
