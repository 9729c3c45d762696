// PumpSwap's swaps. Accounts and data as @pump-fun/pump-swap-sdk 1.20.0 builds them (src/sdk/offlinePumpAmm.ts): the
// IDL's list, then for a coin with cashback the trader's volume accounts, for a coin with a creator the pool's second
// account, then the recipient of the buyback fee and its token account. buy_exact_quote_in takes the accounts of buy.
#include "actors/building/swap_parts.hpp"

namespace sett::building {
namespace {

using namespace venues;
using ports::builder_errc;
using solana::seed;

constexpr std::uint64_t pool_tag = 0xbc6db111046d9af1, config_tag = 0xd9b0fca0ca9c0895; // sha256("account:...")
constexpr std::size_t pool_bytes = 211, extended_pool_bytes = 300, config_bytes = 899;
constexpr std::uint8_t buys_off = 8, sells_off = 16;

enum class tag : std::uint64_t { // sha256("global:...")
  buy = 0xeaebda01123d0666,
  buy_exact_quote_in = 0x70e8d9b452152ec6,
  sell = 0xad837f01a485e633,
  extend_account = 0xe53e4896cbc266ea,
};

std::vector<std::uint8_t> data_of(const swap_terms& t) {
  data_writer data;
  if (t.side == ports::trade_side::sell)
    return data.number(std::to_underlying(tag::sell)).number(t.amount_in).number(t.amount_out).take();
  if (t.exact_in)
    data.number(std::to_underlying(tag::buy_exact_quote_in)).number(t.amount_in).number(t.amount_out);
  else
    data.number(std::to_underlying(tag::buy)).number(t.amount_out).number(t.amount_in);
  return data.flag(true).take(); // track_volume
}

} // namespace

result<pump_swap_market> read_pump_swap(const ports::venue_snapshot& pool, std::uint64_t spread) {
  const auto account = bytes_of(pool, pool.pool, programs().pump_amm, pool_bytes, "the pool");
  if (!account) return std::unexpected(account.error());
  const auto config =
      bytes_of(pool, programs().pump_amm_config, programs().pump_amm, config_bytes, "PumpSwap's global_config");
  if (!config) return std::unexpected(config.error());
  if (load<std::uint64_t>(*account, 0) != pool_tag)
    return refuse(builder_errc::damaged_account, "the pool's account is no pool of PumpSwap");
  if (load<std::uint64_t>(*config, 0) != config_tag)
    return refuse(builder_errc::damaged_account, "PumpSwap's global_config is none");
  if (const auto off = (*config)[56] & (buys_off | sells_off); off != 0)
    return refuse(builder_errc::not_tradable,
                  fmt::format("PumpSwap has {} switched off", (off & buys_off) != 0 ? "buys" : "sells"));

  pump_swap_market m;
  m.pool = pool.pool;
  m.base_mint = load_address(*account, 43);
  m.quote_mint = load_address(*account, 75);
  m.base_vault = load_address(*account, 139);
  m.quote_vault = load_address(*account, 171);
  if (m.base_mint != pool.base_mint || m.quote_mint != pool.quote_mint)
    return refuse(builder_errc::bad_order, "the pool's mints are not the snapshot's");
  m.base_program = pool.base_token_program;
  m.quote_program = pool.quote_token_program;
  if (account->size() >= 243) m.coin_creator = load_address(*account, 211);
  const bool mayhem = account->size() > 243 && (*account)[243] != 0;
  m.pays_cashback = account->size() > 244 && (*account)[244] != 0;
  m.needs_extension = account->size() < extended_pool_bytes;
  const auto fees =
      mayhem ? choose_address(*config, {{385, 1}, {418, 7}}, spread) : choose_address(*config, {{57, 8}}, spread);
  const auto buyback = choose_address(*config, {{643, 8}}, spread);
  if (!fees || !buyback)
    return refuse(builder_errc::damaged_account, "PumpSwap's global_config names no recipient of its fees");
  m.fee_recipient = *fees;
  m.buyback_recipient = *buyback;
  return m;
}

instruction swap_on(const pump_swap_market& m, const swap_terms& t, const swap_parties& p, derived_addresses& derived) {
  const auto& fixed = programs();
  const bool buys = t.side == ports::trade_side::buy;
  const auto quote_of = [&](const address& owner) { return derived.associated(owner, m.quote_mint, m.quote_program); };
  const auto creator_vault = derived.of({seed("creator_vault"), seed(m.coin_creator)}, fixed.pump_amm);
  instruction ix{fixed.pump_amm, {}, data_of(t)};
  ix.accounts.reserve(27);
  ix.accounts = {writes(m.pool),
                 pays(p.wallet),
                 reads(fixed.pump_amm_config),
                 reads(m.base_mint),
                 reads(m.quote_mint),
                 writes(p.base_account),
                 writes(p.quote_account),
                 writes(m.base_vault),
                 writes(m.quote_vault),
                 reads(m.fee_recipient),
                 writes(quote_of(m.fee_recipient)),
                 reads(m.base_program),
                 reads(m.quote_program),
                 reads(fixed.system),
                 reads(fixed.associated_token),
                 reads(fixed.pump_amm_event_authority),
                 reads(fixed.pump_amm),
                 writes(quote_of(creator_vault)),
                 reads(creator_vault)};
  const auto add = [&](account_meta a) { ix.accounts.push_back(a); };
  const auto user_volume = [&] {
    return derived.of({seed("user_volume_accumulator"), seed(p.wallet)}, fixed.pump_amm);
  };
  if (buys) {
    add(reads(fixed.pump_amm_volume));
    add(writes(user_volume()));
  }
  add(reads(fixed.pump_amm_fee_config));
  add(reads(fixed.pump_fees));
  if (m.pays_cashback) {
    add(writes(quote_of(user_volume())));
    if (!buys) add(writes(user_volume()));
  }
  if (!m.coin_creator.is_zero()) add(reads(derived.of({seed("pool-v2"), seed(m.base_mint)}, fixed.pump_amm)));
  add(reads(m.buyback_recipient));
  add(writes(quote_of(m.buyback_recipient)));
  return ix;
}

instruction extend_pool(const pump_swap_market& m, const address& wallet) {
  const auto& fixed = programs();
  return {
      fixed.pump_amm,
      {writes(m.pool), pays(wallet), reads(fixed.system), reads(fixed.pump_amm_event_authority), reads(fixed.pump_amm)},
      data_writer().number(std::to_underlying(tag::extend_account)).take()};
}

} // namespace sett::building
