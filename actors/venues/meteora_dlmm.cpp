#include "actors/venues/meteora_dlmm.hpp"

#include "actors/venues/sqrt_price.hpp"
#include "actors/venues/tick_math.hpp"

#include <algorithm>
#include <bit>

namespace sett::venues::dlmm {
namespace {

// Anchor discriminators, little-endian: sha256("account:<Name>")[0..8].
constexpr std::uint64_t pool_kind = 0x0db165b562310b21U;
constexpr std::uint64_t array_kind = 0xb5469405dc5c8e5cU;
constexpr std::uint64_t extension_kind = 0x0512ed37717c6f50U;

constexpr std::uint64_t fee_precision = 1'000'000'000;
constexpr std::uint64_t fee_rate_max = 100'000'000;
constexpr std::uint64_t bps = 10'000;
constexpr std::uint64_t order_placers_share_bps = 5'000; // of the fee on what limit orders filled
constexpr std::int32_t bin_id_max = 443'636;
constexpr std::int32_t half_bitmap = 512, extension_groups = 12;
constexpr std::size_t array_bytes = 56 + 144 * bins_per_array;
constexpr uint128 one = uint128{1} << 64;

enum pair_type : std::uint8_t { permissionless, permissioned, customizable, permissionless_v2 };

std::optional<std::uint64_t> fits(uint128 v) { return narrow<std::uint64_t>(v); }

// Amounts of the other side at a price; nullopt when they need more than 64 bits.
std::optional<std::uint64_t> y_of_x(std::uint64_t x, uint128 price, rounding r) {
  const product_256 p = full_product(price, x);
  if (p.high >> 64 != 0) return std::nullopt;
  const uint128 whole = (p.high << 64) | (p.low >> 64);
  const bool more = r == rounding::up && static_cast<std::uint64_t>(p.low) != 0;
  if (whole > std::numeric_limits<std::uint64_t>::max() - (more ? 1U : 0U)) return std::nullopt;
  return static_cast<std::uint64_t>(whole) + (more ? 1U : 0U);
}
std::optional<std::uint64_t> x_of_y(std::uint64_t y, uint128 price, rounding r) {
  if (price == 0) return std::nullopt;
  return fits(divide(uint128{y} << 64, price, r));
}
std::optional<std::uint64_t> in_for(std::uint64_t out, uint128 price, bool sells_x) {
  return sells_x ? x_of_y(out, price, rounding::up) : y_of_x(out, price, rounding::up);
}
std::optional<std::uint64_t> out_for(std::uint64_t in, uint128 price, bool sells_x) {
  return sells_x ? y_of_x(in, price, rounding::down) : x_of_y(in, price, rounding::down);
}

// The fee rate along the way.
class fee_meter {
public:
  explicit fee_meter(pool& p) : p_(p) {
    uint128 base = uint128{p.base_factor} * p.bin_step * 10;
    for (unsigned i = 0; i < p.base_fee_power && base < fee_rate_max; ++i) base *= 10; // at the cap it stays there
    base_ = static_cast<std::uint64_t>(std::min<uint128>(base, fee_rate_max));
  }

  void refresh(std::int64_t now_s) {
    const std::int64_t idle = now_s - p_.updated_at;
    if (idle < p_.filter_period_s) return;
    p_.index_reference = p_.active_id;
    p_.volatility_reference = idle < p_.decay_period_s
                                  ? static_cast<std::uint32_t>(std::uint64_t{p_.volatility} * p_.reduction_bps / bps)
                                  : 0;
  }

  void accumulate() {
    const std::int64_t distance = std::int64_t{p_.index_reference} - p_.active_id;
    const std::uint64_t moved = static_cast<std::uint64_t>(distance < 0 ? -distance : distance);
    p_.volatility =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(p_.volatility_reference + moved * bps, p_.volatility_max));
    const uint128 crossed = uint128{p_.volatility} * p_.bin_step;
    const uint128 extra = divide(crossed * crossed * p_.variable_fee_control, 100'000'000'000U, rounding::up);
    rate_ = static_cast<std::uint64_t>(std::min<uint128>(base_ + extra, fee_rate_max));
  }

  /// Of an amount that holds the fee, and on top of one that does not. Both round up.
  [[nodiscard]] std::uint64_t within(std::uint64_t amount) const {
    return static_cast<std::uint64_t>(divide(uint128{amount} * rate_, fee_precision, rounding::up));
  }
  [[nodiscard]] std::uint64_t on_top(std::uint64_t amount) const { // at most a ninth of the amount
    return static_cast<std::uint64_t>(divide(uint128{amount} * rate_, fee_precision - rate_, rounding::up));
  }

private:
  pool& p_;
  std::uint64_t base_{}, rate_{};
};

struct layers {
  std::uint64_t makers{}, left{}, open{};
  [[nodiscard]] std::uint64_t total() const {
    const uint128 sum = uint128{makers} + left + open;
    return static_cast<std::uint64_t>(std::min<uint128>(sum, std::numeric_limits<std::uint64_t>::max()));
  }
};
layers layers_of(const bin& b, bool sells_x, bool limit_orders) {
  layers l{sells_x ? b.amount_y : b.amount_x, 0, 0};
  if (limit_orders && b.orders_sell_x != sells_x) {
    l.left = b.orders_left;
    l.open = b.orders_open;
  }
  return l;
}

struct fill {
  layers in, out;
};

// Takes the layers one after the other with `amount`, without fees.
std::optional<fill> fill_layers(const layers& l, std::uint64_t amount, uint128 price, bool sells_x) {
  fill f;
  const auto take = [&](std::uint64_t held, std::uint64_t& in, std::uint64_t& out) {
    if (held == 0 || amount == 0) return true;
    const auto whole = in_for(held, price, sells_x);
    if (!whole) return false;
    if (amount >= *whole) {
      in = *whole;
      out = held;
    } else {
      in = amount;
      const auto some = out_for(amount, price, sells_x);
      if (!some) return false;
      out = std::min(*some, held);
    }
    amount -= in;
    return true;
  };
  if (!take(l.makers, f.in.makers, f.out.makers) || !take(l.left, f.in.left, f.out.left) ||
      !take(l.open, f.in.open, f.out.open))
    return std::nullopt;
  return f;
}

struct bin_result {
  std::uint64_t in{}, out{}, fee{}, protocol_fee{};
  fill filled;
};

class bin_swap {
public:
  bin_swap(const bin& b, const pool& p, const fee_meter& meter, bool sells_x)
      : p_(p),
        meter_(meter),
        layers_(layers_of(b, sells_x, p.limit_orders)),
        price_(b.price),
        sells_x_(sells_x),
        fee_in_input_(!p.fee_only_in_y || !sells_x) {}

  [[nodiscard]] std::uint64_t held() const { return layers_.total(); }

  [[nodiscard]] std::optional<bin_result> exact_in(std::uint64_t amount) const {
    bin_result r;
    r.in = amount;
    std::uint64_t usable = amount;
    if (fee_in_input_) {
      r.fee = meter_.within(amount);
      usable -= r.fee;
    }
    const auto f = fill_layers(layers_, usable, price_, sells_x_);
    if (!f) return std::nullopt;
    r.filled = *f;
    const std::uint64_t used = f->in.total();
    if (used < usable) {
      r.in = used;
      if (fee_in_input_) {
        r.fee = meter_.on_top(used);
        const auto sum = checked_add(used, r.fee);
        if (!sum) return std::nullopt;
        r.in = *sum;
      }
    }
    r.out = f->out.total();
    if (!fee_in_input_) {
      r.fee = meter_.within(r.out);
      r.out -= r.fee;
    }
    r.protocol_fee = protocol_part(r.fee, f->in.makers, used);
    return r;
  }

  /// `budget` limits what enters; nullopt: an overflow. `short_of_input` tells that the budget is too small.
  [[nodiscard]] std::optional<bin_result> exact_out(std::uint64_t amount, std::uint64_t budget,
                                                    bool& short_of_input) const {
    std::uint64_t gross = amount;
    if (!fee_in_input_) {
      const auto sum = checked_add(amount, meter_.on_top(amount));
      if (!sum) return std::nullopt;
      gross = *sum;
    }
    std::optional<bin_result> r;
    if (gross >= held()) { // the whole bin, as far as the budget goes
      r = exact_in(budget);
    } else {
      std::uint64_t rest = gross, in = 0;
      for (const std::uint64_t layer : {layers_.makers, layers_.left, layers_.open}) {
        const std::uint64_t part = std::min(rest, layer);
        const auto needed = in_for(part, price_, sells_x_);
        const auto sum = needed ? checked_add(in, *needed) : std::nullopt;
        if (!sum) return std::nullopt;
        in = *sum;
        rest -= part;
      }
      if (fee_in_input_) {
        const auto sum = checked_add(in, meter_.on_top(in));
        if (!sum) return std::nullopt;
        in = *sum;
      }
      if (in > budget) {
        short_of_input = true;
        return bin_result{};
      }
      r = exact_in(in);
      if (r) {
        const std::uint64_t surplus = r->out > amount ? r->out - amount : 0;
        if (surplus > 1) r->protocol_fee += surplus;
        r->out = amount;
      }
    }
    return r;
  }

private:
  [[nodiscard]] std::uint64_t protocol_part(std::uint64_t fee, std::uint64_t makers_in, std::uint64_t all_in) const {
    if (all_in == 0 || fee == 0) return 0;
    const auto makers = static_cast<std::uint64_t>(divide(uint128{fee} * makers_in, all_in, rounding::up));
    const std::uint64_t orders = fee - makers;
    const auto placers = static_cast<std::uint64_t>(uint128{orders} * order_placers_share_bps / bps);
    return orders - placers + static_cast<std::uint64_t>(uint128{makers} * p_.protocol_share_bps / bps);
  }

  const pool& p_;
  const fee_meter& meter_;
  layers layers_;
  uint128 price_;
  bool sells_x_, fee_in_input_;
};

// The array in use at or beyond `array` in the direction of travel.
std::expected<std::int32_t, refusal> next_marked(const pool& p, const bitmap_extension* extension, std::int32_t array,
                                                 bool down) {
  const std::int32_t edge = half_bitmap * (extension_groups + 1);
  for (std::int32_t at = array; at >= -edge && at < edge;) {
    const bool inner = at >= -half_bitmap && at < half_bitmap;
    if (!inner && extension == nullptr) return refuse(bitmap_extension_not_provided);
    if (inner) {
      const int bit = at + half_bitmap;
      const auto word = p.bitmap[static_cast<std::size_t>(bit / 64)];
      const std::uint64_t rest =
          down ? word & (~std::uint64_t{0} >> (63 - bit % 64)) : word & (~std::uint64_t{0} << (bit % 64));
      const int first = bit / 64 * 64 - half_bitmap;
      if (rest != 0) return first + (down ? 63 - std::countl_zero(rest) : std::countr_zero(rest));
      at = down ? first - 1 : first + 64;
      continue;
    }
    const bool above = at >= 0;
    const std::int32_t place = above ? at : -at - 1; // counts away from the middle on both sides
    const auto& group =
        (above ? extension->above : extension->below)[static_cast<std::size_t>(place / half_bitmap - 1)];
    if ((group[static_cast<std::size_t>(place % half_bitmap / 64)] >> (place % 64) & 1U) != 0) return at;
    at += down ? -1 : 1;
  }
  return refuse(cannot_find_bin_array);
}

// False: an amount of the bin overflows.
bool settle(bin& b, const fill& f, bool sells_x) {
  const auto grow = [](std::uint64_t& held, std::uint64_t by) {
    const auto sum = checked_add(held, by);
    if (sum) held = *sum;
    return sum.has_value();
  };
  if (!grow(sells_x ? b.amount_x : b.amount_y, f.in.makers)) return false;
  (sells_x ? b.amount_y : b.amount_x) -= f.out.makers;
  if (!grow(sells_x ? b.fulfilled_y : b.fulfilled_x, f.out.left) ||
      !grow(sells_x ? b.fulfilled_y : b.fulfilled_x, f.out.open))
    return false;
  b.orders_left -= f.out.left;
  if (f.out.open != 0) {
    b.orders_processing = b.orders_open;
    b.orders_left = b.orders_open - f.out.open;
    b.orders_open = 0;
    ++b.order_age;
  }
  return true;
}

std::expected<void, refusal> check_open(const pool& p, const chain_time& now) {
  if (p.status != 0) return refuse(pool_disabled);
  if (p.pair_type != permissioned && p.pair_type != customizable) return {};
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(now.unix_time.value, 0));
  if ((p.activation_type == 0 ? now.slot.value : seconds) < p.activation_point) return refuse(pool_disabled);
  return {};
}

struct trade_result {
  quote amounts;
  swap_effect effect;
};

std::expected<trade_result, refusal> run(const state& s, direction way, bool exact_in, token_amount amount,
                                         const chain_time& now, std::vector<bin_change>* changes) {
  const bool sells_x = way == direction::a_to_b;
  const transfer_fee& fee_in = (sells_x ? s.fees_x : s.fees_y).at(now.epoch);
  const transfer_fee& fee_out = (sells_x ? s.fees_y : s.fees_x).at(now.epoch);
  swap_order order{way, exact_in, amount.value};
  if (exact_in && amount.value == 0) return refuse(invalid_input);
  if (exact_in) {
    order.amount -= fee_in.of(amount.value);
  } else {
    const auto withheld = fee_out.on_top_of(amount.value);
    const auto sum = withheld ? checked_add(amount.value, *withheld) : std::nullopt;
    if (!sum) return refuse(math_overflow);
    order.amount = *sum;
  }

  const std::int32_t here = floor_divide(s.head.active_id, bins_per_array);
  std::array<const bin_array*, arrays_per_quote_max> arrays{};
  std::size_t count = 0;
  if (sells_x) {
    auto at = std::ranges::upper_bound(s.arrays, here, {}, &bin_array::index);
    while (at != s.arrays.begin() && count < arrays.size()) arrays[count++] = &*--at;
  } else {
    auto at = std::ranges::lower_bound(s.arrays, here, {}, &bin_array::index);
    while (at != s.arrays.end() && count < arrays.size()) arrays[count++] = &*at++;
  }
  auto effect = run_swap(s.head, s.extension ? &*s.extension : nullptr, {arrays.data(), count}, order, now, changes);
  if (!effect) return std::unexpected(effect.error());
  if (changes != nullptr) // from the order of travel to the state's own order
    for (auto& c : *changes) c.array = static_cast<std::size_t>(arrays[c.array] - s.arrays.data());

  trade_result out;
  quote& q = out.amounts;
  if (exact_in) {
    q.gave = amount;
  } else {
    const auto withheld = fee_in.on_top_of(effect->amount_in);
    const auto sum = withheld ? checked_add(effect->amount_in, *withheld) : std::nullopt;
    if (!sum) return refuse(math_overflow);
    q.gave = token_amount{*sum};
  }
  q.amount_in = token_amount{effect->amount_in};
  q.amount_out = token_amount{effect->amount_out};
  q.withheld_in = token_amount{q.gave.value - effect->amount_in};
  q.withheld_out = token_amount{fee_out.of(effect->amount_out)};
  q.got = token_amount{effect->amount_out - q.withheld_out.value};
  if (q.got.value == 0) return refuse(insufficient_out_amount);
  q.fee_in_input = effect->fee_in_input;
  q.fees.liquidity = token_amount{effect->fee - std::min(effect->fee, effect->protocol_fee)};
  q.fees.protocol = token_amount{std::min(effect->fee, effect->protocol_fee)};
  if (const auto price = price_of_bin(s.head.active_id, s.head.bin_step)) {
    const std::uint64_t in = effect->amount_in - (effect->fee_in_input ? effect->fee : 0);
    const std::uint64_t got = effect->amount_out + (effect->fee_in_input ? 0 : effect->fee);
    if (const auto fair = out_for(in, *price, sells_x); fair && *fair > got)
      q.impact_ppm = static_cast<std::uint32_t>(uint128{*fair - got} * 1'000'000 / *fair);
  }
  out.effect = *effect;
  return out;
}

} // namespace

std::optional<uint128> price_of_bin(std::int32_t id, std::uint16_t bin_step) {
  if (id == 0) return one;
  if (id < -0x7ffff || id > 0x7ffff) return std::nullopt; // the program's highest exponent is 2^19
  const auto exponent = static_cast<std::uint32_t>(id < 0 ? -id : id);
  // The program raises the inverse, which is below one, and turns the result over again for a rising price.
  uint128 square = uint128_max / (one + (uint128{bin_step} << 64) / bps);
  uint128 power = one;
  for (std::uint32_t rest = exponent; rest != 0; rest >>= 1) {
    if ((rest & 1U) != 0) power = (power * square) >> 64;
    square = (square * square) >> 64;
  }
  if (power == 0) return std::nullopt;
  return id > 0 ? uint128_max / power : power;
}

result<pool> read_pool(const_bytes account) {
  if (account.size() < 904) return fail("dlmm", account_errc::too_short, "a pool has 904 bytes");
  if (load<std::uint64_t>(account, 0) != pool_kind)
    return fail("dlmm", account_errc::wrong_kind, "this account is no pool");
  pool p;
  p.base_factor = load<std::uint16_t>(account, 8);
  p.filter_period_s = load<std::uint16_t>(account, 10);
  p.decay_period_s = load<std::uint16_t>(account, 12);
  p.reduction_bps = load<std::uint16_t>(account, 14);
  p.variable_fee_control = load<std::uint32_t>(account, 16);
  p.volatility_max = load<std::uint32_t>(account, 20);
  p.protocol_share_bps = load<std::uint16_t>(account, 32);
  p.base_fee_power = account[34];
  const std::uint8_t function = account[35]; // 0 undetermined, 1 liquidity mining, 2 limit orders
  const bool rewards = !load_address(account, 264).is_zero() || !load_address(account, 408).is_zero();
  p.limit_orders = function == 2 || (function == 0 && !rewards);
  p.fee_only_in_y = account[36] == 1;
  p.volatility = load<std::uint32_t>(account, 40);
  p.volatility_reference = load<std::uint32_t>(account, 44);
  p.index_reference = load<std::int32_t>(account, 48);
  p.updated_at = load<std::int64_t>(account, 56);
  p.pair_type = account[75];
  p.active_id = load<std::int32_t>(account, 76);
  p.bin_step = load<std::uint16_t>(account, 80);
  p.status = account[82];
  p.activation_type = account[86];
  p.mint_x = load_address(account, 88);
  p.mint_y = load_address(account, 120);
  p.reserve_x = load_address(account, 152);
  p.reserve_y = load_address(account, 184);
  p.protocol_fee_x = load<std::uint64_t>(account, 216);
  p.protocol_fee_y = load<std::uint64_t>(account, 224);
  for (std::size_t i = 0; i < p.bitmap.size(); ++i) p.bitmap[i] = load<std::uint64_t>(account, 584 + 8 * i);
  p.activation_point = load<std::uint64_t>(account, 816);
  if (p.bin_step == 0) return fail("dlmm", account_errc::bad_field, "the bin step is zero");
  if (p.active_id < -bin_id_max || p.active_id > bin_id_max)
    return fail("dlmm", account_errc::bad_field, "the active bin is out of bounds");
  if (p.protocol_share_bps > bps || p.reduction_bps > bps)
    return fail("dlmm", account_errc::bad_field, "the protocol's share or the reduction factor is over 100 %");
  if (p.updated_at < 0) return fail("dlmm", account_errc::bad_field, "the last update lies before 1970");
  return p;
}

result<bin_array> read_bin_array(const_bytes account) {
  if (account.size() < array_bytes) return fail("dlmm", account_errc::too_short, "a bin array has 10136 bytes");
  if (load<std::uint64_t>(account, 0) != array_kind)
    return fail("dlmm", account_errc::wrong_kind, "this account is no bin array");
  bin_array array;
  const auto index = load<std::int64_t>(account, 8);
  constexpr std::int64_t furthest = half_bitmap * (extension_groups + 1);
  if (index < -furthest || index >= furthest)
    return fail("dlmm", account_errc::bad_field, "the array's index is out of bounds");
  array.index = static_cast<std::int32_t>(index);
  array.pool = load_address(account, 24);
  for (std::size_t i = 0; i < array.bins.size(); ++i) {
    const std::size_t at = 56 + 144 * i;
    bin& b = array.bins[i];
    b.amount_x = load<std::uint64_t>(account, at);
    b.amount_y = load<std::uint64_t>(account, at + 8);
    b.price = load<uint128>(account, at + 16);
    b.fulfilled_x = load<std::uint64_t>(account, at + 48);
    b.fulfilled_y = load<std::uint64_t>(account, at + 56);
    b.orders_open = load<std::uint64_t>(account, at + 112);
    b.orders_processing = load<std::uint64_t>(account, at + 120);
    b.orders_left = load<std::uint64_t>(account, at + 128);
    b.order_age = load<std::uint32_t>(account, at + 136);
    b.orders_sell_x = account[at + 140] != 0;
  }
  return array;
}

result<bitmap_extension> read_bitmap_extension(const_bytes account) {
  if (account.size() < 1576) return fail("dlmm", account_errc::too_short, "a bitmap extension has 1576 bytes");
  if (load<std::uint64_t>(account, 0) != extension_kind)
    return fail("dlmm", account_errc::wrong_kind, "this account is no bitmap extension");
  bitmap_extension e;
  std::size_t at = 40;
  for (auto* groups : {&e.above, &e.below})
    for (auto& group : *groups)
      for (auto& word : group) word = load<std::uint64_t>(account, at), at += 8;
  return e;
}

void write_pool(mutable_bytes account, const pool& p) {
  SETT_ASSERT(account.size() >= 904);
  store(account, 40, p.volatility);
  store(account, 44, p.volatility_reference);
  store(account, 48, p.index_reference);
  store(account, 56, p.updated_at);
  store(account, 76, p.active_id);
  store(account, 216, p.protocol_fee_x);
  store(account, 224, p.protocol_fee_y);
}

void write_bin(mutable_bytes account, std::size_t offset, const bin& b) {
  SETT_ASSERT(account.size() >= array_bytes && offset < bins_per_array);
  const std::size_t at = 56 + 144 * offset;
  store(account, at, b.amount_x);
  store(account, at + 8, b.amount_y);
  store(account, at + 16, b.price);
  store(account, at + 48, b.fulfilled_x);
  store(account, at + 56, b.fulfilled_y);
  store(account, at + 112, b.orders_open);
  store(account, at + 120, b.orders_processing);
  store(account, at + 128, b.orders_left);
  store(account, at + 136, b.order_age);
}

std::expected<swap_effect, refusal> run_swap(const pool& before, const bitmap_extension* extension,
                                             std::span<const bin_array* const> arrays, const swap_order& order,
                                             const chain_time& now, std::vector<bin_change>* changes) {
  if (const auto open = check_open(before, now); !open) return std::unexpected(open.error());
  const bool sells_x = order.way == direction::a_to_b;

  swap_effect out;
  out.after = before;
  pool& p = out.after;
  out.fee_in_input = !p.fee_only_in_y || !sells_x;
  fee_meter meter(p);
  meter.refresh(now.unix_time.value);
  std::uint64_t remaining = order.amount, budget = order.exact_in ? 0 : order.amount_in_max;
  const auto unfinished = [&] { return remaining > 0 && (order.exact_in || budget > 0); };
  std::size_t at_array = 0;

  while (unfinished()) {
    const auto wanted = next_marked(p, extension, floor_divide(p.active_id, bins_per_array), sells_x);
    if (!wanted) return std::unexpected(wanted.error());
    while (at_array < arrays.size() && arrays[at_array]->index != *wanted) ++at_array;
    if (at_array == arrays.size()) return refuse(account_not_enough_keys);
    const bin_array& array = *arrays[at_array];
    const std::int32_t low = array.index * bins_per_array, high = low + bins_per_array - 1;
    if (p.active_id < low || p.active_id > high) p.active_id = sells_x ? high : low; // arrays not in use are skipped

    while (p.active_id >= low && p.active_id <= high && unfinished()) {
      const auto offset = static_cast<std::size_t>(p.active_id - low);
      bin b = array.bins[offset];
      if (layers_of(b, sells_x, p.limit_orders).total() > 0) {
        if (b.price == 0) {
          const auto price = price_of_bin(p.active_id, p.bin_step);
          if (!price) return refuse(math_overflow);
          b.price = *price;
        }
        meter.accumulate();
        const bin_swap swap(b, p, meter, sells_x);
        bool short_of_input = false;
        const auto r = order.exact_in ? swap.exact_in(remaining) : swap.exact_out(remaining, budget, short_of_input);
        if (!r) return refuse(math_overflow);
        if (short_of_input) return refuse(insufficient_in_amount);
        const auto in = checked_add(out.amount_in, r->in), got = checked_add(out.amount_out, r->out);
        if (!in || !got) return refuse(math_overflow);
        out.amount_in = *in;
        out.amount_out = *got;
        out.fee += r->fee; // within the amounts
        out.protocol_fee += r->protocol_fee;
        remaining -= order.exact_in ? r->in : std::min(remaining, r->out);
        if (!order.exact_in) budget -= r->in;
        ++out.bins_used;
        if (!settle(b, r->filled, sells_x)) return refuse(math_overflow);
        if (changes != nullptr) changes->push_back({at_array, offset, b});
      }
      if (remaining > 0) {
        p.active_id += sells_x ? -1 : 1;
        if (p.active_id < -bin_id_max || p.active_id > bin_id_max) return refuse(pair_insufficient_liquidity);
      }
    }
  }
  if (out.amount_out == 0) return refuse(insufficient_out_amount);
  if (remaining > 0) return refuse(insufficient_in_amount); // the limit went in, and less than asked came out
  if (p.active_id != before.active_id) p.updated_at = now.unix_time.value;
  auto& owed = (out.fee_in_input ? sells_x : !sells_x) ? p.protocol_fee_x : p.protocol_fee_y;
  const auto sum = checked_add(owed, out.protocol_fee);
  if (!sum) return refuse(math_overflow);
  owed = *sum;
  return out;
}

outcome quote_exact_in(const state& s, direction way, token_amount amount, const chain_time& now) {
  auto r = run(s, way, true, amount, now, nullptr);
  if (!r) return std::unexpected(r.error());
  return r->amounts;
}

outcome quote_exact_out(const state& s, direction way, token_amount amount, const chain_time& now) {
  auto r = run(s, way, false, amount, now, nullptr);
  if (!r) return std::unexpected(r.error());
  return r->amounts;
}

outcome trade(state& s, direction way, bool exact_in, token_amount amount, const chain_time& now) {
  std::vector<bin_change> changes;
  auto r = run(s, way, exact_in, amount, now, &changes);
  if (!r) return std::unexpected(r.error());
  s.head = r->effect.after;
  for (const auto& c : changes) s.arrays[c.array].bins[c.offset] = c.after;
  return r->amounts;
}

} // namespace sett::venues::dlmm
