#include "tools/simnet/recorded_source.hpp"

#include "tools/simnet/block_parser.hpp"

#include <algorithm>

namespace sett::simnet {

recorded_source::recorded_source(std::vector<chain_block> blocks, bool loop) : loop_(loop) {
  SETT_ASSERT(!blocks.empty());
  std::stable_sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) { return a.slot < b.slot; });
  for (auto& block : blocks) {
    if (!blocks_.empty() && blocks_.back()->slot == block.slot)
      continue; // the same slot twice: the first one is played
    blocks_.push_back(std::make_shared<const chain_block>(std::move(block)));
  }
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
