#include "actors/venues/raydium_cpmm.hpp"

#include "actors/venues/integer.hpp"

namespace sett::venues::raydium_cpmm {

namespace {

constexpr std::uint64_t million = 1'000'000;
// sha256("account:PoolState"), sha256("account:AmmConfig"): the first eight bytes, little-endian.
constexpr std::uint64_t pool_tag = 0x46dec3d7f5e3edf7, config_tag = 0x6f2bcbcb6821f4da;
constexpr std::size_t pool_bytes = 637, config_bytes = 236;
constexpr std::uint8_t swaps_disabled = 1U << 2;

/// A panic of the program: overflow, or an unwrapped nothing.
std::unexpected<refusal> panic() { return refuse(fault::program_failed_to_complete); }

struct both_sides {
  const pool_side &in, &out;
  std::uint64_t reserve_in{}, reserve_out{};
  bool creator_of_input{};
  std::uint64_t creator_rate{};
};

std::optional<std::uint64_t> reserve_of(const pool_side& side) {
  const auto aside = uint128{side.protocol_fee} + side.fund_fee + side.creator_fee;
  if (aside > side.vault) return std::nullopt;
  return static_cast<std::uint64_t>(side.vault - aside);
}

std::expected<both_sides, refusal> sides_of(const state& s, direction d, const chain_time& now) {
  if ((s.disabled & swaps_disabled) != 0 || static_cast<std::uint64_t>(now.unix_time.value) < s.open_time)
    return refuse(not_approved);
  const bool forward = d == direction::a_to_b;
  const auto &in = forward ? s.a : s.b, &out = forward ? s.b : s.a;
  const auto reserve_in = reserve_of(in), reserve_out = reserve_of(out);
  if (!reserve_in || !reserve_out) return panic();
  const bool of_input =
      s.creator_side == creator_fee_side::both || (s.creator_side == creator_fee_side::only_a) == forward;
  return both_sides{in, out, *reserve_in, *reserve_out, of_input, s.pays_creator ? s.rate.creator : 0};
}

uint128 part(uint128 amount, std::uint64_t rate, rounding r) { return divide(amount * rate, million, r); }

quote made(const state& s, const both_sides& b, std::uint64_t trade_fee, std::uint64_t creator_fee,
           std::uint64_t amount_in, std::uint64_t swapped_in, std::uint64_t swapped_out) {
  quote q;
  q.amount_in.value = amount_in;
  q.fees.protocol.value = static_cast<std::uint64_t>(part(trade_fee, s.rate.protocol, rounding::down));
  q.fees.fund.value = static_cast<std::uint64_t>(part(trade_fee, s.rate.fund, rounding::down));
  q.fees.liquidity.value = trade_fee - q.fees.protocol.value - q.fees.fund.value;
  q.fees.creator.value = creator_fee;
  q.creator_fee_in_input = b.creator_of_input;
  q.impact_ppm = impact_of(b.reserve_in, b.reserve_out, swapped_in, swapped_out);
  return q;
}

/// The program's own check after the curve: k did not fall.
bool k_holds(const both_sides& b, uint128 swapped_in, uint128 swapped_out) {
  return (b.reserve_in + swapped_in) * (b.reserve_out - swapped_out) >= uint128{b.reserve_in} * b.reserve_out;
}

} // namespace

result<state> read_pool(const_bytes account) {
  if (account.size() < pool_bytes) return fail("raydium_cpmm", account_errc::too_short, "PoolState has 637 bytes");
  if (load<std::uint64_t>(account, 0) != pool_tag)
    return fail("raydium_cpmm", account_errc::wrong_kind, "the account is no PoolState");
  const auto field = [&](std::size_t at) { return load<std::uint64_t>(account, at); };
  state s;
  s.disabled = account[329];
  s.a.protocol_fee = field(341);
  s.b.protocol_fee = field(349);
  s.a.fund_fee = field(357);
  s.b.fund_fee = field(365);
  s.open_time = field(373);
  if (account[389] > 2) return fail("raydium_cpmm", account_errc::bad_field, "creator_fee_on is unknown");
  s.creator_side = static_cast<creator_fee_side>(account[389]);
  s.pays_creator = account[390] != 0;
  s.a.creator_fee = field(397);
  s.b.creator_fee = field(405);
  return s;
}

result<rates> read_config(const_bytes account) {
  if (account.size() < config_bytes) return fail("raydium_cpmm", account_errc::too_short, "AmmConfig has 236 bytes");
  if (load<std::uint64_t>(account, 0) != config_tag)
    return fail("raydium_cpmm", account_errc::wrong_kind, "the account is no AmmConfig");
  const auto field = [&](std::size_t at) { return load<std::uint64_t>(account, at); };
  const rates r{field(12), field(20), field(28), field(108)};
  if (r.trade >= million || r.creator >= million || r.trade + r.creator >= million || r.protocol > million ||
      r.fund > million || r.protocol + r.fund > million)
    return fail("raydium_cpmm", account_errc::bad_field, "a fee rate is 100 % or more");
  return r;
}

void write_pool(mutable_bytes account, const state& s) {
  store(account, 341, s.a.protocol_fee);
  store(account, 349, s.b.protocol_fee);
  store(account, 357, s.a.fund_fee);
  store(account, 365, s.b.fund_fee);
  store(account, 397, s.a.creator_fee);
  store(account, 405, s.b.creator_fee);
}

outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now) {
  const auto b = sides_of(s, d, now);
  if (!b) return std::unexpected(b.error());
  const auto withheld_in = b->in.fees.at(now.epoch).of(amount.value);
  const auto arrived = amount.value - withheld_in;
  if (arrived == 0) return refuse(require_gt_violated);
  const auto trade_fee = static_cast<std::uint64_t>(part(arrived, s.rate.trade, rounding::up));
  auto creator_fee = b->creator_of_input ? static_cast<std::uint64_t>(part(arrived, b->creator_rate, rounding::up)) : 0;
  if (uint128{trade_fee} + creator_fee > arrived) return refuse(zero_trading_tokens);
  const uint128 net = arrived - trade_fee - creator_fee;
  if (b->reserve_in + net == 0) return refuse(zero_trading_tokens);
  const auto swapped = static_cast<std::uint64_t>(net * b->reserve_out / (b->reserve_in + net));
  if (!b->creator_of_input) creator_fee = static_cast<std::uint64_t>(part(swapped, b->creator_rate, rounding::up));
  if (!k_holds(*b, net, swapped)) return refuse(require_gte_violated);
  const auto out = swapped - std::min(swapped, b->creator_of_input ? 0 : creator_fee);
  const auto withheld_out = b->out.fees.at(now.epoch).of(out);
  if (out == withheld_out) return refuse(require_gt_violated);

  auto q = made(s, *b, trade_fee, creator_fee, arrived, static_cast<std::uint64_t>(net), swapped);
  q.gave = amount;
  q.withheld_in.value = withheld_in;
  q.amount_out.value = out;
  q.withheld_out.value = withheld_out;
  q.got.value = out - withheld_out;
  return q;
}

outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now) {
  const auto b = sides_of(s, d, now);
  if (!b) return std::unexpected(b.error());
  if (amount.value == 0 && b->out.is_token_2022) return refuse(invalid_input);
  const auto withheld_out = b->out.fees.at(now.epoch).on_top_of(amount.value);
  const auto out = withheld_out ? checked_add(amount.value, *withheld_out) : std::nullopt;
  if (!out) return panic();
  uint128 swapped = *out;
  if (!b->creator_of_input && b->creator_rate != 0)
    swapped = divide(uint128{*out} * million, million - b->creator_rate, rounding::up);
  if (swapped >= b->reserve_out) return panic();
  const auto net = spl_ceil_divide(b->reserve_in * swapped, b->reserve_out - swapped);

  const auto rate = s.rate.trade + (b->creator_of_input ? b->creator_rate : 0);
  const auto scaled = checked_mul<uint128>(net, million);
  if (!scaled) return panic();
  const auto in = narrow<std::uint64_t>(rate == 0 ? net : divide(*scaled, million - rate, rounding::up));
  if (!in) return panic();
  // One sum covers both fees of the input; the creator's share of it is a floor.
  const auto all_fees = static_cast<std::uint64_t>(*in - net);
  const auto creator_fee =
      b->creator_of_input ? (rate == 0 ? 0 : static_cast<std::uint64_t>(uint128{all_fees} * b->creator_rate / rate))
                          : static_cast<std::uint64_t>(swapped - *out);
  const auto trade_fee = all_fees - (b->creator_of_input ? creator_fee : 0);
  if (!k_holds(*b, net, swapped)) return refuse(require_gte_violated);
  if (*in == 0) return refuse(require_gt_violated);
  const auto withheld_in = b->in.fees.at(now.epoch).on_top_of(*in);
  const auto gave = withheld_in ? checked_add(*in, *withheld_in) : std::nullopt;
  if (!gave) return panic();

  auto q = made(s, *b, trade_fee, creator_fee, *gave - b->in.fees.at(now.epoch).of(*gave),
                static_cast<std::uint64_t>(net), static_cast<std::uint64_t>(swapped));
  q.gave.value = *gave;
  q.withheld_in.value = *gave - q.amount_in.value;
  q.amount_out.value = *out;
  q.withheld_out.value = b->out.fees.at(now.epoch).of(*out);
  q.got.value = *out - q.withheld_out.value;
  return q;
}

state apply(const state& s, direction d, const quote& q) {
  state after = s;
  auto& in = d == direction::a_to_b ? after.a : after.b;
  auto& out = d == direction::a_to_b ? after.b : after.a;
  in.vault += q.amount_in.value;
  out.vault -= q.amount_out.value;
  in.protocol_fee += q.fees.protocol.value;
  in.fund_fee += q.fees.fund.value;
  (q.creator_fee_in_input ? in : out).creator_fee += q.fees.creator.value;
  return after;
}

} // namespace sett::venues::raydium_cpmm
