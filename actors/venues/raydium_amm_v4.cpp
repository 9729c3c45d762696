#include "actors/venues/raydium_amm_v4.hpp"

#include "actors/venues/integer.hpp"

namespace sett::venues::raydium_amm_v4 {

namespace {

constexpr std::size_t amm_info_bytes = 752, open_orders_bytes = 109;

struct reserves {
  std::uint64_t in{}, out{};
};

std::expected<void, refusal> may_swap(const state& s, const chain_time& now) {
  const auto unix_time = static_cast<std::uint64_t>(now.unix_time.value);
  switch (s.phase) {
  case status::initialized:
  case status::swap_only:
    return {};
  case status::order_book_only:
    if (unix_time >= s.order_book_to_init_time) return {};
    break;
  case status::waiting_trade:
    if (unix_time >= s.pool_open_time) return {};
    break;
  default:
    break;
  }
  return refuse(invalid_status);
}

std::expected<std::uint64_t, refusal> reserve(std::uint64_t vault, std::uint64_t in_orders, std::uint64_t owed) {
  const auto all = checked_add(vault, in_orders);
  if (!all) return refuse(checked_add_overflow);
  const auto ours = checked_sub(*all, owed);
  if (!ours) return refuse(checked_sub_overflow);
  return *ours;
}

std::expected<reserves, refusal> reserves_of(const state& s, direction d) {
  const bool book = uses_order_book(s);
  const auto a = reserve(s.vault_a, book ? s.open_orders_a : 0, s.owed_a);
  if (!a) return std::unexpected(a.error());
  const auto b = reserve(s.vault_b, book ? s.open_orders_b : 0, s.owed_b);
  if (!b) return std::unexpected(b.error());
  return d == direction::a_to_b ? reserves{*a, *b} : reserves{*b, *a};
}

quote made(const reserves& r, std::uint64_t in, std::uint64_t fee, std::uint64_t out) {
  quote q;
  q.gave.value = q.amount_in.value = in;
  q.amount_out.value = q.got.value = out;
  q.fees.liquidity.value = fee;
  q.impact_ppm = impact_of(r.in, r.out, in - fee, out);
  return q;
}

} // namespace

result<state> read_amm_info(const_bytes account) {
  if (account.size() < amm_info_bytes) return fail("raydium_amm_v4", account_errc::too_short, "AmmInfo has 752 bytes");
  const auto field = [&](std::size_t at) { return load<std::uint64_t>(account, at); };
  if (field(0) > static_cast<std::uint64_t>(status::waiting_trade))
    return fail("raydium_amm_v4", account_errc::bad_field, "the status is unknown");
  state s;
  s.phase = static_cast<status>(field(0));
  s.fee_numerator = field(176);
  s.fee_denominator = field(184);
  s.owed_a = field(192);
  s.owed_b = field(200);
  s.pool_open_time = field(224);
  s.order_book_to_init_time = field(248);
  if (s.fee_numerator >= s.fee_denominator)
    return fail("raydium_amm_v4", account_errc::bad_field, "the fee is 100 % or more");
  return s;
}

bool uses_order_book(const state& s) { return s.phase == status::initialized || s.phase == status::order_book_only; }

result<void> read_open_orders(const_bytes account, state& s) {
  if (account.size() < open_orders_bytes)
    return fail("raydium_amm_v4", account_errc::too_short, "OpenOrders has 109 bytes or more");
  // Serum: "serum", flags, market, owner, then free and total of both sides (serum-dex state.rs, 2021).
  if (std::memcmp(account.data(), "serum", 5) != 0)
    return fail("raydium_amm_v4", account_errc::wrong_kind, "the account is no OpenOrders");
  s.open_orders_a = load<std::uint64_t>(account, 85);
  s.open_orders_b = load<std::uint64_t>(account, 101);
  return {};
}

outcome quote_exact_in(const state& s, direction d, token_amount amount, const chain_time& now) {
  if (const auto may = may_swap(s, now); !may) return std::unexpected(may.error());
  const auto r = reserves_of(s, d);
  if (!r) return std::unexpected(r.error());
  const auto fee =
      static_cast<std::uint64_t>(spl_ceil_divide(uint128{amount.value} * s.fee_numerator, s.fee_denominator));
  const auto net = uint128{amount.value} - fee;
  if (uint128{r->in} + net == 0) return refuse(fault::program_failed_to_complete);
  const auto out = static_cast<std::uint64_t>(net * r->out / (uint128{r->in} + net));
  if (out == 0 || amount.value == 0) return refuse(invalid_input);
  if (out >= r->out) return refuse(insufficient_funds);
  return made(*r, amount.value, fee, out);
}

outcome quote_exact_out(const state& s, direction d, token_amount amount, const chain_time& now) {
  if (const auto may = may_swap(s, now); !may) return std::unexpected(may.error());
  const auto r = reserves_of(s, d);
  if (!r) return std::unexpected(r.error());
  if (amount.value >= r->out) return refuse(fault::program_failed_to_complete);
  const auto net = spl_ceil_divide(uint128{r->in} * amount.value, r->out - amount.value);
  const auto scaled = checked_mul<uint128>(net, s.fee_denominator);
  if (!scaled) return refuse(fault::program_failed_to_complete);
  const auto in = narrow<std::uint64_t>(spl_ceil_divide(*scaled, s.fee_denominator - s.fee_numerator));
  if (!in) return refuse(fault::program_failed_to_complete);
  if (*in == 0 || amount.value == 0) return refuse(invalid_input);
  return made(*r, *in, *in - static_cast<std::uint64_t>(std::min<uint128>(net, *in)), amount.value);
}

state apply(const state& s, direction d, const quote& q) {
  state after = s;
  if (s.phase == status::order_book_only) after.phase = status::initialized;
  if (s.phase == status::waiting_trade) after.phase = status::swap_only;
  auto& in = d == direction::a_to_b ? after.vault_a : after.vault_b;
  auto& out = d == direction::a_to_b ? after.vault_b : after.vault_a;
  in += q.amount_in.value;
  out -= q.amount_out.value;
  return after;
}

} // namespace sett::venues::raydium_amm_v4
