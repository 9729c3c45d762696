#include "actors/risk/book.hpp"

#include "actors/risk/checked.hpp"

#include <algorithm>

namespace sett::risk {

namespace {

constexpr std::int64_t day_s = 86'400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && a < 0 ? 1 : 0); }

address creator_of(const commitment_in_token& c, const mint_address& mint) {
  return c.creator.is_zero() ? mint : c.creator;
}

template <class Of>
committed sum_if(const book& b, Of of) {
  committed out;
  for (const auto& [key, c] : b.positions) {
    if (!of(key, c)) continue;
    out.lamports = plus(out.lamports, plus(c.reserved.value, c.held.value));
    ++out.positions;
  }
  return out;
}

struct applier {
  book& b;

  commitment_in_token* find(strategy_id s, const mint_address& mint) {
    const auto it = b.positions.find({mint, s});
    if (it == b.positions.end()) {
      ++b.misfits;
      return nullptr;
    }
    return &it->second;
  }
  strategy_tally* tally(strategy_id s) {
    if (!b.strategies.contains(s) && b.strategies.size() >= strategies_kept_max) {
      ++b.misfits;
      return nullptr;
    }
    return &b.strategies[s];
  }
  void settle(commitment_in_token& c) {
    if (c.profit < 0) {
      add(b.losses, b.now, magnitude(c.profit), window_bucket_s, window_buckets_max);
      if (b.losses_in_row < UINT32_MAX) ++b.losses_in_row;
      b.last_loss = b.now;
    } else {
      b.losses_in_row = 0;
    }
    c.profit = 0;
  }
  void drop_if_empty(strategy_id s, const mint_address& mint) {
    const auto it = b.positions.find({mint, s});
    if (it != b.positions.end() && it->second.entries_open == 0 && it->second.held.value == 0 && it->second.profit == 0)
      b.positions.erase(it);
  }

  void operator()(const event::entry_opened& e) {
    if (!b.positions.contains({e.mint, e.strategy}) && b.positions.size() >= positions_kept_max) {
      ++b.misfits;
      return;
    }
    auto& c = b.positions[{e.mint, e.strategy}];
    if (!e.creator.is_zero()) c.creator = e.creator;
    c.reserved.value = plus(c.reserved.value, e.reserved.value);
    ++c.entries_open;
    add(b.entries, b.now, 1, minute_bucket_s, minute_buckets_max);
    if (auto* t = tally(e.strategy)) add(t->entries, b.now, 1, minute_bucket_s, minute_buckets_max);
  }
  void operator()(const event::entry_closed& e) {
    auto* c = find(e.strategy, e.mint);
    if (c == nullptr) return;
    if (c->entries_open == 0 || c->reserved < e.reserved) {
      ++b.misfits;
    } else {
      --c->entries_open;
      c->reserved.value -= e.reserved.value;
    }
    c->held.value = plus(c->held.value, e.cost.value);
    // Nothing was bought: fees of its attempts are lost today, but no position closed with a loss.
    if (c->entries_open == 0 && c->held.value == 0) c->profit = 0;
    drop_if_empty(e.strategy, e.mint);
  }
  void operator()(const event::sold& e) {
    b.day_profit = plus(b.day_profit, e.profit);
    if (auto* t = tally(e.strategy)) t->day_profit = plus(t->day_profit, e.profit);
    const auto it = b.positions.find({e.mint, e.strategy});
    if (it == b.positions.end()) { // the fee of an entry that failed
      if (e.cost.value != 0) ++b.misfits;
      return;
    }
    auto& c = it->second;
    if (c.held < e.cost) ++b.misfits;
    c.held.value -= std::min(c.held.value, e.cost.value);
    c.profit = plus(c.profit, e.profit);
  }
  void operator()(const event::position_closed& e) {
    auto* c = find(e.strategy, e.mint);
    if (c == nullptr) return;
    settle(*c);
    c->held = {};
    drop_if_empty(e.strategy, e.mint);
  }
  void operator()(const event::filled& e) {
    if (e.worse_bps > e.worse_bps_max) {
      if (b.bad_fills_in_row < UINT32_MAX) ++b.bad_fills_in_row;
      b.last_bad_fill = b.now;
    } else {
      b.bad_fills_in_row = 0;
    }
  }
  void operator()(const event::send_failed& /*e*/) {
    add(b.failed_sends, b.now, 1, window_bucket_s, window_buckets_max);
  }
  void operator()(const event::worth_measured& e) {
    b.worth = e.worth;
    b.worth_highest = std::max(b.worth_highest, e.worth);
    if (b.worth < b.worth_highest)
      b.fall_bps_deepest =
          std::max(b.fall_bps_deepest, share_up(b.worth_highest.value - b.worth.value, 10'000, b.worth_highest.value));
  }
  void operator()(const event::halted& /*e*/) { b.halted = true; }
  void operator()(const event::resumed& /*e*/) {
    b.halted = false;
    b.worth_highest = b.worth;
    b.fall_bps_deepest = 0;
    b.losses_in_row = 0;
    b.bad_fills_in_row = 0;
  }
};

} // namespace

void add(recent_sum& sum, unix_seconds at, std::uint64_t amount, std::int64_t width_s, std::size_t buckets_max) {
  auto& bucket = sum.buckets[floor_div(at.value, width_s)];
  bucket = plus(bucket, amount);
  while (sum.buckets.size() > buckets_max) {
    const auto oldest = sum.buckets.begin();
    const auto next = std::next(oldest);
    next->second = plus(next->second, oldest->second);
    sum.buckets.erase(oldest);
  }
}

std::uint64_t sum_over(const recent_sum& sum, unix_seconds now, std::uint64_t window_s, std::int64_t width_s) {
  std::uint64_t out = 0;
  for (const auto& [bucket, amount] : sum.buckets) {
    const std::int64_t last = (bucket + 1) * width_s - 1; // the newest second in it
    if (last > now.value || static_cast<std::uint64_t>(now.value - last) < window_s) out = plus(out, amount);
  }
  return out;
}

void pass_time(book& b, unix_seconds at) {
  b.now = std::max(b.now, at);
  const auto day = floor_div(b.now.value, day_s);
  if (day != b.day) {
    b.day = day;
    b.day_profit = 0;
    for (auto& [id, t] : b.strategies) t.day_profit = 0;
  }
  const auto forget = [&](recent_sum& sum, std::int64_t width_s, std::int64_t keep_s) {
    while (!sum.buckets.empty() && (sum.buckets.begin()->first + 1) * width_s <= b.now.value - keep_s)
      sum.buckets.erase(sum.buckets.begin());
  };
  forget(b.entries, minute_bucket_s, 60);
  for (auto& [id, t] : b.strategies) forget(t.entries, minute_bucket_s, 60);
  forget(b.losses, window_bucket_s, day_s);
  forget(b.failed_sends, window_bucket_s, 3'600);
  std::erase_if(b.strategies, [](const auto& s) { return s.second == strategy_tally{}; });
}

void apply(book& b, const book_event& e, unix_seconds at) {
  pass_time(b, at);
  std::visit(applier{b}, e);
}

committed in_account(const book& b) {
  return sum_if(b, [](const auto&, const auto&) { return true; });
}
committed in_strategy(const book& b, strategy_id s) {
  return sum_if(b, [&](const auto& key, const auto&) { return key.second == s; });
}
committed in_token(const book& b, const mint_address& mint) {
  return sum_if(b, [&](const auto& key, const auto&) { return key.first == mint; });
}
committed in_creator(const book& b, const address& creator, const mint_address& mint) {
  auto who = creator.is_zero() ? mint : creator;
  // Who does not know the creator may hold the token by an entry that did.
  if (creator.is_zero())
    for (const auto& [key, c] : b.positions)
      if (key.first == mint && !c.creator.is_zero()) who = c.creator;
  return sum_if(b,
                [&](const auto& key, const auto& c) { return key.first == mint || creator_of(c, key.first) == who; });
}

} // namespace sett::risk
