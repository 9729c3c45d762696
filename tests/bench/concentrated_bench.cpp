// Quotes of concentrated venues across ten ticks or bins; the limit is 10 us. Beside each a baseline: the same swap
// within one tick or bin, so that the price of crossing shows on any machine.
#include "tests/actors/venues/concentrated_pools.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace {

using namespace sett;
using namespace sett::test;

constexpr chain_time noon{slot_number{1'000}, unix_seconds{1'700'000'000}, 0};
constexpr std::uint64_t liquidity = 1'000'000'000'000;

// The amount after which `crossed` says ten; found once, outside the measurement.
template <class Crossed>
token_amount amount_for_ten(Crossed crossed) {
  std::uint64_t low = 1, high = std::uint64_t{1} << 40;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (crossed(token_amount{middle}) >= 10)
      high = middle;
    else
      low = middle + 1;
  }
  return token_amount{low};
}

void whirlpool_swap(benchmark::State& run, bool ten, bool adaptive) {
  auto s = whirlpool_pool(8, liquidity, 1);
  if (adaptive) {
    s.oracle.emplace();
    s.oracle->group_ticks = 8;
    s.oracle->control_factor = 4'000;
    s.oracle->volatility_max = 350'000;
  }
  const auto amount = !ten ? token_amount{1'000} : amount_for_ten([&](token_amount a) {
    auto t = s;
    if (!whirlpool::trade(t, direction::a_to_b, true, a, noon)) return 1'000;
    return -t.head.tick / 8;
  });
  if (!whirlpool::quote_exact_in(s, direction::a_to_b, amount, noon)) return run.SkipWithError("the quote is refused");
  for (auto _ : run) benchmark::DoNotOptimize(whirlpool::quote_exact_in(s, direction::a_to_b, amount, noon));
}
void clmm_swap(benchmark::State& run, bool ten) {
  const auto s = clmm_pool(10, liquidity, 1);
  const auto amount = !ten ? token_amount{1'000} : amount_for_ten([&](token_amount a) {
    auto t = s;
    if (!clmm::trade(t, direction::a_to_b, true, a, noon)) return 1'000;
    return -t.head.tick / 10;
  });
  if (!clmm::quote_exact_in(s, direction::a_to_b, amount, noon)) return run.SkipWithError("the quote is refused");
  for (auto _ : run) benchmark::DoNotOptimize(clmm::quote_exact_in(s, direction::a_to_b, amount, noon));
}
void dlmm_swap(benchmark::State& run, bool ten) {
  const auto s = dlmm_pool(10, 1'000'000);
  const token_amount amount{ten ? 10'500'000U : 1'000U};
  if (!dlmm::quote_exact_in(s, direction::a_to_b, amount, noon)) return run.SkipWithError("the quote is refused");
  for (auto _ : run) benchmark::DoNotOptimize(dlmm::quote_exact_in(s, direction::a_to_b, amount, noon));
}

BENCHMARK_CAPTURE(whirlpool_swap, within_one_tick, false, false);
BENCHMARK_CAPTURE(whirlpool_swap, across_ten_ticks, true, false);
BENCHMARK_CAPTURE(whirlpool_swap, across_ten_ticks_with_adaptive_fee, true, true);
BENCHMARK_CAPTURE(clmm_swap, within_one_tick, false);
BENCHMARK_CAPTURE(clmm_swap, across_ten_ticks, true);
BENCHMARK_CAPTURE(dlmm_swap, within_one_bin, false);
BENCHMARK_CAPTURE(dlmm_swap, across_ten_bins, true);

} // namespace

BENCHMARK_MAIN();
