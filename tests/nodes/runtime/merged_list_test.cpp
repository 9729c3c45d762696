#include "nodes/runtime/merged_list.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::runtime {
namespace {

namespace json = boost::json;

api::response list(std::string body) { return {200, "application/json", std::move(body)}; }
json::value merged(const std::vector<api::response>& answers, std::string_view field, std::size_t limit) {
  const auto r = merged_list(answers, field, limit);
  EXPECT_EQ(r.status, 200U) << r.body;
  return json::parse(r.body);
}

const std::vector<api::response> two{
    list(R"({"rows":[{"mint":"a","volume":"9007199254740993"},{"mint":"b","volume":"5"}],"live":2,"passivated":1})"),
    list(R"({"rows":[{"mint":"d","volume":"70"},{"mint":"c","volume":"70"}],"live":2,"passivated":40})")};

TEST(unit_merged_list, rows_are_ordered_over_all_nodes_and_counts_are_summed) {
  const auto expected = json::parse(
      R"({"rows":[{"mint":"a","volume":"9007199254740993"},{"mint":"c","volume":"70"},{"mint":"d","volume":"70"}],
          "live":4,"passivated":41,"nodes_unanswered":0})");
  EXPECT_EQ(merged(two, "volume", 3), expected);
  EXPECT_EQ(merged({two[1], two[0]}, "volume", 3), expected) << "whoever answers first";
}

TEST(unit_merged_list, a_row_without_the_field_counts_as_zero) {
  const auto v = merged({list(R"({"rows":[{"n":1,"r":-0.5},{"n":2},{"n":3,"r":0.25}]})")}, "r", 10);
  std::vector<std::int64_t> order;
  for (const auto& row : v.at("rows").as_array()) order.push_back(row.at("n").as_int64());
  EXPECT_EQ(order, (std::vector<std::int64_t>{3, 2, 1})) << "a missing one counts as 0";
}

TEST(unit_merged_list, nodes_that_refuse_or_answer_garbage_are_counted_and_alone_their_refusal_stands) {
  const auto refused = api::error_response(400, "sort is none of: activity");
  const auto v = merged({refused, two[0], list("{"), list("[]")}, "volume", 10);
  EXPECT_EQ(v.at("rows").as_array().size(), 2U);
  EXPECT_EQ(v.at("nodes_unanswered").to_number<int>(), 3);
  const auto none = merged_list(std::vector{refused, api::error_response(504, "late")}, "volume", 10);
  EXPECT_EQ(none.status, 400U);
  EXPECT_EQ(none.body, refused.body);
  EXPECT_EQ(merged_list({}, "volume", 10).status, 503U);
}

} // namespace
} // namespace sett::runtime
