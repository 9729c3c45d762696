#include "messages/solana/rpc_request.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"

#include <fmt/format.h>

#include <array>

namespace sett::solana::rpc {
namespace {

/// Builds {"a":1,...} or [...]. Keys and texts are ours or base58: nothing needs escaping.
class json_list {
public:
  explicit json_list(char open) : text_(1, open), close_(open == '{' ? '}' : ']') {}
  json_list& raw(std::string_view value) { return comma(), text_.append(value), *this; }
  json_list& text(std::string_view value) {
    return comma(), fmt::format_to(std::back_inserter(text_), "\"{}\"", value), *this;
  }
  json_list& raw(std::string_view key, std::string_view value) {
    return comma(), fmt::format_to(std::back_inserter(text_), "\"{}\":{}", key, value), *this;
  }
  json_list& text(std::string_view key, std::string_view value) {
    return comma(), fmt::format_to(std::back_inserter(text_), "\"{}\":\"{}\"", key, value), *this;
  }
  json_list& number(std::string_view key, std::uint64_t value) { return raw(key, fmt::to_string(value)); }
  json_list& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  [[nodiscard]] std::string end() const { return text_ + close_; }

private:
  void comma() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_;
  char close_;
};

json_list object() { return json_list('{'); }
json_list array() { return json_list('['); }

std::string request(request_id id, std::string_view method, const std::string& params) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", id, method, params);
}
std::string request(request_id id, std::string_view method) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}"}})", id, method);
}

std::string level_object(commitment level) { return object().text("commitment", name(level)).end(); }

std::string_view name(transaction_encoding encoding) {
  constexpr std::array<std::string_view, 3> names{"json", "jsonParsed", "base64"};
  return names[static_cast<std::size_t>(encoding)];
}
std::string_view name(data_encoding encoding) {
  constexpr std::array<std::string_view, 3> names{"base58", "base64", "base64+zstd"};
  return names[static_cast<std::size_t>(encoding)];
}

json_list account_config(const account_options& options) {
  auto config = object();
  config.text("encoding", options.parsed ? "jsonParsed" : name(options.encoding));
  config.text("commitment", rpc::name(options.commitment));
  if (options.min_context_slot) config.number("minContextSlot", options.min_context_slot->value);
  if (options.data_slice)
    config.raw(
        "dataSlice",
        object().number("offset", options.data_slice->offset).number("length", options.data_slice->length).end());
  return config;
}
void add_filters(json_list& config, const program_filters& filters) {
  if (!filters.data_size && filters.memory.empty()) return;
  auto list = array();
  if (filters.data_size) list.raw(object().number("dataSize", *filters.data_size).end());
  for (const auto& m : filters.memory)
    list.raw(object()
                 .raw("memcmp", object()
                                    .number("offset", m.offset)
                                    .text("bytes", base64_encode(m.bytes))
                                    .text("encoding", "base64")
                                    .end())
                 .end());
  config.raw("filters", list.end());
}
json_list transaction_config(commitment level, transaction_encoding encoding) {
  auto config = object();
  config.text("commitment", rpc::name(level))
      .text("encoding", name(encoding))
      .number("maxSupportedTransactionVersion", 0);
  return config;
}
json_list block_config(commitment level, transaction_encoding encoding) {
  auto config = transaction_config(level, encoding);
  config.text("transactionDetails", "full");
  return config;
}
std::string addresses(std::span<const address> list) {
  auto text = array();
  for (const auto& a : list) text.text(to_base58(a));
  return text.end();
}
std::string token_accounts(request_id id, const address& owner, std::string_view by, const address& what,
                           const account_options& options) {
  return request(id, "getTokenAccountsByOwner",
                 array()
                     .text(to_base58(owner))
                     .raw(object().text(by, to_base58(what)).end())
                     .raw(account_config(options).end())
                     .end());
}

} // namespace

std::string_view name(commitment level) {
  constexpr std::array<std::string_view, 3> names{"processed", "confirmed", "finalized"};
  return names[static_cast<std::size_t>(level)];
}
std::string_view name(subscription_kind kind) {
  constexpr std::array<std::string_view, 9> names{"account",      "program", "logs",  "signature",  "slot",
                                                  "slotsUpdates", "root",    "block", "transaction"};
  return names[static_cast<std::size_t>(kind)];
}

std::string get_health(request_id id) { return request(id, "getHealth"); }
std::string get_version(request_id id) { return request(id, "getVersion"); }
std::string get_slot(request_id id, commitment level) {
  return request(id, "getSlot", array().raw(level_object(level)).end());
}
std::string get_block_height(request_id id, commitment level) {
  return request(id, "getBlockHeight", array().raw(level_object(level)).end());
}
std::string get_epoch_info(request_id id, commitment level) {
  return request(id, "getEpochInfo", array().raw(level_object(level)).end());
}
std::string get_block(request_id id, slot_number slot, commitment level, transaction_encoding encoding) {
  return request(
      id, "getBlock",
      array().raw(fmt::to_string(slot.value)).raw(block_config(level, encoding).flag("rewards", false).end()).end());
}
std::string get_blocks(request_id id, slot_number first, slot_number last, commitment level) {
  return request(
      id, "getBlocks",
      array().raw(fmt::to_string(first.value)).raw(fmt::to_string(last.value)).raw(level_object(level)).end());
}
std::string get_transaction(request_id id, const signature& transaction, commitment level,
                            transaction_encoding encoding) {
  return request(id, "getTransaction",
                 array().text(to_base58(transaction)).raw(transaction_config(level, encoding).end()).end());
}
std::string get_signatures_for_address(request_id id, const address& account, commitment level, std::uint32_t limit,
                                       const std::optional<signature>& before, const std::optional<signature>& until) {
  auto config = object();
  config.text("commitment", name(level)).number("limit", limit);
  if (before) config.text("before", to_base58(*before));
  if (until) config.text("until", to_base58(*until));
  return request(id, "getSignaturesForAddress", array().text(to_base58(account)).raw(config.end()).end());
}
std::string get_signature_statuses(request_id id, std::span<const signature> transactions, bool search_history) {
  auto list = array();
  for (const auto& s : transactions) list.text(to_base58(s));
  return request(id, "getSignatureStatuses",
                 array().raw(list.end()).raw(object().flag("searchTransactionHistory", search_history).end()).end());
}
std::string get_account_info(request_id id, const address& account, const account_options& options) {
  return request(id, "getAccountInfo", array().text(to_base58(account)).raw(account_config(options).end()).end());
}
std::string get_multiple_accounts(request_id id, std::span<const address> accounts, const account_options& options) {
  return request(id, "getMultipleAccounts", array().raw(addresses(accounts)).raw(account_config(options).end()).end());
}
std::string get_program_accounts(request_id id, const address& program, const program_filters& filters,
                                 const account_options& options) {
  auto config = account_config(options);
  add_filters(config, filters);
  config.flag("withContext", true);
  return request(id, "getProgramAccounts", array().text(to_base58(program)).raw(config.end()).end());
}
std::string get_token_accounts_by_owner_and_mint(request_id id, const address& owner, const address& mint,
                                                 const account_options& options) {
  return token_accounts(id, owner, "mint", mint, options);
}
std::string get_token_accounts_by_owner_and_program(request_id id, const address& owner, const address& program,
                                                    const account_options& options) {
  return token_accounts(id, owner, "programId", program, options);
}
std::string get_balance(request_id id, const address& account, commitment level) {
  return request(id, "getBalance", array().text(to_base58(account)).raw(level_object(level)).end());
}
std::string get_minimum_balance_for_rent_exemption(request_id id, std::uint64_t data_bytes, commitment level) {
  return request(id, "getMinimumBalanceForRentExemption",
                 array().raw(fmt::to_string(data_bytes)).raw(level_object(level)).end());
}
std::string get_latest_blockhash(request_id id, commitment level) {
  return request(id, "getLatestBlockhash", array().raw(level_object(level)).end());
}
std::string get_recent_prioritization_fees(request_id id, std::span<const address> writable_accounts) {
  return request(id, "getRecentPrioritizationFees", array().raw(addresses(writable_accounts)).end());
}
std::string send_transaction(request_id id, std::span<const std::uint8_t> wire, const send_options& options) {
  return request(id, "sendTransaction",
                 array()
                     .text(base64_encode(wire))
                     .raw(object()
                              .text("encoding", "base64")
                              .flag("skipPreflight", options.skip_preflight)
                              .text("preflightCommitment", name(options.preflight_commitment))
                              .number("maxRetries", options.max_retries)
                              .end())
                     .end());
}
std::string simulate_transaction(request_id id, std::span<const std::uint8_t> wire, const simulate_options& options) {
  auto config = object();
  config.text("encoding", "base64")
      .text("commitment", name(options.commitment))
      .flag("sigVerify", options.verify_signatures)
      .flag("replaceRecentBlockhash", options.replace_blockhash)
      .flag("innerInstructions", options.inner_instructions);
  if (!options.accounts.empty())
    config.raw("accounts", object().text("encoding", "base64").raw("addresses", addresses(options.accounts)).end());
  return request(id, "simulateTransaction", array().text(base64_encode(wire)).raw(config.end()).end());
}

std::string batch(std::span<const std::string> requests) {
  auto list = array();
  for (const auto& r : requests) list.raw(r);
  return list.end();
}

std::string account_subscribe(request_id id, const address& account, const account_options& options) {
  return request(id, "accountSubscribe", array().text(to_base58(account)).raw(account_config(options).end()).end());
}
std::string program_subscribe(request_id id, const address& program, const program_filters& filters,
                              const account_options& options) {
  auto config = account_config(options);
  add_filters(config, filters);
  return request(id, "programSubscribe", array().text(to_base58(program)).raw(config.end()).end());
}
std::string logs_subscribe(request_id id, const std::optional<address>& mentions, commitment level) {
  auto params = array();
  if (mentions)
    params.raw(object().raw("mentions", array().text(to_base58(*mentions)).end()).end());
  else
    params.text("all");
  return request(id, "logsSubscribe", params.raw(level_object(level)).end());
}
std::string signature_subscribe(request_id id, const signature& transaction, commitment level) {
  return request(id, "signatureSubscribe", array().text(to_base58(transaction)).raw(level_object(level)).end());
}
std::string slot_subscribe(request_id id) { return request(id, "slotSubscribe"); }
std::string slots_updates_subscribe(request_id id) { return request(id, "slotsUpdatesSubscribe"); }
std::string root_subscribe(request_id id) { return request(id, "rootSubscribe"); }
std::string block_subscribe(request_id id, const std::optional<address>& mentions, commitment level,
                            transaction_encoding encoding) {
  auto params = array();
  if (mentions)
    params.raw(object().text("mentionsAccountOrProgram", to_base58(*mentions)).end());
  else
    params.text("all");
  return request(id, "blockSubscribe",
                 params.raw(block_config(level, encoding).flag("showRewards", false).end()).end());
}
std::string transaction_subscribe(request_id id, const transaction_filter& filter, commitment level,
                                  transaction_encoding encoding) {
  auto what = object();
  what.flag("vote", filter.votes);
  if (!filter.failed) what.flag("failed", false); // true would ask for the failed ones alone
  if (!filter.include.empty()) what.raw("accountInclude", addresses(filter.include));
  if (!filter.exclude.empty()) what.raw("accountExclude", addresses(filter.exclude));
  if (!filter.require.empty()) what.raw("accountRequired", addresses(filter.require));
  return request(id, "transactionSubscribe",
                 array().raw(what.end()).raw(block_config(level, encoding).flag("showRewards", false).end()).end());
}
std::string unsubscribe(request_id id, subscription_kind kind, std::uint64_t subscription) {
  return request(id, fmt::format("{}Unsubscribe", name(kind)), array().raw(fmt::to_string(subscription)).end());
}

} // namespace sett::solana::rpc
