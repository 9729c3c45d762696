// Where blocks come from: a recording or a generator. A source makes block contents; slots, parents and forks are the
// driver's.
#pragma once

#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sett::simnet {

class transaction_port;

/// What a source wants to happen to the chain before its next block.
struct chain_weather_now {
  std::uint64_t fork_slots{}, skip_slots{};
};

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

  /// The newest blocks have died, newest first. A source that executes takes them back and makes other blocks from
  /// now on; it returns the accounts that they had written. Any other returns nullopt: their content comes again.
  [[nodiscard]] virtual std::optional<std::vector<account_write>> rewind(const std::vector<block_ptr>& /*died*/) {
    return std::nullopt;
  }
  [[nodiscard]] virtual bool can_rewind() const { return false; }
  [[nodiscard]] virtual chain_weather_now weather() { return {}; }
  /// Where transactions are sent to; nullptr when nothing is executed.
  [[nodiscard]] virtual transaction_port* port() { return nullptr; }
};

} // namespace sett::simnet
