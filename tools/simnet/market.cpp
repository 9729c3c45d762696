#include "tools/simnet/market.hpp"

#include "messages/solana/program_address.hpp"
#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/pump_accounts.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sett::simnet {

namespace {

constexpr std::uint64_t sol = 1'000'000'000;
constexpr std::uint64_t honeypot_supply = 1'000'000'000'000'000;
// Prices in micro-lamports per compute unit. Who sells first wants to be first.
constexpr std::uint64_t price_launch = 2'000'000, price_sniper = 900'000, price_rug = 1'500'000, price_whale = 200'000;

std::uint64_t amount_in(const validator& chain, const address& account) {
  const auto* found = chain.accounts().find(account);
  return found == nullptr || found->data.size() < token_account_size
             ? 0
             : load<std::uint64_t>(found->data, holding_at::amount);
}

instruction system_transfer(const address& from, const address& to, std::uint64_t lamports) {
  return {program_id::system(), {{from, true, true}, {to, true, false}}, byte_writer().u32(2).u64(lamports).bytes};
}

address associated(const address& owner, const address& mint, const address& program) {
  return solana::associated_token_address(owner, mint, program).key;
}

instruction open_associated(const address& payer, const address& owner, const address& mint, const address& program) {
  return {program_id::associated_token(),
          {{payer, true, true},
           {associated(owner, mint, program), true, false},
           {owner, false, false},
           {mint, false, false},
           {program_id::system(), false, false},
           {program, false, false}},
          {1}};
}

} // namespace

market::market(market_options options) : options_(options), random_(options.seed, 0x3a4e) {}

void market::open(validator& chain) {
  found_venues(chain, keys_);
  const auto crowd = [&](std::vector<person>& into, std::string_view name, std::size_t count,
                         std::uint64_t wealth_sol) {
    for (std::size_t i = 0; i < count; ++i) {
      person p;
      p.keys = derive_key_pair(options_.seed, name, i);
      const auto& key = p.keys.key;
      p.pump_volume = derive({solana::seed("user_volume_accumulator"), solana::seed(key)}, program_id::pump()).key;
      p.amm_volume = derive({solana::seed("user_volume_accumulator"), solana::seed(key)}, program_id::pump_amm()).key;
      p.wrapped = associated(key, program_id::native_mint(), program_id::spl_token());
      chain.accounts().put(key, {wealth_sol * sol, {}, {}, false});
      // A standing balance of wrapped SOL for trades in pools.
      const auto wrapped_sol = wealth_sol / 2 * sol;
      chain.accounts().put(p.wrapped, {wrapped_sol + token_account_rent, program_id::spl_token(),
                                       token_account_data(program_id::native_mint(), key, wrapped_sol, true), false});
      into.push_back(std::move(p));
    }
  };
  crowd(traders_, "trader", options_.traders, 200);
  crowd(snipers_, "sniper", 5, 500);
  crowd(whales_, "whale", 3, 5'000);
  crowd(washers_, "washer", 4, 500);
  crowd(creators_, "creator", 12, 500);
  crowd(sandwichers_, "sandwicher", 2, 1'000);
  std::vector<person> keeper;
  crowd(keeper, "keeper", 1, 1'000);
  keeper_ = std::move(keeper.front());
}

bool market::has_curve(const validator& chain, const token& t) const {
  const auto* curve = t.own_mint ? nullptr : chain.accounts().find(t.curve);
  return curve != nullptr && curve->data.size() > pump_at::curve_complete_flag &&
         curve->data[pump_at::curve_complete_flag] == 0;
}

bool market::has_pool(const validator& chain, const token& t) const {
  const auto* pool = chain.accounts().find(t.pool);
  return pool != nullptr && pool->owner == program_id::pump_amm();
}

address market::holding(const person& p, const token& t) const { return associated(p.keys.key, t.mint.key, t.program); }

std::uint64_t market::tokens_of(const validator& chain, const person& p, const token& t) const {
  return amount_in(chain, holding(p, t));
}

void market::send(const validator& chain, std::vector<instruction> list, std::vector<const key_pair*> signers,
                  std::uint64_t price, transaction_kind kind, std::uint32_t delay_slots) {
  list.insert(list.begin(), {program_id::compute_budget(), {}, byte_writer().u8(3).u64(price).bytes});
  list.insert(list.begin(), {program_id::compute_budget(), {}, byte_writer().u8(2).u32(300'000).bytes});
  auto t = compose(list, signers, chain.newest_hash(), &keys_.table);
  if (t.wire.size() > packet_bytes_max) return; // a long name: nobody could send it
  out_.push_back({std::move(t), kind, delay_slots});
}

instruction market::open_holding(const person& payer, const address& owner, const token& t) const {
  return open_associated(payer.keys.key, owner, t.mint.key, t.program);
}

instruction market::curve_buy(const person& p, const token& t, std::uint64_t tokens, std::uint64_t max_cost) const {
  return {program_id::pump(),
          {{keys_.pump_global, false, false},
           {keys_.pump_fee_recipient, true, false},
           {t.mint.key, false, false},
           {t.curve, true, false},
           {t.curve_holding, true, false},
           {holding(p, t), true, false},
           {p.keys.key, true, true},
           {program_id::system(), false, false},
           {t.program, false, false},
           {t.creator_vault, true, false},
           {keys_.pump_event_authority, false, false},
           {program_id::pump(), false, false},
           {keys_.pump_volume, false, false},
           {p.pump_volume, true, false},
           {keys_.pump_fee_config, false, false},
           {program_id::pump_fees(), false, false}},
          byte_writer().tag(pump_at::buy_tag).u64(tokens).u64(max_cost).flag(true).bytes};
}

instruction market::curve_sell(const person& p, const token& t, std::uint64_t tokens, std::uint64_t least) const {
  return {program_id::pump(),
          {{keys_.pump_global, false, false},
           {keys_.pump_fee_recipient, true, false},
           {t.mint.key, false, false},
           {t.curve, true, false},
           {t.curve_holding, true, false},
           {holding(p, t), true, false},
           {p.keys.key, true, true},
           {program_id::system(), false, false},
           {t.creator_vault, true, false},
           {t.program, false, false},
           {keys_.pump_event_authority, false, false},
           {program_id::pump(), false, false},
           {keys_.pump_fee_config, false, false},
           {program_id::pump_fees(), false, false}},
          byte_writer().tag(pump_at::sell_tag).u64(tokens).u64(least).bytes};
}

instruction market::pool_swap(const person& p, const token& t, bool buys, std::uint64_t base,
                              std::uint64_t limit) const {
  instruction out{program_id::pump_amm(),
                  {{t.pool, true, false},
                   {p.keys.key, true, true},
                   {keys_.amm_config, false, false},
                   {t.mint.key, false, false},
                   {program_id::native_mint(), false, false},
                   {holding(p, t), true, false},
                   {p.wrapped, true, false},
                   {t.pool_base, true, false},
                   {t.pool_quote, true, false},
                   {keys_.amm_fee_recipient, false, false},
                   {keys_.amm_fee_account, true, false},
                   {t.program, false, false},
                   {program_id::spl_token(), false, false},
                   {program_id::system(), false, false},
                   {program_id::associated_token(), false, false},
                   {keys_.amm_event_authority, false, false},
                   {program_id::pump_amm(), false, false},
                   {t.amm_creator_vault, true, false},
                   {t.amm_creator_authority, false, false}},
                  {}};
  if (buys) {
    out.accounts.push_back({keys_.amm_volume, false, false});
    out.accounts.push_back({p.amm_volume, true, false});
  }
  out.accounts.push_back({keys_.amm_fee_config, false, false});
  out.accounts.push_back({program_id::pump_fees(), false, false});
  byte_writer data;
  data.tag(buys ? pump_at::buy_tag : pump_at::sell_tag).u64(base).u64(limit);
  if (buys) data.flag(true);
  out.data = std::move(data.bytes);
  return out;
}

void market::place_pool(token& t, const address& pool_creator) const {
  const auto& amm = program_id::pump_amm();
  const std::array<std::uint8_t, 2> index{};
  t.pool_creator = pool_creator;
  t.pool = derive({solana::seed("pool"), index, solana::seed(pool_creator), solana::seed(t.mint.key),
                   solana::seed(program_id::native_mint())},
                  amm)
               .key;
  t.lp_mint = derive({solana::seed("pool_lp_mint"), solana::seed(t.pool)}, amm).key;
  t.pool_base = associated(t.pool, t.mint.key, t.program);
  t.pool_quote = associated(t.pool, program_id::native_mint(), program_id::spl_token());
  t.amm_creator_authority = derive({solana::seed("creator_vault"), solana::seed(t.coin_creator)}, amm).key;
  t.amm_creator_vault = associated(t.amm_creator_authority, program_id::native_mint(), program_id::spl_token());
}

instruction market::open_pool(const person& p, const token& t, std::uint64_t base, std::uint64_t quote) const {
  const auto& user = p.keys.key;
  return {program_id::pump_amm(),
          {{t.pool, true, false},
           {keys_.amm_config, false, false},
           {user, true, true},
           {t.mint.key, false, false},
           {program_id::native_mint(), false, false},
           {t.lp_mint, true, false},
           {holding(p, t), true, false},
           {p.wrapped, true, false},
           {associated(user, t.lp_mint, program_id::token_2022()), true, false},
           {t.pool_base, true, false},
           {t.pool_quote, true, false},
           {program_id::system(), false, false},
           {program_id::token_2022(), false, false},
           {t.program, false, false},
           {program_id::spl_token(), false, false},
           {program_id::associated_token(), false, false},
           {keys_.amm_event_authority, false, false},
           {program_id::pump_amm(), false, false}},
          byte_writer().tag(0xe992d18ecf6840bc).u16(0).u64(base).u64(quote).id(address{}).flag(false).bytes};
}

void market::launch(const validator& chain, const clock_values& now) {
  token t;
  const auto number = launches_++;
  t.mint = derive_key_pair(options_.seed, "mint", number);
  const bool v2 = random_.chance(0.4);
  t.program = v2 ? program_id::token_2022() : program_id::spl_token();
  t.creator = random_.below(creators_.size());
  const auto& who = creators_[t.creator];
  const auto& user = who.keys.key;
  const auto& mint = t.mint.key;
  const auto& pump = program_id::pump();
  t.curve = derive({solana::seed("bonding-curve"), solana::seed(mint)}, pump).key;
  t.curve_holding = associated(t.curve, mint, t.program);
  t.creator_vault = derive({solana::seed("creator-vault"), solana::seed(user)}, pump).key;
  t.coin_creator = user;
  place_pool(t, derive({solana::seed("pool-authority"), solana::seed(mint)}, pump).key);
  t.meant = random_.chance(0.35) ? intent::rug : intent::honest;
  t.born_slot = now.slot.value;
  t.springs_slot = now.slot.value + 20 + random_.below(150);
  t.heat = 1 + static_cast<std::uint32_t>(random_.below(random_.chance(0.15) ? 40 : 6));
  const auto name = fmt::format("Simnet {}", number), symbol = fmt::format("SIM{}", number),
             uri = fmt::format("https://simnet.invalid/{}.json", number);
  instruction create{pump,
                     {},
                     byte_writer()
                         .tag(v2 ? pump_at::create_v2_tag : pump_at::create_tag)
                         .text(name)
                         .text(symbol)
                         .text(uri)
                         .id(user)
                         .bytes};
  create.accounts = {{mint, true, true},
                     {keys_.pump_mint_authority, false, false},
                     {t.curve, true, false},
                     {t.curve_holding, true, false},
                     {keys_.pump_global, false, false}};
  const auto add = [&](const address& key, bool writable = false, bool signer = false) {
    create.accounts.push_back({key, writable, signer});
  };
  if (!v2) {
    add(program_id::metaplex_metadata());
    add(derive({solana::seed("metadata"), solana::seed(program_id::metaplex_metadata()), solana::seed(mint)},
               program_id::metaplex_metadata())
            .key,
        true);
  }
  add(user, true, true);
  add(program_id::system());
  add(t.program);
  add(program_id::associated_token());
  if (v2) {
    create.data.push_back(0); // no mayhem mode
    create.data.push_back(0); // no cashback
    // The mayhem program's accounts, which nothing here uses.
    for (int i = 0; i < 5; ++i) add(program_id::system());
  } else {
    add(program_id::rent_sysvar());
  }
  add(keys_.pump_event_authority);
  add(pump);
  send(chain, {std::move(create)}, {&who.keys, &t.mint}, price_launch, transaction_kind::pump_create);

  // The creator's own buy follows in the same block, behind the launch.
  const auto spent = (1 + random_.below(t.meant == intent::rug ? 8 : 3)) * sol;
  const auto tokens = mul_div_floor(1'073'000'000'000'000, spent, 30 * sol + spent);
  send(chain, {open_holding(who, user, t), curve_buy(who, t, tokens, spent + spent / 10)}, {&who.keys},
       price_launch - 1, transaction_kind::pump_buy);
  tokens_.push_back(std::move(t));
  retire();
}

/// A mint of one's own with a trap in it, and a pool to sell it from.
void market::launch_honeypot(const validator& chain, const clock_values& now) {
  token t;
  const auto number = launches_++;
  constexpr std::array traps{intent::freeze, intent::pause, intent::drain, intent::tax};
  t.meant = traps[random_.below(traps.size())];
  t.mint = derive_key_pair(options_.seed, "mint", number);
  t.program = t.meant == intent::freeze ? program_id::spl_token() : program_id::token_2022();
  t.creator = random_.below(creators_.size());
  t.own_mint = true;
  t.coin_creator = {};
  t.born_slot = now.slot.value;
  t.springs_slot = now.slot.value + 40 + random_.below(100);
  t.heat = 3 + static_cast<std::uint32_t>(random_.below(10));
  const auto& who = creators_[t.creator];
  const auto& user = who.keys.key;
  place_pool(t, user);

  const std::uint64_t space = t.meant == intent::freeze  ? mint_size
                              : t.meant == intent::pause ? extensions_at + 4 + 33
                              : t.meant == intent::drain ? extensions_at + 4 + 32
                                                         : extensions_at + 4 + 108;
  const auto& mint = t.mint.key;
  std::vector<instruction> list{{program_id::system(),
                                 {{user, true, true}, {mint, true, true}},
                                 byte_writer().u32(0).u64(rent_exempt_minimum(space)).u64(space).id(t.program).bytes}};
  const auto on_mint = [&](std::vector<std::uint8_t> data) {
    list.push_back({t.program, {{mint, true, false}}, std::move(data)});
  };
  if (t.meant == intent::pause) on_mint(byte_writer().u8(44).u8(0).id(user).bytes);
  if (t.meant == intent::drain) on_mint(byte_writer().u8(35).id(user).bytes);
  if (t.meant == intent::tax)
    on_mint(byte_writer().u8(26).u8(0).u8(1).id(user).u8(1).id(user).u16(100).u64(~std::uint64_t{0} >> 1).bytes);
  byte_writer initialize;
  initialize.u8(20).u8(6).id(user);
  if (t.meant == intent::freeze)
    initialize.u8(1).id(user);
  else
    initialize.u8(0);
  on_mint(std::move(initialize.bytes));
  list.push_back(open_holding(who, user, t));
  list.push_back({t.program,
                  {{mint, true, false}, {holding(who, t), true, false}, {user, false, true}},
                  byte_writer().u8(7).u64(honeypot_supply).bytes});
  send(chain, std::move(list), {&who.keys, &t.mint}, price_launch, transaction_kind::recorded);
  tokens_.push_back(std::move(t));
  retire();
}

void market::continue_honeypot(const validator& chain, token& t) {
  const auto& who = creators_[t.creator];
  if (has_pool(chain, t) || tokens_of(chain, who, t) < honeypot_supply) return;
  send(chain, {open_pool(who, t, honeypot_supply / 10 * 9, (10 + random_.below(30)) * sol)}, {&who.keys}, price_launch,
       transaction_kind::pump_amm_create);
}

/// The moment that the launcher has waited for.
void market::spring(const validator& chain, token& t) {
  const auto& who = creators_[t.creator];
  const auto& user = who.keys.key;
  const auto& mint = t.mint.key;
  const auto victims = [&](const auto& deed) {
    std::size_t n = 0;
    for (const auto* crowd : {&traders_, &snipers_, &whales_})
      for (const auto& p : *crowd)
        if (const auto account = holding(p, t);
            n < 4 && amount_in(chain, account) != 0 &&
            chain.accounts().find(account)->data[holding_at::state] != token_frozen) {
          deed(account);
          ++n;
        }
  };
  switch (t.meant) {
  case intent::rug:
    if (const auto held = tokens_of(chain, who, t); held != 0) sell(chain, who, t, held, price_rug);
    return;
  case intent::freeze:
    victims([&](const address& account) {
      send(chain, {{t.program, {{account, true, false}, {mint, false, false}, {user, false, true}}, {10}}}, {&who.keys},
           price_rug, transaction_kind::recorded);
    });
    return;
  case intent::pause:
    send(chain, {{t.program, {{mint, true, false}, {user, false, true}}, {44, 1}}}, {&who.keys}, price_rug,
         transaction_kind::recorded);
    return;
  case intent::drain:
    victims([&](const address& account) {
      send(chain,
           {{t.program,
             {{account, true, false}, {mint, true, false}, {user, false, true}},
             byte_writer().u8(8).u64(amount_in(chain, account)).bytes}},
           {&who.keys}, price_rug, transaction_kind::recorded);
    });
    return;
  case intent::tax:
    send(chain,
         {{t.program,
           {{mint, true, false}, {user, false, true}},
           byte_writer().u8(26).u8(5).u16(9'900).u64(~std::uint64_t{0} >> 1).bytes}},
         {&who.keys}, price_rug, transaction_kind::recorded);
    return;
  case intent::honest:
    return;
  }
}

/// Completed curves are migrated; traps are sprung; honeypots get their pools.
void market::keep(const validator& chain, const clock_values& now) {
  for (auto& t : tokens_) {
    if (t.own_mint && t.stage == 0 && now.slot.value > t.born_slot) continue_honeypot(chain, t);
    if (t.meant != intent::honest && now.slot.value >= t.springs_slot && t.stage < 2) {
      // Again and again: a fork may have undone it, and new victims come.
      spring(chain, t);
      t.springs_slot = now.slot.value + 10;
      if (t.meant == intent::tax || t.meant == intent::pause) t.stage = 2;
    }
    const auto* curve = t.own_mint ? nullptr : chain.accounts().find(t.curve);
    if (curve == nullptr || has_curve(chain, t) || has_pool(chain, t)) continue;
    if (now.slot.value < t.migrate_asked_slot + 5) continue;
    t.migrate_asked_slot = now.slot.value;
    const auto& authority = t.pool_creator;
    const auto& user = keeper_.keys.key;
    const auto& mint = t.mint.key;
    send(chain,
         {{program_id::pump(),
           {{keys_.pump_global, false, false},
            {keys_.pump_withdraw_authority, true, false},
            {mint, false, false},
            {t.curve, true, false},
            {t.curve_holding, true, false},
            {user, true, true},
            {program_id::system(), false, false},
            {program_id::spl_token(), false, false},
            {program_id::pump_amm(), false, false},
            {t.pool, true, false},
            {authority, true, false},
            {associated(authority, mint, t.program), true, false},
            {associated(authority, program_id::native_mint(), program_id::spl_token()), true, false},
            {keys_.amm_config, false, false},
            {program_id::native_mint(), false, false},
            {t.lp_mint, true, false},
            {associated(authority, t.lp_mint, program_id::token_2022()), true, false},
            {t.pool_base, true, false},
            {t.pool_quote, true, false},
            {program_id::token_2022(), false, false},
            {program_id::associated_token(), false, false},
            {keys_.amm_event_authority, false, false},
            {keys_.pump_event_authority, false, false},
            {program_id::pump(), false, false},
            {program_id::rent_sysvar(), false, false}},
           byte_writer().tag(pump_at::migrate_tag).bytes}},
         {&keeper_.keys}, price_launch, transaction_kind::pump_amm_create);
  }
}

void market::buy(const validator& chain, const person& p, token& t, std::uint64_t lamports, std::uint64_t price,
                 std::uint32_t slippage_percent) {
  if (chain.accounts().lamports_of(p.keys.key) < lamports + sol / 10) return;
  const auto limit = lamports + lamports / 100 * slippage_percent;
  if (has_curve(chain, t)) {
    const auto& d = chain.accounts().find(t.curve)->data;
    const auto real = load<std::uint64_t>(d, pump_at::curve_real_token);
    const auto tokens = std::min(real, mul_div_floor(load<std::uint64_t>(d, pump_at::curve_virtual_token), lamports,
                                                     load<std::uint64_t>(d, pump_at::curve_virtual_sol) + lamports));
    if (tokens != 0)
      send(chain, {open_holding(p, p.keys.key, t), curve_buy(p, t, tokens, limit)}, {&p.keys}, price,
           transaction_kind::pump_buy);
  } else if (has_pool(chain, t)) {
    const auto base = amount_in(chain, t.pool_base), quote = amount_in(chain, t.pool_quote);
    const auto tokens = mul_div_floor(base, lamports, quote + lamports);
    if (tokens == 0 || amount_in(chain, p.wrapped) < limit) return;
    send(chain, {open_holding(p, p.keys.key, t), pool_swap(p, t, true, tokens, limit)}, {&p.keys}, price,
         transaction_kind::pump_amm_buy);
  }
}

void market::sell(const validator& chain, const person& p, token& t, std::uint64_t amount, std::uint64_t price) {
  if (amount == 0) return;
  if (has_curve(chain, t))
    send(chain, {curve_sell(p, t, amount, 0)}, {&p.keys}, price, transaction_kind::pump_sell);
  else if (has_pool(chain, t))
    send(chain, {pool_swap(p, t, false, amount, 0)}, {&p.keys}, price, transaction_kind::pump_amm_sell);
}

market::token& market::choose() {
  std::uint64_t total = 0;
  for (const auto& t : tokens_) total += t.heat;
  auto at = random_.below(total);
  for (auto& t : tokens_) {
    if (at < t.heat) return t;
    at -= t.heat;
  }
  return tokens_.back();
}

void market::trade(const validator& chain) {
  if (tokens_.empty()) return;
  auto& t = choose();
  const auto price = 1'000 + random_.below(100'000);
  const auto kind = random_.below(100);
  if (kind < 8) { // a whale
    const auto& p = whales_[random_.below(whales_.size())];
    const auto held = tokens_of(chain, p, t);
    if (held != 0 && random_.chance(0.4)) return sell(chain, p, t, held, price_whale);
    return buy(chain, p, t, (2 + random_.below(12)) * sol, price_whale, 25);
  }
  if (kind < 18) { // a wash trader: both directions in one breath, the sale behind the purchase
    const auto& p = washers_[random_.below(washers_.size())];
    const auto held = tokens_of(chain, p, t);
    buy(chain, p, t, sol / 2 + random_.below(sol), price + 10, 50);
    return sell(chain, p, t, held, price);
  }
  if (kind < 22) { // somebody pays somebody
    const auto& from = traders_[random_.below(traders_.size())];
    const auto& to = traders_[random_.below(traders_.size())];
    if (from.keys.key != to.keys.key && chain.accounts().lamports_of(from.keys.key) > sol)
      send(chain, {system_transfer(from.keys.key, to.keys.key, 1'000'000 + random_.below(sol / 10))}, {&from.keys},
           price, transaction_kind::transfer);
    return;
  }
  const auto& p = traders_[random_.below(traders_.size())];
  const auto held = tokens_of(chain, p, t);
  if (held != 0 && random_.chance(0.45)) return sell(chain, p, t, random_.chance(0.5) ? held : held / 2, price);
  buy(chain, p, t, sol / 20 + random_.below(2 * sol), price, static_cast<std::uint32_t>(random_.below(20)));
}

void market::snipe(const validator& chain, const clock_values& now) {
  for (auto& t : tokens_) {
    if (t.own_mint || now.slot.value > t.born_slot + 3 || now.slot.value == t.born_slot || !has_curve(chain, t))
      continue;
    for (const auto& p : snipers_)
      if (random_.chance(0.3) && tokens_of(chain, p, t) == 0)
        buy(chain, p, t, sol / 2 + random_.below(2 * sol), price_sniper + random_.below(100'000), 30);
  }
  // A sniper does not keep.
  for (const auto& p : snipers_)
    for (auto& t : tokens_)
      if (now.slot.value > t.born_slot + 15 && random_.chance(0.05))
        if (const auto held = tokens_of(chain, p, t); held != 0) sell(chain, p, t, held, price_sniper / 2);
}

/// Around a pending buy on a curve: buys before it, sells behind it, when its limit leaves room.
void market::sandwich(const validator& chain, const std::vector<const chain_transaction*>& pending) {
  std::vector<const chain_transaction*> seen = pending;
  for (const auto& one : out_)
    if (one.kind == transaction_kind::pump_buy) seen.push_back(&one.transaction);
  std::size_t done = 0;
  std::vector<made> around = std::move(out_);
  out_.clear();
  for (const auto* victim : seen) {
    if (done >= sandwichers_.size()) break;
    const auto request = validator::request_of(*victim);
    if (!request) continue;
    for (const auto& ix : victim->instructions) {
      if (ix.data.size() < 24 || ix.program_index >= victim->keys.size() || ix.accounts.size() < 16 ||
          victim->keys[ix.program_index] != program_id::pump() || anchor_tag(ix.data) != pump_at::buy_tag)
        continue;
      const auto tokens = load<std::uint64_t>(ix.data, 8), max_cost = load<std::uint64_t>(ix.data, 16);
      const auto mint_index = ix.accounts[2];
      if (mint_index >= victim->keys.size()) continue;
      const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                      [&](const token& t) { return t.mint.key == victim->keys[mint_index]; });
      if (found == tokens_.end() || !has_curve(chain, *found)) continue;
      const auto& d = chain.accounts().find(found->curve)->data;
      const auto virtual_token = load<std::uint64_t>(d, pump_at::curve_virtual_token),
                 virtual_sol = load<std::uint64_t>(d, pump_at::curve_virtual_sol);
      if (tokens >= virtual_token) continue;
      const auto cost = mul_div_floor(virtual_sol, tokens, virtual_token - tokens) + 1;
      if (cost < sol || max_cost < cost + cost / 10 || !random_.chance(0.5)) continue;
      const auto& p = sandwichers_[done++];
      const auto stake = cost / 4, price = request->unit_price_micro_lamports;
      const auto bought = mul_div_floor(virtual_token, stake, virtual_sol + stake);
      if (bought == 0 || bought + tokens > load<std::uint64_t>(d, pump_at::curve_real_token)) continue;
      send(chain, {open_holding(p, p.keys.key, *found), curve_buy(p, *found, bought, stake + stake / 10)}, {&p.keys},
           price + 1, transaction_kind::pump_buy);
      send(chain, {curve_sell(p, *found, bought, 0)}, {&p.keys}, price == 0 ? 0 : price - 1,
           transaction_kind::pump_sell);
      break;
    }
  }
  around.insert(around.end(), std::make_move_iterator(out_.begin()), std::make_move_iterator(out_.end()));
  out_ = std::move(around);
}

void market::retire() {
  if (tokens_.size() > options_.tokens_alive_max) tokens_.erase(tokens_.begin());
}

std::vector<population::made> market::act(const validator& chain, const clock_values& now,
                                          const std::vector<const chain_transaction*>& pending) {
  out_.clear();
  if (random_.chance(options_.launches_per_slot)) {
    if (random_.chance(options_.honeypot_share))
      launch_honeypot(chain, now);
    else
      launch(chain, now);
  }
  keep(chain, now);
  snipe(chain, now);
  const auto whole = static_cast<std::uint64_t>(options_.deeds_per_slot);
  const auto deeds = whole / 2 + random_.below(whole + 1) +
                     (random_.chance(options_.deeds_per_slot - static_cast<double>(whole)) ? 1 : 0);
  for (std::uint64_t i = 0; i < deeds; ++i) trade(chain);
  sandwich(chain, pending);
  return std::move(out_);
}

} // namespace sett::simnet
