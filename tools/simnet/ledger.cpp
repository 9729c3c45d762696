#include "tools/simnet/ledger.hpp"

#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sett::simnet {

namespace {
constexpr std::array<std::string_view, static_cast<std::size_t>(transaction_kind::count_)> names{
    "recorded",  "vote",           "transfer",     "failed",          "pump_create",  "pump_buy",
    "pump_sell", "raydium_create", "raydium_swap", "pump_amm_create", "pump_amm_buy", "pump_amm_sell"};
constexpr std::size_t totals_max = 10'000;
} // namespace

void chain_ledger::count(const chain_block& block) {
  if (blocks_++ == 0) first_slot_ = block.slot.value;
  last_slot_ = block.slot.value;
  transactions_ += block.transactions.size();
  const auto book = [this](std::unordered_map<address, flow>& into, const address& key, const trade_note& trade) {
    if (into.size() >= entries_max_ && !into.contains(key)) {
      ++not_itemised_;
      return;
    }
    auto& f = into[key];
    ++(trade.is_buy ? f.buys : f.sells);
    (trade.is_buy ? f.sol_bought : f.sol_sold) += trade.sol_amount;
    (trade.is_buy ? f.tokens_bought : f.tokens_sold) += trade.token_amount;
  };
  for (const auto& t : block.transactions) {
    ++kinds_[static_cast<std::size_t>(t->kind)];
    votes_ += t->vote ? 1 : 0;
    failed_ += t->failed ? 1 : 0;
    if (!t->trade) continue;
    ++trades_;
    book(mints_, t->trade->mint, *t->trade);
    book(wallets_, t->trade->trader, *t->trade);
  }
  behind_.push_back({last_slot_, blocks_, transactions_, votes_, failed_, trades_});
  if (behind_.size() > totals_max) behind_.pop_front();
}

void chain_ledger::uncount(const chain_block& block) {
  --blocks_;
  transactions_ -= block.transactions.size();
  const auto take = [](std::unordered_map<address, flow>& from, const address& key, const trade_note& trade) {
    const auto it = from.find(key);
    if (it == from.end()) return;
    auto& f = it->second;
    --(trade.is_buy ? f.buys : f.sells);
    (trade.is_buy ? f.sol_bought : f.sol_sold) -= trade.sol_amount;
    (trade.is_buy ? f.tokens_bought : f.tokens_sold) -= trade.token_amount;
    if (f.buys == 0 && f.sells == 0) from.erase(it);
  };
  for (const auto& t : block.transactions) {
    --kinds_[static_cast<std::size_t>(t->kind)];
    votes_ -= t->vote ? 1 : 0;
    failed_ -= t->failed ? 1 : 0;
    if (!t->trade) continue;
    --trades_;
    take(mints_, t->trade->mint, *t->trade);
    take(wallets_, t->trade->trader, *t->trade);
  }
  while (!behind_.empty() && behind_.back().slot >= block.slot.value) behind_.pop_back();
  last_slot_ = behind_.empty() ? 0 : behind_.back().slot;
}

std::string chain_ledger::totals_json(slot_number through) const {
  totals found;
  for (auto it = behind_.rbegin(); it != behind_.rend(); ++it)
    if (it->slot <= through.value) {
      found = *it;
      break;
    }
  return fmt::format("{{\"slot\":{},\"blocks\":{},\"transactions\":{},\"votes\":{},\"failed\":{},\"trades\":{}}}",
                     found.slot, found.blocks, found.transactions, found.votes, found.failed, found.trades);
}

std::string chain_ledger::to_json(bool details) const {
  std::string out = fmt::format(
      "{{\"blocks\":{},\"first_slot\":{},\"last_slot\":{},\"dead_slots\":{},\"skipped_slots\":{},\"transactions\":{},"
      "\"votes\":{},\"failed\":{},\"trades\":{},\"mints_traded\":{},\"wallets_trading\":{},\"kinds\":{{",
      blocks_, first_slot_, last_slot_, dead_slots_, skipped_slots_, transactions_, votes_, failed_, trades_,
      mints_.size(), wallets_.size());
  for (std::size_t i = 0; i < kinds_.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", i == 0 ? "" : ",", names[i], kinds_[i]);
  out += "}";
  if (details) {
    const auto list = [&out](std::string_view name, const std::unordered_map<address, flow>& from) {
      std::vector<std::pair<std::string, const flow*>> sorted;
      sorted.reserve(from.size());
      for (const auto& [key, value] : from) sorted.emplace_back(solana::to_base58(key), &value);
      std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      fmt::format_to(std::back_inserter(out), ",\"{}\":{{", name);
      bool first = true;
      for (const auto& [key, f] : sorted) {
        fmt::format_to(std::back_inserter(out),
                       "{}\"{}\":{{\"buys\":{},\"sells\":{},\"sol_bought\":{},\"sol_sold\":{},\"tokens_bought\":{},"
                       "\"tokens_sold\":{}}}",
                       first ? "" : ",", key, f->buys, f->sells, f->sol_bought, f->sol_sold, f->tokens_bought,
                       f->tokens_sold);
        first = false;
      }
      out += "}";
    };
    list("mints", mints_);
    list("wallets", wallets_);
    fmt::format_to(std::back_inserter(out), ",\"not_itemised\":{}", not_itemised_);
  }
  out += "}";
  return out;
}

} // namespace sett::simnet
