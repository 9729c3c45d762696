// Block JSON to executed transactions, beside simdjson's own parse of the same buffer. Needs recorded data
// ($SETT_DATA).
#include "messages/solana/json_reader.hpp"
#include "tests/support/shared_data.hpp"

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {
using namespace sett::solana;

const std::string& block_text() {
  static const std::string text = [] {
    std::ifstream in(sett::test::shared_folder() /
                         "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json",
                     std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }();
  return text;
}

struct counter : transaction_visitor {
  std::uint64_t transactions{}, work{};
  void transaction(const executed_transaction& tx) override { ++transactions, work += tx.instructions.size(); }
};

void rates(benchmark::State& state, std::size_t bytes, std::uint64_t transactions) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes * state.iterations()));
  state.SetItemsProcessed(static_cast<std::int64_t>(transactions));
}

void reader(benchmark::State& state) {
  const padded_text text(block_text());
  json_reader r;
  counter c;
  for (auto _ : state) {
    auto info = r.read(text, c);
    benchmark::DoNotOptimize(info);
  }
  rates(state, text.view().size(), c.transactions);
}
BENCHMARK(reader);

void tokens_only(benchmark::State& state) {
  const padded_text text(block_text());
  json_document d;
  for (auto _ : state) {
    auto ok = d.index(text);
    benchmark::DoNotOptimize(ok);
  }
  rates(state, text.view().size(), 557 * state.iterations());
}
BENCHMARK(tokens_only);

void simdjson_dom(benchmark::State& state) {
  const simdjson::padded_string text(block_text());
  simdjson::dom::parser parser;
  for (auto _ : state) {
    auto root = parser.parse(text);
    benchmark::DoNotOptimize(root);
  }
  rates(state, text.size(), 557 * state.iterations());
}
BENCHMARK(simdjson_dom);

} // namespace
BENCHMARK_MAIN();
