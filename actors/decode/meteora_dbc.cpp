// Meteora Dynamic Bonding Curve (dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN): launches along a piecewise curve that
// migrate to Meteora DAMM v1 or v2. Layouts: the program's Anchor IDL 0.1.6, read 2026-11. Every swap reports EvtSwap
// and, since 2025-08, EvtSwap2.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

namespace sett::decode {

namespace {
using event::launch_phase;
using event::liquidity_change;

constexpr layout_check layouts[] = {
    {"global:claim_creator_trading_fee", 0x52dcfabd03556b2d},
    {"global:claim_protocol_fee", 0xa5e4853063f9ff21},
    {"global:claim_trading_fee", 0x08ec5931987db151},
    {"global:close_claim_fee_operator", 0x268652d85f7c1163},
    {"global:create_claim_fee_operator", 0xa93ecf6b3abba26d},
    {"global:create_config", 0xc9cff3724b6f2fbd},
    {"global:create_locker", 0xa75a899a4b2f1154},
    {"global:create_partner_metadata", 0xc0a8eabfbce2e3ff},
    {"global:create_virtual_pool_metadata", 0x2d61bb67fe6d7c86},
    {"global:creator_withdraw_surplus", 0xa50389071c864c50},
    {"global:initialize_virtual_pool_with_spl_token", 0x8c55d7b06636684f},
    {"global:initialize_virtual_pool_with_token2022", 0xa976334e916edc9b},
    {"global:migrate_meteora_damm", 0x1b013016b43f76d9},
    {"global:migrate_meteora_damm_claim_lp_token", 0x8b85021e5b917f9a},
    {"global:migrate_meteora_damm_lock_lp_token", 0xb137ee9dfb58a52a},
    {"global:migration_damm_v2", 0x9ca9e66735e45040},
    {"global:migration_damm_v2_create_metadata", 0x6dbd1324c3b7de52},
    {"global:migration_meteora_damm_create_metadata", 0x2f5e7e73dde2c285},
    {"global:partner_withdraw_surplus", 0xa8ad4864c962265c},
    {"global:protocol_withdraw_surplus", 0x3688e18aacb6d6a7},
    {"global:swap", 0xf8c69e91e17587c8},
    {"global:swap2", 0x414b3f4ceb5b5b88},
    {"global:transfer_pool_creator", 0x1407a9213a93a621},
    {"global:withdraw_leftover", 0x14c6caedebf3b742},
    {"global:withdraw_migration_fee", 0xed8e2d178106dea2},
    {"event:EvtClaimCreatorTradingFee", 0x9ae4d7ca859bd68a},
    {"event:EvtClaimProtocolFee", 0xbaf44bfbbc0d1921},
    {"event:EvtClaimTradingFee", 0x1a5375f05cca70fe},
    {"event:EvtCloseClaimFeeOperator", 0x6f2725376ed8c217},
    {"event:EvtCreateClaimFeeOperator", 0x1506997844741cb1},
    {"event:EvtCreateConfig", 0x83cfb4aeb449a536},
    {"event:EvtCreateConfigV2", 0xa34a42bb77c31a90},
    {"event:EvtCreateDammV2MigrationMetadata", 0x676f84a88cfd9672},
    {"event:EvtCreateMeteoraMigrationMetadata", 0x63a7853fd68faf8b},
    {"event:EvtCreatorWithdrawSurplus", 0x9849150f4257359d},
    {"event:EvtCurveComplete", 0xe5e756549c864b18},
    {"event:EvtInitializePool", 0xe432f655cb428625},
    {"event:EvtPartnerMetadata", 0xc87f06370d200896},
    {"event:EvtPartnerWithdrawMigrationFee", 0xb5697f4308bb7839},
    {"event:EvtPartnerWithdrawSurplus", 0xc3389809e8482316},
    {"event:EvtProtocolWithdrawSurplus", 0x6d6f1cdd86c3e6cb},
    {"event:EvtSwap", 0x1b3c15d58aaabb93},
    {"event:EvtSwap2", 0xbd4233a826507599},
    {"event:EvtUpdatePoolCreator", 0x6be1a5ed5b9ed5dc},
    {"event:EvtVirtualPoolMetadata", 0xbc12484cc35b264a},
    {"event:EvtWithdrawLeftover", 0xbfbd688f6f9c5ee5},
    {"event:EvtWithdrawMigrationFee", 0x1acb5455a11764d6},
};

/// The referrer is paid from the vault that holds the fee.
void set_amounts(swap_facts& facts, std::uint64_t with_fee, std::uint64_t output, std::uint64_t referral) {
  facts.amount_in = facts.fee_in_mint_in && referral <= with_fee ? with_fee - referral : with_fee;
  facts.amount_out = facts.fee_in_mint_in ? output : output + referral;
}

/// Both events start with pool, config, direction (0: base to quote), referral and the parameters, then the result.
swap_facts read_swap(const anchor_instruction& ix) {
  swap_facts facts;
  byte_reader::wide price;
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:EvtSwap2")));
      in.has(179) && in.address() == ix.account(2)) {
    in.skip(32);
    facts.a_in = in.u8() == 0;
    in.skip(1 + 17);
    const std::uint64_t with_fee = in.u64(), without_fee = in.u64();
    in.skip(8);
    const std::uint64_t output = in.u64();
    price = in.u128();
    facts.fee = in.u64();
    facts.fee += in.u64();
    const std::uint64_t referral = in.u64();
    facts.fee += referral;
    facts.fee_in_mint_in = with_fee != without_fee;
    set_amounts(facts, with_fee, output, referral);
  } else if (byte_reader old(ix.event(discriminator_of(layouts, "event:EvtSwap")));
             old.has(154) && old.address() == ix.account(2)) {
    old.skip(32);
    facts.a_in = old.u8() == 0;
    old.skip(1 + 16);
    const std::uint64_t without_fee = old.u64(), output = old.u64();
    price = old.u128();
    facts.fee = old.u64();
    facts.fee += old.u64();
    const std::uint64_t referral = old.u64();
    facts.fee += referral;
    const std::uint64_t with_fee = old.u64();
    facts.fee_in_mint_in = with_fee != without_fee;
    set_amounts(facts, with_fee, output, referral);
  } else {
    return facts;
  }
  facts.fee_known = true;
  facts.after = {pool_state_kind::sqrt_price_x64, price.low, price.high, 0};
  return facts;
}

void swap(const anchor_instruction& ix, std::size_t argument_bytes) {
  if (!ix.require(argument_bytes, 15)) return;
  if (!emit_swap(
          ix, program_kind::meteora_dbc,
          {.pool = 2, .trader = 9, .vault_a = 5, .vault_b = 6, .mint_a = 7, .mint_b = 8, .pays = 3, .is_paid = 4},
          read_swap(ix)))
    return;
  if (!ix.event(discriminator_of(layouts, "event:EvtCurveComplete")).empty())
    emit_launch(ix, program_kind::meteora_dbc, launch_phase::completed, 7, 2);
}

void initialize(const anchor_instruction& ix, std::size_t accounts) {
  if (!ix.require(12, accounts)) return; // three strings
  emit_launch(ix, program_kind::meteora_dbc, launch_phase::created, 3, 5, ix.account(2));
  emit_pool_created(ix, program_kind::meteora_dbc,
                    {.pool = 5, .trader = 2, .vault_a = 6, .vault_b = 7, .mint_a = 3, .mint_b = 4});
}

/// The launch's liquidity tokens go into an escrow that only pays out fees.
void lock_lp(const anchor_instruction& ix) {
  if (!ix.require(0, 17)) return;
  event::liquidity locked;
  locked.change = liquidity_change::locked;
  locked.pool = ix.account(3);
  locked.lp_mint = ix.account(4);
  locked.provider = ix.account(6);
  locked.lp_amount.value = flow_of(ix.ctx(), ix.children(), ix.key(8)).in;
  ix.ctx().emit(ix.raw(), program_kind::meteora_dbc, locked);
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:swap"):
    return swap(ix, 16);
  case discriminator_of(layouts, "global:swap2"):
    return swap(ix, 17);
  case discriminator_of(layouts, "global:initialize_virtual_pool_with_spl_token"):
    return initialize(ix, 16);
  case discriminator_of(layouts, "global:initialize_virtual_pool_with_token2022"):
    return initialize(ix, 14);
  case discriminator_of(layouts, "global:migrate_meteora_damm"):
    if (ix.require(0, 31)) emit_launch(ix, program_kind::meteora_dbc, launch_phase::migrated, 7, 0, {}, ix.account(4));
    return;
  case discriminator_of(layouts, "global:migration_damm_v2"):
    if (ix.require(0, 25)) emit_launch(ix, program_kind::meteora_dbc, launch_phase::migrated, 13, 0, {}, ix.account(4));
    return;
  case discriminator_of(layouts, "global:migrate_meteora_damm_lock_lp_token"):
    return lock_lp(ix);
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder meteora_dbc_decoder{program_kind::meteora_dbc, "meteora_dbc",
                                          "dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN", decode, layouts};

} // namespace sett::decode
