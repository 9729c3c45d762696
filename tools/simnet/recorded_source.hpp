// Plays recorded blocks. The first pass keeps what was recorded: slots, hashes, signatures and bytes. Every further
// pass is rewritten so that deduplication sees new transactions: slots go on, hashes follow, and each transaction's
// first signature becomes one derived from the original and the number of the pass (such signatures do not verify).
#pragma once

#include "tools/simnet/chain_source.hpp"

#include <vector>

namespace sett::simnet {

class recorded_source final : public chain_source {
public:
  /// `blocks` in the order of play, at least one.
  recorded_source(std::vector<chain_block> blocks, bool loop);

  [[nodiscard]] std::optional<chain_block> next(const chain_block& proposed) override;
  [[nodiscard]] slot_number first_slot() const override { return blocks_.front()->slot; }
  [[nodiscard]] unix_seconds first_time() const override { return blocks_.front()->time; }
  [[nodiscard]] std::uint64_t first_height() const override { return blocks_.front()->height; }

private:
  std::vector<block_ptr> blocks_;
  bool loop_;
  std::size_t at_{};
  std::uint64_t pass_{};
};

} // namespace sett::simnet
