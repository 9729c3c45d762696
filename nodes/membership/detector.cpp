#include "nodes/membership/detector.hpp"

#include "messages/types/error.hpp"

#include <algorithm>
#include <utility>

namespace sett::membership {
namespace {
constexpr std::int64_t ms = 1'000'000;
constexpr std::uint8_t healthy_score_max = 2; // who runs worse has no vote on others
/// Of a beat's length: how much less silence than our own is enough for a voter to agree.
constexpr std::int64_t agree_slack_num = 3, agree_slack_den = 2;
constexpr std::int64_t new_member_patience = 2, alone_patience = 2;
const heard* find(const std::vector<heard>& all, const member& who) {
  const auto it =
      std::lower_bound(all.begin(), all.end(), who, [](const heard& h, const member& m) { return h.who < m; });
  return it != all.end() && it->who == who ? &*it : nullptr;
}
} // namespace

detector::detector(const detector_settings& settings, member self, steady_time_ns now)
    : settings_(settings), self_(self), last_(now), next_beat_(now), expected_(now) {
  SETT_ASSERT(settings.beat_ms > 0 && settings.suspect_ms >= 3 * settings.beat_ms &&
              settings.stuck_ms >= settings.suspect_ms);
}

void detector::set_members(std::span<const member> others, steady_time_ns now) {
  awake(now);
  std::vector<peer> next;
  for (const auto& who : others) {
    if (who == self_ || next.size() == members_max) continue;
    const auto known = std::find_if(peers_.begin(), peers_.end(), [&](const peer& p) { return p.who == who; });
    if (known != peers_.end()) {
      next.push_back(std::move(*known));
    } else {
      next.emplace_back().who = who;
      next.back().last.who = who;
    }
  }
  std::sort(next.begin(), next.end(), [](const peer& a, const peer& b) { return a.who < b.who; });
  peers_ = std::move(next);
}

/// Time goes by for all peers, but never more than two beats at once: while this node was stopped it could hear nobody.
void detector::awake(steady_time_ns now) {
  const auto passed = std::clamp<std::int64_t>(now.value - last_.value, 0, 2 * settings_.beat_ms * ms);
  last_ = std::max(last_, now);
  for (auto& p : peers_) {
    p.silent_ns += passed;
    p.deaf_ns += passed;
    p.stuck_ns += passed;
  }
}

bool detector::on_beat(const member& from, const beat& b, steady_time_ns now) {
  const auto p = std::find_if(peers_.begin(), peers_.end(), [&](const peer& x) { return x.who == from; });
  if (p == peers_.end() || (p->heard_once && b.sequence <= p->sequence)) return false;
  awake(now);
  p->silent_ns = 0;
  if (b.progress != p->progress || !p->heard_once) p->stuck_ns = 0;
  p->sequence = b.sequence;
  p->progress = b.progress;
  p->health = std::min(b.health, health_score_max);
  p->leaving = b.leaving;
  p->hears = b.hears;
  if (find(b.hears, self_) != nullptr || !p->heard_once) p->deaf_ns = 0;
  p->heard_once = true;
  return true;
}

std::int64_t detector::suspicion_ns() const { return settings_.suspect_ms * ms * (1 + score_); }

std::int64_t detector::patience_ns(const peer& p, std::int64_t base_ns) const {
  return p.heard_once ? base_ns : base_ns * new_member_patience;
}

bool detector::hears(const peer& p) const { return p.heard_once && p.silent_ns < suspicion_ns(); }

bool detector::agrees(const peer& voter, const peer& on, condition about) const {
  if (about == condition::deaf) return find(on.hears, voter.who) == nullptr;
  const auto* h = find(voter.hears, on.who);
  if (h == nullptr) return true;
  // Since the voter said so, time went by in which it can hardly have heard more than it said.
  const auto silence_ns = h->silence_ms * ms + voter.silent_ns;
  return silence_ns >= settings_.suspect_ms * ms - settings_.beat_ms * ms * agree_slack_num / agree_slack_den;
}

verdict detector::judge(const peer& p, bool alone) const {
  verdict v;
  v.who = p.who;
  v.health = p.health;
  v.silence_ms = p.silent_ns / ms;
  const bool silent = p.silent_ns >= patience_ns(p, suspicion_ns());
  if (p.leaving) {
    v.state = condition::leaving;
  } else if (silent) {
    v.state = condition::silent;
  } else if (p.heard_once && p.deaf_ns >= 2 * suspicion_ns()) {
    v.state = condition::deaf;
  } else if (p.heard_once && p.stuck_ns >= settings_.stuck_ms * ms * (1 + score_)) {
    v.state = condition::stuck;
  }
  if (v.state == condition::alive) return v;
  // The votes: this node's, which doubts, and those of everybody it hears and who is well.
  v.voters = v.doubters = 1;
  for (const auto& other : peers_) {
    if (&other == &p || !hears(other) || other.leaving || other.health > healthy_score_max) continue;
    ++v.voters;
    if (agrees(other, p, v.state)) ++v.doubters;
  }
  if (v.state == condition::leaving || v.state == condition::stuck)
    v.down = true;
  else if (alone && p.heard_once && v.state == condition::silent)
    v.down = p.silent_ns >= suspicion_ns() * alone_patience;
  else
    v.down = 2 * v.doubters > v.voters;
  return v;
}

detector::ticked detector::tick(steady_time_ns now) {
  // How late this tick is says how well this node runs.
  const auto late = now.value - expected_.value;
  const auto beat_ns = settings_.beat_ms * ms;
  const auto worse = std::clamp<std::int64_t>(late / beat_ns, 0, health_score_max);
  score_ = static_cast<std::uint8_t>(std::min<std::int64_t>(score_ + worse, health_score_max));
  awake(now);
  ticked out;
  if (now >= next_beat_) {
    out.beat_now = true;
    if (late < beat_ns / 2 && score_ > 0) --score_;
    next_beat_ = steady_time_ns{now.value + beat_ns};
  }
  out.changed = std::exchange(told_score_, score_) != score_;

  const auto audible = std::count_if(peers_.begin(), peers_.end(), [&](const peer& p) { return hears(p); });
  const bool alone = audible == 0 && peers_.size() >= 2;
  auto next = next_beat_.value;
  for (auto& p : peers_) {
    auto v = judge(p, alone);
    if (v.state != p.last.state || v.down != p.last.down) out.changed = true;
    p.last = v;
    // A deadline that is nearer than the next beat: a verdict shall not wait for a beat.
    const auto until = [&](std::int64_t reached, std::int64_t limit) {
      if (reached < limit) next = std::min(next, now.value + (limit - reached));
    };
    until(p.silent_ns, patience_ns(p, suspicion_ns()));
    if (alone) until(p.silent_ns, suspicion_ns() * alone_patience);
  }
  expected_ = steady_time_ns{std::max(next, now.value + ms)};
  out.next_ns = expected_.value;
  return out;
}

beat detector::own_beat() {
  beat b{++sequence_, progress_, score_, leaving_, {}};
  for (const auto& p : peers_)
    if (hears(p)) b.hears.push_back({p.who, static_cast<std::uint32_t>(p.silent_ns / ms)});
  return b;
}

std::vector<verdict> detector::verdicts() const {
  std::vector<verdict> out;
  for (const auto& p : peers_) {
    out.push_back(p.last);
    out.back().silence_ms = p.silent_ns / ms;
    out.back().health = p.health;
  }
  return out;
}

} // namespace sett::membership
