// The recording of a stream: what an endpoint said and was asked, frame by frame, so that it can be played back bit by
// bit. Text, one JSON object a line; written by `sett record`, played by simnet, read by whoever has a text editor.
// Pure encoding and decoding.
//
//   {"sett_recording":1,"source":"name of the endpoint","started_unix_ns":1732096800000000000}
//   {"t":0,"channel":"ws","connection":1,"direction":"sent","text":"{\"jsonrpc\":...}"}
//   {"t":81233,"channel":"ws","connection":1,"direction":"received","text":"..."}
//   {"t":95110,"channel":"grpc","connection":2,"direction":"received","base64":"..."}
//   {"end":true,"frames":3}
//
// t: nanoseconds since the start, ascending per connection. channel: ws (a text frame), http (a request's or an
// answer's body), grpc (one message without its length prefix). Payloads that are valid UTF-8 stand as "text", all
// others as "base64"; either way exactly the bytes of the wire come back. A recording without its end line was cut
// short. Unknown members are skipped, a higher version is refused.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace sett::recording {

enum class recording_errc : std::uint16_t { ok, not_a_recording, newer_version, bad_line, too_long };

inline constexpr std::uint32_t version = 1;
/// Longest line that is read: a block of 100,000 transactions has room.
inline constexpr std::size_t line_bytes_max = 512u << 20;

enum class channel : std::uint8_t { ws, http, grpc };
enum class direction : std::uint8_t { sent, received };

struct header {
  std::string source; // a name, never a URL: URLs hold keys
  std::int64_t started_unix_ns{};
};
struct frame {
  std::uint64_t at_ns{}; // since the start
  recording::channel channel{};
  std::uint32_t connection{};
  recording::direction direction{};
  std::string payload; // the wire's bytes

  friend bool operator==(const frame&, const frame&) = default;
};
struct end_mark {
  std::uint64_t frames{};
};
using line = std::variant<header, frame, end_mark>;

/// One line each, with its newline.
[[nodiscard]] std::string encode(const header& value);
[[nodiscard]] std::string encode(const frame& value);
[[nodiscard]] std::string encode(const end_mark& value);

/// A line without its newline. Errors: not_a_recording (no JSON object of a known kind), newer_version, bad_line (a
/// member is missing or of the wrong kind, named), too_long.
[[nodiscard]] result<line> decode(std::string_view text);

/// Does a file that begins so hold a recording?
[[nodiscard]] bool looks_like_recording(std::string_view beginning);

} // namespace sett::recording
