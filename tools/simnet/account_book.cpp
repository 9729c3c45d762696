#include "tools/simnet/account_book.hpp"

namespace sett::simnet {

const account_write* account_book::entry::seen_at(slot_number at) const {
  const auto existing = [](const account_write& a) { return a.lamports == 0 ? nullptr : &a; };
  // Without versions there is only the newest; it is shown to everybody.
  if (slot <= at || (older.empty() && account.lamports != 0)) return existing(account);
  for (auto it = older.rbegin(); it != older.rend(); ++it)
    if (it->slot <= at) return existing(it->account);
  return nullptr;
}

void account_book::revert(const std::vector<account_write>& accounts, slot_number slot) {
  for (const auto& a : accounts) {
    const auto it = accounts_.find(a.key);
    if (it == accounts_.end()) continue;
    auto& e = it->second;
    while (e.slot > slot && !e.older.empty()) {
      e.account = std::move(e.older.back().account);
      e.slot = e.older.back().slot;
      e.older.pop_back();
    }
    if (e.slot > slot) accounts_.erase(it);
  }
}

void account_book::write(const account_write& account, slot_number slot) {
  if (account.lamports == 0 && versions_kept_slots_ == 0) {
    accounts_.erase(account.key);
    return;
  }
  auto [it, inserted] = accounts_.try_emplace(account.key);
  const bool same_slot = !inserted && it->second.slot == slot;
  if (versions_kept_slots_ != 0 && !same_slot) {
    auto& older = it->second.older;
    // An account that is new to a running chain did not exist before.
    older.push_back(inserted ? version{{account.key, 0, {}, {}}, slot_number{0}}
                             : version{std::move(it->second.account), it->second.slot});
    while (older.size() > 1 && older[1].slot.value + versions_kept_slots_ <= slot.value) older.pop_front();
  }
  it->second.account = account;
  it->second.slot = slot;
  if (!same_slot) order_.emplace_back(account.key, slot);
  while (accounts_.size() > accounts_max_ || order_.size() > accounts_max_ * 4) {
    const auto [key, written] = order_.front();
    order_.pop_front();
    const auto found = accounts_.find(key);
    if (found == accounts_.end() || found->second.slot != written) continue;
    if (accounts_.size() > accounts_max_) {
      accounts_.erase(found);
      ++forgotten_;
    } else {
      order_.emplace_back(key, written);
      break;
    }
  }
}

const account_book::entry* account_book::find(const address& key) const {
  const auto found = accounts_.find(key);
  return found == accounts_.end() ? nullptr : &found->second;
}

} // namespace sett::simnet
