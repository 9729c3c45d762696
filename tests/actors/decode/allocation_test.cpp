// Counts allocations of the whole program, so it stands alone.
#include "tests/actors/decode/decoded.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
std::size_t allocations = 0;
}
// Not inlined: GCC 12 takes an inlined pair for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p; // NOLINT: this is where memory comes from
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace sett::decode {

TEST(unit_decode_transaction, allocates_nothing_in_the_steady_state) {
  test::synthetic_transaction t;
  const auto at = [](std::uint32_t n) { return test::made_up_address(n); };
  t.token_account(at(3), at(50), 1'000);
  t.token_account(at(4), at(51), 1'000);
  t.top("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8", {at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)},
        test::byte_writer{}.u8(16).u64(1).u64(0).data);
  t.transfer(at(5), at(3), 100);
  t.transfer(at(4), at(6), 90);
  t.log("Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 invoke [1]");
  t.log("Program log: ray_log: AwAAAAAAAAAAAAAAAAAAAAA=");
  t.top("11111111111111111111111111111111", {at(1), at(2)}, test::byte_writer{}.u32(2).u64(9).data);
  event_batch batch;
  decode_statistics statistics;
  const auto once = [&] {
    batch.clear();
    decode_transaction(t.tx, batch, statistics);
  };
  for (int i = 0; i < 3; ++i) once();
  // The transaction's own arena grows with every base64 text until reset(); give it room first.
  static_cast<void>(t.tx.allocate(1));
  const auto before = allocations;
  for (int i = 0; i < 100; ++i) once();
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_EQ(batch.events.size(), 5U); // swap, two transfers, a transfer of lamports, a trade
}

} // namespace sett::decode
