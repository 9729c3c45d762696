#include "actors/portfolio/profit.hpp"

#include "actors/decode/decoder.hpp"
#include "messages/solana/base58.hpp"
#include "messages/types/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace sett::portfolio {

namespace {

using execution::ledger_account;

constexpr std::int64_t hour_s = 3'600, day_s = 86'400;

std::int64_t floor_to(std::int64_t v, std::int64_t step) { return v - ((v % step) + step) % step; }

int128 paid_to_market(const execution::ledger& l) {
  return l.lamports_of(ledger_account::market) + l.lamports_of(ledger_account::fees) +
         l.lamports_of(ledger_account::tips);
}
int128 cost_of(const execution::ledger& l, const mint_address& mint) {
  const auto h = l.holdings.find(mint);
  return h == l.holdings.end() ? 0 : static_cast<int128>(h->second.cost.value);
}
int128 held_cost(const execution::ledger& l, const execution::ledger_entry& touched) {
  int128 sum = 0;
  std::vector<mint_address> mints;
  for (const auto& p : touched.postings)
    if (!p.mint.is_zero() && std::find(mints.begin(), mints.end(), p.mint) == mints.end()) mints.push_back(p.mint);
  for (const auto& m : mints) sum += cost_of(l, m);
  return sum;
}
int128 lamports_in(const execution::ledger_entry& e, ledger_account a) {
  int128 sum = 0;
  for (const auto& p : e.postings)
    if (p.account == a && p.mint.is_zero()) sum += p.amount;
  return sum;
}

std::string whole(int128 v) {
  const bool negative = v < 0;
  auto rest = negative ? -v : v;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string time_text(unix_seconds t) {
  const auto day = floor_to(t.value, day_s);
  const auto s = t.value - day;
  return fmt::format("{}T{:02}:{:02}:{:02}Z", date_text(day / day_s), s / 3'600, s / 60 % 60, s % 60);
}

template <class Id>
std::string hex(const Id& id) {
  std::string out;
  for (const auto b : id.bytes) out += fmt::format("{:02x}", b);
  return out;
}

template <class Id>
std::string base58_or_nothing(const Id& id) {
  return id.is_zero() ? std::string() : solana::to_base58(id);
}

std::string venue_name(program_kind k) {
  return k == program_kind::unknown ? std::string() : std::string(decode::program(k).name);
}

struct column {
  std::string_view name;
  std::string (*text)(const trade_row& r, std::string_view strategy);
};
// README.md describes each.
constexpr std::array<column, 17> columns{{
    {"time", [](const trade_row& r, std::string_view) { return time_text(r.facts.time); }},
    {"slot", [](const trade_row& r, std::string_view) { return fmt::format("{}", r.facts.slot.value); }},
    {"kind", [](const trade_row& r, std::string_view) { return std::string(to_text(r.facts.kind)); }},
    {"wallet", [](const trade_row& r, std::string_view) { return base58_or_nothing(r.facts.wallet); }},
    {"strategy", [](const trade_row&, std::string_view strategy) { return std::string(strategy); }},
    {"venue", [](const trade_row& r, std::string_view) { return venue_name(r.facts.venue); }},
    {"mint", [](const trade_row& r, std::string_view) { return base58_or_nothing(r.facts.mint); }},
    {"tokens", [](const trade_row& r, std::string_view) { return whole(r.tokens); }},
    {"market_lamports", [](const trade_row& r, std::string_view) { return whole(r.market); }},
    {"fee_lamports", [](const trade_row& r, std::string_view) { return whole(r.fee); }},
    {"tip_lamports", [](const trade_row& r, std::string_view) { return whole(r.tip); }},
    {"rent_lamports", [](const trade_row& r, std::string_view) { return whole(r.rent); }},
    {"external_lamports", [](const trade_row& r, std::string_view) { return whole(r.external); }},
    {"cost_lamports", [](const trade_row& r, std::string_view) { return fmt::format("{}", r.cost); }},
    {"realised_lamports", [](const trade_row& r, std::string_view) { return whole(r.realised); }},
    {"intent", [](const trade_row& r,
                  std::string_view) { return r.facts.intent.is_zero() ? std::string() : hex(r.facts.intent); }},
    {"signature", [](const trade_row& r, std::string_view) { return base58_or_nothing(r.facts.signature); }},
}};

executable joined(executable a, const executable& b) {
  a.positions += b.positions;
  a.unquoted += b.unquoted;
  a.cost += b.cost;
  a.value += b.value;
  a.unquoted_cost += b.unquoted_cost;
  return a;
}
executable of(const open_position& p, const quote_of& quote) {
  const auto value = quote(p);
  const auto cost = static_cast<int128>(p.cost.value);
  if (!value) return {.positions = 1, .unquoted = 1, .cost = 0, .value = 0, .unquoted_cost = cost};
  return {.positions = 1, .unquoted = 0, .cost = cost, .value = static_cast<int128>(value->value), .unquoted_cost = 0};
}

} // namespace

bool operator==(const trade_row& a, const trade_row& b) { return csv_line(a, "") == csv_line(b, ""); }

std::string_view to_text(trade_kind k) {
  constexpr std::array<std::string_view, 4> names{"buy", "sell", "failed", "external"};
  static_assert(names.size() == static_cast<std::size_t>(trade_kind::count_));
  return names.at(static_cast<std::size_t>(k));
}

std::string csv_header() {
  std::string out;
  for (const auto& c : columns) out += fmt::format("{}{}", out.empty() ? "" : ",", c.name);
  return out + "\n";
}

std::string csv_line(const trade_row& r, std::string_view strategy) {
  std::string out;
  for (const auto& c : columns) out += (out.empty() ? "" : ",") + c.text(r, strategy);
  return out + "\n";
}

figures plus(const figures& a, const figures& b) {
  return {.realised = a.realised + b.realised,
          .fees = a.fees + b.fees,
          .tips = a.tips + b.tips,
          .bought = a.bought + b.bought,
          .brought = a.brought + b.brought,
          .buys = a.buys + b.buys,
          .sells = a.sells + b.sells,
          .failed = a.failed + b.failed,
          .external = a.external + b.external,
          .wins = a.wins + b.wins,
          .losses = a.losses + b.losses};
}

void profit_book::add(const group& g, const figures& f) {
  auto& sum = groups_[g];
  sum = plus(sum, f);
}

trade_row profit_book::book(const trade_facts& facts, const execution::ledger_entry& entry) {
  SETT_ASSERT(execution::is_balanced(entry));
  auto& l = books_[facts.wallet];
  const auto paid_before = paid_to_market(l);
  const auto cost_before = held_cost(l, entry);
  l.book(entry);

  trade_row row{.facts = facts,
                .tokens = 0,
                .market = lamports_in(entry, ledger_account::market),
                .fee = lamports_in(entry, ledger_account::fees),
                .tip = lamports_in(entry, ledger_account::tips),
                .rent = lamports_in(entry, ledger_account::rent),
                .external = lamports_in(entry, ledger_account::external),
                .cost = static_cast<std::uint64_t>(cost_of(l, facts.mint)),
                .realised = held_cost(l, entry) - cost_before - (paid_to_market(l) - paid_before)};
  for (const auto& p : entry.postings)
    if (p.account == ledger_account::wallet && p.mint == facts.mint && !p.mint.is_zero()) row.tokens += p.amount;

  // Who opened what is held now.
  const auto key = std::pair(facts.wallet, facts.mint);
  const bool held = l.holdings.contains(facts.mint);
  if (!held)
    openings_.erase(key);
  else
    openings_.try_emplace(key, opening{facts.strategy, facts.venue, facts.time});

  figures f{.realised = row.realised, .fees = row.fee, .tips = row.tip};
  switch (facts.kind) {
  case trade_kind::buy:
    f.buys = 1;
    f.bought = row.market;
    break;
  case trade_kind::sell:
    f.sells = 1;
    f.brought = -row.market;
    f.wins = row.realised > 0 ? 1 : 0;
    f.losses = row.realised < 0 ? 1 : 0;
    break;
  case trade_kind::failed:
    f.failed = 1;
    break;
  case trade_kind::external:
  case trade_kind::count_:
    f.external = 1;
    break;
  }
  total_ = plus(total_, f);
  add(facts.strategy, f);
  add(facts.wallet, f);
  add(facts.venue, f);
  const auto groups_before = groups_.size();
  add(unix_seconds(floor_to(facts.time.value, hour_s)), f);
  if (groups_.size() == groups_before) return row;
  // A new hour. Hours are the last alternative: they stand at the map's end, the oldest first, behind the group of
  // those that are no longer apart.
  auto oldest = groups_.lower_bound(group(unix_seconds(INT64_MIN)));
  if (oldest->first == group(unix_seconds(0))) ++oldest;
  if (static_cast<std::size_t>(std::distance(oldest, groups_.end())) > hours_max) {
    const auto sums = oldest->second;
    groups_.erase(oldest);
    add(unix_seconds(0), sums);
  }
  return row;
}

std::vector<open_position> profit_book::positions() const {
  std::vector<open_position> out;
  for (const auto& [wallet, l] : books_)
    for (const auto& [mint, h] : l.holdings) {
      const auto o = openings_.find({wallet, mint});
      const auto by = o == openings_.end() ? opening{} : o->second;
      out.push_back({wallet, mint, by.strategy, by.venue, by.opened, l.tokens(mint), h.cost});
    }
  return out;
}

executable profit_book::open(const quote_of& quote) const {
  executable sum;
  for (const auto& p : positions()) sum = joined(sum, of(p, quote));
  return sum;
}

std::vector<profit_row> profit_book::by(dimension d, const quote_of& quote) const {
  std::map<group, profit_row> rows;
  for (const auto& [g, f] : groups_)
    if (g.index() == static_cast<std::size_t>(d)) rows[g] = {g, f, {}};
  for (const auto& p : positions()) {
    group g;
    switch (d) {
    case dimension::strategy:
      g = p.strategy;
      break;
    case dimension::wallet:
      g = p.wallet;
      break;
    case dimension::venue:
      g = p.venue;
      break;
    case dimension::hour:
      g = unix_seconds(floor_to(p.opened.value, hour_s));
      break;
    }
    auto& row = rows[g];
    row.of = g;
    row.open = joined(row.open, of(p, quote));
  }
  std::vector<profit_row> out;
  for (const auto& [g, row] : rows) out.push_back(row);
  return out;
}

figures profit_book::of_day(std::int64_t day) const {
  figures sum;
  const auto from = groups_.lower_bound(group(unix_seconds(day * day_s)));
  const auto to = groups_.lower_bound(group(unix_seconds((day + 1) * day_s)));
  for (auto it = from; it != to; ++it) sum = plus(sum, it->second);
  return sum;
}

const execution::ledger* profit_book::ledger_of(const address& wallet) const {
  const auto it = books_.find(wallet);
  return it == books_.end() ? nullptr : &it->second;
}

std::string date_text(std::int64_t day) {
  const std::chrono::year_month_day d{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                     static_cast<unsigned>(d.day()));
}

std::string sol_text(int128 lamports) {
  constexpr int128 sol = 1'000'000'000;
  const auto size = lamports < 0 ? -lamports : lamports;
  return fmt::format("{}{}.{:09}", lamports < 0 ? "-" : "", whole(size / sol), static_cast<std::uint64_t>(size % sol));
}

std::string daily_summary(std::int64_t day, const figures& f, const executable& open) {
  const auto count = [](std::uint64_t n, std::string_view one) {
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
  };
  auto out = fmt::format("{} (UTC): realised {} SOL after {} SOL of fees and {} SOL of tips.\n", date_text(day),
                         sol_text(f.realised), sol_text(f.fees), sol_text(f.tips));
  out += fmt::format("{} for {} SOL, {} for {} SOL ({} with a profit, {} with a loss), {} failed, {}.\n",
                     count(f.buys, "buy"), sol_text(f.bought), count(f.sells, "sell"), sol_text(f.brought), f.wins,
                     f.losses, count(f.failed, "attempt"), count(f.external, "external movement"));
  out += fmt::format("Open now: {}, cost {} SOL, sold now they would bring {} SOL ({} SOL profit).\n",
                     count(open.positions, "position"), sol_text(open.cost), sol_text(open.value),
                     sol_text(open.profit()));
  if (open.unquoted != 0)
    out += fmt::format("Of these {} without a quote, cost {} SOL.\n", open.unquoted, sol_text(open.unquoted_cost));
  return out;
}

} // namespace sett::portfolio
