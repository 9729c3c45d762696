#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/synthetic_economy.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sett::simnet {

synthetic_source::economy::made synthetic_source::economy::open_pump_amm(token& t, std::size_t holder) {
  const auto who = t.holders[holder];
  const auto& w = wallets[who];
  const auto& held = t.holder_accounts[holder];
  const auto base = money.tokens_of(held) / 2;
  const auto quote = (5 + random.below(50)) * sol;
  const auto& amm = program_id::pump_amm();
  const auto index = static_cast<std::uint16_t>(pools_made++ % 60'000);
  const std::array<std::uint8_t, 2> index_bytes{static_cast<std::uint8_t>(index),
                                                static_cast<std::uint8_t>(index >> 8)};
  pool p;
  p.what = pool::kind::pump_amm;
  p.creator = who;
  p.id = derived({solana::seed("pool"), index_bytes, solana::seed(w.keys.key), solana::seed(t.keys.key),
                  solana::seed(program_id::native_mint())},
                 amm);
  p.lp_mint = derived({solana::seed("pool_lp_mint"), solana::seed(p.id)}, amm);
  p.base_vault = solana::associated_token_address(p.id, t.keys.key, program_id::spl_token()).key;
  p.quote_vault = solana::associated_token_address(p.id, program_id::native_mint(), program_id::spl_token()).key;
  const auto lp_account = solana::associated_token_address(w.keys.key, p.lp_mint, program_id::token_2022()).key;
  const auto liquidity = integer_root(static_cast<wide>(base) * quote);
  const auto& coin_creator = wallets[t.creator].keys.key;

  transaction_maker maker(money, w.keys.key);
  maker.invoke(amm,
               {{p.id, true, false},
                {fixed.amm_config, false, false},
                {w.keys.key, true, true},
                {t.keys.key, false, false},
                {program_id::native_mint(), false, false},
                {p.lp_mint, true, false},
                {held, true, false},
                {w.wrapped, true, false},
                {lp_account, true, false},
                {p.base_vault, true, false},
                {p.quote_vault, true, false},
                {program_id::system(), false, false},
                {program_id::token_2022(), false, false},
                {program_id::spl_token(), false, false},
                {program_id::spl_token(), false, false},
                {program_id::associated_token(), false, false},
                {event_authority_of(amm), false, false},
                {amm, false, false}},
               byte_writer()
                   .tag(0xe992d18ecf6840bc)
                   .u16(index)
                   .u64(base)
                   .u64(quote)
                   .id(coin_creator)
                   .flag(false)
                   .flag(false)
                   .bytes);
  maker.log("Program log: Instruction: CreatePool");
  maker.create_account(w.keys.key, p.id, rent_exempt_minimum(301), 301, amm);
  maker.create_account(w.keys.key, p.lp_mint, rent_exempt_minimum(82), 82, program_id::token_2022());
  maker.invoke(program_id::token_2022(), {{p.lp_mint, true, false}}, byte_writer().u8(20).u8(9).id(p.id).u8(0).bytes);
  maker.log("Program log: Instruction: InitializeMint2");
  money.mints[p.lp_mint] = {program_id::token_2022(), 0, 9, true, p.id};
  maker.done(2780);
  maker.create_associated(w.keys.key, lp_account, w.keys.key, p.lp_mint, program_id::token_2022(), false);
  maker.create_associated(w.keys.key, p.base_vault, p.id, t.keys.key, program_id::spl_token(), false);
  maker.create_associated(w.keys.key, p.quote_vault, p.id, program_id::native_mint(), program_id::spl_token(), false);
  maker.token_transfer_checked(held, t.keys.key, p.base_vault, w.keys.key, base);
  maker.token_transfer_checked(w.wrapped, program_id::native_mint(), p.quote_vault, w.keys.key, quote);
  maker.mint_to(p.lp_mint, lp_account, p.id, liquidity - 100);
  byte_writer data;
  data.tag(0xf19a6d0411b16dbc)
      .u8(255)
      .u16(index)
      .id(w.keys.key)
      .id(t.keys.key)
      .id(program_id::native_mint())
      .id(p.lp_mint)
      .id(p.base_vault)
      .id(p.quote_vault)
      .u64(liquidity)
      .id(coin_creator)
      .flag(false)
      .flag(false)
      .u64(0)
      .u64(0)
      .u64(0)
      .flag(false)
      .flag(false);
  maker.set_data(p.id, amm, std::move(data.bytes));
  byte_writer e;
  e.tag(0xb1310cd2a076a774)
      .i64(now.value)
      .u16(index)
      .id(w.keys.key)
      .id(t.keys.key)
      .id(program_id::native_mint())
      .u8(6)
      .u8(9)
      .u64(base)
      .u64(quote)
      .u64(base)
      .u64(quote)
      .u64(100)
      .u64(liquidity)
      .u64(liquidity - 100)
      .u8(255)
      .id(p.id)
      .id(p.lp_mint)
      .id(held)
      .id(w.wrapped)
      .id(coin_creator)
      .flag(false)
      .u64(0)
      .flag(false)
      .flag(false);
  maker.log_data(e.bytes);
  maker.event_cpi(amm, event_authority_of(amm), e.bytes);
  maker.done(140'000);
  p.base = base;
  p.quote = quote;
  auto out = close(maker, transaction_kind::pump_amm_create, {&w.keys});
  t.pools.push_back(std::move(p));
  return out;
}

synthetic_source::economy::made synthetic_source::economy::swap_pump_amm(token& t, pool& p, std::size_t holder,
                                                                         bool buy) {
  const auto who = t.holders[holder];
  const auto& w = wallets[who];
  const auto& held = t.holder_accounts[holder];
  const auto& creator = wallets[t.creator];
  const auto& amm = program_id::pump_amm();
  const auto base = buy ? p.base / 1000 * (1 + random.below(30))
                        : std::max<std::uint64_t>(money.tokens_of(held) / 100 * (10 + random.below(80)), 1);
  const auto quote = buy ? mul_div_up(p.quote, base, p.base - base) : mul_div(p.quote, base, p.base + base);
  if (base == 0 || quote < 1'000) return transfer();
  const auto lp = ceil_bps(quote, amm_lp_bps), protocol = ceil_bps(quote, amm_protocol_bps),
             coin = ceil_bps(quote, amm_creator_bps);
  const auto with_lp = buy ? quote + lp : quote - lp;
  const auto user_quote = buy ? with_lp + protocol + coin : with_lp - protocol - coin;
  const auto user_base_before = money.tokens_of(held), user_quote_before = money.tokens_of(w.wrapped);

  transaction_maker maker(money, w.keys.key);
  budget(maker);
  std::vector<account_use> accounts{{p.id, true, false},
                                    {w.keys.key, true, true},
                                    {fixed.amm_config, false, false},
                                    {t.keys.key, false, false},
                                    {program_id::native_mint(), false, false},
                                    {held, true, false},
                                    {w.wrapped, true, false},
                                    {p.base_vault, true, false},
                                    {p.quote_vault, true, false},
                                    {fixed.amm_fee_recipient, false, false},
                                    {fixed.amm_fee_account, true, false},
                                    {program_id::spl_token(), false, false},
                                    {program_id::spl_token(), false, false},
                                    {program_id::system(), false, false},
                                    {program_id::associated_token(), false, false},
                                    {event_authority_of(amm), false, false},
                                    {amm, false, false},
                                    {creator.amm_vault, true, false},
                                    {creator.amm_vault_authority, false, false}};
  if (buy) {
    accounts.push_back({fixed.amm_volume, false, false});
    accounts.push_back({w.amm_volume, true, false});
  }
  accounts.push_back({fixed.amm_fee_config, false, false});
  accounts.push_back({program_id::pump_fees(), false, false});
  const auto limit = buy ? user_quote + user_quote / 10 : std::uint64_t{0};
  auto data = byte_writer().tag(buy ? 0x66063d1201daebea : 0x33e685a4017f83ad).u64(base).u64(limit);
  if (buy) data.flag(true);
  maker.invoke(amm, std::move(accounts), std::move(data.bytes));
  maker.log(buy ? "Program log: Instruction: Buy" : "Program log: Instruction: Sell");
  const auto& wrapped = program_id::native_mint();
  if (buy) {
    maker.token_transfer_checked(p.base_vault, t.keys.key, held, p.id, base);
    maker.token_transfer_checked(w.wrapped, wrapped, p.quote_vault, w.keys.key, with_lp);
    maker.token_transfer_checked(w.wrapped, wrapped, fixed.amm_fee_account, w.keys.key, protocol);
    maker.token_transfer_checked(w.wrapped, wrapped, creator.amm_vault, w.keys.key, coin);
  } else {
    maker.token_transfer_checked(held, t.keys.key, p.base_vault, w.keys.key, base);
    maker.token_transfer_checked(p.quote_vault, wrapped, w.wrapped, p.id, user_quote);
    maker.token_transfer_checked(p.quote_vault, wrapped, fixed.amm_fee_account, p.id, protocol);
    maker.token_transfer_checked(p.quote_vault, wrapped, creator.amm_vault, p.id, coin);
  }
  byte_writer e;
  e.tag(buy ? 0x67f4521f2cf57777 : 0x3e2f370aa503dc2a)
      .i64(now.value)
      .u64(base)
      .u64(limit)
      .u64(user_base_before)
      .u64(user_quote_before)
      .u64(p.base)
      .u64(p.quote)
      .u64(quote)
      .u64(amm_lp_bps)
      .u64(lp)
      .u64(amm_protocol_bps)
      .u64(protocol)
      .u64(with_lp)
      .u64(user_quote)
      .id(p.id)
      .id(w.keys.key)
      .id(held)
      .id(w.wrapped)
      .id(fixed.amm_fee_recipient)
      .id(fixed.amm_fee_account)
      .id(creator.keys.key)
      .u64(amm_creator_bps)
      .u64(coin);
  if (buy) e.flag(true).u64(0).u64(0).u64(0).i64(now.value).u64(base).text("buy");
  e.u64(0).u64(0).u64(0).u64(0).u64(0).u64(0).flag(false).u64(total_supply).u64(0).u64(0);
  maker.log_data(e.bytes);
  maker.event_cpi(amm, event_authority_of(amm), e.bytes);
  maker.done(86'000);
  if (buy) {
    p.base -= base;
    p.quote += with_lp;
  } else {
    p.base += base;
    p.quote -= user_quote + protocol + coin;
  }
  auto out = close(maker, buy ? transaction_kind::pump_amm_buy : transaction_kind::pump_amm_sell, {&w.keys});
  // Through the vault: what a pool's view of the swap shows.
  out->trade = trade_note{t.keys.key, w.keys.key, buy, buy ? with_lp : user_quote + protocol + coin, base};
  return out;
}

} // namespace sett::simnet
