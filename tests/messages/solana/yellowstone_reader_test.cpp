#include "messages/solana/base58.hpp"
#include "messages/solana/yellowstone_reader.hpp"
#include "tests/support/recorded.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <yellowstone.pb.h>

namespace sett::solana {
namespace {

struct counts : stream_visitor {
  std::map<slot_status, std::size_t> statuses;
  std::set<std::uint64_t> slots;
  std::size_t blocks{}, transactions{}, pings{}, accounts{};
  std::uint64_t transaction_count{};
  std::int32_t pong_id{};
  std::vector<error> faults;
  std::function<void(const executed_transaction&)> each;
  void slot(const slot_update& s) override { ++statuses[s.status], slots.insert(s.slot.value); }
  void block(const block_header& b) override { ++blocks, transaction_count += b.transaction_count; }
  void transaction(const executed_transaction& tx) override {
    ++transactions;
    if (each) each(tx);
  }
  void account(const account_update&) override { ++accounts; }
  void ping() override { ++pings; }
  void pong(std::int32_t id) override { pong_id = id; }
  void fault(const error& e) override { faults.push_back(e); }
};

geyser::SubscribeUpdate example() {
  geyser::SubscribeUpdate update;
  auto* t = update.mutable_transaction();
  t->set_slot(77);
  auto* info = t->mutable_transaction();
  info->set_signature(std::string(64, 's'));
  info->set_index(12);
  auto* message = info->mutable_transaction()->mutable_message();
  message->mutable_header()->set_num_required_signatures(1);
  message->mutable_header()->set_num_readonly_unsigned_accounts(1);
  message->add_account_keys(std::string(32, 'a'));
  message->add_account_keys(std::string(32, 'b'));
  auto* ix = message->add_instructions();
  ix->set_program_id_index(1);
  ix->set_accounts(std::string("\0\2", 2));
  ix->set_data("data");
  auto* meta = info->mutable_meta();
  meta->set_fee(5000);
  for (int i = 0; i < 3; ++i) meta->add_pre_balances(10 + static_cast<unsigned>(i)), meta->add_post_balances(20);
  meta->add_loaded_readonly_addresses(std::string(32, 'c'));
  auto* group = meta->add_inner_instructions();
  auto* inner = group->add_instructions();
  inner->set_program_id_index(2);
  inner->set_stack_height(2);
  meta->mutable_err()->set_err(std::string("\x08\0\0\0\x03\x19\0\0\0\x2a\0\0\0", 13));
  meta->add_log_messages("line");
  auto* token = meta->add_post_token_balances();
  token->set_account_index(2);
  token->set_mint("So11111111111111111111111111111111111111112");
  token->mutable_ui_token_amount()->set_amount("18446744073709551615");
  token->mutable_ui_token_amount()->set_decimals(9);
  return update;
}

TEST(unit_yellowstone_reader, reads_a_transaction) {
  counts seen;
  seen.each = [](const executed_transaction& tx) {
    EXPECT_EQ(tx.slot, slot_number(77));
    EXPECT_EQ(tx.index, 12U);
    EXPECT_EQ(tx.first_signature().bytes[0], 's');
    ASSERT_EQ(tx.keys.size(), 3U);
    EXPECT_EQ(tx.loaded_readonly_count, 1);
    EXPECT_EQ(tx.key(2).bytes[31], 'c');
    ASSERT_EQ(tx.instructions.size(), 2U);
    EXPECT_EQ(tx.instructions[1].path, (instruction_path{0, 0}));
    EXPECT_EQ(tx.instructions[1].stack_height, 2);
    EXPECT_EQ(tx.data(tx.instructions[0]).size(), 4U);
    EXPECT_EQ(tx.account(tx.instructions[0], 1), tx.key(2));
    EXPECT_TRUE(tx.err.is_instruction_error && tx.err.has_custom_code);
    EXPECT_EQ(tx.err.instruction, 3);
    EXPECT_EQ(tx.err.custom_code, 42U);
    EXPECT_EQ(tx.logs().at(0), "line");
    EXPECT_EQ(tx.post_tokens.at(0).amount, token_amount(UINT64_MAX));
    EXPECT_FALSE(tx.post_tokens.at(0).has_owner);
  };
  yellowstone_reader reader;
  const std::string bytes = example().SerializeAsString();
  const auto info = reader.read({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, seen);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->transactions, 1U);
  EXPECT_EQ(seen.transactions, 1U);
  for (const auto& f : seen.faults) ADD_FAILURE() << f.message;
}

TEST(unit_yellowstone_reader, steps_over_transactions_that_contradict_themselves) {
  const std::vector<std::function<void(geyser::TransactionInfo&)>> damages{
      [](auto& t) { t.set_signature("short"); },
      [](auto& t) { t.mutable_transaction()->mutable_message()->set_account_keys(0, "short"); },
      [](auto& t) { t.mutable_transaction()->mutable_message()->mutable_header()->set_num_required_signatures(3); },
      [](auto& t) {
        t.mutable_transaction()->mutable_message()->mutable_header()->set_num_readonly_unsigned_accounts(2);
      },
      [](auto& t) { t.mutable_transaction()->mutable_message()->mutable_instructions(0)->set_program_id_index(3); },
      [](auto& t) { t.mutable_transaction()->mutable_message()->mutable_instructions(0)->set_accounts("\x07"); },
      [](auto& t) { t.mutable_meta()->add_pre_balances(1); },
      [](auto& t) { t.mutable_meta()->mutable_inner_instructions(0)->set_index(1); },
      [](auto& t) { t.mutable_meta()->mutable_post_token_balances(0)->set_account_index(3); },
      [](auto& t) { t.mutable_meta()->mutable_post_token_balances(0)->mutable_ui_token_amount()->set_amount("1.5"); },
      [](auto& t) {
        for (int i = 0; i < 300; ++i) t.mutable_meta()->add_loaded_writable_addresses(std::string(32, 'x'));
      }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    auto update = example();
    damages[i](*update.mutable_transaction()->mutable_transaction());
    counts seen;
    yellowstone_reader reader;
    EXPECT_EQ(reader.read(update, seen).faults, 1U) << i;
    EXPECT_EQ(seen.transactions, 0U) << i;
    ASSERT_EQ(seen.faults.size(), 1U);
    EXPECT_NE(seen.faults[0].message.find("slot 77"), std::string::npos);
  }
}

TEST(unit_yellowstone_reader, reads_accounts_pings_and_refuses_noise) {
  counts seen;
  yellowstone_reader reader;
  geyser::SubscribeUpdate update;
  update.mutable_ping();
  static_cast<void>(reader.read(update, seen));
  update.mutable_pong()->set_id(4);
  static_cast<void>(reader.read(update, seen));
  auto* account = update.mutable_account()->mutable_account();
  account->set_pubkey(std::string(32, 'a'));
  account->set_owner(std::string(32, 'b'));
  static_cast<void>(reader.read(update, seen));
  account->set_owner("b");
  EXPECT_EQ(reader.read(update, seen).faults, 1U);
  EXPECT_EQ(seen.pings, 1U);
  EXPECT_EQ(seen.pong_id, 4);
  EXPECT_EQ(seen.accounts, 1U);
  const std::vector<std::uint8_t> noise{0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_FALSE(reader.read(noise, seen));
}

TEST(unit_yellowstone_reader, reads_a_recorded_stream) {
  const std::filesystem::path sample =
      "data/tx/rpcpool__yellowstone-vixen/crates/block-coordinator/tests/fixtures/sample.bin";
  SETT_NEEDS_DATA(sample);
  const std::string bytes =
      test::file_text(test::shared_folder() / sample); // each message behind its length, 4 bytes, big endian
  counts seen;
  yellowstone_reader reader;
  std::size_t messages = 0, entries = 0;
  for (std::size_t at = 0; at + 4 <= bytes.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    at += 4;
    ASSERT_LE(at + length, bytes.size());
    const auto info = reader.read({reinterpret_cast<const std::uint8_t*>(bytes.data()) + at, length}, seen);
    ASSERT_TRUE(info);
    entries += info->other;
    at += length;
    ++messages;
  }
  EXPECT_EQ(messages, 40186U);
  EXPECT_EQ(seen.faults.size(), 0U);
  EXPECT_GE(seen.blocks, 49U);
  EXPECT_GE(seen.statuses[slot_status::processed], 49U);
  EXPECT_GE(seen.statuses[slot_status::confirmed], 18U);
  EXPECT_GT(seen.transaction_count, 50'000U);
  EXPECT_GT(entries, 35'000U);
}

} // namespace
} // namespace sett::solana
