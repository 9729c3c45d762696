// endpoint_actor and ingest_actor together on the deterministic scheduler, with sockets in the test's hand.
#include "actors/endpoints/endpoint_actor.hpp"
#include "actors/ingest/ingest_actor.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "tests/actors/endpoints/fake_transport.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/made_up_block.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace sett::endpoints {
namespace {

using namespace std::chrono_literals;

struct memory_store : ports::snapshot_store {
  std::map<std::string, std::string> kept;
  void store_many(std::vector<entry> entries, std::function<void(result<void>)> done) override {
    for (auto& e : entries) kept[e.kind + "/" + e.id] = e.bytes;
    done({});
  }
  void load_async(ports::snapshot_key key, std::function<void(result<std::optional<std::string>>)> done) override {
    done(load(key));
  }
  result<std::optional<std::string>> load(ports::snapshot_key key) override {
    const auto i = kept.find(std::string(key.kind) + "/" + std::string(key.id));
    return i == kept.end() ? std::nullopt : std::optional(i->second);
  }
  result<void> scan(std::string_view, const std::function<bool(std::string_view, std::string_view)>&) override {
    return {};
  }
};

/// The router's place: keeps what comes.
struct seen {
  std::vector<std::uint64_t> updates, undone;
  protocol::stream_health health;
};
class sink_actor : public caf::event_based_actor {
public:
  sink_actor(caf::actor_config& cfg, std::shared_ptr<seen> s) : event_based_actor(cfg), seen_(std::move(s)) {}
  caf::behavior make_behavior() override {
    return {[this](const protocol::chain_update& u) { seen_->updates.push_back(u.update->slot.value); },
            [this](const protocol::slot_undone& u) { seen_->undone.push_back(u.slot.value); },
            [](const protocol::slot_rooted&) {}, [this](const protocol::stream_health& h) { seen_->health = h; }};
  }

private:
  std::shared_ptr<seen> seen_;
};

struct world {
  test::deterministic_system sys;
  supervision::registry registry;
  std::shared_ptr<test::fake_sockets> sockets = std::make_shared<test::fake_sockets>();
  std::shared_ptr<memory_store> store = std::make_shared<memory_store>();
  std::shared_ptr<seen> out = std::make_shared<seen>();
  supervision::cell_ptr endpoint_cell, ingest_cell;
  caf::actor endpoint, ingest;
  std::uint32_t bound = 1000;

  static caf::actor of(const supervision::cell_ptr& c) {
    auto s = c->self();
    return s ? caf::actor_cast<caf::actor>(s) : caf::actor();
  }
  void start(plan_kind plan = plan_kind::block_subscribe) {
    const auto dir = registry.directory("/node");
    endpoint_cell = registry.add(dir, "endpoint", bound);
    ingest_cell = registry.add(dir, "ingest", bound);
    start_ingest();
    start_endpoint(plan);
    sys.run();
  }
  void start_ingest() {
    auto setup = std::make_shared<ingest::ingest_setup>();
    setup->name = "main";
    setup->merger.level = commitment::confirmed;
    setup->sink = sys.spawn<sink_actor>(out);
    setup->endpoint = [this](endpoint_index) { return endpoint; };
    setup->endpoints = {endpoint_index{0}};
    setup->store = store;
    ingest = sys.spawn<ingest::ingest_actor>(ingest_cell, std::shared_ptr<const ingest::ingest_setup>(setup));
  }
  void start_endpoint(plan_kind plan) {
    auto setup = std::make_shared<endpoint_setup>();
    setup->options.name = "one";
    setup->options.http_url = config::secret("http://127.0.0.1:1/?key=CANARY");
    setup->options.ws_url = config::secret("ws://127.0.0.1:1/?key=CANARY");
    setup->options.plan = plan;
    setup->sockets = sockets;
    setup->pool = ingest::update_pool::make();
    setup->ingest = [this] { return ingest; };
    endpoint = sys.spawn<endpoint_actor>(endpoint_cell, std::shared_ptr<const endpoint_setup>(setup));
  }
  void go_live() {
    sockets->events.on_open({steady_time_ns{sys.now_ns()}, {}});
    sys.run();
    sockets->frame(R"({"jsonrpc":"2.0","result":1,"id":1})");
    sockets->frame(R"({"jsonrpc":"2.0","result":2,"id":2})");
    sys.run();
  }
  void block(std::uint64_t slot, std::uint64_t parent) {
    sockets->clock = sys.now_ns();
    sockets->frame(test::block_notification(slot, parent, 3));
    sys.run();
  }
  static std::string block_reply(std::uint64_t slot, std::uint64_t parent) {
    return R"({"jsonrpc":"2.0","result":)" + test::made_up_block(slot, parent, 3) + R"(,"id":1})";
  }
};

TEST(unit_read_path, blocks_pass_from_the_frame_to_the_sink_and_a_missing_one_is_fetched) {
  world w;
  w.start();
  ASSERT_EQ(w.sockets->opened, 1);
  w.go_live();
  EXPECT_EQ(w.sockets->sent.size(), 2u);
  w.block(100, 99);
  w.block(102, 101); // 101 is missing
  EXPECT_EQ(w.out->updates, (std::vector<std::uint64_t>{100, 102}));
  w.sys.advance(1500ms);
  ASSERT_EQ(w.sockets->posts.size(), 1u);
  EXPECT_TRUE(w.sockets->posts[0].body.contains("101"));
  w.sockets->reply(w.sockets->next(), world::block_reply(101, 100));
  w.sys.advance(200ms);
  EXPECT_EQ(w.out->updates, (std::vector<std::uint64_t>{100, 102, 101}));
  EXPECT_EQ(w.out->health.complete_to.value, 102u);
  EXPECT_TRUE(w.out->health.live);
}

TEST(unit_read_path, a_timed_out_fetch_is_tried_again_and_its_late_answer_is_no_second_delivery) {
  world w;
  w.start();
  w.go_live();
  w.block(100, 99);
  w.block(102, 101);
  w.sys.advance(1500ms);
  ASSERT_EQ(w.sockets->posts.size(), 1u);
  auto slow = w.sockets->next();
  const auto copy = slow;
  w.sockets->lose(slow, http_outcome::timeout);
  w.sys.advance(1s);
  ASSERT_GE(w.sockets->posts.size(), 1u);
  w.sockets->reply(w.sockets->next(), world::block_reply(101, 100));
  w.sys.advance(200ms);
  w.sockets->reply(copy, world::block_reply(101, 100)); // late
  w.sys.advance(200ms);
  EXPECT_EQ(w.out->updates, (std::vector<std::uint64_t>{100, 102, 101}));
}

TEST(unit_read_path, a_duplicated_frame_is_delivered_once) {
  world w;
  w.start();
  w.go_live();
  w.block(100, 99);
  w.block(100, 99);
  w.block(101, 100);
  EXPECT_EQ(w.out->updates, (std::vector<std::uint64_t>{100, 101}));
}

TEST(unit_read_path, a_lost_peer_is_connected_again_subscribed_anew_and_the_gap_filled) {
  world w;
  w.start();
  w.go_live();
  w.block(100, 99);
  w.sockets->events.on_closed("reset by peer");
  w.sys.run();
  EXPECT_FALSE(w.out->health.live);
  w.sys.advance(1s);
  ASSERT_EQ(w.sockets->opened, 2);
  w.sockets->events.on_open({steady_time_ns{w.sys.now_ns()}, {}});
  w.sys.run();
  EXPECT_EQ(w.sockets->sent.size(), 4u);
  w.sockets->frame(R"({"jsonrpc":"2.0","result":1,"id":3})");
  w.sockets->frame(R"({"jsonrpc":"2.0","result":2,"id":4})");
  w.block(103, 102);
  w.sys.advance(1500ms);
  for (const auto& [slot, parent] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{{102, 101}, {101, 100}}) {
    w.sys.advance(1500ms);
    ASSERT_FALSE(w.sockets->posts.empty());
    w.sockets->reply(w.sockets->next(), world::block_reply(slot, parent));
    w.sys.run();
  }
  EXPECT_EQ(w.out->health.complete_to.value, 103u);
  EXPECT_TRUE(w.out->health.live);
  EXPECT_TRUE(w.out->health.incomplete.empty());
}

TEST(unit_read_path, a_restarted_ingest_resumes_behind_its_cursor_and_is_found_by_the_endpoint) {
  world w;
  w.start();
  w.go_live();
  for (std::uint64_t s = 100; s < 110; ++s) w.block(s, s - 1);
  w.block(112, 111); // 111 and 110 are outstanding when it dies
  w.sys.advance(1500ms);
  EXPECT_FALSE(w.sockets->posts.empty());
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(w.ingest), caf::exit_reason::kill);
  w.sys.run();
  EXPECT_EQ(*ingest::decode_cursor(w.store->kept.at("cursor/main"), commitment::confirmed), slot_number{109});
  w.sockets->posts.clear();
  w.out->updates.clear();
  w.start_ingest();
  w.sys.advance(200ms);
  w.block(113, 112);
  EXPECT_EQ(w.out->updates, (std::vector<std::uint64_t>{113}));
  EXPECT_EQ(w.out->health.complete_to.value, 109u);
  EXPECT_TRUE(w.out->health.live);
}

TEST(unit_read_path, a_restarted_endpoint_begins_anew_and_old_sockets_are_late) {
  world w;
  w.start();
  w.go_live();
  w.block(100, 99);
  auto old = w.sockets->events;
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(w.endpoint), caf::exit_reason::kill);
  w.sys.run();
  w.start_endpoint(plan_kind::block_subscribe);
  w.sys.run();
  EXPECT_EQ(w.sockets->opened, 2);
  old.on_closed("late");
  w.go_live();
  w.block(101, 100);
  EXPECT_EQ(w.out->updates, (std::vector<std::uint64_t>{100, 101}));
}

TEST(unit_read_path, what_a_full_mailbox_sheds_is_fetched_again) {
  world w;
  w.bound = 20;
  w.start();
  w.go_live();
  w.block(100, 99);
  for (std::uint64_t s = 101; s <= 160; ++s) {
    w.sockets->clock = w.sys.now_ns();
    w.sockets->frame(test::block_notification(s, s - 1, 1)); // nobody runs meanwhile
  }
  w.sys.run();
  EXPECT_GT(w.ingest_cell->refused(), 0u);
  EXPECT_LT(w.out->updates.size(), 60u);
  w.block(161, 160);
  for (int i = 0; i < 400 && w.out->health.complete_to.value < 161; ++i) {
    w.sys.advance(200ms);
    while (!w.sockets->posts.empty()) {
      const auto p = w.sockets->next();
      const auto list = p.body.find("\"getBlocks\"");
      if (list != std::string::npos) {
        std::string all;
        const auto from = std::stoull(p.body.substr(p.body.find("\"params\":[") + 10));
        const auto to = std::stoull(p.body.substr(p.body.find(',', p.body.find("\"params\":[")) + 1));
        for (auto s = from; s <= to; ++s) all += (all.empty() ? "" : ",") + std::to_string(s);
        const auto id =
            p.body.substr(p.body.find("\"id\":") + 5, p.body.find(",\"method\"") - p.body.find("\"id\":") - 5);
        w.sockets->reply(p, R"({"jsonrpc":"2.0","result":[)" + all + R"(],"id":)" + id + "}");
      } else {
        const auto slot = std::stoull(p.body.substr(p.body.find("\"params\":[") + 10));
        w.sockets->reply(p, R"({"jsonrpc":"2.0","result":)" + test::made_up_block(slot, slot - 1, 1) + R"(,"id":1})");
      }
      w.sys.run();
    }
    w.sockets->clock = w.sys.now_ns();
    w.sockets->frame(test::slot_notification(161, 160, 130)); // the stream is not silent
  }
  EXPECT_EQ(w.out->health.complete_to.value, 161u);
  EXPECT_TRUE(w.out->health.incomplete.empty());
  std::sort(w.out->updates.begin(), w.out->updates.end());
  EXPECT_EQ(w.out->updates.size(), 62u);
  EXPECT_EQ(std::adjacent_find(w.out->updates.begin(), w.out->updates.end()), w.out->updates.end());
}

TEST(unit_ingest_cursor, reads_what_it_wrote_and_refuses_everything_else) {
  const auto bytes = ingest::encode_cursor(commitment::confirmed, slot_number{0x0123456789abcdefULL});
  EXPECT_EQ(*ingest::decode_cursor(bytes, commitment::confirmed), slot_number{0x0123456789abcdefULL});
  EXPECT_FALSE(ingest::decode_cursor(bytes, commitment::processed));
  EXPECT_FALSE(ingest::decode_cursor(bytes.substr(1), commitment::confirmed));
  EXPECT_FALSE(ingest::decode_cursor("", commitment::confirmed));
}

} // namespace
} // namespace sett::endpoints
