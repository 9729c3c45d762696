// Raydium CPMM (CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C): constant product pools with Token-2022 and transfer
// fees. Layouts: the program's Anchor IDL 0.2.0 in both published forms (the later one adds creator fees, permissioned
// creation and five trailing fields of SwapEvent); read 2026-11.
//
// The vaults also hold fees that belong to others, and no event says how many: reserves after a swap are not stated.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

namespace sett::decode {

namespace {
using event::liquidity_change;

constexpr layout_check layouts[] = {
    {"global:close_permission_pda", 0x9c5420764587467b},
    {"global:collect_creator_fee", 0x1416567bc61cdb84},
    {"global:collect_fund_fee", 0xa78a4e95dfc2067e},
    {"global:collect_protocol_fee", 0x8888fcddc2427e59},
    {"global:create_amm_config", 0x8934edd4d7756c68},
    {"global:create_permission_pda", 0x878802d889a9b5ca},
    {"global:deposit", 0xf223c68952e1f2b6},
    {"global:initialize", 0xafaf6d1f0d989bed},
    {"global:initialize_with_permission", 0x3f37fe4131b25979},
    {"global:swap_base_input", 0x8fbe5adac41e33de},
    {"global:swap_base_output", 0x37d96256a34ab4ad},
    {"global:update_amm_config", 0x313cae889a1c74c8},
    {"global:update_pool_status", 0x82576c062ee0757b},
    {"global:withdraw", 0xb712469c946da122},
    {"event:LpChangeEvent", 0x79a3cdc939da753c},
    {"event:SwapEvent", 0x40c6cde8260871e2},
};

constexpr pool_accounts swap_accounts{
    .pool = 3, .trader = 0, .vault_a = 6, .vault_b = 7, .mint_a = 10, .mint_b = 11, .pays = 4, .is_paid = 5};
constexpr pool_accounts change_accounts{.pool = 2, .trader = 0, .vault_a = 6, .vault_b = 7, .mint_a = 10, .mint_b = 11};

void swap(const anchor_instruction& ix) {
  if (!ix.require(16, 13)) return;
  swap_facts facts;
  facts.a_in = true; // accounts come as input, output
  // SwapEvent: pool, two vault balances, amounts, transfer fees, base_input; then (2026) mints and fees.
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:SwapEvent")));
      in.has(81) && in.address() == ix.account(3)) {
    in.skip(16);
    facts.amount_in = in.u64();
    facts.amount_out = in.u64();
    in.skip(17);
    if (in.has(81)) {
      in.skip(64);
      const std::uint64_t trade_fee = in.u64(), creator_fee = in.u64();
      facts.fee = in.boolean() ? trade_fee + creator_fee : trade_fee;
      facts.fee_known = facts.fee_in_mint_in = true;
    }
  }
  emit_swap(ix, program_kind::raydium_cpmm, swap_accounts, facts);
}

/// initialize, and the permissioned form with one more account in front and one behind the fee account.
void initialize(const anchor_instruction& ix, std::uint8_t shift) {
  if (!ix.require(24, 20U + shift)) return;
  const auto at = [shift](std::uint8_t i) { return static_cast<std::uint8_t>(i + shift); };
  emit_pool_created(
      ix, program_kind::raydium_cpmm,
      {.pool = at(3), .trader = shift, .vault_a = at(10), .vault_b = at(11), .mint_a = at(4), .mint_b = at(5)},
      ix.account(at(6)));
}

void change(const anchor_instruction& ix, liquidity_change direction, std::size_t accounts) {
  if (!ix.require(24, accounts)) return;
  emit_liquidity(ix, program_kind::raydium_cpmm, change_accounts, direction, ix.arguments().u64(), ix.account(12));
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:swap_base_input"):
  case discriminator_of(layouts, "global:swap_base_output"):
    return swap(ix);
  case discriminator_of(layouts, "global:initialize"):
    return initialize(ix, 0);
  case discriminator_of(layouts, "global:initialize_with_permission"):
    return initialize(ix, 1);
  case discriminator_of(layouts, "global:deposit"):
    return change(ix, liquidity_change::added, 13);
  case discriminator_of(layouts, "global:withdraw"):
    return change(ix, liquidity_change::removed, 13);
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder raydium_cpmm_decoder{program_kind::raydium_cpmm, "raydium_cpmm",
                                           "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C", decode, layouts};

} // namespace sett::decode
