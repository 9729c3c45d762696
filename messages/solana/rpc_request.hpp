// JSON-RPC requests as text: HTTP methods, and the subscriptions of the WebSocket. One function per method the node
// uses; each returns one request object, `batch` joins several. Names and parameters: https://solana.com/docs/rpc
// (2026-06); transactionSubscribe is Helius' and Triton's. Pure; never blocks.
#pragma once

#include "messages/solana/encoded_data.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::solana::rpc {

/// Chosen by the caller and repeated in the response.
using request_id = std::uint64_t;

/// How transactions of blocks are asked for. json is the cheapest to read (json_reader), base64 the smallest.
enum class transaction_encoding : std::uint8_t { json, json_parsed, base64 };

struct account_options {
  sett::commitment commitment{sett::commitment::confirmed};
  data_encoding encoding{data_encoding::base64};
  bool parsed{}; // jsonParsed in place of encoding
  std::optional<slot_number> min_context_slot{};
  struct slice {
    std::uint64_t offset, length;
  };
  std::optional<slice> data_slice{};
};

/// Bytes that must stand at an offset of the account's data.
struct memory_filter {
  std::uint64_t offset{};
  std::vector<std::uint8_t> bytes;
};
struct program_filters {
  std::optional<std::uint64_t> data_size;
  std::vector<memory_filter> memory; // at most 4 together with data_size
};

// --- HTTP
// -------------------------------------------------------------------------------------------------------------------
[[nodiscard]] std::string get_health(request_id id);
[[nodiscard]] std::string get_version(request_id id);
[[nodiscard]] std::string get_slot(request_id id, commitment level);
[[nodiscard]] std::string get_block_height(request_id id, commitment level);
[[nodiscard]] std::string get_epoch_info(request_id id, commitment level);
/// Full transactions without rewards, versions up to 0 (the highest the RPC names). `level`: confirmed or finalized
/// only.
[[nodiscard]] std::string get_block(request_id id, slot_number slot, commitment level,
                                    transaction_encoding encoding = transaction_encoding::json);
/// Slots that have a block, from `first` to `last`, both included; at most 500,000.
[[nodiscard]] std::string get_blocks(request_id id, slot_number first, slot_number last, commitment level);
[[nodiscard]] std::string get_transaction(request_id id, const signature& transaction, commitment level,
                                          transaction_encoding encoding = transaction_encoding::json);
/// Newest first. `before` and `until` are not included themselves. `limit`: 1 to 1,000.
[[nodiscard]] std::string get_signatures_for_address(request_id id, const address& account, commitment level,
                                                     std::uint32_t limit, const std::optional<signature>& before = {},
                                                     const std::optional<signature>& until = {});
/// At most 256. `search_history`: also those older than the node's status cache.
[[nodiscard]] std::string get_signature_statuses(request_id id, std::span<const signature> transactions,
                                                 bool search_history);
[[nodiscard]] std::string get_account_info(request_id id, const address& account, const account_options& options);
/// At most 100.
[[nodiscard]] std::string get_multiple_accounts(request_id id, std::span<const address> accounts,
                                                const account_options& options);
/// The result has a context (withContext).
[[nodiscard]] std::string get_program_accounts(request_id id, const address& program, const program_filters& filters,
                                               const account_options& options);
/// Either one mint's, or all of one token program.
[[nodiscard]] std::string get_token_accounts_by_owner_and_mint(request_id id, const address& owner, const address& mint,
                                                               const account_options& options);
[[nodiscard]] std::string get_token_accounts_by_owner_and_program(request_id id, const address& owner,
                                                                  const address& program,
                                                                  const account_options& options);
[[nodiscard]] std::string get_balance(request_id id, const address& account, commitment level);
[[nodiscard]] std::string get_minimum_balance_for_rent_exemption(request_id id, std::uint64_t data_bytes,
                                                                 commitment level);
[[nodiscard]] std::string get_latest_blockhash(request_id id, commitment level);
[[nodiscard]] std::string get_recent_prioritization_fees(request_id id, std::span<const address> writable_accounts);
struct send_options {
  bool skip_preflight{true};
  commitment preflight_commitment{commitment::confirmed};
  std::uint32_t max_retries{0}; // by the node; ours are our own
};
[[nodiscard]] std::string send_transaction(request_id id, std::span<const std::uint8_t> wire,
                                           const send_options& options);
struct simulate_options {
  sett::commitment commitment{sett::commitment::processed};
  bool replace_blockhash{};
  bool verify_signatures{}; // not together with replace_blockhash
  bool inner_instructions{true};
  std::span<const address> accounts{}; // whose state afterwards is asked for
};
[[nodiscard]] std::string simulate_transaction(request_id id, std::span<const std::uint8_t> wire,
                                               const simulate_options& options);

/// A JSON-RPC batch of one or more requests.
[[nodiscard]] std::string batch(std::span<const std::string> requests);

// --- WebSocket
// --------------------------------------------------------------------------------------------------------------
/// What is subscribed to; also names the unsubscribe method and the notification.
enum class subscription_kind : std::uint8_t {
  account,
  program,
  logs,
  signature,
  slot,
  slots_updates,
  root,
  block,
  transaction
};
[[nodiscard]] std::string_view name(subscription_kind kind); // "account", "slotsUpdates", ...

[[nodiscard]] std::string account_subscribe(request_id id, const address& account, const account_options& options);
[[nodiscard]] std::string program_subscribe(request_id id, const address& program, const program_filters& filters,
                                            const account_options& options);
/// All transactions but votes, or those that mention one address.
[[nodiscard]] std::string logs_subscribe(request_id id, const std::optional<address>& mentions, commitment level);
[[nodiscard]] std::string signature_subscribe(request_id id, const signature& transaction, commitment level);
[[nodiscard]] std::string slot_subscribe(request_id id);
[[nodiscard]] std::string slots_updates_subscribe(request_id id);
[[nodiscard]] std::string root_subscribe(request_id id);
/// `level`: confirmed or finalized only.
[[nodiscard]] std::string block_subscribe(request_id id, const std::optional<address>& mentions, commitment level,
                                          transaction_encoding encoding = transaction_encoding::json);
struct transaction_filter {
  bool votes{false};
  bool failed{true};
  std::vector<address> include{}, exclude{}, require{}; // any of, none of, all of; empty: no restriction
};
[[nodiscard]] std::string transaction_subscribe(request_id id, const transaction_filter& filter, commitment level,
                                                transaction_encoding encoding = transaction_encoding::base64);
[[nodiscard]] std::string unsubscribe(request_id id, subscription_kind kind, std::uint64_t subscription);

[[nodiscard]] std::string_view name(commitment level); // "processed", "confirmed", "finalized"

} // namespace sett::solana::rpc
