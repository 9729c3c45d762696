// The journal's texts and bytes: hashes, the shard record, messages between replicas, entry payloads.
#include "nodes/journal/command_batch.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/replica_messages.hpp"
#include "nodes/journal/shard_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sett::journal {
namespace {

member m(std::string_view text) { return *parse_member(text); }

shard_record a_record() {
  return {.epoch = epoch_number(4), .leader = m("n2@9"), .isr = {m("n2@9"), m("n1@3")}, .min_isr = 2, .data_loss = 0};
}

constexpr std::string_view record_text =
    R"({"epoch":4,"leader":"n2@9","isr":["n2@9","n1@3"],"min_isr":2,"data_loss":0})";

ports::journal_place place(std::uint64_t epoch, std::uint64_t index, std::uint64_t chain) {
  return {.epoch = epoch_number(epoch), .index = journal_index(index), .chain = chain};
}

TEST(unit_entry_hash, an_entry_follows_only_the_place_it_was_made_for) {
  const auto before = place(2, 6, 77);
  const auto e = make_entry(before, epoch_number(3), ports::entry_kind::commands, "payload");
  EXPECT_EQ(e.index, journal_index(7));
  EXPECT_EQ(check_entry(before, e), entry_fault::none);
  EXPECT_EQ(check_entry(place(2, 6, 78), e), entry_fault::wrong_chain);
  EXPECT_EQ(check_entry(place(2, 5, 77), e), entry_fault::wrong_index);
  EXPECT_EQ(check_entry(place(4, 6, 77), e), entry_fault::wrong_epoch);
  auto damaged = e;
  damaged.payload[3] ^= 1;
  EXPECT_EQ(check_entry(before, damaged), entry_fault::wrong_crc);
  damaged = e;
  damaged.kind = ports::entry_kind::checkpoint;
  EXPECT_EQ(check_entry(before, damaged), entry_fault::wrong_crc);
}

TEST(unit_entry_hash, bytes_on_disk_keep_their_hashes) {
  // Frozen: stores hold them.
  const auto e = make_entry(place(0, 0, 0), epoch_number(1), ports::entry_kind::commands, "sett");
  EXPECT_EQ(e.crc, 0x2E0AB2C9U);
  EXPECT_EQ(e.chain, 0x3015C0030B23BEF5ULL);
  EXPECT_EQ(state_entry_hash("key", "value"), 0x008D297EB50F82F6ULL);
  EXPECT_NE(state_entry_hash("ke", "yvalue"), state_entry_hash("key", "value"));
}

TEST(unit_shard_record, has_one_text_form) {
  EXPECT_EQ(encode(a_record()), record_text);
  EXPECT_EQ(decode_record(record_text), a_record());
}

TEST(unit_shard_record, refuses_every_other_text_and_says_where) {
  const auto refusal = [](std::string_view text) {
    const auto r = decode_record(text);
    return r ? std::string("accepted") : r.error().message;
  };
  const auto with = [](std::string_view from, std::string_view to) {
    std::string s(record_text);
    s.replace(s.find(from), from.size(), to);
    return s;
  };
  EXPECT_THAT(refusal(""), testing::HasSubstr("no JSON"));
  EXPECT_THAT(refusal("[]"), testing::HasSubstr("not an object"));
  EXPECT_THAT(refusal(std::string(record_text) + "x"), testing::HasSubstr("at byte 75"));
  EXPECT_THAT(refusal(with("\"n2@9\",\"isr", "\"n2@0\",\"isr")), testing::HasSubstr("field leader"));
  EXPECT_THAT(refusal(with("\"n1@3\"", "\"n2@3\"")), testing::HasSubstr("names node n2 twice"));
  EXPECT_THAT(refusal(with("\"n1@3\"", "\"N1@3\"")), testing::HasSubstr("isr[1]"));
  EXPECT_THAT(refusal(with("[\"n2@9\",\"n1@3\"]", "[]")), testing::HasSubstr("field isr"));
  EXPECT_THAT(refusal(with("\"epoch\":4", "\"epoch\":-4")), testing::HasSubstr("field epoch"));
  EXPECT_THAT(refusal(with("\"epoch\":4", "\"epoch\":0")), testing::HasSubstr("epoch is 0"));
  EXPECT_THAT(refusal(with("\"min_isr\":2", "\"min_isr\":0")), testing::HasSubstr("min_isr"));
  EXPECT_THAT(refusal(with("\"min_isr\":2,", "")), testing::HasSubstr("min_isr is missing"));
  EXPECT_THAT(refusal(with("\"min_isr\":2", "\"min_isr\": 2")), testing::HasSubstr("from byte"));
  EXPECT_THAT(refusal(with("\"epoch\":4", "\"epoch\":5,\"epoch\":4")), testing::HasSubstr("from byte"));
  EXPECT_THAT(refusal(with("\"epoch\":4", "\"epoch\":4,\"more\":1")), testing::HasSubstr("from byte"));
  EXPECT_THAT(refusal(std::string(2000, ' ')), testing::HasSubstr("longer than"));
}

TEST(unit_shard_record, keys_and_members_have_one_form) {
  EXPECT_EQ(shard_key(shard_id(7)), "/shards/7");
  EXPECT_EQ(parse_shard_key("/shards/7"), shard_id(7));
  for (const auto* wrong : {"/shards/", "/shards/07", "/shards/7/", "/shards/65536", "/shards/-1", "/nodes/7"})
    EXPECT_FALSE(parse_shard_key(wrong)) << wrong;
  EXPECT_EQ(to_text(m("n1@7")), "n1@7");
  for (const auto* wrong : {"n1", "n1@", "n1@0", "n1@07", "@7", "n1@7@8", "n_1@7"})
    EXPECT_FALSE(parse_member(wrong)) << wrong;
}

std::vector<replica_message> one_of_each() {
  const auto first = make_entry(place(2, 6, 77), epoch_number(3), ports::entry_kind::epoch_start, "");
  const auto second = make_entry(place_of(first), epoch_number(4), ports::entry_kind::commands, std::string("a\0b", 3));
  return {begin_message{.epoch = epoch_number(4), .cut = place(1, 3, 9), .epochs = {place(2, 6, 77), place(4, 9, 1)}},
          begun_message{.epoch = epoch_number(4), .matched = journal_index(6), .needs_snapshot = true},
          append_message{.epoch = epoch_number(4),
                         .previous = place(2, 6, 77),
                         .entries = {std::make_shared<const ports::journal_entry>(first),
                                     std::make_shared<const ports::journal_entry>(second)},
                         .high_watermark = journal_index(5),
                         .floor = journal_index(2),
                         .probe = 11},
          ack_message{.epoch = epoch_number(4),
                      .matched = journal_index(8),
                      .incarnation = incarnation_number(3),
                      .stored = journal_index(2),
                      .high_watermark = journal_index(5),
                      .probe = 11},
          refuse_message{.promised = epoch_number(5)},
          take_over_message{.epoch = epoch_number(4), .end = journal_index(8), .revision = 31},
          snapshot_offer_message{.epoch = epoch_number(4),
                                 .manifest = {.shard = shard_id(3),
                                              .at = place(2, 6, 77),
                                              .state_hash = 1,
                                              .bytes = 5000,
                                              .chunk_bytes = 4096,
                                              .export_id = 12}},
          snapshot_pull_message{.epoch = epoch_number(4), .export_id = 12, .first = 1, .count = 4},
          snapshot_chunk_message{.epoch = epoch_number(4), .export_id = 12, .chunk = 1, .bytes = "chunk"}};
}

TEST(unit_replica_messages, every_message_survives_the_wire) {
  const auto all = one_of_each();
  ASSERT_EQ(all.size(), std::variant_size_v<replica_message>);
  for (const auto& message : all) {
    const auto body = encode(shard_id(3), message);
    const auto back = decode_message(packet_kind_of(message), body);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->shard, shard_id(3));
    EXPECT_EQ(back->message.index(), message.index());
    EXPECT_EQ(encode(shard_id(3), back->message), body) << name_of(message);
    EXPECT_EQ(epoch_of(back->message), epoch_of(message));
  }
  const auto append = decode_message(packet_kind_of(all[2]), encode(shard_id(3), all[2]));
  const auto& entries = std::get<append_message>(append->message).entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(*entries[1], *std::get<append_message>(all[2]).entries[1]);
}

TEST(unit_replica_messages, damaged_bytes_are_refused_or_read_as_some_message_but_never_more) {
  for (const auto& message : one_of_each()) {
    const auto body = encode(shard_id(3), message);
    for (std::size_t cut = 0; cut < body.size(); ++cut)
      static_cast<void>(decode_message(packet_kind_of(message), std::string_view(body).substr(0, cut)));
    for (std::size_t at = 0; at < body.size(); ++at) {
      auto damaged = body;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x5a);
      static_cast<void>(decode_message(packet_kind_of(message), damaged));
    }
  }
}

TEST(unit_replica_messages, fields_against_their_bounds_are_refused) {
  const auto refused = [](const replica_message& message) {
    return !decode_message(packet_kind_of(message), encode(shard_id(3), message)).has_value();
  };
  EXPECT_TRUE(refused(begun_message{.epoch = epoch_number(0), .matched = journal_index(1)}));
  EXPECT_TRUE(refused(begun_message{.epoch = epoch_number(1), .matched = journal_index(1ULL << 63U)}));
  EXPECT_TRUE(refused(begin_message{.epoch = epoch_number(4), .cut = {}, .epochs = {}}));
  EXPECT_TRUE(refused(begin_message{.epoch = epoch_number(4), .cut = {}, .epochs = {place(4, 6, 1), place(3, 9, 1)}}));
  EXPECT_TRUE(refused(begin_message{.epoch = epoch_number(5), .cut = {}, .epochs = {place(4, 6, 1)}}));
  EXPECT_TRUE(refused(snapshot_offer_message{.epoch = epoch_number(4), .manifest = {}}));
  EXPECT_TRUE(refused(snapshot_chunk_message{
      .epoch = epoch_number(4), .export_id = 1, .chunk = 0, .bytes = std::string(chunk_bytes_max + 1, 'x')}));
  // An entry of an epoch above the leader's own.
  const auto e = make_entry({}, epoch_number(9), ports::entry_kind::commands, "x");
  EXPECT_TRUE(refused(append_message{.epoch = epoch_number(4),
                                     .previous = {},
                                     .entries = {std::make_shared<const ports::journal_entry>(e)},
                                     .high_watermark = {},
                                     .floor = {}}));
  EXPECT_FALSE(decode_message(ports::packet_kind(99), encode(shard_id(3), refuse_message{epoch_number(1)})));
  EXPECT_FALSE(decode_message(ports::packet_kind(109), encode(shard_id(3), refuse_message{epoch_number(1)})));
}

TEST(unit_command_batch, survives_being_stored) {
  const std::vector<decided_command> batch = {{.client = client_id(1),
                                               .sequence = command_sequence(2),
                                               .target = {.kind = entity_kind_number(3), .id = std::string("\0x", 2)},
                                               .event = "event",
                                               .reply = "reply"},
                                              {.client = client_id(1),
                                               .sequence = command_sequence(3),
                                               .target = {.kind = entity_kind_number(3), .id = "y"},
                                               .event = {},
                                               .reply = "no",
                                               .refused = true}};
  EXPECT_EQ(decode_batch(encode_batch(batch)), batch);
  EXPECT_FALSE(decode_batch(""));
  EXPECT_FALSE(decode_batch(encode_batch({})));
  auto wrong = batch;
  wrong[1].client = client_id(0);
  ASSERT_FALSE(decode_batch(encode_batch(wrong)));
  EXPECT_THAT(decode_batch(encode_batch(wrong)).error().message, testing::HasSubstr("command 1"));
  wrong = batch;
  wrong[0].refused = true;
  EXPECT_FALSE(decode_batch(encode_batch(wrong)));
  wrong = batch;
  wrong[0].target.id = std::string(entity_id_bytes_max + 1, 'x');
  EXPECT_FALSE(decode_batch(encode_batch(wrong)));
  const checkpoint c{.index = journal_index(9), .hash = 8};
  EXPECT_EQ(decode_checkpoint(encode_checkpoint(c)), c);
  EXPECT_FALSE(decode_checkpoint("checkpoint"));
}

} // namespace
} // namespace sett::journal
