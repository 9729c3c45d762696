// Where blocks come from: a recording or a generator. A source makes block contents; slots, parents and forks are the
// driver's.
#pragma once

#include "tools/simnet/chain.hpp"

#include <optional>

namespace sett::simnet {

class chain_source {
public:
  virtual ~chain_source() = default;

  /// The next block's transactions for the given place in the chain, or nullopt when the source is exhausted. The
  /// driver calls it with ascending slots. `proposed` holds slot, parent, height, parent_hash and time; a source may
  /// keep its recorded values by changing them, as long as slots ascend.
  [[nodiscard]] virtual std::optional<chain_block> next(const chain_block& proposed) = 0;

  /// The slot the chain should start at.
  [[nodiscard]] virtual slot_number first_slot() const = 0;
  [[nodiscard]] virtual unix_seconds first_time() const = 0;
  [[nodiscard]] virtual std::uint64_t first_height() const = 0;

  /// Accounts that exist before the first block (a generator's wallets and programs).
  [[nodiscard]] virtual std::vector<account_write> genesis_accounts() const { return {}; }
};

} // namespace sett::simnet
