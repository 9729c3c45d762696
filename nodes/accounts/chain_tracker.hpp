// What an account's driver has to know of the chain, from the node's own merged stream: heights, hashes and links of
// the newest blocks, what is finalized, and each pool's state after its last swap.
//
// The stream is taken at confirmed commitment, so its newest block is both tip and confirmed. Heights are block
// heights; a source that tells none (0) leaves the tracker without a view, and nothing is traded. finalized_chain
// (actors/execution/evidence.hpp) is fed with finalized blocks; a block whose content is not whole breaks it.
//
// Pools: those quoted in SOL whose swap tells reserves, the pools_max used last. Of a mint's
// pools the pools_of_mint_max with the latest swaps are known. Pure; one thread at a time.
#pragma once

#include "actors/execution/account_messages.hpp"
#include "actors/execution/evidence.hpp"
#include "actors/execution/paper_chain.hpp"
#include "messages/types/block_update.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace sett::accounts {

class chain_tracker {
public:
  static constexpr std::size_t blocks_max = 1024;
  static constexpr std::size_t pools_max = 20'000, pools_of_mint_max = 4;

  /// True: the newest block grew.
  bool update(const block_update& u);
  void undone(slot_number slot);
  void rooted(slot_number slot);

  /// All zero before there was a block with a height.
  [[nodiscard]] execution::chain_view view() const { return view_; }
  [[nodiscard]] std::optional<chain_point> finalized() const;
  /// The block at this height, on the living chain as far as the stream says.
  [[nodiscard]] std::optional<blockhash> at(block_height height) const;
  /// The lowest block known at or above `from`, not above `to`.
  [[nodiscard]] std::optional<chain_point> first_between(block_height from, block_height to) const;
  [[nodiscard]] std::optional<block_height> oldest() const;
  [[nodiscard]] const execution::finalized_chain& finalized_blocks() const { return finalized_; }

  /// Of the mint's pools the one that gives most for exactly `amount` in; when none can, the one with the latest swap.
  [[nodiscard]] std::optional<execution::paper_pool> pool_for(const mint_address& mint, ports::trade_side side,
                                                              std::uint64_t amount) const;
  /// The one with the latest swap.
  [[nodiscard]] std::optional<execution::paper_pool> pool_of(const mint_address& mint) const;
  [[nodiscard]] std::optional<execution::paper_pool> pool(const address& pool) const;
  /// From elsewhere: taken unless the stream has shown something as new.
  void know(const execution::paper_pool& pool);
  [[nodiscard]] std::size_t pools() const { return pools_.size(); }
  [[nodiscard]] slot_number newest_slot() const { return newest_; }

private:
  struct block {
    chain_point point;
    blockhash parent;
    bool complete{};
  };
  struct known_pool {
    execution::paper_pool state;
    std::list<address>::iterator used;
  };
  void learn(const block_update& u);
  execution::paper_pool& touch(const address& pool, const mint_address& mint);

  std::map<slot_number, block> blocks_;         // newest blocks_max, of the living chain
  std::map<block_height, slot_number> heights_; // of those
  std::unordered_map<address, known_pool> pools_;
  void name(const mint_address& mint, const address& pool);

  std::unordered_map<mint_address, std::vector<address>> by_mint_; // the latest swap's last
  std::list<address> used_;                                        // least lately first
  execution::chain_view view_;
  execution::finalized_chain finalized_;
  slot_number rooted_, newest_;
};

} // namespace sett::accounts
