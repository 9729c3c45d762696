#include "tools/simnet/synthetic_source.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/types/error.hpp"
#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace sett::simnet {

namespace {

using namespace solana::literals;
__extension__ typedef unsigned __int128 wide; // NOLINT(modernize-use-using): the extension keyword needs a typedef

constexpr std::uint64_t sol = 1'000'000'000;
constexpr std::uint64_t token_unit = 1'000'000; // pump.fun tokens have 6 decimals

// pump.fun's initial curve (Global account, 2024 to 2026).
constexpr std::uint64_t initial_virtual_tokens = 1'073'000'000 * token_unit;
constexpr std::uint64_t initial_virtual_sol = 30 * sol;
constexpr std::uint64_t initial_real_tokens = 793'100'000 * token_unit;
constexpr std::uint64_t total_supply = 1'000'000'000 * token_unit;
constexpr std::uint64_t pump_fee_bps = 95, pump_creator_fee_bps = 30;
constexpr std::uint64_t curve_size = 8 + 5 * 8 + 1 + 32 + 1 + 1 + 32 + 8 + 1 + 1;
constexpr std::uint64_t amm_lp_bps = 20, amm_protocol_bps = 5, amm_creator_bps = 5;
constexpr std::uint64_t raydium_fee_bps = 25;
constexpr std::uint32_t too_much_sol_required = 6002; // pump.fun's error

constexpr std::uint64_t ceil_bps(std::uint64_t amount, std::uint64_t bps) {
  return static_cast<std::uint64_t>((static_cast<wide>(amount) * bps + 9'999) / 10'000);
}
constexpr std::uint64_t mul_div(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return static_cast<std::uint64_t>(static_cast<wide>(a) * b / c);
}
constexpr std::uint64_t mul_div_up(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return static_cast<std::uint64_t>((static_cast<wide>(a) * b + c - 1) / c);
}

std::uint64_t integer_root(wide v) {
  auto r = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(v)));
  while (static_cast<wide>(r) * r > v) --r;
  while (static_cast<wide>(r + 1) * (r + 1) <= v) ++r;
  return r;
}

address derived(std::initializer_list<solana::seed_bytes> seeds, const address& program) {
  const std::vector<solana::seed_bytes> list(seeds);
  const auto found = solana::find_program_address(list, program);
  SETT_ASSERT(found.has_value());
  return found->key;
}

const address& event_authority_of(const address& program) {
  static const address pump = derived({solana::seed("__event_authority")}, program_id::pump());
  static const address amm = derived({solana::seed("__event_authority")}, program_id::pump_amm());
  return program == program_id::pump() ? pump : amm;
}

/// Addresses that are the same in every transaction of a program.
struct constants {
  address pump_global = derived({solana::seed("global")}, program_id::pump());
  address pump_mint_authority = derived({solana::seed("mint-authority")}, program_id::pump());
  address pump_volume = derived({solana::seed("global_volume_accumulator")}, program_id::pump());
  address pump_fee_config =
      derived({solana::seed("fee_config"), solana::seed(program_id::pump())}, program_id::pump_fees());
  address pump_fee_recipient = "CebN5WGQ4jvEPvsVU4EoHEpgzq1VV7AbicfhtW4xC9iM"_address;
  address amm_config = derived({solana::seed("global_config")}, program_id::pump_amm());
  address amm_volume = derived({solana::seed("global_volume_accumulator")}, program_id::pump_amm());
  address amm_fee_config =
      derived({solana::seed("fee_config"), solana::seed(program_id::pump_amm())}, program_id::pump_fees());
  address amm_fee_recipient = "62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV"_address;
  address amm_fee_account =
      solana::associated_token_address(amm_fee_recipient, program_id::native_mint(), program_id::spl_token()).key;
  address raydium_authority = derived({solana::seed("amm authority")}, program_id::raydium_amm_v4());
  address raydium_config = derived({solana::seed("amm_config_account_seed")}, program_id::raydium_amm_v4());
  address raydium_fee_account = "7YttLkHDoNj9wyDur5pM1ejNaAvT9X4eqaYcHQqtj2G5"_address;
  address lookup_table = "8Vaso6eE1pWktDHwy2qQBB1fhjmBgwzhoXQKe1sxtFjn"_address;
  address lookup_program = "AddressLookupTab1e1111111111111111111111111"_address;
};

} // namespace

class synthetic_source::economy {
public:
  explicit economy(synthetic_options o);
  chain_block produce(const chain_block& proposed);
  [[nodiscard]] std::vector<account_write> accounts() const;

  synthetic_options options;

private:
  struct wallet {
    key_pair keys;
    address wrapped; // associated account of wrapped SOL
    address pump_volume, amm_volume;
    address creator_vault; // pump.fun
    address amm_vault_authority, amm_vault;
  };
  struct pool {
    enum class kind { raydium, pump_amm } what{};
    address id, base_vault, quote_vault, lp_mint;
    address authority, open_orders, target_orders, withdraw_queue, market, bids, asks, events, market_base,
        market_quote, market_signer;
    std::size_t creator{};
    std::uint64_t base{}, quote{};
  };
  struct token {
    key_pair keys;
    address curve, curve_tokens, metadata;
    std::size_t creator{};
    std::uint64_t virtual_sol{initial_virtual_sol}, virtual_tokens{initial_virtual_tokens}, real_sol{},
        real_tokens{initial_real_tokens};
    std::vector<std::size_t> holders; // wallets with an associated account
    std::vector<address> holder_accounts;
    std::vector<pool> pools;
  };
  using made = std::shared_ptr<chain_transaction>;

  made close(transaction_maker& maker, transaction_kind kind, std::vector<const key_pair*> signers);
  made vote(std::uint64_t number);
  made transfer();
  made failing();
  made launch();
  made trade();
  made curve_buy(token& t, std::size_t who, std::uint64_t sol_wanted);
  made curve_sell(token& t, std::size_t holder);
  made open_raydium(token& t, std::size_t holder);
  made open_pump_amm(token& t, std::size_t holder);
  made swap_raydium(token& t, pool& p, std::size_t holder, bool buy);
  made swap_pump_amm(token& t, pool& p, std::size_t holder, bool buy);

  void budget(transaction_maker& maker) {
    if (random.chance(0.7)) maker.compute_budget(120'000, 1'000 + random.below(200'000));
  }
  void pump_event(transaction_maker& maker, const token& t, std::size_t who, bool buy, std::uint64_t sol_amount,
                  std::uint64_t tokens, std::uint64_t fee, std::uint64_t creator_fee);
  void write_curve(transaction_maker& maker, const token& t);
  /// The wallet's account for a token, created in the transaction when it is missing.
  address holding(transaction_maker& maker, token& t, std::size_t who);
  void retire_oldest();
  [[nodiscard]] std::vector<account_use> buy_accounts(const token& t, std::size_t who, const address& holding) const;

  bank money;
  constants fixed;
  std::vector<address> table_keys;
  std::vector<wallet> wallets;
  std::vector<key_pair> validators;
  std::vector<address> vote_accounts;
  std::vector<std::unique_ptr<token>> tokens;
  random_source random{0, 0};
  std::uint64_t launches{}, pools_made{};
  blockhash recent;
  slot_number slot;
  unix_seconds now;
};

synthetic_source::economy::economy(synthetic_options o) : options(o) {
  SETT_ASSERT(options.wallets >= 4);
  const auto rich = 1'000'000 * sol;
  for (std::uint32_t i = 0; i < options.wallets; ++i) {
    wallet w;
    w.keys = derive_key_pair(options.seed, "wallet", i);
    const auto& key = w.keys.key;
    w.wrapped = solana::associated_token_address(key, program_id::native_mint(), program_id::spl_token()).key;
    w.pump_volume = derived({solana::seed("user_volume_accumulator"), solana::seed(key)}, program_id::pump());
    w.amm_volume = derived({solana::seed("user_volume_accumulator"), solana::seed(key)}, program_id::pump_amm());
    w.creator_vault = derived({solana::seed("creator-vault"), solana::seed(key)}, program_id::pump());
    w.amm_vault_authority = derived({solana::seed("creator_vault"), solana::seed(key)}, program_id::pump_amm());
    w.amm_vault =
        solana::associated_token_address(w.amm_vault_authority, program_id::native_mint(), program_id::spl_token()).key;
    money.lamports[key] = rich;
    money.tokens[w.wrapped] = {program_id::native_mint(), key, program_id::spl_token(), rich};
    money.lamports[w.wrapped] = rich + token_account_rent;
    money.tokens[w.amm_vault] = {program_id::native_mint(), w.amm_vault_authority, program_id::spl_token(), 0};
    money.lamports[w.amm_vault] = token_account_rent;
    money.lamports[w.creator_vault] = rent_exempt_minimum(0);
    money.lamports[w.pump_volume] = money.lamports[w.amm_volume] = rent_exempt_minimum(120);
    wallets.push_back(w);
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    validators.push_back(derive_key_pair(options.seed, "validator", i));
    vote_accounts.push_back(derive_key_pair(options.seed, "vote-account", i).key);
    money.lamports[validators.back().key] = rich;
    money.lamports[vote_accounts.back()] = rent_exempt_minimum(3762);
    money.data[vote_accounts.back()] = {program_id::vote(), std::vector<std::uint8_t>(16)};
  }
  for (const auto* program : {&program_id::system(), &program_id::vote(), &program_id::compute_budget()}) {
    money.lamports[*program] = 1;
    money.data[*program] = {program_id::native_loader(), {}};
  }
  for (const auto* program : {&program_id::spl_token(), &program_id::token_2022(), &program_id::associated_token(),
                              &program_id::metaplex_metadata(), &program_id::pump(), &program_id::pump_amm(),
                              &program_id::pump_fees(), &program_id::raydium_amm_v4(), &program_id::openbook()}) {
    money.lamports[*program] = rent_exempt_minimum(36);
    money.data[*program] = {program_id::bpf_loader(), std::vector<std::uint8_t>(36)};
  }
  for (const address* key : std::initializer_list<const address*>{
           &fixed.pump_global, &fixed.pump_mint_authority, &fixed.pump_volume, &fixed.pump_fee_config,
           &fixed.pump_fee_recipient, &fixed.amm_config, &fixed.amm_volume, &fixed.amm_fee_config,
           &fixed.amm_fee_recipient, &fixed.raydium_authority, &fixed.raydium_config, &fixed.raydium_fee_account,
           &program_id::rent_sysvar(), &program_id::native_mint()})
    money.lamports[*key] = 10 * sol;
  money.mints[program_id::native_mint()] = {program_id::spl_token(), 0, 9, false, {}};
  money.tokens[fixed.amm_fee_account] = {program_id::native_mint(), fixed.amm_fee_recipient, program_id::spl_token(),
                                         0};
  money.lamports[fixed.amm_fee_account] = token_account_rent;
  for (const auto* program : {&program_id::pump(), &program_id::pump_amm()})
    money.lamports[event_authority_of(*program)] = rent_exempt_minimum(0);

  table_keys = {fixed.pump_global,
                fixed.pump_mint_authority,
                fixed.pump_volume,
                fixed.pump_fee_config,
                fixed.pump_fee_recipient,
                fixed.amm_config,
                fixed.amm_volume,
                fixed.amm_fee_config,
                fixed.amm_fee_recipient,
                fixed.amm_fee_account,
                fixed.raydium_authority,
                fixed.raydium_config,
                fixed.raydium_fee_account,
                program_id::system(),
                program_id::spl_token(),
                program_id::token_2022(),
                program_id::associated_token(),
                program_id::rent_sysvar(),
                program_id::native_mint(),
                program_id::metaplex_metadata(),
                program_id::pump_fees(),
                program_id::openbook(),
                event_authority_of(program_id::pump()),
                event_authority_of(program_id::pump_amm())};
  // AddressLookupTable state: kind 1, not deactivated, last extended at slot 0, no authority, padding, then the
  // addresses.
  byte_writer table;
  table.u32(1).u64(~std::uint64_t{0}).u64(0).u8(0).u8(0).id(address{}).u16(0);
  for (const auto& key : table_keys) table.id(key);
  money.lamports[fixed.lookup_table] = rent_exempt_minimum(table.bytes.size());
  money.data[fixed.lookup_table] = {fixed.lookup_program, std::move(table.bytes)};
}

std::vector<account_write> synthetic_source::economy::accounts() const {
  std::vector<account_write> out;
  for (const auto& [key, lamports] : money.lamports) out.push_back(money.show(key));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

synthetic_source::economy::made synthetic_source::economy::close(transaction_maker& maker, transaction_kind kind,
                                                                 std::vector<const key_pair*> signers) {
  // Large transactions only fit with the lookup table, as on mainnet; small ones are legacy or v0 by chance.
  const bool large = kind == transaction_kind::raydium_create || kind == transaction_kind::pump_amm_create ||
                     kind == transaction_kind::pump_amm_buy || kind == transaction_kind::pump_amm_sell ||
                     kind == transaction_kind::pump_create;
  const bool versioned = large || (kind != transaction_kind::vote && random.chance(0.5));
  auto out = maker.finish(signers, recent, versioned, fixed.lookup_table, table_keys);
  out->kind = kind;
  out->vote = kind == transaction_kind::vote;
  return out;
}

synthetic_source::economy::made synthetic_source::economy::vote(std::uint64_t number) {
  const auto v = number % validators.size();
  transaction_maker maker(money, validators[v].key);
  // VoteInstruction::TowerSync (14): root, lockouts as offsets with confirmation counts, hash, timestamp, block id.
  byte_writer data;
  // Validators vote several times a slot here; the root makes these votes different.
  data.u32(14)
      .u64(slot.value - 32 - number / validators.size())
      .u8(3)
      .u8(29)
      .u8(3)
      .u8(1)
      .u8(2)
      .u8(1)
      .u8(1)
      .id(recent)
      .u8(1)
      .i64(now.value)
      .id(recent);
  maker.invoke(program_id::vote(), {{vote_accounts[v], true, false}, {validators[v].key, false, true}},
               std::move(data.bytes));
  maker.done(0);
  return close(maker, transaction_kind::vote, {&validators[v]});
}

synthetic_source::economy::made synthetic_source::economy::transfer() {
  const auto from = random.below(wallets.size());
  const auto to = (from + 1 + random.below(wallets.size() - 1)) % wallets.size();
  transaction_maker maker(money, wallets[from].keys.key);
  budget(maker);
  maker.system_transfer(wallets[from].keys.key, wallets[to].keys.key, 1'000 + random.below(2 * sol));
  return close(maker, transaction_kind::transfer, {&wallets[from].keys});
}

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

address synthetic_source::economy::holding(transaction_maker& maker, token& t, std::size_t who) {
  const auto known = std::find(t.holders.begin(), t.holders.end(), who);
  if (known != t.holders.end()) return t.holder_accounts[static_cast<std::size_t>(known - t.holders.begin())];
  const auto& owner = wallets[who].keys.key;
  const auto account = solana::associated_token_address(owner, t.keys.key, program_id::spl_token()).key;
  maker.create_associated(owner, account, owner, t.keys.key, program_id::spl_token(), random.chance(0.5));
  t.holders.push_back(who);
  t.holder_accounts.push_back(account);
  return account;
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

void synthetic_source::economy::retire_oldest() {
  while (tokens.size() > options.tokens_alive_max) {
    auto& t = *tokens.front();
    const auto forget = [this](const address& key) {
      money.tokens.erase(key);
      money.mints.erase(key);
      money.data.erase(key);
      money.lamports.erase(key);
    };
    for (const auto& account : t.holder_accounts) forget(account);
    for (const auto& p : t.pools)
      for (const address* key : std::initializer_list<const address*>{&p.id, &p.base_vault, &p.quote_vault, &p.lp_mint})
        forget(*key);
    for (const address* key :
         std::initializer_list<const address*>{&t.keys.key, &t.curve, &t.curve_tokens, &t.metadata})
      forget(*key);
    tokens.erase(tokens.begin());
  }
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

synthetic_source::economy::made synthetic_source::economy::trade() {
  if (tokens.empty() || random.chance(options.launch_chance)) return launch();
  // Young tokens trade more: the newest quarter gets half of the trades.
  const auto young = std::max<std::size_t>(tokens.size() / 4, 1);
  auto& t = *tokens[random.chance(0.5) ? tokens.size() - 1 - random.below(young) : random.below(tokens.size())];
  std::vector<std::size_t> rich;
  for (std::size_t i = 0; i < t.holders.size(); ++i)
    if (money.tokens_of(t.holder_accounts[i]) >= 1'000 * token_unit) rich.push_back(i);
  if (!rich.empty() && t.pools.size() < 3 && random.chance(options.pool_chance)) {
    const auto holder = rich[random.below(rich.size())];
    return random.chance(0.5) ? open_raydium(t, holder) : open_pump_amm(t, holder);
  }
  if (!rich.empty() && !t.pools.empty() && random.chance(0.6)) {
    auto& p = t.pools[random.below(t.pools.size())];
    const auto holder = rich[random.below(rich.size())];
    const bool buy = random.chance(0.5);
    return p.what == pool::kind::raydium ? swap_raydium(t, p, holder, buy) : swap_pump_amm(t, p, holder, buy);
  }
  const bool full = t.real_sol > 60 * sol; // keeps the curve from completing
  if (!rich.empty() && (full || random.chance(0.45))) return curve_sell(t, rich[random.below(rich.size())]);
  if (full) return transfer();
  return curve_buy(t, random.below(wallets.size()), sol / 100 + random.below(2 * sol));
}

chain_block synthetic_source::economy::produce(const chain_block& proposed) {
  chain_block block = proposed;
  slot = proposed.slot;
  now = proposed.time;
  recent = proposed.parent_hash;
  random = random_source(options.seed, proposed.slot.value);
  for (std::uint32_t i = 0; i < options.transactions_per_slot; ++i) {
    const auto kind = static_cast<double>(random.next() >> 11) * 0x1.0p-53;
    // The budget's price makes identical transfers of one slot different; votes differ by validator.
    if (kind < options.vote_share && i < validators.size() * 8) {
      block.transactions.push_back(vote(i));
    } else if (kind < options.vote_share + options.transfer_share) {
      block.transactions.push_back(transfer());
    } else if (kind < options.vote_share + options.transfer_share + options.failed_share) {
      block.transactions.push_back(failing());
    } else {
      block.transactions.push_back(trade());
    }
  }
  return block;
}

synthetic_source::synthetic_source(synthetic_options options) : economy_(std::make_unique<economy>(options)) {}

synthetic_source::~synthetic_source() = default;

std::optional<chain_block> synthetic_source::next(const chain_block& proposed) { return economy_->produce(proposed); }

slot_number synthetic_source::first_slot() const { return slot_number{economy_->options.first_slot}; }

unix_seconds synthetic_source::first_time() const { return unix_seconds{economy_->options.first_time_unix}; }

std::uint64_t synthetic_source::first_height() const { return economy_->options.first_slot - 20'000'000; }

std::vector<account_write> synthetic_source::genesis_accounts() const { return economy_->accounts(); }

} // namespace sett::simnet
