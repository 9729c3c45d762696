// Grows the simulated chain: asks a source for content, gives it a place, moves the commitments and makes forks. Pure:
// one call to tick() is one slot, whoever calls it decides when.
//
// A fork keeps the chain's content consistent. Of a recording or the load generator, the transactions of the slots that
// die come again, unchanged and in the same order, in the slots that follow on the surviving branch. A source that
// executes takes its accounts back and makes other blocks: transactions land elsewhere, fail, or never come again.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain_history.hpp"
#include "tools/simnet/chain_source.hpp"
#include "tools/simnet/ledger.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace sett::simnet {

enum class driver_errc : std::uint16_t { ok, fork_too_long };

class chain_driver {
public:
  chain_driver(std::unique_ptr<chain_source> source, history_limits limits);

  /// Produces the next slot and returns what happened, in order. Empty when the source is exhausted or `blocks_max` is
  /// reached.
  [[nodiscard]] std::vector<chain_step> tick();

  /// The newest `slots` slots die. At most the confirmed distance, so that what was confirmed stays; a source that
  /// executes allows everything that is not finalized. Returns the steps that say so.
  [[nodiscard]] result<std::vector<chain_step>> fork(std::uint64_t slots);
  /// The next `slots` slot numbers stay empty: no leader produced them.
  void skip(std::uint64_t slots);
  /// How fast the chain's own clock runs; 400 ms a slot unless said otherwise.
  void slot_time(std::uint32_t slot_ms) { slot_ms_ = slot_ms; }
  /// Stop after this many blocks of new content; 0 = never.
  void limit_blocks(std::uint64_t blocks_max) { blocks_max_ = blocks_max; }

  [[nodiscard]] const chain_history& history() const { return history_; }
  [[nodiscard]] const chain_ledger& ledger() const { return ledger_; }
  [[nodiscard]] bool finished() const { return finished_; }
  /// nullptr when the source does not execute.
  [[nodiscard]] transaction_port* port() const { return source_->port(); }

private:
  void advance_commitments(std::vector<chain_step>& steps);

  std::unique_ptr<chain_source> source_;
  chain_history history_;
  chain_ledger ledger_;
  std::deque<block_ptr> again_; // content of dead slots, waiting for new ones
  block_ptr tip_;               // newest live block
  std::uint64_t next_slot_{};
  std::uint64_t skip_{}, blocks_max_{};
  std::uint32_t slot_ms_{400};
  slot_number confirmed_, finalized_; // newest announced
  bool finished_{};
};

/// sha256(parent hash, slot): the hash of a block that was not recorded.
[[nodiscard]] blockhash derived_blockhash(const blockhash& parent, slot_number slot);

} // namespace sett::simnet
