// The whole transaction of a trade, as the wallet signs it. Always in this order, so that a signer can know its shape:
//
//   advance nonce                 only with a durable nonce
//   compute unit limit, price (when there is one), loaded accounts' size
//   buys: the token account       create idempotently, or create with seed and initialise (a once-account)
//   wSOL, where the pool's quote is wSOL: create with seed (with what is to be spent), initialise
//   sells for another quote token: its associated account, idempotently
//   PumpSwap: extend_account      where the pool's account is of an old length
//   the swap                      a round trip has two: the buy, then the sale
//   wSOL: close                   what is left comes back to the wallet
//   tip                           when there is one
//
// wSOL lives in an account of this one transaction, seeded by a hash of what the transaction is, so that no other trade
// can close it. A once-account's address is the same for every attempt of an order: a second one fails on chain. v0;
// lookup tables are used only when the message does not fit without. Over 1232 bytes it is refused.
//
// Nothing is read from the chain: what is needed stands in the snapshot (venue_swaps.hpp says what per venue), and
// - for every buy, and for every sale but pump.fun's into SOL: the Rent sysvar;
// - for a once-account of a Token-2022 mint: the mint;
// - if it is there: the wallet's volume account of pump.fun or PumpSwap, whose rent then is not counted again.
// Recipients of fees that a venue offers several of are drawn by the blockhash. Pure but for a memo of derived
// addresses (derived_addresses.hpp); thread-safe; never blocks. A build takes some microseconds once the addresses are
// known: `prepare` a pool when it is first seen.
#pragma once

#include "actors/building/derived_addresses.hpp"
#include "messages/ports/trading.hpp"
#include "messages/solana/lookup_table.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sett::building {

struct builder_settings {
  /// What all accounts of a transaction, programs included, may weigh; the default of the chain is 64 MiB, and each
  /// 32 KiB asked for cost 8 compute units of the block's budget.
  std::uint32_t loaded_accounts_bytes_max{16U << 20};
  std::vector<solana::lookup_table> tables;
};

/// A buy and the sale of what it brought, in one transaction: what a simulation of it says is whether the token can be
/// sold now.
struct round_trip {
  address wallet;
  mint_address mint;
  token_amount spend_max;   // quote units
  token_amount tokens;      // to buy, exactly
  token_amount tokens_back; // to sell: less than `tokens` where transfers cost a fee
  token_amount least_back;  // quote units
  std::string account_seed; // as in ports::trade_order
};

class swap_builder final : public ports::transaction_builder {
public:
  explicit swap_builder(builder_settings settings = {}) : settings_(std::move(settings)) {}

  [[nodiscard]] result<ports::built_transaction> build(const ports::trade_order& order,
                                                       const ports::venue_snapshot& pool, const blockhash& recent,
                                                       const ports::fee_choice& fees) const override;
  /// With a durable nonce: `nonce` holds the value `stored`; the wallet is its authority.
  [[nodiscard]] result<ports::built_transaction> build_on_nonce(const ports::trade_order& order,
                                                                const ports::venue_snapshot& pool, const address& nonce,
                                                                const blockhash& stored,
                                                                const ports::fee_choice& fees) const;
  /// Errors as build's.
  [[nodiscard]] result<ports::built_transaction> build_round_trip(const round_trip& trip,
                                                                  const ports::venue_snapshot& pool,
                                                                  const blockhash& recent,
                                                                  const ports::fee_choice& fees) const;
  /// Derives what trades of this wallet on this pool will name; takes some 0.2 ms the first time.
  void prepare(const address& wallet, const ports::venue_snapshot& pool, const blockhash& recent) const;

private:
  builder_settings settings_;
  mutable derived_addresses derived_;
};

} // namespace sett::building
