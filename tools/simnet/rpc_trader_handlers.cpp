// The methods that a trader needs beside those of a reader: sending, simulating, statuses, fees, and Jito's bundles
// (jito-labs/mev-protos and the block engine's JSON-RPC documentation, 2026).
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/rpc_call.hpp"
#include "tools/simnet/transaction_port.hpp"
#include "tools/simnet/wire.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sett::simnet {

namespace {

constexpr std::uint64_t status_cache_slots = 300; // what getSignatureStatuses knows without its history
constexpr std::size_t bundle_max = 5;

transaction_port& port_of(const call& c) {
  if (c.manners.port == nullptr)
    refuse_call(rpc_code::method_not_found, "Method not found: this chain is played, nothing can be sent to it");
  return *c.manners.port;
}

bool flag_of(const json::object* config, std::string_view name) {
  if (config == nullptr) return false;
  const auto* v = config->if_contains(name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

std::string encoding_of(const json::object* config, std::string_view fallback) {
  const auto* v = config == nullptr ? nullptr : config->if_contains("encoding");
  const auto text = v == nullptr || v->is_null() ? fallback : text_of(*v);
  if (text != "base58" && text != "base64")
    refuse_call(rpc_code::invalid_params,
                fmt::format("unsupported encoding: {}. Supported encodings: base58, base64", text));
  return std::string(text);
}

chain_transaction read_transaction(const json::value& value, const std::string& encoding) {
  const auto text = text_of(value);
  std::vector<std::uint8_t> bytes;
  if (encoding == "base64") {
    auto decoded = solana::base64_decode(text);
    if (!decoded) refuse_call(rpc_code::invalid_params, "invalid base64 encoding: " + decoded.error().message);
    bytes = std::move(*decoded);
  } else {
    bytes.resize(solana::base58::max_decoded_size(text.size()));
    const auto decoded = solana::base58::decode(text, bytes);
    if (!decoded) refuse_call(rpc_code::invalid_params, "invalid base58 encoding: " + decoded.error().message);
    bytes.resize(*decoded);
  }
  if (bytes.size() > packet_bytes_max)
    refuse_call(rpc_code::invalid_params,
                fmt::format("{} encoded solana_transaction::versioned::VersionedTransaction too large: {} bytes (max: "
                            "encoded/raw 1644/1232)",
                            encoding, bytes.size()));
  auto read = validator::read(bytes);
  if (!read)
    refuse_call(rpc_code::invalid_params,
                "failed to deserialize solana_transaction::versioned::VersionedTransaction: " + read.error().message);
  return std::move(*read);
}

/// How the error reads in a sentence (solana-transaction-error's Display).
std::string sentence(const std::string& error_json) {
  if (error_json == "\"AlreadyProcessed\"") return "This transaction has already been processed";
  if (error_json == "\"BlockhashNotFound\"") return "Blockhash not found";
  if (error_json == "\"AccountNotFound\"") return "Attempt to debit an account but found no record of a prior credit.";
  if (error_json == "\"InsufficientFundsForFee\"") return "Insufficient funds for fee";
  if (error_json == "\"SignatureFailure\"") return "Transaction did not pass signature verification";
  const auto value = json::parse(error_json);
  if (const auto* o = value.if_object()) {
    if (const auto* pair = o->if_contains("InstructionError"); pair != nullptr && pair->is_array()) {
      const auto& what = pair->get_array()[1];
      const auto index = pair->get_array()[0].as_int64();
      if (const auto* custom = what.if_object(); custom != nullptr && custom->contains("Custom"))
        return fmt::format("Error processing Instruction {}: custom program error: 0x{:x}", index,
                           custom->at("Custom").to_number<std::uint64_t>());
      return fmt::format("Error processing Instruction {}: {}", index, json::serialize(what));
    }
    if (o->contains("InsufficientFundsForRent"))
      return fmt::format("Transaction results in an account ({}) with insufficient funds for rent",
                         o->at("InsufficientFundsForRent").at("account_index").to_number<std::uint64_t>());
  }
  return error_json;
}

std::string list_of(const std::vector<std::string>& lines) {
  std::string out = "[";
  for (const auto& line : lines) {
    if (out.size() > 1) out.push_back(',');
    out += json_string(line);
  }
  return out + "]";
}

std::string_view level_text(commitment level) {
  return level == commitment::finalized ? "finalized" : level == commitment::confirmed ? "confirmed" : "processed";
}

const json::array& list_param(call& c, std::size_t i, std::string_view what, std::size_t most) {
  const auto& list = c.params.required(i, what);
  if (!list.is_array())
    refuse_call(rpc_code::invalid_params, fmt::format("Invalid params: parameter {} ({}) must be an array.", i, what));
  if (list.get_array().size() > most)
    refuse_call(rpc_code::invalid_params, fmt::format("Too many inputs provided; max {}", most));
  return list.get_array();
}

} // namespace

bool is_withheld(const call& c, const signature& id) {
  return c.manners.withholds || (c.manners.port != nullptr && c.manners.port->is_withheld(id, c.manners.endpoint));
}

std::string send_transaction(call& c) {
  auto& port = port_of(c);
  const auto* config = c.params.config(1);
  const auto t = read_transaction(c.params.required(0, "transaction"), encoding_of(config, "base58"));
  if (!flag_of(config, "skipPreflight")) {
    const auto outcome = port.simulate(t, {true, false});
    if (outcome.error_json == "\"SignatureFailure\"")
      refuse_call(rpc_code::signature_failure, "Transaction signature verification failure");
    if (!outcome.succeeded())
      refuse_call(rpc_code::preflight_failure, "Transaction simulation failed: " + sentence(outcome.error_json),
                  fmt::format("{{\"accounts\":null,\"err\":{},\"innerInstructions\":null,\"logs\":{},"
                              "\"replacementBlockhash\":null,\"returnData\":null,\"unitsConsumed\":{}}}",
                              outcome.error_json, list_of(outcome.logs), outcome.units));
  }
  bool retries = true;
  if (config != nullptr)
    if (const auto* v = config->if_contains("maxRetries"); v != nullptr && !v->is_null())
      retries = number_of(*v).value_or(0) != 0;
  if (!c.manners.swallows_sends) port.submit(t, retries);
  if (c.manners.denies_sends) refuse_call(rpc_code::node_unhealthy, "Node is unhealthy");
  return "\"" + t.signature_text + "\"";
}

std::string simulate_transaction(call& c) {
  auto& port = port_of(c);
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  const auto t = read_transaction(c.params.required(0, "transaction"), encoding_of(config, "base58"));
  const simulation_options options{flag_of(config, "sigVerify"), flag_of(config, "replaceRecentBlockhash")};
  if (options.verify_signatures && options.replace_blockhash)
    refuse_call(rpc_code::invalid_params, "sigVerify may not be used with replaceRecentBlockhash");
  const auto outcome = port.simulate(t, options);
  std::string accounts = "null";
  if (const auto* wanted = config == nullptr ? nullptr : config->if_contains("accounts");
      wanted != nullptr && wanted->is_object()) {
    const auto& form = wanted->get_object();
    const auto* list = form.if_contains("addresses");
    if (list == nullptr || !list->is_array())
      refuse_call(rpc_code::invalid_params, "Invalid params: accounts.addresses must be an array.");
    const auto* encoding = form.if_contains("encoding");
    accounts = "[";
    for (const auto& item : list->get_array()) {
      const auto key = read_address(item);
      const auto found =
          std::find_if(outcome.accounts.begin(), outcome.accounts.end(), [&](const auto& a) { return a.key == key; });
      const auto* shown = found != outcome.accounts.end() ? &*found : c.view.account(key, level);
      if (accounts.size() > 1) accounts.push_back(',');
      accounts +=
          shown == nullptr || shown->lamports == 0
              ? "null"
              : render_account(*shown, encoding == nullptr || encoding->is_null() ? "base64" : text_of(*encoding),
                               nullptr);
    }
    accounts.push_back(']');
  }
  std::string replacement = "null";
  if (options.replace_blockhash)
    if (const auto block = c.view.tip_block(level))
      replacement = fmt::format("{{\"blockhash\":\"{}\",\"lastValidBlockHeight\":{}}}", solana::to_base58(block->hash),
                                block->height + blockhash_age_max);
  return c.context(level, fmt::format("{{\"accounts\":{},\"err\":{},\"innerInstructions\":null,\"logs\":{},"
                                      "\"replacementBlockhash\":{},\"returnData\":null,\"unitsConsumed\":{}}}",
                                      accounts, outcome.error_json, list_of(outcome.logs), replacement, outcome.units));
}

std::string get_signature_statuses(call& c) {
  const auto& list = list_param(c, 0, "signatures", 256);
  const bool with_history = flag_of(c.params.config(1), "searchTransactionHistory");
  std::string value = "[";
  bool first = true;
  const auto tip = c.view.tip(commitment::processed);
  for (const auto& s : list) {
    if (!std::exchange(first, false)) value.push_back(',');
    const auto id = read_signature(s);
    const auto place = c.view.history().find(id);
    auto block = place ? c.view.block(place->slot, commitment::processed) : nullptr;
    if (block && !with_history && block->slot.value + status_cache_slots < tip.value) block = nullptr;
    if (!block && c.manners.claims_finalized) {
      value += fmt::format("{{\"confirmationStatus\":\"finalized\",\"confirmations\":null,\"err\":null,\"slot\":{},"
                           "\"status\":{{\"Ok\":null}}}}",
                           c.view.tip(commitment::finalized).value);
      continue;
    }
    if (!block || is_withheld(c, id)) {
      value += "null";
      continue;
    }
    const auto level = c.view.level_of(block->slot);
    const auto& t = *block->transactions[place->index];
    const auto status = t.failed ? fmt::format("{{\"Err\":{}}}", t.error_json) : std::string("{\"Ok\":null}");
    fmt::format_to(std::back_inserter(value),
                   "{{\"confirmationStatus\":\"{}\",\"confirmations\":{},\"err\":{},\"slot\":{},\"status\":{}}}",
                   level_text(level),
                   level == commitment::finalized ? std::string("null")
                                                  : fmt::format("{}", tip.value - block->slot.value),
                   t.error_json, block->slot.value, status);
  }
  return c.context(commitment::processed, value + "]");
}

std::string get_recent_prioritization_fees(call& c) {
  std::vector<address> wanted;
  if (c.params.at(0) != nullptr)
    for (const auto& item : list_param(c, 0, "addresses", 128)) wanted.push_back(read_address(item));
  const auto writes = [&](const chain_transaction& t) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const address& key) {
      for (std::size_t i = 0; i < t.keys.size(); ++i)
        if (t.keys[i] == key) return is_writable(t, i);
      return false;
    });
  };
  std::string out = "[";
  const auto tip = c.view.tip(commitment::processed).value;
  int n = 0;
  for (const auto& [slot, entry] : c.view.history().blocks()) {
    if (entry.dead || slot > tip || slot + 150 <= tip) continue;
    // The least that was paid by one that landed in the block, as the fee cache has it.
    std::optional<std::uint64_t> least;
    if (c.manners.port != nullptr)
      for (const auto& t : entry.block->transactions) {
        if (t->vote || !writes(*t)) continue;
        const auto request = validator::request_of(*t);
        const auto price = request ? request->unit_price_micro_lamports : 0;
        least = std::min(least.value_or(price), price);
      }
    fmt::format_to(std::back_inserter(out), "{}{{\"prioritizationFee\":{},\"slot\":{}}}", n++ == 0 ? "" : ",",
                   least.value_or(0), slot);
  }
  return out + "]";
}

std::string get_fee_for_message(call& c) {
  const auto level = c.level(c.params.config(1));
  auto decoded = solana::base64_decode(text_of(c.params.required(0, "message")));
  if (!decoded || decoded->empty()) refuse_call(rpc_code::invalid_params, "invalid base64 encoding");
  // Behind as many empty signatures as its header asks for, a message is a transaction.
  const std::size_t at = (decoded->front() & 0x80) != 0 ? 1 : 0;
  if (decoded->size() <= at) refuse_call(rpc_code::invalid_params, "failed to deserialize the message");
  const auto signatures = (*decoded)[at];
  std::vector<std::uint8_t> wire{signatures};
  wire.resize(1 + signatures * std::size_t{64});
  wire.insert(wire.end(), decoded->begin(), decoded->end());
  chain_transaction t;
  t.wire = std::move(wire);
  if (signatures > 127 || !read_wire(t)) refuse_call(rpc_code::invalid_params, "failed to deserialize the message");
  const bool sound = std::all_of(t.instructions.begin(), t.instructions.end(),
                                 [&](const auto& ix) { return ix.program_index < t.keys.size(); });
  const auto request = sound ? validator::request_of(t) : std::nullopt;
  if (!request) refuse_call(rpc_code::invalid_params, "failed to sanitize the message");
  return c.context(level, fmt::format("{}", fee_per_signature * signatures + request->priority_fee()));
}

std::string send_bundle(call& c) {
  auto& port = port_of(c);
  const auto& list = list_param(c, 0, "transactions", bundle_max);
  if (list.empty()) refuse_call(rpc_code::invalid_params, "bundle is empty");
  const auto encoding = encoding_of(c.params.config(1), "base58");
  std::vector<chain_transaction> transactions;
  bool tips = false;
  for (const auto& item : list) {
    transactions.push_back(read_transaction(item, encoding));
    const auto& t = transactions.back();
    for (std::size_t i = 0; i < t.keys.size(); ++i) {
      const auto& tip_keys = jito_tip_accounts();
      tips |= is_writable(t, i) && std::find(tip_keys.begin(), tip_keys.end(), t.keys[i]) != tip_keys.end();
    }
  }
  if (!tips)
    refuse_call(rpc_code::invalid_params,
                "Bundles must write lock at least one tip account to be eligible for the auction.");
  auto id = c.manners.swallows_sends ? std::string(64, '0') : port.submit_bundle(std::move(transactions));
  if (c.manners.denies_sends) refuse_call(rpc_code::node_unhealthy, "Internal error");
  return "\"" + id + "\"";
}

std::string get_bundle_statuses(call& c) {
  auto& port = port_of(c);
  std::string value = "[";
  for (const auto& item : list_param(c, 0, "bundle ids", bundle_max)) {
    if (value.size() > 1) value.push_back(',');
    const auto found = port.find_bundle(std::string(text_of(item)));
    const auto block = found && found->landed ? c.view.block(*found->landed, commitment::processed) : nullptr;
    if (!block || c.manners.withholds) {
      value += "null";
      continue;
    }
    fmt::format_to(std::back_inserter(value),
                   "{{\"bundle_id\":\"{}\",\"transactions\":{},\"slot\":{},\"confirmation_status\":\"{}\","
                   "\"err\":{{\"Ok\":null}}}}",
                   found->id, list_of(found->signatures), block->slot.value, level_text(c.view.level_of(block->slot)));
  }
  return c.context(commitment::processed, value + "]");
}

std::string get_inflight_bundle_statuses(call& c) {
  auto& port = port_of(c);
  std::string value = "[";
  for (const auto& item : list_param(c, 0, "bundle ids", bundle_max)) {
    if (value.size() > 1) value.push_back(',');
    const auto id = std::string(text_of(item));
    const auto found = port.find_bundle(id);
    const std::string_view status = !found                         ? "Invalid"
                                    : found->landed                ? "Landed"
                                    : !found->failure_json.empty() ? "Failed"
                                                                   : "Pending";
    fmt::format_to(std::back_inserter(value), "{{\"bundle_id\":{},\"status\":\"{}\",\"landed_slot\":{}}}",
                   json_string(id), status,
                   found && found->landed ? fmt::format("{}", found->landed->value) : std::string("null"));
  }
  return c.context(commitment::processed, value + "]");
}

std::string get_tip_accounts(call&) {
  std::vector<std::string> names;
  for (const auto& key : jito_tip_accounts()) names.push_back(solana::to_base58(key));
  return list_of(names);
}

} // namespace sett::simnet
