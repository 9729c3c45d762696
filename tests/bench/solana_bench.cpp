// Base58, transactions and signatures. Each fast path runs beside its plain baseline, and the counter times_plain says
// how many times faster it is.
#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/messages/solana/made_transactions.hpp"
#include "tools/verifier/signing.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

namespace sett::solana {
namespace {

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The schoolbook algorithm over bytes, as most libraries have it.
bool plain_decode_32(std::string_view text, std::span<std::uint8_t, 32> out) {
  static constexpr auto digits = [] {
    std::array<int, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
      table[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
    return table;
  }();
  std::ranges::fill(out, std::uint8_t{0});
  for (const char c : text) {
    int carry = digits[static_cast<unsigned char>(c)];
    if (carry < 0) return false;
    for (std::size_t i = 32; i-- > 0;) {
      carry += 58 * out[i];
      out[i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  return true;
}

std::string plain_encode(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> digits;
  for (int carry : bytes) {
    for (auto& d : digits) {
      carry += d << 8;
      d = static_cast<std::uint8_t>(carry % 58);
      carry /= 58;
    }
    for (; carry > 0; carry /= 58) digits.push_back(static_cast<std::uint8_t>(carry % 58));
  }
  std::string text;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it) text.push_back(alphabet[*it]);
  return text;
}

std::vector<address> made_keys() {
  std::vector<address> keys(1024);
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    keys[i] = test::made_key(i * 7919);
    keys[i].bytes[0] |= 0x40; // as long as real ones
  }
  return keys;
}

/// Adds how many times faster `fast` is than `plain`, from a run of its own in this process, best of five for both.
template <class Fast, class Plain>
void report_ratio(benchmark::State& state, Fast fast, Plain plain) {
  const auto best = [](auto& f) { // of processor time: other processes do not count
    std::clock_t shortest = std::numeric_limits<std::clock_t>::max();
    for (int run = 0; run < 5; ++run) {
      const std::clock_t start = std::clock();
      for (std::size_t i = 0; i < 20'000; ++i) f(i % 1024);
      shortest = std::min(shortest, std::clock() - start);
    }
    return static_cast<double>(shortest);
  };
  const double fast_time = best(fast), plain_time = best(plain);
  state.counters["times_plain"] = plain_time / fast_time;
}

void decode_address(benchmark::State& state) {
  std::vector<std::string> texts;
  for (const auto& key : made_keys()) texts.push_back(to_base58(key));
  address out;
  const auto fast = [&](std::size_t i) {
    benchmark::DoNotOptimize(base58::decode_32(texts[i], out.bytes));
    benchmark::ClobberMemory();
  };
  const auto plain = [&](std::size_t i) {
    benchmark::DoNotOptimize(plain_decode_32(texts[i], out.bytes));
    benchmark::ClobberMemory();
  };
  std::size_t i = 0;
  for (auto _ : state) fast(i++ % 1024);
  state.SetItemsProcessed(state.iterations());
  report_ratio(state, fast, plain);
}
BENCHMARK(decode_address);

void encode_address(benchmark::State& state) {
  const auto keys = made_keys();
  std::array<char, 44> out;
  const auto fast = [&](std::size_t i) {
    benchmark::DoNotOptimize(base58::encode_32(keys[i].bytes, out));
    benchmark::ClobberMemory();
  };
  const auto plain = [&](std::size_t i) { benchmark::DoNotOptimize(plain_encode(keys[i].bytes)); };
  std::size_t i = 0;
  for (auto _ : state) fast(i++ % 1024);
  state.SetItemsProcessed(state.iterations());
  report_ratio(state, fast, plain);
}
BENCHMARK(encode_address);

void decode_signature(benchmark::State& state) {
  signature s = test::made_signature(200), out;
  const std::string text = to_base58(s);
  for (auto _ : state) {
    benchmark::DoNotOptimize(base58::decode_64(text, out.bytes));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_signature);

void parse_wire_transaction(benchmark::State& state) {
  const auto wire = test::made_v0_transaction();
  transaction_view view;
  for (auto _ : state) benchmark::DoNotOptimize(parse_transaction(wire, view).has_value());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(wire.size()));
}
BENCHMARK(parse_wire_transaction);

void verify_one_signature(benchmark::State& state) {
  verifier::signing_seed seed;
  seed.fill(3);
  const auto key = verifier::public_key_of(seed);
  const std::vector<std::uint8_t> message(400, 0x5a);
  const auto s = verifier::sign(seed, message);
  for (auto _ : state)
    if (!verify_signature(key, message, s)) state.SkipWithError("a good signature was refused");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(verify_one_signature)->Unit(benchmark::kMicrosecond);

void find_associated_token_address(benchmark::State& state) {
  const auto keys = made_keys();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(associated_token_address(keys[i++ % 1024], keys[1], keys[2]));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_associated_token_address)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace sett::solana

BENCHMARK_MAIN();
