// pump.fun's real program, executed step by step: every successful trade of the golden set becomes the transaction that
// its balance changes imply, and must come out with the very amounts, reserves and, for buys, fee.
#include "actors/decode/decoder.hpp"
#include "actors/decode/well_known.hpp"
#include "messages/solana/encoding.hpp"
#include "tests/actors/decode/decoded.hpp"
#include "tests/support/shared_data.hpp"
#include "tools/verifier/golden_file_io.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>

namespace sett::decode {
namespace {

namespace dom = simdjson::dom;
using test::byte_writer;

std::uint64_t number(dom::element e) { return std::stoull(std::string(std::string_view(e))); }

class pump_replay {
public:
  void account(dom::object record) {
    stored_lamports_[std::string(std::string_view(record["id"]))] = number(record["lamports"]);
  }
  void sequence(dom::object record) {
    named_.clear();
    lamports_.clear();
    for (const auto [name, value] : dom::object(record["accounts"])) {
      named_[std::string(name)] = test::address_of(std::string_view(value["pubkey"]));
      std::string_view id;
      if (value["acct"].get(id) == simdjson::SUCCESS) lamports_[std::string(name)] = stored_lamports_[std::string(id)];
    }
  }
  void step(dom::object record) {
    if (!bool(record["ok"])) return;
    const auto where = std::string(std::string_view(record["seq"])) + "/" + std::to_string(std::int64_t(record["i"]));
    const auto before = lamports_;
    std::map<std::string, std::int64_t> tokens;
    for (const auto [name, change] : dom::object(record["post"])) {
      dom::element e;
      if (change["lamports"].get(e) == simdjson::SUCCESS) lamports_[std::string(name)] = number(e);
      if (change["delta"].get(e) == simdjson::SUCCESS)
        tokens[std::string(name)] = std::stoll(std::string(std::string_view(e)));
    }
    const auto gained = [&](const std::string& name) {
      const auto old = before.find(name);
      return static_cast<std::int64_t>(lamports_[name] - (old == before.end() ? 0 : old->second));
    };

    test::synthetic_transaction t;
    std::vector<address> keys;
    const dom::object ix = record["ix"];
    for (const auto pair : dom::array(ix["accounts"])) keys.push_back(test::address_of(std::string_view(pair.at(0))));
    const auto program = std::string_view(ix["program"]);
    t.top(program, keys, *solana::hex_decode(std::string_view(ix["data"])));
    const std::int64_t vault = tokens["curve_ata"], sol = gained("curve"), fee = gained("fee_recipient");
    const address holder = test::made_up_address(1);
    t.token_account(named_["curve_ata"], named_["mint"], std::uint64_t{1} << 62);
    t.token_account(holder, named_["mint"], std::uint64_t{1} << 62);
    const bool is_buy = std::string_view(record["intent"]["side"]) == "buy";
    const std::string system_program(32, '1');
    if (is_buy) {
      t.transfer(named_["curve_ata"], holder, static_cast<std::uint64_t>(-vault));
      t.inner(system_program, {keys[6], named_["curve"]},
              byte_writer{}.u32(2).u64(static_cast<std::uint64_t>(sol)).data);
      t.inner(system_program, {keys[6], keys[1]}, byte_writer{}.u32(2).u64(static_cast<std::uint64_t>(fee)).data);
    } else {
      t.transfer(holder, named_["curve_ata"], static_cast<std::uint64_t>(vault));
    }
    for (const auto e : dom::array(record["events"])) t.event_call(program, *solana::hex_decode(std::string_view(e)));
    t.tx.pre_lamports.assign(t.tx.keys.size(), 0);
    t.tx.post_lamports.assign(t.tx.keys.size(), 0);
    t.tx.pre_lamports[t.key(named_["curve"])] = before.at("curve");
    t.tx.post_lamports[t.key(named_["curve"])] = lamports_["curve"];

    const test::decoded d(t.tx);
    EXPECT_TRUE(d.batch.unknown.empty()) << where;
    if (vault == 0 && sol == 0) {
      EXPECT_TRUE(d.all<event::swap>().empty()) << where;
      return;
    }
    const auto swap = d.only<event::swap>();
    ++trades;
    completed += d.all<event::launch>().size();
    EXPECT_EQ(swap.pool, named_["curve"]) << where;
    EXPECT_EQ(swap.trader, keys[6]) << where;
    EXPECT_EQ(is_buy ? swap.mint_out : swap.mint_in, named_["mint"]) << where;
    EXPECT_EQ(static_cast<std::int64_t>((is_buy ? swap.amount_out : swap.amount_in).value), is_buy ? -vault : vault)
        << where;
    EXPECT_EQ(static_cast<std::int64_t>((is_buy ? swap.amount_in : swap.amount_out).value), is_buy ? sol : -sol)
        << where;
    EXPECT_TRUE(swap.balances_agree) << where;
    if (is_buy && fee > 0) {
      EXPECT_EQ(static_cast<std::int64_t>(swap.fee.value), fee) << where;
    }
    // The curve's account after the step: discriminator, virtual tokens, virtual SOL, ...
    const auto curve = *solana::base64_decode(std::string_view(record["post"]["curve"]["data"]));
    byte_reader in(curve);
    in.skip(8);
    EXPECT_EQ(swap.after.a, in.u64()) << where;
    EXPECT_EQ(swap.after.b, in.u64()) << where;
    EXPECT_TRUE(in.ok()) << where;
  }

  std::size_t trades{}, completed{};

private:
  std::map<std::string, std::uint64_t> stored_lamports_, lamports_;
  std::map<std::string, address> named_;
};

} // namespace

TEST(oracle_golden_pump, every_trade_comes_out_as_the_real_program_made_it) {
  SETT_NEEDS_DATA("data/golden/pump_curve.jsonl.gz");
  pump_replay r;
  dom::parser parser;
  const auto read = verifier::for_each_line(test::shared_folder() / "data/golden/pump_curve.jsonl.gz",
                                            [&](const std::string& line, std::size_t) {
                                              const dom::object record = parser.parse(line);
                                              const std::string_view kind = record["t"];
                                              if (kind == "acct") r.account(record);
                                              if (kind == "seq") r.sequence(record);
                                              if (kind == "step") r.step(record);
                                              return true;
                                            });
  ASSERT_TRUE(read.has_value());
  EXPECT_GE(r.trades, 380U);
  EXPECT_GE(r.completed, 2U);
  std::printf("pump_curve: %zu trades, %zu completions\n", r.trades, r.completed);
}

} // namespace sett::decode
