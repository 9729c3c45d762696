// Solana's JSON-RPC over the simulated history: request text in, answer text out, pure. Shapes and error codes follow
// Agave's RPC (rpc/src/rpc.rs and rpc-client-api/src/custom_error.rs, 2.x). What simnet does not know it refuses with a
// clear error.
#pragma once

#include "tools/simnet/chain_history.hpp"
#include "tools/simnet/rpc_rendering.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

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

class transaction_port;

/// How this endpoint behaves towards one request: where it sends transactions to, and how it lies (faults).
struct endpoint_manners {
  transaction_port* port{}; // nullptr: nothing can be sent
  std::size_t endpoint{};
  bool swallows_sends{};        // says it took a transaction and throws it away
  bool denies_sends{};          // takes it and answers with an error
  bool withholds{};             // knows nothing of what has landed
  bool claims_finalized{};      // says that what it does not know is finalized
  std::uint64_t height_ahead{}; // how much its heights and slots are overstated
};

/// Answers a request or a batch. Unknown methods give -32601, unreadable text -32700. Notifications (no id) give an
/// empty answer.
class rpc_service {
public:
  /// Slots that this endpoint pretends not to have, by a fault.
  using slot_filter = std::function<bool(slot_number)>;

  explicit rpc_service(render_cache& cache) : cache_(&cache) {}
  [[nodiscard]] std::string answer(std::string_view request, const chain_view& view,
                                   const slot_filter& unavailable = {}, const endpoint_manners& manners = {}) const;
  /// The methods of a request or batch, for faults by method; empty when unreadable.
  [[nodiscard]] static std::vector<std::string> methods_of(std::string_view request);

private:
  [[nodiscard]] std::string answer_one(const boost::json::value& request, const chain_view& view,
                                       const slot_filter& unavailable, const endpoint_manners& manners) const;
  render_cache* cache_;
};

[[nodiscard]] std::string error_answer(std::string_view id_json, int code, std::string_view message,
                                       std::string_view data_json = {});

} // namespace sett::simnet
