#include "actors/lanes/lane_policy.hpp"

#include <algorithm>
#include <map>

namespace sett::lanes {

namespace {

bool takes(const lane_facts& lane, const paid_tip& tip) {
  if (lane.tip_accounts.empty()) return true;
  return tip.amount >= lane.tip_min && std::ranges::find(lane.tip_accounts, tip.to) != lane.tip_accounts.end() &&
         tip.amount.value > 0;
}

} // namespace

std::vector<std::size_t> lanes_for(std::span<const lane_facts> lanes, bool is_protected, const paid_tip& tip) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < lanes.size(); ++i)
    if (lanes[i].is_protected == is_protected && takes(lanes[i], tip)) out.push_back(i);
  return out;
}

std::optional<paid_tip> choose_tip(std::span<const lane_facts> lanes, bool is_protected, std::uint64_t spread,
                                   lamports offered) {
  struct support {
    std::size_t lanes{};
    lamports least;
  };
  std::map<address, support> accounts;
  for (const auto& lane : lanes) {
    if (lane.is_protected != is_protected) continue;
    for (const auto& a : lane.tip_accounts) {
      auto& s = accounts[a];
      ++s.lanes;
      s.least = std::max(s.least, lane.tip_min);
    }
  }
  std::size_t most = 0;
  for (const auto& [a, s] : accounts) most = std::max(most, s.lanes);
  if (most == 0) return std::nullopt;
  std::vector<paid_tip> best;
  for (const auto& [a, s] : accounts)
    if (s.lanes == most) best.push_back({a, std::max({s.least, offered, lamports(1)})});
  return best[spread % best.size()];
}

bool may_resend(const resend_rules& rules, const resend_state& s, steady_time_ns now, block_height tip,
                block_height last_valid) {
  if (tip > last_valid || s.sends >= rules.sends_max) return false;
  return s.sends == 0 || now.value - s.last.value >= rules.every_ns;
}

} // namespace sett::lanes
