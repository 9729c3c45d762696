// Plain structs as bytes, field by field in their order (Boost.PFR): integers little endian and of fixed size, lists
// and maps with a 32-bit count, maps in the order of their keys, the first byte is the format's number. One form for
// each value: what decodes encodes to the same bytes, on every build. A changed struct is another format.
//
// Decoding is bounded by the bytes given: counts, lengths, flags, enumerators and the order of keys are checked, and
// the whole is refused otherwise. What a value must be beyond its shape is the caller's to check. An enumeration needs
// a last enumerator count_, or a function is_listed(e) beside it. Pure.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <boost/pfr.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sett {

enum class bytes_errc : std::uint16_t { damaged = 1 };

namespace field_bytes {

template <class T>
inline constexpr bool is_strong = false;
template <class Tag, class Rep>
inline constexpr bool is_strong<strong<Tag, Rep>> = true;
template <class T>
inline constexpr bool is_id = false;
template <class Tag, std::size_t N>
inline constexpr bool is_id<byte_id<Tag, N>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_list<std::deque<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class K, class V>
inline constexpr bool is_map<std::map<K, V>> = true;
template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

struct writer {
  std::string out;

  template <std::integral T>
  void number(T v) {
    const auto raw = static_cast<std::uint64_t>(v);
    for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<unsigned char>(raw >> (8 * i)));
  }
  template <class T>
  void operator()(const T& x) {
    if constexpr (std::same_as<T, bool>) {
      number(static_cast<std::uint8_t>(x ? 1 : 0));
    } else if constexpr (std::integral<T>) {
      number(x);
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::underlying_type_t<T>>(x));
    } else if constexpr (is_strong<T>) {
      number(x.value);
    } else if constexpr (is_id<T>) {
      out.append(reinterpret_cast<const char*>(x.bytes.data()), x.bytes.size());
    } else if constexpr (std::same_as<T, std::string>) {
      number(static_cast<std::uint32_t>(x.size()));
      out += x;
    } else if constexpr (is_list<T>) {
      number(static_cast<std::uint32_t>(x.size()));
      for (const auto& e : x) (*this)(e);
    } else if constexpr (is_map<T>) {
      number(static_cast<std::uint32_t>(x.size()));
      for (const auto& e : x) (*this)(e);
    } else if constexpr (is_pair<T>) {
      (*this)(x.first);
      (*this)(x.second);
    } else if constexpr (is_optional<T>) {
      (*this)(x.has_value());
      if (x) (*this)(*x);
    } else if constexpr (is_variant<T>) {
      number(static_cast<std::uint8_t>(x.index()));
      std::visit(*this, x);
    } else if constexpr (!std::is_empty_v<T>) {
      boost::pfr::for_each_field(x, [this](const auto& f) { (*this)(f); });
    }
  }
};

struct reader {
  std::string_view in;
  std::size_t at{};
  const char* wrong{}; // static text; the first fault

  bool fault(const char* what) {
    if (wrong == nullptr) wrong = what;
    return false;
  }
  bool has(std::size_t n) { return wrong == nullptr && in.size() - at >= n ? true : fault("it ends too early"); }
  template <std::integral T>
  void number(T& v) {
    if (!has(sizeof(T))) return;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      sum |= std::uint64_t{static_cast<unsigned char>(in[at + i])} << (8U * i);
    v = static_cast<T>(sum);
    at += sizeof(T);
  }
  /// Every element takes a byte at least, so a count beyond what is left is wrong.
  std::size_t count() {
    std::uint32_t n = 0;
    number(n);
    if (n > in.size() - at) fault("a count is too large");
    return wrong == nullptr ? n : 0;
  }
  template <class T>
  void operator()(T& x) {
    if (wrong != nullptr) return;
    if constexpr (std::same_as<T, bool>) {
      std::uint8_t v = 0;
      number(v);
      if (v > 1) fault("a flag is neither 0 nor 1");
      x = v == 1;
    } else if constexpr (std::integral<T>) {
      number(x);
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> v{};
      number(v);
      x = static_cast<T>(v);
      if constexpr (requires { T::count_; }) {
        if (v >= static_cast<std::underlying_type_t<T>>(T::count_)) fault("an unknown enumerator");
      } else {
        if (!is_listed(x)) fault("an unknown enumerator");
      }
    } else if constexpr (is_strong<T>) {
      number(x.value);
    } else if constexpr (is_id<T>) {
      if (!has(x.bytes.size())) return;
      std::memcpy(x.bytes.data(), in.data() + at, x.bytes.size());
      at += x.bytes.size();
    } else if constexpr (std::same_as<T, std::string>) {
      const auto n = count();
      if (!has(n)) return;
      x.assign(in.substr(at, n));
      at += n;
    } else if constexpr (is_list<T>) {
      for (auto n = count(); n > 0 && wrong == nullptr; --n) (*this)(x.emplace_back());
    } else if constexpr (is_map<T>) {
      for (auto n = count(); n > 0 && wrong == nullptr; --n) {
        typename T::key_type k{};
        (*this)(k);
        if (!x.empty() && !(x.rbegin()->first < k)) fault("keys are not in order");
        (*this)(x[k]);
      }
    } else if constexpr (is_pair<T>) {
      (*this)(x.first);
      (*this)(x.second);
    } else if constexpr (is_optional<T>) {
      bool there = false;
      (*this)(there);
      if (there) (*this)(x.emplace());
    } else if constexpr (is_variant<T>) {
      std::uint8_t kind = 0;
      number(kind);
      if (kind >= std::variant_size_v<T>) {
        fault("an unknown kind");
        return;
      }
      alternative(x, kind, std::make_index_sequence<std::variant_size_v<T>>());
    } else if constexpr (!std::is_empty_v<T>) {
      boost::pfr::for_each_field(x, [this](auto& f) { (*this)(f); });
    }
  }
  template <class V, std::size_t... I>
  void alternative(V& x, std::uint8_t kind, std::index_sequence<I...> /*all*/) {
    static_cast<void>(((I == kind ? ((*this)(x.template emplace<I>()), true) : false) || ...));
  }
};

} // namespace field_bytes

template <class T>
[[nodiscard]] std::string encode_fields(const T& x, std::uint8_t format) {
  field_bytes::writer w;
  w.number(format);
  w(x);
  return std::move(w.out);
}

/// `what` names the thing in the error's text. Errors: bytes_errc::damaged, with the place.
template <class T>
[[nodiscard]] result<T> decode_fields(std::string_view bytes, std::uint8_t format, std::string_view what,
                                      std::size_t bytes_max) {
  const auto damaged = [&](const char* why, std::size_t at) {
    return fail("bytes", bytes_errc::damaged,
                std::string(what) + ", byte " + std::to_string(at) + " of " + std::to_string(bytes.size()) + ": " +
                    why);
  };
  if (bytes.size() > bytes_max) return damaged("it is too long", bytes_max);
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != format) return damaged("another format", 0);
  field_bytes::reader r{bytes, 1};
  T out{};
  r(out);
  if (r.wrong != nullptr) return damaged(r.wrong, r.at);
  if (r.at != bytes.size()) return damaged("something follows", r.at);
  return out;
}

} // namespace sett
