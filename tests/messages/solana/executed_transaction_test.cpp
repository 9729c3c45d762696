#include "messages/solana/base58.hpp"
#include "messages/solana/executed_transaction.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sett::solana {
namespace {

TEST(unit_executed_transaction, an_address_given_as_text_or_as_bytes_reads_the_same) {
  const std::string text = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
  const address bytes = *parse_address(text);
  EXPECT_EQ(lazy_address(text).get(), bytes);
  EXPECT_EQ(lazy_address(bytes).get(), bytes);
  EXPECT_EQ(lazy_address(bytes.bytes.data()).get(), bytes);
  EXPECT_FALSE(lazy_address(text).invalid());
}

TEST(unit_executed_transaction, text_that_is_no_address_is_invalid_and_reads_as_zero) {
  for (const char* bad :
       {"", "abc", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D0", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DAA"}) {
    const lazy_address a{std::string_view(bad)};
    EXPECT_TRUE(a.invalid()) << bad;
    EXPECT_TRUE(a.get().is_zero()) << bad;
  }
}

TEST(unit_executed_transaction, instruction_data_is_decoded_once_and_stays_where_it_is) {
  executed_transaction tx;
  executed_instruction ix;
  const std::vector<std::uint8_t> bytes{0, 1, 2, 3, 250};
  const auto text = *base58::encode(bytes);
  ix.data_base58 = text;
  const auto first = tx.data(ix);
  EXPECT_EQ(std::vector(first.begin(), first.end()), bytes);
  EXPECT_EQ(tx.data(ix).data(), first.data());
  EXPECT_FALSE(ix.data_invalid);
}

TEST(unit_executed_transaction, instruction_data_that_is_no_base58_is_empty_and_says_so) {
  executed_transaction tx;
  executed_instruction ix;
  ix.data_base58 = "O0";
  EXPECT_TRUE(tx.data(ix).empty());
  EXPECT_TRUE(ix.data_invalid);
}

TEST(unit_executed_transaction, allocations_do_not_overlap_and_are_reused_after_reset) {
  executed_transaction tx;
  const auto fill = [&] {
    std::set<const std::uint8_t*> starts;
    std::vector<std::span<std::uint8_t>> spans;
    for (std::size_t n : {1, 10'000, 10'000, 0, 40'000, 3, 16'384}) {
      spans.push_back(tx.allocate(n));
      EXPECT_EQ(spans.back().size(), n);
      std::fill(spans.back().begin(), spans.back().end(), static_cast<std::uint8_t>(spans.size()));
      if (n > 0) starts.insert(spans.back().data());
    }
    for (std::size_t i = 0; i < spans.size(); ++i)
      for (auto b : spans[i]) EXPECT_EQ(b, i + 1);
    return starts;
  };
  const auto first = fill();
  tx.reset();
  EXPECT_EQ(fill(), first);
}

TEST(unit_executed_transaction, reset_forgets_everything) {
  executed_transaction tx;
  tx.slot = slot_number(5);
  tx.is_vote = tx.has_meta = tx.has_inner = tx.logs_truncated = true;
  tx.err.failed = true;
  tx.compute_units = 7;
  tx.keys.emplace_back();
  tx.instructions.emplace_back();
  tx.pre_lamports.push_back(1);
  tx.post_tokens.emplace_back();
  tx.log_lines.push_back("x");
  tx.signature_base58 = "x";
  tx.reset();
  EXPECT_EQ(tx.slot, slot_number(0));
  EXPECT_FALSE(tx.is_vote || tx.has_meta || tx.has_inner || tx.logs_truncated || tx.err.failed || tx.compute_units);
  EXPECT_TRUE(tx.keys.empty() && tx.instructions.empty() && tx.pre_lamports.empty() && tx.post_tokens.empty() &&
              tx.logs().empty());
  EXPECT_EQ(tx.first_signature(), signature{});
  EXPECT_EQ(tx.index, event_transaction::unknown_index);
}

TEST(unit_executed_transaction, the_first_signature_comes_from_text_or_bytes) {
  executed_transaction tx;
  signature s;
  s.bytes.fill(9);
  tx.signature_bytes = s;
  EXPECT_EQ(tx.first_signature(), s);
  s.bytes.fill(200);
  const auto text = to_base58(s);
  tx.signature_base58 = text;
  EXPECT_EQ(tx.first_signature(), s);
}

} // namespace
} // namespace sett::solana
