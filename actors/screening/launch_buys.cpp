#include "actors/screening/launch_buys.hpp"

#include "actors/venues/integer.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace sett::screening {

namespace {

/// Sets that grow together; small, so the roots are found by walking.
class groups {
public:
  groups() { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  [[nodiscard]] std::size_t root(std::size_t i) const {
    while (parent_[i] != i) i = parent_[i];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[root(a)] = root(b); }

private:
  std::array<std::size_t, launch_buys::buys_max + 1> parent_{};
};

bool belong_together(const launch_buy& a, const launch_buy& b) {
  if (a.transaction == b.transaction || a.fee_payer == b.fee_payer || a.buyer == b.buyer) return true;
  if (!a.funder.is_zero() && a.funder == b.funder) return true;
  return a.funder == b.buyer || b.funder == a.buyer;
}

} // namespace

void launch_buys::add(const launch_buy& buy) {
  if (buy.slot != slot_) return;
  if (buys_.size() == buys_max) {
    ++shed_;
    return;
  }
  buys_.push_back(buy);
}

launch_buys::bundle launch_buys::bundled() const {
  groups g;
  const auto creators = buys_.size(); // the creator's own group
  for (std::size_t i = 0; i < buys_.size(); ++i) {
    const auto& b = buys_[i];
    if (b.buyer == creator_ || b.fee_payer == creator_ || b.funder == creator_ || b.transaction == transaction_)
      g.join(i, creators);
    for (std::size_t k = 0; k < i; ++k)
      if (belong_together(b, buys_[k])) g.join(i, k);
  }
  // Directly behind the launch, without a gap.
  for (std::uint32_t next = 1; next < bundle_max; ++next) {
    bool any = false;
    for (std::size_t i = 0; i < buys_.size(); ++i)
      if (buys_[i].transaction > transaction_ && buys_[i].transaction - transaction_ == next) {
        g.join(i, creators);
        any = true;
      }
    if (!any) break;
  }

  bundle all;
  for (std::size_t r = 0; r <= buys_.size(); ++r) {
    if (g.root(r) != r) continue;
    std::vector<address> wallets;
    venues::uint128 amount = 0;
    for (std::size_t i = 0; i < buys_.size(); ++i) {
      if (g.root(i) != r) continue;
      amount += buys_[i].amount.value;
      wallets.push_back(buys_[i].buyer);
    }
    std::ranges::sort(wallets);
    wallets.erase(std::unique(wallets.begin(), wallets.end()), wallets.end());
    const bool the_creators = g.root(creators) == r;
    if (wallets.size() < 2 && !(the_creators && !wallets.empty())) continue;
    ++all.groups;
    all.wallets += static_cast<std::uint32_t>(wallets.size());
    amount += all.amount.value;
    all.amount.value =
        static_cast<std::uint64_t>(std::min<venues::uint128>(amount, std::numeric_limits<std::uint64_t>::max()));
  }
  return all;
}

basis_points launch_buys::share(token_amount supply) const {
  constexpr std::uint32_t whole = 10'000;
  const auto amount = bundled().amount.value;
  if (amount == 0) return {};
  if (amount >= supply.value) return basis_points{whole};
  return basis_points{
      static_cast<std::uint32_t>(venues::divide(venues::uint128{amount} * whole, supply.value, venues::rounding::up))};
}

} // namespace sett::screening
