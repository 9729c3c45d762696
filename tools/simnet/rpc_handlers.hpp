// Solana's JSON-RPC over the simulated history: request text in, answer text out, pure. Shapes and error codes follow
// Agave's RPC (rpc/src/rpc.rs and rpc-client-api/src/custom_error.rs, 2.x). What simnet does not know it refuses with a
// clear error.
#pragma once

#include "tools/simnet/chain_history.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace sett::simnet {

/// JSON-RPC and Solana error codes used here.
namespace rpc_code {
inline constexpr int parse_error = -32700, invalid_request = -32600, method_not_found = -32601, invalid_params = -32602;
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

/// Texts of whole blocks by (slot, form), so that ten readers of one block cost one rendering. Bounded.
class render_cache {
public:
  using text_ptr = std::shared_ptr<const std::string>;
  /// The cached text, or the one that `render` makes.
  text_ptr get(slot_number slot, const blockhash& hash, const std::string& form,
               const std::function<std::string()>& render);

private:
  struct entry {
    slot_number slot;
    blockhash hash;
    std::string form;
    text_ptr text;
  };
  static constexpr std::size_t entries_max = 12;
  std::list<entry> entries_;
};

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

/// getProgramAccounts and programSubscribe filters: dataSize and memcmp.
[[nodiscard]] bool matches_filters(const account_write& account, const boost::json::array* filters);

/// Answers a request or a batch. Unknown methods give -32601, unreadable text -32700. Notifications (no id) give an
/// empty answer.
class rpc_service {
public:
  /// Slots that this endpoint pretends not to have, by a fault.
  using slot_filter = std::function<bool(slot_number)>;

  explicit rpc_service(render_cache& cache) : cache_(&cache) {}
  [[nodiscard]] std::string answer(std::string_view request, const chain_view& view,
                                   const slot_filter& unavailable = {}) const;
  /// The methods of a request or batch, for faults by method; empty when unreadable.
  [[nodiscard]] static std::vector<std::string> methods_of(std::string_view request);

private:
  [[nodiscard]] std::string answer_one(const boost::json::value& request, const chain_view& view,
                                       const slot_filter& unavailable) const;
  render_cache* cache_;
};

[[nodiscard]] std::string error_answer(std::string_view id_json, int code, std::string_view message,
                                       std::string_view data_json = {});

} // namespace sett::simnet
