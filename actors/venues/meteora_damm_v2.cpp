#include "actors/venues/meteora_damm_v2.hpp"

namespace sett::venues::meteora_damm_v2 {

namespace {

constexpr std::uint64_t pool_tag = 0xbc6db111046d9af1; // sha256("account:Pool"), little-endian
constexpr std::size_t pool_bytes = 1112;

std::optional<std::uint64_t> base_fee(const state& s, const chain_time& now) {
  const auto point = s.activates_by_time ? static_cast<std::uint64_t>(now.unix_time.value) : now.slot.value;
  return meteora::scheduled_fee(s.cliff_fee, s.mode == base_fee_mode::exponential, s.periods, s.period_length,
                                s.reduction, point - s.activation_point);
}

std::optional<std::uint64_t> total_fee(const state& s, const chain_time& now) {
  const auto base = base_fee(s, now);
  const auto variable = s.dynamic.numerator();
  if (!base || !variable) return std::nullopt;
  const auto sum = checked_add<uint128>(*base, *variable);
  if (!sum) return std::nullopt;
  return static_cast<std::uint64_t>(std::min<uint128>(*sum, s.fee_max));
}

struct split {
  std::uint64_t rest{}; // the amount without the fee, or with it
  fee_split fees;
};

fee_split shares_of(const state& s, std::uint64_t fee, bool has_referral) {
  fee_split f;
  const auto protocol = static_cast<std::uint64_t>(uint128{fee} * s.protocol_percent / 100);
  f.liquidity.value = fee - protocol;
  f.referral.value = has_referral ? static_cast<std::uint64_t>(uint128{protocol} * s.referral_percent / 100) : 0;
  f.protocol.value = protocol - f.referral.value;
  return f;
}

/// Takes the fee out of `amount`.
split without_fee(const state& s, std::uint64_t amount, std::uint64_t numerator, bool has_referral) {
  const auto fee = meteora::fee_of(amount, numerator);
  return {amount - fee, shares_of(s, fee, has_referral)};
}

/// What must be taken so that `amount` is left.
std::expected<split, refusal> with_fee(const state& s, std::uint64_t amount, std::uint64_t numerator,
                                       bool has_referral) {
  const auto all = meteora::before_fee(amount, numerator);
  if (!all) return refuse(math_overflow);
  if (without_fee(s, *all, numerator, false).rest < amount) return refuse(fee_inverse_is_incorrect);
  return split{*all, shares_of(s, *all - amount, has_referral)};
}

struct move {
  std::uint64_t amount{}; // of the other side
  std::uint64_t left{};   // of the input, not used
  uint128 price{};
};

std::expected<move, refusal> move_by_input(const state& s, direction d, std::uint64_t in, bool may_stop) {
  const bool a_in = d == direction::a_to_b;
  move m;
  if (may_stop) {
    const auto end = a_in ? s.price_min : s.price_max;
    const auto most = a_in ? meteora::amount_a(end, s.price, s.liquidity, rounding::up)
                           : meteora::amount_b(s.price, end, s.liquidity, rounding::up);
    if (uint256{in} >= most) {
      m.price = end;
      m.left = in - static_cast<std::uint64_t>(most);
    }
  }
  if (m.price == 0) {
    const auto next = a_in ? meteora::price_after_a_in(s.price, s.liquidity, in)
                           : meteora::price_after_b_in(s.price, s.liquidity, in);
    if (!next) return refuse(math_overflow);
    if (a_in ? *next < s.price_min : *next > s.price_max) return refuse(price_range_violation);
    m.price = *next;
  }
  const auto out = meteora::narrow_64(a_in ? meteora::amount_b(m.price, s.price, s.liquidity, rounding::down)
                                           : meteora::amount_a(s.price, m.price, s.liquidity, rounding::down));
  if (!out) return refuse(math_overflow);
  m.amount = *out;
  return m;
}

std::expected<move, refusal> move_by_output(const state& s, direction d, std::uint64_t out) {
  const bool a_in = d == direction::a_to_b;
  const auto next = a_in ? meteora::price_after_b_out(s.price, s.liquidity, out)
                         : meteora::price_after_a_out(s.price, s.liquidity, out);
  if (!next) return refuse(math_overflow);
  if (a_in ? *next < s.price_min : *next > s.price_max) return refuse(price_range_violation);
  const auto in = meteora::narrow_64(a_in ? meteora::amount_a(*next, s.price, s.liquidity, rounding::up)
                                          : meteora::amount_b(s.price, *next, s.liquidity, rounding::up));
  if (!in) return refuse(math_overflow);
  return move{*in, 0, *next};
}

/// The pool with its volatility references refreshed, as each swap begins.
std::expected<state, refusal> begun(const state& s, const chain_time& now) {
  const auto point = s.activates_by_time ? static_cast<std::uint64_t>(now.unix_time.value) : now.slot.value;
  if (s.disabled || point < s.activation_point) return refuse(pool_disabled);
  state fresh = s;
  if (!fresh.dynamic.refresh(s.price, static_cast<std::uint64_t>(now.unix_time.value))) return refuse(math_overflow);
  return fresh;
}

bool fee_of_input(const state& s, direction d) { return s.collects_b_only && d == direction::b_to_a; }

std::uint32_t price_impact(uint128 before, uint128 after) {
  // Half the way of the price is the mean price of the swap: the square-root prices' ratio is what the trader lost.
  const auto low = std::min(before, after), high = std::max(before, after);
  if (high == 0) return 0;
  const unsigned shift = high >> 100 != 0 ? 28U : 0U;
  return static_cast<std::uint32_t>(((high - low) >> shift) * 1'000'000 / (high >> shift));
}

swap_outcome finished(const state& fresh, direction d, const quote& q, uint128 price, const chain_time& now) {
  swap done{q, fresh};
  done.after.price = price;
  if (!done.after.dynamic.accumulate(fresh.price, price, static_cast<std::uint64_t>(now.unix_time.value)))
    return refuse(math_overflow);
  const bool fee_is_a = (d == direction::a_to_b) == q.fee_in_input;
  (fee_is_a ? done.after.protocol_fee_a : done.after.protocol_fee_b) += q.fees.protocol.value;
  done.figures.impact_ppm = price_impact(fresh.price, price);
  return done;
}

const transfer_fee& fee_in(const state& s, direction d, const chain_time& now) {
  return (d == direction::a_to_b ? s.fees_a : s.fees_b).at(now.epoch);
}
const transfer_fee& fee_out(const state& s, direction d, const chain_time& now) {
  return (d == direction::a_to_b ? s.fees_b : s.fees_a).at(now.epoch);
}

swap_outcome by_input(const state& s, direction d, token_amount amount, const chain_time& now, bool has_referral,
                      bool may_stop) {
  const auto fresh = begun(s, now);
  if (!fresh) return std::unexpected(fresh.error());
  const auto arrived = amount.value - fee_in(s, d, now).of(amount.value);
  if (arrived == 0) return refuse(amount_is_zero);
  const auto numerator = total_fee(*fresh, now);
  if (!numerator) return refuse(math_overflow);

  quote q;
  q.fee_in_input = q.creator_fee_in_input = fee_of_input(s, d);
  auto net = arrived;
  if (q.fee_in_input) {
    const auto taken = without_fee(s, arrived, *numerator, has_referral);
    net = taken.rest;
    q.fees = taken.fees;
  }
  const auto m = move_by_input(*fresh, d, net, may_stop);
  if (!m) return std::unexpected(m.error());
  auto used = arrived;
  if (m->left > 0) {
    used = net - m->left;
    if (q.fee_in_input) {
      const auto whole = with_fee(s, used, *numerator, has_referral);
      if (!whole) return std::unexpected(whole.error());
      used = whole->rest;
      q.fees = whole->fees;
    }
  }
  if (used == 0) return refuse(amount_is_zero);
  auto out = m->amount;
  if (!q.fee_in_input) {
    const auto taken = without_fee(s, out, *numerator, has_referral);
    out = taken.rest;
    q.fees = taken.fees;
  }
  if (used == arrived) {
    q.gave = amount;
  } else {
    const auto withheld = fee_in(s, d, now).on_top_of(used);
    const auto gave = withheld ? checked_add(used, *withheld) : std::nullopt;
    if (!gave) return refuse(math_overflow);
    q.gave.value = *gave;
  }
  q.amount_in.value = used;
  q.withheld_in.value = q.gave.value - used;
  q.amount_out.value = out;
  q.withheld_out.value = fee_out(s, d, now).of(out);
  q.got.value = out - q.withheld_out.value;
  return finished(*fresh, d, q, m->price, now);
}

} // namespace

result<state> read_pool(const_bytes account) {
  if (account.size() < pool_bytes) return fail("meteora_damm_v2", account_errc::too_short, "a pool has 1112 bytes");
  if (load<std::uint64_t>(account, 0) != pool_tag)
    return fail("meteora_damm_v2", account_errc::wrong_kind, "the account is no pool");
  const auto bad = [](const char* why) { return fail("meteora_damm_v2", account_errc::bad_field, why); };
  state s;
  s.cliff_fee = load<std::uint64_t>(account, 8);
  if (account[16] > 1) return bad("the base fee's mode is not quoted");
  s.mode = static_cast<base_fee_mode>(account[16]);
  s.periods = load<std::uint16_t>(account, 22);
  s.period_length = load<std::uint64_t>(account, 24);
  s.reduction = load<std::uint64_t>(account, 32);
  s.protocol_percent = account[48];
  s.referral_percent = account[50];
  auto& v = s.dynamic;
  v.enabled = account[56] != 0;
  v.max_accumulator = load<std::uint32_t>(account, 64);
  v.control = load<std::uint32_t>(account, 68);
  v.bin_step = load<std::uint16_t>(account, 72);
  v.filter_period = load<std::uint16_t>(account, 74);
  v.decay_period = load<std::uint16_t>(account, 76);
  v.reduction_bps = load<std::uint16_t>(account, 78);
  v.last_update = load<std::uint64_t>(account, 80);
  v.bin_step_wide = load<uint128>(account, 88);
  v.price_reference = load<uint128>(account, 104);
  v.accumulator = load<uint128>(account, 120);
  v.reference = load<uint128>(account, 136);
  s.liquidity = load<uint128>(account, 360);
  s.protocol_fee_a = load<std::uint64_t>(account, 392);
  s.protocol_fee_b = load<std::uint64_t>(account, 400);
  s.price_min = load<uint128>(account, 424);
  s.price_max = load<uint128>(account, 440);
  s.price = load<uint128>(account, 456);
  s.activation_point = load<std::uint64_t>(account, 472);
  s.activates_by_time = account[480] == 1;
  s.disabled = account[481] != 0;
  if (account[484] > 1) return bad("the way fees are collected is not quoted");
  s.collects_b_only = account[484] == 1;
  s.fee_max = account[486] == 0 ? 500'000'000 : 990'000'000; // by the pool's fee version
  if (s.cliff_fee >= meteora::fee_denominator || s.protocol_percent > 100 || s.referral_percent > 100)
    return bad("a fee is over 100 %");
  if (v.accumulator >> 64 != 0 || v.reference >> 64 != 0) return bad("the volatility is impossible");
  if (s.price_min == 0 || s.price < s.price_min || s.price > s.price_max) return bad("the price is out of its range");
  return s;
}

void write_pool(mutable_bytes account, const state& s) {
  store(account, 80, s.dynamic.last_update);
  store(account, 104, s.dynamic.price_reference);
  store(account, 120, s.dynamic.accumulator);
  store(account, 136, s.dynamic.reference);
  store(account, 392, s.protocol_fee_a);
  store(account, 400, s.protocol_fee_b);
  store(account, 456, s.price);
}

swap_outcome swap_exact_in(const state& s, direction d, token_amount amount, const chain_time& now, bool has_referral) {
  return by_input(s, d, amount, now, has_referral, false);
}

swap_outcome swap_partial_fill(const state& s, direction d, token_amount amount, const chain_time& now,
                               bool has_referral) {
  return by_input(s, d, amount, now, has_referral, true);
}

swap_outcome swap_exact_out(const state& s, direction d, token_amount amount, const chain_time& now,
                            bool has_referral) {
  const auto fresh = begun(s, now);
  if (!fresh) return std::unexpected(fresh.error());
  const auto withheld_out = fee_out(s, d, now).on_top_of(amount.value);
  const auto out = withheld_out ? checked_add(amount.value, *withheld_out) : std::nullopt;
  if (!out) return refuse(math_overflow);
  if (*out == 0) return refuse(amount_is_zero);
  const auto numerator = total_fee(*fresh, now);
  if (!numerator) return refuse(math_overflow);

  quote q;
  q.fee_in_input = q.creator_fee_in_input = fee_of_input(s, d);
  auto through = *out;
  if (!q.fee_in_input) {
    const auto whole = with_fee(s, *out, *numerator, has_referral);
    if (!whole) return std::unexpected(whole.error());
    through = whole->rest;
    q.fees = whole->fees;
  }
  const auto m = move_by_output(*fresh, d, through);
  if (!m) return std::unexpected(m.error());
  auto in = m->amount;
  if (q.fee_in_input) {
    const auto whole = with_fee(s, in, *numerator, has_referral);
    if (!whole) return std::unexpected(whole.error());
    in = whole->rest;
    q.fees = whole->fees;
  }
  const auto withheld_in = fee_in(s, d, now).on_top_of(in);
  const auto gave = withheld_in ? checked_add(in, *withheld_in) : std::nullopt;
  if (!gave) return refuse(math_overflow);
  q.gave.value = *gave;
  q.amount_in.value = in;
  q.withheld_in.value = *withheld_in;
  q.amount_out.value = *out;
  q.withheld_out.value = *withheld_out;
  q.got.value = *out - *withheld_out;
  return finished(*fresh, d, q, m->price, now);
}

outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now) {
  const auto done = swap_exact_in(s, d, amount, now);
  if (!done) return std::unexpected(done.error());
  return done->figures;
}

outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now) {
  const auto done = swap_exact_out(s, d, amount, now);
  if (!done) return std::unexpected(done.error());
  return done->figures;
}

} // namespace sett::venues::meteora_damm_v2
