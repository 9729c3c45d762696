// Raydium's first AMM: a native program with a one-byte tag. Swaps name both vaults; tags 16 and 17 (2025) leave out
// the order book's accounts. The `ray_log` line carries the reserves before the swap, without the order book's share
// still to be settled. Layouts: raydium-io/raydium-amm program/src/{instruction,log}.rs, read 2026-11.
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "actors/decode/vault_swap.hpp"

namespace sett::decode {

namespace {

enum tag : std::uint8_t {
  initialize = 0,
  initialize2 = 1,
  monitor_step = 2,
  deposit = 3,
  withdraw = 4,
  migrate_to_open_book = 5,
  set_params = 6,
  withdraw_pnl = 7,
  withdraw_srm = 8,
  swap_base_in = 9,
  pre_initialize = 10,
  swap_base_out = 11,
  simulate_info = 12,
  admin_cancel_orders = 13,
  create_config = 14,
  update_config = 15,
  swap_base_in_v2 = 16,
  swap_base_out_v2 = 17,
};
constexpr auto kind = program_kind::raydium_amm_v4;

byte_span ray_log(const context& ctx, std::size_t position) {
  const auto text = ctx.log_line(position, "Program log: ray_log: ");
  return text.empty() ? byte_span{} : ctx.base64(text);
}

/// Reserves after the swap, when the log line is there and tells the same amounts as the vaults' movements.
void read_state(const context& ctx, std::size_t position, event::swap& swap, bool coin_in) {
  byte_reader in(ray_log(ctx, position));
  const std::uint8_t log_kind = in.u8(); // 3: base in, 4: base out
  const std::uint64_t first = in.u64(), second = in.u64();
  in.skip(16); // direction, user's source balance
  std::uint64_t coin = in.u64(), pc = in.u64();
  const std::uint64_t computed = in.u64();
  if (!in.ok() || (log_kind != 3 && log_kind != 4)) return;
  const std::uint64_t amount_in = log_kind == 3 ? first : computed, amount_out = log_kind == 3 ? computed : second;
  if (amount_in != swap.amount_in.value || amount_out != swap.amount_out.value) return;
  (coin_in ? coin : pc) += amount_in;
  (coin_in ? pc : coin) -= amount_out;
  swap.after = {.kind = pool_state_kind::reserves, .a = coin, .b = pc, .c = 0};
}

void decode_swap(context& ctx, std::size_t position, bool v2) {
  const auto& ix = ctx.tx.instructions[position];
  const auto accounts = ix.accounts;
  // The first version may leave out the target orders (17 accounts instead of 18).
  const bool layout_known = v2 ? accounts.size() == 8 : accounts.size() == 17 || accounts.size() == 18;
  if (!layout_known || ctx.data(position).size() != 17) return ctx.unknown(ix);
  const std::size_t coin_vault = v2 ? 3 : accounts.size() - 13;
  auto swap = read_vault_swap(ctx, position, accounts[coin_vault], accounts[coin_vault + 1]);
  if (!swap) return ctx.unknown(ix);
  swap->pool = ctx.tx.account(ix, 1);
  swap->trader = ctx.tx.account(ix, accounts.size() - 1);
  const address* coin_mint = ctx.index.mint_of(accounts[coin_vault]);
  const bool coin_in = coin_mint != nullptr && swap->mint_in == *coin_mint;
  swap->base_is_mint_in = coin_in;
  read_state(ctx, position, *swap, coin_in);
  ctx.emit(ix, kind, *swap);
}

void decode_initialize2(context& ctx, std::size_t position) {
  const auto& ix = ctx.tx.instructions[position];
  if (ix.accounts.size() != 21 || ctx.data(position).size() != 26) return ctx.unknown(ix);
  const auto key = [&](std::size_t i) -> const address& { return ctx.tx.account(ix, i); };
  const auto inside = ctx.children(position);
  event::pool_created created;
  created.pool = key(4);
  created.base_mint = key(8);
  created.quote_mint = key(9);
  created.base_amount.value = flow_of(ctx, inside, ix.accounts[10]).in;
  created.quote_amount.value = flow_of(ctx, inside, ix.accounts[11]).in;
  created.creator = key(17);
  created.lp_mint = key(7);
  ctx.emit(ix, kind, created);
}

void decode_liquidity(context& ctx, std::size_t position, bool added) {
  const auto& ix = ctx.tx.instructions[position];
  const auto accounts = ix.accounts;
  // deposit: 14 accounts, or 13 before the event queue was added. withdraw: 20 or 22 with the order book's queues, less
  // 2 where the withdraw queue and the temporary LP account are left out.
  const bool layout_known =
      added ? accounts.size() == 13 || accounts.size() == 14 : accounts.size() >= 18 && accounts.size() <= 22;
  if (!layout_known || ctx.data(position).size() < (added ? 25U : 9U)) return ctx.unknown(ix);
  const auto inside = ctx.children(position);
  const auto coin = accounts[6], pc = accounts[7];
  const address* base = ctx.index.mint_of(coin);
  const address* quote = ctx.index.mint_of(pc);
  if (base == nullptr || quote == nullptr) return ctx.unknown(ix);
  event::liquidity change;
  change.change = added ? event::liquidity_change::added : event::liquidity_change::removed;
  change.pool = ctx.tx.account(ix, 1);
  change.base_mint = *base;
  change.quote_mint = *quote;
  const auto coin_flow = flow_of(ctx, inside, coin), pc_flow = flow_of(ctx, inside, pc);
  change.base_amount.value = added ? coin_flow.in : coin_flow.out;
  change.quote_amount.value = added ? pc_flow.in : pc_flow.out;
  change.lp_mint = ctx.tx.account(ix, 5);
  for (const auto& move : ctx.index.moves(inside))
    if (move.mint != token_move::no_key && ctx.tx.key(move.mint) == change.lp_mint &&
        move.kind == (added ? move_kind::mint : move_kind::burn)) {
      change.lp_amount.value = move.amount;
      change.provider = ctx.tx.key(move.authority);
    }
  if (added) change.provider = ctx.tx.account(ix, 12);
  ctx.emit(ix, kind, change);
}

void decode(context& ctx, std::size_t position) {
  const auto& ix = ctx.tx.instructions[position];
  const auto data = ctx.data(position);
  if (data.empty()) return ctx.unknown(ix);
  switch (data[0]) {
  case swap_base_in:
  case swap_base_out:
    return decode_swap(ctx, position, false);
  case swap_base_in_v2:
  case swap_base_out_v2:
    return decode_swap(ctx, position, true);
  case initialize2:
    return decode_initialize2(ctx, position);
  case deposit:
    return decode_liquidity(ctx, position, true);
  case withdraw:
    return decode_liquidity(ctx, position, false);
  case monitor_step:
  case migrate_to_open_book:
  case set_params:
  case withdraw_pnl:
  case withdraw_srm:
  case pre_initialize:
  case simulate_info:
  case admin_cancel_orders:
  case create_config:
  case update_config:
    return;        // the pool's upkeep: nobody trades
  case initialize: // the first layout, refused by the program since 2022
  default:
    return ctx.unknown(ix);
  }
}

} // namespace

const program_decoder raydium_amm_v4_decoder{.kind = kind,
                                             .name = "raydium_amm_v4",
                                             .address = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8",
                                             .decode = decode,
                                             .layouts = {}};

} // namespace sett::decode
