#include "tests/support/synthetic_transaction.hpp"
#include "tools/sett/event_json.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <iterator>
#include <set>

namespace sett::tools {
namespace {

using test::made_up_address;

event_batch batch_with(const event_payload& payload, program_kind program = program_kind::pump) {
  event_batch batch;
  event_transaction tx;
  tx.slot.value = 5;
  tx.index = 3;
  batch.transactions.push_back(tx);
  batch.events.push_back({0, {3, 1}, program, payload});
  return batch;
}

std::string line_of(const event_batch& batch) {
  std::string out;
  append_event_json(out, batch, batch.events.front());
  return out;
}

/// One event of every type with every field present.
std::vector<event_batch> full_events() {
  const address a = made_up_address(1), b = made_up_address(2);
  event::swap swap;
  swap.pool = swap.trader = swap.mint_in = a;
  swap.mint_out = b;
  swap.amount_in.value = ~std::uint64_t{0};
  swap.fee_known = true;
  std::vector<event_batch> all;
  for (const auto kind : {pool_state_kind::none, pool_state_kind::reserves, pool_state_kind::sqrt_price_x64,
                          pool_state_kind::active_bin}) {
    swap.after = {kind, ~std::uint64_t{0}, 1, 7};
    all.push_back(batch_with(swap));
  }
  event::trade trade;
  trade.leg_count = 2;
  all.push_back(batch_with(trade, program_kind::jupiter_v6));
  all.push_back(batch_with(event::transfer{a, a, b, a, b, token_amount{9}, token_amount{1}}));
  all.push_back(batch_with(event::mint_created{a, 6, true, true, a, b, program_kind::token_2022, 1U << 12 | 1U << 26}));
  all.push_back(batch_with(event::authority_changed{a, event::authority_kind::pause, true, a, b}));
  all.push_back(batch_with(event::pool_created{a, a, b, token_amount{1}, token_amount{2}, a, b}));
  all.push_back(batch_with(event::liquidity{event::liquidity_change::locked, a, a, b, token_amount{1}, token_amount{2},
                                            a, token_amount{3}, b}));
  all.push_back(batch_with(event::launch{event::launch_phase::migrated, a, b, a, b}));
  all.push_back(batch_with(event::account{event::account_change::closed, a, b, a, lamports{4}}));
  all.push_back(batch_with(event::tip{a, b, lamports{4}}));
  all.push_back(batch_with(event::priority_fee{1, 2, lamports{3}}));
  all.push_back(batch_with(event::failed{1, true, 6001}, program_kind::unknown));
  auto metadata = batch_with(event::metadata{});
  event::metadata m{
      a, b, a, true, true, metadata.add_text("a\"b\\c\n\x01"), metadata.add_text("\xff\xc3\xa9\xed\xa0\x80"), {}};
  metadata.events[0].payload = m;
  all.push_back(metadata);
  return all;
}

} // namespace

TEST(unit_event_json, writes_one_valid_object_per_line_for_every_type) {
  simdjson::dom::parser parser;
  std::set<std::size_t> types;
  for (const auto& batch : full_events()) {
    const auto line = line_of(batch);
    EXPECT_EQ(line.back(), '\n');
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    simdjson::dom::element root;
    ASSERT_EQ(parser.parse(line).get(root), simdjson::SUCCESS) << line;
    EXPECT_EQ(std::string_view(root["type"]), type_name(batch.events[0].payload));
    EXPECT_EQ(std::string_view(root["path"]), "3.1");
    EXPECT_EQ(std::uint64_t(root["index"]), 3U);
    types.insert(batch.events[0].payload.index());
  }
  EXPECT_EQ(types.size(), std::variant_size_v<event_payload>);
}

TEST(unit_event_json, documents_every_field_it_writes) {
  std::ifstream in(std::string(SETT_SOURCE_DIR) + "/actors/decode/README.md");
  const std::string readme{std::istreambuf_iterator<char>(in), {}};
  simdjson::dom::parser parser;
  for (const auto& batch : full_events())
    for (const auto [key, value] : simdjson::dom::object(parser.parse(line_of(batch))))
      EXPECT_NE(readme.find("`" + std::string(key) + "`"), std::string::npos)
          << key << " of " << type_name(batch.events[0].payload);
}

TEST(unit_event_json, keeps_amounts_that_a_double_cannot_hold) {
  const auto line = line_of(full_events()[2]);
  EXPECT_NE(line.find("\"amount_in\":\"18446744073709551615\""), std::string::npos);
  EXPECT_NE(line.find("\"sqrt_price_x64\":\"36893488147419103231\""), std::string::npos); // 2^64 + 2^64 - 1
  EXPECT_NE(line_of(full_events()[3]).find("\"active_bin\":-1"), std::string::npos);
}

TEST(unit_event_json, escapes_text_and_replaces_what_is_not_utf8) {
  const auto line = line_of(full_events().back());
  EXPECT_NE(line.find(R"("name":"a\"b\\c\u000a\u0001")"), std::string::npos) << line;
  EXPECT_NE(line.find("\"symbol\":\"\\ufffd\xc3\xa9\\ufffd\\ufffd\\ufffd\""), std::string::npos) << line;
}

TEST(unit_event_json, leaves_out_the_position_where_nobody_knows_it) {
  auto batch = batch_with(event::failed{});
  batch.transactions[0].index = event_transaction::unknown_index;
  batch.events[0].path = {2, -1};
  const auto line = line_of(batch);
  EXPECT_EQ(line.find("\"index\""), std::string::npos);
  EXPECT_NE(line.find("\"path\":\"2\""), std::string::npos);
}

TEST(unit_event_json, names_unknown_layouts) {
  auto batch = batch_with(event::failed{});
  std::string out;
  append_unknown_json(out, batch, {0, {1, -1}, made_up_address(9), 0x0102030405060708, 24});
  EXPECT_NE(out.find("\"type\":\"unknown\""), std::string::npos);
  EXPECT_NE(out.find("\"discriminator\":\"0102030405060708\""), std::string::npos);
  EXPECT_NE(out.find("\"length\":24"), std::string::npos);
}

} // namespace sett::tools
