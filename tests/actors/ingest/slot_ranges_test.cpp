#include "actors/ingest/slot_ranges.hpp"
#include "messages/ports/random.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <set>

namespace sett::ingest {
namespace {

RC_GTEST_PROP(unit_slot_ranges, agrees_with_a_plain_set, (std::uint64_t seed)) {
  ports::random rng(seed);
  slot_ranges ranges(1000);
  std::set<std::uint64_t> plain;
  for (int i = 0; i < 200; ++i) {
    const auto first = rng.below(120);
    if (rng.chance(0.5)) {
      const auto last = first + rng.below(10);
      ranges.insert(first, last);
      for (auto s = first; s <= last; ++s) plain.insert(s);
    } else {
      ranges.erase(first);
      plain.erase(first);
    }
    RC_ASSERT(ranges.size() == plain.size());
    for (std::uint64_t s = 0; s < 140; ++s) RC_ASSERT(ranges.contains(s) == plain.contains(s));
    for (std::size_t k = 1; k < ranges.ranges().size(); ++k)
      RC_ASSERT(ranges.ranges()[k].first.value > ranges.ranges()[k - 1].last.value + 1);
  }
}

TEST(unit_slot_ranges, joins_the_closest_ranges_when_it_is_full_and_forgets_nothing) {
  slot_ranges ranges(2);
  ranges.insert(10, 12);
  ranges.insert(20, 22);
  ranges.insert(25, 26);
  ASSERT_EQ(ranges.ranges().size(), 2u);
  EXPECT_EQ(ranges.ranges()[1].first.value, 20u);
  EXPECT_EQ(ranges.ranges()[1].last.value, 26u);
  EXPECT_EQ(ranges.end_of(21), 26u);
  EXPECT_EQ(ranges.end_of(15), 15u);
}

TEST(unit_slot_ranges, come_back_from_their_bytes_and_foreign_bytes_are_refused) {
  slot_ranges some(10);
  some.insert(5, 9);
  some.insert(400'000'000, 400'000'001);
  for (const auto& ranges : {some.ranges(), std::vector<protocol::slot_range>{}}) {
    const auto back = decode_ranges(encode_ranges(ranges));
    ASSERT_TRUE(back);
    ASSERT_EQ(back->size(), ranges.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      EXPECT_EQ((*back)[i].first, ranges[i].first);
      EXPECT_EQ((*back)[i].last, ranges[i].last);
    }
  }
  auto bytes = encode_ranges(some.ranges());
  EXPECT_FALSE(decode_ranges(""));
  EXPECT_FALSE(decode_ranges(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_ranges("2" + bytes.substr(1)));
  EXPECT_FALSE(decode_ranges(bytes + bytes.substr(1))); // not ascending
}

} // namespace
} // namespace sett::ingest
