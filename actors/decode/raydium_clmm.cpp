// Raydium CLMM (CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK): concentrated liquidity. Layouts: the program's Anchor
// IDL 0.1.0 and its 2026 form, whose instructions and SwapEvent start with the same fields; read 2026-11. Events are
// log records, so the state after a swap is known only while logs are there.
//
// swap_router_base_in walks a chain of pools through trailing accounts of varying number: named unknown.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

#include <utility>

namespace sett::decode {

namespace {
using event::liquidity_change;

constexpr layout_check layouts[] = {
    {"global:close_position", 0x7b86510031446262},
    {"global:collect_fund_fee", 0xa78a4e95dfc2067e},
    {"global:collect_protocol_fee", 0x8888fcddc2427e59},
    {"global:collect_remaining_rewards", 0x12eda6c52210d590},
    {"global:create_amm_config", 0x8934edd4d7756c68},
    {"global:create_operation_account", 0x3f5794216d230868},
    {"global:create_pool", 0xe992d18ecf6840bc},
    {"global:create_support_mint_associated", 0x11fb415c88f20ea9},
    {"global:decrease_liquidity", 0xa026d06f685b2c01},
    {"global:decrease_liquidity_v2", 0x3a7fbc3e4f52c460},
    {"global:increase_liquidity", 0x2e9cf3760dcdfbb2},
    {"global:increase_liquidity_v2", 0x851d59df45eeb00a},
    {"global:initialize_reward", 0x5f87c0c4f281e644},
    {"global:open_position", 0x87802f4d0f98f031},
    {"global:open_position_v2", 0x4db84ad67056f1c7},
    {"global:open_position_with_token22_nft", 0x4dffae527d1dc92e},
    {"global:set_reward_params", 0x7034a74b20c9d389},
    {"global:swap", 0xf8c69e91e17587c8},
    {"global:swap_router_base_in", 0x457d73daf5baf2c4},
    {"global:swap_v2", 0x2b04ed0b1ac91e62},
    {"global:transfer_reward_owner", 0x07160c53f22b3079},
    {"global:update_amm_config", 0x313cae889a1c74c8},
    {"global:update_operation_account", 0x7f467728bce33d07},
    {"global:update_pool_status", 0x82576c062ee0757b},
    {"global:update_reward_infos", 0xa3ace0340b9a6adf},
    {"event:CollectPersonalFeeEvent", 0xa6ae69c051a15369},
    {"event:CollectProtocolFeeEvent", 0xce57114f2d29d53d},
    {"event:ConfigChangeEvent", 0xf7bd07776a705f97},
    {"event:CreatePersonalPositionEvent", 0x641e57f9c4df9ace},
    {"event:DecreaseLiquidityEvent", 0x3ade563a44325538},
    {"event:IncreaseLiquidityEvent", 0x314f69d420221e54},
    {"event:LiquidityCalculateEvent", 0xed7094e63954b4a2},
    {"event:LiquidityChangeEvent", 0x7ef0afce9e58996b},
    {"event:PoolCreatedEvent", 0x195e4b2f7063353f},
    {"event:SwapEvent", 0x40c6cde8260871e2},
    {"event:UpdateRewardInfosEvent", 0x6d7fba4e724125ec},
};

struct swap_event {
  bool found{}, zero_for_one{};
  std::uint64_t amount_0{}, amount_1{}, fee_0{}, fee_1{};
  byte_reader::wide sqrt_price, liquidity;
};
/// SwapEvent: pool, sender, both token accounts, amount and transfer fee of each side, direction, price, liquidity,
/// tick.
swap_event read_swap_event(const anchor_instruction& ix, const address& pool) {
  swap_event e;
  byte_reader in(ix.event(discriminator_of(layouts, "event:SwapEvent")));
  if (!in.has(197) || in.address() != pool) return e;
  in.skip(96);
  e.amount_0 = in.u64();
  e.fee_0 = in.u64();
  e.amount_1 = in.u64();
  e.fee_1 = in.u64();
  e.zero_for_one = in.boolean();
  e.sqrt_price = in.u128();
  e.liquidity = in.u128();
  e.found = true;
  return e;
}

void swap(const anchor_instruction& ix, bool v2) {
  if (!ix.require(33, v2 ? 13 : 10)) return;
  const auto e = read_swap_event(ix, ix.account(2));
  // The accounts come as input, output; the price is of token 0 in token 1.
  pool_accounts at{.pool = 2, .trader = 0, .vault_a = 5, .vault_b = 6, .pays = 3, .is_paid = 4};
  if (v2) {
    at.mint_a = 11;
    at.mint_b = 12;
  }
  swap_facts facts;
  facts.a_in = true;
  if (e.found) {
    if (!e.zero_for_one) {
      std::swap(at.vault_a, at.vault_b);
      std::swap(at.mint_a, at.mint_b);
      facts.a_in = false;
    }
    facts.amount_in = e.zero_for_one ? e.amount_0 : e.amount_1;
    facts.amount_out = e.zero_for_one ? e.amount_1 : e.amount_0;
    facts.after = {pool_state_kind::sqrt_price_x64, e.sqrt_price.low, e.sqrt_price.high, e.liquidity.low};
  }
  emit_swap(ix, program_kind::raydium_clmm, at, facts);
}

/// Opening a position deposits into it. Newer clients give amounts and liquidity 0: the event then says how much it
/// became.
void open(const anchor_instruction& ix, const pool_accounts& at, std::size_t accounts) {
  if (!ix.require(48, accounts)) return;
  auto in = ix.arguments();
  in.skip(16);
  std::uint64_t liquidity = in.u128().low;
  if (byte_reader e(ix.event(discriminator_of(layouts, "event:CreatePersonalPositionEvent"))); e.has(120)) {
    e.skip(104);
    liquidity = e.u128().low;
  }
  emit_liquidity(ix, program_kind::raydium_clmm, at, liquidity_change::added, liquidity);
}

void increase(const anchor_instruction& ix, const pool_accounts& at, std::size_t accounts) {
  if (!ix.require(32, accounts)) return;
  std::uint64_t liquidity = ix.arguments().u128().low;
  if (byte_reader e(ix.event(discriminator_of(layouts, "event:IncreaseLiquidityEvent"))); e.has(48)) {
    e.skip(32);
    liquidity = e.u128().low;
  }
  emit_liquidity(ix, program_kind::raydium_clmm, at, liquidity_change::added, liquidity);
}

/// Also pays out the fees earned: with the event the two are told apart, without it the vaults' flow holds both.
/// Liquidity 0 is how clients only collect.
void decrease(const anchor_instruction& ix, const pool_accounts& at, std::size_t accounts) {
  if (!ix.require(32, accounts)) return;
  const auto liquidity = ix.arguments().u128();
  if (liquidity.low == 0 && liquidity.high == 0) return;
  std::optional<pair_amounts> stated;
  if (byte_reader e(ix.event(discriminator_of(layouts, "event:DecreaseLiquidityEvent"))); e.has(80)) {
    e.skip(48);
    stated.emplace();
    stated->a = e.u64();
    stated->b = e.u64();
  }
  emit_liquidity(ix, program_kind::raydium_clmm, at, liquidity_change::removed, liquidity.low, {}, stated);
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:swap"):
    return swap(ix, false);
  case discriminator_of(layouts, "global:swap_v2"):
    return swap(ix, true);
  case discriminator_of(layouts, "global:swap_router_base_in"):
    return ix.unknown();
  case discriminator_of(layouts, "global:create_pool"):
    if (ix.require(24, 13))
      emit_pool_created(ix, program_kind::raydium_clmm,
                        {.pool = 2, .trader = 0, .vault_a = 5, .vault_b = 6, .mint_a = 3, .mint_b = 4});
    return;
  case discriminator_of(layouts, "global:open_position"):
    return open(ix, {.pool = 5, .trader = 1, .vault_a = 12, .vault_b = 13}, 19);
  case discriminator_of(layouts, "global:open_position_v2"):
    return open(ix, {.pool = 5, .trader = 1, .vault_a = 12, .vault_b = 13, .mint_a = 20, .mint_b = 21}, 22);
  case discriminator_of(layouts, "global:open_position_with_token22_nft"):
    return open(ix, {.pool = 4, .trader = 1, .vault_a = 11, .vault_b = 12, .mint_a = 18, .mint_b = 19}, 20);
  case discriminator_of(layouts, "global:increase_liquidity"):
    return increase(ix, {.pool = 2, .trader = 0, .vault_a = 9, .vault_b = 10}, 12);
  case discriminator_of(layouts, "global:increase_liquidity_v2"):
    return increase(ix, {.pool = 2, .trader = 0, .vault_a = 9, .vault_b = 10, .mint_a = 13, .mint_b = 14}, 15);
  case discriminator_of(layouts, "global:decrease_liquidity"):
    return decrease(ix, {.pool = 3, .trader = 0, .vault_a = 5, .vault_b = 6}, 12);
  case discriminator_of(layouts, "global:decrease_liquidity_v2"):
    return decrease(ix, {.pool = 3, .trader = 0, .vault_a = 5, .vault_b = 6, .mint_a = 14, .mint_b = 15}, 16);
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder raydium_clmm_decoder{program_kind::raydium_clmm, "raydium_clmm",
                                           "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK", decode, layouts};

} // namespace sett::decode
