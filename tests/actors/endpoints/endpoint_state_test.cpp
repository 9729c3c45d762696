#include "actors/endpoints/endpoint_pool.hpp"
#include "actors/endpoints/endpoint_state.hpp"
#include "actors/endpoints/retry_after.hpp"
#include "actors/endpoints/source_plan.hpp"

#include <gtest/gtest.h>

#include <map>
#include <rapidcheck/gtest.h>

namespace sett::endpoints {
namespace {

using namespace std::chrono_literals;
using protocol::connection_state;

endpoint_options options(plan_kind plan) {
  endpoint_options o;
  o.name = "one";
  o.http_url = config::secret("http://127.0.0.1:1/");
  o.ws_url = config::secret("ws://127.0.0.1:1/");
  o.plan = plan;
  return o;
}

struct driven {
  steady_time_ns now{1'000'000'000'000};
  endpoint_state state;
  endpoint_effects out;
  explicit driven(endpoint_options o, endpoint_rules rules = {}) : state(std::move(o), rules, stream_id{0}, 7, now) {}

  void tick(duration d) {
    now = resilience::after(now, d);
    out.clear();
    state.tick(now, out);
  }
  template <class Effect>
  std::vector<Effect> of() const {
    std::vector<Effect> found;
    for (const auto& e : out)
      if (const auto* x = std::get_if<Effect>(&e)) found.push_back(*x);
    return found;
  }
  void go_live() {
    out.clear();
    state.start(now, out);
    const auto g = of<open_stream>().at(0).generation;
    out.clear();
    state.on_open(g, now, out);
    std::vector<ingest::rpc_answer> answers;
    for (std::size_t i = 0; i < of<send_text>().size(); ++i) {
      ingest::rpc_answer a;
      a.id = 1 + i;
      a.has_number = true;
      answers.push_back(a);
    }
    out.clear();
    state.on_answers(g, answers, now, out);
  }
  /// Answers an exchange; one result per call.
  void answer(const post_calls& p, call_outcome outcome, std::int64_t code = 0,
              std::optional<duration> retry_after = {}) {
    exchange_result x;
    x.exchange = p.exchange;
    x.outcome = outcome;
    x.latency = 5ms;
    x.retry_after = retry_after;
    if (outcome == call_outcome::success)
      for (const auto& c : p.calls) x.calls.push_back({c.id, outcome_of_code(code), code, false, {}});
    out.clear();
    state.on_exchange(x, now, out);
  }
  [[nodiscard]] protocol::endpoint_status status() const { return state.status(now); }
};

TEST(unit_endpoint_state, subscribes_after_the_opening_and_is_live_when_all_is_confirmed) {
  driven d(options(plan_kind::block_subscribe));
  d.state.start(d.now, d.out);
  const auto g = d.of<open_stream>().at(0).generation;
  d.out.clear();
  d.state.on_open(g, d.now, d.out);
  ASSERT_EQ(d.of<send_text>().size(), 2u);
  EXPECT_TRUE(d.of<send_text>()[0].text.contains("blockSubscribe"));
  EXPECT_TRUE(d.of<send_text>()[1].text.contains("slotSubscribe"));
  ingest::rpc_answer a;
  a.id = 1;
  d.state.on_answers(g, {a}, d.now, d.out);
  EXPECT_EQ(d.status().connection, connection_state::connecting);
  a.id = 2;
  d.state.on_answers(g, {a}, d.now, d.out);
  EXPECT_EQ(d.status().connection, connection_state::live);
}

TEST(unit_endpoint_state, a_lost_connection_is_opened_again_after_a_growing_wait_and_subscribed_anew) {
  driven d(options(plan_kind::block_subscribe));
  d.go_live();
  duration last{0};
  for (int i = 0; i < 4; ++i) {
    const auto lost_at = d.now;
    d.out.clear();
    d.state.on_closed(d.state.generation(), "reset", d.now, d.out);
    EXPECT_EQ(d.of<tell_connection>().at(0).state, connection_state::lost);
    do d.tick(50ms);
    while (d.of<open_stream>().empty());
    last = resilience::elapsed(lost_at, d.now);
    EXPECT_LE(last, d.state.options().reconnect.cap + 50ms);
    const auto g = d.of<open_stream>()[0].generation;
    d.out.clear();
    d.state.on_open(g, d.now, d.out);
    EXPECT_EQ(d.of<send_text>().size(), 2u);
  }
  EXPECT_GT(last, 250ms);
  EXPECT_EQ(d.status().disconnects, 4u);
}

TEST(unit_endpoint_state, news_of_an_older_connection_changes_nothing) {
  driven d(options(plan_kind::block_subscribe));
  d.go_live();
  const auto old = d.state.generation();
  d.state.on_closed(old, "reset", d.now, d.out);
  do d.tick(50ms);
  while (d.of<open_stream>().empty());
  const auto connects = d.status().connects;
  d.out.clear();
  d.state.on_closed(old, "late", d.now, d.out);
  d.state.on_open(old, d.now, d.out);
  EXPECT_TRUE(d.out.empty());
  EXPECT_EQ(d.status().connects, connects);
}

TEST(unit_endpoint_state, a_refused_subscription_ends_the_connection) {
  driven d(options(plan_kind::block_subscribe));
  d.state.start(d.now, d.out);
  const auto g = d.of<open_stream>().at(0).generation;
  d.state.on_open(g, d.now, d.out);
  d.out.clear();
  ingest::rpc_answer a;
  a.id = 1;
  a.error_code = -32601;
  a.error_text = "Method not found";
  d.state.on_answers(g, {a}, d.now, d.out);
  EXPECT_EQ(d.of<close_stream>().size(), 1u);
  EXPECT_TRUE(d.status().last_fault.contains("Method not found"));
}

TEST(unit_endpoint_state, a_stream_that_is_silent_while_the_chain_moves_is_opened_again) {
  driven d(options(plan_kind::block_subscribe));
  d.go_live();
  d.state.on_progress(d.state.generation(), d.now, slot_number{100});
  d.state.on_head(slot_number{100});
  d.tick(1s);
  EXPECT_TRUE(d.of<close_stream>().empty());
  d.state.on_head(slot_number{112});
  d.tick(2s);
  EXPECT_EQ(d.of<close_stream>().size(), 1u);
  EXPECT_EQ(d.of<tell_connection>().at(0).state, connection_state::silent);
}

TEST(unit_endpoint_state, a_lone_stream_is_silent_after_its_longest_silence) {
  driven d(options(plan_kind::block_subscribe));
  d.go_live();
  d.tick(9s);
  EXPECT_TRUE(d.of<close_stream>().empty());
  d.tick(1s);
  EXPECT_EQ(d.of<close_stream>().size(), 1u);
}

TEST(unit_endpoint_state, slots_are_asked_for_and_a_block_that_is_not_there_yet_is_asked_again) {
  driven d(options(plan_kind::slot_get_block));
  d.go_live();
  d.state.on_slots(d.state.generation(), {{slot_number{50}, slot_number{49}, slot_status::processed}}, d.now, d.out);
  d.tick(100ms);
  EXPECT_TRUE(d.of<post_calls>().empty());
  d.tick(800ms);
  auto posts = d.of<post_calls>();
  ASSERT_EQ(posts.size(), 1u);
  EXPECT_TRUE(posts[0].body.contains("getBlock"));
  d.answer(posts[0], call_outcome::success, -32004);
  d.tick(500ms);
  posts = d.of<post_calls>();
  ASSERT_EQ(posts.size(), 1u);
  EXPECT_EQ(posts[0].calls[0].slot.value, 50u);
  d.answer(posts[0], call_outcome::success);
  d.tick(5s);
  EXPECT_TRUE(d.of<post_calls>().empty());
}

TEST(unit_endpoint_state, a_fetch_is_retried_and_its_failure_told_once) {
  driven d(options(plan_kind::none));
  d.state.fetch_block({stream_id{0}, slot_number{9}}, d.now, d.out);
  int tries = 0;
  std::size_t told = 0;
  for (int i = 0; i < 400 && told == 0; ++i) {
    for (const auto& p : d.of<post_calls>()) {
      ++tries;
      d.answer(p, call_outcome::timeout);
    }
    told += d.of<tell_unavailable>().size();
    d.tick(50ms);
  }
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(told, 1u);
}

TEST(unit_endpoint_state, a_skipped_slot_is_told_as_skipped) {
  driven d(options(plan_kind::none));
  d.state.fetch_block({stream_id{0}, slot_number{9}}, d.now, d.out);
  d.answer(d.of<post_calls>().at(0), call_outcome::success, -32007);
  ASSERT_EQ(d.of<tell_unavailable>().size(), 1u);
  EXPECT_EQ(d.of<tell_unavailable>()[0].note.why, protocol::fetch_outcome::skipped);
}

TEST(unit_endpoint_state, late_and_repeated_replies_are_counted_and_nothing_else) {
  driven d(options(plan_kind::none));
  d.state.fetch_block({stream_id{0}, slot_number{9}}, d.now, d.out);
  const auto p = d.of<post_calls>().at(0);
  d.answer(p, call_outcome::success);
  d.answer(p, call_outcome::timeout);
  d.answer(p, call_outcome::success, -32007);
  EXPECT_TRUE(d.out.empty());
  EXPECT_EQ(d.status().late_replies, 2u);
  EXPECT_EQ(d.status().in_flight, 0u);
}

TEST(unit_endpoint_state, an_open_breaker_refuses_at_once_and_probes_close_it) {
  driven d(options(plan_kind::none));
  for (int i = 0; i < 40 && d.status().breakers[0] == "closed"; ++i) {
    d.out.clear();
    d.state.fetch_block({stream_id{0}, slot_number{static_cast<std::uint64_t>(i)}}, d.now, d.out);
    for (const auto& p : d.of<post_calls>()) d.answer(p, call_outcome::transport);
    d.tick(200ms);
    for (const auto& p : d.of<post_calls>()) d.answer(p, call_outcome::transport);
  }
  ASSERT_EQ(d.status().breakers[0], "open");
  d.out.clear();
  d.state.fetch_block({stream_id{0}, slot_number{500}}, d.now, d.out);
  EXPECT_TRUE(d.of<post_calls>().empty());
  EXPECT_EQ(d.of<tell_unavailable>().size(), 1u);
  for (int i = 0; i < 200 && d.status().breakers[0] != "closed"; ++i) {
    d.tick(100ms);
    for (const auto& p : d.of<post_calls>()) {
      EXPECT_EQ(p.calls[0].kind, call_kind::probe) << "only probes go meanwhile";
      d.answer(p, call_outcome::success);
    }
  }
  EXPECT_EQ(d.status().breakers[0], "closed");
}

TEST(unit_endpoint_state, transactions_share_requests_and_the_batch_shrinks_when_they_fail) {
  auto o = options(plan_kind::logs_get_transaction);
  o.lanes.in_flight_max = 64;
  o.rate.burst_credits = 1000;
  o.rate.credits_per_second = 10000;
  driven d(o);
  d.go_live();
  std::size_t largest = 0;
  std::uint64_t n = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<ingest::log_hit> hits(20);
    for (auto& h : hits) h = {slot_number{100 + n / 40}, sett::signature{}, n++ % 10 == 0};
    d.out.clear();
    d.state.on_logs(d.state.generation(), hits, d.now, d.out);
    auto posts = d.of<post_calls>();
    while (!posts.empty()) {
      const auto p = posts.back();
      posts.pop_back();
      largest = std::max(largest, p.calls.size());
      d.answer(p, call_outcome::success);
      for (const auto& more : d.of<post_calls>()) posts.push_back(more);
    }
  }
  EXPECT_EQ(largest, 8u);
  EXPECT_EQ(d.status().calls, 540u) << "failed transactions are not fetched";
  d.out.clear();
  d.state.on_logs(d.state.generation(), std::vector<ingest::log_hit>(8, {slot_number{900}, {}, false}), d.now, d.out);
  d.answer(d.of<post_calls>().at(0), call_outcome::timeout);
  EXPECT_EQ(d.status().batch_size, 4u);
}

RC_GTEST_PROP(unit_endpoint_state, sends_no_faster_than_the_limit_whatever_comes_back, (std::uint64_t seed)) {
  ports::random rng(seed);
  auto o = options(plan_kind::none);
  o.rate.credits_per_second = 1.0 + static_cast<double>(rng.below(30));
  o.rate.burst_credits = 1.0 + static_cast<double>(rng.below(10));
  driven d(o);
  std::vector<steady_time_ns> sent;
  std::vector<post_calls> open;
  steady_time_ns blocked_until{0};
  const auto see = [&] {
    for (const auto& p : d.of<post_calls>()) {
      RC_ASSERT(d.now >= blocked_until);
      for (std::size_t i = 0; i < p.calls.size(); ++i) sent.push_back(d.now);
      open.push_back(p);
    }
  };
  for (int i = 0; i < 400; ++i) {
    d.out.clear();
    if (rng.chance(0.7)) d.state.fetch_block({stream_id{0}, slot_number{rng.below(1000)}}, d.now, d.out);
    see();
    if (!open.empty() && rng.chance(0.8)) {
      const auto k = rng.below(open.size());
      const auto p = open[k];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(k));
      const auto how = rng.below(4);
      const bool throttle = how == 0;
      const auto wait = std::chrono::milliseconds(100 + rng.below(3000));
      if (throttle) blocked_until = std::max(blocked_until, resilience::after(d.now, wait));
      d.answer(p,
               throttle   ? call_outcome::throttled
               : how == 1 ? call_outcome::timeout
                          : call_outcome::success,
               0, throttle ? std::optional<duration>(wait) : std::nullopt);
      see();
    }
    d.tick(std::chrono::milliseconds(rng.below(200)));
    see();
    RC_ASSERT(d.status().in_flight <= o.lanes.in_flight_max);
  }
  for (std::size_t i = 0; i < sent.size(); ++i)
    for (std::size_t j = i; j < sent.size(); ++j)
      RC_ASSERT(static_cast<double>(j - i + 1) <=
                o.rate.burst_credits +
                    o.rate.credits_per_second * resilience::seconds(resilience::elapsed(sent[i], sent[j])) + 1e-6);
}

TEST(unit_endpoint_state, overload_is_shed_and_told_not_kept) {
  driven d(options(plan_kind::none));
  d.out.clear();
  for (std::uint64_t s = 0; s < 2000; ++s) d.state.fetch_block({stream_id{0}, slot_number{s}}, d.now, d.out);
  EXPECT_GT(d.status().shed, 1000u);
  EXPECT_EQ(d.of<tell_unavailable>().size(), d.status().shed);
  EXPECT_LE(d.status().waiting, 256u);
}

TEST(unit_part_closer, closes_a_slot_when_later_ones_came_and_never_the_first_or_a_broken_one) {
  part_closer c;
  const auto announce = [&](std::uint64_t s) { c.slot({slot_number{s}, slot_number{s - 1}, slot_status::processed}); };
  for (std::uint64_t s = 10; s <= 12; ++s) announce(s);
  c.asked(slot_number{11});
  c.asked(slot_number{12});
  for (std::uint64_t s = 13; s <= 16; ++s) announce(s);
  auto done = c.close(commitment::confirmed);
  ASSERT_EQ(done.size(), 1u) << "10 is the first, 11 and 12 wait";
  EXPECT_EQ(done[0].slot.value, 13u);
  EXPECT_TRUE(done[0].complete);
  c.answered(slot_number{11}, true);
  c.answered(slot_number{12}, false);
  done = c.close(commitment::confirmed);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].slot.value, 11u);
  EXPECT_EQ(done[0].parent.value, 10u);
}

TEST(unit_source_plan, states_cost_in_requests_and_credits_and_says_why_a_plan_is_out) {
  auto o = options(plan_kind::none);
  o.level = commitment::confirmed;
  o.method_costs = {{"getBlock", 10}};
  o.credits_per_month = 10e6;
  const auto c = cost_of(plan_kind::slot_get_block, o);
  EXPECT_TRUE(c.possible);
  EXPECT_NEAR(c.requests_per_second, 2.5 * 0.01 + 2.5 + 2.5 * 0.95 * 0.1, 1e-9);
  EXPECT_NEAR(c.credits_per_second, 10 * c.requests_per_second, 1e-9);
  EXPECT_NEAR(c.credits_per_month, c.credits_per_second * 30 * 86400, 1e-3);
  EXPECT_FALSE(cost_of(plan_kind::yellowstone_grpc, o).possible);
  o.level = commitment::processed;
  EXPECT_EQ(cost_of(plan_kind::slot_get_block, o).why_not, "knows no processed commitment");
  o.level = commitment::confirmed;
  EXPECT_EQ(best_plan(o), plan_kind::slot_get_block);
  o.grpc_url = config::secret("http://127.0.0.1:1");
  EXPECT_EQ(best_plan(o), plan_kind::yellowstone_grpc);
  EXPECT_EQ(plan_costs(o).size(), 5u);
}

TEST(unit_endpoint_pool, prefers_the_fast_and_healthy_and_never_leaves_a_call_without_an_endpoint) {
  endpoint_pool pool({});
  ports::random rng(3);
  const steady_time_ns now{1'000'000'000};
  EXPECT_FALSE(pool.choose(method_class::block, resilience::lane::scans, 0, now, rng));
  for (std::uint16_t i = 0; i < 3; ++i) pool.add(endpoint_index{i});
  pool.update({.endpoint = endpoint_index{0}, .open = {}, .latency_ms = 10}, now);
  pool.update({.endpoint = endpoint_index{1}, .open = {}, .latency_ms = 100}, now);
  pool.update(
      {.endpoint = endpoint_index{2}, .open = {true, true, true}, .latency_ms = 10, .waiting = 0, .failures = 9}, now);
  std::map<int, int> chosen;
  for (int i = 0; i < 1000; ++i)
    ++chosen[pool.choose(method_class::block, resilience::lane::scans, 0, now, rng)->value];
  EXPECT_GT(chosen[0], chosen[1] * 5);
  EXPECT_GT(chosen[1], 0);
  EXPECT_EQ(chosen[2], 0);
  EXPECT_EQ(pool.choose(method_class::block, resilience::lane::exits, 0b001, now, rng)->value, 1);
  EXPECT_TRUE(pool.choose(method_class::block, resilience::lane::scans, ~std::uint64_t{0}, now, rng));
}

TEST(unit_retry_after, reads_seconds_and_dates_and_nothing_else) {
  const wall_time_ns now{784'111'777LL * 1'000'000'000}; // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after(" 0.5 ", now), 500ms);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), 10s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:27 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), 24h);
  for (const char* bad : {"", "soon", "-1", "12x", "Sun, 06 Foo 1994 08:49:47 GMT", "Sun, 99 Nov 1994 08:49:47 GMT"})
    EXPECT_FALSE(parse_retry_after(bad, now)) << bad;
}

} // namespace
} // namespace sett::endpoints
