#include "chaos/sim/history.hpp"

#include <gtest/gtest.h>

namespace {

using namespace sett::sim;
using registers = std::vector<register_operation>;

register_operation set(const char* v, std::int64_t begin, std::int64_t end = no_end) { return {true, v, begin, end}; }
register_operation get(const char* v, std::int64_t begin, std::int64_t end) { return {false, v, begin, end}; }

TEST(unit_history, a_register_that_answers_in_order_is_linearizable) {
  EXPECT_FALSE(judge_register({}));
  EXPECT_FALSE(judge_register({get("", 1, 2), set("a", 3, 4), get("a", 5, 6), set("b", 7, 8), get("b", 9, 10)}));
  EXPECT_FALSE(judge_register({set("a", 1, 10), get("", 2, 3), get("a", 4, 5), get("a", 11, 12)}))
      << "during the write";
  EXPECT_FALSE(judge_register({set("a", 1, 9), set("b", 2, 8), get("b", 10, 11)})) << "either order";
  EXPECT_FALSE(judge_register({set("a", 1), get("", 5, 6), get("a", 7, 8)})) << "unknown, and took effect late";
  EXPECT_FALSE(judge_register({set("a", 1), set("b", 2, 3), get("b", 50, 60)})) << "unknown, and never seen";
}

TEST(unit_history, a_stale_read_is_found) {
  EXPECT_TRUE(judge_register({set("a", 1, 2), set("b", 3, 4), get("a", 5, 6)}));
  EXPECT_TRUE(judge_register({set("a", 1, 2), get("", 3, 4)}));
  EXPECT_TRUE(judge_register({set("a", 1), get("a", 2, 3), get("", 4, 5)})) << "seen and then unseen";
}

TEST(unit_history, a_lost_write_is_found) {
  EXPECT_TRUE(judge_register({set("a", 1, 2), get("a", 3, 4), set("b", 5, 6), get("a", 7, 8)}));
}

TEST(unit_history, a_value_from_nowhere_and_from_the_future_is_found) {
  EXPECT_TRUE(judge_register({get("x", 1, 2)}));
  EXPECT_TRUE(judge_register({get("a", 1, 2), set("a", 3, 4)}));
  EXPECT_TRUE(judge_register({set("a", 1, 2), set("a", 3, 4)}));
}

TEST(unit_history, two_values_that_take_turns_are_found) {
  EXPECT_TRUE(judge_register({set("a", 1, 10), set("b", 1, 10), get("a", 11, 12), get("b", 13, 14), get("a", 15, 16)}));
}

TEST(unit_history, a_counter_counts_each_addition_once_and_in_order) {
  EXPECT_FALSE(judge_counter({{1, 0, 1}, {2, 2, 3}, {4, 4, 9}, {3, 5, 8}}));
  EXPECT_TRUE(judge_counter({{1, 0, 1}, {1, 2, 3}})) << "doubled answer";
  EXPECT_TRUE(judge_counter({{2, 0, 1}, {1, 2, 3}})) << "an addition was lost";
}

} // namespace
