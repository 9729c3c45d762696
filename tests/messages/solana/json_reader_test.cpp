#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/json_reader.hpp"
#include "tests/support/recorded.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::solana {
namespace {

using test::transaction_collector;

const std::string key_a = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU";
const std::string key_b = "HYsC1ge3Yo1sSBFvcEn4otFZEJkitUNZYPsDVTQNacBT";
const std::string key_c = "3MRBUAxwx7gWoGvAtzxLtzmhzwPDGAEqStKWb8cJnYQX";
const std::string system_key = "11111111111111111111111111111111";
const std::string signature_text =
    "5h6xBEauJ3PK6SWCZ1PGjBvj8vDdWG3KpwATGy1ARAXFSDwt8GFXM7W5Ncn16wmqokgpiKRLuS83KUxyZyv2sUYv";

const std::string message = R"("message":{"header":{"numRequiredSignatures":1,"numReadonlySignedAccounts":0,)"
                            R"("numReadonlyUnsignedAccounts":1},"accountKeys":[")" +
                            key_a + R"(",")" + key_b + R"(",")" + system_key + R"("],"recentBlockhash":")" +
                            system_key +
                            R"(","instructions":[{"programIdIndex":2,"accounts":[0,1],"data":"3Bxs4h24hBtQy9rw"},)"
                            R"({"programIdIndex":2,"accounts":[1,0,3],"data":"","stackHeight":1}]})";
const std::string transaction = R"("transaction":{"signatures":[")" + signature_text + R"("],)" + message + "}";
const std::string meta =
    R"("meta":{"err":{"InstructionError":[1,{"Custom":6001}]},"status":{"Err":{"x":[1,2]}},"fee":5000,)"
    R"("preBalances":[10,20,1,0],"postBalances":[5,25,1,0],"innerInstructions":[{"index":1,"instructions":[)"
    R"({"programIdIndex":2,"accounts":[3],"data":"2","stackHeight":2},{"programIdIndex":2,"accounts":[],"data":"3","stackHeight":3}]}],)"
    R"("logMessages":["plain","quote \" and \u00e9 \ud83d\ude00"],"preTokenBalances":[],)"
    R"("postTokenBalances":[{"accountIndex":3,"mint":")" +
    key_c + R"(","owner":")" + key_a +
    R"(","programId":"x","uiTokenAmount":{"uiAmount":null,"decimals":6,"amount":"18446744073709551615","uiAmountString":"?"}}],)"
    R"("rewards":null,"loadedAddresses":{"readonly":[],"writable":[")" +
    key_c + R"("]},"computeUnitsConsumed":150})";

result<document_info> read(std::string_view text, transaction_visitor& visitor, const read_options& options = {}) {
  return read_document(padded_text(text), visitor, options);
}

void expect_example(const executed_transaction& tx) {
  EXPECT_EQ(tx.signature_base58, signature_text);
  EXPECT_EQ(tx.required_signatures, 1);
  EXPECT_EQ(tx.readonly_unsigned, 1);
  ASSERT_EQ(tx.keys.size(), 4U);
  EXPECT_EQ(tx.static_key_count, 3);
  EXPECT_EQ(tx.loaded_writable_count, 1);
  EXPECT_EQ(to_base58(tx.key(3)), key_c);
  EXPECT_TRUE(tx.has_meta && tx.has_inner);
  EXPECT_TRUE(tx.err.failed && tx.err.is_instruction_error && tx.err.has_custom_code);
  EXPECT_EQ(tx.err.instruction, 1);
  EXPECT_EQ(tx.err.custom_code, 6001U);
  EXPECT_EQ(tx.fee, lamports(5000));
  EXPECT_EQ(tx.compute_units, 150U);
  EXPECT_EQ(tx.pre_lamports, (std::vector<std::uint64_t>{10, 20, 1, 0}));
  EXPECT_EQ(tx.post_lamports, (std::vector<std::uint64_t>{5, 25, 1, 0}));
  ASSERT_EQ(tx.post_tokens.size(), 1U);
  EXPECT_EQ(tx.post_tokens[0].amount, token_amount(UINT64_MAX));
  EXPECT_EQ(tx.post_tokens[0].decimals, 6);
  EXPECT_EQ(tx.post_tokens[0].owner.text(), key_a);
  EXPECT_TRUE(tx.pre_tokens.empty());
  ASSERT_EQ(tx.instructions.size(), 4U);
  EXPECT_EQ(tx.instructions[0].path, (instruction_path{0, -1}));
  EXPECT_EQ(tx.instructions[1].path, (instruction_path{1, -1}));
  EXPECT_EQ(tx.instructions[2].path, (instruction_path{1, 0}));
  EXPECT_EQ(tx.instructions[3].path, (instruction_path{1, 1}));
  EXPECT_EQ(tx.instructions[3].stack_height, 3);
  EXPECT_EQ(tx.instructions[1].accounts.size(), 3U);
  EXPECT_EQ(to_base58(tx.account(tx.instructions[2], 0)), key_c);
  EXPECT_EQ(tx.data(tx.instructions[0]).size(), 12U);
  ASSERT_EQ(tx.logs().size(), 2U);
  EXPECT_EQ(tx.logs()[0], "plain");
  EXPECT_EQ(tx.logs()[1], "quote \" and \xc3\xa9 \xf0\x9f\x98\x80");
}

TEST(unit_json_reader, reads_a_transaction_with_its_fields_in_any_order) {
  for (const auto& body : {"{" + transaction + "," + meta + R"(,"slot":7,"blockTime":-1,"version":0})",
                           R"({"blockTime":-1,"slot":7,)" + meta + "," + transaction + "}"}) {
    transaction_collector seen;
    seen.each = [&](const executed_transaction& tx) {
      expect_example(tx);
      EXPECT_EQ(tx.slot, slot_number(7));
      EXPECT_EQ(tx.block_time, unix_seconds(-1));
      EXPECT_EQ(tx.index, event_transaction::unknown_index);
    };
    const auto info = read(body, seen);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(seen.count, 1U);
    for (const auto& f : seen.faults) ADD_FAILURE() << f.message;
  }
}

TEST(unit_json_reader, reads_through_every_envelope) {
  const std::string one = "{" + transaction + "," + meta + "}";
  const std::string block = R"({"blockhash":")" + key_a + R"(","parentSlot":41,"transactions":[)" + one + "," + one +
                            R"(],"blockTime":99,"blockHeight":40})";
  struct sample {
    std::string text;
    std::size_t transactions, blocks;
    std::uint64_t slot;
  };
  const std::vector<sample> samples{
      {one, 1, 0, 3},
      {R"({"jsonrpc":"2.0","result":)" + one + R"(,"id":1})", 1, 0, 3},
      {"[" + one + "," + one + "]", 2, 0, 3},
      {one + "\n" + one + "\n\n", 2, 0, 3},
      {block, 2, 1, 3},
      {R"({"jsonrpc":"2.0","id":1,"result":)" + block + "}", 2, 1, 3},
      {R"([{"jsonrpc":"2.0","id":1,"result":)" + block + R"(},{"jsonrpc":"2.0","id":2,"result":null}])", 2, 1, 3},
      {R"({"jsonrpc":"2.0","method":"blockNotification","params":{"result":{"context":{"slot":42},"value":{"slot":42,"err":null,"block":)" +
           block + R"(}},"subscription":9}})",
       2, 1, 42},
      {R"({"jsonrpc":"2.0","method":"transactionNotification","params":{"subscription":9,"result":{"transaction":)" +
           one + R"(,"signature":"x","slot":43,"transactionIndex":5}}})",
       1, 0, 43},
  };
  for (const auto& s : samples) {
    transaction_collector seen;
    seen.each = [&](const executed_transaction& tx) {
      expect_example(tx);
      EXPECT_EQ(tx.slot, slot_number(s.slot)) << s.text.substr(0, 80);
    };
    const auto info = read(s.text, seen, {slot_number(3)});
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->transactions, s.transactions) << s.text.substr(0, 80);
    EXPECT_EQ(seen.count, s.transactions);
    ASSERT_EQ(seen.blocks.size(), s.blocks);
    if (s.blocks == 1) {
      EXPECT_EQ(seen.blocks[0].parent, slot_number(41));
      EXPECT_EQ(seen.blocks[0].height, 40U);
      EXPECT_EQ(seen.blocks[0].time, unix_seconds(99));
      EXPECT_EQ(to_base58(seen.blocks[0].blockhash), key_a);
      EXPECT_EQ(seen.blocks[0].transaction_count, 2U);
    }
    for (const auto& f : seen.faults) ADD_FAILURE() << f.message;
  }
}

TEST(unit_json_reader, steps_over_a_bad_transaction_and_says_where_it_is_bad) {
  const std::string good = "{" + transaction + "," + meta + "}";
  std::string bad = good;
  bad.replace(bad.find("\"fee\":5000"), 10, "\"fee\":5.25");
  transaction_collector seen;
  const auto info = read(R"({"parentSlot":1,"transactions":[)" + good + "," + bad + "," + good + "]}", seen);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->transactions, 2U);
  EXPECT_EQ(info->faults, 1U);
  ASSERT_EQ(seen.faults.size(), 1U);
  EXPECT_EQ(seen.faults[0].code, static_cast<std::uint16_t>(reader_errc::wrong_type));
  EXPECT_NE(seen.faults[0].message.find("(/transactions/1/meta/fee)"), std::string::npos) << seen.faults[0].message;
  ASSERT_EQ(seen.blocks.size(), 1U);
  EXPECT_EQ(seen.blocks[0].fault_count, 1U);
  EXPECT_EQ(seen.blocks[0].transaction_count, 3U);
}

TEST(unit_json_reader, refuses_what_contradicts_itself) {
  const std::string good = "{" + transaction + "," + meta + "}";
  const std::vector<std::pair<std::string, std::string>> damages{
      {R"("programIdIndex":2,"accounts":[0,1])", R"("programIdIndex":9,"accounts":[0,1])"},
      {R"("accounts":[0,1])", R"("accounts":[0,4])"},
      {R"("accounts":[0,1])", R"("accounts":[0,256])"},
      {R"("accounts":[0,1])", R"("accounts":[0,-1])"},
      {R"({"index":1,)", R"({"index":2,)"},
      {R"("numRequiredSignatures":1)", R"("numRequiredSignatures":4)"},
      {R"("preBalances":[10,20,1,0])", R"("preBalances":[10,20,1])"},
      {R"("preBalances":[10,20,1,0])", R"("preBalances":[10,20,1,18446744073709551616])"},
      {R"("accountIndex":3)", R"("accountIndex":4)"},
      {R"("amount":"18446744073709551615")", R"("amount":"18446744073709551616")"},
      {R"("decimals":6)", R"("decimals":256)"},
      {R"("programIdIndex":2,"accounts":[3])", R"("accounts":[3])"},
      {R"("accountKeys")", R"("other")"},
  };
  for (const auto& [from, to] : damages) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    bad.replace(bad.find(from), from.size(), to);
    transaction_collector seen;
    const auto info = read(bad, seen);
    ASSERT_TRUE(info);
    EXPECT_EQ(seen.count, 0U) << to;
    EXPECT_EQ(seen.faults.size(), 1U) << to;
  }
}

TEST(unit_json_reader, refuses_transactions_without_keys) {
  for (const std::string keys : {"", R"("accountKeys":[],)"}) {
    transaction_collector seen;
    ASSERT_TRUE(read(R"({"transaction":{"signatures":[],"message":{)" + keys +
                         R"("instructions":[{"programIdIndex":0,"accounts":[],"data":""}]}}})",
                     seen));
    EXPECT_EQ(seen.count, 0U);
    EXPECT_EQ(seen.faults.size(), 1U);
  }
}

TEST(unit_json_reader, refuses_what_is_no_json) {
  for (const std::string bad :
       {"{", "{\"a\":1", "[1,2", "{\"a\" 1}", "{\"a\":1,}", "{\"transactions\":[{]}", "[{}}", "{\"a\":\"b}",
        "{\"a\":1}]", "{1:2}", "{\"transaction\":}", "{\"transactions\":[{\"meta\":{\"fee\":1}"}) {
    transaction_collector seen;
    EXPECT_FALSE(read(bad, seen)) << bad;
  }
  transaction_collector seen;
  EXPECT_FALSE(json_reader().read(padded_text(""), seen));
  EXPECT_FALSE(json_reader().read(padded_text("\"text\""), seen));
  EXPECT_FALSE(json_reader().read(padded_text("12"), seen));
}

TEST(unit_json_reader, marks_what_old_blocks_do_not_say) {
  transaction_collector seen;
  seen.each = [](const executed_transaction& tx) {
    EXPECT_TRUE(tx.has_meta);
    EXPECT_FALSE(tx.has_inner);
    EXPECT_FALSE(tx.compute_units);
    EXPECT_FALSE(tx.err.failed);
    EXPECT_TRUE(tx.logs().empty());
    ASSERT_EQ(tx.post_tokens.size(), 1U);
    EXPECT_FALSE(tx.post_tokens[0].has_owner);
  };
  std::string body =
      "{" + transaction +
      R"(,"meta":{"err":null,"fee":5000,"innerInstructions":null,"logMessages":null,"preBalances":[1,2,3],)"
      R"("postBalances":[1,2,3],"preTokenBalances":null,"postTokenBalances":[{"accountIndex":1,"mint":")" +
      key_c + R"(","uiTokenAmount":{"amount":"1","decimals":0}}]}})";
  body.replace(body.find("[1,0,3]"), 7, "[1,0]");
  const auto info = read(body, seen);
  ASSERT_TRUE(info);
  EXPECT_EQ(seen.count, 1U);
  for (const auto& f : seen.faults) ADD_FAILURE() << f.message;
}

TEST(unit_json_reader, names_details_that_hold_no_instructions) {
  for (const std::string& text :
       {R"({"blockhash":")" + key_a + R"(","signatures":[")" + signature_text + R"("]})",
        std::string(R"({"transactions":[{"transaction":{"accountKeys":[],"signatures":[]},"meta":null}]})"),
        std::string(R"({"transactions":["x"]})")}) {
    transaction_collector seen;
    ASSERT_TRUE(read(text, seen));
    ASSERT_EQ(seen.faults.size(), 1U) << text;
    EXPECT_EQ(seen.faults[0].code, static_cast<std::uint16_t>(reader_errc::unsupported)) << seen.faults[0].message;
  }
}

TEST(unit_json_reader, hands_on_json_rpc_errors_as_faults) {
  transaction_collector seen;
  const auto info = read(R"({"jsonrpc":"2.0","error":{"code":-32007,"message":"Slot 5 was skipped"},"id":1})", seen);
  ASSERT_TRUE(info);
  ASSERT_EQ(seen.faults.size(), 1U);
  EXPECT_EQ(seen.faults[0].code, static_cast<std::uint16_t>(reader_errc::rpc_error));
  EXPECT_NE(seen.faults[0].message.find("-32007"), std::string::npos);
}

TEST(unit_json_reader, bounds_every_list) {
  std::string keys;
  for (int i = 0; i < 300; ++i) keys += (i == 0 ? "\"" : ",\"") + key_a + "\"";
  transaction_collector seen;
  ASSERT_TRUE(read(R"({"transaction":{"signatures":[],"message":{"accountKeys":[)" + keys +
                       R"(],"instructions":[]}},"meta":null})",
                   seen));
  ASSERT_EQ(seen.faults.size(), 1U);
  EXPECT_EQ(seen.faults[0].code, static_cast<std::uint16_t>(reader_errc::too_many));
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += R"({"result":)";
  deep += "{}";
  deep.append(5000, '}');
  transaction_collector deeper;
  const auto info = read(deep, deeper);
  ASSERT_EQ(deeper.faults.size() + (info ? 0 : 1), 1U);
}

TEST(unit_json_reader, recognises_simple_votes_and_can_leave_them_out) {
  const std::string vote = R"({"transaction":{"signatures":[")" + signature_text +
                           R"("],"message":{"header":{"numRequiredSignatures":1,"numReadonlySignedAccounts":0,)"
                           R"("numReadonlyUnsignedAccounts":1},"accountKeys":[")" +
                           key_a + R"(",")" + key_b +
                           R"(","Vote111111111111111111111111111111111111111"],"instructions":[)"
                           R"({"programIdIndex":2,"accounts":[1,0],"data":"2"}]}},"meta":null})";
  transaction_collector seen;
  seen.each = [](const executed_transaction& tx) { EXPECT_TRUE(tx.is_vote); };
  EXPECT_EQ(read(vote, seen)->votes, 1U);
  EXPECT_EQ(seen.count, 1U);
  transaction_collector without;
  read_options options;
  options.skip_votes = true;
  EXPECT_EQ(read("{\"transactions\":[" + vote + "]}", without, options)->votes, 1U);
  EXPECT_EQ(without.count, 0U);
  ASSERT_EQ(without.blocks.size(), 1U);
  EXPECT_EQ(without.blocks[0].vote_count, 1U);
}

TEST(unit_json_reader, reads_lines_of_wire_bytes) {
  // One signature (zeros), header, two keys, blockhash, one instruction of key 1 with account 0 and data 07.
  std::vector<std::uint8_t> wire{1};
  wire.insert(wire.end(), 64, 5);
  wire.insert(wire.end(), {1, 0, 1, 2});
  wire.insert(wire.end(), 32, 10);
  wire.insert(wire.end(), 32, 11);
  wire.insert(wire.end(), 32, 12);
  wire.insert(wire.end(), {1, 1, 1, 0, 1, 7});
  transaction_collector seen;
  seen.each = [](const executed_transaction& tx) {
    ASSERT_EQ(tx.instructions.size(), 1U);
    EXPECT_EQ(tx.data(tx.instructions[0])[0], 7);
    EXPECT_EQ(tx.key(1).bytes[0], 11);
    EXPECT_EQ(tx.first_signature().bytes[63], 5);
    EXPECT_FALSE(tx.has_meta);
  };
  const std::string text = base64_encode(wire) + "\r\n\n" + *base58::encode(wire) + "\nnonsense!\n";
  const auto info = read(text, seen);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->transactions, 2U);
  ASSERT_EQ(seen.faults.size(), 1U);
  EXPECT_NE(seen.faults[0].message.find("line 4"), std::string::npos) << seen.faults[0].message;

  transaction_collector in_json;
  in_json.each = seen.each;
  ASSERT_TRUE(read(R"([{"transaction":[")" + base64_encode(wire) +
                       R"(","base64"],"meta":null},{"meta":null,"transaction":")" + *base58::encode(wire) + R"("}])",
                   in_json));
  EXPECT_EQ(in_json.count, 2U);
}

TEST(unit_json_reader, does_not_allocate_once_it_is_warm) {
  std::string block = R"({"transactions":[)";
  for (int i = 0; i < 50; ++i) block += (i == 0 ? "{" : ",{") + transaction + "," + meta + "}";
  block += "]}";
  const padded_text text(block);
  json_reader reader;
  transaction_collector seen;
  const std::uint8_t* arena = nullptr;
  std::size_t moved = 0;
  seen.each = [&](const executed_transaction& tx) {
    const auto* now = tx.allocate(0).data();
    if (arena != nullptr && now != arena) ++moved;
    arena = now;
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(reader.read(text, seen));
  EXPECT_EQ(seen.count, 150U);
  EXPECT_EQ(moved, 0U) << "the arena starts over for each transaction";
}

} // namespace
} // namespace sett::solana
