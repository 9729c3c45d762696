#include "tools/simnet/runtime/account_state.hpp"

#include "messages/types/error.hpp"

#include <algorithm>
#include <utility>

namespace sett::simnet {

const account* account_state::find(const address& key) const {
  const auto it = accounts_.find(key);
  return it == accounts_.end() ? nullptr : &it->second;
}

std::uint64_t account_state::lamports_of(const address& key) const {
  const auto* found = find(key);
  return found == nullptr ? 0 : found->lamports;
}

void account_state::put(const address& key, account value) {
  const auto it = accounts_.find(key);
  if (!undo_.empty()) {
    auto& before = undo_.back();
    if (!before.contains(key))
      before.emplace(key, it == accounts_.end() ? std::nullopt : std::optional<account>(it->second));
  }
  if (value.lamports == 0) {
    if (it != accounts_.end()) accounts_.erase(it);
  } else if (it == accounts_.end()) {
    accounts_.emplace(key, std::move(value));
  } else {
    it->second = std::move(value);
  }
}

void account_state::open_block() { undo_.emplace_back(); }

std::vector<account_write> account_state::revert_block() {
  SETT_ASSERT(!undo_.empty());
  std::vector<account_write> out;
  for (auto& [key, before] : undo_.back()) {
    account_write write{key, 0, {}, {}};
    if (before) {
      write = {key, before->lamports, before->owner, before->data};
      accounts_[key] = std::move(*before);
    } else {
      accounts_.erase(key);
    }
    out.push_back(std::move(write));
  }
  undo_.pop_back();
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

void account_state::merge_block() {
  SETT_ASSERT(undo_.size() >= 2);
  auto newest = std::move(undo_.back());
  undo_.pop_back();
  undo_.back().merge(newest); // what the lower one has already kept is older
}

void account_state::keep_blocks(std::size_t kept) {
  while (undo_.size() > kept) undo_.pop_front();
}

} // namespace sett::simnet
