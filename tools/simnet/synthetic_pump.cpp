#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/synthetic_economy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sett::simnet {

std::vector<account_use> synthetic_source::economy::buy_accounts(const token& t, std::size_t who,
                                                                 const address& held) const {
  const auto& w = wallets[who];
  return {{fixed.pump_global, false, false},
          {fixed.pump_fee_recipient, true, false},
          {t.keys.key, false, false},
          {t.curve, true, false},
          {t.curve_tokens, true, false},
          {held, true, false},
          {w.keys.key, true, true},
          {program_id::system(), false, false},
          {program_id::spl_token(), false, false},
          {wallets[t.creator].creator_vault, true, false},
          {event_authority_of(program_id::pump()), false, false},
          {program_id::pump(), false, false},
          {fixed.pump_volume, false, false},
          {w.pump_volume, true, false},
          {fixed.pump_fee_config, false, false},
          {program_id::pump_fees(), false, false}};
}

void synthetic_source::economy::write_curve(transaction_maker& maker, const token& t) {
  byte_writer data;
  data.tag(0x17b7f83760d8ac60)
      .u64(t.virtual_tokens)
      .u64(t.virtual_sol)
      .u64(t.real_tokens)
      .u64(t.real_sol)
      .u64(total_supply)
      .flag(false)
      .id(wallets[t.creator].keys.key)
      .flag(false)
      .flag(false)
      .id(address{})
      .u64(0)
      .flag(false)
      .flag(false);
  maker.set_data(t.curve, program_id::pump(), std::move(data.bytes));
}

void synthetic_source::economy::pump_event(transaction_maker& maker, const token& t, std::size_t who, bool buy,
                                           std::uint64_t sol_amount, std::uint64_t token_count, std::uint64_t fee,
                                           std::uint64_t creator_fee) {
  byte_writer e;
  e.tag(0xbddb7fd34ee661ee)
      .id(t.keys.key)
      .u64(sol_amount)
      .u64(token_count)
      .flag(buy)
      .id(wallets[who].keys.key)
      .i64(now.value)
      .u64(t.virtual_sol)
      .u64(t.virtual_tokens)
      .u64(t.real_sol)
      .u64(t.real_tokens)
      .id(fixed.pump_fee_recipient)
      .u64(pump_fee_bps)
      .u64(fee)
      .id(wallets[t.creator].keys.key)
      .u64(pump_creator_fee_bps)
      .u64(creator_fee)
      .flag(buy)
      .u64(0)
      .u64(0)
      .u64(0)
      .i64(buy ? now.value : 0)
      .text(buy ? "buy" : "sell")
      .flag(false)
      .u64(0)
      .u64(0)
      .u64(0)
      .u64(0)
      .u32(0)
      .id(address{})
      .u64(sol_amount)
      .u64(t.virtual_sol)
      .u64(t.real_sol)
      .u64(0)
      .u64(0);
  maker.log_data(e.bytes);
  maker.event_cpi(program_id::pump(), event_authority_of(program_id::pump()), e.bytes);
}

synthetic_source::economy::made synthetic_source::economy::failing() {
  // A buy whose price ran away: the program checks the limit before it moves anything.
  std::vector<token*> candidates;
  for (auto& t : tokens)
    if (!t->holders.empty()) candidates.push_back(t.get());
  if (candidates.empty()) return transfer();
  auto& t = *candidates[random.below(candidates.size())];
  const auto at = random.below(t.holders.size());
  transaction_maker maker(money, wallets[t.holders[at]].keys.key);
  budget(maker);
  maker.invoke(
      program_id::pump(), buy_accounts(t, t.holders[at], t.holder_accounts[at]),
      byte_writer().tag(0x66063d1201daebea).u64(1'000 * token_unit + random.below(token_unit)).u64(1).flag(true).bytes);
  maker.log("Program log: Instruction: Buy");
  maker.log("Program log: AnchorError thrown in programs/pump/src/lib.rs:821. Error Code: TooMuchSolRequired. Error "
            "Number: 6002. "
            "Error Message: slippage: Too much SOL required to buy the given amount of tokens..");
  maker.fail(too_much_sol_required);
  return close(maker, transaction_kind::failed, {&wallets[t.holders[at]].keys});
}

synthetic_source::economy::made synthetic_source::economy::launch() {
  auto fresh = std::make_unique<token>();
  auto& t = *fresh;
  const auto number = launches++;
  t.keys = derive_key_pair(options.seed, "mint", number);
  t.creator = random.below(wallets.size());
  const auto& mint = t.keys.key;
  const auto& user = wallets[t.creator].keys.key;
  t.curve = derived({solana::seed("bonding-curve"), solana::seed(mint)}, program_id::pump());
  t.curve_tokens = solana::associated_token_address(t.curve, mint, program_id::spl_token()).key;
  t.metadata = derived({solana::seed("metadata"), solana::seed(program_id::metaplex_metadata()), solana::seed(mint)},
                       program_id::metaplex_metadata());
  const auto name = fmt::format("Synthetic {}", number), symbol = fmt::format("SYN{}", number),
             uri = fmt::format("https://simnet.invalid/{}.json", number);

  transaction_maker maker(money, user);
  budget(maker);
  maker.invoke(program_id::pump(),
               {{mint, true, true},
                {fixed.pump_mint_authority, false, false},
                {t.curve, true, false},
                {t.curve_tokens, true, false},
                {fixed.pump_global, false, false},
                {program_id::metaplex_metadata(), false, false},
                {t.metadata, true, false},
                {user, true, true},
                {program_id::system(), false, false},
                {program_id::spl_token(), false, false},
                {program_id::associated_token(), false, false},
                {program_id::rent_sysvar(), false, false},
                {event_authority_of(program_id::pump()), false, false},
                {program_id::pump(), false, false}},
               byte_writer().tag(0x181ec828051c0777).text(name).text(symbol).text(uri).id(user).bytes);
  maker.log("Program log: Instruction: Create");
  maker.create_account(user, mint, rent_exempt_minimum(82), 82, program_id::spl_token());
  maker.invoke(program_id::spl_token(), {{mint, true, false}},
               byte_writer().u8(20).u8(6).id(fixed.pump_mint_authority).u8(0).bytes);
  maker.log("Program log: Instruction: InitializeMint2");
  money.mints[mint] = {program_id::spl_token(), 0, 6, true, fixed.pump_mint_authority};
  maker.done(2780);
  maker.create_account(user, t.curve, rent_exempt_minimum(curve_size), curve_size, program_id::pump());
  maker.create_associated(user, t.curve_tokens, t.curve, mint, program_id::spl_token(), false);
  // CreateMetadataAccountV3 (33): DataV2 without creators, collection and uses; mutable; no collection details.
  maker.invoke(program_id::metaplex_metadata(),
               {{t.metadata, true, false},
                {mint, false, false},
                {fixed.pump_mint_authority, false, true},
                {user, true, true},
                {fixed.pump_mint_authority, false, false},
                {program_id::system(), false, false}},
               byte_writer().u8(33).text(name).text(symbol).text(uri).u16(0).u8(0).u8(0).u8(0).flag(false).u8(0).bytes);
  maker.log("Program log: IX: Create Metadata Accounts v3");
  constexpr std::uint64_t metadata_size = 607;
  maker.system_transfer(user, t.metadata, rent_exempt_minimum(metadata_size) + 10'000'000);
  maker.log("Program log: Allocate space for the account");
  maker.invoke(program_id::system(), {{t.metadata, true, true}}, byte_writer().u32(8).u64(metadata_size).bytes);
  maker.done(0);
  maker.log("Program log: Assign the account to the owning program");
  maker.invoke(program_id::system(), {{t.metadata, true, true}},
               byte_writer().u32(1).id(program_id::metaplex_metadata()).bytes);
  maker.done(0);
  maker.set_data(
      t.metadata, program_id::metaplex_metadata(),
      byte_writer().u8(4).id(fixed.pump_mint_authority).id(mint).text(name).text(symbol).text(uri).u16(0).u8(0).bytes);
  maker.done(36'258);
  maker.mint_to(mint, t.curve_tokens, fixed.pump_mint_authority, total_supply);
  maker.invoke(program_id::spl_token(), {{mint, true, false}, {fixed.pump_mint_authority, false, true}}, {6, 0, 0});
  maker.log("Program log: Instruction: SetAuthority");
  money.mints[mint].has_authority = false;
  money.mints[mint].authority = address{};
  maker.done(2911);
  write_curve(maker, t);
  byte_writer e;
  e.tag(0x1b72a94ddeeb6376)
      .text(name)
      .text(symbol)
      .text(uri)
      .id(mint)
      .id(t.curve)
      .id(user)
      .id(user)
      .i64(now.value)
      .u64(t.virtual_tokens)
      .u64(t.virtual_sol)
      .u64(t.real_tokens)
      .u64(total_supply)
      .id(program_id::spl_token())
      .flag(false)
      .flag(false)
      .id(address{})
      .u64(t.virtual_sol)
      .u64(0)
      .flag(false);
  maker.log_data(e.bytes);
  maker.event_cpi(program_id::pump(), event_authority_of(program_id::pump()), e.bytes);
  maker.done(122'356);
  auto out = close(maker, transaction_kind::pump_create, {&wallets[t.creator].keys, &t.keys});
  tokens.push_back(std::move(fresh));
  retire_oldest();
  return out;
}

synthetic_source::economy::made synthetic_source::economy::curve_buy(token& t, std::size_t who,
                                                                     std::uint64_t sol_wanted) {
  const auto count = std::min(mul_div(t.virtual_tokens, sol_wanted, t.virtual_sol + sol_wanted), t.real_tokens / 2);
  const auto cost = mul_div(t.virtual_sol, count, t.virtual_tokens - count) + 1;
  const auto fee = ceil_bps(cost, pump_fee_bps), creator_fee = ceil_bps(cost, pump_creator_fee_bps);
  const auto& user = wallets[who].keys.key;
  transaction_maker maker(money, user);
  budget(maker);
  const auto held = holding(maker, t, who);
  maker.invoke(program_id::pump(), buy_accounts(t, who, held),
               byte_writer().tag(0x66063d1201daebea).u64(count).u64(cost + cost / 10).flag(true).bytes);
  maker.log("Program log: Instruction: Buy");
  maker.token_transfer(t.curve_tokens, held, t.curve, count);
  maker.system_transfer(user, wallets[t.creator].creator_vault, creator_fee);
  maker.system_transfer(user, t.curve, cost);
  maker.system_transfer(user, fixed.pump_fee_recipient, fee);
  t.virtual_sol += cost;
  t.real_sol += cost;
  t.virtual_tokens -= count;
  t.real_tokens -= count;
  write_curve(maker, t);
  pump_event(maker, t, who, true, cost, count, fee, creator_fee);
  maker.done(62'000);
  auto out = close(maker, transaction_kind::pump_buy, {&wallets[who].keys});
  out->trade = trade_note{t.keys.key, user, true, cost, count};
  return out;
}

synthetic_source::economy::made synthetic_source::economy::curve_sell(token& t, std::size_t holder) {
  const auto who = t.holders[holder];
  const auto& held = t.holder_accounts[holder];
  const auto owned = money.tokens_of(held);
  const auto count = random.chance(0.3) ? owned : std::max<std::uint64_t>(owned / 100 * (10 + random.below(80)), 1);
  const auto proceeds = mul_div(t.virtual_sol, count, t.virtual_tokens + count);
  const auto fee = ceil_bps(proceeds, pump_fee_bps), creator_fee = ceil_bps(proceeds, pump_creator_fee_bps);
  const auto& w = wallets[who];
  transaction_maker maker(money, w.keys.key);
  budget(maker);
  maker.invoke(program_id::pump(),
               {{fixed.pump_global, false, false},
                {fixed.pump_fee_recipient, true, false},
                {t.keys.key, false, false},
                {t.curve, true, false},
                {t.curve_tokens, true, false},
                {held, true, false},
                {w.keys.key, true, true},
                {program_id::system(), false, false},
                {wallets[t.creator].creator_vault, true, false},
                {program_id::spl_token(), false, false},
                {event_authority_of(program_id::pump()), false, false},
                {program_id::pump(), false, false},
                {fixed.pump_fee_config, false, false},
                {program_id::pump_fees(), false, false}},
               byte_writer().tag(0x33e685a4017f83ad).u64(count).u64(0).bytes);
  maker.log("Program log: Instruction: Sell");
  maker.token_transfer(held, t.curve_tokens, w.keys.key, count);
  // The program owns the curve and pays from it without the system program.
  maker.move_lamports(t.curve, w.keys.key, proceeds - fee - creator_fee);
  maker.move_lamports(t.curve, fixed.pump_fee_recipient, fee);
  maker.move_lamports(t.curve, wallets[t.creator].creator_vault, creator_fee);
  t.virtual_sol -= proceeds;
  t.real_sol -= proceeds;
  t.virtual_tokens += count;
  t.real_tokens += count;
  write_curve(maker, t);
  pump_event(maker, t, who, false, proceeds, count, fee, creator_fee);
  maker.done(48'000);
  auto out = close(maker, transaction_kind::pump_sell, {&w.keys});
  out->trade = trade_note{t.keys.key, w.keys.key, false, proceeds, count};
  return out;
}

} // namespace sett::simnet
