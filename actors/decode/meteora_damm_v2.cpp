// Meteora DAMM v2 (cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG): one price range per pool, fees in one or both tokens.
// Layouts: the program's Anchor IDL 0.2.0, and the names of 2025 events it replaced; read 2026-11. Events are reported
// by self-call; EvtSwap2 gives the price after a swap, the pool's liquidity is in no event.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

namespace sett::decode {

namespace {
using event::liquidity_change;

constexpr layout_check layouts[] = {
    {"global:add_liquidity", 0xb59d59438fb63448},
    {"global:claim_position_fee", 0xb4269a118521a2d3},
    {"global:claim_protocol_fee", 0xa5e4853063f9ff21},
    {"global:claim_reward", 0x955fb5f25e5a9ea2},
    {"global:close_config", 0x9109489d5f7d3d55},
    {"global:close_operator_account", 0xab09d54a7817031d},
    {"global:close_position", 0x7b86510031446262},
    {"global:close_token_badge", 0x6c92566eb3fe0a68},
    {"global:create_config", 0xc9cff3724b6f2fbd},
    {"global:create_dynamic_config", 0x51fb7a4e4239d052},
    {"global:create_operator_account", 0xdd40f695f099e5a3},
    {"global:create_position", 0x30d7c59960cbb485},
    {"global:create_token_badge", 0x58ce005b3caf9776},
    {"global:dummy_ix", 0xea5fb0b9072a239f},
    {"global:fix_config_fee_params", 0x261ed851fab1f3fe},
    {"global:fix_pool_fee_params", 0x846251c42c3a78c1},
    {"global:fix_pool_layout_version", 0xa69e452351a7c8d7},
    {"global:fund_reward", 0xbc32f9a55d97263f},
    {"global:initialize_customizable_pool", 0x14a1f118bdddb402},
    {"global:initialize_pool", 0x5fb40aac54aee828},
    {"global:initialize_pool_with_dynamic_config", 0x955248c5fdfc440f},
    {"global:initialize_reward", 0x5f87c0c4f281e644},
    {"global:lock_inner_position", 0x481331cc127a175a},
    {"global:lock_position", 0xe33e02fcf70aabb9},
    {"global:permanent_lock_position", 0xa5b07d06e7abbad5},
    {"global:refresh_vesting", 0x095ed80e74ccf700},
    {"global:remove_all_liquidity", 0x0a333d2370691855},
    {"global:remove_liquidity", 0x5055d14818ceb16c},
    {"global:set_pool_status", 0x705787df53cc8435},
    {"global:split_position", 0xacf1dd8aa11dfd2a},
    {"global:split_position2", 0xdd93e4cf8cd41177},
    {"global:swap", 0xf8c69e91e17587c8},
    {"global:swap2", 0x414b3f4ceb5b5b88},
    {"global:update_pool_fees", 0x76d9cbb33c084659},
    {"global:update_reward_duration", 0x8aaec4a9d5ebfe6b},
    {"global:update_reward_funder", 0xd31c3020d7a02317},
    {"global:withdraw_ineligible_reward", 0x94ce2ac3f7316708},
    {"global:zap_protocol_fee", 0xd59bbb2238b65bf0},
    {"event:EvtClaimPositionFee", 0xc6b6b734610c3138},
    {"event:EvtClaimProtocolFee", 0xbaf44bfbbc0d1921},
    {"event:EvtClaimReward", 0xda5693c8ebbcd7e7},
    {"event:EvtCloseConfig", 0x241eef2d3a840e05},
    {"event:EvtClosePosition", 0x149190448f8ed6b2},
    {"event:EvtCreateConfig", 0x83cfb4aeb449a536},
    {"event:EvtCreateDynamicConfig", 0xe7c50da4f8d58598},
    {"event:EvtCreatePosition", 0x9c0f77c61db5dd37},
    {"event:EvtCreateTokenBadge", 0x8d788674221c72a0},
    {"event:EvtFundReward", 0x68e9ed7ac7bf7955},
    {"event:EvtInitializePool", 0xe432f655cb428625},
    {"event:EvtInitializeReward", 0x815bbc03f634b9f9},
    {"event:EvtLiquidityChange", 0xc5ab4e7fe0d3570d},
    {"event:EvtLockPosition", 0xa83f6c53db5202c8},
    {"event:EvtPermanentLockPosition", 0x918fa2dada50430b},
    {"event:EvtSetPoolStatus", 0x64d54a035f5be492},
    {"event:EvtSplitPosition2", 0xa520cbae4864e967},
    {"event:EvtSplitPosition3", 0xe875beda55a2cf4e},
    {"event:EvtSwap2", 0xbd4233a826507599},
    {"event:EvtUpdatePoolFees", 0x4ca5f66666d99c2c},
    {"event:EvtUpdateRewardDuration", 0x958741e781994139},
    {"event:EvtUpdateRewardFunder", 0x4c9ad00d2873f692},
    {"event:EvtWithdrawIneligibleReward", 0xf8d7b84e1fb4b3a8},
    {"global:claim_partner_fee", 0x61ce27695e5e7e94},
    {"event:EvtClaimPartnerFee", 0x76634d0ae2010157},
    {"event:EvtSwap", 0x1b3c15d58aaabb93},
    {"event:EvtAddLiquidity", 0xaff2089d1ef7b9a9},
    {"event:EvtRemoveLiquidity", 0x572e5862af60225b},
};

void swap(const anchor_instruction& ix, std::size_t argument_bytes) {
  if (!ix.require(argument_bytes, 14)) return;
  swap_facts facts;
  // EvtSwap2: pool, direction (0: A to B), fee mode, referral, parameters, result (input with and without fee, left
  // over, output, price, four parts of the fee), amounts with transfer fees, time, reserves.
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:EvtSwap2")));
      in.has(180) && in.address() == ix.account(1)) {
    facts.a_in = in.u8() == 0;
    in.skip(1 + 1 + 17);
    const std::uint64_t with_fee = in.u64(), without_fee = in.u64();
    in.skip(8);
    const std::uint64_t output = in.u64();
    const auto price = in.u128();
    facts.fee = in.u64();
    facts.fee += in.u64();
    facts.fee += in.u64();
    const std::uint64_t referral = in.u64();
    facts.fee += referral;
    facts.fee_known = true;
    facts.fee_in_mint_in = with_fee != without_fee;
    // The referrer is paid from the vault that holds the fee.
    facts.amount_in = facts.fee_in_mint_in && referral <= with_fee ? with_fee - referral : with_fee;
    facts.amount_out = facts.fee_in_mint_in ? output : output + referral;
    facts.after = {pool_state_kind::sqrt_price_x64, price.low, price.high, 0};
  } else if (byte_reader old(ix.event(discriminator_of(layouts, "event:EvtSwap")));
             old.has(122) && old.address() == ix.account(1)) {
    // EvtSwap, until EvtSwap2 replaced it in 2025: pool, direction, referral, parameters, output, price, four parts of
    // the fee (in a token that the event does not name), input. As recorded transactions of the time have it.
    facts.a_in = old.u8() == 0;
    old.skip(1 + 16);
    const std::uint64_t output = old.u64();
    const auto price = old.u128();
    old.skip(24);
    const bool referred = old.u64() > 0;
    if (!referred) {
      facts.amount_in = old.u64();
      facts.amount_out = output;
    }
    facts.after = {pool_state_kind::sqrt_price_x64, price.low, price.high, 0};
  }
  emit_swap(ix, program_kind::meteora_damm_v2,
            {.pool = 1, .trader = 8, .vault_a = 4, .vault_b = 5, .mint_a = 6, .mint_b = 7, .pays = 2, .is_paid = 3},
            facts);
}

/// EvtLiquidityChange: pool, position, owner, four amounts, two reserves, liquidity.
std::uint64_t changed_liquidity(const anchor_instruction& ix) {
  byte_reader in(ix.event(discriminator_of(layouts, "event:EvtLiquidityChange")));
  in.skip(96 + 48);
  return in.u128().low;
}
void add(const anchor_instruction& ix) {
  if (!ix.require(32, 14)) return;
  emit_liquidity(ix, program_kind::meteora_damm_v2,
                 {.pool = 0, .trader = 9, .vault_a = 4, .vault_b = 5, .mint_a = 6, .mint_b = 7},
                 liquidity_change::added, ix.arguments().u128().low);
}
void remove(const anchor_instruction& ix, bool all) {
  if (!ix.require(all ? 16 : 32, 15)) return;
  emit_liquidity(ix, program_kind::meteora_damm_v2,
                 {.pool = 1, .trader = 10, .vault_a = 5, .vault_b = 6, .mint_a = 7, .mint_b = 8},
                 liquidity_change::removed, all ? changed_liquidity(ix) : ix.arguments().u128().low);
}

void emit_locked(const anchor_instruction& ix, std::size_t owner, std::uint64_t liquidity) {
  event::liquidity locked;
  locked.change = liquidity_change::locked;
  locked.pool = ix.account(0);
  locked.provider = ix.account(owner);
  locked.lp_amount.value = liquidity;
  ix.ctx().emit(ix.raw(), program_kind::meteora_damm_v2, locked);
}
/// VestingParameters: optional start, seconds per period, liquidity at the start and per period, periods.
void lock(const anchor_instruction& ix, std::size_t owner, std::size_t accounts) {
  if (!ix.require(43, accounts)) return;
  auto in = ix.arguments();
  if (in.boolean()) in.skip(8);
  in.skip(8);
  const std::uint64_t at_start = in.u128().low, per_period = in.u128().low;
  const std::uint64_t liquidity = at_start + per_period * in.u16(); // low 64 bits, as everywhere in lp_amount
  if (!in.ok()) return ix.unknown();
  emit_locked(ix, owner, liquidity);
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  const auto create = [&](const pool_accounts& at, std::size_t argument_bytes, std::size_t accounts) {
    if (ix.require(argument_bytes, accounts)) emit_pool_created(ix, program_kind::meteora_damm_v2, at);
  };
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:swap"):
    return swap(ix, 16);
  case discriminator_of(layouts, "global:swap2"):
    return swap(ix, 17);
  case discriminator_of(layouts, "global:add_liquidity"):
    return add(ix);
  case discriminator_of(layouts, "global:remove_liquidity"):
    return remove(ix, false);
  case discriminator_of(layouts, "global:remove_all_liquidity"):
    return remove(ix, true);
  case discriminator_of(layouts, "global:initialize_pool"):
    return create({.pool = 6, .trader = 0, .vault_a = 10, .vault_b = 11, .mint_a = 8, .mint_b = 9}, 33, 20);
  case discriminator_of(layouts, "global:initialize_customizable_pool"):
    return create({.pool = 5, .trader = 0, .vault_a = 9, .vault_b = 10, .mint_a = 7, .mint_b = 8}, 68, 19);
  case discriminator_of(layouts, "global:initialize_pool_with_dynamic_config"):
    return create({.pool = 7, .trader = 0, .vault_a = 11, .vault_b = 12, .mint_a = 9, .mint_b = 10}, 68, 21);
  case discriminator_of(layouts, "global:lock_position"):
    return lock(ix, 4, 9);
  case discriminator_of(layouts, "global:lock_inner_position"):
    return lock(ix, 3, 6);
  case discriminator_of(layouts, "global:permanent_lock_position"):
    if (ix.require(16, 6)) emit_locked(ix, 3, ix.arguments().u128().low);
    return;
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder meteora_damm_v2_decoder{program_kind::meteora_damm_v2, "meteora_damm_v2",
                                              "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG", decode, layouts};

} // namespace sett::decode
