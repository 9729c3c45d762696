#include "actors/routing/list_rules.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace sett::routing {

namespace {

bool contains(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

} // namespace

bool matches(const protocol::token_list_request& r, const protocol::token_summary& t) {
  return (t.flags & r.need) == r.need && t.counts.volume_lamports >= r.volume_lamports_min &&
         (r.text.empty() || contains(t.name, r.text) || contains(t.symbol, r.text));
}

bool before(const protocol::token_list_request& r, const protocol::token_summary& a, const protocol::token_summary& b) {
  using protocol::token_sort;
  const auto larger = [&](auto x, auto y) { return x != y ? (x > y ? 1 : -1) : 0; };
  int c = 0;
  switch (r.sort) {
  case token_sort::activity:
    c = larger(a.last_slot.value, b.last_slot.value);
    break;
  case token_sort::volume:
    c = larger(a.counts.volume_lamports, b.counts.volume_lamports);
    break;
  case token_sort::price_change:
    c = larger(a.change_ratio, b.change_ratio);
    break;
  case token_sort::created:
    c = larger(a.created.value, b.created.value);
    break;
  case token_sort::liquidity:
    c = larger(a.liquidity_quote, b.liquidity_quote);
    break;
  case token_sort::holders:
    c = larger(a.holders_seen, b.holders_seen);
    break;
  }
  return c != 0 ? c > 0 : a.mint < b.mint;
}

bool before(const protocol::wallet_list_request&, const protocol::wallet_summary& a,
            const protocol::wallet_summary& b) {
  return a.last_slot != b.last_slot ? a.last_slot > b.last_slot : a.wallet < b.wallet;
}

} // namespace sett::routing
