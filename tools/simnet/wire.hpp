// Transactions between the simulated chain's own form, wire bytes (legacy and v0) and the JSON that RPC nodes show.
// Written from the format's description and apart from the node's codec: simnet must not repeat a mistake of what it
// tests.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

enum class wire_errc : std::uint16_t { ok, truncated, trailing_bytes, bad_number, unknown_version };

/// The message alone: what is signed.
[[nodiscard]] std::vector<std::uint8_t> write_message(const chain_transaction& transaction);
/// Signatures and message.
[[nodiscard]] std::vector<std::uint8_t> write_wire(const chain_transaction& transaction);
/// Fills message and signatures from `transaction.wire`.
[[nodiscard]] result<void> read_wire(chain_transaction& transaction);

/// {"signatures":[...],"message":{...}} of encoding "json".
[[nodiscard]] std::string render_transaction_json(const chain_transaction& transaction);
/// The meta object of encodings json, base58 and base64.
[[nodiscard]] std::string render_meta_json(const chain_transaction& transaction);
/// [data, encoding] for base58 and base64, transaction_json for json, and for jsonParsed the object with parsed account
/// keys and, for instructions of the system, SPL token, associated-token, memo-free rest: partially decoded
/// instructions as RPC nodes show programs they have no parser for.
[[nodiscard]] std::string render_transaction(const chain_transaction& transaction, std::string_view encoding);
/// The meta for an encoding: jsonParsed shows inner instructions parsed like outer ones.
[[nodiscard]] std::string render_meta(const chain_transaction& transaction, std::string_view encoding);

[[nodiscard]] std::string base58_text(std::span<const std::uint8_t> bytes);
/// {"amount":..,"decimals":..,"uiAmount":..,"uiAmountString":..}
[[nodiscard]] std::string render_token_amount(std::uint64_t amount, std::uint8_t decimals);
/// Is the key at `index` writable for this transaction (by header and lookup place)?
[[nodiscard]] bool is_writable(const chain_transaction& transaction, std::size_t index);

} // namespace sett::simnet
