// Reads a getBlock result (encoding json, base58 or base64) into the simulated chain's own block, keeping the recorded
// text. What a recording does not say stays empty: encodings that need it are then refused when they are asked for.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <string_view>

namespace sett::simnet {

enum class block_errc : std::uint16_t { ok, bad_json, missing_member, bad_address, unsupported_encoding, bad_wire };

/// `text` is the result object itself, or a JSON-RPC answer that holds it. `slot` is used when nothing in the text says
/// the slot (getBlock's result does not): then the slot is parentSlot + 1. Errors name the transaction and member at
/// fault.
[[nodiscard]] result<chain_block> parse_block(std::string_view text, std::optional<slot_number> slot);

/// The accounts a transaction leaves behind as far as its balances tell: lamports for all, SPL token accounts rebuilt
/// from the token balances, everything else as a system account without data.
[[nodiscard]] std::vector<account_write> writes_from_meta(const chain_transaction& transaction);

/// Data of an initialised SPL token account (165 bytes; layout: spl_token::state::Account).
[[nodiscard]] std::vector<std::uint8_t> token_account_data(const address& mint, const address& owner,
                                                           std::uint64_t amount, bool is_native);

/// The same transaction under another signature: for looping a recording. The new signature is the first 64 bytes of
/// SHA-512(original signature, pass as 8 bytes little endian); text and wire bytes are changed accordingly.
[[nodiscard]] transaction_ptr with_derived_signature(const chain_transaction& original, std::uint64_t pass);

/// Is it a transaction of one instruction of the vote program?
[[nodiscard]] bool is_vote_transaction(const chain_transaction& transaction);

} // namespace sett::simnet
