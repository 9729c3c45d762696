// Answers what the venues' oracles ask: one JSON object a line in, one a line out. "swap": the instruction of a venue
// for given account bytes. "transaction": a whole one. "quote": a quote for given numbers. "time": the mean time of
// such quotes. Only for tests.
#include "actors/building/swap_builder.hpp"
#include "actors/building/venue_swaps.hpp"
#include "actors/venues/pump_swap.hpp"
#include "actors/venues/raydium_launchlab.hpp"
#include "messages/solana/base58.hpp"
#include "messages/types/chain_event.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <span>
#include <string>

namespace {

using namespace sett;
using element = simdjson::dom::element;

std::string_view text(element e, std::string_view key) { return e[key].get_string().value(); }
bool flag(element e, std::string_view key) { return e[key].get_bool().value(); }
/// Amounts travel as text: JSON's numbers of JavaScript end at 2^53.
std::uint64_t number(element e, std::string_view key) { return std::stoull(std::string(text(e, key))); }
address key_of(element e, std::string_view key) {
  const auto a = solana::parse_address(text(e, key));
  SETT_ASSERT(a.has_value());
  return *a;
}
std::vector<std::uint8_t> unhex(std::string_view hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  for (const auto b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

std::string error_text(const error& e) { return fmt::format("{{\"error\":\"{}\"}}", e.message); }
std::string told(const solana::instruction& ix) {
  std::string out = fmt::format("{{\"program\":\"{}\",\"accounts\":[", solana::to_base58(ix.program));
  for (std::size_t i = 0; i < ix.accounts.size(); ++i) {
    const auto& a = ix.accounts[i];
    out += fmt::format("{}\"{}{}{}\"", i == 0 ? "" : ",", solana::to_base58(a.key), a.is_signer ? " s" : "",
                       a.is_writable ? " w" : "");
  }
  return out + "],\"data\":\"" + hex(ix.data) + "\"}";
}

building::derived_addresses& memo() {
  static building::derived_addresses all;
  return all;
}

ports::venue_snapshot snapshot_of(element e) {
  ports::venue_snapshot pool;
  const auto name = text(e, "venue");
  pool.venue = name == "pump"             ? program_kind::pump
               : name == "pump_amm"       ? program_kind::pump_amm
               : name == "raydium_amm_v4" ? program_kind::raydium_amm_v4
               : name == "raydium_cpmm"   ? program_kind::raydium_cpmm
                                          : program_kind::orca_whirlpool;
  pool.pool = key_of(e, "pool");
  pool.base_mint = key_of(e, "base_mint");
  pool.quote_mint = key_of(e, "quote_mint");
  pool.base_token_program = key_of(e, "base_program");
  pool.quote_token_program = key_of(e, "quote_program");
  const simdjson::dom::array accounts = e["accounts"];
  for (const element a : accounts)
    pool.accounts.push_back({.key = key_of(a, "key"),
                             .owner = key_of(a, "owner"),
                             .lamports = {},
                             .data = unhex(text(a, "data")),
                             .slot = {}});
  return pool;
}

std::string transaction(element e) {
  auto pool = snapshot_of(e);
  const ports::trade_order order{.side = text(e, "side") == "buy" ? ports::trade_side::buy : ports::trade_side::sell,
                                 .wallet = key_of(e, "wallet"),
                                 .mint = pool.base_mint,
                                 .amount_in = token_amount{number(e, "in")},
                                 .amount_out = token_amount{number(e, "out")},
                                 .exact_in = flag(e, "exact_in"),
                                 .account_seed = std::string(text(e, "seed"))};
  const ports::fee_choice fees{.compute_units = 0,
                               .price_micro_lamports = number(e, "price"),
                               .tip = lamports{number(e, "tip")},
                               .tip_to = key_of(e, "tip_to")};
  blockhash recent;
  recent.bytes = key_of(e, "recent").bytes;
  const building::swap_builder builder;
  const auto nonce = key_of(e, "nonce");
  const auto built = nonce.is_zero() ? builder.build(order, pool, recent, fees)
                                     : builder.build_on_nonce(order, pool, nonce, recent, fees);
  if (!built) return error_text(built.error());
  return fmt::format("{{\"message\":\"{}\",\"cost_max\":\"{}\",\"token_account\":\"{}\"}}", hex(built->message),
                     built->cost_max.value, solana::to_base58(built->token_account));
}

std::string swap(element e) {
  using namespace building;
  const auto pool = snapshot_of(e);
  const swap_terms terms{text(e, "side") == "buy" ? ports::trade_side::buy : ports::trade_side::sell,
                         flag(e, "exact_in"), number(e, "in"), number(e, "out")};
  const swap_parties parties{key_of(e, "wallet"), key_of(e, "base_account"), key_of(e, "quote_account")};
  const auto spread = number(e, "spread");
  const auto venue = text(e, "venue");
  const auto answer = [](const auto& market, auto make) {
    return market ? told(make(*market)) : error_text(market.error());
  };
  if (venue == "pump")
    return answer(read_pump_curve(pool, spread), [&](const auto& m) { return swap_on(m, terms, parties, memo()); });
  if (venue == "pump_amm")
    return answer(read_pump_swap(pool, spread), [&](const auto& m) {
      return text(e, "side") == "extend" ? extend_pool(m, parties.wallet) : swap_on(m, terms, parties, memo());
    });
  if (venue == "raydium_amm_v4")
    return answer(read_raydium_amm_v4(pool), [&](const auto& m) { return swap_on(m, terms, parties); });
  if (venue == "raydium_cpmm")
    return answer(read_raydium_cpmm(pool), [&](const auto& m) { return swap_on(m, pool.base_mint, terms, parties); });
  if (venue == "orca_whirlpool")
    return answer(read_whirlpool(pool),
                  [&](const auto& m) { return swap_on(m, pool.base_mint, terms, parties, memo()); });
  return "{\"error\":\"unknown venue\"}";
}

/// A quote as a function of nothing: so that it can be asked once, or timed.
std::function<venues::outcome()> quote_of(element e) {
  const auto d = text(e, "direction") == "a_to_b" ? venues::direction::a_to_b : venues::direction::b_to_a;
  const bool exact_in = flag(e, "exact_in");
  const token_amount amount{number(e, "amount")};
  if (text(e, "venue") == "pump_swap") {
    using namespace venues::pump_swap;
    state s;
    s.base = number(e, "base");
    s.quote = number(e, "quote");
    s.virtual_quote = std::stoll(std::string(text(e, "virtual_quote")));
    if (flag(e, "has_creator")) s.coin_creator.bytes[0] = 1;
    s.fees = {number(e, "liquidity_bps"), number(e, "protocol_bps"), number(e, "creator_bps")};
    if (e["fee_config"].error() == simdjson::SUCCESS) { // a pool of pump.fun's own: rates by the accounts
      const auto schedule = read_fee_schedule(unhex(text(e, "fee_config")));
      const auto own_rates = coins_have_own_rates(unhex(text(e, "global_config")));
      const auto pool = read_pool(unhex(text(e, "pool")));
      SETT_ASSERT(schedule && own_rates && pool);
      s.fees = fee_rates_at(*schedule, number(e, "supply"), s.base, s.quote + s.virtual_quote,
                            quote_kind(key_of(e, "quote_mint")));
      if (*own_rates && pool->own_creator_bps != 0) s.fees.creator_bps = pool->own_creator_bps;
    }
    return [=] { return exact_in ? quote_exact_in(s, d, amount) : quote_exact_out(s, d, amount); };
  }
  using namespace venues::raydium_launchlab;
  state s;
  s.trades = true;
  s.total_base_sell = number(e, "total_base_sell");
  s.virtual_base = number(e, "virtual_base");
  s.virtual_quote = number(e, "virtual_quote");
  s.real_base = number(e, "real_base");
  s.real_quote = number(e, "real_quote");
  s.fees = {number(e, "protocol_rate"), number(e, "platform_rate"), number(e, "creator_rate"), number(e, "share_rate")};
  return [=] { return exact_in ? quote_exact_in(s, d, amount) : quote_exact_out(s, d, amount); };
}

std::string quote(element e) {
  const auto q = quote_of(e)();
  if (!q) return fmt::format("{{\"refused\":{}}}", q.error().code);
  return fmt::format("{{\"gave\":\"{}\",\"got\":\"{}\",\"fees\":\"{}\",\"amount_in\":\"{}\",\"amount_out\":\"{}\"}}",
                     q->gave.value, q->got.value, q->fees.total(), q->amount_in.value, q->amount_out.value);
}

std::string time_of(element e) {
  const auto ask = quote_of(e);
  constexpr int rounds = 100'000;
  std::uint64_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i)
    if (const auto q = ask()) sum += q->got.value;
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return fmt::format("{{\"ns\":{:.1f},\"sum\":\"{}\"}}", took.count() / rounds, sum);
}

} // namespace

int main() {
  simdjson::dom::parser parser;
  std::string line, out;
  while (std::getline(std::cin, line)) {
    element e;
    if (parser.parse(line).get(e) != simdjson::SUCCESS) {
      std::fputs("not JSON\n", stderr);
      return 2;
    }
    const auto op = text(e, "op");
    std::puts((op == "swap"          ? swap(e)
               : op == "transaction" ? transaction(e)
               : op == "time"        ? time_of(e)
                                     : quote(e))
                  .c_str());
  }
  return 0;
}
