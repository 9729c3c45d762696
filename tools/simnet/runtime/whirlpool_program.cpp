// Orca's Whirlpool: swap and swap_v2 on pools with a static fee and fixed tick arrays, with fee and reward growth kept
// in the pool's and the ticks' bytes. Rules from the program's public source (whirlpool 0.3, 2023 to 2025), compared
// with recorded executions of three builds. A build of 2023 is chosen by the program account's data beginning with
// "2023": it has no swap_v2, no implied price limit, and takes the tick arrays as they are given. Left out: adaptive
// fees, dynamic tick arrays, Token-2022 transfer fees.
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/anchor.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sett::simnet {

namespace {

using u256 = boost::multiprecision::uint256_t;
__extension__ typedef __int128 i128; // NOLINT(modernize-use-using): the extension keyword needs a typedef

enum : std::uint32_t {
  divide_by_zero = 6006,
  sqrt_price_out_of_bounds = 6011,
  liquidity_overflow = 6014,
  liquidity_underflow = 6015,
  token_max_exceeded = 6017,
  token_min_subceeded = 6018,
  invalid_timestamp = 6022,
  invalid_tick_array_sequence = 6023,
  multiplication_shift_right_overflow = 6030,
  multiplication_overflow = 6033,
  invalid_price_limit_direction = 6034,
  zero_tradable_amount = 6035,
  amount_out_below_minimum = 6036,
  amount_in_above_maximum = 6037,
  tick_array_sequence_invalid_index = 6038,
  amount_calc_overflow = 6039,
  amount_remaining_overflow = 6040,
  partial_fill = 6057,
};

constexpr std::uint64_t swap_tag = 0xf8c69e91e17587c8, swap_v2_tag = 0x2b04ed0b1ac91e62;
constexpr std::uint64_t pool_tag = 0x3f95d10ce1806309, tick_array_tag = 0x4561bdbe6e0742bb;
constexpr std::size_t pool_spacing = 41, pool_fee_rate = 45, pool_protocol_rate = 47, pool_liquidity = 49,
                      pool_sqrt_price = 65, pool_tick = 81, pool_owed = 85, pool_mint_a = 101, pool_vault_a = 133,
                      pool_growth_a = 165, pool_mint_b = 181, pool_vault_b = 213, pool_growth_b = 245,
                      pool_reward_time = 261, pool_rewards = 269, reward_size = 128, reward_emissions = 96,
                      reward_growth = 112;
constexpr std::size_t array_start = 8, array_ticks = 12, array_pool = 9956, tick_size = 113, tick_net = 1,
                      tick_outside_a = 33, tick_outside_b = 49, tick_reward_outside = 65;
constexpr std::int32_t ticks_in_array = 88, min_tick = -443'636, max_tick = 443'636;
constexpr u128 wide(std::uint64_t high, std::uint64_t low) { return static_cast<u128>(high) << 64 | low; }
constexpr u128 min_sqrt_price = 4'295'048'016U, max_sqrt_price = wide(0xfffec4b1, 0x35bb7f32a81b33af);
constexpr std::uint64_t fee_denominator = 1'000'000;

// sqrt(1.0001^(2^k)) as Q32.96, rounded down, and sqrt(1.0001^-(2^k)) as Q64.64, rounded down.
constexpr std::array<u128, 19> rising{wide(0x1000346d6, 0xff11672ae55ad00f),    wide(0x100068db8, 0xbac710cb295e9e1b),
                                      wide(0x1000d1b9c, 0x68abe5f76b30fb75),    wide(0x1001a37e4, 0xa234cb0830516e51),
                                      wide(0x100347278, 0xab0e92ada25ab460),    wide(0x10068efb0, 0x0a525480a5d7fdc2),
                                      wide(0x100d20a63, 0xb4173839df9daaa5),    wide(0x101a4c11c, 0x742dd7729738df5e),
                                      wide(0x1034c35c3, 0x1f64cfa6dc0d6de4),    wide(0x106a34b78, 0xc8aaffbf81bed5a3),
                                      wide(0x10d72a6a4, 0x6ccd8bce9ae771b1),    wide(0x11b9a258e, 0x63928596dc757faa),
                                      wide(0x13a2e2bda, 0x04f8379f3cd17be5),    wide(0x181954be6, 0x9e0da8fe77f2ab42),
                                      wide(0x244c2655d, 0x185a029080252877),    wide(0x525816eeb, 0x9f935b1c616779e8),
                                      wide(0x1a7c8d00b5, 0x51684ff4d31ae065),   wide(0x2bd893d0b2d, 0xf7c97884590c66cd),
                                      wide(0x78278e1e19e44, 0x8cf8b95d2152dccf)};
constexpr std::array<std::uint64_t, 19> falling{
    18445821805675392311U, 18444899583751176498U, 18443055278223354162U, 18439367220385604838U, 18431993317065449817U,
    18417254355718160513U, 18387811781193591352U, 18329067761203520168U, 18212142134806087854U, 17980523815641551639U,
    17526086738831147013U, 16651378430235024244U, 15030750278693429944U, 12247334978882834399U, 8131365268884726200U,
    3584323654723342297U,  696457651847595233U,   26294789957452057U,    37481735321082U};

u128 price_of_tick(std::int32_t tick) {
  const auto distance = static_cast<std::uint32_t>(tick < 0 ? -tick : tick);
  if (tick >= 0) {
    u128 ratio = static_cast<u128>(1) << 96;
    for (std::size_t k = 0; k < rising.size(); ++k)
      if ((distance >> k & 1) != 0) ratio = static_cast<u128>(u256(ratio) * u256(rising[k]) >> 96);
    return ratio >> 32;
  }
  u128 ratio = static_cast<u128>(1) << 64;
  for (std::size_t k = 0; k < falling.size(); ++k)
    if ((distance >> k & 1) != 0) ratio = ratio * falling[k] >> 64;
  return ratio;
}

/// The highest tick whose price is not above this one.
std::int32_t tick_of_price(u128 price) {
  std::int32_t low = min_tick, high = max_tick;
  while (low < high) {
    const auto middle = low + (high - low + 1) / 2;
    if (price_of_tick(middle) <= price)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

std::int32_t floor_div(std::int32_t a, std::int32_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

/// nullopt: more than 64 bits.
std::optional<std::uint64_t> delta_a(u128 p0, u128 p1, u128 liquidity, bool up) {
  const auto low = std::min(p0, p1), high = std::max(p0, p1);
  const u256 numerator = u256(liquidity) * u256(high - low);
  if ((numerator >> 192) != 0) fail_custom(multiplication_overflow);
  const u256 shifted = numerator << 64, denominator = u256(high) * u256(low);
  u256 q = shifted / denominator;
  if (up && shifted % denominator != 0) ++q;
  if (q > u256(~std::uint64_t{0})) return std::nullopt;
  return static_cast<std::uint64_t>(q);
}
std::optional<std::uint64_t> delta_b(u128 p0, u128 p1, u128 liquidity, bool up) {
  const u256 product = u256(liquidity) * u256(std::max(p0, p1) - std::min(p0, p1));
  u256 q = product >> 64;
  if (up && (product & u256(~std::uint64_t{0})) != 0) ++q;
  if (q > u256(~std::uint64_t{0})) return std::nullopt;
  return static_cast<std::uint64_t>(q);
}
std::uint64_t must(std::optional<std::uint64_t> v) {
  if (!v) fail_custom(token_max_exceeded);
  return *v;
}

u128 next_price(u128 price, u128 liquidity, std::uint64_t amount, bool exact_in, bool a_to_b) {
  if (exact_in == a_to_b) {
    if (amount == 0) return price;
    const u256 product = u256(price) * amount, shifted = u256(liquidity) << 64;
    const u256 numerator = u256(liquidity) * u256(price) << 64;
    if (!exact_in && shifted <= product) fail_custom(divide_by_zero);
    const u256 denominator = exact_in ? u256(shifted + product) : u256(shifted - product);
    const u256 next = (numerator + denominator - 1) / denominator;
    if (next < u256(min_sqrt_price)) fail_custom(token_min_subceeded);
    if (next > u256(max_sqrt_price)) fail_custom(token_max_exceeded);
    return static_cast<u128>(next);
  }
  const u256 shifted = u256(amount) << 64;
  u256 delta = shifted / u256(liquidity);
  if (!exact_in && shifted % u256(liquidity) != 0) ++delta;
  if (exact_in) {
    const u256 sum = u256(price) + delta;
    if ((sum >> 128) != 0) fail_custom(sqrt_price_out_of_bounds);
    return static_cast<u128>(sum);
  }
  if (delta > u256(price)) fail_custom(sqrt_price_out_of_bounds);
  return price - static_cast<u128>(delta);
}

struct leg {
  std::uint64_t in, out, fee;
  u128 price;
};

/// One step of constant liquidity towards `target`.
leg compute_leg(std::uint64_t remaining, std::uint64_t fee_rate, u128 liquidity, u128 price, u128 target, bool exact_in,
                bool a_to_b) {
  const auto fixed = [&](u128 to) {
    return a_to_b == exact_in ? delta_a(price, to, liquidity, exact_in) : delta_b(price, to, liquidity, exact_in);
  };
  const auto to_target = fixed(target);
  const auto usable = exact_in ? mul_div_floor(remaining, fee_denominator - fee_rate, fee_denominator) : remaining;
  const auto next = to_target && usable >= *to_target ? target : next_price(price, liquidity, usable, exact_in, a_to_b);
  const bool full = next == target;
  const auto other = must(a_to_b == exact_in ? delta_b(price, next, liquidity, !exact_in)
                                             : delta_a(price, next, liquidity, !exact_in));
  const auto same = full && to_target ? *to_target : must(fixed(next));
  leg out{exact_in ? same : other, exact_in ? other : same, 0, next};
  if (!exact_in && out.out > remaining) out.out = remaining;
  out.fee = exact_in && !full ? remaining - out.in : mul_div_ceil(out.in, fee_rate, fee_denominator - fee_rate);
  return out;
}

/// The tick arrays of a swap in the order in which the price reaches them; places are of the instruction's accounts,
/// nullopt for an array that is not there and holds no tick.
struct tick_arrays {
  struct entry {
    std::optional<std::size_t> place;
    std::int32_t start;
  };
  std::vector<entry> list;
  std::int32_t spacing;

  [[nodiscard]] std::int32_t width() const { return ticks_in_array * spacing; }
  [[nodiscard]] static std::size_t tick_at(std::int32_t offset) {
    return array_ticks + static_cast<std::size_t>(offset) * tick_size;
  }
  [[nodiscard]] std::int32_t offset_of(const entry& e, std::int32_t tick) const {
    return floor_div(tick - e.start, spacing);
  }

  struct found {
    std::size_t array;
    std::int32_t tick;
  };
  [[nodiscard]] found next_initialized(const invocation& c, std::int32_t tick, bool a_to_b, std::size_t from) const {
    for (std::size_t i = from;; ++i) {
      if (i >= list.size()) fail_custom(tick_array_sequence_invalid_index);
      const auto& e = list[i];
      const auto lower = e.start - (a_to_b ? 0 : spacing), upper = lower + width();
      if (tick < lower || tick >= upper) fail_custom(invalid_tick_array_sequence);
      auto offset = offset_of(e, tick) + (a_to_b ? 0 : 1);
      for (; e.place && offset >= 0 && offset < ticks_in_array; offset += a_to_b ? -1 : 1)
        if (c.at(*e.place).data[tick_at(offset)] != 0) return {i, e.start + offset * spacing};
      if (a_to_b && e.start <= min_tick) return {i, min_tick};
      if (!a_to_b && e.start + width() > max_tick) return {i, max_tick};
      const auto last = a_to_b ? e.start : e.start + width() - 1;
      if (i + 1 == list.size()) return {i, last};
      tick = a_to_b ? e.start - 1 : last;
    }
  }
};

address array_key(const invocation& c, const address& pool, std::int32_t start) {
  return derive({solana::seed("tick_array"), solana::seed(pool), solana::seed(std::to_string(start))}, c.program()).key;
}

/// `first`: place of the first tick array of three.
tick_arrays read_arrays(const invocation& c, std::size_t pool, std::size_t first, bool a_to_b, bool old_build) {
  tick_arrays out;
  out.spacing = load<std::uint16_t>(c.at(pool).data, pool_spacing);
  const auto start_of = [&](std::size_t i) { return load<std::int32_t>(c.at(i).data, array_start); };
  const auto is_array = [&](std::size_t i) {
    return c.at(i).owner == c.program() && c.at(i).data.size() >= array_pool + 32 &&
           anchor_tag(c.at(i).data) == tick_array_tag;
  };
  if (old_build) {
    for (std::size_t i = first; i < first + 3; ++i) {
      need_account(c, i, c.program(), tick_array_tag);
      if (load_key(c.at(i).data, array_pool) != c.key(pool)) fail_custom(anchor_error::constraint_has_one);
    }
    for (std::size_t i = first; i < first + 3; ++i)
      if (out.list.empty() || (c.key(i) != c.key(i - 1))) out.list.push_back({i, start_of(i)});
    return out;
  }
  for (std::size_t i = first; i < first + 3; ++i)
    if (is_array(i) && load_key(c.at(i).data, array_pool) != c.key(pool)) fail_custom(anchor_error::constraint_has_one);
  const auto tick = load<std::int32_t>(c.at(pool).data, pool_tick);
  const auto width = out.width(), base = floor_div(tick, width) * width;
  const std::int32_t shift = a_to_b ? 0 : tick + out.spacing >= base + width ? 1 : 0;
  for (std::int32_t n = 0; n < 3; ++n) {
    const auto start = base + (a_to_b ? -n : n + shift) * width;
    if (start + width <= min_tick || start > max_tick) break;
    std::optional<std::size_t> found;
    bool there = false;
    for (std::size_t i = first; i < first + 3 && !there; ++i)
      if (is_array(i) && start_of(i) == start) {
        found = i;
        there = true;
      }
    for (std::size_t i = first; i < first + 3 && !there; ++i)
      there = c.at(i).owner == program_id::system() && c.key(i) == array_key(c, c.key(pool), start);
    if (!there) break;
    out.list.push_back({found, start});
  }
  if (out.list.empty()) fail_custom(invalid_tick_array_sequence);
  return out;
}

struct swap_terms {
  std::uint64_t amount, threshold;
  u128 limit;
  bool exact_in, a_to_b;
};

struct swapped {
  std::uint64_t a, b;
};

swapped run_swap(invocation& c, std::size_t pool, tick_arrays& arrays, const swap_terms& t, bool old_build) {
  auto& d = c.write(pool);
  const bool a_to_b = t.a_to_b;
  auto price = load<u128>(d, pool_sqrt_price);
  const auto limit = t.limit == 0 && !old_build ? (a_to_b ? min_sqrt_price : max_sqrt_price) : t.limit;
  if (limit < min_sqrt_price || limit > max_sqrt_price) fail_custom(sqrt_price_out_of_bounds);
  if (a_to_b ? limit > price : limit < price) fail_custom(invalid_price_limit_direction);
  if (t.amount == 0) fail_custom(zero_tradable_amount);

  auto liquidity = load<u128>(d, pool_liquidity);
  const std::uint64_t fee_rate = load<std::uint16_t>(d, pool_fee_rate),
                      protocol_rate = load<std::uint16_t>(d, pool_protocol_rate);
  auto tick = load<std::int32_t>(d, pool_tick);

  // rewards
  const auto now = static_cast<std::uint64_t>(c.clock().unix_time), then = load<std::uint64_t>(d, pool_reward_time);
  if (now < then) fail_custom(invalid_timestamp);
  std::array<u128, 3> reward_growths{};
  std::array<bool, 3> rewarded{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto at = pool_rewards + i * reward_size;
    reward_growths[i] = load<u128>(d, at + reward_growth);
    rewarded[i] = !load_key(d, at).is_zero();
    if (!rewarded[i] || liquidity == 0 || now == then) continue;
    const u256 product = u256(load<u128>(d, at + reward_emissions)) * (now - then);
    if ((product >> 128) == 0) reward_growths[i] += static_cast<u128>(product / u256(liquidity));
  }

  const auto input_growth_at = a_to_b ? pool_growth_a : pool_growth_b;
  auto growth = load<u128>(d, input_growth_at);
  const auto other_growth = load<u128>(d, a_to_b ? pool_growth_b : pool_growth_a);
  std::uint64_t remaining = t.amount, calculated = 0, protocol_fee = 0;
  std::size_t array = 0;
  const auto take = [&](std::uint64_t v) {
    if (v > remaining) fail_custom(amount_remaining_overflow);
    remaining -= v;
  };
  const auto gain = [&](std::uint64_t v) {
    if (v > ~calculated) fail_custom(amount_calc_overflow);
    calculated += v;
  };
  while (remaining > 0 && limit != price) {
    const auto next = arrays.next_initialized(c, tick, a_to_b, array);
    const auto tick_price = price_of_tick(next.tick);
    const auto target = a_to_b ? std::max(limit, tick_price) : std::min(limit, tick_price);
    const auto step = compute_leg(remaining, fee_rate, liquidity, price, target, t.exact_in, a_to_b);
    if (t.exact_in) {
      take(step.in);
      take(step.fee);
      gain(step.out);
    } else {
      take(step.out);
      gain(step.in);
      gain(step.fee);
    }
    const auto cut = static_cast<std::uint64_t>(static_cast<u128>(step.fee) * protocol_rate / 10'000);
    protocol_fee += cut;
    if (liquidity > 0) growth += (static_cast<u128>(step.fee - cut) << 64) / liquidity;

    if (step.price == tick_price) {
      const auto& e = arrays.list[next.array];
      const auto offset = arrays.offset_of(e, next.tick);
      const bool on_tick = offset >= 0 && offset < ticks_in_array && (next.tick - e.start) % arrays.spacing == 0;
      const auto at = on_tick ? tick_arrays::tick_at(offset) : 0;
      if (on_tick && e.place && c.at(*e.place).data[at] != 0) {
        auto& ticks = c.write(*e.place);
        const auto growth_a = a_to_b ? growth : other_growth, growth_b = a_to_b ? other_growth : growth;
        store(ticks, at + tick_outside_a, growth_a - load<u128>(ticks, at + tick_outside_a));
        store(ticks, at + tick_outside_b, growth_b - load<u128>(ticks, at + tick_outside_b));
        for (std::size_t i = 0; i < 3; ++i)
          if (rewarded[i]) {
            const auto place = at + tick_reward_outside + i * 16;
            store(ticks, place, reward_growths[i] - load<u128>(ticks, place));
          }
        const auto net = load<i128>(ticks, at + tick_net);
        const auto change = a_to_b ? -net : net;
        if (change < 0 && liquidity < static_cast<u128>(-change)) fail_custom(liquidity_underflow);
        if (change > 0 && liquidity > ~static_cast<u128>(change)) fail_custom(liquidity_overflow);
        liquidity += static_cast<u128>(change);
      }
      array = next.array + ((a_to_b && offset == 0) || (!a_to_b && offset == ticks_in_array - 1) ? 1 : 0);
      tick = a_to_b ? next.tick - 1 : next.tick;
    } else if (step.price != price) {
      tick = tick_of_price(step.price);
    }
    price = step.price;
  }
  if (!old_build && remaining > 0 && !t.exact_in && t.limit == 0) fail_custom(partial_fill);

  store(d, pool_liquidity, liquidity);
  store(d, pool_sqrt_price, price);
  store(d, pool_tick, tick);
  store(d, input_growth_at, growth);
  const auto owed = pool_owed + (a_to_b ? 0 : 8);
  store(d, owed, load<std::uint64_t>(d, owed) + protocol_fee);
  store(d, pool_reward_time, now);
  for (std::size_t i = 0; i < 3; ++i) store(d, pool_rewards + i * reward_size + reward_growth, reward_growths[i]);
  const auto spent = t.amount - remaining;
  return a_to_b == t.exact_in ? swapped{spent, calculated} : swapped{calculated, spent};
}

struct layout {
  std::size_t program_a, program_b, signer, pool, mint_a, mint_b, owner_a, vault_a, owner_b, vault_b, arrays, count;
  bool v2;
};
constexpr layout v1{0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 7, 11, false};
constexpr layout v2{0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, true};

void move(invocation& c, const layout& l, bool side_a, bool into_pool, const address& signer, std::uint64_t amount) {
  const auto program = side_a ? l.program_a : l.program_b, mint = side_a ? l.mint_a : l.mint_b,
             owner = side_a ? l.owner_a : l.owner_b, vault = side_a ? l.vault_a : l.vault_b;
  const auto from = into_pool ? owner : vault, to = into_pool ? vault : owner;
  std::vector<account_meta> metas{{c.key(from), true, false}};
  byte_writer input;
  if (l.v2) {
    metas.push_back({c.key(mint), false, false});
    input.u8(12).u64(amount).u8(read_mint_decimals(c.at(mint).data).value_or(0));
  } else {
    input.u8(3).u64(amount);
  }
  metas.push_back({c.key(to), true, false});
  metas.push_back({signer, false, true});
  c.call(c.key(program), std::move(metas), input.bytes,
         into_pool ? std::vector<address>{} : std::vector<address>{signer});
}

void swap(invocation& c, const layout& l, const swap_terms& t, bool old_build) {
  need_count(c, l.count);
  need_anchor_signer(c, l.signer);
  need_account(c, l.pool, c.program(), pool_tag);
  const auto& d = c.at(l.pool).data;
  for (const auto& [vault, place] : {std::pair{l.vault_a, pool_vault_a}, std::pair{l.vault_b, pool_vault_b}})
    need_key(c, vault, load_key(d, place), anchor_error::constraint_address);
  for (const auto& [holding, place] : {std::pair{l.owner_a, pool_mint_a}, std::pair{l.owner_b, pool_mint_b}}) {
    const auto view = read_token_account(c.at(holding).data);
    if (!view) fail_custom(anchor_error::not_initialized);
    if (view->mint != load_key(d, place)) fail_custom(anchor_error::constraint_raw);
  }
  auto arrays = read_arrays(c, l.pool, l.arrays, t.a_to_b, old_build);
  const auto moved = run_swap(c, l.pool, arrays, t, old_build);
  const auto in = t.a_to_b ? moved.a : moved.b, out = t.a_to_b ? moved.b : moved.a;
  if (t.exact_in && t.threshold > out) fail_custom(amount_out_below_minimum);
  if (!t.exact_in && t.threshold < in) fail_custom(amount_in_above_maximum);
  move(c, l, t.a_to_b, true, c.key(l.signer), in);
  move(c, l, !t.a_to_b, false, c.key(l.pool), out);
}

} // namespace

void run_whirlpool(invocation& c) {
  c.consume(40'000);
  if (c.data.size() < 8) fail_custom(anchor_error::fallback_not_found);
  const auto* self = c.elsewhere(c.program());
  const bool old_build =
      self != nullptr && self->data.size() >= 4 && std::equal(self->data.begin(), self->data.begin() + 4, "2023");
  const auto tag = anchor_tag(c.data);
  if (tag != swap_tag && (tag != swap_v2_tag || old_build)) fail_custom(anchor_error::fallback_not_found);
  c.log(tag == swap_tag ? "Instruction: Swap" : "Instruction: SwapV2");
  input_reader in(c.data.subspan(8));
  swap_terms t{};
  t.amount = in.take<std::uint64_t>();
  t.threshold = in.take<std::uint64_t>();
  t.limit = in.take<u128>();
  t.exact_in = in.take<std::uint8_t>() != 0;
  t.a_to_b = in.take<std::uint8_t>() != 0;
  swap(c, tag == swap_tag ? v1 : v2, t, old_build);
}

} // namespace sett::simnet
