// Account bytes of the concentrated venues: whatever can be read can be quoted, written back and read again. The first
// byte chooses the venue, the next nine the order; the input then fills a pool account and up to three arrays.
#include "actors/venues/meteora_dlmm.hpp"
#include "actors/venues/orca_whirlpool.hpp"
#include "actors/venues/raydium_clmm.hpp"
#include "messages/types/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

using namespace sett::venues;

constexpr sett::venues::chain_time now{sett::slot_number{1'000}, sett::unix_seconds{1'700'000'000}, 0};

// An account of `size` bytes that begins with its discriminator; the input repeats over the rest.
std::vector<std::uint8_t> account(std::uint64_t kind, std::size_t size, std::span<const std::uint8_t> input,
                                  std::size_t shift) {
  std::vector<std::uint8_t> data(size);
  for (std::size_t i = 0; i < size && !input.empty(); ++i)
    data[i] = i < 700 || input.size() > 700 ? input[(i + shift) % input.size()] : std::uint8_t{0};
  store(data, 0, kind);
  return data;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 10) return 0;
  const std::span<const std::uint8_t> input(data + 10, size - 10);
  const auto way = (data[0] & 1U) != 0 ? direction::a_to_b : direction::b_to_a;
  const bool exact_in = (data[0] & 2U) != 0;
  const auto amount = load<std::uint64_t>({data, size}, 1);
  const std::size_t shift = data[9];
  // Bytes as they came: short ones and those of other kinds.
  (void)whirlpool::read_pool(input);
  (void)whirlpool::read_tick_array(input);
  (void)whirlpool::read_oracle(input);
  (void)clmm::read_pool(input);
  (void)clmm::read_config(input);
  (void)clmm::read_tick_array(input);
  (void)clmm::read_bitmap_extension(input);
  (void)dlmm::read_pool(input);
  (void)dlmm::read_bin_array(input);
  (void)dlmm::read_bitmap_extension(input);

  if (data[0] % 3 == 0) {
    auto bytes = account(0x096380e10cd1953fU, 653, input, 0);
    const auto pool = whirlpool::read_pool(bytes);
    const auto oracle = whirlpool::read_oracle(account(0xf4e5b38cb383c28bU, 254, input, shift));
    const auto tick_array = whirlpool::read_tick_array(account(0xbb42076ebebd6145U, 9988, input, shift));
    (void)whirlpool::read_tick_array(account(0x38dac7e18ef6d811U, 148 + size % 4'000, input, shift));
    if (!pool) return 0;
    whirlpool::state s{*pool, {}, {}, {}, {}};
    if (oracle && (data[0] & 4U) != 0) s.oracle = *oracle;
    const auto starts = whirlpool::arrays_of_travel(*pool, way);
    for (std::size_t i = 0; i < starts.count; ++i) {
      s.arrays.push_back(tick_array ? *tick_array : whirlpool::tick_array{});
      s.arrays.back().start = starts.start[i];
    }
    std::ranges::sort(s.arrays, {}, &whirlpool::tick_array::start);
    (void)whirlpool::quote_exact_out(s, way, sett::token_amount{amount}, now);
    if (whirlpool::trade(s, way, exact_in, sett::token_amount{amount}, now)) {
      whirlpool::write_pool(bytes, s.head);
      SETT_ASSERT(whirlpool::read_pool(bytes) == s.head);
    }
  } else if (data[0] % 3 == 1) {
    auto bytes = account(0x46dec3d7f5e3edf7U, 1544, input, 0);
    const auto pool = clmm::read_pool(bytes);
    const auto config = clmm::read_config(account(0x6f2bcbcb6821f4daU, 117, input, shift));
    const auto tick_array = clmm::read_tick_array(account(0x2a81f931cd559bc0U, 10'240, input, shift));
    const auto extension = clmm::read_bitmap_extension(account(0x998b8061db24963cU, 1832, input, shift));
    if (!pool) return 0;
    clmm::state s;
    s.head = *pool;
    if (config) s.fees = *config;
    if (extension && (data[0] & 4U) != 0) s.extension = *extension;
    const std::int32_t width = clmm::ticks_per_array * pool->tick_spacing;
    const std::int32_t here = (pool->tick - (pool->tick % width + width) % width);
    for (std::int32_t i = -2; i <= 2; ++i) {
      s.arrays.push_back(tick_array ? *tick_array : clmm::tick_array{});
      s.arrays.back().start = here + i * width;
    }
    (void)clmm::quote_exact_out(s, way, sett::token_amount{amount}, now);
    if (clmm::trade(s, way, exact_in, sett::token_amount{amount}, now)) {
      clmm::write_pool(bytes, s.head);
      SETT_ASSERT(clmm::read_pool(bytes) == s.head);
    }
  } else {
    auto bytes = account(0x0db165b562310b21U, 904, input, 0);
    const auto pool = dlmm::read_pool(bytes);
    const auto bins = dlmm::read_bin_array(account(0xb5469405dc5c8e5cU, 10'136, input, shift));
    const auto extension = dlmm::read_bitmap_extension(account(0x0512ed37717c6f50U, 1576, input, shift));
    if (!pool) return 0;
    dlmm::state s;
    s.head = *pool;
    if (extension && (data[0] & 4U) != 0) s.extension = *extension;
    const std::int32_t here = (pool->active_id - (pool->active_id % 70 + 70) % 70) / 70;
    for (std::int32_t i = -2; i <= 2; ++i) {
      s.arrays.push_back(bins ? *bins : dlmm::bin_array{});
      s.arrays.back().index = here + i;
    }
    (void)dlmm::quote_exact_out(s, way, sett::token_amount{amount}, now);
    if (dlmm::trade(s, way, exact_in, sett::token_amount{amount}, now)) {
      dlmm::write_pool(bytes, s.head);
      SETT_ASSERT(dlmm::read_pool(bytes) == s.head);
    }
  }
  return 0;
}
