// Can a token be bought and sold now? Asked of a node by simulateTransaction, without a key, a venue or SOL of ours:
// signatures are not checked in a simulation, so the pool itself "sends" tokens to a wallet that nobody has, which
// sends them on.
//
//   0, 1  create the holder's and the witness' associated accounts (the payer's SOL)
//   2     pool -> holder, the whole amount: the buy
//   3     holder -> pool, half of what arrived: the sale (a rule against sales to the pool, a frozen pool)
//   4     holder -> witness, the rest: what arrives there shows the loss exactly; the pool's balance moves with the
//   market
//
// The answer says "sellable now", never more: a program that sees through the made-up wallets may let them pass, and
// prices are not in it. A mint with a hook needs the hook's accounts, which the caller resolves. Pure, thread-safe,
// never blocks.
#pragma once

#include "actors/screening/verdict.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/rpc_response.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace sett::screening {

enum class probe_errc : std::uint16_t {
  ok,
  bad_amount, // too little to divide, or a fee leaves nothing of it
  too_large,  // the hook's accounts do not fit a transaction
  not_probed, // the node could not run it: payer without SOL, pool without tokens, ...
  bad_answer, // it ran, and the answer lacks the accounts
};

struct probe_request {
  address payer;           // any wallet with SOL for two token accounts; it does not sign
  address holder, witness; // made up by the caller, without accounts of this mint
  mint_address mint;
  address token_program;
  address pool_account, pool_owner; // whose tokens move
  token_amount amount;
  std::uint8_t decimals{};
  venues::transfer_fee fee;                          // of the epoch
  std::vector<solana::account_meta> hook_accounts{}; // behind each transfer
  blockhash recent{};                                // any: the node replaces it
};

struct transfer_probe {
  std::vector<std::uint8_t> wire;       // with empty signatures
  std::array<address, 2> accounts;      // whose state is asked for: the holder's, the witness'
  token_amount bought, sold, passed_on; // sent in 2, 3, 4
};

/// Errors, of area "probe": bad_amount, too_large.
[[nodiscard]] result<transfer_probe> make_transfer_probe(const probe_request& request);

/// The request's text, to be posted to a node.
[[nodiscard]] std::string probe_text(std::uint64_t id, const transfer_probe& probe);

/// What the simulation says. Errors, of area "probe": not_probed, bad_answer; then nothing is known about the token.
[[nodiscard]] result<probe_outcome> read_probe(const solana::rpc::simulation& answer, const transfer_probe& probe);

} // namespace sett::screening
