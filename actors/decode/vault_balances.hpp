// Where money went inside one transaction: every movement of tokens and lamports that its instructions name, and the
// accounts' balances before and after. Venues' decoders take their amounts from here: the movements among an
// instruction's children are what really entered and left a pool, and the balances are the second witness.
//
// One index per transaction, built in one pass over the token and system instructions and reused with all its capacity.
// Key indexes are positions in executed_transaction::keys.
#pragma once

#include "messages/solana/executed_transaction.hpp"
#include "messages/types/chain_event.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sett::decode {

/// A half-open range of positions in executed_transaction::instructions.
struct instruction_range {
  std::size_t begin{}, end{};
};

enum class move_kind : std::uint8_t { token, token_2022, lamports, mint, burn, unwrap };

/// One movement. `amount` is what the instruction says: what leaves `source`. A Token-2022 fee may keep part of it from
/// `destination`: see transaction_index::received().
struct token_move {
  std::uint32_t position{}; // in executed_transaction::instructions
  move_kind kind{move_kind::token};
  std::uint8_t source{no_key};      // key index; no_key for mint
  std::uint8_t destination{no_key}; // key index; no_key for burn
  std::uint8_t authority{no_key};
  std::uint8_t mint{no_key}; // where the instruction names it
  std::uint64_t amount{};
  std::uint64_t fee{}; // transferCheckedWithFee only
  bool fee_stated{};

  static constexpr std::uint8_t no_key = 0xff;
};

class transaction_index {
public:
  /// Forgets the last transaction and reads `tx`; `tx` must outlive every use.
  void build(const solana::executed_transaction& tx);

  [[nodiscard]] program_kind kind(std::size_t position) const { return kinds_[position]; }
  [[nodiscard]] std::span<const token_move> moves() const { return moves_; }
  /// The movements made by instructions in `range`, in order.
  [[nodiscard]] std::span<const token_move> moves(instruction_range range) const;

  /// Mint and owner of a token account as far as this transaction tells (balances, initialisation, checked transfers),
  /// else nullptr.
  [[nodiscard]] const address* mint_of(std::size_t key) const;
  [[nodiscard]] const address* owner_of(std::size_t key) const;
  /// The owner, or the account itself where the owner is not known.
  [[nodiscard]] const address& wallet_of(std::size_t key) const;

  /// What `destination` got of a movement: the amount less a Token-2022 transfer fee. The fee is stated by the
  /// instruction or follows from the account's balances when this is its only fee-bearing movement; else the amount
  /// itself.
  [[nodiscard]] std::uint64_t received(const token_move& move) const;

  /// A token account's balance change over the whole transaction, modulo 2^64; nothing when a side is not known.
  [[nodiscard]] std::optional<std::uint64_t> token_change(std::size_t key) const;
  /// Lamports' change over the whole transaction, modulo 2^64.
  [[nodiscard]] std::optional<std::uint64_t> lamport_change(std::size_t key) const;
  /// Whether all movements this transaction names on the token account explain its balance change exactly (a Token-2022
  /// fee aside). False when a balance is missing: not proven.
  [[nodiscard]] bool balances_explained(std::size_t key) const;

private:
  struct opened_account { // a token account initialised in this transaction
    std::uint8_t key{}, mint{};
    bool owner_given{};
    std::uint8_t owner_key{token_move::no_key};
    address owner;
  };
  struct named_mint { // a checked transfer names its accounts' mint
    std::uint8_t key{}, mint{};
  };
  void read_token(std::uint32_t position, const solana::executed_instruction& ix,
                  std::span<const std::uint8_t> accounts, std::span<const std::uint8_t> data, bool is_2022,
                  bool inside_batch);
  void read_system(std::uint32_t position, const solana::executed_instruction& ix);
  [[nodiscard]] const opened_account* opened(std::size_t key) const;

  const solana::executed_transaction* tx_{};
  std::vector<program_kind> kinds_;
  std::vector<token_move> moves_;
  std::vector<opened_account> opened_;
  std::vector<named_mint> named_;
  std::array<std::uint16_t, 256> pre_{}, post_{}; // by key: 1 + position in pre_tokens / post_tokens, 0 = none
  std::array<program_kind, 256> key_kinds_{};
};

} // namespace sett::decode
