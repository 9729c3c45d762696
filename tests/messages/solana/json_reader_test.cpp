#include "messages/solana/base58.hpp"
#include "messages/solana/json_reader.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

namespace sett::solana {
namespace {

struct collector : transaction_visitor {
  std::function<void(const executed_transaction&)> each;
  std::vector<block_header> blocks;
  std::vector<error> faults;
  std::size_t count{};
  void transaction(const executed_transaction& tx) override {
    ++count;
    if (each) each(tx);
  }
  void block(const block_header& b) override { blocks.push_back(b); }
  void fault(const error& e) override { faults.push_back(e); }
};

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const std::filesystem::path real_block = "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json";

// The figures are those of the recording itself, counted independently of this reader.
TEST(unit_json_reader, reads_every_transaction_of_a_real_block) {
  SETT_NEEDS_DATA(real_block);
  const padded_text text(file_text(test::shared_folder() / real_block));
  collector seen;
  std::size_t failed = 0, instructions = 0, keys = 0, tokens = 0, logs = 0, votes = 0;
  seen.each = [&](const executed_transaction& tx) {
    failed += tx.err.failed;
    instructions += tx.instructions.size();
    keys += tx.static_key_count;
    tokens += tx.pre_tokens.size() + tx.post_tokens.size();
    logs += tx.logs().size();
    votes += tx.is_vote;
    EXPECT_EQ(tx.index + 1, seen.count);
    for (std::size_t i = 0; i < tx.keys.size(); ++i) EXPECT_FALSE(tx.keys[i].invalid());
  };
  const auto info = read_document(text, seen, {slot_number(285000037)});
  ASSERT_TRUE(info) << info.error().message;
  for (const auto& f : seen.faults) ADD_FAILURE() << f.message;
  EXPECT_EQ(seen.count, 557U);
  EXPECT_EQ(info->transactions, 557U);
  EXPECT_EQ(failed, 99U);
  EXPECT_EQ(keys, 6353U);
  EXPECT_EQ(tokens, 3096U);
  EXPECT_EQ(instructions, 2976U);
  EXPECT_EQ(logs, 9609U);
  EXPECT_EQ(votes, info->votes);
  ASSERT_EQ(seen.blocks.size(), 1U);
  EXPECT_EQ(seen.blocks[0].parent, slot_number(285000036));
  EXPECT_EQ(seen.blocks[0].height, 264042638U);
  EXPECT_EQ(seen.blocks[0].time, unix_seconds(1724267459));
  EXPECT_EQ(to_base58(seen.blocks[0].blockhash), "HPGE1rkrYqcRpASsdqA2zzetCGa8DD6mCTDus3tei2fN");
}

} // namespace
} // namespace sett::solana
