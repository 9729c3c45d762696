#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/synthetic_economy.hpp"

#include <algorithm>
#include <utility>

namespace sett::simnet {

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
