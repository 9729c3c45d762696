// What an account shows: JSON answers of the control API, made from the record as it was last read and the node's view
// of the chain. Amounts are decimal strings of base units; times are seconds since 1970. Pure but for the chain's lock.
#pragma once

#include "nodes/accounts/account_actor.hpp"
#include "nodes/accounts/account_kinds.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sett::accounts {

struct view_context {
  const account_setup& setup;
  const execution::account_record& record;
  const leadership& lead;
  const std::string& blocked;
  execution::chain_view chain;
};

struct priced_pool {
  execution::paper_pool pool;
  execution::paper_price price;
};
enum class view_errc : std::uint16_t { no_pool = 1, no_order, ambiguous };
/// Exactly `amount` in on the token's pool as this node's stream shows it. Errors: no_pool, those of price_of.
[[nodiscard]] result<priced_pool> priced(const account_setup& s, const mint_address& mint, ports::trade_side side,
                                         std::uint64_t amount);
[[nodiscard]] std::string hint_of(const error& e);
/// What a person can do about a denial. Settings are named by their keys.
[[nodiscard]] std::string_view hint_of(execution::denial reason);
inline constexpr std::string_view quarantine_text =
    "in quarantine: sells and buys wait; the reader of the history is not built";
/// Fees, tip and rent of one attempt, at most.
[[nodiscard]] lamports cost_max(const account_setup& s, bool buy);
/// An order by its id or the id's beginning (8 digits or more). Errors: no_order, ambiguous.
[[nodiscard]] result<execution::intent_id> find_order(const view_context& v, std::string_view text);
[[nodiscard]] std::size_t in_flight(const execution::account_record& r);

[[nodiscard]] api::response summary_view(const view_context& v);
[[nodiscard]] api::response orders_view(const view_context& v, const api::request& r);
[[nodiscard]] api::response order_view(const view_context& v, std::string_view id);
[[nodiscard]] api::response positions_view(const view_context& v);
[[nodiscard]] api::response position_view(const view_context& v, std::string_view mint);
[[nodiscard]] api::response pnl_view(const view_context& v);
[[nodiscard]] api::response balance_view(const view_context& v, const result<account_setup::balances>& chain);
[[nodiscard]] api::response quote_view(const api::request& r, const account_setup& s);
[[nodiscard]] api::response opened_view(const opened& o);
[[nodiscard]] api::response said_view(std::string_view said, std::size_t in_flight);

} // namespace sett::accounts
