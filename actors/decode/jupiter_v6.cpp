// Jupiter Aggregator v6 (JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4): a router. Its legs are instructions of the
// venues, decoded as such; what is added here is the user's trade: what left the source account and what arrived at the
// destination, whatever the legs were, also those of venues that nobody decodes.
//
// Layouts: the program's Anchor IDL with 91 kinds of swap, and the 2026 layout (route_v2 family, 114 kinds,
// SwapsEvent); read 2026-11. The two agree on every kind they share. The plan is a list of steps of varying size and
// may stand before or after the amounts: it is parsed step by step. A step of unknown kind makes the whole instruction
// unknown.
#include "actors/decode/anchor_venue.hpp"
#include "actors/decode/decoders.hpp"

#include <algorithm>
#include <array>

namespace sett::decode {

namespace {
constexpr layout_check layouts[] = {
    {"global:claim", 0x3ec6d6c1d59f6cd2},
    {"global:claim_token", 0x74ce1bbfa6130049},
    {"global:close_token", 0x1a4aec976840b7f9},
    {"global:create_open_orders", 0xe5c2d4ac080a8693},
    {"global:create_program_open_orders", 0x1ce22094bc8871ab},
    {"global:create_token_account", 0x93f17b64f484ae76},
    {"global:create_token_ledger", 0xe8f2c5fdf08f8134},
    {"global:exact_out_route", 0xd033ef977b2bed5c},
    {"global:route", 0xe517cb977ae3ad2a},
    {"global:route_with_token_ledger", 0x96564774a75d0e68},
    {"global:set_token_ledger", 0xe455b9704e4f4d02},
    {"global:shared_accounts_exact_out_route", 0xb0d169a89a7d453e},
    {"global:shared_accounts_route", 0xc1209b3341d69c81},
    {"global:shared_accounts_route_with_token_ledger", 0xe6798f50779f6aaa},
    {"event:FeeEvent", 0x494f4e7fb8d50ddc},
    {"event:SwapEvent", 0x40c6cde8260871e2},
    {"global:exact_out_route_v2", 0x9d8ab85215f4f324},
    {"global:route_v2", 0xbb64facc31c4af14},
    {"global:shared_accounts_exact_out_route_v2", 0x3560e5cad8bbfa18},
    {"global:shared_accounts_route_v2", 0xd19853937cfed8e9},
    {"event:BestSwapOutAmountViolation", 0x7c42c433daad2e5d},
    {"event:CandidateSwapResults", 0x2d09f41ee534a87b},
    {"event:SwapsEvent", 0x982f4eebc0606e6a},
};

/// Argument bytes of each kind of swap after its tag, in the order of the program's enum; `varying` ones are read by
/// skip_swap().
constexpr std::uint8_t varying = 0xff;
constexpr std::array<std::uint8_t, 114> swap_argument_bytes{
    // 0 Saber .. 18 Invariant
    0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1,
    // 19 Meteora .. 40 RaydiumClmmV2
    0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 16, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1, 0,
    // 41 StakeDexPrefundWithdrawStakeAndDepositStake .. 60 FoxClaimPartial
    4, 3, 10, 5, 5, 0, varying, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1,
    // 61 SolFi .. 80 StabbleWeightedSwapV2
    1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, varying, 0, 0, 0, 0, 0,
    // 81 RaydiumLaunchlabBuy .. 100 PumpSwapSellV3
    8, 8, 0, 0, 1, 2, 9, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0,
    // 101 JupiterLendDeposit .. 113 PumpWrappedSellV4
    0, 0, varying, 1, 0, 1, 1, 0, 0, 1, varying, 0, 0};
enum varying_swap : std::uint8_t {
  whirlpool_swap_v2 = 47,
  meteora_dlmm_swap_v2 = 75,
  defi_tuna = 103,
  dynamic_v1 = 111
};

/// RemainingAccountsInfo: a list of (kind, length).
void skip_remaining_accounts(byte_reader& in) { in.skip(std::size_t{in.u32()} * 2); }

/// Skips one swap; false when its kind is unknown.
bool skip_swap(byte_reader& in) {
  const std::uint8_t kind = in.u8();
  if (kind >= swap_argument_bytes.size()) return false;
  if (swap_argument_bytes[kind] != varying) {
    in.skip(swap_argument_bytes[kind]);
    return in.ok();
  }
  if (kind == dynamic_v1) { // candidates: HumidiFi { u64, bool } or TesseraV { side }
    for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
      const std::uint8_t candidate = in.u8();
      if (candidate > 1) return false;
      in.skip(candidate == 0 ? 9 : 1);
    }
    return in.ok();
  }
  if (kind == meteora_dlmm_swap_v2) {
    skip_remaining_accounts(in);
  } else { // a direction, then optional remaining accounts
    in.skip(1);
    if (in.boolean()) skip_remaining_accounts(in);
  }
  return in.ok();
}

/// Reads the plan; the number of its steps, 0 when it is not understood. A step is a swap, its share of the input
/// (percent u8, or in v2 basis points u16), input and output index.
std::uint16_t read_plan(byte_reader& in, bool v2) {
  const std::uint32_t steps = in.u32();
  if (steps == 0 || steps > 256) return 0; // a transaction names at most 256 accounts
  for (std::uint32_t i = 0; i < steps; ++i) {
    if (!skip_swap(in)) return 0;
    in.skip(v2 ? 4 : 3);
  }
  return in.ok() ? static_cast<std::uint16_t>(steps) : std::uint16_t{0};
}

/// Where an instruction of the route family has what.
struct route_layout {
  bool v2{};                   // amounts before the plan
  bool has_id{};               // shared accounts: an authority's number first
  std::uint8_t amount_bytes{}; // amounts, slippage and fees beside the plan
  std::uint8_t accounts{};     // without event authority and program, which the first versions did not have
  std::uint8_t authority{}, source{}, destination{};
  std::uint8_t other_destination{pool_accounts::none}; // optional: absent is the program's own address
  std::uint8_t mint_in{pool_accounts::none}, mint_out{};
};
constexpr route_layout route_accounts{.amount_bytes = 19,
                                      .accounts = 7,
                                      .authority = 1,
                                      .source = 2,
                                      .destination = 3,
                                      .other_destination = 4,
                                      .mint_out = 5};
constexpr route_layout ledger_accounts{.amount_bytes = 11,
                                       .accounts = 8,
                                       .authority = 1,
                                       .source = 2,
                                       .destination = 3,
                                       .other_destination = 4,
                                       .mint_out = 5};
constexpr route_layout exact_out_accounts{.amount_bytes = 19,
                                          .accounts = 8,
                                          .authority = 1,
                                          .source = 2,
                                          .destination = 3,
                                          .other_destination = 4,
                                          .mint_in = 5,
                                          .mint_out = 6};
constexpr route_layout shared_accounts{.has_id = true,
                                       .amount_bytes = 19,
                                       .accounts = 10,
                                       .authority = 2,
                                       .source = 3,
                                       .destination = 6,
                                       .mint_in = 7,
                                       .mint_out = 8};
constexpr route_layout shared_ledger_accounts{.has_id = true,
                                              .amount_bytes = 11,
                                              .accounts = 12,
                                              .authority = 2,
                                              .source = 3,
                                              .destination = 6,
                                              .mint_in = 7,
                                              .mint_out = 8};
constexpr route_layout route_v2_accounts{.v2 = true,
                                         .amount_bytes = 22,
                                         .accounts = 10,
                                         .authority = 0,
                                         .source = 1,
                                         .destination = 2,
                                         .other_destination = 7,
                                         .mint_in = 3,
                                         .mint_out = 4};
constexpr route_layout shared_v2_accounts{.v2 = true,
                                          .has_id = true,
                                          .amount_bytes = 22,
                                          .accounts = 12,
                                          .authority = 1,
                                          .source = 2,
                                          .destination = 5,
                                          .mint_in = 6,
                                          .mint_out = 7};

void route(const anchor_instruction& ix, const route_layout& at) {
  if (!ix.require(0, at.accounts)) return;
  auto in = ix.arguments();
  if (at.has_id) in.skip(1);
  if (at.v2) in.skip(at.amount_bytes);
  const std::uint16_t steps = read_plan(in, at.v2);
  if (!at.v2) in.skip(at.amount_bytes);
  if (steps == 0 || !in.ok()) return ix.unknown();

  auto& ctx = ix.ctx();
  const auto below = ix.children();
  const auto gave = flow_of(ctx, below, ix.key(at.source));
  auto got = flow_of(ctx, below, ix.key(at.destination));
  if (at.other_destination != pool_accounts::none && ix.key(at.other_destination) != ix.key(at.destination) &&
      ix.key(at.other_destination) != ix.raw().program_index) {
    // The legs fill the first account, and from there the whole goes to the other.
    const auto other = flow_of(ctx, below, ix.key(at.other_destination));
    got.in += other.in;
    got.out += other.out;
  }
  // `route` does not hold the destination mint it is told against the destination account: what the accounts are goes
  // first.
  const address* mint_in = ctx.index.mint_of(ix.key(at.source));
  const address* mint_out = ctx.index.mint_of(ix.key(at.destination));
  if (mint_in == nullptr && at.mint_in != pool_accounts::none) mint_in = &ix.account(at.mint_in);
  if (mint_out == nullptr) mint_out = &ix.account(at.mint_out);
  // Without movements of the user's own accounts (native SOL by some wrapped legs, or no inner instructions at all) the
  // swaps below speak for themselves.
  // A round trip comes back to the very account it left: gross on both sides, else what came back is taken off.
  const bool round_trip = ix.key(at.source) == ix.key(at.destination);
  const std::uint64_t given = round_trip ? gave.out : gave.out - std::min(gave.out, gave.in);
  const std::uint64_t received = round_trip ? got.in : got.in - std::min(got.out, got.in);
  if (mint_in == nullptr || given == 0 || received == 0) return;
  event::trade trade;
  trade.trader = ix.account(at.authority);
  trade.mint_in = *mint_in;
  trade.mint_out = *mint_out;
  trade.amount_in.value = given;
  trade.amount_out.value = received;
  trade.leg_count = steps;
  trade.router = program_kind::jupiter_v6;
  ctx.add_route(ix.position(), trade);
}

void decode(context& ctx, std::size_t position) {
  const anchor_instruction ix(ctx, position);
  switch (ix.tag()) {
  case discriminator_of(layouts, "global:route"):
    return route(ix, route_accounts);
  case discriminator_of(layouts, "global:route_with_token_ledger"):
    return route(ix, ledger_accounts);
  case discriminator_of(layouts, "global:exact_out_route"):
    return route(ix, exact_out_accounts);
  case discriminator_of(layouts, "global:shared_accounts_route"):
  case discriminator_of(layouts, "global:shared_accounts_exact_out_route"):
    return route(ix, shared_accounts);
  case discriminator_of(layouts, "global:shared_accounts_route_with_token_ledger"):
    return route(ix, shared_ledger_accounts);
  case discriminator_of(layouts, "global:route_v2"):
  case discriminator_of(layouts, "global:exact_out_route_v2"):
    return route(ix, route_v2_accounts);
  case discriminator_of(layouts, "global:shared_accounts_route_v2"):
  case discriminator_of(layouts, "global:shared_accounts_exact_out_route_v2"):
    return route(ix, shared_v2_accounts);
  default:
    return ix.known_or_unknown(layouts);
  }
}
} // namespace

const program_decoder jupiter_v6_decoder{program_kind::jupiter_v6, "jupiter_v6",
                                         "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", decode, layouts};

} // namespace sett::decode
