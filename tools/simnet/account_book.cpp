#include "tools/simnet/account_book.hpp"

namespace sett::simnet {

void account_book::write(const account_write& account, slot_number slot) {
  if (account.lamports == 0) {
    accounts_.erase(account.key);
    return;
  }
  auto [it, inserted] = accounts_.try_emplace(account.key);
  const bool same_slot = !inserted && it->second.slot == slot;
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
