#include "nodes/runtime/json_views.hpp"

#include "actors/decode/decoder.hpp"
#include "actors/market/quote_coins.hpp"
#include "messages/solana/base58.hpp"

#include <cmath>
#include <utility>

namespace sett::runtime {
namespace json = boost::json;
namespace {

std::string exact(std::uint64_t n) { return std::to_string(n); }
std::string exact(std::int64_t n) { return std::to_string(n); }
json::value number(double d) { return std::isfinite(d) ? json::value(d) : json::value(nullptr); }
json::value address_or_null(const address& a) {
  return a.is_zero() ? json::value(nullptr) : json::value(solana::to_base58(a));
}

std::string_view quote_name(protocol::quote_class q) {
  constexpr std::string_view names[] = {"SOL", "USD", "other"};
  return names[static_cast<std::size_t>(q)];
}
std::string_view venue_name(program_kind k) {
  return k == program_kind::unknown ? std::string_view("unknown") : decode::program(k).name;
}

template <class Names>
json::array texts(const Names& names) {
  json::array out;
  for (const auto& n : names) out.emplace_back(std::string_view(n));
  return out;
}
json::array pairs(const std::vector<protocol::slot_range>& ranges) {
  json::array out;
  for (const auto& r : ranges) out.push_back(json::array{r.first.value, r.last.value});
  return out;
}
template <class Rows>
json::array views(const Rows& rows) {
  json::array out;
  out.reserve(rows.size());
  for (const auto& r : rows) out.push_back(view(r));
  return out;
}

} // namespace

std::vector<std::string_view> flag_names(protocol::token_flags flags) {
  constexpr std::string_view names[] = {
      "created_seen",     "mint_authority",   "freeze_authority",  "permanent_delegate",
      "transfer_fee",     "transfer_hook",    "default_frozen",    "metadata_mutable",
      "token_2022",       "launch_created",   "launch_completed",  "migrated",
      "liquidity_burned", "liquidity_locked", "liquidity_removed", "pausable"};
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < std::size(names); ++i)
    if ((flags >> i & 1U) != 0) out.push_back(names[i]);
  return out;
}

std::vector<std::string_view> incomplete_names(std::uint8_t bits) {
  constexpr std::string_view names[] = {"no_snapshot", "gap", "too_late", "parked"};
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < std::size(names); ++i)
    if ((bits >> i & 1) != 0) out.push_back(names[i]);
  return out;
}

json::object view(const protocol::token_summary& t) {
  // A mark is quote base units per token base unit; people want it per whole token, in whole quote coins (SOL has 9
  // decimals, the dollar coins 6). Without known decimals the raw mark stands.
  double price = t.price;
  if (t.decimals >= 0 && t.quote != protocol::quote_class::other)
    price *= std::pow(10.0, t.decimals - (t.quote == protocol::quote_class::sol ? 9 : 6));
  return {{"mint", solana::to_base58(t.mint)},
          {"name", t.name},
          {"symbol", t.symbol},
          {"decimals", t.decimals},
          {"quote", quote_name(t.quote)},
          {"price", number(price)},
          {"mark", number(t.price)},
          {"change_ratio", number(t.change_ratio)},
          {"volatility", number(t.volatility)},
          {"liquidity_quote", exact(t.liquidity_quote)},
          {"swaps", t.counts.swaps},
          {"trades", t.counts.trades},
          {"buys", t.counts.buys},
          {"sells", t.counts.sells},
          {"transfers", t.counts.transfers},
          {"volume_lamports", exact(t.counts.volume_lamports)},
          {"volume_usd_micros", exact(t.counts.volume_usd_micros)},
          {"volume_base", exact(t.counts.volume_base)},
          {"holders_seen", t.holders_seen},
          {"flags", texts(flag_names(t.flags))},
          {"pools", t.pools},
          {"first_slot", t.first_slot.value},
          {"last_slot", t.last_slot.value},
          {"created", t.created.value},
          {"updated", t.updated.value},
          {"complete", t.incomplete == 0},
          {"incomplete", texts(incomplete_names(t.incomplete))},
          {"incomplete_since", t.incomplete_since.value}};
}

json::object view(const protocol::token_detail& t) {
  auto out = view(t.summary);
  out["uri"] = t.uri;
  out["creator"] = address_or_null(t.creator);
  out["mint_authority"] = address_or_null(t.mint_authority);
  out["freeze_authority"] = address_or_null(t.freeze_authority);
  json::array pools;
  for (const auto& p : t.pools) {
    const bool reserves = p.state.kind == pool_state_kind::reserves;
    pools.push_back(json::object{{"pool", solana::to_base58(p.pool)},
                                 {"venue", venue_name(p.venue)},
                                 {"quote_mint", solana::to_base58(p.quote_mint)},
                                 {"quote", quote_name(market::quote_class_of(p.quote_mint))},
                                 {"mark", number(p.price)},
                                 {"fee_ppm", p.fee_known ? json::value(p.fee_ppm) : json::value(nullptr)},
                                 {"swaps", p.swaps},
                                 {"volume_quote", exact(p.volume_quote)},
                                 {"liquidity_quote", exact(p.liquidity_quote)},
                                 {"reserve_token", reserves ? json::value(exact(p.state.a)) : json::value(nullptr)},
                                 {"reserve_quote", reserves ? json::value(exact(p.state.b)) : json::value(nullptr)},
                                 {"last_slot", p.last_slot.value}});
  }
  out["pool_list"] = std::move(pools);
  json::array series;
  for (const auto& s : t.series) {
    json::array candles;
    for (const auto& c : s.candles)
      candles.push_back(json::object{{"start", c.start_s},
                                     {"open", number(c.open)},
                                     {"high", number(c.high)},
                                     {"low", number(c.low)},
                                     {"close", number(c.close)},
                                     {"volume_quote", exact(c.volume_quote)},
                                     {"swaps", c.swaps}});
    series.push_back(
        json::object{{"quote", quote_name(s.quote)}, {"width_s", s.width_s}, {"candles", std::move(candles)}});
  }
  out["series"] = std::move(series);
  json::array holders;
  for (const auto& h : t.holders)
    holders.push_back(json::object{{"wallet", solana::to_base58(h.wallet)}, {"net_base", exact(h.net_base)}});
  out["holders"] = std::move(holders);
  json::array trail;
  for (const auto& l : t.trail)
    trail.push_back(json::object{{"slot", l.slot.value}, {"time", l.time.value}, {"what", l.what}});
  out["trail"] = std::move(trail);
  out["duplicates"] = t.duplicates;
  out["undone"] = t.undone;
  out["too_late"] = t.too_late;
  out["parked"] = t.parked;
  out["sealed"] = t.sealed.value;
  out["missing_slots"] = pairs(t.missing);
  return out;
}

json::object view(const protocol::token_list& l) {
  return {{"rows", views(l.rows)},
          {"matching", l.matching},
          {"live", l.live},
          {"passivated", l.passivated},
          {"unanswered", l.unanswered}};
}

json::object view(const protocol::opportunity& o) {
  constexpr std::string_view kinds[] = {"token_created",   "pool_created",      "launch_completed", "migrated",
                                        "liquidity_added", "liquidity_removed", "liquidity_burned", "liquidity_locked"};
  return {{"kind", kinds[static_cast<std::size_t>(o.kind)]},
          {"mint", solana::to_base58(o.mint)},
          {"pool", address_or_null(o.pool)},
          {"slot", o.slot.value},
          {"time", o.time.value == 0 ? json::value(nullptr) : json::value(o.time.value)},
          {"signature", solana::to_base58(o.transaction)},
          {"risk_score", o.risk_score ? number(*o.risk_score) : json::value(nullptr)},
          {"market", view(o.market)}};
}

json::object view(const protocol::wallet_summary& w) {
  return {{"wallet", solana::to_base58(w.wallet)},
          {"label", w.label},
          {"by_setting", w.by_setting},
          {"trades", w.trades},
          {"failed", w.failed},
          {"buys", w.buys},
          {"sells", w.sells},
          {"wins", w.wins},
          {"losses", w.losses},
          {"realized_lamports", exact(w.realized_lamports)},
          {"bought_lamports", exact(w.bought_lamports)},
          {"sold_lamports", exact(w.sold_lamports)},
          {"tokens_held", w.tokens_held},
          {"last_slot", w.last_slot.value},
          {"last_activity", w.last_activity.value},
          {"complete", w.incomplete == 0},
          {"incomplete", texts(incomplete_names(w.incomplete))},
          {"incomplete_since", w.incomplete_since.value}};
}

json::object view(const protocol::wallet_detail& w) {
  auto out = view(w.summary);
  json::array holdings;
  for (const auto& h : w.holdings)
    holdings.push_back(json::object{{"mint", solana::to_base58(h.mint)},
                                    {"amount", exact(h.amount)},
                                    {"cost_lamports", exact(h.cost_lamports)},
                                    {"trades", h.trades},
                                    {"last_slot", h.last_slot.value}});
  out["holdings"] = std::move(holdings);
  json::array recent;
  for (const auto& t : w.recent)
    recent.push_back(json::object{{"slot", t.slot.value},
                                  {"time", t.time.value},
                                  {"transaction", solana::to_base58(t.transaction)},
                                  {"mint_in", solana::to_base58(t.mint_in)},
                                  {"amount_in", exact(t.amount_in.value)},
                                  {"mint_out", solana::to_base58(t.mint_out)},
                                  {"amount_out", exact(t.amount_out.value)}});
  out["recent"] = std::move(recent);
  out["duplicates"] = w.duplicates;
  out["undone"] = w.undone;
  out["too_late"] = w.too_late;
  out["forgotten_holdings"] = w.forgotten_holdings;
  out["sealed"] = w.sealed.value;
  out["missing_slots"] = pairs(w.missing);
  return out;
}

json::object view(const protocol::wallet_list& l) {
  return {{"rows", views(l.rows)}, {"tracked", l.tracked}, {"unanswered", l.unanswered}};
}

json::object view(const protocol::actor_info& a) {
  json::array crashes;
  for (const auto& c : a.crashes)
    crashes.push_back(json::object{{"message", c.what}, {"error", c.error}, {"times", c.times}, {"parked", c.parked}});
  return {{"path", a.path},
          {"state", protocol::to_text(a.state)},
          {"depth", a.depth},
          {"bound", a.bound},
          {"head_age_us", a.head_age_us},
          {"handled", a.handled},
          {"refused", a.refused},
          {"dead_letters", a.dead_letters},
          {"restarts", a.restarts},
          {"skipped_poison", a.skipped_poison},
          {"handling_us_p50", number(a.handling_us_p50)},
          {"handling_us_p99", number(a.handling_us_p99)},
          {"crashes", std::move(crashes)}};
}

json::object view(const protocol::actor_list& l) { return {{"rows", views(l.rows)}, {"total", l.total}}; }

json::object view(const protocol::endpoint_status& e) {
  constexpr std::string_view states[] = {"connecting", "live", "silent", "lost"};
  constexpr std::string_view methods[] = {"block", "transaction", "query"};
  // One word for the table: the worst of the three.
  std::string worst = "closed";
  json::object breakers;
  for (std::size_t i = 0; i < e.breakers.size(); ++i) {
    breakers[methods[i]] = e.breakers[i];
    if (e.breakers[i] != "closed" && (worst == "closed" || e.breakers[i] == "open")) worst = e.breakers[i];
  }
  return {{"name", e.name},
          {"provider", e.provider},
          {"plan", e.plan},
          {"state", e.has_stream ? states[static_cast<std::size_t>(e.connection)] : std::string_view("calls only")},
          {"reason", e.connection_reason},
          {"breaker", worst},
          {"breakers", std::move(breakers)},
          {"slot", e.newest.value},
          {"slots_behind", e.lag_slots},
          {"latency_us_p50", number(e.latency_ms_p50 * 1000)},
          {"latency_us_p99", number(e.latency_ms_p99 * 1000)},
          {"calls", e.calls},
          {"failed", e.calls_failed},
          {"retries", e.retries},
          {"throttled", e.throttled},
          {"shed", e.shed},
          {"late_replies", e.late_replies},
          {"in_flight", e.in_flight},
          {"waiting", e.waiting},
          {"frames", e.frames},
          {"bytes", e.bytes},
          {"malformed", e.malformed},
          {"connects", e.connects},
          {"reconnects", e.connects > 0 ? e.connects - 1 : 0},
          {"disconnects", e.disconnects},
          {"credits_per_second", number(e.credits_per_second)},
          {"credits_used", number(e.credits_used)},
          {"last_fault", e.last_fault}};
}

json::object view(const config::resolution& r) {
  json::array rows;
  for (const auto& e : r.effective)
    rows.push_back(json::object{{"key", e.key},
                                {"value", e.shown},
                                {"from", e.from.text()},
                                {"live", e.declared->change == config::setting_change::live},
                                {"cluster", e.declared->scope == config::setting_scope::cluster}});
  return {{"rows", std::move(rows)}, {"cluster_checksum", config::cluster_checksum(r)}};
}

} // namespace sett::runtime
