#include "nodes/shards/json_fields.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <utility>

namespace sett::shards {
namespace json = boost::json;

json_fields::json_fields(std::string_view text) {
  malformed_ = true;
  if (text.size() > text_bytes_max) {
    fault_ = fmt::format("{} bytes; at most {} are read", text.size(), text_bytes_max);
    return;
  }
  json::error_code code;
  json::parse_options options;
  options.max_depth = 4;
  auto parsed = json::parse(json::string_view(text.data(), text.size()), code, {}, options);
  if (code) {
    fault_ = fmt::format("no JSON: {}", code.message());
    return;
  }
  if (!parsed.is_object()) {
    fault_ = "JSON, but no object";
    return;
  }
  object_ = std::move(parsed.get_object());
  malformed_ = false;
}

void json_fields::fault(std::string_view name, std::string_view expected) {
  if (fault_.empty()) fault_ = fmt::format("\"{}\" must be {}", name, expected);
}

const json::value* json_fields::find(std::string_view name, std::string_view expected) {
  ++asked_;
  const auto* value = object_.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr) fault(name, expected);
  return value;
}

namespace {
/// nullopt: no whole number from 0 on.
std::optional<std::uint64_t> whole(const json::value& v) {
  if (v.is_uint64()) return v.get_uint64();
  if (v.is_int64() && v.get_int64() >= 0) return static_cast<std::uint64_t>(v.get_int64());
  return std::nullopt;
}
} // namespace

std::uint64_t json_fields::number(std::string_view name, std::uint64_t min, std::uint64_t max) {
  const auto expected = fmt::format("a whole number from {} to {}", min, max);
  const auto* value = find(name, expected);
  if (value == nullptr) return min;
  const auto n = whole(*value);
  if (n && *n >= min && *n <= max) return *n;
  fault(name, expected);
  return min;
}

std::string json_fields::text(std::string_view name, std::size_t size_min, std::size_t size_max) {
  const auto expected = fmt::format("a text of {} to {} bytes", size_min, size_max);
  const auto* value = find(name, expected);
  if (value == nullptr) return {};
  if (value->is_string() && value->get_string().size() >= size_min && value->get_string().size() <= size_max)
    return {value->get_string().data(), value->get_string().size()};
  fault(name, expected);
  return {};
}

bool json_fields::flag(std::string_view name) {
  const auto* value = find(name, "true or false");
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  fault(name, "true or false");
  return false;
}

std::vector<std::string> json_fields::texts(std::string_view name, std::size_t count_max) {
  const auto expected = fmt::format("an array of at most {} texts", count_max);
  const auto* value = find(name, expected);
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (!value->is_array() || value->get_array().size() > count_max) {
    fault(name, expected);
    return out;
  }
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) {
      fault(name, expected);
      return {};
    }
    out.emplace_back(item.get_string().data(), item.get_string().size());
  }
  return out;
}

std::vector<std::uint64_t> json_fields::numbers(std::string_view name, std::size_t count, std::uint64_t max) {
  const auto expected = fmt::format("an array of {} whole numbers up to {}", count, max);
  const auto* value = find(name, expected);
  std::vector<std::uint64_t> out(count);
  if (value == nullptr) return out;
  if (!value->is_array() || value->get_array().size() != count) {
    fault(name, expected);
    return out;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = whole(value->get_array()[i]);
    if (!n || *n > max) {
      fault(name, expected);
      return out;
    }
    out[i] = *n;
  }
  return out;
}

std::optional<std::string> json_fields::finish() {
  if (fault_.empty() && asked_ < object_.size()) fault_ = "it has a field that this version does not know";
  if (fault_.empty()) return std::nullopt;
  return fault_;
}

} // namespace sett::shards
