#include "actors/strategy/strategy.hpp"

#include "actors/risk/checked.hpp"

#include <array>
#include <limits>

namespace sett::strategy {

namespace {

using risk::uint128;

std::optional<reason> above(reason_code code, std::uint64_t measured, std::uint64_t most, slot_number at) {
  if (measured <= most) return std::nullopt;
  return reason{code, measured, most, at};
}
std::optional<reason> below(reason_code code, std::uint64_t measured, std::uint64_t least, slot_number at) {
  if (measured >= least) return std::nullopt;
  return reason{code, measured, least, at};
}
template <class... Checks>
std::optional<reason> first_of(const Checks&... checks) {
  std::optional<reason> out;
  static_cast<void>(((out = checks, out.has_value()) || ...));
  return out;
}

std::optional<reason> ran_away(const settings& s, const signal& on, const token_view& token) {
  if (!on.price || !token.quote) return reason{reason_code::no_price, 0, 0, on.slot};
  return above(reason_code::price_ran_away, risen_bps(*on.price, *token.quote), s.chase_bps_max, on.slot);
}

/// Buys a token when it is created. There is no price before the first trade to compare with.
class launch_sniper final : public strategy {
public:
  std::string_view name() const override { return "launch"; }
  bool listens_to(signal_kind k) const override { return k == signal_kind::launch_created; }
  std::optional<reason> refuses(const settings& /*s*/, const signal& /*on*/, const token_view& /*t*/) const override {
    return std::nullopt;
  }
};

/// Buys when a token leaves its bonding curve, or a pool is opened for it.
class graduation_sniper final : public strategy {
public:
  std::string_view name() const override { return "graduation"; }
  bool listens_to(signal_kind k) const override { return k == signal_kind::migrated || k == signal_kind::pool_created; }
  std::optional<reason> refuses(const settings& s, const signal& on, const token_view& token) const override {
    return ran_away(s, on, token);
  }
};

/// Buys what a good wallet bought, for nearly the price it paid.
class copier final : public strategy {
public:
  std::string_view name() const override { return "copy"; }
  bool listens_to(signal_kind k) const override { return k == signal_kind::wallet_bought; }
  std::optional<reason> refuses(const settings& s, const signal& on, const token_view& token) const override {
    const auto& w = on.wallet.value_or(wallet_record{});
    const auto spent = on.price ? on.price->paid.value : 0;
    return first_of(below(reason_code::wallet_trades, w.trades, s.wallet_trades_min, on.slot),
                    below(reason_code::wallet_wins, w.wins_bps, s.wallet_wins_bps_min, on.slot),
                    below(reason_code::wallet_spend, spent, s.wallet_spend_lamports_min, on.slot),
                    ran_away(s, on, token));
  }
};

} // namespace

std::string_view to_text(signal_kind k) {
  constexpr std::array<std::string_view, 4> names{"launch_created", "pool_created", "migrated", "wallet_bought"};
  static_assert(names.size() == static_cast<std::size_t>(signal_kind::count_));
  return names.at(static_cast<std::size_t>(k));
}

std::uint64_t risen_bps(const exchange& before, const exchange& now) {
  constexpr auto unknown = std::numeric_limits<std::uint64_t>::max();
  if (before.paid.value == 0 || before.got.value == 0 || now.got.value == 0) return unknown;
  // now.paid / now.got against before.paid / before.got
  auto dear = static_cast<uint128>(now.paid.value) * before.got.value;
  auto fair = static_cast<uint128>(before.paid.value) * now.got.value;
  if (dear <= fair) return 0;
  auto more = dear - fair;
  while (more >> 112U != 0) { // so that the product below fits
    more = (more >> 1U) + 1;
    fair >>= 1U;
  }
  if (fair == 0) return unknown;
  const auto bps = (more * 10'000 + fair - 1) / fair;
  return bps > unknown ? unknown : static_cast<std::uint64_t>(bps);
}

std::optional<reason> common_refusal(const settings& s, const signal& on, const token_view& t, slot_number at) {
  const auto plain = [&](bool refused, reason_code code) -> std::optional<reason> {
    if (!refused) return std::nullopt;
    return reason{code, 0, 0, at};
  };
  return first_of(
      plain(s.paused, reason_code::strategy_paused), plain(!on.live, reason_code::late_event),
      above(reason_code::stale_event, risk::minus(at.value, on.slot.value), s.max_age_slots, at),
      plain(t.blocked, reason_code::blocked), plain(!t.tradable, reason_code::no_venue),
      plain(!t.verdict, reason_code::unscreened),
      plain(t.verdict > screening::trap_class::taxed, reason_code::unsafe_token),
      above(reason_code::taxed, t.tax_bps, s.tax_bps_max, at),
      below(reason_code::low_liquidity, t.liquidity.value_or(lamports{}).value, s.liquidity_lamports_min, at),
      above(reason_code::creator_share, t.creator_share_bps, s.creator_share_bps_max, at),
      above(reason_code::creator_launches, t.creator_launches, s.creator_launches_max, at),
      above(reason_code::creator_rugs, t.creator_rugs, s.creator_rugs_max, at),
      above(reason_code::bundled, t.bundled_bps, s.bundled_bps_max, at),
      below(reason_code::few_buyers, t.buyers, s.buyers_min, at),
      below(reason_code::few_holders, t.holders, s.holders_min, at));
}

const strategy* strategy_of(std::string_view kind) {
  static const launch_sniper launch;
  static const graduation_sniper graduation;
  static const copier copy;
  for (const strategy* s : {static_cast<const strategy*>(&launch), static_cast<const strategy*>(&graduation),
                            static_cast<const strategy*>(&copy)})
    if (s->name() == kind) return s;
  return nullptr;
}

execution::strategy_id strategy_id_of(std::string_view name) {
  std::uint32_t h = 0x811c9dc5U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return execution::strategy_id(h == 0 ? 1 : h);
}

} // namespace sett::strategy
