// Strict reading of a flat JSON object: every field is asked for by name and type, the first fault is kept, and what
// nobody asked for is a fault too. For records that are read, changed and written back. Pure.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::shards {

class json_fields {
public:
  static constexpr std::size_t text_bytes_max = 64U << 10U;

  /// `text`: one JSON object; of doubled keys the last one counts.
  explicit json_fields(std::string_view text);

  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t min, std::uint64_t max);
  [[nodiscard]] std::string text(std::string_view name, std::size_t size_min, std::size_t size_max);
  [[nodiscard]] bool flag(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t count_max);
  [[nodiscard]] std::vector<std::uint64_t> numbers(std::string_view name, std::size_t count, std::uint64_t max);
  /// A field has the right type but not a right value.
  void fault(std::string_view name, std::string_view expected);

  /// The first fault for people, or nothing: then all fields were asked for.
  [[nodiscard]] std::optional<std::string> finish();
  /// Whether the text was no JSON object at all.
  [[nodiscard]] bool malformed() const { return malformed_; }

private:
  const boost::json::value* find(std::string_view name, std::string_view expected);

  boost::json::object object_;
  std::size_t asked_{};
  bool malformed_{};
  std::string fault_;
};

} // namespace sett::shards
