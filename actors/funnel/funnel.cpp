#include "actors/funnel/funnel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace sett::funnel {

namespace {
constexpr auto stages = static_cast<std::size_t>(stage::count_);
constexpr std::array<std::string_view, stages> stage_words{"seen",    "signalled", "chosen", "sized",
                                                           "allowed", "opened",    "filled", "closed"};
constexpr std::size_t at(stage s) { return static_cast<std::size_t>(s); }
} // namespace

std::string_view to_text(stage s) { return stage_words.at(at(s)); }

std::string_view to_text(const row_key& k) {
  return k.because == reason_code::none ? to_text(k.reached) : risk::to_text(k.because);
}

std::string mint_story::verdict() const {
  if (row.because == reason_code::none) return fmt::format("it is {}", to_text(row.reached));
  for (const auto& s : steps)
    if (const auto& why = s.refused; why && why->code == row.because)
      return fmt::format("{}: {}", to_text(s.reached), risk::sentence(*why));
  return risk::sentence({row.because, 0, 0, {}});
}

row_key funnel::row_of(const entry& e) {
  if (e.furthest >= stage::filled) return {reason_code::none, e.furthest};
  if (e.open != 0) return {reason_code::none, stage::opened};
  if (e.last_end) return {e.last_end->code, stage::seen};
  if (e.first_refusal) return {e.first_refusal->code, stage::seen};
  if (e.furthest != stage::seen) return {reason_code::none, e.furthest};
  return {reason_code::no_strategy, stage::seen};
}

void funnel::forget_oldest() {
  mints_.erase(by_age_.front());
  by_age_.pop_front();
  ++forgotten_;
}

void funnel::note(const mint_address& mint, const step& s) {
  auto it = mints_.find(mint);
  const bool fresh = it == mints_.end();
  if (fresh) {
    if (mints_.size() >= std::max<std::size_t>(mints_max_, 1)) forget_oldest();
    it = mints_.try_emplace(mint).first;
    it->second.age = by_age_.insert(by_age_.end(), mint);
    ++seen_;
    ++reached_[at(stage::seen)];
  } else {
    by_age_.splice(by_age_.end(), by_age_, it->second.age);
  }
  auto& e = it->second;

  // That one of several strategies listens to something else says nothing.
  const bool nothing = s.refused && s.refused->code == reason_code::no_strategy;
  if (!nothing) {
    for (auto i = at(e.furthest) + 1; i <= at(s.reached); ++i) ++reached_[i];
    e.furthest = std::max(e.furthest, s.reached);
    if (s.reached == stage::opened && !s.refused) ++e.open;
    if (s.reached == stage::opened && s.refused) {
      e.open -= std::min(e.open, 1U);
      e.last_end = s.refused;
    } else if (s.refused && !e.first_refusal) {
      e.first_refusal = s.refused;
    }
    if (s.reached == stage::filled) e.open -= std::min(e.open, 1U);
  }
  if (!nothing || fresh) {
    if (e.steps.size() == steps_max) {
      e.steps.erase(e.steps.begin() + 1);
      ++e.left_out;
    }
    e.steps.push_back(s);
  }

  const auto row = row_of(e);
  if (!fresh && row == e.row) return;
  if (!fresh) {
    const auto before = rows_.find(e.row);
    if (--before->second.mints == 0) rows_.erase(before);
  }
  e.row = row;
  auto& t = rows_[row];
  ++t.mints;
  t.example = mint;
}

std::optional<mint_story> funnel::why(const mint_address& mint) const {
  const auto it = mints_.find(mint);
  if (it == mints_.end()) return std::nullopt;
  return mint_story{mint, it->second.steps, it->second.left_out, it->second.row};
}

funnel_summary funnel::summary() const {
  funnel_summary out{.seen = seen_, .rows = {}, .reached = reached_};
  for (const auto& [key, t] : rows_) out.rows.push_back({key, t.mints, t.example});
  std::sort(out.rows.begin(), out.rows.end(),
            [](const auto& a, const auto& b) { return std::tie(b.mints, a.key) < std::tie(a.mints, b.key); });
  return out;
}

} // namespace sett::funnel
