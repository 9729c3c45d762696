// JSON-RPC responses: the envelope (single or batch), errors with their meaning, and the results of the methods in
// rpc_request.hpp. Blocks and transactions are json_reader's business; their responses are recognised as errors here
// when they are ones. Pure, not thread-safe; never blocks. Results own their content.
#pragma once

#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/json_cursor.hpp"
#include "messages/solana/padded_text.hpp"
#include "messages/solana/rpc_request.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::solana::rpc {

/// What an error code means for whoever asked. Codes: Agave's rpc-custom-error.rs (v2.2, 2025) and JSON-RPC 2.0.
enum class meaning : std::uint8_t {
  our_fault,           // malformed request, unknown method, wrong parameters: asking again cannot help
  not_yet,             // the block or slot is not there yet (-32004, -32014, -32016): ask again
  slot_skipped,        // the slot has no block and never will (-32007, -32009)
  gone,                // cleaned up or never kept by this node (-32001, -32011, -32019): ask another
  node_unhealthy,      // behind, no snapshot, scan failed, internal error (-32005, -32008, -32012, -32603): ask another
  unsupported_version, // the transaction's version was not allowed by the request (-32015)
  transaction_refused, // preflight, signature or precompile check failed (-32002, -32003, -32006, -32013)
  method_unavailable,  // disabled on this node (-32010, -32601, 410)
  rate_limited,        // 429 or a provider's own code for it
  unknown,
};

struct failure {
  std::int64_t code{};
  std::string message; // the server's words, at most 300 characters; may name our parameters, never our URL
  rpc::meaning meaning{meaning::unknown};
  std::optional<std::uint64_t> slots_behind;    // of -32005
  std::optional<transaction_error> transaction; // of -32002
};
[[nodiscard]] rpc::meaning meaning_of(std::int64_t code);
/// The value of "error"; the cursor steps over it.
bool read_failure(json_cursor& cursor, failure& out);

/// One response of a document.
struct response {
  std::optional<request_id> id; // absent when the server could not read the request
  std::optional<rpc::failure> failure;
  json_cursor result; // on the result's value when there is no failure
};

/// The responses of one HTTP body.
class response_document {
public:
  /// `text` must outlive the use of results. Errors: as json_document::index, and malformed or missing for what is no
  /// response.
  [[nodiscard]] result<void> read(padded_view text);
  [[nodiscard]] std::span<const response> responses() const { return responses_; }
  /// The one that answers a request, or nullptr.
  [[nodiscard]] const response* find(request_id id) const;

  /// The result as T, one of the types below. Error: the server's failure (code rpc_error), or what is wrong with the
  /// result.
  template <class T>
  [[nodiscard]] result<T> get(const response& r);

private:
  json_document document_;
  std::vector<response> responses_;
};

// --- results
// ----------------------------------------------------------------------------------------------------------------

/// A value and the slot at which the node looked.
template <class T>
struct at_slot {
  slot_number slot;
  T value;
};

struct version_info {
  std::string core;
  std::uint64_t feature_set{};
};
struct epoch_info {
  std::uint64_t epoch{}, slot_index{}, slots_in_epoch{};
  slot_number absolute_slot;
  std::uint64_t block_height{};
  std::optional<std::uint64_t> transaction_count;
};
struct latest_blockhash {
  sett::blockhash blockhash;
  std::uint64_t last_valid_block_height{};
};
struct signature_entry { // of getSignaturesForAddress, newest first
  sett::signature signature;
  slot_number slot;
  std::optional<unix_seconds> block_time;
  transaction_error err;
  std::optional<commitment> status;
};
struct signature_status {
  slot_number slot;
  std::optional<std::uint64_t> confirmations; // none: rooted
  transaction_error err;
  std::optional<commitment> status;
};
struct prioritization_fee {
  slot_number slot;
  std::uint64_t micro_lamports_per_unit{};
};
struct account {
  address key; // zero where the method does not repeat it
  address owner;
  sett::lamports lamports;
  bool executable{};
  std::uint64_t rent_epoch{};
  std::vector<std::uint8_t> data; // empty for jsonParsed
  std::string parsed; // jsonParsed: the JSON object; text data of the first API versions is base58 and decoded
};
struct simulation {
  transaction_error err;
  std::vector<std::string> logs;
  std::optional<std::uint64_t> units_consumed;
  std::vector<std::optional<account>> accounts; // those asked for, without their keys; empty when it failed
};

using accounts = std::vector<std::optional<account>>;
using signature_statuses = std::vector<std::optional<signature_status>>;

// get<T> is defined for: std::uint64_t, std::string, std::vector<slot_number>, signature, version_info, epoch_info,
// at_slot<latest_blockhash>, at_slot<std::uint64_t>, at_slot<std::optional<account>>, at_slot<accounts>,
// at_slot<signature_statuses>, at_slot<simulation>, std::vector<signature_entry>, std::vector<prioritization_fee>.
// at_slot<accounts> also reads getProgramAccounts without context (slot 0).

} // namespace sett::solana::rpc

namespace sett::solana {

/// `null`, a text or {"InstructionError": [...]} as a transaction error; the cursor steps over it.
bool read_transaction_error(json_cursor& cursor, transaction_error& out);

/// The fields of an account object ({"data", "owner", "lamports", ...}) into `out`; `data` receives the decoded bytes
/// (kept capacity) and `parsed` the JSON object of jsonParsed.
struct account_fields {
  address owner;
  sett::lamports lamports;
  bool executable{};
  std::uint64_t rent_epoch{};
  std::string_view parsed;
};
bool read_account(json_cursor& cursor, account_fields& out, std::vector<std::uint8_t>& data);
/// A base58 address or blockhash of 32 bytes.
bool read_key(json_cursor& cursor, std::span<std::uint8_t, 32> out);
/// The text of a whole value, which the cursor steps over.
bool read_raw(json_cursor& cursor, std::string_view& out);

} // namespace sett::solana
