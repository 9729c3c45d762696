// One conversation step by step: two sessions whose frames the test carries by hand.
#include "nodes/transport/session.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace sett::transport {
namespace {

constexpr std::int64_t ms = millisecond_ns;

struct end {
  end(member self, member peer, const session_options& o)
      : talk(self, peer, ports::lane::command, o, numbers, counts, 0) {}
  /// The next frame's bytes, if one is due.
  std::optional<std::string> says(std::int64_t now) {
    reset = talk.tick(now) || reset;
    frame_header h;
    if (!talk.due(now) || !talk.next_frame(now, writer, h)) return std::nullopt;
    return std::string(writer.finish(h));
  }
  void hears(const std::string& bytes, std::int64_t now) {
    frame f;
    ASSERT_TRUE(decode_frame(bytes, f));
    last = f.header;
    session::receipt r{.packets = got};
    talk.receive(f, now, r);
    reset = r.reset || reset;
  }
  bool send(std::string body, std::int64_t now, std::int64_t deadline_ns = 0, bool fleeting = false) {
    ports::packet p;
    p.lane = ports::lane::command;
    p.fleeting = fleeting;
    p.deadline_ns = deadline_ns;
    p.body = std::move(body);
    return talk.send(std::move(p), now);
  }
  std::uint64_t numbers{};
  session_counters counts;
  frame_writer writer;
  session talk;
  frame_header last;
  std::vector<ports::packet> got;
  bool reset{};
};

struct unit_session : testing::Test {
  member n1{*node_id::parse("n1"), incarnation_number(1)}, n2{*node_id::parse("n2"), incarnation_number(1)};
  session_options options;
  std::optional<end> a, b;
  void SetUp() override { begin(); }
  void begin() {
    a.emplace(n1, n2, options);
    b.emplace(n2, n1, options);
    quiet(0);
    ASSERT_TRUE(a->talk.open());
    ASSERT_TRUE(b->talk.open());
  }
  /// Carries everything until both have nothing to say.
  void quiet(std::int64_t now) {
    for (int i = 0; i < 1'000; ++i) {
      const auto from_a = a->says(now), from_b = b->says(now);
      if (from_a) b->hears(*from_a, now);
      if (from_b) a->hears(*from_b, now);
      if (!from_a && !from_b) return;
    }
    FAIL() << "they never fall silent";
  }
  static std::string bodies(const end& e) {
    std::string all;
    for (const auto& p : e.got) all += p.body;
    return all;
  }
};

TEST_F(unit_session, everything_that_waits_goes_out_in_one_frame) {
  for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(a->send(body, ms));
  const auto one = a->says(ms);
  ASSERT_TRUE(one);
  EXPECT_FALSE(a->says(ms));
  b->hears(*one, ms);
  EXPECT_EQ(bodies(*b), "abc");
}

TEST_F(unit_session, an_acknowledgement_waits_for_a_frame_to_ride_on_but_not_for_ever) {
  ASSERT_TRUE(a->send("x", ms));
  b->hears(*a->says(ms), ms);
  EXPECT_FALSE(b->says(ms + 1));
  EXPECT_EQ(b->talk.wake_at_ns(ms), ms + options.ack_delay_ns);
  a->hears(*b->says(ms + options.ack_delay_ns), 2 * ms + options.ack_delay_ns);
  EXPECT_EQ(a->talk.queued_packets(), 0U);
  EXPECT_EQ(a->talk.queued_bytes(), 0U);
}

TEST_F(unit_session, a_gap_is_mended_at_once_by_sending_again) {
  ASSERT_TRUE(a->send("1", ms));
  static_cast<void>(a->says(ms)); // lost
  ASSERT_TRUE(a->send("2", ms));
  b->hears(*a->says(ms), ms);
  EXPECT_TRUE(b->got.empty());
  const auto miss = b->says(ms);
  ASSERT_TRUE(miss);
  a->hears(*miss, ms);
  EXPECT_TRUE(a->last.resend);
  b->hears(*a->says(ms), ms);
  EXPECT_EQ(bodies(*b), "12");
}

TEST_F(unit_session, what_is_lost_at_the_end_is_sent_again_after_a_time_alone_and_ever_more_seldom) {
  options.frame_packets_max = 1;
  begin();
  for (const char* body : {"1", "2", "3"}) ASSERT_TRUE(a->send(body, ms));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(a->says(ms)); // all lost
  EXPECT_FALSE(a->says(ms));
  std::int64_t now = ms + options.resend_after_ns, pause = options.resend_after_ns;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(a->says(now - 1));
    ASSERT_TRUE(a->says(now)); // the first packet only
    EXPECT_FALSE(a->says(now));
    now += pause;
    pause = std::min(2 * pause, options.resend_after_ns_max);
  }
  const auto heard = a->says(now);
  ASSERT_TRUE(heard);
  b->hears(*heard, now);
  quiet(now);
  EXPECT_EQ(bodies(*b), "123");
}

TEST_F(unit_session, a_fleeting_packet_is_never_late_never_doubled_and_never_sent_again) {
  ASSERT_TRUE(a->send("old", ms, 0, true));
  const auto old = *a->says(ms);
  ASSERT_TRUE(a->send("new", ms, 0, true));
  const auto fresh = *a->says(ms);
  b->hears(fresh, ms);
  b->hears(old, ms);
  b->hears(fresh, ms);
  EXPECT_EQ(bodies(*b), "new");
  EXPECT_EQ(a->talk.queued_packets(), 0U);
}

TEST_F(unit_session, a_fleeting_packet_does_not_overtake_what_was_sent_before_it) {
  ASSERT_TRUE(a->send("first", ms));
  const auto first = *a->says(ms);
  ASSERT_TRUE(a->send("news", ms, 0, true));
  const auto news = *a->says(ms);
  b->hears(news, ms);
  b->hears(first, ms);
  EXPECT_EQ(bodies(*b), "first");
}

TEST_F(unit_session, the_queue_is_bounded_in_bytes_and_in_packets_and_refusals_are_counted) {
  options.queue_packets_max = 3;
  options.queue_bytes_max = 1'000;
  begin();
  EXPECT_TRUE(a->send("1", ms));
  EXPECT_FALSE(a->send(std::string(1'000, 'x'), ms));
  EXPECT_TRUE(a->send("2", ms));
  EXPECT_TRUE(a->send("3", ms));
  EXPECT_FALSE(a->send("4", ms));
  EXPECT_EQ(a->counts.refused_full, 2U);
  EXPECT_FALSE(a->send(std::string(ports::body_bytes_max + 1, 'x'), ms));
  EXPECT_EQ(a->counts.refused_large, 1U);
}

TEST_F(unit_session, no_more_is_under_way_than_the_receiver_grants) {
  options.window_bytes_max = 300;
  options.frame_packets_max = 1;
  begin();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(a->send(std::string(68, 'x'), ms)); // 100 bytes each with their overhead
  std::vector<std::string> under_way;
  while (const auto f = a->says(ms)) under_way.push_back(*f);
  EXPECT_EQ(under_way.size(), 3U);
  for (const auto& f : under_way) b->hears(f, ms);
  EXPECT_TRUE(b->last.ack_now); // the sender waits
  quiet(ms);
  EXPECT_EQ(b->got.size(), 10U);
}

TEST_F(unit_session, a_deadline_shrinks_while_it_waits_and_what_is_too_late_is_not_delivered) {
  ASSERT_TRUE(a->send("late", 10 * ms, 5 * ms));
  ASSERT_TRUE(a->send("in time", 10 * ms, 50 * ms));
  b->hears(*a->says(20 * ms), 20 * ms);
  ASSERT_EQ(bodies(*b), "in time");
  EXPECT_EQ(b->got[0].deadline_ns, 40 * ms);
  EXPECT_EQ(a->counts.packets_expired, 1U);
  // Sent once, lost, and too late when it is sent again: its place in the sequence stays, its body does not come.
  ASSERT_TRUE(a->send("lost", 20 * ms, 5 * ms));
  static_cast<void>(a->says(20 * ms));
  ASSERT_TRUE(a->send("next", 30 * ms));
  b->hears(*a->says(30 * ms), 30 * ms);
  quiet(30 * ms);
  EXPECT_EQ(bodies(*b), "in timenext");
}

TEST_F(unit_session, a_peer_away_for_too_long_ends_the_session_on_both_sides_and_old_frames_are_refused) {
  ASSERT_TRUE(a->send("kept", ms));
  const auto old = *a->says(ms);
  b->hears(old, ms);
  ASSERT_TRUE(a->send("lost", 2 * ms));
  std::int64_t now = 2 * ms;
  for (; !a->reset && now < 30'000 * ms; now += 10 * ms) static_cast<void>(a->says(now));
  EXPECT_TRUE(a->reset);
  EXPECT_NEAR(static_cast<double>(now), static_cast<double>(options.give_up_after_ns), 100.0 * ms);
  EXPECT_EQ(a->talk.queued_packets(), 0U);
  EXPECT_FALSE(b->reset);
  now += options.open_after_ns; // the first attempt was lost too
  quiet(now);
  EXPECT_TRUE(b->reset);
  ASSERT_TRUE(a->send("again", now));
  quiet(now);
  b->hears(old, now);
  EXPECT_EQ(bodies(*b), "keptagain");
  EXPECT_EQ(b->counts.old_frames, 1U);
  EXPECT_EQ(a->counts.resets, 1U);
  EXPECT_EQ(b->counts.resets, 1U);
}

TEST_F(unit_session, an_idle_conversation_says_nothing_and_asks_for_no_timer) {
  ASSERT_TRUE(a->send("x", ms));
  quiet(ms);
  quiet(ms + options.ack_delay_ns);
  EXPECT_EQ(a->talk.wake_at_ns(ms + options.ack_delay_ns), never_ns);
  EXPECT_EQ(b->talk.wake_at_ns(ms + options.ack_delay_ns), never_ns);
  EXPECT_FALSE(a->says(3'600'000 * ms));
}

} // namespace
} // namespace sett::transport
