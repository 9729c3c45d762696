// The synthetic chain judged by what it did not make itself: the node's readers, decoders and signature checks.
#include "actors/decode/decoder.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/json_reader.hpp"
#include "messages/solana/padded_text.hpp"
#include "messages/solana/transaction.hpp"
#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/rpc_handlers.hpp"
#include "tools/simnet/synthetic_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace sett::simnet {
namespace {

synthetic_options busy() {
  synthetic_options o;
  o.seed = 7;
  o.transactions_per_slot = 200;
  o.wallets = 40;
  o.vote_share = 0.2;
  o.pool_chance = 0.05;
  o.tokens_alive_max = 30;
  return o;
}

std::vector<block_ptr> blocks_of(const synthetic_options& o, int n) {
  chain_driver driver(std::make_unique<synthetic_source>(o), history_limits{});
  std::vector<block_ptr> out;
  for (int i = 0; i < n; ++i)
    for (const auto& step : driver.tick())
      if (step.status == slot_status::processed) out.push_back(step.block);
  return out;
}

block_form form_of(std::string encoding) {
  block_form form;
  form.encoding = std::move(encoding);
  form.version_max = 0;
  return form;
}

/// Reads blocks with the node's reader and decodes them.
struct decoding : solana::transaction_visitor {
  event_batch batch;
  decode::decode_statistics stats;
  std::uint64_t faults{};
  void transaction(const solana::executed_transaction& tx) override { decode::decode_transaction(tx, batch, stats); }
  void fault(const error& e) override {
    ++faults;
    ADD_FAILURE() << e.message;
  }
};

decoding decode_all(const std::vector<block_ptr>& blocks, const std::string& encoding) {
  decoding out;
  for (const auto& block : blocks) {
    const solana::padded_text text(render_block(*block, form_of(encoding)));
    const auto info = solana::read_document(text, out);
    EXPECT_TRUE(info.has_value()) << (info ? "" : info.error().message);
  }
  return out;
}

struct swap_key {
  signature id;
  address mint;
  std::uint64_t in{}, out{};
  auto operator<=>(const swap_key&) const = default;
};

TEST(unit_simnet_synthetic, the_same_seed_gives_the_same_bytes_and_another_seed_gives_others) {
  const auto a = blocks_of(busy(), 6), b = blocks_of(busy(), 6);
  auto other = busy();
  other.seed = 8;
  const auto c = blocks_of(other, 6);
  ASSERT_EQ(a.size(), 6u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(render_block(*a[i], form_of("json")), render_block(*b[i], form_of("json")));
    EXPECT_EQ(render_block(*a[i], form_of("base64")), render_block(*b[i], form_of("base64")));
    EXPECT_NE(render_block(*a[i], form_of("json")), render_block(*c[i], form_of("json")));
  }
}

TEST(unit_simnet_synthetic, every_transaction_has_its_own_signature_and_all_signatures_verify) {
  std::set<signature> seen;
  for (const auto& block : blocks_of(busy(), 10))
    for (const auto& t : block->transactions) {
      EXPECT_TRUE(seen.insert(t->id).second);
      EXPECT_LE(t->wire.size(), 1232u);
      solana::transaction_view view;
      const auto parsed = solana::parse_transaction(t->wire, view);
      ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
      EXPECT_TRUE(solana::verify_signatures(view));
    }
  EXPECT_EQ(seen.size(), 2000u);
}

TEST(unit_simnet_synthetic, lamports_are_neither_made_nor_lost_but_by_the_fee) {
  for (const auto& block : blocks_of(busy(), 10))
    for (const auto& t : block->transactions) {
      const auto before = std::accumulate(t->pre_lamports.begin(), t->pre_lamports.end(), std::uint64_t{0});
      const auto after = std::accumulate(t->post_lamports.begin(), t->post_lamports.end(), std::uint64_t{0});
      EXPECT_EQ(before, after + t->fee) << t->signature_text;
    }
}

TEST(unit_simnet_synthetic, an_account_ends_a_transaction_as_the_next_one_finds_it) {
  std::map<address, std::uint64_t> lamports, tokens;
  for (const auto& block : blocks_of(busy(), 10))
    for (const auto& t : block->transactions) {
      for (std::size_t i = 0; i < t->keys.size(); ++i) {
        if (const auto known = lamports.find(t->keys[i]); known != lamports.end()) {
          EXPECT_EQ(known->second, t->pre_lamports[i]);
        }
        lamports[t->keys[i]] = t->post_lamports[i];
      }
      for (const auto& b : t->pre_tokens)
        if (const auto known = tokens.find(t->keys[b.account_index]); known != tokens.end()) {
          EXPECT_EQ(known->second, b.amount);
        }
      for (const auto& b : t->post_tokens) tokens[t->keys[b.account_index]] = b.amount;
    }
}

TEST(unit_simnet_synthetic, the_decoders_find_every_trade_with_its_amounts_and_the_balances_agree) {
  const auto blocks = blocks_of(busy(), 40);
  std::map<swap_key, int> wanted;
  std::map<transaction_kind, int> kinds;
  std::uint64_t votes = 0, failed = 0;
  for (const auto& block : blocks)
    for (const auto& t : block->transactions) {
      ++kinds[t->kind];
      votes += t->vote ? 1 : 0;
      failed += t->failed ? 1 : 0;
      if (t->trade)
        ++wanted[{t->id, t->trade->mint, t->trade->is_buy ? t->trade->sol_amount : t->trade->token_amount,
                  t->trade->is_buy ? t->trade->token_amount : t->trade->sol_amount}];
    }
  for (int k = static_cast<int>(transaction_kind::vote); k < static_cast<int>(transaction_kind::count_); ++k)
    EXPECT_GT(kinds[static_cast<transaction_kind>(k)], 0) << "the generator made none of kind " << k;

  for (const auto* encoding : {"json", "base64"}) {
    const auto decoded = decode_all(blocks, encoding);
    EXPECT_EQ(decoded.faults, 0u);
    EXPECT_EQ(decoded.batch.unknown.size(), 0u);
    std::map<swap_key, int> found;
    std::uint64_t disagree = 0, launches = 0, pools = 0, decoded_failed = 0;
    for (const auto& e : decoded.batch.events) {
      if (const auto* s = std::get_if<event::swap>(&e.payload)) {
        const auto native = s->mint_in == program_id::native_mint();
        const auto& id = decoded.batch.transactions[e.transaction].signature;
        ++found[{id, native ? s->mint_out : s->mint_in, s->amount_in.value, s->amount_out.value}];
        disagree += s->balances_agree ? 0 : 1;
      } else if (const auto* l = std::get_if<event::launch>(&e.payload)) {
        launches += l->phase == event::launch_phase::created ? 1 : 0;
      } else if (std::holds_alternative<event::pool_created>(e.payload)) {
        ++pools;
      } else if (std::holds_alternative<event::failed>(e.payload)) {
        ++decoded_failed;
      }
    }
    EXPECT_EQ(found, wanted) << encoding;
    EXPECT_EQ(disagree, 0u) << encoding;
    EXPECT_EQ(launches, static_cast<std::uint64_t>(kinds[transaction_kind::pump_create]));
    EXPECT_EQ(pools, static_cast<std::uint64_t>(kinds[transaction_kind::raydium_create] +
                                                kinds[transaction_kind::pump_amm_create]));
    EXPECT_EQ(decoded_failed, failed);
    EXPECT_EQ(decoded.stats.votes, votes);
  }
}

} // namespace
} // namespace sett::simnet
