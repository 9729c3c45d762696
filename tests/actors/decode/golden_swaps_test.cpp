// Swaps executed by the venues' real programs: each step of the golden sets becomes a transaction with the transfers
// its balance changes imply, and must come out as one swap with the very amounts, direction and state after it.
#include "actors/decode/decoder.hpp"
#include "messages/solana/encoding.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/synthetic_transaction.hpp"
#include "tools/verifier/golden_file_io.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <optional>

namespace sett::decode {
namespace {

namespace dom = simdjson::dom;

std::int64_t signed_number(dom::element e) { return std::stoll(std::string(std::string_view(e))); }

struct stored_account {
  std::string owner;
  std::vector<std::uint8_t> data;
};

struct swap_set {
  const char* file;
  program_kind program;
  const char* pool;
  const char *vault[2], *user[2];
  bool events_in_logs; // else by self-call
};

constexpr swap_set sets[] = {
    {"raydium_v4", program_kind::raydium_amm_v4, "amm", {"coin_vault", "pc_vault"}, {"user_coin", "user_pc"}, true},
    {"raydium_v4_orderbook",
     program_kind::raydium_amm_v4,
     "amm",
     {"coin_vault", "pc_vault"},
     {"user_coin", "user_pc"},
     true},
    {"raydium_cpmm", program_kind::raydium_cpmm, "pool", {"vault0", "vault1"}, {"user0", "user1"}, true},
    {"raydium_clmm", program_kind::raydium_clmm, "pool", {"vault0", "vault1"}, {"user0", "user1"}, true},
    {"orca_whirlpool", program_kind::orca_whirlpool, "pool", {"vault_a", "vault_b"}, {"user_a", "user_b"}, true},
    {"meteora_dlmm", program_kind::meteora_dlmm, "lb_pair", {"reserve_x", "reserve_y"}, {"user_x", "user_y"}, false},
    {"meteora_damm_v2", program_kind::meteora_damm_v2, "pool", {"vault_a", "vault_b"}, {"user_a", "user_b"}, false},
    {"meteora_dbc", program_kind::meteora_dbc, "pool", {"vault_a", "vault_b"}, {"user_a", "user_b"}, false},
};

struct replay {
  const swap_set& set;
  std::map<std::string, stored_account> accounts;
  std::map<std::string, address> named;       // of the current sequence
  std::map<std::string, stored_account> init; // token accounts of the current sequence
  std::size_t swaps{}, states{}, fees{};

  void account(dom::object record) {
    stored_account a{std::string(std::string_view(record["owner"])), {}};
    if (auto data = solana::base64_decode(std::string_view(record["data"]))) a.data = std::move(*data);
    accounts[std::string(std::string_view(record["id"]))] = std::move(a);
  }
  void sequence(dom::object record) {
    named.clear();
    init.clear();
    for (const auto [name, value] : dom::object(record["accounts"])) {
      named[std::string(name)] = test::address_of(std::string_view(value["pubkey"]));
      std::string_view id;
      if (value["acct"].get(id) == simdjson::SUCCESS) init[std::string(name)] = accounts[std::string(id)];
    }
  }

  void step(dom::object record) {
    if (!bool(record["ok"])) return;
    const auto ix = dom::object(record["ix"]);
    if (find_program(std::string_view(ix["program"])) != set.program) return;
    test::synthetic_transaction t;
    std::vector<address> keys;
    for (const auto pair : dom::array(ix["accounts"])) keys.push_back(test::address_of(std::string_view(pair.at(0))));
    const auto program = std::string_view(ix["program"]);
    t.top(program, keys, *solana::hex_decode(std::string_view(ix["data"])));

    const dom::object post = record["post"];
    std::int64_t vault_change[2]{};
    for (int side = 0; side < 2; ++side) {
      const auto change = [&](const char* name) -> std::int64_t {
        dom::element e;
        return post[name]["delta"].get(e) == simdjson::SUCCESS ? signed_number(e) : 0;
      };
      const std::string vault_name = set.vault[side];
      const auto &vault = named[vault_name], &user = named[set.user[side]];
      const auto& first = init[vault_name];
      ASSERT_GE(first.data.size(), 72U);
      address mint;
      std::copy_n(first.data.begin(), 32, mint.bytes.begin());
      vault_change[side] = change(set.vault[side]);
      const std::int64_t user_change = change(set.user[side]);
      // Only changes count, so the balance before is any that is high enough.
      t.token_account(vault, mint, std::uint64_t{1} << 62);
      t.token_account(user, mint, std::uint64_t{1} << 62);
      const bool to_vault = vault_change[side] > 0 || user_change < 0;
      const auto sent = static_cast<std::uint64_t>(to_vault ? -user_change : -vault_change[side]);
      const auto arrived = static_cast<std::uint64_t>(to_vault ? vault_change[side] : user_change);
      if (sent > 0)
        t.transfer(to_vault ? user : vault, to_vault ? vault : user, sent, first.owner, &mint, sent - arrived);
    }
    dom::array events;
    if (record["events"].get(events) == simdjson::SUCCESS)
      for (const auto e : events) t.event_call(program, *solana::hex_decode(std::string_view(e)));
    dom::array logs;
    if (record["logs"].get(logs) == simdjson::SUCCESS)
      for (const auto line : logs) t.log(std::string(std::string_view(line)));
    const auto where = std::string(set.file) + " " + std::string(std::string_view(record["seq"])) + "/" +
                       std::to_string(std::int64_t(record["i"]));

    event_batch out;
    decode_statistics stats;
    decode_transaction(t.tx, out, stats);
    EXPECT_EQ(out.unknown.size(), 0U) << where;
    const event::swap* swap = nullptr;
    for (const auto& e : out.events)
      if (const auto* s = std::get_if<event::swap>(&e.payload)) {
        EXPECT_EQ(swap, nullptr) << where;
        swap = s;
      }
    ASSERT_NE(swap, nullptr) << where;
    ++swaps;
    const int in = vault_change[0] > 0 || vault_change[1] < 0 ? 0 : 1;
    EXPECT_EQ(swap->pool, named[set.pool]) << where;
    EXPECT_EQ(static_cast<std::int64_t>(swap->amount_in.value), vault_change[in]) << where;
    EXPECT_EQ(static_cast<std::int64_t>(swap->amount_out.value), -vault_change[1 - in]) << where;
    EXPECT_TRUE(swap->balances_agree) << where;
    address mint_in;
    std::copy_n(init[set.vault[in]].data.begin(), 32, mint_in.bytes.begin());
    EXPECT_EQ(swap->mint_in, mint_in) << where;

    fees += swap->fee_known ? 1U : 0U;
    if (swap->after.kind == pool_state_kind::none) return;
    ++states;
    EXPECT_EQ(swap->base_is_mint_in, in == 0) << where;
    dom::element after;
    if (record["active_id_after"].get(after) == simdjson::SUCCESS) {
      EXPECT_EQ(swap->after.kind, pool_state_kind::active_bin) << where;
      EXPECT_EQ(static_cast<std::int64_t>(swap->after.a), std::int64_t(after)) << where;
    }
    if (record["pool_after"].get(after) == simdjson::SUCCESS) {
      EXPECT_EQ(swap->after.kind, pool_state_kind::sqrt_price_x64) << where;
      const std::string_view price = after["sqrt_price"];
      EXPECT_EQ(decimal(swap->after.a, swap->after.b), price) << where;
      if (set.program == program_kind::raydium_clmm) {
        const std::string_view liquidity = after["liquidity"];
        EXPECT_EQ(swap->after.c, low_word(liquidity)) << where;
      }
    }
  }

  __extension__ using wide = unsigned __int128;
  static std::string decimal(std::uint64_t low, std::uint64_t high) {
    wide n = wide{high} << 64 | low;
    std::string text;
    for (; n != 0; n /= 10) text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(n % 10)));
    return text.empty() ? "0" : text;
  }
  static std::uint64_t low_word(std::string_view text) {
    std::uint64_t n = 0; // modulo 2^64
    for (const char c : text) n = n * 10 + static_cast<std::uint64_t>(c - '0');
    return n;
  }
};

class oracle_golden_swaps : public testing::TestWithParam<swap_set> {};

TEST_P(oracle_golden_swaps, come_out_with_the_amounts_and_states_of_the_real_program) {
  const auto& set = GetParam();
  const std::string path = std::string("data/golden/") + set.file + ".jsonl.gz";
  SETT_NEEDS_DATA(path);
  replay r{set, {}, {}, {}, 0, 0, 0};
  dom::parser parser;
  const auto read = verifier::for_each_line(test::shared_folder() / path, [&](const std::string& line, std::size_t) {
    const dom::object record = parser.parse(line);
    const std::string_view kind = record["t"];
    if (kind == "acct")
      r.account(record);
    else if (kind == "seq")
      r.sequence(record);
    else if (kind == "step")
      r.step(record);
    return !testing::Test::HasFatalFailure();
  });
  ASSERT_TRUE(read.has_value());
  EXPECT_GE(r.swaps, 100U);
  RecordProperty("swaps", static_cast<int>(r.swaps));
  std::printf("%s: %zu swaps, %zu with state, %zu with fee\n", set.file, r.swaps, r.states, r.fees);
  switch (set.program) {
  case program_kind::raydium_cpmm:
    EXPECT_EQ(r.states, 0U);
    break;
  case program_kind::orca_whirlpool:
    EXPECT_GT(r.states, 0U);
    break; // only the builds since 2025 log it
  default:
    EXPECT_EQ(r.states, r.swaps);
  }
}
INSTANTIATE_TEST_SUITE_P(sets, oracle_golden_swaps, testing::ValuesIn(sets),
                         [](const auto& set) { return std::string(set.param.file); });

} // namespace
} // namespace sett::decode
