#include "actors/decode/trade.hpp"

#include "actors/decode/venues.hpp"

#include <array>
#include <limits>

namespace sett::decode {

namespace {

/// A route touches few mints; a longer one is not netted (its swaps stand for themselves).
constexpr std::size_t max_mints = 32;

struct flow {
  const address* mint{};
  std::uint64_t given{}, got{};
};

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

/// A mint that the route bought and sold again: what remains is dust of rounding and venues' fees, below 2 % of its
/// turnover. Two percent is wider than any single venue's fee on an intermediate leg and narrower than any real split
/// of a position.
bool passes_through(const flow& f) {
  if (f.given == 0 || f.got == 0) return false;
  const std::uint64_t high = f.given > f.got ? f.given : f.got, low = f.given > f.got ? f.got : f.given;
  return high - low <= high / 50;
}

} // namespace

std::size_t emit_trades(context& ctx, std::size_t first_event) {
  auto& events = ctx.out.events;
  const std::size_t end = events.size();
  std::size_t swaps = 0;
  for (std::size_t i = first_event; i < end;) {
    if (!std::holds_alternative<event::swap>(events[i].payload)) {
      ++i;
      continue;
    }
    const auto outer = events[i].path.outer;
    std::array<flow, max_mints> flows{};
    std::size_t mints = 0, legs = 0;
    bool too_many = false;
    const auto flow_of = [&](const address& mint) -> flow* {
      for (std::size_t m = 0; m < mints; ++m)
        if (*flows[m].mint == mint) return &flows[m];
      if (mints == max_mints) {
        too_many = true;
        return nullptr;
      }
      flows[mints].mint = &mint;
      return &flows[mints++];
    };
    const event::swap *first = nullptr, *last = nullptr;
    program_kind venue = events[i].program;
    std::size_t k = i;
    for (; k < end && events[k].path.outer == outer; ++k) {
      const auto* swap = std::get_if<event::swap>(&events[k].payload);
      if (swap == nullptr) continue;
      ++legs;
      if (auto* f = flow_of(swap->mint_in)) f->given = saturating_add(f->given, swap->amount_in.value);
      if (auto* f = flow_of(swap->mint_out)) f->got = saturating_add(f->got, swap->amount_out.value);
      if (first == nullptr) first = swap;
      last = swap;
    }
    swaps += legs;
    i = k;
    if (too_many) continue;

    event::trade trade;
    trade.leg_count = static_cast<std::uint16_t>(legs);
    if (legs == 1) {
      trade.mint_in = first->mint_in;
      trade.mint_out = first->mint_out;
      trade.amount_in = first->amount_in;
      trade.amount_out = first->amount_out;
    } else {
      // The sides: the mints with the largest part of their turnover left over; the first leg's input and the last
      // leg's output where several qualify (a split route starts and ends there).
      const flow *gives = nullptr, *gets = nullptr;
      for (std::size_t m = 0; m < mints; ++m) {
        const auto& f = flows[m];
        if (passes_through(f)) continue;
        if (f.given > f.got && (gives == nullptr || *f.mint == first->mint_in)) gives = &f;
        if (f.got > f.given && (gets == nullptr || *f.mint == last->mint_out)) gets = &f;
      }
      if (gives != nullptr && gets != nullptr) {
        trade.mint_in = *gives->mint;
        trade.mint_out = *gets->mint;
        trade.amount_in.value = gives->given - gives->got;
        trade.amount_out.value = gets->got - gets->given;
      } else { // a round trip: the same mint in and out, gross
        trade.mint_in = first->mint_in;
        trade.mint_out = last->mint_out;
        trade.amount_in.value = flow_of(first->mint_in)->given;
        trade.amount_out.value = flow_of(last->mint_out)->got;
      }
    }
    // The top-level instruction names the router; a program without a name leaves the venue of a single leg, else
    // unknown.
    std::size_t top = 0;
    while (top < ctx.tx.instructions.size() && ctx.tx.instructions[top].path.outer != outer) ++top;
    const auto top_kind = top < ctx.tx.instructions.size() ? ctx.index.kind(top) : program_kind::unknown;
    trade.router = is_venue(top_kind) ? top_kind : legs == 1 ? venue : program_kind::unknown;
    trade.trader = ctx.tx.key(0);
    for (std::size_t s = 1; s < ctx.tx.required_signatures && s < ctx.tx.keys.size(); ++s)
      if (ctx.tx.key(s) == first->trader) trade.trader = first->trader;
    events.push_back(
        {ctx.transaction, {outer, -1}, trade.router, trade}); // may move the events: no pointer is used after this
  }
  return swaps;
}

} // namespace sett::decode
