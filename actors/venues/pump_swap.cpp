#include "actors/venues/pump_swap.hpp"

#include "messages/solana/base58.hpp"

#include <algorithm>

namespace sett::venues::pump_swap {

namespace {

constexpr std::uint64_t all_bps = 10'000;
constexpr std::uint64_t pool_tag = 0xbc6db111046d9af1, fee_config_tag = 0x9b4c7bdbbb92348f,
                        global_config_tag = 0xd9b0fca0ca9c0895; // sha256("account:...")
constexpr std::size_t pool_bytes_first = 211, pool_bytes_creator = 243, pool_bytes_virtual = 261,
                      pool_bytes_own_rate = 269;

struct split {
  std::uint64_t liquidity{}, protocol{}, creator{};
  [[nodiscard]] uint128 sum() const { return uint128{liquidity} + protocol + creator; }
};

std::uint64_t creator_bps(const state& s) { return s.coin_creator.is_zero() ? 0 : s.fees.creator_bps; }

std::optional<split> fees_of(const state& s, std::uint64_t amount) {
  const auto part = [&](std::uint64_t bps) {
    return narrow<std::uint64_t>(divide(uint128{amount} * bps, all_bps, rounding::up));
  };
  const auto liquidity = part(s.fees.liquidity_bps), protocol = part(s.fees.protocol_bps),
             creator = part(creator_bps(s));
  if (!liquidity || !protocol || !creator) return std::nullopt;
  return split{*liquidity, *protocol, *creator};
}

/// The quote side as the price sees it; nullopt when it is not positive or needs more than 64 bits.
std::optional<std::uint64_t> effective_quote(const state& s) {
  const auto sum = checked_add<int128>(static_cast<int128>(s.quote), s.virtual_quote);
  if (!sum || *sum <= 0) return std::nullopt;
  return narrow<std::uint64_t>(static_cast<uint128>(*sum));
}

/// `through_curve` quote buys `base`; fees come on top.
outcome bought(const state& s, std::uint64_t effective, std::uint64_t through_curve, std::uint64_t base) {
  const auto fees = fees_of(s, through_curve);
  if (!fees) return refuse(overflow);
  const auto gave = narrow<std::uint64_t>(through_curve + fees->sum());
  if (!gave || !checked_add(s.quote, *gave)) return refuse(overflow);
  quote q;
  q.gave.value = *gave;
  q.amount_in.value = through_curve + fees->liquidity;
  q.amount_out.value = q.got.value = base;
  q.fees = {token_amount{fees->liquidity}, token_amount{fees->protocol}, {}, token_amount{fees->creator}, {}};
  q.impact_ppm = impact_of(effective, s.base, through_curve, base);
  return q;
}

outcome sold(const state& s, std::uint64_t effective, std::uint64_t base) {
  const auto after = checked_add(s.base, base);
  if (!after) return refuse(overflow);
  const auto gross = static_cast<std::uint64_t>(uint128{effective} * base / *after);
  const auto fees = fees_of(s, gross);
  if (!fees || fees->sum() > gross) return refuse(overflow);
  const auto from_vault = gross - fees->liquidity;
  if (from_vault > s.quote) return refuse(insufficient_real_quote);
  quote q;
  q.fee_in_input = q.creator_fee_in_input = false;
  q.gave.value = q.amount_in.value = base;
  q.amount_out.value = from_vault;
  q.got.value = from_vault - fees->protocol - fees->creator;
  q.fees = {token_amount{fees->liquidity}, token_amount{fees->protocol}, {}, token_amount{fees->creator}, {}};
  q.impact_ppm = impact_of(s.base, effective, base, gross);
  return q;
}

fee_rates rates_at(const_bytes account, std::size_t at) {
  return {load<std::uint64_t>(account, at), load<std::uint64_t>(account, at + 8),
          load<std::uint64_t>(account, at + 16)};
}
bool sane(const fee_rates& r) {
  return r.liquidity_bps <= all_bps && r.protocol_bps <= all_bps && r.creator_bps <= all_bps;
}

} // namespace

quoted_in quote_kind(const address& quote_mint) {
  using namespace solana::literals;
  static const address sol = "So11111111111111111111111111111111111111112"_address,
                       sol_2022 = "9pan9bMn5HatX4EJdBwg9VgCa7Uz5HL8N1m5D3NdXejP"_address,
                       usdc = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"_address;
  if (quote_mint.is_zero() || quote_mint == sol || quote_mint == sol_2022) return quoted_in::sol;
  return quote_mint == usdc ? quoted_in::stable : quoted_in::other;
}

result<fee_schedule> read_fee_schedule(const_bytes account) {
  // bump u8, admin, flat fees, a vector of {threshold u128, fees}; by the account's length another, then flat fees.
  constexpr std::size_t flat_at = 41, tiers_at = 65, tier_bytes = 40, with_stable = 4073, with_others = 4097;
  if (account.size() < tiers_at + 4)
    return fail("pump_swap", account_errc::too_short, "FeeConfig has 69 bytes or more");
  if (load<std::uint64_t>(account, 0) != fee_config_tag)
    return fail("pump_swap", account_errc::wrong_kind, "the account is no FeeConfig");
  fee_schedule schedule;
  schedule.flat = rates_at(account, flat_at);
  bool all_sane = sane(schedule.flat);
  std::size_t at = tiers_at;
  for (auto* tiers : {&schedule.tiers, &schedule.stable_tiers}) {
    if (tiers == &schedule.stable_tiers && account.size() < with_stable) break;
    if (account.size() < at + 4)
      return fail("pump_swap", account_errc::too_short, "FeeConfig ends before its second tiers");
    const std::size_t count = load<std::uint32_t>(account, at);
    at += 4;
    if (count > fee_tiers_max) return fail("pump_swap", account_errc::bad_field, "there are too many fee tiers");
    if (account.size() < at + count * tier_bytes)
      return fail("pump_swap", account_errc::too_short, "FeeConfig ends within its tiers");
    for (std::size_t i = 0; i < count; ++i, at += tier_bytes) {
      tiers->push_back({load<uint128>(account, at), rates_at(account, at + 16)});
      all_sane = all_sane && sane(tiers->back().rates);
    }
  }
  if (account.size() >= with_others) {
    if (account.size() < at + 24)
      return fail("pump_swap", account_errc::too_short, "FeeConfig ends before its last fees");
    schedule.other_quotes = rates_at(account, at);
    all_sane = all_sane && sane(schedule.other_quotes);
  }
  if (!all_sane) return fail("pump_swap", account_errc::bad_field, "a fee is over 100 %");
  return schedule;
}

fee_rates fee_rates_at(const fee_schedule& schedule, std::uint64_t supply, std::uint64_t base, uint128 quote,
                       quoted_in kind) {
  if (kind == quoted_in::other) return schedule.other_quotes == fee_rates{} ? schedule.flat : schedule.other_quotes;
  const auto& tiers =
      kind == quoted_in::stable && !schedule.stable_tiers.empty() ? schedule.stable_tiers : schedule.tiers;
  if (tiers.empty() || base == 0) return schedule.flat;
  const auto cap = mul_div(quote, supply, base, rounding::down).value_or(uint128_max);
  const fee_rates* rates = &tiers.front().rates;
  for (const auto& tier : tiers)
    if (cap >= tier.market_cap_from) rates = &tier.rates;
  return *rates;
}

result<bool> coins_have_own_rates(const_bytes config) {
  constexpr std::size_t flag_at = 940;
  if (config.size() < 8) return fail("pump_swap", account_errc::too_short, "GlobalConfig has 8 bytes or more");
  if (load<std::uint64_t>(config, 0) != global_config_tag)
    return fail("pump_swap", account_errc::wrong_kind, "the account is no GlobalConfig");
  return config.size() > flag_at && config[flag_at] != 0; // older ones are shorter
}

result<state> read_pool(const_bytes account) {
  if (account.size() < pool_bytes_first)
    return fail("pump_swap", account_errc::too_short, "a pool has 211 bytes or more");
  if (load<std::uint64_t>(account, 0) != pool_tag)
    return fail("pump_swap", account_errc::wrong_kind, "the account is no pool");
  state s;
  if (account.size() >= pool_bytes_creator) s.coin_creator = load_address(account, 211);
  if (account.size() >= pool_bytes_virtual) s.virtual_quote = load<int128>(account, 245);
  if (account.size() >= pool_bytes_own_rate) s.own_creator_bps = load<std::uint64_t>(account, 261);
  return s;
}

outcome quote_exact_in(const state& s, direction d, token_amount amount) {
  const auto effective = effective_quote(s);
  if (!effective || s.base == 0) return refuse(overflow);
  if (d == direction::a_to_b) return amount.value == 0 ? refuse(zero_base_amount) : sold(s, *effective, amount.value);

  if (amount.value == 0) return refuse(zero_quote_amount);
  const auto total_bps = s.fees.liquidity_bps + s.fees.protocol_bps + creator_bps(s);
  auto net = static_cast<std::uint64_t>(uint128{amount.value} * all_bps / (all_bps + total_bps));
  const auto fees = fees_of(s, net);
  if (!fees) return refuse(overflow);
  if (const auto all = net + fees->sum(); all > amount.value) {
    if (all - amount.value > net) return refuse(quote_does_not_cover_fees);
    net -= static_cast<std::uint64_t>(all - amount.value);
  }
  if (net == 0) return refuse(quote_does_not_cover_fees);
  const uint128 spent = net - 1; // the program keeps one unit for its rounding
  const auto base = static_cast<std::uint64_t>(spent * s.base / (*effective + spent));
  if (base == 0) return refuse(zero_base_amount);
  return bought(s, *effective, net, base);
}

outcome quote_exact_out(const state& s, direction d, token_amount amount) {
  const auto effective = effective_quote(s);
  if (!effective || s.base == 0) return refuse(overflow);
  if (d == direction::b_to_a) {
    if (amount.value == 0) return refuse(zero_base_amount);
    if (amount.value >= s.base) return refuse(more_than_pool_reserves);
    const auto through =
        narrow<std::uint64_t>(divide(uint128{*effective} * amount.value, s.base - amount.value, rounding::up));
    if (!through) return refuse(overflow);
    return bought(s, *effective, *through, amount.value);
  }
  // What must come out of the curve so that `amount` is left, then the base for it (sellQuoteInput of the SDK); each
  // fee's own rounding may ask for a unit more.
  const auto total_bps = s.fees.liquidity_bps + s.fees.protocol_bps + creator_bps(s);
  if (total_bps >= all_bps) return refuse(overflow);
  auto gross = divide(uint128{amount.value} * all_bps, all_bps - total_bps, rounding::up);
  for (int attempt = 0; attempt < 4; ++attempt, ++gross) {
    if (gross >= *effective) return refuse(insufficient_real_quote);
    const auto base = narrow<std::uint64_t>(divide(gross * s.base, *effective - gross, rounding::up));
    if (!base) return refuse(overflow);
    auto q = sold(s, *effective, *base);
    if (!q || q->got.value >= amount.value) return q;
  }
  return refuse(overflow);
}

state apply(const state& s, direction d, const quote& q) {
  state after = s;
  if (d == direction::b_to_a) {
    after.quote += q.amount_in.value;
    after.base -= q.amount_out.value;
  } else {
    after.base += q.amount_in.value;
    after.quote -= q.amount_out.value;
  }
  return after;
}

} // namespace sett::venues::pump_swap
