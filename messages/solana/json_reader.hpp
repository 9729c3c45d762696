// Reads what RPC nodes and streams say about executed transactions, in JSON, into executed_transaction objects handed
// to a visitor one after the other: results of getBlock and getTransaction, blockNotification, providers'
// transactionNotification, with or without their JSON-RPC envelope, single or in arrays (batches) or one after the
// other (NDJSON); transactions in json, jsonParsed, base58, base64 and base64+zstd; bare transactions and wire bytes as
// lines of base64 or base58 text.
//
// Order of fields does not matter. Sources from before 2022 lack loaded addresses, stack heights, owners of token
// balances or inner instructions: what is absent is marked so in executed_transaction and never made up. Nothing is
// decoded that nobody asks for: keys and instruction data stay base58 text, log lines stay escaped.
//
// A transaction that cannot be read (a fault in its own fields) is reported to the visitor and stepped over; a document
// that is no JSON is an error. Steady state: no allocation. One reader per thread; never blocks.
#pragma once

#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/json_cursor.hpp"
#include "messages/solana/padded_text.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <memory>

namespace sett::solana {

struct block_header {
  slot_number
      slot; // from the notification or read_options; 0 when the source does not say (getBlock's result does not)
  slot_number parent;
  std::uint64_t height{}; // 0 unknown
  sett::blockhash blockhash, parent_blockhash;
  unix_seconds time; // 0 unknown
  std::uint32_t transaction_count{}, vote_count{}, fault_count{};
};

/// Receives what a reader finds, in the order of the document.
class transaction_visitor {
public:
  virtual ~transaction_visitor() = default;
  /// Valid during the call: the object is reused and its views point into the document. `block_time` and `slot` are
  /// those the source gave before the transaction; a block's header may follow its transactions.
  virtual void transaction(const executed_transaction& tx) = 0;
  /// After the last transaction of a block.
  virtual void block(const block_header&) {}
  /// A transaction that was stepped over, or a JSON-RPC error in place of a result (code rpc_error).
  virtual void fault(const error&) {}
};

struct read_options {
  slot_number slot;       // what was asked for, where the document does not say
  bool skip_votes{false}; // do not visit simple vote transactions (they are counted)
};

struct document_info {
  std::uint64_t transactions{}; // visited
  std::uint64_t votes{};        // simple vote transactions among those read
  std::uint64_t blocks{};
  std::uint64_t faults{};
  std::uint64_t other{};        // values that are neither block nor transaction (other notifications, empty results)
  std::uint64_t subscription{}; // of a notification
};

class json_reader {
public:
  json_reader();
  ~json_reader();
  json_reader(json_reader&&) noexcept;
  json_reader& operator=(json_reader&&) noexcept;

  /// Reads a whole document. Errors: those of json_document::index, and malformed where the brackets do not close; what
  /// was visited before stays visited.
  result<document_info> read(padded_view document, transaction_visitor& visitor, const read_options& options = {});
  /// Reads the one value `cursor` stands on, of a document indexed elsewhere, and steps over it.
  result<document_info> read(json_document& document, json_cursor& cursor, transaction_visitor& visitor,
                             const read_options& options = {});

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

/// Reads a document of any known form with a reader of its own: convenient for tools and tests. Repeated use should
/// keep a json_reader. Text that is not JSON is taken as lines of wire bytes in base64 or base58.
result<document_info> read_document(padded_view document, transaction_visitor& visitor,
                                    const read_options& options = {});

} // namespace sett::solana
