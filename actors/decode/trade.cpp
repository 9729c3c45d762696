#include "actors/decode/trade.hpp"

#include "actors/decode/venues.hpp"

#include <algorithm>
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

/// One part of a trade: a pool's swap, or everything that a router did.
struct leg {
  const address *mint_in{}, *mint_out{}, *trader{};
  std::uint64_t amount_in{}, amount_out{};
  std::uint16_t count{};
  program_kind program{program_kind::unknown};
};

/// The parts of one top-level instruction's trade, netted by mint.
class netting {
public:
  void add(const leg& part) {
    if (parts_++ == 0) first_ = part;
    last_ = part;
    count_ += part.count;
    if (auto* f = flow_of(*part.mint_in)) f->given = saturating_add(f->given, part.amount_in);
    if (auto* f = flow_of(*part.mint_out)) f->got = saturating_add(f->got, part.amount_out);
  }
  [[nodiscard]] bool possible() const { return parts_ > 0 && !too_many_; }
  [[nodiscard]] const leg& first() const { return first_; }
  [[nodiscard]] bool single() const { return parts_ == 1; }

  [[nodiscard]] event::trade result() {
    event::trade trade;
    trade.leg_count = count_;
    // The sides: the mints with the largest part of their turnover left over; the first leg's input and the last
    // leg's output where several qualify (a split route starts and ends there).
    const flow *gives = nullptr, *gets = nullptr;
    for (std::size_t m = 0; m < mints_ && parts_ > 1; ++m) {
      const auto& f = flows_[m];
      if (passes_through(f)) continue;
      if (f.given > f.got && (gives == nullptr || *f.mint == *first_.mint_in)) gives = &f;
      if (f.got > f.given && (gets == nullptr || *f.mint == *last_.mint_out)) gets = &f;
    }
    if (gives != nullptr && gets != nullptr) {
      trade.mint_in = *gives->mint;
      trade.mint_out = *gets->mint;
      trade.amount_in.value = gives->given - gives->got;
      trade.amount_out.value = gets->got - gets->given;
    } else { // one part, or a round trip: the same mint in and out, gross
      trade.mint_in = *first_.mint_in;
      trade.mint_out = *last_.mint_out;
      trade.amount_in.value = flow_of(*first_.mint_in)->given;
      trade.amount_out.value = flow_of(*last_.mint_out)->got;
    }
    return trade;
  }

private:
  flow* flow_of(const address& mint) {
    for (std::size_t m = 0; m < mints_; ++m)
      if (*flows_[m].mint == mint) return &flows_[m];
    if (mints_ == max_mints) {
      too_many_ = true;
      return nullptr;
    }
    flows_[mints_] = {&mint, 0, 0};
    return &flows_[mints_++];
  }

  std::array<flow, max_mints> flows_;
  std::size_t mints_{}, parts_{};
  std::uint16_t count_{};
  bool too_many_{};
  leg first_, last_;
};

leg leg_of(const event::swap& s, program_kind program) {
  return {&s.mint_in, &s.mint_out, &s.trader, s.gave.value, s.got.value, 1, program};
}
leg leg_of(const event::trade& t) {
  return {&t.mint_in, &t.mint_out, &t.trader, t.amount_in.value, t.amount_out.value, t.leg_count, t.router};
}

} // namespace

std::size_t emit_trades(context& ctx, std::size_t first_event) {
  auto& events = ctx.out.events;
  const std::size_t end = events.size();
  std::size_t swaps = 0, i = first_event, route = 0;
  const auto next_swap = [&] {
    while (i < end && !std::holds_alternative<event::swap>(events[i].payload)) ++i;
    return i < end;
  };
  while (next_swap() || route < ctx.route_count) {
    const std::uint16_t swap_outer = i < end ? events[i].path.outer : std::numeric_limits<std::uint16_t>::max();
    const std::uint16_t route_outer =
        route < ctx.route_count ? ctx.routes[route].path.outer : std::numeric_limits<std::uint16_t>::max();
    const std::uint16_t outer = std::min(swap_outer, route_outer);

    netting net;
    const std::size_t first_route = route;
    const auto covered = [&](const instruction_path& path, std::size_t routes_before) {
      for (std::size_t r = first_route; r < routes_before; ++r)
        if (ctx.routes[r].covers(path)) return true;
      return false;
    };
    const auto add_next_route = [&] {
      const auto& next = ctx.routes[route];
      if (!covered(next.path, route)) net.add(leg_of(next.trade));
      ++route;
    };
    for (; next_swap() && events[i].path.outer == outer; ++i) {
      ++swaps;
      while (route < ctx.route_count && ctx.routes[route].path <= events[i].path) add_next_route();
      if (!covered(events[i].path, route)) net.add(leg_of(std::get<event::swap>(events[i].payload), events[i].program));
    }
    while (route < ctx.route_count && ctx.routes[route].path.outer == outer) add_next_route();
    if (!net.possible()) continue;

    auto trade = net.result();
    // The top-level instruction names the router; below a program without a name it is the venue or router of a single
    // part, else unknown.
    std::size_t top = 0;
    while (top < ctx.tx.instructions.size() && ctx.tx.instructions[top].path.outer != outer) ++top;
    const auto top_kind = top < ctx.tx.instructions.size() ? ctx.index.kind(top) : program_kind::unknown;
    trade.router = is_venue(top_kind) ? top_kind : net.single() ? net.first().program : program_kind::unknown;
    trade.trader = ctx.tx.key(0);
    for (std::size_t s = 1; s < ctx.tx.required_signatures && s < ctx.tx.keys.size(); ++s)
      if (ctx.tx.key(s) == *net.first().trader) trade.trader = *net.first().trader;
    events.push_back(
        {ctx.transaction, {outer, -1}, trade.router, trade}); // may move the events: no pointer is used after this
  }
  return swaps;
}

} // namespace sett::decode
