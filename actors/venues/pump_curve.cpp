#include "actors/venues/pump_curve.hpp"

#include "actors/venues/integer.hpp"

namespace sett::venues::pump_curve {

namespace {

constexpr std::uint64_t all_bps = 10'000;
// sha256("account:BondingCurve"), sha256("account:Global"): the first eight bytes as a little-endian number.
constexpr std::uint64_t curve_tag = 0x60acd86037f8b717, global_tag = 0x7f726cc8b1e8e8a7;
constexpr std::size_t curve_bytes_2024 = 49, curve_bytes_with_creator = 81;

std::unexpected<refusal> overflowed(const state& s) {
  return s.rounds_fees_up ? refuse(6024) : refuse(fault::program_failed_to_complete);
}

std::optional<std::uint64_t> fee_of(const state& s, std::uint64_t amount, std::uint64_t bps) {
  return narrow<std::uint64_t>(
      divide(uint128{amount} * bps, all_bps, s.rounds_fees_up ? rounding::up : rounding::down));
}

struct fees {
  std::uint64_t protocol{}, creator{}, sum{};
};
std::optional<fees> fees_of(const state& s, std::uint64_t amount) {
  const auto protocol = fee_of(s, amount, s.fees.protocol_bps);
  const auto creator = s.creator.is_zero() ? std::optional<std::uint64_t>{0} : fee_of(s, amount, s.fees.creator_bps);
  if (!protocol || !creator) return std::nullopt;
  const auto sum = checked_add(*protocol, *creator);
  if (!sum) return std::nullopt;
  return fees{*protocol, *creator, *sum};
}

quote with_fees(const fees& f) {
  quote q;
  q.fees.protocol.value = f.protocol;
  q.fees.creator.value = f.creator;
  return q;
}

/// `cost` goes into the curve for `tokens`; the fees come on top.
outcome bought(const state& s, std::uint64_t cost, std::uint64_t tokens) {
  const auto f = fees_of(s, cost);
  const auto gave = f ? checked_add(cost, f->sum) : std::nullopt;
  if (!gave || !checked_add(s.virtual_quote, cost) || !checked_add(s.real_quote, cost)) return overflowed(s);
  auto q = with_fees(*f);
  q.gave.value = *gave;
  q.amount_in.value = cost;
  q.amount_out.value = q.got.value = tokens;
  q.impact_ppm = impact_of(s.virtual_quote, s.virtual_token, cost, tokens);
  return q;
}

outcome buy(const state& s, std::uint64_t tokens) {
  if (s.complete) return refuse(curve_complete);
  if (tokens >= s.virtual_token) return overflowed(s);
  const auto cost = narrow<std::uint64_t>(uint128{s.virtual_quote} * tokens / (s.virtual_token - tokens) + 1);
  if (!cost) return overflowed(s);
  if (tokens > s.real_token) return s.rounds_fees_up ? refuse(not_enough_tokens_to_buy) : overflowed(s);
  return bought(s, *cost, tokens);
}

outcome sell(const state& s, std::uint64_t tokens) {
  if (s.complete) return refuse(curve_complete);
  const auto after = checked_add(s.virtual_token, tokens);
  if (!after || *after == 0) return overflowed(s);
  const auto proceeds = static_cast<std::uint64_t>(uint128{s.virtual_quote} * tokens / *after);
  const auto f = fees_of(s, proceeds);
  if (!f || f->sum > proceeds || proceeds > s.real_quote || !checked_add(s.real_token, tokens)) return overflowed(s);
  auto q = with_fees(*f);
  q.fee_in_input = q.creator_fee_in_input = false;
  q.gave.value = q.amount_in.value = tokens;
  q.amount_out.value = proceeds;
  q.got.value = proceeds - f->sum;
  q.impact_ppm = impact_of(s.virtual_token, s.virtual_quote, tokens, proceeds);
  return q;
}

/// buy_exact_sol_in: the fees come out of what is spent, the rest buys as far as it goes.
outcome spend(const state& s, std::uint64_t budget) {
  if (!s.rounds_fees_up) return refuse(fault::invalid_instruction_data); // the 2024 program has no such instruction
  if (s.complete) return refuse(curve_complete);
  const auto total_bps = s.fees.protocol_bps + (s.creator.is_zero() ? 0 : s.fees.creator_bps);
  auto net = static_cast<std::uint64_t>(uint128{budget} * all_bps / (all_bps + total_bps));
  const auto f = fees_of(s, net);
  if (!f) return overflowed(s);
  if (const uint128 sum = uint128{net} + f->sum; sum > budget) {
    const auto excess = static_cast<std::uint64_t>(sum - budget);
    if (excess > net) return refuse(not_enough_quote_to_cover_fees);
    net -= excess;
  }
  if (net == 0) return refuse(zero_buy);
  const uint128 spent = net - 1; // one unit is kept for the program's rounding, but charged
  if (s.virtual_quote + spent == 0) return overflowed(s);
  const auto tokens = spent * s.virtual_token / (s.virtual_quote + spent);
  if (tokens == 0) return refuse(zero_buy);
  if (tokens > s.real_token) return buy(s, s.real_token); // the last tokens cost what they cost
  return bought(s, net, static_cast<std::uint64_t>(tokens));
}

} // namespace

result<state> read_curve(const_bytes account) {
  if (account.size() < curve_bytes_2024)
    return fail("pump_curve", account_errc::too_short, "a bonding curve has 49 bytes or more");
  if (load<std::uint64_t>(account, 0) != curve_tag)
    return fail("pump_curve", account_errc::wrong_kind, "the account is no bonding curve");
  state s;
  s.virtual_token = load<std::uint64_t>(account, 8);
  s.virtual_quote = load<std::uint64_t>(account, 16);
  s.real_token = load<std::uint64_t>(account, 24);
  s.real_quote = load<std::uint64_t>(account, 32);
  s.supply = load<std::uint64_t>(account, 40);
  s.complete = account[48] != 0;
  s.rounds_fees_up = account.size() >= curve_bytes_with_creator;
  if (s.rounds_fees_up) s.creator = load_address(account, 49);
  return s;
}

result<fee_rates> read_global_fees(const_bytes account) {
  if (account.size() < 113)
    return fail("pump_curve", account_errc::too_short, "a global account has 113 bytes or more");
  if (load<std::uint64_t>(account, 0) != global_tag)
    return fail("pump_curve", account_errc::wrong_kind, "the account is not the global one");
  return fee_rates{load<std::uint64_t>(account, 105), 0};
}

void write_curve(mutable_bytes account, const state& s) {
  store(account, 8, s.virtual_token);
  store(account, 16, s.virtual_quote);
  store(account, 24, s.real_token);
  store(account, 32, s.real_quote);
  store(account, 48, static_cast<std::uint8_t>(s.complete));
}

outcome quote_exact_in(const state& s, direction d, token_amount amount) {
  return d == direction::a_to_b ? sell(s, amount.value) : spend(s, amount.value);
}

outcome quote_exact_out(const state& s, direction d, token_amount amount) {
  if (d == direction::b_to_a) return buy(s, amount.value);
  // Proceeds after fees never fall with more tokens sold: the least sale is found by halving.
  if (s.complete) return refuse(curve_complete);
  std::uint64_t low = 0, high = std::numeric_limits<std::uint64_t>::max() - s.virtual_token;
  const auto enough = [&](std::uint64_t tokens) {
    const auto gross =
        static_cast<std::uint64_t>(uint128{s.virtual_quote} * tokens / (uint128{s.virtual_token} + tokens));
    const auto f = fees_of(s, gross);
    return f && f->sum <= gross && gross - f->sum >= amount.value;
  };
  if (s.virtual_token == 0 || !enough(high)) return overflowed(s);
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (enough(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return sell(s, low);
}

state apply(const state& s, direction d, const quote& q) {
  state after = s;
  if (d == direction::b_to_a) {
    after.virtual_token -= q.amount_out.value;
    after.real_token -= q.amount_out.value;
    after.virtual_quote += q.amount_in.value;
    after.real_quote += q.amount_in.value;
    after.complete = after.real_token == 0;
  } else {
    after.virtual_token += q.amount_in.value;
    after.real_token += q.amount_in.value;
    after.virtual_quote -= q.amount_out.value;
    after.real_quote -= q.amount_out.value;
  }
  return after;
}

} // namespace sett::venues::pump_curve
