// One transaction as the chain executed it, the common ground of every reader (JSON in four encodings, Yellowstone
// protobuf, wire bytes with meta) and every decoder. Reused from transaction to transaction: reset() keeps all
// capacity, so the steady state does not allocate. Text is decoded on first use: a JSON block names 20 keys per
// transaction and decoders need a few of them.
//
// Lifetime: views point into the reader's input buffer or into this object's arena; both must outlive every use. Not
// thread-safe, also not for const access (lazy caches are filled by const functions).
#pragma once

#include "messages/types/chain_event.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sett::solana {

/// An address given as base58 text or as bytes; decoded at most once.
class lazy_address {
public:
  lazy_address() = default;
  explicit lazy_address(std::string_view base58) : text_(base58) {}
  explicit lazy_address(const address& bytes) : bytes_(bytes), state_(state::decoded) {}
  explicit lazy_address(const std::uint8_t* raw) : raw_(raw), state_(state::raw) {}
  /// The 32 bytes. Text that is not a valid address reads as all zeros; readers validate where it matters (invalid()).
  [[nodiscard]] const address& get() const {
    if (state_ != state::decoded) decode();
    return bytes_;
  }
  [[nodiscard]] bool invalid() const {
    if (state_ != state::decoded) decode();
    return invalid_;
  }
  [[nodiscard]] std::string_view text() const { return text_; } // empty when given as bytes

private:
  enum class state : std::uint8_t { text, raw, decoded };
  void decode() const; // base58.cpp
  std::string_view text_;
  const std::uint8_t* raw_{};
  mutable address bytes_;
  mutable state state_{state::text};
  mutable bool invalid_{};
};

/// One instruction in execution order: every top-level instruction is followed by its inner ones.
struct executed_instruction {
  instruction_path path;
  std::uint8_t program_index{};           // into keys
  std::uint8_t stack_height{};            // 1 = top level; 0 = source does not say (old blocks)
  std::span<const std::uint8_t> accounts; // indexes into keys
  std::string_view data_base58;           // set while the data is not decoded yet
  // Filled by executed_transaction::data() on first use, or by a reader that has bytes (which sets decoded).
  mutable std::span<const std::uint8_t> data_bytes;
  mutable bool decoded{};
  mutable bool data_invalid{}; // the text was no base58: data() is empty
  bool shown_parsed{}; // a jsonParsed source showed it in a form that is not turned back into bytes: data() is empty
};

struct token_balance {
  std::uint8_t account_index{};
  std::uint8_t decimals{};
  lazy_address mint, owner; // owner may be absent in blocks before 2022: has_owner
  bool has_owner{};
  token_amount amount;
};

struct transaction_error {
  bool failed{};
  bool is_instruction_error{};
  std::uint16_t instruction{};
  bool has_custom_code{};
  std::uint32_t custom_code{};
};

class executed_transaction {
public:
  // --- filled by readers
  // -------------------------------------------------------------------------------------------------
  slot_number slot;
  std::uint32_t index{event_transaction::unknown_index};
  unix_seconds block_time;
  std::string_view signature_base58; // first signature as text, or
  signature signature_bytes;         // as bytes when signature_base58 is empty
  std::uint8_t required_signatures{}, readonly_signed{}, readonly_unsigned{};
  std::uint8_t static_key_count{}, loaded_writable_count{}, loaded_readonly_count{};
  bool is_vote{};        // the reader recognised a simple vote transaction
  bool has_meta{};       // without meta there are no balances, inner instructions or outcome
  bool has_inner{};      // meta carried inner instructions (old or stripped sources do not)
  bool loaded_missing{}; // addresses looked up in tables are not given (bytes without meta): their keys read as zeros
  transaction_error err;
  lamports fee;
  std::optional<std::uint64_t> compute_units;
  std::vector<lazy_address> keys; // static, then loaded writable, then loaded read-only
  std::vector<executed_instruction> instructions;
  std::vector<std::uint64_t> pre_lamports, post_lamports; // by key index
  std::vector<token_balance> pre_tokens, post_tokens;
  mutable std::vector<std::string_view> log_lines; // as the source has them; read them with logs()
  mutable std::string_view
      escaped_logs;      // JSON sources: the text that covers log_lines, which may hold escapes. Empty: none is escaped
  bool logs_truncated{}; // the source cut them, or says "Log truncated"

  // --- for decoders
  // ------------------------------------------------------------------------------------------------------
  [[nodiscard]] const address& key(std::size_t i) const { return keys[i].get(); }
  /// The i-th account of an instruction; callers check `i < accounts.size()` first (decoders check counts up front).
  [[nodiscard]] const address& account(const executed_instruction& ix, std::size_t i) const {
    return key(ix.accounts[i]);
  }
  /// Instruction data, decoded from base58 on first use into the arena.
  [[nodiscard]] std::span<const std::uint8_t> data(const executed_instruction& ix) const;
  [[nodiscard]] bool is_signer(std::size_t key_index) const { return key_index < required_signatures; }
  [[nodiscard]] signature first_signature() const; // decodes the text form
  /// The log lines as plain text, unescaped on first use into the arena.
  [[nodiscard]] const std::vector<std::string_view>& logs() const {
    if (!escaped_logs.empty()) unescape_logs();
    return log_lines;
  }

  // --- arena for readers
  // -------------------------------------------------------------------------------------------------
  /// Bytes that live until reset(). Chunks are kept.
  [[nodiscard]] std::span<std::uint8_t> allocate(std::size_t n) const;
  void reset();

private:
  void unescape_logs() const; // executed_transaction_logs.cpp
  struct chunk {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size{};
  };
  mutable std::vector<chunk> chunks_;
  mutable std::size_t chunk_{}, used_{};
};

} // namespace sett::solana
