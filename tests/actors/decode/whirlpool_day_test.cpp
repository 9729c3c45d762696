// A recorded day of all Whirlpool instructions (2022-04-06: 5,125 transactions with arguments, accounts, transferred
// amounts and the vaults' balances) goes through the decoder: every swap and liquidity change must come out, with those
// very amounts.
#include "actors/decode/decoder.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/synthetic_transaction.hpp"
#include "tools/verifier/golden_file_io.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <charconv>
#include <initializer_list>
#include <map>

namespace sett::decode {
namespace {

namespace dom = simdjson::dom;
constexpr std::string_view program = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc";

std::uint64_t number(std::string_view text) {
  std::uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}
/// A decimal of up to 128 bits as 16 bytes.
test::bytes wide_number(std::string_view text) {
  __extension__ using wide = unsigned __int128;
  wide n = 0;
  for (const char c : text) n = n * 10 + static_cast<unsigned>(c - '0');
  test::bytes b(16);
  for (auto& byte : b) {
    byte = static_cast<std::uint8_t>(n);
    n >>= 8;
  }
  return b;
}

/// One recorded instruction: payload fields by name.
struct recorded {
  dom::object payload;
  [[nodiscard]] std::string_view text(const char* field) const { return payload[field]; }
  [[nodiscard]] std::uint64_t amount(const char* field) const { return number(text(field)); }
  [[nodiscard]] bool flag(const char* field) const { return std::int64_t(payload[field]) != 0; }
  [[nodiscard]] address key(const char* field) const { return test::address_of(text(field)); }
  [[nodiscard]] std::vector<address> keys(std::initializer_list<const char*> fields) const {
    std::vector<address> all;
    for (const auto* f : fields) all.push_back(key(f));
    return all;
  }
};

struct expected {
  event::swap swap;
  event::liquidity liquidity;
  bool is_swap{};
};

/// Adds the instruction with its transfers; what must come of it, when something must.
void add(test::synthetic_transaction& t, std::string_view name, const recorded& r, std::vector<expected>& all) {
  if (name == "swap") {
    const bool a_to_b = r.flag("dataAToB");
    t.top(
        program,
        r.keys({"keyTokenProgram", "keyTokenAuthority", "keyWhirlpool", "keyTokenOwnerAccountA", "keyVaultA",
                "keyTokenOwnerAccountB", "keyVaultB", "keyTickArray0", "keyTickArray1", "keyTickArray2", "keyOracle"}),
        test::byte_writer{}
            .tag(0xf8c69e91e17587c8)
            .u64(r.amount("dataAmount"))
            .u64(r.amount("dataOtherAmountThreshold"))
            .raw(wide_number(r.text("dataSqrtPriceLimit")))
            .u8(r.flag("dataAmountSpecifiedIsInput"))
            .u8(a_to_b)
            .data);
    const char *in = a_to_b ? "A" : "B", *out = a_to_b ? "B" : "A";
    const auto named = [&](const char* what, const char* side) { return r.key((std::string(what) + side).c_str()); };
    t.transfer(named("keyTokenOwnerAccount", in), named("keyVault", in), r.amount("transferAmount0"));
    t.transfer(named("keyVault", out), named("keyTokenOwnerAccount", out), r.amount("transferAmount1"));
    expected e;
    e.is_swap = true;
    e.swap.pool = r.key("keyWhirlpool");
    e.swap.trader = r.key("keyTokenAuthority");
    e.swap.amount_in.value = r.amount("transferAmount0");
    e.swap.amount_out.value = r.amount("transferAmount1");
    e.swap.base_is_mint_in = a_to_b;
    all.push_back(e);
    return;
  }
  if (name == "increaseLiquidity" || name == "decreaseLiquidity") {
    const bool increase = name == "increaseLiquidity";
    t.top(program,
          r.keys({"keyWhirlpool", "keyTokenProgram", "keyPositionAuthority", "keyPosition", "keyPositionTokenAccount",
                  "keyTokenOwnerAccountA", "keyTokenOwnerAccountB", "keyTokenVaultA", "keyTokenVaultB",
                  "keyTickArrayLower", "keyTickArrayUpper"}),
          test::byte_writer{}
              .tag(increase ? 0x2e9cf3760dcdfbb2 : 0xa026d06f685b2c01)
              .raw(wide_number(r.text("dataLiquidityAmount")))
              .u64(r.amount(increase ? "dataTokenAmountMaxA" : "dataTokenAmountMinA"))
              .u64(r.amount(increase ? "dataTokenAmountMaxB" : "dataTokenAmountMinB"))
              .data);
    const auto move = [&](const char* owner, const char* vault, const char* amount) {
      if (increase)
        t.transfer(r.key(owner), r.key(vault), r.amount(amount));
      else
        t.transfer(r.key(vault), r.key(owner), r.amount(amount));
    };
    move("keyTokenOwnerAccountA", "keyTokenVaultA", "transferAmount0");
    move("keyTokenOwnerAccountB", "keyTokenVaultB", "transferAmount1");
    expected e;
    e.liquidity.change = increase ? event::liquidity_change::added : event::liquidity_change::removed;
    e.liquidity.pool = r.key("keyWhirlpool");
    e.liquidity.provider = r.key("keyPositionAuthority");
    e.liquidity.base_amount.value = r.amount("transferAmount0");
    e.liquidity.quote_amount.value = r.amount("transferAmount1");
    e.liquidity.lp_amount.value = r.amount("dataLiquidityAmount");
    all.push_back(e);
    return;
  }
  if (name == "collectFees") {
    t.top(program,
          r.keys({"keyWhirlpool", "keyPositionAuthority", "keyPosition", "keyPositionTokenAccount",
                  "keyTokenOwnerAccountA", "keyTokenVaultA", "keyTokenOwnerAccountB", "keyTokenVaultB",
                  "keyTokenProgram"}),
          test::byte_writer{}.tag(0xa498cf631eba13b6).data);
    t.transfer(r.key("keyTokenVaultA"), r.key("keyTokenOwnerAccountA"), r.amount("transferAmount0"));
    t.transfer(r.key("keyTokenVaultB"), r.key("keyTokenOwnerAccountB"), r.amount("transferAmount1"));
    return;
  }
  if (name == "collectReward") {
    t.top(program,
          r.keys({"keyWhirlpool", "keyPositionAuthority", "keyPosition", "keyPositionTokenAccount",
                  "keyRewardOwnerAccount", "keyRewardVault", "keyTokenProgram"}),
          test::byte_writer{}.tag(0x4605845756ebb122).u8(0).data);
    t.transfer(r.key("keyRewardVault"), r.key("keyRewardOwnerAccount"), r.amount("transferAmount0"));
    return;
  }
  // The rest moves no tokens of pools.
}

struct day {
  std::size_t transactions{}, swaps{}, changes{}, agree{};
  event_batch out;
  decode_statistics stats;

  void check(dom::object recorded_tx) {
    ++transactions;
    test::synthetic_transaction t;
    std::map<address, std::uint64_t> after;
    for (const dom::object balance : dom::array(recorded_tx["balances"])) {
      const auto account = test::address_of(std::string_view(balance["account"]));
      address mint = account; // the recording has no mints: one per vault
      mint.bytes[0] = static_cast<std::uint8_t>(~mint.bytes[0]);
      t.token_account(account, mint, number(std::string_view(balance["pre"])));
      after[account] = number(std::string_view(balance["post"]));
    }
    std::vector<expected> wanted;
    for (const dom::object ix : dom::array(recorded_tx["instructions"]))
      add(t, std::string_view(ix["name"]), {dom::object(ix["payload"])}, wanted);
    const std::string_view where = recorded_tx["signature"];
    // The balances are the recorded ones, not those that follow from the transfers.
    for (auto& b : t.tx.post_tokens) b.amount.value = after[t.tx.key(b.account_index)];

    out.clear();
    decode_transaction(t.tx, out, stats);
    EXPECT_TRUE(out.unknown.empty()) << where;
    std::size_t next = 0;
    for (const auto& e : out.events) {
      const auto* swap = std::get_if<event::swap>(&e.payload);
      const auto* change = std::get_if<event::liquidity>(&e.payload);
      if (swap == nullptr && change == nullptr) continue;
      ASSERT_LT(next, wanted.size()) << where;
      const auto& w = wanted[next++];
      ASSERT_EQ(w.is_swap, swap != nullptr) << where;
      if (swap != nullptr) {
        ++swaps;
        agree += swap->balances_agree;
        EXPECT_EQ(swap->pool, w.swap.pool) << where;
        EXPECT_EQ(swap->trader, w.swap.trader) << where;
        EXPECT_EQ(swap->amount_in, w.swap.amount_in) << where;
        EXPECT_EQ(swap->amount_out, w.swap.amount_out) << where;
        EXPECT_EQ(swap->base_is_mint_in, w.swap.base_is_mint_in) << where;
        EXPECT_NE(swap->mint_in, swap->mint_out) << where;
      } else {
        ++changes;
        EXPECT_EQ(change->change, w.liquidity.change) << where;
        EXPECT_EQ(change->pool, w.liquidity.pool) << where;
        EXPECT_EQ(change->provider, w.liquidity.provider) << where;
        EXPECT_EQ(change->base_amount, w.liquidity.base_amount) << where;
        EXPECT_EQ(change->quote_amount, w.liquidity.quote_amount) << where;
        EXPECT_EQ(change->lp_amount, w.liquidity.lp_amount) << where;
      }
    }
    EXPECT_EQ(next, wanted.size()) << where;
  }
};

TEST(oracle_whirlpool_day, comes_out_swap_by_swap_with_the_recorded_amounts) {
  const char* file = "data/tx/orca-so__whirlpool-tx-replayer/whirlpool-transaction-20220406.dev.jsonl.gz";
  SETT_NEEDS_DATA(file);
  dom::parser parser;
  day d;
  const auto read = verifier::for_each_line(test::shared_folder() / file, [&](const std::string& line, std::size_t) {
    const dom::object slot = parser.parse(line);
    for (const dom::object recorded_tx : dom::array(slot["transactions"])) d.check(recorded_tx);
    return !testing::Test::HasFailure();
  });
  ASSERT_TRUE(read.has_value());
  std::printf("whirlpool day: %zu transactions, %zu swaps (%zu agree with the vaults), %zu liquidity changes\n",
              d.transactions, d.swaps, d.agree, d.changes);
  EXPECT_EQ(d.transactions, 5125U);
  EXPECT_EQ(d.swaps, 4705U);
  EXPECT_EQ(d.agree, d.swaps);
  EXPECT_EQ(d.changes, 147U + 106U);
}

} // namespace
} // namespace sett::decode
