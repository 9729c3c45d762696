#include "messages/recording/recording.hpp"

#include "messages/solana/encoding.hpp"
#include "messages/solana/json_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <optional>

namespace sett::recording {

namespace {

constexpr std::string_view area = "recording";
constexpr std::array<std::string_view, 3> channels{"ws", "http", "grpc"};
constexpr std::array<std::string_view, 2> directions{"sent", "received"};

std::unexpected<error> bad(std::string_view what) {
  return fail(area, recording_errc::bad_line, fmt::format("a recorded frame's {} is missing or not understood", what));
}

template <std::size_t N>
std::optional<std::size_t> place_of(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return i;
  return std::nullopt;
}

} // namespace

std::string encode(const header& value) {
  std::string out = fmt::format("{{\"sett_recording\":{},\"source\":", version);
  solana::append_json_string(out, value.source);
  out += fmt::format(",\"started_unix_ns\":{}}}\n", value.started_unix_ns);
  return out;
}

std::string encode(const frame& value) {
  std::string out;
  out.reserve(value.payload.size() + value.payload.size() / 8 + 128);
  out += fmt::format("{{\"t\":{},\"channel\":\"{}\",\"connection\":{},\"direction\":\"{}\",", value.at_ns,
                     channels[static_cast<std::size_t>(value.channel)], value.connection,
                     directions[static_cast<std::size_t>(value.direction)]);
  if (simdjson::validate_utf8(value.payload.data(), value.payload.size())) {
    out += "\"text\":";
    solana::append_json_string(out, value.payload);
  } else {
    out += "\"base64\":\"";
    out += solana::base64_encode({reinterpret_cast<const std::uint8_t*>(value.payload.data()), value.payload.size()});
    out += '"';
  }
  out += "}\n";
  return out;
}

std::string encode(const end_mark& value) { return fmt::format("{{\"end\":true,\"frames\":{}}}\n", value.frames); }

result<line> decode(std::string_view text) {
  if (text.size() > line_bytes_max) return fail(area, recording_errc::too_long, "a line of the recording is too long");
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS)
    return fail(area, recording_errc::not_a_recording, "a line of the recording is no JSON object");
  std::uint64_t number = 0;
  std::string_view name;
  if (object["sett_recording"].get(number) == simdjson::SUCCESS) {
    if (number == 0 || number > version)
      return fail(area, recording_errc::newer_version,
                  fmt::format("the recording has version {}, this program reads up to {}", number, version));
    header out;
    if (object["source"].get(name) == simdjson::SUCCESS) out.source = name;
    std::int64_t started = 0;
    if (object["started_unix_ns"].get(started) == simdjson::SUCCESS) out.started_unix_ns = started;
    return out;
  }
  bool ended = false;
  if (object["end"].get(ended) == simdjson::SUCCESS && ended) {
    if (object["frames"].get(number) != simdjson::SUCCESS) return bad("count of frames");
    return end_mark{number};
  }
  frame out;
  if (object["t"].get(out.at_ns) != simdjson::SUCCESS) return bad("time");
  if (object["channel"].get(name) != simdjson::SUCCESS) return bad("channel");
  const auto c = place_of(channels, name);
  if (!c) return bad("channel");
  out.channel = static_cast<channel>(*c);
  if (object["connection"].get(number) != simdjson::SUCCESS || number > 0xffffffff) return bad("connection");
  out.connection = static_cast<std::uint32_t>(number);
  if (object["direction"].get(name) != simdjson::SUCCESS) return bad("direction");
  const auto d = place_of(directions, name);
  if (!d) return bad("direction");
  out.direction = static_cast<direction>(*d);
  if (object["text"].get(name) == simdjson::SUCCESS) {
    out.payload = name;
  } else if (object["base64"].get(name) == simdjson::SUCCESS) {
    const auto bytes = solana::base64_decode(name);
    if (!bytes) return bad("base64");
    out.payload.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  } else {
    return bad("payload");
  }
  return out;
}

bool looks_like_recording(std::string_view beginning) { return beginning.starts_with("{\"sett_recording\":"); }

} // namespace sett::recording
