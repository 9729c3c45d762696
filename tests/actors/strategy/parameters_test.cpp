// Settings that change live: what is refused and why, what holds, and that undo walks back.
#include "actors/strategy/parameters.hpp"
#include "tests/actors/strategy/strategy_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace sett::strategy {
namespace {

using test::instance;
using test::paper_settings;
using ::testing::HasSubstr;

constexpr wall_time_ns now{5};
using pairs = std::vector<std::pair<std::string, std::string>>;

struct area {
  std::string name;
  config::settings files{paper_settings()};
  parameters_state state{};

  result<change> run(const parameters_command& c) {
    auto e = decide(name, state, c, files, now);
    if (!e) return e;
    // As it goes through the journal.
    const auto read = decode_change(encode(*e));
    EXPECT_EQ(*read, *e);
    apply(state, *read);
    EXPECT_EQ(*decode_parameters(encode(state)), state);
    return e;
  }
  result<change> set(pairs values) { return run(command::set{"ann", std::move(values)}); }
  config::settings holds() const { return effective(files, std::span(&state, 1)).value; }
};

TEST(unit_parameters, a_change_holds_at_once_and_tells_who_and_what_was_before) {
  area a{"strategy.launch"};
  const auto e = a.set({{"strategy.launch.size_lamports", "20000000"}, {"strategy.launch.paused", "true"}});
  ASSERT_TRUE(e) << e.error().message;
  EXPECT_EQ(e->number, 1U);
  EXPECT_EQ(e->who, "ann");
  EXPECT_EQ(e->keys[0], (key_change{"strategy.launch.size_lamports", std::nullopt, "20000000"}));
  EXPECT_EQ(instance(a.holds(), "launch").size_lamports, 20'000'000U);
  EXPECT_TRUE(instance(a.holds(), "launch").paused);
  EXPECT_FALSE(instance(a.holds(), "copy").paused);
  EXPECT_EQ(diff(a.files, a.state),
            (std::vector<difference>{{"strategy.launch.paused", "false", "true"},
                                     {"strategy.launch.size_lamports", "10000000", "20000000"}}));
}

TEST(unit_parameters, what_the_declarations_refuse_is_refused_with_their_words) {
  area a{"risk"};
  const auto why = [&](pairs values) {
    const auto e = a.set(std::move(values));
    EXPECT_FALSE(e);
    return e ? std::string() : e.error().message;
  };
  EXPECT_THAT(why({{"risk.drawdown_bps_max", "10001"}}), HasSubstr("allowed: 0..10000"));
  EXPECT_THAT(why({{"risk.drawdown_bps_max", "some"}}), HasSubstr("allowed: 0..10000"));
  EXPECT_THAT(why({{"risk.drawdown_bps", "1"}}), HasSubstr("did you mean risk.drawdown_bps_max?"));
  EXPECT_THAT(why({{"exits.stop_bps", "1"}}), HasSubstr("does not belong to risk"));
  EXPECT_THAT(why({{"risk.trade_lamports_max", "600000000"}}), HasSubstr("at most risk.account_lamports_max"));
  EXPECT_THAT(why({{"risk.positions_max", "1"}, {"risk.positions_max", "2"}}), HasSubstr("twice"));
  EXPECT_THAT(why({}), HasSubstr("1 to 16"));
  EXPECT_TRUE(a.set({{"risk.positions_max", "1"}}));
  EXPECT_THAT(why({{"risk.positions_max", "1"}}), HasSubstr("nothing would change"));
  area node{"node"};
  EXPECT_THAT(node.set({{"node.name", "x"}}).error().message, HasSubstr("restart"));
  area log{"log"};
  EXPECT_THAT(log.set({{"log.levels", "debug"}}).error().message, HasSubstr("restart")) << "that is the node's own";
  area gone{"strategy.gone"};
  EXPECT_THAT(gone.set({{"strategy.gone.paused", "true"}}).error().message, HasSubstr("no such strategy"));
  const auto e = a.run(command::undo{std::string("a\nb")});
  EXPECT_THAT(e.error().message, HasSubstr("control characters"));
}

TEST(unit_parameters, values_that_go_together_may_change_together) {
  area a{"risk"};
  EXPECT_TRUE(a.set({{"risk.trade_lamports_max", "600000000"}, {"risk.account_lamports_max", "900000000"}}));
  EXPECT_FALSE(a.set({{"risk.account_lamports_max", "500000000"}}));
}

TEST(unit_parameters, undo_walks_back_change_by_change) {
  area a{"exits"};
  EXPECT_EQ(a.run(command::undo{"ann"}).error().code, static_cast<std::uint16_t>(parameters_errc::nothing_to_undo));
  ASSERT_TRUE(a.set({{"exits.stop_bps", "1000"}}));
  ASSERT_TRUE(a.set({{"exits.stop_bps", "2000"}}));
  const auto undone = a.run(command::undo{"ben"});
  EXPECT_EQ(undone->undoes, 2U);
  EXPECT_EQ(a.holds().exits.stop_bps, 1'000U);
  ASSERT_TRUE(a.set({{"exits.stop_bps", "3000"}}));
  ASSERT_TRUE(a.run(command::undo{"ben"}));
  EXPECT_EQ(a.holds().exits.stop_bps, 1'000U);
  ASSERT_TRUE(a.run(command::undo{"ben"}));
  EXPECT_EQ(a.holds().exits.stop_bps, 2'500U) << "the files' value";
  EXPECT_TRUE(a.state.live.empty());
  EXPECT_FALSE(a.run(command::undo{"ben"}));
}

TEST(unit_parameters, unset_goes_back_to_the_files_and_can_be_undone) {
  area a{"exits"};
  ASSERT_TRUE(a.set({{"exits.stop_bps", "1000"}}));
  ASSERT_TRUE(a.run(command::unset{"ann", {"exits.stop_bps"}}));
  EXPECT_EQ(a.holds().exits.stop_bps, 2'500U);
  EXPECT_EQ(a.run(command::unset{"ann", {"exits.stop_bps"}}).error().code,
            static_cast<std::uint16_t>(parameters_errc::no_change));
  ASSERT_TRUE(a.run(command::undo{"ann"}));
  EXPECT_EQ(a.holds().exits.stop_bps, 1'000U);
}

TEST(unit_parameters, what_a_build_does_not_know_is_left_out_and_counted) {
  parameters_state s;
  s.live = {{"exits.stop_bps", "99999999"}, {"exits.of_tomorrow", "1"}, {"exits.hold_s_max", "7"}};
  const auto e = effective(paper_settings(), std::span(&s, 1));
  EXPECT_EQ(e.left_out, 2U);
  EXPECT_EQ(e.value.exits.hold_s_max, 7U);
  EXPECT_EQ(e.value.exits.stop_bps, 2'500U);
}

TEST(unit_parameters, damaged_bytes_are_refused) {
  area a{"exits"};
  ASSERT_TRUE(a.set({{"exits.stop_bps", "1000"}}));
  const auto bytes = encode(a.state);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_parameters(bytes.substr(0, n)));
  EXPECT_FALSE(decode_parameters(bytes + "x"));
  const parameters_command c = command::set{"ann", {{"exits.stop_bps", "5"}}};
  EXPECT_EQ(std::get<command::set>(*decode_parameters_command(encode(c))).values[0].second, "5");
}

TEST(unit_parameters_properties, undoing_everything_is_as_if_nothing_had_been) {
  const bool ok = rc::check([] {
    area a{"exits"};
    const auto changes = *rc::gen::inRange(0, 12);
    for (int i = 0; i < changes; ++i) {
      const auto key = *rc::gen::element<std::string>("exits.stop_bps", "exits.trailing_bps", "exits.hold_s_max");
      switch (*rc::gen::inRange(0, 4)) {
      case 0:
        static_cast<void>(a.run(command::undo{"x"}));
        break;
      case 1:
        static_cast<void>(a.run(command::unset{"x", {key}}));
        break;
      default:
        static_cast<void>(a.set({{key, fmt::format("{}", *rc::gen::inRange(1, 5'000))}}));
        break;
      }
    }
    int undone = 0;
    while (a.run(command::undo{"x"})) RC_ASSERT(++undone <= 12);
    RC_ASSERT(a.state.live.empty());
    RC_ASSERT(a.holds().exits == a.files.exits);
  });
  EXPECT_TRUE(ok);
}

} // namespace
} // namespace sett::strategy
