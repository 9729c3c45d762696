// Orca Whirlpool (whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc): concentrated liquidity, adaptive fees, Token-2022
// through the _v2 instructions. Layouts: the program's Anchor IDL, read 2026-11. The Traded record in the logs (since
// 2025) gives price and fees; older swaps have none, and nothing ever gives the liquidity in range.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

#include <utility>

namespace sett::decode {

namespace {
using event::liquidity_change;

constexpr layout_check layouts[] = {
    {"global:close_bundled_position", 0x2924d8f51b556743},
    {"global:close_position", 0x7b86510031446262},
    {"global:close_position_with_token_extensions", 0x01b6873b9b1963df},
    {"global:collect_fees", 0xa498cf631eba13b6},
    {"global:collect_fees_v2", 0xcf755fbfe5b4e20f},
    {"global:collect_protocol_fees", 0x1643176296b246dc},
    {"global:collect_protocol_fees_v2", 0x6780de8672c816c8},
    {"global:collect_reward", 0x4605845756ebb122},
    {"global:collect_reward_v2", 0xb16b25b4a01331d1},
    {"global:decrease_liquidity", 0xa026d06f685b2c01},
    {"global:decrease_liquidity_v2", 0x3a7fbc3e4f52c460},
    {"global:delete_position_bundle", 0x64196302d9ef7cad},
    {"global:delete_token_badge", 0x35924408127511b9},
    {"global:increase_liquidity", 0x2e9cf3760dcdfbb2},
    {"global:increase_liquidity_v2", 0x851d59df45eeb00a},
    {"global:initialize_adaptive_fee_tier", 0x4d63d0c88d7b7530},
    {"global:initialize_config", 0xd07f1501c2bec446},
    {"global:initialize_config_extension", 0x370935097239d134},
    {"global:initialize_fee_tier", 0xb74a9ca070022a1e},
    {"global:initialize_pool", 0x5fb40aac54aee828},
    {"global:initialize_pool_v2", 0xcf2d57f21b3fcc43},
    {"global:initialize_pool_with_adaptive_fee", 0x8f5e604cac7c77c7},
    {"global:initialize_position_bundle", 0x752df1951812c241},
    {"global:initialize_position_bundle_with_metadata", 0x5d7c10b3f98373f5},
    {"global:initialize_reward", 0x5f87c0c4f281e644},
    {"global:initialize_reward_v2", 0x5b014d32ebe58531},
    {"global:initialize_tick_array", 0x0bbcc1d68d5b95b8},
    {"global:initialize_token_badge", 0xfd4dcd5f1be059df},
    {"global:lock_position", 0xe33e02fcf70aabb9},
    {"global:open_bundled_position", 0xa9717eabd5acd431},
    {"global:open_position", 0x87802f4d0f98f031},
    {"global:open_position_with_metadata", 0xf21d86303a6e0e3c},
    {"global:open_position_with_token_extensions", 0xd42f5f5c726683fa},
    {"global:reset_position_range", 0xa47bb48dc264a0af},
    {"global:set_collect_protocol_fees_authority", 0x22965df48be1e943},
    {"global:set_config_extension_authority", 0x2c5ef17418bc3c8f},
    {"global:set_default_base_fee_rate", 0xe54254fba486b707},
    {"global:set_default_fee_rate", 0x76d7d69db6e5d0e4},
    {"global:set_default_protocol_fee_rate", 0x6bcdf9e297235600},
    {"global:set_delegated_fee_authority", 0xc1eae7938a39037a},
    {"global:set_fee_authority", 0x1f013257ed656184},
    {"global:set_fee_rate", 0x35f38941088c9e06},
    {"global:set_fee_rate_by_delegated_fee_authority", 0x7979367283e6a268},
    {"global:set_initialize_pool_authority", 0x7d2b7feb951a6aec},
    {"global:set_preset_adaptive_fee_constants", 0x84b94294535886c6},
    {"global:set_protocol_fee_rate", 0x5f0704329a4f9c83},
    {"global:set_reward_authority", 0x2227b7fc531c557f},
    {"global:set_reward_authority_by_super_authority", 0xf09ac9c6945d3819},
    {"global:set_reward_emissions", 0x0dc556a86db01bf4},
    {"global:set_reward_emissions_super_authority", 0xcf05c8d17a3852b7},
    {"global:set_reward_emissions_v2", 0x72e44820c130a066},
    {"global:set_token_badge_authority", 0xcfca0420cd4f0db2},
    {"global:swap", 0xf8c69e91e17587c8},
    {"global:swap_v2", 0x2b04ed0b1ac91e62},
    {"global:transfer_locked_position", 0xb379e52e438ac28a},
    {"global:two_hop_swap", 0xc360ed6c44a2dbe6},
    {"global:two_hop_swap_v2", 0xba8fd11dfe02c275},
    {"global:update_fees_and_rewards", 0x9ae6fa0decd14bdf},
    {"event:LiquidityDecreased", 0xa601244770cab5ab},
    {"event:LiquidityIncreased", 0x1e0790b566fe9ba1},
    {"event:PoolInitialized", 0x6476ad570cc6fee5},
    {"event:Traded", 0xe1ca49af932ba096},
};

/// Traded: pool, direction, price before and after, amounts, transfer fees, fees. The input includes its transfer fee.
void read_traded(const anchor_instruction& ix, const address& pool, swap_facts& facts) {
  for (std::size_t nth = 0; nth < 2; ++nth) {
    byte_reader in(ix.event(discriminator_of(layouts, "event:Traded"), nth));
    if (!in.has(113)) return;
    if (in.address() != pool) continue;
    in.skip(1 + 16);
    const auto price = in.u128();
    const std::uint64_t input = in.u64();
    facts.amount_out = in.u64();
    const std::uint64_t input_fee = in.u64();
    in.skip(8);
    const std::uint64_t lp_fee = in.u64();
    facts.fee = lp_fee + in.u64();
    facts.fee_known = facts.fee_in_mint_in = true;
    if (input_fee <= input) facts.amount_in = input - input_fee;
    facts.after = {pool_state_kind::sqrt_price_x64, price.low, price.high, 0};
    return;
  }
}

void hop(const anchor_instruction& ix, const pool_accounts& at, bool a_to_b) {
  swap_facts facts;
  facts.a_in = a_to_b;
  read_traded(ix, ix.account(at.pool), facts);
  emit_swap(ix, program_kind::orca_whirlpool, at, facts);
}

/// amount, threshold, price limit, amount is input, a to b.
void swap(const anchor_instruction& ix, pool_accounts at, std::size_t accounts) {
  if (!ix.require(34, accounts)) return;
  auto in = ix.arguments();
  in.skip(33);
  const bool a_to_b = in.boolean();
  // The trader's account of a token stands before its vault.
  at.pays = static_cast<std::uint8_t>((a_to_b ? at.vault_a : at.vault_b) - 1);
  at.is_paid = static_cast<std::uint8_t>((a_to_b ? at.vault_b : at.vault_a) - 1);
  hop(ix, at, a_to_b);
}

/// amount, threshold, amount is input, a to b of each pool, two price limits.
struct directions {
  bool one{}, two{};
};
directions read_directions(const anchor_instruction& ix) {
  auto in = ix.arguments();
  in.skip(17);
  directions d;
  d.one = in.boolean();
  d.two = in.boolean();
  return d;
}
void two_hop(const anchor_instruction& ix) {
  if (!ix.require(51, 20)) return;
  const auto d = read_directions(ix);
  hop(ix, {.pool = 2, .trader = 1, .vault_a = 5, .vault_b = 7}, d.one);
  hop(ix, {.pool = 3, .trader = 1, .vault_a = 9, .vault_b = 11}, d.two);
}
/// The second form names its accounts in the order of the trade: input, intermediate, output.
void two_hop_v2(const anchor_instruction& ix) {
  if (!ix.require(51, 24)) return;
  const auto d = read_directions(ix);
  pool_accounts one{.pool = 0, .trader = 14, .vault_a = 9, .vault_b = 10, .mint_a = 2, .mint_b = 3};
  pool_accounts two{.pool = 1, .trader = 14, .vault_a = 11, .vault_b = 12, .mint_a = 3, .mint_b = 4};
  for (auto [at, a_to_b] : {std::pair{&one, d.one}, std::pair{&two, d.two}}) {
    if (a_to_b) continue;
    std::swap(at->vault_a, at->vault_b);
    std::swap(at->mint_a, at->mint_b);
  }
  hop(ix, one, d.one);
  hop(ix, two, d.two);
}

void change(const anchor_instruction& ix, const pool_accounts& at, liquidity_change direction, std::size_t accounts) {
  if (!ix.require(32, accounts)) return;
  emit_liquidity(ix, program_kind::orca_whirlpool, at, direction, ix.arguments().u128().low);
}
constexpr pool_accounts change_accounts{.pool = 0, .trader = 2, .vault_a = 7, .vault_b = 8};
constexpr pool_accounts change_v2_accounts{
    .pool = 0, .trader = 4, .vault_a = 11, .vault_b = 12, .mint_a = 7, .mint_b = 8};

void initialize(const anchor_instruction& ix, const pool_accounts& at, std::size_t argument_bytes,
                std::size_t accounts) {
  if (ix.require(argument_bytes, accounts)) emit_pool_created(ix, program_kind::orca_whirlpool, at);
}

/// A locked position can never be emptied. How much lies in it, the instruction does not say.
void lock(const anchor_instruction& ix) {
  if (!ix.require(1, 9)) return;
  event::liquidity locked;
  locked.change = liquidity_change::locked;
  locked.pool = ix.account(6);
  locked.provider = ix.account(1);
  ix.ctx().emit(ix.raw(), program_kind::orca_whirlpool, locked);
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:swap"):
    return swap(ix, {.pool = 2, .trader = 1, .vault_a = 4, .vault_b = 6}, 11);
  case discriminator_of(layouts, "global:swap_v2"):
    return swap(ix, {.pool = 4, .trader = 3, .vault_a = 8, .vault_b = 10, .mint_a = 5, .mint_b = 6}, 15);
  case discriminator_of(layouts, "global:two_hop_swap"):
    return two_hop(ix);
  case discriminator_of(layouts, "global:two_hop_swap_v2"):
    return two_hop_v2(ix);
  case discriminator_of(layouts, "global:increase_liquidity"):
    return change(ix, change_accounts, liquidity_change::added, 11);
  case discriminator_of(layouts, "global:decrease_liquidity"):
    return change(ix, change_accounts, liquidity_change::removed, 11);
  case discriminator_of(layouts, "global:increase_liquidity_v2"):
    return change(ix, change_v2_accounts, liquidity_change::added, 15);
  case discriminator_of(layouts, "global:decrease_liquidity_v2"):
    return change(ix, change_v2_accounts, liquidity_change::removed, 15);
  case discriminator_of(layouts, "global:initialize_pool"):
    return initialize(ix, {.pool = 4, .trader = 3, .vault_a = 5, .vault_b = 6, .mint_a = 1, .mint_b = 2}, 19, 11);
  case discriminator_of(layouts, "global:initialize_pool_v2"):
    return initialize(ix, {.pool = 6, .trader = 5, .vault_a = 7, .vault_b = 8, .mint_a = 1, .mint_b = 2}, 18, 14);
  case discriminator_of(layouts, "global:initialize_pool_with_adaptive_fee"):
    return initialize(ix, {.pool = 7, .trader = 5, .vault_a = 9, .vault_b = 10, .mint_a = 1, .mint_b = 2}, 17, 16);
  case discriminator_of(layouts, "global:lock_position"):
    return lock(ix);
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder orca_whirlpool_decoder{program_kind::orca_whirlpool, "orca_whirlpool",
                                             "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc", decode, layouts};

} // namespace sett::decode
