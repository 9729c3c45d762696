#include "tools/sett/human.hpp"
#include "tools/sett/table.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace sett::tools {
namespace {

namespace control = protocol::control;
using control::form;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(unit_human, figures_read_as_people_write_them) {
  EXPECT_EQ(with_separators(0), "0");
  EXPECT_EQ(with_separators(999), "999");
  EXPECT_EQ(with_separators(-1'234'567), "-1,234,567");
  EXPECT_EQ(with_separators(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(short_amount(999), "999");
  EXPECT_EQ(short_amount(1'230'000), "1.23M");
  EXPECT_EQ(sol_of_lamports(1'234'567'890'123), "1,234.568");
  EXPECT_EQ(sol_of_lamports(-500'000), "-0.001");
  EXPECT_EQ(sol_of_lamports(-400'000), "0.000");
  EXPECT_EQ(sol_of_lamports(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036.855");
  EXPECT_EQ(short_price(0.000012345678), "0.000012346");
  EXPECT_EQ(short_price(151.25), "151.25");
  EXPECT_EQ(short_price(0), "-");
  EXPECT_EQ(short_price(2.5e-12), "2.5000e-12");
  EXPECT_EQ(percent(0.1), "+10.0 %");
  EXPECT_EQ(percent(-0.056), "-5.6 %");
  EXPECT_EQ(age(59), "59 s");
  EXPECT_EQ(age(3600), "60 min");
  EXPECT_EQ(age(86400 * 3), "3 d");
  EXPECT_EQ(duration_of_us(850), "850 us");
  EXPECT_EQ(duration_of_us(1234), "1.2 ms");
}

TEST(unit_human, text_of_strangers_cannot_steer_a_terminal) {
  EXPECT_EQ(for_terminal("a\x1b[31mb\nc\xc2\x9b"), "a?[31mb?c?");
  EXPECT_EQ(for_terminal("x\xe2\x80\xaey"), "x?y") << "right-to-left override";
  EXPECT_EQ(for_terminal("\xff\xc3"), "??");
  EXPECT_EQ(for_terminal("Größe 🚀"), "Größe 🚀");
}

TEST(unit_human, width_counts_columns_and_not_bytes) {
  EXPECT_EQ(display_width("Größe"), 5U);
  EXPECT_EQ(display_width("🚀"), 2U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);
  EXPECT_EQ(cut_to("abcdef", 4), "abc…");
  EXPECT_EQ(cut_to("日本語", 5), "日本…");
  EXPECT_EQ(cut_to("ok", 4), "ok");
}

TEST(unit_human, whole_coins_have_three_decimals_until_they_are_many) {
  EXPECT_EQ(coins(36.664123), "36.664");
  EXPECT_EQ(coins(-1234.5678), "-1,234.568");
  EXPECT_EQ(coins(-0.0001), "0.000");
  EXPECT_EQ(coins(53'770'000.5), "53.77M");
}

constexpr control::column columns[] = {
    {"name", "NAME"}, {"n", "COUNT", form::count}, {"sol", "SOL", form::sol}, {"more", "MORE", form::text, true}};
const boost::json::array rows{{{"name", "日本"}, {"n", 1234567}, {"sol", "1500000000"}, {"more", "x"}},
                              {{"name", "=1+1,\"q\""}, {"n", 5}, {"more", nullptr}}};

TEST(unit_table, columns_line_up_and_figures_stand_right) {
  EXPECT_EQ(render_rows(rows, columns, {}), "NAME          COUNT    SOL\n"
                                            "日本      1,234,567  1.500\n"
                                            "=1+1,\"q\"          5      -\n");
  EXPECT_THAT(render_rows(rows, columns, {.form = output_form::wide}), HasSubstr("MORE"));
  EXPECT_EQ(render_rows({}, columns, {}), "nothing to show\n");
}

TEST(unit_table, colours_come_only_when_asked_for) {
  EXPECT_THAT(render_rows(rows, columns, {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_rows(rows, columns, {.colours = true}), HasSubstr("\x1b[1m"));
}

TEST(unit_table, csv_is_exact_quoted_and_no_formula) {
  EXPECT_EQ(render_rows(rows, columns, {.form = output_form::csv}),
            "name,n,sol,more\n日本,1234567,1500000000,x\n\"'=1+1,\"\"q\"\"\",5,,\n");
}

TEST(unit_table, json_keeps_every_field_as_it_came) {
  EXPECT_EQ(boost::json::parse(render_rows(rows, columns, {.form = output_form::json})), rows);
}

TEST(unit_table, base_units_are_shown_in_whole_coins_where_the_row_knows_how) {
  const boost::json::object in_sol{{"quote", "SOL"}, {"n", "1500000000"}, {"decimals", 6}};
  EXPECT_EQ(shown(in_sol, {"n", "N", form::quote}, 0), "1.500");
  EXPECT_EQ(shown(in_sol, {"n", "N", form::base}, 0), "1,500.000");
  const boost::json::object in_dollars{{"quote", "USD"}, {"n", "1500000"}, {"decimals", -1}};
  EXPECT_EQ(shown(in_dollars, {"n", "N", form::quote}, 0), "1.500");
  EXPECT_EQ(shown(in_dollars, {"n", "N", form::base}, 0), "1.50M") << "unknown decimals: as they are";
  EXPECT_EQ(shown(boost::json::object{{"quote", "other"}, {"n", "1500000"}}, {"n", "N", form::quote}, 0), "1.50M");
  EXPECT_EQ(shown(in_sol, {"none", "N", form::quote}, 0), "-");
}

TEST(unit_table, one_object_as_csv_has_a_line_per_member) {
  const boost::json::object o{{"mint", "abc"},
                              {"flags", boost::json::array{"a", "b"}},
                              {"pools", boost::json::array{boost::json::object{{"venue", "=pump"}}}},
                              {"breakers", boost::json::object{{"block", "closed"}}}};
  EXPECT_EQ(render_object_csv(o),
            "field,value\nmint,abc\nflags,\"a,b\"\npools[0].venue,'=pump\nbreakers.block,closed\n");
}

} // namespace
} // namespace sett::tools
