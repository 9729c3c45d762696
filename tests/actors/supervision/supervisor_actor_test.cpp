#include "actors/supervision/supervisor_actor.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/behavior.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace sett::supervision {
namespace {

using namespace std::chrono_literals;

struct log_book {
  std::vector<std::string> lines;
  int count(const std::string& line) const { return static_cast<int>(std::count(lines.begin(), lines.end(), line)); }
};

/// Counts integers; a negative one kills it; a string is not handled; asked with an int64 it answers.
class worker : public bounded_actor {
public:
  worker(caf::actor_config& cfg, cell_ptr place, std::shared_ptr<log_book> book)
      : bounded_actor(cfg, std::move(place)), book_(std::move(book)) {}
  caf::behavior make_behavior() override {
    book_->lines.push_back("start " + std::string(cell()->name()));
    return {
        [this](int i) {
          if (i < 0) throw std::runtime_error("negative");
          sum_ += i;
        },
        [this](std::int64_t) { return sum_; },
    };
  }
  void on_exit() override { book_->lines.push_back("stop " + std::string(cell()->name())); }

private:
  std::shared_ptr<log_book> book_;
  int sum_{};
};

struct house {
  explicit house(supervisor_settings settings, int children = 3, std::uint64_t seed = 0) : sys(seed) {
    settings.directory = "/node";
    std::vector<child_spec> specs;
    for (int i = 0; i < children; ++i) specs.push_back(spec("w" + std::to_string(i)));
    cell = reg->add(reg->directory("/"), "node", 1000);
    supervisor = sys.spawn<supervisor_actor>(cell, reg, settings, std::move(specs));
    sys.run();
    book->lines.clear();
  }
  child_spec spec(std::string name, child_kind kind = child_kind::permanent) {
    return {.name = std::move(name),
            .kind = kind,
            .mailbox_bound = 5,
            .start = [b = book](caf::actor_system& s, cell_ptr c) -> caf::actor {
              return s.spawn<worker>(std::move(c), b);
            }};
  }
  caf::actor child(const std::string& name) { return caf::actor_cast<caf::actor>(reg->find("/node/" + name)->self()); }
  actor_cell& place(const std::string& name) { return *reg->find("/node/" + name); }

  std::shared_ptr<registry> reg = std::make_shared<registry>();
  std::shared_ptr<log_book> book = std::make_shared<log_book>();
  test::deterministic_system sys;
  cell_ptr cell;
  caf::actor supervisor;
};

TEST(unit_supervisor, restarts_only_the_crashed_child_under_one_for_one) {
  house h({});
  caf::anon_send(h.child("w1"), -1);
  h.sys.run();
  EXPECT_EQ(h.book->lines, (std::vector<std::string>{"stop w1", "start w1"}));
  EXPECT_EQ(h.place("w1").restarts(), 1u);
  EXPECT_EQ(h.place("w0").restarts(), 0u);
  EXPECT_EQ(h.place("w1").state(), actor_state::running);
  EXPECT_EQ(h.place("w1").crashes().at(0).error, "negative");
}

TEST(unit_supervisor, restarts_all_in_order_under_one_for_all) {
  house h({.how = strategy::one_for_all});
  caf::anon_send(h.child("w1"), -1);
  h.sys.run();
  EXPECT_EQ(h.book->lines,
            (std::vector<std::string>{"stop w1", "stop w2", "stop w0", "start w0", "start w1", "start w2"}));
}

TEST(unit_supervisor, restarts_the_later_ones_under_rest_for_one) {
  house h({.how = strategy::rest_for_one});
  caf::anon_send(h.child("w1"), -1);
  h.sys.run();
  EXPECT_EQ(h.book->lines, (std::vector<std::string>{"stop w1", "stop w2", "start w1", "start w2"}));
}

TEST(unit_supervisor, an_asked_for_restart_takes_along_what_a_crash_would) {
  house h({.how = strategy::rest_for_one});
  ASSERT_TRUE(request_restart(*h.reg, "/node/w1"));
  h.sys.run();
  EXPECT_EQ(h.book->lines, (std::vector<std::string>{"stop w1", "stop w2", "start w1", "start w2"}));
  EXPECT_EQ(h.reg->find("/node/w1")->restarts(), 1u);
  EXPECT_EQ(h.reg->find("/node/w2")->restarts(), 0u);
  h.book->lines.clear();
  ASSERT_TRUE(request_restart(*h.reg, "/node/w2")); // while w0 makes all begin anew
  ASSERT_TRUE(request_restart(*h.reg, "/node/w0"));
  h.sys.run();
  EXPECT_EQ(h.book->count("start w0"), 1);
  for (const std::string name : {"w0", "w1", "w2"}) {
    EXPECT_EQ(h.book->count("start " + name), h.book->count("stop " + name)) << name;
    EXPECT_EQ(h.reg->find("/node/" + name)->state(), protocol::actor_state::running) << name;
  }
}

TEST(unit_supervisor, stops_in_reverse_order_when_asked) {
  house h({});
  send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(h.supervisor), caf::exit_reason::user_shutdown);
  h.sys.run();
  EXPECT_EQ(h.book->lines, (std::vector<std::string>{"stop w2", "stop w1", "stop w0"}));
}

TEST(unit_supervisor, kills_a_child_that_does_not_stop_within_its_grace) {
  class stubborn : public bounded_actor {
  public:
    using bounded_actor::bounded_actor;
    caf::behavior make_behavior() override {
      set_exit_handler([](caf::scheduled_actor*, caf::exit_msg&) {});
      return {[](int) {}};
    }
  };
  house h({}, 0);
  auto spec = h.spec("deaf");
  spec.grace_ns = 500'000'000;
  spec.start = [](caf::actor_system& s, cell_ptr c) -> caf::actor { return s.spawn<stubborn>(std::move(c)); };
  caf::anon_send(h.supervisor, add_child{std::make_shared<const child_spec>(spec)});
  h.sys.run();
  send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(h.supervisor), caf::exit_reason::user_shutdown);
  h.sys.advance(400ms);
  EXPECT_EQ(h.place("deaf").state(), actor_state::stopping);
  h.sys.advance(200ms);
  EXPECT_EQ(h.place("deaf").state(), actor_state::stopped);
}

TEST(unit_supervisor, escalates_after_too_many_crashes_and_takes_its_children_with_it) {
  house h({.restart = {.max_restarts = 2, .backoff_base_ns = 1'000'000}});
  for (int i = 0; i < 3; ++i) {
    caf::anon_send(h.child("w0"), -1 - i);
    h.sys.advance(100ms);
  }
  EXPECT_EQ(h.place("w0").state(), actor_state::failed);
  EXPECT_EQ(h.book->count("stop w2"), 1);
  EXPECT_EQ(h.book->count("stop w1"), 1);
  EXPECT_EQ(h.place("w0").restarts(), 2u);
}

TEST(unit_supervisor, lets_a_supervisor_above_restart_one_that_escalated) {
  auto reg = std::make_shared<registry>();
  auto book = std::make_shared<log_book>();
  test::deterministic_system sys;
  child_spec leaf{.name = "leaf", .start = [book](caf::actor_system& s, cell_ptr c) -> caf::actor {
                    return s.spawn<worker>(std::move(c), book);
                  }};
  child_spec middle{.name = "middle", .start = [&, leaf](caf::actor_system& s, cell_ptr c) -> caf::actor {
                      return s.spawn<supervisor_actor>(
                          std::move(c), reg,
                          supervisor_settings{.directory = "/node/middle", .restart = {.max_restarts = 0}},
                          std::vector<child_spec>{leaf});
                    }};
  auto top = sys.spawn<supervisor_actor>(reg->add(reg->directory("/"), "node", 10), reg,
                                         supervisor_settings{.directory = "/node"}, std::vector<child_spec>{middle});
  sys.run();
  caf::anon_send(caf::actor_cast<caf::actor>(reg->find("/node/middle/leaf")->self()), -1);
  sys.run();
  EXPECT_EQ(reg->find("/node/middle")->restarts(), 1u);
  EXPECT_EQ(book->count("start leaf"), 2);
  EXPECT_EQ(reg->find("/node/middle/leaf")->state(), actor_state::running);
}

TEST(unit_supervisor, takes_its_children_along_when_it_is_killed) {
  house h({});
  send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(h.supervisor), caf::exit_reason::kill);
  h.sys.run();
  EXPECT_EQ(h.book->lines.size(), 3u);
}

TEST(unit_supervisor, restarts_on_request_and_refuses_an_unknown_path) {
  house h({});
  EXPECT_TRUE(request_restart(*h.reg, "/node/w2"));
  EXPECT_FALSE(request_restart(*h.reg, "/node/w9"));
  h.sys.run();
  EXPECT_EQ(h.book->lines, (std::vector<std::string>{"stop w2", "start w2"}));
  EXPECT_EQ(h.place("w2").restarts(), 1u);
}

TEST(unit_supervisor, keeps_its_intensity_under_any_schedule) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    house h({.restart = {.max_restarts = 4, .window_ns = 3600'000'000'000, .backoff_base_ns = 1'000'000}}, 3, seed);
    ports::random rng(seed);
    for (int i = 0; i < 40; ++i) {
      if (auto c = h.child("w" + std::to_string(rng.below(3)))) caf::anon_send(c, -1 - i);
      h.sys.advance(std::chrono::milliseconds(rng.below(50)));
    }
    for (auto w : {"w0", "w1", "w2"}) EXPECT_LE(h.place(w).restarts(), 4u) << seed;
  }
}

TEST(unit_bounded_actor, refuses_what_exceeds_its_bound_and_answers_refused_requests) {
  house h({});
  caf::scoped_actor self{h.sys.system()};
  auto w = h.child("w0");
  for (int i = 0; i < 8; ++i) caf::anon_send(w, 1);
  EXPECT_EQ(h.place("w0").depth(), 5u);
  EXPECT_EQ(h.place("w0").refused(), 3u);
  auto request = self->request(w, 3600s, std::int64_t{1});
  h.sys.run();
  caf::error refusal;
  request.receive([](int) { FAIL(); }, [&](caf::error& e) { refusal = e; });
  EXPECT_EQ(refusal, caf::sec::unavailable_or_would_block) << caf::to_string(refusal);
  EXPECT_EQ(h.place("w0").depth(), 0u);
  EXPECT_EQ(h.place("w0").handled_count(), 5u);
}

TEST(unit_bounded_actor, lets_an_exit_through_a_full_mailbox_and_counts_what_was_left) {
  house h({});
  auto w = h.child("w0");
  for (int i = 0; i < 5; ++i) caf::anon_send(w, 1);
  send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(w), caf::exit_reason::kill);
  h.sys.run();
  EXPECT_EQ(h.place("w0").dead_letters(), 5u);
  EXPECT_EQ(h.place("w0").restarts(), 1u);
  EXPECT_EQ(h.place("w0").depth(), 0u);
  caf::anon_send(w, 1); // to the dead one
  EXPECT_EQ(h.place("w0").dead_letters(), 6u);
}

TEST(unit_bounded_actor, counts_messages_it_does_not_know) {
  house h({});
  caf::anon_send(h.child("w0"), std::string("what"));
  h.sys.run();
  EXPECT_EQ(h.place("w0").dead_letters(), 1u);
  EXPECT_EQ(h.place("w0").restarts(), 0u);
}

TEST(unit_bounded_actor, parks_a_message_that_killed_it_twice_and_lives_on) {
  house h({});
  for (int i = 0; i < 5; ++i) {
    caf::anon_send(h.child("w0"), -7);
    h.sys.advance(1s);
  }
  EXPECT_EQ(h.place("w0").restarts(), 2u);
  EXPECT_EQ(h.place("w0").skipped_poison(), 3u);
  const auto shown = h.reg->show("/node/w0", h.sys.now_ns());
  ASSERT_EQ(shown->crashes.size(), 1u);
  EXPECT_TRUE(shown->crashes[0].parked);
  EXPECT_NE(shown->crashes[0].what.find("-7"), std::string::npos);
}

} // namespace
} // namespace sett::supervision
