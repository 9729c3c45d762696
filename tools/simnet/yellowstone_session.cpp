#include "tools/simnet/yellowstone_session.hpp"

#include "messages/solana/base58.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/wire.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <yellowstone.pb.h>

namespace sett::simnet {

namespace json = boost::json;

namespace {

constexpr std::string_view area = "simnet-yellowstone";

constexpr std::array<std::string_view, 36> transaction_errors{"AccountInUse",
                                                              "AccountLoadedTwice",
                                                              "AccountNotFound",
                                                              "ProgramAccountNotFound",
                                                              "InsufficientFundsForFee",
                                                              "InvalidAccountForFee",
                                                              "AlreadyProcessed",
                                                              "BlockhashNotFound",
                                                              "InstructionError",
                                                              "CallChainTooDeep",
                                                              "MissingSignatureForFee",
                                                              "InvalidAccountIndex",
                                                              "SignatureFailure",
                                                              "InvalidProgramForExecution",
                                                              "SanitizeFailure",
                                                              "ClusterMaintenance",
                                                              "AccountBorrowOutstanding",
                                                              "WouldExceedMaxBlockCostLimit",
                                                              "UnsupportedVersion",
                                                              "InvalidWritableAccount",
                                                              "WouldExceedMaxAccountCostLimit",
                                                              "WouldExceedAccountDataBlockLimit",
                                                              "TooManyAccountLocks",
                                                              "AddressLookupTableNotFound",
                                                              "InvalidAddressLookupTableOwner",
                                                              "InvalidAddressLookupTableData",
                                                              "InvalidAddressLookupTableIndex",
                                                              "InvalidRentPayingAccount",
                                                              "WouldExceedMaxVoteCostLimit",
                                                              "WouldExceedAccountDataTotalLimit",
                                                              "DuplicateInstruction",
                                                              "InsufficientFundsForRent",
                                                              "MaxLoadedAccountsDataSizeExceeded",
                                                              "InvalidLoadedAccountsDataSizeLimit",
                                                              "ResanitizationNeeded",
                                                              "ProgramExecutionTemporarilyRestricted"};

constexpr std::array<std::string_view, 54> instruction_errors{"GenericError",
                                                              "InvalidArgument",
                                                              "InvalidInstructionData",
                                                              "InvalidAccountData",
                                                              "AccountDataTooSmall",
                                                              "InsufficientFunds",
                                                              "IncorrectProgramId",
                                                              "MissingRequiredSignature",
                                                              "AccountAlreadyInitialized",
                                                              "UninitializedAccount",
                                                              "UnbalancedInstruction",
                                                              "ModifiedProgramId",
                                                              "ExternalAccountLamportSpend",
                                                              "ExternalAccountDataModified",
                                                              "ReadonlyLamportChange",
                                                              "ReadonlyDataModified",
                                                              "DuplicateAccountIndex",
                                                              "ExecutableModified",
                                                              "RentEpochModified",
                                                              "NotEnoughAccountKeys",
                                                              "AccountDataSizeChanged",
                                                              "AccountNotExecutable",
                                                              "AccountBorrowFailed",
                                                              "AccountBorrowOutstanding",
                                                              "DuplicateAccountOutOfSync",
                                                              "Custom",
                                                              "InvalidError",
                                                              "ExecutableDataModified",
                                                              "ExecutableLamportChange",
                                                              "ExecutableAccountNotRentExempt",
                                                              "UnsupportedProgramId",
                                                              "CallDepth",
                                                              "MissingAccount",
                                                              "ReentrancyNotAllowed",
                                                              "MaxSeedLengthExceeded",
                                                              "InvalidSeeds",
                                                              "InvalidRealloc",
                                                              "ComputationalBudgetExceeded",
                                                              "PrivilegeEscalation",
                                                              "ProgramEnvironmentSetupFailure",
                                                              "ProgramFailedToComplete",
                                                              "ProgramFailedToCompile",
                                                              "Immutable",
                                                              "IncorrectAuthority",
                                                              "BorshIoError",
                                                              "AccountNotRentExempt",
                                                              "InvalidAccountOwner",
                                                              "ArithmeticOverflow",
                                                              "UnsupportedSysvar",
                                                              "IllegalOwner",
                                                              "MaxAccountsDataAllocationsExceeded",
                                                              "MaxAccountsExceeded",
                                                              "MaxInstructionTraceLengthExceeded",
                                                              "BuiltinProgramsMustConsumeComputeUnits"};

void put_u32(std::string& out, std::uint32_t v) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(v >> (8 * i)));
}

template <std::size_t N>
std::optional<std::uint32_t> variant_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::uint32_t>(at - names.begin());
}

std::string_view text_of(const json::value& v) {
  const auto* s = v.if_string();
  return s == nullptr ? std::string_view{} : std::string_view{s->data(), s->size()};
}

template <class Id>
std::string raw(const Id& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), Id::size};
}
std::string raw(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void fill_balances(google::protobuf::RepeatedPtrField<geyser::TokenBalance>& out,
                   const std::vector<token_balance_entry>& from) {
  for (const auto& b : from) {
    auto& to = *out.Add();
    to.set_account_index(b.account_index);
    to.set_mint(solana::to_base58(b.mint));
    to.set_owner(b.owner.is_zero() ? std::string() : solana::to_base58(b.owner));
    to.set_program_id(solana::to_base58(b.program));
    auto& ui = *to.mutable_ui_token_amount();
    double value = static_cast<double>(b.amount);
    for (int i = 0; i < b.decimals; ++i) value /= 10.0;
    ui.set_ui_amount(value);
    ui.set_decimals(b.decimals);
    ui.set_amount(fmt::format("{}", b.amount));
    // ...,"uiAmountString":"X"} at the end of the shared rendering.
    const auto text = render_token_amount(b.amount, b.decimals);
    const auto begin = text.rfind(":\"") + 2;
    ui.set_ui_amount_string(text.substr(begin, text.size() - begin - 2));
  }
}

void fill_info(geyser::TransactionInfo& out, const chain_transaction& t, std::uint64_t index) {
  out.set_signature(raw(t.id));
  out.set_is_vote(t.vote);
  out.set_index(index);
  auto& transaction = *out.mutable_transaction();
  for (const auto& s : t.signatures) transaction.add_signatures(raw(s));
  auto& message = *transaction.mutable_message();
  message.mutable_header()->set_num_required_signatures(t.required_signatures);
  message.mutable_header()->set_num_readonly_signed_accounts(t.readonly_signed);
  message.mutable_header()->set_num_readonly_unsigned_accounts(t.readonly_unsigned);
  for (std::size_t i = 0; i < t.static_key_count; ++i) message.add_account_keys(raw(t.keys[i]));
  message.set_recent_blockhash(raw(t.recent_blockhash));
  message.set_versioned(t.versioned);
  for (const auto& ix : t.instructions) {
    auto& to = *message.add_instructions();
    to.set_program_id_index(ix.program_index);
    to.set_accounts(raw(ix.accounts));
    to.set_data(raw(ix.data));
  }
  for (const auto& lookup : t.lookups) {
    auto& to = *message.add_address_table_lookups();
    to.set_account_key(raw(lookup.table));
    to.set_writable_indexes(raw(lookup.writable));
    to.set_readonly_indexes(raw(lookup.readonly));
  }
  auto& meta = *out.mutable_meta();
  if (t.failed) meta.mutable_err()->set_err(error_bincode(t.error_json));
  meta.set_fee(t.fee);
  for (const auto n : t.pre_lamports) meta.add_pre_balances(n);
  for (const auto n : t.post_lamports) meta.add_post_balances(n);
  for (const auto& group : t.inner) {
    auto& to = *meta.add_inner_instructions();
    to.set_index(group.outer);
    for (const auto& ix : group.instructions) {
      auto& inner = *to.add_instructions();
      inner.set_program_id_index(ix.program_index);
      inner.set_accounts(raw(ix.accounts));
      inner.set_data(raw(ix.data));
      if (ix.stack_height != 0) inner.set_stack_height(ix.stack_height);
    }
  }
  for (const auto& line : t.logs) meta.add_log_messages(line);
  fill_balances(*meta.mutable_pre_token_balances(), t.pre_tokens);
  fill_balances(*meta.mutable_post_token_balances(), t.post_tokens);
  const std::size_t writable_end = static_cast<std::size_t>(t.static_key_count) + t.loaded_writable_count;
  for (std::size_t i = t.static_key_count; i < t.keys.size(); ++i)
    (i < writable_end ? meta.add_loaded_writable_addresses() : meta.add_loaded_readonly_addresses())
        ->assign(raw(t.keys[i]));
  if (t.compute_units) meta.set_compute_units_consumed(*t.compute_units);
}

struct transaction_filter {
  std::optional<bool> vote, failed;
  std::optional<signature> id;
  std::vector<address> include, exclude, required;

  [[nodiscard]] bool matches(const chain_transaction& t) const {
    if (vote && *vote != t.vote) return false;
    if (failed && *failed != t.failed) return false;
    if (id && *id != t.id) return false;
    const auto in = [&t](const address& a) { return std::find(t.keys.begin(), t.keys.end(), a) != t.keys.end(); };
    if (!include.empty() && std::none_of(include.begin(), include.end(), in)) return false;
    if (std::any_of(exclude.begin(), exclude.end(), in)) return false;
    return std::all_of(required.begin(), required.end(), in);
  }
};

struct account_filter {
  std::vector<address> accounts, owners;
  std::optional<bool> from_transaction;

  [[nodiscard]] bool matches(const account_write& a) const {
    if (!accounts.empty() && std::find(accounts.begin(), accounts.end(), a.key) == accounts.end()) return false;
    if (!owners.empty() && std::find(owners.begin(), owners.end(), a.owner) == owners.end()) return false;
    return from_transaction.value_or(true); // every write of simnet comes from a transaction
  }
};

struct block_filter {
  std::vector<address> include;
  bool transactions{true}, accounts{};
};

struct slot_filter {
  bool by_commitment{}, interslot{};
};

template <class List>
result<std::vector<address>> addresses_of(const List& list) {
  std::vector<address> out;
  for (const auto& text : list) {
    const auto parsed = solana::parse_address(text);
    if (!parsed)
      return fail(area, yellowstone_errc::bad_filter, fmt::format("failed to create filter: Invalid pubkey {}", text));
    out.push_back(*parsed);
  }
  return out;
}

/// What a block and a block's meta have in common.
void fill_head(auto& to, const chain_block& block) {
  to.set_slot(block.slot.value);
  to.set_blockhash(solana::to_base58(block.hash));
  to.mutable_block_time()->set_timestamp(block.time.value);
  to.mutable_block_height()->set_block_height(block.height);
  to.set_parent_slot(block.parent.value);
  to.set_parent_blockhash(solana::to_base58(block.parent_hash));
  to.set_executed_transaction_count(block.transactions.size());
  to.set_entries_count(1);
}

commitment level_of(geyser::CommitmentLevel level) {
  return level == geyser::FINALIZED   ? commitment::finalized
         : level == geyser::CONFIRMED ? commitment::confirmed
                                      : commitment::processed;
}

} // namespace

struct yellowstone_session::state {
  commitment level{commitment::processed};
  std::map<std::string, slot_filter> slots;
  std::map<std::string, transaction_filter> transactions, statuses;
  std::map<std::string, block_filter> blocks;
  std::set<std::string> metas, entries;
  std::map<std::string, account_filter> accounts;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> slices;

  [[nodiscard]] geyser::AccountInfo account_info(const account_write& a, std::uint64_t version,
                                                 const signature* id) const {
    geyser::AccountInfo out;
    out.set_pubkey(raw(a.key));
    out.set_lamports(a.lamports);
    out.set_owner(raw(a.owner));
    out.set_executable(a.owner == program_id::bpf_loader() || a.owner == program_id::native_loader());
    out.set_rent_epoch(~std::uint64_t{0});
    out.set_write_version(version);
    if (id != nullptr) out.set_txn_signature(raw(*id));
    if (slices.empty()) {
      out.set_data(raw(a.data));
    } else {
      std::string data;
      for (const auto& [offset, length] : slices)
        if (offset + length <= a.data.size())
          data.append(reinterpret_cast<const char*>(a.data.data()) + offset, length);
      out.set_data(data);
    }
    return out;
  }
};

yellowstone_session::yellowstone_session() : state_(std::make_unique<state>()) {}
yellowstone_session::~yellowstone_session() = default;
yellowstone_session::yellowstone_session(yellowstone_session&&) noexcept = default;

std::string yellowstone_session::ping() {
  geyser::SubscribeUpdate update;
  update.mutable_ping();
  return update.SerializeAsString();
}

result<void> yellowstone_session::request(std::string_view bytes, const chain_view& view, const sink& send) {
  geyser::SubscribeRequest r;
  if (!r.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(area, yellowstone_errc::bad_message, "the request is no SubscribeRequest");
  if (r.has_ping()) {
    geyser::SubscribeUpdate update;
    update.mutable_pong()->set_id(r.ping().id());
    send(update.SerializeAsString());
    // A request that only pings leaves the filters as they are.
    return {};
  }
  state fresh;
  fresh.level = level_of(r.commitment());
  for (const auto& [name, f] : r.slots())
    fresh.slots[name] = slot_filter{f.filter_by_commitment(), f.interslot_updates()};
  const auto read_transactions = [](const auto& from, auto& to) -> result<void> {
    for (const auto& [name, f] : from) {
      transaction_filter filter;
      if (f.has_vote()) filter.vote = f.vote();
      if (f.has_failed()) filter.failed = f.failed();
      if (f.has_signature()) {
        const auto parsed = solana::parse_signature(f.signature());
        if (!parsed) return fail(area, yellowstone_errc::bad_filter, "failed to create filter: Invalid signature");
        filter.id = *parsed;
      }
      for (const auto& [list, target] :
           {std::pair{&f.account_include(), &filter.include}, std::pair{&f.account_exclude(), &filter.exclude},
            std::pair{&f.account_required(), &filter.required}}) {
        auto parsed = addresses_of(*list);
        if (!parsed) return std::unexpected(parsed.error());
        *target = std::move(*parsed);
      }
      to[name] = std::move(filter);
    }
    return {};
  };
  if (auto ok = read_transactions(r.transactions(), fresh.transactions); !ok) return ok;
  if (auto ok = read_transactions(r.transactions_status(), fresh.statuses); !ok) return ok;
  for (const auto& [name, f] : r.blocks()) {
    auto include = addresses_of(f.account_include());
    if (!include) return std::unexpected(include.error());
    fresh.blocks[name] = block_filter{std::move(*include), !f.has_include_transactions() || f.include_transactions(),
                                      f.include_accounts()};
  }
  for (const auto& [name, f] : r.blocks_meta()) fresh.metas.insert(name);
  for (const auto& [name, f] : r.entry()) fresh.entries.insert(name);
  for (const auto& [name, f] : r.accounts()) {
    auto accounts = addresses_of(f.account()), owners = addresses_of(f.owner());
    if (!accounts) return std::unexpected(accounts.error());
    if (!owners) return std::unexpected(owners.error());
    account_filter filter{std::move(*accounts), std::move(*owners), std::nullopt};
    if (f.has_nonempty_txn_signature()) filter.from_transaction = f.nonempty_txn_signature();
    fresh.accounts[name] = std::move(filter);
  }
  for (const auto& slice : r.accounts_data_slice()) fresh.slices.emplace_back(slice.offset(), slice.length());
  *state_ = std::move(fresh);

  if (!r.has_from_slot()) return {};
  const auto first = view.history().first_available();
  if (r.from_slot() < first.value)
    return fail(area, yellowstone_errc::slot_not_available,
                fmt::format("broadcast from {} is not available, last available: {}", r.from_slot(), first.value));
  // What has happened to the remembered slots, in the order of slots: each as far as it has come.
  for (auto it = view.history().blocks().lower_bound(r.from_slot()); it != view.history().blocks().end(); ++it) {
    const auto& [slot, entry] = *it;
    if (!view.visible(slot_number{slot}) && !entry.dead) break;
    std::vector<slot_status> path{slot_status::first_shred_received, slot_status::completed, slot_status::processed};
    if (entry.dead) {
      path = {slot_status::first_shred_received, slot_status::completed, slot_status::processed, slot_status::dead};
    } else {
      const auto level = view.level_of(slot_number{slot});
      if (level >= commitment::confirmed) path.push_back(slot_status::confirmed);
      if (level >= commitment::finalized) path.push_back(slot_status::finalized);
    }
    for (const auto status : path)
      deliver(chain_step{status, slot_number{slot}, entry.block->parent, view.tip(commitment::finalized), entry.block},
              send);
  }
  return {};
}

void yellowstone_session::deliver(const chain_step& step, const sink& send) const {
  const auto& s = *state_;
  const auto level = step.reached();
  const auto update_of = [&](const std::vector<std::string>& names) {
    geyser::SubscribeUpdate update;
    for (const auto& name : names) update.add_filters(name);
    update.mutable_created_at()->set_seconds(step.block ? step.block->time.value : 0);
    return update;
  };
  const auto slot_update = [&](geyser::SlotStatus status, bool interslot) {
    std::vector<std::string> names;
    for (const auto& [name, f] : s.slots)
      if ((!interslot || f.interslot) && (!f.by_commitment || level == s.level)) names.push_back(name);
    if (names.empty()) return;
    auto update = update_of(names);
    update.mutable_slot()->set_slot(step.slot.value);
    update.mutable_slot()->set_parent(step.parent.value);
    update.mutable_slot()->set_status(status);
    if (status == geyser::SLOT_DEAD) update.mutable_slot()->set_dead_error("simulated fork");
    send(update.SerializeAsString());
  };
  switch (step.status) {
  case slot_status::first_shred_received:
    return slot_update(geyser::SLOT_FIRST_SHRED_RECEIVED, true);
  case slot_status::completed:
    slot_update(geyser::SLOT_COMPLETED, true);
    return slot_update(geyser::SLOT_CREATED_BANK, true);
  case slot_status::dead:
    return slot_update(geyser::SLOT_DEAD, true);
  default:
    break;
  }
  if (level == s.level && step.block) {
    const auto& block = *step.block;
    std::uint64_t version = block.slot.value << 20;
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
      const auto& t = *block.transactions[i];
      for (const auto& w : t.writes) {
        ++version;
        std::vector<std::string> names;
        for (const auto& [name, f] : s.accounts)
          if (f.matches(w)) names.push_back(name);
        if (names.empty()) continue;
        auto update = update_of(names);
        *update.mutable_account()->mutable_account() = s.account_info(w, version, &t.id);
        update.mutable_account()->set_slot(step.slot.value);
        send(update.SerializeAsString());
      }
      std::vector<std::string> names;
      for (const auto& [name, f] : s.transactions)
        if (f.matches(t)) names.push_back(name);
      if (!names.empty()) {
        auto update = update_of(names);
        update.mutable_transaction()->set_slot(step.slot.value);
        fill_info(*update.mutable_transaction()->mutable_transaction(), t, i);
        send(update.SerializeAsString());
      }
      names.clear();
      for (const auto& [name, f] : s.statuses)
        if (f.matches(t)) names.push_back(name);
      if (!names.empty()) {
        auto update = update_of(names);
        auto& status = *update.mutable_transaction_status();
        status.set_slot(step.slot.value);
        status.set_signature(raw(t.id));
        status.set_is_vote(t.vote);
        status.set_index(i);
        if (t.failed) status.mutable_err()->set_err(error_bincode(t.error_json));
        send(update.SerializeAsString());
      }
    }
    if (!s.entries.empty()) {
      // simnet makes one entry of a block.
      auto update = update_of({s.entries.begin(), s.entries.end()});
      update.mutable_entry()->set_slot(step.slot.value);
      update.mutable_entry()->set_num_hashes(1);
      update.mutable_entry()->set_hash(raw(block.hash));
      update.mutable_entry()->set_executed_transaction_count(block.transactions.size());
      send(update.SerializeAsString());
    }
    for (const auto& [name, f] : s.blocks) {
      auto update = update_of({name});
      auto& to = *update.mutable_block();
      fill_head(to, block);
      transaction_filter include;
      include.include = f.include;
      std::uint64_t accounts = 0, number = block.slot.value << 20;
      for (std::size_t i = 0; i < block.transactions.size(); ++i) {
        const auto& t = *block.transactions[i];
        accounts += t.writes.size();
        if (f.transactions && include.matches(t)) fill_info(*to.add_transactions(), t, i);
        for (const auto& w : t.writes) {
          ++number;
          if (f.accounts &&
              (f.include.empty() || std::find(f.include.begin(), f.include.end(), w.key) != f.include.end()))
            *to.add_accounts() = s.account_info(w, number, &t.id);
        }
      }
      to.set_updated_account_count(accounts);
      send(update.SerializeAsString());
    }
    if (!s.metas.empty()) {
      auto update = update_of({s.metas.begin(), s.metas.end()});
      auto& to = *update.mutable_block_meta();
      fill_head(to, block);
      send(update.SerializeAsString());
    }
  }
  // The status follows the slot's content, so that a reader that closes a slot by it has everything.
  slot_update(step.status == slot_status::processed   ? geyser::SLOT_PROCESSED
              : step.status == slot_status::confirmed ? geyser::SLOT_CONFIRMED
                                                      : geyser::SLOT_FINALIZED,
              false);
}

result<std::string> answer_yellowstone(std::string_view method, std::string_view request, const chain_view& view) {
  const auto parse = [&](auto& message) {
    return message.ParseFromArray(request.data(), static_cast<int>(request.size()));
  };
  const auto bad = [] { return fail(area, yellowstone_errc::bad_message, "the request cannot be read"); };
  if (method == "Ping") {
    geyser::PingRequest in;
    if (!parse(in)) return bad();
    geyser::PongResponse out;
    out.set_count(in.count());
    return out.SerializeAsString();
  }
  if (method == "GetVersion") {
    geyser::GetVersionResponse out;
    out.set_version(R"({"version":{"package":"simnet","version":"0.1.0","proto":"7.0.0","solana":"2.2.14"}})");
    return out.SerializeAsString();
  }
  if (method == "GetSlot") {
    geyser::GetSlotRequest in;
    if (!parse(in)) return bad();
    geyser::GetSlotResponse out;
    out.set_slot(view.tip(level_of(in.commitment())).value);
    return out.SerializeAsString();
  }
  if (method == "SubscribeReplayInfo") {
    geyser::SubscribeReplayInfoResponse out;
    out.set_first_available(view.history().first_available().value);
    return out.SerializeAsString();
  }
  if (method == "GetBlockHeight") {
    geyser::GetBlockHeightRequest in;
    if (!parse(in)) return bad();
    const auto block = view.tip_block(level_of(in.commitment()));
    geyser::GetBlockHeightResponse out;
    out.set_block_height(block ? block->height : 0);
    return out.SerializeAsString();
  }
  if (method == "GetLatestBlockhash") {
    geyser::GetLatestBlockhashRequest in;
    if (!parse(in)) return bad();
    const auto block = view.tip_block(level_of(in.commitment()));
    geyser::GetLatestBlockhashResponse out;
    if (block) {
      out.set_slot(block->slot.value);
      out.set_blockhash(solana::to_base58(block->hash));
      out.set_last_valid_block_height(block->height + 150);
    }
    return out.SerializeAsString();
  }
  if (method == "IsBlockhashValid") {
    geyser::IsBlockhashValidRequest in;
    if (!parse(in)) return bad();
    const auto hash = solana::parse_blockhash(in.blockhash());
    if (!hash) return fail(area, yellowstone_errc::bad_message, "failed to parse blockhash");
    const auto tip = view.tip_block(level_of(in.commitment()));
    geyser::IsBlockhashValidResponse out;
    for (const auto& [slot, entry] : view.history().blocks())
      if (tip && !entry.dead && entry.block->hash == *hash && slot <= tip->slot.value &&
          tip->height - entry.block->height <= 150)
        out.set_valid(true);
    out.set_slot(tip ? tip->slot.value : 0);
    return out.SerializeAsString();
  }
  return fail(area, yellowstone_errc::bad_message, fmt::format("unknown method {}", method));
}

std::string error_bincode(std::string_view error_json) {
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(error_json.data(), error_json.size()), ec);
  if (ec || value.is_null()) return {};
  std::string out;
  if (value.is_string()) {
    if (const auto v = variant_of(transaction_errors, text_of(value))) put_u32(out, *v);
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) return {};
  const auto& [name, content] = *object->begin();
  const auto variant = variant_of(transaction_errors, std::string_view(name));
  if (!variant) return {};
  put_u32(out, *variant);
  if (std::string_view(name) != "InstructionError") {
    // DuplicateInstruction(u8), and {"account_index":u8} of the others with content.
    const auto* number = content.is_object() ? content.get_object().if_contains("account_index") : &content;
    out.push_back(number != nullptr && number->is_int64() ? static_cast<char>(number->get_int64()) : '\0');
    return out;
  }
  const auto* pair = content.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_int64()) return {};
  out.push_back(static_cast<char>((*pair)[0].get_int64()));
  const auto& inner = (*pair)[1];
  if (inner.is_string()) {
    const auto v = variant_of(instruction_errors, text_of(inner));
    if (!v) return {};
    put_u32(out, *v);
    if (text_of(inner) == "BorshIoError") out.append(8, '\0'); // an empty text
    return out;
  }
  const auto* detail = inner.if_object();
  if (detail == nullptr || detail->size() != 1) return {};
  const auto& [detail_name, detail_value] = *detail->begin();
  const auto v = variant_of(instruction_errors, std::string_view(detail_name));
  if (!v) return {};
  put_u32(out, *v);
  if (std::string_view(detail_name) == "Custom") {
    put_u32(out, static_cast<std::uint32_t>(detail_value.to_number<std::uint64_t>()));
  } else {
    const auto text = text_of(detail_value);
    put_u32(out, static_cast<std::uint32_t>(text.size()));
    put_u32(out, 0);
    out += text;
  }
  return out;
}

} // namespace sett::simnet
