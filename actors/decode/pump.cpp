// pump.fun's bonding curve, every version since 2024: decoded by what is there, trailing fields and accounts tolerated,
// because the program only ever appends. Tokens are read from the curve's token account; SOL moves as lamports (into
// the curve by the system program, out of it by the program itself, which only the TradeEvent and the balances tell);
// quotes other than SOL move as tokens. Layouts: pump IDL of @pump-fun/pump-sdk 2.0.0 and the shorter ones it grew
// from.
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "actors/decode/vault_swap.hpp"
#include "actors/decode/well_known.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace sett::decode {

namespace {

constexpr auto kind = program_kind::pump;

enum class ix : std::uint64_t {
  create = 0x181ec828051c0777,
  create_v2 = 0xd6904cec5f8b31b4,
  buy = 0x66063d1201daebea,
  buy_exact_sol_in = 0x38fc74089edfcd5f,
  sell = 0x33e685a4017f83ad,
  buy_v2 = 0xb817ee6167c5d33d,
  buy_exact_quote_in_v2 = 0xc2ab1c46684d5b2f,
  sell_v2 = 0x5df6823ce7e940b2,
  migrate = 0x9beae792ec9ea21e,
  migrate_v2 = 0xbbcb121fceedfe29,
  set_creator = 0xfe94ff70cf8eaaa5,
  migrate_bonding_curve_creator = 0x577c34bf3426d6e8,
};
constexpr std::uint64_t trade_event_tag = 0xbddb7fd34ee661ee;
constexpr std::uint64_t create_event_tag = 0x1b72a94ddeeb6376;
constexpr std::uint64_t complete_event_tag = 0x5f72619cd42e9808;
constexpr std::uint64_t migration_event_tag = 0xbde95db95c94ea94;

constexpr std::array<layout_check, 51> layouts{{
    {"global:create", 0x181ec828051c0777},
    {"global:create_v2", 0xd6904cec5f8b31b4},
    {"global:buy", 0x66063d1201daebea},
    {"global:buy_exact_sol_in", 0x38fc74089edfcd5f},
    {"global:sell", 0x33e685a4017f83ad},
    {"global:buy_v2", 0xb817ee6167c5d33d},
    {"global:buy_exact_quote_in_v2", 0xc2ab1c46684d5b2f},
    {"global:sell_v2", 0x5df6823ce7e940b2},
    {"global:migrate", 0x9beae792ec9ea21e},
    {"global:migrate_v2", 0xbbcb121fceedfe29},
    {"global:set_creator", 0xfe94ff70cf8eaaa5},
    {"global:migrate_bonding_curve_creator", 0x577c34bf3426d6e8},
    {"event:TradeEvent", trade_event_tag},
    {"event:CreateEvent", create_event_tag},
    {"event:CompleteEvent", complete_event_tag},
    {"event:CompletePumpAmmMigrationEvent", migration_event_tag},
    // Upkeep of accounts, fees and settings: nothing trades and no token changes.
    {"global:add_quote_control_mint", 0x020e3d8aaa8e0e5f},
    {"global:add_quote_mint", 0x6f79153828185ed1},
    {"global:admin_cto", 0x7d7ed6864de5bc59},
    {"global:admin_set_idl_authority", 0x08d960e79068c005},
    {"global:admin_update_token_incentives", 0xd10b7357d5177ccc},
    {"global:claim_cashback", 0x253a237ebe35e4c5},
    {"global:claim_cashback_v2", 0x7af3cc415e741d37},
    {"global:claim_token_incentives", 0x1004471ccc01281b},
    {"global:close_user_volume_accumulator", 0xf945a4da9667548a},
    {"global:collect_creator_fee", 0x1416567bc61cdb84},
    {"global:collect_creator_fee_v2", 0xcf118af204221338},
    {"global:distribute_creator_fees", 0xa572670079cef751},
    {"global:distribute_creator_fees_v2", 0xffcb134ff444089f},
    {"global:distribute_fee_to_holders", 0x623691610246ad2b},
    {"global:extend_account", 0xea66c2cb96483ee5},
    {"global:get_minimum_distributable_fee", 0x75e17fca865f4423},
    {"global:init_user_volume_accumulator", 0x5e06ca73ff60e8b7},
    {"global:initialize", 0xafaf6d1f0d989bed},
    {"global:initialize_quote_control", 0xef49f5add1b15442},
    {"global:remove_quote_control_mint", 0xdf07fd1a51a5daa6},
    {"global:remove_quote_mint", 0xb141df2658d19e9b},
    {"global:set_mayhem_virtual_params", 0x3da9bcbf99952a61},
    {"global:set_metaplex_creator", 0x8a60aed93055c5f6},
    {"global:set_params", 0x1beab2349302bb8d},
    {"global:set_quote_control_admin", 0x3e4fa1d3a5aad6d2},
    {"global:set_reserved_fee_recipients", 0x6faca2e87259d58e},
    {"global:set_virtual_quote_reserves", 0x6587bf6809581460},
    {"global:sync_user_volume_accumulator", 0x561fc057a3574fee},
    {"global:toggle_cashback_enabled", 0x7367e0ffbd5956c3},
    {"global:toggle_create_v2", 0x1cffe6f0ac6bcbab},
    {"global:toggle_mayhem_mode", 0x01096fd0641fffa3},
    {"global:update_buyback_config", 0xfbe0ab92a01a71e9},
    {"global:update_creator_fee_config", 0x3dafa0f9424288af},
    {"global:update_global_authority", 0xe3b54ac4d01561d5},
    {"global:update_holder_reward_config", 0xe1fc4204c723ec10},
}};

/// What all lengths of TradeEvent have, and the later fields where they are there.
struct trade_event {
  address mint, quote_mint; // quote_mint zero: SOL
  std::uint64_t quote_amount{}, token_amount{};
  bool is_buy{};
  std::uint64_t virtual_quote{}, virtual_token{};
  bool fees_told{};
  std::uint64_t fees{}; // protocol, creator, cashback and holders' rewards; the buyback is a share of the protocol's
};

std::optional<trade_event> parse_trade(byte_span data) {
  byte_reader in(data);
  trade_event e;
  e.mint = in.address();
  e.quote_amount = in.u64();
  e.token_amount = in.u64();
  e.is_buy = in.boolean();
  in.skip(32 + 8); // user, time
  e.virtual_quote = in.u64();
  e.virtual_token = in.u64();
  if (!in.ok()) return std::nullopt;
  in.skip(16); // real reserves
  // From May 2025: fee recipient, fee bps, fee, creator, creator fee bps, creator fee.
  if (!in.has(32 + 8 + 8 + 32 + 8 + 8)) return e;
  in.skip(32 + 8);
  e.fees = in.u64();
  in.skip(32 + 8);
  e.fees += in.u64();
  e.fees_told = true;
  // From September 2025: volume tracking; from November: the instruction's name, mayhem mode, cashback; then shares and
  // quotes.
  if (!in.has(1 + 8 + 8 + 8 + 8 + 4)) return e;
  in.skip(1 + 8 + 8 + 8 + 8);
  static_cast<void>(in.string());
  in.skip(1 + 8);
  const auto cashback = in.u64();
  if (!in.ok()) return e;
  e.fees += cashback;
  in.skip(8 + 8);
  const std::size_t shareholders = in.u32();
  if (shareholders > 1000) return e;
  in.skip(shareholders * (32 + 2));
  const auto quote_mint = in.address();
  const auto quote_amount = in.u64(), virtual_quote = in.u64();
  in.skip(8); // real quote reserves
  if (!in.ok()) return e;
  e.quote_mint = quote_mint;
  if (e.quote_amount == 0) e.quote_amount = quote_amount;
  if (e.virtual_quote == 0) e.virtual_quote = virtual_quote;
  if (!in.has(16)) return e;
  in.skip(8);
  e.fees += in.u64();
  return e;
}

/// The curve's lamports, explained by the system program's movements and the sales this program paid out of it.
bool curve_lamports_explained(const context& ctx, std::uint8_t curve_key) {
  const auto change = ctx.index.lamport_change(curve_key);
  if (!change) return false;
  std::uint64_t net = 0; // modulo 2^64
  for (const auto& move : ctx.index.moves()) {
    if (move.kind != move_kind::lamports) continue;
    if (move.destination == curve_key) net += move.amount;
    if (move.source == curve_key) net -= move.amount;
  }
  for (std::size_t i = 0; i < ctx.tx.instructions.size(); ++i) {
    const auto& other = ctx.tx.instructions[i];
    if (ctx.index.kind(i) != kind) continue;
    const auto tag = static_cast<ix>(discriminator(ctx.data(i)));
    const std::size_t curve = tag == ix::sell ? 3 : tag == ix::sell_v2 ? 10 : 0;
    if (curve == 0 || other.accounts.size() <= curve || other.accounts[curve] != curve_key) continue;
    const auto e = parse_trade(ctx.event(i, trade_event_tag));
    if (e && !e->is_buy) net -= e->quote_amount;
  }
  return net == *change;
}

/// Where a trade's accounts stand.
struct trade_accounts {
  std::size_t fewest, mint, curve, token_vault, user, fee_recipient;
  std::size_t quote_mint, quote_vault; // 0: SOL only
};
constexpr trade_accounts first_version{12, 2, 3, 4, 6, 1, 0, 0};
constexpr trade_accounts second_version{26, 1, 10, 11, 13, 6, 2, 12};

void decode_trade(context& ctx, std::size_t position, bool is_buy, const trade_accounts& at) {
  const auto& instruction = ctx.tx.instructions[position];
  const auto accounts = instruction.accounts;
  if (accounts.size() < at.fewest || ctx.data(position).size() < 24) return ctx.unknown(instruction);
  const auto inside = ctx.children(position);
  const auto told = parse_trade(ctx.event(position, trade_event_tag));
  const auto token = flow_of(ctx, inside, accounts[at.token_vault]);
  if (is_buy ? token.out < token.in : token.in < token.out) return ctx.unknown(instruction);
  const std::uint64_t tokens = is_buy ? token.out - token.in : token.in - token.out;
  if (tokens == 0 && !told) return ctx.unknown(instruction);
  if (told && told->is_buy != is_buy) return ctx.unknown(instruction);

  const auto curve = accounts[at.curve];
  std::uint64_t quote = 0, fee = 0;
  bool quote_agrees = false, in_tokens = false, fee_known = false;
  if (at.quote_vault != 0) {
    const auto flow = flow_of(ctx, inside, accounts[at.quote_vault]);
    quote = is_buy ? flow.in - flow.out : flow.out - flow.in;
    in_tokens = is_buy ? flow.in > flow.out : flow.out > flow.in;
    quote_agrees = in_tokens && ctx.index.balances_explained(accounts[at.quote_vault]);
  }
  if (!in_tokens) {
    quote = 0;
    std::uint64_t to_fee_recipient = 0;
    for (const auto& move : ctx.index.moves(inside)) {
      if (move.kind != move_kind::lamports) continue;
      if (move.destination == curve) quote += move.amount;
      if (move.destination == accounts[at.fee_recipient]) to_fee_recipient += move.amount;
    }
    if (is_buy) {
      fee = to_fee_recipient;
      fee_known = fee > 0;
    } else {
      if (!told) return ctx.unknown(instruction); // the program pays by itself: only its event says how much
      quote = told->quote_amount;
    }
    quote_agrees = curve_lamports_explained(ctx, curve);
  }
  if (quote == 0 && told) quote = told->quote_amount;
  if (told && told->fees_told) {
    fee = told->fees;
    fee_known = true;
  }

  if (tokens == 0 && quote == 0) return; // the program accepts a trade of nothing

  event::swap swap;
  const address& base_mint = ctx.tx.account(instruction, at.mint);
  const address& quote_mint = in_tokens ? ctx.tx.account(instruction, at.quote_mint) : native_mint();
  if (base_mint.is_zero() || quote_mint.is_zero()) return ctx.unknown(instruction); // the system program is no mint
  swap.pool = ctx.tx.key(curve);
  swap.trader = ctx.tx.account(instruction, at.user);
  swap.mint_in = is_buy ? quote_mint : base_mint;
  swap.mint_out = is_buy ? base_mint : quote_mint;
  swap.amount_in.value = is_buy ? quote : tokens;
  swap.amount_out.value = is_buy ? tokens : quote;
  swap.fee.value = fee;
  swap.fee_known = fee_known;
  swap.fee_in_mint_in = is_buy;
  swap.gave.value = is_buy ? quote + fee : token.sent - token.out;
  swap.got.value = is_buy ? token.arrived - token.in : quote - std::min(quote, fee);
  swap.base_is_mint_in = !is_buy;
  swap.balances_agree =
      quote_agrees && ctx.index.balances_explained(accounts[at.token_vault]) &&
      (!told || (told->token_amount == tokens && told->quote_amount == quote && told->mint == base_mint));
  if (told && told->virtual_quote != 0)
    swap.after = {.kind = pool_state_kind::reserves, .a = told->virtual_token, .b = told->virtual_quote, .c = 0};
  ctx.emit(instruction, kind, swap);

  if (byte_reader done(ctx.event(position, complete_event_tag)); done.remaining() > 0) {
    done.skip(32); // user
    event::launch launch{.phase = event::launch_phase::completed,
                         .mint = done.address(),
                         .curve = done.address(),
                         .creator = {},
                         .pool = {}};
    if (done.ok()) ctx.emit(instruction, kind, launch);
  }
}

void decode_create(context& ctx, std::size_t position, bool v2) {
  const auto& instruction = ctx.tx.instructions[position];
  const std::size_t user = v2 ? 5 : 7;
  if (instruction.accounts.size() < 14) return ctx.unknown(instruction);
  byte_reader args(ctx.data(position).subspan(8));
  for (int text = 0; text < 3; ++text)
    static_cast<void>(args.string()); // name, symbol, URI: told by the metadata's own program
  if (!args.ok()) return ctx.unknown(instruction);
  event::launch launch;
  launch.phase = event::launch_phase::created;
  launch.mint = ctx.tx.account(instruction, 0);
  launch.curve = ctx.tx.account(instruction, 2);
  // The argument exists from May 2025; before, the creator was whoever signed.
  launch.creator = args.has(32) ? args.address() : ctx.tx.account(instruction, user);
  ctx.emit(instruction, kind, launch);
}

void decode_migrate(context& ctx, std::size_t position, bool v2) {
  const auto& instruction = ctx.tx.instructions[position];
  if (instruction.accounts.size() < 24) return ctx.unknown(instruction);
  // A second call on a migrated curve succeeds and does nothing: the event tells whether it happened.
  if (ctx.event(position, migration_event_tag).empty()) return;
  event::launch launch;
  launch.phase = event::launch_phase::migrated;
  launch.mint = ctx.tx.account(instruction, 2);
  launch.curve = ctx.tx.account(instruction, v2 ? 4 : 3);
  launch.pool = ctx.tx.account(instruction, v2 ? 10 : 9);
  ctx.emit(instruction, kind, launch);
}

void decode_set_creator(context& ctx, std::size_t position) {
  const auto& instruction = ctx.tx.instructions[position];
  byte_reader in(ctx.data(position).subspan(8));
  const auto creator = in.address();
  if (!in.ok() || instruction.accounts.size() < 5) return ctx.unknown(instruction);
  ctx.emit(
      instruction, kind,
      event::authority_changed{ctx.tx.account(instruction, 4), event::authority_kind::pool_creator, true, {}, creator});
}

void decode_migrate_creator(context& ctx, std::size_t position) {
  const auto& instruction = ctx.tx.instructions[position];
  if (instruction.accounts.size() < 3) return ctx.unknown(instruction);
  // The new creator is the sharing configuration's account.
  ctx.emit(instruction, kind,
           event::authority_changed{ctx.tx.account(instruction, 1),
                                    event::authority_kind::pool_creator,
                                    true,
                                    {},
                                    ctx.tx.account(instruction, 2)});
}

void decode(context& ctx, std::size_t position) {
  const auto data = ctx.data(position);
  const auto& instruction = ctx.tx.instructions[position];
  if (data.size() < 8) return ctx.unknown(instruction);
  const auto tag = discriminator(data);
  switch (static_cast<ix>(tag)) {
  case ix::buy:
  case ix::buy_exact_sol_in:
    return decode_trade(ctx, position, true, first_version);
  case ix::sell:
    return decode_trade(ctx, position, false, first_version);
  case ix::buy_v2:
  case ix::buy_exact_quote_in_v2:
    return decode_trade(ctx, position, true, second_version);
  case ix::sell_v2:
    return decode_trade(ctx, position, false, second_version);
  case ix::create:
    return decode_create(ctx, position, false);
  case ix::create_v2:
    return decode_create(ctx, position, true);
  case ix::migrate:
    return decode_migrate(ctx, position, false);
  case ix::migrate_v2:
    return decode_migrate(ctx, position, true);
  case ix::set_creator:
    return decode_set_creator(ctx, position);
  case ix::migrate_bonding_curve_creator:
    return decode_migrate_creator(ctx, position);
  }
  if (tag == event_cpi_prefix) return; // events are read with their instruction
  if (std::ranges::find(layouts, tag, &layout_check::discriminator) == layouts.end()) ctx.unknown(instruction);
}

} // namespace

const program_decoder pump_decoder{.kind = kind,
                                   .name = "pump",
                                   .address = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P",
                                   .decode = decode,
                                   .layouts = layouts};

} // namespace sett::decode
