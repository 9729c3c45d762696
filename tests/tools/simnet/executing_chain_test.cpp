#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/executing_source.hpp"
#include "tools/simnet/market.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/rpc_handlers.hpp"
#include "tools/simnet/runtime/composer.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

namespace sett::simnet {
namespace {

namespace json = boost::json;

constexpr std::uint64_t sol = 1'000'000'000;

instruction transfer(const key_pair& from, const address& to, std::uint64_t lamports) {
  std::vector<std::uint8_t> data{2, 0, 0, 0};
  for (int i = 0; i < 8; ++i) data.push_back(static_cast<std::uint8_t>(lamports >> (8 * i)));
  return {program_id::system(), {{from.key, true, true}, {to, true, false}}, data};
}

/// A chain without a population, one rich wallet.
struct chain {
  explicit chain(chain_weather weather = {}, std::uint64_t seed = 1) {
    executing_options o;
    o.seed = seed;
    o.weather = weather;
    auto made = std::make_unique<executing_source>(o, nullptr);
    source = made.get();
    source->chain().accounts().put(rich.key, {100 * sol, {}, {}, false});
    history_limits limits;
    limits.account_versions_slots = 64;
    driver = std::make_unique<chain_driver>(std::move(made), limits);
    tick();
  }
  void tick(int slots = 1) {
    for (int i = 0; i < slots; ++i) static_cast<void>(driver->tick());
  }
  json::value ask(const std::string& method, const std::string& params, endpoint_manners manners = {}) {
    render_cache cache;
    manners.port = driver->port();
    const auto text = rpc_service(cache).answer(
        fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params),
        chain_view(driver->history(), 0), {}, manners);
    return json::parse(text);
  }
  std::string sent(const chain_transaction& t, const std::string& more = {}) {
    return fmt::format(R"(["{}",{{"encoding":"base64"{}}}])", solana::base64_encode(t.wire), more);
  }
  std::uint64_t lamports(const address& key) { return source->chain().accounts().lamports_of(key); }

  key_pair rich = derive_key_pair(1, "rich", 0), other = derive_key_pair(1, "other", 0);
  executing_source* source{};
  std::unique_ptr<chain_driver> driver;
};

chain_transaction pay(const chain& c, std::uint64_t lamports) {
  const instruction list[] = {transfer(c.rich, c.other.key, lamports)};
  const key_pair* signers[] = {&c.rich};
  return compose(list, signers, c.source->chain().newest_hash());
}

TEST(unit_simnet_executor, the_same_bytes_run_once_however_often_they_are_sent) {
  chain c;
  const auto t = pay(c, sol);
  EXPECT_TRUE(c.ask("sendTransaction", c.sent(t)).as_object().contains("result"));
  EXPECT_TRUE(c.ask("sendTransaction", c.sent(t)).as_object().contains("result")) << "still waiting: welcome again";
  c.tick();
  EXPECT_EQ(c.lamports(c.other.key), sol);
  EXPECT_EQ(c.ask("sendTransaction", c.sent(t)).at("error").at("code").as_int64(), -32002);
  EXPECT_TRUE(c.ask("sendTransaction", c.sent(t, R"(,"skipPreflight":true)")).as_object().contains("result"));
  c.tick(3);
  EXPECT_EQ(c.lamports(c.other.key), sol);
  EXPECT_EQ(c.lamports(c.rich.key), 99 * sol - 5'000);
}

TEST(unit_simnet_executor, a_failed_transaction_pays_its_fee_and_changes_nothing_else) {
  chain c;
  const instruction list[] = {transfer(c.rich, c.other.key, sol), transfer(c.rich, c.other.key, 1'000 * sol)};
  const key_pair* signers[] = {&c.rich};
  const auto t = compose(list, signers, c.source->chain().newest_hash());
  EXPECT_TRUE(c.ask("sendTransaction", c.sent(t, R"(,"skipPreflight":true)")).as_object().contains("result"));
  c.tick();
  EXPECT_EQ(c.lamports(c.other.key), 0u);
  EXPECT_EQ(c.lamports(c.rich.key), 100 * sol - 5'000);
  const auto status = c.ask("getSignatureStatuses", fmt::format(R"([["{}"]])", t.signature_text));
  EXPECT_EQ(json::serialize(status.at("result").at("value").at(0).at("err")),
            R"({"InstructionError":[1,{"Custom":1}]})");
}

TEST(unit_simnet_executor, a_blockhash_lives_for_150_blocks) {
  chain c;
  const auto early = pay(c, 1'000'000), late = pay(c, 2'000'000);
  c.tick(149);
  EXPECT_TRUE(c.source->simulate(early, {}).succeeded());
  c.source->submit(early, false);
  c.tick();
  EXPECT_EQ(c.lamports(c.other.key), 1'000'000u);
  c.source->submit(late, false);
  c.tick(2);
  EXPECT_EQ(c.lamports(c.other.key), 1'000'000u) << "one block too old";
  EXPECT_EQ(c.source->counted().expired, 1u);
}

TEST(unit_simnet_executor, a_wrong_signature_or_a_poor_payer_never_gets_into_a_block) {
  chain c;
  auto forged = pay(c, sol);
  forged.signatures.front().bytes[3] ^= 1;
  c.source->submit(forged, false);
  const instruction list[] = {transfer(c.other, c.rich.key, 1)};
  const key_pair* signers[] = {&c.other};
  c.source->submit(compose(list, signers, c.source->chain().newest_hash()), false);
  c.tick();
  EXPECT_EQ(c.source->counted().refused, 2u);
  EXPECT_EQ(c.source->counted().landed, 0u);
}

TEST(unit_simnet_executor, who_pays_more_per_unit_runs_first) {
  chain c;
  const auto priced = [&](std::uint64_t price, std::uint64_t amount) {
    std::vector<std::uint8_t> data{3};
    for (int i = 0; i < 8; ++i) data.push_back(static_cast<std::uint8_t>(price >> (8 * i)));
    const instruction list[] = {{program_id::compute_budget(), {}, data}, transfer(c.rich, c.other.key, amount)};
    const key_pair* signers[] = {&c.rich};
    return compose(list, signers, c.source->chain().newest_hash());
  };
  const auto cheap = priced(10, sol), dear = priced(5'000, 2 * sol);
  c.source->submit(cheap, false);
  c.source->submit(dear, false);
  c.tick();
  const auto& block = *c.driver->history().blocks().rbegin()->second.block;
  ASSERT_EQ(block.transactions.size(), 2u);
  EXPECT_EQ(block.transactions[0]->id, dear.id);
}

TEST(unit_simnet_executor, a_fork_takes_accounts_back_and_the_transaction_lands_again_or_is_lost) {
  for (const double lost : {0.0, 1.0}) {
    chain_weather weather;
    weather.lost_in_fork_chance = lost;
    chain c(weather);
    const auto t = pay(c, sol);
    c.source->submit(t, false);
    c.tick(4);
    ASSERT_EQ(c.lamports(c.other.key), sol);
    ASSERT_TRUE(c.driver->fork(5).has_value()) << "deeper than confirmed";
    EXPECT_EQ(c.lamports(c.other.key), 0u);
    EXPECT_EQ(
        json::serialize(
            c.ask("getSignatureStatuses", fmt::format(R"([["{}"]])", t.signature_text)).at("result").at("value").at(0)),
        "null");
    EXPECT_EQ(c.ask("getBalance", fmt::format(R"(["{}",{{"commitment":"processed"}}])", solana::to_base58(c.other.key)))
                  .at("result")
                  .at("value")
                  .to_number<std::uint64_t>(),
              0u);
    c.tick(2);
    EXPECT_EQ(c.lamports(c.other.key), lost == 0.0 ? sol : 0u);
  }
}

TEST(unit_simnet_executor, an_account_is_shown_as_it_stood_at_the_commitment) {
  chain c;
  const auto t = pay(c, sol);
  c.source->submit(t, false);
  c.tick();
  const auto seen = [&](const char* level) {
    return c.ask("getBalance", fmt::format(R"(["{}",{{"commitment":"{}"}}])", solana::to_base58(c.other.key), level))
        .at("result")
        .at("value")
        .to_number<std::uint64_t>();
  };
  EXPECT_EQ(seen("processed"), sol);
  EXPECT_EQ(seen("confirmed"), 0u);
  c.tick(2);
  EXPECT_EQ(seen("confirmed"), sol);
  EXPECT_EQ(seen("finalized"), 0u);
  c.tick(32);
  EXPECT_EQ(seen("finalized"), sol);
}

TEST(unit_simnet_executor, a_bundle_lands_whole_or_not_at_all) {
  chain c;
  const auto& tip = jito_tip_accounts().front();
  const auto make = [&](const address& to, std::uint64_t amount) {
    const instruction list[] = {transfer(c.rich, to, amount)};
    const key_pair* signers[] = {&c.rich};
    return compose(list, signers, c.source->chain().newest_hash());
  };
  const auto bundle = [&](std::initializer_list<chain_transaction> list) {
    std::string out = "[[";
    for (const auto& t : list) out += fmt::format("{}\"{}\"", out.size() > 2 ? "," : "", solana::base64_encode(t.wire));
    return c.ask("sendBundle", out + R"(],{"encoding":"base64"}])");
  };
  EXPECT_TRUE(bundle({make(c.other.key, sol)}).as_object().contains("error")) << "no tip";
  const auto good = bundle({make(c.other.key, sol), make(tip, 10'000)});
  const auto bad = bundle({make(c.other.key, 3 * sol), make(tip, 1'000 * sol)});
  c.tick();
  EXPECT_EQ(c.lamports(c.other.key), sol);
  const auto status = [&](const json::value& answer) {
    return c.ask("getInflightBundleStatuses", fmt::format("[[{}]]", json::serialize(answer.at("result"))))
        .at("result")
        .at("value")
        .at(0)
        .at("status")
        .as_string();
  };
  EXPECT_EQ(status(good), "Landed");
  EXPECT_EQ(status(bad), "Pending");
  c.tick(21);
  EXPECT_EQ(status(bad), "Failed");
}

TEST(unit_simnet_executor, an_endpoint_lies_as_it_is_told_to) {
  chain c;
  const auto t = pay(c, sol);
  endpoint_manners swallow, deny, withhold, claim;
  swallow.swallows_sends = true;
  deny.denies_sends = true;
  withhold.withholds = true;
  claim.claims_finalized = true;
  EXPECT_TRUE(c.ask("sendTransaction", c.sent(t), swallow).as_object().contains("result"));
  const auto ids = fmt::format(R"([["{}"]])", t.signature_text);
  EXPECT_EQ(
      c.ask("getSignatureStatuses", ids, claim).at("result").at("value").at(0).at("confirmationStatus").as_string(),
      "finalized");
  c.tick();
  EXPECT_EQ(c.lamports(c.other.key), 0u);
  EXPECT_TRUE(c.ask("sendTransaction", c.sent(t), deny).as_object().contains("error"));
  c.tick();
  EXPECT_EQ(c.lamports(c.other.key), sol);
  EXPECT_TRUE(c.ask("getSignatureStatuses", ids, withhold).at("result").at("value").at(0).is_null());
  EXPECT_FALSE(c.ask("getSignatureStatuses", ids).at("result").at("value").at(0).is_null());
}

struct ran {
  std::map<std::string, int> failures;
  std::map<transaction_kind, int> kinds;
  std::uint64_t lamports{}, fees{};
  executing_source::counts counts;
  std::string last_hash;
  std::set<std::string> landed_twice;
};

ran run_market(std::uint64_t seed, int slots, const chain_weather& weather = {}) {
  executing_options o;
  o.seed = seed;
  o.weather = weather;
  market_options m;
  m.seed = seed;
  m.launches_per_slot = 0.15;
  m.deeds_per_slot = 8;
  m.honeypot_share = 0.25;
  auto made = std::make_unique<executing_source>(o, std::make_unique<market>(m));
  auto* source = made.get();
  ran out;
  out.lamports = source->chain().lamports_total();
  history_limits limits;
  limits.blocks_max = 5'000;
  limits.account_versions_slots = 64;
  chain_driver driver(std::move(made), limits);
  for (int i = 0; i < slots; ++i) static_cast<void>(driver.tick());
  std::set<signature> seen;
  std::string all;
  for (const auto& [slot, entry] : driver.history().blocks()) {
    if (entry.dead) continue;
    for (const auto& t : entry.block->transactions) {
      ++out.kinds[t->kind];
      if (t->failed) ++out.failures[t->error_json];
      if (!seen.insert(t->id).second) out.landed_twice.insert(t->signature_text);
      all += t->signature_text;
    }
  }
  out.lamports -= source->chain().lamports_total();
  out.fees = source->chain().fees_taken();
  out.counts = source->counted();
  out.last_hash = std::to_string(std::hash<std::string>{}(all));
  return out;
}

TEST(unit_simnet_market, launches_trades_migrates_and_loses_no_lamport) {
  const auto r = run_market(3, 400);
  std::string text;
  for (const auto& [error, n] : r.failures) text += fmt::format("{} x {}\n", n, error);
  for (const auto& [kind, n] : r.kinds) text += fmt::format("kind {}: {}\n", static_cast<int>(kind), n);
  text += fmt::format("refused {} expired {} landed {}\n", r.counts.refused, r.counts.expired, r.counts.landed);
  for (const auto kind : {transaction_kind::pump_create, transaction_kind::pump_buy, transaction_kind::pump_sell,
                          transaction_kind::pump_amm_create, transaction_kind::pump_amm_buy,
                          transaction_kind::pump_amm_sell, transaction_kind::transfer, transaction_kind::failed})
    EXPECT_TRUE(r.kinds.contains(kind)) << "kind " << static_cast<int>(kind) << "\n" << text;
  EXPECT_EQ(r.lamports, r.fees) << "what is gone from the accounts is what was taken as fees";
  EXPECT_LT(r.kinds.at(transaction_kind::failed), static_cast<int>(r.counts.landed) / 3) << text;
  fmt::print("{}", text);
}

TEST(unit_simnet_market, the_same_seed_gives_the_same_chain_and_forks_keep_the_books) {
  chain_weather weather;
  weather.fork_chance = 0.05;
  weather.fork_slots_max = 3;
  weather.lost_in_fork_chance = 0.2;
  weather.skip_chance = 0.03;
  weather.drop_chance = 0.05;
  const auto a = run_market(5, 200, weather), b = run_market(5, 200, weather), other = run_market(6, 60, weather);
  EXPECT_EQ(a.last_hash, b.last_hash);
  EXPECT_NE(a.last_hash, other.last_hash);
  EXPECT_EQ(a.lamports, a.fees);
  EXPECT_TRUE(a.landed_twice.empty());
  EXPECT_GT(a.counts.forks, 3u);
  EXPECT_GT(a.counts.landed_again, 10u);
  EXPECT_GT(a.counts.lost_in_forks, 3u);
}

} // namespace
} // namespace sett::simnet
