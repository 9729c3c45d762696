// What the simulated chain has produced, for tests to count against. A transaction is counted once, when its content is
// made; a fork that is replaced shows the same transactions again under new slots and is not counted twice.
#pragma once

#include "tools/simnet/chain.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

namespace sett::simnet {

class chain_ledger {
public:
  /// Mints and wallets beyond the bound are counted in total only.
  explicit chain_ledger(std::size_t entries_max = 100'000) : entries_max_(entries_max) {}

  void count(const chain_block& block);
  /// Of a block that died and whose content does not come again as it was: the newest counted one.
  void uncount(const chain_block& block);
  void count_dead_slot() { ++dead_slots_; }
  void count_skipped_slots(std::uint64_t n) { skipped_slots_ += n; }

  /// Totals as a JSON object; with `details` also per mint and per wallet.
  [[nodiscard]] std::string to_json(bool details) const;
  /// The totals as they stood behind this slot: what a client that has seen the chain up to there must have counted.
  /// Only the last 10,000 blocks are remembered; earlier slots give zeros.
  [[nodiscard]] std::string totals_json(slot_number through) const;
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
  [[nodiscard]] std::uint64_t transactions() const { return transactions_; }
  [[nodiscard]] std::uint64_t trades() const { return trades_; }

private:
  struct flow {
    std::uint64_t buys{}, sells{}, sol_bought{}, sol_sold{}, tokens_bought{}, tokens_sold{};
  };
  struct totals {
    std::uint64_t slot{}, blocks{}, transactions{}, votes{}, failed{}, trades{};
  };
  std::size_t entries_max_;
  std::deque<totals> behind_; // by slot
  std::uint64_t blocks_{}, transactions_{}, votes_{}, failed_{}, trades_{}, dead_slots_{}, skipped_slots_{},
      first_slot_{}, last_slot_{};
  std::uint64_t not_itemised_{};
  std::array<std::uint64_t, static_cast<std::size_t>(transaction_kind::count_)> kinds_{};
  std::unordered_map<address, flow> mints_, wallets_;
};

} // namespace sett::simnet
