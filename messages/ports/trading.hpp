// What the account's driver needs to make a decision happen on the chain: a builder of transactions, a signer, lanes to
// send by, and sources of evidence. The driver (nodes/accounts) is the only caller; what is behind a port knows nothing
// of intents, states or retries.
//
//   order + pool as streamed -> transaction_builder -> message -> signer -> signature -> (journalled, replicated)
//     -> lane, as often as need be -> evidence_source
//
// Everything that a transaction is built from was streamed before: no port asks the chain while a trade waits, but for
// the lanes and the evidence. Amounts are base units, SOL is lamports, heights are block heights. The builder is pure.
// The others answer by a callback that comes exactly once, on any thread, and must not block; they never block either,
// and whatever fails comes as an answer. A secret reaches no text: endpoints are told by name.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace sett {

enum class program_kind : std::uint8_t; // messages/types/chain_event.hpp

/// A finalized block.
struct chain_point {
  block_height height;
  blockhash hash;
  friend auto operator<=>(const chain_point&, const chain_point&) = default;
};

/// What a transaction did to a wallet, from its own balances before and after.
struct transaction_outcome {
  bool ok{};
  std::uint32_t error_code{}; // of a failed one
  lamports fee;               // base and priority fee
  lamports tip;
  lamports lamports_before, lamports_after; // of the wallet itself
  lamports rent_before, rent_after;         // of the token accounts it owns
  token_amount tokens_before, tokens_after; // of the order's mint
  friend bool operator==(const transaction_outcome&, const transaction_outcome&) = default;
};

using provider_id = strong<struct provider_id_tag, std::uint16_t>; // whose machines; two endpoints may have one
using machine_id = strong<struct machine_id_tag, std::uint64_t>;   // as the provider tells its machines apart

/// What one provider says of one signature.
struct testimony {
  provider_id provider;
  machine_id height_from, history_from;
  block_height finalized_height;
  bool height_read_first{}; // the height was read before the history was asked
  bool found{};
  sett::commitment commitment{}; // found: how sure, where and what
  block_height height;
  blockhash block;
  transaction_outcome outcome;
  friend bool operator==(const testimony&, const testimony&) = default;
};

} // namespace sett

namespace sett::ports {

// --- building

enum class trade_side : std::uint8_t { buy, sell };

/// What is to be traded, by one transaction, on one pool.
struct trade_order {
  trade_side side{};
  address wallet; // signs and pays
  mint_address mint;
  token_amount amount_in;  // buy: quote units to spend, all fees of the venue in it; sell: tokens
  token_amount amount_out; // buy: tokens to get; sell: the least quote units to get
  /// Buys: true: spend exactly amount_in, get at least amount_out; false: get exactly amount_out, spend at most
  /// amount_in.
  bool exact_in{};
  /// Where the tokens come to or from. Not empty: the account of the wallet created with this seed (32 characters), a
  /// once-account: the transaction must create it and fail when it is there (buys). Empty: the associated account,
  /// created when it is missing (buys).
  std::string account_seed;
};

struct fee_choice {
  std::uint32_t compute_units{}; // requested limit; 0: the builder's own figure for what it builds
  std::uint64_t price_micro_lamports{};
  lamports tip;
  address tip_to; // zero: none
};

/// One account as it was streamed.
struct account_snapshot {
  address key, owner;
  sett::lamports lamports;
  std::vector<std::uint8_t> data;
  slot_number slot;
};
/// A pool and what belongs to it, as streamed. Which accounts a venue needs is told by its builder's documentation; an
/// account that is missing is an error, never a read.
struct venue_snapshot {
  program_kind venue{};
  address pool; // bonding curve, pool, whirlpool
  mint_address base_mint, quote_mint;
  address base_token_program, quote_token_program;
  slot_number slot;
  std::vector<account_snapshot> accounts;

  [[nodiscard]] const account_snapshot* find(const address& key) const {
    for (const auto& a : accounts)
      if (a.key == key) return &a;
    return nullptr;
  }
};

struct built_transaction {
  std::vector<std::uint8_t> message; // what the wallet signs, the only signer
  lamports cost_max;                 // base and priority fee, tip, rent: the most that goes beside the trade itself
  address token_account;             // where the tokens are then
};

enum class builder_errc : std::uint16_t {
  unknown_venue = 1, // no builder for it
  missing_account,   // the snapshot lacks one; the message names it
  damaged_account,   // an account's bytes do not fit the venue's layout
  not_tradable,      // complete and not migrated, paused, ...
  bad_order,
  too_large // over 1232 bytes
};
class transaction_builder {
public:
  virtual ~transaction_builder() = default;
  /// Pure, thread-safe. Errors: builder_errc, of area "builder".
  [[nodiscard]] virtual result<built_transaction> build(const trade_order& order, const venue_snapshot& pool,
                                                        const blockhash& recent, const fee_choice& fees) const = 0;
};

// --- signing

/// What the wallet has spent by its journal; the signer keeps its own sums beside and goes by the larger one.
struct wallet_totals {
  lamports hour, day;
};
struct sign_request {
  address wallet;
  std::vector<std::uint8_t> message;
  wallet_totals totals;
  std::uint64_t halt_number{}; // the account's count of halts, which includes the present one
  bool halted{};               // then only sells are signed
};
/// Append only: a metric's and people's word.
enum class sign_refusal : std::uint8_t {
  none,        // signed
  unreachable, // no signer answered in time; nothing is known, the bytes do not exist for us
  locked,      // the key is not unlocked
  unknown_wallet,
  shape,      // the message is none of the allowed shapes
  program,    // a program, mint or destination that the policy does not list
  over_limit, // per transaction, hour or day
  halted,     // and this is no sell
  not_armed,
  count_
};
[[nodiscard]] constexpr std::string_view to_text(sign_refusal r) {
  constexpr std::string_view names[] = {"none",    "unreachable", "locked", "unknown_wallet", "shape",
                                        "program", "over_limit",  "halted", "not_armed"};
  static_assert(std::size(names) == static_cast<std::size_t>(sign_refusal::count_));
  return r < sign_refusal::count_ ? names[static_cast<std::size_t>(r)] : "unknown";
}
struct sign_answer {
  sign_refusal refused{sign_refusal::none};
  std::string why;           // refused: one sentence with the measured value and the limit, no secret
  sett::signature signature; // signed: over the whole message, by the wallet
};
class signer {
public:
  virtual ~signer() = default;
  virtual void sign(sign_request request, std::function<void(sign_answer)> done) = 0;
  /// From now on, and across its restarts, the signer signs nothing but sells for this wallet until `resumed` of at
  /// least this number. Said again until `done` tells true: it is stored.
  virtual void halt(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) = 0;
  virtual void resume(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) = 0;
};

// --- sending

struct signed_transaction {
  sett::signature signature;
  std::string bytes;   // at most 1232
  bool is_protected{}; // must not be seen before it lands: only lanes that promise that
  block_height last_valid;
};
/// Evidence of nothing: it is counted and shown, and no state depends on it.
struct lane_reply {
  bool taken{};
  std::string why; // not taken: for people
};
class trade_lane {
public:
  virtual ~trade_lane() = default;
  [[nodiscard]] virtual std::string_view name() const = 0; // static, a metric's label
  [[nodiscard]] virtual bool is_protected() const = 0;
  /// The same bytes may be sent any number of times.
  virtual void send(const signed_transaction& t, std::function<void(lane_reply)> done) = 0;
};

// --- evidence

struct signature_query {
  sett::signature signature;
  address wallet; // whose balances are told
  mint_address mint;
  block_height last_valid;
  chain_point anchor; // known finalized at signing
};
class evidence_source {
public:
  virtual ~evidence_source() = default;
  /// One testimony of each provider that answered in time, in any order; none is a valid answer. Who judges decides
  /// whether they prove anything: a source reports what it saw, in which order and from whom.
  virtual void look_for(const signature_query& q, std::function<void(std::vector<testimony>)> done) = 0;
};

} // namespace sett::ports
