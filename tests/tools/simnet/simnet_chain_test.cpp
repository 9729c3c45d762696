// The simulated chain without sockets: recorded blocks, forks, faults, RPC and PubSub answers, playback.
#include "messages/recording/recording.hpp"
#include "tests/support/shared_data.hpp"
#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/fault_plan.hpp"
#include "tools/simnet/load_io.hpp"
#include "tools/simnet/playback.hpp"
#include "tools/simnet/pubsub_session.hpp"
#include "tools/simnet/recorded_source.hpp"
#include "tools/simnet/synthetic_source.hpp"
#include "tools/simnet/yellowstone_session.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sett::simnet {
namespace {

namespace json = boost::json;

constexpr auto recorded_block = "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json";

std::unique_ptr<chain_driver> synthetic(std::uint32_t transactions = 20) {
  synthetic_options o;
  o.transactions_per_slot = transactions;
  o.wallets = 20;
  return std::make_unique<chain_driver>(std::make_unique<synthetic_source>(o), history_limits{});
}

std::vector<chain_step> run(chain_driver& driver, int slots) {
  std::vector<chain_step> all;
  for (int i = 0; i < slots; ++i)
    for (auto& step : driver.tick()) all.push_back(std::move(step));
  return all;
}

std::string ask(const chain_driver& driver, const std::string& body, std::uint64_t lag = 0) {
  render_cache cache;
  return rpc_service(cache).answer(body, chain_view(driver.history(), lag));
}

json::value result_of(const std::string& answer) { return json::parse(answer).as_object().at("result"); }
int code_of(const std::string& answer) {
  return static_cast<int>(json::parse(answer).as_object().at("error").as_object().at("code").as_int64());
}

json::object described(std::string_view text) {
  return json::parse(json::string_view(text.data(), text.size())).as_object();
}

TEST(unit_simnet_driver, every_slot_is_processed_confirmed_and_finalized_once_and_in_order) {
  auto driver = synthetic();
  std::map<slot_status, std::vector<std::uint64_t>> seen;
  for (const auto& step : run(*driver, 60)) seen[step.status].push_back(step.slot.value);
  EXPECT_EQ(seen[slot_status::processed].size(), 60u);
  EXPECT_EQ(seen[slot_status::confirmed].size(), 58u);
  EXPECT_EQ(seen[slot_status::finalized].size(), 28u);
  for (const auto& [status, slots] : seen)
    for (std::size_t i = 1; i < slots.size(); ++i) EXPECT_EQ(slots[i], slots[i - 1] + 1);
}

TEST(unit_simnet_driver, a_fork_kills_unconfirmed_slots_and_brings_their_transactions_again) {
  auto driver = synthetic();
  run(*driver, 40);
  const auto tip = driver->history().newest();
  std::vector<signature> lost;
  for (auto s = tip.value - 1; s <= tip.value; ++s)
    for (const auto& t : driver->history().find(slot_number{s})->block->transactions) lost.push_back(t->id);
  const auto dead = driver->fork(2);
  ASSERT_TRUE(dead.has_value());
  EXPECT_EQ(dead->size(), 2u);
  EXPECT_EQ(chain_view(driver->history(), 0).tip(commitment::processed).value, tip.value - 2);
  for (const auto& id : lost) EXPECT_FALSE(driver->history().find(id).has_value());
  const auto steps = run(*driver, 2);
  EXPECT_EQ(steps.front().parent.value, tip.value - 2);
  std::vector<signature> found;
  for (const auto& step : steps)
    if (step.status == slot_status::processed)
      for (const auto& t : step.block->transactions) found.push_back(t->id);
  EXPECT_EQ(found, lost);
  EXPECT_FALSE(driver->fork(0).has_value());
  EXPECT_FALSE(driver->fork(3).has_value()) << "a confirmed slot would die";
}

TEST(unit_simnet_driver, confirmed_and_finalized_never_go_back_whatever_forks_and_skips_come) {
  auto driver = synthetic(2);
  random_source random(3, 3);
  std::uint64_t confirmed = 0, finalized = 0;
  std::set<std::uint64_t> dead, confirmed_slots;
  for (int i = 0; i < 500; ++i) {
    std::vector<chain_step> steps;
    if (random.chance(0.2)) {
      if (auto fork = driver->fork(1 + random.below(2))) steps = std::move(*fork);
    } else if (random.chance(0.1)) {
      driver->skip(1 + random.below(4));
    }
    for (auto& step : driver->tick()) steps.push_back(std::move(step));
    for (const auto& step : steps) {
      if (step.status == slot_status::dead) dead.insert(step.slot.value);
      if (step.status == slot_status::confirmed) {
        EXPECT_GT(step.slot.value, confirmed);
        confirmed = step.slot.value;
        confirmed_slots.insert(confirmed);
      }
      if (step.status == slot_status::finalized) {
        EXPECT_GT(step.slot.value, finalized);
        finalized = step.slot.value;
        EXPECT_TRUE(confirmed_slots.contains(finalized));
      }
    }
  }
  for (const auto slot : dead) EXPECT_FALSE(confirmed_slots.contains(slot));
  EXPECT_GT(dead.size(), 50u);
}

TEST(unit_simnet_driver, history_keeps_to_its_bounds_and_says_what_it_no_longer_has) {
  history_limits limits;
  limits.blocks_max = 64;
  synthetic_options o;
  o.transactions_per_slot = 5;
  chain_driver driver(std::make_unique<synthetic_source>(o), limits);
  run(driver, 200);
  EXPECT_EQ(driver.history().blocks().size(), 64u);
  const auto first = driver.history().first_available().value;
  EXPECT_EQ(code_of(ask(driver, R"({"jsonrpc":"2.0","id":1,"method":"getBlock","params":[)" +
                                    std::to_string(first - 1) + R"(,{"maxSupportedTransactionVersion":0}]})")),
            rpc_code::block_cleaned_up);
}

TEST(unit_simnet_driver, stops_after_the_wanted_number_of_blocks) {
  auto driver = synthetic();
  driver->limit_blocks(7);
  run(*driver, 20);
  EXPECT_TRUE(driver->finished());
  EXPECT_EQ(driver->ledger().blocks(), 7u);
  EXPECT_EQ(driver->ledger().transactions(), 140u);
}

TEST(unit_simnet_rpc, a_lagging_view_sees_older_slots) {
  auto driver = synthetic();
  run(*driver, 50);
  const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"getSlot","params":[{"commitment":"processed"}]})";
  EXPECT_EQ(result_of(ask(*driver, request, 0)).as_int64() - result_of(ask(*driver, request, 7)).as_int64(), 7);
}

TEST(unit_simnet_rpc, hidden_slots_are_not_available) {
  auto driver = synthetic();
  run(*driver, 50);
  render_cache cache;
  const auto slot = driver->history().newest().value - 5;
  const auto body = R"({"jsonrpc":"2.0","id":1,"method":"getBlock","params":[)" + std::to_string(slot) +
                    R"(,{"maxSupportedTransactionVersion":0,"commitment":"confirmed"}]})";
  const chain_view view(driver->history(), 0);
  EXPECT_EQ(code_of(rpc_service(cache).answer(body, view, [&](slot_number s) { return s.value == slot; })),
            rpc_code::block_not_available);
  EXPECT_TRUE(result_of(rpc_service(cache).answer(body, view)).is_object());
}

TEST(unit_simnet_rpc, nothing_that_is_sent_breaks_it) {
  auto driver = synthetic();
  run(*driver, 40);
  for (
      const auto* body :
      {"", "null", "[]", "[1]", "{}", "{\"method\":1}", R"({"method":"getBlock"})",
       R"({"method":"getBlock","params":{}})", R"({"method":"getBlock","params":[-1]})",
       R"({"method":"getBlock","params":[1,{"encoding":7}]})", R"({"method":"getAccountInfo","params":["x"]})",
       R"({"method":"getAccountInfo","params":["11111111111111111111111111111111",{"dataSlice":{"offset":99999999999,"length":99999999}}]})",
       R"({"method":"getSignatureStatuses","params":[[1]]})",
       R"({"method":"getProgramAccounts","params":["11111111111111111111111111111111",{"filters":[{"memcmp":{}}]}]})",
       R"({"method":"getTokenAccountsByOwner","params":["11111111111111111111111111111111",{}]})"}) {
    const auto answer = ask(*driver, body);
    if (!answer.empty()) {
      EXPECT_NO_THROW(static_cast<void>(json::parse(answer))) << body;
    }
  }
}

TEST(unit_simnet_pubsub, a_signature_subscription_ends_with_its_notification) {
  auto driver = synthetic();
  run(*driver, 5);
  render_cache cache;
  pubsub_session session(cache);
  const auto id = driver->history().blocks().rbegin()->second.block->transactions.front()->signature_text;
  const auto replies = session.request(R"({"jsonrpc":"2.0","id":1,"method":"signatureSubscribe","params":[")" + id +
                                           R"(",{"commitment":"confirmed"}]})",
                                       chain_view(driver->history(), 0));
  ASSERT_EQ(replies.size(), 1u);
  std::vector<std::string> frames;
  for (const auto& step : run(*driver, 6))
    session.deliver(step, [&](std::string f) { frames.push_back(std::move(f)); });
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_NE(frames[0].find("signatureNotification"), std::string::npos);
  EXPECT_EQ(session.subscriptions(), 0u);
}

TEST(unit_simnet_pubsub, transaction_subscription_filters_as_asked) {
  auto driver = synthetic(60);
  render_cache cache;
  pubsub_session session(cache);
  const chain_view view(driver->history(), 0);
  static_cast<void>(session.request(
      R"({"jsonrpc":"2.0","id":1,"method":"transactionSubscribe","params":[{"vote":false,"failed":false,"accountInclude":["6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"]},{"commitment":"processed","encoding":"base64","maxSupportedTransactionVersion":0}]})",
      view));
  std::uint64_t frames = 0, wanted = 0;
  for (const auto& step : run(*driver, 20)) {
    session.deliver(step, [&](const std::string& f) {
      ++frames;
      EXPECT_NE(f.find("transactionNotification"), std::string::npos);
    });
    if (step.status == slot_status::processed)
      for (const auto& t : step.block->transactions)
        wanted += t->kind == transaction_kind::pump_buy || t->kind == transaction_kind::pump_sell ||
                          t->kind == transaction_kind::pump_create
                      ? 1
                      : 0;
  }
  EXPECT_EQ(frames, wanted);
  EXPECT_GT(frames, 0u);
}

TEST(unit_simnet_faults, each_fault_counts_and_ends_as_described) {
  fault_plan plan(1);
  const slot_number slot{10};
  ASSERT_TRUE(plan.add(described(R"({"kind":"status","status":429,"on":"http","endpoint":1,"count":2})"), 0));
  EXPECT_FALSE(plan.decide(0, fault_channel::http, {}, 0, slot));
  EXPECT_FALSE(plan.decide(1, fault_channel::ws, {}, 0, slot));
  EXPECT_TRUE(plan.decide(1, fault_channel::http, {}, 0, slot));
  EXPECT_TRUE(plan.decide(1, fault_channel::http, {}, 0, slot));
  EXPECT_FALSE(plan.decide(1, fault_channel::http, {}, 0, slot));
  ASSERT_TRUE(plan.add(described(R"({"kind":"lag","slots":4,"at_ms":100,"seconds":1})"), 0));
  EXPECT_EQ(plan.lag_slots(0, 99, slot), 0u);
  EXPECT_EQ(plan.lag_slots(0, 100, slot), 4u);
  EXPECT_EQ(plan.lag_slots(0, 1100, slot), 0u);
  ASSERT_TRUE(plan.add(described(R"({"kind":"fork","slots":2,"at_slot":12})"), 0));
  EXPECT_TRUE(plan.chain_faults(0, slot_number{11}).empty());
  EXPECT_EQ(plan.chain_faults(0, slot_number{12}).size(), 1u);
  EXPECT_TRUE(plan.chain_faults(0, slot_number{13}).empty());
  ASSERT_TRUE(plan.add(described(R"({"kind":"missing_slot","slots":3})"), 0));
  int hidden = 0;
  for (std::uint64_t s = 20; s < 30; ++s) hidden += plan.hide_slot(0, 0, slot_number{s}) ? 1 : 0;
  EXPECT_EQ(hidden, 3);
}

TEST(unit_simnet_faults, a_probability_is_met_and_the_same_seed_hits_the_same) {
  const auto hits = [](std::uint64_t seed) {
    fault_plan plan(seed);
    EXPECT_TRUE(plan.add(described(R"({"kind":"reset","probability":0.25})"), 0));
    std::vector<bool> out;
    for (int i = 0; i < 4000; ++i) out.push_back(plan.decide(0, fault_channel::ws, {}, 0, slot_number{1}).has_value());
    return out;
  };
  const auto a = hits(5);
  EXPECT_EQ(a, hits(5));
  EXPECT_NE(a, hits(6));
  EXPECT_NEAR(static_cast<double>(std::count(a.begin(), a.end(), true)), 1000.0, 120.0);
}

TEST(unit_simnet_faults, a_wrong_description_is_refused_with_what_is_wrong) {
  fault_plan plan(1);
  for (const auto* text : {R"({})", R"({"kind":"x"})", R"({"kind":"delay"})", R"({"kind":"status","status":200})",
                           R"({"kind":"lag","slots":0})", R"({"kind":"reset","probability":2})",
                           R"({"kind":"reset","colour":"red"})", R"({"kind":"reset","endpoint":-1})"})
    EXPECT_FALSE(plan.add(described(text), 0).has_value()) << text;
}

TEST(unit_simnet_recorded, a_block_is_shown_as_it_was_recorded_and_loops_are_new_to_deduplication) {
  SETT_NEEDS_DATA(recorded_block);
  const auto path = (sett::test::shared_folder() / recorded_block).string();
  const auto text = read_text_file(path);
  ASSERT_TRUE(text.has_value());
  auto blocks = load_blocks({path});
  ASSERT_TRUE(blocks.has_value()) << blocks.error().message;
  chain_driver driver(std::make_unique<recorded_source>(std::move(*blocks), true), history_limits{});
  const auto steps = run(driver, 4);
  block_form form;
  form.version_max = 0;
  std::set<signature> seen;
  int n = 0;
  for (const auto& step : steps) {
    if (step.status != slot_status::processed) continue;
    EXPECT_EQ(step.slot.value, 285000037u + static_cast<std::uint64_t>(n));
    EXPECT_EQ(step.block->transactions.size(), 557u);
    for (const auto& t : step.block->transactions) EXPECT_TRUE(seen.insert(t->id).second);
    if (n == 0) {
      const auto begin = text->find_first_not_of(" \n"), end = text->find_last_not_of(" \n");
      EXPECT_EQ(render_block(*step.block, form), text->substr(begin, end - begin + 1));
    } else {
      const auto shown = json::parse(render_block(*step.block, form)).as_object();
      const auto& first = shown.at("transactions")
                              .as_array()[0]
                              .as_object()
                              .at("transaction")
                              .as_object()
                              .at("signatures")
                              .as_array()[0]
                              .as_string();
      EXPECT_EQ(std::string_view(first), step.block->transactions[0]->signature_text);
    }
    ++n;
  }
  EXPECT_EQ(driver.ledger().transactions(), 4u * 557u);
}

TEST(unit_simnet_playback, answers_over_http_come_back_bit_by_bit_with_the_id_of_the_request) {
  using namespace recording;
  const std::string odd = R"({ "jsonrpc" : "2.0", "result":{"id":"inner","x":[{"id":1}],"s":"\"id\":3}"},  "id" : 5 })";
  std::string text = encode(header{"made up", 1});
  const auto http = [&](direction d, const std::string& body) { text += encode(frame{1, channel::http, 2, d, body}); };
  http(direction::sent, R"({"jsonrpc":"2.0","id":4,"method":"getBlock","params":[7,{"a":1}]})");
  http(direction::received, R"({"jsonrpc":"2.0","error":{"code":-32004,"message":"not yet"},"id":4})");
  http(direction::sent, R"({"jsonrpc":"2.0","id":5,"method":"getBlock","params":[7,{"a":1}]})");
  http(direction::received, odd);
  http(direction::sent, R"({"jsonrpc":"2.0","id":6,"method":"getBlock","params":[8]})");
  http(direction::received, R"({"id":6,"error":{"code":-32007,"message":"skipped"}})");
  const auto p = read_playback(text);
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(recorded_answer(*p, R"({"jsonrpc":"2.0","id":5,"method":"getBlock","params":[7, {"a":1}]})"), odd);
  EXPECT_EQ(
      recorded_answer(*p, R"([{"id":"x","method":"getBlock","params":[8]},{"id":9,"method":"getBlock","params":[8]}])"),
      R"([{"id":"x","error":{"code":-32007,"message":"skipped"}},{"id":9,"error":{"code":-32007,"message":"skipped"}}])");
  EXPECT_EQ(recorded_answer(*p, R"({"jsonrpc":"2.0","id":5,"method":"getBlock","params":[9]})"), std::nullopt);
  EXPECT_EQ(recorded_answer(*p, R"([{"id":1,"method":"getBlock","params":[8]},{"id":2,"method":"getSlot"}])"),
            std::nullopt);
  EXPECT_EQ(recorded_answer(*p, "{"), std::nullopt);
}

TEST(unit_simnet_playback, frames_come_back_as_recorded_for_those_who_subscribe_as_recorded) {
  using namespace recording;
  std::string text = encode(header{"made up", 1});
  const std::vector<frame> frames{
      {1, channel::ws, 1, direction::sent, R"({"jsonrpc":"2.0","id":9,"method":"slotSubscribe"})"},
      {2, channel::ws, 1, direction::received, R"({"jsonrpc":"2.0","result":4242,"id":9})"},
      {3, channel::ws, 1, direction::sent, R"({"jsonrpc":"2.0","id":10,"method":"rootSubscribe"})"},
      {4, channel::ws, 1, direction::received, R"({"jsonrpc":"2.0","result":4243,"id":10})"},
      {5, channel::ws, 1, direction::received,
       R"({"jsonrpc":"2.0", "method":"slotNotification","params":{"result":{"slot":1},"subscription":4242}})"},
      {6, channel::ws, 1, direction::received,
       R"({"jsonrpc":"2.0","method":"rootNotification","params":{"result":1,"subscription":4243}})"},
      {7, channel::ws, 1, direction::received,
       R"({"jsonrpc":"2.0",  "method":"slotNotification","params":{"result":{"slot":2},"subscription":4242}})"},
      {8, channel::grpc, 2, direction::received, std::string("\x0a\x00\xff", 3)}};
  for (const auto& f : frames) text += encode(f);
  const auto cut = read_playback(text);
  ASSERT_TRUE(cut.has_value());
  EXPECT_FALSE(cut->complete);
  text += encode(end_mark{frames.size()});
  const auto whole = read_playback(text);
  ASSERT_TRUE(whole.has_value());
  EXPECT_TRUE(whole->complete);
  ASSERT_EQ(whole->updates.size(), 1u);
  EXPECT_EQ(whole->updates[0].payload, frames[7].payload);
  playback_session session(*whole);
  EXPECT_EQ(session.request(R"({"jsonrpc":"2.0","id":"a","method":"slotSubscribe"})"),
            R"({"jsonrpc":"2.0","result":4242,"id":"a"})");
  EXPECT_EQ(code_of(session.request(R"({"jsonrpc":"2.0","id":1,"method":"logsSubscribe","params":["all"]})")),
            rpc_code::method_not_found);
  const auto* first = session.next();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->payload, frames[4].payload);
  const auto* second = session.next();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->payload, frames[6].payload);
  EXPECT_EQ(session.next(), nullptr);
  EXPECT_FALSE(read_playback("{\"t\":1}\n" + text).has_value());
}

TEST(unit_simnet_yellowstone, errors_become_the_bytes_that_solana_writes) {
  const auto hex = [](const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
      constexpr char digits[] = "0123456789abcdef";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
  };
  EXPECT_EQ(hex(error_bincode(R"({"InstructionError":[2,{"Custom":6002}]})")), "08000000"
                                                                               "02"
                                                                               "19000000"
                                                                               "72170000");
  EXPECT_EQ(hex(error_bincode(R"("BlockhashNotFound")")), "07000000");
  EXPECT_EQ(hex(error_bincode(R"({"InstructionError":[0,"InvalidAccountData"]})")), "08000000"
                                                                                    "00"
                                                                                    "03000000");
  EXPECT_EQ(hex(error_bincode(R"({"InsufficientFundsForRent":{"account_index":3}})")), "1f000000"
                                                                                       "03");
  EXPECT_EQ(hex(error_bincode("null")), "");
  EXPECT_EQ(hex(error_bincode(R"("SomethingNew")")), "");
}

} // namespace
} // namespace sett::simnet
