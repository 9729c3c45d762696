#include "actors/decode/decoder.hpp"
#include "actors/decode/well_known.hpp"
#include "tests/actors/decode/decoded.hpp"

#include <gtest/gtest.h>

namespace sett::decode {
namespace {

using test::byte_writer;
using test::bytes;
using test::decoded;
using test::made_up_address;
using test::synthetic_transaction;

constexpr std::string_view system_program = "11111111111111111111111111111111";
constexpr std::string_view budget = "ComputeBudget111111111111111111111111111111";
constexpr std::string_view raydium = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";
constexpr std::string_view whirlpool = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc";
constexpr std::string_view stranger = "AB5YqhWip4SagTCQw29U8f8qpZDusBms3GDv3hVHNFkn";

bytes transfer_data(std::uint64_t amount) { return byte_writer{}.u32(2).u64(amount).data; }

/// A pool of Raydium's first AMM: 8 accounts of its shortest swap.
struct pool {
  std::uint32_t base; // its addresses are base, base + 1, ...
  address mint_a, mint_b;
  [[nodiscard]] address at(std::uint32_t n) const { return made_up_address(base + n); }
  [[nodiscard]] std::vector<address> accounts() const {
    return {at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)};
  }
  void open(synthetic_transaction& t) const {
    t.token_account(at(3), mint_a, 1'000'000);
    t.token_account(at(4), mint_b, 1'000'000);
    t.token_account(at(5), mint_a, 1'000'000);
    t.token_account(at(6), mint_b, 1'000'000);
  }
  /// The movements of a swap that gives A.
  void swap(synthetic_transaction& t, std::uint64_t in, std::uint64_t out, std::uint8_t height) const {
    t.transfer(at(5), at(3), in, synthetic_transaction::spl_token, nullptr, 0, height);
    t.transfer(at(4), at(6), out, synthetic_transaction::spl_token, nullptr, 0, height);
  }
};
const bytes swap_data = byte_writer{}.u8(16).u64(1).u64(0).data;
const pool first_pool{100, made_up_address(1), made_up_address(2)};
const pool second_pool{200, made_up_address(2), made_up_address(3)};

} // namespace

TEST(unit_decode_transaction, gives_nothing_for_votes_and_for_transactions_nobody_saw_executed) {
  synthetic_transaction t;
  t.top(system_program, {made_up_address(1), made_up_address(2)}, transfer_data(5));
  t.tx.is_vote = true;
  decoded vote(t.tx);
  EXPECT_TRUE(vote.batch.transactions.empty());
  EXPECT_EQ(vote.statistics.votes, 1U);
  t.tx.is_vote = false;
  t.tx.has_meta = false;
  decoded pending(t.tx);
  EXPECT_TRUE(pending.batch.events.empty());
  EXPECT_EQ(pending.statistics.without_meta, 1U);
  t.tx.has_meta = true;
  EXPECT_EQ(decoded(t.tx).batch.events.size(), 1U);
}

TEST(unit_decode_transaction, says_of_a_failed_one_only_that_it_failed_and_what_it_paid) {
  synthetic_transaction t;
  t.top(budget, {}, byte_writer{}.u8(3).u64(1'000'000).data);
  t.top(raydium, first_pool.accounts(), swap_data);
  first_pool.open(t);
  first_pool.swap(t, 10, 9, 2);
  t.top(system_program,
        {made_up_address(1), address(solana::lazy_address("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5").get())},
        transfer_data(5));
  t.tx.err = {
      .failed = true, .is_instruction_error = true, .instruction = 1, .has_custom_code = true, .custom_code = 40};
  t.tx.fee.value = 5'200;
  decoded d(t.tx);
  ASSERT_EQ(d.batch.events.size(), 2U);
  const auto failed = d.only<event::failed>();
  EXPECT_EQ(failed.instruction, 1U);
  EXPECT_EQ(failed.custom_code, 40U);
  EXPECT_EQ(d.only<event::priority_fee>().total.value, 200U);
  EXPECT_TRUE(d.batch.transactions.at(0).failed);
}

TEST(unit_decode_transaction, counts_indexes_outside_the_key_list_and_reads_nothing_of_them) {
  synthetic_transaction t;
  t.top(system_program, {made_up_address(1), made_up_address(2)}, transfer_data(5));
  const std::uint8_t outside[] = {1, 200};
  t.tx.instructions[0].accounts = outside;
  EXPECT_EQ(decoded(t.tx).statistics.malformed, 1U);
  synthetic_transaction u;
  u.top(system_program, {made_up_address(1), made_up_address(2)}, transfer_data(5));
  u.tx.instructions[0].program_index = 99;
  EXPECT_TRUE(decoded(u.tx).batch.events.empty());
  synthetic_transaction v;
  v.token_account(made_up_address(1), made_up_address(2), 5);
  v.tx.post_tokens[0].account_index = 77;
  EXPECT_EQ(decoded(v.tx).statistics.malformed, 1U);
}

TEST(unit_decode_transaction, leaves_unknown_programs_alone_and_counts_them) {
  synthetic_transaction t;
  t.top(stranger, {made_up_address(1)}, {1, 2, 3});
  decoded d(t.tx);
  EXPECT_TRUE(d.batch.transactions.empty());
  EXPECT_EQ(d.statistics.unknown_programs, 1U);
}

TEST(unit_decode_transaction, names_an_unknown_layout_by_program_tag_and_length) {
  synthetic_transaction t;
  t.top(system_program, {made_up_address(1)}, byte_writer{}.u32(99).u32(0x01020304).data);
  decoded d(t.tx);
  ASSERT_EQ(d.batch.unknown.size(), 1U);
  EXPECT_EQ(d.batch.unknown[0].discriminator, 0x6300000004030201U);
  EXPECT_EQ(d.batch.unknown[0].data_length, 8U);
  EXPECT_EQ(d.batch.unknown[0].program, address{});
  EXPECT_EQ(d.batch.transactions.size(), 1U);
}

TEST(unit_decode_transaction, calls_a_transfer_to_a_tip_account_a_tip_and_no_transfer) {
  synthetic_transaction t;
  t.top(system_program, {made_up_address(1), test::address_of("3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT")},
        transfer_data(5'000));
  t.top(system_program, {made_up_address(1), made_up_address(2)}, transfer_data(7));
  decoded d(t.tx);
  EXPECT_EQ(d.only<event::tip>().amount.value, 5'000U);
  const auto transfer = d.only<event::transfer>();
  EXPECT_EQ(transfer.amount.value, 7U);
  EXPECT_EQ(transfer.mint, native_mint());
}

TEST(unit_decode_transaction, takes_the_signature_fees_off_the_priority_fee) {
  synthetic_transaction t;
  t.tx.required_signatures = 2;
  t.tx.fee.value = 3 * 5'000 + 1'234;
  t.top(budget, {}, byte_writer{}.u8(2).u32(300'000).data);
  t.top(budget, {}, byte_writer{}.u8(3).u64(4'113).data);
  t.top("Ed25519SigVerify111111111111111111111111111", {}, {1, 0});
  const auto fee = decoded(t.tx).only<event::priority_fee>();
  EXPECT_EQ(fee.total.value, 1'234U);
  EXPECT_EQ(fee.unit_limit, 300'000U);
  EXPECT_EQ(fee.price_micro_lamports, 4'113U);
}

TEST(unit_decode_context, tells_children_by_stack_height) {
  synthetic_transaction t;
  t.top(stranger, {}, {1});
  t.inner(raydium, {}, {16}, 2);
  t.inner(synthetic_transaction::spl_token, {}, {3}, 3);
  t.inner(stranger, {}, {9}, 4);
  t.inner(whirlpool, {}, {0}, 2);
  t.inner(synthetic_transaction::spl_token, {}, {3}, 3);
  t.top(stranger, {}, {1});
  transaction_index index;
  index.build(t.tx);
  event_batch batch;
  const context ctx(t.tx, index, batch, 0);
  EXPECT_EQ(ctx.children(0).end, 6U);
  EXPECT_EQ(ctx.children(1).begin, 2U);
  EXPECT_EQ(ctx.children(1).end, 4U);
  EXPECT_EQ(ctx.children(4).end, 6U);
  EXPECT_EQ(ctx.children(6).end, 7U);
}

TEST(unit_decode_context, tells_children_without_stack_heights_by_the_next_venue) {
  synthetic_transaction t;
  const bytes event = byte_writer{}.tag(event_cpi_prefix).tag(1).data;
  t.top(stranger, {}, {1});
  t.inner(raydium, {}, {16}, 0);
  t.inner(synthetic_transaction::spl_token, {}, {3}, 0);
  t.inner(raydium, {}, event, 0); // its own event does not end it
  t.inner(synthetic_transaction::spl_token, {}, {3}, 0);
  t.inner(whirlpool, {}, {0}, 0);
  transaction_index index;
  index.build(t.tx);
  event_batch batch;
  const context ctx(t.tx, index, batch, 0);
  EXPECT_EQ(ctx.children(1).end, 5U);
}

TEST(unit_decode_context, reads_log_lines_of_the_right_invocation_at_its_own_depth) {
  synthetic_transaction t;
  t.top(raydium, {}, {16});
  t.inner(whirlpool, {}, {0}, 2);
  t.top(raydium, {}, {16});
  for (const char* line :
       {"Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 invoke [1]", "Program log: ray_log: first",
        "Program whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc invoke [2]", "Program log: ray_log: not mine",
        "Program whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc consumed 5 of 9 compute units",
        "Program whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc success", "Program log: ray_log: again",
        "Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 success",
        "Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 invoke [1]", "Program log: ray_log: second",
        "Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 success", "Program log: ray_log: nobody's"})
    t.log(line);
  transaction_index index;
  index.build(t.tx);
  event_batch batch;
  const context ctx(t.tx, index, batch, 0);
  constexpr std::string_view prefix = "Program log: ray_log: ";
  EXPECT_EQ(ctx.log_line(0, prefix), "first");
  EXPECT_EQ(ctx.log_line(0, prefix, 1), "again");
  EXPECT_EQ(ctx.log_line(0, prefix, 2), "");
  EXPECT_EQ(ctx.log_line(1, prefix), "not mine");
  EXPECT_EQ(ctx.log_line(2, prefix), "second");
  EXPECT_EQ(ctx.log_line(2, prefix, 1), "");
}

TEST(unit_decode_context, prefers_the_event_call_and_falls_back_to_the_log) {
  const bytes event = byte_writer{}.tag(0x1122334455667788).u64(42).data;
  synthetic_transaction called;
  called.top(raydium, {}, {16});
  called.event_call(raydium, event);
  synthetic_transaction logged;
  logged.top(raydium, {}, {16});
  logged.log("Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 invoke [1]");
  logged.log("Program data: AAAA");
  logged.log("Program data: ESIzRFVmd4gqAAAAAAAAAA=="); // the same bytes
  logged.log("Program 675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8 success");
  for (const auto* t : {&called, &logged}) {
    transaction_index index;
    index.build(t->tx);
    event_batch batch;
    const context ctx(t->tx, index, batch, 0);
    byte_reader in(ctx.event(0, 0x1122334455667788));
    EXPECT_EQ(in.u64(), 42U);
    EXPECT_TRUE(in.ok());
    EXPECT_TRUE(ctx.event(0, 0x99).empty());
    EXPECT_TRUE(ctx.event(0, 0x1122334455667788, 1).empty());
  }
}

TEST(unit_decode_trade, nets_the_mints_that_a_route_only_passes_through) {
  synthetic_transaction t;
  first_pool.open(t);
  second_pool.open(t);
  t.top(stranger, {}, {1});
  t.inner(raydium, first_pool.accounts(), swap_data, 2);
  first_pool.swap(t, 1'000, 5'000, 3);
  t.inner(raydium, second_pool.accounts(), swap_data, 2);
  second_pool.swap(t, 4'999, 70, 3);
  decoded d(t.tx);
  EXPECT_EQ(d.all<event::swap>().size(), 2U);
  const auto trade = d.only<event::trade>();
  EXPECT_EQ(trade.mint_in, first_pool.mint_a);
  EXPECT_EQ(trade.mint_out, second_pool.mint_b);
  EXPECT_EQ(trade.amount_in.value, 1'000U);
  EXPECT_EQ(trade.amount_out.value, 70U);
  EXPECT_EQ(trade.leg_count, 2U);
  EXPECT_EQ(trade.router, program_kind::unknown);
  EXPECT_TRUE(std::holds_alternative<event::trade>(d.batch.events.back().payload));
}

TEST(unit_decode_trade, tells_a_round_trip_gross) {
  const pool back{300, second_pool.mint_a, first_pool.mint_a}; // gives B, gets A
  synthetic_transaction t;
  first_pool.open(t);
  back.open(t);
  t.top(stranger, {}, {1});
  t.inner(raydium, first_pool.accounts(), swap_data, 2);
  first_pool.swap(t, 1'000, 5'000, 3);
  t.inner(raydium, back.accounts(), swap_data, 2);
  back.swap(t, 5'000, 1'010, 3);
  const auto trade = decoded(t.tx).only<event::trade>();
  EXPECT_EQ(trade.mint_in, first_pool.mint_a);
  EXPECT_EQ(trade.mint_out, first_pool.mint_a);
  EXPECT_EQ(trade.amount_in.value, 1'000U);
  EXPECT_EQ(trade.amount_out.value, 1'010U);
}

TEST(unit_decode_trade, is_one_for_each_top_level_instruction) {
  synthetic_transaction t;
  first_pool.open(t);
  for (int i = 0; i < 2; ++i) {
    t.top(raydium, first_pool.accounts(), swap_data);
    first_pool.swap(t, 100, 90, 2);
  }
  decoded d(t.tx);
  EXPECT_EQ(d.all<event::trade>().size(), 2U);
  for (const auto& s : d.all<event::swap>()) EXPECT_TRUE(s.balances_agree);
  EXPECT_EQ(d.all<event::trade>()[1].router, program_kind::raydium_amm_v4);
}

TEST(unit_transaction_index, says_when_balances_do_not_follow_from_the_movements) {
  synthetic_transaction t;
  first_pool.open(t);
  t.top(raydium, first_pool.accounts(), swap_data);
  first_pool.swap(t, 100, 90, 2);
  t.tx.post_tokens[0].amount.value += 1;
  EXPECT_FALSE(decoded(t.tx).only<event::swap>().balances_agree);
  t.tx.post_tokens.clear();
  t.tx.pre_tokens.clear();
  decoded without(t.tx);
  EXPECT_TRUE(without.all<event::swap>().empty()); // no balances: nobody names the mints
  EXPECT_EQ(without.batch.unknown.size(), 1U);
}

TEST(unit_transaction_index, finds_a_transfer_fee_that_only_the_balances_tell) {
  synthetic_transaction t;
  const address mint = made_up_address(1), from = made_up_address(10), to = made_up_address(11);
  t.token_account(from, mint, 1'000);
  t.token_account(to, mint, 0);
  t.top(stranger, {}, {1});
  t.transfer(from, to, 500, synthetic_transaction::token_2022, &mint, 7);
  const auto transfer = decoded(t.tx).only<event::transfer>();
  EXPECT_EQ(transfer.amount.value, 500U);
  EXPECT_EQ(transfer.withheld.value, 7U);
  transaction_index index;
  index.build(t.tx);
  EXPECT_TRUE(index.balances_explained(t.key(from)));
  EXPECT_TRUE(index.balances_explained(t.key(to)));
}

} // namespace sett::decode
