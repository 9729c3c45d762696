#include "messages/solana/json_cursor.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <vector>

namespace sett::solana {
namespace {
// A cursor that runs past the last token finds copies of it there, as many as it can be deep: each open value takes one
// step at most before it sees the end.
constexpr std::size_t end_tokens = 64;

error malformed(std::string message) {
  return {"json", static_cast<std::uint16_t>(reader_errc::malformed), std::move(message)};
}
} // namespace

struct json_document::stage1 {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

json_document::json_document() : stage1_(std::make_unique<stage1>()) {}
json_document::~json_document() = default;
json_document::json_document(json_document&&) noexcept = default;
json_document& json_document::operator=(json_document&&) noexcept = default;

result<void> json_document::index(padded_view text) {
  fault_ = {};
  if (text.size() > max_bytes)
    return fail("json", reader_errc::too_large,
                fmt::format("a document of {} bytes, allowed are {}", text.size(), max_bytes));
  auto& parser = stage1_->parser;
  const std::size_t needed = text.size() + end_tokens;
  if (!parser || parser->capacity() < needed) {
    const std::size_t room = std::max<std::size_t>(needed + needed / 2, 64 * 1024);
    // Depth 1: stage 2, which would need the room, is never run.
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(room, 1, parser) != simdjson::SUCCESS)
      return fail("json", reader_errc::too_large, fmt::format("no memory to index {} bytes", text.size()));
  }
  text_ = text.data();
  const auto status =
      parser->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular);
  if (status != simdjson::SUCCESS)
    return std::unexpected(malformed(fmt::format("no JSON: {}", simdjson::error_message(status))));
  const std::uint32_t count = parser->n_structural_indexes;
  const std::uint32_t last = parser->structural_indexes[count - 1];
  const char first_character = text_[parser->structural_indexes[0]], last_character = text_[last];
  if ((first_character != '{' && first_character != '[') || (last_character != '}' && last_character != ']'))
    return std::unexpected(malformed("no JSON: a document begins and ends with an object or an array"));
  std::fill_n(parser->structural_indexes.get() + count, end_tokens, last);
  return {};
}

json_cursor json_document::root() {
  const auto& parser = *stage1_->parser;
  const std::uint32_t* tokens = parser.structural_indexes.get();
  return {text_, tokens, tokens + parser.n_structural_indexes, &fault_};
}

std::string json_document::pointer_to(std::uint32_t offset) const {
  struct frame {
    bool array;
    std::size_t index;
    std::string_view key;
  };
  constexpr std::size_t deepest = 64, longest_key = 64;
  std::vector<frame> frames;
  const auto& parser = *stage1_->parser;
  const std::uint32_t* tokens = parser.structural_indexes.get();
  for (std::uint32_t i = 0; i < parser.n_structural_indexes && tokens[i] < offset; ++i) {
    const char c = text_[tokens[i]];
    if (c == '{' || c == '[') {
      frames.push_back({c == '[', 0, {}});
    } else if (c == '}' || c == ']') {
      if (!frames.empty()) frames.pop_back();
    } else if (c == ',' && !frames.empty()) {
      ++frames.back().index;
      frames.back().key = {};
    } else if (c == '"' && !frames.empty() && text_[tokens[i + 1]] == ':') {
      const std::string_view rest(text_ + tokens[i] + 1, tokens[i + 1] - tokens[i] - 1);
      frames.back().key = rest.substr(0, std::min(rest.rfind('"'), longest_key));
    }
  }
  std::string path;
  for (std::size_t i = 0; i < frames.size() && i < deepest; ++i)
    path += frames[i].array ? fmt::format("/{}", frames[i].index) : fmt::format("/{}", frames[i].key);
  return path.empty() ? "/" : path;
}

error json_document::describe(std::string_view area) const {
  return {area, static_cast<std::uint16_t>(fault_.code),
          fmt::format("{} at byte {} ({})", fault_.what, fault_.offset, pointer_to(fault_.offset))};
}

} // namespace sett::solana
