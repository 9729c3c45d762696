#include "messages/solana/short_vec.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/messages/solana/made_transactions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <rapidcheck/gtest.h>
#include <string>

namespace sett::solana {
namespace {

using namespace test;
using bytes = std::vector<std::uint8_t>;

// --- lengths
// ---------------------------------------------------------------------------------------------------------------

TEST(unit_short_length, every_value_reads_back_in_its_shortest_form) {
  for (std::uint32_t value = 0; value <= 0xffff; ++value) {
    bytes out;
    write_short_length(static_cast<std::uint16_t>(value), out);
    ASSERT_EQ(out.size(), value < 0x80 ? 1u : value < 0x4000 ? 2u : 3u);
    const auto read = read_short_length(out);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->value, value);
    ASSERT_EQ(read->size, out.size());
    for (std::size_t cut = 0; cut < out.size(); ++cut)
      ASSERT_EQ(read_short_length(std::span(out).first(cut)).error(), short_length_fault::truncated);
  }
}

TEST(unit_short_length, whatever_three_bytes_are_accepted_are_written_the_same) {
  std::size_t accepted = 0;
  for (std::uint32_t i = 0; i < (1U << 24); i += 1) {
    const std::array<std::uint8_t, 3> in{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8),
                                         static_cast<std::uint8_t>(i >> 16)};
    const auto read = read_short_length(in);
    if (!read || read->size != 3) continue;
    ++accepted;
    bytes out;
    write_short_length(read->value, out);
    ASSERT_TRUE(std::ranges::equal(out, in)) << i;
  }
  EXPECT_EQ(accepted, 0x10000u - 0x4000u); // one spelling for each value that needs three bytes
}

TEST(unit_short_length, aliases_and_numbers_above_65535_are_refused) {
  EXPECT_EQ(read_short_length(bytes{0x80, 0x00}).error(), short_length_fault::alias);
  EXPECT_EQ(read_short_length(bytes{0xff, 0x80, 0x00}).error(), short_length_fault::alias);
  EXPECT_EQ(read_short_length(bytes{0xff, 0xff, 0x04}).error(), short_length_fault::overflow);
  EXPECT_EQ(read_short_length(bytes{0xff, 0xff, 0x83}).error(), short_length_fault::overflow);
  EXPECT_EQ(read_short_length(bytes{0x80, 0x80, 0x80, 0x00}).error(), short_length_fault::overflow);
}

// --- reading
// ---------------------------------------------------------------------------------------------------------------

transaction_view parsed(const bytes& wire) {
  transaction_view view;
  const auto r = parse_transaction(wire, view);
  EXPECT_TRUE(r) << r.error().message;
  return view;
}

TEST(unit_transaction, a_legacy_transaction_reads_field_by_field) {
  const bytes wire = made_legacy_transaction();
  const auto view = parsed(wire);
  EXPECT_EQ(view.version, transaction_version::legacy);
  EXPECT_EQ(view.header, (message_header{1, 0, 1}));
  ASSERT_EQ(view.static_key_count(), 3u);
  EXPECT_EQ(view.total_key_count(), 3u);
  EXPECT_EQ(view.key(0), made_key(0));
  EXPECT_EQ(view.key(1), made_key(1));
  EXPECT_EQ(view.key(2), made_key(9));
  EXPECT_TRUE(view.is_signer(0) && view.is_writable(0) && !view.is_signer(1) && view.is_writable(1) &&
              !view.is_writable(2));
  EXPECT_EQ(view.recent_blockhash, made_blockhash());
  ASSERT_EQ(view.instructions.size(), 1u);
  EXPECT_EQ(view.instructions[0].program_index, 2);
  EXPECT_TRUE(std::ranges::equal(view.instructions[0].accounts, bytes{1, 0}));
  EXPECT_TRUE(std::ranges::equal(view.instructions[0].data, bytes{7, 8, 9}));
  EXPECT_EQ(view.signature_at(0), made_signature(5));
  EXPECT_EQ(view.message.data(), wire.data() + 65);
  EXPECT_EQ(serialise_transaction(view), wire);
}

TEST(unit_transaction, a_v0_transaction_appends_loaded_keys_writable_before_read_only) {
  const bytes wire = made_v0_transaction();
  const auto view = parsed(wire);
  EXPECT_EQ(view.version, transaction_version::v0);
  ASSERT_EQ(view.static_key_count(), 2u);
  EXPECT_EQ(view.total_key_count(), 4u);
  ASSERT_EQ(view.lookups.size(), 1u);
  EXPECT_EQ(view.lookups[0].table, made_key(100));
  EXPECT_TRUE(std::ranges::equal(view.lookups[0].writable, bytes{2}));
  EXPECT_TRUE(std::ranges::equal(view.lookups[0].readonly, bytes{0}));
  EXPECT_TRUE(std::ranges::equal(view.instructions[0].accounts, bytes{2, 3, 0}));
  EXPECT_TRUE(view.is_writable(2));
  EXPECT_FALSE(view.is_writable(3));
  EXPECT_EQ(serialise_transaction(view), wire);
}

TEST(unit_transaction, a_v1_transaction_reads_its_config_and_payloads) {
  const bytes wire = made_v1_transaction();
  ASSERT_EQ(wire[0], 129);
  const auto view = parsed(wire);
  EXPECT_EQ(view.version, transaction_version::v1);
  EXPECT_EQ(view.config.priority_fee, lamports(123456789012));
  EXPECT_EQ(view.config.compute_unit_limit, 200'000u);
  EXPECT_EQ(view.config.loaded_accounts_bytes_max, 65'536u);
  EXPECT_EQ(view.config.heap_bytes, 64u * 1024);
  ASSERT_EQ(view.instructions.size(), 2u);
  EXPECT_TRUE(std::ranges::equal(view.instructions[0].accounts, bytes{0, 2, 1}));
  EXPECT_EQ(view.instructions[0].data.size(), 300u);
  EXPECT_EQ(view.signature_count(), 2u);
  EXPECT_EQ(view.message.size(), wire.size() - 2 * signature::size);
  EXPECT_EQ(serialise_transaction(view), wire);
  EXPECT_EQ(serialise_message(view), bytes(view.message.begin(), view.message.end()));
}

TEST(unit_transaction, a_message_reads_without_its_signatures) {
  for (const bytes& wire : {made_legacy_transaction(), made_v0_transaction(), made_v1_transaction()}) {
    const auto whole = parsed(wire);
    transaction_view view;
    const auto r = parse_message(whole.message, view);
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(view.version, whole.version);
    EXPECT_EQ(view.signature_count(), 0u);
    EXPECT_EQ(serialise_message(view), bytes(whole.message.begin(), whole.message.end()));
  }
}

TEST(unit_transaction, a_view_is_reused_without_a_trace_of_the_one_before) {
  transaction_view view;
  const bytes v1 = made_v1_transaction(), v0 = made_v0_transaction(), legacy = made_legacy_transaction();
  for (const bytes* wire : {&v1, &v0, &legacy, &v0, &v1}) {
    ASSERT_TRUE(parse_transaction(*wire, view));
    EXPECT_EQ(serialise_transaction(view), *wire);
  }
}

TEST(unit_transaction, every_cut_is_refused_as_truncated_and_every_extra_byte_as_trailing) {
  for (const bytes& wire : {made_legacy_transaction(), made_v0_transaction(), made_v1_transaction()}) {
    transaction_view view;
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
      const auto r = parse_transaction(std::span(wire).first(cut), view);
      ASSERT_FALSE(r) << cut;
      EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(transaction_errc::truncated))
          << cut << ": " << r.error().message;
      EXPECT_NE(r.error().message.find("byte offset"), std::string::npos) << r.error().message;
    }
    bytes longer = wire;
    longer.push_back(0);
    const auto r = parse_transaction(longer, view);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(transaction_errc::trailing_bytes));
  }
}

struct spoiled {
  const char* what;
  bytes (*made)();
  std::size_t at;
  std::uint8_t value;
  transaction_errc expected;
  std::size_t offset; // that the error names
};

TEST(unit_transaction, each_broken_rule_has_its_own_error_with_its_place) {
  constexpr std::size_t message = 65, v1_mask = 4, v1_counts = 40, v1_heads = 42 + 4 * 32 + 20;
  const spoiled cases[] = {
      {"640 signatures", made_legacy_transaction, 0, 0x80, transaction_errc::truncated, 2},
      {"no signature", made_legacy_transaction, 0, 0, transaction_errc::bad_header, 1},
      {"an unknown version", made_v0_transaction, message, 0x82, transaction_errc::bad_version, message},
      {"v1 behind signatures", made_v0_transaction, message, 0x81, transaction_errc::bad_config, 69},
      {"two signers, one signature", made_legacy_transaction, message, 2, transaction_errc::signature_count, 0},
      {"a read-only fee payer", made_legacy_transaction, message + 1, 1, transaction_errc::bad_header, message},
      {"more read-only keys than keys", made_legacy_transaction, message + 2, 3, transaction_errc::bad_header, message},
      {"a program beyond the keys", made_legacy_transaction, message + 4 + 96 + 32 + 1, 3, transaction_errc::bad_index,
       message + 132},
      {"the payer as a program", made_legacy_transaction, message + 4 + 96 + 32 + 1, 0, transaction_errc::bad_index,
       message + 132},
      {"an account beyond the keys", made_legacy_transaction, message + 4 + 96 + 32 + 3, 3, transaction_errc::bad_index,
       message + 132},
      {"a looked-up program", made_v0_transaction, message + 5 + 64 + 32 + 1, 2, transaction_errc::bad_index,
       message + 101},
      {"a v1 mask with an unknown bit", made_v1_transaction, v1_mask, 0x3f, transaction_errc::bad_config, v1_mask},
      {"half a priority fee", made_v1_transaction, v1_mask, 0x1d, transaction_errc::bad_config, v1_mask},
      {"an odd heap size", made_v1_transaction, v1_heads - 4, 1, transaction_errc::bad_config, v1_heads - 4},
      {"a huge heap", made_v1_transaction, v1_heads - 2, 9, transaction_errc::bad_config, v1_heads - 4},
      {"65 instructions", made_v1_transaction, v1_counts, 65, transaction_errc::too_many, v1_counts},
      {"65 keys", made_v1_transaction, v1_counts + 1, 65, transaction_errc::too_many, v1_counts},
      {"13 v1 signatures", made_v1_transaction, 1, 13, transaction_errc::too_many, 1},
      {"a v1 program beyond the keys", made_v1_transaction, v1_heads, 4, transaction_errc::bad_index, v1_heads},
      {"a v1 account beyond the keys", made_v1_transaction, v1_heads + 8, 4, transaction_errc::bad_index, v1_heads},
  };
  for (const auto& c : cases) {
    bytes wire = c.made();
    wire[c.at] = c.value;
    transaction_view view;
    const auto r = parse_transaction(wire, view);
    ASSERT_FALSE(r) << c.what;
    EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(c.expected)) << c.what << ": " << r.error().message;
    EXPECT_TRUE(r.error().message.ends_with("byte offset " + std::to_string(c.offset)))
        << c.what << ": " << r.error().message;
  }
}

TEST(unit_transaction, a_length_in_two_bytes_that_fits_in_one_is_refused) {
  bytes wire = made_legacy_transaction();
  constexpr std::size_t accounts_at = 65 + 4 + 96 + 32 + 2;
  wire[accounts_at] |= 0x80;
  wire.insert(wire.begin() + accounts_at + 1, 0);
  transaction_view view;
  const auto r = parse_transaction(wire, view);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(transaction_errc::bad_length));
  EXPECT_TRUE(r.error().message.ends_with("byte offset " + std::to_string(accounts_at))) << r.error().message;
}

TEST(unit_transaction, a_v1_key_that_stands_twice_is_refused) {
  bytes wire = made_v1_transaction();
  std::copy_n(wire.begin() + 42, 32, wire.begin() + 42 + 64);
  transaction_view view;
  EXPECT_EQ(parse_transaction(wire, view).error().code, static_cast<std::uint16_t>(transaction_errc::duplicate_key));
}

TEST(unit_transaction, one_byte_above_the_size_limit_is_refused) {
  const auto sized = [](std::size_t total) {
    bytes keys, accounts;
    for (std::uint32_t i : {0U, 9U}) {
      const auto key = made_key(i);
      keys.insert(keys.end(), key.bytes.begin(), key.bytes.end());
    }
    const bytes signatures(signature::size, 1);
    transaction_view view;
    view.header = {1, 0, 1};
    view.keys = keys;
    view.signatures = signatures;
    const bytes data(total - 1 - 64 - 3 - 1 - 64 - 32 - 1 - 1 - 1 - 2, 0);
    view.instructions = {{1, {}, data}};
    return serialise_transaction(view);
  };
  transaction_view view;
  ASSERT_EQ(sized(1232).size(), 1232u);
  EXPECT_TRUE(parse_transaction(sized(1232), view));
  const auto r = parse_transaction(sized(1233), view);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(transaction_errc::too_large));
  const bytes over = sized(1233);
  EXPECT_EQ(parse_message(std::span(over).subspan(65), view).error().code,
            static_cast<std::uint16_t>(transaction_errc::too_large));
  EXPECT_FALSE(parse_transaction(bytes(max_v1_transaction_bytes + 1, 129), view));
}

TEST(unit_transaction, a_lookup_that_loads_nothing_is_refused) {
  bytes wire = made_v0_transaction();
  wire.resize(wire.size() - 4); // both index lists
  wire.insert(wire.end(), {0, 0});
  transaction_view view;
  const auto r = parse_transaction(wire, view);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(transaction_errc::bad_index));
}

RC_GTEST_PROP(prop_transaction, what_is_accepted_after_damage_is_written_to_the_same_bytes, ()) {
  const auto made = *rc::gen::element(made_legacy_transaction(), made_v0_transaction(), made_v1_transaction());
  bytes wire = made;
  const auto edits = *rc::gen::container<std::vector<std::pair<std::uint16_t, std::uint8_t>>>(rc::gen::pair(
      rc::gen::inRange<std::uint16_t>(0, static_cast<std::uint16_t>(wire.size())), rc::gen::arbitrary<std::uint8_t>()));
  for (const auto& [at, value] : edits) wire[at] = value;
  transaction_view view;
  if (!parse_transaction(wire, view)) return;
  RC_ASSERT(serialise_transaction(view) == wire);
  RC_ASSERT(view.signature_count() == view.header.required_signatures);
  for (const auto& ix : view.instructions) {
    RC_ASSERT(ix.program_index < view.static_key_count());
    for (const auto index : ix.accounts) RC_ASSERT(index < view.total_key_count());
  }
}

} // namespace
} // namespace sett::solana
