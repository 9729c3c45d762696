#include "tools/simnet/chain_driver.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sett::simnet {

blockhash derived_blockhash(const blockhash& parent, slot_number slot) {
  std::array<std::uint8_t, 40> input{};
  std::copy(parent.bytes.begin(), parent.bytes.end(), input.begin());
  std::memcpy(input.data() + 32, &slot.value, 8);
  blockhash out;
  crypto_hash_sha256(out.bytes.data(), input.data(), input.size());
  return out;
}

chain_driver::chain_driver(std::unique_ptr<chain_source> source, history_limits limits)
    : source_(std::move(source)), history_(limits), next_slot_(source_->first_slot().value) {
  for (const auto& account : source_->genesis_accounts()) history_.accounts().write(account, slot_number{0});
}

void chain_driver::skip(std::uint64_t slots) { skip_ += slots; }

std::vector<chain_step> chain_driver::tick() {
  std::vector<chain_step> steps;
  if (finished_) return steps;
  const auto weather = source_->weather();
  if (weather.fork_slots != 0)
    if (auto dead = fork(weather.fork_slots)) steps = std::move(*dead);
  skip_ += weather.skip_slots;
  chain_block proposed;
  proposed.slot = slot_number{next_slot_ + skip_};
  if (tip_) {
    proposed.parent = tip_->slot;
    proposed.parent_hash = tip_->hash;
    proposed.height = tip_->height + 1;
    // Block times are whole seconds: they repeat and advance as the chain's clock does.
    const auto slots = proposed.slot.value - source_->first_slot().value;
    proposed.time = unix_seconds{
        std::max(tip_->time.value, source_->first_time().value + static_cast<std::int64_t>(slots * slot_ms_ / 1000))};
  } else {
    proposed.parent = slot_number{proposed.slot.value - 1};
    proposed.parent_hash = derived_blockhash(blockhash{}, proposed.parent);
    proposed.height = source_->first_height();
    proposed.time = source_->first_time();
  }
  block_ptr block;
  if (!again_.empty()) {
    auto copy = std::make_shared<chain_block>(*again_.front());
    again_.pop_front();
    copy->slot = proposed.slot;
    copy->parent = proposed.parent;
    copy->parent_hash = proposed.parent_hash;
    copy->height = proposed.height;
    copy->time = proposed.time;
    copy->hash = derived_blockhash(copy->parent_hash, copy->slot);
    copy->recorded_result.clear();
    block = std::move(copy);
  } else {
    if (blocks_max_ != 0 && ledger_.blocks() >= blocks_max_) {
      finished_ = true;
      return steps;
    }
    auto made = source_->next(proposed);
    if (!made) {
      finished_ = true;
      return steps;
    }
    if (made->hash.is_zero()) made->hash = derived_blockhash(made->parent_hash, made->slot);
    SETT_ASSERT(made->slot >= proposed.slot);
    ledger_.count(*made);
    block = std::make_shared<const chain_block>(std::move(*made));
  }
  if (tip_) ledger_.count_skipped_slots(block->slot.value - next_slot_);
  skip_ = 0;
  next_slot_ = block->slot.value + 1;
  tip_ = block;
  history_.add(block);
  for (const auto status : {slot_status::first_shred_received, slot_status::completed, slot_status::processed})
    steps.push_back(
        chain_step{status, block->slot, block->parent, finalized_, status == slot_status::processed ? block : nullptr});
  advance_commitments(steps);
  return steps;
}

void chain_driver::advance_commitments(std::vector<chain_step>& steps) {
  const chain_view view(history_, 0);
  const auto announce = [&](commitment level, slot_status status, slot_number& announced) {
    const auto reached = view.tip(level);
    // A young chain has nothing at that distance yet: its first block is the tip of every commitment, but is not
    // announced early.
    const auto lag =
        level == commitment::confirmed ? history_.limits().confirmed_lag_slots : history_.limits().finalized_lag_slots;
    if (reached.value + lag > history_.newest().value) return;
    for (auto it = history_.blocks().upper_bound(announced.value);
         it != history_.blocks().end() && it->first <= reached.value; ++it)
      if (!it->second.dead) {
        announced = slot_number{it->first};
        steps.push_back(chain_step{status, announced, it->second.block->parent, finalized_, it->second.block});
      }
  };
  announce(commitment::confirmed, slot_status::confirmed, confirmed_);
  announce(commitment::finalized, slot_status::finalized, finalized_);
}

result<std::vector<chain_step>> chain_driver::fork(std::uint64_t slots) {
  const bool executes = source_->can_rewind();
  const auto longest = executes ? history_.limits().finalized_lag_slots - 1 : history_.limits().confirmed_lag_slots;
  if (slots == 0 || slots > longest)
    return fail(
        "simnet-driver", driver_errc::fork_too_long,
        fmt::format("a fork of {} slots is not possible: between 1 and {} slots are open to it", slots, longest));
  std::vector<chain_step> steps;
  std::vector<block_ptr> died;
  const auto oldest = history_.newest().value >= slots ? history_.newest().value - slots + 1 : 0;
  const auto last_fixed = executes ? finalized_ : confirmed_;
  while (tip_ && tip_->slot.value >= oldest && tip_->slot > last_fixed) {
    const auto* before = history_.find(tip_->parent);
    if (before == nullptr || before->dead) break;
    died.push_back(tip_);
    history_.kill(tip_->slot);
    ledger_.count_dead_slot();
    steps.push_back(chain_step{slot_status::dead, tip_->slot, tip_->parent, finalized_, tip_});
    tip_ = before->block;
  }
  if (died.empty()) return steps;
  if (auto written = source_->rewind(died)) {
    history_.accounts().revert(*written, tip_->slot);
    for (const auto& block : died) ledger_.uncount(*block);
    confirmed_ = std::min(confirmed_, tip_->slot);
  } else {
    for (const auto& block : died) again_.push_front(block);
  }
  return steps;
}

} // namespace sett::simnet
