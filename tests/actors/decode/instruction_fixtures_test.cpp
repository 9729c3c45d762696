// Single recorded instructions (real data and accounts, without the transaction around them): each must be of a known
// layout, and those that move tokens of a pool must be read at the accounts they name.
#include "actors/decode/decoder.hpp"
#include "messages/solana/encoding.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/synthetic_transaction.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace sett::decode {
namespace {

namespace dom = simdjson::dom;

struct fixture {
  std::string name, program;
  std::vector<address> accounts;
  std::vector<std::string> labels; // may be empty texts
  test::bytes data;
};

std::optional<fixture> load(const std::filesystem::path& file) {
  dom::parser parser;
  dom::object record;
  if (parser.load(file.string()).get(record) != simdjson::SUCCESS) return std::nullopt;
  fixture f;
  f.name = file.stem().string();
  std::string_view text;
  dom::array accounts;
  if (record["program_id"].get(text) != simdjson::SUCCESS || record["accounts"].get(accounts) != simdjson::SUCCESS)
    return std::nullopt;
  f.program = text;
  for (const auto a : accounts) {
    f.accounts.push_back(test::address_of(std::string_view(a["pubkey"])));
    std::string_view label;
    if (a["label"].get(label) != simdjson::SUCCESS) label = {};
    f.labels.emplace_back(label);
  }
  dom::array numbers;
  if (record["data"].get(text) == simdjson::SUCCESS) {
    auto bytes = solana::hex_decode(text);
    if (!bytes) return std::nullopt;
    f.data = std::move(*bytes);
  } else if (record["data"].get(numbers) == simdjson::SUCCESS) {
    for (const auto n : numbers) f.data.push_back(static_cast<std::uint8_t>(std::uint64_t(n)));
  }
  return f;
}

event_batch decoded(const test::synthetic_transaction& t) {
  event_batch out;
  decode_statistics stats;
  decode_transaction(t.tx, out, stats);
  return out;
}

class oracle_instruction_fixtures : public testing::TestWithParam<const char*> {};

TEST_P(oracle_instruction_fixtures, are_of_known_layouts_and_read_at_their_accounts) {
  const std::string folder =
      std::string("data/tx/sevenlabs-hq__carbon/decoders/") + GetParam() + "-decoder/tests/fixtures";
  SETT_NEEDS_DATA(folder);
  std::size_t read = 0, events = 0, cut = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::shared_folder() / folder)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with("_ix.json")) continue; // ".v2" ones hold the same instruction, the others accounts
    const auto f = load(entry.path());
    ASSERT_TRUE(f) << name;
    SCOPED_TRACE(name);
    ++read;
    std::vector<address> vaults;
    for (std::size_t i = 0; i < f->labels.size(); ++i) {
      auto label = f->labels[i];
      std::ranges::transform(label, label.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (label.find("vault") != std::string::npos || label.starts_with("reserve")) vaults.push_back(f->accounts[i]);
    }
    // Any instruction may move anything: every account that could be a vault receives or pays. The direction of each
    // pool (two vaults) is in the arguments of some instructions, so one of the four ways must do.
    const auto with_transfers = [&](std::size_t directions) {
      test::synthetic_transaction t;
      const address mints[] = {test::made_up_address(1), test::made_up_address(2)}, user = test::made_up_address(3);
      for (std::size_t i = 0; i < vaults.size(); ++i) t.token_account(vaults[i], mints[i % 2], 1 << 30);
      t.top(f->program, f->accounts, f->data);
      for (std::size_t i = 0; i < vaults.size(); ++i) {
        if (((directions >> (i / 2)) & 1U) == i % 2)
          t.transfer(user, vaults[i], 500 + i);
        else
          t.transfer(vaults[i], user, 500 + i);
      }
      return decoded(t);
    };
    auto out = with_transfers(0);
    for (std::size_t directions = 1; directions < 4 && !out.unknown.empty(); ++directions)
      out = with_transfers(directions);
    const bool router = name == "swap_router_base_in_ix.json";
    EXPECT_EQ(out.unknown.size(), router ? 1U : 0U);
    for (const auto& e : out.events) {
      const auto inside = [&](const address& a) { return std::ranges::find(f->accounts, a) != f->accounts.end(); };
      if (const auto* s = std::get_if<event::swap>(&e.payload)) {
        ++events;
        EXPECT_TRUE(inside(s->pool) && inside(s->trader));
        EXPECT_NE(s->pool, s->trader);
        EXPECT_GE(s->amount_in.value, 500U);
        EXPECT_GE(s->amount_out.value, 500U);
        EXPECT_TRUE(s->balances_agree);
      } else if (const auto* l = std::get_if<event::liquidity>(&e.payload)) {
        ++events;
        EXPECT_TRUE(inside(l->pool) && inside(l->provider));
      } else if (const auto* c = std::get_if<event::pool_created>(&e.payload)) {
        ++events;
        EXPECT_TRUE(inside(c->pool) && inside(c->creator) && inside(c->base_mint) && inside(c->quote_mint));
      }
    }
    // The same data cut anywhere: nothing but a named unknown, or what a shorter layout of it allows; never a crash.
    for (std::size_t length = 0; length < f->data.size(); ++length, ++cut) {
      test::synthetic_transaction shorter;
      shorter.top(f->program, f->accounts,
                  test::bytes(f->data.begin(), f->data.begin() + static_cast<std::ptrdiff_t>(length)));
      const auto result = decoded(shorter);
      if (length < 8) {
        EXPECT_EQ(result.unknown.size(), 1U) << length;
      }
    }
  }
  std::printf("%s: %zu instructions, %zu events, %zu cuts\n", GetParam(), read, events, cut);
  EXPECT_GT(read, 15U);
  EXPECT_GT(events, 5U);
}
INSTANTIATE_TEST_SUITE_P(of, oracle_instruction_fixtures,
                         testing::Values("meteora-dlmm", "orca-whirlpool", "raydium-clmm"), [](const auto& program) {
                           std::string name = program.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

} // namespace
} // namespace sett::decode
