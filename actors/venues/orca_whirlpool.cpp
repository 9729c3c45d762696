#include "actors/venues/orca_whirlpool.hpp"

#include "actors/venues/sqrt_price.hpp"
#include "actors/venues/tick_math.hpp"

#include <algorithm>
#include <bit>

namespace sett::venues::whirlpool {
namespace {

// Anchor discriminators, little-endian: sha256("account:<Name>")[0..8].
constexpr std::uint64_t pool_kind = 0x096380e10cd1953fU;
constexpr std::uint64_t fixed_array_kind = 0xbb42076ebebd6145U;
constexpr std::uint64_t dynamic_array_kind = 0x38dac7e18ef6d811U;
constexpr std::uint64_t oracle_kind = 0xf4e5b38cb383c28bU;

constexpr std::int32_t widest_array = 65'535 * ticks_per_array;
constexpr std::uint64_t protocol_fee_denominator = 10'000;
constexpr std::uint32_t fee_rate_limit_ppm = 100'000;
constexpr std::uint64_t volatility_scale = 10'000;
constexpr std::uint64_t reference_age_max_s = 3'600;

constexpr std::uint32_t code_of(price_fault f) {
  switch (f) {
  case price_fault::amount_a_overflow:
    return token_max_exceeded;
  case price_fault::product_a_overflow:
  case price_fault::amount_b_overflow:
    return multiplication_overflow;
  case price_fault::product_b_overflow:
    return multiplication_shift_right_overflow;
  case price_fault::reserve_exceeded:
    return divide_by_zero;
  case price_fault::price_out_of_range:
    return sqrt_price_out_of_bounds;
  }
  return multiplication_overflow;
}

// Liquidity after a tick was crossed upwards, or downwards.
std::expected<uint128, refusal> cross(uint128 liquidity, int128 net, bool down) {
  const bool adds = (net < 0) == down;
  const auto magnitude = net < 0 ? ~static_cast<uint128>(net) + 1 : static_cast<uint128>(net);
  const auto after = adds ? checked_add(liquidity, magnitude) : checked_sub(liquidity, magnitude);
  if (!after) return refuse(adds ? liquidity_overflow : liquidity_underflow);
  return *after;
}

// The lowest set bit's place at or above `from`, or the highest at or below; -1 when there is none.
int next_above(uint128 bits, int from) {
  if (from >= ticks_per_array) return -1;
  const uint128 rest = bits >> from;
  if (rest == 0) return -1;
  const auto low = static_cast<std::uint64_t>(rest);
  return from + (low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(static_cast<std::uint64_t>(rest >> 64)));
}
int next_below(uint128 bits, int from) {
  if (from < 0) return -1;
  const uint128 rest = bits << (127 - from);
  if (rest == 0) return -1;
  const auto high = static_cast<std::uint64_t>(rest >> 64);
  return from - (high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(rest)));
}

struct tick_place {
  std::size_t array;
  std::int32_t tick;
};

// The next tick to stop at: an initialised one, or the end of the last array.
std::expected<tick_place, refusal> next_tick(std::span<const tick_array* const> arrays, std::int32_t from,
                                             std::int32_t spacing, bool down, std::size_t first) {
  const std::int32_t width = ticks_per_array * spacing;
  for (std::size_t i = first;; ++i) {
    if (i >= arrays.size()) return refuse(tick_array_sequence_invalid_index);
    const tick_array& array = *arrays[i];
    const std::int32_t lower = array.start - (down ? 0 : spacing);
    if (from < lower || from >= lower + width) return refuse(invalid_tick_array_sequence);
    const std::int32_t offset = floor_divide(from - array.start, spacing);
    const int found = down ? next_below(array.initialised, offset) : next_above(array.initialised, offset + 1);
    if (found >= 0) return tick_place{i, array.start + found * spacing};
    if (down && array.start <= tick_min) return tick_place{i, tick_min};
    if (!down && array.start + width > tick_max) return tick_place{i, tick_max};
    if (i + 1 == arrays.size()) return tick_place{i, down ? array.start : array.start + width - 1};
    from = down ? array.start - 1 : array.start + width - 1;
  }
}

// The fee rate along the way. Without an oracle it is constant and never bounds a step.
class fee_meter {
public:
  fee_meter(const pool& p, const adaptive_fee* oracle, bool down, std::uint64_t now_s)
      : base_ppm_(p.fee_rate_ppm), down_(down) {
    if (oracle == nullptr) return;
    fee_ = *oracle;
    const auto ticks = group_ticks();
    group_ = floor_divide(p.tick, ticks);
    refresh(now_s);
    const std::uint32_t headroom = fee_->volatility_max - std::min(fee_->volatility_max, fee_->volatility_reference);
    const auto reach = static_cast<std::int64_t>((headroom + volatility_scale - 1) / volatility_scale);
    core_low_ = fee_->group_reference - reach;
    core_high_ = fee_->group_reference + reach;
    const auto price_at = [](std::int64_t tick) {
      return whirlpool_price_of_tick(static_cast<std::int32_t>(std::clamp<std::int64_t>(tick, tick_min, tick_max)));
    };
    if (core_low_ * ticks > tick_min) low_price_ = price_at(core_low_ * ticks);
    if ((core_high_ + 1) * ticks < tick_max) high_price_ = price_at((core_high_ + 1) * ticks);
  }

  [[nodiscard]] bool adaptive() const { return fee_.has_value(); }
  [[nodiscard]] const std::optional<adaptive_fee>& variables() const { return fee_; }

  void accumulate() {
    if (!fee_) return;
    const std::int64_t distance = std::int64_t{fee_->group_reference} - group_;
    const std::uint64_t moved = static_cast<std::uint64_t>(distance < 0 ? -distance : distance);
    fee_->volatility = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(fee_->volatility_reference + moved * volatility_scale, fee_->volatility_max));
  }

  [[nodiscard]] std::uint32_t rate_ppm() const {
    if (!fee_) return base_ppm_;
    const std::uint64_t crossed = std::uint64_t{fee_->volatility} * fee_->group_ticks;
    const uint128 squared = uint128{crossed} * crossed;
    constexpr uint128 scale = uint128{100'000} * volatility_scale * volatility_scale;
    const auto product = checked_mul(squared, uint128{fee_->control_factor});
    const uint128 extra = product ? divide(*product, scale, rounding::up) : fee_rate_limit_ppm;
    return static_cast<std::uint32_t>(std::min<uint128>(base_ppm_ + extra, fee_rate_limit_ppm));
  }

  struct bound {
    uint128 target;
    bool skipped; // the rate stays the same over several groups
  };
  [[nodiscard]] bound bounded(uint128 target, uint128 liquidity) const {
    if (!fee_) return {target, false};
    if (fee_->control_factor == 0 || liquidity == 0) return {target, true};
    if (low_price_ != 0 && group_ < core_low_) return {down_ ? target : std::min(target, low_price_), true};
    if (high_price_ != 0 && group_ > core_high_) return {down_ ? std::max(target, high_price_) : target, true};
    const std::int64_t edge = (std::int64_t{group_} + (down_ ? 0 : 1)) * group_ticks();
    const uint128 price =
        whirlpool_price_of_tick(static_cast<std::int32_t>(std::clamp<std::int64_t>(edge, tick_min, tick_max)));
    return {down_ ? std::max(target, price) : std::min(target, price), false};
  }

  void advance(bool skipped, uint128 price, uint128 tick_price, std::int32_t tick) {
    if (!fee_) return;
    if (skipped) {
      const bool at_tick = price == tick_price;
      const std::int32_t here = at_tick ? tick : whirlpool_tick_of_price(price);
      const bool on_edge = here % group_ticks() == 0 && (at_tick || price == whirlpool_price_of_tick(here));
      const std::int32_t last = floor_divide(here, group_ticks()) - (on_edge && !down_ ? 1 : 0);
      if (down_ ? last < group_ : last > group_) {
        group_ = last;
        accumulate();
      }
    }
    group_ += down_ ? -1 : 1;
  }

  void note_major_swap(uint128 before, uint128 after, std::uint64_t now_s) {
    if (!fee_) return;
    const uint128 factor = whirlpool_price_of_tick(std::min<std::int32_t>(fee_->major_swap_ticks, tick_max));
    const product_256 target = full_product(std::min(before, after), factor);
    const uint128 price = (target.high << 64) | (target.low >> 64);
    if ((target.high >> 64) == 0 && std::max(before, after) >= price) fee_->major_swap_at = now_s;
  }

  /// False: the clock is behind the last update.
  [[nodiscard]] bool clock_ok() const { return clock_ok_; }

private:
  [[nodiscard]] std::int32_t group_ticks() const { return fee_->group_ticks; }

  void refresh(std::uint64_t now_s) {
    const std::uint64_t latest = std::max(fee_->reference_updated_at, fee_->major_swap_at);
    if (now_s < latest) {
      clock_ok_ = false;
      return;
    }
    if (now_s - fee_->reference_updated_at > reference_age_max_s) {
      fee_->volatility_reference = 0;
    } else {
      const std::uint64_t idle = now_s - latest;
      if (idle < fee_->filter_period_s) return;
      fee_->volatility_reference =
          idle < fee_->decay_period_s
              ? static_cast<std::uint32_t>(std::uint64_t{fee_->volatility} * fee_->reduction_bps / volatility_scale)
              : 0;
    }
    fee_->group_reference = group_;
    fee_->reference_updated_at = now_s;
  }

  std::uint32_t base_ppm_;
  bool down_;
  bool clock_ok_{true};
  std::optional<adaptive_fee> fee_;
  std::int32_t group_{};
  std::int64_t core_low_{}, core_high_{};
  uint128 low_price_{}, high_price_{}; // of the core's edges; 0: beyond the last tick
};

// What crosses the trader's side, with the mints' transfer fees.
struct trade_result {
  quote amounts;
  swap_effect effect;
};

std::expected<trade_result, refusal> run(const state& s, direction way, bool exact_in, token_amount amount,
                                         const chain_time& now, uint128 limit) {
  const bool down = way == direction::a_to_b;
  const transfer_fee& fee_in = (down ? s.fees_a : s.fees_b).at(now.epoch);
  const transfer_fee& fee_out = (down ? s.fees_b : s.fees_a).at(now.epoch);

  swap_order order{way, exact_in, amount.value, limit};
  if (exact_in) {
    order.amount -= fee_in.of(amount.value);
  } else {
    const auto withheld = fee_out.on_top_of(amount.value);
    const auto sum = withheld ? checked_add(amount.value, *withheld) : std::nullopt;
    if (!sum) return refuse(transfer_fee_calculation_error);
    order.amount = *sum;
  }

  std::array<const tick_array*, arrays_per_swap> found{};
  std::size_t count = 0;
  const array_starts wanted = arrays_of_travel(s.head, way);
  for (; count < wanted.count; ++count) {
    const auto at = std::ranges::lower_bound(s.arrays, wanted.start[count], {}, &tick_array::start);
    if (at == s.arrays.end() || at->start != wanted.start[count]) break;
    found[count] = &*at;
  }
  if (count == 0) return refuse(invalid_tick_array_sequence);
  auto effect = run_swap(s.head, s.oracle ? &*s.oracle : nullptr, {found.data(), count}, order, now, s.version);
  if (!effect) return std::unexpected(effect.error());

  trade_result out;
  quote& q = out.amounts;
  const bool whole_input = exact_in && effect->amount_in == order.amount;
  if (whole_input) {
    q.gave = amount;
  } else {
    const auto withheld = fee_in.on_top_of(effect->amount_in);
    const auto sum = withheld ? checked_add(effect->amount_in, *withheld) : std::nullopt;
    if (!sum) return refuse(transfer_fee_calculation_error);
    q.gave = token_amount{*sum};
  }
  q.amount_in = token_amount{effect->amount_in};
  q.amount_out = token_amount{effect->amount_out};
  q.withheld_in = token_amount{q.gave.value - effect->amount_in};
  q.withheld_out = token_amount{fee_out.of(effect->amount_out)};
  q.got = token_amount{effect->amount_out - q.withheld_out.value};
  q.fees.liquidity = token_amount{effect->fee - effect->protocol_fee};
  q.fees.protocol = token_amount{effect->protocol_fee};
  q.impact_ppm = impact_at_price(s.head.sqrt_price, way, effect->amount_in - effect->fee, effect->amount_out);
  out.effect = *effect;
  return out;
}

} // namespace

result<pool> read_pool(const_bytes account) {
  if (account.size() < 653) return fail("whirlpool", account_errc::too_short, "a pool has 653 bytes");
  if (load<std::uint64_t>(account, 0) != pool_kind)
    return fail("whirlpool", account_errc::wrong_kind, "this account is no pool");
  pool p;
  p.tick_spacing = load<std::uint16_t>(account, 41);
  p.fee_rate_ppm = load<std::uint16_t>(account, 45);
  p.protocol_fee_bps = load<std::uint16_t>(account, 47);
  p.liquidity = load<uint128>(account, 49);
  p.sqrt_price = load<uint128>(account, 65);
  p.tick = load<std::int32_t>(account, 81);
  p.protocol_owed_a = load<std::uint64_t>(account, 85);
  p.protocol_owed_b = load<std::uint64_t>(account, 93);
  p.mint_a = load_address(account, 101);
  p.vault_a = load_address(account, 133);
  p.fee_growth_a = load<uint128>(account, 165);
  p.mint_b = load_address(account, 181);
  p.vault_b = load_address(account, 213);
  p.fee_growth_b = load<uint128>(account, 245);
  p.reward_updated_at = load<std::uint64_t>(account, 261);
  if (p.tick_spacing == 0) return fail("whirlpool", account_errc::bad_field, "the tick spacing is zero");
  if (p.protocol_fee_bps > protocol_fee_denominator)
    return fail("whirlpool", account_errc::bad_field, "the protocol's share is over 100 %");
  // At the low end the program leaves the tick one below the lowest.
  if (p.tick < tick_min - 1 || p.tick > tick_max)
    return fail("whirlpool", account_errc::bad_field, "the tick is out of bounds");
  if (p.sqrt_price < whirlpool_prices.lowest || p.sqrt_price > whirlpool_prices.highest)
    return fail("whirlpool", account_errc::bad_field, "the price is out of bounds");
  if (!whirlpool_tick_fits(p.tick, p.sqrt_price))
    return fail("whirlpool", account_errc::bad_field, "the tick is not that of the price");
  return p;
}

result<tick_array> read_tick_array(const_bytes account) {
  constexpr std::size_t tick_bytes = 113;
  if (account.size() < 60) return fail("whirlpool", account_errc::too_short, "a tick array has 60 bytes or more");
  tick_array array;
  array.start = load<std::int32_t>(account, 8);
  if (array.start < 2 * -widest_array || array.start > widest_array)
    return fail("whirlpool", account_errc::bad_field, "the first tick is out of bounds");
  const auto kind = load<std::uint64_t>(account, 0);
  if (kind == fixed_array_kind) {
    if (account.size() < 12 + ticks_per_array * tick_bytes + 32)
      return fail("whirlpool", account_errc::too_short, "a fixed tick array has 9988 bytes");
    for (std::size_t i = 0; i < ticks_per_array; ++i) {
      const std::size_t at = 12 + i * tick_bytes;
      if (account[at] == 0) continue;
      array.initialised |= uint128{1} << i;
      array.net[i] = load<int128>(account, at + 1);
    }
    array.pool = load_address(account, 12 + ticks_per_array * tick_bytes);
    return array;
  }
  if (kind != dynamic_array_kind) return fail("whirlpool", account_errc::wrong_kind, "this account is no tick array");
  array.pool = load_address(account, 12);
  std::size_t at = 60; // after a bitmap that repeats what the ticks' own first bytes say
  for (std::size_t i = 0; i < ticks_per_array; ++i) {
    if (at >= account.size()) return fail("whirlpool", account_errc::too_short, "a dynamic tick array ends early");
    const bool used = account[at] != 0;
    if (used) {
      if (at + tick_bytes > account.size())
        return fail("whirlpool", account_errc::too_short, "a dynamic tick array ends within a tick");
      array.initialised |= uint128{1} << i;
      array.net[i] = load<int128>(account, at + 1);
    }
    at += used ? tick_bytes : 1;
  }
  return array;
}

result<adaptive_fee> read_oracle(const_bytes account) {
  if (account.size() < 126) return fail("whirlpool", account_errc::too_short, "an oracle has 126 bytes or more");
  if (load<std::uint64_t>(account, 0) != oracle_kind)
    return fail("whirlpool", account_errc::wrong_kind, "this account is no oracle");
  adaptive_fee fee;
  fee.enabled_at = load<std::uint64_t>(account, 40);
  fee.filter_period_s = load<std::uint16_t>(account, 48);
  fee.decay_period_s = load<std::uint16_t>(account, 50);
  fee.reduction_bps = load<std::uint16_t>(account, 52);
  fee.control_factor = load<std::uint32_t>(account, 54);
  fee.volatility_max = load<std::uint32_t>(account, 58);
  fee.group_ticks = load<std::uint16_t>(account, 62);
  fee.major_swap_ticks = load<std::uint16_t>(account, 64);
  fee.reference_updated_at = load<std::uint64_t>(account, 82);
  fee.major_swap_at = load<std::uint64_t>(account, 90);
  fee.volatility_reference = load<std::uint32_t>(account, 98);
  fee.group_reference = load<std::int32_t>(account, 102);
  fee.volatility = load<std::uint32_t>(account, 106);
  if (fee.group_ticks == 0) return fail("whirlpool", account_errc::bad_field, "the tick group is empty");
  if (fee.reduction_bps > volatility_scale)
    return fail("whirlpool", account_errc::bad_field, "the reduction factor is over 100 %");
  return fee;
}

void write_pool(mutable_bytes account, const pool& p) {
  SETT_ASSERT(account.size() >= 653);
  store(account, 49, p.liquidity);
  store(account, 65, p.sqrt_price);
  store(account, 81, p.tick);
  store(account, 85, p.protocol_owed_a);
  store(account, 93, p.protocol_owed_b);
  store(account, 165, p.fee_growth_a);
  store(account, 245, p.fee_growth_b);
  store(account, 261, p.reward_updated_at);
}

void write_oracle(mutable_bytes account, const adaptive_fee& fee) {
  SETT_ASSERT(account.size() >= 126);
  store(account, 82, fee.reference_updated_at);
  store(account, 90, fee.major_swap_at);
  store(account, 98, fee.volatility_reference);
  store(account, 102, fee.group_reference);
  store(account, 106, fee.volatility);
}

std::expected<swap_effect, refusal> run_swap(const pool& before, const adaptive_fee* oracle,
                                             std::span<const tick_array* const> arrays, const swap_order& order,
                                             const chain_time& now, program_version version) {
  const bool down = order.way == direction::a_to_b;
  const bool newer = version == program_version::sparse_arrays;
  uint128 limit = order.sqrt_price_limit;
  if (limit == 0 && newer) limit = down ? whirlpool_prices.lowest : whirlpool_prices.highest;
  if (limit < whirlpool_prices.lowest || limit > whirlpool_prices.highest) return refuse(sqrt_price_out_of_bounds);
  if (down ? limit > before.sqrt_price : limit < before.sqrt_price) return refuse(invalid_sqrt_price_limit_direction);
  if (order.amount == 0) return refuse(zero_tradable_amount);
  const auto now_s = static_cast<std::uint64_t>(std::max<std::int64_t>(now.unix_time.value, 0));
  if (now_s < before.reward_updated_at) return refuse(invalid_timestamp);
  if (oracle != nullptr && now_s < oracle->enabled_at) return refuse(trade_is_not_enabled);

  fee_meter meter(before, oracle, down, now_s);
  if (!meter.clock_ok()) return refuse(invalid_timestamp);

  swap_effect out;
  out.after = before;
  pool& p = out.after;
  uint128& growth = down ? p.fee_growth_a : p.fee_growth_b;
  std::uint64_t remaining = order.amount, calculated = 0;
  std::size_t at_array = 0;
  const std::int32_t spacing = p.tick_spacing;

  while (remaining > 0 && p.sqrt_price != limit) {
    const auto next = next_tick(arrays, p.tick, spacing, down, at_array);
    if (!next) return std::unexpected(next.error());
    if (next->tick < tick_min || next->tick > tick_max) return refuse(invalid_tick_array_sequence); // no such price
    const uint128 tick_price = whirlpool_price_of_tick(next->tick);
    const uint128 target = down ? std::max(limit, tick_price) : std::min(limit, tick_price);
    do {
      meter.accumulate();
      const auto bound = meter.bounded(target, p.liquidity);
      const auto step = compute_step(
          {p.sqrt_price, bound.target, p.liquidity, remaining, meter.rate_ppm(), order.exact_in, down, !newer});
      if (!step) return refuse(code_of(step.error()));

      const auto whole_in = checked_add(step->amount_in, step->fee);
      if (!whole_in) return refuse(order.exact_in ? amount_remaining_overflow : amount_calc_overflow);
      const auto left = checked_sub(remaining, order.exact_in ? *whole_in : step->amount_out);
      if (!left) return refuse(amount_remaining_overflow);
      remaining = *left;
      const auto sum = checked_add(calculated, order.exact_in ? step->amount_out : *whole_in);
      if (!sum) return refuse(amount_calc_overflow);
      calculated = *sum;

      const auto fee_sum = checked_add(out.fee, step->fee);
      if (!fee_sum) return refuse(amount_calc_overflow);
      out.fee = *fee_sum;
      const auto to_protocol =
          static_cast<std::uint64_t>(uint128{step->fee} * p.protocol_fee_bps / protocol_fee_denominator);
      out.protocol_fee += to_protocol; // below the fee, whose sum fits
      if (p.liquidity > 0) growth += (uint128{step->fee - to_protocol} << 64) / p.liquidity;

      if (step->price_after == tick_price) {
        const tick_array& array = *arrays[next->array];
        const std::int32_t offset = floor_divide(next->tick - array.start, spacing);
        if (next->tick % spacing == 0 && offset >= 0 && offset < ticks_per_array &&
            (array.initialised >> offset & 1U) != 0) {
          const auto liquidity = cross(p.liquidity, array.net[static_cast<std::size_t>(offset)], down);
          if (!liquidity) return std::unexpected(liquidity.error());
          p.liquidity = *liquidity;
          ++out.ticks_crossed;
        }
        const bool leaves = down ? offset == 0 : offset == ticks_per_array - 1;
        at_array = next->array + (leaves ? 1 : 0);
        p.tick = down ? next->tick - 1 : next->tick;
      } else if (step->price_after != p.sqrt_price) {
        if (step->price_after < whirlpool_prices.lowest) return refuse(token_min_subceeded);
        if (step->price_after > whirlpool_prices.highest) return refuse(token_max_exceeded);
        p.tick = whirlpool_tick_of_price(step->price_after);
      }
      p.sqrt_price = step->price_after;
      meter.advance(bound.skipped, p.sqrt_price, tick_price, next->tick);
    } while (meter.adaptive() && remaining > 0 && p.sqrt_price != target);
  }
  if (newer && remaining > 0 && !order.exact_in && order.sqrt_price_limit == 0) return refuse(partial_fill);

  const std::uint64_t specified = order.amount - remaining;
  out.amount_in = order.exact_in ? specified : calculated;
  out.amount_out = order.exact_in ? calculated : specified;
  (down ? p.protocol_owed_a : p.protocol_owed_b) += out.protocol_fee; // wraps, as the program's does
  p.reward_updated_at = now_s;
  if (meter.adaptive()) {
    meter.note_major_swap(before.sqrt_price, p.sqrt_price, now_s);
    out.oracle_after = meter.variables();
  }
  return out;
}

array_starts arrays_of_travel(const pool& p, direction way) {
  const std::int32_t spacing = p.tick_spacing, width = ticks_per_array * spacing;
  const std::int32_t base = floor_divide(p.tick, width);
  const bool down = way == direction::a_to_b;
  // Rising, the search begins above the current tick, so at an array's last tick it is already the next array's.
  const std::int32_t first = down ? base : base + (p.tick + spacing >= (base + 1) * width ? 1 : 0);
  array_starts out;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(arrays_per_swap); ++i) {
    const std::int32_t start = (first + (down ? -i : i)) * width;
    if (start > tick_max || start + width <= tick_min) break;
    out.start[out.count++] = start;
  }
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
  if (r->effect.oracle_after) s.oracle = r->effect.oracle_after;
  return r->amounts;
}

} // namespace sett::venues::whirlpool
