// A walk over JSON text along the index of its tokens. The first pass is simdjson's stage 1 (finds every token's offset
// with vector instructions and checks strings and UTF-8; Langdale & Lemire, "Parsing Gigabytes of JSON per Second",
// 2019, chooses its kernel at run time); the second pass is this cursor, which reads only what somebody asked for and
// steps over the rest. No tree is built and nothing is allocated; a value's length is the distance to the next token,
// so strings need no second look.
//
// What is read is checked in full; what is skipped is checked for balanced brackets only. All functions return false
// after noting the first fault; nothing reads outside the padded text, whatever it holds. Not thread-safe; never
// blocks.
#pragma once

#include "messages/solana/padded_text.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace sett::solana {

/// What readers of JSON, wire bytes and protobuf can find wrong. Append only.
enum class reader_errc : std::uint16_t {
  ok,
  malformed,    // no JSON, or cut off
  wrong_type,   // JSON, but another kind of value stands where a certain one must
  out_of_range, // a number, index or length outside its bounds
  too_many,     // more elements than the protocol allows
  too_deep,     // nested deeper than any known document
  too_large,    // the document
  bad_encoding, // base58, base64 or zstd text that does not decode
  missing,      // a field without which the rest means nothing
  unsupported,  // understood, but carries no instructions (transactionDetails accounts or signatures), or an unknown
                // form
  rpc_error,    // the document is a JSON-RPC error
};

struct json_fault {
  reader_errc code{reader_errc::ok};
  std::uint32_t offset{};
  const char* what{""}; // static text
};

/// Digits of any count, leading zeros allowed, below 2^64. `text` must be padded by at least 8 bytes.
[[nodiscard]] inline bool parse_digits(const char* text, std::size_t count, std::uint64_t& out);

class json_cursor {
public:
  json_cursor() = default;
  json_cursor(const char* text, const std::uint32_t* token, const std::uint32_t* end, json_fault* fault)
      : text_(text), token_(token), end_(end), fault_(fault) {}

  /// First character of the value or punctuation the cursor stands on.
  [[nodiscard]] char at() const { return text_[*token_]; }
  [[nodiscard]] std::uint32_t offset() const { return *token_; }
  [[nodiscard]] const std::uint32_t* token() const { return token_; }
  [[nodiscard]] bool at_end() const { return token_ >= end_; }
  [[nodiscard]] const char* text() const { return text_; }
  void next() { ++token_; }
  void to(const std::uint32_t* token) { token_ = token; }

  bool fail(reader_errc code, const char* what) const { return fail_at(*token_, code, what); }
  bool fail_at(std::uint32_t offset, reader_errc code, const char* what) const {
    if (fault_->code == reader_errc::ok) *fault_ = {code, offset, what};
    return false;
  }

  /// Another value than this stands here, or (no JSON) none at all.
  bool unexpected(const char* what) const {
    const char c = at();
    const bool punctuation = c == ',' || c == ':' || c == '}' || c == ']';
    return fail(punctuation ? reader_errc::malformed : reader_errc::wrong_type, what);
  }

  /// The characters between the quotes, escapes unresolved.
  bool string(std::string_view& out) {
    const std::uint32_t start = *token_;
    if (text_[start] != '"') [[unlikely]]
      return unexpected("expected a string");
    std::uint32_t last = token_[1] - 1;
    while (last > start && text_[last] != '"') --last; // whitespace before the next token
    if (last == start) [[unlikely]]
      return fail(reader_errc::malformed, "a string without an end");
    out = {text_ + start + 1, last - start - 1};
    ++token_;
    return true;
  }
  bool u64(std::uint64_t& out) {
    const std::uint32_t start = *token_;
    std::uint32_t end = token_[1];
    while (end > start && static_cast<unsigned char>(text_[end - 1]) <= ' ') --end;
    if (end <= start || !parse_digits(text_ + start, end - start, out)) [[unlikely]]
      return unexpected("expected a whole number of 64 bits");
    ++token_;
    return true;
  }
  /// A whole number as a number or as text ("123"), as JSON made from protobuf writes large ones.
  bool quantity(std::uint64_t& out) {
    if (at() != '"') [[likely]]
      return u64(out);
    const std::uint32_t start = *token_;
    std::string_view digits;
    if (!string(digits)) return false;
    if (!parse_digits(digits.data(), digits.size(), out))
      return fail_at(start, reader_errc::wrong_type, "expected a whole number of 64 bits");
    return true;
  }
  template <class Small>
  bool number(Small& out) {
    std::uint64_t wide = 0;
    const std::uint32_t start = *token_;
    if (!quantity(wide)) return false;
    if (wide > std::numeric_limits<Small>::max()) [[unlikely]]
      return fail_at(start, reader_errc::out_of_range, "the number is too large");
    out = static_cast<Small>(wide);
    return true;
  }
  /// A whole number that may be negative.
  bool i64(std::int64_t& out) {
    const std::uint32_t start = *token_;
    const bool negative = text_[start] == '-';
    std::uint32_t end = token_[1];
    while (end > start && static_cast<unsigned char>(text_[end - 1]) <= ' ') --end;
    std::uint64_t magnitude = 0;
    const std::uint32_t first = start + (negative ? 1 : 0);
    if (end <= first || !parse_digits(text_ + first, end - first, magnitude) || magnitude > INT64_MAX)
      return unexpected("expected a whole number of 64 bits with sign");
    out = negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
    ++token_;
    return true;
  }
  bool boolean(bool& out) {
    if (at() != 't' && at() != 'f') return unexpected("expected true or false");
    out = at() == 't';
    ++token_;
    return true;
  }
  [[nodiscard]] bool is_null() const { return at() == 'n'; }

  /// Steps over a value of any kind.
  bool skip() {
    const char first = at();
    if (first != '{' && first != '[') {
      if (first == ',' || first == ':' || first == '}' || first == ']') [[unlikely]]
        return fail(reader_errc::malformed, "expected a value");
      ++token_;
      return true;
    }
    std::size_t depth = 0;
    while (token_ < end_) {
      const char c = text_[*token_++];
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return fail(reader_errc::malformed, "the document ends inside a value");
  }

  /// Calls field(key) with the cursor on each value; field consumes the value and returns false to stop with a fault.
  template <class Field>
  bool object(Field&& field) {
    if (at() != '{') [[unlikely]]
      return unexpected("expected an object");
    ++token_;
    if (at() == '}') return ++token_, true;
    for (;;) {
      std::string_view key;
      if (at() != '"') [[unlikely]]
        return fail(reader_errc::malformed, "expected a key");
      if (!string(key)) return false;
      if (at() != ':') [[unlikely]]
        return fail(reader_errc::malformed, "expected a colon");
      ++token_;
      if (!field(key)) return false;
      const char c = at();
      ++token_;
      if (c == ',') continue;
      if (c == '}' && token_ <= end_) return true;
      --token_;
      return fail(reader_errc::malformed, "expected a comma or the end of the object");
    }
  }
  /// Calls element() with the cursor on each element.
  template <class Element>
  bool array(Element&& element) {
    if (at() != '[') [[unlikely]]
      return unexpected("expected an array");
    ++token_;
    if (at() == ']') return ++token_, true;
    for (;;) {
      if (!element()) return false;
      const char c = at();
      ++token_;
      if (c == ',') continue;
      if (c == ']' && token_ <= end_) return true;
      --token_;
      return fail(reader_errc::malformed, "expected a comma or the end of the array");
    }
  }

private:
  const char* text_{};
  const std::uint32_t* token_{};
  const std::uint32_t* end_{};
  json_fault* fault_{};
};

/// Compares with a literal without a call: the length is a constant.
template <std::size_t N>
[[nodiscard]] inline bool is(std::string_view text, const char (&literal)[N]) {
  return text.size() == N - 1 && std::memcmp(text.data(), literal, N - 1) == 0;
}

/// A text's token index; reused from document to document.
class json_document {
public:
  json_document();
  ~json_document();
  json_document(json_document&&) noexcept;
  json_document& operator=(json_document&&) noexcept;

  /// Largest text: 256 MiB. The index takes 4 bytes per token; room is reserved, not touched, for one token per
  /// character.
  static constexpr std::size_t max_bytes = std::size_t{256} << 20;

  /// Indexes one or more JSON values (whitespace between them). The text must outlive all use of the cursor. Errors:
  /// malformed (not UTF-8, an open string, control characters, nothing, or no object or array at either end),
  /// too_large.
  [[nodiscard]] result<void> index(padded_view text);
  /// On the first value. Faults are noted in this object.
  [[nodiscard]] json_cursor root();
  [[nodiscard]] json_fault& fault() { return fault_; }
  /// The noted fault as an error that names offset and JSON pointer, e.g. "expected a string at byte 812
  /// (/result/slot)".
  [[nodiscard]] error describe(std::string_view area) const;

private:
  [[nodiscard]] std::string pointer_to(std::uint32_t offset) const;
  struct stage1;
  std::unique_ptr<stage1> stage1_;
  const char* text_{};
  json_fault fault_;
};

// --- inline

namespace detail {
/// 1 to 8 digits, eight at a time in one word (Lemire, "Quickly parsing eight digits", 2018).
[[nodiscard]] inline bool parse_up_to_8(const char* text, std::size_t count, std::uint64_t& out) {
  std::uint64_t word;
  std::memcpy(&word, text, 8);
  const unsigned shift = static_cast<unsigned>(64 - 8 * count);
  word = (word << shift) ^ (0x3030303030303030ULL << shift);
  if (((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL) return false;
  word = word * 10 + (word >> 8);
  out = (((word & 0x000000ff000000ffULL) * 0x000f424000000064ULL) +
         (((word >> 16) & 0x000000ff000000ffULL) * 0x0000271000000001ULL)) >>
        32;
  return true;
}
} // namespace detail

inline bool parse_digits(const char* text, std::size_t count, std::uint64_t& out) {
  if (count == 0 || count > 20) return false;
  if (count <= 8) return detail::parse_up_to_8(text, count, out);
  std::uint64_t high = 0, low = 0;
  if (count <= 16) {
    if (!detail::parse_up_to_8(text, count - 8, high) || !detail::parse_up_to_8(text + count - 8, 8, low)) return false;
    out = high * 100000000 + low;
    return true;
  }
  std::uint64_t middle = 0;
  if (!detail::parse_up_to_8(text, count - 16, high) || !detail::parse_up_to_8(text + count - 16, 8, middle) ||
      !detail::parse_up_to_8(text + count - 8, 8, low))
    return false;
  std::uint64_t sum = 0;
  if (__builtin_mul_overflow(high, 10000000000000000ULL, &sum) ||
      __builtin_add_overflow(sum, middle * 100000000 + low, &sum))
    return false;
  out = sum;
  return true;
}

} // namespace sett::solana
