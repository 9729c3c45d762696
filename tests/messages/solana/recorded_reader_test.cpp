// Readers against recorded mainnet documents, whose figures an independent script wrote down in INDEX.jsonl.
#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/json_cursor.hpp"
#include "messages/solana/json_reader.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/support/recorded.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace sett::solana {
namespace {

using test::file_text;
using test::transaction_collector;

TEST(unit_recorded_reader, reads_every_transaction_of_a_real_block) {
  SETT_NEEDS_DATA(test::real_block);
  const padded_text text(file_text(test::shared_folder() / test::real_block));
  transaction_collector seen;
  std::size_t failed = 0, instructions = 0, keys = 0, tokens = 0, logs = 0, votes = 0;
  seen.each = [&](const executed_transaction& tx) {
    failed += tx.err.failed;
    instructions += tx.instructions.size();
    keys += tx.static_key_count;
    tokens += tx.pre_tokens.size() + tx.post_tokens.size();
    logs += tx.logs().size();
    votes += tx.is_vote;
    EXPECT_EQ(tx.index + 1, seen.count);
    for (const auto& key : tx.keys) EXPECT_FALSE(key.invalid());
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
  EXPECT_EQ(votes, 62U);
  ASSERT_EQ(seen.blocks.size(), 1U);
  EXPECT_EQ(seen.blocks[0].parent, slot_number(285000036));
  EXPECT_EQ(seen.blocks[0].height, 264042638U);
  EXPECT_EQ(seen.blocks[0].time, unix_seconds(1724267459));
  EXPECT_EQ(to_base58(seen.blocks[0].blockhash), "HPGE1rkrYqcRpASsdqA2zzetCGa8DD6mCTDus3tei2fN");
}

/// What INDEX.jsonl says about a transaction.
struct expected {
  std::string file, encoding, error;
  std::uint64_t slot{}, outer{}, inner{}, logs{}, fee{};
  std::vector<std::uint64_t> tokens;
  bool has_units{};
  std::uint64_t units{};
};

// A v1 transaction, whose signatures stand behind the message; the index took the first 64 bytes for one.
const std::string version_one = "_extracted/solana-foundation__explorer/block-responses.V1_BLOCK_RESPONSE.json";
// Fixtures made up by hand: some contradict themselves, others stand in a wrapper ("transactionWithMeta") that no
// node writes.
const std::set<std::string> made_up{
    version_one,
    "_extracted/solana-foundation__explorer/transaction.MOCK_FAILED_TX.json",
    "_extracted/solana-foundation__explorer/transaction.MOCK_NO_LOGS_TX.json",
    "_extracted/solana-foundation__explorer/transaction.MOCK_PARSED_TX.json",
    "_extracted/solana-foundation__explorer/token-2022-transfer.mockToken2022TransferTransaction.json",
    "_extracted/solana-foundation__explorer/transaction.BASE_TX.json",
    "_extracted/solana-foundation__explorer/usdc-multiple-transfers.mockUsdcMultipleTransfersTransaction.json"};

TEST(unit_recorded_reader, agrees_with_the_index_on_every_recorded_transaction) {
  const auto folder = test::shared_folder() / "data/tx";
  SETT_NEEDS_DATA("data/tx/INDEX.jsonl");
  std::map<std::string, std::multimap<std::string, expected>> files;
  {
    const padded_text text(file_text(folder / "INDEX.jsonl"));
    json_document document;
    ASSERT_TRUE(document.index(text));
    for (auto c = document.root(); !c.at_end();) {
      expected e;
      std::string_view signature;
      const auto number = [&](std::uint64_t& out) { return c.is_null() ? c.skip() : c.u64(out); };
      ASSERT_TRUE(c.object([&](std::string_view key) {
        std::string_view value;
        if (is(key, "sig") && c.at() == '"') return c.string(signature);
        if (is(key, "file") && c.string(value)) return e.file = value, true;
        if (is(key, "enc") && c.string(value)) return e.encoding = value, true;
        if (is(key, "err") && !c.is_null() && c.string(value)) return e.error = value, true;
        if (is(key, "slot")) return number(e.slot);
        if (is(key, "nix")) return number(e.outer);
        if (is(key, "nInner")) return number(e.inner);
        if (is(key, "logs")) return number(e.logs);
        if (is(key, "fee")) return number(e.fee);
        if (is(key, "cu")) return e.has_units = !c.is_null(), number(e.units);
        if (is(key, "tokBal")) return c.array([&] { return c.u64(e.tokens.emplace_back()); });
        return c.skip();
      })) << document.describe("index").message;
      const auto file = e.file;
      files[file].emplace(std::string(signature), std::move(e));
    }
  }
  std::size_t agreed = 0, refused = 0;
  for (const auto& [file, transactions] : files) {
    const padded_text text(file_text(folder / file));
    transaction_collector seen;
    std::set<std::string> found;
    seen.each = [&](const executed_transaction& tx) {
      const std::string signature =
          tx.signature_base58.empty() ? to_base58(tx.signature_bytes) : std::string(tx.signature_base58);
      const auto at = transactions.find(signature);
      if (at == transactions.end()) return;
      const auto& e = at->second;
      SCOPED_TRACE(file + " " + signature);
      found.insert(signature);
      const auto outer =
          std::ranges::count(tx.instructions, std::int16_t{-1}, [](const auto& ix) { return ix.path.inner; });
      EXPECT_EQ(static_cast<std::uint64_t>(outer), e.outer);
      EXPECT_EQ(tx.instructions.size() - static_cast<std::size_t>(outer), e.inner);
      EXPECT_EQ(tx.logs().size(), e.logs);
      EXPECT_EQ(tx.fee.value, e.fee);
      EXPECT_EQ(tx.err.failed, !e.error.empty()) << e.error;
      EXPECT_EQ(tx.pre_tokens.size(), e.tokens.at(0));
      EXPECT_EQ(tx.post_tokens.size(), e.tokens.at(1));
      EXPECT_EQ(tx.compute_units.has_value(), e.has_units);
      if (tx.compute_units && e.has_units) {
        EXPECT_EQ(*tx.compute_units, e.units);
      }
      if (tx.slot.value != 0) {
        EXPECT_EQ(tx.slot.value, e.slot);
      }
      if (const auto custom = e.error.find("Custom"); custom != std::string::npos) {
        EXPECT_TRUE(tx.err.has_custom_code);
        EXPECT_NE(e.error.find(std::to_string(tx.err.custom_code), custom), std::string::npos);
      }
      ++agreed;
    };
    ASSERT_TRUE(read_document(text, seen)) << file;
    if (made_up.contains(file)) {
      refused += transactions.size();
      EXPECT_TRUE(seen.count == 0 || file == version_one) << file;
      continue;
    }
    for (const auto& f : seen.faults) ADD_FAILURE() << file << ": " << f.message;
    for (const auto& [signature, e] : transactions)
      EXPECT_TRUE(found.contains(signature)) << file << " " << signature << " " << e.encoding;
  }
  EXPECT_EQ(files.size(), 109U);
  EXPECT_EQ(agreed, 772U);
  EXPECT_EQ(refused, 7U);
}

/// One transaction as comparable text: everything that every encoding carries.
std::string outline(const executed_transaction& tx, bool with_data) {
  std::ostringstream out;
  out << to_base58(tx.first_signature()) << " keys";
  for (std::size_t i = 0; i < tx.keys.size(); ++i) out << ' ' << to_base58(tx.key(i));
  out << " signers " << int(tx.required_signatures) << " fee " << tx.fee.value << " failed " << tx.err.failed << ' '
      << tx.err.instruction << ' ' << tx.err.custom_code;
  for (const auto v : tx.pre_lamports) out << ' ' << v;
  for (const auto v : tx.post_lamports) out << ' ' << v;
  for (const auto* list : {&tx.pre_tokens, &tx.post_tokens})
    for (const auto& b : *list)
      out << " token " << int(b.account_index) << ' ' << to_base58(b.mint.get()) << ' ' << to_base58(b.owner.get())
          << ' ' << b.amount.value << ' ' << int(b.decimals);
  for (const auto& line : tx.logs()) out << '|' << line;
  for (const auto& ix : tx.instructions) {
    out << "\n  " << ix.path.outer << '.' << ix.path.inner << " program " << int(ix.program_index);
    if (!with_data) continue;
    for (const auto a : ix.accounts) out << ' ' << int(a);
    out << " data ";
    for (const auto b : tx.data(ix)) out << int(b) << ',';
  }
  return out.str();
}

std::vector<std::string> outlines(const std::filesystem::path& file, bool with_data) {
  std::vector<std::string> all;
  transaction_collector seen;
  seen.each = [&](const executed_transaction& tx) { all.push_back(outline(tx, with_data)); };
  const auto info = read_document(padded_text(file_text(file)), seen);
  EXPECT_TRUE(info) << file;
  for (const auto& f : seen.faults) ADD_FAILURE() << f.message;
  return all;
}

TEST(unit_recorded_reader, reads_the_same_from_json_and_base64) {
  const auto folder = test::shared_folder() / "data/tx/kevinheavey__solders/tests/data";
  SETT_NEEDS_DATA("data/tx/kevinheavey__solders/tests/data");
  for (const std::string what : {"block", "transaction"}) {
    const auto json = outlines(folder / ("get_" + what + "_json_encoding.json"), true);
    const auto base64 = outlines(folder / ("get_" + what + "_base64_encoding.json"), true);
    EXPECT_EQ(json.size(), what == "block" ? 25U : 1U);
    EXPECT_EQ(json, base64);
  }
}

TEST(unit_recorded_reader, turns_parsed_instructions_back_into_the_same_bytes) {
  const auto folder = test::shared_folder() / "data/tx/kevinheavey__solders/tests/data";
  SETT_NEEDS_DATA("data/tx/kevinheavey__solders/tests/data");
  EXPECT_EQ(outlines(folder / "get_block_json_encoding.json", false),
            outlines(folder / "get_block_json_parsed_encoding.json", false));
  // Instruction by instruction, because some forms (votes) are not turned back.
  struct instruction {
    std::vector<std::uint8_t> accounts, data;
    bool shown_parsed;
  };
  const auto instructions = [&](const std::string& file) {
    std::vector<instruction> all;
    transaction_collector seen;
    seen.each = [&](const executed_transaction& tx) {
      for (const auto& ix : tx.instructions) {
        const auto data = tx.data(ix);
        all.push_back({{ix.accounts.begin(), ix.accounts.end()}, {data.begin(), data.end()}, ix.shown_parsed});
      }
    };
    EXPECT_TRUE(read_document(padded_text(file_text(folder / file)), seen));
    return all;
  };
  std::size_t same = 0, shown = 0;
  for (const std::string what : {"block", "transaction"}) {
    const auto json = instructions("get_" + what + "_json_encoding.json");
    const auto parsed = instructions("get_" + what + "_json_parsed_encoding.json");
    ASSERT_EQ(json.size(), parsed.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (parsed[i].shown_parsed) {
        ++shown;
        EXPECT_TRUE(parsed[i].data.empty());
        continue;
      }
      ++same;
      EXPECT_EQ(json[i].data, parsed[i].data) << i;
      EXPECT_EQ(json[i].accounts, parsed[i].accounts) << i;
    }
  }
  EXPECT_GT(same, 3 * shown);
}

/// The signed message built again from what the reader says, except blockhash and lookups, which it does not keep.
TEST(unit_recorded_reader, rebuilds_signed_messages_that_verify) {
  SETT_NEEDS_DATA(test::real_block);
  const padded_text text(file_text(test::shared_folder() / test::real_block));
  struct rest {
    std::vector<signature> signatures;
    sett::blockhash blockhash;
    std::vector<lookup_view> lookups;
    std::vector<std::vector<std::uint8_t>> indexes;
    bool versioned{};
  };
  std::vector<rest> rests;
  json_document document;
  ASSERT_TRUE(document.index(text));
  auto c = document.root();
  const auto key = [&](auto& bytes) {
    std::string_view value;
    return c.string(value) && base58::decode_32(value, bytes);
  };
  const auto indexes = [&](rest& r) {
    auto& list = r.indexes.emplace_back();
    return c.array([&] { return c.number(list.emplace_back()); });
  };
  const auto lookups = [&](rest& r) {
    return c.array([&] {
      r.lookups.emplace_back();
      return c.object([&](std::string_view k) {
        if (is(k, "accountKey")) return key(r.lookups.back().table.bytes);
        return indexes(r); // writableIndexes, then readonlyIndexes, in this recording
      });
    });
  };
  ASSERT_TRUE(c.object([&](std::string_view k) {
    if (!is(k, "transactions")) return c.skip();
    return c.array([&] {
      auto& r = rests.emplace_back();
      return c.object([&](std::string_view k2) {
        if (is(k2, "version")) return r.versioned = c.at() == '0', c.skip();
        if (!is(k2, "transaction")) return c.skip();
        return c.object([&](std::string_view k3) {
          if (is(k3, "signatures"))
            return c.array([&] {
              std::string_view value;
              return c.string(value) && base58::decode_64(value, r.signatures.emplace_back().bytes);
            });
          return c.object([&](std::string_view k4) {
            if (is(k4, "recentBlockhash")) return key(r.blockhash.bytes);
            return is(k4, "addressTableLookups") ? lookups(r) : c.skip();
          });
        });
      });
    });
  })) << document.describe("test").message;
  ASSERT_EQ(rests.size(), 557U);

  transaction_collector seen;
  std::size_t verified = 0;
  seen.each = [&](const executed_transaction& tx) {
    auto& r = rests[tx.index];
    transaction_view view;
    view.version = r.versioned ? transaction_version::v0 : transaction_version::legacy;
    view.header = {tx.required_signatures, tx.readonly_signed, tx.readonly_unsigned};
    std::vector<std::uint8_t> keys;
    for (std::size_t i = 0; i < tx.static_key_count; ++i)
      keys.insert(keys.end(), tx.key(i).bytes.begin(), tx.key(i).bytes.end());
    view.keys = keys;
    view.recent_blockhash = r.blockhash;
    for (const auto& ix : tx.instructions)
      if (ix.path.inner < 0) view.instructions.push_back({ix.program_index, ix.accounts, tx.data(ix)});
    view.lookups = r.lookups;
    for (std::size_t i = 0; i < view.lookups.size(); ++i) {
      view.lookups[i].writable = r.indexes[2 * i];
      view.lookups[i].readonly = r.indexes[2 * i + 1];
    }
    const auto message = serialise_message(view);
    ASSERT_EQ(r.signatures.size(), tx.required_signatures);
    EXPECT_EQ(r.signatures[0], tx.first_signature());
    for (std::size_t i = 0; i < r.signatures.size(); ++i)
      verified += verify_signature(tx.key(i), message, r.signatures[i]) ? 1 : 0;
  };
  ASSERT_TRUE(read_document(text, seen));
  std::size_t expected_count = 0;
  for (const auto& r : rests) expected_count += r.signatures.size();
  EXPECT_EQ(verified, expected_count);
  EXPECT_GE(verified, 557U);
}

} // namespace
} // namespace sett::solana
