// What the command line and the node say to each other: HTTP and JSON over a Unix socket, so that `curl --unix-socket`
// works too. This header is the contract: the paths, and for every list its columns, from which `sett` makes tables,
// CSV and completions.
//
// JSON: field names as in the columns; amounts and other 64-bit figures that a double cannot hold are decimal strings;
// addresses are base58; a list answers {"rows":[...],...}; a refusal answers {"error":{"what":...,"hint":...}} with a
// status of 400 or more.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sett::protocol::control {

inline constexpr std::string_view status_path = "/v1/status";        // GET
inline constexpr std::string_view tokens_path = "/v1/tokens";        // GET ?limit&sort&text; GET /{mint}
inline constexpr std::string_view wallets_path = "/v1/wallets";      // GET ?limit; GET, POST ?label, DELETE /{wallet}
inline constexpr std::string_view endpoints_path = "/v1/endpoints";  // GET; GET /{name}
inline constexpr std::string_view plans_path = "/v1/endpoint-plans"; // GET
inline constexpr std::string_view actors_path = "/v1/actors";        // GET ?prefix&sort&limit
inline constexpr std::string_view actor_path = "/v1/actor";          // GET ?path
inline constexpr std::string_view actor_restart_path = "/v1/actor/restart"; // POST ?path
inline constexpr std::string_view config_path = "/v1/config";               // GET
inline constexpr std::string_view log_lines_path = "/v1/log";               // GET ?after
inline constexpr std::string_view log_levels_path = "/v1/log/levels";       // GET; POST ?area&level

// The trading account, answered by the node that leads it.
//   GET account; /orders?limit&open=yes; /orders/{id}; /positions; /positions/{mint}; /pnl; /balance;
//   /quote?side&mint&amount; POST /orders?side=buy&mint&lamports&slippage_bps&max_age_blocks&key,
//   /orders?side=sell&mint&percent&key; /halt; /resume; DELETE /orders/{id}. `key` names the order: the same one
//   twice is one order.
inline constexpr std::string_view account_path = "/v1/account";

inline constexpr std::string_view opportunities_path = "/v1/opportunities"; // GET ?after: {next, shed, rows}

// The cluster. ?node=NAME on any path asks that node through this one.
inline constexpr std::string_view node_parameter = "node";
inline constexpr std::string_view cluster_path = "/v1/cluster";             // GET
inline constexpr std::string_view rebalance_path = "/v1/cluster/rebalance"; // POST ?mode=on|off|rollout
inline constexpr std::string_view nodes_path = "/v1/nodes";                 // GET
inline constexpr std::string_view node_drain_path = "/v1/node/drain";       // POST: the node that is asked
inline constexpr std::string_view node_undrain_path = "/v1/node/undrain";   // POST
inline constexpr std::string_view shards_path = "/v1/shards"; // GET; GET /{shard}: as the asked node's replica sees it;
                                                              // POST /{shard}/move?to, /{shard}/recover?accept_loss=yes

/// The words of a token list's ?sort, in the order of protocol::token_sort, and the field each goes by, largest first.
struct list_order {
  std::string_view word, field;
};
inline constexpr std::array token_orders{
    list_order{"activity", "last_slot"},        list_order{"volume", "volume_lamports"},
    list_order{"price_change", "change_ratio"}, list_order{"created", "created"},
    list_order{"liquidity", "liquidity_quote"}, list_order{"holders", "holders_seen"}};
inline constexpr std::string_view wallet_order_field = "last_slot";
inline constexpr std::uint64_t list_limit = 100, list_limit_max = 100'000; // ?limit of a list

/// How a value is shown to people; JSON and CSV carry it exactly.
enum class form : std::uint8_t {
  text,    // as it is
  address, // shortened in tables, whole with -o wide
  count,   // 1,234,567
  amount,  // 1.23M
  sol,     // lamports as SOL
  usd,     // millionths of a dollar as dollars
  quote,   // base units of the row's "quote" (SOL, USD) as whole coins; as an amount where that is neither
  base,    // base units of a token with the row's "decimals" as whole tokens; as an amount where they are unknown
  price,   // five significant digits
  rate,    // 0.025
  ratio,   // a change: 0.1 as +10.0 %
  share,   // 0.1 as 10.0 %
  yes_no,
  unix_time, // seconds since 1970, as an age
  us,        // microseconds with a fitting unit
  list       // an array of texts, joined
};

struct column {
  std::string_view field; // of the row's object
  std::string_view title;
  form shown{form::text};
  bool wide{}; // only with -o wide (JSON and CSV always have it)
};

inline constexpr std::array token_columns{
    column{"mint", "MINT", form::address},
    column{"symbol", "SYMBOL"},
    column{"name", "NAME", form::text, true},
    column{"price", "PRICE", form::price},
    column{"quote", "IN"},
    column{"change_ratio", "5 MIN", form::ratio},
    column{"volatility", "VOLATILITY", form::share, true},
    column{"volume_lamports", "VOLUME SOL", form::sol},
    column{"volume_usd_micros", "VOLUME USD", form::usd, true},
    column{"liquidity_quote", "LIQUIDITY", form::quote, true},
    column{"trades", "TRADES", form::count},
    column{"buys", "BUYS", form::count},
    column{"sells", "SELLS", form::count},
    column{"holders_seen", "HOLDERS", form::count},
    column{"pools", "POOLS", form::count},
    column{"flags", "FLAGS", form::list, true},
    column{"last_slot", "LAST SLOT", form::text, true},
    column{"updated", "SEEN", form::unix_time},
    column{"complete", "COMPLETE", form::yes_no},
};

inline constexpr std::array wallet_columns{
    column{"wallet", "WALLET", form::address},
    column{"label", "LABEL"},
    column{"trades", "TRADES", form::count},
    column{"buys", "BUYS", form::count},
    column{"sells", "SELLS", form::count},
    column{"wins", "WINS", form::count},
    column{"losses", "LOSSES", form::count},
    column{"realized_lamports", "REALIZED SOL", form::sol},
    column{"tokens_held", "TOKENS", form::count},
    column{"failed", "FAILED", form::count, true},
    column{"by_setting", "BY SETTING", form::yes_no, true},
    column{"last_activity", "ACTIVE", form::unix_time},
    column{"complete", "COMPLETE", form::yes_no},
};

inline constexpr std::array order_columns{
    column{"order", "ORDER"},
    column{"state", "STATE"},
    column{"side", "SIDE"},
    column{"mint", "MINT", form::address},
    column{"strategy", "STRATEGY"},
    column{"lamports_out", "SOL OUT", form::sol},
    column{"lamports_in", "SOL IN", form::sol},
    column{"tokens_in", "TOKENS IN", form::amount, true},
    column{"tokens_out", "TOKENS OUT", form::amount, true},
    column{"fees_lamports", "FEES SOL", form::sol, true},
    column{"realised_lamports", "REALISED SOL", form::sol},
    column{"reason", "REASON"},
    column{"signature", "SIGNATURE", form::address, true},
    column{"opened", "OPENED", form::unix_time},
    column{"updated", "UPDATED", form::unix_time, true},
};

inline constexpr std::array position_columns{
    column{"mint", "MINT", form::address},          column{"tokens", "TOKENS", form::amount},
    column{"cost_lamports", "COST SOL", form::sol}, column{"value_lamports", "VALUE SOL", form::sol},
    column{"open_lamports", "OPEN SOL", form::sol}, column{"change_ratio", "CHANGE", form::ratio},
    column{"venue", "VENUE", form::text, true},     column{"state", "STATE"},
};

inline constexpr std::array pnl_columns{
    column{"strategy", "STRATEGY"},
    column{"orders", "ORDERS", form::count},
    column{"denied", "DENIED", form::count},
    column{"buys", "BUYS", form::count},
    column{"sells", "SELLS", form::count},
    column{"wins", "WINS", form::count},
    column{"losses", "LOSSES", form::count},
    column{"fees_lamports", "FEES SOL", form::sol},
    column{"realised_lamports", "REALISED SOL", form::sol},
};

inline constexpr std::array endpoint_columns{
    column{"name", "ENDPOINT"},
    column{"provider", "PROVIDER"},
    column{"plan", "PLAN"},
    column{"state", "STATE"},
    column{"breaker", "BREAKER"},
    column{"slot", "SLOT"},
    column{"slots_behind", "BEHIND", form::count},
    column{"latency_us_p50", "P50", form::us},
    column{"latency_us_p99", "P99", form::us},
    column{"calls", "CALLS", form::count},
    column{"failed", "FAILED", form::count},
    column{"frames", "FRAMES", form::count},
    column{"reconnects", "RECONNECTS", form::count},
    column{"reason", "REASON"},
};

inline constexpr std::array plan_columns{
    column{"endpoint", "ENDPOINT"},
    column{"plan", "PLAN"},
    column{"commitment", "COMMITMENT"},
    column{"chosen", "CHOSEN", form::yes_no},
    column{"requests_per_s", "REQUESTS/S", form::rate},
    column{"credits_per_month", "CREDITS/MONTH", form::amount},
    column{"allowance", "ALLOWANCE", form::amount},
    column{"note", "NOTE"},
};

inline constexpr std::array actor_columns{
    column{"path", "ACTOR"},
    column{"state", "STATE"},
    column{"depth", "DEPTH", form::count},
    column{"bound", "BOUND", form::count, true},
    column{"head_age_us", "HEAD AGE", form::us},
    column{"handled", "HANDLED", form::count},
    column{"restarts", "RESTARTS", form::count},
    column{"refused", "REFUSED", form::count},
    column{"dead_letters", "DEAD", form::count, true},
    column{"skipped_poison", "POISON", form::count},
    column{"handling_us_p50", "P50", form::us},
    column{"handling_us_p99", "P99", form::us},
};

inline constexpr std::array node_columns{
    column{"node", "NODE"},
    column{"state", "STATE"},
    column{"leads", "LEADS", form::count},
    column{"holds", "HOLDS", form::count},
    column{"draining", "DRAINING", form::yes_no},
    column{"silence_ms", "SILENT MS", form::count},
    column{"health", "HEALTH", form::count, true},
    column{"incarnation", "START"},
    column{"roles", "ROLES", form::text, true},
    column{"weight", "WEIGHT", form::count, true},
    column{"address", "ADDRESS"},
    column{"ports", "PORTS", form::list, true},
    column{"version", "VERSION"},
};

inline constexpr std::array shard_columns{
    column{"shard", "SHARD"},
    column{"leader", "LEADER"},
    column{"epoch", "EPOCH"},
    column{"isr", "IN SYNC", form::list},
    column{"min_isr", "MIN IN SYNC", form::count, true},
    column{"data_loss", "LOSSES ACCEPTED", form::count, true},
    column{"here", "HERE"},
};

inline constexpr std::array plan_step_columns{
    column{"shard", "SHARD"},
    column{"what", "WHAT"},
    column{"by", "BY"},
    column{"target", "TARGET"},
};

inline constexpr std::array config_columns{
    column{"key", "KEY"},
    column{"value", "VALUE"},
    column{"from", "FROM"},
};

inline constexpr std::array stream_columns{
    column{"stream", "STREAM"},
    column{"state", "STATE"},
    column{"complete", "COMPLETE", form::yes_no},
    column{"complete_from", "FROM"},
    column{"complete_to", "TO"},
    column{"incomplete_slots", "MISSING", form::count},
    column{"backfilling", "BACKFILLING", form::count},
};

} // namespace sett::protocol::control
