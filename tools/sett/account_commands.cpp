#include "tools/sett/account_commands.hpp"

#include "messages/protocol/control.hpp"
#include "nodes/api/request.hpp"
#include "tools/sett/human.hpp"
#include "tools/sett/node_commands.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <ostream>
#include <random>
#include <thread>
#include <utility>

namespace sett::tools {
namespace json = boost::json;
namespace control = protocol::control;
using api::percent_encode;
using control::column;
using control::form;

namespace {

constexpr std::array story_columns{column{"time", "AGO", form::unix_time}, column{"attempt", "ATTEMPT"},
                                   column{"what", "WHAT"}};

constexpr auto ask_pause = std::chrono::milliseconds(200);

std::string account(std::string_view tail) { return std::string(control::account_path) + std::string(tail); }

result<json::object> ask(const node_client& node, std::string_view method, const std::string& target) {
  auto answer = node.ask(method, target);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_object()) return fail("node", client_errc::bad_answer, "the node's answer is no JSON object");
  return std::move(answer->as_object());
}
result<json::object> ask(const command_context& c, std::string_view method, const std::string& target) {
  return ask(c.client(), method, target);
}
std::string text(const json::object& o, std::string_view key, form how = form::text) {
  return shown(o.if_contains(key), how, std::time(nullptr));
}
bool is_true(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_bool() && v->as_bool();
}
bool is_json(const command_context& c) { return c.form == output_form::json; }
void put(std::ostream& out, std::string_view name, const std::string& value) {
  out << fmt::format("{:<14} {}\n", name, value);
}

/// "0.05" as lamports; nothing: no amount of SOL with at most nine decimals, or nothing at all.
std::optional<std::uint64_t> lamports_of(std::string_view sol) {
  std::uint64_t whole = 0, part = 0, digits = 0;
  bool point = false, any = false;
  for (const char ch : sol) {
    if (ch == '.' && !point) {
      point = true;
    } else if (ch >= '0' && ch <= '9') {
      any = true;
      const auto d = static_cast<std::uint64_t>(ch - '0');
      if (!point) {
        whole = whole * 10 + d;
        if (whole > 100'000'000) return std::nullopt;
      } else {
        if (++digits > 9) return std::nullopt;
        part = part * 10 + d;
      }
    } else {
      return std::nullopt;
    }
  }
  for (; digits < 9; ++digits) part *= 10;
  const auto all = whole * 1'000'000'000 + part;
  return any && all > 0 ? std::optional(all) : std::nullopt;
}

std::string new_key() {
  std::random_device chance; // names an order, so that asking again does not order twice
  return fmt::format("cli-{:08x}{:08x}{:08x}{:08x}", chance(), chance(), chance(), chance());
}

int wrong_amount(const command_context& c) {
  return report(c, exit_usage, "--sol takes an amount of SOL with at most nine decimals: --sol 0.05");
}

/// Until the order has ended; prints its last word.
int follow(const command_context& c, const std::string& id) {
  std::string before;
  for (;;) {
    const auto o = ask(c, "GET", account("/orders/" + id));
    if (o) {
      const auto state = text(*o, "state");
      if (!is_json(c) && state != before) c.out << fmt::format("order {}: {}\n", id, state) << std::flush;
      before = state;
      if (!is_true(*o, "open")) {
        if (is_json(c)) c.out << json::serialize(*o) << "\n";
        return state == "settled" ? exit_ok : exit_failed;
      }
    } // a failover takes a moment
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

int place(const command_context& c, const order_options& o, std::string target) {
  if (o.max_age_blocks >= 0) target += fmt::format("&max_age_blocks={}", o.max_age_blocks);
  const auto key = o.key.empty() ? new_key() : o.key;
  target += "&key=" + percent_encode(key);
  // Without an answer the order may have been taken. Under the same key it is the same order, so it is asked again; and
  // once it is in doubt, no other refusal settles what became of the first one.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(c.timeout_ms);
  bool doubtful = false;
  auto a = ask(c, "POST", target);
  while (!a) {
    doubtful =
        doubtful || (a.error().area == "node" && a.error().code == static_cast<std::uint16_t>(client_errc::unanswered));
    if (!doubtful) return report(c, a.error());
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()) - ask_pause;
    if (left <= ask_pause) {
      const error doubt{"node", static_cast<std::uint16_t>(client_errc::unanswered),
                        fmt::format("{}; it may have been taken: say it again with --key {}", a.error().message, key)};
      return report(c, doubt);
    }
    std::this_thread::sleep_for(ask_pause);
    a = ask(node_client(c.socket_path(), left, c.node), "POST", target);
  }
  const auto id = text(*a, "order");
  if (o.wait) return follow(c, id);
  if (is_json(c)) {
    c.out << json::serialize(*a) << "\n";
  } else if (text(*a, "state") == "known") {
    c.out << fmt::format("order {} is known already: nothing new was ordered\n", id);
  } else {
    c.out << fmt::format("order {} accepted; `sett order show {}` tells its story\n", id, id);
  }
  return exit_ok;
}

} // namespace

int buy_command(const command_context& c, const order_options& o) {
  const auto amount = lamports_of(o.sol);
  if (!amount) return wrong_amount(c);
  auto target = account(fmt::format("/orders?side=buy&mint={}&lamports={}", percent_encode(o.mint), *amount));
  if (o.slippage_bps >= 0) target += fmt::format("&slippage_bps={}", o.slippage_bps);
  return place(c, o, std::move(target));
}

int sell_command(const command_context& c, const order_options& o) {
  return place(c, o, account(fmt::format("/orders?side=sell&mint={}&percent={}", percent_encode(o.mint), o.percent)));
}

int quote_command(const command_context& c, const order_options& o) {
  std::uint64_t amount = 0;
  const bool buy = !o.sol.empty();
  if (buy) {
    const auto l = lamports_of(o.sol);
    if (!l) return wrong_amount(c);
    amount = *l;
  } else {
    const auto p = ask(c, "GET", account("/positions/" + percent_encode(o.mint)));
    if (!p) return report(c, p.error());
    amount = std::strtoull(text(*p, "tokens").c_str(), nullptr, 10) / 100 * o.percent;
  }
  return repeated(c, [&](std::ostream& out) -> int {
    const auto q = ask(
        c, "GET",
        account(fmt::format("/quote?side={}&mint={}&amount={}", buy ? "buy" : "sell", percent_encode(o.mint), amount)));
    if (!q) return report(c, q.error());
    if (is_json(c)) {
      out << json::serialize(*q) << "\n";
      return exit_ok;
    }
    const auto sol = [&](std::string_view key) { return text(*q, key, form::sol) + " SOL"; };
    put(out, buy ? "spend" : "sell", buy ? sol("in") : text(*q, "in", form::amount) + " base units");
    put(out, "get", buy ? text(*q, "out", form::amount) + " base units" : sol("out"));
    const auto* impact = q->if_contains("impact_ppm");
    put(out, "impact", fmt::format("{:.3f} %", impact == nullptr ? 0.0 : impact->to_number<double>() / 10'000.0));
    put(out, "pool", text(*q, "venue") + " " + text(*q, "pool"));
    put(out, "as of slot", text(*q, "slot"));
    return exit_ok;
  });
}

int order_list_command(const command_context& c, bool open_only, std::uint32_t limit) {
  return list_command(c, account(fmt::format("/orders?limit={}{}", limit, open_only ? "&open=yes" : "")),
                      control::order_columns);
}

int order_show_command(const command_context& c, const std::string& id) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto o = ask(c, "GET", account("/orders/" + percent_encode(id)));
    if (!o) return report(c, o.error());
    if (is_json(c)) {
      out << json::serialize(*o) << "\n";
      return exit_ok;
    }
    put(out, "order", text(*o, "id"));
    put(out, "state", bold(text(*o, "state"), c.colours));
    put(out, "what", text(*o, "side") + " " + text(*o, "mint") + " for " + text(*o, "strategy"));
    if (text(*o, "reason") != "-" && !text(*o, "reason").empty()) put(out, "denied", text(*o, "reason"));
    put(out, "SOL",
        fmt::format("{} out, {} in, {} fees, {} realised", text(*o, "lamports_out", form::sol),
                    text(*o, "lamports_in", form::sol), text(*o, "fees_lamports", form::sol),
                    text(*o, "realised_lamports", form::sol)));
    put(out, "tokens",
        fmt::format("{} in, {} out", text(*o, "tokens_in", form::amount), text(*o, "tokens_out", form::amount)));
    put(out, "signature", text(*o, "signature"));
    if (const auto* s = o->if_contains("story"); s != nullptr && s->is_array())
      out << "\n" << render_rows(s->as_array(), story_columns, c.table());
    return exit_ok;
  });
}

int order_cancel_command(const command_context& c, const std::string& id) {
  return change_command(c, "DELETE", account("/orders/" + percent_encode(id)), "canceled");
}

int position_list_command(const command_context& c) {
  return list_command(c, account("/positions"), control::position_columns);
}

int position_show_command(const command_context& c, const std::string& mint) {
  return show_command(c, account("/positions/" + percent_encode(mint)));
}

int pnl_command(const command_context& c) { return list_command(c, account("/pnl"), control::pnl_columns); }

int balance_command(const command_context& c) {
  return repeated(c, [&](std::ostream& out) -> int {
    const auto b = ask(c, "GET", account("/balance"));
    if (!b) return report(c, b.error());
    if (is_json(c)) {
      out << json::serialize(*b) << "\n";
      return exit_ok;
    }
    const auto sol = [&](std::string_view key) { return text(*b, key, form::sol) + " SOL"; };
    put(out, "wallet",
        text(*b, "wallet") + (text(*b, "mode") == "paper" ? "  (paper: never send anything to it)" : ""));
    put(out, "balance", sol("lamports"));
    put(out, "free", sol("free_lamports"));
    put(out, "reserved", sol("reserved_lamports"));
    put(out, "kept for exits", sol("floor_lamports"));
    put(out, "rent", sol("rent_lamports"));
    if (b->contains("agrees"))
      put(out, "on chain",
          sol("chain_lamports") + (is_true(*b, "agrees") ? green("  agrees with the books", c.colours)
                                                         : yellow("  the books follow what is final", c.colours)));
    return exit_ok;
  });
}

int halt_command(const command_context& c, bool halt) {
  const auto o = ask(c, "POST", account(halt ? "/halt" : "/resume"));
  if (!o) return report(c, o.error());
  if (is_json(c)) {
    c.out << json::serialize(*o) << "\n";
    return exit_ok;
  }
  c.out << text(*o, "what") << "\n";
  const auto flying = text(*o, "in_flight");
  if (halt)
    c.out << (flying == "0" ? "nothing is in flight\n"
                            : flying + " transactions may still land: `sett order ls --open`\n");
  return exit_ok;
}

void put_account_lines(std::ostream& out, const command_context& c) {
  const auto a = ask(c, "GET", account(""));
  if (!a) return;
  put(out, "account",
      fmt::format("{} on {}, wallet {} with {} SOL", text(*a, "account"), bold(text(*a, "mode"), c.colours),
                  text(*a, "wallet"), text(*a, "lamports", form::sol)));
  put(out, "positions",
      fmt::format("{}, worth {} SOL, cost {} SOL; {} open orders", text(*a, "positions"),
                  text(*a, "positions_value_lamports", form::sol), text(*a, "positions_cost_lamports", form::sol),
                  text(*a, "orders_open")));
  put(out, "profit",
      fmt::format("{} SOL realised, {} SOL open", text(*a, "realised_lamports", form::sol),
                  text(*a, "open_lamports", form::sol)));
  if (is_true(*a, "halted")) put(out, "halted", red("yes: nothing is bought until `sett resume`", c.colours));
  if (const auto why = text(*a, "blocked"); why != "-" && !why.empty()) put(out, "not trading", red(why, c.colours));
}

} // namespace sett::tools
