#include "actors/ingest/stream_decoder.hpp"
#include "tests/support/made_up_block.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sett::ingest {
namespace {

using solana::padded_text;

struct reading {
  std::shared_ptr<update_pool> pool = update_pool::make();
  stream_decoder decoder{{.level = commitment::confirmed, .frame_bytes_max = 64U << 20}, pool};
  decoded_frame out;
  result<void> pubsub(const std::string& text) {
    out.clear();
    return decoder.pubsub_frame(padded_text(text), out);
  }
};

TEST(unit_stream_decoder, a_block_notification_becomes_one_complete_update_with_its_events) {
  reading r;
  ASSERT_TRUE(r.pubsub(test::block_notification(100, 98, 20)));
  ASSERT_EQ(r.out.updates.size(), 1u);
  const auto& u = *r.out.updates[0];
  EXPECT_EQ(u.slot.value, 100u);
  EXPECT_EQ(u.parent.value, 98u);
  EXPECT_EQ(u.blockhash, test::made_up_hash(100));
  EXPECT_EQ(u.parent_blockhash, test::made_up_hash(98));
  EXPECT_TRUE(u.complete);
  EXPECT_EQ(u.transaction_count, 20u);
  EXPECT_EQ(u.commitment, commitment::confirmed);
  ASSERT_EQ(u.batch.transactions.size(), 20u);
  EXPECT_EQ(u.batch.transactions[3].signature, test::made_up_signature(100, 3));
  EXPECT_EQ(u.batch.transactions[3].slot.value, 100u);
  std::size_t transfers = 0;
  for (const auto& e : u.batch.events) transfers += std::holds_alternative<event::transfer>(e.payload);
  EXPECT_EQ(transfers, 20u);
}

TEST(unit_stream_decoder, a_small_block_is_read_the_same_way_as_a_large_one) {
  reading r;
  ASSERT_TRUE(r.pubsub(test::block_notification(100, 99, 1)));
  ASSERT_EQ(r.out.updates.size(), 1u);
  EXPECT_TRUE(r.out.updates[0]->complete);
  ASSERT_TRUE(r.pubsub(test::block_notification(100, 99, 0)));
  ASSERT_EQ(r.out.updates.size(), 1u) << "an empty block is a block";
  EXPECT_TRUE(r.out.updates[0]->complete);
}

TEST(unit_stream_decoder, slot_root_and_logs_notifications_are_told_apart) {
  reading r;
  ASSERT_TRUE(r.pubsub(test::slot_notification(12, 10, 3)));
  ASSERT_EQ(r.out.slots.size(), 1u);
  EXPECT_EQ(r.out.slots[0].slot.value, 12u);
  EXPECT_EQ(r.out.slots[0].parent.value, 10u);
  EXPECT_EQ(r.out.root->value, 3u);
  ASSERT_TRUE(r.pubsub(R"({"jsonrpc":"2.0","method":"rootNotification","params":{"result":42,"subscription":0}})"));
  EXPECT_EQ(r.out.root->value, 42u);
  const auto signature = test::made_up_signature(9, 9);
  ASSERT_TRUE(r.pubsub(
      R"({"params":{"subscription":3,"result":{"value":{"err":{"InstructionError":[0,{"Custom":1}]},"logs":["a"],"signature":")" +
      test::base58_of(signature) + R"("},"context":{"slot":5}}},"method":"logsNotification","jsonrpc":"2.0"})"));
  ASSERT_EQ(r.out.logs.size(), 1u);
  EXPECT_EQ(r.out.logs[0].signature, signature);
  EXPECT_EQ(r.out.logs[0].slot.value, 5u);
  EXPECT_TRUE(r.out.logs[0].failed);
}

TEST(unit_stream_decoder, confirmations_and_errors_are_answers_and_an_address_in_an_error_is_left_out) {
  reading r;
  ASSERT_TRUE(r.pubsub(R"({"jsonrpc":"2.0","result":17,"id":4})"));
  ASSERT_EQ(r.out.answers.size(), 1u);
  EXPECT_EQ(r.out.answers[0].id, 4u);
  EXPECT_TRUE(r.out.answers[0].has_number);
  EXPECT_EQ(r.out.answers[0].number, 17u);
  ASSERT_TRUE(r.pubsub(
      R"({"jsonrpc":"2.0","error":{"code":-32601,"message":"no such method at https://node.example/?api-key=CANARY"},"id":5})"));
  EXPECT_EQ(r.out.answers[0].error_code, -32601);
  EXPECT_FALSE(r.out.answers[0].error_text.contains("CANARY"));
}

TEST(unit_stream_decoder, a_block_reply_takes_its_slot_from_the_question) {
  reading r;
  const std::string body = R"({"jsonrpc":"2.0","result":)" + test::made_up_block(55, 54, 3) + R"(,"id":1})";
  ASSERT_TRUE(r.decoder.block_reply(padded_text(body), slot_number{55}, r.out));
  ASSERT_EQ(r.out.updates.size(), 1u);
  EXPECT_EQ(r.out.updates[0]->slot.value, 55u);
  EXPECT_EQ(r.out.updates[0]->batch.transactions[2].slot.value, 55u);
}

TEST(unit_stream_decoder, a_refused_block_reply_is_an_answer_with_the_nodes_code) {
  reading r;
  const std::string body =
      R"({"jsonrpc":"2.0","error":{"code":-32007,"message":"Slot 55 was skipped, or missing due to ledger jump"},"id":1})";
  ASSERT_TRUE(r.decoder.block_reply(padded_text(body), slot_number{55}, r.out));
  ASSERT_EQ(r.out.answers.size(), 1u);
  EXPECT_EQ(r.out.answers[0].error_code, -32007);
  r.out.clear();
  ASSERT_TRUE(r.decoder.block_reply(padded_text(R"({"jsonrpc":"2.0","result":null,"id":1})"), slot_number{55}, r.out));
  EXPECT_TRUE(r.out.answers[0].is_null);
}

TEST(unit_stream_decoder, every_cut_of_a_frame_is_an_error_or_an_update_that_is_not_complete) {
  reading r;
  const auto whole = test::block_notification(100, 99, 4);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto ok = r.pubsub(whole.substr(0, n));
    if (ok)
      for (const auto& u : r.out.updates) EXPECT_FALSE(u->complete) << n;
    else
      EXPECT_FALSE(ok.error().message.empty());
  }
  EXPECT_GT(r.decoder.counters().malformed, whole.size() / 2);
}

TEST(unit_stream_decoder, a_frame_over_the_bound_is_refused_unread) {
  auto pool = update_pool::make();
  stream_decoder decoder({.frame_bytes_max = 100}, pool);
  decoded_frame out;
  const auto refused = decoder.pubsub_frame(padded_text(test::block_notification(1, 0, 1)), out);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, static_cast<std::uint16_t>(ingest_errc::too_large));
  EXPECT_EQ(decoder.counters().too_large, 1u);
}

TEST(unit_stream_decoder, a_transaction_that_cannot_be_read_leaves_the_block_incomplete) {
  reading r;
  auto text = test::block_notification(100, 99, 3);
  const auto at = text.find("\"programIdIndex\":2");
  text.replace(at, 18, "\"programIdIndex\":9"); // no such key
  ASSERT_TRUE(r.pubsub(text));
  ASSERT_EQ(r.out.updates.size(), 1u);
  EXPECT_FALSE(r.out.updates[0]->complete);
  EXPECT_EQ(r.decoder.counters().transaction_faults, 1u);
}

TEST(unit_stream_decoder, updates_return_to_the_pool_with_their_memory) {
  reading r;
  ASSERT_TRUE(r.pubsub(test::block_notification(100, 99, 50)));
  EXPECT_EQ(r.pool->resting(), 0u);
  const auto* first = r.out.updates[0].get();
  r.out.clear();
  EXPECT_EQ(r.pool->resting(), 1u);
  ASSERT_TRUE(r.pubsub(test::block_notification(101, 100, 2)));
  EXPECT_EQ(r.out.updates[0].get(), first);
  EXPECT_EQ(r.out.updates[0]->batch.transactions.size(), 2u);
  EXPECT_GE(r.out.updates[0]->batch.transactions.capacity(), 50u);
}

TEST(unit_stream_decoder, reads_a_real_block_in_full) {
  SETT_NEEDS_DATA("data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json");
  std::ifstream file(test::shared_folder() /
                     "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json");
  std::stringstream text;
  text << file.rdbuf();
  reading r;
  const std::string body = R"({"jsonrpc":"2.0","result":)" + text.str() + R"(,"id":1})";
  ASSERT_TRUE(r.decoder.block_reply(padded_text(body), slot_number{285000037}, r.out));
  ASSERT_EQ(r.out.updates.size(), 1u);
  const auto& u = *r.out.updates[0];
  EXPECT_TRUE(u.complete);
  EXPECT_EQ(u.transaction_count, 557u);
  EXPECT_EQ(u.parent.value, 285000036u);
  EXPECT_GT(u.batch.events.size(), 500u);
}

} // namespace
} // namespace sett::ingest
