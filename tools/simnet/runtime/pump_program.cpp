// pump.fun. Two programs in one, told apart by the curve's bytes: that of November 2024 (49 bytes, one fee, rounded
// down) and today's (creator fee, both rounded up, volume accumulator). The older one's order of checks is that of its
// recorded executions; today's follows the IDL of pump.fun's SDK 2.0.0 and recorded TradeEvents. Quotes in SOL only;
// instructions create, create_v2, buy, sell, buy_exact_sol_in, collect_creator_fee, migrate.
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/anchor.hpp"
#include "tools/simnet/runtime/pump_accounts.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <algorithm>
#include <string>

namespace sett::simnet {

namespace {

enum : std::uint32_t {
  not_authorized = 6000,
  too_much_sol_required = 6002,
  too_little_sol_received = 6003,
  curve_complete = 6005,
  curve_not_complete = 6006,
  buy_zero_amount = 6020,
  not_enough_tokens_to_buy = 6021,
  sell_zero_amount = 6022,
  not_enough_tokens_to_sell = 6023,
  not_enough_sol_for_fees = 6041,
  slippage_below_min_tokens = 6042,
};

using namespace pump_at;

struct curve {
  std::uint64_t virtual_token, virtual_sol, real_token, real_sol;
  bool complete;
  address creator;
  bool old_program;
};

curve read_curve(const std::vector<std::uint8_t>& d) {
  curve v{load<std::uint64_t>(d, curve_virtual_token),
          load<std::uint64_t>(d, curve_virtual_sol),
          load<std::uint64_t>(d, curve_real_token),
          load<std::uint64_t>(d, curve_real_sol),
          d[curve_complete_flag] != 0,
          {},
          d.size() < curve_creator + 32};
  if (!v.old_program) v.creator = load_key(d, curve_creator);
  return v;
}

void write_curve(std::vector<std::uint8_t>& d, const curve& v) {
  store(d, curve_virtual_token, v.virtual_token);
  store(d, curve_virtual_sol, v.virtual_sol);
  store(d, curve_real_token, v.real_token);
  store(d, curve_real_sol, v.real_sol);
  d[curve_complete_flag] = v.complete ? 1 : 0;
}

struct rates {
  std::uint64_t protocol_bps{}, creator_bps{};
};

/// The fee program's tier for this market cap; the rates of the global account where no schedule exists.
rates rates_of(const invocation& c, std::size_t global, std::size_t schedule, const curve& v) {
  rates out{load<std::uint64_t>(c.at(global).data, global_fee_bps),
            load<std::uint64_t>(c.at(global).data, global_creator_fee_bps)};
  if (c.at(schedule).owner == program_id::pump_fees()) {
    // Supply counts as a billion tokens, whatever was burned.
    const auto cap = static_cast<u128>(v.virtual_sol) * pump_total_supply / std::max<std::uint64_t>(v.virtual_token, 1);
    const auto tier = fee_tier_at(c.at(schedule).data, cap);
    out = {tier.protocol_bps, tier.creator_bps};
  }
  if (v.creator.is_zero()) out.creator_bps = 0;
  return out;
}

std::uint64_t fee_up(std::uint64_t amount, std::uint64_t bps) { return mul_div_ceil(amount, bps, 10'000); }

bool is_fee_recipient(const std::vector<std::uint8_t>& global, const address& key) {
  if (load_key(global, global_fee_recipient) == key) return true;
  if (global.size() < global_fee_recipients + 7 * 32) return false;
  for (std::size_t i = 0; i < 7; ++i)
    if (load_key(global, global_fee_recipients + i * 32) == key) return true;
  return false;
}

void system_transfer(invocation& c, std::size_t from, std::size_t to, std::uint64_t amount) {
  c.call(program_id::system(), {{c.key(from), true, true}, {c.key(to), true, false}},
         byte_writer().u32(2).u64(amount).bytes);
}

void token_move(invocation& c, const address& token_program, std::size_t from, std::size_t mint, std::size_t to,
                const address& authority, std::uint64_t amount, bool derived, bool checked) {
  std::vector<account_meta> metas{{c.key(from), true, false}};
  byte_writer input;
  if (checked) {
    metas.push_back({c.key(mint), false, false});
    input.u8(12).u64(amount).u8(read_mint_decimals(c.at(mint).data).value_or(0));
  } else {
    input.u8(3).u64(amount);
  }
  metas.push_back({c.key(to), true, false});
  metas.push_back({authority, false, true});
  c.call(token_program, std::move(metas), input.bytes,
         derived ? std::vector<address>{authority} : std::vector<address>{});
}

/// A token account of this mint, as Anchor's Account<TokenAccount> with token::mint demands.
void need_holding(const invocation& c, std::size_t i, std::size_t mint) {
  const auto& a = c.at(i);
  if (a.lamports == 0 && a.owner.is_zero()) fail_custom(anchor_error::not_initialized);
  if (a.owner != program_id::spl_token() && a.owner != program_id::token_2022())
    fail_custom(anchor_error::owned_by_wrong_program);
  const auto view = read_token_account(a.data);
  if (!view) fail_custom(anchor_error::did_not_deserialize_account);
  if (view->mint != c.key(mint)) fail_custom(anchor_error::token_mint);
}

struct trade {
  bool buy;
  std::uint64_t tokens, sol, fee, creator_fee;
  rates bps;
  std::string_view instruction;
};

void emit_trade(invocation& c, std::size_t event_authority, const address& mint, const address& user,
                const address& fee_recipient, const curve& v, const trade& t) {
  byte_writer e;
  e.tag(trade_event_tag)
      .id(mint)
      .u64(t.sol)
      .u64(t.tokens)
      .flag(t.buy)
      .id(user)
      .i64(c.clock().unix_time)
      .u64(v.virtual_sol)
      .u64(v.virtual_token)
      .u64(v.real_sol)
      .u64(v.real_token);
  if (!v.old_program) {
    e.id(fee_recipient)
        .u64(t.bps.protocol_bps)
        .u64(t.fee)
        .id(v.creator)
        .u64(t.bps.creator_bps)
        .u64(t.creator_fee)
        .flag(t.buy)
        .u64(0)
        .u64(0)
        .u64(0)
        .i64(t.buy ? c.clock().unix_time : 0)
        .text(t.instruction)
        .flag(false)
        .u64(0)
        .u64(0)
        .u64(0)
        .u64(0)
        .u32(0)
        .id(address{})
        .u64(t.sol)
        .u64(v.virtual_sol)
        .u64(v.real_sol)
        .u64(0)
        .u64(0);
  }
  c.emit_event(c.key(event_authority), e.bytes);
  c.log_data(e.bytes);
}

void emit_complete(invocation& c, std::size_t event_authority, const address& user, const address& mint,
                   const address& curve_key, bool old_program) {
  byte_writer e;
  e.tag(complete_event_tag).id(user).id(mint).id(curve_key).i64(c.clock().unix_time);
  if (!old_program) e.id(address{});
  c.emit_event(c.key(event_authority), e.bytes);
  c.log_data(e.bytes);
}

// --- November 2024: the accounts of buy and sell differ in places 8 and 9 only

void check_old_accounts(invocation& c) {
  need_count(c, 12);
  need_account(c, 0, c.program(), global_tag);
  need_account(c, 3, c.program(), curve_tag);
  need_holding(c, 4, 2);
  need_holding(c, 5, 2);
  need_anchor_signer(c, 6);
  for (const std::size_t i : {1, 3, 4, 5, 6}) need_mut(c, i);
  need_key(c, 3, derive({solana::seed("bonding-curve"), solana::seed(c.key(2))}, c.program()).key,
           anchor_error::constraint_seeds);
}

void old_buy(invocation& c, std::uint64_t amount, std::uint64_t max_cost) {
  check_old_accounts(c);
  auto v = read_curve(c.at(3).data);
  const auto cost = add(mul_div_floor(v.virtual_sol, amount, sub(v.virtual_token, amount)), 1);
  const auto fee = mul_div_floor(cost, load<std::uint64_t>(c.at(0).data, global_fee_bps), 10'000);
  if (add(cost, fee) > max_cost) fail_custom(too_much_sol_required);
  if (v.complete) fail_custom(curve_complete);
  v.virtual_token -= amount;
  v.virtual_sol = add(v.virtual_sol, cost);
  v.real_token = sub(v.real_token, amount);
  v.real_sol = add(v.real_sol, cost);
  if (v.real_token == 0) {
    v.complete = true;
    emit_complete(c, 10, c.key(6), c.key(2), c.key(3), true);
  }
  write_curve(c.write(3), v);
  token_move(c, c.key(8), 4, 2, 5, c.key(3), amount, true, false);
  system_transfer(c, 6, 3, cost);
  if (load_key(c.at(0).data, global_fee_recipient) != c.key(1)) fail_custom(not_authorized);
  system_transfer(c, 6, 1, fee);
  emit_trade(c, 10, c.key(2), c.key(6), c.key(1), v, {true, amount, cost, fee, 0, {}, {}});
}

void old_sell(invocation& c, std::uint64_t amount, std::uint64_t min_output) {
  check_old_accounts(c);
  auto v = read_curve(c.at(3).data);
  const auto proceeds = mul_div_floor(v.virtual_sol, amount, add(v.virtual_token, amount));
  const auto fee = mul_div_floor(proceeds, load<std::uint64_t>(c.at(0).data, global_fee_bps), 10'000);
  if (proceeds - fee < min_output) fail_custom(too_little_sol_received);
  if (v.complete) fail_custom(curve_complete);
  v.virtual_token += amount;
  v.virtual_sol = sub(v.virtual_sol, proceeds);
  v.real_token = add(v.real_token, amount);
  v.real_sol = sub(v.real_sol, proceeds);
  write_curve(c.write(3), v);
  token_move(c, c.key(9), 5, 2, 4, c.key(6), amount, false, false);
  if (load_key(c.at(0).data, global_fee_recipient) != c.key(1)) fail_custom(not_authorized);
  c.move_lamports(3, 6, proceeds - fee);
  c.move_lamports(3, 1, fee);
  emit_trade(c, 10, c.key(2), c.key(6), c.key(1), v, {false, amount, proceeds, fee, 0, {}, {}});
}

// --- today

/// Who stands where: buy and sell order their accounts differently.
struct layout {
  std::size_t token_program, creator_vault, event_authority, schedule;
};
constexpr layout buy_layout{8, 9, 10, 14}, sell_layout{9, 8, 10, 12};

void check_accounts(invocation& c, const layout& l) {
  need_account(c, 0, c.program(), global_tag);
  need_account(c, 3, c.program(), curve_tag);
  need_holding(c, 4, 2);
  need_holding(c, 5, 2);
  need_anchor_signer(c, 6);
  for (const std::size_t i :
       {std::size_t{1}, std::size_t{3}, std::size_t{4}, std::size_t{5}, std::size_t{6}, l.creator_vault})
    need_mut(c, i);
  const auto& mint = c.key(2);
  need_key(c, 3, derive({solana::seed("bonding-curve"), solana::seed(mint)}, c.program()).key,
           anchor_error::constraint_seeds);
  need_key(c, 4, solana::associated_token_address(c.key(3), mint, c.key(l.token_program)).key,
           anchor_error::constraint_seeds);
  const auto creator = load_key(c.at(3).data, curve_creator);
  need_key(c, l.creator_vault, derive({solana::seed("creator-vault"), solana::seed(creator)}, c.program()).key,
           anchor_error::constraint_seeds);
  if (!is_fee_recipient(c.at(0).data, c.key(1))) fail_custom(not_authorized);
}

/// The buyer pays for the creator's vault and for his own volume account when they do not exist yet.
void open_buyers_accounts(invocation& c) {
  const auto vault_rent = rent_exempt_minimum(0);
  if (c.at(9).lamports < vault_rent) system_transfer(c, 6, 9, vault_rent - c.at(9).lamports);
  const auto expected = derive({solana::seed("user_volume_accumulator"), solana::seed(c.key(6))}, c.program()).key;
  need_key(c, 13, expected, anchor_error::constraint_seeds);
  if (c.at(13).lamports != 0) return;
  need_mut(c, 13);
  c.call(
      program_id::system(), {{c.key(6), true, true}, {expected, true, true}},
      byte_writer().u32(0).u64(rent_exempt_minimum(volume_account_size)).u64(volume_account_size).id(c.program()).bytes,
      {expected});
  auto& data = c.write(13);
  const auto head = byte_writer().tag(volume_account_tag).id(c.key(6)).bytes;
  std::copy(head.begin(), head.end(), data.begin());
}

void settle_buy(invocation& c, curve v, std::uint64_t amount, std::uint64_t cost, std::uint64_t fee,
                std::uint64_t creator_fee, const rates& bps, std::string_view name) {
  open_buyers_accounts(c);
  v.virtual_token = sub(v.virtual_token, amount);
  v.virtual_sol = add(v.virtual_sol, cost);
  v.real_token = sub(v.real_token, amount);
  v.real_sol = add(v.real_sol, cost);
  v.complete = v.real_token == 0;
  write_curve(c.write(3), v);
  token_move(c, c.key(8), 4, 2, 5, c.key(3), amount, true, true);
  if (creator_fee != 0) system_transfer(c, 6, 9, creator_fee);
  system_transfer(c, 6, 3, cost);
  system_transfer(c, 6, 1, fee);
  emit_trade(c, 10, c.key(2), c.key(6), c.key(1), v, {true, amount, cost, fee, creator_fee, bps, name});
  if (v.complete) emit_complete(c, 10, c.key(6), c.key(2), c.key(3), false);
}

void buy(invocation& c, std::uint64_t amount, std::uint64_t max_cost) {
  need_count(c, 16);
  check_accounts(c, buy_layout);
  const auto v = read_curve(c.at(3).data);
  if (v.complete) fail_custom(curve_complete);
  if (amount == 0) fail_custom(buy_zero_amount);
  if (amount > v.real_token) fail_custom(not_enough_tokens_to_buy);
  const auto bps = rates_of(c, 0, buy_layout.schedule, v);
  const auto cost = add(mul_div_floor(v.virtual_sol, amount, sub(v.virtual_token, amount)), 1);
  const auto fee = fee_up(cost, bps.protocol_bps), creator_fee = fee_up(cost, bps.creator_bps);
  if (static_cast<u128>(cost) + fee + creator_fee > max_cost) fail_custom(too_much_sol_required);
  settle_buy(c, v, amount, cost, fee, creator_fee, bps, "buy");
}

void buy_exact_sol_in(invocation& c, std::uint64_t spendable, std::uint64_t min_tokens) {
  need_count(c, 16);
  check_accounts(c, buy_layout);
  const auto v = read_curve(c.at(3).data);
  if (v.complete) fail_custom(curve_complete);
  if (spendable == 0) fail_custom(buy_zero_amount);
  const auto bps = rates_of(c, 0, buy_layout.schedule, v);
  auto net = mul_div_floor(spendable, 10'000, 10'000 + bps.protocol_bps + bps.creator_bps);
  const auto fees = [&] { return static_cast<u128>(fee_up(net, bps.protocol_bps)) + fee_up(net, bps.creator_bps); };
  if (const auto all = net + fees(); all > spendable) net -= static_cast<std::uint64_t>(all - spendable);
  if (net < 2) fail_custom(not_enough_sol_for_fees);
  const auto amount = std::min(mul_div_floor(net - 1, v.virtual_token, add(v.virtual_sol, net - 1)), v.real_token);
  if (amount < min_tokens) fail_custom(slippage_below_min_tokens);
  if (amount == 0) fail_custom(buy_zero_amount);
  // When the rest of the curve costs less than was offered, only that is paid.
  const auto cost = amount == v.real_token
                        ? std::min(net, add(mul_div_floor(v.virtual_sol, amount, v.virtual_token - amount), 1))
                        : net;
  settle_buy(c, v, amount, cost, fee_up(cost, bps.protocol_bps), fee_up(cost, bps.creator_bps), bps,
             "buy_exact_sol_in");
}

void sell(invocation& c, std::uint64_t amount, std::uint64_t min_output) {
  need_count(c, 14);
  check_accounts(c, sell_layout);
  auto v = read_curve(c.at(3).data);
  if (v.complete) fail_custom(curve_complete);
  if (amount == 0) fail_custom(sell_zero_amount);
  if (load<std::uint64_t>(c.at(5).data, holding_at::amount) < amount) fail_custom(not_enough_tokens_to_sell);
  const auto bps = rates_of(c, 0, sell_layout.schedule, v);
  const auto proceeds = mul_div_floor(v.virtual_sol, amount, add(v.virtual_token, amount));
  const auto fee = fee_up(proceeds, bps.protocol_bps), creator_fee = fee_up(proceeds, bps.creator_bps);
  const auto paid = static_cast<u128>(fee) + creator_fee > proceeds ? 0 : proceeds - fee - creator_fee;
  if (static_cast<u128>(fee) + creator_fee > proceeds) fail_custom(too_little_sol_received);
  if (paid < min_output) fail_custom(too_little_sol_received);
  v.virtual_token = add(v.virtual_token, amount);
  v.virtual_sol = sub(v.virtual_sol, proceeds);
  v.real_token = add(v.real_token, amount);
  v.real_sol = sub(v.real_sol, proceeds);
  write_curve(c.write(3), v);
  token_move(c, c.key(9), 5, 2, 4, c.key(6), amount, false, true);
  c.move_lamports(3, 6, paid);
  c.move_lamports(3, 1, fee);
  c.move_lamports(3, 8, creator_fee);
  emit_trade(c, 10, c.key(2), c.key(6), c.key(1), v, {false, amount, proceeds, fee, creator_fee, bps, "sell"});
}

/// creator, vault, system program, event authority, program
void collect_creator_fee(invocation& c) {
  need_count(c, 5);
  const auto vault = derive({solana::seed("creator-vault"), solana::seed(c.key(0))}, c.program()).key;
  need_key(c, 1, vault, anchor_error::constraint_seeds);
  const auto floor = rent_exempt_minimum(0);
  const auto amount = c.at(1).lamports > floor ? c.at(1).lamports - floor : 0;
  if (amount == 0) return;
  c.call(program_id::system(), {{vault, true, true}, {c.key(0), true, false}}, byte_writer().u32(2).u64(amount).bytes,
         {vault});
}

} // namespace

void run_pump(invocation& c) {
  c.consume(18'000);
  if (c.data.size() < 8) fail_custom(anchor_error::fallback_not_found);
  input_reader in(c.data.subspan(8));
  const auto tag = anchor_tag(c.data);
  const bool old_curve = c.count() > 3 && c.at(3).owner == c.program() && c.at(3).data.size() < curve_creator + 32;
  switch (tag) {
  case buy_tag:
  case buy_exact_sol_in_tag:
  case sell_tag: {
    c.log(tag == sell_tag ? "Instruction: Sell" : tag == buy_tag ? "Instruction: Buy" : "Instruction: BuyExactSolIn");
    const auto amount = in.take<std::uint64_t>(), limit = in.take<std::uint64_t>();
    const bool old_program = old_curve || c.count() == 12;
    if (tag == sell_tag) return old_program ? old_sell(c, amount, limit) : sell(c, amount, limit);
    if (tag == buy_exact_sol_in_tag) return buy_exact_sol_in(c, amount, limit);
    return old_program ? old_buy(c, amount, limit) : buy(c, amount, limit);
  }
  case create_tag:
  case create_v2_tag: {
    c.log(tag == create_tag ? "Instruction: Create" : "Instruction: CreateV2");
    const auto name = in.text<std::uint32_t>(), symbol = in.text<std::uint32_t>(), uri = in.text<std::uint32_t>();
    return pump_create(c, tag == create_v2_tag, name, symbol, uri, in.key());
  }
  case collect_creator_fee_tag:
    c.log("Instruction: CollectCreatorFee");
    return collect_creator_fee(c);
  case migrate_tag:
    c.log("Instruction: Migrate");
    return pump_migrate(c);
  default:
    fail_custom(anchor_error::fallback_not_found);
  }
}

} // namespace sett::simnet
