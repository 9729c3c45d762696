// The way of a trader's transactions into a chain that executes them; what RPC's sending methods are answered with. A
// recorded chain and the load generator have none. One thread.
#pragma once

#include "tools/simnet/runtime/validator.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sett::simnet {

struct bundle_state {
  std::string id;
  std::vector<std::string> signatures;
  std::optional<slot_number> landed;
  std::string failure_json; // why it was given up; empty while it waits or when it landed
};

/// Jito's mainnet tip accounts: a bundle writes to at least one of them.
[[nodiscard]] const std::vector<address>& jito_tip_accounts();

class transaction_port {
public:
  virtual ~transaction_port() = default;

  /// Hands it to the leaders. `retries`: does the node send it again when the network loses it?
  virtual void submit(const chain_transaction& transaction, bool retries) = 0;
  /// All or nothing, in this order, in one block. Returns the bundle's id. Asserts 1 to 5 transactions.
  virtual std::string submit_bundle(std::vector<chain_transaction> transactions) = 0;
  [[nodiscard]] virtual std::optional<bundle_state> find_bundle(const std::string& id) const = 0;
  [[nodiscard]] virtual execution simulate(const chain_transaction& transaction, const simulation_options& options) = 0;
  /// A landed transaction that this endpoint's status and history answers leave out.
  [[nodiscard]] virtual bool is_withheld(const signature& id, std::size_t endpoint) const = 0;
  /// Balances of every account as they stand at the newest block, with what was taken as fees: a JSON object.
  [[nodiscard]] virtual std::string balances_json() const = 0;
};

} // namespace sett::simnet
