// How Agave's RPC writes blocks, transactions and accounts, and how it reads the configuration objects that ask for
// them (rpc/src/rpc.rs and rpc-client-api/src/custom_error.rs, 2.x): what JSON-RPC and PubSub share. Pure; what cannot
// be read or shown is thrown as rpc_failure and turned into an error answer where the call is answered.
#pragma once

#include "tools/simnet/chain_history.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

/// JSON-RPC and Solana error codes used here.
namespace rpc_code {
inline constexpr int parse_error = -32700, invalid_request = -32600, method_not_found = -32601, invalid_params = -32602;
inline constexpr int preflight_failure = -32002, signature_failure = -32003;
inline constexpr int block_cleaned_up = -32001, block_not_available = -32004, node_unhealthy = -32005,
                     slot_skipped = -32007, long_term_storage_slot_skipped = -32009,
                     unsupported_transaction_version = -32015, min_context_slot = -32016;
} // namespace rpc_code

/// Thrown inside handlers only and turned into an error answer where the call is answered.
struct rpc_failure {
  int code{};
  std::string message;
  std::string data_json; // empty: no data member
};

[[noreturn]] void refuse_call(int code, std::string message, std::string data_json = {});
/// Empty where the value is no string.
[[nodiscard]] std::string_view text_of(const boost::json::value& v);
/// Nothing where the value is no whole number of at least 0.
[[nodiscard]] std::optional<std::uint64_t> number_of(const boost::json::value& v);

/// What a request can ask for in a block.
struct block_form {
  std::string encoding{"json"};
  std::string details{"full"}; // full, accounts, signatures, none
  bool rewards{true};
  std::optional<std::uint64_t> version_max;
};
/// Reads encoding, transactionDetails, (showRewards|rewards), maxSupportedTransactionVersion. Throws rpc_failure.
[[nodiscard]] block_form read_block_form(const boost::json::object* config);
/// The block object. Throws rpc_failure when a transaction's version is above what the form allows.
[[nodiscard]] std::string render_block(const chain_block& block, const block_form& form);
/// {"meta":..,"transaction":..,"version":..} without the braces. Throws like render_block.
[[nodiscard]] std::string render_transaction_members(const chain_transaction& transaction, const block_form& form);

/// {"data":..,"executable":..,"lamports":..,"owner":..,"rentEpoch":..,"space":..}; encoding as in getAccountInfo.
[[nodiscard]] std::string render_account(const account_write& account, std::string_view encoding,
                                         const boost::json::object* config);

/// A commitment member of a configuration object; `fallback` when absent. Throws rpc_failure.
[[nodiscard]] commitment read_commitment(const boost::json::object* config, commitment fallback);
[[nodiscard]] address read_address(const boost::json::value& value);

[[nodiscard]] bool is_token_program(const address& program);
/// Eight bytes of account data, little endian; they must be there.
[[nodiscard]] std::uint64_t u64_at(const std::vector<std::uint8_t>& data, std::size_t at);
/// A token amount as {"amount":..,"decimals":..,"uiAmount":..,"uiAmountString":..}.
[[nodiscard]] std::string ui_amount(std::uint64_t amount, std::uint8_t decimals);

/// getProgramAccounts and programSubscribe filters: dataSize and memcmp.
[[nodiscard]] bool matches_filters(const account_write& account, const boost::json::array* filters);

} // namespace sett::simnet
