// What a token actor tells: `sett token ls|show`, the opportunity stream, the market bus. Plain structs.
//
// Prices are marks: quote base units per token base unit as double; to show them per whole token multiply by
// 10^(decimals - quote_decimals). Amounts are integers in base units. A mark comes from a swap or from reserves; an
// executable quote (quote_answer) is exact where the venue's state allows, and says so.
//
// Requests go to the event router (actors/market/event_router_actor.hpp), which asks the actors:
//   token_list_request  -> token_list
//   token_show_request  -> token_detail, or an error when the mint was never seen; wakes no passivated actor
//   token_quote_request -> token_quote
#pragma once

#include "messages/protocol/chain_stream.hpp"
#include "messages/types/chain_event.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sett::protocol {

/// What the chain has shown about a token. Bits.
enum class token_flag : std::uint32_t {
  created_seen = 1U << 0,       // its creation was in the stream
  mint_authority = 1U << 1,     // more can be minted
  freeze_authority = 1U << 2,   // accounts can be frozen
  permanent_delegate = 1U << 3, // somebody can take tokens from any account
  transfer_fee = 1U << 4,       // Token-2022 transfer fee extension
  transfer_hook = 1U << 5,      // Token-2022 transfer hook extension
  default_frozen = 1U << 6,     // new accounts start frozen
  metadata_mutable = 1U << 7,
  token_2022 = 1U << 8,
  launch_created = 1U << 9,    // born on a launch platform
  launch_completed = 1U << 10, // its bonding curve is full
  migrated = 1U << 11,         // graduated to a pool
  liquidity_burned = 1U << 12,
  liquidity_locked = 1U << 13,
  liquidity_removed = 1U << 14,
  pausable = 1U << 15,
};
using token_flags = std::uint32_t;
[[nodiscard]] constexpr bool has(token_flags flags, token_flag f) {
  return (flags & static_cast<std::uint32_t>(f)) != 0;
}

/// Why a figure may not be whole. Bits; 0: complete.
enum class incompleteness : std::uint8_t {
  no_snapshot = 1U << 0, // its snapshot was lost or unreadable: counted from `since` on
  gap = 1U << 1,         // the stream or the replay had a hole
  too_late = 1U << 2,    // events came below what is sealed
  parked = 1U << 3,      // an event that kills the actor is skipped
};

struct token_counts {
  std::uint64_t swaps{};         // as pools see them
  std::uint64_t trades{};        // as signers see them: all legs of one instruction are one trade
  std::uint64_t buys{}, sells{}; // swaps that took the token out of / put it into a pool
  std::uint64_t transfers{};
  std::uint64_t volume_lamports{};   // quote side of swaps against SOL
  std::uint64_t volume_usd_micros{}; // quote side of swaps against USDC and USDT, 1e-6
  std::uint64_t volume_base{};       // token base units
  friend bool operator==(const token_counts&, const token_counts&) = default;
};

/// The series' quote: SOL, dollar coins (both 6 decimals), or another token.
enum class quote_class : std::uint8_t { sol, usd, other };

struct token_summary {
  mint_address mint;
  std::string name, symbol; // as the metadata says; anybody can claim any name
  std::int8_t decimals{-1}; // -1 unknown
  quote_class quote{quote_class::sol};
  double price{};                  // mark of the pool with the latest swap in `quote`; 0 unknown
  double change_ratio{};           // against 5 minutes before the last swap: 0.1 = +10 %
  double volatility{};             // standard deviation of 1-minute log returns
  std::uint64_t liquidity_quote{}; // quote side of the known pools, base units of `quote`
  token_counts counts;
  std::uint64_t holders_seen{}; // distinct wallets that received it, estimated (HyperLogLog, about 9 %)
  token_flags flags{};
  std::uint32_t pools{};
  slot_number first_slot, last_slot;
  unix_seconds created, updated; // block time; 0 unknown
  std::uint8_t incomplete{};     // bits of incompleteness
  slot_number incomplete_since;
};

struct token_pool {
  address pool;
  program_kind venue{program_kind::unknown};
  mint_address quote_mint;
  double price{};
  pool_state state;        // after its last swap; of kind reserves: a = token side, b = quote side
  std::uint32_t fee_ppm{}; // of the last swap where the venue says it; 0 unknown
  bool fee_known{};
  std::uint64_t swaps{}, volume_quote{};
  std::uint64_t liquidity_quote{}; // from reserves, or from what was added and removed
  slot_number last_slot;
};

struct candle {
  std::uint32_t start_s{}; // unix seconds
  std::uint32_t swaps{};
  double open{}, high{}, low{}, close{};
  std::uint64_t volume_quote{};
  friend bool operator==(const candle&, const candle&) = default;
};
struct candle_series {
  quote_class quote{quote_class::sol};
  std::uint32_t width_s{};
  std::vector<candle> candles; // oldest first
};

struct token_holder {
  address wallet;
  std::int64_t net_base{}; // received minus sent since the token was first seen here; may be negative
};

/// One line of the "why" trail.
struct trail_line {
  slot_number slot;
  unix_seconds time;
  std::string what;
};

struct token_detail {
  token_summary summary;
  std::string uri;
  address creator, mint_authority, freeze_authority; // zero: none or unknown
  std::vector<token_pool> pools;
  std::vector<candle_series> series;
  std::vector<token_holder> holders; // the largest net receivers
  std::vector<trail_line> trail;     // oldest first
  std::uint64_t duplicates{}, undone{}, too_late{}, parked{};
  slot_number sealed;              // everything up to here is final
  std::vector<slot_range> missing; // slots the stream could not have; events of the token may lie there
};

enum class token_sort : std::uint8_t { activity, volume, price_change, created, liquidity, holders };
struct token_list_request {
  token_sort sort{token_sort::activity};
  std::uint32_t limit{50};
  token_flags need{}; // only tokens with all of these
  std::uint64_t volume_lamports_min{};
  std::string text{}; // in name or symbol, case-insensitive; empty: all
};
struct token_list {
  std::vector<token_summary> rows;
  std::uint64_t matching{}, live{}, passivated{};
  std::uint64_t unanswered{}; // actors that did not answer in time: the list is not whole
};
struct token_show_request {
  mint_address mint;
};

/// What a swap of `amount_in` would give now.
struct token_quote_request {
  mint_address mint;
  bool buy{}; // true: amount_in is in quote units, else in token units
  token_amount amount_in;
};
struct token_quote {
  address pool; // the best known one; zero: none
  program_kind venue{program_kind::unknown};
  token_amount amount_out; // rounded down
  bool exact{};            // from reserves and a known fee; else an estimate from the mark
};

/// On the market bus, coalesced per mint: only the last one counts.
struct price_update {
  mint_address mint;
  address pool;
  quote_class quote{quote_class::sol};
  double price{};
  slot_number slot;
  token_counts counts;
  steady_time_ns received;
};

/// On the signal bus and as a JSON stream: something a strategy may want to look at.
enum class opportunity_kind : std::uint8_t {
  token_created,
  pool_created,
  launch_completed,
  migrated,
  liquidity_added,
  liquidity_removed,
  liquidity_burned,
  liquidity_locked
};
struct opportunity {
  opportunity_kind kind{};
  mint_address mint;
  address pool;
  slot_number slot;
  unix_seconds time;
  signature transaction;
  token_summary market;               // as of this event
  std::optional<double> risk_score{}; // 0 good .. 1 bad; absent until something judges it
};

} // namespace sett::protocol
