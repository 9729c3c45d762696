// Every recorded transaction, as far as its encoding allows: wire bytes are read, written again and verified; JSON is
// put together to the bytes that were signed and verified.
#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/lookup_table.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace sett::solana {
namespace {

using bytes = std::vector<std::uint8_t>;
using simdjson::dom::element;

/// Visits every value below `root` with the name of the field it lies in.
void walk(element root, std::string_view field, const std::function<void(element, std::string_view)>& visit) {
  visit(root, field);
  if (simdjson::dom::object object; root.get(object) == simdjson::SUCCESS)
    for (const auto f : object) walk(f.value, f.key, visit);
  if (simdjson::dom::array array; root.get(array) == simdjson::SUCCESS)
    for (const auto e : array) walk(e, field, visit);
}

void for_each_json(const std::filesystem::path& folder,
                   const std::function<void(const std::string& file, element root)>& visit) {
  simdjson::dom::parser parser;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    element root;
    if (parser.load(entry.path().string()).get(root) == simdjson::SUCCESS) visit(entry.path().string(), root);
  }
}

/// What SOURCES and the index of the recordings say: first signature -> whether it verifies.
std::map<std::string, bool> index_of_signatures(const std::filesystem::path& index) {
  std::map<std::string, bool> known;
  simdjson::dom::parser parser;
  std::ifstream in(index);
  for (std::string line; std::getline(in, line);) {
    const element row = parser.parse(line);
    bool ok = false;
    if (row["sigOk"].get(ok) == simdjson::SUCCESS) known[std::string(row["sig"].get_string().value())] |= ok;
  }
  return known;
}

/// The text of a ["...", "base64"] pair, or what a sendTransaction or simulateTransaction request carries.
std::optional<std::string_view> wire_text(element value, std::string_view field) {
  std::string_view first, second, method;
  if (value["method"].get(method) == simdjson::SUCCESS &&
      (method == "sendTransaction" || method == "simulateTransaction") &&
      value["params"].at(0).get(first) == simdjson::SUCCESS)
    return first;
  if (field == "transaction" && value.is_array() && value.at(0).get(first) == simdjson::SUCCESS &&
      value.at(1).get(second) == simdjson::SUCCESS && second == "base64")
    return first;
  return std::nullopt;
}

TEST(it_recorded_transactions, every_encoded_one_is_written_to_the_same_bytes_and_verifies) {
  SETT_NEEDS_DATA("data/tx");
  const auto folder = sett::test::shared_folder() / "data/tx";
  const auto known = index_of_signatures(folder / "INDEX.jsonl");
  std::map<transaction_version, std::size_t> read;
  std::size_t verified = 0;
  transaction_view view;
  for_each_json(folder, [&](const std::string& file, element root) {
    walk(root, "", [&](element value, std::string_view field) {
      const auto text = wire_text(value, field);
      if (!text) return;
      const auto wire = base64_decode(*text);
      ASSERT_TRUE(wire) << file;
      const auto parsed = parse_transaction(*wire, view);
      ASSERT_TRUE(parsed) << file << ": " << parsed.error().message;
      EXPECT_EQ(serialise_transaction(view), *wire) << file;
      ++read[view.version];
      const bool ok = verify_signatures(view);
      verified += ok;
      const auto expected = known.find(to_base58(view.signature_at(0)));
      if (expected != known.end()) {
        EXPECT_EQ(ok, expected->second) << file << " " << expected->first;
      }
    });
  });
  EXPECT_GE(read[transaction_version::legacy], 15u);
  EXPECT_GE(read[transaction_version::v0], 6u);
  EXPECT_GE(read[transaction_version::v1], 1u);
  EXPECT_GE(verified, 36u);
  RecordProperty("legacy", static_cast<int>(read[transaction_version::legacy]));
  RecordProperty("v0", static_cast<int>(read[transaction_version::v0]));
  RecordProperty("v1", static_cast<int>(read[transaction_version::v1]));
  RecordProperty("verified", static_cast<int>(verified));
}

// --- JSON
// --------------------------------------------------------------------------------------------------------------------

std::string_view text_of(element e, std::string_view key) {
  std::string_view out;
  return e[key].get(out) == simdjson::SUCCESS ? out : std::string_view{};
}
std::uint8_t small_number(element e, std::string_view key) {
  std::uint64_t out = 0;
  EXPECT_EQ(e[key].get(out), simdjson::SUCCESS) << key;
  return static_cast<std::uint8_t>(out);
}

/// Bytes as the recordings write them: base58 text, a list of numbers, {"type": "Buffer", "data": [...]}, or {} for
/// none.
std::optional<bytes> bytes_of(const simdjson::simdjson_result<element>& value) {
  element e;
  if (value.get(e) != simdjson::SUCCESS) return std::nullopt;
  if (std::string_view text; e.get(text) == simdjson::SUCCESS) {
    bytes out(base58::max_decoded_size(text.size()));
    const auto size = base58::decode(text, out);
    if (!size) return std::nullopt;
    out.resize(*size);
    return out;
  }
  simdjson::dom::array array;
  if (simdjson::dom::object object; e.get(object) == simdjson::SUCCESS) {
    if (object.size() == 0) return bytes{};
    if (object["data"].get(array) != simdjson::SUCCESS) return std::nullopt;
  } else if (e.get(array) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  bytes out;
  for (const auto number : array) {
    std::uint64_t n = 0;
    if (number.get(n) != simdjson::SUCCESS || n > 255) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(n));
  }
  return out;
}

/// A transaction in "json" encoding as wire bytes. Nothing when the value has another form, like jsonParsed.
std::optional<bytes> wire_of_json(element value, transaction_version version) {
  element message, header;
  simdjson::dom::array signatures, keys, instructions;
  if (value["signatures"].get(signatures) != simdjson::SUCCESS || value["message"].get(message) != simdjson::SUCCESS ||
      message["header"].get(header) != simdjson::SUCCESS || message["accountKeys"].get(keys) != simdjson::SUCCESS ||
      message["instructions"].get(instructions) != simdjson::SUCCESS)
    return std::nullopt;
  std::deque<bytes> store; // keeps what the views point to
  bool whole = true;
  const auto keep = [&](const simdjson::simdjson_result<element>& field) -> std::span<const std::uint8_t> {
    auto read = bytes_of(field);
    whole = whole && read.has_value();
    return store.emplace_back(std::move(read).value_or(bytes{}));
  };
  const auto joined = [&](simdjson::dom::array list, std::size_t each) -> std::span<const std::uint8_t> {
    bytes all;
    for (const auto e : list) {
      const auto one = keep(simdjson::simdjson_result<element>(element(e)));
      whole = whole && one.size() == each;
      all.insert(all.end(), one.begin(), one.end());
    }
    return store.emplace_back(std::move(all));
  };

  transaction_view view;
  view.signatures = joined(signatures, signature::size);
  view.keys = joined(keys, address::size);
  view.header = {small_number(header, "numRequiredSignatures"), small_number(header, "numReadonlySignedAccounts"),
                 small_number(header, "numReadonlyUnsignedAccounts")};
  const auto hash = keep(message["recentBlockhash"]);
  if (hash.size() != blockhash::size) return std::nullopt;
  std::ranges::copy(hash, view.recent_blockhash.bytes.begin());
  for (const auto ix : instructions) {
    if (ix["programIdIndex"].error() != simdjson::SUCCESS) return std::nullopt;
    const auto accounts = keep(ix["accounts"]);
    view.instructions.push_back({small_number(ix, "programIdIndex"), accounts, keep(ix["data"])});
  }
  simdjson::dom::array lookups;
  if (message["addressTableLookups"].get(lookups) == simdjson::SUCCESS)
    for (const auto lookup : lookups) {
      const auto table = keep(lookup["accountKey"]);
      if (table.size() != address::size) return std::nullopt;
      lookup_view out;
      std::ranges::copy(table, out.table.bytes.begin());
      out.writable = keep(lookup["writableIndexes"]);
      out.readonly = keep(lookup["readonlyIndexes"]);
      view.lookups.push_back(out);
    }
  if (!whole) return std::nullopt;
  view.version = version;
  return serialise_transaction(view);
}

struct json_outcome {
  std::size_t transactions{}, read{}, verified{};
  std::set<std::string> verified_signatures;
};

void check_json(element root, json_outcome& out) {
  walk(root, "", [&](element value, std::string_view) {
    if (!value.is_object()) return;
    // RPC says the version elsewhere and the gRPC fixtures' own flag is wrong for some: it is the one that was signed.
    bool found = false, read = false;
    for (const auto version : {transaction_version::legacy, transaction_version::v0}) {
      const auto wire = wire_of_json(value, version);
      if (!wire) return;
      found = true;
      transaction_view view;
      if (!parse_transaction(*wire, view)) continue;
      read = true;
      EXPECT_EQ(serialise_transaction(view), *wire);
      if (!verify_signatures(view)) continue;
      ++out.verified;
      out.verified_signatures.insert(to_base58(view.signature_at(0)));
      break;
    }
    out.transactions += found;
    out.read += read;
  });
}

TEST(it_recorded_transactions, every_signature_of_a_real_block_verifies) {
  const std::string path = "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json";
  SETT_NEEDS_DATA(path);
  simdjson::dom::parser parser;
  json_outcome out;
  check_json(parser.load((sett::test::shared_folder() / path).string()).value(), out);
  EXPECT_EQ(out.transactions, 557u);
  EXPECT_EQ(out.read, 557u);
  EXPECT_EQ(out.verified, 557u);
}

TEST(it_recorded_transactions, every_json_signature_that_verifies_upstream_verifies_here) {
  SETT_NEEDS_DATA("data/tx");
  const auto folder = sett::test::shared_folder() / "data/tx";
  json_outcome out;
  for_each_json(folder, [&](const std::string&, element root) { check_json(root, out); });
  std::set<std::string> expected;
  simdjson::dom::parser parser;
  std::ifstream in(folder / "INDEX.jsonl");
  for (std::string line; std::getline(in, line);) {
    const element row = parser.parse(line);
    bool ok = false;
    if (row["sigOk"].get(ok) == simdjson::SUCCESS && ok && text_of(row, "enc") == "json")
      expected.emplace(text_of(row, "sig"));
  }
  EXPECT_GE(expected.size(), 600u);
  for (const auto& s : expected) EXPECT_TRUE(out.verified_signatures.contains(s)) << s;
  RecordProperty("json_transactions", static_cast<int>(out.transactions));
  RecordProperty("json_verified", static_cast<int>(out.verified));
}

TEST(it_recorded_transactions, a_real_lookup_table_account_is_read) {
  const std::string path = "data/accounts/anza-xyz__kit/scripts/fixtures/address-lookup-table-account.json";
  SETT_NEEDS_DATA(path);
  simdjson::dom::parser parser;
  const element root = parser.load((sett::test::shared_folder() / path).string());
  const auto account = base64_decode(root["account"]["data"].at(0).get_string().value());
  ASSERT_TRUE(account);
  const auto table = parse_lookup_table(*account);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->addresses.size(), (account->size() - lookup_table_header_bytes) / 32);
  EXPECT_FALSE(table->addresses.empty());
  EXPECT_EQ(table->deactivation_slot, slot_number(204699277)); // a table its owner has closed
}

} // namespace
} // namespace sett::solana
