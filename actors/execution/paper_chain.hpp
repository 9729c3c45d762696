// The chain that paper trades land on: an entity of its own beside the account, with the wallet's balances as a chain
// would have them. It takes signed bytes, checks the signature, lands each at most once, none above its last valid
// height, and tells what became of it; so dedup, expiry, resending and recovery are those of the real thing, and the
// account's books can be compared with balances that they did not make.
//
// What lands where: the block is drawn from the signature and the sender's tip (so every node would draw the same); the
// price is that of the pool after the recorded transactions of that block, with this wallet's own earlier impact on the
// pool kept as a shadow. Some sends are lost and some transactions fail, drawn likewise. What is not modelled: others
// who would have reacted, priority among those who want the same block. A sale of all there is closes the token's
// account in the same transaction, so its rent comes back.
//
// A paper transaction is a real Solana message, signed by a key that holds nothing, with one instruction that no
// program of the chain runs: the order. Pure; decide may refuse, apply cannot fail.
#pragma once

#include "messages/ports/trading.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::execution {

inline constexpr std::size_t paper_pending_max = 128;
inline constexpr std::size_t paper_landed_max = 512; // remembered; an account has fewer attempts under way
inline constexpr std::size_t paper_holdings_max = 256;
inline constexpr std::uint64_t paper_rent_lamports = 2'039'280; // of a token account of 165 bytes

/// A pool as the stream showed it: enough for the price. Reserves include virtual parts.
struct paper_pool {
  address pool;
  mint_address mint;
  std::uint8_t venue{}; // program_kind
  std::uint64_t reserve_token{}, reserve_quote{};
  std::uint32_t fee_ppm{}; // of the quote amount (pump.fun), else of what goes in
  bool complete{};         // a finished bonding curve: nothing trades there any more
  slot_number slot;
  friend bool operator==(const paper_pool&, const paper_pool&) = default;
};

struct paper_price {
  std::uint64_t in{}, out{};           // of the trader, fees included
  std::uint64_t pool_in{}, pool_out{}; // of the pool's reserves
  std::uint32_t impact_ppm{};
};
enum class paper_errc : std::uint16_t {
  unknown_venue = 1, // no pricing for it
  complete,          // the curve is finished
  out_of_range,      // the reserves cannot give that
  refused,           // the transaction is none
  not_now,
  too_many
};
/// A swap of exactly `amount` in (exact_in), or exactly `amount` out. Errors: unknown_venue, complete, out_of_range.
[[nodiscard]] result<paper_price> price_of(const paper_pool& pool, ports::trade_side side, bool exact_in,
                                           std::uint64_t amount);

struct paper_order {
  ports::trade_side side{};
  bool exact_in{};
  mint_address mint;
  address pool;
  std::uint64_t amount_in{}, amount_out{};
  lamports fee, tip;
  friend bool operator==(const paper_order&, const paper_order&) = default;
};
/// The message that a paper wallet signs. Errors: those of solana::build_message.
[[nodiscard]] result<std::vector<std::uint8_t>> paper_message(const address& wallet, const blockhash& recent,
                                                              const paper_order& order);

struct paper_pending {
  sett::signature signature;
  paper_order order;
  block_height lands_at, last_valid;
  bool fails{}; // drawn
  friend bool operator==(const paper_pending&, const paper_pending&) = default;
};
struct paper_landed {
  sett::signature signature;
  block_height height;
  blockhash block;
  transaction_outcome outcome;
  friend bool operator==(const paper_landed&, const paper_landed&) = default;
};
struct paper_holding {
  token_amount tokens;
  lamports rent;
  friend bool operator==(const paper_holding&, const paper_holding&) = default;
};
/// What this wallet's own trades would have done to a pool that never saw them.
struct paper_shadow {
  mint_address mint;
  std::int64_t tokens{}, quote{}; // added to the reserves as streamed
  friend bool operator==(const paper_shadow&, const paper_shadow&) = default;
};

struct paper_state {
  address wallet;
  bool funded{};
  block_height height; // the highest that anybody told
  lamports balance;
  std::map<mint_address, paper_holding> holdings;
  std::map<address, paper_shadow> shadows; // by pool; forgotten when the wallet holds nothing of the mint any more
  std::vector<paper_pending> pending;
  std::deque<paper_landed> landed; // the newest
  std::uint64_t sends_lost{};

  [[nodiscard]] lamports rent() const;
  friend bool operator==(const paper_state&, const paper_state&) = default;
};

namespace paper {
/// The wallet begins; said again it changes nothing.
struct fund {
  address wallet;
  lamports balance;
};
struct send {
  std::string bytes;
  block_height last_valid, at; // at: the sender's tip
};
/// The block has come; the pool as it is after the block's own transactions.
struct land {
  sett::signature signature;
  block_height height;
  blockhash block;
  paper_pool pool;
};
/// Another block is finalized at that height: there it landed.
struct place {
  sett::signature signature;
  block_height height;
  blockhash block;
};
/// finalized: what the asker knows final; a transaction that cannot land any more is closed by asking.
struct look {
  sett::signature signature;
  mint_address mint;
  block_height finalized;
};
/// The wallet alone.
struct balances {};
} // namespace paper
using paper_command = std::variant<paper::fund, paper::send, paper::land, paper::place, paper::look, paper::balances>;

namespace paper {
struct funded {
  address wallet;
  lamports balance;
};
struct sent {
  paper_pending what;
};
struct lost {
  block_height at;
};
/// How far the chain has come: what could have landed only below may not be sent any more.
struct heard {
  block_height at;
};
struct has_landed {
  paper_landed what;
  mint_address mint;
  address pool;
  paper_shadow moved; // to be added to the shadow
};
struct placed {
  sett::signature signature;
  block_height height;
  blockhash block;
};
struct dropped {
  sett::signature signature;
  block_height finalized;
};
} // namespace paper
using paper_event = std::variant<paper::funded, paper::sent, paper::lost, paper::has_landed, paper::placed,
                                 paper::dropped, paper::heard>;
struct paper_entry {
  std::vector<paper_event> events;
};

enum class paper_fate : std::uint8_t { unknown, pending, landed, count_ };
/// The answer to look, and, without a fate, to balances.
struct paper_look {
  paper_fate fate{};
  block_height lands_at, last_valid; // pending
  address pool;
  std::optional<paper_landed> landed;
  lamports balance, rent;
  token_amount tokens; // of the mint that was asked for
};

struct paper_decision {
  std::vector<paper_event> events;
  std::optional<paper_look> answer;
};
/// Errors: paper_errc, of area "paper".
[[nodiscard]] result<paper_decision> decide(const paper_state& s, const paper_command& c);
void apply(paper_state& s, const paper_event& e);
/// The pool as the wallet's own trades have left it.
[[nodiscard]] paper_pool with_shadow(const paper_state& s, paper_pool pool);

[[nodiscard]] std::string encode(const paper_command& c);
[[nodiscard]] std::string encode(const paper_entry& e);
[[nodiscard]] std::string encode(const paper_state& s);
[[nodiscard]] std::string encode(const paper_look& l);
/// Errors: execution_errc::damaged.
[[nodiscard]] result<paper_command> decode_paper_command(std::string_view bytes);
[[nodiscard]] result<paper_entry> decode_paper_entry(std::string_view bytes);
[[nodiscard]] result<paper_state> decode_paper_state(std::string_view bytes);
[[nodiscard]] result<paper_look> decode_paper_look(std::string_view bytes);

} // namespace sett::execution
