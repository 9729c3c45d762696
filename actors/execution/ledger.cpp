#include "actors/execution/ledger.hpp"

#include "messages/ports/random.hpp"
#include "messages/types/error.hpp"

#include <algorithm>
#include <limits>

namespace sett::execution {

namespace {

constexpr std::size_t at(ledger_account a) { return static_cast<std::size_t>(a); }
int128 wide(std::uint64_t v) { return static_cast<int128>(v); }
constexpr mint_address of_lamports{};

void put(ledger_entry& e, ledger_account a, const mint_address& mint, int128 amount) {
  if (amount != 0) e.postings.push_back({.account = a, .mint = mint, .amount = amount});
}

/// Never beyond what fits: a cost that large is no cost of ours.
lamports lamports_sum(lamports a, int128 b) {
  const int128 sum = wide(a.value) + (b > 0 ? b : 0);
  const int128 most = wide(std::numeric_limits<std::uint64_t>::max());
  return lamports(static_cast<std::uint64_t>(std::min(sum, most)));
}
/// value * part / whole, rounded down; 0 <= part <= whole, both at most 2^64.
std::uint64_t share(std::uint64_t value, int128 part, int128 whole) {
  return static_cast<std::uint64_t>(static_cast<ports::uint128>(value) * static_cast<ports::uint128>(part) /
                                    static_cast<ports::uint128>(whole));
}

} // namespace

bool is_balanced(const ledger_entry& e) {
  std::map<mint_address, int128> sums;
  for (const auto& p : e.postings) sums[p.mint] += p.amount;
  return std::all_of(sums.begin(), sums.end(), [](const auto& s) { return s.second == 0; });
}

ledger_entry entry_of(const mint_address& mint, const transaction_outcome& o) {
  ledger_entry e;
  const int128 wallet = wide(o.lamports_after.value) - wide(o.lamports_before.value);
  const int128 rent = wide(o.rent_after.value) - wide(o.rent_before.value);
  const int128 tokens = wide(o.tokens_after.value) - wide(o.tokens_before.value);
  put(e, ledger_account::wallet, of_lamports, wallet);
  put(e, ledger_account::rent, of_lamports, rent);
  put(e, ledger_account::fees, of_lamports, wide(o.fee.value));
  put(e, ledger_account::tips, of_lamports, wide(o.tip.value));
  put(e, ledger_account::market, of_lamports, -(wallet + rent + wide(o.fee.value) + wide(o.tip.value)));
  put(e, ledger_account::wallet, mint, tokens);
  put(e, ledger_account::market, mint, -tokens);
  return e;
}

ledger_entry external_entry(const mint_address& mint, std::int64_t lamports_delta, int128 tokens_delta, lamports fee) {
  ledger_entry e;
  put(e, ledger_account::wallet, of_lamports, int128{lamports_delta});
  put(e, ledger_account::fees, of_lamports, wide(fee.value));
  put(e, ledger_account::external, of_lamports, -(int128{lamports_delta} + wide(fee.value)));
  if (mint != of_lamports) {
    put(e, ledger_account::wallet, mint, tokens_delta);
    put(e, ledger_account::external, mint, -tokens_delta);
  }
  return e;
}

token_amount ledger::tokens(const mint_address& mint) const {
  const auto h = holdings.find(mint);
  if (h == holdings.end() || h->second.tokens[at(ledger_account::wallet)] <= 0) return {};
  return token_amount(static_cast<std::uint64_t>(h->second.tokens[at(ledger_account::wallet)]));
}

void ledger::book(const ledger_entry& e) {
  SETT_ASSERT(is_balanced(e));
  int128 paid = 0; // lamports that left the wallet for whatever is in this entry
  for (const auto& p : e.postings) {
    if (p.mint == of_lamports) {
      balances[at(p.account)] += p.amount;
      if (p.account == ledger_account::market || p.account == ledger_account::fees || p.account == ledger_account::tips)
        paid += p.amount;
    }
  }
  for (const auto& p : e.postings) {
    if (p.mint == of_lamports) continue;
    auto& h = holdings[p.mint];
    const int128 before = h.tokens[at(ledger_account::wallet)];
    h.tokens[at(p.account)] += p.amount;
    if (p.account != ledger_account::wallet) continue;
    if (p.amount > 0) {
      h.cost = lamports_sum(h.cost, paid);
    } else if (before + p.amount <= 0 || before <= 0) {
      h.cost = {};
    } else {
      h.cost.value = share(h.cost.value, before + p.amount, before);
    }
  }
  for (const auto& p : e.postings) {
    const auto h = holdings.find(p.mint);
    if (h != holdings.end() && h->second.tokens[at(ledger_account::wallet)] == 0) holdings.erase(h);
  }
}

std::vector<mismatch> reconcile(const ledger& books, const chain_balances& chain) {
  std::vector<mismatch> out;
  const auto compare = [&](const mint_address& mint, bool of_rent, int128 booked, int128 on_chain) {
    if (booked != on_chain) out.push_back({.mint = mint, .of_rent = of_rent, .booked = booked, .on_chain = on_chain});
  };
  compare(of_lamports, false, books.lamports_of(ledger_account::wallet), wide(chain.wallet.value));
  compare(of_lamports, true, books.lamports_of(ledger_account::rent), wide(chain.rent.value));
  std::map<mint_address, std::pair<int128, int128>> tokens;
  for (const auto& [mint, h] : books.holdings) tokens[mint].first = h.tokens[at(ledger_account::wallet)];
  for (const auto& [mint, amount] : chain.tokens) tokens[mint].second += wide(amount.value);
  for (const auto& [mint, pair] : tokens) compare(mint, false, pair.first, pair.second);
  return out;
}

} // namespace sett::execution
