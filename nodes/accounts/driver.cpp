#include "nodes/accounts/driver.hpp"

#include <algorithm>
#include <set>

namespace sett::accounts {

using namespace execution;

driver::key driver::key_of(const account_effect& e) {
  struct {
    std::pair<intent_id, std::uint64_t> operator()(const effect::ask_signature& x) const {
      return {x.id, x.number.value};
    }
    std::pair<intent_id, std::uint64_t> operator()(const effect::send& x) const { return {x.id, x.number.value}; }
    std::pair<intent_id, std::uint64_t> operator()(const effect::look_for& x) const { return {x.id, x.number.value}; }
    std::pair<intent_id, std::uint64_t> operator()(const effect::halt_signer& x) const { return {{}, x.number}; }
    std::pair<intent_id, std::uint64_t> operator()(const effect::reclaim& x) const { return {x.id, 0}; }
    std::pair<intent_id, std::uint64_t> operator()(const effect::raise& x) const {
      return {x.id, static_cast<std::uint64_t>(x.what)};
    }
  } const of;
  const auto [id, n] = std::visit(of, e);
  return {e.index(), id, n};
}

std::vector<account_effect> driver::due(const std::vector<account_effect>& duties, steady_time_ns now) {
  std::vector<account_effect> out;
  std::set<key> wanted;
  auto running = under_way();
  for (const auto& e : duties) {
    const auto k = key_of(e);
    if (!wanted.insert(k).second) continue;
    auto& s = steps_[k];
    if (s.running && now.value - s.at_ns >= pace_.step_max_ns) {
      s.running = false; // its answer, should it come, changes nothing
      s.at_ns = now.value;
      --running;
    }
    if (s.running || now.value < s.at_ns || running >= pace_.under_way_max) continue;
    s.running = true;
    s.at_ns = now.value;
    ++running;
    out.push_back(e);
  }
  // What is no duty any more is over, whatever its answer.
  std::erase_if(steps_, [&](const auto& s) { return !wanted.contains(s.first); });
  return out;
}

void driver::done(const account_effect& e, bool ok, steady_time_ns now) {
  const auto it = steps_.find(key_of(e));
  if (it == steps_.end() || !it->second.running) return;
  auto& s = it->second;
  s.running = false;
  s.failures = ok ? 0 : std::min(s.failures + 1, 16U);
  std::int64_t pause = 0;
  if (!ok)
    pause = std::min(pace_.retry_max_ns, pace_.retry_min_ns << (s.failures - 1));
  else if (std::holds_alternative<effect::send>(e))
    pause = pace_.resend_ns;
  else if (std::holds_alternative<effect::look_for>(e))
    pause = pace_.look_ns;
  else if (std::holds_alternative<effect::halt_signer>(e) || std::holds_alternative<effect::raise>(e))
    pause = pace_.halt_ns;
  s.at_ns = now.value + pause;
}

std::size_t driver::under_way() const {
  return static_cast<std::size_t>(
      std::count_if(steps_.begin(), steps_.end(), [](const auto& s) { return s.second.running; }));
}

} // namespace sett::accounts
