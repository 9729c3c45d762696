#include "tools/simnet/recorded_source.hpp"

#include "tools/simnet/block_parser.hpp"

#include <map>
#include <utility>

namespace sett::simnet {

recorded_source::recorded_source(std::vector<chain_block> blocks, bool loop) : loop_(loop) {
  SETT_ASSERT(!blocks.empty());
  std::map<slot_number, block_ptr> by_slot; // the same slot twice: the first one is played
  for (auto& block : blocks) {
    const auto slot = block.slot;
    if (!by_slot.contains(slot)) by_slot.emplace(slot, std::make_shared<const chain_block>(std::move(block)));
  }
  for (auto& [slot, block] : by_slot) blocks_.push_back(std::move(block));
}

std::optional<chain_block> recorded_source::next(const chain_block& proposed) {
  if (at_ == blocks_.size()) {
    if (!loop_) return std::nullopt;
    at_ = 0;
    ++pass_;
  }
  const auto& original = *blocks_[at_++];
  chain_block block = original;
  if (pass_ == 0 && original.slot >= proposed.slot) return block;
  block.slot = proposed.slot;
  block.parent = proposed.parent;
  block.parent_hash = proposed.parent_hash;
  block.height = proposed.height;
  block.time = proposed.time;
  block.hash = blockhash{};
  block.recorded_result.clear();
  if (pass_ > 0)
    for (auto& transaction : block.transactions) transaction = with_derived_signature(*transaction, pass_);
  return block;
}

} // namespace sett::simnet
