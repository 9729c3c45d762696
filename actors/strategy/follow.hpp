// What the desk and the funnel learn from each event of the account: reservations, costs, profit, ends of orders, and
// what plans need to begin, to go on and to end. Called once per event, in the journal's order, with the account's
// state as it was before the event. Amounts are those of the account's own books; nothing is counted that it did not
// book.
//
// A plan begins with the first sight of a fill (confirmed): exits may be signed against it. A fill that is undone keeps
// its plan until the entry is over, so that no exit's cause is used twice. Pure.
#pragma once

#include "actors/execution/account_state.hpp"
#include "actors/funnel/funnel.hpp"
#include "actors/strategy/desk.hpp"

#include <utility>
#include <vector>

namespace sett::strategy {

/// What the account's event does not say.
struct follow_facts {
  address account;
  unix_seconds at;
  slot_number slot;
  address creator;               // accepted entries: of the token
  token_amount filled;           // attempt_filled of an entry: what it brought
  lamports liquidity;            // of an entry: the pool's quote side then
  protocol::token_flags flags{}; // and the token's
};

struct followed {
  std::vector<desk_event> desk;
  std::vector<std::pair<mint_address, funnel::step>> steps;
};

[[nodiscard]] followed follow(const desk_state& desk, const execution::account_state& before,
                              const execution::account_event& e, const follow_facts& facts);

/// Fills of entries that are seen and not booked yet.
struct unsettled_buys {
  token_amount tokens;
  lamports paid; // with fees and tips
};
/// What a plan looks at: the tokens at confirmed, and their part of what the books and unsettled fills say was paid for
/// all (rounded down), so that a sale that is seen and not booked yet takes its cost along; and the sells of the mint
/// that are open.
[[nodiscard]] exits::position held(const execution::account_state& s, const mint_address& mint,
                                   token_amount tokens_confirmed, const unsettled_buys& buys);

} // namespace sett::strategy
