#include "actors/buses/bus_actor.hpp"
#include "actors/supervision/supervisor_actor.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/market_events.hpp"

#include <caf/behavior.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace sett::buses {
namespace {

using namespace std::chrono_literals;

TEST(unit_bus_queue, accounts_for_every_value_and_gives_the_last_of_each_key) {
  ports::random rng(1);
  bus_queue<std::pair<int, int>, int> q(10, [](const auto& v) { return v.first; });
  std::map<int, int> last;
  for (int i = 0; i < 5000; ++i) {
    const int key = static_cast<int>(rng.below(25));
    q.offer({key, i});
    last[key] = i;
    ASSERT_LE(q.size(), 10u);
    if (rng.chance(0.1)) {
      for (const auto& [k, v] : q.take(rng.below(12))) {
        ASSERT_EQ(v, last[k]); // never an older one
      }
    }
    const auto& c = q.counts();
    ASSERT_EQ(c.offered, c.taken + c.coalesced + c.dropped + q.size());
  }
  EXPECT_GT(q.counts().dropped, 0u);
  EXPECT_GT(q.counts().coalesced, 0u);
}

TEST(unit_bus_queue, drops_the_oldest_and_counts_it) {
  bus_queue<int> q(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(q.offer(i), offer_result::queued);
  EXPECT_EQ(q.offer(3), offer_result::dropped_oldest);
  EXPECT_EQ(q.take(10), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(q.counts().dropped, 1u);
}

protocol::price_update price(std::uint64_t token, double p) {
  protocol::price_update u;
  u.mint = test::make_mint(token);
  u.price = p;
  return u;
}

class listener : public supervision::bounded_actor {
public:
  listener(caf::actor_config& cfg, supervision::cell_ptr place, std::shared_ptr<std::map<mint_address, double>> seen,
           bool answers)
      : bounded_actor(cfg, std::move(place)), seen_(std::move(seen)), answers_(answers) {}
  caf::behavior make_behavior() override {
    return {[this](const bus_batch<protocol::price_update>& b) {
      for (const auto& u : b.values) (*seen_)[u.mint] = u.price;
      if (answers_) send(caf::actor_cast<caf::actor>(current_sender()), bus_next{});
    }};
  }

private:
  std::shared_ptr<std::map<mint_address, double>> seen_;
  bool answers_;
};

struct stage {
  stage() {
    actor = sys.spawn<bus_actor<protocol::price_update>>(reg.add(reg.directory("/node"), "market", 1000), shared,
                                                         50'000'000);
    sys.run();
  }
  std::shared_ptr<std::map<mint_address, double>> listen(const std::string& name, bool answers = true) {
    auto seen = std::make_shared<std::map<mint_address, double>>();
    listeners.push_back(sys.spawn<listener>(reg.add(reg.directory("/node"), name, 10), seen, answers));
    caf::anon_send(actor, bus_subscribe{listeners.back()});
    sys.run();
    return seen;
  }
  supervision::registry reg;
  std::shared_ptr<market_bus> shared = std::make_shared<market_bus>();
  test::deterministic_system sys;
  caf::actor actor;
  std::vector<caf::actor> listeners;
};

TEST(sim_bus, always_delivers_the_last_price_of_every_key) {
  stage s;
  const auto seen = s.listen("a");
  ports::random rng(5);
  std::map<mint_address, double> last;
  for (int i = 0; i < 20'000; ++i) {
    const auto token = rng.below(500);
    (void)s.shared->publish(price(token, i));
    last[test::make_mint(token)] = i;
    if (rng.chance(0.01)) s.sys.advance(7ms);
  }
  s.sys.advance(1s);
  EXPECT_EQ(*seen, last);
  EXPECT_GT(s.shared->counts().coalesced, 1000u);
  EXPECT_EQ(s.shared->counts().dropped, 0u);
}

TEST(sim_bus, lets_a_slow_subscriber_lose_only_its_own_and_counts_it) {
  stage s;
  const auto fast = s.listen("fast");
  const auto slow = s.listen("slow", false);
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (std::uint64_t t = 0; t < 9'000; ++t) (void)s.shared->publish(price(round * 9'000 + t, 1));
    s.sys.advance(1s);
  }
  EXPECT_EQ(fast->size(), 27'000u);
  EXPECT_EQ(slow->size(), 256u); // one batch, never asked for more
  EXPECT_EQ(s.shared->counts().subscriber_dropped, 27'000u - 256u - market_bus::queue(10'000).capacity());
}

TEST(sim_bus, says_unheard_without_subscribers_and_closed_when_it_is_gone) {
  stage s;
  EXPECT_EQ(s.shared->publish(price(1, 1)), publish_result::unheard);
  const auto seen = s.listen("a");
  EXPECT_EQ(s.shared->publish(price(1, 1)), publish_result::queued);
  EXPECT_EQ(s.shared->publish(price(1, 2)), publish_result::coalesced);
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(s.listeners[0]), caf::exit_reason::kill);
  s.sys.advance(1s);
  EXPECT_EQ(s.shared->counts().subscribers, 0u);
  s.shared->subscribers(1); // somebody listened a moment ago
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(s.actor), caf::exit_reason::kill);
  s.sys.run();
  s.shared->subscribers(1);
  EXPECT_EQ(s.shared->publish(price(1, 3)), publish_result::closed);
  EXPECT_EQ(s.shared->counts().closed, 1u);
}

TEST(sim_bus, works_again_after_its_actor_was_restarted_and_subscribers_came_back) {
  stage s;
  (void)s.listen("a");
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(s.actor), caf::exit_reason::kill);
  s.sys.run();
  s.actor =
      s.sys.spawn<bus_actor<protocol::price_update>>(s.reg.add(s.reg.directory("/node"), "market", 1000), s.shared, 0);
  s.sys.run();
  const auto seen = s.listen("b");
  (void)s.shared->publish(price(4, 4));
  s.sys.advance(100ms);
  EXPECT_EQ(seen->size(), 1u);
}

TEST(unit_bus, keeps_its_capacity_and_its_account_under_many_publishing_threads) {
  test::deterministic_system sys; // the actor does not run while they publish: nothing is taken
  supervision::registry reg;
  auto shared = std::make_shared<signal_bus>();
  (void)sys.spawn<bus_actor<protocol::opportunity>>(reg.add(reg.directory("/n"), "signal", 10), shared, 0);
  sys.run();
  shared->subscribers(1);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) (void)shared->publish(protocol::opportunity{});
      });
  }
  const auto c = shared->counts();
  EXPECT_EQ(c.published, 4000u);
  EXPECT_EQ(c.waiting, 1000u);
  EXPECT_EQ(c.dropped, 3000u);
  EXPECT_EQ(c.capacity, 1000u);
}

} // namespace
} // namespace sett::buses
