#include "messages/solana/encoding.hpp"
#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/synthetic_economy.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sett::simnet {

synthetic_source::economy::made synthetic_source::economy::open_raydium(token& t, std::size_t holder) {
  const auto number = pools_made++;
  const auto who = t.holders[holder];
  const auto& w = wallets[who];
  const auto& held = t.holder_accounts[holder];
  const auto amount = money.tokens_of(held) / 2;
  const auto quote = (5 + random.below(50)) * sol;
  pool p;
  p.what = pool::kind::raydium;
  p.creator = who;
  p.market = derive_key_pair(options.seed, "market", number).key;
  const auto& raydium = program_id::raydium_amm_v4();
  const auto of_market = [&](std::string_view seed) {
    return derived({solana::seed(raydium), solana::seed(p.market), solana::seed(seed)}, raydium);
  };
  p.id = of_market("amm_associated_seed");
  p.base_vault = of_market("coin_vault_associated_seed");
  p.quote_vault = of_market("pc_vault_associated_seed");
  p.lp_mint = of_market("lp_mint_associated_seed");
  p.open_orders = of_market("open_order_associated_seed");
  p.target_orders = of_market("target_associated_seed");
  p.authority = fixed.raydium_authority;
  p.bids = derive_key_pair(options.seed, "bids", number).key;
  p.asks = derive_key_pair(options.seed, "asks", number).key;
  p.events = derive_key_pair(options.seed, "events", number).key;
  p.market_base = derive_key_pair(options.seed, "market-base", number).key;
  p.market_quote = derive_key_pair(options.seed, "market-quote", number).key;
  p.market_signer = derive_key_pair(options.seed, "market-signer", number).key;
  const auto lp_account = solana::associated_token_address(w.keys.key, p.lp_mint, program_id::spl_token()).key;

  transaction_maker maker(money, w.keys.key);
  maker.invoke(raydium,
               {{program_id::spl_token(), false, false},
                {program_id::associated_token(), false, false},
                {program_id::system(), false, false},
                {program_id::rent_sysvar(), false, false},
                {p.id, true, false},
                {p.authority, false, false},
                {p.open_orders, true, false},
                {p.lp_mint, true, false},
                {t.keys.key, false, false},
                {program_id::native_mint(), false, false},
                {p.base_vault, true, false},
                {p.quote_vault, true, false},
                {p.target_orders, true, false},
                {fixed.raydium_config, false, false},
                {fixed.raydium_fee_account, true, false},
                {program_id::openbook(), false, false},
                {p.market, false, false},
                {w.keys.key, true, true},
                {held, true, false},
                {w.wrapped, true, false},
                {lp_account, true, false}},
               byte_writer().u8(1).u8(254).u64(static_cast<std::uint64_t>(now.value)).u64(quote).u64(amount).bytes);
  const auto open_token = [&](const address& account, const address& mint) {
    maker.create_account(w.keys.key, account, token_account_rent, 165, program_id::spl_token());
    maker.invoke(program_id::spl_token(),
                 {{account, true, false},
                  {mint, false, false},
                  {p.authority, false, false},
                  {program_id::rent_sysvar(), false, false}},
                 {1});
    maker.log("Program log: Instruction: InitializeAccount");
    maker.done(4527);
  };
  maker.system_transfer(w.keys.key, fixed.raydium_fee_account, 150'000'000);
  maker.create_account(w.keys.key, p.lp_mint, rent_exempt_minimum(82), 82, program_id::spl_token());
  maker.invoke(program_id::spl_token(), {{p.lp_mint, true, false}, {program_id::rent_sysvar(), false, false}},
               byte_writer().u8(0).u8(9).id(p.authority).u8(0).id(address{}).bytes);
  maker.log("Program log: Instruction: InitializeMint");
  money.mints[p.lp_mint] = {program_id::spl_token(), 0, 9, true, p.authority};
  maker.done(2920);
  open_token(p.base_vault, t.keys.key);
  money.tokens[p.base_vault] = {t.keys.key, p.authority, program_id::spl_token(), 0};
  open_token(p.quote_vault, program_id::native_mint());
  money.tokens[p.quote_vault] = {program_id::native_mint(), p.authority, program_id::spl_token(), 0};
  maker.create_account(w.keys.key, p.id, rent_exempt_minimum(752), 752, raydium);
  maker.create_associated(w.keys.key, lp_account, w.keys.key, p.lp_mint, program_id::spl_token(), false);
  maker.token_transfer(held, p.base_vault, w.keys.key, amount);
  maker.token_transfer(w.wrapped, p.quote_vault, w.keys.key, quote);
  const auto liquidity = integer_root(static_cast<wide>(amount) * quote);
  maker.mint_to(p.lp_mint, lp_account, p.authority, liquidity);
  byte_writer log;
  log.u8(0)
      .u64(static_cast<std::uint64_t>(now.value))
      .u8(9)
      .u8(6)
      .u64(1)
      .u64(1'000'000)
      .u64(quote)
      .u64(amount)
      .id(p.market);
  maker.log("Program log: ray_log: " + solana::base64_encode(log.bytes));
  maker.set_data(p.id, raydium, std::vector<std::uint8_t>(752));
  maker.done(150'000);
  p.base = amount;
  p.quote = quote;
  auto out = close(maker, transaction_kind::raydium_create, {&w.keys});
  t.pools.push_back(std::move(p));
  return out;
}

synthetic_source::economy::made synthetic_source::economy::swap_raydium(token& t, pool& p, std::size_t holder,
                                                                        bool buy) {
  const auto who = t.holders[holder];
  const auto& w = wallets[who];
  const auto& held = t.holder_accounts[holder];
  const auto amount_in = buy ? std::max<std::uint64_t>(p.quote / 1000 * (1 + random.below(30)), 1'000'000)
                             : std::max<std::uint64_t>(money.tokens_of(held) / 100 * (10 + random.below(80)), 1);
  const auto reserve_in = buy ? p.quote : p.base, reserve_out = buy ? p.base : p.quote;
  const auto after_fee = amount_in - ceil_bps(amount_in, raydium_fee_bps);
  const auto amount_out = mul_div(reserve_out, after_fee, reserve_in + after_fee);
  if (amount_out == 0) return transfer();
  const auto& source = buy ? w.wrapped : held;
  const auto& target = buy ? held : w.wrapped;
  transaction_maker maker(money, w.keys.key);
  budget(maker);
  maker.invoke(program_id::raydium_amm_v4(),
               {{program_id::spl_token(), false, false},
                {p.id, true, false},
                {p.authority, false, false},
                {p.open_orders, true, false},
                {p.target_orders, true, false},
                {p.base_vault, true, false},
                {p.quote_vault, true, false},
                {program_id::openbook(), false, false},
                {p.market, true, false},
                {p.bids, true, false},
                {p.asks, true, false},
                {p.events, true, false},
                {p.market_base, true, false},
                {p.market_quote, true, false},
                {p.market_signer, false, false},
                {source, true, false},
                {target, true, false},
                {w.keys.key, false, true}},
               byte_writer().u8(9).u64(amount_in).u64(0).bytes);
  // SwapBaseIn log: kind, in, least out, direction (1: quote to base), the user's source balance, reserves, out.
  byte_writer log;
  log.u8(3)
      .u64(amount_in)
      .u64(0)
      .u64(buy ? 1 : 2)
      .u64(money.tokens_of(source))
      .u64(p.base)
      .u64(p.quote)
      .u64(amount_out);
  maker.log("Program log: ray_log: " + solana::base64_encode(log.bytes));
  maker.token_transfer(source, buy ? p.quote_vault : p.base_vault, w.keys.key, amount_in);
  maker.token_transfer(buy ? p.base_vault : p.quote_vault, target, p.authority, amount_out);
  maker.done(32'433);
  (buy ? p.quote : p.base) += amount_in;
  (buy ? p.base : p.quote) -= amount_out;
  auto out = close(maker, transaction_kind::raydium_swap, {&w.keys});
  out->trade = trade_note{t.keys.key, w.keys.key, buy, buy ? amount_in : amount_out, buy ? amount_out : amount_in};
  return out;
}

} // namespace sett::simnet
