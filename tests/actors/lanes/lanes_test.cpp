#include "actors/lanes/landing_statistics.hpp"
#include "actors/lanes/lane_gate.hpp"
#include "actors/lanes/lane_messages.hpp"
#include "actors/lanes/lane_policy.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace sett;
using namespace sett::lanes;
using resilience::call_outcome;

address made(std::uint8_t n) {
  address a;
  a.bytes.fill(n);
  return a;
}
signature made_signature(std::uint8_t n) {
  signature s;
  s.bytes.fill(n);
  return s;
}
constexpr steady_time_ns at_ms(std::int64_t ms) { return steady_time_ns(ms * 1'000'000); }

const std::vector<lane_facts> four{
    {.name = "a", .is_protected = false, .tip_accounts = {}, .tip_min = {}},
    {.name = "b", .is_protected = false, .tip_accounts = {}, .tip_min = {}},
    {.name = "wants-tip", .is_protected = false, .tip_accounts = {made(1), made(2)}, .tip_min = lamports(200)},
    {.name = "jito", .is_protected = true, .tip_accounts = {made(3), made(4)}, .tip_min = lamports(1000)}};

TEST(unit_lane_policy, sends_fast_orders_by_every_public_lane_that_takes_the_bytes) {
  EXPECT_EQ(lanes_for(four, false, {}), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(lanes_for(four, false, {made(2), lamports(200)}), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(lanes_for(four, false, {made(2), lamports(199)}), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(lanes_for(four, false, {made(3), lamports(5000)}), (std::vector<std::size_t>{0, 1}));
}

TEST(unit_lane_policy, sends_protected_orders_by_no_public_lane_and_only_with_the_tip) {
  EXPECT_EQ(lanes_for(four, true, {made(4), lamports(1000)}), (std::vector<std::size_t>{3}));
  EXPECT_TRUE(lanes_for(four, true, {}).empty());
  EXPECT_TRUE(lanes_for(four, true, {made(4), lamports(999)}).empty());
  EXPECT_TRUE(lanes_for(four, true, {made(1), lamports(5000)}).empty());
}

TEST(unit_lane_policy, chooses_a_tip_that_its_lanes_take_and_spreads_it) {
  for (std::uint64_t spread = 0; spread < 8; ++spread)
    for (const bool is_protected : {false, true}) {
      const auto tip = choose_tip(four, is_protected, spread, lamports(500));
      ASSERT_TRUE(tip);
      const auto lanes = lanes_for(four, is_protected, *tip);
      EXPECT_EQ(lanes.size(), is_protected ? 1U : 3U);
    }
  EXPECT_NE(choose_tip(four, true, 0, {})->to, choose_tip(four, true, 1, {})->to);
  EXPECT_EQ(choose_tip(four, true, 0, {})->amount.value, 1000U);
  EXPECT_EQ(choose_tip(four, true, 0, lamports(7000))->amount.value, 7000U);
  EXPECT_FALSE(choose_tip(std::span(four).first(2), false, 0, lamports(500)));
  // Two lanes that share an account get one tip that both take.
  auto five = four;
  five.push_back({.name = "other", .is_protected = true, .tip_accounts = {made(4)}, .tip_min = lamports(3000)});
  const auto shared = choose_tip(five, true, 0, lamports(10));
  EXPECT_EQ(shared->to, made(4));
  EXPECT_EQ(lanes_for(five, true, *shared), (std::vector<std::size_t>{3, 4}));
}

TEST(unit_lane_policy, sends_again_every_slot_until_the_last_valid_height_and_never_after) {
  const resend_rules rules{.every_ns = 400'000'000, .sends_max = 3};
  const block_height last(100);
  EXPECT_TRUE(may_resend(rules, {}, at_ms(0), block_height(100), last));
  EXPECT_FALSE(may_resend(rules, {}, at_ms(0), block_height(101), last));
  EXPECT_FALSE(may_resend(rules, {.sends = 1, .last = at_ms(0)}, at_ms(399), block_height(90), last));
  EXPECT_TRUE(may_resend(rules, {.sends = 1, .last = at_ms(0)}, at_ms(400), block_height(90), last));
  EXPECT_FALSE(may_resend(rules, {.sends = 3, .last = at_ms(0)}, at_ms(9000), block_height(90), last));
}

TEST(unit_landing_statistics, credit_lanes_by_evidence_once_per_attempt) {
  landing_statistics s(3);
  for (int again = 0; again < 5; ++again) {
    s.sent(made_signature(1), 0, at_ms(100 + again));
    s.sent(made_signature(1), 1, at_ms(200 + again));
    s.sent(made_signature(2), 1, at_ms(300));
    s.sent(made_signature(3), 1, at_ms(300));
  }
  s.landed(made_signature(1), at_ms(1100));
  s.landed(made_signature(1), at_ms(9000)); // said again
  s.landed(made_signature(2), at_ms(1300));
  s.dead(made_signature(3));
  s.dead(made_signature(9)); // nobody here sent it
  EXPECT_EQ(s.lanes()[0].attempts, 1U);
  EXPECT_EQ(s.lanes()[0].landed, 1U);
  EXPECT_EQ(s.lanes()[0].landed_alone, 0U);
  EXPECT_EQ(s.lanes()[1].attempts, 3U);
  EXPECT_EQ(s.lanes()[1].landed, 2U);
  EXPECT_EQ(s.lanes()[1].landed_alone, 1U);
  EXPECT_EQ(s.lanes()[1].dead, 1U);
  EXPECT_NEAR(s.lanes()[1].landing_rate(), 2.0 / 3.0, 1e-9);
  EXPECT_EQ(s.lanes()[2].landing_rate(), 0.0);
  const auto p50 = s.lanes()[0].latency.quantile(0.5);
  EXPECT_GE(p50, std::chrono::milliseconds(1000)); // from the first send
  EXPECT_LT(p50, std::chrono::milliseconds(1200));
  EXPECT_EQ(s.open(), 0U);
}

TEST(unit_landing_statistics, forget_the_oldest_beyond_their_bound_and_count_it) {
  landing_statistics s(1, 4);
  for (std::uint8_t i = 1; i <= 10; ++i) {
    s.sent(made_signature(i), 0, at_ms(i));
    if (i % 2 == 0) s.landed(made_signature(i), at_ms(i));
  }
  EXPECT_LE(s.open(), 4U);
  EXPECT_EQ(s.forgotten() + s.open(), 5U); // the odd ones
  for (int i = 0; i < 100'000; ++i) {      // ended ones leave nothing behind
    s.sent(made_signature(77), 0, at_ms(i));
    s.dead(made_signature(77));
  }
  EXPECT_LE(s.open(), 4U);
}

TEST(unit_lane_messages, say_what_the_documentation_of_the_lanes_says) {
  const std::string wire("\x01\x02\x03", 3);
  const auto send = send_transaction_text(7, wire);
  for (const auto* part : {R"("id":7)", R"("method":"sendTransaction")", R"("AQID")", R"("encoding":"base64")",
                           R"("skipPreflight":true)", R"("maxRetries":0)"})
    EXPECT_NE(send.find(part), std::string::npos) << send;
  EXPECT_EQ(send_bundle_text(8, std::vector{wire, wire}),
            R"({"jsonrpc":"2.0","id":8,"method":"sendBundle","params":[["AQID","AQID"],{"encoding":"base64"}]})");
  EXPECT_EQ(bundle_statuses_text(9, std::vector<std::string>{"b1", "b\"2"}),
            R"({"jsonrpc":"2.0","id":9,"method":"getBundleStatuses","params":[["b1","b\"2"]]})");
  EXPECT_EQ(tip_accounts_text(1), R"({"jsonrpc":"2.0","id":1,"method":"getTipAccounts","params":[]})");
}

lane_word read(std::string_view text, std::uint64_t id = 1, std::optional<signature> expected = std::nullopt) {
  const solana::padded_text padded(text);
  return read_send_reply(padded.view(), id, expected);
}

TEST(unit_lane_messages, tell_a_well_lane_from_one_that_answers_with_an_error) {
  const auto probe = [](std::string_view text) {
    const solana::padded_text padded(text);
    return read_probe_reply(padded.view(), 1);
  };
  EXPECT_TRUE(probe(R"({"jsonrpc":"2.0","id":1,"result":"ok"})").taken);
  EXPECT_TRUE(probe(R"({"jsonrpc":"2.0","id":1,"result":["96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"]})").taken);
  const auto behind = probe(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"behind by 42 slots"}})");
  EXPECT_FALSE(behind.taken);
  EXPECT_EQ(behind.outcome, call_outcome::stale_slot);
  EXPECT_EQ(probe(R"({"jsonrpc":"2.0","id":2,"result":"ok"})").outcome, call_outcome::bad_data);
  EXPECT_EQ(probe("<html>").outcome, call_outcome::bad_data);
}

TEST(unit_lane_messages, take_a_reply_only_for_the_transaction_that_was_sent) {
  const auto own = solana::to_base58(made_signature(5)), other = solana::to_base58(made_signature(6));
  const auto reply = [](const std::string& s) { return R"({"jsonrpc":"2.0","id":1,"result":")" + s + R"("})"; };
  EXPECT_TRUE(read(reply(own), 1, made_signature(5)).taken);
  EXPECT_EQ(read(reply(other), 1, made_signature(5)).outcome, call_outcome::bad_data);
  EXPECT_EQ(read(reply(own), 2, made_signature(5)).outcome, call_outcome::bad_data);
  EXPECT_TRUE(read(reply("a-bundle")).taken);
  for (const auto* nonsense : {"", "{}", "[]", "null", "<html>", R"({"id":1,"result":7})", R"({"id":1,"result":""})"}) {
    const auto word = read(nonsense);
    EXPECT_FALSE(word.taken) << nonsense;
    EXPECT_EQ(word.outcome, call_outcome::bad_data) << nonsense;
  }
}

TEST(unit_lane_messages, tell_a_lanes_errors_apart_and_never_repeat_its_words) {
  const auto error = [](int code) {
    return read(R"({"jsonrpc":"2.0","id":1,"error":{"code":)" + std::to_string(code) +
                R"(,"message":"canary-key is not allowed"}})");
  };
  EXPECT_EQ(error(-32002).outcome, call_outcome::caller_error);
  EXPECT_EQ(error(-32005).outcome, call_outcome::stale_slot);
  EXPECT_EQ(error(429).outcome, call_outcome::throttled);
  EXPECT_EQ(error(-32602).outcome, call_outcome::caller_error);
  EXPECT_EQ(error(-1).outcome, call_outcome::server_error);
  for (const int code : {-32002, -32005, 429, -32602, -1, -32097}) {
    EXPECT_FALSE(error(code).taken);
    EXPECT_EQ(error(code).why.find("canary"), std::string::npos);
    EXPECT_NE(error(code).why.find(std::to_string(code)), std::string::npos);
  }
}

TEST(unit_lane_messages, read_statuses_of_bundles_and_tip_accounts) {
  const solana::padded_text statuses(
      R"({"jsonrpc":"2.0","result":{"context":{"slot":9},"value":[{"bundle_id":"b1","transactions":["x"],"slot":7,)"
      R"("confirmation_status":"finalized","err":{"Ok":null}},null,{"bundle_id":"b2","slot":8,"err":{"Err":1}}]},"id":1})");
  const auto all = read_bundle_statuses(statuses.view());
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].bundle, "b1");
  EXPECT_EQ((*all)[0].slot, 7U);
  EXPECT_EQ((*all)[0].confirmation, "finalized");
  EXPECT_FALSE((*all)[0].failed);
  EXPECT_TRUE((*all)[1].failed);
  const solana::padded_text tips(R"({"jsonrpc":"2.0","result":[")" + solana::to_base58(made(1)) + R"("],"id":1})");
  EXPECT_EQ(read_tip_accounts(tips.view())->at(0), made(1));
  for (const auto* text : {"", "{}", R"({"result":["x"]})", R"({"result":{"value":[{}]}})", R"({"error":{}})"}) {
    const solana::padded_text nonsense(text);
    EXPECT_FALSE(read_tip_accounts(nonsense.view())) << text;
    EXPECT_FALSE(read_bundle_statuses(nonsense.view())) << text;
  }
}

gate_options small_gate() {
  gate_options o;
  o.rate = {.credits_per_second = 10, .burst_credits = 3};
  o.in_flight_max = 2;
  return o;
}

TEST(unit_lane_gate, bounds_rate_and_requests_under_way) {
  lane_gate g(small_gate(), 1, at_ms(0));
  const auto a = g.enter(at_ms(0)), b = g.enter(at_ms(0));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(g.enter(at_ms(0)).error(), lane_gate::shut::too_many);
  g.over(*a, call_outcome::success, {}, {}, at_ms(1));
  const auto c = g.enter(at_ms(1));
  ASSERT_TRUE(c);
  g.over(*b, call_outcome::success, {}, {}, at_ms(2));
  EXPECT_EQ(g.enter(at_ms(2)).error(), lane_gate::shut::too_fast);
  EXPECT_TRUE(g.enter(at_ms(200)));
}

TEST(unit_lane_gate, rests_as_long_as_a_429_says) {
  lane_gate g(small_gate(), 1, at_ms(0));
  const auto a = g.enter(at_ms(0));
  g.over(*a, call_outcome::throttled, {}, std::chrono::seconds(5), at_ms(10));
  EXPECT_EQ(g.enter(at_ms(4000)).error(), lane_gate::shut::too_fast);
  EXPECT_TRUE(g.enter(at_ms(5500)));
}

TEST(unit_lane_gate, opens_after_failures_and_closes_by_harmless_probes_alone) {
  auto o = small_gate();
  o.rate = {.credits_per_second = 1000, .burst_credits = 1000};
  lane_gate g(o, 1, at_ms(0));
  std::int64_t now = 0;
  while (g.state() == resilience::breaker_state::closed) {
    const auto leave = g.enter(at_ms(++now));
    ASSERT_TRUE(leave);
    g.over(*leave, call_outcome::transport, {}, {}, at_ms(++now));
    ASSERT_LT(now, 100);
  }
  EXPECT_EQ(g.enter(at_ms(++now)).error(), lane_gate::shut::breaker_open);
  EXPECT_FALSE(g.enter_probe(at_ms(now)));
  for (int probes = 0; g.state() != resilience::breaker_state::closed; ++probes) {
    ASSERT_LT(probes, 100);
    now += 1000;
    EXPECT_FALSE(g.enter(at_ms(now))); // never money
    if (const auto leave = g.enter_probe(at_ms(now))) g.over(*leave, call_outcome::success, {}, {}, at_ms(now));
  }
  EXPECT_TRUE(g.enter(at_ms(now + 1)));
}

} // namespace
