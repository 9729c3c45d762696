#include "messages/recording/recording.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

namespace sett::recording {
namespace {

frame round_trip(const frame& f) {
  auto text = encode(f);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "a frame is one line";
  text.pop_back();
  const auto back = decode(text);
  EXPECT_TRUE(back.has_value()) << (back ? "" : back.error().message);
  return back ? std::get<frame>(*back) : frame{};
}

TEST(unit_recording, any_payload_comes_back_byte_for_byte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  std::string control;
  for (int i = 0; i < 128; ++i) control.push_back(static_cast<char>(i));
  for (const auto& payload : {std::string(), std::string("{\"a\": [1,  2]}\n"), control, all,
                              std::string("\xc3\xa4 \xf0\x9f\xa6\xa1 \\u0041"), std::string("\xed\xa0\x80")}) {
    const frame f{123'456'789'012, channel::grpc, 7, direction::received, payload};
    EXPECT_EQ(round_trip(f), f);
  }
}

TEST(unit_recording, text_stays_readable_and_bytes_become_base64) {
  EXPECT_NE(encode(frame{1, channel::ws, 1, direction::sent, "hello"}).find("\"text\":\"hello\""), std::string::npos);
  EXPECT_NE(encode(frame{1, channel::ws, 1, direction::sent, "\xff"}).find("\"base64\":\"/w==\""), std::string::npos);
}

TEST(unit_recording, header_and_end_are_told_apart_from_frames) {
  auto text = encode(header{"helius \"a\"", 17});
  EXPECT_TRUE(looks_like_recording(text));
  text.pop_back();
  const auto h = decode(text);
  ASSERT_TRUE(h && std::holds_alternative<header>(*h));
  EXPECT_EQ(std::get<header>(*h).source, "helius \"a\"");
  EXPECT_EQ(std::get<header>(*h).started_unix_ns, 17);
  const auto e = decode("{\"end\":true,\"frames\":9}");
  ASSERT_TRUE(e && std::holds_alternative<end_mark>(*e));
  EXPECT_EQ(std::get<end_mark>(*e).frames, 9u);
}

TEST(unit_recording, refuses_what_it_does_not_know_with_a_reason) {
  const auto code = [](std::string_view text) { return static_cast<recording_errc>(decode(text).error().code); };
  EXPECT_EQ(code(""), recording_errc::not_a_recording);
  EXPECT_EQ(code("[1]"), recording_errc::not_a_recording);
  EXPECT_EQ(code("{\"sett_recording\":2}"), recording_errc::newer_version);
  EXPECT_EQ(code("{\"t\":1,\"channel\":\"fax\",\"connection\":1,\"direction\":\"sent\",\"text\":\"\"}"),
            recording_errc::bad_line);
  EXPECT_EQ(code("{\"t\":-1,\"channel\":\"ws\",\"connection\":1,\"direction\":\"sent\",\"text\":\"\"}"),
            recording_errc::bad_line);
  EXPECT_EQ(code("{\"t\":1,\"channel\":\"ws\",\"connection\":1,\"direction\":\"sent\"}"), recording_errc::bad_line);
  EXPECT_EQ(code("{\"t\":1,\"channel\":\"ws\",\"connection\":1,\"direction\":\"sent\",\"base64\":\"!\"}"),
            recording_errc::bad_line);
}

} // namespace
} // namespace sett::recording
