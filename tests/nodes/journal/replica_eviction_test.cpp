// Whom a leader takes out of the isr, and how it hands its place over, in a world of three replicas where everything
// but cut links works at once.
#include "nodes/journal/replica.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sett::journal {
namespace {

class trio {
public:
  trio() {
    record_ = {
        .epoch = epoch_number(1), .leader = who(0), .isr = {who(0), who(1), who(2)}, .min_isr = 2, .data_loss = 0};
    for (std::size_t i = 0; i < 3; ++i) {
      replicas_.at(i) = std::make_unique<basic_replica<shipped_rules>>(
          who(i), true, ports::stored_shard{.shard = shard_id(3), .meta = {}, .log = {}}, replica_settings{},
          ports::random(i + 1));
      with(i, [](auto& r, auto now, auto& out) { r.start(now, out); });
    }
    tell_record();
  }

  static member who(std::size_t i) {
    return {.node = *node_id::parse("n" + std::to_string(i + 1)), .incarnation = incarnation_number(1)};
  }
  void cut(std::size_t a, std::size_t b) { cut_.at(a).at(b) = cut_.at(b).at(a) = true; }
  void suspect(std::size_t by, std::size_t whom) {
    with(by, [&](auto& r, auto now, auto& out) { r.suspected(who(whom), true, now, out); });
  }
  void hand_over(std::size_t from, std::size_t to) {
    with(from, [&](auto& r, auto now, auto& out) { EXPECT_TRUE(r.hand_over(who(to), now, out)); });
  }
  void receive(std::size_t at, std::size_t from, const replica_message& m) {
    with(at, [&](auto& r, auto now, auto& out) { r.received(who(from), m, now, out); });
  }
  [[nodiscard]] bool accepts(std::size_t i) const { return !replicas_.at(i)->may_propose(1); }
  bool hold_gos{}, lose_transactions{};
  std::vector<take_over_message> gos; // held
  void pass(std::int64_t ms) {
    for (std::int64_t i = 0; i < ms; i += 10) {
      now_ += 10'000'000;
      for (std::size_t n = 0; n < 3; ++n) with(n, [](auto& r, auto now, auto& out) { r.tick(now, out); });
    }
  }
  [[nodiscard]] const shard_record& record() const { return record_; }
  [[nodiscard]] replica_role role(std::size_t i) const { return replicas_.at(i)->role(); }

private:
  template <class Act>
  void with(std::size_t i, Act act) {
    todo_.emplace_back([this, i, act] {
      replica_output out;
      act(*replicas_.at(i), steady_time_ns(now_), out);
      carry(i, out);
    });
    if (std::exchange(running_, true)) return;
    while (!todo_.empty()) {
      const auto next = std::move(todo_.front());
      todo_.pop_front();
      next();
    }
    running_ = false;
  }
  void carry(std::size_t i, replica_output& out) {
    if (hold_gos)
      std::erase_if(out.sends, [&](const outbound& s) {
        const auto* go = std::get_if<take_over_message>(&s.message);
        if (go != nullptr) gos.push_back(*go);
        return go != nullptr;
      });
    for (auto& s : out.sends)
      for (std::size_t to = 0; to < 3; ++to)
        if (s.to == who(to) && !cut_.at(i).at(to))
          with(to, [from = who(i), m = s.message](auto& r, auto now, auto& o) { r.received(from, m, now, o); });
    for (const auto& w : out.writes) with(i, [id = w.id](auto& r, auto now, auto& o) { r.written(id, now, o); });
    for (const auto& t : out.transactions) {
      if (lose_transactions) {
        with(i, [id = t.id](auto& r, auto now, auto& o) {
          r.transaction_done(id, transaction_result::unknown, 0, now, o);
        });
        continue;
      }
      const bool executed = t.compare_revision == revision_;
      if (executed) {
        record_ = t.next;
        ++revision_;
      }
      with(i, [id = t.id, executed, revision = revision_](auto& r, auto now, auto& o) {
        r.transaction_done(id, executed ? transaction_result::executed : transaction_result::failed, revision, now, o);
      });
      tell_record();
    }
  }
  void tell_record() {
    for (std::size_t i = 0; i < 3; ++i)
      with(i, [record = record_, revision = revision_](auto& r, auto now, auto& o) {
        r.record(record, revision, now, o);
      });
  }

  std::array<std::unique_ptr<basic_replica<shipped_rules>>, 3> replicas_;
  std::array<std::array<bool, 3>, 3> cut_{};
  shard_record record_;
  std::uint64_t revision_{1};
  std::int64_t now_{1'000'000'000};
  std::deque<std::function<void()>> todo_;
  bool running_{};
};

TEST(unit_replica_eviction, a_lost_follower_leaves_the_isr_while_the_other_one_answers) {
  trio t;
  t.pass(100);
  ASSERT_EQ(t.role(0), replica_role::leading);
  t.cut(0, 1);
  t.suspect(0, 1);
  t.pass(50);
  EXPECT_EQ(t.record().isr, (std::vector{trio::who(0), trio::who(2)}));
}

TEST(unit_replica_eviction, a_leader_cut_off_from_all_followers_takes_none_out_and_the_others_go_on_without_it) {
  trio t;
  t.pass(100);
  ASSERT_EQ(t.role(0), replica_role::leading);
  t.cut(0, 1);
  t.cut(0, 2);
  t.suspect(0, 1); // a beat earlier than the other one
  t.pass(100);
  t.suspect(0, 2);
  t.pass(100);
  EXPECT_EQ(t.record().isr.size(), 3U) << "with two left, of which one is cut off, nobody could commit";
  t.suspect(1, 0);
  t.suspect(2, 0);
  t.pass(300);
  EXPECT_NE(t.record().leader, trio::who(0));
  EXPECT_EQ(t.record().isr, (std::vector{trio::who(1), trio::who(2)}));
  EXPECT_TRUE(t.role(1) == replica_role::leading || t.role(2) == replica_role::leading);
}

TEST(unit_replica_hand_over, the_target_leads_and_the_old_leader_follows) {
  trio t;
  t.pass(100);
  t.hand_over(0, 2);
  t.pass(100);
  EXPECT_EQ(t.record().leader, trio::who(2));
  EXPECT_EQ(t.role(2), replica_role::leading);
  EXPECT_EQ(t.role(0), replica_role::follower);
}

TEST(unit_replica_hand_over, a_go_that_comes_after_the_leader_changed_its_mind_is_void) {
  trio t;
  t.pass(100);
  t.hold_gos = true;
  t.hand_over(0, 2);
  EXPECT_FALSE(t.accepts(0));
  t.pass(1'300);
  ASSERT_FALSE(t.gos.empty());
  ASSERT_TRUE(t.accepts(0));
  for (const auto& go : t.gos) t.receive(2, 0, go);
  t.pass(200);
  EXPECT_EQ(t.record().leader, trio::who(0));
  EXPECT_TRUE(t.accepts(0));
}

TEST(unit_replica_hand_over, a_leader_that_cannot_take_its_go_back_accepts_nothing) {
  trio t;
  t.pass(100);
  t.hold_gos = true;
  t.hand_over(0, 2);
  t.lose_transactions = true;
  t.pass(2'000);
  ASSERT_FALSE(t.gos.empty());
  EXPECT_FALSE(t.accepts(0)) << "the go that is under way would lose what is accepted now";
  t.lose_transactions = false;
  t.pass(500);
  EXPECT_TRUE(t.accepts(0));
}

TEST(unit_replica_hand_over, a_log_that_ends_elsewhere_does_not_take_over) {
  trio t;
  t.pass(100);
  t.hold_gos = true;
  t.hand_over(0, 2);
  ASSERT_FALSE(t.gos.empty());
  auto go = t.gos.front();
  go.end = journal_index(go.end.value + 1);
  t.receive(2, 0, go);
  t.pass(100);
  EXPECT_EQ(t.record().leader, trio::who(0));
  t.receive(2, 0, t.gos.front());
  t.pass(100);
  EXPECT_EQ(t.record().leader, trio::who(2));
}

} // namespace
} // namespace sett::journal
