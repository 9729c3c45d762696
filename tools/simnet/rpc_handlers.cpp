#include "tools/simnet/rpc_handlers.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/rpc_call.hpp"
#include "tools/simnet/wire.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sett::simnet {

namespace {

constexpr std::uint64_t slots_per_epoch = 432'000;
constexpr std::size_t batch_max = 100;

// --- the cluster

std::string get_health(call&) { return "\"ok\""; }

std::string get_version(call&) {
  return fmt::format("{{\"feature-set\":3294202862,\"solana-core\":\"{}\"}}", rpc_version_text);
}

std::string get_genesis_hash(call&) {
  return "\"" + solana::to_base58(derived_blockhash(blockhash{}, slot_number{0})) + "\"";
}

std::string get_identity(call&) { return "{\"identity\":\"" + solana::to_base58(program_id::vote()) + "\"}"; }

std::string get_slot(call& c) {
  return fmt::format("{}", c.view.tip(c.level(c.params.config(0))).value + c.manners.height_ahead);
}

std::string get_block_height(call& c) {
  const auto block = c.view.tip_block(c.level(c.params.config(0)));
  return fmt::format("{}", (block ? block->height : 0) + c.manners.height_ahead);
}

std::string get_transaction_count(call& c) { return fmt::format("{}", c.view.history().transactions_total()); }

std::string get_first_available_block(call& c) { return fmt::format("{}", c.view.history().first_available().value); }

std::string get_epoch_info(call& c) {
  const auto level = c.level(c.params.config(0));
  const auto slot = c.view.tip(level).value;
  const auto block = c.view.tip_block(level);
  return fmt::format("{{\"absoluteSlot\":{},\"blockHeight\":{},\"epoch\":{},\"slotIndex\":{},\"slotsInEpoch\":{},"
                     "\"transactionCount\":{}}}",
                     slot, (block ? block->height : 0) + c.manners.height_ahead, slot / slots_per_epoch,
                     slot % slots_per_epoch, slots_per_epoch, c.view.history().transactions_total());
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
  if (limit == 0 || limit > 5000) refuse_call(rpc_code::invalid_params, "Invalid limit; max 5000");
  if (first / slots_per_epoch > c.view.tip(commitment::processed).value / slots_per_epoch + 1)
    refuse_call(rpc_code::invalid_params, "Invalid slot range: leader schedule for epoch is unavailable");
  std::string out = "[";
  for (std::uint64_t i = 0; i < limit; ++i)
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", i == 0 ? "" : ",", solana::to_base58(program_id::vote()));
  return out + "]";
}

std::string get_cluster_nodes(call&) { return "[]"; }

std::string get_latest_blockhash(call& c) {
  const auto level = c.level(c.params.config(0));
  const auto block = c.view.tip_block(level);
  if (!block) refuse_call(rpc_code::node_unhealthy, "Node is unhealthy");
  return c.context(level, fmt::format("{{\"blockhash\":\"{}\",\"lastValidBlockHeight\":{}}}",
                                      solana::to_base58(block->hash), block->height + 150 + c.manners.height_ahead));
}

std::string is_blockhash_valid(call& c) {
  const auto level = c.level(c.params.config(1));
  const auto text = text_of(c.params.required(0, "blockhash"));
  const auto hash = solana::parse_blockhash(text);
  if (!hash) refuse_call(rpc_code::invalid_params, "Invalid param: Invalid");
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

commitment block_level(call& c, const json::object* config) {
  const auto level = c.level(config);
  if (level == commitment::processed)
    refuse_call(rpc_code::invalid_params, "Method does not support commitment below `confirmed`");
  return level;
}

std::string get_block(call& c) {
  const slot_number slot{c.params.number(0, "slot")};
  const auto* config = c.params.config(1);
  const auto form = read_block_form(config);
  const auto level = block_level(c, config);
  const auto& history = c.view.history();
  if (slot > c.view.tip(level) || c.missing(slot))
    refuse_call(rpc_code::block_not_available, fmt::format("Block not available for slot {}", slot.value));
  if (slot < history.first_available())
    refuse_call(rpc_code::block_cleaned_up,
                fmt::format("Block {} cleaned up, does not exist on node. First available block: {}", slot.value,
                            history.first_available().value));
  const auto block = c.view.block(slot, level);
  if (!block)
    refuse_call(rpc_code::slot_skipped,
                fmt::format("Slot {} was skipped, or missing due to ledger jump to recent snapshot", slot.value));
  const auto key = fmt::format("{}/{}/{}/{}", form.encoding, form.details, form.rewards,
                               form.version_max ? fmt::format("{}", *form.version_max) : "-");
  return *c.cache.get(slot, block->hash, key, [&] { return render_block(*block, form); });
}

std::string get_block_time(call& c) {
  const slot_number slot{c.params.number(0, "slot")};
  const auto block = c.view.block(slot, commitment::processed);
  if (!block || c.missing(slot))
    refuse_call(rpc_code::block_not_available, fmt::format("Block not available for slot {}", slot.value));
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
  if (end >= first && end - first > 500'000) refuse_call(rpc_code::invalid_params, "Slot range too large; max 500000");
  return slots_between(c, first, last, ~std::uint64_t{0}, level);
}

std::string get_blocks_with_limit(call& c) {
  const auto limit = c.params.number(1, "limit");
  if (limit > 500'000) refuse_call(rpc_code::invalid_params, "Limit too large; max 500000");
  const auto level = block_level(c, c.params.config(2));
  return slots_between(c, c.params.number(0, "start slot"), ~std::uint64_t{0}, limit, level);
}

std::string get_transaction(call& c) {
  const auto id = read_signature(c.params.required(0, "signature"));
  const auto* config = c.params.config(1);
  auto form = read_block_form(config);
  const auto level = block_level(c, config);
  const auto place = c.view.history().find(id);
  if (!place || c.missing(place->slot) || is_withheld(c, id)) return "null";
  const auto block = c.view.block(place->slot, level);
  if (!block) return "null";
  return fmt::format("{{\"blockTime\":{},{},\"slot\":{}}}", block->time.value,
                     render_transaction_members(*block->transactions[place->index], form), block->slot.value);
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
  if (limit == 0 || limit > 1000) refuse_call(rpc_code::invalid_params, "Invalid limit; max 1000");
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
      if (std::find(tx.keys.begin(), tx.keys.end(), key) == tx.keys.end() || is_withheld(c, tx.id)) continue;
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

using handler = std::string (*)(call&);

constexpr std::array<std::pair<std::string_view, handler>, 42> handlers{{
    {"getAccountInfo", get_account_info},
    {"getBalance", get_balance},
    {"getBlock", get_block},
    {"getBlockHeight", get_block_height},
    {"getBlockTime", get_block_time},
    {"getBlocks", get_blocks},
    {"getBlocksWithLimit", get_blocks_with_limit},
    {"getBundleStatuses", get_bundle_statuses},
    {"getClusterNodes", get_cluster_nodes},
    {"getEpochInfo", get_epoch_info},
    {"getEpochSchedule", get_epoch_schedule},
    {"getFeeForMessage", get_fee_for_message},
    {"getFirstAvailableBlock", get_first_available_block},
    {"getGenesisHash", get_genesis_hash},
    {"getHealth", get_health},
    {"getIdentity", get_identity},
    {"getInflightBundleStatuses", get_inflight_bundle_statuses},
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
    {"getTipAccounts", get_tip_accounts},
    {"getTokenAccountBalance", get_token_account_balance},
    {"getTokenAccountsByOwner", get_token_accounts_by_owner},
    {"getTokenLargestAccounts", get_token_largest_accounts},
    {"getTokenSupply", get_token_supply},
    {"getTransaction", get_transaction},
    {"getTransactionCount", get_transaction_count},
    {"getVersion", get_version},
    {"isBlockhashValid", is_blockhash_valid},
    {"minimumLedgerSlot", get_first_available_block},
    {"sendBundle", send_bundle},
    {"sendTransaction", send_transaction},
    {"simulateTransaction", simulate_transaction},
}};

} // namespace

signature read_signature(const json::value& value) {
  auto parsed = solana::parse_signature(text_of(value));
  if (!parsed) refuse_call(rpc_code::invalid_params, "Invalid param: Invalid signature");
  return *parsed;
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

std::string rpc_service::answer_one(const json::value& request, const chain_view& view, const slot_filter& unavailable,
                                    const endpoint_manners& manners) const {
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
    call c{view, unavailable, *cache_, params, manners};
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

std::string rpc_service::answer(std::string_view request, const chain_view& view, const slot_filter& unavailable,
                                const endpoint_manners& manners) const {
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(request.data(), request.size()), ec);
  if (ec) return error_answer("null", rpc_code::parse_error, "Parse error");
  if (!value.is_array()) return answer_one(value, view, unavailable, manners);
  const auto& batch = value.get_array();
  if (batch.empty()) return error_answer("null", rpc_code::invalid_request, "Invalid request");
  if (batch.size() > batch_max)
    return error_answer("null", rpc_code::invalid_request, fmt::format("Batch too large; max {}", batch_max));
  std::string out = "[";
  for (const auto& one : batch) {
    const auto text = answer_one(one, view, unavailable, manners);
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
