// The time of building one whole transaction per venue, with the derived addresses known (as after `prepare`) and,
// beside it, without: what a launch that nobody prepared for costs. The baseline is SHA-256 of a packet's size.
#include "actors/building/swap_builder.hpp"
#include "messages/solana/sha256.hpp"
#include "tests/actors/building/pools.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace sett;
using namespace sett::building;
using namespace sett::building::pools;
using ports::trade_side;

void sha256_of_a_packet(benchmark::State& state) {
  const std::vector<std::uint8_t> packet(1232);
  for (auto _ : state) benchmark::DoNotOptimize(solana::sha256(packet));
}

void build(benchmark::State& state, const ports::venue_snapshot& pool, trade_side side) {
  derived_addresses derived;
  const auto shared = shared_addresses(pool, derived);
  builder_settings settings;
  if (shared && !shared->empty()) settings.tables = {{key_of(80), *shared}};
  const swap_builder builder(settings);
  auto o = order(side, once_seed);
  if (!builder.build(o, pool, recent, fees())) state.SkipWithError("it is not built");
  for (auto _ : state) {
    ++o.amount_in.value;
    benchmark::DoNotOptimize(builder.build(o, pool, recent, fees()));
  }
}
void build_unprepared(benchmark::State& state, const ports::venue_snapshot& pool) {
  const auto o = order(trade_side::buy, once_seed);
  for (auto _ : state) {
    const swap_builder builder;
    benchmark::DoNotOptimize(builder.build(o, pool, recent, fees()));
  }
}

BENCHMARK(sha256_of_a_packet);
BENCHMARK_CAPTURE(build, pump_curve_buy, pump_curve(true), trade_side::buy);
BENCHMARK_CAPTURE(build, pump_curve_sell, pump_curve(true), trade_side::sell);
BENCHMARK_CAPTURE(build, pump_swap_buy_with_table, pump_swap(), trade_side::buy);
BENCHMARK_CAPTURE(build, pump_swap_sell, pump_swap(), trade_side::sell);
BENCHMARK_CAPTURE(build, raydium_amm_v4_buy, raydium_amm_v4(), trade_side::buy);
BENCHMARK_CAPTURE(build, raydium_cpmm_buy, raydium_cpmm(), trade_side::buy);
BENCHMARK_CAPTURE(build, whirlpool_buy, whirlpool(), trade_side::buy);
BENCHMARK_CAPTURE(build_unprepared, pump_curve_buy, pump_curve(true));
BENCHMARK_CAPTURE(build_unprepared, whirlpool_buy, whirlpool());

} // namespace

BENCHMARK_MAIN();
