// The router with its token and wallet actors, on the deterministic scheduler and on real threads: whatever is killed,
// passivated, undone or refused, the figures equal the recording's.
#include "actors/market/quote_coins.hpp"
#include "actors/market/token_actor.hpp"
#include "actors/routing/event_router_actor.hpp"
#include "actors/supervision/restart_request.hpp"
#include "actors/wallets/wallet_actor.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "nodes/store/rocksdb_store_io.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/market_events.hpp"
#include "tests/support/memory_snapshot_store.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <unistd.h>

namespace sett::routing {
namespace {

using namespace std::chrono_literals;
using test::make_mint;
using test::make_wallet;

std::string hex(std::string_view bytes) {
  std::string s;
  for (const char c : bytes) s += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return s;
}
std::string hex(const address& a) { return hex({reinterpret_cast<const char*>(a.bytes.data()), 32}); }
std::optional<std::string> from_hex(std::string_view text) {
  std::string s;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    s += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  return s;
}

event_router_options options() {
  event_router_options o;
  o.make_token = market::token_factory(std::make_shared<const market::token_outlets>());
  o.make_wallet = wallets::wallet_factory();
  o.key_format = {[](std::string_view n) { return hex(n); }, from_hex};
  return o;
}

struct node {
  explicit node(std::uint64_t seed = 0, event_router_options o = options()) : sys(seed) { boot(std::move(o)); }
  void boot(event_router_options o) {
    router_cell = reg->add(reg->directory("/node"), "router", 100'000);
    router = sys.spawn<event_router_actor>(router_cell, reg, store, std::move(o));
    sys.run();
  }
  void play(const block_update_ptr& u) { caf::anon_send(router, protocol::chain_update{u, {}}); }
  void root(std::uint64_t slot) { caf::anon_send(router, protocol::slot_rooted{slot_number{slot}}); }
  template <class Answer, class Request>
  std::optional<Answer> ask(const Request& request) {
    caf::scoped_actor self{sys.system()};
    auto pending = self->request(router, 3600s, request);
    for (int i = 0; i < 300; ++i) {
      sys.advance(10ms);
      if (self->has_next_message()) break;
    }
    std::optional<Answer> answer;
    pending.receive([&](Answer& a) { answer = std::move(a); }, [&](caf::error& e) { failure = caf::to_string(e); });
    return answer;
  }
  std::optional<protocol::token_detail> token(std::uint64_t n) {
    return ask<protocol::token_detail>(protocol::token_show_request{make_mint(n)});
  }
  protocol::router_status status() { return *ask<protocol::router_status>(protocol::router_status_request{}); }
  cell_ptr place(std::uint64_t token) { return reg->find("/node/tokens/" + hex(make_mint(token))); }
  void kill(std::uint64_t token) {
    if (const auto c = place(token)) supervision::send_exit_urgent(c->self(), caf::exit_reason::kill);
  }

  std::shared_ptr<supervision::registry> reg = std::make_shared<supervision::registry>();
  std::shared_ptr<test::memory_snapshot_store> store = std::make_shared<test::memory_snapshot_store>();
  test::deterministic_system sys;
  cell_ptr router_cell;
  caf::actor router;
  std::string failure;
};

market::token_state reference(const test::recording& r, std::uint64_t token) {
  market::token_state s(make_mint(token));
  for (const auto& b : r.blocks)
    for (const auto& e : b->batch.events) (void)s.apply({b->slot, b->block_time}, b->batch, e);
  return s;
}

void expect_equal(const protocol::token_detail& shown, const protocol::token_detail& wanted, const std::string& what) {
  EXPECT_EQ(shown.summary.counts.swaps, wanted.summary.counts.swaps) << what;
  EXPECT_TRUE(shown.summary.counts == wanted.summary.counts) << what;
  EXPECT_EQ(shown.summary.price, wanted.summary.price) << what;
  EXPECT_EQ(shown.summary.holders_seen, wanted.summary.holders_seen) << what;
  EXPECT_EQ(shown.summary.flags, wanted.summary.flags) << what;
  EXPECT_EQ(shown.summary.name, wanted.summary.name) << what;
  EXPECT_EQ(shown.summary.incomplete, wanted.summary.incomplete) << what;
  ASSERT_EQ(shown.series.size(), wanted.series.size()) << what;
  for (std::size_t i = 0; i < shown.series.size(); ++i)
    EXPECT_TRUE(shown.series[i].candles == wanted.series[i].candles) << what;
  EXPECT_EQ(shown.trail.size(), wanted.trail.size()) << what;
}

TEST(sim_event_router, keeps_one_actor_per_token_whose_figures_equal_the_recording) {
  node n;
  const auto r = test::make_recording(1, 100, 6, 5);
  for (const auto& b : r.blocks) n.play(b);
  n.sys.run();
  for (std::uint64_t t = 0; t < 6; ++t) expect_equal(*n.token(t), reference(r, t).detail(), std::to_string(t));
  EXPECT_EQ(n.status().tokens_live, 6u);
  EXPECT_EQ(n.reg->find("/node/router")->dead_letters(), 0u);
}

TEST(sim_event_router, equals_the_recording_although_actors_are_killed_every_second_for_a_minute) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    node n(seed);
    ports::random rng(seed);
    const auto r = test::make_recording(seed, 150, 5, 4); // 150 slots of 400 ms: a minute
    std::size_t kills = 0;
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      n.play(r.blocks[i]);
      if (i > 32) n.root(r.blocks[i - 32]->slot.value);
      n.sys.advance(200ms);
      if (i % 2 == 1) {
        n.kill(rng.below(5));
        ++kills;
        if (rng.chance(0.2)) n.kill(rng.below(5));
      }
      n.sys.advance(200ms);
    }
    n.sys.advance(3s);
    EXPECT_GE(kills, 60u);
    EXPECT_GT(n.status().restarts, 50u);
    for (std::uint64_t t = 0; t < 5; ++t)
      expect_equal(*n.token(t), reference(r, t).detail(), "seed " + std::to_string(seed));
    EXPECT_GT(n.store->stored(), 20u);
  }
}

TEST(sim_event_router, restarts_a_token_when_somebody_asks_and_keeps_its_figures) {
  node n;
  const auto r = test::make_recording(3, 40, 2, 4);
  for (std::size_t i = 0; i < r.blocks.size(); ++i) {
    if (i == 20) {
      n.sys.run();
      ASSERT_TRUE(supervision::request_restart(*n.reg, "/node/tokens/" + hex(make_mint(0))));
    }
    n.play(r.blocks[i]);
  }
  n.sys.advance(1s);
  EXPECT_EQ(n.place(0)->restarts(), 1u);
  EXPECT_EQ(n.place(1)->restarts(), 0u);
  for (std::uint64_t t = 0; t < 2; ++t) expect_equal(*n.token(t), reference(r, t).detail(), std::to_string(t));
}

TEST(sim_event_router, passivates_idle_tokens_and_wakes_them_exactly) {
  auto o = options();
  o.limits.idle_ns = 5'000'000'000;
  node n(3, o);
  const auto r = test::make_recording(4, 120, 3, 4);
  std::uint64_t passivations = 0;
  for (std::size_t i = 0; i < r.blocks.size(); ++i) {
    n.play(r.blocks[i]);
    n.root(r.blocks[i]->slot.value);
    n.sys.advance(100ms);
    if (i % 40 == 39) {
      n.sys.advance(20s);
      EXPECT_EQ(n.status().tokens_live, 0u);
      passivations = n.status().passivations;
      EXPECT_EQ(n.place(0), nullptr); // nothing is left in memory
      expect_equal(
          *n.token(0),
          [&] {
            test::recording part = r;
            part.blocks.resize(i + 1);
            return reference(part, 0).detail();
          }(),
          "from the store");
    }
  }
  EXPECT_EQ(passivations, 9u);
  for (std::uint64_t t = 0; t < 3; ++t) expect_equal(*n.token(t), reference(r, t).detail(), "at the end");
}

TEST(sim_event_router, undoes_a_dead_slot_also_for_actors_that_are_down) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    node n(seed);
    ports::random rng(seed);
    auto r = test::make_recording(seed, 60, 3, 5);
    std::vector<block_update_ptr> alive;
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      n.play(r.blocks[i]);
      if (rng.chance(0.3)) n.kill(rng.below(3));
      if (rng.chance(0.2)) { // the slot just seen, or one a little older, dies; sometimes it comes back
        const auto dead = r.blocks[i - std::min<std::size_t>(i, rng.below(4))];
        caf::anon_send(n.router, protocol::slot_undone{dead->slot});
        std::erase(alive, dead);
        if (dead == r.blocks[i]) continue;
        if (rng.chance(0.5)) {
          n.play(dead);
          alive.push_back(dead);
        }
      }
      alive.push_back(r.blocks[i]);
      if (rng.chance(0.5)) n.sys.advance(50ms);
    }
    n.sys.advance(2s);
    test::recording rest;
    rest.blocks = alive;
    for (std::uint64_t t = 0; t < 3; ++t)
      expect_equal(*n.token(t), reference(rest, t).detail(), "seed " + std::to_string(seed));
    std::uint64_t swaps = 0;
    for (std::uint64_t t = 0; t < 3; ++t) swaps += reference(rest, t).counts().swaps;
    EXPECT_EQ(n.status().token_swaps, swaps);
  }
}

TEST(sim_event_router, loses_nothing_when_a_tokens_mailbox_is_full) {
  auto o = options();
  o.entity_mailbox = 24; // 16 of them are reserved
  node n(0, o);
  const auto r = test::make_recording(5, 200, 1, 3);
  for (const auto& b : r.blocks) n.play(b);
  n.sys.advance(5s);
  expect_equal(*n.token(0), reference(r, 0).detail(), "overload");
  EXPECT_EQ(n.place(0)->refused(), 0u);
}

TEST(sim_event_router, a_gap_as_long_as_ingest_fetches_back_is_applied_whole_behind_the_live_slots) {
  node n;
  const auto r = test::make_recording(7, 1000, 2, 3); // ingest.backfill_slots_max
  for (std::size_t i = 990; i < 1000; ++i) n.play(r.blocks[i]);
  n.sys.run();
  for (std::size_t i = 0; i < 990; ++i) n.play(r.blocks[i]);
  n.sys.run();
  for (std::uint64_t t = 0; t < 2; ++t) expect_equal(*n.token(t), reference(r, t).detail(), std::to_string(t));
}

TEST(sim_event_router, says_incomplete_when_the_snapshot_is_damaged_or_the_replay_is_too_short) {
  {
    node n;
    const auto r = test::make_recording(6, 100, 1, 3);
    for (std::size_t i = 0; i < 80; ++i) {
      n.play(r.blocks[i]);
      n.root(r.blocks[i]->slot.value);
      n.sys.advance(400ms);
    }
    const auto m = make_mint(0);
    n.store->damage("token", {reinterpret_cast<const char*>(m.bytes.data()), 32});
    n.kill(0);
    n.sys.advance(100ms);
    EXPECT_NE(n.token(0)->summary.incomplete & static_cast<int>(protocol::incompleteness::no_snapshot), 0);
  }
  {
    auto o = options();
    o.limits.replay_bytes = 1; // holds nothing
    node n(0, o);
    n.store->break_it(true); // and nothing can be stored
    const auto r = test::make_recording(6, 20, 1, 3);
    for (const auto& b : r.blocks) n.play(b);
    n.sys.advance(1s);
    n.store->break_it(false);
    n.kill(0);
    n.sys.advance(1s);
    EXPECT_NE(n.token(0)->summary.incomplete, 0);
  }
}

TEST(sim_event_router, takes_up_after_a_restart_of_the_node_where_its_cursor_says) {
  const auto r = test::make_recording(7, 200, 4, 4);
  auto store = std::make_shared<test::memory_snapshot_store>();
  slot_number cursor;
  {
    node n;
    n.store = store;
    n.boot(options());
    for (std::size_t i = 0; i < 120; ++i) {
      n.play(r.blocks[i]);
      if (i > 10) n.root(r.blocks[i - 10]->slot.value);
      n.sys.advance(400ms);
    }
    cursor = *load_cursor(*store);
  } // as after kill -9: nothing is said or stored at the end
  EXPECT_GT(cursor, r.blocks[80]->slot);
  EXPECT_LT(cursor, r.blocks[119]->slot);
  node again;
  again.store = store;
  again.boot(options());
  for (const auto& b : r.blocks)
    if (b->slot > cursor) {
      again.play(b);
      again.sys.advance(50ms);
    }
  again.sys.advance(3s);
  for (std::uint64_t t = 0; t < 4; ++t)
    expect_equal(*again.token(t), reference(r, t).detail(), "token " + std::to_string(t));
}

/// Saving goes round its entities in steps; what changes between them must not make the cursor pass what is unsaved.
TEST(sim_event_router, takes_up_where_its_cursor_says_whenever_it_ends_amid_a_round_of_saves) {
  constexpr std::uint64_t tokens = 500;
  const auto r = test::make_recording(8, 60, tokens, 120);
  for (const auto stop : {41, 42, 43}) {
    auto store = std::make_shared<test::memory_snapshot_store>();
    auto o = options();
    o.tick_ns = 1'000'000;
    o.limits.save_interval_ns = 5'000'000;
    {
      node n(static_cast<std::uint64_t>(stop));
      n.store = store;
      n.boot(o);
      for (int i = 0; i < stop; ++i) {
        n.play(r.blocks[static_cast<std::size_t>(i)]);
        if (i > 2) n.root(r.blocks[static_cast<std::size_t>(i) - 2]->slot.value);
        n.sys.advance(std::chrono::milliseconds(3 + i % 5)); // a round takes about 16
      }
    }
    const auto cursor = *load_cursor(*store);
    EXPECT_GT(cursor, r.blocks[20]->slot);
    node again;
    again.store = store;
    again.boot(options());
    for (const auto& b : r.blocks)
      if (b->slot > cursor) again.play(b);
    again.sys.advance(3s);
    for (std::uint64_t t = 0; t < tokens; t += 3)
      expect_equal(*again.token(t), reference(r, t).detail(), "token " + std::to_string(t));
  }
}

/// Starts what it is told to and remembers nothing else.
struct quiet_sink : entity_sink {
  std::vector<entity_id> started;
  void start(entity_id id) override { started.push_back(id); }
  bool room(entity_id) const override { return true; }
  void events(entity_id, protocol::entity_events) override {}
  void undo(entity_id, slot_number) override {}
  void save(entity_id, slot_number) override {}
  void passivate(entity_id, slot_number) override {}
  void gap(entity_id, slot_number) override {}
  void restart(entity_id) override {}
  void removed(entity_id) override {}
};

TEST(unit_routing_table, a_round_of_saves_vouches_only_for_what_was_final_when_it_began) {
  quiet_sink sink;
  routing_table table({}, sink);
  const auto swap_in = [&](std::uint64_t slot, std::uint64_t tokens) {
    auto u = std::make_shared<block_update>();
    u->slot.value = slot;
    for (std::uint64_t t = 0; t < tokens; ++t) {
      test::market_pool pool{make_mint(t), test::make_pool(t)};
      const auto tx = test::add_transaction(u->batch, slot, static_cast<std::uint32_t>(t), make_wallet(t));
      u->batch.events.push_back({tx, {0, -1}, program_kind::raydium_cpmm, pool.swap(true, 1000, make_wallet(t))});
    }
    table.update({u, {}}, steady_time_ns{1});
  };
  swap_in(10, 500);
  for (const auto id : sink.started) table.ready(id, slot_number{0});
  swap_in(30, 1);
  table.rooted(slot_number{20});
  for (const auto id : sink.started) table.saved(id, slot_number{20}, slot_number{10});
  ASSERT_FALSE(table.tick(steady_time_ns{2})) << "one step for everything";
  swap_in(25, 1); // comes late to a token the round has passed, and is final before the round ends
  table.rooted(slot_number{25});
  while (!table.tick(steady_time_ns{3})) {
  }
  EXPECT_EQ(table.cursor().value, 20u);
  EXPECT_EQ(table.status().dirty, 1u);
  table.saved(table.find(entity_kind::token, make_mint(0)), slot_number{25}, slot_number{25});
  ASSERT_TRUE(table.tick(steady_time_ns{4}));
  EXPECT_EQ(table.cursor().value, 25u);
}

TEST(sim_event_router, gives_up_an_entity_that_always_crashes_keeps_the_others_and_revives_it_on_request) {
  class broken : public market::token_actor {
  public:
    using market::token_actor::token_actor;
    caf::behavior make_behavior() override {
      load();
      return {[this](routing::snapshot_loaded& m) { on_loaded(m); },
              [](const protocol::entity_events&) { throw std::runtime_error("cannot work"); }};
    }
  };
  auto o = options();
  o.restart.max_restarts = 3;
  auto healthy = o.make_token;
  auto sick = std::make_shared<bool>(true);
  o.make_token = [healthy, sick](caf::actor_system& s, cell_ptr c, const address& key,
                                 std::shared_ptr<const entity_environment> env) {
    if (key == make_mint(0) && *sick)
      return caf::actor(
          s.spawn<broken>(std::move(c), key, std::move(env), std::make_shared<const market::token_outlets>()));
    return healthy(s, std::move(c), key, std::move(env));
  };
  node n(0, o);
  const auto r = test::make_recording(8, 50, 2, 4);
  for (const auto& b : r.blocks) {
    n.play(b);
    n.sys.advance(400ms);
  }
  EXPECT_EQ(n.status().given_up, 1u);
  EXPECT_GT(n.status().shed, 0u);
  EXPECT_EQ(n.place(0)->state(), protocol::actor_state::failed);
  EXPECT_EQ(n.place(0)->restarts(), 4u); // the fourth end was one too many
  EXPECT_FALSE(n.place(0)->crashes().empty());
  expect_equal(*n.token(1), reference(r, 1).detail(), "the healthy one");
  *sick = false;
  EXPECT_TRUE(*n.ask<bool>(supervision::restart_child{n.place(0)}));
  n.sys.advance(1s);
  EXPECT_NE(n.token(0)->summary.incomplete, 0); // it missed something and says so
}

TEST(sim_event_router, skips_the_one_event_that_kills_a_token_twice_and_says_so) {
  class allergic : public market::token_actor {
  public:
    using market::token_actor::token_actor;

  private:
    void event_applied(const protocol::entity_events& m, const chain_event& e, const market::applied& a) override {
      if (m.update->slot.value == 1010 && std::holds_alternative<event::swap>(e.payload))
        throw std::runtime_error("slot 1010");
      market::token_actor::event_applied(m, e, a);
    }
    void after_events(const protocol::entity_events&) override {}
  };
  auto o = options();
  o.make_token = [](caf::actor_system& s, cell_ptr c, const address& key,
                    std::shared_ptr<const entity_environment> env) {
    return caf::actor(
        s.spawn<allergic>(std::move(c), key, std::move(env), std::make_shared<const market::token_outlets>()));
  };
  node n(0, o);
  const auto r = test::make_recording(9, 30, 1, 1);
  for (const auto& b : r.blocks) {
    n.play(b);
    n.sys.advance(400ms);
  }
  n.sys.advance(2s);
  EXPECT_EQ(n.place(0)->restarts(), 2u);
  const auto d = *n.token(0);
  EXPECT_EQ(d.summary.counts.swaps, r.swaps.at(make_mint(0)) - 1);
  EXPECT_NE(d.summary.incomplete & static_cast<int>(protocol::incompleteness::parked), 0);
  EXPECT_TRUE(n.reg->show("/node/tokens/" + hex(make_mint(0)), 0)->crashes.at(0).parked);
}

TEST(sim_event_router, sheds_and_counts_what_exceeds_its_entities_and_makes_room_when_some_are_idle) {
  auto o = options();
  o.limits.live_max = 4;
  node n(0, o);
  const auto r = test::make_recording(10, 60, 8, 4);
  for (const auto& b : r.blocks) {
    n.play(b);
    n.root(b->slot.value);
    n.sys.advance(400ms);
  }
  const auto s = n.status();
  EXPECT_LE(s.tokens_live, 4u);
  EXPECT_GT(s.shed, 0u);
  EXPECT_GT(s.passivations, 0u);
}

TEST(sim_event_router, tracks_wallets_across_restarts_and_follows_their_trades) {
  const auto r = test::make_recording(11, 100, 3, 5, 4);
  const auto count = [&](std::uint64_t wallet) {
    std::uint64_t k = 0;
    for (const auto& b : r.blocks)
      for (const auto& e : b->batch.events)
        if (const auto* t = std::get_if<event::trade>(&e.payload)) k += t->trader == make_wallet(wallet) ? 1 : 0;
    return k;
  };
  auto store = std::make_shared<test::memory_snapshot_store>();
  {
    auto o = options();
    o.tracked_by_setting.push_back({make_wallet(0), "ours"});
    node n(2, o);
    n.store = store;
    n.boot(o);
    EXPECT_TRUE(n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(1), "whale"})->changed);
    EXPECT_FALSE(n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(1), "whale"})->changed);
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      n.play(r.blocks[i]);
      n.root(r.blocks[i]->slot.value);
      if (i % 10 == 5) {
        supervision::send_exit_urgent(n.reg->find("/node/wallets/" + hex(make_wallet(1)))->self(),
                                      caf::exit_reason::kill);
      }
      n.sys.advance(400ms);
    }
    n.sys.advance(5s);
    const auto list = *n.ask<protocol::wallet_list>(protocol::wallet_list_request{});
    EXPECT_EQ(list.tracked, 2u);
    ASSERT_EQ(list.rows.size(), 2u);
    EXPECT_EQ(list.unanswered, 0u);
    EXPECT_EQ(n.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(0)})->summary.trades, count(0));
    const auto whale = *n.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(1)});
    EXPECT_EQ(whale.summary.trades, count(1));
    EXPECT_EQ(whale.summary.buys + whale.summary.sells, count(1));
    EXPECT_FALSE(n.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(2)}));
  }
  node again;
  again.store = store;
  again.boot(options());
  EXPECT_EQ(again.ask<protocol::wallet_list>(protocol::wallet_list_request{})->tracked,
            1u); // the setting's wallet is no longer set
  EXPECT_EQ(again.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(1)})->summary.trades,
            count(1));
  EXPECT_TRUE(again.ask<protocol::wallet_tracked>(protocol::wallet_untrack_request{make_wallet(1)})->changed);
  EXPECT_FALSE(again.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(1)}));
}

protocol::stream_health health(std::uint64_t complete_to,
                               std::vector<std::pair<std::uint64_t, std::uint64_t>> missing) {
  protocol::stream_health h;
  h.live = true;
  h.complete_to = slot_number{complete_to};
  for (const auto& [first, last] : missing) h.incomplete.push_back({slot_number{first}, slot_number{last}});
  return h;
}

TEST(sim_event_router, tokens_and_wallets_that_may_have_had_events_in_a_given_up_slot_say_so_with_the_range) {
  node n;
  const auto r = test::make_recording(21, 40, 3, 5, 2);
  const auto first = r.blocks[0]->slot.value;
  const auto says = [&](const std::vector<protocol::slot_range>& missing) {
    std::string text;
    for (const auto& m : missing) text += fmt::format("{}-{} ", m.first.value - first, m.last.value - first);
    return text;
  };
  (void)n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(0), "early"});
  for (const auto& b : r.blocks) n.play(b);
  n.sys.run();
  EXPECT_EQ(n.token(0)->summary.incomplete, 0);
  (void)n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(1), "late"});
  // A gap in the middle, and another one behind everything seen.
  caf::anon_send(n.router, health(first + 60, {{first + 20, first + 22}, {first + 50, first + 50}}));
  n.sys.run();
  const bool created = has(n.token(0)->summary.flags, protocol::token_flag::created_seen);
  ASSERT_TRUE(created); // in the first slot
  for (std::uint64_t t = 0; t < 3; ++t) {
    const auto shown = *n.token(t);
    EXPECT_EQ(says(shown.missing), "20-22 50-50 ");
    EXPECT_EQ(shown.summary.incomplete, static_cast<std::uint8_t>(protocol::incompleteness::gap));
    EXPECT_EQ(shown.summary.incomplete_since.value, first + 20);
  }
  const auto list = *n.ask<protocol::token_list>(protocol::token_list_request{});
  for (const auto& row : list.rows) EXPECT_NE(row.incomplete, 0);
  const auto early = *n.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(0)});
  EXPECT_EQ(says(early.missing), "20-22 50-50 ");
  EXPECT_NE(early.summary.incomplete, 0);
  const auto late = *n.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(1)});
  EXPECT_EQ(says(late.missing), "50-50 "); // it is followed since behind the first gap
  // One of the slots came after all.
  caf::anon_send(n.router, health(first + 60, {{first + 50, first + 50}}));
  n.sys.run();
  EXPECT_EQ(says(n.token(0)->missing), "50-50 ");
  caf::anon_send(n.router, health(first + 60, {}));
  n.sys.run();
  EXPECT_EQ(n.token(0)->summary.incomplete, 0);
  EXPECT_TRUE(n.token(0)->missing.empty());
}

TEST(sim_event_router, a_token_created_behind_a_gap_is_whole_also_when_it_is_at_rest) {
  auto o = options();
  o.limits.idle_ns = 1'000'000'000;
  node n(0, o);
  const auto r = test::make_recording(22, 40, 2, 5);
  const auto first = r.blocks[0]->slot.value;
  for (const auto& b : r.blocks) n.play(b);
  n.root(r.blocks.back()->slot.value);
  n.sys.advance(10s);
  ASSERT_EQ(n.status().tokens_live, 0u);
  const auto before = health(first + 40, {{first - 9, first - 5}});
  caf::anon_send(n.router, before);
  n.sys.run();
  EXPECT_EQ(n.token(0)->summary.incomplete, 0);
  caf::anon_send(n.router, health(first + 40, {{first + 30, first + 30}}));
  n.sys.run();
  EXPECT_EQ(n.token(0)->missing.size(), 1u);
  EXPECT_NE(n.token(0)->summary.incomplete, 0);
}

TEST(sim_event_router, the_incomplete_slots_of_an_earlier_run_count_until_a_stream_lists_its_own) {
  const auto r = test::make_recording(23, 20, 1, 5, 1);
  const auto first = r.blocks[0]->slot.value;
  auto store = std::make_shared<test::memory_snapshot_store>();
  {
    node n;
    n.store = store;
    n.boot(options());
    for (const auto& b : r.blocks) n.play(b);
    n.sys.run();
    (void)n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(0), ""}); // since slot first + 19
    n.root(r.blocks.back()->slot.value);
    n.sys.advance(5s);
  }
  auto o = options();
  o.missing = {{slot_number{first + 3}, slot_number{first + 4}}};
  node again;
  again.store = store;
  again.boot(o);
  EXPECT_EQ(again.token(0)->missing.size(), 1u);
  EXPECT_TRUE(again.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(0)})->missing.empty());
  caf::anon_send(again.router, health(first + 20, {{first + 3, first + 4}, {first + 30, first + 30}}));
  again.sys.run();
  EXPECT_EQ(again.token(0)->missing.size(), 2u);
  EXPECT_EQ(again.ask<protocol::wallet_detail>(protocol::wallet_show_request{make_wallet(0)})->missing.size(), 1u);
}

TEST(sim_event_router, settling_stores_everything_final_at_once_whatever_the_schedule) {
  auto o = options();
  o.limits.save_interval_ns = 3'600'000'000'000; // nothing is stored by itself
  node n(0, o);
  const auto r = test::make_recording(24, 30, 200, 40);
  for (const auto& b : r.blocks) n.play(b);
  const auto final_slot = r.blocks[25]->slot;
  n.root(final_slot.value);
  n.sys.run();
  ASSERT_GT(n.status().dirty, 100u);
  const auto before = n.sys.now_ns();
  const auto done = n.ask<protocol::settled>(protocol::settle_request{});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->cursor, final_slot);
  EXPECT_LT(n.sys.now_ns() - before, 200'000'000);
  EXPECT_EQ(load_cursor(*n.store).value(), final_slot);
  // From what is stored and the slots above it everything comes back.
  node again;
  again.store = n.store;
  again.boot(options());
  for (const auto& b : r.blocks)
    if (b->slot > final_slot) again.play(b);
  again.sys.run();
  for (const std::uint64_t t : {0, 7, 100, 199}) {
    if (!again.token(t)) continue; // never traded
    expect_equal(*again.token(t), reference(r, t).detail(), std::to_string(t));
  }
}

TEST(sim_event_router, settling_waits_for_an_entity_that_is_being_restarted_and_for_a_store_that_is_slow) {
  auto o = options();
  o.limits.save_interval_ns = 3'600'000'000'000;
  node n(0, o);
  const auto r = test::make_recording(25, 30, 3, 5);
  for (const auto& b : r.blocks) n.play(b);
  n.root(r.blocks.back()->slot.value);
  n.sys.run();
  n.store->hold(true);
  n.kill(0);
  caf::scoped_actor self{n.sys.system()};
  auto pending = self->request(n.router, 3600s, protocol::settle_request{});
  n.sys.advance(300ms);
  EXPECT_FALSE(self->has_next_message());
  n.store->hold(false);
  n.store->release();
  n.sys.advance(300ms);
  ASSERT_TRUE(self->has_next_message());
  pending.receive([&](const protocol::settled& s) { EXPECT_EQ(s.cursor, r.blocks.back()->slot); },
                  [](const caf::error& e) { FAIL() << caf::to_string(e); });
}

TEST(sim_event_router, a_burn_of_lp_tokens_reaches_the_pools_token_also_when_the_node_was_restarted_in_between) {
  const auto lp_mint = make_mint(500);
  const auto block = [&](std::uint64_t slot, const event_payload& payload) {
    auto u = std::make_shared<block_update>();
    u->slot = slot_number{slot};
    u->complete = true;
    const auto tx = test::add_transaction(u->batch, slot, 0, make_wallet(9));
    u->batch.events.push_back({tx, {0, -1}, program_kind::raydium_cpmm, payload});
    return u;
  };
  event::pool_created pool;
  pool.pool = test::make_pool(1);
  pool.base_mint = make_mint(1);
  pool.quote_mint = market::native_mint;
  pool.lp_mint = lp_mint;
  event::transfer burn;
  burn.mint = lp_mint;
  burn.from = make_wallet(9);
  burn.from_account = test::make_address(8, 1);
  burn.amount.value = 1234;
  auto store = std::make_shared<test::memory_snapshot_store>();
  {
    node n;
    n.store = store;
    n.boot(options());
    n.play(block(1000, pool));
    n.root(1000);
    n.sys.advance(5s);
    EXPECT_FALSE(has(n.token(1)->summary.flags, protocol::token_flag::liquidity_burned));
  }
  node again;
  again.store = store;
  again.boot(options());
  again.play(block(1001, burn));
  again.sys.run();
  const auto shown = *again.token(1);
  EXPECT_TRUE(has(shown.summary.flags, protocol::token_flag::liquidity_burned));
  EXPECT_EQ(shown.trail.back().what, "liquidity burned: 1234 LP units");
}

TEST(sim_event_router, lists_tokens_in_the_order_asked_for_and_answers_for_unknown_ones) {
  node n;
  const auto r = test::make_recording(12, 100, 7, 5);
  for (const auto& b : r.blocks) n.play(b);
  n.sys.run();
  const auto list = *n.ask<protocol::token_list>(protocol::token_list_request{protocol::token_sort::volume, 3});
  ASSERT_EQ(list.rows.size(), 3u);
  EXPECT_EQ(list.matching, 7u);
  EXPECT_GE(list.rows[0].counts.volume_lamports, list.rows[1].counts.volume_lamports);
  EXPECT_GE(list.rows[1].counts.volume_lamports, list.rows[2].counts.volume_lamports);
  std::uint64_t best = 0;
  for (const auto& [mint, v] : r.volume_lamports) best = std::max(best, v);
  EXPECT_EQ(list.rows[0].counts.volume_lamports, best);
  protocol::token_list_request named;
  named.text = "token 3";
  EXPECT_EQ(n.ask<protocol::token_list>(named)->matching, 1u);
  EXPECT_FALSE(n.ask<protocol::token_detail>(protocol::token_show_request{make_mint(99)}));
  EXPECT_NE(n.failure.find("never seen"), std::string::npos);
}

TEST(sim_event_router, takes_its_entities_along_when_it_crashes_and_leaves_none_behind) {
  node n;
  const auto r = test::make_recording(13, 20, 3, 4);
  for (const auto& b : r.blocks) n.play(b);
  n.sys.run();
  const auto place = n.place(1);
  ASSERT_TRUE(place->self());
  const auto actor = caf::actor_cast<caf::actor>(place->self());
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(n.router), caf::exit_reason::kill);
  n.sys.run();
  const auto before = place->dead_letters();
  caf::anon_send(actor, protocol::token_show_request{make_mint(1)});
  EXPECT_EQ(place->dead_letters(), before + 1); // it is gone
}

/// Token t lies on shard t % shards, wallets and everything else on shard 0.
event_router_options sharded(std::uint16_t shards, std::vector<bool> owned) {
  auto o = options();
  o.shard_of = [shards](entity_kind kind, const address& key) -> std::uint16_t {
    if (kind == entity_kind::token)
      for (std::uint16_t t = 0; t < 100; ++t)
        if (make_mint(t) == key) return static_cast<std::uint16_t>(t % shards);
    return 0;
  };
  o.owned_now = [now = std::make_shared<const std::vector<bool>>(std::move(owned))] { return now; };
  return o;
}
void own(node& n, std::vector<bool> owned) {
  caf::anon_send(n.router, owned_shards{std::make_shared<const std::vector<bool>>(std::move(owned))});
}

TEST(sim_event_router, entities_of_other_nodes_shards_get_nothing) {
  node n(1, sharded(2, {false, true}));
  const auto r = test::make_recording(21, 60, 6, 5);
  for (const auto& b : r.blocks) n.play(b);
  n.sys.advance(1s);
  EXPECT_EQ(n.status().tokens_live, 3u);
  for (std::uint64_t t = 0; t < 6; ++t)
    if (t % 2 == 1)
      expect_equal(*n.token(t), reference(r, t).detail(), std::to_string(t));
    else
      EXPECT_EQ(n.place(t), nullptr) << t;
  n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(0), ""});
  EXPECT_EQ(n.ask<protocol::wallet_list>(protocol::wallet_list_request{})->tracked, 0u) << "its owner counts it";
  own(n, {true, true});
  EXPECT_EQ(n.ask<protocol::wallet_list>(protocol::wallet_list_request{})->tracked, 1u);
}

TEST(sim_event_router, a_gained_shards_entities_come_from_the_replay_as_if_always_owned) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    ports::random rng(seed);
    node n(seed, sharded(3, {true, false, false}));
    n.ask<protocol::wallet_tracked>(protocol::wallet_track_request{make_wallet(0), ""});
    const auto r = test::make_recording(seed, 90, 6, 5, 4);
    const auto second = 10 + rng.below(30), third = 45 + rng.below(30);
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      n.play(r.blocks[i]);
      if (i == second) own(n, {true, true, false});
      if (i == third) own(n, {true, true, true});
      if (rng.chance(0.2)) n.kill(rng.below(6));
      if (rng.chance(0.5)) n.sys.advance(100ms);
    }
    n.sys.advance(3s);
    EXPECT_EQ(n.status().tokens_live, 6u);
    for (std::uint64_t t = 0; t < 6; ++t)
      expect_equal(*n.token(t), reference(r, t).detail(),
                   "seed " + std::to_string(seed) + " token " + std::to_string(t));
  }
}

TEST(sim_event_router, a_lost_shards_entities_end_and_the_next_owner_goes_on_from_their_snapshots) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    ports::random rng(seed);
    const auto store = std::make_shared<test::memory_snapshot_store>(); // stands for copies sent to replicas
    auto first_options = sharded(2, {true, true}), next_options = sharded(2, {false, false});
    next_options.limits.window_slots = 40; // and no replay of the whole stream: snapshots are needed
    next_options.limits.replay_slots = 60;
    node first(seed, first_options), next(seed + 100, next_options);
    first.store = next.store = store;
    first.boot(first_options);
    next.boot(next_options);
    const auto r = test::make_recording(seed, 150, 4, 4);
    const auto change = 90 + rng.below(40);
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      for (auto* n : {&first, &next}) {
        n->play(r.blocks[i]);
        if (i >= 4) n->root(r.blocks[i - 4]->slot.value);
      }
      if (i == change) {
        own(first, {true, false});
        first.sys.run();
        own(next, {false, true});
      }
      first.sys.advance(400ms);
      next.sys.advance(400ms);
    }
    first.sys.advance(3s);
    next.sys.advance(3s);
    for (std::uint64_t t = 0; t < 4; ++t) {
      auto& owner = t % 2 == 0 ? first : next;
      auto& other = t % 2 == 0 ? next : first;
      expect_equal(*owner.token(t), reference(r, t).detail(),
                   "seed " + std::to_string(seed) + " token " + std::to_string(t));
      EXPECT_EQ(other.place(t), nullptr) << t;
    }
    EXPECT_EQ(first.status().tokens_live, 2u);
    EXPECT_EQ(next.status().tokens_live, 2u);
  }
}

TEST(sim_event_router, a_shard_that_comes_and_goes_many_times_leaves_neither_doubles_nor_holes) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    ports::random rng(seed);
    node n(seed, sharded(2, {false, true}));
    const auto r = test::make_recording(seed, 120, 4, 4);
    bool has = false;
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      n.play(r.blocks[i]);
      if (rng.chance(0.3)) own(n, {has = !has, true});
      if (rng.chance(0.1)) n.kill(rng.below(4));
      if (rng.chance(0.5)) n.sys.advance(200ms);
    }
    own(n, {true, true});
    n.sys.advance(3s);
    for (std::uint64_t t = 0; t < 4; ++t)
      expect_equal(*n.token(t), reference(r, t).detail(),
                   "seed " + std::to_string(seed) + " token " + std::to_string(t));
    own(n, {false, false});
    n.sys.advance(1s);
    EXPECT_EQ(n.status().tokens_live, 0u);
    for (std::uint64_t t = 0; t < 4; ++t) EXPECT_EQ(n.place(t), nullptr) << t;
  }
}

TEST(sim_event_router, gives_the_same_trace_for_the_same_seed) {
  const auto trace = [](std::uint64_t seed) {
    node n(seed);
    ports::random rng(seed);
    const auto r = test::make_recording(14, 60, 4, 4);
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      n.play(r.blocks[i]);
      if (i % 3 == 0) n.kill(rng.below(4));
      n.sys.advance(20ms);
    }
    const auto s = n.status();
    return std::tuple(s.routed, s.restarts, n.store->stored(), n.router_cell->handled_count());
  };
  EXPECT_EQ(trace(5), trace(5));
}

// --- real threads and the real store
// ------------------------------------------------------------------------------------------

struct threads_config : caf::actor_system_config {
  threads_config() { supervision::configure(*this, 2); }
};

TEST(it_event_router, equals_the_recording_on_threads_while_actors_are_killed_all_the_time) {
  const auto folder = std::filesystem::temp_directory_path() / ("sett-router-test-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  {
    store::rocksdb_store_options so;
    so.folder = folder.string();
    std::shared_ptr<store::rocksdb_store> store = std::move(*store::rocksdb_store::open(so));
    auto reg = std::make_shared<supervision::registry>();
    threads_config config;
    caf::actor_system system(config);
    auto o = options();
    o.tick_ns = 5'000'000;
    o.limits.save_interval_ns = 10'000'000;
    o.restart.max_restarts = 100'000;
    o.limits.replay_slots = 2000; // the whole recording: it plays faster than a loaded machine may store
    o.restart.backoff_cap_ns = 2'000'000;
    o.restart.backoff_base_ns = 1'000'000;
    const auto router =
        system.spawn<event_router_actor>(reg->add(reg->directory("/node"), "router", 100'000), reg, store, o);
    const std::uint64_t tokens = 20;
    const auto r = test::make_recording(21, 1500, tokens, 8);
    ports::random rng(99);
    for (std::size_t i = 0; i < r.blocks.size(); ++i) {
      caf::anon_send(router, protocol::chain_update{r.blocks[i], {}});
      if (i > 32) caf::anon_send(router, protocol::slot_rooted{r.blocks[i - 32]->slot});
      if (const auto c = reg->find("/node/tokens/" + hex(make_mint(rng.below(tokens)))))
        supervision::send_exit_urgent(c->self(), caf::exit_reason::kill);
      // Pace by what the router took, not by time.
      while (reg->find("/node/router")->depth() > 3) std::this_thread::yield();
    }
    caf::scoped_actor self{system};
    for (std::uint64_t t = 0; t < tokens; ++t) {
      const auto wanted = reference(r, t).counts();
      protocol::token_counts shown;
      int incomplete = -1;
      for (int attempt = 0; attempt < 2000 && shown != wanted; ++attempt) { // the last restarts are under way
        self->request(router, 10s, protocol::token_show_request{make_mint(t)})
            .receive(
                [&](protocol::token_detail& d) {
                  shown = d.summary.counts;
                  incomplete = d.summary.incomplete;
                },
                [](caf::error&) {});
        if (shown != wanted) std::this_thread::sleep_for(1ms);
      }
      EXPECT_EQ(incomplete, 0) << t;
      EXPECT_TRUE(shown == wanted) << t << ": " << shown.swaps << " of " << wanted.swaps;
    }
    self->request(router, 10s, protocol::router_status_request{})
        .receive([&](protocol::router_status& s) { EXPECT_GT(s.restarts, 100u); }, [](caf::error&) { FAIL(); });
    caf::anon_send_exit(router, caf::exit_reason::kill);
    self->wait_for(router);
  }
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace sett::routing
