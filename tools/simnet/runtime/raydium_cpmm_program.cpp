// Raydium's constant product program as of late 2024 (before creator fees): swap_base_input and swap_base_output, with
// Token-2022 transfer fees on either side. Layouts from its IDL; the order of checks, roundings and error numbers from
// recorded executions. Pools are made by whoever founds the chain: initialize, deposit and withdraw are left out.
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/anchor.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <algorithm>

namespace sett::simnet {

namespace {

enum : std::uint32_t {
  not_approved = 6000,
  invalid_input = 6003,
  exceeded_slippage = 6005,
  require_gt = 2505,
  require_gte = 2506
};

constexpr std::uint64_t swap_base_input_tag = 0x8fbe5adac41e33de, swap_base_output_tag = 0x37d96256a34ab4ad;
constexpr std::uint64_t pool_tag = 0xf7ede3f5d7c3de46, config_tag = 0xdaf42168cbcb2b6f,
                        observation_tag = 0x7aaec5358109a584;
constexpr std::uint64_t rate_denominator = 1'000'000;
constexpr std::size_t config_trade_rate = 12, config_protocol_rate = 20, config_fund_rate = 28;
constexpr std::size_t pool_config = 8, pool_vault = 72, pool_observation = 296, pool_status = 329,
                      pool_protocol_fee = 341, pool_fund_fee = 357, pool_open_time = 373, pool_recent_epoch = 381;
constexpr std::uint8_t status_no_swap = 1 << 2;
constexpr std::size_t observation_initialized = 8, observation_index = 9, observations_at = 43, observation_size = 40;
constexpr std::uint16_t observation_count = 100;
constexpr std::uint64_t observation_interval_s = 15;

enum place : std::size_t {
  payer,
  authority,
  config,
  pool,
  user_in,
  user_out,
  vault_in,
  vault_out,
  program_in,
  program_out,
  mint_in,
  mint_out,
  observation
};

struct fee_terms {
  std::uint64_t bps{}, maximum{};
};
/// Of this epoch; zeros where the mint takes no fee.
fee_terms terms_of(const invocation& c, std::size_t mint) {
  const auto& data = c.at(mint).data;
  if (c.at(mint).owner != program_id::token_2022()) return {};
  const auto found = find_extension(data, extension::transfer_fee_config);
  if (!found) return {};
  const auto record = found->at + (c.clock().epoch() >= load<std::uint64_t>(data, found->at + 90) ? 90 : 72);
  return {load<std::uint16_t>(data, record + 16), load<std::uint64_t>(data, record + 8)};
}
std::uint64_t fee_on(const fee_terms& t, std::uint64_t amount) {
  if (t.bps == 0 || amount == 0) return 0;
  return std::min(mul_div_ceil(amount, t.bps, 10'000), t.maximum);
}
/// The fee on what has to be sent so that `received` arrives.
std::uint64_t fee_for(const invocation& c, std::size_t mint, std::uint64_t received) {
  if (c.at(mint).owner == program_id::spl_token()) return 0;
  if (received == 0) fail_custom(invalid_input);
  const auto t = terms_of(c, mint);
  if (t.bps == 0) return 0;
  if (t.bps == 10'000) return t.maximum;
  const auto sent = mul_div_ceil(received, 10'000, 10'000 - t.bps);
  return fee_on(t, sent - received >= t.maximum ? add(received, t.maximum) : sent);
}

/// SPL math's checked_ceil_div: below one it rounds to the nearest.
u128 half_ceil_div(u128 a, u128 b) {
  if (b == 0) fail_panic();
  if (a < b) return a * 2 >= b ? 1 : 0;
  return (a + b - 1) / b;
}

struct sides {
  u128 in, out;
  bool zero_for_one;
  u128 price_0_x32, price_1_x32;
};

void need_token(const invocation& c, std::size_t i, bool mint) {
  const auto& a = c.at(i);
  if (a.lamports == 0 && a.owner.is_zero()) fail_custom(anchor_error::not_initialized);
  if (a.owner != program_id::spl_token() && a.owner != program_id::token_2022())
    fail_custom(anchor_error::owned_by_wrong_program);
  if (mint ? !read_mint_decimals(a.data) : !read_token_account(a.data))
    fail_custom(anchor_error::did_not_deserialize_account);
}

void check_accounts(const invocation& c) {
  need_count(c, 13);
  need_anchor_signer(c, payer);
  need_account(c, config, c.program(), config_tag);
  need_account(c, pool, c.program(), pool_tag);
  for (const auto i : {user_in, user_out, vault_in, vault_out}) need_token(c, i, false);
  for (const auto i : {mint_in, mint_out}) need_token(c, i, true);
  need_account(c, observation, c.program(), observation_tag);
  need_key(c, authority, derive({solana::seed("vault_and_lp_mint_auth_seed")}, c.program()).key,
           anchor_error::constraint_seeds);
  const auto& p = c.at(pool).data;
  need_key(c, config, load_key(p, pool_config), anchor_error::constraint_address);
  for (const auto i : {pool, user_in, user_out, vault_in, vault_out, observation}) need_mut(c, i);
  const auto vault_0 = load_key(p, pool_vault), vault_1 = load_key(p, pool_vault + 32);
  for (const auto i : {vault_in, vault_out})
    if (c.key(i) != vault_0 && c.key(i) != vault_1) fail_custom(anchor_error::constraint_raw);
  need_key(c, mint_in, load_key(c.at(vault_in).data, holding_at::mint), anchor_error::constraint_address);
  need_key(c, mint_out, load_key(c.at(vault_out).data, holding_at::mint), anchor_error::constraint_address);
  need_key(c, observation, load_key(p, pool_observation), anchor_error::constraint_address);
}

/// The vaults without the fees that lie in them.
sides read_sides(const invocation& c) {
  const auto& p = c.at(pool).data;
  sides s{};
  s.zero_for_one = c.key(vault_in) == load_key(p, pool_vault);
  const auto net = [&](std::size_t vault, std::size_t side) {
    const auto held = load<std::uint64_t>(c.at(vault).data, holding_at::amount);
    return sub(held, add(load<std::uint64_t>(p, pool_protocol_fee + side * 8),
                         load<std::uint64_t>(p, pool_fund_fee + side * 8)));
  };
  const std::size_t in_side = s.zero_for_one ? 0 : 1;
  s.in = net(vault_in, in_side);
  s.out = net(vault_out, 1 - in_side);
  const auto token_0 = s.zero_for_one ? s.in : s.out, token_1 = s.zero_for_one ? s.out : s.in;
  if (token_0 == 0 || token_1 == 0) fail_panic();
  s.price_0_x32 = (token_1 << 32) / token_0;
  s.price_1_x32 = (token_0 << 32) / token_1;
  return s;
}

void observe(invocation& c, const sides& s) {
  auto& d = c.write(observation);
  const auto now = static_cast<std::uint64_t>(c.clock().unix_time);
  const auto index = load<std::uint16_t>(d, observation_index);
  const auto at = observations_at + index * observation_size;
  if (d[observation_initialized] == 0) {
    d[observation_initialized] = 1;
    store(d, at, now);
    store(d, at + 8, u128{0});
    store(d, at + 24, u128{0});
    return;
  }
  const auto before = load<std::uint64_t>(d, at);
  const auto passed = now > before ? now - before : 0;
  if (passed < observation_interval_s) return;
  const auto next = static_cast<std::uint16_t>(index + 1 == observation_count ? 0 : index + 1);
  const auto into = observations_at + next * observation_size;
  store(d, into, now);
  store(d, into + 8, load<u128>(d, at + 8) + s.price_0_x32 * passed);
  store(d, into + 24, load<u128>(d, at + 24) + s.price_1_x32 * passed);
  store(d, observation_index, next);
}

void move(invocation& c, std::size_t program, std::size_t from, std::size_t mint, std::size_t to, const address& signer,
          bool derived, std::uint64_t amount) {
  if (amount == 0) return;
  c.call(c.key(program),
         {{c.key(from), true, false}, {c.key(mint), false, false}, {c.key(to), true, false}, {signer, false, true}},
         byte_writer().u8(12).u64(amount).u8(read_mint_decimals(c.at(mint).data).value_or(0)).bytes,
         derived ? std::vector<address>{signer} : std::vector<address>{});
}

struct amounts {
  std::uint64_t sent, sent_fee, out, out_fee, trade_fee;
};

void settle(invocation& c, const sides& s, const amounts& a, bool base_input) {
  const auto& rates = c.at(config).data;
  const auto protocol = mul_div_floor(a.trade_fee, load<std::uint64_t>(rates, config_protocol_rate), rate_denominator),
             fund = mul_div_floor(a.trade_fee, load<std::uint64_t>(rates, config_fund_rate), rate_denominator);
  auto& p = c.write(pool);
  const std::size_t side = s.zero_for_one ? 0 : 8;
  store(p, pool_protocol_fee + side, add(load<std::uint64_t>(p, pool_protocol_fee + side), protocol));
  store(p, pool_fund_fee + side, add(load<std::uint64_t>(p, pool_fund_fee + side), fund));
  c.log_data(byte_writer()
                 .tag(0x40c6cde8260871e2)
                 .id(c.key(pool))
                 .u64(narrow(s.in))
                 .u64(narrow(s.out))
                 .u64(a.sent - a.sent_fee)
                 .u64(a.out - a.out_fee)
                 .u64(a.sent_fee)
                 .u64(a.out_fee)
                 .flag(base_input)
                 .bytes);
  move(c, program_in, user_in, mint_in, vault_in, c.key(payer), false, a.sent);
  move(c, program_out, vault_out, mint_out, user_out, c.key(authority), true, a.out);
  observe(c, read_sides(c)); // the price that the swap has left behind
  store(c.write(pool), pool_recent_epoch, c.clock().epoch());
}

void check_open(const invocation& c) {
  const auto& p = c.at(pool).data;
  if ((p[pool_status] & status_no_swap) != 0 ||
      static_cast<std::uint64_t>(c.clock().unix_time) < load<std::uint64_t>(p, pool_open_time))
    fail_custom(not_approved);
}

void swap_base_input(invocation& c, std::uint64_t amount, std::uint64_t minimum) {
  check_accounts(c);
  check_open(c);
  const auto fee_in = fee_on(terms_of(c, mint_in), amount);
  const auto arrives = amount - std::min(fee_in, amount);
  if (arrives == 0) fail_custom(require_gt);
  const auto s = read_sides(c);
  const auto trade_fee =
      mul_div_ceil(arrives, load<std::uint64_t>(c.at(config).data, config_trade_rate), rate_denominator);
  const auto net = static_cast<u128>(sub(arrives, trade_fee));
  const auto out = narrow(net * s.out / (s.in + net));
  const auto fee_out = fee_on(terms_of(c, mint_out), out);
  const auto received = out - std::min(fee_out, out);
  if (received == 0) fail_custom(require_gt);
  if (received < minimum) fail_custom(exceeded_slippage);
  if ((s.in + net) * (s.out - out) < s.in * s.out) fail_custom(require_gte);
  settle(c, s, {amount, fee_in, out, fee_out, trade_fee}, true);
}

void swap_base_output(invocation& c, std::uint64_t maximum, std::uint64_t wanted) {
  check_accounts(c);
  check_open(c);
  const auto fee_out = fee_for(c, mint_out, wanted);
  const auto out = add(wanted, fee_out);
  const auto s = read_sides(c);
  if (s.out < out) fail_panic();
  const auto net = half_ceil_div(s.in * out, s.out - out);
  const auto rate = load<std::uint64_t>(c.at(config).data, config_trade_rate);
  const auto gross = narrow((net * rate_denominator + (rate_denominator - rate) - 1) / (rate_denominator - rate));
  const auto trade_fee = mul_div_ceil(gross, rate, rate_denominator);
  if ((s.in + gross - trade_fee) * (s.out - out) < s.in * s.out) fail_custom(require_gte);
  if (gross == 0) fail_custom(require_gt);
  const auto fee_in = fee_for(c, mint_in, gross);
  const auto sent = add(gross, fee_in);
  if (sent > maximum) fail_custom(exceeded_slippage);
  settle(c, s, {sent, fee_in, out, fee_out, trade_fee}, false);
}

} // namespace

void run_raydium_cpmm(invocation& c) {
  c.consume(24'000);
  if (c.data.size() < 8) fail_custom(anchor_error::fallback_not_found);
  input_reader in(c.data.subspan(8));
  const auto tag = anchor_tag(c.data);
  if (tag != swap_base_input_tag && tag != swap_base_output_tag) fail_custom(anchor_error::fallback_not_found);
  c.log(tag == swap_base_input_tag ? "Instruction: SwapBaseInput" : "Instruction: SwapBaseOutput");
  const auto first = in.take<std::uint64_t>(), second = in.take<std::uint64_t>();
  if (tag == swap_base_input_tag)
    swap_base_input(c, first, second);
  else
    swap_base_output(c, first, second);
}

} // namespace sett::simnet
