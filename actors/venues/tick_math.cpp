#include "actors/venues/tick_math.hpp"

#include "actors/venues/sqrt_price.hpp"
#include "messages/types/error.hpp"

#include <array>
#include <bit>

namespace sett::venues {
namespace {

constexpr uint128 wide(std::uint64_t high, std::uint64_t low) { return (uint128{high} << 64) | low; }
constexpr uint128 one_x64 = uint128{1} << 64;
constexpr uint128 one_x96 = uint128{1} << 96;

// Entry k: sqrt(1.0001^(2^k)) as Q32.96, rounded down.
constexpr std::array<uint128, 19> rising_x96{
    wide(0x1000346d6U, 0xff11672ae55ad00fU),    wide(0x100068db8U, 0xbac710cb295e9e1bU),
    wide(0x1000d1b9cU, 0x68abe5f76b30fb75U),    wide(0x1001a37e4U, 0xa234cb0830516e51U),
    wide(0x100347278U, 0xab0e92ada25ab460U),    wide(0x10068efb0U, 0x0a525480a5d7fdc2U),
    wide(0x100d20a63U, 0xb4173839df9daaa5U),    wide(0x101a4c11cU, 0x742dd7729738df5eU),
    wide(0x1034c35c3U, 0x1f64cfa6dc0d6de4U),    wide(0x106a34b78U, 0xc8aaffbf81bed5a3U),
    wide(0x10d72a6a4U, 0x6ccd8bce9ae771b1U),    wide(0x11b9a258eU, 0x63928596dc757faaU),
    wide(0x13a2e2bdaU, 0x04f8379f3cd17be5U),    wide(0x181954be6U, 0x9e0da8fe77f2ab42U),
    wide(0x244c2655dU, 0x185a029080252877U),    wide(0x525816eebU, 0x9f935b1c616779e8U),
    wide(0x1a7c8d00b5U, 0x51684ff4d31ae065U),   wide(0x2bd893d0b2dU, 0xf7c97884590c66cdU),
    wide(0x78278e1e19e44U, 0x8cf8b95d2152dccfU)};
// Entry k: 1 / sqrt(1.0001^(2^k)) as Q0.64, rounded down.
constexpr std::array<std::uint64_t, 19> falling_x64{
    18445821805675392311U, 18444899583751176498U, 18443055278223354162U, 18439367220385604838U, 18431993317065449817U,
    18417254355718160513U, 18387811781193591352U, 18329067761203520168U, 18212142134806087854U, 17980523815641551639U,
    17526086738831147013U, 16651378430235024244U, 15030750278693429944U, 12247334978882834399U, 8131365268884726200U,
    3584323654723342297U,  696457651847595233U,   26294789957452057U,    37481735321082U};
// The same as Raydium tabulates it: rounded as in Uniswap v3, cut to fewer digits.
constexpr std::array<std::uint64_t, 19> falling_raydium_x64{
    0xfffcb933bd6fb800U, 0xfff97272373d4000U, 0xfff2e50f5f657000U, 0xffe5caca7e10f000U, 0xffcb9843d60f7000U,
    0xff973b41fa98e800U, 0xff2ea16466c9b000U, 0xfe5dee046a9a3800U, 0xfcbe86c7900bb000U, 0xf987a7253ac65800U,
    0xf3392b0822bb6000U, 0xe7159475a2caf000U, 0xd097f3bdfd2f2000U, 0xa9f746462d9f8000U, 0x70d869a156f31c00U,
    0x31be135f97ed3200U, 0x9aa508b5b85a500U,  0x5d6af8dedc582cU,   0x2216e584f5faU};

uint128 falling_price(std::uint32_t steps, const std::array<std::uint64_t, 19>& table) {
  uint128 ratio = one_x64;
  for (std::size_t bit = 0; bit < table.size(); ++bit)
    if ((steps >> bit & 1U) != 0) ratio = (ratio * table[bit]) >> 64; // ratio <= 2^64, entry < 2^64
  return ratio;
}

// log_1.0001(sqrt) from 16 bits of the binary logarithm lies within one tick of the truth; the venue's own price then
// decides.
template <class PriceOfTick>
std::int32_t tick_of(uint128 price, PriceOfTick price_of) {
  const auto high = static_cast<std::uint64_t>(price >> 64);
  const int top = high != 0 ? 127 - std::countl_zero(high) : 63 - std::countl_zero(static_cast<std::uint64_t>(price));
  uint128 mantissa = top >= 63 ? price >> (top - 63) : price << (63 - top); // in [2^63, 2^64)
  std::int64_t log2_x16 = static_cast<std::int64_t>(top - 64) * 65536;
  for (std::int64_t bit = 1 << 15; bit != 0; bit >>= 1) {
    mantissa *= mantissa;
    const unsigned over = static_cast<unsigned>(mantissa >> 127);
    mantissa >>= 63 + over;
    if (over != 0) log2_x16 += bit;
  }
  // 2 / log2(1.0001) = 13863.63...: ticks per doubling of the root, as Q.16; log2 is rounded down, hence never above.
  constexpr std::int64_t ticks_per_doubling_x16 = 908567297;
  auto tick = static_cast<std::int32_t>((static_cast<int128>(log2_x16) * ticks_per_doubling_x16) >> 32);
  tick = tick < tick_min ? tick_min : tick > tick_max ? tick_max : tick;
  while (tick > tick_min && price_of(tick) > price) --tick;
  while (tick < tick_max && price_of(tick + 1) <= price) ++tick;
  return tick;
}

} // namespace

uint128 whirlpool_price_of_tick(std::int32_t tick) {
  SETT_ASSERT(tick >= tick_min && tick <= tick_max);
  if (tick < 0) return falling_price(static_cast<std::uint32_t>(-tick), falling_x64);
  const auto steps = static_cast<std::uint32_t>(tick);
  uint128 ratio = one_x96;
  for (std::size_t bit = 0; bit < rising_x96.size(); ++bit)
    if ((steps >> bit & 1U) != 0) ratio = multiply_shift(ratio, rising_x96[bit], 96);
  return ratio >> 32;
}

uint128 clmm_price_of_tick(std::int32_t tick) {
  SETT_ASSERT(tick >= tick_min && tick <= tick_max);
  const uint128 ratio = falling_price(static_cast<std::uint32_t>(tick < 0 ? -tick : tick), falling_raydium_x64);
  return tick > 0 ? uint128_max / ratio : ratio;
}

std::int32_t whirlpool_tick_of_price(uint128 price) {
  SETT_ASSERT(price >= whirlpool_prices.lowest && price <= whirlpool_prices.highest);
  return tick_of(price, whirlpool_price_of_tick);
}

std::int32_t clmm_tick_of_price(uint128 price) {
  SETT_ASSERT(price >= clmm_prices.lowest && price <= clmm_prices.highest);
  return tick_of(price, clmm_price_of_tick);
}

bool whirlpool_tick_fits(std::int32_t tick, uint128 price) {
  const auto own = whirlpool_tick_of_price(price);
  return tick == own || (tick + 1 == own && whirlpool_price_of_tick(own) == price);
}

bool clmm_tick_fits(std::int32_t tick, uint128 price) {
  const auto own = clmm_tick_of_price(price);
  return tick == own || (tick + 1 == own && clmm_price_of_tick(own) == price);
}

} // namespace sett::venues
