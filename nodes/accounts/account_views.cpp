#include "nodes/accounts/account_views.hpp"

#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "messages/types/chain_event.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

namespace sett::accounts {

using namespace execution;
namespace json = boost::json;
using api::error_response;
using api::response;

namespace {

constexpr std::uint64_t swap_units = 120'000, base_fee = 5'000, micro = 1'000'000;

response ok(const json::value& v) { return {200, "application/json", json::serialize(v) + "\n"}; }
std::string text(std::uint64_t v) { return std::to_string(v); }
std::string text(int128 v) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  return std::to_string(v > most ? most : v < -most ? -most : static_cast<std::int64_t>(v));
}
std::string_view word(intent_kind k) {
  return k == intent_kind::entry ? "buy" : k == intent_kind::full_exit ? "sell" : "sell_part";
}
std::string strategy_name(strategy_id s) { return s.value == 0 ? "operator" : fmt::format("strategy-{}", s.value); }
std::int64_t seconds(wall_time_ns t) { return t.value / 1'000'000'000; }

std::string venue_name(std::uint8_t v) {
  switch (static_cast<program_kind>(v)) {
  case program_kind::pump:
    return "pump.fun";
  case program_kind::pump_amm:
    return "PumpSwap";
  case program_kind::raydium_amm_v4:
    return "Raydium v4";
  case program_kind::raydium_cpmm:
    return "Raydium CPMM";
  default:
    return "unknown";
  }
}

json::object story_row(const order_story& s, const account_state& state) {
  const auto* open = state.find(s.id);
  json::object o{{"order", hex_of(s.id).substr(0, 16)},
                 {"state", to_text(open != nullptr ? state_of(*open) : s.state)},
                 {"open", open != nullptr},
                 {"side", word(s.kind)},
                 {"mint", solana::to_base58(s.mint)},
                 {"strategy", strategy_name(s.strategy)},
                 {"spend_lamports", text(s.spend_max.value)},
                 {"tokens_in", text(s.tokens_in)},
                 {"tokens_out", text(s.tokens_out)},
                 {"lamports_in", text(s.lamports_in)},
                 {"lamports_out", text(s.lamports_out)},
                 {"fees_lamports", text(s.fees.value)},
                 {"realised_lamports", std::to_string(s.realised)},
                 {"reason", s.state == order_state::denied ? to_text(s.reason) : std::string_view()},
                 {"opened", seconds(s.opened)},
                 {"updated", seconds(s.updated)},
                 {"signature", s.last.is_zero() ? std::string() : solana::to_base58(s.last)}};
  return o;
}

std::string line_text(const story_line& l, const order_story& s) {
  switch (l.what) {
  case story_event::accepted:
    return fmt::format("accepted, {} lamports reserved", l.a);
  case story_event::denied:
    return fmt::format("denied: {} (measured {}, limit {})", to_text(s.reason), l.a, l.b);
  case story_event::signed_:
    return l.b == 0 ? fmt::format("signed, can land up to height {}", l.a)
                    : fmt::format("signed to sell {} tokens, can land up to height {}", l.b, l.a);
  case story_event::submitted:
    return "first send started";
  case story_event::in_doubt:
    return "past its last valid height, no evidence yet";
  case story_event::filled:
    return fmt::format("seen without error in the block at height {}, not final yet", l.a);
  case story_event::reverted:
    return "its block died; it may land again";
  case story_event::settled:
    return fmt::format("final: {} lamports and {} tokens moved", l.a, l.b);
  case story_event::failed:
    return fmt::format("failed on chain with error {}, fee {} lamports", l.a, l.b);
  case story_event::expired:
    return "can never land: proved";
  case story_event::canceled:
    return "canceled before anything was signed";
  case story_event::ended:
    return l.a == static_cast<std::uint64_t>(intent_state::settled)    ? "ended: settled"
           : l.a == static_cast<std::uint64_t>(intent_state::given_up) ? "ended: given up"
                                                                       : "ended";
  case story_event::count_:
    break;
  }
  return {};
}

struct totals {
  std::uint64_t positions{}, cost{}, value{};
  std::int64_t realised{};
  bool all_priced{true};
};
totals totals_of(const view_context& v) {
  totals t;
  for (const auto& [mint, h] : v.record.state.books.holdings) {
    const auto tokens = v.record.state.books.tokens(mint);
    if (tokens.value == 0) continue;
    ++t.positions;
    t.cost += h.cost.value;
    if (const auto p = priced(v.setup, mint, ports::trade_side::sell, tokens.value))
      t.value += p->price.out;
    else
      t.all_priced = false;
  }
  for (const auto& [id, s] : v.record.log.tallies) t.realised += s.realised;
  return t;
}

json::object position_row(const view_context& v, const mint_address& mint, const holding& h) {
  const auto& s = v.record.state;
  const auto tokens = s.books.tokens(mint);
  json::object o{
      {"mint", solana::to_base58(mint)}, {"tokens", text(tokens.value)}, {"cost_lamports", text(h.cost.value)}};
  const auto p = priced(v.setup, mint, ports::trade_side::sell, tokens.value);
  if (p) {
    o["value_lamports"] = text(p->price.out);
    o["open_lamports"] =
        std::to_string(static_cast<std::int64_t>(p->price.out) - static_cast<std::int64_t>(h.cost.value));
    o["change_ratio"] =
        h.cost.value == 0 ? 0.0 : static_cast<double>(p->price.out) / static_cast<double>(h.cost.value) - 1.0;
    o["venue"] = venue_name(p->pool.venue);
    o["impact_ppm"] = p->price.impact_ppm;
    o["state"] = "open";
  } else {
    o["state"] = p.error().code == static_cast<std::uint16_t>(paper_errc::complete) && p.error().area == "paper"
                     ? "untradable, migrating"
                     : "no price: " + p.error().message;
  }
  for (const auto& [id, i] : s.open)
    if (i.mint == mint && is_sell(i.kind)) o["state"] = fmt::format("closing ({})", to_text(state_of(i)));
  return o;
}

} // namespace

result<priced_pool> priced(const account_setup& s, const mint_address& mint, ports::trade_side side,
                           std::uint64_t amount) {
  const auto pool = s.chain->with([&](chain_tracker& t) { return t.pool_for(mint, side, amount); });
  if (!pool)
    return fail("account", view_errc::no_pool,
                "no trade of this token against SOL has been seen since the node that was asked came up");
  const auto price = price_of(*pool, side, true, amount);
  if (!price) return std::unexpected(price.error());
  return priced_pool{*pool, *price};
}

std::string_view hint_of(denial reason) {
  switch (reason) {
  case denial::halted:
    return "trading is halted: `sett resume` lets it buy again";
  case denial::quarantine:
    return quarantine_text;
  case denial::unknown_transaction:
    return "the wallet has a transaction that no order explains: nothing is bought until it is accepted";
  case denial::late_event:
    return "what it was ordered for was seen too late to buy on";
  case denial::stale_event:
    return "the chain went on meanwhile: order again with a new key";
  case denial::position_open:
    return "a buy of this token is open, or it is held already: `sett order ls`, `sett position ls`";
  case denial::sell_alive:
    return "a sell of this token is under way: wait for its end";
  case denial::exit_open:
    return "a sell of this token is open already: `sett order ls`";
  case denial::over_spend:
    return "risk.trade_lamports_max bounds a single buy";
  case denial::over_exposure:
    return "risk.account_lamports_max bounds what is held and on order: sell something first";
  case denial::too_many_open:
    return "risk.positions_max bounds the open buys: wait for one, or cancel it";
  case denial::insufficient_funds:
    return "`sett wallet balance` shows what is free; the floor and open orders are kept back";
  case denial::nothing_to_sell:
    return "the wallet holds none of it, or less: `sett position ls`";
  case denial::sell_found:
    return "the wallet's history has a sell that may have been this one: see `sett position ls`, then order again with "
           "a new key";
  case denial::dedup_full:
    return "too many orders ended within the last blocks to tell new ones from old ones: wait a minute";
  case denial::bad_request:
    return "account.max_age_blocks and the amounts have bounds: see `sett config explain account.max_age_blocks`";
  case denial::none:
  case denial::count_:
    break;
  }
  return {};
}

std::string hint_of(const error& e) {
  if (e.area == "account")
    return "check the mint with `sett token show MINT`; a token's next trade makes it tradable here";
  if (e.code == static_cast<std::uint16_t>(paper_errc::complete)) return "wait for its pool: `sett token show MINT`";
  return {};
}

lamports cost_max(const account_setup& s, bool buy) {
  const auto units = s.fees.compute_units == 0 ? swap_units : s.fees.compute_units;
  return lamports(base_fee + (s.fees.price_micro_lamports * units + micro - 1) / micro + s.fees.tip.value +
                  (buy ? paper_rent_lamports : 0));
}

std::size_t in_flight(const account_record& r) { return r.state.live_attempts(); }

result<intent_id> find_order(const view_context& v, std::string_view id) {
  std::optional<intent_id> found;
  for (const auto& s : v.record.log.stories) {
    if (id.size() < 8 || !std::string_view(hex_of(s.id)).starts_with(id)) continue;
    if (found) return fail("account", view_errc::ambiguous, fmt::format("{} is the beginning of several orders", id));
    found = s.id;
  }
  if (!found) return fail("account", view_errc::no_order, fmt::format("no order {} is remembered", id));
  return *found;
}

response summary_view(const view_context& v) {
  const auto& s = v.record.state;
  const auto t = totals_of(v);
  const auto wallet = s.books.lamports_of(ledger_account::wallet);
  return ok(json::object{
      {"account", v.setup.name},
      {"mode", v.setup.mode},
      {"wallet", solana::to_base58(v.setup.wallet)},
      {"led_by", v.setup.node_name},
      {"epoch", text(s.epoch.value)},
      {"lamports", text(wallet)},
      {"reserved_lamports", text(s.reserved().value)},
      {"rent_lamports", text(s.books.lamports_of(ledger_account::rent))},
      {"exposure_lamports", text(s.exposure().value)},
      {"positions", t.positions},
      {"positions_cost_lamports", text(t.cost)},
      {"positions_value_lamports", text(t.value)},
      {"positions_priced", t.all_priced},
      {"realised_lamports", std::to_string(t.realised)},
      {"open_lamports", std::to_string(static_cast<std::int64_t>(t.value) - static_cast<std::int64_t>(t.cost))},
      {"orders_open", s.open.size()},
      {"attempts_in_flight", s.live_attempts()},
      {"halted", s.halted},
      {"halts", text(s.halts)},
      {"quarantine_until", text(s.quarantine_until.value)},
      {"unknown_transactions", s.unknown.size()},
      {"misfits", text(s.misfits)},
      {"tip", text(v.chain.tip.value)},
      {"finalized", text(v.chain.finalized.value)},
      {"blocked", v.blocked}});
}

response orders_view(const view_context& v, const api::request& r) {
  const auto limit = r.number("limit", protocol::control::list_limit, 1, protocol::control::list_limit_max);
  if (!limit) return error_response(400, "limit is not a number from 1 to 100000");
  const bool open_only = r.query_or("open", "") == "yes";
  json::array rows;
  for (auto it = v.record.log.stories.rbegin(); it != v.record.log.stories.rend() && rows.size() < *limit; ++it)
    if (!open_only || v.record.state.find(it->id) != nullptr) rows.push_back(story_row(*it, v.record.state));
  return ok(json::object{{"rows", std::move(rows)}});
}

response order_view(const view_context& v, std::string_view id) {
  const auto found = find_order(v, id);
  if (!found) return error_response(404, found.error().message, "`sett order ls` shows the ones that are");
  const auto& s = *v.record.log.find(*found);
  auto o = story_row(s, v.record.state);
  o["id"] = hex_of(s.id);
  o["cause"] = solana::to_base58(signature{s.cause.bytes});
  json::array lines;
  for (const auto& l : s.lines)
    lines.push_back(json::object{{"time", seconds(l.at)},
                                 {"time_ms", l.at.value / 1'000'000},
                                 {"event", to_text(l.what)},
                                 {"attempt", l.attempt.value},
                                 {"what", line_text(l, s)}});
  o["story_lost"] = s.lines_lost;
  o["story"] = std::move(lines);
  return ok(o);
}

response positions_view(const view_context& v) {
  json::array rows;
  for (const auto& [mint, h] : v.record.state.books.holdings)
    if (v.record.state.books.tokens(mint).value > 0) rows.push_back(position_row(v, mint, h));
  return ok(json::object{{"rows", std::move(rows)}});
}

response position_view(const view_context& v, std::string_view mint) {
  const auto key = solana::parse_address(std::string(mint));
  if (!key) return error_response(400, key.error().message, "write the token's mint address in full");
  const auto h = v.record.state.books.holdings.find(*key);
  if (h == v.record.state.books.holdings.end() || v.record.state.books.tokens(*key).value == 0)
    return error_response(404, "the account holds none of this token", "`sett position ls` shows what it holds");
  auto o = position_row(v, *key, h->second);
  json::array orders;
  for (const auto& s : v.record.log.stories)
    if (s.mint == *key) orders.push_back(story_row(s, v.record.state));
  o["orders"] = std::move(orders);
  return ok(o);
}

response pnl_view(const view_context& v) {
  json::array rows;
  for (const auto& [id, t] : v.record.log.tallies)
    rows.push_back(json::object{{"strategy", strategy_name(id)},
                                {"orders", t.orders},
                                {"denied", t.denied},
                                {"buys", t.buys},
                                {"sells", t.sells},
                                {"wins", t.wins},
                                {"losses", t.losses},
                                {"fees_lamports", text(t.fees)},
                                {"realised_lamports", std::to_string(t.realised)}});
  const auto t = totals_of(v);
  return ok(json::object{
      {"rows", std::move(rows)},
      {"realised_lamports", std::to_string(t.realised)},
      {"open_lamports", std::to_string(static_cast<std::int64_t>(t.value) - static_cast<std::int64_t>(t.cost))},
      {"open_priced", t.all_priced}});
}

response balance_view(const view_context& v, const result<account_setup::balances>& chain) {
  const auto& s = v.record.state;
  json::object o{{"wallet", solana::to_base58(v.setup.wallet)},
                 {"mode", v.setup.mode},
                 {"lamports", text(s.books.lamports_of(ledger_account::wallet))},
                 {"reserved_lamports", text(s.reserved().value)},
                 {"floor_lamports", text(s.limits.floor.value)},
                 {"rent_lamports", text(s.books.lamports_of(ledger_account::rent))}};
  const auto free = s.books.lamports_of(ledger_account::wallet) - static_cast<int128>(s.reserved().value) -
                    static_cast<int128>(s.limits.floor.value);
  o["free_lamports"] = text(free > 0 ? free : int128{0});
  if (chain) {
    o["chain_lamports"] = text(chain->wallet.value);
    o["chain_rent_lamports"] = text(chain->rent.value);
    o["agrees"] = s.books.lamports_of(ledger_account::wallet) == static_cast<int128>(chain->wallet.value) &&
                  s.books.lamports_of(ledger_account::rent) == static_cast<int128>(chain->rent.value);
  }
  return ok(o);
}

response quote_view(const api::request& r, const account_setup& s) {
  const auto mint = solana::parse_address(std::string(r.query_or("mint", "")));
  if (!mint) return error_response(400, mint.error().message, "write the token's mint address in full");
  const bool buy = r.query_or("side", "buy") == "buy";
  const auto amount = r.number("amount", 0, 1, std::uint64_t{1} << 62U);
  if (!amount || *amount == 0)
    return error_response(400, "say how much goes in: amount, lamports of a buy or base units of a sale");
  const auto p = priced(s, *mint, buy ? ports::trade_side::buy : ports::trade_side::sell, *amount);
  if (!p) return error_response(404, p.error().message, hint_of(p.error()));
  return ok(json::object{{"mint", solana::to_base58(*mint)},
                         {"side", buy ? "buy" : "sell"},
                         {"in", text(p->price.in)},
                         {"out", text(p->price.out)},
                         {"impact_ppm", p->price.impact_ppm},
                         {"fee_ppm", p->pool.fee_ppm},
                         {"venue", venue_name(p->pool.venue)},
                         {"pool", solana::to_base58(p->pool.pool)},
                         {"slot", text(p->pool.slot.value)}});
}

response opened_view(const opened& o) {
  json::object out{{"order", o.id.substr(0, 16)},
                   {"id", o.id},
                   {"state", o.accepted ? "accepted"
                             : o.known  ? "known"
                                        : "denied"}};
  if (o.accepted || o.known) return ok(out);
  const auto said =
      fmt::format("the account {}: {} (measured {}, limit {})",
                  o.before ? "denied it when it was asked before, and a new order needs a new key" : "denies it",
                  o.reason, o.measured, o.threshold);
  auto reason = denial::none;
  for (auto d = denial::none; d != denial::count_; d = static_cast<denial>(static_cast<std::uint8_t>(d) + 1))
    if (to_text(d) == o.reason) reason = d;
  return error_response(422, said, std::string(hint_of(reason)));
}

response said_view(std::string_view said, std::size_t flying) {
  return ok(json::object{{"what", said}, {"in_flight", flying}});
}

} // namespace sett::accounts
