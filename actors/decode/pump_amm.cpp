// PumpSwap, where pump.fun's tokens go after the curve. Accounts were appended three times (17, 19, 21 to 23 and more):
// the ones read here stand first in all of them. Since July 2026 a pool quotes with `virtual_quote_reserves` on top of
// its quote vault, which only the events tell. Layouts: pump_amm IDLs of @pump-fun/pump-sdk 2.0.0 and
// pump-swap-sdk 1.20.0 and the shorter ones before.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "actors/decode/vault_swap.hpp"

#include <optional>

namespace sett::decode {

namespace {

constexpr auto kind = program_kind::pump_amm;

constexpr layout_check layouts[] = {
    {"global:buy", 0x66063d1201daebea},
    {"global:buy_exact_quote_in", 0xc62e1552b4d9e870},
    {"global:sell", 0x33e685a4017f83ad},
    {"global:boost_buy_and_burn", 0x694406af000723a2},
    {"global:create_pool", 0xe992d18ecf6840bc},
    {"global:deposit", 0xf223c68952e1f2b6},
    {"global:withdraw", 0xb712469c946da122},
    {"event:BuyEvent", 0x67f4521f2cf57777},
    {"event:SellEvent", 0x3e2f370aa503dc2a},
    {"event:CreatePoolEvent", 0xb1310cd2a076a774},
    {"event:DepositEvent", 0x78f83d531f8e6b90},
    {"event:WithdrawEvent", 0x1609851aa02c47c0},
    // Upkeep: nothing trades and no liquidity moves.
    {"global:admin_cto_pool", 0x2d3da597680031bd},
    {"global:admin_set_coin_creator", 0xf228759149606968},
    {"global:admin_set_coin_creator_fee_editable", 0xcc4156cf6e54ef68},
    {"global:admin_update_token_incentives", 0xd10b7357d5177ccc},
    {"global:claim_cashback", 0x253a237ebe35e4c5},
    {"global:claim_token_incentives", 0x1004471ccc01281b},
    {"global:close_user_volume_accumulator", 0xf945a4da9667548a},
    {"global:collect_coin_creator_fee", 0xa039592ab58b2b42},
    {"global:create_config", 0xc9cff3724b6f2fbd},
    {"global:disable", 0xb9adbb5ad80feee9},
    {"global:extend_account", 0xea66c2cb96483ee5},
    {"global:init_boost", 0x8ce9215e845ac28f},
    {"global:init_user_volume_accumulator", 0x5e06ca73ff60e8b7},
    {"global:migrate_pool_coin_creator", 0xd0089f044aaf103a},
    {"global:set_boost_authority", 0xe3954c2a8227eacd},
    {"global:set_coin_creator", 0xd295802dbc3a4eaf},
    {"global:set_coin_creator_fee_bps", 0x4259caed08769ea9},
    {"global:set_reserved_fee_recipients", 0x6faca2e87259d58e},
    {"global:sync_user_volume_accumulator", 0x561fc057a3574fee},
    {"global:toggle_boost", 0x75a1a04adf897663},
    {"global:toggle_cashback_enabled", 0x7367e0ffbd5956c3},
    {"global:toggle_mayhem_mode", 0x01096fd0641fffa3},
    {"global:transfer_creator_fees_to_pump", 0x8b348655e4e56cf1},
    {"global:transfer_creator_fees_to_pump_v2", 0x01214eb921432c5c},
    {"global:update_admin", 0xa1b028d53cb8b3e4},
    {"global:update_buyback_config", 0xfbe0ab92a01a71e9},
    {"global:update_creator_fee_config", 0x3dafa0f9424288af},
    {"global:update_fee_config", 0x68b867f258976b14},
};
consteval std::uint64_t tag_of(std::string_view name) { return discriminator_of(layouts, name); }

/// BuyEvent and SellEvent: the same fields in the same places up to the creator's fee.
struct trade_event {
  std::uint64_t base_amount{}, quote_through_vault{}, quote_of_user{};
  std::uint64_t base_reserve_before{}, quote_reserve_before{};
  std::uint64_t fees{};
  std::uint64_t virtual_quote_reserves{}; // low word of an i128, two's complement
};

std::optional<trade_event> parse_trade(byte_span data, bool is_buy) {
  byte_reader in(data);
  trade_event e;
  in.skip(8); // time
  e.base_amount = in.u64();
  in.skip(8 + 8 + 8); // limit, the user's balances
  e.base_reserve_before = in.u64();
  e.quote_reserve_before = in.u64();
  in.skip(8 + 8); // quote without fees, liquidity providers' bps
  e.fees = in.u64();
  in.skip(8);
  e.fees += in.u64(); // protocol
  e.quote_through_vault = in.u64();
  e.quote_of_user = in.u64();
  in.skip(6 * 32);
  if (!in.ok()) return std::nullopt;
  if (!in.has(32 + 8 + 8)) return e; // before May 2025
  in.skip(32 + 8);
  e.fees += in.u64(); // creator
  if (is_buy) {
    if (!in.has(1 + 4 * 8 + 8 + 4)) return e;
    in.skip(1 + 4 * 8 + 8); // volume tracking, least amount
    static_cast<void>(in.string());
  }
  if (!in.has(8 + 8)) return e;
  in.skip(8);
  e.fees += in.u64(); // cashback
  if (!in.has(8 + 8 + 16)) return e;
  in.skip(8 + 8); // buyback, a share of the protocol's fee
  e.virtual_quote_reserves = in.u128().low;
  if (!in.has(1 + 8 + 8 + 8)) return e;
  in.skip(1 + 8 + 8);
  e.fees += in.u64(); // holders' rewards
  return e;
}

void decode_trade(context& ctx, std::size_t position, bool is_buy) {
  const anchor_instruction ix(ctx, position);
  if (!ix.require(16, 17)) return;
  auto swap = read_vault_swap(ctx, position, ix.key(7), ix.key(8));
  if (!swap || (swap->mint_in == ix.account(3)) == is_buy) return ix.unknown();
  swap->pool = ix.account(0);
  swap->trader = ix.account(1);
  swap->base_is_mint_in = !is_buy;
  if (const auto told = parse_trade(ix.event(is_buy ? tag_of("event:BuyEvent") : tag_of("event:SellEvent")), is_buy)) {
    const auto base = is_buy ? swap->amount_out.value : swap->amount_in.value;
    const auto quote = is_buy ? swap->amount_in.value : swap->amount_out.value;
    swap->balances_agree = swap->balances_agree && told->base_amount == base && told->quote_through_vault == quote;
    (is_buy ? swap->gave : swap->got).value = told->quote_of_user;
    swap->fee.value = told->fees;
    swap->fee_known = true;
    swap->fee_in_mint_in = is_buy;
    swap->after = {.kind = pool_state_kind::reserves,
                   .a = is_buy ? told->base_reserve_before - base : told->base_reserve_before + base,
                   .b = told->virtual_quote_reserves +
                        (is_buy ? told->quote_reserve_before + quote : told->quote_reserve_before - quote),
                   .c = 0};
  }
  ctx.emit(ix.raw(), kind, *swap);
}

/// The protocol buys a token with a boost vault's quote and burns it.
void decode_boost(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  if (!ix.require(16, 7)) return;
  emit_swap(ix, kind, {.pool = 0, .trader = 1, .vault_a = 5, .vault_b = 6, .mint_a = 3, .mint_b = 4}, {});
}

void decode_create_pool(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  if (!ix.require(2 + 8 + 8, 18)) return;
  emit_pool_created(ix, kind, {.pool = 0, .trader = 2, .vault_a = 9, .vault_b = 10, .mint_a = 3, .mint_b = 4},
                    ix.account(5));
}

void decode_liquidity(context& ctx, std::size_t position, bool added) {
  const anchor_instruction ix(ctx, position);
  if (!ix.require(24, 15)) return;
  emit_liquidity(ix, kind, {.pool = 0, .trader = 2, .vault_a = 9, .vault_b = 10, .mint_a = 3, .mint_b = 4},
                 added ? event::liquidity_change::added : event::liquidity_change::removed, ix.arguments().u64(),
                 ix.account(5));
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case tag_of("global:buy"):
  case tag_of("global:buy_exact_quote_in"):
    return decode_trade(ctx, position, true);
  case tag_of("global:sell"):
    return decode_trade(ctx, position, false);
  case tag_of("global:boost_buy_and_burn"):
    return decode_boost(ctx, position);
  case tag_of("global:create_pool"):
    return decode_create_pool(ctx, position);
  case tag_of("global:deposit"):
    return decode_liquidity(ctx, position, true);
  case tag_of("global:withdraw"):
    return decode_liquidity(ctx, position, false);
  default:
    return ix.known_or_unknown(layouts);
  }
}

} // namespace

const program_decoder pump_amm_decoder{.kind = kind,
                                       .name = "pump_amm",
                                       .address = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA",
                                       .decode = decode,
                                       .layouts = layouts};

} // namespace sett::decode
