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

namespace detail {
/// Eight digit values, the first one in the lowest byte, to a number (Lemire, "Quickly parsing eight digits", 2018).
[[nodiscard, gnu::always_inline]] inline std::uint64_t join_8(std::uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  return (((digits & 0x000000ff000000ffULL) * 0x000f424000000064ULL) +
          (((digits >> 16) & 0x000000ff000000ffULL) * 0x0000271000000001ULL)) >>
         32;
}
/// 1 to 8 digits.
[[nodiscard, gnu::always_inline]] inline bool parse_up_to_8(const char* text, std::size_t count, std::uint64_t& out) {
  std::uint64_t word;
  std::memcpy(&word, text, 8);
  const unsigned shift = static_cast<unsigned>(64 - 8 * count);
  word = (word << shift) ^ (0x3030303030303030ULL << shift);
  if (((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL) return false;
  out = join_8(word);
  return true;
}

/// `count` digits, 1 to 16, that end before `end`, without a branch on the count; 16 bytes before `end` must be
/// readable.
[[nodiscard, gnu::always_inline]] inline bool parse_backwards(const char* end, std::size_t count, std::uint64_t& out) {
  std::uint64_t low, high;
  std::memcpy(&low, end - 8, 8);
  std::memcpy(&high, end - 16, 8);
  const std::size_t low_count = count < 8 ? count : 8;
  const std::size_t high_count = count - low_count;
  low = (low ^ 0x3030303030303030ULL) & (~0ULL << (64 - 8 * low_count));
  high = (high ^ 0x3030303030303030ULL) & (high_count == 0 ? 0 : ~0ULL << ((64 - 8 * high_count) & 63));
  constexpr std::uint64_t above_nine = 0x7676767676767676ULL, top = 0x8080808080808080ULL;
  if ((((low + above_nine) | low | (high + above_nine) | high) & top) != 0) return false;
  out = join_8(high) * 100000000 + join_8(low);
  return true;
}

/// 1 to 3 digits.
[[nodiscard, gnu::always_inline]] inline bool parse_up_to_3(const char* text, std::size_t count, std::uint64_t& out) {
  std::uint32_t word;
  std::memcpy(&word, text, 4);
  const unsigned shift = static_cast<unsigned>(32 - 8 * count);
  word = (word << shift) ^ (0x30303030U << shift);
  if (((word + 0x76767676U) | word) & 0x80808080U) return false;
  out = (word >> 24) + 10 * (word >> 16 & 0xff) + 100 * (word >> 8 & 0xff);
  return true;
}
/// Equal bytes, without a call: the length is a constant, so this is a few loads and compares.
template <std::size_t N>
[[nodiscard, gnu::always_inline]] inline bool equal(const char* a, const char* b) {
  if constexpr (N <= 16) {
    return std::memcmp(a, b, N) == 0;
  } else {
    return std::memcmp(a, b, 16) == 0 && equal<N - 16>(a + 16, b + 16);
  }
}
} // namespace detail

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
    if (!accept_short(wide) && !quantity(wide)) return false;
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

  /// Steps over `"key":` when exactly that, without whitespace, stands here: for fields in the order that all nodes
  /// write.
  template <std::size_t N>
  [[nodiscard, gnu::always_inline]] bool accept(const char (&key_and_colon)[N]) {
    if (!detail::equal<N - 1>(text_ + *token_, key_and_colon)) return false;
    token_ += 2;
    return true;
  }
  [[nodiscard, gnu::always_inline]] bool accept(char punctuation) {
    if (text_[*token_] != punctuation) return false;
    ++token_;
    return true;
  }
  /// Steps over one token's value; false, without a fault, for arrays and objects.
  [[nodiscard, gnu::always_inline]] bool accept_scalar() {
    const char c = at();
    if (c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':') return false;
    ++token_;
    return true;
  }
  /// A number of up to 8 digits, else false without a fault.
  [[nodiscard, gnu::always_inline]] bool accept_short(std::uint64_t& out) {
    const std::uint32_t start = *token_, count = token_[1] - start;
    if (count - 1 >= 8 || !detail::parse_up_to_8(text_ + start, count, out)) return false;
    ++token_;
    return true;
  }
  /// A string, else false without a fault.
  [[nodiscard, gnu::always_inline]] bool accept_string(std::string_view& out) {
    const std::uint32_t start = *token_, last = token_[1] - 1;
    if (text_[start] != '"' || text_[last] != '"' || last <= start) return false;
    out = {text_ + start + 1, last - start - 1};
    ++token_;
    return true;
  }

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
    // The place is kept in a register between calls of field: through memory every step would wait for the one before.
    const std::uint32_t* t = token_;
    for (;;) {
      std::string_view key;
      if (text_[*t] != '"') [[unlikely]]
        return token_ = t, fail(reader_errc::malformed, "expected a key");
      const std::uint32_t last = t[1] - 1;
      if (text_[last] == '"' && last > *t) [[likely]] {
        key = {text_ + *t + 1, last - *t - 1};
      } else {
        token_ = t;
        if (!string(key)) return false;
      }
      if (text_[t[1]] != ':') [[unlikely]]
        return token_ = t + 1, fail(reader_errc::malformed, "expected a colon");
      token_ = t + 2;
      if (!field(key)) return false;
      t = token_;
      const char c = text_[*t];
      if (c == ',') {
        ++t;
        continue;
      }
      if (c == '}' && t < end_) return token_ = t + 1, true;
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
      if (c == ',') {
        ++token_;
        continue;
      }
      if (c == ']' && token_ < end_) return ++token_, true;
      return fail(reader_errc::malformed, "expected a comma or the end of the array");
    }
  }
  /// The elements of an array of whole numbers, called as take(value); take returns false, having noted a fault, to
  /// stop. No branch on the length of numbers of up to 16 digits that stand right before their comma (short_ones: up to
  /// 3, cheaper).
  template <bool short_ones = false, class Take>
  bool numbers(Take&& take) {
    if (at() != '[') [[unlikely]]
      return unexpected("expected an array");
    const std::uint32_t* t = token_ + 1;
    if (text_[*t] == ']') return token_ = t + 1, true;
    for (;;) {
      const std::uint32_t end = t[1], count = end - *t;
      std::uint64_t value = 0;
      const bool read = short_ones ? count - 1 < 3 && detail::parse_up_to_3(text_ + *t, count, value)
                                   : count - 1 < 16 && end >= 16 && detail::parse_backwards(text_ + end, count, value);
      if (read) [[likely]] {
        ++t;
      } else {
        token_ = t;
        if (!quantity(value)) return false;
        t = token_;
      }
      if (!take(value)) return token_ = t, false;
      const char c = text_[*t];
      if (c == ',') {
        ++t;
        continue;
      }
      if (c == ']' && t < end_) return token_ = t + 1, true;
      return token_ = t, fail(reader_errc::malformed, "expected a comma or the end of the array");
    }
  }
  /// The elements of an array of strings, called as take(text); take returns false, having noted a fault, to stop. What
  /// is no string is given to other(), with the cursor on it, as array's element.
  template <class Take, class Other>
  bool strings(Take&& take, Other&& other) {
    if (at() != '[') [[unlikely]]
      return unexpected("expected an array");
    const std::uint32_t* t = token_ + 1;
    if (text_[*t] == ']') return token_ = t + 1, true;
    for (;;) {
      const std::uint32_t start = *t, last = t[1] - 1;
      if (text_[start] == '"' && text_[last] == '"' && last > start) [[likely]] {
        if (!take(std::string_view(text_ + start + 1, last - start - 1))) return token_ = t, false;
        ++t;
      } else {
        token_ = t;
        if (text_[start] == '"') { // whitespace before the comma
          std::string_view text;
          if (!string(text) || !take(text)) return false;
        } else if (!other()) {
          return false;
        }
        t = token_;
      }
      const char c = text_[*t];
      if (c == ',') {
        ++t;
        continue;
      }
      if (c == ']' && t < end_) return token_ = t + 1, true;
      return token_ = t, fail(reader_errc::malformed, "expected a comma or the end of the array");
    }
  }
  template <class Take>
  bool strings(Take&& take) {
    return strings(take, [this] { return unexpected("expected a string"); });
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
  return text.size() == N - 1 && detail::equal<N - 1>(text.data(), literal);
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
