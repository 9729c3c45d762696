#include "actors/venues/meteora_dbc.hpp"

namespace sett::venues::meteora_dbc {

namespace {

constexpr std::uint64_t pool_tag = 0x5c774562d105e0d5, config_tag = 0x2b81e6747b0e6c1a; // sha256("account:...")
constexpr std::size_t pool_bytes = 424, config_bytes = 1048;
constexpr std::uint64_t fee_max = 990'000'000;

struct walk {
  uint256 other{}; // what the other side gets or asks for
  uint256 left{};  // of the amount
  uint128 price{};
};

/// Goes up the curve with quote coming in, or base going out (`by_output`), at most to `stop`.
std::optional<walk> walk_up(const state& s, std::uint64_t amount, bool by_output, uint128 stop) {
  walk w{0, amount, s.price};
  for (const auto& part : s.rules.curve) {
    if (part.price == 0 || part.liquidity == 0 || w.price >= stop) break;
    const auto end = std::min(part.price, stop);
    if (end <= w.price) continue;
    const auto most = by_output ? meteora::amount_a(w.price, end, part.liquidity, rounding::down)
                                : meteora::amount_b(w.price, end, part.liquidity, rounding::up);
    auto next = std::optional{end};
    if (w.left < most) {
      const auto rest = static_cast<std::uint64_t>(w.left);
      next = by_output ? meteora::price_after_a_out(w.price, part.liquidity, rest)
                       : meteora::price_after_b_in(w.price, part.liquidity, rest);
      w.left = 0;
    } else {
      w.left -= most;
    }
    if (!next) return std::nullopt;
    w.other += by_output ? meteora::amount_b(w.price, *next, part.liquidity, rounding::up)
                         : meteora::amount_a(w.price, *next, part.liquidity, rounding::down);
    w.price = *next;
    if (w.left == 0) break;
  }
  return w;
}

/// Goes down the curve with base coming in, or quote going out; the first segment has no lower end.
std::optional<walk> walk_down(const state& s, std::uint64_t amount, bool by_output) {
  walk w{0, amount, s.price};
  const auto& curve = s.rules.curve;
  for (std::size_t i = curve.size(); i-- > 0 && w.left != 0;) {
    const bool first = i == 0;
    const auto& part = curve[i];
    const auto bottom = first ? uint128{0} : curve[i - 1].price;
    if (part.liquidity == 0 || (!first && (bottom == 0 || bottom >= w.price))) continue;
    if (!first) {
      const auto most = by_output ? meteora::amount_b(bottom, w.price, part.liquidity, rounding::down)
                                  : meteora::amount_a(bottom, w.price, part.liquidity, rounding::up);
      if (w.left >= most) {
        w.other += by_output ? meteora::amount_a(bottom, w.price, part.liquidity, rounding::up)
                             : meteora::amount_b(bottom, w.price, part.liquidity, rounding::down);
        w.left -= most;
        w.price = bottom;
        continue;
      }
    }
    const auto rest = static_cast<std::uint64_t>(w.left);
    const auto next = by_output ? meteora::price_after_b_out(w.price, part.liquidity, rest)
                                : meteora::price_after_a_in(w.price, part.liquidity, rest);
    if (!next || *next == 0) return std::nullopt;
    w.other += by_output ? meteora::amount_a(*next, w.price, part.liquidity, rounding::up)
                         : meteora::amount_b(*next, w.price, part.liquidity, rounding::down);
    w.price = *next;
    w.left = 0;
  }
  return w;
}

std::uint64_t point_of(const config& c, const chain_time& now) {
  return c.activates_by_time ? static_cast<std::uint64_t>(now.unix_time.value) : now.slot.value;
}

std::optional<std::uint64_t> total_fee(const state& s, const chain_time& now) {
  const auto& c = s.rules;
  const auto point = point_of(c, now);
  const auto elapsed = point < s.activation_point ? 0 : point - s.activation_point;
  const auto base =
      meteora::scheduled_fee(c.cliff_fee, c.exponential, c.periods, c.period_length, c.reduction, elapsed);
  const auto variable = s.dynamic.numerator();
  if (!base || !variable) return std::nullopt;
  const auto sum = checked_add<uint128>(*base, *variable);
  return sum ? std::optional{static_cast<std::uint64_t>(std::min<uint128>(*sum, fee_max))} : std::nullopt;
}

fee_split shares_of(const config& c, std::uint64_t fee, bool has_referral) {
  const auto share = [](std::uint64_t of, std::uint8_t percent) {
    return static_cast<std::uint64_t>(uint128{of} * percent / 100);
  };
  fee_split f;
  const auto protocol = share(fee, c.protocol_percent), trading = fee - protocol;
  f.referral.value = has_referral ? share(protocol, c.referral_percent) : 0;
  f.protocol.value = protocol - f.referral.value;
  f.creator.value = share(trading, c.creator_percent);
  f.fund.value = trading - f.creator.value; // the launch partner's
  return f;
}

bool fee_of_input(const state& s, direction d) { return s.rules.collects_quote_only && d == direction::b_to_a; }

std::expected<state, refusal> begun(const state& s, const chain_time& now) {
  if (s.quote_reserve >= s.rules.migration_threshold) return refuse(pool_is_completed);
  state fresh = s;
  if (!fresh.dynamic.refresh(s.price, static_cast<std::uint64_t>(now.unix_time.value))) return refuse(math_overflow);
  return fresh;
}

/// `through_in` and `through_out` are what the curve itself took and gave.
swap_outcome finished(const state& fresh, direction d, quote q, std::uint64_t through_in, std::uint64_t through_out,
                      uint128 price, const chain_time& now) {
  swap done{q, fresh};
  auto& after = done.after;
  after.price = price;
  const bool sells = d == direction::a_to_b;
  auto &in = sells ? after.base_reserve : after.quote_reserve, &out = sells ? after.quote_reserve : after.base_reserve;
  const auto more = checked_add(in, through_in), less = checked_sub(out, through_out);
  if (!more || !less) return refuse(math_overflow);
  in = *more;
  out = *less;
  const bool fee_is_base = sells == q.fee_in_input;
  const auto owe = [&](state::fees_owed& to, token_amount fee) { (fee_is_base ? to.base : to.quote) += fee.value; };
  owe(after.protocol, q.fees.protocol);
  owe(after.partner, q.fees.fund);
  owe(after.creator, q.fees.creator);
  if (!after.dynamic.accumulate(fresh.price, price, static_cast<std::uint64_t>(now.unix_time.value)))
    return refuse(math_overflow);
  const auto low = std::min(fresh.price, price), high = std::max(fresh.price, price);
  const unsigned shift = high >> 100 != 0 ? 28U : 0U;
  done.figures.impact_ppm =
      high == 0 ? 0 : static_cast<std::uint32_t>(((high - low) >> shift) * 1'000'000 / (high >> shift));
  return done;
}

swap_outcome by_input(const state& s, direction d, std::uint64_t amount, const chain_time& now, bool has_referral,
                      bool may_stop) {
  const auto fresh = begun(s, now);
  if (!fresh) return std::unexpected(fresh.error());
  if (amount == 0) return refuse(amount_is_zero);
  const auto numerator = total_fee(*fresh, now);
  if (!numerator) return refuse(math_overflow);

  quote q;
  q.fee_in_input = q.creator_fee_in_input = fee_of_input(s, d);
  std::uint64_t fee = q.fee_in_input ? meteora::fee_of(amount, *numerator) : 0;
  auto net = amount - fee;
  const auto w = d == direction::a_to_b ? walk_down(*fresh, net, false)
                                        : walk_up(*fresh, net, false, may_stop ? s.rules.migration_price : uint128_max);
  if (!w) return refuse(math_overflow);
  auto used = amount;
  if (w->left != 0) {
    if (!may_stop) return refuse(amount_left_is_not_zero);
    net -= static_cast<std::uint64_t>(w->left);
    used = net;
    if (q.fee_in_input) {
      const auto whole = meteora::before_fee(net, *numerator);
      if (!whole) return refuse(math_overflow);
      used = *whole;
      fee = used - net;
    }
  }
  if (used == 0) return refuse(amount_is_zero);
  const auto through = meteora::narrow_64(w->other);
  if (!through) return refuse(math_overflow);
  if (!q.fee_in_input) fee = meteora::fee_of(*through, *numerator);
  q.fees = shares_of(s.rules, fee, has_referral);
  q.gave.value = q.amount_in.value = used;
  q.amount_out.value = q.got.value = q.fee_in_input ? *through : *through - fee;
  return finished(*fresh, d, q, net, *through, w->price, now);
}

} // namespace

result<config> read_config(const_bytes account) {
  if (account.size() < config_bytes) return fail("meteora_dbc", account_errc::too_short, "a config has 1048 bytes");
  if (load<std::uint64_t>(account, 0) != config_tag)
    return fail("meteora_dbc", account_errc::wrong_kind, "the account is no config");
  const auto bad = [](const char* why) { return fail("meteora_dbc", account_errc::bad_field, why); };
  config c;
  c.cliff_fee = load<std::uint64_t>(account, 104);
  c.period_length = load<std::uint64_t>(account, 112);
  c.reduction = load<std::uint64_t>(account, 120);
  c.periods = load<std::uint16_t>(account, 128);
  if (account[130] > 1) return bad("the base fee's mode is not quoted");
  c.exponential = account[130] == 1;
  auto& v = c.dynamic;
  v.enabled = account[136] != 0;
  v.max_accumulator = load<std::uint32_t>(account, 144);
  v.control = load<std::uint32_t>(account, 148);
  v.bin_step = load<std::uint16_t>(account, 152);
  v.filter_period = load<std::uint16_t>(account, 154);
  v.decay_period = load<std::uint16_t>(account, 156);
  v.reduction_bps = load<std::uint16_t>(account, 158);
  v.bin_step_wide = load<uint128>(account, 168);
  c.protocol_percent = account[230];
  c.referral_percent = account[231];
  if (account[232] > 1) return bad("the way fees are collected is not quoted");
  c.collects_quote_only = account[232] == 0;
  c.activates_by_time = account[234] == 1;
  c.creator_percent = account[245];
  c.migration_threshold = load<std::uint64_t>(account, 264);
  c.migration_price = load<uint128>(account, 280);
  for (std::size_t i = 0; i < c.curve.size(); ++i)
    c.curve[i] = {load<uint128>(account, 408 + i * 32), load<uint128>(account, 424 + i * 32)};
  if (c.cliff_fee >= meteora::fee_denominator || c.protocol_percent > 100 || c.referral_percent > 100 ||
      c.creator_percent > 100)
    return bad("a fee is over 100 %");
  return c;
}

result<state> read_pool(const_bytes account, const config& rules) {
  if (account.size() < pool_bytes) return fail("meteora_dbc", account_errc::too_short, "a pool has 424 bytes");
  if (load<std::uint64_t>(account, 0) != pool_tag)
    return fail("meteora_dbc", account_errc::wrong_kind, "the account is no pool");
  const auto field = [&](std::size_t at) { return load<std::uint64_t>(account, at); };
  state s;
  s.rules = rules;
  s.dynamic = rules.dynamic;
  s.dynamic.last_update = field(8);
  s.dynamic.price_reference = load<uint128>(account, 24);
  s.dynamic.accumulator = load<uint128>(account, 40);
  s.dynamic.reference = load<uint128>(account, 56);
  s.base_reserve = field(232);
  s.quote_reserve = field(240);
  s.protocol = {field(248), field(256)};
  s.partner = {field(264), field(272)};
  s.creator = {field(352), field(360)};
  s.price = load<uint128>(account, 280);
  s.activation_point = field(296);
  if (s.price == 0 || s.dynamic.accumulator >> 64 != 0 || s.dynamic.reference >> 64 != 0)
    return fail("meteora_dbc", account_errc::bad_field, "the price or volatility is impossible");
  return s;
}

void write_pool(mutable_bytes account, const state& s) {
  store(account, 8, s.dynamic.last_update);
  store(account, 24, s.dynamic.price_reference);
  store(account, 40, s.dynamic.accumulator);
  store(account, 56, s.dynamic.reference);
  store(account, 232, s.base_reserve);
  store(account, 240, s.quote_reserve);
  store(account, 248, s.protocol.base);
  store(account, 256, s.protocol.quote);
  store(account, 264, s.partner.base);
  store(account, 272, s.partner.quote);
  store(account, 352, s.creator.base);
  store(account, 360, s.creator.quote);
  store(account, 280, s.price);
}

swap_outcome swap_exact_in(const state& s, direction d, token_amount amount, const chain_time& now, bool has_referral) {
  return by_input(s, d, amount.value, now, has_referral, false);
}
swap_outcome swap_partial_fill(const state& s, direction d, token_amount amount, const chain_time& now,
                               bool has_referral) {
  return by_input(s, d, amount.value, now, has_referral, true);
}

swap_outcome swap_exact_out(const state& s, direction d, token_amount amount, const chain_time& now,
                            bool has_referral) {
  const auto fresh = begun(s, now);
  if (!fresh) return std::unexpected(fresh.error());
  if (amount.value == 0) return refuse(amount_is_zero);
  const auto numerator = total_fee(*fresh, now);
  if (!numerator) return refuse(math_overflow);

  quote q;
  q.fee_in_input = q.creator_fee_in_input = fee_of_input(s, d);
  auto through_out = std::optional{amount.value};
  if (!q.fee_in_input) through_out = meteora::before_fee(amount.value, *numerator);
  if (!through_out) return refuse(math_overflow);
  const auto w =
      d == direction::a_to_b ? walk_down(*fresh, *through_out, true) : walk_up(*fresh, *through_out, true, uint128_max);
  if (!w) return refuse(math_overflow);
  if (w->left != 0) return refuse(amount_left_is_not_zero);
  const auto through_in = meteora::narrow_64(w->other);
  if (!through_in) return refuse(math_overflow);
  const auto in = q.fee_in_input ? meteora::before_fee(*through_in, *numerator) : through_in;
  if (!in) return refuse(math_overflow);
  q.fees = shares_of(s.rules, q.fee_in_input ? *in - *through_in : *through_out - amount.value, has_referral);
  q.gave.value = q.amount_in.value = *in;
  q.amount_out = q.got = amount;
  return finished(*fresh, d, q, *through_in, *through_out, w->price, now);
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

} // namespace sett::venues::meteora_dbc
