// Whether an entry may be opened now: the account's book (book.hpp) against the limits, and the state of the data, the
// cluster and the chain. Exits are never asked here: nothing that limits risk may stop a sale.
//
// Everything is a comparison of something measured with a *_max, denied when it is above, so a larger limit never
// denies more. Nothing is remembered beside the book: a breaker is open for as long as what opened it lies within its
// time, and all of it is judged anew under limits that changed meanwhile.
//
// The checks have one order, from the widest to the narrowest, and the first that denies is told; `review` costs one
// walk over the open positions. Pure; nothing allocates.
#pragma once

#include "actors/risk/book.hpp"
#include "actors/risk/reason.hpp"
#include "config/settings.hpp"

#include <optional>

namespace sett::risk {

using limits = config::risk_settings;

/// What the node sees while it decides; not journalled.
struct conditions {
  unix_seconds now;
  slot_number slot;
  std::uint64_t data_age_ms{}, slots_behind{}, replicas_missing{}, skip_rate_bps{}, fee_p75_micro_lamports{};
  friend bool operator==(const conditions&, const conditions&) = default;
};

struct entry_request {
  strategy_id strategy;
  mint_address mint;
  address creator;                        // zero: unknown
  lamports spend;                         // of the entry
  lamports cost_max;                      // fees, tip and rent beside it; reserved with it
  lamports budget;                        // of the strategy
  std::uint64_t strategy_positions_max{}; // of the strategy's own settings
  std::uint64_t volatility_bps{};
  bool incomplete{}; // what is known of the token has holes
  friend bool operator==(const entry_request&, const entry_request&) = default;
};

/// Nothing: it may be opened.
[[nodiscard]] std::optional<reason> review(const limits& l, const book& b, const conditions& c, const entry_request& r);

/// The part of `review` that holds for whatever is to be bought.
[[nodiscard]] std::optional<reason> review_account(const limits& l, const book& b, const conditions& c);

/// active: entries are taken. reducing: nothing is bought until what stands against it passes by itself. halted: until
/// somebody resumes. Exits go on in each.
enum class trading_state : std::uint8_t { active, reducing, halted };
[[nodiscard]] std::string_view to_text(trading_state s);
struct account_standing {
  trading_state state{};
  std::optional<reason> why{}; // not active: the first that stands against it
  friend bool operator==(const account_standing&, const account_standing&) = default;
};
[[nodiscard]] account_standing standing(const limits& l, const book& b, const conditions& c);

/// The most that an entry like this one (its spend is ignored) may spend by the limits on amounts; 0: nothing.
[[nodiscard]] lamports headroom(const limits& l, const book& b, const entry_request& r);

} // namespace sett::risk
