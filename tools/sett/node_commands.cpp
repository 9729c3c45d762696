#include "tools/sett/node_commands.hpp"

#include "tools/sett/account_commands.hpp"
#include "tools/sett/human.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

namespace sett::tools {
namespace json = boost::json;
namespace control = protocol::control;
using control::column;
using control::form;

namespace {

const json::value* at(const json::object& o, std::string_view key) { return o.if_contains(key); }

std::string text_of(const json::object& o, std::string_view key, form how = form::text) {
  return shown(at(o, key), how, std::time(nullptr));
}
std::uint64_t count_of(const json::object& o, std::string_view key) {
  const auto* v = at(o, key);
  if (v == nullptr) return 0;
  if (v->is_uint64()) return v->as_uint64();
  if (v->is_int64()) return v->as_int64() > 0 ? static_cast<std::uint64_t>(v->as_int64()) : 0;
  return 0;
}
bool is_true(const json::object& o, std::string_view key) {
  const auto* v = at(o, key);
  return v != nullptr && v->is_bool() && v->as_bool();
}
const json::array& rows_of(const json::object& o, std::string_view key = "rows") {
  static const json::array none;
  const auto* v = at(o, key);
  return v != nullptr && v->is_array() ? v->as_array() : none;
}

/// The object in the answer, or a report.
result<json::object> object_at(const command_context& c, std::string_view target, std::string_view method = "GET") {
  auto answer = c.client().ask(method, target);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_object()) return fail("node", client_errc::bad_answer, "the node's answer is no JSON object");
  return std::move(answer->as_object());
}

void put_line(std::ostream& out, std::string_view name, const std::string& value, std::size_t width = 14) {
  if (value != "-" && !value.empty()) out << fmt::format("{:<{}} {}\n", name, width, value);
}

/// Members and shards in one line; a node that is alone has nothing to say.
void put_cluster_line(std::ostream& out, const json::object& o, const command_context& c) {
  if (is_true(o, "alone")) return;
  const auto down = count_of(o, "nodes_down"), headless = count_of(o, "shards_without_leader"),
             thin = count_of(o, "shards_under_replicated");
  std::string shards = fmt::format("{} shards", count_of(o, "shards"));
  shards += headless == 0 ? std::string(", all led") : fmt::format(", {} without leader", headless);
  shards += thin == 0 ? std::string(", all fully replicated") : fmt::format(", {} under-replicated", thin);
  const auto nodes = down == 0 ? fmt::format("{} nodes", count_of(o, "nodes"))
                               : fmt::format("{} nodes, {} down", count_of(o, "nodes"), down);
  const auto line = nodes + "; " + shards;
  put_line(out, "cluster",
           headless != 0            ? red(line, c.colours)
           : down != 0 || thin != 0 ? yellow(line, c.colours)
                                    : green(line, c.colours));
}

void put_status(std::ostream& out, const json::object& s, const command_context& c) {
  const auto& degraded = rows_of(s, "degraded");
  const auto& streams = rows_of(s, "streams");
  const auto whole = std::count_if(streams.begin(), streams.end(), [](const json::value& v) {
    return v.is_object() && is_true(v.as_object(), "complete");
  });
  put_line(out, "mode", bold(text_of(s, "mode"), c.colours) + (is_true(s, "ready") ? "" : "  (not ready)"));
  put_account_lines(out, c);
  std::string stream_line = streams.empty() ? "none" : fmt::format("{} of {} complete", whole, streams.size());
  put_line(out, "streams",
           static_cast<std::size_t>(whole) == streams.size() && !streams.empty() ? green(stream_line, c.colours)
                                                                                 : yellow(stream_line, c.colours));
  put_line(out, "slots behind",
           text_of(s, "slots_behind", form::count) +
               (at(s, "newest_slot") != nullptr ? "  (newest " + text_of(s, "newest_slot") + ")" : ""));
  put_line(out, "tokens",
           at(s, "tokens_live") == nullptr ? "-"
                                           : text_of(s, "tokens_live", form::count) + " live, " +
                                                 text_of(s, "tokens_passivated", form::count) + " at rest");
  put_line(out, "wallets",
           at(s, "wallets_tracked") == nullptr ? "-" : text_of(s, "wallets_tracked", form::count) + " tracked");
  put_line(out, "events/s",
           text_of(s, "events_per_s", form::amount) +
               (at(s, "events") != nullptr ? "  (" + text_of(s, "events", form::count) + " since the start, " +
                                                 text_of(s, "swaps", form::count) + " swaps)"
                                           : ""));
  if (const auto* cluster = at(s, "cluster"); cluster != nullptr && cluster->is_object())
    put_cluster_line(out, cluster->as_object(), c);
  if (degraded.empty()) put_line(out, "degraded", green("nothing", c.colours));
  for (const auto& d : degraded)
    if (d.is_object())
      put_line(out, &d == degraded.begin() ? "degraded" : "",
               red(text_of(d.as_object(), "what"), c.colours) + ": " + text_of(d.as_object(), "why"));
  if (!streams.empty()) out << "\n" << render_rows(streams, control::stream_columns, c.table());
  out << fmt::format(
      "\nnode {} (process {}, version {}), up {}, {} actors, {} restarts, metrics on port {}\n", text_of(s, "node"),
      text_of(s, "pid"), text_of(s, "version"),
      age(static_cast<std::int64_t>(
          at(s, "uptime_s") != nullptr && at(s, "uptime_s")->is_double() ? at(s, "uptime_s")->as_double() : 0)),
      text_of(s, "actors", form::count), text_of(s, "actor_restarts", form::count), text_of(s, "http_port"));
}

void put_log_line(std::ostream& out, const json::object& line, const command_context& c) {
  if (c.form == output_form::json) {
    out << json::serialize(line) << "\n";
    return;
  }
  const auto level = text_of(line, "level");
  std::string fields;
  for (const auto& [key, value] : line)
    if (key != "ts" && key != "level" && key != "area" && key != "event" && key != "message")
      fields += fmt::format("{}{}={}", fields.empty() ? "" : " ", for_terminal(key), shown(&value, form::text, 0));
  const auto padded = fmt::format("{:<5}", level);
  out << fmt::format("{} {} {:<10} {}: {}{}\n", text_of(line, "ts"),
                     level == "error"  ? red(padded, c.colours)
                     : level == "warn" ? yellow(padded, c.colours)
                                       : padded,
                     text_of(line, "area"), text_of(line, "event"), text_of(line, "message"),
                     fields.empty() ? "" : " (" + fields + ")");
}

constexpr std::array log_columns{column{"ts", "TIME"}, column{"level", "LEVEL"}, column{"area", "AREA"},
                                 column{"event", "EVENT"}, column{"message", "MESSAGE"}};
constexpr std::array pool_columns{column{"pool", "POOL"},
                                  column{"venue", "VENUE"},
                                  column{"quote", "IN"},
                                  column{"swaps", "SWAPS", form::count},
                                  column{"volume_quote", "VOLUME", form::quote},
                                  column{"liquidity_quote", "LIQUIDITY", form::quote},
                                  column{"fee_ppm", "FEE PPM", form::count},
                                  column{"last_slot", "LAST SLOT"}};
constexpr std::array holder_columns{column{"wallet", "WALLET"}, column{"net_base", "NET RECEIVED", form::base}};
constexpr std::array candle_columns{
    column{"start", "AGO", form::unix_time}, column{"open", "OPEN", form::price},
    column{"high", "HIGH", form::price},     column{"low", "LOW", form::price},
    column{"close", "CLOSE", form::price},   column{"volume_quote", "VOLUME", form::quote},
    column{"swaps", "SWAPS", form::count}};
constexpr std::array trail_columns{column{"slot", "SLOT"}, column{"time", "AGO", form::unix_time},
                                   column{"what", "WHAT"}};
constexpr std::array holding_columns{column{"mint", "MINT"}, column{"amount", "AMOUNT", form::amount},
                                     column{"cost_lamports", "COST SOL", form::sol},
                                     column{"trades", "TRADES", form::count}};
constexpr std::array trade_columns{column{"slot", "SLOT"},    column{"time", "AGO", form::unix_time},
                                   column{"mint_in", "GAVE"}, column{"amount_in", "AMOUNT", form::amount},
                                   column{"mint_out", "GOT"}, column{"amount_out", "AMOUNT", form::amount}};

void put_section(std::ostream& out, const json::array& rows, std::string_view title, std::span<const column> columns,
                 const command_context& c) {
  if (!rows.empty()) out << "\n" << title << "\n" << render_rows(rows, columns, c.table());
}

void put_columns(std::ostream& out, const json::object& o, std::span<const column> columns) {
  for (const auto& col : columns) {
    std::string name(col.title);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char ch) { return static_cast<char>(std::tolower(ch)); });
    put_line(out, name, shown(o, col, std::time(nullptr)));
  }
}

/// The newest one-minute candles of the token's main quote, per whole token as its price is; ten, or all with -o wide.
void put_candles(std::ostream& out, const json::object& t, const command_context& c) {
  constexpr std::uint64_t width_s = 60;
  constexpr std::size_t shown_max = 10;
  const auto *price = at(t, "price"), *mark = at(t, "mark"), *quote = at(t, "quote");
  if (price == nullptr || mark == nullptr || quote == nullptr || !price->is_double() || !mark->is_double()) return;
  const double scale = mark->as_double() > 0 ? price->as_double() / mark->as_double() : 1;
  for (const auto& s : rows_of(t, "series")) {
    if (!s.is_object() || count_of(s.as_object(), "width_s") != width_s || s.at("quote") != *quote) continue;
    const auto& candles = rows_of(s.as_object(), "candles");
    const auto first = c.form == output_form::wide || candles.size() <= shown_max ? 0 : candles.size() - shown_max;
    json::array rows(candles.begin() + static_cast<std::ptrdiff_t>(first), candles.end());
    for (auto& row : rows) {
      if (!row.is_object()) continue;
      row.as_object()["quote"] = *quote;
      for (const auto* key : {"open", "high", "low", "close"})
        if (auto* v = row.as_object().if_contains(key); v != nullptr && v->is_double()) *v = v->as_double() * scale;
    }
    if (!rows.empty())
      out << fmt::format("\nCandles of one minute, in {}\n{}", shown(quote, form::text, 0),
                         render_rows(rows, candle_columns, c.table()));
  }
}

/// The rows with the member added to each.
json::array with_member(json::array rows, std::string_view key, const json::value& value) {
  for (auto& row : rows)
    if (row.is_object()) row.as_object()[key] = value;
  return rows;
}

/// A trade's SOL in SOL; what else it moved is in smallest units, whose decimals a wallet does not know.
json::array with_sol_amounts(json::array trades) {
  constexpr std::string_view wrapped_sol = "So11111111111111111111111111111111111111112";
  for (auto& trade : trades) {
    if (!trade.is_object()) continue;
    auto& row = trade.as_object();
    for (const auto& [mint, amount] : {std::pair{"mint_in", "amount_in"}, std::pair{"mint_out", "amount_out"}}) {
      if (text_of(row, mint) != wrapped_sol) continue;
      row[amount] = text_of(row, amount, form::sol) + " SOL";
      row[mint] = "SOL";
    }
  }
  return trades;
}

/// Why the figures are not whole, and which slots they lack.
void put_incomplete(std::ostream& out, const json::object& o) {
  if (is_true(o, "complete")) return;
  put_line(out, "not whole", text_of(o, "incomplete") + " since slot " + text_of(o, "incomplete_since"));
  std::string slots;
  for (const auto& range : rows_of(o, "missing_slots"))
    if (range.is_array() && range.as_array().size() == 2) {
      const auto first = json::serialize(range.as_array()[0]), last = json::serialize(range.as_array()[1]);
      slots +=
          fmt::format("{}{}", slots.empty() ? "" : ", ", first == last ? first : fmt::format("{}-{}", first, last));
    }
  put_line(out, "missing slots", slots);
}

/// GET one object; as JSON or CSV in full, else by `put`.
template <class Put>
int object_command(const command_context& c, const std::string& target, const Put& put) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto o = object_at(c, target);
    if (!o) return report(c, o.error());
    if (c.form == output_form::json)
      out << json::serialize(*o) << "\n";
    else if (c.form == output_form::csv)
      out << render_object_csv(*o);
    else
      put(out, *o);
    return exit_ok;
  });
}

} // namespace

int status_command(const command_context& c) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto s = object_at(c, control::status_path);
    if (!s) return report(c, s.error());
    if (c.form == output_form::json)
      out << json::serialize(*s) << "\n";
    else if (c.form == output_form::csv)
      out << render_rows(rows_of(*s, "streams"), control::stream_columns, c.table());
    else
      put_status(out, *s, c);
    return rows_of(*s, "degraded").empty() ? exit_ok : exit_degraded;
  });
}

int list_command(const command_context& c, const std::string& target, std::span<const column> columns) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto o = object_at(c, target);
    if (!o) return report(c, o.error());
    if (c.form == output_form::json) {
      out << json::serialize(*o) << "\n";
      return exit_ok;
    }
    out << render_rows(rows_of(*o), columns, c.table());
    if (const auto n = count_of(*o, "unanswered"); n != 0)
      c.err << "sett: " << n << " actors did not answer in time: this list is not whole\n";
    if (const auto n = count_of(*o, "nodes_unanswered"); n != 0)
      c.err << "sett: " << n << " nodes did not answer: this list is not whole\n";
    return exit_ok;
  });
}

int token_show_command(const command_context& c, const std::string& mint) {
  return object_command(
      c, std::string(control::tokens_path) + "/" + mint, [&](std::ostream& out, const json::object& t) {
        put_columns(out, t, control::token_columns);
        put_line(out, "creator", text_of(t, "creator"));
        put_line(out, "uri", text_of(t, "uri"));
        put_incomplete(out, t);
        put_section(out, rows_of(t, "pool_list"), "Pools", pool_columns, c);
        put_candles(out, t, c);
        const auto* decimals = at(t, "decimals");
        put_section(out,
                    with_member(rows_of(t, "holders"), "decimals", decimals != nullptr ? *decimals : json::value{}),
                    "Largest receivers seen", holder_columns, c);
        put_section(out, rows_of(t, "trail"), "What happened", trail_columns, c);
      });
}

int wallet_show_command(const command_context& c, const std::string& wallet) {
  return object_command(
      c, std::string(control::wallets_path) + "/" + wallet, [&](std::ostream& out, const json::object& w) {
        put_columns(out, w, control::wallet_columns);
        put_incomplete(out, w);
        put_section(out, rows_of(w, "holdings"), "Holdings (amounts in a token's smallest unit)", holding_columns, c);
        put_section(out, with_sol_amounts(rows_of(w, "recent")), "Trades (tokens in their smallest unit)",
                    trade_columns, c);
      });
}

int show_command(const command_context& c, const std::string& target) {
  return object_command(c, target, [&](std::ostream& out, const json::object& o) {
    std::size_t width = 0;
    for (const auto& [key, value] : o) width = std::max(width, key.size());
    for (const auto& [key, value] : o) {
      if (value.is_object()) {
        std::string members;
        for (const auto& [name, member] : value.as_object())
          members +=
              fmt::format("{}{} {}", members.empty() ? "" : ", ", for_terminal(name), shown(&member, form::text, 0));
        put_line(out, for_terminal(key), members, width);
        continue;
      }
      if (!value.is_array() || value.as_array().empty() || !value.as_array()[0].is_object()) {
        put_line(out, for_terminal(key), shown(&value, form::text, 0), width);
        continue;
      }
      std::vector<column> columns;
      for (const auto& [name, _] : value.as_array()[0].as_object())
        columns.push_back({std::string_view(name), std::string_view(name)});
      put_section(out, value.as_array(), key, columns, c);
    }
  });
}

int change_command(const command_context& c, std::string_view method, const std::string& target,
                   std::string_view sentence, std::string_view unchanged) {
  const auto o = object_at(c, target, method);
  if (!o) return report(c, o.error());
  if (c.form == output_form::json)
    c.out << json::serialize(*o) << "\n";
  else if (const auto* changed = at(*o, "changed"); changed != nullptr && changed->is_bool() && !changed->as_bool())
    c.out << unchanged << "\n";
  else
    c.out << sentence << "\n";
  return exit_ok;
}

int log_tail_command(const command_context& c, bool follow) {
  std::uint64_t after = 0;
  for (;;) {
    const auto o = object_at(c, fmt::format("{}?after={}", control::log_lines_path, after));
    if (!o) return report(c, o.error());
    if (c.form == output_form::csv) {
      const auto text = render_rows(rows_of(*o), log_columns, c.table());
      c.out << (after == 0 ? text : text.substr(text.find('\n') + 1)); // one heading, however often it asks
    } else {
      for (const auto& line : rows_of(*o))
        if (line.is_object()) put_log_line(c.out, line.as_object(), c);
    }
    c.out << std::flush;
    after = count_of(*o, "next");
    if (!follow) return exit_ok;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

int opportunity_tail_command(const command_context& c, bool follow) {
  std::uint64_t after = 0;
  for (;;) {
    const auto o = object_at(c, fmt::format("{}?after={}", control::opportunities_path, after));
    if (!o) return report(c, o.error());
    if (const auto n = count_of(*o, "shed"); n != 0)
      c.err << "sett: " << n << " opportunities came faster than they were read; the file has them\n";
    for (const auto& row : rows_of(*o)) {
      if (!row.is_object()) continue;
      const auto& line = row.as_object();
      if (c.form == output_form::json) {
        c.out << json::serialize(line) << "\n";
        continue;
      }
      const auto* found = at(line, "market");
      const auto market = found != nullptr && found->is_object() ? found->as_object() : json::object{};
      c.out << fmt::format("{} {:<17} {} {} price {} {} liquidity {}\n", text_of(line, "slot"), text_of(line, "kind"),
                           text_of(line, "mint"), for_terminal(text_of(market, "symbol")),
                           text_of(market, "price", form::price), text_of(market, "quote"),
                           shown(market, column{"liquidity_quote", "", form::quote}, 0));
    }
    c.out << std::flush;
    after = count_of(*o, "next");
    if (!rows_of(*o).empty()) continue; // there may be more already
    if (!follow) return exit_ok;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

int log_levels_command(const command_context& c) {
  const auto o = object_at(c, control::log_levels_path);
  if (!o) return report(c, o.error());
  c.out << (c.form == output_form::json ? json::serialize(*o) : text_of(*o, "levels")) << "\n";
  return exit_ok;
}

} // namespace sett::tools
