#include "actors/venues/raydium_clmm.hpp"

#include "actors/venues/sqrt_price.hpp"
#include "actors/venues/tick_math.hpp"

#include <algorithm>
#include <bit>

namespace sett::venues::clmm {
namespace {

// Anchor discriminators, little-endian: sha256("account:<Name>")[0..8].
constexpr std::uint64_t pool_kind = 0x46dec3d7f5e3edf7U;
constexpr std::uint64_t config_kind = 0x6f2bcbcb6821f4daU;
constexpr std::uint64_t array_kind = 0x2a81f931cd559bc0U;
constexpr std::uint64_t extension_kind = 0x998b8061db24963cU;

constexpr std::uint8_t swap_disabled = 1U << 4;
constexpr std::int32_t half_bitmap = 512;
constexpr std::int32_t extension_groups = 14;
constexpr std::int32_t widest_array = 65'535 * ticks_per_array;

std::int32_t array_of(std::int32_t tick, std::int32_t spacing) { return floor_divide(tick, ticks_per_array * spacing); }

// The words that hold array i's bit, the bit, and whether they lie in the extension; nullptr beyond both bitmaps.
struct bit_place {
  std::span<const std::uint64_t> words;
  std::int32_t bit{};
  std::int32_t first{}; // the array of bit 0
  bool in_extension{};
};

bit_place place_of(const pool& p, const bitmap_extension* extension, std::int32_t array) {
  if (array >= -half_bitmap && array < half_bitmap) return {p.bitmap, array + half_bitmap, -half_bitmap, false};
  const bool above = array >= half_bitmap;
  const std::int32_t group = above ? array / half_bitmap - 1 : -floor_divide(array, half_bitmap) - 2;
  if (group >= extension_groups) return {};
  const std::int32_t first = above ? half_bitmap * (group + 1) : -half_bitmap * (group + 2);
  if (extension == nullptr) return {{}, array - first, first, true};
  const auto& groups = above ? extension->above : extension->below;
  return {groups[static_cast<std::size_t>(group)], array - first, first, true};
}

// The highest set bit at or below `from`, or the lowest at or above; -1 when there is none.
std::int32_t find_bit(std::span<const std::uint64_t> words, std::int32_t from, bool down) {
  const auto count = static_cast<std::int32_t>(words.size());
  std::int32_t word = from / 64;
  if (word < 0 || word >= count) return -1;
  const unsigned at = static_cast<unsigned>(from % 64);
  const auto first = words[static_cast<std::size_t>(word)];
  std::uint64_t bits = down ? first & (~std::uint64_t{0} >> (63 - at)) : first & (~std::uint64_t{0} << at);
  while (bits == 0) {
    word += down ? -1 : 1;
    if (word < 0 || word >= count) return -1;
    bits = words[static_cast<std::size_t>(word)];
  }
  return word * 64 + (down ? 63 - std::countl_zero(bits) : std::countr_zero(bits));
}

std::expected<bool, refusal> is_marked(const pool& p, const bitmap_extension* extension, std::int32_t array) {
  const auto place = place_of(p, extension, array);
  if (place.words.empty()) {
    if (place.in_extension) return refuse(missing_bitmap_extension_account);
    return false;
  }
  return (place.words[static_cast<std::size_t>(place.bit / 64)] >> (place.bit % 64) & 1U) != 0;
}

// The next array with initialised ticks beyond `array`; nullopt when there is none up to the end of the price range.
std::expected<std::optional<std::int32_t>, refusal> next_marked(const pool& p, const bitmap_extension* extension,
                                                                std::int32_t array, bool down) {
  std::int32_t at = array + (down ? -1 : 1);
  const std::int32_t lowest = array_of(tick_min, p.tick_spacing), highest = array_of(tick_max, p.tick_spacing);
  while (at >= lowest && at <= highest) {
    const auto place = place_of(p, extension, at);
    if (place.words.empty()) {
      if (place.in_extension) return refuse(missing_bitmap_extension_account);
      return std::nullopt;
    }
    if (const auto found = find_bit(place.words, place.bit, down); found >= 0) return place.first + found;
    at = down ? place.first - 1 : place.first + static_cast<std::int32_t>(place.words.size()) * 64;
  }
  // The program looks into the extension before it knows that nothing can be there.
  if (extension == nullptr) return refuse(missing_bitmap_extension_account);
  return std::nullopt;
}

// Offset of the next initialised tick within the array, -1 when there is none.
int next_in_array(const tick_array& array, std::int32_t tick, std::int32_t spacing, bool down) {
  if (array_of(tick, spacing) * ticks_per_array * spacing != array.start) return -1;
  const int offset = (tick - array.start) / spacing;
  if (down) {
    const std::uint64_t bits = array.initialised << (63 - offset);
    return bits == 0 ? -1 : offset - std::countl_zero(bits);
  }
  if (offset + 1 >= ticks_per_array) return -1;
  const std::uint64_t bits = array.initialised >> (offset + 1);
  return bits == 0 ? -1 : offset + 1 + std::countr_zero(bits);
}
int first_in_array(const tick_array& array, bool down) {
  if (array.initialised == 0) return -1;
  return down ? 63 - std::countl_zero(array.initialised) : std::countr_zero(array.initialised);
}

// Where the program has no error of its own it panics.
refusal refusal_of(price_fault f) {
  if (f == price_fault::reserve_exceeded || f == price_fault::price_out_of_range)
    return {fault::program_failed_to_complete, 0};
  return {fault::custom, max_token_overflow};
}

struct trade_result {
  quote amounts;
  swap_effect effect;
};

std::expected<trade_result, refusal> run(const state& s, direction way, bool exact_in, token_amount amount,
                                         const chain_time& now, uint128 limit) {
  const bool down = way == direction::a_to_b;
  const transfer_fee& fee_in = (down ? s.fees_0 : s.fees_1).at(now.epoch);
  const transfer_fee& fee_out = (down ? s.fees_1 : s.fees_0).at(now.epoch);
  swap_order order{way, exact_in, amount.value, limit};
  if (exact_in) {
    order.amount -= fee_in.of(amount.value);
  } else {
    const auto withheld = fee_out.on_top_of(amount.value);
    const auto sum = withheld ? checked_add(amount.value, *withheld) : std::nullopt;
    if (!sum) return refuse(fault::program_failed_to_complete);
    order.amount = *sum;
  }

  // Arrays in the order of travel, from the one that holds the current tick.
  const std::int32_t here = array_of(s.head.tick, s.head.tick_spacing) * ticks_per_array * s.head.tick_spacing;
  std::array<const tick_array*, arrays_per_quote_max> arrays{};
  std::size_t count = 0;
  auto at = std::ranges::upper_bound(s.arrays, here, {}, &tick_array::start);
  if (down) {
    while (at != s.arrays.begin() && count < arrays.size()) arrays[count++] = &*--at;
  } else {
    if (at != s.arrays.begin() && (at - 1)->start == here) --at;
    while (at != s.arrays.end() && count < arrays.size()) arrays[count++] = &*at++;
  }
  auto effect = run_swap(s.head, s.fees, s.extension ? &*s.extension : nullptr, {arrays.data(), count}, order);
  if (!effect) return std::unexpected(effect.error());

  trade_result out;
  quote& q = out.amounts;
  if (exact_in && effect->amount_in == order.amount) {
    q.gave = amount;
  } else {
    const auto withheld = fee_in.on_top_of(effect->amount_in);
    const auto sum = withheld ? checked_add(effect->amount_in, *withheld) : std::nullopt;
    if (!sum) return refuse(fault::program_failed_to_complete);
    q.gave = token_amount{*sum};
  }
  q.amount_in = token_amount{effect->amount_in};
  q.amount_out = token_amount{effect->amount_out};
  q.withheld_in = token_amount{q.gave.value - effect->amount_in};
  q.withheld_out = token_amount{fee_out.of(effect->amount_out)};
  q.got = token_amount{effect->amount_out - q.withheld_out.value};
  q.fees.liquidity = token_amount{effect->fee - effect->protocol_fee - effect->fund_fee};
  q.fees.protocol = token_amount{effect->protocol_fee};
  q.fees.fund = token_amount{effect->fund_fee};
  q.impact_ppm = impact_at_price(s.head.sqrt_price, way, effect->amount_in - effect->fee, effect->amount_out);
  out.effect = *effect;
  return out;
}

} // namespace

result<pool> read_pool(const_bytes account) {
  if (account.size() < 1096) return fail("clmm", account_errc::too_short, "a pool has 1544 bytes");
  if (load<std::uint64_t>(account, 0) != pool_kind)
    return fail("clmm", account_errc::wrong_kind, "this account is no pool");
  pool p;
  p.config = load_address(account, 9);
  p.mint_0 = load_address(account, 73);
  p.mint_1 = load_address(account, 105);
  p.vault_0 = load_address(account, 137);
  p.vault_1 = load_address(account, 169);
  p.tick_spacing = load<std::uint16_t>(account, 235);
  p.liquidity = load<uint128>(account, 237);
  p.sqrt_price = load<uint128>(account, 253);
  p.tick = load<std::int32_t>(account, 269);
  p.fee_growth_0 = load<uint128>(account, 277);
  p.fee_growth_1 = load<uint128>(account, 293);
  p.protocol_fees_0 = load<std::uint64_t>(account, 309);
  p.protocol_fees_1 = load<std::uint64_t>(account, 317);
  p.status = account[389];
  for (std::size_t i = 0; i < p.bitmap.size(); ++i) p.bitmap[i] = load<std::uint64_t>(account, 904 + 8 * i);
  p.fund_fees_0 = load<std::uint64_t>(account, 1064);
  p.fund_fees_1 = load<std::uint64_t>(account, 1072);
  if (p.tick_spacing == 0) return fail("clmm", account_errc::bad_field, "the tick spacing is zero");
  if (p.tick < tick_min - 1 || p.tick > tick_max)
    return fail("clmm", account_errc::bad_field, "the tick is out of bounds");
  if (p.sqrt_price < clmm_prices.lowest || p.sqrt_price > clmm_prices.highest)
    return fail("clmm", account_errc::bad_field, "the price is out of bounds");
  if (!clmm_tick_fits(p.tick, p.sqrt_price))
    return fail("clmm", account_errc::bad_field, "the tick is not that of the price");
  return p;
}

result<fee_config> read_config(const_bytes account) {
  if (account.size() < 57) return fail("clmm", account_errc::too_short, "a configuration has 117 bytes");
  if (load<std::uint64_t>(account, 0) != config_kind)
    return fail("clmm", account_errc::wrong_kind, "this account is no configuration");
  fee_config c;
  c.protocol_ppm = load<std::uint32_t>(account, 43);
  c.trade_fee_ppm = load<std::uint32_t>(account, 47);
  c.fund_ppm = load<std::uint32_t>(account, 53);
  if (c.trade_fee_ppm >= fee_denominator_ppm)
    return fail("clmm", account_errc::bad_field, "the trade fee is 100 % or more");
  if (c.protocol_ppm > fee_denominator_ppm || c.fund_ppm > fee_denominator_ppm - c.protocol_ppm)
    return fail("clmm", account_errc::bad_field, "the shares of the fee are over 100 %");
  return c;
}

result<tick_array> read_tick_array(const_bytes account) {
  constexpr std::size_t tick_bytes = 168;
  if (account.size() < 44 + ticks_per_array * tick_bytes)
    return fail("clmm", account_errc::too_short, "a tick array has 10240 bytes");
  if (load<std::uint64_t>(account, 0) != array_kind)
    return fail("clmm", account_errc::wrong_kind, "this account is no tick array");
  tick_array array;
  array.pool = load_address(account, 8);
  array.start = load<std::int32_t>(account, 40);
  if (array.start < 2 * -widest_array || array.start > widest_array)
    return fail("clmm", account_errc::bad_field, "the first tick is out of bounds");
  for (std::size_t i = 0; i < ticks_per_array; ++i) {
    const std::size_t at = 44 + i * tick_bytes;
    if (load<uint128>(account, at + 20) == 0) continue; // no position begins or ends here
    array.initialised |= std::uint64_t{1} << i;
    array.net[i] = load<int128>(account, at + 4);
  }
  return array;
}

result<bitmap_extension> read_bitmap_extension(const_bytes account) {
  if (account.size() < 1832) return fail("clmm", account_errc::too_short, "a bitmap extension has 1832 bytes");
  if (load<std::uint64_t>(account, 0) != extension_kind)
    return fail("clmm", account_errc::wrong_kind, "this account is no bitmap extension");
  bitmap_extension e;
  std::size_t at = 40;
  for (auto* groups : {&e.above, &e.below})
    for (auto& group : *groups)
      for (auto& word : group) word = load<std::uint64_t>(account, at), at += 8;
  return e;
}

void write_pool(mutable_bytes account, const pool& p) {
  SETT_ASSERT(account.size() >= 1096);
  store(account, 237, p.liquidity);
  store(account, 253, p.sqrt_price);
  store(account, 269, p.tick);
  store(account, 277, p.fee_growth_0);
  store(account, 293, p.fee_growth_1);
  store(account, 309, p.protocol_fees_0);
  store(account, 317, p.protocol_fees_1);
  store(account, 1064, p.fund_fees_0);
  store(account, 1072, p.fund_fees_1);
}

std::expected<swap_effect, refusal> run_swap(const pool& before, const fee_config& fees,
                                             const bitmap_extension* extension,
                                             std::span<const tick_array* const> arrays, const swap_order& order) {
  const bool down = order.way == direction::a_to_b;
  uint128 limit = order.sqrt_price_limit;
  if (limit == 0) limit = down ? clmm_prices.lowest + 1 : clmm_prices.highest - 1;
  if (order.amount == 0) return refuse(zero_amount_specified);
  if ((before.status & swap_disabled) != 0) return refuse(not_approved);
  if (down ? limit >= before.sqrt_price || limit <= clmm_prices.lowest
           : limit <= before.sqrt_price || limit >= clmm_prices.highest)
    return refuse(sqrt_price_limit_overflow);

  const std::int32_t spacing = before.tick_spacing, width = ticks_per_array * spacing;
  std::int32_t valid = array_of(before.tick, spacing);
  const auto marked = is_marked(before, extension, valid);
  if (!marked) return std::unexpected(marked.error());
  bool entered = *marked; // the walk stands in the array of the current tick, not before the first one
  if (!entered) {
    const auto next = next_marked(before, extension, valid, down);
    if (!next) return std::unexpected(next.error());
    if (!*next) return refuse(insufficient_liquidity_for_direction);
    valid = **next;
  }
  auto array = std::ranges::find(arrays, valid * width, [](const tick_array* a) { return a->start; });
  if (array == arrays.end()) return refuse(invalid_first_tick_array_account);

  swap_effect out;
  out.after = before;
  pool& p = out.after;
  uint128& growth = down ? p.fee_growth_0 : p.fee_growth_1;
  std::uint64_t remaining = order.amount, calculated = 0;

  while (remaining != 0 && p.sqrt_price != limit) {
    int offset = next_in_array(**array, p.tick, spacing, down);
    if (offset < 0 && !entered) {
      entered = true;
      offset = first_in_array(**array, down);
      if (offset < 0) return refuse(invalid_tick_array);
    }
    if (offset < 0) {
      const auto next = next_marked(before, extension, valid, down);
      if (!next) return std::unexpected(next.error());
      if (!*next) return refuse(liquidity_insufficient);
      valid = **next;
      while ((*array)->start != valid * width)
        if (++array == arrays.end()) return refuse(not_enough_tick_array_account);
      offset = first_in_array(**array, down);
      if (offset < 0) return refuse(invalid_tick_array);
    }
    const std::int32_t tick = std::clamp((*array)->start + offset * spacing, tick_min, tick_max);
    const uint128 tick_price = clmm_price_of_tick(tick);
    const uint128 target = down ? std::max(tick_price, limit) : std::min(tick_price, limit);
    if (down ? p.tick < tick : tick <= p.tick) return refuse(down ? require_gte_violated : require_gt_violated);
    if (down ? p.sqrt_price < tick_price : tick_price < p.sqrt_price) return refuse(require_gte_violated);

    const auto step =
        compute_step({p.sqrt_price, target, p.liquidity, remaining, fees.trade_fee_ppm, order.exact_in, down, false});
    if (!step) return std::unexpected(refusal_of(step.error()));
    if (down ? step->price_after < target : step->price_after > target) return refuse(require_gte_violated);

    const auto whole_in = checked_add(step->amount_in, step->fee);
    if (!whole_in) return order.exact_in ? refuse(fault::program_failed_to_complete) : refuse(calculate_overflow);
    const auto left = checked_sub(remaining, order.exact_in ? *whole_in : step->amount_out);
    if (!left) return refuse(fault::program_failed_to_complete);
    remaining = *left;
    const auto sum = checked_add(calculated, order.exact_in ? step->amount_out : *whole_in);
    if (!sum) return order.exact_in ? refuse(fault::program_failed_to_complete) : refuse(calculate_overflow);
    calculated = *sum;

    const auto part = [&](std::uint32_t ppm) {
      return static_cast<std::uint64_t>(uint128{step->fee} * ppm / fee_denominator_ppm);
    };
    const std::uint64_t to_protocol = part(fees.protocol_ppm), to_fund = part(fees.fund_ppm);
    out.fee += step->fee; // cannot overflow: below the amounts that entered
    out.protocol_fee += to_protocol;
    out.fund_fee += to_fund;
    if (p.liquidity > 0) {
      const auto grown = checked_add(growth, (uint128{step->fee - to_protocol - to_fund} << 64) / p.liquidity);
      if (!grown) return refuse(fault::program_failed_to_complete);
      growth = *grown;
    }

    if (step->price_after == tick_price) {
      const int128 net = (*array)->net[static_cast<std::size_t>(offset)];
      const bool adds = (net < 0) == down;
      const uint128 magnitude = net < 0 ? ~static_cast<uint128>(net) + 1 : static_cast<uint128>(net);
      const auto liquidity = adds ? checked_add(p.liquidity, magnitude) : checked_sub(p.liquidity, magnitude);
      if (!liquidity) return refuse(adds ? liquidity_add_value : liquidity_sub_value);
      p.liquidity = *liquidity;
      ++out.ticks_crossed;
      p.tick = down ? tick - 1 : tick;
    } else if (step->price_after != p.sqrt_price) {
      if (step->price_after < clmm_prices.lowest || step->price_after >= clmm_prices.highest)
        return refuse(sqrt_price_x64);
      p.tick = clmm_tick_of_price(step->price_after);
    }
    p.sqrt_price = step->price_after;
  }

  const std::uint64_t specified = order.amount - remaining;
  out.amount_in = order.exact_in ? specified : calculated;
  out.amount_out = order.exact_in ? calculated : specified;
  auto& protocol_fees = down ? p.protocol_fees_0 : p.protocol_fees_1;
  auto& fund_fees = down ? p.fund_fees_0 : p.fund_fees_1;
  const auto protocol_sum = checked_add(protocol_fees, out.protocol_fee);
  const auto fund_sum = checked_add(fund_fees, out.fund_fee);
  if (!protocol_sum || !fund_sum) return refuse(fault::program_failed_to_complete);
  protocol_fees = *protocol_sum;
  fund_fees = *fund_sum;
  if (out.amount_in == 0 || out.amount_out == 0) return refuse(too_small_input_or_output_amount);
  return out;
}

outcome quote_exact_in(const state& s, direction way, token_amount amount, const chain_time& now, uint128 limit) {
  auto r = run(s, way, true, amount, now, limit);
  if (!r) return std::unexpected(r.error());
  return r->amounts;
}

outcome quote_exact_out(const state& s, direction way, token_amount amount, const chain_time& now, uint128 limit) {
  auto r = run(s, way, false, amount, now, limit);
  if (!r) return std::unexpected(r.error());
  return r->amounts;
}

outcome trade(state& s, direction way, bool exact_in, token_amount amount, const chain_time& now, uint128 limit) {
  auto r = run(s, way, exact_in, amount, now, limit);
  if (!r) return std::unexpected(r.error());
  s.head = r->effect.after;
  return r->amounts;
}

} // namespace sett::venues::clmm
