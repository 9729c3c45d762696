// What an expected failure looks like everywhere in Sett: an area, a stable code, and a sentence that says what
// happened, where and what to do. Bugs are assertions (SETT_ASSERT, on in release too); exceptions stop in *_io files.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sett {

struct error {
  std::string_view area; // static storage: "base58", "transaction", "settings", ...
  std::uint16_t code{};  // value of the area's <area>_errc, append-only, 0 = ok (never stored here)
  std::string message;   // for people; never holds a secret

  friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = std::expected<T, error>;

template <class Errc>
[[nodiscard]] std::unexpected<error> fail(std::string_view area, Errc code, std::string message) {
  return std::unexpected(error{area, static_cast<std::uint16_t>(code), std::move(message)});
}

[[noreturn]] inline void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

} // namespace sett

#define SETT_ASSERT(expression)                                                                                        \
  ((expression) ? static_cast<void>(0) : ::sett::assertion_failed(#expression, __FILE__, __LINE__))
