#include "tools/simnet/json_text.hpp"

#include "messages/solana/json_text.hpp"

namespace sett::simnet {

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  solana::append_json_string(out, text);
  return out;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) ++at;
  return at;
}

namespace {
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}
} // namespace

std::size_t skip_value(std::string_view text, std::size_t at) {
  at = skip_space(text, at);
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] == '{' || text[at] == '[') {
    int depth = 0;
    while (at < text.size()) {
      const char c = text[at];
      if (c == '"') {
        at = skip_string(text, at);
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
      if (depth == 0) return at;
    }
    return text.size();
  }
  while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' && text[at] != ' ' &&
         text[at] != '\n' && text[at] != '\r' && text[at] != '\t')
    ++at;
  return at;
}

std::string_view member_text(std::string_view object, std::string_view key) {
  std::size_t at = skip_space(object, 0);
  if (at >= object.size() || object[at] != '{') return {};
  at = skip_space(object, at + 1);
  while (at < object.size() && object[at] == '"') {
    const std::size_t name_end = skip_string(object, at);
    if (name_end < at + 2) return {};
    const std::string_view name = object.substr(at + 1, name_end - at - 2);
    at = skip_space(object, name_end);
    if (at >= object.size() || object[at] != ':') return {};
    at = skip_space(object, at + 1);
    const std::size_t end = skip_value(object, at);
    if (name == key) return object.substr(at, end - at);
    at = skip_space(object, end);
    if (at < object.size() && object[at] == ',') at = skip_space(object, at + 1);
  }
  return {};
}

} // namespace sett::simnet
