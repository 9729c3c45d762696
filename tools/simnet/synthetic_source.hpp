// A chain out of a seed: wallets that launch tokens on pump.fun, trade them on the bonding curve, open Raydium v4 and
// PumpSwap pools with what they bought and swap there, send SOL, vote and fail. Every transaction is real in its bytes:
// compiled as the programs' clients do, signed with derived test keys, with the inner instructions, events, logs and
// balances a validator would show. The same options give the same bytes.
//
// Arithmetic follows the programs: pump.fun with 95 + 30 bps of fees rounded up, PumpSwap with 20 + 5 + 5 bps, Raydium
// v4 with 25 bps; layouts from the IDLs of @pump-fun/pump-sdk 2.0.0 and raydium-amm (2026).
#pragma once

#include "tools/simnet/bank.hpp"
#include "tools/simnet/chain_source.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace sett::simnet {

struct synthetic_options {
  std::uint64_t seed{1};
  std::uint32_t transactions_per_slot{100};
  std::uint32_t wallets{200};
  std::uint32_t tokens_alive_max{200}; // older ones are no longer traded
  double vote_share{0.4}, transfer_share{0.05}, failed_share{0.06};
  double launch_chance{0.02}; // per trading transaction
  double pool_chance{0.01};   // per trading transaction
  std::uint64_t first_slot{400'000'000};
  std::int64_t first_time_unix{1'790'000'000};
};

class synthetic_source final : public chain_source {
public:
  explicit synthetic_source(synthetic_options options);
  ~synthetic_source() override;

  [[nodiscard]] std::optional<chain_block> next(const chain_block& proposed) override;
  [[nodiscard]] slot_number first_slot() const override;
  [[nodiscard]] unix_seconds first_time() const override;
  [[nodiscard]] std::uint64_t first_height() const override;
  [[nodiscard]] std::vector<account_write> genesis_accounts() const override;

private:
  class economy;
  std::unique_ptr<economy> economy_;
};

} // namespace sett::simnet
