#include "tools/simnet/bank.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/types/error.hpp"
#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/wire.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace sett::simnet {

key_pair derive_key_pair(std::uint64_t seed, std::string_view name, std::uint64_t number) {
  const auto text = fmt::format("sett-simnet/{}/{}/{}", seed, name, number);
  std::array<std::uint8_t, 32> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  key_pair out;
  crypto_sign_seed_keypair(out.key.bytes.data(), out.secret.data(), digest.data());
  return out;
}

namespace {
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
} // namespace

random_source::random_source(std::uint64_t seed, std::uint64_t path)
    : state_(mix(seed + 0x9e3779b97f4a7c15ULL) ^ mix(path)) {}

std::uint64_t random_source::next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

std::uint64_t bank::tokens_of(const address& account) const {
  const auto it = tokens.find(account);
  return it == tokens.end() ? 0 : it->second.amount;
}

account_write bank::show(const address& key) const {
  account_write out{key, 0, program_id::system(), {}};
  if (const auto it = lamports.find(key); it != lamports.end()) out.lamports = it->second;
  if (const auto it = tokens.find(key); it != tokens.end()) {
    out.owner = it->second.program;
    out.data = token_account_data(it->second.mint, it->second.owner, it->second.amount,
                                  it->second.mint == program_id::native_mint());
  } else if (const auto m = mints.find(key); m != mints.end()) {
    // spl_token::state::Mint: authority option and key, supply, decimals, initialised, freeze authority option and key
    byte_writer w;
    w.u32(m->second.has_authority ? 1 : 0)
        .id(m->second.authority)
        .u64(m->second.supply)
        .u8(m->second.decimals)
        .u8(1)
        .u32(0)
        .id(address{});
    out.owner = m->second.program;
    out.data = std::move(w.bytes);
  } else if (const auto d = data.find(key); d != data.end()) {
    out.owner = d->second.program;
    out.data = d->second.data;
  }
  return out;
}

void transaction_maker::touch(const address& key) { lamports_before_.try_emplace(key, money_.lamports[key]); }

void transaction_maker::invoke(const address& program, std::vector<account_use> accounts,
                               std::vector<std::uint8_t> data) {
  stack_.push_back(program);
  const auto height = static_cast<std::uint32_t>(stack_.size());
  logs_.push_back(fmt::format("Program {} invoke [{}]", solana::to_base58(program), height));
  frame call{program, std::move(accounts), std::move(data), height};
  if (height == 1) {
    tops_.push_back(top{std::move(call), {}});
  } else {
    tops_.back().inner.push_back(std::move(call));
  }
}

void transaction_maker::log_data(std::span<const std::uint8_t> data) {
  log("Program data: " + solana::base64_encode(data));
}

void transaction_maker::done(std::uint64_t units) {
  const auto name = solana::to_base58(stack_.back());
  if (units != 0) logs_.push_back(fmt::format("Program {} consumed {} of {} compute units", name, units, units_left_));
  logs_.push_back(fmt::format("Program {} success", name));
  stack_.pop_back();
  if (stack_.empty()) {
    const auto used = units == 0 ? 150 : units;
    units_ += used;
    units_left_ -= std::min(units_left_, used);
  }
}

void transaction_maker::fail(std::uint32_t custom_code) {
  const auto name = solana::to_base58(stack_.back());
  const std::uint64_t used = 12'345;
  logs_.push_back(fmt::format("Program {} consumed {} of {} compute units", name, used, units_left_));
  logs_.push_back(fmt::format("Program {} failed: custom program error: 0x{:x}", name, custom_code));
  units_ += used;
  failed_ = true;
  error_ = fmt::format("{{\"InstructionError\":[{},{{\"Custom\":{}}}]}}", tops_.size() - 1, custom_code);
  stack_.clear();
}

void transaction_maker::move_lamports(const address& from, const address& to, std::uint64_t amount) {
  touch(from);
  touch(to);
  SETT_ASSERT(money_.lamports[from] >= amount);
  money_.lamports[from] -= amount;
  money_.lamports[to] += amount;
}

void transaction_maker::move_tokens(const address& from, const address& to, std::uint64_t amount) {
  auto& source = money_.tokens.at(from);
  auto& target = money_.tokens.at(to);
  SETT_ASSERT(source.mint == target.mint && source.amount >= amount);
  tokens_before_.try_emplace(from, source.amount);
  tokens_before_.try_emplace(to, target.amount);
  source.amount -= amount;
  target.amount += amount;
  // Wrapped SOL is lamports as well.
  if (source.mint == program_id::native_mint()) move_lamports(from, to, amount);
}

void transaction_maker::set_data(const address& key, const address& program, std::vector<std::uint8_t> data) {
  money_.data[key] = bank::program_data{program, std::move(data)};
  data_written_.push_back(key);
}

void transaction_maker::system_transfer(const address& from, const address& to, std::uint64_t amount) {
  invoke(program_id::system(), {{from, true, true}, {to, true, false}}, byte_writer().u32(2).u64(amount).bytes);
  move_lamports(from, to, amount);
  done(0);
}

void transaction_maker::create_account(const address& payer, const address& created, std::uint64_t lamports,
                                       std::uint64_t space, const address& owner) {
  invoke(program_id::system(), {{payer, true, true}, {created, true, true}},
         byte_writer().u32(0).u64(lamports).u64(space).id(owner).bytes);
  move_lamports(payer, created, lamports);
  done(0);
}

void transaction_maker::token_transfer(const address& from, const address& to, const address& authority,
                                       std::uint64_t amount) {
  invoke(program_id::spl_token(), {{from, true, false}, {to, true, false}, {authority, false, true}},
         byte_writer().u8(3).u64(amount).bytes);
  log("Program log: Instruction: Transfer");
  move_tokens(from, to, amount);
  done(4645);
}

void transaction_maker::token_transfer_checked(const address& from, const address& mint, const address& to,
                                               const address& authority, std::uint64_t amount) {
  const auto found = money_.mints.find(mint);
  const std::uint8_t decimals = found == money_.mints.end() ? 9 : found->second.decimals;
  invoke(program_id::spl_token(),
         {{from, true, false}, {mint, false, false}, {to, true, false}, {authority, false, true}},
         byte_writer().u8(12).u64(amount).u8(decimals).bytes);
  log("Program log: Instruction: TransferChecked");
  move_tokens(from, to, amount);
  done(6147);
}

void transaction_maker::mint_to(const address& mint, const address& to, const address& authority,
                                std::uint64_t amount) {
  const auto program = money_.mints.at(mint).program;
  invoke(program, {{mint, true, false}, {to, true, false}, {authority, false, true}},
         byte_writer().u8(7).u64(amount).bytes);
  log("Program log: Instruction: MintTo");
  tokens_before_.try_emplace(to, money_.tokens.at(to).amount);
  money_.tokens.at(to).amount += amount;
  money_.mints.at(mint).supply += amount;
  mints_written_.push_back(mint);
  done(4492);
}

void transaction_maker::create_associated(const address& payer, const address& account, const address& owner,
                                          const address& mint, const address& token_program, bool idempotent) {
  const auto token_name = solana::to_base58(token_program);
  invoke(program_id::associated_token(),
         {{payer, true, true},
          {account, true, false},
          {owner, false, false},
          {mint, false, false},
          {program_id::system(), false, false},
          {token_program, false, false}},
         {static_cast<std::uint8_t>(idempotent ? 1 : 0)});
  log(idempotent ? "Program log: CreateIdempotent" : "Program log: Create");
  invoke(token_program, {{mint, false, false}}, {21, 7, 0});
  log("Program log: Instruction: GetAccountDataSize");
  logs_.push_back(fmt::format("Program {} consumed 1569 of {} compute units", token_name, units_left_));
  logs_.push_back(fmt::format("Program return: {} pQAAAAAAAAA=", token_name));
  logs_.push_back(fmt::format("Program {} success", token_name));
  stack_.pop_back();
  create_account(payer, account, token_account_rent, 165, token_program);
  log("Program log: Initialize the associated token account");
  invoke(token_program, {{account, true, false}}, {22});
  log("Program log: Instruction: InitializeImmutableOwner");
  log("Program log: Please upgrade to SPL Token 2022 for immutable owner support");
  done(1405);
  invoke(token_program, {{account, true, false}, {mint, false, false}}, byte_writer().u8(18).id(owner).bytes);
  log("Program log: Instruction: InitializeAccount3");
  money_.tokens[account] = bank::token_account{mint, owner, token_program, 0};
  tokens_created_.push_back(account);
  done(4188);
  done(20'337);
}

void transaction_maker::compute_budget(std::uint32_t unit_limit, std::uint64_t price_micro_lamports) {
  invoke(program_id::compute_budget(), {}, byte_writer().u8(2).u32(unit_limit).bytes);
  done(0);
  invoke(program_id::compute_budget(), {}, byte_writer().u8(3).u64(price_micro_lamports).bytes);
  done(0);
  units_left_ = unit_limit;
  // Agave rounds the prioritisation fee up to whole lamports.
  priority_fee_ = (price_micro_lamports * unit_limit + 999'999) / 1'000'000;
}

void transaction_maker::event_cpi(const address& program, const address& event_authority,
                                  std::span<const std::uint8_t> event) {
  static constexpr std::array<std::uint8_t, 8> prefix{0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d};
  byte_writer data;
  data.raw(prefix).raw(event);
  invoke(program, {{event_authority, false, true}}, std::move(data.bytes));
  done(2003);
}

std::shared_ptr<chain_transaction> transaction_maker::finish(std::span<const key_pair* const> signers,
                                                             const blockhash& recent, bool versioned,
                                                             const address& table,
                                                             std::span<const address> table_keys) {
  SETT_ASSERT(stack_.empty() && !signers.empty() && signers.front()->key == payer_);
  auto out = std::make_shared<chain_transaction>();
  auto& t = *out;
  t.versioned = versioned;
  t.failed = failed_;
  t.error_json = error_;
  t.recent_blockhash = recent;
  t.compute_units = units_;
  t.fee = 5000 * signers.size() + priority_fee_;
  touch(payer_);
  SETT_ASSERT(money_.lamports[payer_] >= t.fee);
  money_.lamports[payer_] -= t.fee;

  // Keys in order of first use, then sorted into the message's classes.
  struct used {
    address key;
    bool signer{}, writable{}, runs{};
  };
  std::vector<used> all{{payer_, true, true, false}};
  std::unordered_map<address, std::size_t> place{{payer_, 0}};
  const auto add = [&](const address& key, bool signer, bool writable, bool runs) {
    const auto [it, inserted] = place.try_emplace(key, all.size());
    if (inserted) all.push_back({key, false, false, false});
    auto& u = all[it->second];
    u.signer |= signer;
    u.writable |= writable;
    u.runs |= runs;
  };
  for (const auto& one : tops_) {
    for (const auto& a : one.call.accounts) add(a.key, a.signer, a.writable, false);
    add(one.call.program, false, false, true);
  }
  const auto loaded = [&](const used& u) {
    return versioned && !u.signer && !u.runs &&
           std::find(table_keys.begin(), table_keys.end(), u.key) != table_keys.end();
  };
  std::unordered_map<address, std::uint8_t> index;
  const auto take = [&](auto&& want) {
    std::uint8_t n = 0;
    for (const auto& u : all)
      if (want(u)) {
        index[u.key] = static_cast<std::uint8_t>(t.keys.size());
        t.keys.push_back(u.key);
        ++n;
      }
    return n;
  };
  t.required_signatures = take([](const used& u) { return u.signer && u.writable; });
  t.readonly_signed = take([](const used& u) { return u.signer && !u.writable; });
  t.required_signatures = static_cast<std::uint8_t>(t.required_signatures + t.readonly_signed);
  take([&](const used& u) { return !u.signer && u.writable && !loaded(u); });
  t.readonly_unsigned = take([&](const used& u) { return !u.signer && !u.writable && !loaded(u); });
  t.static_key_count = static_cast<std::uint8_t>(t.keys.size());
  t.loaded_writable_count = take([&](const used& u) { return u.writable && loaded(u); });
  t.loaded_readonly_count = take([&](const used& u) { return !u.writable && loaded(u); });
  if (t.loaded_writable_count + t.loaded_readonly_count > 0) {
    table_lookup lookup;
    lookup.table = table;
    for (std::size_t i = t.static_key_count; i < t.keys.size(); ++i) {
      const auto at = std::find(table_keys.begin(), table_keys.end(), t.keys[i]) - table_keys.begin();
      (i < static_cast<std::size_t>(t.static_key_count + t.loaded_writable_count) ? lookup.writable : lookup.readonly)
          .push_back(static_cast<std::uint8_t>(at));
    }
    t.lookups.push_back(std::move(lookup));
  }

  const auto compile = [&](const frame& f) {
    compiled_instruction ix;
    ix.program_index = index.at(f.program);
    for (const auto& a : f.accounts) ix.accounts.push_back(index.at(a.key));
    ix.data = f.data;
    ix.stack_height = f.height;
    return ix;
  };
  for (std::size_t i = 0; i < tops_.size(); ++i) {
    t.instructions.push_back(compile(tops_[i].call));
    if (tops_[i].inner.empty()) continue;
    inner_group group;
    group.outer = static_cast<std::uint8_t>(i);
    for (const auto& f : tops_[i].inner) group.instructions.push_back(compile(f));
    t.inner.push_back(std::move(group));
  }
  t.logs = std::move(logs_);
  for (std::size_t i = 0; i < t.keys.size(); ++i) {
    const auto& key = t.keys[i];
    const auto before = lamports_before_.find(key);
    const auto now = money_.lamports.contains(key) ? money_.lamports.at(key) : 0;
    t.pre_lamports.push_back(before == lamports_before_.end() ? now : before->second);
    t.post_lamports.push_back(now);
    const auto token = money_.tokens.find(key);
    if (token == money_.tokens.end()) continue;
    const auto mint = money_.mints.find(token->second.mint);
    token_balance_entry entry{
        static_cast<std::uint8_t>(i), mint == money_.mints.end() ? std::uint8_t{9} : mint->second.decimals,
        token->second.mint,           token->second.owner,
        token->second.program,        token->second.amount};
    t.post_tokens.push_back(entry);
    if (std::find(tokens_created_.begin(), tokens_created_.end(), key) != tokens_created_.end()) continue;
    if (const auto b = tokens_before_.find(key); b != tokens_before_.end()) entry.amount = b->second;
    t.pre_tokens.push_back(entry);
  }

  const auto message = write_message(t);
  for (std::size_t i = 0; i < t.required_signatures; ++i) {
    const auto signer =
        std::find_if(signers.begin(), signers.end(), [&](const auto* s) { return s->key == t.keys[i]; });
    SETT_ASSERT(signer != signers.end());
    signature s;
    crypto_sign_detached(s.bytes.data(), nullptr, message.data(), message.size(), (*signer)->secret.data());
    t.signatures.push_back(s);
  }
  t.id = t.signatures.front();
  t.signature_text = solana::to_base58(t.id);
  t.wire = write_wire(t);
  SETT_ASSERT(t.wire.size() <= 1232); // PACKET_DATA_SIZE: what a cluster accepts
  t.transaction_json = render_transaction_json(t);
  t.meta_json = render_meta_json(t);

  // Writes: everything whose balance changed, and what programs wrote. From the bank, which knows owners and data.
  for (const auto& [key, before] : lamports_before_) {
    const auto changed_tokens = tokens_before_.contains(key) ||
                                std::find(tokens_created_.begin(), tokens_created_.end(), key) != tokens_created_.end();
    if (money_.lamports.at(key) != before || changed_tokens) t.writes.push_back(money_.show(key));
  }
  const auto write = [&](const address& key) {
    if (std::none_of(t.writes.begin(), t.writes.end(), [&](const auto& w) { return w.key == key; }))
      t.writes.push_back(money_.show(key));
  };
  for (const auto& [key, before] : tokens_before_) write(key);
  for (const auto& key : tokens_created_) write(key);
  for (const auto& key : data_written_) write(key);
  for (const auto& key : mints_written_) write(key);
  // Unordered containers above: a fixed order makes the same seed give the same notifications.
  std::sort(t.writes.begin(), t.writes.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

} // namespace sett::simnet
