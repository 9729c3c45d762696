// Raydium LaunchLab (LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj): bonding curves that migrate to Raydium AMM v4 or
// CPMM. Layouts: the program's Anchor IDL 0.2.0, read 2026-11; TradeEvent also in its form of 2025 without creator fee
// and exact_in.
//
// TradeEvent gives the curve before and after. Reserves are stated only where the trade obeys the constant product:
// fixed-price and linear curves report the same fields with another meaning.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

#include <utility>

namespace sett::decode {

namespace {
using event::launch_phase;

constexpr layout_check layouts[] = {
    {"global:buy_exact_in", 0xfaea0d7bd59c13ec},
    {"global:buy_exact_out", 0x18d3742869039938},
    {"global:claim_creator_fee", 0x1a618acb84ab8dfc},
    {"global:claim_platform_fee", 0x9c27d0874ced3d48},
    {"global:claim_platform_fee_from_vault", 0x75f1c6a8f8da501d},
    {"global:claim_vested_token", 0x3121681ebd9d4f23},
    {"global:collect_fee", 0x3cadf767045d8230},
    {"global:collect_migrate_fee", 0xffba96dfeb76c9ba},
    {"global:create_config", 0xc9cff3724b6f2fbd},
    {"global:create_platform_config", 0xb05ac4affd71dc14},
    {"global:create_platform_vesting_account", 0x9247ad4562130f6a},
    {"global:create_vesting_account", 0x81b2020dd9ace6da},
    {"global:initialize", 0xafaf6d1f0d989bed},
    {"global:initialize_v2", 0x4399af27da102620},
    {"global:initialize_with_token_2022", 0x25be7ede2c9aab11},
    {"global:migrate_to_amm", 0xcf52c091fecf91df},
    {"global:migrate_to_cpswap", 0x885cc8671cda908c},
    {"global:remove_platform_curve_param", 0x1b1e3ea95de01891},
    {"global:sell_exact_in", 0x9527de9bd37c981a},
    {"global:sell_exact_out", 0x5fc8472208090ba6},
    {"global:update_config", 0x1d9efcbf0a53db63},
    {"global:update_platform_config", 0xc33c4c81922d438f},
    {"global:update_platform_curve_param", 0x8a908afadc800439},
    {"event:ClaimVestedEvent", 0x15c2725778d3e220},
    {"event:CreateVestingEvent", 0x96980bb334d2bf7d},
    {"event:PoolCreateEvent", 0x97d7e20976a173ae},
    {"event:TradeEvent", 0xbddb7fd34ee661ee},
};

__extension__ using wide_product = unsigned __int128;

/// Whether going from (base0, quote0) to (base1, quote1) is the smallest step that does not lower the product.
bool constant_product(std::uint64_t base0, std::uint64_t quote0, std::uint64_t base1, std::uint64_t quote1) {
  const wide_product before = wide_product{base0} * quote0, after = wide_product{base1} * quote1;
  return base1 > 0 && quote1 > 0 && before <= after && (after - quote1 < before || after - base1 < before);
}

enum pool_status : std::uint8_t { funding = 0, migrating = 1, trading = 2 };

void trade(const anchor_instruction& ix, bool buy) {
  if (!ix.require(24, 15)) return;
  swap_facts facts;
  facts.a_in = !buy;
  bool complete = false;
  // TradeEvent: pool, total_base_sell, virtual base and quote, real base and quote before and after, amounts, fees
  // (protocol, platform, since late 2025 creator, share), direction, status.
  if (byte_reader in(ix.event(discriminator_of(layouts, "event:TradeEvent")));
      in.has(130) && in.address() == ix.account(4)) {
    const bool has_creator_fee = in.has(138 - 32);
    in.skip(8);
    const std::uint64_t virtual_base = in.u64(), virtual_quote = in.u64();
    const std::uint64_t sold0 = in.u64(), raised0 = in.u64(), sold1 = in.u64(), raised1 = in.u64();
    const std::uint64_t amount_in = in.u64(), amount_out = in.u64();
    // Of the quote side some fees go elsewhere; the base side must be what moved.
    if (buy)
      facts.amount_out = amount_out;
    else
      facts.amount_in = amount_in;
    for (int fees = has_creator_fee ? 4 : 3; fees > 0; --fees) facts.fee += in.u64();
    facts.fee_known = true;
    facts.fee_in_mint_in = buy; // always taken from the quote side
    const bool same_direction = (in.u8() == 0) == buy;
    complete = in.u8() == migrating;
    if (same_direction && sold0 <= virtual_base && sold1 <= virtual_base &&
        constant_product(virtual_base - sold0, virtual_quote + raised0, virtual_base - sold1, virtual_quote + raised1))
      facts.after = {pool_state_kind::reserves, virtual_base - sold1, virtual_quote + raised1, 0};
  }
  pool_accounts at{
      .pool = 4, .trader = 0, .vault_a = 7, .vault_b = 8, .mint_a = 9, .mint_b = 10, .pays = 5, .is_paid = 6};
  if (buy) std::swap(at.pays, at.is_paid);
  if (!emit_swap(ix, program_kind::raydium_launchlab, at, facts)) return;
  if (complete) emit_launch(ix, program_kind::raydium_launchlab, launch_phase::completed, 9, 4);
}

void initialize(const anchor_instruction& ix, std::size_t accounts) {
  // MintParams { decimals, name, symbol, uri }, CurveParams, VestingParams { 3 u64 }: the shortest has 1 + 3*4 + 18 +
  // 24 bytes.
  if (!ix.require(55, accounts)) return;
  emit_launch(ix, program_kind::raydium_launchlab, launch_phase::created, 6, 5, ix.account(1));
  emit_pool_created(ix, program_kind::raydium_launchlab,
                    {.pool = 5, .trader = 1, .vault_a = 8, .vault_b = 9, .mint_a = 6, .mint_b = 7});
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:buy_exact_in"):
  case discriminator_of(layouts, "global:buy_exact_out"):
    return trade(ix, true);
  case discriminator_of(layouts, "global:sell_exact_in"):
  case discriminator_of(layouts, "global:sell_exact_out"):
    return trade(ix, false);
  case discriminator_of(layouts, "global:initialize"):
  case discriminator_of(layouts, "global:initialize_v2"):
    return initialize(ix, 18);
  case discriminator_of(layouts, "global:initialize_with_token_2022"):
    return initialize(ix, 15);
  case discriminator_of(layouts, "global:migrate_to_amm"):
    if (ix.require(17, 32))
      emit_launch(ix, program_kind::raydium_launchlab, launch_phase::migrated, 1, 23, {}, ix.account(13));
    return;
  case discriminator_of(layouts, "global:migrate_to_cpswap"):
    if (ix.require(0, 28))
      emit_launch(ix, program_kind::raydium_launchlab, launch_phase::migrated, 1, 17, {}, ix.account(5));
    return;
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder raydium_launchlab_decoder{program_kind::raydium_launchlab, "raydium_launchlab",
                                                "LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj", decode, layouts};

} // namespace sett::decode
