#include "actors/buses/bus_actor.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/runtime/opportunity_recorder_actor.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fixed_clock.hpp"
#include "tests/support/market_events.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace sett::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::UnorderedElementsAre;

protocol::opportunity opportunity(std::uint64_t n) {
  protocol::opportunity o;
  o.kind = protocol::opportunity_kind::pool_created;
  o.mint = test::make_mint(n);
  o.pool = test::make_pool(n);
  o.slot = slot_number{100 + n};
  o.time = unix_seconds{1'790'000'000};
  o.transaction = test::make_signature(100 + n, 0);
  o.market.mint = o.mint;
  o.market.symbol = "quote \" and \n newline";
  return o;
}

class it_opportunity_recorder : public ::testing::Test {
protected:
  void SetUp() override {
    auto opened = opportunity_log::open({.folder = folder_.path().string()}, clock_, metrics_);
    ASSERT_TRUE(opened);
    log_ = *opened;
    bus_cell_ = actors_->add(actors_->directory("/node"), "signal-bus", 1000);
    start_bus();
    const auto cell = actors_->add(actors_->directory("/node"), "opportunity-recorder", 1000);
    system_.spawn<opportunity_recorder_actor>(
        cell, std::make_shared<const opportunity_recorder_setup>(
                  opportunity_recorder_setup{actors_, "/node/signal-bus", bus_, log_, &metrics_}));
    system_.run();
  }
  caf::actor start_bus() {
    auto actor = system_.spawn<buses::bus_actor<protocol::opportunity>>(bus_cell_, bus_, std::int64_t{0});
    bus_cell_->self(caf::weak_actor_ptr(caf::actor_cast<caf::strong_actor_ptr>(actor).get()));
    return current_ = actor;
  }
  /// Runs the actors until the file's writer, a thread of its own, has had so many lines.
  std::vector<std::string> lines(std::size_t n) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      system_.run();
      auto t = log_->tail(0);
      if (t.lines.size() >= n) return t.lines;
      std::this_thread::yield();
    }
    return log_->tail(0).lines;
  }

  test::temporary_folder folder_;
  test::fixed_clock clock_{1'790'000'000'000'000'000};
  telemetry::node_metrics metrics_;
  std::shared_ptr<opportunity_log> log_;
  std::shared_ptr<buses::signal_bus> bus_ = std::make_shared<buses::signal_bus>();
  std::shared_ptr<supervision::registry> actors_ = std::make_shared<supervision::registry>();
  supervision::cell_ptr bus_cell_;
  test::deterministic_system system_;
  caf::actor current_;
};

TEST_F(it_opportunity_recorder, every_opportunity_becomes_one_line_with_the_documented_fields) {
  for (std::uint64_t n = 0; n < 600; ++n) static_cast<void>(bus_->publish(opportunity(n))); // several batches
  const auto written = lines(600);
  ASSERT_EQ(written.size(), 600U);
  for (std::uint64_t n = 0; n < 600; ++n) {
    const auto o = boost::json::parse(written[n]).as_object();
    EXPECT_EQ(o.at("kind").as_string(), "pool_created");
    EXPECT_EQ(o.at("mint").as_string(), solana::to_base58(test::make_mint(n)));
    EXPECT_EQ(o.at("pool").as_string(), solana::to_base58(test::make_pool(n)));
    EXPECT_EQ(o.at("slot").to_number<std::uint64_t>(), 100 + n);
    EXPECT_EQ(o.at("time").to_number<std::int64_t>(), 1'790'000'000);
    EXPECT_EQ(o.at("signature").as_string(), solana::to_base58(test::make_signature(100 + n, 0)));
    EXPECT_TRUE(o.at("risk_score").is_null());
    EXPECT_EQ(o.at("market").as_object().at("symbol").as_string(), "quote \" and \n newline");
    EXPECT_EQ(o.size(), 8U);
  }
}

TEST_F(it_opportunity_recorder, subscribes_again_when_the_bus_was_restarted_and_counts_what_was_missed) {
  static_cast<void>(bus_->publish(opportunity(1)));
  EXPECT_EQ(lines(1).size(), 1U);
  supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(current_), caf::exit_reason::kill);
  system_.run();
  static_cast<void>(bus_->publish(opportunity(2))); // nobody hears it
  start_bus();
  system_.advance(1s);
  static_cast<void>(bus_->publish(opportunity(3)));
  EXPECT_EQ(lines(2).size(), 2U);
  system_.advance(1s);
  EXPECT_EQ(metrics_.counter_of("sett_opportunity_records_shed_total", "", {{"reason", "unheard"}}).value(), 1U);
}

TEST_F(it_opportunity_recorder, a_burst_beyond_the_bus_sheds_the_oldest_and_counts_them) {
  for (std::uint64_t n = 0; n < 1500; ++n) static_cast<void>(bus_->publish(opportunity(n))); // its actor does not run
  const auto written = lines(1000);
  EXPECT_EQ(written.size(), 1000U);
  system_.advance(1s);
  EXPECT_EQ(metrics_.counter_of("sett_opportunity_records_shed_total", "", {{"reason", "bus_full"}}).value(), 500U);
}

} // namespace
} // namespace sett::runtime
