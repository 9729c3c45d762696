// Writing JSON as text: the few helpers that the renderers share. Reading is Boost.JSON's.
#pragma once

#include <string>
#include <string_view>

namespace sett::simnet {

/// `text` as a JSON string with quotes.
[[nodiscard]] std::string json_string(std::string_view text);

/// The text of the value of `key` in the object `object` as it stands in the input, or an empty view. `object` must be
/// valid JSON; only the object's own members are looked at. Linear.
[[nodiscard]] std::string_view member_text(std::string_view object, std::string_view key);

/// The texts of the elements of a valid JSON array.
template <class F>
void each_element(std::string_view array, F&& f);

/// Position behind the value that starts at `at` (white space before it is skipped). Valid JSON only; never beyond the
/// end.
[[nodiscard]] std::size_t skip_value(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t skip_space(std::string_view text, std::size_t at);

template <class F>
void each_element(std::string_view array, F&& f) {
  std::size_t at = skip_space(array, 0);
  if (at >= array.size() || array[at] != '[') return;
  at = skip_space(array, at + 1);
  while (at < array.size() && array[at] != ']') {
    const std::size_t end = skip_value(array, at);
    if (end <= at) return;
    f(array.substr(at, end - at));
    at = skip_space(array, end);
    if (at < array.size() && array[at] == ',') at = skip_space(array, at + 1);
  }
}

} // namespace sett::simnet
