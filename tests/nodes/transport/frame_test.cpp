// Frames: what goes in comes out, what is damaged in any way is refused, and the bytes of version 1 stay what they are.
#include "messages/ports/random.hpp"
#include "messages/schema/envelope_generated.h"
#include "messages/types/crc32c.hpp"
#include "nodes/transport/frame.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::transport {
namespace {

frame_header header() {
  frame_header h;
  h.origin = {*node_id::parse("n1"), incarnation_number(7)};
  h.destination = {*node_id::parse("a-node-of-15-ch"), incarnation_number(9)};
  h.lane = ports::lane::replication;
  h.resend = true;
  h.session = 3;
  h.peer_session = 4;
  h.number = 5;
  h.first_sequence = 6;
  h.ack = 7;
  h.seen = 8;
  h.credit_bytes = 4U << 20U;
  return h;
}

std::string encoded(const frame_header& h, const std::vector<frame_packet>& packets) {
  frame_writer w;
  for (const auto& p : packets) w.add(p);
  return std::string(w.finish(h));
}

std::vector<frame_packet> two_packets() {
  return {{ports::packet_kind(100), false, false, 11, epoch_number(12), 13, "append"},
          {ports::packet_kind(1), true, false, 0, epoch_number(0), 0, ""}};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

/// A frame's bytes with a right checksum, whatever they say.
std::string sealed(std::string bytes) {
  const auto crc = crc32c(bytes);
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(crc >> (8 * i) & 0xffU));
  return bytes;
}

TEST(unit_frame, comes_out_as_it_went_in) {
  const auto bytes = encoded(header(), two_packets());
  frame f;
  ASSERT_TRUE(decode_frame(bytes, f));
  EXPECT_EQ(f.header, header());
  ASSERT_EQ(f.packets.size(), 2U);
  EXPECT_EQ(f.packets[0].body, "append");
  EXPECT_EQ(f.packets[0].correlation, 11U);
  EXPECT_EQ(f.packets[0].epoch.value, 12U);
  EXPECT_EQ(f.packets[0].deadline_ns, 13);
  EXPECT_FALSE(f.packets[0].fleeting);
  EXPECT_TRUE(f.packets[1].fleeting);
  EXPECT_EQ(f.packets[1].body, "");
}

TEST(unit_frame, may_be_empty_and_may_lie_at_any_address) {
  const auto bytes = encoded(header(), two_packets()), empty = encoded(header(), {});
  frame f;
  ASSERT_TRUE(decode_frame(empty, f));
  EXPECT_TRUE(f.packets.empty());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const auto moved = std::string(shift, '.') + bytes;
    ASSERT_TRUE(decode_frame(std::string_view(moved).substr(shift), f));
    EXPECT_EQ(f.packets.at(0).body, "append");
  }
}

TEST(unit_frame, a_changed_bit_anywhere_is_refused) {
  const auto bytes = encoded(header(), two_packets());
  frame f;
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    auto changed = bytes;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(decode_frame(changed, f)) << "bit " << i;
  }
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_frame(std::string_view(bytes).substr(0, n), f));
}

TEST(unit_frame, rubbish_under_a_right_checksum_never_passes_for_more_than_it_is) {
  ports::random chance(1);
  const auto bytes = encoded(header(), two_packets());
  frame f;
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto changed = bytes.substr(0, bytes.size() - 4);
    for (auto n = 1 + chance.below(4); n > 0; --n)
      changed[chance.below(changed.size())] = static_cast<char>(chance.next());
    if (chance.chance(0.1)) changed.resize(chance.below(changed.size()));
    if (!decode_frame(sealed(changed), f)) {
      ++refused;
      continue;
    }
    for (const auto& p : f.packets) EXPECT_LE(p.body.size(), changed.size());
  }
  EXPECT_GT(refused, 1'000U);
}

TEST(unit_frame, one_that_needs_a_newer_reader_is_refused_by_name) {
  flatbuffers::FlatBufferBuilder b;
  fb::FrameBuilder wire(b);
  wire.add_schema_version(frame_version + 1);
  wire.add_least_reader(frame_version + 1);
  fb::FinishFrameBuffer(b, wire.Finish());
  frame f;
  const auto answer = decode_frame(sealed({reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()}), f);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, static_cast<std::uint16_t>(transport_errc::newer_frame));
}

TEST(unit_frame, the_bytes_of_version_1_stay) {
  const std::string golden =
      "1c00000053454e560000000000000e007800000000000c00080004000e000000b8000000700000006e310000000000000000"
      "000000000000612d6e6f64652d6f662d31352d63680007000000000000000900000000000000030000000000000004000000"
      "0000000005000000000000000600000000000000070000000000000008000000000000000000400001000200000000000200"
      "00000b000000000000000c000000000000000d00000000000000060000006400000000000000000000000000000000000000"
      "0000000000000000000000000100010006000000617070656e640000cc258a7b";
  EXPECT_EQ(hex(encoded(header(), two_packets())), golden);
}

} // namespace
} // namespace sett::transport
