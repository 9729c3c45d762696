// The time of one quote of each venue on a curve of reserves, beside the bare constant-product formula.
#include "actors/venues/pump_curve.hpp"
#include "actors/venues/pump_swap.hpp"
#include "actors/venues/raydium_amm_v4.hpp"
#include "actors/venues/raydium_cpmm.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace sett;
using namespace sett::venues;

constexpr chain_time now{slot_number{300'000'000}, unix_seconds{1'731'000'000}, 694};
constexpr std::uint64_t base = 700'000'000'000'000, sol = 85'000'000'000;

template <class Quote>
void quotes(benchmark::State& state, Quote quote_one) {
  std::uint64_t amount = 1'000'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(amount);
    benchmark::DoNotOptimize(quote_one(token_amount{amount}));
    amount += 977;
  }
}

void bare_formula(benchmark::State& state) {
  quotes(state,
         [](token_amount a) { return static_cast<std::uint64_t>(uint128{base} * a.value / (uint128{sol} + a.value)); });
}
void pump_curve_buy(benchmark::State& state) {
  const pump_curve::state s{base, sol, base / 2, sol / 2, 1'000'000'000'000'000, false, true, {}, {95, 30}};
  quotes(state, [&](token_amount a) { return quote_exact_out(s, direction::b_to_a, a); });
}
void pump_swap_buy(benchmark::State& state) {
  pump_swap::state s;
  s.base = base;
  s.quote = sol;
  s.fees = {20, 5, 5};
  quotes(state, [&](token_amount a) { return quote_exact_in(s, direction::b_to_a, a); });
}
void raydium_amm_v4_sale(benchmark::State& state) {
  raydium_amm_v4::state s;
  s.phase = raydium_amm_v4::status::swap_only;
  s.fee_numerator = 25;
  s.fee_denominator = 10'000;
  s.vault_a = base;
  s.vault_b = sol;
  quotes(state, [&](token_amount a) { return quote_exact_in(s, direction::a_to_b, a, now); });
}
void raydium_cpmm_sale(benchmark::State& state) {
  raydium_cpmm::state s;
  s.a.vault = base;
  s.b.vault = sol;
  s.rate = {2500, 120'000, 40'000, 0};
  quotes(state, [&](token_amount a) { return quote_exact_in(s, direction::a_to_b, a, now); });
}

BENCHMARK(bare_formula);
BENCHMARK(pump_curve_buy);
BENCHMARK(pump_swap_buy);
BENCHMARK(raydium_amm_v4_sale);
BENCHMARK(raydium_cpmm_sale);

} // namespace

BENCHMARK_MAIN();
