#include "actors/supervision/system_config.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <chrono>

namespace sett::supervision {
namespace {

using namespace std::chrono_literals;

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
