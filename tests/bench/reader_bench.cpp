// Block JSON to executed transactions, beside simdjson's own ways through the same text: its token index alone, its
// DOM, and an On-Demand walk over every value. Needs recorded data ($SETT_DATA). `ratio` is the reader's time to the
// DOM parse's, measured in turns within one run, so that a noisy machine disturbs both.
#include "messages/solana/json_reader.hpp"
#include "tests/support/recorded.hpp"

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <chrono>
#include <map>
#include <string>

namespace {
using namespace sett::solana;

const std::string& text_of(const std::filesystem::path& file) {
  static std::map<std::string, std::string> texts;
  auto& text = texts[file.string()];
  if (text.empty()) text = sett::test::file_text(sett::test::shared_folder() / file);
  return text;
}
const std::filesystem::path small_blocks = "data/tx/kevinheavey__solders/tests/data";

struct counter : transaction_visitor {
  std::uint64_t transactions{}, work{};
  void transaction(const executed_transaction& tx) override { ++transactions, work += tx.instructions.size(); }
};

void rates(benchmark::State& state, std::size_t bytes, std::uint64_t transactions) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes * state.iterations()));
  state.SetItemsProcessed(static_cast<std::int64_t>(transactions));
}

void reader(benchmark::State& state, const std::filesystem::path& file) {
  const padded_text text(text_of(file));
  if (text.view().size() == 0) return state.SkipWithError("no recorded data");
  json_reader r;
  counter c;
  for (auto _ : state) {
    auto info = r.read(text, c);
    benchmark::DoNotOptimize(info);
  }
  rates(state, text.view().size(), c.transactions);
}
BENCHMARK_CAPTURE(reader, real_block, sett::test::real_block);
BENCHMARK_CAPTURE(reader, json, small_blocks / "get_block_json_encoding.json");
BENCHMARK_CAPTURE(reader, base64, small_blocks / "get_block_base64_encoding.json");
BENCHMARK_CAPTURE(reader, json_parsed, small_blocks / "get_block_json_parsed_encoding.json");

void token_index(benchmark::State& state) {
  const padded_text text(text_of(sett::test::real_block));
  json_document d;
  for (auto _ : state) {
    auto ok = d.index(text);
    benchmark::DoNotOptimize(ok);
  }
  rates(state, text.view().size(), 557 * state.iterations());
}
BENCHMARK(token_index);

void simdjson_dom(benchmark::State& state) {
  const simdjson::padded_string text(text_of(sett::test::real_block));
  simdjson::dom::parser parser;
  for (auto _ : state) {
    auto root = parser.parse(text);
    benchmark::DoNotOptimize(root);
  }
  rates(state, text.size(), 557 * state.iterations());
}
BENCHMARK(simdjson_dom);

std::uint64_t walk(simdjson::ondemand::value value) {
  std::uint64_t sum = 0;
  switch (value.type()) {
  case simdjson::ondemand::json_type::object:
    for (auto field : value.get_object()) sum += field.key().value().raw()[0] + walk(field.value());
    break;
  case simdjson::ondemand::json_type::array:
    for (auto element : value.get_array()) sum += walk(element.value());
    break;
  case simdjson::ondemand::json_type::string:
    sum += static_cast<unsigned char>(value.get_raw_json_string().value().raw()[0]);
    break;
  case simdjson::ondemand::json_type::number:
    sum += static_cast<std::uint64_t>(value.get_double().value());
    break;
  default:
    break;
  }
  return sum;
}

void simdjson_on_demand_walk(benchmark::State& state) {
  const simdjson::padded_string text(text_of(sett::test::real_block));
  simdjson::ondemand::parser parser;
  for (auto _ : state) {
    auto document = parser.iterate(text);
    std::uint64_t sum = walk(document.get_value().value());
    benchmark::DoNotOptimize(sum);
  }
  rates(state, text.size(), 557 * state.iterations());
}
BENCHMARK(simdjson_on_demand_walk);

void reader_to_dom_ratio(benchmark::State& state) {
  const padded_text text(text_of(sett::test::real_block));
  const simdjson::padded_string copy(text_of(sett::test::real_block));
  json_reader r;
  counter c;
  simdjson::dom::parser parser;
  double ours = 0, theirs = 0;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  for (auto _ : state) {
    const auto start = now();
    auto info = r.read(text, c);
    benchmark::DoNotOptimize(info);
    const auto middle = now();
    auto root = parser.parse(copy);
    benchmark::DoNotOptimize(root);
    ours += std::chrono::duration<double>(middle - start).count();
    theirs += std::chrono::duration<double>(now() - middle).count();
  }
  state.counters["ratio"] = ours / theirs;
}
BENCHMARK(reader_to_dom_ratio);

} // namespace
BENCHMARK_MAIN();
