#include "nodes/entities/command_codec.hpp"
#include "nodes/entities/command_router.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::entities {
namespace {

constexpr std::int64_t ms = 1'000'000;
const member n1{*node_id::parse("n1"), incarnation_number{1}};
const member n2{*node_id::parse("n2"), incarnation_number{4}};
constexpr shard_id shard{7};

struct sender {
  command_router router{{.waiting_per_shard_max = 4}};
  command_effects out;
  steady_time_ns now{1};

  std::uint64_t submit(const std::string& payload, std::int64_t within_ms = 10'000) {
    const auto r = router.submit(shard, 1, "id", payload, steady_time_ns{now.value + within_ms * ms}, now, out);
    return r ? *r : 0;
  }
  void leader(std::uint64_t epoch, const member& m) { router.leader(shard, epoch_number{epoch}, m, now, out); }
  void answer(const member& from, std::uint64_t sequence, command_status s) {
    router.answered(from, shard, sequence, {s, "", {}, {}}, now, out);
  }
  void pass(std::int64_t milliseconds) {
    now.value += milliseconds * ms;
    router.tick(now, out);
  }
  /// "n1:1 n1:2": what was sent since the last call.
  std::string sent() {
    std::string text;
    for (const auto& s : out.sends)
      text += (text.empty() ? "" : " ") + std::string(s.to.node.view()) + ":" + std::to_string(s.command.sequence);
    out.sends.clear();
    return text;
  }
  std::string ended() {
    std::string text;
    for (const auto& e : out.ends)
      text += (text.empty() ? "" : " ") + std::to_string(e.sequence) + ":" + std::string(to_string(e.answer.status));
    out.ends.clear();
    return text;
  }
};

TEST(unit_command_router, commands_wait_until_a_leader_is_known_and_go_in_order) {
  sender s;
  s.submit("a"), s.submit("b");
  EXPECT_EQ(s.sent(), "");
  s.leader(1, n1);
  EXPECT_EQ(s.sent(), "n1:1 n1:2");
  s.submit("c");
  EXPECT_EQ(s.sent(), "n1:3");
  s.answer(n1, 1, command_status::done);
  EXPECT_EQ(s.ended(), "1:done");
}

TEST(unit_command_router, what_waits_is_bounded_and_the_rest_is_refused_at_once) {
  sender s;
  for (int i = 0; i < 4; ++i) EXPECT_NE(s.submit("x"), 0U);
  EXPECT_EQ(s.submit("x"), 0U);
  EXPECT_EQ(s.router.waiting(), 4U);
}

TEST(unit_command_router, no_more_commands_are_under_way_than_the_shard_remembers_answers) {
  sender s;
  s.router = command_router({.in_flight_per_shard_max = 2});
  s.leader(1, n1);
  s.submit("a"), s.submit("b"), s.submit("c"), s.submit("d");
  EXPECT_EQ(s.sent(), "n1:1 n1:2");
  s.answer(n1, 2, command_status::done);
  EXPECT_EQ(s.sent(), "n1:3");
  s.pass(1000), s.pass(10);
  EXPECT_EQ(s.sent(), "n1:1 n1:3");
}

TEST(unit_command_router, a_new_leader_gets_everything_unanswered_in_order_before_anything_new) {
  sender s;
  s.leader(1, n1);
  s.submit("a"), s.submit("b"), s.submit("c");
  s.answer(n1, 2, command_status::done);
  s.sent();
  s.leader(2, n2);
  EXPECT_EQ(s.sent(), "n2:1 n2:3");
  s.leader(1, n1); // old news
  s.submit("d");
  EXPECT_EQ(s.sent(), "n2:4");
}

TEST(unit_command_router, a_moved_answer_leads_to_the_named_member) {
  sender s;
  s.leader(1, n1);
  s.submit("a");
  s.sent();
  s.router.answered(n1, shard, 1, {command_status::moved, "", n2, epoch_number{2}}, s.now, s.out);
  EXPECT_EQ(s.sent(), "n2:1");
  EXPECT_EQ(s.ended(), "");
}

TEST(unit_command_router, a_leader_that_is_not_ready_is_asked_again_after_a_growing_pause_and_nothing_overtakes) {
  sender s;
  s.leader(1, n1);
  s.submit("a");
  s.sent();
  s.answer(n1, 1, command_status::not_ready);
  s.submit("b");
  EXPECT_EQ(s.sent(), "");
  s.pass(9);
  EXPECT_EQ(s.sent(), "");
  s.pass(1);
  EXPECT_EQ(s.sent(), "n1:1 n1:2");
  s.answer(n1, 1, command_status::not_ready), s.answer(n1, 2, command_status::not_ready);
  s.pass(19);
  EXPECT_EQ(s.sent(), "");
  s.pass(1);
  EXPECT_EQ(s.sent(), "n1:1 n1:2");
}

TEST(unit_command_router, a_lost_session_or_a_silent_leader_makes_it_send_again) {
  sender s;
  s.leader(1, n1);
  s.submit("a");
  s.sent();
  s.router.reset(n2, s.now);
  s.pass(50);
  EXPECT_EQ(s.sent(), "");
  s.router.reset(n1, s.now);
  s.pass(10);
  EXPECT_EQ(s.sent(), "n1:1");
  s.pass(1000), s.pass(200);
  EXPECT_EQ(s.sent(), "n1:1");
}

TEST(unit_command_router, a_deadline_ends_a_command_as_unknown_and_later_ones_say_that_nobody_waits_for_it) {
  sender s;
  s.leader(1, n1);
  s.submit("a", 5);
  s.sent();
  s.pass(6);
  EXPECT_EQ(s.ended(), "1:expired");
  s.submit("b");
  ASSERT_EQ(s.out.sends.size(), 1U);
  EXPECT_EQ(s.out.sends[0].command.settled, 1U);
  s.answer(n1, 1, command_status::done); // too late: nobody asks any more
  EXPECT_EQ(s.ended(), "");
}

TEST(unit_command_codec, commands_and_answers_come_back_as_they_went) {
  const std::vector<routed_command> commands{{.shard = shard,
                                              .sequence = 9,
                                              .settled = 3,
                                              .kind = 2,
                                              .id = std::string("\0x", 2),
                                              .payload = "",
                                              .deadline_ns = 50}};
  const auto bytes = encode(5, commands, steady_time_ns{20});
  const auto back = decode_commands(bytes, steady_time_ns{1000});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->client, 5U);
  ASSERT_EQ(back->commands.size(), 1U);
  EXPECT_EQ(back->commands[0].id, std::string("\0x", 2));
  EXPECT_EQ(back->commands[0].sequence, 9U);
  EXPECT_EQ(back->commands[0].deadline_ns, 1030);

  const answer_batch answers{6, {{shard, 9, {command_status::moved, "there", n2, epoch_number{3}}}}};
  const auto again = decode_answers(encode(answers));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->client, 6U);
  ASSERT_EQ(again->answers.size(), 1U);
  EXPECT_EQ(again->answers[0].answer.leader, n2);
  EXPECT_EQ(again->answers[0].answer.payload, "there");
}

TEST(unit_command_codec, damaged_bytes_and_values_out_of_bounds_are_refused) {
  std::vector<routed_command> commands{
      {.shard = shard, .sequence = 1, .settled = 0, .kind = 2, .id = "a", .payload = "p", .deadline_ns = 50}};
  auto bytes = encode(5, commands, steady_time_ns{20});
  for (std::size_t n = 0; n + 8 < bytes.size(); n += 3) // the last bytes are padding
    EXPECT_FALSE(decode_commands(std::string_view(bytes).substr(0, n), steady_time_ns{0})) << n;
  commands[0].settled = 1; // itself settled: nobody would ask
  EXPECT_FALSE(decode_commands(encode(5, commands, steady_time_ns{20}), steady_time_ns{0}));
  commands[0].settled = 0, commands[0].id.assign(65, 'x');
  EXPECT_FALSE(decode_commands(encode(5, commands, steady_time_ns{20}), steady_time_ns{0}));
}

TEST(unit_command_router, what_several_shards_send_again_goes_in_the_order_of_the_shards) {
  command_router router;
  command_effects out;
  const std::vector<std::uint16_t> all{40, 3, 900, 17, 5, 64, 1};
  for (const auto s : all) {
    router.leader(shard_id{s}, epoch_number{1}, n1, steady_time_ns{1}, out);
    ASSERT_TRUE(router.submit(shard_id{s}, 1, "id", "x", steady_time_ns{60'000 * ms}, steady_time_ns{1}, out));
  }
  router.reset(n1, steady_time_ns{2});
  out.clear();
  router.tick(steady_time_ns{1'000 * ms}, out);
  std::vector<std::uint16_t> order;
  for (const auto& s : out.sends) order.push_back(s.command.shard.value);
  EXPECT_EQ(order, (std::vector<std::uint16_t>{1, 3, 5, 17, 40, 64, 900}));
}

} // namespace
} // namespace sett::entities
