// pump.fun's swaps. Accounts and data as @pump-fun/pump-sdk 2.0.0 builds them (src/sdk.ts, getBuyInstructionRaw,
// getSellInstructionRaw and their V2), which is the IDL's list and behind it the curve's second account and the
// recipient of the buyback fee; a sale of a coin with cashback names the seller's volume account before them.
// buy_exact_sol_in and buy_exact_quote_in_v2, which that SDK does not build, take the accounts of buy and buy_v2.
#include "actors/building/swap_parts.hpp"

namespace sett::building {
namespace {

using namespace venues;
using ports::builder_errc;
using solana::seed;

constexpr std::uint64_t curve_tag = 0x60acd86037f8b717, global_tag = 0x7f726cc8b1e8e8a7; // sha256("account:...")
constexpr std::size_t curve_bytes = 81, global_bytes = 1005;

enum class tag : std::uint64_t { // sha256("global:...")
  buy = 0xeaebda01123d0666,
  buy_exact_sol_in = 0x5fcddf9e0874fc38,
  sell = 0xad837f01a485e633,
  buy_v2 = 0x3dd3c56761ee17b8,
  buy_exact_quote_in_v2 = 0x2f5b4d68461cabc2,
  sell_v2 = 0xb240e9e73c82f65d,
};

std::vector<std::uint8_t> data_of(const swap_terms& t, bool v2) {
  data_writer data;
  if (t.side == ports::trade_side::sell)
    return data.number(std::to_underlying(v2 ? tag::sell_v2 : tag::sell))
        .number(t.amount_in)
        .number(t.amount_out)
        .take();
  if (t.exact_in)
    data.number(std::to_underlying(v2 ? tag::buy_exact_quote_in_v2 : tag::buy_exact_sol_in))
        .number(t.amount_in)
        .number(t.amount_out);
  else
    data.number(std::to_underlying(v2 ? tag::buy_v2 : tag::buy)).number(t.amount_out).number(t.amount_in);
  if (!v2) data.flag(true); // track_volume
  return data.take();
}

struct derived_parts {
  address curve_tokens, creator_vault, user_volume;
};
derived_parts parts_of(const pump_curve_market& m, const swap_parties& p, derived_addresses& derived) {
  const auto& pump = programs().pump;
  return {derived.associated(m.curve, m.mint, m.base_program),
          derived.of({seed("creator-vault"), seed(m.creator)}, pump),
          derived.of({seed("user_volume_accumulator"), seed(p.wallet)}, pump)};
}

instruction first_version(const pump_curve_market& m, const swap_terms& t, const swap_parties& p,
                          derived_addresses& derived) {
  const auto& fixed = programs();
  const auto parts = parts_of(m, p, derived);
  const bool buys = t.side == ports::trade_side::buy;
  instruction ix{fixed.pump, {}, data_of(t, false)};
  ix.accounts.reserve(18);
  ix.accounts = {reads(fixed.pump_global),   writes(m.fee_recipient), reads(m.mint),  writes(m.curve),
                 writes(parts.curve_tokens), writes(p.base_account),  pays(p.wallet), reads(fixed.system)};
  const auto add = [&](account_meta a) { ix.accounts.push_back(a); };
  if (buys) {
    add(reads(m.base_program));
    add(writes(parts.creator_vault));
  } else {
    add(writes(parts.creator_vault));
    add(reads(m.base_program));
  }
  add(reads(fixed.pump_event_authority));
  add(reads(fixed.pump));
  if (buys) {
    add(reads(fixed.pump_volume));
    add(writes(parts.user_volume));
  }
  add(reads(fixed.pump_fee_config));
  add(reads(fixed.pump_fees));
  if (!buys && m.pays_cashback) add(writes(parts.user_volume));
  add(reads(derived.of({seed("bonding-curve-v2"), seed(m.mint)}, fixed.pump)));
  add(writes(m.buyback_recipient));
  return ix;
}

instruction second_version(const pump_curve_market& m, const swap_terms& t, const swap_parties& p,
                           derived_addresses& derived) {
  const auto& fixed = programs();
  const auto parts = parts_of(m, p, derived);
  const auto quote_of = [&](const address& owner) { return derived.associated(owner, m.quote_mint, m.quote_program); };
  instruction ix{fixed.pump, {}, data_of(t, true)};
  ix.accounts.reserve(27);
  ix.accounts = {reads(fixed.pump_global),
                 reads(m.mint),
                 reads(m.quote_mint),
                 reads(m.base_program),
                 reads(m.quote_program),
                 reads(fixed.associated_token),
                 writes(m.fee_recipient),
                 writes(quote_of(m.fee_recipient)),
                 writes(m.buyback_recipient),
                 writes(quote_of(m.buyback_recipient)),
                 writes(m.curve),
                 writes(parts.curve_tokens),
                 writes(quote_of(m.curve)),
                 pays(p.wallet),
                 writes(p.base_account),
                 writes(p.quote_account),
                 writes(parts.creator_vault),
                 writes(quote_of(parts.creator_vault)),
                 reads(derived.of({seed("sharing-config"), seed(m.mint)}, fixed.pump_fees))};
  if (t.side == ports::trade_side::buy) ix.accounts.push_back(reads(fixed.pump_volume));
  for (const auto& a :
       {writes(parts.user_volume), writes(quote_of(parts.user_volume)), reads(fixed.pump_fee_config),
        reads(fixed.pump_fees), reads(fixed.system), reads(fixed.pump_event_authority), reads(fixed.pump)})
    ix.accounts.push_back(a);
  return ix;
}

} // namespace

result<pump_curve_market> read_pump_curve(const ports::venue_snapshot& pool, std::uint64_t spread) {
  const auto curve = bytes_of(pool, pool.pool, programs().pump, curve_bytes, "the bonding curve");
  if (!curve) return std::unexpected(curve.error());
  const auto global =
      bytes_of(pool, programs().pump_global, programs().pump, global_bytes, "pump.fun's global account");
  if (!global) return std::unexpected(global.error());
  if (load<std::uint64_t>(*curve, 0) != curve_tag)
    return refuse(builder_errc::damaged_account, "the pool's account is no bonding curve");
  if (load<std::uint64_t>(*global, 0) != global_tag)
    return refuse(builder_errc::damaged_account, "pump.fun's global account is none");
  if ((*curve)[48] != 0)
    return refuse(builder_errc::not_tradable, "the bonding curve is complete: the token moves to its pool");

  pump_curve_market m;
  m.mint = pool.base_mint;
  m.base_program = pool.base_token_program;
  m.curve = pool.pool;
  m.creator = load_address(*curve, 49);
  const bool mayhem = curve->size() > 81 && (*curve)[81] != 0;
  m.pays_cashback = curve->size() > 82 && (*curve)[82] != 0;
  if (curve->size() >= 115) m.quote_mint = load_address(*curve, 83);
  if (is_sol(m.quote_mint)) {
    m.quote_mint = {};
  } else {
    if (m.quote_mint != pool.quote_mint)
      return refuse(builder_errc::bad_order, "the bonding curve's quote mint is not the order's");
    m.quote_program = pool.quote_token_program;
  }
  // One recipient and seven more: ordinary ones, or those reserved for mayhem mode.
  const auto fees = mayhem ? choose_address(*global, {{483, 1}, {516, 7}}, spread)
                           : choose_address(*global, {{41, 1}, {162, 7}}, spread);
  const auto buyback = choose_address(*global, {{741, 8}}, spread);
  if (!fees || !buyback)
    return refuse(builder_errc::damaged_account, "pump.fun's global account names no recipient of its fees");
  m.fee_recipient = *fees;
  m.buyback_recipient = *buyback;
  return m;
}

instruction swap_on(const pump_curve_market& m, const swap_terms& t, const swap_parties& p,
                    derived_addresses& derived) {
  return m.quote_mint.is_zero() ? first_version(m, t, p, derived) : second_version(m, t, p, derived);
}

} // namespace sett::building
