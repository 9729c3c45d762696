#include "actors/venues/raydium_launchlab.hpp"

#include "actors/venues/integer.hpp"

#include <algorithm>

namespace sett::venues::raydium_launchlab {

namespace {

constexpr std::uint64_t pool_tag = 0x46dec3d7f5e3edf7, config_tag = 0xd9b0fca0ca9c0895; // sha256("account:...")
constexpr std::size_t pool_bytes = 429, config_bytes = 371;

struct reserves {
  std::uint64_t base{}, quote{};
};

std::optional<reserves> reserves_of(const state& s) {
  const auto base = checked_sub(s.virtual_base, s.real_base), quote = checked_add(s.virtual_quote, s.real_quote);
  if (!base || !quote || *base == 0 || *quote == 0 || s.real_base > s.total_base_sell) return std::nullopt;
  return reserves{*base, *quote};
}

std::uint64_t fee_of(const state& s, std::uint64_t amount) {
  return static_cast<std::uint64_t>(divide(uint128{amount} * s.fees.total(), rate_max, rounding::up));
}
std::optional<std::uint64_t> before_fee(const state& s, std::uint64_t amount) {
  return narrow<std::uint64_t>(divide(uint128{amount} * rate_max, rate_max - s.fees.total(), rounding::up));
}

fee_split shares_of(const state& s, std::uint64_t fee) {
  const auto part = [&](std::uint64_t rate) {
    return s.fees.total() == 0 ? 0 : static_cast<std::uint64_t>(uint128{fee} * rate / s.fees.total());
  };
  fee_split f;
  f.fund.value = part(s.fees.platform);
  f.referral.value = part(s.fees.share);
  f.creator.value = part(s.fees.creator);
  f.protocol.value = fee - f.fund.value - f.referral.value - f.creator.value;
  return f;
}

/// `net` quote goes into the curve for `base`; the fee comes on top.
quote bought(const state& s, const reserves& r, std::uint64_t gave, std::uint64_t net, std::uint64_t base) {
  quote q;
  q.gave.value = q.amount_in.value = gave; // the fees wait in the vault
  q.amount_out.value = q.got.value = base;
  q.fees = shares_of(s, gave - net);
  q.impact_ppm = impact_of(r.quote, r.base, net, base);
  return q;
}

/// Buys what is left, or exactly `base` of it.
outcome buy(const state& s, const reserves& r, std::uint64_t base) {
  const auto taken = std::min(base, s.total_base_sell - s.real_base);
  if (taken == 0) return refuse(invalid_input);
  if (taken >= r.base) return refuse(math_overflow);
  const auto net = narrow<std::uint64_t>(divide(uint128{r.quote} * taken, r.base - taken, rounding::up));
  const auto gave = net ? before_fee(s, *net) : std::nullopt;
  if (!gave) return refuse(math_overflow);
  return bought(s, r, *gave, *net, taken);
}

outcome sold(const state& s, const reserves& r, std::uint64_t base, std::uint64_t gross, std::uint64_t fee) {
  if (gross > s.real_quote || base > s.real_base) return refuse(math_overflow);
  quote q;
  q.fee_in_input = q.creator_fee_in_input = false;
  q.gave.value = q.amount_in.value = base;
  q.amount_out.value = q.got.value = gross - fee;
  q.fees = shares_of(s, fee);
  q.impact_ppm = impact_of(r.base, r.quote, base, gross);
  return q;
}

} // namespace

result<state> read_pool(const_bytes account) {
  if (account.size() < pool_bytes) return fail("raydium_launchlab", account_errc::too_short, "PoolState has 429 bytes");
  if (load<std::uint64_t>(account, 0) != pool_tag)
    return fail("raydium_launchlab", account_errc::wrong_kind, "the account is no PoolState");
  const auto field = [&](std::size_t at) { return load<std::uint64_t>(account, at); };
  state s;
  s.trades = account[17] == 0; // funding
  s.total_base_sell = field(29);
  s.virtual_base = field(37);
  s.virtual_quote = field(45);
  s.real_base = field(53);
  s.real_quote = field(61);
  return s;
}

result<std::uint64_t> read_protocol_rate(const_bytes account) {
  if (account.size() < config_bytes)
    return fail("raydium_launchlab", account_errc::too_short, "GlobalConfig has 371 bytes");
  if (load<std::uint64_t>(account, 0) != config_tag)
    return fail("raydium_launchlab", account_errc::wrong_kind, "the account is no GlobalConfig");
  if (account[16] != 0)
    return fail("raydium_launchlab", account_errc::bad_field, "only the constant-product curve is quoted");
  const auto rate = load<std::uint64_t>(account, 27);
  if (rate > rate_max) return fail("raydium_launchlab", account_errc::bad_field, "the fee rate is over 100 %");
  return rate;
}

outcome quote_exact_in(const state& s, direction d, token_amount amount) {
  if (!s.trades) return refuse(pool_migrated);
  const auto r = reserves_of(s);
  if (!r || s.fees.total() >= rate_max) return refuse(math_overflow);
  if (amount.value == 0) return refuse(invalid_input);
  if (d == direction::b_to_a) {
    const auto net = amount.value - fee_of(s, amount.value);
    const auto base = static_cast<std::uint64_t>(uint128{net} * r->base / (uint128{r->quote} + net));
    if (base == 0) return refuse(invalid_input);
    if (base > s.total_base_sell - s.real_base) return buy(s, *r, base);
    return bought(s, *r, amount.value, net, base);
  }
  const auto gross = static_cast<std::uint64_t>(uint128{amount.value} * r->quote / (uint128{r->base} + amount.value));
  return sold(s, *r, amount.value, gross, fee_of(s, gross));
}

outcome quote_exact_out(const state& s, direction d, token_amount amount) {
  if (!s.trades) return refuse(pool_migrated);
  const auto r = reserves_of(s);
  if (!r || s.fees.total() >= rate_max) return refuse(math_overflow);
  if (amount.value == 0) return refuse(invalid_input);
  if (d == direction::b_to_a) return buy(s, *r, amount.value);
  const auto gross = before_fee(s, amount.value);
  if (!gross || *gross >= r->quote) return refuse(math_overflow);
  const auto base = narrow<std::uint64_t>(divide(uint128{r->base} * *gross, r->quote - *gross, rounding::up));
  if (!base) return refuse(math_overflow);
  return sold(s, *r, *base, *gross, *gross - amount.value);
}

state apply(const state& s, direction d, const quote& q) {
  state after = s;
  if (d == direction::b_to_a) {
    after.real_base += q.amount_out.value;
    after.real_quote += q.amount_in.value - q.fees.total();
  } else {
    after.real_base -= q.amount_in.value;
    after.real_quote -= q.amount_out.value + q.fees.total();
  }
  return after;
}

} // namespace sett::venues::raydium_launchlab
