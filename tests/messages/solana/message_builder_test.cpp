#include "messages/solana/base58.hpp"
#include "messages/solana/message_builder.hpp"
#include "tests/messages/solana/made_transactions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <rapidcheck/gtest.h>
#include <set>
#include <tuple>

namespace sett::solana {
namespace {

using namespace test;
using bytes = std::vector<std::uint8_t>;

message_request request_of(std::span<const instruction> instructions,
                           transaction_version version = transaction_version::legacy) {
  return {.version = version,
          .payer = made_key(0),
          .recent_blockhash = made_blockhash(),
          .instructions = instructions,
          .tables = {}};
}

std::vector<address> static_keys(const bytes& message) {
  transaction_view view;
  EXPECT_TRUE(parse_message(message, view));
  std::vector<address> keys;
  for (std::size_t i = 0; i < view.static_key_count(); ++i) keys.push_back(view.key(i));
  return keys;
}

TEST(unit_message_builder, keys_stand_by_class_and_inside_a_class_by_first_use) {
  const std::vector<instruction> instructions{
      {made_key(9),
       {{made_key(5), false, false}, {made_key(4), false, true}, {made_key(3), true, false}, {made_key(2), true, true}},
       {}},
      {made_key(8), {{made_key(5), false, true}, {made_key(6), false, false}}, {}}};
  const auto message = build_message(request_of(instructions));
  ASSERT_TRUE(message);
  // Writable signers, read-only signers, writable others (5 became writable later), read-only others.
  EXPECT_EQ(static_keys(*message), (std::vector{made_key(0), made_key(2), made_key(3), made_key(5), made_key(4),
                                                made_key(9), made_key(8), made_key(6)}));
}

TEST(unit_message_builder, by_text_sorts_letters_without_case_and_digits_first) {
  std::vector<std::string> texts;
  std::vector<account_meta> accounts;
  for (const char* text : {"b111111111111111111111111111111111111111112", "A111111111111111111111111111111111111111112",
                           "a111111111111111111111111111111111111111112", "9111111111111111111111111111111111111111112",
                           "B111111111111111111111111111111111111111112"}) {
    const auto key = parse_address(text);
    ASSERT_TRUE(key) << text;
    accounts.push_back({*key, false, true});
  }
  const std::vector<instruction> instructions{{made_key(9), accounts, {}}};
  auto request = request_of(instructions);
  request.order = key_order::by_text;
  const auto message = build_message(request);
  ASSERT_TRUE(message);
  for (const auto& key : static_keys(*message)) texts.push_back(to_base58(key).substr(0, 1));
  texts.erase(texts.begin()); // the payer
  texts.pop_back();           // the program
  EXPECT_EQ(texts, (std::vector<std::string>{"9", "a", "A", "b", "B"}));
}

TEST(unit_message_builder, signers_and_programs_are_never_looked_up) {
  const std::vector<instruction> instructions{
      {made_key(9), {{made_key(1), true, false}, {made_key(2), false, true}, {made_key(3), false, false}}, {1}}};
  const std::vector<lookup_table> tables{
      {made_key(50), {made_key(0), made_key(9), made_key(1), made_key(3), made_key(2)}},
      {made_key(51), {made_key(2), made_key(3)}}};
  auto request = request_of(instructions, transaction_version::v0);
  request.tables = tables;
  const auto message = build_message(request);
  ASSERT_TRUE(message);
  transaction_view view;
  ASSERT_TRUE(parse_message(*message, view));
  EXPECT_EQ(static_keys(*message), (std::vector{made_key(0), made_key(1), made_key(9)}));
  ASSERT_EQ(view.lookups.size(), 1u); // the second table was not needed
  EXPECT_TRUE(std::ranges::equal(view.lookups[0].writable, bytes{4}));
  EXPECT_TRUE(std::ranges::equal(view.lookups[0].readonly, bytes{3}));
}

TEST(unit_message_builder, refuses_what_no_packet_or_message_can_hold) {
  const auto code = [](const result<bytes>& r) {
    return r ? transaction_errc::ok : static_cast<transaction_errc>(r.error().code);
  };
  std::vector<instruction> large{{made_key(9), {}, bytes(2000)}};
  EXPECT_EQ(code(build_message(request_of(large))), transaction_errc::too_large);
  large[0].data.resize(1100);
  EXPECT_EQ(code(build_message(request_of(large))), transaction_errc::too_large);
  large[0].data.resize(1000);
  EXPECT_EQ(code(build_message(request_of(large))), transaction_errc::ok);

  std::vector<instruction> many{{made_key(9), {}, {}}};
  for (std::uint32_t i = 0; i < 300; ++i) many[0].accounts.push_back({made_key(1000 + i), false, false});
  EXPECT_EQ(code(build_message(request_of(many))), transaction_errc::too_many);

  const std::vector<instruction> payer_runs{{made_key(0), {}, {}}};
  EXPECT_EQ(code(build_message(request_of(payer_runs))), transaction_errc::bad_index);

  const std::vector<lookup_table> tables{{made_key(50), {made_key(1)}}};
  auto request = request_of(payer_runs);
  request.tables = tables;
  EXPECT_EQ(code(build_message(request)), transaction_errc::bad_version);
  EXPECT_EQ(code(build_message(request_of({}, transaction_version::v1))), transaction_errc::bad_version);
}

TEST(unit_message_builder, signatures_are_attached_only_in_their_number) {
  const std::vector<instruction> instructions{{made_key(9), {{made_key(1), true, true}}, {1}}};
  const auto message = *build_message(request_of(instructions));
  EXPECT_FALSE(attach_signatures(message, std::vector{made_signature(1)}));
  const auto wire = attach_signatures(message, std::vector{made_signature(1), made_signature(2)});
  ASSERT_TRUE(wire);
  transaction_view view;
  ASSERT_TRUE(parse_transaction(*wire, view));
  EXPECT_EQ(view.signature_at(1), made_signature(2));
  EXPECT_TRUE(std::ranges::equal(view.message, message));
  EXPECT_FALSE(attach_signatures(bytes{1, 2, 3}, std::vector{made_signature(1)}));
}

// Instructions over a few keys, so that the same key meets in different roles.
rc::Gen<std::vector<instruction>> instructions_gen() {
  const auto meta = rc::gen::map(
      rc::gen::tuple(rc::gen::inRange<std::uint32_t>(0, 12), rc::gen::inRange(0, 5), rc::gen::inRange(0, 2)),
      [](const std::tuple<std::uint32_t, int, int>& t) {
        return account_meta{made_key(std::get<0>(t)), std::get<1>(t) == 0, std::get<2>(t) == 0};
      });
  const auto ix =
      rc::gen::map(rc::gen::tuple(rc::gen::inRange<std::uint32_t>(10, 15),
                                  rc::gen::container<std::vector<account_meta>>(meta), rc::gen::arbitrary<bytes>()),
                   [](const std::tuple<std::uint32_t, std::vector<account_meta>, bytes>& t) {
                     return instruction{made_key(std::get<0>(t)), std::get<1>(t), std::get<2>(t)};
                   });
  return rc::gen::resize(8, rc::gen::container<std::vector<instruction>>(ix));
}

RC_GTEST_PROP(prop_message_builder, a_built_message_says_what_was_asked, ()) {
  const auto instructions = *rc::gen::map(instructions_gen(), [](std::vector<instruction> v) { return v; });
  const bool v0 = *rc::gen::arbitrary<bool>();
  std::vector<lookup_table> tables;
  if (v0) {
    const auto members = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 15));
    tables.push_back({made_key(70), {}});
    tables.push_back({made_key(71), {}});
    for (std::size_t i = 0; i < members.size(); ++i) tables[i % 2].addresses.push_back(made_key(members[i]));
  }
  auto request = request_of(instructions, v0 ? transaction_version::v0 : transaction_version::legacy);
  request.tables = tables;
  request.order = *rc::gen::element(key_order::first_use, key_order::by_text);
  const auto message = build_message(request);
  if (!message) {
    RC_ASSERT(message.error().code == static_cast<std::uint16_t>(transaction_errc::too_large));
    return;
  }
  transaction_view view;
  RC_ASSERT(parse_message(*message, view).has_value());
  RC_ASSERT(serialise_message(view) == *message);
  const auto loaded = load_keys(view.lookups, tables);
  RC_ASSERT(loaded.has_value());
  std::vector<address> keys;
  for (std::size_t i = 0; i < view.static_key_count(); ++i) keys.push_back(view.key(i));
  keys.insert(keys.end(), loaded->writable.begin(), loaded->writable.end());
  keys.insert(keys.end(), loaded->readonly.begin(), loaded->readonly.end());
  RC_ASSERT(std::set(keys.begin(), keys.end()).size() == keys.size()); // each key once
  RC_ASSERT(keys[0] == request.payer);

  struct rights {
    bool signer{}, writable{};
  };
  std::map<address, rights> asked{{request.payer, {true, true}}};
  RC_ASSERT(view.instructions.size() == instructions.size());
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    RC_ASSERT(keys[view.instructions[i].program_index] == instructions[i].program);
    RC_ASSERT(std::ranges::equal(view.instructions[i].data, instructions[i].data));
    RC_ASSERT(view.instructions[i].accounts.size() == instructions[i].accounts.size());
    asked[instructions[i].program];
    for (std::size_t k = 0; k < instructions[i].accounts.size(); ++k) {
      const auto& meta = instructions[i].accounts[k];
      RC_ASSERT(keys[view.instructions[i].accounts[k]] == meta.key);
      asked[meta.key].signer |= meta.is_signer;
      asked[meta.key].writable |= meta.is_writable;
    }
  }
  RC_ASSERT(asked.size() == keys.size()); // no key too many
  for (std::size_t i = 0; i < keys.size(); ++i) {
    RC_ASSERT(view.is_signer(i) == asked[keys[i]].signer);
    RC_ASSERT(view.is_writable(i) == asked[keys[i]].writable);
  }
}

} // namespace
} // namespace sett::solana
