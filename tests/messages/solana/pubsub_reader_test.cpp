#include "messages/solana/base58.hpp"
#include "messages/solana/pubsub_reader.hpp"
#include "tests/support/recorded.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::solana {
namespace {

/// Writes down every call as a line.
struct diary : stream_visitor {
  std::vector<std::string> lines;
  void transaction(const executed_transaction& tx) override {
    lines.push_back(fmt::format("transaction {} in {}", tx.signature_base58, tx.slot.value));
  }
  void block(const block_header& b) override {
    lines.push_back(fmt::format("block {} of {}", b.slot.value, b.transaction_count));
  }
  void fault(const error& e) override { lines.push_back("fault " + e.message); }
  void slot(const slot_update& s) override {
    lines.push_back(
        fmt::format("slot {} after {} status {}", s.slot.value, s.parent.value, static_cast<int>(s.status)));
  }
  void root(slot_number s) override { lines.push_back(fmt::format("root {}", s.value)); }
  void account(const account_update& a) override {
    lines.push_back(fmt::format("account {} owner {} lamports {} bytes {} parsed {} slot {} sub {}", to_base58(a.key),
                                to_base58(a.owner), a.lamports.value, a.data.size(), !a.parsed.empty(), a.slot.value,
                                a.subscription));
  }
  void logs(const logs_update& l) override {
    lines.push_back(fmt::format("logs {} failed {} code {} lines {} first {} slot {}", l.signature.size(), l.err.failed,
                                l.err.custom_code, l.lines.size(), l.lines.empty() ? "" : l.lines[0], l.slot.value));
  }
  void signature(const signature_update& s) override {
    lines.push_back(fmt::format("signature received {} failed {} slot {}", s.received, s.err.failed, s.slot.value));
  }
  void notified(rpc::subscription_kind kind, std::uint64_t subscription) override {
    lines.push_back(fmt::format("notified {} {}", rpc::name(kind), subscription));
  }
  void subscribed(rpc::request_id id, std::uint64_t subscription) override {
    lines.push_back(fmt::format("subscribed {} as {}", id, subscription));
  }
  void unsubscribed(rpc::request_id id, bool ok) override {
    lines.push_back(fmt::format("unsubscribed {} {}", id, ok));
  }
  void refused(std::optional<rpc::request_id> id, const rpc::failure& f) override {
    lines.push_back(fmt::format("refused {} {}", id ? *id : 999, f.code));
  }
};

using strings = std::vector<std::string>;

strings read(std::string_view frame) {
  pubsub_reader reader;
  diary d;
  const auto info = reader.read(padded_text(frame), d);
  if (!info)
    d.lines.push_back("error " + info.error().message);
  else if (info->other != 0)
    d.lines.push_back("other");
  return d.lines;
}

TEST(unit_pubsub_reader, tells_answers_from_notifications) {
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","result":24040,"id":1})"), strings{"subscribed 1 as 24040"});
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","result":true,"id":2})"), strings{"unsubscribed 2 true"});
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","error":{"code":-32602,"message":"no"},"id":3})"), strings{"refused 3 -32602"});
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"no"},"id":null})"),
            strings{"refused 999 -32700"});
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","method":"newsNotification","params":{"result":1,"subscription":1}})"),
            strings{"other"});
}

TEST(unit_pubsub_reader, reads_slots_and_roots) {
  EXPECT_EQ(
      read(
          R"({"jsonrpc":"2.0","method":"slotNotification","params":{"result":{"parent":75,"root":44,"slot":76},"subscription":5}})"),
      (strings{"slot 76 after 75 status 2", "root 44", "notified slot 5"}));
  EXPECT_EQ(read(R"({"params":{"subscription":5,"result":42},"method":"rootNotification"})"),
            (strings{"root 42", "notified root 5"}));
  const auto update = [](const std::string& type) {
    return read(
        R"({"method":"slotsUpdatesNotification","params":{"result":{"slot":9,"parent":8,"timestamp":1,"type":")" +
        type + R"("},"subscription":5}})")[0];
  };
  EXPECT_EQ(update("firstShredReceived"), "slot 9 after 8 status 0");
  EXPECT_EQ(update("completed"), "slot 9 after 8 status 1");
  EXPECT_EQ(update("frozen"), "slot 9 after 8 status 2");
  EXPECT_EQ(update("optimisticConfirmation"), "slot 9 after 8 status 3");
  EXPECT_EQ(update("dead"), "slot 9 after 8 status 5");
  EXPECT_EQ(update("root"), "root 9");
  EXPECT_EQ(update("createdBank"), "notified slotsUpdates 5");
}

const std::string transaction =
    R"({"meta":null,"transaction":{"message":{"accountKeys":["11111111111111111111111111111111"],)"
    R"("header":{"numReadonlySignedAccounts":0,"numReadonlyUnsignedAccounts":0,"numRequiredSignatures":1},)"
    R"("instructions":[]},"signatures":["abc"]}})";

TEST(unit_pubsub_reader, reads_blocks_and_transactions_in_any_order_of_the_envelope) {
  const std::string block =
      R"({"blockHeight":1,"blockTime":2,"blockhash":"11111111111111111111111111111111","parentSlot":41,)"
      R"("previousBlockhash":"11111111111111111111111111111111","transactions":[)" +
      transaction + "]}";
  const std::string params =
      R"({"result":{"context":{"slot":42},"value":{"block":)" + block + R"(,"err":null,"slot":42}},"subscription":3})";
  const strings expected{"transaction abc in 42", "block 42 of 1", "notified block 3"};
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","method":"blockNotification","params":)" + params + "}"), expected);
  EXPECT_EQ(read(R"({"params":)" + params + R"(,"method":"blockNotification","jsonrpc":"2.0"})"), expected);
  EXPECT_EQ(
      read(
          R"({"jsonrpc":"2.0","method":"transactionNotification","params":{"subscription":4,"result":{"signature":"abc",)"
          R"("slot":50,"transaction":)" +
          transaction + "}}}"),
      (strings{"transaction abc in 50", "notified transaction 4"}));
}

TEST(unit_pubsub_reader, refuses_frames_that_make_no_sense) {
  for (const std::string bad :
       {"", "{}", "[]", "{", R"({"result":1})", R"({"method":"slotNotification"})",
        R"({"method":"slotNotification","params":{}})", R"({"method":"slotNotification","params":{"result":5}})",
        R"({"method":"accountNotification","params":{"result":null}})", R"({"id":1,"result":[]})",
        R"({"id":1,"result":1}{"id":1,"result":1})"}) {
    const auto lines = read(bad);
    ASSERT_EQ(lines.size(), 1U) << bad;
    EXPECT_TRUE(lines[0].starts_with("error ")) << bad << lines[0];
  }
}

TEST(unit_pubsub_reader, reads_recorded_notifications) {
  const std::filesystem::path folder = "data/tx/bmresearch__Solnet/test/Solnet.Rpc.Test/Resources/Streaming";
  SETT_NEEDS_DATA(folder);
  const auto recorded = [&](const std::string& file) {
    return read(test::file_text(test::shared_folder() / folder / (file + ".json")));
  };
  EXPECT_EQ(recorded("SubscribeConfirm"), strings{"subscribed 0 as 23784"});
  EXPECT_EQ(recorded("RootSubscribeNotification"), (strings{"root 42", "notified root 23784"}));
  EXPECT_EQ(recorded("SlotSubscribeNotification")[0], "slot 76 after 75 status 2");
  EXPECT_EQ(recorded("Account/AccountSubUnsubscription"), strings{"unsubscribed 23784 true"});
  EXPECT_EQ(recorded("Account/BadAccountSubscribeResult"), strings{"refused 0 -32602"});
  const std::string system = "11111111111111111111111111111111";
  EXPECT_EQ(recorded("Account/AccountSubscribeNotification")[0],
            "account " + system + " owner " + system + " lamports 33594 bytes 80 parsed false slot 5199307 sub 23784");
  EXPECT_TRUE(recorded("Account/TokenAccountSubscribeNotification")[0].find("parsed true") != std::string::npos);
  EXPECT_EQ(recorded("Logs/LogsSubscribeNotification")[0],
            "logs 88 failed false code 0 lines 1 first BPF program 83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri "
            "success slot 5208469");
  EXPECT_NE(recorded("Logs/LogsSubscribeNotificationWithError")[0].find("failed true code 41"), std::string::npos);
  EXPECT_EQ(recorded("Signature/SignatureSubscribeNotification")[0],
            "signature received false failed false slot 5207624");
  EXPECT_EQ(recorded("Signature/SignatureSubscribeErrorNotification")[0],
            "signature received false failed true slot 81888950");
  // Its author cut the base64 text short.
  EXPECT_TRUE(
      recorded("Account/BigAccountNotificationPayload")[0].starts_with("error account data that does not decode"));
}

} // namespace
} // namespace sett::solana
