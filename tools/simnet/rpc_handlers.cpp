#include "tools/simnet/rpc_handlers.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/wire.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace sett::simnet {

namespace json = boost::json;

namespace {

constexpr std::uint64_t slots_per_epoch = 432'000;
constexpr std::string_view version_text = "2.2.14"; // the Agave release whose shapes are followed
constexpr std::size_t batch_max = 100;

[[noreturn]] void refuse(int code, std::string message, std::string data_json = {}) {
  throw rpc_failure{code, std::move(message), std::move(data_json)};
}

std::string_view text_of(const json::value& v) {
  const auto* s = v.if_string();
  return s == nullptr ? std::string_view{} : std::string_view{s->data(), s->size()};
}

std::optional<std::uint64_t> number_of(const json::value& v) {
  if (v.is_uint64()) return v.get_uint64();
  if (v.is_int64() && v.get_int64() >= 0) return static_cast<std::uint64_t>(v.get_int64());
  return std::nullopt;
}

/// The parameters of one call, read by position with errors that say which one is wrong.
class parameters {
public:
  explicit parameters(const json::value* value) {
    if (value == nullptr || value->is_null()) return;
    if (!value->is_array()) refuse(rpc_code::invalid_params, "Invalid params: expected an array.");
    array_ = &value->get_array();
  }
  [[nodiscard]] const json::value* at(std::size_t i) const {
    if (array_ == nullptr || i >= array_->size() || (*array_)[i].is_null()) return nullptr;
    return &(*array_)[i];
  }
  [[nodiscard]] const json::value& required(std::size_t i, std::string_view what) const {
    const auto* v = at(i);
    if (v == nullptr)
      refuse(rpc_code::invalid_params, fmt::format("Invalid params: parameter {} ({}) is missing.", i, what));
    return *v;
  }
  [[nodiscard]] std::uint64_t number(std::size_t i, std::string_view what) const {
    const auto n = number_of(required(i, what));
    if (!n)
      refuse(rpc_code::invalid_params,
             fmt::format("Invalid params: parameter {} ({}) must be an unsigned number.", i, what));
    return *n;
  }
  /// The configuration object at position i, or nullptr. A bare string there is read as {"encoding": text} as old
  /// clients send it.
  [[nodiscard]] const json::object* config(std::size_t i) {
    const auto* v = at(i);
    if (v == nullptr) return nullptr;
    if (v->is_object()) return &v->get_object();
    if (v->is_string()) {
      holder_ = json::object{{"encoding", *v}};
      return &holder_;
    }
    refuse(rpc_code::invalid_params, fmt::format("Invalid params: parameter {} must be an object.", i));
  }

private:
  const json::array* array_{};
  json::object holder_;
};

struct call {
  const chain_view& view;
  const rpc_service::slot_filter& unavailable;
  render_cache& cache;
  parameters& params;

  [[nodiscard]] bool missing(slot_number slot) const { return unavailable && unavailable(slot); }
  [[nodiscard]] std::string context(commitment level, std::string_view value) const {
    return fmt::format("{{\"context\":{{\"apiVersion\":\"{}\",\"slot\":{}}},\"value\":{}}}", version_text,
                       view.tip(level).value, value);
  }
  /// Commitment of a configuration object with the minContextSlot check.
  [[nodiscard]] commitment level(const json::object* config) const {
    const auto l = read_commitment(config, commitment::finalized);
    if (config != nullptr)
      if (const auto* least = config->if_contains("minContextSlot"); least != nullptr && !least->is_null()) {
        const auto n = number_of(*least);
        if (!n) refuse(rpc_code::invalid_params, "Invalid params: minContextSlot must be an unsigned number.");
        if (view.tip(l).value < *n)
          refuse(rpc_code::min_context_slot, "Minimum context slot has not been reached",
                 fmt::format("{{\"contextSlot\":{}}}", view.tip(l).value));
      }
    return l;
  }
};

// --- the cluster
// ---------------------------------------------------------------------------------------------------------

std::string get_health(call&) { return "\"ok\""; }

std::string get_version(call&) {
  return fmt::format("{{\"feature-set\":3294202862,\"solana-core\":\"{}\"}}", version_text);
}

std::string get_genesis_hash(call&) {
  return "\"" + solana::to_base58(derived_blockhash(blockhash{}, slot_number{0})) + "\"";
}

std::string get_identity(call&) { return "{\"identity\":\"" + solana::to_base58(program_id::vote()) + "\"}"; }

std::string get_slot(call& c) { return fmt::format("{}", c.view.tip(c.level(c.params.config(0))).value); }

std::string get_block_height(call& c) {
  const auto block = c.view.tip_block(c.level(c.params.config(0)));
  return fmt::format("{}", block ? block->height : 0);
}

std::string get_transaction_count(call& c) { return fmt::format("{}", c.view.history().transactions_total()); }

std::string get_first_available_block(call& c) { return fmt::format("{}", c.view.history().first_available().value); }

std::string get_epoch_info(call& c) {
  const auto level = c.level(c.params.config(0));
  const auto slot = c.view.tip(level).value;
  const auto block = c.view.tip_block(level);
  return fmt::format("{{\"absoluteSlot\":{},\"blockHeight\":{},\"epoch\":{},\"slotIndex\":{},\"slotsInEpoch\":{},"
                     "\"transactionCount\":{}}}",
                     slot, block ? block->height : 0, slot / slots_per_epoch, slot % slots_per_epoch, slots_per_epoch,
                     c.view.history().transactions_total());
}

std::string get_epoch_schedule(call&) {
  return fmt::format("{{\"firstNormalEpoch\":0,\"firstNormalSlot\":0,\"leaderScheduleSlotOffset\":{0},"
                     "\"slotsPerEpoch\":{0},\"warmup\":false}}",
                     slots_per_epoch);
}

std::string get_slot_leader(call&) { return "\"" + solana::to_base58(program_id::vote()) + "\""; }

std::string get_slot_leaders(call& c) {
  const auto first = c.params.number(0, "start slot");
  const auto limit = c.params.number(1, "limit");
  if (limit == 0 || limit > 5000) refuse(rpc_code::invalid_params, "Invalid limit; max 5000");
  if (first / slots_per_epoch > c.view.tip(commitment::processed).value / slots_per_epoch + 1)
    refuse(rpc_code::invalid_params, "Invalid slot range: leader schedule for epoch is unavailable");
  std::string out = "[";
  for (std::uint64_t i = 0; i < limit; ++i)
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", i == 0 ? "" : ",", solana::to_base58(program_id::vote()));
  return out + "]";
}

std::string get_cluster_nodes(call&) { return "[]"; }

std::string get_latest_blockhash(call& c) {
  const auto level = c.level(c.params.config(0));
  const auto block = c.view.tip_block(level);
  if (!block) refuse(rpc_code::node_unhealthy, "Node is unhealthy");
  return c.context(level, fmt::format("{{\"blockhash\":\"{}\",\"lastValidBlockHeight\":{}}}",
                                      solana::to_base58(block->hash), block->height + 150));
}

std::string is_blockhash_valid(call& c) {
  const auto level = c.level(c.params.config(1));
  const auto text = text_of(c.params.required(0, "blockhash"));
  const auto hash = solana::parse_blockhash(text);
  if (!hash) refuse(rpc_code::invalid_params, "Invalid param: Invalid");
  const auto tip = c.view.tip_block(level);
  bool valid = false;
  for (const auto& [slot, entry] : c.view.history().blocks())
    valid = valid || (!entry.dead && entry.block->hash == *hash && tip && slot <= tip->slot.value &&
                      tip->height - entry.block->height <= 150);
  return c.context(level, valid ? "true" : "false");
}

std::string get_minimum_balance(call& c) {
  return fmt::format("{}", rent_exempt_minimum(c.params.number(0, "data length")));
}

std::string get_recent_prioritization_fees(call& c) {
  std::string out = "[";
  const auto tip = c.view.tip(commitment::processed).value;
  int n = 0;
  for (const auto& [slot, entry] : c.view.history().blocks()) {
    if (entry.dead || slot > tip || slot + 150 <= tip) continue;
    fmt::format_to(std::back_inserter(out), "{}{{\"prioritizationFee\":0,\"slot\":{}}}", n++ == 0 ? "" : ",", slot);
  }
  return out + "]";
}

std::string get_recent_performance_samples(call& c) {
  std::uint64_t transactions = 0, votes = 0, slots = 0;
  for (const auto& [slot, entry] : c.view.history().blocks()) {
    if (entry.dead || !c.view.visible(slot_number{slot})) continue;
    ++slots;
    transactions += entry.block->transactions.size();
    for (const auto& t : entry.block->transactions) votes += t->vote ? 1 : 0;
  }
  return fmt::format(
      "[{{\"numNonVoteTransactions\":{},\"numSlots\":{},\"numTransactions\":{},\"samplePeriodSecs\":60,\"slot\":{}}}]",
      transactions - votes, slots, transactions, c.view.tip(commitment::processed).value);
}

std::string get_supply(call& c) {
  return c.context(commitment::finalized,
                   "{\"circulating\":0,\"nonCirculating\":0,\"nonCirculatingAccounts\":[],\"total\":0}");
}

// --- blocks and transactions
// --------------------------------------------------------------------------------------------

commitment block_level(call& c, const json::object* config) {
  const auto level = c.level(config);
  if (level == commitment::processed)
    refuse(rpc_code::invalid_params, "Method does not support commitment below `confirmed`");
  return level;
}

std::string get_block(call& c) {
  const slot_number slot{c.params.number(0, "slot")};
  const auto* config = c.params.config(1);
  const auto form = read_block_form(config);
  const auto level = block_level(c, config);
  const auto& history = c.view.history();
  if (slot > c.view.tip(level) || c.missing(slot))
    refuse(rpc_code::block_not_available, fmt::format("Block not available for slot {}", slot.value));
  if (slot < history.first_available())
    refuse(rpc_code::block_cleaned_up,
           fmt::format("Block {} cleaned up, does not exist on node. First available block: {}", slot.value,
                       history.first_available().value));
  const auto block = c.view.block(slot, level);
  if (!block)
    refuse(rpc_code::slot_skipped,
           fmt::format("Slot {} was skipped, or missing due to ledger jump to recent snapshot", slot.value));
  const auto key = fmt::format("{}/{}/{}/{}", form.encoding, form.details, form.rewards,
                               form.version_max ? fmt::format("{}", *form.version_max) : "-");
  return *c.cache.get(slot, block->hash, key, [&] { return render_block(*block, form); });
}

std::string get_block_time(call& c) {
  const slot_number slot{c.params.number(0, "slot")};
  const auto block = c.view.block(slot, commitment::processed);
  if (!block || c.missing(slot))
    refuse(rpc_code::block_not_available, fmt::format("Block not available for slot {}", slot.value));
  return fmt::format("{}", block->time.value);
}

std::string slots_between(call& c, std::uint64_t first, std::uint64_t last, std::uint64_t limit, commitment level) {
  const auto tip = c.view.tip(level).value;
  std::string out = "[";
  std::uint64_t n = 0;
  for (auto it = c.view.history().blocks().lower_bound(first); it != c.view.history().blocks().end(); ++it) {
    if (it->first > last || it->first > tip || n >= limit) break;
    if (it->second.dead || c.missing(slot_number{it->first})) continue;
    fmt::format_to(std::back_inserter(out), "{}{}", n++ == 0 ? "" : ",", it->first);
  }
  return out + "]";
}

std::string get_blocks(call& c) {
  const auto first = c.params.number(0, "start slot");
  const bool has_last = c.params.at(1) != nullptr && !c.params.at(1)->is_object();
  const auto last = has_last ? c.params.number(1, "end slot") : ~std::uint64_t{0};
  const auto* config = c.params.config(has_last || c.params.at(1) == nullptr ? 2 : 1);
  const auto level = block_level(c, config);
  const auto end = std::min(last, c.view.tip(level).value);
  if (end >= first && end - first > 500'000) refuse(rpc_code::invalid_params, "Slot range too large; max 500000");
  return slots_between(c, first, last, ~std::uint64_t{0}, level);
}

std::string get_blocks_with_limit(call& c) {
  const auto limit = c.params.number(1, "limit");
  if (limit > 500'000) refuse(rpc_code::invalid_params, "Limit too large; max 500000");
  const auto level = block_level(c, c.params.config(2));
  return slots_between(c, c.params.number(0, "start slot"), ~std::uint64_t{0}, limit, level);
}

signature read_signature(const json::value& value) {
  auto parsed = solana::parse_signature(text_of(value));
  if (!parsed) refuse(rpc_code::invalid_params, "Invalid param: Invalid signature");
  return *parsed;
}

std::string get_transaction(call& c) {
  const auto id = read_signature(c.params.required(0, "signature"));
  const auto* config = c.params.config(1);
  auto form = read_block_form(config);
  const auto level = block_level(c, config);
  const auto place = c.view.history().find(id);
  if (!place || c.missing(place->slot)) return "null";
  const auto block = c.view.block(place->slot, level);
  if (!block) return "null";
  return fmt::format("{{\"blockTime\":{},{},\"slot\":{}}}", block->time.value,
                     render_transaction_members(*block->transactions[place->index], form), block->slot.value);
}

std::string get_signature_statuses(call& c) {
  const auto& list = c.params.required(0, "signatures");
  if (!list.is_array()) refuse(rpc_code::invalid_params, "Invalid params: parameter 0 (signatures) must be an array.");
  if (list.get_array().size() > 256) refuse(rpc_code::invalid_params, "Too many inputs provided; max 256");
  std::string value = "[";
  bool first = true;
  const auto tip = c.view.tip(commitment::processed);
  for (const auto& s : list.get_array()) {
    if (!std::exchange(first, false)) value.push_back(',');
    const auto place = c.view.history().find(read_signature(s));
    const auto block = place ? c.view.block(place->slot, commitment::processed) : nullptr;
    if (!block) {
      value += "null";
      continue;
    }
    const auto level = c.view.level_of(block->slot);
    const auto& t = *block->transactions[place->index];
    const std::string_view level_text = level == commitment::finalized   ? "finalized"
                                        : level == commitment::confirmed ? "confirmed"
                                                                         : "processed";
    const auto status = t.failed ? fmt::format("{{\"Err\":{}}}", t.error_json) : std::string("{\"Ok\":null}");
    fmt::format_to(
        std::back_inserter(value),
        "{{\"confirmationStatus\":\"{}\",\"confirmations\":{},\"err\":{},\"slot\":{},\"status\":{}}}", level_text,
        level == commitment::finalized ? std::string("null") : fmt::format("{}", tip.value - block->slot.value),
        t.error_json, block->slot.value, status);
  }
  return c.context(commitment::processed, value + "]");
}

std::string get_signatures_for_address(call& c) {
  const auto key = read_address(c.params.required(0, "address"));
  const auto* config = c.params.config(1);
  const auto level = block_level(c, config);
  std::uint64_t limit = 1000;
  std::optional<signature> before, until;
  if (config != nullptr) {
    if (const auto* v = config->if_contains("limit"); v != nullptr && !v->is_null()) limit = number_of(*v).value_or(0);
    if (const auto* v = config->if_contains("before"); v != nullptr && !v->is_null()) before = read_signature(*v);
    if (const auto* v = config->if_contains("until"); v != nullptr && !v->is_null()) until = read_signature(*v);
  }
  if (limit == 0 || limit > 1000) refuse(rpc_code::invalid_params, "Invalid limit; max 1000");
  std::string out = "[";
  std::uint64_t n = 0;
  bool started = !before;
  const auto& blocks = c.view.history().blocks();
  for (auto it = blocks.rbegin(); it != blocks.rend() && n < limit; ++it) {
    if (it->second.dead || slot_number{it->first} > c.view.tip(level) || c.missing(slot_number{it->first})) continue;
    const auto& block = *it->second.block;
    for (auto t = block.transactions.rbegin(); t != block.transactions.rend() && n < limit; ++t) {
      const auto& tx = **t;
      if (until && tx.id == *until) return out + "]";
      if (!started) {
        started = tx.id == *before;
        continue;
      }
      if (std::find(tx.keys.begin(), tx.keys.end(), key) == tx.keys.end()) continue;
      fmt::format_to(std::back_inserter(out),
                     "{}{{\"blockTime\":{},\"confirmationStatus\":\"{}\",\"err\":{},\"memo\":null,\"signature\":\"{}\","
                     "\"slot\":{}}}",
                     n++ == 0 ? "" : ",", block.time.value,
                     c.view.level_of(block.slot) == commitment::finalized ? "finalized" : "confirmed", tx.error_json,
                     tx.signature_text, block.slot.value);
    }
  }
  return out + "]";
}

// --- accounts
// ------------------------------------------------------------------------------------------------------------

/// The encoding of a configuration object. Without one, accounts come as base58 ("binary" of old) or, for lists, as
/// base64.
std::string account_encoding(const json::object* config, std::string_view fallback) {
  if (config != nullptr)
    if (const auto* v = config->if_contains("encoding"); v != nullptr && !v->is_null()) return std::string(text_of(*v));
  return std::string(fallback);
}

std::string account_or_null(call& c, const address& key, const json::object* config, std::string_view fallback) {
  const auto* entry = c.view.history().accounts().find(key);
  return entry == nullptr ? "null" : render_account(entry->account, account_encoding(config, fallback), config);
}

std::string get_account_info(call& c) {
  const auto key = read_address(c.params.required(0, "address"));
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  return c.context(level, account_or_null(c, key, config, "base58"));
}

std::string get_multiple_accounts(call& c) {
  const auto& list = c.params.required(0, "addresses");
  if (!list.is_array()) refuse(rpc_code::invalid_params, "Invalid params: parameter 0 (addresses) must be an array.");
  if (list.get_array().size() > 100) refuse(rpc_code::invalid_params, "Too many inputs provided; max 100");
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  std::string value = "[";
  bool first = true;
  for (const auto& key : list.get_array()) {
    if (!std::exchange(first, false)) value.push_back(',');
    value += account_or_null(c, read_address(key), config, "base64");
  }
  return c.context(level, value + "]");
}

std::string get_balance(call& c) {
  const auto key = read_address(c.params.required(0, "address"));
  const auto level = c.level(c.params.config(1));
  const auto* entry = c.view.history().accounts().find(key);
  return c.context(level, fmt::format("{}", entry == nullptr ? 0 : entry->account.lamports));
}

/// The accounts that `keep` keeps, in order of address, as [{"account":..,"pubkey":..}].
template <class Keep>
std::string keyed_accounts(call& c, const json::object* config, std::string_view fallback, const Keep& keep) {
  std::vector<const account_write*> found;
  for (const auto& [key, entry] : c.view.history().accounts().all())
    if (keep(entry.account)) found.push_back(&entry.account);
  constexpr std::size_t answer_max = 10'000;
  if (found.size() > answer_max)
    refuse(rpc_code::invalid_params,
           fmt::format("{} accounts match; simnet answers with at most {}: use filters", found.size(), answer_max));
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  std::string out = "[";
  for (std::size_t i = 0; i < found.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{{\"account\":{},\"pubkey\":\"{}\"}}", i == 0 ? "" : ",",
                   render_account(*found[i], account_encoding(config, fallback), config),
                   solana::to_base58(found[i]->key));
  return out + "]";
}

std::string get_program_accounts(call& c) {
  const auto program = read_address(c.params.required(0, "program"));
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  const json::array* filters = nullptr;
  bool with_context = false;
  if (config != nullptr) {
    if (const auto* f = config->if_contains("filters"); f != nullptr && f->is_array()) filters = &f->get_array();
    if (const auto* w = config->if_contains("withContext"); w != nullptr && w->is_bool()) with_context = w->get_bool();
  }
  const auto list = keyed_accounts(
      c, config, "base58", [&](const account_write& a) { return a.owner == program && matches_filters(a, filters); });
  return with_context ? c.context(level, list) : list;
}

bool is_token_program(const address& program) {
  return program == program_id::spl_token() || program == program_id::token_2022();
}

bool holds(const std::vector<std::uint8_t>& data, std::size_t at, const address& key) {
  return data.size() >= at + 32 &&
         std::equal(key.bytes.begin(), key.bytes.end(), data.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string get_token_accounts_by_owner(call& c) {
  const auto owner = read_address(c.params.required(0, "owner"));
  const auto& filter = c.params.required(1, "mint or programId");
  const auto* config = c.params.config(2);
  const auto level = c.level(config);
  if (!filter.is_object())
    refuse(rpc_code::invalid_params, "Invalid params: parameter 1 must be {\"mint\": ..} or {\"programId\": ..}.");
  const auto* mint = filter.get_object().if_contains("mint");
  const auto* program = filter.get_object().if_contains("programId");
  if ((mint == nullptr) == (program == nullptr))
    refuse(rpc_code::invalid_params, "Invalid params: give either mint or programId.");
  const auto wanted = read_address(mint != nullptr ? *mint : *program);
  if (program != nullptr && !is_token_program(wanted))
    refuse(rpc_code::invalid_params, "Invalid param: unrecognized Token program id");
  return c.context(level, keyed_accounts(c, config, "base64", [&](const account_write& a) {
                     return is_token_program(a.owner) && a.data.size() >= 165 && holds(a.data, 32, owner) &&
                            (mint != nullptr ? holds(a.data, 0, wanted) : a.owner == wanted);
                   }));
}

std::uint64_t u64_at(const std::vector<std::uint8_t>& data, std::size_t at) {
  std::uint64_t v = 0;
  std::memcpy(&v, data.data() + at, 8);
  return v;
}

const account_write& token_account(call& c, const address& key, std::size_t least, std::string_view what) {
  const auto* entry = c.view.history().accounts().find(key);
  if (entry == nullptr || !is_token_program(entry->account.owner) || entry->account.data.size() < least)
    refuse(rpc_code::invalid_params, fmt::format("Invalid param: {}", what));
  return entry->account;
}

std::uint8_t decimals_of(call& c, const std::vector<std::uint8_t>& token_data) {
  address mint;
  std::copy_n(token_data.begin(), 32, mint.bytes.begin());
  if (mint == program_id::native_mint()) return 9;
  const auto* entry = c.view.history().accounts().find(mint);
  return entry != nullptr && entry->account.data.size() >= 82 ? entry->account.data[44] : std::uint8_t{0};
}

/// getTokenAccountBalance shows 0 as a number where token balances of transactions show null.
std::string ui_amount(std::uint64_t amount, std::uint8_t decimals) {
  auto text = render_token_amount(amount, decimals);
  if (const auto at = text.find("\"uiAmount\":null"); at != std::string::npos) text.replace(at, 15, "\"uiAmount\":0.0");
  return text;
}

std::string get_token_account_balance(call& c) {
  const auto level = c.level(c.params.config(1));
  const auto& a = token_account(c, read_address(c.params.required(0, "token account")), 165, "could not find account");
  return c.context(level, ui_amount(u64_at(a.data, 64), decimals_of(c, a.data)));
}

std::string get_token_supply(call& c) {
  const auto level = c.level(c.params.config(1));
  const auto& a = token_account(c, read_address(c.params.required(0, "mint")), 82, "could not find mint");
  return c.context(level, ui_amount(u64_at(a.data, 36), a.data[44]));
}

std::string get_token_largest_accounts(call& c) {
  const auto mint = read_address(c.params.required(0, "mint"));
  const auto level = c.level(c.params.config(1));
  const auto decimals = token_account(c, mint, 82, "not a Token mint").data[44];
  std::vector<std::pair<std::uint64_t, address>> found;
  for (const auto& [key, entry] : c.view.history().accounts().all())
    if (is_token_program(entry.account.owner) && entry.account.data.size() >= 165 && holds(entry.account.data, 0, mint))
      found.emplace_back(u64_at(entry.account.data, 64), key);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  found.resize(std::min<std::size_t>(found.size(), 20));
  std::string value = "[";
  for (std::size_t i = 0; i < found.size(); ++i)
    fmt::format_to(std::back_inserter(value), "{}{{\"address\":\"{}\",{}", i == 0 ? "" : ",",
                   solana::to_base58(found[i].second), ui_amount(found[i].first, decimals).substr(1));
  return c.context(level, value + "]");
}

using handler = std::string (*)(call&);

constexpr std::array<std::pair<std::string_view, handler>, 35> handlers{{
    {"getAccountInfo", get_account_info},
    {"getBalance", get_balance},
    {"getBlock", get_block},
    {"getBlockHeight", get_block_height},
    {"getBlockTime", get_block_time},
    {"getBlocks", get_blocks},
    {"getBlocksWithLimit", get_blocks_with_limit},
    {"getClusterNodes", get_cluster_nodes},
    {"getEpochInfo", get_epoch_info},
    {"getEpochSchedule", get_epoch_schedule},
    {"getFirstAvailableBlock", get_first_available_block},
    {"getGenesisHash", get_genesis_hash},
    {"getHealth", get_health},
    {"getIdentity", get_identity},
    {"getLatestBlockhash", get_latest_blockhash},
    {"getMinimumBalanceForRentExemption", get_minimum_balance},
    {"getMultipleAccounts", get_multiple_accounts},
    {"getProgramAccounts", get_program_accounts},
    {"getRecentPerformanceSamples", get_recent_performance_samples},
    {"getRecentPrioritizationFees", get_recent_prioritization_fees},
    {"getSignatureStatuses", get_signature_statuses},
    {"getSignaturesForAddress", get_signatures_for_address},
    {"getSlot", get_slot},
    {"getSlotLeader", get_slot_leader},
    {"getSlotLeaders", get_slot_leaders},
    {"getSupply", get_supply},
    {"getTokenAccountBalance", get_token_account_balance},
    {"getTokenAccountsByOwner", get_token_accounts_by_owner},
    {"getTokenLargestAccounts", get_token_largest_accounts},
    {"getTokenSupply", get_token_supply},
    {"getTransaction", get_transaction},
    {"getTransactionCount", get_transaction_count},
    {"getVersion", get_version},
    {"isBlockhashValid", is_blockhash_valid},
    {"minimumLedgerSlot", get_first_available_block},
}};

} // namespace

// --- shared with PubSub
// -------------------------------------------------------------------------------------------------

commitment read_commitment(const json::object* config, commitment fallback) {
  if (config == nullptr) return fallback;
  const auto* v = config->if_contains("commitment");
  if (v == nullptr || v->is_null()) return fallback;
  const auto text = text_of(*v);
  if (text == "processed" || text == "recent") return commitment::processed;
  if (text == "confirmed" || text == "single" || text == "singleGossip") return commitment::confirmed;
  if (text == "finalized" || text == "max" || text == "root") return commitment::finalized;
  refuse(rpc_code::invalid_params,
         fmt::format("Invalid params: unknown variant `{}`, expected one of `processed`, `confirmed`, `finalized`.",
                     text));
}

address read_address(const json::value& value) {
  auto parsed = solana::parse_address(text_of(value));
  if (!parsed)
    refuse(rpc_code::invalid_params,
           fmt::format("Invalid param: {}", value.is_string() ? "Invalid" : "expected an address"));
  return *parsed;
}

block_form read_block_form(const json::object* config) {
  block_form form;
  if (config == nullptr) return form;
  if (const auto* v = config->if_contains("encoding"); v != nullptr && !v->is_null()) form.encoding = text_of(*v);
  if (form.encoding != "json" && form.encoding != "jsonParsed" && form.encoding != "base64" &&
      form.encoding != "base58")
    refuse(rpc_code::invalid_params,
           fmt::format("Invalid params: unknown encoding `{}`, expected `json`, `jsonParsed`, `base58` or `base64`.",
                       form.encoding));
  if (const auto* v = config->if_contains("transactionDetails"); v != nullptr && !v->is_null())
    form.details = text_of(*v);
  if (form.details != "full" && form.details != "accounts" && form.details != "signatures" && form.details != "none")
    refuse(rpc_code::invalid_params, fmt::format("Invalid params: unknown transactionDetails `{}`.", form.details));
  for (const auto* key : {"rewards", "showRewards"})
    if (const auto* v = config->if_contains(key); v != nullptr && v->is_bool()) form.rewards = v->get_bool();
  if (const auto* v = config->if_contains("maxSupportedTransactionVersion"); v != nullptr && !v->is_null()) {
    form.version_max = number_of(*v);
    if (!form.version_max)
      refuse(rpc_code::invalid_params, "Invalid params: maxSupportedTransactionVersion must be an unsigned number.");
  }
  return form;
}

namespace {
void check_version(const chain_transaction& t, const block_form& form) {
  if (t.versioned && !form.version_max)
    refuse(rpc_code::unsupported_transaction_version,
           "Transaction version (0) is not supported by the requesting client. Please try the request again with the "
           "following configuration "
           "parameter: \"maxSupportedTransactionVersion\": 0");
}
} // namespace

std::string render_transaction_members(const chain_transaction& t, const block_form& form) {
  check_version(t, form);
  std::string version;
  // Without the parameter nodes leave the version out.
  if (form.version_max) version = t.versioned ? ",\"version\":0" : ",\"version\":\"legacy\"";
  if (form.details == "accounts") {
    std::string keys = "[";
    for (std::size_t i = 0; i < t.keys.size(); ++i)
      fmt::format_to(std::back_inserter(keys),
                     "{}{{\"pubkey\":\"{}\",\"signer\":{},\"source\":\"{}\",\"writable\":{}}}", i == 0 ? "" : ",",
                     solana::to_base58(t.keys[i]), i < t.required_signatures,
                     i < t.static_key_count ? "transaction" : "lookupTable", is_writable(t, i));
    std::string meta = "{";
    const auto meta_json = render_meta_json(t);
    bool first = true;
    for (const auto* name :
         {"err", "fee", "postBalances", "postTokenBalances", "preBalances", "preTokenBalances", "status"})
      fmt::format_to(std::back_inserter(meta), "{}\"{}\":{}", std::exchange(first, false) ? "" : ",", name,
                     member_text(meta_json, name));
    return fmt::format("\"meta\":{}}},\"transaction\":{{\"accountKeys\":{}],\"signatures\":{}}}{}", meta, keys,
                       member_text(t.transaction_json, "signatures"), version);
  }
  return fmt::format("\"meta\":{},\"transaction\":{}{}", render_meta(t, form.encoding),
                     render_transaction(t, form.encoding), version);
}

std::string render_block(const chain_block& block, const block_form& form) {
  // A block shown as it was recorded is shown byte for byte.
  if (!block.recorded_result.empty() && form.details == "full" && form.encoding == block.recorded_encoding) {
    for (const auto& t : block.transactions) check_version(*t, form);
    return block.recorded_result;
  }
  std::string out;
  out.reserve(block.transactions.size() * 6000 + 512);
  auto it = std::back_inserter(out);
  fmt::format_to(
      it, "{{\"blockHeight\":{},\"blockTime\":{},\"blockhash\":\"{}\",\"parentSlot\":{},\"previousBlockhash\":\"{}\"",
      block.height, block.time.value, solana::to_base58(block.hash), block.parent.value,
      solana::to_base58(block.parent_hash));
  if (form.rewards) fmt::format_to(it, ",\"rewards\":{}", block.rewards_json);
  if (form.details == "signatures") {
    out += ",\"signatures\":[";
    for (std::size_t i = 0; i < block.transactions.size(); ++i)
      fmt::format_to(it, "{}\"{}\"", i == 0 ? "" : ",", block.transactions[i]->signature_text);
    out += "]";
  } else if (form.details != "none") {
    out += ",\"transactions\":[";
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
      out += i == 0 ? "{" : ",{";
      out += render_transaction_members(*block.transactions[i], form);
      out += "}";
    }
    out += "]";
  }
  out += "}";
  return out;
}

std::string render_account(const account_write& a, std::string_view encoding, const json::object* config) {
  std::vector<std::uint8_t> sliced;
  const auto* data = &a.data;
  if (config != nullptr)
    if (const auto* slice = config->if_contains("dataSlice"); slice != nullptr && slice->is_object()) {
      const auto part = [&](std::string_view key) -> std::uint64_t {
        const auto* v = slice->get_object().if_contains(key);
        return v == nullptr ? 0 : number_of(*v).value_or(0);
      };
      const auto from = std::min<std::uint64_t>(part("offset"), a.data.size());
      const auto n = std::min<std::uint64_t>(part("length"), a.data.size() - from);
      sliced.assign(a.data.begin() + static_cast<std::ptrdiff_t>(from),
                    a.data.begin() + static_cast<std::ptrdiff_t>(from + n));
      data = &sliced;
    }
  std::string shown;
  const bool is_token = is_token_program(a.owner);
  const auto key_at = [&](std::size_t at) {
    address key;
    std::copy_n(a.data.begin() + static_cast<std::ptrdiff_t>(at), 32, key.bytes.begin());
    return key;
  };
  if (encoding == "jsonParsed" && is_token && a.data.size() == 165) {
    const bool native = a.data[109] == 1;
    shown = fmt::format("{{\"parsed\":{{\"info\":{{\"isNative\":{},\"mint\":\"{}\",\"owner\":\"{}\",\"state\":"
                        "\"initialized\",\"tokenAmount\":{}}},"
                        "\"type\":\"account\"}},\"program\":\"{}\",\"space\":165}}",
                        native, solana::to_base58(key_at(0)), solana::to_base58(key_at(32)),
                        ui_amount(u64_at(a.data, 64), native ? 9 : 6),
                        a.owner == program_id::spl_token() ? "spl-token" : "spl-token-2022");
  } else if (encoding == "jsonParsed" && is_token && a.data.size() == 82) {
    const auto authority = [&](std::size_t at) {
      return a.data[at] == 1 ? "\"" + solana::to_base58(key_at(at + 4)) + "\"" : std::string("null");
    };
    shown = fmt::format("{{\"parsed\":{{\"info\":{{\"decimals\":{},\"freezeAuthority\":{},\"isInitialized\":true,"
                        "\"mintAuthority\":{},\"supply\":\"{}\"}},"
                        "\"type\":\"mint\"}},\"program\":\"{}\",\"space\":82}}",
                        a.data[44], authority(46), authority(0), u64_at(a.data, 36),
                        a.owner == program_id::spl_token() ? "spl-token" : "spl-token-2022");
  } else if (encoding == "base64" || encoding == "jsonParsed") {
    shown = fmt::format("[\"{}\",\"base64\"]", solana::base64_encode(*data));
  } else if (encoding == "base58" || encoding.empty()) {
    if (data->size() > 128)
      refuse(rpc_code::invalid_request,
             "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.");
    shown = encoding.empty() ? fmt::format("\"{}\"", base58_text(*data))
                             : fmt::format("[\"{}\",\"base58\"]", base58_text(*data));
  } else if (encoding == "base64+zstd") {
    refuse(rpc_code::invalid_params, "simnet does not compress accounts: use base64.");
  } else {
    refuse(rpc_code::invalid_params, fmt::format("Invalid params: unknown encoding `{}`.", encoding));
  }
  const bool executable = a.owner == program_id::bpf_loader() || a.owner == program_id::native_loader();
  return fmt::format("{{\"data\":{},\"executable\":{},\"lamports\":{},\"owner\":\"{}\",\"rentEpoch\":"
                     "18446744073709551615,\"space\":{}}}",
                     shown, executable, a.lamports, solana::to_base58(a.owner), a.data.size());
}

bool matches_filters(const account_write& a, const json::array* filters) {
  if (filters == nullptr) return true;
  if (filters->size() > 4) refuse(rpc_code::invalid_params, "Too many filters provided; max 4");
  for (const auto& f : *filters) {
    if (!f.is_object()) refuse(rpc_code::invalid_params, "Invalid params: a filter must be an object.");
    const auto& object = f.get_object();
    if (const auto* size = object.if_contains("dataSize")) {
      if (number_of(*size) != a.data.size()) return false;
    } else if (const auto* compare = object.if_contains("memcmp"); compare != nullptr && compare->is_object()) {
      const auto* offset = compare->get_object().if_contains("offset");
      const auto* bytes = compare->get_object().if_contains("bytes");
      if (offset == nullptr || bytes == nullptr)
        refuse(rpc_code::invalid_params, "Invalid params: memcmp needs offset and bytes.");
      const auto* encoding = compare->get_object().if_contains("encoding");
      std::vector<std::uint8_t> wanted;
      if (encoding != nullptr && text_of(*encoding) == "base64") {
        auto decoded = solana::base64_decode(text_of(*bytes));
        if (!decoded) refuse(rpc_code::invalid_params, "Invalid params: memcmp bytes are not base64.");
        wanted = std::move(*decoded);
      } else {
        const auto text = text_of(*bytes);
        wanted.resize(solana::base58::max_decoded_size(text.size()));
        const auto n = solana::base58::decode(text, wanted);
        if (!n) refuse(rpc_code::invalid_params, "Invalid params: memcmp bytes are not base58.");
        wanted.resize(*n);
      }
      const auto at = number_of(*offset).value_or(0);
      if (at > a.data.size() || a.data.size() - at < wanted.size() ||
          !std::equal(wanted.begin(), wanted.end(), a.data.begin() + static_cast<std::ptrdiff_t>(at)))
        return false;
    } else if (!object.contains("tokenAccountState")) {
      refuse(rpc_code::invalid_params, "Invalid params: a filter is dataSize or memcmp.");
    }
  }
  return true;
}

render_cache::text_ptr render_cache::get(slot_number slot, const blockhash& hash, const std::string& form,
                                         const std::function<std::string()>& render) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it)
    if (it->slot == slot && it->hash == hash && it->form == form) {
      entries_.splice(entries_.begin(), entries_, it);
      return entries_.front().text;
    }
  entries_.push_front(entry{slot, hash, form, std::make_shared<const std::string>(render())});
  if (entries_.size() > entries_max) entries_.pop_back();
  return entries_.front().text;
}

std::string error_answer(std::string_view id_json, int code, std::string_view message, std::string_view data_json) {
  return fmt::format("{{\"error\":{{\"code\":{}{}{},\"message\":{}}},\"id\":{},\"jsonrpc\":\"2.0\"}}", code,
                     data_json.empty() ? "" : ",\"data\":", data_json, json_string(message), id_json);
}

std::string rpc_service::answer_one(const json::value& request, const chain_view& view,
                                    const slot_filter& unavailable) const {
  if (!request.is_object()) return error_answer("null", rpc_code::invalid_request, "Invalid request");
  const auto& object = request.get_object();
  const auto* id = object.if_contains("id");
  const auto id_json = id == nullptr ? std::string("null") : json::serialize(*id);
  const auto* method = object.if_contains("method");
  if (method == nullptr || !method->is_string())
    return error_answer(id_json, rpc_code::invalid_request, "Invalid request");
  const auto name = text_of(*method);
  const auto* found = std::lower_bound(handlers.begin(), handlers.end(), name,
                                       [](const auto& h, std::string_view n) { return h.first < n; });
  if (found == handlers.end() || found->first != name)
    return error_answer(id_json, rpc_code::method_not_found, "Method not found");
  try {
    parameters params(object.if_contains("params"));
    call c{view, unavailable, *cache_, params};
    auto result = found->second(c);
    if (id == nullptr) return {};
    std::string out;
    out.reserve(result.size() + id_json.size() + 40);
    out += "{\"jsonrpc\":\"2.0\",\"result\":";
    out += result;
    out += ",\"id\":";
    out += id_json;
    out += "}";
    return out;
  } catch (const rpc_failure& failure) {
    return error_answer(id_json, failure.code, failure.message, failure.data_json);
  }
}

std::string rpc_service::answer(std::string_view request, const chain_view& view,
                                const slot_filter& unavailable) const {
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(request.data(), request.size()), ec);
  if (ec) return error_answer("null", rpc_code::parse_error, "Parse error");
  if (!value.is_array()) return answer_one(value, view, unavailable);
  const auto& batch = value.get_array();
  if (batch.empty()) return error_answer("null", rpc_code::invalid_request, "Invalid request");
  if (batch.size() > batch_max)
    return error_answer("null", rpc_code::invalid_request, fmt::format("Batch too large; max {}", batch_max));
  std::string out = "[";
  for (const auto& one : batch) {
    const auto text = answer_one(one, view, unavailable);
    if (text.empty()) continue;
    if (out.size() > 1) out.push_back(',');
    out += text;
  }
  return out.size() == 1 ? std::string() : out + "]";
}

std::vector<std::string> rpc_service::methods_of(std::string_view request) {
  std::vector<std::string> names;
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(request.data(), request.size()), ec);
  if (ec) return names;
  const auto add = [&names](const json::value& one) {
    if (const auto* object = one.if_object())
      if (const auto* method = object->if_contains("method")) names.emplace_back(text_of(*method));
  };
  if (const auto* batch = value.if_array()) {
    for (const auto& one : *batch) add(one);
  } else {
    add(value);
  }
  return names;
}

} // namespace sett::simnet
