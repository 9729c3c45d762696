#include "tools/simnet/runtime/validator.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/sha256.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"
#include "tools/simnet/wire.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sett::simnet {

namespace {

constexpr std::string_view area = "simnet-validator";
constexpr std::uint64_t unit_limit_max = 1'400'000, default_units = 200'000, builtin_units = 3'000;
constexpr std::size_t account_locks_max = 64;
constexpr std::size_t reversible_blocks_max = 64;
constexpr std::size_t lookup_table_header = 56;
constexpr std::size_t nonce_size = 80;

/// A TransactionError that keeps the transaction out of the block.
struct refusal {
  std::string error_json;
};
[[noreturn]] void refuse(std::string_view name) { throw refusal{fmt::format("\"{}\"", name)}; }

std::string instruction_error(std::size_t index, const program_error& e) {
  if (e.name == "Custom") return fmt::format("{{\"InstructionError\":[{},{{\"Custom\":{}}}]}}", index, e.code);
  return fmt::format("{{\"InstructionError\":[{},\"{}\"]}}", index, e.name);
}

bool is_builtin(const address& id) {
  return id == program_id::system() || id == program_id::compute_budget() || id == program_id::vote() ||
         id == program_id::lookup_table();
}

/// Keys that no transaction may write, whatever its header says: sysvars and the programs of the runtime.
bool is_reserved(const address& key) {
  return is_builtin(key) || key == program_id::rent_sysvar() || key == program_id::native_loader() ||
         key == program_id::bpf_loader();
}

template <class T>
T get(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  T v;
  std::memcpy(&v, bytes.data() + at, sizeof(T));
  return v;
}

struct parsed_budget {
  compute_request request;
  std::string error_json{"null"};
};

/// compute-budget-instruction's rules: each kind at most once.
parsed_budget parse_budget(const chain_transaction& t) {
  parsed_budget out;
  std::optional<std::uint64_t> limit, price;
  bool heap = false, size = false;
  std::uint64_t others = 0, builtins = 0;
  for (std::size_t i = 0; i < t.instructions.size(); ++i) {
    const auto& ix = t.instructions[i];
    const auto& id = t.keys[ix.program_index];
    if (id != program_id::compute_budget()) {
      ++(is_builtin(id) ? builtins : others);
      continue;
    }
    ++builtins;
    const auto twice = [&] { out.error_json = fmt::format("{{\"DuplicateInstruction\":{}}}", i); };
    const auto bad = [&] { out.error_json = instruction_error(i, {"InvalidInstructionData", 0}); };
    const auto tag = ix.data.empty() ? std::uint8_t{255} : ix.data[0];
    if (tag == 2 && ix.data.size() == 5) {
      if (limit) return twice(), out;
      limit = get<std::uint32_t>(ix.data, 1);
    } else if (tag == 3 && ix.data.size() == 9) {
      if (price) return twice(), out;
      price = get<std::uint64_t>(ix.data, 1);
    } else if (tag == 1 && ix.data.size() == 5) {
      if (std::exchange(heap, true)) return twice(), out;
      const auto bytes = get<std::uint32_t>(ix.data, 1);
      if (bytes < 32u << 10 || bytes > 256u << 10 || bytes % 1024 != 0) return bad(), out;
    } else if (tag == 4 && ix.data.size() == 5) {
      if (std::exchange(size, true)) return twice(), out;
      if (get<std::uint32_t>(ix.data, 1) == 0) {
        out.error_json = "\"InvalidLoadedAccountsDataSizeLimit\"";
        return out;
      }
    } else {
      return bad(), out;
    }
  }
  out.request.unit_limit = std::min(unit_limit_max, limit.value_or(others * default_units + builtins * builtin_units));
  out.request.unit_price_micro_lamports = price.value_or(0);
  return out;
}

blockhash message_hash(const chain_transaction& t) {
  const auto message = write_message(t);
  blockhash out;
  out.bytes = solana::sha256(message);
  return out;
}

void check_shape(const chain_transaction& t) {
  if (t.signatures.size() != t.required_signatures || t.required_signatures == 0 ||
      t.readonly_signed >= t.required_signatures || t.static_key_count < t.required_signatures + t.readonly_unsigned)
    refuse("SanitizeFailure");
  std::size_t loaded = 0;
  for (const auto& l : t.lookups) loaded += l.writable.size() + l.readonly.size();
  const auto keys = t.static_key_count + loaded;
  if (keys > 256) refuse("SanitizeFailure");
  for (const auto& ix : t.instructions) {
    if (ix.program_index == 0 || ix.program_index >= t.static_key_count) refuse("SanitizeFailure");
    for (const auto index : ix.accounts)
      if (index >= keys) refuse("SanitizeFailure");
  }
}

void load_lookups(chain_transaction& t, const account_state& accounts) {
  std::vector<address> writable, readonly;
  for (const auto& lookup : t.lookups) {
    const auto* table = accounts.find(lookup.table);
    if (table == nullptr) refuse("AddressLookupTableNotFound");
    if (table->owner != program_id::lookup_table()) refuse("InvalidAddressLookupTableOwner");
    if (table->data.size() < lookup_table_header) refuse("InvalidAddressLookupTableData");
    const auto take = [&](const std::vector<std::uint8_t>& indexes, std::vector<address>& into) {
      for (const auto index : indexes) {
        const auto at = lookup_table_header + index * std::size_t{32};
        if (at + 32 > table->data.size()) refuse("InvalidAddressLookupTableIndex");
        into.push_back(get<address>(table->data, at));
      }
    };
    take(lookup.writable, writable);
    take(lookup.readonly, readonly);
  }
  t.loaded_writable_count = static_cast<std::uint8_t>(writable.size());
  t.loaded_readonly_count = static_cast<std::uint8_t>(readonly.size());
  t.keys.insert(t.keys.end(), writable.begin(), writable.end());
  t.keys.insert(t.keys.end(), readonly.begin(), readonly.end());
}

void check_signatures(const chain_transaction& t) {
  const auto message = write_message(t);
  for (std::size_t i = 0; i < t.signatures.size(); ++i)
    if (crypto_sign_verify_detached(t.signatures[i].bytes.data(), message.data(), message.size(),
                                    t.keys[i].bytes.data()) != 0)
      refuse("SignatureFailure");
}

blockhash durable_nonce_of(const blockhash& hash) {
  static constexpr std::string_view prefix = "DURABLE_NONCE";
  const std::span<const std::uint8_t> parts[] = {{reinterpret_cast<const std::uint8_t*>(prefix.data()), prefix.size()},
                                                 hash.bytes};
  blockhash out;
  out.bytes = solana::sha256(parts);
  return out;
}

bool is_token_program(const address& id) { return id == program_id::spl_token() || id == program_id::token_2022(); }

std::vector<token_balance_entry> token_balances(const std::vector<transaction_run::loaded>& accounts,
                                                const account_state& state) {
  std::vector<token_balance_entry> out;
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const auto& a = accounts[i].value;
    if (!is_token_program(a.owner)) continue;
    const auto view = read_token_account(a.data);
    if (!view) continue;
    std::uint8_t decimals = 9; // wrapped SOL's mint need not be there
    if (view->mint != program_id::native_mint()) {
      const account* mint = state.find(view->mint);
      for (const auto& other : accounts)
        if (other.key == view->mint) mint = &other.value;
      const auto found = mint == nullptr ? std::nullopt : read_mint_decimals(mint->data);
      if (!found) continue;
      decimals = *found;
    }
    out.push_back({static_cast<std::uint8_t>(i), decimals, view->mint, view->owner, a.owner, view->amount});
  }
  return out;
}

/// Rent: an account is gone, exempt, or was below the minimum before and has not grown.
bool rent_allowed(const account& before, const account& after) {
  if (after.lamports == 0 || after.lamports >= rent_exempt_minimum(after.data.size())) return true;
  const bool was_paying = before.lamports != 0 && before.lamports < rent_exempt_minimum(before.data.size());
  return was_paying && before.data.size() == after.data.size() && after.lamports <= before.lamports;
}

} // namespace

std::uint64_t compute_request::priority_fee() const {
  __extension__ typedef unsigned __int128 wide; // NOLINT(modernize-use-using)
  const auto fee = (static_cast<wide>(unit_price_micro_lamports) * unit_limit + 999'999) / 1'000'000;
  return fee >> 64 != 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(fee);
}

validator::validator() {
  for (const auto* id :
       {&program_id::system(), &program_id::vote(), &program_id::compute_budget(), &program_id::lookup_table()})
    accounts_.put(*id, {1, program_id::native_loader(), {}, true});
  for (const auto* id :
       {&program_id::spl_token(), &program_id::token_2022(), &program_id::associated_token(), &program_id::memo(),
        &program_id::memo_v1(), &program_id::metaplex_metadata(), &program_id::pump(), &program_id::pump_amm(),
        &program_id::pump_fees(), &program_id::raydium_cpmm(), &program_id::whirlpool()})
    accounts_.put(*id, {rent_exempt_minimum(36), program_id::bpf_loader(), std::vector<std::uint8_t>(36), true});
  // Rent: lamports per byte and year, exemption threshold in years, burn percentage.
  accounts_.put(program_id::rent_sysvar(),
                {1'009'200, solana::parse_address("Sysvar1111111111111111111111111111111111111").value(),
                 byte_writer().u64(3'480).value(2.0).u8(50).bytes, false});
  const account native{1'000'000'000, program_id::spl_token(),
                       byte_writer().u32(0).id(address{}).u64(0).u8(9).u8(1).u32(0).id(address{}).bytes, false};
  accounts_.put(program_id::native_mint(), native);
}

void validator::add_hash(const blockhash& hash, std::uint64_t height) {
  hash_heights_[hash] = height;
  hash_order_.push_back(hash);
  if (!blocks_.empty()) ++blocks_.back().hashes;
  while (hash_order_.size() > blockhash_age_max + reversible_blocks_max + 1) {
    hash_heights_.erase(hash_order_.front());
    hash_order_.pop_front();
  }
  newest_hash_ = hash;
  durable_nonce_ = durable_nonce_of(hash);
}

void validator::begin_block(const clock_values& clock, const blockhash& parent_hash) {
  blocks_.push_back({clock_, newest_hash_, durable_nonce_, fees_taken_, 0});
  while (blocks_.size() > reversible_blocks_max) blocks_.pop_front();
  accounts_.open_block();
  accounts_.keep_blocks(reversible_blocks_max);
  clock_ = clock;
  if (newest_hash_ != parent_hash) add_hash(parent_hash, clock.height == 0 ? 0 : clock.height - 1);
  seen_order_.emplace_back();
  // As long as a hash may live, and what may die with it.
  while (seen_order_.size() > 2 * blockhash_age_max + reversible_blocks_max) {
    for (const auto& m : seen_order_.front()) seen_.erase(m);
    seen_order_.pop_front();
  }
}

void validator::finish_block(const blockhash& hash) { add_hash(hash, clock_.height); }

std::vector<account_write> validator::revert_block() {
  SETT_ASSERT(!blocks_.empty());
  const auto& block = blocks_.back();
  for (const auto& m : seen_order_.back()) seen_.erase(m);
  seen_order_.pop_back();
  for (std::size_t i = 0; i < block.hashes; ++i) {
    hash_heights_.erase(hash_order_.back());
    hash_order_.pop_back();
  }
  clock_ = block.clock;
  newest_hash_ = block.newest_hash;
  durable_nonce_ = block.durable_nonce;
  fees_taken_ = block.fees_taken;
  blocks_.pop_back();
  return accounts_.revert_block();
}

result<chain_transaction> validator::read(std::span<const std::uint8_t> wire) {
  if (wire.size() > packet_bytes_max)
    return fail(area, validator_errc::too_large,
                fmt::format("{} bytes; a packet holds {}", wire.size(), packet_bytes_max));
  chain_transaction t;
  t.wire.assign(wire.begin(), wire.end());
  if (auto read = read_wire(t); !read) return std::unexpected(read.error());
  for (const auto& ix : t.instructions)
    if (ix.program_index >= t.keys.size())
      return fail(area, validator_errc::unreadable, "an instruction names a program that is not among the keys");
  t.id = t.signatures.front();
  t.signature_text = solana::to_base58(t.id);
  return t;
}

std::optional<compute_request> validator::request_of(const chain_transaction& transaction) {
  auto parsed = parse_budget(transaction);
  if (parsed.error_json != "null") return std::nullopt;
  return parsed.request;
}

bool validator::is_recent(const blockhash& hash) const {
  const auto it = hash_heights_.find(hash);
  return it != hash_heights_.end() && clock_.height <= it->second + blockhash_age_max;
}

std::optional<std::uint64_t> validator::last_valid_height(const blockhash& hash) const {
  const auto it = hash_heights_.find(hash);
  if (it == hash_heights_.end()) return std::nullopt;
  return it->second + blockhash_age_max;
}

std::uint64_t validator::lamports_total() const {
  std::uint64_t sum = 0;
  for (const auto& [key, a] : accounts_.all()) sum += a.lamports;
  return sum;
}

execution validator::execute(const chain_transaction& transaction) { return run(transaction, true, false, true); }

execution validator::simulate(const chain_transaction& transaction, const simulation_options& options) {
  return run(transaction, options.verify_signatures, options.replace_blockhash, false);
}

std::vector<execution> validator::execute_all(const std::vector<chain_transaction>& transactions) {
  std::vector<execution> out;
  // The bundle runs as a block of its own, which is taken back whole or merged into the one below.
  const auto before_fees = fees_taken_;
  accounts_.open_block();
  const auto seen_before = seen_order_.back().size();
  for (const auto& t : transactions) {
    out.push_back(execute(t));
    if (out.back().succeeded() && !out.back().refused()) continue;
    accounts_.revert_block();
    auto& messages = seen_order_.back();
    while (messages.size() > seen_before) {
      seen_.erase(messages.back());
      messages.pop_back();
    }
    fees_taken_ = before_fees;
    return out;
  }
  accounts_.merge_block();
  return out;
}

execution validator::run(const chain_transaction& original, bool verify, bool replace, bool keep) {
  execution out;
  try {
    auto made = std::make_shared<chain_transaction>(original);
    auto& t = *made;
    check_shape(t);
    if (t.static_key_count > account_locks_max) refuse("TooManyAccountLocks");
    load_lookups(t, accounts_);
    if (t.keys.size() > account_locks_max) refuse("TooManyAccountLocks");
    {
      auto sorted = t.keys;
      std::sort(sorted.begin(), sorted.end());
      if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) refuse("AccountLoadedTwice");
    }
    if (verify) check_signatures(t);
    const auto budget = parse_budget(t);
    if (budget.error_json != "null") throw refusal{budget.error_json};

    // age, or a nonce
    const auto hash = message_hash(t);
    std::optional<std::size_t> nonce_index;
    if (!replace) {
      if (seen_.contains(hash)) refuse("AlreadyProcessed");
      if (!is_recent(t.recent_blockhash)) {
        const auto& first = t.instructions.empty() ? compiled_instruction{} : t.instructions.front();
        const bool advances = !t.instructions.empty() && t.keys[first.program_index] == program_id::system() &&
                              first.data.size() == 4 && get<std::uint32_t>(first.data, 0) == 4 &&
                              !first.accounts.empty() && is_writable(t, first.accounts[0]);
        const auto* nonce = advances ? accounts_.find(t.keys[first.accounts[0]]) : nullptr;
        const bool usable = nonce != nullptr && nonce->owner == program_id::system() &&
                            nonce->data.size() == nonce_size && get<std::uint32_t>(nonce->data, 4) == 1 &&
                            get<blockhash>(nonce->data, 40) == t.recent_blockhash &&
                            t.recent_blockhash != durable_nonce_;
        const auto authority_signed = [&] {
          const auto authority = get<address>(nonce->data, 8);
          return std::find(t.keys.begin(), t.keys.begin() + t.required_signatures, authority) !=
                 t.keys.begin() + t.required_signatures;
        };
        if (!usable || !authority_signed()) refuse("BlockhashNotFound");
        nonce_index = first.accounts[0];
      }
    }

    // accounts
    std::vector<transaction_run::loaded> loaded;
    loaded.reserve(t.keys.size());
    for (std::size_t i = 0; i < t.keys.size(); ++i) {
      const auto* a = accounts_.find(t.keys[i]);
      const bool called = std::any_of(t.instructions.begin(), t.instructions.end(),
                                      [&](const auto& ix) { return ix.program_index == i; });
      loaded.push_back({t.keys[i], a == nullptr ? account{} : *a,
                        is_writable(t, i) && !called && !is_reserved(t.keys[i]), i < t.required_signatures});
    }

    // the fee
    t.fee = fee_per_signature * t.signatures.size() + budget.request.priority_fee();
    auto& payer = loaded.front().value;
    if (payer.lamports == 0) refuse("AccountNotFound");
    const bool payer_is_nonce = payer.owner == program_id::system() && payer.data.size() == nonce_size;
    if (payer.owner != program_id::system() || (!payer.data.empty() && !payer_is_nonce)) refuse("InvalidAccountForFee");
    if (payer.lamports < t.fee) refuse("InsufficientFundsForFee");
    const auto unpaid_payer = payer;
    payer.lamports -= t.fee;
    if (!rent_allowed(unpaid_payer, payer)) throw refusal{"{\"InsufficientFundsForRent\":{\"account_index\":0}}"};
    for (std::size_t i = 0; i < loaded.size(); ++i)
      t.pre_lamports.push_back(i == 0 ? unpaid_payer.lamports : loaded[i].value.lamports);
    t.pre_tokens = token_balances(loaded, accounts_);

    // it is in
    transaction_run run(std::move(loaded), clock_, durable_nonce_, budget.request.unit_limit);
    const auto before = run.accounts;
    std::string failure = "null";
    for (const auto& ix : t.instructions) {
      const auto& program = run.accounts[ix.program_index].value;
      if (program.lamports == 0)
        failure = "\"ProgramAccountNotFound\"";
      else if (!program.executable)
        failure = "\"InvalidProgramForExecution\"";
    }
    if (failure == "null") {
      for (std::size_t i = 0; i < t.instructions.size() && failure == "null"; ++i) {
        try {
          run.top_level(static_cast<std::uint8_t>(i), t.instructions[i]);
        } catch (const program_error& e) {
          failure = instruction_error(i, e);
        }
      }
      for (std::size_t i = 0; i < run.accounts.size() && failure == "null"; ++i)
        if (run.accounts[i].writable && !rent_allowed(i == 0 ? unpaid_payer : before[i].value, run.accounts[i].value))
          failure = fmt::format("{{\"InsufficientFundsForRent\":{{\"account_index\":{}}}}}", i);
    }
    if (failure != "null") {
      const auto nonce_after = [&](account a) {
        std::copy(durable_nonce_.bytes.begin(), durable_nonce_.bytes.end(), a.data.begin() + 40);
        return a;
      };
      run.accounts = before;
      if (nonce_index) run.accounts[*nonce_index].value = nonce_after(run.accounts[*nonce_index].value);
    }

    t.failed = failure != "null";
    t.error_json = failure;
    t.compute_units = run.units_used;
    t.logs = run.logs;
    t.inner = std::move(run.inner);
    for (const auto& a : run.accounts) t.post_lamports.push_back(a.value.lamports);
    t.post_tokens = token_balances(run.accounts, accounts_);
    __extension__ typedef unsigned __int128 wide; // NOLINT(modernize-use-using)
    wide sum_before = 0, sum_after = t.fee;
    for (const auto v : t.pre_lamports) sum_before += v;
    for (const auto v : t.post_lamports) sum_after += v;
    SETT_ASSERT(sum_before == sum_after);

    out.error_json = failure;
    out.units = run.units_used;
    out.logs = t.logs;
    for (std::size_t i = 0; i < run.accounts.size(); ++i) {
      const auto& a = run.accounts[i];
      const account_write write{a.key, a.value.lamports, a.value.owner, a.value.data};
      const auto* stored = accounts_.find(a.key);
      if (stored == nullptr ? a.value.lamports != 0 : !(*stored == a.value)) t.writes.push_back(write);
      if (!keep) out.accounts.push_back(write);
    }
    if (keep) {
      for (auto& a : run.accounts) {
        const auto* stored = accounts_.find(a.key);
        if (stored == nullptr ? a.value.lamports != 0 : !(*stored == a.value)) accounts_.put(a.key, std::move(a.value));
      }
      seen_.insert(hash);
      seen_order_.back().push_back(hash);
      fees_taken_ += t.fee;
      t.transaction_json = render_transaction_json(t);
      t.meta_json = render_meta_json(t);
    }
    for (auto& ix : t.instructions) ix.stack_height = 1;
    out.transaction = std::move(made);
  } catch (const refusal& r) {
    out.transaction = nullptr;
    out.error_json = r.error_json;
  }
  return out;
}

} // namespace sett::simnet
