// The simulated chain's own vocabulary: transactions with everything that any face of the chain (JSON-RPC, PubSub,
// Yellowstone) shows of them, blocks of them, and the steps by which the chain grows. Immutable once produced and
// shared by pointer between the driver, the history and the servers.
//
// A transaction keeps its JSON pieces as finished text: a recorded block is shown exactly as it was recorded, and a
// piece that ten subscribers ask for is rendered once.
#pragma once

#include "messages/types/block_update.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sett::simnet {

struct compiled_instruction {
  std::uint8_t program_index{};
  std::vector<std::uint8_t> accounts; // indexes into keys
  std::vector<std::uint8_t> data;
  std::uint32_t stack_height{}; // 1 = top level; 0 = the source does not say
};

struct inner_group {
  std::uint8_t outer{};
  std::vector<compiled_instruction> instructions;
};

struct token_balance_entry {
  std::uint8_t account_index{};
  std::uint8_t decimals{};
  address mint, owner, program;
  std::uint64_t amount{};
};

struct table_lookup {
  address table;
  std::vector<std::uint8_t> writable, readonly;
};

/// A value written to an account by a transaction: what getAccountInfo and accountSubscribe show afterwards.
struct account_write {
  address key;
  std::uint64_t lamports{}; // 0 closes the account
  address owner;            // program
  std::vector<std::uint8_t> data;
};

/// What a transaction was made as; the ledger counts these. Recorded transactions are `recorded` or `vote`.
enum class transaction_kind : std::uint8_t {
  recorded,
  vote,
  transfer,
  failed,
  pump_create,
  pump_buy,
  pump_sell,
  raydium_create,
  raydium_swap,
  pump_amm_create,
  pump_amm_buy,
  pump_amm_sell,
  count_
};

/// A swap that the generator made: what decoders must find.
struct trade_note {
  address mint, trader;
  bool is_buy{};
  std::uint64_t sol_amount{}, token_amount{}; // through the pool, without the venue's fees
};

struct chain_transaction {
  signature id;
  std::string signature_text;
  transaction_kind kind{transaction_kind::recorded};
  bool versioned{}; // v0; else legacy
  bool vote{};
  bool failed{};

  // message
  std::uint8_t required_signatures{}, readonly_signed{}, readonly_unsigned{};
  std::vector<signature> signatures;
  std::vector<address> keys; // static, then loaded writable, then loaded read-only
  std::uint8_t static_key_count{}, loaded_writable_count{}, loaded_readonly_count{};
  blockhash recent_blockhash;
  std::vector<compiled_instruction> instructions;
  std::vector<table_lookup> lookups;

  // meta
  std::string error_json{"null"}; // TransactionError as JSON
  std::uint64_t fee{};
  std::vector<std::uint64_t> pre_lamports, post_lamports;
  std::vector<token_balance_entry> pre_tokens, post_tokens;
  std::vector<inner_group> inner;
  std::vector<std::string> logs;
  std::optional<std::uint64_t> compute_units;

  // finished text and bytes
  std::string transaction_json; // {"signatures":[...],"message":{...}}, encoding "json"
  std::string meta_json;        // for encodings json, base58 and base64
  std::vector<std::uint8_t> wire;

  std::optional<trade_note> trade;

  // what it wrote; derived from the meta, plus what its source knows better (mints, curves, pools)
  std::vector<account_write> writes;

  [[nodiscard]] std::size_t memory_bytes() const {
    return sizeof(*this) + transaction_json.size() + meta_json.size() + wire.size() + keys.size() * 32 + 1024;
  }
};

using transaction_ptr = std::shared_ptr<const chain_transaction>;

struct chain_block {
  slot_number slot, parent;
  std::uint64_t height{};
  blockhash hash, parent_hash;
  unix_seconds time;
  std::vector<transaction_ptr> transactions;
  std::string rewards_json{"[]"};
  /// The recorded getBlock result, byte for byte, when this block is shown exactly as it was recorded; else empty.
  std::string recorded_result;
  std::string recorded_encoding; // "json" or "base64": for which request recorded_result is the answer

  [[nodiscard]] std::size_t memory_bytes() const {
    std::size_t n = sizeof(*this) + recorded_result.size() + rewards_json.size();
    for (const auto& t : transactions) n += t->memory_bytes();
    return n;
  }
};

using block_ptr = std::shared_ptr<const chain_block>;

/// One thing that happened to a slot. `block` is set from `processed` on and for `dead`.
struct chain_step {
  slot_status status{slot_status::processed};
  slot_number slot, parent, root;
  block_ptr block;

  /// Which commitment the block has just reached, if any.
  [[nodiscard]] std::optional<commitment> reached() const {
    switch (status) {
    case slot_status::processed:
      return commitment::processed;
    case slot_status::confirmed:
      return commitment::confirmed;
    case slot_status::finalized:
      return commitment::finalized;
    default:
      return std::nullopt;
    }
  }
};

} // namespace sett::simnet
