// Meteora DLMM (LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo): liquidity in price bins. Layouts: the program's Anchor
// IDL 0.12.0, and two migrations of 2023 that it no longer has (the swap, position and pair instructions kept their
// first accounts through all versions); read 2026-11. Events are reported by self-call. Limit orders and fee claims are
// known and not decoded.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

namespace sett::decode {

namespace {
using event::liquidity_change;

constexpr layout_check layouts[] = {
    {"global:add_liquidity", 0xb59d59438fb63448},
    {"global:add_liquidity2", 0xe4a24e1c46db7473},
    {"global:add_liquidity_by_strategy", 0x0703967f94283dc8},
    {"global:add_liquidity_by_strategy2", 0x03dd95da6f8d76d5},
    {"global:add_liquidity_by_strategy_one_side", 0x2905eeaf64e106cd},
    {"global:add_liquidity_by_weight", 0x1c8cee63e7a21595},
    {"global:add_liquidity_by_weight2", 0xd13b3f5b6fc899e4},
    {"global:add_liquidity_one_side", 0x5e9b6797465fdca5},
    {"global:add_liquidity_one_side_precise", 0xa1c26754ab47fa9a},
    {"global:add_liquidity_one_side_precise2", 0x2133a3c975627de7},
    {"global:cancel_limit_order", 0x849c841f4328e861},
    {"global:claim_fee", 0xa9204f8988e84689},
    {"global:claim_fee2", 0x70bf65ab1c907fbb},
    {"global:claim_reward", 0x955fb5f25e5a9ea2},
    {"global:claim_reward2", 0xbe037f77b2579db7},
    {"global:close_bin_array", 0x44ae5850b5cc13e0},
    {"global:close_claim_fee_operator_account", 0xb8d5581fb3658224},
    {"global:close_limit_order_if_empty", 0x397c249b7ef95dab},
    {"global:close_operator_account", 0xab09d54a7817031d},
    {"global:close_position", 0x7b86510031446262},
    {"global:close_position2", 0xae5a2373ba2893e2},
    {"global:close_position_if_empty", 0x3b7cd4765b986e9d},
    {"global:close_preset_parameter", 0x04949164861ab53d},
    {"global:close_preset_parameter2", 0x27195f6b7411731c},
    {"global:close_token_badge", 0x6c92566eb3fe0a68},
    {"global:create_operator_account", 0xdd40f695f099e5a3},
    {"global:decrease_position_length", 0xc2db882019606925},
    {"global:for_idl_type_generation_do_not_call", 0xb46945505f32496c},
    {"global:fund_reward", 0xbc32f9a55d97263f},
    {"global:go_to_a_bin", 0x9248aee028fd54ae},
    {"global:increase_oracle_length", 0xbe3d7d57674f9ead},
    {"global:increase_position_length", 0x505375d3420d2195},
    {"global:increase_position_length2", 0xffd2cc477389e171},
    {"global:initialize_bin_array", 0x235613b94ed44bd3},
    {"global:initialize_bin_array_bitmap_extension", 0x2f9de2b40cf02147},
    {"global:initialize_customizable_permissionless_lb_pair", 0x2e2729876fb7c840},
    {"global:initialize_customizable_permissionless_lb_pair2", 0xf349817e3313f16b},
    {"global:initialize_lb_pair", 0x2d9aedd2dd0fa65c},
    {"global:initialize_lb_pair2", 0x493b2478ed536cc6},
    {"global:initialize_permission_lb_pair", 0x6c66d555fb033515},
    {"global:initialize_position", 0xdbc0ea47bebf6650},
    {"global:initialize_position2", 0x8f13f291d50f6873},
    {"global:initialize_position_by_operator", 0xfbbdbef475fe2394},
    {"global:initialize_position_pda", 0x2e527d92558de499},
    {"global:initialize_preset_parameter", 0x42bc47d3626d0eba},
    {"global:initialize_reward", 0x5f87c0c4f281e644},
    {"global:initialize_token_badge", 0xfd4dcd5f1be059df},
    {"global:place_limit_order", 0x6cb021ba92e501c5},
    {"global:rebalance_liquidity", 0x5c04b0c177b95309},
    {"global:remove_all_liquidity", 0x0a333d2370691855},
    {"global:remove_liquidity", 0x5055d14818ceb16c},
    {"global:remove_liquidity2", 0xe6d7527ff165e392},
    {"global:remove_liquidity_by_range", 0x1a526698f04a691a},
    {"global:remove_liquidity_by_range2", 0xcc02c391359191cd},
    {"global:set_activation_point", 0x5bf90fa51a81fe7d},
    {"global:set_pair_status", 0x43f8e7899a95d9ae},
    {"global:set_pair_status_permissionless", 0x4e3b98d346b72ed0},
    {"global:set_permissionless_operation_bits", 0x543acb8ba351beba},
    {"global:set_pre_activation_duration", 0xa53dc9f4829f1664},
    {"global:set_pre_activation_swap_address", 0x398b2f7bd850df0a},
    {"global:swap", 0xf8c69e91e17587c8},
    {"global:swap2", 0x414b3f4ceb5b5b88},
    {"global:swap_exact_out", 0xfa49652126cf4bb8},
    {"global:swap_exact_out2", 0x2bd7f784893cf351},
    {"global:swap_with_price_impact", 0x38ade6d0ade49ccd},
    {"global:swap_with_price_impact2", 0x4a62c0d6b1334b33},
    {"global:update_base_fee_parameters", 0x4ba8dfa110c3032f},
    {"global:update_dynamic_fee_parameters", 0x5ca12ef6ffbd1616},
    {"global:update_fees_and_reward2", 0x208eb89a6741b858},
    {"global:update_fees_and_rewards", 0x9ae6fa0decd14bdf},
    {"global:update_position_operator", 0xcab8678fb4bf74d9},
    {"global:update_reward_duration", 0x8aaec4a9d5ebfe6b},
    {"global:update_reward_funder", 0xd31c3020d7a02317},
    {"global:withdraw_ineligible_reward", 0x94ce2ac3f7316708},
    {"global:withdraw_protocol_fee", 0x9ec99ebd215da267},
    {"global:zap_protocol_fee", 0xd59bbb2238b65bf0},
    {"event:AddLiquidity", 0x1f5e7d5ae3343dba},
    {"event:CancelLimitOrderEvt", 0x83eac285090ebdd1},
    {"event:ClaimFee", 0x4b7a9a308c4a7ba3},
    {"event:ClaimFee2", 0xe8abf2613a4d232d},
    {"event:ClaimReward", 0x947486cc16ab555f},
    {"event:ClaimReward2", 0x1b8ff421502b6e92},
    {"event:CloseLimitOrderEvt", 0x8e87084c5c3f7653},
    {"event:CompositionFee", 0x80977b6a1166718e},
    {"event:DecreasePositionLength", 0x3476eb55aca90f80},
    {"event:DynamicFeeParameterUpdate", 0x5858b287c2925bf3},
    {"event:FeeParameterUpdate", 0x304cf17590d7f22c},
    {"event:FundReward", 0xf6e43a8291aa4fcc},
    {"event:GoToABin", 0x3b8a4c448a83b043},
    {"event:IncreaseObservation", 0x63f91179a69ccfd7},
    {"event:IncreasePositionLength", 0x9def2acc1e38df2e},
    {"event:InitializeReward", 0xd399583e953cb146},
    {"event:LbPairCreate", 0xb94afc7d1bd7bc6f},
    {"event:PlaceLimitOrderEvt", 0x2b4f1ba9f41ce13f},
    {"event:PositionClose", 0xffc4106b1cca3580},
    {"event:PositionCreate", 0x908efc549d352579},
    {"event:Rebalancing", 0x006d75b33d5bc7c8},
    {"event:RemoveLiquidity", 0x74f461e8671f983a},
    {"event:SetPositionPermissionlessOperationBitsEvt", 0xc3e593f51d7d30a8},
    {"event:Swap", 0x516ce3becdd00ac4},
    {"event:Swap2Evt", 0x2e7452d7941b544d},
    {"event:UpdatePositionLockReleasePoint", 0x85d642e0400c07bf},
    {"event:UpdatePositionOperator", 0x277330ccf62f4239},
    {"event:UpdateRewardDuration", 0xdff5e099311da3ac},
    {"event:UpdateRewardFunder", 0xe0b2ae4afca555b4},
    {"event:WithdrawIneligibleReward", 0xe7bd419566d79af4},
    {"global:migrate_bin_array", 0x11179fd365b829f1},
    {"global:migrate_position", 0x0f843b32c706fb2e},
};

pool_state active_bin(std::int32_t bin) {
  return {pool_state_kind::active_bin, static_cast<std::uint64_t>(std::int64_t{bin}), 0, 0};
}

void swap(const anchor_instruction& ix, std::size_t argument_bytes, std::size_t accounts) {
  if (!ix.require(argument_bytes, accounts)) return;
  swap_facts facts;
  // Swap: pair, from, first and last bin, amounts, direction, fee, protocol fee, fee rate, host fee. Amounts include
  // transfer fees.
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:Swap"))); in.has(129) && in.address() == ix.account(0)) {
    in.skip(32 + 4);
    facts.after = active_bin(in.i32());
    const std::uint64_t amount_in = in.u64(), amount_out = in.u64();
    const bool x_in = in.boolean();
    facts.a_in = x_in;
    facts.fee = in.u64();
    facts.fee_known = facts.fee_in_mint_in = true;
    in.skip(8 + 16);
    const bool plain = ix.is_plain_token(x_in ? 11 : 12);
    if (plain && in.u64() == 0) facts.amount_in = amount_in;
    facts.amount_out = amount_out;
  }
  // Swap2Evt, reported beside it since limit orders came: pair, from, bins, direction, fee rate, amounts, then the fee
  // in parts.
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:Swap2Evt")));
      in.has(147) && in.address() == ix.account(0)) {
    in.skip(32 + 4);
    facts.after = active_bin(in.i32());
    facts.a_in = in.boolean();
    in.skip(16 + 24);
    facts.fee = 0;
    for (int part = 0; part < 4; ++part) facts.fee += in.u64();
    facts.fee_known = true;
    facts.fee_in_mint_in = in.boolean();
  }
  emit_swap(ix, program_kind::meteora_dlmm,
            {.pool = 0, .trader = 10, .vault_a = 2, .vault_b = 3, .mint_a = 6, .mint_b = 7, .pays = 4, .is_paid = 5},
            facts);
}

constexpr pool_accounts change_accounts(std::uint8_t owner) {
  return {.pool = 1, .trader = owner, .vault_a = 5, .vault_b = 6, .mint_a = 7, .mint_b = 8};
}
void change(const anchor_instruction& ix, liquidity_change direction, std::uint8_t owner, std::size_t argument_bytes,
            std::size_t accounts) {
  if (ix.require(argument_bytes, accounts))
    emit_liquidity(ix, program_kind::meteora_dlmm, change_accounts(owner), direction, 0);
}

/// One token only; which of the pair's two it is, AddLiquidity tells (pair, from, position, amounts x and y).
void add_one_side(const anchor_instruction& ix, std::uint8_t owner, std::size_t argument_bytes, std::size_t accounts) {
  if (!ix.require(argument_bytes, accounts)) return;
  event::liquidity added;
  added.change = liquidity_change::added;
  added.pool = ix.account(1);
  added.provider = ix.account(owner);
  const std::uint64_t amount = flow_of(ix.ctx(), ix.children(), ix.key(4)).in;
  byte_reader in(ix.event(discriminator_of(layouts, "event:AddLiquidity")));
  in.skip(96 + 8);
  if (in.u64() > 0) {
    added.quote_mint = ix.account(5);
    added.quote_amount.value = amount;
  } else {
    added.base_mint = ix.account(5);
    added.base_amount.value = amount;
  }
  if (amount > 0) ix.ctx().emit(ix.raw(), program_kind::meteora_dlmm, added);
}

/// Withdraws, deposits and pays fees at once, netted in the transfers. Rebalancing: pair, position, owner, bin,
/// withdrawn x, added x, withdrawn y, added y. Without it the net stands.
void rebalance(const anchor_instruction& ix) {
  if (!ix.require(30, 17)) return;
  const auto at = change_accounts(9);
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:Rebalancing"))); in.has(132)) {
    in.skip(100);
    pair_amounts withdrawn, added;
    withdrawn.a = in.u64();
    added.a = in.u64();
    withdrawn.b = in.u64();
    added.b = in.u64();
    emit_liquidity(ix, program_kind::meteora_dlmm, at, liquidity_change::removed, 0, {}, withdrawn);
    emit_liquidity(ix, program_kind::meteora_dlmm, at, liquidity_change::added, 0, {}, added);
    return;
  }
  emit_liquidity(ix, program_kind::meteora_dlmm, at, liquidity_change::removed, 0);
  emit_liquidity(ix, program_kind::meteora_dlmm, at, liquidity_change::added, 0);
}

void create(const anchor_instruction& ix, const pool_accounts& at, std::size_t argument_bytes, std::size_t accounts) {
  if (ix.require(argument_bytes, accounts)) emit_pool_created(ix, program_kind::meteora_dlmm, at);
}
constexpr pool_accounts pair_accounts{.pool = 0, .trader = 8, .vault_a = 4, .vault_b = 5, .mint_a = 2, .mint_b = 3};

void decode(context& ctx, std::size_t position) {
  using enum event::liquidity_change;
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:swap"):
  case discriminator_of(layouts, "global:swap_exact_out"):
    return swap(ix, 16, 15);
  case discriminator_of(layouts, "global:swap_with_price_impact"):
    return swap(ix, 11, 15);
  case discriminator_of(layouts, "global:swap2"):
  case discriminator_of(layouts, "global:swap_exact_out2"):
    return swap(ix, 20, 16);
  case discriminator_of(layouts, "global:swap_with_price_impact2"):
    return swap(ix, 15, 16);

  case discriminator_of(layouts, "global:add_liquidity"):
  case discriminator_of(layouts, "global:add_liquidity_by_weight"):
    return change(ix, added, 11, 20, 16);
  case discriminator_of(layouts, "global:add_liquidity_by_strategy"):
    return change(ix, added, 11, 32, 16);
  case discriminator_of(layouts, "global:add_liquidity2"):
  case discriminator_of(layouts, "global:add_liquidity_by_weight2"):
    return change(ix, added, 9, 20, 14);
  case discriminator_of(layouts, "global:add_liquidity_by_strategy2"):
    return change(ix, added, 9, 32, 14);
  case discriminator_of(layouts, "global:add_liquidity_one_side"):
  case discriminator_of(layouts, "global:add_liquidity_by_strategy_one_side"):
  case discriminator_of(layouts, "global:add_liquidity_one_side_precise"):
    return add_one_side(ix, 8, 12, 12);
  case discriminator_of(layouts, "global:add_liquidity_one_side_precise2"):
    return add_one_side(ix, 6, 12, 10);

  case discriminator_of(layouts, "global:remove_liquidity"):
    return change(ix, removed, 11, 4, 16);
  case discriminator_of(layouts, "global:remove_liquidity_by_range"):
    return change(ix, removed, 11, 10, 16);
  case discriminator_of(layouts, "global:remove_all_liquidity"):
    return change(ix, removed, 11, 0, 16);
  case discriminator_of(layouts, "global:remove_liquidity2"):
    return change(ix, removed, 9, 8, 15);
  case discriminator_of(layouts, "global:remove_liquidity_by_range2"):
    return change(ix, removed, 9, 14, 15);
  case discriminator_of(layouts, "global:rebalance_liquidity"):
    return rebalance(ix);

  case discriminator_of(layouts, "global:initialize_lb_pair"):
    return create(ix, pair_accounts, 6, 14);
  case discriminator_of(layouts, "global:initialize_lb_pair2"):
    return create(ix, pair_accounts, 4, 16);
  case discriminator_of(layouts, "global:initialize_customizable_permissionless_lb_pair"):
    return create(ix, pair_accounts, 4, 14);
  case discriminator_of(layouts, "global:initialize_customizable_permissionless_lb_pair2"):
    return create(ix, pair_accounts, 4, 17);
  case discriminator_of(layouts, "global:initialize_permission_lb_pair"):
    return create(ix, {.pool = 1, .trader = 8, .vault_a = 5, .vault_b = 6, .mint_a = 3, .mint_b = 4}, 4, 17);
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder meteora_dlmm_decoder{program_kind::meteora_dlmm, "meteora_dlmm",
                                           "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo", decode, layouts};

} // namespace sett::decode
