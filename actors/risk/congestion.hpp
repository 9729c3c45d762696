// How congested the chain is, from blocks as they arrive: the share of the latest slots that had no block, percentiles
// of what a compute unit costs, and how far this node lags behind the best endpoint.
//
// Slots: a ring of the last slots_kept, each known to have had a block or not; a slot that is not known to have had one
// counts as skipped as soon as a later one has come by more than settle_slots (blocks arrive out of order). Fees: the
// prices of the last fees_kept transactions that stated one, sampled by the caller or all of them; a percentile sorts
// them once when somebody asks. Volatile: a new leader begins anew and says nothing (0) until it has seen enough.
// Pure; one thread.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sett::risk {

class congestion_meter {
public:
  static constexpr std::size_t slots_kept = 150;
  static constexpr std::size_t settle_slots = 8;
  static constexpr std::size_t fees_kept = 1'024;

  /// A block of this slot has arrived; `prices`: in micro-lamports, of its transactions that stated one.
  void block(slot_number slot, std::span<const std::uint64_t> prices);

  [[nodiscard]] slot_number newest() const { return newest_; }
  /// Of the slots seen and settled, in 1/10,000, rounded up; 0 when there are none.
  [[nodiscard]] std::uint64_t skip_rate_bps() const;
  /// The price that `percent` of the transactions paid at most (nearest rank); 0 without transactions.
  [[nodiscard]] std::uint64_t fee_percentile(unsigned percent) const;
  /// Behind the newest slot that any endpoint knows.
  [[nodiscard]] std::uint64_t slots_behind(slot_number best_known) const {
    return best_known > newest_ ? best_known.value - newest_.value : 0;
  }

private:
  std::vector<bool> had_block_ = std::vector<bool>(slots_kept); // by slot % slots_kept, down from newest_
  slot_number first_, newest_;                                  // 0: none
  std::vector<std::uint64_t> fees_;
  std::size_t next_fee_{};
};

} // namespace sett::risk
