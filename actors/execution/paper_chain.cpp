#include "actors/execution/paper_chain.hpp"

#include "actors/execution/ledger.hpp"
#include "actors/venues/pump_curve.hpp"
#include "messages/ports/random.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/transaction.hpp"
#include "messages/types/chain_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace sett::execution {

namespace {

using ports::trade_side;
using ports::uint128;

// The model's figures: one send in 32 is lost on its way, one transaction in 64 fails for no reason of ours, the others
// land one to three blocks above the sender's tip.
constexpr std::uint64_t lost_one_in = 32, fails_one_in = 64, delay_blocks_max = 3, forget_blocks = 512;
constexpr std::uint32_t drawn_failure = 1, too_much_in = 6002, too_little_out = 6003, no_funds = 2;

/// Of a curve's virtual reserves these are not there: 1,073,000,000 - 793,100,000 tokens and 30 SOL (pump.fun's global
/// account, initial reserves).
constexpr std::uint64_t curve_virtual_tokens = 279'900'000'000'000, curve_virtual_quote = 30'000'000'000;

/// The program that orders name; no program has this address, and nobody has its key.
address order_program() {
  constexpr std::string_view name = "sett-paper-order-runs-on-no-chain";
  address a;
  std::copy_n(name.begin(), a.bytes.size(), a.bytes.begin());
  return a;
}
constexpr std::uint8_t order_version = 1;
constexpr std::size_t order_bytes = 3 + 32 + 32 + 4 * 8;

std::unexpected<error> refuse(paper_errc code, std::string why) { return fail("paper", code, std::move(why)); }

void put(std::vector<std::uint8_t>& to, std::uint64_t v) {
  for (unsigned i = 0; i < 8; ++i) to.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}
std::uint64_t number_at(std::span<const std::uint8_t> from, std::size_t at) {
  std::uint64_t v = 0;
  for (unsigned i = 0; i < 8; ++i) v |= static_cast<std::uint64_t>(from[at + i]) << (8 * i);
  return v;
}

std::optional<paper_order> read_order(std::span<const std::uint8_t> d) {
  if (d.size() != order_bytes || d[0] != order_version || d[1] > 1 || d[2] > 1) return std::nullopt;
  paper_order o;
  o.side = static_cast<trade_side>(d[1]);
  o.exact_in = d[2] == 1;
  std::copy_n(d.begin() + 3, 32, o.mint.bytes.begin());
  std::copy_n(d.begin() + 35, 32, o.pool.bytes.begin());
  o.amount_in = number_at(d, 67);
  o.amount_out = number_at(d, 75);
  o.fee.value = number_at(d, 83);
  o.tip.value = number_at(d, 91);
  return o;
}

result<paper_price> curve_price(const paper_pool& p, trade_side side, bool exact_in, std::uint64_t amount) {
  using namespace venues;
  if (p.complete)
    return refuse(paper_errc::complete, "the bonding curve is complete: nothing trades until it migrates");
  pump_curve::state s;
  s.virtual_token = p.reserve_token;
  s.virtual_quote = p.reserve_quote;
  s.real_token = p.reserve_token - std::min(p.reserve_token, curve_virtual_tokens);
  s.real_quote = p.reserve_quote - std::min(p.reserve_quote, curve_virtual_quote);
  s.rounds_fees_up = true;
  s.fees.protocol_bps = (p.fee_ppm + 50) / 100;
  const auto d = side == trade_side::buy ? direction::b_to_a : direction::a_to_b;
  const auto q = exact_in ? pump_curve::quote_exact_in(s, d, token_amount(amount))
                          : pump_curve::quote_exact_out(s, d, token_amount(amount));
  if (!q) return refuse(paper_errc::out_of_range, fmt::format("the curve refuses it with error {}", q.error().code));
  return paper_price{.in = q->gave.value,
                     .out = q->got.value,
                     .pool_in = q->amount_in.value,
                     .pool_out = q->amount_out.value,
                     .impact_ppm = q->impact_ppm};
}

/// x * y = k with the fee on what goes in, rounded against the trader.
result<paper_price> product_price(const paper_pool& p, trade_side side, bool exact_in, std::uint64_t amount) {
  const std::uint64_t x = side == trade_side::buy ? p.reserve_quote : p.reserve_token,
                      y = side == trade_side::buy ? p.reserve_token : p.reserve_quote;
  constexpr std::uint64_t million = 1'000'000;
  if (x == 0 || y == 0 || p.fee_ppm >= million || amount == 0)
    return refuse(paper_errc::out_of_range, "the pool is empty, or nothing is asked for");
  paper_price r;
  if (exact_in) {
    const auto net = static_cast<std::uint64_t>(uint128{amount} * (million - p.fee_ppm) / million);
    r.in = amount;
    r.out = static_cast<std::uint64_t>(uint128{y} * net / (uint128{x} + net));
  } else {
    if (amount >= y) return refuse(paper_errc::out_of_range, "the pool does not hold that much");
    const uint128 net = (uint128{x} * amount + (y - amount) - 1) / (y - amount);
    const uint128 gross = (net * million + (million - p.fee_ppm) - 1) / (million - p.fee_ppm);
    if (gross > std::numeric_limits<std::uint64_t>::max())
      return refuse(paper_errc::out_of_range, "the pool does not hold that much");
    r.in = static_cast<std::uint64_t>(gross);
    r.out = amount;
  }
  if (r.out == 0) return refuse(paper_errc::out_of_range, "too little for a single unit");
  r.pool_in = r.in;
  r.pool_out = r.out;
  r.impact_ppm = venues::impact_of(x, y, r.in, r.out);
  return r;
}

std::uint64_t shifted(std::uint64_t v, std::int64_t by) {
  const auto sum = static_cast<int128>(v) + by;
  return sum < 0 ? 0 : static_cast<std::uint64_t>(std::min<int128>(sum, std::numeric_limits<std::uint64_t>::max()));
}
std::int64_t delta(std::uint64_t v) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(v, std::numeric_limits<std::int64_t>::max()));
}

std::int64_t saturated(std::int64_t a, std::int64_t b) {
  std::int64_t sum{};
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

struct decider {
  const paper_state& s;

  result<paper_decision> operator()(const paper::fund& c) const {
    paper_decision d;
    if (!s.funded) d.events.emplace_back(paper::funded{c.wallet, c.balance});
    return d;
  }

  result<paper_decision> operator()(const paper::send& c) const {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(c.bytes.data()), c.bytes.size());
    solana::transaction_view view;
    if (const auto ok = solana::parse_transaction(bytes, view); !ok)
      return refuse(paper_errc::refused, "no transaction: " + ok.error().message);
    if (view.signature_count() != 1 || view.static_key_count() == 0 || view.key(0) != s.wallet ||
        !solana::verify_signatures(view))
      return refuse(paper_errc::refused, "not signed by this wallet");
    std::optional<paper_order> order;
    for (const auto& i : view.instructions)
      if (view.key(i.program_index) == order_program()) order = read_order(i.data);
    if (!order) return refuse(paper_errc::refused, "it holds no order");
    const auto name = view.signature_at(0);
    paper_decision d;
    const auto same = [&](const auto& p) { return p.signature == name; };
    if (std::any_of(s.pending.begin(), s.pending.end(), same) || std::any_of(s.landed.begin(), s.landed.end(), same))
      return d; // sent again
    const auto tip = std::max(s.height, c.at);
    if (tip >= c.last_valid) return refuse(paper_errc::not_now, "its blockhash is too old");
    if (s.pending.size() >= paper_pending_max) return refuse(paper_errc::too_many, "too many wait to land");
    std::uint64_t seed = tip.value * 0x9e3779b97f4a7c15ULL;
    for (const auto b : name.bytes) seed = (seed ^ b) * 0x100000001b3ULL;
    ports::random rng(seed);
    const bool lost = rng.below(lost_one_in) == 0;
    const block_height lands_at(tip.value + 1 + rng.below(delay_blocks_max));
    const bool fails = rng.below(fails_one_in) == 0;
    if (lost || lands_at > c.last_valid) {
      d.events.emplace_back(paper::lost{tip});
      return d;
    }
    d.events.emplace_back(paper::sent{
        {.signature = name, .order = *order, .lands_at = lands_at, .last_valid = c.last_valid, .fails = fails}});
    return d;
  }

  result<paper_decision> operator()(const paper::land& c) const {
    const auto p =
        std::find_if(s.pending.begin(), s.pending.end(), [&](const auto& x) { return x.signature == c.signature; });
    if (p == s.pending.end()) return paper_decision{}; // it has, or it never will
    if (c.height < p->lands_at || c.height > p->last_valid)
      return refuse(paper_errc::not_now, fmt::format("it lands from {} to {}", p->lands_at.value, p->last_valid.value));
    const auto& o = p->order;
    const auto held = s.holdings.find(o.mint);
    const auto tokens = held == s.holdings.end() ? 0 : held->second.tokens.value;
    const auto rent = held == s.holdings.end() ? 0 : held->second.rent.value;
    transaction_outcome out;
    out.lamports_before = s.balance;
    out.rent_before = out.rent_after = lamports(rent);
    out.tokens_before = out.tokens_after = token_amount(tokens);
    out.fee = lamports(std::min(o.fee.value, s.balance.value));
    out.lamports_after = lamports(s.balance.value - out.fee.value);
    paper_shadow moved;
    out.error_code = execute(c, *p, tokens, rent, out, moved);
    out.ok = out.error_code == 0;
    paper_decision d;
    d.events.emplace_back(
        paper::has_landed{.what = {.signature = c.signature, .height = c.height, .block = c.block, .outcome = out},
                          .mint = o.mint,
                          .pool = o.pool,
                          .moved = moved});
    return d;
  }
  /// 0, or the error that it fails with, and then nothing is changed.
  std::uint32_t execute(const paper::land& c, const paper_pending& p, std::uint64_t tokens, std::uint64_t rent,
                        transaction_outcome& out, paper_shadow& moved) const {
    const auto& o = p.order;
    if (p.fails) return drawn_failure;
    if (c.pool.pool != o.pool || c.pool.mint != o.mint) return no_funds;
    const auto price = price_of(with_shadow(s, c.pool), o.side, o.exact_in, o.exact_in ? o.amount_in : o.amount_out);
    if (!price) return price.error().code == static_cast<std::uint16_t>(paper_errc::complete) ? 6005U : no_funds;
    if (price->in > o.amount_in) return too_much_in;
    if (price->out < o.amount_out) return too_little_out;
    const auto wallet = out.lamports_after.value;
    if (o.side == trade_side::buy) {
      const auto new_rent = rent == 0 ? paper_rent_lamports : 0;
      const auto cost = static_cast<uint128>(price->in) + new_rent + o.tip.value;
      std::uint64_t sum{};
      if (cost > wallet || __builtin_add_overflow(tokens, price->out, &sum) ||
          (rent == 0 && s.holdings.size() >= paper_holdings_max))
        return no_funds;
      out.lamports_after.value = wallet - static_cast<std::uint64_t>(cost);
      out.rent_after.value = rent + new_rent;
      out.tokens_after.value = sum;
      moved = {.mint = o.mint, .tokens = -delta(price->pool_out), .quote = delta(price->pool_in)};
    } else {
      // What is sold out is closed with the sale, and its rent comes back.
      const auto back = price->in == tokens ? rent : 0;
      std::uint64_t sum{};
      if (price->in > tokens || o.tip.value > wallet ||
          __builtin_add_overflow(wallet - o.tip.value, price->out, &sum) || __builtin_add_overflow(sum, back, &sum))
        return no_funds;
      out.lamports_after.value = sum;
      out.rent_after.value = rent - back;
      out.tokens_after.value = tokens - price->in;
      moved = {.mint = o.mint, .tokens = delta(price->pool_in), .quote = -delta(price->pool_out)};
    }
    out.tip = o.tip;
    return 0;
  }

  result<paper_decision> operator()(const paper::place& c) const {
    paper_decision d;
    for (const auto& l : s.landed)
      if (l.signature == c.signature && l.height == c.height && l.block != c.block)
        d.events.emplace_back(paper::placed{c.signature, c.height, c.block});
    return d;
  }

  result<paper_decision> operator()(const paper::look& c) const {
    paper_decision d;
    paper_look a;
    const auto same = [&](const auto& x) { return x.signature == c.signature; };
    if (const auto l = std::find_if(s.landed.begin(), s.landed.end(), same); l != s.landed.end()) {
      a.fate = paper_fate::landed;
      a.landed = *l;
    } else if (const auto p = std::find_if(s.pending.begin(), s.pending.end(), same); p != s.pending.end()) {
      a.fate = paper_fate::pending;
      a.lands_at = p->lands_at;
      a.last_valid = p->last_valid;
      a.pool = p->order.pool;
      // Nobody who leads has seen the blocks it could have been in.
      if (c.finalized.value > p->last_valid.value + forget_blocks) {
        d.events.emplace_back(paper::dropped{c.signature, c.finalized});
        a.fate = paper_fate::unknown;
      }
    } else if (c.finalized > s.height) {
      // Told that it is not there: then it may not come later either.
      d.events.emplace_back(paper::heard{c.finalized});
    }
    fill(a, c.mint);
    d.answer = std::move(a);
    return d;
  }
  result<paper_decision> operator()(const paper::balances&) const {
    paper_decision d;
    paper_look a;
    fill(a, {});
    d.answer = std::move(a);
    return d;
  }
  void fill(paper_look& a, const mint_address& mint) const {
    a.balance = s.balance;
    a.rent = s.rent();
    if (const auto h = s.holdings.find(mint); h != s.holdings.end()) a.tokens = h->second.tokens;
  }
};

struct applier {
  paper_state& s;
  void operator()(const paper::funded& e) {
    s.wallet = e.wallet;
    s.balance = e.balance;
    s.funded = true;
  }
  void operator()(const paper::sent& e) { s.pending.push_back(e.what); }
  void operator()(const paper::lost& e) {
    s.height = std::max(s.height, e.at);
    ++s.sends_lost;
  }
  void operator()(const paper::heard& e) { s.height = std::max(s.height, e.at); }
  void operator()(const paper::has_landed& e) {
    const auto& o = e.what.outcome;
    std::erase_if(s.pending, [&](const auto& p) { return p.signature == e.what.signature; });
    s.height = std::max(s.height, e.what.height);
    s.balance = o.lamports_after;
    if (o.ok) {
      if (o.tokens_after.value == 0 && o.rent_after.value == 0)
        s.holdings.erase(e.mint);
      else
        s.holdings[e.mint] = {o.tokens_after, o.rent_after};
      if (o.tokens_after.value == 0) {
        std::erase_if(s.shadows, [&](const auto& p) { return p.second.mint == e.mint; });
      } else {
        auto& shadow = s.shadows[e.pool];
        shadow.mint = e.mint;
        shadow.tokens = saturated(shadow.tokens, e.moved.tokens);
        shadow.quote = saturated(shadow.quote, e.moved.quote);
      }
    }
    s.landed.push_back(e.what);
    if (s.landed.size() > paper_landed_max) s.landed.pop_front();
  }
  void operator()(const paper::placed& e) {
    for (auto& l : s.landed)
      if (l.signature == e.signature) {
        l.height = e.height;
        l.block = e.block;
      }
  }
  void operator()(const paper::dropped& e) {
    std::erase_if(s.pending, [&](const auto& p) { return p.signature == e.signature; });
    s.height = std::max(s.height, e.finalized);
  }
};

} // namespace

lamports paper_state::rent() const {
  lamports sum;
  for (const auto& [mint, h] : holdings) sum.value += h.rent.value;
  return sum;
}

result<paper_price> price_of(const paper_pool& p, trade_side side, bool exact_in, std::uint64_t amount) {
  switch (static_cast<program_kind>(p.venue)) {
  case program_kind::pump:
    return curve_price(p, side, exact_in, amount);
  case program_kind::pump_amm:
  case program_kind::raydium_amm_v4:
  case program_kind::raydium_cpmm:
    return product_price(p, side, exact_in, amount);
  default:
    return refuse(paper_errc::unknown_venue, "no price can be computed for this venue yet");
  }
}

paper_pool with_shadow(const paper_state& s, paper_pool pool) {
  if (const auto it = s.shadows.find(pool.pool); it != s.shadows.end()) {
    pool.reserve_token = shifted(pool.reserve_token, it->second.tokens);
    pool.reserve_quote = shifted(pool.reserve_quote, it->second.quote);
  }
  return pool;
}

result<std::vector<std::uint8_t>> paper_message(const address& wallet, const blockhash& recent, const paper_order& o) {
  solana::instruction i;
  i.program = order_program();
  i.accounts.push_back({.key = o.pool, .is_signer = false, .is_writable = true});
  i.data = {order_version, static_cast<std::uint8_t>(o.side), static_cast<std::uint8_t>(o.exact_in ? 1 : 0)};
  i.data.insert(i.data.end(), o.mint.bytes.begin(), o.mint.bytes.end());
  i.data.insert(i.data.end(), o.pool.bytes.begin(), o.pool.bytes.end());
  for (const auto v : {o.amount_in, o.amount_out, o.fee.value, o.tip.value}) put(i.data, v);
  return solana::build_message({.payer = wallet, .recent_blockhash = recent, .instructions = {&i, 1}, .tables = {}});
}

result<paper_decision> decide(const paper_state& s, const paper_command& c) { return std::visit(decider{s}, c); }
void apply(paper_state& s, const paper_event& e) { std::visit(applier{s}, e); }

} // namespace sett::execution
