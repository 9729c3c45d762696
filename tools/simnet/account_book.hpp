// The accounts of the simulated chain as they stand at its newest block. Bounded: the longest unwritten are forgotten
// and counted. It has no versions: a lagging endpoint and every commitment read the newest state (README, "What it is
// not").
#pragma once

#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>

namespace sett::simnet {

class account_book {
public:
  struct entry {
    account_write account;
    slot_number slot; // of the last write
  };

  explicit account_book(std::size_t accounts_max) : accounts_max_(accounts_max) {}

  void write(const account_write& account, slot_number slot);
  [[nodiscard]] const entry* find(const address& key) const;
  [[nodiscard]] const std::unordered_map<address, entry>& all() const { return accounts_; }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

private:
  std::size_t accounts_max_;
  std::unordered_map<address, entry> accounts_;
  std::deque<std::pair<address, slot_number>>
      order_; // oldest write first; entries overtaken by a later write are skipped
  std::uint64_t forgotten_{};
};

} // namespace sett::simnet
