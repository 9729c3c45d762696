#include "actors/supervision/system_config.hpp"
#include "actors/supervision/timer_actor.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace sett::supervision {
namespace {

using namespace std::chrono_literals;
constexpr std::int64_t ms = 1'000'000;

struct clockwork {
  clockwork() {
    place = reg.add(reg.directory("/node"), "timer", 100);
    actor = sys.spawn<timer_actor>(place, service);
    sys.run();
  }
  test::deterministic_system sys;
  registry reg;
  std::shared_ptr<timer_service> service = std::make_shared<timer_service>(sys.system(), 100);
  cell_ptr place;
  caf::actor actor;
};

TEST(sim_timer, fires_in_order_of_due_time_and_never_early) {
  clockwork c;
  std::vector<int> fired;
  (void)c.service->start(30 * ms, [&] { fired.push_back(3); });
  (void)c.service->start(10 * ms, [&] { fired.push_back(1); });
  (void)c.service->start(20 * ms, [&] { fired.push_back(2); });
  c.sys.advance(9ms, 1ms);
  EXPECT_TRUE(fired.empty());
  c.sys.advance(2ms, 1ms);
  EXPECT_EQ(fired, std::vector<int>{1});
  c.sys.advance(30ms, 1ms);
  EXPECT_EQ(fired, (std::vector<int>{1, 2, 3}));
}

TEST(sim_timer, does_not_fire_what_was_cancelled_and_says_when_it_is_too_late) {
  clockwork c;
  int fired = 0;
  const auto a = c.service->start(10 * ms, [&] { ++fired; });
  const auto b = c.service->start(10 * ms, [&] { ++fired; });
  EXPECT_TRUE(c.service->cancel(a));
  EXPECT_FALSE(c.service->cancel(a));
  c.sys.advance(20ms, 1ms);
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(c.service->cancel(b));
  EXPECT_EQ(c.service->waiting(), 0u);
}

TEST(sim_timer, refuses_beyond_its_bound_and_when_it_is_stopped_and_takes_up_again) {
  clockwork c;
  int fired = 0;
  for (int i = 0; i < 100; ++i) EXPECT_NE(c.service->start(10 * ms, [&] { ++fired; }), ports::timer_id::none);
  EXPECT_EQ(c.service->start(10 * ms, [] {}), ports::timer_id::none);
  send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(c.actor), caf::exit_reason::kill);
  c.sys.advance(50ms);
  EXPECT_EQ(c.service->start(10 * ms, [] {}), ports::timer_id::none);
  EXPECT_EQ(fired, 0);
  (void)c.sys.spawn<timer_actor>(c.place, c.service);
  c.sys.run();
  EXPECT_EQ(fired, 100); // all were due
}

TEST(it_running_clock, ends_requests_in_time_and_delivers_to_actors_after_others_with_timeouts_have_ended) {
  struct running : caf::actor_system_config {
    running() { configure(*this, 2); }
  } cfg;
  caf::actor_system system(cfg);
  caf::scoped_actor self{system};
  for (int round = 0; round < 20; ++round) {
    // Spawned with an argument: CAF binds a null reference when a function takes none.
    const auto silent =
        system.spawn([](caf::event_based_actor* s,
                        int) -> caf::behavior { return {[s](int) { return s->make_response_promise<int>(); }}; },
                     0);
    const auto asking = system.spawn(
        [](caf::event_based_actor* s, const caf::actor& whom) -> caf::behavior {
          s->request(whom, 3600s, 1).then([](int) {}); // its timeout is pending when it ends
          return {[](int v) { return v + 1; }};
        },
        silent);
    bool ended = false;
    self->request(silent, 5ms, 1)
        .receive([](int) {}, [&](const caf::error& e) { ended = e == caf::sec::request_timeout; });
    EXPECT_TRUE(ended);
    self->request(asking, 60s, round)
        .receive([&](int v) { EXPECT_EQ(v, round + 1); }, [](const caf::error&) { FAIL(); });
    self->send_exit(asking, caf::exit_reason::kill);
    self->send_exit(silent, caf::exit_reason::kill);
    self->delayed_send(self, 1ms, round);
    self->receive([&](int v) { EXPECT_EQ(v, round); }, caf::after(60s) >> [] { FAIL() << "the message never came"; });
  }
}

} // namespace
} // namespace sett::supervision
