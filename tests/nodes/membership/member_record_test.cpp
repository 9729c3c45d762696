#include "nodes/membership/member_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace sett;
using namespace sett::membership;

member_record made_up() {
  member_record r;
  r.node = *node_id::parse("n1");
  r.incarnation = incarnation_number(7);
  r.host = "10.0.0.7";
  r.port = {1, 2, 3, 65535};
  r.public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
  r.roles = *parse_roles("ingest,gateway");
  r.weight = 150;
  r.version = "0.1.0 \"quoted\\\"";
  r.cluster_id = "c1";
  r.settings_checksum = "ab12";
  r.shard_count = 64;
  r.hash_version = 1;
  return r;
}
cluster_record a_cluster() { return {"c1", 64, 1, 2, 3, "ab12", rebalance_mode::on}; }
ports::consensus_value stored(std::string key, std::string text, std::uint64_t revision) {
  return {std::move(key), std::move(text), revision, 0};
}

TEST(unit_member_record, survives_its_text) {
  const auto r = made_up();
  const auto back = decode_member_record(r.node, encode(r));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, r);
  EXPECT_EQ(decode_cluster_record(encode(a_cluster())).value(), a_cluster());
  const start_record s{incarnation_number(9), 0x00ff00ff00ff00ffULL};
  EXPECT_EQ(decode_start_record(encode(s)).value(), s);
}

TEST(unit_member_record, every_field_is_asked_for_and_no_other_is_taken) {
  const auto text = encode(made_up());
  for (std::size_t at = text.find("\"host\""), i = 0; i < 1; ++i) {
    auto renamed = text;
    renamed.replace(at, 6, "\"most\"");
    const auto r = decode_member_record(made_up().node, renamed);
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().message.find("\"host\""), std::string::npos);
  }
  auto more = text;
  more.insert(1, "\"new_field\":1,");
  EXPECT_FALSE(decode_member_record(made_up().node, more));
  for (std::size_t cut = 0; cut < text.size(); ++cut)
    EXPECT_FALSE(decode_member_record(made_up().node, text.substr(0, cut))) << cut;
}

TEST(unit_join, equal_settings_may_join_whatever_the_mode) {
  auto stored_record = a_cluster();
  stored_record.mode = rebalance_mode::rollout;
  EXPECT_TRUE(may_join(a_cluster(), stored_record));
}

TEST(unit_join, a_refusal_lists_every_difference_with_both_values) {
  auto other = a_cluster();
  other.shard_count = 128;
  other.min_isr = 1;
  const auto r = may_join(a_cluster(), other);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, static_cast<std::uint16_t>(membership_errc::differs));
  EXPECT_NE(r.error().message.find("shard count: here 64, the cluster has 128"), std::string::npos);
  EXPECT_NE(r.error().message.find("min_isr: here 2, the cluster has 1"), std::string::npos);
  EXPECT_EQ(r.error().message.find("hash"), std::string::npos);
}

TEST(unit_registration, an_incarnation_is_above_the_intent_and_above_everything_registered) {
  const auto id = made_up().node;
  registration_view none;
  EXPECT_EQ(next_incarnation(id, incarnation_number(0), none).value(), incarnation_number(1));
  EXPECT_EQ(next_incarnation(id, incarnation_number(8), none).value(), incarnation_number(9));
  registration_view view{stored(start_key(id), encode(start_record{incarnation_number(12), 1}), 5), std::nullopt};
  EXPECT_EQ(next_incarnation(id, incarnation_number(8), view).value(), incarnation_number(13));
  EXPECT_EQ(next_incarnation(id, incarnation_number(15), view).value(), incarnation_number(16));
}

TEST(unit_registration, a_start_is_intact_only_when_its_intent_is_not_below_what_is_registered) {
  const auto id = made_up().node;
  EXPECT_TRUE(intent_is_intact(id, incarnation_number(0), {}).value()) << "a new node";
  const registration_view view{stored(start_key(id), encode(start_record{incarnation_number(12), 1}), 5), std::nullopt};
  EXPECT_FALSE(intent_is_intact(id, incarnation_number(0), view).value()) << "its directory is lost";
  EXPECT_FALSE(intent_is_intact(id, incarnation_number(11), view).value()) << "an old copy";
  EXPECT_TRUE(intent_is_intact(id, incarnation_number(12), view).value());
  EXPECT_TRUE(intent_is_intact(id, incarnation_number(13), view).value()) << "crashed between intent and registration";
}

TEST(unit_registration, the_transaction_compares_what_was_read) {
  const auto r = made_up();
  const registration_view view{stored(start_key(r.node), "x", 5), stored(node_key(r.node), "y", 6)};
  const auto t = register_member(r, 77, view, 99);
  ASSERT_EQ(t.compares.size(), 2U);
  EXPECT_EQ(t.compares[0].revision, 5U);
  EXPECT_EQ(t.compares[1].revision, 6U);
  ASSERT_EQ(t.puts.size(), 2U);
  EXPECT_EQ(t.puts[0].lease, 0U) << "the start key outlives the node";
  EXPECT_EQ(t.puts[1].lease, 99U);
}

TEST(unit_registration, the_older_of_two_processes_with_one_id_is_superseded) {
  const start_record own{incarnation_number(5), 1};
  const auto owner = [&](const start_record& there) {
    return owner_of_start(own, stored("/starts/n1", encode(there), 1)).value();
  };
  EXPECT_EQ(owner(own), start_owner::ours);
  EXPECT_EQ(owner({incarnation_number(6), 2}), start_owner::superseded);
  EXPECT_EQ(owner({incarnation_number(5), 2}), start_owner::superseded) << "the number is taken by another process";
  EXPECT_EQ(owner({incarnation_number(4), 2}), start_owner::absent) << "not registered yet";
  EXPECT_EQ(owner_of_start(own, std::nullopt).value(), start_owner::absent);
}

TEST(unit_roles, are_names_with_commas) {
  EXPECT_EQ(to_text(*parse_roles("gateway,ingest")), "ingest,gateway");
  for (const auto* bad : {"", ",", "ingest,", "ingest,ingest", "king"}) EXPECT_FALSE(parse_roles(bad)) << bad;
}

} // namespace
